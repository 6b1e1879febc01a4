/*
 * Load libvirt's library when it is first needed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <dlfcn.h>

#include "error/lpm-error.h"
#include "facts/libvirt-calls.h"

/* The name has been the same since version 0.1. */
#define LIBRARY "libvirt.so.0"

static gboolean fail(GError **error)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                "cannot use libvirt's library: %s: install libvirt0 (7.0 or "
                "newer)", dlerror());
    return FALSE;
}

gboolean lpm_libvirt_calls_load(LpmLibvirtCalls *ret_calls, GError **error)
{
    /* Never closed: an abandoned call may run in it until the process ends. */
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

    if (library == NULL) {
        return fail(error);
    }
#define LPM_LIBVIRT_CALL(name) \
    *(void **)&ret_calls->name = dlsym(library, "vir" #name); \
    if (ret_calls->name == NULL) { \
        return fail(error); \
    }
    LPM_LIBVIRT_CALLS(LPM_LIBVIRT_CALL)
#undef LPM_LIBVIRT_CALL
    return TRUE;
}
