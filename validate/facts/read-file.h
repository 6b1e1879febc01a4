/*
 * Files that somebody names: bounded, and nothing but files
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_READ_FILE_H
#define LPM_READ_FILE_H

#include <glib.h>

/**
 * lpm_read_file:
 * @max_bytes: a larger file is refused; what has told its size before is
 *   not even read
 * @wanted: what should be in there: "an inventory"
 *
 * A FIFO, a device or a directory is refused at once: reading one may never
 * end.
 *
 * Returns: (transfer full) (nullable): the bytes.
 * Errors: IO, LIMIT; one phrase without @path.  Threads: any.
 */
GString *lpm_read_file(const char *path, gsize max_bytes, const char *wanted,
                       GError **error);

/**
 * lpm_read_stream: as lpm_read_file(), of what is open already and may come
 * from a program: it waits for its end.
 */
GString *lpm_read_stream(int fd, gsize max_bytes, const char *wanted,
                         GError **error);

#endif /* LPM_READ_FILE_H */
