/*
 * The schema's table, versions and firmware levels
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/schema.h"

/* `what` of a field is a record for LIST and SUB, words for ENUM. */
#define WHAT_BOOL(what)     NULL, LPM_RECORD__MAX
#define WHAT_UINT(what)     NULL, LPM_RECORD__MAX
#define WHAT_DECIMAL(what)  NULL, LPM_RECORD__MAX
#define WHAT_STRING(what)   NULL, LPM_RECORD__MAX
#define WHAT_VERSION(what)  NULL, LPM_RECORD__MAX
#define WHAT_LEVEL(what)    NULL, LPM_RECORD__MAX
#define WHAT_STRINGS(what)  NULL, LPM_RECORD__MAX
#define WHAT_OFFER(what)    NULL, LPM_RECORD__MAX
#define WHAT_ENUM(what)     what, LPM_RECORD__MAX
#define WHAT_LIST(what)     NULL, LPM_RECORD_##what
#define WHAT_SUB(what)      NULL, LPM_RECORD_##what

static const LpmFieldInfo fields[] = {
#define RECORD(record, name, doc)
#define FIELD(record, field, name, type, what, doc) \
    { LPM_##record##_##field, LPM_RECORD_##record, name, LPM_TYPE_##type, \
      WHAT_##type(what), doc },
#include "facts/schema.def"
#undef RECORD
#undef FIELD
};
G_STATIC_ASSERT(G_N_ELEMENTS(fields) == LPM_FIELD__MAX);

static LpmRecordInfo records[] = {
#define RECORD(record, name, doc)  { name, doc, LPM_FIELD__MAX, 0 },
#define FIELD(record, field, name, type, what, doc)
#include "facts/schema.def"
#undef RECORD
#undef FIELD
};

static void count_fields(void)
{
    for (guint i = 0; i < LPM_FIELD__MAX; i++) {
        LpmRecordInfo *info = &records[fields[i].record];

        if (info->n_fields == 0) {
            info->first = (LpmField)i;
        }
        info->n_fields++;
    }
}

const LpmFieldInfo *lpm_field_info(LpmField field)
{
    return &fields[field];
}

const LpmRecordInfo *lpm_record_info(LpmRecord record)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        count_fields();
        g_once_init_leave(&once, 1);
    }
    return &records[record];
}

const char *lpm_type_name(LpmType type)
{
    static const char *const names[] = {
        [LPM_TYPE_BOOL] = "bool",
        [LPM_TYPE_UINT] = "uint",
        [LPM_TYPE_DECIMAL] = "decimal",
        [LPM_TYPE_STRING] = "string",
        [LPM_TYPE_ENUM] = "enum",
        [LPM_TYPE_VERSION] = "version",
        [LPM_TYPE_LEVEL] = "level",
        [LPM_TYPE_STRINGS] = "strings",
        [LPM_TYPE_LIST] = "list",
        [LPM_TYPE_SUB] = "record",
        [LPM_TYPE_OFFER] = "offer",
    };

    return names[type];
}

gboolean lpm_field_find(LpmRecord record, const char *name,
                        LpmField *ret_field)
{
    const LpmRecordInfo *info = lpm_record_info(record);

    for (guint i = 0; i < info->n_fields; i++) {
        if (g_str_equal(fields[info->first + i].name, name)) {
            *ret_field = (LpmField)(info->first + i);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean lpm_field_takes_word(LpmField field, const char *word)
{
    gsize len = strlen(word);

    /* Two words in a row are none. */
    if (strchr(word, ' ') != NULL) {
        return FALSE;
    }
    for (const char *at = fields[field].words; at != NULL;
         at = strchr(at, ' ') != NULL ? strchr(at, ' ') + 1 : NULL) {
        if (strncmp(at, word, len) == 0 &&
            (at[len] == ' ' || at[len] == '\0')) {
            return len > 0;
        }
    }
    return FALSE;
}

/* Numbers above this are no version's. */
#define NUMBER_MAX  99999u

static gboolean read_number(const char **at, guint *ret_number)
{
    guint number = 0;

    if (!g_ascii_isdigit(**at)) {
        return FALSE;
    }
    while (g_ascii_isdigit(**at)) {
        number = number * 10 + (guint)(*(*at)++ - '0');
        if (number > NUMBER_MAX) {
            return FALSE;
        }
    }
    *ret_number = number;
    return TRUE;
}

/* "7.4.0": at most @max numbers; the rest of @parts stays as it is. */
static gboolean read_numbers(const char **at, guint *parts, guint max)
{
    for (guint i = 0; i < max; i++) {
        if (!read_number(at, &parts[i])) {
            return FALSE;
        }
        if (**at != '.') {
            return TRUE;
        }
        (*at)++;
    }
    return FALSE;
}

static gboolean skip_word(const char **at, const char *word)
{
    gsize len = strlen(word);

    if (g_ascii_strncasecmp(*at, word, len) != 0) {
        return FALSE;
    }
    *at += len;
    while (**at == ' ') {
        (*at)++;
    }
    return TRUE;
}

static void skip_separators(const char **at)
{
    while (**at == ' ' || **at == ',' || **at == '-') {
        (*at)++;
    }
}

/* "V7R7.4.0", "Version 7 Release 7.4", or plain numbers. */
static gboolean read_base(const char **at, LpmVersion *version)
{
    if (!skip_word(at, "version") && !skip_word(at, "v")) {
        return read_numbers(at, version->parts,
                            G_N_ELEMENTS(version->parts));
    }
    if (!read_number(at, &version->parts[0])) {
        return FALSE;
    }
    if (**at == '.') {
        (*at)++;
    } else {
        skip_separators(at);
        if (!skip_word(at, "release") && !skip_word(at, "r")) {
            return FALSE;
        }
    }
    return read_numbers(at, version->parts + 1,
                        G_N_ELEMENTS(version->parts) - 1);
}

gboolean lpm_version_parse(const char *text, LpmVersion *ret_version)
{
    const char *at = text;

    memset(ret_version, 0, sizeof(*ret_version));
    while (*at == ' ') {
        at++;
    }
    if (!read_base(&at, ret_version)) {
        return FALSE;
    }
    for (skip_separators(&at); *at != '\0'; skip_separators(&at)) {
        if (skip_word(&at, "fix pack") || skip_word(&at, "fp") ||
            skip_word(&at, "tl")) {
            skip_separators(&at);
            if (!read_numbers(&at, ret_version->fix, 2)) {
                return FALSE;
            }
        } else if (skip_word(&at, "service pack") || skip_word(&at, "sp")) {
            skip_separators(&at);
            if (!read_number(&at, &ret_version->service)) {
                return FALSE;
            }
        } else {
            return FALSE;
        }
    }
    return TRUE;
}

static int compare_numbers(const guint *a, const guint *b, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

int lpm_version_compare(const LpmVersion *a, const LpmVersion *b)
{
    int order = compare_numbers(a->parts, b->parts, G_N_ELEMENTS(a->parts));

    if (order == 0) {
        order = compare_numbers(a->fix, b->fix, G_N_ELEMENTS(a->fix));
    }
    if (order == 0) {
        order = compare_numbers(&a->service, &b->service, 1);
    }
    return order;
}

gboolean lpm_level_parse(const char *text, gint64 *ret_level)
{
    const char *at = text;
    guint release;
    guint minor = 0;

    while (g_ascii_isalpha(*at) && at - text < 2) {
        at++;
    }
    if (!read_number(&at, &release)) {
        return FALSE;
    }
    if (*at == '.') {
        /* "7.6" and "7.6.0" are 760 */
        at++;
        if (release > 9 || !read_number(&at, &minor) || minor > 9) {
            return FALSE;
        }
        release = release * 100 + minor * 10;
        if (*at == '.') {
            at++;
            if (!read_number(&at, &minor) || minor > 9) {
                return FALSE;
            }
            release += minor;
        }
    } else if (*at == '_') {
        at++;
        if (!read_number(&at, &minor)) {
            return FALSE;
        }
    }
    if (*at == '+') {
        at++;
    }
    *ret_level = release;
    return *at == '\0' && release >= 100 && release <= 9999;
}
