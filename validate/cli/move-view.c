/*
 * How lpm shows a move, and how it is interrupted
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/move-view.h"

/* Written by the handler; both ends non-blocking. */
static int interrupt_pipe[2] = { -1, -1 };
static volatile sig_atomic_t interrupts;
static const char *left_text = "";

static void on_signal(int number)
{
    char byte = (char)number;

    if (interrupts++ > 0) {
        if (write(STDERR_FILENO, left_text, strlen(left_text)) < 0) {
            /* nobody to tell */
        }
        _exit(LPM_OUTCOME_UNCLEAR);
    }
    if (write(interrupt_pipe[1], &byte, 1) < 0) {
        /* full: the reader has been told already */
    }
}

int lpm_catch_signals(const char *left)
{
    struct sigaction action = { .sa_handler = on_signal,
                                .sa_flags = SA_RESTART };

    left_text = left;
    sigemptyset(&action.sa_mask);
    if (!g_unix_open_pipe(interrupt_pipe, FD_CLOEXEC, NULL) ||
        !g_unix_set_fd_nonblocking(interrupt_pipe[0], TRUE, NULL) ||
        !g_unix_set_fd_nonblocking(interrupt_pipe[1], TRUE, NULL) ||
        sigaction(SIGINT, &action, NULL) != 0 ||
        sigaction(SIGTERM, &action, NULL) != 0) {
        lpm_say("cannot catch signals: Ctrl-C will not cancel the move");
    }
    return interrupt_pipe[0];
}

static void on_progress(const LpmMoveProgress *progress, gpointer opaque)
{
    LpmMoveView *view = opaque;

    lpm_report_progress(&view->progress, progress);
    lpm_moves_progress(view->held, progress);
}

static void on_note(const char *text, gpointer opaque)
{
    LpmMoveView *view = opaque;
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

void lpm_move_view_init(LpmMoveView *view, const LpmOptions *options)
{
    *view = (LpmMoveView) {
        .progress.out = stdout,
        .quiet = options->quiet,
        .json = options->format == LPM_FORMAT_JSON,
        .verbose = options->verbose,
    };
    view->progress.style = view->json ? LPM_PROGRESS_JSON :
                           view->quiet ? LPM_PROGRESS_NONE :
                           isatty(STDOUT_FILENO) ? LPM_PROGRESS_BAR :
                           LPM_PROGRESS_LINES;
}

LpmMoveObserver lpm_move_view_observer(LpmMoveView *view)
{
    return (LpmMoveObserver) {
        .progress = on_progress, .note = on_note, .opaque = view,
    };
}

void lpm_move_view_phase(LpmMoveView *view, LpmMovePhase phase)
{
    LpmMoveProgress progress = { .phase = phase, .remaining_ms = -1,
                                 .downtime_ms = -1 };

    on_progress(&progress, view);
}

int lpm_move_view_end(LpmMoveView *view, LpmMoveReport *report)
{
    int code = report->outcome;

    lpm_moves_end(view->held, report);
    view->held = NULL;
    lpm_report_progress_end(&view->progress);
    if (view->json) {
        g_autoptr(JsonNode) node = lpm_report_outcome_json(report);

        lpm_report_print(stdout, node, FALSE);
    } else if (!view->quiet || report->outcome != LPM_OUTCOME_DONE) {
        lpm_report_outcome(report->outcome == LPM_OUTCOME_DONE ? stdout :
                           stderr, report);
    }
    lpm_move_report_free(report);
    return code;
}
