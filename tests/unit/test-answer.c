/*
 * Answers on the wire and for people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "compat/answer.h"
#include "error/lpm-error.h"
#include "vectors.h"

static LpmAnswer *decode(GBytes *bytes, GError **error)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    return lpm_answer_decode(data, len, error);
}

static LpmReason *reason_at(const LpmAnswer *answer, guint i)
{
    g_assert_cmpuint(i, <, answer->reasons->len);
    return g_ptr_array_index(answer->reasons, i);
}

/* What tests/data/wire/answer-v1.bin holds. */
static LpmAnswer *refusal(void)
{
    LpmAnswer *answer = lpm_answer_new();

    lpm_answer_add(answer, LPM_SEVERITY_ERROR, "cpu-compat.current-supported",
                   "the destination lacks the current processor mode",
                   "power10", "power9, power8",
                   "restart the guest with -machine max-cpu-compat=power9");
    lpm_answer_add(answer, LPM_SEVERITY_WARNING, "machine.qemu-version",
                   "the destination's QEMU is older than the source's",
                   "10.0.13", "10.0.2", "update QEMU \xc3\xa4");
    answer->preferred_mode = g_strdup("power9");
    return answer;
}

static void assert_answers(const LpmAnswer *got, const LpmAnswer *wanted)
{
    g_assert_cmpint(got->accepted, ==, wanted->accepted);
    g_assert_cmpstr(got->preferred_mode, ==, wanted->preferred_mode);
    g_assert_cmpuint(got->reasons->len, ==, wanted->reasons->len);
    for (guint i = 0; i < got->reasons->len; i++) {
        LpmReason *a = reason_at(got, i);
        LpmReason *b = reason_at(wanted, i);

        g_assert_cmpstr(a->id, ==, b->id);
        g_assert_cmpint(a->severity, ==, b->severity);
        g_assert_cmpstr(a->title, ==, b->title);
        g_assert_cmpstr(a->source, ==, b->source);
        g_assert_cmpstr(a->destination, ==, b->destination);
        g_assert_cmpstr(a->remedy, ==, b->remedy);
    }
}

static void assert_round_trip(const LpmAnswer *answer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = lpm_answer_encode(answer, &error);
    g_autoptr(LpmAnswer) back = NULL;

    g_assert_no_error(error);
    back = decode(bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(back->version, ==, LPM_ANSWER_VERSION);
    assert_answers(back, answer);
}

static void test_round_trip(void)
{
    g_autoptr(LpmAnswer) accepted = lpm_answer_new();
    g_autoptr(LpmAnswer) refused = refusal();
    g_autoptr(LpmAnswer) empty_texts = lpm_answer_new();

    g_assert_true(accepted->accepted);
    assert_round_trip(accepted);
    g_assert_false(refused->accepted);
    assert_round_trip(refused);
    lpm_answer_add(empty_texts, LPM_SEVERITY_WARNING, "x", "", "", "", "");
    g_assert_true(empty_texts->accepted);
    assert_round_trip(empty_texts);
}

/* Recorded once, never again. */
static void test_golden(void)
{
    g_autoptr(GBytes) golden = vector_bytes("wire/answer-v1.bin");
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmAnswer) back = decode(golden, &error);
    g_autoptr(LpmAnswer) wanted = refusal();
    g_autoptr(GBytes) ours = lpm_answer_encode(wanted, NULL);

    g_assert_no_error(error);
    assert_answers(back, wanted);
    g_assert_true(g_bytes_equal(ours, golden));
}

static void test_truncated_everywhere(void)
{
    g_autoptr(LpmAnswer) answer = refusal();
    g_autoptr(GBytes) bytes = lpm_answer_encode(answer, NULL);
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    for (gsize cut = 0; cut < len; cut++) {
        g_autofree guint8 *part = g_memdup2(data, cut);
        g_autoptr(GError) error = NULL;

        g_assert_null(lpm_answer_decode(part, cut, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
    }
}

static void test_bit_flips(void)
{
    g_autoptr(LpmAnswer) answer = refusal();
    g_autoptr(GBytes) bytes = lpm_answer_encode(answer, NULL);
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    for (gsize bit = 0; bit < len * 8; bit++) {
        g_autofree guint8 *copy = g_memdup2(data, len);
        g_autoptr(LpmAnswer) back = NULL;
        g_autoptr(GError) error = NULL;

        copy[bit / 8] ^= 1 << bit % 8;
        back = lpm_answer_decode(copy, len, &error);
        g_assert_true((back == NULL) == (error != NULL));
        if (back) {
            /* No single bit turns a refusal into an acceptance. */
            g_assert_false(back->accepted);
        }
    }
}

typedef struct Record {
    const char *name;
    const char *bytes;
    gsize len;
    int code;               /* -1: decodes */
} Record;

#define HEADER(total) "LPMA\0\1\0\1\0\0\0" total
#define ACCEPT "\0\1\0\1\0\0\0\1\1"
#define REFUSE "\0\1\0\1\0\0\0\1\0"
#define RECORD(name, bytes, code) { name, bytes, sizeof(bytes) - 1, code }

static const Record records[] = {
    RECORD("accepted", HEADER("\25") ACCEPT, -1),
    RECORD("no-verdict", HEADER("\14"), LPM_ERROR_MALFORMED),
    RECORD("refused-without-reason", HEADER("\25") REFUSE,
           LPM_ERROR_MALFORMED),
    RECORD("refused", HEADER("\55") REFUSE "\0\3\0\1\0\0\0\20\0\0\0\1"
           "\1\0\1i\0\0\0\0\0\0\0\0", -1),
    RECORD("refused-with-warning", HEADER("\55") REFUSE
           "\0\3\0\1\0\0\0\20\0\0\0\1\0\0\1i\0\0\0\0\0\0\0\0",
           LPM_ERROR_MALFORMED),
    RECORD("accepted-with-error", HEADER("\55") ACCEPT
           "\0\3\0\1\0\0\0\20\0\0\0\1\1\0\1i\0\0\0\0\0\0\0\0",
           LPM_ERROR_MALFORMED),
    RECORD("accepted-with-warning", HEADER("\55") ACCEPT
           "\0\3\0\1\0\0\0\20\0\0\0\1\0\0\1i\0\0\0\0\0\0\0\0", -1),
    RECORD("severity-2", HEADER("\55") ACCEPT
           "\0\3\0\1\0\0\0\20\0\0\0\1\2\0\1i\0\0\0\0\0\0\0\0",
           LPM_ERROR_MALFORMED),
    RECORD("reason-without-id", HEADER("\55") ACCEPT
           "\0\3\0\1\0\0\0\20\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1i",
           LPM_ERROR_MALFORMED),
    RECORD("too-many-reasons", HEADER("\41") ACCEPT
           "\0\3\0\1\0\0\0\4\0\0\1\1", LPM_ERROR_LIMIT),
    RECORD("reasons-cut", HEADER("\41") ACCEPT
           "\0\3\0\1\0\0\0\4\0\0\1\0", LPM_ERROR_TRUNCATED),
    RECORD("verdict-2", HEADER("\25") "\0\1\0\1\0\0\0\1\2",
           LPM_ERROR_MALFORMED),
    RECORD("verdict-long", HEADER("\26") "\0\1\0\1\0\0\0\2\1\0",
           LPM_ERROR_MALFORMED),
    RECORD("verdict-twice", HEADER("\36") ACCEPT ACCEPT, LPM_ERROR_MALFORMED),
    RECORD("mode", HEADER("\36") ACCEPT "\0\2\0\1\0\0\0\1m", -1),
    RECORD("mode-empty", HEADER("\35") ACCEPT "\0\2\0\1\0\0\0\0",
           LPM_ERROR_MALFORMED),
    RECORD("unknown-ignorable", HEADER("\36") ACCEPT "\0\7\0\0\0\0\0\1m", -1),
    RECORD("unknown-critical", HEADER("\36") ACCEPT "\0\7\0\1\0\0\0\1m",
           LPM_ERROR_UNSUPPORTED),
    RECORD("offer", "LPMO\0\1\0\1\0\0\0\14", LPM_ERROR_MALFORMED),
    RECORD("for-newer", "LPMA\0\2\0\2\0\0\0\25" ACCEPT,
           LPM_ERROR_UNSUPPORTED),
    RECORD("newer-for-us", "LPMA\0\2\0\1\0\0\0\25" ACCEPT, -1),
    RECORD("min-above-version", "LPMA\0\1\0\2\0\0\0\25" ACCEPT,
           LPM_ERROR_MALFORMED),
    RECORD("length-over-limit", "LPMA\0\1\0\1\0\0\360\1" ACCEPT,
           LPM_ERROR_LIMIT),
    RECORD("trailing-byte", HEADER("\25") ACCEPT "x", LPM_ERROR_MALFORMED),
};

static void test_record(gconstpointer data)
{
    const Record *record = data;
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *copy = g_memdup2(record->bytes, record->len);
    g_autoptr(LpmAnswer) answer = lpm_answer_decode(copy, record->len, &error);

    if (record->code < 0) {
        g_assert_no_error(error);
        g_assert_nonnull(answer);
    } else {
        g_assert_null(answer);
        g_assert_error(error, LPM_ERROR, record->code);
    }
}

/* A refusal of any length goes through, and says that it was cut. */
static void test_too_many(void)
{
    static const guint counts[] = { 255, 256, 257, 5000 };

    for (guint n = 0; n < G_N_ELEMENTS(counts); n++) {
        g_autoptr(LpmAnswer) answer = lpm_answer_new();
        g_autoptr(LpmAnswer) back = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(GError) error = NULL;

        for (guint i = 0; i < counts[n]; i++) {
            lpm_answer_add(answer, LPM_SEVERITY_ERROR, "a.b", "t", "s", "d",
                           "r");
        }
        bytes = lpm_answer_encode(answer, &error);
        g_assert_no_error(error);
        back = decode(bytes, &error);
        g_assert_no_error(error);
        if (counts[n] <= 256) {
            assert_answers(back, answer);
        } else {
            g_autofree char *left = g_strdup_printf("%u more",
                                                    counts[n] - 255);

            g_assert_cmpuint(back->reasons->len, ==, 256);
            g_assert_cmpstr(reason_at(back, 254)->id, ==, "a.b");
            g_assert_cmpstr(reason_at(back, 255)->id, ==, "answer.truncated");
            g_assert_cmpstr(reason_at(back, 255)->source, ==, left);
        }
    }
}

static void test_too_long(void)
{
    g_autofree char *text = g_strnfill(LPM_ANSWER_TEXT_MAX, 'x');

    for (guint n = 1; n < 40; n++) {
        g_autoptr(LpmAnswer) answer = lpm_answer_new();
        g_autoptr(LpmAnswer) back = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(GError) error = NULL;

        for (guint i = 0; i < n; i++) {
            lpm_answer_add(answer, LPM_SEVERITY_ERROR, "a.b", text, "s", "d",
                           "r");
        }
        bytes = lpm_answer_encode(answer, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(g_bytes_get_size(bytes), <=, LPM_ANSWER_MAX_BYTES);
        back = decode(bytes, &error);
        g_assert_no_error(error);
        g_assert_false(back->accepted);
        if (back->reasons->len < n) {
            g_assert_cmpstr(reason_at(back, back->reasons->len - 1)->id, ==,
                            "answer.truncated");
            /* Nearly full: what was left out would not have fitted. */
            g_assert_cmpuint(g_bytes_get_size(bytes), >,
                             LPM_ANSWER_MAX_BYTES - LPM_ANSWER_TEXT_MAX - 600);
        }
    }
}

/* The error stands last and is left out: the answer is still a refusal. */
static void test_truncation_keeps_verdict(void)
{
    g_autoptr(LpmAnswer) answer = lpm_answer_new();
    g_autoptr(LpmAnswer) back = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 300; i++) {
        lpm_answer_add(answer, LPM_SEVERITY_WARNING, "a.w", "t", "", "", "");
    }
    lpm_answer_add(answer, LPM_SEVERITY_ERROR, "a.e", "t", "", "", "");
    bytes = lpm_answer_encode(answer, &error);
    g_assert_no_error(error);
    back = decode(bytes, &error);
    g_assert_no_error(error);
    g_assert_false(back->accepted);
    g_assert_cmpint(reason_at(back, 255)->severity, ==, LPM_SEVERITY_ERROR);
}

static void test_contradiction(void)
{
    g_autoptr(LpmAnswer) no_reason = lpm_answer_new();
    g_autoptr(LpmAnswer) forced = refusal();
    g_autoptr(GError) first = NULL;
    g_autoptr(GError) second = NULL;

    no_reason->accepted = FALSE;
    g_assert_null(lpm_answer_encode(no_reason, &first));
    g_assert_error(first, LPM_ERROR, LPM_ERROR_MALFORMED);
    forced->accepted = TRUE;
    g_assert_null(lpm_answer_encode(forced, &second));
    g_assert_error(second, LPM_ERROR, LPM_ERROR_MALFORMED);
}

/* A peer's strings must not reach a terminal as they came. */
static void test_tidy(void)
{
    g_autoptr(LpmAnswer) answer = lpm_answer_new();
    g_autofree char *wide = NULL;
    GString *long_text = g_string_new(NULL);
    LpmReason *reason;

    for (guint i = 0; i < LPM_ANSWER_TEXT_MAX; i++) {
        g_string_append(long_text, "\xc3\xa4");
    }
    wide = g_string_free(long_text, FALSE);
    lpm_answer_add(answer, LPM_SEVERITY_WARNING, "x", "a\nb\x1b[2J", "\xff",
                   wide, "\xc2\x9b");
    reason = reason_at(answer, 0);
    g_assert_cmpstr(reason->title, ==, "a?b?[2J");
    g_assert_cmpstr(reason->source, ==, "\xef\xbf\xbd");
    g_assert_cmpuint(strlen(reason->destination), <=, LPM_ANSWER_TEXT_MAX);
    g_assert_true(g_utf8_validate(reason->destination, -1, NULL));
    g_assert_true(g_str_has_suffix(reason->destination, "\xc3\xa4..."));
    g_assert_cmpstr(reason->remedy, ==, "?");
    assert_round_trip(answer);
}

static void test_longest_text(void)
{
    g_autofree char *fits = g_strnfill(LPM_ANSWER_TEXT_MAX, 'x');
    g_autofree char *over = g_strnfill(LPM_ANSWER_TEXT_MAX + 1, 'x');
    g_autofree char *cut = g_strnfill(LPM_ANSWER_TEXT_MAX, 'x');
    g_autoptr(LpmAnswer) answer = lpm_answer_new();

    memcpy(cut + LPM_ANSWER_TEXT_MAX - 3, "...", 3);
    lpm_answer_add(answer, LPM_SEVERITY_WARNING, "x", fits, over, "", "");
    g_assert_cmpstr(reason_at(answer, 0)->title, ==, fits);
    g_assert_cmpstr(reason_at(answer, 0)->source, ==, cut);
    assert_round_trip(answer);
}

static void test_text(void)
{
    g_autoptr(LpmAnswer) accepted = lpm_answer_new();
    g_autoptr(LpmAnswer) warned = lpm_answer_new();
    g_autoptr(LpmAnswer) refused = refusal();
    g_autofree char *text = lpm_answer_text(accepted);
    g_autofree char *warning = NULL;
    g_autofree char *refusal_text = NULL;

    g_assert_cmpstr(text, ==, "accepted");
    lpm_answer_add(warned, LPM_SEVERITY_WARNING, "a.b", "odd", "1", "2",
                   "set it");
    lpm_answer_add(warned, LPM_SEVERITY_WARNING, "a.c", "odder", "3", "4", "");
    warning = lpm_answer_text(warned);
    g_assert_cmpstr(warning, ==,
                    "a.b: odd (source: 1, destination: 2); set it\n"
                    "a.c: odder (source: 3, destination: 4)");
    refusal_text = lpm_answer_text(refused);
    g_assert_cmpstr(refusal_text, ==,
                    "cpu-compat.current-supported: the destination lacks the"
                    " current processor mode (source: power10, destination:"
                    " power9, power8); restart the guest with -machine"
                    " max-cpu-compat=power9");
}

static void test_free_null(void)
{
    lpm_answer_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/compat/answer/round-trip", test_round_trip);
    g_test_add_func("/lpm/compat/answer/golden", test_golden);
    g_test_add_func("/lpm/compat/answer/truncated-everywhere",
                    test_truncated_everywhere);
    g_test_add_func("/lpm/compat/answer/bit-flips", test_bit_flips);
    for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/compat/answer/record/%s",
                                                records[i].name);

        g_test_add_data_func(path, &records[i], test_record);
    }
    g_test_add_func("/lpm/compat/answer/too-many", test_too_many);
    g_test_add_func("/lpm/compat/answer/too-long", test_too_long);
    g_test_add_func("/lpm/compat/answer/truncation-keeps-verdict",
                    test_truncation_keeps_verdict);
    g_test_add_func("/lpm/compat/answer/contradiction", test_contradiction);
    g_test_add_func("/lpm/compat/answer/tidy", test_tidy);
    g_test_add_func("/lpm/compat/answer/longest-text", test_longest_text);
    g_test_add_func("/lpm/compat/answer/text", test_text);
    g_test_add_func("/lpm/compat/answer/free-null", test_free_null);
    return g_test_run();
}
