/*
 * Names of Fibre Channel ports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

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
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(wwpns); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/vfc-wwpn/parse/%s",
                                                wwpns[i].name);

        g_test_add_data_func(path, &wwpns[i], test_wwpn);
    }
    return g_test_run();
}
