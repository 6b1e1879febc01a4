/*
 * Management datagrams about targets
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "adapter.h"

#define TARGETS_MAX     1024

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

    if (vfc_hold(req, vfc_target_ready, err)) {
        return;
    }
    if (err) {
        warn_report("%s: %s", vfc_name(req->s), error_get_pretty(err));
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

    if (target) {
        vfc_cancel_all(s, target);
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
            vfc_cancel(other);
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

void vfc_mad(VfcRequest *req)
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
