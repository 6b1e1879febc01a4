/*
 * A domain that arrives: any bytes as its XML, and as a host's policy
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Up to the first NUL byte it is XML, behind it what an option of QEMU's has
 * as its value.  What is written must be read again, and be the same when it
 * is made a second time.
 */
#include <stdint.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/opts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static void fuzz_opts(const char *text)
{
    g_autoptr(LpmOpts) opts = lpm_opts_parse(text);
    g_autoptr(LpmOpts) again = NULL;
    g_autofree char *once = NULL;
    g_autofree char *twice = NULL;

    if (opts == NULL) {
        return;
    }
    once = lpm_opts_text(opts);
    again = lpm_opts_parse(once);
    if (again != NULL) {
        twice = lpm_opts_text(again);
        must(g_str_equal(once, twice));
    }
}

static void fuzz_domain(LpmDomain *domain)
{
    static LpmPolicyFabric san0 = { .name = (char *)"san0",
                                    .fabric = (char *)"iscsi",
                                    .portal = (char *)"10.0.0.1:3260" };
    LpmPolicy policy = { .path = (char *)"fuzz",
                         .cpu_model = (char *)"POWER9",
                         .server = LPM_SERVER_POWER9,
                         .fabrics = g_ptr_array_new() };
    g_autoptr(LpmDomain) again = NULL;
    g_autofree char *once = NULL;
    g_autofree char *twice = NULL;

    g_ptr_array_add(policy.fabrics, &san0);
    lpm_domain_swap(domain);
    if (lpm_domain_prepare(domain, &policy, LPM_DOMAIN_ARRIVES, NULL)) {
        once = lpm_domain_text(domain);
        again = lpm_domain_parse("again", once, NULL);
        must(again != NULL);
        must(lpm_domain_prepare(again, &policy, LPM_DOMAIN_ARRIVES, NULL));
        twice = lpm_domain_text(again);
        must(g_str_equal(once, twice));
    }
    g_ptr_array_unref(policy.fabrics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *)data, size);
    g_autoptr(LpmDomain) domain = lpm_domain_parse("fuzz", xml, NULL);
    gsize len = strlen(xml);

    if (len < size) {
        g_autofree char *text = g_strndup((const char *)data + len + 1,
                                          size - len - 1);

        fuzz_opts(text);
    }
    if (domain != NULL) {
        fuzz_domain(domain);
    }
    return 0;
}
