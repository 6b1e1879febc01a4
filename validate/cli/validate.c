/*
 * lpm validate, lpm offer: gather facts, judge them, report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "facts/gather.h"
#include "report/report.h"

LpmQmp *lpm_connect(const LpmOptions *options, LpmSide side, char **ret_why)
{
    const char *path = lpm_endpoints_qmp(options->sides[side]);
    g_autoptr(GError) err = NULL;
    LpmQmp *qmp;

    *ret_why = NULL;
    if (path == NULL) {
        return NULL;
    }
    qmp = lpm_qmp_connect(path, lpm_side_name(side),
                          options->qmp_deadline_ms, &err);
    if (qmp == NULL) {
        *ret_why = g_strdup(err->message);
    }
    return qmp;
}

static int exit_of(LpmVerdict verdict)
{
    switch (verdict) {
    case LPM_VERDICT_PASS:
        return LPM_EXIT_PASS;
    case LPM_VERDICT_FAIL:
        return LPM_EXIT_FAIL;
    case LPM_VERDICT_UNKNOWN:
        return LPM_EXIT_UNKNOWN;
    }
    g_assert_not_reached();
}

static gboolean known_rules(char *const *only, int *ret_exit)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize k = 0; only != NULL && only[k] != NULL; k++) {
        gboolean found = FALSE;

        for (gsize i = 0; !found && i < n; i++) {
            found = lpm_rule_matches(&rules[i], only[k]);
        }
        if (!found) {
            *ret_exit = lpm_usage("--rule %s: no rule has or covers this "
                                  "id; see lpm validate --list", only[k]);
            return FALSE;
        }
    }
    return TRUE;
}

LpmFacts *lpm_ask_and_gather(const LpmOptions *options, int *ret_exit)
{
    g_autoptr(LpmQmp) source = NULL;
    g_autoptr(LpmQmp) destination = NULL;
    g_autofree char *why_source = NULL;
    g_autofree char *why_destination = NULL;

    source = lpm_connect(options, LPM_SIDE_SOURCE, &why_source);
    destination = lpm_connect(options, LPM_SIDE_DESTINATION,
                              &why_destination);
    *ret_exit = LPM_EXIT_PASS;
    if (why_source != NULL) {
        lpm_say("%s", why_source);
        *ret_exit = LPM_EXIT_UNKNOWN;
    }
    if (why_destination != NULL) {
        lpm_say("%s", why_destination);
        *ret_exit = LPM_EXIT_UNKNOWN;
    }
    return lpm_gather(options, (LpmQmp *[]) { source, destination },
                      (char *[]) { why_source, why_destination }, ret_exit);
}

/* The kind that is asked for, or that the partition's state leaves. */
static LpmMove kind_of_move(const LpmOptions *options, const LpmFacts *facts)
{
    const LpmNode *partition = lpm_facts_partition(facts);
    const LpmValue *state = partition == NULL ? NULL :
        lpm_node_get(partition, LPM_PARTITION_STATE);

    return options->inactive || (state != NULL &&
           (g_str_equal(state->text, "not-activated") ||
            g_str_equal(state->text, "bound"))) ? LPM_MOVE_INACTIVE :
                                                  LPM_MOVE_ACTIVE;
}

static LpmRun run_of(const LpmOptions *options, const LpmFacts *facts)
{
    return (LpmRun) {
        .move = kind_of_move(options, facts),
        .profile = options->profile,
        .advice = options->advice,
        .brief = options->quiet || (!options->verbose &&
                                    options->format == LPM_FORMAT_TEXT),
        .facts = options->format == LPM_FORMAT_JSON && !options->all,
        .only = (const char *const *)options->only,
    };
}

static void print_text(const LpmOptions *options, const LpmJudged *judged)
{
    lpm_report_table(stdout, judged, options->quiet ? LPM_DETAIL_QUIET :
                     options->verbose ? LPM_DETAIL_VERBOSE :
                     LPM_DETAIL_NORMAL, lpm_report_colour(stdout));
}

static void print_one(const LpmOptions *options, const LpmJudged *judged)
{
    g_autoptr(JsonNode) node = NULL;

    switch (options->format) {
    case LPM_FORMAT_TEXT:
        print_text(options, judged);
        break;
    case LPM_FORMAT_JSON:
        node = lpm_report_document(judged);
        lpm_report_print(stdout, node, TRUE);
        break;
    case LPM_FORMAT_JUNIT:
        lpm_report_junit_begin(stdout);
        lpm_report_junit_add(stdout, judged);
        lpm_report_junit_end(stdout);
        break;
    }
}

static int validate_one(const LpmOptions *options, LpmFacts *facts)
{
    g_autoptr(GPtrArray) results = NULL;
    LpmRun run;
    int code;

    if (!lpm_choose(options, facts, &code) ||
        !lpm_apply_sets(options, facts, &code)) {
        return code;
    }
    run = run_of(options, facts);
    if (!options->inactive && !options->quiet &&
        run.move == LPM_MOVE_INACTIVE) {
        const LpmNode *partition = lpm_facts_partition(facts);
        const LpmValue *state = lpm_node_get(partition, LPM_PARTITION_STATE);

        lpm_say("%s is %s: judged as an inactive move",
                lpm_node_key(partition), g_str_equal(state->text, "bound") ?
                "bound" : "not activated");
    }
    results = lpm_rules_run(facts, &run);
    print_one(options, &(LpmJudged) { facts, &run, results });
    return exit_of(lpm_rules_verdict(results));
}

/* One of --all, as docs/lpm-verdicts.schema.json says. */
static void print_partition(const LpmOptions *options,
                            const LpmJudged *judged, gboolean first)
{
    const char *name = lpm_node_key(lpm_facts_partition(judged->facts));
    g_autofree char *safe = NULL;
    g_autoptr(JsonNode) node = NULL;

    switch (options->format) {
    case LPM_FORMAT_TEXT:
        if (options->quiet) {
            break;
        }
        safe = lpm_report_escape(name);
        printf("%spartition %s (%s move)\n", first ? "" : "\n", safe,
               lpm_move_name(judged->run->move));
        print_text(options, judged);
        break;
    case LPM_FORMAT_JSON:
        node = lpm_report_document(judged);
        json_object_remove_member(json_node_get_object(node), "version");
        fputs(first ? "" : ",", stdout);
        lpm_report_print(stdout, node, FALSE);
        break;
    case LPM_FORMAT_JUNIT:
        lpm_report_junit_add(stdout, judged);
        break;
    }
}

/* Each is printed before the next is judged: a server may have a thousand. */
static int validate_all(const LpmOptions *options, LpmFacts *facts)
{
    const GPtrArray *all = lpm_source_partitions(facts);
    LpmVerdict worst = LPM_VERDICT_PASS;
    guint counts[3] = { 0 };
    int code;

    if (all == NULL || all->len == 0) {
        return lpm_usage("--all: the source tells of no partition");
    }
    /* a path that is wrong is wrong for the first one, too */
    lpm_choose_partition(facts, lpm_node_key(g_ptr_array_index(all, 0)),
                         "--all");
    if (!lpm_apply_sets(options, facts, &code)) {
        return code;
    }
    if (options->format == LPM_FORMAT_JSON) {
        puts("{\"version\":1,\"partitions\":[");
    } else if (options->format == LPM_FORMAT_JUNIT) {
        lpm_report_junit_begin(stdout);
    }
    for (guint i = 0; i < all->len; i++) {
        g_autoptr(GPtrArray) results = NULL;
        LpmVerdict verdict;
        LpmRun run;

        lpm_choose_partition(facts, lpm_node_key(g_ptr_array_index(all, i)),
                             "--all");
        if (!lpm_apply_sets(options, facts, &code)) {
            return code;
        }
        run = run_of(options, facts);
        results = lpm_rules_run(facts, &run);
        print_partition(options, &(LpmJudged) { facts, &run, results },
                        i == 0);
        verdict = lpm_rules_verdict(results);
        counts[verdict]++;
        if (verdict == LPM_VERDICT_FAIL || worst == LPM_VERDICT_PASS) {
            worst = verdict;
        }
    }
    if (options->format == LPM_FORMAT_JSON) {
        printf("],\"verdict\":\"%s\"}\n", lpm_verdict_name(worst));
    } else if (options->format == LPM_FORMAT_JUNIT) {
        lpm_report_junit_end(stdout);
    } else if (!options->quiet) {
        printf("\n%u partitions: %u pass, %u fail, %u unknown\n", all->len,
               counts[LPM_VERDICT_PASS], counts[LPM_VERDICT_FAIL],
               counts[LPM_VERDICT_UNKNOWN]);
    }
    return exit_of(worst);
}

int lpm_cmd_validate(LpmOptions *options)
{
    g_autoptr(LpmFacts) facts = NULL;
    int code;

    if (options->list) {
        if (options->format == LPM_FORMAT_JSON) {
            g_autoptr(JsonNode) node = lpm_report_list_json();

            lpm_report_print(stdout, node, TRUE);
        } else {
            lpm_report_list(stdout);
        }
        return LPM_EXIT_PASS;
    }
    if (options->explain != NULL) {
        if (!lpm_report_explain(stdout, options->explain)) {
            return lpm_usage("--explain %s: no rule has or covers this id, "
                             "and no specification has it; see lpm validate "
                             "--list", options->explain);
        }
        return LPM_EXIT_PASS;
    }
    if (!known_rules(options->only, &code)) {
        return code;
    }
    facts = lpm_ask_and_gather(options, &code);
    if (facts == NULL) {
        return code;
    }
    return options->all ? validate_all(options, facts) :
                          validate_one(options, facts);
}

int lpm_cmd_offer(LpmOptions *options)
{
    LpmSide side = options->sides[LPM_SIDE_SOURCE]->len > 0 ?
                   LPM_SIDE_SOURCE : LPM_SIDE_DESTINATION;
    g_autofree char *why = NULL;
    g_autoptr(LpmQmp) qmp = lpm_connect(options, side, &why);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) err = NULL;

    if (qmp == NULL) {
        lpm_say("%s", why);
        return LPM_EXIT_UNKNOWN;
    }
    node = lpm_qmp_execute(qmp, "query-lpm-offer", NULL, &err);
    if (node == NULL) {
        lpm_say("%s; start this QEMU with -object migration-lpm,id=lpm0",
                err->message);
        return LPM_EXIT_UNKNOWN;
    }
    lpm_report_print(stdout, node, TRUE);
    return LPM_EXIT_PASS;
}
