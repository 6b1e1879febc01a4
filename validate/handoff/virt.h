/*
 * A libvirt daemon that has or gets the guest, asked with a deadline
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VIRT_H
#define LPM_VIRT_H

#include "handoff/look.h"

/*
 * Theory of operation: as in facts/gather-libvirt.c a thread makes the calls,
 * since those of libvirt have no deadline.  Here it stays, for one connection,
 * and takes one call after the other; the caller waits for it until the
 * deadline.  A connection on which a deadline has passed takes no more calls
 * and is left behind with its thread: open another one.  The call that moves
 * a guest takes as long as the move, so it has a connection of its own.
 */
typedef struct LpmVirt LpmVirt;

/* What a daemon has of one domain. */
typedef enum LpmVirtHas {
    LPM_VIRT_SILENT,        /* it cannot be asked */
    LPM_VIRT_NONE,          /* no domain of that name */
    LPM_VIRT_OFF,           /* a definition: shut off, or crashed */
    LPM_VIRT_RUNS,
    LPM_VIRT_WAITS,         /* stopped by a move: it comes, or leaves now */
    LPM_VIRT_PAUSED,        /* by a user or an error */
} LpmVirtHas;

typedef enum LpmVirtJob {
    LPM_VIRT_JOB_NONE,
    LPM_VIRT_JOB_LEAVES,
    LPM_VIRT_JOB_ARRIVES,
    LPM_VIRT_JOB_OTHER,     /* a save, a dump, ... */
} LpmVirtJob;

/* Start with zeroes; lpm_virt_ask() fills it again each time. */
typedef struct LpmVirtAnswer {
    LpmVirtHas has;
    const char *state;      /* static; libvirt's word: "shut off" */
    gboolean persistent;
    gboolean postcopy;      /* it runs on the destination already */
    gboolean ends;          /* in shutdown: of LPM_VIRT_RUNS */
    char uuid[37];
    LpmVirtJob job;         /* the one that runs */
    LpmVirtJob done;        /* if none runs: the last one of this domain */
    LpmLook look;           /* of the one of the two */
} LpmVirtAnswer;

/* What is told to libvirt of a move; sizes and names are checked before. */
typedef struct LpmVirtPlan {
    const char *partition;
    const char *peer_uri;   /* as the source's daemon dials; NULL: direct */
    const char *uri;        /* of the stream, or NULL */
    const char *compression;    /* zstd, zlib, or NULL */
    guint32 channels;       /* 0: one stream */
    guint64 bandwidth_mib;  /* per second, 0: none */
    gboolean offline;
    gboolean persistent;
    gboolean undefine_source;
    gboolean auto_converge;
} LpmVirtPlan;

/* How a call that moves failed; zeroes: it did not. */
typedef struct LpmVirtFault {
    char *text;             /* libvirt's; NULL: the call succeeded */
    gboolean aborted;       /* the job was cancelled */
    gboolean lost;          /* a daemon or a connection went away */
} LpmVirtFault;

/**
 * lpm_virt_open:
 * @side: "source" or "destination", for errors
 * @deadline_ms: of this and of each later call
 *
 * Returns: (transfer full) (nullable).
 * Errors: UNSUPPORTED (built without libvirt, or no library), IO.
 */
LpmVirt *lpm_virt_open(const char *uri, const char *side, guint deadline_ms,
                       GError **error);

/** lpm_virt_close: @virt: (nullable); one that is stuck is left behind. */
void lpm_virt_close(LpmVirt *virt);

/** lpm_virt_usable: false after a deadline has passed, or it was lost. */
gboolean lpm_virt_usable(const LpmVirt *virt);

/**
 * lpm_virt_ask:
 * @answer: replaced; without the domain it is an answer, too
 *
 * Errors: IO (lost, no answer in time, or refused; see lpm_virt_usable()).
 */
gboolean lpm_virt_ask(LpmVirt *virt, const char *domain,
                      LpmVirtAnswer *answer, GError **error);

/** lpm_virt_answer_clear: frees what it holds; may be called twice. */
void lpm_virt_answer_clear(LpmVirtAnswer *answer);

/** lpm_virt_version: of the daemon, 9001000 for 9.1.0. */
gboolean lpm_virt_version(LpmVirt *virt, gulong *ret_version,
                          GError **error);

/** lpm_virt_xml: (transfer full) (nullable): of the domain, as it is now. */
char *lpm_virt_xml(LpmVirt *virt, const char *domain, GError **error);

/** lpm_virt_abort: the job of the domain; it may go on for a while. */
gboolean lpm_virt_abort(LpmVirt *virt, const char *domain, GError **error);

/** lpm_virt_start: a domain that is shut off. */
gboolean lpm_virt_start(LpmVirt *virt, const char *domain, GError **error);

/** lpm_virt_destroy: end its QEMU at once; a definition stays. */
gboolean lpm_virt_destroy(LpmVirt *virt, const char *domain, GError **error);

/** lpm_virt_resume: a domain that is paused. */
gboolean lpm_virt_resume(LpmVirt *virt, const char *domain, GError **error);

/**
 * lpm_virt_qmp: one QMP command of its QEMU, without arguments.
 *
 * Taints the domain.
 *
 * Returns: (transfer full) (nullable): the answer's JSON, untrusted.
 */
char *lpm_virt_qmp(LpmVirt *virt, const char *domain, const char *command,
                   GError **error);

/* The downtime limit of a domain that runs. */
gboolean lpm_virt_get_downtime(LpmVirt *virt, const char *domain,
                               guint64 *ret_ms, GError **error);
gboolean lpm_virt_set_downtime(LpmVirt *virt, const char *domain, guint64 ms,
                               GError **error);

/* A call that moves. */
typedef struct LpmVirtMigration LpmVirtMigration;

/**
 * lpm_virt_migrate:
 * @source: its thread is busy until the move is over
 * @destination: (nullable): for a direct move; else the source's daemon
 *   dials @plan's peer_uri; not for other calls meanwhile
 * @plan: copied
 */
LpmVirtMigration *lpm_virt_migrate(LpmVirt *source, LpmVirt *destination,
                                   const LpmVirtPlan *plan);

/**
 * lpm_virt_migration_over:
 * @ret_fault: (out): set when the return value is true, then free its text
 */
gboolean lpm_virt_migration_over(LpmVirtMigration *migration,
                                 LpmVirtFault *ret_fault);

/** lpm_virt_migration_free: (nullable); one that is not over goes on. */
void lpm_virt_migration_free(LpmVirtMigration *migration);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmVirt, lpm_virt_close)

#endif /* LPM_VIRT_H */
