/*
 * Checks of the place where moves are recorded
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "doctor/check.h"
#include "doctor/root.h"
#include "error/lpm-error.h"

#define FOLDER        "/var/lib/lpm"
#define DATABASE      FOLDER "/moves.db"
#define HEADER_BYTES  100u
#define FREE_MIN      (1u << 20)    /* bytes; a record takes some hundred */

void lpm_check_records_folder(LpmDoctor *doctor)
{
    g_autoptr(GError) error = NULL;
    struct stat info;
    g_autofree char *found = lpm_root_find(doctor->root, FOLDER, TRUE, &info,
                                           &error);
    g_autofree char *full = found != NULL ?
                            lpm_root_full(doctor->root, found) : NULL;
    g_autofree char *who = found != NULL ?
                           lpm_doctor_unsafe(doctor, &info) : NULL;
    struct statvfs system;

    if (found == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s: %s", FOLDER,
                       error->message);
    } else if (!S_ISDIR(info.st_mode)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is not a folder",
                       found);
    } else if (who != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is %s", found, who);
    } else if ((info.st_mode & S_IWUSR) == 0) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s has mode %03o", found,
                       (guint)info.st_mode & 07777);
    } else if (statvfs(full, &system) != 0) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL, "the file system of "
                       "%s tells nothing of itself", found);
    } else if ((system.f_flag & ST_RDONLY) != 0) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, "mount -o remount,rw the file "
                       "system", "%s is on a file system that is read-only",
                       found);
    } else if ((guint64)system.f_bavail * system.f_frsize < FREE_MIN) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, "make room there", "the file "
                       "system of %s is full", found);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s", found);
    }
}

/* What is wrong with it; NULL: nothing that shows in its header. */
static const char *database_fault(const guint8 *bytes, gsize len,
                                  guint64 size)
{
    static const char magic[16] = "SQLite format 3";
    guint page;

    /* SQLite makes the file first and writes it later */
    if (size == 0) {
        return NULL;
    }
    if (len < HEADER_BYTES || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return "it is no SQLite database";
    }
    /* 1 stands for 65536 */
    page = (guint)bytes[16] << 8 | bytes[17];
    page = page == 1 ? 65536 : page;
    if (page < 512 || (page & (page - 1)) != 0) {
        return "its page size is none of SQLite's";
    }
    if (size % page != 0) {
        return "it is cut off in a page";
    }
    return NULL;
}

/* (nullable): what is wrong; it may have been replaced since @info. */
static const char *look_at_database(const char *full, struct stat *info)
{
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    guint8 header[HEADER_BYTES];
    const char *fault = NULL;
    ssize_t len = -1;

    if (fd < 0) {
        return g_strerror(errno);
    }
    if (fstat(fd, info) != 0 || !S_ISREG(info->st_mode)) {
        fault = "it is not a file";
    } else {
        len = pread(fd, header, sizeof(header), 0);
        fault = len < 0 ? g_strerror(errno) :
                database_fault(header, (gsize)len, (guint64)info->st_size);
    }
    close(fd);
    return fault;
}

void lpm_check_records_database(LpmDoctor *doctor)
{
    g_autoptr(GError) error = NULL;
    struct stat info;
    g_autofree char *found = lpm_root_find(doctor->root, DATABASE, TRUE,
                                           &info, &error);
    g_autofree char *full = found != NULL ?
                            lpm_root_full(doctor->root, found) : NULL;
    g_autofree char *who = NULL;
    const char *fault;

    if (found == NULL) {
        if (lpm_doctor_lacks(error)) {
            lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "none yet");
        } else {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s: %s", DATABASE,
                           error->message);
        }
        return;
    }
    fault = look_at_database(full, &info);
    who = lpm_doctor_unsafe(doctor, &info);
    if (fault != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s: %s", found, fault);
    } else if (who != NULL) {
        g_autofree char *remedy = g_strdup_printf(
            "chown root:root %s && chmod go-w %s", found, found);

        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s is %s", found, who);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s, %" G_GINT64_FORMAT
                       " KiB", found, (gint64)info.st_size >> 10);
    }
}
