/*
 * The envelope of our records: header, then fields by tag
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "../error/lpm-error.h"
#include "record.h"

/* Offset of the length in the header. */
#define LENGTH_AT 8u

void lpm_record_begin(LpmWriter *writer, const LpmRecordKind *kind)
{
    lpm_writer_init(writer, kind->max_bytes, kind->what);
    lpm_writer_u32(writer, kind->magic);
    lpm_writer_u16(writer, kind->version);
    lpm_writer_u16(writer, kind->min_version);
    lpm_writer_u32(writer, 0);
}

gsize lpm_record_field_begin(LpmWriter *writer, guint16 tag, guint16 flags)
{
    gsize at;

    lpm_writer_u16(writer, tag);
    lpm_writer_u16(writer, flags);
    at = lpm_writer_len(writer);
    lpm_writer_u32(writer, 0);
    return at;
}

void lpm_record_field_end(LpmWriter *writer, gsize at)
{
    lpm_writer_patch_u32(writer, at, lpm_writer_len(writer) - at - 4);
}

GBytes *lpm_record_finish(LpmWriter *writer, GError **error)
{
    lpm_writer_patch_u32(writer, LENGTH_AT, lpm_writer_len(writer));
    return lpm_writer_finish(writer, error);
}

static gboolean check_version(const LpmRecordReader *reader,
                              const LpmRecordKind *kind, GError **error)
{
    if (reader->min_version == 0 || reader->version < reader->min_version) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has version %u for readers from %u on", kind->what,
                    reader->version, reader->min_version);
        return FALSE;
    }
    if (reader->min_version > kind->version ||
        reader->version < kind->min_version) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "%s has version %u for readers from %u on, this is a"
                    " reader of versions %u to %u", kind->what,
                    reader->version, reader->min_version, kind->min_version,
                    kind->version);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_length(guint32 total, gsize len,
                             const LpmRecordKind *kind, GError **error)
{
    if (total > kind->max_bytes) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s is of %" G_GUINT32_FORMAT " bytes, at most %"
                    G_GUINT32_FORMAT " are taken", kind->what, total,
                    kind->max_bytes);
        return FALSE;
    }
    if (total != len) {
        g_set_error(error, LPM_ERROR,
                    total > len ? LPM_ERROR_TRUNCATED : LPM_ERROR_MALFORMED,
                    "%s is of %" G_GUINT32_FORMAT " bytes, came with %"
                    G_GSIZE_FORMAT, kind->what, total, len);
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_record_open(LpmRecordReader *reader, const guint8 *buf, gsize len,
                         const LpmRecordKind *kind, GError **error)
{
    guint32 magic, total;

    lpm_reader_init(&reader->in, buf, len, kind->what);
    reader->last_tag = 0;
    if (!lpm_reader_u32(&reader->in, &magic, error)) {
        return FALSE;
    }
    if (magic != kind->magic) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s begins with 0x%08x, wanted 0x%08x", kind->what, magic,
                    kind->magic);
        return FALSE;
    }
    return lpm_reader_u16(&reader->in, &reader->version, error) &&
           lpm_reader_u16(&reader->in, &reader->min_version, error) &&
           lpm_reader_u32(&reader->in, &total, error) &&
           check_version(reader, kind, error) &&
           check_length(total, len, kind, error);
}

gboolean lpm_record_at_end(const LpmRecordReader *reader)
{
    return reader->in.left == 0;
}

gboolean lpm_record_next(LpmRecordReader *reader, guint16 *ret_tag,
                         guint16 *ret_flags, LpmReader *ret_value,
                         GError **error)
{
    guint32 value_len;

    if (!lpm_reader_u16(&reader->in, ret_tag, error) ||
        !lpm_reader_u16(&reader->in, ret_flags, error) ||
        !lpm_reader_u32(&reader->in, &value_len, error) ||
        !lpm_reader_sub(&reader->in, value_len, ret_value, error)) {
        return FALSE;
    }
    if (*ret_tag <= reader->last_tag) {
        /* Also what keeps a field from coming twice. */
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has field 0x%04x after field 0x%04x",
                    reader->in.what, *ret_tag, reader->last_tag);
        return FALSE;
    }
    reader->last_tag = *ret_tag;
    return TRUE;
}

gboolean lpm_record_skip(const LpmRecordReader *reader, guint16 tag,
                         guint16 flags, GError **error)
{
    if (flags != 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "%s has field 0x%04x, unknown here and not to be left"
                    " out (flags 0x%04x)", reader->in.what, tag, flags);
        return FALSE;
    }
    return TRUE;
}
