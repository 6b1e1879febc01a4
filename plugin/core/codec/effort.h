/*
 * How hard to compress: as hard as the link is slow
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_EFFORT_H
#define LPM_EFFORT_H

#include <glib.h>

/*
 * Theory of operation
 *
 * Pages leave at min(n C, r B): n channels that encode C bytes a second each
 * into r times fewer, over a link of B bytes a second.  C falls and r grows
 * from step to step; the best step is the one where neither the processors
 * nor the link wait for the other.  C and r are measured at the step that is
 * used, and carried over to the others by what is known of zstd; B is
 * measured whenever more was given to the link than it took.
 *
 * Pure: no clock, no thread, no I/O.  Whoever sends calls it once a window.
 */

#define LPM_EFFORT_STEPS 7u

/* One window, all channels together. */
typedef struct LpmEffortSample {
    guint64 wall_ns;
    guint32 channels;
    guint64 raw_bytes;      /* page bytes that were encoded, */
    guint64 wire_bytes;     /* what was made of them, */
    guint64 given_bytes;    /* what the link was given, be it of before */
    guint64 encode_ns;      /* and the time that it took, of all channels */
    guint64 packed_from;    /* LpmFrameWork, summed up */
    guint64 packed_to;
    guint64 packed_ns;
    guint64 backlog_before; /* bytes that the link had not taken, when the */
    guint64 backlog_after;  /* window began and ended */
    gboolean link_waits;    /* nothing else is known, but it was blocked */
    guint64 limit;          /* bytes a second that are allowed; 0: any */
} LpmEffortSample;

typedef struct LpmEffort {
    guint step;             /* in use; 0 does not compress */
    guint windows;          /* since it changed */
    guint64 given;          /* bytes that the link was given in all */
    double link;            /* bytes a second; 0: faster than was seen */
    double link_seen;       /* the fastest since it was full */
    /* per step, bytes a second of one channel and from/to; 0: not seen */
    double speed[LPM_EFFORT_STEPS];
    double ratio[LPM_EFFORT_STEPS];
    double plain;           /* encode, bytes a second without compressor */
} LpmEffort;

/** lpm_effort_init: a fast level, and nothing known. */
void lpm_effort_init(LpmEffort *effort);

/**
 * lpm_effort_window_ns:
 * @backlog: bytes that the link has not taken now
 *
 * Returns: how long the window that goes on has to be, at least.
 */
guint64 lpm_effort_window_ns(const LpmEffort *effort, guint64 backlog);

/** lpm_effort_level: of zstd, or LPM_LEVEL_NONE; @step below the number. */
int lpm_effort_level(guint step);

/**
 * lpm_effort_next:
 * @sample: a window in which @effort->step was used
 *
 * Returns: the step for the next window, which @effort has then.
 */
guint lpm_effort_next(LpmEffort *effort, const LpmEffortSample *sample);

#endif /* LPM_EFFORT_H */
