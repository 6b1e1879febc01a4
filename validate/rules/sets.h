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
extern const LpmRuleSet lpm_rules_concurrency;
extern const LpmRuleSet lpm_rules_config;
extern const LpmRuleSet lpm_rules_console;
extern const LpmRuleSet lpm_rules_evacuation;
extern const LpmRuleSet lpm_rules_firmware;
extern const LpmRuleSet lpm_rules_ibmi;
extern const LpmRuleSet lpm_rules_ioserver;
extern const LpmRuleSet lpm_rules_ldoms;
extern const LpmRuleSet lpm_rules_ldoms_io;
extern const LpmRuleSet lpm_rules_memory;
extern const LpmRuleSet lpm_rules_mover;
extern const LpmRuleSet lpm_rules_name;
extern const LpmRuleSet lpm_rules_network;
extern const LpmRuleSet lpm_rules_optimizer;
extern const LpmRuleSet lpm_rules_os;
extern const LpmRuleSet lpm_rules_paging;
extern const LpmRuleSet lpm_rules_performance;
extern const LpmRuleSet lpm_rules_processor;
extern const LpmRuleSet lpm_rules_qemu;
extern const LpmRuleSet lpm_rules_redundancy;
extern const LpmRuleSet lpm_rules_rmc;
extern const LpmRuleSet lpm_rules_security;
extern const LpmRuleSet lpm_rules_server;
extern const LpmRuleSet lpm_rules_state;
extern const LpmRuleSet lpm_rules_suspend;
extern const LpmRuleSet lpm_rules_time;
extern const LpmRuleSet lpm_rules_trusted_boot;
extern const LpmRuleSet lpm_rules_vfc;
extern const LpmRuleSet lpm_rules_vfc_san;
extern const LpmRuleSet lpm_rules_vscsi;
extern const LpmRuleSet lpm_rules_vswitch;

/* Defines the set of a subject file from its array `rows`. */
#define LPM_RULE_SET(name) \
    const LpmRuleSet name = { rows, G_N_ELEMENTS(rows) }

#endif /* LPM_RULE_SETS_H */
