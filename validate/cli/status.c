/*
 * lpm status, lpm cancel
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>

#include "cli/cli.h"
#include "handoff/virt-move.h"
#include "report/report.h"

static void print_status(const LpmOptions *options, LpmSide side,
                         const char *state, const LpmMoveProgress *progress)
{
    LpmProgressView view = {
        .out = stdout,
        .style = LPM_PROGRESS_LINES,
    };

    if (options->quiet) {
        return;
    }
    if (options->format == LPM_FORMAT_JSON) {
        g_autoptr(JsonNode) node = lpm_report_progress_json(progress);
        JsonObject *object = json_node_get_object(node);

        json_object_set_string_member(object, "type", "status");
        json_object_set_string_member(object, "side", lpm_side_name(side));
        json_object_set_string_member(object, "run-state", state);
        lpm_report_print(stdout, node, FALSE);
    } else {
        g_autofree char *safe = lpm_report_escape(state);

        printf("%s: %s\n", lpm_side_name(side), safe);
        lpm_report_progress(&view, progress);
    }
}

static int status_over_libvirt(const LpmOptions *options, LpmSide side)
{
    const char *uri = lpm_endpoints_libvirt(options->sides[side]);
    LpmVirtStatus status = { 0 };
    g_autoptr(GError) err = NULL;

    if (!lpm_virt_move_status(uri, lpm_side_name(side), options->partition,
                              options->qmp_deadline_ms, &status, &err)) {
        lpm_say("%s", err->message);
        return LPM_EXIT_UNKNOWN;
    }
    /* after a move a transient domain is not there any more: no failure */
    print_status(options, side, status.state, &status.progress);
    g_free(status.state);
    return LPM_EXIT_PASS;
}

static int status_of(const LpmOptions *options, LpmSide side)
{
    g_autofree char *why = NULL;
    g_autofree char *state = NULL;
    g_autoptr(LpmQmp) qmp = NULL;
    g_autoptr(GError) err = NULL;
    LpmMoveProgress progress = { 0 };

    if (lpm_over_libvirt(options)) {
        return status_over_libvirt(options, side);
    }
    qmp = lpm_connect(options, side, &why);
    if (qmp == NULL) {
        lpm_say("%s", why);
        return LPM_EXIT_UNKNOWN;
    }
    state = lpm_move_run_state(qmp, &err);
    if (state == NULL || !lpm_move_look(qmp, &progress, &err)) {
        lpm_say("%s", err->message);
        return LPM_EXIT_UNKNOWN;
    }
    print_status(options, side, state, &progress);
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
    g_autoptr(LpmQmp) qmp = NULL;
    LpmMoveReport *report;
    int code;

    if (lpm_over_libvirt(options)) {
        report = lpm_virt_move_cancel(
            lpm_endpoints_libvirt(options->sides[LPM_SIDE_SOURCE]),
            options->partition, options->qmp_deadline_ms);
    } else {
        qmp = lpm_connect(options, LPM_SIDE_SOURCE, &why);
        if (qmp == NULL) {
            lpm_say("%s", why);
            return LPM_EXIT_UNKNOWN;
        }
        report = lpm_move_cancel(qmp);
    }
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
