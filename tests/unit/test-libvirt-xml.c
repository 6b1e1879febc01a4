/*
 * Records from what a libvirt daemon told
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The XML in tests/data/libvirt was recorded from libvirt 9.0 and QEMU 10.0;
 * nodedev-fc-host.xml and nodedev-vport.xml are from its test driver and
 * domain-rich.xml is ours.
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/gather-libvirt.h"
#include "facts/xml.h"

static char *data(const char *name)
{
    g_autofree char *path = g_strconcat(g_getenv("LPM_TEST_DATA"),
                                        "/libvirt/", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static LpmLibvirtRaw *raw_new(void)
{
    LpmLibvirtRaw *raw = lpm_libvirt_raw_new("U");

    raw->why_domcapabilities = g_strdup("not asked");
    return raw;
}

static LpmLibvirtDomain *add_domain(LpmLibvirtRaw *raw, const char *name,
                                    char *xml)
{
    LpmLibvirtDomain *domain = lpm_libvirt_raw_domain(raw, name);

    domain->xml = xml;
    domain->state = LPM_LIBVIRT_RUNNING;
    domain->persistent = LPM_LIBVIRT_YES;
    domain->saved = LPM_LIBVIRT_NO;
    domain->leaves = domain->arrives = LPM_LIBVIRT_NO;
    return domain;
}

/* What @node has in @field as text; "?" and why when it is absent. */
static void has(const LpmNode *node, LpmField field, const char *wanted)
{
    const LpmValue *value = lpm_node_get(node, field);
    g_autofree char *text = value != NULL ? lpm_value_text(field, value) :
                            g_strdup("?");

    g_test_message("%s", lpm_field_info(field)->name);
    g_assert_cmpstr(text, ==, wanted);
    if (value != NULL) {
        g_assert_nonnull(lpm_node_origin(node, field));
    }
}

static void from(const LpmNode *node, LpmField field, const char *wanted)
{
    g_assert_cmpstr(lpm_node_origin(node, field), ==, wanted);
}

static void why(const LpmNode *node, LpmField field)
{
    has(node, field, "?");
    g_assert_nonnull(lpm_node_why(node, field));
}

static LpmNode *read_raw(LpmLibvirtRaw *raw)
{
    g_autoptr(GError) error = NULL;
    LpmNode *system = lpm_libvirt_read(raw, &error);

    g_assert_no_error(error);
    g_assert_nonnull(system);
    return system;
}

static const LpmNode *host_of(const LpmNode *system)
{
    const LpmNode *host = lpm_node_find(system, LPM_SYSTEM_IOSERVERS,
                                        "host");

    g_assert_nonnull(host);
    return host;
}

static void test_recorded(void)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autoptr(LpmNode) system = NULL;
    LpmLibvirtNetwork *network = lpm_libvirt_raw_network(raw, "lan");
    LpmLibvirtDoc *volume = lpm_libvirt_raw_volume(raw, "images");
    LpmLibvirtDoc *disk = lpm_libvirt_raw_nodedev(raw, "block_vda");
    const LpmNode *part, *item;

    raw->hostname = g_strdup("hosta");
    raw->capabilities = data("capabilities.xml");
    raw->domcapabilities = data("domcapabilities.xml");
    raw->memory_mib = 24105;
    raw->cpus = 2;
    raw->free_bytes = G_GUINT64_CONSTANT(3) << 30;
    raw->free_told = TRUE;
    network->xml = data("network.xml");
    network->active = LPM_LIBVIRT_YES;
    lpm_libvirt_raw_interface(raw, "br0")->xml = data("interface.xml");
    lpm_libvirt_raw_interface(raw, "lo")->xml =
        g_strdup("<interface type='ethernet' name='lo'/>");
    volume->xml = data("volume.xml");
    volume->pool_xml = g_strdup("<pool type='dir'/>");
    disk->xml = data("nodedev-storage.xml");
    add_domain(raw, "lpar1", data("domain-live.xml"));
    system = read_raw(raw);

    has(system, LPM_SYSTEM_NAME, "hosta");
    has(system, LPM_SYSTEM_PROCESSOR, "other");
    has(system, LPM_SYSTEM_MANAGER, "libvirt");
    has(system, LPM_SYSTEM_ACTIVE_CAPABLE, "yes");
    has(system, LPM_SYSTEM_VTPM_CAPABLE, "no");
    has(system, LPM_SYSTEM_MEM_TOTAL, "24105");
    has(system, LPM_SYSTEM_MEM_FREE, "3072");
    has(system, LPM_SYSTEM_CPUS, "2");
    has(system, LPM_SYSTEM_HUGE_FREE, "0");
    has(system, LPM_SYSTEM_MOVES, "0");
    why(system, LPM_SYSTEM_PREFERRED_MODES);
    why(system, LPM_SYSTEM_LMB);
    item = lpm_node_get(system, LPM_SYSTEM_CONSOLE)->sub;
    has(item, LPM_CONSOLE_NAME,
        "libvirtd 17986169-0a6c-4da0-88eb-9e92720ca900");
    has(item, LPM_CONSOLE_KIND, "libvirt");
    has(item, LPM_CONSOLE_VERSION, "?");
    item = lpm_node_find(system, LPM_SYSTEM_VSWITCHES, "lan");
    has(item, LPM_VSWITCH_BRIDGE, "br0");
    has(item, LPM_VSWITCH_ACTIVE, "yes");
    has(item, LPM_VSWITCH_MODE, "veb");
    has(host_of(system), LPM_IOSERVER_BRIDGES, "1");
    item = lpm_node_find(host_of(system), LPM_IOSERVER_BRIDGES, "br0");
    has(item, LPM_BRIDGE_VSWITCH, "lan");
    why(item, LPM_BRIDGE_CONNECTED);
    why(item, LPM_BRIDGE_VLANS);
    has(host_of(system), LPM_IOSERVER_MOVER, "yes");
    why(host_of(system), LPM_IOSERVER_ADAPTER_KINDS);
    item = lpm_node_find(host_of(system), LPM_IOSERVER_VOLUMES,
                         "/srv/lpm/img/disk.img");
    has(item, LPM_VOLUME_KIND, "file");
    has(item, LPM_VOLUME_SIZE, "64");
    why(item, LPM_VOLUME_IDENTITY);
    item = lpm_node_find(host_of(system), LPM_IOSERVER_VOLUMES, "/dev/vda");
    has(item, LPM_VOLUME_KIND, "physical");
    has(item, LPM_VOLUME_SIZE, "262144");
    why(item, LPM_VOLUME_IDENTITY);

    part = lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "lpar1");
    has(part, LPM_PARTITION_UUID, "7a4be2a6-8a6f-4a5f-9c3e-2f6a27c1d001");
    has(part, LPM_PARTITION_STATE, "running");
    has(part, LPM_PARTITION_PERSISTENT, "yes");
    has(part, LPM_PARTITION_OS, "linux");
    has(part, LPM_PARTITION_DISTRIBUTION, "debian");
    has(part, LPM_PARTITION_RMC, "no");
    has(part, LPM_PARTITION_PREFERRED_MODE, "power9");
    from(part, LPM_PARTITION_PREFERRED_MODE,
         "libvirt U: domain XML /domain/qemu:commandline/arg[2]/@value");
    why(part, LPM_PARTITION_CURRENT_MODE);
    has(part, LPM_PARTITION_PROCS, "1");
    has(part, LPM_PARTITION_PROCS_MAX, "2");
    has(part, LPM_PARTITION_MEM, "512");
    has(part, LPM_PARTITION_MEM_MAX, "512");
    has(part, LPM_PARTITION_HUGE_PAGES, "0");
    has(part, LPM_PARTITION_PHYSICAL_IO, "none");
    has(part, LPM_PARTITION_SRIOV, "0");
    has(part, LPM_PARTITION_SERIAL_SLOTS, "0");
    has(part, LPM_PARTITION_TAPE_OPTICAL, "none");
    has(part, LPM_PARTITION_TRUSTED_BOOT, "no");
    has(part, LPM_PARTITION_DISKS, "1");
    has(part, LPM_PARTITION_VFC, "0");
    item = lpm_node_find(part, LPM_PARTITION_DISKS, "sda");
    has(item, LPM_DISK_VOLUME, "/srv/lpm/img/disk.img");
    from(item, LPM_DISK_VOLUME,
         "libvirt U: domain XML /domain/devices/disk[1]/source/@file");
    has(item, LPM_DISK_SHARED, "yes");
    why(item, LPM_DISK_IDENTITY);
    item = lpm_node_find(part, LPM_PARTITION_VSCSI, "0x00002000");
    has(item, LPM_VSCSI_IOSERVER, "host");
    item = lpm_node_find(part, LPM_PARTITION_VETH, "net0");
    has(item, LPM_VETH_MAC, "52:54:00:12:34:56");
    has(item, LPM_VETH_VSWITCH, "lan");
    has(item, LPM_VETH_BRIDGED, "yes");
    has(item, LPM_VETH_ENABLED, "yes");
    has(item, LPM_VETH_VSI, "no");
    why(item, LPM_VETH_VLANS);
}

static void test_inactive(void)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autoptr(LpmNode) system = NULL;
    LpmLibvirtDomain *off = add_domain(raw, "off",
                                       data("domain-inactive.xml"));
    const LpmNode *part;

    off->state = LPM_LIBVIRT_SHUTOFF;
    add_domain(raw, "saved", data("domain-inactive.xml"))->state =
        LPM_LIBVIRT_SHUTOFF;
    ((LpmLibvirtDomain *)raw->domains->pdata[1])->saved = LPM_LIBVIRT_YES;
    add_domain(raw, "odd", data("domain-inactive.xml"))->state =
        LPM_LIBVIRT_SHUTOFF;
    ((LpmLibvirtDomain *)raw->domains->pdata[2])->saved =
        LPM_LIBVIRT_NOT_TOLD;
    raw->why_networks = g_strdup("no network driver");
    raw->why_nodedevs = g_strdup("no node devices");
    raw->why_interfaces = g_strdup("no interfaces");
    system = read_raw(raw);
    part = lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "off");
    has(part, LPM_PARTITION_STATE, "not-activated");
    has(part, LPM_PARTITION_ACTIVATED, "?");
    /* the network of its NIC is not known: it may hand out functions */
    why(part, LPM_PARTITION_PHYSICAL_IO);
    why(part, LPM_PARTITION_SRIOV);
    has(lpm_node_find(part, LPM_PARTITION_VETH, "net0"), LPM_VETH_BRIDGED,
        "?");
    part = lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "saved");
    has(part, LPM_PARTITION_STATE, "suspended");
    part = lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "odd");
    why(part, LPM_PARTITION_STATE);
    why(system, LPM_SYSTEM_VSWITCHES);
    /* without all who add to it, the list would say too much */
    why(host_of(system), LPM_IOSERVER_VOLUMES);
    why(host_of(system), LPM_IOSERVER_FC_PORTS);
    why(host_of(system), LPM_IOSERVER_BRIDGES);
}

static void test_rich(void)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autoptr(LpmNode) system = NULL;
    LpmLibvirtDoc *volume = lpm_libvirt_raw_volume(raw, "images");
    LpmLibvirtDoc *disk = lpm_libvirt_raw_nodedev(raw, "block_vda");
    g_autofree char *plain = data("nodedev-storage.xml");
    const char *parent = strstr(plain, "<parent>");
    const LpmNode *part, *item;

    volume->xml = data("volume.xml");
    volume->pool_xml = g_strdup("<pool type='dir'/>");
    disk->xml = g_strdup_printf(
        "%.*s<devnode type='link'>/dev/disk/by-id/nvme-eui.0025385b71b00a1f"
        "</devnode>%s", (int)(parent - plain), plain, parent);
    add_domain(raw, "rich", data("domain-rich.xml"));
    system = read_raw(raw);
    part = lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "rich");
    has(part, LPM_PARTITION_PREFERRED_MODE, "power8");
    from(part, LPM_PARTITION_PREFERRED_MODE,
         "libvirt U: domain XML /domain/cpu/model");
    has(part, LPM_PARTITION_MEM, "4095");
    has(part, LPM_PARTITION_MEM_MAX, "8192");
    has(part, LPM_PARTITION_HUGE_PAGES, "256");
    has(part, LPM_PARTITION_PROCS, "8");
    has(part, LPM_PARTITION_TAPE_OPTICAL, "sde");
    has(part, LPM_PARTITION_SERIAL_SLOTS, "0, 1");
    has(part, LPM_PARTITION_RMC, "yes");
    has(part, LPM_PARTITION_TRUSTED_BOOT, "yes");
    has(part, LPM_PARTITION_SRIOV, "2");
    has(part, LPM_PARTITION_PHYSICAL_IO,
        "hostdev type=pci domain=0x0000 bus=0x01 slot=0x00 function=0x2, "
        "pci domain=0x0000 bus=0x06 slot=0x12 function=0x5, "
        "usb id=0x1234 id=0xbeef");
    has(part, LPM_PARTITION_DISKS, "4");
    item = lpm_node_find(part, LPM_PARTITION_DISKS, "sda");
    has(item, LPM_DISK_IDENTITY, "naa.600507680c8081be3000000000000abc");
    has(item, LPM_DISK_SHARED, "no");
    item = lpm_node_find(part, LPM_PARTITION_DISKS, "sdb");
    has(item, LPM_DISK_IDENTITY, "eui.0025385b71b00a1f");
    item = lpm_node_find(part, LPM_PARTITION_DISKS, "sdc");
    has(item, LPM_DISK_VOLUME, "/srv/lpm/img/disk.img");
    why(item, LPM_DISK_IDENTITY);
    item = lpm_node_find(part, LPM_PARTITION_DISKS, "vdd");
    has(item, LPM_DISK_VOLUME, "pool/image");
    why(item, LPM_DISK_IDENTITY);
    item = lpm_node_find(part, LPM_PARTITION_VETH, "net0");
    has(item, LPM_VETH_VLANS, "42, 43");
    has(item, LPM_VETH_ENABLED, "no");
    has(item, LPM_VETH_VSWITCH, "br0");
    has(part, LPM_PARTITION_VETH, "1");
    has(part, LPM_PARTITION_VSCSI, "1");
    has(part, LPM_PARTITION_VFC, "2");
    item = lpm_node_find(part, LPM_PARTITION_VFC, "0x3000");
    has(item, LPM_VFC_WWPN, "c05076000a000001");
    has(item, LPM_VFC_WWPN2, "c05076000a000002");
    has(item, LPM_VFC_PORT, "host5");
    item = lpm_node_find(part, LPM_PARTITION_VFC, "12289");
    has(item, LPM_VFC_WWPN, "c05076000a000003");
    has(item, LPM_VFC_WWPN2, "?");
    has(item, LPM_VFC_PORT, "host7");
}

static void test_fc(void)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autoptr(LpmNode) system = NULL;
    const LpmNode *port;

    lpm_libvirt_raw_nodedev(raw, "scsi_host11")->xml =
        data("nodedev-vport.xml");
    lpm_libvirt_raw_nodedev(raw, "scsi_host1")->xml =
        data("nodedev-fc-host.xml");
    system = read_raw(raw);
    has(host_of(system), LPM_IOSERVER_FC_PORTS, "1");
    port = lpm_node_find(host_of(system), LPM_IOSERVER_FC_PORTS, "host1");
    has(port, LPM_FCPORT_NPIV, "yes");
    has(port, LPM_FCPORT_PORTS_MAX, "0");
    has(port, LPM_FCPORT_PORTS_USED, "0");
    has(port, LPM_FCPORT_LOGGED_IN, "1000000034563456");
    why(port, LPM_FCPORT_ONLINE);
}

static void test_moves(void)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autoptr(LpmNode) system = NULL;
    g_autoptr(LpmNode) again = NULL;
    LpmLibvirtDomain *leaves = add_domain(raw, "leaves",
                                          data("domain-live.xml"));
    LpmLibvirtDomain *arrives = add_domain(raw, "arrives",
                                           data("domain-live.xml"));

    leaves->leaves = LPM_LIBVIRT_YES;
    arrives->arrives = LPM_LIBVIRT_YES;
    system = read_raw(raw);
    has(system, LPM_SYSTEM_MOVES, "2");
    has(lpm_node_find(system, LPM_SYSTEM_MOVES, "leaves"),
        LPM_RUNNING_DIRECTION, "outbound");
    has(lpm_node_find(system, LPM_SYSTEM_MOVES, "arrives"),
        LPM_RUNNING_DIRECTION, "inbound");
    leaves->leaves = LPM_LIBVIRT_NOT_TOLD;
    again = read_raw(raw);
    why(again, LPM_SYSTEM_MOVES);
}

static void test_pages(void)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autofree char *xml = data("capabilities.xml");
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) sizes = lpm_libvirt_page_sizes(xml, &error);
    g_autoptr(LpmNode) system = NULL;
    LpmLibvirtPages pages = { 2048, 17 };

    g_assert_no_error(error);
    g_assert_cmpuint(sizes->len, ==, 2);
    g_assert_cmpuint(g_array_index(sizes, guint, 0), ==, 2048);
    g_assert_cmpuint(g_array_index(sizes, guint, 1), ==, 1048576);
    g_array_append_val(raw->pages, pages);
    system = read_raw(raw);
    /* 17 pages, but nobody knows of which size the guest wants them */
    why(system, LPM_SYSTEM_HUGE_FREE);
}

/* Mode, as @xml between <domain> tags tells it; NULL: it does not. */
static void test_modes(void)
{
#define CPU(mode, model)  "<cpu mode='" mode "'><model>" model              \
                          "</model></cpu>"
#define ARGS(a, b)        "<q:commandline><q:arg value='" a "'/>"           \
                          "<q:arg value='" b "'/></q:commandline>"
    static const struct {
        const char *xml;
        const char *mode;
    } rows[] = {
        { "", "?" },
        { CPU("host-model", "power9"), "power9" },
        { CPU("host-model", "POWER9"), "power9" },
        { CPU("host-model", "Haswell"), "?" },
        { CPU("custom", "POWER9"), "?" },
        { CPU("host-passthrough", "power9"), "?" },
        { ARGS("-machine", "max-cpu-compat=power8"), "power8" },
        { ARGS("-M", "pseries,max-cpu-compat=power8,x=y"), "power8" },
        { ARGS("--machine", "max-cpu-compat=power8"), "power8" },
        { ARGS("-machine", "xmax-cpu-compat=power8"), "?" },
        { ARGS("-append", "max-cpu-compat=power8"), "?" },
        { ARGS("-machine", "max-cpu-compat=power8,max-cpu-compat=power9"),
          "power9" },
        { ARGS("-machine", "max-cpu-compat="), "default" },
        { ARGS("-machine", "max-cpu-compat=nonsense"), "?" },
        { ARGS("-cpu", "POWER10,compat=power9"), "power9" },
        { CPU("host-model", "power9") ARGS("-machine",
                                           "max-cpu-compat=power8"),
          "power8" },
        { CPU("host-model", "power9") ARGS("-machine",
                                           "max-cpu-compat=wrong"), "?" },
        { CPU("host-model", "power9") ARGS("-readconfig", "file"), "?" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(LpmLibvirtRaw) raw = raw_new();
        g_autoptr(LpmNode) system = NULL;

        add_domain(raw, "d",
                   g_strconcat("<domain xmlns:q='q'><devices/>",
                               rows[i].xml, "</domain>", NULL));
        system = read_raw(raw);
        g_test_message("%s", rows[i].xml);
        has(lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "d"),
            LPM_PARTITION_PREFERRED_MODE, rows[i].mode);
    }
}

static void refuse(char *xml, LpmErrorCode code)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_new();
    g_autoptr(GError) error = NULL;
    LpmNode *system;

    add_domain(raw, "d", xml);
    system = lpm_libvirt_read(raw, &error);
    g_assert_null(system);
    g_assert_error(error, LPM_ERROR, (int)code);
    g_test_message("%s", error->message);
}

static void test_hostile(void)
{
    GString *many = g_string_new("<domain>");

    refuse(g_strdup(""), LPM_ERROR_MALFORMED);
    refuse(g_strdup("<domain>"), LPM_ERROR_MALFORMED);
    refuse(g_strdup("<network/>"), LPM_ERROR_MALFORMED);
    refuse(g_strdup("<domain>\xff</domain>"), LPM_ERROR_MALFORMED);
    refuse(g_strdup("<!DOCTYPE d [<!ENTITY a 'b'>]><domain>&a;</domain>"),
           LPM_ERROR_MALFORMED);
    refuse(g_strdup("<!DOCTYPE d SYSTEM 'http://127.0.0.1:1/'><domain/>"),
           LPM_ERROR_MALFORMED);
    refuse(g_strdup("<domain>&undeclared;</domain>"), LPM_ERROR_MALFORMED);
    /* as UTF-7 this is a DOCTYPE; we read it as what it is */
    refuse(g_strdup("<?xml version='1.0' encoding='UTF-7'?>"
                    "+ADwAIQ-DOCTYPE d+AD4-<domain/>"),
           LPM_ERROR_MALFORMED);
    refuse(g_strnfill(LPM_LIBVIRT_XML_MAX + 1, ' '), LPM_ERROR_LIMIT);
    for (guint i = 0; i <= LPM_XML_TAGS_MAX; i++) {
        g_string_append(many, "<a/>");
    }
    g_string_append(many, "</domain>");
    refuse(g_string_free(many, FALSE), LPM_ERROR_LIMIT);
    many = g_string_new(NULL);
    for (guint i = 0; i < 100000; i++) {
        g_string_append(many, "<domain>");
    }
    refuse(g_string_free(many, FALSE), LPM_ERROR_MALFORMED);
}

/* The glue, on libvirt's own driver for tests: no daemon is needed. */
static void test_driver(void)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GError) error = NULL;
    const LpmNode *system = lpm_facts_system(facts, LPM_SIDE_SOURCE);
    gboolean done = lpm_gather_libvirt(facts, LPM_SIDE_SOURCE,
                                       "test:///default", "test", &error);

    g_assert_no_error(error);
    g_assert_true(done);
    has(lpm_node_find(system, LPM_SYSTEM_PARTITIONS, "test"),
        LPM_PARTITION_STATE, "running");
    has(system, LPM_SYSTEM_CPUS, "16");
    g_assert_nonnull(lpm_node_find(host_of(system), LPM_IOSERVER_FC_PORTS,
                                   "host1"));
    done = lpm_gather_libvirt(facts, LPM_SIDE_DESTINATION,
                              "test:///default", "nosuch", &error);
    g_assert_false(done);
    g_assert_error(error, LPM_ERROR, LPM_ERROR_STATE);
    g_assert_nonnull(strstr(error->message, "it has test"));
    /* nothing of a failed attempt is kept */
    g_assert_null(lpm_node_get(lpm_facts_system(facts, LPM_SIDE_DESTINATION),
                               LPM_SYSTEM_CPUS));
}

static void test_no_daemon(void)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GError) error = NULL;

    g_assert_false(lpm_gather_libvirt(
        facts, LPM_SIDE_SOURCE, "qemu+unix:///system?socket=/nonexistent",
        NULL, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "virConnectOpenReadOnly"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/libvirt/xml/recorded", test_recorded);
    g_test_add_func("/lpm/libvirt/xml/inactive", test_inactive);
    g_test_add_func("/lpm/libvirt/xml/rich", test_rich);
    g_test_add_func("/lpm/libvirt/xml/fc", test_fc);
    g_test_add_func("/lpm/libvirt/xml/moves", test_moves);
    g_test_add_func("/lpm/libvirt/xml/pages", test_pages);
    g_test_add_func("/lpm/libvirt/xml/modes", test_modes);
    g_test_add_func("/lpm/libvirt/xml/hostile", test_hostile);
    g_test_add_func("/lpm/libvirt/driver", test_driver);
    g_test_add_func("/lpm/libvirt/no-daemon", test_no_daemon);
    return g_test_run();
}
