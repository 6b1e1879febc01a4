/*
 * The value of one of QEMU's options: "driver,key=value,..." or JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "domain/opts.h"

#define KEYS_MAX  64u

typedef struct Pair {
    char *key;
    char *value;            /* NULL: a key alone: "off" or "on" by its name */
} Pair;

struct LpmOpts {
    char *first;
    GPtrArray *pairs;       /* Pair * */
};

static void pair_free(gpointer data)
{
    Pair *pair = data;

    g_free(pair->key);
    g_free(pair->value);
    g_free(pair);
}

static void add(LpmOpts *opts, const char *key, const char *value)
{
    Pair *pair = g_new0(Pair, 1);

    pair->key = g_strdup(key);
    pair->value = g_strdup(value);
    g_ptr_array_add(opts->pairs, pair);
}

LpmOpts *lpm_opts_new(const char *first)
{
    LpmOpts *opts = g_new0(LpmOpts, 1);

    opts->first = g_strdup(first);
    opts->pairs = g_ptr_array_new_with_free_func(pair_free);
    return opts;
}

void lpm_opts_free(LpmOpts *opts)
{
    if (opts != NULL) {
        g_free(opts->first);
        g_ptr_array_unref(opts->pairs);
        g_free(opts);
    }
}

/* Up to the next comma that stands alone; @at moves behind it. */
static char *next_part(const char **at)
{
    GString *part = g_string_new(NULL);
    const char *p = *at;

    while (*p != '\0' && (*p != ',' || p[1] == ',')) {
        g_string_append_c(part, *p);
        p += *p == ',' ? 2 : 1;
    }
    *at = *p == ',' ? p + 1 : p;
    return g_string_free(part, FALSE);
}

/* QEMU's keys are words; what has others is not for us to write again. */
static gboolean is_key(const char *key)
{
    return key[0] != '\0' &&
           strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "0123456789-_.") == strlen(key);
}

LpmOpts *lpm_opts_parse(const char *text)
{
    g_autoptr(LpmOpts) opts = lpm_opts_new("");
    const char *at = text;

    if (text[0] == '{') {
        return NULL;
    }
    for (guint i = 0; *at != '\0'; i++) {
        g_autofree char *part = next_part(&at);
        char *mark = strchr(part, '=');

        if (mark != NULL) {
            *mark = '\0';
        }
        if (i > KEYS_MAX || ((mark != NULL || i > 0) && !is_key(part))) {
            return NULL;
        }
        if (mark != NULL) {
            add(opts, part, mark + 1);
        } else if (i == 0) {
            g_free(opts->first);
            opts->first = g_strdup(part);
        } else {
            add(opts, part, NULL);
        }
    }
    return g_steal_pointer(&opts);
}

const char *lpm_opts_first(const LpmOpts *opts)
{
    return opts->first;
}

const char *lpm_opts_get(const LpmOpts *opts, const char *key)
{
    for (guint i = opts->pairs->len; i-- > 0;) {
        const Pair *pair = g_ptr_array_index(opts->pairs, i);

        if (g_str_equal(pair->key, key)) {
            return pair->value;
        }
    }
    return NULL;
}

void lpm_opts_set(LpmOpts *opts, const char *key, const char *value)
{
    gboolean set = value == NULL;

    for (guint i = 0; i < opts->pairs->len;) {
        Pair *pair = g_ptr_array_index(opts->pairs, i);

        if (!g_str_equal(pair->key, key)) {
            i++;
        } else if (set) {
            g_ptr_array_remove_index(opts->pairs, i);
        } else {
            g_free(pair->value);
            pair->value = g_strdup(value);
            set = TRUE;
            i++;
        }
    }
    if (!set) {
        add(opts, key, value);
    }
}

const char *lpm_opts_other(const LpmOpts *opts, const char *const *known)
{
    for (guint i = 0; i < opts->pairs->len; i++) {
        const Pair *pair = g_ptr_array_index(opts->pairs, i);

        if (!g_strv_contains(known, pair->key)) {
            return pair->key;
        }
    }
    return NULL;
}

static void append(GString *text, const char *value)
{
    for (; *value != '\0'; value++) {
        g_string_append_c(text, *value);
        if (*value == ',') {
            g_string_append_c(text, ',');
        }
    }
}

char *lpm_opts_text(const LpmOpts *opts)
{
    GString *text = g_string_new(NULL);

    append(text, opts->first);
    for (guint i = 0; i < opts->pairs->len; i++) {
        const Pair *pair = g_ptr_array_index(opts->pairs, i);

        g_string_append(text, text->len > 0 ? "," : "");
        g_string_append(text, pair->key);
        if (pair->value != NULL) {
            g_string_append_c(text, '=');
            append(text, pair->value);
        }
    }
    return g_string_free(text, FALSE);
}
