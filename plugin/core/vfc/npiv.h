/*
 * Ports of a Fibre Channel adapter that other ports are made on: NPIV
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_NPIV_H
#define LPM_VFC_NPIV_H

#include <glib.h>

/*
 * Theory of operation
 *
 * Linux shows a Fibre Channel adapter as class/fc_host/hostN.  Writing a
 * pair of names into its vport_create makes a second port on the same
 * wire, with a host of its own: hostM.  The ports that it finds on the
 * fabric are class/fc_remote_ports/rport-M:C-I; behind each that is a target
 * the kernel makes SCSI devices M:C:T:L, each with a node /dev/sgK.
 *
 * This file knows what the texts of those files mean, and what the kernel's
 * answer to a command means; npiv-sysfs.h reads and writes the files.  A
 * text is what a driver makes of what its fabric told it: each is bounded
 * and judged before anything is done with it.
 *
 * Source: Linux drivers/scsi/scsi_transport_fc.c, include/scsi/sg.h.
 */

/* Bytes of a state or a kind, with its NUL; longer ones are cut. */
#define LPM_NPIV_TEXT           64
/* "WWPN:WWNN" and its NUL */
#define LPM_NPIV_PAIR           34
/* What is looked at of one host; a fabric has fewer. */
#define LPM_NPIV_TARGETS_MAX    1024
#define LPM_NPIV_LUNS_MAX       1024

/* An entry of class/fc_host. */
typedef struct LpmNpivPort {
    guint host;                 /* N of hostN */
    guint64 wwpn;
    guint64 wwnn;
    guint32 port_id;            /* 0: none */
    char state[LPM_NPIV_TEXT];  /* "Online" */
    char kind[LPM_NPIV_TEXT];   /* "NPort (fabric via point-to-point)" */
    gboolean makes_vports;      /* it has a file vport_create */
    guint32 max_vports;
    guint32 vports_in_use;
} LpmNpivPort;

/* An entry of class/fc_vports: a port that was made. */
typedef struct LpmNpivVport {
    guint parent;               /* N of the host that it was made on */
    char state[LPM_NPIV_TEXT];  /* "Active", "Fabric Rejected WWN" */
    char name[LPM_NPIV_TEXT];   /* who made it; often empty */
} LpmNpivVport;

/* An entry of class/fc_remote_ports that is a target. */
typedef struct LpmNpivTarget {
    guint channel;
    gint scsi_target;           /* T of M:C:T:L; -1: it has none yet */
    guint32 port_id;
    guint64 wwpn;
    guint64 wwnn;
    gboolean online;
    char state[LPM_NPIV_TEXT];
} LpmNpivTarget;

/* A SCSI device that has a node. */
typedef struct LpmNpivLun {
    guint lun;                  /* 0 to 16383 */
    guint sg;                   /* K of sgK */
    gboolean has_device;        /* the next two are known */
    guint32 major;
    guint32 minor;
} LpmNpivLun;

/*
 * Texts.  @what: the subject of error messages, a path.  A line feed at the
 * end is allowed, and no other space.  Errors: MALFORMED.  Threads: any.
 */

/** lpm_npiv_read_wwn: "0x" and 1 to 16 hexadecimal digits, not 0 or ~0. */
gboolean lpm_npiv_read_wwn(const char *what, const char *text,
                           guint64 *ret_wwn, GError **error);
/** lpm_npiv_read_port_id: "0x" and digits; ~0, which is unknown, is 0. */
gboolean lpm_npiv_read_port_id(const char *what, const char *text,
                               guint32 *ret_id, GError **error);
gboolean lpm_npiv_read_number(const char *what, const char *text,
                              guint32 *ret_number, GError **error);
/** lpm_npiv_read_scsi_target: a number, or -1. */
gboolean lpm_npiv_read_scsi_target(const char *what, const char *text,
                                   gint *ret_target, GError **error);
/** lpm_npiv_read_device: "21:3". */
gboolean lpm_npiv_read_device(const char *what, const char *text,
                              guint32 *ret_major, guint32 *ret_minor,
                              GError **error);
/** lpm_npiv_read_text: printable, cut to LPM_NPIV_TEXT. */
gboolean lpm_npiv_read_text(const char *what, const char *text,
                            char ret_text[LPM_NPIV_TEXT], GError **error);

/*
 * Names of entries.  Returns: FALSE if @name is none of that kind, which is
 * no error: a folder holds others as well.
 */

/** lpm_npiv_host_name: "host5"; also what a user gives. */
gboolean lpm_npiv_host_name(const char *name, guint *ret_host);
/** lpm_npiv_vport_name: "vport-5:0-2", of host 5. */
gboolean lpm_npiv_vport_name(const char *name, guint *ret_host);
/** lpm_npiv_target_name: "rport-5:0-2", of host 5, channel 0. */
gboolean lpm_npiv_target_name(const char *name, guint *ret_host,
                              guint *ret_channel);
/**
 * lpm_npiv_device_name: "5:0:2:16384", of host 5, channel 0, target 2.
 * @ret_lun: the number in SAM's simple forms (peripheral and flat).
 *
 * Returns: FALSE also for a LUN of another form.
 */
gboolean lpm_npiv_device_name(const char *name, guint *ret_host,
                              guint *ret_channel, guint *ret_target,
                              guint *ret_lun);
/** lpm_npiv_sg_name: "sg12". */
gboolean lpm_npiv_sg_name(const char *name, guint *ret_sg);

/** lpm_npiv_format_pair: what vport_create and vport_delete want. */
void lpm_npiv_format_pair(char ret_pair[LPM_NPIV_PAIR], guint64 wwpn,
                          guint64 wwnn);

/**
 * lpm_npiv_check_parent:
 *
 * Returns: TRUE if one more port can be made on @port.
 * Errors: UNSUPPORTED (it cannot have any), STATE (not on the fabric), LIMIT
 * (all are in use).
 */
gboolean lpm_npiv_check_parent(const LpmNpivPort *port, GError **error);

/**
 * lpm_npiv_is_ready: whether a port that was made is on the fabric.
 * @vport: (nullable): not to be found (yet)
 */
gboolean lpm_npiv_is_ready(const LpmNpivPort *port,
                           const LpmNpivVport *vport);

/* Commands */

/* What a driver of the kernel answers, as in its sg_io_hdr. */
typedef struct LpmNpivReply {
    guint32 status;             /* of the target */
    guint32 host_status;        /* of the adapter: DID_... */
    guint32 driver_status;      /* of the kernel */
    gint32 residual;
    guint32 sense_bytes;
} LpmNpivReply;

typedef struct LpmNpivOutcome {
    gboolean failed;            /* no status came */
    guint8 status;
    guint32 residual;
    guint8 sense_bytes;
} LpmNpivOutcome;

/**
 * lpm_npiv_judge:
 * @bytes: of the command's data
 * @sense_room: bytes of the buffer that the sense went into
 *
 * What the guest is to see of @reply.
 */
LpmNpivOutcome lpm_npiv_judge(const LpmNpivReply *reply, guint32 bytes,
                              guint32 sense_room);

/** lpm_npiv_cdb_bytes: 6 to 16. */
guint lpm_npiv_cdb_bytes(const guint8 cdb[16]);

/**
 * lpm_npiv_timeout_ms: when the kernel gives @cdb up.
 *
 * The guest has timers of its own, which nobody tells us; this one only has
 * to be longer, and to come.
 */
guint lpm_npiv_timeout_ms(const guint8 cdb[16]);

/**
 * lpm_npiv_answer:
 * @luns: @n numbers of those that are there
 * @data: (out): @room bytes for what the command reads; not all are written
 * @ret_bytes: (out): how many are
 * @sense: (out): 18 bytes
 *
 * Answer a command for a LUN that has no node, as a target does: LUN 0 lists
 * the others and says that it is none itself.
 */
LpmNpivOutcome lpm_npiv_answer(const guint8 cdb[16], const guint *luns,
                               guint n, guint8 *data, guint32 room,
                               guint32 *ret_bytes, guint8 sense[18]);

#endif /* LPM_VFC_NPIV_H */
