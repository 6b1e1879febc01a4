/*
 * One move: let libvirt do it and see it through
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include <string.h>

#include "handoff/stall.h"
#include "handoff/virt-move.h"
#include "handoff/virt-reason.h"
#include "handoff/virt.h"

#define LOOK_EVERY_MS    200
/* A daemon that was told to cancel and does not is not ours to judge. */
#define CANCEL_MS        60000
#define LOOKS_PER_PEER   10
#define ABORT_EVERY_MS   500
#define REOPEN_EVERY_MS  500
/* The most that QEMU takes: whatever remains may go while it stands still. */
#define DOWNTIME_MAX_MS  2000000u
#define MIB              (1024u * 1024)
/* The first with zstd and zlib for a parallel move. */
#define VERSION_MULTIFD_METHODS  9001000u

typedef struct Side {
    const char *name;           /* "source" */
    const char *uri;
    LpmVirt *virt;              /* NULL: could not be opened again */
    LpmVirtAnswer answer;       /* the last one */
    char *why;                  /* of the last failure, or NULL */
    gint64 opened_us;           /* when it was last tried */
} Side;

typedef struct Move {
    const LpmVirtMoveOptions *options;
    const LpmMoveObserver *observer;
    int interrupt_fd;
    Side source;
    Side destination;
    LpmVirtHas before;          /* of the source's domain */
    char uuid[37];
    gboolean cancelled;         /* we asked for it */
    gboolean aborting;          /* libvirt took that */
    const char *cancel_why;
    gint64 cancel_us;
    gint64 aborted_us;
    gint64 start_us;
    gboolean transferred;       /* pages were seen to leave */
    gboolean has_downtime;      /* the limit was changed */
    guint64 downtime_ms;        /* and was that */
    LpmStallWatch stall;
    gboolean silent;            /* said so */
    LpmLook look;               /* the last one of the source, figures only */
    LpmVirtFault fault;
    LpmMoveReport *report;
} Move;

static void note(const Move *move, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void note(const Move *move, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    move->observer->note(text, move->observer->opaque);
}

static void say_progress(Move *move)
{
    move->observer->progress(&move->report->last, move->observer->opaque);
}

static void say_phase(Move *move, LpmMovePhase phase)
{
    move->report->last.phase = phase;
    say_progress(move);
}

static void side_clear(Side *side)
{
    lpm_virt_close(side->virt);
    lpm_virt_answer_clear(&side->answer);
    g_free(side->why);
}

static gboolean side_open(Side *side, guint deadline_ms, GError **error)
{
    side->opened_us = g_get_monotonic_time();
    side->virt = lpm_virt_open(side->uri, side->name, deadline_ms, error);
    return side->virt != NULL;
}

/* Ask; over a new connection if the last one is of no use any more. */
static gboolean side_ask(Side *side, const LpmVirtMoveOptions *options)
{
    g_autoptr(GError) err = NULL;

    if (side->virt != NULL && !lpm_virt_usable(side->virt)) {
        lpm_virt_close(g_steal_pointer(&side->virt));
    }
    if (side->virt == NULL) {
        gint64 now_us = g_get_monotonic_time();

        if (now_us - side->opened_us < REOPEN_EVERY_MS * 1000) {
            return FALSE;
        }
        if (!side_open(side, options->deadline_ms, &err)) {
            lpm_virt_answer_clear(&side->answer);
            g_free(side->why);
            side->why = g_strdup(err->message);
            return FALSE;
        }
    }
    if (!lpm_virt_ask(side->virt, options->partition, &side->answer, &err)) {
        g_free(side->why);
        side->why = g_strdup(err->message);
        return FALSE;
    }
    g_clear_pointer(&side->why, g_free);
    return TRUE;
}

static const char *side_state(const Side *side)
{
    return side->answer.has == LPM_VIRT_SILENT ?
           side->why != NULL ? side->why : "not asked" : side->answer.state;
}

/* Sleep until the next look; true if the user wants to stop. */
static gboolean pause_for(const Move *move, int ms)
{
    struct pollfd fd = { .fd = move->interrupt_fd, .events = POLLIN };

    if (move->interrupt_fd < 0 || move->cancelled) {
        g_usleep((gulong)ms * 1000);
        return FALSE;
    }
    return poll(&fd, 1, ms) > 0 && (fd.revents & POLLIN) != 0;
}

/*
 * "tcp:HOST:PORT" and "unix:PATH" as QEMU has them and lpm takes them for
 * qmp:, in libvirt's form; its own stay.  Port 0 is any, libvirt's default.
 */
static char *stream_uri(const char *uri)
{
    if (uri == NULL) {
        return NULL;
    }
    if (g_str_has_prefix(uri, "tcp:") && !g_str_has_prefix(uri, "tcp://")) {
        const char *rest = uri + strlen("tcp:");

        return g_str_has_suffix(rest, ":0") ?
               g_strdup_printf("tcp://%.*s", (int)strlen(rest) - 2, rest) :
               g_strconcat("tcp://", rest, NULL);
    }
    if (g_str_has_prefix(uri, "unix:") && !g_str_has_prefix(uri, "unix://")) {
        return g_strconcat("unix://", uri + strlen("unix:"), NULL);
    }
    return g_strdup(uri);
}

/* libvirt takes whole MiB per second; what is less than one becomes one. */
static guint64 bandwidth_mib(const LpmMoveOptions *options)
{
    return options->bandwidth == 0 ? 0 :
           options->bandwidth / MIB + (options->bandwidth % MIB != 0);
}

static gboolean refuse(Move *move, LpmOutcome outcome, const char *advice,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);

static gboolean refuse(Move *move, LpmOutcome outcome, const char *advice,
                       const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    lpm_report_end(move->report, outcome, LPM_MOVE_FAILED, "source", text,
                   advice);
    return FALSE;
}

/* The method of the domain's -global, which libvirt leaves alone. */
static char *method_of(const char *xml)
{
    static const char name[] = "multifd-compression=";
    const char *at = strstr(xml, name);
    gsize length;

    if (at == NULL) {
        return NULL;
    }
    at += strlen(name);
    length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return g_strndup(at, length);
}

/*
 * Which multifd method to name to libvirt, if any.  It knows no lpm, and has
 * no word for none: those two are what the domain's own command line says.
 */
static gboolean choose_method(Move *move, const char **ret_method,
                              char **ret_domains)
{
    const LpmMoveOptions *options = move->options->move;
    const char *wanted = options->compression;
    g_autofree char *xml = NULL;
    g_autofree char *own = NULL;
    g_autoptr(GError) err = NULL;
    gboolean any = wanted == NULL;

    *ret_method = NULL;
    *ret_domains = NULL;
    if (options->channels == 0) {
        return TRUE;
    }
    xml = lpm_virt_xml(move->source.virt, move->options->partition, &err);
    if (xml == NULL) {
        return refuse(move, LPM_OUTCOME_UNKNOWN, "nothing was changed",
                      "%s", err->message);
    }
    own = method_of(xml);
    if (!any && (g_str_equal(wanted, "zstd") ||
                 g_str_equal(wanted, "zlib"))) {
        const Side *sides[] = { &move->source, &move->destination };

        for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
            gulong version;

            if (!lpm_virt_version(sides[i]->virt, &version, &err)) {
                return refuse(move, LPM_OUTCOME_UNKNOWN,
                              "nothing was changed", "%s", err->message);
            }
            if (version < VERSION_MULTIFD_METHODS) {
                return refuse(move, LPM_OUTCOME_REFUSED,
                              "use --compression lpm, or a libvirt from "
                              "9.1.0 on",
                              "--compression %s: the %s's libvirt %lu.%lu.%lu "
                              "has no compression with parallel channels",
                              wanted, sides[i]->name, version / 1000000,
                              version / 1000 % 1000, version % 1000);
            }
        }
        *ret_method = wanted;
        return TRUE;
    }
    if (!any && g_str_equal(wanted, "none") && own != NULL &&
        !g_str_equal(own, "none")) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "take -global migration.multifd-compression out of the "
                      "domain's qemu:commandline, or use --channels 0",
                      "--compression none: the domain's own command line sets "
                      "%s, and libvirt has no word for none", own);
    }
    if (!any && g_str_equal(wanted, "lpm") &&
        ((own != NULL && !g_str_equal(own, "lpm")) ||
         (own == NULL && strstr(xml, "migration-lpm") == NULL))) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "put -object migration-lpm,id=lpm0 and -global "
                      "migration.multifd-compression=lpm into the domain's "
                      "qemu:commandline and start it again",
                      "--compression lpm: libvirt knows no such method, and "
                      "the domain's own command line sets %s",
                      own != NULL ? own : "none");
    }
    *ret_domains = g_steal_pointer(&own);
    return TRUE;
}

/* Whether the two ends can be meant at all, as far as they say. */
static gboolean check_domains(Move *move)
{
    const LpmVirtMoveOptions *options = move->options;
    const LpmVirtAnswer *here = &move->source.answer;
    const LpmVirtAnswer *there = &move->destination.answer;

    if (here->has == LPM_VIRT_NONE) {
        return refuse(move, LPM_OUTCOME_REFUSED, "see virsh list --all",
                      "the source has no domain '%s'%s", options->partition,
                      there->has == LPM_VIRT_NONE ? "" :
                      "; the destination has it");
    }
    if (options->offline && here->has != LPM_VIRT_OFF) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "leave out --offline, or shut it down first",
                      "--offline: '%s' is %s on the source, not shut off",
                      options->partition, here->state);
    }
    if (!options->offline && here->has == LPM_VIRT_OFF) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "move what defines it with --offline, or start it "
                      "first", "'%s' is %s on the source",
                      options->partition, here->state);
    }
    if (here->job == LPM_VIRT_JOB_LEAVES) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "see lpm status and lpm cancel with this --source",
                      "a move of '%s' is under way already",
                      options->partition);
    }
    if (there->has != LPM_VIRT_NONE && there->has != LPM_VIRT_OFF) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "end it there first, if it is not this one",
                      "the destination has a domain '%s' already, which is "
                      "%s", options->partition, there->state);
    }
    if (there->has == LPM_VIRT_OFF &&
        strcmp(here->uuid, there->uuid) != 0) {
        return refuse(move, LPM_OUTCOME_REFUSED,
                      "undefine or rename that one",
                      "the destination has another domain '%s', of UUID %s",
                      options->partition, there->uuid);
    }
    return TRUE;
}

static void say_plan(const Move *move, const LpmVirtPlan *plan,
                     const char *domains_method)
{
    const LpmVirtMoveOptions *options = move->options;
    g_autoptr(GString) text = g_string_new(NULL);

    if (options->offline) {
        g_string_append(text, "only what defines it");
    } else if (plan->channels > 0) {
        g_string_append_printf(text, "%u parallel channels, compression %s",
                               plan->channels, plan->compression != NULL ?
                               plan->compression : domains_method != NULL ?
                               domains_method : "as QEMU has it");
    } else {
        g_string_append(text, "one channel");
    }
    if (plan->bandwidth_mib > 0) {
        g_string_append_printf(text, ", at most %" G_GUINT64_FORMAT
                               " MiB/s", plan->bandwidth_mib);
    }
    if (options->move->downtime_ms > 0) {
        g_string_append_printf(text, ", downtime limit %u ms",
                               options->move->downtime_ms);
    }
    if (plan->auto_converge) {
        g_string_append(text, ", auto-converge");
    }
    if (plan->uri != NULL) {
        g_string_append_printf(text, ", stream by %s", plan->uri);
    }
    note(move, "%s '%s', %s: %s%s%s",
         options->move->dry_run ? "would move" : "moving",
         options->partition, options->direct ?
         "lpm speaks to both daemons" : "the source's daemon dials",
         options->direct ? "" : plan->peer_uri,
         options->direct ? "" : "; ", text->str);
    if (plan->persistent || plan->undefine_source) {
        note(move, "afterwards the domain is %s%s%s",
             plan->persistent ? "defined on the destination" : "",
             plan->persistent && plan->undefine_source ? " and " : "",
             plan->undefine_source ? "undefined on the source" : "");
    }
}

/* Everything before the call; false with the end already set. */
static gboolean prepare(Move *move, LpmVirtPlan *plan)
{
    const LpmVirtMoveOptions *options = move->options;
    g_autofree char *domains_method = NULL;
    g_autoptr(GError) err = NULL;
    Side *sides[] = { &move->source, &move->destination };

    for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
        if (!side_open(sides[i], options->deadline_ms, &err)) {
            return refuse(move, LPM_OUTCOME_UNKNOWN, "nothing was changed",
                          "%s", err->message);
        }
        if (!side_ask(sides[i], options)) {
            return refuse(move, LPM_OUTCOME_UNKNOWN, "nothing was changed",
                          "%s", sides[i]->why);
        }
    }
    move->before = move->source.answer.has;
    memcpy(move->uuid, move->source.answer.uuid, sizeof(move->uuid));
    if (!check_domains(move)) {
        return FALSE;
    }
    if (!options->offline &&
        !choose_method(move, &plan->compression, &domains_method)) {
        return FALSE;
    }
    say_plan(move, plan, domains_method);
    if (options->move->dry_run) {
        lpm_report_end(move->report, LPM_OUTCOME_DONE, LPM_MOVE_IDLE, "source",
                       "dry run: nothing was set, nothing moved", "");
        return FALSE;
    }
    if (options->move->downtime_ms > 0) {
        if (!lpm_virt_get_downtime(move->source.virt, options->partition,
                                   &move->downtime_ms, &err) ||
            !lpm_virt_set_downtime(move->source.virt, options->partition,
                                   options->move->downtime_ms, &err)) {
            return refuse(move, LPM_OUTCOME_REFUSED,
                          "leave out --downtime-limit", "%s", err->message);
        }
        move->has_downtime = TRUE;
    }
    return TRUE;
}

static void cancel(Move *move, const char *why)
{
    move->cancelled = TRUE;
    move->cancel_why = why;
    move->cancel_us = g_get_monotonic_time();
    say_phase(move, LPM_MOVE_RECOVERY);
    note(move, "%s: cancelling", why);
}

/* Again and again: before the stream begins there is no job to abort. */
static void try_abort(Move *move)
{
    gint64 now_us = g_get_monotonic_time();
    g_autoptr(GError) err = NULL;

    if (move->source.virt == NULL || !lpm_virt_usable(move->source.virt) ||
        now_us - move->aborted_us < ABORT_EVERY_MS * 1000) {
        return;
    }
    move->aborted_us = now_us;
    if (lpm_virt_abort(move->source.virt, move->options->partition, &err)) {
        move->aborting = TRUE;
    }
}

/* QEMU compares what remains with the limit ten times a second. */
static void suspend(Move *move)
{
    const char *partition = move->options->partition;
    g_autoptr(GError) err = NULL;

    if ((move->has_downtime ||
         lpm_virt_get_downtime(move->source.virt, partition,
                               &move->downtime_ms, &err)) &&
        lpm_virt_set_downtime(move->source.virt, partition, DOWNTIME_MAX_MS,
                              &err)) {
        move->has_downtime = TRUE;
        note(move, "--on-stall suspend: the downtime limit is %u ms now, so "
             "that QEMU stops the guest and sends the rest",
             DOWNTIME_MAX_MS);
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

static gint64 elapsed_ms(const Move *move)
{
    return (g_get_monotonic_time() - move->start_us) / 1000;
}

/* What the source says of its job, once it has one. */
static void take_look(Move *move)
{
    const LpmVirtAnswer *answer = &move->source.answer;
    LpmMoveProgress *last = &move->report->last;

    if (answer->job != LPM_VIRT_JOB_LEAVES) {
        return;
    }
    move->look = answer->look;
    move->look.error = NULL;    /* the answer's */
    lpm_look_progress(&move->look, last);
    if (move->cancelled) {
        last->phase = LPM_MOVE_RECOVERY;
    }
    /* libvirt's clock begins with the stream */
    last->elapsed_ms = elapsed_ms(move);
    move->transferred = move->transferred || move->look.wire_bytes > 0;
}

static gboolean has_guest(const Move *move, const Side *side)
{
    return side->answer.has == LPM_VIRT_RUNS ||
           /* paused before the move: libvirt keeps it so */
           (move->before == LPM_VIRT_PAUSED &&
            side->answer.has == LPM_VIRT_PAUSED);
}

/* The source has given up the move, as we asked, and runs the guest. */
static gboolean is_cancelled(const Move *move)
{
    return move->aborting && has_guest(move, &move->source) &&
           move->source.answer.job == LPM_VIRT_JOB_NONE;
}

/* Until the call is over; false if the source has been silent for long. */
static gboolean watch(Move *move, LpmVirtMigration *migration)
{
    const LpmVirtMoveOptions *options = move->options;
    gint64 heard_us = g_get_monotonic_time();
    gint64 peer_us = heard_us;
    guint looks = 0;

    while (!lpm_virt_migration_over(migration, &move->fault)) {
        gint64 now_us;

        if (side_ask(&move->source, options)) {
            heard_us = g_get_monotonic_time();
            move->silent = FALSE;
            take_look(move);
            say_progress(move);
            judge_progress(move);
        } else if (!move->silent && move->source.why != NULL) {
            move->silent = TRUE;
            note(move, "%s", move->source.why);
        }
        /* peer to peer, the source's daemon does that by its keepalive */
        if (options->direct && ++looks % LOOKS_PER_PEER == 0 &&
            side_ask(&move->destination, options)) {
            peer_us = g_get_monotonic_time();
        }
        now_us = g_get_monotonic_time();
        if (options->direct && !move->cancelled && now_us - peer_us >
            3 * (gint64)options->deadline_ms * 1000) {
            note(move, "%s", side_state(&move->destination));
            cancel(move, "the destination's daemon does not answer");
        }
        if (now_us - heard_us > 3 * (gint64)options->deadline_ms * 1000) {
            return FALSE;
        }
        if (pause_for(move, LOOK_EVERY_MS)) {
            cancel(move, "interrupted");
        } else if (!move->cancelled && options->move->timeout_s > 0 &&
                   now_us - move->start_us >
                   (gint64)options->move->timeout_s * G_USEC_PER_SEC) {
            cancel(move, "--timeout has passed");
        }
        if (move->cancelled) {
            try_abort(move);
            /* the call may hang on the other side of a direct move */
            if (is_cancelled(move) && now_us - move->cancel_us >
                (gint64)options->deadline_ms * 1000) {
                return FALSE;
            }
            if (now_us - move->cancel_us > (gint64)CANCEL_MS * 1000) {
                note(move, "the source has not cancelled within %d s",
                     CANCEL_MS / 1000);
                return FALSE;
            }
        }
    }
    return TRUE;
}

static gboolean has_none(const Side *side)
{
    return side->answer.has == LPM_VIRT_NONE ||
           side->answer.has == LPM_VIRT_OFF;
}

static gboolean is_silent(const Side *side)
{
    return side->answer.has == LPM_VIRT_SILENT;
}

static char *advice_unclear(const Move *move)
{
    const LpmVirtMoveOptions *options = move->options;

    return g_strdup_printf(
        "source: %s; destination: %s. Look again when both daemons answer: "
        "lpm status --partition %s --source %s, and --destination %s; before "
        "you start or resume the guest on one side, make sure that the other "
        "does not run it", side_state(&move->source),
        side_state(&move->destination), options->partition, options->source,
        options->destination);
}

static void end_unclear(Move *move, const char *text)
{
    g_autofree char *advice = advice_unclear(move);

    lpm_report_end(move->report, LPM_OUTCOME_UNCLEAR, LPM_MOVE_FAILED,
                   "unclear", text, advice);
}

static void end_there(Move *move)
{
    g_autofree char *text = NULL;

    if (is_silent(&move->source)) {
        text = g_strdup_printf(
            "the guest is on the destination; the source's daemon does not "
            "answer (%s), a QEMU that it left there is stopped",
            move->source.why != NULL ? move->source.why : "not asked");
    } else if (move->fault.text != NULL) {
        text = g_strdup_printf("the guest is on the destination, although "
                               "libvirt says: %s", move->fault.text);
    } else {
        text = g_strdup(is_silent(&move->destination) ?
                        "libvirt says that the guest is on the destination, "
                        "whose daemon does not answer now" :
                        "the guest is on the destination");
    }
    lpm_report_end(move->report, LPM_OUTCOME_DONE, LPM_MOVE_DONE, "destination",
                   text, move->cancelled ?
                   "the move was over before it could be cancelled" : "");
}

static void end_cancelled(Move *move)
{
    g_autofree char *text = g_strdup_printf(
        "%s; the guest is %s on the source",
        move->cancelled ? move->cancel_why : "by another client",
        side_state(&move->source));

    lpm_report_end(move->report, LPM_OUTCOME_FAILED, LPM_MOVE_CANCELLED,
                   "source", text,
                   !move->cancelled ||
                   move->cancel_why != move->stall.text ? "" :
                   "try again when the guest writes less, with more "
                   "--bandwidth, a longer --downtime-limit, or --on-stall "
                   "throttle or suspend");
}

/* By libvirt's text, since its codes do not tell: no answer to a dial. */
static gboolean could_not_dial(const char *text)
{
    static const char *const texts[] = {
        "Failed to connect to remote libvirt URI", "to the same host",
        "resolve address", "unable to connect to server",
        "Failed to connect socket", "authentication failed",
        "Unable to import client certificate", "Cannot recv data",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (strstr(text, texts[i]) != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

static const char *advice_for(const Move *move, gboolean refused)
{
    if (refused && !move->options->direct &&
        could_not_dial(move->fault.text != NULL ? move->fault.text : "")) {
        return "nothing was changed; the source's daemon dials the "
               "destination itself: name that as the source's host knows it "
               "with --peer-uri, or use --direct";
    }
    if (is_silent(&move->destination)) {
        return "look after the destination's daemon; what is left of the "
               "guest there ends when it starts again";
    }
    return refused ? "nothing was changed" :
           "see /var/log/libvirt/qemu/ of the domain on both hosts";
}

static void end_here(Move *move)
{
    const char *state = side_state(&move->source);
    g_autoptr(LpmVirtReason) reason = NULL;
    g_autofree char *text = NULL;
    gboolean refused;

    if (move->fault.aborted || (move->cancelled && move->aborting)) {
        end_cancelled(move);
        return;
    }
    reason = lpm_virt_reason(move->fault.text != NULL ? move->fault.text :
                             "no reason given");
    switch (reason->why) {
    case LPM_VIRT_WHY_HOOK:
        lpm_report_end(move->report, LPM_OUTCOME_REFUSED, LPM_MOVE_REJECTED,
                       "source", reason->text, "nothing was changed");
        return;
    case LPM_VIRT_WHY_REFUSED:
        move->report->answer = g_steal_pointer(&reason->answer);
        text = g_strdup_printf(
            "before any RAM moved; the guest is %s on the source%s%s", state,
            move->report->answer != NULL ? "" : ":\n",
            move->report->answer != NULL ? "" : reason->text);
        lpm_report_end(move->report, LPM_OUTCOME_REFUSED, LPM_MOVE_REJECTED,
                       "source", text,
                       "correct what the reasons name, then try again");
        return;
    case LPM_VIRT_WHY_LIBVIRT:
    case LPM_VIRT_WHY_QEMU:
        break;
    }
    /* what libvirt says before a stream is there is a precondition */
    refused = reason->why == LPM_VIRT_WHY_LIBVIRT && !move->transferred &&
              !move->fault.lost;
    if (is_silent(&move->source)) {
        text = g_strdup_printf(
            "the guest is on the source, whose daemon does not answer: the "
            "destination has no such guest that runs (%s)\n%s",
            move->destination.answer.state, reason->text);
    } else {
        text = g_strdup_printf("the guest is %s on the source: %s", state,
                               reason->text);
    }
    lpm_report_end(move->report, refused ? LPM_OUTCOME_REFUSED :
                   LPM_OUTCOME_FAILED, LPM_MOVE_FAILED, "source", text,
                   is_silent(&move->source) ?
                   "start the source's daemon again, then look: lpm status "
                   "--source" : advice_for(move, refused));
}

/*
 * One look at both; whether it is settled.  @said: the call came back.
 * @last: what may yet change is taken as it is.
 */
static gboolean settle_once(Move *move, gboolean said, gboolean last)
{
    const Side *here = &move->source;
    const Side *there = &move->destination;
    gboolean said_done = said && move->fault.text == NULL;
    gboolean said_failed = said ? !said_done : is_cancelled(move);

    if (has_guest(move, there) && !has_guest(move, here) &&
        here->answer.has != LPM_VIRT_WAITS &&
        (!is_silent(here) || said_failed || last)) {
        end_there(move);
        return TRUE;
    }
    if (said_done && is_silent(there) && has_none(here)) {
        end_there(move);
        return TRUE;
    }
    if (has_guest(move, here) && said_failed &&
        (has_none(there) || (last && !has_guest(move, there)) ||
         is_silent(there))) {
        end_here(move);
        return TRUE;
    }
    /* a daemon that is gone leaves its guests alone: they run on */
    if (is_silent(here) && has_none(there) && said_failed && last) {
        end_here(move);
        return TRUE;
    }
    if (!last) {
        return FALSE;
    }
    end_unclear(move, has_guest(move, here) && has_guest(move, there) ?
                "both sides say that they run the guest" :
                has_none(here) && has_none(there) ?
                "the guest runs on neither side: it has ended" :
                "which side has the guest is not clear");
    return TRUE;
}

static void settle(Move *move, gboolean said)
{
    gint64 end_us = g_get_monotonic_time() +
                    (gint64)move->options->move->settle_ms * 1000;

    for (;;) {
        gboolean last;

        side_ask(&move->source, move->options);
        side_ask(&move->destination, move->options);
        last = g_get_monotonic_time() > end_us;
        if (settle_once(move, said, last)) {
            return;
        }
        g_usleep(LOOK_EVERY_MS * 1000);
    }
}

/* An offline move has no guest, only what defines it. */
static void settle_offline(Move *move)
{
    const LpmVirtMoveOptions *options = move->options;
    g_autoptr(LpmVirtReason) reason = NULL;
    g_autoptr(GError) err = NULL;

    side_ask(&move->source, options);
    side_ask(&move->destination, options);
    if (move->fault.text != NULL) {
        reason = lpm_virt_reason(move->fault.text);
        lpm_report_end(move->report, LPM_OUTCOME_REFUSED,
                       reason->why == LPM_VIRT_WHY_HOOK ? LPM_MOVE_REJECTED :
                       LPM_MOVE_FAILED, has_none(&move->source) ? "source" :
                       "unclear", reason->text, advice_for(move, TRUE));
        if (is_silent(&move->source) || is_silent(&move->destination)) {
            end_unclear(move, reason->text);
        }
        return;
    }
    if (move->destination.answer.has == LPM_VIRT_NONE ||
        (!is_silent(&move->destination) &&
         strcmp(move->destination.answer.uuid, move->uuid) != 0)) {
        end_unclear(move, "libvirt says that the domain is defined on the "
                    "destination, which has it not");
        return;
    }
    lpm_report_end(move->report, LPM_OUTCOME_DONE, LPM_MOVE_DONE, "destination",
                   "the domain is defined on the destination and shut off",
                   options->undefine_source ? "start it there: virsh start" :
                   "start it there, and never while the source, which is still "
                   "defined, runs: see --undefine-source");
    if (!options->start) {
        return;
    }
    if (lpm_virt_start(move->destination.virt, options->partition, &err)) {
        lpm_report_end(move->report, LPM_OUTCOME_DONE, LPM_MOVE_DONE,
                       "destination", "the domain is defined on the "
                       "destination and was started there",
                       options->undefine_source ? "" :
                       "it is still defined on the source: do not start it "
                       "there");
    } else {
        g_autofree char *text = g_strdup_printf(
            "the domain is defined on the destination and did not start: %s",
            err->message);

        lpm_report_end(move->report, LPM_OUTCOME_FAILED, LPM_MOVE_DONE,
                       "destination", text, "start it there: virsh start");
    }
}

/* Figures of the end: of the destination, which has them from the source. */
static void fill_report(Move *move)
{
    LpmMoveReport *report = move->report;
    const LpmVirtAnswer *there = &move->destination.answer;
    const LpmVirtAnswer *here = &move->source.answer;
    const LpmLook *look = &move->look;

    if (report->outcome == LPM_OUTCOME_DONE) {
        if (there->done == LPM_VIRT_JOB_ARRIVES) {
            look = &there->look;
        } else if (here->done == LPM_VIRT_JOB_LEAVES) {
            look = &here->look;
        }
        if (look->has_ram) {
            lpm_look_progress(look, &report->last);
        }
        report->last.phase = LPM_MOVE_DONE;
        report->last.percent = 100;
        report->last.remaining_ms = 0;
    }
    report->total_ms = look->total_ms;
    report->setup_ms = look->setup_ms;
    report->downtime_ms = look->downtime_ms;
    report->last.downtime_ms = look->downtime_ms;
    if (report->outcome != LPM_OUTCOME_DONE) {
        report->last.phase = report->phase;
    }
    report->last.elapsed_ms = elapsed_ms(move);
    /* of the last look that had any */
    report->raw_bytes = report->last.raw_bytes;
    report->wire_bytes = report->last.wire_bytes;
}

/* The guest stays: so does its limit. */
static void restore(Move *move)
{
    g_autoptr(GError) err = NULL;

    if (move->has_downtime && move->source.virt != NULL &&
        lpm_virt_usable(move->source.virt) &&
        has_guest(move, &move->source) &&
        !lpm_virt_set_downtime(move->source.virt, move->options->partition,
                               move->downtime_ms, &err)) {
        note(move, "the downtime limit was not put back to %"
             G_GUINT64_FORMAT " ms: %s", move->downtime_ms, err->message);
    }
}

/* The two connections of the call itself; false with the end set. */
static gboolean open_for_call(Move *move, LpmVirt **ret_source,
                              LpmVirt **ret_destination)
{
    const LpmVirtMoveOptions *options = move->options;
    g_autoptr(LpmVirt) source = NULL;
    g_autoptr(GError) err = NULL;

    *ret_destination = NULL;
    source = lpm_virt_open(options->source, "source", options->deadline_ms,
                           &err);
    if (source != NULL && options->direct) {
        *ret_destination = lpm_virt_open(options->destination, "destination",
                                         options->deadline_ms, &err);
    }
    if (err != NULL) {
        return refuse(move, LPM_OUTCOME_UNKNOWN, "nothing was changed", "%s",
                      err->message);
    }
    *ret_source = g_steal_pointer(&source);
    return TRUE;
}

static void carry_out(Move *move, const LpmVirtPlan *plan)
{
    g_autoptr(LpmVirt) source = NULL;
    g_autoptr(LpmVirt) destination = NULL;
    LpmVirtMigration *migration;
    gboolean said;

    if (!open_for_call(move, &source, &destination)) {
        return;
    }
    if (pause_for(move, 0)) {
        lpm_report_end(move->report, LPM_OUTCOME_FAILED, LPM_MOVE_CANCELLED,
                       "source", "interrupted before the move began", "");
        return;
    }
    say_phase(move, LPM_MOVE_PREPARING);
    move->start_us = g_get_monotonic_time();
    migration = lpm_virt_migrate(source, destination, plan);
    said = watch(move, migration);
    lpm_virt_migration_free(migration);
    if (move->options->offline) {
        settle_offline(move);
    } else {
        settle(move, said);
        fill_report(move);
    }
}

LpmMoveReport *lpm_virt_move_run(const LpmVirtMoveOptions *options,
                                 const LpmMoveObserver *observer,
                                 int interrupt_fd)
{
    g_autofree char *uri = stream_uri(options->move->uri);
    LpmVirtPlan plan = {
        .partition = options->partition,
        .peer_uri = options->direct ? NULL : options->peer_uri != NULL ?
                    options->peer_uri : options->destination,
        .uri = uri,
        .channels = options->offline ? 0 : options->move->channels,
        .bandwidth_mib = bandwidth_mib(options->move),
        .offline = options->offline,
        .persistent = options->persistent,
        .undefine_source = options->undefine_source,
        .auto_converge = options->move->on_stall == LPM_ON_STALL_THROTTLE,
    };
    Move move = {
        .options = options,
        .observer = observer,
        .interrupt_fd = interrupt_fd,
        .source = { .name = "source", .uri = options->source },
        .destination = { .name = "destination",
                         .uri = options->destination },
        .report = lpm_move_report_new(),
    };

    move.look.total_ms = move.look.setup_ms = move.look.downtime_ms = -1;
    move.look.negotiation_us = -1;
    move.stall.on_stall = options->move->on_stall;
    lpm_stall_init(&move.stall.stall, (gint64)options->move->stall_s * 1000);
    if (prepare(&move, &plan)) {
        carry_out(&move, &plan);
    }
    if (move.report->outcome != LPM_OUTCOME_DONE) {
        restore(&move);
    }
    side_clear(&move.source);
    side_clear(&move.destination);
    lpm_stall_watch_clear(&move.stall);
    g_free(move.fault.text);
    return move.report;
}

gboolean lpm_virt_move_status(const char *uri, const char *side,
                              const char *partition, guint deadline_ms,
                              LpmVirtStatus *ret_status, GError **error)
{
    g_autoptr(LpmVirt) virt = lpm_virt_open(uri, side, deadline_ms, error);
    LpmVirtAnswer answer = { 0 };

    if (virt == NULL || !lpm_virt_ask(virt, partition, &answer, error)) {
        return FALSE;
    }
    memset(ret_status, 0, sizeof(*ret_status));
    ret_status->state = g_strdup(answer.state);
    if (answer.job == LPM_VIRT_JOB_OTHER || answer.done ==
        LPM_VIRT_JOB_OTHER || (answer.job == LPM_VIRT_JOB_NONE &&
                               answer.done == LPM_VIRT_JOB_NONE)) {
        /* no move, but a save or a dump: that is none of ours */
        lpm_look_clear(&answer.look);
        answer.look.phase = LPM_MOVE_IDLE;
        answer.look.total_ms = answer.look.downtime_ms = -1;
    }
    lpm_look_progress(&answer.look, &ret_status->progress);
    lpm_virt_answer_clear(&answer);
    return TRUE;
}

LpmMoveReport *lpm_virt_move_cancel(const char *uri, const char *partition,
                                    guint deadline_ms)
{
    LpmMoveReport *report = lpm_move_report_new();
    gint64 end_us = g_get_monotonic_time() + (gint64)CANCEL_MS * 1000;
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmVirt) virt = lpm_virt_open(uri, "source", deadline_ms,
                                            &err);
    g_autofree char *text = NULL;
    g_autofree char *again = g_strdup_printf(
        "look at both sides: lpm status --partition %s --source %s, and the "
        "same with --destination", partition, uri);
    LpmVirtAnswer answer = { 0 };

    if (virt == NULL || !lpm_virt_ask(virt, partition, &answer, &err)) {
        lpm_report_end(report, LPM_OUTCOME_UNKNOWN, LPM_MOVE_FAILED, "unclear",
                       err->message, "");
    } else if (answer.job != LPM_VIRT_JOB_LEAVES) {
        text = g_strdup_printf("no move to cancel; '%s' is %s here",
                               partition, answer.state);
        lpm_report_end(report, LPM_OUTCOME_REFUSED, LPM_MOVE_IDLE,
                       answer.has == LPM_VIRT_RUNS ||
                       answer.has == LPM_VIRT_PAUSED ? "source" : "unclear",
                       text, "");
    } else {
        /* too early or too late for it: the next look shows which */
        while (answer.job == LPM_VIRT_JOB_LEAVES &&
               g_get_monotonic_time() < end_us) {
            g_clear_error(&err);
            lpm_virt_abort(virt, partition, &err);
            g_usleep(LOOK_EVERY_MS * 1000);
            if (!lpm_virt_usable(virt) ||
                !lpm_virt_ask(virt, partition, &answer, NULL)) {
                break;
            }
        }
        text = g_strdup_printf("'%s' is %s on the source", partition,
                               answer.state);
        if (answer.job == LPM_VIRT_JOB_NONE &&
            (answer.has == LPM_VIRT_RUNS ||
             answer.has == LPM_VIRT_PAUSED)) {
            lpm_report_end(report, LPM_OUTCOME_DONE, LPM_MOVE_CANCELLED,
                           "source", text, "");
        } else {
            lpm_report_end(report, LPM_OUTCOME_UNCLEAR, LPM_MOVE_FAILED,
                           "unclear", text, again);
        }
    }
    lpm_virt_answer_clear(&answer);
    return report;
}
