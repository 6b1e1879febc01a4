/*
 * The one GError domain of the pure code
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "lpm-error.h"

GQuark lpm_error_quark(void)
{
    return g_quark_from_static_string("lpm-error-quark");
}
