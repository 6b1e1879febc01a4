/*
 * Fibre Channel ports as Linux shows them in its sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "npiv-sysfs.h"

/* Longer than any of the files; the rest of one is not looked at. */
#define FILE_MAX    256

/* Files */

/* What to do about a file that cannot be used. */
static const char *remedy(int code)
{
    return code == EACCES || code == EPERM || code == EROFS ?
           ": give QEMU's user the right to, or make the port's file "
           "writable for its group" : "";
}

static gboolean failed(const char *verb, const char *path, int code,
                       GError **error)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "%s %s: %s%s", verb, path,
                g_strerror(code), remedy(code));
    return FALSE;
}

/* It was there a moment ago, or never. */
static gboolean is_gone(int code)
{
    return code == ENOENT || code == ENODEV || code == ENXIO ||
           code == ENOTDIR;
}

/* RET_TEXT: owned by the caller; NULL: there is no such file. */
static gboolean read_file(const char *path, char **ret_text, GError **error)
{
    char text[FILE_MAX];
    gssize len;
    int fd, code;

    *ret_text = NULL;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return is_gone(errno) || failed("reading", path, errno, error);
    }
    len = read(fd, text, sizeof(text) - 1);
    code = errno;
    close(fd);
    if (len < 0) {
        return is_gone(code) || failed("reading", path, code, error);
    }
    if (memchr(text, '\0', (gsize)len) != NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s holds a NUL, wanted text", path);
        return FALSE;
    }
    *ret_text = g_strndup(text, (gsize)len);
    return TRUE;
}

static gboolean write_file(const char *path, const char *text,
                           GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gsize len = strlen(text);
    gssize written;
    int code;

    if (fd < 0) {
        return failed("opening", path, errno, error);
    }
    written = write(fd, text, len);
    code = errno;
    close(fd);
    if (written < 0) {
        return failed("writing", path, code, error);
    }
    if ((gsize)written != len) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "writing %s: %d of %d bytes were taken", path,
                    (int)written, (int)len);
        return FALSE;
    }
    return TRUE;
}

/* Names in a folder, in order; none if it is not there. */
static GPtrArray *list_folder(const char *path, GError **error)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    DIR *folder = opendir(path);
    struct dirent *entry;

    if (folder == NULL) {
        if (is_gone(errno)) {
            return names;
        }
        failed("reading", path, errno, error);
        g_ptr_array_unref(names);
        return NULL;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            g_ptr_array_add(names, g_strdup(entry->d_name));
        }
    }
    closedir(folder);
    return names;
}

/* Fields of an entry: each reads one file, and says whether it was there. */

typedef struct Entry {
    const char *folder;
    gboolean gone;          /* one that each entry has was not there */
    GError **error;
} Entry;

static char *field(Entry *entry, const char *name, gboolean needed,
                   char **ret_path)
{
    char *text = NULL;

    *ret_path = g_build_filename(entry->folder, name, NULL);
    if (entry->gone) {
        return NULL;
    }
    if (!read_file(*ret_path, &text, entry->error)) {
        return NULL;
    }
    entry->gone = needed && text == NULL;
    return text;
}

/* What an entry must have; FALSE with no error: it is gone. */
static gboolean wwn_field(Entry *entry, const char *name, guint64 *ret)
{
    g_autofree char *path = NULL;
    g_autofree char *text = field(entry, name, TRUE, &path);

    return text != NULL && lpm_npiv_read_wwn(path, text, ret, entry->error);
}

static gboolean id_field(Entry *entry, const char *name, guint32 *ret)
{
    g_autofree char *path = NULL;
    g_autofree char *text = field(entry, name, TRUE, &path);

    return text != NULL &&
           lpm_npiv_read_port_id(path, text, ret, entry->error);
}

static gboolean text_field(Entry *entry, const char *name,
                           char ret[LPM_NPIV_TEXT])
{
    g_autofree char *path = NULL;
    g_autofree char *text = field(entry, name, TRUE, &path);

    return text != NULL && lpm_npiv_read_text(path, text, ret, entry->error);
}

/* What an entry may have: RET is left alone if it has none. */
static gboolean may_have_number(Entry *entry, const char *name, guint32 *ret)
{
    GError *error = NULL;
    g_autofree char *path = g_build_filename(entry->folder, name, NULL);
    g_autofree char *text = NULL;

    if (!read_file(path, &text, &error) ||
        (text != NULL && !lpm_npiv_read_number(path, text, ret, &error))) {
        g_propagate_error(entry->error, error);
        return FALSE;
    }
    return TRUE;
}

static gboolean may_have_text(Entry *entry, const char *name,
                              char ret[LPM_NPIV_TEXT])
{
    GError *error = NULL;
    g_autofree char *path = g_build_filename(entry->folder, name, NULL);
    g_autofree char *text = NULL;

    if (!read_file(path, &text, &error) ||
        (text != NULL && !lpm_npiv_read_text(path, text, ret, &error))) {
        g_propagate_error(entry->error, error);
        return FALSE;
    }
    return TRUE;
}

/* Ports */

/* FALSE with no error: there is none. */
static gboolean read_port(const char *sysfs, guint host,
                          LpmNpivPort *ret_port, GError **error)
{
    g_autofree char *folder = g_strdup_printf("%s/class/fc_host/host%u",
                                              sysfs, host);
    g_autofree char *create = g_build_filename(folder, "vport_create", NULL);
    Entry entry = { .folder = folder, .error = error };
    LpmNpivPort port = { .host = host };

    if (!wwn_field(&entry, "port_name", &port.wwpn) ||
        !wwn_field(&entry, "node_name", &port.wwnn) ||
        !id_field(&entry, "port_id", &port.port_id) ||
        !text_field(&entry, "port_state", port.state) ||
        !may_have_text(&entry, "port_type", port.kind) ||
        /* the older name, and then the one that is right if there are both */
        !may_have_number(&entry, "max_vports", &port.max_vports) ||
        !may_have_number(&entry, "max_npiv_vports", &port.max_vports) ||
        !may_have_number(&entry, "npiv_vports_inuse", &port.vports_in_use)) {
        return FALSE;
    }
    port.makes_vports = access(create, F_OK) == 0;
    *ret_port = port;
    return TRUE;
}

gboolean lpm_npiv_look_port(const char *sysfs, guint host,
                            LpmNpivPort *ret_port, GError **error)
{
    GError *mine = NULL;

    if (read_port(sysfs, host, ret_port, &mine)) {
        return TRUE;
    }
    if (mine == NULL) {
        g_set_error(&mine, LPM_ERROR, LPM_ERROR_STATE,
                    "%s/class/fc_host has no host%u, wanted a Fibre Channel "
                    "port: see what it lists", sysfs, host);
    }
    g_propagate_error(error, mine);
    return FALSE;
}

gboolean lpm_npiv_find_port(const char *sysfs, guint64 wwpn,
                            gboolean *ret_found, LpmNpivPort *ret_port,
                            GError **error)
{
    g_autofree char *folder = g_build_filename(sysfs, "class/fc_host", NULL);
    g_autoptr(GPtrArray) names = list_folder(folder, error);

    *ret_found = FALSE;
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, "port_name",
                                                 NULL);
        g_autofree char *text = NULL;
        GError *mine = NULL;
        guint64 here;
        guint host;

        /* Other ports are nobody's concern, so neither are their faults */
        if (!lpm_npiv_host_name(name, &host) ||
            !read_file(path, &text, NULL) || text == NULL ||
            !lpm_npiv_read_wwn(path, text, &here, NULL) || here != wwpn) {
            continue;
        }
        if (read_port(sysfs, host, ret_port, &mine)) {
            *ret_found = TRUE;
            return TRUE;
        }
        if (mine != NULL) {
            g_propagate_error(error, mine);
            return FALSE;
        }
    }
    return names != NULL;
}

gboolean lpm_npiv_find_vport(const char *sysfs, guint64 wwpn,
                             gboolean *ret_found, LpmNpivVport *ret_vport,
                             GError **error)
{
    g_autofree char *folder = g_build_filename(sysfs, "class/fc_vports",
                                               NULL);
    g_autoptr(GPtrArray) names = list_folder(folder, error);

    *ret_found = FALSE;
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        Entry quiet = { .folder = path };
        Entry entry = { .folder = path, .error = error };
        LpmNpivVport vport = { 0 };
        guint64 here;

        if (!lpm_npiv_vport_name(name, &vport.parent) ||
            !wwn_field(&quiet, "port_name", &here) || here != wwpn) {
            continue;
        }
        if (!may_have_text(&entry, "vport_state", vport.state) ||
            !may_have_text(&entry, "symbolic_name", vport.name)) {
            return FALSE;
        }
        *ret_vport = vport;
        *ret_found = TRUE;
        return TRUE;
    }
    return names != NULL;
}

gboolean lpm_npiv_check_free(const char *sysfs, guint64 wwpn,
                             GError **error)
{
    LpmNpivVport vport;
    LpmNpivPort port;
    gboolean is_vport, found;

    if (!lpm_npiv_find_vport(sysfs, wwpn, &is_vport, &vport, error) ||
        !lpm_npiv_find_port(sysfs, wwpn, &found, &port, error)) {
        return FALSE;
    }
    if (is_vport) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                    "WWPN %016" G_GINT64_MODIFIER "x is in use: it is a "
                    "virtual port of host%u already (state '%s', name '%s'), "
                    "not one of ours: end what uses it, or write it into "
                    "%s/class/fc_host/host%u/vport_delete", wwpn,
                    vport.parent, vport.state, vport.name, sysfs,
                    vport.parent);
        return FALSE;
    }
    if (found) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                    "WWPN %016" G_GINT64_MODIFIER "x is in use: host%u has "
                    "it (%s): choose another", wwpn, port.host, port.kind);
        return FALSE;
    }
    return TRUE;
}

static gboolean write_pair(const char *sysfs, guint parent, const char *name,
                           guint64 wwpn, guint64 wwnn, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/class/fc_host/host%u/%s",
                                            sysfs, parent, name);
    char pair[LPM_NPIV_PAIR];

    lpm_npiv_format_pair(pair, wwpn, wwnn);
    return write_file(path, pair, error);
}

gboolean lpm_npiv_make(const char *sysfs, guint parent, guint64 wwpn,
                       guint64 wwnn, GError **error)
{
    return write_pair(sysfs, parent, "vport_create", wwpn, wwnn, error);
}

gboolean lpm_npiv_remove(const char *sysfs, guint parent, guint64 wwpn,
                         guint64 wwnn, GError **error)
{
    return write_pair(sysfs, parent, "vport_delete", wwpn, wwnn, error);
}

/* Targets */

/* FALSE with no error: it is gone, or no target. */
static gboolean read_target(const char *folder, LpmNpivTarget *target,
                            GError **error)
{
    Entry entry = { .folder = folder, .error = error };
    g_autofree char *path = g_build_filename(folder, "scsi_target_id", NULL);
    g_autofree char *text = NULL;
    char roles[LPM_NPIV_TEXT];

    if (!text_field(&entry, "roles", roles) ||
        strstr(roles, "FCP Target") == NULL) {
        return FALSE;
    }
    target->scsi_target = -1;
    if (!wwn_field(&entry, "port_name", &target->wwpn) ||
        !wwn_field(&entry, "node_name", &target->wwnn) ||
        !id_field(&entry, "port_id", &target->port_id) ||
        !text_field(&entry, "port_state", target->state) ||
        !read_file(path, &text, error) ||
        (text != NULL &&
         !lpm_npiv_read_scsi_target(path, text, &target->scsi_target,
                                    error))) {
        return FALSE;
    }
    target->online = g_str_equal(target->state, "Online");
    return TRUE;
}

static gint by_wwpn(gconstpointer a, gconstpointer b)
{
    const LpmNpivTarget *one = a, *two = b;

    return one->wwpn < two->wwpn ? -1 : one->wwpn > two->wwpn;
}

GArray *lpm_npiv_list_targets(const char *sysfs, guint host, GError **error)
{
    g_autofree char *folder = g_build_filename(sysfs, "class/fc_remote_ports",
                                               NULL);
    g_autoptr(GPtrArray) names = list_folder(folder, error);
    g_autoptr(GArray) targets = g_array_new(FALSE, TRUE,
                                            sizeof(LpmNpivTarget));

    if (names == NULL) {
        return NULL;
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        LpmNpivTarget target = { 0 };
        GError *mine = NULL;
        guint of;

        if (!lpm_npiv_target_name(name, &of, &target.channel) ||
            of != host) {
            continue;
        }
        if (!read_target(path, &target, &mine)) {
            if (mine != NULL) {
                g_propagate_error(error, mine);
                return NULL;
            }
            continue;
        }
        if (targets->len == LPM_NPIV_TARGETS_MAX) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                        "host%u sees more than %u targets: zone its WWPN to "
                        "those that it needs", host, LPM_NPIV_TARGETS_MAX);
            return NULL;
        }
        g_array_append_val(targets, target);
    }
    g_array_sort(targets, by_wwpn);
    return g_steal_pointer(&targets);
}

static gint by_lun(gconstpointer a, gconstpointer b)
{
    const LpmNpivLun *one = a, *two = b;

    return one->lun < two->lun ? -1 : one->lun > two->lun;
}

/* The node of a SCSI device; FALSE with no error: it has none (yet). */
static gboolean read_node(const char *device, LpmNpivLun *lun,
                          GError **error)
{
    g_autofree char *folder = g_build_filename(device, "scsi_generic", NULL);
    g_autoptr(GPtrArray) names = list_folder(folder, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, "dev", NULL);
        g_autofree char *text = NULL;

        if (!lpm_npiv_sg_name(name, &lun->sg)) {
            continue;
        }
        if (!read_file(path, &text, error) ||
            (text != NULL &&
             !lpm_npiv_read_device(path, text, &lun->major, &lun->minor,
                                   error))) {
            return FALSE;
        }
        lun->has_device = text != NULL;
        return TRUE;
    }
    return FALSE;
}

GArray *lpm_npiv_list_luns(const char *sysfs, guint host,
                           const LpmNpivTarget *target, GError **error)
{
    g_autofree char *folder = g_build_filename(sysfs, "class/scsi_device",
                                               NULL);
    g_autoptr(GPtrArray) names = list_folder(folder, error);
    g_autoptr(GArray) luns = g_array_new(FALSE, TRUE, sizeof(LpmNpivLun));

    if (names == NULL) {
        return NULL;
    }
    for (guint i = 0; i < names->len && target->scsi_target >= 0; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_build_filename(folder, name, "device",
                                                 NULL);
        LpmNpivLun lun = { 0 };
        guint of, channel, number;
        GError *mine = NULL;

        if (!lpm_npiv_device_name(name, &of, &channel, &number, &lun.lun) ||
            of != host || channel != target->channel ||
            number != (guint)target->scsi_target) {
            continue;
        }
        if (!read_node(path, &lun, &mine)) {
            if (mine != NULL) {
                g_propagate_error(error, mine);
                return NULL;
            }
            continue;
        }
        if (luns->len == LPM_NPIV_LUNS_MAX) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                        "target %016" G_GINT64_MODIFIER "x has more than %u "
                        "LUNs for host%u: mask those that it does not need",
                        target->wwpn, LPM_NPIV_LUNS_MAX, host);
            return NULL;
        }
        g_array_append_val(luns, lun);
    }
    g_array_sort(luns, by_lun);
    return g_steal_pointer(&luns);
}
