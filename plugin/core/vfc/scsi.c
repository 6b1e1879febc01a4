/*
 * What a LUN says of itself
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "bytes/bytes.h"
#include "error/lpm-error.h"
#include "iu.h"
#include "scsi.h"

#define IDENTITY_MAX    255u
/* Of a text in a page; two of them and their prefixes are an identity. */
#define TEXT_MAX        110u

/* ---- questions ---- */

static void put(guint8 *at, guint width, guint64 value)
{
    for (guint i = 0; i < width; i++) {
        at[i] = value >> 8 * (width - 1 - i);
    }
}

static void begin(guint8 *cdb, guint8 operation)
{
    memset(cdb, 0, LPM_SCSI_CDB_BYTES);
    cdb[0] = operation;
}

void lpm_scsi_cdb_luns(guint8 *cdb, guint32 bytes)
{
    begin(cdb, 0xa0);
    put(cdb + 6, 4, bytes);
}

void lpm_scsi_cdb_inquiry(guint8 *cdb, int page, guint16 bytes)
{
    begin(cdb, 0x12);
    if (page >= 0) {
        cdb[1] = 1;
        cdb[2] = page;
    }
    put(cdb + 3, 2, bytes);
}

void lpm_scsi_cdb_capacity(guint8 *cdb, guint32 bytes)
{
    begin(cdb, 0x9e);
    cdb[1] = 0x10;
    put(cdb + 10, 4, bytes);
}

void lpm_scsi_cdb_reserve_in(guint8 *cdb, guint8 action, guint16 bytes)
{
    begin(cdb, 0x5e);
    cdb[1] = action;
    put(cdb + 7, 2, bytes);
}

/* ---- answers ---- */

GArray *lpm_scsi_read_luns(const guint8 *buf, gsize len, gboolean *ret_all,
                           GError **error)
{
    g_autoptr(GArray) luns = g_array_new(FALSE, FALSE, sizeof(guint32));
    LpmReader in;
    const guint8 *lun;
    guint32 bytes, reserved;

    lpm_reader_init(&in, buf, len, "REPORT LUNS");
    if (!lpm_reader_u32(&in, &bytes, error) ||
        !lpm_reader_u32(&in, &reserved, error)) {
        return NULL;
    }
    *ret_all = bytes <= in.left;
    for (guint32 at = 0; at + 8 <= bytes && in.left >= 8; at += 8) {
        int number;

        if (!lpm_reader_bytes(&in, 8, &lun, error)) {
            return NULL;
        }
        number = lpm_vfc_lun(lun);
        if (number >= 0) {
            guint32 value = number;

            g_array_append_val(luns, value);
        }
    }
    return g_steal_pointer(&luns);
}

gboolean lpm_scsi_is_present(const guint8 *buf, gsize len, gboolean *ret_disk)
{
    guint8 type = len > 0 ? buf[0] & 0x1f : 0x1f;

    *ret_disk = type == 0x00 || type == 0x07 || type == 0x0e;
    return len > 0 && buf[0] >> 5 == 0 && type != 0x1f;
}

/* A designator of page 0x83. */
typedef struct Designator {
    guint8 type;
    guint8 len;
    const guint8 *bytes;
} Designator;

#define TYPE_T10    1
#define TYPE_EUI    2
#define TYPE_NAA    3
#define TYPE_NAME   8
#define TYPE_UUID   10

/* The better a name, the higher; 0: none that would do. */
static guint rank(const Designator *designator)
{
    switch (designator->type) {
    case TYPE_NAA:
        return designator->len == 8 || designator->len == 16 ? 5 : 0;
    case TYPE_EUI:
        return designator->len == 8 || designator->len == 12 ||
               designator->len == 16 ? 4 : 0;
    case TYPE_UUID:
        return designator->len == 18 ? 3 : 0;
    case TYPE_NAME:
        return 2;
    case TYPE_T10:
        return designator->len > 8 ? 1 : 0;
    default:
        return 0;
    }
}

/* The page's length, header left out; 0: cut, or another page. */
static gsize page_bytes(const guint8 *page, gsize len, guint8 code)
{
    gsize bytes;

    if (len < 4 || page[1] != code) {
        return 0;
    }
    bytes = (gsize)page[2] << 8 | page[3];
    return bytes <= len - 4 ? bytes : 0;
}

static Designator best_designator(const guint8 *page, gsize len)
{
    Designator best = { 0 };
    gsize end = 4 + page_bytes(page, len, LPM_SCSI_PAGE_IDENTITY);

    for (gsize at = 4; at + 4 <= end; at += 4 + page[at + 3]) {
        Designator one = { page[at + 1] & 0xf, page[at + 3], page + at + 4 };

        if (at + 4 + one.len > end) {
            return (Designator) { 0 };      /* damaged */
        }
        /* Association 0: of the logical unit, not of port or target */
        if ((page[at + 1] >> 4 & 3) == 0 && rank(&one) > rank(&best)) {
            best = one;
        }
    }
    return best;
}

static void add_hex(GString *text, const char *prefix, const guint8 *bytes,
                    gsize len)
{
    g_string_append(text, prefix);
    for (gsize i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
}

/* Without padding; what is no plain character becomes '_'. */
static void add_text(GString *text, const char *prefix, const guint8 *bytes,
                     gsize len)
{
    while (len > 0 && (bytes[0] == ' ' || bytes[0] == '\0')) {
        bytes++;
        len--;
    }
    while (len > 0 && (bytes[len - 1] == ' ' || bytes[len - 1] == '\0')) {
        len--;
    }
    g_string_append(text, prefix);
    for (gsize i = 0; i < MIN(len, TEXT_MAX); i++) {
        g_string_append_c(text, g_ascii_isgraph(bytes[i]) ? bytes[i] : '_');
    }
}

static gboolean is_unique(const Designator *designator)
{
    return designator->type != TYPE_T10 &&
           !(designator->type == TYPE_NAA && designator->bytes[0] >> 4 == 3);
}

char *lpm_scsi_identity(const guint8 *page, gsize len, const guint8 *serial,
                        gsize serial_len)
{
    Designator best = best_designator(page, len);
    GString *text;
    gsize bytes;

    if (rank(&best) == 0) {
        return NULL;
    }
    text = g_string_new(NULL);
    switch (best.type) {
    case TYPE_NAA:
        add_hex(text, "naa.", best.bytes, best.len);
        break;
    case TYPE_EUI:
        add_hex(text, "eui.", best.bytes, best.len);
        break;
    case TYPE_UUID:
        add_hex(text, "uuid.", best.bytes + 2, best.len - 2);
        break;
    case TYPE_NAME:
        add_text(text, "name.", best.bytes, best.len);
        break;
    default:
        add_text(text, "t10.", best.bytes, best.len);
        break;
    }
    bytes = serial ? page_bytes(serial, serial_len, LPM_SCSI_PAGE_SERIAL) : 0;
    if (!is_unique(&best) && bytes > 0) {
        add_text(text, "+sn.", serial + 4, bytes);
    }
    g_assert(text->len <= IDENTITY_MAX);
    return g_string_free(text, FALSE);
}

gboolean lpm_scsi_read_capacity(const guint8 *buf, gsize len,
                                guint64 *ret_blocks,
                                guint32 *ret_block_bytes, GError **error)
{
    LpmReader in;
    guint64 last;

    lpm_reader_init(&in, buf, len, "READ CAPACITY");
    if (!lpm_reader_u64(&in, &last, error) ||
        !lpm_reader_u32(&in, ret_block_bytes, error)) {
        return FALSE;
    }
    *ret_blocks = last == G_MAXUINT64 ? last : last + 1;
    return TRUE;
}

guint32 lpm_scsi_max_transfer(const guint8 *buf, gsize len)
{
    if (page_bytes(buf, len, LPM_SCSI_PAGE_LIMITS) < 8) {
        return 0;
    }
    return (guint32)buf[8] << 24 | buf[9] << 16 | buf[10] << 8 | buf[11];
}

/* Key at @at of an answer to PERSISTENT RESERVE IN that holds it. */
static gboolean first_key(const guint8 *buf, gsize len, guint32 least,
                          guint64 *ret_key)
{
    LpmReader in;
    guint32 generation, bytes;

    lpm_reader_init(&in, buf, len, "PERSISTENT RESERVE IN");
    return lpm_reader_u32(&in, &generation, NULL) &&
           lpm_reader_u32(&in, &bytes, NULL) && bytes >= least &&
           lpm_reader_u64(&in, ret_key, NULL);
}

static const char *reservation_type(guint8 type)
{
    static const char *const names[] = {
        [1] = "write exclusive",
        [3] = "exclusive access",
        [5] = "write exclusive, registrants only",
        [6] = "exclusive access, registrants only",
        [7] = "write exclusive, all registrants",
        [8] = "exclusive access, all registrants",
    };

    return type < G_N_ELEMENTS(names) && names[type] ? names[type] :
                                                       "of an unknown type";
}

char *lpm_scsi_reservation(const guint8 *keys, gsize keys_len,
                           const guint8 *holder, gsize holder_len)
{
    guint64 key;

    if (first_key(holder, holder_len, 16, &key)) {
        return g_strdup_printf(
            "reserved (%s) with key 0x%" G_GINT64_MODIFIER "x",
            reservation_type(holder_len > 21 ? holder[21] & 0xf : 0), key);
    }
    if (first_key(keys, keys_len, 8, &key)) {
        return g_strdup_printf("registered key 0x%" G_GINT64_MODIFIER "x",
                               key);
    }
    return NULL;
}

int lpm_scsi_sense_key(const guint8 *sense, gsize len)
{
    guint8 code = len > 0 ? sense[0] & 0x7f : 0;

    if ((code == 0x70 || code == 0x71) && len > 2) {
        return sense[2] & 0xf;
    }
    if ((code == 0x72 || code == 0x73) && len > 1) {
        return sense[1] & 0xf;
    }
    return -1;
}
