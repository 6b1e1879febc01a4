/*
 * The store of what was sent: what it covers, what it forgets, its budget
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/store.h"

#define PAGE     4096u
#define DIGESTS  (PAGE / LPM_BLOCK_BYTES)
#define MIB      (1024u * 1024)

static const guint8 base[1], other[1];      /* name two RAM blocks */

static LpmSentPage find(LpmStore *store, const guint8 *block, guint64 page)
{
    guint64 offset = page * PAGE;
    LpmSentPage sent;

    lpm_store_find(store, block, &offset, 1, PAGE, &sent);
    return sent;
}

static LpmStoreStats stats_of(LpmStore *store)
{
    LpmStoreStats stats;

    lpm_store_stats(store, &stats);
    g_assert_cmpuint(stats.used, <=, stats.budget);
    return stats;
}

static void test_find(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(MIB);
    LpmSentPage sent = find(store, base, 3);
    guint64 offsets[] = { 3 * PAGE, 5 * PAGE };

    g_assert_nonnull(sent.digests);
    g_assert_false(*sent.known);
    for (guint i = 0; i < DIGESTS; i++) {
        sent.digests[i] = i;
    }
    *sent.known = TRUE;

    /* Each page of each block has its own. */
    for (guint64 page = 0; page < 200; page++) {
        for (guint i = 0; i < 2; i++) {
            LpmSentPage one = find(store, i ? other : base, page);
            gboolean same = i == 0 && page == 3;

            g_assert_cmpint(*one.known, ==, same);
            g_assert_true((one.digests == sent.digests) == same);
            if (!same) {
                one.digests[0] = one.digests[DIGESTS - 1] = 77;
            }
        }
    }
    for (guint i = 0; i < DIGESTS; i++) {
        g_assert_cmpuint(sent.digests[i], ==, i);
    }

    lpm_store_forget(store, other, offsets, 2, PAGE);
    g_assert_true(*sent.known);
    lpm_store_forget(store, base, offsets, 2, PAGE);
    g_assert_false(*find(store, base, 3).known);
    g_assert_cmpuint(stats_of(store).refused, ==, 0);
}

static gboolean mark(LpmStore *store, const guint8 *block, guint64 page)
{
    guint64 offset = page * PAGE;

    return lpm_store_mark(store, block, &offset, 1, PAGE);
}

/* The second time is told, as is what is known anyway. */
static void test_mark(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(MIB);
    g_autoptr(LpmStore) none = lpm_store_new(0);
    guint64 offsets[] = { 9 * PAGE, 4 * PAGE, 100000 * (guint64)PAGE };

    g_assert_false(mark(store, base, 4));
    g_assert_false(mark(store, base, 5));
    g_assert_false(mark(store, other, 4));
    g_assert_true(mark(store, base, 4));
    g_assert_true(mark(store, base, 5));
    g_assert_true(lpm_store_mark(store, base, offsets, 3, PAGE));
    g_assert_true(mark(store, base, 9));
    g_assert_true(mark(store, base, 100000));
    g_assert_false(mark(store, base, 99999));

    *find(store, base, 50).known = TRUE;
    g_assert_true(mark(store, base, 50));
    g_assert_false(mark(store, base, 51));

    /* What has no room is not marked, and never told. */
    g_assert_false(mark(store, base, G_GUINT64_CONSTANT(1) << 50));
    g_assert_false(mark(store, base, G_GUINT64_CONSTANT(1) << 50));
    g_assert_false(mark(store, base, 8 * (guint64)MIB));
    g_assert_false(mark(store, base, 8 * (guint64)MIB));
    stats_of(store);
    g_assert_false(mark(none, base, 4));
    g_assert_false(mark(none, base, 4));
    g_assert_cmpuint(stats_of(none).used, ==, 0);
}

/* Another page size under the same name is nothing that we know. */
static void test_page_size(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(MIB);
    guint64 offset = 0;
    LpmSentPage sent = find(store, base, 0);

    *sent.known = TRUE;
    lpm_store_forget(store, base, &offset, 1, 2 * PAGE);
    g_assert_true(*find(store, base, 0).known);
}

static void test_no_budget(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(0);
    guint64 offset = 0;

    g_assert_null(find(store, base, 0).digests);
    lpm_store_forget(store, base, &offset, 1, PAGE);
    g_assert_cmpuint(stats_of(store).used, ==, 0);
    g_assert_cmpuint(stats_of(store).refused, ==, 1);
    lpm_store_free(NULL);
}

/* Who comes first stays, and a sixteenth of the pages is what it costs. */
static void test_budget(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(MIB);
    guint64 n = 0;

    while (find(store, base, n).digests) {
        n++;
    }
    g_assert_cmpuint(n * PAGE, >, 15 * MIB);
    g_assert_cmpuint(n * PAGE, <=, 16 * MIB);
    g_assert_nonnull(find(store, base, 0).digests);
    g_assert_nonnull(find(store, base, n - 1).digests);
    g_assert_null(find(store, base, n + 1000).digests);
    g_assert_null(find(store, other, 0).digests);
    g_assert_cmpuint(stats_of(store).refused, ==, 3);
}

/* Pages far apart make the list of pieces long: that counts too. */
static void test_sparse(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(MIB);

    g_assert_null(find(store, base, G_GUINT64_CONSTANT(1) << 50).digests);
    g_assert_null(find(store, base, MIB * 64).digests);
    g_assert_cmpuint(stats_of(store).used, ==, 0);
    g_assert_nonnull(find(store, base, MIB).digests);
    g_assert_cmpuint(stats_of(store).used, >, MIB / 64 * sizeof(gpointer));
}

static gpointer channel(gpointer data)
{
    LpmStore *store = data;
    static gint threads;
    guint mine = g_atomic_int_add(&threads, 1);

    /* Its own pages, as a channel has between two syncs: each fourth. */
    for (guint i = 0; i < 40000; i++) {
        guint64 page = i % 2000 * 4 + mine;
        LpmSentPage sent = find(store, base, page);

        if (!sent.digests) {
            continue;
        }
        if (*sent.known) {
            g_assert_cmpuint(sent.digests[5], ==, page);
        }
        sent.digests[5] = page;
        *sent.known = TRUE;
    }
    return NULL;
}

static void test_threads(void)
{
    g_autoptr(LpmStore) store = lpm_store_new(MIB);
    GThread *threads[4];

    for (guint i = 0; i < 4; i++) {
        threads[i] = g_thread_new("channel", channel, store);
    }
    for (guint i = 0; i < 4; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpuint(stats_of(store).refused, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/store/find", test_find);
    g_test_add_func("/lpm/store/mark", test_mark);
    g_test_add_func("/lpm/store/page-size", test_page_size);
    g_test_add_func("/lpm/store/no-budget", test_no_budget);
    g_test_add_func("/lpm/store/budget", test_budget);
    g_test_add_func("/lpm/store/sparse", test_sparse);
    g_test_add_func("/lpm/store/threads", test_threads);
    return g_test_run();
}
