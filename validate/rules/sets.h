/*
 * One set of rows per subject file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RULE_SETS_H
#define LPM_RULE_SETS_H

#include "rules/rules.h"
#include "rules/words.h"

extern const LpmRuleSet lpm_rules_compat_mode;
extern const LpmRuleSet lpm_rules_memory;
extern const LpmRuleSet lpm_rules_optimizer;
extern const LpmRuleSet lpm_rules_paging;
extern const LpmRuleSet lpm_rules_suspend;
extern const LpmRuleSet lpm_rules_trusted_boot;

/* Defines the set of a subject file from its array `rows`. */
#define LPM_RULE_SET(name) \
    const LpmRuleSet name = { rows, G_N_ELEMENTS(rows) }

#endif /* LPM_RULE_SETS_H */
