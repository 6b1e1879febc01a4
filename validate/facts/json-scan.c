/*
 * A look at JSON before the parser: bounds, grammar, names that come twice
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/json-scan.h"

/* 18 digits always fit a gint64, which is what the parser keeps. */
#define DIGITS_MAX  18u

/* An array or object that is open. */
typedef struct Level {
    gsize begins;
    gboolean is_object;
    /* names so far, with where they stand; kept for the next object here */
    GHashTable *names;
} Level;

typedef struct Scan {
    const char *text;
    gsize len;
    gsize at;
    const char *what;
    const LpmJsonBounds *bounds;
    guint n_values;
    guint n_objects;
    guint depth;
    Level levels[LPM_JSON_DEPTH_MAX];
    GString *name;          /* the last one, decoded */
    GError **error;
} Scan;

/* What may come next. */
typedef enum Next {
    NEXT_VALUE,
    NEXT_ELEMENT_OR_END,    /* behind '[' */
    NEXT_NAME,
    NEXT_NAME_OR_END,       /* behind '{' */
    NEXT_COMMA_OR_END,      /* behind a value */
} Next;

static guint line_of(const Scan *scan, gsize at)
{
    guint line = 1;

    for (gsize i = 0; i < at; i++) {
        line += scan->text[i] == '\n';
    }
    return line;
}

/* In characters; what stands before @at is UTF-8 text. */
static guint column_of(const Scan *scan, gsize at)
{
    guint column = 1;

    for (gsize i = at; i > 0 && scan->text[i - 1] != '\n'; i--) {
        column += ((guchar)scan->text[i - 1] & 0xc0) != 0x80;
    }
    return column;
}

static gboolean fault(Scan *scan, gsize at, LpmErrorCode code,
                      const char *format, ...) G_GNUC_PRINTF(4, 5);

static gboolean fault(Scan *scan, gsize at, LpmErrorCode code,
                      const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(scan->error, LPM_ERROR, code, "%s:%u:%u: %s", scan->what,
                line_of(scan, at), column_of(scan, at), text);
    return FALSE;
}

static gboolean ends_early(Scan *scan)
{
    const Level *level;

    if (scan->depth == 0) {
        return fault(scan, scan->len, LPM_ERROR_TRUNCATED,
                     "nothing here, wanted JSON");
    }
    level = &scan->levels[scan->depth - 1];
    return fault(scan, scan->len, LPM_ERROR_TRUNCATED,
                 "the text ends inside the %s that begins in line %u",
                 level->is_object ? "object" : "array",
                 line_of(scan, level->begins));
}

/* A quoted character, as text for people. */
static char *quote(const Scan *scan, gsize at)
{
    gunichar c = g_utf8_get_char(scan->text + at);

    if (!g_unichar_isprint(c)) {
        return g_strdup_printf("U+%04X", c);
    }
    return g_strdup_printf("'%.*s'", (int)(g_utf8_next_char(
                               scan->text + at) - (scan->text + at)),
                           scan->text + at);
}

static gboolean unexpected(Scan *scan, const char *wanted)
{
    g_autofree char *got = NULL;

    if (scan->at >= scan->len) {
        return ends_early(scan);
    }
    got = quote(scan, scan->at);
    return fault(scan, scan->at, LPM_ERROR_MALFORMED, "%s, wanted %s", got,
                 wanted);
}

static char peek(const Scan *scan)
{
    return scan->at < scan->len ? scan->text[scan->at] : '\0';
}

static void skip_space(Scan *scan)
{
    while (scan->at < scan->len && strchr(" \t\r\n",
                                          scan->text[scan->at]) != NULL) {
        scan->at++;
    }
}

static gboolean count_value(Scan *scan)
{
    scan->n_values++;
    if (scan->bounds->values == 0 || scan->n_values <= scan->bounds->values) {
        return TRUE;
    }
    return fault(scan, scan->at, LPM_ERROR_LIMIT, "more than %u values",
                 scan->bounds->values);
}

/* Four hexadecimal digits at the place; -1: none. */
static int hex4(const Scan *scan, gsize at)
{
    int value = 0;

    for (gsize i = at; i < at + 4; i++) {
        int digit = i < scan->len ? g_ascii_xdigit_value(scan->text[i]) : -1;

        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Behind "\u"; a pair of surrogates is one character. */
static gboolean scan_unicode(Scan *scan)
{
    gsize begins = scan->at - 2;
    int c = hex4(scan, scan->at);
    int low;

    if (c < 0) {
        return fault(scan, begins, LPM_ERROR_MALFORMED,
                     "\\u without four hexadecimal digits");
    }
    scan->at += 4;
    if (c == 0) {
        return fault(scan, begins, LPM_ERROR_MALFORMED,
                     "a NUL in a string");
    }
    if (c < 0xd800 || c > 0xdfff) {
        g_string_append_unichar(scan->name, (gunichar)c);
        return TRUE;
    }
    low = scan->at + 1 < scan->len && scan->text[scan->at] == '\\' &&
          scan->text[scan->at + 1] == 'u' ? hex4(scan, scan->at + 2) : -1;
    if (c > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return fault(scan, begins, LPM_ERROR_MALFORMED,
                     "half of a surrogate pair");
    }
    scan->at += 6;
    g_string_append_unichar(scan->name, (gunichar)(
        0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)));
    return TRUE;
}

static gboolean scan_escape(Scan *scan)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char c;

    scan->at++;
    c = peek(scan);
    if (c == 'u') {
        scan->at++;
        return scan_unicode(scan);
    }
    found = c != '\0' ? strchr(names, c) : NULL;
    if (found == NULL) {
        return unexpected(scan, "one of \" \\ / b f n r t u behind \\");
    }
    g_string_append_c(scan->name, values[found - names]);
    scan->at++;
    return TRUE;
}

/* A string; its value is in scan->name afterwards. */
static gboolean scan_string(Scan *scan)
{
    gsize begins = scan->at++;

    g_string_truncate(scan->name, 0);
    while (scan->at < scan->len) {
        gsize plain = scan->at;

        while (plain < scan->len && (guchar)scan->text[plain] >= 0x20 &&
               scan->text[plain] != '"' && scan->text[plain] != '\\') {
            plain++;
        }
        g_string_append_len(scan->name, scan->text + scan->at,
                            (gssize)(plain - scan->at));
        scan->at = plain;
        if (plain == scan->len) {
            break;
        }
        if (scan->text[plain] == '"') {
            scan->at++;
            return TRUE;
        }
        if (scan->text[plain] != '\\') {
            return fault(scan, plain, LPM_ERROR_MALFORMED,
                         "the line ends, or there is a control character, "
                         "inside the string that begins in line %u column "
                         "%u", line_of(scan, begins),
                         column_of(scan, begins));
        }
        if (!scan_escape(scan)) {
            return FALSE;
        }
    }
    return fault(scan, scan->len, LPM_ERROR_TRUNCATED,
                 "the text ends inside the string that begins in line %u "
                 "column %u", line_of(scan, begins),
                 column_of(scan, begins));
}

static gsize scan_digits(Scan *scan)
{
    gsize begins = scan->at;

    while (g_ascii_isdigit(peek(scan))) {
        scan->at++;
    }
    return scan->at - begins;
}

static gboolean scan_number(Scan *scan)
{
    gsize begins = scan->at;
    gboolean whole = TRUE;
    gsize digits;

    if (peek(scan) == '-') {
        scan->at++;
    }
    digits = scan->at;
    if (scan_digits(scan) == 0) {
        return unexpected(scan, "a digit");
    }
    if (scan->text[digits] == '0' && scan->at - digits > 1) {
        return fault(scan, begins, LPM_ERROR_MALFORMED,
                     "a number that begins with 0");
    }
    digits = scan->at - digits;
    if (peek(scan) == '.') {
        whole = FALSE;
        scan->at++;
        if (scan_digits(scan) == 0) {
            return unexpected(scan, "a digit");
        }
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        whole = FALSE;
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') {
            scan->at++;
        }
        if (scan_digits(scan) == 0) {
            return unexpected(scan, "a digit");
        }
    }
    if (whole && digits > DIGITS_MAX) {
        return fault(scan, begins, LPM_ERROR_LIMIT,
                     "a number of more than %u digits", DIGITS_MAX);
    }
    return TRUE;
}

static gboolean scan_word(Scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize len = strlen(words[i]);

        if (scan->len - scan->at >= len &&
            memcmp(scan->text + scan->at, words[i], len) == 0) {
            scan->at += len;
            return TRUE;
        }
    }
    return unexpected(scan, "a value: a string in \", a number, true, "
                      "false, null, [ or {");
}

static gboolean open_level(Scan *scan, gboolean is_object, Next *ret_next)
{
    Level *level = &scan->levels[scan->depth];

    if (scan->depth == LPM_JSON_DEPTH_MAX) {
        return fault(scan, scan->at, LPM_ERROR_LIMIT,
                     "nests deeper than %u levels", LPM_JSON_DEPTH_MAX);
    }
    scan->n_objects++;
    if (scan->bounds->objects != 0 &&
        scan->n_objects > scan->bounds->objects) {
        return fault(scan, scan->at, LPM_ERROR_LIMIT,
                     "more than %u objects and arrays",
                     scan->bounds->objects);
    }
    level->begins = scan->at++;
    level->is_object = is_object;
    if (is_object && level->names == NULL) {
        level->names = g_hash_table_new_full(g_str_hash, g_str_equal,
                                             g_free, NULL);
    } else if (is_object) {
        g_hash_table_remove_all(level->names);
    }
    scan->depth++;
    *ret_next = is_object ? NEXT_NAME_OR_END : NEXT_ELEMENT_OR_END;
    return TRUE;
}

static gboolean scan_value(Scan *scan, Next *ret_next)
{
    char c = peek(scan);

    if (!count_value(scan)) {
        return FALSE;
    }
    if (c == '{' || c == '[') {
        return open_level(scan, c == '{', ret_next);
    }
    *ret_next = NEXT_COMMA_OR_END;
    if (c == '"') {
        return scan_string(scan);
    }
    return c == '-' || g_ascii_isdigit(c) ? scan_number(scan) :
                                            scan_word(scan);
}

static gboolean scan_name(Scan *scan, Next *ret_next)
{
    Level *level = &scan->levels[scan->depth - 1];
    gsize begins = scan->at;
    gpointer before;

    if (peek(scan) != '"') {
        return unexpected(scan, *ret_next == NEXT_NAME ?
                          "a name in \" behind the comma" :
                          "a name in \", or }");
    }
    if (!scan_string(scan)) {
        return FALSE;
    }
    if (g_hash_table_lookup_extended(level->names, scan->name->str, NULL,
                                     &before)) {
        return fault(scan, begins, LPM_ERROR_MALFORMED,
                     "\"%.80s\" comes twice in this object, first in line "
                     "%u", scan->name->str,
                     line_of(scan, GPOINTER_TO_SIZE(before)));
    }
    g_hash_table_insert(level->names, g_strdup(scan->name->str),
                        GSIZE_TO_POINTER(begins));
    skip_space(scan);
    if (peek(scan) != ':') {
        return unexpected(scan, ": behind the name");
    }
    scan->at++;
    *ret_next = NEXT_VALUE;
    return TRUE;
}

static gboolean scan_behind(Scan *scan, Next *ret_next)
{
    gboolean is_object = scan->levels[scan->depth - 1].is_object;
    char c = peek(scan);

    if (c == ',') {
        scan->at++;
        *ret_next = is_object ? NEXT_NAME : NEXT_VALUE;
        return TRUE;
    }
    if (c == (is_object ? '}' : ']')) {
        scan->at++;
        scan->depth--;
        *ret_next = NEXT_COMMA_OR_END;
        return TRUE;
    }
    return unexpected(scan, is_object ? "a comma or }" : "a comma or ]");
}

static gboolean scan_next(Scan *scan, Next *next)
{
    char c = peek(scan);

    switch (*next) {
    case NEXT_ELEMENT_OR_END:
        if (c == ']') {
            return scan_behind(scan, next);
        }
        return scan_value(scan, next);
    case NEXT_VALUE:
        return scan_value(scan, next);
    case NEXT_NAME_OR_END:
        if (c == '}') {
            return scan_behind(scan, next);
        }
        return scan_name(scan, next);
    case NEXT_NAME:
        return scan_name(scan, next);
    case NEXT_COMMA_OR_END:
        return scan_behind(scan, next);
    }
    g_assert_not_reached();
}

static gboolean scan_document(Scan *scan)
{
    Next next = NEXT_VALUE;

    do {
        skip_space(scan);
        if (!scan_next(scan, &next)) {
            return FALSE;
        }
    } while (scan->depth > 0 || next != NEXT_COMMA_OR_END);
    skip_space(scan);
    return scan->at == scan->len || unexpected(scan, "the end of the text");
}

static gboolean is_text(Scan *scan)
{
    const char *end;

    if (scan->len > G_MAXSSIZE ||
        g_utf8_validate_len(scan->text, scan->len, &end)) {
        return scan->len <= G_MAXSSIZE;
    }
    return fault(scan, (gsize)(end - scan->text), LPM_ERROR_MALFORMED,
                 "%s, wanted UTF-8 text", *end == '\0' ? "a NUL byte" :
                 "a byte that is no UTF-8");
}

gboolean lpm_json_scan(const char *text, gsize len, const char *what,
                       const LpmJsonBounds *bounds, GError **error)
{
    Scan scan = {
        .text = text, .len = len, .what = what, .bounds = bounds,
        .name = g_string_new(NULL), .error = error,
    };
    gboolean ok = is_text(&scan) && scan_document(&scan);

    for (guint i = 0; i < LPM_JSON_DEPTH_MAX; i++) {
        g_clear_pointer(&scan.levels[i].names, g_hash_table_unref);
    }
    g_string_free(scan.name, TRUE);
    return ok;
}
