/*
 * The identity of a disk, from the names that Linux derives from it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/disk-identity.h"

#define HEX    "0123456789abcdefABCDEF"

/* NAA and EUI-64 designators have 8 or 16 bytes; NVMe's have as many. */
static char *hex_identity(const char *kind, const char *digits)
{
    gsize len = strlen(digits);
    g_autofree char *lower = NULL;

    if ((len != 16 && len != 32) || strspn(digits, HEX) != len ||
        strspn(digits, "0") == len || strspn(digits, "fF") == len) {
        return NULL;
    }
    lower = g_ascii_strdown(digits, -1);
    return g_strconcat(kind, lower, NULL);
}

static char *uuid_identity(const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);

    if (!g_uuid_string_is_valid(lower) || strspn(lower, "0-") == 36) {
        return NULL;
    }
    return g_strconcat("uuid.", lower, NULL);
}

char *lpm_identity_from_wwid(const char *wwid)
{
    g_autofree char *text = NULL;

    if (strlen(wwid) > 255) {
        return NULL;
    }
    text = g_strstrip(g_strdup(wwid));
    if (g_str_has_prefix(text, "naa.")) {
        return hex_identity("naa.", text + 4);
    }
    if (g_str_has_prefix(text, "eui.")) {
        return hex_identity("eui.", text + 4);
    }
    if (g_str_has_prefix(text, "uuid.")) {
        return uuid_identity(text + 5);
    }
    return NULL;
}

char *lpm_identity_from_scsi_id(const char *id)
{
    /* the first digit is the type of the designator of page 0x83 */
    switch (id[0]) {
    case '3':
        return hex_identity("naa.", id + 1);
    case '2':
        return hex_identity("eui.", id + 1);
    }
    return NULL;
}

char *lpm_identity_from_link(const char *path)
{
    static const struct {
        const char *prefix;
        const char *kind;       /* NULL: what scsi_id says */
    } names[] = {
        { "wwn-0x", "naa." },
        { "scsi-", NULL },
        { "dm-uuid-mpath-", NULL },
        { "nvme-eui.", "eui." },
        { "nvme-uuid.", "uuid." },
    };
    const char *name;

    if (!g_str_has_prefix(path, "/dev/disk/by-id/")) {
        return NULL;
    }
    name = path + strlen("/dev/disk/by-id/");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *rest = name + strlen(names[i].prefix);

        if (!g_str_has_prefix(name, names[i].prefix)) {
            continue;
        }
        if (names[i].kind == NULL) {
            return lpm_identity_from_scsi_id(rest);
        }
        return strcmp(names[i].kind, "uuid.") == 0 ? uuid_identity(rest) :
               hex_identity(names[i].kind, rest);
    }
    return NULL;
}
