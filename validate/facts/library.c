/*
 * Libraries that are loaded when they are first needed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <dlfcn.h>

#include "error/lpm-error.h"
#include "facts/library.h"

static gboolean fail(const char *remedy, GError **error)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                "cannot use a library: %s: install %s", dlerror(), remedy);
    return FALSE;
}

gboolean lpm_library_load(const char *file, const char *remedy,
                          const LpmLibraryCall *calls, void *ret_table,
                          GError **error)
{
    /* Never closed: an abandoned call may run in it until the process ends. */
    void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);

    if (library == NULL) {
        return fail(remedy, error);
    }
    for (; calls->name != NULL; calls++) {
        void *symbol = dlsym(library, calls->name);

        if (symbol == NULL) {
            return fail(remedy, error);
        }
        *(void **)((char *)ret_table + calls->offset) = symbol;
    }
    return TRUE;
}
