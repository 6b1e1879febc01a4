/*
 * Information units of the virtual Fibre Channel client adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_IU_H
#define LPM_VFC_IU_H

#include <glib.h>

/*
 * Theory of operation
 *
 * An IU is a block of guest memory that holds a request; the answer is
 * written over parts of it.  Guest memory is hostile and changes while one
 * looks: whoever uses this file copies an IU once, lets it be read from the
 * copy, and writes answers from what this file makes of the copy.
 *
 * Everything is big endian.  Addresses are bus addresses in the adapter's
 * DMA window: they are read here, and judged by whoever maps them.
 */

/* Bytes of the largest IU, of the buffers and of the parts of a command. */
#define LPM_VFC_IU_MAX          592
#define LPM_VFC_LOGIN_BYTES     1360
#define LPM_VFC_SCATTER_MAX     128
#define LPM_VFC_DESCRIPTOR      16
#define LPM_VFC_COMMAND_BYTES   288     /* 296 with the target's WWPN */
#define LPM_VFC_RESPONSE_BYTES  128
#define LPM_VFC_SENSE_MAX       96      /* fits behind the response's head */

/* Entries of the two queues. */
#define LPM_VFC_CRQ_BYTES       16
#define LPM_VFC_ASYNC_BYTES     48

/* First byte of a CRQ entry, and the second. */
#define LPM_VFC_CRQ_COMMAND     0x80
#define LPM_VFC_CRQ_INIT        0xc0
#define LPM_VFC_CRQ_TRANSPORT   0xff
#define LPM_VFC_FORMAT_SCSI     0x01
#define LPM_VFC_FORMAT_ASYNC    0x02
#define LPM_VFC_FORMAT_MAD      0x04
#define LPM_VFC_INIT            0x01
#define LPM_VFC_INIT_COMPLETE   0x02
#define LPM_VFC_MIGRATED        0x06

typedef enum LpmVfcOpcode {
    LPM_VFC_MAD_LOGIN           = 0x0001,
    LPM_VFC_MAD_DISCOVER        = 0x0002,
    LPM_VFC_MAD_PORT_LOGIN      = 0x0004,
    LPM_VFC_MAD_PROCESS_LOGIN   = 0x0008,
    LPM_VFC_MAD_QUERY_TARGET    = 0x0010,
    LPM_VFC_MAD_MOVE_LOGIN      = 0x0020,
    LPM_VFC_MAD_IMPLICIT_LOGOUT = 0x0040,
    LPM_VFC_MAD_TASK_MANAGEMENT = 0x0100,
    LPM_VFC_MAD_PASS_THROUGH    = 0x0200,
    LPM_VFC_MAD_LOGOUT          = 0x0800,
    LPM_VFC_MAD_CHANNEL_ENQUIRY = 0x1000,
    LPM_VFC_MAD_CHANNEL_SETUP   = 0x2000,
} LpmVfcOpcode;

/* Status of a MAD. */
#define LPM_VFC_MAD_SUCCESS         0x00
#define LPM_VFC_MAD_NOT_SUPPORTED   0xf1
#define LPM_VFC_MAD_FAILED          0xf7

/* Classes of a result, and errors of them (spec 7.4, 7.5). */
#define LPM_VFC_FABRIC              0x0001
#define LPM_VFC_VIOS                0x0002
#define LPM_VFC_FC                  0x0004
#define LPM_VFC_SCSI                0x0008
#define LPM_VFC_FABRIC_LINK_DOWN    0x0006
#define LPM_VFC_FABRIC_UNREGISTERED 0x0008
#define LPM_VFC_FABRIC_NO_TARGET    0x0009
#define LPM_VFC_FABRIC_TRANSPORT    0x0002
#define LPM_VFC_VIOS_PARAMETER      0x0003
#define LPM_VFC_VIOS_CANCELLED      0x0006
#define LPM_VFC_VIOS_RESOURCE       0x0008
#define LPM_VFC_VIOS_NO_LOGIN       0x0010

typedef struct LpmVfcResult {
    guint16 status;         /* class bits; 0: good */
    guint16 error;
} LpmVfcResult;

/* A piece of guest memory. */
typedef struct LpmVfcBuffer {
    guint64 address;
    guint32 bytes;
} LpmVfcBuffer;

typedef struct LpmVfcMad {
    guint32 version;
    guint32 opcode;
    guint16 length;         /* as the guest tells it */
    guint64 tag;            /* echoed in the CRQ entry */
} LpmVfcMad;

#define LPM_VFC_MAD_HEADER      24

/* Of an NPIV login. */
#define LPM_VFC_LOGIN_MIGRATED  0x0001
#define LPM_VFC_CAN_TARGET_WWPN 0x0010

typedef struct LpmVfcLogin {
    guint32 os;
    guint64 max_dma;        /* bytes */
    guint16 flags;
    guint32 max_commands;
    guint64 capabilities;
    LpmVfcBuffer async;
    char partition[257];
} LpmVfcLogin;

/* What a login is answered with. */
typedef struct LpmVfcHost {
    guint64 wwpn;
    guint64 wwnn;
    guint32 port_id;        /* 24 bits */
    guint32 max_commands;
    guint64 max_dma;        /* bytes */
    guint32 link_mbps;
    const char *partition;  /* of the side that serves */
    const char *device;
    const char *location;
    LpmVfcResult result;
} LpmVfcHost;

/* flags of a command */
#define LPM_VFC_SCATTER         0x0001
#define LPM_VFC_NO_DATA         0x0002
#define LPM_VFC_READ            0x0004
#define LPM_VFC_WRITE           0x0008
#define LPM_VFC_TASK            0x0080

/* task management of a command */
#define LPM_VFC_TMF_ABORT_SET   0x02
#define LPM_VFC_TMF_LUN_RESET   0x10
#define LPM_VFC_TMF_TARGET_RESET 0x20

typedef struct LpmVfcCommand {
    guint16 flags;
    guint32 cancel_key;
    LpmVfcBuffer data;      /* or the scatter list */
    LpmVfcBuffer response;
    guint64 target_id;
    guint64 tag;
    guint8 lun[8];
    guint8 attribute;
    guint8 task;
    guint8 cdb[16];
    guint32 bytes;          /* to be transferred */
} LpmVfcCommand;

/* Outcome of a command, as it is put into IU and response area. */
typedef struct LpmVfcOutcome {
    LpmVfcResult result;
    guint8 scsi_status;
    guint32 residual;       /* bytes that were not transferred */
    guint8 sense[LPM_VFC_SENSE_MAX];
    guint8 sense_bytes;
} LpmVfcOutcome;

/* Of a cancel. */
#define LPM_VFC_CANCEL_LUN_VALID 0x40

typedef struct LpmVfcCancel {
    guint64 target_id;
    guint8 lun[8];
    guint32 flags;
    guint32 cancel_key;
} LpmVfcCancel;

/* Of a pass-through. */
#define LPM_VFC_PASS_ELS        1
#define LPM_VFC_ADISC           0x52

typedef struct LpmVfcPass {
    guint32 flags;
    guint32 cancel_key;
    LpmVfcBuffer command;
    LpmVfcBuffer response;
    guint64 target_id;
} LpmVfcPass;

/*
 * Readers.  @iu holds @len bytes of a copy.  Errors: TRUNCATED (the IU is
 * shorter than its kind), LIMIT, MALFORMED.  Threads: any.
 */
gboolean lpm_vfc_read_mad(const guint8 *iu, gsize len, LpmVfcMad *ret_mad,
                          GError **error);
gboolean lpm_vfc_read_login(const guint8 *buffer, gsize len,
                            LpmVfcLogin *ret_login, GError **error);
gboolean lpm_vfc_read_command(const guint8 *iu, gsize len,
                              LpmVfcCommand *ret_command, GError **error);
gboolean lpm_vfc_read_cancel(const guint8 *iu, gsize len,
                             LpmVfcCancel *ret_cancel, GError **error);
gboolean lpm_vfc_read_pass(const guint8 *iu, gsize len, LpmVfcPass *ret_pass,
                           GError **error);

/** lpm_vfc_read_buffer: a descriptor at @at of the IU. */
gboolean lpm_vfc_read_buffer(const guint8 *iu, gsize len, gsize at,
                             LpmVfcBuffer *ret_buffer, GError **error);

/** lpm_vfc_read_u64: a number at @at of the IU. */
gboolean lpm_vfc_read_u64(const guint8 *iu, gsize len, gsize at,
                          guint64 *ret_number, GError **error);

/**
 * lpm_vfc_read_scatter:
 * @list: @len bytes of a scatter list
 * @wanted: bytes that the command transfers
 *
 * Returns: (transfer full) (nullable): LpmVfcBuffer, of @wanted bytes
 * together: the last is cut if the list holds more.
 * Errors: LIMIT (more than LPM_VFC_SCATTER_MAX), MALFORMED (no whole number
 * of entries, or fewer bytes than @wanted).
 */
GArray *lpm_vfc_read_scatter(const guint8 *list, gsize len, guint64 wanted,
                             GError **error);

/*
 * Writers.  They change a copy of the IU, at most @len bytes of it, which
 * the reader has checked.
 */
void lpm_vfc_set_mad_status(guint8 *iu, guint16 status);
/* status, error, explain and type at @at */
void lpm_vfc_set_result(guint8 *iu, gsize at, const LpmVfcResult *result,
                        guint16 explain);
/** lpm_vfc_write_login: @buffer: LPM_VFC_LOGIN_BYTES, all of them written. */
void lpm_vfc_write_login(guint8 *buffer, const LpmVfcHost *host);
/** lpm_vfc_write_port_login: @iu: the whole MAD, LPM_VFC_IU_MAX bytes. */
void lpm_vfc_write_port_login(guint8 *iu, guint64 wwpn, guint64 wwnn);
/** lpm_vfc_write_process_login: @iu: at least 128 bytes. */
void lpm_vfc_write_process_login(guint8 *iu);
/** lpm_vfc_write_target: one entry of a list of targets, 16 bytes. */
void lpm_vfc_write_target(guint8 *entry, guint32 port_id, guint64 wwpn);
/** lpm_vfc_write_u32, lpm_vfc_write_u64: a number at @at. */
void lpm_vfc_write_u32(guint8 *iu, gsize at, guint32 number);
void lpm_vfc_write_u64(guint8 *iu, gsize at, guint64 number);
/** lpm_vfc_write_adisc: the response of a port, 28 bytes. */
void lpm_vfc_write_adisc(guint8 *response, guint64 wwpn, guint64 wwnn,
                         guint32 port_id);

/**
 * lpm_vfc_write_outcome:
 * @iu: LPM_VFC_COMMAND_BYTES of the command; status and residual change
 * @response: LPM_VFC_RESPONSE_BYTES, all of them written
 */
void lpm_vfc_write_outcome(guint8 *iu, guint8 *response,
                           const LpmVfcOutcome *outcome);

/** lpm_vfc_write_crq: an entry of the CRQ, LPM_VFC_CRQ_BYTES. */
void lpm_vfc_write_crq(guint8 *entry, guint8 valid, guint8 format,
                       guint64 value);

/** lpm_vfc_write_async: an event, LPM_VFC_ASYNC_BYTES, valid last. */
void lpm_vfc_write_async(guint8 *entry, guint64 event, guint8 link_state,
                         guint64 port_id, guint64 wwpn, guint64 wwnn);

/**
 * lpm_vfc_lun: number of a LUN field in SAM's simple forms (peripheral and
 * flat); -1: another form, or not on the first level.
 */
int lpm_vfc_lun(const guint8 *lun);

#endif /* LPM_VFC_IU_H */
