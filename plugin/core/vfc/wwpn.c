/*
 * Names of Fibre Channel ports: WWPNs as text
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vfc/wwpn.h"

gboolean lpm_vfc_wwpn_parse(const char *text, guint64 *ret_wwpn)
{
    guint64 wwpn = 0;
    guint digits = 0;

    for (; *text != '\0'; text++) {
        if (*text == ':' && digits > 0 && digits % 2 == 0 && digits < 16 &&
            text[-1] != ':') {
            continue;
        }
        if (!g_ascii_isxdigit(*text) || digits == 16) {
            return FALSE;
        }
        wwpn = wwpn << 4 | (guint64)g_ascii_xdigit_value(*text);
        digits++;
    }
    if (digits != 16 || wwpn == 0) {
        return FALSE;
    }
    *ret_wwpn = wwpn;
    return TRUE;
}
