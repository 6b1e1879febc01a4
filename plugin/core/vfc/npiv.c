/*
 * Ports of a Fibre Channel adapter that other ports are made on: NPIV
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "npiv.h"

/* Texts */

/* Of an error message: at most so much of a text that is wrong. */
#define SHOWN   40

static gboolean malformed(const char *what, const char *text,
                          const char *wanted, GError **error)
{
    g_autofree char *shown = g_strndup(text, SHOWN);
    g_autofree char *safe = NULL;

    g_strchomp(shown);
    for (char *c = shown; *c != '\0'; c++) {
        *c = g_ascii_isprint(*c) ? *c : '?';
    }
    safe = g_strescape(shown, NULL);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "%s: '%s', wanted %s",
                what, safe, wanted);
    return FALSE;
}

/*
 * Digits of BASE up to the end of TEXT, or up to the character END.  Returns
 * what comes then, or NULL.  strtoull alone takes signs and spaces.
 */
static const char *read_digits(const char *text, guint base, guint64 max,
                               char end, guint64 *ret)
{
    guint64 value = 0;
    const char *c;

    for (c = text; g_ascii_isxdigit(*c); c++) {
        guint digit = (guint)g_ascii_xdigit_value(*c);

        if (digit >= base || value > (max - digit) / base) {
            return NULL;
        }
        value = value * base + digit;
    }
    if (c == text) {
        return NULL;
    }
    if (end == '\0' && *c == '\n') {
        c++;
    }
    if (*c != end) {
        return NULL;
    }
    *ret = value;
    return end == '\0' ? c : c + 1;
}

static gboolean read_hex(const char *text, guint64 max, guint64 *ret)
{
    return g_str_has_prefix(text, "0x") &&
           read_digits(text + 2, 16, max, '\0', ret) != NULL;
}

gboolean lpm_npiv_read_wwn(const char *what, const char *text,
                           guint64 *ret_wwn, GError **error)
{
    guint64 wwn;

    if (!read_hex(text, G_MAXUINT64, &wwn) || wwn == 0 ||
        wwn == G_MAXUINT64) {
        return malformed(what, text, "a world wide name such as "
                         "0x10000090fa1b2c3d", error);
    }
    *ret_wwn = wwn;
    return TRUE;
}

gboolean lpm_npiv_read_port_id(const char *what, const char *text,
                               guint32 *ret_id, GError **error)
{
    guint64 id;

    if (!read_hex(text, G_MAXUINT32, &id) ||
        (id > 0xffffff && id != G_MAXUINT32)) {
        return malformed(what, text, "a port id such as 0x010203", error);
    }
    *ret_id = id == G_MAXUINT32 ? 0 : (guint32)id;
    return TRUE;
}

gboolean lpm_npiv_read_number(const char *what, const char *text,
                              guint32 *ret_number, GError **error)
{
    guint64 number;

    if (read_digits(text, 10, G_MAXUINT32, '\0', &number) == NULL) {
        return malformed(what, text, "a number", error);
    }
    *ret_number = (guint32)number;
    return TRUE;
}

gboolean lpm_npiv_read_scsi_target(const char *what, const char *text,
                                   gint *ret_target, GError **error)
{
    guint64 number;

    if (g_str_equal(text, "-1") || g_str_equal(text, "-1\n")) {
        *ret_target = -1;
        return TRUE;
    }
    if (read_digits(text, 10, G_MAXINT, '\0', &number) == NULL) {
        return malformed(what, text, "a number or -1", error);
    }
    *ret_target = (gint)number;
    return TRUE;
}

gboolean lpm_npiv_read_device(const char *what, const char *text,
                              guint32 *ret_major, guint32 *ret_minor,
                              GError **error)
{
    guint64 major_number, minor_number;
    const char *rest = read_digits(text, 10, G_MAXUINT32, ':', &major_number);

    if (rest == NULL ||
        read_digits(rest, 10, G_MAXUINT32, '\0', &minor_number) == NULL) {
        return malformed(what, text, "the numbers of a device such as 21:3",
                         error);
    }
    *ret_major = (guint32)major_number;
    *ret_minor = (guint32)minor_number;
    return TRUE;
}

gboolean lpm_npiv_read_text(const char *what, const char *text,
                            char ret_text[LPM_NPIV_TEXT], GError **error)
{
    gsize len = strlen(text);

    while (len > 0 && g_ascii_isspace(text[len - 1])) {
        len--;
    }
    for (gsize i = 0; i < len; i++) {
        if (!g_ascii_isprint(text[i])) {
            return malformed(what, text, "printable text", error);
        }
    }
    len = MIN(len, LPM_NPIV_TEXT - 1);
    memcpy(ret_text, text, len);
    ret_text[len] = '\0';
    return TRUE;
}

/* Names */

/* PREFIX and a number that is written in one way only, up to END. */
static const char *read_part(const char *text, const char *prefix, char end,
                             guint64 max, guint64 *ret)
{
    gsize len = strlen(prefix);
    const char *rest;

    if (text == NULL || strncmp(text, prefix, len) != 0) {
        return NULL;
    }
    text += len;
    if (text[0] == '0' && g_ascii_isdigit(text[1])) {
        return NULL;
    }
    rest = read_digits(text, 10, max, end, ret);
    return rest == NULL || (rest > text && rest[-1] == '\n') ? NULL : rest;
}

static gboolean read_one(const char *name, const char *prefix, guint *ret)
{
    guint64 number;

    if (read_part(name, prefix, '\0', G_MAXINT, &number) == NULL) {
        return FALSE;
    }
    *ret = (guint)number;
    return TRUE;
}

gboolean lpm_npiv_host_name(const char *name, guint *ret_host)
{
    return read_one(name, "host", ret_host);
}

gboolean lpm_npiv_sg_name(const char *name, guint *ret_sg)
{
    return read_one(name, "sg", ret_sg);
}

static gboolean read_port_name(const char *name, const char *prefix,
                               guint *ret_host, guint *ret_channel)
{
    guint64 host, channel, number;
    const char *rest = read_part(name, prefix, ':', G_MAXINT, &host);

    rest = read_part(rest, "", '-', G_MAXINT, &channel);
    if (read_part(rest, "", '\0', G_MAXINT, &number) == NULL) {
        return FALSE;
    }
    *ret_host = (guint)host;
    *ret_channel = (guint)channel;
    return TRUE;
}

gboolean lpm_npiv_vport_name(const char *name, guint *ret_host)
{
    guint channel;

    return read_port_name(name, "vport-", ret_host, &channel);
}

gboolean lpm_npiv_target_name(const char *name, guint *ret_host,
                              guint *ret_channel)
{
    return read_port_name(name, "rport-", ret_host, ret_channel);
}

gboolean lpm_npiv_device_name(const char *name, guint *ret_host,
                              guint *ret_channel, guint *ret_target,
                              guint *ret_lun)
{
    guint64 host, channel, target, lun;
    const char *rest = read_part(name, "", ':', G_MAXINT, &host);

    rest = read_part(rest, "", ':', G_MAXINT, &channel);
    rest = read_part(rest, "", ':', G_MAXINT, &target);
    if (read_part(rest, "", '\0', G_MAXUINT64, &lun) == NULL) {
        return FALSE;
    }
    /* The kernel shows the field's first two bytes, method bits and all. */
    if (lun >= 0x4000 && lun <= 0x7fff) {
        lun &= 0x3fff;
    } else if (lun > 0xff) {
        return FALSE;
    }
    *ret_host = (guint)host;
    *ret_channel = (guint)channel;
    *ret_target = (guint)target;
    *ret_lun = (guint)lun;
    return TRUE;
}

void lpm_npiv_format_pair(char ret_pair[LPM_NPIV_PAIR], guint64 wwpn,
                          guint64 wwnn)
{
    g_snprintf(ret_pair, LPM_NPIV_PAIR,
               "%016" G_GINT64_MODIFIER "x:%016" G_GINT64_MODIFIER "x", wwpn,
               wwnn);
}

/* Ports */

gboolean lpm_npiv_check_parent(const LpmNpivPort *port, GError **error)
{
    if (g_str_equal(port->kind, "NPIV VPORT")) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "host%u is a virtual port itself, wanted a physical one: "
                    "name the host that it was made on", port->host);
        return FALSE;
    }
    if (!port->makes_vports || port->max_vports == 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "host%u makes no virtual ports (%s, max_npiv_vports %u): "
                    "use an adapter with NPIV, or turn NPIV on in its "
                    "driver or firmware", port->host,
                    port->makes_vports ? "it has vport_create" :
                                         "it has no vport_create",
                    port->max_vports);
        return FALSE;
    }
    if (!g_str_equal(port->state, "Online")) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                    "host%u has port_state '%s', wanted 'Online': look at "
                    "its cable and the switch port", port->host,
                    port->state);
        return FALSE;
    }
    if (!g_str_has_prefix(port->kind, "NPort (fabric")) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                    "host%u has port_type '%s', wanted 'NPort (fabric ...)': "
                    "connect it to a switch that does NPIV", port->host,
                    port->kind);
        return FALSE;
    }
    if (port->vports_in_use >= port->max_vports) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "host%u has %u of %u virtual ports in use, wanted one "
                    "more: remove one, or use another adapter", port->host,
                    port->vports_in_use, port->max_vports);
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_npiv_is_ready(const LpmNpivPort *port,
                           const LpmNpivVport *vport)
{
    /*
     * Some drivers show the state of the cable in port_state; only the
     * vport's own tells whether the fabric took its name.
     */
    return g_str_equal(port->state, "Online") &&
           (vport == NULL || g_str_equal(vport->state, "Active") ||
            g_str_equal(vport->state, ""));
}

/* Commands */

#define STATUS_GOOD         0x00
#define STATUS_CHECK        0x02
#define STATUS_CONFLICT     0x18
#define HOST_CONFLICT       0x11    /* DID_NEXUS_FAILURE, up to Linux 5.18 */
#define DRIVER_SENSE        0x08    /* sense is there: no fault */

LpmNpivOutcome lpm_npiv_judge(const LpmNpivReply *reply, guint32 bytes,
                              guint32 sense_room)
{
    LpmNpivOutcome outcome = { 0 };

    if (reply->residual > 0) {
        outcome.residual = MIN((guint32)reply->residual, bytes);
    }
    outcome.status = reply->status & 0xff;
    if (reply->host_status == HOST_CONFLICT &&
        outcome.status == STATUS_GOOD) {
        outcome.status = STATUS_CONFLICT;
    }
    /*
     * A status that the target gave stands, whatever the layers between
     * made of it; without one, a fault of theirs means that nobody knows
     * what became of the command.
     */
    if (outcome.status == STATUS_GOOD &&
        (reply->host_status != 0 ||
         (reply->driver_status & 0x0f & ~DRIVER_SENSE) != 0)) {
        outcome.failed = TRUE;
        outcome.residual = bytes;
        return outcome;
    }
    if (outcome.status == STATUS_CHECK) {
        outcome.sense_bytes = (guint8)MIN(MIN(reply->sense_bytes, sense_room),
                                          G_MAXUINT8);
    }
    return outcome;
}

guint lpm_npiv_cdb_bytes(const guint8 cdb[16])
{
    static const guint8 lengths[] = { 6, 10, 10, 16, 16, 12, 16, 16 };

    return lengths[cdb[0] >> 5];
}

guint lpm_npiv_timeout_ms(const guint8 cdb[16])
{
    switch (cdb[0]) {
    case 0x00:      /* TEST UNIT READY */
    case 0x03:      /* REQUEST SENSE */
    case 0x12:      /* INQUIRY */
    case 0x1a:      /* MODE SENSE(6) */
    case 0x25:      /* READ CAPACITY(10) */
    case 0x28:      /* READ(10) */
    case 0x2a:      /* WRITE(10) */
    case 0x35:      /* SYNCHRONIZE CACHE(10) */
    case 0x5a:      /* MODE SENSE(10) */
    case 0x88:      /* READ(16) */
    case 0x8a:      /* WRITE(16) */
    case 0x9e:      /* READ CAPACITY(16) and others */
    case 0xa0:      /* REPORT LUNS */
    case 0xa8:      /* READ(12) */
    case 0xaa:      /* WRITE(12) */
        return 60 * 1000;
    default:        /* a format or a rewind may take hours */
        return 4 * 60 * 60 * 1000;
    }
}

#define INQUIRY             0x12
#define REPORT_LUNS         0xa0
#define NO_DEVICE           0x7f    /* qualifier 3, type 0x1f */

static void put_u32(guint8 *at, guint32 value)
{
    at[0] = (guint8)(value >> 24);
    at[1] = (guint8)(value >> 16);
    at[2] = (guint8)(value >> 8);
    at[3] = (guint8)value;
}

/* No LUN; or a field in the command that we do not know. */
static LpmNpivOutcome refuse(guint8 sense[18], guint8 asc, guint32 room)
{
    LpmNpivOutcome outcome = {
        .status = STATUS_CHECK, .residual = room, .sense_bytes = 18,
    };

    memset(sense, 0, 18);
    sense[0] = 0x70;
    sense[2] = 0x05;
    sense[7] = 10;
    sense[12] = asc;
    return outcome;
}

LpmNpivOutcome lpm_npiv_answer(const guint8 cdb[16], const guint *luns,
                               guint n, guint8 *data, guint32 room,
                               guint32 *ret_bytes, guint8 sense[18])
{
    LpmNpivOutcome outcome = { 0 };
    g_autoptr(GByteArray) answer = g_byte_array_new();
    guint32 allowed;

    *ret_bytes = 0;
    n = MIN(n, LPM_NPIV_LUNS_MAX);
    switch (cdb[0]) {
    case INQUIRY:
        allowed = (guint32)cdb[3] << 8 | cdb[4];
        g_byte_array_set_size(answer, 36);
        memset(answer->data, 0, 36);
        answer->data[0] = NO_DEVICE;
        if ((cdb[1] & 1) != 0) {
            answer->data[1] = cdb[2];
            g_byte_array_set_size(answer, 4);
            break;
        }
        answer->data[2] = 5;    /* SPC-3: it may be asked for its LUNs */
        answer->data[3] = 2;
        answer->data[4] = 31;
        memset(answer->data + 8, ' ', 28);
        break;
    case REPORT_LUNS:
        allowed = (guint32)cdb[6] << 24 | (guint32)cdb[7] << 16 |
                  (guint32)cdb[8] << 8 | cdb[9];
        /* 1: well-known ones only, of which we serve none; 0, 2: all */
        if (cdb[2] > 2) {
            return refuse(sense, 0x24, room);
        }
        n = cdb[2] == 1 ? 0 : n;
        g_byte_array_set_size(answer, 8 + 8 * n);
        memset(answer->data, 0, answer->len);
        put_u32(answer->data, 8 * n);
        for (guint i = 0; i < n; i++) {
            answer->data[8 + 8 * i] =
                (guint8)(luns[i] < 256 ? 0 : 0x40 | (luns[i] >> 8 & 0x3f));
            answer->data[9 + 8 * i] = (guint8)luns[i];
        }
        break;
    default:
        return refuse(sense, 0x25, room);
    }
    *ret_bytes = MIN(MIN(answer->len, allowed), room);
    if (*ret_bytes > 0) {
        memcpy(data, answer->data, *ret_bytes);
    }
    outcome.residual = room - *ret_bytes;
    return outcome;
}
