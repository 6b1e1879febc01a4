/*
 * Who uses which WWPN
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/inventory.h"
#include "facts/wwpn-users.h"

#define A0  "c0507606d5a20000"
#define A1  "c0507606d5a20001"
#define A2  "c0507606d5a20002"
#define UUID1  "5e3a0c4e-0000-4000-8000-000000000001"
#define UUID2  "5e3a0c4e-0000-4000-8000-000000000002"

/* Parts of inventories. */
#define VFC(slot, one, two)  "{'slot':'" slot "','wwpn':'" one "'," \
                             "'wwpn2':'" two "'}"
#define PART(name, more, vfc)  "{'name':'" name "'," more \
                               "'vfc-adapters':[" vfc "]}"
#define PARTS(parts)  "'partitions':[" parts "]"
#define SYSTEM(name, what)  "{'name':'" name "'," what "}"
#define PORT(name, what)  "{'name':'" name "'," what "}"
#define PORTS(ports)  "'io-servers':[{'name':'vios','fc-ports':[" ports "]}]"
#define WITH_UUID(uuid)  "'uuid':'" uuid "',"
#define MOVES(name)  "'moves':[{'partition':'" name "'}],"
#define LOGIN(port, wwpn)  PORT(port, "'logged-in':['" wwpn "']")

typedef struct Row {
    const char *name;
    const char *systems;
    guint faults;
    guint unclear;
    const char *what;       /* of the first finding */
} Row;

static const Row rows[] = {
    { "one-adapter", SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1)))),
      0, 0, NULL },
    { "two-partitions",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1)) ","
                        PART("q", "", VFC("4", A0, A2)))),
      1, 0, "two partitions have it" },
    { "two-partitions-written-otherwise",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1)) ","
                        PART("q", "", VFC("4", "0xC0507606D5A20000", A2)))),
      1, 0, "two partitions have it" },
    { "second-of-the-other",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1)) ","
                        PART("q", "", VFC("4", A2, "c0:50:76:06:d5:a2:00:01"))
                        )),
      1, 0, "two partitions have it" },
    { "two-adapters",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1) ","
                             VFC("5", A0, A2)))),
      1, 0, "two adapters have it" },
    { "same-pair-twice",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1) ","
                             VFC("5", A0, A1)))),
      2, 0, "two adapters have it" },
    { "both-of-an-adapter",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A0)))),
      1, 0, "both WWPNs of an adapter" },
    { "other-systems-partition",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("q", "", VFC("4", A0, A1)))),
      2, 0, "two partitions have it" },
    { "same-uuid",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)))),
      0, 0, NULL },
    { "same-uuid-other-name",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("q", WITH_UUID(UUID1), VFC("9", A0, A1)))),
      0, 0, NULL },
    { "same-uuid-within-a-system",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)) ","
                        PART("q", WITH_UUID(UUID1), VFC("4", A0, A1)))),
      2, 0, "two partitions have it" },
    { "same-name-other-uuid",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", WITH_UUID(UUID2), VFC("4", A0, A1)))),
      2, 0, "two partitions have it" },
    { "same-name-no-uuid",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", "", VFC("4", A0, A1)))),
      0, 2, "no UUID tells" },
    { "uuid-of-zeros-tells-nothing",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(
          "00000000-0000-0000-0000-000000000000"), VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", WITH_UUID(
          "00000000-0000-0000-0000-000000000000"), VFC("4", A0, A1)))),
      0, 2, "no UUID tells" },
    { "same-name-moves",
      SYSTEM("a", MOVES("p") PARTS(PART("p", "", VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", "", VFC("4", A0, A1)))),
      0, 0, NULL },
    { "another-one-moves",
      SYSTEM("a", MOVES("q") PARTS(PART("p", "", VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", "", VFC("4", A0, A1)))),
      0, 2, "no UUID tells" },
    { "moves-with-another-pair",
      SYSTEM("a", MOVES("p") PARTS(PART("p", "", VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", "", VFC("4", A0, A2)))),
      1, 0, "two pairs" },
    { "pair-turned-round",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1)))) ","
      SYSTEM("b", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A1, A0)))),
      2, 0, "two pairs" },
    { "login-of-the-adapter",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1))) ","
                  PORTS(LOGIN("fcs0", A0))),
      0, 0, NULL },
    { "standby-at-the-destination",
      SYSTEM("a", MOVES("p") PARTS(PART("p", "", VFC("4", A0, A1))) ","
                  PORTS(LOGIN("fcs0", A0))) ","
      SYSTEM("b", PORTS(LOGIN("fcs1", A1))),
      0, 0, NULL },
    { "same-one-at-the-destination",
      SYSTEM("a", MOVES("p") PARTS(PART("p", "", VFC("4", A0, A1))) ","
                  PORTS(LOGIN("fcs0", A0))) ","
      SYSTEM("b", PORTS(LOGIN("fcs1", A0))),
      2, 0, "logged in at two systems" },
    { "one-partition-logged-in-twice",
      SYSTEM("a", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1))) ","
                  PORTS(LOGIN("fcs0", A0))) ","
      SYSTEM("b", PARTS(PART("p", WITH_UUID(UUID1), VFC("4", A0, A1))) ","
                  PORTS(LOGIN("fcs0", A0))),
      2, 0, "logged in at two systems" },
    { "login-elsewhere",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1)))) ","
      SYSTEM("b", PORTS(LOGIN("fcs1", A1))),
      0, 1, "no source tells of an adapter" },
    { "two-ports",
      SYSTEM("a", PORTS(LOGIN("fcs0", A0) "," LOGIN("fcs1", A0))),
      1, 0, "two ports" },
    { "same-target-seen-twice",
      SYSTEM("a", PORTS(PORT("fcs0", "'targets':['" A0 "']") ","
                        PORT("fcs1", "'targets':['" A0 "','iqn.x']"))),
      0, 0, NULL },
    { "target-with-the-name",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, A1))) ","
                  PORTS(PORT("fcs0", "'targets':['" A1 "']"))),
      1, 0, "a target has it" },
    { "target-of-an-adapter",
      SYSTEM("a", PARTS(PART("p", "", "{'slot':'4','wwpn':'" A0 "',"
                             "'wwpn2':'" A1 "','targets2':['" A0 "']}"))),
      1, 0, "a target has it" },
    { "no-wwpn", SYSTEM("a", PARTS(PART("p", "", VFC("4", "abc", A1)))),
      1, 0, "it is no WWPN" },
    { "zeros",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", "0000000000000000", A1)))),
      1, 0, "it is no WWPN" },
    { "no-port",
      SYSTEM("a", PARTS(PART("p", "", VFC("4", "6005076801401234", A1)))),
      1, 0, "no port can have it" },
};

/* Systems as an inventory has them, with ' for ". */
static LpmWwpnUsers *users_of(const char *systems)
{
    g_autofree char *text = g_strdup_printf(
        "{'version':1,'systems':[%s]}", systems);
    g_autoptr(LpmInventory) inventory = NULL;
    g_autoptr(GError) error = NULL;
    LpmWwpnUsers *users = lpm_wwpn_users_new();

    g_strdelimit(text, "'", '"');
    inventory = lpm_inventory_parse(text, strlen(text), "t.json", &error);
    g_assert_no_error(error);
    for (guint i = 0; i < inventory->systems->len; i++) {
        lpm_wwpn_users_add(users, g_ptr_array_index(inventory->systems, i),
                           "t.json");
    }
    lpm_wwpn_users_settle(users);
    return users;
}

static void test_check(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(LpmWwpnUsers) users = users_of(row->systems);
    g_autoptr(GPtrArray) findings = lpm_wwpn_users_check(users);
    guint faults = 0;

    for (guint i = 0; i < findings->len; i++) {
        const LpmWwpnFinding *finding = g_ptr_array_index(findings, i);

        faults += finding->problem->is_fault;
        g_assert_nonnull(finding->a);
        g_assert_cmpuint(strlen(finding->problem->remedy), >, 0);
    }
    g_assert_cmpuint(faults, ==, row->faults);
    g_assert_cmpuint(findings->len, ==, row->faults + row->unclear);
    if (row->what != NULL) {
        const LpmWwpnFinding *first = g_ptr_array_index(findings, 0);

        g_assert_nonnull(strstr(first->problem->what, row->what));
    }
    g_assert_cmpuint(lpm_wwpn_users_gaps(users)->len, ==, 0);
}

/* What is not told */

typedef struct Gap {
    const char *name;
    const char *systems;
    const char *gap;        /* NULL: none */
} Gap;

static const Gap gaps[] = {
    { "nothing", "{'name':'a'}", "t.json: partitions and fc-ports" },
    { "no-adapters-told", SYSTEM("a", PARTS("{'name':'p'}")),
      "t.json: partition p: vfc-adapters: not given" },
    { "adapters-null",
      SYSTEM("a", PARTS("{'name':'p','vfc-adapters':null}")),
      "partition p: vfc-adapters" },
    { "no-second", SYSTEM("a", PARTS(PART("p", "", "{'slot':'4',"
                                          "'wwpn':'" A0 "'}"))),
      "partition p: virtual FC adapter 4: wwpn2: not given" },
    { "empty-second", SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, "")))),
      "virtual FC adapter 4: wwpn2" },
    { "no-partitions", SYSTEM("a", PARTS("")), NULL },
    { "no-adapters", SYSTEM("a", PARTS(PART("p", "", ""))), NULL },
    { "ports-only", SYSTEM("a", PORTS("")), NULL },
    { "qemu-of-another-day",
      SYSTEM("a", "'qemu':{'live':false,'name':'p'}"), NULL },
    { "qemu-without-an-offer",
      SYSTEM("a", "'qemu':{'live':true,'name':'p'}"), "its WWPNs" },
};

static void test_gap(gconstpointer data)
{
    const Gap *row = data;
    g_autoptr(LpmWwpnUsers) users = users_of(row->systems);
    const GPtrArray *found = lpm_wwpn_users_gaps(users);

    g_assert_cmpuint(found->len, ==, row->gap != NULL);
    if (row->gap != NULL) {
        g_assert_nonnull(strstr(g_ptr_array_index(found, 0), row->gap));
    }
}

/* A QEMU with an offer, as the gatherers leave it. */
static void add_qemu(LpmWwpnUsers *users, const char *source,
                     const char *name, const char *run_state,
                     guint32 active, gboolean live)
{
    g_autoptr(LpmNode) system = lpm_node_new(LPM_RECORD_SYSTEM);
    LpmNode *qemu = lpm_node_sub(system, LPM_SYSTEM_QEMU, "qmp");
    LpmOffer *offer = lpm_offer_new();
    LpmOfferWwpn pair = {
        .wwpn = { G_GUINT64_CONSTANT(0xc0507606d5a20000),
                  G_GUINT64_CONSTANT(0xc0507606d5a20001) },
        .reg = 0x71000010, .active = active,
    };

    g_array_append_val(offer->wwpns, pair);
    lpm_node_set_bool(qemu, LPM_QEMU_LIVE, live, "qmp");
    lpm_node_set_string(qemu, LPM_QEMU_NAME, name, "query-name");
    lpm_node_set_string(qemu, LPM_QEMU_UUID,
                        "00000000-0000-0000-0000-000000000000", "query-uuid");
    lpm_node_set_string(qemu, LPM_QEMU_RUN_STATE, run_state, "query-status");
    lpm_node_set_offer(qemu, LPM_QEMU_OFFER, offer, "query-lpm-offer");
    lpm_wwpn_users_add(users, system, source);
}

static const LpmWwpnFinding *first_of(const GPtrArray *findings)
{
    return findings->len > 0 ? g_ptr_array_index(findings, 0) : NULL;
}

/* The two sides of a move, neither with a name nor with a UUID. */
static void test_qemu_moves(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    g_autoptr(GPtrArray) findings = NULL;
    const LpmWwpnUser *user;

    add_qemu(users, "qmp:a", "", "running", 1, TRUE);
    add_qemu(users, "qmp:b", "", "inmigrate", 0, TRUE);
    lpm_wwpn_users_settle(users);
    findings = lpm_wwpn_users_check(users);
    g_assert_cmpuint(findings->len, ==, 0);
    g_assert_cmpuint(lpm_wwpn_users_all(users)->len, ==, 4);
    user = g_ptr_array_index(lpm_wwpn_users_all(users), 0);
    g_assert_cmpstr(user->source, ==, "qmp:a");
    g_assert_cmpstr(user->adapter, ==, "0x71000010");
    g_assert_cmpstr(user->pair, ==, A1);
    g_assert_cmpint(user->login, ==, LPM_WWPN_LOGGED_IN);
    user = g_ptr_array_index(lpm_wwpn_users_all(users), 2);
    g_assert_cmpstr(user->text, ==, A1);
    g_assert_cmpint(user->login, ==, LPM_WWPN_LOGGED_OUT);
}

static void test_qemu_started_twice(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    g_autoptr(GPtrArray) findings = NULL;

    add_qemu(users, "qmp:a", "g", "running", 1, TRUE);
    add_qemu(users, "qmp:b", "g", "running", 1, TRUE);
    lpm_wwpn_users_settle(users);
    findings = lpm_wwpn_users_check(users);
    /* the first is in use at both; of the second nobody can tell */
    g_assert_cmpuint(findings->len, ==, 2);
    g_assert_true(first_of(findings)->problem->is_fault);
    g_assert_nonnull(strstr(first_of(findings)->problem->what,
                            "logged in at two systems"));
}

static void test_qemu_unlike_names(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    g_autoptr(GPtrArray) findings = NULL;

    add_qemu(users, "qmp:a", "g", "running", 1, TRUE);
    add_qemu(users, "qmp:b", "h", "inmigrate", 0, TRUE);
    lpm_wwpn_users_settle(users);
    findings = lpm_wwpn_users_check(users);
    g_assert_cmpuint(findings->len, ==, 2);
    g_assert_nonnull(strstr(first_of(findings)->problem->what,
                            "two partitions"));
}

/* An offer of another day does not say what is logged in now. */
static void test_qemu_saved(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    const LpmWwpnUser *user;

    add_qemu(users, "offer:a", "g", "running", 1, FALSE);
    lpm_wwpn_users_settle(users);
    user = g_ptr_array_index(lpm_wwpn_users_all(users), 0);
    g_assert_cmpint(user->login, ==, LPM_WWPN_LOGIN_UNKNOWN);
}

/* A host's login belongs to the QEMU that has it logged in, not the other. */
static void test_qemu_and_host(void)
{
    g_autoptr(LpmWwpnUsers) users = users_of(
        SYSTEM("h", PORTS(LOGIN("host5", A0))));
    g_autoptr(GPtrArray) findings = NULL;

    add_qemu(users, "qmp:a", "g", "running", 1, TRUE);
    add_qemu(users, "qmp:b", "g", "inmigrate", 0, TRUE);
    lpm_wwpn_users_settle(users);
    findings = lpm_wwpn_users_check(users);
    g_assert_cmpuint(findings->len, ==, 0);
    for (guint i = 0; i < 3; i++) {
        const LpmWwpnUser *user =
            g_ptr_array_index(lpm_wwpn_users_all(users), i);

        g_assert_cmpstr(user->text, ==, A0);
        g_assert_cmpstr(user->port, ==, g_str_equal(user->source, "qmp:b") ?
                        NULL : "host5");
        g_assert_cmpint(user->joined, ==, user->kind == LPM_WWPN_LOGIN);
    }
}

/* Thousands of users of one name take no squared time. */
static void test_many(void)
{
    GString *parts = g_string_new(NULL);
    g_autoptr(LpmWwpnUsers) users = NULL;
    g_autoptr(GPtrArray) findings = NULL;

    for (guint i = 0; i < 5000; i++) {
        g_string_append_printf(parts, "%s" PART("p%u", "",
                                                VFC("4", A0, A1)),
                               i == 0 ? "" : ",", i);
    }
    g_string_prepend(parts, "{'name':'a','partitions':[");
    g_string_append(parts, "]}");
    users = users_of(parts->str);
    findings = lpm_wwpn_users_check(users);
    g_assert_cmpuint(findings->len, >=, 9998);
    g_assert_cmpuint(findings->len, <, 10000 * 100);
    g_string_free(parts, TRUE);
}

/* New pairs */

typedef struct Numbers {
    guint64 next;
    guint64 step;
    guint left;
} Numbers;

static gboolean give(gpointer opaque, guint64 *ret_number, GError **error)
{
    Numbers *numbers = opaque;

    if (numbers->left == 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "no more numbers");
        return FALSE;
    }
    numbers->left--;
    *ret_number = numbers->next;
    numbers->next += numbers->step;
    return TRUE;
}

static LpmVfcPrefix prefix_of(const char *text)
{
    LpmVfcPrefix prefix;

    g_assert_true(lpm_vfc_prefix_parse(text, &prefix, NULL));
    return prefix;
}

static void test_choose(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    LpmVfcPrefix prefix = prefix_of("c05076");
    Numbers numbers = { .next = G_MAXUINT64, .step = 2, .left = 2 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) pairs = lpm_wwpn_choose(users, &prefix, 2, give,
                                              &numbers, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(pairs->len, ==, 2);
    g_assert_cmphex(g_array_index(pairs, guint64, 0), ==,
                    G_GUINT64_CONSTANT(0xc05076fffffffffe));
    g_assert_cmphex(g_array_index(pairs, guint64, 1), ==,
                    G_GUINT64_CONSTANT(0xc050760000000002));
}

/* Any use of either name counts: first, second, login, target. */
static void test_choose_avoids(void)
{
    g_autoptr(LpmWwpnUsers) users = users_of(
        SYSTEM("a", PARTS(PART("p", "", VFC("4", A0, "c0507606d5a20003")))
               "," PORTS(PORT("fcs0", "'logged-in':['c0507606d5a20005'],"
                              "'targets':['c0507606d5a20008']"))));
    LpmVfcPrefix prefix = prefix_of("c0507606d5a2000");
    Numbers numbers = { .next = 0, .step = 0, .left = 100 };
    static const guint64 wanted[] = { 6, 10, 12, 14 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) pairs = lpm_wwpn_choose(users, &prefix, 4, give,
                                              &numbers, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(pairs->len, ==, 4);
    for (guint i = 0; i < 4; i++) {
        g_assert_cmphex(g_array_index(pairs, guint64, i), ==,
                        prefix.bits + wanted[i]);
    }
    g_clear_pointer(&pairs, g_array_unref);
    pairs = lpm_wwpn_choose(users, &prefix, 5, give, &numbers, &error);
    g_assert_null(pairs);
    g_assert_error(error, LPM_ERROR, LPM_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, "4 are free, wanted 5"));
}

static void test_choose_all(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    LpmVfcPrefix prefix = prefix_of("c0507606d5a2000");
    Numbers numbers = { .next = 5, .step = 3, .left = 8 };
    g_autoptr(GArray) pairs = lpm_wwpn_choose(users, &prefix, 8, give,
                                              &numbers, NULL);
    guint seen = 0;

    g_assert_nonnull(pairs);
    for (guint i = 0; i < pairs->len; i++) {
        seen |= 1u << (g_array_index(pairs, guint64, i) & 15);
    }
    g_assert_cmphex(seen, ==, 0x5555);
}

static void test_choose_without_random(void)
{
    g_autoptr(LpmWwpnUsers) users = lpm_wwpn_users_new();
    LpmVfcPrefix prefix = prefix_of("c05076");
    Numbers numbers = { .left = 1 };
    g_autoptr(GError) error = NULL;

    g_assert_null(lpm_wwpn_choose(users, &prefix, 2, give, &numbers,
                                  &error));
    g_assert_error(error, LPM_ERROR, LPM_ERROR_IO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/wwpn-users/check/%s",
                                                rows[i].name);

        g_test_add_data_func(path, &rows[i], test_check);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(gaps); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/wwpn-users/gap/%s",
                                                gaps[i].name);

        g_test_add_data_func(path, &gaps[i], test_gap);
    }
    g_test_add_func("/lpm/wwpn-users/qemu/moves", test_qemu_moves);
    g_test_add_func("/lpm/wwpn-users/qemu/started-twice",
                    test_qemu_started_twice);
    g_test_add_func("/lpm/wwpn-users/qemu/unlike-names",
                    test_qemu_unlike_names);
    g_test_add_func("/lpm/wwpn-users/qemu/saved", test_qemu_saved);
    g_test_add_func("/lpm/wwpn-users/qemu/and-host", test_qemu_and_host);
    g_test_add_func("/lpm/wwpn-users/many", test_many);
    g_test_add_func("/lpm/wwpn-users/choose/random", test_choose);
    g_test_add_func("/lpm/wwpn-users/choose/avoids", test_choose_avoids);
    g_test_add_func("/lpm/wwpn-users/choose/all", test_choose_all);
    g_test_add_func("/lpm/wwpn-users/choose/without-random",
                    test_choose_without_random);
    return g_test_run();
}
