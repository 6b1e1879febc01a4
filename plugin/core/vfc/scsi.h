/*
 * What a LUN says of itself: CDBs that ask it, and readers of its answers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pure.  Answers come from a target, which is not trusted: every reader
 * takes exactly @len bytes and believes no length in them beyond that.
 */
#ifndef LPM_VFC_SCSI_H
#define LPM_VFC_SCSI_H

#include <glib.h>

#define LPM_SCSI_CDB_BYTES      16

/* Bytes that are asked for; an answer may be shorter. */
#define LPM_SCSI_LUNS_BYTES     (8u + 8u * 1024u)
#define LPM_SCSI_PAGE_BYTES     1024u
#define LPM_SCSI_CAPACITY_BYTES 32u
#define LPM_SCSI_KEYS_BYTES     (8u + 8u * 32u)

/* Status of a command (SAM-5) and sense keys (SPC-5). */
#define LPM_SCSI_GOOD               0x00
#define LPM_SCSI_CHECK_CONDITION    0x02
#define LPM_SCSI_BUSY               0x08
#define LPM_SCSI_RESERVED           0x18
#define LPM_SCSI_SENSE_ILLEGAL      0x05
#define LPM_SCSI_SENSE_ATTENTION    0x06

/* Vital product data (SPC-5 7.7). */
#define LPM_SCSI_PAGE_STANDARD  -1      /* no page: the standard answer */
#define LPM_SCSI_PAGE_SERIAL    0x80
#define LPM_SCSI_PAGE_IDENTITY  0x83
#define LPM_SCSI_PAGE_LIMITS    0xb0

/* PERSISTENT RESERVE IN (SPC-5 6.16). */
#define LPM_SCSI_PR_KEYS        0
#define LPM_SCSI_PR_RESERVATION 1

/* Each writes all 16 bytes of @cdb; @bytes: room for the answer. */
void lpm_scsi_cdb_luns(guint8 *cdb, guint32 bytes);
void lpm_scsi_cdb_inquiry(guint8 *cdb, int page, guint16 bytes);
void lpm_scsi_cdb_capacity(guint8 *cdb, guint32 bytes);
void lpm_scsi_cdb_reserve_in(guint8 *cdb, guint8 action, guint16 bytes);

/**
 * lpm_scsi_read_luns:
 * @ret_all: (out): whether all of them are in @buf
 *
 * Answer to REPORT LUNS.  LUNs that are not of SAM's simple forms (well
 * known ones) are left out.
 *
 * Returns: (transfer full) (nullable): guint32, in the target's order.
 * Errors: TRUNCATED.
 */
GArray *lpm_scsi_read_luns(const guint8 *buf, gsize len, gboolean *ret_all,
                           GError **error);

/**
 * lpm_scsi_is_present:
 * @ret_disk: (out): whether it has blocks (type 0x00, 0x07 or 0x0e)
 *
 * Standard INQUIRY: whether there is something at that LUN.
 */
gboolean lpm_scsi_is_present(const guint8 *buf, gsize len,
                             gboolean *ret_disk);

/**
 * lpm_scsi_identity:
 * @page: page 0x83
 * @serial: (nullable): page 0x80
 *
 * The best name of the logical unit: NAA, EUI-64, UUID, SCSI name, T10.  One
 * that is not unique in the world (NAA 3, T10) gets the serial number added,
 * so that two disks that were made at the same place of two targets differ.
 *
 * Returns: (transfer full) (nullable): printable ASCII without spaces, at
 * most 255 bytes: "naa.600507...", "naa.3000000100000001+sn.beaf11"; NULL if
 * it has no name.  A page that is cut or damaged has none.
 */
char *lpm_scsi_identity(const guint8 *page, gsize len, const guint8 *serial,
                        gsize serial_len);

/** lpm_scsi_read_capacity: answer to READ CAPACITY(16).  Errors: TRUNCATED. */
gboolean lpm_scsi_read_capacity(const guint8 *buf, gsize len,
                                guint64 *ret_blocks,
                                guint32 *ret_block_bytes, GError **error);

/**
 * lpm_scsi_max_transfer: page 0xb0.
 *
 * Returns: blocks of one command at most; 0: it states no limit.
 */
guint32 lpm_scsi_max_transfer(const guint8 *buf, gsize len);

/**
 * lpm_scsi_reservation:
 * @keys: answer to READ KEYS
 * @holder: answer to READ RESERVATION
 *
 * Returns: (transfer full) (nullable): for people: "reserved (write
 * exclusive) with key 0x1", "registered key 0x1"; NULL if there is neither.
 */
char *lpm_scsi_reservation(const guint8 *keys, gsize keys_len,
                           const guint8 *holder, gsize holder_len);

/** lpm_scsi_sense_key: of fixed or descriptor sense; -1: there is none. */
int lpm_scsi_sense_key(const guint8 *sense, gsize len);

#endif /* LPM_VFC_SCSI_H */
