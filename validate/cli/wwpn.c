/*
 * lpm wwpn: pairs of WWPNs that nobody uses, and who uses which
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cli/cli.h"
#include "error/lpm-error.h"
#include "facts/inventory.h"
#include "facts/json-write.h"
#include "facts/wwpn-users.h"
#include "report/layout.h"
#include "report/report.h"

/* IBM's company id 00-50-76, as the WWPNs of PowerVM's adapters have it. */
#define PREFIX  "c05076"

static gboolean kernel_random(gpointer opaque, guint64 *ret_number,
                              GError **error)
{
    guint64 number;
    ssize_t n;

    (void)opaque;
    do {
        n = getrandom(&number, sizeof(number), 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(number)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "the kernel gives no random numbers: %s",
                    n < 0 ? g_strerror(errno) : "too few bytes");
        return FALSE;
    }
    *ret_number = number;
    return TRUE;
}

/* Of a file without #SYSTEM every system is meant. */
static int read_inventory(const LpmEndpoint *end, LpmWwpnUsers *users)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmInventory) inventory = lpm_inventory_read(end->where, &err);

    if (inventory == NULL) {
        lpm_say("%s", err->message);
        return LPM_EXIT_USAGE;
    }
    for (guint i = 0; i < inventory->systems->len; i++) {
        const LpmNode *system = g_ptr_array_index(inventory->systems, i);
        g_autofree char *source = lpm_node_key(system) == NULL ?
            g_strdup(end->text) :
            g_strconcat(end->kind->prefix, end->where, "#",
                        lpm_node_key(system), NULL);

        lpm_wwpn_users_add(users, system, source);
    }
    return LPM_EXIT_PASS;
}

static int read_end(const LpmOptions *options, LpmEndpoint *end,
                    LpmWwpnUsers *users)
{
    g_autoptr(GPtrArray) source = g_ptr_array_new();
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(LpmFacts) facts = NULL;
    LpmOptions one = *options;
    int code;

    if ((end->kind->flags & LPM_ENDPOINT_SYSTEM) != 0 &&
        end->system == NULL) {
        return read_inventory(end, users);
    }
    g_ptr_array_add(source, end);
    one.sides[LPM_SIDE_SOURCE] = source;
    one.sides[LPM_SIDE_DESTINATION] = none;
    facts = lpm_ask_and_gather(&one, &code);
    if (facts != NULL && code == LPM_EXIT_PASS) {
        lpm_wwpn_users_add(users, lpm_facts_system(facts, LPM_SIDE_SOURCE),
                           end->text);
    }
    return code;
}

/*
 * Says what cannot be read, and what is not told.
 *
 * Returns: UNKNOWN if a source did not answer, or not all; USAGE if a file
 * cannot be read.
 */
static int read_ends(const LpmOptions *options, const GPtrArray *ends,
                     LpmWwpnUsers *users)
{
    const GPtrArray *gaps = lpm_wwpn_users_gaps(users);
    int worst = LPM_EXIT_PASS;

    for (guint i = 0; i < ends->len; i++) {
        int code = read_end(options, g_ptr_array_index(ends, i), users);

        worst = MAX(worst, code);
    }
    lpm_wwpn_users_settle(users);
    for (guint i = 0; i < gaps->len; i++) {
        lpm_say("not known: %s", (const char *)g_ptr_array_index(gaps, i));
    }
    if (gaps->len > 0 && !options->allow_unknown) {
        worst = MAX(worst, LPM_EXIT_UNKNOWN);
    }
    return worst;
}

/* lpm wwpn new */

static void print_pairs_json(const GArray *pairs)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();
    g_autofree char *text = NULL;

    for (guint i = 0; i < pairs->len; i++) {
        JsonObject *pair = json_object_new();

        for (guint k = 0; k < 2; k++) {
            char wwpn[17];

            g_snprintf(wwpn, sizeof(wwpn), "%016" G_GINT64_MODIFIER "x",
                       g_array_index(pairs, guint64, i) + k);
            json_object_set_string_member(pair, k == 0 ? "wwpn" : "wwpn2",
                                          wwpn);
        }
        json_array_add_object_element(array, pair);
    }
    json_object_set_int_member(object, "version", 1);
    json_object_set_array_member(object, "pairs", array);
    json_node_take_object(node, object);
    text = lpm_json_text(node);
    fputs(text, stdout);
}

static void print_pairs(const GArray *pairs, gboolean as_table)
{
    if (as_table) {
        printf("%-16s  %s\n", "WWPN", "WWPN2");
    }
    for (guint i = 0; i < pairs->len; i++) {
        guint64 wwpn = g_array_index(pairs, guint64, i);

        printf(as_table ? "%016" G_GINT64_MODIFIER "x  "
                          "%016" G_GINT64_MODIFIER "x\n" :
                          "wwpn=%016" G_GINT64_MODIFIER "x,"
                          "wwpn2=%016" G_GINT64_MODIFIER "x\n",
               wwpn, wwpn + 1);
    }
}

static int wwpn_new(const LpmOptions *options)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) pairs = NULL;
    LpmVfcPrefix prefix;
    int code;

    if (options->words[1] != NULL) {
        return lpm_usage("wwpn new: '%s' is one argument too many; what is "
                         "to be avoided stands behind --avoid",
                         options->words[1]);
    }
    if (options->quiet) {
        return lpm_usage("wwpn new: --quiet would leave nothing to print");
    }
    if (!lpm_vfc_prefix_parse(options->prefix != NULL ? options->prefix :
                                                        PREFIX,
                              &prefix, &err)) {
        return lpm_usage("wwpn new: %s", err->message);
    }
    code = read_ends(options, options->avoid, users);
    if (code != LPM_EXIT_PASS) {
        lpm_say("no pair is made: what is not known may be in use; name "
                "other sources%s", code == LPM_EXIT_USAGE ? "" :
                lpm_wwpn_users_gaps(users)->len == 0 ? "" :
                ", or go on with --allow-unknown");
        return code;
    }
    pairs = lpm_wwpn_choose(users, &prefix, MAX(options->count, 1),
                            kernel_random, NULL, &err);
    if (pairs == NULL) {
        lpm_say("%s", err->message);
        return LPM_EXIT_FAIL;
    }
    if (options->format == LPM_FORMAT_JSON) {
        print_pairs_json(pairs);
    } else {
        print_pairs(pairs, options->table);
    }
    return LPM_EXIT_PASS;
}

/* lpm wwpn list */

enum {
    COLUMN_MARK, COLUMN_WWPN, COLUMN_PAIR, COLUMN_ADAPTER, COLUMN_PARTITION,
    COLUMN_SYSTEM, COLUMN_LOGIN, COLUMN_SOURCE, COLUMNS,
};

static const char *const headings[] = {
    "", "WWPN", "PAIR", "ADAPTER", "PARTITION", "SYSTEM", "LOGGED IN",
    "TOLD BY", NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(headings) == COLUMNS + 1);

static const char *const kinds[] = {
    [LPM_WWPN_ADAPTER] = "adapter",
    [LPM_WWPN_LOGIN] = "login",
    [LPM_WWPN_TARGET] = "target",
};

/* The worst that is found of each user: "!" or "?". */
static GHashTable *marks_of(const GPtrArray *findings)
{
    GHashTable *marks = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < findings->len; i++) {
        const LpmWwpnFinding *finding = g_ptr_array_index(findings, i);
        const LpmWwpnUser *users[] = { finding->a, finding->b };

        for (guint k = 0; k < 2; k++) {
            if (users[k] != NULL &&
                (finding->problem->is_fault ||
                 !g_hash_table_contains(marks, users[k]))) {
                g_hash_table_insert(marks, (gpointer)users[k],
                                    (gpointer)(finding->problem->is_fault ?
                                               "!" : "?"));
            }
        }
    }
    return marks;
}

static char *login_text(const LpmWwpnUser *user)
{
    if (user->login != LPM_WWPN_LOGGED_IN) {
        return g_strdup(user->login == LPM_WWPN_LOGGED_OUT ? "no" : "-");
    }
    return user->port == NULL ? g_strdup("yes") :
           g_strdup_printf("yes (%s)", user->port);
}

static char *cell(const char *text)
{
    return lpm_report_escape(text != NULL ? text : "-");
}

static char **row_of(const LpmWwpnUser *user, const char *mark,
                     gboolean verbose)
{
    char **row = g_new0(char *, COLUMNS + 1);
    g_autofree char *login = login_text(user);
    g_autofree char *source = !verbose || user->origin == NULL ?
        g_strdup(user->source) :
        g_strdup_printf("%s (%s)", user->source, user->origin);

    row[COLUMN_MARK] = g_strdup(mark != NULL ? mark : "");
    row[COLUMN_WWPN] = cell(user->text);
    row[COLUMN_PAIR] = cell(user->pair);
    row[COLUMN_ADAPTER] = cell(user->kind == LPM_WWPN_ADAPTER ?
                               user->adapter : kinds[user->kind]);
    row[COLUMN_PARTITION] = cell(user->partition);
    row[COLUMN_SYSTEM] = cell(user->system);
    row[COLUMN_LOGIN] = cell(login);
    row[COLUMN_SOURCE] = cell(source);
    return row;
}

static void print_row(char *const *row, const guint *widths)
{
    for (guint i = 0; i < COLUMNS; i++) {
        guint width = lpm_text_width(row[i]);

        /* nothing to the right of the last one */
        printf("%s%*s", row[i], i + 1 == COLUMNS ? 0 :
               (int)(widths[i] - width) + (i == COLUMN_MARK ? 1 : 2), "");
    }
    putchar('\n');
}

static void row_free(gpointer row)
{
    g_strfreev(row);
}

static void print_table(const LpmOptions *options, const GPtrArray *all,
                        const GPtrArray *findings)
{
    g_autoptr(GHashTable) marks = marks_of(findings);
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
    guint widths[COLUMNS] = { 0 };

    g_ptr_array_add(rows, g_strdupv((char **)headings));
    for (guint i = 0; i < all->len; i++) {
        const LpmWwpnUser *user = g_ptr_array_index(all, i);
        const char *mark = g_hash_table_lookup(marks, user);

        if (mark != NULL || options->verbose ||
            (user->kind != LPM_WWPN_TARGET && !user->joined)) {
            g_ptr_array_add(rows, row_of(user, mark, options->verbose));
        }
    }
    if (rows->len == 1) {
        puts("no WWPNs");
        return;
    }
    for (guint i = 0; i < rows->len; i++) {
        char *const *row = g_ptr_array_index(rows, i);

        for (guint k = 0; k < COLUMNS; k++) {
            widths[k] = MAX(widths[k], lpm_text_width(row[k]));
        }
    }
    for (guint i = 0; i < rows->len; i++) {
        print_row(g_ptr_array_index(rows, i), widths);
    }
}

/* "web1 at p7-a, adapter 4" */
static char *describe(const LpmWwpnUser *user)
{
    GString *text = g_string_new(NULL);

    switch (user->kind) {
    case LPM_WWPN_ADAPTER:
        g_string_append_printf(text, "%s at %s, adapter %s",
                               user->partition != NULL ? user->partition :
                               "a guest without a name",
                               user->system != NULL ? user->system :
                               user->source, user->adapter);
        break;
    case LPM_WWPN_LOGIN:
        g_string_append_printf(text, "a login at %s, port %s",
                               user->system != NULL ? user->system :
                               user->source, user->port);
        break;
    case LPM_WWPN_TARGET:
        g_string_append_printf(text, "a target that %s sees",
                               user->system != NULL ? user->system :
                               user->source);
        break;
    }
    return g_string_free(text, FALSE);
}

static char *what_of(const LpmWwpnFinding *finding)
{
    g_autofree char *a = describe(finding->a);
    g_autofree char *b = finding->b != NULL ? describe(finding->b) : NULL;

    return g_strconcat(finding->problem->what,
                       finding->detail != NULL ? ": " : "",
                       finding->detail != NULL ? finding->detail : "",
                       ": ", a, b != NULL ? "; " : "", b, NULL);
}

static void print_findings(const GPtrArray *findings)
{
    for (guint i = 0; i < findings->len; i++) {
        const LpmWwpnFinding *finding = g_ptr_array_index(findings, i);
        g_autofree char *what = what_of(finding);
        g_autofree char *wwpn = lpm_report_escape(finding->a->text);
        g_autofree char *safe = lpm_report_escape(what);

        printf("%s%-8s %s: %s\n         remedy: %s\n", i == 0 ? "\n" : "",
               finding->problem->is_fault ? "FAULT" : "UNCLEAR", wwpn, safe,
               finding->problem->remedy);
    }
}

static void set_if(JsonObject *object, const char *member, const char *text)
{
    if (text != NULL) {
        json_object_set_string_member(object, member, text);
    }
}

static JsonObject *user_to_json(const LpmWwpnUser *user)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "wwpn", user->text);
    json_object_set_string_member(object, "kind", kinds[user->kind]);
    set_if(object, "pair", user->pair);
    if (user->which != 0) {
        json_object_set_int_member(object, "which", user->which);
    }
    set_if(object, "adapter", user->adapter);
    set_if(object, "partition", user->partition);
    set_if(object, "uuid", user->uuid);
    set_if(object, "system", user->system);
    if (user->login != LPM_WWPN_LOGIN_UNKNOWN) {
        json_object_set_boolean_member(object, "logged-in",
                                       user->login == LPM_WWPN_LOGGED_IN);
    }
    set_if(object, "port", user->port);
    json_object_set_string_member(object, "source", user->source);
    set_if(object, "origin", user->origin);
    return object;
}

static JsonObject *finding_to_json(const LpmWwpnFinding *finding,
                                   GHashTable *places)
{
    JsonObject *object = json_object_new();
    JsonArray *users = json_array_new();
    g_autofree char *what = what_of(finding);
    const LpmWwpnUser *both[] = { finding->a, finding->b };

    for (guint i = 0; i < 2 && both[i] != NULL; i++) {
        json_array_add_int_element(
            users, GPOINTER_TO_UINT(g_hash_table_lookup(places, both[i])));
    }
    json_object_set_string_member(object, "status",
                                  finding->problem->is_fault ? "fault" :
                                                               "unclear");
    json_object_set_string_member(object, "wwpn", finding->a->text);
    json_object_set_string_member(object, "what", what);
    json_object_set_string_member(object, "remedy",
                                  finding->problem->remedy);
    json_object_set_array_member(object, "users", users);
    return object;
}

/* As docs/lpm-wwpns.schema.json says. */
static void print_list_json(const LpmWwpnUsers *users,
                            const GPtrArray *findings)
{
    const GPtrArray *all = lpm_wwpn_users_all(users);
    const GPtrArray *gaps = lpm_wwpn_users_gaps(users);
    g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL);
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();
    g_autofree char *text = NULL;

    json_object_set_int_member(object, "version", 1);
    for (guint i = 0; i < all->len; i++) {
        gpointer user = g_ptr_array_index(all, i);

        g_hash_table_insert(places, user, GUINT_TO_POINTER(i));
        json_array_add_object_element(array, user_to_json(user));
    }
    json_object_set_array_member(object, "users", array);
    array = json_array_new();
    for (guint i = 0; i < findings->len; i++) {
        json_array_add_object_element(
            array, finding_to_json(g_ptr_array_index(findings, i), places));
    }
    json_object_set_array_member(object, "findings", array);
    array = json_array_new();
    for (guint i = 0; i < gaps->len; i++) {
        json_array_add_string_element(array, g_ptr_array_index(gaps, i));
    }
    json_object_set_array_member(object, "not-known", array);
    json_node_take_object(node, object);
    text = lpm_json_text(node);
    fputs(text, stdout);
}

static int exit_of_list(const GPtrArray *findings, int code)
{
    for (guint i = 0; i < findings->len; i++) {
        const LpmWwpnFinding *finding = g_ptr_array_index(findings, i);

        if (finding->problem->is_fault) {
            return LPM_EXIT_FAIL;
        }
        code = LPM_EXIT_UNKNOWN;
    }
    return code;
}

static int wwpn_list(const LpmOptions *options)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    g_autoptr(GPtrArray) ends = NULL;
    g_autoptr(GPtrArray) findings = NULL;
    int code;

    if (options->count != 0 || options->prefix != NULL ||
        options->avoid->len > 0) {
        return lpm_usage("wwpn list: --count, --prefix and --avoid are for "
                         "wwpn new");
    }
    ends = lpm_endpoints_parse("wwpn list", options->words + 1, &code);
    if (ends == NULL) {
        return code;
    }
    if (ends->len == 0) {
        g_autofree char *forms = lpm_endpoint_forms();

        return lpm_usage("wwpn list: wanted sources behind it, each %s",
                         forms);
    }
    code = read_ends(options, ends, users);
    if (code == LPM_EXIT_USAGE) {
        return code;
    }
    findings = lpm_wwpn_users_check(users);
    if (options->format == LPM_FORMAT_JSON && !options->quiet) {
        print_list_json(users, findings);
    } else if (!options->quiet) {
        print_table(options, lpm_wwpn_users_all(users), findings);
        print_findings(findings);
    }
    return exit_of_list(findings, code);
}

int lpm_cmd_wwpn(LpmOptions *options)
{
    const char *verb = options->words[0];

    if (g_strcmp0(verb, "new") == 0) {
        return wwpn_new(options);
    }
    if (g_strcmp0(verb, "list") == 0) {
        return wwpn_list(options);
    }
    return verb == NULL ? lpm_usage("wwpn: wanted new or list") :
           lpm_usage("wwpn: '%s' is neither new nor list", verb);
}
