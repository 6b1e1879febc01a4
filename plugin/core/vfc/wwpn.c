/*
 * Names of Fibre Channel ports: which are valid, and pairs of new ones
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "vfc/wwpn.h"

#define WWPN_DIGITS     16
/* Lowest bit of the first byte of a MAC address, and of a company id. */
#define GROUP_OF_MAC        (G_GUINT64_CONSTANT(1) << 40)
#define GROUP_OF_COMPANY    (G_GUINT64_CONSTANT(1) << 52)
#define RESERVED_OF_NAA_1   (G_GUINT64_CONSTANT(0xfff) << 48)

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

gboolean lpm_vfc_wwpn_from_hex(const char *text, guint64 *ret_wwpn)
{
    return strlen(text) == WWPN_DIGITS && lpm_vfc_wwpn_parse(text, ret_wwpn);
}

char *lpm_vfc_wwpn_text(guint64 wwpn)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", wwpn);
}

const char *lpm_vfc_wwpn_fault(guint64 wwpn)
{
    switch (wwpn >> 60) {
    case 0x1:
        return (wwpn & RESERVED_OF_NAA_1) != 0 ?
               "behind the digit 1 (NAA) it has more than a MAC address" :
               (wwpn & GROUP_OF_MAC) != 0 ?
               "its MAC address is a multicast one" : NULL;
    case 0x2:
        return (wwpn & GROUP_OF_MAC) != 0 ?
               "its MAC address is a multicast one" : NULL;
    case 0x5:
        return (wwpn & GROUP_OF_COMPANY) != 0 ?
               "its company id is a multicast one" : NULL;
    case 0x3: case 0xc: case 0xd: case 0xe: case 0xf:
        return NULL;
    default:
        return "its first digit (NAA) is none of 1, 2, 3, 5, c, d, e and f";
    }
}

/* Digits that tell the owner; 0: no port has such a name. */
static guint owner_digits(guint naa)
{
    switch (naa) {
    case 0x1: case 0x2:
        return 10;
    case 0x3:
        return 1;
    case 0x5:
        return 7;
    case 0xc: case 0xd: case 0xe: case 0xf:
        return 6;
    default:
        return 0;
    }
}

static gboolean bad_prefix(GError **error, const char *text,
                           const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean bad_prefix(GError **error, const char *text,
                           const char *format, ...)
{
    g_autofree char *why = NULL;
    va_list args;

    va_start(args, format);
    why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "prefix '%s': %s",
                text, why);
    return FALSE;
}

gboolean lpm_vfc_prefix_parse(const char *text, LpmVfcPrefix *ret_prefix,
                              GError **error)
{
    LpmVfcPrefix prefix = { 0 };
    const char *fault;
    guint owner;

    for (; prefix.digits < WWPN_DIGITS &&
           g_ascii_isxdigit(text[prefix.digits]); prefix.digits++) {
        prefix.bits |= (guint64)g_ascii_xdigit_value(text[prefix.digits])
                       << (4 * (WWPN_DIGITS - 1 - prefix.digits));
    }
    if (prefix.digits == 0 || prefix.digits == WWPN_DIGITS ||
        text[prefix.digits] != '\0') {
        return bad_prefix(error, text, "wanted 1 to %d hexadecimal digits",
                          WWPN_DIGITS - 1);
    }
    owner = owner_digits((guint)(prefix.bits >> 60));
    fault = lpm_vfc_wwpn_fault(prefix.bits);
    if (fault != NULL) {
        return bad_prefix(error, text, "no port has such a name: %s", fault);
    }
    if (prefix.digits < owner) {
        return bad_prefix(error, text, "got %u digits, wanted at least %u: "
                          "names that begin with %c tell by them whose they "
                          "are", prefix.digits, owner,
                          g_ascii_tolower(text[0]));
    }
    *ret_prefix = prefix;
    return TRUE;
}

guint64 lpm_vfc_prefix_pairs(const LpmVfcPrefix *prefix)
{
    return G_GUINT64_CONSTANT(1) << (4 * (WWPN_DIGITS - prefix->digits) - 1);
}

guint64 lpm_vfc_prefix_pair(const LpmVfcPrefix *prefix, guint64 index)
{
    g_assert(index < lpm_vfc_prefix_pairs(prefix));
    return prefix->bits | index << 1;
}
