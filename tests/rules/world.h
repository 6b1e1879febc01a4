/*
 * Vectors of the rules about the world: tests/data/rules/world/SUBJECT.json
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * {"cases": [{"rule": ID, "name": ..., "status": ..., "profile": "qemu",
 *   "move": "inactive", "shows": "text in expected or actual",
 *   "source": {...}, "destination": {...}, "partition": {...},
 *   "move-facts": {...}}, ...]}
 */
#ifndef LPM_TEST_WORLD_H
#define LPM_TEST_WORLD_H

#include <json-glib/json-glib.h>
#include <string.h>

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
                  LPM_PROFILE_IVM : LPM_PROFILE_QEMU;
    }
    return profile;
}

static inline WorldCase *world_case(JsonObject *vector)
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
    c->facts = world_facts(vector);
    return c;
}

/** world_load: (transfer full): WorldCase *, of all files, kept for ever. */
static inline GPtrArray *world_load(void)
{
    g_autofree char *folder = g_build_filename(
        g_getenv("LPM_TEST_DATA"), "rules", "world", NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &err);
    GPtrArray *cases = g_ptr_array_new();
    const char *name;

    g_assert_no_error(err);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        JsonParser *parser = json_parser_new();
        JsonArray *array;

        if (!json_parser_load_from_file(parser, path, &err)) {
            g_error("%s: %s", name, err->message);
        }
        array = json_object_get_array_member(
            json_node_get_object(json_parser_get_root(parser)), "cases");
        for (guint i = 0; i < json_array_get_length(array); i++) {
            g_ptr_array_add(cases, world_case(
                json_array_get_object_element(array, i)));
        }
    }
    return cases;
}

#endif /* LPM_TEST_WORLD_H */
