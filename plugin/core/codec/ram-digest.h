/*
 * A digest of a whole block of RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RAM_DIGEST_H
#define LPM_RAM_DIGEST_H

#include <glib.h>

/**
 * lpm_ram_digest: XXH3, 64 bits, of @bytes bytes that nobody writes to.
 *
 * Finds damage, not an attacker.  Threads: any.
 */
guint64 lpm_ram_digest(const guint8 *data, guint64 bytes);

#endif /* LPM_RAM_DIGEST_H */
