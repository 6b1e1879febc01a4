/*
 * Whether a domain may come to this host, judged from its XML
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: the partition's facts are read as lpm validate reads
 * them from a daemon; of processors both sides get an offer that has what a
 * domain's XML and a host's policy tell of them, so that the rows of the
 * negotiation apply.  The one guess: a guest without a preferred mode runs in
 * its CPU model's own mode, unless the metadata says otherwise.
 */
#include <string.h>

#include "facts/gather-host.h"
#include "facts/gather-libvirt.h"
#include "hook/judge.h"
#include "rules/rules.h"

#define ORIGIN  "domain XML"

static gboolean read_partition(const LpmDomain *domain, LpmFacts *facts,
                               GError **error)
{
    g_autoptr(LpmLibvirtRaw) raw = lpm_libvirt_raw_new("hook");
    LpmLibvirtDomain *one = lpm_libvirt_raw_domain(raw,
                                                   lpm_domain_name(domain));
    g_autoptr(LpmNode) system = NULL;

    one->xml = lpm_domain_text(domain);
    one->state = LPM_LIBVIRT_RUNNING;
    one->persistent = one->saved = LPM_LIBVIRT_NOT_TOLD;
    one->leaves = one->arrives = LPM_LIBVIRT_NOT_TOLD;
    system = lpm_libvirt_read(raw, error);
    if (system == NULL) {
        return FALSE;
    }
    lpm_node_merge(lpm_facts_system(facts, LPM_SIDE_SOURCE), system);
    lpm_facts_select(facts, lpm_domain_name(domain));
    return TRUE;
}

/* The newest mode of QEMU's that a processor runs. */
static LpmMode own_mode(LpmServer server)
{
    LpmModeSet set = lpm_server_support(server)->current;
    LpmMode mode = LPM_MODE__COUNT - 1;

    while (mode > LPM_MODE_POWER5 && !lpm_mode_set_has(set, mode)) {
        mode--;
    }
    return mode;
}

static LpmOffer *offer_of(const char *model, LpmServer server,
                          const char *preferred, const char *current)
{
    LpmOffer *offer = lpm_offer_new();
    LpmModeSet set = lpm_server_support(server)->current;

    offer->arch = g_strdup("ppc64");
    offer->cpu_model = g_ascii_strdown(model, -1);
    offer->preferred_mode = g_strdup(preferred);
    offer->current_mode = g_strdup(current);
    for (guint mode = 0; mode < LPM_MODE__COUNT; mode++) {
        if (lpm_mode_set_has(set, mode) && mode != LPM_MODE_DEFAULT &&
            lpm_mode_qemu_name(mode) != NULL) {
            g_ptr_array_add(offer->modes, g_strdup(lpm_mode_name(mode)));
        }
    }
    return offer;
}

/* What processors there are: of the guest now, and of a guest here. */
static void set_offers(const LpmDomain *domain, const LpmPolicy *policy,
                       LpmFacts *facts)
{
    const LpmValue *preferred = lpm_node_get(lpm_facts_partition(facts),
                                             LPM_PARTITION_PREFERRED_MODE);
    const char *model = lpm_domain_cpu_model(domain);
    const char *ceiling = preferred != NULL ? preferred->text :
                          lpm_mode_name(LPM_MODE_DEFAULT);
    const char *current = NULL;
    LpmServer server;
    LpmMode mode;

    if (model == NULL || !lpm_policy_server_of(model, &server)) {
        return;
    }
    if (lpm_domain_current_mode(domain, &mode)) {
        current = lpm_mode_name(mode);
    } else if (g_str_equal(ceiling, lpm_mode_name(LPM_MODE_DEFAULT))) {
        current = lpm_mode_name(own_mode(server));
    }
    lpm_facts_set_offer(facts, LPM_SIDE_SOURCE,
                        offer_of(model, server, ceiling, current), ORIGIN);
    if (policy->cpu_model != NULL) {
        model = policy->cpu_model;
        server = policy->server;
    }
    lpm_facts_set_offer(facts, LPM_SIDE_DESTINATION,
                        offer_of(model, server, ceiling, NULL),
                        policy->path);
}

/* Rows of the negotiation speak of QEMU's options; here nobody writes those. */
static char *remedy_of(const LpmRuleResult *result)
{
    static const char option[] = "with -machine max-cpu-compat=";
    const char *at = strstr(result->remedy, option);
    const char *mode = at != NULL ? at + strlen(option) : NULL;
    gsize len = mode != NULL ? strcspn(mode, " ,;)") : 0;

    return at == NULL ? g_strdup(result->remedy) :
           g_strdup_printf("%.*swith <lpm:preferred-mode>%.*s"
                           "</lpm:preferred-mode> in its metadata (see lpm "
                           "define)%s", (int)(at - result->remedy),
                           result->remedy, (int)len, mode, mode + len);
}

static void add_result(GString *text, const LpmRuleResult *result)
{
    g_autofree char *remedy = result->remedy != NULL ? remedy_of(result) :
                                                       NULL;

    g_string_append_printf(text, "  %s: wanted: %s\n    %s; %s",
                           result->rule->id, result->rule->title,
                           result->actual != NULL ? result->actual : "-",
                           result->expected != NULL ? result->expected :
                                                      "-");
    if (remedy != NULL) {
        g_string_append_printf(text, "\n    remedy: %s", remedy);
    }
    g_string_append_c(text, '\n');
}

char *lpm_hook_judge(const LpmDomain *domain, const LpmPolicy *policy,
                     const char *root, GError **error)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GPtrArray) results = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const LpmRun run = { .move = LPM_MOVE_ACTIVE,
                         .profile = LPM_PROFILE_QEMU };

    if (!read_partition(domain, facts, error) ||
        !lpm_gather_host(facts, LPM_SIDE_DESTINATION, root, error)) {
        return NULL;
    }
    set_offers(domain, policy, facts);
    results = lpm_rules_run(facts, &run);
    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(results, i);

        if (result->status == LPM_RULE_FAIL) {
            add_result(text, result);
        }
    }
    return text->len == 0 ? NULL :
           g_string_free(g_steal_pointer(&text), FALSE);
}
