/*
 * Inventories below the command line: the scan, merging, paths, numbers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/fact-path.h"
#include "facts/inventory.h"
#include "facts/json-scan.h"
#include "facts/json-write.h"

static gboolean scan(const char *text, gsize len, guint values,
                     guint objects, GError **error)
{
    LpmJsonBounds bounds = { .values = values, .objects = objects };
    /* without a terminator: a sanitizer sees a read behind the end */
    g_autofree char *copy = g_memdup2(text, len);

    return lpm_json_scan(copy, len, "x", &bounds, error);
}

/* Every prefix of a document that has all there is: no read too far. */
static void test_scan_prefixes(void)
{
    static const char text[] =
        "{\"a\\u00e4\\ud83d\\ude00\": [1, -0.5e+3, true, null, \"\\n\"], "
        "\"b\": {}}";

    g_assert_true(scan(text, strlen(text), 0, 0, NULL));
    for (gsize len = 0; len < strlen(text); len++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(scan(text, len, 0, 0, &err));
        g_assert_true(err->code == LPM_ERROR_TRUNCATED ||
                      err->code == LPM_ERROR_MALFORMED);
    }
}

static void test_scan_bounds(void)
{
    const struct {
        const char *text;
        guint values;
        guint objects;
        gboolean ok;
    } rows[] = {
        { "[1,2]", 3, 0, TRUE },
        { "[1,2]", 2, 0, FALSE },
        { "[[],{}]", 0, 3, TRUE },
        { "[[],{}]", 0, 2, FALSE },
        { "{\"a\":1}", 2, 1, TRUE },
        { "{\"a\":1}", 1, 1, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_true(scan(rows[i].text, strlen(rows[i].text),
                           rows[i].values, rows[i].objects, &err) ==
                      rows[i].ok);
        if (!rows[i].ok) {
            g_assert_error(err, LPM_ERROR, LPM_ERROR_LIMIT);
        }
    }
}

static void test_numbers(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0.1, "0.1" }, { 0.05, "0.05" }, { 1.5, "1.5" },
        { 17592186044.416, "17592186044.416" }, { 1.0 / 3, "0.33333" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(JsonNode) node = json_node_init_double(
            json_node_alloc(), rows[i].value);
        GString *out = g_string_new(NULL);
        double back;

        lpm_json_write(out, node, -1);
        back = g_ascii_strtod(out->str, NULL);
        g_assert_true(g_str_has_prefix(out->str, rows[i].text));
        g_assert_true(!(back < rows[i].value) && !(back > rows[i].value));
        g_string_free(out, TRUE);
    }
}

static LpmNode *list_of(guint n, guint from)
{
    LpmNode *system = lpm_node_new(LPM_RECORD_SYSTEM);

    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("p%u", from + i);

        lpm_node_set_number(lpm_node_append(system, LPM_SYSTEM_PARTITIONS,
                                            name, "test"),
                            LPM_PARTITION_ID, from, "test");
    }
    return system;
}

/* Half is new, half is known; the order is that of coming. */
static void test_merge_many(void)
{
    g_autoptr(LpmNode) into = list_of(20000, 0);
    g_autoptr(LpmNode) from = list_of(20000, 10000);
    const LpmValue *all;

    lpm_node_merge(into, from);
    all = lpm_node_get(into, LPM_SYSTEM_PARTITIONS);
    g_assert_cmpuint(all->items->len, ==, 30000);
    for (guint i = 0; i < 30000; i++) {
        g_autofree char *name = g_strdup_printf("p%u", i);
        const LpmNode *item = g_ptr_array_index(all->items, i);

        g_assert_cmpstr(lpm_node_key(item), ==, name);
        g_assert_cmpint(lpm_node_get(item, LPM_PARTITION_ID)->number, ==,
                        i < 10000 ? 0 : 10000);
    }
}

static void test_select_among_many(void)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(LpmNode) from = list_of(3, 0);

    lpm_node_merge(lpm_facts_system(facts, LPM_SIDE_SOURCE), from);
    g_assert_null(lpm_facts_partition(facts));
    g_assert_true(lpm_facts_select(facts, "p1"));
    g_assert_cmpstr(lpm_node_key(lpm_facts_partition(facts)), ==, "p1");
    g_assert_false(lpm_facts_select(facts, "p7"));
    g_assert_cmpstr(lpm_node_key(lpm_facts_partition(facts)), ==, "p1");
    /* the choice is a name: it follows when the list is another one */
    lpm_node_set_empty(lpm_facts_system(facts, LPM_SIDE_SOURCE),
                       LPM_SYSTEM_PARTITIONS, "test");
    g_assert_null(lpm_facts_partition(facts));
    lpm_node_append(lpm_facts_system(facts, LPM_SIDE_SOURCE),
                    LPM_SYSTEM_PARTITIONS, "p1", "test");
    g_assert_cmpstr(lpm_node_key(lpm_facts_partition(facts)), ==, "p1");
}

static void see(const char *path, const LpmNode *node, LpmField field,
                gpointer opaque)
{
    GPtrArray *paths = opaque;

    (void)node;
    if (field == LPM_DISK_VOLUME) {
        g_ptr_array_add(paths, g_strdup(path));
    }
}

/* What visit() prints, set() takes, whatever the keys are. */
static void test_paths_of_odd_keys(void)
{
    static const char *const keys[] = {
        "vda", "a.b", "[", "]", "].", "\\", "\\]", "=", "a]=b", " ",
    };
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    LpmNode *source = lpm_facts_system(facts, LPM_SIDE_SOURCE);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        LpmNode *disk = lpm_node_item(
            lpm_node_item(source, LPM_SYSTEM_PARTITIONS, keys[i], "test"),
            LPM_PARTITION_DISKS, keys[i], "test");

        lpm_node_set_string(disk, LPM_DISK_VOLUME, "old", "test");
    }
    lpm_facts_visit(source, "source", see, paths);
    g_assert_cmpuint(paths->len, ==, G_N_ELEMENTS(keys));
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *assignment = g_strconcat(
            g_ptr_array_index(paths, i), "=", keys[i], NULL);
        g_autoptr(GError) err = NULL;
        const LpmNode *disk;

        g_assert_true(lpm_facts_set_assignment(facts, assignment, "--set",
                                               &err));
        disk = lpm_node_find(lpm_node_find(source, LPM_SYSTEM_PARTITIONS,
                                           keys[i]),
                             LPM_PARTITION_DISKS, keys[i]);
        g_assert_cmpstr(lpm_node_get(disk, LPM_DISK_VOLUME)->text, ==,
                        keys[i]);
        g_assert_cmpstr(lpm_node_origin(disk, LPM_DISK_VOLUME), ==, "--set");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/inventory/scan/prefixes", test_scan_prefixes);
    g_test_add_func("/lpm/inventory/scan/bounds", test_scan_bounds);
    g_test_add_func("/lpm/inventory/write/numbers", test_numbers);
    g_test_add_func("/lpm/inventory/merge/many", test_merge_many);
    g_test_add_func("/lpm/inventory/select/many", test_select_among_many);
    g_test_add_func("/lpm/inventory/path/odd-keys", test_paths_of_odd_keys);
    return g_test_run();
}
