/*
 * The identity of a disk, from the names that Linux derives from it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_DISK_IDENTITY_H
#define LPM_DISK_IDENTITY_H

#include <glib.h>

/**
 * lpm_identity_from_wwid:
 * @wwid: what sysfs has: "naa.600507...", "eui.0025...", "t10.ATA ...",
 *   "uuid.XXXX"; untrusted, any spaces around it
 *
 * Only what is the same on every host: t10 texts are padded in many ways and
 * are left out.
 *
 * Returns: (transfer full) (nullable): "naa.", "eui." or "uuid." and lower
 * case; NULL if it is none of these.  Threads: any.
 */
char *lpm_identity_from_wwid(const char *wwid);

/**
 * lpm_identity_from_scsi_id:
 * @id: what scsi_id and multipath say: "3600507..."; untrusted
 *
 * Returns: as lpm_identity_from_wwid().
 */
char *lpm_identity_from_scsi_id(const char *id);

/**
 * lpm_identity_from_link:
 * @path: a name as udev makes them: "/dev/disk/by-id/wwn-0x600507..."
 *
 * Partitions of a disk have no identity.
 *
 * Returns: as lpm_identity_from_wwid().
 */
char *lpm_identity_from_link(const char *path);

#endif /* LPM_DISK_IDENTITY_H */
