/*
 * Settle what a move over libvirt has left
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/json-read.h"
#include "facts/vfc-side.h"
#include "handoff/recover.h"
#include "handoff/virt-recover.h"

/* A job or a QEMU that ends by itself, and a WWPN that is logged out now. */
#define LOOKS       30
#define LOOK_US     300000

typedef struct Side {
    const char *name;
    const char *uri;
    LpmVirt *virt;              /* NULL: cannot be asked */
    LpmVirtAnswer answer;
    LpmRecoverSide has;
    char *why;                  /* it cannot be asked */
} Side;

typedef struct Recovery {
    const LpmVirtRecoverOptions *options;
    const LpmMoveObserver *observer;
    Side source;
    Side destination;
    LpmRecoverPlan plan;
    LpmMoveReport *report;
} Recovery;

static void note(const Recovery *r, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void note(const Recovery *r, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    r->observer->note(text, r->observer->opaque);
}

static void end(Recovery *r, LpmOutcome outcome, const char *where,
                const char *text, const char *advice)
{
    lpm_report_end(r->report, outcome,
                        outcome == LPM_OUTCOME_DONE ? LPM_MOVE_DONE :
                        outcome == LPM_OUTCOME_REFUSED ? LPM_MOVE_REJECTED :
                        LPM_MOVE_FAILED, where, text, advice);
}

/* (transfer full) (nullable): what a QMP command of its QEMU returns. */
static JsonNode *qmp(const Side *side, const char *partition,
                     const char *command)
{
    g_autofree char *text = lpm_virt_qmp(side->virt, partition, command,
                                         NULL);
    g_autoptr(JsonNode) root = text == NULL ? NULL :
        lpm_json_parse(text, strlen(text), command, NULL);
    JsonObject *object = root == NULL ? NULL :
                         lpm_json_object(root, NULL, NULL);
    JsonNode *value = object == NULL ? NULL :
                      json_object_get_member(object, "return");

    return value != NULL ? json_node_copy(value) : NULL;
}

/* Whether all of the guest has come to a QEMU that waits. */
static gboolean is_complete(const Side *side, const char *partition)
{
    g_autoptr(JsonNode) told = qmp(side, partition, "query-migrate");
    g_autofree char *status = NULL;
    JsonObject *object = told == NULL ? NULL :
                         lpm_json_object(told, NULL, NULL);

    return object != NULL &&
           lpm_json_get_string(object, NULL, "status",
                               LPM_JSON_OPTIONAL, 64, &status, NULL) &&
           g_strcmp0(status, "completed") == 0;
}

static void ask(Recovery *r, Side *side)
{
    g_autoptr(GError) err = NULL;

    side->has = (LpmRecoverSide) { .has = LPM_VIRT_SILENT };
    if (side->virt != NULL && !lpm_virt_usable(side->virt)) {
        lpm_virt_close(g_steal_pointer(&side->virt));
    }
    if (side->virt == NULL) {
        side->virt = lpm_virt_open(side->uri, side->name,
                                   r->options->deadline_ms, &err);
    }
    if (side->virt == NULL ||
        !lpm_virt_ask(side->virt, r->options->partition, &side->answer,
                      &err)) {
        g_free(side->why);
        side->why = g_strdup(err->message);
        return;
    }
    side->has.has = side->answer.has;
    side->has.moves = side->answer.job == LPM_VIRT_JOB_LEAVES ||
                      side->answer.job == LPM_VIRT_JOB_ARRIVES;
    side->has.ends = side->answer.ends;
    side->has.complete = side == &r->destination &&
        side->answer.has == LPM_VIRT_WAITS &&
        is_complete(side, r->options->partition);
}

static void look(Recovery *r)
{
    ask(r, &r->source);
    ask(r, &r->destination);
    r->plan = lpm_recover_decide(&r->source.has, &r->destination.has);
}

static const char *state_of(const Side *side)
{
    return side->has.has == LPM_VIRT_SILENT ? "does not answer" :
           side->has.has == LPM_VIRT_NONE ? "has no such domain" :
           side->answer.state;
}

static void note_sides(const Recovery *r)
{
    note(r, "source: %s; destination: %s", state_of(&r->source),
         state_of(&r->destination));
}

/* A step that is taken, or would be. */
static gboolean step(Recovery *r, Side *side, const char *what,
                     gboolean (*function)(LpmVirt *virt, const char *domain,
                                          GError **error), GError **error)
{
    note(r, "%s: %s%s", side->name, r->options->dry_run ? "would " : "",
         what);
    return r->options->dry_run ||
           function(side->virt, r->options->partition, error);
}

static gboolean carry_out(Recovery *r, GError **error)
{
    guint steps = r->plan.steps;
    Side *owner = r->plan.owner == LPM_RECOVER_SOURCE ? &r->source :
                                                        &r->destination;

    return ((steps & LPM_RECOVER_DESTROY_SOURCE) == 0 ||
            step(r, &r->source, "end the QEMU that stands still",
                 lpm_virt_destroy, error)) &&
           ((steps & LPM_RECOVER_DESTROY_DESTINATION) == 0 ||
            step(r, &r->destination, "end the QEMU that stands still",
                 lpm_virt_destroy, error)) &&
           ((steps & LPM_RECOVER_RESUME) == 0 ||
            step(r, owner, "let the guest go on", lpm_virt_resume, error));
}

/* (transfer full) (nullable): what is wrong with the owner's logins. */
static char *check_logins(const Recovery *r, const Side *owner)
{
    g_autoptr(JsonNode) status = qmp(owner, r->options->partition,
                                     "query-status");
    g_autoptr(JsonNode) lpm = qmp(owner, r->options->partition, "query-lpm");
    g_autoptr(LpmVfcSide) told = status == NULL || lpm == NULL ? NULL :
        lpm_vfc_side_new(owner == &r->source ? LPM_SIDE_SOURCE :
                         LPM_SIDE_DESTINATION, owner->uri, status, lpm, NULL);
    g_autoptr(GPtrArray) sides = g_ptr_array_new();
    g_autoptr(GPtrArray) findings = NULL;
    GString *text;

    if (told == NULL) {
        return NULL;
    }
    g_ptr_array_add(sides, told);
    findings = lpm_vfc_check(sides);
    if (findings->len == 0) {
        for (guint i = 0; i < told->adapters->len; i++) {
            const LpmVfcAdapter *adapter =
                g_ptr_array_index(told->adapters, i);

            note(r, "%s: adapter %s: %016" G_GINT64_MODIFIER
                 "x is logged in", owner->name, adapter->id,
                 lpm_vfc_adapter_wwpn(adapter));
        }
        return NULL;
    }
    text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const LpmVfcFinding *finding = g_ptr_array_index(findings, i);

        g_string_append_printf(text, "%s%s: %s; %s", i > 0 ? "\n" : "",
                               finding->problem->id, finding->what,
                               finding->remedy);
    }
    return g_string_free(text, FALSE);
}

static void end_settled(Recovery *r)
{
    Side *owner = r->plan.owner == LPM_RECOVER_SOURCE ? &r->source :
                                                        &r->destination;
    g_autofree char *wrong = NULL;
    g_autofree char *text = NULL;

    if (r->plan.owner == LPM_RECOVER_NOBODY) {
        end(r, LPM_OUTCOME_DONE, "neither", r->plan.why,
            "start it with virsh start where it is defined");
        return;
    }
    for (guint i = 0; !r->options->dry_run && i < LOOKS; i++) {
        g_clear_pointer(&wrong, g_free);
        wrong = check_logins(r, owner);
        if (wrong == NULL) {
            break;
        }
        g_usleep(LOOK_US);
    }
    text = wrong != NULL ? g_strdup_printf("%s; but\n%s", r->plan.why, wrong) :
                           g_strdup(r->plan.why);
    end(r, wrong != NULL ? LPM_OUTCOME_FAILED : LPM_OUTCOME_DONE, owner->name,
        text, "");
}

static void end_unknown(Recovery *r)
{
    g_autofree char *text = NULL;
    const char *why = r->source.has.has == LPM_VIRT_SILENT ? r->source.why :
        r->destination.has.has == LPM_VIRT_SILENT ? r->destination.why : NULL;

    if (why != NULL) {
        text = g_strdup_printf("%s: %s; nothing was changed", r->plan.why,
                               why);
        end(r, LPM_OUTCOME_UNKNOWN, "unclear", text,
            "again when both daemons answer");
    } else if (r->plan.passes) {
        end(r, LPM_OUTCOME_REFUSED, "unclear", r->plan.why, "");
    } else {
        end(r, LPM_OUTCOME_UNCLEAR, "unclear", r->plan.why, "");
    }
}

static void run(Recovery *r)
{
    g_autoptr(GError) err = NULL;
    LpmRecoverPlan before;

    look(r);
    /* Daemons that come back clean up by themselves: give them the time. */
    for (guint i = 0; i < LOOKS && r->plan.wait; i++) {
        g_usleep(LOOK_US);
        look(r);
    }
    note_sides(r);
    if (r->plan.owner == LPM_RECOVER_UNKNOWN) {
        end_unknown(r);
        return;
    }
    /* What is taken down was seen twice to be none that runs. */
    before = r->plan;
    look(r);
    if (before.owner != r->plan.owner || before.steps != r->plan.steps) {
        end(r, LPM_OUTCOME_REFUSED, "unclear", "it changes while it is "
            "looked at; nothing was changed", "again in a moment");
        return;
    }
    if (!carry_out(r, &err)) {
        end(r, LPM_OUTCOME_FAILED, "unclear", err->message,
            "again: what was done stays done");
        return;
    }
    end_settled(r);
}

static void side_clear(Side *side)
{
    lpm_virt_close(side->virt);
    lpm_virt_answer_clear(&side->answer);
    g_free(side->why);
}

LpmMoveReport *lpm_virt_recover(const LpmVirtRecoverOptions *options,
                                const LpmMoveObserver *observer)
{
    Recovery r = {
        .options = options,
        .observer = observer,
        .source = { .name = "source", .uri = options->source },
        .destination = { .name = "destination",
                         .uri = options->destination },
        .report = lpm_move_report_new(),
    };

    run(&r);
    side_clear(&r.source);
    side_clear(&r.destination);
    return r.report;
}
