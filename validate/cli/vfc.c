/*
 * lpm vfc: who is logged in to the SAN, and a side that has to be logged out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "error/lpm-error.h"
#include "facts/json-write.h"
#include "facts/vfc-side.h"
#include "report/layout.h"
#include "report/report.h"

#define WWPN_FORMAT   "%016" G_GINT64_MODIFIER "x"

/* Between two looks whether a logout has come through. */
#define LOOK_AGAIN_US  20000

static const char *where_of(const LpmOptions *options, LpmSide side)
{
    const GPtrArray *ends = options->sides[side];

    return ends->len == 0 ? NULL :
           ((const LpmEndpoint *)g_ptr_array_index(ends, 0))->text;
}

static LpmVfcSide *ask(LpmQmp *qmp, LpmSide side, const char *where,
                       GError **error)
{
    g_autoptr(JsonNode) status = NULL;
    g_autoptr(JsonNode) lpm = NULL;
    g_autofree char *valid = g_utf8_make_valid(where, -1);
    LpmVfcSide *told;

    status = lpm_qmp_execute(qmp, "query-status", NULL, error);
    lpm = status == NULL ? NULL :
          lpm_qmp_execute(qmp, "query-lpm", NULL, error);
    if (lpm == NULL) {
        return NULL;
    }
    told = lpm_vfc_side_new(side, valid, status, lpm, error);
    if (told == NULL) {
        g_prefix_error(error, "%s %s: ", lpm_side_name(side), where);
    }
    return told;
}

/* One WWPN in the form that all else prints. */
static void set_wwpn(JsonObject *object, const char *member, guint64 wwpn)
{
    char text[17];

    g_snprintf(text, sizeof(text), WWPN_FORMAT, wwpn);
    json_object_set_string_member(object, member, text);
}

static void print_json(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_node_take_object(node, object);
    text = lpm_json_text(node);
    fputs(text, stdout);
}

/* lpm vfc status */

/* What is asked, and what came of it. */
typedef struct Status {
    const LpmOptions *options;
    LpmQmp *qmp[LPM_SIDE__MAX];
    GPtrArray *sides;       /* LpmVfcSide *: those that told */
    GPtrArray *gaps;        /* char *: why others did not */
    GPtrArray *findings;    /* LpmVfcFinding * */
} Status;

static void side_free(gpointer side)
{
    lpm_vfc_side_free(side);
}

static void status_clear(Status *status)
{
    g_clear_pointer(&status->findings, g_ptr_array_unref);
    g_clear_pointer(&status->sides, g_ptr_array_unref);
    g_clear_pointer(&status->gaps, g_ptr_array_unref);
}

static void status_free(Status *status)
{
    status_clear(status);
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        lpm_qmp_free(status->qmp[i]);
    }
}

static void look(Status *status, char *const *why)
{
    status_clear(status);
    status->sides = g_ptr_array_new_with_free_func(side_free);
    status->gaps = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        const char *where = where_of(status->options, (LpmSide)i);
        g_autoptr(GError) err = NULL;
        LpmVfcSide *side;

        if (why[i] != NULL) {
            g_ptr_array_add(status->gaps, g_utf8_make_valid(why[i], -1));
        }
        if (status->qmp[i] == NULL) {
            continue;
        }
        side = ask(status->qmp[i], (LpmSide)i, where, &err);
        if (side != NULL) {
            g_ptr_array_add(status->sides, side);
        } else {
            g_ptr_array_add(status->gaps,
                            g_utf8_make_valid(err->message, -1));
        }
    }
    status->findings = lpm_vfc_check(status->sides);
}

enum {
    COLUMN_SIDE, COLUMN_STATE, COLUMN_PHASE, COLUMN_ADAPTER, COLUMN_REG,
    COLUMN_WWPN, COLUMN_STANDBY, COLUMN_LOGIN, COLUMN_FENCE, COLUMNS,
};

static const char *const headings[] = {
    "SIDE", "GUEST", "MOVE", "ADAPTER", "REG", "WWPN", "STANDBY",
    "LOGGED IN", "FENCED", NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(headings) == COLUMNS + 1);

enum {
    TARGET_SIDE, TARGET_ADAPTER, TARGET_WWPN, TARGET_SESSION, TARGET_NAME,
    TARGET_COLUMNS,
};

static const char *const target_headings[] = {
    "SIDE", "ADAPTER", "TARGET", "SESSION", "NAME", NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(target_headings) == TARGET_COLUMNS + 1);

static void row_free(gpointer row)
{
    g_strfreev(row);
}

static char *yes_or_no(gboolean is)
{
    return g_strdup(is ? "yes" : "no");
}

static char *wwpn_text(guint64 wwpn)
{
    return g_strdup_printf(WWPN_FORMAT, wwpn);
}

/* @adapter: (nullable): the side has none */
static char **row_of(const LpmVfcSide *side, const LpmVfcAdapter *adapter)
{
    char **row = g_new0(char *, COLUMNS + 1);

    row[COLUMN_SIDE] = g_strdup(lpm_side_name(side->side));
    row[COLUMN_STATE] = lpm_report_escape(side->run_state);
    row[COLUMN_PHASE] = lpm_report_escape(side->phase);
    if (adapter == NULL) {
        for (guint i = COLUMN_ADAPTER; i < COLUMNS; i++) {
            row[i] = g_strdup(i == COLUMN_ADAPTER ? "none" : "-");
        }
        return row;
    }
    row[COLUMN_ADAPTER] = lpm_report_escape(adapter->id);
    row[COLUMN_REG] = g_strdup_printf("0x%x", adapter->reg);
    row[COLUMN_WWPN] = wwpn_text(lpm_vfc_adapter_wwpn(adapter));
    row[COLUMN_STANDBY] = wwpn_text(lpm_vfc_adapter_standby(adapter));
    row[COLUMN_LOGIN] = yes_or_no(adapter->logged_in);
    row[COLUMN_FENCE] = yes_or_no(adapter->fenced);
    return row;
}

static void add_targets(GPtrArray *rows, const LpmVfcSide *side,
                        const LpmVfcAdapter *adapter)
{
    for (guint i = 0; i < adapter->targets->len; i++) {
        const LpmVfcTarget *target = g_ptr_array_index(adapter->targets, i);
        char **row = g_new0(char *, TARGET_COLUMNS + 1);

        row[TARGET_SIDE] = g_strdup(lpm_side_name(side->side));
        row[TARGET_ADAPTER] = lpm_report_escape(adapter->id);
        row[TARGET_WWPN] = lpm_report_escape(target->wwpn);
        row[TARGET_SESSION] = yes_or_no(target->logged_in);
        row[TARGET_NAME] = lpm_report_escape(target->name);
        g_ptr_array_add(rows, row);
    }
}

static void print_tables(const GPtrArray *sides)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(row_free);

    g_ptr_array_add(rows, g_strdupv((char **)headings));
    g_ptr_array_add(targets, g_strdupv((char **)target_headings));
    for (guint s = 0; s < sides->len; s++) {
        const LpmVfcSide *side = g_ptr_array_index(sides, s);

        if (side->adapters->len == 0) {
            g_ptr_array_add(rows, row_of(side, NULL));
        }
        for (guint i = 0; i < side->adapters->len; i++) {
            const LpmVfcAdapter *adapter =
                g_ptr_array_index(side->adapters, i);

            g_ptr_array_add(rows, row_of(side, adapter));
            add_targets(targets, side, adapter);
        }
    }
    if (rows->len > 1) {
        lpm_print_rows(stdout, rows, COLUMNS);
    }
    if (targets->len > 1) {
        putchar('\n');
        lpm_print_rows(stdout, targets, TARGET_COLUMNS);
    }
}

static void print_findings(const GPtrArray *findings)
{
    for (guint i = 0; i < findings->len; i++) {
        const LpmVfcFinding *finding = g_ptr_array_index(findings, i);
        g_autofree char *what = lpm_report_escape(finding->what);
        g_autofree char *remedy = lpm_report_escape(finding->remedy);

        printf("%s%-8s %s: %s\n         remedy: %s\n", i == 0 ? "\n" : "",
               finding->problem->is_fault ? "FAULT" : "UNCLEAR",
               finding->problem->id, what, remedy);
    }
}

static JsonObject *adapter_to_json(const LpmVfcAdapter *adapter)
{
    JsonObject *object = json_object_new();
    JsonArray *targets = json_array_new();

    json_object_set_string_member(object, "id", adapter->id);
    json_object_set_int_member(object, "reg", adapter->reg);
    set_wwpn(object, "wwpn", lpm_vfc_adapter_wwpn(adapter));
    set_wwpn(object, "standby", lpm_vfc_adapter_standby(adapter));
    json_object_set_int_member(object, "which", adapter->active);
    json_object_set_boolean_member(object, "logged-in", adapter->logged_in);
    json_object_set_boolean_member(object, "fenced", adapter->fenced);
    for (guint i = 0; i < adapter->targets->len; i++) {
        const LpmVfcTarget *target = g_ptr_array_index(adapter->targets, i);
        JsonObject *one = json_object_new();

        json_object_set_string_member(one, "wwpn", target->wwpn);
        json_object_set_string_member(one, "name", target->name);
        json_object_set_boolean_member(one, "logged-in", target->logged_in);
        json_array_add_object_element(targets, one);
    }
    json_object_set_array_member(object, "targets", targets);
    return object;
}

static JsonObject *side_to_json(const LpmVfcSide *side)
{
    JsonObject *object = json_object_new();
    JsonArray *adapters = json_array_new();

    json_object_set_string_member(object, "side", lpm_side_name(side->side));
    json_object_set_string_member(object, "where", side->where);
    json_object_set_string_member(object, "run-state", side->run_state);
    json_object_set_boolean_member(object, "runs", side->runs);
    json_object_set_string_member(object, "phase", side->phase);
    json_object_set_string_member(object, "role", side->role);
    for (guint i = 0; i < side->adapters->len; i++) {
        json_array_add_object_element(
            adapters, adapter_to_json(g_ptr_array_index(side->adapters, i)));
    }
    json_object_set_array_member(object, "adapters", adapters);
    return object;
}

static JsonObject *finding_to_json(const LpmVfcFinding *finding)
{
    JsonObject *object = json_object_new();
    JsonArray *wwpns = json_array_new();

    json_object_set_string_member(object, "status",
                                  finding->problem->is_fault ? "fault" :
                                                               "unclear");
    json_object_set_string_member(object, "id", finding->problem->id);
    for (guint i = 0; i < 2 && finding->wwpn[i] != 0; i++) {
        g_autofree char *text = wwpn_text(finding->wwpn[i]);

        json_array_add_string_element(wwpns, text);
    }
    json_object_set_array_member(object, "wwpns", wwpns);
    json_object_set_string_member(object, "what", finding->what);
    json_object_set_string_member(object, "remedy", finding->remedy);
    return object;
}

/* As docs/lpm-vfc-status.schema.json says. */
static void print_status_json(const Status *status)
{
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();

    json_object_set_int_member(object, "version", 1);
    for (guint i = 0; i < status->sides->len; i++) {
        json_array_add_object_element(
            array, side_to_json(g_ptr_array_index(status->sides, i)));
    }
    json_object_set_array_member(object, "sides", array);
    array = json_array_new();
    for (guint i = 0; i < status->findings->len; i++) {
        json_array_add_object_element(
            array, finding_to_json(g_ptr_array_index(status->findings, i)));
    }
    json_object_set_array_member(object, "findings", array);
    array = json_array_new();
    for (guint i = 0; i < status->gaps->len; i++) {
        json_array_add_string_element(array,
                                      g_ptr_array_index(status->gaps, i));
    }
    json_object_set_array_member(object, "not-known", array);
    print_json(object);
}

static int exit_of_status(const Status *status)
{
    int code = status->gaps->len > 0 ? LPM_EXIT_UNKNOWN : LPM_EXIT_PASS;

    for (guint i = 0; i < status->findings->len; i++) {
        const LpmVfcFinding *finding =
            g_ptr_array_index(status->findings, i);

        if (finding->problem->is_fault) {
            return LPM_EXIT_FAIL;
        }
        code = LPM_EXIT_UNKNOWN;
    }
    return code;
}

static int vfc_status(const LpmOptions *options)
{
    Status status = { .options = options };
    char *why[LPM_SIDE__MAX] = { NULL };
    int code;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        status.qmp[i] = lpm_connect(options, (LpmSide)i, &why[i]);
    }
    look(&status, why);
    if (status.findings->len > 0 && status.gaps->len == 0) {
        /* the sides are asked one after the other: it may have passed */
        look(&status, why);
    }
    for (guint i = 0; i < status.gaps->len; i++) {
        lpm_say("%s", (const char *)g_ptr_array_index(status.gaps, i));
    }
    if (options->format == LPM_FORMAT_JSON && !options->quiet) {
        print_status_json(&status);
    } else if (!options->quiet) {
        print_tables(status.sides);
        print_findings(status.findings);
    }
    code = exit_of_status(&status);
    if (options->verbose && options->format == LPM_FORMAT_TEXT &&
        code == LPM_EXIT_PASS) {
        puts("\nnothing is wrong");
    }
    status_free(&status);
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        g_free(why[i]);
    }
    return code;
}

/* lpm vfc logout */

typedef enum Done {
    DONE_WAS_OUT,
    DONE_WOULD,
    DONE_LOGGED_OUT,
    DONE_REFUSED,
    DONE_STILL_IN,
    DONE_NOT_KNOWN,
} Done;

static const struct {
    const char *word;       /* JSON */
    const char *text;
    int code;
} outcomes[] = {
    [DONE_WAS_OUT] = { "was-out", "was not logged in", LPM_EXIT_PASS },
    [DONE_WOULD] = { "would-log-out", "would be logged out", LPM_EXIT_PASS },
    [DONE_LOGGED_OUT] = { "logged-out", "logged out", LPM_EXIT_PASS },
    [DONE_REFUSED] = { "refused", "refused", LPM_EXIT_FAIL },
    [DONE_STILL_IN] = { "still-in", "still logged in, although QEMU took "
                        "the command: look at the guest's state, and again "
                        "with lpm vfc status", LPM_EXIT_FAIL },
    [DONE_NOT_KNOWN] = { "not-known", "not known", LPM_EXIT_UNKNOWN },
};

/* One adapter that is to be logged out. */
typedef struct Chore {
    const LpmVfcAdapter *adapter;
    Done done;
    char *error;            /* NULL: none */
} Chore;

static void chore_free(gpointer data)
{
    Chore *chore = data;

    g_free(chore->error);
    g_free(chore);
}

static void log_out(LpmQmp *qmp, Chore *chore)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    json_object_set_string_member(arguments, "id", chore->adapter->id);
    reply = lpm_qmp_execute(qmp, "lpm-vfc-logout", arguments, &err);
    if (reply != NULL) {
        chore->done = DONE_LOGGED_OUT;
        return;
    }
    chore->done = lpm_qmp_usable(qmp) &&
                  g_error_matches(err, LPM_ERROR, LPM_ERROR_STATE) ?
                  DONE_REFUSED : DONE_NOT_KNOWN;
    chore->error = g_utf8_make_valid(err->message, -1);
}

static gboolean any_is_in(const GPtrArray *chores, const LpmVfcSide *side)
{
    for (guint i = 0; i < chores->len; i++) {
        const Chore *chore = g_ptr_array_index(chores, i);
        const LpmVfcAdapter *adapter =
            lpm_vfc_side_find(side, chore->adapter->id);

        if (chore->done == DONE_LOGGED_OUT && adapter != NULL &&
            adapter->logged_in) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What QEMU took need not have happened: ask it until the deadline. */
static LpmVfcSide *await_logout(LpmQmp *qmp, LpmSide which,
                                const LpmOptions *options,
                                const GPtrArray *chores, GError **error)
{
    gint64 end = g_get_monotonic_time() +
                 (gint64)options->qmp_deadline_ms * 1000;

    for (;;) {
        LpmVfcSide *side = ask(qmp, which, where_of(options, which), error);

        if (side == NULL || !any_is_in(chores, side) ||
            g_get_monotonic_time() >= end) {
            return side;
        }
        lpm_vfc_side_free(side);
        g_usleep(LOOK_AGAIN_US);
    }
}

static void confirm(LpmQmp *qmp, LpmSide which, const LpmOptions *options,
                    GPtrArray *chores)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmVfcSide) side = await_logout(qmp, which, options, chores,
                                              &err);

    for (guint i = 0; i < chores->len; i++) {
        Chore *chore = g_ptr_array_index(chores, i);
        const LpmVfcAdapter *adapter = side == NULL ? NULL :
            lpm_vfc_side_find(side, chore->adapter->id);

        if (chore->done != DONE_LOGGED_OUT) {
            continue;
        }
        if (side == NULL) {
            chore->done = DONE_NOT_KNOWN;
            chore->error = g_utf8_make_valid(err->message, -1);
        } else if (adapter != NULL && adapter->logged_in) {
            chore->done = DONE_STILL_IN;
        }
    }
}

static void print_chores(const GPtrArray *chores)
{
    for (guint i = 0; i < chores->len; i++) {
        const Chore *chore = g_ptr_array_index(chores, i);
        g_autofree char *id = lpm_report_escape(chore->adapter->id);
        g_autofree char *error = chore->error == NULL ? NULL :
            lpm_report_escape(chore->error);

        printf("%s: " WWPN_FORMAT " %s%s%s\n", id,
               lpm_vfc_adapter_wwpn(chore->adapter),
               outcomes[chore->done].text, error != NULL ? ": " : "",
               error != NULL ? error : "");
    }
    if (chores->len == 0) {
        puts("no adapters");
    }
}

/* As docs/lpm-vfc-logout.schema.json says. */
static void print_chores_json(const LpmVfcSide *side, gboolean dry_run,
                              const GPtrArray *chores)
{
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();

    json_object_set_int_member(object, "version", 1);
    json_object_set_string_member(object, "side", lpm_side_name(side->side));
    json_object_set_string_member(object, "where", side->where);
    json_object_set_string_member(object, "run-state", side->run_state);
    json_object_set_boolean_member(object, "dry-run", dry_run);
    for (guint i = 0; i < chores->len; i++) {
        const Chore *chore = g_ptr_array_index(chores, i);
        JsonObject *one = json_object_new();

        json_object_set_string_member(one, "id", chore->adapter->id);
        json_object_set_int_member(one, "reg", chore->adapter->reg);
        set_wwpn(one, "wwpn", lpm_vfc_adapter_wwpn(chore->adapter));
        json_object_set_string_member(one, "done",
                                      outcomes[chore->done].word);
        if (chore->error != NULL) {
            json_object_set_string_member(one, "error", chore->error);
        }
        json_array_add_object_element(array, one);
    }
    json_object_set_array_member(object, "adapters", array);
    print_json(object);
}

static char *ids_of(const LpmVfcSide *side)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < side->adapters->len; i++) {
        const LpmVfcAdapter *adapter = g_ptr_array_index(side->adapters, i);

        g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ",
                               adapter->id);
    }
    return g_string_free(text, FALSE);
}

/* (nullable): none that may be logged out; @ret_exit is set then. */
static GPtrArray *chores_of(const LpmOptions *options,
                            const LpmVfcSide *side, int *ret_exit)
{
    g_autoptr(GPtrArray) chores = g_ptr_array_new_with_free_func(chore_free);
    const char *name = lpm_side_name(side->side);

    if (options->adapter != NULL &&
        lpm_vfc_side_find(side, options->adapter) == NULL) {
        g_autofree char *ids = ids_of(side);

        *ret_exit = lpm_usage("--adapter %s: the %s has no such adapter; it "
                              "has: %s", options->adapter, name,
                              ids[0] != '\0' ? ids : "none");
        return NULL;
    }
    if (side->runs) {
        lpm_say("the guest runs on the %s (%s): its adapters stay logged in; "
                "nothing was done", name, side->run_state);
        *ret_exit = LPM_EXIT_FAIL;
        return NULL;
    }
    if (lpm_vfc_side_sends(side)) {
        lpm_say("a move away from the %s is under way (%s): nothing was "
                "done; wait for its end, or 'lpm cancel' it", name,
                side->phase);
        *ret_exit = LPM_EXIT_FAIL;
        return NULL;
    }
    for (guint i = 0; i < side->adapters->len; i++) {
        const LpmVfcAdapter *adapter = g_ptr_array_index(side->adapters, i);
        Chore *chore;

        if (options->adapter != NULL &&
            !g_str_equal(options->adapter, adapter->id)) {
            continue;
        }
        chore = g_new0(Chore, 1);
        chore->adapter = adapter;
        chore->done = !adapter->logged_in ? DONE_WAS_OUT : DONE_WOULD;
        g_ptr_array_add(chores, chore);
    }
    return g_steal_pointer(&chores);
}

/* Returns: the worst of all. */
static int do_chores(const LpmOptions *options, LpmQmp *qmp, LpmSide side,
                     GPtrArray *chores)
{
    int code = LPM_EXIT_PASS;
    gboolean any = FALSE;

    for (guint i = 0; !options->move.dry_run && i < chores->len; i++) {
        Chore *chore = g_ptr_array_index(chores, i);

        if (chore->done == DONE_WOULD) {
            log_out(qmp, chore);
            any |= chore->done == DONE_LOGGED_OUT;
        }
    }
    if (any) {
        confirm(qmp, side, options, chores);
    }
    for (guint i = 0; i < chores->len; i++) {
        const Chore *chore = g_ptr_array_index(chores, i);
        int one = outcomes[chore->done].code;

        /* what failed counts more than what is not known */
        code = code == LPM_EXIT_FAIL || one == LPM_EXIT_FAIL ?
               LPM_EXIT_FAIL : MAX(code, one);
    }
    return code;
}

static int vfc_logout(const LpmOptions *options)
{
    LpmSide which = options->sides[LPM_SIDE_SOURCE]->len > 0 ?
                    LPM_SIDE_SOURCE : LPM_SIDE_DESTINATION;
    g_autofree char *why = NULL;
    g_autoptr(LpmQmp) qmp = lpm_connect(options, which, &why);
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmVfcSide) side = NULL;
    g_autoptr(GPtrArray) chores = NULL;
    int code;

    if (qmp == NULL) {
        lpm_say("%s", why);
        return LPM_EXIT_UNKNOWN;
    }
    side = ask(qmp, which, where_of(options, which), &err);
    if (side == NULL) {
        lpm_say("%s", err->message);
        return LPM_EXIT_UNKNOWN;
    }
    chores = chores_of(options, side, &code);
    if (chores == NULL) {
        return code;
    }
    code = do_chores(options, qmp, which, chores);
    if (options->format == LPM_FORMAT_JSON && !options->quiet) {
        print_chores_json(side, options->move.dry_run, chores);
    } else if (!options->quiet) {
        print_chores(chores);
    }
    for (guint i = 0; options->quiet && i < chores->len; i++) {
        const Chore *chore = g_ptr_array_index(chores, i);

        if (outcomes[chore->done].code != LPM_EXIT_PASS) {
            lpm_say("%s: %s", chore->adapter->id, chore->error != NULL ?
                    chore->error : outcomes[chore->done].text);
        }
    }
    return code;
}

int lpm_cmd_vfc(LpmOptions *options)
{
    const char *verb = options->words[0];
    const char *source = where_of(options, LPM_SIDE_SOURCE);
    const char *destination = where_of(options, LPM_SIDE_DESTINATION);

    if (verb == NULL) {
        return lpm_usage("vfc: wanted status or logout");
    }
    if (options->words[1] != NULL) {
        return lpm_usage("vfc %s: '%s' is one argument too many", verb,
                         options->words[1]);
    }
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        if (options->sides[i]->len > 1) {
            return lpm_usage("vfc %s: wanted one qmp:PATH for the %s, and "
                             "nothing else", verb, lpm_side_name((LpmSide)i));
        }
    }
    if (source != NULL && g_strcmp0(source, destination) == 0) {
        return lpm_usage("vfc %s: %s is named for both sides", verb, source);
    }
    if (g_str_equal(verb, "status")) {
        if (options->adapter != NULL || options->move.dry_run) {
            return lpm_usage("vfc status: --adapter and --dry-run are for "
                             "vfc logout");
        }
        return vfc_status(options);
    }
    return g_str_equal(verb, "logout") ? vfc_logout(options) :
           lpm_usage("vfc: '%s' is neither status nor logout", verb);
}
