/*
 * Trees of facts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/node.h"

/* The elements of a list by the text of one of their fields. */
typedef struct Index {
    LpmField field;
    gint made_at;           /* changes[] of the elements' record then */
    GHashTable *by_text;    /* text of an element: GPtrArray; NULL: not made */
    GPtrArray *absent;
    struct Index *next;
} Index;

typedef struct Slot {
    gboolean present;
    LpmValue value;
    char *origin;           /* of a present value; why an absent one is */
    Index *indexes;         /* LIST only */
} Slot;

/*
 * How often a value of a record was set, in all trees: an index is as good
 * as this is what it was.
 */
static gint changes[LPM_RECORD__MAX];

struct LpmNode {
    LpmRecord record;
    LpmField first;
    guint n_slots;
    Slot *slots[];          /* NULL: never set; most fields of most nodes */
};

LpmNode *lpm_node_new(LpmRecord record)
{
    const LpmRecordInfo *info = lpm_record_info(record);
    LpmNode *node = g_malloc0(sizeof(LpmNode) +
                              info->n_fields * sizeof(Slot *));

    node->record = record;
    node->first = info->first;
    node->n_slots = info->n_fields;
    return node;
}

static void drop_index(Index *index)
{
    g_clear_pointer(&index->by_text, g_hash_table_unref);
    g_clear_pointer(&index->absent, g_ptr_array_unref);
}

static void slot_clear(Slot *slot)
{
    while (slot->indexes != NULL) {
        Index *index = slot->indexes;

        slot->indexes = index->next;
        drop_index(index);
        g_free(index);
    }
    g_free(slot->value.text);
    g_clear_pointer(&slot->value.items, g_ptr_array_unref);
    lpm_node_free(slot->value.sub);
    if (slot->value.offer != NULL) {
        lpm_offer_free(slot->value.offer);
    }
    g_free(slot->origin);
    memset(slot, 0, sizeof(*slot));
}

void lpm_node_free(LpmNode *node)
{
    if (node == NULL) {
        return;
    }
    for (guint i = 0; i < node->n_slots; i++) {
        if (node->slots[i] != NULL) {
            slot_clear(node->slots[i]);
            g_free(node->slots[i]);
        }
    }
    g_free(node);
}

LpmRecord lpm_node_record(const LpmNode *node)
{
    return node->record;
}

/* NULL: never set. */
static Slot *slot_of(const LpmNode *node, LpmField field)
{
    g_assert((guint)field - (guint)node->first < node->n_slots);
    return node->slots[field - node->first];
}

static Slot *present_slot(const LpmNode *node, LpmField field)
{
    Slot *slot = slot_of(node, field);

    return slot != NULL && slot->present ? slot : NULL;
}

const LpmValue *lpm_node_get(const LpmNode *node, LpmField field)
{
    const Slot *slot = present_slot(node, field);

    return slot != NULL ? &slot->value : NULL;
}

const GPtrArray *lpm_node_items(const LpmNode *node, LpmField field)
{
    const LpmValue *value = lpm_node_get(node, field);

    return value != NULL ? value->items : NULL;
}

const char *lpm_node_origin(const LpmNode *node, LpmField field)
{
    const Slot *slot = present_slot(node, field);

    return slot != NULL ? slot->origin : NULL;
}

const char *lpm_node_why(const LpmNode *node, LpmField field)
{
    const Slot *slot = slot_of(node, field);

    return slot == NULL || slot->present ? NULL : slot->origin;
}

const char *lpm_node_key(const LpmNode *node)
{
    return node->slots[0] != NULL ? node->slots[0]->value.text : NULL;
}

static Slot *prepare(LpmNode *node, LpmField field, const char *origin)
{
    Slot *slot = slot_of(node, field);
    /* The old origin may be where the new one comes from. */
    char *copy = g_strdup(origin);

    if (slot == NULL) {
        slot = g_new0(Slot, 1);
        node->slots[field - node->first] = slot;
    }
    g_atomic_int_inc(&changes[node->record]);
    slot_clear(slot);
    slot->origin = copy;
    slot->present = TRUE;
    return slot;
}

void lpm_node_set_bool(LpmNode *node, LpmField field, gboolean value,
                       const char *origin)
{
    g_assert(lpm_field_info(field)->type == LPM_TYPE_BOOL);
    prepare(node, field, origin)->value.number = value != FALSE;
}

void lpm_node_set_number(LpmNode *node, LpmField field, gint64 value,
                         const char *origin)
{
    LpmType type = lpm_field_info(field)->type;

    g_assert(type == LPM_TYPE_UINT || type == LPM_TYPE_DECIMAL ||
             type == LPM_TYPE_LEVEL);
    prepare(node, field, origin)->value.number = value;
}

void lpm_node_set_string(LpmNode *node, LpmField field, const char *value,
                         const char *origin)
{
    LpmType type = lpm_field_info(field)->type;
    LpmVersion version = { .service = 0 };
    char *copy = g_strdup(value);
    Slot *slot;

    g_assert(type == LPM_TYPE_STRING || type == LPM_TYPE_ENUM ||
             type == LPM_TYPE_VERSION);
    if (type == LPM_TYPE_ENUM) {
        g_assert(lpm_field_takes_word(field, value));
    }
    if (type == LPM_TYPE_VERSION) {
        g_assert(lpm_version_parse(value, &version));
    }
    slot = prepare(node, field, origin);
    slot->value.text = copy;
    slot->value.version = version;
}

void lpm_node_set_strings(LpmNode *node, LpmField field, GPtrArray *value,
                          const char *origin)
{
    g_assert(lpm_field_info(field)->type == LPM_TYPE_STRINGS);
    prepare(node, field, origin)->value.items = value;
}

void lpm_node_set_offer(LpmNode *node, LpmField field, LpmOffer *value,
                        const char *origin)
{
    g_assert(lpm_field_info(field)->type == LPM_TYPE_OFFER);
    prepare(node, field, origin)->value.offer = value;
}

static GPtrArray *new_items(LpmField field)
{
    return g_ptr_array_new_with_free_func(
        lpm_field_info(field)->type == LPM_TYPE_LIST ?
        (GDestroyNotify)lpm_node_free : g_free);
}

void lpm_node_set_empty(LpmNode *node, LpmField field, const char *origin)
{
    LpmType type = lpm_field_info(field)->type;

    g_assert(type == LPM_TYPE_LIST || type == LPM_TYPE_STRINGS);
    prepare(node, field, origin)->value.items = new_items(field);
}

void lpm_node_set_absent(LpmNode *node, LpmField field, const char *why)
{
    prepare(node, field, why)->present = FALSE;
}

static gboolean wrong(LpmField field, const char *wanted, const char *text,
                      GError **error)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                "%s: '%.80s' is not %s", lpm_field_info(field)->name, text,
                wanted);
    return FALSE;
}

/* "12" or "0.05", in thousandths when @places is 3. */
static gboolean parse_number(const char *text, guint places, gint64 max,
                             gint64 *ret_number)
{
    gint64 number = 0;
    gboolean point = FALSE;
    guint digits = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '.' && !point && places > 0 && digits > 0) {
            point = TRUE;
            continue;
        }
        if (!g_ascii_isdigit(*at) || (point && places == 0)) {
            return FALSE;
        }
        number = number * 10 + (*at - '0');
        digits++;
        if (point) {
            places--;
        }
        if (number > max) {
            return FALSE;
        }
    }
    for (; places > 0; places--) {
        number *= 10;
    }
    *ret_number = number;
    return digits > 0 && number <= max;
}

static gboolean set_scalar_text(LpmNode *node, const LpmFieldInfo *info,
                                const char *text, const char *origin,
                                GError **error)
{
    LpmVersion version;
    gint64 number = 0;

    switch (info->type) {
    case LPM_TYPE_BOOL:
        if (!g_str_equal(text, "true") && !g_str_equal(text, "false")) {
            return wrong(info->field, "true or false", text, error);
        }
        lpm_node_set_bool(node, info->field, text[0] == 't', origin);
        return TRUE;
    case LPM_TYPE_UINT:
        if (!parse_number(text, 0, LPM_UINT_MAX, &number)) {
            return wrong(info->field, "a number without fraction from 0 on",
                         text, error);
        }
        break;
    case LPM_TYPE_DECIMAL:
        if (!parse_number(text, 3, LPM_UINT_MAX, &number)) {
            return wrong(info->field,
                         "a number from 0 on with at most three places",
                         text, error);
        }
        break;
    case LPM_TYPE_LEVEL:
        if (!lpm_level_parse(text, &number)) {
            return wrong(info->field, "a firmware level such as AM760_034, "
                         "760 or 7.6", text, error);
        }
        break;
    case LPM_TYPE_ENUM:
        if (!lpm_field_takes_word(info->field, text)) {
            g_autofree char *wanted =
                g_strdup_printf("one of: %s", info->words);

            return wrong(info->field, wanted, text, error);
        }
        lpm_node_set_string(node, info->field, text, origin);
        return TRUE;
    case LPM_TYPE_VERSION:
        if (!lpm_version_parse(text, &version)) {
            return wrong(info->field, "a version such as 7.7.4.0 SP1, "
                         "V7R7.4.0 or 2.2.0.11 FP24 SP1", text, error);
        }
        lpm_node_set_string(node, info->field, text, origin);
        return TRUE;
    default:
        lpm_node_set_string(node, info->field, text, origin);
        return TRUE;
    }
    lpm_node_set_number(node, info->field, number, origin);
    return TRUE;
}

gboolean lpm_node_set_text(LpmNode *node, LpmField field, const char *text,
                           const char *origin, GError **error)
{
    const LpmFieldInfo *info = lpm_field_info(field);

    if (info->type == LPM_TYPE_STRINGS) {
        GPtrArray *items = new_items(field);
        g_auto(GStrv) parts = g_strsplit(text, ",", -1);

        for (guint i = 0; text[0] != '\0' && parts[i] != NULL; i++) {
            g_ptr_array_add(items, g_strdup(g_strstrip(parts[i])));
        }
        lpm_node_set_strings(node, field, items, origin);
        return TRUE;
    }
    if (info->type == LPM_TYPE_LIST || info->type == LPM_TYPE_SUB ||
        info->type == LPM_TYPE_OFFER) {
        return wrong(field, "something that can be written as one value",
                     text, error);
    }
    return set_scalar_text(node, info, text, origin, error);
}

LpmNode *lpm_node_sub(LpmNode *node, LpmField field, const char *origin)
{
    const LpmFieldInfo *info = lpm_field_info(field);
    Slot *slot = present_slot(node, field);

    g_assert(info->type == LPM_TYPE_SUB);
    if (slot == NULL) {
        slot = prepare(node, field, origin);
        slot->value.sub = lpm_node_new(info->sub);
    }
    return slot->value.sub;
}

static void make_index(Index *index, const GPtrArray *items)
{
    index->by_text = g_hash_table_new_full(
        g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    index->absent = g_ptr_array_new();
    for (guint i = 0; i < items->len; i++) {
        LpmNode *item = g_ptr_array_index(items, i);
        const LpmValue *value = lpm_node_get(item, index->field);
        GPtrArray *same = value == NULL ? index->absent :
            g_hash_table_lookup(index->by_text, value->text);

        if (same == NULL) {
            same = g_ptr_array_new();
            g_hash_table_insert(index->by_text, value->text, same);
        }
        g_ptr_array_add(same, item);
    }
}

/*
 * Returns: (nullable): an index that is up to date.  While a tree grows every
 * look would make one in vain: the first look after a change gets none.
 */
static const Index *index_of(Slot *slot, LpmField list, LpmField field)
{
    gint now = g_atomic_int_get(&changes[lpm_field_info(list)->sub]);
    Index *index = slot->indexes;

    while (index != NULL && index->field != field) {
        index = index->next;
    }
    if (index == NULL) {
        index = g_new0(Index, 1);
        index->field = field;
        index->made_at = now - 1;
        index->next = slot->indexes;
        slot->indexes = index;
    }
    if (index->made_at != now) {
        drop_index(index);
        index->made_at = now;
        return NULL;
    }
    if (index->by_text == NULL) {
        make_index(index, slot->value.items);
    }
    return index;
}

/* Shorter lists are as quickly searched. */
#define INDEXED_MIN  8

const GPtrArray *lpm_node_candidates(const LpmNode *node, LpmField list,
                                     LpmField field, const char *text)
{
    Slot *slot = present_slot(node, list);
    const LpmFieldInfo *info = lpm_field_info(field);
    const GPtrArray *same;
    const Index *index;

    g_assert(lpm_field_info(list)->type == LPM_TYPE_LIST &&
             info->record == lpm_field_info(list)->sub &&
             info->type == LPM_TYPE_STRING);
    if (slot == NULL) {
        return NULL;
    }
    index = slot->value.items->len >= INDEXED_MIN ?
            index_of(slot, list, field) : NULL;
    if (index == NULL || index->absent->len > 0) {
        return slot->value.items;
    }
    same = g_hash_table_lookup(index->by_text, text);
    return same != NULL ? same : index->absent;
}

LpmNode *lpm_node_find(const LpmNode *node, LpmField field, const char *key)
{
    Slot *slot = present_slot(node, field);
    const Index *index = NULL;

    g_assert(lpm_field_info(field)->type == LPM_TYPE_LIST);
    if (slot != NULL && key != NULL &&
        slot->value.items->len >= INDEXED_MIN) {
        index = index_of(slot, field,
                         lpm_record_info(lpm_field_info(field)->sub)->first);
    }
    if (index != NULL) {
        GPtrArray *same = g_hash_table_lookup(index->by_text, key);

        return same != NULL ? g_ptr_array_index(same, 0) : NULL;
    }
    for (guint i = 0; slot != NULL && i < slot->value.items->len; i++) {
        LpmNode *item = g_ptr_array_index(slot->value.items, i);

        if (g_strcmp0(lpm_node_key(item), key) == 0) {
            return item;
        }
    }
    return NULL;
}

LpmNode *lpm_node_item(LpmNode *node, LpmField field, const char *key,
                       const char *origin)
{
    LpmNode *item = lpm_node_find(node, field, key);

    return item != NULL ? item : lpm_node_append(node, field, key, origin);
}

LpmNode *lpm_node_append(LpmNode *node, LpmField field, const char *key,
                         const char *origin)
{
    const LpmFieldInfo *info = lpm_field_info(field);
    LpmNode *item;

    g_assert(info->type == LPM_TYPE_LIST);
    if (lpm_node_get(node, field) == NULL) {
        lpm_node_set_empty(node, field, origin);
    }
    item = lpm_node_new(info->sub);
    lpm_node_set_string(item, lpm_record_info(info->sub)->first, key,
                        origin);
    g_ptr_array_add(slot_of(node, field)->value.items, item);
    return item;
}

static GPtrArray *copy_strings(const GPtrArray *from)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < from->len; i++) {
        g_ptr_array_add(items, g_strdup(g_ptr_array_index(from, i)));
    }
    return items;
}

GHashTable *lpm_node_keys(const LpmNode *node, LpmField field)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal,
                                             g_free, NULL);
    const LpmValue *value = lpm_node_get(node, field);

    for (guint i = 0; value != NULL && i < value->items->len; i++) {
        LpmNode *item = g_ptr_array_index(value->items, i);

        g_hash_table_insert(keys, g_strdup(lpm_node_key(item)), item);
    }
    return keys;
}

static void merge_list(LpmNode *into, LpmField field, const GPtrArray *from,
                       const char *origin)
{
    g_autoptr(GHashTable) keys = NULL;

    if (lpm_node_get(into, field) == NULL) {
        lpm_node_set_empty(into, field, origin);
    }
    keys = lpm_node_keys(into, field);
    for (guint i = 0; i < from->len; i++) {
        const LpmNode *item = g_ptr_array_index(from, i);
        const char *key = lpm_node_key(item);
        LpmNode *old = g_hash_table_lookup(keys, key);

        lpm_node_merge(old != NULL ? old :
                       lpm_node_append(into, field, key, origin), item);
    }
}

static void merge_slot(LpmNode *into, LpmField field, const Slot *from)
{
    const LpmValue *value = &from->value;

    switch (lpm_field_info(field)->type) {
    case LPM_TYPE_BOOL:
        lpm_node_set_bool(into, field, value->number != 0, from->origin);
        break;
    case LPM_TYPE_UINT:
    case LPM_TYPE_DECIMAL:
    case LPM_TYPE_LEVEL:
        lpm_node_set_number(into, field, value->number, from->origin);
        break;
    case LPM_TYPE_STRING:
    case LPM_TYPE_ENUM:
    case LPM_TYPE_VERSION:
        lpm_node_set_string(into, field, value->text, from->origin);
        break;
    case LPM_TYPE_STRINGS:
        lpm_node_set_strings(into, field, copy_strings(value->items),
                             from->origin);
        break;
    case LPM_TYPE_LIST:
        merge_list(into, field, value->items, from->origin);
        break;
    case LPM_TYPE_SUB:
        lpm_node_merge(lpm_node_sub(into, field, from->origin), value->sub);
        break;
    case LPM_TYPE_OFFER:
        /* Of one live QEMU: no file has it */
        break;
    }
}

void lpm_node_merge(LpmNode *into, const LpmNode *from)
{
    g_assert(into->record == from->record);
    for (guint i = 0; i < from->n_slots; i++) {
        const Slot *slot = from->slots[i];
        LpmField field = (LpmField)(from->first + i);

        if (slot != NULL && slot->present) {
            merge_slot(into, field, slot);
        } else if (slot != NULL && slot->origin != NULL &&
                   present_slot(into, field) == NULL) {
            lpm_node_set_absent(into, field, slot->origin);
        }
    }
}

static char *decimal_text(gint64 thousandths)
{
    char *text = g_strdup_printf("%" G_GINT64_FORMAT ".%03d",
                                 thousandths / 1000,
                                 (int)(thousandths % 1000));
    gsize len = strlen(text);

    while (text[len - 1] == '0') {
        text[--len] = '\0';
    }
    if (text[len - 1] == '.') {
        text[--len] = '\0';
    }
    return text;
}

static char *list_text(const GPtrArray *items)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < items->len; i++) {
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(items, i));
    }
    if (items->len == 0) {
        g_string_append(text, "none");
    }
    return g_string_free(text, FALSE);
}

char *lpm_value_text(LpmField field, const LpmValue *value)
{
    switch (lpm_field_info(field)->type) {
    case LPM_TYPE_BOOL:
        return g_strdup(value->number != 0 ? "yes" : "no");
    case LPM_TYPE_UINT:
    case LPM_TYPE_LEVEL:
        return g_strdup_printf("%" G_GINT64_FORMAT, value->number);
    case LPM_TYPE_DECIMAL:
        return decimal_text(value->number);
    case LPM_TYPE_STRINGS:
        return list_text(value->items);
    case LPM_TYPE_LIST:
        return g_strdup_printf("%u", value->items->len);
    case LPM_TYPE_STRING:
    case LPM_TYPE_ENUM:
    case LPM_TYPE_VERSION:
        return g_strdup(value->text[0] != '\0' ? value->text : "(none)");
    case LPM_TYPE_SUB:
    case LPM_TYPE_OFFER:
        return g_strdup("given");
    }
    g_assert_not_reached();
}
