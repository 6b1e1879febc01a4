/*
 * Names of Fibre Channel ports: WWPNs as text
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_WWPN_H
#define LPM_VFC_WWPN_H

#include <glib.h>

/**
 * lpm_vfc_wwpn_parse: @text: 16 hexadecimal digits, colons between pairs
 * allowed.  Returns: false if it is none, or is all zeros.
 */
gboolean lpm_vfc_wwpn_parse(const char *text, guint64 *ret_wwpn);

#endif /* LPM_VFC_WWPN_H */
