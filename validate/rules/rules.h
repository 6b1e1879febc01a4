/*
 * The rules that decide whether a guest may move, and their engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RULES_H
#define LPM_RULES_H

#include <glib.h>

#include "compat/compare.h"
#include "facts/facts.h"
#include "rules/expr.h"

/*
 * Theory of operation
 *
 * A rule is a row: data, and a condition.  Rows of two kinds make one list:
 * those of the core's comparison (compat/compare.h), one to one with the same
 * ids; and those of this program, in subject files beside this one: what a
 * QEMU tells by QMP (qemu.c), and the world around it: servers, I/O servers,
 * adapters, storage, consoles.  Their conditions are expressions (expr.h).
 *
 * A profile is a world: what an HMC or an IVM checks before it moves a
 * partition, what an Oracle VM Server for SPARC asks of a domain, or what
 * means something for QEMU hosts.  A row is run in the profiles that it
 * names.  Each world has words of its own: where a condition is the same but
 * commands and names are not, there are two rows with one condition.
 *
 * The engine owns the verdict of a row:
 *   not applicable  the row is not about this kind of move, or about a
 *                   passing state of a side that was given as an inventory
 *   unknown         an absent fact leaves the condition open
 *   pass            the condition holds
 *   fail or warn    it does not, by the row's severity
 * All rows of the profile always run; those that only advise, when asked.
 *
 * In the profile of QEMU hosts a row about hosts is not applicable while no
 * source was given that tells of hosts (an inventory, libvirt): who moves a
 * guest with two monitors alone is not asked for a SAN's zoning.
 */

typedef enum LpmProfile {
    LPM_PROFILE_HMC  = 1 << 0,
    LPM_PROFILE_IVM  = 1 << 1,
    LPM_PROFILE_QEMU = 1 << 2,
    LPM_PROFILE_LDOMS = 1 << 3,
    LPM_PROFILE_POWERVM = LPM_PROFILE_HMC | LPM_PROFILE_IVM,
    /* what moves by the PowerVM manuals, whoever moves it */
    LPM_PROFILE_POWER = LPM_PROFILE_POWERVM | LPM_PROFILE_QEMU,
} LpmProfile;

typedef enum LpmMove {
    LPM_MOVE_ACTIVE   = 1 << 0, /* the guest runs or is paused */
    LPM_MOVE_INACTIVE = 1 << 1, /* the guest is off */
    LPM_MOVE_ANY      = LPM_MOVE_ACTIVE | LPM_MOVE_INACTIVE,
} LpmMove;

typedef struct LpmRule {
    const char *id;         /* stable slug */
    const char *covers;     /* spec ids, space separated, or "" */
    const char *title;      /* what holds when it holds */
    guint moves;            /* LpmMove bits, else not applicable */
    guint profiles;         /* LpmProfile bits */
    gboolean advice;        /* run only when asked for advice */
    LpmParty party;         /* which end must be changed */
    LpmSeverity severity;
    const LpmExpr *when;    /* (nullable): else not applicable */
    const LpmExpr *test;
    LpmField override;      /* bool of MOVE that turns a fail to a warn, or 0 */
    const char *wanted;     /* what is expected; NULL: the title */
    const char *remedy;     /* names an option or a command */
    const char *source;     /* where the rule comes from */
    const LpmCheck *check;  /* a row of the core's table, instead of test */
    gboolean hosts;         /* reads facts of hosts; set by lpm_rules() */
} LpmRule;

typedef enum LpmRuleStatus {
    LPM_RULE_PASS,
    LPM_RULE_FAIL,
    LPM_RULE_WARN,
    LPM_RULE_UNKNOWN,
    LPM_RULE_NOT_APPLICABLE,
    LPM_RULE_STATUS__MAX,
} LpmRuleStatus;

typedef struct LpmRuleResult {
    const LpmRule *rule;
    LpmRuleStatus status;
    char *expected;
    char *actual;
    char *remedy;
    const LpmFieldInfo *missing;    /* unknown: what is absent; or NULL */
    GPtrArray *facts;               /* LpmKnown *, with run->facts; or NULL */
} LpmRuleResult;

typedef enum LpmVerdict {
    LPM_VERDICT_PASS,       /* warnings alone too */
    LPM_VERDICT_FAIL,
    LPM_VERDICT_UNKNOWN,    /* nothing failed, something is unknown */
} LpmVerdict;

/**
 * lpm_rules:
 * @ret_n: set to the number of rows
 *
 * Returns: all rows, sorted by id; static.  Threads: any.
 */
const LpmRule *lpm_rules(gsize *ret_n);

/** lpm_rule_matches: whether @name is the row's id or a spec id of it. */
gboolean lpm_rule_matches(const LpmRule *rule, const char *name);

/* Which rows to run. */
typedef struct LpmRun {
    LpmMove move;
    LpmProfile profile;
    gboolean advice;            /* those that advise, too */
    gboolean brief;             /* texts of what passes are not wanted */
    gboolean facts;             /* lists of facts are wanted */
    const char *const *only;    /* (nullable): lpm_rule_matches() names, of
                                   any profile */
} LpmRun;

/**
 * lpm_rule_run:
 *
 * Returns: (transfer full): the result of one row.  Threads: any; pure.
 */
LpmRuleResult *lpm_rule_run(const LpmRule *rule, const LpmFacts *facts,
                            const LpmRun *run);

/** lpm_rule_result_free: @result: (nullable). */
void lpm_rule_result_free(LpmRuleResult *result);

/**
 * lpm_rules_run:
 *
 * Returns: (transfer full): LpmRuleResult *, sorted by id.
 */
GPtrArray *lpm_rules_run(const LpmFacts *facts, const LpmRun *run);

/**
 * lpm_rules_hosts_described: whether sources told of both hosts, and not only
 * of the QEMUs on them; without, the profile of QEMU judges no host.
 */
gboolean lpm_rules_hosts_described(const LpmFacts *facts);

/** lpm_profile_find: "powervm-hmc", "powervm-ivm", "ldoms" or "qemu". */
gboolean lpm_profile_find(const char *name, LpmProfile *ret_profile);

/** lpm_move_name: "active" or "inactive". */
const char *lpm_move_name(LpmMove move);

/** lpm_profile_name: of one profile. */
const char *lpm_profile_name(LpmProfile profile);

/** LpmRuleSet: the rows of one subject. */
typedef struct LpmRuleSet {
    const LpmRule *rules;
    gsize n;
} LpmRuleSet;

/** lpm_rule_sets: every subject; ends with one without rules. */
extern const LpmRuleSet *const lpm_rule_sets[];

#ifdef LPM_MUTATE
/* For tests only: holds and fails of this check are exchanged. */
extern const LpmCheck *lpm_check_mutant;
#endif

/** lpm_rules_verdict: of the results of lpm_rules_run(). */
LpmVerdict lpm_rules_verdict(const GPtrArray *results);

/** lpm_rule_status_name: "pass", "fail", "warn", "unknown", ... */
const char *lpm_rule_status_name(LpmRuleStatus status);

/** lpm_verdict_name: "pass", "fail" or "unknown". */
const char *lpm_verdict_name(LpmVerdict verdict);

/** lpm_party_name: "source", "destination" or "both". */
const char *lpm_party_name(LpmParty party);

/** lpm_severity_name: "error" or "warning". */
const char *lpm_severity_name(LpmSeverity severity);

#endif /* LPM_RULES_H */
