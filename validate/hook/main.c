/*
 * libvirt's hook for guests that move: judges and prepares what arrives
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: libvirtd calls what is in /etc/libvirt/hooks/qemu.d with
 * the domain, an operation, a sub-operation and a reason, and waits.  So
 * nothing here may ask libvirt (it would wait for itself) or take long.
 *   migrate begin   a domain is about to arrive, its XML on stdin: refuse it
 *                   (exit 3, reasons on stderr, which virsh shows), or write
 *                   the XML with what QEMU needs on this host
 *   restore begin   the same for a saved domain; its adapters take the other
 *                   WWPN, too
 *   started begin   its QEMU is there: a process of its own waits for what
 *                   comes of the move and settles it (settle.h)
 *   release end     its QEMU is gone: if it was to arrive, it did not
 * Each is a word to the records of this host's moves, too (slots.h).  All
 * else, and all domains that have nothing of ours, pass.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "config.h"
#include "facts/read-file.h"
#include "facts/xml.h"
#include "hook/judge.h"
#include "hook/settle.h"
#include "hook/slots.h"

#define EXIT_PASS    0
#define EXIT_REFUSED 3

static void say(int priority, const char *domain, const char *text)
{
    syslog(priority, "%s: %s", domain, text);
    if (priority <= LOG_ERR) {
        fprintf(stderr, "qemu-lpm: %s\n", text);
    }
}

/* (transfer full) (nullable): NULL: nothing that could be a domain's XML. */
static char *read_stdin(void)
{
    GString *text = lpm_read_stream(STDIN_FILENO, LPM_XML_MAX,
                                    "a domain's XML", NULL);
    gboolean good = text != NULL && strlen(text->str) == text->len;

    return text != NULL ? g_string_free(text, !good) : NULL;
}

static int refuse(const char *name, const char *reasons)
{
    g_autofree char *text = g_strdup_printf(
        "%s may not come to this host, nothing was changed:\n%s", name,
        reasons);

    say(LOG_ERR, name, g_strchomp(text));
    return EXIT_REFUSED;
}

/* Somebody else's guest comes as if we were not here, whatever is broken. */
static gboolean may_be_ours(const char *xml)
{
    return strstr(xml, LPM_DOMAIN_NAMESPACE) != NULL ||
           strstr(xml, "migration-lpm") != NULL ||
           strstr(xml, "spapr-vfc") != NULL;
}

static int on_arrival(const char *name, const char *xml, LpmDomainWay way)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmDomain) domain = lpm_domain_parse("domain XML", xml, &err);
    g_autoptr(LpmPolicy) policy = NULL;
    g_autofree char *reasons = NULL;
    g_autofree char *text = NULL;

    if (domain == NULL) {
        return refuse(name, err->message);
    }
    if (!lpm_domain_is_ours(domain)) {
        return EXIT_PASS;
    }
    policy = lpm_policy_read(LPM_HOST_CONF, &err);
    if (policy == NULL) {
        return refuse(name, err->message);
    }
    lpm_domain_swap(domain);
    if (!lpm_domain_prepare(domain, policy, way, &err)) {
        return refuse(name, err->message);
    }
    reasons = lpm_hook_judge(domain, policy, "", &err);
    if (reasons != NULL || err != NULL) {
        return refuse(name, reasons != NULL ? reasons : err->message);
    }
    if (way == LPM_DOMAIN_ARRIVES && !lpm_slots_begin(domain, policy, &err)) {
        return refuse(name, err->message);
    }
    text = lpm_domain_text(domain);
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        return refuse(name, "libvirt does not take the domain XML");
    }
    say(LOG_INFO, name, "may come, and is prepared for this host");
    return EXIT_PASS;
}

/* What libvirtd tells of a domain besides, and waits for nothing. */
static void on_word(const char *operation, const char *extra,
                    const char *xml)
{
    g_autoptr(LpmDomain) domain = lpm_domain_parse("domain XML", xml, NULL);

    if (domain == NULL || !lpm_domain_is_ours(domain)) {
        return;
    }
    if (g_str_equal(operation, "started")) {
        lpm_slots_phase(domain, "preparing");
        lpm_settle_begin(domain);
    } else if (!g_str_equal(operation, "release")) {
        lpm_slots_phase(domain, "mapped");
    } else if (!g_str_equal(extra, "migrated")) {
        /* "migrated" is the source's: its own move is lpm's to end */
        lpm_slots_end(domain, LPM_KEPT_FAILED, extra);
    }
}

int main(int argc, char **argv)
{
    static const char *const operations[] = {
        "migrate", "restore", "prepare", "start", "started", "release", NULL,
    };
    const char *name = argc > 1 ? argv[1] : "";
    const char *operation = argc > 2 ? argv[2] : "";
    g_autofree char *xml = NULL;
    g_autofree char *safe = g_utf8_make_valid(name, -1);

    openlog("qemu-lpm", LOG_PID, LOG_DAEMON);
    if (argc < 4) {
        fprintf(stderr, "usage: %s DOMAIN OPERATION SUB-OPERATION [EXTRA]\n"
                "This is libvirt's hook, which libvirtd calls: see lpm(1).\n",
                argv[0]);
        return EXIT_REFUSED;
    }
    if (!g_strv_contains(operations, operation)) {
        return EXIT_PASS;
    }
    xml = read_stdin();
    if (xml == NULL || !may_be_ours(xml)) {
        return EXIT_PASS;
    }
    if (g_str_equal(operation, "migrate")) {
        return on_arrival(safe, xml, LPM_DOMAIN_ARRIVES);
    }
    if (g_str_equal(operation, "restore")) {
        return on_arrival(safe, xml, LPM_DOMAIN_STARTS);
    }
    on_word(operation, argc > 4 ? argv[4] : "", xml);
    return EXIT_PASS;
}
