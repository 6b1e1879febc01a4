/*
 * The envelope of our records: header, then fields by tag
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_BYTES_RECORD_H
#define LPM_BYTES_RECORD_H

#include <glib.h>

#include "bytes.h"

/*
 * Theory of operation
 *
 * Header: magic(4) version(2) min_version(2) length of all(4).  Then fields,
 * each tag(2) flags(2) length(4) value, tags ascending, none twice.  A reader
 * skips a field that it does not know, unless its flags say that it must not.
 * FORMATS.md has the fields of each kind.
 */

/* The sender's mark for a field that a reader must understand. */
#define LPM_RECORD_CRITICAL 0x0001u

/* One kind of record; static. */
typedef struct LpmRecordKind {
    const char *what;       /* subject of error messages: "offer" */
    guint32 magic;
    guint16 version;        /* that we write */
    guint16 min_version;    /* oldest that we read, and oldest reader of ours */
    guint32 max_bytes;
} LpmRecordKind;

/** lpm_record_begin: start @writer with the header of @kind. */
void lpm_record_begin(LpmWriter *writer, const LpmRecordKind *kind);

/**
 * lpm_record_field_begin:
 *
 * Returns: what lpm_record_field_end() wants, once the value is written.
 */
gsize lpm_record_field_begin(LpmWriter *writer, guint16 tag, guint16 flags);

/** lpm_record_field_end: complete the field begun at @at. */
void lpm_record_field_end(LpmWriter *writer, gsize at);

/**
 * lpm_record_finish:
 *
 * Returns: (transfer full) (nullable): the record.
 * Errors: LIMIT (more than the kind's bytes).
 */
GBytes *lpm_record_finish(LpmWriter *writer, GError **error);

typedef struct LpmRecordReader {
    LpmReader in;
    guint16 version;        /* of the record as its sender wrote it */
    guint16 min_version;
    guint16 last_tag;
} LpmRecordReader;

/**
 * lpm_record_open:
 * @buf: @len bytes from the peer, untrusted; they outlive the reader
 *
 * Check the header.
 *
 * Returns: true on success.
 * Errors: TRUNCATED, MALFORMED, UNSUPPORTED (version), LIMIT (length).
 */
gboolean lpm_record_open(LpmRecordReader *reader, const guint8 *buf, gsize len,
                         const LpmRecordKind *kind, GError **error);

/** lpm_record_at_end: whether there is no further field. */
gboolean lpm_record_at_end(const LpmRecordReader *reader);

/**
 * lpm_record_next:
 * @ret_tag, @ret_flags: (out)
 * @ret_value: (out): the value and nothing else
 *
 * Returns: true on success.
 * Errors: TRUNCATED, MALFORMED (a tag that is not above the one before).
 */
gboolean lpm_record_next(LpmRecordReader *reader, guint16 *ret_tag,
                         guint16 *ret_flags, LpmReader *ret_value,
                         GError **error);

/**
 * lpm_record_skip:
 *
 * For a field of unknown tag: whether it may be left out.
 *
 * Returns: true if so.  Errors: UNSUPPORTED.
 */
gboolean lpm_record_skip(const LpmRecordReader *reader, guint16 tag,
                         guint16 flags, GError **error);

#endif /* LPM_BYTES_RECORD_H */
