/*
 * Page frames: checked frames back to guest pages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <zstd.h>

#include "codec/common.h"
#include "error/lpm-error.h"

struct LpmDecoder {
    ZSTD_DCtx *dctx;
    gboolean streams;   /* the stream has begun, and was right so far */
    guint8 *content;    /* LPM_FRAME_MAX_RAW, what zstd makes */
    guint64 digests[LPM_FRAME_MAX_BLOCKS];
    LpmOffsetSet offsets;
    LpmCodecStats stats;
};

/* A frame whose lengths are right, in its parts. */
typedef struct Parts {
    LpmFrameHeader h;
    const guint8 *is_delta;     /* a bit per page, or NULL: all are whole */
    const guint8 *masks;        /* of these pages, one after the other */
    guint32 n_delta;
    guint32 n_blocks;           /* that these masks have */
    const guint8 *content;      /* whole pages and blocks, in order */
} Parts;

LpmDecoder *lpm_decoder_new(GError **error)
{
    g_autoptr(LpmDecoder) decoder = g_try_new0(LpmDecoder, 1);

    if (decoder) {
        decoder->dctx = ZSTD_createDCtx();
        decoder->content = g_try_malloc(LPM_FRAME_MAX_RAW);
    }
    if (!decoder || !decoder->dctx || !decoder->content ||
        ZSTD_isError(ZSTD_DCtx_setParameter(decoder->dctx,
                                            ZSTD_d_windowLogMax,
                                            LPM_FRAME_WINDOW_LOG))) {
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
        g_free(decoder->content);
        g_free(decoder);
    }
}

static gboolean zstd_failed(GError **error, gsize n)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "page frame: zstd: %s",
                ZSTD_isError(n) ? ZSTD_getErrorName(n) : "short content");
    return FALSE;
}

/*
 * That it begins a zstd frame as RFC 8878 has it.  libzstd as distributions
 * build it also reads the formats before, 0.5 to 0.7: code that nobody needs
 * here, and that asks nobody how far a stream may look back.
 */
static gboolean begins_frame(const guint8 *packed, gsize packed_bytes,
                             GError **error)
{
    static const guint8 magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    if (packed_bytes < sizeof(magic) ||
        memcmp(packed, magic, sizeof(magic)) != 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: content of %" G_GSIZE_FORMAT
                    " bytes does not begin a zstd frame", packed_bytes);
        return FALSE;
    }
    return TRUE;
}

/*
 * Exactly one zstd frame of exactly @size bytes of content; zstd by itself
 * would also take several, and skippable ones.
 */
static gboolean unpack_frame(LpmDecoder *decoder, gsize size,
                             const guint8 *packed, gsize packed_bytes,
                             GError **error)
{
    unsigned long long content;
    gsize n;

    if (!begins_frame(packed, packed_bytes, error)) {
        return FALSE;
    }
    content = ZSTD_getFrameContentSize(packed, packed_bytes);
    if (content != size) {
        return lpm_frame_malformed(error, "content of a zstd frame", content,
                                   size);
    }
    n = ZSTD_findFrameCompressedSize(packed, packed_bytes);
    if (ZSTD_isError(n) || n != packed_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: content of %" G_GSIZE_FORMAT
                    " bytes is not one zstd frame", packed_bytes);
        return FALSE;
    }
    /* Alone: what the stream has is another's. */
    decoder->streams = FALSE;
    n = ZSTD_decompressDCtx(decoder->dctx, decoder->content, size, packed,
                            packed_bytes);
    return n == size || zstd_failed(error, n);
}

/* The next @size bytes of the stream: all of @packed, and no more of it. */
static gboolean unpack_stream(LpmDecoder *decoder, gboolean begins,
                              gsize size, const guint8 *packed,
                              gsize packed_bytes, GError **error)
{
    ZSTD_outBuffer out = { decoder->content, size, 0 };
    ZSTD_inBuffer in = { packed, packed_bytes, 0 };
    gsize left = 1;

    if (begins) {
        if (!begins_frame(packed, packed_bytes, error)) {
            return FALSE;
        }
        ZSTD_DCtx_reset(decoder->dctx, ZSTD_reset_session_only);
    } else if (!decoder->streams) {
        return lpm_frame_malformed(error, "stream that goes on, from frame",
                                   0, 1);
    }
    /* Only a frame that is right in all goes on. */
    decoder->streams = FALSE;
    while (left != 0 && (in.pos < in.size || out.pos < out.size)) {
        gsize before = in.pos + out.pos;

        left = ZSTD_decompressStream(decoder->dctx, &out, &in);
        if (ZSTD_isError(left)) {
            return zstd_failed(error, left);
        }
        if (in.pos + out.pos == before) {
            break;
        }
    }
    if (left == 0 || in.pos < in.size || out.pos < out.size) {
        return lpm_frame_malformed(error, "content of a part of a stream",
                                   out.pos, size);
    }
    return TRUE;
}

/* What comes of a page that is sent as a difference. */
static guint32 count_blocks(const guint8 *mask, guint32 blocks)
{
    guint32 n = 0;

    for (guint32 i = 0; i < blocks; i++) {
        n += lpm_codec_bit(mask, i);
    }
    return n;
}

/* Bits of pages and blocks that there are not must be 0. */
static gboolean no_bits_behind(const guint8 *bits, guint32 n, GError **error)
{
    return n % 8 == 0 || bits[n / 8] >> n % 8 == 0 ||
           lpm_frame_malformed(error, "byte of a map", bits[n / 8], 0);
}

/* Which blocks come: a bit for each page, a mask for each with its bit set. */
static gboolean read_map(Parts *parts, const guint8 *map, GError **error)
{
    guint32 n = parts->h.n_pages;
    guint32 blocks = (1u << parts->h.page_shift) / LPM_BLOCK_BYTES;
    guint32 mask_bytes = lpm_codec_mask_bytes(parts->h.page_shift);

    parts->is_delta = map;
    parts->masks = map + (n + 7) / 8;
    parts->n_delta = count_blocks(map, n);
    if (!no_bits_behind(map, n, error)) {
        return FALSE;
    }
    if (parts->n_delta == 0 || parts->h.map_bytes !=
        (n + 7) / 8 + parts->n_delta * mask_bytes) {
        return lpm_frame_malformed(error, "map of blocks",
                                   parts->h.map_bytes, (n + 7) / 8 +
                                   MAX(parts->n_delta, 1) * mask_bytes);
    }
    for (guint32 i = 0; i < parts->n_delta; i++) {
        const guint8 *mask = parts->masks + i * mask_bytes;

        if (!no_bits_behind(mask, blocks, error)) {
            return FALSE;
        }
        parts->n_blocks += count_blocks(mask, blocks);
    }
    return TRUE;
}

static gboolean unpack(LpmDecoder *decoder, Parts *parts, const guint8 *frame,
                       GError **error)
{
    const guint8 *payload = frame + LPM_FRAME_HEADER_BYTES;
    gsize left = parts->h.payload_bytes - parts->h.map_bytes;
    gsize size;

    if (parts->h.map_bytes != 0 && !read_map(parts, payload, error)) {
        return FALSE;
    }
    payload += parts->h.map_bytes;
    size = ((gsize)(parts->h.n_pages - parts->n_delta) <<
            parts->h.page_shift) + (gsize)parts->n_blocks * LPM_BLOCK_BYTES;
    switch (parts->h.method) {
    case LPM_FRAME_METHOD_RAW:
        /* The frame is the caller's private copy: no need for ours. */
        parts->content = payload;
        return left == size ||
               lpm_frame_malformed(error, "raw content", left, size);
    case LPM_FRAME_METHOD_ZSTD:
        parts->content = decoder->content;
        return unpack_frame(decoder, size, payload, left, error);
    case LPM_FRAME_METHOD_STREAM:
        parts->content = decoder->content;
        return unpack_stream(decoder, parts->h.begins, size, payload, left,
                             error);
    case LPM_FRAME_METHOD_IN_PLACE:
        break;      /* and not in a frame that was read as a whole */
    }
    return lpm_frame_malformed(error, "method", parts->h.method, 0);
}

static gboolean check_sum(const LpmDecoder *decoder, const LpmFrameHeader *h,
                          guint32 n_delta, const guint8 *frame,
                          const guint64 *offsets, GError **error)
{
    guint64 sum = lpm_codec_checksum(decoder->digests, h, frame, offsets);

    if (sum != h->checksum) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_CRYPTO,
                    "page frame: checksum is %016" G_GINT64_MODIFIER
                    "x, wanted %016" G_GINT64_MODIFIER "x%s",
                    sum, h->checksum, n_delta == 0 ? "" :
                    "; damaged, or a difference to another page than we "
                    "have");
        return FALSE;
    }
    return TRUE;
}

/* The blocks as they will be, without a write to one of them. */
static gboolean check_content(LpmDecoder *decoder, const Parts *parts,
                              const guint8 *frame, const guint8 *base,
                              const guint64 *offsets, GError **error)
{
    guint32 blocks = (1u << parts->h.page_shift) / LPM_BLOCK_BYTES;
    const guint8 *content = parts->content;
    const guint8 *mask = parts->masks;
    guint64 *digest = decoder->digests;

    for (guint32 i = 0; i < parts->h.n_pages; i++) {
        gboolean delta = parts->is_delta && lpm_codec_bit(parts->is_delta, i);

        for (guint32 b = 0; b < blocks; b++) {
            if (delta && !lpm_codec_bit(mask, b)) {
                *digest++ = lpm_codec_digest(base + offsets[i] +
                                             (gsize)b * LPM_BLOCK_BYTES);
            } else {
                *digest++ = lpm_codec_digest(content);
                content += LPM_BLOCK_BYTES;
            }
        }
        if (delta) {
            mask += lpm_codec_mask_bytes(parts->h.page_shift);
        }
    }
    return check_sum(decoder, &parts->h, parts->n_delta, frame, offsets,
                     error);
}

static void write_pages(const Parts *parts, guint8 *base,
                        const guint64 *offsets)
{
    guint32 page_size = 1u << parts->h.page_shift;
    guint32 blocks = page_size / LPM_BLOCK_BYTES;
    const guint8 *content = parts->content;
    const guint8 *mask = parts->masks;

    for (guint32 i = 0; i < parts->h.n_pages; i++) {
        if (!parts->is_delta || !lpm_codec_bit(parts->is_delta, i)) {
            memcpy(base + offsets[i], content, page_size);
            content += page_size;
            continue;
        }
        for (guint32 b = 0; b < blocks; b++) {
            if (lpm_codec_bit(mask, b)) {
                memcpy(base + offsets[i] + (gsize)b * LPM_BLOCK_BYTES,
                       content, LPM_BLOCK_BYTES);
                content += LPM_BLOCK_BYTES;
            }
        }
        mask += lpm_codec_mask_bytes(parts->h.page_shift);
    }
}

/* The header, if it is one for these pages. */
static gboolean read_header(LpmDecoder *decoder, const guint8 *frame,
                            gsize len, guint64 block_bytes,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, LpmFrameHeader *h,
                            GError **error)
{
    if (!lpm_codec_check_pages(&decoder->offsets, offsets, n_pages, page_size,
                               block_bytes, error) ||
        !lpm_frame_header_decode(frame, len, h, error)) {
        return FALSE;
    }
    if (h->n_pages != n_pages || 1u << h->page_shift != page_size) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: %" G_GUINT32_FORMAT " pages of %u bytes, "
                    "the packet has %" G_GUINT32_FORMAT " of %"
                    G_GUINT32_FORMAT, h->n_pages, 1u << h->page_shift,
                    n_pages, page_size);
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_decoder_decode(LpmDecoder *decoder, const guint8 *frame,
                            gsize len, guint8 *base, guint64 block_bytes,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, GError **error)
{
    guint64 start_ns = lpm_codec_now_ns();
    Parts parts = { .n_delta = 0 };
    LpmFrameHeader *h = &parts.h;

    if (!read_header(decoder, frame, len, block_bytes, offsets, n_pages,
                     page_size, h, error) ||
        !unpack(decoder, &parts, frame, error) ||
        !check_content(decoder, &parts, frame, base, offsets, error)) {
        return FALSE;
    }
    write_pages(&parts, base, offsets);
    decoder->streams |= h->method == LPM_FRAME_METHOD_STREAM;
    lpm_codec_count(&decoder->stats, h, parts.n_delta,
                    parts.n_blocks * LPM_BLOCK_BYTES, start_ns);
    return TRUE;
}

gboolean lpm_decoder_accept_in_place(LpmDecoder *decoder,
                                     const guint8 *header, gsize len,
                                     guint64 block_bytes,
                                     const guint64 *offsets, guint32 n_pages,
                                     guint32 page_size, GError **error)
{
    guint64 start_ns = lpm_codec_now_ns();
    LpmFrameHeader h;

    if (!read_header(decoder, header, len, block_bytes, offsets, n_pages,
                     page_size, &h, error)) {
        return FALSE;
    }
    if (h.method != LPM_FRAME_METHOD_IN_PLACE) {
        return lpm_frame_malformed(error, "method", h.method,
                                   LPM_FRAME_METHOD_IN_PLACE);
    }
    if (!check_sum(decoder, &h, 0, header, offsets, error)) {
        return FALSE;
    }
    lpm_codec_count(&decoder->stats, &h, 0, 0, start_ns);
    return TRUE;
}

void lpm_decoder_stats(const LpmDecoder *decoder, LpmCodecStats *ret_stats)
{
    lpm_codec_read(&decoder->stats, ret_stats);
}
