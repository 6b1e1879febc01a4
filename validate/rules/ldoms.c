/*
 * Rules of LDoms: processors, memory and state of a domain
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Of the chapter about active domains in the guide of Oracle VM Server for
 * SPARC 3.3; lines are those of its page.  What a domain does its I/O with
 * is in ldoms-io.c.
 */
#include <string.h>

#include "rules/sets.h"

/* "SPARC T4 and later": the Fujitsu M10 is none of them. */
#define T4_ON  \
    "SPARC-T4 SPARC-T5 SPARC-M5 SPARC-M6 SPARC-M7 SPARC-S7 SPARC-M8"
#define M10    "SPARC64-X SPARC64-X+"

#define BOTH_ARE(types)  AND(IN(SRC(PROCESSOR), types), \
                             IN(DST(PROCESSOR), types))
#define ARCH(class)      EQ(PART(CPU_ARCH), TXT(class))

/* What isainfo -v lists in a domain of every class, and in one of class1. */
static const char *const generic_isa[] = {
    "asi_blk_init", "vis2", "vis", "popc", NULL,
};
static const char *const class1_isa[] = {
    "crc32c", "cbcond", "pause", "mont", "mpmul", "sha512", "sha256", "sha1",
    "md5", "camellia", "des", "aes", "ima", "hpc", "vis3", "fmaf", NULL,
};

static gboolean lists(const LpmValue *isa, const char *name)
{
    for (guint i = 0; i < isa->items->len; i++) {
        if (g_str_equal(g_ptr_array_index(isa->items, i), name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean lists_all(LpmEval *eval, const LpmValue *isa,
                          const char *const *names)
{
    for (guint i = 0; names[i] != NULL; i++) {
        if (!lists(isa, names[i])) {
            lpm_eval_see(eval, "the target has no %s", names[i]);
            return FALSE;
        }
    }
    return TRUE;
}

/* Arguments: the class, and what the target lists. */
static LpmTruth has_class(LpmEval *eval)
{
    const LpmValue *class = lpm_eval_fact(eval, 0);
    const LpmValue *isa = lpm_eval_fact(eval, 1);

    if (class == NULL || isa == NULL) {
        return LPM_UNKNOWN;
    }
    if (!lists_all(eval, isa, generic_isa)) {
        return LPM_NO;
    }
    if (g_str_equal(class->text, "migration-class1")) {
        return lists_all(eval, isa, class1_isa) ? LPM_YES : LPM_NO;
    }
    return LPM_YES;
}

/*
 * A block of a domain keeps where it begins within a largest page of the
 * target; so in a free piece the space up to the next such place is lost.
 * Of each size there must be room for all blocks that are as large.  That is
 * what ldm cannot do without; it is not sure to be enough where blocks of
 * different sizes compete for one piece.
 */
#define WITHIN_PAGE(address) \
    SUB(address, MUL(DST(LARGEST_PAGE), DIV(address, DST(LARGEST_PAGE))))
#define LOST \
    WITHIN_PAGE(SUB(ADD(WITHIN_PAGE(UP(MEMORY_BLOCK, ADDRESS)), \
                        DST(LARGEST_PAGE)), \
                    WITHIN_PAGE(IT(MEMORY_BLOCK, ADDRESS))))
#define ROOM \
    DIV(SUB(IT(MEMORY_BLOCK, SIZE), LOST), UP(MEMORY_BLOCK, SIZE))
#define BLOCKS_FIT \
    EACH(PART(MEMORY_BLOCKS), \
         GE(SUM(DST(FREE_BLOCKS), ROOM), \
            COUNT(PART(MEMORY_BLOCKS), GE(IT(MEMORY_BLOCK, SIZE), \
                                          UP(MEMORY_BLOCK, SIZE)))))

#define MAY_SPLIT \
    AND(EQ(PART(OS), TXT("solaris")), GE(PART(OS_VERSION), VER("11.3")))

/* Argument: the state of the domain. */
static LpmTruth is_active(LpmEval *eval)
{
    const LpmValue *state = lpm_eval_fact(eval, 0);

    if (state == NULL) {
        return LPM_UNKNOWN;
    }
    /* It does not fail for that: this profile has no rules about it. */
    if (g_str_equal(state->text, "bound") ||
        g_str_equal(state->text, "not-activated") ||
        g_str_equal(state->text, "unknown")) {
        lpm_eval_miss(eval, "the domain is %s, and only moves of active "
                      "domains are judged",
                      g_str_equal(state->text, "not-activated") ?
                      "inactive" : state->text);
        return LPM_UNKNOWN;
    }
    return g_str_equal(state->text, "running") ||
           g_str_equal(state->text, "open-firmware") ? LPM_YES : LPM_NO;
}

/* Argument: what runs in the domain.  Levels of ldm differ in capitals. */
static LpmTruth is_in_state(LpmEval *eval, const char *begins)
{
    const LpmNode *domain = lpm_facts_partition(lpm_eval_facts(eval));
    const LpmValue *state = lpm_eval_fact(eval, 0);

    if (state == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "domain %s is in the '%s' state",
                 lpm_node_key(domain), state->text);
    return g_ascii_strncasecmp(state->text, begins, strlen(begins)) == 0 ?
           LPM_YES : LPM_NO;
}

/* Each of its states: it initializes, loads, or waits at its prompt. */
static LpmTruth is_in_openboot(LpmEval *eval)
{
    return is_in_state(eval, "OpenBoot");
}

static LpmTruth is_debugged(LpmEval *eval)
{
    return is_in_state(eval, "Solaris debugging");
}

static LpmTruth is_solaris_up(LpmEval *eval)
{
    return is_in_state(eval, "Solaris running");
}

#define IN_STATE(function, says)  CALL(function, says, PART(SOFTWARE_STATE))

static const LpmRule rows[] = {
    {
        .id = "cpu-arch.class-fastest",
        .covers = "LDM-005 LDM-006 LDM-009",
        .title = "the domain does not use generic where a class with more "
                 "instructions would do",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = OR(BOTH_ARE(T4_ON), BOTH_ARE(M10)),
        .test = NE(PART(CPU_ARCH), TXT("generic")),
        .remedy = "ldm set-domain cpu-arch=migration-class1, between Fujitsu "
                  "M10 servers cpu-arch=sparc64-class1, while the domain is "
                  "bound or inactive",
        .source = "LDM-005, LDM-006, LDM-009; lines 39-43, 66-68",
    },
    {
        .id = "cpu-arch.class-instructions",
        .covers = "LDM-007 LDM-008",
        .title = "the target has every instruction set of the domain's class",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* The type of a server says as much: see the rows about types. */
        .when = AND(KNOWN(DST(INSTRUCTIONS)),
                    IN(PART(CPU_ARCH), "generic migration-class1")),
        .test = CALL(has_class, "the target lists what the class has",
                     PART(CPU_ARCH), DST(INSTRUCTIONS)),
        .wanted = "asi_blk_init, vis2, vis and popc; for migration-class1 "
                  "also crc32c, cbcond, pause, mont, mpmul, sha512, sha256, "
                  "sha1, md5, camellia, des, aes, ima, hpc, vis3 and fmaf",
        .remedy = "choose another target, or ldm set-domain cpu-arch=generic "
                  "while the domain is bound or inactive",
        .source = "LDM-007, LDM-008; lines 45-64",
    },
    {
        .id = "cpu-arch.class1-servers",
        .covers = "LDM-002 LDM-004",
        .title = "migration-class1: both machines are SPARC T4 or later",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = ARCH("migration-class1"),
        .test = BOTH_ARE(T4_ON),
        .wanted = "SPARC T4 or later; not UltraSPARC T2, T2 Plus, SPARC T3 "
                  "or Fujitsu M10",
        .remedy = "choose another target, or ldm set-domain cpu-arch=generic "
                  "while the domain is bound or inactive",
        .source = "LDM-002, LDM-004; lines 29, 35-37",
    },
    {
        .id = "cpu-arch.generic-servers",
        .covers = "LDM-002 LDM-006",
        .title = "generic: both machines are SPARC servers",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = ARCH("generic"),
        .test = AND(NOT(PREFIX(SRC(PROCESSOR), "POWER")),
                    NOT(PREFIX(DST(PROCESSOR), "POWER"))),
        .wanted = "SPARC servers, of any CPU types",
        .remedy = "choose another target, and look at the inventory: POWER "
                  "servers are judged with --profile powervm-hmc",
        .source = "LDM-002, LDM-006; lines 29, 43",
    },
    {
        .id = "cpu-arch.native-same-type",
        .covers = "LDM-002 LDM-003",
        .title = "native: both machines have the same CPU type",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = ARCH("native"),
        .test = AND(EQ(DST(PROCESSOR), SRC(PROCESSOR)),
                    NE(SRC(PROCESSOR), TXT("other"))),
        .wanted = "one CPU type, by its name",
        .remedy = "choose a target of that CPU type, or ldm set-domain "
                  "cpu-arch=generic (migration-class1 from SPARC T4 on, "
                  "sparc64-class1 between Fujitsu M10) while the domain is "
                  "bound or inactive",
        .source = "LDM-002, LDM-003; lines 29, 33",
    },
    {
        .id = "cpu-arch.sparc64-class1-servers",
        .covers = "LDM-002 LDM-005",
        .title = "sparc64-class1: both machines are Fujitsu M10",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = ARCH("sparc64-class1"),
        .test = BOTH_ARE(M10),
        .wanted = "Fujitsu M10",
        .remedy = "choose another target, or ldm set-domain cpu-arch=generic "
                  "while the domain is bound or inactive",
        .source = "LDM-002, LDM-005; lines 29, 39-41",
    },
    {
        .id = "memory.available-domain",
        .covers = "LDM-020",
        .title = "the target has enough free memory for the domain",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = GE(DST(MEM_FREE), PART(MEM)),
        .remedy = "free memory on the target (ldm list-devices memory shows "
                  "it): ldm remove-memory of other domains, or of this one",
        .source = "LDM-020; line 88",
    },
    {
        .id = "memory.layout-domain",
        .covers = "LDM-021 LDM-022 LDM-023 LDM-025",
        .title = "the target's free memory has room for each memory block "
                 "of the domain, at its alignment to the largest page",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = NOT(MAY_SPLIT),
        .test = BLOCKS_FIT,
        .wanted = "free blocks that are large enough where alignment keeps",
        .remedy = "free larger blocks on the target: ldm list-devices memory "
                  "shows them, pagesize -a its largest page; or ldm "
                  "remove-memory of the domain",
        .source = "LDM-021, LDM-022, LDM-023, LDM-025; lines 90-94, 98",
    },
    {
        .id = "memory.layout-split-domain",
        .covers = "LDM-024 LDM-025",
        .title = "no memory block of the domain has to be split to fit",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        /* Solaris 11.3 has them split, unless something forbids it. */
        .severity = LPM_SEVERITY_WARNING,
        .when = MAY_SPLIT,
        .test = BLOCKS_FIT,
        .wanted = "free blocks that are large enough where alignment keeps: "
                  "what operating system, firmware and platform need may "
                  "forbid a split",
        .remedy = "free larger blocks on the target: ldm list-devices memory "
                  "shows them, pagesize -a its largest page",
        .source = "LDM-024, LDM-025; lines 96-98",
    },
    {
        .id = "performance.control-domain-cores",
        .covers = "LDM-070",
        .title = "both control domains have two whole cores or more",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(GE(SRC(CONTROL_CORES), NUM(2)),
                    GE(DST(CONTROL_CORES), NUM(2))),
        .wanted = "2 or more: the move is faster",
        .remedy = "ldm set-core 2 primary, on both machines",
        .source = "LDM-070; line 14",
    },
    {
        .id = "processor.free-domain",
        .covers = "LDM-001",
        .title = "the target has as many virtual CPUs free as the domain has",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = GE(DST(PROCS_FREE), PART(PROCS)),
        .remedy = "free virtual CPUs on the target (ldm list-devices vcpu "
                  "shows them): ldm remove-vcpu of other domains, or of this "
                  "one",
        .source = "LDM-001; line 27",
    },
    {
        .id = "state.domain-active",
        .covers = "LDM-065",
        .title = "the domain is active",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = CALL(is_active, "it is active", PART(STATE)),
        .wanted = "an active domain",
        .remedy = "start the domain (ldm start-domain), or wait until it has "
                  "started or stopped; for a domain that is bound or "
                  "inactive the guide has rules that are not among these",
        .source = "LDM-065; lines 11, 175",
    },
    {
        .id = "state.not-debugged",
        .covers = "LDM-064 LDM-065",
        .title = "the domain is not in its kernel debugger",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = NOT(IN_STATE(is_debugged, "it is in kmdb")),
        .wanted = "any state but 'Solaris debugging': ldm migrate refuses it",
        .remedy = "leave kmdb on the domain's console (:c goes on), then ldm "
                  "migrate again",
        .source = "LDM-064, LDM-065; lines 175, 183-187",
    },
    {
        .id = "state.not-in-openboot",
        .covers = "LDM-063 LDM-065",
        .title = "the domain is not in OpenBoot",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(NE(PART(STATE), TXT("open-firmware")),
                    NOT(IN_STATE(is_in_openboot, "it is in OpenBoot"))),
        .wanted = "any state but 'OpenBoot Running': ldm migrate refuses it",
        .remedy = "boot Oracle Solaris on the domain's console (boot at the "
                  "ok prompt), then ldm migrate again",
        .source = "LDM-063, LDM-065; lines 175-181",
    },
    {
        .id = "state.reconfiguration-idle",
        .covers = "LDM-060",
        .title = "no delayed reconfiguration is active on either machine",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(NOT(IS(SRC(DELAYED))), NOT(IS(DST(DELAYED)))),
        .remedy = "restart the domain that the reconfiguration waits for, or "
                  "ldm cancel-reconf; begin none during the move",
        .source = "LDM-060; line 163",
    },
    {
        .id = "state.solaris-runs",
        .covers = "LDM-065",
        .title = "Oracle Solaris runs in the domain, and can take part",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        /* Only the two states above are said to be refused. */
        .severity = LPM_SEVERITY_WARNING,
        .test = IN_STATE(is_solaris_up, "Solaris runs in it"),
        .wanted = "state 'Solaris running'",
        .remedy = "wait until Oracle Solaris has started (ldm list-domain -l "
                  "shows the state)",
        .source = "LDM-065; line 175",
    },
    {
        .id = "time.ntp-client-domain",
        .covers = "LDM-071",
        .title = "the domain is an NTP client",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = IS(PART(NTP)),
        .remedy = "configure NTP in the domain: it loses time during the "
                  "move, and an NTP client corrects that at once",
        .source = "LDM-071; lines 16-18",
    },
};

LPM_RULE_SET(lpm_rules_ldoms);
