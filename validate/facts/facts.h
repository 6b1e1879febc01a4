/*
 * The facts that rules judge: typed, present or absent, with their origin
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_FACTS_H
#define LPM_FACTS_H

#include <glib.h>

#include "compat/offer.h"
#include "facts/node.h"

typedef enum LpmSide {
    LPM_SIDE_SOURCE,
    LPM_SIDE_DESTINATION,
    LPM_SIDE__MAX,
} LpmSide;

typedef struct LpmFacts LpmFacts;

/*
 * Two systems, each with all that is known of it; what is asked for; and the
 * partition that is to move, which is one of the source's.
 */

/** lpm_facts_system: (transfer none): the system on @side. */
LpmNode *lpm_facts_system(const LpmFacts *facts, LpmSide side);

/** lpm_facts_move: (transfer none): what is asked for. */
LpmNode *lpm_facts_move(const LpmFacts *facts);

/**
 * lpm_facts_partition: (transfer none) (nullable): the source's partition
 * that lpm_facts_select() chose; without a choice the only one that it has.
 */
const LpmNode *lpm_facts_partition(const LpmFacts *facts);

/** lpm_facts_select: Returns: false if the source has no such partition. */
gboolean lpm_facts_select(LpmFacts *facts, const char *name);

/** lpm_facts_new: Returns: (transfer full): every fact absent. */
LpmFacts *lpm_facts_new(void);

/** lpm_facts_free: @facts: (nullable). */
void lpm_facts_free(LpmFacts *facts);

/** lpm_side_name: "source" or "destination". */
const char *lpm_side_name(LpmSide side);

/*
 * Short cuts to the fields of the record QEMU of a side.
 *
 * Setters: the type must be the fact's (an assertion, it is our own bug);
 * a value set before is replaced.  @origin says where the value comes from
 * ("query-status"); copied.
 */
void lpm_facts_set_bool(LpmFacts *facts, LpmSide side, LpmField fact,
                        gboolean value, const char *origin);
void lpm_facts_set_uint(LpmFacts *facts, LpmSide side, LpmField fact,
                        guint64 value, const char *origin);
void lpm_facts_set_string(LpmFacts *facts, LpmSide side, LpmField fact,
                          const char *value, const char *origin);
/* @value: (transfer full): char *, with g_free as its free function */
void lpm_facts_set_strings(LpmFacts *facts, LpmSide side, LpmField fact,
                           GPtrArray *value, const char *origin);
/* @value: (transfer full) */
void lpm_facts_set_offer(LpmFacts *facts, LpmSide side, LpmOffer *value,
                         const char *origin);

/**
 * lpm_facts_set_absent:
 * @why: copied: why it is absent ("the command query-lpm-offer has not been
 *   found"), for the report
 */
void lpm_facts_set_absent(LpmFacts *facts, LpmSide side, LpmField fact,
                          const char *why);

/** lpm_facts_has: whether the fact is present. */
gboolean lpm_facts_has(const LpmFacts *facts, LpmSide side, LpmField fact);

/*
 * Getters.  The fact must be present and of the type: rows list what they
 * read in needs, so an absent one is our own bug.
 */
gboolean lpm_facts_bool(const LpmFacts *facts, LpmSide side, LpmField fact);
guint64 lpm_facts_uint(const LpmFacts *facts, LpmSide side, LpmField fact);
const char *lpm_facts_string(const LpmFacts *facts, LpmSide side,
                             LpmField fact);
const GPtrArray *lpm_facts_strings(const LpmFacts *facts, LpmSide side,
                                   LpmField fact);
LpmOffer *lpm_facts_offer(const LpmFacts *facts, LpmSide side);

/** lpm_facts_is: a present bool that is true; false when absent. */
gboolean lpm_facts_is(const LpmFacts *facts, LpmSide side, LpmField fact);

/** lpm_facts_why: (nullable): why an absent fact is absent. */
const char *lpm_facts_why(const LpmFacts *facts, LpmSide side,
                          LpmField fact);

/** lpm_facts_origin: (nullable): where a present fact comes from. */
const char *lpm_facts_origin(const LpmFacts *facts, LpmSide side,
                             LpmField fact);

/** lpm_facts_text: (transfer full): a present value for people. */
char *lpm_facts_text(const LpmFacts *facts, LpmSide side, LpmField fact);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmFacts, lpm_facts_free)

#endif /* LPM_FACTS_H */
