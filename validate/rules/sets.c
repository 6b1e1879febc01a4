/*
 * The subjects of the rules about the world around a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

const LpmRuleSet *const lpm_rule_sets[] = {
    &lpm_rules_memory,
    NULL,
};
