/*
 * Gatherer: ask a libvirt daemon, and do not wait for ever
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: libvirt's calls have no deadline, and its keepalive
 * only begins after the handshake, so a daemon that is stopped would hold us
 * for good.  A thread makes the calls and notes each before it begins; the
 * caller waits with a deadline for the call and one for all.  When one
 * passes, the caller leaves with an error that names the call; the thread
 * and what it has (Job is counted) stay behind until the call returns.  The
 * thread only collects; facts are made by the caller.
 */
#include "error/lpm-error.h"
#include "facts/gather-libvirt.h"

#include "config.h"

#ifdef LPM_HAVE_LIBVIRT

#include <string.h>

#include "facts/library.h"
#include "facts/libvirt-calls.h"

G_STATIC_ASSERT((int)LPM_LIBVIRT_NOSTATE == (int)VIR_DOMAIN_NOSTATE);
G_STATIC_ASSERT((int)LPM_LIBVIRT_RUNNING == (int)VIR_DOMAIN_RUNNING);
G_STATIC_ASSERT((int)LPM_LIBVIRT_BLOCKED == (int)VIR_DOMAIN_BLOCKED);
G_STATIC_ASSERT((int)LPM_LIBVIRT_PAUSED == (int)VIR_DOMAIN_PAUSED);
G_STATIC_ASSERT((int)LPM_LIBVIRT_SHUTDOWN == (int)VIR_DOMAIN_SHUTDOWN);
G_STATIC_ASSERT((int)LPM_LIBVIRT_SHUTOFF == (int)VIR_DOMAIN_SHUTOFF);
G_STATIC_ASSERT((int)LPM_LIBVIRT_CRASHED == (int)VIR_DOMAIN_CRASHED);
G_STATIC_ASSERT((int)LPM_LIBVIRT_PMSUSPENDED == (int)VIR_DOMAIN_PMSUSPENDED);

/* Loaded by the caller before there is a thread. */
static LpmLibvirtCalls vir;

static const LpmLibraryCall calls[] = {
#define LPM_LIBVIRT_CALL(name) \
    { "vir" #name, G_STRUCT_OFFSET(LpmLibvirtCalls, name) },
    LPM_LIBVIRT_CALLS(LPM_LIBVIRT_CALL)
#undef LPM_LIBVIRT_CALL
    { NULL },
};

typedef struct Job {
    GMutex mutex;
    GCond cond;
    guint refs;             /* the caller and the thread */
    const char *call;       /* static; runs since call_since */
    gint64 call_since;
    gboolean done;
    gboolean abandoned;
    /* The thread's alone until done. */
    virConnectPtr conn;
    LpmLibvirtRaw *raw;
    GError *error;
    gsize bytes;
} Job;

static void job_unref(Job *job)
{
    gboolean last;

    g_mutex_lock(&job->mutex);
    last = --job->refs == 0;
    g_mutex_unlock(&job->mutex);
    if (last) {
        lpm_libvirt_raw_free(job->raw);
        g_clear_error(&job->error);
        g_mutex_clear(&job->mutex);
        g_cond_clear(&job->cond);
        g_free(job);
    }
}

/* Note what is called now; false when nobody waits any more. */
static gboolean begin(Job *job, const char *call)
{
    gboolean go;

    g_mutex_lock(&job->mutex);
    job->call = call;
    job->call_since = g_get_monotonic_time();
    go = !job->abandoned;
    g_cond_signal(&job->cond);
    g_mutex_unlock(&job->mutex);
    if (!go && job->error == NULL) {
        g_set_error(&job->error, LPM_ERROR, LPM_ERROR_IO, "left behind");
    }
    return go;
}

/* libvirt would print to stderr what we report ourselves. */
static void be_silent(void *opaque, virErrorPtr error)
{
    (void)opaque;
    (void)error;
}

static char *last_message(const char *call)
{
    const char *message = vir.GetLastErrorMessage();
    g_autofree char *text =
        g_utf8_make_valid(message != NULL ? message : "no reason", -1);

    return g_strconcat(call, ": ", text, NULL);
}

static gboolean fail(Job *job, const char *call, const char *what)
{
    g_autofree char *why = last_message(call);

    if (job->error == NULL) {
        g_set_error(&job->error, LPM_ERROR, LPM_ERROR_IO,
                    "libvirt %s: %s: %s", job->raw->uri, what, why);
    }
    return FALSE;
}

/*
 * A call failed.  When the daemon is gone all that comes after fails as
 * well, and "absent" would hide it: that is an error.  Else *@ret_why is why
 * the facts of this call are absent.
 */
static gboolean soft(Job *job, const char *call, char **ret_why)
{
    if (vir.ConnectIsAlive(job->conn) != 1) {
        return fail(job, call, "the daemon ended the connection");
    }
    if (ret_why != NULL && *ret_why == NULL) {
        *ret_why = last_message(call);
    }
    return TRUE;
}

static gboolean over(Job *job, const char *what)
{
    if (job->error == NULL) {
        g_set_error(&job->error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "libvirt %s: more than %s", job->raw->uri, what);
    }
    return FALSE;
}

/* A document of libvirt's, taken over; @xml is freed. */
static gboolean take_xml(Job *job, char *xml, char **ret_xml)
{
    gsize len = strlen(xml);

    job->bytes += len;
    if (len > LPM_LIBVIRT_XML_MAX || job->bytes > LPM_LIBVIRT_ALL_MAX) {
        free(xml);
        return over(job, "4 MiB in one XML document, or 64 MiB in all");
    }
    *ret_xml = g_strdup(xml);
    free(xml);
    return TRUE;
}

static gboolean count(Job *job, int n)
{
    return (guint)n <= LPM_LIBVIRT_OBJECTS_MAX ||
           over(job, "16384 objects of a kind");
}

static char *name_of(const char *name)
{
    return g_utf8_make_valid(name != NULL ? name : "", -1);
}

static gboolean ask_pages(Job *job)
{
    LpmLibvirtRaw *raw = job->raw;
    g_autoptr(GArray) sizes =
        lpm_libvirt_page_sizes(raw->capabilities, &job->error);
    g_autofree unsigned long long *counts = NULL;
    virNodeInfo info;
    guint cells;
    int got;

    if (sizes == NULL) {
        return FALSE;
    }
    if (!begin(job, "virNodeGetInfo")) {
        return FALSE;
    }
    if (vir.NodeGetInfo(job->conn, &info) != 0) {
        raw->why_pages = g_strdup("libvirt does not tell its NUMA nodes");
        return soft(job, "virNodeGetInfo", NULL);
    }
    raw->memory_mib = info.memory >> 10;
    raw->cpus = info.cpus;
    cells = MIN(info.nodes, 1024);
    if (sizes->len == 0 || cells == 0) {
        raw->why_pages = g_strdup("libvirt lists no sizes of huge pages");
        return TRUE;
    }
    if (!begin(job, "virNodeGetFreePages")) {
        return FALSE;
    }
    counts = g_new0(unsigned long long, (gsize)sizes->len * cells);
    got = vir.NodeGetFreePages(job->conn, sizes->len, (guint *)sizes->data, 0,
                              cells, counts, 0);
    if (got < 0 || (guint)got != sizes->len * cells) {
        if (got >= 0) {
            raw->why_pages = g_strdup("virNodeGetFreePages did not tell of "
                                      "every NUMA node");
            return TRUE;
        }
        return soft(job, "virNodeGetFreePages", &raw->why_pages);
    }
    for (guint i = 0; i < sizes->len; i++) {
        LpmLibvirtPages pages = { g_array_index(sizes, guint, i), 0 };

        for (guint cell = 0; cell < cells; cell++) {
            pages.free += counts[cell * sizes->len + i];
        }
        g_array_append_val(raw->pages, pages);
    }
    return TRUE;
}

static gboolean ask_host(Job *job)
{
    char *text;

    if (!begin(job, "virConnectGetHostname")) {
        return FALSE;
    }
    text = vir.ConnectGetHostname(job->conn);
    if (text != NULL) {
        job->raw->hostname = name_of(text);
        free(text);
    } else if (!soft(job, "virConnectGetHostname", NULL)) {
        return FALSE;
    }
    if (!begin(job, "virConnectGetCapabilities")) {
        return FALSE;
    }
    text = vir.ConnectGetCapabilities(job->conn);
    if (text == NULL) {
        return fail(job, "virConnectGetCapabilities",
                    "no capabilities, without which nothing is known");
    }
    if (!take_xml(job, text, &job->raw->capabilities) || !ask_pages(job) ||
        !begin(job, "virNodeGetFreeMemory")) {
        return FALSE;
    }
    job->raw->free_bytes = vir.NodeGetFreeMemory(job->conn);
    job->raw->free_told = job->raw->free_bytes > 0;
    return job->raw->free_told || soft(job, "virNodeGetFreeMemory", NULL);
}

/*
 * The one question that a read-only connection is not allowed (an emulator
 * is run for the answer): a second connection, if we may.
 */
static gboolean ask_domcapabilities(Job *job)
{
    LpmLibvirtRaw *raw = job->raw;
    g_autofree char *why = NULL;
    virConnectPtr conn;
    char *text;

    if (!begin(job, "virConnectOpen")) {
        return FALSE;
    }
    conn = vir.ConnectOpen(raw->uri);
    if (conn == NULL) {
        why = last_message("virConnectOpen");
        raw->why_domcapabilities = g_strconcat(
            "libvirt tells domain capabilities only to who may write: ",
            why, NULL);
        return vir.ConnectIsAlive(job->conn) == 1 ||
               fail(job, "virConnectOpen",
                    "the daemon ended the connection");
    }
    if (!begin(job, "virConnectGetDomainCapabilities")) {
        vir.ConnectClose(conn);
        return FALSE;
    }
    text = vir.ConnectGetDomainCapabilities(conn, NULL, "ppc64", "pseries",
                                           NULL, 0);
    if (text == NULL) {
        raw->why_domcapabilities =
            last_message("virConnectGetDomainCapabilities");
        vir.ConnectClose(conn);
        return vir.ConnectIsAlive(job->conn) == 1 ||
               fail(job, "virConnectGetDomainCapabilities",
                    "the daemon ended the connection");
    }
    vir.ConnectClose(conn);
    return take_xml(job, text, &raw->domcapabilities);
}

static gboolean ask_job(Job *job, virDomainPtr dom, int state, int reason,
                        LpmLibvirtDomain *domain)
{
    virTypedParameterPtr params = NULL;
    int type = VIR_DOMAIN_JOB_NONE;
    int n = 0;
    int operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

    if (state == VIR_DOMAIN_SHUTOFF) {
        domain->leaves = domain->arrives = LPM_LIBVIRT_NO;
        return TRUE;
    }
    if (!begin(job, "virDomainGetJobStats")) {
        return FALSE;
    }
    if (vir.DomainGetJobStats(dom, &type, &params, &n, 0) != 0) {
        if (state == VIR_DOMAIN_PAUSED &&
            reason == VIR_DOMAIN_PAUSED_MIGRATION) {
            /* the side that it comes to has no statistics */
            domain->leaves = LPM_LIBVIRT_NO;
            domain->arrives = LPM_LIBVIRT_YES;
        }
        return soft(job, "virDomainGetJobStats", NULL);
    }
    if (type == VIR_DOMAIN_JOB_NONE) {
        domain->leaves = domain->arrives = LPM_LIBVIRT_NO;
    } else if (vir.TypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION,
                                    &operation) == 1) {
        domain->leaves =
            operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT ?
            LPM_LIBVIRT_YES : LPM_LIBVIRT_NO;
        domain->arrives =
            operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN ?
            LPM_LIBVIRT_YES : LPM_LIBVIRT_NO;
    }
    vir.TypedParamsFree(params, n);
    return TRUE;
}

static LpmLibvirtTold told(int answer)
{
    return answer == 1 ? LPM_LIBVIRT_YES :
           answer == 0 ? LPM_LIBVIRT_NO : LPM_LIBVIRT_NOT_TOLD;
}

static gboolean ask_domain(Job *job, virDomainPtr dom)
{
    g_autofree char *name = name_of(vir.DomainGetName(dom));
    LpmLibvirtDomain *domain;
    int state = VIR_DOMAIN_NOSTATE;
    int reason = 0;
    char *xml;

    if (!begin(job, "virDomainGetXMLDesc")) {
        return FALSE;
    }
    xml = vir.DomainGetXMLDesc(dom, 0);
    if (xml == NULL) {
        if (vir.GetLastErrorCode() == VIR_ERR_NO_DOMAIN &&
            vir.ConnectIsAlive(job->conn) == 1) {
            return TRUE;    /* it ended since the list was made */
        }
        return fail(job, "virDomainGetXMLDesc", name);
    }
    domain = lpm_libvirt_raw_domain(job->raw, name);
    if (!take_xml(job, xml, &domain->xml) ||
        !begin(job, "virDomainGetState")) {
        return FALSE;
    }
    if (vir.DomainGetState(dom, &state, &reason, 0) != 0 &&
        !soft(job, "virDomainGetState", NULL)) {
        return FALSE;
    }
    domain->state = (LpmLibvirtState)state;
    if (!begin(job, "virDomainIsPersistent")) {
        return FALSE;
    }
    domain->persistent = told(vir.DomainIsPersistent(dom));
    if (!begin(job, "virDomainHasManagedSaveImage")) {
        return FALSE;
    }
    domain->saved = told(vir.DomainHasManagedSaveImage(dom, 0));
    return ask_job(job, dom, state, reason, domain);
}

static gboolean ask_domains(Job *job)
{
    virDomainPtr *all = NULL;
    gboolean good;
    int n;

    if (!begin(job, "virConnectListAllDomains")) {
        return FALSE;
    }
    n = vir.ConnectListAllDomains(job->conn, &all, 0);
    if (n < 0) {
        return fail(job, "virConnectListAllDomains", "no list of domains");
    }
    good = count(job, n);
    for (int i = 0; i < n; i++) {
        good = good && ask_domain(job, all[i]);
        vir.DomainFree(all[i]);
    }
    free(all);
    return good;
}

static gboolean ask_network(Job *job, virNetworkPtr net)
{
    g_autofree char *name = name_of(vir.NetworkGetName(net));
    LpmLibvirtNetwork *network;
    char *xml;

    if (!begin(job, "virNetworkGetXMLDesc")) {
        return FALSE;
    }
    xml = vir.NetworkGetXMLDesc(net, 0);
    if (xml == NULL) {
        return soft(job, "virNetworkGetXMLDesc", &job->raw->why_networks);
    }
    network = lpm_libvirt_raw_network(job->raw, name);
    if (!take_xml(job, xml, &network->xml) ||
        !begin(job, "virNetworkIsActive")) {
        return FALSE;
    }
    network->active = told(vir.NetworkIsActive(net));
    return TRUE;
}

static gboolean ask_networks(Job *job)
{
    virNetworkPtr *all = NULL;
    gboolean good;
    int n;

    if (!begin(job, "virConnectListAllNetworks")) {
        return FALSE;
    }
    n = vir.ConnectListAllNetworks(job->conn, &all, 0);
    if (n < 0) {
        return soft(job, "virConnectListAllNetworks",
                    &job->raw->why_networks);
    }
    good = count(job, n);
    for (int i = 0; i < n; i++) {
        good = good && ask_network(job, all[i]);
        vir.NetworkFree(all[i]);
    }
    free(all);
    return good;
}

static gboolean ask_interface(Job *job, virInterfacePtr dev)
{
    g_autofree char *name = name_of(vir.InterfaceGetName(dev));
    LpmLibvirtDoc *doc;
    char *xml;

    if (!begin(job, "virInterfaceGetXMLDesc")) {
        return FALSE;
    }
    xml = vir.InterfaceGetXMLDesc(dev, 0);
    if (xml == NULL) {
        return soft(job, "virInterfaceGetXMLDesc",
                    &job->raw->why_interfaces);
    }
    doc = lpm_libvirt_raw_interface(job->raw, name);
    return take_xml(job, xml, &doc->xml);
}

static gboolean ask_interfaces(Job *job)
{
    virInterfacePtr *all = NULL;
    gboolean good;
    int n;

    if (!begin(job, "virConnectListAllInterfaces")) {
        return FALSE;
    }
    n = vir.ConnectListAllInterfaces(job->conn, &all, 0);
    if (n < 0) {
        return soft(job, "virConnectListAllInterfaces",
                    &job->raw->why_interfaces);
    }
    good = count(job, n);
    for (int i = 0; i < n; i++) {
        good = good && ask_interface(job, all[i]);
        vir.InterfaceFree(all[i]);
    }
    free(all);
    return good;
}

static gboolean ask_volume(Job *job, virStorageVolPtr vol, const char *pool,
                           const char *pool_xml)
{
    LpmLibvirtDoc *volume;
    char *xml;

    if (!begin(job, "virStorageVolGetXMLDesc")) {
        return FALSE;
    }
    xml = vir.StorageVolGetXMLDesc(vol, 0);
    if (xml == NULL) {
        return soft(job, "virStorageVolGetXMLDesc", &job->raw->why_volumes);
    }
    volume = lpm_libvirt_raw_volume(job->raw, pool);
    volume->pool_xml = g_strdup(pool_xml);
    job->bytes += strlen(pool_xml);
    return take_xml(job, xml, &volume->xml) &&
           (job->raw->volumes->len <= LPM_LIBVIRT_OBJECTS_MAX ||
            over(job, "16384 volumes"));
}

static gboolean ask_pool(Job *job, virStoragePoolPtr pool)
{
    g_autofree char *name = name_of(vir.StoragePoolGetName(pool));
    g_autofree char *pool_xml = NULL;
    virStorageVolPtr *all = NULL;
    gboolean good;
    char *xml;
    int n;

    if (!begin(job, "virStoragePoolGetXMLDesc")) {
        return FALSE;
    }
    xml = vir.StoragePoolGetXMLDesc(pool, 0);
    if (xml == NULL) {
        return soft(job, "virStoragePoolGetXMLDesc",
                    &job->raw->why_volumes);
    }
    if (!take_xml(job, xml, &pool_xml) ||
        !begin(job, "virStoragePoolListAllVolumes")) {
        return FALSE;
    }
    n = vir.StoragePoolListAllVolumes(pool, &all, 0);
    if (n < 0) {
        return soft(job, "virStoragePoolListAllVolumes",
                    &job->raw->why_volumes);
    }
    good = count(job, n);
    for (int i = 0; i < n; i++) {
        good = good && ask_volume(job, all[i], name, pool_xml);
        vir.StorageVolFree(all[i]);
    }
    free(all);
    return good;
}

static gboolean ask_pools(Job *job)
{
    virStoragePoolPtr *all = NULL;
    gboolean good;
    int n;

    if (!begin(job, "virConnectListAllStoragePools")) {
        return FALSE;
    }
    n = vir.ConnectListAllStoragePools(
        job->conn, &all, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
    if (n < 0) {
        return soft(job, "virConnectListAllStoragePools",
                    &job->raw->why_volumes);
    }
    good = count(job, n);
    for (int i = 0; i < n; i++) {
        good = good && ask_pool(job, all[i]);
        vir.StoragePoolFree(all[i]);
    }
    free(all);
    return good;
}

static gboolean ask_nodedev(Job *job, virNodeDevicePtr dev)
{
    g_autofree char *name = name_of(vir.NodeDeviceGetName(dev));
    LpmLibvirtDoc *doc;
    char *xml;

    if (!begin(job, "virNodeDeviceGetXMLDesc")) {
        return FALSE;
    }
    xml = vir.NodeDeviceGetXMLDesc(dev, 0);
    if (xml == NULL) {
        return soft(job, "virNodeDeviceGetXMLDesc",
                    &job->raw->why_nodedevs);
    }
    doc = lpm_libvirt_raw_nodedev(job->raw, name);
    return take_xml(job, xml, &doc->xml);
}

static gboolean ask_nodedevs(Job *job)
{
    virNodeDevicePtr *all = NULL;
    gboolean good;
    int n;

    if (!begin(job, "virConnectListAllNodeDevices")) {
        return FALSE;
    }
    n = vir.ConnectListAllNodeDevices(
        job->conn, &all, VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE |
        VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST);
    if (n < 0) {
        return soft(job, "virConnectListAllNodeDevices",
                    &job->raw->why_nodedevs);
    }
    good = count(job, n);
    for (int i = 0; i < n; i++) {
        good = good && ask_nodedev(job, all[i]);
        vir.NodeDeviceFree(all[i]);
    }
    free(all);
    return good;
}

static void ask_all(Job *job)
{
    /* Before any other: the place of the last error is made here. */
    if (!begin(job, "virInitialize")) {
        return;
    }
    if (vir.Initialize() != 0) {
        fail(job, "virInitialize", "libvirt does not start");
        return;
    }
    vir.SetErrorFunc(NULL, be_silent);
    if (!begin(job, "virConnectOpenReadOnly")) {
        return;
    }
    job->conn = vir.ConnectOpenReadOnly(job->raw->uri);
    if (job->conn == NULL) {
        fail(job, "virConnectOpenReadOnly", "no connection");
        return;
    }
    if (ask_host(job) && ask_domcapabilities(job) && ask_networks(job) &&
        ask_interfaces(job) && ask_pools(job) && ask_nodedevs(job)) {
        ask_domains(job);
    }
    begin(job, "virConnectClose");
    vir.ConnectClose(job->conn);
}

static gpointer worker(gpointer opaque)
{
    Job *job = opaque;

    ask_all(job);
    g_mutex_lock(&job->mutex);
    job->done = TRUE;
    g_cond_signal(&job->cond);
    g_mutex_unlock(&job->mutex);
    job_unref(job);
    return NULL;
}

/* Until the thread is done or a deadline passed: then an error. */
static gboolean await(Job *job, guint call_ms, guint total_ms,
                      GError **error)
{
    gint64 start = g_get_monotonic_time();
    gint64 end = start + (gint64)total_ms * 1000;
    gboolean done;

    g_mutex_lock(&job->mutex);
    while (!job->done) {
        gint64 until = job->call_since + (gint64)call_ms * 1000;

        if (g_get_monotonic_time() >= MIN(until, end)) {
            job->abandoned = TRUE;
            g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                        "libvirt %s: no answer to %s within %.1f s%s",
                        job->raw->uri, job->call,
                        (until < end ? call_ms : total_ms) / 1000.0,
                        until < end ? "" : ", the time for all calls");
            break;
        }
        g_cond_wait_until(&job->cond, &job->mutex, MIN(until, end));
    }
    done = job->done;
    g_mutex_unlock(&job->mutex);
    return done;
}

static gboolean has_domain(const LpmLibvirtRaw *raw, const char *domain,
                           GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < raw->domains->len; i++) {
        const LpmLibvirtDomain *other = g_ptr_array_index(raw->domains, i);

        if (strcmp(other->name, domain) == 0) {
            return TRUE;
        }
        if (i < 8) {
            g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                                   other->name);
        }
    }
    g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                "libvirt %s: no domain '%s'; it has %s%s", raw->uri, domain,
                raw->domains->len > 0 ? names->str : "none",
                raw->domains->len > 8 ? ", ..." : "");
    return FALSE;
}

gboolean lpm_gather_libvirt_within(LpmFacts *facts, LpmSide side,
                                   const char *uri, const char *domain,
                                   guint call_ms, guint total_ms,
                                   GError **error)
{
    g_autoptr(LpmNode) system = NULL;
    Job *job;
    GThread *thread;

    /* The name has been the same since version 0.1 */
    if (!lpm_library_load("libvirt.so.0", "libvirt0 (7.0 or newer)", calls,
                          &vir, error)) {
        g_prefix_error(error, "libvirt %s: ", uri);
        return FALSE;
    }
    job = g_new0(Job, 1);
    g_mutex_init(&job->mutex);
    g_cond_init(&job->cond);
    job->refs = 2;
    job->call = "virInitialize";
    job->call_since = g_get_monotonic_time();
    job->raw = lpm_libvirt_raw_new(uri);
    thread = g_thread_try_new("lpm-libvirt", worker, job, error);
    if (thread == NULL) {
        job->refs = 1;
        job_unref(job);
        return FALSE;
    }
    if (!await(job, call_ms, total_ms, error)) {
        g_thread_unref(thread);
        job_unref(job);
        return FALSE;
    }
    g_thread_join(thread);
    if (job->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&job->error));
    } else if (domain == NULL || has_domain(job->raw, domain, error)) {
        system = lpm_libvirt_read(job->raw, error);
    }
    job_unref(job);
    if (system == NULL) {
        return FALSE;
    }
    lpm_node_merge(lpm_facts_system(facts, side), system);
    return TRUE;
}

#else /* !LPM_HAVE_LIBVIRT */

gboolean lpm_gather_libvirt_within(LpmFacts *facts, LpmSide side,
                                   const char *uri, const char *domain,
                                   guint call_ms, guint total_ms,
                                   GError **error)
{
    (void)facts;
    (void)side;
    (void)domain;
    (void)call_ms;
    (void)total_ms;
    g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                "libvirt %s: this lpm was built without libvirt: install "
                "libvirt-dev and libxml2-dev and build it again (meson "
                "setup -Dlibvirt=enabled)", uri);
    return FALSE;
}

#endif

gboolean lpm_gather_libvirt(LpmFacts *facts, LpmSide side, const char *uri,
                            const char *domain, GError **error)
{
    return lpm_gather_libvirt_within(facts, side, uri, domain,
                                     LPM_LIBVIRT_CALL_MS,
                                     LPM_LIBVIRT_TOTAL_MS, error);
}
