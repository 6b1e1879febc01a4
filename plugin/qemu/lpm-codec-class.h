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

struct LpmCodecClass {
    ObjectClass parent_class;
    /* Totals of the current or last migration. Any thread. */
    void (*get_stats)(LpmCodecStats *ret_encode, LpmCodecStats *ret_decode);
};

#endif /* LPM_CODEC_CLASS_H */
