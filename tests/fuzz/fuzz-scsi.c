/*
 * What a LUN says of itself: any bytes as what a target answers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first byte says where the second of two answers begins.
 */
#include <stdint.h>
#include <string.h>

#include "bytes/bytes.h"
#include "vfc/scsi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static void is_plain(const char *text)
{
    must(text == NULL || (strlen(text) > 0 && strlen(text) <= 255 &&
                          lpm_string_is_plain(text, strlen(text))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GArray) luns = NULL;
    g_autofree char *identity = NULL;
    g_autofree char *reservation = NULL;
    gboolean all, disk;
    guint64 blocks;
    guint32 bytes;
    size_t first;

    if (size == 0) {
        return 0;
    }
    first = MIN(data[0], size - 1);
    data++;
    size--;
    luns = lpm_scsi_read_luns(data, size, &all, NULL);
    must((luns != NULL) == (size >= 8));
    for (guint i = 0; luns != NULL && i < luns->len; i++) {
        must(g_array_index(luns, guint32, i) < 1 << 14);
    }
    lpm_scsi_is_present(data, size, &disk);
    must(lpm_scsi_read_capacity(data, size, &blocks, &bytes, NULL) ==
         (size >= 12));
    lpm_scsi_max_transfer(data, size);
    must(lpm_scsi_sense_key(data, size) <= 0xf);
    identity = lpm_scsi_identity(data, first, data + first, size - first);
    is_plain(identity);
    reservation = lpm_scsi_reservation(data, first, data + first,
                                       size - first);
    is_plain(reservation);
    return 0;
}
