/*
 * Rules: paging I/O servers and paging space devices
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Of paging devices the validation of an active move asks; preparation asks
 * for both kinds, and a partition that is off gets its device when it is
 * activated.  So an active move fails here and an inactive one is warned
 * (C-09).
 */
#include "rules/sets.h"

#define IS_SHARED  EQ(PART(MEM_MODE), TXT("shared"))
#define REDUNDANT  GE(PART(PAGING_VIOS), NUM(2))

/* A device that is free and takes all of the partition's logical memory */
#define USABLE \
    AND(IS(IT(PAGING, AVAILABLE)), GE(IT(PAGING, SIZE), PART(MEM_MAX)))
#define USABLE_DEVICE  SOME(DST_POOL(DEVICES), USABLE)

/* One that two paging I/O servers, and all that the pool has, can reach */
#define USABLE_BY_TWO \
    SOME(DST_POOL(DEVICES), \
         AND(USABLE, GE(LENGTH(IT(PAGING, IOSERVERS)), NUM(2)), \
             EACH(DST(IOSERVERS), \
                  IF(IS(IT(IOSERVER, PAGING)), \
                     HAS(UP(PAGING, IOSERVERS), IT(IOSERVER, NAME))))))

/* IVM makes a device where the paging storage pool has the room: D-19. */
#define IVM_DEVICE \
    OR(GE(DST_POOL(STORAGE_FREE), PART(MEM_MAX)), USABLE_DEVICE)

/* From the first level with shared storage pools on; up to 2.2.1.0 */
#define SSP_FIRST  VER("2.2.0.11 FP24 SP1")
#define SSP_NEXT   VER("2.2.1.1")

/*
 * What becomes of the paths to the paging device: by the paging I/O servers
 * that the partition has on the source and that the destination's pool has
 * (one, two), and by the preference.  Source: 2013 table 20, lines 1142,
 * 1147, 1152, 1157; 2014 the same.
 */
typedef enum Paths {
    PATHS_REFUSED,      /* to keep two is tried, and cannot be */
    PATHS_SINGLE,
    PATHS_REDUNDANT,
} Paths;

static const char *const preferences[] = {
    "unset", "not-redundant", "if-possible",
};

static const Paths outcomes[2][2][G_N_ELEMENTS(preferences)] = {
    {
        { PATHS_SINGLE, PATHS_SINGLE, PATHS_SINGLE },
        { PATHS_SINGLE, PATHS_SINGLE, PATHS_REDUNDANT },
    },
    {
        { PATHS_REFUSED, PATHS_SINGLE, PATHS_SINGLE },
        { PATHS_REDUNDANT, PATHS_SINGLE, PATHS_REDUNDANT },
    },
};

/* YES: an active paging I/O server; UNKNOWN: what would tell is absent. */
static LpmTruth is_active_paging(const LpmNode *server)
{
    const LpmValue *paging = lpm_node_get(server, LPM_IOSERVER_PAGING);
    const LpmValue *state = lpm_node_get(server, LPM_IOSERVER_STATE);

    if ((paging != NULL && paging->number == 0) ||
        (state != NULL && !g_str_equal(state->text, "running") &&
         !g_str_equal(state->text, "unknown"))) {
        return LPM_NO;
    }
    return paging != NULL && state != NULL &&
           g_str_equal(state->text, "running") ? LPM_YES : LPM_UNKNOWN;
}

static guint preference_index(const char *word)
{
    guint i = 0;

    while (!g_str_equal(preferences[i], word)) {
        i++;
        g_assert(i < G_N_ELEMENTS(preferences));
    }
    return i;
}

/* What the table says in one of its cells. */
static LpmTruth judge(LpmEval *eval, const Paths *row,
                      const LpmValue *preference)
{
    if (preference == NULL) {
        /* Only "unset" is ever refused, so that it speaks for all three. */
        return row[0] == PATHS_REFUSED ? LPM_UNKNOWN : LPM_YES;
    }
    switch (row[preference_index(preference->text)]) {
    case PATHS_REFUSED:
        lpm_eval_see(eval, "two cannot be kept");
        return LPM_NO;
    case PATHS_SINGLE:
        lpm_eval_see(eval, "it will use a single one");
        return LPM_YES;
    case PATHS_REDUNDANT:
        lpm_eval_see(eval, "it will use redundant ones");
        return LPM_YES;
    }
    g_assert_not_reached();
}

static LpmTruth fits_preference(LpmEval *eval)
{
    const LpmValue *from = lpm_eval_fact(eval, 0);
    const LpmValue *servers = lpm_eval_fact(eval, 1);
    const LpmValue *preference = lpm_eval_fact(eval, 2);
    guint sure = 0;
    guint perhaps = 0;

    if (from == NULL || servers == NULL) {
        return LPM_UNKNOWN;
    }
    for (guint i = 0; i < servers->items->len; i++) {
        LpmTruth one = is_active_paging(g_ptr_array_index(servers->items,
                                                          i));

        sure += one == LPM_YES;
        perhaps += one == LPM_UNKNOWN;
    }
    /* A third one changes nothing; a first or second one may. */
    if (perhaps > 0 && sure < 2) {
        lpm_eval_miss(eval, "destination.io-servers[].paging and .state: "
                      "not given for all");
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "%u active paging I/O server%s on the destination",
                 sure, sure == 1 ? "" : "s");
    return sure == 0 ? LPM_NO :
           judge(eval, outcomes[from->number >= 2][sure >= 2], preference);
}

#define FITS_PREFERENCE \
    CALL(fits_preference, \
         "the redundancy table allows it", PART(PAGING_VIOS), \
         DST(IOSERVERS), MOVE(PAGING_REDUNDANCY))

static const LpmRule rows[] = {
    {
        .id = "paging.device",
        .covers = "PVM-PAG-002 PVM-PAG-012",
        .title = "the destination's pool has a paging space device free that "
                 "takes the partition's maximum logical memory",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = USABLE_DEVICE,
        .remedy = "add a paging space device of that size to the "
                  "destination's shared memory pool",
        .source = "PVM-PAG-002, 012; C-09; 2013 lines 565, 2061-2085",
    },
    {
        .id = "paging.device-inactive",
        .covers = "PVM-PAG-003 PVM-PAG-012",
        .title = "the destination's pool has a paging space device free that "
                 "takes the partition's maximum logical memory",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = IS_SHARED,
        .test = USABLE_DEVICE,
        .remedy = "add a paging space device of that size to the "
                  "destination's shared memory pool before the partition is "
                  "activated there",
        .source = "PVM-PAG-003, 012; C-09; 2013 lines 2012, 2083-2085",
    },
    {
        .id = "paging.device-ivm",
        .covers = "PVM-PAG-002 PVM-PAG-017",
        .title = "the destination has room for a paging space device of the "
                 "partition's maximum logical memory, or such a device free",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = IVM_DEVICE,
        .remedy = "extend the destination's paging storage pool, or add a "
                  "paging space device of that size to the shared memory "
                  "pool",
        .source = "PVM-PAG-002, 017; C-09, D-19; 2013 lines 3457, 4263-4284",
    },
    {
        .id = "paging.device-ivm-inactive",
        .covers = "PVM-PAG-003 PVM-PAG-017",
        .title = "the destination has room for a paging space device of the "
                 "partition's maximum logical memory, or such a device free",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = IS_SHARED,
        .test = IVM_DEVICE,
        .remedy = "extend the destination's paging storage pool, or add a "
                  "paging space device of that size to the shared memory "
                  "pool, before the partition is activated there",
        .source = "PVM-PAG-003, 017; C-09, D-19; 2013 lines 4245, 4263-4284",
    },
    {
        .id = "paging.device-not-ssp",
        .covers = "PVM-PAG-016 PVM14-SSP-05",
        .title = "a paging space device that fits is no logical unit of a "
                 "shared storage pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(IS_SHARED,
                    SOME(DST(IOSERVERS),
                         AND(IS(IT(IOSERVER, PAGING)),
                             GE(IT(IOSERVER, VERSION), SSP_FIRST)))),
        .test = SOME(DST_POOL(DEVICES),
                     AND(USABLE,
                         NE(IT(PAGING, KIND), TXT("ssp-logical-unit")))),
        .remedy = "add a physical volume to the destination's shared memory "
                  "pool as paging space device",
        .source = "PVM-PAG-016; PVM14-SSP-05; 2014 line 2003",
    },
    {
        .id = "paging.device-one-pool",
        .covers = "PVM-PAG-014",
        .title = "each paging space device of the destination's pool is in "
                 "one shared memory pool only",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = EACH(DST_POOL(DEVICES),
                     LE(LENGTH(IT(PAGING, POOLS)), NUM(1))),
        .remedy = "remove the device from the shared memory pool of the "
                  "other system, or use another device",
        .source = "PVM-PAG-014; 2013 line 2080",
    },
    {
        .id = "paging.device-redundant",
        .covers = "PVM-PAG-004 PVM-PAG-007",
        .title = "both paging I/O servers of the destination reach a paging "
                 "space device that fits",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* No preference: to keep two paths is what is asked for. */
        .when = AND(IS_SHARED, REDUNDANT,
                    EQ(MOVE(PAGING_REDUNDANCY), TXT("unset"))),
        .test = USABLE_BY_TWO,
        .remedy = "zone or map the device to both paging I/O servers, add "
                  "one that both reach, or ask for redundancy \"if "
                  "possible\"",
        .source = "PVM-PAG-004, 007; 2013 lines 565, 1152-1157, 2086",
    },
    {
        .id = "paging.io-server-level",
        .covers = "PVM-PAG-005",
        .title = "a paging I/O server of 2.1.1 or later is assigned to the "
                 "destination's shared memory pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = SOME(DST(IOSERVERS),
                     AND(IS(IT(IOSERVER, PAGING)),
                         GE(IT(IOSERVER, VERSION), VER("2.1.1")))),
        .remedy = "assign a Virtual I/O Server to the destination's shared "
                  "memory pool, and update it to 2.1.1 or later",
        .source = "PVM-PAG-005; 2013 line 2011",
    },
    {
        .id = "paging.io-server-not-ssp",
        .covers = "PVM-PAG-015 PVM14-SSP-04",
        .title = "no paging I/O server of the destination is of a level that "
                 "cannot page beside a shared storage pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = EACH(DST(IOSERVERS),
                     IF(AND(IS(IT(IOSERVER, PAGING)),
                            IS(IT(IOSERVER, SSP))),
                        OR(LT(IT(IOSERVER, VERSION), SSP_FIRST),
                           GE(IT(IOSERVER, VERSION), SSP_NEXT)))),
        .wanted = "paging I/O servers without a shared storage pool from "
                  "2.2.0.11 FP24 SP1 to 2.2.1.0",
        .remedy = "update the Virtual I/O Server above 2.2.1.0, or assign "
                  "one without a shared storage pool to the shared memory "
                  "pool",
        .source = "PVM-PAG-015; PVM14-SSP-04; 2014 line 2003",
    },
    {
        .id = "paging.redundancy-kept",
        .covers = "PVM-PAG-013",
        .title = "the partition keeps redundant paths to its paging space "
                 "device",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = AND(IS_SHARED, REDUNDANT,
                    EQ(MOVE(PAGING_REDUNDANCY), TXT("if-possible"))),
        .test = USABLE_BY_TWO,
        .remedy = "add a paging space device that both paging I/O servers "
                  "reach, or accept a single path",
        .source = "PVM-PAG-013; 2013 lines 2086-2089",
    },
    {
        .id = "paging.redundancy-kept-inactive",
        .covers = "PVM-PAG-006 PVM-PAG-013",
        .title = "the partition keeps redundant paths to its paging space "
                 "device",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = AND(IS_SHARED, REDUNDANT,
                    NE(MOVE(PAGING_REDUNDANCY), TXT("not-redundant"))),
        .test = USABLE_BY_TWO,
        .remedy = "add a paging space device that both paging I/O servers "
                  "reach before the partition is activated on the "
                  "destination, or accept a single path",
        .source = "PVM-PAG-006, 013; C-09; 2013 lines 2011, 2086-2089",
    },
    {
        .id = "paging.redundancy-preference",
        .covers = "PVM-PAG-001 PVM-PAG-006 PVM-PAG-008 PVM-PAG-009 "
                  "PVM-PAG-010 PVM-PAG-011",
        .title = "the destination's pool has the active paging I/O servers "
                 "that the redundancy preference asks for",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = FITS_PREFERENCE,
        .remedy = "assign another active paging I/O server to the "
                  "destination's shared memory pool, or ask for redundancy "
                  "\"if possible\" or for none",
        .source = "PVM-PAG-001, 006, 008 to 011; 2013 lines 565, 1135-1157",
    },
    {
        .id = "paging.redundancy-preference-inactive",
        .covers = "PVM-PAG-006",
        .title = "the destination's pool has the active paging I/O servers "
                 "that the redundancy preference asks for",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = IS_SHARED,
        .test = FITS_PREFERENCE,
        .remedy = "assign another active paging I/O server to the "
                  "destination's shared memory pool before the partition is "
                  "activated there, or ask for redundancy \"if possible\" "
                  "or for none",
        .source = "PVM-PAG-006; C-09; 2013 line 2011",
    },
};

LPM_RULE_SET(lpm_rules_paging);
