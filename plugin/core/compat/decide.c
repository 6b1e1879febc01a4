/*
 * The decision: does a destination take a guest with these processor modes?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <assert.h>

#include "decide.h"

static const char *const block_names[] = {
    [LPM_MODE_BLOCK_PREFERRED_INVALID] = "preferred-mode-not-selectable",
    [LPM_MODE_BLOCK_CURRENT_INVALID] = "current-mode-not-a-mode",
    [LPM_MODE_BLOCK_LACKS_PREFERRED] = "destination-lacks-preferred-mode",
    [LPM_MODE_BLOCK_LACKS_CURRENT] = "destination-lacks-current-mode",
    [LPM_MODE_BLOCK_LACKS_ENHANCED] = "destination-lacks-enhanced-mode",
    [LPM_MODE_BLOCK_MANAGER_TOO_OLD] = "source-manager-too-old",
};
static_assert(G_N_ELEMENTS(block_names) == LPM_MODE_BLOCK__COUNT,
              "every block has its name");

const char *lpm_mode_block_name(LpmModeBlock block)
{
    g_assert((guint)block < LPM_MODE_BLOCK__COUNT);
    return block_names[block];
}

gboolean lpm_mode_at_activation(const LpmModeSupport *support,
                                LpmMode preferred, LpmMode os_highest,
                                LpmMode *ret_mode)
{
    guint ceiling = lpm_mode_level(os_highest);
    gboolean found = FALSE;

    if (lpm_mode_is_enhanced(preferred) &&
        ceiling >= lpm_mode_level(preferred) &&
        lpm_mode_set_has(support->current, preferred)) {
        *ret_mode = preferred;
        return TRUE;
    }
    if (preferred != LPM_MODE_DEFAULT) {
        ceiling = MIN(ceiling, lpm_mode_level(preferred));
    }
    /* Enhanced modes are never fallen back to: they must be asked for. */
    for (LpmMode mode = LPM_MODE_POWER5; mode < LPM_MODE__COUNT; mode++) {
        if (lpm_mode_set_has(support->current, mode) &&
            !lpm_mode_is_enhanced(mode) && lpm_mode_level(mode) <= ceiling) {
            *ret_mode = mode;
            found = TRUE;
        }
    }
    return found;
}

/* What the guest may get at its next activation, whatever its system is. */
static LpmModeSet modes_after_restart(const LpmModeSupport *support,
                                      LpmMode preferred)
{
    LpmModeSet set = 0;

    for (LpmMode os = LPM_MODE_POWER5; os < LPM_MODE__COUNT; os++) {
        LpmMode mode;

        if (lpm_mode_at_activation(support, preferred, os, &mode)) {
            set |= LPM_MODE_BIT(mode);
        }
    }
    return set;
}

LpmModeDecision lpm_decide(LpmMoveKind kind, LpmMode preferred,
                           LpmMode current, const LpmModeSupport *support)
{
    LpmModeDecision decision = { .preferred_after = preferred };

    if (!lpm_mode_can_be_preferred(preferred)) {
        decision.blocks |= 1u << LPM_MODE_BLOCK_PREFERRED_INVALID;
    } else if (preferred != LPM_MODE_DEFAULT &&
               !lpm_mode_set_has(support->preferred, preferred)) {
        decision.blocks |= 1u << LPM_MODE_BLOCK_LACKS_PREFERRED;
    }
    switch (kind) {
    case LPM_MOVE_KIND_ACTIVE:
        if (!lpm_mode_can_be_current(current)) {
            decision.blocks |= 1u << LPM_MODE_BLOCK_CURRENT_INVALID;
        } else if (current != LPM_MODE_POWER5 &&
                   !lpm_mode_set_has(support->current, current)) {
            decision.blocks |= 1u << LPM_MODE_BLOCK_LACKS_CURRENT;
        } else {
            decision.current_until_restart = LPM_MODE_BIT(current);
        }
        break;
    case LPM_MOVE_KIND_INACTIVE:
        break;
    }
    decision.current_after_restart = modes_after_restart(support, preferred);
    decision.allowed = decision.blocks == 0;
    return decision;
}

LpmModeDecision lpm_decide_ivm_mixed(LpmMode single, LpmServer server)
{
    LpmModeDecision decision = { .preferred_after = LPM_MODE_POWER6 };
    const LpmModeSupport *support = lpm_server_support(server);

    if (server != LPM_SERVER_POWER6 && server != LPM_SERVER_POWER6_PLUS) {
        /* A move to POWER7 asks for IVM 2.1.2 on the source as well. */
        decision.blocks |= 1u << LPM_MODE_BLOCK_MANAGER_TOO_OLD;
    }
    switch (single) {
    case LPM_MODE_DEFAULT:
    case LPM_MODE_POWER6:
        /* The old manager's default is what its POWER6 server runs. */
        decision.current_after_restart = LPM_MODE_BIT(LPM_MODE_POWER6);
        break;
    case LPM_MODE_POWER6_ENHANCED:
        if (!lpm_mode_set_has(support->preferred, single)) {
            decision.blocks |= 1u << LPM_MODE_BLOCK_LACKS_ENHANCED;
        }
        decision.preferred_after = single;
        decision.current_after_restart = LPM_MODE_BIT(single) |
                                         LPM_MODE_BIT(LPM_MODE_POWER6);
        break;
    case LPM_MODE_POWER5:
    case LPM_MODE_POWER6_PLUS:
    case LPM_MODE_POWER6_PLUS_ENHANCED:
    case LPM_MODE_POWER7:
    case LPM_MODE_POWER7_PLUS:
    case LPM_MODE_POWER8:
    case LPM_MODE_POWER9:
    case LPM_MODE_POWER10:
    case LPM_MODE_POWER11:
        /* No such manager could have set it. */
        decision.blocks |= 1u << LPM_MODE_BLOCK_PREFERRED_INVALID;
        break;
    }
    decision.allowed = decision.blocks == 0;
    return decision;
}
