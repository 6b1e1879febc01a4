/*
 * Facts of a host, from trees that look like /proc and /sys
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "facts/gather-host.h"

typedef struct Tree {
    char *root;
    LpmFacts *facts;
    const LpmNode *system;
    const LpmNode *host;
} Tree;

static void set_up(Tree *tree, gconstpointer data)
{
    (void)data;
    tree->root = g_dir_make_tmp("lpm-host-XXXXXX", NULL);
    g_assert_nonnull(tree->root);
}

static void remove_all(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL :
                g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_all(below);
    }
    if (dir != NULL) {
        g_dir_close(dir);
    }
    g_remove(path);
}

static void tear_down(Tree *tree, gconstpointer data)
{
    (void)data;
    remove_all(tree->root);
    g_free(tree->root);
    lpm_facts_free(tree->facts);
}

static char *make_room(const Tree *tree, const char *path)
{
    char *full = g_strconcat(tree->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    return full;
}

static void put_bytes(const Tree *tree, const char *path, const void *bytes,
                      gsize len)
{
    g_autofree char *full = make_room(tree, path);

    g_assert_true(g_file_set_contents(full, bytes, (gssize)len, NULL));
}

static void put(const Tree *tree, const char *path, const char *text)
{
    put_bytes(tree, path, text, strlen(text));
}

static void put_link(const Tree *tree, const char *path, const char *to)
{
    g_autofree char *full = make_room(tree, path);

    g_assert_cmpint(symlink(to, full), ==, 0);
}

static void gather(Tree *tree)
{
    g_autoptr(GError) error = NULL;
    gboolean done;

    lpm_facts_free(tree->facts);
    tree->facts = lpm_facts_new();
    put(tree, "/proc/meminfo", "MemTotal:       24684084 kB\n"
        "MemFree:         1000000 kB\nMemAvailable:    2097152 kB\n");
    done = lpm_gather_host(tree->facts, LPM_SIDE_SOURCE, tree->root, &error);
    g_assert_no_error(error);
    g_assert_true(done);
    tree->system = lpm_facts_system(tree->facts, LPM_SIDE_SOURCE);
    tree->host = lpm_node_find(tree->system, LPM_SYSTEM_IOSERVERS, "host");
    g_assert_nonnull(tree->host);
}

static void has(const LpmNode *node, LpmField field, const char *wanted)
{
    const LpmValue *value = lpm_node_get(node, field);
    g_autofree char *text = value != NULL ? lpm_value_text(field, value) :
                            g_strdup("?");

    g_test_message("%s", lpm_field_info(field)->name);
    g_assert_cmpstr(text, ==, wanted);
}

static void test_memory(Tree *tree, gconstpointer data)
{
    g_autofree char *origin = g_strconcat(tree->root,
                                          "/proc/meminfo MemTotal", NULL);

    (void)data;
    gather(tree);
    has(tree->system, LPM_SYSTEM_MEM_TOTAL, "24105");
    has(tree->system, LPM_SYSTEM_MEM_FREE, "2048");
    g_assert_cmpstr(lpm_node_origin(tree->system, LPM_SYSTEM_MEM_TOTAL), ==,
                    origin);
    has(tree->system, LPM_SYSTEM_HUGE_FREE, "?");
    has(tree->system, LPM_SYSTEM_MEM_CONTIGUOUS, "?");
    put(tree, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
        "0\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_HUGE_FREE, "0");
    put(tree, "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages",
        "5\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_HUGE_FREE, "?");
}

static void test_contiguous(Tree *tree, gconstpointer data)
{
    guint64 page = (guint64)sysconf(_SC_PAGESIZE);
    g_autofree char *wanted = g_strdup_printf(
        "%" G_GUINT64_FORMAT, (page << 9) >> 20);

    (void)data;
    put(tree, "/proc/buddyinfo",
        "Node 0, zone   Normal  1 2 3 4 5 6 7 8 9 1 0\n"
        "Node 0, zone      DMA  1 2 3 4 5 6 7 8 0 0 0\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_MEM_CONTIGUOUS, wanted);
    /* any of the largest size: there may be many in a row */
    put(tree, "/proc/buddyinfo",
        "Node 0, zone   Normal  1 2 3 4 5 6 7 8 9 1 1\n"
        "Node 0, zone      DMA  1 2 3 4 5 6 7 8 0 0 0\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_MEM_CONTIGUOUS, "?");
}

static void test_processor(Tree *tree, gconstpointer data)
{
    static const struct {
        const char *text;
        const char *type;
    } rows[] = {
        { "cpu\t\t: POWER9, altivec\nrevision\t: 2.2 (pvr 004e 1202)\n",
          "POWER9" },
        /* the name is that of the mode, the register that of the chip */
        { "cpu\t\t: POWER9 (architected)\nrevision\t: 2.0 (pvr 0080 0200)\n",
          "POWER10" },
        { "revision\t: 2.0 (pvr 003e 0200)\n", "?" },
        { "revision\t: 2.0 (pvr zzzz 0200)\n", "?" },
        { "cpu\t\t: POWER9\n", "?" },
        { "vendor_id\t: GenuineIntel\n", "other" },
        { "", "?" },
    };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        put(tree, "/proc/cpuinfo", rows[i].text);
        gather(tree);
        has(tree->system, LPM_SYSTEM_PROCESSOR, rows[i].type);
    }
    put(tree, "/sys/devices/system/cpu/online", "0-3,8,10-11\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_CPUS, "7");
    put(tree, "/sys/devices/system/cpu/online", "3-0\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_CPUS, "?");
    put_bytes(tree, "/proc/device-tree/model", "IBM,8286-42A", 13);
    put_bytes(tree, "/proc/device-tree/system-id", "IBM,0221C7EFT", 14);
    gather(tree);
    has(tree->system, LPM_SYSTEM_TYPE_MODEL, "8286-42A");
    has(tree->system, LPM_SYSTEM_SERIAL, "21C7EFT");
    put(tree, "/proc/device-tree/model", "ProLiant DL380");
    gather(tree);
    has(tree->system, LPM_SYSTEM_TYPE_MODEL, "?");
}

static void test_power(Tree *tree, gconstpointer data)
{
    (void)data;
    gather(tree);
    has(tree->system, LPM_SYSTEM_ON_BATTERY, "?");
    put(tree, "/sys/class/power_supply/AC/type", "Mains\n");
    put(tree, "/sys/class/power_supply/AC/online", "1\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_ON_BATTERY, "no");
    put(tree, "/sys/class/power_supply/AC/online", "0\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_ON_BATTERY, "?");
    put(tree, "/sys/class/power_supply/mouse/type", "Battery\n");
    put(tree, "/sys/class/power_supply/mouse/scope", "Device\n");
    put(tree, "/sys/class/power_supply/mouse/status", "Discharging\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_ON_BATTERY, "?");
    put(tree, "/sys/class/power_supply/ups/type", "UPS\n");
    put(tree, "/sys/class/power_supply/ups/status", "Discharging\n");
    gather(tree);
    has(tree->system, LPM_SYSTEM_ON_BATTERY, "yes");
}

static void test_bridges(Tree *tree, gconstpointer data)
{
    const LpmNode *bridge;

    (void)data;
    put(tree, "/sys/class/net/eth0/device/vendor", "0x8086\n");
    put(tree, "/sys/class/net/eth0/carrier", "1\n");
    put(tree, "/sys/class/net/eth0/speed", "25000\n");
    put(tree, "/sys/class/net/vnet0/carrier", "1\n");
    put(tree, "/sys/class/net/br0/bridge/vlan_filtering", "0\n");
    put(tree, "/sys/class/net/br0/brif/eth0/state", "3\n");
    put(tree, "/sys/class/net/br0/brif/vnet0/state", "3\n");
    /* a bond below a VLAN interface below a bridge */
    put(tree, "/sys/class/net/bond0/bonding/slaves", "eth1 eth2\n");
    put(tree, "/sys/class/net/bond0.7/lower_bond0/x", "");
    put(tree, "/sys/class/net/bond0.7/carrier", "0\n");
    put(tree, "/proc/net/vlan/bond0.7", "bond0.7  VID: 7\t REORDER_HDR: 1\n");
    put(tree, "/sys/class/net/br7/bridge/vlan_filtering", "0\n");
    put(tree, "/sys/class/net/br7/brif/bond0.7/state", "3\n");
    /* no way out, and one whose members go round in a circle */
    put(tree, "/sys/class/net/br8/bridge/vlan_filtering", "1\n");
    put(tree, "/sys/class/net/br8/brif/loop0/state", "3\n");
    put(tree, "/sys/class/net/loop0/lower_loop0/x", "");
    gather(tree);
    has(tree->host, LPM_IOSERVER_BRIDGES, "3");
    bridge = lpm_node_find(tree->host, LPM_IOSERVER_BRIDGES, "br0");
    has(bridge, LPM_BRIDGE_CONNECTED, "yes");
    has(bridge, LPM_BRIDGE_SPEED, "25000");
    has(bridge, LPM_BRIDGE_AGGREGATED, "no");
    has(bridge, LPM_BRIDGE_VLANS, "*");
    bridge = lpm_node_find(tree->host, LPM_IOSERVER_BRIDGES, "br7");
    has(bridge, LPM_BRIDGE_CONNECTED, "no");
    has(bridge, LPM_BRIDGE_SPEED, "?");
    has(bridge, LPM_BRIDGE_AGGREGATED, "yes");
    has(bridge, LPM_BRIDGE_VLANS, "7");
    bridge = lpm_node_find(tree->host, LPM_IOSERVER_BRIDGES, "br8");
    has(bridge, LPM_BRIDGE_CONNECTED, "no");
    has(bridge, LPM_BRIDGE_VLANS, "?");
}

static void test_fc(Tree *tree, gconstpointer data)
{
    const LpmNode *port;

    (void)data;
#define DEVICE "/sys/devices/pci0/0000:10:00.0/host5"
    put(tree, DEVICE "/fc_host/host5/port_state", "Online\n");
    put(tree, DEVICE "/fc_host/host5/max_npiv_vports", "254\n");
    put(tree, DEVICE "/fc_host/host5/npiv_vports_inuse", "1\n");
    put(tree, DEVICE "/vport-5:0-0/host6/fc_host/host6/port_name",
        "0xC05076000A000001\n");
    put_link(tree, "/sys/class/fc_host/host5",
             "../../devices/pci0/0000:10:00.0/host5/fc_host/host5");
    put_link(tree, "/sys/class/fc_host/host6", "../../devices/pci0/"
             "0000:10:00.0/host5/vport-5:0-0/host6/fc_host/host6");
    put(tree, "/sys/class/fc_remote_ports/rport-5:0-1/roles",
        "FCP Target\n");
    put(tree, "/sys/class/fc_remote_ports/rport-5:0-1/port_state",
        "Online\n");
    put(tree, "/sys/class/fc_remote_ports/rport-5:0-1/port_name",
        "0x500507680c110001\n");
    put(tree, "/sys/class/fc_remote_ports/rport-5:0-2/roles",
        "FCP Initiator\n");
    put(tree, "/sys/class/fc_remote_ports/rport-5:0-2/port_state",
        "Online\n");
    put(tree, "/sys/class/fc_remote_ports/rport-5:0-2/port_name",
        "0x500507680c110002\n");
    gather(tree);
    has(tree->host, LPM_IOSERVER_FC_PORTS, "1");
    port = lpm_node_find(tree->host, LPM_IOSERVER_FC_PORTS, "host5");
    has(port, LPM_FCPORT_ONLINE, "yes");
    has(port, LPM_FCPORT_NPIV, "yes");
    has(port, LPM_FCPORT_PORTS_MAX, "254");
    has(port, LPM_FCPORT_PORTS_USED, "1");
    has(port, LPM_FCPORT_ADAPTER, "0000:10:00.0");
    has(port, LPM_FCPORT_LOGGED_IN, "c05076000a000001");
    has(port, LPM_FCPORT_TARGETS, "500507680c110001");
    has(port, LPM_FCPORT_FABRIC, "?");
    has(port, LPM_FCPORT_TOPOLOGY, "?");
    has(port, LPM_FCPORT_LINK_UNCHANGED, "?");
    g_assert_nonnull(lpm_node_why(port, LPM_FCPORT_FABRIC));
    g_assert_nonnull(lpm_node_why(port, LPM_FCPORT_TOPOLOGY));
    g_assert_nonnull(lpm_node_why(port, LPM_FCPORT_LINK_UNCHANGED));
}

/* How the kernel names what a port is attached to. */
static void test_fc_topology(Tree *tree, gconstpointer data)
{
    static const char *const rows[][2] = {
        { "NPort (fabric via point-to-point)\n", "fabric-point-to-point" },
        { "NLPort (fabric via loop)\n", "fabric-loop" },
        { "LPort (private loop)\n", "private-loop" },
        { "Point-To-Point (direct nport connection)\n", "direct" },
        { "Unknown\n", "?" },
        { "Not Present\n", "?" },
        { "NPort\n", "?" },
        { "", "?" },
    };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        put(tree, "/sys/class/fc_host/host5/port_type", rows[i][0]);
        gather(tree);
        has(lpm_node_find(tree->host, LPM_IOSERVER_FC_PORTS, "host5"),
            LPM_FCPORT_TOPOLOGY, rows[i][1]);
    }
}

static void test_fc_vports(Tree *tree, gconstpointer data)
{
    static const char *const rows[][3] = {
        { "Active\n", "Linkdown\n", "yes" },
        { "Linkdown\n", "Active\n", "yes" },
        { "No Fabric Support\n", "Linkdown\n", "no" },
        { "Linkdown\n", "No Fabric Support\n", "no" },
        /* the switch was exchanged; one login shows that it can */
        { "Active\n", "No Fabric Support\n", "yes" },
        { "No Fabric Support\n", "Active\n", "yes" },
        { "No Fabric Resources\n", "VPort Failed\n", "?" },
        { "active\n", "Initializing\n", "?" },
    };

    (void)data;
    put(tree, "/sys/class/fc_host/host5/port_state", "Online\n");
    put(tree, "/sys/class/fc_host/host51/port_state", "Online\n");
    /* of a port that is not there, and none */
    put(tree, "/sys/class/fc_vports/vport-6:0-0/vport_state", "Active\n");
    put(tree, "/sys/class/fc_vports/5:0-0/vport_state", "Active\n");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        put(tree, "/sys/class/fc_vports/vport-5:0-0/vport_state",
            rows[i][0]);
        put(tree, "/sys/class/fc_vports/vport-5:0-1/vport_state",
            rows[i][1]);
        gather(tree);
        has(tree->host, LPM_IOSERVER_FC_PORTS, "2");
        has(lpm_node_find(tree->host, LPM_IOSERVER_FC_PORTS, "host5"),
            LPM_FCPORT_FABRIC, rows[i][2]);
        has(lpm_node_find(tree->host, LPM_IOSERVER_FC_PORTS, "host51"),
            LPM_FCPORT_FABRIC, "?");
    }
}

static void test_disks(Tree *tree, gconstpointer data)
{
    /* a T10 text, the name of a port, and the NAA of the unit */
    static const guint8 page[] = {
        0, 0x83, 0, 38, 2, 1, 0, 4, 'A', 'B', 'C', 'D',
        1, 0x13, 0, 8, 0x50, 1, 2, 3, 4, 5, 6, 7,
        1, 3, 0, 8, 0x60, 1, 2, 3, 4, 5, 6, 0xab, 1, 2, 0, 200, 0, 0,
    };
    const LpmNode *disk;

    (void)data;
    put(tree, "/sys/devices/pci/rport-5:0-1/target5:0:0/block/sda/size",
        "4194304\n");
    put(tree, "/sys/devices/pci/rport-5:0-1/target5:0:0/block/sda/queue/"
        "max_sectors_kb", "1280\n");
    put_bytes(tree, "/sys/devices/pci/rport-5:0-1/target5:0:0/block/sda/"
              "device/vpd_pg83", page, sizeof(page));
    put_link(tree, "/sys/block/sda",
             "../devices/pci/rport-5:0-1/target5:0:0/block/sda");
    put(tree, "/sys/block/nvme0n1/size", "2048\n");
    put(tree, "/sys/block/nvme0n1/wwid", "eui.0025385B71B00A1F\n");
    put(tree, "/sys/block/nvme0n1/device/transport", "pcie\n");
    put(tree, "/sys/block/dm-0/size", "2048\n");
    put(tree, "/sys/block/dm-0/dm/uuid",
        "mpath-3600507680c8081be3000000000000abc\n");
    put(tree, "/sys/block/dm-0/dm/name", "mpatha\n");
    put(tree, "/sys/block/dm-0/slaves/sda/x", "");
    put(tree, "/sys/block/dm-0/slaves/sdb/x", "");
    put(tree, "/sys/block/dm-1/size", "2048\n");
    put(tree, "/sys/block/dm-1/dm/uuid", "LVM-abc\n");
    put(tree, "/sys/block/dm-1/dm/name", "vg-lv\n");
    put(tree, "/sys/block/sdb/size", "2048\n");
    put(tree, "/sys/block/sdb/device/wwid", "naa.0000000000000000\n");
    put(tree, "/sys/block/sdc/size", "-1\n");
    put(tree, "/sys/block/loop0/size", "2048\n");
    gather(tree);
    has(tree->host, LPM_IOSERVER_VOLUMES, "5");
    disk = lpm_node_find(tree->host, LPM_IOSERVER_VOLUMES, "/dev/sda");
    has(disk, LPM_VOLUME_IDENTITY, "naa.60010203040506ab");
    has(disk, LPM_VOLUME_SIZE, "2048");
    has(disk, LPM_VOLUME_MAX_TRANSFER, "1280");
    has(disk, LPM_VOLUME_INTERNAL, "no");
    has(disk, LPM_VOLUME_KIND, "physical");
    disk = lpm_node_find(tree->host, LPM_IOSERVER_VOLUMES, "/dev/nvme0n1");
    has(disk, LPM_VOLUME_IDENTITY, "eui.0025385b71b00a1f");
    has(disk, LPM_VOLUME_INTERNAL, "yes");
    disk = lpm_node_find(tree->host, LPM_IOSERVER_VOLUMES,
                         "/dev/mapper/mpatha");
    has(disk, LPM_VOLUME_IDENTITY, "naa.600507680c8081be3000000000000abc");
    has(disk, LPM_VOLUME_PATHS, "2");
    has(disk, LPM_VOLUME_INTERNAL, "?");
    disk = lpm_node_find(tree->host, LPM_IOSERVER_VOLUMES,
                         "/dev/mapper/vg-lv");
    has(disk, LPM_VOLUME_KIND, "logical-volume");
    has(disk, LPM_VOLUME_IDENTITY, "?");
    disk = lpm_node_find(tree->host, LPM_IOSERVER_VOLUMES, "/dev/sdb");
    has(disk, LPM_VOLUME_IDENTITY, "?");
    has(disk, LPM_VOLUME_INTERNAL, "?");
}

/* Any prefix of a page, and any length in it, stays within its bytes. */
static void test_page83(Tree *tree, gconstpointer data)
{
    guint8 page[24];

    (void)data;
    put(tree, "/sys/block/sda/size", "2048\n");
    for (guint len = 0; len <= sizeof(page); len++) {
        memset(page, 0xff, sizeof(page));
        page[1] = 0x83;
        page[5] = 3;
        page[4] = 1;
        page[7] = (guint8)(len * 11);
        put_bytes(tree, "/sys/block/sda/device/vpd_pg83", page, len);
        gather(tree);
        has(lpm_node_find(tree->host, LPM_IOSERVER_VOLUMES, "/dev/sda"),
            LPM_VOLUME_IDENTITY, "?");
    }
}

static void test_hostile(Tree *tree, gconstpointer data)
{
    g_autofree char *fifo = make_room(tree, "/proc/cpuinfo");
    g_autofree char *large = g_strnfill(2 << 20, '0');
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_false(lpm_gather_host(facts, LPM_SIDE_SOURCE, "/nonexistent",
                                   &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
    /* nobody writes into it: a read would wait for ever */
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    put(tree, "/sys/devices/system/cpu/online", large);
    put(tree, "/proc/buddyinfo", "zone zone 99999999999999999999 1 x\n");
    put_bytes(tree, "/proc/sys/kernel/hostname", "a\0b", 3);
    put(tree, "/proc/device-tree/model", "IBM,\xff\xfe");
    put_link(tree, "/sys/class/net", "net");
    gather(tree);
    has(tree->system, LPM_SYSTEM_PROCESSOR, "?");
    has(tree->system, LPM_SYSTEM_CPUS, "?");
    has(tree->system, LPM_SYSTEM_NAME, "?");
    has(tree->system, LPM_SYSTEM_TYPE_MODEL, "?");
    has(tree->host, LPM_IOSERVER_BRIDGES, "?");
    has(tree->host, LPM_IOSERVER_CLOCK_SYNCED, "?");
}

/* The real one: whatever it is, it has memory and processors. */
static void test_here(Tree *tree, gconstpointer data)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GError) error = NULL;
    const LpmNode *system = lpm_facts_system(facts, LPM_SIDE_SOURCE);

    (void)tree;
    (void)data;
    g_assert_true(lpm_gather_host(facts, LPM_SIDE_SOURCE, "", &error));
    g_assert_no_error(error);
    g_assert_cmpint(lpm_node_get(system, LPM_SYSTEM_MEM_TOTAL)->number, >,
                    0);
    g_assert_cmpint(lpm_node_get(system, LPM_SYSTEM_CPUS)->number, >, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Tree *tree, gconstpointer data);
    } tests[] = {
        { "/lpm/host/memory", test_memory },
        { "/lpm/host/contiguous", test_contiguous },
        { "/lpm/host/processor", test_processor },
        { "/lpm/host/power", test_power },
        { "/lpm/host/bridges", test_bridges },
        { "/lpm/host/fc", test_fc },
        { "/lpm/host/fc-topology", test_fc_topology },
        { "/lpm/host/fc-vports", test_fc_vports },
        { "/lpm/host/disks", test_disks },
        { "/lpm/host/page83", test_page83 },
        { "/lpm/host/hostile", test_hostile },
        { "/lpm/host/here", test_here },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Tree, NULL, set_up, tests[i].test,
                   tear_down);
    }
    return g_test_run();
}
