/*
 * How lpm shows a move, and how it is interrupted
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_MOVE_VIEW_H
#define LPM_MOVE_VIEW_H

#include "cli/cli.h"
#include "report/report.h"

struct LpmMoveView {
    LpmProgressView progress;
    gboolean quiet;
    gboolean json;
    gboolean verbose;
    LpmHeldMove *held;      /* in the host's record of moves, or NULL */
};

/** lpm_move_view_init: as --format, --quiet and --verbose say. */
void lpm_move_view_init(LpmMoveView *view, const LpmOptions *options);

/** lpm_move_view_observer: @view must outlive it. */
LpmMoveObserver lpm_move_view_observer(LpmMoveView *view);

/** lpm_move_view_phase: of ours, before there are figures. */
void lpm_move_view_phase(LpmMoveView *view, LpmMovePhase phase);

/**
 * lpm_move_view_end:
 * @report: (transfer full)
 *
 * Also ends its record.
 *
 * Returns: the exit code.
 */
int lpm_move_view_end(LpmMoveView *view, LpmMoveReport *report);

/**
 * lpm_catch_signals:
 * @left: static: what a second one is answered with, before lpm leaves
 *
 * From now on SIGINT and SIGTERM make the return value readable; says
 * itself if they cannot be caught.
 *
 * Returns: a file descriptor, or -1.
 */
int lpm_catch_signals(const char *left);

#endif /* LPM_MOVE_VIEW_H */
