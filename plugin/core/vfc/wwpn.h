/*
 * Names of Fibre Channel ports: which are valid, and pairs of new ones
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_WWPN_H
#define LPM_VFC_WWPN_H

#include <glib.h>

/*
 * Theory of operation
 *
 * A WWPN has 64 bits.  The first digit, the network address authority, says
 * what the rest is (FC-FS, Name_Identifier formats):
 *
 *   NAA      bits behind it                         digits of the owner
 *   1        12 zero, 48 MAC address                1000 + 6
 *   2        12 free, 48 MAC address                2 + 3 + 6
 *   3        60 free: assigned locally              3
 *   5        24 company id, 36 free                 5 + 6
 *   c to f   (2 of the digit and) 20: a company id  6
 *            without its two low bits in the first
 *            byte, then 40 free
 *
 * 4 is an IP address and 6 half of a 128-bit name, 0 and 7 to b mean nothing:
 * no ports.  In a company id or a MAC address the lowest bit of the first
 * byte says "a group", which no port is.  PowerVM's c05076 is IBM's company
 * id 00-50-76 in the last form.
 *
 * A prefix fixes the first digits, at least all that say who owns the name.
 * The names with that prefix make pairs: an even one and the next.
 */

/**
 * lpm_vfc_wwpn_parse: @text: 16 hexadecimal digits, colons between pairs
 * allowed.  Returns: false if it is none, or is all zeros.
 */
gboolean lpm_vfc_wwpn_parse(const char *text, guint64 *ret_wwpn);

/** lpm_vfc_wwpn_from_hex: the same, as machines write it: no colons. */
gboolean lpm_vfc_wwpn_from_hex(const char *text, guint64 *ret_wwpn);

/** lpm_vfc_wwpn_text: Returns: (transfer full): 16 hexadecimal digits. */
char *lpm_vfc_wwpn_text(guint64 wwpn);

/**
 * lpm_vfc_wwpn_fault:
 *
 * Returns: (nullable): static: why no port can have that name; NULL: one can.
 * Threads: any.
 */
const char *lpm_vfc_wwpn_fault(guint64 wwpn);

typedef struct LpmVfcPrefix {
    guint64 bits;           /* the digits, highest first; the rest is zero */
    guint digits;           /* 1..15 */
} LpmVfcPrefix;

/**
 * lpm_vfc_prefix_parse:
 * @text: hexadecimal digits, nothing else
 * @ret_prefix: set on success only
 *
 * Every name with that prefix is a valid one, and its owner is told by the
 * prefix alone.
 *
 * Returns: true on success.
 * Errors: MALFORMED: what came and what was wanted.  Threads: any.
 */
gboolean lpm_vfc_prefix_parse(const char *text, LpmVfcPrefix *ret_prefix,
                              GError **error);

/** lpm_vfc_prefix_pairs: Returns: how many there are: 8 .. 2^59. */
guint64 lpm_vfc_prefix_pairs(const LpmVfcPrefix *prefix);

/**
 * lpm_vfc_prefix_pair:
 * @index: below lpm_vfc_prefix_pairs() (an assertion: our own bug)
 *
 * Returns: the first name of the pair, which is even; the second is the next.
 */
guint64 lpm_vfc_prefix_pair(const LpmVfcPrefix *prefix, guint64 index);

#endif /* LPM_VFC_WWPN_H */
