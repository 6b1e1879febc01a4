/*
 * Checks of the libvirt daemon: it runs, answers, and has the QEMU driver
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: libvirt's own library waits for ever for a daemon that
 * is stopped.  The first calls of its protocol are so short that they are
 * made here: which ways to log in there are, open qemu:///system read-only,
 * the version, close.  Each call is a header of 28 bytes and XDR behind it.
 * Source: libvirt docs/kbase/internals/rpc.rst, src/remote/remote_protocol.x
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "doctor/check.h"
#include "doctor/root.h"

#define PROGRAM        0x20008086u
#define HEADER_BYTES   28u
#define REPLY_MAX      65536u
#define CALL_OPEN      1u
#define CALL_CLOSE     2u
#define CALL_AUTH_LIST 66u
#define CALL_VERSION   157u
#define OPEN_READ_ONLY 1u
#define AUTH_NONE      0u
#define STARTING       5u   /* deadlines */

static const struct {
    const char *name;
    const char *socket;
    const char *pid_files[3];
} daemons[] = {
    /* first: beside it the other socket is virtproxyd's */
    { "virtqemud", "/run/libvirt/virtqemud-sock",
      { "/run/virtqemud.pid", "/run/libvirt/virtqemud.pid" } },
    { "libvirtd", "/run/libvirt/libvirt-sock",
      { "/run/libvirtd.pid", "/run/libvirt/libvirtd.pid" } },
};

/* Its process */

static gboolean is_daemon(const LpmDoctor *doctor, guint pid,
                          const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%u/comm", pid);
    g_autofree char *comm = lpm_root_text(doctor->root, path);

    return comm != NULL && g_str_equal(comm, name);
}

static gboolean parse_pid(const char *text, guint *ret_pid)
{
    guint64 pid;

    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &pid, NULL)) {
        return FALSE;
    }
    *ret_pid = (guint)pid;
    return TRUE;
}

/* The only process of that name; 0: none, or several (of containers). */
static guint search(const LpmDoctor *doctor, const char *name)
{
    g_autoptr(GPtrArray) entries = lpm_root_list(doctor->root, "/proc", NULL);
    guint found = 0;
    guint n = 0;

    for (guint i = 0; entries != NULL && i < entries->len; i++) {
        guint pid;

        if (parse_pid(g_ptr_array_index(entries, i), &pid) &&
            is_daemon(doctor, pid, name)) {
            found = pid;
            n++;
        }
    }
    return n == 1 ? found : 0;
}

static guint find_pid(const LpmDoctor *doctor, gsize row)
{
    for (gsize i = 0; daemons[row].pid_files[i] != NULL; i++) {
        g_autofree char *text = lpm_root_text(doctor->root,
                                              daemons[row].pid_files[i]);
        guint pid;

        if (text != NULL && parse_pid(text, &pid) &&
            is_daemon(doctor, pid, daemons[row].name)) {
            return pid;
        }
    }
    return search(doctor, daemons[row].name);
}

/* Its socket */

static gboolean await(int fd, short events, gint64 end)
{
    for (;;) {
        struct pollfd poll_fd = { .fd = fd, .events = events };
        gint64 left = (end - g_get_monotonic_time()) / 1000;
        int ready = left <= 0 ? 0 : poll(&poll_fd, 1, (int)left);

        if (ready > 0) {
            return TRUE;
        }
        if (ready == 0 || errno != EINTR) {
            errno = ready == 0 ? ETIMEDOUT : errno;
            return FALSE;
        }
    }
}

/* A path may be longer than a socket's address: name it by its folder. */
static int connect_to(const LpmDoctor *doctor, const char *path, gint64 end)
{
    struct stat info;
    g_autoptr(GError) error = NULL;
    g_autofree char *found = lpm_root_find(doctor->root, path, TRUE, &info,
                                           &error);
    g_autofree char *full = found != NULL ?
                            lpm_root_full(doctor->root, found) : NULL;
    g_autofree char *folder = full != NULL ? g_path_get_dirname(full) : NULL;
    g_autofree char *name = full != NULL ? g_path_get_basename(full) : NULL;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int dir, fd, code;

    if (found == NULL || !S_ISSOCK(info.st_mode)) {
        errno = found == NULL && !lpm_doctor_lacks(error) ? EACCES : ENOENT;
        return -1;
    }
    dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_snprintf(address.sun_path, sizeof(address.sun_path),
               "/proc/self/fd/%d/%s", dir, name);
    /* EAGAIN: so many wait already that this one would have to, too */
    while (fd >= 0 && connect(fd, (struct sockaddr *)&address,
                              sizeof(address)) != 0) {
        code = errno;
        if (code == EAGAIN && g_get_monotonic_time() < end) {
            g_usleep(20000);
            continue;
        }
        close(fd);
        fd = -1;
        errno = code == EAGAIN ? ETIMEDOUT : code;
    }
    code = errno;
    close(dir);
    errno = code;
    return fd;
}

static guint32 get_u32(const guint8 *bytes)
{
    return (guint32)bytes[0] << 24 | (guint32)bytes[1] << 16 |
           (guint32)bytes[2] << 8 | bytes[3];
}

static void put_u32(GByteArray *bytes, guint32 number)
{
    const guint8 raw[] = {
        (guint8)(number >> 24), (guint8)(number >> 16),
        (guint8)(number >> 8), (guint8)number,
    };

    g_byte_array_append(bytes, raw, sizeof(raw));
}

static gboolean send_all(int fd, const guint8 *bytes, gsize len, gint64 end)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

        if (sent > 0) {
            bytes += sent;
            len -= (gsize)sent;
        } else if (sent < 0 && errno != EINTR &&
                   (errno != EAGAIN || !await(fd, POLLOUT, end))) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean receive_all(int fd, guint8 *bytes, gsize len, gint64 end)
{
    while (len > 0) {
        ssize_t got = recv(fd, bytes, len, 0);

        if (got > 0) {
            bytes += got;
            len -= (gsize)got;
        } else if (got == 0) {
            errno = ECONNRESET;
            return FALSE;
        } else if (errno != EINTR &&
                   (errno != EAGAIN || !await(fd, POLLIN, end))) {
            return FALSE;
        }
    }
    return TRUE;
}

/*
 * One call and its answer: (transfer full) (nullable): what is behind the
 * header.  NULL: errno says why.
 */
static GByteArray *call(int fd, guint32 procedure, const GByteArray *arguments,
                        gint64 end, gboolean *ret_refused)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autoptr(GByteArray) reply = g_byte_array_new();
    guint8 header[HEADER_BYTES];
    guint32 len;

    put_u32(message, HEADER_BYTES + (arguments != NULL ? arguments->len : 0));
    put_u32(message, PROGRAM);
    put_u32(message, 1);            /* its version */
    put_u32(message, procedure);
    put_u32(message, 0);            /* a call */
    put_u32(message, procedure);    /* serial: told back */
    put_u32(message, 0);
    if (arguments != NULL) {
        g_byte_array_append(message, arguments->data, arguments->len);
    }
    if (!send_all(fd, message->data, message->len, end) ||
        !receive_all(fd, header, sizeof(header), end)) {
        return NULL;
    }
    len = get_u32(header);
    if (len < HEADER_BYTES || len > REPLY_MAX ||
        get_u32(header + 4) != PROGRAM ||
        get_u32(header + 12) != procedure || get_u32(header + 16) != 1) {
        errno = EPROTO;
        return NULL;
    }
    g_byte_array_set_size(reply, len - HEADER_BYTES);
    if (!receive_all(fd, reply->data, reply->len, end)) {
        return NULL;
    }
    *ret_refused = get_u32(header + 24) != 0;
    return g_steal_pointer(&reply);
}

/* An error begins with two numbers, and perhaps a text: (transfer full). */
static char *refusal_text(const GByteArray *reply)
{
    guint32 len;
    g_autofree char *text = NULL;

    if (reply->len < 16 || get_u32(reply->data + 8) != 1) {
        return g_strdup("an error without a text");
    }
    len = get_u32(reply->data + 12);
    if (len > reply->len - 16) {
        return g_strdup("an error that is cut off");
    }
    text = g_strndup((const char *)reply->data + 16, len);
    return g_utf8_make_valid(text, -1);
}

/* Returns FALSE when the connection is of no further use; errno is set. */
static gboolean open_qemu(int fd, gint64 end, LpmDoctorDaemon *daemon)
{
    static const char uri[] = "qemu:///system";
    const guint32 len = sizeof(uri) - 1;
    g_autoptr(GByteArray) arguments = g_byte_array_new();
    g_autoptr(GByteArray) reply = NULL;
    gboolean refused;

    put_u32(arguments, 1);          /* there is a name */
    put_u32(arguments, len);
    g_byte_array_append(arguments, (const guint8 *)uri, len);
    g_byte_array_append(arguments, (const guint8 *)"\0\0\0",
                        (4 - len % 4) % 4);
    put_u32(arguments, OPEN_READ_ONLY);
    reply = call(fd, CALL_OPEN, arguments, end, &refused);
    if (reply == NULL) {
        return FALSE;
    }
    if (refused) {
        daemon->refusal = refusal_text(reply);
        return TRUE;
    }
    g_byte_array_unref(reply);
    reply = call(fd, CALL_VERSION, NULL, end, &refused);
    if (reply == NULL) {
        return FALSE;
    }
    if (!refused && reply->len == 8) {
        guint32 version = get_u32(reply->data + 4);

        daemon->version = g_strdup_printf("%u.%u.%u", version / 1000000,
                                          version / 1000 % 1000,
                                          version % 1000);
    }
    g_byte_array_unref(reply);
    reply = call(fd, CALL_CLOSE, NULL, end, &refused);
    return TRUE;
}

/* Whether one of the ways to log in is none at all. */
static gboolean takes_anybody(const GByteArray *reply)
{
    for (guint i = 4; i + 4 <= reply->len; i += 4) {
        if (get_u32(reply->data + i) == AUTH_NONE) {
            return TRUE;
        }
    }
    return reply->len <= 4;
}

/*
 * A daemon that has to start first (systemd has its socket) gets more time.
 */
static void talk(const LpmDoctor *doctor, int fd, LpmDoctorDaemon *daemon)
{
    guint times = daemon->pid != 0 ? 1 : STARTING;
    gint64 end = g_get_monotonic_time() +
                 (gint64)doctor->options.deadline_ms * 1000 * times;
    g_autoptr(GByteArray) reply = NULL;
    gboolean refused;

    reply = call(fd, CALL_AUTH_LIST, NULL, end, &refused);
    if (reply == NULL) {
        daemon->error = errno;
    } else if (!refused && takes_anybody(reply) &&
               !open_qemu(fd, end, daemon)) {
        daemon->error = errno;
    }
}

static void look(LpmDoctor *doctor, gsize row)
{
    LpmDoctorDaemon *daemon = &doctor->daemon;
    gint64 end = g_get_monotonic_time() +
                 (gint64)doctor->options.deadline_ms * 1000;
    int fd = connect_to(doctor, daemons[row].socket, end);
    struct ucred peer = { 0 };
    socklen_t len = sizeof(peer);

    if (fd < 0 && errno == ENOENT) {
        daemon->pid = find_pid(doctor, row);
        daemon->name = daemon->pid != 0 ? daemons[row].name : NULL;
        return;
    }
    daemon->name = daemons[row].name;
    daemon->socket = daemons[row].socket;
    if (fd < 0) {
        daemon->error = errno;
        daemon->pid = find_pid(doctor, row);
        return;
    }
    /* who listens: systemd, if it made the socket */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
        peer.pid > 0 &&
        is_daemon(doctor, (guint)peer.pid, daemons[row].name)) {
        daemon->pid = (guint)peer.pid;
    } else {
        daemon->pid = find_pid(doctor, row);
    }
    talk(doctor, fd, daemon);
    if (daemon->pid == 0) {
        daemon->pid = find_pid(doctor, row);
    }
    close(fd);
}

const LpmDoctorDaemon *lpm_doctor_daemon(LpmDoctor *doctor)
{
    LpmDoctorDaemon *daemon = &doctor->daemon;

    if (!daemon->looked) {
        daemon->looked = TRUE;
        for (gsize i = 0; i < G_N_ELEMENTS(daemons) && daemon->name == NULL;
             i++) {
            look(doctor, i);
        }
    }
    return daemon;
}

void lpm_check_daemon_answers(LpmDoctor *doctor)
{
    const LpmDoctorDaemon *daemon = lpm_doctor_daemon(doctor);
    g_autofree char *restart = NULL;
    g_autofree char *who = NULL;

    if (daemon->name == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, "systemctl enable --now "
                       "libvirtd.socket libvirtd, or virtqemud.socket where "
                       "libvirt is in parts", "neither libvirtd nor "
                       "virtqemud runs here");
        return;
    }
    who = daemon->pid != 0 ?
          g_strdup_printf("%s (process %u)", daemon->name, daemon->pid) :
          g_strdup(daemon->name);
    restart = g_strdup_printf("systemctl restart %s (guests go on running)",
                              daemon->name);
    if (daemon->socket == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, restart, "%s runs, and has no "
                       "socket in /run/libvirt", who);
    } else if (daemon->error == EACCES || daemon->error == EPERM) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, "run lpm doctor as root",
                       "%s may not be asked by this user", daemon->socket);
    } else if (daemon->error == ETIMEDOUT) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, restart, "%s has not answered "
                       "within %u ms: it is stopped, or a hook or a guest "
                       "blocks it", who, doctor->options.deadline_ms *
                       (daemon->pid != 0 ? 1 : STARTING));
    } else if (daemon->error == ECONNREFUSED) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, restart, "nobody listens on "
                       "%s: %s has ended", daemon->socket, daemon->name);
    } else if (daemon->error != 0) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, restart, "%s: %s: %s", who,
                       daemon->socket, g_strerror(daemon->error));
    } else if (daemon->refusal != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, "apt-get install "
                       "libvirt-daemon-driver-qemu, and restart the daemon",
                       "%s answers, and does not open qemu:///system: %s",
                       who, daemon->refusal);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s%s%s answers", who,
                       daemon->version != NULL ? " " : "",
                       daemon->version != NULL ? daemon->version : "");
        if (daemon->version == NULL) {
            lpm_doctor_note(doctor, "it wants a login, so whether it has the "
                            "QEMU driver was not asked");
        }
    }
}
