/*
 * Why a move over libvirt failed, out of libvirt's error text
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "handoff/virt-reason.h"

#define REASONS_MAX  256u

static const char refusal[] = "refused the guest:\n";

static LpmVirtReason *reason_new(LpmVirtWhy why, const char *text)
{
    LpmVirtReason *reason = g_new0(LpmVirtReason, 1);

    reason->why = why;
    reason->text = g_strstrip(g_utf8_make_valid(text, -1));
    return reason;
}

void lpm_virt_reason_free(LpmVirtReason *reason)
{
    if (reason == NULL) {
        return;
    }
    g_free(reason->text);
    lpm_answer_free(reason->answer);
    g_free(reason);
}

/* "... Child process (COMMAND) unexpected exit status N: STDERR" */
static LpmVirtReason *of_hook(const char *message)
{
    static const char begin[] = "Hook script execution failed: ";
    static const char status[] = " unexpected exit status ";
    static const char fatal[] = " unexpected fatal signal ";
    const char *hook = strstr(message, begin);
    const char *at;

    if (hook == NULL) {
        return NULL;
    }
    hook += strlen(begin);
    at = strstr(hook, status);
    if (at != NULL) {
        const char *digits = at + strlen(status);
        const char *text = digits;

        while (g_ascii_isdigit(*text)) {
            text++;
        }
        if (*text == ':' && text[1 + strspn(text + 1, " \n")] != '\0') {
            return reason_new(LPM_VIRT_WHY_HOOK, text + 1);
        }
        return reason_new(LPM_VIRT_WHY_HOOK,
                          "the destination's hook refused without a word");
    }
    at = strstr(hook, fatal);
    if (at != NULL) {
        g_autofree char *text = g_strdup_printf(
            "the destination's hook was killed by signal %.*s",
            (int)strspn(at + strlen(fatal), "0123456789"),
            at + strlen(fatal));

        return reason_new(LPM_VIRT_WHY_HOOK, text);
    }
    return reason_new(LPM_VIRT_WHY_HOOK, hook);
}

/* The last " (source: " of a line, since a title may have brackets, too. */
static char *last_of(char *line, const char *mark)
{
    return g_strrstr(line, mark);
}

/* A line of lpm_answer_text(): "ID: TITLE (source: X, destination: Y); Z". */
static gboolean add_line(LpmAnswer *answer, const char *text)
{
    g_autofree char *line = g_strdup(text);
    char *title = strstr(line, ": ");
    char *source = last_of(line, " (source: ");
    char *destination;
    char *remedy;
    char *end;

    if (title == NULL || source == NULL || title > source ||
        title == line || (gsize)(title - line) > LPM_ANSWER_ID_MAX) {
        return FALSE;
    }
    for (const char *p = line; p < title; p++) {
        if (!g_ascii_isalnum(*p) && strchr(".-", *p) == NULL) {
            return FALSE;
        }
    }
    destination = strstr(source, ", destination: ");
    if (destination == NULL) {
        return FALSE;
    }
    remedy = strstr(destination, "); ");
    end = remedy != NULL ? remedy : line + strlen(line) - 1;
    if (*end != ')') {
        return FALSE;
    }
    *title = *source = *destination = *end = '\0';
    lpm_answer_add(answer, LPM_SEVERITY_ERROR, line,
                   title + strlen(": "), source + strlen(" (source: "),
                   destination + strlen(", destination: "),
                   remedy != NULL ? remedy + strlen("); ") : "");
    return TRUE;
}

/* All lines or none: half of the reasons would look like all of them. */
static LpmAnswer *read_answer(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(LpmAnswer) answer = lpm_answer_new();

    for (guint i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0' && (i >= REASONS_MAX ||
                                    !add_line(answer, lines[i]))) {
            return NULL;
        }
    }
    return answer->reasons->len > 0 ? g_steal_pointer(&answer) : NULL;
}

/*
 * "job 'migration out' failed: TEXT", and in libvirt 11 behind it
 * ". Message from the destination host: ... job 'migration in' failed: TEXT".
 */
static LpmVirtReason *of_qemu(const char *message)
{
    static const char failed[] = "' failed: ";
    static const char other[] = ". Message from the destination host: ";
    const char *out = strstr(message, "job 'migration out' failed: ");
    const char *text;
    const char *second;
    const char *mark;
    g_autofree char *own = NULL;
    g_autofree char *both = NULL;
    LpmVirtReason *reason;

    if (out == NULL) {
        return NULL;
    }
    text = strstr(out, failed) + strlen(failed);
    second = strstr(text, other);
    own = second != NULL ? g_strndup(text, (gsize)(second - text)) :
                           g_strdup(text);
    mark = strstr(own, refusal);
    if (mark != NULL) {
        reason = reason_new(LPM_VIRT_WHY_REFUSED, mark + strlen(refusal));
        reason->answer = read_answer(reason->text);
        return reason;
    }
    if (second != NULL) {
        const char *in = strstr(second, failed);

        second = in != NULL ? in + strlen(failed) : second + strlen(other);
        mark = strstr(second, refusal);
        if (mark != NULL) {
            reason = reason_new(LPM_VIRT_WHY_REFUSED,
                                mark + strlen(refusal));
            reason->answer = read_answer(reason->text);
            return reason;
        }
        both = g_strdup_printf("%s\nthe destination says: %s", own, second);
    }
    return reason_new(LPM_VIRT_WHY_QEMU, both != NULL ? both : own);
}

LpmVirtReason *lpm_virt_reason(const char *message)
{
    LpmVirtReason *reason = of_hook(message);

    if (reason == NULL) {
        reason = of_qemu(message);
    }
    return reason != NULL ? reason : reason_new(LPM_VIRT_WHY_LIBVIRT,
                                                message);
}
