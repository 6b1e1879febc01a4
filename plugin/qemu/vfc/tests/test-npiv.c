/*
 * The fabric npiv in a main loop of its own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * usage: lpm-test-npiv                 a made tree, and pipes for nodes: a
 *                                      pipe answers a command with itself,
 *                                      which means that all is good
 *        lpm-test-npiv debug N         hostN of scsi_debug (max_luns=4
 *                                      ndelay=1000000) behind a made tree
 *        lpm-test-npiv fcoe hostN      hostN of fcoe on veth0, whose peer
 *                                      veth1 is a target of tcm_fc, with its
 *                                      real remote ports
 *        lpm-test-npiv vport hostN     make and remove real virtual ports
 *                                      of hostN, which no fabric takes
 *
 * All but the first need root and a kernel of their own: they delete
 * devices and take links down.
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "block/aio.h"
#include "system/system.h"
#include "../fabric.h"

/* The end of a QEMU: here, of a test. */
static Notifier *at_end;

void qemu_add_exit_notifier(Notifier *notifier)
{
    at_end = notifier;
}

#define WWPN 0xc0507606d5a20000ull
#define WWNN 0xc0507606d5a20001ull

static const char *root, *dev;
static char *made_root;
static int number;

#define CHECK(what, ...)                                                     \
    do {                                                                     \
        bool ok_ = (what);                                                   \
        printf("%s %d %s", ok_ ? "ok" : "not ok", ++number, #what);        \
        printf(" - " __VA_ARGS__);                                         \
        printf("\n");                                                      \
        fflush(stdout);                                                     \
    } while (0)

static void nothing(void *opaque)
{
}

static bool wait_for(const bool *flag, int seconds)
{
    int64_t end = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    QEMUTimer *wake = timer_new_ms(QEMU_CLOCK_REALTIME, nothing, NULL);

    while (!*flag && g_get_monotonic_time() < end) {
        timer_mod(wake, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + 50);
        main_loop_wait(false);
    }
    timer_free(wake);
    return *flag;
}

static void run_ms(int ms)
{
    int64_t end = g_get_monotonic_time() + ms * 1000;
    QEMUTimer *wake = timer_new_ms(QEMU_CLOCK_REALTIME, nothing, NULL);

    while (g_get_monotonic_time() < end) {
        timer_mod(wake, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + 20);
        main_loop_wait(false);
    }
    timer_free(wake);
}

typedef struct Answer {
    bool there;
    char *message;
} Answer;

static void answered(void *opaque, Error *err)
{
    Answer *answer = opaque;

    if (answer->there) {
        printf("Bail out! answered twice\n");
        exit(1);
    }
    answer->there = true;
    answer->message = err ? g_strdup(error_get_pretty(err)) : NULL;
}

typedef struct IO {
    VfcIO io;
    struct iovec iov[8];
    bool done;
} IO;

static void io_done(VfcIO *io)
{
    IO *one = container_of(io, IO, io);

    if (one->done) {
        printf("Bail out! done twice\n");
        exit(1);
    }
    one->done = true;
}

static IO *io_new(VfcTarget *target, int lun, const uint8_t *cdb, int cdb_len,
                  void *data, uint32_t bytes, int pieces, bool to_device)
{
    IO *one = g_new0(IO, 1);
    uint32_t each = pieces ? bytes / pieces : 0;

    one->io.target = target;
    one->io.lun = lun;
    memcpy(one->io.cdb, cdb, cdb_len);
    one->io.bytes = bytes;
    one->io.to_device = to_device;
    one->io.iov = one->iov;
    one->io.n_iov = pieces;
    for (int i = 0; i < pieces; i++) {
        one->iov[i].iov_base = (char *)data + i * each;
        one->iov[i].iov_len = i == pieces - 1 ? bytes - i * each : each;
    }
    one->io.done = io_done;
    one->io.failed = true;
    return one;
}

static void put(const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_mkdir_with_parents(folder, 0755);
    g_file_set_contents(full, text, -1, NULL);
}

static char *get(const char *path)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    char *text = NULL;

    g_file_get_contents(full, &text, NULL, NULL);
    return text;
}

static void put_port(const char *host, const char *wwpn, const char *kind)
{
    const char *rows[][2] = {
        { "port_name", wwpn }, { "node_name", "0xc0507606d5a20001\n" },
        { "port_id", "0x010200\n" }, { "port_state", "Online\n" },
        { "port_type", kind }, { "max_npiv_vports", "4\n" },
        { "npiv_vports_inuse", "0\n" },
    };

    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *path = g_strdup_printf("class/fc_host/%s/%s", host,
                                                rows[i][0]);
        put(path, rows[i][1]);
    }
}

static void put_target(const char *state)
{
    const char *rows[][2] = {
        { "port_name", "0x500507680b21aa01\n" },
        { "node_name", "0x500507680b00aa01\n" },
        { "port_id", "0x020300\n" }, { "roles", "FCP Target\n" },
        { "port_state", state }, { "scsi_target_id", "0\n" },
    };

    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *path = g_strdup_printf(
            "class/fc_remote_ports/rport-12:0-0/%s", rows[i][0]);
        put(path, rows[i][1]);
    }
}

static VfcTarget *lost_target;
static char *lost_why;

static void lost(void *opaque, VfcTarget *target, const char *why)
{
    lost_target = target;
    lost_why = g_strdup(why);
}

static VfcFabric *fabric_new(const char *parent)
{
    VfcNpivParams params = {
        .parent = parent, .wwnn = WWNN, .sysfs = root, .dev = dev,
    };
    VfcFabric *fabric = vfc_npiv_new(WWPN, &params);

    fabric->lost = lost;
    return fabric;
}

static const uint8_t tur[6];
static const uint8_t inquiry[6] = { 0x12, 0, 0, 0, 96 };
static const uint8_t report_luns[12] = { 0xa0, 0, 0, 0, 0, 0, 0, 0, 1 };

static void remove_vport(void)
{
    const char *paths[] = {
        "class/fc_remote_ports/rport-12:0-0", "class/fc_host/host12",
        "class/scsi_device/12:0:0:1/device/scsi_generic/sg3",
    };

    for (int i = 0; i < ARRAY_SIZE(paths); i++) {
        g_autofree char *cmd = g_strdup_printf("rm -rf %s/%s", root, paths[i]);
        if (system(cmd)) {
            printf("Bail out! rm\n");
        }
    }
}

static void fake(void)
{
    VfcFabric *fabric, *second;
    Answer answer = { 0 }, other = { 0 };
    g_autofree char *node = NULL;
    char *text;
    uint8_t data[512];
    VfcTarget *target;
    IO *one, *many[40];
    bool all = true;

    made_root = g_dir_make_tmp("lpm-npiv-XXXXXX", NULL);
    root = dev = made_root;
    put_port("host5", "0x10000090fa1b2c3d\n",
             "NPort (fabric via point-to-point)\n");
    put("class/fc_host/host5/vport_create", "");
    put("class/fc_host/host5/vport_delete", "");

    /* refusals first */
    fabric = fabric_new("host6");
    fabric->ops->login(fabric, answered, &answer);
    CHECK(wait_for(&answer.there, 5) && answer.message, "%s", answer.message);
    fabric->ops->free(fabric);

    put_port("host12", "0xc0507606d5a20000\n", "NPIV VPORT\n");
    fabric = fabric_new("host5");
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    CHECK(wait_for(&answer.there, 5) && answer.message &&
          strstr(answer.message, "in use"), "%s", answer.message);
    remove_vport();
    fabric->ops->free(fabric);

    /* the port is made, and freed while it is waited for */
    fabric = fabric_new("host5");
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    run_ms(600);
    text = get("class/fc_host/host5/vport_create");
    CHECK(!answer.there && !strcmp(text, "c0507606d5a20000:c0507606d5a20001"),
          "%s", text);
    fabric->ops->free(fabric);
    run_ms(300);
    text = get("class/fc_host/host5/vport_delete");
    CHECK(!answer.there && !strcmp(text, "c0507606d5a20000:c0507606d5a20001"),
          "%s", text);
    put("class/fc_host/host5/vport_delete", "");

    /* and now for good */
    fabric = fabric_new("host5");
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    run_ms(600);
    second = fabric_new("host5");
    second->ops->login(second, answered, &other);
    CHECK(wait_for(&other.there, 5) && other.message &&
          strstr(other.message, "another adapter"), "%s", other.message);
    second->ops->free(second);
    put_port("host12", "0xc0507606d5a20000\n", "NPIV VPORT\n");
    put_target("Online\n");
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    CHECK(fabric->targets->len == 1, "targets %u", fabric->targets->len);
    target = g_ptr_array_index(fabric->targets, 0);
    CHECK(target->wwpn == 0x500507680b21aa01ull && target->listed &&
          target->wwnn == 0x500507680b00aa01ull &&
          target->port_id == 0x020300, "%s", target->name);

    put("class/scsi_device/12:0:0:1/device/scsi_generic/sg3/nothing", "");
    node = g_build_filename(dev, "sg3", NULL);
    answer = (Answer){ 0 };
    fabric->ops->target_login(fabric, target, answered, &answer);
    run_ms(1500);       /* the node comes later */
    CHECK(!answer.there, "waits for the node");
    fabric->ops->target_logout(fabric, target);
    CHECK(answer.there && answer.message && !target->logging_in,
          "who logs out ends the login: %s", answer.message);
    answer = (Answer){ 0 };
    fabric->ops->target_login(fabric, target, answered, &answer);
    run_ms(300);
    CHECK(!answer.there, "waits once more");
    if (mkfifo(node, 0600) < 0) {
        printf("Bail out! mkfifo\n");
    }
    CHECK(wait_for(&answer.there, 10) && !answer.message &&
          target->logged_in, "%s", answer.message);

    /* a pipe answers each command with what it was asked: good */
    one = io_new(target, 1, tur, 6, NULL, 0, 0, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(!one->done, "nothing is done by who submits");
    CHECK(wait_for(&one->done, 5) && !one->io.failed && one->io.status == 0,
          "failed %d", one->io.failed);
    for (int i = 0; i < 40; i++) {
        many[i] = io_new(target, 1, tur, 6, NULL, 0, 0, false);
        fabric->ops->submit(fabric, &many[i]->io);
    }
    for (int i = 0; i < 40; i++) {
        all &= wait_for(&many[i]->done, 5) && !many[i]->io.failed;
    }
    CHECK(all, "40 at once");

    /* cancelled: before it went out; and what is behind it goes on */
    one = io_new(target, 1, tur, 6, NULL, 0, 0, false);
    many[0] = io_new(target, 1, tur, 6, NULL, 0, 0, false);
    fabric->ops->submit(fabric, &one->io);
    fabric->ops->submit(fabric, &many[0]->io);
    fabric->ops->cancel(fabric, &one->io);
    CHECK(one->done && one->io.failed, "cancelled");
    CHECK(wait_for(&many[0]->done, 5) && !many[0]->io.failed, "the other");

    /* LUNs that are not there */
    one = io_new(target, 0, report_luns, 12, data, 256, 3, false);
    memset(data, 0xee, sizeof(data));
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed && data[3] == 8 &&
          data[9] == 1 && data[16] == 0xee && one->io.residual == 240,
          "residual %u", one->io.residual);
    one = io_new(target, 7, inquiry, 6, data, 96, 1, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && data[0] == 0x7f, "%02x", data[0]);
    one = io_new(target, 7, tur, 6, NULL, 0, 0, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && one->io.status == 2 &&
          one->io.sense[12] == 0x25, "%02x", one->io.sense[12]);

    /* a reset: a pipe has none */
    answer = (Answer){ 0 };
    fabric->ops->task(fabric, target, 1, VFC_TASK_LUN_RESET, answered,
                      &answer);
    CHECK(wait_for(&answer.there, 5) && answer.message, "%s",
          answer.message);
    answer = (Answer){ 0 };
    fabric->ops->task(fabric, target, 1, VFC_TASK_ABORT_SET, answered,
                      &answer);
    CHECK(answer.there && !answer.message, "nothing is out");

    /* a blink, and an end */
    put_target("Blocked\n");
    run_ms(2500);
    CHECK(!lost_target && target->logged_in, "a blink");
    put_target("Not Present\n");
    run_ms(1500);
    CHECK(lost_target == target && !target->logged_in && !target->listed,
          "%s", lost_why);
    one = io_new(target, 1, tur, 6, NULL, 0, 0, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && one->io.failed, "not logged in");
    put_target("Online\n");
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    CHECK(wait_for(&answer.there, 5) && !answer.message && target->listed,
          "looked again");
    answer = (Answer){ 0 };
    fabric->ops->target_login(fabric, target, answered, &answer);
    CHECK(wait_for(&answer.there, 5) && !answer.message, "%s",
          answer.message);

    /* somebody removes the port */
    lost_target = NULL;
    remove_vport();
    run_ms(1500);
    CHECK(lost_target == target, "%s", lost_why);
    text = get("class/fc_host/host5/vport_delete");
    CHECK(!*text, "nothing of ours is to be removed: '%s'", text);

    /* a login makes it again; the end removes it */
    put("class/fc_host/host5/vport_create", "");
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    run_ms(400);
    put_port("host12", "0xc0507606d5a20000\n", "NPIV VPORT\n");
    put_target("Online\n");
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    at_end->notify(at_end, NULL);
    text = get("class/fc_host/host5/vport_delete");
    CHECK(!strcmp(text, "c0507606d5a20000:c0507606d5a20001"), "%s", text);
    fabric->ops->free(fabric);
    run_ms(300);
    g_free(node);
    node = g_strdup_printf("rm -rf %s", made_root);
    if (system(node)) {
        printf("Bail out! rm\n");
    }
}

static void link_to(const char *path, const char *to)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_mkdir_with_parents(folder, 0755);
    if (symlink(to, full) < 0) {
        printf("Bail out! symlink\n");
    }
}

static int open_nodes(void)
{
    GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
    const char *name;
    int n = 0;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename("/proc/self/fd", name, NULL);
        g_autofree char *to = g_file_read_link(path, NULL);

        n += to && g_str_has_prefix(to, "/dev/sg");
    }
    g_dir_close(dir);
    return n;
}

static void set_delay(const char *ms)
{
    g_autofree char *ns = g_strdup_printf("%ld", atol(ms) * 1000000);
    FILE *f = fopen("/sys/bus/pseudo/drivers/scsi_debug/ndelay", "w");

    if (!f || fputs(ns, f) < 0 || fclose(f) != 0) {
        printf("# delay %s: %s\n", ms, strerror(errno));
    }
}

static void ready(VfcFabric *fabric, VfcTarget *target, int lun)
{
    IO *one;
    int n = 0;

    do {
        one = io_new(target, lun, tur, 6, NULL, 0, 0, false);
        fabric->ops->submit(fabric, &one->io);
        wait_for(&one->done, 5);
    } while (one->io.status == 2 && ++n < 8);
    run_ms(1000);       /* nothing is out: the delay may be changed */
}

static void cdb10(uint8_t *cdb, uint8_t op, uint32_t lba, uint16_t blocks)
{
    memset(cdb, 0, 10);
    cdb[0] = op;
    stl_be_p(cdb + 2, lba);
    stw_be_p(cdb + 7, blocks);
}

static void real_debug(int argc, char **argv)
{
    uint32_t size = 1024 * 1024;
    uint8_t *out = g_malloc(size), *in = g_malloc0(size), cdb[16] = { 0 };
    VfcFabric *fabric;
    VfcTarget *target;
    Answer answer = { 0 };
    IO *one, *two, *many[64];
    bool good = true;
    int64_t start;

    made_root = g_dir_make_tmp("lpm-npiv-XXXXXX", NULL);
    root = made_root;
    dev = "/dev";
    put_port("host5", "0x10000090fa1b2c3d\n",
             "NPort (fabric via point-to-point)\n");
    put("class/fc_host/host5/vport_create", "");
    put("class/fc_host/host5/vport_delete", "");
    for (int lun = 0; lun < 4; lun++) {
        g_autofree char *from = g_strdup_printf(
            "class/scsi_device/12:0:0:%d/device", lun);
        g_autofree char *to = g_strdup_printf(
            "/sys/class/scsi_device/%s:0:0:%d/device", argv[2], lun);
        g_autofree char *there = g_strdup_printf("%s/type", to);

        if (access(there, F_OK) == 0) {
            link_to(from, to);
        }
    }
    fabric = fabric_new("host5");
    fabric->ops->login(fabric, answered, &answer);
    run_ms(400);
    put_port("host12", "0xc0507606d5a20000\n", "NPIV VPORT\n");
    put_target("Online\n");
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    target = g_ptr_array_index(fabric->targets, 0);
    answer = (Answer){ 0 };
    start = g_get_monotonic_time();
    fabric->ops->target_login(fabric, target, answered, &answer);
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s after %d ms",
          answer.message, (int)((g_get_monotonic_time() - start) / 1000));
    CHECK(open_nodes() == 4, "%d nodes", open_nodes());

    one = io_new(target, 0, inquiry, 6, in, 255, 2, false);
    one->io.cdb[4] = 255;
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed && one->io.status == 0 &&
          in[0] == 0 && one->io.residual > 0, "vendor %.8s residual %u",
          in + 8, one->io.residual);
    one = io_new(target, 0, report_luns, 12, in, 256, 1, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && one->io.status == 0 && in[3] == 32,
          "%d bytes of LUNs", in[3]);
    /* power on: unit attention first */
    one = io_new(target, 1, tur, 6, NULL, 0, 0, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed, "status %d sense %02x "
          "%02x", one->io.status, one->io.sense[2], one->io.sense[12]);

    /* 1 MiB in eight pieces, out and in */
    for (uint32_t i = 0; i < size; i++) {
        out[i] = i * 7 + (i >> 9);
    }
    cdb10(cdb, 0x2a, 64, size / 512);
    for (int i = 0; i < 3; i++) {
        one = io_new(target, 0, cdb, 10, out, size, 8, true);
        fabric->ops->submit(fabric, &one->io);
        wait_for(&one->done, 5);
    }
    CHECK(one->done && !one->io.failed && one->io.status == 0 &&
          one->io.residual == 0, "write: failed %d status %d sense %02x",
          one->io.failed, one->io.status, one->io.sense[12]);
    cdb10(cdb, 0x28, 64, size / 512);
    one = io_new(target, 0, cdb, 10, in, size, 7, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed &&
          memcmp(in, out, size) == 0, "read back");
    cdb10(cdb, 0x28, 0x7fffffff, 1);
    one = io_new(target, 0, cdb, 10, in, 512, 1, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && one->io.status == 2 &&
          one->io.sense[12] == 0x21 && one->io.sense_bytes >= 18,
          "out of range: sense %d bytes", one->io.sense_bytes);

    /* more than a node takes */
    set_delay("20");
    start = g_get_monotonic_time();
    for (int i = 0; i < 64; i++) {
        cdb10(cdb, 0x28, 64 + i * 8, 8);
        many[i] = io_new(target, 0, cdb, 10, in + i * 4096, 4096, 1, false);
        memset(in + i * 4096, 0, 4096);
        fabric->ops->submit(fabric, &many[i]->io);
    }
    for (int i = 0; i < 64; i++) {
        good &= wait_for(&many[i]->done, 10) && !many[i]->io.failed &&
                memcmp(in + i * 4096, out + i * 4096, 4096) == 0;
    }
    CHECK(good, "64 reads of 20 ms at once: %d ms",
          (int)((g_get_monotonic_time() - start) / 1000));

    /* one is cancelled while it is out, the other is not */
    set_delay("990");
    memset(in, 0xee, 16384);
    cdb10(cdb, 0x28, 64, 8);
    one = io_new(target, 0, cdb, 10, in, 4096, 1, false);
    two = io_new(target, 0, cdb, 10, in + 8192, 4096, 1, false);
    fabric->ops->submit(fabric, &one->io);
    fabric->ops->submit(fabric, &two->io);
    run_ms(300);
    start = g_get_monotonic_time();
    fabric->ops->cancel(fabric, &one->io);
    CHECK(one->done && one->io.failed, "cancelled after %d us",
          (int)(g_get_monotonic_time() - start));
    many[0] = io_new(target, 0, inquiry, 6, in + 4096, 96, 1, false);
    fabric->ops->submit(fabric, &many[0]->io);
    CHECK(wait_for(&many[0]->done, 1) && !many[0]->io.failed && !two->done,
          "a new one passes on a node of its own, %d open", open_nodes());
    CHECK(wait_for(&two->done, 5) && !two->io.failed &&
          memcmp(in + 8192, out, 4096) == 0, "the other comes");
    run_ms(1200);
    good = true;
    for (int i = 0; i < 4096; i++) {
        good &= in[i] == 0xee;
    }
    CHECK(good, "the buffer of the cancelled one was left alone");
    CHECK(open_nodes() == 4, "%d nodes", open_nodes());

    /* an abort of what is out */
    set_delay("900");
    one = io_new(target, 0, cdb, 10, in, 4096, 1, false);
    fabric->ops->submit(fabric, &one->io);
    run_ms(200);
    fabric->ops->cancel(fabric, &one->io);
    answer = (Answer){ 0 };
    start = g_get_monotonic_time();
    fabric->ops->task(fabric, target, 0, VFC_TASK_ABORT_SET, answered,
                      &answer);
    CHECK(!answer.there, "an abort takes its time");
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s: %d ms",
          answer.message, (int)((g_get_monotonic_time() - start) / 1000));
    answer = (Answer){ 0 };
    fabric->ops->task(fabric, target, 0, VFC_TASK_TARGET_RESET, answered,
                      &answer);
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    answer = (Answer){ 0 };
    set_delay("1");
    fabric->ops->task(fabric, target, 1, VFC_TASK_LUN_RESET, answered,
                      &answer);
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    one = io_new(target, 1, tur, 6, NULL, 0, 0, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed && one->io.status == 2 &&
          one->io.sense[2] == 6, "status %d sense %02x %02x: reset seen",
          one->io.status, one->io.sense[2], one->io.sense[12]);

    ready(fabric, target, 3);
    /* a device goes away under a command */
    set_delay("800");
    cdb10(cdb, 0x28, 64, 8);
    one = io_new(target, 3, cdb, 10, in, 4096, 1, false);
    fabric->ops->submit(fabric, &one->io);
    run_ms(100);
    {
        g_autofree char *cmd = g_strdup_printf(
            "echo 1 > /sys/class/scsi_device/%s:0:0:3/device/delete &",
            argv[2]);
        if (system(cmd)) {
            printf("Bail out! delete\n");
        }
    }
    CHECK(wait_for(&one->done, 10), "failed %d status %d", one->io.failed,
          one->io.status);
    set_delay("1");
    run_ms(500);
    one = io_new(target, 3, inquiry, 6, in, 96, 1, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5), "failed %d, first byte %02x",
          one->io.failed, in[0]);
    one = io_new(target, 3, inquiry, 6, in, 96, 1, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed && in[0] == 0x7f,
          "first byte %02x", in[0]);

    /* fabric goes, with a command out */
    ready(fabric, target, 0);
    set_delay("800");
    cdb10(cdb, 0x28, 64, 8);
    one = io_new(target, 0, cdb, 10, in, 4096, 1, false);
    memset(in, 0xee, 4096);
    fabric->ops->submit(fabric, &one->io);
    run_ms(100);
    CHECK(!one->done, "it is out");
    fabric->ops->cancel(fabric, &one->io);
    fabric->ops->free(fabric);
    CHECK(open_nodes() == 0, "%d nodes", open_nodes());
    run_ms(1500);
    CHECK(in[0] == 0xee, "left alone");
}
static void real_vport(const char *host)
{
    VfcFabric *fabric;
    Answer answer = { 0 };
    char *path = g_strdup_printf("/sys/class/fc_host/%s/npiv_vports_inuse",
                                 host), *text = NULL;
    int64_t start = g_get_monotonic_time();
    GDir *dir;

    root = "/sys";
    dev = "/dev";
    fabric = fabric_new(host);
    fabric->ops->login(fabric, answered, &answer);
    run_ms(2000);
    g_file_get_contents(path, &text, NULL, NULL);
    CHECK(!answer.there && atoi(text) == 1, "vports in use %s", text);
    CHECK(wait_for(&answer.there, 40) && answer.message, "%s after %d s",
          answer.message,
          (int)((g_get_monotonic_time() - start) / 1000000));
    run_ms(2000);
    g_file_get_contents(path, &text, NULL, NULL);
    CHECK(atoi(text) == 0, "vports in use %s", text);
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    run_ms(1000);
    g_file_get_contents(path, &text, NULL, NULL);
    CHECK(atoi(text) == 1, "vports in use %s", text);
    start = g_get_monotonic_time();
    fabric->ops->free(fabric);
    CHECK(g_get_monotonic_time() - start < 100000, "free in %d us",
          (int)(g_get_monotonic_time() - start));
    /* and a new one right behind it */
    fabric = fabric_new(host);
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    run_ms(2000);
    g_file_get_contents(path, &text, NULL, NULL);
    CHECK(!answer.there && atoi(text) == 1, "vports in use %s, %s", text,
          answer.message);
    at_end->notify(at_end, NULL);
    g_file_get_contents(path, &text, NULL, NULL);
    dir = g_dir_open("/sys/class/fc_vports", 0, NULL);
    CHECK(atoi(text) == 0 && !g_dir_read_name(dir), "vports in use %s", text);
}

static void real_fcoe(const char *host)
{
    uint32_t size = 1024 * 1024;
    uint8_t *out = g_malloc(size), *in = g_malloc0(size), cdb[16] = { 0 };
    VfcFabric *fabric;
    VfcTarget *target;
    Answer answer = { 0 };
    IO *one;

    made_root = g_dir_make_tmp("lpm-npiv-XXXXXX", NULL);
    root = made_root;
    dev = "/dev";
    put_port("host500", "0x10000090fa1b2c3d\n",
             "NPort (fabric via point-to-point)\n");
    put("class/fc_host/host500/vport_create", "");
    put("class/fc_host/host500/vport_delete", "");
    link_to("class/fc_remote_ports", "/sys/class/fc_remote_ports");
    link_to("class/scsi_device", "/sys/class/scsi_device");
    fabric = fabric_new("host500");
    fabric->ops->login(fabric, answered, &answer);
    run_ms(600);
    put_port(host, "0xc0507606d5a20000\n", "NPIV VPORT\n");
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    CHECK(fabric->targets->len == 1, "%d targets", fabric->targets->len);
    target = g_ptr_array_index(fabric->targets, 0);
    printf("# %s %06x\n", target->name, target->port_id);
    answer = (Answer){ 0 };
    fabric->ops->target_login(fabric, target, answered, &answer);
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    CHECK(open_nodes() == 1, "%d nodes", open_nodes());
    ready(fabric, target, 0);
    one = io_new(target, 0, inquiry, 6, in, 255, 2, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 5) && !one->io.failed && one->io.status == 0,
          "vendor %.8s", in + 8);
    for (uint32_t i = 0; i < size; i++) {
        out[i] = i * 7 + (i >> 9);
    }
    cdb10(cdb, 0x2a, 64, 512);
    one = io_new(target, 0, cdb, 10, out, 256 * 1024, 8, true);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 10) && !one->io.failed && one->io.status == 0,
          "write: failed %d status %d", one->io.failed, one->io.status);
    cdb10(cdb, 0x28, 64, 512);
    one = io_new(target, 0, cdb, 10, in, 256 * 1024, 7, false);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 10) && !one->io.failed &&
          memcmp(in, out, 256 * 1024) == 0, "read back");
    if (system("ip link set veth1 down")) {
        printf("Bail out! ip\n");
    }
    run_ms(3000);
    CHECK(!lost_target, "a blink");
    one = io_new(target, 0, cdb, 10, in, 256 * 1024, 7, false);
    fabric->ops->submit(fabric, &one->io);
    run_ms(4000);
    CHECK(lost_target == target && one->done && one->io.failed, "%s",
          lost_why);
    if (system("ip link set veth1 up")) {
        printf("Bail out! ip\n");
    }
    run_ms(6000);
    answer = (Answer){ 0 };
    fabric->ops->login(fabric, answered, &answer);
    CHECK(wait_for(&answer.there, 10) && !answer.message && target->listed,
          "%s", answer.message);
    answer = (Answer){ 0 };
    fabric->ops->target_login(fabric, target, answered, &answer);
    CHECK(wait_for(&answer.there, 10) && !answer.message, "%s",
          answer.message);
    ready(fabric, target, 0);
    one = io_new(target, 0, cdb, 10, in, 256 * 1024, 7, false);
    memset(in, 0, size);
    fabric->ops->submit(fabric, &one->io);
    CHECK(wait_for(&one->done, 10) && !one->io.failed &&
          memcmp(in, out, 256 * 1024) == 0, "read again");
    fabric->ops->free(fabric);
    CHECK(open_nodes() == 0, "%d nodes", open_nodes());
    run_ms(500);
}

static void real(int argc, char **argv)
{
    if (!strcmp(argv[1], "vport")) {
        real_vport(argv[2]);
        return;
    }
    if (!strcmp(argv[1], "fcoe")) {
        real_fcoe(argv[2]);
        return;
    }
    real_debug(argc, argv);
}


int main(int argc, char **argv)
{
    Error *err = NULL;

    if (qemu_init_main_loop(&err)) {
        printf("Bail out! main loop\n");
        return 1;
    }
    if (argc > 1) {
        real(argc, argv);
    } else {
        fake();
    }
    printf("1..%d\n", number);
    return 0;
}
