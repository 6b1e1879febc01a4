/*
 * An adapter in a move: what waits, what travels, what the driver is told
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "block/aio-wait.h"
#include "adapter.h"

/* Longest wait for commands when the machine stops; then they are aborted */
#define DRAIN_MS        5000
/* Entries that wait for room in the guest's queue, at the very most */
#define PENDING_MAX     (2 * (QUEUE_DEPTH_MAX + KEPT_COMMANDS) + 64)

static bool vfc_has_commands(const SpaprVfc *s)
{
    const VfcRequest *req;

    QTAILQ_FOREACH(req, &s->requests, next) {
        if (!req->is_mad) {
            return true;
        }
    }
    return false;
}

static void vfc_set_flag(void *opaque)
{
    *(bool *)opaque = true;
}

/*
 * Waits until no command is out: the target has answered, or was left.  What
 * was left may still be carried out by a target that comes back, so the
 * guest must not go where it could be overtaken: see vfc_pre_save().
 */
static void vfc_drain(SpaprVfc *s)
{
    AioContext *ctx = qemu_get_aio_context();
    bool late = false;
    QEMUTimer *timer = aio_timer_new(ctx, QEMU_CLOCK_REALTIME, SCALE_MS,
                                     vfc_set_flag, &late);

    timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + DRAIN_MS);
    AIO_WAIT_WHILE(NULL, vfc_has_commands(s) && !late);
    timer_free(timer);
    s->left_commands = vfc_has_commands(s);
    if (s->left_commands) {
        VfcRequest *req, *after;

        warn_report("%s: commands without an answer after %d ms are aborted",
                    vfc_name(s), DRAIN_MS);
        QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
            req->requeue = true;
            vfc_cancel(req);
        }
    }
}

/*
 * The driver begins anew: with its next login, and with the other WWPN.  All
 * that the old session waited for went with its fabric.
 */
static void vfc_tell_moved(SpaprVfc *s)
{
    s->moved = false;
    if (!s->vdev.crq.qsize) {
        return;             /* no driver */
    }
    s->epoch++;
    s->logged_in = false;
    s->awaits_init = true;
    s->has_strays = false;
    /* After all that was answered before the move */
    vfc_post(s, LPM_VFC_CRQ_TRANSPORT, LPM_VFC_MIGRATED, 0);
}

void vfc_vm_state(void *opaque, bool running, RunState state)
{
    SpaprVfc *s = opaque;

    if (!running) {
        vfc_drain(s);
        s->stopped = true;
        return;
    }
    s->stopped = false;
    if (s->moved) {
        vfc_tell_moved(s);
    } else {
        vfc_flush_pending(s);
        vfc_release(s);
    }
}

/* The guest is elsewhere now: its WWPN here has nothing more to do. */
int vfc_migration_event(NotifierWithReturn *notifier,
                        MigrationEvent *e, Error **errp)
{
    SpaprVfc *s = container_of(notifier, SpaprVfc, migration);
    SpaprDrc *slot = spapr_vio_drc(&s->vdev);

    /* The guest would take it away from one side only */
    if (e->type == MIG_EVENT_PRECOPY_SETUP && slot &&
        spapr_drc_unplug_requested(slot)) {
        error_setg(errp, "%s is being removed: wait for DEVICE_DELETED, or "
                   "reset the guest, which removes it", vfc_name(s));
        return -EBUSY;
    }
    if (e->type == MIG_EVENT_PRECOPY_DONE) {
        vfc_use_wwpn(s, s->active);
        s->moved = true;
    }
    return 0;
}

static int vfc_pre_save(void *opaque)
{
    SpaprVfc *s = opaque;
    PendingCrq *pending;
    uint32_t n = 0;

    if (s->left_commands) {
        error_report("%s: the target has not answered commands within %d ms: "
                     "it may carry them out later, after what the guest does "
                     "elsewhere; the guest stays here", vfc_name(s),
                     DRAIN_MS);
        return -EBUSY;
    }
    g_free(s->saved_pending);
    s->saved_pending = g_malloc(PENDING_MAX * LPM_VFC_CRQ_BYTES);
    QSIMPLEQ_FOREACH(pending, &s->pending, next) {
        if (n == PENDING_MAX) {
            error_report("%s: the guest does not read its queue",
                         vfc_name(s));
            return -EBUSY;
        }
        memcpy(s->saved_pending + LPM_VFC_CRQ_BYTES * n++, pending->entry,
               LPM_VFC_CRQ_BYTES);
    }
    s->saved_pending_bytes = LPM_VFC_CRQ_BYTES * n;
    memcpy(s->saved_wwpn, s->wwpn, sizeof(s->wwpn));
    s->saved_active = s->active;
    return 0;
}

static bool vfc_pending_is_bounded(void *opaque, int version_id)
{
    SpaprVfc *s = opaque;

    return s->saved_pending_bytes <= PENDING_MAX * LPM_VFC_CRQ_BYTES;
}

/*
 * Whether the sessions that were made before RAM moved are still there.  If
 * not, the guest is better off where it is: the load fails, and it goes on
 * at the source.
 */
static bool vfc_is_ready(SpaprVfc *s)
{
    for (guint i = 0; i < s->fabric->targets->len; i++) {
        const VfcTarget *target = g_ptr_array_index(s->fabric->targets, i);

        if (target->listed && !target->logged_in) {
            error_report("%s: target %s has logged WWPN %016" PRIx64 " out "
                         "since its storage was compared", vfc_name(s),
                         target->name, s->fabric->wwpn);
            return false;
        }
    }
    return true;
}

static int vfc_post_load(void *opaque, int version_id)
{
    SpaprVfc *s = opaque;
    const char *id = vfc_name(s);

    if (memcmp(s->saved_wwpn, s->wwpn, sizeof(s->wwpn)) ||
        s->saved_active < 1 || s->saved_active > 2) {
        error_report("%s: the source has the WWPNs %016" PRIx64 " and %016"
                     PRIx64 ", we have %016" PRIx64 " and %016" PRIx64
                     "; start both sides with the same pair", id,
                     s->saved_wwpn[0], s->saved_wwpn[1], s->wwpn[0],
                     s->wwpn[1]);
        return -EINVAL;
    }
    if (s->saved_pending_bytes % LPM_VFC_CRQ_BYTES) {
        error_report("%s: %u bytes of queue entries", id,
                     s->saved_pending_bytes);
        return -EINVAL;
    }
    for (uint32_t at = 0; at < s->saved_pending_bytes;
         at += LPM_VFC_CRQ_BYTES) {
        PendingCrq *pending = g_new0(PendingCrq, 1);

        memcpy(pending->entry, s->saved_pending + at, LPM_VFC_CRQ_BYTES);
        QSIMPLEQ_INSERT_TAIL(&s->pending, pending, next);
    }
    /* Logged in already, if the storage was looked at before RAM moved */
    if (!s->announced || s->active != 3 - s->saved_active) {
        vfc_use_wwpn(s, 3 - s->saved_active);
    } else if (!vfc_is_ready(s)) {
        return -ENOTCONN;
    }
    s->moved = true;
    return 0;
}

const VMStateDescription vmstate_spapr_vfc = {
    .name = "spapr_vfc",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = vfc_pre_save,
    .post_load = vfc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_SPAPR_VIO(vdev, SpaprVfc),
        VMSTATE_UINT64_ARRAY(saved_wwpn, SpaprVfc, 2),
        VMSTATE_UINT8(saved_active, SpaprVfc),
        VMSTATE_UINT32_ARRAY(sub_crqs.irq, SpaprVfc, VFC_SUB_CRQS_MAX),
        VMSTATE_UINT32(saved_pending_bytes, SpaprVfc),
        VMSTATE_VALIDATE("pending entries", vfc_pending_is_bounded),
        VMSTATE_VBUFFER_ALLOC_UINT32(saved_pending, SpaprVfc, 1, NULL,
                                     saved_pending_bytes),
        VMSTATE_END_OF_LIST()
    },
};
