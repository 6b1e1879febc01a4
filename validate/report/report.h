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

/* What was judged, with what, and how it went. */
typedef struct LpmJudged {
    const LpmFacts *facts;
    const LpmRun *run;
    const GPtrArray *results;   /* LpmRuleResult *, of lpm_rules_run() */
} LpmJudged;

/**
 * lpm_report_table:
 *
 * Groups by subject: those with failures first, then with warnings, unknown;
 * with VERBOSE also what holds and what is not applicable.  A terminal's
 * width is kept; elsewhere each finding is a paragraph of whole lines.
 * Control characters in values (they come from peers) are escaped.
 */
void lpm_report_table(FILE *out, const LpmJudged *judged, LpmDetail detail,
                      gboolean colour);

/**
 * lpm_report_document: (transfer full): as docs/lpm-verdict.schema.json says.
 * Facts are listed if the run wanted them.
 */
JsonNode *lpm_report_document(const LpmJudged *judged);

/*
 * JUnit XML: a suite per subject.  Between begin and end one call for each
 * partition.
 */
void lpm_report_junit_begin(FILE *out);
void lpm_report_junit_add(FILE *out, const LpmJudged *judged);
void lpm_report_junit_end(FILE *out);

/** lpm_report_list: one line per row: id, severity, profiles, moves, title. */
void lpm_report_list(FILE *out);

/** lpm_report_list_json: (transfer full): all that a row says. */
JsonNode *lpm_report_list_json(void);

/**
 * lpm_report_explain:
 * @name: as lpm_rule_matches() takes it, or a spec id that has no row
 *
 * Returns: false if no row matches and no spec has such an id.
 */
gboolean lpm_report_explain(FILE *out, const char *name);

/** lpm_rule_subject: (transfer full): the part of the id before the dot. */
char *lpm_rule_subject(const LpmRule *rule);

/*
 * What a subject is about, and what it costs to move without; a row in
 * subjects.c.
 */
typedef struct LpmSubject {
    const char *name;
    const char *about;
    const char *why;
} LpmSubject;

/** lpm_subject_find: (nullable): that of a row. */
const LpmSubject *lpm_subject_find(const LpmRule *rule);

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

/** lpm_report_status: "FAIL    " on @out, in its colour if @colour. */
void lpm_report_status(FILE *out, LpmRuleStatus status, gboolean colour);

/** lpm_status_order: all statuses, in the order of reading. */
extern const LpmRuleStatus lpm_status_order[LPM_RULE_STATUS__MAX];

#endif /* LPM_REPORT_H */
