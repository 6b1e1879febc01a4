/*
 * What a LUN says of itself
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Readers get a heap block of exactly the bytes they are told of, so that a
 * sanitizer sees one byte too many.
 */
#include <string.h>

#include "error/lpm-error.h"
#include "vfc/scsi.h"

/* "83 00 | ..." as bytes; other characters only separate. */
static guint8 *bytes_of(const char *hex, gsize *ret_len)
{
    GByteArray *bytes = g_byte_array_new();

    for (const char *at = hex; at[0] != '\0'; at++) {
        if (g_ascii_isxdigit(at[0]) && g_ascii_isxdigit(at[1])) {
            guint8 byte = g_ascii_xdigit_value(at[0]) << 4 |
                          g_ascii_xdigit_value(at[1]);

            g_byte_array_append(bytes, &byte, 1);
            at++;
        }
    }
    *ret_len = bytes->len;
    return g_byte_array_free(bytes, FALSE);
}

static void test_cdbs(void)
{
    static const char *const wanted[] = {
        "a0 00 00 00 00 00 00 00 20 08 00 00 00 00 00 00",
        "12 00 00 04 00 00 00 00 00 00 00 00 00 00 00 00",
        "12 01 83 04 00 00 00 00 00 00 00 00 00 00 00 00",
        "9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00",
        "5e 01 00 00 00 00 00 01 08 00 00 00 00 00 00 00",
    };
    guint8 cdbs[G_N_ELEMENTS(wanted)][LPM_SCSI_CDB_BYTES];

    memset(cdbs, 0xee, sizeof(cdbs));
    lpm_scsi_cdb_luns(cdbs[0], LPM_SCSI_LUNS_BYTES);
    lpm_scsi_cdb_inquiry(cdbs[1], LPM_SCSI_PAGE_STANDARD,
                         LPM_SCSI_PAGE_BYTES);
    lpm_scsi_cdb_inquiry(cdbs[2], LPM_SCSI_PAGE_IDENTITY,
                         LPM_SCSI_PAGE_BYTES);
    lpm_scsi_cdb_capacity(cdbs[3], LPM_SCSI_CAPACITY_BYTES);
    lpm_scsi_cdb_reserve_in(cdbs[4], LPM_SCSI_PR_RESERVATION,
                            LPM_SCSI_KEYS_BYTES);
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        gsize len;
        g_autofree guint8 *bytes = bytes_of(wanted[i], &len);

        g_assert_cmpmem(cdbs[i], LPM_SCSI_CDB_BYTES, bytes, len);
    }
}

static void test_luns(void)
{
    static const struct {
        const char *hex;
        const char *luns;       /* NULL: refused */
        gboolean all;
    } vectors[] = {
        { "00000010 00000000 0000000000000000 0003000000000000", "0 3", TRUE },
        { "00000008 00000000 4100000000000000", "256", TRUE },
        { "00000010 00000000 c101000000000000 0001000000000000", "1", TRUE },
        { "00000010 00000000 0001000000000000", "1", FALSE },
        { "00000010 00000000 0001000000000000 0002", "1", FALSE },
        { "ffffffff 00000000 0001000000000000", "1", FALSE },
        { "00000007 00000000 0001000000000000", "", TRUE },
        { "00000000 00000000", "", TRUE },
        { "00000000 000000", NULL, FALSE },
        { "", NULL, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize len;
        g_autofree guint8 *buf = bytes_of(vectors[i].hex, &len);
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) luns = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        gboolean all = FALSE;

        luns = lpm_scsi_read_luns(buf, len, &all, &error);
        if (vectors[i].luns == NULL) {
            g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
            continue;
        }
        g_assert_no_error(error);
        for (guint n = 0; n < luns->len; n++) {
            g_string_append_printf(text, "%s%u", n > 0 ? " " : "",
                                   g_array_index(luns, guint32, n));
        }
        g_assert_cmpstr(text->str, ==, vectors[i].luns);
        g_assert_cmpint(all, ==, vectors[i].all);
    }
}

static void test_present(void)
{
    static const struct {
        const char *hex;
        gboolean present, disk;
    } vectors[] = {
        { "00 00", TRUE, TRUE },
        { "0e", TRUE, TRUE },
        { "0c", TRUE, FALSE },
        { "05", TRUE, FALSE },
        { "20", FALSE, TRUE },      /* could be there, and is not */
        { "7f", FALSE, FALSE },     /* never is */
        { "1f", FALSE, FALSE },
        { "", FALSE, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize len;
        g_autofree guint8 *buf = bytes_of(vectors[i].hex, &len);
        gboolean disk;

        g_assert_cmpint(lpm_scsi_is_present(buf, len, &disk), ==,
                        vectors[i].present);
        g_assert_cmpint(disk, ==, vectors[i].disk);
    }
}

#define SERIAL  "00 80 00 08 2020 6265 6166 3131"   /* "  beaf11" */

static void test_identity(void)
{
    static const struct {
        const char *page, *serial, *identity;
    } vectors[] = {
        /* unique in the world: the serial number adds nothing */
        { "00 83 00 14 01 03 00 10 600507680c8081d5a000000000000142", SERIAL,
          "naa.600507680c8081d5a000000000000142" },
        { "00 83 00 0c 01 03 00 08 5005076801234567", NULL,
          "naa.5005076801234567" },
        /* made at its place: another disk there has the same */
        { "00 83 00 0c 01 03 00 08 3000000100000001", SERIAL,
          "naa.3000000100000001+sn.beaf11" },
        { "00 83 00 0c 01 03 00 08 3000000100000001", NULL,
          "naa.3000000100000001" },
        { "00 83 00 0c 01 03 00 08 3000000100000001", "00 80 00 09 20",
          "naa.3000000100000001" },     /* a serial number that is cut */
        { "00 83 00 0f 02 01 00 0b 4945542020202020 3a 20 31", SERIAL,
          "t10.IET_____:_1+sn.beaf11" },
        { "00 83 00 0c 01 02 00 08 0025385b71b00001", NULL,
          "eui.0025385b71b00001" },
        { "00 83 00 16 01 0a 00 12 1000 00112233445566778899aabbccddeeff",
          NULL, "uuid.00112233445566778899aabbccddeeff" },
        { "00 83 00 0a 03 08 00 06 6971 6e2e 7800", NULL, "name.iqn.x" },
        /* the best of several, wherever it stands */
        { "00 83 00 18 01 02 00 08 0025385b71b00001"
          "01 03 00 10 5005076801234567", NULL, NULL },     /* damaged */
        { "00 83 00 18 01 02 00 08 0025385b71b00001"
          "01 03 00 08 5005076801234567", NULL, "naa.5005076801234567" },
        /* of the port, not of the LUN */
        { "00 83 00 0c 01 13 00 08 5005076801234567", NULL, NULL },
        /* NAA of a wrong length, vendor specific, empty, cut, another page */
        { "00 83 00 0b 01 03 00 07 50050768012345", NULL, NULL },
        { "00 83 00 08 02 00 00 04 41424344", NULL, NULL },
        { "00 83 00 00", NULL, NULL },
        { "00 83 00 14 01 03 00 10 600507680c8081d5a0", NULL, NULL },
        { "00 83 00 0c 01 03 00 10 5005076801234567", NULL, NULL },
        { "00 80 00 0c 01 03 00 08 5005076801234567", NULL, NULL },
        { "", NULL, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize len, serial_len = 0;
        g_autofree guint8 *page = bytes_of(vectors[i].page, &len);
        g_autofree guint8 *serial = vectors[i].serial == NULL ? NULL :
            bytes_of(vectors[i].serial, &serial_len);
        g_autofree char *identity = lpm_scsi_identity(page, len, serial,
                                                      serial_len);

        g_test_message("vector %zu", i);
        g_assert_cmpstr(identity, ==, vectors[i].identity);
    }
}

/* Two texts as long as they can be still are an offer's string. */
static void test_identity_most(void)
{
    guint8 page[4 + 4 + 255], serial[4 + 255];
    g_autofree char *identity = NULL;

    memset(page, 'a', sizeof(page));
    memset(serial, 'b', sizeof(serial));
    memcpy(page, "\x00\x83\x01\x03\x02\x01\x00\xff", 8);
    memcpy(serial, "\x00\x80\x00\xff", 4);
    identity = lpm_scsi_identity(page, sizeof(page), serial, sizeof(serial));
    g_assert_cmpuint(strlen(identity), ==, 4 + 110 + 4 + 110);
}

static void test_capacity(void)
{
    static const struct {
        const char *hex;
        gboolean good;
        guint64 blocks;
        guint32 bytes;
    } vectors[] = {
        { "00000000 0001ffff 00000200 00000000", TRUE, 0x20000, 512 },
        { "ffffffff ffffffff 00001000", TRUE, G_MAXUINT64, 4096 },
        { "00000000 00000000 000002", FALSE, 0, 0 },
        { "", FALSE, 0, 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize len;
        g_autofree guint8 *buf = bytes_of(vectors[i].hex, &len);
        g_autoptr(GError) error = NULL;
        guint64 blocks = 0;
        guint32 bytes = 0;

        g_assert_cmpint(lpm_scsi_read_capacity(buf, len, &blocks, &bytes,
                                               &error), ==, vectors[i].good);
        if (vectors[i].good) {
            g_assert_cmpuint(blocks, ==, vectors[i].blocks);
            g_assert_cmpuint(bytes, ==, vectors[i].bytes);
        } else {
            g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
        }
    }
}

static void test_max_transfer(void)
{
    static const struct {
        const char *hex;
        guint32 blocks;
    } vectors[] = {
        { "00 b0 00 08 00 00 00 00 00 00 08 00", 2048 },
        { "00 b0 00 08 00 00 00 00 ff ff ff ff", 0xffffffff },
        { "00 b0 00 07 00 00 00 00 00 00 08", 0 },
        { "00 b0 00 08 00 00 00 00 00 00 08", 0 },
        { "00 83 00 08 00 00 00 00 00 00 08 00", 0 },
        { "", 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize len;
        g_autofree guint8 *buf = bytes_of(vectors[i].hex, &len);

        g_assert_cmpuint(lpm_scsi_max_transfer(buf, len), ==,
                         vectors[i].blocks);
    }
}

static void test_reservation(void)
{
#define NO_KEYS     "00000001 00000000"
#define ONE_KEY     "00000001 00000008 0000000000000abc"
#define HELD        "00000001 00000010 0000000000000abc 00000000 00"
    static const struct {
        const char *keys, *holder, *text;
    } vectors[] = {
        { NO_KEYS, NO_KEYS, NULL },
        { ONE_KEY, NO_KEYS, "registered key 0xabc" },
        { ONE_KEY, HELD "01 0000", "reserved (write exclusive) with key "
          "0xabc" },
        { ONE_KEY, HELD "06 0000", "reserved (exclusive access, registrants "
          "only) with key 0xabc" },
        { ONE_KEY, HELD "0f 0000", "reserved (of an unknown type) with key "
          "0xabc" },
        { ONE_KEY, HELD, "reserved (of an unknown type) with key 0xabc" },
        { "", "", NULL },
        { "00000001 00000008 0000000000000a", "", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize keys_len, holder_len;
        g_autofree guint8 *keys = bytes_of(vectors[i].keys, &keys_len);
        g_autofree guint8 *holder = bytes_of(vectors[i].holder, &holder_len);
        g_autofree char *text = lpm_scsi_reservation(keys, keys_len, holder,
                                                     holder_len);

        g_assert_cmpstr(text, ==, vectors[i].text);
    }
}

static void test_sense(void)
{
    static const struct {
        const char *hex;
        int key;
    } vectors[] = {
        { "70 00 06 00 00 00 00 0a", 6 },
        { "f0 00 25", 5 },
        { "72 06 29 00", 6 },
        { "70 00", -1 },
        { "72", -1 },
        { "00 00 06", -1 },
        { "", -1 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        gsize len;
        g_autofree guint8 *buf = bytes_of(vectors[i].hex, &len);

        g_assert_cmpint(lpm_scsi_sense_key(buf, len), ==, vectors[i].key);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/scsi/cdbs", test_cdbs);
    g_test_add_func("/lpm/scsi/luns", test_luns);
    g_test_add_func("/lpm/scsi/present", test_present);
    g_test_add_func("/lpm/scsi/identity", test_identity);
    g_test_add_func("/lpm/scsi/identity-most", test_identity_most);
    g_test_add_func("/lpm/scsi/capacity", test_capacity);
    g_test_add_func("/lpm/scsi/max-transfer", test_max_transfer);
    g_test_add_func("/lpm/scsi/reservation", test_reservation);
    g_test_add_func("/lpm/scsi/sense", test_sense);
    return g_test_run();
}
