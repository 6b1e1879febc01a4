/*
 * Answers: any bytes as a record from the peer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What decodes must encode, decode again and encode to the same bytes, and
 * its text must be plain but for the ends of its lines.
 */
#include <stdint.h>
#include <string.h>

#include "bytes/bytes.h"
#include "compat/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static void check_text(const LpmAnswer *answer)
{
    g_autofree char *text = lpm_answer_text(answer);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        must(lpm_string_is_plain(lines[i], strlen(lines[i])));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmAnswer) answer = lpm_answer_decode(data, size, &error);
    g_autoptr(LpmAnswer) again = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) bytes_again = NULL;

    must((answer == NULL) == (error != NULL));
    if (!answer) {
        return 0;
    }
    check_text(answer);
    bytes = lpm_answer_encode(answer, NULL);
    must(bytes != NULL);
    again = lpm_answer_decode(g_bytes_get_data(bytes, NULL),
                              g_bytes_get_size(bytes), NULL);
    must(again != NULL && again->accepted == answer->accepted);
    bytes_again = lpm_answer_encode(again, NULL);
    must(bytes_again != NULL && g_bytes_equal(bytes, bytes_again));
    return 0;
}
