/*
 * Run a fuzz target over files and folders of files
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A crash ends the program, with the file's name as the last line.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint replay_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    g_autofree guint8 *copy = NULL;
    gsize len;

    if (!g_file_get_contents(path, &content, &len, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 0;
    }
    printf("%s\n", path);
    fflush(stdout);
    /* Without the terminator that GLib adds: a sanitizer sees the end. */
    copy = g_memdup2(content, len);
    LLVMFuzzerTestOneInput(copy, len);
    return 1;
}

static guint replay(const char *path)
{
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;
    guint done = 0;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return replay_file(path);
    }
    dir = g_dir_open(path, 0, NULL);
    if (!dir) {
        return 0;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(dir))) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    for (guint i = 0; i < names->len; i++) {
        done += replay(g_ptr_array_index(names, i));
    }
    return done;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) == 0) {
            fprintf(stderr, "%s: nothing to replay\n", argv[i]);
            return 1;
        }
    }
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
        return 2;
    }
    return 0;
}
