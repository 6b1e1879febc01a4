/*
 * Gatherer: facts of the host that lpm runs on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_GATHER_HOST_H
#define LPM_GATHER_HOST_H

#include "facts/facts.h"

/**
 * lpm_gather_host:
 * @root: where /proc and /sys stand: "" on a real host; tests have trees
 *
 * What the kernel tells of memory, processors, power, links, bridges, Fibre
 * Channel ports and disks.  Files are read up to a bound and believed only
 * in their usual form; what is not there or odd is absent.
 *
 * Errors: IO: there is no /proc/meminfo below @root.
 * Threads: any.
 */
gboolean lpm_gather_host(LpmFacts *facts, LpmSide side, const char *root,
                         GError **error);

#endif /* LPM_GATHER_HOST_H */
