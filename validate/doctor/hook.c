/*
 * Checks of the hook: installed, can be run, safe, and called
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "doctor/check.h"
#include "doctor/root.h"

#define SINGLE_HOOK  LPM_DOCTOR_HOOKS "/qemu"
#define HOOK_FOLDER  LPM_DOCTOR_HOOKS "/qemu.d"

static gboolean is_run(const struct stat *info)
{
    return S_ISREG(info->st_mode) &&
           (info->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

void lpm_check_hook_installed(LpmDoctor *doctor)
{
    g_autoptr(GError) error = NULL;
    struct stat info;
    g_autofree char *found = lpm_root_find(doctor->root, LPM_DOCTOR_HOOK,
                                           FALSE, &info, &error);

    if (found != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s", found);
    } else if (lpm_doctor_lacks(error)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "there is no %s: guests "
                       "that come are not judged, and get no WWPNs of this "
                       "host", LPM_DOCTOR_HOOK);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, "run lpm doctor as root",
                       "%s: %s", LPM_DOCTOR_HOOK, error->message);
    }
}

/* NULL: hook.installed says so; a finding was added. */
static char *find_hook(LpmDoctor *doctor, struct stat *ret_info,
                       GError **error)
{
    struct stat info;
    g_autofree char *entry = lpm_root_find(doctor->root, LPM_DOCTOR_HOOK,
                                           FALSE, &info, NULL);

    if (entry == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "no hook is to be found");
        return NULL;
    }
    return lpm_root_find(doctor->root, LPM_DOCTOR_HOOK, TRUE, ret_info,
                         error);
}

void lpm_check_hook_executable(LpmDoctor *doctor)
{
    g_autoptr(GError) error = NULL;
    struct stat info;
    g_autofree char *found = find_hook(doctor, &info, &error);
    g_autofree char *remedy = NULL;

    if (found == NULL && error != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, "rm " LPM_DOCTOR_HOOK
                       " && ln -s " LPM_HOOK_PROGRAM " " LPM_DOCTOR_HOOK,
                       "%s leads nowhere: %s", LPM_DOCTOR_HOOK,
                       error->message);
    }
    if (found == NULL) {
        return;
    }
    remedy = g_strdup_printf("chmod 755 %s", found);
    if (is_run(&info) && (info.st_mode & S_IXUSR) != 0) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s has mode %03o",
                       found, (guint)info.st_mode & 07777);
    } else if (S_ISREG(info.st_mode)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s has mode %03o: "
                       "libvirt skips it, and every guest comes unjudged",
                       found, (guint)info.st_mode & 07777);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, "rm -r " LPM_DOCTOR_HOOK
                       " && ln -s " LPM_HOOK_PROGRAM " " LPM_DOCTOR_HOOK,
                       "%s is not a file", found);
    }
}

void lpm_check_hook_safe(LpmDoctor *doctor)
{
    struct stat info;
    g_autofree char *found = find_hook(doctor, &info, NULL);
    g_autofree char *home = found != NULL ? g_path_get_dirname(found) : NULL;
    const char *paths[] = {
        LPM_DOCTOR_HOOKS, HOOK_FOLDER, home, found, NULL,
    };

    if (found == NULL) {
        if (doctor->findings->len == 0 ||
            ((LpmDoctorFinding *)g_ptr_array_index(
                doctor->findings, doctor->findings->len - 1))->row !=
            doctor->row) {
            lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                           "the hook leads nowhere");
        }
        return;
    }
    for (guint i = 0; paths[i] != NULL; i++) {
        g_autofree char *place = lpm_root_find(doctor->root, paths[i], TRUE,
                                               &info, NULL);
        g_autofree char *who = place != NULL ?
                               lpm_doctor_unsafe(doctor, &info) : NULL;

        if (who != NULL) {
            g_autofree char *remedy = g_strdup_printf(
                "chown root:root %s && chmod go-w %s", place, place);

            lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s is %s: root "
                           "runs it", place, who);
            return;
        }
    }
    lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s", found);
}

/*
 * Whether the daemon calls hooks at all.
 *
 * libvirt looks for a hook that can be run once, when it starts: `qemu`, or
 * anything in `qemu.d`.  What it saw then, nobody tells.  The kernel tells
 * when a file was last changed (ctime), and often when it was made: a hook
 * whose entry and program were last changed before the start was seen.  One
 * that was changed later may have replaced an older one (a package that was
 * upgraded does that); if the place itself is younger than the daemon, it
 * cannot have.
 */

typedef struct Ages {
    gint64 oldest;          /* of hooks that can be run: last change; or 0 */
    gint64 place;           /* since when there can have been one; 0: ? */
    guint hooks;
    char *name;             /* the oldest */
} Ages;

/* Seconds since 1970; 0 if the file system does not tell. */
static gint64 born(const char *root, const char *path)
{
    struct stat info;
    g_autofree char *found = lpm_root_find(root, path, TRUE, &info, NULL);
    g_autofree char *full = found != NULL ? lpm_root_full(root, found) : NULL;
    struct statx more = { 0 };

    if (full == NULL || statx(AT_FDCWD, full, AT_SYMLINK_NOFOLLOW,
                              STATX_BTIME, &more) != 0 ||
        (more.stx_mask & STATX_BTIME) == 0) {
        return 0;
    }
    return (gint64)more.stx_btime.tv_sec;
}

static void look_at(const char *root, const char *path, Ages *ages)
{
    struct stat entry, program;
    g_autofree char *link = lpm_root_find(root, path, FALSE, &entry, NULL);
    g_autofree char *found = lpm_root_find(root, path, TRUE, &program, NULL);
    gint64 changed;

    if (link == NULL || found == NULL || !is_run(&program)) {
        return;
    }
    changed = MAX((gint64)entry.st_ctime, (gint64)program.st_ctime);
    if (ages->hooks == 0 || changed < ages->oldest) {
        ages->oldest = changed;
        g_free(ages->name);
        ages->name = g_strdup(path);
    }
    ages->hooks++;
}

static void look_at_all(const char *root, Ages *ages)
{
    g_autoptr(GPtrArray) names = lpm_root_list(root, HOOK_FOLDER, NULL);
    gint64 single = born(root, SINGLE_HOOK);
    gint64 folder = born(root, HOOK_FOLDER);

    look_at(root, SINGLE_HOOK, ages);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = g_strconcat(
            HOOK_FOLDER "/", g_ptr_array_index(names, i), NULL);

        look_at(root, path, ages);
    }
    ages->place = single != 0 && folder != 0 ? MIN(single, folder) :
                  lpm_root_is(root, SINGLE_HOOK) ? single : folder;
}

/* "cpu 0 (name) S 1 ..."; the name may hold spaces and brackets. */
static gboolean start_ticks(const char *text, guint64 *ret_ticks)
{
    const char *behind = strrchr(text, ')');
    g_auto(GStrv) words = NULL;

    if (behind == NULL || behind[1] != ' ') {
        return FALSE;
    }
    /* field 3 is the first word; starttime is field 22 */
    words = g_strsplit(behind + 2, " ", 24);
    return g_strv_length(words) > 19 &&
           g_ascii_string_to_unsigned(words[19], 10, 0, G_MAXINT64,
                                      ret_ticks, NULL);
}

/* Seconds since 1970; 0: not known.  Good to a second or two. */
static gint64 started(const char *root, guint pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%u/stat", pid);
    g_autofree char *text = lpm_root_text(root, path);
    g_autoptr(GString) stat = lpm_root_read(root, "/proc/stat", 16u << 20,
                                            "text", NULL);
    const char *boot = stat != NULL ? strstr(stat->str, "\nbtime ") : NULL;
    guint64 ticks;
    long hz = sysconf(_SC_CLK_TCK);

    if (text == NULL || boot == NULL || hz <= 0 ||
        !start_ticks(text, &ticks)) {
        return 0;
    }
    return g_ascii_strtoll(boot + strlen("\nbtime "), NULL, 10) +
           (gint64)(ticks / (guint64)hz);
}

static char *time_text(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);

    return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") :
                          g_strdup_printf("%" G_GINT64_FORMAT, seconds);
}

void lpm_check_hook_called(LpmDoctor *doctor)
{
    /* the start is known to a second, and rounded */
    const gint64 doubt = 2;
    const LpmDoctorDaemon *daemon;
    g_autofree char *begin = NULL;
    g_autofree char *remedy = NULL;
    g_autofree char *since = NULL;
    g_autofree char *name = NULL;
    Ages ages = { 0 };
    gint64 start;

    look_at_all(doctor->root, &ages);
    name = ages.name;
    daemon = lpm_doctor_daemon(doctor);
    if (ages.hooks == 0 || daemon->name == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "%s",
                       ages.hooks == 0 ? "there is no hook that can be run" :
                       "no daemon runs: it will see the hook when it starts");
        return;
    }
    start = daemon->pid != 0 ? started(doctor->root, daemon->pid) : 0;
    remedy = g_strdup_printf("systemctl restart %s (guests go on running)",
                             daemon->name);
    if (start == 0) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, remedy, "when %s started "
                       "is not to be found out", daemon->name);
        return;
    }
    begin = time_text(start);
    since = time_text(ages.oldest);
    if (ages.oldest < start - doubt) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s is of %s, and %s "
                       "started at %s", name, since, daemon->name, begin);
    } else if (ages.place > start + doubt) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s started at %s, "
                       "when there was no place for hooks yet; the first one "
                       "is of %s: it calls none", daemon->name, begin, since);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_WARN, remedy, "%s started at %s; the "
                       "oldest hook, %s, was last changed at %s: unless "
                       "there was one before, it calls none", daemon->name,
                       begin, name, since);
    }
}
