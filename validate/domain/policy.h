/*
 * What a host gives to the guests that come to it: host.conf
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_DOMAIN_POLICY_H
#define LPM_DOMAIN_POLICY_H

#include <glib.h>

#include "compat/mode.h"

#define LPM_POLICY_MAX  65536u      /* bytes of the file */

/* A way to the SAN, by the name that guests' metadata use. */
typedef struct LpmPolicyFabric {
    char *name;
    char *fabric;           /* "iscsi" or "npiv" */
    char *portal;           /* iscsi; else NULL */
    char *chap_user;        /* iscsi, or NULL */
    char *chap_secret_file; /* iscsi, or NULL */
    char *parent;           /* npiv; else NULL */
} LpmPolicyFabric;

typedef struct LpmPolicy {
    char *path;             /* where it comes from, for errors */
    char *cpu_model;        /* (nullable): what guests get as -cpu here */
    LpmServer server;       /* of cpu_model */
    guint max_inbound;      /* 0: not said */
    guint max_outbound;
    GPtrArray *fabrics;     /* LpmPolicyFabric * */
} LpmPolicy;

/**
 * lpm_policy_read:
 * @path: a file that is not there is an empty policy
 *
 * Returns: (transfer full) (nullable): free with lpm_policy_free().
 * Errors: IO, LIMIT, MALFORMED: what, got, wanted; a key that is not known
 * is one.
 */
LpmPolicy *lpm_policy_read(const char *path, GError **error);

/** lpm_policy_free: @policy: (nullable). */
void lpm_policy_free(LpmPolicy *policy);

/** lpm_policy_fabric: (transfer none) (nullable): by name. */
const LpmPolicyFabric *lpm_policy_fabric(const LpmPolicy *policy,
                                         const char *name);

/** lpm_policy_server_of: whether @model is "POWER9", "power9_v2.2"... */
gboolean lpm_policy_server_of(const char *model, LpmServer *ret_server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmPolicy, lpm_policy_free)

#endif /* LPM_DOMAIN_POLICY_H */
