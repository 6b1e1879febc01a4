/*
 * A libvirt daemon that has or gets the guest, asked with a deadline
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "handoff/virt.h"

#include "config.h"

void lpm_virt_answer_clear(LpmVirtAnswer *answer)
{
    lpm_look_clear(&answer->look);
    memset(answer, 0, sizeof(*answer));
}

#ifdef LPM_HAVE_LIBVIRT

#include "facts/library.h"
#include "handoff/virt-calls.h"

/* Loaded by the caller before there is a thread. */
static LpmVirtCalls vir;

static const LpmLibraryCall library_calls[] = {
#define LPM_VIRT_CALL(name) \
    { "vir" #name, G_STRUCT_OFFSET(LpmVirtCalls, name) },
    LPM_VIRT_CALLS(LPM_VIRT_CALL)
#undef LPM_VIRT_CALL
    { NULL },
};

typedef struct Call Call;

struct LpmVirt {
    gint refs;              /* the caller, the thread, and each call */
    char *uri;
    char *side;
    guint deadline_ms;
    gboolean usable;        /* the caller's */
    GAsyncQueue *queue;     /* Call; one without run ends the thread */
    GMutex mutex;           /* of done in all calls */
    GCond cond;
    virConnectPtr conn;     /* the thread's, once it is open */
};

/* What goes in and comes out, of all calls; both have a reference. */
struct Call {
    gint refs;
    LpmVirt *virt;
    const char *name;       /* static: "virDomainGetState" */
    gboolean (*run)(Call *call);
    gboolean done;
    gboolean good;
    /* in */
    char *domain;
    guint64 number;
    LpmVirt *peer;          /* of a direct move */
    LpmVirtPlan plan;       /* its strings are owned */
    /* out */
    char *text;
    guint64 value;
    LpmVirtAnswer answer;
    char *why;
    int code;               /* virErrorNumber of why */
    gboolean lost;
};

static void virt_unref(LpmVirt *virt)
{
    if (g_atomic_int_dec_and_test(&virt->refs)) {
        g_free(virt->uri);
        g_free(virt->side);
        g_async_queue_unref(virt->queue);
        g_mutex_clear(&virt->mutex);
        g_cond_clear(&virt->cond);
        g_free(virt);
    }
}

static LpmVirt *virt_ref(LpmVirt *virt)
{
    g_atomic_int_inc(&virt->refs);
    return virt;
}

static void call_unref(Call *call)
{
    if (!g_atomic_int_dec_and_test(&call->refs)) {
        return;
    }
    g_free(call->domain);
    g_free((char *)call->plan.partition);
    g_free((char *)call->plan.peer_uri);
    g_free((char *)call->plan.uri);
    g_free((char *)call->plan.compression);
    g_free(call->text);
    g_free(call->why);
    lpm_virt_answer_clear(&call->answer);
    if (call->peer != NULL) {
        virt_unref(call->peer);
    }
    virt_unref(call->virt);
    g_free(call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_unref)

static Call *call_new(LpmVirt *virt, const char *name,
                      gboolean (*run)(Call *call), const char *domain)
{
    Call *call = g_new0(Call, 1);

    call->refs = 1;
    call->virt = virt_ref(virt);
    call->name = name;
    call->run = run;
    call->domain = g_strdup(domain);
    return call;
}

/* libvirt would print to stderr what we report ourselves. */
static void be_silent(void *opaque, virErrorPtr error)
{
    (void)opaque;
    (void)error;
}

/* Of the thread: note why libvirt's last call failed. */
static gboolean fail(Call *call)
{
    virErrorPtr last = vir.GetLastError();

    g_free(call->why);
    call->code = last != NULL ? last->code : VIR_ERR_OK;
    call->why = g_utf8_make_valid(last != NULL && last->message != NULL ?
                                  last->message : "no reason given", -1);
    call->lost = call->virt->conn == NULL ||
                 vir.ConnectIsAlive(call->virt->conn) != 1;
    return FALSE;
}

static gpointer worker(gpointer opaque)
{
    LpmVirt *virt = opaque;
    gboolean last = FALSE;

    while (!last) {
        g_autoptr(Call) call = g_async_queue_pop(virt->queue);
        gboolean good;

        last = call->run == NULL;
        if (last && virt->conn != NULL) {
            vir.ConnectClose(virt->conn);
            virt->conn = NULL;
        }
        good = last || call->run(call);
        g_mutex_lock(&virt->mutex);
        call->good = good;
        call->done = TRUE;
        g_cond_broadcast(&virt->cond);
        g_mutex_unlock(&virt->mutex);
    }
    virt_unref(virt);
    return NULL;
}

static void push(Call *call)
{
    g_atomic_int_inc(&call->refs);
    g_async_queue_push(call->virt->queue, call);
}

/* Make a call and wait for it: its result, or false with an error. */
static gboolean make(Call *call, GError **error)
{
    LpmVirt *virt = call->virt;
    gint64 end = g_get_monotonic_time() + (gint64)virt->deadline_ms * 1000;
    gboolean done;

    if (!virt->usable) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "%s: libvirt %s does not answer", virt->side, virt->uri);
        return FALSE;
    }
    push(call);
    g_mutex_lock(&virt->mutex);
    while (!call->done &&
           g_cond_wait_until(&virt->cond, &virt->mutex, end)) {
        /* again */
    }
    done = call->done;
    g_mutex_unlock(&virt->mutex);
    if (!done) {
        virt->usable = FALSE;
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "%s: libvirt %s: no answer to %s within %.1f s",
                    virt->side, virt->uri, call->name,
                    virt->deadline_ms / 1000.0);
        return FALSE;
    }
    if (!call->good) {
        virt->usable = !call->lost;
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "%s: libvirt %s: %s: %s", virt->side, virt->uri,
                    call->name, call->why);
    }
    return call->good;
}

static gboolean run_open(Call *call)
{
    /* Before any other: the place of the last error is made here. */
    if (vir.Initialize() != 0) {
        return fail(call);
    }
    vir.SetErrorFunc(NULL, be_silent);
    call->virt->conn = vir.ConnectOpen(call->virt->uri);
    return call->virt->conn != NULL || fail(call);
}

LpmVirt *lpm_virt_open(const char *uri, const char *side, guint deadline_ms,
                       GError **error)
{
    g_autoptr(LpmVirt) virt = NULL;
    g_autoptr(Call) call = NULL;
    GThread *thread;

    if (!lpm_library_load("libvirt.so.0", "libvirt0 (7.0 or newer)",
                          library_calls, &vir, error)) {
        g_prefix_error(error, "libvirt %s: ", uri);
        return NULL;
    }
    virt = g_new0(LpmVirt, 1);
    virt->refs = 1;
    virt->uri = g_strdup(uri);
    virt->side = g_strdup(side);
    virt->deadline_ms = deadline_ms;
    virt->queue = g_async_queue_new_full((GDestroyNotify)call_unref);
    g_mutex_init(&virt->mutex);
    g_cond_init(&virt->cond);
    thread = g_thread_try_new("lpm-virt", worker, virt_ref(virt), error);
    if (thread == NULL) {
        virt_unref(virt);       /* the thread's */
        virt_unref(g_steal_pointer(&virt));
        return NULL;
    }
    g_thread_unref(thread);
    virt->usable = TRUE;
    call = call_new(virt, "virConnectOpen", run_open, NULL);
    return make(call, error) ? g_steal_pointer(&virt) : NULL;
}

void lpm_virt_close(LpmVirt *virt)
{
    g_autoptr(Call) call = NULL;

    if (virt == NULL) {
        return;
    }
    call = call_new(virt, "virConnectClose", NULL, NULL);
    if (virt->usable) {
        make(call, NULL);
    } else {
        push(call);
    }
    virt_unref(virt);
}

gboolean lpm_virt_usable(const LpmVirt *virt)
{
    return virt->usable;
}

static virDomainPtr lookup(Call *call)
{
    virDomainPtr dom = vir.DomainLookupByName(call->virt->conn,
                                              call->domain);

    if (dom == NULL) {
        fail(call);
    }
    return dom;
}

static void read_state(LpmVirtAnswer *answer, int state, int reason)
{
    static const char *const words[] = {
        [VIR_DOMAIN_NOSTATE] = "without a state",
        [VIR_DOMAIN_RUNNING] = "running",
        [VIR_DOMAIN_BLOCKED] = "running",
        [VIR_DOMAIN_PAUSED] = "paused",
        [VIR_DOMAIN_SHUTDOWN] = "in shutdown",
        [VIR_DOMAIN_SHUTOFF] = "shut off",
        [VIR_DOMAIN_CRASHED] = "crashed",
        [VIR_DOMAIN_PMSUSPENDED] = "suspended by its own power management",
    };

    answer->state = state >= 0 && (gsize)state < G_N_ELEMENTS(words) ?
                    words[state] : words[VIR_DOMAIN_NOSTATE];
    switch (state) {
    case VIR_DOMAIN_SHUTOFF:
    case VIR_DOMAIN_CRASHED:
        answer->has = LPM_VIRT_OFF;
        break;
    case VIR_DOMAIN_PAUSED:
        answer->postcopy = reason == VIR_DOMAIN_PAUSED_POSTCOPY ||
                           reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED;
        answer->has = LPM_VIRT_PAUSED;
        if (answer->postcopy || reason == VIR_DOMAIN_PAUSED_MIGRATION ||
            reason == VIR_DOMAIN_PAUSED_STARTING_UP) {
            answer->has = LPM_VIRT_WAITS;
            answer->state = "paused for a move";
        }
        break;
    default:
        answer->has = LPM_VIRT_RUNS;
        answer->ends = state == VIR_DOMAIN_SHUTDOWN;
    }
}

static guint64 number(virTypedParameterPtr params, int n, const char *name)
{
    unsigned long long value = 0;

    return vir.TypedParamsGetULLong(params, n, name, &value) == 1 ? value :
                                                                    0;
}

/* Optional times: absent is -1. */
static gint64 milliseconds(virTypedParameterPtr params, int n,
                           const char *name)
{
    unsigned long long value = 0;

    return vir.TypedParamsGetULLong(params, n, name, &value) == 1 &&
           value <= G_MAXINT32 ? (gint64)value : -1;
}

static void read_look(LpmLook *look, int type, virTypedParameterPtr params,
                      int n)
{
    guint64 page_bytes = number(params, n, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE);
    const char *text = NULL;
    int throttle = 0;

    look->total = number(params, n, VIR_DOMAIN_JOB_MEMORY_TOTAL);
    look->remaining = number(params, n, VIR_DOMAIN_JOB_MEMORY_REMAINING);
    look->wire_bytes = number(params, n, VIR_DOMAIN_JOB_MEMORY_PROCESSED);
    look->raw_bytes =
        number(params, n, VIR_DOMAIN_JOB_MEMORY_NORMAL_BYTES) +
        number(params, n, VIR_DOMAIN_JOB_MEMORY_CONSTANT) * page_bytes;
    look->dirty_bytes = page_bytes *
        number(params, n, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE);
    look->rate_bytes = (double)number(params, n, VIR_DOMAIN_JOB_MEMORY_BPS);
    look->rounds = number(params, n, VIR_DOMAIN_JOB_MEMORY_ITERATION);
    look->has_ram = look->total > 0;
    look->total_ms = milliseconds(params, n, VIR_DOMAIN_JOB_TIME_ELAPSED);
    look->setup_ms = milliseconds(params, n, VIR_DOMAIN_JOB_SETUP_TIME);
    look->downtime_ms = milliseconds(params, n, VIR_DOMAIN_JOB_DOWNTIME);
    if (vir.TypedParamsGetInt(params, n,
                              VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE,
                              &throttle) == 1 && throttle > 0) {
        look->throttle_percent = (guint64)throttle;
    }
    if (vir.TypedParamsGetString(params, n, VIR_DOMAIN_JOB_ERRMSG,
                                 &text) == 1 && text != NULL) {
        look->error = g_utf8_make_valid(text, -1);
    }
    switch (type) {
    case VIR_DOMAIN_JOB_COMPLETED:
        look->phase = LPM_MOVE_DONE;
        break;
    case VIR_DOMAIN_JOB_FAILED:
        look->phase = LPM_MOVE_FAILED;
        break;
    case VIR_DOMAIN_JOB_CANCELLED:
        look->phase = LPM_MOVE_CANCELLED;
        break;
    default:
        /* QEMU tells how much RAM there is once the stream has begun */
        look->phase = look->has_ram ? LPM_MOVE_TRANSFER :
                                      LPM_MOVE_PREPARING;
    }
}

static LpmVirtJob kind_of(virTypedParameterPtr params, int n)
{
    int operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

    vir.TypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
    return operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT ?
           LPM_VIRT_JOB_LEAVES :
           operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN ?
           LPM_VIRT_JOB_ARRIVES : LPM_VIRT_JOB_OTHER;
}

/* Returns: whether there is such a job. */
static gboolean read_job(virDomainPtr dom, guint flags, LpmVirtJob *ret_job,
                         LpmLook *look)
{
    virTypedParameterPtr params = NULL;
    int type = VIR_DOMAIN_JOB_NONE;
    int n = 0;

    if (vir.DomainGetJobStats(dom, &type, &params, &n, flags) != 0) {
        return FALSE;
    }
    if (type != VIR_DOMAIN_JOB_NONE) {
        *ret_job = kind_of(params, n);
        read_look(look, type, params, n);
    }
    vir.TypedParamsFree(params, n);
    return type != VIR_DOMAIN_JOB_NONE;
}

static gboolean run_ask(Call *call)
{
    LpmVirtAnswer *answer = &call->answer;
    virDomainPtr dom = lookup(call);
    int state = VIR_DOMAIN_NOSTATE;
    int reason = 0;

    answer->look.total_ms = answer->look.setup_ms = -1;
    answer->look.downtime_ms = answer->look.negotiation_us = -1;
    answer->state = "not there";
    answer->has = LPM_VIRT_NONE;
    if (dom == NULL) {
        return call->code == VIR_ERR_NO_DOMAIN && !call->lost;
    }
    vir.DomainGetUUIDString(dom, answer->uuid);
    if (vir.DomainGetState(dom, &state, &reason, 0) != 0) {
        fail(call);
        vir.DomainFree(dom);
        return call->code == VIR_ERR_NO_DOMAIN && !call->lost;
    }
    read_state(answer, state, reason);
    answer->persistent = vir.DomainIsPersistent(dom) == 1;
    if (answer->has == LPM_VIRT_OFF ||
        !read_job(dom, 0, &answer->job, &answer->look)) {
        if (answer->has == LPM_VIRT_WAITS && !answer->postcopy) {
            /* the side that it comes to has no statistics */
            answer->job = LPM_VIRT_JOB_ARRIVES;
            answer->look.phase = LPM_MOVE_TRANSFER;
        } else {
            read_job(dom, VIR_DOMAIN_JOB_STATS_COMPLETED |
                     VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED, &answer->done,
                     &answer->look);
        }
    } else if (answer->postcopy) {
        answer->look.phase = LPM_MOVE_RUNNING_ON_DESTINATION;
    } else if (answer->has == LPM_VIRT_WAITS &&
               answer->job == LPM_VIRT_JOB_LEAVES) {
        answer->look.phase = LPM_MOVE_STOPPED;
    }
    vir.DomainFree(dom);
    /* what was not told may be the daemon's end */
    return vir.ConnectIsAlive(call->virt->conn) == 1 || fail(call);
}

gboolean lpm_virt_ask(LpmVirt *virt, const char *domain,
                      LpmVirtAnswer *answer, GError **error)
{
    g_autoptr(Call) call = call_new(virt, "virDomainGetJobStats", run_ask,
                                    domain);

    lpm_virt_answer_clear(answer);
    if (!make(call, error)) {
        answer->state = "silent";
        return FALSE;
    }
    *answer = call->answer;
    memset(&call->answer, 0, sizeof(call->answer));
    return TRUE;
}

static gboolean run_version(Call *call)
{
    unsigned long version = 0;

    if (vir.ConnectGetLibVersion(call->virt->conn, &version) != 0) {
        return fail(call);
    }
    call->value = version;
    return TRUE;
}

gboolean lpm_virt_version(LpmVirt *virt, gulong *ret_version, GError **error)
{
    g_autoptr(Call) call = call_new(virt, "virConnectGetLibVersion",
                                    run_version, NULL);

    if (!make(call, error)) {
        return FALSE;
    }
    *ret_version = (gulong)call->value;
    return TRUE;
}

static gboolean run_xml(Call *call)
{
    virDomainPtr dom = lookup(call);
    char *xml;

    if (dom == NULL) {
        return FALSE;
    }
    xml = vir.DomainGetXMLDesc(dom, 0);
    if (xml == NULL) {
        fail(call);
    }
    vir.DomainFree(dom);
    call->text = g_strdup(xml);
    free(xml);
    return call->text != NULL;
}

char *lpm_virt_xml(LpmVirt *virt, const char *domain, GError **error)
{
    g_autoptr(Call) call = call_new(virt, "virDomainGetXMLDesc", run_xml,
                                    domain);

    return make(call, error) ? g_steal_pointer(&call->text) : NULL;
}

/* A call with a domain alone. */
static gboolean run_plain(Call *call, int (*function)(virDomainPtr dom))
{
    virDomainPtr dom = lookup(call);
    gboolean good = dom != NULL && (function(dom) == 0 || fail(call));

    if (dom != NULL) {
        vir.DomainFree(dom);
    }
    return good;
}

#define PLAIN(name, function)                                               \
    static gboolean run_##name(Call *call)                                  \
    {                                                                       \
        return run_plain(call, vir.function);                               \
    }                                                                       \
                                                                            \
    gboolean lpm_virt_##name(LpmVirt *virt, const char *domain,             \
                             GError **error)                                \
    {                                                                       \
        g_autoptr(Call) call = call_new(virt, "vir" #function, run_##name,  \
                                        domain);                            \
                                                                            \
        return make(call, error);                                           \
    }

PLAIN(abort, DomainAbortJob)
PLAIN(start, DomainCreate)
PLAIN(destroy, DomainDestroy)
PLAIN(resume, DomainResume)

/* In a library of its own. */
typedef struct QemuCalls {
    int (*MonitorCommand)(virDomainPtr dom, const char *cmd, char **result,
                          unsigned int flags);
} QemuCalls;

static QemuCalls qemu;

static gboolean run_qmp(Call *call)
{
    virDomainPtr dom = lookup(call);
    char *result = NULL;
    gboolean good = dom != NULL &&
        (qemu.MonitorCommand(dom, call->text, &result, 0) == 0 || fail(call));

    if (dom != NULL) {
        vir.DomainFree(dom);
    }
    g_free(call->text);
    call->text = g_strdup(result);
    free(result);
    return good;
}

char *lpm_virt_qmp(LpmVirt *virt, const char *domain, const char *command,
                   GError **error)
{
    static const LpmLibraryCall calls[] = {
        { "virDomainQemuMonitorCommand",
          G_STRUCT_OFFSET(QemuCalls, MonitorCommand) },
        { NULL },
    };
    g_autoptr(Call) call = NULL;

    if (qemu.MonitorCommand == NULL &&
        !lpm_library_load("libvirt-qemu.so.0", "libvirt0", calls, &qemu,
                          error)) {
        return NULL;
    }
    call = call_new(virt, "virDomainQemuMonitorCommand", run_qmp, domain);
    call->text = g_strdup_printf("{\"execute\": \"%s\"}", command);
    return make(call, error) ? g_steal_pointer(&call->text) : NULL;
}

static gboolean run_get_downtime(Call *call)
{
    virDomainPtr dom = lookup(call);
    unsigned long long value = 0;
    gboolean good = dom != NULL &&
        (vir.DomainMigrateGetMaxDowntime(dom, &value, 0) == 0 || fail(call));

    if (dom != NULL) {
        vir.DomainFree(dom);
    }
    call->value = value;
    return good;
}

gboolean lpm_virt_get_downtime(LpmVirt *virt, const char *domain,
                               guint64 *ret_ms, GError **error)
{
    g_autoptr(Call) call = call_new(virt, "virDomainMigrateGetMaxDowntime",
                                    run_get_downtime, domain);

    if (!make(call, error)) {
        return FALSE;
    }
    *ret_ms = call->value;
    return TRUE;
}

static gboolean run_set_downtime(Call *call)
{
    virDomainPtr dom = lookup(call);
    gboolean good = dom != NULL &&
        (vir.DomainMigrateSetMaxDowntime(dom, call->number, 0) == 0 ||
         fail(call));

    if (dom != NULL) {
        vir.DomainFree(dom);
    }
    return good;
}

gboolean lpm_virt_set_downtime(LpmVirt *virt, const char *domain, guint64 ms,
                               GError **error)
{
    g_autoptr(Call) call = call_new(virt, "virDomainMigrateSetMaxDowntime",
                                    run_set_downtime, domain);

    call->number = ms;
    return make(call, error);
}

static guint flags_of(const LpmVirtPlan *plan)
{
    return (plan->offline ? VIR_MIGRATE_OFFLINE : VIR_MIGRATE_LIVE) |
           (plan->peer_uri != NULL ? VIR_MIGRATE_PEER2PEER : 0) |
           (plan->persistent ? VIR_MIGRATE_PERSIST_DEST : 0) |
           (plan->undefine_source ? VIR_MIGRATE_UNDEFINE_SOURCE : 0) |
           (plan->channels > 0 ? VIR_MIGRATE_PARALLEL : 0) |
           (plan->auto_converge ? VIR_MIGRATE_AUTO_CONVERGE : 0);
}

static gboolean add_params(const LpmVirtPlan *plan,
                           virTypedParameterPtr *params, int *n, int *max)
{
    return (plan->uri == NULL ||
            vir.TypedParamsAddString(params, n, max, VIR_MIGRATE_PARAM_URI,
                                     plan->uri) == 0) &&
           (plan->channels == 0 ||
            vir.TypedParamsAddInt(params, n, max,
                                  VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
                                  (int)plan->channels) == 0) &&
           (plan->compression == NULL ||
            vir.TypedParamsAddString(params, n, max,
                                     VIR_MIGRATE_PARAM_COMPRESSION,
                                     plan->compression) == 0) &&
           (plan->bandwidth_mib == 0 ||
            vir.TypedParamsAddULLong(params, n, max,
                                     VIR_MIGRATE_PARAM_BANDWIDTH,
                                     plan->bandwidth_mib) == 0);
}

static gboolean run_migrate(Call *call)
{
    const LpmVirtPlan *plan = &call->plan;
    virTypedParameterPtr params = NULL;
    int n = 0;
    int max = 0;
    virDomainPtr dom = lookup(call);
    gboolean good;

    if (dom == NULL) {
        return FALSE;
    }
    if (!add_params(plan, &params, &n, &max)) {
        good = fail(call);
    } else if (plan->peer_uri != NULL) {
        good = vir.DomainMigrateToURI3(dom, plan->peer_uri, params,
                                       (guint)n, flags_of(plan)) == 0 ||
               fail(call);
    } else {
        virDomainPtr there = vir.DomainMigrate3(
            dom, call->peer->conn, params, (guint)n, flags_of(plan));

        good = there != NULL || fail(call);
        if (there != NULL) {
            vir.DomainFree(there);
        }
    }
    vir.TypedParamsFree(params, n);
    vir.DomainFree(dom);
    return good;
}

struct LpmVirtMigration {
    Call *call;
};

LpmVirtMigration *lpm_virt_migrate(LpmVirt *source, LpmVirt *destination,
                                   const LpmVirtPlan *plan)
{
    LpmVirtMigration *migration = g_new0(LpmVirtMigration, 1);
    Call *call = call_new(source, "virDomainMigrate3", run_migrate,
                          plan->partition);

    call->plan = *plan;
    call->plan.partition = g_strdup(plan->partition);
    call->plan.peer_uri = g_strdup(plan->peer_uri);
    call->plan.uri = g_strdup(plan->uri);
    call->plan.compression = g_strdup(plan->compression);
    call->peer = destination != NULL ? virt_ref(destination) : NULL;
    migration->call = call;
    push(call);
    return migration;
}

/* Of a daemon, wherever it is: the peer's has no code of its own. */
static gboolean tells_of_loss(const char *text)
{
    return strstr(text, "socket is closed") != NULL ||
           strstr(text, "end of file") != NULL ||
           strstr(text, "keepalive") != NULL ||
           strstr(text, "Connection reset") != NULL;
}

gboolean lpm_virt_migration_over(LpmVirtMigration *migration,
                                 LpmVirtFault *ret_fault)
{
    Call *call = migration->call;
    gboolean done;

    g_mutex_lock(&call->virt->mutex);
    done = call->done;
    g_mutex_unlock(&call->virt->mutex);
    if (done) {
        memset(ret_fault, 0, sizeof(*ret_fault));
        if (!call->good) {
            ret_fault->text = g_strdup(call->why);
            /* libvirt 11 makes another code of it when both sides speak */
            ret_fault->aborted = call->code == VIR_ERR_OPERATION_ABORTED ||
                strstr(call->why, "' canceled by client") != NULL;
            ret_fault->lost = call->lost || call->code == VIR_ERR_RPC ||
                              tells_of_loss(call->why);
        }
    }
    return done;
}

void lpm_virt_migration_free(LpmVirtMigration *migration)
{
    if (migration != NULL) {
        /* as long as it runs, its connection takes no other call */
        if (!migration->call->done) {
            migration->call->virt->usable = FALSE;
        }
        call_unref(migration->call);
        g_free(migration);
    }
}

#else /* !LPM_HAVE_LIBVIRT */

LpmVirt *lpm_virt_open(const char *uri, const char *side, guint deadline_ms,
                       GError **error)
{
    (void)deadline_ms;
    g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                "%s: libvirt %s: this lpm was built without libvirt: install "
                "libvirt-dev and libxml2-dev and build it again (meson "
                "setup -Dlibvirt=enabled)", side, uri);
    return NULL;
}

/* Without an LpmVirt none of the others is ever called. */
void lpm_virt_close(LpmVirt *virt)
{
    g_assert(virt == NULL);
}

gboolean lpm_virt_usable(const LpmVirt *virt)
{
    (void)virt;
    g_assert_not_reached();
}

gboolean lpm_virt_ask(LpmVirt *virt, const char *domain,
                      LpmVirtAnswer *answer, GError **error)
{
    (void)virt;
    (void)domain;
    (void)answer;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_version(LpmVirt *virt, gulong *ret_version, GError **error)
{
    (void)virt;
    (void)ret_version;
    (void)error;
    g_assert_not_reached();
}

char *lpm_virt_xml(LpmVirt *virt, const char *domain, GError **error)
{
    (void)virt;
    (void)domain;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_abort(LpmVirt *virt, const char *domain, GError **error)
{
    (void)virt;
    (void)domain;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_start(LpmVirt *virt, const char *domain, GError **error)
{
    (void)virt;
    (void)domain;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_destroy(LpmVirt *virt, const char *domain, GError **error)
{
    (void)virt;
    (void)domain;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_resume(LpmVirt *virt, const char *domain, GError **error)
{
    (void)virt;
    (void)domain;
    (void)error;
    g_assert_not_reached();
}

char *lpm_virt_qmp(LpmVirt *virt, const char *domain, const char *command,
                   GError **error)
{
    (void)virt;
    (void)domain;
    (void)command;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_get_downtime(LpmVirt *virt, const char *domain,
                               guint64 *ret_ms, GError **error)
{
    (void)virt;
    (void)domain;
    (void)ret_ms;
    (void)error;
    g_assert_not_reached();
}

gboolean lpm_virt_set_downtime(LpmVirt *virt, const char *domain, guint64 ms,
                               GError **error)
{
    (void)virt;
    (void)domain;
    (void)ms;
    (void)error;
    g_assert_not_reached();
}

LpmVirtMigration *lpm_virt_migrate(LpmVirt *source, LpmVirt *destination,
                                   const LpmVirtPlan *plan)
{
    (void)source;
    (void)destination;
    (void)plan;
    g_assert_not_reached();
}

gboolean lpm_virt_migration_over(LpmVirtMigration *migration,
                                 LpmVirtFault *ret_fault)
{
    (void)migration;
    (void)ret_fault;
    g_assert_not_reached();
}

void lpm_virt_migration_free(LpmVirtMigration *migration)
{
    g_assert(migration == NULL);
}

#endif
