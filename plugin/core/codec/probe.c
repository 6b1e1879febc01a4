/*
 * Incompressibility probe: is it worth to start the compressor?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/probe.h"

#define SAMPLES         16
#define SAMPLE_BYTES    256

/*
 * Byte counts of 4 KiB taken evenly.  Uniform bytes give a sum of squares
 * near n + n*n/256 (n = 4096: 69632, deviation about 360).
 */
gboolean lpm_probe_compressible(const guint8 *data, gsize len)
{
    guint32 count[256] = { 0 };
    guint64 squares = 0;
    guint64 n = SAMPLES * SAMPLE_BYTES;
    gsize stride = len / SAMPLES;

    if (len < n) {
        return TRUE;
    }
    for (guint s = 0; s < SAMPLES; s++) {
        for (guint i = 0; i < SAMPLE_BYTES; i++) {
            count[data[s * stride + i]]++;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(count); i++) {
        squares += (guint64)count[i] * count[i];
    }
    return squares > (n + n * n / 256) * 21 / 20;
}
