/*
 * lpm status, lpm cancel
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>

#include "cli/cli.h"
#include "report/report.h"

static int status_of(LpmOptions *options, LpmSide side)
{
    LpmProgressView view = {
        .out = stdout,
        .style = LPM_PROGRESS_LINES,
    };
    g_autofree char *why = NULL;
    g_autofree char *state = NULL;
    g_autoptr(LpmQmp) qmp = lpm_connect(options, side, &why);
    g_autoptr(GError) err = NULL;
    LpmMoveProgress progress = { 0 };

    if (qmp == NULL) {
        lpm_say("%s", why);
        return LPM_EXIT_UNKNOWN;
    }
    state = lpm_move_run_state(qmp, &err);
    if (state == NULL || !lpm_move_look(qmp, &progress, &err)) {
        lpm_say("%s", err->message);
        return LPM_EXIT_UNKNOWN;
    }
    if (options->quiet) {
        return LPM_EXIT_PASS;
    }
    if (options->format == LPM_FORMAT_JSON) {
        g_autoptr(JsonNode) node = lpm_report_progress_json(&progress);
        JsonObject *object = json_node_get_object(node);

        json_object_set_string_member(object, "type", "status");
        json_object_set_string_member(object, "side", lpm_side_name(side));
        json_object_set_string_member(object, "run-state", state);
        lpm_report_print(stdout, node, FALSE);
    } else {
        g_autofree char *safe = lpm_report_escape(state);

        printf("%s: %s\n", lpm_side_name(side), safe);
        lpm_report_progress(&view, &progress);
    }
    return LPM_EXIT_PASS;
}

int lpm_cmd_status(LpmOptions *options)
{
    if (options->sides[LPM_SIDE_SOURCE]->len > 0) {
        return status_of(options, LPM_SIDE_SOURCE);
    }
    return options->sides[LPM_SIDE_DESTINATION]->len > 0 ?
           status_of(options, LPM_SIDE_DESTINATION) :
           lpm_moves_list(options);
}

int lpm_cmd_cancel(LpmOptions *options)
{
    g_autofree char *why = NULL;
    g_autoptr(LpmQmp) qmp = lpm_connect(options, LPM_SIDE_SOURCE, &why);
    LpmMoveReport *report;
    int code;

    if (qmp == NULL) {
        lpm_say("%s", why);
        return LPM_EXIT_UNKNOWN;
    }
    report = lpm_move_cancel(qmp);
    if (options->format == LPM_FORMAT_JSON) {
        g_autoptr(JsonNode) node = lpm_report_outcome_json(report);

        lpm_report_print(stdout, node, FALSE);
    } else if (!options->quiet || report->outcome != LPM_OUTCOME_DONE) {
        lpm_report_outcome(stdout, report);
    }
    code = report->outcome;
    lpm_move_report_free(report);
    return code;
}
