/*
 * Vectors of the rules: tests/data/rules
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world/SUBJECT.json, about the world:
 *
 * {"cases": [{"rule": ID, "name": ..., "status": ..., "profile": "qemu",
 *   "move": "inactive", "shows": "text in expected or actual",
 *   "source": {...}, "destination": {...}, "partition": {...},
 *   "move-facts": {...}}, ...]}
 *
 * own.json, about what QEMUs tell: "facts" that all cases begin with, then
 * those of a case ("source.run-state": null takes one away).  checks.json,
 * about the core's comparison: both offers, and what a case changes in them.
 */
#ifndef LPM_TEST_WORLD_H
#define LPM_TEST_WORLD_H

#include <json-glib/json-glib.h>
#include <string.h>

#include "facts/offer-json.h"
#include "facts/record-json.h"
#include "rules/rules.h"

typedef struct WorldCase {
    const LpmRule *rule;
    const char *name;
    const char *status;
    const char *shows;      /* or NULL */
    LpmRun run;
    LpmFacts *facts;
} WorldCase;

static inline const LpmRule *world_find(const char *id)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if (g_str_equal(rules[i].id, id)) {
            return &rules[i];
        }
    }
    return NULL;
}

static inline void world_read(LpmNode *node, JsonObject *vector,
                              const char *member)
{
    g_autoptr(GError) err = NULL;

    if (json_object_has_member(vector, member) &&
        !lpm_record_from_json(node, json_object_get_member(vector, member),
                              member, "", &err)) {
        g_error("%s/%s: %s%s",
                json_object_get_string_member(vector, "rule"),
                json_object_get_string_member(vector, "name"), member,
                err->message);
    }
}

static inline LpmFacts *world_facts(JsonObject *vector)
{
    LpmFacts *facts = lpm_facts_new();
    LpmNode *source = lpm_facts_system(facts, LPM_SIDE_SOURCE);

    /* qemu profile: both hosts are described, unless the vector says so */
    if (!json_object_has_member(vector, "undescribed")) {
        lpm_node_set_string(source, LPM_SYSTEM_NAME, "source", "vector");
        lpm_node_set_string(lpm_facts_system(facts, LPM_SIDE_DESTINATION),
                            LPM_SYSTEM_NAME, "destination", "vector");
    }
    world_read(source, vector, "source");
    world_read(lpm_facts_system(facts, LPM_SIDE_DESTINATION), vector,
               "destination");
    world_read(lpm_facts_move(facts), vector, "move-facts");
    if (json_object_has_member(vector, "partition")) {
        world_read(lpm_node_item(source, LPM_SYSTEM_PARTITIONS, "mobile",
                                 "vector"), vector, "partition");
        g_assert_true(lpm_facts_select(facts, "mobile"));
    }
    return facts;
}

static inline LpmProfile world_profile(JsonObject *vector,
                                       const LpmRule *rule)
{
    const char *name = json_object_get_string_member_with_default(
        vector, "profile", NULL);
    LpmProfile profile = LPM_PROFILE_HMC;

    if (name != NULL) {
        g_assert_true(lpm_profile_find(name, &profile));
    } else if ((rule->profiles & profile) == 0) {
        profile = (rule->profiles & LPM_PROFILE_IVM) != 0 ?
                  LPM_PROFILE_IVM :
                  (rule->profiles & LPM_PROFILE_LDOMS) != 0 ?
                  LPM_PROFILE_LDOMS : LPM_PROFILE_QEMU;
    }
    return profile;
}

/* Takes over @facts. */
static inline WorldCase *world_case(JsonObject *vector, LpmFacts *facts)
{
    WorldCase *c = g_new0(WorldCase, 1);
    const char *id = json_object_get_string_member(vector, "rule");
    const char *move;

    c->rule = world_find(id);
    if (c->rule == NULL) {
        g_error("vector for a rule that is not there: %s", id);
    }
    c->name = json_object_get_string_member(vector, "name");
    c->status = json_object_get_string_member(vector, "status");
    c->shows = json_object_get_string_member_with_default(vector, "shows",
                                                          NULL);
    move = json_object_get_string_member_with_default(
        vector, "move", (c->rule->moves & LPM_MOVE_ACTIVE) != 0 ?
        "active" : "inactive");
    c->run.move = g_str_equal(move, "active") ? LPM_MOVE_ACTIVE :
                                                LPM_MOVE_INACTIVE;
    c->run.profile = world_profile(vector, c->rule);
    c->facts = facts;
    return c;
}

/* RFC 7396 */
static inline JsonNode *world_merge(JsonNode *target, JsonNode *patch)
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
            JsonNode *merged = world_merge(
                json_object_get_member(object, name), value);

            json_object_set_member(object, name, merged);
        }
    }
    value = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(value, object);
    return value;
}

/* A copy that world_merge() may change. */
static inline JsonNode *world_copy(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);

    return json_from_string(text, NULL);
}

static inline void world_set_offer(LpmFacts *facts, LpmSide side,
                                   JsonObject *file, JsonObject *vector)
{
    const char *name = lpm_side_name(side);
    JsonNode *patch = json_object_get_member(vector, name);
    g_autoptr(JsonNode) base = world_copy(json_object_get_member(file,
                                                                 name));
    g_autoptr(JsonNode) merged = NULL;
    g_autoptr(GError) err = NULL;
    LpmOffer *offer;

    if (patch != NULL && JSON_NODE_HOLDS_NULL(patch)) {
        return;
    }
    merged = patch != NULL ? world_merge(base, patch) : json_node_copy(base);
    offer = lpm_offer_from_json(merged, &err);
    g_assert_no_error(err);
    lpm_facts_set_offer(facts, side, offer, "vector");
}

static inline LpmFacts *world_offers(JsonObject *file, JsonObject *vector)
{
    LpmFacts *facts = lpm_facts_new();

    world_set_offer(facts, LPM_SIDE_SOURCE, file, vector);
    world_set_offer(facts, LPM_SIDE_DESTINATION, file, vector);
    return facts;
}

/* "source.run-state": a field of the record QEMU of a side. */
static inline void world_set_fact(LpmFacts *facts, const char *name,
                                  JsonNode *value)
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

static inline LpmFacts *world_told(JsonObject *file, JsonObject *vector)
{
    JsonObject *const objects[] = { file, vector };
    LpmFacts *facts = lpm_facts_new();

    for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
        JsonObjectIter iter;
        const char *name;
        JsonNode *value;

        if (!json_object_has_member(objects[i], "facts")) {
            continue;
        }
        json_object_iter_init(&iter, json_object_get_object_member(
                                         objects[i], "facts"));
        while (json_object_iter_next(&iter, &name, &value)) {
            world_set_fact(facts, name, value);
        }
    }
    return facts;
}

/* Of a file with "facts", of one with two offers, of one about the world. */
static inline LpmFacts *world_facts_of(JsonObject *file, JsonObject *vector)
{
    if (json_object_has_member(file, "facts")) {
        return world_told(file, vector);
    }
    return json_object_has_member(file, "source") ?
           world_offers(file, vector) : world_facts(vector);
}

/** world_load_file: adds the cases of one file, kept for ever. */
static inline void world_load_file(GPtrArray *cases, const char *path)
{
    g_autoptr(GError) err = NULL;
    JsonParser *parser = json_parser_new();
    JsonObject *file;
    JsonArray *array;

    if (!json_parser_load_from_file(parser, path, &err)) {
        g_error("%s: %s", path, err->message);
    }
    file = json_node_get_object(json_parser_get_root(parser));
    array = json_object_get_array_member(file, "cases");
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonObject *vector = json_array_get_object_element(array, i);

        g_ptr_array_add(cases, world_case(vector,
                                          world_facts_of(file, vector)));
    }
}

/** world_load_folder: of all its files; @name: NULL: rules itself. */
static inline void world_load_folder(GPtrArray *cases, const char *name)
{
    g_autofree char *folder = g_build_filename(g_getenv("LPM_TEST_DATA"),
                                               "rules", name, NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &err);
    const char *file;

    g_assert_no_error(err);
    while ((file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, file, NULL);

        if (g_str_has_suffix(file, ".json")) {
            world_load_file(cases, path);
        }
    }
}

/** world_load: (transfer full): WorldCase *, of all files. */
static inline GPtrArray *world_load(void)
{
    GPtrArray *cases = g_ptr_array_new();

    world_load_folder(cases, NULL);
    world_load_folder(cases, "world");
    return cases;
}

static inline gboolean world_shows(const WorldCase *c,
                                   const LpmRuleResult *result)
{
    return c->shows == NULL || strstr(result->actual, c->shows) != NULL ||
           strstr(result->expected, c->shows) != NULL;
}

/** world_is_noticed: whether @c comes out otherwise than it says. */
static inline gboolean world_is_noticed(const WorldCase *c)
{
    LpmRuleResult *result = lpm_rule_run(c->rule, c->facts, &c->run);
    gboolean noticed = !g_str_equal(lpm_rule_status_name(result->status),
                                    c->status) || !world_shows(c, result);

    lpm_rule_result_free(result);
    return noticed;
}

#endif /* LPM_TEST_WORLD_H */
