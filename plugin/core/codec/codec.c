/*
 * Page frames: guest pages to checked, compressed frames and back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/codec.h"

#include <string.h>
#include <time.h>
#include <zstd.h>
#include <zstd_errors.h>

/* Inlined: the hash is a header for us, no library to link or to find. */
#define XXH_INLINE_ALL
#if defined(__GNUC__) && !defined(__clang__)
/* At -O2 gcc keeps the hash's lanes in memory: 7.8 instead of 11 GB/s. */
#pragma GCC push_options
#pragma GCC optimize("O3")
#include <xxhash.h>
#pragma GCC pop_options
#else
#include <xxhash.h>
#endif

#include "codec/frame.h"
#include "codec/probe.h"
#include "error/lpm-error.h"

/*
 * Level 1: the level above which speed falls faster than size does (on
 * page-cache-like data 2.7x at some 290 MB/s against 2.9x at 190 for 3).
 */
#define DEFAULT_LEVEL 1

/* A zstd frame is sent only if it saves this share of the page bytes. */
#define MIN_SAVING_SHIFT 4

/* Enough lines in flight to keep memory busy, too few to stall on. */
#define PREFETCH_STEP 1024u
#define CACHE_LINE 64u

/* A frame and what keeps the next one's payload at the start of a line. */
#define FRAME_ROOM (LPM_FRAME_MAX_RAW + CACHE_LINE)
G_STATIC_ASSERT(FRAME_ROOM >= LPM_FRAME_MAX_BYTES);

/*
 * Twice the most pages of a frame, a power of two: the set of offsets is
 * never more than half full.
 */
#define OFFSET_SLOTS 2048u
G_STATIC_ASSERT(OFFSET_SLOTS >= 2 * LPM_FRAME_MAX_PAGES);

/* Open addressing; 0 is a free slot, so the entries are offset + 1. */
typedef struct OffsetSet {
    guint64 slots[OFFSET_SLOTS];
} OffsetSet;

struct LpmEncoder {
    ZSTD_CCtx *cctx;
    void *memory;
    guint8 *raw;        /* a raw frame: header, then the private pages */
    guint8 *packed;     /* a zstd frame: header, then what zstd makes */
    OffsetSet offsets;
    LpmCodecStats stats;
};

struct LpmDecoder {
    ZSTD_DCtx *dctx;
    guint8 *pages;      /* LPM_FRAME_MAX_RAW, what zstd makes */
    OffsetSet offsets;
    LpmCodecStats stats;
};

static guint64 now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (guint64)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

/*
 * One thread writes, any thread reads: no counter may tear, and there is no
 * order between counters to keep, so relaxed is enough.
 */
static void counter_add(guint64 *counter, guint64 n)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n,
                     __ATOMIC_RELAXED);
}

static void stats_count(LpmCodecStats *stats, const LpmFrameHeader *h,
                        guint64 start_ns)
{
    counter_add(&stats->frames, 1);
    counter_add(&stats->raw_frames, h->method == LPM_FRAME_METHOD_RAW);
    counter_add(&stats->pages, h->n_pages);
    counter_add(&stats->raw_bytes, h->raw_bytes);
    counter_add(&stats->wire_bytes,
                LPM_FRAME_HEADER_BYTES + (guint64)h->payload_bytes);
    counter_add(&stats->time_ns, now_ns() - start_ns);
}

static void stats_read(const LpmCodecStats *stats, LpmCodecStats *ret_stats)
{
    *ret_stats = (LpmCodecStats) {
        .frames = __atomic_load_n(&stats->frames, __ATOMIC_RELAXED),
        .raw_frames = __atomic_load_n(&stats->raw_frames, __ATOMIC_RELAXED),
        .delta_frames = __atomic_load_n(&stats->delta_frames,
                                        __ATOMIC_RELAXED),
        .pages = __atomic_load_n(&stats->pages, __ATOMIC_RELAXED),
        .raw_bytes = __atomic_load_n(&stats->raw_bytes, __ATOMIC_RELAXED),
        .wire_bytes = __atomic_load_n(&stats->wire_bytes, __ATOMIC_RELAXED),
        .time_ns = __atomic_load_n(&stats->time_ns, __ATOMIC_RELAXED),
    };
}

static gboolean limit(GError **error, const char *what, guint64 value)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                "page frame: %s (%" G_GUINT64_FORMAT ")", what, value);
    return FALSE;
}

static gboolean check_shape(guint32 n_pages, guint32 page_size,
                            GError **error)
{
    if (page_size < LPM_FRAME_MIN_PAGE || page_size > LPM_FRAME_MAX_RAW ||
        (page_size & (page_size - 1)) != 0) {
        return limit(error, "page size is no power of two from 512 to 512 KiB",
                     page_size);
    }
    if (n_pages == 0 || n_pages > LPM_FRAME_MAX_RAW / page_size) {
        return limit(error, "page count is 0 or more than 512 KiB", n_pages);
    }
    return TRUE;
}

/* Returns: false if @offset is in the set already. */
static gboolean offset_set_add(OffsetSet *set, guint64 offset)
{
    guint32 slot = (guint32)(offset * 0x9e3779b97f4a7c15u >> 32);

    for (;; slot++) {
        guint64 *entry = &set->slots[slot % OFFSET_SLOTS];

        if (*entry == 0) {
            *entry = offset + 1;
            return TRUE;
        }
        if (*entry == offset + 1) {
            return FALSE;
        }
    }
}

/*
 * Zero page detection reorders a packet, so offsets need not ascend; only
 * when they do not is the set needed to find one that comes twice.
 */
static gboolean check_offsets(OffsetSet *set, const guint64 *offsets,
                              guint32 n_pages, guint32 page_size,
                              guint64 block_bytes, GError **error)
{
    gboolean ascending = TRUE;

    for (guint32 i = 0; i < n_pages; i++) {
        if ((offsets[i] & (page_size - 1)) != 0) {
            return limit(error, "offset is not at a page's start",
                         offsets[i]);
        }
        if (block_bytes < page_size || offsets[i] > block_bytes - page_size) {
            return limit(error, "offset is outside of the block",
                         offsets[i]);
        }
        ascending = ascending && (i == 0 || offsets[i] > offsets[i - 1]);
    }
    if (ascending) {
        return TRUE;
    }

    memset(set, 0, sizeof(*set));
    for (guint32 i = 0; i < n_pages; i++) {
        if (!offset_set_add(set, offsets[i])) {
            return limit(error, "offset comes twice", offsets[i]);
        }
    }
    return TRUE;
}

/*
 * The checksum is over content, packed payload, offsets and header, in this
 * order.  Content first keeps the bulk aligned in the hash's own buffer and
 * lets the encoder hash each page while it is in the first level cache.  The
 * packed bytes are in it because some of their bits can change with no
 * change to the content: whatever the damage, the frame is refused.
 */
static guint64 checksum_end(XXH3_state_t *state, const LpmFrameHeader *h,
                            const guint8 *frame, const guint64 *offsets)
{
    if (h->method != LPM_FRAME_METHOD_RAW) {
        XXH3_64bits_update(state, frame + LPM_FRAME_HEADER_BYTES,
                           h->payload_bytes);
    }
    for (guint32 i = 0; i < h->n_pages; i++) {
        guint64 be = GUINT64_TO_BE(offsets[i]);

        XXH3_64bits_update(state, &be, sizeof(be));
    }
    XXH3_64bits_update(state, frame, LPM_FRAME_HASHED_BYTES);
    return XXH3_64bits_digest(state);
}

/* Where in @memory a frame begins so that its payload starts a line. */
static guint8 *frame_place(guint8 *memory)
{
    gsize over = ((gsize)memory + LPM_FRAME_HEADER_BYTES) % CACHE_LINE;

    return memory + (CACHE_LINE - over) % CACHE_LINE;
}

LpmEncoder *lpm_encoder_new(const LpmCodecParams *params, GError **error)
{
    g_autoptr(LpmEncoder) encoder = NULL;
    int level = params && params->level ? params->level : DEFAULT_LEVEL;

    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "encoder: level %d, wanted %d to %d", level,
                    ZSTD_minCLevel(), ZSTD_maxCLevel());
        return NULL;
    }
    encoder = g_try_new0(LpmEncoder, 1);
    if (encoder) {
        encoder->cctx = ZSTD_createCCtx();
        encoder->memory = g_try_malloc0(2 * FRAME_ROOM + CACHE_LINE);
    }
    if (encoder && encoder->memory) {
        encoder->raw = frame_place(encoder->memory);
        encoder->packed = encoder->raw + FRAME_ROOM;
    }
    if (!encoder || !encoder->cctx || !encoder->memory ||
        ZSTD_isError(ZSTD_CCtx_setParameter(encoder->cctx,
                                            ZSTD_c_compressionLevel,
                                            level)) ||
        /* The largest frame once: zstd takes its tables here, not later. */
        ZSTD_isError(ZSTD_compress2(encoder->cctx, encoder->packed,
                                    LPM_FRAME_MAX_BYTES, encoder->raw,
                                    LPM_FRAME_MAX_RAW))) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "encoder: no memory for level %d", level);
        return NULL;
    }
    return g_steal_pointer(&encoder);
}

void lpm_encoder_free(LpmEncoder *encoder)
{
    if (encoder) {
        ZSTD_freeCCtx(encoder->cctx);
        g_free(encoder->memory);
        g_free(encoder);
    }
}

/*
 * The only place that reads guest memory; each byte is read once.  The
 * hash sees the copy, as the barrier keeps the compiler from reading the
 * source again in its place.
 *
 * Pages lie anywhere, so the processor cannot guess the next one: asking for
 * it while this one is hashed took the walk from 5.5 to 7.3 GB/s.
 */
static void take_pages(guint8 *copy, XXH3_state_t *state, const guint8 *base,
                       const guint64 *offsets, guint32 n_pages,
                       guint32 page_size)
{
    guint32 step = MIN(page_size, PREFETCH_STEP);

    for (guint32 i = 0; i < n_pages; i++) {
        guint8 *page = copy + (gsize)i * page_size;
        const guint8 *next = base + offsets[i + 1 < n_pages ? i + 1 : i];

        memcpy(page, base + offsets[i], page_size);
        __asm__ volatile("" : : : "memory");
        for (guint32 at = 0; at < page_size; at += step) {
            for (guint32 line = 0; line < step; line += CACHE_LINE) {
                __builtin_prefetch(next + at + line);
            }
            XXH3_64bits_update(state, page + at, step);
        }
    }
}

gboolean lpm_encoder_encode(LpmEncoder *encoder, const guint8 *base,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, const guint8 **ret_frame,
                            gsize *ret_len, GError **error)
{
    guint64 start_ns = now_ns();
    guint8 *pages = encoder->raw + LPM_FRAME_HEADER_BYTES;
    guint8 *frame = encoder->raw;
    LpmFrameHeader h = { .method = LPM_FRAME_METHOD_RAW };
    XXH3_state_t state;

    if (!check_shape(n_pages, page_size, error) ||
        !check_offsets(&encoder->offsets, offsets, n_pages, page_size,
                       G_MAXUINT64, error)) {
        return FALSE;
    }

    h.n_pages = n_pages;
    h.page_shift = __builtin_ctz(page_size);
    h.raw_bytes = n_pages * page_size;
    h.payload_bytes = h.raw_bytes;

    XXH3_64bits_reset(&state);
    take_pages(pages, &state, base, offsets, n_pages, page_size);

    if (lpm_probe_compressible(pages, h.raw_bytes)) {
        /*
         * No more room than a frame worth sending: zstd stops early.  After
         * 128 small frames zstd gives memory back and the next large one
         * takes it again; should there be none, the frame is sent raw.
         */
        gsize n = ZSTD_compress2(encoder->cctx,
                                 encoder->packed + LPM_FRAME_HEADER_BYTES,
                                 h.raw_bytes -
                                 (h.raw_bytes >> MIN_SAVING_SHIFT),
                                 pages, h.raw_bytes);

        if (!ZSTD_isError(n)) {
            h.method = LPM_FRAME_METHOD_ZSTD;
            h.payload_bytes = n;
            frame = encoder->packed;
        } else if (ZSTD_getErrorCode(n) != ZSTD_error_dstSize_tooSmall &&
                   ZSTD_getErrorCode(n) != ZSTD_error_memory_allocation) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                        "page frame: zstd: %s", ZSTD_getErrorName(n));
            return FALSE;
        }
    }

    /* Twice: the checksum covers the header, and the header holds it. */
    lpm_frame_header_encode(&h, frame);
    h.checksum = checksum_end(&state, &h, frame, offsets);
    lpm_frame_header_encode(&h, frame);

    stats_count(&encoder->stats, &h, start_ns);
    *ret_frame = frame;
    *ret_len = LPM_FRAME_HEADER_BYTES + (gsize)h.payload_bytes;
    return TRUE;
}

void lpm_encoder_stats(const LpmEncoder *encoder, LpmCodecStats *ret_stats)
{
    stats_read(&encoder->stats, ret_stats);
}

LpmDecoder *lpm_decoder_new(GError **error)
{
    g_autoptr(LpmDecoder) decoder = g_try_new0(LpmDecoder, 1);

    if (decoder) {
        decoder->dctx = ZSTD_createDCtx();
        decoder->pages = g_try_malloc(LPM_FRAME_MAX_RAW);
    }
    if (!decoder || !decoder->dctx || !decoder->pages) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "decoder: no memory");
        return NULL;
    }
    return g_steal_pointer(&decoder);
}

void lpm_decoder_free(LpmDecoder *decoder)
{
    if (decoder) {
        ZSTD_freeDCtx(decoder->dctx);
        g_free(decoder->pages);
        g_free(decoder);
    }
}

/*
 * Exactly one zstd frame of exactly the size that the header says; zstd by
 * itself would also take several, and skippable ones.
 */
static gboolean unpack(LpmDecoder *decoder, const LpmFrameHeader *h,
                       const guint8 *payload, GError **error)
{
    unsigned long long content = ZSTD_getFrameContentSize(payload,
                                                          h->payload_bytes);
    gsize n;

    if (content != h->raw_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: zstd says %llu page bytes, the header %"
                    G_GUINT32_FORMAT, content, h->raw_bytes);
        return FALSE;
    }
    n = ZSTD_findFrameCompressedSize(payload, h->payload_bytes);
    if (ZSTD_isError(n) || n != h->payload_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: payload of %" G_GUINT32_FORMAT
                    " bytes is not one zstd frame", h->payload_bytes);
        return FALSE;
    }
    n = ZSTD_decompressDCtx(decoder->dctx, decoder->pages, h->raw_bytes,
                            payload, h->payload_bytes);
    if (ZSTD_isError(n) || n != h->raw_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: zstd: %s",
                    ZSTD_isError(n) ? ZSTD_getErrorName(n) : "short content");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_content(const LpmFrameHeader *h, const guint8 *frame,
                              const guint8 *pages, const guint64 *offsets,
                              GError **error)
{
    XXH3_state_t state;
    guint64 sum;

    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, pages, h->raw_bytes);
    sum = checksum_end(&state, h, frame, offsets);
    if (sum != h->checksum) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_CRYPTO,
                    "page frame: checksum is %016" G_GINT64_MODIFIER
                    "x, wanted %016" G_GINT64_MODIFIER "x",
                    sum, h->checksum);
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_decoder_decode(LpmDecoder *decoder, const guint8 *frame,
                            gsize len, guint8 *base, guint64 block_bytes,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, GError **error)
{
    guint64 start_ns = now_ns();
    const guint8 *pages = NULL;
    LpmFrameHeader h;

    if (!check_shape(n_pages, page_size, error) ||
        !check_offsets(&decoder->offsets, offsets, n_pages, page_size,
                       block_bytes, error) ||
        !lpm_frame_header_decode(frame, len, &h, error)) {
        return FALSE;
    }
    if (h.n_pages != n_pages || 1u << h.page_shift != page_size) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: %" G_GUINT32_FORMAT " pages of %u bytes, "
                    "the packet has %" G_GUINT32_FORMAT " of %"
                    G_GUINT32_FORMAT, h.n_pages, 1u << h.page_shift,
                    n_pages, page_size);
        return FALSE;
    }

    switch (h.method) {
    case LPM_FRAME_METHOD_RAW:
        /* The frame is the caller's private copy: no need for ours. */
        pages = frame + LPM_FRAME_HEADER_BYTES;
        break;
    case LPM_FRAME_METHOD_ZSTD:
        if (!unpack(decoder, &h, frame + LPM_FRAME_HEADER_BYTES, error)) {
            return FALSE;
        }
        pages = decoder->pages;
        break;
    }
    if (!check_content(&h, frame, pages, offsets, error)) {
        return FALSE;
    }

    for (guint32 i = 0; i < n_pages; i++) {
        memcpy(base + offsets[i], pages + (gsize)i * page_size, page_size);
    }
    stats_count(&decoder->stats, &h, start_ns);
    return TRUE;
}

void lpm_decoder_stats(const LpmDecoder *decoder, LpmCodecStats *ret_stats)
{
    stats_read(&decoder->stats, ret_stats);
}

void lpm_codec_stats_add(LpmCodecStats *sum, const LpmCodecStats *one)
{
    sum->frames += one->frames;
    sum->raw_frames += one->raw_frames;
    sum->delta_frames += one->delta_frames;
    sum->pages += one->pages;
    sum->raw_bytes += one->raw_bytes;
    sum->wire_bytes += one->wire_bytes;
    sum->time_ns += one->time_ns;
}
