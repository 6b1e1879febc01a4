/*
 * The probe's guess against what zstd then does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <zstd.h>

#include "../pages.h"
#include "codec/codec.h"
#include "codec/probe.h"

#define FRAMES 16u

static gboolean zstd_saves(const guint8 *data, gsize len)
{
    gsize room = ZSTD_compressBound(len);
    g_autofree guint8 *out = g_malloc(room);
    gsize n = ZSTD_compress(out, room, data, len, 1);

    g_assert_false(ZSTD_isError(n));
    return n <= len - len / 16;
}

/* A wrong no loses wire bytes for ever: none on these kinds of data. */
static void test_no_wrong_no(gconstpointer data)
{
    PagesKind kind = GPOINTER_TO_INT(data);
    static const gsize lens[] = {
        16384, 16384 + 512, 65536, 200 * 1024, LPM_FRAME_MAX_RAW,
    };
    g_autofree guint8 *pages = g_malloc(LPM_FRAME_MAX_RAW);
    guint64 seed = 7 + kind;

    for (guint i = 0; i < FRAMES; i++) {
        gsize len = lens[i % G_N_ELEMENTS(lens)];

        pages_fill(kind, pages, len, &seed);
        g_assert_true(zstd_saves(pages, len));
        g_assert_true(lpm_probe_compressible(pages, len));
    }
}

static void test_noise(void)
{
    g_autofree guint8 *pages = g_malloc(LPM_FRAME_MAX_RAW);
    guint64 seed = 3;

    for (guint i = 0; i < FRAMES * 4; i++) {
        gsize len = i % 2 ? LPM_FRAME_MAX_RAW : 16384 + 512 * i;

        pages_fill(PAGES_RANDOM, pages, len, &seed);
        g_assert_false(zstd_saves(pages, len));
        g_assert_false(lpm_probe_compressible(pages, len));
    }
}

/* The documented blind spot: if this fails, probe.c has become better. */
static void test_known_wrong_no(void)
{
    g_autofree guint8 *pages = g_malloc(LPM_FRAME_MAX_RAW);
    guint64 seed = 3;

    pages_fill(PAGES_RANDOM, pages, LPM_FRAME_MAX_RAW / 2, &seed);
    for (gsize at = 0; at < LPM_FRAME_MAX_RAW / 2; at += 4096) {
        memcpy(pages + LPM_FRAME_MAX_RAW / 2 + at, pages, 4096);
    }
    g_assert_true(zstd_saves(pages, LPM_FRAME_MAX_RAW));
    g_assert_false(lpm_probe_compressible(pages, LPM_FRAME_MAX_RAW));
}

/* Exact allocations, so that the sanitizer sees a sample out of bounds. */
static void test_short(void)
{
    guint64 seed = 3;

    g_assert_true(lpm_probe_compressible(NULL, 0));
    for (gsize len = 1; len < 16384; len += 1 + len / 3) {
        g_autofree guint8 *pages = g_malloc(len);

        pages_fill(PAGES_RANDOM, pages, len, &seed);
        g_assert_true(lpm_probe_compressible(pages, len));
    }
    for (gsize len = 16384; len < 16384 + 300; len++) {
        g_autofree guint8 *pages = g_malloc0(len);

        g_assert_true(lpm_probe_compressible(pages, len));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (int kind = PAGES_ZERO; kind <= PAGES_MIXED; kind++) {
        g_autofree gchar *path = g_strconcat("/lpm/codec/probe/yes/",
                                             pages_names[kind], NULL);

        g_test_add_data_func(path, GINT_TO_POINTER(kind), test_no_wrong_no);
    }
    g_test_add_func("/lpm/codec/probe/no/noise", test_noise);
    g_test_add_func("/lpm/codec/probe/no/repeated-noise",
                    test_known_wrong_no);
    g_test_add_func("/lpm/codec/probe/short", test_short);
    return g_test_run();
}
