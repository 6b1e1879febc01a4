/*
 * Gatherer: facts from a libvirt daemon
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two parts: gather-libvirt.c asks the daemon and keeps what it says as it
 * came (LpmLibvirtRaw); gather-libvirt-xml.c makes records of that.  The
 * second needs no libvirt.
 */
#ifndef LPM_GATHER_LIBVIRT_H
#define LPM_GATHER_LIBVIRT_H

#include "facts/facts.h"

/* How long one call of libvirt may take, and all of them. */
#define LPM_LIBVIRT_CALL_MS   10000u
#define LPM_LIBVIRT_TOTAL_MS  60000u

/* Bounds of what a daemon may tell; more is LPM_ERROR_LIMIT. */
#define LPM_LIBVIRT_XML_MAX      (4u << 20)    /* bytes of one document, as
                                                  LPM_XML_MAX */
#define LPM_LIBVIRT_ALL_MAX      (64u << 20)   /* bytes of all */
#define LPM_LIBVIRT_OBJECTS_MAX  16384u        /* domains, volumes, ... */

/**
 * lpm_gather_libvirt:
 * @uri: of the daemon: "qemu+unix:///system?socket=PATH"
 * @domain: (nullable): a domain that must be there
 *
 * Ask for everything about the host and all its domains.  What libvirt does
 * not tell is absent with the reason.  A daemon that does not answer is left
 * behind with the thread that waits for it, which ends with the process.
 * On failure @facts is as it was.
 *
 * Errors: UNSUPPORTED (built without libvirt), STATE (no such domain), IO
 * (no connection, lost, or no answer in time: the call is named), MALFORMED,
 * LIMIT.
 */
gboolean lpm_gather_libvirt(LpmFacts *facts, LpmSide side, const char *uri,
                            const char *domain, GError **error);

/** lpm_gather_libvirt_within: with other deadlines than the default ones. */
gboolean lpm_gather_libvirt_within(LpmFacts *facts, LpmSide side,
                                   const char *uri, const char *domain,
                                   guint call_ms, guint total_ms,
                                   GError **error);

/* What a daemon said of a domain; the states are libvirt's, in its order. */
typedef enum LpmLibvirtState {
    LPM_LIBVIRT_NOSTATE,
    LPM_LIBVIRT_RUNNING,
    LPM_LIBVIRT_BLOCKED,
    LPM_LIBVIRT_PAUSED,
    LPM_LIBVIRT_SHUTDOWN,
    LPM_LIBVIRT_SHUTOFF,
    LPM_LIBVIRT_CRASHED,
    LPM_LIBVIRT_PMSUSPENDED,
} LpmLibvirtState;

typedef enum LpmLibvirtTold {
    LPM_LIBVIRT_NO,
    LPM_LIBVIRT_YES,
    LPM_LIBVIRT_NOT_TOLD,
} LpmLibvirtTold;

typedef struct LpmLibvirtDomain {
    char *name;
    char *xml;                  /* of the running one, if it runs */
    LpmLibvirtState state;
    LpmLibvirtTold persistent;
    LpmLibvirtTold saved;       /* a managed save image exists */
    LpmLibvirtTold leaves;      /* a migration from here runs */
    LpmLibvirtTold arrives;
} LpmLibvirtDomain;

typedef struct LpmLibvirtNetwork {
    char *name;
    char *xml;
    LpmLibvirtTold active;
} LpmLibvirtNetwork;

/* An XML document and where it stands. */
typedef struct LpmLibvirtDoc {
    char *name;                 /* of the device; of a volume its pool */
    char *xml;
    char *pool_xml;             /* volumes; owned by the volume */
} LpmLibvirtDoc;

typedef struct LpmLibvirtPages {
    guint64 size_kib;
    guint64 free;
} LpmLibvirtPages;

/* Everything that is NULL or empty with a reason in why_* was not told. */
typedef struct LpmLibvirtRaw {
    char *uri;
    char *hostname;
    char *capabilities;
    char *domcapabilities;      /* for a pseries guest */
    char *why_domcapabilities;
    guint64 memory_mib;         /* 0: not told */
    guint64 cpus;               /* 0: not told */
    guint64 free_bytes;
    gboolean free_told;
    GArray *pages;              /* LpmLibvirtPages; huge ones */
    char *why_pages;
    GPtrArray *domains;         /* LpmLibvirtDomain */
    GPtrArray *networks;        /* LpmLibvirtNetwork */
    char *why_networks;
    GPtrArray *interfaces;      /* LpmLibvirtDoc; of the host */
    char *why_interfaces;
    GPtrArray *volumes;         /* LpmLibvirtDoc */
    char *why_volumes;
    GPtrArray *nodedevs;        /* LpmLibvirtDoc */
    char *why_nodedevs;
} LpmLibvirtRaw;

/** lpm_libvirt_raw_new: Returns: (transfer full): nothing told. */
LpmLibvirtRaw *lpm_libvirt_raw_new(const char *uri);
void lpm_libvirt_raw_free(LpmLibvirtRaw *raw);

/* New members, all fields empty; owned by @raw. */
LpmLibvirtDomain *lpm_libvirt_raw_domain(LpmLibvirtRaw *raw,
                                         const char *name);
LpmLibvirtNetwork *lpm_libvirt_raw_network(LpmLibvirtRaw *raw,
                                           const char *name);
LpmLibvirtDoc *lpm_libvirt_raw_interface(LpmLibvirtRaw *raw,
                                         const char *name);
LpmLibvirtDoc *lpm_libvirt_raw_volume(LpmLibvirtRaw *raw, const char *pool);
LpmLibvirtDoc *lpm_libvirt_raw_nodedev(LpmLibvirtRaw *raw, const char *name);

/**
 * lpm_libvirt_read:
 * @raw: as it came, untrusted
 *
 * Returns: (transfer full) (nullable): a SYSTEM record.
 * Errors: MALFORMED (no XML, another root), LIMIT.  Threads: any, one at a
 * time for a @raw.
 */
LpmNode *lpm_libvirt_read(const LpmLibvirtRaw *raw, GError **error);

/**
 * lpm_libvirt_page_sizes:
 * @xml: capabilities, untrusted
 *
 * Returns: (transfer full) (nullable): guint, sizes of huge pages in KiB.
 * Errors: as lpm_libvirt_read().
 */
GArray *lpm_libvirt_page_sizes(const char *xml, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmLibvirtRaw, lpm_libvirt_raw_free)

#endif /* LPM_GATHER_LIBVIRT_H */
