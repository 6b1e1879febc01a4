/*
 * Checks of the place where moves are recorded
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <sys/statvfs.h>

#include "doctor/check.h"
#include "doctor/root.h"
#include "error/lpm-error.h"

#define FOLDER        "/var/lib/lpm"
#define DATABASE      FOLDER "/moves.db"
#define HEADER_BYTES  100u
#define DATABASE_MAX  (256u << 20)
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

/* What is wrong with it; NULL: nothing that shows. */
static const char *database_fault(const GString *text)
{
    static const char magic[16] = "SQLite format 3";
    const guint8 *bytes = (const guint8 *)text->str;
    guint page;

    /* SQLite makes the file first and writes it later */
    if (text->len == 0) {
        return NULL;
    }
    if (text->len < HEADER_BYTES ||
        memcmp(bytes, magic, sizeof(magic)) != 0) {
        return "it is no SQLite database";
    }
    /* 1 stands for 65536 */
    page = (guint)bytes[16] << 8 | bytes[17];
    page = page == 1 ? 65536 : page;
    if (page < 512 || (page & (page - 1)) != 0) {
        return "its page size is none of SQLite's";
    }
    if (text->len % page != 0) {
        return "it is cut off in a page";
    }
    return NULL;
}

void lpm_check_records_database(LpmDoctor *doctor)
{
    g_autoptr(GError) error = NULL;
    struct stat info;
    g_autofree char *found = lpm_root_find(doctor->root, DATABASE, TRUE,
                                           &info, &error);
    g_autofree char *who = found != NULL ?
                           lpm_doctor_unsafe(doctor, &info) : NULL;
    g_autoptr(GString) text = NULL;
    const char *fault = NULL;

    if (found == NULL && lpm_doctor_lacks(error)) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "none yet");
        return;
    }
    if (found != NULL) {
        text = lpm_root_read(doctor->root, found, DATABASE_MAX, "a database",
                             &error);
    }
    if (text == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s: %s", DATABASE,
                       error->message);
        return;
    }
    fault = database_fault(text);
    if (fault != NULL || who != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s: %s%s", found,
                       fault != NULL ? "" : "it is ",
                       fault != NULL ? fault : who);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s, %" G_GSIZE_FORMAT
                       " KiB", found, text->len >> 10);
    }
}
