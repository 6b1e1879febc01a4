/*
 * What of this host keeps guests from moving: the table, and what runs it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "doctor/check.h"
#include "doctor/libvirt-conf.h"
#include "doctor/root.h"
#include "error/lpm-error.h"
#include "config.h"

#define CONF_MAX  (1u << 20)

static const LpmDoctorRow rows[] = {
    {
        .id = "daemon.answers",
        .title = "the libvirt daemon runs and answers",
        .check = lpm_check_daemon_answers,
        .wanted = "libvirtd or virtqemud answers on its socket and has the "
                  "QEMU driver",
        .remedy = "systemctl start libvirtd",
    },
    {
        .id = "daemon.config",
        .title = "libvirt's configuration can be read",
        .check = lpm_check_daemon_config,
        .wanted = "qemu.conf and libvirtd.conf (virtqemud.conf) are files of "
                  "'key = value', or are not there",
        .remedy = "mend the line that is named; libvirtd does not start "
                  "with it",
    },
    {
        .id = "emulator.build",
        .title = "the emulator's modules are of its own build",
        .check = lpm_check_emulator_build,
        .wanted = "each module has the stamp that the program has; QEMU "
                  "loads no other",
        .remedy = "install program and modules of one build: apt-get install "
                  "--reinstall of the packages that they come from, or meson "
                  "install",
    },
    {
        .id = "emulator.file",
        .title = "the emulator is a program that only root can change",
        .check = lpm_check_emulator_file,
        .wanted = "a file that can be run, owned by root, not writable by "
                  "others",
        .remedy = "install the packages of qemu-lpm, or name another one in "
                  "<emulator>, or with --emulator",
    },
    {
        .id = "emulator.firmware",
        .title = "the emulator finds the firmware slof.bin",
        .check = lpm_check_emulator_firmware,
        .wanted = "slof.bin in a folder that the emulator looks into",
        .remedy = "apt-get install qemu-system-data",
    },
    {
        .id = "emulator.loads",
        .title = "the emulator loads its modules",
        .check = lpm_check_emulator_loads,
        .wanted = "it starts, and takes -object migration-lpm, -device "
                  "spapr-vfc and multifd-compression=lpm",
        .remedy = "install what it says that it lacks",
    },
    {
        .id = "emulator.modules",
        .title = "the emulator has the modules",
        .check = lpm_check_emulator_modules,
        .wanted = "migration-lpm-ppc64.so, migration-multifd-lpm.so and "
                  "hw-ppc-spapr-vfc-ppc64.so in lib/qemu beside its bin",
        .remedy = "install the modules of the same build: apt-get install "
                  "--reinstall of their package, or meson install",
    },
    {
        .id = "emulator.series",
        .title = "the emulator is one with Live Partition Mobility",
        .check = lpm_check_emulator_series,
        .wanted = "a QEMU that knows -object migration-lpm",
        .remedy = "let <emulator> of the guest name QEMU as the packages of "
                  "qemu-lpm have it; Debian's own lacks the patches",
    },
    {
        .id = "fabric.complete",
        .title = "each fabric of host.conf says all that it takes",
        .check = lpm_check_fabric_complete,
        .wanted = "fabric=iscsi with portal=ADDRESS:PORT, or fabric=npiv with "
                  "parent=hostN",
        .remedy = "edit the group of /etc/lpm/host.conf",
    },
    {
        .id = "fabric.iscsi",
        .title = "the portals of fabrics answer",
        .check = lpm_check_fabric_iscsi,
        .wanted = "each portal takes a TCP connection",
        .remedy = "look at the route to the portal, at its host, and at the "
                  "port of its iSCSI target",
    },
    {
        .id = "fabric.npiv",
        .title = "another virtual port can be made on each parent",
        .check = lpm_check_fabric_npiv,
        .wanted = "a physical port that is Online on a switch, has a virtual "
                  "port left, and whose vport_create QEMU's user may write",
        .remedy = "see what /sys/class/fc_host lists",
    },
    {
        .id = "hook.called",
        .title = "the daemon knows that there are hooks",
        .check = lpm_check_hook_called,
        .wanted = "a hook that was there when the daemon started: it looks "
                  "once, and then calls all or none",
        .remedy = "systemctl restart libvirtd (guests go on running)",
    },
    {
        .id = "hook.executable",
        .title = "the hook can be run",
        .check = lpm_check_hook_executable,
        .wanted = "the hook, or what it links to, is a file with mode 755; "
                  "libvirt skips another one without a word",
        .remedy = "chmod 755 " LPM_DOCTOR_HOOK,
    },
    {
        .id = "hook.installed",
        .title = "the hook is installed",
        .check = lpm_check_hook_installed,
        .wanted = LPM_DOCTOR_HOOK,
        .remedy = "mkdir -p " LPM_DOCTOR_HOOKS "/qemu.d && ln -s "
                  LPM_HOOK_PROGRAM " " LPM_DOCTOR_HOOK,
    },
    {
        .id = "hook.safe",
        .title = "only root can change the hook",
        .check = lpm_check_hook_safe,
        .wanted = "the hook and the folders above it are owned by root, and "
                  "nobody else may write",
        .remedy = "chown root:root and chmod go-w what is named",
    },
    {
        .id = "host.clock",
        .title = "the clock is synchronised",
        .check = lpm_check_host_clock,
        .wanted = "the kernel's clock is kept by NTP or PTP, so that it is "
                  "that of the other host",
        .remedy = "apt-get install chrony",
    },
    {
        .id = "host.name",
        .title = "other hosts can come here by this host's name",
        .check = lpm_check_host_name,
        .wanted = "migration_host of qemu.conf, or the host's name, is that "
                  "of an address that others reach",
        .remedy = "set migration_host in /etc/libvirt/qemu.conf to a name or "
                  "an address that other hosts reach, and restart libvirtd",
    },
    {
        .id = "host.uuid",
        .title = "libvirt knows this host by a UUID that is its own",
        .check = lpm_check_host_uuid,
        .wanted = "a UUID that no other host has, the same at each start",
        .remedy = "set host_uuid in /etc/libvirt/libvirtd.conf to what "
                  "uuidgen prints, or host_uuid_source = \"machine-id\", and "
                  "restart libvirtd",
    },
    {
        .id = "network.ports",
        .title = "there are ports for guests that come",
        .check = lpm_check_network_ports,
        .wanted = "a range of ports for migrations, and some of it free",
        .remedy = "set migration_port_min and migration_port_max in "
                  "/etc/libvirt/qemu.conf, and restart libvirtd",
    },
    {
        .id = "network.tls",
        .title = "the files that --tls needs are there, or none of them",
        .check = lpm_check_network_tls,
        .wanted = "ca-cert.pem, server-cert.pem, server-key.pem, "
                  "client-cert.pem and client-key.pem, valid today, or none",
        .remedy = "put the missing files there (certtool or openssl make "
                  "them), or remove the others",
    },
    {
        .id = "policy.cpu-model",
        .title = "the processor model of host.conf is one that there is",
        .check = lpm_check_policy_cpu_model,
        .wanted = "a model of pseries guests, such as POWER9, or none",
        .remedy = "edit cpu-model of [host] in /etc/lpm/host.conf",
    },
    {
        .id = "policy.file",
        .title = "host.conf can be read",
        .check = lpm_check_policy_file,
        .wanted = "a file with [host] and [fabric NAME], known keys, each "
                  "once, that only root can change",
        .remedy = "edit /etc/lpm/host.conf; lpm(1) has its keys",
    },
    {
        .id = "records.database",
        .title = "the records of moves can be read",
        .check = lpm_check_records_database,
        .wanted = "an SQLite database, or none yet",
        .remedy = "move /var/lib/lpm/moves.db away while no guest moves; it "
                  "is made anew",
    },
    {
        .id = "records.folder",
        .title = "records of moves can be kept",
        .check = lpm_check_records_folder,
        .wanted = "/var/lib/lpm is a folder of root's, on a file system that "
                  "can be written, and nobody else may write",
        .remedy = "install -d -o root -g root -m 755 /var/lib/lpm",
    },
    {
        .id = "security.apparmor",
        .title = "AppArmor lets libvirt run the emulator and the hook",
        .check = lpm_check_security_apparmor,
        .wanted = "rules for the emulator, its modules and the hook in "
                  "libvirt's profiles",
        .remedy = "add the rules that are named, and systemctl reload "
                  "apparmor",
    },
    {
        .id = "security.selinux",
        .title = "SELinux lets libvirt run the emulator",
        .check = lpm_check_security_selinux,
        .wanted = "the emulator's label is qemu_exec_t",
        .remedy = "semanage fcontext -a -t qemu_exec_t EMULATOR && "
                  "restorecon EMULATOR",
    },
};

const LpmDoctorRow *lpm_doctor_rows(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(rows);
    return rows;
}

const LpmDoctorRow *lpm_doctor_find_row(const char *id)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_str_equal(rows[i].id, id)) {
            return &rows[i];
        }
    }
    return NULL;
}

static void finding_free(gpointer data)
{
    LpmDoctorFinding *finding = data;

    g_free(finding->about);
    g_free(finding->got);
    g_free(finding->remedy);
    g_ptr_array_unref(finding->notes);
    g_free(finding);
}

void lpm_doctor_say(LpmDoctor *doctor, LpmRuleStatus status,
                    const char *remedy, const char *format, ...)
{
    LpmDoctorFinding *finding = g_new0(LpmDoctorFinding, 1);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    finding->row = doctor->row;
    finding->status = status;
    /* names of files and values of keys may be any bytes */
    finding->about = doctor->about == NULL ? NULL :
                     g_utf8_make_valid(doctor->about, -1);
    finding->got = g_utf8_make_valid(text, -1);
    if (status != LPM_RULE_PASS && status != LPM_RULE_NOT_APPLICABLE) {
        finding->remedy = g_utf8_make_valid(
            remedy != NULL ? remedy : doctor->row->remedy, -1);
    }
    finding->notes = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(doctor->findings, finding);
}

void lpm_doctor_note(LpmDoctor *doctor, const char *format, ...)
{
    LpmDoctorFinding *finding =
        g_ptr_array_index(doctor->findings, doctor->findings->len - 1);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(finding->notes, g_utf8_make_valid(text, -1));
}

gboolean lpm_doctor_is_here(const LpmDoctor *doctor)
{
    return doctor->root[0] == '\0';
}

uid_t lpm_doctor_owner(const LpmDoctor *doctor)
{
    struct stat info;

    return lpm_doctor_is_here(doctor) || stat(doctor->root, &info) != 0 ?
           0 : info.st_uid;
}

char *lpm_doctor_unsafe(const LpmDoctor *doctor, const struct stat *info)
{
    if (info->st_uid != 0 && info->st_uid != lpm_doctor_owner(doctor)) {
        return g_strdup_printf("owned by user %u", (guint)info->st_uid);
    }
    /* in a folder such as /tmp nobody may replace what is another's */
    if ((info->st_mode & S_IWOTH) != 0 &&
        (!S_ISDIR(info->st_mode) || (info->st_mode & S_ISVTX) == 0)) {
        return g_strdup_printf("writable by everybody (mode %03o)",
                               (guint)info->st_mode & 07777);
    }
    if ((info->st_mode & S_IWGRP) != 0 && info->st_gid != 0 &&
        info->st_uid == 0) {
        return g_strdup_printf("writable by group %u (mode %03o)",
                               (guint)info->st_gid,
                               (guint)info->st_mode & 07777);
    }
    return NULL;
}

gboolean lpm_doctor_lacks(const GError *error)
{
    return g_error_matches(error, LPM_ERROR, LPM_ERROR_STATE);
}

/* libvirt's configuration */

/*
 * (transfer full): an empty table of a file that is not there.
 * @ret_fault: (transfer full): set if it is there and cannot be read
 */
static GHashTable *read_conf(const LpmDoctor *doctor, const char *path,
                             char **ret_fault)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = lpm_root_read(doctor->root, path, CONF_MAX,
                                            "a configuration", &error);
    GHashTable *conf = NULL;

    if (text != NULL) {
        conf = lpm_libvirt_conf_parse(text->str, text->len, &error);
    }
    if (conf == NULL) {
        if (!lpm_doctor_lacks(error)) {
            *ret_fault = g_strdup_printf("%s: %s", path, error->message);
        }
        conf = g_hash_table_new(g_str_hash, g_str_equal);
    }
    return conf;
}

const char *lpm_doctor_qemu_conf(LpmDoctor *doctor, const char *key)
{
    if (doctor->qemu_conf == NULL) {
        doctor->qemu_conf = read_conf(doctor, "/etc/libvirt/qemu.conf",
                                      &doctor->qemu_conf_fault);
    }
    return g_hash_table_lookup(doctor->qemu_conf, key);
}

const char *lpm_doctor_daemon_conf(LpmDoctor *doctor, const char *key)
{
    if (doctor->daemon_conf == NULL) {
        const LpmDoctorDaemon *daemon = lpm_doctor_daemon(doctor);
        g_autofree char *path = g_strdup_printf(
            "/etc/libvirt/%s.conf", daemon->name != NULL ? daemon->name :
                                    "libvirtd");
        g_autofree char *fault = NULL;

        doctor->daemon_conf = read_conf(doctor, path, &fault);
        if (fault != NULL && doctor->qemu_conf_fault == NULL) {
            doctor->qemu_conf_fault = g_steal_pointer(&fault);
        }
    }
    return g_hash_table_lookup(doctor->daemon_conf, key);
}

void lpm_check_daemon_config(LpmDoctor *doctor)
{
    (void)lpm_doctor_qemu_conf(doctor, "user");
    (void)lpm_doctor_daemon_conf(doctor, "host_uuid");
    if (doctor->qemu_conf_fault != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s",
                       doctor->qemu_conf_fault);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%u keys of qemu.conf, "
                       "%u of the daemon's",
                       g_hash_table_size(doctor->qemu_conf),
                       g_hash_table_size(doctor->daemon_conf));
    }
}

/* Running them */

static gboolean is_wanted(const LpmDoctorOptions *options, const char *id)
{
    return options->only == NULL || options->only[0] == NULL ||
           g_strv_contains(options->only, id);
}

static void run_row(LpmDoctor *doctor, const LpmDoctorRow *row)
{
    guint before = doctor->findings->len;

    doctor->row = row;
    doctor->about = NULL;
    row->check(doctor);
    doctor->about = NULL;
    if (doctor->findings->len == before) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL,
                       "the check came to no end");
    }
}

static void clear(LpmDoctor *doctor)
{
    g_clear_pointer(&doctor->qemu_conf, g_hash_table_unref);
    g_free(doctor->qemu_conf_fault);
    g_clear_pointer(&doctor->daemon_conf, g_hash_table_unref);
    g_free(doctor->daemon.refusal);
    g_free(doctor->daemon.version);
    g_clear_pointer(&doctor->emulators, g_ptr_array_unref);
    lpm_host_conf_free(doctor->policy);
    g_clear_pointer(&doctor->policy_faults, g_ptr_array_unref);
    g_free(doctor->policy_error);
}

GPtrArray *lpm_doctor_run(const LpmDoctorOptions *options)
{
    LpmDoctor doctor = { .options = *options };
    g_autofree char *root = g_strdup(options->root != NULL ? options->root :
                                     "");

    /* "/", "///" and "" are the same; none ends with a slash */
    for (gsize len = strlen(root); len > 0 && root[len - 1] == '/'; len--) {
        root[len - 1] = '\0';
    }
    doctor.root = root;
    doctor.findings = g_ptr_array_new_with_free_func(finding_free);
    if (doctor.options.deadline_ms == 0) {
        doctor.options.deadline_ms = LPM_DOCTOR_DEADLINE_MS;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (is_wanted(options, rows[i].id)) {
            run_row(&doctor, &rows[i]);
        }
    }
    clear(&doctor);
    return doctor.findings;
}

LpmVerdict lpm_doctor_verdict(const GPtrArray *findings)
{
    LpmVerdict verdict = LPM_VERDICT_PASS;

    for (guint i = 0; i < findings->len; i++) {
        const LpmDoctorFinding *finding = g_ptr_array_index(findings, i);

        if (finding->status == LPM_RULE_FAIL) {
            return LPM_VERDICT_FAIL;
        }
        if (finding->status == LPM_RULE_UNKNOWN) {
            verdict = LPM_VERDICT_UNKNOWN;
        }
    }
    return verdict;
}
