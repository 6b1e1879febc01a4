/*
 * What libvirt keeps on disk of a guest: any bytes as its file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is read has a name and a UUID, is text, and is read the same from a
 * file that goes on with anything.
 */
#include <stdint.h>
#include <string.h>

#include "records/virt-status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static void check(const LpmVirtGuest *guest)
{
    const char *const texts[] = { guest->name, guest->uuid, guest->state,
                                  guest->reason, guest->phase };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        must(texts[i] != NULL && g_utf8_validate(texts[i], -1, NULL));
    }
    must(guest->name[0] != '\0' && strlen(guest->name) <= 1024);
    must(g_uuid_string_is_valid(guest->uuid));
    must(guest->pid >= 0 && guest->since_ms >= 0);
    must(guest->job != LPM_VIRT_JOB_NONE ||
         (guest->phase[0] == '\0' && guest->since_ms == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmVirtGuest) guest = lpm_virt_guest_parse(
        size > 0 ? (const char *)data : "", size, &error);
    g_autoptr(GByteArray) longer = g_byte_array_new();
    g_autoptr(LpmVirtGuest) again = NULL;

    must((guest == NULL) == (error != NULL));
    if (guest == NULL) {
        return 0;
    }
    check(guest);
    g_byte_array_append(longer, data, (guint)size);
    g_byte_array_append(longer, (const guint8 *)"<x", 2);
    again = lpm_virt_guest_parse((const char *)longer->data, longer->len,
                                 NULL);
    must(again != NULL && again->job == guest->job &&
         again->pid == guest->pid && g_str_equal(again->name, guest->name));
    return 0;
}
