/*
 * Following names to what I/O servers have
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/lookup.h"

static const char *why_of(const LpmNode *node, LpmField field)
{
    const char *why = lpm_node_why(node, field);

    return why != NULL ? why : "not given";
}

const LpmValue *lpm_place_value(LpmEval *eval, const LpmPlace *place,
                                LpmField field)
{
    const LpmValue *value = lpm_node_get(place->node, field);

    if (value == NULL) {
        lpm_eval_miss(eval, "%s.io-servers[%s].%s[%s].%s: %s",
                      lpm_side_name(place->side),
                      lpm_node_key(place->server),
                      lpm_field_info(place->list)->name,
                      lpm_node_key(place->node), lpm_field_info(field)->name,
                      why_of(place->node, field));
    }
    return value;
}

void lpm_place_show(LpmEval *eval, const LpmPlace *place, LpmField field)
{
    const LpmValue *value = lpm_node_get(place->node, field);
    g_autofree char *text = value != NULL ? lpm_value_text(field, value) :
                                            g_strdup("not given");

    lpm_eval_see(eval, "%s.io-servers[%s].%s[%s].%s: %s",
                 lpm_side_name(place->side), lpm_node_key(place->server),
                 lpm_field_info(place->list)->name,
                 lpm_node_key(place->node), lpm_field_info(field)->name,
                 text);
}

static const GPtrArray *servers_of(LpmEval *eval, LpmSide side)
{
    const LpmNode *system = lpm_facts_system(lpm_eval_facts(eval), side);
    const LpmValue *value = lpm_node_get(system, LPM_SYSTEM_IOSERVERS);

    if (value == NULL) {
        lpm_eval_miss(eval, "%s.io-servers: %s", lpm_side_name(side),
                      why_of(system, LPM_SYSTEM_IOSERVERS));
        return NULL;
    }
    return value->items;
}

static const GPtrArray *list_of(LpmEval *eval, LpmSide side,
                                const LpmNode *server, LpmField list)
{
    const LpmValue *value = lpm_node_get(server, list);

    if (value == NULL) {
        lpm_eval_miss(eval, "%s.io-servers[%s].%s: %s", lpm_side_name(side),
                      lpm_node_key(server), lpm_field_info(list)->name,
                      why_of(server, list));
        return NULL;
    }
    return value->items;
}

LpmTruth lpm_place_find(LpmEval *eval, LpmSide side, const char *server,
                        LpmField list, const char *key, LpmPlace *ret_place)
{
    const LpmNode *system = lpm_facts_system(lpm_eval_facts(eval), side);
    const LpmNode *node;
    const LpmNode *element;

    if (servers_of(eval, side) == NULL) {
        return LPM_UNKNOWN;
    }
    node = lpm_node_find(system, LPM_SYSTEM_IOSERVERS, server);
    if (node == NULL) {
        lpm_eval_miss(eval, "%s.io-servers: none is named %s",
                      lpm_side_name(side), server);
        return LPM_UNKNOWN;
    }
    if (list_of(eval, side, node, list) == NULL) {
        return LPM_UNKNOWN;
    }
    element = lpm_node_find(node, list, key);
    if (element == NULL) {
        return LPM_NO;
    }
    *ret_place = (LpmPlace) { side, node, list, element };
    return LPM_YES;
}

void lpm_places_begin(LpmPlaces *places, LpmEval *eval, LpmSide side,
                      LpmField list)
{
    *places = (LpmPlaces) {
        .eval = eval,
        .servers = servers_of(eval, side),
        .at = { .side = side, .list = list },
    };
    places->complete = places->servers != NULL;
}

void lpm_places_begin_with(LpmPlaces *places, LpmEval *eval, LpmSide side,
                           LpmField list, LpmField field, const char *text)
{
    lpm_places_begin(places, eval, side, list);
    places->field = field;
    places->text = text;
}

/* The list of the next server that has one. */
static gboolean next_list(LpmPlaces *places)
{
    while (places->servers != NULL &&
           places->next_server < places->servers->len) {
        places->at.server = g_ptr_array_index(places->servers,
                                              places->next_server++);
        places->items = list_of(places->eval, places->at.side,
                                places->at.server, places->at.list);
        if (places->text != NULL) {
            places->items = lpm_node_candidates(
                places->at.server, places->at.list, places->field,
                places->text);
        }
        places->next_item = 0;
        if (places->items != NULL) {
            return TRUE;
        }
        places->complete = FALSE;
    }
    return FALSE;
}

gboolean lpm_places_next(LpmPlaces *places)
{
    while (places->items == NULL ||
           places->next_item >= places->items->len) {
        if (!next_list(places)) {
            return FALSE;
        }
    }
    places->at.node = g_ptr_array_index(places->items, places->next_item++);
    return TRUE;
}

/* Skips what only separates or introduces digits. */
static const char *next_digit(const char *at)
{
    while (*at != '\0' && !g_ascii_isxdigit(*at)) {
        at++;
    }
    return at;
}

gboolean lpm_address_equal(const char *a, const char *b)
{
    a = g_str_has_prefix(a, "0x") ? a + 2 : a;
    b = g_str_has_prefix(b, "0x") ? b + 2 : b;
    for (a = next_digit(a), b = next_digit(b); *a != '\0' && *b != '\0';
         a = next_digit(a + 1), b = next_digit(b + 1)) {
        if (g_ascii_tolower(*a) != g_ascii_tolower(*b)) {
            return FALSE;
        }
    }
    return *a == *b;
}

static gboolean holds_all(const GPtrArray *items, const GPtrArray *of)
{
    for (guint i = 0; i < of->len; i++) {
        gboolean found = FALSE;

        for (guint k = 0; k < items->len && !found; k++) {
            found = g_ascii_strcasecmp(g_ptr_array_index(of, i),
                                       g_ptr_array_index(items, k)) == 0;
        }
        if (!found) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean lpm_strings_same(const GPtrArray *a, const GPtrArray *b)
{
    return holds_all(a, b) && holds_all(b, a);
}

gboolean lpm_is_same_guest(LpmEval *eval, const LpmNode *partition)
{
    const LpmNode *mobile = lpm_facts_partition(lpm_eval_facts(eval));
    const LpmValue *a = mobile != NULL ?
                        lpm_node_get(mobile, LPM_PARTITION_UUID) : NULL;
    const LpmValue *b = lpm_node_get(partition, LPM_PARTITION_UUID);

    return a != NULL && b != NULL &&
           g_ascii_strcasecmp(a->text, b->text) == 0;
}
