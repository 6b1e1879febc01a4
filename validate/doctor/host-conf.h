/*
 * A host's policy for guests that come: /etc/lpm/host.conf
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_HOST_CONF_H
#define LPM_HOST_CONF_H

#include <glib.h>

/*
 * domain/policy.h reads the same file for a move, and stops at the first
 * fault; this finds them all, and says which part of the file each is about.
 */

typedef enum LpmHostFabricKind {
    LPM_HOST_FABRIC_NONE,       /* not given, or none that there is */
    LPM_HOST_FABRIC_ISCSI,
    LPM_HOST_FABRIC_NPIV,
} LpmHostFabricKind;

/* A group [fabric NAME]; what is at fault is absent. */
typedef struct LpmHostFabric {
    char *name;
    LpmHostFabricKind kind;
    char **portals;             /* iscsi: ADDRESS:PORT; NULL: none */
    char *parent;               /* npiv: "host3"; NULL: none */
    char *secret_file;          /* iscsi: chap-secret-file; NULL: none */
} LpmHostFabric;

typedef struct LpmHostConf {
    char *cpu_model;            /* NULL: as the source's */
    gint max_inbound;           /* -1: not given */
    gint max_outbound;          /* -1: not given */
    GPtrArray *fabrics;         /* LpmHostFabric *, as they stand */
} LpmHostConf;

/* What of it a fault is about. */
typedef enum LpmHostFaultKind {
    LPM_HOST_FAULT_FILE,        /* syntax, an unknown group or key */
    LPM_HOST_FAULT_CPU_MODEL,
    LPM_HOST_FAULT_FABRIC,      /* of one fabric */
} LpmHostFaultKind;

typedef struct LpmHostFault {
    LpmHostFaultKind kind;
    char *fabric;               /* (nullable): its name */
    char *text;                 /* got and wanted, one phrase */
} LpmHostFault;

/**
 * lpm_host_conf_parse:
 * @text: @len bytes
 * @ret_faults: (out) (transfer full): LpmHostFault *, all that there are;
 *   empty: the file is right
 *
 * What is known only to others is not looked at: whether a portal answers or
 * a parent is there.
 *
 * Returns: (transfer full): what is right of it.  Threads: any; pure.
 */
LpmHostConf *lpm_host_conf_parse(const char *text, gsize len,
                                 GPtrArray **ret_faults);

/** lpm_host_conf_free: @conf: (nullable). */
void lpm_host_conf_free(LpmHostConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmHostConf, lpm_host_conf_free)

/**
 * lpm_host_portal_parse: "192.0.2.10:3260", "[2001:db8::10]:3260".
 * @ret_address: (out) (optional) (transfer full): without brackets
 */
gboolean lpm_host_portal_parse(const char *text, char **ret_address,
                               guint16 *ret_port);

#endif /* LPM_HOST_CONF_H */
