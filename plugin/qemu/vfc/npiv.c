/*
 * A fabric of hardware: a virtual port of an adapter of this host (NPIV)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <scsi/sg.h>
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/iov.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "system/system.h"
#include "error/lpm-error.h"
#include "vfc/npiv-sysfs.h"
#include "../lpm-error-glue.h"
#include "fabric.h"

/*
 * Theory of operation
 *
 * A login makes a virtual port with our WWPN on the parent adapter, waits for
 * the fabric to take it, and for its targets and their SCSI devices to
 * appear, by looking at sysfs from a timer.  Making and removing may take the
 * driver seconds and cannot be interrupted: a thread does it.  So a port may
 * outlive its fabric for a while; it is removed by whoever is last, and all
 * that are left are removed when QEMU ends.  A port that was there before is
 * somebody else's and never touched.  (A QEMU that was killed leaves its
 * own behind: sysfs does not tell whose it was.)
 *
 * A command is a write() of an sg_io_hdr to the SCSI device's node, its
 * answer a read().  The kernel copies data that goes to the device within
 * the write(), and data that comes from it within the read(), into the
 * buffers that the write() named.  (It does so because we never ask for
 * SG_FLAG_DIRECT_IO, which it refuses for more than one piece anyhow.)
 * Therefore:
 *
 * - Guest memory is not touched by a command whose answer is never read.  A
 *   command is cancelled by not reading it: its file is retired, which means
 *   that answers of others are read by their number only and that new
 *   commands get a new file.  When the kernel is done with all of them, the
 *   file is closed, and the kernel drops answers that nobody read.
 * - sg compares the credentials of who opened with those of who writes, and
 *   refuses a thread that changed its user on its own.  So all of it is done
 *   in the main loop, from a bottom half, never by the vCPU that submits.
 *
 * A file takes 16 commands; more wait here.
 */

#define FAST_MS         250     /* between looks while somebody waits */
#define SLOW_MS         1000
#define DRAIN_MS        10
#define LOGIN_MS        30000
#define SETTLE_MS       5000    /* for targets to appear, and for devices */
#define SETTLE_LOOKS    3       /* with the same result */
#define BLOCKED_MS      5000    /* a port may blink that long */
#define ABORT_MS        10000
#define FILE_COMMANDS   16      /* SG_MAX_QUEUE of the kernel */

/* Older headers of libc lack these of the kernel's. */
#ifndef SG_SCSI_RESET_TARGET
#define SG_SCSI_RESET_TARGET 4
#endif
#ifndef SG_SCSI_RESET_NO_ESCALATE
#define SG_SCSI_RESET_NO_ESCALATE 0x100
#endif
#ifndef SG_FLAG_Q_AT_TAIL
#define SG_FLAG_Q_AT_TAIL 0x10
#endif

typedef struct NpivFabric NpivFabric;
typedef struct Port Port;
typedef struct Lun Lun;

/* What may take seconds: run in a thread, ended in the main loop. */
typedef struct Work {
    QemuThread thread;
    void (*run)(struct Work *work);
    void (*end)(struct Work *work);
} Work;

/* A virtual port that this process makes, has made, or removes. */
typedef struct Vport {
    Work work;
    NpivFabric *owner;          /* NULL: to be removed */
    char *sysfs;
    guint parent;
    uint64_t wwpn;
    uint64_t wwnn;
    /* The thread's while it is busy: */
    bool exists;
    GError *err;
    bool busy;
    QLIST_ENTRY(Vport) next;
} Vport;

/* An open node. */
typedef struct File {
    NpivFabric *s;
    Port *port;
    int lun;
    int fd;
    unsigned live;              /* commands that somebody waits for */
    unsigned cancelled;         /* and those that nobody does */
    bool retired;
    QTAILQ_ENTRY(File) next;
} File;

struct Lun {
    LpmNpivLun id;
    File *file;                 /* NULL: not open; never a retired one */
    bool warned;
    QTAILQ_ENTRY(Lun) next;
};

/* What we know of a VfcTarget. */
struct Port {
    VfcTarget *target;
    LpmNpivTarget id;
    int64_t seen_ms;            /* when it was online last */
    int64_t looked_ms;          /* for devices */
    QTAILQ_HEAD(, Lun) luns;
    /* A login that goes on */
    VfcDone *done;
    void *opaque;
    int64_t deadline_ms;
    guint same;
    guint last_luns;
};

typedef struct Command {
    VfcIO *io;
    File *file;                 /* NULL: it waits */
    int id;
    uint8_t sense[sizeof_field(VfcIO, sense)];
    QTAILQ_ENTRY(Command) next;
} Command;

typedef struct Task {
    Work work;
    NpivFabric *s;              /* NULL: gone */
    Port *port;
    int lun;
    bool waits;                 /* for the kernel, without a reset */
    int64_t deadline_ms;
    int fd;
    int op;
    int code;                   /* errno of the reset */
    VfcTask kind;
    VfcDone *done;
    void *opaque;
    QLIST_ENTRY(Task) next;
} Task;

typedef enum Step {
    STEP_DOWN,
    STEP_START,                 /* a former port of ours may have to go */
    STEP_MAKING,
    STEP_ONLINE,                /* wait for the fabric */
    STEP_SETTLE,                /* wait for targets */
    STEP_UP,
} Step;

struct NpivFabric {
    VfcFabric fabric;
    char *sysfs;
    char *dev;
    char *parent_name;
    guint parent;
    uint64_t wwnn;
    Vport *vport;
    guint host;
    Step step;
    int64_t deadline_ms;
    guint same;
    guint last_targets;
    VfcDone *done;
    void *opaque;
    GHashTable *ports;          /* VfcTarget -> Port */
    QTAILQ_HEAD(, Command) commands;
    int next_id;
    QTAILQ_HEAD(, File) retired;
    QLIST_HEAD(, Task) tasks;
    File *reading;
    QEMUBH *pump;
    QEMUTimer *tick;
    QEMUTimer *drain;
};

static NpivFabric *to_npiv(VfcFabric *fabric)
{
    return container_of(fabric, NpivFabric, fabric);
}

static int64_t now_ms(void)
{
    return qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
}

static void login_step(NpivFabric *s);

/* Threads */

static void work_ended(void *opaque)
{
    Work *work = opaque;

    qemu_thread_join(&work->thread);
    work->end(work);
}

static void *work_thread(void *opaque)
{
    Work *work = opaque;

    work->run(work);
    aio_bh_schedule_oneshot(qemu_get_aio_context(), work_ended, work);
    return NULL;
}

static void work_start(Work *work, const char *name)
{
    qemu_thread_create(&work->thread, name, work_thread, work,
                       QEMU_THREAD_JOINABLE);
}

/* Virtual ports */

static QLIST_HEAD(, Vport) vports = QLIST_HEAD_INITIALIZER(vports);

static void vport_free(Vport *vport)
{
    QLIST_REMOVE(vport, next);
    g_clear_error(&vport->err);
    g_free(vport->sysfs);
    g_free(vport);
}

static void vport_make(Work *work)
{
    Vport *vport = container_of(work, Vport, work);

    vport->exists = lpm_npiv_make(vport->sysfs, vport->parent, vport->wwpn,
                                  vport->wwnn, &vport->err);
}

static void vport_remove(Work *work)
{
    Vport *vport = container_of(work, Vport, work);

    vport->exists = !lpm_npiv_remove(vport->sysfs, vport->parent,
                                     vport->wwpn, vport->wwnn, &vport->err);
}

static void vport_removed(Work *work)
{
    Vport *vport = container_of(work, Vport, work);

    vport->busy = false;
    if (vport->exists) {
        /* It stays known: a login may use it, or the end remove it */
        warn_report("WWPN %016" PRIx64 " stays logged in: %s", vport->wwpn,
                    vport->err->message);
        g_clear_error(&vport->err);
    } else {
        vport_free(vport);
    }
}

static void vport_drop(Vport *vport)
{
    vport->owner = NULL;
    if (vport->busy) {
        return;                 /* vport_made() goes on from here */
    }
    if (!vport->exists) {
        vport_free(vport);
        return;
    }
    vport->busy = true;
    vport->work.run = vport_remove;
    vport->work.end = vport_removed;
    work_start(&vport->work, "vfc-vport");
}

static void vport_made(Work *work)
{
    Vport *vport = container_of(work, Vport, work);

    vport->busy = false;
    if (!vport->owner) {
        g_clear_error(&vport->err);
        vport_drop(vport);
    } else {
        login_step(vport->owner);
    }
}

static Vport *vport_find(uint64_t wwpn)
{
    Vport *vport;

    QLIST_FOREACH(vport, &vports, next) {
        if (vport->wwpn == wwpn) {
            return vport;
        }
    }
    return NULL;
}

/* The kernel keeps what nobody removes. */
static void vports_end(Notifier *notifier, void *data)
{
    Vport *vport;

    QLIST_FOREACH(vport, &vports, next) {
        GError *err = NULL;

        if (vport->busy) {
            qemu_thread_join(&vport->work.thread);
        }
        if (vport->exists &&
            !lpm_npiv_remove(vport->sysfs, vport->parent, vport->wwpn,
                             vport->wwnn, &err)) {
            warn_report("WWPN %016" PRIx64 " stays logged in: %s",
                        vport->wwpn, err->message);
            g_clear_error(&err);
        }
    }
}

static Vport *vport_new(NpivFabric *s)
{
    static Notifier at_end = { .notify = vports_end };
    static bool noted;
    Vport *vport = g_new0(Vport, 1);

    if (!noted) {
        qemu_add_exit_notifier(&at_end);
        noted = true;
    }
    vport->owner = s;
    vport->sysfs = g_strdup(s->sysfs);
    vport->parent = s->parent;
    vport->wwpn = s->fabric.wwpn;
    vport->wwnn = s->wwnn;
    vport->busy = true;
    vport->work.run = vport_make;
    vport->work.end = vport_made;
    QLIST_INSERT_HEAD(&vports, vport, next);
    work_start(&vport->work, "vfc-vport");
    return vport;
}

/* Nodes */

static void file_readable(void *opaque);

static void file_unwatch(File *file)
{
    aio_set_fd_handler(qemu_get_aio_context(), file->fd, NULL, NULL, NULL,
                       NULL, NULL);
}

/* Its commands are at their end, or belong to nobody any more. */
static void file_close(File *file)
{
    if (file->s->reading == file) {
        file->s->reading = NULL;
    }
    if (file->retired) {
        QTAILQ_REMOVE(&file->s->retired, file, next);
    } else {
        file_unwatch(file);
    }
    close(file->fd);
    g_free(file);
}

static bool file_is_node(int fd, const LpmNpivLun *id, const char *path,
                         Error **errp)
{
    struct stat st;

    if (!id->has_device) {
        return true;
    }
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
        major(st.st_rdev) != id->major || minor(st.st_rdev) != id->minor) {
        error_setg(errp, "%s is not device %u:%u, wanted the node of that "
                   "SCSI device: look at udev", path, id->major, id->minor);
        return false;
    }
    return true;
}

/* Returns a descriptor, or -1. */
static int node_open(NpivFabric *s, const Port *port, const LpmNpivLun *id,
                     Error **errp)
{
    g_autofree char *path = g_strdup_printf("%s/sg%u", s->dev, id->sg);
    /* Without O_NONBLOCK it would wait for the host's error recovery */
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        error_setg_errno(errp, errno, "opening %s for LUN %u of target %s",
                         path, id->lun, port->target->name);
        return -1;
    }
    if (!file_is_node(fd, id, path, errp)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool lun_open(NpivFabric *s, Port *port, Lun *lun, Error **errp)
{
    File *file;
    int fd;

    if (lun->file) {
        return true;
    }
    fd = node_open(s, port, &lun->id, errp);
    if (fd < 0) {
        return false;
    }
    file = g_new0(File, 1);
    file->s = s;
    file->port = port;
    file->lun = lun->id.lun;
    file->fd = fd;
    lun->file = file;
    aio_set_fd_handler(qemu_get_aio_context(), fd, file_readable, NULL, NULL,
                       NULL, file);
    return true;
}

static Lun *lun_find(Port *port, int number)
{
    Lun *lun;

    QTAILQ_FOREACH(lun, &port->luns, next) {
        if (lun->id.lun == number) {
            return lun;
        }
    }
    return NULL;
}

static void file_forget(File *file)
{
    Lun *lun = lun_find(file->port, file->lun);

    if (lun && lun->file == file) {
        lun->file = NULL;
    }
}

/* From now on its answers are read one by one, from a timer. */
static void file_retire(File *file)
{
    int on = 1;

    if (file->retired) {
        return;
    }
    file_forget(file);
    file_unwatch(file);
    file->retired = true;
    QTAILQ_INSERT_TAIL(&file->s->retired, file, next);
    ioctl(file->fd, SG_SET_FORCE_PACK_ID, &on);
    timer_mod(file->s->drain, now_ms() + DRAIN_MS);
}

/* Commands */

/* Its file knows nothing of it any more; it is freed. */
static void command_end(NpivFabric *s, Command *command)
{
    VfcIO *io = command->io;

    QTAILQ_REMOVE(&s->commands, command, next);
    io->private = NULL;
    g_free(command);
    io->done(io);
}

static void command_fail(NpivFabric *s, Command *command)
{
    if (command->file) {
        command->file->live--;
    }
    command->io->failed = true;
    command_end(s, command);
}

static Command *command_find(NpivFabric *s, const File *file, int id)
{
    Command *command;

    QTAILQ_FOREACH(command, &s->commands, next) {
        if (command->file == file && (id < 0 || command->id == id)) {
            return command;
        }
    }
    return NULL;
}

/* The node is of no use any more: its device is gone, or sg lost an answer. */
static void file_broken(File *file)
{
    NpivFabric *s = file->s;
    Command *command;

    file_forget(file);
    while ((command = command_find(s, file, -1))) {
        command_fail(s, command);
    }
    file_close(file);
}

static void command_answered(NpivFabric *s, Command *command,
                             const sg_io_hdr_t *header)
{
    VfcIO *io = command->io;
    LpmNpivReply reply = {
        .status = header->status,
        .host_status = header->host_status,
        .driver_status = header->driver_status,
        .residual = header->resid,
        .sense_bytes = header->sb_len_wr,
    };
    LpmNpivOutcome outcome = lpm_npiv_judge(&reply, io->bytes,
                                            sizeof(command->sense));

    io->failed = outcome.failed;
    io->status = outcome.status;
    io->residual = outcome.residual;
    io->sense_bytes = outcome.sense_bytes;
    memcpy(io->sense, command->sense, outcome.sense_bytes);
    command->file->live--;
    command_end(s, command);
}

/*
 * One answer: that of the command with number ID, or any if it is negative.
 * Returns 1, 0 if there is none, -1 if the file is of no use any more.
 */
static int file_read_one(File *file, int id)
{
    sg_io_hdr_t header = {
        .interface_id = 'S',
        /* below 0: this, too, is how sg tells its old header from this */
        .dxfer_direction = SG_DXFER_NONE,
        .pack_id = id,
    };
    ssize_t len = RETRY_ON_EINTR(read(file->fd, &header, sizeof(header)));
    Command *command;

    if (len < 0 && errno == EAGAIN) {
        return 0;
    }
    if (len != sizeof(header)) {
        return -1;
    }
    command = command_find(file->s, file, header.pack_id);
    if (command && header.pack_id >= 0) {
        command_answered(file->s, command, &header);
    }
    return 1;
}

static void file_readable(void *opaque)
{
    File *file = opaque;
    NpivFabric *s = file->s;
    int ret = 1;

    s->reading = file;
    for (int i = 0; i < FILE_COMMANDS && ret > 0 && s->reading; i++) {
        ret = file_read_one(file, -1);
    }
    if (ret < 0 && s->reading) {
        file_broken(file);
    }
    s->reading = NULL;
    qemu_bh_schedule(s->pump);      /* some may have waited for room */
}

static bool lun_is_idle(NpivFabric *s, const Port *port, int lun)
{
    Command *command;
    File *file;

    QTAILQ_FOREACH(command, &s->commands, next) {
        if (command->io->target == port->target && command->io->lun == lun) {
            return false;
        }
    }
    QTAILQ_FOREACH(file, &s->retired, next) {
        if (file->port == port && file->lun == lun) {
            return false;
        }
    }
    return true;
}

static bool tasks_look(NpivFabric *s);

/* Answers of files that were retired, until the kernel is done with them. */
static void drain(void *opaque)
{
    NpivFabric *s = opaque;
    File *file, *after;

    QTAILQ_FOREACH_SAFE(file, &s->retired, next, after) {
        Command *command, *then;
        int ret = 0, done = 0;

        QTAILQ_FOREACH_SAFE(command, &s->commands, next, then) {
            if (command->file == file && ret >= 0) {
                ret = file_read_one(file, command->id);
            }
        }
        if (ret < 0) {
            file_broken(file);
        } else if (file->live == 0 &&
                   (ioctl(file->fd, SG_GET_NUM_WAITING, &done) < 0 ||
                    done >= (int)file->cancelled)) {
            file_close(file);
        }
    }
    if (tasks_look(s) || !QTAILQ_EMPTY(&s->retired)) {
        timer_mod(s->drain, now_ms() + DRAIN_MS);
    }
}

/* Devices */

static void lun_free(Port *port, Lun *lun)
{
    QTAILQ_REMOVE(&port->luns, lun, next);
    if (lun->file) {
        file_broken(lun->file);
    }
    g_free(lun);
}

/* What SCSI devices are behind a target now. */
static bool port_look(NpivFabric *s, Port *port, Error **errp)
{
    GError *err = NULL;
    g_autoptr(GArray) found = lpm_npiv_list_luns(s->sysfs, s->host,
                                                 &port->id, &err);
    Lun *lun, *after;

    port->looked_ms = now_ms();
    if (!found) {
        lpm_error_to_qemu(errp, &err, "");
        return false;
    }
    QTAILQ_FOREACH_SAFE(lun, &port->luns, next, after) {
        bool there = false;

        for (guint i = 0; i < found->len; i++) {
            LpmNpivLun *id = &g_array_index(found, LpmNpivLun, i);

            there |= id->lun == lun->id.lun && id->sg == lun->id.sg;
        }
        if (!there) {
            lun_free(port, lun);
        }
    }
    for (guint i = 0; i < found->len; i++) {
        LpmNpivLun *id = &g_array_index(found, LpmNpivLun, i);

        if (!lun_find(port, id->lun)) {
            lun = g_new0(Lun, 1);
            lun->id = *id;
            QTAILQ_INSERT_TAIL(&port->luns, lun, next);
        }
    }
    return true;
}

/*
 * The devices may be others than we know: LUNs come and go.  A guest that
 * asks for what is not there must not keep us busy with that.
 */
static void port_look_again(NpivFabric *s, Port *port)
{
    if (now_ms() - port->looked_ms >= FAST_MS) {
        port_look(s, port, NULL);
    }
}

static guint port_count(const Port *port)
{
    const Lun *lun;
    guint n = 0;

    QTAILQ_FOREACH(lun, &port->luns, next) {
        n++;
    }
    return n;
}

/* Commands again */

/* There is no such LUN, but it may be asked which there are. */
static void command_no_lun(NpivFabric *s, Port *port, Command *command)
{
    VfcIO *io = command->io;
    uint32_t room = io->to_device ? 0 : io->bytes;
    g_autofree guint *numbers = g_new(guint, port_count(port) + 1);
    g_autofree uint8_t *data = g_malloc0(room + 1);
    LpmNpivOutcome outcome;
    uint32_t bytes;
    guint n = 0;
    Lun *lun;

    QTAILQ_FOREACH(lun, &port->luns, next) {
        numbers[n++] = lun->id.lun;
    }
    outcome = lpm_npiv_answer(io->cdb, numbers, n, data, room, &bytes,
                              io->sense);
    if (bytes > 0) {
        iov_from_buf(io->iov, io->n_iov, 0, data, bytes);
    }
    io->failed = false;
    io->status = outcome.status;
    io->residual = io->to_device ? io->bytes : outcome.residual;
    io->sense_bytes = outcome.sense_bytes;
    command_end(s, command);
}

static ssize_t command_write(Command *command, int fd)
{
    VfcIO *io = command->io;
    sg_io_hdr_t header = {
        .interface_id = 'S',
        .dxfer_direction = io->bytes == 0 ? SG_DXFER_NONE :
                           io->to_device ? SG_DXFER_TO_DEV :
                                           SG_DXFER_FROM_DEV,
        .cmd_len = lpm_npiv_cdb_bytes(io->cdb),
        .cmdp = io->cdb,
        .mx_sb_len = sizeof(command->sense),
        .sbp = command->sense,
        .dxfer_len = io->bytes,
        .iovec_count = io->bytes == 0 ? 0 : io->n_iov,
        .dxferp = io->bytes == 0 ? NULL : io->iov,
        .timeout = lpm_npiv_timeout_ms(io->cdb),
        /* or the last one would be carried out first */
        .flags = SG_FLAG_Q_AT_TAIL,
        .pack_id = command->id,
    };

    return RETRY_ON_EINTR(write(fd, &header, sizeof(header)));
}

static void command_write_failed(NpivFabric *s, Port *port, Lun *lun,
                                 Command *command, int code)
{
    File *file = lun->file;

    if (!lun->warned) {
        lun->warned = true;
        warn_report("LUN %u of target %s: sg%u refused command 0x%02x of "
                    "%u bytes: %s", lun->id.lun, command->io->target->name,
                    lun->id.sg, command->io->cdb[0], command->io->bytes,
                    strerror(code));
    }
    command_fail(s, command);
    if (code == ENODEV || code == ENXIO) {
        file_broken(file);
        port_look_again(s, port);
    }
}

/* Returns false if the command has to wait. */
static bool command_start(NpivFabric *s, Command *command)
{
    Port *port = g_hash_table_lookup(s->ports, command->io->target);
    Lun *lun;
    Error *err = NULL;

    if (!port || !command->io->target->logged_in) {
        command_fail(s, command);
        return true;
    }
    lun = lun_find(port, command->io->lun);
    if (!lun) {
        port_look_again(s, port);
        lun = lun_find(port, command->io->lun);
    }
    if (!lun) {
        command_no_lun(s, port, command);
        return true;
    }
    if (!lun_open(s, port, lun, &err)) {
        if (!lun->warned) {
            lun->warned = true;
            warn_report("%s", error_get_pretty(err));
        }
        error_free(err);
        command_fail(s, command);
        port_look_again(s, port);
        return true;
    }
    if (lun->file->live >= FILE_COMMANDS) {
        return false;
    }
    if (command_write(command, lun->file->fd) == sizeof(sg_io_hdr_t)) {
        command->file = lun->file;
        lun->file->live++;
        return false;
    }
    /* Short of room: there will be some when one of those out is done */
    if ((errno == EDOM || errno == EAGAIN || errno == ENOMEM ||
         errno == EBUSY) && lun->file->live > 0) {
        return false;
    }
    command_write_failed(s, port, lun, command, errno);
    return true;
}

static void pump(void *opaque)
{
    NpivFabric *s = opaque;
    Command *command;
    bool again;

    do {
        again = false;
        QTAILQ_FOREACH(command, &s->commands, next) {
            if (!command->file && command_start(s, command)) {
                again = true;       /* the list may be another one now */
                break;
            }
        }
    } while (again);
}

static void npiv_submit(VfcFabric *fabric, VfcIO *io)
{
    NpivFabric *s = to_npiv(fabric);
    Command *command = g_new0(Command, 1);

    command->io = io;
    command->id = s->next_id;
    s->next_id = (s->next_id + 1) & INT_MAX;
    io->private = command;
    QTAILQ_INSERT_TAIL(&s->commands, command, next);
    qemu_bh_schedule(s->pump);
}

static void npiv_cancel(VfcFabric *fabric, VfcIO *io)
{
    NpivFabric *s = to_npiv(fabric);
    Command *command = io->private;

    if (!command) {
        return;
    }
    if (command->file) {
        command->file->cancelled++;
        file_retire(command->file);
    }
    command_fail(s, command);
    qemu_bh_schedule(s->pump);
}

/* Task management */

static void task_free(Task *task)
{
    if (task->s) {
        QLIST_REMOVE(task, next);
    }
    if (task->fd >= 0) {
        close(task->fd);
    }
    g_free(task);
}

static void task_done(Task *task, Error *err)
{
    VfcDone *done = task->done;
    void *opaque = task->opaque;

    task_free(task);
    done(opaque, err);
    error_free(err);
}

static void task_run(Work *work)
{
    Task *task = container_of(work, Task, work);
    int op = task->op | SG_SCSI_RESET_NO_ESCALATE;

    task->code = ioctl(task->fd, SG_SCSI_RESET, &op) < 0 ? errno : 0;
}

static void task_ended(Work *work)
{
    Task *task = container_of(work, Task, work);
    Error *err = NULL;

    if (!task->s) {
        task_free(task);
        return;
    }
    if (task->code == 0) {
        task_done(task, NULL);
    } else if (task->kind == VFC_TASK_ABORT_SET) {
        /* The kernel itself aborts them when their time is over */
        task->waits = true;
        task->deadline_ms = now_ms() + ABORT_MS;
        timer_mod(task->s->drain, now_ms());
    } else {
        error_setg_errno(&err, task->code, "SCSI reset of LUN %d of target "
                         "%s%s", task->lun, task->port->target->name,
                         task->code == EACCES || task->code == EPERM ?
                         " (give QEMU CAP_SYS_ADMIN and CAP_SYS_RAWIO)" : "");
        task_done(task, err);
    }
}

/* Returns whether some wait on. */
static bool tasks_look(NpivFabric *s)
{
    Task *task, *after;
    bool waits = false;

    QLIST_FOREACH_SAFE(task, &s->tasks, next, after) {
        Error *err = NULL;

        if (!task->waits) {
            continue;
        }
        if (lun_is_idle(s, task->port, task->lun)) {
            task_done(task, NULL);
        } else if (now_ms() >= task->deadline_ms) {
            error_setg_errno(&err, task->code, "LUN %d of target %s still "
                             "has commands, and cannot be reset", task->lun,
                             task->port->target->name);
            task_done(task, err);
        } else {
            waits = true;
        }
    }
    return waits;
}

static void npiv_task(VfcFabric *fabric, VfcTarget *target, int lun,
                      VfcTask kind, VfcDone *done, void *opaque)
{
    NpivFabric *s = to_npiv(fabric);
    Port *port = g_hash_table_lookup(s->ports, target);
    Error *err = NULL;
    Lun *any, *on = NULL;
    Task *task;
    int fd = -1;

    if (kind == VFC_TASK_ABORT_SET && lun_is_idle(s, port, lun)) {
        done(opaque, NULL);
        return;
    }
    QTAILQ_FOREACH(any, &port->luns, next) {
        if (any->id.lun == lun || kind == VFC_TASK_TARGET_RESET) {
            on = any;
        }
    }
    if (on) {
        fd = node_open(s, port, &on->id, &err);
    } else {
        error_setg(&err, "target %s has no LUN %d", target->name, lun);
    }
    if (err) {
        done(opaque, err);
        error_free(err);
        return;
    }
    task = g_new0(Task, 1);
    task->s = s;
    task->port = port;
    task->lun = lun;
    task->kind = kind;
    task->done = done;
    task->opaque = opaque;
    /*
     * sg has nothing that ends the commands of one initiator only: a reset
     * of the LUN ends them, and those of others with it.
     */
    task->op = kind == VFC_TASK_TARGET_RESET ? SG_SCSI_RESET_TARGET :
                                               SG_SCSI_RESET_DEVICE;
    task->fd = fd;
    task->work.run = task_run;
    task->work.end = task_ended;
    QLIST_INSERT_HEAD(&s->tasks, task, next);
    work_start(&task->work, "vfc-reset");
}

/* Targets */

static void port_close(NpivFabric *s, Port *port)
{
    Command *command;
    File *file, *after;
    bool again;

    port->target->logged_in = false;
    do {
        again = false;
        QTAILQ_FOREACH(command, &s->commands, next) {
            if (command->io->target == port->target) {
                if (command->file) {
                    command->file->cancelled++;
                    file_retire(command->file);
                }
                command_fail(s, command);
                again = true;
                break;
            }
        }
    } while (again);
    while (!QTAILQ_EMPTY(&port->luns)) {
        lun_free(port, QTAILQ_FIRST(&port->luns));
    }
    QTAILQ_FOREACH_SAFE(file, &s->retired, next, after) {
        if (file->port == port && file->live == 0) {
            file_close(file);
        }
    }
}

static void port_end_login(Port *port, Error *err)
{
    VfcDone *done = port->done;

    port->done = NULL;
    port->target->logging_in = false;
    if (done) {
        done(port->opaque, err);
    }
    error_free(err);
}

static void port_lost(NpivFabric *s, Port *port, const char *why)
{
    bool was = port->target->logged_in;
    Error *err = NULL;

    port_close(s, port);
    if (port->done) {
        error_setg(&err, "target %s: %s", port->target->name, why);
        port_end_login(port, err);
    }
    if (was && s->fabric.lost) {
        s->fabric.lost(s->fabric.opaque, port->target, why);
    }
}

/* One step of a login: devices appear one by one, and their nodes later. */
static void port_step(NpivFabric *s, Port *port)
{
    bool late = now_ms() >= port->deadline_ms;
    Error *err = NULL;
    guint n, open = 0;
    Lun *lun;

    if (!port->id.online) {
        error_setg(&err, "target %s has port_state '%s', wanted 'Online'",
                   port->target->name, port->id.state);
        port_end_login(port, err);
        return;
    }
    if (!port_look(s, port, &err)) {
        port_end_login(port, err);
        return;
    }
    n = port_count(port);
    port->same = n == port->last_luns ? port->same + 1 : 0;
    port->last_luns = n;
    if (!late && (n == 0 || port->same < SETTLE_LOOKS)) {
        return;
    }
    QTAILQ_FOREACH(lun, &port->luns, next) {
        Error *one = NULL;

        if (lun_open(s, port, lun, &one)) {
            open++;
        } else if (err) {
            error_free(one);
        } else {
            err = one;
        }
    }
    if (err && !late) {
        error_free(err);        /* udev may not be done with the nodes */
        return;
    }
    if (open > 0 || n == 0) {
        if (err) {
            warn_report("%s", error_get_pretty(err));
            error_free(err);
            err = NULL;
        }
        port->target->logged_in = true;
    }
    port_end_login(port, err);
}

static void npiv_target_login(VfcFabric *fabric, VfcTarget *target,
                              VfcDone *done, void *opaque)
{
    NpivFabric *s = to_npiv(fabric);
    Port *port = g_hash_table_lookup(s->ports, target);
    Error *err = NULL;

    if (target->logged_in) {
        done(opaque, NULL);
        return;
    }
    if (port->done) {
        error_setg(&err, "target %s: the login was given up", target->name);
        port_end_login(port, err);
    }
    target->logging_in = true;
    port->done = done;
    port->opaque = opaque;
    port->deadline_ms = now_ms() + SETTLE_MS;
    port->same = 0;
    port->last_luns = 0;
    timer_mod(s->tick, now_ms());
}

static void npiv_target_logout(VfcFabric *fabric, VfcTarget *target)
{
    NpivFabric *s = to_npiv(fabric);
    Port *port = g_hash_table_lookup(s->ports, target);
    Error *err = NULL;

    /*
     * Nodes are closed; the session itself is the host's, which keeps it
     * until the port goes
     */
    port_close(s, port);
    if (port->done) {
        error_setg(&err, "target %s: the login was given up", target->name);
        port_end_login(port, err);
    }
}

static void port_free(gpointer data)
{
    g_free(data);
}

static Port *port_new(NpivFabric *s, const LpmNpivTarget *id)
{
    g_autofree char *name = g_strdup_printf("naa.%016" PRIx64, id->wwpn);
    Port *port = g_new0(Port, 1);

    port->target = vfc_target_new(name);
    port->target->wwpn = id->wwpn;
    port->target->wwnn = id->wwnn;
    port->target->port_id = id->port_id;
    QTAILQ_INIT(&port->luns);
    g_ptr_array_add(s->fabric.targets, port->target);
    g_hash_table_insert(s->ports, port->target, port);
    return port;
}

/* A target is as it was found, or (NULL) it was not. */
static void port_update(NpivFabric *s, Port *port, const LpmNpivTarget *id)
{
    if (id && port->target->port_id != id->port_id && id->online) {
        if (port->target->logged_in) {
            port_lost(s, port, "its port id has changed");
        }
        port->target->port_id = id->port_id;
    }
    if (id && port->id.online && (port->id.channel != id->channel ||
                                  port->id.scsi_target != id->scsi_target)) {
        /* another SCSI target of the host: its devices are others, too */
        if (port->target->logged_in) {
            port_lost(s, port, "its devices have changed");
        }
    }
    if (id) {
        port->id = *id;
    } else {
        port->id.online = false;
        pstrcpy(port->id.state, sizeof(port->id.state), "Not Present");
    }
    if (port->id.online) {
        port->seen_ms = now_ms();
    }
    /* The kernel holds commands back while a port blinks */
    port->target->listed = port->id.online ||
        (id && g_str_equal(id->state, "Blocked") &&
         now_ms() - port->seen_ms < BLOCKED_MS);
    if (port->target->logged_in && !port->target->listed) {
        g_autofree char *why = g_strdup_printf("port_state '%s'",
                                               port->id.state);

        port_lost(s, port, why);
    }
}

static void targets_update(NpivFabric *s, const GArray *found)
{
    for (guint i = 0; i < s->fabric.targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(s->fabric.targets, i);
        const LpmNpivTarget *here = NULL;

        /* More than one has the name while the kernel keeps an old one */
        for (guint j = 0; j < found->len; j++) {
            const LpmNpivTarget *id = &g_array_index(found, LpmNpivTarget, j);

            if (id->wwpn == target->wwpn && (!here || id->online)) {
                here = id;
            }
        }
        port_update(s, g_hash_table_lookup(s->ports, target), here);
    }
    for (guint j = 0; j < found->len; j++) {
        const LpmNpivTarget *id = &g_array_index(found, LpmNpivTarget, j);

        if (id->online && id->port_id != 0 &&
            !vfc_fabric_find_wwpn(&s->fabric, id->wwpn)) {
            port_update(s, port_new(s, id), id);
        }
    }
}

/* The virtual port went away by itself, or by somebody's hand. */
static void all_lost(NpivFabric *s, const char *why)
{
    s->step = STEP_DOWN;
    if (s->vport) {
        s->vport->exists = false;
        vport_drop(s->vport);
        s->vport = NULL;
    }
    for (guint i = 0; i < s->fabric.targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(s->fabric.targets, i);
        Port *port = g_hash_table_lookup(s->ports, target);

        target->listed = false;
        port->id.online = false;
        port_lost(s, port, why);
    }
}

static bool targets_look(NpivFabric *s, GError **error)
{
    g_autoptr(GArray) found = NULL;
    LpmNpivPort port;

    if (!lpm_npiv_look_port(s->sysfs, s->host, &port, error)) {
        return false;
    }
    if (port.wwpn != s->fabric.wwpn) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_STATE, "host%u has WWPN "
                    "%016" PRIx64 " now, wanted %016" PRIx64, s->host,
                    port.wwpn, s->fabric.wwpn);
        return false;
    }
    found = lpm_npiv_list_targets(s->sysfs, s->host, error);
    if (!found) {
        return false;
    }
    targets_update(s, found);
    return true;
}

/* Login */

/* @err: NULL on success; taken */
static void login_end(NpivFabric *s, Error *err)
{
    VfcDone *done = s->done;

    if (err && s->vport) {
        Vport *vport = s->vport;

        s->vport = NULL;
        vport_drop(vport);
    }
    s->step = err ? STEP_DOWN : STEP_UP;
    s->done = NULL;
    if (done) {
        done(s->opaque, err);
    }
    error_free(err);
}

static void login_fail(NpivFabric *s, GError *err)
{
    Error *qemu_err = NULL;

    lpm_error_to_qemu(&qemu_err, &err, "");
    login_end(s, qemu_err);
}

/* Returns false if there is nothing more to be done now. */
static bool login_start(NpivFabric *s)
{
    Vport *vport = vport_find(s->fabric.wwpn);
    GError *err = NULL;
    LpmNpivPort parent;

    if (vport && vport->owner) {
        g_set_error(&err, LPM_ERROR, LPM_ERROR_STATE, "WWPN %016" PRIx64
                    " is in use by another adapter of this QEMU",
                    s->fabric.wwpn);
        login_fail(s, err);
        return false;
    }
    if (vport && vport->busy) {
        return false;           /* it is about to go */
    }
    if (vport && vport->parent == s->parent && vport->wwnn == s->wwnn) {
        vport->owner = s;       /* it could not be removed: so it is here */
        s->vport = vport;
        s->step = STEP_ONLINE;
        return true;
    }
    if (!lpm_npiv_host_name(s->parent_name, &s->parent)) {
        g_set_error(&err, LPM_ERROR, LPM_ERROR_MALFORMED, "parent '%s', "
                    "wanted hostN of %s/class/fc_host", s->parent_name,
                    s->sysfs);
    } else if (lpm_npiv_check_free(s->sysfs, s->fabric.wwpn, &err) &&
               lpm_npiv_look_port(s->sysfs, s->parent, &parent, &err) &&
               lpm_npiv_check_parent(&parent, &err)) {
        s->step = STEP_MAKING;
        s->vport = vport_new(s);
        return false;
    }
    login_fail(s, err);
    return false;
}

static bool login_making(NpivFabric *s)
{
    GError *err;

    if (s->vport->busy) {
        return false;
    }
    err = g_steal_pointer(&s->vport->err);
    if (err) {
        login_fail(s, err);
        return false;
    }
    s->step = STEP_ONLINE;
    return true;
}

static bool login_online(NpivFabric *s)
{
    GError *err = NULL;
    gboolean found, made;
    LpmNpivVport vport;
    LpmNpivPort port;

    if (!lpm_npiv_find_port(s->sysfs, s->fabric.wwpn, &found, &port, &err) ||
        !lpm_npiv_find_vport(s->sysfs, s->fabric.wwpn, &made, &vport,
                             &err)) {
        login_fail(s, err);
        return false;
    }
    if (found && lpm_npiv_is_ready(&port, made ? &vport : NULL)) {
        s->host = port.host;
        s->step = STEP_SETTLE;
        s->deadline_ms = now_ms() + SETTLE_MS;
        s->same = 0;
        s->last_targets = 0;
        return true;
    }
    if (now_ms() >= s->deadline_ms) {
        g_set_error(&err, LPM_ERROR, LPM_ERROR_STATE, "WWPN %016" PRIx64
                    " has port_state '%s' and vport_state '%s' after %d s, "
                    "wanted 'Online' and 'Active': look at the switch's "
                    "NPIV limit and at who else has that name",
                    s->fabric.wwpn, found ? port.state : "none",
                    made ? vport.state : "none", LOGIN_MS / 1000);
        login_fail(s, err);
    }
    return false;
}

static bool login_settle(NpivFabric *s)
{
    GError *err = NULL;

    if (!targets_look(s, &err)) {
        login_fail(s, err);
        return false;
    }
    s->same = s->fabric.targets->len == s->last_targets ? s->same + 1 : 0;
    s->last_targets = s->fabric.targets->len;
    if (now_ms() >= s->deadline_ms ||
        (s->last_targets > 0 && s->same >= SETTLE_LOOKS)) {
        login_end(s, NULL);
    }
    return false;
}

static void login_step(NpivFabric *s)
{
    bool more = true;

    while (more) {
        switch (s->step) {
        case STEP_START:
            more = login_start(s);
            break;
        case STEP_MAKING:
            more = login_making(s);
            break;
        case STEP_ONLINE:
            more = login_online(s);
            break;
        case STEP_SETTLE:
            more = login_settle(s);
            break;
        case STEP_DOWN:
        case STEP_UP:
            more = false;
            break;
        }
    }
    if ((s->step == STEP_START || s->step == STEP_MAKING) &&
        now_ms() >= s->deadline_ms) {
        Error *err = NULL;

        error_setg(&err, "host%u has not %s the virtual port %016" PRIx64
                   " within %d s", s->parent,
                   s->step == STEP_MAKING ? "made" : "removed the former of",
                   s->fabric.wwpn, LOGIN_MS / 1000);
        login_end(s, err);
    }
}

static void npiv_login(VfcFabric *fabric, VfcDone *done, void *opaque)
{
    NpivFabric *s = to_npiv(fabric);

    g_assert(!s->done);         /* the adapter asks once at a time */
    s->done = done;
    s->opaque = opaque;
    if (s->step == STEP_DOWN) {
        s->step = STEP_START;
        s->deadline_ms = now_ms() + LOGIN_MS;
    }
    timer_mod(s->tick, now_ms());
}

/* The port is up: for ourselves, and for who has asked for its targets. */
static void look_again(NpivFabric *s)
{
    VfcDone *done = s->done;
    GError *err = NULL;
    Error *qemu_err = NULL;

    s->done = NULL;
    if (!targets_look(s, &err)) {
        if (g_error_matches(err, LPM_ERROR, LPM_ERROR_STATE)) {
            all_lost(s, err->message);
        } else {
            /* Nothing is known of the targets: they are as they were */
            warn_report_once("%s", err->message);
        }
        lpm_error_to_qemu(&qemu_err, &err, "");
    }
    if (done) {
        done(s->opaque, qemu_err);
    }
    error_free(qemu_err);
}

/* Where all of it is looked at. */
static void tick(void *opaque)
{
    NpivFabric *s = opaque;
    bool soon = false;

    login_step(s);
    if (s->step == STEP_UP) {
        look_again(s);
    }
    for (guint i = 0; i < s->fabric.targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(s->fabric.targets, i);
        Port *port = g_hash_table_lookup(s->ports, target);

        if (port->done) {
            port_step(s, port);
        }
        soon |= port->done != NULL;
    }
    if (s->step != STEP_DOWN) {
        timer_mod(s->tick, now_ms() + (soon || s->step != STEP_UP ?
                                       FAST_MS : SLOW_MS));
    }
}

static void npiv_free(VfcFabric *fabric)
{
    NpivFabric *s = to_npiv(fabric);
    Command *command;
    File *file;
    Task *task;

    s->done = NULL;
    s->fabric.lost = NULL;
    while ((command = QTAILQ_FIRST(&s->commands))) {
        QTAILQ_REMOVE(&s->commands, command, next);
        g_free(command);
    }
    while ((task = QLIST_FIRST(&s->tasks))) {
        QLIST_REMOVE(task, next);
        task->s = NULL;
        if (task->waits) {
            task_free(task);
        }
    }
    for (guint i = 0; i < fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(fabric->targets, i);
        Port *port = g_hash_table_lookup(s->ports, target);

        port->done = NULL;
        port_close(s, port);
    }
    while ((file = QTAILQ_FIRST(&s->retired))) {
        file_close(file);
    }
    if (s->vport) {
        vport_drop(s->vport);
    }
    timer_free(s->tick);
    timer_free(s->drain);
    qemu_bh_delete(s->pump);
    g_hash_table_unref(s->ports);
    g_ptr_array_unref(fabric->targets);
    g_free(s->sysfs);
    g_free(s->dev);
    g_free(s->parent_name);
    g_free(s);
}

static const VfcFabricOps npiv_ops = {
    .login = npiv_login,
    .target_login = npiv_target_login,
    .target_logout = npiv_target_logout,
    .submit = npiv_submit,
    .cancel = npiv_cancel,
    .task = npiv_task,
    .free = npiv_free,
};

VfcFabric *vfc_npiv_new(uint64_t wwpn, const VfcNpivParams *params)
{
    NpivFabric *s = g_new0(NpivFabric, 1);

    vfc_fabric_init(&s->fabric, &npiv_ops, wwpn);
    s->parent_name = g_strdup(params->parent ? params->parent : "");
    lpm_npiv_host_name(s->parent_name, &s->parent);
    s->wwnn = params->wwnn;
    s->sysfs = g_strdup(params->sysfs ? params->sysfs : "/sys");
    s->dev = g_strdup(params->dev ? params->dev : "/dev");
    s->ports = g_hash_table_new_full(NULL, NULL, NULL, port_free);
    QTAILQ_INIT(&s->commands);
    QTAILQ_INIT(&s->retired);
    QLIST_INIT(&s->tasks);
    s->pump = aio_bh_new(qemu_get_aio_context(), pump, s);
    s->tick = timer_new_ms(QEMU_CLOCK_REALTIME, tick, s);
    s->drain = timer_new_ms(QEMU_CLOCK_REALTIME, drain, s);
    return &s->fabric;
}
