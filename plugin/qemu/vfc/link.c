/*
 * The login of an adapter, and events of its fabric
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-lpm.h"
#include "qemu/error-report.h"
#include "system/runstate.h"
#include "migration/migration.h"
#include "vfc/wwpn.h"
#include "adapter.h"

#define LINK_MBPS       8000
/*
 * The fabric is looked at again from time to time; soon when something is
 * missing, and then less and less often.
 */
#define SCAN_MS         10000
#define SCAN_SOON_MS    250
/*
 * A login that the fabric does not answer is tried again for as long: Linux'
 * driver would sleep for 15 s after a failed one.
 */
#define LOGIN_MS        30000

static void vfc_fabric_ready(void *opaque, Error *err);
static void vfc_begin_login(VfcRequest *req);

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

    if (s->stopped || !s->logged_in ||
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
    s->scan_ms = ms;
    timer_mod(s->scan, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ms);
}

static void vfc_target_gone(SpaprVfc *s, VfcTarget *target, const char *why)
{
    if (!target->gone) {
        target->gone = true;
        warn_report("%s: target %s is gone: %s", vfc_name(s), target->name,
                    why);
        vfc_post_event(s, EVENT_LOGO, target);
    }
}

static void vfc_target_lost(void *opaque, VfcTarget *target, const char *why)
{
    SpaprVfc *s = opaque;

    /* A stopped guest finds out when it asks for something */
    if (!s->stopped) {
        vfc_target_gone(s, target, why && *why ? why : "connection lost");
    }
    vfc_scan_in(s, SCAN_SOON_MS);
}

/* What is there now, and was not; what was there, and is not any more. */
static void vfc_scanned(SpaprVfc *s, Error *err)
{
    VfcRequest *login = s->login_waits;
    bool missing = err != NULL;

    s->scanning = false;
    s->login_waits = NULL;
    if (!err) {
        vfc_announce(s, true);
    }
    if (s->stopped && !login) {
        vfc_scan_in(s, SCAN_SOON_MS);
        return;
    }
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
    if (runstate_check(RUN_STATE_INMIGRATE)) {
        vfc_scan_in(s, SCAN_SOON_MS);
    } else if (missing) {
        vfc_scan_in(s, s->missing ? MIN(s->scan_ms * 2, SCAN_MS) :
                                    SCAN_SOON_MS);
    } else {
        vfc_scan_in(s, SCAN_MS);
    }
    s->missing = missing;
    if (login) {
        vfc_begin_login(login);
        vfc_fabric_ready(login, err);
    }
}

static void vfc_found_targets(void *opaque, Error *err)
{
    SpaprVfc *s = opaque;
    VfcDone *found = s->found;

    s->found = NULL;
    vfc_scanned(s, err);
    if (found) {
        found(s->found_opaque, err);
    }
}

void vfc_find_targets(SpaprVfc *s, VfcDone *found, void *opaque)
{
    s->found = found;
    s->found_opaque = opaque;
    s->scanning = true;
    s->fabric->ops->login(s->fabric, vfc_found_targets, s);
}

void vfc_scan(void *opaque)
{
    SpaprVfc *s = opaque;

    if (runstate_check(RUN_STATE_INMIGRATE)) {
        /* A guest that was accepted, and then did not come */
        if (migration_incoming_get_current()->state ==
            MIGRATION_STATUS_FAILED) {
            vfc_use_wwpn(s, s->active);
        } else {
            vfc_scan_in(s, SCAN_SOON_MS);
        }
        return;
    }
    if (!s->logged_in || s->logging_in || s->scanning || s->stopped) {
        vfc_scan_in(s, s->stopped ? SCAN_SOON_MS : SCAN_MS);
        return;
    }
    vfc_find_targets(s, NULL, NULL);
}

/* Login */

static VfcFabric *vfc_new_fabric(SpaprVfc *s, uint64_t wwpn)
{
    VfcIscsiParams params = {
        .portals = (const char *const *)s->portals,
        .user = s->chap_user,
        .password = s->chap_password,
    };
    VfcNpivParams npiv = {
        .parent = s->parent,
        .wwnn = s->wwnn,
        .sysfs = s->sysfs,
    };

    if (g_str_equal(s->fabric_name, "npiv")) {
        return vfc_npiv_new(wwpn, &npiv);
    }
    return vfc_iscsi_new(wwpn, &params);
}

void vfc_announce(SpaprVfc *s, bool logged_in)
{
    g_autofree char *wwpn = NULL;

    if (s->announced == logged_in) {
        return;
    }
    s->announced = logged_in;
    wwpn = lpm_vfc_wwpn_text(s->wwpn[s->active - 1]);
    qapi_event_send_lpm_vfc(vfc_name(s), s->vdev.reg, wwpn, logged_in);
}

/* Logs out, if there is a login: nothing of it is called back any more. */
void vfc_unlink(SpaprVfc *s)
{
    VfcRequest *req, *after;

    vfc_look_abort(s);
    vfc_announce(s, false);
    if (s->fabric) {
        s->fabric->ops->free(s->fabric);
        s->fabric = NULL;
    }
    /* Whoever still waits for the old one waits in vain */
    QTAILQ_FOREACH_SAFE(req, &s->requests, next, after) {
        vfc_request_free(req);
    }
    s->logging_in = false;
    s->scanning = false;
    s->found = NULL;
    s->login_waits = NULL;
    s->login_later = NULL;
    if (s->login_timer) {
        timer_del(s->login_timer);
    }
    s->known_targets = 0;
}

/* The same; the next login is with @active. */
void vfc_use_wwpn(SpaprVfc *s, uint8_t active)
{
    vfc_unlink(s);
    s->fabric = vfc_new_fabric(s, s->wwpn[active - 1]);
    s->fabric->lost = vfc_target_lost;
    s->fabric->opaque = s;
    s->active = active;
}

void vfc_log_out(Object *adapter)
{
    SpaprVfc *s = SPAPR_VFC(adapter);

    vfc_use_wwpn(s, s->active);
    if (s->logged_in) {
        /* A guest that is started here after all finds its targets again */
        vfc_scan_in(s, SCAN_SOON_MS);
    }
}

/* Sessions of the guest */

/* Every request of the guest is void, whatever the fabric still does. */
void vfc_forget(SpaprVfc *s)
{
    s->epoch++;
    s->logged_in = false;
    s->async_next = 0;
    memset(&s->async, 0, sizeof(s->async));
    vfc_drop_pending(s);
    vfc_cancel_all(s, NULL);
    if (s->logging_in) {
        /* Nobody wants to know what comes of that login */
        vfc_use_wwpn(s, s->active);
    }
}

/* Whether the last login to the fabric still tells what is there. */
static bool vfc_has_all_targets(const SpaprVfc *s)
{
    for (guint i = 0; i < s->fabric->targets->len; i++) {
        const VfcTarget *target = g_ptr_array_index(s->fabric->targets, i);

        if (target->gone) {
            return false;
        }
    }
    return s->fabric->targets->len > 0;
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
        .max_commands = s->queue_depth + KEPT_COMMANDS,
        .max_dma = s->max_transfer,
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
        s->known_targets = s->fabric->targets->len;
        /* A target that comes up has perhaps not yet shown all of itself */
        vfc_scan_in(s, vfc_has_all_targets(s) ? SCAN_MS : SCAN_SOON_MS);
    }
    vfc_answer_mad(req, result->status == 0 ? LPM_VFC_MAD_SUCCESS :
                                              LPM_VFC_MAD_FAILED);
}

/* A new login of the guest: it will ask for what is listed. */
static void vfc_forget_gone(SpaprVfc *s)
{
    for (guint i = 0; i < s->fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(s->fabric->targets, i);

        target->gone = !target->listed;
    }
}

void vfc_login_again(void *opaque)
{
    SpaprVfc *s = opaque;
    VfcRequest *req = g_steal_pointer(&s->login_later);

    s->fabric->ops->login(s->fabric, vfc_fabric_ready, req);
}

/* Whether the login @req failed, and is to be tried again in a while. */
static bool vfc_login_waits(VfcRequest *req, Error *err)
{
    SpaprVfc *s = req->s;
    int64_t now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);

    if (!err || !vfc_wanted(req) || now > s->login_until_ms) {
        return false;
    }
    if (s->login_pause_ms == SCAN_SOON_MS) {
        warn_report("%s: %s; trying again", vfc_name(s),
                    error_get_pretty(err));
    }
    s->login_later = req;
    timer_mod(s->login_timer, now + s->login_pause_ms);
    s->login_pause_ms *= 2;
    return true;
}

static void vfc_begin_login(VfcRequest *req)
{
    SpaprVfc *s = req->s;

    s->logging_in = true;
    s->login_pause_ms = SCAN_SOON_MS;
    s->login_until_ms = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + LOGIN_MS;
}

static void vfc_fabric_ready(void *opaque, Error *err)
{
    VfcRequest *req = opaque;
    LpmVfcResult result = { 0 };

    if (vfc_hold(req, vfc_fabric_ready, err) || vfc_login_waits(req, err)) {
        return;
    }
    req->s->logging_in = false;
    if (!err) {
        vfc_announce(req->s, true);
        vfc_forget_gone(req->s);
    }
    if (err) {
        warn_report("%s: %s", vfc_name(req->s), error_get_pretty(err));
        /* A class that the driver tries again after a while */
        result.status = LPM_VFC_FABRIC;
        result.error = LPM_VFC_FABRIC_TRANSPORT;
    }
    vfc_answer_login(req, &result);
}

void vfc_login(VfcRequest *req)
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
    if (vfc_has_all_targets(s)) {
        vfc_answer_login(req, &none);
        return;
    }
    if (s->scanning) {
        s->login_waits = req;
        return;
    }
    vfc_begin_login(req);
    s->fabric->ops->login(s->fabric, vfc_fabric_ready, req);
}

void vfc_logout(VfcRequest *req)
{
    SpaprVfc *s = req->s;

    s->logged_in = false;
    vfc_cancel_all(s, NULL);
    vfc_answer_mad(req, LPM_VFC_MAD_SUCCESS);
}
