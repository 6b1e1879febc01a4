/*
 * Bounded cursors over bytes: the only way in which records are read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_BYTES_H
#define LPM_BYTES_H

#include <glib.h>

/*
 * Theory of operation
 *
 * Whatever comes from a peer is read through an LpmReader and nothing else:
 * no cast over peer bytes, no pointer arithmetic in decoders.  A reader only
 * moves forward, never past its end, and a failed read moves nothing and
 * leaves the out parameter alone.
 *
 * A writer keeps its first failure and reports it once, in
 * lpm_writer_finish(); encoders need no check after each value.
 *
 * All integers are big endian.
 */

typedef struct LpmReader {
    const guint8 *pos;
    gsize left;             /* bytes from @pos to the end */
    const char *what;       /* subject of error messages: "offer" */
} LpmReader;

typedef struct LpmWriter {
    GByteArray *buf;        /* owned; NULL once finished or cleared */
    gsize max_bytes;
    const char *what;
    gboolean overflow;
} LpmWriter;

/**
 * lpm_reader_init:
 * @buf: (nullable): @len bytes that outlive the reader; NULL if @len is 0
 * @what: static; the subject of error messages
 */
void lpm_reader_init(LpmReader *reader, const guint8 *buf, gsize len,
                     const char *what);

/**
 * lpm_reader_u8, lpm_reader_u16, lpm_reader_u32, lpm_reader_u64:
 * @ret: (out): set on success only
 *
 * Returns: true on success.  Errors: TRUNCATED.
 */
gboolean lpm_reader_u8(LpmReader *reader, guint8 *ret, GError **error);
gboolean lpm_reader_u16(LpmReader *reader, guint16 *ret, GError **error);
gboolean lpm_reader_u32(LpmReader *reader, guint32 *ret, GError **error);
gboolean lpm_reader_u64(LpmReader *reader, guint64 *ret, GError **error);

/**
 * lpm_reader_bytes:
 * @ret: (out): @len bytes inside the reader's buffer, not a copy
 *
 * Returns: true on success.  Errors: TRUNCATED.
 */
gboolean lpm_reader_bytes(LpmReader *reader, gsize len, const guint8 **ret,
                          GError **error);

/**
 * lpm_reader_sub:
 * @ret_sub: (out): a reader over the next @len bytes, which @reader skips
 *
 * Returns: true on success.  Errors: TRUNCATED.
 */
gboolean lpm_reader_sub(LpmReader *reader, gsize len, LpmReader *ret_sub,
                        GError **error);

/**
 * lpm_reader_string:
 * @len: bytes of the string; it has no terminator on the wire
 * @max: bound on @len, checked before anything is allocated
 * @ret: (out) (transfer full): terminated copy
 *
 * The bytes must be UTF-8 without NUL and without control characters, and
 * not empty: an absent string is an absent field.
 *
 * Returns: true on success.  Errors: LIMIT, TRUNCATED, MALFORMED.
 */
gboolean lpm_reader_string(LpmReader *reader, gsize len, gsize max,
                           char **ret, GError **error);

/** lpm_reader_string16: as lpm_reader_string(), the length is a u16 before. */
gboolean lpm_reader_string16(LpmReader *reader, gsize max, char **ret,
                             GError **error);

/** lpm_reader_text16: as lpm_reader_string16(), but it may be empty. */
gboolean lpm_reader_text16(LpmReader *reader, gsize max, char **ret,
                           GError **error);

/**
 * lpm_reader_count:
 * @max: bound on the number of items
 * @item_min_bytes: least bytes of one item, at least 1
 * @ret: (out): a u32 that the rest of the buffer can hold
 *
 * Returns: true on success.  Errors: TRUNCATED, LIMIT.
 */
gboolean lpm_reader_count(LpmReader *reader, guint32 max,
                          gsize item_min_bytes, guint32 *ret, GError **error);

/**
 * lpm_reader_end:
 *
 * Returns: true if nothing is left.  Errors: MALFORMED (trailing bytes).
 */
gboolean lpm_reader_end(const LpmReader *reader, GError **error);

/**
 * lpm_string_is_plain:
 * @s: @len bytes, any content
 *
 * Returns: true if the bytes are UTF-8 without NUL and control characters.
 */
gboolean lpm_string_is_plain(const char *s, gsize len);

/**
 * lpm_writer_init:
 * @max_bytes: the record never grows past this
 * @what: static; the subject of error messages
 */
void lpm_writer_init(LpmWriter *writer, gsize max_bytes, const char *what);

void lpm_writer_u8(LpmWriter *writer, guint8 value);
void lpm_writer_u16(LpmWriter *writer, guint16 value);
void lpm_writer_u32(LpmWriter *writer, guint32 value);
void lpm_writer_u64(LpmWriter *writer, guint64 value);

/** lpm_writer_bytes: @bytes: (nullable): @len bytes; NULL if @len is 0. */
void lpm_writer_bytes(LpmWriter *writer, const void *bytes, gsize len);

/** lpm_writer_string16: a u16 length, then the bytes without terminator. */
void lpm_writer_string16(LpmWriter *writer, const char *s);

/** lpm_writer_len: Returns: bytes written so far. */
gsize lpm_writer_len(const LpmWriter *writer);

/**
 * lpm_writer_patch_u32:
 * @at: offset of four bytes that were written before
 *
 * Set a length that was not known yet.
 */
void lpm_writer_patch_u32(LpmWriter *writer, gsize at, guint32 value);

/**
 * lpm_writer_finish:
 *
 * Returns: (transfer full) (nullable): the record; the writer is empty then.
 * Errors: LIMIT (it did not fit into max_bytes).
 */
GBytes *lpm_writer_finish(LpmWriter *writer, GError **error);

/** lpm_writer_clear: give back what is held; may be called twice. */
void lpm_writer_clear(LpmWriter *writer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LpmWriter, lpm_writer_clear)

#endif /* LPM_BYTES_H */
