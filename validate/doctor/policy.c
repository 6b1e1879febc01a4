/*
 * Checks of host.conf and of the fabrics that it names
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "doctor/check.h"
#include "doctor/root.h"
#include "domain/policy.h"
#include "error/lpm-error.h"
#include "vfc/npiv-sysfs.h"

#define FABRICS_MAX  64u    /* that are asked; each may take a deadline */
#define NO_POLICY    "there is no " LPM_HOST_CONF

const LpmHostConf *lpm_doctor_policy(LpmDoctor *doctor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = NULL;

    if (doctor->policy_looked) {
        return doctor->policy;
    }
    doctor->policy_looked = TRUE;
    text = lpm_root_read(doctor->root, LPM_HOST_CONF, LPM_POLICY_MAX,
                         "a policy", &error);
    if (text != NULL) {
        doctor->policy = lpm_host_conf_parse(text->str, text->len,
                                             &doctor->policy_faults);
    } else if (!lpm_doctor_lacks(error)) {
        doctor->policy_error = g_strdup(error->message);
    }
    return doctor->policy;
}

/* FALSE after a finding: nothing is known, or nothing is there. */
static gboolean has_policy(LpmDoctor *doctor)
{
    if (lpm_doctor_policy(doctor) != NULL) {
        return TRUE;
    }
    lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "%s",
                   doctor->policy_error != NULL ?
                   LPM_HOST_CONF " cannot be read" : NO_POLICY);
    return FALSE;
}

/* The first fault of a kind; says it. */
static gboolean say_fault(LpmDoctor *doctor, LpmHostFaultKind kind)
{
    gboolean any = FALSE;

    for (guint i = 0; i < doctor->policy_faults->len; i++) {
        const LpmHostFault *fault =
            g_ptr_array_index(doctor->policy_faults, i);

        if (fault->kind != kind) {
            continue;
        }
        doctor->about = fault->fabric;
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s", fault->text);
        doctor->about = NULL;
        any = TRUE;
    }
    return any;
}

/* What a move would not take, and none of the faults is. */
static gboolean say_refusal(LpmDoctor *doctor, const char *found)
{
    g_autofree char *full = lpm_root_full(doctor->root, found);
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmPolicy) policy = lpm_policy_read(full, &error);

    if (policy != NULL || doctor->policy_faults->len > 0) {
        return FALSE;
    }
    lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s", error->message);
    return TRUE;
}

void lpm_check_policy_file(LpmDoctor *doctor)
{
    const LpmHostConf *policy = lpm_doctor_policy(doctor);
    struct stat info;
    g_autofree char *found = NULL;
    g_autofree char *who = NULL;

    if (doctor->policy_error != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s: %s", LPM_HOST_CONF,
                       doctor->policy_error);
        return;
    }
    if (!has_policy(doctor)) {
        lpm_doctor_note(doctor, "guests without Fibre Channel adapters need "
                        "none");
        return;
    }
    found = lpm_root_find(doctor->root, LPM_HOST_CONF, TRUE, &info, NULL);
    who = found != NULL ? lpm_doctor_unsafe(doctor, &info) : NULL;
    if (who != NULL) {
        g_autofree char *remedy = g_strdup_printf(
            "chown root:root %s && chmod go-w %s", found, found);

        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s is %s", found, who);
    } else if (!say_fault(doctor, LPM_HOST_FAULT_FILE) &&
               !say_refusal(doctor, found)) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s names %u fabrics",
                       LPM_HOST_CONF, policy->fabrics->len);
    }
}

void lpm_check_policy_cpu_model(LpmDoctor *doctor)
{
    if (!has_policy(doctor) ||
        say_fault(doctor, LPM_HOST_FAULT_CPU_MODEL)) {
        return;
    }
    if (doctor->policy->cpu_model == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL,
                       "none is set: guests keep the source's");
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s",
                       doctor->policy->cpu_model);
    }
}

/* A secret that is not there, or that all may read; FALSE: neither. */
static gboolean say_secret(LpmDoctor *doctor)
{
    gboolean any = FALSE;

    for (guint i = 0; i < doctor->policy->fabrics->len; i++) {
        const LpmHostFabric *fabric =
            g_ptr_array_index(doctor->policy->fabrics, i);
        const char *path = fabric->secret_file;
        g_autoptr(GError) error = NULL;
        struct stat info;
        g_autofree char *found = path == NULL || path[0] != '/' ? NULL :
            lpm_root_find(doctor->root, path, TRUE, &info, &error);

        doctor->about = fabric->name;
        if (path != NULL && (found == NULL || !S_ISREG(info.st_mode))) {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, "write the secret into it, "
                           "with mode 600", "chap-secret-file %s: %s", path,
                           error != NULL ? error->message :
                           "it is no path of a file");
            any = TRUE;
        } else if (found != NULL && (info.st_mode & S_IROTH) != 0) {
            g_autofree char *remedy = g_strdup_printf("chmod o-r %s", found);

            lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s can be read by "
                           "everybody (mode %03o)", found,
                           (guint)info.st_mode & 07777);
            any = TRUE;
        }
        doctor->about = NULL;
    }
    return any;
}

void lpm_check_fabric_complete(LpmDoctor *doctor)
{
    if (!has_policy(doctor) || say_fault(doctor, LPM_HOST_FAULT_FABRIC) ||
        say_secret(doctor)) {
        return;
    }
    if (doctor->policy->fabrics->len == 0) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "host.conf names no fabric");
        return;
    }
    lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%u fabrics",
                   doctor->policy->fabrics->len);
}

/* Portals */

/* 0, or an errno. */
static int try_portal(const char *address, guint16 port, guint deadline_ms)
{
    g_autoptr(GSocketAddress) where =
        g_inet_socket_address_new_from_string(address, port);
    gint64 end = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
    struct sockaddr_storage raw = { 0 };
    gssize len = where != NULL ? g_socket_address_get_native_size(where) : -1;
    int code = EINVAL;
    socklen_t code_len = sizeof(code);
    int fd;

    if (len < 0 || !g_socket_address_to_native(where, &raw, sizeof(raw),
                                               NULL)) {
        return EINVAL;
    }
    fd = socket(raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    if (connect(fd, (struct sockaddr *)&raw, (socklen_t)len) == 0) {
        close(fd);
        return 0;
    }
    code = errno;
    while (code == EINPROGRESS || code == EINTR) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
        gint64 left = (end - g_get_monotonic_time()) / 1000;
        int ready = left <= 0 ? 0 : poll(&poll_fd, 1, (int)left);

        if (ready == 0) {
            code = ETIMEDOUT;
        } else if (ready > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &code,
                                           &code_len) == 0) {
            break;
        }
    }
    close(fd);
    return code;
}

static void look_at_portals(LpmDoctor *doctor, const LpmHostFabric *fabric)
{
    g_autofree char *all = g_strjoinv(", ", fabric->portals);
    guint good = 0;
    guint n = 0;
    g_autoptr(GString) silent = g_string_new(NULL);

    for (; fabric->portals[n] != NULL; n++) {
        g_autofree char *address = NULL;
        guint16 port;
        int code = lpm_host_portal_parse(fabric->portals[n], &address,
                                         &port) ?
                   try_portal(address, port, doctor->options.deadline_ms) :
                   EINVAL;

        if (code == 0) {
            good++;
        } else {
            g_string_append_printf(silent, "%s%s: %s",
                                   silent->len > 0 ? "; " : "",
                                   fabric->portals[n], g_strerror(code));
        }
    }
    if (good == n) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s", all);
    } else {
        /* with one portal of several the disks are there, by one path */
        lpm_doctor_say(doctor, good > 0 ? LPM_RULE_WARN : LPM_RULE_FAIL,
                       NULL, "%s", silent->str);
    }
}

void lpm_check_fabric_iscsi(LpmDoctor *doctor)
{
    guint n = 0;

    if (!has_policy(doctor)) {
        return;
    }
    for (guint i = 0; i < doctor->policy->fabrics->len; i++) {
        const LpmHostFabric *fabric =
            g_ptr_array_index(doctor->policy->fabrics, i);

        if (fabric->portals == NULL) {
            continue;
        }
        doctor->about = fabric->name;
        if (++n > FABRICS_MAX) {
            lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL, "so many fabrics "
                           "are not asked");
            return;
        }
        look_at_portals(doctor, fabric);
    }
    if (n == 0) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "host.conf names no fabric of iSCSI");
    }
}

/* Ports of NPIV */

/* Whom QEMU runs as. */
typedef struct QemuUser {
    char *name;
    guint64 uid;
    guint64 gid;
    char *groups;           /* ",1,2," */
    gboolean known;
} QemuUser;

/* The line of a file such as /etc/passwd; (transfer full) (nullable). */
static char **find_entry(const LpmDoctor *doctor, const char *path,
                         const char *name)
{
    g_autoptr(GString) text = lpm_root_read(doctor->root, path, 16u << 20,
                                            "users", NULL);
    g_auto(GStrv) lines = text != NULL ? g_strsplit(text->str, "\n", -1) :
                                         NULL;

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ":", 8);

        if (fields[0] != NULL && g_str_equal(fields[0], name) &&
            g_strv_length(fields) >= 3) {
            return g_steal_pointer(&fields);
        }
    }
    return NULL;
}

static char *groups_of(const LpmDoctor *doctor, const char *name)
{
    g_autoptr(GString) text = lpm_root_read(doctor->root, "/etc/group",
                                            16u << 20, "groups", NULL);
    g_auto(GStrv) lines = text != NULL ? g_strsplit(text->str, "\n", -1) :
                                         NULL;
    GString *groups = g_string_new(",");

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ":", 4);
        g_auto(GStrv) members = g_strv_length(fields) == 4 ?
                                g_strsplit(fields[3], ",", -1) : NULL;

        if (members != NULL &&
            g_strv_contains((const char *const *)members, name)) {
            g_string_append_printf(groups, "%s,", fields[2]);
        }
    }
    return g_string_free(groups, FALSE);
}

/* qemu.conf's user is a name, a number, or "+number". */
static void find_user(LpmDoctor *doctor, QemuUser *user)
{
    static const char *const defaults[] = { "libvirt-qemu", "qemu" };
    const char *set = lpm_doctor_qemu_conf(doctor, "user");
    g_auto(GStrv) entry = NULL;

    user->name = g_strdup(set != NULL && set[0] != '\0' ? set : defaults[0]);
    entry = find_entry(doctor, "/etc/passwd", user->name);
    if (entry == NULL && set == NULL) {
        g_free(user->name);
        user->name = g_strdup(defaults[1]);
        entry = find_entry(doctor, "/etc/passwd", user->name);
    }
    user->groups = groups_of(doctor, user->name);
    if (g_str_equal(user->name, "root")) {
        user->known = TRUE;
    } else if (entry != NULL && g_strv_length(entry) >= 4) {
        user->known = g_ascii_string_to_unsigned(entry[2], 10, 0, G_MAXUINT32,
                                                 &user->uid, NULL) &&
                      g_ascii_string_to_unsigned(entry[3], 10, 0, G_MAXUINT32,
                                                 &user->gid, NULL);
    } else {
        user->known = g_ascii_string_to_unsigned(
            user->name + (user->name[0] == '+'), 10, 0, G_MAXUINT32,
            &user->uid, NULL);
        user->gid = G_MAXUINT64;
    }
}

static gboolean may_write(const QemuUser *user, const struct stat *info)
{
    g_autofree char *group = g_strdup_printf(",%u,", (guint)info->st_gid);

    if (user->uid == 0 || user->uid == info->st_uid) {
        return (info->st_mode & S_IWUSR) != 0;
    }
    if (user->gid == info->st_gid || strstr(user->groups, group) != NULL) {
        return (info->st_mode & S_IWGRP) != 0;
    }
    return (info->st_mode & S_IWOTH) != 0;
}

/* QEMU itself writes it: libvirt does not know of the port. */
static void look_at_rights(LpmDoctor *doctor, const char *parent,
                           const LpmNpivPort *port)
{
    g_autofree char *path = g_strdup_printf(
        "/sys/class/fc_host/%s/vport_create", parent);
    struct stat info;
    g_autofree char *found = lpm_root_find(doctor->root, path, TRUE, &info,
                                           NULL);
    QemuUser user = { 0 };

    find_user(doctor, &user);
    if (found == NULL || !S_ISREG(info.st_mode)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is not a file", path);
    } else if ((info.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s cannot be written "
                       "(mode %03o): the driver makes no virtual ports",
                       path, (guint)info.st_mode & 07777);
    } else if (doctor->qemu_conf_fault != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "whom QEMU "
                       "runs as is known when qemu.conf can be read: see "
                       "daemon.config");
    } else if (!user.known) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, "set user in "
                       "/etc/libvirt/qemu.conf to one that there is",
                       "QEMU's user '%s' is not in /etc/passwd: whether it "
                       "may write %s is not known", user.name, path);
    } else if (!may_write(&user, &info)) {
        g_autofree char *remedy = g_strdup_printf(
            "cd /sys/class/fc_host/%s && chown %s vport_create vport_delete; "
            "a udev rule does it at each start", parent, user.name);

        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "QEMU runs as %s, who "
                       "may not write %s (user %u, group %u, mode %03o)",
                       user.name, path, (guint)info.st_uid,
                       (guint)info.st_gid, (guint)info.st_mode & 07777);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s is Online, with %u "
                       "of %u virtual ports in use", parent,
                       port->vports_in_use, port->max_vports);
    }
    g_free(user.name);
    g_free(user.groups);
}

void lpm_check_fabric_npiv(LpmDoctor *doctor)
{
    g_autofree char *sysfs = g_strconcat(doctor->root, "/sys", NULL);
    gboolean any = FALSE;

    if (!has_policy(doctor)) {
        return;
    }
    for (guint i = 0; i < doctor->policy->fabrics->len; i++) {
        const LpmHostFabric *fabric =
            g_ptr_array_index(doctor->policy->fabrics, i);
        g_autoptr(GError) error = NULL;
        LpmNpivPort port;
        guint host;

        if (fabric->parent == NULL ||
            !lpm_npiv_host_name(fabric->parent, &host)) {
            continue;
        }
        any = TRUE;
        doctor->about = fabric->name;
        if (!lpm_npiv_look_port(sysfs, host, &port, &error) ||
            !lpm_npiv_check_parent(&port, &error)) {
            /* its text says what to do behind the last colon */
            const char *colon = strrchr(error->message, ':');

            lpm_doctor_say(doctor, LPM_RULE_FAIL,
                           colon != NULL && colon[1] == ' ' ? colon + 2 :
                           NULL, "%.*s", colon != NULL ?
                           (int)(colon - error->message) :
                           (int)strlen(error->message), error->message);
        } else {
            look_at_rights(doctor, fabric->parent, &port);
        }
    }
    if (!any) {
        doctor->about = NULL;
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "host.conf names no fabric of NPIV");
    }
}
