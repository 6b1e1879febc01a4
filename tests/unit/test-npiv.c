/*
 * Virtual Fibre Channel ports: texts, answers, and trees that look like /sys
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "vfc/npiv-sysfs.h"

#define WWPN    G_GUINT64_CONSTANT(0xc0507606d5a20000)
#define WWNN    G_GUINT64_CONSTANT(0xc0507606d5a20001)
#define TARGET  G_GUINT64_CONSTANT(0x500507680b21aa01)

/* Texts */

typedef struct TextRow {
    const char *name;
    const char *text;
    gboolean good;
    guint64 value;
} TextRow;

static const TextRow wwn_rows[] = {
    { "plain", "0xc0507606d5a20000", TRUE, WWPN },
    { "line-feed", "0xc0507606d5a20000\n", TRUE, WWPN },
    { "capitals", "0xC0507606D5A20000", TRUE, WWPN },
    { "short", "0x1", TRUE, 1 },
    { "zero", "0x0000000000000000\n", FALSE, 0 },
    { "unknown", "0xffffffffffffffff\n", FALSE, 0 },
    { "no-prefix", "c0507606d5a20000", FALSE, 0 },
    { "17-digits", "0xc0507606d5a200000", FALSE, 0 },
    { "sign", "0x-1", FALSE, 0 },
    { "space", "0x 1", FALSE, 0 },
    { "space-behind", "0x1 ", FALSE, 0 },
    { "two-lines", "0x1\n\n", FALSE, 0 },
    { "empty", "", FALSE, 0 },
    { "prefix-only", "0x", FALSE, 0 },
};

static void test_wwn(gconstpointer data)
{
    const TextRow *row = data;
    g_autoptr(GError) error = NULL;
    guint64 value = 77;

    g_assert_cmpint(lpm_npiv_read_wwn("it", row->text, &value, &error), ==,
                    row->good);
    if (row->good) {
        g_assert_no_error(error);
        g_assert_cmphex(value, ==, row->value);
    } else {
        g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
        g_assert_cmphex(value, ==, 77);
        g_assert_nonnull(strstr(error->message, "it: "));
    }
}

static const TextRow id_rows[] = {
    { "plain", "0x010203\n", TRUE, 0x010203 },
    { "unknown", "0xffffffff\n", TRUE, 0 },
    { "25-bits", "0x1000000\n", FALSE, 0 },
    { "decimal", "66051", FALSE, 0 },
};

static void test_port_id(gconstpointer data)
{
    const TextRow *row = data;
    guint32 value = 77;

    g_assert_cmpint(lpm_npiv_read_port_id("it", row->text, &value, NULL), ==,
                    row->good);
    g_assert_cmphex(value, ==, row->good ? row->value : 77);
}

static const TextRow number_rows[] = {
    { "plain", "255\n", TRUE, 255 },
    { "zero", "0", TRUE, 0 },
    { "largest", "4294967295", TRUE, G_MAXUINT32 },
    { "too-large", "4294967296", FALSE, 0 },
    { "far-too-large", "99999999999999999999999", FALSE, 0 },
    { "negative", "-1", FALSE, 0 },
    { "hexadecimal", "0x10", FALSE, 0 },
    { "letters", "1f", FALSE, 0 },
};

static void test_number(gconstpointer data)
{
    const TextRow *row = data;
    guint32 value = 77;

    g_assert_cmpint(lpm_npiv_read_number("it", row->text, &value, NULL), ==,
                    row->good);
    g_assert_cmpuint(value, ==, row->good ? row->value : 77);
}

static void test_small_texts(void)
{
    g_autoptr(GError) error = NULL;
    char text[LPM_NPIV_TEXT];
    g_autofree char *endless = g_strnfill(1000, 'x');
    guint32 one = 0, two = 0;
    gint target = 0;

    g_assert_true(lpm_npiv_read_scsi_target("it", "-1\n", &target, NULL));
    g_assert_cmpint(target, ==, -1);
    g_assert_true(lpm_npiv_read_scsi_target("it", "3\n", &target, NULL));
    g_assert_cmpint(target, ==, 3);
    g_assert_false(lpm_npiv_read_scsi_target("it", "-2", &target, NULL));
    g_assert_false(lpm_npiv_read_scsi_target("it", "4294967295", &target,
                                             NULL));
    g_assert_true(lpm_npiv_read_device("it", "21:3\n", &one, &two, NULL));
    g_assert_cmpuint(one, ==, 21);
    g_assert_cmpuint(two, ==, 3);
    g_assert_false(lpm_npiv_read_device("it", "21", &one, &two, NULL));
    g_assert_false(lpm_npiv_read_device("it", "21:", &one, &two, NULL));
    g_assert_false(lpm_npiv_read_device("it", "21\n:3", &one, &two, NULL));
    g_assert_true(lpm_npiv_read_text("it", "Online\n", text, NULL));
    g_assert_cmpstr(text, ==, "Online");
    g_assert_true(lpm_npiv_read_text("it", endless, text, NULL));
    g_assert_cmpuint(strlen(text), ==, LPM_NPIV_TEXT - 1);
    /* Nothing goes to somebody's terminal */
    g_assert_false(lpm_npiv_read_text("it", "On\033[2Jline", text, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_assert_null(strchr(error->message, '\033'));
}

static void test_names(void)
{
    guint host = 99, channel = 99, target = 99, lun = 99, sg = 99;

    g_assert_true(lpm_npiv_host_name("host5", &host));
    g_assert_cmpuint(host, ==, 5);
    g_assert_false(lpm_npiv_host_name("host", &host));
    g_assert_false(lpm_npiv_host_name("host05", &host));
    g_assert_false(lpm_npiv_host_name("host5/../host6", &host));
    g_assert_false(lpm_npiv_host_name("host5\n", &host));
    g_assert_false(lpm_npiv_host_name("host-1", &host));
    g_assert_false(lpm_npiv_host_name("host99999999999", &host));
    g_assert_cmpuint(host, ==, 5);
    g_assert_true(lpm_npiv_vport_name("vport-7:0-12", &host));
    g_assert_cmpuint(host, ==, 7);
    g_assert_false(lpm_npiv_vport_name("rport-7:0-12", &host));
    g_assert_true(lpm_npiv_target_name("rport-8:1-2", &host, &channel));
    g_assert_cmpuint(host, ==, 8);
    g_assert_cmpuint(channel, ==, 1);
    g_assert_false(lpm_npiv_target_name("rport-8:1", &host, &channel));
    g_assert_false(lpm_npiv_target_name("rport-8:1-", &host, &channel));
    g_assert_false(lpm_npiv_target_name("rport-8:1-2-3", &host, &channel));
    g_assert_true(lpm_npiv_device_name("9:0:3:255", &host, &channel, &target,
                                       &lun));
    g_assert_cmpuint(host, ==, 9);
    g_assert_cmpuint(target, ==, 3);
    g_assert_cmpuint(lun, ==, 255);
    /* flat: 0x4000 and the number */
    g_assert_true(lpm_npiv_device_name("9:0:3:16640", &host, &channel,
                                       &target, &lun));
    g_assert_cmpuint(lun, ==, 256);
    /* the well-known LUN for REPORT LUNS, and one on the second level */
    g_assert_false(lpm_npiv_device_name("9:0:3:49409", &host, &channel,
                                        &target, &lun));
    g_assert_false(lpm_npiv_device_name("9:0:3:65536", &host, &channel,
                                        &target, &lun));
    g_assert_false(lpm_npiv_device_name("9:0:3", &host, &channel, &target,
                                        &lun));
    g_assert_true(lpm_npiv_sg_name("sg12", &sg));
    g_assert_cmpuint(sg, ==, 12);
    g_assert_false(lpm_npiv_sg_name("sg", &sg));
    g_assert_false(lpm_npiv_sg_name("sda", &sg));
}

static void test_pair(void)
{
    char pair[LPM_NPIV_PAIR];

    lpm_npiv_format_pair(pair, WWPN, 0x1f);
    g_assert_cmpstr(pair, ==, "c0507606d5a20000:000000000000001f");
}

/* The parent */

typedef struct ParentRow {
    const char *name;
    LpmNpivPort port;
    int code;               /* -1: it is good */
    const char *says;
} ParentRow;

#define FABRIC "NPort (fabric via point-to-point)"

static const ParentRow parent_rows[] = {
    { "good", { 5, 1, 1, 1, "Online", FABRIC, TRUE, 255, 254 }, -1, NULL },
    { "full", { 5, 1, 1, 1, "Online", FABRIC, TRUE, 255, 255 },
      LPM_ERROR_LIMIT, "host5 has 255 of 255 virtual ports in use" },
    { "down", { 5, 1, 1, 1, "Linkdown", FABRIC, TRUE, 255, 0 },
      LPM_ERROR_STATE, "'Linkdown', wanted 'Online'" },
    { "private-loop", { 5, 1, 1, 1, "Online", "LPort (private loop)", TRUE,
                        255, 0 },
      LPM_ERROR_STATE, "'LPort (private loop)', wanted 'NPort (fabric" },
    { "none-allowed", { 5, 1, 1, 1, "Online", FABRIC, TRUE, 0, 0 },
      LPM_ERROR_UNSUPPORTED, "max_npiv_vports 0" },
    { "no-file", { 5, 1, 1, 1, "Online", FABRIC, FALSE, 255, 0 },
      LPM_ERROR_UNSUPPORTED, "it has no vport_create" },
    { "a-vport", { 5, 1, 1, 1, "Online", "NPIV VPORT", FALSE, 0, 0 },
      LPM_ERROR_UNSUPPORTED, "is a virtual port itself" },
};

static void test_parent(gconstpointer data)
{
    const ParentRow *row = data;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(lpm_npiv_check_parent(&row->port, &error), ==,
                    row->code < 0);
    if (row->code >= 0) {
        g_assert_error(error, LPM_ERROR, row->code);
        g_assert_nonnull(strstr(error->message, row->says));
        /* what to do about it comes behind a colon */
        g_assert_nonnull(strstr(error->message, ": "));
    }
}

static void test_ready(void)
{
    LpmNpivPort port = { .state = "Online" };
    LpmNpivVport vport = { .state = "Active" };

    g_assert_true(lpm_npiv_is_ready(&port, &vport));
    g_assert_true(lpm_npiv_is_ready(&port, NULL));
    g_strlcpy(vport.state, "Initializing", sizeof(vport.state));
    g_assert_false(lpm_npiv_is_ready(&port, &vport));
    g_strlcpy(vport.state, "Fabric Rejected WWN", sizeof(vport.state));
    g_assert_false(lpm_npiv_is_ready(&port, &vport));
    g_strlcpy(vport.state, "Active", sizeof(vport.state));
    g_strlcpy(port.state, "Linkdown", sizeof(port.state));
    g_assert_false(lpm_npiv_is_ready(&port, &vport));
}

/* Answers of the kernel */

typedef struct ReplyRow {
    const char *name;
    LpmNpivReply reply;     /* status, host, driver, residual, sense */
    LpmNpivOutcome want;    /* failed, status, residual, sense */
} ReplyRow;

/* All for 512 bytes, with room for 252 bytes of sense. */
static const ReplyRow reply_rows[] = {
    { "good", { 0, 0, 0, 0, 0 }, { FALSE, 0, 0, 0 } },
    { "short", { 0, 0, 0, 100, 0 }, { FALSE, 0, 100, 0 } },
    { "shorter-than-asked", { 0, 0, 0, 9999, 0 }, { FALSE, 0, 512, 0 } },
    { "negative-residual", { 0, 0, 0, -8, 0 }, { FALSE, 0, 0, 0 } },
    { "check", { 2, 0, 8, 512, 18 }, { FALSE, 2, 512, 18 } },
    { "check-new-kernel", { 2, 0, 0, 0, 18 }, { FALSE, 2, 0, 18 } },
    { "check-long-sense", { 2, 0, 8, 0, 255 }, { FALSE, 2, 0, 252 } },
    { "check-absurd-sense", { 2, 0, 8, 0, 70000 }, { FALSE, 2, 0, 252 } },
    { "check-without-sense", { 2, 0, 0, 0, 0 }, { FALSE, 2, 0, 0 } },
    { "good-with-sense", { 0, 0, 8, 0, 18 }, { FALSE, 0, 0, 0 } },
    { "busy", { 8, 0, 0, 512, 0 }, { FALSE, 8, 512, 0 } },
    { "task-set-full", { 0x28, 0, 0, 512, 0 }, { FALSE, 0x28, 512, 0 } },
    { "conflict", { 0x18, 0, 0, 512, 0 }, { FALSE, 0x18, 512, 0 } },
    { "conflict-old-kernel", { 0x18, 0x11, 0, 512, 0 },
      { FALSE, 0x18, 512, 0 } },
    { "conflict-told-by-host", { 0, 0x11, 0, 512, 0 },
      { FALSE, 0x18, 512, 0 } },
    { "no-connect", { 0, 1, 0, 0, 0 }, { TRUE, 0, 512, 0 } },
    { "time-out", { 0, 3, 0, 0, 0 }, { TRUE, 0, 512, 0 } },
    { "time-out-of-driver", { 0, 0, 6, 0, 0 }, { TRUE, 0, 512, 0 } },
    { "reset", { 0, 8, 0, 0, 0 }, { TRUE, 0, 512, 0 } },
    { "transport-failfast", { 0, 0xf, 0, 0, 0 }, { TRUE, 0, 512, 0 } },
    { "check-and-host", { 2, 0x10, 8, 0, 18 }, { FALSE, 2, 0, 18 } },
};

static void test_reply(gconstpointer data)
{
    const ReplyRow *row = data;
    LpmNpivOutcome got = lpm_npiv_judge(&row->reply, 512, 252);

    g_assert_cmpint(got.failed, ==, row->want.failed);
    g_assert_cmphex(got.status, ==, row->want.status);
    g_assert_cmpuint(got.residual, ==, row->want.residual);
    g_assert_cmpuint(got.sense_bytes, ==, row->want.sense_bytes);
}

static void test_cdbs(void)
{
    guint8 cdb[16] = { 0 };

    for (guint op = 0; op < 256; op++) {
        cdb[0] = (guint8)op;
        g_assert_cmpuint(lpm_npiv_cdb_bytes(cdb), >=, 6);
        g_assert_cmpuint(lpm_npiv_cdb_bytes(cdb), <=, 16);
        g_assert_cmpuint(lpm_npiv_timeout_ms(cdb), >=, 60000);
    }
    cdb[0] = 0x28;
    g_assert_cmpuint(lpm_npiv_cdb_bytes(cdb), ==, 10);
    g_assert_cmpuint(lpm_npiv_timeout_ms(cdb), ==, 60000);
    cdb[0] = 0xa0;
    g_assert_cmpuint(lpm_npiv_cdb_bytes(cdb), ==, 12);
    cdb[0] = 0x04;
    g_assert_cmpuint(lpm_npiv_cdb_bytes(cdb), ==, 6);
    g_assert_cmpuint(lpm_npiv_timeout_ms(cdb), >, 60 * 60 * 1000);
}

static void test_report_luns(void)
{
    static const guint luns[] = { 1, 255, 256, 16383 };
    guint8 cdb[16] = { 0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
    g_autofree guint8 *data = g_malloc(256);
    guint8 sense[18];
    guint32 bytes;
    LpmNpivOutcome got = lpm_npiv_answer(cdb, luns, 4, data, 256, &bytes,
                                         sense);

    g_assert_cmpint(got.status, ==, 0);
    g_assert_cmpuint(bytes, ==, 40);
    g_assert_cmpuint(got.residual, ==, 216);
    g_assert_cmpmem(data, 8, "\0\0\0\x20\0\0\0\0", 8);
    g_assert_cmpmem(data + 8, 8, "\0\x01\0\0\0\0\0\0", 8);
    g_assert_cmpmem(data + 16, 8, "\0\xff\0\0\0\0\0\0", 8);
    g_assert_cmpmem(data + 24, 8, "\x41\0\0\0\0\0\0\0", 8);
    g_assert_cmpmem(data + 32, 8, "\x7f\xff\0\0\0\0\0\0", 8);
    /* the length is that of all, however few are asked for */
    cdb[8] = 0;
    cdb[9] = 16;
    got = lpm_npiv_answer(cdb, luns, 4, data, 256, &bytes, sense);
    g_assert_cmpuint(bytes, ==, 16);
    g_assert_cmphex(data[3], ==, 0x20);
    cdb[2] = 1;
    lpm_npiv_answer(cdb, luns, 4, data, 256, &bytes, sense);
    g_assert_cmpuint(bytes, ==, 8);
    g_assert_cmphex(data[3], ==, 0);
    cdb[2] = 0x11;
    got = lpm_npiv_answer(cdb, luns, 4, data, 256, &bytes, sense);
    g_assert_cmpint(got.status, ==, 2);
    g_assert_cmphex(sense[12], ==, 0x24);
}

static void test_no_lun(void)
{
    guint8 cdb[16] = { 0x12, 0, 0, 0, 255 };
    g_autofree guint8 *data = g_malloc(36);     /* and not a byte more */
    guint8 sense[18];
    guint32 bytes;
    LpmNpivOutcome got = lpm_npiv_answer(cdb, NULL, 0, data, 36, &bytes,
                                         sense);

    g_assert_cmpint(got.status, ==, 0);
    g_assert_cmpuint(bytes, ==, 36);
    g_assert_cmphex(data[0], ==, 0x7f);
    cdb[4] = 5;
    got = lpm_npiv_answer(cdb, NULL, 0, data, 36, &bytes, sense);
    g_assert_cmpuint(bytes, ==, 5);
    g_assert_cmpuint(got.residual, ==, 31);
    got = lpm_npiv_answer(cdb, NULL, 0, NULL, 0, &bytes, sense);
    g_assert_cmpuint(bytes, ==, 0);
    cdb[1] = 1;
    cdb[2] = 0x83;
    cdb[4] = 255;
    lpm_npiv_answer(cdb, NULL, 0, data, 36, &bytes, sense);
    g_assert_cmpuint(bytes, ==, 4);
    g_assert_cmphex(data[1], ==, 0x83);
    cdb[0] = 0x28;
    got = lpm_npiv_answer(cdb, NULL, 0, data, 36, &bytes, sense);
    g_assert_cmpint(got.status, ==, 2);
    g_assert_cmpuint(got.sense_bytes, ==, 18);
    g_assert_cmphex(sense[2], ==, 5);
    g_assert_cmphex(sense[12], ==, 0x25);
}

/* Trees */

typedef struct Tree {
    char *root;
} Tree;

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

static void put(const Tree *tree, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(tree->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

/* PATH and the rows behind it: file, text. */
static void put_all(const Tree *tree, const char *path,
                    const char *const rows[][2], guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *file = g_build_filename(path, rows[i][0], NULL);

        put(tree, file, rows[i][1]);
    }
}

/* A class has links into devices/, as in sysfs. */
static void put_link(const Tree *tree, const char *path, const char *to)
{
    g_autofree char *full = g_build_filename(tree->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_cmpint(symlink(to, full), ==, 0);
}

#define PCI "devices/pci0000:00/0000:00:02.0/host5"

static void set_up(Tree *tree, gconstpointer data)
{
    static const char *const parent[][2] = {
        { "port_name", "0x10000090fa1b2c3d\n" },
        { "node_name", "0x20000090fa1b2c3d\n" },
        { "port_id", "0x010200\n" },
        { "port_state", "Online\n" },
        { "port_type", FABRIC "\n" },
        { "max_npiv_vports", "255\n" },
        { "npiv_vports_inuse", "3\n" },
        { "vport_create", "" },
        { "vport_delete", "" },
    };

    (void)data;
    tree->root = g_dir_make_tmp("lpm-npiv-XXXXXX", NULL);
    g_assert_nonnull(tree->root);
    put_all(tree, PCI "/fc_host/host5", parent, G_N_ELEMENTS(parent));
    put_link(tree, "class/fc_host/host5", "../../" PCI "/fc_host/host5");
}

static void tear_down(Tree *tree, gconstpointer data)
{
    (void)data;
    remove_all(tree->root);
    g_free(tree->root);
}

/* What a kernel does when its vport_create was written. */
static void put_vport(const Tree *tree, const char *state)
{
    static const char *const vport[][2] = {
        { "port_name", "0xc0507606d5a20000\n" },
        { "node_name", "0xc0507606d5a20001\n" },
        { "symbolic_name", "\n" },
    };
    static const char *const child[][2] = {
        { "port_name", "0xc0507606d5a20000\n" },
        { "node_name", "0xc0507606d5a20001\n" },
        { "port_id", "0x010201\n" },
        { "port_state", "Online\n" },
        { "port_type", "NPIV VPORT\n" },
        { "max_npiv_vports", "0\n" },
        { "npiv_vports_inuse", "0\n" },
    };

    put_all(tree, PCI "/vport-5:0-0/fc_vports/vport-5:0-0", vport,
            G_N_ELEMENTS(vport));
    put(tree, PCI "/vport-5:0-0/fc_vports/vport-5:0-0/vport_state", state);
    put_link(tree, "class/fc_vports/vport-5:0-0",
             "../../" PCI "/vport-5:0-0/fc_vports/vport-5:0-0");
    put_all(tree, PCI "/vport-5:0-0/host12/fc_host/host12", child,
            G_N_ELEMENTS(child));
    put_link(tree, "class/fc_host/host12",
             "../../" PCI "/vport-5:0-0/host12/fc_host/host12");
}

static void put_target(const Tree *tree, guint number, const char *wwpn,
                       const char *roles, const char *state, const char *id)
{
    g_autofree char *path = g_strdup_printf("class/fc_remote_ports/"
                                            "rport-12:0-%u", number);
    const char *const rows[][2] = {
        { "port_name", wwpn },
        { "node_name", "0x500507680b00aa01\n" },
        { "port_id", "0x020300\n" },
        { "roles", roles },
        { "port_state", state },
        { "scsi_target_id", id },
    };

    put_all(tree, path, rows, G_N_ELEMENTS(rows));
}

static void put_lun(const Tree *tree, const char *address, const char *node,
                    const char *device)
{
    g_autofree char *path = g_strdup_printf(
        "devices/x/%s/scsi_generic/%s/dev", address, node);
    g_autofree char *link = g_strdup_printf("class/scsi_device/%s/device",
                                            address);
    g_autofree char *to = g_strdup_printf("../../../devices/x/%s", address);

    put(tree, path, device);
    put_link(tree, link, to);
}

static void test_tree_parent(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    LpmNpivPort port;

    (void)data;
    g_assert_true(lpm_npiv_look_port(tree->root, 5, &port, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(port.host, ==, 5);
    g_assert_cmphex(port.wwpn, ==, G_GUINT64_CONSTANT(0x10000090fa1b2c3d));
    g_assert_cmphex(port.port_id, ==, 0x010200);
    g_assert_cmpuint(port.max_vports, ==, 255);
    g_assert_cmpuint(port.vports_in_use, ==, 3);
    g_assert_true(port.makes_vports);
    g_assert_true(lpm_npiv_check_parent(&port, &error));

    g_assert_false(lpm_npiv_look_port(tree->root, 6, &port, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_STATE);
    g_assert_nonnull(strstr(error->message, "has no host6"));
}

static void test_tree_faults(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(tree->root,
                                             PCI "/fc_host/host5/port_state",
                                             NULL);
    g_autofree char *endless = g_strnfill(100000, '1');
    LpmNpivPort port;

    (void)data;
    put(tree, PCI "/fc_host/host5/max_npiv_vports", "many\n");
    g_assert_false(lpm_npiv_look_port(tree->root, 5, &port, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_assert_nonnull(strstr(error->message, "max_npiv_vports: 'many'"));
    g_clear_error(&error);
    put(tree, PCI "/fc_host/host5/max_npiv_vports", endless);
    g_assert_false(lpm_npiv_look_port(tree->root, 5, &port, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_assert_cmpuint(strlen(error->message), <, 1000);
    g_clear_error(&error);
    put(tree, PCI "/fc_host/host5/max_npiv_vports", "255");
    g_assert_true(g_file_set_contents(file, "On\0line", 7, NULL));
    g_assert_false(lpm_npiv_look_port(tree->root, 5, &port, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_clear_error(&error);
    /* without it the port is on its way out */
    g_assert_cmpint(g_remove(file), ==, 0);
    g_assert_false(lpm_npiv_look_port(tree->root, 5, &port, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_STATE);
    g_clear_error(&error);
    /* a folder where a file should be */
    g_assert_cmpint(g_mkdir(file, 0700), ==, 0);
    g_assert_false(lpm_npiv_look_port(tree->root, 5, &port, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "port_state"));
}

static void test_tree_make(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(
        tree->root, "class/fc_host/host5/vport_create", NULL);
    g_autofree char *text = NULL;
    gboolean found = TRUE;
    LpmNpivVport vport;
    LpmNpivPort port;

    (void)data;
    g_assert_true(lpm_npiv_check_free(tree->root, WWPN, &error));
    g_assert_true(lpm_npiv_find_port(tree->root, WWPN, &found, &port,
                                     &error));
    g_assert_false(found);
    g_assert_true(lpm_npiv_make(tree->root, 5, WWPN, WWNN, &error));
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "c0507606d5a20000:c0507606d5a20001");

    put_vport(tree, "Initializing\n");
    g_assert_true(lpm_npiv_find_port(tree->root, WWPN, &found, &port,
                                     &error));
    g_assert_true(found);
    g_assert_cmpuint(port.host, ==, 12);
    g_assert_true(lpm_npiv_find_vport(tree->root, WWPN, &found, &vport,
                                      &error));
    g_assert_true(found);
    g_assert_cmpuint(vport.parent, ==, 5);
    g_assert_false(lpm_npiv_is_ready(&port, &vport));
    g_assert_false(lpm_npiv_check_parent(&port, NULL));
    put(tree, PCI "/vport-5:0-0/fc_vports/vport-5:0-0/vport_state",
        "Active\n");
    g_assert_true(lpm_npiv_find_vport(tree->root, WWPN, &found, &vport,
                                      &error));
    g_assert_true(lpm_npiv_is_ready(&port, &vport));

    g_assert_false(lpm_npiv_check_free(tree->root, WWPN, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_STATE);
    g_assert_nonnull(strstr(error->message, "virtual port of host5"));
    g_assert_nonnull(strstr(error->message, "host5/vport_delete"));
    g_clear_error(&error);
    /* a physical port has the name */
    g_assert_false(lpm_npiv_check_free(
                       tree->root, G_GUINT64_CONSTANT(0x10000090fa1b2c3d),
                       &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_STATE);
    g_clear_error(&error);
    g_assert_true(lpm_npiv_remove(tree->root, 5, WWPN, WWNN, &error));
    g_assert_no_error(error);
}

/* Another user's eyes: root writes everywhere. */
static void test_tree_no_right(Tree *tree, gconstpointer data)
{
    static const char *const folders[] = {
        "", "class", "class/fc_host", "class/fc_host/host6",
    };
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(
        tree->root, "class/fc_host/host6/vport_create", NULL);
    uid_t was = geteuid();

    (void)data;
    g_assert_false(lpm_npiv_make(tree->root, 6, WWPN, WWNN, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "host6/vport_create: No such"));
    g_clear_error(&error);
    put(tree, "class/fc_host/host6/vport_create", "");
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *folder = g_build_filename(tree->root, folders[i],
                                                   NULL);

        g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
    }
    g_assert_cmpint(g_chmod(file, 0444), ==, 0);
    g_assert_cmpint(seteuid(was == 0 ? 65534 : was), ==, 0);
    g_assert_false(lpm_npiv_make(tree->root, 6, WWPN, WWNN, &error));
    g_assert_cmpint(seteuid(was), ==, 0);
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "Permission denied"));
    g_assert_nonnull(strstr(error->message, "give QEMU's user"));
}

/* /dev/full takes no byte, as a driver that refuses. */
static void test_tree_refused(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(
        tree->root, PCI "/fc_host/host5/vport_create", NULL);

    (void)data;
    g_assert_cmpint(g_remove(file), ==, 0);
    g_assert_cmpint(symlink("/dev/full", file), ==, 0);
    g_assert_false(lpm_npiv_make(tree->root, 5, WWPN, WWNN, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "writing"));
    g_assert_nonnull(strstr(error->message, "No space left"));
}

static void test_tree_targets(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) targets = NULL;
    g_autoptr(GArray) none = NULL;
    const LpmNpivTarget *target;

    (void)data;
    none = lpm_npiv_list_targets(tree->root, 12, &error);
    g_assert_nonnull(none);
    g_assert_cmpuint(none->len, ==, 0);

    put_vport(tree, "Active\n");
    put_target(tree, 3, "0x500507680b21aa02\n", "FCP Target\n", "Blocked\n",
               "1\n");
    put_target(tree, 2, "0x500507680b21aa01\n",
               "FCP Target, FCP Initiator\n", "Online\n", "0\n");
    put_target(tree, 1, "0x500507680b21aa09\n", "FCP Initiator\n",
               "Online\n", "-1\n");
    put_target(tree, 0, "0x500507680b21aa08\n", "unknown\n", "Online\n",
               "-1\n");
    /* one on its way out: its folder is empty */
    put(tree, "class/fc_remote_ports/rport-12:0-9/uevent", "");
    put(tree, "class/fc_remote_ports/rport-5:0-2/roles", "FCP Target");
    targets = lpm_npiv_list_targets(tree->root, 12, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(targets->len, ==, 2);
    target = &g_array_index(targets, LpmNpivTarget, 0);
    g_assert_cmphex(target->wwpn, ==, TARGET);
    g_assert_cmphex(target->wwnn, ==, G_GUINT64_CONSTANT(0x500507680b00aa01));
    g_assert_cmphex(target->port_id, ==, 0x020300);
    g_assert_cmpint(target->scsi_target, ==, 0);
    g_assert_true(target->online);
    target = &g_array_index(targets, LpmNpivTarget, 1);
    g_assert_false(target->online);
    g_assert_cmpstr(target->state, ==, "Blocked");

    put_target(tree, 2, "0x500507680b21aa0z\n", "FCP Target\n", "Online\n",
               "0\n");
    g_assert_null(lpm_npiv_list_targets(tree->root, 12, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_MALFORMED);
}

static void test_tree_many_targets(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    for (guint i = 0; i <= LPM_NPIV_TARGETS_MAX; i++) {
        g_autofree char *wwpn = g_strdup_printf("0x5005076800000%03x\n",
                                                i + 1);

        put_target(tree, i, wwpn, "FCP Target\n", "Online\n", "0\n");
    }
    g_assert_null(lpm_npiv_list_targets(tree->root, 12, &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
}

static void test_tree_luns(Tree *tree, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) luns = NULL;
    g_autoptr(GArray) none = NULL;
    LpmNpivTarget target = { .channel = 0, .scsi_target = 1 };
    const LpmNpivLun *lun;

    (void)data;
    put_lun(tree, "12:0:1:10", "sg7", "21:7\n");
    put_lun(tree, "12:0:1:9", "sg3", "21:3\n");
    put_lun(tree, "12:0:1:16640", "sg4", "21:4\n");
    put_lun(tree, "12:0:1:49409", "sg5", "21:5\n");     /* REPORT LUNS' own */
    put_lun(tree, "12:0:2:0", "sg1", "21:1\n");
    put_lun(tree, "12:1:1:0", "sg2", "21:2\n");
    put_lun(tree, "5:0:1:0", "sg0", "21:0\n");
    /* found, and its node is not there yet */
    put(tree, "class/scsi_device/12:0:1:11/device/type", "0\n");
    luns = lpm_npiv_list_luns(tree->root, 12, &target, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(luns->len, ==, 3);
    lun = &g_array_index(luns, LpmNpivLun, 0);
    g_assert_cmpuint(lun->lun, ==, 9);
    g_assert_cmpuint(lun->sg, ==, 3);
    g_assert_true(lun->has_device);
    g_assert_cmpuint(lun->major, ==, 21);
    g_assert_cmpuint(lun->minor, ==, 3);
    g_assert_cmpuint(g_array_index(luns, LpmNpivLun, 1).lun, ==, 10);
    g_assert_cmpuint(g_array_index(luns, LpmNpivLun, 2).lun, ==, 256);

    target.scsi_target = -1;
    none = lpm_npiv_list_luns(tree->root, 12, &target, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
}

static void add_rows(const char *path, const TextRow *rows, guint n,
                     GTestDataFunc function)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("/lpm/npiv/%s/%s", path,
                                                rows[i].name);

        g_test_add_data_func(name, &rows[i], function);
    }
}

#define ADD_TREE(name, function)                                          \
    g_test_add("/lpm/npiv/tree/" name, Tree, NULL, set_up, function,      \
               tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_rows("wwn", wwn_rows, G_N_ELEMENTS(wwn_rows), test_wwn);
    add_rows("port-id", id_rows, G_N_ELEMENTS(id_rows), test_port_id);
    add_rows("number", number_rows, G_N_ELEMENTS(number_rows), test_number);
    g_test_add_func("/lpm/npiv/small-texts", test_small_texts);
    g_test_add_func("/lpm/npiv/names", test_names);
    g_test_add_func("/lpm/npiv/pair", test_pair);
    for (guint i = 0; i < G_N_ELEMENTS(parent_rows); i++) {
        g_autofree char *name = g_strdup_printf("/lpm/npiv/parent/%s",
                                                parent_rows[i].name);

        g_test_add_data_func(name, &parent_rows[i], test_parent);
    }
    g_test_add_func("/lpm/npiv/ready", test_ready);
    for (guint i = 0; i < G_N_ELEMENTS(reply_rows); i++) {
        g_autofree char *name = g_strdup_printf("/lpm/npiv/reply/%s",
                                                reply_rows[i].name);

        g_test_add_data_func(name, &reply_rows[i], test_reply);
    }
    g_test_add_func("/lpm/npiv/cdbs", test_cdbs);
    g_test_add_func("/lpm/npiv/report-luns", test_report_luns);
    g_test_add_func("/lpm/npiv/no-lun", test_no_lun);
    ADD_TREE("parent", test_tree_parent);
    ADD_TREE("faults", test_tree_faults);
    ADD_TREE("make", test_tree_make);
    ADD_TREE("no-right", test_tree_no_right);
    ADD_TREE("refused", test_tree_refused);
    ADD_TREE("targets", test_tree_targets);
    ADD_TREE("many-targets", test_tree_many_targets);
    ADD_TREE("luns", test_tree_luns);
    return g_test_run();
}
