/*
 * What the checks of lpm doctor share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_DOCTOR_CHECK_H
#define LPM_DOCTOR_CHECK_H

#include <sys/stat.h>

#include "doctor/doctor.h"
#include "doctor/host-conf.h"

/* The daemon that runs QEMU here, as far as it can be told. */
typedef struct LpmDoctorDaemon {
    gboolean looked;
    const char *name;       /* "libvirtd", "virtqemud"; NULL: none */
    const char *socket;     /* path below the root; NULL: none */
    guint pid;              /* 0: not known */
    int error;              /* errno of connect(); ETIMEDOUT: no answer */
    char *refusal;          /* (nullable): its answer was an error */
    char *version;          /* (nullable): "9.0.0" */
} LpmDoctorDaemon;

/* One emulator that guests of this host run, or would. */
typedef struct LpmDoctorEmulator {
    char *path;             /* as it is named */
    char *found;            /* (nullable): where it stands, links followed */
    char *fault;            /* (nullable): why it is none that can be used */
    char *remedy;           /* (nullable): of the fault */
    gboolean is_program;    /* it has code of its own; else a script */
    gboolean knows_us;      /* is_program: it has the series */
    gboolean hangs;         /* it was run, and has not ended */
} LpmDoctorEmulator;

struct LpmDoctor {
    LpmDoctorOptions options;
    const char *root;       /* "": the file system's own */
    GPtrArray *findings;
    const LpmDoctorRow *row;
    const char *about;
    /* looked at once, when first needed */
    GHashTable *qemu_conf;
    char *qemu_conf_fault;
    GHashTable *daemon_conf;
    LpmDoctorDaemon daemon;
    GPtrArray *emulators;   /* LpmDoctorEmulator * */
    gboolean policy_looked;
    LpmHostConf *policy;    /* NULL: there is none, or it cannot be read */
    GPtrArray *policy_faults;
    char *policy_error;
};

/**
 * lpm_doctor_say: adds a finding.
 * @remedy: (nullable): the row's
 * @format: what there is
 */
void lpm_doctor_say(LpmDoctor *doctor, LpmRuleStatus status,
                    const char *remedy, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/** lpm_doctor_note: something else to know about the last finding. */
void lpm_doctor_note(LpmDoctor *doctor, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/** lpm_doctor_is_here: whether the root is the file system's own. */
gboolean lpm_doctor_is_here(const LpmDoctor *doctor);

/** lpm_doctor_owner: of the root; what is root's belongs to it. */
uid_t lpm_doctor_owner(const LpmDoctor *doctor);

/**
 * lpm_doctor_unsafe: who else may change a file that root runs or trusts.
 *
 * Returns: (transfer full) (nullable): "owned by user 1000"; NULL: nobody.
 */
char *lpm_doctor_unsafe(const LpmDoctor *doctor, const struct stat *info);

/** lpm_doctor_lacks: whether @error says that there is no such file. */
gboolean lpm_doctor_lacks(const GError *error);

/**
 * lpm_doctor_qemu_conf: (nullable): the value of a key of libvirt's
 * qemu.conf, or NULL; a list is joined with commas.
 */
const char *lpm_doctor_qemu_conf(LpmDoctor *doctor, const char *key);

/** lpm_doctor_daemon_conf: (nullable): of libvirtd.conf, virtqemud.conf. */
const char *lpm_doctor_daemon_conf(LpmDoctor *doctor, const char *key);

/** lpm_doctor_daemon: asks it, once. */
const LpmDoctorDaemon *lpm_doctor_daemon(LpmDoctor *doctor);

/** lpm_doctor_emulators: LpmDoctorEmulator *; never empty. */
const GPtrArray *lpm_doctor_emulators(LpmDoctor *doctor);

/** lpm_doctor_emulator_free: @emulator: an LpmDoctorEmulator. */
void lpm_doctor_emulator_free(gpointer emulator);

/** lpm_doctor_module_folder: (transfer full) (nullable): of a program. */
char *lpm_doctor_module_folder(const LpmDoctor *doctor,
                               const LpmDoctorEmulator *emulator);

/** lpm_doctor_policy: (nullable): what of host.conf could be read. */
const LpmHostConf *lpm_doctor_policy(LpmDoctor *doctor);

/* Where the hook is linked, and what the package links there. */
#define LPM_DOCTOR_HOOKS  "/etc/libvirt/hooks"
#define LPM_DOCTOR_HOOK   LPM_DOCTOR_HOOKS "/qemu.d/qemu-lpm"

/* The checks; a row of the table in doctor.c each. */
void lpm_check_emulator_file(LpmDoctor *doctor);
void lpm_check_emulator_series(LpmDoctor *doctor);
void lpm_check_emulator_modules(LpmDoctor *doctor);
void lpm_check_emulator_build(LpmDoctor *doctor);
void lpm_check_emulator_loads(LpmDoctor *doctor);
void lpm_check_emulator_firmware(LpmDoctor *doctor);
void lpm_check_hook_installed(LpmDoctor *doctor);
void lpm_check_hook_executable(LpmDoctor *doctor);
void lpm_check_hook_safe(LpmDoctor *doctor);
void lpm_check_hook_called(LpmDoctor *doctor);
void lpm_check_daemon_answers(LpmDoctor *doctor);
void lpm_check_daemon_config(LpmDoctor *doctor);
void lpm_check_policy_file(LpmDoctor *doctor);
void lpm_check_policy_cpu_model(LpmDoctor *doctor);
void lpm_check_fabric_complete(LpmDoctor *doctor);
void lpm_check_fabric_iscsi(LpmDoctor *doctor);
void lpm_check_fabric_npiv(LpmDoctor *doctor);
void lpm_check_records_folder(LpmDoctor *doctor);
void lpm_check_records_database(LpmDoctor *doctor);
void lpm_check_host_clock(LpmDoctor *doctor);
void lpm_check_host_name(LpmDoctor *doctor);
void lpm_check_host_uuid(LpmDoctor *doctor);
void lpm_check_network_ports(LpmDoctor *doctor);
void lpm_check_network_tls(LpmDoctor *doctor);
void lpm_check_security_apparmor(LpmDoctor *doctor);
void lpm_check_security_selinux(LpmDoctor *doctor);

#endif /* LPM_DOCTOR_CHECK_H */
