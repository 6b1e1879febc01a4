/*
 * Write the seeds of fuzz-frame: frames as our encoder makes them, and others
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For a new version of the frame: ninja -C build tests/fuzz/make-frames &&
 * build/tests/fuzz/make-frames tests/data/fuzz/frame.  It overwrites what it
 * makes and leaves the rest.  The formats are fuzz-frame.c's.
 */
#include <stdio.h>

#include "../pages.h"
#include "codec/codec.h"
#include "codec/frame.h"

#define BLOCK   (64u * 1024)
#define CANARY  0xc5
#define SEVERAL 0x40

typedef struct Seed {
    LpmStore *store;
    LpmEncoder *encoder;
    guint8 *memory;
    guint8 choice;
    guint64 offsets[8];
    guint32 n_pages;
    guint32 page_size;
} Seed;

static const char *folder;

/* @size_bits and @count_bits: of the first byte. */
static Seed seed_new(int level, guint8 size_bits, guint8 count_bits)
{
    static const guint32 counts[] = { 1, 2, 3, 8 };
    Seed s = {
        .store = lpm_store_new(1024 * 1024),
        .memory = g_malloc(BLOCK),
        .choice = size_bits | count_bits << 2,
        .n_pages = counts[count_bits],
        .page_size = LPM_FRAME_MIN_PAGE << size_bits,
    };
    LpmCodecParams params = { .level = level, .store = s.store };

    s.encoder = lpm_encoder_new(&params, NULL);
    g_assert_nonnull(s.encoder);
    for (guint32 i = 0; i < s.n_pages; i++) {
        s.offsets[i] = (guint64)((i * 3 + 1) % 8) * 2 * s.page_size;
    }
    return s;
}

static void seed_clear(Seed *s)
{
    lpm_encoder_free(s->encoder);
    lpm_store_free(s->store);
    g_free(s->memory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seed, seed_clear)

static const guint8 *encode(Seed *s, gsize *ret_len)
{
    const guint8 *frame = NULL;

    g_assert_true(lpm_encoder_encode(s->encoder, s->memory, s->offsets,
                                     s->n_pages, s->page_size, &frame,
                                     ret_len, NULL));
    return frame;
}

static void save(const char *name, guint8 choice, const guint8 *bytes,
                 gsize len)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree guint8 *all = g_malloc(len + 1);

    all[0] = choice;
    memcpy(all + 1, bytes, len);
    if (!g_file_set_contents(path, (const char *)all, len + 1, NULL)) {
        g_error("%s", path);
    }
}

static void change(Seed *s, guint n, guint64 *state)
{
    for (guint i = 0; i < n; i++) {
        guint64 r = pages_next(state);

        s->memory[s->offsets[r % s->n_pages] + (r >> 32) % s->page_size] ^=
            1 + (r >> 16) % 255;
    }
}

static void add_frame(GByteArray *all, const guint8 *frame, gsize len)
{
    guint8 prefix[] = { len >> 8, len };

    g_byte_array_append(all, prefix, sizeof(prefix));
    g_byte_array_append(all, frame, len);
}

static void make_decode(PagesKind kind, guint8 size_bits, guint8 count_bits)
{
    g_auto(Seed) s = seed_new(-1, size_bits, count_bits);
    g_autofree char *name = g_strdup_printf("decode-%s-%ux%u",
                                            pages_names[kind], s.n_pages,
                                            s.page_size);
    guint64 state = 31 + kind;
    gsize len;
    const guint8 *frame;

    pages_fill(kind, s.memory, BLOCK, &state);
    frame = encode(&s, &len);
    save(name, s.choice, frame, len);
}

/* Of canaries, which the block of fuzz-frame has; then one of that. */
static void make_delta(int level, const char *what, guint changes,
                       guint8 size_bits, guint8 count_bits)
{
    g_auto(Seed) s = seed_new(level, size_bits, count_bits);
    g_autoptr(GByteArray) all = g_byte_array_new();
    g_autofree char *name = g_strdup_printf("delta-%s-%ux%u", what,
                                            s.n_pages, s.page_size);
    guint64 state = 41;
    gsize len;
    const guint8 *frame;

    memset(s.memory, CANARY, BLOCK);
    encode(&s, &len);
    lpm_encoder_set_level(s.encoder, LPM_LEVEL_NONE);
    lpm_encoder_set_level(s.encoder, level);
    for (guint i = 0; i < 3; i++) {
        change(&s, changes, &state);
        frame = encode(&s, &len);
        add_frame(all, frame, len);
        if (i == 0) {
            save(name, s.choice, frame, len);
        }
    }
    {
        g_autofree char *again = g_strconcat(name, "-again", NULL);

        save(again, s.choice | SEVERAL, all->data, all->len);
    }
}

static void make_stream(PagesKind kind, int level)
{
    g_auto(Seed) s = seed_new(level, 1, 2);
    g_autoptr(GByteArray) all = g_byte_array_new();
    g_autofree char *name = g_strdup_printf("stream-%s-level-%d",
                                            pages_names[kind], level);
    guint64 state = 51 + kind;

    for (guint i = 0; i < 4; i++) {
        gsize len;
        const guint8 *frame;

        pages_fill(kind, s.memory, BLOCK, &state);
        frame = encode(&s, &len);
        add_frame(all, frame, len);
    }
    save(name, s.choice | SEVERAL, all->data, all->len);
}

static void make_damaged(void)
{
    static const guint at[] = {
        0, 4, 5, 6, 7, 8, 11, 12, 15, 16, 19, 20, 23, 24, 32, 36, 38, 40,
    };
    g_auto(Seed) s = seed_new(-1, 1, 2);
    guint64 state = 61;
    gsize len;
    const guint8 *right;
    g_autofree guint8 *frame = NULL;

    pages_fill(PAGES_TEXT, s.memory, BLOCK, &state);
    right = encode(&s, &len);
    frame = g_memdup2(right, len);
    for (guint i = 0; i < G_N_ELEMENTS(at); i++) {
        g_autofree char *name = g_strdup_printf("damaged-at-%02u", at[i]);

        frame[at[i]] ^= 1;
        save(name, s.choice, frame, len);
        frame[at[i]] ^= 1;
    }
    save("truncated-header", s.choice, frame, LPM_FRAME_HEADER_BYTES - 1);
    save("truncated-payload", s.choice, frame, len / 2);
}

/* The header alone is read; the rest stands for what would be. */
static void make_in_place(void)
{
    g_auto(Seed) s = seed_new(-1, 0, 1);
    guint8 frame[LPM_FRAME_HEADER_BYTES + 1024] = { 0 };
    const guint8 *header = NULL;

    g_assert_true(lpm_encoder_encode_in_place(s.encoder, s.memory, s.offsets,
                                              s.n_pages, s.page_size, &header,
                                              NULL));
    memcpy(frame, header, LPM_FRAME_HEADER_BYTES);
    save("in-place", s.choice, frame, sizeof(frame));
    save("in-place-header", s.choice, frame, LPM_FRAME_HEADER_BYTES);
    frame[20] = 1;
    save("in-place-map", s.choice, frame, sizeof(frame));
}

typedef struct Hostile {
    const char *name;
    guint8 map[4];
    guint32 map_bytes;
    guint32 content_bytes;
    LpmFrameMethod method;
    gboolean begins;
} Hostile;

/* Two pages of 512 bytes, of 4 blocks each. */
static const Hostile hostile[] = {
    { "right", { 3, 1, 8 }, 3, 256 },
    { "no-block", { 3, 0, 0 }, 3, 0 },
    { "one-page", { 2, 7 }, 2, 896 },
    { "no-page", { 0 }, 1, 1023 },
    { "page-3", { 7, 1, 8, 1 }, 4, 384 },
    { "page-8", { 0x83, 1, 8, 1 }, 4, 384 },
    { "block-5", { 3, 1, 0x10 }, 3, 256 },
    { "mask-missing", { 3, 1 }, 2, 128 },
    { "mask-too-many", { 1, 1, 8 }, 3, 768 },
    { "content-short", { 3, 1, 8 }, 3, 255 },
    { "content-long", { 3, 1, 8 }, 3, 257 },
    { "as-long-as-pages", { 3, 15, 7 }, 3, 896 },
    { "longer-than-pages", { 3, 15, 15 }, 3, 1024 },
    { "zstd-nothing", { 3, 1, 8 }, 3, 0, LPM_FRAME_METHOD_ZSTD },
    { "stream-nothing", { 3, 1, 8 }, 3, 0, LPM_FRAME_METHOD_STREAM, TRUE },
    { "stream-not-begun", { 3, 1, 8 }, 3, 256, LPM_FRAME_METHOD_STREAM },
};

static void make_hostile(const Hostile *what)
{
    g_autofree char *name = g_strconcat("map-", what->name, NULL);
    guint8 frame[LPM_FRAME_HEADER_BYTES + 4 + 1024] = { 0 };
    LpmFrameHeader h = {
        .method = what->method, .begins = what->begins, .page_shift = 9,
        .n_pages = 2, .raw_bytes = 1024, .map_bytes = what->map_bytes,
        .payload_bytes = what->map_bytes + what->content_bytes,
    };

    memcpy(frame + LPM_FRAME_HEADER_BYTES, what->map, what->map_bytes);
    lpm_frame_header_encode(&h, frame);
    save(name, 1 << 2, frame, LPM_FRAME_HEADER_BYTES + h.payload_bytes);
}

/* Memory for the encoder: again, as a stream, as a denser one, as both. */
static void make_round_trip(PagesKind kind)
{
    static const guint8 choices[] = { 0xc5, 0xa9, 0xb9, 0xee };
    static const char *const names[] = {
        "again", "stream", "dense-stream", "again-stream",
    };
    guint8 bytes[600];
    guint64 state = 71 + kind;

    pages_fill(kind, bytes, sizeof(bytes), &state);
    for (guint i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_autofree char *name = g_strdup_printf("round-trip-%s-%s", names[i],
                                                pages_names[kind]);

        save(name, choices[i], bytes, sizeof(bytes));
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    for (int kind = PAGES_RANDOM; kind <= PAGES_BASE64; kind++) {
        make_decode(kind, 0, 0);
        make_decode(kind, 1, 2);
        make_decode(kind, 0, 3);
    }
    make_delta(-1, "alone", 5, 0, 3);
    make_delta(-1, "alone", 3, 3, 2);
    make_delta(-1, "mixed", 40, 0, 3);
    make_delta(3, "stream", 6, 2, 3);
    make_stream(PAGES_TEXT, 3);
    make_stream(PAGES_POINTERS, 3);
    make_stream(PAGES_SPARSE, 9);
    make_stream(PAGES_RANDOM, 3);
    make_stream(PAGES_MIXED, 3);
    make_in_place();
    make_damaged();
    for (guint i = 0; i < G_N_ELEMENTS(hostile); i++) {
        make_hostile(&hostile[i]);
    }
    make_round_trip(PAGES_TEXT);
    make_round_trip(PAGES_RANDOM);
    make_round_trip(PAGES_ZERO);
    return 0;
}
