/*
 * What was last sent of each page, as digests of its blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "codec/store.h"

/* Pages of one piece of the store: with 4 KiB pages it has 17 KiB. */
#define GROUP_PAGES 64u

/* Marks come by 4 KiB, for 128 MiB of RAM with 4 KiB pages. */
#define ROUND_UP_MARKS(n) (((n) + 4095u) & ~(guint64)4095u)

typedef struct Group {
    guint8 known[GROUP_PAGES];
    guint64 digests[];
} Group;

typedef struct Block {
    const guint8 *base;
    guint32 page_size;
    GPtrArray *groups;          /* Group *, or NULL where nothing is kept */
    GByteArray *marks;          /* a bit per page, as far as there are any */
} Block;

struct LpmStore {
    GMutex lock;
    GArray *blocks;
    LpmStoreStats stats;
};

static void block_clear(gpointer data)
{
    g_ptr_array_unref(((Block *)data)->groups);
    g_byte_array_unref(((Block *)data)->marks);
}

LpmStore *lpm_store_new(guint64 budget)
{
    LpmStore *store = g_new0(LpmStore, 1);

    g_mutex_init(&store->lock);
    store->blocks = g_array_new(FALSE, FALSE, sizeof(Block));
    g_array_set_clear_func(store->blocks, block_clear);
    store->stats.budget = budget;
    return store;
}

void lpm_store_free(LpmStore *store)
{
    if (store) {
        g_array_unref(store->blocks);
        g_mutex_clear(&store->lock);
        g_free(store);
    }
}

/* Returns: NULL if there is none with this name and page size. */
static Block *find_block(LpmStore *store, const guint8 *base,
                         guint32 page_size)
{
    for (guint i = 0; i < store->blocks->len; i++) {
        Block *block = &g_array_index(store->blocks, Block, i);

        if (block->base == base) {
            return block->page_size == page_size ? block : NULL;
        }
    }
    return NULL;
}

static Block *add_block(LpmStore *store, const guint8 *base,
                        guint32 page_size)
{
    Block block = { base, page_size, g_ptr_array_new_with_free_func(g_free),
                    g_byte_array_new() };

    g_array_append_val(store->blocks, block);
    return &g_array_index(store->blocks, Block, store->blocks->len - 1);
}

/* Returns: NULL if nothing may be kept. */
static Block *take_block(LpmStore *store, const guint8 *base,
                         guint32 page_size)
{
    Block *block = find_block(store, base, page_size);

    return block || store->stats.budget == 0 ? block :
           add_block(store, base, page_size);
}

static Group *find_group(const Block *block, guint64 index)
{
    return index < block->groups->len ?
           g_ptr_array_index(block->groups, index) : NULL;
}

/* Returns: NULL if there is no room for it, or no memory. */
static Group *add_group(LpmStore *store, Block *block, guint64 index)
{
    gsize bytes = sizeof(Group) + (gsize)GROUP_PAGES * block->page_size /
                  LPM_BLOCK_BYTES * sizeof(guint64);
    gsize grows = index < block->groups->len ? 0 :
                  (index + 1 - block->groups->len) * sizeof(gpointer);
    Group *group;

    if (index > G_MAXINT32 ||
        store->stats.used + bytes + grows > store->stats.budget) {
        return NULL;
    }
    /* A guest is not worth less than a page that could have been shorter. */
    group = g_try_malloc0(bytes);
    if (!group) {
        return NULL;
    }
    store->stats.used += bytes + grows;
    if (grows) {
        g_ptr_array_set_size(block->groups, index + 1);
    }
    g_ptr_array_index(block->groups, index) = group;
    return group;
}

static LpmSentPage page_of(const Block *block, Group *group, guint64 page)
{
    guint32 digests = block->page_size / LPM_BLOCK_BYTES;

    return (LpmSentPage) {
        group->digests + page % GROUP_PAGES * digests,
        group->known + page % GROUP_PAGES,
    };
}

void lpm_store_find(LpmStore *store, const guint8 *base,
                    const guint64 *offsets, guint32 n, guint32 page_size,
                    LpmSentPage *ret_pages)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED =
        g_mutex_locker_new(&store->lock);
    Block *block = take_block(store, base, page_size);

    for (guint32 i = 0; i < n; i++) {
        guint64 page = offsets[i] / page_size;
        Group *group = block ? find_group(block, page / GROUP_PAGES) : NULL;

        if (block && !group) {
            group = add_group(store, block, page / GROUP_PAGES);
        }
        store->stats.refused += group == NULL;
        ret_pages[i] = group ? page_of(block, group, page) :
                               (LpmSentPage) { NULL, NULL };
    }
}

/* Returns: whether it was set; FALSE too if the budget has no room for it. */
static gboolean set_mark(LpmStore *store, Block *block, guint64 page)
{
    guint have = block->marks->len;
    guint64 need = page / 8 + 1;
    guint8 *mark;

    if (need > have) {
        guint64 more = ROUND_UP_MARKS(need) - have;

        if (need > G_MAXINT32 ||
            store->stats.used + more > store->stats.budget) {
            return FALSE;
        }
        g_byte_array_set_size(block->marks, have + more);
        memset(block->marks->data + have, 0, more);
        store->stats.used += more;
    }
    mark = block->marks->data + page / 8;
    if (*mark >> page % 8 & 1) {
        return TRUE;
    }
    *mark |= 1u << page % 8;
    return FALSE;
}

gboolean lpm_store_mark(LpmStore *store, const guint8 *base,
                        const guint64 *offsets, guint32 n, guint32 page_size)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED =
        g_mutex_locker_new(&store->lock);
    Block *block = take_block(store, base, page_size);
    gboolean again = FALSE;

    for (guint32 i = 0; block && i < n; i++) {
        guint64 page = offsets[i] / page_size;
        Group *group = find_group(block, page / GROUP_PAGES);

        again |= set_mark(store, block, page) ||
                 (group && *page_of(block, group, page).known);
    }
    return again;
}

void lpm_store_forget(LpmStore *store, const guint8 *base,
                      const guint64 *offsets, guint32 n, guint32 page_size)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED =
        g_mutex_locker_new(&store->lock);
    Block *block = find_block(store, base, page_size);

    for (guint32 i = 0; block && i < n; i++) {
        guint64 page = offsets[i] / page_size;
        Group *group = find_group(block, page / GROUP_PAGES);

        if (group) {
            *page_of(block, group, page).known = FALSE;
        }
    }
}

void lpm_store_stats(LpmStore *store, LpmStoreStats *ret_stats)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED =
        g_mutex_locker_new(&store->lock);

    *ret_stats = store->stats;
}
