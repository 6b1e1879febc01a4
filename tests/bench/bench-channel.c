/*
 * One channel of each codec: pages to packets, and back into memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench-channel.h"

#include <time.h>

#define PACKET_PAGES (BENCH_PACKET / BENCH_PAGE)

double bench_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec + ts.tv_nsec * 1e-9;
}

BenchChannel *bench_channel_new(gsize bytes)
{
    BenchChannel *ch = g_new0(BenchChannel, 1);
    gsize packets = bytes / BENCH_PACKET + 1;

    ch->room = MAX(ZSTD_compressBound(BENCH_PACKET), LPM_FRAME_MAX_BYTES);
    ch->packet = g_malloc(ch->room);
    ch->dst = g_malloc(bytes);
    ch->wire = g_malloc(packets * ch->room);
    ch->len = g_new(gsize, packets);
    return ch;
}

void bench_channel_free(BenchChannel *ch)
{
    g_free(ch->packet);
    g_free(ch->dst);
    g_free(ch->wire);
    g_free(ch->len);
    g_free(ch);
}

static gsize n_packets(const BenchList *list)
{
    return (list->n + PACKET_PAGES - 1) / PACKET_PAGES;
}

/* Returns: how many pages packet @i has. */
static guint32 packet_pages(const BenchList *list, gsize i)
{
    return MIN(PACKET_PAGES, list->n - i * PACKET_PAGES);
}

/* The packets leave by socket, so the bytes are copied out: not timed. */
static void keep(BenchChannel *ch, gsize packet, const guint8 *bytes,
                 gsize len)
{
    double from = bench_seconds();

    memcpy(ch->wire + ch->total, bytes, len);
    ch->len[packet] = len;
    ch->total += len;
    ch->idle += bench_seconds() - from;
}

static void copy_open(BenchChannel *ch G_GNUC_UNUSED,
                      gsize bytes G_GNUC_UNUSED)
{
}

static void copy_close(BenchChannel *ch G_GNUC_UNUSED)
{
}

static void copy_encode(const guint8 *src, const BenchList *list,
                        BenchChannel *ch)
{
    for (gsize i = 0; i < n_packets(list); i++) {
        guint32 n = packet_pages(list, i);

        for (guint32 j = 0; j < n; j++) {
            memcpy(ch->packet + j * BENCH_PAGE,
                   src + list->offsets[i * PACKET_PAGES + j], BENCH_PAGE);
        }
        keep(ch, i, ch->packet, n * BENCH_PAGE);
    }
}

static void copy_decode(gsize bytes G_GNUC_UNUSED, const BenchList *list,
                        BenchChannel *ch)
{
    for (gsize i = 0; i < list->n; i++) {
        memcpy(ch->dst + list->offsets[i], ch->wire + i * BENCH_PAGE,
               BENCH_PAGE);
    }
}

const BenchCodec bench_copy = {
    "copy", copy_open, copy_encode, copy_decode, copy_close,
};

static void vanilla_open(BenchChannel *ch, gsize bytes G_GNUC_UNUSED)
{
    ch->zcs = ZSTD_createCStream();
    ch->zds = ZSTD_createDStream();
    if (ZSTD_isError(ZSTD_initCStream(ch->zcs, ch->level)) ||
        ZSTD_isError(ZSTD_initDStream(ch->zds))) {
        g_error("vanilla: no memory");
    }
}

static void vanilla_close(BenchChannel *ch)
{
    ZSTD_freeCStream(ch->zcs);
    ZSTD_freeDStream(ch->zds);
}

static void vanilla_encode_page(BenchChannel *ch, ZSTD_outBuffer *out,
                                const guint8 *page, gboolean last)
{
    ZSTD_inBuffer in = { page, BENCH_PAGE, 0 };
    ZSTD_EndDirective flush = last ? ZSTD_e_flush : ZSTD_e_continue;
    gsize ret;

    do {
        ret = ZSTD_compressStream2(ch->zcs, out, &in, flush);
    } while (!ZSTD_isError(ret) && ret > 0 && in.size > in.pos &&
             out->size > out->pos);
    if (ZSTD_isError(ret) || in.pos < in.size) {
        g_error("vanilla: encode");
    }
}

static void vanilla_encode(const guint8 *src, const BenchList *list,
                           BenchChannel *ch)
{
    for (gsize i = 0; i < n_packets(list); i++) {
        ZSTD_outBuffer out = { ch->packet, ch->room, 0 };
        guint32 n = packet_pages(list, i);

        for (guint32 j = 0; j < n; j++) {
            vanilla_encode_page(ch, &out,
                                src + list->offsets[i * PACKET_PAGES + j],
                                j == n - 1);
        }
        keep(ch, i, ch->packet, out.pos);
    }
}

static void vanilla_decode_page(BenchChannel *ch, ZSTD_inBuffer *in,
                                guint8 *page)
{
    ZSTD_outBuffer out = { page, BENCH_PAGE, 0 };
    gsize ret;

    do {
        ret = ZSTD_decompressStream(ch->zds, &out, in);
    } while (!ZSTD_isError(ret) && ret > 0 && in->size > in->pos &&
             out.pos < BENCH_PAGE);
    if (ZSTD_isError(ret) || out.pos != BENCH_PAGE) {
        g_error("vanilla: decode");
    }
}

static void vanilla_decode(gsize bytes G_GNUC_UNUSED, const BenchList *list,
                           BenchChannel *ch)
{
    gsize at = 0;

    for (gsize i = 0; i < n_packets(list); i++) {
        ZSTD_inBuffer in = { ch->wire + at, ch->len[i], 0 };

        for (guint32 j = 0; j < packet_pages(list, i); j++) {
            vanilla_decode_page(ch, &in,
                                ch->dst + list->offsets[i * PACKET_PAGES + j]);
        }
        at += ch->len[i];
    }
}

const BenchCodec bench_vanilla = {
    "vanilla", vanilla_open, vanilla_encode, vanilla_decode, vanilla_close,
};

static void lpm_open(BenchChannel *ch, gsize bytes)
{
    g_autoptr(GError) error = NULL;
    LpmCodecParams params = { 0 };

    /* It needs a sixteenth, and must not run out. */
    ch->store = params.store = lpm_store_new(bytes / 8 + (1 << 20));
    ch->encoder = lpm_encoder_new(&params, &error);
    ch->decoder = ch->encoder ? lpm_decoder_new(&error) : NULL;
    if (!ch->decoder) {
        g_error("lpm: %s", error->message);
    }
    /* None is a level to change to only. */
    lpm_encoder_set_level(ch->encoder, ch->level);
}

static void lpm_close(BenchChannel *ch)
{
    g_clear_pointer(&ch->encoder, lpm_encoder_free);
    g_clear_pointer(&ch->decoder, lpm_decoder_free);
    g_clear_pointer(&ch->store, lpm_store_free);
}

static void lpm_encode(const guint8 *src, const BenchList *list,
                       BenchChannel *ch)
{
    for (gsize i = 0; i < n_packets(list); i++) {
        g_autoptr(GError) error = NULL;
        const guint8 *frame;
        gsize len;

        if (!lpm_encoder_encode(ch->encoder, src,
                                list->offsets + i * PACKET_PAGES,
                                packet_pages(list, i), BENCH_PAGE, &frame,
                                &len, &error)) {
            g_error("lpm: encode: %s", error->message);
        }
        keep(ch, i, frame, len);
    }
}

static void lpm_decode(gsize bytes, const BenchList *list, BenchChannel *ch)
{
    gsize at = 0;

    for (gsize i = 0; i < n_packets(list); i++) {
        g_autoptr(GError) error = NULL;

        if (!lpm_decoder_decode(ch->decoder, ch->wire + at, ch->len[i],
                                ch->dst, bytes,
                                list->offsets + i * PACKET_PAGES,
                                packet_pages(list, i), BENCH_PAGE, &error)) {
            g_error("lpm: decode: %s", error->message);
        }
        at += ch->len[i];
    }
}

const BenchCodec bench_lpm = {
    "lpm", lpm_open, lpm_encode, lpm_decode, lpm_close,
};
