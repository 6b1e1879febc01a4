/*
 * Information units of the virtual Fibre Channel adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Offsets stand here as Linux' ibmvfc.h has them, not as the code under test
 * names them.  Readers get a heap block of exactly the bytes they are told
 * of, so that a sanitizer sees one byte too many.
 */
#include <glib.h>
#include <string.h>

#include "error/lpm-error.h"
#include "vfc/iu.h"

#define WWPN    G_GUINT64_CONSTANT(0xc0507606d5a20001)
#define WWNN    G_GUINT64_CONSTANT(0xc0507606d5a20002)
#define FILL    0xa5

/* Bytes that differ from their neighbours, in any order of bytes. */
static guint8 *pattern(gsize len)
{
    guint8 *bytes = g_malloc(MAX(len, 1));

    for (gsize i = 0; i < len; i++) {
        bytes[i] = (guint8)(i * 37 + 11 + i / 256);
    }
    return bytes;
}

static guint64 big_endian(const guint8 *at, gsize width)
{
    guint64 number = 0;

    for (gsize i = 0; i < width; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

static void put(guint8 *at, gsize width, guint64 number)
{
    for (gsize i = 0; i < width; i++) {
        at[i] = (guint8)(number >> 8 * (width - 1 - i));
    }
}

/* A number of a struct of ours, in the host's order of bytes. */
static guint64 member(const void *at, gsize width)
{
    guint8 u8;
    guint16 u16;
    guint32 u32;
    guint64 u64;

    switch (width) {
    case 1:
        memcpy(&u8, at, 1);
        return u8;
    case 2:
        memcpy(&u16, at, 2);
        return u16;
    case 4:
        memcpy(&u32, at, 4);
        return u32;
    default:
        memcpy(&u64, at, 8);
        return u64;
    }
}

/* Readers, all of one shape */

typedef union Any {
    LpmVfcMad mad;
    LpmVfcLogin login;
    LpmVfcCommand command;
    LpmVfcCancel cancel;
    LpmVfcPass pass;
    LpmVfcBuffer buffer;
    guint64 number;
} Any;

#define BUFFER_AT   24
#define NUMBER_AT   48

static gboolean read_mad(const guint8 *iu, gsize len, Any *any, GError **err)
{
    return lpm_vfc_read_mad(iu, len, &any->mad, err);
}

static gboolean read_login(const guint8 *iu, gsize len, Any *any,
                           GError **err)
{
    return lpm_vfc_read_login(iu, len, &any->login, err);
}

static gboolean read_command(const guint8 *iu, gsize len, Any *any,
                             GError **err)
{
    return lpm_vfc_read_command(iu, len, &any->command, err);
}

static gboolean read_cancel(const guint8 *iu, gsize len, Any *any,
                            GError **err)
{
    return lpm_vfc_read_cancel(iu, len, &any->cancel, err);
}

static gboolean read_pass(const guint8 *iu, gsize len, Any *any,
                          GError **err)
{
    return lpm_vfc_read_pass(iu, len, &any->pass, err);
}

static gboolean read_buffer(const guint8 *iu, gsize len, Any *any,
                            GError **err)
{
    return lpm_vfc_read_buffer(iu, len, BUFFER_AT, &any->buffer, err);
}

static gboolean read_number(const guint8 *iu, gsize len, Any *any,
                            GError **err)
{
    return lpm_vfc_read_u64(iu, len, NUMBER_AT, &any->number, err);
}

typedef struct Reader {
    const char *name;
    gboolean (*read)(const guint8 *iu, gsize len, Any *any, GError **err);
    gsize least;            /* bytes up to the last that is read */
    gsize most;             /* as the driver sends it */
} Reader;

enum { MAD, LOGIN, COMMAND, CANCEL, PASS, BUFFER, NUMBER };

static const Reader readers[] = {
    [MAD] = { "mad", read_mad, 24, 24 },
    [LOGIN] = { "login", read_login, 328, 1360 },
    [COMMAND] = { "command", read_command, 160, 288 },
    [CANCEL] = { "cancel", read_cancel, 48, 88 },
    [PASS] = { "pass", read_pass, 120, 208 },
    [BUFFER] = { "buffer", read_buffer, BUFFER_AT + 16, 40 },
    [NUMBER] = { "number", read_number, NUMBER_AT + 8, 64 },
};

/* An IU that its reader takes. */
static guint8 *good_iu(gsize reader, gsize len)
{
    guint8 *iu = pattern(len);

    if (reader == COMMAND && len > 139) {
        iu[139] = 0x01;     /* no CDB of more than 16 bytes, writes data */
    }
    return iu;
}

/* A member of what a reader fills, and where it stands in the IU. */
typedef struct Field {
    gsize reader;
    const char *name;
    gsize wire;
    gsize width;            /* more than 8: bytes as they are */
    gsize in_struct;
} Field;

#define FIELD(reader, type, wire, width, name) \
    { reader, #name, wire, width, G_STRUCT_OFFSET(type, name) }

static const Field fields[] = {
    FIELD(MAD, LpmVfcMad, 0, 4, version),
    FIELD(MAD, LpmVfcMad, 8, 4, opcode),
    FIELD(MAD, LpmVfcMad, 14, 2, length),
    FIELD(MAD, LpmVfcMad, 16, 8, tag),
    FIELD(LOGIN, LpmVfcLogin, 0, 4, os),
    FIELD(LOGIN, LpmVfcLogin, 8, 8, max_dma),
    FIELD(LOGIN, LpmVfcLogin, 34, 2, flags),
    FIELD(LOGIN, LpmVfcLogin, 36, 4, max_commands),
    FIELD(LOGIN, LpmVfcLogin, 40, 8, capabilities),
    FIELD(LOGIN, LpmVfcLogin, 56, 8, async.address),
    FIELD(LOGIN, LpmVfcLogin, 68, 4, async.bytes),
    FIELD(LOGIN, LpmVfcLogin, 72, 256, partition),
    FIELD(COMMAND, LpmVfcCommand, 28, 2, flags),
    FIELD(COMMAND, LpmVfcCommand, 32, 4, cancel_key),
    FIELD(COMMAND, LpmVfcCommand, 56, 8, data.address),
    FIELD(COMMAND, LpmVfcCommand, 68, 4, data.bytes),
    FIELD(COMMAND, LpmVfcCommand, 72, 8, response.address),
    FIELD(COMMAND, LpmVfcCommand, 84, 4, response.bytes),
    FIELD(COMMAND, LpmVfcCommand, 96, 8, target_id),
    FIELD(COMMAND, LpmVfcCommand, 104, 8, tag),
    { COMMAND, "lun", 128, 8, G_STRUCT_OFFSET(LpmVfcCommand, lun) },
    FIELD(COMMAND, LpmVfcCommand, 137, 1, attribute),
    FIELD(COMMAND, LpmVfcCommand, 138, 1, task),
    FIELD(COMMAND, LpmVfcCommand, 140, 16, cdb),
    FIELD(COMMAND, LpmVfcCommand, 156, 4, bytes),
    FIELD(CANCEL, LpmVfcCancel, 24, 8, target_id),
    { CANCEL, "lun", 32, 8, G_STRUCT_OFFSET(LpmVfcCancel, lun) },
    FIELD(CANCEL, LpmVfcCancel, 40, 4, flags),
    FIELD(CANCEL, LpmVfcCancel, 44, 4, cancel_key),
    FIELD(PASS, LpmVfcPass, 60, 4, flags),
    FIELD(PASS, LpmVfcPass, 64, 4, cancel_key),
    FIELD(PASS, LpmVfcPass, 72, 8, command.address),
    FIELD(PASS, LpmVfcPass, 84, 4, command.bytes),
    FIELD(PASS, LpmVfcPass, 88, 8, response.address),
    FIELD(PASS, LpmVfcPass, 100, 4, response.bytes),
    FIELD(PASS, LpmVfcPass, 112, 8, target_id),
    FIELD(BUFFER, LpmVfcBuffer, BUFFER_AT, 8, address),
    FIELD(BUFFER, LpmVfcBuffer, BUFFER_AT + 12, 4, bytes),
    { NUMBER, "number", NUMBER_AT, 8, 0 },
};

static gboolean is_raw(const Field *field)
{
    return field->width > 8 || g_str_equal(field->name, "lun");
}

static void test_field(gconstpointer data)
{
    const Field *field = data;
    const Reader *reader = &readers[field->reader];
    g_autofree guint8 *iu = good_iu(field->reader, reader->most);
    g_autoptr(GError) error = NULL;
    Any any;

    memset(&any, 0, sizeof(any));
    g_assert_true(reader->read(iu, reader->most, &any, &error));
    g_assert_no_error(error);
    if (is_raw(field)) {
        g_assert_cmpmem((const guint8 *)&any + field->in_struct,
                        field->width, iu + field->wire, field->width);
    } else {
        g_assert_cmphex(member((const guint8 *)&any + field->in_struct,
                               field->width), ==,
                        big_endian(iu + field->wire, field->width));
    }
}

/* Bytes that no reader may look at can be anything: all else stays. */
static void test_ignored(gconstpointer data)
{
    gsize which = GPOINTER_TO_SIZE(data);
    const Reader *reader = &readers[which];
    g_autofree guint8 *iu = good_iu(which, reader->most);
    g_autofree gboolean *read_from = g_new0(gboolean, reader->most);
    Any first, second;

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        for (gsize k = 0; fields[i].reader == which && k < fields[i].width;
             k++) {
            read_from[fields[i].wire + k] = TRUE;
        }
    }
    if (which == COMMAND) {
        read_from[139] = TRUE;
    }
    memset(&first, 0, sizeof(first));
    g_assert_true(reader->read(iu, reader->most, &first, NULL));
    for (gsize i = 0; i < reader->most; i++) {
        iu[i] ^= read_from[i] ? 0 : 0xff;
    }
    memset(&second, 0, sizeof(second));
    g_assert_true(reader->read(iu, reader->most, &second, NULL));
    g_assert_cmpmem(&first, sizeof(first), &second, sizeof(second));
}

static void test_truncated(gconstpointer data)
{
    gsize which = GPOINTER_TO_SIZE(data);
    const Reader *reader = &readers[which];

    for (gsize len = 0; len <= reader->most; len++) {
        g_autofree guint8 *iu = good_iu(which, len);
        g_autoptr(GError) error = NULL;
        Any any;
        gboolean good = reader->read(iu, len, &any, &error);

        if (len < reader->least) {
            g_assert_false(good);
            g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
        } else {
            g_assert_no_error(error);
            g_assert_true(good);
        }
    }
}

static void test_no_error_wanted(void)
{
    guint8 iu[8] = { 0 };
    Any any;

    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
        g_assert_false(readers[i].read(iu, sizeof(iu), &any, NULL));
    }
}

/* Offsets that lie behind the IU, and such as wrap around. */
static void test_far_offsets(void)
{
    static const gsize far[] = {
        33, 64, 4096, G_MAXUINT32, G_MAXSSIZE, G_MAXSIZE - 15, G_MAXSIZE - 7,
        G_MAXSIZE,
    };
    g_autofree guint8 *iu = pattern(32);

    for (gsize i = 0; i < G_N_ELEMENTS(far); i++) {
        g_autoptr(GError) of_buffer = NULL;
        g_autoptr(GError) of_number = NULL;
        LpmVfcBuffer buffer;
        guint64 number;

        g_assert_false(lpm_vfc_read_buffer(iu, 32, far[i], &buffer,
                                           &of_buffer));
        g_assert_error(of_buffer, LPM_ERROR, LPM_ERROR_TRUNCATED);
        g_assert_false(lpm_vfc_read_u64(iu, 32, far[i], &number,
                                        &of_number));
        g_assert_error(of_number, LPM_ERROR, LPM_ERROR_TRUNCATED);
    }
}

/* The name is not terminated in the request: what follows is not of it. */
static void test_partition_name(void)
{
    g_autofree guint8 *iu = g_malloc(LPM_VFC_LOGIN_BYTES);
    LpmVfcLogin login;

    memset(iu, 'n', LPM_VFC_LOGIN_BYTES);
    memset(&login, 0xff, sizeof(login));
    g_assert_true(lpm_vfc_read_login(iu, LPM_VFC_LOGIN_BYTES, &login, NULL));
    g_assert_cmpuint(strlen(login.partition), ==, 256);
}

static void test_cdb_length(gconstpointer data)
{
    guint8 value = (guint8)GPOINTER_TO_UINT(data);
    g_autofree guint8 *iu = good_iu(COMMAND, LPM_VFC_COMMAND_BYTES);
    g_autoptr(GError) error = NULL;
    LpmVfcCommand command;

    iu[139] = value;
    if (value <= 3) {
        g_assert_true(lpm_vfc_read_command(iu, LPM_VFC_COMMAND_BYTES,
                                           &command, &error));
        g_assert_no_error(error);
    } else {
        g_assert_false(lpm_vfc_read_command(iu, LPM_VFC_COMMAND_BYTES,
                                            &command, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
    }
}

/* Scatter lists */

typedef struct Scatter {
    const char *name;
    guint32 pieces[8];
    gsize n;                /* of them */
    gsize len;              /* of the list in bytes; 0: n descriptors */
    guint64 wanted;
    gint error;             /* -1: none */
    guint32 got[8];         /* bytes of each, up to a 0 */
} Scatter;

static const Scatter scatters[] = {
    { "one", { 4096 }, 1, 0, 4096, -1, { 4096 } },
    { "three", { 512, 1024, 2560 }, 3, 0, 4096, -1, { 512, 1024, 2560 } },
    { "nothing-wanted", { 512 }, 1, 0, 0, -1, { 0 } },
    { "empty-for-nothing", { 0 }, 0, 0, 0, -1, { 0 } },
    { "sum-long-last-cut", { 4096, 4096 }, 2, 0, 5000, -1, { 4096, 904 } },
    { "sum-long-rest-unused", { 4096, 4096 }, 2, 0, 4096, -1, { 4096 } },
    { "sum-long-by-one", { 4096, 1 }, 2, 0, 4096, -1, { 4096 } },
    { "zero-length-first", { 0, 512 }, 2, 0, 512, -1, { 512 } },
    { "zero-length-between", { 256, 0, 256 }, 3, 0, 512, -1, { 256, 256 } },
    { "zero-length-last", { 512, 0 }, 2, 0, 512, -1, { 512 } },
    { "one-byte-each", { 1, 1, 1 }, 3, 0, 3, -1, { 1, 1, 1 } },
    { "four-gib-less-one", { G_MAXUINT32 }, 1, 0, G_MAXUINT32, -1,
      { G_MAXUINT32 } },
    { "sum-past-four-gib", { G_MAXUINT32, G_MAXUINT32 }, 2, 0,
      G_GUINT64_CONSTANT(0x100000000), -1, { G_MAXUINT32, 1 } },
    { "sum-short", { 512, 512 }, 2, 0, 1025, LPM_ERROR_MALFORMED },
    { "sum-short-by-all", { 0, 0 }, 2, 0, 1, LPM_ERROR_MALFORMED },
    { "sum-does-not-wrap", { G_MAXUINT32, 2 }, 2, 0,
      G_GUINT64_CONSTANT(0x100000002), LPM_ERROR_MALFORMED },
    { "wanted-huge", { 512 }, 1, 0, G_MAXUINT64, LPM_ERROR_MALFORMED },
    { "empty", { 0 }, 0, 0, 1, LPM_ERROR_MALFORMED },
    { "odd-end", { 512, 512 }, 2, 31, 1024, LPM_ERROR_MALFORMED },
    { "odd-end-not-needed", { 512, 512 }, 2, 31, 512, LPM_ERROR_MALFORMED },
    { "odd-for-nothing", { 512 }, 1, 15, 0, LPM_ERROR_MALFORMED },
};

static void test_scatter(gconstpointer data)
{
    const Scatter *row = data;
    gsize whole = row->n * LPM_VFC_DESCRIPTOR;
    gsize len = row->len != 0 ? row->len : whole;
    g_autofree guint8 *full = g_malloc0(MAX(whole, 1));
    g_autofree guint8 *list = NULL;
    g_autoptr(GArray) got = NULL;
    g_autoptr(GError) error = NULL;
    gsize n = 0;

    for (gsize i = 0; i < row->n; i++) {
        put(full + 16 * i, 8, 0x100000000u + 0x10000 * i);
        put(full + 16 * i + 8, 4, 0xdeadbeef);      /* key: not for us */
        put(full + 16 * i + 12, 4, row->pieces[i]);
    }
    list = g_memdup2(full, MAX(len, 1));
    got = lpm_vfc_read_scatter(list, len, row->wanted, &error);
    if (row->error >= 0) {
        g_assert_null(got);
        g_assert_error(error, LPM_ERROR, row->error);
        return;
    }
    g_assert_no_error(error);
    g_assert_nonnull(got);
    for (gsize i = 0; i < row->n && n < got->len; i++) {
        LpmVfcBuffer *buffer = &g_array_index(got, LpmVfcBuffer, n);

        if (row->pieces[i] == 0) {
            continue;
        }
        g_assert_cmphex(buffer->address, ==, 0x100000000u + 0x10000 * i);
        g_assert_cmpuint(buffer->bytes, ==, row->got[n]);
        n++;
    }
    g_assert_cmpuint(n, ==, got->len);
    g_assert_cmpuint(row->got[n], ==, 0);
}

/* All that a list can hold, and one more. */
static void test_scatter_most(void)
{
    gsize len = LPM_VFC_SCATTER_MAX * LPM_VFC_DESCRIPTOR;
    g_autofree guint8 *list = g_malloc0(len + LPM_VFC_DESCRIPTOR);
    g_autoptr(GArray) most = NULL;
    g_autoptr(GArray) over = NULL;
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i <= LPM_VFC_SCATTER_MAX; i++) {
        put(list + 16 * i, 8, 8192 * i);
        put(list + 16 * i + 12, 4, 8192);
    }
    most = lpm_vfc_read_scatter(list, len, 1 << 20, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(most->len, ==, LPM_VFC_SCATTER_MAX);
    g_assert_cmpuint(g_array_index(most, LpmVfcBuffer, 127).address, ==,
                     127 * 8192);
    over = lpm_vfc_read_scatter(list, len + LPM_VFC_DESCRIPTOR, 512, &error);
    g_assert_null(over);
    g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
    g_clear_error(&error);
    over = lpm_vfc_read_scatter(list, len + 1, 512, &error);
    g_assert_null(over);
    g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
}

/* Writers: every byte of what they are given is compared */

typedef struct Value {
    gsize at;
    gsize width;
    guint64 number;
} Value;

typedef struct Writer {
    const char *name;
    void (*write)(guint8 *bytes);
    gsize len;
    gsize zeroed_from, zeroed_to;   /* what else it sets to 0 */
    Value values[32];               /* up to a width of 0 */
} Writer;

static void write_mad_status(guint8 *bytes)
{
    lpm_vfc_set_mad_status(bytes, 0xf7f1);
}

static void write_result(guint8 *bytes)
{
    LpmVfcResult result = { .status = 0x0102, .error = 0x0304 };

    lpm_vfc_set_result(bytes, 44, &result, 0x0506);
}

static void write_login(guint8 *bytes)
{
    LpmVfcHost host = {
        .wwpn = WWPN, .wwnn = WWNN, .port_id = 0x123456,
        .max_commands = 141, .max_dma = 1 << 20, .link_mbps = 16000,
        .result = { .status = 0x0001, .error = 0x0002 },
    };

    lpm_vfc_write_login(bytes, &host);
}

static void write_port_login(guint8 *bytes)
{
    lpm_vfc_write_port_login(bytes, WWPN, WWNN);
}

static void write_target(guint8 *bytes)
{
    lpm_vfc_write_target(bytes, 0x123456, WWPN);
}

static void write_u32(guint8 *bytes)
{
    lpm_vfc_write_u32(bytes, 3, 0x01020304);
}

static void write_u64(guint8 *bytes)
{
    lpm_vfc_write_u64(bytes, 5, WWPN);
}

static void write_adisc(guint8 *bytes)
{
    lpm_vfc_write_adisc(bytes, WWPN, WWNN, 0x123456);
}

static void write_crq(guint8 *bytes)
{
    lpm_vfc_write_crq(bytes, 0xff, 0x06, WWPN);
}

static void write_async(guint8 *bytes)
{
    lpm_vfc_write_async(bytes, 0x0008, 4, 0x123456, WWPN, WWNN);
}

static const Writer writers[] = {
    { "mad-status", write_mad_status, 24, 0, 0, { { 12, 2, 0xf7f1 } } },
    { "result", write_result, 64, 0, 0, {
        { 44, 2, 0x0102 }, { 46, 2, 0x0304 }, { 48, 2, 0x0506 },
        { 50, 2, 0 } } },
    { "login", write_login, 1360, 0, 1360, {
        { 0, 4, 1 }, { 4, 2, 1 }, { 6, 2, 2 },
        { 8, 4, 1 },                    /* native FC */
        { 16, 8, 0x18 },                /* no channels, no new layout */
        { 24, 4, 141 }, { 28, 4, 8 }, { 32, 8, 1 << 20 },
        { 40, 8, 0x123456 }, { 48, 8, WWPN }, { 56, 8, WWNN },
        { 64, 8, 1600 },                /* of 10 Mb/s */
        { 1096, 2, 0x2020 }, { 1096 + 6, 2, 0x0800 },
        { 1096 + 8, 4, 10000 }, { 1096 + 12, 4, 2000 },
        { 1096 + 16, 8, WWPN }, { 1096 + 24, 8, WWNN },
        { 1096 + 64, 4, 0x80000000 } } },
    { "port-login", write_port_login, 592, 56, 568, {
        { 56, 2, 0x2020 }, { 62, 2, 0x0800 }, { 64, 4, 10000 },
        { 68, 4, 2000 }, { 72, 8, WWPN }, { 80, 8, WWNN },
        { 120, 4, 0x80000000 } } },
    { "process-login", lpm_vfc_write_process_login, 128, 0, 0, {
        { 32, 1, 0x08 }, { 34, 2, 0x2100 }, { 44, 4, 0x12 } } },
    { "target", write_target, 16, 0, 16, {
        { 0, 4, 0x123456 }, { 8, 8, WWPN } } },
    { "u32", write_u32, 8, 0, 0, { { 3, 4, 0x01020304 } } },
    { "u64", write_u64, 16, 0, 0, { { 5, 8, WWPN } } },
    { "adisc", write_adisc, 28, 0, 28, {
        { 0, 1, 0x02 }, { 8, 8, WWPN }, { 16, 8, WWNN },
        { 24, 4, 0x123456 } } },
    { "crq", write_crq, 16, 0, 16, {
        { 0, 1, 0xff }, { 1, 1, 0x06 }, { 8, 8, WWPN } } },
    { "async", write_async, 48, 0, 48, {
        { 0, 1, 0x80 }, { 1, 1, 4 }, { 8, 8, 8 }, { 16, 8, 0x123456 },
        { 24, 8, WWPN }, { 32, 8, WWNN } } },
};

static void test_writer(gconstpointer data)
{
    const Writer *row = data;
    g_autofree guint8 *got = g_malloc(row->len);
    g_autofree guint8 *wanted = g_malloc(row->len);

    memset(got, FILL, row->len);
    memset(wanted, FILL, row->len);
    memset(wanted + row->zeroed_from, 0, row->zeroed_to - row->zeroed_from);
    for (const Value *value = row->values; value->width != 0; value++) {
        put(wanted + value->at, value->width, value->number);
    }
    row->write(got);
    for (gsize i = 0; i < row->len; i++) {
        if (got[i] != wanted[i]) {
            g_test_message("byte %" G_GSIZE_FORMAT ": 0x%02x, wanted 0x%02x",
                           i, got[i], wanted[i]);
        }
    }
    g_assert_cmpmem(got, row->len, wanted, row->len);
}

/* A name of any length ends within its field and leaves the next alone. */
static void test_login_names(void)
{
    static const struct {
        gsize at, len, kept;
    } rows[] = {
        { 72, 0, 0 }, { 72, 10, 10 }, { 328, 255, 255 }, { 584, 256, 255 },
        { 840, 1000, 255 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strnfill(rows[i].len, 'x');
        g_autofree guint8 *buffer = g_malloc(LPM_VFC_LOGIN_BYTES);
        LpmVfcHost host = { .wwpn = WWPN, .partition = name, .device = name,
                            .location = name };

        memset(buffer, FILL, LPM_VFC_LOGIN_BYTES);
        lpm_vfc_write_login(buffer, &host);
        g_assert_cmpuint(strnlen((char *)buffer + rows[i].at, 256), ==,
                         rows[i].kept);
        g_assert_cmpuint(big_endian(buffer + 1096, 2), ==, 0x2020);
        g_assert_cmphex(big_endian(buffer + 48, 8), ==, WWPN);
    }
}

/* What the driver takes for success of a process login. */
static void test_process_login_accepted(void)
{
    guint8 iu[128] = { 0 };

    iu[32] = 0x08;
    put(iu + 34, 2, 0x2000);
    put(iu + 44, 4, 0x22);
    lpm_vfc_write_process_login(iu);
    g_assert_cmpuint(iu[32], ==, 0x08);
    g_assert_cmpuint(big_endian(iu + 34, 2) >> 8 & 0xf, ==, 1);
    g_assert_cmpuint(big_endian(iu + 34, 2) & 0x2000, ==, 0x2000);
    g_assert_cmpuint(big_endian(iu + 44, 4) & 0x10, ==, 0x10);
}

/* Outcomes */

typedef struct Outcome {
    const char *name;
    LpmVfcOutcome outcome;
    guint16 status, error;          /* of the IU */
    guint32 adapter_residual;
    guint16 response_flags;
    guint8 flags;                   /* of the response */
    guint32 residual;
    guint32 sense_bytes;
} Outcome;

static const Outcome outcomes[] = {
    { "good", { { 0, 0 }, 0 }, 0, 0, 0, 0, 0, 0, 0 },
    { "short-read", { { 0, 0 }, 0, 512 }, 0, 0, 512, 1, 0x08, 512, 0 },
    { "check-condition", { { 0, 0 }, 2, 0, { 0x70, 0, 5 }, 18 },
      8, 0, 0, 0, 0x02, 0, 18 },
    { "check-condition-short",
      { { 0, 0 }, 2, 4096, { 0x70, 0, 3 }, 18 },
      8, 0, 4096, 1, 0x0a, 4096, 18 },
    { "check-condition-without-sense", { { 0, 0 }, 2 },
      8, 0, 0, 0, 0, 0, 0 },
    { "busy", { { 0, 0 }, 0x08 }, 8, 0, 0, 0, 0, 0, 0 },
    { "reservation-conflict", { { 0, 0 }, 0x18 }, 8, 0, 0, 0, 0, 0, 0 },
    { "task-set-full", { { 0, 0 }, 0x28, 512 }, 8, 0, 512, 1, 0x08, 512, 0 },
    { "sense-most", { { 0, 0 }, 2, 0, { 0x72 }, 96 }, 8, 0, 0, 0, 0x02, 0,
      96 },
    { "sense-past-most", { { 0, 0 }, 2, 0, { 0x72 }, 255 }, 8, 0, 0, 0, 0x02,
      0, 96 },
    { "residual-most", { { 0, 0 }, 0, G_MAXUINT32 }, 0, 0, G_MAXUINT32, 1,
      0x08, G_MAXUINT32, 0 },
    { "link-down", { { 1, 6 }, 0, 512 }, 1, 6, 512, 1, 0x08, 512, 0 },
    { "no-login", { { 2, 0x10 } }, 2, 0x10, 0, 0, 0, 0, 0 },
    { "cancelled", { { 2, 6 } }, 2, 6, 0, 0, 0, 0, 0 },
    /* a class of the transport's own is not overwritten by the device's */
    { "transport-and-busy", { { 1, 4 }, 8 }, 1, 4, 0, 0, 0, 0, 0 },
};

static void test_outcome(gconstpointer data)
{
    const Outcome *row = data;
    g_autofree guint8 *iu = g_malloc(LPM_VFC_COMMAND_BYTES);
    g_autofree guint8 *response = g_malloc(LPM_VFC_RESPONSE_BYTES);
    guint8 wanted_iu[LPM_VFC_COMMAND_BYTES];
    guint8 wanted[LPM_VFC_RESPONSE_BYTES] = { 0 };

    memset(iu, FILL, LPM_VFC_COMMAND_BYTES);
    memset(response, FILL, LPM_VFC_RESPONSE_BYTES);
    memset(wanted_iu, FILL, sizeof(wanted_iu));
    put(wanted_iu + 20, 4, row->adapter_residual);
    put(wanted_iu + 24, 2, row->status);
    put(wanted_iu + 26, 2, row->error);
    put(wanted_iu + 30, 2, row->response_flags);
    wanted[10] = row->flags;
    wanted[11] = row->outcome.scsi_status;
    put(wanted + 12, 4, row->residual);
    put(wanted + 16, 4, row->sense_bytes);
    memcpy(wanted + 24, row->outcome.sense, row->sense_bytes);
    lpm_vfc_write_outcome(iu, response, &row->outcome);
    g_assert_cmpmem(iu, LPM_VFC_COMMAND_BYTES, wanted_iu, sizeof(wanted_iu));
    g_assert_cmpmem(response, LPM_VFC_RESPONSE_BYTES, wanted,
                    sizeof(wanted));
}

/* Any status of a device but GOOD must make the driver look at it. */
static void test_status_is_seen(void)
{
    for (guint status = 1; status <= 0xff; status++) {
        LpmVfcOutcome outcome = { .scsi_status = (guint8)status };
        guint8 iu[LPM_VFC_COMMAND_BYTES] = { 0 };
        guint8 response[LPM_VFC_RESPONSE_BYTES];

        lpm_vfc_write_outcome(iu, response, &outcome);
        g_assert_cmphex(big_endian(iu + 24, 2), ==, 0x0008);
        g_assert_cmphex(response[11], ==, status);
    }
}

/* Numbers of LUNs */

typedef struct Lun {
    const char *name;
    guint8 bytes[8];
    int number;
} Lun;

static const Lun luns[] = {
    { "peripheral-0", { 0, 0 }, 0 },
    { "peripheral-1", { 0, 1 }, 1 },
    { "peripheral-255", { 0, 255 }, 255 },
    { "peripheral-bus-1", { 1, 0 }, -1 },
    { "peripheral-bus-63", { 0x3f, 0 }, -1 },
    { "flat-0", { 0x40, 0 }, 0 },
    { "flat-1", { 0x40, 1 }, 1 },
    { "flat-256", { 0x41, 0 }, 256 },
    { "flat-16383", { 0x7f, 0xff }, 16383 },
    { "logical-unit", { 0x80, 1 }, -1 },
    { "well-known-report-luns", { 0xc1, 0x01 }, -1 },
    { "none", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, -1 },
    { "second-level", { 0, 1, 0, 1 }, -1 },
    { "byte-2", { 0, 1, 1 }, -1 },
    { "byte-7", { 0x40, 1, 0, 0, 0, 0, 0, 1 }, -1 },
};

static void test_lun(gconstpointer data)
{
    const Lun *row = data;
    g_autofree guint8 *lun = g_memdup2(row->bytes, 8);

    g_assert_cmpint(lpm_vfc_lun(lun), ==, row->number);
}

static void add(const char *group, const char *name, gconstpointer data,
                GTestDataFunc test)
{
    g_autofree char *path = g_strdup_printf("/lpm/vfc-iu/%s/%s", group,
                                            name);

    g_test_add_data_func(path, data, test);
}

#define ADD_ROWS(group, rows, test)                             \
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {            \
        add(group, rows[i].name, &rows[i], test);               \
    }

int main(int argc, char **argv)
{
    static const guint8 lengths[] = { 0, 1, 2, 3, 4, 0x10, 0x80, 0xff };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *name = g_strdup_printf(
            "%s/%s", readers[fields[i].reader].name, fields[i].name);

        add("field", name, &fields[i], test_field);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
        add("ignored", readers[i].name, GSIZE_TO_POINTER(i), test_ignored);
        add("truncated", readers[i].name, GSIZE_TO_POINTER(i),
            test_truncated);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *name = g_strdup_printf("%02x", lengths[i]);

        add("cdb-length", name, GUINT_TO_POINTER(lengths[i]),
            test_cdb_length);
    }
    g_test_add_func("/lpm/vfc-iu/no-error-wanted", test_no_error_wanted);
    g_test_add_func("/lpm/vfc-iu/far-offsets", test_far_offsets);
    g_test_add_func("/lpm/vfc-iu/partition-name", test_partition_name);
    ADD_ROWS("scatter", scatters, test_scatter);
    g_test_add_func("/lpm/vfc-iu/scatter/most", test_scatter_most);
    ADD_ROWS("write", writers, test_writer);
    g_test_add_func("/lpm/vfc-iu/write/login-names", test_login_names);
    g_test_add_func("/lpm/vfc-iu/write/process-login-accepted",
                    test_process_login_accepted);
    ADD_ROWS("outcome", outcomes, test_outcome);
    g_test_add_func("/lpm/vfc-iu/outcome/status-is-seen",
                    test_status_is_seen);
    ADD_ROWS("lun", luns, test_lun);
    return g_test_run();
}
