/*
 * Who has the guest after a move that went wrong, and what has to go
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "handoff/recover.h"

static gboolean has_none(const LpmRecoverSide *side)
{
    return side->has == LPM_VIRT_NONE || side->has == LPM_VIRT_OFF;
}

/* A QEMU with the guest in it that does not run. */
static gboolean stands(const LpmRecoverSide *side)
{
    return side->has == LPM_VIRT_WAITS || side->has == LPM_VIRT_PAUSED;
}

static LpmRecoverPlan unknown(gboolean passes, gboolean wait,
                              const char *why)
{
    return (LpmRecoverPlan) { LPM_RECOVER_UNKNOWN, 0, passes, wait, why };
}

static LpmRecoverPlan plan(LpmRecoverOwner owner, guint steps,
                           const char *why)
{
    return (LpmRecoverPlan) { owner, steps, FALSE, FALSE, why };
}

/* One side runs it. */
static LpmRecoverPlan running(const LpmRecoverSide *source,
                              const LpmRecoverSide *destination)
{
    gboolean here = source->has == LPM_VIRT_RUNS;
    const LpmRecoverSide *other = here ? destination : source;
    LpmRecoverOwner owner = here ? LPM_RECOVER_SOURCE :
                                   LPM_RECOVER_DESTINATION;

    if (has_none(other)) {
        return plan(owner, 0, "it runs there, and the other side has no QEMU "
                    "of it");
    }
    return plan(owner, here ? LPM_RECOVER_DESTROY_DESTINATION :
                LPM_RECOVER_DESTROY_SOURCE, "it runs there; what the other "
                "side has of it stands still");
}

/* None runs it. */
static LpmRecoverPlan standing(const LpmRecoverSide *source,
                               const LpmRecoverSide *destination)
{
    if (stands(source)) {
        return plan(LPM_RECOVER_SOURCE, LPM_RECOVER_RESUME |
                    (stands(destination) ? LPM_RECOVER_DESTROY_DESTINATION :
                                           0),
                    "it runs nowhere, and the source has all of it");
    }
    if (destination->has == LPM_VIRT_PAUSED ||
        (destination->has == LPM_VIRT_WAITS && destination->complete)) {
        return plan(LPM_RECOVER_DESTINATION, LPM_RECOVER_RESUME,
                    "the source's QEMU is gone, and all of it has arrived");
    }
    if (destination->has == LPM_VIRT_WAITS) {
        return plan(LPM_RECOVER_NOBODY, LPM_RECOVER_DESTROY_DESTINATION,
                    "the source's QEMU is gone, and not all of it has "
                    "arrived: it has to be started anew");
    }
    return plan(LPM_RECOVER_NOBODY, 0, "no side has a QEMU of it: it has to "
                "be started");
}

LpmRecoverPlan lpm_recover_decide(const LpmRecoverSide *source,
                                  const LpmRecoverSide *destination)
{
    if (source->ends || destination->ends) {
        return unknown(TRUE, TRUE, "a QEMU of it is just ending");
    }
    if (source->moves || destination->moves) {
        return unknown(TRUE, FALSE, "a move of it is under way: wait for its "
                       "end, or cancel it (lpm cancel)");
    }
    if (source->has == LPM_VIRT_SILENT || destination->has == LPM_VIRT_SILENT) {
        return unknown(TRUE, TRUE, "a side does not answer, and may have it");
    }
    if (source->has == LPM_VIRT_RUNS && destination->has == LPM_VIRT_RUNS) {
        return unknown(FALSE, FALSE, "it runs on both sides: end the one that "
                       "you know to be wrong yourself, before its disks "
                       "suffer more");
    }
    return source->has == LPM_VIRT_RUNS || destination->has == LPM_VIRT_RUNS ?
           running(source, destination) : standing(source, destination);
}
