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

/* Exit codes besides LpmOutcome's. */
#define LPM_EXIT_PASS     0
#define LPM_EXIT_FAIL     1
#define LPM_EXIT_UNKNOWN  2
#define LPM_EXIT_USAGE    3

/* Where a side's facts come from: "qmp:PATH" or "offer:FILE". */
typedef struct LpmEndpoint {
    gboolean given;
    gboolean is_qmp;
    char *path;
} LpmEndpoint;

typedef struct LpmOptions {
    LpmEndpoint sides[LPM_SIDE__MAX];
    gboolean json;
    gboolean quiet;
    gboolean verbose;
    guint qmp_deadline_ms;
    /* validate */
    gboolean list;
    char *explain;
    char **only;
    gboolean inactive;
    /* migrate */
    LpmMoveOptions move;
    char *uri;
    char *compression;
    gboolean no_validate;
    gboolean allow_unknown;
} LpmOptions;

typedef struct LpmCommand {
    const char *name;
    const char *summary;
    int (*run)(LpmOptions *options);
} LpmCommand;

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

/** lpm_options_clear: frees what lpm_options_parse() set. */
void lpm_options_clear(LpmOptions *options);

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

int lpm_cmd_validate(LpmOptions *options);
int lpm_cmd_migrate(LpmOptions *options);
int lpm_cmd_status(LpmOptions *options);
int lpm_cmd_cancel(LpmOptions *options);
int lpm_cmd_offer(LpmOptions *options);

/**
 * lpm_gather:
 * @qmp: (array): the two connections; an element may be NULL
 * @why: (array): why it is NULL; may be NULL
 *
 * Facts of both sides and of the plan.
 *
 * Errors: those of lpm_gather_offer_file().
 */
LpmFacts *lpm_gather(const LpmOptions *options, LpmQmp *const *qmp,
                     char *const *why, GError **error);

#endif /* LPM_CLI_H */
