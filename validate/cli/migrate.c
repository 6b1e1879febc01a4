/*
 * lpm migrate: validate, hand off, watch, report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/move-view.h"
#include "report/report.h"

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * What the move will set counts, not what is set now: lpm migrate itself
 * makes both sides alike before it starts.
 */
static void plan_stream(LpmFacts *facts, const LpmOptions *options)
{
    gboolean codec = TRUE;
    const char *compression;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        codec = codec && lpm_facts_is(facts, (LpmSide)i,
                                      LPM_QEMU_LPM_OBJECT);
    }
    compression = options->move.channels == 0 ? "none" :
                  options->compression != NULL ? options->compression :
                  codec ? "lpm" : "none";
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        LpmOffer *offer;

        if (!lpm_facts_has(facts, (LpmSide)i, LPM_QEMU_OFFER)) {
            continue;
        }
        offer = lpm_facts_offer(facts, (LpmSide)i);
        offer->multifd = options->move.channels > 0;
        offer->channels = options->move.channels;
        g_free(offer->compression);
        offer->compression = g_strdup(compression);
        for (guint k = 0; k < offer->migration_caps->len; k++) {
            const char *cap = g_ptr_array_index(offer->migration_caps, k);

            if (g_str_equal(cap, "multifd") || g_str_equal(cap, "events") ||
                g_str_equal(cap, "return-path")) {
                g_ptr_array_remove_index(offer->migration_caps, k--);
            }
        }
        /* an offer has them sorted */
        g_ptr_array_add(offer->migration_caps, g_strdup("events"));
        if (options->move.channels > 0) {
            g_ptr_array_add(offer->migration_caps, g_strdup("multifd"));
        }
        g_ptr_array_add(offer->migration_caps, g_strdup("return-path"));
        g_ptr_array_sort(offer->migration_caps, compare_names);
    }
}

gboolean lpm_validate_first(LpmOptions *options, LpmMoveView *view,
                            LpmQmp *const *qmp, LpmMove move, int *ret_exit)
{
    g_autoptr(LpmFacts) facts = NULL;
    g_autoptr(GPtrArray) results = NULL;
    LpmRun run = { .move = move, .profile = LPM_PROFILE_QEMU };
    LpmJudged judged;
    LpmVerdict verdict;
    gboolean go_on;

    lpm_move_view_phase(view, LPM_MOVE_VALIDATING);
    facts = lpm_gather(options, qmp, (char *[]) { NULL, NULL }, ret_exit);
    if (facts == NULL || !lpm_choose(options, facts, ret_exit)) {
        return FALSE;
    }
    plan_stream(facts, options);
    results = lpm_rules_run(facts, &run);
    judged = (LpmJudged) { facts, &run, results };
    verdict = lpm_rules_verdict(results);
    lpm_report_progress_end(&view->progress);
    if (view->json) {
        g_autoptr(JsonNode) node = lpm_report_document(&judged);

        /* one document per line, as everything else here */
        json_object_set_string_member(json_node_get_object(node), "type",
                                      "verdict");
        lpm_report_print(stdout, node, FALSE);
    } else {
        lpm_report_table(stdout, &judged, view->quiet ? LPM_DETAIL_QUIET :
                         view->verbose ? LPM_DETAIL_VERBOSE :
                         LPM_DETAIL_NORMAL, lpm_report_colour(stdout));
        fflush(stdout);
    }
    go_on = verdict == LPM_VERDICT_PASS ||
            (verdict == LPM_VERDICT_UNKNOWN && options->allow_unknown);
    if (!go_on) {
        *ret_exit = verdict == LPM_VERDICT_FAIL ? LPM_EXIT_FAIL :
                                                  LPM_EXIT_UNKNOWN;
        lpm_say("%s; nothing was changed, the guest stays on the source",
                verdict == LPM_VERDICT_FAIL ?
                "the validation failed" :
                "the validation lacks facts (go on with --allow-unknown)");
    }
    return go_on;
}

int lpm_cmd_migrate(LpmOptions *options)
{
    g_autofree char *why_source = NULL;
    g_autofree char *why_destination = NULL;
    g_autoptr(LpmQmp) source = NULL;
    g_autoptr(LpmQmp) destination = NULL;
    LpmMoveView view;
    LpmMoveObserver observer;
    int code = LPM_EXIT_UNKNOWN;
    int interrupt_fd;

    if (lpm_over_libvirt(options)) {
        return lpm_migrate_over_libvirt(options);
    }
    source = lpm_connect(options, LPM_SIDE_SOURCE, &why_source);
    destination = lpm_connect(options, LPM_SIDE_DESTINATION,
                              &why_destination);
    if (source == NULL) {
        lpm_say("%s", why_source);
    }
    if (destination == NULL) {
        lpm_say("%s", why_destination);
    }
    if (source == NULL || destination == NULL) {
        return LPM_EXIT_UNKNOWN;
    }
    lpm_move_view_init(&view, options);
    observer = lpm_move_view_observer(&view);
    if (!options->no_validate &&
        !lpm_validate_first(options, &view,
                            (LpmQmp *[]) { source, destination },
                            LPM_MOVE_ACTIVE, &code)) {
        return code;
    }
    interrupt_fd = lpm_catch_signals(
        "\nlpm: left at once; which side has the guest was not looked at: "
        "see lpm status --source qmp:PATH and --destination qmp:PATH\n");
    if (!options->move.dry_run &&
        !lpm_moves_begin(options, source, &view.held, &code)) {
        return code;
    }
    return lpm_move_view_end(&view, lpm_move_run(source, destination,
                                                 &options->move, &observer,
                                                 interrupt_fd));
}
