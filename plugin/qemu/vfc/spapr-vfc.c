/*
 * The virtual Fibre Channel client adapter of a pseries machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/util.h"
#include "qemu/module.h"
#include "crypto/secret.h"
#include "hw/ppc/fdt.h"
#include "hw/ppc/spapr.h"
#include "hw/qdev-properties.h"
#include "system/runstate.h"
#include <libfdt.h>
#include "adapter.h"
#include "vfc/npiv.h"
#include "vfc/wwpn.h"

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

/*
 * The driver begins anew.  A processor that was about to send when the driver
 * was told of the move has sent all the same: before the driver gave up all
 * that was out, or after.  In the second case the driver would wait for it
 * for ever, and which case it was cannot be seen from here.  So the driver is
 * told of the move once more, and gives up this, too; nothing of it has been
 * carried out.  H_CLOSED would do as well, but Linux logs a warning then, and
 * did so in a third of all moves.
 */
static void vfc_begin_anew(SpaprVfc *s)
{
    vfc_forget(s);
    if (s->has_strays) {
        s->has_strays = false;
        vfc_post(s, LPM_VFC_CRQ_TRANSPORT, LPM_VFC_MIGRATED, 0);
        return;
    }
    s->awaits_init = false;
    vfc_post(s, LPM_VFC_CRQ_INIT, LPM_VFC_INIT_COMPLETE, 0);
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
            vfc_begin_anew(s);
        }
        return H_SUCCESS;
    }
    if (s->awaits_init) {
        s->has_strays = true;
        return H_SUCCESS;
    }
    if (crq[0] != LPM_VFC_CRQ_COMMAND ||
        (crq[1] != LPM_VFC_FORMAT_SCSI && crq[1] != LPM_VFC_FORMAT_MAD)) {
        return H_PARAMETER;
    }
    /* The driver keeps to what the login allowed; anybody else is stopped */
    if (vfc_outstanding(s) >= 2 * (s->queue_depth + KEPT_COMMANDS)) {
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

/* The device */

static bool vfc_parse_wwpn(const char *name, const char *text, uint64_t *ret,
                           Error **errp)
{
    const char *fault;

    if (!text || !lpm_vfc_wwpn_parse(text, ret)) {
        error_setg(errp, "%s: '%s' is not a world wide name, wanted 16 "
                   "hexadecimal digits such as c0507606d5a20000", name,
                   text ? text : "");
        return false;
    }
    fault = lpm_vfc_wwpn_fault(*ret);
    if (fault) {
        error_setg(errp, "%s: %s cannot be a port's name: %s; lpm wwpn new "
                   "makes pairs of valid ones", name, text, fault);
        return false;
    }
    return true;
}

/* ADDRESS:PORT or [ADDRESS]:PORT: a name would have to be resolved here. */
static bool vfc_is_portal(const char *text)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *address = colon ? g_strndup(text, colon - text) : NULL;
    size_t len = address ? strlen(address) : 0;
    uint64_t port;

    if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
        address[len - 1] = '\0';
        memmove(address, address + 1, len - 1);
    } else if (len == 0 || strchr(address, ':')) {
        return false;
    }
    return g_hostname_is_ip_address(address) &&
           g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL);
}

static bool vfc_check_portals(SpaprVfc *s, Error **errp)
{
    s->portals = g_strsplit(s->portal ? s->portal : "", "+", -1);
    if (!s->portals[0]) {
        error_setg(errp, "portal: none given, wanted ADDRESS:PORT, several "
                   "separated by +");
        return false;
    }
    for (guint i = 0; s->portals[i]; i++) {
        if (!vfc_is_portal(s->portals[i])) {
            error_setg(errp, "portal: '%s' is not ADDRESS:PORT, such as "
                       "192.0.2.10:3260 or [2001:db8::10]:3260",
                       s->portals[i]);
            return false;
        }
    }
    return true;
}

static bool vfc_check_fabric(SpaprVfc *s, Error **errp)
{
    guint host;

    if (!g_strcmp0(s->fabric_name, "iscsi")) {
        return vfc_check_portals(s, errp);
    }
    if (g_strcmp0(s->fabric_name, "npiv")) {
        error_setg(errp, "fabric: '%s' is none that there is, wanted iscsi "
                   "or npiv", s->fabric_name ? s->fabric_name : "");
        return false;
    }
    if (!s->parent || !lpm_npiv_host_name(s->parent, &host)) {
        error_setg(errp, "parent: '%s' is no Fibre Channel host, wanted "
                   "hostN as in /sys/class/fc_host",
                   s->parent ? s->parent : "");
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
    if (!vfc_check_fabric(s, errp)) {
        return false;
    }
    if (s->active != 1 && s->active != 2) {
        error_setg(errp, "active: %u, wanted 1 or 2", s->active);
        return false;
    }
    if (s->queue_depth < 1 || s->queue_depth > QUEUE_DEPTH_MAX) {
        error_setg(errp, "queue-depth: %u, wanted 1 to %u", s->queue_depth,
                   QUEUE_DEPTH_MAX);
        return false;
    }
    if (s->max_transfer < MAX_TRANSFER_LEAST ||
        s->max_transfer > MAX_TRANSFER_MOST || s->max_transfer % 4096) {
        error_setg(errp, "max-transfer: %u, wanted %u to %u bytes in steps "
                   "of 4096", s->max_transfer, MAX_TRANSFER_LEAST,
                   MAX_TRANSFER_MOST);
        return false;
    }
    if (!s->chap_user != !s->chap_secret) {
        error_setg(errp, "chap-user and chap-secret go together");
        return false;
    }
    if (s->chap_secret) {
        s->chap_password = qcrypto_secret_lookup_as_utf8(s->chap_secret,
                                                         errp);
        return s->chap_password != NULL;
    }
    return true;
}

/* A WWPN is logged in once on a fabric; this is the part of it we see. */
static bool vfc_is_alone(SpaprVfc *s, Error **errp)
{
    SpaprMachineState *spapr = SPAPR_MACHINE(qdev_get_machine());
    BusChild *kid;

    QTAILQ_FOREACH(kid, &spapr->vio_bus->bus.children, sibling) {
        SpaprVfc *other = (SpaprVfc *)object_dynamic_cast(
            OBJECT(kid->child), TYPE_SPAPR_VFC);

        for (int i = 0; other && other != s && i < 4; i++) {
            if (s->wwpn[i / 2] == other->wwpn[i % 2]) {
                error_setg(errp, "WWPN %016" PRIx64 " is that of another "
                           "adapter", s->wwpn[i / 2]);
                return false;
            }
        }
    }
    return true;
}

static void vfc_realize(SpaprVioDevice *dev, Error **errp)
{
    SpaprVfc *s = SPAPR_VFC(dev);

    QTAILQ_INIT(&s->requests);
    QSIMPLEQ_INIT(&s->pending);
    qemu_co_mutex_init(&s->look_lock);
    if (!vfc_check_properties(s, errp) || !vfc_is_alone(s, errp)) {
        return;
    }
    vfc_use_wwpn(s, s->active);
    vfc_sub_crqs_init(&s->sub_crqs, dev);
    s->vm_state = qdev_add_vm_change_state_handler(DEVICE(s), vfc_vm_state,
                                                   s);
    migration_add_notifier(&s->migration, vfc_migration_event);
    s->retry = timer_new_ms(QEMU_CLOCK_REALTIME, vfc_retry, s);
    s->login_timer = timer_new_ms(QEMU_CLOCK_REALTIME, vfc_login_again, s);
    s->scan = timer_new_ms(QEMU_CLOCK_REALTIME, vfc_scan, s);
    dev->crq.SendFunc = vfc_send_crq;
}

/* The guest has let go of it, or is reset: no WWPN stays logged in. */
static void vfc_unrealize(SpaprVioDevice *dev)
{
    SpaprVfc *s = SPAPR_VFC(dev);

    dev->crq.SendFunc = NULL;
    qemu_del_vm_change_state_handler(s->vm_state);
    migration_remove_notifier(&s->migration);
    vfc_forget(s);
    vfc_unlink(s);
    vfc_sub_crqs_fini(&s->sub_crqs);
    timer_free(s->retry);
    timer_free(s->login_timer);
    timer_free(s->scan);
}

/* Also after a realize that failed at any place. */
static void vfc_finalize(Object *obj)
{
    SpaprVfc *s = SPAPR_VFC(obj);

    g_strfreev(s->portals);
    g_free(s->chap_password);
    g_free(s->saved_pending);
}

static void vfc_reset(SpaprVioDevice *dev)
{
    SpaprVfc *s = SPAPR_VFC(dev);

    vfc_forget(s);
    s->moved = false;
    s->awaits_init = false;
    s->has_strays = false;
    vfc_sub_crqs_reset(&s->sub_crqs);
}

static int vfc_devnode(SpaprVioDevice *dev, void *fdt, int node)
{
    g_autofree char *location = g_strdup_printf("qemu-vfc-%x", dev->reg);

    return fdt_setprop_string(fdt, node, "ibm,loc-code", location);
}

static LpmVfcInfo *vfc_query(Object *adapter)
{
    SpaprVfc *s = SPAPR_VFC(adapter);
    LpmVfcInfo *info = g_new0(LpmVfcInfo, 1);
    LpmVfcTargetInfoList **tail = &info->targets;

    info->id = g_strdup(vfc_name(s));
    info->reg = s->vdev.reg;
    info->wwpn = lpm_vfc_wwpn_text(s->wwpn[0]);
    info->wwpn2 = lpm_vfc_wwpn_text(s->wwpn[1]);
    info->active = s->active;
    info->logged_in = s->announced;
    /* Between the end of a move and a start of the guest after all */
    info->fenced = s->moved && !runstate_check(RUN_STATE_INMIGRATE);
    for (guint i = 0; i < s->fabric->targets->len; i++) {
        const VfcTarget *target = g_ptr_array_index(s->fabric->targets, i);
        LpmVfcTargetInfo *one = g_new0(LpmVfcTargetInfo, 1);

        one->wwpn = lpm_vfc_wwpn_text(target->wwpn);
        one->name = g_strdup(target->name);
        one->logged_in = target->logged_in;
        QAPI_LIST_APPEND(tail, one);
    }
    return info;
}

static const Property vfc_properties[] = {
    DEFINE_SPAPR_PROPERTIES(SpaprVfc, vdev),
    DEFINE_PROP_STRING("wwpn", SpaprVfc, wwpn_text),
    DEFINE_PROP_STRING("wwpn2", SpaprVfc, wwpn2_text),
    DEFINE_PROP_STRING("wwnn", SpaprVfc, wwnn_text),
    DEFINE_PROP_STRING("fabric", SpaprVfc, fabric_name),
    DEFINE_PROP_STRING("portal", SpaprVfc, portal),
    DEFINE_PROP_STRING("parent", SpaprVfc, parent),
    DEFINE_PROP_STRING("sysfs", SpaprVfc, sysfs),
    DEFINE_PROP_STRING("chap-user", SpaprVfc, chap_user),
    DEFINE_PROP_STRING("chap-secret", SpaprVfc, chap_secret),
    DEFINE_PROP_UINT8("active", SpaprVfc, active, 1),
    DEFINE_PROP_UINT32("queue-depth", SpaprVfc, queue_depth, QUEUE_DEPTH),
    DEFINE_PROP_SIZE32("max-transfer", SpaprVfc, max_transfer, MAX_TRANSFER),
};

static void vfc_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    SpaprVioDeviceClass *k = VIO_SPAPR_DEVICE_CLASS(oc);
    SpaprVfcClass *vfc = SPAPR_VFC_CLASS(oc);

    vfc->look = vfc_look;
    vfc->log_out = vfc_log_out;
    vfc->query = vfc_query;
    k->realize = vfc_realize;
    k->unrealize = vfc_unrealize;
    k->reset = vfc_reset;
    k->devnode = vfc_devnode;
    k->dt_name = "vfc-client";
    k->dt_type = "fcp";
    k->dt_compatible = "IBM,vfc-client";
    k->signal_mask = 0x00000001;
    k->rtce_window_size = 0x10000000;
    dc->desc = "virtual Fibre Channel client adapter with two WWPNs";
    dc->hotpluggable = true;
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    device_class_set_props(dc, vfc_properties);
    dc->vmsd = &vmstate_spapr_vfc;
}

static const TypeInfo vfc_info = {
    .name = TYPE_SPAPR_VFC,
    .parent = TYPE_VIO_SPAPR_DEVICE,
    .instance_size = sizeof(SpaprVfc),
    .instance_finalize = vfc_finalize,
    .class_size = sizeof(SpaprVfcClass),
    .class_init = vfc_class_init,
};
module_obj(TYPE_SPAPR_VFC);
module_kconfig(PSERIES);

static void vfc_register_types(void)
{
    type_register_static(&vfc_info);
}

type_init(vfc_register_types)
