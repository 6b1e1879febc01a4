/*
 * Page frames: any bytes as frames, any bytes as guest memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first byte chooses: bits 0-1 the page size (512 << n), bits 2-3 the
 * page count (1, 2, 3, 8), bit 7 what the rest is:
 *   0  frames from the peer, decoded for pages at fixed places that hold
 *      CANARY.  Bit 6: 0 one frame, 1 several, each behind its length in 2
 *      bytes.  What only has a wrong checksum gets the right one, and must
 *      then be taken: whoever sends these can calculate it, too.
 *   1  guest memory: encoded, decoded, compared; then with one bit of the
 *      last frame changed (the last two bytes say which), which must be
 *      refused.  Bit 6: sent again with some bytes changed, as differences;
 *      bit 5: sent several times as one stream; bit 4: of a denser level.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "codec/codec.h"
#include "error/lpm-error.h"

#define BLOCK       (64u * 1024)
#define GUARD       4096u
#define CANARY      0xc5
#define SIZES       4u
#define MAX_FRAMES  6u
#define AT_CHECKSUM 24u

#define PAGE_SIZE_BITS  0x03
#define SEVERAL         0x40
#define AGAIN           0x40
#define STREAM          0x20
#define DENSER          0x10
#define GUEST_MEMORY    0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Shape {
    guint64 offsets[8];
    guint32 n_pages;
    guint32 page_size;
} Shape;

/* For each page size, as a store knows a block by one; kept: costly to make. */
static LpmEncoder *encoders[SIZES];
static LpmStore *stores[SIZES];
static LpmEncoder *plain;
static guint8 memory[GUARD + BLOCK + GUARD];
static guint8 *const block = memory + GUARD;
static guint8 untouched[sizeof(memory)];
static guint8 before[sizeof(memory)];
static guint8 source[BLOCK];

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

/* Returns: the error's code, -1 on success. */
static int decode(LpmDecoder *decoder, const guint8 *frame, gsize len,
                  const Shape *shape, guint64 *ret_sum)
{
    g_autoptr(GError) error = NULL;
    gboolean ok;

    memcpy(before, memory, sizeof(memory));
    /* As the channel does it: the pages themselves may come from anywhere. */
    ok = len >= LPM_FRAME_HEADER_BYTES && lpm_frame_is_in_place(frame) ?
         lpm_decoder_accept_in_place(decoder, frame, len, BLOCK,
                                     shape->offsets, shape->n_pages,
                                     shape->page_size, &error) :
         lpm_decoder_decode(decoder, frame, len, block, BLOCK, shape->offsets,
                            shape->n_pages, shape->page_size, &error);
    must(ok == (error == NULL));
    if (ok) {
        return -1;
    }
    must(memcmp(memory, before, sizeof(memory)) == 0);
    if (error->code == LPM_ERROR_CRYPTO && ret_sum) {
        must(sscanf(error->message, "page frame: checksum is %16"
                    G_GINT64_MODIFIER "x", ret_sum) == 1);
    }
    return error->code;
}

typedef struct Frames {
    guint8 *bytes[MAX_FRAMES];
    gsize len[MAX_FRAMES];
    guint n;
} Frames;

/*
 * Decodes up to the first frame whose checksum is wrong, which gets the right
 * one.  Returns: its number, @n if there is none.
 */
static guint decode_and_repair(Frames *frames, guint repaired,
                               const Shape *shape)
{
    g_autoptr(LpmDecoder) decoder = lpm_decoder_new(NULL);

    must(decoder != NULL);
    memcpy(memory, untouched, sizeof(memory));
    for (guint i = 0; i < frames->n; i++) {
        guint64 sum = 0;
        int code = decode(decoder, frames->bytes[i], frames->len[i], shape,
                          &sum);

        if (code == LPM_ERROR_CRYPTO) {
            must(i != repaired);
            for (guint b = 0; b < 8; b++) {
                frames->bytes[i][AT_CHECKSUM + b] = sum >> (56 - 8 * b);
            }
            return i;
        }
        must(i != repaired || code == -1);
    }
    return frames->n;
}

static void from_peer(const guint8 *data, gsize size, gboolean several,
                      const Shape *shape)
{
    Frames frames = { .n = 0 };
    guint repaired = MAX_FRAMES;

    while (frames.n < MAX_FRAMES && size > 0) {
        gsize len = size;

        if (several) {
            if (size < 2) {
                break;
            }
            len = MIN((gsize)(data[0] << 8 | data[1]), size - 2);
            data += 2;
            size -= 2;
        }
        /* Of its own size, so that the sanitizer sees a read beyond. */
        frames.bytes[frames.n] = g_malloc(MAX(len, 1));
        memcpy(frames.bytes[frames.n], data, len);
        frames.len[frames.n++] = len;
        data += len;
        size -= len;
    }
    do {
        repaired = decode_and_repair(&frames, repaired, shape);
    } while (repaired < frames.n);
    for (guint i = 0; i < frames.n; i++) {
        g_free(frames.bytes[i]);
    }
}

/* Some bytes of the pages, which and to what says the input. */
static void change(guint version, const guint8 *data, gsize size,
                   const Shape *shape)
{
    guint n = data[version % size] % 16;

    for (guint i = 0; i < n; i++) {
        guint at = (version * 31 + i * 3) % size;
        guint where = data[at] << 8 | data[(at + 1) % size];
        guint64 page = shape->offsets[where % shape->n_pages];

        source[page + where / 8 % shape->page_size] ^=
            1 + data[(at + 2) % size] % 255;
    }
}

static void take(LpmDecoder *decoder, const guint8 *frame, gsize len,
                 const Shape *shape)
{
    must(decode(decoder, frame, len, shape, NULL) == -1);
    for (guint32 i = 0; i < shape->n_pages; i++) {
        must(memcmp(block + shape->offsets[i], source + shape->offsets[i],
                    shape->page_size) == 0);
    }
}

static void refuse_damaged(LpmDecoder *decoder, const guint8 *frame, gsize len,
                           gsize bit, const Shape *shape)
{
    g_autofree guint8 *bad = g_memdup2(frame, len);

    bad[bit / 8] ^= 1u << bit % 8;
    must(decode(decoder, bad, len, shape, NULL) != -1);
    must(decode(decoder, frame, len - 1, shape, NULL) != -1);
}

static LpmEncoder *choose_encoder(guint8 choice, const Shape *shape)
{
    guint i = choice & PAGE_SIZE_BITS;
    LpmEncoder *encoder = choice & AGAIN ? encoders[i] : plain;

    lpm_store_forget(stores[i], source, shape->offsets, shape->n_pages,
                     shape->page_size);
    /* By way of another level, so that a stream begins. */
    lpm_encoder_set_level(encoder, LPM_LEVEL_NONE);
    lpm_encoder_set_level(encoder, !(choice & STREAM) ? -1 :
                          choice & DENSER ? 5 : 3);
    return encoder;
}

static void round_trip(const guint8 *data, gsize size, guint8 choice,
                       const Shape *shape)
{
    g_autoptr(LpmDecoder) decoder = lpm_decoder_new(NULL);
    LpmEncoder *encoder = choose_encoder(choice, shape);
    guint last = choice & STREAM ? 4 : choice & AGAIN ? 1 : 0;
    gsize bit = size > 1 ? data[size - 1] << 8 | data[size - 2] : 0;

    must(decoder != NULL);
    /* Repeated, so that a few bytes fill pages that compress. */
    for (gsize at = 0; at < BLOCK; at += size) {
        memcpy(source + at, data, MIN(size, BLOCK - at));
    }
    for (guint i = 0; i <= last; i++) {
        const guint8 *frame;
        gsize len;

        if (i > 0) {
            change(i, data, size, shape);
        }
        must(lpm_encoder_encode(encoder, source, shape->offsets,
                                shape->n_pages, shape->page_size, &frame,
                                &len, NULL));
        if (i == last) {
            refuse_damaged(decoder, frame, len, bit % (len * 8), shape);
        }
        /* What is damaged ends the stream. */
        if (i < last || !(choice & STREAM)) {
            take(decoder, frame, len, shape);
        }
    }
}

static void set_up(void)
{
    const LpmCodecParams alone = { .level = -1 };

    plain = lpm_encoder_new(&alone, NULL);
    must(plain != NULL);
    for (guint i = 0; i < SIZES; i++) {
        LpmCodecParams params = { .level = -1 };

        stores[i] = params.store = lpm_store_new(1024 * 1024);
        encoders[i] = lpm_encoder_new(&params, NULL);
        must(encoders[i] != NULL);
    }
    memset(untouched, CANARY, sizeof(untouched));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const guint32 counts[] = { 1, 2, 3, 8 };
    Shape shape;

    if (!plain) {
        set_up();
    }
    if (size < 2) {
        return 0;
    }

    shape.page_size = LPM_FRAME_MIN_PAGE << (data[0] & PAGE_SIZE_BITS);
    shape.n_pages = counts[data[0] >> 2 & 3];
    for (guint32 i = 0; i < shape.n_pages; i++) {
        /* apart from each other, and not in order */
        shape.offsets[i] = (guint64)((i * 3 + 1) % 8) * 2 * shape.page_size;
    }
    memcpy(memory, untouched, sizeof(memory));
    if (data[0] & GUEST_MEMORY) {
        round_trip(data + 1, size - 1, data[0], &shape);
    } else {
        from_peer(data + 1, size - 1, data[0] & SEVERAL, &shape);
    }

    /* What a right frame wrote are its pages and nothing else. */
    for (guint32 i = 0; i < shape.n_pages; i++) {
        memset(block + shape.offsets[i], CANARY, shape.page_size);
    }
    must(memcmp(memory, untouched, sizeof(memory)) == 0);
    return 0;
}
