/*
 * What of this host keeps guests from moving, and what to do about it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_DOCTOR_H
#define LPM_DOCTOR_H

#include <glib.h>

#include "rules/rules.h"

/*
 * Theory of operation
 *
 * A check is a row of one table: an id, what holds when it holds, a function,
 * and what to do when it does not.  A function looks at this host alone, below
 * a root folder, and adds one finding, or one for each thing of several (a
 * fabric, an emulator).  It changes nothing, and what it looks at may be
 * hostile: files are read bounded and never waited for, links are followed
 * within the root only (but for those of Fibre Channel ports in /sys), and
 * whoever is asked has a deadline.
 *
 * Status is that of rules: what cannot be known is unknown, and never pass.
 */

typedef struct LpmDoctor LpmDoctor;

typedef struct LpmDoctorRow {
    const char *id;         /* stable slug: "hook.executable" */
    const char *title;      /* what holds when it holds */
    void (*check)(LpmDoctor *doctor);
    const char *wanted;
    const char *remedy;     /* unless the finding has one of its own */
} LpmDoctorRow;

typedef struct LpmDoctorFinding {
    const LpmDoctorRow *row;
    LpmRuleStatus status;
    char *about;            /* (nullable): which of several */
    char *got;
    char *remedy;           /* (nullable): pass, not applicable: none */
    GPtrArray *notes;       /* char *: what else to know */
} LpmDoctorFinding;

/* Whether the clock is synchronised; negative: it does not tell. */
typedef int (*LpmDoctorClock)(void);

typedef struct LpmDoctorOptions {
    const char *root;           /* of the file system; NULL or "/": it */
    const char *emulator;       /* (nullable): this one, below root */
    const char *const *only;    /* (nullable): ids */
    guint deadline_ms;          /* for each answer; 0: the default */
    LpmDoctorClock clock;       /* (nullable): the kernel's; for tests */
} LpmDoctorOptions;

#define LPM_DOCTOR_DEADLINE_MS  2000

/** lpm_doctor_rows: all checks, sorted by id; static. */
const LpmDoctorRow *lpm_doctor_rows(gsize *ret_n);

/** lpm_doctor_find_row: (nullable). */
const LpmDoctorRow *lpm_doctor_find_row(const char *id);

/**
 * lpm_doctor_run:
 *
 * Returns: (transfer full): LpmDoctorFinding *, in the order of rows; at
 * least one for each that is run.
 * Threads: one at a time; it may start programs (the emulator) and ends them.
 */
GPtrArray *lpm_doctor_run(const LpmDoctorOptions *options);

/** lpm_doctor_verdict: fail before unknown before pass. */
LpmVerdict lpm_doctor_verdict(const GPtrArray *findings);

#endif /* LPM_DOCTOR_H */
