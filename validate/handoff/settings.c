/*
 * Migration settings of one QEMU: set for a move, put back after a failure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "handoff/settings.h"

typedef enum Cap {
    CAP_EVENTS,
    CAP_RETURN_PATH,
    CAP_MULTIFD,
    CAP_AUTO_CONVERGE,
    CAP__MAX,
} Cap;

static const char *const cap_names[] = {
    [CAP_EVENTS] = "events",
    [CAP_RETURN_PATH] = "return-path",
    [CAP_MULTIFD] = "multifd",
    [CAP_AUTO_CONVERGE] = "auto-converge",
};
G_STATIC_ASSERT(G_N_ELEMENTS(cap_names) == CAP__MAX);

typedef enum Param {
    PARAM_CHANNELS,
    PARAM_BANDWIDTH,
    PARAM_DOWNTIME,
    PARAM__MAX,
} Param;

static const char *const param_names[] = {
    [PARAM_CHANNELS] = "multifd-channels",
    [PARAM_BANDWIDTH] = "max-bandwidth",
    [PARAM_DOWNTIME] = "downtime-limit",
};
G_STATIC_ASSERT(G_N_ELEMENTS(param_names) == PARAM__MAX);

/* All that a move may change. */
typedef struct Values {
    gboolean caps[CAP__MAX];
    guint64 params[PARAM__MAX];
    char *compression;
} Values;

struct LpmSettings {
    LpmQmp *qmp;
    Values old;
    Values now;
};

static gboolean read_cap(JsonObject *object, const LpmJsonPath *path,
                         gpointer opaque, GError **error)
{
    Values *values = opaque;
    g_autofree char *name = NULL;
    gboolean state = FALSE;

    if (!lpm_json_get_string(object, path, "capability", LPM_JSON_REQUIRED,
                             255, &name, error) ||
        !lpm_json_get_bool(object, path, "state", LPM_JSON_REQUIRED, &state,
                           error)) {
        return FALSE;
    }
    for (guint cap = 0; cap < CAP__MAX; cap++) {
        if (g_str_equal(name, cap_names[cap])) {
            values->caps[cap] = state;
        }
    }
    return TRUE;
}

static gboolean read_caps(LpmSettings *settings, GError **error)
{
    g_autoptr(JsonNode) reply = lpm_qmp_execute(
        settings->qmp, "query-migrate-capabilities", NULL, error);

    return reply != NULL &&
           lpm_json_each(reply, 4096, read_cap, &settings->old, error);
}

static gboolean read_params(LpmSettings *settings, GError **error)
{
    g_autoptr(JsonNode) reply = lpm_qmp_execute(
        settings->qmp, "query-migrate-parameters", NULL, error);
    JsonObject *object;

    if (reply == NULL) {
        return FALSE;
    }
    object = lpm_json_object(reply, NULL, error);
    if (object == NULL ||
        !lpm_json_get_string(object, NULL, "multifd-compression",
                             LPM_JSON_REQUIRED, 255,
                             &settings->old.compression, error)) {
        return FALSE;
    }
    for (guint param = 0; param < PARAM__MAX; param++) {
        if (!lpm_json_get_uint(object, NULL, param_names[param],
                               LPM_JSON_REQUIRED, G_MAXINT64,
                               &settings->old.params[param], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

LpmSettings *lpm_settings_new(LpmQmp *qmp, GError **error)
{
    g_autoptr(LpmSettings) settings = g_new0(LpmSettings, 1);
    g_autoptr(GError) err = NULL;

    settings->qmp = qmp;
    if (!read_caps(settings, &err) || !read_params(settings, &err)) {
        g_set_error(error, LPM_ERROR, err->code,
                    "%s: cannot read the migration settings: %s",
                    lpm_qmp_side(qmp), err->message);
        return NULL;
    }
    settings->now = settings->old;
    settings->now.compression = g_strdup(settings->old.compression);
    return g_steal_pointer(&settings);
}

void lpm_settings_free(LpmSettings *settings)
{
    if (settings == NULL) {
        return;
    }
    g_free(settings->old.compression);
    g_free(settings->now.compression);
    g_free(settings);
}

/*
 * Go from now to @want.  Capabilities first: QEMU takes the parameters of a
 * capability that is off, but not always the other way round.
 */
static gboolean change(LpmSettings *settings, const Values *want,
                       GError **error)
{
    JsonArray *caps = json_array_new();
    JsonObject *params = json_object_new();
    g_autoptr(JsonNode) reply = NULL;
    JsonObject *arguments;

    for (guint cap = 0; cap < CAP__MAX; cap++) {
        if (settings->now.caps[cap] != want->caps[cap]) {
            JsonObject *object = json_object_new();

            json_object_set_string_member(object, "capability",
                                          cap_names[cap]);
            json_object_set_boolean_member(object, "state",
                                           want->caps[cap]);
            json_array_add_object_element(caps, object);
        }
    }
    for (guint param = 0; param < PARAM__MAX; param++) {
        if (settings->now.params[param] != want->params[param]) {
            json_object_set_int_member(params, param_names[param],
                                       (gint64)want->params[param]);
        }
    }
    if (!g_str_equal(settings->now.compression, want->compression)) {
        json_object_set_string_member(params, "multifd-compression",
                                      want->compression);
    }
    if (json_array_get_length(caps) > 0) {
        arguments = json_object_new();
        json_object_set_array_member(arguments, "capabilities", caps);
        reply = lpm_qmp_execute(settings->qmp, "migrate-set-capabilities",
                                arguments, error);
        if (reply == NULL) {
            json_object_unref(params);
            return FALSE;
        }
        memcpy(settings->now.caps, want->caps, sizeof(want->caps));
    } else {
        json_array_unref(caps);
    }
    if (json_object_get_size(params) > 0) {
        g_autoptr(JsonNode) done = lpm_qmp_execute(
            settings->qmp, "migrate-set-parameters", params, error);

        if (done == NULL) {
            return FALSE;
        }
        memcpy(settings->now.params, want->params, sizeof(want->params));
        g_free(settings->now.compression);
        settings->now.compression = g_strdup(want->compression);
    } else {
        json_object_unref(params);
    }
    return TRUE;
}

gboolean lpm_settings_apply(LpmSettings *settings,
                            const LpmMoveOptions *options,
                            const char *compression, gboolean rates,
                            GError **error)
{
    Values want = settings->now;
    g_autofree char *method = g_strdup(compression);

    want.compression = method;
    want.caps[CAP_EVENTS] = TRUE;
    want.caps[CAP_RETURN_PATH] = TRUE;
    want.caps[CAP_MULTIFD] = options->channels > 0;
    /* the source's own, as the rates are; else it stays as the user has it */
    if (rates && options->on_stall == LPM_ON_STALL_THROTTLE) {
        want.caps[CAP_AUTO_CONVERGE] = TRUE;
    }
    if (options->channels > 0) {
        want.params[PARAM_CHANNELS] = options->channels;
    }
    if (rates && options->bandwidth > 0) {
        want.params[PARAM_BANDWIDTH] = options->bandwidth;
    }
    if (rates && options->downtime_ms > 0) {
        want.params[PARAM_DOWNTIME] = options->downtime_ms;
    }
    return change(settings, &want, error);
}

gboolean lpm_settings_set_downtime(LpmSettings *settings, guint64 limit_ms,
                                   GError **error)
{
    Values want = settings->now;
    g_autofree char *method = g_strdup(settings->now.compression);

    /* change() frees what settings->now has */
    want.compression = method;
    want.params[PARAM_DOWNTIME] = limit_ms;
    return change(settings, &want, error);
}

gboolean lpm_settings_restore(LpmSettings *settings, GError **error)
{
    return change(settings, &settings->old, error);
}

void lpm_settings_use(LpmSettings *settings, LpmQmp *qmp)
{
    settings->qmp = qmp;
}
