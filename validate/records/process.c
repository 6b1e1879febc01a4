/*
 * Who still lives: processes and boots, from /proc
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/read-file.h"
#include "records/process.h"

#define PROC_FILE_MAX  4096u

/* Places behind the name, which may have spaces and ")" in it. */
enum { STAT_STATE = 0, STAT_START = 19 };

static char *read_proc(const char *root, const char *name)
{
    g_autofree char *path = g_strconcat(root, "/proc/", name, NULL);
    g_autoptr(GError) err = NULL;
    GString *text = lpm_read_file(path, PROC_FILE_MAX, "a file of /proc",
                                  &err);

    return text != NULL ? g_string_free(text, FALSE) : NULL;
}

guint64 lpm_process_start(const char *root, gint64 pid)
{
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT "/stat",
                                            pid);
    g_autofree char *text = pid > 0 ? read_proc(root, name) : NULL;
    const char *end = text != NULL ? strrchr(text, ')') : NULL;
    g_auto(GStrv) fields = NULL;
    guint64 start;

    if (end == NULL || end[1] != ' ') {
        return 0;
    }
    fields = g_strsplit(end + 2, " ", STAT_START + 2);
    if (g_strv_length(fields) <= STAT_START ||
        strchr("ZXx", fields[STAT_STATE][0]) != NULL ||
        !g_ascii_string_to_unsigned(fields[STAT_START], 10, 0, G_MAXINT64,
                                    &start, NULL)) {
        return 0;
    }
    /* what began with the kernel would read as "none" */
    return MAX(start, 1);
}

char *lpm_boot_id(const char *root)
{
    char *text = read_proc(root, "sys/kernel/random/boot_id");

    return text != NULL ? g_strstrip(text) : g_strdup("");
}
