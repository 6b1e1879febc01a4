/*
 * The object migration-lpm: negotiates migrations before RAM is sent
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/thread.h"
#include "hw/boards.h"
#include "hw/qdev-core.h"
#include "migration/lpm.h"
#include "migration/migration.h"
#include "migration/negotiate.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/qapi-events-lpm.h"
#include "qapi/qapi-types-lpm.h"
#include "qapi/visitor.h"
#include "qapi/qapi-visit-common.h"
#include "qom/object_interfaces.h"
#include "system/runstate.h"
#include "system/system.h"

#include "compat/compare.h"
#include "compat/mode.h"
#include "compat/sparc.h"
#include "lpm-check-ram.h"
#include "lpm-codec-class.h"
#include "lpm-error-glue.h"
#include "lpm-gather.h"
#include "lpm-object.h"
#include "lpm-qapi.h"

/*
 * Theory of operation
 *
 * The object registers a negotiator with the migration code
 * (include/migration/negotiate.h) and a section that carries the offer.
 *
 *   source                                destination
 *   begin: gather, encode
 *   put_offer  ------ section ----------> get_offer: keep the bytes
 *                                         judge: decode, gather, compare
 *   answered: decode <----- reply ------  accepted, or refused with reasons
 *
 * begin, put_offer, get_offer and judge run in the main thread or with the
 * BQL; judge is a coroutine, since the storage is looked at by login.  The
 * source looks at its own in prepare, between begin and put_offer.  prepare,
 * answered and no_peer of the source run in migration threads without BQL,
 * so whatever they touch is under @lock. Events may be sent from any thread.
 * Phases are derived from the negotiation, from QEMU's migration notifier and
 * from the run state; set_phase() is the only place that changes them.
 */

#define LPM_DEFAULT_PROBE_TIMEOUT_MS  1500
#define LPM_DEFAULT_ANSWER_TIMEOUT_MS 30000
/* How soon a cancel is seen while the storage is looked at */
#define STORAGE_POLL_MS               50

/*
 * Whether the stream carries our offer: a live one if and only if the peer
 * negotiates, any other (file, snapshot) by the policy: with peer=require
 * whoever loads it has the object as well.
 */
typedef enum LpmCarry {
    LPM_CARRY_BY_POLICY,
    LPM_CARRY_YES,
    LPM_CARRY_NO,
} LpmCarry;

OBJECT_DECLARE_SIMPLE_TYPE(MigrationLpm, MIGRATION_LPM)

struct MigrationLpm {
    Object parent_obj;

    /* Properties */
    LpmPeerPolicy peer;
    char *preferred_mode;       /* as given, before the machine has it */
    uint32_t probe_timeout_ms;
    uint64_t delta_budget;      /* bytes, or LPM_BUDGET_AUTO */
    bool check_ram;
    bool live_only;
    uint32_t answer_timeout_ms;

    bool complete;
    MigrationNegotiator negotiator;
    LpmQmpOps qmp_ops;
    NotifierWithReturn notifier;
    Notifier machine_done;
    VMChangeStateEntry *vm_state;

    /* Main thread or BQL */
    GBytes *record;             /* our offer, to be sent */
    GBytes *received;           /* the peer's offer, as it came */
    LpmCarry carry;

    QemuMutex lock;             /* protects what follows */
    LpmPhase phase;
    LpmRole role;
    uint32_t attempts;
    LpmOffer *offer;            /* sent or received */
    LpmAnswer *answer;          /* received or sent */
    char *error;
    bool peer_known;
    bool peer_negotiates;
    int64_t begin_us;
    int64_t negotiation_us;     /* 0 until the answer is there */
};

/* Phases */

static void set_phase(MigrationLpm *lpm, LpmPhase phase)
{
    LpmRole role;

    WITH_QEMU_LOCK_GUARD(&lpm->lock) {
        if (lpm->phase == phase) {
            return;
        }
        lpm->phase = phase;
        role = lpm->role;
    }
    qapi_event_send_lpm_phase(phase, role);
}

static LpmPhase get_phase(MigrationLpm *lpm)
{
    QEMU_LOCK_GUARD(&lpm->lock);
    return lpm->phase;
}

static void set_error(MigrationLpm *lpm, const char *text)
{
    QEMU_LOCK_GUARD(&lpm->lock);
    if (!lpm->error) {
        lpm->error = g_strdup(text);
    }
}

/* A new move: forget what the last one left behind. */
static void start_move(MigrationLpm *lpm, LpmRole role)
{
    WITH_QEMU_LOCK_GUARD(&lpm->lock) {
        lpm->role = role;
        lpm->attempts++;
        g_clear_pointer(&lpm->offer, lpm_offer_free);
        g_clear_pointer(&lpm->answer, lpm_answer_free);
        g_clear_pointer(&lpm->error, g_free);
        lpm->peer_known = false;
        lpm->peer_negotiates = false;
        lpm->begin_us = g_get_monotonic_time();
        lpm->negotiation_us = 0;
        lpm->phase = LPM_PHASE_IDLE;
    }
    set_phase(lpm, LPM_PHASE_PREPARING);
}

static void peer_is_known(MigrationLpm *lpm, bool negotiates)
{
    QEMU_LOCK_GUARD(&lpm->lock);
    lpm->peer_known = true;
    lpm->peer_negotiates = negotiates;
}

/* Takes @answer */
static void keep_answer(MigrationLpm *lpm, LpmAnswer *answer)
{
    QEMU_LOCK_GUARD(&lpm->lock);
    lpm_answer_free(lpm->answer);
    lpm->answer = answer;
    lpm->negotiation_us = MAX(g_get_monotonic_time() - lpm->begin_us, 1);
}

/* The preferred mode: the machine's max-cpu-compat is its only store */

static bool machine_has_mode(void)
{
    return object_property_find(qdev_get_machine(), "max-cpu-compat");
}

static char *machine_get_mode(void)
{
    return machine_has_mode() ?
        object_property_get_str(qdev_get_machine(), "max-cpu-compat", NULL) :
        NULL;
}

/*
 * Before the board is there, QEMU itself refuses what the CPU cannot run;
 * afterwards nobody would look until the next reset, which would be fatal.
 */
static bool cpu_runs_mode(LpmMode mode, Error **errp)
{
    g_autoptr(LpmOffer) now = lpm_gather();
    guint i;

    if (mode == LPM_MODE_DEFAULT) {
        return true;
    }
    for (i = 0; i < now->modes->len; i++) {
        if (!strcmp(now->modes->pdata[i], lpm_mode_name(mode))) {
            return true;
        }
    }
    error_setg(errp, "CPU %s cannot run processor mode '%s'", now->cpu_model,
               lpm_mode_name(mode));
    return false;
}

static bool machine_set_mode(MigrationLpm *lpm, const char *name, Error **errp)
{
    LpmMode mode;
    const char *value = NULL;

    if (!machine_has_mode()) {
        error_setg(errp, "this machine has no processor modes");
        return false;
    }
    if (lpm_mode_parse(name, &mode)) {
        value = lpm_mode_qemu_name(mode);
    }
    if (!value) {
        error_setg(errp, "QEMU cannot run processor mode '%s'", name);
        error_append_hint(errp, "Use default, power8, power9, power10 or "
                          "power11.\n");
        return false;
    }
    if (lpm->complete && !cpu_runs_mode(mode, errp)) {
        return false;
    }
    return object_property_set_str(qdev_get_machine(), "max-cpu-compat",
                                   value, errp);
}

/* Two different values are a mistake of the user. */
static bool preferred_mode_agrees(MigrationLpm *lpm, Error **errp)
{
    g_autofree char *machine = machine_get_mode();
    LpmMode ours, theirs;

    if (machine && *machine && lpm_mode_parse(machine, &theirs) &&
        lpm_mode_parse(lpm->preferred_mode, &ours) && ours != theirs) {
        error_setg(errp, "preferred-mode=%s and max-cpu-compat=%s differ",
                   lpm->preferred_mode, machine);
        error_append_hint(errp, "They are one setting: give one of them.\n");
        return false;
    }
    return true;
}

static bool settle_preferred_mode(MigrationLpm *lpm, Error **errp)
{
    return !lpm->preferred_mode ||
           (preferred_mode_agrees(lpm, errp) &&
            machine_set_mode(lpm, lpm->preferred_mode, errp));
}

/*
 * -object comes before the options of -machine are set, so what we have set
 * in complete() may have been overwritten since.
 */
static void lpm_machine_done(Notifier *notifier, void *data)
{
    MigrationLpm *lpm = container_of(notifier, MigrationLpm, machine_done);

    if (lpm->preferred_mode) {
        preferred_mode_agrees(lpm, &error_fatal);
    }
}

/*
 * A refusal as the error of a migration: a line for each reason, since
 * people read it in query-migrate and in the log.
 */
static void set_refusal(Error **errp, const char *what,
                        const LpmAnswer *answer)
{
    g_autofree char *reasons = lpm_answer_text(answer);
    g_autofree char *text = g_strjoin("\n", what, reasons, NULL);

    error_setg(errp, "%s", text);
}

/* Source */

/* Only a peer that negotiates knows the section. */
static bool lpm_checks_ram(void *opaque)
{
    MigrationLpm *lpm = opaque;

    QEMU_LOCK_GUARD(&lpm->lock);
    return lpm->check_ram && lpm->peer_known && lpm->peer_negotiates &&
           lpm->role == LPM_ROLE_SOURCE;
}

static void set_codec_budget(MigrationLpm *lpm)
{
    ObjectClass *codec = module_object_class_by_name(TYPE_LPM_CODEC);

    if (codec) {
        LPM_CODEC_CLASS(codec)->set_budget(lpm->delta_budget);
    }
}

static bool lpm_begin(void *opaque, MigrationPeerKind kind, Error **errp)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(GError) gerr = NULL;
    g_autoptr(LpmOffer) offer = NULL;

    start_move(lpm, LPM_ROLE_SOURCE);
    if (kind == MIGRATION_PEER_ONE_WAY &&
        lpm->peer == LPM_PEER_POLICY_REQUIRE) {
        error_setg(errp, "this channel has no way back for the destination's "
                   "answer");
        error_append_hint(errp, "Use tcp:, unix: or fd: with a socket, or "
                          "-object migration-lpm,peer=allow\n");
        return false;
    }

    if (lpm->check_ram && kind == MIGRATION_PEER_LIVE &&
        !lpm_check_ram_possible(errp)) {
        return false;
    }

    set_codec_budget(lpm);
    offer = lpm_gather();
    g_clear_pointer(&lpm->record, g_bytes_unref);
    lpm->record = lpm_offer_encode(offer, &gerr);
    if (!lpm->record) {
        lpm_error_to_qemu(errp, &gerr, "offer: ");
        return false;
    }
    lpm->carry = kind == MIGRATION_PEER_LIVE ? LPM_CARRY_YES
                                             : LPM_CARRY_BY_POLICY;
    WITH_QEMU_LOCK_GUARD(&lpm->lock) {
        lpm->offer = g_steal_pointer(&offer);
    }
    if (kind != MIGRATION_PEER_LIVE) {
        set_phase(lpm, LPM_PHASE_TRANSFER);
    }
    return true;
}

/*
 * The look at the storage: a coroutine of the main thread, for which the
 * migration thread waits.  Either may be the last to need this.
 */
typedef struct StorageLook {
    int refs;
    QemuSemaphore done;
    LpmOffer *seen;         /* its adapters, and what they see */
} StorageLook;

static void storage_look_unref(StorageLook *look)
{
    if (qatomic_fetch_dec(&look->refs) == 1) {
        qemu_sem_destroy(&look->done);
        lpm_offer_free(look->seen);
        g_free(look);
    }
}

static void coroutine_fn storage_look_co(void *opaque)
{
    StorageLook *look = opaque;

    lpm_look_at_storage(look->seen, NULL);
    qemu_sem_post(&look->done);
    storage_look_unref(look);
}

static void storage_look_begin(void *opaque)
{
    qemu_coroutine_enter(qemu_coroutine_create(storage_look_co, opaque));
}

/* Of the adapters that begin() has found; NULL: there is none. */
static StorageLook *storage_look_new(MigrationLpm *lpm)
{
    StorageLook *look;

    QEMU_LOCK_GUARD(&lpm->lock);
    if (!lpm->offer || lpm->offer->wwpns->len == 0) {
        return NULL;
    }
    look = g_new0(StorageLook, 1);
    look->refs = 2;
    qemu_sem_init(&look->done, 0);
    look->seen = lpm_offer_new();
    g_array_append_vals(look->seen->wwpns, lpm->offer->wwpns->data,
                        lpm->offer->wwpns->len);
    return look;
}

/* Adds what @seen has to the offer and writes the record again. */
static bool add_storage(MigrationLpm *lpm, LpmOffer *seen, Error **errp)
{
    g_autoptr(GError) gerr = NULL;

    BQL_LOCK_GUARD();
    QEMU_LOCK_GUARD(&lpm->lock);
    if (!lpm->offer) {
        return true;
    }
    g_array_unref(lpm->offer->looks);
    lpm->offer->looks = g_array_ref(seen->looks);
    g_array_unref(lpm->offer->luns);
    lpm->offer->luns = g_array_ref(seen->luns);
    g_clear_pointer(&lpm->record, g_bytes_unref);
    lpm->record = lpm_offer_encode(lpm->offer, &gerr);
    if (!lpm->record) {
        lpm_error_to_qemu(errp, &gerr, "offer: ");
        return false;
    }
    return true;
}

/* See negotiate.h.  It ends when the target answers, or by its deadlines. */
static bool lpm_prepare(void *opaque, Error **errp)
{
    StorageLook *look = storage_look_new(opaque);
    bool good;

    if (!look) {
        return true;
    }
    aio_bh_schedule_oneshot(qemu_get_aio_context(), storage_look_begin, look);
    while (qemu_sem_timedwait(&look->done, STORAGE_POLL_MS)) {
        if (qatomic_read(&migrate_get_current()->state) ==
            MIGRATION_STATUS_CANCELLING) {
            error_setg(errp, "cancelled while the source looked at its "
                       "storage");
            storage_look_unref(look);
            return false;
        }
    }
    good = add_storage(opaque, look->seen, errp);
    storage_look_unref(look);
    return good;
}

/* Both ends, see negotiate.h */
static bool lpm_no_peer(void *opaque, bool outgoing, Error **errp)
{
    ERRP_GUARD();
    MigrationLpm *lpm = opaque;

    if (!outgoing) {
        start_move(lpm, LPM_ROLE_DESTINATION);
    }
    peer_is_known(lpm, false);
    if (lpm->peer == LPM_PEER_POLICY_REQUIRE && outgoing) {
        error_setg(errp, "the destination has no migration-lpm object, or has "
                   "not answered within %" PRIu32 " ms: start it with -object "
                   "migration-lpm,id=lpm0, or this side with peer=allow",
                   lpm->probe_timeout_ms);
        return false;
    }
    if (lpm->peer == LPM_PEER_POLICY_REQUIRE) {
        error_setg(errp, "the source has no migration-lpm object: start it "
                   "with -object migration-lpm,id=lpm0, or this side with "
                   "peer=allow");
        set_error(lpm, error_get_pretty(*errp));
        set_phase(lpm, LPM_PHASE_REJECTED);
        return false;
    }
    warn_report("the %s has no migration-lpm object: migrating without "
                "negotiation", outgoing ? "destination" : "source");
    lpm->carry = LPM_CARRY_NO;
    set_phase(lpm, LPM_PHASE_TRANSFER);
    return true;
}

static bool lpm_answered(void *opaque, const uint8_t *buf, size_t len,
                         Error **errp)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(GError) gerr = NULL;
    LpmAnswer *answer = lpm_answer_decode(buf, len, &gerr);
    bool accepted;

    peer_is_known(lpm, true);
    if (!answer) {
        lpm_error_to_qemu(errp, &gerr, "answer of the destination: ");
        return false;
    }
    accepted = answer->accepted;
    if (!accepted) {
        set_refusal(errp, "the destination refused the guest:", answer);
    }
    keep_answer(lpm, answer);
    if (!accepted) {
        return false;
    }
    set_phase(lpm, LPM_PHASE_TRANSFER);
    return true;
}

/* Destination */

/* The offer that has come, or NULL with @errp set. */
static LpmOffer *received_offer(MigrationLpm *lpm, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    LpmOffer *offer;
    gconstpointer data;
    gsize len;

    if (!lpm->received) {
        error_setg(errp, "the source has sent no offer");
        return NULL;
    }
    data = g_bytes_get_data(lpm->received, &len);
    offer = lpm_offer_decode(data, len, &gerr);
    if (!offer) {
        lpm_error_to_qemu(errp, &gerr, "offer of the source: ");
    }
    return offer;
}

static bool answer_is_accepted(LpmAnswer *answer, Error **errp)
{
    guint i;

    if (!answer->accepted) {
        set_refusal(errp, "refused the guest:", answer);
        return false;
    }
    for (i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = answer->reasons->pdata[i];

        warn_report("%s: %s (source: %s, destination: %s)", reason->id,
                    reason->title, reason->source, reason->destination);
    }
    return true;
}

/* What cannot be read is refused like anything else: with a reason. */
static LpmAnswer *coroutine_fn judge_offer(MigrationLpm *lpm, Error **errp)
{
    g_autoptr(LpmOffer) ours = NULL;
    LpmAnswer *answer;
    LpmOffer *theirs;
    Error *local_err = NULL;

    theirs = received_offer(lpm, &local_err);
    if (!theirs) {
        answer = lpm_answer_new();
        lpm_answer_add(answer, LPM_SEVERITY_ERROR, "negotiation.offer",
                       "the offer cannot be read",
                       error_get_pretty(local_err), "a version 1 offer",
                       "install the same version of the migration-lpm module "
                       "on both sides");
        error_free(local_err);
        return answer;
    }
    ours = lpm_gather();
    lpm_look_at_storage(ours, theirs);
    answer = lpm_compare(theirs, ours);
    WITH_QEMU_LOCK_GUARD(&lpm->lock) {
        lpm_offer_free(lpm->offer);
        lpm->offer = theirs;
    }
    return answer;
}

static bool coroutine_fn lpm_judge(void *opaque, GByteArray *reply,
                                   Error **errp)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(GError) gerr = NULL;
    g_autoptr(GBytes) record = NULL;
    LpmAnswer *answer;
    bool accepted;

    start_move(lpm, LPM_ROLE_DESTINATION);
    peer_is_known(lpm, true);
    answer = judge_offer(lpm, errp);
    g_clear_pointer(&lpm->received, g_bytes_unref);

    /* The preferred mode travels with the guest */
    if (answer->accepted && answer->preferred_mode) {
        Error *local_err = NULL;

        if (!machine_set_mode(lpm, answer->preferred_mode, &local_err)) {
            lpm_answer_add(answer, LPM_SEVERITY_ERROR,
                           "cpu-compat.preferred-supported",
                           "the destination cannot take over the preferred "
                           "mode", answer->preferred_mode,
                           error_get_pretty(local_err),
                           "start the destination with the same "
                           "-machine max-cpu-compat");
            error_free(local_err);
        }
    }

    record = lpm_answer_encode(answer, &gerr);
    accepted = record && answer_is_accepted(answer, errp);
    if (record) {
        gsize len;
        gconstpointer data = g_bytes_get_data(record, &len);

        g_byte_array_append(reply, data, len);
    } else {
        lpm_error_to_qemu(errp, &gerr, "answer: ");
    }
    keep_answer(lpm, answer);
    if (!accepted) {
        lpm_log_out_storage();
    }
    set_phase(lpm, accepted ? LPM_PHASE_TRANSFER : LPM_PHASE_REJECTED);
    return accepted;
}

/* The section that carries the offer */

static int put_offer(QEMUFile *f, void *pv, size_t size,
                     const VMStateField *field, JSONWriter *vmdesc)
{
    MigrationLpm *lpm = pv;
    gsize len;
    gconstpointer data = g_bytes_get_data(lpm->record, &len);

    qemu_put_be32(f, len);
    qemu_put_buffer(f, data, len);
    return 0;
}

static int get_offer(QEMUFile *f, void *pv, size_t size,
                     const VMStateField *field)
{
    MigrationLpm *lpm = pv;
    uint32_t len = qemu_get_be32(f);
    g_autofree uint8_t *buf = NULL;

    if (len > LPM_OFFER_MAX_BYTES) {
        error_report("offer of the source is %" PRIu32 " bytes long, at most "
                     "%u expected", len, LPM_OFFER_MAX_BYTES);
        return -EINVAL;
    }
    buf = g_try_malloc(len + 1);
    if (!buf || qemu_get_buffer(f, buf, len) != len) {
        return -EIO;
    }
    g_clear_pointer(&lpm->received, g_bytes_unref);
    lpm->received = g_bytes_new(buf, len);
    return 0;
}

static const VMStateInfo vmstate_info_lpm_offer = {
    .name = "lpm offer",
    .get = get_offer,
    .put = put_offer,
};

/* A snapshot has no begin(): gather what is not there. */
static int lpm_section_pre_save(void *opaque)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(LpmOffer) offer = NULL;

    if (lpm->record) {
        return 0;
    }
    offer = lpm_gather();
    lpm->record = lpm_offer_encode(offer, NULL);
    return lpm->record ? 0 : -E2BIG;
}

static int lpm_section_post_save(void *opaque)
{
    MigrationLpm *lpm = opaque;

    g_clear_pointer(&lpm->record, g_bytes_unref);
    return 0;
}

/*
 * A file, a snapshot, or a move through a tunnel that takes no answers: what
 * differs is said, and QEMU's own checks decide.
 */
static int lpm_section_post_load(void *opaque, int version_id)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(LpmOffer) theirs = NULL;
    g_autoptr(LpmOffer) ours = NULL;
    g_autoptr(LpmAnswer) answer = NULL;
    guint i;

    if (migration_incoming_get_current()->negotiation.ops) {
        return 0;
    }
    if (lpm->live_only) {
        g_clear_pointer(&lpm->received, g_bytes_unref);
        error_report("the stream has no return path (a move through a tunnel, "
                     "or a saved guest), so that nothing can be negotiated, "
                     "and live-only=on refuses that; move without a tunnel, "
                     "or give both sides peer=allow");
        return -EINVAL;
    }
    theirs = received_offer(lpm, NULL);
    g_clear_pointer(&lpm->received, g_bytes_unref);
    if (!theirs) {
        return 0;
    }
    ours = lpm_gather();
    answer = lpm_compare(theirs, ours);
    for (i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = answer->reasons->pdata[i];

        if (reason->severity == LPM_SEVERITY_ERROR &&
            !g_str_has_prefix(reason->id, "stream.")) {
            warn_report("saved guest: %s (saved: %s, here: %s); %s",
                        reason->title, reason->source, reason->destination,
                        reason->remedy);
        }
    }
    return 0;
}

static bool lpm_section_needed(void *opaque)
{
    MigrationLpm *lpm = opaque;

    switch (lpm->carry) {
    case LPM_CARRY_YES:
        return true;
    case LPM_CARRY_NO:
        return false;
    case LPM_CARRY_BY_POLICY:
        return lpm->peer == LPM_PEER_POLICY_REQUIRE;
    }
    g_assert_not_reached();
}

static const VMStateDescription vmstate_lpm = {
    .name = LPM_SECTION_NAME,
    .version_id = 1,
    .minimum_version_id = 1,
    .early_setup = true,
    .priority = MIG_PRI_MAX,
    .needed = lpm_section_needed,
    .pre_save = lpm_section_pre_save,
    .post_save = lpm_section_post_save,
    .post_load = lpm_section_post_load,
    .fields = (const VMStateField[]) {
        {
            .name = "offer",
            .info = &vmstate_info_lpm_offer,
            .flags = VMS_SINGLE,
            .offset = 0,
        },
        VMSTATE_END_OF_LIST()
    }
};

/* What QEMU tells us of the rest of a move */

/* Source: what comes next may be a snapshot, with facts of its own. */
static void end_move(MigrationLpm *lpm)
{
    g_clear_pointer(&lpm->record, g_bytes_unref);
    lpm->carry = LPM_CARRY_BY_POLICY;
}

static int lpm_migration_event(NotifierWithReturn *notify, MigrationEvent *e,
                               Error **errp)
{
    MigrationLpm *lpm = container_of(notify, MigrationLpm, notifier);
    MigrationState *s = migrate_get_current();
    bool rejected;

    switch (e->type) {
    case MIG_EVENT_PRECOPY_SETUP:
        break;
    case MIG_EVENT_PRECOPY_DONE:
        end_move(lpm);
        set_phase(lpm, LPM_PHASE_RUNNING_ON_DESTINATION);
        set_phase(lpm, LPM_PHASE_CLEANUP);
        set_phase(lpm, LPM_PHASE_DONE);
        break;
    case MIG_EVENT_PRECOPY_FAILED:
        end_move(lpm);
        WITH_QEMU_LOCK_GUARD(&s->error_mutex) {
            if (s->error) {
                set_error(lpm, error_get_pretty(s->error));
            }
        }
        if (s->state == MIGRATION_STATUS_CANCELLED) {
            set_phase(lpm, LPM_PHASE_CANCELLED);
            break;
        }
        WITH_QEMU_LOCK_GUARD(&lpm->lock) {
            rejected = (lpm->answer && !lpm->answer->accepted) ||
                       lpm->phase == LPM_PHASE_PREPARING;
        }
        set_phase(lpm, rejected ? LPM_PHASE_REJECTED : LPM_PHASE_FAILED);
        break;
    case MIG_EVENT_MAX:
        g_assert_not_reached();
    }
    return 0;
}

static void lpm_vm_state_change(void *opaque, bool running, RunState state)
{
    MigrationLpm *lpm = opaque;

    if (get_phase(lpm) != LPM_PHASE_TRANSFER &&
        get_phase(lpm) != LPM_PHASE_STOPPED) {
        return;
    }
    if (lpm->role == LPM_ROLE_SOURCE && state == RUN_STATE_FINISH_MIGRATE) {
        set_phase(lpm, LPM_PHASE_STOPPED);
    }
    if (lpm->role == LPM_ROLE_DESTINATION && running) {
        set_phase(lpm, LPM_PHASE_RUNNING_ON_DESTINATION);
        set_phase(lpm, LPM_PHASE_DONE);
    }
}

/* Nobody notifies the destination of its end: look when asked. */
static void refresh_destination(MigrationLpm *lpm)
{
    MigrationIncomingState *mis = migration_incoming_get_current();

    if (lpm->role != LPM_ROLE_DESTINATION ||
        get_phase(lpm) != LPM_PHASE_TRANSFER) {
        return;
    }
    if (mis->state == MIGRATION_STATUS_COMPLETED) {
        set_phase(lpm, LPM_PHASE_DONE);
    } else if (mis->state == MIGRATION_STATUS_FAILED) {
        set_phase(lpm, LPM_PHASE_FAILED);
    }
}

/* QMP */

static LpmInfo *lpm_query(void *opaque, Error **errp)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(LpmOffer) now = lpm_offer_new();
    g_autoptr(GPtrArray) lacking = NULL;
    LpmInfo *info = g_new0(LpmInfo, 1);
    LpmCodecStats encode = { 0 }, decode = { 0 };
    LpmStreamStats stream = { 0 };
    ObjectClass *codec = module_object_class_by_name(TYPE_LPM_CODEC);

    refresh_destination(lpm);
    /* Asked for all through a move: the modes only, not every section */
    lpm_gather_target(now, false);
    if (codec) {
        LPM_CODEC_CLASS(codec)->get_stats(&encode, &decode, &stream);
    }
    info->peer = lpm->peer;
    info->preferred_mode = g_strdup(now->preferred_mode);
    info->current_mode = g_strdup(now->current_mode);
    info->modes = lpm_strings_to_qapi(now->modes);
    lacking = lpm_sparc_not_provided(now->cpu_arch, now->cpu_features);
    info->has_not_provided = lacking->len > 0;
    info->not_provided = lpm_strings_to_qapi(lacking);
    info->vfc = lpm_query_adapters();
    info->encode = lpm_codec_stats_to_qapi(&encode);
    info->decode = lpm_codec_stats_to_qapi(&decode);
    info->stream = stream.used ? lpm_stream_to_qapi(&stream) : NULL;

    QEMU_LOCK_GUARD(&lpm->lock);
    info->phase = lpm->phase;
    info->role = lpm->role;
    info->attempts = lpm->attempts;
    info->has_peer_negotiates = lpm->peer_known;
    info->peer_negotiates = lpm->peer_negotiates;
    info->offer = lpm->offer ? lpm_offer_to_qapi(lpm->offer) : NULL;
    info->answer = lpm->answer ? lpm_answer_to_qapi(lpm->answer) : NULL;
    info->has_negotiation_us = lpm->negotiation_us != 0;
    info->negotiation_us = lpm->negotiation_us;
    info->error = g_strdup(lpm->error);
    return info;
}

/* Whether the adapters have the WWPNs of a guest that may come. */
static bool guest_is_coming(MigrationLpm *lpm)
{
    LpmPhase phase = get_phase(lpm);

    return runstate_check(RUN_STATE_INMIGRATE) &&
           (phase == LPM_PHASE_PREPARING || phase == LPM_PHASE_TRANSFER);
}

/*
 * Our offer with what its adapters see.  A QEMU that waits for a guest logs
 * their WWPNs out again, unless a guest has come for them meanwhile.
 */
static LpmOffer *coroutine_fn gather_with_storage(MigrationLpm *lpm,
                                                  const LpmOffer *peer,
                                                  Error **errp)
{
    LpmOffer *offer;

    if (guest_is_coming(lpm)) {
        error_setg(errp, "a guest is on its way: its storage is in use");
        return NULL;
    }
    offer = lpm_gather();
    lpm_look_at_storage(offer, peer);
    if (runstate_check(RUN_STATE_INMIGRATE) && !guest_is_coming(lpm)) {
        lpm_log_out_storage();
    }
    return offer;
}

static LpmOfferInfo *coroutine_fn lpm_query_offer(void *opaque,
                                                  bool probe_storage,
                                                  LpmOfferInfo *peer,
                                                  Error **errp)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(LpmOffer) theirs = NULL;
    g_autoptr(LpmOffer) ours = NULL;

    if (peer) {
        theirs = lpm_offer_from_qapi(peer, errp);
        if (!theirs) {
            return NULL;
        }
    }
    ours = probe_storage ? gather_with_storage(lpm, theirs, errp) :
                           lpm_gather();
    return ours ? lpm_offer_to_qapi(ours) : NULL;
}

static LpmAnswerInfo *coroutine_fn lpm_check_offer(void *opaque,
                                                   LpmOfferInfo *info,
                                                   bool probe_storage,
                                                   Error **errp)
{
    MigrationLpm *lpm = opaque;
    g_autoptr(LpmOffer) theirs = lpm_offer_from_qapi(info, errp);
    g_autoptr(LpmOffer) ours = NULL;
    g_autoptr(LpmAnswer) answer = NULL;

    if (!theirs) {
        return NULL;
    }
    ours = probe_storage && theirs->wwpns->len > 0 ?
        gather_with_storage(lpm, theirs, errp) : lpm_gather();
    if (!ours) {
        return NULL;
    }
    answer = lpm_compare(theirs, ours);
    return lpm_answer_to_qapi(answer);
}

static void lpm_vfc_logout(void *opaque, const char *id, Error **errp)
{
    MigrationLpm *lpm = opaque;

    if (runstate_is_running()) {
        error_setg(errp, "the guest runs here: its adapters stay logged in");
    } else if (guest_is_coming(lpm)) {
        error_setg(errp, "a guest is on its way: its storage is in use");
    } else {
        lpm_log_out_adapter(id, errp);
    }
}

/* Object */

static void lpm_complete(UserCreatable *uc, Error **errp)
{
    MigrationLpm *lpm = MIGRATION_LPM(uc);

    if (!settle_preferred_mode(lpm, errp)) {
        return;
    }
    lpm->negotiator = (MigrationNegotiator) {
        .vmsd = &vmstate_lpm,
        .opaque = lpm,
        .probe_timeout_ms = lpm->probe_timeout_ms,
        .answer_timeout_ms = lpm->answer_timeout_ms,
        .begin = lpm_begin,
        .prepare = lpm_prepare,
        .no_peer = lpm_no_peer,
        .answered = lpm_answered,
        .judge = lpm_judge,
    };
    if (!migration_set_negotiator(&lpm->negotiator, errp)) {
        return;
    }
    lpm->qmp_ops = (LpmQmpOps) {
        .opaque = lpm,
        .query = lpm_query,
        .query_offer = lpm_query_offer,
        .check = lpm_check_offer,
        .vfc_logout = lpm_vfc_logout,
    };
    lpm_set_qmp_ops(&lpm->qmp_ops);
    vmstate_register(NULL, 0, &vmstate_lpm, lpm);
    lpm_check_ram_register(lpm_checks_ram, lpm);
    migration_add_notifier(&lpm->notifier, lpm_migration_event);
    if (!phase_check(PHASE_MACHINE_READY)) {
        lpm->machine_done.notify = lpm_machine_done;
        qemu_add_machine_init_done_notifier(&lpm->machine_done);
    }
    lpm->vm_state = qemu_add_vm_change_state_handler(lpm_vm_state_change, lpm);
    lpm->complete = true;
}

static bool lpm_can_be_deleted(UserCreatable *uc)
{
    switch (migration_incoming_get_current()->state) {
    case MIGRATION_STATUS_NONE:
    case MIGRATION_STATUS_COMPLETED:
    case MIGRATION_STATUS_FAILED:
        return !migration_is_running();
    default:
        return false;
    }
}

static char *lpm_get_preferred_mode(Object *obj, Error **errp)
{
    MigrationLpm *lpm = MIGRATION_LPM(obj);
    g_autofree char *mode = lpm->complete ? machine_get_mode() : NULL;

    if (!lpm->complete) {
        return g_strdup(lpm->preferred_mode ?: "default");
    }
    return g_strdup(mode && *mode ? mode : "default");
}

static void lpm_set_preferred_mode(Object *obj, const char *value,
                                   Error **errp)
{
    MigrationLpm *lpm = MIGRATION_LPM(obj);

    if (lpm->complete) {
        /* Holds from the guest's next reset */
        machine_set_mode(lpm, value, errp);
        return;
    }
    g_free(lpm->preferred_mode);
    lpm->preferred_mode = g_strdup(value);
}

static int lpm_get_peer(Object *obj, Error **errp)
{
    return MIGRATION_LPM(obj)->peer;
}

static void lpm_set_peer(Object *obj, int value, Error **errp)
{
    MIGRATION_LPM(obj)->peer = value;
}

static void lpm_set_timeout(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    uint32_t value;

    if (!visit_type_uint32(v, name, &value, errp)) {
        return;
    }
    if (value == 0) {
        error_setg(errp, "%s must be at least 1 ms", name);
        return;
    }
    *(uint32_t *)((char *)obj + GPOINTER_TO_SIZE(opaque)) = value;
}

static void lpm_get_timeout(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    visit_type_uint32(v, name,
                      (uint32_t *)((char *)obj + GPOINTER_TO_SIZE(opaque)),
                      errp);
}

/* To get and to set: the next move takes it, whole or not at all. */
static void lpm_visit_budget(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    visit_type_size(v, name, &MIGRATION_LPM(obj)->delta_budget, errp);
}

static bool lpm_get_check_ram(Object *obj, Error **errp)
{
    return MIGRATION_LPM(obj)->check_ram;
}

static void lpm_set_check_ram(Object *obj, bool value, Error **errp)
{
    MIGRATION_LPM(obj)->check_ram = value;
}

static bool lpm_get_live_only(Object *obj, Error **errp)
{
    return MIGRATION_LPM(obj)->live_only;
}

static void lpm_set_live_only(Object *obj, bool value, Error **errp)
{
    MIGRATION_LPM(obj)->live_only = value;
}

static void lpm_instance_init(Object *obj)
{
    MigrationLpm *lpm = MIGRATION_LPM(obj);

    qemu_mutex_init(&lpm->lock);
    lpm->probe_timeout_ms = LPM_DEFAULT_PROBE_TIMEOUT_MS;
    lpm->answer_timeout_ms = LPM_DEFAULT_ANSWER_TIMEOUT_MS;
    lpm->delta_budget = LPM_BUDGET_AUTO;
}

static void lpm_instance_finalize(Object *obj)
{
    MigrationLpm *lpm = MIGRATION_LPM(obj);

    if (lpm->complete) {
        qemu_del_vm_change_state_handler(lpm->vm_state);
        migration_remove_notifier(&lpm->notifier);
        if (lpm->machine_done.notify) {
            qemu_remove_machine_init_done_notifier(&lpm->machine_done);
        }
        lpm_check_ram_unregister();
        vmstate_unregister(NULL, &vmstate_lpm, lpm);
        lpm_set_qmp_ops(NULL);
        migration_set_negotiator(NULL, &error_abort);
    }
    g_clear_pointer(&lpm->record, g_bytes_unref);
    g_clear_pointer(&lpm->received, g_bytes_unref);
    lpm_offer_free(lpm->offer);
    lpm_answer_free(lpm->answer);
    g_free(lpm->error);
    g_free(lpm->preferred_mode);
    qemu_mutex_destroy(&lpm->lock);
}

static void lpm_class_init(ObjectClass *oc, void *data)
{
    UserCreatableClass *ucc = USER_CREATABLE_CLASS(oc);

    ucc->complete = lpm_complete;
    ucc->can_be_deleted = lpm_can_be_deleted;
    object_class_property_add_enum(oc, "peer", "LpmPeerPolicy",
                                   &LpmPeerPolicy_lookup, lpm_get_peer,
                                   lpm_set_peer);
    object_class_property_add_str(oc, "preferred-mode", lpm_get_preferred_mode,
                                  lpm_set_preferred_mode);
    object_class_property_add(oc, "probe-timeout", "uint32", lpm_get_timeout,
        lpm_set_timeout, NULL,
        GSIZE_TO_POINTER(offsetof(MigrationLpm, probe_timeout_ms)));
    object_class_property_add(oc, "answer-timeout", "uint32", lpm_get_timeout,
        lpm_set_timeout, NULL,
        GSIZE_TO_POINTER(offsetof(MigrationLpm, answer_timeout_ms)));
    object_class_property_add(oc, "delta-budget", "size", lpm_visit_budget,
                              lpm_visit_budget, NULL, NULL);
    object_class_property_add_bool(oc, "check-ram", lpm_get_check_ram,
                                   lpm_set_check_ram);
    object_class_property_add_bool(oc, "live-only", lpm_get_live_only,
                                   lpm_set_live_only);
}

static const TypeInfo lpm_info = {
    .name = TYPE_MIGRATION_LPM,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(MigrationLpm),
    .instance_init = lpm_instance_init,
    .instance_finalize = lpm_instance_finalize,
    .class_init = lpm_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    },
};
module_obj(TYPE_MIGRATION_LPM);

static void lpm_register_types(void)
{
    type_register_static(&lpm_info);
}
type_init(lpm_register_types);
