/*
 * The engine: runs rows over facts and owns their verdicts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/rules.h"

static const char *const status_names[] = {
    [LPM_RULE_PASS] = "pass",
    [LPM_RULE_FAIL] = "fail",
    [LPM_RULE_WARN] = "warn",
    [LPM_RULE_UNKNOWN] = "unknown",
    [LPM_RULE_NOT_APPLICABLE] = "not-applicable",
};
G_STATIC_ASSERT(G_N_ELEMENTS(status_names) == LPM_RULE_STATUS__MAX);

const char *lpm_rule_status_name(LpmRuleStatus status)
{
    return status_names[status];
}

const char *lpm_verdict_name(LpmVerdict verdict)
{
    switch (verdict) {
    case LPM_VERDICT_PASS:
        return "pass";
    case LPM_VERDICT_FAIL:
        return "fail";
    case LPM_VERDICT_UNKNOWN:
        return "unknown";
    }
    g_assert_not_reached();
}

const char *lpm_party_name(LpmParty party)
{
    switch (party) {
    case LPM_PARTY_SOURCE:
        return "source";
    case LPM_PARTY_DESTINATION:
        return "destination";
    case LPM_PARTY_BOTH:
        return "both";
    }
    g_assert_not_reached();
}

const char *lpm_severity_name(LpmSeverity severity)
{
    return severity == LPM_SEVERITY_ERROR ? "error" : "warning";
}

/*
 * The core's rows judge what a stream between two running machines needs.
 * For a guest that is off only the preferred mode counts, since the current
 * one is chosen anew at its start (compat-modes SEM-05).
 */
static guint moves_of_check(const LpmCheck *check)
{
    return strstr(check->id, "preferred") != NULL ? LPM_MOVE_ANY :
                                                    LPM_MOVE_ACTIVE;
}

static LpmRule rule_of_check(const LpmCheck *check)
{
    return (LpmRule) {
        .id = check->id,
        .covers = check->covers,
        .title = check->title,
        .moves = moves_of_check(check),
        .profiles = LPM_PROFILE_QEMU,
        .party = check->party,
        .severity = check->severity,
        .remedy = check->remedy,
        .source = check->spec,
        .check = check,
    };
}

static int compare_rules(gconstpointer a, gconstpointer b)
{
    return strcmp(((const LpmRule *)a)->id, ((const LpmRule *)b)->id);
}

static gboolean reads_hosts(const LpmExpr *expr)
{
    if (expr == NULL) {
        return FALSE;
    }
    if (expr->op == LPM_OP_FACT) {
        switch (expr->anchor) {
        case LPM_AT_SRC_QEMU:
        case LPM_AT_DST_QEMU:
        case LPM_AT_MOVE:
        case LPM_AT_IT:     /* its list is a fact, too */
        case LPM_AT_UP:
            return FALSE;
        default:
            return TRUE;
        }
    }
    for (gsize i = 0; expr->args != NULL && expr->args[i] != NULL; i++) {
        if (reads_hosts(expr->args[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_set(GArray *all, const LpmRuleSet *set)
{
    for (gsize i = 0; i < set->n; i++) {
        LpmRule rule = set->rules[i];

        rule.hosts = reads_hosts(rule.when) || reads_hosts(rule.test);
        g_array_append_val(all, rule);
    }
}

const LpmRule *lpm_rules(gsize *ret_n)
{
    static gsize once;
    static GArray *all;

    if (g_once_init_enter(&once)) {
        gsize n_checks;
        const LpmCheck *checks = lpm_checks(&n_checks);

        all = g_array_new(FALSE, FALSE, sizeof(LpmRule));
        for (gsize i = 0; lpm_rule_sets[i] != NULL; i++) {
            add_set(all, lpm_rule_sets[i]);
        }
        for (gsize i = 0; i < n_checks; i++) {
            LpmRule rule = rule_of_check(&checks[i]);

            g_array_append_val(all, rule);
        }
        g_array_sort(all, compare_rules);
        g_once_init_leave(&once, 1);
    }
    *ret_n = all->len;
    return (const LpmRule *)(void *)all->data;
}

gboolean lpm_rule_matches(const LpmRule *rule, const char *name)
{
    gsize len = strlen(name);

    if (len == 0) {
        return FALSE;
    }
    if (g_str_equal(rule->id, name)) {
        return TRUE;
    }
    for (const char *at = strstr(rule->covers, name); at != NULL;
         at = strstr(at + 1, name)) {
        if ((at == rule->covers || at[-1] == ' ') &&
            (at[len] == '\0' || at[len] == ' ')) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Whether a source told of this host, and not only of a QEMU on it. */
static gboolean is_described(const LpmFacts *facts, LpmSide side)
{
    return lpm_node_get(lpm_facts_system(facts, side), LPM_SYSTEM_NAME) !=
           NULL;
}

gboolean lpm_rules_hosts_described(const LpmFacts *facts)
{
    return is_described(facts, LPM_SIDE_SOURCE) &&
           is_described(facts, LPM_SIDE_DESTINATION);
}

static gboolean applies(const LpmRule *rule, const LpmFacts *facts,
                        const LpmRun *run)
{
    if (rule->hosts && run->profile == LPM_PROFILE_QEMU &&
        !lpm_rules_hosts_described(facts)) {
        return FALSE;
    }
    return (rule->moves & run->move) != 0;
}

static void say_absent(LpmRuleResult *result, const LpmFacts *facts,
                       LpmSide side, LpmField fact)
{
    const char *why = lpm_facts_why(facts, side, fact);

    result->missing = lpm_field_info(fact);
    result->expected = g_strdup_printf("%s %s", lpm_side_name(side),
                                       lpm_field_info(fact)->name);
    result->actual = g_strdup_printf("unknown: %s",
                                     why != NULL ? why : "not given");
}

static LpmRuleStatus status_of(const LpmRule *rule, gboolean holds)
{
    if (holds) {
        return LPM_RULE_PASS;
    }
    return rule->severity == LPM_SEVERITY_ERROR ? LPM_RULE_FAIL :
                                                  LPM_RULE_WARN;
}

#ifdef LPM_MUTATE
const LpmCheck *lpm_check_mutant;
#endif

static void compare_offers(LpmRuleResult *result, const LpmFacts *facts)
{
    g_autofree char *source = NULL;
    g_autofree char *destination = NULL;
    g_autofree char *remedy = NULL;
    LpmCheckVerdict verdict = lpm_check_run(
        result->rule->check, lpm_facts_offer(facts, LPM_SIDE_SOURCE),
        lpm_facts_offer(facts, LPM_SIDE_DESTINATION), &source, &destination,
        &remedy);

#ifdef LPM_MUTATE
    if (result->rule->check == lpm_check_mutant) {
        verdict = verdict == LPM_CHECK_HOLDS ? LPM_CHECK_FAILS :
                  verdict == LPM_CHECK_FAILS ? LPM_CHECK_HOLDS : verdict;
    }
#endif
    switch (verdict) {
    case LPM_CHECK_HOLDS:
        result->status = LPM_RULE_PASS;
        break;
    case LPM_CHECK_FAILS:
        result->status = status_of(result->rule, FALSE);
        break;
    case LPM_CHECK_UNKNOWN:
        result->status = LPM_RULE_UNKNOWN;
        break;
    case LPM_CHECK_NOT_APPLICABLE:
        result->status = LPM_RULE_NOT_APPLICABLE;
        return;
    }
    /* What the other end asks for is what the party at fault must meet. */
    if (result->rule->party == LPM_PARTY_SOURCE) {
        result->expected = g_strdup_printf("destination: %s", destination);
        result->actual = g_strdup_printf("source: %s", source);
    } else {
        result->expected = g_strdup_printf("source: %s", source);
        result->actual = g_strdup_printf("destination: %s", destination);
    }
    if (remedy[0] != '\0') {
        result->remedy = g_steal_pointer(&remedy);
    }
}

/* A row of the core's comparison, which wants both offers. */
static void run_check(LpmRuleResult *result, const LpmFacts *facts,
                      const LpmRun *run)
{
    if (run->facts) {
        result->facts = lpm_known_new();
    }
    for (guint side = LPM_SIDE_SOURCE; side <= LPM_SIDE_DESTINATION; side++) {
        if (!lpm_facts_has(facts, side, LPM_QEMU_OFFER)) {
            if (result->missing == NULL) {
                say_absent(result, facts, side, LPM_QEMU_OFFER);
            }
        } else if (run->facts) {
            lpm_known_add(result->facts,
                          g_strdup_printf("%s.qemu.%s", lpm_side_name(side),
                                          lpm_field_info(LPM_QEMU_OFFER)->
                                          name),
                          lpm_facts_text(facts, side, LPM_QEMU_OFFER),
                          lpm_facts_origin(facts, side, LPM_QEMU_OFFER));
        }
    }
    if (result->missing != NULL) {
        result->status = LPM_RULE_UNKNOWN;
    } else {
        compare_offers(result, facts);
    }
}

static gboolean is_overridden(const LpmRule *rule, const LpmFacts *facts)
{
    const LpmValue *value = rule->override == 0 ? NULL :
        lpm_node_get(lpm_facts_move(facts), rule->override);

    return value != NULL && value->number != 0;
}

/* Takes over the facts of @found. */
static void take_facts(LpmRuleResult *result, LpmFound *found)
{
    if (result->facts == NULL) {
        result->facts = g_steal_pointer(&found->facts);
    } else if (found->facts != NULL) {
        g_ptr_array_extend_and_steal(result->facts,
                                     g_steal_pointer(&found->facts));
    }
}

/* A row whose conditions are expressions. */
static void run_test(LpmRuleResult *result, const LpmFacts *facts,
                     const LpmRun *run)
{
    const LpmRule *rule = result->rule;
    guint want = run->facts ? LPM_WANT_FACTS : 0;
    LpmFound found = { .truth = LPM_YES };

    if (rule->when != NULL) {
        found = lpm_expr_eval(rule->when, facts, want);
        take_facts(result, &found);
        if (found.truth == LPM_NO) {
            result->status = LPM_RULE_NOT_APPLICABLE;
            lpm_found_clear(&found);
            return;
        }
    }
    if (found.truth == LPM_YES) {
        lpm_found_clear(&found);
        found = lpm_expr_eval(rule->test, facts, want |
                                  LPM_WANT_FAILS |
                                  (run->brief ? 0 : LPM_WANT_PASSES));
        take_facts(result, &found);
    }
    if (found.truth == LPM_YES && run->brief) {
        result->status = LPM_RULE_PASS;
        return;
    }
    result->expected = g_strdup(rule->wanted != NULL ? rule->wanted :
                                                       rule->title);
    if (found.truth == LPM_UNKNOWN) {
        result->status = LPM_RULE_UNKNOWN;
        result->actual = g_strdup_printf("unknown: %s", found.missing);
        result->missing = found.absent == NULL ? NULL :
                          lpm_field_info(found.absent->field);
    } else {
        result->status = status_of(rule, found.truth == LPM_YES);
        if (result->status == LPM_RULE_FAIL && is_overridden(rule, facts)) {
            result->status = LPM_RULE_WARN;
        }
        result->actual = g_steal_pointer(&found.seen);
    }
    lpm_found_clear(&found);
}

LpmRuleResult *lpm_rule_run(const LpmRule *rule, const LpmFacts *facts,
                            const LpmRun *run)
{
    LpmRuleResult *result = g_new0(LpmRuleResult, 1);

    result->rule = rule;
    if (!applies(rule, facts, run)) {
        result->status = LPM_RULE_NOT_APPLICABLE;
    } else if (rule->check != NULL) {
        run_check(result, facts, run);
    } else {
        run_test(result, facts, run);
    }
    if (result->expected == NULL) {
        result->expected = g_strdup("");
    }
    if (result->actual == NULL) {
        result->actual = g_strdup("");
    }
    if (result->remedy == NULL) {
        result->remedy = g_strdup(rule->remedy);
    }
    return result;
}

void lpm_rule_result_free(LpmRuleResult *result)
{
    if (result == NULL) {
        return;
    }
    g_free(result->expected);
    g_free(result->actual);
    g_free(result->remedy);
    g_clear_pointer(&result->facts, g_ptr_array_unref);
    g_free(result);
}

static gboolean selected(const LpmRule *rule, const LpmRun *run)
{
    if (run->only == NULL) {
        return (rule->profiles & run->profile) != 0 &&
               (!rule->advice || run->advice);
    }
    for (gsize i = 0; run->only[i] != NULL; i++) {
        if (lpm_rule_matches(rule, run->only[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

GPtrArray *lpm_rules_run(const LpmFacts *facts, const LpmRun *run)
{
    GPtrArray *results = g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_rule_result_free);
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if (selected(&rules[i], run)) {
            g_ptr_array_add(results, lpm_rule_run(&rules[i], facts, run));
        }
    }
    return results;
}

static const struct {
    const char *name;
    LpmProfile profile;
} profiles[] = {
    { "powervm-hmc", LPM_PROFILE_HMC },
    { "powervm-ivm", LPM_PROFILE_IVM },
    { "ldoms", LPM_PROFILE_LDOMS },
    { "qemu", LPM_PROFILE_QEMU },
};

gboolean lpm_profile_find(const char *name, LpmProfile *ret_profile)
{
    for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
        if (g_str_equal(profiles[i].name, name)) {
            *ret_profile = profiles[i].profile;
            return TRUE;
        }
    }
    return FALSE;
}

const char *lpm_move_name(LpmMove move)
{
    return move == LPM_MOVE_ACTIVE ? "active" : "inactive";
}

const char *lpm_profile_name(LpmProfile profile)
{
    for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
        if (profiles[i].profile == profile) {
            return profiles[i].name;
        }
    }
    g_assert_not_reached();
}

LpmVerdict lpm_rules_verdict(const GPtrArray *results)
{
    LpmVerdict verdict = LPM_VERDICT_PASS;

    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(results, i);

        if (result->status == LPM_RULE_FAIL) {
            return LPM_VERDICT_FAIL;
        }
        if (result->status == LPM_RULE_UNKNOWN) {
            verdict = LPM_VERDICT_UNKNOWN;
        }
    }
    return verdict;
}
