/*
 * Bounded cursors over bytes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "bytes/bytes.h"
#include "error/lpm-error.h"

static void test_integers(void)
{
    static const guint8 data[] = { 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
                                   0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e,
                                   0x8f };
    LpmReader reader;
    guint64 u64;
    guint32 u32;
    guint16 u16;
    guint8 u8;

    lpm_reader_init(&reader, data, sizeof(data), "test");
    g_assert_true(lpm_reader_u8(&reader, &u8, NULL));
    g_assert_cmphex(u8, ==, 0x81);
    g_assert_true(lpm_reader_u16(&reader, &u16, NULL));
    g_assert_cmphex(u16, ==, 0x8283);
    g_assert_true(lpm_reader_u32(&reader, &u32, NULL));
    g_assert_cmphex(u32, ==, 0x84858687);
    g_assert_true(lpm_reader_u64(&reader, &u64, NULL));
    g_assert_cmphex(u64, ==, 0x88898a8b8c8d8e8f);
    g_assert_true(lpm_reader_end(&reader, NULL));
}

/* A failed read changes neither the cursor nor the out parameter. */
static void test_truncated(void)
{
    static const guint8 data[7] = { 0 };

    for (gsize len = 0; len <= sizeof(data); len++) {
        LpmReader reader;
        guint64 u64 = 42;
        guint32 u32 = 42;
        guint16 u16 = 42;
        guint8 u8 = 42;
        g_autoptr(GError) error = NULL;

        lpm_reader_init(&reader, len ? data : NULL, len, "test");
        g_assert_false(lpm_reader_u64(&reader, &u64, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
        g_assert_cmpuint(u64, ==, 42);
        g_assert_cmpuint(reader.left, ==, len);
        if (len < 4) {
            g_assert_false(lpm_reader_u32(&reader, &u32, NULL));
            g_assert_cmpuint(u32, ==, 42);
        }
        if (len < 2) {
            g_assert_false(lpm_reader_u16(&reader, &u16, NULL));
            g_assert_cmpuint(u16, ==, 42);
        }
        if (len < 1) {
            g_assert_false(lpm_reader_u8(&reader, &u8, NULL));
            g_assert_cmpuint(u8, ==, 42);
        }
        g_assert_cmpuint(reader.left, ==, len);
    }
}

static void test_bytes(void)
{
    static const guint8 data[] = "abcdef";
    const guint8 *bytes = NULL;
    LpmReader reader, sub;
    g_autoptr(GError) error = NULL;

    lpm_reader_init(&reader, data, 6, "test");
    g_assert_true(lpm_reader_bytes(&reader, 0, &bytes, NULL));
    g_assert_true(lpm_reader_bytes(&reader, 2, &bytes, NULL));
    g_assert_true(bytes == data);
    g_assert_false(lpm_reader_bytes(&reader, 5, &bytes, NULL));
    g_assert_false(lpm_reader_bytes(&reader, G_MAXSIZE, &bytes, NULL));
    g_assert_true(lpm_reader_sub(&reader, 3, &sub, NULL));
    g_assert_cmpuint(sub.left, ==, 3);
    g_assert_cmpuint(reader.left, ==, 1);
    g_assert_false(lpm_reader_sub(&reader, 2, &sub, NULL));
    g_assert_cmpuint(sub.left, ==, 3);
    g_assert_false(lpm_reader_end(&reader, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
}

static void test_plain(void)
{
    static const struct {
        const char *text;
        gsize len;
        gboolean plain;
    } rows[] = {
        { "", 0, TRUE },
        { "abc", 3, TRUE },
        { "a b~", 4, TRUE },
        { "a\0b", 3, FALSE },
        { "a\nb", 3, FALSE },
        { "\t", 1, FALSE },
        { "\x1b[2J", 4, FALSE },
        { "\x7f", 1, FALSE },
        { "\xc2\x9b", 2, FALSE },       /* C1: a terminal's CSI */
        { "\xc2\xa0", 2, TRUE },
        { "\xc3\xa4", 2, TRUE },
        { "\xe6\xbc\xa2", 3, TRUE },
        { "\xc3", 1, FALSE },           /* cut */
        { "\xff", 1, FALSE },
        { "\xc0\x80", 2, FALSE },       /* NUL, overlong */
        { "\xed\xa0\x80", 3, FALSE },   /* surrogate */
        { "\xf4\x90\x80\x80", 4, FALSE }, /* above U+10FFFF */
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(lpm_string_is_plain(rows[i].text, rows[i].len), ==,
                        rows[i].plain);
    }
}

static void test_string(void)
{
    static const guint8 data[] = { 0, 3, 'a', 'b', 'c', 0, 0, 0, 2, 'x', '\n' };
    g_autofree char *abc = NULL;
    g_autofree char *empty = NULL;
    char *none = NULL;
    g_autoptr(GError) limit = NULL;
    g_autoptr(GError) malformed = NULL;
    g_autoptr(GError) newline = NULL;
    LpmReader reader;

    lpm_reader_init(&reader, data, sizeof(data), "test");
    g_assert_false(lpm_reader_string16(&reader, 2, &none, &limit));
    g_assert_error(limit, LPM_ERROR, LPM_ERROR_LIMIT);
    g_assert_true(lpm_reader_string16(&reader, 3, &abc, NULL));
    g_assert_cmpstr(abc, ==, "abc");
    g_assert_false(lpm_reader_string16(&reader, 3, &none, &malformed));
    g_assert_error(malformed, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_assert_true(lpm_reader_text16(&reader, 3, &empty, NULL));
    g_assert_cmpstr(empty, ==, "");
    g_assert_false(lpm_reader_text16(&reader, 3, &none, &newline));
    g_assert_error(newline, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_assert_null(none);
    g_assert_cmpuint(reader.left, ==, 4);
}

static void test_string_truncated(void)
{
    static const guint8 data[] = { 0, 3, 'a', 'b', 'c' };

    for (gsize len = 0; len < sizeof(data); len++) {
        char *none = NULL;
        g_autoptr(GError) error = NULL;
        LpmReader reader;

        lpm_reader_init(&reader, data, len, "test");
        g_assert_false(lpm_reader_string16(&reader, 10, &none, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
        g_assert_false(lpm_reader_text16(&reader, 10, &none, NULL));
        g_assert_null(none);
        g_assert_cmpuint(reader.left, ==, len);
    }
}

static void test_count(void)
{
    static const guint8 data[] = { 0, 0, 0, 2, 1, 2, 3, 4, 5 };
    static const guint8 huge[] = { 0xff, 0xff, 0xff, 0xff, 0 };
    guint32 count = 42;
    g_autoptr(GError) limit = NULL;
    g_autoptr(GError) cut = NULL;
    g_autoptr(GError) huge_error = NULL;
    LpmReader reader;

    lpm_reader_init(&reader, data, sizeof(data), "test");
    g_assert_false(lpm_reader_count(&reader, 1, 1, &count, &limit));
    g_assert_error(limit, LPM_ERROR, LPM_ERROR_LIMIT);
    g_assert_false(lpm_reader_count(&reader, 9, 3, &count, &cut));
    g_assert_error(cut, LPM_ERROR, LPM_ERROR_TRUNCATED);
    g_assert_cmpuint(count, ==, 42);
    g_assert_true(lpm_reader_count(&reader, 2, 2, &count, NULL));
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpuint(reader.left, ==, 5);

    lpm_reader_init(&reader, huge, sizeof(huge), "test");
    g_assert_false(lpm_reader_count(&reader, G_MAXUINT32, 8, &count,
                                    &huge_error));
    g_assert_error(huge_error, LPM_ERROR, LPM_ERROR_TRUNCATED);
}

static void test_writer(void)
{
    static const guint8 wanted[] = {
        0x01, 0x02, 0x03, 0, 0, 0, 9, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d,
        0x0e, 0x0f, 0, 2, 'h', 'i', 'x',
    };
    g_auto(LpmWriter) writer = { 0 };
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize at;

    lpm_writer_init(&writer, sizeof(wanted), "test");
    lpm_writer_u8(&writer, 1);
    lpm_writer_u16(&writer, 0x0203);
    at = lpm_writer_len(&writer);
    lpm_writer_u32(&writer, 0);
    lpm_writer_u64(&writer, 0x08090a0b0c0d0e0f);
    lpm_writer_string16(&writer, "hi");
    lpm_writer_bytes(&writer, NULL, 0);
    lpm_writer_bytes(&writer, "x", 1);
    lpm_writer_patch_u32(&writer, at, 9);
    bytes = lpm_writer_finish(&writer, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                    wanted, sizeof(wanted));
}

static void test_writer_limit(void)
{
    g_auto(LpmWriter) writer = { 0 };
    g_autoptr(GError) error = NULL;

    lpm_writer_init(&writer, 5, "test");
    lpm_writer_u32(&writer, 1);
    lpm_writer_u32(&writer, 1);
    /* It would fit, but a record with a hole is no record. */
    lpm_writer_u8(&writer, 1);
    lpm_writer_patch_u32(&writer, 0, 7);
    g_assert_cmpuint(lpm_writer_len(&writer), ==, 4);
    g_assert_null(lpm_writer_finish(&writer, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
    lpm_writer_clear(&writer);
    lpm_writer_clear(&writer);
}

static void test_writer_long_string(void)
{
    g_autofree char *longest = g_strnfill(65535, 'a');
    g_autofree char *too_long = g_strnfill(65536, 'a');
    g_auto(LpmWriter) fits = { 0 };
    g_auto(LpmWriter) fails = { 0 };
    g_autoptr(GBytes) bytes = NULL;

    lpm_writer_init(&fits, 1 << 20, "test");
    lpm_writer_string16(&fits, longest);
    bytes = lpm_writer_finish(&fits, NULL);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, 65537);
    lpm_writer_init(&fails, 1 << 20, "test");
    lpm_writer_string16(&fails, too_long);
    g_assert_null(lpm_writer_finish(&fails, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/bytes/reader/integers", test_integers);
    g_test_add_func("/lpm/bytes/reader/truncated", test_truncated);
    g_test_add_func("/lpm/bytes/reader/bytes", test_bytes);
    g_test_add_func("/lpm/bytes/reader/string", test_string);
    g_test_add_func("/lpm/bytes/reader/string-truncated",
                    test_string_truncated);
    g_test_add_func("/lpm/bytes/reader/count", test_count);
    g_test_add_func("/lpm/bytes/plain", test_plain);
    g_test_add_func("/lpm/bytes/writer/values", test_writer);
    g_test_add_func("/lpm/bytes/writer/limit", test_writer_limit);
    g_test_add_func("/lpm/bytes/writer/long-string", test_writer_long_string);
    return g_test_run();
}
