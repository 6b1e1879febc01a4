/*
 * Page frame header: fixed 32 bytes, big endian
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_FRAME_H
#define LPM_FRAME_H

#include <glib.h>

#include "codec/codec.h"

#define LPM_FRAME_MAGIC             0x4c504d46u     /* "LPMF" */
#define LPM_FRAME_MIN_PAGE_SHIFT    9u
/* One page may fill a frame: 1 << 19 is LPM_FRAME_MAX_RAW. */
#define LPM_FRAME_MAX_PAGE_SHIFT    19u
#define LPM_FRAME_MAX_PAGES         (LPM_FRAME_MAX_RAW / LPM_FRAME_MIN_PAGE)
/* The header bytes that the checksum covers: all but the checksum. */
#define LPM_FRAME_HASHED_BYTES      24u

/* What is done to the pages.  Values are wire values. */
typedef enum LpmFrameMethod {
    LPM_FRAME_METHOD_RAW = 0,
    LPM_FRAME_METHOD_ZSTD = 1,      /* one zstd frame */
    LPM_FRAME_METHOD_STREAM = 2,    /* the next part of a zstd stream */
    /* as they are, and read into place: they are not in the checksum */
    LPM_FRAME_METHOD_IN_PLACE = 3,
} LpmFrameMethod;

/* A stream looks back as far as 2 to this many bytes. */
#define LPM_FRAME_WINDOW_LOG        22u

typedef struct LpmFrameHeader {
    LpmFrameMethod method;      /* of the content */
    guint8 page_shift;          /* log2 of the page size in bytes */
    gboolean begins;            /* stream: a new one, not the last one's */
    guint32 n_pages;
    guint32 raw_bytes;          /* n_pages << page_shift */
    guint32 payload_bytes;      /* what follows the header */
    guint32 map_bytes;          /* of it, which blocks come; 0: all */
    guint64 checksum;
} LpmFrameHeader;

/**
 * lpm_frame_header_encode:
 * @header: as lpm_frame_header_decode() would return it; the caller's bug
 *   is not checked here
 * @ret_bytes: (out caller-allocates): LPM_FRAME_HEADER_BYTES bytes
 *
 * Threads: any.  Source: FORMATS.md 3.1.
 */
void lpm_frame_header_encode(const LpmFrameHeader *header,
                             guint8 *ret_bytes);

/**
 * lpm_frame_header_decode:
 * @frame: @len bytes from the peer, any alignment, untrusted
 * @len: the whole frame, header and payload, as the packet around it says
 * @ret_header: set on success only
 *
 * On success every field is within its bounds, the lengths agree with each
 * other and with @len; the checksum is read, not judged.
 *
 * Returns: true on success.
 * Errors: TRUNCATED (@len too small), MALFORMED (magic, begin of a stream,
 * page size, counts, lengths, trailing bytes), UNSUPPORTED (version, method).
 * Threads: any.  Source: FORMATS.md 3.1.
 */
gboolean lpm_frame_header_decode(const guint8 *frame, gsize len,
                                 LpmFrameHeader *ret_header, GError **error);

/** lpm_frame_malformed: sets MALFORMED: what, got, wanted; returns false. */
gboolean lpm_frame_malformed(GError **error, const char *what, guint64 got,
                             guint64 wanted);

#endif /* LPM_FRAME_H */
