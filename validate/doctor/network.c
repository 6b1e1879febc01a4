/*
 * Checks of what carries the guests: ports, and files of TLS
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "doctor/certificate.h"
#include "doctor/check.h"
#include "doctor/root.h"
#include "error/lpm-error.h"

#define PORT_MIN    49152u
#define PORT_MAX    49215u
#define FREE_ENOUGH 4u      /* moves at once, if nobody says otherwise */
#define TABLE_MAX   (64u << 20)
#define CERT_MAX    (1u << 20)
#define SOON_DAYS   14

/* Ports */

/* "  0: 00000000:C000 00000000:0000 0A ..."; marks who listens. */
static gboolean mark_listeners(const LpmDoctor *doctor, const char *path,
                               guint8 *taken)
{
    g_autoptr(GString) text = lpm_root_read(doctor->root, path, TABLE_MAX,
                                            "a table", NULL);
    const char *line = text != NULL ? strchr(text->str, '\n') : NULL;

    while (line != NULL && *++line != '\0') {
        g_autofree char *one = g_strndup(line, strcspn(line, "\n"));
        g_auto(GStrv) words = g_strsplit(g_strstrip(one), " ", 5);
        const char *colon = g_strv_length(words) == 5 ?
                            strrchr(words[1], ':') : NULL;
        guint64 port;

        if (colon != NULL && g_str_equal(words[3], "0A") &&
            g_ascii_string_to_unsigned(colon + 1, 16, 1, 65535, &port,
                                       NULL)) {
            taken[port] = 1;
        }
        line = strchr(line, '\n');
    }
    return text != NULL;
}

/* FALSE after a finding. */
static gboolean read_port(LpmDoctor *doctor, const char *key, guint standard,
                          guint *ret_port)
{
    const char *text = lpm_doctor_qemu_conf(doctor, key);
    guint64 port = standard;

    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 1, 65535, &port,
                                                    NULL)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is %s, which is no "
                       "port", key, text);
        return FALSE;
    }
    *ret_port = (guint)port;
    return TRUE;
}

static void count_ports(LpmDoctor *doctor, guint min, guint max)
{
    g_autofree guint8 *taken = g_new0(guint8, 65536);
    gboolean v4 = mark_listeners(doctor, "/proc/net/tcp", taken);
    gboolean v6 = mark_listeners(doctor, "/proc/net/tcp6", taken);
    guint free_ports = 0;

    for (guint port = min; port <= max; port++) {
        free_ports += !taken[port];
    }
    if (!v4 && !v6) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL, "/proc/net/tcp does "
                       "not tell which ports are taken");
    } else if (free_ports == 0) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "all of %u to %u are "
                       "taken", min, max);
    } else if (free_ports < FREE_ENOUGH) {
        lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "%u of %u to %u are free",
                       free_ports, min, max);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%u of %u to %u are free",
                       free_ports, min, max);
    }
    lpm_doctor_note(doctor, "whether a firewall lets other hosts in to them "
                    "cannot be known from here: unknown");
}

void lpm_check_network_ports(LpmDoctor *doctor)
{
    guint min, max;

    if (!read_port(doctor, "migration_port_min", PORT_MIN, &min) ||
        !read_port(doctor, "migration_port_max", PORT_MAX, &max)) {
        return;
    }
    if (min > max) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "migration_port_min, %u, "
                       "is above migration_port_max, %u", min, max);
        return;
    }
    count_ports(doctor, min, max);
}

/* TLS */

static const char *tls_folder(LpmDoctor *doctor)
{
    const char *folder =
        lpm_doctor_qemu_conf(doctor, "migrate_tls_x509_cert_dir");

    if (folder == NULL) {
        folder = lpm_doctor_qemu_conf(doctor, "default_tls_x509_cert_dir");
    }
    return folder != NULL && folder[0] == '/' ? folder : "/etc/pki/qemu";
}

/* Says when a certificate has no time left, or little. */
static gboolean is_in_time(LpmDoctor *doctor, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = lpm_root_read(doctor->root, path, CERT_MAX,
                                            "a certificate", &error);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gint64 from, to;
    g_autofree char *day = NULL;
    g_autoptr(GDateTime) time = NULL;

    if (text == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "%s: %s", path,
                       error->message);
        return FALSE;
    }
    if (!lpm_certificate_times(text->str, text->len, &from, &to)) {
        lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "%s is no certificate in "
                       "PEM", path);
        return FALSE;
    }
    time = g_date_time_new_from_unix_utc(now < from ? from : to);
    day = time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M UTC") :
                         g_strdup("a time far away");
    if (now >= from && now < to - SOON_DAYS * 86400) {
        return TRUE;
    }
    lpm_doctor_say(doctor, LPM_RULE_WARN, "make a new one: certtool or "
                   "openssl", "%s %s %s", path,
                   now < from ? "is not valid before" :
                   now >= to ? "has expired at" : "expires at", day);
    return FALSE;
}

void lpm_check_network_tls(LpmDoctor *doctor)
{
    static const char *const names[] = {
        "ca-cert.pem", "server-cert.pem", "server-key.pem",
        "client-cert.pem", "client-key.pem",
    };
    const char *folder = tls_folder(doctor);
    g_autoptr(GString) lacks = g_string_new(NULL);
    guint n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat(folder, "/", names[i], NULL);

        if (lpm_root_is(doctor->root, path)) {
            n++;
        } else {
            g_string_append_printf(lacks, "%s%s", lacks->len > 0 ? ", " : "",
                                   names[i]);
        }
    }
    if (n == 0) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "there are none "
                       "in %s: virsh migrate --tls is not set up", folder);
        return;
    }
    if (lacks->len > 0) {
        lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "%s lacks %s: virsh "
                       "migrate --tls fails", folder, lacks->str);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat(folder, "/", names[i], NULL);
        struct stat info;
        g_autofree char *found = lpm_root_find(doctor->root, path, TRUE,
                                               &info, NULL);

        if (g_str_has_suffix(path, "-cert.pem")) {
            if (!is_in_time(doctor, path)) {
                return;
            }
        } else if (found != NULL && (info.st_mode & S_IROTH) != 0) {
            g_autofree char *remedy = g_strdup_printf("chmod o-r %s", found);

            lpm_doctor_say(doctor, LPM_RULE_WARN, remedy, "%s can be read by "
                           "everybody (mode %03o)", found,
                           (guint)info.st_mode & 07777);
            return;
        }
    }
    lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "all are in %s", folder);
}
