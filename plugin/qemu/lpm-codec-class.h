/*
 * How the object's module reads the counters of the codec's module
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_CODEC_CLASS_H
#define LPM_CODEC_CLASS_H

#include "qom/object.h"

#include "codec/codec.h"

/*
 * Modules cannot see each other's symbols, but they share QOM: the codec is
 * an abstract type whose class has the function to call.
 */
#define TYPE_LPM_CODEC "lpm-codec"
OBJECT_DECLARE_TYPE(LpmCodec, LpmCodecClass, LPM_CODEC)

struct LpmCodec {
    Object parent_obj;
};

/* The source's side of the current or last migration. */
typedef struct LpmStreamStats {
    bool used;              /* there was one */
    int level;              /* of zstd, or LPM_LEVEL_NONE */
    uint64_t link;          /* bytes a second; 0: faster than was seen */
    LpmStoreStats store;
} LpmStreamStats;

struct LpmCodecClass {
    ObjectClass parent_class;
    /* Totals of the current or last migration. Any thread. */
    void (*get_stats)(LpmCodecStats *ret_encode, LpmCodecStats *ret_decode,
                      LpmStreamStats *ret_stream);
    /* Of the next migrations; LPM_BUDGET_AUTO: enough for all RAM */
    void (*set_budget)(uint64_t bytes);
};

#define LPM_BUDGET_AUTO UINT64_MAX

#endif /* LPM_CODEC_CLASS_H */
