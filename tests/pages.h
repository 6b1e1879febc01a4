/*
 * Made guest memory for tests and benchmarks: same seed, same bytes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_TEST_PAGES_H
#define LPM_TEST_PAGES_H

#include <glib.h>
#include <string.h>

typedef enum PagesKind {
    PAGES_RANDOM,       /* encrypted or compressed already */
    PAGES_ZERO,
    PAGES_TEXT,         /* words by a Zipf-like law, as in a page cache */
    PAGES_DATABASE,     /* slotted 8 KiB pages: ids, times, names, a digest */
    PAGES_POINTERS,     /* heap objects: pointers, small integers, padding */
    PAGES_SPARSE,       /* zero but for some 3 % of the bytes */
    PAGES_BASE64,       /* random bytes as text: saves 1/4, has no matches */
    PAGES_MIXED,        /* 4 KiB pages: half random, others of the above */
    PAGES_MOSTLY_RANDOM,/* 4 KiB pages: 7 of 8 random, 1 text */
    PAGES_LAST,
} PagesKind;

static const char *const pages_names[] = {
    [PAGES_RANDOM] = "random",
    [PAGES_ZERO] = "zero",
    [PAGES_TEXT] = "text",
    [PAGES_DATABASE] = "database",
    [PAGES_POINTERS] = "pointers",
    [PAGES_SPARSE] = "sparse",
    [PAGES_BASE64] = "base64",
    [PAGES_MIXED] = "mixed",
    [PAGES_MOSTLY_RANDOM] = "mostly-random",
};
G_STATIC_ASSERT(G_N_ELEMENTS(pages_names) == PAGES_LAST);

/* splitmix64: no state but the counter, equal on every host. */
static inline guint64 pages_next(guint64 *seed)
{
    guint64 z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline void pages_put64(guint8 *p, guint64 v)
{
    v = GUINT64_TO_LE(v);
    memcpy(p, &v, sizeof(v));
}

static inline void pages_fill_random(guint8 *p, gsize len, guint64 *seed)
{
    for (gsize i = 0; i + 8 <= len; i += 8) {
        pages_put64(p + i, pages_next(seed));
    }
}

/* A word is its number: rare words are as repeatable as common ones. */
static inline gsize pages_word(guint8 *p, gsize room, guint64 number)
{
    guint64 seed = number * 77 + 5;
    guint64 bits = pages_next(&seed);
    gsize n = MIN(room, 2 + bits % 9);

    for (gsize i = 0; i < n; i++) {
        p[i] = "etaoinshrdlucmfwypvbgkjqxz"[(bits >> (8 + 5 * i)) % 32 % 26];
    }
    return n;
}

static inline void pages_fill_text(guint8 *p, gsize len, guint64 *seed)
{
    gsize at = 0;

    while (at < len) {
        guint64 r = pages_next(seed);
        /* 2^0 to 2^14 words, each doubling as likely as the others. */
        guint64 number = (r >> 8) & ((1u << (r % 15)) - 1);

        at += pages_word(p + at, len - at, number + (1u << (r % 15)));
        if (at < len) {
            p[at++] = r >> 60 ? ' ' : '\n';
        }
    }
}

static inline void pages_fill_database(guint8 *p, gsize len, guint64 *seed)
{
    guint64 id = pages_next(seed) % 1000000;

    memset(p, 0, len);
    for (gsize at = 0; at + 128 <= len; at += 128) {
        guint64 r = pages_next(seed);
        guint8 *row = p + at;

        if (at % 8192 == 0) {
            pages_put64(row, 0x0001000000002000u + (id << 16));
            continue;
        }
        pages_put64(row, ++id);
        pages_put64(row + 8, 1400000000000u + id * 1000 + r % 1000);
        row[16] = r % 5;
        row[17] = r >> 8 & 1;
        pages_put64(row + 24, r % 100000);
        pages_word(row + 32, 16, r % 3000);
        pages_word(row + 48, 16, r >> 20 & 0xfff);
        pages_put64(row + 64, pages_next(seed));
        pages_put64(row + 72, pages_next(seed));
        pages_fill_text(row + 80, 16 + r % 24, seed);
    }
}

static inline void pages_fill_pointers(guint8 *p, gsize len, guint64 *seed)
{
    memset(p, 0, len);
    for (gsize at = 0; at + 8 <= len; at += 8) {
        guint64 r = pages_next(seed);

        switch (r % 4) {
        case 0:
        case 1:
            pages_put64(p + at, 0x00007f3a40000000u + (r >> 40) * 16);
            break;
        case 2:
            pages_put64(p + at, r >> 55);
            break;
        }
    }
}

static inline void pages_fill_sparse(guint8 *p, gsize len, guint64 *seed)
{
    memset(p, 0, len);
    for (gsize i = 0; i < len / 256; i++) {
        guint64 r = pages_next(seed);

        pages_put64(p + (r % (len / 8)) * 8, pages_next(seed));
    }
}

static inline void pages_fill_base64(guint8 *p, gsize len, guint64 *seed)
{
    for (gsize i = 0; i < len; i++) {
        p[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789+/"[pages_next(seed) % 64];
    }
}

/* @len: a multiple of 512 */
static inline void pages_fill(PagesKind kind, guint8 *p, gsize len,
                              guint64 *seed)
{
    static const PagesKind others[] = {
        PAGES_TEXT, PAGES_DATABASE, PAGES_POINTERS, PAGES_SPARSE,
    };

    switch (kind) {
    case PAGES_RANDOM:
        pages_fill_random(p, len, seed);
        break;
    case PAGES_ZERO:
        memset(p, 0, len);
        break;
    case PAGES_TEXT:
        pages_fill_text(p, len, seed);
        break;
    case PAGES_DATABASE:
        pages_fill_database(p, len, seed);
        break;
    case PAGES_POINTERS:
        pages_fill_pointers(p, len, seed);
        break;
    case PAGES_SPARSE:
        pages_fill_sparse(p, len, seed);
        break;
    case PAGES_BASE64:
        pages_fill_base64(p, len, seed);
        break;
    case PAGES_MIXED:
    case PAGES_MOSTLY_RANDOM:
        for (gsize at = 0; at < len; at += 4096) {
            guint64 r = pages_next(seed);
            gboolean odd = kind == PAGES_MIXED ? r >> 63 : r >> 61 == 0;
            guint other = kind == PAGES_MIXED ? r % 4 : 0;

            pages_fill(odd ? others[other] : PAGES_RANDOM, p + at,
                       MIN(len - at, 4096), seed);
        }
        break;
    case PAGES_LAST:
        g_assert_not_reached();
    }
}

#endif /* LPM_TEST_PAGES_H */
