/*
 * A QMP client for one UNIX socket: bounded, with a deadline per command
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/qmp.h"

#define READ_BYTES  (64u * 1024)

struct LpmQmp {
    GSocketConnection *connection;  /* NULL once it has failed */
    GSocket *socket;                /* owned by @connection */
    GString *buffer;                /* read, not yet consumed */
    char *path;
    char *side;
    guint deadline_ms;
    guint64 next_id;
    LpmQmpEvent handler;
    gpointer opaque;
    gboolean has_peer;
    pid_t pid;
    uid_t uid;
};

static gboolean fail(LpmQmp *qmp, LpmErrorCode code, GError **error,
                     const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Set the error with the side in front and close: see the theory above. */
static gboolean fail(LpmQmp *qmp, LpmErrorCode code, GError **error,
                     const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, LPM_ERROR, code, "%s qmp:%s: %s", qmp->side,
                qmp->path, text);
    qmp->socket = NULL;
    g_clear_object(&qmp->connection);
    return FALSE;
}

/* Wait for @condition; false with an error once @end_us has passed. */
static gboolean await(LpmQmp *qmp, GIOCondition condition, gint64 end_us,
                      const char *what, GError **error)
{
    gint64 left_us = end_us - g_get_monotonic_time();

    if (left_us > 0 &&
        g_socket_condition_timed_wait(qmp->socket, condition, left_us, NULL,
                                      NULL)) {
        return TRUE;
    }
    return fail(qmp, LPM_ERROR_IO, error,
                "no %s within %u ms; QEMU hangs, or another client "
                "(libvirt?) holds this monitor: give QEMU a second -qmp "
                "socket, or a longer --qmp-deadline", what,
                qmp->deadline_ms);
}

static gboolean send_all(LpmQmp *qmp, const char *text, gsize len,
                         gint64 end_us, const char *what, GError **error)
{
    while (len > 0) {
        g_autoptr(GError) err = NULL;
        gssize sent = g_socket_send(qmp->socket, text, len, NULL, &err);

        if (sent >= 0) {
            text += sent;
            len -= (gsize)sent;
        } else if (g_error_matches(err, G_IO_ERROR,
                                   G_IO_ERROR_WOULD_BLOCK)) {
            if (!await(qmp, G_IO_OUT, end_us, what, error)) {
                return FALSE;
            }
        } else {
            return fail(qmp, LPM_ERROR_IO, error,
                        "cannot send: %s; see whether QEMU still runs",
                        err->message);
        }
    }
    return TRUE;
}

/* Read more into the buffer; waits. */
static gboolean receive(LpmQmp *qmp, gint64 end_us, const char *what,
                        GError **error)
{
    for (;;) {
        g_autoptr(GError) err = NULL;
        char bytes[READ_BYTES];
        gssize got = g_socket_receive(qmp->socket, bytes, sizeof(bytes),
                                      NULL, &err);

        if (got > 0) {
            if (qmp->buffer->len + (gsize)got > LPM_QMP_REPLY_MAX_BYTES) {
                return fail(qmp, LPM_ERROR_LIMIT, error,
                            "%s is longer than %u bytes; is this a QMP "
                            "socket?", what, LPM_QMP_REPLY_MAX_BYTES);
            }
            g_string_append_len(qmp->buffer, bytes, got);
            return TRUE;
        }
        if (got == 0) {
            return fail(qmp, LPM_ERROR_IO, error,
                        "connection closed, wanted %s; see whether QEMU "
                        "still runs, and its log", what);
        }
        if (!g_error_matches(err, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
            return fail(qmp, LPM_ERROR_IO, error,
                        "cannot read %s: %s; see whether QEMU still runs",
                        what, err->message);
        }
        if (!await(qmp, G_IO_IN, end_us, what, error)) {
            return FALSE;
        }
    }
}

/* The next line as an object; NULL with an error. */
static JsonNode *read_message(LpmQmp *qmp, gint64 end_us, const char *what,
                              GError **error)
{
    gsize seen = 0;
    const char *newline;
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) err = NULL;

    while ((newline = memchr(qmp->buffer->str + seen, '\n',
                             qmp->buffer->len - seen)) == NULL) {
        seen = qmp->buffer->len;
        if (!receive(qmp, end_us, what, error)) {
            return NULL;
        }
    }
    node = lpm_json_parse(qmp->buffer->str,
                          (gsize)(newline - qmp->buffer->str), what, &err);
    g_string_erase(qmp->buffer, 0, newline - qmp->buffer->str + 1);
    if (node == NULL) {
        fail(qmp, err->code, error, "%s; is this a QMP socket?",
             err->message);
        return NULL;
    }
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        fail(qmp, LPM_ERROR_MALFORMED, error,
             "%s: wanted a JSON object; is this a QMP socket?", what);
        return NULL;
    }
    return g_steal_pointer(&node);
}

static void handle_event(LpmQmp *qmp, JsonObject *message)
{
    g_autofree char *name = NULL;
    JsonObject *data = NULL;

    /* An event that we cannot read is one that we do not need. */
    if (qmp->handler == NULL ||
        !lpm_json_get_string(message, NULL, "event", LPM_JSON_REQUIRED, 255,
                             &name, NULL)) {
        return;
    }
    if (!lpm_json_get_object(message, NULL, "data", LPM_JSON_OPTIONAL,
                             &data, NULL)) {
        return;
    }
    qmp->handler(name, data, qmp->opaque);
}

static gint64 deadline(const LpmQmp *qmp)
{
    return g_get_monotonic_time() + (gint64)qmp->deadline_ms * 1000;
}

/*
 * QEMU's own error as ours.  The connection stays good; STATE and
 * UNSUPPORTED are the caller's to judge.
 */
static void set_qmp_error(LpmQmp *qmp, const char *command,
                          JsonObject *message, GError **error)
{
    static const LpmJsonPath path = { .key = "error" };
    g_autofree char *class = NULL;
    g_autofree char *desc = NULL;
    g_autoptr(GError) err = NULL;
    JsonObject *object = NULL;

    if (!lpm_json_get_object(message, NULL, "error", LPM_JSON_REQUIRED,
                             &object, &err) ||
        !lpm_json_get_string(object, &path, "class", LPM_JSON_REQUIRED, 255,
                             &class, &err) ||
        !lpm_json_get_string(object, &path, "desc", LPM_JSON_REQUIRED,
                             LPM_QMP_REPLY_MAX_BYTES, &desc, &err)) {
        fail(qmp, LPM_ERROR_MALFORMED, error, "reply to %s: %s", command,
             err->message);
        return;
    }
    g_set_error(error, LPM_ERROR,
                g_str_equal(class, "CommandNotFound") ?
                LPM_ERROR_UNSUPPORTED : LPM_ERROR_STATE,
                "%s qmp:%s: %s: %s", qmp->side, qmp->path, command, desc);
}

JsonNode *lpm_qmp_execute_within(LpmQmp *qmp, const char *command,
                                 JsonObject *arguments, guint deadline_ms,
                                 GError **error)
{
    guint usual_ms = qmp->deadline_ms;
    JsonNode *reply;

    qmp->deadline_ms = deadline_ms;
    reply = lpm_qmp_execute(qmp, command, arguments, error);
    qmp->deadline_ms = usual_ms;
    return reply;
}

JsonNode *lpm_qmp_execute(LpmQmp *qmp, const char *command,
                          JsonObject *arguments, GError **error)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *what = g_strdup_printf("reply to %s", command);
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    JsonObject *request = json_object_new();
    guint64 id = qmp->next_id++;
    gint64 end_us = deadline(qmp);

    json_object_set_string_member(request, "execute", command);
    if (arguments != NULL) {
        json_object_set_object_member(request, "arguments", arguments);
    }
    json_object_set_int_member(request, "id", (gint64)id);
    json_node_take_object(root, request);

    if (qmp->connection == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                    "%s qmp:%s: %s not sent: the connection has failed "
                    "before", qmp->side, qmp->path, command);
        return NULL;
    }
    text = json_to_string(root, FALSE);
    line = g_strconcat(text, "\n", NULL);
    if (!send_all(qmp, line, strlen(line), end_us, what, error)) {
        return NULL;
    }
    for (guint events = 0; events < LPM_QMP_EVENTS_MAX; events++) {
        g_autoptr(JsonNode) node = read_message(qmp, end_us, what, error);
        JsonObject *message;
        guint64 got_id = 0;

        if (node == NULL) {
            return NULL;
        }
        message = json_node_get_object(node);
        if (json_object_has_member(message, "event")) {
            handle_event(qmp, message);
            continue;
        }
        if (!lpm_json_get_uint(message, NULL, "id", LPM_JSON_REQUIRED,
                               G_MAXINT64, &got_id, NULL) || got_id != id) {
            fail(qmp, LPM_ERROR_MALFORMED, error,
                 "%s: got a message without our id %" G_GUINT64_FORMAT
                 "; is this a QMP socket?", what, id);
            return NULL;
        }
        if (json_object_has_member(message, "error")) {
            set_qmp_error(qmp, command, message, error);
            return NULL;
        }
        if (!json_object_has_member(message, "return")) {
            fail(qmp, LPM_ERROR_MALFORMED, error,
                 "%s: neither return nor error in it", what);
            return NULL;
        }
        return json_node_copy(json_object_get_member(message, "return"));
    }
    fail(qmp, LPM_ERROR_LIMIT, error, "%u events and no %s",
         LPM_QMP_EVENTS_MAX, what);
    return NULL;
}

static gboolean connect_socket(LpmQmp *qmp, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = NULL;
    g_autoptr(GCredentials) peer = NULL;
    g_autoptr(GError) err = NULL;
    struct stat st;

    /* The kernel says "refused" for a plain file: tell the two apart. */
    if (stat(qmp->path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        return fail(qmp, LPM_ERROR_IO, error,
                    "not a socket, wanted the path of QEMU's -qmp "
                    "unix:PATH,server=on,wait=off");
    }
    if (strlen(qmp->path) >= 108) {
        return fail(qmp, LPM_ERROR_LIMIT, error,
                    "path of %zu bytes, wanted at most 107: use a shorter "
                    "path or a symbolic link", strlen(qmp->path));
    }
    address = g_unix_socket_address_new(qmp->path);
    g_socket_client_set_timeout(client, (qmp->deadline_ms + 999) / 1000);
    qmp->connection = g_socket_client_connect(
        client, G_SOCKET_CONNECTABLE(address), NULL, &err);
    if (qmp->connection == NULL) {
        if (g_error_matches(err, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)) {
            return fail(qmp, LPM_ERROR_IO, error,
                        "no such socket: start QEMU with -qmp "
                        "unix:PATH,server=on,wait=off and give its path");
        }
        if (g_error_matches(err, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)) {
            return fail(qmp, LPM_ERROR_IO, error,
                        "permission denied: run as the user that runs QEMU "
                        "or as root");
        }
        if (g_error_matches(err, G_IO_ERROR,
                            G_IO_ERROR_CONNECTION_REFUSED)) {
            return fail(qmp, LPM_ERROR_IO, error,
                        "nobody listens on this socket: its QEMU has ended");
        }
        return fail(qmp, LPM_ERROR_IO, error, "cannot connect: %s",
                    err->message);
    }
    qmp->socket = g_socket_connection_get_socket(qmp->connection);
    g_socket_set_blocking(qmp->socket, FALSE);
    g_socket_set_timeout(qmp->socket, 0);
    peer = g_socket_get_credentials(qmp->socket, NULL);
    if (peer != NULL) {
        qmp->pid = g_credentials_get_unix_pid(peer, NULL);
        qmp->uid = g_credentials_get_unix_user(peer, NULL);
        qmp->has_peer = qmp->pid > 0;
    }
    return TRUE;
}

LpmQmp *lpm_qmp_connect(const char *path, const char *side,
                        guint deadline_ms, GError **error)
{
    g_autoptr(LpmQmp) qmp = g_new0(LpmQmp, 1);
    g_autoptr(JsonNode) greeting = NULL;
    g_autoptr(JsonNode) reply = NULL;

    qmp->path = g_strdup(path);
    qmp->side = g_strdup(side);
    qmp->deadline_ms = deadline_ms;
    qmp->buffer = g_string_new(NULL);
    qmp->next_id = 1;
    if (!connect_socket(qmp, error)) {
        return NULL;
    }
    greeting = read_message(qmp, deadline(qmp), "greeting", error);
    if (greeting == NULL) {
        return NULL;
    }
    if (!json_object_has_member(json_node_get_object(greeting), "QMP")) {
        fail(qmp, LPM_ERROR_MALFORMED, error,
             "greeting: no member QMP in it; is this a QMP socket?");
        return NULL;
    }
    reply = lpm_qmp_execute(qmp, "qmp_capabilities", NULL, error);
    if (reply == NULL) {
        return NULL;
    }
    return g_steal_pointer(&qmp);
}

void lpm_qmp_free(LpmQmp *qmp)
{
    if (qmp == NULL) {
        return;
    }
    g_clear_object(&qmp->connection);
    g_string_free(qmp->buffer, TRUE);
    g_free(qmp->path);
    g_free(qmp->side);
    g_free(qmp);
}

void lpm_qmp_set_event_handler(LpmQmp *qmp, LpmQmpEvent handler,
                               gpointer opaque)
{
    qmp->handler = handler;
    qmp->opaque = opaque;
}

gboolean lpm_qmp_usable(const LpmQmp *qmp)
{
    return qmp->connection != NULL;
}

const char *lpm_qmp_path(const LpmQmp *qmp)
{
    return qmp->path;
}

const char *lpm_qmp_side(const LpmQmp *qmp)
{
    return qmp->side;
}

static gboolean process_ended(pid_t pid)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    const char *after_name;

    if (kill(pid, 0) != 0) {
        return errno == ESRCH;
    }
    path = g_strdup_printf("/proc/%d/stat", (int)pid);
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return FALSE;
    }
    after_name = strrchr(text, ')');
    return after_name != NULL && after_name[1] == ' ' &&
           (after_name[2] == 'Z' || after_name[2] == 'X');
}

static gboolean nobody_listens(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    gboolean refused;
    int fd;

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
        sizeof(address.sun_path)) {
        return FALSE;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return FALSE;
    }
    refused = connect(fd, (struct sockaddr *)&address,
                      sizeof(address)) != 0 &&
              (errno == ECONNREFUSED || errno == ENOENT);
    close(fd);
    return refused;
}

gboolean lpm_qmp_ended(const LpmQmp *qmp)
{
    return qmp->has_peer && process_ended(qmp->pid) &&
           nobody_listens(qmp->path);
}

gboolean lpm_qmp_peer(const LpmQmp *qmp, pid_t *ret_pid, uid_t *ret_uid)
{
    *ret_pid = qmp->pid;
    *ret_uid = qmp->uid;
    return qmp->has_peer;
}
