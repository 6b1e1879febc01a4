/*
 * Who is logged in to the SAN, and what of it cannot be right
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/vfc-side.h"
#include "vfc/wwpn.h"

/* Far more than a machine has slots for, or a port has logins. */
#define ADAPTERS_MAX  1024u
#define TARGETS_MAX   4096u
#define WORD_MAX      255u
#define NAME_MAX_BYTES  1024u

#define WWPN_FORMAT  "%016" G_GINT64_MODIFIER "x"

#define OPT  LPM_JSON_OPTIONAL
#define REQ  LPM_JSON_REQUIRED

static const LpmVfcProblem wwpn_twice = { "wwpn-twice", TRUE };
static const LpmVfcProblem pair_logged_in = { "pair-logged-in", TRUE };
static const LpmVfcProblem pair_waits = { "pair-waits", FALSE };
static const LpmVfcProblem runs_twice = { "runs-twice", TRUE };
static const LpmVfcProblem runs_fenced = { "runs-fenced", TRUE };
static const LpmVfcProblem not_logged_in = { "not-logged-in", TRUE };
static const LpmVfcProblem not_started = { "not-started", TRUE };

/* Reading */

static void target_free(gpointer data)
{
    LpmVfcTarget *target = data;

    g_free(target->wwpn);
    g_free(target->name);
    g_free(target);
}

static void adapter_free(gpointer data)
{
    LpmVfcAdapter *adapter = data;

    g_free(adapter->id);
    g_ptr_array_unref(adapter->targets);
    g_free(adapter);
}

void lpm_vfc_side_free(LpmVfcSide *side)
{
    if (side != NULL) {
        g_free(side->where);
        g_free(side->run_state);
        g_free(side->phase);
        g_free(side->role);
        g_ptr_array_unref(side->adapters);
        g_free(side);
    }
}

static gboolean each_target(JsonObject *object, const LpmJsonPath *path,
                            LpmVfcAdapter *adapter, GError **error)
{
    LpmVfcTarget *target = g_new0(LpmVfcTarget, 1);

    g_ptr_array_add(adapter->targets, target);
    if (!lpm_json_get_string(object, path, "wwpn", REQ, WORD_MAX,
                             &target->wwpn, error) ||
        !lpm_json_get_string(object, path, "name", REQ, NAME_MAX_BYTES,
                             &target->name, error) ||
        !lpm_json_get_bool(object, path, "logged-in", REQ,
                           &target->logged_in, error)) {
        return FALSE;
    }
    /* a session is a login, whatever the adapter says of itself */
    adapter->logged_in |= target->logged_in;
    return TRUE;
}

static gboolean each_adapter(JsonObject *object, const LpmJsonPath *path,
                             LpmVfcSide *side, GError **error)
{
    LpmVfcAdapter *adapter = g_new0(LpmVfcAdapter, 1);
    LpmJsonPath targets_path = { .up = path, .key = "targets" };
    JsonArray *targets = NULL;
    guint64 active = 0;

    adapter->targets = g_ptr_array_new_with_free_func(target_free);
    g_ptr_array_add(side->adapters, adapter);
    if (!lpm_json_get_string(object, path, "id", REQ, WORD_MAX, &adapter->id,
                             error) ||
        !lpm_json_get_u32(object, path, "reg", REQ, &adapter->reg, error) ||
        !lpm_json_get_wwpn(object, path, "wwpn", &adapter->wwpn[0], error) ||
        !lpm_json_get_wwpn(object, path, "wwpn2", &adapter->wwpn[1], error) ||
        !lpm_json_get_uint(object, path, "active", REQ, 2, &active, error) ||
        !lpm_json_get_bool(object, path, "logged-in", REQ,
                           &adapter->logged_in, error) ||
        !lpm_json_get_bool(object, path, "fenced", REQ, &adapter->fenced,
                           error) ||
        !lpm_json_get_array(object, path, "targets", REQ, TARGETS_MAX,
                            &targets, error)) {
        return FALSE;
    }
    if (active == 0) {
        g_autofree char *pointer = lpm_json_pointer(path, "active");

        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s: 0, wanted 1 or 2", pointer);
        return FALSE;
    }
    adapter->active = (guint)active;
    for (guint i = 0; i < json_array_get_length(targets); i++) {
        LpmJsonPath at = { .up = &targets_path, .index = i };
        JsonObject *target =
            lpm_json_object(json_array_get_element(targets, i), &at, error);

        if (target == NULL || !each_target(target, &at, adapter, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_status(LpmVfcSide *side, JsonNode *reply,
                            GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);

    if (object == NULL ||
        !lpm_json_get_string(object, NULL, "status", REQ, WORD_MAX,
                             &side->run_state, error) ||
        !lpm_json_get_bool(object, NULL, "running", OPT, &side->runs,
                           error)) {
        return FALSE;
    }
    side->runs |= g_str_equal(side->run_state, "running");
    return TRUE;
}

static gboolean read_lpm(LpmVfcSide *side, JsonNode *reply, GError **error)
{
    static const LpmJsonPath path = { .key = "vfc" };
    JsonObject *object = lpm_json_object(reply, NULL, error);
    JsonArray *adapters = NULL;

    if (object == NULL ||
        !lpm_json_get_string(object, NULL, "phase", REQ, WORD_MAX,
                             &side->phase, error) ||
        !lpm_json_get_string(object, NULL, "role", REQ, WORD_MAX,
                             &side->role, error) ||
        !lpm_json_get_array(object, NULL, "vfc", OPT, ADAPTERS_MAX,
                            &adapters, error)) {
        return FALSE;
    }
    if (adapters == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "no member 'vfc': this QEMU does not tell of virtual "
                    "Fibre Channel adapters");
        return FALSE;
    }
    for (guint i = 0; i < json_array_get_length(adapters); i++) {
        LpmJsonPath at = { .up = &path, .index = i };
        JsonObject *adapter =
            lpm_json_object(json_array_get_element(adapters, i), &at, error);

        if (adapter == NULL || !each_adapter(adapter, &at, side, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

LpmVfcSide *lpm_vfc_side_new(LpmSide which, const char *where,
                             JsonNode *status, JsonNode *lpm, GError **error)
{
    g_autoptr(LpmVfcSide) side = g_new0(LpmVfcSide, 1);

    side->side = which;
    side->where = g_strdup(where);
    side->adapters = g_ptr_array_new_with_free_func(adapter_free);
    if (!read_status(side, status, error)) {
        g_prefix_error(error, "reply to query-status: ");
        return NULL;
    }
    if (!read_lpm(side, lpm, error)) {
        g_prefix_error(error, "reply to query-lpm: ");
        return NULL;
    }
    return g_steal_pointer(&side);
}

/* Asking */

guint64 lpm_vfc_adapter_wwpn(const LpmVfcAdapter *adapter)
{
    return adapter->wwpn[adapter->active - 1];
}

guint64 lpm_vfc_adapter_standby(const LpmVfcAdapter *adapter)
{
    return adapter->wwpn[2 - adapter->active];
}

const LpmVfcAdapter *lpm_vfc_side_find(const LpmVfcSide *side,
                                       const char *id)
{
    for (guint i = 0; i < side->adapters->len; i++) {
        const LpmVfcAdapter *adapter = g_ptr_array_index(side->adapters, i);

        if (g_str_equal(adapter->id, id)) {
            return adapter;
        }
    }
    return NULL;
}

typedef enum MoveState {
    MOVE_OVER,
    MOVE_UNDER_WAY,
    MOVE_UNCLEAR,
} MoveState;

static MoveState move_state(const LpmVfcSide *side)
{
    static const char *const over[] = {
        "idle", "done", "rejected", "cancelled", "failed", NULL,
    };
    static const char *const under_way[] = {
        "preparing", "transfer", "stopped", "running-on-destination",
        "cleanup", NULL,
    };

    return g_strv_contains(over, side->phase) ? MOVE_OVER :
           g_strv_contains(under_way, side->phase) ? MOVE_UNDER_WAY :
           MOVE_UNCLEAR;
}

static gboolean is_source(const LpmVfcSide *side)
{
    return g_str_equal(side->role, "source");
}

gboolean lpm_vfc_side_sends(const LpmVfcSide *side)
{
    return g_str_equal(side->run_state, "finish-migrate") ||
           (is_source(side) && move_state(side) == MOVE_UNDER_WAY);
}

/* The source knows; a destination alone may wait for a source that is gone. */
static MoveState move_state_of_both(const LpmVfcSide *a, const LpmVfcSide *b)
{
    MoveState one = move_state(a);
    MoveState two = move_state(b);

    if (one == MOVE_UNCLEAR || two == MOVE_UNCLEAR) {
        return MOVE_UNCLEAR;
    }
    if (one == two) {
        return one;
    }
    if (lpm_vfc_side_sends(a) || lpm_vfc_side_sends(b)) {
        return MOVE_UNDER_WAY;
    }
    return is_source(a) || is_source(b) ? MOVE_UNCLEAR : MOVE_UNDER_WAY;
}

/* Judging */

typedef struct Check {
    const GPtrArray *sides;
    GPtrArray *findings;
} Check;

static void finding_free(gpointer data)
{
    LpmVfcFinding *finding = data;

    g_free(finding->what);
    g_free(finding->remedy);
    g_free(finding);
}

/* @what and @remedy: (transfer full) */
static void found(const Check *check, const LpmVfcProblem *problem,
                  guint64 wwpn, guint64 other, char *what, char *remedy)
{
    LpmVfcFinding *finding = g_new0(LpmVfcFinding, 1);

    finding->problem = problem;
    finding->wwpn[0] = wwpn;
    finding->wwpn[1] = other;
    finding->what = what;
    finding->remedy = remedy;
    g_ptr_array_add(check->findings, finding);
}

static const LpmVfcSide *side_at(const Check *check, guint i)
{
    return g_ptr_array_index(check->sides, i);
}

/* The other of two; NULL: there is one only. */
static const LpmVfcSide *other_of(const Check *check, const LpmVfcSide *side)
{
    return check->sides->len < 2 ? NULL :
           side_at(check, side_at(check, 0) == side ? 1 : 0);
}

static gboolean has_wwpn(const LpmVfcAdapter *adapter, guint64 wwpn)
{
    return adapter->wwpn[0] == wwpn || adapter->wwpn[1] == wwpn;
}

static gboolean is_pair(const LpmVfcAdapter *a, const LpmVfcAdapter *b)
{
    return has_wwpn(b, a->wwpn[0]) && has_wwpn(b, a->wwpn[1]);
}

/* (nullable): the adapter of @side with the same two WWPNs. */
static const LpmVfcAdapter *partner_at(const LpmVfcSide *side,
                                       const LpmVfcAdapter *adapter)
{
    for (guint i = 0; side != NULL && i < side->adapters->len; i++) {
        const LpmVfcAdapter *other = g_ptr_array_index(side->adapters, i);

        if (is_pair(adapter, other)) {
            return other;
        }
    }
    return NULL;
}

static gboolean have_a_pair(const LpmVfcSide *a, const LpmVfcSide *b)
{
    for (guint i = 0; i < a->adapters->len; i++) {
        if (partner_at(b, g_ptr_array_index(a->adapters, i)) != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * A command to copy.  Where QEMU's words are in there, or the user's, the
 * shell that it is pasted to must not see more than a word.
 */
static char *logout_command(const LpmVfcSide *side)
{
    g_autofree char *quoted = NULL;
    const char *where = side->where;

    for (const char *at = where; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && strchr("-+_.,:/@=", *at) == NULL) {
            quoted = g_shell_quote(where);
            break;
        }
    }
    return g_strdup_printf("lpm vfc logout --%s %s",
                           lpm_side_name(side->side),
                           quoted != NULL ? quoted : where);
}

/* "vfc0 of the source (running)" */
static char *holder(const LpmVfcSide *side, const LpmVfcAdapter *adapter)
{
    return g_strdup_printf("%s of the %s (%s)", adapter->id,
                           lpm_side_name(side->side), side->run_state);
}

/* Which of two logins has to go. */
static char *which_to_log_out(const LpmVfcSide *a, const LpmVfcSide *b)
{
    g_autofree char *of_a = logout_command(a);
    g_autofree char *of_b = logout_command(b);

    if (a->runs && b->runs) {
        return g_strdup("the guest runs on both sides: stop it on one of "
                        "them first, then log that side out");
    }
    if (a->runs != b->runs) {
        return g_strdup(a->runs ? of_b : of_a);
    }
    return g_strdup_printf("log out the side that the guest is not to go on "
                           "at, before it goes on at the other: %s, or %s",
                           of_a, of_b);
}

static void check_wwpn(const Check *check, const LpmVfcSide *a,
                       const LpmVfcAdapter *one, const LpmVfcSide *b,
                       const LpmVfcAdapter *two)
{
    guint64 wwpn = lpm_vfc_adapter_wwpn(one);
    g_autofree char *at = holder(a, one);
    g_autofree char *at_two = holder(b, two);

    if (!one->logged_in || !two->logged_in ||
        lpm_vfc_adapter_wwpn(two) != wwpn) {
        return;
    }
    found(check, &wwpn_twice, wwpn, 0,
          g_strdup_printf(WWPN_FORMAT " is logged in twice: %s, %s", wwpn,
                          at, at_two),
          a != b ? which_to_log_out(a, b) :
          g_strdup("give each adapter a pair of its own: lpm wwpn new makes "
                   "one"));
}

static void check_wwpns(const Check *check)
{
    for (guint s = 0; s < check->sides->len; s++) {
        const LpmVfcSide *a = side_at(check, s);

        for (guint i = 0; i < a->adapters->len; i++) {
            for (guint k = i + 1; k < a->adapters->len; k++) {
                check_wwpn(check, a, g_ptr_array_index(a->adapters, i), a,
                           g_ptr_array_index(a->adapters, k));
            }
            for (guint t = s + 1; t < check->sides->len; t++) {
                const LpmVfcSide *b = side_at(check, t);

                for (guint k = 0; k < b->adapters->len; k++) {
                    check_wwpn(check, a, g_ptr_array_index(a->adapters, i),
                               b, g_ptr_array_index(b->adapters, k));
                }
            }
        }
    }
}

static void check_pair(const Check *check, const LpmVfcSide *a,
                       const LpmVfcAdapter *one, const LpmVfcSide *b)
{
    const LpmVfcAdapter *two = partner_at(b, one);
    MoveState state = move_state_of_both(a, b);
    g_autofree char *text = NULL;
    g_autofree char *remedy = NULL;

    if (two == NULL || !one->logged_in || !two->logged_in ||
        lpm_vfc_adapter_wwpn(one) == lpm_vfc_adapter_wwpn(two) ||
        state == MOVE_UNDER_WAY) {
        return;
    }
    text = g_strdup_printf("both WWPNs of a pair are logged in: "
                           WWPN_FORMAT " by %s of the %s (%s), "
                           WWPN_FORMAT " by %s of the %s (%s)",
                           lpm_vfc_adapter_wwpn(one), one->id,
                           lpm_side_name(a->side), a->run_state,
                           lpm_vfc_adapter_wwpn(two), two->id,
                           lpm_side_name(b->side), b->run_state);
    remedy = which_to_log_out(a, b);
    if (state == MOVE_OVER) {
        found(check, &pair_logged_in, lpm_vfc_adapter_wwpn(one),
              lpm_vfc_adapter_wwpn(two),
              g_strdup_printf("%s; no move is under way", text),
              g_steal_pointer(&remedy));
    } else {
        found(check, &pair_waits, lpm_vfc_adapter_wwpn(one),
              lpm_vfc_adapter_wwpn(two),
              g_strdup_printf("%s; of a move the %s says '%s', the %s '%s'",
                              text, lpm_side_name(a->side), a->phase,
                              lpm_side_name(b->side), b->phase),
              g_strdup_printf("look again; if it stays so, %s", remedy));
    }
}

static void check_pairs(const Check *check, const LpmVfcSide *a,
                        const LpmVfcSide *b)
{
    for (guint i = 0; i < a->adapters->len; i++) {
        check_pair(check, a, g_ptr_array_index(a->adapters, i), b);
    }
}

static void check_runs(const Check *check, const LpmVfcSide *a,
                       const LpmVfcSide *b)
{
    if (a->runs && b->runs && have_a_pair(a, b)) {
        found(check, &runs_twice, 0, 0,
              g_strdup("the guest runs on both sides: both write to the "
                       "same disks"),
              g_strdup_printf("stop it at once (QMP 'stop') on the side that "
                              "is not to have it%s; then look at its disks "
                              "for damage",
                              is_source(a) && g_str_equal(a->phase, "done") ?
                              ", the source if its move was complete" : ""));
    }
}

static void check_fence(const Check *check, const LpmVfcSide *side,
                        const LpmVfcAdapter *adapter)
{
    const LpmVfcSide *other = other_of(check, side);
    const LpmVfcAdapter *partner = partner_at(other, adapter);
    g_autofree char *command = NULL;

    if (!side->runs || !adapter->fenced) {
        return;
    }
    command = partner != NULL && partner->logged_in && !other->runs ?
              logout_command(other) : NULL;
    found(check, &runs_fenced, lpm_vfc_adapter_wwpn(adapter), 0,
          g_strdup_printf("the guest runs on the %s, but %s turns its "
                          "commands away there: a move took the guest away",
                          lpm_side_name(side->side), adapter->id),
          command != NULL ?
          g_strdup_printf("if the guest is to stay there, %s, then QMP "
                          "'stop' and 'cont' here", command) :
          g_strdup("stop it there (QMP 'stop'); let it go on ('cont') where "
                   "the move took it, or here if the other side has ended"));
}

/* Whether the guest's own storage is to be here. */
static gboolean has_guest(const LpmVfcSide *side,
                          const LpmVfcAdapter *adapter)
{
    return side->runs ||
           (g_str_equal(side->run_state, "paused") && !adapter->fenced);
}

static void check_login(const Check *check, const LpmVfcSide *side,
                        const LpmVfcAdapter *adapter)
{
    const LpmVfcSide *other = other_of(check, side);
    const LpmVfcAdapter *partner = partner_at(other, adapter);
    GString *what;
    GString *remedy;

    if (!has_guest(side, adapter) || adapter->logged_in) {
        return;
    }
    what = g_string_new(NULL);
    remedy = g_string_new(NULL);
    g_string_append_printf(what, "the guest is on the %s (%s), but %s is not "
                           "logged in there with " WWPN_FORMAT ": no disks "
                           "through it", lpm_side_name(side->side),
                           side->run_state, adapter->id,
                           lpm_vfc_adapter_wwpn(adapter));
    if (partner != NULL && partner->logged_in) {
        g_string_append_printf(what, "; the %s is logged in",
                               lpm_side_name(other->side));
    } else if (other != NULL) {
        g_string_append(what, "; nobody is logged in");
    }
    if (partner != NULL && partner->logged_in && !other->runs) {
        g_autofree char *command = logout_command(other);

        g_string_append_printf(remedy, "%s; then ", command);
    }
    g_string_append_printf(remedy, "look whether the targets are up and let "
                           WWPN_FORMAT " in; a guest whose driver (ibmvfc) "
                           "is not loaded yet logs in when it is",
                           lpm_vfc_adapter_wwpn(adapter));
    found(check, &not_logged_in, lpm_vfc_adapter_wwpn(adapter), 0,
          g_string_free(what, FALSE), g_string_free(remedy, FALSE));
}

static void check_adapters(const Check *check,
                           void (*one)(const Check *, const LpmVfcSide *,
                                       const LpmVfcAdapter *))
{
    for (guint s = 0; s < check->sides->len; s++) {
        const LpmVfcSide *side = side_at(check, s);

        for (guint i = 0; i < side->adapters->len; i++) {
            one(check, side, g_ptr_array_index(side->adapters, i));
        }
    }
}

/* The guest came, and was never let go on since. */
static gboolean waits_for_cont(const LpmVfcSide *side)
{
    gboolean fenced = FALSE;

    for (guint i = 0; i < side->adapters->len; i++) {
        const LpmVfcAdapter *adapter = g_ptr_array_index(side->adapters, i);

        fenced |= adapter->fenced;
    }
    return fenced && g_str_equal(side->run_state, "paused");
}

static void check_started(const Check *check, const LpmVfcSide *left,
                          const LpmVfcSide *other)
{
    g_autofree char *command = NULL;
    const char *to = lpm_side_name(other->side);
    const char *from = lpm_side_name(left->side);
    gboolean waits = waits_for_cont(other);

    if (!g_str_equal(left->run_state, "postmigrate") || other->runs ||
        move_state_of_both(left, other) != MOVE_OVER ||
        !have_a_pair(left, other) ||
        (!waits && !g_str_equal(other->run_state, "inmigrate"))) {
        return;
    }
    command = logout_command(other);
    found(check, &not_started, 0, 0,
          g_strdup_printf("the guest runs on neither side: it has left the "
                          "%s, and the %s %s", from, to,
                          waits ? "was not told to let it go on" :
                                  "still waits for it"),
          waits ?
          g_strdup_printf("QMP 'cont' (virsh resume) on the %s; or, to have "
                          "it back on the %s, %s, then 'cont' there", to,
                          from, command) :
          g_strdup_printf("%s, then QMP 'cont' (virsh resume) on the %s, if "
                          "no other side has the guest", command, from));
}

GPtrArray *lpm_vfc_check(const GPtrArray *sides)
{
    Check check = {
        .sides = sides,
        .findings = g_ptr_array_new_with_free_func(finding_free),
    };

    g_assert(sides->len <= 2);
    check_wwpns(&check);
    if (sides->len == 2) {
        check_pairs(&check, side_at(&check, 0), side_at(&check, 1));
        check_runs(&check, side_at(&check, 0), side_at(&check, 1));
    }
    check_adapters(&check, check_fence);
    check_adapters(&check, check_login);
    if (sides->len == 2) {
        check_started(&check, side_at(&check, 0), side_at(&check, 1));
        check_started(&check, side_at(&check, 1), side_at(&check, 0));
    }
    return check.findings;
}
