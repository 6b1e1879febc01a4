/*
 * What the codecs are given: made pages, or those of a captured image
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_BENCH_MEMORY_H
#define LPM_BENCH_MEMORY_H

#include <glib.h>

#include "../pages.h"

#define BENCH_PAGE      4096u
/* What one packet of multifd has, and one of our frames. */
#define BENCH_PACKET    (512u * 1024)

/* Pages to be sent, in order of address. */
typedef struct BenchList {
    guint64 *offsets;
    gsize n;
} BenchList;

/*
 * The pages that are sent, side by side: what is between them in the guest
 * is left out.  Zero pages are too, as multifd sends them without a codec.
 */
typedef struct BenchMemory {
    char *name;
    gsize bytes;            /* of each of the three */
    guint8 *now;            /* what is sent, */
    guint8 *first;          /* and what it holds at first and later */
    guint8 *second;
    BenchList before;       /* sent to be sent again, and not timed */
    BenchList once;
    BenchList again;        /* pages that have changed; none: no second */
    gsize used_pages;       /* of the whole image: not zero, */
    gsize changed_pages;    /* changed and not zero */
} BenchMemory;

/**
 * bench_memory_made: @bytes made pages; again: 15 % of them, with an update
 * of 64 bytes each.  Take 16 MiB or more: four times what a stream looks
 * back at.
 */
BenchMemory *bench_memory_made(PagesKind kind, gsize bytes);

/**
 * bench_memory_read:
 * @first: file with the RAM of a guest
 * @second: (nullable): the same RAM, some time later
 * @most_bytes: of pages to take at each of both times; from everywhere, in
 *   pieces as long as a stream looks back.  0: all
 *
 * Returns: NULL with @error if a file cannot be read, is no whole number of
 * pages, has nothing but zeros, or if both are of different size.
 */
BenchMemory *bench_memory_read(const char *first, const char *second,
                               gsize most_bytes, GError **error);

/** bench_memory_rewind: what is sent is as it was at first. */
void bench_memory_rewind(BenchMemory *memory);

/** bench_memory_advance: the pages to be sent again are as they are later. */
void bench_memory_advance(BenchMemory *memory);

/** bench_memory_free: @memory: (nullable). */
void bench_memory_free(BenchMemory *memory);

#endif /* LPM_BENCH_MEMORY_H */
