/*
 * Page frames: any bytes as a frame, any bytes as guest memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first byte chooses: bits 0-1 the page size (512 << n), bits 2-3 the
 * page count (1, 2, 3, 8), bit 7 what the rest is:
 *   0  a frame from the peer, decoded for pages at fixed places
 *   1  guest memory: encoded, decoded, compared; then with one bit of the
 *      frame changed (the last two bytes say which), which must be refused
 */
#include <stdint.h>
#include <string.h>

#include "codec/codec.h"

#define BLOCK   (64u * 1024)
#define GUARD   4096u
#define CANARY  0xc5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static LpmEncoder *encoder;
static LpmDecoder *decoder;
static guint8 memory[GUARD + BLOCK + GUARD];
static guint8 *const block = memory + GUARD;
static guint8 untouched[sizeof(memory)];
static guint8 source[BLOCK];

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static gboolean decode(const guint8 *frame, gsize len, const guint64 *offsets,
                       guint32 n_pages, guint32 page_size)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = lpm_decoder_decode(decoder, frame, len, block, BLOCK,
                                     offsets, n_pages, page_size, &error);

    must(ok == (error == NULL));
    if (!ok) {
        must(memcmp(memory, untouched, sizeof(memory)) == 0);
    }
    return ok;
}

static void round_trip(const guint8 *data, gsize size,
                       const guint64 *offsets, guint32 n_pages,
                       guint32 page_size)
{
    g_autofree guint8 *bad = NULL;
    const guint8 *frame;
    gsize len;
    gsize bit = 0;

    if (size == 0) {
        return;
    }
    /* Repeated, so that a few bytes fill pages that compress. */
    for (gsize at = 0; at < BLOCK; at += size) {
        memcpy(source + at, data, MIN(size, BLOCK - at));
    }
    must(lpm_encoder_encode(encoder, source, offsets, n_pages, page_size,
                            &frame, &len, NULL));

    if (size > 1) {
        bit = (data[size - 1] << 8 | data[size - 2]) % (len * 8);
    }
    bad = g_memdup2(frame, len);
    bad[bit / 8] ^= 1u << bit % 8;
    must(!decode(bad, len, offsets, n_pages, page_size));
    must(!decode(frame, len - 1, offsets, n_pages, page_size));

    must(decode(frame, len, offsets, n_pages, page_size));
    for (guint32 i = 0; i < n_pages; i++) {
        must(memcmp(block + offsets[i], source + offsets[i],
                    page_size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const guint32 counts[] = { 1, 2, 3, 8 };
    guint64 offsets[8];
    guint32 n_pages;
    guint32 page_size;

    if (!encoder) {
        encoder = lpm_encoder_new(NULL, NULL);
        decoder = lpm_decoder_new(NULL);
        must(encoder && decoder);
        memset(untouched, CANARY, sizeof(untouched));
        memset(memory, CANARY, sizeof(memory));
    }
    if (size == 0) {
        return 0;
    }

    page_size = 512u << (data[0] & 3);
    n_pages = counts[data[0] >> 2 & 3];
    for (guint32 i = 0; i < n_pages; i++) {
        /* apart from each other, and not in order */
        offsets[i] = (guint64)((i * 3 + 1) % 8) * 2 * page_size;
    }
    if (data[0] & 0x80) {
        round_trip(data + 1, size - 1, offsets, n_pages, page_size);
    } else {
        decode(data + 1, size - 1, offsets, n_pages, page_size);
    }

    /* What a right frame wrote are its pages and nothing else. */
    for (guint32 i = 0; i < n_pages; i++) {
        memset(block + offsets[i], CANARY, page_size);
    }
    must(memcmp(memory, untouched, sizeof(memory)) == 0);
    return 0;
}
