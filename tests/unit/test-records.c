/*
 * The record of a host's moves, and what it reads of libvirt
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "records/process.h"
#include "records/records.h"
#include "records/virt-status.h"

#define UUID_A  "b56bc1bb-05d3-4c6f-8406-4cf4f92eea97"
#define UUID_B  "c56bc1bb-05d3-4c6f-8406-4cf4f92eea97"

/* A folder with the file, and a root with the real /proc in it. */
typedef struct Host {
    char *dir;
    char *path;
} Host;

static void set_up(Host *host, gconstpointer data)
{
    g_autofree char *proc = NULL;

    (void)data;
    host->dir = g_dir_make_tmp("lpm-records-XXXXXX", NULL);
    g_assert_nonnull(host->dir);
    host->path = g_build_filename(host->dir, "lpm", "moves.db", NULL);
    proc = g_build_filename(host->dir, "proc", NULL);
    g_assert_cmpint(symlink("/proc", proc), ==, 0);
}

static void remove_all(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL :
                g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_all(below);
    }
    if (dir != NULL) {
        g_dir_close(dir);
    }
    g_remove(path);
}

static void tear_down(Host *host, gconstpointer data)
{
    (void)data;
    remove_all(host->dir);
    g_free(host->dir);
    g_free(host->path);
}

static LpmRecords *open_as(const Host *host, LpmRecordsMode mode)
{
    g_autoptr(GError) err = NULL;
    LpmRecords *records = lpm_records_open(host->path, host->dir, mode,
                                           &err);

    g_assert_no_error(err);
    return records;
}

static void tamper(const Host *host, const char *sql)
{
    sqlite3 *db;

    g_assert_cmpint(sqlite3_open(host->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

/* Makes libvirt's file of a guest, with a QEMU that lives: this process. */
static void put_status(const Host *host, const char *name, const char *uuid,
                       const char *state, const char *job)
{
    g_autofree char *folder = g_build_filename(host->dir, "run/libvirt/qemu",
                                               NULL);
    g_autofree char *file = g_strconcat(folder, "/", name, ".xml", NULL);
    g_autofree char *text = g_strdup_printf(
        "<domstatus %s pid='%d'>\n  <job type='none' %s/>\n"
        "  <domain type='kvm' id='1'>\n    <name>%s</name>\n"
        "    <uuid>%s</uuid>\n  </domain>\n</domstatus>\n", state,
        (int)getpid(), job, name, uuid);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void drop_status(const Host *host, const char *name)
{
    g_autofree char *file = g_strconcat(host->dir, "/run/libvirt/qemu/",
                                        name, ".xml", NULL);

    g_assert_cmpint(g_remove(file), ==, 0);
}

static LpmMoveRecord a_move(const char *name, const char *uuid,
                            LpmKeptDirection direction, pid_t pid)
{
    return (LpmMoveRecord) {
        .name = (char *)name, .uuid = (char *)uuid, .direction = direction,
        .by = (char *)(pid != 0 ? "lpm" : "virsh"), .pid = pid,
        .pid_start = lpm_process_start("", pid),
    };
}

/* 0: refused, with @ret_error. */
static gint64 try_begin(LpmRecords *records, const char *name,
                        const char *uuid, LpmKeptDirection direction,
                        pid_t pid, guint limit, GError **ret_error)
{
    const LpmMoveLimits limits = { { limit, limit }, LPM_LIMIT_MOVER,
                                   LPM_LIMIT_SUSPENDS };
    const LpmMoveRecord move = a_move(name, uuid, direction, pid);
    gint64 id = 0;

    if (!lpm_records_begin(records, &move, &limits, &id, ret_error)) {
        g_assert_cmpint(id, ==, 0);
    }
    return id;
}

static gint64 begin(LpmRecords *records, const char *name, const char *uuid,
                    LpmKeptDirection direction, pid_t pid)
{
    g_autoptr(GError) err = NULL;
    gint64 id = try_begin(records, name, uuid, direction, pid, 4, &err);

    g_assert_no_error(err);
    g_assert_cmpint(id, >, 0);
    return id;
}

static void refused(LpmRecords *records, const char *name,
                    LpmKeptDirection direction, guint limit,
                    LpmErrorCode code, const char *text)
{
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(try_begin(records, name, NULL, direction, getpid(),
                              limit, &err), ==, 0);
    g_assert_error(err, LPM_ERROR, (int)code);
    g_test_message("%s", err->message);
    g_assert_nonnull(strstr(err->message, text));
}

static void end(LpmRecords *records, gint64 id, LpmKeptOutcome outcome)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(lpm_records_end(records, id, outcome, "over", &err));
    g_assert_no_error(err);
}

static GPtrArray *list(LpmRecords *records)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *why = NULL;
    GPtrArray *moves = lpm_records_list(records, 10, &why, &err);

    g_assert_no_error(err);
    g_assert_null(why);
    return moves;
}

/* The first of the list. */
static void first_is(LpmRecords *records, const char *name,
                     LpmKeptOutcome outcome, const char *phase)
{
    g_autoptr(GPtrArray) moves = list(records);
    const LpmMoveRecord *move;

    g_assert_cmpuint(moves->len, >, 0);
    move = g_ptr_array_index(moves, 0);
    g_test_message("%s: %s", move->phase, move->text);
    g_assert_cmpstr(move->name, ==, name);
    g_assert_cmpint(move->outcome, ==, outcome);
    g_assert_cmpstr(move->phase, ==, phase);
}

/* Limits: pure */

typedef struct Ask {
    const char *name;
    const char *running;    /* one letter a move: see of_letter() */
    char asked;
    guint moves, mover, saves;
    const char *text;       /* NULL: it may */
} Ask;

/* i, o: active, in or out; I, O: inactive; s, S: suspended, in or out */
static void of_letter(char letter, LpmMoveRecord *move)
{
    move->direction = strchr("iIs", letter) != NULL ? LPM_KEPT_INBOUND :
                                                      LPM_KEPT_OUTBOUND;
    move->kind = strchr("io", letter) != NULL ? LPM_KEPT_ACTIVE :
                 strchr("IO", letter) != NULL ? LPM_KEPT_INACTIVE :
                                                LPM_KEPT_SUSPENDED;
}

static const Ask asks[] = {
    { "none", "", 'i', 4, 8, 0, NULL },
    { "a-place-is-left", "iii", 'i', 4, 8, 0, NULL },
    { "none-is-left", "iiii", 'i', 4, 8, 0,
      "active moves of this host: 4, at most 4: g0 (inbound from kvm2, since "
      "1970-01-01 00:00:01), g1 " },
    { "remedy", "oooo", 'o', 4, 8, 0, "raise max-outbound in host.conf" },
    { "none-is-allowed", "", 'i', 0, 8, 0, "at most 0; wait" },
    { "more-are-named-in-short", "iiiiiii", 'i', 7, 8, 0, " and 3 more" },
    { "kinds-are-counted-apart", "iiii", 'I', 4, 8, 0, NULL },
    { "inactive-has-a-limit-too", "IIII", 'I', 4, 8, 0, "inactive moves" },
    { "suspended-counts-as-active", "siii", 'i', 4, 8, 0, "active moves" },
    { "opposite-in", "o", 'i', 4, 8, 0,
      "new may not move in now: g0 (outbound to kvm2, since " },
    { "opposite-out", "i", 'o', 4, 8, 0, "new may not move out now: g0" },
    { "opposite-inactive", "I", 'o', 4, 8, 0, "at the same time" },
    { "mover-is-full", "iiiiiiii", 'i', 16, 8, 0, "this host's mover: 8" },
    { "mover-is-not-asked", "iiiiiiii", 'I', 16, 8, 0, NULL },
    { "no-more-than-16", "iiiiiiiiIIIIIIII", 'I', 99, 99, 0,
      "moves of this host: 16, at most 16" },
    { "no-more-than-16-active", "iiiiiiiiiiiiiiii", 'i', 99, 99, 0,
      "active moves of this host: 16, at most 16" },
    { "suspends-are-left", "ss", 's', 8, 8, 1, NULL },
    { "suspends-are-not", "ss", 's', 8, 8, 2,
      "suspended or resumed: 4, at most 4: g0" },
    { "saves-do-not-stop-others", "", 'i', 4, 8, 9, NULL },
};

static void test_limits(gconstpointer data)
{
    const Ask *ask = data;
    const LpmMoveLimits limits = { { ask->moves, ask->moves }, ask->mover,
                                   LPM_LIMIT_SUSPENDS };
    LpmMoveRecord asked = { .name = (char *)"new" };
    g_autoptr(GPtrArray) running = lpm_move_records_new();
    g_autoptr(GError) err = NULL;
    gboolean may;

    for (guint i = 0; ask->running[i] != '\0'; i++) {
        LpmMoveRecord *move = g_new0(LpmMoveRecord, 1);

        of_letter(ask->running[i], move);
        move->name = g_strdup_printf("g%u", i);
        move->peer = g_strdup("kvm2");
        move->begun_ms = 1500;
        g_ptr_array_add(running, move);
    }
    of_letter(ask->asked, &asked);
    may = lpm_limits_allow(running, ask->saves, &asked, &limits, &err);
    g_assert_cmpint(may, ==, ask->text == NULL);
    g_assert_true((err == NULL) == may);
    if (!may) {
        g_test_message("%s", err->message);
        g_assert_nonnull(strstr(err->message, ask->text));
        g_assert_nonnull(strstr(err->message, "lpm status"));
    }
}

static void test_same_guest(void)
{
    LpmMoveRecord move = { .name = (char *)"x", .uuid = (char *)UUID_A };

    g_assert_true(lpm_move_record_is(&move, "y", UUID_A));
    g_assert_false(lpm_move_record_is(&move, "x", UUID_B));
    g_assert_true(lpm_move_record_is(&move, "x", NULL));
    g_assert_false(lpm_move_record_is(&move, NULL, NULL));
    g_assert_false(lpm_move_record_is(&move, "X", NULL));
    g_assert_true(lpm_move_record_is(
        &move, NULL, "B56BC1BB-05D3-4C6F-8406-4CF4F92EEA97"));
}

/* The file */

static void test_life(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) moves = NULL;
    const LpmMoveRecord *move;
    gint64 id, found;
    struct stat st;

    (void)data;
    g_assert_cmpint(stat(host->path, &st), ==, 0);
    /* who may read it may lock it */
    g_assert_cmpint(st.st_mode & 0777 & ~0640, ==, 0);
    id = begin(records, "lpar1", UUID_A, LPM_KEPT_OUTBOUND, getpid());
    refused(records, "lpar1", LPM_KEPT_OUTBOUND, 4, LPM_ERROR_STATE,
            "lpar1 moves already: lpar1 (outbound, since 2");
    g_assert_true(lpm_records_find(records, NULL, UUID_A, &found, &err));
    g_assert_cmpint(found, ==, id);
    g_assert_true(lpm_records_find(records, "other", NULL, &found, &err));
    g_assert_cmpint(found, ==, 0);
    first_is(records, "lpar1", LPM_KEPT_RUNNING, "preparing");
    g_assert_true(lpm_records_set_phase(records, id, "transfer", &err));
    first_is(records, "lpar1", LPM_KEPT_RUNNING, "transfer");
    end(records, id, LPM_KEPT_DONE);
    first_is(records, "lpar1", LPM_KEPT_DONE, "transfer");

    g_assert_false(lpm_records_end(records, id, LPM_KEPT_FAILED, NULL,
                                   &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_STATE);
    g_clear_error(&err);
    g_assert_false(lpm_records_set_phase(records, id, "done", &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_STATE);
    g_assert_true(lpm_records_find(records, "lpar1", NULL, &found, NULL));
    g_assert_cmpint(found, ==, 0);

    begin(records, "lpar1", UUID_A, LPM_KEPT_INBOUND, getpid());
    moves = list(records);
    g_assert_cmpuint(moves->len, ==, 2);
    move = g_ptr_array_index(moves, 1);
    g_assert_cmpstr(move->uuid, ==, UUID_A);
    g_assert_cmpstr(move->text, ==, "over");
    g_assert_cmpstr(move->by, ==, "lpm");
    g_assert_cmpint(move->ended_ms, >=, move->begun_ms);
    g_assert_cmpint(move->begun_ms, >, 0);
}

static void test_slots(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    gint64 a, b;

    (void)data;
    a = begin(records, "a", NULL, LPM_KEPT_INBOUND, getpid());
    b = begin(records, "b", NULL, LPM_KEPT_INBOUND, 0);
    refused(records, "c", LPM_KEPT_INBOUND, 2, LPM_ERROR_LIMIT,
            "active moves of this host: 2, at most 2: a (inbound, since 2");
    refused(records, "c", LPM_KEPT_OUTBOUND, 2, LPM_ERROR_STATE, "a (inb");
    end(records, a, LPM_KEPT_FAILED);
    end(records, b, LPM_KEPT_CANCELLED);
    begin(records, "c", NULL, LPM_KEPT_OUTBOUND, getpid());
}

static void test_texts(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autofree char *name = g_strnfill(400, 'n');
    g_autoptr(GString) text = g_string_new("x");
    g_autoptr(GPtrArray) moves = NULL;
    const LpmMoveRecord *move;
    gint64 id;

    (void)data;
    for (guint i = 0; i < 4000; i++) {
        g_string_append(text, "\xc3\xa9");
    }
    g_string_append(text, "\xff");
    id = begin(records, name, NULL, LPM_KEPT_INBOUND, 0);
    g_assert_true(lpm_records_end(records, id, LPM_KEPT_FAILED, text->str,
                                  NULL));
    begin(records, "a\xff'); DROP TABLE move;--", NULL, LPM_KEPT_INBOUND, 0);
    moves = list(records);
    g_assert_cmpuint(moves->len, ==, 2);
    move = g_ptr_array_index(moves, 0);
    g_assert_true(g_utf8_validate(move->name, -1, NULL));
    g_assert_nonnull(strstr(move->name, "'); DROP TABLE move;--"));
    move = g_ptr_array_index(moves, 1);
    g_assert_cmpuint(strlen(move->name), ==, 255);
    g_assert_true(g_utf8_validate(move->text, -1, NULL));
    g_assert_cmpuint(strlen(move->text), ==, LPM_RECORDS_TEXT_MAX - 1);
}

/* Of the ended moves the last ones stay, and a running one always. */
static void test_kept(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autoptr(GPtrArray) moves = NULL;
    g_autofree char *why = NULL;

    (void)data;
    begin(records, "old", NULL, LPM_KEPT_OUTBOUND, getpid());
    tamper(host, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 "
           "FROM n WHERE i < 3000) INSERT INTO move SELECT i, 'g', NULL, "
           "'outbound', 'active', NULL, 'lpm', 0, 0, 'done', 1, i, 'done', "
           "NULL, '', 0, 0 FROM n");
    begin(records, "new", NULL, LPM_KEPT_OUTBOUND, getpid());
    moves = lpm_records_list(records, G_MAXINT, &why, NULL);
    g_assert_cmpuint(moves->len, ==, 2 + LPM_RECORDS_KEPT - 1);
    g_assert_cmpstr(((LpmMoveRecord *)g_ptr_array_index(moves, 0))->name, ==,
                    "old");
}

static void test_reader(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) none = open_as(host, LPM_RECORDS_READ);
    g_autoptr(LpmRecords) writer = NULL;
    g_autoptr(LpmRecords) reader = NULL;
    g_autoptr(GPtrArray) moves = list(none);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gsize n_before, n_after;
    gint64 found;

    (void)data;
    g_assert_cmpuint(moves->len, ==, 0);
    g_assert_true(lpm_records_find(none, "x", NULL, &found, NULL));
    g_assert_true(lpm_records_settle(none, NULL));
    g_assert_false(g_file_test(host->path, G_FILE_TEST_EXISTS));

    writer = open_as(host, LPM_RECORDS_WRITE);
    begin(writer, "a", NULL, LPM_KEPT_INBOUND, 0);
    tamper(host, "UPDATE move SET touched_ms = touched_ms - 20000");
    g_assert_true(g_file_get_contents(host->path, &before, &n_before, NULL));
    reader = open_as(host, LPM_RECORDS_READ);
    /* over, and the file does not say so */
    first_is(reader, "a", LPM_KEPT_FAILED, "preparing");
    g_assert_true(lpm_records_settle(reader, NULL));
    g_assert_true(g_file_get_contents(host->path, &after, &n_after, NULL));
    g_assert_cmpmem(before, n_before, after, n_after);
    /* an open reader does not stop a writer */
    begin(writer, "b", NULL, LPM_KEPT_INBOUND, getpid());
    first_is(reader, "b", LPM_KEPT_RUNNING, "preparing");
}

/* Files that are refused */

typedef struct Bad {
    const char *name;
    const char *sql;        /* or NULL */
    const char *bytes;      /* or NULL: cut and flip */
    LpmErrorCode code;
    const char *text;
} Bad;

static const Bad bads[] = {
    { "text", NULL, "Dear diary, today I moved a partition.\n",
      LPM_ERROR_MALFORMED, "no record of moves" },
    { "another-program", "PRAGMA application_id = 252006673", NULL,
      LPM_ERROR_MALFORMED, "a database, but no record" },
    { "no-program", "PRAGMA application_id = 0; PRAGMA user_version = 0",
      NULL, LPM_ERROR_MALFORMED, "a database, but no record" },
    { "newer", "PRAGMA user_version = 2", NULL, LPM_ERROR_UNSUPPORTED,
      "of format 2, wanted 1" },
    { "older", "PRAGMA user_version = 0", NULL, LPM_ERROR_UNSUPPORTED,
      "of format 0, wanted 1" },
    { "trigger", "CREATE TRIGGER t AFTER INSERT ON move BEGIN DELETE FROM "
      "move; END", NULL, LPM_ERROR_MALFORMED, "though it says so" },
    { "column", "ALTER TABLE move ADD COLUMN more TEXT", NULL,
      LPM_ERROR_MALFORMED, "though it says so" },
    { "no-table", "DROP TABLE move", NULL, LPM_ERROR_MALFORMED,
      "though it says so" },
    { "cut", "cut", NULL, LPM_ERROR_MALFORMED, "damaged" },
    { "flipped", "flip", NULL, LPM_ERROR_MALFORMED, "damaged" },
};

static void spoil(const Host *host, const Bad *bad)
{
    g_autofree char *bytes = NULL;
    gsize len;

    if (bad->bytes != NULL) {
        g_assert_true(g_file_set_contents(host->path, bad->bytes, -1, NULL));
    } else if (!g_str_equal(bad->sql, "cut") &&
               !g_str_equal(bad->sql, "flip")) {
        tamper(host, bad->sql);
    } else {
        g_assert_true(g_file_get_contents(host->path, &bytes, &len, NULL));
        g_assert_cmpuint(len, >, 8192);
        if (g_str_equal(bad->sql, "cut")) {
            len = 6000;
        } else {
            memset(bytes + 4096, 0x5a, 64);     /* head of the 2nd page */
        }
        g_assert_true(g_file_set_contents(host->path, bytes, (gssize)len,
                                          NULL));
    }
}

static void test_bad(Host *host, gconstpointer data)
{
    const Bad *bad = data;
    g_autofree char *before = NULL;
    gsize n_before;

    {
        g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

        for (guint i = 0; i < 40; i++) {
            gint64 id = begin(records, "g", NULL, LPM_KEPT_INBOUND, 0);
            g_autofree char *text = g_strnfill(400, 'x');

            g_assert_true(lpm_records_end(records, id, LPM_KEPT_DONE, text,
                                          NULL));
        }
    }
    spoil(host, bad);
    g_assert_true(g_file_get_contents(host->path, &before, &n_before, NULL));
    for (guint mode = LPM_RECORDS_WRITE; mode <= LPM_RECORDS_READ; mode++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *after = NULL;
        gsize n_after;

        g_assert_null(lpm_records_open(host->path, host->dir,
                                       (LpmRecordsMode)mode, &err));
        g_assert_error(err, LPM_ERROR, (int)bad->code);
        g_test_message("%s", err->message);
        g_assert_nonnull(strstr(err->message, bad->text));
        g_assert_true(g_str_has_prefix(err->message, host->path));
        g_assert_true(g_file_get_contents(host->path, &after, &n_after,
                                          NULL));
        g_assert_cmpmem(before, n_before, after, n_after);
    }
}

/* A row that no lpm writes, in a file that is whole. */
static void test_bad_word(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autoptr(GError) err = NULL;
    g_autofree char *why = NULL;

    (void)data;
    begin(records, "g", NULL, LPM_KEPT_INBOUND, getpid());
    tamper(host, "UPDATE move SET direction = 'sideways'");
    g_assert_null(lpm_records_list(records, 1, &why, &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_clear_error(&err);
    g_assert_cmpint(try_begin(records, "h", NULL, LPM_KEPT_INBOUND, 0, 4,
                              &err), ==, 0);
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    /* the transaction is over: the next one begins */
    tamper(host, "UPDATE move SET direction = 'inbound'");
    begin(records, "h", NULL, LPM_KEPT_INBOUND, 0);
}

static void not_opened(const Host *host, LpmErrorCode code, const char *text)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(lpm_records_open(host->path, host->dir, LPM_RECORDS_WRITE,
                                   &err));
    g_assert_error(err, LPM_ERROR, (int)code);
    g_assert_nonnull(strstr(err->message, text));
}

static void test_no_file(Host *host, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(host->path);

    (void)data;
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(mkfifo(host->path, 0600), ==, 0);
    not_opened(host, LPM_ERROR_MALFORMED, "not a file");
    g_remove(host->path);
    g_assert_cmpint(g_mkdir(host->path, 0700), ==, 0);
    not_opened(host, LPM_ERROR_MALFORMED, "not a file");
    g_rmdir(host->path);
    g_assert_cmpint(symlink("/nowhere/at/all", host->path), ==, 0);
    not_opened(host, LPM_ERROR_IO, "cannot be used");
    g_remove(host->path);
    g_rmdir(folder);
    g_assert_true(g_file_set_contents(folder, "x", 1, NULL));
    not_opened(host, LPM_ERROR_IO, "Not a directory");
    g_remove(folder);
    /* names that SQLite would take for something else */
    g_free(host->path);
    host->path = g_build_filename(host->dir, ":memory:", NULL);
    lpm_records_close(open_as(host, LPM_RECORDS_WRITE));
    g_assert_true(g_file_test(host->path, G_FILE_TEST_IS_REGULAR));
}

/* An empty file is what a crash leaves between making it and filling it. */
static void test_empty_file(Host *host, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(host->path);
    g_autoptr(LpmRecords) reader = NULL;
    g_autoptr(LpmRecords) writer = NULL;

    (void)data;
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(host->path, "", 0, NULL));
    reader = open_as(host, LPM_RECORDS_READ);
    g_ptr_array_unref(list(reader));
    writer = open_as(host, LPM_RECORDS_WRITE);
    begin(writer, "a", NULL, LPM_KEPT_INBOUND, 0);
}

/* Several at once */

static gboolean child_wins(const Host *host, int go, guint n)
{
    g_autofree char *name = g_strdup_printf("child%u", n);
    g_autoptr(LpmRecords) records = NULL;
    g_autoptr(GError) err = NULL;
    char byte;

    g_assert_cmpint(read(go, &byte, 1), ==, 0);     /* until it is closed */
    records = lpm_records_open(host->path, host->dir, LPM_RECORDS_WRITE,
                               &err);
    g_assert_no_error(err);
    /* held by the parent: the child does not live long */
    if (try_begin(records, name, NULL, LPM_KEPT_INBOUND, getppid(), 2,
                  &err) != 0) {
        return TRUE;
    }
    g_assert_error(err, LPM_ERROR, LPM_ERROR_LIMIT);
    return FALSE;
}

/* Returns: how many of the children got a place. */
static guint race(const Host *host, guint children)
{
    int go[2];
    guint won = 0;

    g_assert_cmpint(pipe(go), ==, 0);
    for (guint i = 0; i < children; i++) {
        pid_t pid = fork();

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
            close(go[1]);
            _exit(child_wins(host, go[0], i) ? 0 : 7);
        }
    }
    close(go[0]);
    close(go[1]);
    for (guint i = 0; i < children; i++) {
        int status;

        g_assert_cmpint(wait(&status), >, 0);
        g_assert_true(WIFEXITED(status));
        g_assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7);
        won += WEXITSTATUS(status) == 0;
    }
    return won;
}

static void test_race(Host *host, gconstpointer data)
{
    (void)data;
    for (guint round = 0; round < 200; round++) {
        {
            g_autoptr(LpmRecords) records = open_as(host,
                                                    LPM_RECORDS_WRITE);

            begin(records, "first", NULL, LPM_KEPT_INBOUND, getpid());
        }
        g_assert_cmpuint(race(host, 2), ==, 1);
        tamper(host, "UPDATE move SET ended_ms = 1, outcome = 'done'");
    }
}

/* Neither is there yet: both want to make it. */
static void test_race_to_make(Host *host, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(host->path);

    (void)data;
    for (guint round = 0; round < 50; round++) {
        g_assert_cmpuint(race(host, 3), ==, 2);
        remove_all(folder);
    }
}

/* Who has died */

static void test_killed_holder(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    pid_t pid = fork();

    (void)data;
    if (pid == 0) {
        pause();
        _exit(0);
    }
    begin(records, "a", NULL, LPM_KEPT_OUTBOUND, pid);
    refused(records, "b", LPM_KEPT_INBOUND, 4, LPM_ERROR_STATE, "a (outb");
    kill(pid, SIGKILL);
    /* a zombie from here on, until it is waited for */
    g_assert_cmpint(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT), ==,
                    0);
    begin(records, "b", NULL, LPM_KEPT_INBOUND, getpid());
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void test_pid_used_again(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", NULL, LPM_KEPT_OUTBOUND, getpid());
    first_is(records, "a", LPM_KEPT_RUNNING, "preparing");
    tamper(host, "UPDATE move SET pid_start = pid_start - 1");
    first_is(records, "a", LPM_KEPT_LOST, "preparing");
    /* one whose start could not be told is none that ends like that */
    begin(records, "b", NULL, LPM_KEPT_OUTBOUND, getpid());
    tamper(host, "UPDATE move SET pid_start = 0, pid = 999999999 WHERE "
           "name = 'b'");
    first_is(records, "b", LPM_KEPT_LOST, "preparing");
}

static void test_other_boot(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", NULL, LPM_KEPT_OUTBOUND, getpid());
    begin(records, "b", NULL, LPM_KEPT_OUTBOUND, 0);
    tamper(host, "UPDATE move SET boot = 'another'");
    begin(records, "c", NULL, LPM_KEPT_INBOUND, getpid());
}

static void test_process(void)
{
    g_autofree char *boot = lpm_boot_id("");
    g_autofree char *none = lpm_boot_id("/nowhere");

    g_assert_true(g_uuid_string_is_valid(boot));
    g_assert_cmpstr(none, ==, "");
    g_assert_cmpuint(lpm_process_start("", getpid()), >, 0);
    g_assert_cmpuint(lpm_process_start("", 0), ==, 0);
    g_assert_cmpuint(lpm_process_start("", -1), ==, 0);
    g_assert_cmpuint(lpm_process_start("", G_MAXINT64), ==, 0);
    g_assert_cmpuint(lpm_process_start("/nowhere", getpid()), ==, 0);
}

/* libvirt */

#define IN       "async='migration in' phase='prepare'"
#define OUT      "async='migration out' phase='perform3' " \
                 "asyncStarted='1795387565526'"
#define WAITS    "state='paused' reason='migration'"
#define RUNS     "state='running' reason='migrated'"

static void test_virsh_arrives(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    /* the hook has ended, QEMU is not started yet */
    refused(records, "b", LPM_KEPT_OUTBOUND, 4, LPM_ERROR_STATE, "a (inb");
    put_status(host, "a", UUID_A, WAITS, IN);
    first_is(records, "a", LPM_KEPT_RUNNING, "transfer");
    refused(records, "b", LPM_KEPT_OUTBOUND, 4, LPM_ERROR_STATE, "a (inb");
    put_status(host, "a", UUID_A, RUNS, "async='migration in' "
               "phase='finish3'");
    first_is(records, "a", LPM_KEPT_RUNNING, "running-on-destination");
    put_status(host, "a", UUID_A, RUNS, "async='none'");
    begin(records, "b", NULL, LPM_KEPT_OUTBOUND, getpid());
}

/* As above, but nobody looked while the job ran, and it was quick. */
static void test_virsh_arrives_unseen(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    put_status(host, "a", UUID_A, RUNS, "async='none'");
    first_is(records, "a", LPM_KEPT_DONE, "preparing");
    begin(records, "a", UUID_A, LPM_KEPT_OUTBOUND, getpid());
}

static void test_virsh_fails(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    put_status(host, "a", UUID_A, WAITS, IN);
    first_is(records, "a", LPM_KEPT_RUNNING, "transfer");
    drop_status(host, "a");
    /* seen once, so no grace */
    first_is(records, "a", LPM_KEPT_FAILED, "preparing");
}

/* The source's daemon has died: the job goes first, then the guest. */
static void test_virsh_taken_down(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    put_status(host, "a", UUID_A, WAITS, "async='none'");
    first_is(records, "a", LPM_KEPT_RUNNING, "preparing");
    put_status(host, "a", UUID_A, WAITS, IN);
    first_is(records, "a", LPM_KEPT_RUNNING, "transfer");
    put_status(host, "a", UUID_A, WAITS, "async='none'");
    first_is(records, "a", LPM_KEPT_FAILED, "preparing");
}

/* A guest that was paused before stays so. */
static void test_virsh_arrives_paused(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);

    (void)data;
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    put_status(host, "a", UUID_A, "state='paused' reason='user'",
               "async='none'");
    first_is(records, "a", LPM_KEPT_DONE, "preparing");
}

static void test_virsh_never_came(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autoptr(GError) err = NULL;
    gint64 id = begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);

    (void)data;
    tamper(host, "UPDATE move SET touched_ms = touched_ms - 9000");
    first_is(records, "a", LPM_KEPT_RUNNING, "preparing");
    /* the hook is called again: young as before */
    tamper(host, "UPDATE move SET touched_ms = touched_ms - 900");
    g_assert_true(lpm_records_set_phase(records, id, "mapped", &err));
    tamper(host, "UPDATE move SET touched_ms = touched_ms - 9000");
    first_is(records, "a", LPM_KEPT_RUNNING, "mapped");
    tamper(host, "UPDATE move SET touched_ms = touched_ms - 1001");
    first_is(records, "a", LPM_KEPT_FAILED, "mapped");
}

/* libvirt refuses after the hook, tells no hook, and the user tries again. */
static void test_virsh_again(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autoptr(GPtrArray) moves = NULL;

    (void)data;
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, 0);
    moves = list(records);
    g_assert_cmpuint(moves->len, ==, 2);
    g_assert_cmpint(((LpmMoveRecord *)g_ptr_array_index(moves, 1))->outcome,
                    ==, LPM_KEPT_LOST);
    put_status(host, "a", UUID_A, WAITS, IN);
    /* but not once it has come */
    refused(records, "a", LPM_KEPT_INBOUND, 4, LPM_ERROR_STATE, "already");
}

static void test_unrecorded(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    g_autoptr(GPtrArray) moves = NULL;
    const LpmMoveRecord *move;

    (void)data;
    put_status(host, "a", UUID_A, "state='running' reason='booted'", OUT);
    refused(records, "b", LPM_KEPT_INBOUND, 4, LPM_ERROR_STATE,
            "a (outbound, since 2026-");
    refused(records, "b", LPM_KEPT_OUTBOUND, 1, LPM_ERROR_LIMIT, "a (outb");
    refused(records, "a", LPM_KEPT_OUTBOUND, 4, LPM_ERROR_STATE, "already");
    moves = list(records);
    g_assert_cmpuint(moves->len, ==, 1);
    move = g_ptr_array_index(moves, 0);
    g_assert_cmpint(move->id, ==, 0);
    g_assert_cmpstr(move->by, ==, "libvirt");
    g_assert_cmpstr(move->phase, ==, "transfer");
    g_assert_cmpstr(move->uuid, ==, UUID_A);
    g_assert_cmpint(move->begun_ms, ==, 1795387565526);
    drop_status(host, "a");
    begin(records, "b", NULL, LPM_KEPT_INBOUND, getpid());
    /* one that is recorded is told once */
    begin(records, "a", UUID_A, LPM_KEPT_INBOUND, getpid());
    put_status(host, "a", UUID_A, WAITS, IN);
    g_ptr_array_unref(moves);
    moves = list(records);
    g_assert_cmpuint(moves->len, ==, 2);
}

static void test_saves(Host *host, gconstpointer data)
{
    g_autoptr(LpmRecords) records = open_as(host, LPM_RECORDS_WRITE);
    const LpmMoveLimits limits = LPM_MOVE_LIMITS_DEFAULT;
    LpmMoveRecord move = a_move("b", NULL, LPM_KEPT_OUTBOUND, getpid());
    g_autoptr(GError) err = NULL;
    gint64 id;

    (void)data;
    for (guint i = 0; i < 4; i++) {
        char name[] = { (char)('p' + i), '\0' };
        g_autofree char *uuid = g_uuid_string_random();

        put_status(host, name, uuid, i < 2 ? "state='paused' reason='save'" :
                   WAITS, i < 2 ? "async='save'" : "async='start'");
    }
    move.kind = LPM_KEPT_SUSPENDED;
    g_assert_false(lpm_records_begin(records, &move, &limits, &id, &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_LIMIT);
    drop_status(host, "r");
    g_assert_true(lpm_records_begin(records, &move, &limits, &id, NULL));
}

/* A daemon that is down does not note that its guest has ended. */
static void test_dead_guest(Host *host, gconstpointer data)
{
    g_autofree char *file = g_strconcat(host->dir, "/run/libvirt/qemu/a.xml",
                                        NULL);
    g_autoptr(LpmVirtStatus) status = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) parts = NULL;
    pid_t pid = fork();

    (void)data;
    if (pid == 0) {
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    put_status(host, "a", UUID_A, RUNS, OUT);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    parts = g_regex_split_simple("pid='[0-9]*'", text, 0, 0);
    g_free(text);
    text = g_strdup_printf("%spid='%d'%s", parts[0], (int)pid, parts[1]);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    status = lpm_virt_status_read(host->dir);
    g_assert_null(status->why);
    g_assert_cmpuint(status->guests->len, ==, 0);
}

static void test_status_folder(Host *host, gconstpointer data)
{
    g_autoptr(LpmVirtStatus) none = lpm_virt_status_read(host->dir);
    g_autoptr(LpmVirtStatus) status = NULL;
    g_autofree char *other = NULL;
    g_autofree char *broken = NULL;

    (void)data;
    g_assert_null(none->why);
    g_assert_cmpuint(none->guests->len, ==, 0);
    put_status(host, "b", UUID_B, RUNS, OUT);
    put_status(host, "a", UUID_A, RUNS, IN);
    other = g_strconcat(host->dir, "/run/libvirt/qemu/a.pid", NULL);
    broken = g_strconcat(host->dir, "/run/libvirt/qemu/aa.xml", NULL);
    g_assert_true(g_file_set_contents(other, "1", 1, NULL));
    g_assert_cmpint(mkfifo(broken, 0600), ==, 0);
    status = lpm_virt_status_read(host->dir);
    /* one that cannot be read hides no other */
    g_assert_cmpuint(status->guests->len, ==, 2);
    g_assert_cmpstr(((LpmVirtGuest *)
                     g_ptr_array_index(status->guests, 0))->name, ==, "a");
    g_assert_nonnull(strstr(status->why, "aa.xml: not a file"));
}

/* Recorded from libvirt 9.0: a move that was cancelled, one that was not, a
 * save and a restore. */
typedef struct Vector {
    const char *name;
    LpmVirtJob job;
    const char *phase;
    const char *state;
    const char *reason;
    gint64 pid;
    gint64 since_ms;
} Vector;

static const Vector vectors[] = {
    { "idle", LPM_VIRT_JOB_NONE, "", "running", "booted", 7790, 0 },
    { "out", LPM_VIRT_JOB_OUT, "perform3", "running", "booted", 7790,
      1795387560058 },
    { "out-confirm", LPM_VIRT_JOB_OUT, "confirm3", "paused", "migration",
      7790, 1795387565526 },
    { "in-starting", LPM_VIRT_JOB_IN, "prepare", "paused", "starting up",
      8043, 1795387561390 },
    { "in", LPM_VIRT_JOB_IN, "prepare", "paused", "migration", 8043,
      1795387561390 },
    { "in-finish", LPM_VIRT_JOB_IN, "finish3", "running", "migrated", 8059,
      1795387565533 },
    { "arrived", LPM_VIRT_JOB_NONE, "", "running", "migrated", 8059, 0 },
    { "save", LPM_VIRT_JOB_SAVE, "", "paused", "save", 8085,
      1795387580560 },
    { "restore", LPM_VIRT_JOB_SAVE, "", "paused", "migration", 8113,
      1795387582474 },
};

static void test_vector(gconstpointer data)
{
    const Vector *vector = data;
    g_autofree char *file = g_strdup_printf(
        "%s/libvirt/domstatus-%s.xml", g_getenv("LPM_TEST_DATA"),
        vector->name);
    g_autofree char *text = NULL;
    g_autoptr(LpmVirtGuest) guest = NULL;
    g_autoptr(GError) err = NULL;
    gsize len;

    g_file_get_contents(file, &text, &len, &err);
    g_assert_no_error(err);
    guest = lpm_virt_guest_parse(text, len, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(guest->name, ==, "lpar1");
    g_assert_cmpstr(guest->uuid, ==, UUID_A);
    g_assert_cmpint(guest->job, ==, vector->job);
    g_assert_cmpstr(guest->phase, ==, vector->phase);
    g_assert_cmpstr(guest->state, ==, vector->state);
    g_assert_cmpstr(guest->reason, ==, vector->reason);
    g_assert_cmpint(guest->pid, ==, vector->pid);
    g_assert_cmpint(guest->since_ms, ==, vector->since_ms);
    /* all that matters comes before the middle: the rest may be missing */
    for (gsize cut = 0; cut < len; cut += 97) {
        g_autofree char *copy = g_memdup2(text, cut);
        g_autoptr(GError) cut_err = NULL;
        LpmVirtGuest *part = lpm_virt_guest_parse(cut > 0 ? copy : "", cut,
                                                  &cut_err);

        g_assert_true((part == NULL) == (cut_err != NULL));
        g_assert_true(part == NULL || part->job == vector->job);
        lpm_virt_guest_free(part);
    }
}

#define DOC(job, domain)  "<domstatus state='running' pid='1'>" job \
                          "<domain>" domain "</domain></domstatus>"
#define NAMES  "<name>a</name><uuid>" UUID_A "</uuid>"

static const char *const strange[] = {
    "", "\n", "<", "x", "<domstatus/>" DOC("", NAMES), "<domain>" NAMES "</domain>",
    DOC("", "<name>a</name>"), DOC("", "<name></name><uuid>" UUID_A
                                   "</uuid>"),
    DOC("", "<name>a</name><uuid>1</uuid>"),
    DOC("", "<name>a<b/></name><uuid>" UUID_A "</uuid>"),
    DOC("", "<x>" NAMES "</x>"), "<domstatus><x>" NAMES "</x></domstatus>",
    DOC("<job async='&#0;'/>", NAMES), DOC("", "<name>\xff</name>"),
    DOC("<job async=\"a\" async=\"b\"", NAMES),
    "<!DOCTYPE a [<!ENTITY e 'x'>]>" DOC("", "<name>&e;</name><uuid>" UUID_A
                                         "</uuid>"),
};

static void test_strange(void)
{
    g_autofree char *name = g_strnfill(2000, 'a');
    g_autofree char *much = g_strdup_printf(
        DOC("", "<name>%s</name><uuid>" UUID_A "</uuid>"), name);
    g_autoptr(LpmVirtGuest) guest = NULL;
    g_autoptr(GError) err = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(strange); i++) {
        g_autoptr(GError) why = NULL;

        g_assert_null(lpm_virt_guest_parse(strange[i], strlen(strange[i]),
                                           &why));
        g_assert_true(g_utf8_validate(why->message, -1, NULL));
        g_test_message("%s", why->message);
        g_assert_error(why, LPM_ERROR, LPM_ERROR_MALFORMED);
    }
    g_assert_null(lpm_virt_guest_parse(much, strlen(much), &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_clear_error(&err);
    /* a job of a guest's own XML is none of its status' */
    guest = lpm_virt_guest_parse(
        DOC("<x><job async='migration out'/></x>",
            "<job async='migration out'/>" NAMES),
        strlen(DOC("<x><job async='migration out'/></x>",
                   "<job async='migration out'/>" NAMES)), &err);
    g_assert_no_error(err);
    g_assert_cmpint(guest->job, ==, LPM_VIRT_JOB_NONE);
}

#define ADD(name, test) \
    g_test_add("/lpm/records/" name, Host, NULL, set_up, test, tear_down)

static void add_tables(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(asks); i++) {
        g_autofree char *path = g_strconcat("/lpm/limits/", asks[i].name,
                                            NULL);

        g_test_add_data_func(path, &asks[i], test_limits);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bads); i++) {
        g_autofree char *path = g_strconcat("/lpm/records/refused/",
                                            bads[i].name, NULL);

        g_test_add(path, Host, &bads[i], set_up, test_bad, tear_down);
    }
    for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autofree char *path = g_strconcat("/lpm/virt-status/vector/",
                                            vectors[i].name, NULL);

        g_test_add_data_func(path, &vectors[i], test_vector);
    }
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    /* thousands of commits, each of which waits for a disk */
    g_setenv("TMPDIR", "/dev/shm", access("/dev/shm", W_OK) == 0);
    g_test_init(&argc, &argv, NULL);
    add_tables();
    g_test_add_func("/lpm/move-record/same-guest", test_same_guest);
    g_test_add_func("/lpm/process", test_process);
    ADD("life", test_life);
    ADD("slots", test_slots);
    ADD("texts", test_texts);
    ADD("kept", test_kept);
    ADD("reader", test_reader);
    ADD("refused/word", test_bad_word);
    ADD("refused/no-file", test_no_file);
    ADD("empty-file", test_empty_file);
    ADD("race", test_race);
    ADD("race-to-make", test_race_to_make);
    ADD("killed-holder", test_killed_holder);
    ADD("pid-used-again", test_pid_used_again);
    ADD("other-boot", test_other_boot);
    ADD("virsh/arrives", test_virsh_arrives);
    ADD("virsh/arrives-unseen", test_virsh_arrives_unseen);
    ADD("virsh/fails", test_virsh_fails);
    ADD("virsh/taken-down", test_virsh_taken_down);
    ADD("virsh/arrives-paused", test_virsh_arrives_paused);
    ADD("virsh/never-came", test_virsh_never_came);
    ADD("virsh/again", test_virsh_again);
    ADD("virsh/unrecorded", test_unrecorded);
    ADD("virsh/saves", test_saves);
    ADD("virsh/dead-guest", test_dead_guest);
    g_test_add("/lpm/virt-status/folder", Host, NULL, set_up,
               test_status_folder, tear_down);
    g_test_add_func("/lpm/virt-status/strange", test_strange);
    return g_test_run();
}
