/*
 * One channel of each codec: pages to packets, and back into memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_BENCH_CHANNEL_H
#define LPM_BENCH_CHANNEL_H

#include <zstd.h>

#include "bench-memory.h"
#include "codec/codec.h"

/* Both ends of a channel, and the memory of the receiving one. */
typedef struct BenchChannel {
    int level;
    LpmStore *store;
    LpmEncoder *encoder;
    LpmDecoder *decoder;
    ZSTD_CStream *zcs;
    ZSTD_DStream *zds;
    guint8 *packet;         /* of those that have no encoder */
    gsize room;
    guint8 *dst;
    guint8 *wire;
    gsize *len;             /* of each packet */
    gsize total;
    double idle;            /* seconds of encode that do not count */
} BenchChannel;

/* All but @open are for an open channel; they end the program on error. */
typedef struct BenchCodec {
    const char *name;
    void (*open)(BenchChannel *ch, gsize bytes);
    void (*encode)(const guint8 *src, const BenchList *list,
                   BenchChannel *ch);
    void (*decode)(gsize bytes, const BenchList *list, BenchChannel *ch);
    void (*close)(BenchChannel *ch);
} BenchCodec;

/* memcpy() there and back: what no codec can do without. */
extern const BenchCodec bench_copy;
/*
 * What migration/multifd-zstd.c of QEMU 10.0 does: one zstd stream for the
 * channel, fed page by page from guest memory, flushed once per packet;
 * decoded page by page straight into guest memory.
 */
extern const BenchCodec bench_vanilla;
/* Our frames, with a store. */
extern const BenchCodec bench_lpm;

/** bench_channel_new: for memory of @bytes. */
BenchChannel *bench_channel_new(gsize bytes);

/** bench_channel_free: closed before. */
void bench_channel_free(BenchChannel *ch);

/** bench_seconds: CPU time of this thread. */
double bench_seconds(void);

#endif /* LPM_BENCH_CHANNEL_H */
