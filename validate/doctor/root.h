/*
 * Files below a folder that stands for the root of the file system
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_DOCTOR_ROOT_H
#define LPM_DOCTOR_ROOT_H

#include <glib.h>
#include <sys/stat.h>

/*
 * @root of all: a path, or "" for the file system's own.  @path of all begins
 * with a slash; absolute links and ".." stay below @root, as after chroot().
 *
 * Errors of all: STATE (there is no such file), LIMIT (links in a circle, or
 * too large), IO (the rest); one phrase without @path.  Threads: any.
 */

/**
 * lpm_root_find:
 * @follow: FALSE: the last part may be a link
 *
 * Returns: (transfer full) (nullable): where it really stands, from @root on:
 * no part but the last one is a link.
 */
char *lpm_root_find(const char *root, const char *path, gboolean follow,
                    struct stat *ret_info, GError **error);

/** lpm_root_full: (transfer full): of what lpm_root_find() said. */
char *lpm_root_full(const char *root, const char *found);

/** lpm_root_is: whether there is such a file, links followed. */
gboolean lpm_root_is(const char *root, const char *path);

/** lpm_root_read: (transfer full) (nullable): as lpm_read_file(). */
GString *lpm_root_read(const char *root, const char *path, gsize max_bytes,
                       const char *wanted, GError **error);

/**
 * lpm_root_text: (transfer full) (nullable): a short file of /proc or /sys,
 * stripped; NULL if it is not there, or no text.
 */
char *lpm_root_text(const char *root, const char *path);

/**
 * lpm_root_list: (transfer full) (nullable): names in a folder, sorted.
 *
 * Errors: LIMIT also if there are too many to look at.
 */
GPtrArray *lpm_root_list(const char *root, const char *path, GError **error);

#endif /* LPM_DOCTOR_ROOT_H */
