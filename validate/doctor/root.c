/*
 * Files below a folder that stands for the root of the file system
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "doctor/root.h"
#include "error/lpm-error.h"
#include "facts/read-file.h"

#define LINKS_MAX    40u
#define ENTRIES_MAX  65536u
#define SHORT_FILE   (64u << 10)

static void failed(int code, GError **error)
{
    g_set_error_literal(error, LPM_ERROR,
                        code == ENOENT || code == ENOTDIR ?
                        LPM_ERROR_STATE : LPM_ERROR_IO, g_strerror(code));
}

/* "/a/b" of "a", "b"; "/" of none. */
static char *join(const GPtrArray *parts)
{
    GString *path = g_string_new(NULL);

    for (guint i = 0; i < parts->len; i++) {
        g_string_append_c(path, '/');
        g_string_append(path, g_ptr_array_index(parts, i));
    }
    if (path->len == 0) {
        g_string_append_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

/* (transfer full) (nullable) */
static char *read_link(const char *full, GError **error)
{
    char target[PATH_MAX];
    ssize_t len = readlink(full, target, sizeof(target));

    if (len < 0 || len == (ssize_t)sizeof(target)) {
        failed(len < 0 ? errno : ENAMETOOLONG, error);
        return NULL;
    }
    return g_strndup(target, (gsize)len);
}

char *lpm_root_full(const char *root, const char *found)
{
    return g_strconcat(root, found, NULL);
}

char *lpm_root_find(const char *root, const char *path, gboolean follow,
                    struct stat *ret_info, GError **error)
{
    g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *rest = g_strdup(path);
    guint links = 0;

    for (;;) {
        gsize skip = strspn(rest, "/");
        gsize len = strcspn(rest + skip, "/");
        g_autofree char *part = g_strndup(rest + skip, len);
        g_autofree char *left = g_strdup(rest + skip + len);
        gboolean last = left[strspn(left, "/")] == '\0';
        g_autofree char *here = NULL;
        g_autofree char *full = NULL;
        g_autofree char *target = NULL;

        if (g_str_equal(part, "..") && done->len > 0) {
            g_ptr_array_remove_index(done, done->len - 1);
        } else if (len > 0 && !g_str_equal(part, ".") &&
                   !g_str_equal(part, "..")) {
            g_ptr_array_add(done, g_strdup(part));
        }
        here = join(done);
        full = lpm_root_full(root, here);
        if (lstat(full, ret_info) != 0) {
            failed(errno, error);
            return NULL;
        }
        if (!S_ISLNK(ret_info->st_mode) || (last && !follow)) {
            if (last) {
                return g_steal_pointer(&here);
            }
            if (!S_ISDIR(ret_info->st_mode)) {
                failed(ENOTDIR, error);
                return NULL;
            }
            g_free(rest);
            rest = g_steal_pointer(&left);
            continue;
        }
        if (++links > LINKS_MAX) {
            g_set_error_literal(error, LPM_ERROR, LPM_ERROR_LIMIT,
                                "links in a circle");
            return NULL;
        }
        target = read_link(full, error);
        if (target == NULL) {
            return NULL;
        }
        g_ptr_array_set_size(done, target[0] == '/' ? 0 :
                                   (gint)done->len - 1);
        g_free(rest);
        rest = g_strconcat(target, "/", left, NULL);
        if (strlen(rest) > PATH_MAX) {
            failed(ENAMETOOLONG, error);
            return NULL;
        }
    }
}

gboolean lpm_root_is(const char *root, const char *path)
{
    struct stat info;
    g_autofree char *found = lpm_root_find(root, path, TRUE, &info, NULL);

    return found != NULL;
}

GString *lpm_root_read(const char *root, const char *path, gsize max_bytes,
                       const char *wanted, GError **error)
{
    struct stat info;
    g_autofree char *found = lpm_root_find(root, path, TRUE, &info, error);
    g_autofree char *full = NULL;

    if (found == NULL) {
        return NULL;
    }
    full = lpm_root_full(root, found);
    return lpm_read_file(full, max_bytes, wanted, error);
}

char *lpm_root_text(const char *root, const char *path)
{
    g_autoptr(GString) text = lpm_root_read(root, path, SHORT_FILE, "text",
                                            NULL);

    if (text == NULL || !g_utf8_validate(text->str, (gssize)text->len,
                                         NULL)) {
        return NULL;
    }
    return g_strstrip(g_strndup(text->str, text->len));
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *lpm_root_list(const char *root, const char *path, GError **error)
{
    struct stat info;
    g_autofree char *found = lpm_root_find(root, path, TRUE, &info, error);
    g_autoptr(GPtrArray) names = NULL;
    g_autofree char *full = NULL;
    const char *name;
    GDir *dir;

    if (found == NULL) {
        return NULL;
    }
    if (!S_ISDIR(info.st_mode)) {
        failed(ENOTDIR, error);
        return NULL;
    }
    full = lpm_root_full(root, found);
    errno = 0;
    dir = g_dir_open(full, 0, NULL);
    if (dir == NULL) {
        failed(errno != 0 ? errno : EIO, error);
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(dir)) != NULL &&
           names->len <= ENTRIES_MAX) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_dir_close(dir);
    if (names->len > ENTRIES_MAX) {
        g_set_error_literal(error, LPM_ERROR, LPM_ERROR_LIMIT,
                            "too many entries");
        return NULL;
    }
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}
