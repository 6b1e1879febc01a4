/*
 * What libvirt's daemon keeps on disk of its guests: jobs, without a call
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A hook must not call libvirt, which waits for it; and a host that sends a
 * guest away by plain virsh calls no hook at all.  But for each guest that
 * runs the daemon writes a file, and writes it anew whenever a job begins,
 * goes on or ends, before it goes on itself.
 */
#ifndef LPM_VIRT_STATUS_H
#define LPM_VIRT_STATUS_H

#include <glib.h>

/* A file is some 20 KiB, with many devices ten times that. */
#define LPM_VIRT_STATUS_MAX_BYTES  (4u << 20)
/* More guests than this a host does not have. */
#define LPM_VIRT_GUESTS_MAX  4096u

typedef enum LpmVirtJob {
    LPM_VIRT_JOB_NONE,      /* none, or one that is not about moves */
    LPM_VIRT_JOB_IN,        /* it arrives */
    LPM_VIRT_JOB_OUT,       /* it leaves */
    LPM_VIRT_JOB_SAVE,      /* it is suspended to storage */
} LpmVirtJob;

typedef struct LpmVirtGuest {
    char *name;
    char *uuid;
    char *state;            /* "running", "paused"... */
    char *reason;           /* of the state: "migrated"...; "" if not told */
    gint64 pid;             /* of QEMU; 0: not told */
    LpmVirtJob job;
    char *phase;            /* of the job, libvirt's word; "" if not told */
    gint64 since_ms;        /* when the job began, since 1970; 0: not told */
} LpmVirtGuest;

typedef struct LpmVirtStatus {
    GPtrArray *guests;      /* LpmVirtGuest *, by name */
    char *why;              /* why not all can be read, or NULL */
} LpmVirtStatus;

/**
 * lpm_virt_guest_parse:
 * @text: @len bytes of a file, untrusted
 *
 * Reads up to the guest's UUID, which stands before all that is long.
 *
 * Returns: (transfer full) (nullable).
 * Errors: MALFORMED, one phrase without a file's name.
 * Threads: any.  Source: libvirt src/qemu/qemu_domain.c
 * (qemuDomainObjPrivateXMLFormatJob), src/conf/domain_conf.c
 * (virDomainObjFormat), and files of 9.0 in tests/data/libvirt.
 */
LpmVirtGuest *lpm_virt_guest_parse(const char *text, gsize len,
                                   GError **error);

/** lpm_virt_guest_free: @guest: (nullable). */
void lpm_virt_guest_free(LpmVirtGuest *guest);

/**
 * lpm_virt_status_read:
 * @root: before /run and /proc, "" for the host
 *
 * The guests of the system's daemon; those of users' own daemons are not
 * looked for.  Without a daemon there are none.  A guest whose QEMU has
 * ended, which a daemon that is down cannot note, is left out.
 *
 * Returns: (transfer full): never NULL.  Threads: any.
 */
LpmVirtStatus *lpm_virt_status_read(const char *root);

/** lpm_virt_status_free: @status: (nullable). */
void lpm_virt_status_free(LpmVirtStatus *status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmVirtGuest, lpm_virt_guest_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmVirtStatus, lpm_virt_status_free)

#endif /* LPM_VIRT_STATUS_H */
