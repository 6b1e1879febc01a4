/*
 * The catalogue of processor modes and of the servers that run them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_COMPAT_MODE_H
#define LPM_COMPAT_MODE_H

#include <glib.h>

/*
 * In the order of what they offer: the enhanced modes stand behind their
 * base mode, "default" comes first because it is no mode of a processor.
 *
 * @LPM_MODE_DEFAULT: only as a preferred mode: no ceiling of our own
 * @LPM_MODE_POWER5: only as a current mode, of guests that know nothing newer
 */
typedef enum LpmMode {
    LPM_MODE_DEFAULT,
    LPM_MODE_POWER5,
    LPM_MODE_POWER6,
    LPM_MODE_POWER6_ENHANCED,
    LPM_MODE_POWER6_PLUS,
    LPM_MODE_POWER6_PLUS_ENHANCED,
    LPM_MODE_POWER7,
    LPM_MODE_POWER7_PLUS,
    LPM_MODE_POWER8,
    LPM_MODE_POWER9,
    LPM_MODE_POWER10,
    LPM_MODE_POWER11,
} LpmMode;
#define LPM_MODE__COUNT (LPM_MODE_POWER11 + 1)

/* Processor type of a server. */
typedef enum LpmServer {
    LPM_SERVER_POWER6,
    LPM_SERVER_POWER6_PLUS,
    LPM_SERVER_POWER7,
    LPM_SERVER_POWER8,
    LPM_SERVER_POWER9,
    LPM_SERVER_POWER10,
    LPM_SERVER_POWER11,
} LpmServer;
#define LPM_SERVER__COUNT (LPM_SERVER_POWER11 + 1)

/* A set of modes: bit LPM_MODE_X is set if X is in it. */
typedef guint32 LpmModeSet;
#define LPM_MODE_BIT(mode) ((LpmModeSet)1 << (mode))
#define LPM_MODE_SET_ALL   (LPM_MODE_BIT(LPM_MODE__COUNT) - 1)

/* What a destination takes; the two sets differ by default and POWER5. */
typedef struct LpmModeSupport {
    LpmModeSet current;
    LpmModeSet preferred;
} LpmModeSupport;

/**
 * lpm_mode_name:
 *
 * Returns: the name in messages and offers, QEMU's where QEMU has one:
 * "default", "power9", "power6+-enhanced"; static.
 */
const char *lpm_mode_name(LpmMode mode);

/** lpm_mode_manual_name: Returns: as manuals print it: "POWER6 enhanced". */
const char *lpm_mode_manual_name(LpmMode mode);

/**
 * lpm_mode_qemu_name:
 *
 * Returns: (nullable): the value for -machine max-cpu-compat=, "" for the
 * default; NULL for a mode that QEMU cannot run.
 */
const char *lpm_mode_qemu_name(LpmMode mode);

/**
 * lpm_mode_parse:
 * @name: (nullable): any spelling of the above, in any case; "-", "_" and a
 *   space are the same, "plus" is "+"; "" is the default
 * @ret_mode: (out): set on success only
 *
 * Returns: true if there is such a mode.  Threads: any.
 */
gboolean lpm_mode_parse(const char *name, LpmMode *ret_mode);

/** lpm_mode_level: Returns: 0 for the default; equal for enhanced and base. */
guint lpm_mode_level(LpmMode mode);

/** lpm_mode_logical_pvr: Returns: as QEMU knows the mode, else 0. */
guint32 lpm_mode_logical_pvr(LpmMode mode);

/**
 * lpm_mode_from_logical_pvr:
 * @ret_mode: (out): set on success only
 *
 * Returns: true if QEMU has a mode with that logical PVR.
 */
gboolean lpm_mode_from_logical_pvr(guint32 pvr, LpmMode *ret_mode);

/** lpm_mode_is_enhanced: */
gboolean lpm_mode_is_enhanced(LpmMode mode);

/** lpm_mode_can_be_current: false for the default. */
gboolean lpm_mode_can_be_current(LpmMode mode);

/** lpm_mode_can_be_preferred: false for POWER5. */
gboolean lpm_mode_can_be_preferred(LpmMode mode);

/** lpm_mode_set_has: */
static inline gboolean lpm_mode_set_has(LpmModeSet set, LpmMode mode)
{
    return (set & LPM_MODE_BIT(mode)) != 0;
}

/**
 * lpm_mode_set_parse:
 * @list: modes, separated by commas; an empty list is the empty set
 * @ret_set: (out): set on success only
 *
 * Returns: true if every name is known.
 */
gboolean lpm_mode_set_parse(const char *list, LpmModeSet *ret_set);

/**
 * lpm_mode_set_text:
 *
 * Returns: (transfer full): names, newest first, separated by ", ";
 * "none" for the empty set.
 */
char *lpm_mode_set_text(LpmModeSet set);

/** lpm_server_name: Returns: "POWER6+"; static. */
const char *lpm_server_name(LpmServer server);

/** lpm_server_parse: as lpm_mode_parse(). */
gboolean lpm_server_parse(const char *name, LpmServer *ret_server);

/**
 * lpm_server_support:
 *
 * Returns: what a server of that type takes as current and as preferred mode.
 * Source: up to POWER7 the manuals' table (2013: 13, 2014: 13 and 51); from
 * POWER8 on QEMU's target/ppc/compat.c and pcr_supported of the CPU class.
 */
const LpmModeSupport *lpm_server_support(LpmServer server);

#endif /* LPM_COMPAT_MODE_H */
