/*
 * The subjects of the rules about the world around a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

const LpmRuleSet *const lpm_rule_sets[] = {
    &lpm_rules_compat_mode,
    &lpm_rules_memory,
    &lpm_rules_optimizer,
    &lpm_rules_paging,
    &lpm_rules_suspend,
    &lpm_rules_trusted_boot,
    NULL,
};
