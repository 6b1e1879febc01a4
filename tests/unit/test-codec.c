/*
 * Page frames: round trips, damage, and writers that do not wait
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <zstd.h>

#include "../pages.h"
#include "codec/codec.h"
#include "codec/frame.h"
#include "error/lpm-error.h"

#define BLOCK (2u * LPM_FRAME_MAX_RAW)

/* One sending and one receiving side, with memory of their own. */
typedef struct Pair {
    LpmEncoder *encoder;
    LpmDecoder *decoder;
    guint8 *src;
    guint8 *dst;
    guint8 *before;         /* what @dst was */
    gsize block;            /* of these bytes: what is used and compared */
    guint64 *offsets;
    guint32 n_pages;
    guint32 page_size;
} Pair;

/* @level: 0 for one whose frames stand alone */
static Pair *pair_new(int level)
{
    LpmCodecParams params = { .level = level ? level : -1 };
    g_autoptr(GError) error = NULL;
    Pair *p = g_new0(Pair, 1);

    p->encoder = lpm_encoder_new(&params, &error);
    g_assert_no_error(error);
    p->decoder = lpm_decoder_new(&error);
    g_assert_no_error(error);
    p->block = BLOCK;
    p->src = g_malloc(BLOCK);
    p->dst = g_malloc(BLOCK);
    p->before = g_malloc(BLOCK);
    p->offsets = g_new0(guint64, LPM_FRAME_MAX_PAGES);
    memset(p->src, 0x11, BLOCK);
    memset(p->dst, 0xaa, BLOCK);
    memset(p->before, 0xaa, BLOCK);
    return p;
}

static void pair_free(Pair *p)
{
    lpm_encoder_free(p->encoder);
    lpm_decoder_free(p->decoder);
    g_free(p->src);
    g_free(p->dst);
    g_free(p->before);
    g_free(p->offsets);
    g_free(p);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pair, pair_free)

/* @n_pages of the block, none twice, in an order that does not ascend. */
static void pair_shape(Pair *p, guint32 n_pages, guint32 page_size)
{
    guint32 all = p->block / page_size;

    p->n_pages = n_pages;
    p->page_size = page_size;
    for (guint32 i = 0; i < n_pages; i++) {
        /* 5 is prime to every power of two */
        p->offsets[i] = (guint64)(i * 5 + 3) % all * page_size;
    }
}

static const guint8 *pair_encode(Pair *p, gsize *ret_len)
{
    g_autoptr(GError) error = NULL;
    const guint8 *frame = NULL;

    g_assert_true(lpm_encoder_encode(p->encoder, p->src, p->offsets,
                                     p->n_pages, p->page_size, &frame,
                                     ret_len, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(*ret_len, <=, LPM_FRAME_MAX_BYTES);
    return frame;
}

/* Returns: the error's code, -1 on success. */
static int pair_decode(Pair *p, const guint8 *frame, gsize len)
{
    g_autoptr(GError) error = NULL;

    if (lpm_decoder_decode(p->decoder, frame, len, p->dst, p->block,
                           p->offsets, p->n_pages, p->page_size, &error)) {
        g_assert_no_error(error);
        return -1;
    }
    g_assert_nonnull(error);
    g_assert_true(error->domain == LPM_ERROR);
    return error->code;
}

static gboolean pair_pages_equal(const Pair *p)
{
    for (guint32 i = 0; i < p->n_pages; i++) {
        if (memcmp(p->src + p->offsets[i], p->dst + p->offsets[i],
                   p->page_size) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The named pages are the source's; every other byte is as it was. */
static void assert_arrived(Pair *p)
{
    for (guint32 i = 0; i < p->n_pages; i++) {
        memcpy(p->before + p->offsets[i], p->src + p->offsets[i],
               p->page_size);
    }
    g_assert_true(memcmp(p->dst, p->before, p->block) == 0);
}

static void assert_untouched(const Pair *p)
{
    g_assert_true(memcmp(p->dst, p->before, p->block) == 0);
}

static void test_round_trip(gconstpointer data)
{
    PagesKind kind = GPOINTER_TO_INT(data);
    g_autoptr(Pair) p = pair_new(0);
    guint64 seed = 11 + kind;

    for (guint32 size = LPM_FRAME_MIN_PAGE; size <= 65536; size *= 2) {
        guint32 most = LPM_FRAME_MAX_RAW / size;

        for (guint32 n = 1; n <= most; n = n < 3 ? n + 1 : n * 2 - 1) {
            gsize len;
            const guint8 *frame;

            pages_fill(kind, p->src, BLOCK, &seed);
            pair_shape(p, n, size);
            frame = pair_encode(p, &len);
            g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
            assert_arrived(p);
        }
        pair_shape(p, most, size);
        {
            gsize len;
            const guint8 *frame = pair_encode(p, &len);

            g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
            assert_arrived(p);
        }
    }
}

/* Every count of one page size, one after the other on one channel. */
static void test_every_count(void)
{
    g_autoptr(Pair) p = pair_new(0);
    guint64 seed = 5;

    pages_fill(PAGES_MIXED, p->src, BLOCK, &seed);
    for (guint32 n = 1; n <= LPM_FRAME_MAX_RAW / 4096; n++) {
        gsize len;
        const guint8 *frame;

        memset(p->dst, 0xaa, BLOCK);
        memset(p->before, 0xaa, BLOCK);
        pair_shape(p, n, 4096);
        frame = pair_encode(p, &len);
        g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
        assert_arrived(p);
    }
}

/* One page of 512 KiB is a frame too. */
static void test_largest_page(void)
{
    g_autoptr(Pair) p = pair_new(0);
    gsize len;
    const guint8 *frame;

    pair_shape(p, 1, LPM_FRAME_MAX_RAW);
    frame = pair_encode(p, &len);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    assert_arrived(p);
}

static void test_method(void)
{
    g_autoptr(Pair) p = pair_new(3);
    LpmCodecStats sent;
    LpmCodecStats got;
    LpmCodecStats sum = { 0 };
    guint64 seed = 5;
    gsize len;
    const guint8 *frame;

    pair_shape(p, 128, 4096);
    pages_fill(PAGES_RANDOM, p->src, BLOCK, &seed);
    frame = pair_encode(p, &len);
    g_assert_cmpuint(frame[5], ==, LPM_FRAME_METHOD_RAW);
    g_assert_cmpuint(len, ==, LPM_FRAME_MAX_BYTES);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);

    pages_fill(PAGES_TEXT, p->src, BLOCK, &seed);
    frame = pair_encode(p, &len);
    g_assert_cmpuint(frame[5], ==, LPM_FRAME_METHOD_STREAM);
    g_assert_cmpuint(len, <, LPM_FRAME_MAX_RAW / 2);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);

    lpm_encoder_stats(p->encoder, &sent);
    g_assert_cmpuint(sent.frames, ==, 2);
    g_assert_cmpuint(sent.raw_frames, ==, 1);
    g_assert_cmpuint(sent.delta_frames, ==, 0);
    g_assert_cmpuint(sent.pages, ==, 256);
    g_assert_cmpuint(sent.raw_bytes, ==, 2 * LPM_FRAME_MAX_RAW);
    g_assert_cmpuint(sent.wire_bytes, ==, LPM_FRAME_MAX_BYTES + len);
    g_assert_cmpuint(sent.time_ns, >, 0);
    lpm_decoder_stats(p->decoder, &got);
    g_assert_cmpuint(got.wire_bytes, ==, sent.wire_bytes);
    g_assert_cmpuint(got.time_ns, >, 0);

    lpm_codec_stats_add(&sum, &sent);
    lpm_codec_stats_add(&sum, &got);
    g_assert_cmpuint(sum.frames, ==, 4);
    g_assert_cmpuint(sum.raw_frames, ==, 2);
    g_assert_cmpuint(sum.pages, ==, 512);
    g_assert_cmpuint(sum.raw_bytes, ==, 4 * LPM_FRAME_MAX_RAW);
    g_assert_cmpuint(sum.wire_bytes, ==, 2 * sent.wire_bytes);
    g_assert_cmpuint(sum.time_ns, ==, sent.time_ns + got.time_ns);
}

/* Level 1 alone, denser ones as streams. */
static void test_alone(void)
{
    static const int levels[] = { -5, 1, 2, 3, 9 };
    guint64 seed = 5;
    gsize len;

    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autoptr(Pair) p = pair_new(levels[i]);

        pair_shape(p, 128, 4096);
        pages_fill(PAGES_TEXT, p->src, BLOCK, &seed);
        g_assert_cmpuint(pair_encode(p, &len)[5], ==, levels[i] <= 1 ?
                         LPM_FRAME_METHOD_ZSTD : LPM_FRAME_METHOD_STREAM);
    }
}

/* Returns: the error's code, -1 if the pages may come. */
static int pair_accept(Pair *p, const guint8 *header, gsize len)
{
    g_autoptr(GError) error = NULL;

    if (lpm_decoder_accept_in_place(p->decoder, header, len, p->block,
                                    p->offsets, p->n_pages, p->page_size,
                                    &error)) {
        g_assert_no_error(error);
        return -1;
    }
    g_assert_true(error->domain == LPM_ERROR);
    return error->code;
}

static const guint8 *pair_in_place(Pair *p)
{
    g_autoptr(GError) error = NULL;
    const guint8 *header = NULL;

    g_assert_true(lpm_encoder_encode_in_place(p->encoder, p->src, p->offsets,
                                              p->n_pages, p->page_size,
                                              &header, &error));
    g_assert_no_error(error);
    g_assert_true(lpm_frame_is_in_place(header));
    return header;
}

/* The pages are somebody else's to send; each bit of the header counts. */
static void test_in_place(void)
{
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *header = NULL;
    gsize len = LPM_FRAME_HEADER_BYTES + 16 * 4096;
    LpmCodecStats stats;

    pair_shape(p, 16, 4096);
    header = g_memdup2(pair_in_place(p), LPM_FRAME_HEADER_BYTES);
    g_assert_cmpint(pair_accept(p, header, len), ==, -1);
    assert_untouched(p);
    for (guint bit = 0; bit < LPM_FRAME_HEADER_BYTES * 8; bit++) {
        header[bit / 8] ^= 1u << bit % 8;
        g_assert_cmpint(pair_accept(p, header, len), !=, -1);
        header[bit / 8] ^= 1u << bit % 8;
    }
    for (gsize n = 0; n < len; n += n < LPM_FRAME_HEADER_BYTES ? 1 : 997) {
        g_assert_cmpint(pair_accept(p, header, n), ==, LPM_ERROR_TRUNCATED);
    }
    g_assert_cmpint(pair_accept(p, header, len + 1), ==, LPM_ERROR_MALFORMED);

    /* Not elsewhere, not fewer, not outside of the block. */
    p->offsets[7] = p->offsets[6] + 4096;
    g_assert_cmpint(pair_accept(p, header, len), ==, LPM_ERROR_CRYPTO);
    p->offsets[7] = p->block;
    g_assert_cmpint(pair_accept(p, header, len), ==, LPM_ERROR_LIMIT);
    pair_shape(p, 15, 4096);
    g_assert_cmpint(pair_accept(p, header, len), ==, LPM_ERROR_MALFORMED);

    lpm_encoder_stats(p->encoder, &stats);
    g_assert_cmpuint(stats.in_place_frames, ==, 1);
    g_assert_cmpuint(stats.raw_frames, ==, 1);
    g_assert_cmpuint(stats.wire_bytes, ==, len);
    lpm_decoder_stats(p->decoder, &stats);
    g_assert_cmpuint(stats.in_place_frames, ==, 1);
    g_assert_cmpuint(lpm_encoder_work(p->encoder)->wire_bytes, ==, len);
}

/* Each of the decoder's two functions takes its own frames only. */
static void test_in_place_or_not(void)
{
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *whole = NULL;
    gsize len;
    const guint8 *frame;

    pair_shape(p, 2, 4096);
    whole = g_malloc0(LPM_FRAME_HEADER_BYTES + 8192);
    memcpy(whole, pair_in_place(p), LPM_FRAME_HEADER_BYTES);
    g_assert_cmpint(pair_decode(p, whole, LPM_FRAME_HEADER_BYTES + 8192), ==,
                    LPM_ERROR_MALFORMED);
    frame = pair_encode(p, &len);
    g_assert_false(lpm_frame_is_in_place(frame));
    g_assert_cmpint(pair_accept(p, frame, len), ==, LPM_ERROR_MALFORMED);
    assert_untouched(p);
}

/* Saves something, but less than 1/16: not worth the receiver's time. */
static void test_small_saving_is_raw(void)
{
    g_autoptr(Pair) p = pair_new(0);
    guint64 seed = 5;
    gsize len;

    pair_shape(p, 16, 512);
    pages_fill(PAGES_RANDOM, p->src, BLOCK, &seed);
    for (guint i = 0; i < 8 * 1024; i += 512) {
        /* 5 % zeros in every page */
        memset(p->src + p->offsets[i / 512], 0, 26);
    }
    pair_encode(p, &len);
    g_assert_cmpuint(len, ==, LPM_FRAME_HEADER_BYTES + 8192);
}

static void small_frame(Pair *p, PagesKind kind, guint8 **ret_frame,
                        gsize *ret_len)
{
    guint64 seed = 21;
    const guint8 *frame;

    pages_fill(kind, p->src, BLOCK, &seed);
    p->block = 32 * 1024;   /* compared after each of thousands of tries */
    pair_shape(p, 3, 1024);
    frame = pair_encode(p, ret_len);
    *ret_frame = g_memdup2(frame, *ret_len);
}

/* Every bit of the frame, those too that zstd does not look at. */
static void test_damage(gconstpointer data)
{
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *frame = NULL;
    gsize len;

    small_frame(p, GPOINTER_TO_INT(data), &frame, &len);
    for (gsize bit = 0; bit < len * 8; bit++) {
        frame[bit / 8] ^= 1u << bit % 8;
        g_assert_cmpint(pair_decode(p, frame, len), !=, -1);
        assert_untouched(p);
        frame[bit / 8] ^= 1u << bit % 8;
    }

    /* The decoder is as good as new. */
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    assert_arrived(p);
}

/* Whole bytes, each to 0, to 255 and by one up, over a full frame. */
static void test_damage_sampled(gconstpointer data)
{
    g_autoptr(Pair) p = pair_new(0);
    guint64 seed = 22;
    gsize len;
    const guint8 *from;
    g_autofree guint8 *frame = NULL;

    pages_fill(GPOINTER_TO_INT(data), p->src, BLOCK, &seed);
    pair_shape(p, 128, 4096);
    from = pair_encode(p, &len);
    frame = g_memdup2(from, len);
    for (guint i = 0; i < 300; i++) {
        gsize at = pages_next(&seed) % len;
        guint8 was = frame[at];
        guint8 now = i % 3 == 0 ? 0 : i % 3 == 1 ? 255 : was + 1;

        if (now == was) {
            continue;
        }
        frame[at] = now;
        g_assert_cmpint(pair_decode(p, frame, len), !=, -1);
        assert_untouched(p);
        frame[at] = was;
    }
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    assert_arrived(p);
}

static void test_truncation(gconstpointer data)
{
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *frame = NULL;
    gsize len;

    small_frame(p, GPOINTER_TO_INT(data), &frame, &len);
    for (gsize cut = 0; cut < len; cut++) {
        /* Of its own size, so that the sanitizer sees a read beyond. */
        g_autofree guint8 *part = g_malloc(MAX(cut, 1));

        memcpy(part, frame, cut);
        g_assert_cmpint(pair_decode(p, part, cut), ==, LPM_ERROR_TRUNCATED);
        assert_untouched(p);
    }
    {
        g_autofree guint8 *more = g_malloc0(len + 1);

        memcpy(more, frame, len);
        g_assert_cmpint(pair_decode(p, more, len + 1), ==,
                        LPM_ERROR_MALFORMED);
        assert_untouched(p);
    }
}

/*
 * A frame whose checksum is right and whose zstd part is not what we write:
 * only an attacker sends these, and the checksum does not stop him.
 */
static void forge_as(Pair *p, LpmFrameMethod method, const guint8 *payload,
                     gsize payload_len, int code)
{
    g_autofree guint8 *frame = g_malloc(LPM_FRAME_HEADER_BYTES + payload_len);
    LpmFrameHeader h = {
        .method = method,
        .begins = method == LPM_FRAME_METHOD_STREAM,
        .page_shift = 10,
        .n_pages = 3,
        .raw_bytes = 3072,
        .payload_bytes = payload_len,
    };

    lpm_frame_header_encode(&h, frame);
    memcpy(frame + LPM_FRAME_HEADER_BYTES, payload, payload_len);
    g_assert_cmpint(pair_decode(p, frame, LPM_FRAME_HEADER_BYTES +
                                payload_len), ==, code);
    assert_untouched(p);
}

static void forge(Pair *p, const guint8 *payload, gsize payload_len, int code)
{
    forge_as(p, LPM_FRAME_METHOD_ZSTD, payload, payload_len, code);
}

static void test_forged_zstd(void)
{
    static const guint8 skippable[] = {
        0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4,
    };
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *content = g_malloc0(8192);
    g_autofree guint8 *out = g_malloc0(8192);
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    gsize n;

    pair_shape(p, 3, 1024);

    /* Honest but for our checksum: only that is left to object. */
    n = ZSTD_compress(out, 8192, content, 3072, 1);
    forge(p, out, n, LPM_ERROR_CRYPTO);

    /* More or less content than the header says. */
    n = ZSTD_compress(out, 8192, content, 8192, 1);
    forge(p, out, n, LPM_ERROR_MALFORMED);
    n = ZSTD_compress(out, 8192, content, 3071, 1);
    forge(p, out, n, LPM_ERROR_MALFORMED);

    /* No content size: nothing to bound before unpacking. */
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, 0);
    n = ZSTD_compress2(cctx, out, 8192, content, 3072);
    forge(p, out, n, LPM_ERROR_MALFORMED);

    /* Two frames, and a skippable one behind or in front. */
    n = ZSTD_compress(out, 8192, content, 3072, 1);
    memcpy(out + n, out, n);
    forge(p, out, 2 * n, LPM_ERROR_MALFORMED);
    memcpy(out + n, skippable, sizeof(skippable));
    forge(p, out, n + sizeof(skippable), LPM_ERROR_MALFORMED);
    memmove(out + sizeof(skippable), out, n);
    memcpy(out, skippable, sizeof(skippable));
    forge(p, out, n + sizeof(skippable), LPM_ERROR_MALFORMED);

    /* Trailing bytes, missing bytes, nonsense. */
    n = ZSTD_compress(out, 8192, content, 3072, 1);
    out[n] = 0;
    forge(p, out, n + 1, LPM_ERROR_MALFORMED);
    forge(p, out, n - 1, LPM_ERROR_MALFORMED);
    memset(out, 0xff, 64);
    forge(p, out, 64, LPM_ERROR_MALFORMED);

    /* The size field says 3072 and the blocks hold 8192. */
    ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
    n = ZSTD_compress(out, 8192, content, 8192, 1);
    g_assert_cmphex(out[4] & 0xe0, ==, 0x60);   /* 2 bytes, value - 256 */
    out[5] = (3072 - 256) & 0xff;
    out[6] = (3072 - 256) >> 8;
    forge(p, out, n, LPM_ERROR_MALFORMED);
    ZSTD_freeCCtx(cctx);
}

/*
 * libzstd as Debian builds it reads older formats as well.  This is one of
 * 0.7 that is right: content size 3072, a block that repeats 0, the end.
 */
static void test_old_zstd(void)
{
    static const guint8 version_0_7[] = {
        0x27, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x0b, 0x80, 0x0c, 0x00, 0x00,
        0xc0, 0x00, 0x00,
    };
    static const guint8 short_magic[] = { 0x28, 0xb5, 0x2f };
    g_autoptr(Pair) p = pair_new(0);

    pair_shape(p, 3, 1024);
    forge(p, version_0_7, sizeof(version_0_7), LPM_ERROR_MALFORMED);
    forge(p, short_magic, sizeof(short_magic), LPM_ERROR_MALFORMED);
    forge_as(p, LPM_FRAME_METHOD_STREAM, version_0_7, sizeof(version_0_7) - 3,
             LPM_ERROR_MALFORMED);
    forge_as(p, LPM_FRAME_METHOD_STREAM, short_magic, sizeof(short_magic),
             LPM_ERROR_MALFORMED);
}

static void test_offsets(void)
{
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *frame = NULL;
    gsize len;
    guint64 was;

    small_frame(p, PAGES_TEXT, &frame, &len);
    for (guint32 i = 0; i < p->n_pages; i++) {
        was = p->offsets[i];

        p->offsets[i] = 20 * 1024;
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_CRYPTO);
        assert_untouched(p);

        for (guint bit = 0; bit < 64; bit++) {
            p->offsets[i] = was ^ G_GUINT64_CONSTANT(1) << bit;
            g_assert_cmpint(pair_decode(p, frame, len), ==,
                            bit >= 10 && p->offsets[i] < p->block
                            ? LPM_ERROR_CRYPTO : LPM_ERROR_LIMIT);
            assert_untouched(p);
        }

        p->offsets[i] = p->offsets[(i + 1) % p->n_pages];
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_LIMIT);
        p->offsets[i] = p->block;
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_LIMIT);
        p->offsets[i] = G_MAXUINT64 - 1023;
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_LIMIT);
        assert_untouched(p);
        p->offsets[i] = was;
    }

    /* The same pages in another order are other pages. */
    was = p->offsets[0];
    p->offsets[0] = p->offsets[1];
    p->offsets[1] = was;
    g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_CRYPTO);
    assert_untouched(p);
}

/* The two that are equal may stand anywhere, even in the largest frame. */
static void test_duplicates(void)
{
    g_autoptr(Pair) p = pair_new(0);
    guint64 seed = 4;
    gsize len;
    const guint8 *frame;

    pair_shape(p, LPM_FRAME_MAX_PAGES, 512);
    frame = pair_encode(p, &len);
    for (guint i = 0; i < 200; i++) {
        g_autoptr(GError) error = NULL;
        guint32 a = pages_next(&seed) % p->n_pages;
        guint32 b = pages_next(&seed) % p->n_pages;
        guint64 was = p->offsets[a];
        const guint8 *none = NULL;
        gsize none_len = 7;

        if (a == b) {
            continue;
        }
        p->offsets[a] = p->offsets[b];
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_LIMIT);
        g_assert_false(lpm_encoder_encode(p->encoder, p->src, p->offsets,
                                          p->n_pages, 512, &none, &none_len,
                                          &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
        g_assert_null(none);
        g_assert_cmpuint(none_len, ==, 7);
        p->offsets[a] = was;
    }
    assert_untouched(p);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    assert_arrived(p);
}

typedef struct Shape {
    guint32 n_pages;
    guint32 page_size;
} Shape;

static void test_shapes(void)
{
    static const Shape bad[] = {
        { 0, 4096 }, { 129, 4096 }, { 1, 0 }, { 1, 256 }, { 1, 4095 },
        { 1, 6144 }, { 1, 1u << 20 }, { 1, 1u << 31 }, { 1025, 512 },
        { G_MAXUINT32, 512 }, { 1u << 20, 4096 }, { 2, LPM_FRAME_MAX_RAW },
    };
    static const Shape other[] = { { 2, 1024 }, { 6, 512 }, { 3, 512 } };
    g_autoptr(Pair) p = pair_new(0);
    g_autofree guint8 *frame = NULL;
    gsize len;

    small_frame(p, PAGES_TEXT, &frame, &len);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        const guint8 *none;
        gsize none_len;

        g_assert_false(lpm_encoder_encode(p->encoder, p->src, p->offsets,
                                          bad[i].n_pages, bad[i].page_size,
                                          &none, &none_len, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
        p->n_pages = bad[i].n_pages;
        p->page_size = bad[i].page_size;
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_LIMIT);
    }
    /* Fine in itself, but not what the packet says. */
    for (guint i = 0; i < G_N_ELEMENTS(other); i++) {
        pair_shape(p, other[i].n_pages, other[i].page_size);
        g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_MALFORMED);
    }
    assert_untouched(p);
}

/* A block smaller than a page has room for none. */
static void test_small_block(void)
{
    g_autoptr(Pair) p = pair_new(0);
    g_autoptr(GError) error = NULL;
    gsize len;
    const guint8 *frame;

    pair_shape(p, 1, 4096);
    p->offsets[0] = 0;
    frame = pair_encode(p, &len);
    for (guint64 bytes = 0; bytes < 4096; bytes += 4095) {
        g_assert_false(lpm_decoder_decode(p->decoder, frame, len, p->dst,
                                          bytes, p->offsets, 1, 4096,
                                          &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
        g_clear_error(&error);
    }
    assert_untouched(p);
    g_assert_true(lpm_decoder_decode(p->decoder, frame, len, p->dst, 4096,
                                     p->offsets, 1, 4096, &error));
}

static void test_levels(void)
{
    static const int good[] = { -7, 0, 1, 3, 9, 22 };
    const int bad[] = { 23, 1000, G_MAXINT, G_MININT,
                        ZSTD_minCLevel() - 1 };

    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(Pair) p = pair_new(good[i]);
        guint64 seed = 9;
        gsize len;
        const guint8 *frame;

        pages_fill(PAGES_TEXT, p->src, BLOCK, &seed);
        pair_shape(p, 16, 4096);
        frame = pair_encode(p, &len);
        g_assert_cmpuint(len, <, 65536);
        g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
        assert_arrived(p);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        LpmCodecParams params = { .level = bad[i] };
        g_autoptr(GError) error = NULL;

        g_assert_null(lpm_encoder_new(&params, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
    }
}

static void test_free_null(void)
{
    g_autoptr(GError) error = NULL;
    LpmEncoder *encoder = lpm_encoder_new(NULL, &error);

    g_assert_no_error(error);
    lpm_encoder_free(encoder);
    lpm_encoder_free(NULL);
    lpm_decoder_free(NULL);
}

/* Recorded once: what a peer of this version sends is read for ever. */
static void test_golden(gconstpointer data)
{
    static const PagesKind kinds[] = { PAGES_RANDOM, PAGES_TEXT };
    const char *name = data;
    PagesKind kind = kinds[g_str_equal(name, "frame-v3-zstd.bin")];
    const char *dir = g_getenv("LPM_TEST_DATA");
    g_autofree gchar *path = NULL;
    g_autofree gchar *frame = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Pair) p = pair_new(0);
    guint64 seed = 1;
    gsize len;

    g_assert_nonnull(dir);
    path = g_build_filename(dir, "wire", name, NULL);
    g_file_get_contents(path, &frame, &len, &error);
    g_assert_no_error(error);

    pages_fill(kind, p->src, BLOCK, &seed);
    pair_shape(p, 4, 512);
    g_assert_cmpint(pair_decode(p, (const guint8 *)frame, len), ==, -1);
    assert_arrived(p);
}

/* A peer of another version: refused by name, before anything is read. */
static void test_old_version(gconstpointer data)
{
    guint version = GPOINTER_TO_UINT(data);
    const char *dir = g_getenv("LPM_TEST_DATA");
    g_autofree gchar *name = g_strdup_printf("frame-v%u-zstd.bin", version);
    g_autofree gchar *path = g_build_filename(dir, "wire", name, NULL);
    g_autofree gchar *wanted = g_strdup_printf("version %u, we speak 3",
                                               version);
    g_autofree gchar *frame = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Pair) p = pair_new(0);
    gsize len;

    g_assert_true(g_file_get_contents(path, &frame, &len, NULL));
    pair_shape(p, 4, 512);
    g_assert_false(lpm_decoder_decode(p->decoder, (const guint8 *)frame, len,
                                      p->dst, p->block, p->offsets, 4, 512,
                                      &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, wanted));
    assert_untouched(p);
}

/*
 * Pages sent again.  Both sides' memory is what the last frame made of it,
 * as it is in a migration.
 */
typedef struct Again {
    Pair *p;
    LpmStore *store;
} Again;

static Again again_new(guint64 budget, PagesKind kind, guint32 n_pages,
                       guint32 page_size, int level)
{
    Again a = { .p = pair_new(0), .store = lpm_store_new(budget) };
    LpmCodecParams params = { .level = level ? level : 1,
                              .store = a.store };
    guint64 seed = 31;
    gsize len;
    const guint8 *frame;

    lpm_encoder_free(a.p->encoder);
    a.p->encoder = lpm_encoder_new(&params, NULL);
    pages_fill(kind, a.p->src, BLOCK, &seed);
    pair_shape(a.p, n_pages, page_size);
    frame = pair_encode(a.p, &len);
    g_assert_cmpint(pair_decode(a.p, frame, len), ==, -1);
    assert_arrived(a.p);
    return a;
}

static void again_free(Again *a)
{
    pair_free(a->p);
    lpm_store_free(a->store);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Again, again_free)

/* Returns: bytes on the wire. */
static gsize again_send(Again *a)
{
    gsize len;
    const guint8 *frame = pair_encode(a->p, &len);

    g_assert_cmpint(pair_decode(a->p, frame, len), ==, -1);
    assert_arrived(a->p);
    return len;
}

static LpmCodecStats again_stats(const Again *a)
{
    LpmCodecStats sent;
    LpmCodecStats got;

    lpm_encoder_stats(a->p->encoder, &sent);
    lpm_decoder_stats(a->p->decoder, &got);
    g_assert_cmpuint(sent.delta_pages, ==, got.delta_pages);
    g_assert_cmpuint(sent.delta_bytes, ==, got.delta_bytes);
    return sent;
}

/* Small updates cost their size, for ever so many rounds. */
static void test_again(gconstpointer data)
{
    PagesKind kind = GPOINTER_TO_INT(data);
    g_auto(Again) a = again_new(64 << 20, kind, 128, 4096, 0);
    guint64 seed = 6;

    for (guint round = 1; round <= 20; round++) {
        for (guint i = 0; i < 128; i += 1 + round % 3) {
            pages_fill_random(a.p->src + a.p->offsets[i] +
                              pages_next(&seed) % 4000, 64, &seed);
        }
        /* at worst two blocks of a page, and the map */
        g_assert_cmpuint(again_send(&a), <, 128 * (2 * 128 + 4) + 200);
        g_assert_cmpuint(again_stats(&a).delta_pages, ==, round * 128);
    }
}

/* What did not change is next to nothing. */
static void test_again_same(void)
{
    g_auto(Again) a = again_new(64 << 20, PAGES_RANDOM, 128, 4096, 0);

    /* header, a bit for a page, a mask of 32 bits for each */
    g_assert_cmpuint(again_send(&a), ==, 32 + 16 + 128 * 4);
    g_assert_cmpuint(again_send(&a), ==, 32 + 16 + 128 * 4);
    g_assert_cmpuint(again_stats(&a).delta_bytes, ==, 0);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 256);
    g_assert_cmpuint(again_stats(&a).delta_frames, ==, 2);
}

/* Whole pages and differences in one frame, in every shape and level. */
static void test_again_mixed(void)
{
    static const int levels[] = { -7, 1, 9 };
    guint64 seed = 12;

    for (guint32 size = LPM_FRAME_MIN_PAGE; size <= 65536; size *= 4) {
        for (guint l = 0; l < G_N_ELEMENTS(levels); l++) {
            guint32 n = LPM_FRAME_MAX_RAW / size - l;
            g_auto(Again) a = again_new(64 << 20, PAGES_MIXED, n, size,
                                        levels[l]);

            for (guint round = 0; round < 6; round++) {
                for (guint32 i = 0; i < n; i++) {
                    guint8 *page = a.p->src + a.p->offsets[i];
                    guint64 r = pages_next(&seed);

                    if (r % 4 == 0) {
                        pages_fill_random(page, size, &seed);
                    } else if (r % 4 == 1) {
                        page[r % size] ^= 1;
                    } else if (r % 4 == 2) {
                        memset(page, (int)(r >> 40), size);
                    }
                }
                again_send(&a);
            }
            g_assert_cmpuint(again_stats(&a).delta_pages, >, 0);
        }
    }
}

/* A page that becomes another one is sent whole, and is known from then. */
static void test_again_whole(void)
{
    g_auto(Again) a = again_new(64 << 20, PAGES_TEXT, 16, 4096, 0);
    guint64 seed = 77;

    pages_fill(PAGES_DATABASE, a.p->src, BLOCK, &seed);
    again_send(&a);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 0);
    a.p->src[a.p->offsets[3]] ^= 1;
    again_send(&a);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 16);
}

/* Whatever the budget, what arrives is right. */
static void test_again_budget(void)
{
    static const guint64 budgets[] = { 0, 1, 16000, 17000, 40000, 80000 };
    guint64 deltas = 0;

    for (guint b = 0; b < G_N_ELEMENTS(budgets); b++) {
        g_auto(Again) a = again_new(budgets[b], PAGES_TEXT, 128, 4096, 0);
        guint64 seed = 9;
        LpmStoreStats stats;

        for (guint round = 0; round < 30; round++) {
            pages_fill_random(a.p->src + pages_next(&seed) % (BLOCK - 3000),
                              3000, &seed);
            again_send(&a);
        }
        lpm_store_stats(a.store, &stats);
        g_assert_cmpuint(stats.used, <=, budgets[b]);
        g_assert_cmpuint(again_stats(&a).delta_pages, >=, deltas);
        deltas = again_stats(&a).delta_pages;
    }
    g_assert_cmpuint(deltas, >, 0);
}

/* On a fast link differences are as good, and nothing is packed. */
static void test_again_level_none(void)
{
    g_auto(Again) a = again_new(64 << 20, PAGES_TEXT, 16, 4096, 0);

    lpm_encoder_set_level(a.p->encoder, LPM_LEVEL_NONE);
    a.p->src[a.p->offsets[3]] ^= 1;
    g_assert_cmpuint(again_send(&a), ==, 32 + 2 + 16 * 4 + 128);
    memset(a.p->src + a.p->offsets[3], 5, 4096);
    g_assert_cmpuint(again_send(&a), ==, 32 + 2 + 15 * 4 + 4096);
    lpm_encoder_set_level(a.p->encoder, 1);
    a.p->src[a.p->offsets[3]] ^= 2;
    again_send(&a);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 16 + 15 + 16);
}

/* What left in place nobody saw: no differences to it. */
static void test_again_in_place(void)
{
    g_auto(Again) a = again_new(G_MAXUINT64, PAGES_TEXT, 8, 4096, 0);
    gsize len;
    const guint8 *frame;

    pair_in_place(a.p);
    frame = pair_encode(a.p, &len);
    g_assert_cmpint(pair_decode(a.p, frame, len), ==, -1);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 0);
    /* But to what left after it there are. */
    frame = pair_encode(a.p, &len);
    g_assert_cmpint(pair_decode(a.p, frame, len), ==, -1);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 8);
}

/* Zeros leave by another way: the page is not what it was. */
static void test_again_forget(void)
{
    g_auto(Again) a = again_new(64 << 20, PAGES_TEXT, 16, 4096, 0);

    lpm_store_forget(a.store, a.p->src, a.p->offsets + 3, 2, 4096);
    again_send(&a);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 14);
    again_send(&a);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 14 + 16);
}

/* The destination has another page than the one that was meant. */
static void test_again_other_base(void)
{
    g_auto(Again) a = again_new(64 << 20, PAGES_TEXT, 16, 4096, -1);
    gsize len;
    const guint8 *frame;

    a.p->src[a.p->offsets[3]] ^= 1;
    frame = pair_encode(a.p, &len);
    for (guint i = 0; i < 16; i++) {
        guint8 *byte = a.p->dst + a.p->offsets[i] + i * 255;

        *byte ^= 0x80;
        memcpy(a.p->before, a.p->dst, BLOCK);
        g_assert_cmpint(pair_decode(a.p, frame, len), ==, LPM_ERROR_CRYPTO);
        assert_untouched(a.p);
        *byte ^= 0x80;
    }
    memcpy(a.p->before, a.p->dst, BLOCK);
    g_assert_cmpint(pair_decode(a.p, frame, len), ==, -1);
    assert_arrived(a.p);
}

/* Every bit of a frame with blocks of pages and a whole one. */
static void test_again_damage(void)
{
    g_auto(Again) a = again_new(64 << 20, PAGES_TEXT, 8, 512, -1);
    g_autofree guint8 *frame = NULL;
    const guint8 *from;
    guint64 seed = 3;
    gsize len;

    a.p->block = 32 * 1024;
    for (guint i = 0; i < 8; i++) {
        memset(a.p->src + a.p->offsets[i] + i % 4 * 128, i, 40);
    }
    pages_fill_random(a.p->src + a.p->offsets[5], 512, &seed);
    from = pair_encode(a.p, &len);
    frame = g_memdup2(from, len);
    for (gsize bit = 0; bit < len * 8; bit++) {
        frame[bit / 8] ^= 1u << bit % 8;
        g_assert_cmpint(pair_decode(a.p, frame, len), !=, -1);
        assert_untouched(a.p);
        frame[bit / 8] ^= 1u << bit % 8;
    }
    for (gsize cut = 0; cut < len; cut++) {
        g_autofree guint8 *part = g_memdup2(frame, MAX(cut, 1));

        g_assert_cmpint(pair_decode(a.p, part, cut), ==, LPM_ERROR_TRUNCATED);
    }
    assert_untouched(a.p);
    g_assert_cmpint(pair_decode(a.p, frame, len), ==, -1);
    assert_arrived(a.p);
    g_assert_cmpuint(again_stats(&a).delta_pages, ==, 7);
}

/* A dense level looks back at the frames before it. */
static void test_stream(void)
{
    g_autoptr(Pair) p = pair_new(9);
    guint64 seed = 14;
    gsize first_len;
    gsize len;
    const guint8 *frame;

    pair_shape(p, 128, 4096);
    pages_fill_random(p->src, BLOCK, &seed);
    for (gsize i = 0; i < BLOCK; i++) {
        p->src[i] &= 0x3f;      /* 6 bits a byte: no matches, but less */
    }
    frame = pair_encode(p, &first_len);
    g_assert_cmpuint(frame[5], ==, LPM_FRAME_METHOD_STREAM);
    g_assert_cmpuint(frame[7], ==, 1);
    g_assert_cmpuint(first_len, >, LPM_FRAME_MAX_RAW / 2);
    g_assert_cmpint(pair_decode(p, frame, first_len), ==, -1);
    assert_arrived(p);

    frame = pair_encode(p, &len);
    g_assert_cmpuint(frame[7], ==, 0);
    g_assert_cmpuint(len, <, 2000);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    assert_arrived(p);
    /* A part that is missing makes other pages of the next one. */
    memcpy(p->before, p->dst, BLOCK);
    for (gsize i = 0; i < BLOCK; i++) {
        p->src[i] ^= 0x21;
    }
    pair_encode(p, &len);
    frame = pair_encode(p, &len);
    g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_CRYPTO);
    assert_untouched(p);
    /* What is wrong once ends the stream: a new one has to begin. */
    frame = pair_encode(p, &len);
    g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_MALFORMED);
    lpm_encoder_set_level(p->encoder, 3);
    frame = pair_encode(p, &len);
    g_assert_cmpuint(frame[7], ==, 1);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);

    /* Frames that are none of it may come in between. */
    pages_fill_random(p->src, BLOCK, &seed);
    frame = pair_encode(p, &len);
    g_assert_cmpuint(frame[5], ==, LPM_FRAME_METHOD_RAW);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    pages_fill(PAGES_TEXT, p->src, BLOCK, &seed);
    frame = pair_encode(p, &len);
    g_assert_cmpuint(frame[7], ==, 0);
    g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
    assert_arrived(p);

    /* Another decoder has not seen the beginning. */
    lpm_decoder_free(p->decoder);
    p->decoder = lpm_decoder_new(NULL);
    frame = pair_encode(p, &len);
    g_assert_cmpint(pair_decode(p, frame, len), ==, LPM_ERROR_MALFORMED);
    assert_untouched(p);
}

/* A part of a stream with less and with more than the header says. */
static void test_stream_length(void)
{
    static const gint8 changes[] = { 1, -1 };
    g_autoptr(Pair) p = pair_new(3);
    guint64 seed = 15;
    gsize len;

    pages_fill(PAGES_TEXT, p->src, BLOCK, &seed);
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree guint8 *frame = NULL;
        const guint8 *from;
        LpmFrameHeader h;

        lpm_encoder_set_level(p->encoder, i == 0 ? 5 : 3);
        pair_shape(p, 4, 4096);
        from = pair_encode(p, &len);
        frame = g_memdup2(from, len);
        g_assert_true(lpm_frame_header_decode(frame, len, &h, NULL));
        g_assert_true(h.begins);
        h.n_pages += changes[i];
        h.raw_bytes = h.n_pages * 4096;
        lpm_frame_header_encode(&h, frame);
        pair_shape(p, h.n_pages, 4096);
        /* zstd may keep to itself what finds no room: the checksum objects */
        g_assert_cmpint(pair_decode(p, frame, len), ==, changes[i] > 0 ?
                        LPM_ERROR_MALFORMED : LPM_ERROR_CRYPTO);
        assert_untouched(p);
    }
}

/* Maps that are not what we write; two pages of 512 bytes, 4 blocks each. */
static void forge_map(Again *a, const guint8 *map, gsize map_bytes,
                      gsize content_bytes, int code)
{
    guint8 frame[LPM_FRAME_HEADER_BYTES + 1024] = { 0 };
    LpmFrameHeader h = {
        .method = LPM_FRAME_METHOD_RAW, .page_shift = 9, .n_pages = 2,
        .raw_bytes = 1024, .map_bytes = map_bytes,
        .payload_bytes = map_bytes + content_bytes,
    };

    memcpy(frame + LPM_FRAME_HEADER_BYTES, map, map_bytes);
    lpm_frame_header_encode(&h, frame);
    g_assert_cmpint(pair_decode(a->p, frame, LPM_FRAME_HEADER_BYTES +
                                map_bytes + content_bytes), ==, code);
    assert_untouched(a->p);
}

static void test_forged_map(void)
{
    static const guint8 right[] = { 3, 1, 8 };
    static const guint8 no_page[] = { 0, 1, 8 };
    static const guint8 page_3[] = { 7, 1, 8, 1 };
    static const guint8 page_8[] = { 0x83, 1, 8, 1 };
    static const guint8 block_5[] = { 3, 1, 0x10 };
    static const guint8 all[] = { 3, 15, 15 };
    g_auto(Again) a = again_new(0, PAGES_TEXT, 2, 512, 0);

    /* Right but for the checksum. */
    forge_map(&a, right, 3, 256, LPM_ERROR_CRYPTO);
    forge_map(&a, right, 2, 128 + 512, LPM_ERROR_MALFORMED);
    /* More and less content than the map says. */
    forge_map(&a, right, 3, 255, LPM_ERROR_MALFORMED);
    forge_map(&a, right, 3, 257, LPM_ERROR_MALFORMED);
    forge_map(&a, right, 3, 0, LPM_ERROR_MALFORMED);
    /* Pages and blocks that are not there, none, a mask too many. */
    forge_map(&a, no_page, 3, 1021, LPM_ERROR_MALFORMED);
    forge_map(&a, no_page, 1, 1023, LPM_ERROR_MALFORMED);
    forge_map(&a, page_3, 4, 384, LPM_ERROR_MALFORMED);
    forge_map(&a, page_8, 4, 384, LPM_ERROR_MALFORMED);
    forge_map(&a, block_5, 3, 256, LPM_ERROR_MALFORMED);
    /* Longer than the pages would be. */
    forge_map(&a, all, 3, 1021, LPM_ERROR_MALFORMED);
}

/*
 * The vCPUs' side: writes all over the pages while they are encoded, never
 * the same byte for long.
 */
typedef struct Writer {
    guint8 *memory;
    gsize len;
    gboolean only_noise;    /* so that frames are raw */
    gint stop;
    gint rounds;
} Writer;

static gpointer writer_run(gpointer data)
{
    Writer *w = data;
    guint64 seed = 1;

    while (!g_atomic_int_get(&w->stop)) {
        guint64 r = pages_next(&seed);

        switch (w->only_noise ? 0 : r % 4) {
        case 0:     /* change what compresses to what does not, and back */
            pages_fill_random(w->memory + r % (w->len / 4096) * 4096, 4096,
                              &seed);
            break;
        case 1:
            memset(w->memory + r % (w->len / 4096) * 4096, (int)(r >> 32),
                   4096);
            break;
        default:
            for (guint i = 0; i < 64; i++) {
                r = pages_next(&seed);
                *(volatile guint8 *)(w->memory + r % w->len) = r >> 56;
            }
        }
        g_atomic_int_inc(&w->rounds);
    }
    return NULL;
}

/*
 * Every frame must be right in itself whatever the writer does; a compressor
 * that looks at a byte twice breaks this.  That the writer really was inside
 * is asserted: some copies must differ from memory when they arrive.
 */
static void test_concurrent_writer(gconstpointer data)
{
    PagesKind kind = GPOINTER_TO_INT(data);
    const guint frames = g_test_slow() ? 20000 : 3000;
    g_autoptr(Pair) p = pair_new(0);
    Writer w = { .memory = p->src, .len = 128 * 1024,
                 .only_noise = kind == PAGES_RANDOM };
    LpmCodecStats stats;
    gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    guint overtaken = 0;
    guint sent = 0;
    guint64 seed = 2;
    GThread *thread;

    pages_fill(kind, p->src, w.len, &seed);
    p->n_pages = w.len / 4096;
    p->page_size = 4096;
    for (guint32 i = 0; i < p->n_pages; i++) {
        p->offsets[i] = (guint64)i * 4096;
    }
    thread = g_thread_new("vcpu", writer_run, &w);
    while (g_atomic_int_get(&w.rounds) == 0) {
        g_thread_yield();
    }
    while (sent < frames ||
           (overtaken == 0 && g_get_monotonic_time() < deadline)) {
        gsize len;
        const guint8 *frame = pair_encode(p, &len);

        g_assert_cmpint(pair_decode(p, frame, len), ==, -1);
        sent++;
        overtaken += !pair_pages_equal(p);
    }
    g_atomic_int_set(&w.stop, 1);
    g_thread_join(thread);
    g_assert_cmpuint(overtaken, >, 0);
    lpm_encoder_stats(p->encoder, &stats);
    g_assert_cmpuint(stats.frames, ==, sent);
    g_assert_true((stats.raw_frames == sent) == w.only_noise);
    g_test_message("%u of %u frames overtaken, %u raw", overtaken, sent,
                   (guint)stats.raw_frames);
}

/* Counters are read by the monitor while the channel works. */
static gpointer reader_run(gpointer data)
{
    Pair *p = data;
    LpmCodecStats last = { 0 };
    LpmCodecStats now;

    do {
        lpm_encoder_stats(p->encoder, &now);
        if (now.frames < last.frames || now.raw_bytes < last.raw_bytes ||
            now.raw_bytes % 4096 != 0) {
            return GINT_TO_POINTER(1);
        }
        last = now;
    } while (now.frames < 500);
    return NULL;
}

static void test_stats_from_another_thread(void)
{
    g_autoptr(Pair) p = pair_new(0);
    GThread *thread;

    pair_shape(p, 4, 4096);
    thread = g_thread_new("monitor", reader_run, p);
    for (guint i = 0; i < 500; i++) {
        gsize len;

        pair_encode(p, &len);
    }
    g_assert_null(g_thread_join(thread));
}

/*
 * Channels that share a store, as multifd has them: within a round no page is
 * sent twice, from round to round another channel may send it, and all have
 * arrived before the next round.  A monitor reads counters all the time.
 */
#define CHANNELS        4
#define CHANNEL_PAGES   64u
#define SHARED_PAGES    (CHANNELS * CHANNEL_PAGES)

typedef struct Shared {
    LpmStore *store;
    guint8 *src;
    guint8 *dst;
    guint64 offsets[SHARED_PAGES];
    int done;               /* atomic */
} Shared;

typedef struct Channel {
    Shared *shared;
    LpmEncoder *encoder;
    LpmDecoder *decoder;
    guint first;            /* of the pages of this round */
    guint round;
} Channel;

/* @n pages as one frame, now and then in place. */
static void channel_send(Channel *c, guint first, guint n)
{
    Shared *s = c->shared;
    const guint64 *offsets = s->offsets + first;
    g_autoptr(GError) error = NULL;
    const guint8 *frame;
    gsize len;

    if ((c->round + first) % 7 == 0) {
        lpm_encoder_encode_in_place(c->encoder, s->src, offsets, n, 4096,
                                    &frame, &error);
        g_assert_no_error(error);
        lpm_decoder_accept_in_place(c->decoder, frame,
                                    LPM_FRAME_HEADER_BYTES + n * 4096,
                                    (guint64)SHARED_PAGES * 4096, offsets, n,
                                    4096, &error);
        g_assert_no_error(error);
        for (guint i = 0; i < n; i++) {
            memcpy(s->dst + offsets[i], s->src + offsets[i], 4096);
        }
        return;
    }
    lpm_encoder_encode(c->encoder, s->src, offsets, n, 4096, &frame, &len,
                       &error);
    g_assert_no_error(error);
    lpm_decoder_decode(c->decoder, frame, len, s->dst,
                       (guint64)SHARED_PAGES * 4096, offsets, n, 4096, &error);
    g_assert_no_error(error);
}

static gpointer channel_run(gpointer data)
{
    Channel *c = data;
    Shared *s = c->shared;

    for (guint i = c->first; i < c->first + CHANNEL_PAGES;) {
        guint n = MIN(1 + (i + c->round) % 20, c->first + CHANNEL_PAGES - i);

        if ((c->round + i) % 11 == 0) {     /* zeros: not by the codec */
            memset(s->src + s->offsets[i], 0, 4096);
            memset(s->dst + s->offsets[i], 0, 4096);
            lpm_store_forget(s->store, s->src, s->offsets + i, 1, 4096);
            n = 1;
        } else {
            channel_send(c, i, n);
        }
        i += n;
    }
    return NULL;
}

static gpointer monitor_run(gpointer data)
{
    Channel *channels = data;
    LpmStoreStats last = { 0 };

    while (!g_atomic_int_get(&channels[0].shared->done)) {
        LpmStoreStats now;

        lpm_store_stats(channels[0].shared->store, &now);
        g_assert_cmpuint(now.used, >=, last.used);
        g_assert_cmpuint(now.used, <=, now.budget);
        last = now;
        for (guint t = 0; t < CHANNELS; t++) {
            LpmCodecStats stats;

            lpm_encoder_stats(channels[t].encoder, &stats);
            lpm_decoder_stats(channels[t].decoder, &stats);
        }
        g_thread_yield();
    }
    return NULL;
}

static int compare_offsets(const void *a, const void *b)
{
    guint64 x = *(const guint64 *)a;
    guint64 y = *(const guint64 *)b;

    return (x > y) - (x < y);
}

static void shuffle_pages(Shared *s, guint64 *seed)
{
    for (guint i = SHARED_PAGES - 1; i > 0; i--) {
        guint j = pages_next(seed) % (i + 1);
        guint64 offset = s->offsets[i];

        s->offsets[i] = s->offsets[j];
        s->offsets[j] = offset;
    }
}

static void test_channels(void)
{
    const guint rounds = g_test_slow() ? 1000 : 100;
    const gsize bytes = (gsize)SHARED_PAGES * 4096;
    /* For most of the pages, not for all. */
    g_autoptr(LpmStore) store = lpm_store_new(SHARED_PAGES * 200);
    LpmCodecParams params = { .level = 1, .store = store };
    Shared shared = { .store = store, .src = g_malloc(bytes),
                      .dst = g_malloc0(bytes) };
    Channel channels[CHANNELS];
    LpmCodecStats sum = { 0 };
    guint64 seed = 77;
    GThread *monitor;

    pages_fill(PAGES_MIXED, shared.src, bytes, &seed);
    for (guint i = 0; i < SHARED_PAGES; i++) {
        shared.offsets[i] = (guint64)i * 4096;
    }
    for (guint t = 0; t < CHANNELS; t++) {
        channels[t] = (Channel) { &shared, lpm_encoder_new(&params, NULL),
                                  lpm_decoder_new(NULL), t * CHANNEL_PAGES };
    }
    monitor = g_thread_new("monitor", monitor_run, channels);
    for (guint round = 0; round < rounds; round++) {
        GThread *threads[CHANNELS];

        for (guint t = 0; t < CHANNELS; t++) {
            channels[t].round = round;
            threads[t] = g_thread_new("channel", channel_run, &channels[t]);
        }
        for (guint t = 0; t < CHANNELS; t++) {
            g_thread_join(threads[t]);
        }
        g_assert_true(memcmp(shared.src, shared.dst, bytes) == 0);
        for (guint i = 0; i < SHARED_PAGES / 2; i++) {
            pages_fill_random(shared.src + pages_next(&seed) % (bytes - 64),
                              64, &seed);
        }
        shuffle_pages(&shared, &seed);
        for (guint i = 0; i < SHARED_PAGES; i += CHANNEL_PAGES) {
            qsort(shared.offsets + i, CHANNEL_PAGES, sizeof(guint64),
                  compare_offsets);
        }
    }
    g_atomic_int_set(&shared.done, 1);
    g_thread_join(monitor);
    for (guint t = 0; t < CHANNELS; t++) {
        LpmCodecStats stats;

        lpm_encoder_stats(channels[t].encoder, &stats);
        lpm_codec_stats_add(&sum, &stats);
        lpm_encoder_free(channels[t].encoder);
        lpm_decoder_free(channels[t].decoder);
    }
    g_assert_cmpuint(sum.delta_pages, >, rounds * SHARED_PAGES / 4);
    g_free(shared.src);
    g_free(shared.dst);
}

static void add_kinds(const char *path, GTestDataFunc f, int first, int last)
{
    for (int kind = first; kind <= last; kind++) {
        g_autofree gchar *full = g_strconcat(path, pages_names[kind], NULL);

        g_test_add_data_func(full, GINT_TO_POINTER(kind), f);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_kinds("/lpm/codec/round-trip/", test_round_trip, PAGES_RANDOM,
              PAGES_MOSTLY_RANDOM);
    g_test_add_func("/lpm/codec/every-count", test_every_count);
    g_test_add_func("/lpm/codec/largest-page", test_largest_page);
    g_test_add_func("/lpm/codec/method", test_method);
    g_test_add_func("/lpm/codec/alone", test_alone);
    g_test_add_func("/lpm/codec/in-place", test_in_place);
    g_test_add_func("/lpm/codec/in-place-or-not", test_in_place_or_not);
    g_test_add_func("/lpm/codec/small-saving-is-raw",
                    test_small_saving_is_raw);
    add_kinds("/lpm/codec/damage/every-bit/", test_damage, PAGES_RANDOM,
              PAGES_TEXT);
    add_kinds("/lpm/codec/damage/sampled/", test_damage_sampled,
              PAGES_RANDOM, PAGES_RANDOM);
    add_kinds("/lpm/codec/damage/sampled/", test_damage_sampled, PAGES_TEXT,
              PAGES_POINTERS);
    add_kinds("/lpm/codec/truncation/", test_truncation, PAGES_RANDOM,
              PAGES_TEXT);
    g_test_add_func("/lpm/codec/forged-zstd", test_forged_zstd);
    g_test_add_func("/lpm/codec/old-zstd", test_old_zstd);
    g_test_add_func("/lpm/codec/offsets", test_offsets);
    g_test_add_func("/lpm/codec/duplicates", test_duplicates);
    g_test_add_func("/lpm/codec/shapes", test_shapes);
    g_test_add_func("/lpm/codec/small-block", test_small_block);
    g_test_add_func("/lpm/codec/levels", test_levels);
    g_test_add_func("/lpm/codec/free-null", test_free_null);
    g_test_add_data_func("/lpm/codec/golden/raw", "frame-v3-raw.bin",
                         test_golden);
    g_test_add_data_func("/lpm/codec/golden/zstd", "frame-v3-zstd.bin",
                         test_golden);
    g_test_add_data_func("/lpm/codec/version-1", GUINT_TO_POINTER(1),
                         test_old_version);
    g_test_add_data_func("/lpm/codec/version-2", GUINT_TO_POINTER(2),
                         test_old_version);
    g_test_add_func("/lpm/codec/stream", test_stream);
    g_test_add_func("/lpm/codec/stream-length", test_stream_length);
    add_kinds("/lpm/codec/again/updates/", test_again, PAGES_RANDOM,
              PAGES_RANDOM);
    add_kinds("/lpm/codec/again/updates/", test_again, PAGES_TEXT,
              PAGES_POINTERS);
    g_test_add_func("/lpm/codec/again/same", test_again_same);
    g_test_add_func("/lpm/codec/again/mixed", test_again_mixed);
    g_test_add_func("/lpm/codec/again/whole", test_again_whole);
    g_test_add_func("/lpm/codec/again/budget", test_again_budget);
    g_test_add_func("/lpm/codec/again/level-none", test_again_level_none);
    g_test_add_func("/lpm/codec/again/forget", test_again_forget);
    g_test_add_func("/lpm/codec/again/in-place", test_again_in_place);
    g_test_add_func("/lpm/codec/again/other-base", test_again_other_base);
    g_test_add_func("/lpm/codec/again/damage", test_again_damage);
    g_test_add_func("/lpm/codec/again/forged", test_forged_map);
    g_test_add_data_func("/lpm/codec/concurrent-writer/zstd",
                         GINT_TO_POINTER(PAGES_TEXT), test_concurrent_writer);
    g_test_add_data_func("/lpm/codec/concurrent-writer/raw",
                         GINT_TO_POINTER(PAGES_RANDOM),
                         test_concurrent_writer);
    g_test_add_func("/lpm/codec/threads/stats",
                    test_stats_from_another_thread);
    g_test_add_func("/lpm/codec/threads/channels", test_channels);
    return g_test_run();
}
