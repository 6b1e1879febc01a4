/*
 * Fibre Channel ports as Linux shows them in its sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_NPIV_SYSFS_H
#define LPM_VFC_NPIV_SYSFS_H

#include "npiv.h"

/*
 * The one place of the pure code that reads and writes files, below @sysfs,
 * which is "/sys" or a tree that was made.  What goes away while it is
 * looked at was not there.  Errors of all: IO (a file cannot be read or
 * written), MALFORMED (a text is none that the kernel writes).  Threads: any.
 */

/**
 * lpm_npiv_look_port:
 *
 * Read class/fc_host/host@host.
 *
 * Errors: STATE (there is none).
 */
gboolean lpm_npiv_look_port(const char *sysfs, guint host,
                            LpmNpivPort *ret_port, GError **error);

/**
 * lpm_npiv_find_port:
 * @ret_found: (out): whether a port has the name @wwpn
 * @ret_port: (out): set if it was found
 */
gboolean lpm_npiv_find_port(const char *sysfs, guint64 wwpn,
                            gboolean *ret_found, LpmNpivPort *ret_port,
                            GError **error);

/** lpm_npiv_find_vport: as lpm_npiv_find_port(), in class/fc_vports. */
gboolean lpm_npiv_find_vport(const char *sysfs, guint64 wwpn,
                             gboolean *ret_found, LpmNpivVport *ret_vport,
                             GError **error);

/**
 * lpm_npiv_check_free:
 *
 * Returns: TRUE if no port of this machine has the name @wwpn.
 * Errors: STATE, and it says which.
 */
gboolean lpm_npiv_check_free(const char *sysfs, guint64 wwpn,
                             GError **error);

/**
 * lpm_npiv_make, lpm_npiv_remove:
 * @parent: host that it is made on
 *
 * Does not return before the driver did it: seconds, if the fabric is slow.
 */
gboolean lpm_npiv_make(const char *sysfs, guint parent, guint64 wwpn,
                       guint64 wwnn, GError **error);
gboolean lpm_npiv_remove(const char *sysfs, guint parent, guint64 wwpn,
                         guint64 wwnn, GError **error);

/** lpm_npiv_list_targets: (transfer full): LpmNpivTarget, by their WWPNs. */
GArray *lpm_npiv_list_targets(const char *sysfs, guint host, GError **error);

/** lpm_npiv_list_luns: (transfer full): LpmNpivLun, by their numbers. */
GArray *lpm_npiv_list_luns(const char *sysfs, guint host,
                           const LpmNpivTarget *target, GError **error);

#endif /* LPM_VFC_NPIV_SYSFS_H */
