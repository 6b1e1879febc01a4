/*
 * Moves of this host: recorded while they run, and listed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config.h"
#include "domain/policy.h"
#include "error/lpm-error.h"
#include "facts/json-write.h"
#include "records/process.h"
#include "records/records.h"
#include "report/layout.h"
#include "report/report.h"

/* A move that this process holds */

struct LpmHeldMove {
    LpmRecords *records;
    gint64 id;
    LpmMovePhase phase;
};

/* (transfer full) (nullable): a string member of what QEMU answers. */
static char *ask(LpmQmp *qmp, const char *command, const char *member)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(JsonNode) answer = lpm_qmp_execute(qmp, command, NULL, &err);
    JsonNode *node = answer != NULL && JSON_NODE_HOLDS_OBJECT(answer) ?
        json_object_get_member(json_node_get_object(answer), member) : NULL;
    const char *text = node != NULL && JSON_NODE_HOLDS_VALUE(node) ?
                       json_node_get_string(node) : NULL;

    return text != NULL && text[0] != '\0' ? g_strdup(text) : NULL;
}

/* QEMU without -uuid has that of all zeros; it names nobody. */
static char *ask_uuid(LpmQmp *qmp)
{
    g_autofree char *uuid = ask(qmp, "query-uuid", "UUID");

    return uuid != NULL && g_uuid_string_is_valid(uuid) &&
           strspn(uuid, "0-") != strlen(uuid) ?
           g_steal_pointer(&uuid) : NULL;
}

/* (transfer full) (nullable): HOST of "tcp:HOST:PORT". */
static char *peer_of(const char *uri)
{
    const char *host = uri != NULL && g_str_has_prefix(uri, "tcp:") ?
                       uri + strlen("tcp:") : NULL;
    const char *end = host != NULL ? strrchr(host, ':') : NULL;

    return end != NULL && end > host ? g_strndup(host, end - host) : NULL;
}

static gboolean is_refusal(const GError *err)
{
    return g_error_matches(err, LPM_ERROR, LPM_ERROR_STATE) ||
           g_error_matches(err, LPM_ERROR, LPM_ERROR_LIMIT);
}

/*
 * Who may not write the host's record moves guests of his own, which nobody
 * else counts.  A file that has to be mended is for root to mend, and until
 * then nobody knows how many moves there are.
 */
static gboolean go_on_without(const LpmOptions *options, const GError *err,
                              int *ret_exit)
{
    if (!g_error_matches(err, LPM_ERROR, LPM_ERROR_IO)) {
        lpm_say("%s; nothing was changed, the guest stays on the source",
                err->message);
        *ret_exit = LPM_EXIT_UNKNOWN;
        return FALSE;
    }
    if (options->verbose || geteuid() == 0) {
        lpm_say("%s; the move is not recorded", err->message);
    }
    return TRUE;
}

gboolean lpm_moves_begin(const LpmOptions *options, LpmQmp *source,
                         LpmHeldMove **ret_held, int *ret_exit)
{
    LpmMoveLimits limits = LPM_MOVE_LIMITS_DEFAULT;
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmPolicy) policy = lpm_policy_read(LPM_HOST_CONF, NULL);
    g_autoptr(LpmRecords) records = lpm_records_open(
        lpm_records_path(options->records), "", LPM_RECORDS_WRITE, &err);
    g_autofree char *name = NULL;
    g_autofree char *uuid = NULL;
    g_autofree char *peer = peer_of(options->uri);
    LpmMoveRecord move = {
        .direction = LPM_KEPT_OUTBOUND, .kind = LPM_KEPT_ACTIVE,
        .by = (char *)"lpm", .peer = peer, .pid = getpid(),
        .pid_start = lpm_process_start("", getpid()),
    };
    gint64 id;

    *ret_held = NULL;
    if (records == NULL) {
        return go_on_without(options, err, ret_exit);
    }
    /* one that cannot be read is the doctor's to tell */
    if (policy != NULL) {
        lpm_limits_set(&limits, policy->max_inbound, policy->max_outbound);
    }
    name = ask(source, "query-name", "name");
    move.name = name != NULL ? name : (char *)lpm_qmp_path(source);
    move.uuid = uuid = ask_uuid(source);
    if (!lpm_records_begin(records, &move, &limits, &id, &err)) {
        if (!is_refusal(err)) {
            return go_on_without(options, err, ret_exit);
        }
        lpm_say("%s; nothing was changed, the guest stays on the source",
                err->message);
        *ret_exit = LPM_EXIT_FAIL;
        return FALSE;
    }
    *ret_held = g_new0(LpmHeldMove, 1);
    (*ret_held)->records = g_steal_pointer(&records);
    (*ret_held)->id = id;
    return TRUE;
}

void lpm_moves_progress(LpmHeldMove *held, const LpmMoveProgress *progress)
{
    if (held != NULL && held->phase != progress->phase) {
        held->phase = progress->phase;
        /* of no use to the move: what fails here shows in the list */
        lpm_records_set_phase(held->records, held->id,
                              lpm_move_phase_name(progress->phase), NULL);
    }
}

static LpmKeptOutcome outcome_of(const LpmMoveReport *report)
{
    switch (report->outcome) {
    case LPM_OUTCOME_DONE:
        return LPM_KEPT_DONE;
    case LPM_OUTCOME_REFUSED:
    case LPM_OUTCOME_UNKNOWN:
        return LPM_KEPT_REFUSED;
    case LPM_OUTCOME_FAILED:
        return report->phase == LPM_MOVE_CANCELLED ? LPM_KEPT_CANCELLED :
                                                     LPM_KEPT_FAILED;
    case LPM_OUTCOME_UNCLEAR:
        break;
    }
    return LPM_KEPT_UNCLEAR;
}

void lpm_moves_end(LpmHeldMove *held, const LpmMoveReport *report)
{
    g_autoptr(GError) err = NULL;

    if (held == NULL) {
        return;
    }
    lpm_records_set_phase(held->records, held->id,
                          lpm_move_phase_name(report->phase), NULL);
    if (!lpm_records_end(held->records, held->id, outcome_of(report),
                         report->text, &err)) {
        lpm_say("%s", err->message);
    }
    lpm_records_close(held->records);
    g_free(held);
}

/* The list */

enum {
    COLUMN_PARTITION, COLUMN_DIRECTION, COLUMN_KIND, COLUMN_PEER,
    COLUMN_STATE, COLUMN_BEGAN, COLUMN_ENDED, COLUMN_BY, COLUMNS,
};

static const char *const headings[] = {
    "PARTITION", "DIRECTION", "KIND", "PEER", "STATE", "BEGAN", "ENDED",
    "TOLD BY", NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(headings) == COLUMNS + 1);

static void row_free(gpointer row)
{
    g_strfreev(row);
}

static char *cell(const char *text)
{
    return lpm_report_escape(text != NULL ? text : "-");
}

static char *time_cell(gint64 ms)
{
    char *text = lpm_kept_time(ms);

    return text != NULL ? text : g_strdup("-");
}

static char **row_of(const LpmMoveRecord *move)
{
    char **row = g_new0(char *, COLUMNS + 1);

    row[COLUMN_PARTITION] = cell(move->name);
    row[COLUMN_DIRECTION] = cell(lpm_kept_direction_name(move->direction));
    row[COLUMN_KIND] = cell(lpm_kept_kind_name(move->kind));
    row[COLUMN_PEER] = cell(move->peer);
    row[COLUMN_STATE] = cell(move->outcome == LPM_KEPT_RUNNING ?
                             move->phase :
                             lpm_kept_outcome_name(move->outcome));
    row[COLUMN_BEGAN] = time_cell(move->begun_ms);
    row[COLUMN_ENDED] = time_cell(move->ended_ms);
    row[COLUMN_BY] = cell(move->by);
    return row;
}

static void print_endings(const GPtrArray *moves, gboolean verbose)
{
    gboolean any = FALSE;

    for (guint i = 0; i < moves->len; i++) {
        const LpmMoveRecord *move = g_ptr_array_index(moves, i);
        g_autofree char *name = NULL;
        g_autofree char *text = NULL;

        if (move->text == NULL || move->text[0] == '\0' ||
            (move->outcome == LPM_KEPT_DONE && !verbose)) {
            continue;
        }
        name = lpm_report_escape(move->name);
        text = lpm_report_escape(move->text);
        printf("%s%s, %s: %s\n", any ? "" : "\n", name,
               lpm_kept_outcome_name(move->outcome), text);
        any = TRUE;
    }
}

static void print_table(const GPtrArray *moves, gboolean verbose)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);

    g_ptr_array_add(rows, g_strdupv((char **)headings));
    for (guint i = 0; i < moves->len; i++) {
        g_ptr_array_add(rows, row_of(g_ptr_array_index(moves, i)));
    }
    if (rows->len == 1) {
        puts("no moves");
        return;
    }
    lpm_print_rows(stdout, rows, COLUMNS);
    print_endings(moves, verbose);
}

static void set_text(JsonObject *object, const char *member,
                     const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_string_member(object, member, text);
    }
}

static void set_time(JsonObject *object, const char *member, gint64 ms)
{
    if (ms > 0) {
        json_object_set_int_member(object, member, ms);
    }
}

static JsonObject *move_to_json(const LpmMoveRecord *move)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "partition", move->name);
    set_text(object, "uuid", move->uuid);
    json_object_set_string_member(
        object, "direction", lpm_kept_direction_name(move->direction));
    json_object_set_string_member(object, "kind",
                                  lpm_kept_kind_name(move->kind));
    set_text(object, "peer", move->peer);
    json_object_set_string_member(object, "told-by", move->by);
    if (move->pid != 0) {
        json_object_set_int_member(object, "pid", move->pid);
    }
    json_object_set_string_member(object, "phase", move->phase);
    set_time(object, "begun-ms", move->begun_ms);
    set_time(object, "ended-ms", move->ended_ms);
    json_object_set_string_member(object, "outcome",
                                  lpm_kept_outcome_name(move->outcome));
    set_text(object, "text", move->text);
    return object;
}

/* As docs/lpm-moves.schema.json says. */
static void print_json(const GPtrArray *moves, const char *why)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    JsonArray *running = json_array_new();
    JsonArray *ended = json_array_new();
    g_autofree char *text = NULL;

    for (guint i = 0; i < moves->len; i++) {
        const LpmMoveRecord *move = g_ptr_array_index(moves, i);

        json_array_add_object_element(
            move->outcome == LPM_KEPT_RUNNING ? running : ended,
            move_to_json(move));
    }
    json_object_set_int_member(object, "version", 1);
    json_object_set_array_member(object, "running", running);
    json_object_set_array_member(object, "ended", ended);
    set_text(object, "not-known", why);
    json_node_take_object(node, object);
    text = lpm_json_text(node);
    fputs(text, stdout);
}

/* Who may write settles for good what is over without a word. */
static LpmRecords *open_for_list(const char *path, GError **error)
{
    return lpm_records_open(path, "", access(path, W_OK) == 0 ?
                            LPM_RECORDS_WRITE : LPM_RECORDS_READ, error);
}

int lpm_moves_list(const LpmOptions *options)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmRecords) records = open_for_list(
        lpm_records_path(options->records), &err);
    g_autoptr(GPtrArray) moves = NULL;
    g_autofree char *why = NULL;

    if (records != NULL) {
        moves = lpm_records_list(records, options->limit, &why, &err);
    }
    if (moves == NULL) {
        lpm_say("%s", err->message);
        return LPM_EXIT_UNKNOWN;
    }
    if (why != NULL) {
        lpm_say("moves of libvirt may be missing: %s", why);
    }
    if (options->format == LPM_FORMAT_JSON && !options->quiet) {
        print_json(moves, why);
    } else if (!options->quiet) {
        print_table(moves, options->verbose);
    }
    return why != NULL ? LPM_EXIT_UNKNOWN : LPM_EXIT_PASS;
}
