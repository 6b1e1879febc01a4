/*
 * The facts that rules judge: typed, present or absent, with their origin
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/facts.h"

static const struct {
    const char *name;
    LpmFactType type;
} table[] = {
    [LPM_FACT_ACCELERATOR] = { "accelerator", LPM_FACT_TYPE_STRING },
    [LPM_FACT_BALLOON] = { "balloon", LPM_FACT_TYPE_BOOL },
    [LPM_FACT_BLOCK_JOBS] = { "block-jobs", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_DIRTY_BITMAPS] = { "dirty-bitmaps", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_LIVE] = { "live", LPM_FACT_TYPE_BOOL },
    [LPM_FACT_LPM_OBJECT] = { "lpm-object", LPM_FACT_TYPE_BOOL },
    [LPM_FACT_LPM_PEER] = { "lpm-peer", LPM_FACT_TYPE_STRING },
    [LPM_FACT_LPM_PHASE] = { "lpm-phase", LPM_FACT_TYPE_STRING },
    [LPM_FACT_MACS] = { "macs", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_MEMORY_BASE] = { "memory-base", LPM_FACT_TYPE_UINT },
    [LPM_FACT_MEMORY_DEVICES] = { "memory-devices", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_MEMORY_PLUGGED] = { "memory-plugged", LPM_FACT_TYPE_UINT },
    [LPM_FACT_MIGRATION_BLOCKERS] = { "migration-blockers",
                                      LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_MIGRATION_CAPS] = { "migration-caps", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_MIGRATION_STATUS] = { "migration-status",
                                    LPM_FACT_TYPE_STRING },
    [LPM_FACT_NAME] = { "name", LPM_FACT_TYPE_STRING },
    [LPM_FACT_OFFER] = { "offer", LPM_FACT_TYPE_OFFER },
    [LPM_FACT_OPTICAL_MEDIA] = { "optical-media", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_RUN_STATE] = { "run-state", LPM_FACT_TYPE_STRING },
    [LPM_FACT_SNAPSHOTS] = { "snapshots", LPM_FACT_TYPE_STRINGS },
    [LPM_FACT_TARGET] = { "target", LPM_FACT_TYPE_STRING },
    [LPM_FACT_TLS_CREDS] = { "tls-creds", LPM_FACT_TYPE_STRING },
    [LPM_FACT_URI] = { "uri", LPM_FACT_TYPE_STRING },
    [LPM_FACT_UUID] = { "uuid", LPM_FACT_TYPE_STRING },
};
G_STATIC_ASSERT(G_N_ELEMENTS(table) == LPM_FACT__MAX);

typedef struct Value {
    gboolean present;
    gboolean boolean;
    guint64 number;
    char *string;
    GPtrArray *strings;
    LpmOffer *offer;
    char *origin;           /* of a present value; why an absent one is */
} Value;

struct LpmFacts {
    Value values[LPM_SIDE__MAX][LPM_FACT__MAX];
};

static void value_clear(Value *value)
{
    g_free(value->string);
    g_clear_pointer(&value->strings, g_ptr_array_unref);
    g_clear_pointer(&value->offer, lpm_offer_free);
    g_free(value->origin);
    memset(value, 0, sizeof(*value));
}

LpmFacts *lpm_facts_new(void)
{
    return g_new0(LpmFacts, 1);
}

void lpm_facts_free(LpmFacts *facts)
{
    if (facts == NULL) {
        return;
    }
    for (guint side = 0; side < LPM_SIDE__MAX; side++) {
        for (guint fact = 0; fact < LPM_FACT__MAX; fact++) {
            value_clear(&facts->values[side][fact]);
        }
    }
    g_free(facts);
}

const char *lpm_fact_name(LpmFact fact)
{
    return table[fact].name;
}

LpmFactType lpm_fact_type(LpmFact fact)
{
    return table[fact].type;
}

gboolean lpm_fact_find(const char *name, LpmFact *ret_fact)
{
    for (guint fact = 0; fact < LPM_FACT__MAX; fact++) {
        if (g_str_equal(table[fact].name, name)) {
            *ret_fact = (LpmFact)fact;
            return TRUE;
        }
    }
    return FALSE;
}

const char *lpm_side_name(LpmSide side)
{
    return side == LPM_SIDE_SOURCE ? "source" : "destination";
}

static Value *prepare(LpmFacts *facts, LpmSide side, LpmFact fact,
                      LpmFactType type, const char *origin)
{
    Value *value = &facts->values[side][fact];

    g_assert(table[fact].type == type);
    value_clear(value);
    value->present = TRUE;
    value->origin = g_strdup(origin);
    return value;
}

void lpm_facts_set_bool(LpmFacts *facts, LpmSide side, LpmFact fact,
                        gboolean value, const char *origin)
{
    prepare(facts, side, fact, LPM_FACT_TYPE_BOOL, origin)->boolean =
        value != FALSE;
}

void lpm_facts_set_uint(LpmFacts *facts, LpmSide side, LpmFact fact,
                        guint64 value, const char *origin)
{
    prepare(facts, side, fact, LPM_FACT_TYPE_UINT, origin)->number = value;
}

void lpm_facts_set_string(LpmFacts *facts, LpmSide side, LpmFact fact,
                          const char *value, const char *origin)
{
    prepare(facts, side, fact, LPM_FACT_TYPE_STRING, origin)->string =
        g_strdup(value);
}

void lpm_facts_set_strings(LpmFacts *facts, LpmSide side, LpmFact fact,
                           GPtrArray *value, const char *origin)
{
    prepare(facts, side, fact, LPM_FACT_TYPE_STRINGS, origin)->strings =
        value;
}

void lpm_facts_set_offer(LpmFacts *facts, LpmSide side, LpmOffer *value,
                         const char *origin)
{
    prepare(facts, side, LPM_FACT_OFFER, LPM_FACT_TYPE_OFFER,
            origin)->offer = value;
}

void lpm_facts_set_absent(LpmFacts *facts, LpmSide side, LpmFact fact,
                          const char *why)
{
    Value *value = &facts->values[side][fact];

    value_clear(value);
    value->origin = g_strdup(why);
}

gboolean lpm_facts_has(const LpmFacts *facts, LpmSide side, LpmFact fact)
{
    return facts->values[side][fact].present;
}

static const Value *get(const LpmFacts *facts, LpmSide side, LpmFact fact,
                        LpmFactType type)
{
    g_assert(table[fact].type == type);
    g_assert(facts->values[side][fact].present);
    return &facts->values[side][fact];
}

gboolean lpm_facts_bool(const LpmFacts *facts, LpmSide side, LpmFact fact)
{
    return get(facts, side, fact, LPM_FACT_TYPE_BOOL)->boolean;
}

guint64 lpm_facts_uint(const LpmFacts *facts, LpmSide side, LpmFact fact)
{
    return get(facts, side, fact, LPM_FACT_TYPE_UINT)->number;
}

const char *lpm_facts_string(const LpmFacts *facts, LpmSide side,
                             LpmFact fact)
{
    return get(facts, side, fact, LPM_FACT_TYPE_STRING)->string;
}

const GPtrArray *lpm_facts_strings(const LpmFacts *facts, LpmSide side,
                                   LpmFact fact)
{
    return get(facts, side, fact, LPM_FACT_TYPE_STRINGS)->strings;
}

LpmOffer *lpm_facts_offer(const LpmFacts *facts, LpmSide side)
{
    return get(facts, side, LPM_FACT_OFFER, LPM_FACT_TYPE_OFFER)->offer;
}

gboolean lpm_facts_is(const LpmFacts *facts, LpmSide side, LpmFact fact)
{
    g_assert(table[fact].type == LPM_FACT_TYPE_BOOL);
    return facts->values[side][fact].present &&
           facts->values[side][fact].boolean;
}

const char *lpm_facts_why(const LpmFacts *facts, LpmSide side, LpmFact fact)
{
    const Value *value = &facts->values[side][fact];

    return value->present ? NULL : value->origin;
}

const char *lpm_facts_origin(const LpmFacts *facts, LpmSide side,
                             LpmFact fact)
{
    const Value *value = &facts->values[side][fact];

    return value->present ? value->origin : NULL;
}

char *lpm_facts_text(const LpmFacts *facts, LpmSide side, LpmFact fact)
{
    const Value *value = &facts->values[side][fact];

    switch (table[fact].type) {
    case LPM_FACT_TYPE_BOOL:
        return g_strdup(value->boolean ? "yes" : "no");
    case LPM_FACT_TYPE_UINT:
        return g_strdup_printf("%" G_GUINT64_FORMAT, value->number);
    case LPM_FACT_TYPE_STRING:
        return g_strdup(value->string[0] != '\0' ? value->string : "none");
    case LPM_FACT_TYPE_STRINGS: {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < value->strings->len; i++) {
            g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                                   (char *)g_ptr_array_index(value->strings,
                                                             i));
        }
        if (text->len == 0) {
            g_string_append(text, "none");
        }
        return g_string_free(text, FALSE);
    }
    case LPM_FACT_TYPE_OFFER:
        return g_strdup("offer");
    }
    g_assert_not_reached();
}
