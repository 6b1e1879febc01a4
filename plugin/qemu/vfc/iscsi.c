/*
 * A fabric in software: iSCSI targets whose initiator name is the WWPN
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <poll.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include "qapi/error.h"
#include "qemu/timer.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "fabric.h"

/*
 * libiscsi keeps time only while somebody calls it, and tells of a command
 * that timed out only then.
 */
#define TICK_MS             1000
#define CONNECT_TIMEOUT_S   5
/*
 * Its timeouts are of PDUs: a connection that is not answered at all would
 * be waited for as long as the kernel does.
 */
#define GIVE_UP_MS          6000

typedef struct Session Session;
typedef void SessionStep(Session *session, int status, void *data);

/* One connection: a discovery, or a session with one target. */
struct Session {
    VfcFabric *fabric;
    VfcTarget *target;          /* NULL: discovery */
    struct iscsi_context *iscsi;
    char *portal;
    int events;
    QEMUTimer *tick;
    int64_t give_up_ms;         /* when it must be ready, or have answered */
    SessionStep *step;          /* what comes when libiscsi is done */
    VfcDone *done;
    void *opaque;
    bool ready;
    bool dead;                  /* to be freed when libiscsi is left */
    int depth;                  /* calls of libiscsi that we are in */
    QTAILQ_ENTRY(Session) next;
};

typedef struct IscsiFabric {
    VfcFabric fabric;
    GStrv portals;
    char *user;
    char *password;
    GHashTable *portal_of;      /* VfcTarget -> char *, for its session */
    QTAILQ_HEAD(, Session) sessions;
    /* The login that goes on: portals not yet asked, and its end. */
    guint next_portal;
    guint answers;
    VfcDone *done;
    void *opaque;
    Error *err;
} IscsiFabric;

static IscsiFabric *to_iscsi(VfcFabric *fabric)
{
    return container_of(fabric, IscsiFabric, fabric);
}

static void session_service(Session *session, int revents);

static void session_read(void *opaque)
{
    session_service(opaque, POLLIN);
}

static void session_write(void *opaque)
{
    session_service(opaque, POLLOUT);
}

static void session_watch(Session *session)
{
    int events = iscsi_which_events(session->iscsi);
    int fd = iscsi_get_fd(session->iscsi);

    if (fd < 0 || events == session->events) {
        return;
    }
    aio_set_fd_handler(qemu_get_aio_context(), fd,
                       events & POLLIN ? session_read : NULL,
                       events & POLLOUT ? session_write : NULL, NULL, NULL,
                       session);
    session->events = events;
}

static void session_unwatch(Session *session)
{
    int fd = iscsi_get_fd(session->iscsi);

    if (fd >= 0 && session->events) {
        aio_set_fd_handler(qemu_get_aio_context(), fd, NULL, NULL, NULL,
                           NULL, NULL);
    }
    session->events = 0;
}

/* Who waits for the session hears that it does not come. */
static void session_give_up(Session *session)
{
    VfcDone *done = session->done;
    Error *err = NULL;

    session->done = NULL;
    if (session->target && !session->ready) {
        session->target->logging_in = false;
    }
    if (done) {
        error_setg(&err, "target %s: the login was given up",
                   session->target->name);
        done(session->opaque, err);
        error_free(err);
    }
}

static void session_free(Session *session)
{
    IscsiFabric *s = to_iscsi(session->fabric);

    session_give_up(session);
    if (session->depth > 0) {
        session->dead = true;
        return;
    }
    session_unwatch(session);
    timer_free(session->tick);
    session->step = NULL;
    QTAILQ_REMOVE(&s->sessions, session, next);
    /* Commands that are out are called back as cancelled from here */
    iscsi_destroy_context(session->iscsi);
    g_free(session->portal);
    g_free(session);
}

/* The session came to its end; who waits for a step hears of it. */
static void session_lost(Session *session, const char *why)
{
    VfcFabric *fabric = session->fabric;
    VfcTarget *target = session->target;
    bool was_ready = session->ready;
    SessionStep *step = session->step;

    session->ready = false;
    session->step = NULL;
    if (step) {
        /* It may free the session, which is still needed here */
        session->depth++;
        step(session, SCSI_STATUS_ERROR, NULL);
        session->depth--;
    }
    session_free(session);
    if (was_ready && target) {
        target->logged_in = false;
        if (fabric->lost) {
            fabric->lost(fabric->opaque, target, why);
        }
    }
}

static void session_service(Session *session, int revents)
{
    int ret;

    session->depth++;
    ret = iscsi_service(session->iscsi, revents);
    session->depth--;
    if (session->dead) {
        session_free(session);
    } else if (ret < 0) {
        g_autofree char *why = g_strdup(iscsi_get_error(session->iscsi));

        g_strchomp(why);

        session_lost(session, why);
    } else {
        session_watch(session);
    }
}

static void session_tick(void *opaque)
{
    Session *session = opaque;

    timer_mod(session->tick,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + TICK_MS);
    if (qemu_clock_get_ms(QEMU_CLOCK_REALTIME) > session->give_up_ms) {
        session_lost(session, "no answer");
    } else {
        session_service(session, 0);
    }
}

static void session_stepped(struct iscsi_context *iscsi, int status,
                            void *data, void *private)
{
    Session *session = private;
    SessionStep *step = session->step;

    session->step = NULL;
    if (step && !session->dead) {
        step(session, status, data);
    }
}

static Session *session_new(VfcFabric *fabric, VfcTarget *target,
                            const char *portal)
{
    IscsiFabric *s = to_iscsi(fabric);
    g_autofree char *name = g_strdup_printf("naa.%016" PRIx64, fabric->wwpn);
    Session *session = g_new0(Session, 1);

    session->fabric = fabric;
    session->target = target;
    session->portal = g_strdup(portal);
    session->iscsi = iscsi_create_context(name);
    session->give_up_ms = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                          GIVE_UP_MS;
    session->tick = timer_new_ms(QEMU_CLOCK_REALTIME, session_tick, session);
    timer_mod(session->tick,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + TICK_MS);
    iscsi_set_session_type(session->iscsi, target ? ISCSI_SESSION_NORMAL :
                                                    ISCSI_SESSION_DISCOVERY);
    if (target) {
        iscsi_set_targetname(session->iscsi, target->name);
    }
    if (s->user) {
        iscsi_set_initiator_username_pwd(session->iscsi, s->user,
                                         s->password);
    }
    iscsi_set_header_digest(session->iscsi,
                            ISCSI_HEADER_DIGEST_NONE_CRC32C);
    /* The guest is told of a lost session, and logs in again itself */
    iscsi_set_noautoreconnect(session->iscsi, 1);
    iscsi_set_timeout(session->iscsi, CONNECT_TIMEOUT_S);
    QTAILQ_INSERT_TAIL(&s->sessions, session, next);
    return session;
}

/* STARTED is what libiscsi said when the step was begun. */
static void session_begin(Session *session, SessionStep *step, int started)
{
    session->step = started == 0 ? step : NULL;
    if (started != 0) {
        step(session, SCSI_STATUS_ERROR, NULL);
    } else {
        session_watch(session);
    }
}

/* Login: each portal is asked for its targets in turn. */

static void discover_next(IscsiFabric *s);

static void discover_failed(Session *session)
{
    IscsiFabric *s = to_iscsi(session->fabric);

    if (!s->err) {
        error_setg(&s->err, "portal %s: %s", session->portal,
                   iscsi_get_error(session->iscsi));
    }
    session_free(session);
    discover_next(s);
}

static void add_target(IscsiFabric *s, const char *name, const char *portal)
{
    VfcTarget *target;

    for (guint i = 0; i < s->fabric.targets->len; i++) {
        target = g_ptr_array_index(s->fabric.targets, i);
        if (g_str_equal(target->name, name)) {
            target->listed = true;
            return;             /* known, or over another portal */
        }
    }
    target = vfc_target_new(name);
    /* Ids are made of WWPNs: two of them may meet */
    while (vfc_fabric_find_id(&s->fabric, target->port_id)) {
        target->port_id = (target->port_id + 1) & 0xffffff;
    }
    target->listed = true;
    g_ptr_array_add(s->fabric.targets, target);
    g_hash_table_insert(s->portal_of, target, g_strdup(portal));
}

static void discovered(Session *session, int status, void *data)
{
    IscsiFabric *s = to_iscsi(session->fabric);
    struct iscsi_discovery_address *list = data;

    if (status != SCSI_STATUS_GOOD) {
        discover_failed(session);
        return;
    }
    s->answers++;
    for (; list; list = list->next) {
        /* the portal that was asked: what it says of itself may be a
         * wildcard or another network */
        add_target(s, list->target_name, session->portal);
    }
    session_free(session);
    discover_next(s);
}

static void discovery_logged_in(Session *session, int status, void *data)
{
    if (status != SCSI_STATUS_GOOD) {
        discover_failed(session);
        return;
    }
    session_begin(session, discovered,
                  iscsi_discovery_async(session->iscsi, session_stepped,
                                        session));
}

static void discovery_connected(Session *session, int status, void *data)
{
    if (status != SCSI_STATUS_GOOD) {
        discover_failed(session);
        return;
    }
    session_begin(session, discovery_logged_in,
                  iscsi_login_async(session->iscsi, session_stepped,
                                    session));
}

static void login_done(void *opaque)
{
    IscsiFabric *s = opaque;
    VfcDone *done = s->done;
    Error *err = s->err;

    s->done = NULL;
    s->err = NULL;
    done(s->opaque, err);
    error_free(err);
}

static void discover_next(IscsiFabric *s)
{
    const char *portal = s->portals[s->next_portal];
    Session *session;

    if (!portal) {
        if (s->answers > 0) {
            error_free(s->err);     /* one way in is enough */
            s->err = NULL;
        }
        login_done(s);
        return;
    }
    s->next_portal++;
    session = session_new(&s->fabric, NULL, portal);
    session_begin(session, discovery_connected,
                  iscsi_connect_async(session->iscsi, portal,
                                      session_stepped, session));
}

static void iscsi_fabric_login(VfcFabric *fabric, VfcDone *done,
                               void *opaque)
{
    IscsiFabric *s = to_iscsi(fabric);

    g_assert(!s->done);     /* the adapter asks once at a time */
    s->done = done;
    s->opaque = opaque;
    s->next_portal = 0;
    s->answers = 0;
    for (guint i = 0; i < fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(fabric->targets, i);

        target->listed = false;
    }
    discover_next(s);
}

/* Sessions with targets */

static Session *session_of(VfcFabric *fabric, VfcTarget *target)
{
    Session *session;

    QTAILQ_FOREACH(session, &to_iscsi(fabric)->sessions, next) {
        if (session->target == target && !session->dead) {
            return session;
        }
    }
    return NULL;
}

static void target_end(Session *session, bool good)
{
    VfcDone *done = session->done;
    Error *err = NULL;

    session->done = NULL;
    session->target->logging_in = false;
    if (good) {
        iscsi_set_timeout(session->iscsi, 0);
        session->give_up_ms = INT64_MAX;
        session->ready = true;
        session->target->logged_in = true;
    } else {
        error_setg(&err, "target %s: %s", session->target->name,
                   iscsi_get_error(session->iscsi));
        session_free(session);
    }
    if (done) {
        done(session->opaque, err);
    }
    error_free(err);
}

static void target_logged_in(Session *session, int status, void *data)
{
    target_end(session, status == SCSI_STATUS_GOOD);
}

static void target_connected(Session *session, int status, void *data)
{
    if (status != SCSI_STATUS_GOOD) {
        target_end(session, false);
        return;
    }
    session_begin(session, target_logged_in,
                  iscsi_login_async(session->iscsi, session_stepped,
                                    session));
}

static void iscsi_target_login(VfcFabric *fabric, VfcTarget *target,
                               VfcDone *done, void *opaque)
{
    IscsiFabric *s = to_iscsi(fabric);
    const char *portal = g_hash_table_lookup(s->portal_of, target);
    Session *session = session_of(fabric, target);

    if (session && session->ready) {
        done(opaque, NULL);     /* still logged in: nothing to be done */
        return;
    }
    if (session) {
        session_free(session);
    }
    target->logging_in = true;
    session = session_new(fabric, target, portal);
    session->done = done;
    session->opaque = opaque;
    session_begin(session, target_connected,
                  iscsi_connect_async(session->iscsi, portal,
                                      session_stepped, session));
}

static void iscsi_target_logout(VfcFabric *fabric, VfcTarget *target)
{
    Session *session = session_of(fabric, target);

    target->logged_in = false;
    if (session) {
        session->ready = false;
        session_free(session);
    }
}

/* Commands */

static void io_done(struct iscsi_context *iscsi, int status, void *data,
                    void *private)
{
    VfcIO *io = private;
    struct scsi_task *task = io->private;

    io->private = NULL;
    io->failed = status < 0 || status > 0xff;
    io->status = io->failed ? 0 : status;
    if (!io->failed && task->residual_status == SCSI_RESIDUAL_UNDERFLOW) {
        io->residual = MIN(task->residual, io->bytes);
    }
    if (status == SCSI_STATUS_CHECK_CONDITION && task->datain.size > 2) {
        io->sense_bytes = MIN(task->datain.size - 2,
                              (int)sizeof(io->sense));
        memcpy(io->sense, task->datain.data + 2, io->sense_bytes);
    }
    scsi_free_scsi_task(task);
    io->done(io);
}

static int cdb_length(const uint8_t *cdb)
{
    static const int lengths[] = { 6, 10, 10, 16, 16, 12, 16, 16 };

    return lengths[cdb[0] >> 5];
}

static void iscsi_submit(VfcFabric *fabric, VfcIO *io)
{
    Session *session = session_of(fabric, io->target);
    struct scsi_task *task;

    task = scsi_create_task(cdb_length(io->cdb), io->cdb,
                            io->bytes == 0 ? SCSI_XFER_NONE :
                            io->to_device ? SCSI_XFER_WRITE : SCSI_XFER_READ,
                            io->bytes);
    io->private = task;
    if (io->bytes > 0 && io->to_device) {
        scsi_task_set_iov_out(task, (struct scsi_iovec *)io->iov, io->n_iov);
    } else if (io->bytes > 0) {
        scsi_task_set_iov_in(task, (struct scsi_iovec *)io->iov, io->n_iov);
    }
    if (iscsi_scsi_command_async(session->iscsi, io->lun, task, io_done,
                                 NULL, io) != 0) {
        io_done(session->iscsi, SCSI_STATUS_ERROR, NULL, io);
        return;
    }
    session_watch(session);
}

static void abort_done(struct iscsi_context *iscsi, int status, void *data,
                       void *private)
{
}

static void iscsi_cancel(VfcFabric *fabric, VfcIO *io)
{
    Session *session = session_of(fabric, io->target);
    struct scsi_task *task = io->private;

    if (!session || !task) {
        return;
    }
    /* The target hears of it; the command ends here in any case. */
    iscsi_task_mgmt_abort_task_async(session->iscsi, task, abort_done, NULL);
    iscsi_scsi_cancel_task(session->iscsi, task);
    session_watch(session);
}

typedef struct TaskCall {
    VfcDone *done;
    void *opaque;
} TaskCall;

static void task_done(struct iscsi_context *iscsi, int status, void *data,
                      void *private)
{
    g_autofree TaskCall *call = private;
    uint32_t response = status == SCSI_STATUS_GOOD && data ?
                        *(uint32_t *)data : 0;
    Error *err = NULL;

    if (status != SCSI_STATUS_GOOD || response != 0) {
        error_setg(&err, "task management failed: status 0x%x, response %u",
                   status, response);
    }
    call->done(call->opaque, err);
    error_free(err);
}

static void iscsi_task(VfcFabric *fabric, VfcTarget *target, int lun,
                       VfcTask task, VfcDone *done, void *opaque)
{
    Session *session = session_of(fabric, target);
    TaskCall *call = g_new(TaskCall, 1);
    int ret;

    call->done = done;
    call->opaque = opaque;
    switch (task) {
    case VFC_TASK_ABORT_SET:
        ret = iscsi_task_mgmt_abort_task_set_async(session->iscsi, lun,
                                                   task_done, call);
        break;
    case VFC_TASK_LUN_RESET:
        ret = iscsi_task_mgmt_lun_reset_async(session->iscsi, lun, task_done,
                                              call);
        break;
    default:
        ret = iscsi_task_mgmt_target_warm_reset_async(session->iscsi,
                                                      task_done, call);
        break;
    }
    if (ret != 0) {
        task_done(session->iscsi, SCSI_STATUS_ERROR, NULL, call);
        return;
    }
    session_watch(session);
}

static void iscsi_free(VfcFabric *fabric)
{
    IscsiFabric *s = to_iscsi(fabric);
    Session *session, *after;

    QTAILQ_FOREACH_SAFE(session, &s->sessions, next, after) {
        session->done = NULL;
        session->step = NULL;
        session->depth = 0;
        session_free(session);
    }
    g_hash_table_unref(s->portal_of);
    g_ptr_array_unref(fabric->targets);
    g_strfreev(s->portals);
    g_free(s->user);
    g_free(s->password);
    error_free(s->err);
    g_free(s);
}

static const VfcFabricOps iscsi_ops = {
    .login = iscsi_fabric_login,
    .target_login = iscsi_target_login,
    .target_logout = iscsi_target_logout,
    .submit = iscsi_submit,
    .cancel = iscsi_cancel,
    .task = iscsi_task,
    .free = iscsi_free,
};

VfcFabric *vfc_iscsi_new(uint64_t wwpn, const VfcIscsiParams *params)
{
    IscsiFabric *s = g_new0(IscsiFabric, 1);

    vfc_fabric_init(&s->fabric, &iscsi_ops, wwpn);
    s->portals = g_strdupv((char **)params->portals);
    s->user = g_strdup(params->user);
    s->password = g_strdup(params->password);
    s->portal_of = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    QTAILQ_INIT(&s->sessions);
    return &s->fabric;
}
