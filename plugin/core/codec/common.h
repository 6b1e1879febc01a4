/*
 * What encoder and decoder share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_CODEC_COMMON_H
#define LPM_CODEC_COMMON_H

#include "codec/codec.h"
#include "codec/frame.h"

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

/* Blocks of the largest frame. */
#define LPM_FRAME_MAX_BLOCKS (LPM_FRAME_MAX_RAW / LPM_BLOCK_BYTES)

/*
 * Twice the most pages of a frame, a power of two: the set of offsets is
 * never more than half full.
 */
#define LPM_OFFSET_SLOTS 2048u
G_STATIC_ASSERT(LPM_OFFSET_SLOTS >= 2 * LPM_FRAME_MAX_PAGES);

/* Open addressing; 0 is a free slot, so the entries are offset + 1. */
typedef struct LpmOffsetSet {
    guint64 slots[LPM_OFFSET_SLOTS];
} LpmOffsetSet;

/** lpm_codec_now_ns: monotonic. */
guint64 lpm_codec_now_ns(void);

/**
 * lpm_codec_count: @delta_pages of the frame were sent as differences, of
 * @delta_bytes of content and map.
 */
void lpm_codec_count(LpmCodecStats *stats, const LpmFrameHeader *h,
                     guint32 delta_pages, guint32 delta_bytes,
                     guint64 start_ns);

/* Bytes of a delta page's mask: a bit per block. */
static inline guint32 lpm_codec_mask_bytes(guint8 page_shift)
{
    return ((1u << page_shift) / LPM_BLOCK_BYTES + 7) / 8;
}

static inline gboolean lpm_codec_bit(const guint8 *bits, guint32 i)
{
    return bits[i / 8] >> i % 8 & 1;
}

/** lpm_codec_digest: of LPM_BLOCK_BYTES at @block. */
static inline guint64 lpm_codec_digest(const guint8 *block)
{
    return XXH3_64bits(block, LPM_BLOCK_BYTES);
}

/** lpm_codec_read: @stats, while another thread counts. */
void lpm_codec_read(const LpmCodecStats *stats, LpmCodecStats *ret_stats);

/**
 * lpm_codec_check_pages: the shape of a packet, and that its offsets are
 * whole pages inside of the block, none twice.  Errors: LIMIT.
 */
gboolean lpm_codec_check_pages(LpmOffsetSet *set, const guint64 *offsets,
                               guint32 n_pages, guint32 page_size,
                               guint64 block_bytes, GError **error);

/**
 * lpm_codec_checksum:
 * @digests: one for each block of each page, in the order of @offsets; not
 *   looked at if the pages are in place
 * @frame: header and payload; the header only, if the pages are in place
 *
 * The checksum is over digests, payload, offsets and header, in this order.
 * The payload is in it because some bits of what is packed can change with
 * no change to the content: whatever the damage, the frame is refused.  The
 * digests of a page that is sent as a difference are of the whole page that
 * it makes: another old page gives another checksum.
 */
guint64 lpm_codec_checksum(const guint64 *digests, const LpmFrameHeader *h,
                           const guint8 *frame, const guint64 *offsets);

#endif /* LPM_CODEC_COMMON_H */
