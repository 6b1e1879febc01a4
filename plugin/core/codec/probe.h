/*
 * Incompressibility probe: is it worth to start the compressor?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_PROBE_H
#define LPM_PROBE_H

#include <glib.h>

/**
 * lpm_probe_compressible:
 * @data: @len bytes, private to the caller: nobody writes to them meanwhile
 * @len: any; short data are called compressible
 *
 * A guess from a sample.  A wrong yes costs the time of one compression that
 * is thrown away; a wrong no costs wire bytes; neither costs correctness.
 *
 * Returns: false when the compressor would most likely save nothing.
 * Threads: any; no state.  Source: measured, see probe.c.
 */
gboolean lpm_probe_compressible(const guint8 *data, gsize len);

#endif /* LPM_PROBE_H */
