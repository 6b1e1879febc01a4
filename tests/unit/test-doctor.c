/*
 * The readers of lpm doctor, and what it makes of a clock
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor/apparmor.h"
#include "doctor/certificate.h"
#include "doctor/doctor.h"
#include "doctor/host-conf.h"
#include "doctor/libvirt-conf.h"
#include "doctor/root.h"
#include "error/lpm-error.h"

/* The table */

static void test_rows(void)
{
    gsize n;
    const LpmDoctorRow *rows = lpm_doctor_rows(&n);

    g_assert_cmpuint(n, >, 0);
    for (gsize i = 0; i < n; i++) {
        g_assert_true(i == 0 || strcmp(rows[i - 1].id, rows[i].id) < 0);
        g_assert_true(lpm_doctor_find_row(rows[i].id) == &rows[i]);
        g_assert_nonnull(rows[i].check);
        g_assert_cmpstr(rows[i].title, !=, "");
        g_assert_cmpstr(rows[i].wanted, !=, "");
        g_assert_cmpstr(rows[i].remedy, !=, "");
    }
    g_assert_null(lpm_doctor_find_row("host"));
}

/* The clock */

static int clock_state;

static int fake_clock(void)
{
    return clock_state;
}

static void test_clock(void)
{
    static const struct {
        int state;
        LpmRuleStatus status;
        LpmVerdict verdict;
    } rows[] = {
        { 1, LPM_RULE_PASS, LPM_VERDICT_PASS },
        { 0, LPM_RULE_WARN, LPM_VERDICT_PASS },
        { -1, LPM_RULE_UNKNOWN, LPM_VERDICT_UNKNOWN },
    };
    static const char *const only[] = { "host.clock", NULL };
    const LpmDoctorOptions options = { .only = only, .clock = fake_clock };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) findings = NULL;
        const LpmDoctorFinding *finding;

        clock_state = rows[i].state;
        findings = lpm_doctor_run(&options);
        g_assert_cmpuint(findings->len, ==, 1);
        finding = g_ptr_array_index(findings, 0);
        g_assert_cmpint(finding->status, ==, rows[i].status);
        g_assert_cmpint(lpm_doctor_verdict(findings), ==, rows[i].verdict);
    }
}

/* libvirt's configuration */

static void test_libvirt_conf(void)
{
    static const char text[] =
        "# comment\n"
        "a = \"one\" # behind it\n"
        "b=2\n"
        "c = 'single # no comment'\r\n"
        "d = [ \"x\", # in a list\n  'y', 3 ]\n"
        "e = \"\"\"two\nlines\"\"\"\n"
        "f = [ ]\n"
        "g = -1\n"
        "a = \"again\"";
    static const struct {
        const char *key;
        const char *value;
    } rows[] = {
        { "a", "again" }, { "b", "2" }, { "c", "single # no comment" },
        { "d", "x,y,3" }, { "e", "two\nlines" }, { "f", "" }, { "g", "-1" },
        { "h", NULL },
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) conf = lpm_libvirt_conf_parse(text, strlen(text),
                                                        &error);

    g_assert_no_error(error);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpstr(g_hash_table_lookup(conf, rows[i].key), ==,
                        rows[i].value);
    }
    g_assert_cmpuint(g_hash_table_size(conf), ==, 7);
}

static void test_libvirt_conf_faults(void)
{
    static const struct {
        const char *text;
        const char *line;
    } rows[] = {
        { "a", "line 1 " }, { "a = 1\nb", "line 2 " }, { "\n\n= 1", "line 3 " },
        { "a =", "line 1 " }, { "a = x", "line 1 " }, { "a = -", "line 1 " },
        { "a = \"x", "line 1 " }, { "a = \"x\ny\"", "line 1 " },
        { "a = \"\"\"x\"", "line 1 " }, { "a = [", "line 1 " },
        { "a = [ 1", "line 1 " }, { "a = [ 1 2 ]", "line 1 " },
        { "a = [ [ 1 ] ]", "line 1 " }, { "a = 1 b = 2", "line 1 " },
        { "a = \"\xff\"", "line 1 " },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        GHashTable *conf = lpm_libvirt_conf_parse(
            rows[i].text, strlen(rows[i].text), &error);

        g_test_message("row %u", (guint)i);
        g_assert_null(conf);
        g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
        g_assert_nonnull(strstr(error->message, rows[i].line));
    }
}

/* host.conf */

static void test_host_conf(void)
{
    static const char text[] =
        "[host]\ncpu-model= power9_v2.2 \nmax-inbound=2\n"
        "[fabric san0]\nfabric=iscsi\n"
        "portal=192.0.2.1:3260+[2001:db8::1]:860\n"
        "[fabric san-1]\nparent=host12\nfabric=npiv\n";
    g_autoptr(GPtrArray) faults = NULL;
    g_autoptr(LpmHostConf) conf = lpm_host_conf_parse(text, strlen(text),
                                                      &faults);
    const LpmHostFabric *fabric;

    g_assert_cmpuint(faults->len, ==, 0);
    g_assert_cmpstr(conf->cpu_model, ==, "power9_v2.2");
    g_assert_cmpint(conf->max_inbound, ==, 2);
    g_assert_cmpint(conf->max_outbound, ==, -1);
    g_assert_cmpuint(conf->fabrics->len, ==, 2);
    fabric = g_ptr_array_index(conf->fabrics, 0);
    g_assert_cmpstr(fabric->name, ==, "san0");
    g_assert_cmpint(fabric->kind, ==, LPM_HOST_FABRIC_ISCSI);
    g_assert_cmpstr(fabric->portals[0], ==, "192.0.2.1:3260");
    g_assert_cmpstr(fabric->portals[1], ==, "[2001:db8::1]:860");
    g_assert_null(fabric->portals[2]);
    g_assert_null(fabric->parent);
    fabric = g_ptr_array_index(conf->fabrics, 1);
    g_assert_cmpstr(fabric->name, ==, "san-1");
    g_assert_cmpint(fabric->kind, ==, LPM_HOST_FABRIC_NPIV);
    g_assert_cmpstr(fabric->parent, ==, "host12");
}

static void test_host_conf_faults(void)
{
    static const struct {
        const char *text;
        guint faults;
        LpmHostFaultKind kind;      /* of the first */
        const char *fabric;
    } rows[] = {
        { "", 0 }, { "# nothing\n", 0 }, { "[host]\n", 0 },
        { "x=1\n", 1, LPM_HOST_FAULT_FILE },
        { "[hosts]\n", 1, LPM_HOST_FAULT_FILE },
        { "[host]\nx=1\n", 1, LPM_HOST_FAULT_FILE },
        { "[host]\nx=1\n[host]\ny=2\n", 3, LPM_HOST_FAULT_FILE },
        { "[host]\nmax-inbound=-1\n", 1, LPM_HOST_FAULT_FILE },
        { "[host]\nmax-inbound=4 \nmax-outbound=65\n", 1,
          LPM_HOST_FAULT_FILE },
        { "[host]\ncpu-model=\n", 1, LPM_HOST_FAULT_CPU_MODEL },
        { "[host]\ncpu-model=POWER9,x=on\n", 1, LPM_HOST_FAULT_CPU_MODEL },
        { "[host]\ncpu-model=POWER9\\n\n", 0 },
        { "[fabric a]\n", 1, LPM_HOST_FAULT_FABRIC, "a" },
        { "[fabric a,b]\nfabric=npiv\nparent=host1\n", 1,
          LPM_HOST_FAULT_FABRIC, "a,b" },
        { "[fabric a]\nfabric=iscsi\nportal=1.2.3.4\n", 1,
          LPM_HOST_FAULT_FABRIC, "a" },
        { "[fabric a]\nfabric=iscsi\nportal=1.2.3.4:1+\n", 1,
          LPM_HOST_FAULT_FABRIC, "a" },
        { "[fabric a]\nfabric=npiv\nparent=host1/..\n", 1,
          LPM_HOST_FAULT_FABRIC, "a" },
        { "[fabric a]\nfabric=iscsi\nportal=1.2.3.4:1\nchap-user=me\n", 1,
          LPM_HOST_FAULT_FABRIC, "a" },
        { "[fabric a]\nfabric=npiv\nportal=1.2.3.4:1\n", 2,
          LPM_HOST_FAULT_FILE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) faults = NULL;
        g_autoptr(LpmHostConf) conf = lpm_host_conf_parse(
            rows[i].text, strlen(rows[i].text), &faults);

        g_test_message("row %u", (guint)i);
        g_assert_nonnull(conf);
        g_assert_cmpuint(faults->len, ==, rows[i].faults);
        if (rows[i].faults > 0) {
            const LpmHostFault *fault = g_ptr_array_index(faults, 0);

            g_assert_cmpint(fault->kind, ==, rows[i].kind);
            g_assert_cmpstr(fault->fabric, ==, rows[i].fabric);
            g_assert_cmpstr(fault->text, !=, "");
        }
    }
}

static void test_portal(void)
{
    static const struct {
        const char *text;
        const char *address;
        guint port;
    } rows[] = {
        { "192.0.2.10:3260", "192.0.2.10", 3260 },
        { "[::1]:1", "::1", 1 }, { "1.2.3.4:65535", "1.2.3.4", 65535 },
        { "1.2.3.4:65536", NULL }, { "1.2.3.4:0", NULL }, { "1.2.3.4:", NULL },
        { "1.2.3.4", NULL }, { "::1:1", NULL }, { "[]:1", NULL },
        { "san:3260", NULL }, { ":1", NULL }, { "", NULL },
        { "1.2.3.4:1x", NULL }, { "1.2.3.4:-1", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *address = NULL;
        guint16 port = 0;
        gboolean good = lpm_host_portal_parse(rows[i].text, &address, &port);

        g_test_message("row %u", (guint)i);
        g_assert_cmpint(good, ==, rows[i].address != NULL);
        g_assert_cmpstr(address, ==, rows[i].address);
        g_assert_cmpuint(port, ==, rows[i].port);
    }
}

/* AppArmor */

static void test_apparmor(void)
{
    static const char text[] =
        "#include <tunables/global>\n"
        "profile p /usr/sbin/x flags=(attach_disconnected) {\n"
        "  #include <abstractions/base>\n"
        "  include if exists \"/etc/apparmor.d/local/x\"\n"
        "  # /comment x,\n"
        "  capability kill,\n"
        "  /usr/bin/* PUx,\n"
        "  owner /home/** rw,\n"
        "  audit deny /usr/bin/bad wx,\n"
        "  /{usr/,}lib/{a,b}/*.so mr,\n"
        "  \"/with space\" r,\n"
        "  /usr/lib/@{multiarch}/q/*.so mr,\n"
        "  /dig[0-9] r,\n"
        "  profile child {\n    /** rwmkx,\n  }\n"
        "  /after r,\n"
        "}\n";
    static const struct {
        const char *path;
        const char *access;
        gboolean allowed;
    } rows[] = {
        { "/usr/bin/a", "x", TRUE }, { "/usr/bin/a/b", "x", FALSE },
        { "/usr/bin/bad", "x", FALSE }, { "/usr/bin/a", "xr", FALSE },
        { "/home/a/b", "w", TRUE }, { "/home/a/b", "x", FALSE },
        { "/lib/a/c.so", "m", TRUE }, { "/usr/lib/b/c.so", "mr", TRUE },
        { "/usr/lib/c/c.so", "m", FALSE }, { "/with space", "r", TRUE },
        { "/usr/lib/x86_64-linux-gnu/q/z.so", "m", TRUE },
        { "/dig7", "r", TRUE }, { "/digx", "r", FALSE },
        { "/comment", "x", FALSE }, { "/after", "r", TRUE },
        { "/anything", "x", FALSE },
    };
    g_autoptr(GPtrArray) rules = lpm_apparmor_rules_new();
    g_autoptr(GPtrArray) includes = lpm_apparmor_parse(text, strlen(text),
                                                       rules);

    g_assert_cmpuint(includes->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(includes, 0), ==, "tunables/global");
    g_assert_cmpstr(g_ptr_array_index(includes, 2), ==,
                    "/etc/apparmor.d/local/x");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s %s", rows[i].path, rows[i].access);
        g_assert_cmpint(lpm_apparmor_allows(rules, rows[i].path,
                                            rows[i].access), ==,
                        rows[i].allowed);
    }
}

/* Certificates; openssl has made it and says that it is valid
   from Nov 22 23:18:00 2026 GMT to Aug 25 23:18:00 2081 GMT */

static const char pem[] =
    "text before\n-----BEGIN CERTIFICATE-----\n"
    "MIIBeDCCAR+gAwIBAgIUSc2QRRl4Im7AgX0w1z4Y/wrCBIAwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGaG9zdC1hMCAXDTI2MTEyMjIzMTgwMFoYDzIwODEwODI1MjMx\n"
    "ODAwWjARMQ8wDQYDVQQDDAZob3N0LWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AAR0qB47I7SYh0/UTXJrtI+l718ZwobX1K4OPezXqf410lHf5D/hBDzJZ0TdV2Os\n"
    "ivfFUxikgWU4W7stZF/yXILmo1MwUTAdBgNVHQ4EFgQUkeI5k/aU0PvHkw1WzqMY\n"
    "7hs3mRQwHwYDVR0jBBgwFoAUkeI5k/aU0PvHkw1WzqMY7hs3mRQwDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBrxuwLheziUW3X93xhaEi/IyL/3Knb\n"
    "zphHWtCoz0DvCAIga46JVjiQeQd78gBBoNri5km1O5X5OD0Kc21izFvVYdc=\n"
    "-----END CERTIFICATE-----\n";

static void test_certificate(void)
{
    gint64 from = 0, to = 0;

    g_assert_true(lpm_certificate_times(pem, strlen(pem), &from, &to));
    g_assert_cmpint(from, ==, G_GINT64_CONSTANT(1795389480));
    g_assert_cmpint(to, ==, G_GINT64_CONSTANT(3523389480));
}

/* Cut and flipped: it may say no, and must say nothing of what is behind. */
static void test_certificate_damaged(void)
{
    gint64 from, to;
    gsize len = strlen(pem);

    for (gsize cut = 0; cut < len - 1; cut++) {
        g_autofree char *copy = g_memdup2(pem, cut + 1);

        g_assert_true(!lpm_certificate_times(copy, cut, &from, &to) ||
                      cut >= len - 1);
    }
    for (gsize at = 0; at < len; at++) {
        g_autofree char *copy = g_strdup(pem);

        copy[at] = copy[at] == 'A' ? '/' : 'A';
        (void)lpm_certificate_times(copy, len, &from, &to);
    }
}

/* Files below a root */

static void test_root(void)
{
    g_autofree char *root = g_dir_make_tmp("lpm-doctor-XXXXXX", NULL);
    g_autofree char *file = g_strconcat(root, "/a", NULL);
    g_autofree char *up = g_strconcat(root, "/up", NULL);
    g_autofree char *absolute = g_strconcat(root, "/absolute", NULL);
    g_autofree char *circle = g_strconcat(root, "/circle", NULL);
    g_autofree char *slashes = g_strconcat(root, "/slashes", NULL);
    static const struct {
        const char *path;
        const char *found;
        int code;
    } rows[] = {
        { "/a", "/a" }, { "//a", "/a" }, { "/./a", "/a" },
        { "/../../a", "/a" }, { "/", "/" }, { "", "/" }, { "/..", "/" },
        { "/up", "/a" }, { "/absolute", "/a" }, { "/slashes", "/" },
        { "/slashes/slashes/a", "/a" },
        { "/circle", NULL, LPM_ERROR_LIMIT },
        { "/circle/x", NULL, LPM_ERROR_LIMIT },
        { "/none", NULL, LPM_ERROR_STATE },
        { "/a/b", NULL, LPM_ERROR_STATE }, { "/a/..", NULL, LPM_ERROR_STATE },
    };

    g_assert_true(g_file_set_contents(file, "text\n", -1, NULL));
    g_assert_cmpint(symlink("../../../a", up), ==, 0);
    g_assert_cmpint(symlink("/a", absolute), ==, 0);
    g_assert_cmpint(symlink("circle", circle), ==, 0);
    g_assert_cmpint(symlink("///", slashes), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        struct stat info;
        g_autofree char *found = lpm_root_find(root, rows[i].path, TRUE,
                                               &info, &error);

        g_test_message("%s", rows[i].path);
        g_assert_cmpstr(found, ==, rows[i].found);
        if (found == NULL) {
            g_assert_error(error, LPM_ERROR, rows[i].code);
        }
    }
    {
        struct stat info;
        g_autofree char *link = lpm_root_find(root, "/circle", FALSE, &info,
                                              NULL);
        g_autofree char *text = lpm_root_text(root, "/up");

        g_assert_cmpstr(link, ==, "/circle");
        g_assert_true(S_ISLNK(info.st_mode));
        g_assert_cmpstr(text, ==, "text");
    }
    g_unlink(file);
    g_unlink(up);
    g_unlink(absolute);
    g_unlink(circle);
    g_unlink(slashes);
    g_rmdir(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/doctor/rows", test_rows);
    g_test_add_func("/lpm/doctor/clock", test_clock);
    g_test_add_func("/lpm/doctor/libvirt-conf", test_libvirt_conf);
    g_test_add_func("/lpm/doctor/libvirt-conf/faults",
                    test_libvirt_conf_faults);
    g_test_add_func("/lpm/doctor/host-conf", test_host_conf);
    g_test_add_func("/lpm/doctor/host-conf/faults", test_host_conf_faults);
    g_test_add_func("/lpm/doctor/host-conf/portal", test_portal);
    g_test_add_func("/lpm/doctor/apparmor", test_apparmor);
    g_test_add_func("/lpm/doctor/certificate", test_certificate);
    g_test_add_func("/lpm/doctor/certificate/damaged",
                    test_certificate_damaged);
    g_test_add_func("/lpm/doctor/root", test_root);
    return g_test_run();
}
