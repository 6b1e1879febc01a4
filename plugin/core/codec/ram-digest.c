/*
 * A digest of a whole block of RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "codec/ram-digest.h"

#include "codec/common.h"

guint64 lpm_ram_digest(const guint8 *data, guint64 bytes)
{
    return XXH3_64bits(data, bytes);
}
