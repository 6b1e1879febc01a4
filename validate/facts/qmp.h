/*
 * A QMP client for one UNIX socket: bounded, with a deadline per command
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_QMP_H
#define LPM_QMP_H

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/*
 * Theory of operation
 *
 * One command at a time: write it, read lines until the reply with our id
 * comes; events met on the way are handed to the handler.  The peer is not
 * trusted: a line is bounded in length and nesting, a command in time.
 * After an error of the connection (not an error that QEMU replied) what
 * stands on the socket is no longer known, so the client closes it; every
 * later call then fails with STATE.
 */

#define LPM_QMP_REPLY_MAX_BYTES   (32u * 1024 * 1024)
#define LPM_QMP_DEADLINE_MS       10000u
/* Events between two replies; a peer that sends more is not QEMU. */
#define LPM_QMP_EVENTS_MAX        10000u

typedef struct LpmQmp LpmQmp;

/* @name and @data (nullable) are valid during the call only. */
typedef void (*LpmQmpEvent)(const char *name, JsonObject *data,
                            gpointer opaque);

/**
 * lpm_qmp_connect:
 * @path: of the UNIX socket
 * @side: "source" or "destination", for errors; copied
 * @deadline_ms: for the greeting and for each command
 *
 * Connect, read the greeting, leave capabilities negotiation mode.
 *
 * Returns: (transfer full) (nullable).
 * Errors: IO (socket, closed, deadline), MALFORMED, LIMIT.
 */
LpmQmp *lpm_qmp_connect(const char *path, const char *side,
                        guint deadline_ms, GError **error);

/** lpm_qmp_free: @qmp: (nullable): closes the socket. */
void lpm_qmp_free(LpmQmp *qmp);

/** lpm_qmp_set_event_handler: @handler: (nullable): called in execute(). */
void lpm_qmp_set_event_handler(LpmQmp *qmp, LpmQmpEvent handler,
                               gpointer opaque);

/**
 * lpm_qmp_execute:
 * @command: name
 * @arguments: (nullable) (transfer full)
 *
 * Returns: (transfer full) (nullable): the value of "return".
 * Errors: UNSUPPORTED (QEMU has no such command), STATE (QEMU refused the
 * command, or the connection failed before); else as lpm_qmp_connect().
 * Threads: one at a time per client.
 */
JsonNode *lpm_qmp_execute(LpmQmp *qmp, const char *command,
                          JsonObject *arguments, GError **error);

/**
 * lpm_qmp_execute_within:
 * @deadline_ms: for this command, which takes longer than most
 *
 * Else as lpm_qmp_execute().
 */
JsonNode *lpm_qmp_execute_within(LpmQmp *qmp, const char *command,
                                 JsonObject *arguments, guint deadline_ms,
                                 GError **error);

/** lpm_qmp_usable: false once the connection has failed. */
gboolean lpm_qmp_usable(const LpmQmp *qmp);

/** lpm_qmp_path: of the socket. */
const char *lpm_qmp_path(const LpmQmp *qmp);

/** lpm_qmp_side: as given to lpm_qmp_connect(). */
const char *lpm_qmp_side(const LpmQmp *qmp);

/**
 * lpm_qmp_peer:
 * @ret_pid, @ret_uid: (out): of the process that listens
 *
 * Returns: false if the kernel does not say.
 */
gboolean lpm_qmp_peer(const LpmQmp *qmp, pid_t *ret_pid, uid_t *ret_uid);

/**
 * lpm_qmp_ended:
 *
 * Whether QEMU is no more: the process that made the socket has ended (or
 * is a zombie) and nobody listens on it.  Either alone does not prove it:
 * a daemon may have made the socket and handed it to QEMU.
 *
 * Returns: false also when it is not known.
 */
gboolean lpm_qmp_ended(const LpmQmp *qmp);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmQmp, lpm_qmp_free)

#endif /* LPM_QMP_H */
