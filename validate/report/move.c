/*
 * Reports: the progress of a move and its end
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "report/layout.h"
#include "report/report.h"

#define BAR_CELLS  30

JsonNode *lpm_report_progress_json(const LpmMoveProgress *p)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "type", "progress");
    json_object_set_string_member(o, "phase", lpm_move_phase_name(p->phase));
    json_object_set_double_member(o, "percent", p->percent);
    json_object_set_int_member(o, "raw-bytes", (gint64)p->raw_bytes);
    json_object_set_int_member(o, "wire-bytes", (gint64)p->wire_bytes);
    json_object_set_int_member(o, "rate-bytes", (gint64)p->rate_bytes);
    json_object_set_int_member(o, "dirty-bytes", (gint64)p->dirty_bytes);
    json_object_set_int_member(o, "rounds", (gint64)p->rounds);
    json_object_set_int_member(o, "throttle-percent",
                               (gint64)p->throttle_percent);
    if (p->elapsed_ms >= 0) {
        json_object_set_int_member(o, "elapsed-ms", p->elapsed_ms);
    }
    if (p->remaining_ms >= 0) {
        json_object_set_int_member(o, "remaining-ms", p->remaining_ms);
    }
    if (p->downtime_ms >= 0) {
        json_object_set_int_member(o, "downtime-ms", p->downtime_ms);
    }
    json_node_take_object(node, o);
    return node;
}

static char *progress_text(const LpmMoveProgress *p)
{
    g_autofree char *raw = g_format_size_full(p->raw_bytes,
                                              G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *wire = g_format_size_full(p->wire_bytes,
                                               G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *rate = g_format_size_full((guint64)p->rate_bytes,
                                               G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *dirty = g_format_size_full(p->dirty_bytes,
                                                G_FORMAT_SIZE_IEC_UNITS);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%-9s %5.1f %%  raw %s, wire %s, %s/s, "
                           "dirty %s/s", lpm_move_phase_name(p->phase),
                           p->percent, raw, wire, rate, dirty);
    if (p->throttle_percent > 0) {
        g_string_append_printf(text, ", throttled %" G_GUINT64_FORMAT " %%",
                               p->throttle_percent);
    }
    if (p->remaining_ms >= 0) {
        g_string_append_printf(text, ", %.1f s left",
                               (double)p->remaining_ms / 1000);
    }
    if (p->downtime_ms >= 0) {
        g_string_append_printf(text, ", downtime %" G_GINT64_FORMAT " ms",
                               p->downtime_ms);
    }
    return g_string_free(text, FALSE);
}

static void print_bar(FILE *out, double percent, const char *text)
{
    guint cells = (guint)(percent * BAR_CELLS / 100);
    char bar[BAR_CELLS + 1];
    /*
     * Brackets, a space, and the last column, which some wrap at: a line
     * that wraps could not be drawn again.
     */
    int room = (int)lpm_columns(out) - BAR_CELLS - 4;

    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', MIN(cells, BAR_CELLS));
    bar[BAR_CELLS] = '\0';
    fprintf(out, "\r\033[K[%s] %.*s", bar, MAX(room, 0), text);
}

void lpm_report_progress(LpmProgressView *view,
                         const LpmMoveProgress *progress)
{
    gint64 now_us = g_get_monotonic_time();
    gboolean new_phase = !view->any || view->last_phase != progress->phase;
    gint64 every_us = view->style == LPM_PROGRESS_BAR ? 200 * 1000 :
                                                        G_USEC_PER_SEC;

    if (view->style == LPM_PROGRESS_NONE ||
        (!new_phase && now_us - view->last_us < every_us)) {
        return;
    }
    view->last_us = now_us;
    view->last_phase = progress->phase;
    view->any = TRUE;
    if (view->style == LPM_PROGRESS_JSON) {
        g_autoptr(JsonNode) node = lpm_report_progress_json(progress);

        lpm_report_print(view->out, node, FALSE);
    } else {
        g_autofree char *text = progress_text(progress);

        if (view->style == LPM_PROGRESS_BAR) {
            print_bar(view->out, progress->percent, text);
        } else {
            fprintf(view->out, "%s\n", text);
        }
        fflush(view->out);
    }
}

void lpm_report_progress_end(LpmProgressView *view)
{
    if (view->any && view->style == LPM_PROGRESS_BAR) {
        fputc('\n', view->out);
        fflush(view->out);
    }
    view->any = FALSE;
}

static void print_reasons(FILE *out, const LpmAnswer *answer)
{
    for (guint i = 0; answer != NULL && i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);
        g_autofree char *id = lpm_report_escape(reason->id);
        g_autofree char *title = lpm_report_escape(reason->title);
        g_autofree char *source = lpm_report_escape(reason->source);
        g_autofree char *destination = lpm_report_escape(
            reason->destination);
        g_autofree char *remedy = lpm_report_escape(reason->remedy);

        fprintf(out, "%-8s %s: %s\n         source    %s\n"
                "         destination %s\n         remedy    %s\n",
                reason->severity == LPM_SEVERITY_ERROR ? "REFUSED" : "WARN",
                id, title, source, destination, remedy);
    }
}

static double ratio(guint64 raw, guint64 wire)
{
    return wire > 0 ? (double)raw / (double)wire : 0;
}

void lpm_report_outcome(FILE *out, const LpmMoveReport *report)
{
    g_auto(GStrv) lines = g_strsplit(report->text, "\n", -1);

    /* elsewhere they are warnings, which the validation has said before */
    if (report->outcome == LPM_OUTCOME_REFUSED) {
        print_reasons(out, report->answer);
    }
    fprintf(out, "%s: ", report->outcome == LPM_OUTCOME_UNCLEAR ? "unclear" :
            lpm_move_phase_name(report->phase));
    for (gsize i = 0; lines[i] != NULL; i++) {
        g_autofree char *line = lpm_report_escape(lines[i]);

        if (line[0] != '\0') {
            fprintf(out, "%s%s\n", i > 0 ? "    " : "", line);
        }
    }
    if (report->advice[0] != '\0') {
        g_autofree char *advice = lpm_report_escape(report->advice);

        fprintf(out, "next: %s\n", advice);
    }
    fprintf(out, "guest: %s\n", report->where);
    if (report->total_ms >= 0) {
        fprintf(out, "total time %" G_GINT64_FORMAT " ms", report->total_ms);
        if (report->setup_ms >= 0) {
            fprintf(out, ", setup %" G_GINT64_FORMAT " ms",
                    report->setup_ms);
        }
        if (report->downtime_ms >= 0) {
            fprintf(out, ", downtime %" G_GINT64_FORMAT " ms",
                    report->downtime_ms);
        }
        if (report->negotiation_us >= 0) {
            fprintf(out, ", negotiation %.3f ms",
                    (double)report->negotiation_us / 1000);
        }
        fprintf(out, "\nraw %" G_GUINT64_FORMAT " bytes, wire %"
                G_GUINT64_FORMAT " bytes, ratio %.2f\n", report->raw_bytes,
                report->wire_bytes,
                ratio(report->raw_bytes, report->wire_bytes));
    }
    if (report->frames_wire_bytes > 0) {
        fprintf(out, "page frames: raw %" G_GUINT64_FORMAT " bytes, wire %"
                G_GUINT64_FORMAT " bytes, ratio %.2f\n",
                report->frames_raw_bytes, report->frames_wire_bytes,
                ratio(report->frames_raw_bytes, report->frames_wire_bytes));
    }
}

static void put_time(JsonObject *o, const char *member, gint64 value)
{
    if (value >= 0) {
        json_object_set_int_member(o, member, value);
    }
}

JsonNode *lpm_report_outcome_json(const LpmMoveReport *report)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    JsonArray *reasons = json_array_new();

    json_object_set_string_member(o, "type", "outcome");
    json_object_set_string_member(o, "phase",
                                  lpm_move_phase_name(report->phase));
    json_object_set_int_member(o, "exit", report->outcome);
    json_object_set_string_member(o, "guest", report->where);
    json_object_set_string_member(o, "text", report->text);
    json_object_set_string_member(o, "advice", report->advice);
    put_time(o, "total-ms", report->total_ms);
    put_time(o, "setup-ms", report->setup_ms);
    put_time(o, "downtime-ms", report->downtime_ms);
    put_time(o, "negotiation-us", report->negotiation_us);
    json_object_set_int_member(o, "raw-bytes", (gint64)report->raw_bytes);
    json_object_set_int_member(o, "wire-bytes", (gint64)report->wire_bytes);
    json_object_set_double_member(o, "ratio", ratio(report->raw_bytes,
                                                    report->wire_bytes));
    json_object_set_int_member(o, "frames-raw-bytes",
                               (gint64)report->frames_raw_bytes);
    json_object_set_int_member(o, "frames-wire-bytes",
                               (gint64)report->frames_wire_bytes);
    for (guint i = 0; report->answer != NULL &&
                      i < report->answer->reasons->len; i++) {
        const LpmReason *reason =
            g_ptr_array_index(report->answer->reasons, i);
        JsonObject *r = json_object_new();

        json_object_set_string_member(r, "id", reason->id);
        json_object_set_string_member(r, "severity",
                                      lpm_severity_name(reason->severity));
        json_object_set_string_member(r, "title", reason->title);
        json_object_set_string_member(r, "source", reason->source);
        json_object_set_string_member(r, "destination",
                                      reason->destination);
        json_object_set_string_member(r, "remedy", reason->remedy);
        json_array_add_object_element(reasons, r);
    }
    json_object_set_array_member(o, "reasons", reasons);
    json_node_take_object(node, o);
    return node;
}
