/*
 * The rule table: its form, and vectors for every row
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "facts/offer-json.h"
#include "facts/record-json.h"
#include "rules/rules.h"

typedef struct Case {
    JsonObject *base;       /* of the file: facts, or both offers */
    JsonObject *vector;
} Case;

static JsonNode *load(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("LPM_TEST_DATA"),
                                             "rules", name, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) err = NULL;

    json_parser_load_from_file(parser, path, &err);
    g_assert_no_error(err);
    return json_parser_steal_root(parser);
}

static const LpmRule *find_rule(const char *id)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if (g_str_equal(rules[i].id, id)) {
            return &rules[i];
        }
    }
    g_error("vector for a rule that is not there: %s", id);
}

/* RFC 7396 */
static JsonNode *merge(JsonNode *target, JsonNode *patch)
{
    JsonObject *object;
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (!JSON_NODE_HOLDS_OBJECT(patch)) {
        return json_node_copy(patch);
    }
    object = target != NULL && JSON_NODE_HOLDS_OBJECT(target) ?
             json_object_ref(json_node_get_object(target)) :
             json_object_new();
    json_object_iter_init(&iter, json_node_get_object(patch));
    while (json_object_iter_next(&iter, &name, &value)) {
        if (JSON_NODE_HOLDS_NULL(value)) {
            json_object_remove_member(object, name);
        } else {
            JsonNode *merged = merge(json_object_get_member(object, name),
                                     value);

            json_object_set_member(object, name, merged);
        }
    }
    value = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(value, object);
    return value;
}

/* A copy that merge() may change. */
static JsonNode *deep_copy(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);

    return json_from_string(text, NULL);
}

static void set_offer(LpmFacts *facts, LpmSide side, const Case *c)
{
    const char *name = lpm_side_name(side);
    JsonNode *patch = json_object_get_member(c->vector, name);
    g_autoptr(JsonNode) base = deep_copy(json_object_get_member(c->base,
                                                                name));
    g_autoptr(JsonNode) merged = NULL;
    g_autoptr(GError) err = NULL;
    LpmOffer *offer;

    if (patch != NULL && JSON_NODE_HOLDS_NULL(patch)) {
        return;
    }
    merged = patch != NULL ? merge(base, patch) : json_node_copy(base);
    offer = lpm_offer_from_json(merged, &err);
    g_assert_no_error(err);
    lpm_facts_set_offer(facts, side, offer, "vector");
}

/* "source.run-state": a field of the record QEMU of a side. */
static void set_fact(LpmFacts *facts, const char *name, JsonNode *value)
{
    LpmSide side = g_str_has_prefix(name, "source.") ?
                   LPM_SIDE_SOURCE : LPM_SIDE_DESTINATION;
    g_autoptr(JsonNode) record = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(GError) err = NULL;

    json_node_take_object(record, json_object_new());
    json_object_set_member(json_node_get_object(record),
                           strchr(name, '.') + 1, json_node_copy(value));
    lpm_record_from_json(lpm_node_sub(lpm_facts_system(facts, side),
                                      LPM_SYSTEM_QEMU, "vector"),
                         record, "vector", "", &err);
    g_assert_no_error(err);
}

static void set_facts(LpmFacts *facts, JsonObject *object)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    json_object_iter_init(&iter, object);
    while (json_object_iter_next(&iter, &name, &value)) {
        set_fact(facts, name, value);
    }
}

static void run(const Case *c, const LpmFacts *facts)
{
    const LpmRule *rule = find_rule(
        json_object_get_string_member(c->vector, "rule"));
    const char *move = json_object_get_string_member_with_default(
        c->vector, "move", "active");
    LpmRuleResult *result = lpm_rule_run(rule, facts, &(LpmRun) {
        .move = g_str_equal(move, "active") ? LPM_MOVE_ACTIVE :
                                              LPM_MOVE_INACTIVE,
        .profile = LPM_PROFILE_QEMU,
    });

    g_assert_cmpstr(lpm_rule_status_name(result->status), ==,
                    json_object_get_string_member(c->vector, "status"));
    g_assert_cmpstr(result->remedy, !=, "");
    if (result->status != LPM_RULE_NOT_APPLICABLE) {
        /* both values, whatever the verdict */
        g_assert_cmpstr(result->expected, !=, "");
        g_assert_cmpstr(result->actual, !=, "");
    }
    lpm_rule_result_free(result);
}

static void test_check(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(LpmFacts) facts = lpm_facts_new();

    set_offer(facts, LPM_SIDE_SOURCE, c);
    set_offer(facts, LPM_SIDE_DESTINATION, c);
    run(c, facts);
}

static void test_own(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(LpmFacts) facts = lpm_facts_new();

    set_facts(facts, json_object_get_object_member(c->base, "facts"));
    if (json_object_has_member(c->vector, "facts")) {
        set_facts(facts, json_object_get_object_member(c->vector, "facts"));
    }
    run(c, facts);
}

static void add_cases(JsonNode *file, const char *kind, GTestDataFunc func,
                      GHashTable *seen)
{
    JsonObject *base = json_node_get_object(file);
    JsonArray *cases = json_object_get_array_member(base, "cases");

    for (guint i = 0; i < json_array_get_length(cases); i++) {
        Case *c = g_new0(Case, 1);
        const char *rule;
        g_autofree char *path = NULL;

        c->base = base;
        c->vector = json_array_get_object_element(cases, i);
        rule = json_object_get_string_member(c->vector, "rule");
        path = g_strdup_printf("/lpm/rules/%s/%s/%s", kind, rule,
                               json_object_get_string_member(c->vector,
                                                             "name"));
        g_test_add_data_func_full(path, c, func, g_free);
        g_hash_table_add(seen, g_strconcat(
            rule, " ", json_object_get_string_member(c->vector, "status"),
            NULL));
    }
}

/* Every row has a vector for pass, for its own way to fail, for unknown. */
static void test_complete(gconstpointer data)
{
    GHashTable *seen = (GHashTable *)data;
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        /* those with a test have vectors in test-world */
        const char *const wanted[] = {
            "pass", "unknown",
            rules[i].severity == LPM_SEVERITY_ERROR ? "fail" : "warn",
        };

        for (gsize k = 0; rules[i].test == NULL && k < G_N_ELEMENTS(wanted);
             k++) {
            g_autofree char *key = g_strconcat(rules[i].id, " ", wanted[k],
                                               NULL);

            /* a row that applies only once its one fact is there */
            if (k == 1 && rules[i].applies != NULL &&
                rules[i].needs[1] == 0) {
                continue;
            }
            if (!g_hash_table_contains(seen, key)) {
                g_test_message("no vector: %s", key);
                g_test_fail();
            }
        }
    }
}

static void test_sorted(void)
{
    gsize n;
    const LpmRule *rules = lpm_rules_own(&n);

    g_assert_cmpuint(n, >, 0);
    for (gsize i = 1; i < n; i++) {
        g_assert_cmpstr(rules[i - 1].id, <, rules[i].id);
    }
    rules = lpm_rules(&n);
    for (gsize i = 1; i < n; i++) {
        /* unique over both tables too */
        g_assert_cmpstr(rules[i - 1].id, <, rules[i].id);
    }
}

static void test_one_to_one(void)
{
    gsize n_own;
    gsize n_checks;
    gsize n;
    const LpmCheck *checks = lpm_checks(&n_checks);

    lpm_rules_own(&n_own);
    lpm_rules(&n);
    for (gsize i = 0; lpm_rule_sets[i] != NULL; i++) {
        n_own += lpm_rule_sets[i]->n;
    }
    g_assert_cmpuint(n, ==, n_own + n_checks);
    for (gsize i = 0; i < n_checks; i++) {
        g_assert_true(find_rule(checks[i].id)->check == &checks[i]);
    }
}

static gboolean is_slug(const char *id)
{
    return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
           strlen(id) && strchr(id, '.') != NULL;
}

static void test_texts(void)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        const LpmRule *rule = &rules[i];

        g_test_message("%s", rule->id);
        g_assert_true(is_slug(rule->id));
        g_assert_cmpstr(rule->title, !=, "");
        g_assert_cmpstr(rule->remedy, !=, "");
        g_assert_cmpstr(rule->source, !=, "");
        g_assert_nonnull(rule->covers);
        g_assert_null(strstr(rule->source, ".."));
        g_assert_cmpuint(rule->moves, !=, 0);
        g_assert_cmpuint(rule->profiles, !=, 0);
        g_assert_cmpint((rule->holds != NULL) + (rule->check != NULL) +
                        (rule->test != NULL), ==, 1);
        g_assert_true(rule->test != NULL || rule->needs[0] != 0);
    }
}

static void test_matches(void)
{
    const LpmRule *rule = find_rule("state.source-running");

    g_assert_true(lpm_rule_matches(rule, "state.source-running"));
    g_assert_true(lpm_rule_matches(rule, "PVM-STA-001"));
    g_assert_true(lpm_rule_matches(rule, "PVM-STA-003"));
    g_assert_false(lpm_rule_matches(rule, "PVM-STA-00"));
    g_assert_false(lpm_rule_matches(rule, "STA-001"));
    g_assert_false(lpm_rule_matches(rule, "state"));
    g_assert_false(lpm_rule_matches(rule, ""));
}

static LpmVerdict verdict_of(const LpmRuleStatus *statuses, gsize n)
{
    g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_rule_result_free);

    for (gsize i = 0; i < n; i++) {
        LpmRuleResult *result = g_new0(LpmRuleResult, 1);

        result->status = statuses[i];
        g_ptr_array_add(results, result);
    }
    return lpm_rules_verdict(results);
}

static void test_verdict(void)
{
    const LpmRuleStatus warn[] = { LPM_RULE_PASS, LPM_RULE_WARN,
                                   LPM_RULE_NOT_APPLICABLE };
    const LpmRuleStatus unknown[] = { LPM_RULE_WARN, LPM_RULE_UNKNOWN,
                                      LPM_RULE_PASS };
    const LpmRuleStatus fail[] = { LPM_RULE_UNKNOWN, LPM_RULE_FAIL,
                                   LPM_RULE_PASS };

    g_assert_cmpint(verdict_of(warn, 3), ==, LPM_VERDICT_PASS);
    g_assert_cmpint(verdict_of(unknown, 3), ==, LPM_VERDICT_UNKNOWN);
    g_assert_cmpint(verdict_of(fail, 3), ==, LPM_VERDICT_FAIL);
}

static gboolean never_called(const LpmFacts *facts, LpmFinding *finding)
{
    (void)facts;
    (void)finding;
    g_assert_not_reached();
}

static const LpmRun qemu_run = {
    .move = LPM_MOVE_ACTIVE,
    .profile = LPM_PROFILE_QEMU,
};

/* No fact at all: nothing passes, and no holds() is asked. */
static void test_no_facts(void)
{
    static const LpmRule row = {
        .id = "test.row", .covers = "", .title = "t", .moves = LPM_MOVE_ANY,
        .party = LPM_PARTY_BOTH, .severity = LPM_SEVERITY_ERROR,
        .needs = { LPM_DST(LPM_QEMU_NAME) }, .holds = never_called,
        .remedy = "r", .source = "s",
    };
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GPtrArray) results = NULL;
    LpmRuleResult *result = lpm_rule_run(&row, facts, &qemu_run);

    g_assert_cmpint(result->status, ==, LPM_RULE_UNKNOWN);
    lpm_rule_result_free(result);
    lpm_facts_set_bool(facts, LPM_SIDE_SOURCE, LPM_QEMU_LIVE, TRUE, "t");
    lpm_facts_set_bool(facts, LPM_SIDE_DESTINATION, LPM_QEMU_LIVE, TRUE,
                       "t");
    results = lpm_rules_run(facts, &qemu_run);
    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *r = g_ptr_array_index(results, i);

        g_test_message("%s", r->rule->id);
        g_assert_true(r->status == LPM_RULE_UNKNOWN ||
                      r->status == LPM_RULE_NOT_APPLICABLE);
    }
    g_assert_cmpint(lpm_rules_verdict(results), ==, LPM_VERDICT_UNKNOWN);
}

int main(int argc, char **argv)
{
    g_autoptr(JsonNode) checks = NULL;
    g_autoptr(JsonNode) own = NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash,
                                                       g_str_equal, g_free,
                                                       NULL);

    g_test_init(&argc, &argv, NULL);
    checks = load("checks.json");
    own = load("own.json");
    g_test_add_func("/lpm/rules/table/sorted", test_sorted);
    g_test_add_func("/lpm/rules/table/one-to-one", test_one_to_one);
    g_test_add_func("/lpm/rules/table/texts", test_texts);
    g_test_add_func("/lpm/rules/engine/matches", test_matches);
    g_test_add_func("/lpm/rules/engine/verdict", test_verdict);
    g_test_add_func("/lpm/rules/engine/no-facts", test_no_facts);
    add_cases(checks, "check", test_check, seen);
    add_cases(own, "own", test_own, seen);
    g_test_add_data_func("/lpm/rules/table/complete", seen, test_complete);
    return g_test_run();
}
