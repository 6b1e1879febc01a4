/*
 * Page frame header: fixed 32 bytes, big endian
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/frame.h"

#include "error/lpm-error.h"

G_STATIC_ASSERT(1u << LPM_FRAME_MIN_PAGE_SHIFT == LPM_FRAME_MIN_PAGE);
G_STATIC_ASSERT(1u << LPM_FRAME_MAX_PAGE_SHIFT == LPM_FRAME_MAX_RAW);

/* Byte positions; the format is FORMATS.md 3.1. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_METHOD = 5,
    AT_PAGE_SHIFT = 6,
    AT_BEGINS = 7,
    AT_N_PAGES = 8,
    AT_RAW_BYTES = 12,
    AT_PAYLOAD_BYTES = 16,
    AT_MAP_BYTES = 20,
    AT_CHECKSUM = 24,
};
G_STATIC_ASSERT(AT_CHECKSUM == LPM_FRAME_HASHED_BYTES);
G_STATIC_ASSERT(AT_CHECKSUM + 8 == LPM_FRAME_HEADER_BYTES);

static void put32(guint8 *p, guint32 v)
{
    p[0] = v >> 24;
    p[1] = v >> 16;
    p[2] = v >> 8;
    p[3] = v;
}

static guint32 get32(const guint8 *p)
{
    return (guint32)p[0] << 24 | (guint32)p[1] << 16 |
           (guint32)p[2] << 8 | p[3];
}

void lpm_frame_header_encode(const LpmFrameHeader *header, guint8 *ret_bytes)
{
    put32(ret_bytes + AT_MAGIC, LPM_FRAME_MAGIC);
    ret_bytes[AT_VERSION] = LPM_FRAME_VERSION;
    ret_bytes[AT_METHOD] = header->method;
    ret_bytes[AT_PAGE_SHIFT] = header->page_shift;
    ret_bytes[AT_BEGINS] = header->begins != FALSE;
    put32(ret_bytes + AT_N_PAGES, header->n_pages);
    put32(ret_bytes + AT_RAW_BYTES, header->raw_bytes);
    put32(ret_bytes + AT_PAYLOAD_BYTES, header->payload_bytes);
    put32(ret_bytes + AT_MAP_BYTES, header->map_bytes);
    put32(ret_bytes + AT_CHECKSUM, header->checksum >> 32);
    put32(ret_bytes + AT_CHECKSUM + 4, (guint32)header->checksum);
}

gboolean lpm_frame_malformed(GError **error, const char *what, guint64 got,
                             guint64 wanted)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                "page frame: %s is %" G_GUINT64_FORMAT ", wanted %"
                G_GUINT64_FORMAT, what, got, wanted);
    return FALSE;
}

static gboolean check_length(gsize len, gsize wanted, GError **error)
{
    if (len < wanted) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED,
                    "page frame: %" G_GSIZE_FORMAT " bytes, wanted %"
                    G_GSIZE_FORMAT, len, wanted);
        return FALSE;
    }
    if (len > wanted) {
        return lpm_frame_malformed(error, "frame length", len, wanted);
    }
    return TRUE;
}

/* Which blocks come is not known yet; no map is shorter than its first part. */
static gboolean check_map_bytes(const LpmFrameHeader *h, GError **error)
{
    guint32 least = (h->n_pages + 7) / 8;

    if (h->method == LPM_FRAME_METHOD_IN_PLACE) {
        return lpm_frame_malformed(error, "map of pages read into place",
                                   h->map_bytes, 0);
    }
    if (h->map_bytes < least || h->map_bytes > h->payload_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: map of blocks has %" G_GUINT32_FORMAT
                    " bytes, wanted %" G_GUINT32_FORMAT " to %"
                    G_GUINT32_FORMAT, h->map_bytes, least, h->payload_bytes);
        return FALSE;
    }
    if (h->payload_bytes > h->raw_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: payload has %" G_GUINT32_FORMAT
                    " bytes, wanted at most the %" G_GUINT32_FORMAT
                    " of its pages", h->payload_bytes, h->raw_bytes);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_payload_bytes(const LpmFrameHeader *h, gsize len,
                                    GError **error)
{
    gsize wanted = LPM_FRAME_HEADER_BYTES + (gsize)h->payload_bytes;

    if (h->map_bytes != 0) {
        return check_map_bytes(h, error) && check_length(len, wanted, error);
    }
    switch (h->method) {
    case LPM_FRAME_METHOD_RAW:
    case LPM_FRAME_METHOD_IN_PLACE:
        if (h->payload_bytes != h->raw_bytes) {
            return lpm_frame_malformed(error, "payload length of a raw frame",
                                       h->payload_bytes, h->raw_bytes);
        }
        break;
    case LPM_FRAME_METHOD_ZSTD:
    case LPM_FRAME_METHOD_STREAM:
        /* The encoder sends what does not shrink as raw. */
        if (h->payload_bytes == 0 || h->payload_bytes >= h->raw_bytes) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        "page frame: payload length of a packed frame is %"
                        G_GUINT32_FORMAT ", wanted 1 to %" G_GUINT32_FORMAT,
                        h->payload_bytes, h->raw_bytes - 1);
            return FALSE;
        }
        break;
    }
    return check_length(len, wanted, error);
}

/* What this is, and what is done to the content. */
static gboolean decode_kind(const guint8 *frame, LpmFrameHeader *h,
                            GError **error)
{
    guint8 method = frame[AT_METHOD];

    if (get32(frame + AT_MAGIC) != LPM_FRAME_MAGIC) {
        return lpm_frame_malformed(error, "magic", get32(frame + AT_MAGIC),
                                   LPM_FRAME_MAGIC);
    }
    if (frame[AT_VERSION] != LPM_FRAME_VERSION) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "page frame: version %u, we speak %u",
                    frame[AT_VERSION], LPM_FRAME_VERSION);
        return FALSE;
    }
    if (method > LPM_FRAME_METHOD_IN_PLACE) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "page frame: method %u, we speak 0 to 3", method);
        return FALSE;
    }
    if (frame[AT_BEGINS] > (method == LPM_FRAME_METHOD_STREAM)) {
        return lpm_frame_malformed(error, "begin of a stream",
                                   frame[AT_BEGINS],
                                   method == LPM_FRAME_METHOD_STREAM);
    }
    h->method = method;
    h->begins = frame[AT_BEGINS];
    return TRUE;
}

/* The pages that it has. */
static gboolean decode_shape(const guint8 *frame, LpmFrameHeader *h,
                             GError **error)
{
    h->page_shift = frame[AT_PAGE_SHIFT];
    if (h->page_shift < LPM_FRAME_MIN_PAGE_SHIFT ||
        h->page_shift > LPM_FRAME_MAX_PAGE_SHIFT) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: page shift is %u, wanted %u to %u",
                    h->page_shift, LPM_FRAME_MIN_PAGE_SHIFT,
                    LPM_FRAME_MAX_PAGE_SHIFT);
        return FALSE;
    }
    h->n_pages = get32(frame + AT_N_PAGES);
    if (h->n_pages == 0 || h->n_pages > LPM_FRAME_MAX_RAW >> h->page_shift) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "page frame: %" G_GUINT32_FORMAT
                    " pages, wanted 1 to %u",
                    h->n_pages, LPM_FRAME_MAX_RAW >> h->page_shift);
        return FALSE;
    }
    h->raw_bytes = get32(frame + AT_RAW_BYTES);
    return h->raw_bytes == h->n_pages << h->page_shift ||
           lpm_frame_malformed(error, "page bytes", h->raw_bytes,
                               h->n_pages << h->page_shift);
}

gboolean lpm_frame_is_in_place(const guint8 *header)
{
    return header[AT_METHOD] == LPM_FRAME_METHOD_IN_PLACE;
}

gboolean lpm_frame_header_decode(const guint8 *frame, gsize len,
                                 LpmFrameHeader *ret_header, GError **error)
{
    LpmFrameHeader h;

    if (len < LPM_FRAME_HEADER_BYTES) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED,
                    "page frame: %" G_GSIZE_FORMAT
                    " bytes, the header alone has %u",
                    len, LPM_FRAME_HEADER_BYTES);
        return FALSE;
    }
    if (!decode_kind(frame, &h, error) || !decode_shape(frame, &h, error)) {
        return FALSE;
    }
    h.payload_bytes = get32(frame + AT_PAYLOAD_BYTES);
    h.map_bytes = get32(frame + AT_MAP_BYTES);
    if (!check_payload_bytes(&h, len, error)) {
        return FALSE;
    }
    h.checksum = (guint64)get32(frame + AT_CHECKSUM) << 32 |
                 get32(frame + AT_CHECKSUM + 4);
    *ret_header = h;
    return TRUE;
}
