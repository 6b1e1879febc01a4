/*
 * Targets without virtual Fibre Channel adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/boards.h"

#include "lpm-gather.h"

/* SPARC has facts of its own; meson has no "neither this nor that". */
#ifndef TARGET_SPARC64
void lpm_gather_target(LpmOffer *offer, bool incoming)
{
    MachineState *ms = MACHINE(qdev_get_machine());

    offer->cpu_model = g_strdup(ms->cpu_type);
}
#endif

void coroutine_fn lpm_look_at_storage(LpmOffer *offer, const LpmOffer *peer)
{
}

void lpm_log_out_storage(void)
{
}

bool lpm_log_out_adapter(const char *id, Error **errp)
{
    error_setg(errp, "there is no virtual Fibre Channel adapter '%s'", id);
    return false;
}

LpmVfcInfoList *lpm_query_adapters(void)
{
    return NULL;
}
