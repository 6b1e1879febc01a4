/*
 * Which moves are said not to converge, and with what figures
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "handoff/stall.h"

#define MIB        (G_GUINT64_CONSTANT(1) << 20)
#define LOOK_MS    100
#define STEPS_MAX  16

/* Rounds that are alike; in MiB and MiB per second. */
typedef struct Step {
    guint times;            /* 0: the last step */
    guint ms;               /* of each; looked at every LOOK_MS */
    guint remaining;        /* at the begin of the first one */
    int more;               /* then so much more at each */
    guint pages;            /* leave per second */
    guint dirty;            /* per second */
    gboolean anew;          /* all counters from 0 */
} Step;

typedef struct Row {
    const char *id;
    guint limit_s;
    guint tells;
    guint first;            /* dirty-sync-count when first told; 0: never */
    Step steps[STEPS_MAX];
} Row;

static const Row rows[] = {
    { "first-round-only", 30, 0, 0, { { 1, 600000, 8000, 0, 10, 900, 0 } } },
    { "converging", 30, 0, 0, {
        { 1, 80000, 8000, 0, 100, 50, 0 }, { 1, 40000, 4000, 0, 100, 50, 0 },
        { 1, 20000, 2000, 0, 100, 50, 0 }, { 1, 10000, 1000, 0, 100, 50, 0 },
        { 1, 5000, 500, 0, 100, 50, 0 }, { 1, 2500, 250, 0, 100, 50, 0 } } },
    /* 5 % a round: 12 % less each third round */
    { "slowly-converging", 30, 0, 0, {
        { 1, 80000, 8000, 0, 100, 95, 0 }, { 1, 12000, 1200, 0, 100, 95, 0 },
        { 1, 11400, 1140, 0, 100, 95, 0 }, { 1, 10830, 1083, 0, 100, 95, 0 },
        { 1, 10290, 1029, 0, 100, 95, 0 }, { 1, 9770, 977, 0, 100, 95, 0 },
        { 1, 9290, 929, 0, 100, 95, 0 }, { 1, 8820, 882, 0, 100, 95, 0 },
        { 1, 8380, 838, 0, 100, 95, 0 } } },
    { "stalled", 30, 1, 6, { { 1, 80000, 8000, 0, 100, 150, 0 },
                             { 30, 8000, 800, 0, 100, 100, 0 } } },
    /* rounds 2 and 5 are 3 rounds and 24 s apart, and 30 s 2 and 6 */
    { "stalled-three-rounds", 24, 1, 5, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                          { 30, 8000, 800, 0, 100, 100,
                                            0 } } },
    { "stalled-limit-of-one-second", 1, 1, 5, {
        { 1, 80000, 8000, 0, 100, 150, 0 },
        { 30, 8000, 800, 0, 100, 100, 0 } } },
    /* the figures of in balance differ by how they are measured */
    { "stalled-dirty-a-little-less", 30, 1, 6, {
        { 1, 80000, 8000, 0, 100, 150, 0 },
        { 30, 8000, 800, 0, 100, 95, 0 } } },
    { "stalled-growing", 30, 1, 6, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                     { 20, 8000, 800, 10, 100, 130, 0 } } },
    { "stalled-short-rounds", 5, 1, 52, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                          { 99, 100, 10, 0, 100, 100,
                                            0 } } },
    { "stalled-then-released", 30, 1, 6, {
        { 1, 80000, 8000, 0, 100, 150, 0 }, { 9, 8000, 800, 0, 100, 100, 0 },
        { 1, 8000, 800, 0, 100, 20, 0 }, { 1, 1600, 160, 0, 100, 20, 0 },
        { 1, 400, 32, 0, 100, 20, 0 } } },
    { "stalled-released-stalled", 30, 2, 6, {
        { 1, 80000, 8000, 0, 100, 150, 0 }, { 9, 8000, 800, 0, 100, 100, 0 },
        { 9, 4000, 400, 0, 100, 100, 0 }, { 9, 4000, 400, 0, 100, 100, 0 } } },
    /* far from the best, but on its way */
    { "busy-then-converging", 30, 0, 0, {
        { 1, 80000, 8000, 0, 100, 10, 0 }, { 1, 2000, 200, 0, 100, 400, 0 },
        { 1, 30000, 3000, 0, 100, 80, 0 }, { 1, 24000, 2400, 0, 100, 80, 0 },
        { 1, 19200, 1920, 0, 100, 80, 0 }, { 1, 15400, 1536, 0, 100, 80, 0 },
        { 1, 12300, 1229, 0, 100, 80, 0 } } },
    { "idle", 1, 0, 0, { { 1, 80000, 8000, 0, 100, 0, 0 },
                         { 50, 1000, 0, 0, 0, 0, 0 } } },
    { "nearly-idle", 1, 0, 0, { { 1, 80000, 8000, 0, 100, 0, 0 },
                                { 50, 1000, 1, 0, 100, 1, 0 } } },
    { "one-long-round", 30, 0, 0, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                    { 1, 900000, 8000, 0, 1, 150, 0 } } },
    { "two-rounds", 30, 0, 0, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                { 3, 80000, 8000, 0, 100, 150, 0 } } },
    /* auto-converge: the bitmap is read again within one round */
    { "read-within-a-round", 30, 0, 0, {
        { 1, 80000, 80000, 0, 100, 50, 0 },
        { 14, 5000, 80000, -500, 100, 100, 0 } } },
    { "nothing-leaves", 1, 0, 0, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                   { 30, 8000, 800, 0, 0, 100, 0 } } },
    { "nothing-leaves-any-more", 60, 0, 0, {
        { 1, 80000, 8000, 0, 100, 150, 0 }, { 3, 8000, 800, 0, 100, 100, 0 },
        { 30, 8000, 800, 0, 0, 100, 0 } } },
    { "nothing-remains", 1, 0, 0, { { 1, 80000, 8000, 0, 100, 150, 0 },
                                    { 30, 8000, 0, 0, 100, 100, 0 } } },
    { "counters-jump-back", 30, 0, 0, {
        { 1, 80000, 8000, 0, 100, 150, 0 }, { 4, 8000, 800, 0, 100, 100, 0 },
        { 1, 80000, 8000, 0, 100, 150, 1 }, { 4, 8000, 800, 0, 100, 100, 0 },
    } },
    { "stalled-after-a-jump", 30, 2, 6, {
        { 1, 80000, 8000, 0, 100, 150, 0 }, { 9, 8000, 800, 0, 100, 100, 0 },
        { 1, 80000, 8000, 0, 100, 150, 1 }, { 9, 8000, 800, 0, 100, 100, 0 },
    } },
};

typedef struct Told {
    guint times;
    guint64 first;
    LpmStallFigures figures;    /* of the first */
} Told;

static void play(const Row *row, Told *told)
{
    LpmStall stall;
    LpmStallLook look = { .ms = 1000000 };
    LpmStallFigures figures;

    memset(told, 0, sizeof(*told));
    lpm_stall_init(&stall, (gint64)row->limit_s * 1000);
    /* before the first round */
    look.remaining = row->steps[0].remaining * MIB;
    g_assert_false(lpm_stall_look(&stall, &look, &figures));
    for (guint s = 0; s < STEPS_MAX && row->steps[s].times > 0; s++) {
        const Step *step = &row->steps[s];

        if (step->anew) {
            look.rounds = look.page_bytes = look.wire_bytes = 0;
        }
        for (guint i = 0; i < step->times; i++) {
            look.rounds++;
            look.remaining = (guint64)((int)step->remaining +
                                       (int)i * step->more) * MIB;
            look.dirty_bytes = step->dirty * MIB;
            for (guint ms = 0; ms < step->ms; ms += LOOK_MS) {
                guint64 left = step->pages * MIB * LOOK_MS / 1000;

                if (lpm_stall_look(&stall, &look, &figures) &&
                    told->times++ == 0) {
                    told->first = look.rounds;
                    told->figures = figures;
                }
                look.ms += LOOK_MS;
                look.page_bytes += left;
                look.wire_bytes += left / 4;
                look.remaining -= MIN(left, look.remaining);
            }
        }
    }
}

static void test_row(gconstpointer opaque)
{
    const Row *row = opaque;
    Told told;

    play(row, &told);
    g_assert_cmpuint(told.times, ==, row->tells);
    g_assert_cmpuint(told.first, ==, row->first);
}

static void test_figures(void)
{
    static const Row row = { "figures", 30, 1, 6, {
        { 1, 80000, 8000, 0, 100, 150, 0 },
        { 9, 8000, 800, 0, 100, 120, 0 } } };
    g_autofree char *text = NULL;
    Told told;

    play(&row, &told);
    g_assert_cmpuint(told.times, ==, 1);
    g_assert_cmpuint(told.figures.rounds, ==, 4);
    g_assert_cmpuint(told.figures.remaining, ==, 800 * MIB);
    g_assert_cmpfloat_with_epsilon(told.figures.page_rate, 100.0 * MIB, MIB);
    g_assert_cmpfloat_with_epsilon(told.figures.dirty_rate, 120.0 * MIB,
                                   MIB);
    g_assert_cmpfloat_with_epsilon(told.figures.wire_rate, 25.0 * MIB, MIB);
    g_assert_cmpint(told.figures.stop_ms, ==, 8000);
    text = lpm_stall_text(&told.figures);
    g_assert_cmpstr(text, ==, "the move does not converge: the guest dirties "
                    "120.0 MiB/s, 100.0 MiB/s of pages leave (25.0 MiB/s on "
                    "the wire), 4 rounds without progress, 800.0 MiB remain; "
                    "to stop the guest now and send them takes about 8.0 s");
}

/* What a QEMU may say is any number. */
static void test_largest_numbers(void)
{
    LpmStallLook look = { .ms = 0, .rounds = 1 };
    LpmStallFigures figures;
    guint told = 0;
    LpmStall stall;

    lpm_stall_init(&stall, 1000);
    g_assert_false(lpm_stall_look(&stall, &look, &figures));
    for (guint i = 0; i < 9; i++) {
        look.ms += 1000;
        look.rounds++;
        look.remaining = G_MAXUINT64;
        look.dirty_bytes = G_MAXUINT64;
        look.page_bytes = i < 3 ? i : G_MAXUINT64;
        look.wire_bytes = look.page_bytes;
        told += lpm_stall_look(&stall, &look, &figures);
    }
    g_assert_cmpuint(told, ==, 1);
    g_assert_cmpint(figures.stop_ms, >=, 0);
    g_assert_cmpint(figures.stop_ms, <=, G_GINT64_CONSTANT(1000000000000000));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/stall/%s", rows[i].id);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/lpm/stall/figures", test_figures);
    g_test_add_func("/lpm/stall/largest-numbers", test_largest_numbers);
    return g_test_run();
}
