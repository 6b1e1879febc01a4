/*
 * The answer to an offer: accepted, or refused with every reason
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "../bytes/record.h"
#include "../error/lpm-error.h"
#include "answer.h"

#define WHAT "answer"

/* FORMATS.md 2 */
static const LpmRecordKind kind = {
    .what = WHAT,
    .magic = 0x4c504d41u,   /* "LPMA" */
    .version = LPM_ANSWER_VERSION,
    .min_version = LPM_ANSWER_MIN_VERSION,
    .max_bytes = LPM_ANSWER_MAX_BYTES,
};

#define TAG_ACCEPTED        0x0001u
#define TAG_PREFERRED_MODE  0x0002u
#define TAG_REASONS         0x0003u
#define MODE_MAX         255u
/* Severity and five empty strings but for an id of one byte. */
#define REASON_MIN_BYTES 12u
/* Kept free for the reason that says that others were left out. */
#define TRUNCATED_BYTES  512u

static void reason_free(gpointer data)
{
    LpmReason *reason = data;

    g_free(reason->id);
    g_free(reason->title);
    g_free(reason->source);
    g_free(reason->destination);
    g_free(reason->remedy);
    g_free(reason);
}

LpmAnswer *lpm_answer_new(void)
{
    LpmAnswer *answer = g_new0(LpmAnswer, 1);

    answer->version = LPM_ANSWER_VERSION;
    answer->accepted = TRUE;
    answer->reasons = g_ptr_array_new_with_free_func(reason_free);
    return answer;
}

void lpm_answer_free(LpmAnswer *answer)
{
    if (!answer) {
        return;
    }
    g_ptr_array_unref(answer->reasons);
    g_free(answer->preferred_mode);
    g_free(answer);
}

/* Plain text of at most @max bytes; doing it twice changes nothing. */
static char *tidy(const char *s, gsize max)
{
    g_autofree char *valid = g_utf8_make_valid(s, -1);
    GString *text = g_string_new(NULL);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            c = '?';
        }
        if (text->len + g_unichar_to_utf8(c, NULL) > max) {
            /* Make room for the mark, at a character's boundary. */
            while (text->len > max - 3) {
                const char *last = g_utf8_find_prev_char(
                    text->str, text->str + text->len);

                g_string_truncate(text, last ? last - text->str : 0);
            }
            g_string_append(text, "...");
            break;
        }
        g_string_append_unichar(text, c);
    }
    return g_string_free(text, FALSE);
}

void lpm_answer_add(LpmAnswer *answer, LpmSeverity severity, const char *id,
                    const char *title, const char *source,
                    const char *destination, const char *remedy)
{
    LpmReason *reason = g_new0(LpmReason, 1);

    reason->id = tidy(id, LPM_ANSWER_ID_MAX);
    reason->severity = severity;
    reason->title = tidy(title, LPM_ANSWER_TEXT_MAX);
    reason->source = tidy(source, LPM_ANSWER_TEXT_MAX);
    reason->destination = tidy(destination, LPM_ANSWER_TEXT_MAX);
    reason->remedy = tidy(remedy, LPM_ANSWER_TEXT_MAX);
    g_ptr_array_add(answer->reasons, reason);
    if (severity == LPM_SEVERITY_ERROR) {
        answer->accepted = FALSE;
    }
}

static gboolean has_error(const LpmAnswer *answer)
{
    for (guint i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);

        if (reason->severity == LPM_SEVERITY_ERROR) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_verdict(const LpmAnswer *answer, GError **error)
{
    if (answer->accepted == has_error(answer)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    WHAT " is %s", answer->accepted ?
                    "accepted with an error among its reasons" :
                    "refused without a reason");
        return FALSE;
    }
    return TRUE;
}

static gsize reason_bytes(const LpmReason *reason)
{
    return 1 + 5 * 2 + strlen(reason->id) + strlen(reason->title) +
           strlen(reason->source) + strlen(reason->destination) +
           strlen(reason->remedy);
}

static void write_reason(LpmWriter *writer, const LpmReason *reason)
{
    lpm_writer_u8(writer, reason->severity);
    lpm_writer_string16(writer, reason->id);
    lpm_writer_string16(writer, reason->title);
    lpm_writer_string16(writer, reason->source);
    lpm_writer_string16(writer, reason->destination);
    lpm_writer_string16(writer, reason->remedy);
}

/*
 * The first reasons as they fit, and one that speaks for the others.  It has
 * the highest severity among those: a refusal stays a refusal.
 */
static void write_reasons(LpmWriter *writer, const GPtrArray *reasons)
{
    gsize room = LPM_ANSWER_MAX_BYTES - lpm_writer_len(writer) - 4;
    guint fit;

    for (fit = 0; fit < reasons->len; fit++) {
        gsize bytes = reason_bytes(g_ptr_array_index(reasons, fit));
        gboolean last = fit + 1 == reasons->len;

        if (fit + (last ? 0 : 1) >= LPM_ANSWER_REASONS_MAX ||
            bytes + (last ? 0 : TRUNCATED_BYTES) > room) {
            break;
        }
        room -= bytes;
    }
    lpm_writer_u32(writer, fit + (fit < reasons->len ? 1 : 0));
    for (guint i = 0; i < fit; i++) {
        write_reason(writer, g_ptr_array_index(reasons, i));
    }
    if (fit < reasons->len) {
        g_autofree char *count = g_strdup_printf("%u more", reasons->len - fit);
        LpmReason rest = {
            .id = (char *)"answer.truncated",
            .severity = LPM_SEVERITY_WARNING,
            .title = (char *)"findings that did not fit into the answer",
            .source = count,
            .destination = count,
            .remedy = (char *)"run lpm validate, which lists all of them",
        };

        for (guint i = fit; i < reasons->len; i++) {
            const LpmReason *reason = g_ptr_array_index(reasons, i);

            rest.severity = MAX(rest.severity, reason->severity);
        }
        write_reason(writer, &rest);
    }
}

/* Nothing of an answer may be passed over. */
static gsize field_begin(LpmWriter *writer, guint16 tag)
{
    return lpm_record_field_begin(writer, tag, LPM_RECORD_CRITICAL);
}

GBytes *lpm_answer_encode(const LpmAnswer *answer, GError **error)
{
    g_auto(LpmWriter) writer = { 0 };
    g_autofree char *mode = NULL;
    gsize at;

    if (!check_verdict(answer, error)) {
        return NULL;
    }
    lpm_record_begin(&writer, &kind);

    at = field_begin(&writer, TAG_ACCEPTED);
    lpm_writer_u8(&writer, answer->accepted ? 1 : 0);
    lpm_record_field_end(&writer, at);

    if (answer->preferred_mode && *answer->preferred_mode) {
        mode = tidy(answer->preferred_mode, MODE_MAX);
        at = field_begin(&writer, TAG_PREFERRED_MODE);
        lpm_writer_bytes(&writer, mode, strlen(mode));
        lpm_record_field_end(&writer, at);
    }

    if (answer->reasons->len > 0) {
        at = field_begin(&writer, TAG_REASONS);
        write_reasons(&writer, answer->reasons);
        lpm_record_field_end(&writer, at);
    }
    return lpm_record_finish(&writer, error);
}

static gboolean read_bool(LpmReader *in, gboolean *ret, GError **error)
{
    guint8 flag;

    if (!lpm_reader_u8(in, &flag, error)) {
        return FALSE;
    }
    if (flag > 1) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    WHAT " has a flag of %u, wanted 0 or 1", flag);
        return FALSE;
    }
    *ret = flag;
    return TRUE;
}

static gboolean read_reasons(LpmReader *in, GPtrArray *reasons, GError **error)
{
    guint32 count;

    if (!lpm_reader_count(in, LPM_ANSWER_REASONS_MAX, REASON_MIN_BYTES,
                          &count, error)) {
        return FALSE;
    }
    for (guint32 i = 0; i < count; i++) {
        LpmReason *reason = g_new0(LpmReason, 1);
        gboolean is_error;

        g_ptr_array_add(reasons, reason);
        if (!read_bool(in, &is_error, error) ||
            !lpm_reader_string16(in, LPM_ANSWER_ID_MAX, &reason->id, error) ||
            !lpm_reader_text16(in, LPM_ANSWER_TEXT_MAX, &reason->title,
                               error) ||
            !lpm_reader_text16(in, LPM_ANSWER_TEXT_MAX, &reason->source,
                               error) ||
            !lpm_reader_text16(in, LPM_ANSWER_TEXT_MAX, &reason->destination,
                               error) ||
            !lpm_reader_text16(in, LPM_ANSWER_TEXT_MAX, &reason->remedy,
                               error)) {
            return FALSE;
        }
        reason->severity = is_error ? LPM_SEVERITY_ERROR :
                                      LPM_SEVERITY_WARNING;
    }
    return TRUE;
}

LpmAnswer *lpm_answer_decode(const guint8 *buf, gsize len, GError **error)
{
    g_autoptr(LpmAnswer) answer = lpm_answer_new();
    gboolean has_verdict = FALSE;
    LpmRecordReader in;

    if (!lpm_record_open(&in, buf, len, &kind, error)) {
        return NULL;
    }
    answer->version = in.version;
    while (!lpm_record_at_end(&in)) {
        gboolean ok = TRUE;
        LpmReader value;
        guint16 tag, flags;

        if (!lpm_record_next(&in, &tag, &flags, &value, error)) {
            return NULL;
        }
        switch (tag) {
        case TAG_ACCEPTED:
            ok = read_bool(&value, &answer->accepted, error);
            has_verdict = ok;
            break;
        case TAG_PREFERRED_MODE:
            ok = lpm_reader_string(&value, value.left, MODE_MAX,
                                   &answer->preferred_mode, error);
            break;
        case TAG_REASONS:
            ok = read_reasons(&value, answer->reasons, error);
            break;
        default:
            if (!lpm_record_skip(&in, tag, flags, error)) {
                return NULL;
            }
            continue;
        }
        if (!ok || !lpm_reader_end(&value, error)) {
            return NULL;
        }
    }
    if (!has_verdict) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    WHAT " neither accepts nor refuses");
        return NULL;
    }
    if (!check_verdict(answer, error)) {
        return NULL;
    }
    return g_steal_pointer(&answer);
}

char *lpm_answer_text(const LpmAnswer *answer)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);

        if (!answer->accepted && reason->severity != LPM_SEVERITY_ERROR) {
            continue;
        }
        g_string_append_printf(text, "%s%s: %s (source: %s, destination: %s)",
                               text->len ? "\n" : "", reason->id,
                               reason->title, reason->source,
                               reason->destination);
        if (*reason->remedy) {
            g_string_append_printf(text, "; %s", reason->remedy);
        }
    }
    if (text->len == 0) {
        g_string_append(text, answer->accepted ? "accepted" : "refused");
    }
    return g_string_free(text, FALSE);
}
