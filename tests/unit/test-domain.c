/*
 * Domains: what metadata and policy make of QEMU's arguments, and the hook's
 * verdict on them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <unistd.h>

#include "domain/domain.h"
#include "domain/opts.h"
#include "error/lpm-error.h"
#include "facts/xml.h"
#include "hook/judge.h"

#define ADAPTER_0 \
    "<lpm:fibre-channel id='vfc0' reg='0x71000010' fabric='san0' " \
    "wwpn='c0507606d5a20000' wwpn2='c0507606d5a20001' active='1'/>"
#define OBJECT_LINE  "-object migration-lpm,id=lpm0"
#define CODEC_LINE   "-global migration.multifd-compression=lpm"
#define DEVICE_LINE(active, portal) \
    "-device spapr-vfc,id=vfc0,reg=0x71000010,wwpn=c0507606d5a20000," \
    "wwpn2=c0507606d5a20001,active=" active ",fabric=iscsi,portal=" portal

/* A domain with that inside <lpm:partition>; NULL: no metadata. */
static char *xml_of(const char *own, const char *cpu, const char *args)
{
    GString *text = g_string_new(
        "<domain type='qemu' xmlns:qemu="
        "'http://libvirt.org/schemas/domain/qemu/1.0'><name>lpar1</name>"
        "<uuid>0c5d1f0e-0000-4000-8000-000000000001</uuid>");

    if (own != NULL) {
        g_string_append_printf(text, "<metadata><lpm:partition xmlns:lpm='"
                               LPM_DOMAIN_NAMESPACE "'>%s</lpm:partition>"
                               "</metadata>", own);
    }
    g_string_append(text, "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
                    "<os><type arch='ppc64le' machine='pseries-10.0'>hvm"
                    "</type></os>");
    if (cpu != NULL) {
        g_string_append_printf(text, "<cpu mode='custom'><model>%s</model>"
                               "</cpu>", cpu);
    }
    g_string_append(text, "<devices/>");
    if (args != NULL) {
        g_auto(GStrv) words = g_strsplit(args, " ", -1);

        g_string_append(text, "<qemu:commandline>");
        for (guint i = 0; words[i] != NULL; i++) {
            g_string_append_printf(text, "<qemu:arg value='%s'/>", words[i]);
        }
        g_string_append(text, "</qemu:commandline>");
    }
    g_string_append(text, "</domain>");
    return g_string_free(text, FALSE);
}

/* QEMU's arguments in there, by spaces. */
static char *args_of(const LpmDomain *domain)
{
    g_autofree char *text = lpm_domain_text(domain);
    g_autoptr(LpmXmlDoc) doc = lpm_xml_parse("text", text, "domain", NULL);
    GString *args = g_string_new(NULL);

    g_assert_nonnull(doc);
    for (xmlNode *line = lpm_xml_child(doc->children, "commandline"),
         *node = line != NULL ? line->children : NULL; node != NULL;
         node = node->next) {
        g_autofree char *value = lpm_xml_attr(node, "value");

        g_string_append_printf(args, "%s%s", args->len > 0 ? " " : "", value);
    }
    return g_string_free(args, FALSE);
}

static LpmPolicy *policy_of(const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *path = NULL;
    LpmPolicy *policy;
    int fd = g_file_open_tmp("lpm-policy-XXXXXX", &path, &err);

    g_assert_no_error(err);
    close(fd);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    policy = lpm_policy_read(path, &err);
    unlink(path);
    g_assert_no_error(err);
    return policy;
}

#define SAN0  "[fabric san0]\nfabric=iscsi\nportal=10.0.0.1:3260\n"

/* What goes in, for which host, and what QEMU gets. */
static const struct {
    const char *title;
    const char *own;
    const char *cpu;
    const char *args;
    const char *policy;
    gboolean arrives;
    const char *wanted;
} made[] = {
    { "nothing of ours", NULL, "POWER10", "-foo bar", SAN0, TRUE,
      "-foo bar" },
    { "metadata alone", "", "POWER10", NULL, SAN0, FALSE,
      OBJECT_LINE " " CODEC_LINE },
    { "preferred mode", "<lpm:preferred-mode>POWER9</lpm:preferred-mode>",
      "POWER10", NULL, SAN0, FALSE,
      OBJECT_LINE ",preferred-mode=power9 " CODEC_LINE },
    { "an adapter", ADAPTER_0, "POWER10", NULL, SAN0, FALSE,
      OBJECT_LINE " " CODEC_LINE " " DEVICE_LINE("1", "10.0.0.1:3260") },
    { "an adapter arrives", ADAPTER_0, "POWER10", NULL, SAN0, TRUE,
      OBJECT_LINE ",live-only=on " CODEC_LINE " "
      DEVICE_LINE("2", "10.0.0.1:3260") },
    { "peer allow lets all in", "<lpm:peer>allow</lpm:peer>", "POWER10", NULL,
      SAN0, TRUE, OBJECT_LINE ",peer=allow " CODEC_LINE },
    { "the source's way to the SAN goes, what else was said stays", ADAPTER_0,
      "POWER10", "-device spapr-vfc,id=vfc0,reg=1,wwpn=0,wwpn2=0,active=1,"
      "fabric=npiv,parent=host9,queue-depth=64 -x y", SAN0, FALSE,
      "-x y " OBJECT_LINE " " CODEC_LINE
      " -device spapr-vfc,id=vfc0,reg=0x71000010,wwpn=c0507606d5a20000,"
      "wwpn2=c0507606d5a20001,active=1,fabric=iscsi,queue-depth=64,"
      "portal=10.0.0.1:3260" },
    { "an adapter that is not in the metadata stays", ADAPTER_0, "POWER10",
      "-device spapr-vfc,id=other,reg=2", SAN0, FALSE,
      "-device spapr-vfc,id=other,reg=2 " OBJECT_LINE " " CODEC_LINE " "
      DEVICE_LINE("1", "10.0.0.1:3260") },
    { "this host's CPU", "", "POWER10", NULL, "[host]\ncpu-model=POWER9\n",
      FALSE, OBJECT_LINE " " CODEC_LINE " -cpu POWER9" },
    { "that of the host before", "", "POWER10", "-cpu POWER9",
      "[host]\ncpu-model=POWER10\n", TRUE,
      OBJECT_LINE ",live-only=on " CODEC_LINE },
    { "a -cpu with properties is somebody's own", "", "POWER10",
      "-cpu power10,foo=on", "", FALSE,
      "-cpu power10,foo=on " OBJECT_LINE " " CODEC_LINE },
    { "by hand: the other WWPN is in use", NULL, "POWER10",
      "-device spapr-vfc,id=a,active=2 -object migration-lpm,id=x", SAN0,
      TRUE, "-device spapr-vfc,id=a,active=1 -object migration-lpm,id=x" },
    { "by hand: the first one is the default", NULL, "POWER10",
      "-device spapr-vfc,id=a", SAN0, TRUE,
      "-device spapr-vfc,id=a,active=2" },
    { "CHAP", ADAPTER_0, "POWER10", NULL, SAN0
      "chap-user=me\nchap-secret-file=/etc/lpm/a,b\n", FALSE,
      OBJECT_LINE " " CODEC_LINE
      " -object secret,id=lpm-san0,file=/etc/lpm/a,,b "
      DEVICE_LINE("1", "10.0.0.1:3260") ",chap-user=me,chap-secret=lpm-san0" },
    { "NPIV", ADAPTER_0, "POWER10", NULL,
      "[fabric san0]\nfabric=npiv\nparent=host3\n", FALSE,
      OBJECT_LINE " " CODEC_LINE
      " -device spapr-vfc,id=vfc0,reg=0x71000010,wwpn=c0507606d5a20000,"
      "wwpn2=c0507606d5a20001,active=1,fabric=npiv,parent=host3" },
};

static void test_made(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *xml = xml_of(made[i].own, made[i].cpu, made[i].args);
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmDomain) domain = lpm_domain_parse("test", xml, &err);
    g_autoptr(LpmPolicy) policy = policy_of(made[i].policy);
    LpmDomainWay way = made[i].arrives ? LPM_DOMAIN_ARRIVES :
                                         LPM_DOMAIN_STARTS;

    g_assert_no_error(err);
    /* Twice gives the same, but for the WWPN of who arrives again. */
    for (guint round = 0; round < (made[i].arrives ? 1 : 2); round++) {
        g_autofree char *got = NULL;

        if (made[i].arrives) {
            lpm_domain_swap(domain);
        }
        g_assert_true(lpm_domain_prepare(domain, policy, way, &err));
        g_assert_no_error(err);
        got = args_of(domain);
        g_assert_cmpstr(got, ==, made[i].wanted);
    }
}

static void test_comes_back(void)
{
    static const char *const policies[] = {
        "[host]\ncpu-model=POWER9\n[fabric san0]\nfabric=iscsi\nportal=b:1\n",
        "[fabric san0]\nfabric=iscsi\nportal=a:1\n",
    };
    g_autofree char *xml = xml_of(ADAPTER_0, "POWER10", NULL);
    g_autoptr(LpmPolicy) home = policy_of(policies[1]);
    g_autoptr(LpmDomain) domain = lpm_domain_parse("test", xml, NULL);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    g_assert_true(lpm_domain_prepare(domain, home, LPM_DOMAIN_STARTS, NULL));
    before = lpm_domain_text(domain);
    for (guint i = 0; i < G_N_ELEMENTS(policies); i++) {
        g_autoptr(LpmPolicy) policy = policy_of(policies[i]);
        g_autofree char *text = lpm_domain_text(domain);

        lpm_domain_free(domain);
        domain = lpm_domain_parse("test", text, NULL);
        lpm_domain_swap(domain);
        g_assert_true(lpm_domain_prepare(domain, policy, LPM_DOMAIN_ARRIVES,
                                         NULL));
    }
    g_assert_true(lpm_domain_prepare(domain, home, LPM_DOMAIN_STARTS, NULL));
    after = lpm_domain_text(domain);
    g_assert_cmpstr(before, ==, after);
}

/* The persistent definition learns from the running one. */
static void test_take_use(void)
{
    g_autofree char *xml = xml_of(ADAPTER_0, "POWER10", NULL);
    g_autoptr(LpmDomain) running = lpm_domain_parse("test", xml, NULL);
    g_autoptr(LpmDomain) kept = lpm_domain_parse("test", xml, NULL);
    g_autofree char *text = NULL;

    lpm_domain_swap(running);
    lpm_domain_take_use(kept, running);
    text = lpm_domain_text(kept);
    g_assert_nonnull(strstr(text, "active=\"2\""));
}

/* Written by options; what is there stays. */
static void test_set(void)
{
    static const char new_one[] =
        "fabric=san1,wwpn=c0507606d5a20010,wwpn2=c0507606d5a20011";
    g_autofree char *xml = xml_of(NULL, "POWER10", NULL);
    g_autoptr(LpmDomain) domain = lpm_domain_parse("test", xml, NULL);
    g_autoptr(LpmPolicy) policy = policy_of(
        SAN0 "[fabric san1]\nfabric=npiv\nparent=host1\n");
    g_autoptr(GError) err = NULL;
    g_autofree char *got = NULL;

    g_assert_true(lpm_domain_set_preferred(domain, "POWER9", &err));
    g_assert_true(lpm_domain_set_preferred(domain, "power8", &err));
    g_assert_true(lpm_domain_set_adapter(domain, new_one, &err));
    g_assert_true(lpm_domain_set_adapter(
        domain, "id=x,fabric=san0,wwpn=c0507606d5a20000,"
        "wwpn2=c0507606d5a20001,active=2", &err));
    g_assert_true(lpm_domain_set_adapter(domain, "id=vfc0,reg=0x71000020",
                                         &err));
    g_assert_no_error(err);
    g_assert_true(lpm_domain_prepare(domain, policy, LPM_DOMAIN_STARTS,
                                     &err));
    got = args_of(domain);
    g_assert_cmpstr(got, ==, OBJECT_LINE ",preferred-mode=power8 " CODEC_LINE
        " -device spapr-vfc,id=vfc0,reg=0x71000020,wwpn=c0507606d5a20010,"
        "wwpn2=c0507606d5a20011,active=1,fabric=npiv,parent=host1"
        " -device spapr-vfc,id=x,reg=0x71000011,wwpn=c0507606d5a20000,"
        "wwpn2=c0507606d5a20001,active=2,fabric=iscsi,portal=10.0.0.1:3260");
}

static void test_set_refused(void)
{
    static const char *const bad[] = {
        "", "san0", "fabric=san0", "fabric=a,wwpn=1,wwpn2=2", "colour=red",
        "fabric=san0,wwpn=c0507606d5a20000,wwpn2=c0507606d5a20000",
        "{}", "id=a b,fabric=f,wwpn=c0507606d5a20000,wwpn2=c0507606d5a20001",
    };

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *xml = xml_of("", "POWER10", NULL);
        g_autoptr(LpmDomain) domain = lpm_domain_parse("test", xml, NULL);
        g_autoptr(GError) err = NULL;

        g_assert_false(lpm_domain_set_adapter(domain, bad[i], &err));
        g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
        g_clear_error(&err);
        g_assert_false(lpm_domain_set_preferred(domain, "power5<", &err));
        g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    }
}

static const struct {
    const char *own;
    const char *says;
} refused[] = {
    { "<lpm:fibre-chanel/>", "no element <fibre-chanel>" },
    { "<lpm:preferred-mode>power5</lpm:preferred-mode>", "got 'power5'" },
    { "<lpm:preferred-mode/>", "got ''" },
    { "<lpm:current-mode>raw</lpm:current-mode>", "got 'raw'" },
    { "<lpm:peer>maybe</lpm:peer>", "wanted require or allow" },
    { "<lpm:check-ram>yes</lpm:check-ram>", "wanted on or off" },
    { "<lpm:fibre-channel id='vfc0,active=2'/>", "id: got 'vfc0,active=2'" },
    { "<lpm:fibre-channel id='v' reg='x'/>", "reg: got 'x'" },
    { "<lpm:fibre-channel id='v' reg='0x100000000'/>", "reg: got" },
    { "<lpm:fibre-channel id='v' reg='1'/>", "fabric: got ''" },
    { "<lpm:fibre-channel id='v' reg='1' fabric='f' wwpn='12'/>",
      "wwpn: got '12'" },
    { "<lpm:fibre-channel id='v' reg='1' fabric='f' wwpn='c0507606d5a20000' "
      "wwpn2='C0507606D5A20000'/>", "twice" },
    { "<lpm:fibre-channel id='v' reg='1' fabric='f' wwpn='c0507606d5a20000' "
      "wwpn2='c0507606d5a20001' active='3'/>", "active: got '3'" },
    { ADAPTER_0 ADAPTER_0, "another one has" },
};

static void test_refused(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *xml = xml_of(refused[i].own, "POWER10", NULL);
    g_autoptr(GError) err = NULL;

    g_assert_null(lpm_domain_parse("test", xml, &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    if (strstr(err->message, refused[i].says) == NULL) {
        g_error("'%s' does not say '%s'", err->message, refused[i].says);
    }
}

static const struct {
    const char *text;
    const char *says;
} bad_policies[] = {
    { "[host]\ncpu-model=i486\n", "cpu-model: got 'i486'" },
    { "[host]\ncpu=POWER9\n", "no key 'cpu'" },
    { "[hosts]\n", "no section [hosts]" },
    { "[host]\nmax-inbound=0\n", "max-inbound: got '0'" },
    { "[host]\nmax-outbound=65\n", "max-outbound: got '65'" },
    { "[fabric a]\n", "wanted iscsi or npiv" },
    { "[fabric a]\nfabric=fcoe\n", "got 'fcoe'" },
    { "[fabric a]\nfabric=iscsi\n", "wanted portal=" },
    { "[fabric a]\nfabric=npiv\n", "wanted parent=" },
    { "[fabric a]\nfabric=npiv\nparent=h\nportal=x\n", "portal is of" },
    { "[fabric a]\nfabric=iscsi\nportal=x\nchap-user=y\n", "go together" },
    { "[fabric a]\nspeed=8\n", "no key 'speed'" },
    { "nonsense\n", "" },
};

static void test_bad_policy(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autoptr(GError) err = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("lpm-policy-XXXXXX", &path, NULL);

    close(fd);
    g_assert_true(g_file_set_contents(path, bad_policies[i].text, -1, NULL));
    g_assert_null(lpm_policy_read(path, &err));
    unlink(path);
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    if (strstr(err->message, bad_policies[i].says) == NULL ||
        !g_str_has_prefix(err->message, path)) {
        g_error("'%s' does not say '%s'", err->message,
                bad_policies[i].says);
    }
}

static void test_no_policy(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmPolicy) none = lpm_policy_read("/nonexistent/conf", &err);
    g_autoptr(LpmDomain) domain = NULL;
    g_autofree char *xml = xml_of(ADAPTER_0, "POWER10", NULL);

    g_assert_no_error(err);
    g_assert_cmpuint(none->fabrics->len, ==, 0);
    domain = lpm_domain_parse("test", xml, NULL);
    g_assert_false(lpm_domain_prepare(domain, none, LPM_DOMAIN_STARTS, &err));
    g_assert_error(err, LPM_ERROR, LPM_ERROR_STATE);
    g_assert_nonnull(strstr(err->message, "[fabric san0]"));
}

/* The hook's verdict: mode, where the guest is, this host, what it says. */
static const struct {
    const char *own;
    const char *cpu;
    const char *host;
    const char *says[3];    /* none: it may come */
} judged[] = {
    { "<lpm:preferred-mode>power9</lpm:preferred-mode>", "POWER10", "POWER9",
      { NULL } },
    { "<lpm:preferred-mode>power9</lpm:preferred-mode>", "POWER10",
      "power9_v2.2", { NULL } },
    { "<lpm:preferred-mode>power9</lpm:preferred-mode>", "POWER10", "POWER8",
      { "cpu-compat.preferred-supported", "power9",
        "<lpm:preferred-mode>power8<" } },
    { "", "POWER10", "POWER9",
      { "cpu-compat.current-supported", "power10",
        "<lpm:preferred-mode>power9<" } },
    { "", "POWER9", "POWER10", { NULL } },
    { "", "POWER10", NULL, { NULL } },
    { "<lpm:current-mode>power8</lpm:current-mode>", "POWER10", "POWER9",
      { NULL } },
    { "<lpm:current-mode>power9</lpm:current-mode>", "POWER10", "POWER8",
      { "cpu-compat.current-supported", "power9", "remedy" } },
};

static void test_judged(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *xml = xml_of(judged[i].own, judged[i].cpu, NULL);
    g_autofree char *conf = judged[i].host == NULL ? g_strdup("") :
        g_strdup_printf("[host]\ncpu-model=%s\n", judged[i].host);
    g_autoptr(LpmDomain) domain = lpm_domain_parse("test", xml, NULL);
    g_autoptr(LpmPolicy) policy = policy_of(conf);
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;

    g_assert_true(lpm_domain_prepare(domain, policy, LPM_DOMAIN_ARRIVES,
                                     &err));
    text = lpm_hook_judge(domain, policy, "", &err);
    g_assert_no_error(err);
    if (judged[i].says[0] == NULL) {
        g_assert_cmpstr(text, ==, NULL);
        return;
    }
    for (guint k = 0; k < G_N_ELEMENTS(judged[i].says); k++) {
        if (text == NULL || strstr(text, judged[i].says[k]) == NULL) {
            g_error("'%s' does not say '%s'", text, judged[i].says[k]);
        }
    }
}

static void test_opts(void)
{
    static const char *const same[] = {
        "spapr-vfc", "spapr-vfc,id=a", "a=b,c=d", "x,y,z=1,,2", "",
        "memory-backend-ram,size=1G,share=on",
    };
    g_autoptr(LpmOpts) opts = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(LpmOpts) one = lpm_opts_parse(same[i]);
        g_autofree char *back = lpm_opts_text(one);

        g_assert_cmpstr(back, ==, same[i]);
    }
    g_assert_null(lpm_opts_parse("{'driver': 'x'}"));
    opts = lpm_opts_parse("d,a=1,b=2,a=3");
    g_assert_cmpstr(lpm_opts_get(opts, "a"), ==, "3");
    lpm_opts_set(opts, "a", "4,5");
    lpm_opts_set(opts, "b", NULL);
    text = lpm_opts_text(opts);
    g_assert_cmpstr(lpm_opts_get(opts, "a"), ==, "4,5");
    g_assert_null(lpm_opts_get(opts, "b"));
    g_assert_cmpstr(text, ==, "d,a=4,,5");
}

static void add_all(const char *name, gsize n, GTestDataFunc function)
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/domain/%s/%" G_GSIZE_FORMAT,
                                                name, i);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), function);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_all("made", G_N_ELEMENTS(made), test_made);
    add_all("refused", G_N_ELEMENTS(refused), test_refused);
    add_all("bad-policy", G_N_ELEMENTS(bad_policies), test_bad_policy);
    add_all("judged", G_N_ELEMENTS(judged), test_judged);
    g_test_add_func("/domain/comes-back", test_comes_back);
    g_test_add_func("/domain/take-use", test_take_use);
    g_test_add_func("/domain/no-policy", test_no_policy);
    g_test_add_func("/domain/opts", test_opts);
    g_test_add_func("/domain/set", test_set);
    g_test_add_func("/domain/set-refused", test_set_refused);
    return g_test_run();
}
