/*
 * A libvirt domain's XML: what is ours in it, and what QEMU gets of that
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: a domain says in <metadata>, in a namespace of ours,
 * what belongs to the partition wherever it runs: its preferred mode, its
 * virtual Fibre Channel adapters with their WWPNs, which of them is in use.
 * What belongs to a host is in its policy: the way to the SAN, the CPU model.
 * Both together make the arguments of <qemu:commandline>, which libvirt
 * carries without a look at them.  The metadata is the truth; arguments that
 * come of it are made anew whenever a domain is defined or arrives, others
 * are left as they are.  A domain without metadata whose arguments somebody
 * wrote by hand is ours as well; of it only the use of WWPNs changes.
 */
#ifndef LPM_DOMAIN_H
#define LPM_DOMAIN_H

#include <glib.h>

#include "compat/mode.h"
#include "domain/policy.h"

#define LPM_DOMAIN_NAMESPACE  "https://qemu-lpm.org/xmlns/partition/1"
#define LPM_DOMAIN_ADAPTERS_MAX  64u

typedef struct LpmDomain LpmDomain;

/**
 * lpm_domain_parse:
 * @title: what it is, for errors
 * @xml: untrusted
 *
 * Returns: (transfer full) (nullable): free with lpm_domain_free().
 * Errors: MALFORMED (no domain, metadata of ours that is wrong: what, got,
 * wanted), LIMIT, UNSUPPORTED (no libxml2).
 */
LpmDomain *lpm_domain_parse(const char *title, const char *xml,
                            GError **error);

/** lpm_domain_free: @domain: (nullable). */
void lpm_domain_free(LpmDomain *domain);

/** lpm_domain_name: "" if it has none. */
const char *lpm_domain_name(const LpmDomain *domain);

/** lpm_domain_uuid: "" if it has none. */
const char *lpm_domain_uuid(const LpmDomain *domain);

/** lpm_domain_has_metadata: of our namespace. */
gboolean lpm_domain_has_metadata(const LpmDomain *domain);

/**
 * lpm_domain_is_ours: with metadata, or with an object or adapter of ours
 * among QEMU's arguments.
 */
gboolean lpm_domain_is_ours(const LpmDomain *domain);

/** lpm_domain_cpu_model: (nullable): of <cpu>. */
const char *lpm_domain_cpu_model(const LpmDomain *domain);

/**
 * lpm_domain_current_mode: what the metadata says that the guest runs in.
 *
 * Returns: whether it says so.
 */
gboolean lpm_domain_current_mode(const LpmDomain *domain, LpmMode *ret_mode);

/**
 * lpm_domain_set_preferred: @mode: "power9"; in the metadata, which is made.
 *
 * Errors: MALFORMED.
 */
gboolean lpm_domain_set_preferred(LpmDomain *domain, const char *mode,
                                  GError **error);

/**
 * lpm_domain_set_adapter:
 * @text: "fabric=san0,wwpn=...,wwpn2=...", and id, reg, active; the id of one
 *   that is there changes that one; a new one has a free id and reg if none
 *   are given
 *
 * In the metadata, which is made.
 *
 * Errors: MALFORMED; then the domain is of no use any more.
 */
gboolean lpm_domain_set_adapter(LpmDomain *domain, const char *text,
                                GError **error);

/** lpm_domain_swap: the other WWPN of each adapter is the one in use. */
void lpm_domain_swap(LpmDomain *domain);

/**
 * lpm_domain_take_use: the WWPNs in use are those of @other, adapter by
 * adapter.
 */
void lpm_domain_take_use(LpmDomain *domain, const LpmDomain *other);

typedef enum LpmDomainWay {
    LPM_DOMAIN_STARTS,      /* or is restored from what was saved */
    LPM_DOMAIN_ARRIVES,     /* by a move, of which nothing but that is let in
                               unless the metadata says peer allow */
} LpmDomainWay;

/**
 * lpm_domain_prepare:
 * @policy: of the host that QEMU will run on
 *
 * Make QEMU's arguments for that host.
 *
 * Errors: STATE (a fabric that @policy does not have; the domain is as it
 * was).
 */
gboolean lpm_domain_prepare(LpmDomain *domain, const LpmPolicy *policy,
                            LpmDomainWay way, GError **error);

/** lpm_domain_text: (transfer full): the XML as it is now. */
char *lpm_domain_text(const LpmDomain *domain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmDomain, lpm_domain_free)

#endif /* LPM_DOMAIN_H */
