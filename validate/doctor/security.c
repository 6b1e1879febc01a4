/*
 * Checks of what may be run: AppArmor's profiles, SELinux's labels
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "doctor/apparmor.h"
#include "doctor/check.h"
#include "doctor/root.h"

#define PROFILES   "/etc/apparmor.d/"
#define PROFILE_MAX  (1u << 20)
#define DEPTH_MAX    8u

/* AppArmor */

/* Adds the rules of a file, and of what it includes. */
static gboolean read_profile(const LpmDoctor *doctor, const char *path,
                             guint depth, GPtrArray *rules)
{
    g_autoptr(GString) text = depth < DEPTH_MAX ?
        lpm_root_read(doctor->root, path, PROFILE_MAX, "a profile", NULL) :
        NULL;
    g_autoptr(GPtrArray) includes = NULL;

    if (text == NULL || rules->len > 65536) {
        return FALSE;
    }
    includes = lpm_apparmor_parse(text->str, text->len, rules);
    for (guint i = 0; i < includes->len; i++) {
        const char *name = g_ptr_array_index(includes, i);
        g_autofree char *below = name[0] == '/' ? g_strdup(name) :
                                 g_strconcat(PROFILES, name, NULL);
        g_autoptr(GPtrArray) names = lpm_root_list(doctor->root, below, NULL);

        if (names == NULL) {
            (void)read_profile(doctor, below, depth + 1, rules);
        }
        for (guint k = 0; names != NULL && k < names->len; k++) {
            g_autofree char *one = g_strconcat(
                below, "/", g_ptr_array_index(names, k), NULL);

            (void)read_profile(doctor, one, depth + 1, rules);
        }
    }
    return TRUE;
}

static gboolean is_on(LpmDoctor *doctor)
{
    g_autofree char *enabled = lpm_root_text(
        doctor->root, "/sys/module/apparmor/parameters/enabled");
    const char *driver = lpm_doctor_qemu_conf(doctor, "security_driver");

    if (g_strcmp0(enabled, "Y") != 0) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "AppArmor is off");
        return FALSE;
    }
    if (driver != NULL && strstr(driver, "apparmor") == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "qemu.conf has "
                       "security_driver %s", driver);
        return FALSE;
    }
    return TRUE;
}

/* What one profile lacks: rules to add, separated by spaces. */
typedef struct Lack {
    const char *file;
    GString *rules;
} Lack;

static void want(const GPtrArray *rules, Lack *lack, const char *path,
                 const char *access, const char *rule)
{
    if (!lpm_apparmor_allows(rules, path, access)) {
        g_string_append_printf(lack->rules, "%s%s %s,",
                               lack->rules->len > 0 ? " " : "", path, rule);
    }
}

static void say_lack(LpmDoctor *doctor, const Lack *lack)
{
    g_autofree char *remedy = g_strdup_printf(
        "add to %slocal/%s: %s and systemctl reload apparmor", PROFILES,
        lack->file, lack->rules->str);

    lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s%s has no rule for: %s",
                   PROFILES, lack->file, lack->rules->str);
}

/* What the guest's profile must let the emulator do. */
static gboolean judge_guest(LpmDoctor *doctor, const LpmDoctorEmulator *one)
{
    g_autoptr(GPtrArray) rules = lpm_apparmor_rules_new();
    g_autoptr(GString) lacks = g_string_new(NULL);
    g_autofree char *folder = lpm_doctor_module_folder(doctor, one);
    Lack lack = { "abstractions/libvirt-qemu", lacks };

    if (!read_profile(doctor, PROFILES "abstractions/libvirt-qemu", 0,
                      rules)) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL, "%sabstractions/"
                       "libvirt-qemu cannot be read", PROFILES);
        return FALSE;
    }
    want(rules, &lack, one->found, "x", "rmix");
    if (folder != NULL) {
        g_autofree char *module = g_strconcat(
            folder, "/hw-ppc-spapr-vfc-ppc64.so", NULL);

        want(rules, &lack, module, "m", "mr");
    }
    if (lacks->len > 0) {
        say_lack(doctor, &lack);
    }
    return lacks->len == 0;
}

/* What the daemon's must let it run: emulator and hook. */
static gboolean judge_daemon(LpmDoctor *doctor, const LpmDoctorEmulator *one)
{
    const LpmDoctorDaemon *daemon = lpm_doctor_daemon(doctor);
    g_autofree char *file = g_strdup_printf(
        "usr.sbin.%s", daemon->name != NULL ? daemon->name : "libvirtd");
    g_autofree char *path = g_strconcat(PROFILES, file, NULL);
    g_autoptr(GPtrArray) rules = lpm_apparmor_rules_new();
    g_autoptr(GString) lacks = g_string_new(NULL);
    struct stat info;
    g_autofree char *hook = lpm_root_find(doctor->root, LPM_DOCTOR_HOOK,
                                          TRUE, &info, NULL);
    Lack lack = { file, lacks };

    /* a daemon without a profile may run anything */
    if (!read_profile(doctor, path, 0, rules)) {
        return TRUE;
    }
    want(rules, &lack, one->found, "x", "PUx");
    if (hook != NULL) {
        want(rules, &lack, hook, "x", "PUx");
    }
    if (lacks->len > 0) {
        say_lack(doctor, &lack);
    }
    return lacks->len == 0;
}

void lpm_check_security_apparmor(LpmDoctor *doctor)
{
    const GPtrArray *emulators;

    if (!is_on(doctor)) {
        return;
    }
    emulators = lpm_doctor_emulators(doctor);
    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        doctor->about = one->path;
        if (one->found == NULL) {
            lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                           "it is not there");
        } else if ((judge_guest(doctor, one) & judge_daemon(doctor, one)) !=
                   0) {
            lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "the profiles name "
                           "all that is run");
        }
    }
}

/* SELinux */

void lpm_check_security_selinux(LpmDoctor *doctor)
{
    g_autofree char *enforce = lpm_root_text(doctor->root,
                                             "/sys/fs/selinux/enforce");
    const GPtrArray *emulators;

    if (g_strcmp0(enforce, "1") != 0) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "SELinux is "
                       "%s", enforce == NULL ? "off" : "permissive");
        return;
    }
    emulators = lpm_doctor_emulators(doctor);
    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);
        char label[256] = "";
        g_autofree char *full = one->found == NULL ? NULL :
            lpm_root_full(doctor->root, one->found);
        ssize_t len = full == NULL ? -1 :
            getxattr(full, "security.selinux", label, sizeof(label) - 1);

        doctor->about = one->path;
        if (len < 0) {
            lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "it has no label: "
                           "%s", full == NULL ? "it is not there" :
                           g_strerror(errno));
        } else if (strstr(label, ":qemu_exec_t") == NULL) {
            lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "its label is %s",
                           label);
        } else {
            lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s", label);
        }
    }
}
