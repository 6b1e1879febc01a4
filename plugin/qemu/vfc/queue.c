/*
 * Entries for the guest, and answers to its requests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "adapter.h"

#define RETRY_MS        10

/* The queue to the guest */

void vfc_flush_pending(SpaprVfc *s)
{
    PendingCrq *first;

    while (!s->stopped && (first = QSIMPLEQ_FIRST(&s->pending))) {
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

void vfc_retry(void *opaque)
{
    vfc_flush_pending(opaque);
}

void vfc_post(SpaprVfc *s, uint8_t valid, uint8_t format,
              uint64_t value)
{
    PendingCrq *pending = g_new0(PendingCrq, 1);

    lpm_vfc_write_crq(pending->entry, valid, format, value);
    QSIMPLEQ_INSERT_TAIL(&s->pending, pending, next);
    vfc_flush_pending(s);
}

void vfc_drop_pending(SpaprVfc *s)
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

void vfc_request_free(VfcRequest *req)
{
    vfc_unmap(req);
    error_free(req->then_err);
    QTAILQ_REMOVE(&req->s->requests, req, next);
    g_free(req);
}

void vfc_cancel(VfcRequest *req)
{
    if (req->submitted) {
        req->cancelled = true;
        req->s->fabric->ops->cancel(req->s->fabric, &req->io);
    }
}

void vfc_cancel_all(SpaprVfc *s, const VfcTarget *target)
{
    VfcRequest *req, *after;

    QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
        if (!target || req->io.target == target) {
            vfc_cancel(req);
        }
    }
}

bool vfc_hold(VfcRequest *req, VfcDone *then, Error *err)
{
    if (!req->s->stopped) {
        return false;
    }
    req->then = then;
    req->then_err = err ? error_copy(err) : NULL;
    return true;
}

void vfc_release(SpaprVfc *s)
{
    VfcRequest *req, *after;

    QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
        if (req->then) {
            VfcDone *then = req->then;
            Error *err = req->then_err;

            req->then = NULL;
            req->then_err = NULL;
            then(req, err);
            error_free(err);
        }
    }
}

/* Whether the guest still waits for it. */
bool vfc_wanted(const VfcRequest *req)
{
    return req->epoch == req->s->epoch && req->s->vdev.crq.qsize;
}

/* The MAD's answer stands in its copy. */
void vfc_answer_mad(VfcRequest *req, uint16_t status)
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
void vfc_fail_mad(VfcRequest *req, size_t at, uint16_t class,
                  uint16_t error, uint16_t explain)
{
    LpmVfcResult result = { .status = class, .error = error };

    lpm_vfc_set_result(req->iu, at, &result, explain);
    vfc_answer_mad(req, LPM_VFC_MAD_FAILED);
}

void vfc_answer_command(VfcRequest *req, const LpmVfcOutcome *outcome)
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

void vfc_fail_command(VfcRequest *req, uint16_t class, uint16_t error)
{
    LpmVfcOutcome outcome = {
        .result = { .status = class, .error = error },
        .residual = req->command.bytes,
    };

    vfc_answer_command(req, &outcome);
}
