/*
 * What a virtual Fibre Channel adapter has behind it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_FABRIC_H
#define LPM_VFC_FABRIC_H

#include "qemu/queue.h"

/*
 * Theory of operation
 *
 * A fabric is what one WWPN sees: targets, found at its login, and sessions
 * with them.  One VfcFabric is one login; a handover has two of them, one
 * per WWPN, never of the same.  Everything runs in the main loop under the
 * BQL; nothing blocks.  Each start function calls its callback exactly once,
 * perhaps before it returns.  Commands must be at their end (cancel) before
 * a fabric is freed; whatever else goes on then is never called back.
 */

typedef struct VfcFabric VfcFabric;

typedef struct VfcTarget {
    uint64_t wwpn;
    uint64_t wwnn;
    uint32_t port_id;       /* 24 bits, the same on every host */
    char *name;             /* the fabric's own, for people */
    bool logged_in;         /* a session is there */
    bool logging_in;        /* or is being made */
    bool listed;            /* by the last discovery */
    bool gone;              /* the adapter's: the guest was told so */
} VfcTarget;

/* @err: NULL on success; owned by the caller of the callback. */
typedef void VfcDone(void *opaque, Error *err);

/* A SCSI command on its way. */
typedef struct VfcIO {
    VfcTarget *target;
    int lun;
    uint8_t cdb[16];
    uint32_t bytes;         /* of @iov together */
    bool to_device;
    struct iovec *iov;
    int n_iov;
    /* The answer */
    bool failed;            /* no status came: transport, or cancelled */
    uint8_t status;
    uint32_t residual;
    uint8_t sense[252];
    uint8_t sense_bytes;
    void (*done)(struct VfcIO *io);
    void *private;          /* of the fabric */
} VfcIO;

typedef enum VfcTask {
    VFC_TASK_ABORT_SET,
    VFC_TASK_LUN_RESET,
    VFC_TASK_TARGET_RESET,
} VfcTask;

typedef struct VfcFabricOps {
    /*
     * Finds the targets; again and again, if wanted, but once at a time.
     * New ones are added to the list, and all have listed set or not.
     */
    void (*login)(VfcFabric *fabric, VfcDone *done, void *opaque);
    void (*target_login)(VfcFabric *fabric, VfcTarget *target,
                         VfcDone *done, void *opaque);
    /* A login that goes on ends here, with an error. */
    void (*target_logout)(VfcFabric *fabric, VfcTarget *target);
    /* Never called for a target that is not logged in. */
    void (*submit)(VfcFabric *fabric, VfcIO *io);
    /* io->done comes as for any other end, with failed set: once only. */
    void (*cancel)(VfcFabric *fabric, VfcIO *io);
    void (*task)(VfcFabric *fabric, VfcTarget *target, int lun, VfcTask task,
                 VfcDone *done, void *opaque);
    void (*free)(VfcFabric *fabric);
} VfcFabricOps;

struct VfcFabric {
    const VfcFabricOps *ops;
    uint64_t wwpn;
    GPtrArray *targets;     /* VfcTarget, since the login */
    /* The target's session ended by itself. */
    void (*lost)(void *opaque, VfcTarget *target, const char *why);
    void *opaque;
};

typedef struct VfcIscsiParams {
    const char *const *portals;     /* HOST:PORT, NULL at the end */
    const char *user;               /* CHAP, or NULL */
    const char *password;
} VfcIscsiParams;

/**
 * vfc_iscsi_new:
 * @wwpn: becomes the initiator's name: naa.<16 digits> (RFC 3980)
 * @params: copied
 *
 * Nothing is opened yet.  Returns: never NULL.
 */
VfcFabric *vfc_iscsi_new(uint64_t wwpn, const VfcIscsiParams *params);

typedef struct VfcNpivParams {
    const char *parent;     /* hostN of class/fc_host */
    uint64_t wwnn;
    const char *sysfs;      /* NULL: /sys */
    const char *dev;        /* NULL: /dev */
} VfcNpivParams;

/**
 * vfc_npiv_new:
 * @wwpn: of the virtual port, which the login makes on the parent
 * @params: copied
 *
 * Nothing is made yet.  When the fabric is freed its port is removed, which
 * takes a moment longer; a later login with the same WWPN waits for it.
 * Returns: never NULL.
 */
VfcFabric *vfc_npiv_new(uint64_t wwpn, const VfcNpivParams *params);

/** vfc_fabric_init: of a fabric without targets; who frees it unrefs them. */
void vfc_fabric_init(VfcFabric *fabric, const VfcFabricOps *ops,
                     uint64_t wwpn);

/** vfc_target_new: with the ids that follow from its name. */
VfcTarget *vfc_target_new(const char *name);

VfcTarget *vfc_fabric_find_id(VfcFabric *fabric, uint64_t port_id);
VfcTarget *vfc_fabric_find_wwpn(VfcFabric *fabric, uint64_t wwpn);

#endif /* LPM_VFC_FABRIC_H */
