/*
 * The virtual Fibre Channel client adapter of a pseries machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "crypto/secret.h"
#include "hw/irq.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/spapr.h"
#include "hw/ppc/spapr_irq.h"
#include "hw/ppc/spapr_vio.h"
#include "block/aio-wait.h"
#include "hw/qdev-properties.h"
#include "migration/misc.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include <libfdt.h>
#include "vfc/iu.h"
#include "fabric.h"
#include "subcrq.h"

/*
 * Theory of operation
 *
 * The guest's driver puts IUs into its memory and their addresses into the
 * CRQ by hypercall (vfc_send_crq); each is copied once, read by core/vfc and
 * acted upon; its answer is written over it and announced by an entry in the
 * CRQ page.  A request that waits for the fabric is a VfcRequest.
 *
 * The guest may take back its queue, and with it every request, at any time:
 * each request knows the session (s->epoch) that it came in, and is answered
 * only if that is still the one.
 *
 * A move.  When the machine stops, commands that are out are waited for, so
 * that none is carried out after the other side has begun; their answers are
 * in guest memory before its last copy is made.  The destination takes the
 * state over, with the other WWPN of the pair, and logs in with that.  Its
 * first act when the machine runs is to tell the driver that the partition
 * was migrated: the driver drops what it still waits for, logs in, and finds
 * its targets again by their WWPNs.  Until it has begun to do so, commands
 * are turned away.  The source logs its WWPN out when the move is complete;
 * should the guest be started there once more (the destination failed), it
 * does as a destination does, with the WWPN that it had.
 */

#define TYPE_SPAPR_VFC "spapr-vfc"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprVfc, SPAPR_VFC)

#define MAX_COMMANDS    141     /* 128, and 13 that the driver keeps back */
#define MAX_TRANSFER    (1u << 20)
#define LINK_MBPS       8000
#define TARGETS_MAX     1024
#define RETRY_MS        10
/* The fabric is looked at again, more often while something is missing */
#define SCAN_MS         10000
#define SCAN_SOON_MS    1000
/* Longest wait for commands when the machine stops; then they are aborted */
#define DRAIN_MS        5000
/* Entries that wait for room in the guest's queue, at the very most */
#define PENDING_MAX     (2 * MAX_COMMANDS + 64)
#define IOV_PIECE_MAX   (MAX_TRANSFER / 4096 + LPM_VFC_SCATTER_MAX)

typedef struct VfcRequest {
    SpaprVfc *s;
    uint32_t epoch;
    bool is_mad;
    uint64_t iu_address;
    uint32_t iu_bytes;
    uint8_t iu[LPM_VFC_IU_MAX];
    LpmVfcMad mad;
    LpmVfcCommand command;
    VfcIO io;
    bool cancelled;
    bool submitted;
    QTAILQ_ENTRY(VfcRequest) next;
} VfcRequest;

/* An entry that found the guest's queue full. */
typedef struct PendingCrq {
    uint8_t entry[LPM_VFC_CRQ_BYTES];
    QSIMPLEQ_ENTRY(PendingCrq) next;
} PendingCrq;

struct SpaprVfc {
    SpaprVioDevice vdev;

    /* properties */
    char *wwpn_text;
    char *wwpn2_text;
    char *wwnn_text;
    char *fabric_name;
    char *portal;
    char *chap_user;
    char *chap_secret;
    uint8_t active;             /* 1 or 2, for a cold boot */

    uint64_t wwpn[2];
    uint64_t wwnn;
    VfcFabric *fabric;          /* of the WWPN that is logged in, or NULL */

    /* what the guest has set up */
    uint32_t epoch;
    bool logged_in;
    bool logging_in;        /* the fabric is asked, for the guest */
    bool scanning;          /* or for ourselves */
    VfcRequest *login_waits;    /* a login that came while we scan */
    LpmVfcBuffer async;
    uint32_t async_next;
    guint known_targets;    /* that the guest could have asked for */
    VfcSubCrqs sub_crqs;
    bool moved;             /* the driver is to be told so at the next start */
    bool awaits_init;       /* it was told, and has not begun anew */

    QTAILQ_HEAD(, VfcRequest) requests;
    QSIMPLEQ_HEAD(, PendingCrq) pending;
    QEMUTimer *retry;
    QEMUTimer *scan;
    NotifierWithReturn migration;

    /* of the stream */
    uint64_t saved_wwpn[2];
    uint8_t saved_active;
    uint32_t saved_pending_bytes;
    uint8_t *saved_pending;
};

/* The queue to the guest */

static void vfc_flush_pending(SpaprVfc *s)
{
    PendingCrq *first;

    while ((first = QSIMPLEQ_FIRST(&s->pending))) {
        if (s->vdev.crq.qsize &&
            spapr_vio_send_crq(&s->vdev, first->entry) > 0) {
            /* The guest empties it in its own time */
            timer_mod(s->retry,
                      qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + RETRY_MS);
            return;
        }
        QSIMPLEQ_REMOVE_HEAD(&s->pending, next);
        g_free(first);
    }
}

static void vfc_retry(void *opaque)
{
    vfc_flush_pending(opaque);
}

static void vfc_post(SpaprVfc *s, uint8_t valid, uint8_t format,
                     uint64_t value)
{
    PendingCrq *pending = g_new0(PendingCrq, 1);

    lpm_vfc_write_crq(pending->entry, valid, format, value);
    QSIMPLEQ_INSERT_TAIL(&s->pending, pending, next);
    vfc_flush_pending(s);
}

static void vfc_drop_pending(SpaprVfc *s)
{
    PendingCrq *first;

    while ((first = QSIMPLEQ_FIRST(&s->pending))) {
        QSIMPLEQ_REMOVE_HEAD(&s->pending, next);
        g_free(first);
    }
}

/* Requests */

static void vfc_unmap(VfcRequest *req)
{
    for (int i = 0; i < req->io.n_iov; i++) {
        struct iovec *iov = &req->io.iov[i];

        dma_memory_unmap(&req->s->vdev.as, iov->iov_base, iov->iov_len,
                         req->io.to_device ? DMA_DIRECTION_TO_DEVICE :
                                             DMA_DIRECTION_FROM_DEVICE,
                         iov->iov_len);
    }
    g_free(req->io.iov);
    req->io.iov = NULL;
    req->io.n_iov = 0;
}

static void vfc_request_free(VfcRequest *req)
{
    vfc_unmap(req);
    QTAILQ_REMOVE(&req->s->requests, req, next);
    g_free(req);
}

/* Whether the guest still waits for it. */
static bool vfc_wanted(const VfcRequest *req)
{
    return req->epoch == req->s->epoch && req->s->vdev.crq.qsize;
}

/* The MAD's answer stands in its copy. */
static void vfc_answer_mad(VfcRequest *req, uint16_t status)
{
    SpaprVfc *s = req->s;

    lpm_vfc_set_mad_status(req->iu, status);
    if (vfc_wanted(req)) {
        spapr_vio_dma_write(&s->vdev, req->iu_address, req->iu,
                            req->iu_bytes);
        vfc_post(s, LPM_VFC_CRQ_COMMAND, LPM_VFC_FORMAT_MAD, req->mad.tag);
    }
    vfc_request_free(req);
}

/* With status and error at @at; @explain is what a name server says. */
static void vfc_fail_mad(VfcRequest *req, size_t at, uint16_t class,
                         uint16_t error, uint16_t explain)
{
    LpmVfcResult result = { .status = class, .error = error };

    lpm_vfc_set_result(req->iu, at, &result, explain);
    vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
}

static void vfc_answer_command(VfcRequest *req, const LpmVfcOutcome *outcome)
{
    SpaprVfc *s = req->s;
    uint8_t response[LPM_VFC_RESPONSE_BYTES];

    lpm_vfc_write_outcome(req->iu, response, outcome);
    /* What was read is in guest memory before the guest hears of it */
    vfc_unmap(req);
    if (vfc_wanted(req)) {
        if (req->command.response.bytes >= sizeof(response)) {
            spapr_vio_dma_write(&s->vdev, req->command.response.address,
                                response, sizeof(response));
        }
        /* residual, status, error, flags: 20 to 31 */
        spapr_vio_dma_write(&s->vdev, req->iu_address + 20, req->iu + 20, 12);
        vfc_post(s, LPM_VFC_CRQ_COMMAND, LPM_VFC_FORMAT_SCSI,
                 req->command.tag);
    }
    vfc_request_free(req);
}

static void vfc_fail_command(VfcRequest *req, uint16_t class, uint16_t error)
{
    LpmVfcOutcome outcome = {
        .result = { .status = class, .error = error },
        .residual = req->command.bytes,
    };

    vfc_answer_command(req, &outcome);
}

/* Login */

static VfcFabric *vfc_new_fabric(SpaprVfc *s, uint64_t wwpn, Error **errp)
{
    g_auto(GStrv) portals = g_strsplit(s->portal, "+", -1);
    g_autofree char *password = NULL;
    VfcIscsiParams params = {
        .portals = (const char *const *)portals,
        .user = s->chap_user,
    };

    if (s->chap_secret) {
        password = qcrypto_secret_lookup_as_utf8(s->chap_secret, errp);
        if (!password) {
            return NULL;
        }
        params.password = password;
    }
    return vfc_iscsi_new(wwpn, &params);
}

/* Events of the fabric */

#define EVENT_LOGO      0x0002
#define EVENT_SCN_PORT  0x0008

/*
 * In the queue that the login gave us, and announced in the CRQ.  A queue
 * that is full means that the driver has news to look at already.
 */
static void vfc_post_event(SpaprVfc *s, uint64_t event,
                           const VfcTarget *target)
{
    uint8_t entry[LPM_VFC_ASYNC_BYTES];
    uint64_t address = s->async.address + s->async_next * sizeof(entry);
    uint8_t valid = 1;

    if (!s->logged_in ||
        spapr_vio_dma_read(&s->vdev, address, &valid, 1) != H_SUCCESS ||
        valid) {
        return;
    }
    lpm_vfc_write_async(entry, event, 1, target->port_id, target->wwpn,
                        target->wwnn);
    spapr_vio_dma_write(&s->vdev, address + 1, entry + 1, sizeof(entry) - 1);
    smp_wmb();
    spapr_vio_dma_write(&s->vdev, address, entry, 1);
    s->async_next = (s->async_next + 1) % (s->async.bytes / sizeof(entry));
    vfc_post(s, LPM_VFC_CRQ_COMMAND, LPM_VFC_FORMAT_ASYNC, 0);
}

static void vfc_scan_in(SpaprVfc *s, unsigned ms)
{
    timer_mod(s->scan, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ms);
}

static void vfc_target_gone(SpaprVfc *s, VfcTarget *target, const char *why)
{
    if (!target->gone) {
        target->gone = true;
        warn_report("%s: target %s is gone: %s",
                    object_get_canonical_path_component(OBJECT(s)),
                    target->name, why);
        vfc_post_event(s, EVENT_LOGO, target);
    }
}

static void vfc_target_lost(void *opaque, VfcTarget *target, const char *why)
{
    SpaprVfc *s = opaque;

    vfc_target_gone(s, target, why && *why ? why : "connection lost");
    vfc_scan_in(s, SCAN_SOON_MS);
}

static void vfc_fabric_ready(void *opaque, Error *err);

/* What is there now, and was not; what was there, and is not any more. */
static void vfc_scanned(void *opaque, Error *err)
{
    SpaprVfc *s = opaque;
    VfcRequest *login = s->login_waits;
    bool missing = err != NULL;

    s->scanning = false;
    s->login_waits = NULL;
    for (guint i = 0; !err && i < s->fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(s->fabric->targets, i);

        if (target->listed && (target->gone || i >= s->known_targets)) {
            target->gone = false;
            vfc_post_event(s, EVENT_SCN_PORT, target);
        } else if (!target->listed) {
            s->fabric->ops->target_logout(s->fabric, target);
            vfc_target_gone(s, target, "the fabric does not list it");
        }
        missing |= target->gone;
    }
    if (!err) {
        s->known_targets = s->fabric->targets->len;
    }
    vfc_scan_in(s, missing ? SCAN_SOON_MS : SCAN_MS);
    if (login) {
        s->logging_in = true;
        vfc_fabric_ready(login, err);
    }
}

static void vfc_scan(void *opaque)
{
    SpaprVfc *s = opaque;

    if (!s->logged_in || s->logging_in || s->scanning) {
        vfc_scan_in(s, SCAN_MS);
        return;
    }
    s->scanning = true;
    s->fabric->ops->login(s->fabric, vfc_scanned, s);
}

/* Logs out, if there is a login; the next login is with @active. */
static bool vfc_use_wwpn(SpaprVfc *s, uint8_t active, Error **errp)
{
    VfcFabric *fabric = vfc_new_fabric(s, s->wwpn[active - 1], errp);
    VfcRequest *req, *after;

    if (!fabric) {
        return false;
    }
    if (s->fabric) {
        s->fabric->ops->free(s->fabric);
    }
    /* Whoever still waits for the old one waits in vain */
    QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
        vfc_request_free(req);
    }
    s->logging_in = false;
    s->scanning = false;
    s->login_waits = NULL;
    s->known_targets = 0;
    s->fabric = fabric;
    s->fabric->lost = vfc_target_lost;
    s->fabric->opaque = s;
    s->active = active;
    return true;
}

/* Sessions of the guest */

/* Every request of the guest is void, whatever the fabric still does. */
static void vfc_forget(SpaprVfc *s)
{
    VfcRequest *req, *after;

    s->epoch++;
    s->logged_in = false;
    s->async_next = 0;
    memset(&s->async, 0, sizeof(s->async));
    vfc_drop_pending(s);
    QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
        if (req->submitted) {
            s->fabric->ops->cancel(s->fabric, &req->io);
        }
    }
    if (s->logging_in) {
        /* Nobody wants to know what comes of that login */
        vfc_use_wwpn(s, s->active, NULL);
    }
}

static void vfc_answer_login(VfcRequest *req, const LpmVfcResult *result)
{
    SpaprVfc *s = req->s;
    g_autofree uint8_t *buffer = g_malloc(LPM_VFC_LOGIN_BYTES);
    LpmVfcBuffer descriptor;
    LpmVfcHost host = {
        .wwpn = s->wwpn[s->active - 1],
        .wwnn = s->wwnn,
        .port_id = (uint32_t)s->wwpn[s->active - 1] & 0xffffff,
        .max_commands = MAX_COMMANDS,
        .max_dma = MAX_TRANSFER,
        .link_mbps = LINK_MBPS,
        .partition = "qemu-lpm",
        .device = DEVICE(s)->id ? DEVICE(s)->id : "vfc",
        .location = DEVICE(s)->canonical_path,
        .result = *result,
    };

    lpm_vfc_write_login(buffer, &host);
    /* The descriptor was checked when the login came */
    lpm_vfc_read_buffer(req->iu, req->iu_bytes, LPM_VFC_MAD_HEADER,
                        &descriptor, NULL);
    if (vfc_wanted(req)) {
        spapr_vio_dma_write(&s->vdev, descriptor.address, buffer,
                            LPM_VFC_LOGIN_BYTES);
        s->logged_in = result->status == 0;
        s->async_next = 0;
    }
    vfc_answer_mad(req, result->status == 0 ? LPM_VFC_MAD_SUCCESS :
                                              LPM_VFC_MAD_FAILED);
}

static void vfc_fabric_ready(void *opaque, Error *err)
{
    VfcRequest *req = opaque;
    LpmVfcResult result = { 0 };

    req->s->logging_in = false;
    req->s->known_targets = req->s->fabric->targets->len;
    vfc_scan_in(req->s, SCAN_MS);
    if (err) {
        warn_report("%s: %s", object_get_canonical_path_component(
                        OBJECT(req->s)), error_get_pretty(err));
        /* A class that the driver tries again after a while */
        result.status = LPM_VFC_FABRIC;
        result.error = LPM_VFC_FABRIC_TRANSPORT;
    }
    vfc_answer_login(req, &result);
}

static void vfc_login(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    g_autofree uint8_t *buffer = g_malloc(LPM_VFC_LOGIN_BYTES);
    LpmVfcBuffer descriptor;
    LpmVfcLogin login;
    LpmVfcResult none = { 0 };

    if (!lpm_vfc_read_buffer(req->iu, req->iu_bytes, LPM_VFC_MAD_HEADER,
                             &descriptor, NULL) ||
        descriptor.bytes < LPM_VFC_LOGIN_BYTES ||
        spapr_vio_dma_read(&s->vdev, descriptor.address, buffer,
                           LPM_VFC_LOGIN_BYTES) != H_SUCCESS ||
        !lpm_vfc_read_login(buffer, LPM_VFC_LOGIN_BYTES, &login, NULL) ||
        login.async.bytes < LPM_VFC_ASYNC_BYTES) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        return;
    }
    if (s->logging_in || s->login_waits) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        return;
    }
    s->async = login.async;
    if (s->fabric->targets->len > 0) {
        vfc_answer_login(req, &none);
        return;
    }
    if (s->scanning) {
        s->login_waits = req;
        return;
    }
    s->logging_in = true;
    s->fabric->ops->login(s->fabric, vfc_fabric_ready, req);
}

static void vfc_logout(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    VfcRequest *other, *after;

    s->logged_in = false;
    QTAILQ_FOREACH_SAFE(other, &s->requests, next, after) {
        if (other != req && other->submitted) {
            other->cancelled = true;
            s->fabric->ops->cancel(s->fabric, &other->io);
        }
    }
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

/* Targets */

static void vfc_discover(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    GPtrArray *targets = s->fabric->targets;
    LpmVfcBuffer list;
    uint64_t flags_and_status;
    uint32_t room, n = 0;

    if (req->iu_bytes < 60 ||
        !lpm_vfc_read_buffer(req->iu, req->iu_bytes, LPM_VFC_MAD_HEADER,
                             &list, NULL) ||
        !lpm_vfc_read_u64(req->iu, req->iu_bytes, 48, &flags_and_status,
                          NULL)) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        return;
    }
    room = MIN(MIN(list.bytes, (uint32_t)(flags_and_status >> 32)) / 16,
               TARGETS_MAX);
    for (guint i = 0; i < targets->len && n < room; i++) {
        VfcTarget *target = g_ptr_array_index(targets, i);
        uint8_t entry[16];

        if (target->gone) {
            continue;
        }
        lpm_vfc_write_target(entry, target->port_id, target->wwpn);
        if (spapr_vio_dma_write(&s->vdev, list.address + 16 * n, entry,
                                sizeof(entry)) != H_SUCCESS) {
            vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
            return;
        }
        n++;
    }
    lpm_vfc_write_u32(req->iu, 52, targets->len);
    lpm_vfc_write_u32(req->iu, 56, n);
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

/* The target of the MAD's scsi_id at 24, or NULL. */
static VfcTarget *vfc_mad_target(VfcRequest *req)
{
    uint64_t id = 0;

    if (!lpm_vfc_read_u64(req->iu, req->iu_bytes, 24, &id, NULL)) {
        return NULL;
    }
    return vfc_fabric_find_id(req->s->fabric, id);
}

static void vfc_target_ready(void *opaque, Error *err)
{
    VfcRequest *req = opaque;
    VfcTarget *target = vfc_mad_target(req);

    if (err) {
        warn_report("%s: %s", object_get_canonical_path_component(
                        OBJECT(req->s)), error_get_pretty(err));
        vfc_fail_mad(req, 44, LPM_VFC_FABRIC, LPM_VFC_FABRIC_TRANSPORT, 0);
        return;
    }
    lpm_vfc_write_port_login(req->iu, target->wwpn, target->wwnn);
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

static void vfc_port_login(VfcRequest *req)
{
    VfcTarget *target = vfc_mad_target(req);

    if (req->iu_bytes < LPM_VFC_IU_MAX || !target) {
        if (req->iu_bytes < 52) {
            vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
            return;
        }
        vfc_fail_mad(req, 44, LPM_VFC_FABRIC, LPM_VFC_FABRIC_NO_TARGET, 2);
        return;
    }
    req->s->fabric->ops->target_login(req->s->fabric, target,
                                      vfc_target_ready, req);
}

static void vfc_process_login(VfcRequest *req)
{
    VfcTarget *target = vfc_mad_target(req);

    if (req->iu_bytes < 112) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
    } else if (!target || !target->logged_in) {
        vfc_fail_mad(req, 96, LPM_VFC_VIOS, LPM_VFC_VIOS_NO_LOGIN, 0);
    } else {
        lpm_vfc_write_process_login(req->iu);
        vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
    }
}

static void vfc_query_target(VfcRequest *req)
{
    VfcTarget *target = NULL;
    uint64_t wwpn = 0;

    if (req->iu_bytes < 48) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        return;
    }
    if (lpm_vfc_read_u64(req->iu, req->iu_bytes, 24, &wwpn, NULL)) {
        target = vfc_fabric_find_wwpn(req->s->fabric, wwpn);
    }
    if (!target || target->gone) {
        vfc_fail_mad(req, 40, LPM_VFC_FABRIC, LPM_VFC_FABRIC_NO_TARGET, 2);
        return;
    }
    lpm_vfc_write_u64(req->iu, 32, target->port_id);
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

static void vfc_implicit_logout(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    VfcTarget *target = vfc_mad_target(req);
    VfcRequest *other, *after;

    if (target) {
        QTAILQ_FOREACH_SAFE(other, &s->requests, next, after) {
            if (other->submitted && other->io.target == target) {
                other->cancelled = true;
                s->fabric->ops->cancel(s->fabric, &other->io);
            }
        }
        s->fabric->ops->target_logout(s->fabric, target);
    }
    /* Comes before the first login of every target, too */
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

static void vfc_task_management(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    LpmVfcCancel cancel;
    VfcRequest *other, *after;

    if (!lpm_vfc_read_cancel(req->iu, req->iu_bytes, &cancel, NULL)) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        return;
    }
    QTAILQ_FOREACH_SAFE(other, &s->requests, next, after) {
        if (other->submitted && !other->is_mad &&
            other->command.cancel_key == cancel.cancel_key &&
            (other->command.target_id & 0xffffff) ==
            (cancel.target_id & 0xffffff) &&
            (!(cancel.flags & LPM_VFC_CANCEL_LUN_VALID) ||
             !memcmp(other->command.lun, cancel.lun, 8))) {
            other->cancelled = true;
            s->fabric->ops->cancel(s->fabric, &other->io);
        }
    }
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

static void vfc_pass_through(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    uint8_t command[4], response[28];
    VfcTarget *target;
    LpmVfcPass pass;

    if (!lpm_vfc_read_pass(req->iu, req->iu_bytes, &pass, NULL)) {
        vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        return;
    }
    target = vfc_fabric_find_id(s->fabric, pass.target_id);
    if (!target || pass.command.bytes < sizeof(command) ||
        pass.response.bytes < sizeof(response) ||
        spapr_vio_dma_read(&s->vdev, pass.command.address, command,
                           sizeof(command)) != H_SUCCESS ||
        !(pass.flags & LPM_VFC_PASS_ELS) || command[0] != LPM_VFC_ADISC) {
        vfc_fail_mad(req, 56, LPM_VFC_VIOS, LPM_VFC_VIOS_PARAMETER, 0);
        return;
    }
    lpm_vfc_write_adisc(response, target->wwpn, target->wwnn,
                        target->port_id);
    spapr_vio_dma_write(&s->vdev, pass.response.address, response,
                        sizeof(response));
    /* The response may be part of the MAD, which is written back whole */
    spapr_vio_dma_read(&s->vdev, req->iu_address, req->iu, req->iu_bytes);
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}

static void vfc_mad(VfcRequest *req)
{
    static const struct {
        uint32_t opcode;
        bool before_login;
        void (*run)(VfcRequest *req);
    } mads[] = {
        { LPM_VFC_MAD_LOGIN, true, vfc_login },
        { LPM_VFC_MAD_LOGOUT, true, vfc_logout },
        { LPM_VFC_MAD_DISCOVER, false, vfc_discover },
        { LPM_VFC_MAD_PORT_LOGIN, false, vfc_port_login },
        { LPM_VFC_MAD_PROCESS_LOGIN, false, vfc_process_login },
        { LPM_VFC_MAD_QUERY_TARGET, false, vfc_query_target },
        { LPM_VFC_MAD_IMPLICIT_LOGOUT, false, vfc_implicit_logout },
        { LPM_VFC_MAD_TASK_MANAGEMENT, false, vfc_task_management },
        { LPM_VFC_MAD_PASS_THROUGH, false, vfc_pass_through },
    };

    for (size_t i = 0; i < ARRAY_SIZE(mads); i++) {
        if (mads[i].opcode != req->mad.opcode) {
            continue;
        }
        if (!mads[i].before_login && !req->s->logged_in) {
            vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
        } else {
            mads[i].run(req);
        }
        return;
    }
    vfc_answer_mad(req, LPM_VFC_MAD_NOT_SUPPORTED);
}

/* SCSI commands */

static void vfc_io_done(VfcIO *io)
{
    VfcRequest *req = container_of(io, VfcRequest, io);
    LpmVfcOutcome outcome = {
        .scsi_status = io->status,
        .residual = io->residual,
        .sense_bytes = MIN(io->sense_bytes, LPM_VFC_SENSE_MAX),
    };

    req->submitted = false;
    if (req->cancelled) {
        vfc_fail_command(req, LPM_VFC_VIOS, LPM_VFC_VIOS_CANCELLED);
    } else if (io->failed) {
        /* The driver asks for it again once the target is back */
        vfc_fail_command(req, LPM_VFC_FABRIC, LPM_VFC_FABRIC_LINK_DOWN);
    } else {
        memcpy(outcome.sense, io->sense, outcome.sense_bytes);
        vfc_answer_command(req, &outcome);
    }
}

/* Guest memory that the command reads or writes, mapped. */
static bool vfc_map(VfcRequest *req, const LpmVfcBuffer *buffer)
{
    DMADirection direction = req->io.to_device ? DMA_DIRECTION_TO_DEVICE :
                                                 DMA_DIRECTION_FROM_DEVICE;
    uint64_t address = buffer->address;
    uint64_t left = buffer->bytes;

    while (left > 0) {
        dma_addr_t len = left;
        void *base;

        if (req->io.n_iov == IOV_PIECE_MAX) {
            return false;
        }
        base = dma_memory_map(&req->s->vdev.as, address, &len, direction,
                              MEMTXATTRS_UNSPECIFIED);
        if (!base) {
            return false;
        }
        req->io.iov[req->io.n_iov].iov_base = base;
        req->io.iov[req->io.n_iov++].iov_len = len;
        address += len;
        left -= len;
    }
    return true;
}

static bool vfc_map_data(VfcRequest *req)
{
    const LpmVfcCommand *command = &req->command;
    g_autofree uint8_t *list = NULL;
    g_autoptr(GArray) buffers = NULL;

    if (command->bytes == 0 || (command->flags & LPM_VFC_NO_DATA)) {
        return true;
    }
    req->io.iov = g_new(struct iovec, IOV_PIECE_MAX);
    if (!(command->flags & LPM_VFC_SCATTER)) {
        LpmVfcBuffer one = { command->data.address, command->bytes };

        return command->data.bytes >= command->bytes && vfc_map(req, &one);
    }
    if (command->data.bytes > LPM_VFC_SCATTER_MAX * LPM_VFC_DESCRIPTOR) {
        return false;
    }
    list = g_malloc(command->data.bytes + 1);
    if (spapr_vio_dma_read(&req->s->vdev, command->data.address, list,
                           command->data.bytes) != H_SUCCESS) {
        return false;
    }
    buffers = lpm_vfc_read_scatter(list, command->data.bytes, command->bytes,
                                   NULL);
    for (guint i = 0; buffers && i < buffers->len; i++) {
        if (!vfc_map(req, &g_array_index(buffers, LpmVfcBuffer, i))) {
            return false;
        }
    }
    return buffers != NULL;
}

static void vfc_task_done(void *opaque, Error *err)
{
    VfcRequest *req = opaque;
    LpmVfcOutcome good = { 0 };

    if (err) {
        vfc_fail_command(req, LPM_VFC_VIOS, 0x8000);
    } else {
        vfc_answer_command(req, &good);
    }
}

static void vfc_task_command(VfcRequest *req, VfcTarget *target)
{
    uint8_t task = req->command.task;

    req->s->fabric->ops->task(
        req->s->fabric, target, MAX(lpm_vfc_lun(req->command.lun), 0),
        task & LPM_VFC_TMF_TARGET_RESET ? VFC_TASK_TARGET_RESET :
        task & LPM_VFC_TMF_LUN_RESET ? VFC_TASK_LUN_RESET :
        VFC_TASK_ABORT_SET, vfc_task_done, req);
}

static void vfc_no_lun(VfcRequest *req)
{
    LpmVfcOutcome outcome = {
        .scsi_status = 2,
        .residual = req->command.bytes,
        .sense = { 0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x25, 0 },
        .sense_bytes = 18,
    };

    vfc_answer_command(req, &outcome);
}

static void vfc_command(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    LpmVfcCommand *command = &req->command;
    VfcTarget *target = s->logged_in ?
        vfc_fabric_find_id(s->fabric, command->target_id) : NULL;

    if (!target || !target->logged_in) {
        vfc_fail_command(req, LPM_VFC_VIOS, LPM_VFC_VIOS_NO_LOGIN);
        return;
    }
    if (command->flags & LPM_VFC_TASK) {
        vfc_task_command(req, target);
        return;
    }
    if (lpm_vfc_lun(command->lun) < 0) {
        vfc_no_lun(req);
        return;
    }
    req->io.target = target;
    req->io.lun = lpm_vfc_lun(command->lun);
    memcpy(req->io.cdb, command->cdb, sizeof(req->io.cdb));
    req->io.bytes = command->flags & LPM_VFC_NO_DATA ? 0 : command->bytes;
    req->io.to_device = command->flags & LPM_VFC_WRITE;
    req->io.done = vfc_io_done;
    if (command->bytes > MAX_TRANSFER || !vfc_map_data(req)) {
        vfc_fail_command(req, LPM_VFC_VIOS, LPM_VFC_VIOS_PARAMETER);
        return;
    }
    req->submitted = true;
    s->fabric->ops->submit(s->fabric, &req->io);
}

/* From the guest */

static VfcRequest *vfc_request_new(SpaprVfc *s, uint64_t address,
                                   bool is_mad)
{
    VfcRequest *req = g_new0(VfcRequest, 1);

    req->s = s;
    req->epoch = s->epoch;
    req->is_mad = is_mad;
    req->iu_address = address;
    QTAILQ_INSERT_TAIL(&s->requests, req, next);
    return req;
}

/* Copies the IU; Returns: false if it is none, and answers nothing. */
static bool vfc_fetch(VfcRequest *req)
{
    SpaprVfc *s = req->s;
    uint32_t bytes = req->is_mad ? LPM_VFC_MAD_HEADER :
                                   LPM_VFC_COMMAND_BYTES;

    if (spapr_vio_dma_read(&s->vdev, req->iu_address, req->iu, bytes) !=
        H_SUCCESS) {
        return false;
    }
    req->iu_bytes = bytes;
    if (!req->is_mad) {
        return lpm_vfc_read_command(req->iu, bytes, &req->command, NULL);
    }
    if (!lpm_vfc_read_mad(req->iu, bytes, &req->mad, NULL)) {
        return false;
    }
    /* The length of a pass-through is that of its head alone */
    bytes = req->mad.opcode == LPM_VFC_MAD_PASS_THROUGH ? 208 :
            req->mad.length;
    if (bytes < LPM_VFC_MAD_HEADER || bytes > LPM_VFC_IU_MAX) {
        return false;
    }
    req->iu_bytes = bytes;
    /* What was read already stays: the guest may have changed it since */
    return spapr_vio_dma_read(&s->vdev, req->iu_address + LPM_VFC_MAD_HEADER,
                              req->iu + LPM_VFC_MAD_HEADER,
                              bytes - LPM_VFC_MAD_HEADER) == H_SUCCESS;
}

static unsigned vfc_outstanding(const SpaprVfc *s)
{
    const VfcRequest *req;
    unsigned n = 0;

    QTAILQ_FOREACH(req, &s->requests, next) {
        n++;
    }
    return n;
}

static int vfc_send_crq(SpaprVioDevice *dev, uint8_t *crq)
{
    SpaprVfc *s = SPAPR_VFC(dev);
    uint64_t address = ldq_be_p(crq + 8);
    VfcRequest *req;

    if (!dev->crq.qsize) {
        return H_CLOSED;
    }
    if (crq[0] == LPM_VFC_CRQ_INIT) {
        if (crq[1] == LPM_VFC_INIT) {
            s->awaits_init = false;
            vfc_forget(s);
            vfc_post(s, LPM_VFC_CRQ_INIT, LPM_VFC_INIT_COMPLETE, 0);
        }
        return H_SUCCESS;
    }
    if (s->awaits_init) {
        return H_CLOSED;
    }
    if (crq[0] != LPM_VFC_CRQ_COMMAND ||
        (crq[1] != LPM_VFC_FORMAT_SCSI && crq[1] != LPM_VFC_FORMAT_MAD)) {
        return H_PARAMETER;
    }
    /* The driver keeps to what the login allowed; anybody else is stopped */
    if (vfc_outstanding(s) >= 2 * MAX_COMMANDS) {
        return H_DROPPED;
    }
    req = vfc_request_new(s, address, crq[1] == LPM_VFC_FORMAT_MAD);
    if (!vfc_fetch(req)) {
        vfc_request_free(req);
        return H_PARAMETER;
    }
    if (req->is_mad) {
        vfc_mad(req);
    } else {
        vfc_command(req);
    }
    return H_SUCCESS;
}

/* Moves */

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

/* Waits until no command is out: the target has answered, or was left. */
static void vfc_drain(SpaprVfc *s)
{
    AioContext *ctx = qemu_get_aio_context();
    bool late = false;
    QEMUTimer *timer = aio_timer_new(ctx, QEMU_CLOCK_REALTIME, SCALE_MS,
                                     vfc_set_flag, &late);

    timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + DRAIN_MS);
    AIO_WAIT_WHILE(NULL, vfc_has_commands(s) && !late);
    timer_free(timer);
    if (vfc_has_commands(s)) {
        VfcRequest *req, *after;

        warn_report("%s: commands without an answer after %d ms are aborted",
                    object_get_canonical_path_component(OBJECT(s)), DRAIN_MS);
        QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
            if (req->submitted) {
                req->cancelled = true;
                s->fabric->ops->cancel(s->fabric, &req->io);
            }
        }
    }
}

/* The driver begins anew: with its next login, and with the other WWPN. */
static void vfc_tell_moved(SpaprVfc *s)
{
    s->moved = false;
    if (!s->vdev.crq.qsize) {
        return;             /* no driver */
    }
    s->epoch++;
    s->logged_in = false;
    s->awaits_init = true;
    /* After all that was answered before the move */
    vfc_post(s, LPM_VFC_CRQ_TRANSPORT, LPM_VFC_MIGRATED, 0);
}

static void vfc_vm_state(void *opaque, bool running, RunState state)
{
    SpaprVfc *s = opaque;

    if (!running) {
        vfc_drain(s);
    } else if (s->moved) {
        vfc_tell_moved(s);
    } else {
        vfc_flush_pending(s);
    }
}

/* The guest is elsewhere now: its WWPN here has nothing more to do. */
static int vfc_migration_event(NotifierWithReturn *notifier,
                               MigrationEvent *e, Error **errp)
{
    SpaprVfc *s = container_of(notifier, SpaprVfc, migration);

    if (e->type == MIG_EVENT_PRECOPY_DONE &&
        vfc_use_wwpn(s, s->active, NULL)) {
        s->moved = true;
    }
    return 0;
}

static int vfc_pre_save(void *opaque)
{
    SpaprVfc *s = opaque;
    PendingCrq *pending;
    uint32_t n = 0;

    g_free(s->saved_pending);
    s->saved_pending = g_malloc(PENDING_MAX * LPM_VFC_CRQ_BYTES);
    QSIMPLEQ_FOREACH(pending, &s->pending, next) {
        if (n == PENDING_MAX) {
            error_report("%s: the guest does not read its queue",
                         object_get_canonical_path_component(OBJECT(s)));
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

static int vfc_post_load(void *opaque, int version_id)
{
    SpaprVfc *s = opaque;
    const char *id = object_get_canonical_path_component(OBJECT(s));
    Error *err = NULL;

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
    if (!vfc_use_wwpn(s, 3 - s->saved_active, &err)) {
        error_report_err(err);
        return -EINVAL;
    }
    s->moved = true;
    return 0;
}

/* The device */

static bool vfc_parse_wwpn(const char *name, const char *text, uint64_t *ret,
                           Error **errp)
{
    if (!text || !lpm_vfc_wwpn_parse(text, ret)) {
        error_setg(errp, "%s: '%s' is not a world wide name, wanted 16 "
                   "hexadecimal digits such as c0507606d5a20000", name,
                   text ? text : "");
        return false;
    }
    return true;
}

static bool vfc_check_properties(SpaprVfc *s, Error **errp)
{
    if (!vfc_parse_wwpn("wwpn", s->wwpn_text, &s->wwpn[0], errp) ||
        !vfc_parse_wwpn("wwpn2", s->wwpn2_text, &s->wwpn[1], errp)) {
        return false;
    }
    if (s->wwpn[0] == s->wwpn[1]) {
        error_setg(errp, "wwpn and wwpn2 are the same; a move needs two");
        return false;
    }
    s->wwnn = s->wwpn[0];
    if (s->wwnn_text &&
        !vfc_parse_wwpn("wwnn", s->wwnn_text, &s->wwnn, errp)) {
        return false;
    }
    if (!s->fabric_name || strcmp(s->fabric_name, "iscsi")) {
        error_setg(errp, "fabric: '%s' is none that there is, wanted iscsi",
                   s->fabric_name ? s->fabric_name : "");
        return false;
    }
    if (!s->portal || !*s->portal) {
        error_setg(errp, "portal: none given, wanted HOST:PORT, several "
                   "separated by +");
        return false;
    }
    if (s->active != 1 && s->active != 2) {
        error_setg(errp, "active: %u, wanted 1 or 2", s->active);
        return false;
    }
    if (!s->chap_user != !s->chap_secret) {
        error_setg(errp, "chap-user and chap-secret go together");
        return false;
    }
    return true;
}

static void vfc_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprVfc *s = SPAPR_VFC(dev);

    QTAILQ_INIT(&s->requests);
    QSIMPLEQ_INIT(&s->pending);
    if (!vfc_check_properties(s, errp)) {
        return;
    }
    if (!vfc_use_wwpn(s, s->active, errp)) {
        return;
    }
    vfc_sub_crqs_init(&s->sub_crqs, dev);
    qdev_add_vm_change_state_handler(DEVICE(s), vfc_vm_state, s);
    migration_add_notifier(&s->migration, vfc_migration_event);
    s->retry = timer_new_ms(QEMU_CLOCK_REALTIME, vfc_retry, s);
    s->scan = timer_new_ms(QEMU_CLOCK_REALTIME, vfc_scan, s);
    dev->crq.SendFunc = vfc_send_crq;
}

static void vfc_reset(SpaprVioDevice *dev)
{
    SpaprVfc *s = SPAPR_VFC(dev);

    vfc_forget(s);
    s->moved = false;
    s->awaits_init = false;
    vfc_sub_crqs_reset(&s->sub_crqs);
}

static int vfc_devnode(SpaprVioDevice *dev, void *fdt, int node)
{
    g_autofree char *location = g_strdup_printf("qemu-vfc-%x", dev->reg);

    return fdt_setprop_string(fdt, node, "ibm,loc-code", location);
}

static const Property vfc_properties[] = {
    DEFINE_SPAPR_PROPERTIES(SpaprVfc, vdev),
    DEFINE_PROP_STRING("wwpn", SpaprVfc, wwpn_text),
    DEFINE_PROP_STRING("wwpn2", SpaprVfc, wwpn2_text),
    DEFINE_PROP_STRING("wwnn", SpaprVfc, wwnn_text),
    DEFINE_PROP_STRING("fabric", SpaprVfc, fabric_name),
    DEFINE_PROP_STRING("portal", SpaprVfc, portal),
    DEFINE_PROP_STRING("chap-user", SpaprVfc, chap_user),
    DEFINE_PROP_STRING("chap-secret", SpaprVfc, chap_secret),
    DEFINE_PROP_UINT8("active", SpaprVfc, active, 1),
};

static const VMStateDescription vmstate_spapr_vfc = {
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

static void vfc_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *k = VIO_SPAPR_DEVICE_CLASS(oc);

    k->realize = vfc_realize;
    k->reset = vfc_reset;
    k->devnode = vfc_devnode;
    k->dt_name = "vfc-client";
    k->dt_type = "fcp";
    k->dt_compatible = "IBM,vfc-client";
    k->signal_mask = 0x00000001;
    k->rtce_window_size = 0x10000000;
    dc->desc = "virtual Fibre Channel client adapter with two WWPNs";
    dc->hotpluggable = false;
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    device_class_set_props(dc, vfc_properties);
    dc->vmsd = &vmstate_spapr_vfc;
}

static const TypeInfo vfc_info = {
    .name = TYPE_SPAPR_VFC,
    .parent = TYPE_VIO_SPAPR_DEVICE,
    .instance_size = sizeof(SpaprVfc),
    .class_init = vfc_class_init,
};
module_obj(TYPE_SPAPR_VFC);
module_kconfig(PSERIES);

static void vfc_register_types(void)
{
    type_register_static(&vfc_info);
}

type_init(vfc_register_types)
