/*
 * SPARC guests: classes of CPUs, and rows of the comparison
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each row is an LpmCheck's holds(), and not applicable to other
 * architectures.
 */
#ifndef LPM_COMPAT_SPARC_H
#define LPM_COMPAT_SPARC_H

#include "compare.h"

/* The class in which the guest sees the CPU model as it is. */
#define LPM_SPARC_NATIVE "native"

/** lpm_sparc_has_class: a SPARC guest that sees a class and no model. */
gboolean lpm_sparc_has_class(const LpmOffer *offer);

/**
 * lpm_sparc_not_provided:
 * @cpu_arch: (nullable): a class, or any other text
 * @features: char *: what the CPU has of it
 *
 * What a domain of that class has on a SPARC server, by isainfo(1)'s names,
 * and QEMU's CPU has not.
 *
 * Returns: (transfer full): char *; empty for native and unknown classes.
 * Source: LDoms 3.3, isainfo -v of each class; qemu target/sparc/insns.decode
 */
GPtrArray *lpm_sparc_not_provided(const char *cpu_arch,
                                  const GPtrArray *features);

LpmCheckHolds lpm_sparc_same_class;
LpmCheckHolds lpm_sparc_has_features;
LpmCheckHolds lpm_sparc_no_extra_features;
LpmCheckHolds lpm_sparc_same_version;
LpmCheckHolds lpm_sparc_same_windows;
LpmCheckHolds lpm_sparc_same_mmu;
LpmCheckHolds lpm_sparc_same_trap_levels;
LpmCheckHolds lpm_sparc_class_is_provided;
LpmCheckHolds lpm_sparc_is_booted;
LpmCheckHolds lpm_sparc_is_not_debugged;
LpmCheckHolds lpm_sparc_has_no_crypto;

#endif /* LPM_COMPAT_SPARC_H */
