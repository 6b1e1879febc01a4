/*
 * From the core's errors to QEMU's
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_ERROR_GLUE_H
#define LPM_ERROR_GLUE_H

#include "qapi/error.h"

/*
 * Set @errp from @gerr with @prefix in front, and free @gerr. Never called
 * without an error.
 */
static inline void lpm_error_to_qemu(Error **errp, GError **gerr,
                                     const char *prefix)
{
    error_setg(errp, "%s%s", prefix, (*gerr)->message);
    g_clear_error(gerr);
}

#endif /* LPM_ERROR_GLUE_H */
