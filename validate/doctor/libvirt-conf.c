/*
 * libvirt's own configuration files: qemu.conf, libvirtd.conf
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "doctor/libvirt-conf.h"
#include "error/lpm-error.h"

typedef struct Reader {
    const char *at;
    const char *end;
} Reader;

static gboolean more(const Reader *r)
{
    return r->at < r->end;
}

static void skip_blanks(Reader *r)
{
    while (more(r) && (*r->at == ' ' || *r->at == '\t')) {
        r->at++;
    }
}

/* Blanks, line ends and comments. */
static void skip_space(Reader *r)
{
    while (more(r)) {
        if (*r->at == '#') {
            while (more(r) && *r->at != '\n') {
                r->at++;
            }
        } else if (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' ||
                   *r->at == '\r') {
            r->at++;
        } else {
            return;
        }
    }
}

static gboolean is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

static gboolean starts(const Reader *r, const char *text)
{
    gsize len = strlen(text);

    return (gsize)(r->end - r->at) >= len && memcmp(r->at, text, len) == 0;
}

static gboolean read_string(Reader *r, GString *value)
{
    char quote = *r->at;
    const char *close = quote == '"' && starts(r, "\"\"\"") ? "\"\"\"" :
                        quote == '"' ? "\"" : "'";

    r->at += strlen(close);
    while (more(r) && !starts(r, close)) {
        if (*r->at == '\n' && strlen(close) == 1) {
            return FALSE;
        }
        g_string_append_c(value, *r->at++);
    }
    if (!more(r)) {
        return FALSE;
    }
    r->at += strlen(close);
    return TRUE;
}

static gboolean read_scalar(Reader *r, GString *value)
{
    gsize before = value->len;

    if (!more(r)) {
        return FALSE;
    }
    if (*r->at == '"' || *r->at == '\'') {
        return read_string(r, value);
    }
    if (*r->at == '-') {
        g_string_append_c(value, *r->at++);
    }
    while (more(r) && g_ascii_isdigit(*r->at)) {
        g_string_append_c(value, *r->at++);
    }
    return value->len > before && g_ascii_isdigit(value->str[value->len - 1]);
}

static gboolean read_list(Reader *r, GString *value)
{
    gboolean any = FALSE;

    r->at++;
    for (;;) {
        skip_space(r);
        if (!more(r)) {
            return FALSE;
        }
        if (*r->at == ']') {
            r->at++;
            return TRUE;
        }
        if (any) {
            g_string_append_c(value, ',');
        }
        if (!read_scalar(r, value)) {
            return FALSE;
        }
        any = TRUE;
        skip_space(r);
        if (more(r) && *r->at == ',') {
            r->at++;
        } else if (!more(r) || *r->at != ']') {
            return FALSE;
        }
    }
}

static gboolean read_entry(Reader *r, GHashTable *entries)
{
    g_autoptr(GString) name = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);

    while (more(r) && is_name(*r->at)) {
        g_string_append_c(name, *r->at++);
    }
    skip_blanks(r);
    if (name->len == 0 || !more(r) || *r->at != '=') {
        return FALSE;
    }
    r->at++;
    skip_blanks(r);
    if (!more(r) || !(*r->at == '[' ? read_list(r, value) :
                                      read_scalar(r, value))) {
        return FALSE;
    }
    skip_blanks(r);
    if (more(r) && *r->at != '\n' && *r->at != '\r' && *r->at != '#') {
        return FALSE;
    }
    /* a value with a NUL would be cut: it is none */
    if (memchr(value->str, '\0', value->len) != NULL ||
        !g_utf8_validate(value->str, (gssize)value->len, NULL)) {
        return FALSE;
    }
    g_hash_table_replace(entries, g_strdup(name->str), g_strdup(value->str));
    return TRUE;
}

GHashTable *lpm_libvirt_conf_parse(const char *text, gsize len,
                                   GError **error)
{
    g_autoptr(GHashTable) entries =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Reader r = { .at = text, .end = text + len };

    for (;;) {
        const char *begin;

        skip_space(&r);
        if (!more(&r)) {
            return g_steal_pointer(&entries);
        }
        begin = r.at;
        if (!read_entry(&r, entries)) {
            guint line = 1;

            for (const char *c = text; c < begin; c++) {
                line += *c == '\n';
            }
            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        "line %u is none of 'key = value'", line);
            return NULL;
        }
    }
}
