/*
 * Reasons out of libvirt's errors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "handoff/virt-reason.h"

#define HOOK \
    "Hook script execution failed: internal error: Child process (LC_ALL=C " \
    "PATH=/usr/bin HOME=/root /etc/libvirt/hooks/qemu lpar1 migrate begin " \
    "-) unexpected "
#define OUT "operation failed: job 'migration out' failed: "
#define BOTH_BEGIN \
    "operation failed: migration failed. Message from the source host: " OUT
#define BOTH_MIDDLE \
    ". Message from the destination host: operation failed: job 'migration " \
    "in' failed: "

typedef struct Case {
    const char *name;
    const char *message;
    LpmVirtWhy why;
    const char *text;
    guint reasons;
} Case;

static const Case cases[] = {
    { "hook/one-line", HOOK "exit status 3: closed on Sundays\n",
      LPM_VIRT_WHY_HOOK, "closed on Sundays", 0 },
    { "hook/lines", HOOK "exit status 12: closed\n  source      open\n"
      "  destination closed\n",
      LPM_VIRT_WHY_HOOK, "closed\n  source      open\n  destination closed",
      0 },
    { "hook/text-with-the-mark", HOOK "exit status 3: a: unexpected exit "
      "status 4: b", LPM_VIRT_WHY_HOOK, "a: unexpected exit status 4: b",
      0 },
    { "hook/silent", HOOK "exit status 1: ", LPM_VIRT_WHY_HOOK,
      "the destination's hook refused without a word", 0 },
    { "hook/no-text", HOOK "exit status 1", LPM_VIRT_WHY_HOOK,
      "the destination's hook refused without a word", 0 },
    { "hook/killed", HOOK "fatal signal 9", LPM_VIRT_WHY_HOOK,
      "the destination's hook was killed by signal 9", 0 },
    { "hook/other", "Hook script execution failed: cannot start",
      LPM_VIRT_WHY_HOOK, "cannot start", 0 },
    { "qemu/9", OUT "Channel error: Input/output error", LPM_VIRT_WHY_QEMU,
      "Channel error: Input/output error", 0 },
    { "qemu/11", BOTH_BEGIN "Sibling indicated error 1" BOTH_MIDDLE
      "load of migration failed: Invalid argument", LPM_VIRT_WHY_QEMU,
      "Sibling indicated error 1\nthe destination says: load of migration "
      "failed: Invalid argument", 0 },
    { "refused/9", OUT "the destination refused the guest:\n"
      "cpu-compat.preferred-equal: preferred modes are equal (source: power9, "
      "destination: power8); set them alike\n"
      "device.present: devices (or what is one) are there (source: a (b), "
      "destination: none)",
      LPM_VIRT_WHY_REFUSED, NULL, 2 },
    { "refused/11", BOTH_BEGIN "lpm: the destination refused the guest:\n"
      "a.b: c (source: d, destination: e)" BOTH_MIDDLE "refused the guest:\n"
      "a.b: c (source: d, destination: e)",
      LPM_VIRT_WHY_REFUSED, "a.b: c (source: d, destination: e)", 1 },
    { "refused/only-the-destination-says", BOTH_BEGIN "Sibling indicated "
      "error 1" BOTH_MIDDLE "refused the guest:\na.b: c (source: d, "
      "destination: e); f", LPM_VIRT_WHY_REFUSED, NULL, 1 },
    { "refused/no-form", OUT "the destination refused the guest:\n"
      "a.b: c (source: d, destination: e)\nfor no reason",
      LPM_VIRT_WHY_REFUSED,
      "a.b: c (source: d, destination: e)\nfor no reason", 0 },
    { "refused/nothing", OUT "the destination refused the guest:\n",
      LPM_VIRT_WHY_REFUSED, "", 0 },
    { "refused/halves", OUT "refused the guest:\n (source: , destination: )",
      LPM_VIRT_WHY_REFUSED, NULL, 0 },
    { "libvirt/other", "client socket is closed", LPM_VIRT_WHY_LIBVIRT,
      "client socket is closed", 0 },
    { "libvirt/empty", "", LPM_VIRT_WHY_LIBVIRT, "", 0 },
    { "libvirt/no-utf8", "a\xff", LPM_VIRT_WHY_LIBVIRT, "a\xef\xbf\xbd", 0 },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(LpmVirtReason) reason = lpm_virt_reason(c->message);

    g_assert_cmpint(reason->why, ==, c->why);
    if (c->text != NULL) {
        g_assert_cmpstr(reason->text, ==, c->text);
    }
    g_assert_cmpuint(reason->answer != NULL ? reason->answer->reasons->len :
                     0, ==, c->reasons);
}

/* What QEMU writes is read again as it was. */
static void test_round_trip(void)
{
    g_autoptr(LpmAnswer) answer = lpm_answer_new();
    g_autoptr(LpmVirtReason) reason = NULL;
    g_autofree char *text = NULL;
    g_autofree char *message = NULL;
    g_autofree char *again = NULL;

    lpm_answer_add(answer, LPM_SEVERITY_ERROR, "machine.type", "the machine: "
                   "types (source: theirs) are equal", "a", "b, (c)", "d");
    lpm_answer_add(answer, LPM_SEVERITY_ERROR, "x", "y", "", "", "");
    text = lpm_answer_text(answer);
    message = g_strconcat(OUT "the destination refused the guest:\n", text,
                          NULL);
    reason = lpm_virt_reason(message);
    g_assert_nonnull(reason->answer);
    g_assert_false(reason->answer->accepted);
    again = lpm_answer_text(reason->answer);
    g_assert_cmpstr(again, ==, text);
    for (guint i = 0; i < 2; i++) {
        const LpmReason *a = g_ptr_array_index(answer->reasons, i);
        const LpmReason *b = g_ptr_array_index(reason->answer->reasons, i);

        g_assert_cmpstr(a->title, ==, b->title);
        g_assert_cmpstr(a->source, ==, b->source);
        g_assert_cmpstr(a->destination, ==, b->destination);
        g_assert_cmpstr(a->remedy, ==, b->remedy);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/lpm/virt-reason/",
                                            cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/lpm/virt-reason/round-trip", test_round_trip);
    return g_test_run();
}
