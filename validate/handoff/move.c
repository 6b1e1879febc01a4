/*
 * One move: hand off to QEMU's migration by QMP and see it through
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "handoff/look.h"
#include "handoff/move.h"
#include "handoff/settings.h"
#include "handoff/stall.h"

#define LOOK_EVERY_MS       100
/* A source that was told to cancel and does not is not ours to judge. */
#define CANCEL_MS           60000
#define RECONNECT_MS        2000u
#define RECONNECTS_MAX      3u
/* Replies in a row that we could not read before we call a side lost. */
#define BAD_REPLIES_MAX     20u
/* The most that QEMU takes: whatever remains may go while it stands still. */
#define DOWNTIME_MAX_MS     2000000u

typedef struct Side {
    LpmQmp *qmp;            /* borrowed, or == own */
    LpmQmp *own;            /* a second connection, made after the first fell */
    LpmSettings *settings;
    char *state;            /* last run state, NULL: cannot be asked */
    char *why;              /* why not */
} Side;

typedef struct Move {
    Side source;
    Side destination;
    const LpmMoveOptions *options;
    const LpmMoveObserver *observer;
    int interrupt_fd;
    char *before;           /* run state of the source before the move */
    char *dir;              /* of our private socket, or NULL */
    char *socket;
    char *connect_uri;      /* for the source */
    gboolean cancelled;     /* we told the source to cancel */
    const char *cancel_why;
    gint64 cancel_us;
    gint64 start_us;
    LpmStallWatch stall;
    LpmLook look;           /* last one of the source */
    LpmMoveReport *report;
} Move;

static void side_clear(Side *side)
{
    lpm_settings_free(side->settings);
    lpm_qmp_free(side->own);
    g_free(side->state);
    g_free(side->why);
}

static void note(Move *move, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(Move *move, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    move->observer->note(text, move->observer->opaque);
}

static void say_phase(Move *move, LpmMovePhase phase)
{
    LpmMoveProgress progress = move->report->last;

    progress.phase = phase;
    move->report->last = progress;
    move->observer->progress(&progress, move->observer->opaque);
}

static void end_with(Move *move, LpmOutcome outcome, LpmMovePhase phase,
                     const char *where, const char *text, const char *advice)
{
    LpmMoveReport *report = move->report;

    g_free(report->where);
    g_free(report->text);
    g_free(report->advice);
    report->outcome = outcome;
    report->phase = phase;
    report->where = g_strdup(where);
    report->text = g_strdup(text);
    report->advice = g_strdup(advice);
}

void lpm_move_report_free(LpmMoveReport *report)
{
    if (report == NULL) {
        return;
    }
    g_free(report->where);
    g_free(report->text);
    g_free(report->advice);
    lpm_answer_free(report->answer);
    g_free(report);
}

LpmMoveReport *lpm_move_report_new(void)
{
    LpmMoveReport *report = g_new0(LpmMoveReport, 1);

    report->total_ms = report->setup_ms = report->downtime_ms = -1;
    report->negotiation_us = -1;
    report->last.remaining_ms = report->last.downtime_ms = -1;
    return report;
}

void lpm_report_end(LpmMoveReport *report, LpmOutcome outcome,
                    LpmMovePhase phase, const char *where,
                    const char *text, const char *advice)
{
    g_free(report->where);
    g_free(report->text);
    g_free(report->advice);
    report->outcome = outcome;
    report->phase = phase;
    report->where = g_strdup(where);
    report->text = g_strdup(text);
    report->advice = g_strdup(advice);
}

/* libvirt sends "cont" itself when it wants the guest to run. */
static gboolean owned_by_libvirt(const LpmQmp *qmp)
{
    g_autofree char *path = NULL;
    g_autofree char *cmdline = NULL;
    gsize len = 0;
    pid_t pid;
    uid_t uid;

    if (strstr(lpm_qmp_path(qmp), "/libvirt/") != NULL) {
        return TRUE;
    }
    if (!lpm_qmp_peer(qmp, &pid, &uid)) {
        return FALSE;
    }
    /* QEMU's own, or that of the daemon that made the socket for it */
    path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
    if (!g_file_get_contents(path, &cmdline, &len, NULL)) {
        return FALSE;
    }
    return memmem(cmdline, len, "/libvirt/", strlen("/libvirt/")) != NULL ||
           memmem(cmdline, len, "libvirtd", strlen("libvirtd")) != NULL ||
           memmem(cmdline, len, "virtqemud", strlen("virtqemud")) != NULL;
}

/* Ask for the run state; connect again if the first connection fell. */
static void ask_state(Side *side, LpmQmp *first)
{
    g_autoptr(GError) err = NULL;

    g_clear_pointer(&side->state, g_free);
    g_clear_pointer(&side->why, g_free);
    if (!lpm_qmp_usable(side->qmp)) {
        LpmQmp *again;

        if (lpm_qmp_ended(first)) {
            side->why = g_strdup("its QEMU has ended");
            return;
        }
        again = lpm_qmp_connect(lpm_qmp_path(first), lpm_qmp_side(first),
                                RECONNECT_MS, &err);
        if (again == NULL) {
            side->why = g_strdup(err->message);
            return;
        }
        lpm_qmp_free(side->own);
        side->own = side->qmp = again;
    }
    side->state = lpm_move_run_state(side->qmp, &err);
    if (side->state == NULL) {
        side->why = g_strdup(err->message);
    }
}

/* Sleep until the next look; true if the user wants to stop. */
static gboolean pause_for(Move *move, int ms)
{
    struct pollfd fd = { .fd = move->interrupt_fd, .events = POLLIN };

    if (move->interrupt_fd < 0 || move->cancelled) {
        g_usleep((gulong)ms * 1000);
        return FALSE;
    }
    return poll(&fd, 1, ms) > 0 && (fd.revents & POLLIN) != 0;
}

static JsonObject *uri_argument(const char *uri)
{
    JsonObject *arguments = json_object_new();

    json_object_set_string_member(arguments, "uri", uri);
    return arguments;
}

/*
 * A directory that only we and the two QEMUs may enter.  If we are root and
 * they are somebody else, it becomes theirs.
 */
static char *private_uri(Move *move, GError **error)
{
    g_autoptr(GError) err = NULL;
    pid_t pid;
    uid_t uid;

    move->dir = g_dir_make_tmp("lpm-XXXXXX", &err);
    if (move->dir == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "cannot make a directory for the stream's socket: %s; "
                    "give --uri", err->message);
        return NULL;
    }
    if (geteuid() == 0 &&
        lpm_qmp_peer(move->destination.qmp, &pid, &uid) && uid != 0 &&
        chown(move->dir, uid, (gid_t)-1) != 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "%s: cannot give it to user %u: %s; give --uri",
                    move->dir, (unsigned)uid, g_strerror(errno));
        return NULL;
    }
    move->socket = g_build_filename(move->dir, "stream", NULL);
    if (strlen(move->socket) >= 108) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s: too long for a socket; set TMPDIR to a shorter "
                    "path or give --uri", move->socket);
        return NULL;
    }
    return g_strconcat("unix:", move->socket, NULL);
}

/*
 * Where the source connects: the host as the user wrote it (the destination
 * may listen on a wildcard), the port as the destination resolved it.
 */
static char *connect_uri(const char *given, const char *resolved)
{
    const char *port_given;
    const char *port;

    if (resolved == NULL || !g_str_has_prefix(given, "tcp:") ||
        !g_str_has_prefix(resolved, "tcp:")) {
        return g_strdup(given);
    }
    port_given = strrchr(given, ':');
    port = strrchr(resolved, ':');
    return g_strdup_printf("%.*s%s", (int)(port_given - given), given, port);
}

/* The destination listens; sets move->connect_uri. */
static gboolean listen_on(Move *move, GError **error)
{
    g_autofree char *uri = g_strdup(move->options->uri);
    g_autoptr(JsonNode) reply = NULL;
    LpmLook look = { 0 };
    JsonObject *arguments;
    gboolean ok;

    if (uri == NULL) {
        uri = private_uri(move, error);
        if (uri == NULL) {
            return FALSE;
        }
    }
    arguments = uri_argument(uri);
    /* a destination that refuses stays alive and takes the next attempt */
    json_object_set_boolean_member(arguments, "exit-on-error", FALSE);
    reply = lpm_qmp_execute(move->destination.qmp, "migrate-incoming",
                            arguments, error);
    if (reply == NULL) {
        return FALSE;
    }
    ok = lpm_look(move->destination.qmp, &look, error);
    if (ok) {
        move->connect_uri = connect_uri(uri, look.uri);
    }
    lpm_look_clear(&look);
    return ok;
}

static void cancel(Move *move, const char *why)
{
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    move->cancelled = TRUE;
    move->cancel_why = why;
    move->cancel_us = g_get_monotonic_time();
    say_phase(move, LPM_MOVE_RECOVERY);
    note(move, "%s: cancelling", why);
    reply = lpm_qmp_execute(move->source.qmp, "migrate_cancel", NULL, &err);
    if (reply == NULL) {
        note(move, "%s", err->message);
    }
}

static const char *const on_stall_names[] = {
    [LPM_ON_STALL_WAIT] = "wait",
    [LPM_ON_STALL_CANCEL] = "cancel",
    [LPM_ON_STALL_THROTTLE] = "throttle",
    [LPM_ON_STALL_SUSPEND] = "suspend",
};
G_STATIC_ASSERT(G_N_ELEMENTS(on_stall_names) == LPM_ON_STALL__MAX);

gboolean lpm_on_stall_find(const char *name, LpmOnStall *ret_on_stall)
{
    for (guint i = 0; i < LPM_ON_STALL__MAX; i++) {
        if (g_str_equal(on_stall_names[i], name)) {
            *ret_on_stall = (LpmOnStall)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* QEMU compares what remains with the limit ten times a second. */
static void suspend(Move *move)
{
    g_autoptr(GError) err = NULL;

    lpm_settings_use(move->source.settings, move->source.qmp);
    if (lpm_settings_set_downtime(move->source.settings, DOWNTIME_MAX_MS,
                                  &err)) {
        note(move, "--on-stall suspend: downtime-limit is %u ms now, so that "
             "QEMU stops the guest and sends the rest", DOWNTIME_MAX_MS);
    } else {
        note(move, "--on-stall suspend: the downtime limit was not raised, "
             "the move goes on: %s", err->message);
    }
}

static void judge_progress(Move *move)
{
    switch (move->cancelled ? LPM_STALL_GO_ON :
            lpm_stall_watch(&move->stall, &move->look, move->observer)) {
    case LPM_STALL_CANCEL:
        cancel(move, move->stall.text);
        break;
    case LPM_STALL_SUSPEND:
        suspend(move);
        break;
    case LPM_STALL_GO_ON:
        break;
    }
}

/*
 * Watch until query-migrate of the source says that it is over, or the
 * source cannot be asked any more (false).
 */
static gboolean watch(Move *move)
{
    guint bad = 0;

    for (;;) {
        g_autoptr(GError) err = NULL;

        if (lpm_look(move->source.qmp, &move->look, &err)) {
            bad = 0;
            lpm_look_progress(&move->look, &move->report->last);
            if (move->report->last.elapsed_ms < 0) {
                move->report->last.elapsed_ms =
                    (g_get_monotonic_time() - move->start_us) / 1000;
            }
            move->observer->progress(&move->report->last,
                                     move->observer->opaque);
            if (lpm_look_over(&move->look)) {
                return TRUE;
            }
            judge_progress(move);
        } else {
            note(move, "%s", err->message);
            if (!lpm_qmp_usable(move->source.qmp) ||
                ++bad > BAD_REPLIES_MAX) {
                return FALSE;
            }
        }
        if (pause_for(move, LOOK_EVERY_MS)) {
            cancel(move, "interrupted");
        } else if (!move->cancelled && move->options->timeout_s > 0 &&
                   g_get_monotonic_time() - move->start_us >
                   (gint64)move->options->timeout_s * G_USEC_PER_SEC) {
            cancel(move, "--timeout has passed");
        }
        if (move->cancelled &&
            g_get_monotonic_time() - move->cancel_us >
            (gint64)CANCEL_MS * 1000) {
            note(move, "the source has not cancelled within %d s",
                 CANCEL_MS / 1000);
            return FALSE;
        }
    }
}

static gboolean is(const Side *side, const char *state)
{
    return side->state != NULL && g_str_equal(side->state, state);
}

/* The guest is where it was: running again, or paused as it was. */
static gboolean source_has_guest(const Move *move)
{
    return is(&move->source, "running") || is(&move->source, move->before);
}

static gboolean was_running(const Move *move)
{
    return g_str_equal(move->before, "running");
}

/* A destination that was started with -S waits for a word from us. */
static void maybe_cont(Move *move)
{
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;
    LpmLook look = { 0 };
    gboolean loaded;

    loaded = lpm_look(move->destination.qmp, &look, NULL) &&
             look.phase == LPM_MOVE_DONE;
    lpm_look_clear(&look);
    if (!loaded) {
        return;
    }
    if (owned_by_libvirt(move->destination.qmp)) {
        note(move, "the destination is paused and libvirt's: not resumed");
        return;
    }
    reply = lpm_qmp_execute(move->destination.qmp, "cont", NULL, &err);
    note(move, "%s", reply != NULL ?
         "the destination was started with -S: resumed" : err->message);
}

static gboolean destination_has_guest(Move *move)
{
    if (is(&move->destination, "running")) {
        return TRUE;
    }
    /* paused before the move: QEMU keeps it so */
    return !was_running(move) && is(&move->destination, "paused");
}

static char *advice_unclear(const Move *move)
{
    return g_strdup_printf(
        "source: %s; destination: %s. Look at query-status and query-migrate "
        "of both (lpm status --source qmp:PATH, --destination qmp:PATH) and "
        "at their logs; before you resume the guest on one side with cont, "
        "make sure that the other does not run it",
        move->source.state != NULL ? move->source.state : move->source.why,
        move->destination.state != NULL ? move->destination.state :
        move->destination.why);
}

/* What the source says why; QEMU's text or ours. */
static const char *error_text(const Move *move)
{
    if (move->look.error != NULL && move->look.error[0] != '\0') {
        return move->look.error;
    }
    return move->cancelled ? move->cancel_why : "no reason given";
}

/*
 * Without the plugin the source knows little ("Sibling indicated error");
 * the destination, if it is still there, may know more.
 */
static char *destination_error(Move *move)
{
    LpmLook look = { 0 };
    char *text = NULL;

    if (lpm_qmp_usable(move->destination.qmp) &&
        lpm_look(move->destination.qmp, &look, NULL) &&
        look.error != NULL && strcmp(look.error, error_text(move)) != 0) {
        text = g_strdup_printf("\nthe destination says: %s", look.error);
    }
    lpm_look_clear(&look);
    return text;
}

static gboolean was_refused(const Move *move)
{
    return lpm_look_phase(&move->look) == LPM_MOVE_REJECTED ||
           (move->look.answer != NULL && !move->look.answer->accepted);
}

static void end_on_source(Move *move)
{
    if (is(&move->destination, "running")) {
        g_autofree char *advice = advice_unclear(move);

        end_with(move, LPM_OUTCOME_UNCLEAR, LPM_MOVE_FAILED, "unclear",
                 "the source has the guest, and the destination runs too",
                 advice);
    } else if (move->look.phase == LPM_MOVE_CANCELLED || move->cancelled) {
        g_autofree char *text = g_strdup_printf(
            "%s; the guest is %s on the source",
            move->cancelled ? move->cancel_why : "by another client",
            move->source.state);

        end_with(move, LPM_OUTCOME_FAILED, LPM_MOVE_CANCELLED, "source",
                 text, !move->cancelled ||
                 move->cancel_why != move->stall.text ? "" :
                 "try again when the guest writes less, with more "
                 "--bandwidth, a longer --downtime-limit, or --on-stall "
                 "throttle or suspend");
    } else if (was_refused(move)) {
        /* the answer has the reasons one by one; else QEMU's text has */
        gboolean answered = move->look.answer != NULL &&
                            move->look.answer->reasons->len > 0;
        g_autofree char *text = g_strdup_printf(
            "before any RAM moved; the guest is %s on the source%s%s",
            move->source.state, answered ? "" : ": ",
            answered ? "" : error_text(move));

        end_with(move, LPM_OUTCOME_REFUSED, LPM_MOVE_REJECTED, "source",
                 text, "correct what the reasons name, then try again");
    } else {
        g_autofree char *more = destination_error(move);
        g_autofree char *text = g_strdup_printf(
            "the guest is %s on the source: %s%s", move->source.state,
            error_text(move), more != NULL ? more : "");

        end_with(move, LPM_OUTCOME_FAILED, LPM_MOVE_FAILED, "source", text,
                 "see the destination's log, and start it again with "
                 "-incoming defer");
    }
}

/* Ask both sides until one of the two good ends is reached. */
static void settle(Move *move, LpmQmp *source, LpmQmp *destination,
                   gboolean source_said)
{
    gint64 end_us = g_get_monotonic_time() +
                    (gint64)move->options->settle_ms * 1000;
    gboolean said_done = source_said && move->look.phase == LPM_MOVE_DONE;
    gboolean said_failed = source_said && !said_done;
    gboolean cont_tried = FALSE;
    g_autofree char *advice = NULL;

    for (;;) {
        gboolean source_gone = lpm_qmp_ended(source);

        ask_state(&move->source, source);
        ask_state(&move->destination, destination);
        if (is(&move->source, "postmigrate") &&
            is(&move->destination, "paused") && was_running(move) &&
            !cont_tried) {
            cont_tried = TRUE;
            maybe_cont(move);
            ask_state(&move->destination, destination);
        }
        if (is(&move->source, "postmigrate") &&
            destination_has_guest(move)) {
            end_with(move, LPM_OUTCOME_DONE, LPM_MOVE_DONE, "destination",
                     "the guest is on the destination", "");
            return;
        }
        if (source_has_guest(move) && !said_done &&
            (said_failed || move->cancelled)) {
            end_on_source(move);
            return;
        }
        if (source_gone && is(&move->destination, "running")) {
            end_with(move, LPM_OUTCOME_DONE, LPM_MOVE_DONE, "destination",
                     "the guest runs on the destination, and the source's "
                     "QEMU has ended", "");
            return;
        }
        if (source_gone && lpm_qmp_ended(destination)) {
            break;
        }
        if (g_get_monotonic_time() > end_us) {
            break;
        }
        g_usleep(50 * 1000);
    }
    advice = advice_unclear(move);
    end_with(move, LPM_OUTCOME_UNCLEAR, LPM_MOVE_FAILED, "unclear",
             "which side has the guest is not clear", advice);
}

static void restore(Move *move, Side *side)
{
    g_autoptr(GError) err = NULL;

    if (side->settings == NULL || !lpm_qmp_usable(side->qmp)) {
        return;
    }
    lpm_settings_use(side->settings, side->qmp);
    if (!lpm_settings_restore(side->settings, &err)) {
        note(move, "settings not put back: %s", err->message);
    }
}

static void fill_report(Move *move)
{
    LpmMoveReport *report = move->report;

    report->total_ms = move->look.total_ms;
    report->setup_ms = move->look.setup_ms;
    report->downtime_ms = move->look.downtime_ms;
    report->negotiation_us = move->look.negotiation_us;
    /* of the last look that had any */
    report->raw_bytes = report->last.raw_bytes;
    report->wire_bytes = report->last.wire_bytes;
    report->frames_raw_bytes = move->look.frames_raw_bytes;
    report->frames_wire_bytes = move->look.frames_wire_bytes;
    report->answer = g_steal_pointer(&move->look.answer);
}

/* Both sides have the codec's object: then ours is the better default. */
static const char *choose_compression(Move *move)
{
    LpmLook source = { 0 };
    LpmLook destination = { 0 };
    gboolean both;

    if (move->options->channels == 0) {
        return "none";
    }
    if (move->options->compression != NULL) {
        return move->options->compression;
    }
    both = lpm_look(move->source.qmp, &source, NULL) && source.has_lpm &&
           lpm_look(move->destination.qmp, &destination, NULL) &&
           destination.has_lpm;
    lpm_look_clear(&source);
    lpm_look_clear(&destination);
    return both ? "lpm" : "none";
}

/* Everything before "migrate"; false with the end already set. */
static gboolean prepare(Move *move)
{
    g_autoptr(GError) err = NULL;
    const char *compression;

    move->before = lpm_move_run_state(move->source.qmp, &err);
    if (move->before == NULL) {
        end_with(move, LPM_OUTCOME_UNKNOWN, LPM_MOVE_FAILED, "source",
                 err->message, "nothing was changed");
        return FALSE;
    }
    compression = choose_compression(move);
    move->source.settings = lpm_settings_new(move->source.qmp, &err);
    if (move->source.settings != NULL) {
        move->destination.settings =
            lpm_settings_new(move->destination.qmp, &err);
    }
    if (move->destination.settings == NULL) {
        end_with(move, LPM_OUTCOME_UNKNOWN, LPM_MOVE_FAILED, "source",
                 err->message, "nothing was changed");
        return FALSE;
    }
    note(move, "%s: events, return-path%s, multifd %s, channels %u, "
         "compression %s; stream by %s",
         move->options->dry_run ? "would set" : "setting",
         move->options->on_stall == LPM_ON_STALL_THROTTLE ?
         ", auto-converge" : "",
         move->options->channels > 0 ? "on" : "off",
         move->options->channels, compression,
         move->options->uri != NULL ? move->options->uri :
         "a private UNIX socket");
    if (move->options->dry_run) {
        end_with(move, LPM_OUTCOME_DONE, LPM_MOVE_IDLE, "source",
                 "dry run: nothing was set, nothing moved", "");
        return FALSE;
    }
    if (!lpm_settings_apply(move->destination.settings, move->options,
                            compression, FALSE, &err) ||
        !lpm_settings_apply(move->source.settings, move->options,
                            compression, TRUE, &err)) {
        end_with(move, LPM_OUTCOME_REFUSED, LPM_MOVE_FAILED, "source",
                 err->message, "see --channels, --compression, --on-stall and "
                 "what lpm validate says; the guest has not been touched");
        return FALSE;
    }
    if (!listen_on(move, &err)) {
        end_with(move, LPM_OUTCOME_REFUSED, LPM_MOVE_FAILED, "source",
                 err->message, "start the destination again with -incoming "
                 "defer, or give another --uri; the guest has not been "
                 "touched");
        return FALSE;
    }
    return TRUE;
}

static gboolean start(Move *move)
{
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    say_phase(move, LPM_MOVE_MAPPED);
    note(move, "the destination listens on %s", move->connect_uri);
    move->start_us = g_get_monotonic_time();
    reply = lpm_qmp_execute(move->source.qmp, "migrate",
                            uri_argument(move->connect_uri), &err);
    if (reply != NULL) {
        return TRUE;
    }
    if (lpm_qmp_usable(move->source.qmp)) {
        end_with(move, LPM_OUTCOME_REFUSED, LPM_MOVE_FAILED, "source",
                 err->message, "the destination still listens: it may need "
                 "to be started again with -incoming defer");
        return FALSE;
    }
    /* sent, but no reply: it may have begun; settle() finds out */
    note(move, "%s", err->message);
    return TRUE;
}

/* Ctrl-C while the settings were made. */
static gboolean interrupted_early(Move *move)
{
    if (!pause_for(move, 0)) {
        return FALSE;
    }
    end_with(move, LPM_OUTCOME_FAILED, LPM_MOVE_CANCELLED, "source",
             "interrupted before the move began",
             "the destination listens: start it again with -incoming defer");
    return TRUE;
}

static void clean_up(Move *move)
{
    if (move->socket != NULL) {
        g_unlink(move->socket);
    }
    if (move->dir != NULL) {
        g_rmdir(move->dir);
    }
}

LpmMoveReport *lpm_move_run(LpmQmp *source, LpmQmp *destination,
                            const LpmMoveOptions *options,
                            const LpmMoveObserver *observer,
                            int interrupt_fd)
{
    Move move = {
        .source.qmp = source,
        .destination.qmp = destination,
        .options = options,
        .observer = observer,
        .interrupt_fd = interrupt_fd,
        .report = lpm_move_report_new(),
    };

    move.look.total_ms = move.look.setup_ms = move.look.downtime_ms = -1;
    move.look.negotiation_us = -1;
    move.stall.on_stall = options->on_stall;
    lpm_stall_init(&move.stall.stall, (gint64)options->stall_s * 1000);
    if (prepare(&move) && !interrupted_early(&move) && start(&move)) {
        gboolean said = lpm_qmp_usable(source) && watch(&move);

        /* the move goes on without us: look again if the monitor is back */
        for (guint i = 0; !said && i < RECONNECTS_MAX; i++) {
            ask_state(&move.source, source);
            if (move.source.state == NULL) {
                break;
            }
            note(&move, "the source answers again");
            said = watch(&move);
        }
        settle(&move, source, destination, said);
        fill_report(&move);
    }
    if (move.report->outcome != LPM_OUTCOME_DONE) {
        restore(&move, &move.source);
        restore(&move, &move.destination);
    }
    clean_up(&move);
    side_clear(&move.source);
    side_clear(&move.destination);
    lpm_look_clear(&move.look);
    g_free(move.before);
    lpm_stall_watch_clear(&move.stall);
    g_free(move.dir);
    g_free(move.socket);
    g_free(move.connect_uri);
    return move.report;
}

LpmMoveReport *lpm_move_cancel(LpmQmp *source)
{
    LpmMoveReport *report = lpm_move_report_new();
    Move move = { .source.qmp = source, .report = report };
    gint64 end_us = g_get_monotonic_time() + (gint64)CANCEL_MS * 1000;
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;
    LpmLook look = { 0 };

    if (!lpm_look(source, &look, &err)) {
        end_with(&move, LPM_OUTCOME_UNKNOWN, LPM_MOVE_FAILED, "unclear",
                 err->message, "");
    } else if (look.phase == LPM_MOVE_IDLE || lpm_look_over(&look)) {
        g_autofree char *state = lpm_move_run_state(source, NULL);
        g_autofree char *text = g_strdup_printf(
            "no move to cancel (query-migrate: %s); this side is %s",
            look.status, state != NULL ? state : "silent");

        end_with(&move, LPM_OUTCOME_REFUSED, look.phase,
                 look.phase == LPM_MOVE_DONE ? "destination" : "source",
                 text, "");
    } else if ((reply = lpm_qmp_execute(source, "migrate_cancel", NULL,
                                        &err)) == NULL) {
        end_with(&move, LPM_OUTCOME_UNCLEAR, LPM_MOVE_FAILED, "unclear",
                 err->message, "look again: lpm status --source qmp:PATH");
    } else {
        g_autofree char *state = NULL;
        g_autofree char *text = NULL;

        while (lpm_look(source, &look, NULL) && !lpm_look_over(&look) &&
               g_get_monotonic_time() < end_us) {
            g_usleep(50 * 1000);
        }
        state = lpm_move_run_state(source, NULL);
        text = g_strdup_printf("query-migrate: %s; the source is %s",
                               look.status != NULL ? look.status : "silent",
                               state != NULL ? state : "silent");
        if (look.status != NULL && lpm_look_over(&look) &&
            look.phase != LPM_MOVE_DONE && state != NULL &&
            (g_str_equal(state, "running") ||
             g_str_equal(state, "paused"))) {
            end_with(&move, LPM_OUTCOME_DONE, LPM_MOVE_CANCELLED, "source",
                     text, "");
        } else {
            end_with(&move, LPM_OUTCOME_UNCLEAR, lpm_look_phase(&look),
                     "unclear", text,
                     "the move may have ended before the cancel came: look "
                     "at query-status of both sides");
        }
    }
    lpm_look_clear(&look);
    return report;
}
