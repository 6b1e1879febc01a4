/*
 * Trees of facts: setting, reading, merging
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/node.h"

/* Text that is taken for a field, and what it is then. */
typedef struct TextRow {
    const char *name;
    LpmField field;
    const char *text;
    const char *shown;      /* NULL: it is refused */
    gint64 number;
} TextRow;

static const TextRow texts[] = {
    { "bool-true", LPM_SYSTEM_DPO, "true", "yes", 1 },
    { "bool-false", LPM_SYSTEM_DPO, "false", "no", 0 },
    { "bool-yes", LPM_SYSTEM_DPO, "yes", NULL, 0 },
    { "bool-number", LPM_SYSTEM_DPO, "1", NULL, 0 },
    { "bool-more", LPM_SYSTEM_DPO, "true ", NULL, 0 },
    { "uint", LPM_SYSTEM_LMB, "256", "256", 256 },
    { "uint-zero", LPM_SYSTEM_LMB, "0", "0", 0 },
    { "uint-most", LPM_SYSTEM_LMB, "17592186044416", "17592186044416",
      LPM_UINT_MAX },
    { "uint-above", LPM_SYSTEM_LMB, "17592186044417", NULL, 0 },
    { "uint-wraps", LPM_SYSTEM_LMB, "18446744073709551617", NULL, 0 },
    { "uint-negative", LPM_SYSTEM_LMB, "-1", NULL, 0 },
    { "uint-plus", LPM_SYSTEM_LMB, "+1", NULL, 0 },
    { "uint-fraction", LPM_SYSTEM_LMB, "1.0", NULL, 0 },
    { "uint-hex", LPM_SYSTEM_LMB, "0x10", NULL, 0 },
    { "uint-empty", LPM_SYSTEM_LMB, "", NULL, 0 },
    { "uint-space", LPM_SYSTEM_LMB, " 1", NULL, 0 },
    { "decimal", LPM_SYSTEM_UNITS_FREE, "0.05", "0.05", 50 },
    { "decimal-whole", LPM_SYSTEM_UNITS_FREE, "100", "100", 100000 },
    { "decimal-three", LPM_SYSTEM_UNITS_FREE, "1.125", "1.125", 1125 },
    { "decimal-zeros", LPM_SYSTEM_UNITS_FREE, "2.500", "2.5", 2500 },
    { "decimal-zero", LPM_SYSTEM_UNITS_FREE, "0", "0", 0 },
    { "decimal-point-last", LPM_SYSTEM_UNITS_FREE, "2.", "2", 2000 },
    { "decimal-four", LPM_SYSTEM_UNITS_FREE, "0.0005", NULL, 0 },
    { "decimal-no-digits", LPM_SYSTEM_UNITS_FREE, ".", NULL, 0 },
    { "decimal-point-first", LPM_SYSTEM_UNITS_FREE, ".5", NULL, 0 },
    { "decimal-two-points", LPM_SYSTEM_UNITS_FREE, "1.2.3", NULL, 0 },
    { "decimal-exponent", LPM_SYSTEM_UNITS_FREE, "1e3", NULL, 0 },
    { "decimal-comma", LPM_SYSTEM_UNITS_FREE, "0,5", NULL, 0 },
    { "decimal-too-large", LPM_SYSTEM_UNITS_FREE, "17592186044416", NULL,
      0 },
    { "level", LPM_SYSTEM_FIRMWARE, "AM760_034", "760", 760 },
    { "level-dotted", LPM_SYSTEM_FIRMWARE, "7.6", "760", 760 },
    { "level-word", LPM_SYSTEM_FIRMWARE, "new", NULL, 0 },
    { "string", LPM_SYSTEM_NAME, "alpha", "alpha", 0 },
    { "string-empty", LPM_SYSTEM_NAME, "", "(none)", 0 },
    { "enum", LPM_SYSTEM_STATE, "operating", "operating", 0 },
    { "enum-other", LPM_SYSTEM_STATE, "Operating", NULL, 0 },
    { "enum-part", LPM_SYSTEM_STATE, "operat", NULL, 0 },
    { "enum-empty", LPM_SYSTEM_STATE, "", NULL, 0 },
    { "strings", LPM_SYSTEM_CURRENT_MODES, "POWER6, POWER7",
      "POWER6, POWER7", 0 },
    { "strings-none", LPM_SYSTEM_CURRENT_MODES, "", "none", 0 },
    { "list", LPM_SYSTEM_MOVES, "a", NULL, 0 },
    { "sub", LPM_SYSTEM_POOL, "a", NULL, 0 },
};

static void test_text(gconstpointer data)
{
    const TextRow *row = data;
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);
    g_autoptr(GError) err = NULL;
    const LpmValue *value;

    if (row->shown == NULL) {
        g_assert_false(lpm_node_set_text(node, row->field, row->text, "o",
                                         &err));
        g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
        g_assert_null(lpm_node_get(node, row->field));
        g_assert_nonnull(strstr(err->message,
                                lpm_field_info(row->field)->name));
        return;
    }
    g_assert_true(lpm_node_set_text(node, row->field, row->text, "o", &err));
    g_assert_no_error(err);
    value = lpm_node_get(node, row->field);
    g_assert_nonnull(value);
    g_assert_cmpint(value->number, ==, row->number);
    {
        g_autofree char *shown = lpm_value_text(row->field, value);

        g_assert_cmpstr(shown, ==, row->shown);
    }
    g_assert_cmpstr(lpm_node_origin(node, row->field), ==, "o");
}

/* A version is kept as it was written, and as what it means. */
static void test_version(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_CONSOLE);
    g_autoptr(GError) err = NULL;
    const LpmValue *value;

    g_assert_true(lpm_node_set_text(node, LPM_CONSOLE_VERSION,
                                    "V7R7.4.0 SP1", NULL, &err));
    value = lpm_node_get(node, LPM_CONSOLE_VERSION);
    g_assert_cmpstr(value->text, ==, "V7R7.4.0 SP1");
    g_assert_cmpuint(value->version.parts[2], ==, 4);
    g_assert_cmpuint(value->version.service, ==, 1);
    g_assert_false(lpm_node_set_text(node, LPM_CONSOLE_VERSION, "new", NULL,
                                     &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    /* What was there is there still. */
    value = lpm_node_get(node, LPM_CONSOLE_VERSION);
    g_assert_cmpstr(value->text, ==, "V7R7.4.0 SP1");
}

static void test_absent(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);

    g_assert_cmpint(lpm_node_record(node), ==, LPM_RECORD_SYSTEM);
    g_assert_null(lpm_node_key(node));
    for (guint i = 0; i < LPM_FIELD__MAX; i++) {
        if (lpm_field_info((LpmField)i)->record == LPM_RECORD_SYSTEM) {
            g_assert_null(lpm_node_get(node, (LpmField)i));
            g_assert_null(lpm_node_origin(node, (LpmField)i));
            g_assert_null(lpm_node_why(node, (LpmField)i));
        }
    }
}

static void test_why(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);

    lpm_node_set_number(node, LPM_SYSTEM_LMB, 256, "file");
    lpm_node_set_absent(node, LPM_SYSTEM_LMB, "it went away");
    g_assert_null(lpm_node_get(node, LPM_SYSTEM_LMB));
    g_assert_null(lpm_node_origin(node, LPM_SYSTEM_LMB));
    g_assert_cmpstr(lpm_node_why(node, LPM_SYSTEM_LMB), ==, "it went away");
    lpm_node_set_number(node, LPM_SYSTEM_LMB, 128, "file 2");
    g_assert_cmpint(lpm_node_get(node, LPM_SYSTEM_LMB)->number, ==, 128);
    g_assert_cmpstr(lpm_node_origin(node, LPM_SYSTEM_LMB), ==, "file 2");
    g_assert_null(lpm_node_why(node, LPM_SYSTEM_LMB));
    lpm_node_set_absent(node, LPM_SYSTEM_LMB, NULL);
    g_assert_null(lpm_node_get(node, LPM_SYSTEM_LMB));
    g_assert_null(lpm_node_why(node, LPM_SYSTEM_LMB));
}

/* A value may be set from itself. */
static void test_replace(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);

    lpm_node_set_string(node, LPM_SYSTEM_NAME, "alpha", "file");
    lpm_node_set_string(node, LPM_SYSTEM_NAME,
                        lpm_node_get(node, LPM_SYSTEM_NAME)->text,
                        lpm_node_origin(node, LPM_SYSTEM_NAME));
    g_assert_cmpstr(lpm_node_key(node), ==, "alpha");
    g_assert_cmpstr(lpm_node_origin(node, LPM_SYSTEM_NAME), ==, "file");
    lpm_node_set_bool(node, LPM_SYSTEM_DPO, 4, "file");
    g_assert_cmpint(lpm_node_get(node, LPM_SYSTEM_DPO)->number, ==, 1);
}

static void test_lists(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);
    LpmNode *first;

    g_assert_null(lpm_node_find(node, LPM_SYSTEM_MOVES, "a"));
    lpm_node_set_empty(node, LPM_SYSTEM_MOVES, "file");
    g_assert_cmpuint(lpm_node_get(node, LPM_SYSTEM_MOVES)->items->len, ==,
                     0);
    first = lpm_node_item(node, LPM_SYSTEM_MOVES, "a", "file");
    g_assert_cmpstr(lpm_node_key(first), ==, "a");
    g_assert_true(lpm_node_item(node, LPM_SYSTEM_MOVES, "b", "file") !=
                  first);
    g_assert_true(lpm_node_item(node, LPM_SYSTEM_MOVES, "a", "file") ==
                  first);
    g_assert_true(lpm_node_find(node, LPM_SYSTEM_MOVES, "a") == first);
    g_assert_null(lpm_node_find(node, LPM_SYSTEM_MOVES, "c"));
    g_assert_cmpuint(lpm_node_get(node, LPM_SYSTEM_MOVES)->items->len, ==,
                     2);
    /* Without an empty list first. */
    g_assert_nonnull(lpm_node_item(node, LPM_SYSTEM_IOSERVERS, "v", "file"));
    g_assert_cmpstr(lpm_node_origin(node, LPM_SYSTEM_IOSERVERS), ==, "file");
    lpm_node_set_empty(node, LPM_SYSTEM_MOVES, "file");
    g_assert_null(lpm_node_find(node, LPM_SYSTEM_MOVES, "a"));
}

static void test_keys(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);
    g_autoptr(GHashTable) keys = NULL;
    LpmNode *second;

    lpm_node_append(node, LPM_SYSTEM_MOVES, "a", "file");
    second = lpm_node_append(node, LPM_SYSTEM_MOVES, "b", "file");
    g_assert_true(lpm_node_find(node, LPM_SYSTEM_MOVES, "b") == second);
    keys = lpm_node_keys(node, LPM_SYSTEM_MOVES);
    g_assert_cmpuint(g_hash_table_size(keys), ==, 2);
    g_assert_true(g_hash_table_lookup(keys, "b") == second);
    g_assert_null(g_hash_table_lookup(keys, "c"));
}

static void test_sub(void)
{
    g_autoptr(LpmNode) node = lpm_node_new(LPM_RECORD_SYSTEM);
    LpmNode *pool = lpm_node_sub(node, LPM_SYSTEM_POOL, "file");

    g_assert_cmpint(lpm_node_record(pool), ==, LPM_RECORD_POOL);
    g_assert_true(lpm_node_sub(node, LPM_SYSTEM_POOL, "other") == pool);
    g_assert_true(lpm_node_get(node, LPM_SYSTEM_POOL)->sub == pool);
    g_assert_cmpstr(lpm_node_origin(node, LPM_SYSTEM_POOL), ==, "file");
}

static LpmNode *system_a(void)
{
    LpmNode *node = lpm_node_new(LPM_RECORD_SYSTEM);
    LpmNode *move = lpm_node_item(node, LPM_SYSTEM_MOVES, "a", "A");

    lpm_node_set_number(node, LPM_SYSTEM_LMB, 256, "A");
    lpm_node_set_number(node, LPM_SYSTEM_MEM_FREE, 1024, "A");
    lpm_node_set_absent(node, LPM_SYSTEM_CPUS, "A cannot tell");
    lpm_node_set_string(move, LPM_RUNNING_PEER, "beta", "A");
    lpm_node_set_string(move, LPM_RUNNING_KIND, "active", "A");
    lpm_node_set_bool(lpm_node_sub(node, LPM_SYSTEM_POOL, "A"),
                      LPM_POOL_EXISTS, TRUE, "A");
    lpm_node_set_empty(node, LPM_SYSTEM_CURRENT_MODES, "A");
    return node;
}

static LpmNode *system_b(void)
{
    g_autoptr(GError) err = NULL;
    LpmNode *node = lpm_node_new(LPM_RECORD_SYSTEM);

    lpm_node_set_number(node, LPM_SYSTEM_LMB, 128, "B");
    lpm_node_set_absent(node, LPM_SYSTEM_MEM_FREE, "B cannot tell");
    lpm_node_set_absent(node, LPM_SYSTEM_HUGE_FREE, "B cannot tell");
    lpm_node_set_number(node, LPM_SYSTEM_CPUS, 8, "B");
    lpm_node_set_string(lpm_node_item(node, LPM_SYSTEM_MOVES, "b", "B"),
                        LPM_RUNNING_PEER, "gamma", "B");
    lpm_node_set_string(lpm_node_item(node, LPM_SYSTEM_MOVES, "a", "B"),
                        LPM_RUNNING_KIND, "inactive", "B");
    lpm_node_set_number(lpm_node_sub(node, LPM_SYSTEM_POOL, "B"),
                        LPM_POOL_SIZE, 4096, "B");
    g_assert_true(lpm_node_set_text(node, LPM_SYSTEM_CURRENT_MODES,
                                    "POWER7,POWER6", "B", &err));
    return node;
}

/* What @from has wins; what it has not stays. */
static void test_merge(void)
{
    g_autoptr(LpmNode) into = system_a();
    LpmNode *from = system_b();
    const LpmNode *pool;
    const LpmNode *move;

    lpm_node_merge(into, from);
    /* Nothing of it is shared. */
    lpm_node_free(from);
    g_assert_cmpint(lpm_node_get(into, LPM_SYSTEM_LMB)->number, ==, 128);
    g_assert_cmpstr(lpm_node_origin(into, LPM_SYSTEM_LMB), ==, "B");
    g_assert_cmpint(lpm_node_get(into, LPM_SYSTEM_MEM_FREE)->number, ==,
                    1024);
    g_assert_cmpint(lpm_node_get(into, LPM_SYSTEM_CPUS)->number, ==, 8);
    g_assert_cmpstr(lpm_node_why(into, LPM_SYSTEM_HUGE_FREE), ==,
                    "B cannot tell");
    g_assert_cmpuint(lpm_node_get(into, LPM_SYSTEM_MOVES)->items->len, ==,
                     2);
    move = lpm_node_find(into, LPM_SYSTEM_MOVES, "a");
    g_assert_cmpstr(lpm_node_get(move, LPM_RUNNING_PEER)->text, ==, "beta");
    g_assert_cmpstr(lpm_node_get(move, LPM_RUNNING_KIND)->text, ==,
                    "inactive");
    move = lpm_node_find(into, LPM_SYSTEM_MOVES, "b");
    g_assert_cmpstr(lpm_node_get(move, LPM_RUNNING_PEER)->text, ==, "gamma");
    pool = lpm_node_get(into, LPM_SYSTEM_POOL)->sub;
    g_assert_cmpint(lpm_node_get(pool, LPM_POOL_EXISTS)->number, ==, 1);
    g_assert_cmpint(lpm_node_get(pool, LPM_POOL_SIZE)->number, ==, 4096);
    g_assert_cmpuint(
        lpm_node_get(into, LPM_SYSTEM_CURRENT_MODES)->items->len, ==, 2);
}

/* An empty list is known, and so is its merge with nothing. */
static void test_merge_empty(void)
{
    g_autoptr(LpmNode) into = lpm_node_new(LPM_RECORD_SYSTEM);
    g_autoptr(LpmNode) from = lpm_node_new(LPM_RECORD_SYSTEM);

    lpm_node_merge(into, from);
    g_assert_null(lpm_node_get(into, LPM_SYSTEM_MOVES));
    lpm_node_set_empty(from, LPM_SYSTEM_MOVES, "file");
    lpm_node_merge(into, from);
    g_assert_nonnull(lpm_node_get(into, LPM_SYSTEM_MOVES));
    g_assert_cmpuint(lpm_node_get(into, LPM_SYSTEM_MOVES)->items->len, ==,
                     0);
}

/* Each type comes through a merge as it is. */
static void test_merge_types(gconstpointer data)
{
    const TextRow *row = data;
    g_autoptr(LpmNode) into = lpm_node_new(LPM_RECORD_SYSTEM);
    g_autoptr(LpmNode) from = lpm_node_new(LPM_RECORD_SYSTEM);
    g_autoptr(GError) err = NULL;
    g_autofree char *shown = NULL;

    g_assert_true(lpm_node_set_text(from, row->field, row->text, "o", &err));
    lpm_node_merge(into, from);
    shown = lpm_value_text(row->field, lpm_node_get(into, row->field));
    g_assert_cmpstr(shown, ==, row->shown);
    g_assert_cmpstr(lpm_node_origin(into, row->field), ==, "o");
}

static void test_merge_offer(void)
{
    g_autoptr(LpmNode) into = lpm_node_new(LPM_RECORD_QEMU);
    g_autoptr(LpmNode) from = lpm_node_new(LPM_RECORD_QEMU);

    lpm_node_set_offer(from, LPM_QEMU_OFFER, lpm_offer_new(), "QMP");
    lpm_node_set_bool(from, LPM_QEMU_LIVE, TRUE, "QMP");
    lpm_node_merge(into, from);
    g_assert_null(lpm_node_get(into, LPM_QEMU_OFFER));
    g_assert_nonnull(lpm_node_get(into, LPM_QEMU_LIVE));
    g_assert_nonnull(lpm_node_get(from, LPM_QEMU_OFFER));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = g_strconcat("/lpm/node/text/", texts[i].name,
                                            NULL);
        g_autofree char *merge = g_strconcat("/lpm/node/merge/",
                                             texts[i].name, NULL);

        g_test_add_data_func(path, &texts[i], test_text);
        if (texts[i].shown != NULL) {
            g_test_add_data_func(merge, &texts[i], test_merge_types);
        }
    }
    g_test_add_func("/lpm/node/version", test_version);
    g_test_add_func("/lpm/node/absent", test_absent);
    g_test_add_func("/lpm/node/why", test_why);
    g_test_add_func("/lpm/node/replace", test_replace);
    g_test_add_func("/lpm/node/lists", test_lists);
    g_test_add_func("/lpm/node/keys", test_keys);
    g_test_add_func("/lpm/node/sub", test_sub);
    g_test_add_func("/lpm/node/merge", test_merge);
    g_test_add_func("/lpm/node/merge-empty", test_merge_empty);
    g_test_add_func("/lpm/node/merge-offer", test_merge_offer);
    return g_test_run();
}
