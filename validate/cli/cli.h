/*
 * The command line of lpm: options, commands, exit codes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_CLI_H
#define LPM_CLI_H

#include <glib.h>

#include "facts/facts.h"
#include "facts/qmp.h"
#include "handoff/move.h"
#include "rules/rules.h"

/* Exit codes besides LpmOutcome's. */
#define LPM_EXIT_PASS     0
#define LPM_EXIT_FAIL     1
#define LPM_EXIT_UNKNOWN  2
#define LPM_EXIT_USAGE    3

typedef struct LpmGathering LpmGathering;
typedef struct LpmMoveView LpmMoveView;
typedef struct LpmEndpoint LpmEndpoint;

#define LPM_ENDPOINT_GUEST   (1u << 0)  /* tells of a QEMU: one per side */
#define LPM_ENDPOINT_LIVE    (1u << 1)  /* asked now: it may not answer */
#define LPM_ENDPOINT_SYSTEM  (1u << 2)  /* WHERE#SYSTEM */
#define LPM_ENDPOINT_MAY_BE_BARE (1u << 3)  /* nothing behind the prefix */

/* A kind of source of facts; a row in endpoint.c. */
typedef struct LpmEndpointKind {
    const char *prefix;
    const char *form;       /* for usage: "qmp:PATH" */
    guint flags;
    gboolean (*gather)(LpmGathering *gathering, const LpmEndpoint *end,
                       LpmSide side, GError **error);
} LpmEndpointKind;

/* One value of --source or --destination. */
struct LpmEndpoint {
    const LpmEndpointKind *kind;
    char *text;             /* as given */
    char *where;            /* without the prefix and the system */
    char *system;           /* or NULL */
};

typedef enum LpmFormat {
    LPM_FORMAT_TEXT,
    LPM_FORMAT_JSON,
    LPM_FORMAT_JUNIT,       /* validate only */
} LpmFormat;

typedef struct LpmOptions {
    GPtrArray *sides[LPM_SIDE__MAX];    /* LpmEndpoint *; later ones win */
    LpmFormat format;
    gboolean quiet;
    gboolean verbose;
    guint qmp_deadline_ms;
    /* validate */
    gboolean list;
    char *explain;
    char **only;
    gboolean inactive;
    gboolean all;
    gboolean advice;
    LpmProfile profile;
    /* validate, migrate */
    gboolean probe_storage;     /* ask QEMU to log WWPNs in and out */
    /* validate, migrate, facts; status, cancel */
    char *partition;
    char **sets;
    /* facts */
    char *save;
    gboolean schema;
    /* migrate */
    LpmMoveOptions move;    /* dry_run: vfc, too */
    char *uri;
    char *compression;
    gboolean no_validate;
    gboolean allow_unknown;     /* wwpn, too */
    /* migrate, over libvirt */
    char *peer_uri;
    gboolean direct;
    gboolean persistent;
    gboolean undefine_source;
    gboolean offline;
    gboolean start;
    /* vfc */
    char *adapter;          /* NULL: all */
    /* wwpn, vfc */
    char **words;           /* what is no option */
    /* wwpn */
    GPtrArray *avoid;       /* LpmEndpoint * */
    char *prefix;
    gboolean table;         /* --format table */
    /* migrate, status */
    char *records;          /* NULL: the host's */
    guint limit;            /* status: so many moves that have ended */
    guint count;            /* 0: not given */
} LpmOptions;

/* One of run and run_args is set. */
typedef struct LpmCommand {
    const char *name;
    const char *summary;
    int (*run)(LpmOptions *options);
    /* for a command whose options are its own; argv[0] is its name */
    int (*run_args)(const struct LpmCommand *command, int argc, char **argv);
} LpmCommand;

/**
 * lpm_parse_own:
 * @parameters: (nullable): what stands behind the options, for help
 * @entries: without --help and --version, which are added
 * @argc, @argv: (inout): what is no option is left, behind argv[0]
 * @ret_exit: (out): when the return value is false
 *
 * For run_args.  Prints help or a usage error itself.
 *
 * Returns: whether to go on.
 */
gboolean lpm_parse_own(const LpmCommand *command, const char *parameters,
                       const GOptionEntry *entries, int *argc, char ***argv,
                       int *ret_exit);

/**
 * lpm_options_parse:
 * @command: a row of the command table
 * @argc, @argv: without the command's name
 * @ret_exit: (out): when the return value is false
 *
 * Prints help or a usage error itself.
 *
 * Returns: whether to go on.
 */
gboolean lpm_options_parse(LpmOptions *options, const char *command,
                           const char *summary, int argc, char **argv,
                           int *ret_exit);

/* What is given for lpm migrate, as text and numbers that are not checked. */
typedef struct LpmMigrateGiven {
    char *bandwidth;
    char *on_stall;
    gint64 channels;            /* G_MININT64: not given */
    gint64 downtime;
    gint64 timeout;
    gint64 stall_time;
} LpmMigrateGiven;

#define LPM_MIGRATE_GIVEN_NONE  { .channels = G_MININT64, .stall_time = 30 }

/** lpm_migrate_options_add: the options go into @options and @given. */
void lpm_migrate_options_add(GOptionContext *context, LpmOptions *options,
                             LpmMigrateGiven *given);

/**
 * lpm_migrate_options_check:
 *
 * Of @given into @options.  For other commands, too: all is at its default.
 *
 * Returns: false after a usage error.
 */
gboolean lpm_migrate_options_check(LpmOptions *options,
                                   const LpmMigrateGiven *given,
                                   int *ret_exit);

/** lpm_migrate_given_clear: may be called twice. */
void lpm_migrate_given_clear(LpmMigrateGiven *given);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LpmMigrateGiven, lpm_migrate_given_clear)

/** lpm_in_range: of an option's value; says what is wanted. */
gboolean lpm_in_range(const char *name, gint64 value, gint64 min, gint64 max,
                      int *ret_exit);

/** lpm_options_clear: frees what lpm_options_parse() set. */
void lpm_options_clear(LpmOptions *options);

/**
 * lpm_endpoint_parse: Returns: (transfer full) (nullable): NULL: it begins
 * with no kind's prefix, or has nothing behind it.
 */
LpmEndpoint *lpm_endpoint_parse(const char *text);

/**
 * lpm_endpoints_parse:
 * @what: names them in a usage error, "--source"
 * @texts: (nullable): NULL: none
 *
 * Returns: (transfer full) (nullable): LpmEndpoint *; NULL after a usage
 * error.
 */
GPtrArray *lpm_endpoints_parse(const char *what, char *const *texts,
                               int *ret_exit);

/** lpm_endpoint_free: @end: (nullable). */
void lpm_endpoint_free(LpmEndpoint *end);

/** lpm_endpoint_forms: (transfer full): "qmp:PATH, offer:FILE or ...". */
char *lpm_endpoint_forms(void);

/** lpm_endpoints_qmp: (nullable): the path of the monitor among @ends. */
const char *lpm_endpoints_qmp(const GPtrArray *ends);

/** lpm_endpoints_libvirt: (nullable): the last daemon's URI among @ends. */
const char *lpm_endpoints_libvirt(const GPtrArray *ends);

/**
 * lpm_over_libvirt: whether a command speaks to daemons, not to monitors;
 * beside a monitor a daemon only tells facts.
 */
gboolean lpm_over_libvirt(const LpmOptions *options);

/** lpm_endpoints_check: whether they go together; says why not. */
gboolean lpm_endpoints_check(GPtrArray *const *sides, int *ret_exit);

/** lpm_usage: "lpm: TEXT" and where to look; Returns: LPM_EXIT_USAGE. */
int lpm_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** lpm_say: "lpm: TEXT" on stderr. */
void lpm_say(const char *format, ...) G_GNUC_PRINTF(1, 2);

/**
 * lpm_connect:
 *
 * Returns: (transfer full) (nullable): NULL when the side is no QMP socket
 * or cannot be had; then @ret_why is set if it should have been.
 */
LpmQmp *lpm_connect(const LpmOptions *options, LpmSide side,
                    char **ret_why);

/* What lpm_moves_begin() records; frees the slot when the process ends. */
typedef struct LpmHeldMove LpmHeldMove;

/**
 * lpm_moves_begin:
 * @source: the monitor of the guest that is to leave this host
 * @ret_held: (out) (transfer full) (nullable): NULL: it cannot be recorded,
 *   which is said and does not matter
 *
 * Returns: false if the host refuses it now, which is said: @ret_exit.
 */
gboolean lpm_moves_begin(const LpmOptions *options, LpmQmp *source,
                         LpmHeldMove **ret_held, int *ret_exit);

/** lpm_moves_progress: @held: (nullable): keeps the phase. */
void lpm_moves_progress(LpmHeldMove *held, const LpmMoveProgress *progress);

/** lpm_moves_end: @held: (nullable) (transfer full). */
void lpm_moves_end(LpmHeldMove *held, const LpmMoveReport *report);

/** lpm_moves_list: lpm status without sides. */
int lpm_moves_list(const LpmOptions *options);
/**
 * lpm_validate_first:
 * @qmp: (array): the two connections; an element may be NULL
 * @move: what is judged
 *
 * Judge and report, before a move.
 *
 * Returns: whether to go on; else it has said why, and @ret_exit is set.
 */
gboolean lpm_validate_first(LpmOptions *options, LpmMoveView *view,
                            LpmQmp *const *qmp, LpmMove move, int *ret_exit);

/** lpm_migrate_over_libvirt: lpm migrate, once its sides are daemons. */
int lpm_migrate_over_libvirt(LpmOptions *options);

int lpm_cmd_validate(LpmOptions *options);
int lpm_cmd_migrate(LpmOptions *options);
int lpm_cmd_status(LpmOptions *options);
int lpm_cmd_cancel(LpmOptions *options);
int lpm_cmd_recover(LpmOptions *options);
int lpm_cmd_offer(LpmOptions *options);
int lpm_cmd_facts(LpmOptions *options);
int lpm_cmd_wwpn(LpmOptions *options);
int lpm_cmd_vfc(LpmOptions *options);
int lpm_cmd_define(const LpmCommand *command, int argc, char **argv);
int lpm_cmd_doctor(const LpmCommand *command, int argc, char **argv);

/**
 * lpm_gather:
 * @qmp: (array): the two connections; an element may be NULL
 * @why: (array): why it is NULL; may be NULL
 *
 * Facts of both sides and of the plan.  Says itself what cannot be read.
 *
 * Returns: (transfer full) (nullable): NULL: @ret_exit is the exit code.
 */
LpmFacts *lpm_gather(const LpmOptions *options, LpmQmp *const *qmp,
                     char *const *why, int *ret_exit);

/**
 * lpm_ask_and_gather: connects to the monitors, then lpm_gather().  With
 * facts @ret_exit is UNKNOWN if a monitor cannot be asked, else PASS.
 */
LpmFacts *lpm_ask_and_gather(const LpmOptions *options, int *ret_exit);

/** lpm_source_partitions: (nullable): LpmNode *, of the source. */
const GPtrArray *lpm_source_partitions(const LpmFacts *facts);

/** lpm_choose_partition: @name: one of lpm_source_partitions(). */
void lpm_choose_partition(LpmFacts *facts, const char *name,
                          const char *origin);

/**
 * lpm_choose:
 *
 * The partition that is to move: --partition; what an inventory's move says;
 * the only one; the one that the source's QEMU names.  A source that tells
 * of no partitions has none to choose.
 *
 * Returns: false after a usage error that lists them.
 */
gboolean lpm_choose(const LpmOptions *options, LpmFacts *facts,
                    int *ret_exit);

/** lpm_apply_sets: the values of --set; says what is wrong. */
gboolean lpm_apply_sets(const LpmOptions *options, LpmFacts *facts,
                        int *ret_exit);

#endif /* LPM_CLI_H */
