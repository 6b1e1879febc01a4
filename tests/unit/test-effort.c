/*
 * The choice of the compression level, against links and data that are known
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/codec.h"
#include "codec/effort.h"

#define MB 1e6
#define WINDOW_S 0.05

/* What the choice is made for; the codec knows none of it. */
typedef struct World {
    const char *name;
    double link;            /* bytes a second; 0: faster than memory */
    guint channels;
    double share;           /* of page bytes that compress */
    double speed;           /* of level 1, bytes a second of a channel */
    double ratio;           /* of level 1 */
    double limit;           /* bytes a second that QEMU may send; 0: any */
    gboolean no_backlog;    /* nobody tells what the link has not taken */
    guint least, most;      /* the step that it must come to */
    double share_of_best;   /* of the best rate, at least; 0: 0.9 */
} World;

/* Truth: other figures than the priors of effort.c, in the same order. */
static const double speeds[LPM_EFFORT_STEPS] = {
    0, 1.4, 1.0, 0.45, 0.25, 0.15, 0.09,
};
static const double gains[LPM_EFFORT_STEPS] = {
    0, 0.6, 1.0, 1.3, 1.45, 1.5, 1.6,
};
#define PLAIN (1800 * MB)

static const World worlds[] = {
    { "loopback", 0, 2, 1, 250 * MB, 2.4, 0, FALSE, 0, 0 },
    { "10-gbit", 1250 * MB, 2, 1, 250 * MB, 2.4, 0, FALSE, 0, 0 },
    { "10-gbit-8-channels", 1250 * MB, 8, 1, 250 * MB, 2.4, 0, FALSE, 2, 2,
      0.7 },
    { "1-gbit", 125 * MB, 2, 1, 250 * MB, 2.4, 0, FALSE, 1, 2 },
    { "1-gbit-slow-cpu", 125 * MB, 2, 1, 80 * MB, 2.4, 0, FALSE, 2, 2, 0.7 },
    { "0.3-gbit", 37.5 * MB, 2, 1, 250 * MB, 2.4, 0, FALSE, 2, 4 },
    { "0.1-gbit", 12.5 * MB, 2, 1, 250 * MB, 2.4, 0, FALSE, 5, 6 },
    { "10-mbit", 1.25 * MB, 2, 1, 250 * MB, 2.4, 0, FALSE, 6, 6 },
    { "limit", 0, 2, 1, 250 * MB, 2.4, 12.5 * MB, FALSE, 5, 6 },
    { "pipe", 12.5 * MB, 2, 1, 250 * MB, 2.4, 0, TRUE, 5, 6 },
    { "random-loopback", 0, 2, 0, 250 * MB, 1, 0, FALSE, 0, 0 },
    { "half-random", 12.5 * MB, 2, 0.5, 250 * MB, 2.4, 0, FALSE, 4, 6 },
    { "hardly-compresses", 125 * MB, 2, 1, 150 * MB, 1.05, 0, FALSE, 0, 2 },
};

/* Page bytes a second at @step, and what they are on the wire. */
static double truth(const World *w, guint step, double *ret_wire)
{
    double ns = 1 / PLAIN;
    double wire = 1;
    double rate;

    if (step != 0) {
        ns += w->share / (w->speed * speeds[step]);
        wire = 1 - w->share +
               w->share / (1 + (w->ratio - 1) * gains[step]);
    }
    rate = w->channels / ns;
    if (w->link != 0) {
        rate = MIN(rate, w->link / wire);
    }
    if (w->limit != 0) {
        rate = MIN(rate, w->limit / wire);
    }
    *ret_wire = wire;
    return rate;
}

/* One window at the step in use; @backlog is what the link has not taken. */
static void window(LpmEffort *effort, const World *w, double *backlog)
{
    double wire;
    guint step = effort->step;
    double rate = truth(w, step, &wire);
    double free_rate = w->channels /
                       (1 / PLAIN + (step == 0 ? 0 :
                                     w->share / (w->speed * speeds[step])));
    /* The socket's buffer lets the first bytes through at full speed. */
    double room = 3 * MB - *backlog;
    double raw = MIN(free_rate * WINDOW_S, rate * WINDOW_S + room / wire);
    gboolean limited = w->limit != 0 && raw * wire > w->limit * WINDOW_S;
    LpmEffortSample s = { 0 };

    if (limited) {
        raw = w->limit * WINDOW_S / wire;
    }
    s.wall_ns = WINDOW_S * 1e9;
    s.channels = w->channels;
    s.raw_bytes = raw;
    s.wire_bytes = s.given_bytes = raw * wire;
    s.limit = w->limit;
    s.packed_from = step == 0 ? 0 : raw * w->share;
    s.packed_to = step == 0 ? 0 :
                  s.packed_from / (1 + (w->ratio - 1) * gains[step]);
    s.packed_ns = step == 0 ? 0 : s.packed_from / (w->speed * speeds[step]) *
                                  1e9;
    s.encode_ns = s.packed_ns + raw / PLAIN * 1e9;
    s.backlog_before = *backlog;
    if (w->link != 0) {
        *backlog = MAX(0, *backlog + raw * wire - w->link * WINDOW_S);
    }
    s.backlog_after = *backlog;
    if (w->no_backlog) {
        s.link_waits = *backlog > 0;
        s.backlog_before = s.backlog_after = 0;
    }
    lpm_effort_next(effort, &s);
}

/* Comes to the right step soon, stays there, and loses nothing by it. */
static void test_world(gconstpointer data)
{
    const World *w = data;
    LpmEffort effort;
    double backlog = 0;
    double best = 0;
    double sum = 0;
    double wire;
    guint changes = 0;

    for (guint step = 0; step < LPM_EFFORT_STEPS; step++) {
        best = MAX(best, truth(w, step, &wire));
    }
    lpm_effort_init(&effort);
    for (guint i = 0; i < 30; i++) {
        window(&effort, w, &backlog);
    }
    for (guint i = 0; i < 200; i++) {
        guint before = effort.step;

        window(&effort, w, &backlog);
        sum += truth(w, effort.step, &wire);
        changes += effort.step != before;
    }
    g_test_message("step %u, %.3f of the best, %u changes", effort.step,
                   sum / 200 / best, changes);
    g_assert_cmpuint(effort.step, >=, w->least);
    g_assert_cmpuint(effort.step, <=, w->most);
    g_assert_cmpfloat(sum / 200, >=, best * (w->share_of_best != 0 ?
                                             w->share_of_best : 0.9));
    g_assert_cmpuint(changes, <=, 40);
}

/* A link that becomes another one is noticed, both ways. */
static void test_link_changes(void)
{
    World w = { "", 0, 2, 1, 250 * MB, 2.4, 0, FALSE, 0, 0 };
    LpmEffort effort;
    double backlog = 0;

    lpm_effort_init(&effort);
    for (guint i = 0; i < 20; i++) {
        window(&effort, &w, &backlog);
    }
    g_assert_cmpuint(effort.step, ==, 0);
    w.link = 12.5 * MB;
    for (guint i = 0; i < 20; i++) {
        window(&effort, &w, &backlog);
    }
    g_assert_cmpuint(effort.step, >=, 4);
    w.link = 0;
    backlog = 0;
    for (guint i = 0; i < 900; i++) {
        window(&effort, &w, &backlog);
    }
    g_assert_cmpuint(effort.step, ==, 0);
}

/* On a slow link the first guess must not cost much. */
static void test_start(void)
{
    World w = { "", 12.5 * MB, 2, 1, 250 * MB, 2.4, 0, FALSE, 0, 0 };
    LpmEffort effort;
    double backlog = 0;

    lpm_effort_init(&effort);
    g_assert_cmpint(lpm_effort_level(effort.step), ==, -5);
    for (guint i = 0; i < 6; i++) {
        window(&effort, &w, &backlog);
        g_assert_cmpuint(effort.step, >=, 1);
    }
    g_assert_cmpuint(effort.step, >=, 4);
}

/* A few bytes find room in any buffer: that is no link that takes all. */
static void test_buffers(void)
{
    LpmEffort effort;
    LpmEffortSample s = {
        .wall_ns = 4000000, .channels = 2, .raw_bytes = 2 * 1024 * 1024,
        .wire_bytes = 700000, .given_bytes = 350000, .encode_ns = 8000000,
        .packed_from = 2 * 1024 * 1024, .packed_to = 700000,
        .packed_ns = 7500000,
    };

    lpm_effort_init(&effort);
    for (guint i = 0; i < 2; i++) {
        g_assert_cmpuint(lpm_effort_window_ns(&effort, 0), ==, 0);
        g_assert_cmpuint(lpm_effort_next(&effort, &s), ==, 1);
    }
    /* The buffers are full, ... */
    s.backlog_after = 600000;
    s.given_bytes = 1000000;
    g_assert_cmpuint(lpm_effort_next(&effort, &s), >=, 1);
    g_assert_cmpuint(lpm_effort_window_ns(&effort, 0), ==, 20000000);
    g_assert_cmpuint(lpm_effort_window_ns(&effort, 600000), ==, 20000000);
    /* ... or there are none. */
    lpm_effort_init(&effort);
    s.backlog_after = 0;
    lpm_effort_next(&effort, &s);
    g_assert_cmpuint(lpm_effort_next(&effort, &s), ==, 0);
    /* If that was wrong, it has to be seen before all buffers are full. */
    g_assert_cmpuint(lpm_effort_window_ns(&effort, 600000), ==, 5000000);
}

/* Nothing to send says nothing. */
static void test_idle(void)
{
    LpmEffort effort;
    LpmEffortSample s = { .wall_ns = 50000000, .channels = 2 };

    lpm_effort_init(&effort);
    for (guint i = 0; i < 100; i++) {
        s.raw_bytes = i * 1000;
        s.wire_bytes = s.given_bytes = i * 10;
        lpm_effort_next(&effort, &s);
        g_assert_cmpint(lpm_effort_level(effort.step), ==, -5);
    }
}

static void test_levels(void)
{
    g_assert_cmpint(lpm_effort_level(0), ==, LPM_LEVEL_NONE);
    for (guint i = 2; i < LPM_EFFORT_STEPS; i++) {
        g_assert_cmpint(lpm_effort_level(i), >, lpm_effort_level(i - 1));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(worlds); i++) {
        g_autofree gchar *path = g_strconcat("/lpm/effort/world/",
                                             worlds[i].name, NULL);

        g_test_add_data_func(path, &worlds[i], test_world);
    }
    g_test_add_func("/lpm/effort/link-changes", test_link_changes);
    g_test_add_func("/lpm/effort/start", test_start);
    g_test_add_func("/lpm/effort/buffers", test_buffers);
    g_test_add_func("/lpm/effort/idle", test_idle);
    g_test_add_func("/lpm/effort/levels", test_levels);
    return g_test_run();
}
