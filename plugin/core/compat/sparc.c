/*
 * SPARC guests: classes of CPUs, and rows of the comparison
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "finding.h"
#include "sparc.h"

typedef LpmCheckVerdict Verdict;
typedef LpmCheckFinding Finding;

/* The low bits of %ver are trap levels and windows: rows of their own. */
#define VER_CPU_MASK G_GUINT64_CONSTANT(0xffffffffffff0000)

static gboolean is_sparc(const LpmOffer *offer)
{
    return g_strcmp0(offer->arch, "sparc64") == 0;
}

gboolean lpm_sparc_has_class(const LpmOffer *offer)
{
    return is_sparc(offer) && offer->cpu_arch &&
           !g_str_equal(offer->cpu_arch, LPM_SPARC_NATIVE);
}

/* ---- features ---- */

static gboolean has_feature(const GPtrArray *features, const char *name)
{
    for (guint i = 0; i < features->len; i++) {
        if (g_str_equal(g_ptr_array_index(features, i), name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean tells_features(const LpmOffer *offer)
{
    return offer->cpu_arch || offer->cpu_features->len > 0;
}

static void put_names(GString *text, const GPtrArray *names)
{
    g_string_assign(text, names->len ? "" : "none");
    for (guint i = 0; i < names->len; i++) {
        g_string_append_printf(text, "%s%s", i ? " " : "",
                               (const char *)g_ptr_array_index(names, i));
    }
}

static void put_features(GString *text, const LpmOffer *offer)
{
    if (tells_features(offer)) {
        put_names(text, offer->cpu_features);
    } else {
        lpm_put_text(text, NULL);
    }
}

/* What of @from is not in @to, as options of -cpu: "+vis3". */
static char *feature_options(const LpmOffer *from, const LpmOffer *to,
                             char sign)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < from->cpu_features->len; i++) {
        const char *name = g_ptr_array_index(from->cpu_features, i);

        if (!has_feature(to->cpu_features, name)) {
            g_string_append_printf(text, ",%c%s", sign, name);
        }
    }
    return g_string_free(text, FALSE);
}

/*
 * The option that gives the destination what the guest sees: of a class, its
 * own model will do.
 */
static void advise(Finding *finding, const LpmOffer *source,
                   const LpmOffer *destination, gboolean source_model)
{
    g_autofree char *features = feature_options(source, destination, '+');
    const char *model = source_model || !lpm_sparc_has_class(source) ?
                        source->cpu_model : destination->cpu_model;

    if (model && source->cpu_arch) {
        g_string_printf(finding->remedy, "start the destination with -cpu"
                        " %s%s,cpu-arch=%s", model, features,
                        source->cpu_arch);
    }
}

Verdict lpm_sparc_same_class(const LpmOffer *source,
                             const LpmOffer *destination, Finding *finding)
{
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    advise(finding, source, destination, FALSE);
    return lpm_same_string(source->cpu_arch, destination->cpu_arch, finding);
}

Verdict lpm_sparc_has_features(const LpmOffer *source,
                               const LpmOffer *destination, Finding *finding)
{
    g_autofree char *missing = feature_options(source, destination, '+');

    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    put_features(finding->source, source);
    put_features(finding->destination, destination);
    if (!tells_features(source) || !tells_features(destination)) {
        return LPM_CHECK_UNKNOWN;
    }
    advise(finding, source, destination, FALSE);
    return *missing ? LPM_CHECK_FAILS : LPM_CHECK_HOLDS;
}

Verdict lpm_sparc_no_extra_features(const LpmOffer *source,
                                    const LpmOffer *destination,
                                    Finding *finding)
{
    g_autofree char *extra = feature_options(destination, source, '-');

    if (!is_sparc(source) || g_strcmp0(source->cpu_arch,
                                       destination->cpu_arch) != 0) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    put_features(finding->source, source);
    put_features(finding->destination, destination);
    if (!tells_features(source) || !tells_features(destination)) {
        return LPM_CHECK_UNKNOWN;
    }
    g_string_printf(finding->remedy, "start the destination with -cpu %s%s",
                    destination->cpu_model ? destination->cpu_model : "MODEL",
                    extra);
    return *extra ? LPM_CHECK_FAILS : LPM_CHECK_HOLDS;
}

/* ---- what is not a matter of classes ---- */

static void put_version(GString *text, const LpmOffer *offer)
{
    if (offer->cpu_version == 0) {
        lpm_put_text(text, NULL);
    } else {
        g_string_printf(text, "0x%016" G_GINT64_MODIFIER "x",
                        offer->cpu_version);
    }
}

Verdict lpm_sparc_same_version(const LpmOffer *source,
                               const LpmOffer *destination, Finding *finding)
{
    /* Another model has another %ver: cpu.model says it. */
    if (!is_sparc(source) ||
        (!lpm_sparc_has_class(source) &&
         g_strcmp0(source->cpu_model, destination->cpu_model) != 0)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    put_version(finding->source, source);
    put_version(finding->destination, destination);
    if (source->cpu_version == 0 || destination->cpu_version == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    return ((source->cpu_version ^ destination->cpu_version) &
            VER_CPU_MASK) == 0 ? LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

Verdict lpm_sparc_same_windows(const LpmOffer *source,
                               const LpmOffer *destination, Finding *finding)
{
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    advise(finding, source, destination, TRUE);
    return lpm_same_number(source->nwindows, destination->nwindows, finding);
}

static void put_mmu(GString *text, const LpmOfferNumber *version)
{
    static const char *const names[] = {
        "UltraSPARC I, II", "UltraSPARC III", "UltraSPARC IV", "sun4v",
    };

    if (!version->known) {
        lpm_put_text(text, NULL);
    } else if (version->value < G_N_ELEMENTS(names)) {
        g_string_printf(text, "%u (%s)", version->value,
                        names[version->value]);
    } else {
        g_string_printf(text, "%u", version->value);
    }
}

Verdict lpm_sparc_same_mmu(const LpmOffer *source,
                           const LpmOffer *destination, Finding *finding)
{
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    put_mmu(finding->source, &source->mmu_version);
    put_mmu(finding->destination, &destination->mmu_version);
    if (!source->mmu_version.known || !destination->mmu_version.known) {
        return LPM_CHECK_UNKNOWN;
    }
    advise(finding, source, destination, TRUE);
    return source->mmu_version.value == destination->mmu_version.value ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

Verdict lpm_sparc_same_trap_levels(const LpmOffer *source,
                                   const LpmOffer *destination,
                                   Finding *finding)
{
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    advise(finding, source, destination, TRUE);
    return lpm_same_number(source->max_trap_level,
                           destination->max_trap_level, finding);
}

/* ---- what a class promises elsewhere ---- */

GPtrArray *lpm_sparc_not_provided(const char *cpu_arch,
                                  const GPtrArray *features)
{
    static const char *const classes[] = {
        "generic", "sparc64-class1", "migration-class1",
    };
    static const char *const class1[] = {
        "crc32c", "cbcond", "pause", "mont", "mpmul", "sha512", "sha256",
        "sha1", "md5", "camellia", "des", "aes",
    };
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    gboolean known = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        known |= g_strcmp0(cpu_arch, classes[i]) == 0;
    }
    /* Each class has what generic has; the block stores come with hypv. */
    if (known && !has_feature(features, "hypv")) {
        g_ptr_array_add(names, g_strdup("asi_blk_init"));
    }
    if (g_strcmp0(cpu_arch, "migration-class1") == 0) {
        for (guint i = 0; i < G_N_ELEMENTS(class1); i++) {
            g_ptr_array_add(names, g_strdup(class1[i]));
        }
    }
    return names;
}

Verdict lpm_sparc_class_is_provided(const LpmOffer *source,
                                    const LpmOffer *destination,
                                    Finding *finding)
{
    g_autoptr(GPtrArray) missing =
        lpm_sparc_not_provided(source->cpu_arch, source->cpu_features);

    (void)destination;
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_text(finding->source, source->cpu_arch);
    if (!source->cpu_arch) {
        lpm_put_text(finding->destination, NULL);
        return LPM_CHECK_UNKNOWN;
    }
    put_names(finding->destination, missing);
    g_string_prepend(finding->destination, "not provided: ");
    return missing->len ? LPM_CHECK_FAILS : LPM_CHECK_HOLDS;
}

/* ---- what the guest does ---- */

Verdict lpm_sparc_is_booted(const LpmOffer *source,
                            const LpmOffer *destination, Finding *finding)
{
    (void)destination;
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    g_string_assign(finding->destination, LPM_GUEST_RUNNING);
    lpm_put_text(finding->source, source->guest_state);
    if (!source->guest_state) {
        return LPM_CHECK_UNKNOWN;
    }
    return g_str_equal(source->guest_state, LPM_GUEST_RUNNING) ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

Verdict lpm_sparc_is_not_debugged(const LpmOffer *source,
                                  const LpmOffer *destination,
                                  Finding *finding)
{
    (void)destination;
    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_text(finding->source, source->guest_state);
    g_string_assign(finding->destination, "a debugger would look the same");
    /* In the firmware there is no kernel that could have one. */
    return g_strcmp0(source->guest_state, LPM_GUEST_OPENBOOT) == 0 ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

/* ---- devices ---- */

Verdict lpm_sparc_has_no_crypto(const LpmOffer *source,
                                const LpmOffer *destination,
                                Finding *finding)
{
    LpmDiff diff = { .finding = finding };

    if (!is_sparc(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (source->devices->len == 0) {
        lpm_put_text(finding->source, NULL);
        lpm_put_text(finding->destination, NULL);
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < source->devices->len; i++) {
        const LpmOfferDevice *device =
            &g_array_index(source->devices, LpmOfferDevice, i);

        /* The section's name begins with the path of the bus. */
        if (device->id && g_str_has_suffix(device->id, "virtio-crypto")) {
            lpm_diff_add(&diff, device->id, "comes without it");
        }
    }
    return lpm_diff_end(&diff, source->devices->len,
                        destination->devices->len, "devices");
}
