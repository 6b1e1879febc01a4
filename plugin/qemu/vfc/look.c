/*
 * An adapter looks at its storage: which LUNs its WWPN sees, and what they are
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "block/aio.h"
#include "block/block-io.h"
#include "system/runstate.h"
#include "vfc/scsi.h"
#include "adapter.h"

/*
 * Theory of operation
 *
 * A look is a coroutine: it asks the fabric for its targets, logs in to each
 * that has no session yet, and asks each LUN for its name, size and limits.
 * On a source it shares fabric and sessions with the guest, which goes on; on
 * a destination it logs in the WWPN that the guest will have there.
 *
 * Each step waits for a callback with a deadline.  The fabric may go away
 * under it (vfc_look_abort): then no callback comes any more, and the look
 * ends at once.  It is always continued from a bottom half, never from
 * within the fabric's own functions.
 */
#define STEP_MS         5000
#define TRIES           8
#define PAUSE_MS        20

typedef struct VfcLook {
    SpaprVfc *s;
    Coroutine *co;
    bool waiting;
    bool answered;
    bool aborted;
    bool late;
    Error *err;             /* of the step */
    QEMUTimer *deadline;
    VfcIO io;
    struct iovec iov;
    VfcTarget *target;
} VfcLook;

/* Steps */

static void look_wake(VfcLook *look)
{
    if (look->waiting) {
        look->waiting = false;
        aio_co_schedule(qemu_get_aio_context(), look->co);
    }
}

static void look_answered(void *opaque, Error *err)
{
    VfcLook *look = opaque;

    look->answered = true;
    if (err) {
        look->err = error_copy(err);
    }
    look_wake(look);
}

static void look_is_late(void *opaque)
{
    VfcLook *look = opaque;

    look->late = true;
    look_wake(look);
}

static void look_begin(VfcLook *look)
{
    look->answered = false;
    look->late = false;
    error_free(look->err);
    look->err = NULL;
}

/* Until the step is answered; false: it is late, or the fabric is gone. */
static bool coroutine_fn look_wait(VfcLook *look, unsigned ms)
{
    if (look->answered || look->aborted) {
        return !look->aborted;
    }
    if (ms) {
        timer_mod(look->deadline,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ms);
    }
    look->waiting = true;
    qemu_coroutine_yield();
    timer_del(look->deadline);
    return look->answered && !look->aborted;
}

static void coroutine_fn look_pause(VfcLook *look)
{
    look_begin(look);
    look_wait(look, PAUSE_MS);
}

void vfc_look_abort(SpaprVfc *s)
{
    if (s->look) {
        s->look->aborted = true;
        look_wake(s->look);
    }
}

static bool look_failed(VfcLook *look, Error **errp)
{
    if (look->aborted) {
        error_setg(errp, "the WWPN was logged out meanwhile");
        return true;
    }
    if (look->err) {
        error_propagate(errp, look->err);
        look->err = NULL;
        return true;
    }
    return false;
}

static bool coroutine_fn look_find_targets(VfcLook *look, Error **errp)
{
    SpaprVfc *s = look->s;

    /* The guest's own login, or its periodic look at the fabric */
    while ((s->logging_in || s->scanning) && !look->aborted) {
        look_pause(look);
    }
    if (look_failed(look, errp)) {
        return false;
    }
    look_begin(look);
    vfc_find_targets(s, look_answered, look);
    look_wait(look, 0);     /* the fabric has deadlines of its own */
    return !look_failed(look, errp);
}

static bool coroutine_fn look_log_in(VfcLook *look, VfcTarget *target,
                                     Error **errp)
{
    VfcFabric *fabric = look->s->fabric;

    /* The guest may log in to it just now, or give up our attempt for its */
    for (int try = 0; try < STEP_MS / PAUSE_MS; try++) {
        if (target->logging_in) {
            look_pause(look);
            if (look->aborted) {
                break;
            }
            continue;
        }
        if (target->logged_in) {
            return true;
        }
        look_begin(look);
        fabric->ops->target_login(fabric, target, look_answered, look);
        if (!look_wait(look, STEP_MS)) {
            break;
        }
        if (look->err && !target->logging_in) {
            break;
        }
    }
    if (look_failed(look, errp)) {
        return false;
    }
    /* Answers us, too, and must not come later */
    look_begin(look);
    fabric->ops->target_logout(fabric, target);
    error_free(look->err);
    look->err = NULL;
    error_setg(errp, "target %s: no answer to the login within %d ms",
               target->name, STEP_MS);
    return false;
}

static void look_io_done(VfcIO *io)
{
    look_answered(container_of(io, VfcLook, io), NULL);
}

/* One command, once; false: no status came. */
static bool coroutine_fn look_submit(VfcLook *look, int lun,
                                     const uint8_t *cdb, void *buf,
                                     uint32_t bytes)
{
    VfcFabric *fabric = look->s->fabric;

    if (look->aborted || !look->target->logged_in) {
        return false;
    }
    memset(&look->io, 0, sizeof(look->io));
    memset(buf, 0, bytes);
    look->iov = (struct iovec) { .iov_base = buf, .iov_len = bytes };
    look->io.target = look->target;
    look->io.lun = lun;
    memcpy(look->io.cdb, cdb, sizeof(look->io.cdb));
    look->io.bytes = bytes;
    look->io.iov = &look->iov;
    look->io.n_iov = 1;
    look->io.done = look_io_done;
    look_begin(look);
    fabric->ops->submit(fabric, &look->io);
    if (!look_wait(look, STEP_MS) && !look->aborted) {
        fabric->ops->cancel(fabric, &look->io);
        while (!look_wait(look, 0) && !look->aborted) {
            /* it is ours until it has come back */
        }
        return false;
    }
    return !look->aborted && !look->io.failed;
}

typedef enum LookAnswer {
    LOOK_GOOD,
    LOOK_NOT_SUPPORTED,     /* the LUN does not know the question */
    LOOK_RESERVED,          /* somebody else's, who lets nobody ask */
    LOOK_FAILED,
} LookAnswer;

/*
 * One question; what a LUN says to a new initiator before anything else
 * (unit attentions) is taken here, so that the guest will not see it.
 */
static LookAnswer coroutine_fn look_ask(VfcLook *look, int lun,
                                        const uint8_t *cdb, void *buf,
                                        uint32_t bytes, uint32_t *ret_bytes,
                                        Error **errp)
{
    VfcIO *io = &look->io;
    int key = -1;

    for (int try = 0; try < TRIES; try++) {
        if (!look_submit(look, lun, cdb, buf, bytes)) {
            if (!look_failed(look, errp)) {
                error_setg(errp, "target %s LUN %d: no answer to command "
                           "0x%02x", look->target->name, lun, cdb[0]);
            }
            return LOOK_FAILED;
        }
        switch (io->status) {
        case LPM_SCSI_GOOD:
            *ret_bytes = bytes - io->residual;
            return LOOK_GOOD;
        case LPM_SCSI_RESERVED:
            return LOOK_RESERVED;
        case LPM_SCSI_CHECK_CONDITION:
            key = lpm_scsi_sense_key(io->sense, io->sense_bytes);
            if (key == LPM_SCSI_SENSE_ILLEGAL) {
                return LOOK_NOT_SUPPORTED;
            }
            if (key != LPM_SCSI_SENSE_ATTENTION) {
                look_pause(look);
            }
            break;
        default:            /* busy, task set full */
            look_pause(look);
            break;
        }
    }
    error_setg(errp, "target %s LUN %d: command 0x%02x ends with status "
               "0x%02x, sense key %d", look->target->name, lun, cdb[0],
               io->status, key);
    return LOOK_FAILED;
}

/* What is there */

typedef struct Page {
    uint8_t bytes[LPM_SCSI_PAGE_BYTES];
    uint32_t len;           /* 0: not supported */
} Page;

/* A page that is not supported, or not shown, is an empty one. */
static bool coroutine_fn look_page(VfcLook *look, int lun, int code,
                                   Page *page, Error **errp)
{
    uint8_t cdb[LPM_SCSI_CDB_BYTES];
    LookAnswer answer;

    page->len = 0;
    lpm_scsi_cdb_inquiry(cdb, code, sizeof(page->bytes));
    answer = look_ask(look, lun, cdb, page->bytes, sizeof(page->bytes),
                      &page->len, errp);
    return answer != LOOK_FAILED;
}

static bool coroutine_fn look_size(VfcLook *look, LpmOfferLun *found,
                                   Error **errp)
{
    uint8_t cdb[LPM_SCSI_CDB_BYTES], answer[LPM_SCSI_CAPACITY_BYTES];
    g_autoptr(GError) gerr = NULL;
    uint32_t len;

    lpm_scsi_cdb_capacity(cdb, sizeof(answer));
    switch (look_ask(look, found->lun, cdb, answer, sizeof(answer), &len,
                     errp)) {
    case LOOK_GOOD:
        if (!lpm_scsi_read_capacity(answer, len, &found->blocks,
                                    &found->block_bytes, &gerr)) {
            error_setg(errp, "target %s LUN %u: %s", look->target->name,
                       found->lun, gerr->message);
            return false;
        }
        return true;
    case LOOK_NOT_SUPPORTED:
        return true;
    case LOOK_RESERVED:
        error_setg(errp, "target %s LUN %u: reserved by another initiator",
                   look->target->name, found->lun);
        return false;
    default:
        return false;
    }
}

static bool coroutine_fn look_reservations(VfcLook *look, LpmOfferLun *found,
                                           Error **errp)
{
    uint8_t cdb[LPM_SCSI_CDB_BYTES];
    uint8_t keys[LPM_SCSI_KEYS_BYTES], holder[LPM_SCSI_KEYS_BYTES];
    uint32_t keys_len = 0, holder_len = 0;

    lpm_scsi_cdb_reserve_in(cdb, LPM_SCSI_PR_KEYS, sizeof(keys));
    if (look_ask(look, found->lun, cdb, keys, sizeof(keys), &keys_len,
                 errp) == LOOK_FAILED) {
        return false;
    }
    lpm_scsi_cdb_reserve_in(cdb, LPM_SCSI_PR_RESERVATION, sizeof(holder));
    if (look_ask(look, found->lun, cdb, holder, sizeof(holder), &holder_len,
                 errp) == LOOK_FAILED) {
        return false;
    }
    found->reserved = lpm_scsi_reservation(keys, keys_len, holder,
                                           holder_len);
    return true;
}

static bool coroutine_fn look_disk(VfcLook *look, LpmOfferLun *found,
                                   Page *page, Error **errp)
{
    if (!look_size(look, found, errp) ||
        !look_page(look, found->lun, LPM_SCSI_PAGE_LIMITS, page, errp)) {
        return false;
    }
    found->max_transfer = (uint64_t)found->block_bytes *
        lpm_scsi_max_transfer(page->bytes, page->len);
    return look_reservations(look, found, errp);
}

static bool coroutine_fn look_lun(VfcLook *look, uint32_t lun, uint32_t reg,
                                  LpmOffer *offer, Error **errp)
{
    g_autofree Page *page = g_new(Page, 1);
    g_autofree Page *serial = g_new(Page, 1);
    LpmOfferLun found = {
        .target = look->target->wwpn,
        .reg = reg,
        .lun = lun,
        .name = look->target->name,
    };
    gboolean disk;
    bool good;

    if (!look_page(look, lun, LPM_SCSI_PAGE_STANDARD, page, errp)) {
        return false;
    }
    if (!lpm_scsi_is_present(page->bytes, page->len, &disk)) {
        return true;
    }
    if (offer->luns->len == LPM_OFFER_LUNS_MAX) {
        error_setg(errp, "more than %u LUNs", LPM_OFFER_LUNS_MAX);
        return false;
    }
    if (!look_page(look, lun, LPM_SCSI_PAGE_IDENTITY, page, errp) ||
        !look_page(look, lun, LPM_SCSI_PAGE_SERIAL, serial, errp)) {
        return false;
    }
    found.identity = lpm_scsi_identity(page->bytes, page->len, serial->bytes,
                                       serial->len);
    good = !disk || look_disk(look, &found, page, errp);
    if (good) {
        lpm_offer_add_lun(offer, &found);
    }
    g_free(found.identity);
    g_free(found.reserved);
    return good;
}

static bool coroutine_fn look_target(VfcLook *look, VfcTarget *target,
                                     uint32_t reg, LpmOffer *offer,
                                     Error **errp)
{
    g_autofree uint8_t *answer = g_malloc(LPM_SCSI_LUNS_BYTES);
    g_autoptr(GArray) luns = NULL;
    g_autoptr(GError) gerr = NULL;
    uint8_t cdb[LPM_SCSI_CDB_BYTES];
    gboolean all = FALSE;
    uint32_t len = 0;

    look->target = target;
    if (!look_log_in(look, target, errp)) {
        return false;
    }
    lpm_scsi_cdb_luns(cdb, LPM_SCSI_LUNS_BYTES);
    if (look_ask(look, 0, cdb, answer, LPM_SCSI_LUNS_BYTES, &len, errp) ==
        LOOK_FAILED) {
        return false;
    }
    luns = lpm_scsi_read_luns(answer, len, &all, &gerr);
    if (!luns || !all) {
        error_setg(errp, "target %s: %s", target->name,
                   gerr ? gerr->message : "more LUNs than can be compared");
        return false;
    }
    for (guint i = 0; i < luns->len; i++) {
        if (!look_lun(look, g_array_index(luns, guint32, i), reg, offer,
                      errp)) {
            return false;
        }
    }
    return true;
}

static bool coroutine_fn look_all(VfcLook *look, uint32_t reg,
                                  LpmOffer *offer, Error **errp)
{
    VfcFabric *fabric = look->s->fabric;

    if (!look_find_targets(look, errp)) {
        return false;
    }
    for (guint i = 0; i < fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(fabric->targets, i);

        if (target->listed && !look_target(look, target, reg, offer, errp)) {
            return false;
        }
    }
    return true;
}

/* An error as an offer's string: short, on one line. */
static char *look_failure(Error *err)
{
    char *text = g_utf8_make_valid(error_get_pretty(err), -1);

    for (char *at = text; *at; at++) {
        if (g_ascii_iscntrl(*at)) {
            *at = ' ';
        }
    }
    if (strlen(text) > LPM_OFFER_STRING_MAX) {
        strcpy(g_utf8_find_prev_char(text, text + LPM_OFFER_STRING_MAX - 3),
               "...");
    }
    return text;
}

void coroutine_fn vfc_look(Object *adapter, uint8_t active, LpmOffer *offer)
{
    SpaprVfc *s = SPAPR_VFC(adapter);
    VfcLook look = { .s = s, .co = qemu_coroutine_self() };
    g_autofree char *failure = NULL;
    Error *err = NULL;
    uint64_t wwpn = s->wwpn[active - 1];

    qemu_co_mutex_lock(&s->look_lock);
    if (s->fabric && runstate_check(RUN_STATE_INMIGRATE) &&
        s->active != active) {
        vfc_use_wwpn(s, active);
    }
    if (!s->fabric) {
        error_setg(&err, "the adapter was removed");
    } else if (s->active != active) {
        error_setg(&err, "WWPN %016" PRIx64 " is not the one in use", wwpn);
    } else if (s->moved && !runstate_check(RUN_STATE_INMIGRATE)) {
        error_setg(&err, "the guest has left: WWPN %016" PRIx64
                   " stays logged out here", wwpn);
    } else {
        look.deadline = timer_new_ms(QEMU_CLOCK_REALTIME, look_is_late,
                                     &look);
        s->look = &look;
        look_all(&look, s->vdev.reg, offer, &err);
        s->look = NULL;
        timer_free(look.deadline);
        error_free(look.err);
    }
    qemu_co_mutex_unlock(&s->look_lock);
    failure = err ? look_failure(err) : NULL;
    error_free(err);
    lpm_offer_add_look(offer, s->vdev.reg, wwpn, s->max_transfer, failure);
}
