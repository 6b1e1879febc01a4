/*
 * What all fabrics have: targets, and their ids
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "fabric.h"

static void target_free(gpointer data)
{
    VfcTarget *target = data;

    g_free(target->name);
    g_free(target);
}

void vfc_fabric_init(VfcFabric *fabric, const VfcFabricOps *ops,
                     uint64_t wwpn)
{
    fabric->ops = ops;
    fabric->wwpn = wwpn;
    fabric->targets = g_ptr_array_new_with_free_func(target_free);
}

/*
 * A target named by NAA has its WWPN; another gets one of its own (NAA 3,
 * locally assigned) from its name, the same on every host.
 */
VfcTarget *vfc_target_new(const char *name)
{
    VfcTarget *target = g_new0(VfcTarget, 1);
    g_autofree char *digest = NULL;

    target->name = g_strdup(name);
    if (g_str_has_prefix(name, "naa.") && strlen(name) == 20) {
        target->wwpn = g_ascii_strtoull(name + 4, NULL, 16);
    }
    if (target->wwpn == 0) {
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
        digest[16] = '\0';
        target->wwpn = (g_ascii_strtoull(digest, NULL, 16) &
                        0x0fffffffffffffffull) | 0x3000000000000000ull;
    }
    target->wwnn = target->wwpn;
    target->port_id = (uint32_t)(target->wwpn & 0xffffff);
    if (target->port_id == 0) {
        target->port_id = 1;
    }
    return target;
}

VfcTarget *vfc_fabric_find_id(VfcFabric *fabric, uint64_t port_id)
{
    for (guint i = 0; i < fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(fabric->targets, i);

        if (target->port_id == (port_id & 0xffffff)) {
            return target;
        }
    }
    return NULL;
}

VfcTarget *vfc_fabric_find_wwpn(VfcFabric *fabric, uint64_t wwpn)
{
    for (guint i = 0; i < fabric->targets->len; i++) {
        VfcTarget *target = g_ptr_array_index(fabric->targets, i);

        if (target->wwpn == wwpn) {
            return target;
        }
    }
    return NULL;
}
