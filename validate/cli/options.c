/*
 * Options of each command
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "config.h"
#include "report/report.h"

#define ONLY_VALIDATE  (1u << 0)
#define ONLY_MIGRATE   (1u << 1)
#define SIDES_BOTH     (1u << 2)
#define SIDE_ANY       (1u << 3)
#define SIDE_SOURCE    (1u << 4)
#define SIDES_SOME     (1u << 5)
#define NEEDS_QMP      (1u << 6)
#define ONLY_FACTS     (1u << 7)
#define ONLY_WWPN      (1u << 8)
#define ONLY_VFC       (1u << 9)
#define ONLY_STATUS    (1u << 10)
#define HAS_RECORDS    (1u << 11)
#define ONLY_RUNNING   (1u << 12)   /* status, cancel */
#define NEEDS_GUEST    (1u << 13)   /* a monitor or a libvirt daemon */
#define ONLY_RECOVER   (1u << 14)

#define PAIRS_MAX  4096
#define LIMIT_MAX  1000
#define NOT_GIVEN  G_MININT64

/* What a file or a peer says may be in there: nothing for a terminal. */
static void say_to_stderr(const char *format, va_list args)
    G_GNUC_PRINTF(1, 0);

static void say_to_stderr(const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);
    g_autofree char *safe = lpm_report_escape(text);

    fprintf(stderr, "lpm: %s\n", safe);
}

void lpm_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_to_stderr(format, args);
    va_end(args);
}

int lpm_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_to_stderr(format, args);
    va_end(args);
    fputs("Try 'lpm --help' or 'lpm COMMAND --help'.\n", stderr);
    return LPM_EXIT_USAGE;
}

GPtrArray *lpm_endpoints_parse(const char *what, char *const *texts,
                               int *ret_exit)
{
    g_autoptr(GPtrArray) ends = g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_endpoint_free);

    for (gsize i = 0; texts != NULL && texts[i] != NULL; i++) {
        LpmEndpoint *end = lpm_endpoint_parse(texts[i]);

        if (end == NULL) {
            g_autofree char *forms = lpm_endpoint_forms();

            *ret_exit = lpm_usage("%s %s: wanted %s", what, texts[i], forms);
            return NULL;
        }
        g_ptr_array_add(ends, end);
    }
    return g_steal_pointer(&ends);
}

gboolean lpm_in_range(const char *name, gint64 value, gint64 min, gint64 max,
                      int *ret_exit)
{
    if (value >= min && value <= max) {
        return TRUE;
    }
    *ret_exit = lpm_usage("--%s %" G_GINT64_FORMAT ": wanted %"
                          G_GINT64_FORMAT "..%" G_GINT64_FORMAT, name,
                          value, min, max);
    return FALSE;
}

/* Each side has what can be told to move, and all are of a kind. */
static gboolean check_guests(const LpmOptions *options, guint flags,
                             int *ret_exit)
{
    gboolean virt = lpm_over_libvirt(options);

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        const GPtrArray *ends = options->sides[i];

        if (ends->len > 0 && (virt ? lpm_endpoints_libvirt(ends) :
                                     lpm_endpoints_qmp(ends)) == NULL) {
            *ret_exit = lpm_usage("this command needs qmp:PATH for a side, "
                                  "or a libvirt URI, and the same kind for "
                                  "both");
            return FALSE;
        }
    }
    if (!virt && (flags & ONLY_RECOVER) != 0) {
        *ret_exit = lpm_usage("recover needs libvirt URIs for both sides; of "
                              "QEMUs without libvirt see lpm vfc status");
        return FALSE;
    }
    if (virt && options->partition == NULL) {
        *ret_exit = lpm_usage("over libvirt --partition NAME is needed");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_endpoints(const LpmOptions *options, guint flags,
                                int *ret_exit)
{
    const GPtrArray *source = options->sides[LPM_SIDE_SOURCE];
    const GPtrArray *destination = options->sides[LPM_SIDE_DESTINATION];

    if ((flags & SIDES_BOTH) != 0 && (source->len == 0 ||
                                      destination->len == 0)) {
        *ret_exit = lpm_usage("--source and --destination are needed");
        return FALSE;
    }
    if ((flags & SIDE_ANY) != 0 && source->len + destination->len != 1) {
        *ret_exit = lpm_usage("one --source or one --destination is needed");
        return FALSE;
    }
    if ((flags & ONLY_STATUS) != 0 && source->len + destination->len > 1) {
        *ret_exit = lpm_usage("one --source or one --destination, or neither "
                              "for the moves of this host");
        return FALSE;
    }
    if ((flags & SIDE_SOURCE) != 0 && (source->len != 1 ||
                                       destination->len != 0)) {
        *ret_exit = lpm_usage("one --source is needed, and only that");
        return FALSE;
    }
    if ((flags & SIDES_SOME) != 0 && source->len + destination->len == 0) {
        *ret_exit = lpm_usage("--source or --destination is needed");
        return FALSE;
    }
    if ((flags & NEEDS_QMP) != 0 &&
        ((source->len > 0 && lpm_endpoints_qmp(source) == NULL) ||
         (destination->len > 0 && lpm_endpoints_qmp(destination) == NULL))) {
        *ret_exit = lpm_usage("this command needs qmp:PATH for a side");
        return FALSE;
    }
    return ((flags & NEEDS_GUEST) == 0 || check_guests(options, flags,
                                                         ret_exit)) &&
           lpm_endpoints_check(options->sides, ret_exit);
}

static gboolean parse_format(const char *text, guint flags,
                             LpmOptions *options, int *ret_exit)
{
    gboolean may_be_junit = (flags & ONLY_VALIDATE) != 0;
    gboolean may_be_table = (flags & ONLY_WWPN) != 0;

    if (text == NULL || g_str_equal(text, "text")) {
        options->format = LPM_FORMAT_TEXT;
    } else if (g_str_equal(text, "json")) {
        options->format = LPM_FORMAT_JSON;
    } else if (may_be_junit && g_str_equal(text, "junit")) {
        options->format = LPM_FORMAT_JUNIT;
    } else if (may_be_table && g_str_equal(text, "table")) {
        options->table = TRUE;
    } else {
        *ret_exit = lpm_usage("--format %s: wanted text%s", text,
                              may_be_junit ? ", json or junit" :
                              may_be_table ? ", table or json" : " or json");
        return FALSE;
    }
    return TRUE;
}

static guint command_flags(const char *command)
{
    if (g_str_equal(command, "validate")) {
        return ONLY_VALIDATE | SIDES_BOTH;
    }
    if (g_str_equal(command, "migrate")) {
        return ONLY_MIGRATE | SIDES_BOTH | NEEDS_GUEST | HAS_RECORDS;
    }
    if (g_str_equal(command, "facts")) {
        return ONLY_FACTS | SIDES_SOME;
    }
    if (g_str_equal(command, "wwpn")) {
        return ONLY_WWPN;
    }
    if (g_str_equal(command, "vfc")) {
        return ONLY_VFC | NEEDS_QMP;
    }
    if (g_str_equal(command, "offer")) {
        return NEEDS_QMP | SIDE_ANY;
    }
    if (g_str_equal(command, "status")) {
        return ONLY_STATUS | ONLY_RUNNING | NEEDS_GUEST | HAS_RECORDS;
    }
    if (g_str_equal(command, "recover")) {
        return ONLY_RECOVER | ONLY_RUNNING | SIDES_BOTH | NEEDS_GUEST;
    }
    return ONLY_RUNNING | NEEDS_GUEST | SIDE_SOURCE;
}

/* Which sides a sub-command wants; one that is not known says so itself. */
static guint verb_flags(const char *verb)
{
    return g_strcmp0(verb, "status") == 0 ? SIDES_SOME :
           g_strcmp0(verb, "logout") == 0 ? SIDE_ANY : 0;
}

/* What is left of the arguments but their first. */
static char **words_of(int argc, char *const *argv)
{
    char **words = g_new0(char *, (gsize)argc + 1);

    for (int i = 1, n = 0; i < argc; i++) {
        /* from here on all are words; glib leaves it */
        if (g_str_equal(argv[i], "--")) {
            continue;
        }
        words[n++] = g_strdup(argv[i]);
    }
    return words;
}

static void print_help_of(GOptionContext *context, const char *command)
{
    g_autofree char *prg = g_strconcat("lpm ", command, NULL);
    g_autofree char *text = NULL;

    g_set_prgname(prg);
    text = g_option_context_get_help(context, TRUE, NULL);
    fputs(text, stdout);
}

gboolean lpm_parse_own(const LpmCommand *command, const char *parameters,
                       const GOptionEntry *entries, int *argc, char ***argv,
                       int *ret_exit)
{
    g_autoptr(GOptionContext) context = g_option_context_new(parameters);
    g_autoptr(GError) err = NULL;
    gboolean help = FALSE;
    gboolean version = FALSE;
    const GOptionEntry common[] = {
        { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "this text", NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &version,
          "the version of lpm", NULL },
        { NULL },
    };

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, command->summary);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    if (!g_option_context_parse(context, argc, argv, &err)) {
        *ret_exit = lpm_usage("%s: %s", command->name, err->message);
        return FALSE;
    }
    if (help) {
        print_help_of(context, command->name);
    } else if (version) {
        puts("lpm " LPM_VERSION);
    }
    *ret_exit = LPM_EXIT_PASS;
    return !help && !version;
}

gboolean lpm_options_parse(LpmOptions *options, const char *command,
                           const char *summary, int argc, char **argv,
                           int *ret_exit)
{
    g_autoptr(GOptionContext) context = NULL;
    g_autoptr(GError) err = NULL;
    g_auto(GStrv) source = NULL;
    g_auto(GStrv) destination = NULL;
    g_auto(GStrv) avoid = NULL;
    g_autofree char *profile = NULL;
    g_autofree char *format = NULL;
    gboolean help = FALSE;
    gboolean version = FALSE;
    g_auto(LpmMigrateGiven) migrate = LPM_MIGRATE_GIVEN_NONE;
    gint64 count = NOT_GIVEN;
    gint64 limit = 10;
    gint64 deadline = LPM_QMP_DEADLINE_MS;
    guint flags = command_flags(command);
    gboolean needs_sides;
    const GOptionEntry sides[] = {
        { "source", 's', 0, G_OPTION_ARG_STRING_ARRAY, &source,
          "the side that has the guest: see lpm(1), Sides", "WHERE" },
        { "destination", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &destination,
          "the side that is to take it: see lpm(1), Sides", "WHERE" },
        { NULL },
    };
    const GOptionEntry common[] = {
        { "format", 'f', 0, G_OPTION_ARG_STRING, &format,
          "text (default) or json; for validate also junit, for wwpn also "
          "table", "FORMAT" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
          "also say what holds", NULL },
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet,
          "only the exit code, and errors", NULL },
        { "qmp-deadline", 0, 0, G_OPTION_ARG_INT64, &deadline,
          "longest wait for one QMP reply, and for the two sides to be final "
          "at the end of a move (default 10000)", "MS" },
        { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "this text", NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &version,
          "the version of lpm", NULL },
        { NULL },
    };
    const GOptionEntry validate[] = {
        { "list", 'l', 0, G_OPTION_ARG_NONE, &options->list,
          "list all rules", NULL },
        { "explain", 'e', 0, G_OPTION_ARG_STRING, &options->explain,
          "explain a rule, by its id or a spec id that it covers", "ID" },
        { "rule", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &options->only,
          "run this rule only; may be given more than once", "ID" },
        { "inactive", 0, 0, G_OPTION_ARG_NONE, &options->inactive,
          "judge a move of a guest that is off", NULL },
        { "all", 'a', 0, G_OPTION_ARG_NONE, &options->all,
          "every partition of the source, one verdict each", NULL },
        { "profile", 0, 0, G_OPTION_ARG_STRING, &profile,
          "whose rules: powervm-hmc, powervm-ivm, ldoms or qemu (default "
          "qemu)",
          "PROFILE" },
        { "advice", 0, 0, G_OPTION_ARG_NONE, &options->advice,
          "run the rules that only advise, too", NULL },
        { NULL },
    };
    const GOptionEntry partition[] = {
        { "partition", 'p', 0, G_OPTION_ARG_STRING, &options->partition,
          "which partition of the source (default: the only one)", "NAME" },
        { NULL },
    };
    const GOptionEntry probe[] = {
        { "no-probe-storage", 0, G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE,
          &options->probe_storage,
          "do not log WWPNs in and out to see their LUNs", NULL },
        { NULL },
    };
    const GOptionEntry sets[] = {
        { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->sets,
          "what if: this fact had that value; may be given more than once",
          "PATH=VALUE" },
        { NULL },
    };
    const GOptionEntry facts[] = {
        { "save", 0, 0, G_OPTION_ARG_FILENAME, &options->save,
          "write the facts to an inventory", "FILE" },
        { "schema", 0, 0, G_OPTION_ARG_NONE, &options->schema,
          "print the JSON Schema of inventories", NULL },
        { NULL },
    };
    const GOptionEntry wwpn[] = {
        { "count", 0, 0, G_OPTION_ARG_INT64, &count,
          "new: how many pairs (default 1)", "N" },
        { "prefix", 0, 0, G_OPTION_ARG_STRING, &options->prefix,
          "new: first digits of the names (default c05076)", "HEX" },
        { "avoid", 0, 0, G_OPTION_ARG_STRING_ARRAY, &avoid,
          "new: make none that is used there; may be given more than once",
          "WHERE" },
        { "allow-unknown", 0, 0, G_OPTION_ARG_NONE, &options->allow_unknown,
          "go on when a source does not tell all of its WWPNs", NULL },
        { NULL },
    };
    const GOptionEntry dry_run[] = {
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->move.dry_run,
          "say what would be done; change nothing", NULL },
        { NULL },
    };
    const GOptionEntry vfc[] = {
        { "adapter", 0, 0, G_OPTION_ARG_STRING, &options->adapter,
          "logout: only this one (default: all of the side)", "ID" },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->move.dry_run,
          "logout: say what would be done; log nobody out", NULL },
        { NULL },
    };
    const GOptionEntry status[] = {
        { "limit", 0, 0, G_OPTION_ARG_INT64, &limit,
          "without a side: so many moves that have ended (default 10)", "N" },
        { NULL },
    };
    const GOptionEntry records[] = {
        { "records", 0, 0, G_OPTION_ARG_FILENAME, &options->records,
          "where the moves of this host are kept", "FILE" },
        { NULL },
    };
    const GOptionEntry uri[] = {
        { "uri", 'u', 0, G_OPTION_ARG_STRING, &options->uri,
          "where the stream goes, as the destination listens: "
          "tcp:HOST:PORT (PORT may be 0), unix:PATH", "URI" },
        { NULL },
    };

    context = g_option_context_new((flags & ONLY_WWPN) != 0 ?
                                   "new | list WHERE..." :
                                   (flags & ONLY_VFC) != 0 ?
                                   "status | logout" : NULL);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, summary);
    if ((flags & ONLY_WWPN) == 0) {
        g_option_context_add_main_entries(context, sides, NULL);
    }
    g_option_context_add_main_entries(context, common, NULL);
    if ((flags & ONLY_WWPN) != 0) {
        g_option_context_add_main_entries(context, wwpn, NULL);
    }
    if ((flags & ONLY_VFC) != 0) {
        g_option_context_add_main_entries(context, vfc, NULL);
    }
    if ((flags & ONLY_VALIDATE) != 0) {
        g_option_context_add_main_entries(context, validate, NULL);
    }
    if ((flags & ONLY_MIGRATE) != 0) {
        lpm_migrate_options_add(context, options, &migrate);
    }
    if ((flags & ONLY_RECOVER) != 0) {
        g_option_context_add_main_entries(context, dry_run, NULL);
    }
    if ((flags & ONLY_STATUS) != 0) {
        g_option_context_add_main_entries(context, status, NULL);
    }
    if ((flags & HAS_RECORDS) != 0) {
        g_option_context_add_main_entries(context, records, NULL);
    }
    if ((flags & (ONLY_VALIDATE | ONLY_MIGRATE)) != 0) {
        options->probe_storage = TRUE;
        g_option_context_add_main_entries(context, probe, NULL);
        g_option_context_add_main_entries(context, uri, NULL);
    }
    if ((flags & (ONLY_VALIDATE | ONLY_MIGRATE | ONLY_FACTS |
                  ONLY_RUNNING)) != 0) {
        g_option_context_add_main_entries(context, partition, NULL);
    }
    if ((flags & (ONLY_VALIDATE | ONLY_FACTS)) != 0) {
        g_option_context_add_main_entries(context, sets, NULL);
    }
    if ((flags & ONLY_FACTS) != 0) {
        g_option_context_add_main_entries(context, facts, NULL);
    }
    if (!g_option_context_parse(context, &argc, &argv, &err)) {
        *ret_exit = lpm_usage("%s: %s", command, err->message);
        return FALSE;
    }
    if (help) {
        print_help_of(context, command);
        *ret_exit = LPM_EXIT_PASS;
        return FALSE;
    }
    if (version) {
        puts("lpm " LPM_VERSION);
        *ret_exit = LPM_EXIT_PASS;
        return FALSE;
    }
    if ((flags & (ONLY_WWPN | ONLY_VFC)) != 0) {
        options->words = words_of(argc, argv);
        flags |= (flags & ONLY_VFC) != 0 ? verb_flags(options->words[0]) : 0;
    } else if (argc > 1) {
        *ret_exit = lpm_usage("%s: '%s' is one argument too many", command,
                              argv[1]);
        return FALSE;
    }
    if (!parse_format(format, flags, options, ret_exit)) {
        return FALSE;
    }
    if (options->quiet && options->verbose) {
        *ret_exit = lpm_usage("--quiet and --verbose exclude each other");
        return FALSE;
    }
    options->sides[LPM_SIDE_SOURCE] =
        lpm_endpoints_parse("--source", source, ret_exit);
    if (options->sides[LPM_SIDE_SOURCE] == NULL) {
        return FALSE;
    }
    options->sides[LPM_SIDE_DESTINATION] =
        lpm_endpoints_parse("--destination", destination, ret_exit);
    if (options->sides[LPM_SIDE_DESTINATION] == NULL) {
        return FALSE;
    }
    options->avoid = lpm_endpoints_parse("--avoid", avoid, ret_exit);
    if (options->avoid == NULL) {
        return FALSE;
    }
    options->profile = LPM_PROFILE_QEMU;
    if (profile != NULL && !lpm_profile_find(profile, &options->profile)) {
        *ret_exit = lpm_usage("--profile %s: wanted powervm-hmc, "
                              "powervm-ivm, ldoms or qemu", profile);
        return FALSE;
    }
    if (options->inactive && options->profile == LPM_PROFILE_LDOMS) {
        *ret_exit = lpm_usage("--inactive: the rules of profile ldoms are "
                              "about active domains only");
        return FALSE;
    }
    if (options->all && options->partition != NULL) {
        *ret_exit = lpm_usage("--all and --partition exclude each other");
        return FALSE;
    }
    needs_sides = !options->list && options->explain == NULL &&
                  !options->schema && (flags & ONLY_WWPN) == 0;
    if (needs_sides && !check_endpoints(options, flags, ret_exit)) {
        return FALSE;
    }
    if (!lpm_in_range("qmp-deadline", deadline, 1, 3600000, ret_exit) ||
        (count != NOT_GIVEN &&
         !lpm_in_range("count", count, 1, PAIRS_MAX, ret_exit)) ||
        !lpm_in_range("limit", limit, 0, LIMIT_MAX, ret_exit) ||
        !lpm_migrate_options_check(options, &migrate, ret_exit)) {
        return FALSE;
    }
    options->qmp_deadline_ms = (guint)deadline;
    options->count = count == NOT_GIVEN ? 0 : (guint)count;
    options->limit = (guint)limit;
    options->move.settle_ms = options->qmp_deadline_ms;
    options->move.uri = options->uri;
    options->move.compression = options->compression;
    return TRUE;
}

void lpm_options_clear(LpmOptions *options)
{
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        g_clear_pointer(&options->sides[i], g_ptr_array_unref);
    }
    g_free(options->partition);
    g_strfreev(options->sets);
    g_free(options->save);
    g_free(options->explain);
    g_strfreev(options->only);
    g_free(options->uri);
    g_free(options->compression);
    g_free(options->peer_uri);
    g_strfreev(options->words);
    g_clear_pointer(&options->avoid, g_ptr_array_unref);
    g_free(options->prefix);
    g_free(options->records);
    g_free(options->adapter);
}
