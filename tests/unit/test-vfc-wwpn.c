/*
 * Names of Fibre Channel ports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "error/lpm-error.h"
#include "vfc/wwpn.h"

#define WWPN    G_GUINT64_CONSTANT(0xc0507606d5a20001)

typedef struct Wwpn {
    const char *name;
    const char *text;
    guint64 wwpn;           /* 0: not one */
} Wwpn;

static const Wwpn wwpns[] = {
    { "digits", "c0507606d5a20001", WWPN },
    { "upper-case", "C0507606D5A20001", WWPN },
    { "colons", "c0:50:76:06:d5:a2:00:01", WWPN },
    { "least", "0000000000000001", 1 },
    { "most", "ffffffffffffffff", G_MAXUINT64 },
    { "empty", "", 0 },
    { "zeros", "0000000000000000", 0 },
    { "short", "c0507606d5a2000", 0 },
    { "long", "c0507606d5a200010", 0 },
    { "long-by-colon", "c0507606d5a20001:", 0 },
    { "colon-first", ":c0507606d5a20001", 0 },
    { "colon-twice", "c0::507606d5a20001", 0 },
    { "colon-in-pair", "c:0507606d5a20001", 0 },
    { "colons-only", ":::::::", 0 },
    { "prefix", "0xc0507606d5a20001", 0 },
    { "prefix-in-16", "0x507606d5a20001", 0 },
    { "naa", "naa.c0507606d5a20001", 0 },
    { "blank-before", " c0507606d5a20001", 0 },
    { "blank-behind", "c0507606d5a20001 ", 0 },
    { "line-end", "c0507606d5a20001\n", 0 },
    { "sign", "-c0507606d5a2001", 0 },
    { "letter", "c0507606d5a2000g", 0 },
    { "dashes", "c0-50-76-06-d5-a2-00-01", 0 },
    { "not-ascii", "c0507606d5a2000\xc3\xa9", 0 },
};

static void test_wwpn(gconstpointer data)
{
    const Wwpn *row = data;
    guint64 wwpn = 42;

    g_assert_cmpint(lpm_vfc_wwpn_parse(row->text, &wwpn), ==,
                    row->wwpn != 0);
    g_assert_cmphex(wwpn, ==, row->wwpn != 0 ? row->wwpn : 42);
    /* as machines write it: the same, but for colons */
    g_assert_cmpint(lpm_vfc_wwpn_from_hex(row->text, &wwpn), ==,
                    row->wwpn != 0 && strchr(row->text, ':') == NULL);
    if (row->wwpn != 0) {
        g_autofree char *text = lpm_vfc_wwpn_text(row->wwpn);
        guint64 again = 0;

        g_assert_true(lpm_vfc_wwpn_from_hex(text, &again));
        g_assert_cmphex(again, ==, row->wwpn);
    }
}

/* Which names a port can have */

typedef struct Fault {
    const char *name;
    guint64 wwpn;
    const char *fault;      /* part of it; NULL: valid */
} Fault;

static const Fault faults[] = {
    { "zero", 0, "first digit" },
    { "naa-0", G_GUINT64_CONSTANT(0x0507606d5a200011), "first digit" },
    { "naa-1", G_GUINT64_CONSTANT(0x1000005076123456), NULL },
    { "naa-1-reserved", G_GUINT64_CONSTANT(0x1001005076123456),
      "more than a MAC" },
    { "naa-1-multicast", G_GUINT64_CONSTANT(0x1000015076123456),
      "MAC address is a multicast" },
    { "naa-1-local", G_GUINT64_CONSTANT(0x1000025076123456), NULL },
    { "naa-2", G_GUINT64_CONSTANT(0x2abc005076123456), NULL },
    { "naa-2-multicast", G_GUINT64_CONSTANT(0x2000010000000000),
      "MAC address is a multicast" },
    { "naa-3", G_GUINT64_CONSTANT(0x3fffffffffffffff), NULL },
    { "naa-4", G_GUINT64_CONSTANT(0x4000000000000001), "first digit" },
    { "naa-5", G_GUINT64_CONSTANT(0x5001a4a123456789), NULL },
    { "naa-5-multicast", G_GUINT64_CONSTANT(0x5011a4a123456789),
      "company id is a multicast" },
    { "naa-5-vendor-bits", G_GUINT64_CONSTANT(0x5001a4afffffffff), NULL },
    { "naa-6", G_GUINT64_CONSTANT(0x6005076123456789), "first digit" },
    { "naa-7", G_GUINT64_CONSTANT(0x7005076123456789), "first digit" },
    { "naa-b", G_GUINT64_CONSTANT(0xb005076123456789), "first digit" },
    { "naa-c", WWPN, NULL },
    { "naa-d", G_GUINT64_CONSTANT(0xd000000000000000), NULL },
    { "naa-f", G_MAXUINT64, NULL },
};

static void test_fault(gconstpointer data)
{
    const Fault *row = data;
    const char *fault = lpm_vfc_wwpn_fault(row->wwpn);

    g_assert_cmpint(fault == NULL, ==, row->fault == NULL);
    g_assert_true(fault == NULL || strstr(fault, row->fault) != NULL);
}

/* Prefixes of new pairs */

typedef struct Prefix {
    const char *name;
    const char *text;
    guint digits;           /* 0: none */
    guint64 bits;
    const char *error;      /* part of it */
} Prefix;

static const Prefix prefixes[] = {
    { "ibm", "c05076", 6, G_GUINT64_CONSTANT(0xc050760000000000), NULL },
    { "upper-case", "C05076", 6, G_GUINT64_CONSTANT(0xc050760000000000),
      NULL },
    { "server", "c0507606d5a2", 12, G_GUINT64_CONSTANT(0xc0507606d5a20000),
      NULL },
    { "longest", "c0507606d5a2000", 15,
      G_GUINT64_CONSTANT(0xc0507606d5a20000), NULL },
    { "libvirt", "5001a4a", 7, G_GUINT64_CONSTANT(0x5001a4a000000000),
      NULL },
    { "local", "3", 1, G_GUINT64_CONSTANT(0x3000000000000000), NULL },
    { "naa-1", "1000005076", 10, G_GUINT64_CONSTANT(0x1000005076000000),
      NULL },
    { "naa-2", "2abc005076", 10, G_GUINT64_CONSTANT(0x2abc005076000000),
      NULL },
    { "empty", "", 0, 0, "wanted 1 to 15 hexadecimal digits" },
    { "whole", "c0507606d5a20000", 0, 0, "wanted 1 to 15" },
    { "colons", "c0:50:76", 0, 0, "wanted 1 to 15" },
    { "hex", "0xc05076", 0, 0, "wanted 1 to 15" },
    { "letter", "c0507g", 0, 0, "wanted 1 to 15" },
    { "blank", " c05076", 0, 0, "wanted 1 to 15" },
    { "short-c", "c0507", 0, 0, "got 5 digits, wanted at least 6" },
    { "short-5", "5001A4", 0, 0, "got 6 digits, wanted at least 7" },
    { "short-1", "100000507", 0, 0, "got 9 digits, wanted at least 10" },
    { "short-2", "2", 0, 0, "got 1 digits, wanted at least 10" },
    { "naa-0", "05076", 0, 0, "first digit" },
    { "naa-6", "6005076", 0, 0, "first digit" },
    { "multicast", "5011a4a", 0, 0, "multicast" },
    { "reserved", "1001005076", 0, 0, "more than a MAC" },
};

static void test_prefix(gconstpointer data)
{
    const Prefix *row = data;
    LpmVfcPrefix prefix = { .bits = 42, .digits = 42 };
    g_autoptr(GError) error = NULL;
    guint64 pairs;

    if (row->digits == 0) {
        g_assert_false(lpm_vfc_prefix_parse(row->text, &prefix, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
        g_assert_nonnull(strstr(error->message, row->error));
        g_assert_cmpuint(prefix.bits, ==, 42);
        return;
    }
    g_assert_true(lpm_vfc_prefix_parse(row->text, &prefix, &error));
    g_assert_no_error(error);
    g_assert_cmphex(prefix.bits, ==, row->bits);
    g_assert_cmpuint(prefix.digits, ==, row->digits);
    pairs = lpm_vfc_prefix_pairs(&prefix);
    g_assert_cmphex(lpm_vfc_prefix_pair(&prefix, 0), ==, row->bits);
    g_assert_cmphex(lpm_vfc_prefix_pair(&prefix, 1), ==, row->bits + 2);
    /* the last pair has all other bits, and the one behind it the prefix's */
    g_assert_cmphex(lpm_vfc_prefix_pair(&prefix, pairs - 1), ==,
                    row->bits + pairs * 2 - 2);
    g_assert_cmphex((row->bits + pairs * 2 - 1) >> (64 - 4 * row->digits),
                    ==, row->bits >> (64 - 4 * row->digits));
    g_assert_cmphex((row->bits + pairs * 2) >> (64 - 4 * row->digits), ==,
                    (row->bits >> (64 - 4 * row->digits)) + 1);
    for (guint i = 0; i < 64; i++) {
        guint64 wwpn = lpm_vfc_prefix_pair(&prefix, pairs / 64 * i +
                                                    i % MIN(pairs, 8));

        g_assert_null(lpm_vfc_wwpn_fault(wwpn));
        g_assert_null(lpm_vfc_wwpn_fault(wwpn + 1));
    }
}

#define ADD_ROWS(group, rows, test)                                       \
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {                      \
        g_autofree char *path = g_strdup_printf("/lpm/vfc-wwpn/%s/%s",    \
                                                group, rows[i].name);     \
                                                                          \
        g_test_add_data_func(path, &rows[i], test);                       \
    }

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("parse", wwpns, test_wwpn);
    ADD_ROWS("fault", faults, test_fault);
    ADD_ROWS("prefix", prefixes, test_prefix);
    return g_test_run();
}
