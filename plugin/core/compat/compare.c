/*
 * The comparison of two offers: one table, used by the stream and by lpm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "compare.h"
#include "decide.h"
#include "finding.h"
#include "mode.h"
#include "sparc.h"
#include "storage.h"

typedef LpmCheckVerdict Verdict;
typedef LpmCheckFinding Finding;

/* ---- what kind of machine ---- */

/*
 * A machine of which we do not know the type counts as pseries on ppc64: its
 * missing facts are then unknown, not inapplicable.
 */
static gboolean is_pseries(const LpmOffer *offer)
{
    return g_strcmp0(offer->arch, "ppc64") == 0 &&
           (!offer->machine || g_str_has_prefix(offer->machine, "pseries"));
}

/* Modes are pseries' business; another machine may declare some. */
static gboolean uses_modes(const LpmOffer *offer)
{
    return is_pseries(offer) || offer->modes->len > 0;
}

static gboolean is_raw(const LpmOffer *offer)
{
    return offer->current_mode &&
           g_ascii_strcasecmp(offer->current_mode, "raw") == 0;
}

static gboolean is_default(const char *preferred)
{
    LpmMode mode;

    return preferred && lpm_mode_parse(preferred, &mode) &&
           mode == LPM_MODE_DEFAULT;
}

static gboolean has_string(const GPtrArray *strings, const char *s)
{
    for (guint i = 0; i < strings->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(strings, i), s) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static char *strings_text(const GPtrArray *strings)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < strings->len; i++) {
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               (const char *)g_ptr_array_index(strings, i));
    }
    if (text->len == 0) {
        g_string_append(text, "none");
    }
    return g_string_free(text, FALSE);
}

/* The modes of an offer that the catalogue knows. */
static LpmModeSet offered_modes(const LpmOffer *offer)
{
    LpmModeSet set = 0;

    for (guint i = 0; i < offer->modes->len; i++) {
        LpmMode mode;

        if (lpm_mode_parse(g_ptr_array_index(offer->modes, i), &mode)) {
            set |= LPM_MODE_BIT(mode);
        }
    }
    return set;
}

static gboolean same_mode(const char *a, const char *b)
{
    LpmMode mode_a, mode_b;

    if (lpm_mode_parse(a, &mode_a) && lpm_mode_parse(b, &mode_b)) {
        return mode_a == mode_b;
    }
    return g_ascii_strcasecmp(a, b) == 0;
}

/* The best of what both ends can run and max-cpu-compat takes: remedies. */
static const char *common_mode(const LpmOffer *source,
                               const LpmOffer *destination)
{
    LpmModeSet common = offered_modes(source) & offered_modes(destination);

    for (guint mode = LPM_MODE__COUNT; mode-- > LPM_MODE_POWER5;) {
        if (lpm_mode_set_has(common, mode) && lpm_mode_qemu_name(mode)) {
            return lpm_mode_qemu_name(mode);
        }
    }
    return NULL;
}

static gboolean can_run_power9(const LpmOffer *offer)
{
    LpmModeSet set = offered_modes(offer);

    for (guint mode = LPM_MODE_POWER9; mode < LPM_MODE__COUNT; mode++) {
        if (lpm_mode_set_has(set, mode)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- machine and guest ---- */

static Verdict holds_arch(const LpmOffer *source, const LpmOffer *destination,
                          Finding *finding)
{
    if (source->arch) {
        g_string_printf(finding->remedy,
                        "start the destination with qemu-system-%s",
                        source->arch);
    }
    return lpm_same_string(source->arch, destination->arch, finding);
}

/*
 * The whole name: QEMU's own check (migration/savevm.c) compares as many
 * characters as the source's name has, and takes pseries-2.12 for
 * pseries-2.12-sxxm.
 */
static Verdict holds_machine(const LpmOffer *source,
                             const LpmOffer *destination, Finding *finding)
{
    if (source->machine) {
        g_string_printf(finding->remedy,
                        "start the destination with -machine %s",
                        source->machine);
    }
    return lpm_same_string(source->machine, destination->machine, finding);
}

/* The first three numbers of a version, or false. */
static gboolean parse_version(const char *s, guint64 *ret)
{
    guint64 version = 0;

    for (guint i = 0; i < 3; i++) {
        guint64 part = 0;

        if (g_ascii_isdigit(*s)) {
            char *end;

            part = g_ascii_strtoull(s, &end, 10);
            s = end;
        } else if (i < 2) {
            return FALSE;
        }
        version = version << 20 | MIN(part, 0xfffff);
        if (i < 2) {
            if (*s != '.') {
                if (i == 0) {
                    return FALSE;
                }
            } else {
                s++;
            }
        }
    }
    *ret = version;
    return TRUE;
}

static Verdict holds_qemu_version(const LpmOffer *source,
                                  const LpmOffer *destination,
                                  Finding *finding)
{
    guint64 from, to;

    lpm_put_text(finding->source, source->qemu_version);
    lpm_put_text(finding->destination, destination->qemu_version);
    if (!source->qemu_version || !destination->qemu_version ||
        !parse_version(source->qemu_version, &from) ||
        !parse_version(destination->qemu_version, &to)) {
        return LPM_CHECK_UNKNOWN;
    }
    return to >= from ? LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static gboolean validates_uuid(const LpmOffer *source,
                               const LpmOffer *destination)
{
    return has_string(source->migration_caps, "validate-uuid") ||
           has_string(destination->migration_caps, "validate-uuid");
}

static Verdict compare_uuid(const LpmOffer *source,
                            const LpmOffer *destination, Finding *finding)
{
    lpm_put_text(finding->source, source->uuid);
    lpm_put_text(finding->destination, destination->uuid);
    if (!source->uuid || !destination->uuid) {
        return LPM_CHECK_UNKNOWN;
    }
    g_string_printf(finding->remedy, "start the destination with -uuid %s",
                    source->uuid);
    return g_ascii_strcasecmp(source->uuid, destination->uuid) == 0 ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static Verdict holds_uuid(const LpmOffer *source, const LpmOffer *destination,
                          Finding *finding)
{
    /* QEMU compares only if the guest has one. */
    if (!validates_uuid(source, destination) ||
        (!source->uuid && !destination->uuid)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    return compare_uuid(source, destination, finding);
}

static Verdict holds_uuid_same(const LpmOffer *source,
                               const LpmOffer *destination, Finding *finding)
{
    if (validates_uuid(source, destination) || !source->uuid ||
        !destination->uuid) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    return compare_uuid(source, destination, finding);
}

/* ---- processor ---- */

/*
 * One mode against a destination.  The catalogue's decision is asked when it
 * knows the mode; a mode of the future is looked up by its name.
 */
static gboolean takes_mode(const LpmOffer *destination, const char *name,
                           gboolean as_preferred)
{
    LpmModeSet set = offered_modes(destination);
    LpmModeSupport support = {
        .current = set,
        .preferred = set | LPM_MODE_BIT(LPM_MODE_DEFAULT),
    };
    LpmMode mode;

    if (!lpm_mode_parse(name, &mode)) {
        return has_string(destination->modes, name);
    }
    if (as_preferred) {
        return lpm_decide(LPM_MOVE_KIND_INACTIVE, mode, LPM_MODE_DEFAULT,
                          &support).allowed;
    }
    return lpm_decide(LPM_MOVE_KIND_ACTIVE, LPM_MODE_DEFAULT, mode,
                      &support).allowed;
}

static void put_modes(GString *text, const LpmOffer *offer)
{
    g_autofree char *modes = offer->modes->len ? strings_text(offer->modes) :
                                                 NULL;

    lpm_put_text(text, modes);
}

static Verdict holds_preferred_supported(const LpmOffer *source,
                                         const LpmOffer *destination,
                                         Finding *finding)
{
    const char *common = common_mode(source, destination);

    if (!uses_modes(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_text(finding->source, source->preferred_mode);
    put_modes(finding->destination, destination);
    if (!source->preferred_mode || destination->modes->len == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    if (common) {
        g_string_printf(finding->remedy, "restart the guest on the source"
                        " with -machine max-cpu-compat=%s", common);
    }
    return takes_mode(destination, source->preferred_mode, TRUE) ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static Verdict holds_current_supported(const LpmOffer *source,
                                       const LpmOffer *destination,
                                       Finding *finding)
{
    const char *common = common_mode(source, destination);

    if (!uses_modes(source) || is_raw(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_text(finding->source, source->current_mode);
    put_modes(finding->destination, destination);
    if (!source->current_mode || destination->modes->len == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    if (common) {
        g_string_printf(finding->remedy, "reboot the guest, in case its mode"
                        " is stale; if it comes up in the same mode, restart"
                        " it with -machine max-cpu-compat=%s", common);
    }
    return takes_mode(destination, source->current_mode, FALSE) ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

/* Both ends have a preferred mode to compare. */
static gboolean put_preferred(const LpmOffer *source,
                              const LpmOffer *destination, Finding *finding)
{
    lpm_put_text(finding->source, source->preferred_mode);
    lpm_put_text(finding->destination, destination->preferred_mode);
    return source->preferred_mode && destination->preferred_mode;
}

static Verdict holds_preferred_equal(const LpmOffer *source,
                                     const LpmOffer *destination,
                                     Finding *finding)
{
    if (!uses_modes(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (!put_preferred(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    if (is_default(source->preferred_mode) ||
        is_default(destination->preferred_mode)) {
        /* Taken over, or a matter for the next row. */
        return LPM_CHECK_HOLDS;
    }
    g_string_printf(finding->remedy, "start the destination with -machine"
                    " max-cpu-compat=%s, or without max-cpu-compat to take"
                    " the source's over", source->preferred_mode);
    return same_mode(source->preferred_mode, destination->preferred_mode) ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static Verdict holds_preferred_kept(const LpmOffer *source,
                                    const LpmOffer *destination,
                                    Finding *finding)
{
    if (!uses_modes(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (!put_preferred(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    return is_default(source->preferred_mode) &&
           !is_default(destination->preferred_mode) ?
           LPM_CHECK_FAILS : LPM_CHECK_HOLDS;
}

static Verdict holds_pvr(const LpmOffer *source, const LpmOffer *destination,
                         Finding *finding)
{
    guint32 mask = source->pvr_mask | destination->pvr_mask;
    const char *common = common_mode(source, destination);

    if (!is_pseries(source) || !is_raw(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    g_string_printf(finding->source, "%s (PVR 0x%08x)",
                    source->cpu_model ? source->cpu_model : "unknown",
                    source->pvr);
    g_string_printf(finding->destination, "%s (PVR 0x%08x)",
                    destination->cpu_model ? destination->cpu_model :
                    "unknown", destination->pvr);
    if (source->pvr == 0 || destination->pvr == 0 || mask == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    if (common) {
        g_string_printf(finding->remedy, "restart the guest on the source"
                        " with -machine max-cpu-compat=%s, or start the"
                        " destination with -cpu %s", common,
                        source->cpu_model ? source->cpu_model : "MODEL");
    } else if (source->cpu_model) {
        g_string_printf(finding->remedy, "start the destination with -cpu %s",
                        source->cpu_model);
    }
    return ((source->pvr ^ destination->pvr) & mask) == 0 ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static Verdict holds_cpu_model(const LpmOffer *source,
                               const LpmOffer *destination, Finding *finding)
{
    /*
     * A mode, or in raw mode the PVR, says more than the model's name; and
     * of a class the guest sees no model.
     */
    if (is_pseries(source) || lpm_sparc_has_class(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (source->cpu_model) {
        g_string_printf(finding->remedy, "start the destination with -cpu %s",
                        source->cpu_model);
    }
    return lpm_same_string(source->cpu_model, destination->cpu_model, finding);
}

static Verdict holds_cpus(const LpmOffer *source, const LpmOffer *destination,
                          Finding *finding)
{
    g_string_printf(finding->remedy, "start the destination with -smp %u"
                    " (and add with -device what was plugged in later)",
                    source->cpus);
    return lpm_same_number(source->cpus, destination->cpus, finding);
}

static Verdict holds_max_cpus(const LpmOffer *source,
                              const LpmOffer *destination, Finding *finding)
{
    g_string_printf(finding->remedy, "start the destination with -smp"
                    " maxcpus=%u", source->max_cpus);
    return lpm_same_number(source->max_cpus, destination->max_cpus, finding);
}

static gboolean put_topology(GString *text, const LpmOffer *offer)
{
    g_string_printf(text, "sockets=%u,cores=%u,threads=%u", offer->sockets,
                    offer->cores, offer->threads);
    return offer->sockets && offer->cores && offer->threads;
}

static Verdict holds_topology(const LpmOffer *source,
                              const LpmOffer *destination, Finding *finding)
{
    gboolean from = put_topology(finding->source, source);
    gboolean to = put_topology(finding->destination, destination);

    if (!from || !to) {
        return LPM_CHECK_UNKNOWN;
    }
    g_string_printf(finding->remedy, "start the destination with -smp %s",
                    finding->source->str);
    return source->sockets == destination->sockets &&
           source->cores == destination->cores &&
           source->threads == destination->threads ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static Verdict holds_vsmt(const LpmOffer *source, const LpmOffer *destination,
                          Finding *finding)
{
    if (!is_pseries(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    g_string_printf(finding->remedy, "start the destination with -machine"
                    " vsmt=%u", source->vsmt);
    return lpm_same_number(source->vsmt, destination->vsmt, finding);
}

/* ---- machine capabilities ---- */

static const LpmOfferCap *find_cap(const LpmOffer *offer, const char *name)
{
    for (guint i = 0; i < offer->caps->len; i++) {
        const LpmOfferCap *cap = &g_array_index(offer->caps, LpmOfferCap, i);

        if (g_strcmp0(cap->name, name) == 0) {
            return cap;
        }
    }
    return NULL;
}

static char *cap_value(const LpmOfferCap *cap)
{
    if (!cap) {
        return g_strdup("absent");
    }
    return cap->value ? g_strdup(cap->value) :
           g_strdup_printf("%" G_GUINT64_FORMAT, cap->level);
}

static void diff_cap(LpmDiff *diff, const LpmOfferCap *from,
                     const LpmOfferCap *to, GString *options)
{
    g_autofree char *from_value = cap_value(from);
    g_autofree char *to_value = cap_value(to);
    const char *name = from ? from->name : to->name;
    g_autofree char *source = g_strdup_printf("%s=%s", name, from_value);
    g_autofree char *destination = g_strdup_printf("%s=%s", name, to_value);

    if (diff->count < LPM_DIFF_SHOWN) {
        g_string_append_printf(options, "%s%s", options->len ? "," : "",
                               source);
    }
    lpm_diff_add(diff, source, destination);
}

static gboolean has_caps(const LpmOffer *source, const LpmOffer *destination,
                         Finding *finding)
{
    if (source->caps->len > 0 && destination->caps->len > 0) {
        return TRUE;
    }
    g_string_assign(finding->source, source->caps->len ? "known" : "unknown");
    g_string_assign(finding->destination,
                    destination->caps->len ? "known" : "unknown");
    return FALSE;
}

/* qemu hw/ppc/spapr_caps.c, spapr_caps_post_migration(): the same order. */
static Verdict holds_caps(const LpmOffer *source, const LpmOffer *destination,
                          Finding *finding)
{
    g_autoptr(GString) options = g_string_new(NULL);
    LpmDiff diff = { .finding = finding };

    if (!is_pseries(source) && source->caps->len == 0) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (!has_caps(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < source->caps->len; i++) {
        const LpmOfferCap *from = &g_array_index(source->caps, LpmOfferCap, i);
        const LpmOfferCap *to = find_cap(destination, from->name);

        if (!to || from->level > to->level) {
            diff_cap(&diff, from, to, options);
        }
    }
    if (diff.count > 0) {
        g_string_printf(finding->remedy, "start the destination with"
                        " -machine %s, or restart the guest on the source"
                        " with what the destination has", options->str);
    }
    return lpm_diff_end(&diff, source->caps->len, destination->caps->len,
                    "capabilities");
}

static Verdict holds_caps_same(const LpmOffer *source,
                               const LpmOffer *destination, Finding *finding)
{
    g_autoptr(GString) options = g_string_new(NULL);
    LpmDiff diff = { .finding = finding };

    if (!is_pseries(source) && source->caps->len == 0) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (!has_caps(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < destination->caps->len; i++) {
        const LpmOfferCap *to =
            &g_array_index(destination->caps, LpmOfferCap, i);
        const LpmOfferCap *from = find_cap(source, to->name);

        if (!from) {
            /* A newer destination knows more; level 0 is without it. */
            if (to->level > 0) {
                g_autofree char *value = cap_value(to);
                g_autofree char *here = g_strdup_printf("%s=absent", to->name);
                g_autofree char *there = g_strdup_printf("%s=%s", to->name,
                                                         value);

                lpm_diff_add(&diff, here, there);
            }
        } else if (from->level < to->level) {
            diff_cap(&diff, from, to, options);
        }
    }
    if (options->len > 0) {
        g_string_printf(finding->remedy, "start the destination with"
                        " -machine %s to give the guest what it had",
                        options->str);
    }
    return lpm_diff_end(&diff, source->caps->len, destination->caps->len,
                    "capabilities");
}

/* ---- interrupts and memory management ---- */

static Verdict holds_ic_mode(const LpmOffer *source,
                             const LpmOffer *destination, Finding *finding)
{
    Verdict verdict;
    gboolean can_xive;

    if (!is_pseries(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    verdict = lpm_same_string(source->ic_mode, destination->ic_mode, finding);
    if (verdict != LPM_CHECK_FAILS) {
        return verdict;
    }
    if (source->ic_current) {
        g_string_append_printf(finding->source, " (the guest uses %s)",
                               source->ic_current);
    }
    /* xive, and dual with it, is for processors from POWER9 on. */
    can_xive = can_run_power9(destination);
    if (g_str_equal(source->ic_mode, "xics") || can_xive) {
        g_string_printf(finding->remedy,
                        "start the destination with -machine ic-mode=%s",
                        source->ic_mode);
        if (!g_str_equal(source->ic_mode, "xics")) {
            g_string_append(finding->remedy, " (a max-cpu-compat below power9"
                            " makes it xics again)");
        }
    } else {
        /* Even a guest that runs with xics has the other one's state. */
        g_string_printf(finding->remedy, "the destination cannot have %s:"
                        " restart the guest on the source with -machine"
                        " ic-mode=%s", source->ic_mode, destination->ic_mode);
    }
    return verdict;
}

static Verdict holds_mmu_mode(const LpmOffer *source,
                              const LpmOffer *destination, Finding *finding)
{
    g_autofree char *modes = strings_text(destination->mmu_modes);

    if (!is_pseries(source)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_text(finding->source, source->mmu_current);
    lpm_put_text(finding->destination,
                 destination->mmu_modes->len ? modes : NULL);
    if (!source->mmu_current || destination->mmu_modes->len == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    if (g_ascii_strcasecmp(source->mmu_current, "radix") == 0) {
        g_string_assign(finding->remedy, "start the destination with -cpu"
                        " power9 or later and a max-cpu-compat of power9 or"
                        " later, or reboot the guest with disable_radix");
    } else {
        g_string_assign(finding->remedy, "start the destination with -accel"
                        " tcg or on a host that gives guests a hash table,"
                        " or reboot the guest without disable_radix");
    }
    return has_string(destination->mmu_modes, source->mmu_current) ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static gboolean has_size(const GArray *sizes, guint64 size)
{
    for (guint i = 0; i < sizes->len; i++) {
        if (g_array_index(sizes, guint64, i) == size) {
            return TRUE;
        }
    }
    return FALSE;
}

static Verdict holds_page_sizes(const LpmOffer *source,
                                const LpmOffer *destination, Finding *finding)
{
    LpmDiff diff = { .finding = finding };
    guint64 largest = 0;

    if (!is_pseries(source) && source->page_sizes->len == 0) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (source->page_sizes->len == 0 || destination->page_sizes->len == 0) {
        lpm_put_number(finding->source, source->page_sizes->len);
        lpm_put_number(finding->destination, destination->page_sizes->len);
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < source->page_sizes->len; i++) {
        guint64 size = g_array_index(source->page_sizes, guint64, i);

        if (!has_size(destination->page_sizes, size)) {
            g_autofree char *text = lpm_size_text(size);

            lpm_diff_add(&diff, text, "absent");
            largest = MAX(largest, size);
        }
    }
    if (diff.count > 0 && source->mmu_current &&
        !has_string(destination->mmu_modes, source->mmu_current)) {
        /* They are page sizes of an MMU mode that is not there */
        g_string_printf(finding->remedy, "start the destination with a -cpu"
                        " that has MMU mode %s, see machine.mmu-mode",
                        source->mmu_current);
    } else if (diff.count > 0) {
        g_autofree char *text = lpm_size_text(largest);

        g_string_printf(finding->remedy, "start the destination with"
                        " -machine cap-hpt-max-page-size=%s, over host"
                        " memory of pages that large", text);
    }
    return lpm_diff_end(&diff, source->page_sizes->len,
                    destination->page_sizes->len, "page sizes");
}

static Verdict holds_target_page_size(const LpmOffer *source,
                                      const LpmOffer *destination,
                                      Finding *finding)
{
    return lpm_same_number(source->target_page_size,
                           destination->target_page_size, finding);
}

/* ---- memory ---- */

static const LpmOfferBlock *find_block(const LpmOffer *offer, const char *name)
{
    for (guint i = 0; i < offer->blocks->len; i++) {
        const LpmOfferBlock *block =
            &g_array_index(offer->blocks, LpmOfferBlock, i);

        if (g_strcmp0(block->name, name) == 0) {
            return block;
        }
    }
    return NULL;
}

static char *block_text(const char *name, const LpmOfferBlock *block)
{
    g_autofree char *size = block ? lpm_size_text(block->size) : NULL;
    g_autofree char *max = NULL;

    if (!block) {
        return g_strdup_printf("%s absent", name);
    }
    if (block->max_size > block->size) {
        max = lpm_size_text(block->max_size);
        return g_strdup_printf("%s %s (may grow to %s)", name, size, max);
    }
    return g_strdup_printf("%s %s", name, size);
}

static gboolean block_fits(const LpmOfferBlock *from, const LpmOfferBlock *to)
{
    if (to->max_size > to->size) {
        return from->size <= to->max_size;
    }
    return from->size == to->size;
}

static guint64 total_bytes(const LpmOffer *offer)
{
    guint64 total = 0;

    for (guint i = 0; i < offer->blocks->len; i++) {
        guint64 size = g_array_index(offer->blocks, LpmOfferBlock, i).size;

        /* Sizes are a peer's: they may add up to more than there is. */
        total = size > G_MAXUINT64 - total ? G_MAXUINT64 : total + size;
    }
    return total;
}

static gboolean has_blocks(const LpmOffer *source,
                           const LpmOffer *destination, Finding *finding)
{
    if (source->blocks->len > 0 && destination->blocks->len > 0) {
        return TRUE;
    }
    lpm_put_number(finding->source, source->blocks->len);
    lpm_put_number(finding->destination, destination->blocks->len);
    return FALSE;
}

static Verdict holds_blocks(const LpmOffer *source,
                            const LpmOffer *destination, Finding *finding)
{
    LpmDiff diff = { .finding = finding };

    if (!has_blocks(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < source->blocks->len; i++) {
        const LpmOfferBlock *from =
            &g_array_index(source->blocks, LpmOfferBlock, i);
        const LpmOfferBlock *to = find_block(destination, from->name);

        if (!to || !block_fits(from, to)) {
            g_autofree char *here = block_text(from->name, from);
            g_autofree char *there = block_text(from->name, to);

            lpm_diff_add(&diff, here, there);
        }
    }
    if (diff.count > 0) {
        g_autofree char *here = lpm_size_text(total_bytes(source));
        g_autofree char *there = lpm_size_text(total_bytes(destination));

        g_string_printf(finding->remedy, "give the destination the same -m,"
                        " -object memory-backend-* and -device options"
                        " (all blocks: %s on the source, %s on the"
                        " destination)", here, there);
    }
    return lpm_diff_end(&diff, source->blocks->len, destination->blocks->len,
                    "blocks");
}

static Verdict holds_no_extra_blocks(const LpmOffer *source,
                                     const LpmOffer *destination,
                                     Finding *finding)
{
    LpmDiff diff = { .finding = finding };

    if (!has_blocks(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < destination->blocks->len; i++) {
        const LpmOfferBlock *to =
            &g_array_index(destination->blocks, LpmOfferBlock, i);

        if (!find_block(source, to->name)) {
            g_autofree char *here = block_text(to->name, NULL);
            g_autofree char *there = block_text(to->name, to);

            lpm_diff_add(&diff, here, there);
        }
    }
    return lpm_diff_end(&diff, source->blocks->len, destination->blocks->len,
                    "blocks");
}

/* Postcopy places whole host pages. */
static Verdict holds_host_pages(const LpmOffer *source,
                                const LpmOffer *destination, Finding *finding)
{
    LpmDiff diff = { .finding = finding };

    if (!has_string(source->migration_caps, "postcopy-ram")) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (!has_blocks(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    for (guint i = 0; i < source->blocks->len; i++) {
        const LpmOfferBlock *from =
            &g_array_index(source->blocks, LpmOfferBlock, i);
        const LpmOfferBlock *to = find_block(destination, from->name);

        if (to && from->page_size != to->page_size) {
            g_autofree char *from_size = lpm_size_text(from->page_size);
            g_autofree char *to_size = lpm_size_text(to->page_size);
            g_autofree char *here = g_strdup_printf("%s %s", from->name,
                                                    from_size);
            g_autofree char *there = g_strdup_printf("%s %s", from->name,
                                                     to_size);

            lpm_diff_add(&diff, here, there);
        }
    }
    return lpm_diff_end(&diff, source->blocks->len, destination->blocks->len,
                    "blocks");
}

/* ---- devices ---- */

static guint device_hash(gconstpointer key)
{
    const LpmOfferDevice *device = key;

    return (device->id ? g_str_hash(device->id) : 0) ^ device->instance;
}

static gboolean device_equal(gconstpointer a, gconstpointer b)
{
    const LpmOfferDevice *x = a;
    const LpmOfferDevice *y = b;

    return x->instance == y->instance && g_strcmp0(x->id, y->id) == 0;
}

/* A set over @offer's devices; it lives as long as they do. */
static GHashTable *device_set(const LpmOffer *offer)
{
    GHashTable *set = g_hash_table_new(device_hash, device_equal);

    for (guint i = 0; i < offer->devices->len; i++) {
        g_hash_table_add(set,
                         &g_array_index(offer->devices, LpmOfferDevice, i));
    }
    return set;
}

static char *device_name(const LpmOfferDevice *device)
{
    return g_strdup_printf("%s/%u", device->id, device->instance);
}

static gboolean has_devices(const LpmOffer *source,
                            const LpmOffer *destination, Finding *finding)
{
    if (source->devices->len > 0 && destination->devices->len > 0) {
        return TRUE;
    }
    lpm_put_number(finding->source, source->devices->len);
    lpm_put_number(finding->destination, destination->devices->len);
    return FALSE;
}

/*
 * What @from has and @to has not; @source_side says which end @from is.
 * A section that would not be sent is not missing anywhere.
 */
static Verdict compare_devices(const LpmOffer *from, const LpmOffer *to,
                               gboolean source_side, Finding *finding)
{
    g_autoptr(GHashTable) set = device_set(to);
    g_autoptr(GString) names = g_string_new(NULL);
    LpmDiff diff = { .finding = finding };

    for (guint i = 0; i < from->devices->len; i++) {
        const LpmOfferDevice *device =
            &g_array_index(from->devices, LpmOfferDevice, i);

        if (!device->optional && !g_hash_table_contains(set, device)) {
            g_autofree char *name = device_name(device);
            g_autofree char *absent = g_strdup_printf("%s absent", name);

            if (diff.count < LPM_DIFF_SHOWN) {
                g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                       name);
            }
            lpm_diff_add(&diff, source_side ? name : absent,
                     source_side ? absent : name);
        }
    }
    if (diff.count > 0 && source_side) {
        g_string_printf(finding->remedy, "start the destination with the"
                        " -device and -machine options that make %s",
                        names->str);
    } else if (diff.count > 0) {
        g_string_printf(finding->remedy, "start the destination without the"
                        " -device options that make %s; they would begin"
                        " as new", names->str);
    }
    return lpm_diff_end(&diff, source_side ? from->devices->len : to->devices->len,
                    source_side ? to->devices->len : from->devices->len,
                    "devices");
}

static Verdict holds_devices(const LpmOffer *source,
                             const LpmOffer *destination, Finding *finding)
{
    if (!has_devices(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    return compare_devices(source, destination, TRUE, finding);
}

static Verdict holds_no_extra_devices(const LpmOffer *source,
                                      const LpmOffer *destination,
                                      Finding *finding)
{
    if (!has_devices(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    return compare_devices(destination, source, FALSE, finding);
}

static Verdict holds_device_versions(const LpmOffer *source,
                                     const LpmOffer *destination,
                                     Finding *finding)
{
    g_autoptr(GHashTable) set = NULL;
    LpmDiff diff = { .finding = finding };

    if (!has_devices(source, destination, finding)) {
        return LPM_CHECK_UNKNOWN;
    }
    set = device_set(destination);
    for (guint i = 0; i < source->devices->len; i++) {
        const LpmOfferDevice *from =
            &g_array_index(source->devices, LpmOfferDevice, i);
        const LpmOfferDevice *to = g_hash_table_lookup(set, from);

        if (to && (from->version < to->min_version ||
                   from->version > to->version)) {
            g_autofree char *name = device_name(from);
            g_autofree char *here = g_strdup_printf("%s version %u", name,
                                                    from->version);
            g_autofree char *there = g_strdup_printf("%s versions %u to %u",
                                                     name, to->min_version,
                                                     to->version);

            lpm_diff_add(&diff, here, there);
        }
    }
    return lpm_diff_end(&diff, source->devices->len, destination->devices->len,
                    "devices");
}

/* ---- virtual Fibre Channel ---- */

static const LpmOfferWwpn *find_pair(const LpmOffer *offer, guint32 reg)
{
    for (guint i = 0; i < offer->wwpns->len; i++) {
        const LpmOfferWwpn *pair =
            &g_array_index(offer->wwpns, LpmOfferWwpn, i);

        if (pair->reg == reg) {
            return pair;
        }
    }
    return NULL;
}

static char *pair_text(guint32 reg, const LpmOfferWwpn *pair)
{
    if (!pair) {
        return g_strdup_printf("reg=0x%x absent", reg);
    }
    return g_strdup_printf("reg=0x%x,wwpn=%016" G_GINT64_MODIFIER "x,wwpn2=%016"
                           G_GINT64_MODIFIER "x", reg, pair->wwpn[0],
                           pair->wwpn[1]);
}

static Verdict holds_wwpns(const LpmOffer *source,
                           const LpmOffer *destination, Finding *finding)
{
    g_autoptr(GString) options = g_string_new(NULL);
    LpmDiff diff = { .finding = finding };

    if (source->wwpns->len == 0 && destination->wwpns->len == 0) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    for (guint i = 0; i < source->wwpns->len; i++) {
        const LpmOfferWwpn *from =
            &g_array_index(source->wwpns, LpmOfferWwpn, i);
        const LpmOfferWwpn *to = find_pair(destination, from->reg);

        /* Not by sets: which of the two comes first is part of the pair. */
        if (!to || to->wwpn[0] != from->wwpn[0] ||
            to->wwpn[1] != from->wwpn[1]) {
            g_autofree char *here = pair_text(from->reg, from);
            g_autofree char *there = pair_text(from->reg, to);

            if (diff.count < LPM_DIFF_SHOWN) {
                g_string_append_printf(options, " -device spapr-vfc,%s", here);
            }
            lpm_diff_add(&diff, here, there);
        }
    }
    for (guint i = 0; i < destination->wwpns->len; i++) {
        const LpmOfferWwpn *to =
            &g_array_index(destination->wwpns, LpmOfferWwpn, i);

        if (!find_pair(source, to->reg)) {
            g_autofree char *here = pair_text(to->reg, NULL);
            g_autofree char *there = pair_text(to->reg, to);

            lpm_diff_add(&diff, here, there);
        }
    }
    if (options->len > 0) {
        g_string_printf(finding->remedy, "start the destination with%s",
                        options->str);
    }
    return lpm_diff_end(&diff, source->wwpns->len, destination->wwpns->len,
                    "pairs");
}

/* ---- the stream ---- */

static void put_bool(GString *text, gboolean value)
{
    g_string_assign(text, value ? "on" : "off");
}

static Verdict holds_multifd(const LpmOffer *source,
                             const LpmOffer *destination, Finding *finding)
{
    put_bool(finding->source, source->multifd);
    put_bool(finding->destination, destination->multifd);
    g_string_printf(finding->remedy, "set multifd %s on the destination with"
                    " migrate-set-capabilities",
                    source->multifd ? "on" : "off");
    return !source->multifd == !destination->multifd ? LPM_CHECK_HOLDS :
                                                       LPM_CHECK_FAILS;
}

static gboolean both_multifd(const LpmOffer *source,
                             const LpmOffer *destination)
{
    return source->multifd && destination->multifd;
}

/*
 * Each multifd channel begins with the UUID, and QEMU compares it whatever
 * validate-uuid says; a guest without one has all zeros.
 */
static Verdict holds_channel_uuid(const LpmOffer *source,
                                  const LpmOffer *destination,
                                  Finding *finding)
{
    /* With validate-uuid, guest.uuid says it */
    if (!both_multifd(source, destination) ||
        validates_uuid(source, destination)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_text(finding->source, source->uuid ? source->uuid : "none");
    lpm_put_text(finding->destination,
                 destination->uuid ? destination->uuid : "none");
    if (source->uuid) {
        g_string_printf(finding->remedy, "start the destination with -uuid"
                        " %s", source->uuid);
    } else {
        g_string_assign(finding->remedy, "start the destination without"
                        " -uuid");
    }
    return g_ascii_strcasecmp(finding->source->str,
                              finding->destination->str) == 0 ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

static Verdict holds_channels(const LpmOffer *source,
                              const LpmOffer *destination, Finding *finding)
{
    if (!both_multifd(source, destination)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    g_string_printf(finding->remedy, "set multifd-channels to %u on the"
                    " destination with migrate-set-parameters",
                    source->channels);
    return lpm_same_number(source->channels, destination->channels, finding);
}

static Verdict holds_compression(const LpmOffer *source,
                                 const LpmOffer *destination,
                                 Finding *finding)
{
    if (!both_multifd(source, destination)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    if (source->compression) {
        g_string_printf(finding->remedy, "set multifd-compression to %s on"
                        " the destination with migrate-set-parameters",
                        source->compression);
    }
    return lpm_same_string(source->compression, destination->compression,
                           finding);
}

static gboolean uses_codec(const LpmOffer *offer)
{
    return g_strcmp0(offer->compression, "lpm") == 0;
}

static Verdict holds_codec(const LpmOffer *source,
                           const LpmOffer *destination, Finding *finding)
{
    if (!both_multifd(source, destination) || !uses_codec(source) ||
        !uses_codec(destination)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    return lpm_same_number(source->codec_version, destination->codec_version,
                           finding);
}

static Verdict holds_codec_frame(const LpmOffer *source,
                                 const LpmOffer *destination,
                                 Finding *finding)
{
    if (!both_multifd(source, destination) || !uses_codec(source) ||
        !uses_codec(destination)) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    lpm_put_number(finding->source, source->codec_frame_bytes);
    lpm_put_number(finding->destination, destination->codec_frame_bytes);
    if (source->codec_frame_bytes == 0 ||
        destination->codec_frame_bytes == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    return source->codec_frame_bytes <= destination->codec_frame_bytes ?
           LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

/*
 * Capabilities that only the side that sets them sees; all others, and those
 * of a later QEMU, must agree.  qemu qapi/migration.json and where each is
 * read in migration/.  switchover-ack is not among them: a source with it
 * waits for a message that a destination without it never sends
 * (savevm.c:2574, migration.c:3439).
 */
static gboolean is_local_cap(const char *name)
{
    static const char *const local[] = {
        "auto-converge",            /* the source throttles its vCPUs */
        "dirty-limit",              /* likewise */
        "events",                   /* of this side's QMP */
        "late-block-activate",      /* the destination's own block devices */
        "multifd",                  /* a row of its own */
        "pause-before-switchover",  /* the source waits for migrate-continue */
        "postcopy-blocktime",       /* the destination's statistics */
        "release-ram",              /* the source frees what it has sent */
        "return-path",              /* the source opens it by a command */
        "zero-blocks",              /* left over from block migration */
        "zero-copy-send",           /* how the source writes to its socket */
    };

    for (guint i = 0; i < G_N_ELEMENTS(local); i++) {
        if (g_str_equal(local[i], name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void diff_capability(LpmDiff *diff, const char *name, gboolean on_source,
                            GString *settings)
{
    g_autofree char *on = g_strdup_printf("%s on", name);
    g_autofree char *off = g_strdup_printf("%s off", name);

    if (diff->count < LPM_DIFF_SHOWN) {
        g_string_append_printf(settings, "%s%s", settings->len ? ", " : "",
                               on_source ? on : off);
    }
    lpm_diff_add(diff, on_source ? on : off, on_source ? off : on);
}

static Verdict holds_capabilities(const LpmOffer *source,
                                  const LpmOffer *destination,
                                  Finding *finding)
{
    g_autoptr(GString) settings = g_string_new(NULL);
    const GPtrArray *from = source->migration_caps;
    const GPtrArray *to = destination->migration_caps;
    LpmDiff diff = { .finding = finding };

    for (guint i = 0; i < from->len; i++) {
        const char *name = g_ptr_array_index(from, i);

        if (!is_local_cap(name) && !has_string(to, name)) {
            diff_capability(&diff, name, TRUE, settings);
        }
    }
    for (guint i = 0; i < to->len; i++) {
        const char *name = g_ptr_array_index(to, i);

        if (!is_local_cap(name) && !has_string(from, name)) {
            diff_capability(&diff, name, FALSE, settings);
        }
    }
    if (diff.count > 0) {
        g_string_printf(finding->remedy, "set %s on the destination with"
                        " migrate-set-capabilities", settings->str);
    }
    return lpm_diff_end(&diff, from->len, to->len, "capabilities");
}

/* ---- the table ---- */

static const LpmCheck checks[] = {
    {
        .id = "machine.arch",
        .title = "both ends emulate the same architecture",
        .failure = "the destination emulates another architecture",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_arch,
        .remedy = "start the destination with the source's qemu-system-ARCH",
        .spec = "qemu: device state and page size are a target's own",
    }, {
        .id = "machine.type",
        .title = "both ends have the same machine type and version",
        .failure = "the destination has another machine type or version",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_machine,
        .remedy = "start the destination with the source's -machine TYPE",
        .spec = "qemu migration/savevm.c:380-390",
    }, {
        .id = "machine.qemu-version",
        .title = "the destination's QEMU is not older than the source's",
        .failure = "the destination's QEMU is older than the source's",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = holds_qemu_version,
        .remedy = "update QEMU on the destination, or make sure that both"
                  " know the -machine version",
        .spec = "qemu docs/devel/migration/compatibility.rst",
    }, {
        .id = "guest.uuid",
        .title = "both ends have the guest's UUID, as validate-uuid asks",
        .failure = "the destination is for another guest",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_uuid,
        .remedy = "start the destination with the source's -uuid",
        .spec = "qemu migration/savevm.c:496-530",
    }, {
        .id = "guest.uuid-same",
        .title = "both ends have the same UUID",
        .failure = "the destination has another UUID",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = holds_uuid_same,
        .remedy = "start the destination with the source's -uuid",
        .spec = "qemu migration/savevm.c:496-530",
    }, {
        .id = "cpu-compat.preferred-supported",
        .title = "the destination supports the preferred processor mode",
        .failure = "the destination lacks the preferred processor mode",
        .covers = "PVM-PCM-001 SEM-05 CM-R4",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_preferred_supported,
        .remedy = "restart the guest on the source with a -machine"
                  " max-cpu-compat=MODE that the destination lists",
        .spec = "compat-modes SEM-05; compat-modes-2014 CM-R4, CM-R11",
    }, {
        .id = "cpu-compat.current-supported",
        .title = "the destination supports the current processor mode",
        .failure = "the destination lacks the current processor mode",
        .covers = "PVM-PCM-002 PVM-PCM-004 SEM-05 SEM-11 SEM-13 CM-R4"
                  " CM-R9",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_current_supported,
        .remedy = "restart the guest on the source with a -machine"
                  " max-cpu-compat=MODE that the destination lists",
        .spec = "compat-modes SEM-05, SEM-13; compat-modes-2014 CM-R4,"
                " CM-R11",
    }, {
        .id = "cpu-compat.preferred-equal",
        .title = "the destination can keep the preferred processor mode",
        .failure = "the destination was started with another preferred"
                   " processor mode",
        .covers = "SEM-08 CM-R8",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_preferred_equal,
        .remedy = "start the destination with the source's -machine"
                  " max-cpu-compat=MODE",
        .spec = "compat-modes SEM-08; compat-modes-2014 CM-R8",
    }, {
        .id = "cpu-compat.preferred-kept",
        .title = "the destination adds no preferred processor mode of its own",
        .failure = "the destination's preferred processor mode holds from the"
                   " guest's next restart; the source has none",
        .covers = "SEM-08 CM-R8",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = holds_preferred_kept,
        .remedy = "start the destination without -machine max-cpu-compat=",
        .spec = "compat-modes SEM-08; compat-modes-2014 CM-R8",
    }, {
        .id = "cpu.pvr",
        .title = "a guest without a processor mode finds the same processor",
        .failure = "the guest has negotiated no processor mode and the"
                   " destination's processor is another one",
        .covers = "CM-R16",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_pvr,
        .remedy = "start the destination with the source's -cpu MODEL, or"
                  " both with -machine max-cpu-compat=MODE",
        .spec = "qemu target/ppc/machine.c:183-215, cpu_init.c pvr_match",
    }, {
        .id = "cpu.model",
        .title = "both ends have the same CPU model",
        .failure = "the destination has another CPU model",
        .covers = "LDM-003",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_cpu_model,
        .remedy = "start the destination with the source's -cpu MODEL",
        .spec = "LDoms 3.3: native moves between CPUs of one type",
    }, {
        .id = "cpu-arch.same",
        .title = "both ends show the guest the same class of CPUs",
        .failure = "the destination shows the guest another class of CPUs",
        .covers = "LDM-002 LDM-003 LDM-004 LDM-005 LDM-006",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_same_class,
        .remedy = "start the destination with -cpu MODEL and the source's"
                  " cpu-arch=",
        .spec = "LDoms 3.3: cpu-arch, fixed while the domain runs",
    }, {
        .id = "cpu.features",
        .title = "the destination has each CPU feature that the guest sees",
        .failure = "the destination lacks CPU features that the guest sees",
        .covers = "LDM-007 LDM-008",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_has_features,
        .remedy = "start the destination with the source's -cpu"
                  " MODEL,+FEATURE",
        .spec = "qemu target/sparc/translate.c: others are illegal"
                " instructions",
    }, {
        .id = "cpu.features-same",
        .title = "the destination has no CPU feature that the source lacks",
        .failure = "the destination has CPU features that the source lacks:"
                   " once the guest uses them it cannot go back",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = lpm_sparc_no_extra_features,
        .remedy = "start the destination with the source's -cpu"
                  " MODEL,-FEATURE",
        .spec = "qemu target/sparc/translate.c: others are illegal"
                " instructions",
    }, {
        .id = "cpu.version",
        .title = "the guest reads the same CPU from register %ver",
        .failure = "the guest would read another CPU from register %ver",
        .covers = "LDM-003 LDM-010",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_same_version,
        .remedy = "start the destination with the source's -cpu MODEL and"
                  " iu-version=",
        .spec = "SPARC V9 5.2.9: VER",
    }, {
        .id = "cpu.windows",
        .title = "both CPUs have the same number of register windows",
        .failure = "the destination's CPU has another number of register"
                   " windows",
        .covers = "LDM-003",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_same_windows,
        .remedy = "start the destination with the source's -cpu MODEL and"
                  " nwindows=",
        .spec = "SPARC V9 5.2.10: the registers of all windows are state",
    }, {
        .id = "cpu.mmu-version",
        .title = "both CPUs have the same kind of MMU",
        .failure = "the destination's CPU has another kind of MMU",
        .covers = "LDM-003",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_same_mmu,
        .remedy = "start the destination with the source's -cpu MODEL and"
                  " mmu-version=",
        .spec = "qemu target/sparc/cpu.h: mmu_us_12 to mmu_sun4v",
    }, {
        .id = "cpu.trap-levels",
        .title = "both CPUs have the same number of trap levels",
        .failure = "the destination's CPU has another number of trap levels",
        .covers = "LDM-003",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_same_trap_levels,
        .remedy = "start the destination with the source's -cpu MODEL",
        .spec = "SPARC V9 5.2.9: VER.maxtl",
    }, {
        .id = "cpu-arch.provided",
        .title = "the class of CPUs has all that it has on a SPARC server",
        .failure = "QEMU does not provide all instructions of this class of"
                   " CPUs; the guest sees that they are not there",
        .covers = "LDM-004 LDM-007 LDM-008",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .holds = lpm_sparc_class_is_provided,
        .remedy = "no action; programs that need them, as crypto libraries of"
                  " a SPARC server may, do not run with any -cpu",
        .spec = "LDoms 3.3: isainfo of each class; qemu"
                " target/sparc/insns.decode",
    }, {
        .id = "device.crypto",
        .title = "the guest has no crypto unit",
        .failure = "the guest has a crypto unit, which must go before the"
                   " guest can",
        .covers = "LDM-050 LDM-051 LDM-052",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_has_no_crypto,
        .remedy = "unplug it with device_del of its -device, and plug it in"
                  " again on the destination after the move",
        .spec = "LDoms 3.3: the manager removes crypto units and adds them"
                " back",
    }, {
        .id = "guest.firmware",
        .title = "an operating system runs, and not OpenBoot",
        .failure = "the guest is in OpenBoot, which cannot take part in a"
                   " move",
        .covers = "LDM-063 LDM-065",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_sparc_is_booted,
        .remedy = "boot the guest's operating system (type boot at the ok"
                  " prompt), or start it anew on the destination with"
                  " qemu-system-sparc64",
        .spec = "LDoms 3.3: state OpenBoot Running",
    }, {
        .id = "guest.debugger",
        .title = "the guest is not in the debugger of its kernel",
        .failure = "nothing tells whether the guest is in the debugger of"
                   " its kernel, where it cannot take part in a move",
        .covers = "LDM-064 LDM-065",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .holds = lpm_sparc_is_not_debugged,
        .remedy = "look at the console of the guest, and leave the debugger"
                  " if it is in one",
        .spec = "LDoms 3.3: state Solaris debugging",
    }, {
        .id = "cpu.count",
        .title = "both ends have the same number of vCPUs",
        .failure = "the destination has another number of vCPUs",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_cpus,
        .remedy = "start the destination with the source's -smp",
        .spec = "qemu: one section of CPU state per vCPU",
    }, {
        .id = "cpu.max-count",
        .title = "both ends have room for the same number of vCPUs",
        .failure = "the destination has room for another number of vCPUs",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_max_cpus,
        .remedy = "start the destination with the source's -smp maxcpus=",
        .spec = "qemu hw/ppc/spapr.c: connectors for all possible CPUs",
    }, {
        .id = "cpu.topology",
        .title = "both ends have the same sockets, cores and threads",
        .failure = "the destination has other sockets, cores or threads",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_topology,
        .remedy = "start the destination with the source's -smp"
                  " sockets=,cores=,threads=",
        .spec = "qemu hw/ppc/spapr.c: vCPU ids follow from threads and vsmt",
    }, {
        .id = "cpu.vsmt",
        .title = "both ends number their vCPUs alike",
        .failure = "the destination numbers its vCPUs in another way",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_vsmt,
        .remedy = "start the destination with the source's -machine vsmt=",
        .spec = "qemu hw/ppc/spapr.c spapr_set_vsmt_mode()",
    }, {
        .id = "machine.capabilities",
        .title = "the destination has each machine capability at the"
                 " source's level or above",
        .failure = "the destination lacks machine capabilities of the source",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_caps,
        .remedy = "start the destination with the source's -machine cap-*",
        .spec = "qemu hw/ppc/spapr_caps.c:948-979",
    }, {
        .id = "machine.capabilities-same",
        .title = "the destination has no machine capability above the"
                 " source's level",
        .failure = "the destination has more machine capabilities than the"
                   " source",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = holds_caps_same,
        .remedy = "start the destination with the source's -machine cap-*",
        .spec = "qemu hw/ppc/spapr_caps.c:948-979",
    }, {
        .id = "machine.interrupt-mode",
        .title = "both ends have the same interrupt controllers",
        .failure = "the destination has other interrupt controllers",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_ic_mode,
        .remedy = "start both ends with the same -machine ic-mode=",
        .spec = "qemu hw/ppc/spapr_irq.c: each mode has sections of its own",
    }, {
        .id = "machine.mmu-mode",
        .title = "the destination has the MMU mode that the guest uses",
        .failure = "the destination lacks the MMU mode that the guest uses",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_mmu_mode,
        .remedy = "start the destination with a -cpu that has it",
        .spec = "qemu hw/ppc/spapr.c spapr_post_load()",
    }, {
        .id = "machine.page-sizes",
        .title = "the destination gives guests each of the source's page"
                 " sizes",
        .failure = "the destination lacks page sizes that the guest may use",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_page_sizes,
        .remedy = "start the destination with the source's -machine"
                  " cap-hpt-max-page-size=",
        .spec = "qemu hw/ppc/spapr_caps.c cap_hpt_maxpagesize_apply()",
    }, {
        .id = "machine.target-page-size",
        .title = "both ends stream RAM in pages of the same size",
        .failure = "the destination streams RAM in pages of another size",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_target_page_size,
        .remedy = "start the destination with the source's -machine and -cpu",
        .spec = "qemu migration/savevm.c:393-398",
    }, {
        .id = "memory.blocks",
        .title = "the destination has each RAM block of the source",
        .failure = "the destination lacks RAM blocks of the source, or has"
                   " them in another size",
        .covers = "LDM-021",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_blocks,
        .remedy = "start the destination with the source's -m and -device",
        .spec = "qemu migration/ram.c parse_ramblocks()",
    }, {
        .id = "memory.blocks-same",
        .title = "the destination has no RAM block that the source lacks",
        .failure = "the destination has RAM blocks that the source lacks",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = holds_no_extra_blocks,
        .remedy = "start the destination with the source's -m and -device",
        .spec = "qemu migration/ram.c parse_ramblocks()",
    }, {
        .id = "memory.host-page-size",
        .title = "RAM is backed by host pages of the same size, as postcopy"
                 " asks",
        .failure = "RAM is backed by host pages of another size",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_host_pages,
        .remedy = "give both ends the same -object memory-backend-*, or set"
                  " postcopy-ram off on both with migrate-set-capabilities",
        .spec = "qemu migration/ram.c parse_ramblock()",
    }, {
        .id = "device.present",
        .title = "the destination has each device of the source",
        .failure = "the destination lacks devices of the source",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_devices,
        .remedy = "start the destination with the source's -device options",
        .spec = "qemu migration/savevm.c qemu_loadvm_section_start_full()",
    }, {
        .id = "device.version",
        .title = "the destination loads the source's versions of device state",
        .failure = "the destination does not load the source's version of"
                   " device state",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_device_versions,
        .remedy = "start both ends with the same -machine version, or update"
                  " QEMU on the destination",
        .spec = "qemu migration/vmstate.c vmstate_load_state()",
    }, {
        .id = "device.present-same",
        .title = "the destination has no device that the source lacks",
        .failure = "the destination has devices that the source lacks",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .holds = holds_no_extra_devices,
        .remedy = "start the destination with the source's -device options",
        .spec = "qemu migration/savevm.c: what is not sent is not loaded",
    }, {
        .id = "vfc.wwpn-pairs",
        .title = "virtual Fibre Channel adapters pair up by reg and WWPNs",
        .failure = "virtual Fibre Channel adapters do not pair up",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_wwpns,
        .remedy = "give both ends the same -device"
                  " spapr-vfc,reg=,wwpn=,wwpn2=",
        .spec = "FORMATS.md 1.3: WWPN pairs, by reg",
    }, {
        .id = "vfc.storage-seen",
        .title = "the storage of each virtual Fibre Channel adapter was seen"
                 " from both ends",
        .failure = "the storage of a virtual Fibre Channel adapter cannot be"
                   " seen from both ends",
        .covers = "VTG-098 VTG-099",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_storage_is_seen,
        .remedy = "zone the WWPN for that host, put it into the target's"
                  " access list, and see that the portals answer there",
        .spec = "design 3: the standby WWPN logs in before RAM moves",
    }, {
        .id = "vfc.luns",
        .title = "both WWPNs of a pair see the same LUNs",
        .failure = "the WWPNs of a pair do not see the same LUNs",
        .covers = "VTG-098 VTG-099 VTG-101",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_storage_same_luns,
        .remedy = "give both WWPNs of the pair the same targets and LUNs",
        .spec = "design 3: LUN sets by identity",
    }, {
        .id = "vfc.lun-identity",
        .title = "a LUN is the same logical unit for both WWPNs of a pair",
        .failure = "a LUN is another logical unit for the other WWPN of the"
                   " pair",
        .covers = "VTG-098 VTG-099",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_storage_same_units,
        .remedy = "give both WWPNs of the pair the same logical units under"
                  " the same LUNs",
        .spec = "SPC-5 7.7.6: designators of page 0x83",
    }, {
        .id = "vfc.lun-size",
        .title = "a LUN is as large for both WWPNs of a pair",
        .failure = "a LUN has another size for the other WWPN of the pair",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_storage_same_sizes,
        .remedy = "let the target show both WWPNs the same size",
        .spec = "SBC-4 READ CAPACITY(16)",
    }, {
        .id = "vfc.max-transfer",
        .title = "the destination takes commands as large as the source's",
        .failure = "the destination's adapter or LUN takes smaller commands"
                   " than the source's",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_storage_same_transfers,
        .remedy = "start the destination with the source's max-transfer="
                  " of spapr-vfc, or set the target's limits alike",
        .spec = "SBC-4 6.6.4: block limits",
    }, {
        .id = "vfc.reservations",
        .title = "no LUN is reserved for the WWPN that is given up",
        .failure = "a reservation is held by the WWPN that is given up",
        .covers = "",
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .holds = lpm_storage_is_free,
        .remedy = "let the guest release the reservation and its key, and"
                  " take them again after the move",
        .spec = "SPC-5 5.14: a reservation belongs to the initiator port",
    }, {
        .id = "stream.multifd",
        .title = "multifd is on at both ends or at none",
        .failure = "multifd is on at one end only",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_multifd,
        .remedy = "set multifd alike with migrate-set-capabilities",
        .spec = "qemu migration/migration.c",
    }, {
        .id = "stream.channels",
        .title = "both ends have the same number of multifd channels",
        .failure = "the destination has another number of multifd channels",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_channels,
        .remedy = "set multifd-channels alike with migrate-set-parameters",
        .spec = "measured on 10.0.13: 2 and 4 channels wait for ever",
    }, {
        .id = "stream.channel-uuid",
        .title = "both ends of a multifd channel have the guest's UUID",
        .failure = "the destination's multifd channels are for another UUID",
        .covers = "",
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_channel_uuid,
        .remedy = "start the destination with the source's -uuid",
        .spec = "qemu migration/multifd.c multifd_recv_initial_packet()",
    }, {
        .id = "stream.compression",
        .title = "both ends have the same multifd compression",
        .failure = "the destination has another multifd compression",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_compression,
        .remedy = "set multifd-compression alike with migrate-set-parameters",
        .spec = "qemu migration/multifd.c: a receiver has one method",
    }, {
        .id = "stream.codec",
        .title = "both ends speak the same version of the lpm page frame",
        .failure = "the destination speaks another version of the lpm page"
                   " frame",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_codec,
        .remedy = "set multifd-compression to zstd or none at both ends with"
                  " migrate-set-parameters, or install the same release",
        .spec = "FORMATS.md 3",
    }, {
        .id = "stream.codec-frame",
        .title = "the destination takes page frames as large as the source's",
        .failure = "the source's page frames are too large for the"
                   " destination",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_codec_frame,
        .remedy = "set multifd-compression to zstd or none at both ends with"
                  " migrate-set-parameters, or install the same release",
        .spec = "FORMATS.md 3",
    }, {
        .id = "stream.capabilities",
        .title = "both ends have the migration capabilities that shape the"
                 " stream",
        .failure = "migration capabilities that shape the stream differ",
        .covers = "",
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .holds = holds_capabilities,
        .remedy = "set them alike with migrate-set-capabilities",
        .spec = "qemu qapi/migration.json MigrationCapability",
    },
};

const LpmCheck *lpm_checks(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(checks);
    return checks;
}

LpmCheckVerdict lpm_check_run(const LpmCheck *check, const LpmOffer *source,
                              const LpmOffer *destination, char **ret_source,
                              char **ret_destination, char **ret_remedy)
{
    Finding finding = {
        .source = g_string_new(NULL),
        .destination = g_string_new(NULL),
        .remedy = g_string_new(NULL),
    };
    Verdict verdict;

    if (check->holds != holds_arch && source->arch && destination->arch &&
        !g_str_equal(source->arch, destination->arch)) {
        /* Between architectures, nothing else means anything. */
        verdict = LPM_CHECK_NOT_APPLICABLE;
    } else {
        verdict = check->holds(source, destination, &finding);
    }
    if (verdict == LPM_CHECK_NOT_APPLICABLE) {
        g_string_truncate(finding.source, 0);
        g_string_truncate(finding.destination, 0);
        g_string_truncate(finding.remedy, 0);
    } else if (finding.remedy->len == 0) {
        g_string_assign(finding.remedy, check->remedy);
    }
    *ret_source = g_string_free(finding.source, FALSE);
    *ret_destination = g_string_free(finding.destination, FALSE);
    *ret_remedy = g_string_free(finding.remedy, FALSE);
    return verdict;
}

LpmAnswer *lpm_compare(const LpmOffer *source, const LpmOffer *destination)
{
    LpmAnswer *answer = lpm_answer_new();

    for (guint i = 0; i < G_N_ELEMENTS(checks); i++) {
        const LpmCheck *check = &checks[i];
        g_autofree char *from = NULL;
        g_autofree char *to = NULL;
        g_autofree char *remedy = NULL;
        g_autofree char *unknown = NULL;

        switch (lpm_check_run(check, source, destination, &from, &to,
                              &remedy)) {
        case LPM_CHECK_HOLDS:
        case LPM_CHECK_NOT_APPLICABLE:
            break;
        case LPM_CHECK_FAILS:
            lpm_answer_add(answer, check->severity, check->id, check->failure,
                           from, to, remedy);
            break;
        case LPM_CHECK_UNKNOWN:
            /* What would only warn is for people: no need to refuse. */
            if (check->severity == LPM_SEVERITY_ERROR) {
                unknown = g_strdup_printf("cannot tell whether %s",
                                          check->title);
                lpm_answer_add(answer, LPM_SEVERITY_ERROR, check->id, unknown,
                               from, to, "compare query-lpm-offer of both"
                               " ends: one of them does not tell it");
            }
            break;
        }
    }
    if (answer->accepted && uses_modes(source) &&
        !is_default(source->preferred_mode) &&
        is_default(destination->preferred_mode)) {
        answer->preferred_mode = g_strdup(source->preferred_mode);
    }
    return answer;
}
