/*
 * The schema's table, versions and firmware levels
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/schema.h"

typedef struct VersionRow {
    const char *name;
    const char *text;
    gboolean good;
    guint parts[6];
    guint fix[2];
    guint service;
} VersionRow;

static const VersionRow versions[] = {
    { "dotted", "7.7.4.0", TRUE, { 7, 7, 4 }, { 0 }, 0 },
    { "release", "V7R7.4.0", TRUE, { 7, 7, 4 }, { 0 }, 0 },
    { "release-of-two", "V7R7.1", TRUE, { 7, 7, 1 }, { 0 }, 0 },
    { "release-apart", "V7 R7.4.0", TRUE, { 7, 7, 4 }, { 0 }, 0 },
    { "words", "Version 7 Release 7.6.0.0", TRUE, { 7, 7, 6 }, { 0 }, 0 },
    { "words-comma", "Version 7, Release 7.4.0, Service Pack 1", TRUE,
      { 7, 7, 4 }, { 0 }, 1 },
    { "lower-case", "v7r7.8.0 sp1", TRUE, { 7, 7, 8 }, { 0 }, 1 },
    { "v-dotted", "V2.4.2", TRUE, { 2, 4, 2 }, { 0 }, 0 },
    { "service-pack", "7.7.4.0 SP1", TRUE, { 7, 7, 4 }, { 0 }, 1 },
    { "fix-pack", "2.2.0.11 FP24 SP1", TRUE, { 2, 2, 0, 11 }, { 24 }, 1 },
    { "fix-pack-words", "2.2.0.11, Fix Pack 24, Service Pack 1", TRUE,
      { 2, 2, 0, 11 }, { 24 }, 1 },
    /* as ioslevel prints it */
    { "fix-pack-dashes", "2.2.0.11-FP-24 SP-01", TRUE, { 2, 2, 0, 11 },
      { 24 }, 1 },
    { "fix-pack-parts", "2.1.2 FP22.1 SP1", TRUE, { 2, 1, 2 }, { 22, 1 },
      1 },
    { "technology-level", "7.1 TL2", TRUE, { 7, 1 }, { 2 }, 0 },
    { "one-number", "11", TRUE, { 11 }, { 0 }, 0 },
    { "six-numbers", "1.2.3.4.5.6", TRUE, { 1, 2, 3, 4, 5, 6 }, { 0 }, 0 },
    { "large-number", "99999", TRUE, { 99999 }, { 0 }, 0 },
    { "leading-zeros", "2.2.01.003", TRUE, { 2, 2, 1, 3 }, { 0 }, 0 },
    { "spaces", "  7.1   SP2  ", TRUE, { 7, 1 }, { 0 }, 2 },
    { "empty", "", FALSE, { 0 }, { 0 }, 0 },
    { "negative", "-7.1", FALSE, { 0 }, { 0 }, 0 },
    { "word", "latest", FALSE, { 0 }, { 0 }, 0 },
    { "v-alone", "V", FALSE, { 0 }, { 0 }, 0 },
    { "no-release", "V7", FALSE, { 0 }, { 0 }, 0 },
    { "release-alone", "V7R", FALSE, { 0 }, { 0 }, 0 },
    { "dot-at-the-end", "7.1.", FALSE, { 0 }, { 0 }, 0 },
    { "two-dots", "7..1", FALSE, { 0 }, { 0 }, 0 },
    { "seven-numbers", "1.2.3.4.5.6.7", FALSE, { 0 }, { 0 }, 0 },
    { "seven-with-release", "V1R2.3.4.5.6.7", FALSE, { 0 }, { 0 }, 0 },
    { "too-large", "100000", FALSE, { 0 }, { 0 }, 0 },
    { "would-wrap", "4294967297", FALSE, { 0 }, { 0 }, 0 },
    { "fix-pack-alone", "2.1 FP", FALSE, { 0 }, { 0 }, 0 },
    { "fix-pack-of-three", "2.1 FP1.2.3", FALSE, { 0 }, { 0 }, 0 },
    { "service-pack-alone", "2.1 SP", FALSE, { 0 }, { 0 }, 0 },
    { "more-text", "7.1 beta", FALSE, { 0 }, { 0 }, 0 },
    { "glued", "7.1x", FALSE, { 0 }, { 0 }, 0 },
    { "model", "8233-E8B", FALSE, { 0 }, { 0 }, 0 },
};

static void test_version(gconstpointer data)
{
    const VersionRow *row = data;
    LpmVersion version;

    g_assert_cmpint(lpm_version_parse(row->text, &version), ==, row->good);
    if (row->good) {
        g_assert_cmpmem(version.parts, sizeof(version.parts), row->parts,
                        sizeof(row->parts));
        g_assert_cmpmem(version.fix, sizeof(version.fix), row->fix,
                        sizeof(row->fix));
        g_assert_cmpuint(version.service, ==, row->service);
    }
}

/* Each is older than the next. */
static const char *const oldest_first[] = {
    "1.5",
    "2.1",
    "2.1.2 FP21 SP9",
    "2.1.2 FP22",
    "2.1.2 FP22 SP1",
    "2.1.2 FP22.1",
    "2.1.2 FP22.1 SP1",
    "2.1.3",
    "2.2.0.10 FP24 SP9",
    "2.2.0.11 FP23",
    "2.2.0.11 FP24 SP1",
    "2.2.0.12",
    "2.2.1.3 FP25 SP1",
    "2.2.2.0",
    "2.2.2.2",
    "2.10",
    "V7R3.5.0",
    "7.7.1.0",
    "7.7.4.0",
    "V7R7.4.0 SP1",
    "Version 7 Release 7.4.0 SP2",
    "7.7.10",
    "V8R1.0",
};

static void test_order(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(oldest_first); i++) {
        for (guint k = 0; k < G_N_ELEMENTS(oldest_first); k++) {
            LpmVersion a;
            LpmVersion b;
            int order;

            g_assert_true(lpm_version_parse(oldest_first[i], &a));
            g_assert_true(lpm_version_parse(oldest_first[k], &b));
            order = lpm_version_compare(&a, &b);
            g_test_message("%s, %s", oldest_first[i], oldest_first[k]);
            g_assert_cmpint((order > 0) - (order < 0), ==,
                            (i > k) - (i < k));
        }
    }
}

/* Two spellings of one version. */
static const char *const equal[][2] = {
    { "V7R7.4.0", "7.7.4" },
    { "V7R7.1", "7.7.1.0" },
    { "Version 7 Release 7.4.0, Service Pack 1", "7.7.4.0 SP1" },
    { "2.2.0.11, Fix Pack 24, Service Pack 1", "2.2.0.11 FP24 SP1" },
    { "7.1 TL2", "7.1.0 TL 2" },
};

static void test_equal(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(equal); i++) {
        LpmVersion a;
        LpmVersion b;

        g_assert_true(lpm_version_parse(equal[i][0], &a));
        g_assert_true(lpm_version_parse(equal[i][1], &b));
        g_assert_cmpint(lpm_version_compare(&a, &b), ==, 0);
    }
}

typedef struct LevelRow {
    const char *name;
    const char *text;
    gint64 level;       /* 0: it is none */
} LevelRow;

static const LevelRow levels[] = {
    { "plain", "760", 760 },
    { "with-fix", "760_034", 760 },
    { "with-letters", "AM760_034", 760 },
    { "one-letter", "M760", 760 },
    { "letters-alone", "EM350", 350 },
    { "dotted", "7.6", 760 },
    { "dotted-zero", "7.6.0", 760 },
    { "dotted-three", "7.6.3", 763 },
    { "or-later", "340_039+", 340 },
    { "plus", "350+", 350 },
    { "least", "100", 100 },
    { "power10", "1060", 1060 },
    { "most", "9999", 9999 },
    { "empty", "", 0 },
    { "letters-only", "AM", 0 },
    { "three-letters", "FWM760", 0 },
    { "single-number", "7", 0 },
    { "two-numbers", "76", 0 },
    { "too-large", "10000", 0 },
    { "dotted-too-large", "10.1", 0 },
    { "minor-too-large", "7.60", 0 },
    { "three-too-large", "7.6.30", 0 },
    { "dot-at-the-end", "7.", 0 },
    { "underscore-at-the-end", "760_", 0 },
    { "any-fix", "350_xxx", 0 },
    { "fix-too-large", "760_100000", 0 },
    { "more-text", "760 beta", 0 },
    { "two-plus", "350++", 0 },
    { "negative", "-760", 0 },
    { "would-wrap", "4294968056", 0 },
};

static void test_level(gconstpointer data)
{
    const LevelRow *row = data;
    gint64 level = 0;

    g_assert_cmpint(lpm_level_parse(row->text, &level), ==, row->level != 0);
    if (row->level != 0) {
        g_assert_cmpint(level, ==, row->level);
    }
}

static void test_fields(void)
{
    for (guint i = 0; i < LPM_FIELD__MAX; i++) {
        const LpmFieldInfo *info = lpm_field_info((LpmField)i);
        LpmField found = LPM_FIELD__MAX;

        g_assert_cmpint(info->field, ==, i);
        g_assert_true(lpm_field_find(info->record, info->name, &found));
        /* Another one would have the same name in the same record. */
        g_assert_cmpint(found, ==, i);
        g_assert_cmpstr(info->doc, !=, "");
        /* A name is part of a path: "source.io-servers[v1].name". */
        for (const char *at = info->name; *at != '\0'; at++) {
            g_assert_true(g_ascii_islower(*at) || g_ascii_isdigit(*at) ||
                          *at == '-');
        }
        g_assert_cmpint(info->words != NULL, ==,
                        info->type == LPM_TYPE_ENUM);
        g_assert_cmpint(info->sub != LPM_RECORD__MAX, ==,
                        info->type == LPM_TYPE_LIST ||
                        info->type == LPM_TYPE_SUB);
    }
}

/* What lists hold is told apart by a text. */
static void test_keys(void)
{
    guint fields = 0;

    for (guint i = 0; i < LPM_RECORD__MAX; i++) {
        const LpmRecordInfo *info = lpm_record_info((LpmRecord)i);

        g_assert_cmpuint(info->n_fields, >, 0);
        g_assert_cmpint(lpm_field_info(info->first)->record, ==, i);
        fields += info->n_fields;
    }
    g_assert_cmpuint(fields, ==, LPM_FIELD__MAX);
    for (guint i = 0; i < LPM_FIELD__MAX; i++) {
        const LpmFieldInfo *info = lpm_field_info((LpmField)i);

        if (info->type == LPM_TYPE_LIST) {
            LpmField key = lpm_record_info(info->sub)->first;

            g_assert_cmpint(lpm_field_info(key)->type, ==, LPM_TYPE_STRING);
        }
    }
}

static void test_words(void)
{
    static const struct {
        const char *word;
        gboolean takes;
    } rows[] = {
        { "POWER6", TRUE }, { "POWER6+", TRUE }, { "POWER11", TRUE },
        { "POWER1", FALSE }, { "POWER", FALSE }, { "power6", FALSE },
        { "", FALSE }, { " ", FALSE }, { "POWER6 POWER6+", FALSE },
        { "POWER12", FALSE },
    };
    LpmField field;

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("'%s'", rows[i].word);
        g_assert_cmpint(lpm_field_takes_word(LPM_SYSTEM_PROCESSOR,
                                             rows[i].word), ==,
                        rows[i].takes);
    }
    g_assert_false(lpm_field_find(LPM_RECORD_SYSTEM, "no-such", &field));
    g_assert_false(lpm_field_find(LPM_RECORD_DISK, "type-model", &field));
}

static void test_type_names(void)
{
    for (int i = 0; i <= LPM_TYPE_OFFER; i++) {
        g_assert_cmpstr(lpm_type_name((LpmType)i), !=, NULL);
        for (int k = 0; k < i; k++) {
            g_assert_cmpstr(lpm_type_name((LpmType)i), !=,
                            lpm_type_name((LpmType)k));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autofree char *path = g_strconcat("/lpm/schema/version/",
                                            versions[i].name, NULL);

        g_test_add_data_func(path, &versions[i], test_version);
    }
    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autofree char *path = g_strconcat("/lpm/schema/level/",
                                            levels[i].name, NULL);

        g_test_add_data_func(path, &levels[i], test_level);
    }
    g_test_add_func("/lpm/schema/version-order", test_order);
    g_test_add_func("/lpm/schema/version-equal", test_equal);
    g_test_add_func("/lpm/schema/fields", test_fields);
    g_test_add_func("/lpm/schema/keys", test_keys);
    g_test_add_func("/lpm/schema/words", test_words);
    g_test_add_func("/lpm/schema/type-names", test_type_names);
    return g_test_run();
}
