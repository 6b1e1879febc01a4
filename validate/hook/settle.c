/*
 * What has to be done when a guest has come, by a process that waits for it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: the hook that begins this must return before libvirtd
 * goes on, and libvirtd waits for the end of its output as well; so the
 * process gives up all descriptors and its session.  It asks libvirtd with
 * the calls of a client.  One that never answers ends it by SIGALRM: it has
 * nothing to undo.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "config.h"
#include "domain/domain.h"
#include "error/lpm-error.h"
#include "facts/library.h"
#include "hook/settle.h"
#include "hook/slots.h"

#ifdef LPM_HAVE_LIBVIRT

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#define CALL_S       60         /* one call of libvirt's */
#define LOOK_US      200000     /* between two looks */
#define DAEMON_S     60         /* a daemon that is gone may come back */

#define CALLS(X) \
    X(ConnectOpen) X(ConnectClose) X(ConnectIsAlive) X(SetErrorFunc) \
    X(GetLastErrorCode) X(GetLastErrorMessage) \
    X(DomainLookupByUUIDString) X(DomainFree) X(DomainGetState) \
    X(DomainIsPersistent) X(DomainGetXMLDesc) X(DomainDefineXML)

static struct {
#define CALL(name) __typeof__(vir##name) *name;
    CALLS(CALL)
#undef CALL
} vir;

static gboolean load(GError **error)
{
#define CALL(name) { "vir" #name, (gsize)((char *)&vir.name - (char *)&vir) },
    const LpmLibraryCall calls[] = { CALLS(CALL) { NULL } };
#undef CALL

    return lpm_library_load("libvirt.so.0", "libvirt0", calls, &vir, error);
}

static void be_silent(void *opaque, virErrorPtr error)
{
    (void)opaque;
    (void)error;
}

typedef enum Look {
    LOOK_ARRIVES,
    LOOK_HERE,
    LOOK_GONE,
    LOOK_NO_DAEMON,
} Look;

static Look look(virConnectPtr conn, const char *uuid, virDomainPtr *ret_dom)
{
    virDomainPtr dom;
    int state = 0;
    int reason = 0;

    alarm(CALL_S);
    dom = vir.DomainLookupByUUIDString(conn, uuid);
    if (dom == NULL) {
        return vir.ConnectIsAlive(conn) == 1 ? LOOK_GONE : LOOK_NO_DAEMON;
    }
    if (vir.DomainGetState(dom, &state, &reason, 0) != 0) {
        vir.DomainFree(dom);
        return vir.ConnectIsAlive(conn) == 1 ? LOOK_GONE : LOOK_NO_DAEMON;
    }
    if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED) {
        vir.DomainFree(dom);
        return LOOK_GONE;
    }
    if (state == VIR_DOMAIN_PAUSED &&
        (reason == VIR_DOMAIN_PAUSED_MIGRATION ||
         reason == VIR_DOMAIN_PAUSED_STARTING_UP)) {
        vir.DomainFree(dom);
        return LOOK_ARRIVES;
    }
    *ret_dom = dom;
    return LOOK_HERE;
}

static char *xml_of(virDomainPtr dom, guint flags)
{
    char *text;
    char *copy;

    alarm(CALL_S);
    text = vir.DomainGetXMLDesc(dom, flags);
    copy = g_strdup(text);
    free(text);
    return copy;
}

/* The persistent definition, as it came from the source, for this host. */
static gboolean define_again(virConnectPtr conn, virDomainPtr dom,
                             GError **error)
{
    g_autofree char *now = xml_of(dom, 0);
    g_autofree char *kept = xml_of(dom, VIR_DOMAIN_XML_INACTIVE |
                                   VIR_DOMAIN_XML_SECURE);
    g_autoptr(LpmDomain) running = NULL;
    g_autoptr(LpmDomain) persistent = NULL;
    g_autoptr(LpmPolicy) policy = lpm_policy_read(LPM_HOST_CONF, error);
    g_autofree char *before = NULL;
    g_autofree char *text = NULL;
    virDomainPtr defined;

    if (policy == NULL) {
        return FALSE;
    }
    running = lpm_domain_parse("running XML", now != NULL ? now : "", error);
    persistent = running == NULL ? NULL :
        lpm_domain_parse("persistent XML", kept != NULL ? kept : "", error);
    if (persistent == NULL) {
        return FALSE;
    }
    before = lpm_domain_text(persistent);
    lpm_domain_take_use(persistent, running);
    if (!lpm_domain_prepare(persistent, policy, LPM_DOMAIN_STARTS, error)) {
        return FALSE;
    }
    text = lpm_domain_text(persistent);
    if (g_str_equal(before, text)) {
        return TRUE;
    }
    alarm(CALL_S);
    defined = vir.DomainDefineXML(conn, text);
    if (defined == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "%s",
                    vir.GetLastErrorMessage());
        return FALSE;
    }
    vir.DomainFree(defined);
    return TRUE;
}

static void settle_here(virConnectPtr conn, virDomainPtr dom,
                        const LpmDomain *domain)
{
    const char *name = lpm_domain_name(domain);
    g_autoptr(GError) err = NULL;

    alarm(CALL_S);
    if (!lpm_domain_has_metadata(domain)) {
        return;
    }
    if (vir.DomainIsPersistent(dom) != 1) {
        syslog(LOG_INFO, "%s: runs here, and is transient", name);
    } else if (define_again(conn, dom, &err)) {
        syslog(LOG_INFO, "%s: runs here, and is defined for this host", name);
    } else {
        syslog(LOG_ERR, "%s: runs here, but its persistent definition is "
               "another host's: %s; remedy: virsh dumpxml --inactive %s, lpm "
               "define, virsh define", name, err->message, name);
    }
}

static void watch(const LpmDomain *domain)
{
    const char *name = lpm_domain_name(domain);
    g_autoptr(GError) err = NULL;
    virConnectPtr conn = NULL;
    gint64 daemon_gone = g_get_monotonic_time();
    Look seen = LOOK_ARRIVES;

    if (!load(&err)) {
        syslog(LOG_ERR, "%s: %s", name, err->message);
        return;
    }
    vir.SetErrorFunc(NULL, be_silent);
    while (seen == LOOK_ARRIVES || seen == LOOK_NO_DAEMON) {
        virDomainPtr dom = NULL;

        g_usleep(LOOK_US);
        alarm(CALL_S);
        if (seen == LOOK_NO_DAEMON && conn != NULL) {
            vir.ConnectClose(conn);
            conn = NULL;
        }
        conn = conn != NULL ? conn : vir.ConnectOpen("qemu:///system");
        if (conn == NULL) {
            if (g_get_monotonic_time() - daemon_gone >
                DAEMON_S * G_USEC_PER_SEC) {
                syslog(LOG_ERR, "%s: libvirtd is away: its persistent "
                       "definition was not looked at", name);
                return;
            }
            continue;
        }
        seen = look(conn, lpm_domain_uuid(domain), &dom);
        daemon_gone = g_get_monotonic_time();
        if (seen == LOOK_HERE) {
            lpm_slots_end(domain, LPM_KEPT_DONE, NULL);
            settle_here(conn, dom, domain);
            vir.DomainFree(dom);
        } else if (seen == LOOK_GONE) {
            lpm_slots_end(domain, LPM_KEPT_FAILED, "it did not come");
        }
    }
    if (conn != NULL) {
        alarm(CALL_S);
        vir.ConnectClose(conn);
    }
}

static void leave_everything(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    if (chdir("/") != 0) {
        /* then it holds another folder */
    }
    for (int fd = 0; fd < 3; fd++) {
        dup2(null, fd);
    }
    closelog();
    closefrom(3);
    signal(SIGALRM, SIG_DFL);
    openlog("qemu-lpm", LOG_PID, LOG_DAEMON);
}

void lpm_settle_begin(const LpmDomain *domain)
{
    pid_t child = fork();

    if (child == 0) {
        if (fork() == 0) {
            leave_everything();
            watch(domain);
        }
        _exit(0);
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
}

#else

void lpm_settle_begin(const LpmDomain *domain)
{
    (void)domain;
}

#endif
