/*
 * Rules about files in AppArmor's profiles
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Source: apparmor.d(5), "Globbing" and "Access Modes"
 */
#include <string.h>

#include "doctor/apparmor.h"

#define PATTERN_MAX  1024u

typedef struct Rule {
    GRegex *pattern;
    char *access;
    gboolean denies;
} Rule;

static void rule_free(gpointer data)
{
    Rule *rule = data;

    g_regex_unref(rule->pattern);
    g_free(rule->access);
    g_free(rule);
}

GPtrArray *lpm_apparmor_rules_new(void)
{
    return g_ptr_array_new_with_free_func(rule_free);
}

/* (nullable): a glob as a regular expression */
static GRegex *compile(const char *glob)
{
    g_autoptr(GString) text = g_string_new("^");
    guint braces = 0;

    for (const char *c = glob; *c != '\0'; c++) {
        if (c[0] == '@' && c[1] == '{') {
            /* a variable: its value stands in files that are not read */
            const char *end = strchr(c, '}');

            if (end == NULL) {
                return NULL;
            }
            g_string_append(text, "[^/]+");
            c = end;
        } else if (c[0] == '*' && c[1] == '*') {
            g_string_append(text, ".*");
            c++;
        } else if (*c == '*') {
            g_string_append(text, "[^/]*");
        } else if (*c == '?') {
            g_string_append(text, "[^/]");
        } else if (*c == '{') {
            g_string_append(text, "(?:");
            braces++;
        } else if (*c == '}' && braces > 0) {
            g_string_append_c(text, ')');
            braces--;
        } else if (*c == ',' && braces > 0) {
            g_string_append_c(text, '|');
        } else if (*c == '[' && strchr(c, ']') != NULL) {
            const char *end = strchr(c, ']');

            g_string_append_len(text, c, end - c + 1);
            c = end;
        } else if (*c == '\\' && c[1] != '\0') {
            c++;
            g_string_append_printf(text, "\\x{%02x}", (guchar)*c);
        } else {
            g_autofree char *one = g_regex_escape_string(c, 1);

            g_string_append(text, one);
        }
    }
    g_string_append(text, "$");
    return g_regex_new(text->str, G_REGEX_DOLLAR_ENDONLY | G_REGEX_RAW |
                       G_REGEX_DOTALL, 0, NULL);
}

/* Takes a word off the front, perhaps in quotes; (transfer full). */
static char *take_word(const char **at)
{
    const char *begin;
    char *word;

    *at += strspn(*at, " \t");
    if (**at == '"') {
        begin = *at + 1;
        *at = begin + strcspn(begin, "\"");
        word = g_strndup(begin, (gsize)(*at - begin));
        *at += **at == '"';
        return word;
    }
    begin = *at;
    *at += strcspn(*at, " \t");
    return g_strndup(begin, (gsize)(*at - begin));
}

static void parse_rule(const char *line, GPtrArray *rules)
{
    static const char *const before[] = {
        "audit", "owner", "allow", "file", NULL,
    };
    gboolean denies = FALSE;
    g_autofree char *word = take_word(&line);
    g_autofree char *access = NULL;
    GRegex *pattern;
    Rule *rule;

    while (g_strv_contains(before, word) || g_str_equal(word, "deny")) {
        denies = denies || g_str_equal(word, "deny");
        g_free(word);
        word = take_word(&line);
    }
    if ((word[0] != '/' && word[0] != '@' &&
         !g_str_has_prefix(word, "{")) || strlen(word) > PATTERN_MAX) {
        return;
    }
    access = take_word(&line);
    if (access[0] == '\0' ||
        access[strspn(access, "rwaxmlkipPcCuU,")] != '\0') {
        return;
    }
    pattern = compile(word);
    if (pattern == NULL) {
        return;
    }
    rule = g_new0(Rule, 1);
    rule->pattern = pattern;
    rule->access = g_steal_pointer(&access);
    rule->denies = denies;
    g_ptr_array_add(rules, rule);
}

/* "#include <x>", "include if exists <x>"; (transfer full) (nullable). */
static char *parse_include(const char *line)
{
    const char *at = line + (line[0] == '#');
    const char *begin;
    gsize len;

    if (!g_str_has_prefix(at, "include")) {
        return NULL;
    }
    begin = at + strcspn(at, "<\"");
    if (*begin == '\0') {
        return NULL;
    }
    begin++;
    len = strcspn(begin, ">\"");
    return begin[len] == '\0' || len == 0 ? NULL : g_strndup(begin, len);
}

GPtrArray *lpm_apparmor_parse(const char *text, gsize len, GPtrArray *rules)
{
    GPtrArray *includes = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *copy = g_strndup(text, len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    gint child = 0;         /* depth of profiles within the profile */
    gint depth = 0;

    for (guint i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        char *include = parse_include(line);
        gsize end = strlen(line);
        gboolean opens = end > 0 && line[end - 1] == '{';

        if (include != NULL) {
            g_ptr_array_add(includes, include);
        } else if (line[0] == '#' || line[0] == '\0') {
            continue;
        } else if (opens) {
            depth++;
            child = child == 0 && depth > 1 ? depth : child;
        } else if (line[0] == '}') {
            child = depth == child ? 0 : child;
            depth -= depth > 0;
        } else if (child == 0) {
            parse_rule(line, rules);
        }
    }
    return includes;
}

gboolean lpm_apparmor_allows(const GPtrArray *rules, const char *path,
                             const char *access)
{
    for (; *access != '\0'; access++) {
        gboolean allowed = FALSE;

        for (guint i = 0; i < rules->len; i++) {
            const Rule *rule = g_ptr_array_index(rules, i);

            if (strchr(rule->access, *access) == NULL ||
                !g_regex_match(rule->pattern, path, 0, NULL)) {
                continue;
            }
            if (rule->denies) {
                return FALSE;
            }
            allowed = TRUE;
        }
        if (!allowed) {
            return FALSE;
        }
    }
    return TRUE;
}
