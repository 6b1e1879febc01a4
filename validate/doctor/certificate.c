/*
 * How long a certificate is valid
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Source: RFC 5280, section 4.1; RFC 7468, section 5
 */
#include <string.h>

#include "doctor/certificate.h"

#define BEGIN  "-----BEGIN CERTIFICATE-----"
#define END    "-----END CERTIFICATE-----"

#define DER_INTEGER   0x02
#define DER_UTC_TIME  0x17
#define DER_TIME      0x18
#define DER_SEQUENCE  0x30
#define DER_VERSION   0xa0

typedef struct Der {
    const guint8 *at;
    gsize len;
} Der;

/* Takes one value off the front. */
static gboolean take(Der *from, guint8 *ret_tag, Der *ret_value)
{
    gsize len, head = 2;

    if (from->len < 2) {
        return FALSE;
    }
    len = from->at[1];
    if (len >= 0x80) {
        gsize n = len & 0x7f;

        if (n == 0 || n > 3 || from->len < 2 + n) {
            return FALSE;
        }
        len = 0;
        for (gsize i = 0; i < n; i++) {
            len = len << 8 | from->at[2 + i];
        }
        head += n;
    }
    if (len > from->len - head) {
        return FALSE;
    }
    *ret_tag = from->at[0];
    ret_value->at = from->at + head;
    ret_value->len = len;
    from->at += head + len;
    from->len -= head + len;
    return TRUE;
}

static gboolean take_tag(Der *from, guint8 wanted, Der *ret_value)
{
    guint8 tag;

    return take(from, &tag, ret_value) && tag == wanted;
}

/* "260101000000Z" or "20600101000000Z" */
static gboolean take_time(Der *from, gint64 *ret_time)
{
    Der value;
    guint8 tag;
    gsize digits;
    gint n[7] = { 0 };
    gint year;
    g_autoptr(GDateTime) time = NULL;

    if (!take(from, &tag, &value) ||
        (tag != DER_UTC_TIME && tag != DER_TIME)) {
        return FALSE;
    }
    digits = tag == DER_TIME ? 14 : 12;
    if (value.len != digits + 1 || value.at[digits] != 'Z') {
        return FALSE;
    }
    for (gsize i = 0; i < digits; i++) {
        if (!g_ascii_isdigit(value.at[i])) {
            return FALSE;
        }
        /* pairs, from the right: seconds, minutes, ... centuries */
        n[(digits - 1 - i) / 2] = n[(digits - 1 - i) / 2] * 10 +
                                  (value.at[i] - '0');
    }
    year = tag == DER_TIME ? n[6] * 100 + n[5] :
           n[5] + (n[5] >= 50 ? 1900 : 2000);
    time = g_date_time_new_utc(year, n[4], n[3], n[2], n[1], n[0]);
    if (time == NULL) {
        return FALSE;
    }
    *ret_time = g_date_time_to_unix(time);
    return TRUE;
}

static gboolean read_der(Der all, gint64 *ret_from, gint64 *ret_to)
{
    Der certificate, body, value, validity;
    guint8 tag;

    if (!take_tag(&all, DER_SEQUENCE, &certificate) ||
        !take_tag(&certificate, DER_SEQUENCE, &body) ||
        !take(&body, &tag, &value)) {
        return FALSE;
    }
    /* the version is left out of version 1 */
    if (tag == DER_VERSION && !take(&body, &tag, &value)) {
        return FALSE;
    }
    return tag == DER_INTEGER &&
           take_tag(&body, DER_SEQUENCE, &value) &&     /* algorithm */
           take_tag(&body, DER_SEQUENCE, &value) &&     /* issuer */
           take_tag(&body, DER_SEQUENCE, &validity) &&
           take_time(&validity, ret_from) && take_time(&validity, ret_to);
}

gboolean lpm_certificate_times(const char *text, gsize len, gint64 *ret_from,
                               gint64 *ret_to)
{
    const char *begin = memmem(text, len, BEGIN, strlen(BEGIN));
    const char *end = begin == NULL ? NULL :
        memmem(begin, len - (gsize)(begin - text), END, strlen(END));
    g_autofree char *base64 = NULL;
    g_autofree guchar *bytes = NULL;
    Der der;

    if (end == NULL) {
        return FALSE;
    }
    begin += strlen(BEGIN);
    base64 = g_strndup(begin, (gsize)(end - begin));
    bytes = g_base64_decode(base64, &der.len);
    der.at = bytes;
    return bytes != NULL && read_der(der, ret_from, ret_to);
}
