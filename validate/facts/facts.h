/*
 * The facts that rules judge: typed, present or absent, with their origin
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_FACTS_H
#define LPM_FACTS_H

#include <glib.h>

#include "compat/offer.h"

typedef enum LpmSide {
    LPM_SIDE_SOURCE,
    LPM_SIDE_DESTINATION,
    LPM_SIDE__MAX,
} LpmSide;

typedef enum LpmFactType {
    LPM_FACT_TYPE_BOOL,
    LPM_FACT_TYPE_UINT,
    LPM_FACT_TYPE_STRING,
    LPM_FACT_TYPE_STRINGS,
    LPM_FACT_TYPE_OFFER,
} LpmFactType;

/* Names and types stand in the table in facts.c. */
typedef enum LpmFact {
    LPM_FACT_ACCELERATOR,       /* "kvm" or "other" */
    LPM_FACT_BALLOON,           /* bool: a balloon device answers */
    LPM_FACT_BLOCK_JOBS,        /* ids of running block jobs */
    LPM_FACT_DIRTY_BITMAPS,     /* "node/bitmap" */
    LPM_FACT_LIVE,              /* bool: a QEMU that runs was asked */
    LPM_FACT_LPM_OBJECT,        /* bool: query-lpm works */
    LPM_FACT_LPM_PEER,          /* "require" or "allow" */
    LPM_FACT_LPM_PHASE,         /* of the last move; "none": no object */
    LPM_FACT_MACS,              /* of NICs that tell, sorted */
    LPM_FACT_MEMORY_BASE,       /* bytes */
    LPM_FACT_MEMORY_DEVICES,    /* "dimm0: 1073741824 bytes at 0x..." */
    LPM_FACT_MEMORY_PLUGGED,    /* bytes */
    LPM_FACT_MIGRATION_BLOCKERS,    /* blocked-reasons */
    LPM_FACT_MIGRATION_CAPS,    /* capabilities that are on */
    LPM_FACT_MIGRATION_STATUS,  /* "none" or query-migrate's status */
    LPM_FACT_NAME,              /* "" = the guest has none */
    LPM_FACT_OFFER,
    LPM_FACT_OPTICAL_MEDIA,     /* devices with a medium in */
    LPM_FACT_RUN_STATE,         /* QEMU's RunState */
    LPM_FACT_SNAPSHOTS,         /* "node/snapshot" */
    LPM_FACT_TARGET,            /* "ppc64" */
    LPM_FACT_TLS_CREDS,         /* "" = no TLS */
    LPM_FACT_URI,               /* where the stream is to go; destination */
    LPM_FACT_UUID,
    LPM_FACT__MAX,
} LpmFact;

/* A fact of one side, as rows name it in needs; 0 ends the list. */
#define LPM_SRC(fact)  (1 + 2 * (fact) + LPM_SIDE_SOURCE)
#define LPM_DST(fact)  (1 + 2 * (fact) + LPM_SIDE_DESTINATION)
#define LPM_REF_FACT(ref)  ((LpmFact)(((ref) - 1) / 2))
#define LPM_REF_SIDE(ref)  ((LpmSide)(((ref) - 1) % 2))

typedef struct LpmFacts LpmFacts;

/** lpm_facts_new: Returns: (transfer full): every fact absent. */
LpmFacts *lpm_facts_new(void);

/** lpm_facts_free: @facts: (nullable). */
void lpm_facts_free(LpmFacts *facts);

/** lpm_fact_name: "run-state"; with the side: "source.run-state". */
const char *lpm_fact_name(LpmFact fact);

/** lpm_fact_type: of every value of @fact. */
LpmFactType lpm_fact_type(LpmFact fact);

/** lpm_fact_find: Returns: false if no fact has that name. */
gboolean lpm_fact_find(const char *name, LpmFact *ret_fact);

/** lpm_side_name: "source" or "destination". */
const char *lpm_side_name(LpmSide side);

/*
 * Setters: the type must be the fact's (an assertion, it is our own bug);
 * a value set before is replaced.  @origin says where the value comes from
 * ("query-status"); copied.
 */
void lpm_facts_set_bool(LpmFacts *facts, LpmSide side, LpmFact fact,
                        gboolean value, const char *origin);
void lpm_facts_set_uint(LpmFacts *facts, LpmSide side, LpmFact fact,
                        guint64 value, const char *origin);
void lpm_facts_set_string(LpmFacts *facts, LpmSide side, LpmFact fact,
                          const char *value, const char *origin);
/* @value: (transfer full): char *, with g_free as its free function */
void lpm_facts_set_strings(LpmFacts *facts, LpmSide side, LpmFact fact,
                           GPtrArray *value, const char *origin);
/* @value: (transfer full) */
void lpm_facts_set_offer(LpmFacts *facts, LpmSide side, LpmOffer *value,
                         const char *origin);

/**
 * lpm_facts_set_absent:
 * @why: copied: why it is absent ("the command query-lpm-offer has not been
 *   found"), for the report
 */
void lpm_facts_set_absent(LpmFacts *facts, LpmSide side, LpmFact fact,
                          const char *why);

/** lpm_facts_has: whether the fact is present. */
gboolean lpm_facts_has(const LpmFacts *facts, LpmSide side, LpmFact fact);

/*
 * Getters.  The fact must be present and of the type: rows list what they
 * read in needs, so an absent one is our own bug.
 */
gboolean lpm_facts_bool(const LpmFacts *facts, LpmSide side, LpmFact fact);
guint64 lpm_facts_uint(const LpmFacts *facts, LpmSide side, LpmFact fact);
const char *lpm_facts_string(const LpmFacts *facts, LpmSide side,
                             LpmFact fact);
const GPtrArray *lpm_facts_strings(const LpmFacts *facts, LpmSide side,
                                   LpmFact fact);
LpmOffer *lpm_facts_offer(const LpmFacts *facts, LpmSide side);

/** lpm_facts_is: a present bool that is true; false when absent. */
gboolean lpm_facts_is(const LpmFacts *facts, LpmSide side, LpmFact fact);

/** lpm_facts_why: (nullable): why an absent fact is absent. */
const char *lpm_facts_why(const LpmFacts *facts, LpmSide side,
                          LpmFact fact);

/** lpm_facts_origin: (nullable): where a present fact comes from. */
const char *lpm_facts_origin(const LpmFacts *facts, LpmSide side,
                             LpmFact fact);

/** lpm_facts_text: (transfer full): a present value for people. */
char *lpm_facts_text(const LpmFacts *facts, LpmSide side, LpmFact fact);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmFacts, lpm_facts_free)

#endif /* LPM_FACTS_H */
