/*
 * Moves of SPARC guests: every class, by the table that the e2e test has, too
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "compat/compare.h"
#include "compat/sparc.h"
#include "offers.h"

/* qemu target/sparc/cpu.c sparc_defs[], as far as guests are to move. */
typedef struct Model {
    const char *name;
    guint64 version;        /* without windows and trap levels */
    guint32 nwindows;
    guint32 trap_levels;
    guint32 mmu;
    const char *features;
} Model;

#define VER(manufacturer, implementation, mask) \
    (((guint64)(manufacturer) << 48) | ((guint64)(implementation) << 32) | \
     ((guint64)(mask) << 24))

static const Model models[] = {
    { "Fujitsu-Sparc64", VER(0x04, 0x02, 0), 4, 4, 0, "vis1,vis2" },
    { "Fujitsu-Sparc64-III", VER(0x04, 0x03, 0), 5, 4, 0, "vis1,vis2" },
    { "Fujitsu-Sparc64-IV", VER(0x04, 0x04, 0), 8, 5, 0, "vis1,vis2" },
    { "Fujitsu-Sparc64-V", VER(0x04, 0x05, 0x51), 8, 5, 0, "vis1,vis2" },
    { "TI-UltraSparc-I", VER(0x17, 0x10, 0x40), 8, 5, 0, "vis1,vis2" },
    { "TI-UltraSparc-II", VER(0x17, 0x11, 0x20), 8, 5, 0, "vis1,vis2" },
    { "TI-UltraSparc-IIi", VER(0x17, 0x12, 0x91), 8, 5, 0, "vis1,vis2" },
    { "Sun-UltraSparc-III", VER(0x3e, 0x14, 0x34), 8, 5, 0, "vis1,vis2" },
    { "Sun-UltraSparc-III-Cu", VER(0x3e, 0x15, 0x41), 8, 5, 1, "vis1,vis2" },
    { "Sun-UltraSparc-IIIi", VER(0x3e, 0x16, 0x34), 8, 5, 0, "vis1,vis2" },
    { "Sun-UltraSparc-IV", VER(0x3e, 0x18, 0x31), 8, 5, 2, "vis1,vis2" },
    { "Sun-UltraSparc-IV-plus", VER(0x3e, 0x19, 0x22), 8, 5, 0,
      "cmt,vis1,vis2" },
    { "Sun-UltraSparc-IIIi-plus", VER(0x3e, 0x22, 0), 8, 5, 1, "vis1,vis2" },
    { "Sun-UltraSparc-T1", VER(0x3e, 0x23, 0x02), 8, 6, 3,
      "hypv,cmt,gl,vis1,vis2" },
    { "Sun-UltraSparc-T2", VER(0x3e, 0x24, 0x02), 8, 6, 3,
      "hypv,cmt,gl,vis1,vis2" },
    { "NEC-UltraSparc-I", VER(0x22, 0x10, 0x40), 8, 5, 0, "vis1,vis2" },
};

/* What is left of a model's features in a class. */
static const struct {
    const char *name;
    const char *features;
} classes[] = {
    { "generic", "vis1,vis2" },
    { "migration-class1", "vis1,vis2,vis3,fmaf,ima" },
    { "sparc64-class1", "vis1,vis2,fmaf,ima" },
};

static gboolean find(const GPtrArray *strings, const char *s, guint *ret_i)
{
    for (guint i = 0; i < strings->len; i++) {
        if (g_str_equal(g_ptr_array_index(strings, i), s)) {
            *ret_i = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* hypv and gl make the architecture: no class takes them. */
static void apply_class(LpmOffer *offer, const char *name)
{
    const char *kept = NULL;
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
    guint i, at = 0;

    for (i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (g_str_equal(classes[i].name, name)) {
            kept = classes[i].features;
        }
    }
    if (!kept) {
        g_assert_cmpstr(name, ==, "native");
        return;
    }
    add_strings(left, kept);
    add_strings(left, "hypv,gl");
    for (i = offer->cpu_features->len; i-- > 0;) {
        if (!find(left, g_ptr_array_index(offer->cpu_features, i), &at)) {
            g_ptr_array_remove_index(offer->cpu_features, i);
        }
    }
    offer->cpu_version = offer->mmu_version.value == 3 ? VER(0x3e, 0x23, 0) :
                                                         VER(0x17, 0x10, 0);
}

/* An offer as QEMU makes it of that option -cpu. */
static LpmOffer *offer_of(const char *option)
{
    g_auto(GStrv) parts = g_strsplit(option, ",", -1);
    LpmOffer *offer = full_offer();
    const Model *model = NULL;
    guint at = 0;

    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        if (g_str_equal(models[i].name, parts[0])) {
            model = &models[i];
        }
    }
    g_assert_nonnull(model);
    make_sparc(offer);
    set_string(&offer->cpu_model, model->name);
    offer->cpu_version = model->version;
    offer->nwindows = model->nwindows;
    offer->max_trap_level = model->trap_levels;
    offer->mmu_version.value = model->mmu;
    g_ptr_array_set_size(offer->cpu_features, 0);
    add_strings(offer->cpu_features, model->features);
    for (guint i = 1; parts[i]; i++) {
        const char *value = strchr(parts[i], '=');

        if (parts[i][0] == '+') {
            add_strings(offer->cpu_features, parts[i] + 1);
        } else if (parts[i][0] == '-') {
            g_assert_true(find(offer->cpu_features, parts[i] + 1, &at));
            g_ptr_array_remove_index(offer->cpu_features, at);
        } else if (g_str_has_prefix(parts[i], "cpu-arch=")) {
            set_string(&offer->cpu_arch, value + 1);
        } else if (g_str_has_prefix(parts[i], "nwindows=")) {
            offer->nwindows = g_ascii_strtoull(value + 1, NULL, 0);
        } else if (g_str_has_prefix(parts[i], "mmu-version=")) {
            offer->mmu_version.value = g_ascii_strtoull(value + 1, NULL, 0);
        } else {
            g_assert_true(g_str_has_prefix(parts[i], "iu-version="));
            offer->cpu_version = g_ascii_strtoull(value + 1, NULL, 0);
        }
    }
    apply_class(offer, offer->cpu_arch);
    offer->cpu_version |= offer->max_trap_level << 8 | (offer->nwindows - 1);
    return offer;
}

static char *errors_of(const LpmAnswer *answer)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);

        /* Both values, and different ones. */
        g_assert_cmpstr(reason->source, !=, "");
        g_assert_cmpstr(reason->destination, !=, "");
        g_assert_cmpstr(reason->source, !=, reason->destination);
        if (reason->severity == LPM_SEVERITY_ERROR) {
            g_string_append_printf(text, "%s%s", text->len ? " " : "",
                                   reason->id);
        }
    }
    if (text->len == 0) {
        g_string_append(text, "moves");
    }
    return g_string_free(text, FALSE);
}

static void check_way(const char *from, const char *to, const char *wanted)
{
    g_autoptr(LpmOffer) source = offer_of(from);
    g_autoptr(LpmOffer) destination = offer_of(to);
    g_autoptr(LpmAnswer) answer = lpm_compare(source, destination);
    g_autofree char *errors = errors_of(answer);

    g_assert_cmpstr(errors, ==, wanted);
    g_assert_cmpint(answer->accepted, ==, g_str_equal(wanted, "moves"));
}

static void test_row(gconstpointer data)
{
    const char *const *column = data;

    check_way(column[1], column[2], column[3]);
    check_way(column[2], column[1], column[4]);
}

static char **read_table(void)
{
    g_autofree char *path = g_build_filename(g_getenv("LPM_TEST_DATA"),
                                             "sparc-classes.tsv", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;

    g_file_get_contents(path, &text, NULL, &err);
    g_assert_no_error(err);
    return g_strsplit(text, "\n", -1);
}

/* Which class a row is about, by both of its ends. */
static gboolean is_of(char **column, const char *class_name)
{
    g_autofree char *option = g_strdup_printf("cpu-arch=%s", class_name);

    if (g_str_equal(class_name, "native")) {
        return strstr(column[1], "cpu-arch") == NULL;
    }
    return strstr(column[1], option) != NULL;
}

static void test_each_class(gconstpointer data)
{
    GPtrArray *rows = (GPtrArray *)data;
    static const char *const names[] = {
        "native", "generic", "migration-class1", "sparc64-class1",
    };

    for (guint k = 0; k < G_N_ELEMENTS(names); k++) {
        guint n = 0, moves = 0;

        for (guint i = 0; i < rows->len; i++) {
            char **column = g_ptr_array_index(rows, i);

            if (is_of(column, names[k])) {
                n++;
                moves += g_str_equal(column[3], "moves");
            }
        }
        g_test_message("%s: %u pairs, %u move", names[k], n, moves);
        g_assert_cmpuint(n, >=, 6);
        g_assert_cmpuint(moves, >=, 1);
        g_assert_cmpuint(moves, <, n);
    }
}

static char *lacking(const char *option)
{
    g_autoptr(LpmOffer) offer = offer_of(option);
    g_autoptr(GPtrArray) names =
        lpm_sparc_not_provided(offer->cpu_arch, offer->cpu_features);

    g_ptr_array_add(names, NULL);
    return g_strjoinv(" ", (char **)names->pdata);
}

static void assert_lacking(const char *option, const char *wanted)
{
    g_autofree char *names = lacking(option);

    g_assert_cmpstr(names, ==, wanted);
}

/* isainfo of LDoms 3.3 has 16 names more in class1 than in generic. */
static void test_not_provided(void)
{
    assert_lacking("TI-UltraSparc-IIi", "");
    assert_lacking("Sun-UltraSparc-T1,cpu-arch=generic", "");
    assert_lacking("TI-UltraSparc-IIi,cpu-arch=generic", "asi_blk_init");
    assert_lacking("Fujitsu-Sparc64-V,+fmaf,+ima,cpu-arch=sparc64-class1",
                   "asi_blk_init");
    assert_lacking("Sun-UltraSparc-T2,+vis3,+fmaf,+ima,"
                   "cpu-arch=migration-class1", "crc32c cbcond pause mont"
                   " mpmul sha512 sha256 sha1 md5 camellia des aes");
}

/* An offer with fields taken away is never taken for one that has them. */
static void test_absent(void)
{
    static const struct {
        gsize offset, bytes;
        const char *ids;
    } members[] = {
#define MEMBER(m, ids) { G_STRUCT_OFFSET(LpmOffer, m), \
                         sizeof(((LpmOffer *)0)->m), ids }
        MEMBER(cpu_version, "cpu.version"),
        MEMBER(nwindows, "cpu.windows"),
        MEMBER(mmu_version, "cpu.mmu-version"),
        MEMBER(max_trap_level, "cpu.trap-levels"),
#undef MEMBER
    };

    for (guint i = 0; i < G_N_ELEMENTS(members) * 2; i++) {
        g_autoptr(LpmOffer) source = offer_of("TI-UltraSparc-IIi");
        g_autoptr(LpmOffer) destination = offer_of("TI-UltraSparc-IIi");
        g_autoptr(LpmAnswer) answer = NULL;
        g_autofree char *errors = NULL;

        memset(G_STRUCT_MEMBER_P(i % 2 ? source : destination,
                                 members[i / 2].offset), 0,
               members[i / 2].bytes);
        answer = lpm_compare(source, destination);
        errors = errors_of(answer);
        g_assert_cmpstr(errors, ==, members[i / 2].ids);
    }
}

/* What a peer may send at most still fits into an answer. */
static void test_long_names(void)
{
    g_autoptr(LpmOffer) source = offer_of("TI-UltraSparc-IIi");
    g_autoptr(LpmOffer) destination = offer_of("TI-UltraSparc-IIi");
    g_autoptr(LpmAnswer) answer = NULL;
    g_autoptr(LpmAnswer) back = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree char *errors = NULL;

    for (guint i = source->cpu_features->len; i < LPM_OFFER_FEATURES_MAX;
         i++) {
        char *name = g_strnfill(LPM_OFFER_STRING_MAX, 'a' + i % 26);

        g_ptr_array_add(i % 2 ? source->cpu_features :
                                destination->cpu_features, name);
    }
    answer = lpm_compare(source, destination);
    bytes = lpm_answer_encode(answer, &err);
    g_assert_no_error(err);
    back = lpm_answer_decode(g_bytes_get_data(bytes, NULL),
                             g_bytes_get_size(bytes), &err);
    g_assert_no_error(err);
    errors = errors_of(back);
    g_assert_cmpstr(errors, ==, "cpu.features");
}

int main(int argc, char **argv)
{
    g_auto(GStrv) lines = read_table();
    g_autoptr(GPtrArray) rows =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) column = g_strsplit(lines[i], "\t", -1);
        g_autofree char *path = NULL;

        if (lines[i][0] == '#' || lines[i][0] == '\0') {
            continue;
        }
        g_assert_cmpuint(g_strv_length(column), ==, 5);
        if (g_str_equal(column[2], "-")) {
            continue;       /* QEMU's, which the e2e test starts */
        }
        path = g_strdup_printf("/lpm/compat/sparc/%s", column[0]);
        g_test_add_data_func(path, column, test_row);
        g_ptr_array_add(rows, g_steal_pointer(&column));
    }
    g_assert_cmpuint(rows->len, >, 40);
    g_test_add_data_func("/lpm/compat/sparc/each-class", rows,
                         test_each_class);
    g_test_add_func("/lpm/compat/sparc/not-provided", test_not_provided);
    g_test_add_func("/lpm/compat/sparc/absent", test_absent);
    g_test_add_func("/lpm/compat/sparc/long-names", test_long_names);
    return g_test_run();
}
