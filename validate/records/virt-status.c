/*
 * What libvirt's daemon keeps on disk of its guests: jobs, without a call
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "facts/read-file.h"
#include "records/process.h"
#include "records/virt-status.h"

#define FOLDER    "/run/libvirt/qemu"
#define NAME_MAX_BYTES  1024u

/*
 * <domstatus state='paused' reason='migration' pid='8043'>
 *   <job type='none' async='migration in' phase='prepare' asyncStarted='..'>
 *   <domain ...>
 *     <name>lpar1</name>
 *     <uuid>...</uuid>
 */
typedef struct Reader {
    LpmVirtGuest *guest;
    guint depth;
    gboolean in_domain;
    GString *into;          /* text of the element that is read, or NULL */
    gboolean enough;
} Reader;

void lpm_virt_guest_free(LpmVirtGuest *guest)
{
    if (guest == NULL) {
        return;
    }
    g_free(guest->name);
    g_free(guest->uuid);
    g_free(guest->state);
    g_free(guest->reason);
    g_free(guest->phase);
    g_free(guest);
}

static const char *value_of(const char **names, const char **values,
                            const char *name)
{
    for (guint i = 0; names[i] != NULL; i++) {
        if (g_str_equal(names[i], name)) {
            return values[i];
        }
    }
    return "";
}

static gint64 number_of(const char *text)
{
    guint64 number;

    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &number,
                                      NULL) ? (gint64)number : 0;
}

static LpmVirtJob job_of(const LpmVirtGuest *guest, const char *async)
{
    if (g_str_equal(async, "migration in")) {
        return LPM_VIRT_JOB_IN;
    }
    if (g_str_equal(async, "migration out")) {
        return LPM_VIRT_JOB_OUT;
    }
    /* a restore is a start that loads, which is what this reason says */
    return g_str_equal(async, "save") ||
           (g_str_equal(async, "start") &&
            g_str_equal(guest->reason, "migration")) ?
           LPM_VIRT_JOB_SAVE : LPM_VIRT_JOB_NONE;
}

static void read_job(LpmVirtGuest *guest, const char **names,
                     const char **values)
{
    LpmVirtJob job = job_of(guest, value_of(names, values, "async"));

    /* libvirt writes one job at most */
    if (job == LPM_VIRT_JOB_NONE || guest->job != LPM_VIRT_JOB_NONE) {
        return;
    }
    guest->job = job;
    guest->phase = g_strdup(value_of(names, values, "phase"));
    guest->since_ms = number_of(value_of(names, values, "asyncStarted"));
}

static void on_start(GMarkupParseContext *context, const char *element,
                     const char **names, const char **values,
                     gpointer opaque, GError **error)
{
    Reader *r = opaque;
    LpmVirtGuest *guest = r->guest;

    (void)context;
    r->depth++;
    /* GMarkup takes a document with several roots */
    if (r->into != NULL ||
        (r->depth == 1 && (guest->state != NULL ||
                           !g_str_equal(element, "domstatus")))) {
        g_set_error_literal(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                            "no <domstatus> as libvirt writes it");
        return;
    }
    if (r->depth == 1) {
        guest->state = g_strdup(value_of(names, values, "state"));
        guest->reason = g_strdup(value_of(names, values, "reason"));
        guest->pid = number_of(value_of(names, values, "pid"));
    } else if (r->depth == 2) {
        r->in_domain = g_str_equal(element, "domain");
        if (g_str_equal(element, "job")) {
            read_job(guest, names, values);
        }
    } else if (r->depth == 3 && r->in_domain &&
               (g_str_equal(element, "name") ||
                g_str_equal(element, "uuid"))) {
        r->into = g_string_new(NULL);
    }
}

static void on_end(GMarkupParseContext *context, const char *element,
                   gpointer opaque, GError **error)
{
    Reader *r = opaque;

    (void)context;
    r->depth--;
    if (r->into != NULL) {
        char **to = g_str_equal(element, "name") ? &r->guest->name :
                                                   &r->guest->uuid;

        g_free(*to);
        *to = g_string_free(g_steal_pointer(&r->into), FALSE);
        /* devices may be many, and tell nothing of jobs */
        r->enough = r->guest->name != NULL && r->guest->uuid != NULL;
        if (r->enough) {
            g_set_error_literal(error, LPM_ERROR, LPM_ERROR_STATE, "enough");
        }
    }
}

static void on_text(GMarkupParseContext *context, const char *text,
                    gsize len, gpointer opaque, GError **error)
{
    Reader *r = opaque;

    (void)context;
    if (r->into == NULL) {
        return;
    }
    if (r->into->len + len > NAME_MAX_BYTES) {
        g_set_error_literal(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                            "a guest's name of more than 1024 bytes");
        return;
    }
    g_string_append_len(r->into, text, (gssize)len);
}

static gboolean check(LpmVirtGuest *guest, GError **error)
{
    if (guest->name == NULL || guest->name[0] == '\0' ||
        guest->uuid == NULL || !g_uuid_string_is_valid(guest->uuid)) {
        g_set_error_literal(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                            "no name and UUID of a guest in it");
        return FALSE;
    }
    if (guest->phase == NULL) {
        guest->phase = g_strdup("");
    }
    return TRUE;
}

LpmVirtGuest *lpm_virt_guest_parse(const char *text, gsize len,
                                   GError **error)
{
    static const GMarkupParser parser = {
        .start_element = on_start, .end_element = on_end, .text = on_text,
    };
    g_autoptr(LpmVirtGuest) guest = g_new0(LpmVirtGuest, 1);
    Reader r = { .guest = guest };
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(
        &parser, (GMarkupParseFlags)0, &r, NULL);
    g_autoptr(GError) err = NULL;
    gboolean whole = g_markup_parse_context_parse(context, text,
                                                  (gssize)len, &err) &&
                     g_markup_parse_context_end_parse(context, &err);

    if (r.into != NULL) {
        g_string_free(r.into, TRUE);
    }
    if (!whole && !r.enough) {
        /* GMarkup quotes what it read */
        g_autofree char *why = g_utf8_make_valid(err->message, -1);

        g_set_error_literal(error, LPM_ERROR, LPM_ERROR_MALFORMED, why);
        return NULL;
    }
    return check(guest, error) ? g_steal_pointer(&guest) : NULL;
}

void lpm_virt_status_free(LpmVirtStatus *status)
{
    if (status != NULL) {
        g_ptr_array_unref(status->guests);
        g_free(status->why);
        g_free(status);
    }
}

/* Only the first reason is kept: one is enough to doubt the whole. */
static void cannot(LpmVirtStatus *status, const char *path, const char *why)
{
    if (status->why == NULL) {
        status->why = g_strdup_printf("%s: %s", path, why);
    }
}

static void read_guest(LpmVirtStatus *status, const char *root,
                       const char *path)
{
    g_autoptr(LpmVirtGuest) guest = NULL;
    g_autoptr(GError) err = NULL;
    GString *text = lpm_read_file(path, LPM_VIRT_STATUS_MAX_BYTES,
                                  "a guest's status", &err);

    if (text == NULL) {
        /* it may have ended since the folder was read */
        if (access(path, F_OK) == 0 || errno != ENOENT) {
            cannot(status, path, err->message);
        }
        return;
    }
    guest = lpm_virt_guest_parse(text->str, text->len, &err);
    g_string_free(text, TRUE);
    if (guest == NULL) {
        cannot(status, path, err->message);
    } else if (guest->pid == 0 ||
               lpm_process_start(root, guest->pid) != 0) {
        g_ptr_array_add(status->guests, g_steal_pointer(&guest));
    }
}

static int compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

LpmVirtStatus *lpm_virt_status_read(const char *root)
{
    LpmVirtStatus *status = g_new0(LpmVirtStatus, 1);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = g_strconcat(root, FOLDER, NULL);
    g_autoptr(GError) err = NULL;
    GDir *dir = g_dir_open(folder, 0, &err);
    const char *name;

    status->guests = g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_virt_guest_free);
    if (dir == NULL) {
        if (!g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            cannot(status, folder, g_strerror(errno));
        }
        return status;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (!g_str_has_suffix(name, ".xml")) {
            continue;
        }
        if (names->len == LPM_VIRT_GUESTS_MAX) {
            cannot(status, folder, "too many guests");
            break;
        }
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    }
    g_dir_close(dir);
    g_ptr_array_sort(names, compare_text);
    for (guint i = 0; i < names->len; i++) {
        read_guest(status, root, g_ptr_array_index(names, i));
    }
    return status;
}
