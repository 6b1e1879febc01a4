/*
 * Page frames: guest pages to checked, compressed frames and back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_CODEC_H
#define LPM_CODEC_H

#include <glib.h>

#include "codec/store.h"

/*
 * Theory of operation
 *
 * One encoder per sending channel, one decoder per receiving channel, and
 * the frames of a channel in order.  A frame may refer to what its own pages
 * hold at the destination (store.h says why that is known), and from level 1
 * on to the frames before it: they are one zstd stream.  Method and level may
 * change from frame to frame; a new level begins a new stream.
 *
 * vCPUs write to the pages while we read them.  The encoder therefore reads
 * guest memory exactly once, into a private buffer; probe, checksum and
 * compressor see only that copy.  A page that changed after the copy is dirty
 * in QEMU's bitmap and is sent again.
 *
 * The decoder never writes to guest memory before the whole frame is
 * decompressed into a private buffer and its checksum, which covers the
 * page offsets as well as the content, is right.
 *
 * One kind of frame is other, for links that are faster than memory can be
 * read twice: the pages of a frame in place leave from guest memory and
 * arrive in it, with no copy on either side.  Its checksum covers header and
 * offsets, so the pages are where they belong; what they hold is in nothing
 * but a digest of all RAM (ram-digest.h).  A digest of each page, checked
 * after it arrived, was tried: moves took 1.20 of the time instead of 1.02.
 */

#define LPM_FRAME_VERSION       3u
#define LPM_FRAME_HEADER_BYTES  32u
/* Largest sum of page bytes in one frame. */
#define LPM_FRAME_MAX_RAW       (512u * 1024)
/* Largest frame on the wire: header and, at worst, the pages as they are. */
#define LPM_FRAME_MAX_BYTES     (LPM_FRAME_HEADER_BYTES + LPM_FRAME_MAX_RAW)
#define LPM_FRAME_MIN_PAGE      512u

typedef struct LpmEncoder LpmEncoder;
typedef struct LpmDecoder LpmDecoder;

/* Monotonic counters of one encoder or decoder; times in nanoseconds. */
typedef struct LpmCodecStats {
    guint64 frames;
    guint64 raw_frames;     /* of them, sent as they were */
    guint64 in_place_frames;/* of these, from and to guest memory */
    guint64 delta_frames;   /* of them, with differences in it */
    guint64 pages;
    guint64 delta_pages;    /* of them, sent as differences */
    guint64 delta_bytes;    /* of content, sent for these */
    guint64 raw_bytes;      /* page bytes before encoding */
    guint64 wire_bytes;     /* frame bytes, headers included */
    guint64 time_ns;        /* spent in encode or decode */
} LpmCodecStats;

/* Not a level of zstd: pages and blocks go as they are. */
#define LPM_LEVEL_NONE  G_MININT

typedef struct LpmCodecParams {
    int level;              /* zstd level, negative is faster; 0 = ours, 1 */
    /* of all encoders, freed after them; NULL: pages are always sent whole */
    LpmStore *store;
} LpmCodecParams;

/* What the last frame was, for those who choose the next one's level. */
typedef struct LpmFrameWork {
    guint32 raw_bytes;
    guint32 wire_bytes;
    guint32 packed_from;    /* bytes that the compressor was given, */
    guint32 packed_to;      /* what it made of them (as many: nothing), */
    guint64 packed_ns;      /* and in what time */
    guint64 time_ns;        /* of the whole frame */
} LpmFrameWork;

/**
 * lpm_encoder_new:
 * @params: (nullable): NULL for defaults
 *
 * All memory is taken here.  zstd shrinks its own after many small frames
 * and takes it again for a large one (no way out in its stable interface);
 * if there is none then, the frame is sent raw.
 *
 * Returns: (transfer full) (nullable).
 * Errors: LIMIT (no memory, level out of range).
 */
LpmEncoder *lpm_encoder_new(const LpmCodecParams *params, GError **error);

/** lpm_encoder_free: @encoder: (nullable). */
void lpm_encoder_free(LpmEncoder *encoder);

/**
 * lpm_encoder_encode:
 * @base: start of the RAM block in our address space; read only, once, and
 *   others may write to it meanwhile
 * @offsets: @n_pages byte offsets into @base
 * @page_size: bytes, power of two, at least LPM_FRAME_MIN_PAGE;
 *   @n_pages * @page_size is 1..LPM_FRAME_MAX_RAW
 * @ret_frame: (out): @ret_len bytes owned by the encoder, valid until its
 *   next call
 *
 * Returns: true on success.
 * Errors: LIMIT (sizes; offsets not aligned or one twice: the decoder would
 * refuse them), IO (zstd failed).
 * Threads: one at a time per encoder.  Source: FORMATS.md 3.
 */
gboolean lpm_encoder_encode(LpmEncoder *encoder, const guint8 *base,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, const guint8 **ret_frame,
                            gsize *ret_len, GError **error);

/**
 * lpm_encoder_encode_in_place:
 * @ret_header: (out): LPM_FRAME_HEADER_BYTES owned by the encoder, valid
 *   until its next call
 *
 * A frame whose pages the caller sends behind @ret_header, from @base, in
 * the order of @offsets.  No differences to them are made until they were
 * sent in another way: others may write to them while they leave.
 *
 * All else is as with lpm_encoder_encode().
 */
gboolean lpm_encoder_encode_in_place(LpmEncoder *encoder, const guint8 *base,
                                     const guint64 *offsets, guint32 n_pages,
                                     guint32 page_size,
                                     const guint8 **ret_header,
                                     GError **error);

/**
 * lpm_encoder_set_level:
 * @level: of zstd, or LPM_LEVEL_NONE; one that zstd has
 *
 * Of the next frames.  A level that needs more memory than those before
 * takes it with the next frame.  A level that is in use goes on as it is.
 * Threads: the one that encodes.
 */
void lpm_encoder_set_level(LpmEncoder *encoder, int level);

/** lpm_encoder_work: of the last frame; the thread that encodes. */
const LpmFrameWork *lpm_encoder_work(const LpmEncoder *encoder);

/** lpm_encoder_stats: a snapshot; any thread, each counter is atomic. */
void lpm_encoder_stats(const LpmEncoder *encoder, LpmCodecStats *ret_stats);

/** lpm_decoder_new: as lpm_encoder_new(). */
LpmDecoder *lpm_decoder_new(GError **error);

/** lpm_decoder_free: @decoder: (nullable). */
void lpm_decoder_free(LpmDecoder *decoder);

/**
 * lpm_decoder_decode:
 * @frame: @len bytes from the peer, untrusted
 * @base: start of the RAM block
 * @block_bytes: its size; every offset + @page_size must fit
 * @offsets: @n_pages byte offsets, as the packet around the frame says
 *
 * Check, decompress, check again, then write the pages.  On failure guest
 * memory is untouched; a part of a stream that fails ends the stream.
 *
 * Returns: true on success.
 * Errors: TRUNCATED, MALFORMED (lengths, page count, map, content, trailing
 * bytes, no stream to go on), UNSUPPORTED (version, method), LIMIT (offsets:
 * outside, not aligned, one twice; sizes in the arguments), CRYPTO
 * (checksum).
 * Threads: one at a time per decoder.  Source: FORMATS.md 3.
 */
gboolean lpm_decoder_decode(LpmDecoder *decoder, const guint8 *frame,
                            gsize len, guint8 *base, guint64 block_bytes,
                            const guint64 *offsets, guint32 n_pages,
                            guint32 page_size, GError **error);

/**
 * lpm_frame_is_in_place:
 * @header: LPM_FRAME_HEADER_BYTES from the peer, untrusted
 *
 * Returns: which of the two functions of the decoder is to be asked.
 */
gboolean lpm_frame_is_in_place(const guint8 *header);

/**
 * lpm_decoder_accept_in_place:
 * @header: LPM_FRAME_HEADER_BYTES from the peer, untrusted
 * @len: of the whole frame, as the packet around it says
 *
 * On success the caller reads the rest of the frame, which are the pages,
 * into the RAM block.  Whether they are what they should be nobody knows.
 *
 * Returns, errors, threads: as lpm_decoder_decode().
 */
gboolean lpm_decoder_accept_in_place(LpmDecoder *decoder,
                                     const guint8 *header, gsize len,
                                     guint64 block_bytes,
                                     const guint64 *offsets, guint32 n_pages,
                                     guint32 page_size, GError **error);

/** lpm_decoder_stats: as lpm_encoder_stats(). */
void lpm_decoder_stats(const LpmDecoder *decoder, LpmCodecStats *ret_stats);

/** lpm_codec_stats_add: add @one to @sum, field by field. */
void lpm_codec_stats_add(LpmCodecStats *sum, const LpmCodecStats *one);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmEncoder, lpm_encoder_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmDecoder, lpm_decoder_free)

#endif /* LPM_CODEC_H */
