/*
 * Incompressibility probe: is it worth to start the compressor?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/probe.h"

/*
 * Theory of operation
 *
 * Count the byte values of 4 KiB, taken as 128 samples of 32 bytes: in a
 * full frame one from every 4 KiB, at a place that wanders through it.  Even
 * counts mean noise; the sum of their squares is a measure of that in whole
 * numbers, 69632 for noise with a deviation of 361.
 *
 * Measured on 64 frames of 512 KiB each of 17 kinds of data, against what
 * zstd -1 then did (saves 1/16 or not), times for one frame in cache:
 *
 *   this                    4 us   no wrong no but for the kind below;
 *                                  wrong yes on noise with 1/8 text 22
 *                                  of 63, with 1/3 base64 62 of 64
 *   8 KiB, threshold 1.04   7 us   no wrong no either, but 62 of 63 and 64
 *                                  of 64 wrong yes
 *   per sample counts      14 us   64 of 64 wrong no on pages of 3/4 noise
 *   zstd -1 of 4 x 4 KiB   15 us on noise, 60-120 us on data (some 3 % of
 *                                  the compression); 35 of 59 wrong no
 *   zstd --fast=5, 16 x 1K  5 us   64 of 64 wrong no on base64
 *   no probe          200-250 us   what zstd -1 takes to give up on noise
 *
 * Known wrong no: noise that repeats within the frame (two equal pages of
 * it), which has even counts and still compresses.
 */
#define SAMPLES         128u
#define SAMPLE_BYTES    32u
#define SAMPLED_BYTES   (SAMPLES * SAMPLE_BYTES)

/*
 * Below this the compressor gives up in less than 10 us, and the samples
 * would be a large part of the data.
 */
#define SHORT_BYTES     (4 * SAMPLED_BYTES)

gboolean lpm_probe_compressible(const guint8 *data, gsize len)
{
    /* Four tables: equal neighbours do not wait for each other's count. */
    guint16 count[4][256] = { 0 };
    const guint64 noise = SAMPLED_BYTES + SAMPLED_BYTES * SAMPLED_BYTES / 256;
    guint64 squares = 0;
    gsize stride = len / SAMPLES;

    if (len < SHORT_BYTES) {
        return TRUE;
    }
    for (guint s = 0; s < SAMPLES; s++) {
        /* 97 is prime to 64: every 64th of the stride is visited. */
        gsize inside = s * 97 % 64 * ((stride - SAMPLE_BYTES) / 64);
        const guint8 *p = data + s * stride + inside;

        for (guint i = 0; i < SAMPLE_BYTES; i += 4) {
            count[0][p[i]]++;
            count[1][p[i + 1]]++;
            count[2][p[i + 2]]++;
            count[3][p[i + 3]]++;
        }
    }
    for (guint i = 0; i < 256; i++) {
        guint64 n = count[0][i] + count[1][i] + count[2][i] + count[3][i];

        squares += n * n;
    }
    return squares * 5 > noise * 6;
}
