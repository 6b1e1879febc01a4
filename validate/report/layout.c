/*
 * Text laid out for a terminal's width, or in whole lines for a pipe
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/layout.h"

guint lpm_columns(FILE *out)
{
    struct winsize size;

    if (!isatty(fileno(out))) {
        return 0;
    }
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return MAX(size.ws_col, LPM_COLUMNS_MIN);
}

static guint char_width(gunichar c)
{
    if (g_unichar_iszerowidth(c)) {
        return 0;
    }
    return g_unichar_iswide(c) ? 2 : 1;
}

guint lpm_text_width(const char *text)
{
    guint width = 0;

    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        width += char_width(g_utf8_get_char(text));
    }
    return width;
}

static void new_line(GString *out, guint indent)
{
    g_string_append_printf(out, "\n%*s", (int)indent, "");
}

/* A word of a line's width or less, or as much of it as fits. */
static const char *put_piece(GString *out, const char *word, gsize bytes,
                             guint room)
{
    const char *at = word;
    guint width = 0;

    while (at < word + bytes) {
        width += char_width(g_utf8_get_char(at));
        if (width > room) {
            break;
        }
        at = g_utf8_next_char(at);
    }
    g_string_append_len(out, word, at - word);
    return at;
}

void lpm_wrap(GString *out, const char *text, guint indent, guint columns)
{
    /* the last column is left free: some terminals wrap there */
    guint room = columns > indent + 10 ? columns - indent - 1 : 10;
    guint used = 0;

    if (columns == 0) {
        g_string_append_printf(out, "%s\n", text);
        return;
    }
    while (*text != '\0') {
        gsize bytes = strcspn(text, " ");
        g_autofree char *word = g_strndup(text, bytes);
        guint width = lpm_text_width(word);
        const char *at = word;

        if (used > 0 && used + 1 + width > room) {
            new_line(out, indent);
            used = 0;
        } else if (used > 0) {
            g_string_append_c(out, ' ');
            used++;
        }
        while (width > room) {
            at = put_piece(out, at, strlen(at), room);
            width = lpm_text_width(at);
            new_line(out, indent);
        }
        g_string_append(out, at);
        used += width;
        text += bytes;
        text += strspn(text, " ");
    }
    g_string_append_c(out, '\n');
}

void lpm_print_rows(FILE *out, const GPtrArray *rows, guint columns)
{
    g_autofree guint *widths = g_new0(guint, columns);

    for (guint i = 0; i < rows->len; i++) {
        char *const *row = g_ptr_array_index(rows, i);

        for (guint k = 0; k < columns; k++) {
            widths[k] = MAX(widths[k], lpm_text_width(row[k]));
        }
    }
    for (guint i = 0; i < rows->len; i++) {
        char *const *row = g_ptr_array_index(rows, i);

        for (guint k = 0; k < columns; k++) {
            /* nothing to the right of the last one */
            fprintf(out, "%s%*s", row[k], k + 1 == columns ? 0 :
                    (int)(widths[k] - lpm_text_width(row[k])) + 2, "");
        }
        fputc('\n', out);
    }
}
