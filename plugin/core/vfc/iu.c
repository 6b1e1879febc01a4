/*
 * Layouts of information units
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "bytes/bytes.h"
#include "error/lpm-error.h"
#include "vfc/iu.h"

/* Offsets: see FORMATS.md, and Linux' ibmvfc.h, which defines them. */
#define MAD_STATUS          12
#define COMMAND_RESIDUAL    20
#define COMMAND_STATUS      24
#define COMMAND_ERROR       26
#define COMMAND_RESP_FLAGS  30
#define RESPONSE_RESIDUAL   0x01

/* FCP response */
#define RSP_FLAGS           10
#define RSP_SCSI_STATUS     11
#define RSP_RESID           12
#define RSP_SENSE_LEN       16
#define RSP_DATA            24
#define RSP_SENSE_VALID     0x02
#define RSP_UNDERRUN        0x08

static gboolean open_at(LpmReader *reader, const guint8 *iu, gsize len,
                        gsize at, const char *what, GError **error)
{
    const guint8 *skipped;

    lpm_reader_init(reader, iu, len, what);
    return lpm_reader_bytes(reader, at, &skipped, error);
}

static gboolean skip(LpmReader *reader, gsize bytes, GError **error)
{
    const guint8 *skipped;

    return lpm_reader_bytes(reader, bytes, &skipped, error);
}

static gboolean copy(LpmReader *reader, guint8 *to, gsize bytes,
                     GError **error)
{
    const guint8 *from;

    if (!lpm_reader_bytes(reader, bytes, &from, error)) {
        return FALSE;
    }
    memcpy(to, from, bytes);
    return TRUE;
}

static gboolean read_descriptor(LpmReader *reader, LpmVfcBuffer *ret_buffer,
                                GError **error)
{
    guint32 key;

    return lpm_reader_u64(reader, &ret_buffer->address, error) &&
           lpm_reader_u32(reader, &key, error) &&
           lpm_reader_u32(reader, &ret_buffer->bytes, error);
}

gboolean lpm_vfc_read_mad(const guint8 *iu, gsize len, LpmVfcMad *ret_mad,
                          GError **error)
{
    LpmReader reader;
    guint32 reserved;
    guint16 status;

    lpm_reader_init(&reader, iu, len, "MAD");
    return lpm_reader_u32(&reader, &ret_mad->version, error) &&
           lpm_reader_u32(&reader, &reserved, error) &&
           lpm_reader_u32(&reader, &ret_mad->opcode, error) &&
           lpm_reader_u16(&reader, &status, error) &&
           lpm_reader_u16(&reader, &ret_mad->length, error) &&
           lpm_reader_u64(&reader, &ret_mad->tag, error);
}

gboolean lpm_vfc_read_login(const guint8 *buffer, gsize len,
                            LpmVfcLogin *ret_login, GError **error)
{
    LpmReader reader;
    guint32 ignored;
    guint16 fcp_version;
    guint64 node_name;

    memset(ret_login, 0, sizeof(*ret_login));
    lpm_reader_init(&reader, buffer, len, "NPIV login");
    return lpm_reader_u32(&reader, &ret_login->os, error) &&
           lpm_reader_u32(&reader, &ignored, error) &&
           lpm_reader_u64(&reader, &ret_login->max_dma, error) &&
           /* payload, response, partition number, frame version */
           skip(&reader, 16, error) &&
           lpm_reader_u16(&reader, &fcp_version, error) &&
           lpm_reader_u16(&reader, &ret_login->flags, error) &&
           lpm_reader_u32(&reader, &ret_login->max_commands, error) &&
           lpm_reader_u64(&reader, &ret_login->capabilities, error) &&
           lpm_reader_u64(&reader, &node_name, error) &&
           read_descriptor(&reader, &ret_login->async, error) &&
           /* the name is terminated by the 257th byte at the latest */
           copy(&reader, (guint8 *)ret_login->partition, 256, error);
}

gboolean lpm_vfc_read_command(const guint8 *iu, gsize len,
                              LpmVfcCommand *ret_command, GError **error)
{
    LpmReader reader;
    guint16 response_flags;
    guint8 crn, add_cdb;

    if (!open_at(&reader, iu, len, 28, "SCSI command", error) ||
        !lpm_reader_u16(&reader, &ret_command->flags, error) ||
        !lpm_reader_u16(&reader, &response_flags, error) ||
        !lpm_reader_u32(&reader, &ret_command->cancel_key, error) ||
        !skip(&reader, 20, error) ||    /* exchange id, extended function */
        !read_descriptor(&reader, &ret_command->data, error) ||
        !read_descriptor(&reader, &ret_command->response, error) ||
        !skip(&reader, 8, error) ||     /* correlation */
        !lpm_reader_u64(&reader, &ret_command->target_id, error) ||
        !lpm_reader_u64(&reader, &ret_command->tag, error) ||
        !skip(&reader, 16, error) ||    /* to the command IU at 128 */
        !copy(&reader, ret_command->lun, 8, error) ||
        !lpm_reader_u8(&reader, &crn, error) ||
        !lpm_reader_u8(&reader, &ret_command->attribute, error) ||
        !lpm_reader_u8(&reader, &ret_command->task, error) ||
        !lpm_reader_u8(&reader, &add_cdb, error) ||
        !copy(&reader, ret_command->cdb, 16, error) ||
        !lpm_reader_u32(&reader, &ret_command->bytes, error)) {
        return FALSE;
    }
    if ((add_cdb & ~3u) != 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "SCSI command: a CDB of more than 16 bytes");
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_vfc_read_cancel(const guint8 *iu, gsize len,
                             LpmVfcCancel *ret_cancel, GError **error)
{
    LpmReader reader;

    return open_at(&reader, iu, len, LPM_VFC_MAD_HEADER, "cancel", error) &&
           lpm_reader_u64(&reader, &ret_cancel->target_id, error) &&
           copy(&reader, ret_cancel->lun, 8, error) &&
           lpm_reader_u32(&reader, &ret_cancel->flags, error) &&
           lpm_reader_u32(&reader, &ret_cancel->cancel_key, error);
}

gboolean lpm_vfc_read_pass(const guint8 *iu, gsize len, LpmVfcPass *ret_pass,
                           GError **error)
{
    LpmReader reader;

    return open_at(&reader, iu, len, 60, "pass-through", error) &&
           lpm_reader_u32(&reader, &ret_pass->flags, error) &&
           lpm_reader_u32(&reader, &ret_pass->cancel_key, error) &&
           skip(&reader, 4, error) &&
           read_descriptor(&reader, &ret_pass->command, error) &&
           read_descriptor(&reader, &ret_pass->response, error) &&
           skip(&reader, 8, error) &&
           lpm_reader_u64(&reader, &ret_pass->target_id, error);
}

gboolean lpm_vfc_read_buffer(const guint8 *iu, gsize len, gsize at,
                             LpmVfcBuffer *ret_buffer, GError **error)
{
    LpmReader reader;

    return open_at(&reader, iu, len, at, "descriptor", error) &&
           read_descriptor(&reader, ret_buffer, error);
}

gboolean lpm_vfc_read_u64(const guint8 *iu, gsize len, gsize at,
                          guint64 *ret_number, GError **error)
{
    LpmReader reader;

    return open_at(&reader, iu, len, at, "MAD", error) &&
           lpm_reader_u64(&reader, ret_number, error);
}

GArray *lpm_vfc_read_scatter(const guint8 *list, gsize len, guint64 wanted,
                             GError **error)
{
    g_autoptr(GArray) buffers = g_array_new(FALSE, FALSE,
                                            sizeof(LpmVfcBuffer));
    LpmReader reader;

    if (len > LPM_VFC_SCATTER_MAX * LPM_VFC_DESCRIPTOR) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "scatter list: more than %d entries",
                    LPM_VFC_SCATTER_MAX);
        return NULL;
    }
    if (len % LPM_VFC_DESCRIPTOR != 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "scatter list: %" G_GSIZE_FORMAT " bytes, wanted a "
                    "multiple of %d", len, LPM_VFC_DESCRIPTOR);
        return NULL;
    }
    lpm_reader_init(&reader, list, len, "scatter list");
    while (wanted > 0) {
        LpmVfcBuffer buffer;

        if (!read_descriptor(&reader, &buffer, NULL)) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        "scatter list: %" G_GUINT64_FORMAT " bytes fewer "
                        "than the command transfers", wanted);
            return NULL;
        }
        buffer.bytes = (guint32)MIN(wanted, buffer.bytes);
        wanted -= buffer.bytes;
        if (buffer.bytes > 0) {
            g_array_append_val(buffers, buffer);
        }
    }
    return g_steal_pointer(&buffers);
}

static void put16(guint8 *at, guint16 number)
{
    at[0] = (guint8)(number >> 8);
    at[1] = (guint8)number;
}

void lpm_vfc_write_u32(guint8 *iu, gsize at, guint32 number)
{
    put16(iu + at, (guint16)(number >> 16));
    put16(iu + at + 2, (guint16)number);
}

void lpm_vfc_write_u64(guint8 *iu, gsize at, guint64 number)
{
    lpm_vfc_write_u32(iu, at, (guint32)(number >> 32));
    lpm_vfc_write_u32(iu, at + 4, (guint32)number);
}

void lpm_vfc_set_mad_status(guint8 *iu, guint16 status)
{
    put16(iu + MAD_STATUS, status);
}

void lpm_vfc_set_result(guint8 *iu, gsize at, const LpmVfcResult *result,
                        guint16 explain)
{
    put16(iu + at, result->status);
    put16(iu + at + 2, result->error);
    put16(iu + at + 4, explain);
    put16(iu + at + 6, 0);
}

/* Service parameters, 256 bytes: class 3, frames of 2 KiB. */
static void write_service(guint8 *at, guint64 wwpn, guint64 wwnn)
{
    memset(at, 0, 256);
    put16(at, 0x2020);          /* FC-PH 3 */
    put16(at + 6, 0x0800);
    lpm_vfc_write_u32(at, 8, 10000);
    lpm_vfc_write_u32(at, 12, 2000);
    lpm_vfc_write_u64(at, 16, wwpn);
    lpm_vfc_write_u64(at, 24, wwnn);
    lpm_vfc_write_u32(at, 64, 0x80000000u);
}

/* At most 255 bytes of a name; the rest stays zero. */
static void write_name(guint8 *at, const char *name)
{
    g_strlcpy((char *)at, name != NULL ? name : "", 256);
}

void lpm_vfc_write_login(guint8 *buffer, const LpmVfcHost *host)
{
    /* The request is in the same bytes: none of it may be left over. */
    memset(buffer, 0, LPM_VFC_LOGIN_BYTES);
    lpm_vfc_write_u32(buffer, 0, 1);
    put16(buffer + 4, host->result.status);
    put16(buffer + 6, host->result.error);
    lpm_vfc_write_u32(buffer, 8, 1);                /* native FC */
    lpm_vfc_write_u64(buffer, 16, 0x18);            /* flush, no aborts */
    lpm_vfc_write_u32(buffer, 24, host->max_commands);
    lpm_vfc_write_u32(buffer, 28, 8);
    lpm_vfc_write_u64(buffer, 32, host->max_dma);
    lpm_vfc_write_u64(buffer, 40, host->port_id);
    lpm_vfc_write_u64(buffer, 48, host->wwpn);
    lpm_vfc_write_u64(buffer, 56, host->wwnn);
    lpm_vfc_write_u64(buffer, 64, host->link_mbps / 10);
    write_name(buffer + 72, host->partition);
    write_name(buffer + 328, host->device);
    write_name(buffer + 584, host->location);
    write_name(buffer + 840, host->location);
    write_service(buffer + 1096, host->wwpn, host->wwnn);
}

void lpm_vfc_write_port_login(guint8 *iu, guint64 wwpn, guint64 wwnn)
{
    write_service(iu + 56, wwpn, wwnn);
    memset(iu + 312, 0, 256);
}

void lpm_vfc_write_process_login(guint8 *iu)
{
    iu[32] = 0x08;                      /* FCP */
    put16(iu + 34, 0x2100);             /* image pair, request executed */
    lpm_vfc_write_u32(iu, 44, 0x12);    /* target, no XFER_RDY for reads */
}

void lpm_vfc_write_target(guint8 *entry, guint32 port_id, guint64 wwpn)
{
    lpm_vfc_write_u32(entry, 0, port_id);
    lpm_vfc_write_u32(entry, 4, 0);
    lpm_vfc_write_u64(entry, 8, wwpn);
}

void lpm_vfc_write_adisc(guint8 *response, guint64 wwpn, guint64 wwnn,
                         guint32 port_id)
{
    memset(response, 0, 28);
    response[0] = 0x02;                 /* accept */
    lpm_vfc_write_u64(response, 8, wwpn);
    lpm_vfc_write_u64(response, 16, wwnn);
    lpm_vfc_write_u32(response, 24, port_id);
}

void lpm_vfc_write_outcome(guint8 *iu, guint8 *response,
                           const LpmVfcOutcome *outcome)
{
    LpmVfcResult result = outcome->result;

    memset(response, 0, LPM_VFC_RESPONSE_BYTES);
    /* The driver looks at the SCSI status only if the IU's is not zero. */
    if (result.status == 0 && outcome->scsi_status != 0) {
        result.status = LPM_VFC_SCSI;
    }
    put16(iu + COMMAND_STATUS, result.status);
    put16(iu + COMMAND_ERROR, result.error);
    lpm_vfc_write_u32(iu, COMMAND_RESIDUAL, outcome->residual);
    put16(iu + COMMAND_RESP_FLAGS,
          outcome->residual > 0 ? RESPONSE_RESIDUAL : 0);
    response[RSP_SCSI_STATUS] = outcome->scsi_status;
    if (outcome->residual > 0) {
        response[RSP_FLAGS] |= RSP_UNDERRUN;
        lpm_vfc_write_u32(response, RSP_RESID, outcome->residual);
    }
    if (outcome->sense_bytes > 0) {
        gsize n = MIN(outcome->sense_bytes, LPM_VFC_SENSE_MAX);

        response[RSP_FLAGS] |= RSP_SENSE_VALID;
        lpm_vfc_write_u32(response, RSP_SENSE_LEN, (guint32)n);
        memcpy(response + RSP_DATA, outcome->sense, n);
    }
}

void lpm_vfc_write_crq(guint8 *entry, guint8 valid, guint8 format,
                       guint64 value)
{
    memset(entry, 0, LPM_VFC_CRQ_BYTES);
    entry[0] = valid;
    entry[1] = format;
    lpm_vfc_write_u64(entry, 8, value);
}

void lpm_vfc_write_async(guint8 *entry, guint64 event, guint8 link_state,
                         guint64 port_id, guint64 wwpn, guint64 wwnn)
{
    memset(entry, 0, LPM_VFC_ASYNC_BYTES);
    entry[0] = LPM_VFC_CRQ_COMMAND;
    entry[1] = link_state;
    lpm_vfc_write_u64(entry, 8, event);
    lpm_vfc_write_u64(entry, 16, port_id);
    lpm_vfc_write_u64(entry, 24, wwpn);
    lpm_vfc_write_u64(entry, 32, wwnn);
}

int lpm_vfc_lun(const guint8 *lun)
{
    for (gsize i = 2; i < 8; i++) {
        if (lun[i] != 0) {
            return -1;
        }
    }
    switch (lun[0] >> 6) {
    case 0:
        return lun[0] == 0 ? lun[1] : -1;
    case 1:
        return (lun[0] & 0x3f) << 8 | lun[1];
    default:
        return -1;
    }
}
