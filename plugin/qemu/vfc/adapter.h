/*
 * A virtual Fibre Channel adapter: what its parts know of each other
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_ADAPTER_H
#define LPM_VFC_ADAPTER_H

#include "hw/ppc/spapr_vio.h"
#include "migration/misc.h"
#include "migration/vmstate.h"
#include "qemu/timer.h"
#include "vfc/iu.h"
#include "../lpm-storage-class.h"
#include "fabric.h"
#include "subcrq.h"

/*
 * Theory of operation
 *
 * The guest's driver puts IUs into its memory and their addresses into the
 * CRQ by hypercall (vfc_send_crq); each is copied once, read by core/vfc and
 * acted upon; its answer is written over it and announced by an entry in the
 * CRQ page.  A request that waits for the fabric is a VfcRequest.
 *
 * The guest may take back its queue, and with it every request, at any time:
 * each request knows the session (s->epoch) that it came in, and is answered
 * only if that is still the one.
 *
 * A move.  Before anything else each side looks at its storage (look.c), the
 * destination by logging in the WWPN that the guest will have there, which
 * then stays logged in.  When the machine stops, commands that are out are
 * waited for, so that none is carried out after the other side has begun;
 * their answers are in guest memory before its last copy is made.  The
 * destination takes the state over, with the other WWPN of the pair.  Its
 * first act when the machine runs is to tell the driver that the partition
 * was migrated: the driver drops what it still waits for, logs in, and finds
 * its targets again by their WWPNs.  Until it has begun to do so, commands
 * are turned away.  The source logs its WWPN out when the move is complete;
 * should the guest be started there once more (the destination failed), it
 * does as a destination does, with the WWPN that it had.
 *
 * While the machine is stopped its memory may be on its way: nothing is
 * written there.  Entries for the queue wait in s->pending, which travels,
 * and what the fabric answers to a datagram waits in the request, which does
 * not: the driver begins anew.
 */

OBJECT_DECLARE_TYPE(SpaprVfc, SpaprVfcClass, SPAPR_VFC)

#define KEPT_COMMANDS       13      /* that the driver keeps back */
#define QUEUE_DEPTH         128
#define QUEUE_DEPTH_MAX     1024
#define MAX_TRANSFER        (1u << 20)
#define MAX_TRANSFER_LEAST  (64u << 10)
#define MAX_TRANSFER_MOST   (16u << 20)

typedef struct VfcRequest {
    SpaprVfc *s;
    uint32_t epoch;
    bool is_mad;
    uint64_t iu_address;
    uint32_t iu_bytes;
    uint8_t iu[LPM_VFC_IU_MAX];
    LpmVfcMad mad;
    LpmVfcCommand command;
    VfcIO io;
    bool cancelled;
    bool requeue;           /* cancelled, and the driver is to ask again */
    bool submitted;
    /* What came while the machine was stopped, for its next start */
    VfcDone *then;
    Error *then_err;
    QTAILQ_ENTRY(VfcRequest) next;
} VfcRequest;

/* An entry that found the guest's queue full. */
typedef struct PendingCrq {
    uint8_t entry[LPM_VFC_CRQ_BYTES];
    QSIMPLEQ_ENTRY(PendingCrq) next;
} PendingCrq;

struct SpaprVfc {
    SpaprVioDevice vdev;

    /* properties */
    char *wwpn_text;
    char *wwpn2_text;
    char *wwnn_text;
    char *fabric_name;
    char *portal;
    char *parent;               /* of fabric=npiv: hostN */
    char *sysfs;
    char *chap_user;
    char *chap_secret;
    uint8_t active;             /* 1 or 2, for a cold boot */
    uint32_t queue_depth;       /* commands of the guest at once */
    uint32_t max_transfer;      /* bytes of one */

    uint64_t wwpn[2];
    uint64_t wwnn;
    GStrv portals;
    char *chap_password;
    VfcFabric *fabric;          /* of the WWPN that is logged in, or NULL */
    bool announced;             /* its login, to who manages us */
    CoMutex look_lock;
    struct VfcLook *look;       /* that goes on, or NULL */

    /* what the guest has set up */
    uint32_t epoch;
    bool logged_in;
    bool logging_in;        /* the fabric is asked, for the guest */
    bool scanning;          /* or for ourselves */
    bool missing;           /* by the last scan, a target or an answer */
    VfcDone *found;         /* who else waits for the scan, or NULL */
    void *found_opaque;
    VfcRequest *login_waits;    /* a login that came while we scan */
    VfcRequest *login_later;    /* one that failed, for login_timer */
    unsigned login_pause_ms;
    int64_t login_until_ms;
    LpmVfcBuffer async;
    uint32_t async_next;
    guint known_targets;    /* that the guest could have asked for */
    VfcSubCrqs sub_crqs;
    bool stopped;           /* guest memory and queue are not touched */
    bool moved;             /* the driver is to be told so at the next start */
    bool awaits_init;       /* it was told, and has not begun anew */
    bool has_strays;        /* it has sent since what is never carried out */
    bool left_commands;     /* at the last stop the target did not answer */

    QTAILQ_HEAD(, VfcRequest) requests;
    QSIMPLEQ_HEAD(, PendingCrq) pending;
    QEMUTimer *retry;
    QEMUTimer *login_timer;
    QEMUTimer *scan;
    unsigned scan_ms;           /* it waits as long */
    NotifierWithReturn migration;
    VMChangeStateEntry *vm_state;

    /* of the stream */
    uint64_t saved_wwpn[2];
    uint8_t saved_active;
    uint32_t saved_pending_bytes;
    uint8_t *saved_pending;
};

/* Its name for people. */
static inline const char *vfc_name(SpaprVfc *s)
{
    return object_get_canonical_path_component(OBJECT(s));
}

/* queue.c: entries for the guest, and answers to its requests */
void vfc_post(SpaprVfc *s, uint8_t valid, uint8_t format,
              uint64_t value);
void vfc_flush_pending(SpaprVfc *s);
void vfc_drop_pending(SpaprVfc *s);
void vfc_retry(void *opaque);
/*
 * Whether @req has to wait for the machine to run: then @then is called with
 * it, and a copy of @err, at the start.
 */
bool vfc_hold(VfcRequest *req, VfcDone *then, Error *err);
/** vfc_release: goes on with all that was held. */
void vfc_release(SpaprVfc *s);
/* Whether the guest still waits for it. */
bool vfc_wanted(const VfcRequest *req);
void vfc_request_free(VfcRequest *req);
/*
 * Ends a command that is out, which is answered as cancelled and freed; does
 * nothing to any other request.
 */
void vfc_cancel(VfcRequest *req);
/** vfc_cancel_all: those of @target, or all if it is NULL. */
void vfc_cancel_all(SpaprVfc *s, const VfcTarget *target);
/* The MAD's answer stands in its copy.  These free the request. */
void vfc_answer_mad(VfcRequest *req, uint16_t status);
/* With status and error at @at; @explain is what a name server says. */
void vfc_fail_mad(VfcRequest *req, size_t at, uint16_t class,
                  uint16_t error, uint16_t explain);
void vfc_answer_command(VfcRequest *req, const LpmVfcOutcome *outcome);
void vfc_fail_command(VfcRequest *req, uint16_t class, uint16_t error);

/* link.c: the login, and what the fabric tells */
/* Logs out, if there is a login: nothing of it is called back any more. */
void vfc_unlink(SpaprVfc *s);
/* The same; the next login is with @active. */
void vfc_use_wwpn(SpaprVfc *s, uint8_t active);
/* Every request of the guest is void, whatever the fabric still does. */
void vfc_forget(SpaprVfc *s);
/* Tells who manages us that the WWPN has logged in or out. */
void vfc_announce(SpaprVfc *s, bool logged_in);
/* SpaprVfcClass's */
void vfc_log_out(Object *adapter);
/*
 * Asks the fabric for its targets; not while that goes on already.  @found:
 * (nullable): called when the guest has been told, unless the WWPN is changed.
 */
void vfc_find_targets(SpaprVfc *s, VfcDone *found, void *opaque);
void vfc_login(VfcRequest *req);
void vfc_logout(VfcRequest *req);
/* Functions of timers */
void vfc_scan(void *opaque);
void vfc_login_again(void *opaque);

/* mad.c, command.c: a request that was fetched */
void vfc_mad(VfcRequest *req);
void vfc_command(VfcRequest *req);

/* look.c: SpaprVfcClass's */
void coroutine_fn vfc_look(Object *adapter, uint8_t active, LpmOffer *offer);
/* The fabric goes away: what looks at it ends with a failure. */
void vfc_look_abort(SpaprVfc *s);

/* move.c */
void vfc_vm_state(void *opaque, bool running, RunState state);
int vfc_migration_event(NotifierWithReturn *notifier,
                        MigrationEvent *e, Error **errp);
extern const VMStateDescription vmstate_spapr_vfc;

#endif /* LPM_VFC_ADAPTER_H */
