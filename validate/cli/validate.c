/*
 * lpm validate, lpm offer: gather facts, judge them, report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "facts/gather.h"
#include "report/report.h"

LpmQmp *lpm_connect(const LpmOptions *options, LpmSide side, char **ret_why)
{
    const LpmEndpoint *end = &options->sides[side];
    g_autoptr(GError) err = NULL;
    LpmQmp *qmp;

    *ret_why = NULL;
    if (!end->given || !end->is_qmp) {
        return NULL;
    }
    qmp = lpm_qmp_connect(end->path, lpm_side_name(side),
                          options->qmp_deadline_ms, &err);
    if (qmp == NULL) {
        *ret_why = g_strdup(err->message);
    }
    return qmp;
}

LpmFacts *lpm_gather(const LpmOptions *options, LpmQmp *const *qmp,
                     char *const *why, GError **error)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        const LpmEndpoint *end = &options->sides[i];

        if (end->is_qmp) {
            lpm_gather_qmp(facts, (LpmSide)i, qmp[i], why[i]);
        } else if (!lpm_gather_offer_file(facts, (LpmSide)i, end->path,
                                          error)) {
            return NULL;
        }
    }
    if (options->uri != NULL) {
        lpm_facts_set_string(facts, LPM_SIDE_DESTINATION, LPM_QEMU_URI,
                             options->uri, "--uri");
    }
    return g_steal_pointer(&facts);
}

static int exit_of(LpmVerdict verdict)
{
    switch (verdict) {
    case LPM_VERDICT_PASS:
        return LPM_EXIT_PASS;
    case LPM_VERDICT_FAIL:
        return LPM_EXIT_FAIL;
    case LPM_VERDICT_UNKNOWN:
        return LPM_EXIT_UNKNOWN;
    }
    g_assert_not_reached();
}

static gboolean known_rules(char *const *only, int *ret_exit)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize k = 0; only != NULL && only[k] != NULL; k++) {
        gboolean found = FALSE;

        for (gsize i = 0; !found && i < n; i++) {
            found = lpm_rule_matches(&rules[i], only[k]);
        }
        if (!found) {
            *ret_exit = lpm_usage("--rule %s: no rule has or covers this "
                                  "id; see lpm validate --list", only[k]);
            return FALSE;
        }
    }
    return TRUE;
}

int lpm_cmd_validate(LpmOptions *options)
{
    g_autoptr(LpmQmp) source = NULL;
    g_autoptr(LpmQmp) destination = NULL;
    g_autofree char *why_source = NULL;
    g_autofree char *why_destination = NULL;
    g_autoptr(LpmFacts) facts = NULL;
    g_autoptr(GPtrArray) results = NULL;
    g_autoptr(GError) err = NULL;
    int code;

    if (options->list) {
        lpm_report_list(stdout);
        return LPM_EXIT_PASS;
    }
    if (options->explain != NULL) {
        if (!lpm_report_explain(stdout, options->explain)) {
            return lpm_usage("--explain %s: no rule has or covers this id; "
                             "see lpm validate --list", options->explain);
        }
        return LPM_EXIT_PASS;
    }
    if (!known_rules(options->only, &code)) {
        return code;
    }
    source = lpm_connect(options, LPM_SIDE_SOURCE, &why_source);
    destination = lpm_connect(options, LPM_SIDE_DESTINATION,
                              &why_destination);
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        const char *why = i == 0 ? why_source : why_destination;

        if (why != NULL) {
            lpm_say("%s", why);
        }
    }
    facts = lpm_gather(options, (LpmQmp *[]) { source, destination },
                       (char *[]) { why_source, why_destination }, &err);
    if (facts == NULL) {
        lpm_say("%s", err->message);
        return LPM_EXIT_USAGE;
    }
    results = lpm_rules_run(facts, &(LpmRun) {
        .move = options->inactive ? LPM_MOVE_INACTIVE : LPM_MOVE_ACTIVE,
        .profile = LPM_PROFILE_QEMU,
        .only = (const char *const *)options->only,
    });
    if (options->json) {
        g_autoptr(JsonNode) node = lpm_report_json(results);

        lpm_report_print(stdout, node, TRUE);
    } else {
        lpm_report_text(stdout, results, options->quiet ? LPM_DETAIL_QUIET :
                        options->verbose ? LPM_DETAIL_VERBOSE :
                        LPM_DETAIL_NORMAL, lpm_report_colour(stdout));
    }
    return exit_of(lpm_rules_verdict(results));
}

int lpm_cmd_offer(LpmOptions *options)
{
    LpmSide side = options->sides[LPM_SIDE_SOURCE].given ?
                   LPM_SIDE_SOURCE : LPM_SIDE_DESTINATION;
    g_autofree char *why = NULL;
    g_autoptr(LpmQmp) qmp = lpm_connect(options, side, &why);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) err = NULL;

    if (qmp == NULL) {
        lpm_say("%s", why);
        return LPM_EXIT_UNKNOWN;
    }
    node = lpm_qmp_execute(qmp, "query-lpm-offer", NULL, &err);
    if (node == NULL) {
        lpm_say("%s; start this QEMU with -object migration-lpm,id=lpm0",
                err->message);
        return LPM_EXIT_UNKNOWN;
    }
    lpm_report_print(stdout, node, TRUE);
    return LPM_EXIT_PASS;
}
