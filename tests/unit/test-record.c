/*
 * The envelope of records: headers, order of fields, what may be skipped
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "bytes/record.h"
#include "error/lpm-error.h"

static const LpmRecordKind kind = {
    .what = "sample",
    .magic = 0x53414d50u,
    .version = 3,
    .min_version = 2,
    .max_bytes = 64,
};

/* A record of two fields of one byte each. */
static GBytes *sample(guint16 first, guint16 second)
{
    g_auto(LpmWriter) writer = { 0 };
    gsize at;

    lpm_record_begin(&writer, &kind);
    at = lpm_record_field_begin(&writer, first, LPM_RECORD_CRITICAL);
    lpm_writer_u8(&writer, 0xaa);
    lpm_record_field_end(&writer, at);
    at = lpm_record_field_begin(&writer, second, 0);
    lpm_writer_u8(&writer, 0xbb);
    lpm_record_field_end(&writer, at);
    return lpm_record_finish(&writer, NULL);
}

static void test_bytes(void)
{
    static const guint8 wanted[] = {
        'S', 'A', 'M', 'P', 0, 3, 0, 2, 0, 0, 0, 30,
        0, 1, 0, 1, 0, 0, 0, 1, 0xaa,
        0, 7, 0, 0, 0, 0, 0, 1, 0xbb,
    };
    g_autoptr(GBytes) record = sample(1, 7);
    gsize len;
    const guint8 *data = g_bytes_get_data(record, &len);

    g_assert_cmpmem(data, len, wanted, sizeof(wanted));
}

static void test_round_trip(void)
{
    g_autoptr(GBytes) record = sample(1, 7);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    LpmReader value;
    guint16 tag, flags;
    guint8 byte;
    gsize len;
    const guint8 *data = g_bytes_get_data(record, &len);

    g_assert_true(lpm_record_open(&reader, data, len, &kind, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(reader.version, ==, 3);
    g_assert_cmpuint(reader.min_version, ==, 2);

    g_assert_true(lpm_record_next(&reader, &tag, &flags, &value, &error));
    g_assert_cmpuint(tag, ==, 1);
    g_assert_cmpuint(flags, ==, LPM_RECORD_CRITICAL);
    g_assert_true(lpm_reader_u8(&value, &byte, &error));
    g_assert_cmpuint(byte, ==, 0xaa);
    g_assert_true(lpm_reader_end(&value, &error));
    g_assert_false(lpm_record_at_end(&reader));

    g_assert_true(lpm_record_next(&reader, &tag, &flags, &value, &error));
    g_assert_cmpuint(tag, ==, 7);
    g_assert_true(lpm_record_at_end(&reader));
    g_assert_true(lpm_record_skip(&reader, tag, flags, &error));
    g_assert_no_error(error);
    g_assert_false(lpm_record_skip(&reader, 8, LPM_RECORD_CRITICAL, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED);
}

/* Whatever flag a newer sender may set, it is not ours to pass over. */
static void test_unknown_flag(void)
{
    g_autoptr(GBytes) record = sample(1, 7);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    gsize len;
    const guint8 *data = g_bytes_get_data(record, &len);

    g_assert_true(lpm_record_open(&reader, data, len, &kind, NULL));
    g_assert_false(lpm_record_skip(&reader, 8, 0x8000, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED);
}

typedef struct OrderCase {
    const char *path;
    guint16 first, second;
} OrderCase;

static const OrderCase order_cases[] = {
    { "/lpm/record/order/twice", 7, 7 },
    { "/lpm/record/order/descending", 7, 1 },
};

static void test_order(gconstpointer data)
{
    const OrderCase *c = data;
    g_autoptr(GBytes) record = sample(c->first, c->second);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    LpmReader value;
    guint16 tag, flags;
    gsize len;
    const guint8 *bytes = g_bytes_get_data(record, &len);

    g_assert_true(lpm_record_open(&reader, bytes, len, &kind, NULL));
    g_assert_true(lpm_record_next(&reader, &tag, &flags, &value, NULL));
    g_assert_false(lpm_record_next(&reader, &tag, &flags, &value, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
}

static void test_tag_zero(void)
{
    g_autoptr(GBytes) record = sample(0, 1);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    LpmReader value;
    guint16 tag, flags;
    gsize len;
    const guint8 *bytes = g_bytes_get_data(record, &len);

    g_assert_true(lpm_record_open(&reader, bytes, len, &kind, NULL));
    g_assert_false(lpm_record_next(&reader, &tag, &flags, &value, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
}

typedef struct HeaderCase {
    const char *path;
    guint at;               /* offset of a 16-bit number in the header */
    guint16 value;
    int code;               /* -1: taken */
} HeaderCase;

static const HeaderCase header_cases[] = {
    { "/lpm/record/header/magic", 0, 0x5341 + 1, LPM_ERROR_MALFORMED },
    { "/lpm/record/header/version-below-min", 4, 1, LPM_ERROR_MALFORMED },
    { "/lpm/record/header/version-newer", 4, 9, -1 },
    { "/lpm/record/header/min-version-zero", 6, 0, LPM_ERROR_MALFORMED },
    { "/lpm/record/header/min-version-ours", 6, 3, -1 },
    { "/lpm/record/header/length-above-limit", 10, 65, LPM_ERROR_LIMIT },
    { "/lpm/record/header/length-above-bytes", 10, 31, LPM_ERROR_TRUNCATED },
    { "/lpm/record/header/length-below-bytes", 10, 29, LPM_ERROR_MALFORMED },
    { "/lpm/record/header/length-huge", 8, 0xffff, LPM_ERROR_LIMIT },
};

static void test_header(gconstpointer data)
{
    const HeaderCase *c = data;
    g_autoptr(GBytes) record = sample(1, 7);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    gsize len;
    g_autofree guint8 *bytes = g_bytes_unref_to_data(g_steal_pointer(&record),
                                                     &len);

    bytes[c->at] = c->value >> 8;
    bytes[c->at + 1] = c->value;
    if (c->code < 0) {
        g_assert_true(lpm_record_open(&reader, bytes, len, &kind, &error));
        g_assert_no_error(error);
    } else {
        g_assert_false(lpm_record_open(&reader, bytes, len, &kind, &error));
        g_assert_error(error, LPM_ERROR, c->code);
    }
}

/* Readers from version 4 on: we are version 3. */
static void test_too_new(void)
{
    g_autoptr(GBytes) record = sample(1, 7);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    gsize len;
    g_autofree guint8 *bytes = g_bytes_unref_to_data(g_steal_pointer(&record),
                                                     &len);

    bytes[5] = 4;
    bytes[7] = 4;
    g_assert_false(lpm_record_open(&reader, bytes, len, &kind, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED);
}

static void test_truncated(void)
{
    g_autoptr(GBytes) record = sample(1, 7);
    gsize len;
    const guint8 *bytes = g_bytes_get_data(record, &len);

    for (gsize cut = 0; cut < len; cut++) {
        g_autoptr(GError) error = NULL;
        LpmRecordReader reader;

        g_assert_false(lpm_record_open(&reader, bytes, cut, &kind, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
    }
}

static void test_value_too_long(void)
{
    g_autoptr(GBytes) record = sample(1, 7);
    g_autoptr(GError) error = NULL;
    LpmRecordReader reader;
    LpmReader value;
    guint16 tag, flags;
    gsize len;
    g_autofree guint8 *bytes = g_bytes_unref_to_data(g_steal_pointer(&record),
                                                     &len);

    bytes[19] = 200;
    g_assert_true(lpm_record_open(&reader, bytes, len, &kind, NULL));
    g_assert_false(lpm_record_next(&reader, &tag, &flags, &value, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
}

static void test_finish_limit(void)
{
    g_auto(LpmWriter) writer = { 0 };
    g_autoptr(GError) error = NULL;
    guint8 big[64] = { 0 };

    lpm_record_begin(&writer, &kind);
    lpm_writer_bytes(&writer, big, sizeof(big));
    g_assert_null(lpm_record_finish(&writer, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/record/bytes", test_bytes);
    g_test_add_func("/lpm/record/round-trip", test_round_trip);
    g_test_add_func("/lpm/record/unknown-flag", test_unknown_flag);
    for (guint i = 0; i < G_N_ELEMENTS(order_cases); i++) {
        g_test_add_data_func(order_cases[i].path, &order_cases[i], test_order);
    }
    g_test_add_func("/lpm/record/tag-zero", test_tag_zero);
    for (guint i = 0; i < G_N_ELEMENTS(header_cases); i++) {
        g_test_add_data_func(header_cases[i].path, &header_cases[i],
                             test_header);
    }
    g_test_add_func("/lpm/record/too-new", test_too_new);
    g_test_add_func("/lpm/record/truncated", test_truncated);
    g_test_add_func("/lpm/record/value-too-long", test_value_too_long);
    g_test_add_func("/lpm/record/finish-limit", test_finish_limit);
    return g_test_run();
}
