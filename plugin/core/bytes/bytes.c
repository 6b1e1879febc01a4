/*
 * Bounded cursors over bytes: the only way in which records are read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "../error/lpm-error.h"
#include "bytes.h"

void lpm_reader_init(LpmReader *reader, const guint8 *buf, gsize len,
                     const char *what)
{
    reader->pos = buf;
    reader->left = len;
    reader->what = what;
}

gboolean lpm_reader_bytes(LpmReader *reader, gsize len, const guint8 **ret,
                          GError **error)
{
    if (len > reader->left) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED,
                    "%s is cut short: needs %" G_GSIZE_FORMAT
                    " bytes, has %" G_GSIZE_FORMAT, reader->what, len,
                    reader->left);
        return FALSE;
    }
    *ret = reader->pos;
    if (len > 0) {
        reader->pos += len;
        reader->left -= len;
    }
    return TRUE;
}

static gboolean read_be(LpmReader *reader, gsize len, guint64 *ret,
                        GError **error)
{
    const guint8 *bytes;
    guint64 value = 0;

    if (!lpm_reader_bytes(reader, len, &bytes, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    *ret = value;
    return TRUE;
}

gboolean lpm_reader_u8(LpmReader *reader, guint8 *ret, GError **error)
{
    guint64 value;

    if (!read_be(reader, 1, &value, error)) {
        return FALSE;
    }
    *ret = value;
    return TRUE;
}

gboolean lpm_reader_u16(LpmReader *reader, guint16 *ret, GError **error)
{
    guint64 value;

    if (!read_be(reader, 2, &value, error)) {
        return FALSE;
    }
    *ret = value;
    return TRUE;
}

gboolean lpm_reader_u32(LpmReader *reader, guint32 *ret, GError **error)
{
    guint64 value;

    if (!read_be(reader, 4, &value, error)) {
        return FALSE;
    }
    *ret = value;
    return TRUE;
}

gboolean lpm_reader_u64(LpmReader *reader, guint64 *ret, GError **error)
{
    return read_be(reader, 8, ret, error);
}

gboolean lpm_reader_sub(LpmReader *reader, gsize len, LpmReader *ret_sub,
                        GError **error)
{
    const guint8 *bytes;

    if (!lpm_reader_bytes(reader, len, &bytes, error)) {
        return FALSE;
    }
    lpm_reader_init(ret_sub, bytes, len, reader->what);
    return TRUE;
}

gboolean lpm_string_is_plain(const char *s, gsize len)
{
    const char *end = s + len;

    /* With a length, g_utf8_validate() refuses NUL bytes as well. */
    if (!g_utf8_validate(s, len, NULL)) {
        return FALSE;
    }
    for (const char *p = s; p < end; p = g_utf8_next_char(p)) {
        /* C0, DEL and C1: what a terminal would act on */
        gunichar c = g_utf8_get_char(p);

        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean lpm_reader_string(LpmReader *reader, gsize len, gsize max,
                           char **ret, GError **error)
{
    const guint8 *bytes;

    if (len > max) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s has a string of %" G_GSIZE_FORMAT
                    " bytes, at most %" G_GSIZE_FORMAT " are taken",
                    reader->what, len, max);
        return FALSE;
    }
    if (len == 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has an empty string", reader->what);
        return FALSE;
    }
    if (!lpm_reader_bytes(reader, len, &bytes, error)) {
        return FALSE;
    }
    if (!lpm_string_is_plain((const char *)bytes, len)) {
        /* A failed read moves nothing. */
        reader->pos -= len;
        reader->left += len;
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has a string that is not plain UTF-8 text",
                    reader->what);
        return FALSE;
    }
    *ret = g_strndup((const char *)bytes, len);
    return TRUE;
}

gboolean lpm_reader_string16(LpmReader *reader, gsize max, char **ret,
                             GError **error)
{
    LpmReader ahead = *reader;
    guint16 len;

    if (!lpm_reader_u16(&ahead, &len, error) ||
        !lpm_reader_string(&ahead, len, max, ret, error)) {
        return FALSE;
    }
    *reader = ahead;
    return TRUE;
}

gboolean lpm_reader_text16(LpmReader *reader, gsize max, char **ret,
                           GError **error)
{
    LpmReader ahead = *reader;
    guint16 len;

    if (!lpm_reader_u16(&ahead, &len, error)) {
        return FALSE;
    }
    if (len == 0) {
        *reader = ahead;
        *ret = g_strdup("");
        return TRUE;
    }
    return lpm_reader_string16(reader, max, ret, error);
}

gboolean lpm_reader_count(LpmReader *reader, guint32 max,
                          gsize item_min_bytes, guint32 *ret, GError **error)
{
    LpmReader ahead = *reader;
    guint32 count;

    g_assert(item_min_bytes > 0);
    if (!lpm_reader_u32(&ahead, &count, error)) {
        return FALSE;
    }
    if (count > max) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s has a list of %" G_GUINT32_FORMAT
                    " items, at most %" G_GUINT32_FORMAT " are taken",
                    reader->what, count, max);
        return FALSE;
    }
    if (count > ahead.left / item_min_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED,
                    "%s has a list of %" G_GUINT32_FORMAT
                    " items in %" G_GSIZE_FORMAT " bytes", reader->what,
                    count, ahead.left);
        return FALSE;
    }
    *reader = ahead;
    *ret = count;
    return TRUE;
}

gboolean lpm_reader_end(const LpmReader *reader, GError **error)
{
    if (reader->left > 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has %" G_GSIZE_FORMAT " bytes too many",
                    reader->what, reader->left);
        return FALSE;
    }
    return TRUE;
}

void lpm_writer_init(LpmWriter *writer, gsize max_bytes, const char *what)
{
    writer->buf = g_byte_array_new();
    writer->max_bytes = max_bytes;
    writer->what = what;
    writer->overflow = FALSE;
}

void lpm_writer_bytes(LpmWriter *writer, const void *bytes, gsize len)
{
    if (writer->overflow || len > writer->max_bytes - writer->buf->len) {
        writer->overflow = TRUE;
        return;
    }
    if (len > 0) {
        g_byte_array_append(writer->buf, bytes, len);
    }
}

static void write_be(LpmWriter *writer, guint64 value, gsize len)
{
    guint8 bytes[8];

    for (gsize i = 0; i < len; i++) {
        bytes[i] = value >> 8 * (len - 1 - i);
    }
    lpm_writer_bytes(writer, bytes, len);
}

void lpm_writer_u8(LpmWriter *writer, guint8 value)
{
    write_be(writer, value, 1);
}

void lpm_writer_u16(LpmWriter *writer, guint16 value)
{
    write_be(writer, value, 2);
}

void lpm_writer_u32(LpmWriter *writer, guint32 value)
{
    write_be(writer, value, 4);
}

void lpm_writer_u64(LpmWriter *writer, guint64 value)
{
    write_be(writer, value, 8);
}

void lpm_writer_string16(LpmWriter *writer, const char *s)
{
    gsize len = strlen(s);

    if (len > G_MAXUINT16) {
        writer->overflow = TRUE;
        return;
    }
    lpm_writer_u16(writer, len);
    lpm_writer_bytes(writer, s, len);
}

gsize lpm_writer_len(const LpmWriter *writer)
{
    return writer->buf->len;
}

void lpm_writer_patch_u32(LpmWriter *writer, gsize at, guint32 value)
{
    if (writer->overflow) {
        return;
    }
    g_assert(writer->buf->len >= 4 && at <= writer->buf->len - 4);
    for (gsize i = 0; i < 4; i++) {
        writer->buf->data[at + i] = value >> 8 * (3 - i);
    }
}

GBytes *lpm_writer_finish(LpmWriter *writer, GError **error)
{
    if (writer->overflow) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s is longer than %" G_GSIZE_FORMAT " bytes",
                    writer->what, writer->max_bytes);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&writer->buf));
}

void lpm_writer_clear(LpmWriter *writer)
{
    g_clear_pointer(&writer->buf, g_byte_array_unref);
}
