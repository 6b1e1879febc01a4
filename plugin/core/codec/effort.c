/*
 * How hard to compress: as hard as the link is slow
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/effort.h"

#include "codec/codec.h"

/*
 * speed: of the compressor, by that of level 1; gain: what is saved, by what
 * level 1 saves.  zstd 1.5.4, packages of Debian 12, as encoder.c uses it.
 */
typedef struct Step {
    int level;
    double speed;
    double gain;
} Step;

static const Step steps[LPM_EFFORT_STEPS] = {
    { LPM_LEVEL_NONE, 0, 0 },
    { -5, 1.46, 0.55 },
    { 1, 1.00, 1.00 },
    { 3, 0.50, 1.13 },
    { 5, 0.25, 1.22 },
    { 7, 0.16, 1.30 },
    { 9, 0.12, 1.33 },
};
/* A guess costs little here: fast links lose milliseconds, slow ones less. */
#define FIRST_STEP 1u

/*
 * So many bytes at least before a link counts as one that takes all: fewer
 * find room in the buffers of any.
 */
#define GIVEN_MIN (1024u * 1024)

/* Before anything is seen: of one core, and of a page cache. */
#define FIRST_SPEED  250e6
#define FIRST_RATIO  2.3
#define FIRST_PLAIN  2000e6

/* What more is on its way than this is not the link's own buffer. */
#define BACKLOG_MIN  (256u * 1024)

/* Long enough to tell something, short enough to follow a link; */
#define WINDOW_NS    20000000u
/* where one turns out to be full, buffers should not fill up before. */
#define FULL_NS      5000000u
/* A limit is reached when this share of it is used. */
#define LIMIT_SHARE  0.85
/*
 * A link that does not fill up may have become faster: so much a window, but
 * no more than this beyond what was ever seen of it.
 */
#define LINK_GROWS   1.005
#define LINK_HOPE    5
/* Weight of the last window, once there were others. */
#define NEW_WEIGHT   0.5
/* Less to win than this is noise; a lighter step also costs others' bytes. */
#define WORTH_DENSER  1.04
#define WORTH_LIGHTER 1.20
/*
 * Below level 1 bytes grow fastest, on a link that others use as well: that
 * is for links that need no compression, and has to be so much faster.
 */
#define HANDICAP 1.6
#define HANDICAP_BELOW 2u
/* Windows between two changes: a new stream has nothing to look back at. */
#define SETTLE       4u
/* But not if this much is to win. */
#define URGENT       1.4
/* Share of page bytes for the compressor that is not worth to look for. */
#define LITTLE       0.05
/* Windows with fewer bytes tell nothing. */
#define SAMPLE_MIN   (128u * 1024)

void lpm_effort_init(LpmEffort *effort)
{
    *effort = (LpmEffort) { .step = FIRST_STEP };
}

static gboolean is_new(const LpmEffort *effort)
{
    return effort->link == 0 && effort->given < GIVEN_MIN;
}

guint64 lpm_effort_window_ns(const LpmEffort *effort, guint64 backlog)
{
    if (is_new(effort)) {
        return 0;
    }
    return effort->link == 0 && backlog >= BACKLOG_MIN ? FULL_NS : WINDOW_NS;
}

int lpm_effort_level(guint step)
{
    return steps[step].level;
}

static void learn(double *value, double now)
{
    *value = *value == 0 ? now : *value + NEW_WEIGHT * (now - *value);
}

static double per_s(guint64 bytes, guint64 ns)
{
    return ns ? (double)bytes / ns * 1e9 : 0;
}

/* What the link took, if it had more to take than that. */
static void learn_link(LpmEffort *effort, const LpmEffortSample *s)
{
    guint64 given = s->given_bytes + s->backlog_before;
    guint64 taken = given > s->backlog_after ? given - s->backlog_after : 0;
    double now = per_s(taken, s->wall_ns);
    gboolean limited = s->limit != 0 && now >= LIMIT_SHARE * s->limit;

    if (s->backlog_after >= BACKLOG_MIN || s->link_waits || limited) {
        learn(&effort->link, limited ? MIN(now, s->limit) : now);
        effort->link_seen = effort->link;
    } else if (effort->link != 0) {
        effort->link_seen = MAX(effort->link_seen, now);
        effort->link = MAX(now, MIN(effort->link * LINK_GROWS,
                                    effort->link_seen * LINK_HOPE));
    }
}

static void learn_codec(LpmEffort *effort, const LpmEffortSample *s)
{
    guint64 plain_ns = s->encode_ns - MIN(s->packed_ns, s->encode_ns);

    learn(&effort->plain, per_s(s->raw_bytes, MAX(plain_ns, 1)));
    if (effort->step != 0 && s->packed_from >= SAMPLE_MIN) {
        learn(&effort->speed[effort->step],
              per_s(s->packed_from, MAX(s->packed_ns, 1)));
        learn(&effort->ratio[effort->step],
              (double)s->packed_from / MAX(s->packed_to, 1));
    }
}

/* The step next to @step that was seen, or 0. */
static guint nearest_seen(const LpmEffort *effort, guint step)
{
    for (guint far = 0; far < LPM_EFFORT_STEPS; far++) {
        if (step > far && effort->speed[step - far] != 0) {
            return step - far;
        }
        if (step + far < LPM_EFFORT_STEPS && effort->speed[step + far] != 0) {
            return step + far;
        }
    }
    return 0;
}

/*
 * Page bytes a second that would leave at @step, if the pages go on being
 * what they were in @s: a @share of them is for the compressor.
 */
static double predict(const LpmEffort *effort, const LpmEffortSample *s,
                      guint step)
{
    guint seen = nearest_seen(effort, step);
    double speed = seen ? effort->speed[seen] / steps[seen].speed :
                          FIRST_SPEED;
    double gain = seen ? (effort->ratio[seen] - 1) / steps[seen].gain :
                         FIRST_RATIO - 1;
    double plain = effort->plain ? effort->plain : FIRST_PLAIN;
    double share = effort->step == 0 ? 1 :
                   (double)s->packed_from / s->raw_bytes;
    /* bytes that leave without the compressor, and are counted as wire */
    double rest = effort->step == 0 ? 0 :
                  (double)(s->wire_bytes - MIN(s->packed_to, s->wire_bytes)) /
                  s->raw_bytes;
    double ns = 1 / plain;
    double wire = 1;        /* nothing is sent as a difference either */
    double by_encode;

    if (step != 0) {
        ns += share / (speed * steps[step].speed);
        wire = share / (1 + gain * steps[step].gain) + rest;
    }
    by_encode = s->channels / ns;
    return effort->link == 0 ? by_encode :
           MIN(by_encode, effort->link / MAX(wire, 1e-6));
}

static double score(const LpmEffort *effort, const LpmEffortSample *s,
                    guint step)
{
    return predict(effort, s, step) / (step < HANDICAP_BELOW ? HANDICAP : 1);
}

static guint best_step(const LpmEffort *effort, const LpmEffortSample *s)
{
    double now = score(effort, s, effort->step);
    double best = now;
    guint step = effort->step;

    for (guint i = 0; i < LPM_EFFORT_STEPS; i++) {
        double then = score(effort, s, i);
        double worth = i < effort->step ? WORTH_LIGHTER : WORTH_DENSER;

        if (then > now * worth && then > best) {
            best = then;
            step = i;
        }
    }
    return step;
}

guint lpm_effort_next(LpmEffort *effort, const LpmEffortSample *s)
{
    guint step;

    if (s->raw_bytes < SAMPLE_MIN || s->wall_ns == 0) {
        return effort->step;
    }
    learn_link(effort, s);
    learn_codec(effort, s);
    effort->given += s->given_bytes;
    effort->windows++;
    if (is_new(effort)) {
        return effort->step;
    }
    step = best_step(effort, s);
    if (effort->link == 0 && s->packed_from < s->raw_bytes * LITTLE) {
        step = 0;
    }
    if (step != effort->step && (effort->windows >= SETTLE ||
                                 score(effort, s, step) >
                                 URGENT * score(effort, s, effort->step))) {
        effort->step = step;
        effort->windows = 0;
    }
    return effort->step;
}
