/*
 * lpm migrate: validate, hand off, watch, report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/report.h"

/* Written by the handler; both ends non-blocking. */
static int interrupt_pipe[2] = { -1, -1 };
static volatile sig_atomic_t interrupts;

static void on_signal(int number)
{
    static const char left[] =
        "\nlpm: left at once; which side has the guest was not looked at: "
        "see lpm status --source qmp:PATH and --destination qmp:PATH\n";
    char byte = (char)number;

    if (interrupts++ > 0) {
        if (write(STDERR_FILENO, left, sizeof(left) - 1) < 0) {
            /* nobody to tell */
        }
        _exit(LPM_OUTCOME_UNCLEAR);
    }
    if (write(interrupt_pipe[1], &byte, 1) < 0) {
        /* full: the reader has been told already */
    }
}

static gboolean catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal,
                                .sa_flags = SA_RESTART };

    if (!g_unix_open_pipe(interrupt_pipe, FD_CLOEXEC, NULL) ||
        !g_unix_set_fd_nonblocking(interrupt_pipe[0], TRUE, NULL) ||
        !g_unix_set_fd_nonblocking(interrupt_pipe[1], TRUE, NULL)) {
        return FALSE;
    }
    sigemptyset(&action.sa_mask);
    return sigaction(SIGINT, &action, NULL) == 0 &&
           sigaction(SIGTERM, &action, NULL) == 0;
}

typedef struct View {
    LpmProgressView progress;
    gboolean quiet;
    gboolean json;
    gboolean verbose;
    LpmHeldMove *held;      /* in the host's record of moves, or NULL */
} View;

static void on_progress(const LpmMoveProgress *progress, gpointer opaque)
{
    View *view = opaque;

    lpm_report_progress(&view->progress, progress);
    lpm_moves_progress(view->held, progress);
}

static void on_note(const char *text, gpointer opaque)
{
    View *view = opaque;
    g_autofree char *safe = lpm_report_escape(text);

    if (view->quiet) {
        return;
    }
    if (view->json) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "type", "note");
        json_object_set_string_member(o, "text", text);
        json_node_take_object(node, o);
        lpm_report_print(stdout, node, FALSE);
        return;
    }
    lpm_report_progress_end(&view->progress);
    printf("%s\n", safe);
    fflush(stdout);
}

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

/* Returns: whether to go on; else @ret_exit. */
static gboolean validate_first(LpmOptions *options, View *view,
                               LpmQmp *source, LpmQmp *destination,
                               int *ret_exit)
{
    g_autoptr(LpmFacts) facts = NULL;
    g_autoptr(GPtrArray) results = NULL;
    LpmMoveProgress progress = { .phase = LPM_MOVE_VALIDATING,
                                 .remaining_ms = -1, .downtime_ms = -1 };
    LpmRun run = { .move = LPM_MOVE_ACTIVE, .profile = LPM_PROFILE_QEMU };
    LpmJudged judged;
    LpmVerdict verdict;
    gboolean go_on;

    on_progress(&progress, view);
    facts = lpm_gather(options, (LpmQmp *[]) { source, destination },
                       (char *[]) { NULL, NULL }, ret_exit);
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
    g_autoptr(LpmQmp) source = lpm_connect(options, LPM_SIDE_SOURCE,
                                           &why_source);
    g_autoptr(LpmQmp) destination = lpm_connect(
        options, LPM_SIDE_DESTINATION, &why_destination);
    View view = {
        .progress.out = stdout,
        .quiet = options->quiet,
        .json = options->format == LPM_FORMAT_JSON,
        .verbose = options->verbose,
    };
    const LpmMoveObserver observer = {
        .progress = on_progress, .note = on_note, .opaque = &view,
    };
    LpmMoveReport *report;
    int code = LPM_EXIT_UNKNOWN;

    if (source == NULL) {
        lpm_say("%s", why_source);
    }
    if (destination == NULL) {
        lpm_say("%s", why_destination);
    }
    if (source == NULL || destination == NULL) {
        return LPM_EXIT_UNKNOWN;
    }
    view.progress.style = options->format == LPM_FORMAT_JSON ? LPM_PROGRESS_JSON :
                          options->quiet ? LPM_PROGRESS_NONE :
                          isatty(STDOUT_FILENO) ? LPM_PROGRESS_BAR :
                          LPM_PROGRESS_LINES;
    if (!options->no_validate &&
        !validate_first(options, &view, source, destination, &code)) {
        return code;
    }
    if (!catch_signals()) {
        lpm_say("cannot catch signals: Ctrl-C will not cancel the move");
    }
    if (!options->move.dry_run &&
        !lpm_moves_begin(options, source, &view.held, &code)) {
        return code;
    }
    report = lpm_move_run(source, destination, &options->move, &observer,
                          interrupt_pipe[0]);
    lpm_moves_end(view.held, report);
    lpm_report_progress_end(&view.progress);
    if (options->format == LPM_FORMAT_JSON) {
        g_autoptr(JsonNode) node = lpm_report_outcome_json(report);

        lpm_report_print(stdout, node, FALSE);
    } else if (!options->quiet || report->outcome != LPM_OUTCOME_DONE) {
        lpm_report_outcome(report->outcome == LPM_OUTCOME_DONE ? stdout :
                           stderr, report);
    }
    code = report->outcome;
    lpm_move_report_free(report);
    return code;
}
