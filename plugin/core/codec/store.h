/*
 * What was last sent of each page, as digests of its blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_STORE_H
#define LPM_STORE_H

#include <glib.h>

/*
 * Theory of operation
 *
 * A page that is sent again is sent as the difference to what the
 * destination has, so the source must know what that is; but it need not
 * have it.  A digest of 8 bytes for each block of 128 tells which blocks are
 * others now, and these are sent as they are.  That costs a sixteenth of the
 * RAM that is covered and nothing but the digests of the new page, which the
 * checksum of the frame is made of anyway.  (Copies, compressed, and XOR with
 * them were tried first: 30 to 50 us for a page, most of it to unpack the
 * old one, and a third of the RAM; a digest does it in 1.)
 *
 * Two blocks with the same digest: the checksum at the destination is of the
 * whole page, so a block that should have been sent and was not ends the
 * move before damage.  With 64 bits that does not happen by chance.
 *
 * Budget: pages are covered as they come, until it is used up; each round of
 * the migration walks RAM in the same order, so to replace the oldest would
 * lose every page just before it is needed.  A page that is not covered is
 * sent whole: any budget is right, and 0 keeps nothing.
 *
 * Pages that leave in place (codec.h) are only marked, a bit each: they cost
 * no digests until they are sent again, which is then with a look.
 *
 * Order: multifd never has two versions of one page on their way between two
 * of its syncs, and a sync is passed on both sides by all channels; else a
 * page could be overwritten by its own past without any differences.  So
 * between two syncs the digests of a page are those of the one channel that
 * sends it, and what it writes there is at the destination before another
 * one reads it.
 */

#define LPM_BLOCK_BYTES  128u

typedef struct LpmStore LpmStore;

/* One page: what is known of it is whoever's who sends it. */
typedef struct LpmSentPage {
    guint64 *digests;           /* one a block; NULL: not covered */
    guint8 *known;              /* whether they are of what was sent */
} LpmSentPage;

typedef struct LpmStoreStats {
    guint64 budget;             /* bytes */
    guint64 used;               /* of it; never less than before */
    guint64 refused;            /* pages sent that found no room, each time */
} LpmStoreStats;

/** lpm_store_new: @budget: bytes; 0 keeps nothing.  (transfer full) */
LpmStore *lpm_store_new(guint64 budget);

/** lpm_store_free: @store: (nullable). */
void lpm_store_free(LpmStore *store);

/**
 * lpm_store_find:
 * @base: start of the RAM block, which also names it
 * @offsets: of @n pages of @page_size bytes, the same for all of a block
 * @ret_pages: (out caller-allocates): @n; valid as long as the store
 *
 * Covers pages that it does not yet, while there is room.
 * Threads: any.
 */
void lpm_store_find(LpmStore *store, const guint8 *base,
                    const guint64 *offsets, guint32 n, guint32 page_size,
                    LpmSentPage *ret_pages);

/**
 * lpm_store_mark: pages that leave without a look at them.
 *
 * Returns: whether one of them was marked before, or is known: it is sent
 * again, and a look would have paid.  With a budget of 0 never.
 */
gboolean lpm_store_mark(LpmStore *store, const guint8 *base,
                        const guint64 *offsets, guint32 n, guint32 page_size);

/** lpm_store_forget: pages that are sent in another way, as zeros are. */
void lpm_store_forget(LpmStore *store, const guint8 *base,
                      const guint64 *offsets, guint32 n, guint32 page_size);

/** lpm_store_stats: any thread. */
void lpm_store_stats(LpmStore *store, LpmStoreStats *ret_stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmStore, lpm_store_free)

#endif /* LPM_STORE_H */
