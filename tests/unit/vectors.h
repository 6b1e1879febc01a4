/*
 * Test vectors of tests/data: tables and records
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_TEST_VECTORS_H
#define LPM_TEST_VECTORS_H

#include <glib.h>

static inline char *vector_path(const char *name)
{
    const char *dir = g_getenv("LPM_TEST_DATA");

    if (!dir) {
        g_error("LPM_TEST_DATA is not set: run this with meson test");
    }
    return g_build_filename(dir, name, NULL);
}

/* The file's bytes; the test ends if it cannot be read. */
static inline GBytes *vector_bytes(const char *name)
{
    g_autofree char *path = vector_path(name);
    g_autoptr(GError) error = NULL;
    char *content;
    gsize len;

    if (!g_file_get_contents(path, &content, &len, &error)) {
        g_error("%s", error->message);
    }
    return g_bytes_new_take(content, len);
}

static inline void vector_row_free(gpointer row)
{
    g_strfreev(row);
}

/* Rows of a table: GStrv of @columns cells; lines with "#" are skipped. */
static inline GPtrArray *vector_table(const char *name, guint columns)
{
    g_autoptr(GBytes) bytes = vector_bytes(name);
    gsize len;
    const char *data = g_bytes_get_data(bytes, &len);
    g_autofree char *text = g_strndup(data, len);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *rows = g_ptr_array_new_with_free_func(vector_row_free);

    for (guint i = 0; lines[i]; i++) {
        char **row;

        if (lines[i][0] == '#' || lines[i][0] == '\0') {
            continue;
        }
        row = g_strsplit(lines[i], "\t", -1);
        g_assert_cmpuint(g_strv_length(row), ==, columns);
        g_ptr_array_add(rows, row);
    }
    return rows;
}

#endif /* LPM_TEST_VECTORS_H */
