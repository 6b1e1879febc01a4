/*
 * Libraries that are loaded when they are first needed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For what brings many others with it, and what most calls of lpm need not:
 * loading it would take longer than judging a partition from a file.
 */
#ifndef LPM_LIBRARY_H
#define LPM_LIBRARY_H

#include <glib.h>

typedef struct LpmLibraryCall {
    const char *name;
    gsize offset;           /* of its pointer in the table */
} LpmLibraryCall;

/**
 * lpm_library_load:
 * @file: name of the library, such as "libvirt.so.0"
 * @remedy: what to install
 * @calls: the functions that are wanted, a row without a name at the end
 * @ret_table: (out): struct of function pointers, all set on success
 *
 * The library stays loaded for as long as the process lives.
 *
 * Errors: UNSUPPORTED (no such library here, or one without a function).
 * Threads: any.
 */
gboolean lpm_library_load(const char *file, const char *remedy,
                          const LpmLibraryCall *calls, void *ret_table,
                          GError **error);

#endif /* LPM_LIBRARY_H */
