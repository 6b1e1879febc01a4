/*
 * The subjects of the rules about the world around a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

const LpmRuleSet *const lpm_rule_sets[] = {
    &lpm_rules_compat_mode,
    &lpm_rules_concurrency,
    &lpm_rules_config,
    &lpm_rules_console,
    &lpm_rules_evacuation,
    &lpm_rules_firmware,
    &lpm_rules_ibmi,
    &lpm_rules_ioserver,
    &lpm_rules_ldoms,
    &lpm_rules_ldoms_io,
    &lpm_rules_memory,
    &lpm_rules_mover,
    &lpm_rules_name,
    &lpm_rules_network,
    &lpm_rules_optimizer,
    &lpm_rules_os,
    &lpm_rules_paging,
    &lpm_rules_performance,
    &lpm_rules_processor,
    &lpm_rules_qemu,
    &lpm_rules_redundancy,
    &lpm_rules_rmc,
    &lpm_rules_security,
    &lpm_rules_server,
    &lpm_rules_state,
    &lpm_rules_suspend,
    &lpm_rules_time,
    &lpm_rules_trusted_boot,
    &lpm_rules_vfc,
    &lpm_rules_vfc_san,
    &lpm_rules_vscsi,
    &lpm_rules_vswitch,
    NULL,
};
