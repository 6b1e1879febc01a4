/*
 * What one side says of a move now
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/json-read.h"
#include "handoff/look.h"

#define OPT  LPM_JSON_OPTIONAL
#define REQ  LPM_JSON_REQUIRED

static const char *const phase_names[] = {
    [LPM_MOVE_IDLE] = "idle",
    [LPM_MOVE_PREPARING] = "preparing",
    [LPM_MOVE_TRANSFER] = "transfer",
    [LPM_MOVE_STOPPED] = "stopped",
    [LPM_MOVE_RUNNING_ON_DESTINATION] = "running-on-destination",
    [LPM_MOVE_CLEANUP] = "cleanup",
    [LPM_MOVE_DONE] = "done",
    [LPM_MOVE_REJECTED] = "rejected",
    [LPM_MOVE_CANCELLED] = "cancelled",
    [LPM_MOVE_FAILED] = "failed",
    [LPM_MOVE_VALIDATING] = "validating",
    [LPM_MOVE_MAPPED] = "mapped",
    [LPM_MOVE_RECOVERY] = "recovery",
};
G_STATIC_ASSERT(G_N_ELEMENTS(phase_names) == LPM_MOVE_PHASE__MAX);

const char *lpm_move_phase_name(LpmMovePhase phase)
{
    return phase_names[phase];
}

gboolean lpm_move_phase_find(const char *name, LpmMovePhase *ret_phase)
{
    for (guint i = 0; i < LPM_MOVE_PHASE__MAX; i++) {
        if (g_str_equal(phase_names[i], name)) {
            *ret_phase = (LpmMovePhase)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* QEMU's words for a side that does not negotiate. */
static LpmMovePhase phase_of_status(const char *status)
{
    static const struct {
        const char *status;
        LpmMovePhase phase;
    } map[] = {
        { "setup", LPM_MOVE_PREPARING },
        { "wait-unplug", LPM_MOVE_PREPARING },
        { "active", LPM_MOVE_TRANSFER },
        { "postcopy-active", LPM_MOVE_RUNNING_ON_DESTINATION },
        { "pre-switchover", LPM_MOVE_STOPPED },
        { "device", LPM_MOVE_STOPPED },
        { "completed", LPM_MOVE_DONE },
        { "failed", LPM_MOVE_FAILED },
        { "failing", LPM_MOVE_FAILED },
        { "cancelling", LPM_MOVE_RECOVERY },
        { "cancelled", LPM_MOVE_CANCELLED },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(map); i++) {
        if (g_str_equal(map[i].status, status)) {
            return map[i].phase;
        }
    }
    return g_str_equal(status, "none") ? LPM_MOVE_IDLE : LPM_MOVE_TRANSFER;
}

void lpm_look_clear(LpmLook *look)
{
    g_free(look->status);
    g_free(look->error);
    g_free(look->uri);
    g_clear_pointer(&look->answer, lpm_answer_free);
    memset(look, 0, sizeof(*look));
}

/* Optional times: absent is -1. */
static gboolean get_time(JsonObject *object, const LpmJsonPath *path,
                         const char *member, gint64 *ret_time,
                         GError **error)
{
    guint64 value = G_MAXUINT64;

    if (!lpm_json_get_uint(object, path, member, OPT, G_MAXINT64, &value,
                           error)) {
        return FALSE;
    }
    *ret_time = value == G_MAXUINT64 ? -1 : (gint64)value;
    return TRUE;
}

static gboolean read_ram(LpmLook *look, JsonObject *ram, GError **error)
{
    static const LpmJsonPath path = { .key = "ram" };
    guint64 normal = 0;
    guint64 duplicate = 0;
    guint64 page_size = 0;
    guint64 dirty_pages = 0;
    JsonNode *mbps = json_object_get_member(ram, "mbps");

    if (!lpm_json_get_uint(ram, &path, "total", REQ, G_MAXINT64,
                           &look->total, error) ||
        !lpm_json_get_uint(ram, &path, "remaining", REQ, G_MAXINT64,
                           &look->remaining, error) ||
        !lpm_json_get_uint(ram, &path, "transferred", REQ, G_MAXINT64,
                           &look->wire_bytes, error) ||
        !lpm_json_get_uint(ram, &path, "normal", OPT, G_MAXUINT32,
                           &normal, error) ||
        !lpm_json_get_uint(ram, &path, "duplicate", OPT, G_MAXUINT32,
                           &duplicate, error) ||
        !lpm_json_get_uint(ram, &path, "page-size", OPT, 1u << 30,
                           &page_size, error) ||
        !lpm_json_get_uint(ram, &path, "dirty-pages-rate", OPT, G_MAXUINT32,
                           &dirty_pages, error) ||
        !lpm_json_get_uint(ram, &path, "dirty-sync-count", OPT, G_MAXINT64,
                           &look->rounds, error)) {
        return FALSE;
    }
    look->has_ram = TRUE;
    look->raw_bytes = (normal + duplicate) * page_size;
    look->dirty_bytes = dirty_pages * page_size;
    /* a plain number; QEMU writes it with or without a fraction */
    if (mbps != NULL && JSON_NODE_HOLDS_VALUE(mbps) &&
        json_node_get_value_type(mbps) != G_TYPE_STRING) {
        double value = json_node_get_double(mbps);

        look->rate_bytes = value > 0 && value < 1e12 ? value * 125000 : 0;
    }
    return TRUE;
}

/*
 * Where the destination listens, in the form that "migrate" takes; NULL if
 * it is not a socket.
 */
static gboolean read_address(LpmLook *look, JsonObject *object,
                             GError **error)
{
    static const LpmJsonPath path = { .key = "socket-address" };
    static const LpmJsonPath at = { .up = &path };
    JsonArray *array = NULL;
    JsonObject *address;
    g_autofree char *type = NULL;
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    g_autofree char *file = NULL;

    if (!lpm_json_get_array(object, NULL, "socket-address", OPT, 64, &array,
                            error)) {
        return FALSE;
    }
    if (array == NULL || json_array_get_length(array) == 0) {
        return TRUE;
    }
    address = lpm_json_object(json_array_get_element(array, 0), &at, error);
    if (address == NULL ||
        !lpm_json_get_string(address, &at, "type", REQ, 255, &type, error) ||
        !lpm_json_get_string(address, &at, "host", OPT, 1024, &host,
                             error) ||
        !lpm_json_get_string(address, &at, "port", OPT, 255, &port,
                             error) ||
        !lpm_json_get_string(address, &at, "path", OPT, 4096, &file,
                             error)) {
        return FALSE;
    }
    if (g_str_equal(type, "inet") && host != NULL && port != NULL) {
        look->uri = strchr(host, ':') != NULL ?
                    g_strdup_printf("tcp:[%s]:%s", host, port) :
                    g_strdup_printf("tcp:%s:%s", host, port);
    } else if (g_str_equal(type, "unix") && file != NULL) {
        look->uri = g_strconcat("unix:", file, NULL);
    }
    return TRUE;
}

static gboolean read_migrate(LpmLook *look, JsonNode *reply, GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);
    JsonObject *ram = NULL;

    look->status = g_strdup("none");
    if (object == NULL ||
        !lpm_json_get_string(object, NULL, "status", OPT, 255,
                             &look->status, error) ||
        !lpm_json_get_string(object, NULL, "error-desc", OPT, 1u << 20,
                             &look->error, error) ||
        !get_time(object, NULL, "total-time", &look->total_ms, error) ||
        !get_time(object, NULL, "setup-time", &look->setup_ms, error) ||
        !get_time(object, NULL, "downtime", &look->downtime_ms, error) ||
        !lpm_json_get_uint(object, NULL, "cpu-throttle-percentage", OPT, 100,
                           &look->throttle_percent, error) ||
        !lpm_json_get_object(object, NULL, "ram", OPT, &ram, error) ||
        !read_address(look, object, error)) {
        return FALSE;
    }
    look->phase = phase_of_status(look->status);
    return ram == NULL || read_ram(look, ram, error);
}

static gboolean read_codec(JsonObject *object, const char *member,
                           guint64 *ret_raw, guint64 *ret_wire,
                           GError **error)
{
    LpmJsonPath path = { .key = member };
    JsonObject *stats = NULL;

    if (!lpm_json_get_object(object, NULL, member, REQ, &stats, error)) {
        return FALSE;
    }
    return lpm_json_get_uint(stats, &path, "raw-bytes", REQ, G_MAXINT64,
                             ret_raw, error) &&
           lpm_json_get_uint(stats, &path, "wire-bytes", REQ, G_MAXINT64,
                             ret_wire, error);
}

static gboolean read_lpm(LpmLook *look, JsonNode *reply, GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);
    g_autofree char *phase = NULL;
    g_autofree char *lpm_error = NULL;
    JsonNode *answer;

    if (object == NULL ||
        !lpm_json_get_string(object, NULL, "phase", REQ, 255, &phase,
                             error) ||
        !lpm_json_get_string(object, NULL, "error", OPT, 1u << 20,
                             &lpm_error, error) ||
        !get_time(object, NULL, "negotiation-us", &look->negotiation_us,
                  error) ||
        !read_codec(object, "encode", &look->frames_raw_bytes,
                    &look->frames_wire_bytes, error)) {
        return FALSE;
    }
    answer = json_object_get_member(object, "answer");
    if (answer != NULL && !JSON_NODE_HOLDS_NULL(answer)) {
        look->answer = lpm_answer_from_json(answer, error);
        if (look->answer == NULL) {
            return FALSE;
        }
    }
    /* a word that a newer QEMU may add leaves what query-migrate says */
    if (lpm_move_phase_find(phase, &look->lpm_phase)) {
        look->has_lpm = TRUE;
    }
    if (look->error == NULL && lpm_error != NULL) {
        look->error = g_steal_pointer(&lpm_error);
    }
    return TRUE;
}

gboolean lpm_look(LpmQmp *qmp, LpmLook *look, GError **error)
{
    g_autoptr(JsonNode) migrate = NULL;
    g_autoptr(JsonNode) lpm = NULL;
    g_autoptr(GError) err = NULL;

    lpm_look_clear(look);
    look->total_ms = look->setup_ms = look->downtime_ms = -1;
    look->negotiation_us = -1;
    migrate = lpm_qmp_execute(qmp, "query-migrate", NULL, error);
    if (migrate == NULL || !read_migrate(look, migrate, error)) {
        return FALSE;
    }
    lpm = lpm_qmp_execute(qmp, "query-lpm", NULL, &err);
    if (lpm == NULL) {
        if (lpm_qmp_usable(qmp)) {
            return TRUE;    /* no plugin here, or no object */
        }
        g_propagate_error(error, g_steal_pointer(&err));
        return FALSE;
    }
    return read_lpm(look, lpm, error);
}

LpmMovePhase lpm_look_phase(const LpmLook *look)
{
    switch (look->phase) {
    case LPM_MOVE_FAILED:
        /* what QEMU calls failed may have been a refusal */
        return look->has_lpm && look->lpm_phase == LPM_MOVE_REJECTED ?
               LPM_MOVE_REJECTED : LPM_MOVE_FAILED;
    case LPM_MOVE_DONE:
    case LPM_MOVE_CANCELLED:
    case LPM_MOVE_RECOVERY:
        return look->phase;
    default:
        /* idle: the object has not been told yet */
        return look->has_lpm && look->lpm_phase != LPM_MOVE_IDLE ?
               look->lpm_phase : look->phase;
    }
}

gboolean lpm_look_over(const LpmLook *look)
{
    return look->phase == LPM_MOVE_DONE || look->phase == LPM_MOVE_FAILED ||
           look->phase == LPM_MOVE_CANCELLED;
}

void lpm_look_progress(const LpmLook *look, LpmMoveProgress *progress)
{
    progress->phase = lpm_look_phase(look);
    progress->downtime_ms = look->downtime_ms;
    progress->elapsed_ms = look->total_ms;
    progress->remaining_ms = -1;
    progress->throttle_percent = look->throttle_percent;
    if (look->has_ram) {
        progress->rounds = look->rounds;
        progress->raw_bytes = look->raw_bytes;
        progress->wire_bytes = look->wire_bytes;
        progress->rate_bytes = look->rate_bytes;
        progress->dirty_bytes = look->dirty_bytes;
    }
    if (look->total > 0) {
        guint64 left = MIN(look->remaining, look->total);

        progress->percent = 100.0 * (double)(look->total - left) /
                            (double)look->total;
    }
    if (look->phase == LPM_MOVE_DONE) {
        progress->percent = 100;
        progress->remaining_ms = 0;
    } else if (look->has_ram && look->total_ms > 0 && look->raw_bytes > 0) {
        /* raw bytes per ms so far; what the guest dirties slows us down */
        double speed = (double)look->raw_bytes / (double)look->total_ms -
                       (double)look->dirty_bytes / 1000;

        if (speed > 0) {
            progress->remaining_ms = (gint64)((double)look->remaining /
                                              speed);
        }
    }
}

gboolean lpm_move_look(LpmQmp *qmp, LpmMoveProgress *ret_progress,
                       GError **error)
{
    LpmLook look = { 0 };
    gboolean ok = lpm_look(qmp, &look, error);

    if (ok) {
        memset(ret_progress, 0, sizeof(*ret_progress));
        lpm_look_progress(&look, ret_progress);
    }
    lpm_look_clear(&look);
    return ok;
}

char *lpm_move_run_state(LpmQmp *qmp, GError **error)
{
    g_autoptr(JsonNode) reply = lpm_qmp_execute(qmp, "query-status", NULL,
                                                error);
    JsonObject *object;
    char *state = NULL;

    if (reply == NULL) {
        return NULL;
    }
    object = lpm_json_object(reply, NULL, error);
    if (object == NULL ||
        !lpm_json_get_string(object, NULL, "status", REQ, 255, &state,
                             error)) {
        return NULL;
    }
    return state;
}
