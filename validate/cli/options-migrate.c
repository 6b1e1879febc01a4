/*
 * Options of lpm migrate
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cli/cli.h"

#define CHANNELS  4

/* "125", "10M", "1.25G": bytes per second, as migrate_set_parameter has it. */
static gboolean parse_rate(const char *text, guint64 *ret_rate)
{
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);
    double unit = 1;

    switch (*end) {
    case 'k': case 'K':
        unit = 1024.0;
        break;
    case 'm': case 'M':
        unit = 1024.0 * 1024;
        break;
    case 'g': case 'G':
        unit = 1024.0 * 1024 * 1024;
        break;
    case '\0':
        break;
    default:
        return FALSE;
    }
    if (*end != '\0' && end[1] != '\0') {
        return FALSE;
    }
    /* not (value > 0) also catches NaN */
    if (end == text || !(value > 0) || value * unit < 1 ||
        value * unit > (double)(G_MAXINT64 / 2)) {
        return FALSE;
    }
    *ret_rate = (guint64)(value * unit);
    return TRUE;
}

static gboolean parse_on_stall(const char *text, LpmOnStall *ret_on_stall,
                               int *ret_exit)
{
    if (text == NULL || lpm_on_stall_find(text, ret_on_stall)) {
        return TRUE;
    }
    if (g_str_equal(text, "postcopy")) {
        *ret_exit = lpm_usage("--on-stall postcopy: QEMU 10.0 has no postcopy "
                              "while multifd is on, and lpm offers none "
                              "without multifd; throttle or suspend end such "
                              "a move, too");
        return FALSE;
    }
    *ret_exit = lpm_usage("--on-stall %s: wanted cancel, throttle, suspend "
                          "or wait", text);
    return FALSE;
}

void lpm_migrate_given_clear(LpmMigrateGiven *given)
{
    g_clear_pointer(&given->bandwidth, g_free);
    g_clear_pointer(&given->on_stall, g_free);
}

void lpm_migrate_options_add(GOptionContext *context, LpmOptions *options,
                             LpmMigrateGiven *given)
{
    const GOptionEntry entries[] = {
        { "channels", 'c', 0, G_OPTION_ARG_INT64, &given->channels,
          "multifd channels, 0 for none (default 4)", "N" },
        { "compression", 0, 0, G_OPTION_ARG_STRING, &options->compression,
          "lpm, none, zstd or zlib (default lpm where both have it)",
          "METHOD" },
        { "bandwidth", 'b', 0, G_OPTION_ARG_STRING, &given->bandwidth,
          "bytes per second on the wire; K, M, G are powers of 1024",
          "RATE" },
        { "downtime-limit", 0, 0, G_OPTION_ARG_INT64, &given->downtime,
          "longest stop of the guest that is aimed at", "MS" },
        { "timeout", 't', 0, G_OPTION_ARG_INT64, &given->timeout,
          "cancel a move that takes longer", "S" },
        { "on-stall", 0, 0, G_OPTION_ARG_STRING, &given->on_stall,
          "when the move does not converge: cancel, throttle the guest, "
          "suspend it and send the rest, or wait (default): say so and go on",
          "ACTION" },
        { "stall-time", 0, 0, G_OPTION_ARG_INT64, &given->stall_time,
          "how long it may make no progress before that (default 30)",
          "S" },
        { "no-validate", 0, 0, G_OPTION_ARG_NONE, &options->no_validate,
          "do not run the rules first", NULL },
        { "allow-unknown", 0, 0, G_OPTION_ARG_NONE, &options->allow_unknown,
          "go on when the verdict is unknown", NULL },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->move.dry_run,
          "say what would be done; set nothing, move nothing: the exit code "
          "is that of lpm validate", NULL },
        { NULL },
    };
    const GOptionEntry virt[] = {
        { "peer-uri", 0, 0, G_OPTION_ARG_STRING, &options->peer_uri,
          "libvirt: the destination as the source's daemon dials it (default "
          "as --destination)", "URI" },
        { "direct", 0, 0, G_OPTION_ARG_NONE, &options->direct,
          "libvirt: lpm speaks to both daemons; the move ends with lpm",
          NULL },
        { "persistent", 0, 0, G_OPTION_ARG_NONE, &options->persistent,
          "libvirt: define the domain on the destination", NULL },
        { "undefine-source", 0, 0, G_OPTION_ARG_NONE,
          &options->undefine_source,
          "libvirt: and undefine it on the source", NULL },
        { "offline", 0, 0, G_OPTION_ARG_NONE, &options->offline,
          "libvirt: a domain that is shut off; needs --persistent", NULL },
        { "start", 0, 0, G_OPTION_ARG_NONE, &options->start,
          "libvirt: start it on the destination after --offline", NULL },
        { NULL },
    };

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, virt, NULL);
}

/* Over libvirt, or not at all. */
static gboolean check_virt(const LpmOptions *options,
                           const LpmMigrateGiven *given, int *ret_exit)
{
    const char *name = options->peer_uri != NULL ? "peer-uri" :
                       options->direct ? "direct" :
                       options->persistent ? "persistent" :
                       options->undefine_source ? "undefine-source" :
                       options->offline ? "offline" :
                       options->start ? "start" : NULL;

    if (name != NULL && !lpm_over_libvirt(options)) {
        *ret_exit = lpm_usage("--%s needs libvirt URIs for both sides", name);
        return FALSE;
    }
    if (options->direct && options->peer_uri != NULL) {
        *ret_exit = lpm_usage("--direct and --peer-uri exclude each other: no "
                              "daemon dials the other one");
        return FALSE;
    }
    if (options->start && !options->offline) {
        *ret_exit = lpm_usage("--start needs --offline: a guest that runs "
                              "goes on by itself");
        return FALSE;
    }
    if (!options->offline) {
        return TRUE;
    }
    if (!options->persistent) {
        *ret_exit = lpm_usage("--offline needs --persistent: what defines the "
                              "domain is all that moves");
        return FALSE;
    }
    if (given->channels > 0 || options->compression != NULL ||
        given->bandwidth != NULL || given->downtime != 0 ||
        given->on_stall != NULL || options->uri != NULL) {
        *ret_exit = lpm_usage("--offline has no stream: leave out --channels, "
                              "--compression, --bandwidth, --downtime-limit, "
                              "--on-stall and --uri");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_compression(const LpmOptions *options,
                                  const LpmMigrateGiven *given,
                                  int *ret_exit)
{
    static const char *const methods[] = {
        "lpm", "none", "zstd", "zlib", NULL,
    };

    if (options->compression == NULL) {
        return TRUE;
    }
    if (!g_strv_contains(methods, options->compression)) {
        *ret_exit = lpm_usage("--compression %s: wanted lpm, none, zstd "
                              "or zlib", options->compression);
        return FALSE;
    }
    if (given->channels == 0 && !g_str_equal(options->compression, "none")) {
        *ret_exit = lpm_usage("--compression %s needs --channels above 0",
                              options->compression);
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_migrate_options_check(LpmOptions *options,
                                   const LpmMigrateGiven *given,
                                   int *ret_exit)
{
    LpmMoveOptions *move = &options->move;
    gint64 channels = given->channels != G_MININT64 ? given->channels :
                                                      CHANNELS;

    if (!lpm_in_range("downtime-limit", given->downtime, 0, 2000000,
                      ret_exit) ||
        !lpm_in_range("timeout", given->timeout, 0, 10000000, ret_exit) ||
        !lpm_in_range("stall-time", given->stall_time, 1, 86400,
                      ret_exit) ||
        !parse_on_stall(given->on_stall, &move->on_stall, ret_exit) ||
        !lpm_in_range("channels", channels, 0, 255, ret_exit)) {
        return FALSE;
    }
    if (given->bandwidth != NULL &&
        !parse_rate(given->bandwidth, &move->bandwidth)) {
        *ret_exit = lpm_usage("--bandwidth %s: wanted a number above 0 of "
                              "bytes per second, with K, M or G",
                              given->bandwidth);
        return FALSE;
    }
    if (!check_compression(options, given, ret_exit) ||
        !check_virt(options, given, ret_exit)) {
        return FALSE;
    }
    move->channels = (guint32)channels;
    move->downtime_ms = (guint32)given->downtime;
    move->timeout_s = (guint32)given->timeout;
    move->stall_s = (guint32)given->stall_time;
    return TRUE;
}
