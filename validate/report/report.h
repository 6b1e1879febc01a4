/*
 * Reports: a verdict as text or JSON, a move's progress, its end
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_REPORT_H
#define LPM_REPORT_H

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "handoff/move.h"
#include "rules/rules.h"

typedef enum LpmDetail {
    LPM_DETAIL_QUIET,       /* nothing */
    LPM_DETAIL_NORMAL,      /* what is not right, and the sum */
    LPM_DETAIL_VERBOSE,     /* every row */
} LpmDetail;

/**
 * lpm_report_colour: Returns: whether @out is a terminal that may be
 * coloured (NO_COLOR unset or empty, TERM not "dumb").
 */
gboolean lpm_report_colour(FILE *out);

/**
 * lpm_report_text:
 * @results: LpmRuleResult *
 *
 * Failures first, then warnings, unknown, and with VERBOSE the rest.
 * Control characters in values (they come from peers) are escaped.
 */
void lpm_report_text(FILE *out, const GPtrArray *results, LpmDetail detail,
                     gboolean colour);

/** lpm_report_json: (transfer full): as docs/lpm-verdict.schema.json says. */
JsonNode *lpm_report_json(const GPtrArray *results);

/** lpm_report_list: one line per row: id, severity, title. */
void lpm_report_list(FILE *out);

/**
 * lpm_report_explain:
 * @name: as lpm_rule_matches() takes it
 *
 * Returns: false if no row matches.
 */
gboolean lpm_report_explain(FILE *out, const char *name);

/** lpm_report_print: @node on one line; @pretty: indented. */
void lpm_report_print(FILE *out, JsonNode *node, gboolean pretty);

/** lpm_report_escape: (transfer full): @text fit for a terminal. */
char *lpm_report_escape(const char *text);

/* How the progress of a move is shown. */
typedef enum LpmProgressStyle {
    LPM_PROGRESS_NONE,
    LPM_PROGRESS_BAR,       /* one line that is redrawn */
    LPM_PROGRESS_LINES,     /* at most one line per second */
    LPM_PROGRESS_JSON,      /* as LINES, JSON objects */
} LpmProgressStyle;

typedef struct LpmProgressView {
    FILE *out;
    LpmProgressStyle style;
    gint64 last_us;
    LpmMovePhase last_phase;
    gboolean any;
} LpmProgressView;

/** lpm_report_progress: one look at a move. */
void lpm_report_progress(LpmProgressView *view,
                         const LpmMoveProgress *progress);

/** lpm_report_progress_json: (transfer full): one look, type "progress". */
JsonNode *lpm_report_progress_json(const LpmMoveProgress *progress);

/** lpm_report_progress_end: leaves the bar's line, if there is one. */
void lpm_report_progress_end(LpmProgressView *view);

/** lpm_report_outcome: the end of a move, as text. */
void lpm_report_outcome(FILE *out, const LpmMoveReport *report);

/** lpm_report_outcome_json: (transfer full): the same. */
JsonNode *lpm_report_outcome_json(const LpmMoveReport *report);

#endif /* LPM_REPORT_H */
