/*
 * The page frame header: byte positions, bounds, damage
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "codec/frame.h"
#include "error/lpm-error.h"

/* FORMATS.md 3.1, by hand: 3 pages of 4 KiB, a stream with a map. */
static const guint8 golden[LPM_FRAME_HEADER_BYTES] = {
    'L', 'P', 'M', 'F', 3, 2, 12, 1,
    0, 0, 0, 3, 0, 0, 0x30, 0,
    0, 0, 0, 100, 0, 0, 0, 40,
    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
};
#define GOLDEN_LEN (LPM_FRAME_HEADER_BYTES + 100u)

static const LpmFrameHeader golden_header = {
    .method = LPM_FRAME_METHOD_STREAM,
    .page_shift = 12,
    .begins = TRUE,
    .n_pages = 3,
    .raw_bytes = 12288,
    .payload_bytes = 100,
    .map_bytes = 40,
    .checksum = 0x0123456789abcdefu,
};

static void assert_refused(const guint8 *frame, gsize len, int code)
{
    g_autoptr(GError) error = NULL;
    LpmFrameHeader h;
    LpmFrameHeader before;

    memset(&h, 0x5a, sizeof(h));
    before = h;
    g_assert_false(lpm_frame_header_decode(frame, len, &h, &error));
    g_assert_error(error, LPM_ERROR, code);
    g_assert_cmpmem(&h, sizeof(h), &before, sizeof(before));
}

static void test_encode(void)
{
    guint8 bytes[LPM_FRAME_HEADER_BYTES];

    lpm_frame_header_encode(&golden_header, bytes);
    g_assert_cmpmem(bytes, sizeof(bytes), golden, sizeof(golden));
}

static void test_decode(void)
{
    g_autoptr(GError) error = NULL;
    LpmFrameHeader h;

    g_assert_true(lpm_frame_header_decode(golden, GOLDEN_LEN, &h, &error));
    g_assert_no_error(error);
    g_assert_cmpint(h.method, ==, golden_header.method);
    g_assert_cmpuint(h.page_shift, ==, golden_header.page_shift);
    g_assert_cmpuint(h.n_pages, ==, golden_header.n_pages);
    g_assert_cmpuint(h.raw_bytes, ==, golden_header.raw_bytes);
    g_assert_cmpuint(h.payload_bytes, ==, golden_header.payload_bytes);
    g_assert_cmphex(h.checksum, ==, golden_header.checksum);
    g_assert_cmpuint(h.begins, ==, golden_header.begins);
    g_assert_cmpuint(h.map_bytes, ==, golden_header.map_bytes);
}

typedef struct Row {
    const char *name;
    guint at;               /* where @value is written, 4 bytes big endian */
    guint32 value;
    gint64 len_change;
    int code;
} Row;

/* Each row is one change to the golden header. */
static const Row rows[] = {
    { "magic", 0, 0x4c504d47, 0, LPM_ERROR_MALFORMED },
    { "version-0", 4, 0x00020c01, 0, LPM_ERROR_UNSUPPORTED },
    { "version-1", 4, 0x01010c00, 0, LPM_ERROR_UNSUPPORTED },
    { "version-2", 4, 0x02020c01, 0, LPM_ERROR_UNSUPPORTED },
    { "version-4", 4, 0x04020c01, 0, LPM_ERROR_UNSUPPORTED },
    { "method-4", 4, 0x03040c00, 0, LPM_ERROR_UNSUPPORTED },
    { "in-place-begins", 4, 0x03030c01, 0, LPM_ERROR_MALFORMED },
    { "in-place-map", 4, 0x03030c00, 0, LPM_ERROR_MALFORMED },
    { "method-255", 4, 0x03ff0c01, 0, LPM_ERROR_UNSUPPORTED },
    { "shift-0", 4, 0x03020001, 0, LPM_ERROR_MALFORMED },
    { "shift-8", 4, 0x03020801, 0, LPM_ERROR_MALFORMED },
    { "shift-13", 4, 0x03020d01, 0, LPM_ERROR_MALFORMED },
    { "shift-20", 4, 0x03021401, 0, LPM_ERROR_MALFORMED },
    { "shift-44", 4, 0x03022c01, 0, LPM_ERROR_MALFORMED },
    { "shift-255", 4, 0x0302ff01, 0, LPM_ERROR_MALFORMED },
    { "begins-2", 4, 0x03020c02, 0, LPM_ERROR_MALFORMED },
    { "begins-255", 4, 0x03020cff, 0, LPM_ERROR_MALFORMED },
    { "zstd-begins", 4, 0x03010c01, 0, LPM_ERROR_MALFORMED },
    { "raw-begins", 4, 0x03000c01, 0, LPM_ERROR_MALFORMED },
    { "pages-0", 8, 0, 0, LPM_ERROR_MALFORMED },
    { "pages-129", 8, 129, 0, LPM_ERROR_MALFORMED },
    /* times 4096 these are 12288 again in 32 bits */
    { "pages-wrap", 8, 0x00100003, 0, LPM_ERROR_MALFORMED },
    { "pages-max", 8, 0xffffffff, 0, LPM_ERROR_MALFORMED },
    { "raw-0", 12, 0, 0, LPM_ERROR_MALFORMED },
    { "raw-less", 12, 12287, 0, LPM_ERROR_MALFORMED },
    { "raw-max", 12, 0xffffffff, 0, LPM_ERROR_MALFORMED },
    { "payload-0", 16, 0, 0, LPM_ERROR_MALFORMED },
    { "payload-0-alone", 16, 0, -100, LPM_ERROR_MALFORMED },
    { "payload-less", 16, 99, 0, LPM_ERROR_MALFORMED },
    { "payload-more", 16, 101, 0, LPM_ERROR_TRUNCATED },
    { "payload-over-raw", 16, 12289, 12189, LPM_ERROR_MALFORMED },
    { "payload-max", 16, 0xffffffff, 0, LPM_ERROR_MALFORMED },
    { "map-more", 20, 101, 0, LPM_ERROR_MALFORMED },
    { "map-max", 20, 0xffffffff, 0, LPM_ERROR_MALFORMED },
    { "trailing", 20, 40, 1, LPM_ERROR_MALFORMED },
    { "short", 20, 40, -1, LPM_ERROR_TRUNCATED },
    { "trailing-whole", 20, 0, 1, LPM_ERROR_MALFORMED },
    { "short-whole", 20, 0, -1, LPM_ERROR_TRUNCATED },
};

static void test_row(gconstpointer data)
{
    const Row *row = data;
    gsize len = GOLDEN_LEN + row->len_change;
    g_autofree guint8 *frame = g_malloc0(len);
    guint32 be = GUINT32_TO_BE(row->value);

    memcpy(frame, golden, sizeof(golden));
    memcpy(frame + row->at, &be, sizeof(be));
    assert_refused(frame, len, row->code);
}

static void test_truncated(void)
{
    for (gsize len = 0; len < GOLDEN_LEN; len++) {
        g_autofree guint8 *frame = g_malloc0(MAX(len, 1));

        memcpy(frame, golden, MIN(len, sizeof(golden)));
        assert_refused(frame, len, LPM_ERROR_TRUNCATED);
    }
}

/* Pages in place are as long as pages are. */
static void test_in_place(void)
{
    guint8 frame[LPM_FRAME_HEADER_BYTES];
    LpmFrameHeader h = golden_header;
    LpmFrameHeader back;

    h.method = LPM_FRAME_METHOD_IN_PLACE;
    h.begins = FALSE;
    h.map_bytes = 0;
    h.payload_bytes = 12288;
    lpm_frame_header_encode(&h, frame);
    g_assert_true(lpm_frame_is_in_place(frame));
    g_assert_false(lpm_frame_is_in_place(golden));
    g_assert_true(lpm_frame_header_decode(frame, sizeof(frame) + 12288, &back,
                                          NULL));
    g_assert_cmpint(back.method, ==, LPM_FRAME_METHOD_IN_PLACE);
    assert_refused(frame, sizeof(frame) + 12287, LPM_ERROR_TRUNCATED);
    assert_refused(frame, sizeof(frame) + 12289, LPM_ERROR_MALFORMED);
    h.payload_bytes = 12287;
    lpm_frame_header_encode(&h, frame);
    assert_refused(frame, sizeof(frame) + 12287, LPM_ERROR_MALFORMED);
}

/* What the limits allow is allowed. */
static void test_limits(void)
{
    g_autofree guint8 *frame = g_malloc0(LPM_FRAME_MAX_BYTES);

    for (guint8 shift = 9; shift <= 19; shift++) {
        g_autoptr(GError) error = NULL;
        LpmFrameHeader h = {
            .method = LPM_FRAME_METHOD_RAW,
            .page_shift = shift,
            .n_pages = LPM_FRAME_MAX_RAW >> shift,
            .raw_bytes = LPM_FRAME_MAX_RAW,
            .payload_bytes = LPM_FRAME_MAX_RAW,
        };
        LpmFrameHeader back;

        lpm_frame_header_encode(&h, frame);
        g_assert_true(lpm_frame_header_decode(frame, LPM_FRAME_MAX_BYTES,
                                              &back, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(back.page_shift, ==, shift);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/codec/frame/encode", test_encode);
    g_test_add_func("/lpm/codec/frame/decode", test_decode);
    g_test_add_func("/lpm/codec/frame/truncated", test_truncated);
    g_test_add_func("/lpm/codec/frame/in-place", test_in_place);
    g_test_add_func("/lpm/codec/frame/limits", test_limits);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree gchar *path = g_strconcat("/lpm/codec/frame/refuse/",
                                             rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
