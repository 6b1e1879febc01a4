/*
 * Page frames: guest pages to checked, compressed frames
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/common.h"
#include "codec/probe.h"
#include "error/lpm-error.h"

/*
 * Level 1: the level above which speed falls faster than size does (on
 * page-cache-like data 2.4x at some 170 MB/s against 2.8x at 95 for 3).
 */
#define DEFAULT_LEVEL 1

/*
 * Above this the frames of a channel are one stream, each with the last 4 MiB
 * to look back at: on a page cache that makes 2.58x into 2.67x with level 3,
 * and 2.72x into 3.09x with 9.  With level 1 it gives 1 % and costs a quarter
 * of the speed, on both sides.
 */
#define LAST_ALONE 1

/*
 * Level 1 with shorter matches than zstd's own 7 and with a table that stays
 * in the first cache: on a database 3.04x instead of 2.96x, on a page cache
 * 2.47x as before, and 2 % less time for both sides together.
 */
#define LEVEL_1_MIN_MATCH 6
#define LEVEL_1_HASH_LOG 13

/* A packed frame is sent only if it saves this share of its content. */
#define MIN_SAVING_SHIFT 4

/*
 * A page is sent as a difference if at most this share of its blocks are
 * others: whole, it would be packed to a half or a third of its size.
 */
#define DELTA_SHIFT 2

/* Enough lines in flight to keep memory busy, too few to stall on. */
#define PREFETCH_STEP 1024u
#define CACHE_LINE 64u

/* A frame and what keeps the next one's payload at the start of a line. */
#define FRAME_ROOM (LPM_FRAME_MAX_RAW + CACHE_LINE)
G_STATIC_ASSERT(FRAME_ROOM >= LPM_FRAME_MAX_BYTES);

/* A map is shorter than what the blocks save that it says are not sent. */
#define MAP_MAX (LPM_FRAME_MAX_PAGES / 8 + LPM_FRAME_MAX_BLOCKS / 8 + \
                 LPM_FRAME_MAX_PAGES)

struct LpmEncoder {
    int level;
    ZSTD_CCtx *cctx;
    gboolean streams;   /* the decoder has what the stream looks back at */
    LpmStore *store;
    void *memory;
    guint8 *raw;        /* a raw frame: header, then the private pages */
    guint8 *packed;     /* any other frame: header, then its parts */
    LpmOffsetSet offsets;
    LpmFrameWork work;
    LpmCodecStats stats;

    /* the frame that is made */
    guint64 digests[LPM_FRAME_MAX_BLOCKS];
    LpmSentPage sent[LPM_FRAME_MAX_PAGES];
    guint8 map[MAP_MAX];
    guint32 map_bytes;
    guint32 n_delta;
    guint32 delta_bytes;
};

/* Where in @memory a frame begins so that its payload starts a line. */
static guint8 *frame_place(guint8 *memory)
{
    gsize over = ((gsize)memory + LPM_FRAME_HEADER_BYTES) % CACHE_LINE;

    return memory + (CACHE_LINE - over) % CACHE_LINE;
}

static gboolean set_parameter(LpmEncoder *encoder, ZSTD_cParameter which,
                              int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->cctx, which, value));
}

static gboolean set_level(LpmEncoder *encoder, int level)
{
    encoder->level = level;
    encoder->streams = FALSE;
    if (level == LPM_LEVEL_NONE) {
        return TRUE;
    }
    if (ZSTD_isError(ZSTD_CCtx_reset(encoder->cctx,
                                     ZSTD_reset_session_and_parameters)) ||
        !set_parameter(encoder, ZSTD_c_compressionLevel, level)) {
        return FALSE;
    }
    if (level > LAST_ALONE) {
        return set_parameter(encoder, ZSTD_c_windowLog, LPM_FRAME_WINDOW_LOG);
    }
    return level != 1 ||
           (set_parameter(encoder, ZSTD_c_minMatch, LEVEL_1_MIN_MATCH) &&
            set_parameter(encoder, ZSTD_c_hashLog, LEVEL_1_HASH_LOG));
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
        encoder->store = params ? params->store : NULL;
        encoder->cctx = ZSTD_createCCtx();
        encoder->memory = g_try_malloc0(2 * FRAME_ROOM + CACHE_LINE);
    }
    if (encoder && encoder->memory) {
        encoder->raw = frame_place(encoder->memory);
        encoder->packed = encoder->raw + FRAME_ROOM;
    }
    if (!encoder || !encoder->cctx || !encoder->memory ||
        !set_level(encoder, level) ||
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

void lpm_encoder_set_level(LpmEncoder *encoder, int level)
{
    if (level != encoder->level) {
        set_level(encoder, level);
    }
}

/*
 * The only place that reads guest memory; each byte is read once.  The
 * digests see the copy, as the barrier keeps the compiler from reading the
 * source again in its place.
 *
 * Pages lie anywhere, so the processor cannot guess the next one: asking for
 * it while this one is hashed took the walk from 5.5 to 7.3 GB/s.
 */
static void take_pages(guint8 *copy, guint64 *digests, const guint8 *base,
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
            for (guint32 b = 0; b < step; b += LPM_BLOCK_BYTES) {
                *digests++ = lpm_codec_digest(page + at + b);
            }
        }
    }
}

/*
 * Writes the mask of the blocks of one page that are others now.
 * Returns: how many; G_MAXUINT32 if the page is better sent whole.
 */
static guint32 mask_blocks(const LpmSentPage *sent, const guint64 *digests,
                           guint32 n, guint8 *ret_mask)
{
    guint32 changed = 0;

    if (!sent->digests || !*sent->known) {
        return G_MAXUINT32;
    }
    memset(ret_mask, 0, (n + 7) / 8);
    for (guint32 i = 0; i < n; i++) {
        if (sent->digests[i] != digests[i]) {
            ret_mask[i / 8] |= 1u << i % 8;
            changed++;
        }
    }
    return changed <= n >> DELTA_SHIFT ? changed : G_MAXUINT32;
}

/* Moves what is sent of a page to @to, which is not behind it. */
static guint8 *take_blocks(guint8 *to, const guint8 *page,
                           const guint8 *mask, guint32 n)
{
    for (guint32 i = 0; i < n; i++) {
        if (lpm_codec_bit(mask, i)) {
            memmove(to, page + (gsize)i * LPM_BLOCK_BYTES, LPM_BLOCK_BYTES);
            to += LPM_BLOCK_BYTES;
        }
    }
    return to;
}

/*
 * Finds out which pages are sent as differences, writes the map, and moves
 * the content together at the start of @pages.  What is sent is remembered.
 * Returns: bytes of content.
 */
static gsize find_deltas(LpmEncoder *encoder, guint8 *pages,
                         const LpmFrameHeader *h)
{
    guint32 page_size = 1u << h->page_shift;
    guint32 blocks = page_size / LPM_BLOCK_BYTES;
    guint8 *mask = encoder->map + (h->n_pages + 7) / 8;
    guint8 *content = pages;

    memset(encoder->map, 0, (h->n_pages + 7) / 8);
    for (guint32 i = 0; i < h->n_pages; i++) {
        const guint64 *digests = encoder->digests + (gsize)i * blocks;
        const guint8 *page = pages + (gsize)i * page_size;
        LpmSentPage *sent = &encoder->sent[i];
        guint32 changed = mask_blocks(sent, digests, blocks, mask);

        if (changed != G_MAXUINT32) {
            encoder->map[i / 8] |= 1u << i % 8;
            encoder->n_delta++;
            encoder->delta_bytes += changed * LPM_BLOCK_BYTES;
            content = take_blocks(content, page, mask, blocks);
            mask += lpm_codec_mask_bytes(h->page_shift);
        } else {
            if (content != page) {
                memmove(content, page, page_size);
            }
            content += page_size;
        }
        if (sent->digests && changed != 0) {
            memcpy(sent->digests, digests, blocks * sizeof(digests[0]));
            *sent->known = TRUE;
        }
    }
    encoder->map_bytes = encoder->n_delta ? mask - encoder->map : 0;
    return content - pages;
}

/*
 * The next part of the stream; one that does not leave ends it.
 * Returns: as zstd says it: 0 if all of it is in @out.
 */
static gsize pack_part(LpmEncoder *encoder, ZSTD_outBuffer *out,
                       ZSTD_inBuffer *in, LpmFrameHeader *h)
{
    gsize left;

    h->begins = !encoder->streams;
    if (h->begins) {
        ZSTD_CCtx_reset(encoder->cctx, ZSTD_reset_session_only);
    }
    do {
        left = ZSTD_compressStream2(encoder->cctx, out, in, ZSTD_e_flush);
    } while (!ZSTD_isError(left) && left != 0 && out->pos < out->size);
    encoder->streams = left == 0;
    return left;
}

/*
 * Packs @bytes of content at @to.  Returns: bytes; 0 if there is no @room,
 * or with @error.
 */
static gsize pack(LpmEncoder *encoder, guint8 *to, gsize room,
                  const guint8 *content, gsize bytes, LpmFrameHeader *h,
                  GError **error)
{
    ZSTD_outBuffer out = { to, room, 0 };
    ZSTD_inBuffer in = { content, bytes, 0 };
    gsize n;

    if (encoder->level <= LAST_ALONE) {
        h->method = LPM_FRAME_METHOD_ZSTD;
        n = ZSTD_compress2(encoder->cctx, to, room, content, bytes);
        if (!ZSTD_isError(n)) {
            return n;
        }
    } else {
        h->method = LPM_FRAME_METHOD_STREAM;
        n = pack_part(encoder, &out, &in, h);
        if (n == 0) {
            return out.pos;
        }
    }
    /*
     * No room, or no memory: after 128 small frames zstd gives it back, and
     * takes it again for the next large one.
     */
    h->method = LPM_FRAME_METHOD_RAW;
    h->begins = FALSE;
    if (ZSTD_isError(n) &&
        ZSTD_getErrorCode(n) != ZSTD_error_dstSize_tooSmall &&
        ZSTD_getErrorCode(n) != ZSTD_error_memory_allocation) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "page frame: zstd: %s",
                    ZSTD_getErrorName(n));
    }
    return 0;
}

static gsize pack_if_worth(LpmEncoder *encoder, guint8 *to,
                           const guint8 *content, gsize bytes,
                           LpmFrameHeader *h, GError **error)
{
    guint64 start_ns = lpm_codec_now_ns();
    gsize n;

    if (encoder->level == LPM_LEVEL_NONE || bytes == 0 ||
        !lpm_probe_compressible(content, bytes)) {
        return 0;
    }
    /* No more room than a frame worth sending: zstd stops early. */
    n = pack(encoder, to, bytes - (bytes >> MIN_SAVING_SHIFT) - 1, content,
             bytes, h, error);
    encoder->work.packed_from = bytes;
    encoder->work.packed_to = n ? n : bytes;
    encoder->work.packed_ns = lpm_codec_now_ns() - start_ns;
    return n;
}

/* Returns: the frame without its header, NULL with @error. */
static guint8 *make_payload(LpmEncoder *encoder, LpmFrameHeader *h,
                            gsize content_bytes, GError **error)
{
    guint8 *content = encoder->raw + LPM_FRAME_HEADER_BYTES;
    guint8 *payload = encoder->packed + LPM_FRAME_HEADER_BYTES;
    GError *err = NULL;
    gsize n = pack_if_worth(encoder, payload + encoder->map_bytes, content,
                            content_bytes, h, &err);

    if (err) {
        g_propagate_error(error, err);
        return NULL;
    }
    h->map_bytes = encoder->map_bytes;
    h->payload_bytes = encoder->map_bytes + (n ? n : content_bytes);
    if (n == 0 && encoder->map_bytes == 0) {
        return encoder->raw;
    }
    memcpy(payload, encoder->map, encoder->map_bytes);
    if (n == 0) {
        memcpy(payload + encoder->map_bytes, content, content_bytes);
    }
    return encoder->packed;
}

/* Twice: the checksum covers the header, and the header holds it. */
static void put_header(const LpmEncoder *encoder, LpmFrameHeader *h,
                       guint8 *frame, const guint64 *offsets)
{
    lpm_frame_header_encode(h, frame);
    h->checksum = lpm_codec_checksum(encoder->digests, h, frame, offsets);
    lpm_frame_header_encode(h, frame);
}

/* Returns: false with @error if the decoder would refuse these pages. */
static gboolean begin_frame(LpmEncoder *encoder, LpmFrameMethod method,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, LpmFrameHeader *ret_h,
                            GError **error)
{
    if (!lpm_codec_check_pages(&encoder->offsets, offsets, n_pages, page_size,
                               G_MAXUINT64, error)) {
        return FALSE;
    }
    *ret_h = (LpmFrameHeader) {
        .method = method,
        .n_pages = n_pages,
        .page_shift = __builtin_ctz(page_size),
        .raw_bytes = n_pages * page_size,
    };
    encoder->work = (LpmFrameWork) { .raw_bytes = ret_h->raw_bytes };
    encoder->map_bytes = encoder->n_delta = encoder->delta_bytes = 0;
    return TRUE;
}

static void end_frame(LpmEncoder *encoder, LpmFrameHeader *h, guint8 *frame,
                      const guint64 *offsets, guint64 start_ns)
{
    put_header(encoder, h, frame, offsets);
    lpm_codec_count(&encoder->stats, h, encoder->n_delta,
                    encoder->delta_bytes, start_ns);
    encoder->work.wire_bytes = LPM_FRAME_HEADER_BYTES + h->payload_bytes;
    encoder->work.time_ns = lpm_codec_now_ns() - start_ns;
}

gboolean lpm_encoder_encode(LpmEncoder *encoder, const guint8 *base,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, const guint8 **ret_frame,
                            gsize *ret_len, GError **error)
{
    guint64 start_ns = lpm_codec_now_ns();
    guint8 *pages = encoder->raw + LPM_FRAME_HEADER_BYTES;
    LpmFrameHeader h;
    gsize content_bytes;
    guint8 *frame;

    if (!begin_frame(encoder, LPM_FRAME_METHOD_RAW, offsets, n_pages,
                     page_size, &h, error)) {
        return FALSE;
    }
    take_pages(pages, encoder->digests, base, offsets, n_pages, page_size);
    content_bytes = h.raw_bytes;
    if (encoder->store) {
        lpm_store_find(encoder->store, base, offsets, n_pages, page_size,
                       encoder->sent);
        content_bytes = find_deltas(encoder, pages, &h);
    }
    frame = make_payload(encoder, &h, content_bytes, error);
    if (!frame) {
        return FALSE;
    }

    end_frame(encoder, &h, frame, offsets, start_ns);
    *ret_frame = frame;
    *ret_len = encoder->work.wire_bytes;
    return TRUE;
}

gboolean lpm_encoder_encode_in_place(LpmEncoder *encoder, const guint8 *base,
                                     const guint64 *offsets, guint32 n_pages,
                                     guint32 page_size,
                                     const guint8 **ret_header,
                                     GError **error)
{
    guint64 start_ns = lpm_codec_now_ns();
    LpmFrameHeader h;

    if (!begin_frame(encoder, LPM_FRAME_METHOD_IN_PLACE, offsets, n_pages,
                     page_size, &h, error)) {
        return FALSE;
    }
    if (encoder->store) {
        lpm_store_forget(encoder->store, base, offsets, n_pages, page_size);
    }
    h.payload_bytes = h.raw_bytes;
    end_frame(encoder, &h, encoder->packed, offsets, start_ns);
    *ret_header = encoder->packed;
    return TRUE;
}

const LpmFrameWork *lpm_encoder_work(const LpmEncoder *encoder)
{
    return &encoder->work;
}

void lpm_encoder_stats(const LpmEncoder *encoder, LpmCodecStats *ret_stats)
{
    lpm_codec_read(&encoder->stats, ret_stats);
}
