/*
 * SCSI commands, straight from and to guest memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "adapter.h"

/* Pieces of guest memory that a command may have; a piece is a page or more */
static unsigned vfc_pieces(const SpaprVfc *s)
{
    return s->max_transfer / 4096 + LPM_VFC_SCATTER_MAX;
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
        vfc_fail_command(req, LPM_VFC_VIOS, req->requeue ?
                         LPM_VFC_VIOS_RESOURCE : LPM_VFC_VIOS_CANCELLED);
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

        if (req->io.n_iov == vfc_pieces(req->s)) {
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
    req->io.iov = g_new(struct iovec, vfc_pieces(req->s));
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

    if (vfc_hold(req, vfc_task_done, err)) {
        return;
    }
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

void vfc_command(VfcRequest *req)
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
    if (command->bytes > s->max_transfer || !vfc_map_data(req)) {
        vfc_fail_command(req, LPM_VFC_VIOS, LPM_VFC_VIOS_PARAMETER);
        return;
    }
    req->submitted = true;
    s->fabric->ops->submit(s->fabric, &req->io);
}
