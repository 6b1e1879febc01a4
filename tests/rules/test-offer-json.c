/*
 * Offers and answers as JSON: both ways, and what is not one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/offer-json.h"

static JsonNode *base_offer(void)
{
    g_autofree char *path = g_build_filename(g_getenv("LPM_TEST_DATA"),
                                             "rules", "checks.json", NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;

    json_parser_load_from_file(parser, path, &err);
    g_assert_no_error(err);
    text = json_to_string(json_object_get_member(
        json_node_get_object(json_parser_get_root(parser)), "source"),
        FALSE);
    return json_from_string(text, NULL);
}

static void test_round_trip(void)
{
    g_autoptr(JsonNode) node = base_offer();
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmOffer) offer = lpm_offer_from_json(node, &err);
    g_autoptr(JsonNode) back = NULL;

    g_assert_no_error(err);
    g_assert_cmpstr(offer->machine, ==, "pseries-10.0");
    g_assert_cmpuint(offer->pvr, ==, 0x00801200);
    g_assert_cmpuint(offer->wwpns->len, ==, 1);
    g_assert_cmphex(g_array_index(offer->wwpns, LpmOfferWwpn, 0).wwpn[0],
                    ==, 0xc050760000000001);
    back = lpm_offer_to_json(offer);
    g_assert_true(json_node_equal(node, back));
}

static void test_absent_strings(void)
{
    static const char *const members[] = {
        "arch", "qemu-version", "machine", "name", "uuid", "run-state",
        "ic-mode", "ic-current", "mmu-current",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autoptr(JsonNode) node = base_offer();
        g_autoptr(GError) err = NULL;
        g_autoptr(LpmOffer) offer = NULL;
        g_autoptr(JsonNode) back = NULL;

        json_object_remove_member(json_node_get_object(node), members[i]);
        offer = lpm_offer_from_json(node, &err);
        g_assert_no_error(err);
        back = lpm_offer_to_json(offer);
        g_assert_true(json_node_equal(node, back));
    }
}

/* The members of SPARC: both ways, each of them absent, and 0 a value. */
static void test_sparc(void)
{
    static const char *const members[] = {
        NULL, "cpu-arch", "cpu-version", "nwindows", "mmu-version",
        "max-trap-level",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autoptr(JsonNode) node = base_offer();
        JsonObject *object = json_node_get_object(node);
        JsonObject *cpu = json_object_get_object_member(object, "cpu");
        JsonArray *features = json_array_new();
        g_autoptr(GError) err = NULL;
        g_autoptr(LpmOffer) offer = NULL;
        g_autoptr(JsonNode) back = NULL;

        json_array_add_string_element(features, "vis1");
        json_object_set_string_member(object, "guest-state", "running");
        json_object_set_string_member(cpu, "cpu-arch", "generic");
        json_object_set_array_member(cpu, "cpu-features", features);
        json_object_set_int_member(cpu, "cpu-version", 0x0017001000000507);
        json_object_set_int_member(cpu, "nwindows", 8);
        json_object_set_int_member(cpu, "mmu-version", 0);
        json_object_set_int_member(cpu, "max-trap-level", 5);
        if (members[i]) {
            json_object_remove_member(cpu, members[i]);
        }
        offer = lpm_offer_from_json(node, &err);
        g_assert_no_error(err);
        g_assert_cmpstr(offer->guest_state, ==, "running");
        g_assert_cmpuint(offer->cpu_features->len, ==, 1);
        g_assert_cmpint(offer->mmu_version.known, ==,
                        g_strcmp0(members[i], "mmu-version") != 0);
        back = lpm_offer_to_json(offer);
        g_assert_true(json_node_equal(node, back));
    }
}

/* As the inventory's: null is absent. */
static void test_null_is_absent(void)
{
    g_autoptr(JsonNode) node = base_offer();
    JsonObject *cpu = json_object_get_object_member(
        json_node_get_object(node), "cpu");
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmOffer) offer = NULL;

    json_object_set_null_member(cpu, "mmu-version");
    offer = lpm_offer_from_json(node, &err);
    g_assert_no_error(err);
    g_assert_false(offer->mmu_version.known);
}

/* What is put where, and the error that must come of it. */
typedef struct Bad {
    const char *name;
    const char *object;     /* "", "cpu", "stream", or a list's name */
    const char *member;
    const char *value;      /* JSON; NULL removes */
    int code;
    const char *text;       /* part of the message */
} Bad;

static const Bad bads[] = {
    { "no-version", "", "version", NULL, LPM_ERROR_MALFORMED,
      "/version: got nothing, wanted a number" },
    { "newer", "", "min-version", "99", LPM_ERROR_UNSUPPORTED,
      "/min-version: got 99" },
    { "string-is-number", "", "machine", "7", LPM_ERROR_MALFORMED,
      "/machine: got a number, wanted a string" },
    { "string-is-list", "", "uuid", "[]", LPM_ERROR_MALFORMED,
      "/uuid: got an array" },
    { "no-cpu", "", "cpu", NULL, LPM_ERROR_MALFORMED, "/cpu: got nothing" },
    { "cpu-is-list", "", "cpu", "[]", LPM_ERROR_MALFORMED, "/cpu: got an" },
    { "cpu-negative", "cpu", "cpus", "-1", LPM_ERROR_LIMIT, "/cpu/cpus: " },
    { "cpu-large", "cpu", "pvr", "4294967296", LPM_ERROR_LIMIT,
      "/cpu/pvr: " },
    { "cpu-fraction", "cpu", "threads", "1.5", LPM_ERROR_MALFORMED,
      "/cpu/threads: got a number with a fraction" },
    { "mode-is-null", "cpu", "modes", "[null]", LPM_ERROR_MALFORMED,
      "/cpu/modes/0: got null" },
    { "windows-are-text", "cpu", "nwindows", "\"8\"", LPM_ERROR_MALFORMED,
      "/cpu/nwindows: got a string" },
    { "mmu-is-negative", "cpu", "mmu-version", "-1", LPM_ERROR_LIMIT,
      "/cpu/mmu-version: " },
    { "feature-is-number", "cpu", "cpu-features", "[1]", LPM_ERROR_MALFORMED,
      "/cpu/cpu-features/0: got a number" },
    { "modes-absent", "cpu", "modes", NULL, LPM_ERROR_MALFORMED,
      "/cpu/modes: " },
    { "bool-is-string", "stream", "multifd", "\"on\"", LPM_ERROR_MALFORMED,
      "/stream/multifd: got a string, wanted true or false" },
    { "memory-is-object", "", "memory", "{}", LPM_ERROR_MALFORMED,
      "/memory: got an object" },
    { "block-is-string", "", "memory", "[\"ram\"]", LPM_ERROR_MALFORMED,
      "/memory/0: got a string" },
    { "block-no-size", "", "memory", "[{\"name\":\"ram\"}]",
      LPM_ERROR_MALFORMED, "/memory/0/size: " },
    { "wwpn-short", "", "wwpns", "[{\"reg\":1,\"wwpn\":\"c05\",\"wwpn2\":"
      "\"c050760000000002\",\"active\":1}]", LPM_ERROR_MALFORMED,
      "/wwpns/0/wwpn: got 'c05'" },
    { "wwpn-sign", "", "wwpns", "[{\"reg\":1,\"wwpn\":\"-050760000000002\","
      "\"wwpn2\":\"c050760000000002\",\"active\":1}]", LPM_ERROR_MALFORMED,
      "/wwpns/0/wwpn: " },
    { "wwpn-colons", "", "wwpns", "[{\"reg\":1,\"wwpn\":"
      "\"c0:50:76:00:00:00:00:01\",\"wwpn2\":\"c050760000000002\","
      "\"active\":1}]", LPM_ERROR_MALFORMED, "/wwpns/0/wwpn: got 'c0:50" },
    { "look-wwpn-zero", "", "looks", "[{\"reg\":1,\"wwpn\":"
      "\"0000000000000000\",\"max-transfer\":0}]", LPM_ERROR_MALFORMED,
      "/looks/0/wwpn: " },
    { "lun-target-short", "", "luns", "[{\"reg\":1,\"target\":\"3\"}]",
      LPM_ERROR_MALFORMED, "/luns/0/target: got '3'" },
    { "active-3", "", "wwpns", "[{\"reg\":1,\"wwpn\":\"c050760000000001\","
      "\"wwpn2\":\"c050760000000002\",\"active\":3}]", LPM_ERROR_LIMIT,
      "/wwpns/0/active: " },
    { "page-size-0", "", "page-sizes", "[4096,0]", LPM_ERROR_MALFORMED,
      "/page-sizes/1: " },
    { "page-size-text", "", "page-sizes", "[\"4k\"]", LPM_ERROR_MALFORMED,
      "/page-sizes/0: " },
};

static void check_error(JsonNode *node, int code, const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmOffer) offer = lpm_offer_from_json(node, &err);

    g_assert_null(offer);
    g_assert_error(err, LPM_ERROR, code);
    if (strstr(err->message, text) == NULL) {
        g_error("wanted '%s' in '%s'", text, err->message);
    }
}

static void test_bad(gconstpointer data)
{
    const Bad *bad = data;
    g_autoptr(JsonNode) node = base_offer();
    JsonObject *object = json_node_get_object(node);

    if (bad->object[0] != '\0') {
        object = json_object_get_object_member(object, bad->object);
    }
    if (bad->value == NULL) {
        json_object_remove_member(object, bad->member);
    } else {
        json_object_set_member(object, bad->member,
                               json_from_string(bad->value, NULL));
    }
    check_error(node, bad->code, bad->text);
}

static void test_limits(void)
{
    g_autoptr(JsonNode) node = base_offer();
    JsonObject *object = json_node_get_object(node);
    JsonArray *sizes = json_array_new();
    g_autofree char *name = g_strnfill(LPM_OFFER_STRING_MAX + 1, 'x');

    for (guint i = 0; i <= LPM_OFFER_PAGE_SIZES_MAX; i++) {
        json_array_add_int_element(sizes, 4096);
    }
    json_object_set_array_member(object, "page-sizes", sizes);
    check_error(node, LPM_ERROR_LIMIT, "/page-sizes: too many");
    json_object_set_string_member(object, "arch", name);
    check_error(node, LPM_ERROR_LIMIT, "/arch: string too long");
}

static void test_not_an_object(void)
{
    g_autoptr(JsonNode) list = json_from_string("[1]", NULL);

    check_error(list, LPM_ERROR_MALFORMED, "/: got an array");
    check_error(NULL, LPM_ERROR_MALFORMED, "/: got nothing");
}

static void check_parse(const char *text, gsize len, int code)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(JsonNode) node = lpm_json_parse(text, len, "test", &err);

    g_assert_null(node);
    g_assert_error(err, LPM_ERROR, code);
}

static void test_parse(void)
{
    g_autofree char *deep = g_strnfill(100000, '[');
    g_autoptr(GError) err = NULL;
    g_autoptr(JsonNode) node = NULL;
    static const char quoted[] = "{\"a\":\"[[[[\\\"{{{{\"}";

    check_parse("", 0, LPM_ERROR_MALFORMED);
    check_parse("{\"a\":", 5, LPM_ERROR_MALFORMED);
    check_parse("{\"a\":1}\0", 8, LPM_ERROR_MALFORMED);
    check_parse("\"\xff\xfe\"", 4, LPM_ERROR_MALFORMED);
    check_parse(deep, 100000, LPM_ERROR_LIMIT);
    node = lpm_json_parse(quoted, sizeof(quoted) - 1, "test", &err);
    g_assert_no_error(err);
    g_assert_nonnull(node);
}

static void test_pointer(void)
{
    const LpmJsonPath list = { .key = "a/b~c" };
    const LpmJsonPath at = { .up = &list, .index = 3 };
    g_autofree char *pointer = lpm_json_pointer(&at, "d");
    g_autofree char *root = lpm_json_pointer(NULL, NULL);

    g_assert_cmpstr(pointer, ==, "/a~1b~0c/3/d");
    g_assert_cmpstr(root, ==, "/");
}

static void test_answer(void)
{
    g_autoptr(JsonNode) node = json_from_string(
        "{\"accepted\":false,\"reasons\":[{\"id\":\"a.b\",\"severity\":"
        "\"error\",\"title\":\"t\",\"source\":\"s\",\"destination\":\"d\","
        "\"remedy\":\"r\"}]}", NULL);
    g_autoptr(JsonNode) bad = json_from_string(
        "{\"accepted\":false,\"reasons\":[{\"id\":\"a.b\",\"severity\":"
        "\"grave\",\"title\":\"t\",\"source\":\"s\",\"destination\":\"d\","
        "\"remedy\":\"r\"}]}", NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmAnswer) answer = lpm_answer_from_json(node, &err);
    g_autoptr(LpmAnswer) none = NULL;
    const LpmReason *reason;

    g_assert_no_error(err);
    g_assert_false(answer->accepted);
    g_assert_cmpuint(answer->reasons->len, ==, 1);
    reason = g_ptr_array_index(answer->reasons, 0);
    g_assert_cmpstr(reason->remedy, ==, "r");
    none = lpm_answer_from_json(bad, &err);
    g_assert_null(none);
    g_assert_error(err, LPM_ERROR, LPM_ERROR_MALFORMED);
    g_assert_nonnull(strstr(err->message, "/reasons/0/severity: got 'grave'"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/offer-json/round-trip", test_round_trip);
    g_test_add_func("/lpm/offer-json/absent-strings", test_absent_strings);
    g_test_add_func("/lpm/offer-json/sparc", test_sparc);
    g_test_add_func("/lpm/offer-json/null-is-absent", test_null_is_absent);
    g_test_add_func("/lpm/offer-json/limits", test_limits);
    g_test_add_func("/lpm/offer-json/not-an-object", test_not_an_object);
    g_test_add_func("/lpm/offer-json/parse", test_parse);
    g_test_add_func("/lpm/offer-json/pointer", test_pointer);
    g_test_add_func("/lpm/offer-json/answer", test_answer);
    for (gsize i = 0; i < G_N_ELEMENTS(bads); i++) {
        g_autofree char *path = g_strconcat("/lpm/offer-json/bad/",
                                            bads[i].name, NULL);

        g_test_add_data_func(path, &bads[i], test_bad);
    }
    return g_test_run();
}
