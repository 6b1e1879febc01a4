/*
 * The one place per host where moves are kept
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "error/lpm-error.h"
#include "facts/library.h"
#include "records/process.h"
#include "records/records.h"
#include "records/virt-status.h"

#define APPLICATION_ID  0x4c504d6d      /* "LPMm", where file(1) looks */
#define FORMAT          1
#define NAME_BYTES_MAX  255u

/* What is kept of it in the file, besides. */
#define COLUMNS \
    "id, name, uuid, direction, kind, peer, told_by, pid, pid_start, phase, " \
    "begun_ms, ended_ms, outcome, text, boot, touched_ms, seen"
enum {
    C_ID, C_NAME, C_UUID, C_DIRECTION, C_KIND, C_PEER, C_BY, C_PID,
    C_PID_START, C_PHASE, C_BEGUN, C_ENDED, C_OUTCOME, C_TEXT, C_BOOT,
    C_TOUCHED, C_SEEN,
};

/*
 * touched_ms is of a clock that nobody sets and that a boot starts anew;
 * seen: libvirt has shown the job.
 */
#define SCHEMA \
    "CREATE TABLE move (id INTEGER PRIMARY KEY, name TEXT NOT NULL, " \
    "uuid TEXT, direction TEXT NOT NULL, kind TEXT NOT NULL, peer TEXT, " \
    "told_by TEXT NOT NULL, pid INTEGER NOT NULL, " \
    "pid_start INTEGER NOT NULL, phase TEXT NOT NULL, " \
    "begun_ms INTEGER NOT NULL, ended_ms INTEGER, outcome TEXT NOT NULL, " \
    "text TEXT, boot TEXT NOT NULL, touched_ms INTEGER NOT NULL, " \
    "seen INTEGER NOT NULL) STRICT"

#define CALLS(X) \
    X(open_v2) X(close_v2) X(extended_result_codes) X(busy_timeout) \
    X(prepare_v2) X(bind_int64) X(bind_text) X(bind_null) X(step) \
    X(finalize) X(column_int64) X(column_text) X(column_bytes) \
    X(column_type) X(errcode) X(errmsg) X(changes) X(last_insert_rowid)

static struct {
#define CALL(name)  __typeof__(sqlite3_##name) *name;
    CALLS(CALL)
#undef CALL
} lite;

struct LpmRecords {
    char *path;
    char *root;
    char *boot;
    LpmRecordsMode mode;
    sqlite3 *db;            /* NULL: mode READ, and there is no file */
};

typedef struct Running {
    LpmMoveRecord *move;
    char *boot;
    gint64 touched_ms;
    gboolean seen;
} Running;

static void finalize(sqlite3_stmt *stmt)
{
    lite.finalize(stmt);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, finalize)

static gboolean load(GError **error)
{
#define OFFSET(name) \
    { "sqlite3_" #name, (gsize)((char *)&lite.name - (char *)&lite) },
    static gboolean once;
    const LpmLibraryCall calls[] = { CALLS(OFFSET) { NULL } };
#undef OFFSET
    g_autoptr(GError) err = NULL;

    if (once) {
        return TRUE;
    }
    once = lpm_library_load("libsqlite3.so.0", "libsqlite3-0", calls, &lite,
                            &err);
    if (!once) {
        /* UNSUPPORTED is kept for files */
        g_set_error_literal(error, LPM_ERROR, LPM_ERROR_IO, err->message);
    }
    return once;
}

static gboolean refuse_file(const LpmRecords *r, LpmErrorCode code,
                            const char *why, GError **error)
{
    g_set_error(error, LPM_ERROR, code, "%s: %s; it is not written: move it "
                "away, and the next move makes a new one", r->path, why);
    return FALSE;
}

static gboolean cannot(const LpmRecords *r, const char *why, GError **error)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                "%s: the record of moves cannot be used: %s", r->path, why);
    return FALSE;
}

/* Of the call that failed last. */
static gboolean fail(const LpmRecords *r, GError **error)
{
    g_autofree char *why = NULL;

    switch (lite.errcode(r->db) & 0xff) {
    case SQLITE_NOTADB:
        return refuse_file(r, LPM_ERROR_MALFORMED, "no record of moves",
                           error);
    case SQLITE_CORRUPT:
        return refuse_file(r, LPM_ERROR_MALFORMED,
                           "the record of moves is damaged", error);
    case SQLITE_BUSY:
        why = g_strdup_printf("another program has it locked for %u s",
                              LPM_RECORDS_BUSY_MS / 1000);
        return cannot(r, why, error);
    default:
        return cannot(r, lite.errmsg(r->db), error);
    }
}

/*
 * @types: one letter for each value: i: gint64, s: a string or NULL.
 *
 * Returns: (transfer full) (nullable)
 */
static sqlite3_stmt *prepare(LpmRecords *r, GError **error, const char *sql,
                             const char *types, va_list args)
{
    g_autoptr(sqlite3_stmt) stmt = NULL;

    if (lite.prepare_v2(r->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        fail(r, error);
        return NULL;
    }
    for (int i = 0; types[i] != '\0'; i++) {
        int rc;

        if (types[i] == 'i') {
            rc = lite.bind_int64(stmt, i + 1, va_arg(args, gint64));
        } else {
            const char *text = va_arg(args, const char *);

            rc = text == NULL ? lite.bind_null(stmt, i + 1) :
                 lite.bind_text(stmt, i + 1, text, -1, SQLITE_TRANSIENT);
        }
        if (rc != SQLITE_OK) {
            fail(r, error);
            return NULL;
        }
    }
    return g_steal_pointer(&stmt);
}

static sqlite3_stmt *query(LpmRecords *r, GError **error, const char *sql,
                           const char *types, ...)
{
    sqlite3_stmt *stmt;
    va_list args;

    va_start(args, types);
    stmt = prepare(r, error, sql, types, args);
    va_end(args);
    return stmt;
}

/* Returns: whether there is a row; @ret_ok: whether none is the end. */
static gboolean next(LpmRecords *r, sqlite3_stmt *stmt, gboolean *ret_ok,
                     GError **error)
{
    int rc = lite.step(stmt);

    *ret_ok = rc == SQLITE_ROW || rc == SQLITE_DONE || fail(r, error);
    return rc == SQLITE_ROW;
}

static gboolean run(LpmRecords *r, GError **error, const char *sql,
                    const char *types, ...)
{
    g_autoptr(sqlite3_stmt) stmt = NULL;
    gboolean ok;
    va_list args;

    va_start(args, types);
    stmt = prepare(r, error, sql, types, args);
    va_end(args);
    if (stmt == NULL) {
        return FALSE;
    }
    /* a pragma may answer with rows */
    while (next(r, stmt, &ok, error)) {
    }
    return ok;
}

static gboolean ask_number(LpmRecords *r, const char *sql, gint64 *ret_number,
                           GError **error)
{
    g_autoptr(sqlite3_stmt) stmt = query(r, error, sql, "");
    gboolean ok;

    if (stmt == NULL) {
        return FALSE;
    }
    *ret_number = next(r, stmt, &ok, error) ? lite.column_int64(stmt, 0) : 0;
    return ok;
}

/* (transfer full) (nullable): in UTF-8, whatever a file holds. */
static char *column(sqlite3_stmt *stmt, int index)
{
    const char *text = (const char *)lite.column_text(stmt, index);

    return text != NULL ?
           g_utf8_make_valid(text, lite.column_bytes(stmt, index)) : NULL;
}

/* Whether all rows that @sql gives are @wanted. */
static gboolean is_text(LpmRecords *r, const char *sql, const char *wanted,
                        gboolean *ret_is, GError **error)
{
    g_autoptr(sqlite3_stmt) stmt = query(r, error, sql, "");
    gboolean ok;
    guint n = 0;

    if (stmt == NULL) {
        return FALSE;
    }
    *ret_is = TRUE;
    for (; next(r, stmt, &ok, error); n++) {
        g_autofree char *text = column(stmt, 0);

        *ret_is = *ret_is && g_strcmp0(text, wanted) == 0;
    }
    *ret_is = *ret_is && n == 1;
    return ok;
}

static gboolean make_schema(LpmRecords *r, GError **error)
{
    g_autofree char *id = g_strdup_printf("PRAGMA application_id = %d",
                                          APPLICATION_ID);
    g_autofree char *format = g_strdup_printf("PRAGMA user_version = %d",
                                              FORMAT);

    return run(r, error, SCHEMA, "") && run(r, error, id, "") &&
           run(r, error, format, "");
}

/* That nothing but what we made is in there: no trigger, no view. */
static gboolean check_schema(LpmRecords *r, GError **error)
{
    gboolean is_ours, is_whole;

    if (!is_text(r, "SELECT sql FROM sqlite_schema", SCHEMA, &is_ours,
                 error) ||
        (is_ours && !is_text(r, "PRAGMA quick_check(1)", "ok", &is_whole,
                             error))) {
        return FALSE;
    }
    if (!is_ours) {
        return refuse_file(r, LPM_ERROR_MALFORMED,
                           "no record of moves, though it says so", error);
    }
    return is_whole || refuse_file(r, LPM_ERROR_MALFORMED,
                                   "the record of moves is damaged", error);
}

/* @is_new: it had no bytes when it was opened. */
static gboolean check(LpmRecords *r, gboolean is_new, GError **error)
{
    g_autofree char *why = NULL;
    gint64 id, format;

    if (!ask_number(r, "PRAGMA application_id", &id, error) ||
        !ask_number(r, "PRAGMA user_version", &format, error)) {
        return FALSE;
    }
    if (is_new && id == 0 && format == 0) {
        return make_schema(r, error);
    }
    if (id != APPLICATION_ID) {
        return refuse_file(r, LPM_ERROR_MALFORMED,
                           "a database, but no record of moves", error);
    }
    if (format != FORMAT) {
        why = g_strdup_printf(
            "a record of moves of format %" G_GINT64_FORMAT ", wanted %d "
            "(another version of lpm made it)", format, FORMAT);
        return refuse_file(r, LPM_ERROR_UNSUPPORTED, why, error);
    }
    return check_schema(r, error);
}

const char *lpm_records_path(const char *option)
{
    const char *path = option != NULL ? option : g_getenv("LPM_RECORDS");

    return path != NULL && path[0] != '\0' ? path : LPM_RECORDS_FILE;
}

/* Who may read the file may also lock it: nobody but root and its group. */
static gboolean make_file(const LpmRecords *r, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(r->path);
    int fd;

    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return cannot(r, g_strerror(errno), error);
    }
    fd = open(r->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
              0640);
    if (fd < 0 && errno != EEXIST) {
        return cannot(r, g_strerror(errno), error);
    }
    /* before SQLite opens it: a close drops all locks of the process */
    if (fd >= 0) {
        close(fd);
    }
    return TRUE;
}

/* Returns: whether there is something to open. */
static gboolean look_at_file(const LpmRecords *r, gboolean *ret_is_new,
                             gboolean *ret_is_none, GError **error)
{
    struct stat st;

    *ret_is_new = *ret_is_none = FALSE;
    if (stat(r->path, &st) != 0) {
        if (errno != ENOENT) {
            return cannot(r, g_strerror(errno), error);
        }
        *ret_is_none = r->mode == LPM_RECORDS_READ;
        *ret_is_new = TRUE;
        return *ret_is_none || make_file(r, error);
    }
    if (!S_ISREG(st.st_mode)) {
        return refuse_file(r, LPM_ERROR_MALFORMED, "not a file", error);
    }
    *ret_is_new = st.st_size == 0;
    *ret_is_none = *ret_is_new && r->mode == LPM_RECORDS_READ;
    return TRUE;
}

/* Two processes may make it at once: the second waits, and finds it made. */
static gboolean open_db(LpmRecords *r, gboolean is_new, GError **error)
{
    gboolean write = r->mode == LPM_RECORDS_WRITE;
    gboolean ok;

    if (lite.open_v2(r->path, &r->db, write ? SQLITE_OPEN_READWRITE :
                     SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        return r->db != NULL ? fail(r, error) :
               cannot(r, "out of memory", error);
    }
    lite.busy_timeout(r->db, LPM_RECORDS_BUSY_MS);
    if (!run(r, error, "PRAGMA trusted_schema = 0", "") ||
        !run(r, error, "PRAGMA cell_size_check = 1", "") ||
        !run(r, error, write ? "BEGIN IMMEDIATE" : "BEGIN", "")) {
        return FALSE;
    }
    ok = check(r, is_new, error);
    return run(r, ok ? error : NULL, ok ? "COMMIT" : "ROLLBACK", "") && ok;
}

LpmRecords *lpm_records_open(const char *path, const char *root,
                             LpmRecordsMode mode, GError **error)
{
    g_autoptr(LpmRecords) r = g_new0(LpmRecords, 1);
    gboolean is_new, is_none;

    /* SQLite takes "file:x" and ":memory:" for something else */
    r->path = g_canonicalize_filename(path, NULL);
    r->root = g_strdup(root);
    r->boot = lpm_boot_id(root);
    r->mode = mode;
    if (!load(error) || !look_at_file(r, &is_new, &is_none, error) ||
        (!is_none && !open_db(r, is_new, error))) {
        return NULL;
    }
    return g_steal_pointer(&r);
}

void lpm_records_close(LpmRecords *r)
{
    if (r == NULL) {
        return;
    }
    if (r->db != NULL) {
        lite.close_v2(r->db);
    }
    g_free(r->path);
    g_free(r->root);
    g_free(r->boot);
    g_free(r);
}

static gint64 wall_ms(void)
{
    return g_get_real_time() / 1000;
}

/* That of touched_ms. */
static gint64 boot_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* (transfer full) (nullable): valid UTF-8 of at most @max bytes. */
static char *clip(const char *text, gsize max)
{
    char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;
    const char *end;

    if (valid != NULL && strlen(valid) > max) {
        end = g_utf8_find_prev_char(valid, valid + max + 1);
        valid[end - valid] = '\0';
    }
    return valid;
}

static void running_free(gpointer opaque)
{
    Running *running = opaque;

    lpm_move_record_free(running->move);
    g_free(running->boot);
    g_free(running);
}

static gboolean read_move(LpmRecords *r, sqlite3_stmt *stmt,
                          LpmMoveRecord *move, GError **error)
{
    g_autofree char *direction = column(stmt, C_DIRECTION);
    g_autofree char *kind = column(stmt, C_KIND);
    g_autofree char *outcome = column(stmt, C_OUTCOME);

    move->id = lite.column_int64(stmt, C_ID);
    move->name = column(stmt, C_NAME);
    move->uuid = column(stmt, C_UUID);
    move->peer = column(stmt, C_PEER);
    move->by = column(stmt, C_BY);
    move->pid = lite.column_int64(stmt, C_PID);
    move->pid_start = (guint64)lite.column_int64(stmt, C_PID_START);
    move->phase = column(stmt, C_PHASE);
    move->begun_ms = lite.column_int64(stmt, C_BEGUN);
    move->ended_ms = lite.column_int64(stmt, C_ENDED);
    move->text = column(stmt, C_TEXT);
    return (lpm_kept_direction_find(direction, &move->direction) &&
            lpm_kept_kind_find(kind, &move->kind) &&
            lpm_kept_outcome_find(outcome, &move->outcome)) ||
           refuse_file(r, LPM_ERROR_MALFORMED,
                       "the record of moves is damaged", error);
}

/* (transfer full) (nullable): Running *, the oldest first. */
static GPtrArray *read_running(LpmRecords *r, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(running_free);
    g_autoptr(sqlite3_stmt) stmt = query(
        r, error, "SELECT " COLUMNS " FROM move WHERE ended_ms IS NULL "
        "ORDER BY id", "");
    gboolean ok;

    if (stmt == NULL) {
        return NULL;
    }
    while (next(r, stmt, &ok, error)) {
        Running *running = g_new0(Running, 1);

        running->move = g_new0(LpmMoveRecord, 1);
        g_ptr_array_add(all, running);
        if (!read_move(r, stmt, running->move, error)) {
            return NULL;
        }
        running->boot = column(stmt, C_BOOT);
        running->touched_ms = lite.column_int64(stmt, C_TOUCHED);
        running->seen = lite.column_int64(stmt, C_SEEN) != 0;
    }
    return ok ? g_steal_pointer(&all) : NULL;
}

/* libvirt */

static const LpmVirtGuest *guest_of(const LpmVirtStatus *virt,
                                    const LpmMoveRecord *move)
{
    for (guint i = 0; i < virt->guests->len; i++) {
        const LpmVirtGuest *guest = g_ptr_array_index(virt->guests, i);

        if (lpm_move_record_is(move, guest->name, guest->uuid)) {
            return guest;
        }
    }
    return NULL;
}

static LpmVirtJob job_wanted(const LpmMoveRecord *move)
{
    return move->direction == LPM_KEPT_INBOUND ? LPM_VIRT_JOB_IN :
                                                   LPM_VIRT_JOB_OUT;
}

/* Words of LpmMovePhase for those of libvirt. */
static const char *phase_of(const LpmVirtGuest *guest)
{
    gboolean waits = g_str_equal(guest->reason, "migration");

    if (g_str_has_prefix(guest->phase, "finish")) {
        return g_str_equal(guest->state, "running") ?
               "running-on-destination" : "stopped";
    }
    if (g_str_equal(guest->phase, "confirm3")) {
        return "cleanup";
    }
    if (g_str_equal(guest->phase, "confirm3_cancelled") ||
        g_str_equal(guest->phase, "postcopy_failed")) {
        return "recovery";
    }
    if (g_str_has_prefix(guest->phase, "perform")) {
        return waits ? "stopped" : "transfer";
    }
    return guest->job == LPM_VIRT_JOB_IN && waits ? "transfer" : "preparing";
}

static LpmMoveRecord *move_of(const LpmVirtGuest *guest)
{
    LpmMoveRecord *move = g_new0(LpmMoveRecord, 1);

    move->name = g_strdup(guest->name);
    move->uuid = g_strdup(guest->uuid);
    move->direction = guest->job == LPM_VIRT_JOB_IN ? LPM_KEPT_INBOUND :
                                                      LPM_KEPT_OUTBOUND;
    move->by = g_strdup("libvirt");
    move->phase = g_strdup(phase_of(guest));
    move->begun_ms = guest->since_ms;
    return move;
}

/* Those of libvirt that nobody recorded. */
static void add_unrecorded(GPtrArray *moves, const LpmVirtStatus *virt)
{
    guint recorded = moves->len;

    for (guint i = 0; i < virt->guests->len; i++) {
        const LpmVirtGuest *guest = g_ptr_array_index(virt->guests, i);
        gboolean found = guest->job != LPM_VIRT_JOB_IN &&
                         guest->job != LPM_VIRT_JOB_OUT;

        for (guint k = 0; !found && k < recorded; k++) {
            const LpmMoveRecord *move = g_ptr_array_index(moves, k);

            found = job_wanted(move) == guest->job &&
                    lpm_move_record_is(move, guest->name, guest->uuid);
        }
        if (!found) {
            g_ptr_array_add(moves, move_of(guest));
        }
    }
}

static guint count_saves(const LpmVirtStatus *virt)
{
    guint n = 0;

    for (guint i = 0; i < virt->guests->len; i++) {
        const LpmVirtGuest *guest = g_ptr_array_index(virt->guests, i);

        n += guest->job == LPM_VIRT_JOB_SAVE;
    }
    return n;
}

/* Settling */

static void over(LpmMoveRecord *move, LpmKeptOutcome outcome,
                 const char *text)
{
    move->outcome = outcome;
    g_free(move->text);
    move->text = g_strdup(text);
}

static gboolean is_young(const Running *running)
{
    gint64 age_ms = boot_ms() - running->touched_ms;

    return !running->seen && age_ms >= 0 && age_ms < LPM_RECORDS_GRACE_MS;
}

/*
 * A guest that is taken down loses its job first; until then it keeps the
 * reason with which it waited, while one that has arrived runs, or is paused
 * because its user did that.
 */
static gboolean has_arrived(const LpmVirtGuest *guest)
{
    return g_str_equal(guest->state, "running") ||
           (g_str_equal(guest->state, "paused") &&
            !g_str_equal(guest->reason, "migration") &&
            !g_str_equal(guest->reason, "starting up"));
}

static void settle_by_libvirt(Running *running, const LpmVirtStatus *virt)
{
    LpmMoveRecord *move = running->move;
    const LpmVirtGuest *guest = guest_of(virt, move);

    if (guest != NULL && guest->job == job_wanted(move)) {
        running->seen = TRUE;
        g_free(move->phase);
        move->phase = g_strdup(phase_of(guest));
        return;
    }
    if (move->direction == LPM_KEPT_INBOUND && guest != NULL &&
        !has_arrived(guest)) {
        guest = NULL;
    }
    if (guest != NULL && move->direction == LPM_KEPT_INBOUND) {
        /* the job stands in the file as long as the guest is on its way */
        over(move, LPM_KEPT_DONE, "the guest is here");
    } else if (is_young(running)) {
        return;
    } else if (guest != NULL) {
        over(move, LPM_KEPT_FAILED, "libvirt has no such job any more; "
             "the guest is here");
    } else if (move->direction == LPM_KEPT_INBOUND && virt->why == NULL &&
               move->kind != LPM_KEPT_INACTIVE) {
        over(move, LPM_KEPT_FAILED, "libvirt has no such job; the guest "
             "is not here");
    } else {
        over(move, LPM_KEPT_LOST, "libvirt tells of no such job, nor how "
             "it ended");
    }
}

static void settle_one(LpmRecords *r, Running *running,
                       const LpmVirtStatus *virt)
{
    LpmMoveRecord *move = running->move;
    guint64 start = lpm_process_start(r->root, move->pid);

    if (g_strcmp0(running->boot, r->boot) != 0) {
        over(move, LPM_KEPT_LOST, "the host was started anew meanwhile");
    } else if (move->pid == 0) {
        settle_by_libvirt(running, virt);
    } else if (start == 0 || start != move->pid_start) {
        over(move, LPM_KEPT_LOST, "its process has ended without a word");
    }
}

static gboolean write_end(LpmRecords *r, gint64 id, LpmKeptOutcome outcome,
                          const char *text, GError **error)
{
    return run(r, error, "UPDATE move SET outcome = ?, text = ?, "
               "ended_ms = ? WHERE id = ? AND ended_ms IS NULL", "ssii",
               lpm_kept_outcome_name(outcome), text, wall_ms(), id);
}

/*
 * In a transaction, so that what libvirt says is not older than what the
 * file does.
 *
 * Returns: (transfer full) (nullable): LpmMoveRecord *, what runs.
 * @ret_over: (nullable): gets those that are over now.
 */
static GPtrArray *settle(LpmRecords *r, const LpmVirtStatus *virt,
                         GPtrArray *ret_over, GError **error)
{
    g_autoptr(GPtrArray) all = read_running(r, error);
    g_autoptr(GPtrArray) moves = lpm_move_records_new();

    for (guint i = 0; all != NULL && i < all->len; i++) {
        Running *running = g_ptr_array_index(all, i);
        LpmMoveRecord *move = running->move;
        gboolean was_seen = running->seen;
        gboolean ok = TRUE;

        settle_one(r, running, virt);
        if (r->mode == LPM_RECORDS_READ) {
            /* nothing is kept of it */
        } else if (move->outcome != LPM_KEPT_RUNNING) {
            ok = write_end(r, move->id, move->outcome, move->text, error);
        } else if (running->seen != was_seen) {
            ok = run(r, error, "UPDATE move SET seen = 1 WHERE id = ?", "i",
                     move->id);
        }
        if (!ok) {
            return NULL;
        }
        if (move->outcome == LPM_KEPT_RUNNING) {
            g_ptr_array_add(moves, g_steal_pointer(&running->move));
        } else if (ret_over != NULL) {
            g_ptr_array_add(ret_over, g_steal_pointer(&running->move));
        }
    }
    if (all == NULL) {
        return NULL;
    }
    add_unrecorded(moves, virt);
    return g_steal_pointer(&moves);
}

/* Transactions */

typedef gboolean (*Body)(LpmRecords *r, gpointer opaque, GError **error);

static gboolean transact(LpmRecords *r, Body body, gpointer opaque,
                         GError **error)
{
    gboolean ok;

    if (!run(r, error, r->mode == LPM_RECORDS_WRITE ? "BEGIN IMMEDIATE" :
             "BEGIN", "")) {
        return FALSE;
    }
    ok = body(r, opaque, error) && run(r, error, "COMMIT", "");
    if (!ok) {
        /* the error is told; one of a rollback adds nothing */
        run(r, NULL, "ROLLBACK", "");
    }
    return ok;
}

typedef struct Begin {
    const LpmMoveRecord *asked;
    const LpmMoveLimits *limits;
    gint64 id;
    GError *refusal;
} Begin;

/*
 * libvirt tells of no hook after it has refused a move itself, and asks the
 * next time as if there had been none.
 */
static gboolean replace(LpmRecords *r, GPtrArray *moves,
                        const LpmMoveRecord *asked, const LpmVirtStatus *virt,
                        GError **error)
{
    for (guint i = 0; i < moves->len; i++) {
        const LpmMoveRecord *move = g_ptr_array_index(moves, i);

        if (asked->pid != 0 || move->pid != 0 || move->id == 0 ||
            move->direction != asked->direction ||
            !lpm_move_record_is(move, asked->name, asked->uuid) ||
            guest_of(virt, move) != NULL) {
            continue;
        }
        if (!write_end(r, move->id, LPM_KEPT_LOST, "nobody told how it "
                       "ended, and another one began", error)) {
            return FALSE;
        }
        g_ptr_array_remove_index(moves, i--);
    }
    return TRUE;
}

static gboolean insert(LpmRecords *r, Begin *begin, GError **error)
{
    const LpmMoveRecord *asked = begin->asked;
    g_autofree char *name = clip(asked->name, NAME_BYTES_MAX);
    g_autofree char *peer = clip(asked->peer, NAME_BYTES_MAX);
    g_autofree char *uuid = asked->uuid != NULL ?
        g_ascii_strdown(asked->uuid, -1) : NULL;

    if (!run(r, error, "INSERT INTO move (name, uuid, direction, kind, peer, "
             "told_by, pid, pid_start, phase, begun_ms, outcome, boot, "
             "touched_ms, seen) VALUES "
             "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", "ssssssiisissi",
             name, uuid, lpm_kept_direction_name(asked->direction),
             lpm_kept_kind_name(asked->kind), peer, asked->by, asked->pid,
             (gint64)asked->pid_start,
             asked->phase != NULL ? asked->phase : "preparing", wall_ms(),
             lpm_kept_outcome_name(LPM_KEPT_RUNNING), r->boot,
             boot_ms())) {
        return FALSE;
    }
    begin->id = lite.last_insert_rowid(r->db);
    return run(r, error, "DELETE FROM move WHERE ended_ms IS NOT NULL AND id "
               "<= (SELECT max(id) FROM move) - ?", "i",
               (gint64)LPM_RECORDS_KEPT);
}

static gboolean begin_body(LpmRecords *r, gpointer opaque, GError **error)
{
    Begin *begin = opaque;
    g_autoptr(LpmVirtStatus) virt = lpm_virt_status_read(r->root);
    g_autoptr(GPtrArray) moves = settle(r, virt, NULL, error);

    if (moves == NULL || !replace(r, moves, begin->asked, virt, error)) {
        return FALSE;
    }
    /* what was settled is kept although this one is refused */
    return !lpm_limits_allow(moves, count_saves(virt), begin->asked,
                             begin->limits, &begin->refusal) ||
           insert(r, begin, error);
}

gboolean lpm_records_begin(LpmRecords *r, const LpmMoveRecord *move,
                           const LpmMoveLimits *limits, gint64 *ret_id,
                           GError **error)
{
    Begin begin = { .asked = move, .limits = limits };

    g_assert(r->mode == LPM_RECORDS_WRITE);
    if (!transact(r, begin_body, &begin, error)) {
        g_clear_error(&begin.refusal);
        return FALSE;
    }
    if (begin.refusal != NULL) {
        g_propagate_error(error, begin.refusal);
        return FALSE;
    }
    *ret_id = begin.id;
    return TRUE;
}

static gboolean changed_one(LpmRecords *r, gint64 id, GError **error)
{
    if (lite.changes(r->db) == 1) {
        return TRUE;
    }
    g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                "%s: no move %" G_GINT64_FORMAT " runs", r->path, id);
    return FALSE;
}

gboolean lpm_records_set_phase(LpmRecords *r, gint64 id, const char *phase,
                               GError **error)
{
    g_assert(r->mode == LPM_RECORDS_WRITE);
    return run(r, error, "UPDATE move SET phase = ?, touched_ms = ? "
               "WHERE id = ? AND ended_ms IS NULL", "sii", phase, boot_ms(),
               id) &&
           changed_one(r, id, error);
}

gboolean lpm_records_end(LpmRecords *r, gint64 id, LpmKeptOutcome outcome,
                         const char *text, GError **error)
{
    g_autofree char *clipped = clip(text, LPM_RECORDS_TEXT_MAX);

    g_assert(r->mode == LPM_RECORDS_WRITE && outcome != LPM_KEPT_RUNNING);
    return write_end(r, id, outcome, clipped, error) &&
           changed_one(r, id, error);
}

gboolean lpm_records_find(LpmRecords *r, const char *name, const char *uuid,
                          gint64 *ret_id, GError **error)
{
    g_autoptr(GPtrArray) all = NULL;

    *ret_id = 0;
    if (r->db == NULL) {
        return TRUE;
    }
    all = read_running(r, error);
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const Running *running = g_ptr_array_index(all, i);

        if (lpm_move_record_is(running->move, name, uuid)) {
            *ret_id = running->move->id;
        }
    }
    return all != NULL;
}

static gboolean settle_body(LpmRecords *r, gpointer opaque, GError **error)
{
    g_autoptr(LpmVirtStatus) virt = lpm_virt_status_read(r->root);
    g_autoptr(GPtrArray) moves = settle(r, virt, NULL, error);

    (void)opaque;
    return moves != NULL;
}

gboolean lpm_records_settle(LpmRecords *r, GError **error)
{
    return r->db == NULL || transact(r, settle_body, NULL, error);
}

typedef struct List {
    guint ended;
    GPtrArray *moves;
    char *why;
} List;

static gboolean add_ended(LpmRecords *r, List *list, GError **error)
{
    g_autoptr(sqlite3_stmt) stmt = query(
        r, error, "SELECT " COLUMNS " FROM move WHERE ended_ms IS NOT NULL "
        "ORDER BY ended_ms DESC, id DESC LIMIT ?", "i",
        (gint64)list->ended);
    gboolean ok;

    if (stmt == NULL) {
        return FALSE;
    }
    while (next(r, stmt, &ok, error)) {
        LpmMoveRecord *move = g_new0(LpmMoveRecord, 1);

        g_ptr_array_add(list->moves, move);
        if (!read_move(r, stmt, move, error)) {
            return FALSE;
        }
    }
    return ok;
}

static gboolean list_body(LpmRecords *r, gpointer opaque, GError **error)
{
    List *list = opaque;
    g_autoptr(LpmVirtStatus) virt = lpm_virt_status_read(r->root);
    g_autoptr(GPtrArray) fresh = lpm_move_records_new();

    list->why = g_strdup(virt->why);
    if (r->db == NULL) {
        list->moves = lpm_move_records_new();
        add_unrecorded(list->moves, virt);
        return TRUE;
    }
    /* in mode WRITE they are in the file by then */
    list->moves = settle(r, virt, r->mode == LPM_RECORDS_READ ? fresh : NULL,
                         error);
    if (list->moves == NULL) {
        return FALSE;
    }
    while (fresh->len > list->ended) {
        g_ptr_array_remove_index(fresh, 0);
    }
    list->ended -= fresh->len;
    while (fresh->len > 0) {
        /* the last to begin first */
        g_ptr_array_add(list->moves,
                        g_ptr_array_steal_index(fresh, fresh->len - 1));
    }
    return add_ended(r, list, error);
}

GPtrArray *lpm_records_list(LpmRecords *r, guint ended, char **ret_why,
                            GError **error)
{
    List list = { .ended = ended };
    gboolean ok = r->db == NULL ? list_body(r, &list, error) :
                                  transact(r, list_body, &list, error);

    if (!ok) {
        g_clear_pointer(&list.moves, g_ptr_array_unref);
        g_clear_pointer(&list.why, g_free);
    }
    *ret_why = list.why;
    return list.moves;
}
