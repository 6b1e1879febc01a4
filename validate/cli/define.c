/*
 * lpm define: QEMU's arguments from what a domain's metadata say
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config.h"
#include "domain/domain.h"
#include "facts/read-file.h"
#include "facts/xml.h"

typedef struct Define {
    const char *host_conf;
    const char *preferred;
    char *const *adapters;
    gboolean check;
    gboolean quiet;
} Define;

/* A file, or "-". */
static GString *read_input(const char *path, GError **error)
{
    static const char wanted[] = "a domain's XML";

    return g_str_equal(path, "-") ?
           lpm_read_stream(STDIN_FILENO, LPM_XML_MAX, wanted, error) :
           lpm_read_file(path, LPM_XML_MAX, wanted, error);
}

/* Whether the arguments in there are those that define would make. */
static int check(const Define *define, const LpmDomain *domain,
                 const char *before, const char *path)
{
    g_autofree char *after = lpm_domain_text(domain);

    if (!lpm_domain_has_metadata(domain)) {
        lpm_say("%s has no metadata of qemu-lpm's", path);
        return LPM_EXIT_FAIL;
    }
    if (!g_str_equal(before, after)) {
        lpm_say("%s: QEMU's arguments are not those of its metadata on this "
                "host: lpm define makes them", path);
        return LPM_EXIT_FAIL;
    }
    if (!define->quiet) {
        printf("%s: metadata and arguments agree\n", path);
    }
    return LPM_EXIT_PASS;
}

/* What the options say, in the metadata. */
static gboolean add(const Define *define, LpmDomain *domain, GError **error)
{
    if (define->preferred != NULL &&
        !lpm_domain_set_preferred(domain, define->preferred, error)) {
        return FALSE;
    }
    for (guint i = 0; define->adapters != NULL &&
                      define->adapters[i] != NULL; i++) {
        if (!lpm_domain_set_adapter(domain, define->adapters[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static int run(const Define *define, const char *path)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) xml = read_input(path, &err);
    g_autoptr(LpmDomain) domain = NULL;
    g_autoptr(LpmPolicy) policy = NULL;
    g_autofree char *before = NULL;
    g_autofree char *text = NULL;

    if (xml == NULL) {
        return lpm_usage("%s: %s", path, err->message);
    }
    domain = strlen(xml->str) != xml->len ? NULL :
             lpm_domain_parse(path, xml->str, &err);
    if (domain == NULL) {
        return lpm_usage("%s", err != NULL ? err->message :
                         "a NUL byte is in there");
    }
    policy = lpm_policy_read(define->host_conf, &err);
    if (policy == NULL) {
        return lpm_usage("%s", err->message);
    }
    before = lpm_domain_text(domain);
    if (!add(define, domain, &err)) {
        return lpm_usage("%s", err->message);
    }
    if (!lpm_domain_prepare(domain, policy, LPM_DOMAIN_STARTS, &err)) {
        lpm_say("%s", err->message);
        return LPM_EXIT_FAIL;
    }
    if (define->check) {
        return check(define, domain, before, path);
    }
    text = lpm_domain_text(domain);
    fputs(text, stdout);
    return fflush(stdout) == 0 ? LPM_EXIT_PASS : LPM_EXIT_UNKNOWN;
}

int lpm_cmd_define(const LpmCommand *command, int argc, char **argv)
{
    g_autofree char *host_conf = NULL;
    g_autofree char *preferred = NULL;
    g_auto(GStrv) adapters = NULL;
    Define define = { 0 };
    const GOptionEntry entries[] = {
        { "host-conf", 0, 0, G_OPTION_ARG_FILENAME, &host_conf,
          "the host's policy (default " LPM_HOST_CONF ")", "FILE" },
        { "preferred-mode", 0, 0, G_OPTION_ARG_STRING, &preferred,
          "put this into the metadata: power8 to power11", "MODE" },
        { "adapter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &adapters,
          "add this to the metadata, or change the one of its id; may be "
          "given more than once", "fabric=NAME,wwpn=HEX,wwpn2=HEX[,id=ID]"
          "[,reg=N][,active=1|2]" },
        { "check", 0, 0, G_OPTION_ARG_NONE, &define.check,
          "say whether the arguments are those of the metadata; print no XML",
          NULL },
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &define.quiet,
          "with --check: only the exit code, and errors", NULL },
        { NULL },
    };
    int code;

    if (!lpm_parse_own(command, "FILE|-", entries, &argc, &argv, &code)) {
        return code;
    }
    if (argc != 2) {
        return lpm_usage("define: wanted one FILE with a domain's XML, or -");
    }
    host_conf = host_conf != NULL ? host_conf : g_strdup(LPM_HOST_CONF);
    define.host_conf = host_conf;
    define.preferred = preferred;
    define.adapters = adapters;
    return run(&define, argv[1]);
}
