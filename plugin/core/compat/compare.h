/*
 * The comparison of two offers: one table, used by the stream and by lpm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_COMPAT_COMPARE_H
#define LPM_COMPAT_COMPARE_H

#include <glib.h>

#include "answer.h"
#include "offer.h"

typedef enum LpmCheckVerdict {
    LPM_CHECK_HOLDS,
    LPM_CHECK_FAILS,
    LPM_CHECK_UNKNOWN,        /* a fact that it needs is absent */
    LPM_CHECK_NOT_APPLICABLE, /* another architecture, no multifd, ... */
} LpmCheckVerdict;

/* Which end has to change for the check to hold. */
typedef enum LpmParty {
    LPM_PARTY_SOURCE      = 1 << 0,
    LPM_PARTY_DESTINATION = 1 << 1,
    LPM_PARTY_BOTH        = LPM_PARTY_SOURCE | LPM_PARTY_DESTINATION,
} LpmParty;

/*
 * What a check found.  The strings are set by the check for every verdict
 * but NOT_APPLICABLE: both values, as people write them on a command line.
 */
typedef struct LpmCheckFinding {
    GString *source;
    GString *destination;
    GString *remedy;        /* empty: the row's own remedy is right */
} LpmCheckFinding;

typedef LpmCheckVerdict LpmCheckHolds(const LpmOffer *source,
                                      const LpmOffer *destination,
                                      LpmCheckFinding *finding);

/*
 * One row.  holds() is pure: two offers in, verdict and texts out.  In the
 * stream an UNKNOWN of severity ERROR refuses the move: never a false pass.
 */
typedef struct LpmCheck {
    const char *id;         /* stable slug, also the validator's rule id */
    const char *title;      /* what holds when it holds, one phrase */
    const char *failure;    /* what is wrong when it does not */
    const char *covers;     /* spec ids, space separated, or "" */
    LpmParty party;
    LpmSeverity severity;
    LpmCheckHolds *holds;
    const char *remedy;     /* names an option or a command */
    const char *spec;       /* where the rule comes from */
} LpmCheck;

/**
 * lpm_checks:
 * @ret_n: set to the number of rows
 *
 * Returns: the table, in the order in which reasons are reported; static.
 */
const LpmCheck *lpm_checks(gsize *ret_n);

/**
 * lpm_check_run:
 * @check: a row of the table
 * @source, @destination: the two offers
 * @ret_source, @ret_destination, @ret_remedy: (out) (transfer full): texts,
 *   never NULL after the call; empty for NOT_APPLICABLE.  @ret_remedy is the
 *   finding's or else the row's.
 *
 * Returns: the verdict.  Threads: any; pure.
 */
LpmCheckVerdict lpm_check_run(const LpmCheck *check, const LpmOffer *source,
                              const LpmOffer *destination, char **ret_source,
                              char **ret_destination, char **ret_remedy);

/**
 * lpm_compare:
 * @source: the offer of the side that runs the guest
 * @destination: what the side that would take it says of itself
 *
 * Run every row; collect every failure.
 *
 * Returns: (transfer full): the answer; its @preferred_mode is set when the
 * destination has none of its own and takes over the source's.
 * Threads: any; pure.  Source: design 2; compat-modes SEM-05.
 */
LpmAnswer *lpm_compare(const LpmOffer *source, const LpmOffer *destination);

#endif /* LPM_COMPAT_COMPARE_H */
