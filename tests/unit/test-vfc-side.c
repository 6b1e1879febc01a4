/*
 * Who is logged in to the SAN: one row per thing that can be wrong
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/vfc-side.h"

#define ONE  "c0507606d5a20000"
#define TWO  "c0507606d5a20001"

#define ADAPTER(id, wwpn, wwpn2, active, in, fenced) \
    "{'id':'" id "','reg':1895825424,'wwpn':'" wwpn "','wwpn2':'" wwpn2 "'," \
    "'active':" active ",'logged-in':" in ",'fenced':" fenced "," \
    "'targets':[]}"
#define VFC0(active, in, fenced)  ADAPTER("vfc0", ONE, TWO, active, in, fenced)
#define TARGET(in)  "{'wwpn':'3000000000000001','name':'t','logged-in':" in "}"
#define SESSION  "{'id':'vfc0','reg':1,'wwpn':'" ONE "','wwpn2':'" TWO "'," \
                 "'active':2,'logged-in':false,'fenced':true," \
                 "'targets':[" TARGET("false") "," TARGET("true") "]}"
#define HOME     VFC0("1", "true", "false")
#define OUT      VFC0("1", "false", "false")
#define LEFT     VFC0("1", "false", "true")
#define AWAY     VFC0("2", "true", "false")
#define CAME     VFC0("2", "true", "true")
#define AWAY_OUT VFC0("2", "false", "false")
#define CAME_OUT VFC0("2", "false", "true")

typedef struct Look {
    const char *run_state;      /* NULL: this side is not asked */
    const char *role;
    const char *phase;
    const char *adapters;
} Look;

typedef struct Row {
    const char *name;
    Look source, destination;
    const char *want;           /* ids of findings */
    const char *says;           /* NULL, or text of the first's remedy */
} Row;

#define LOGOUT(side)  "lpm vfc logout --" side " qmp:/run/" side

static const Row rows[] = {
    { "alone/runs", { "running", "none", "idle", HOME }, { 0 }, "", NULL },
    { "alone/out", { "running", "none", "idle", OUT }, { 0 },
      "not-logged-in", "targets are up" },
    { "alone/waits", { 0 }, { "inmigrate", "none", "idle", OUT }, "", NULL },
    { "alone/not-booted", { "prelaunch", "none", "idle", OUT }, { 0 }, "",
      NULL },
    { "alone/left", { "postmigrate", "source", "done", LEFT }, { 0 }, "",
      NULL },
    { "alone/paused-out", { "paused", "none", "idle", OUT }, { 0 },
      "not-logged-in", NULL },
    { "alone/paused-came", { 0 }, { "paused", "destination", "done",
                                    CAME_OUT }, "", NULL },
    { "alone/none", { "running", "none", "idle", "" }, { 0 }, "", NULL },
    { "alone/same-twice",
      { "running", "none", "idle",
        HOME "," ADAPTER("vfc1", TWO, ONE, "2", "true", "false") }, { 0 },
      "wwpn-twice", "lpm wwpn new" },
    { "before", { "running", "none", "idle", HOME },
      { "inmigrate", "none", "idle", OUT }, "", NULL },
    { "move/prepares", { "running", "source", "preparing", HOME },
      { "inmigrate", "destination", "preparing", AWAY }, "", NULL },
    { "move/stops", { "finish-migrate", "source", "stopped", HOME },
      { "inmigrate", "destination", "transfer", AWAY }, "", NULL },
    { "move/not-noticed-yet", { "running", "none", "idle", HOME },
      { "inmigrate", "destination", "preparing", AWAY }, "", NULL },
    { "move/source-knows", { "postmigrate", "source", "cleanup", HOME },
      { "running", "destination", "done", AWAY }, "", NULL },
    { "move/same-wwpn", { "running", "source", "transfer", HOME },
      { "inmigrate", "destination", "transfer", HOME }, "wwpn-twice",
      LOGOUT("destination") },
    { "after", { "postmigrate", "source", "done", LEFT },
      { "running", "destination", "done", AWAY }, "", NULL },
    { "after/suspended", { "postmigrate", "source", "done", LEFT },
      { "paused", "destination", "done", AWAY }, "", NULL },
    { "after/off", { "postmigrate", "source", "done", LEFT },
      { "shutdown", "destination", "done", AWAY_OUT }, "", NULL },
    { "both/source-again", { "running", "source", "done", HOME },
      { "paused", "destination", "done", CAME }, "pair-logged-in",
      LOGOUT("destination") },
    { "both/rejected", { "running", "source", "rejected", HOME },
      { "inmigrate", "destination", "failed", AWAY }, "pair-logged-in",
      LOGOUT("destination") },
    { "both/source-stayed-in", { "postmigrate", "source", "done", HOME },
      { "running", "destination", "done", AWAY }, "pair-logged-in",
      LOGOUT("source") },
    { "both/session-is-a-login", { "running", "source", "failed", HOME },
      { "paused", "destination", "failed", SESSION }, "pair-logged-in",
      LOGOUT("destination") },
    { "both/other-order", { "running", "source", "failed", HOME },
      { "paused", "destination", "failed",
        ADAPTER("x", TWO, ONE, "1", "true", "true") }, "pair-logged-in",
      NULL },
    { "both/neither-runs", { "paused", "source", "done", HOME },
      { "paused", "destination", "done", CAME }, "pair-logged-in",
      "at the other" },
    { "both/waits", { "running", "source", "failed", HOME },
      { "inmigrate", "destination", "transfer", AWAY }, "pair-waits",
      LOGOUT("destination") },
    { "both/new-word", { "running", "source", "dreaming", HOME },
      { "inmigrate", "destination", "failed", AWAY }, "pair-waits", NULL },
    { "twice", { "running", "source", "done", HOME },
      { "paused", "destination", "done", HOME }, "wwpn-twice",
      LOGOUT("destination") },
    { "twice/destination-runs", { "paused", "source", "done", HOME },
      { "running", "destination", "done", HOME }, "wwpn-twice",
      LOGOUT("source") },
    { "twice/other-pair", { "running", "none", "idle", HOME },
      { "running", "none", "idle",
        ADAPTER("b", ONE, "c0507606d5a20002", "1", "true", "false") },
      "wwpn-twice", NULL },
    { "runs-on-both", { "running", "source", "done", HOME },
      { "running", "destination", "done", AWAY },
      "pair-logged-in runs-twice", "stop it on one" },
    { "strangers", { "running", "none", "idle", HOME },
      { "running", "none", "idle",
        ADAPTER("b", "c0507606d5a20002", "c0507606d5a20003", "1", "true",
                "false") }, "", NULL },
    { "fenced", { "running", "source", "done", VFC0("1", "true", "true") },
      { "paused", "destination", "done", CAME_OUT }, "runs-fenced",
      "QMP 'stop'" },
    { "fenced/other-in",
      { "running", "source", "done", VFC0("1", "false", "true") },
      { "paused", "destination", "done", CAME },
      "runs-fenced not-logged-in", LOGOUT("destination") },
    { "nobody", { "running", "source", "failed", OUT },
      { "inmigrate", "destination", "failed", OUT }, "not-logged-in",
      "targets are up" },
    { "wrong-side", { "running", "source", "failed", OUT },
      { "inmigrate", "destination", "failed", AWAY }, "not-logged-in",
      LOGOUT("destination") },
    { "no-cont", { "postmigrate", "source", "done", LEFT },
      { "paused", "destination", "done", CAME }, "not-started",
      "'cont' (virsh resume) on the destination" },
    { "no-guest", { "postmigrate", "source", "done", LEFT },
      { "inmigrate", "none", "idle", OUT }, "not-started",
      "'cont' (virsh resume) on the source" },
};

static JsonNode *json(const char *quoted)
{
    g_autofree char *text = g_strdelimit(g_strdup(quoted), "'", '"');
    g_autoptr(GError) err = NULL;
    JsonNode *node = lpm_json_parse(text, strlen(text), "test", &err);

    g_assert_no_error(err);
    return node;
}

static LpmVfcSide *side_of(LpmSide which, const Look *look, GError **error)
{
    g_autofree char *where = g_strdup_printf("qmp:/run/%s",
                                             lpm_side_name(which));
    g_autofree char *state = g_strdup_printf("{'status':'%s'}",
                                             look->run_state);
    g_autofree char *lpm = g_strdup_printf(
        "{'role':'%s','phase':'%s','vfc':[%s]}", look->role, look->phase,
        look->adapters);
    g_autoptr(JsonNode) a = json(state);
    g_autoptr(JsonNode) b = json(lpm);

    return lpm_vfc_side_new(which, where, a, b, error);
}

static void side_free(gpointer side)
{
    lpm_vfc_side_free(side);
}

static void test_row(gconstpointer data)
{
    const Row *row = data;
    const Look *looks[] = { &row->source, &row->destination };
    g_autoptr(GPtrArray) sides = g_ptr_array_new_with_free_func(side_free);
    g_autoptr(GPtrArray) findings = NULL;
    g_autoptr(GString) ids = g_string_new(NULL);

    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) err = NULL;

        if (looks[i]->run_state != NULL) {
            g_ptr_array_add(sides, side_of((LpmSide)i, looks[i], &err));
            g_assert_no_error(err);
        }
    }
    findings = lpm_vfc_check(sides);
    for (guint i = 0; i < findings->len; i++) {
        const LpmVfcFinding *finding = g_ptr_array_index(findings, i);

        g_string_append_printf(ids, "%s%s", i == 0 ? "" : " ",
                               finding->problem->id);
        g_assert_cmpuint(strlen(finding->what), >, 0);
        g_assert_cmpuint(strlen(finding->remedy), >, 0);
        if (i == 0 && row->says != NULL &&
            strstr(finding->remedy, row->says) == NULL) {
            g_test_message("'%s', wanted '%s' in it", finding->remedy,
                           row->says);
            g_test_fail();
        }
    }
    g_assert_cmpstr(ids->str, ==, row->want);
}

static const struct {
    const char *name;
    const char *adapters;
    const char *says;
} bad[] = {
    { "no-object", "5", "/vfc/0" },
    { "no-id", "{'reg':1}", "/vfc/0/id" },
    { "reg", "{'id':'a','reg':4294967296}", "/vfc/0/reg" },
    { "wwpn", HOME "," ADAPTER("a", "c0", TWO, "1", "true", "false"),
      "/vfc/1/wwpn: got 'c0'" },
    { "wwpn2", ADAPTER("a", ONE, "0000000000000000", "1", "true", "false"),
      "/vfc/0/wwpn2" },
    { "active-0", VFC0("0", "true", "false"), "/vfc/0/active" },
    { "active-3", VFC0("3", "true", "false"), "/vfc/0/active" },
    { "active-text", VFC0("'1'", "true", "false"), "/vfc/0/active" },
    { "logged-in", VFC0("1", "1", "false"), "/vfc/0/logged-in" },
    { "fenced", VFC0("1", "true", "null"), "/vfc/0/fenced" },
    { "target", "{'id':'a','reg':1,'wwpn':'" ONE "','wwpn2':'" TWO "',"
      "'active':1,'logged-in':true,'fenced':false,'targets':["
      TARGET("true") ",{'wwpn':''}]}", "/vfc/0/targets/1/name" },
};

static void test_bad(gconstpointer data)
{
    const Look look = {
        "running", "none", "idle", bad[GPOINTER_TO_UINT(data)].adapters,
    };
    g_autoptr(GError) err = NULL;
    LpmVfcSide *side = side_of(LPM_SIDE_SOURCE, &look, &err);

    g_assert_null(side);
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(err->message, "reply to query-lpm: "));
    g_assert_nonnull(strstr(err->message, bad[GPOINTER_TO_UINT(data)].says));
}

static void test_bounds(void)
{
    g_autoptr(GString) many = g_string_new(HOME);
    const Look look = { "running", "none", "idle", NULL };
    Look some = look;
    g_autoptr(GError) err = NULL;

    for (guint i = 1; i <= 1024; i++) {
        g_string_append(many, "," HOME);
    }
    some.adapters = many->str;
    g_assert_null(side_of(LPM_SIDE_SOURCE, &some, &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_LIMIT);
}

static void test_not_told(void)
{
    g_autoptr(JsonNode) status = json("{'status':'running'}");
    g_autoptr(JsonNode) lpm = json("{'role':'none','phase':'idle'}");
    g_autoptr(GError) err = NULL;

    g_assert_null(lpm_vfc_side_new(LPM_SIDE_SOURCE, "x", status, lpm, &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_UNSUPPORTED);
}

/* What is pasted to a shell is one word of it. */
static void test_quotes(void)
{
    const Look looks[] = {
        { "running", "source", "failed", HOME },
        { "paused", "destination", "failed", CAME },
    };
    g_autoptr(GPtrArray) sides = g_ptr_array_new_with_free_func(side_free);
    g_autoptr(GPtrArray) findings = NULL;
    const LpmVfcFinding *finding;
    LpmVfcSide *side;

    g_ptr_array_add(sides, side_of(LPM_SIDE_SOURCE, &looks[0], NULL));
    side = side_of(LPM_SIDE_DESTINATION, &looks[1], NULL);
    g_ptr_array_add(sides, side);
    g_free(side->where);
    side->where = g_strdup("qmp:/a b;c");
    findings = lpm_vfc_check(sides);
    g_assert_cmpuint(findings->len, ==, 1);
    finding = g_ptr_array_index(findings, 0);
    g_assert_cmpstr(finding->remedy, ==,
                    "lpm vfc logout --destination 'qmp:/a b;c'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/vfc-side/check/%s",
                                                rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/vfc-side/bad/%s",
                                                bad[i].name);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_bad);
    }
    g_test_add_func("/lpm/vfc-side/bounds", test_bounds);
    g_test_add_func("/lpm/vfc-side/not-told", test_not_told);
    g_test_add_func("/lpm/vfc-side/quotes", test_quotes);
    return g_test_run();
}
