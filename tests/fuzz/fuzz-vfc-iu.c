/*
 * Information units: any bytes as what a guest puts into its memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first byte chooses the reader.  What is read must stay within its
 * bounds; what the device then writes into the same IU must stay within it,
 * and must not move what the guest recognises its request by.
 */
#include <stdint.h>
#include <string.h>

#include "vfc/iu.h"
#include "vfc/wwpn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WWPN    G_GUINT64_CONSTANT(0xc0507606d5a20001)

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

/* A copy of at most as many bytes as the device fetches, on the heap. */
static guint8 *copy_of(const uint8_t *data, size_t size, size_t most)
{
    guint8 *copy = g_malloc(most);

    memset(copy, 0, most);
    memcpy(copy, data, MIN(size, most));
    return copy;
}

/* Length of the MAD by its header, as the device takes it; 0: refused. */
static gsize mad_bytes(const LpmVfcMad *mad)
{
    gsize bytes = mad->opcode == LPM_VFC_MAD_PASS_THROUGH ? 208 :
                  mad->length;

    return bytes < LPM_VFC_MAD_HEADER || bytes > LPM_VFC_IU_MAX ? 0 : bytes;
}

static void fuzz_mad(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *iu = NULL;
    LpmVfcMad mad, again;
    LpmVfcResult result = { .status = 1, .error = 9 };
    LpmVfcCancel cancel;
    LpmVfcPass pass;
    LpmVfcBuffer buffer;
    guint64 number;
    gsize bytes;

    must(lpm_vfc_read_mad(data, size, &mad, &error) == (size >= 24));
    must((error != NULL) == (size < 24));
    bytes = error ? 0 : mad_bytes(&mad);
    if (bytes == 0) {
        return;
    }
    iu = copy_of(data, size, bytes);
    must(lpm_vfc_read_buffer(iu, bytes, 24, &buffer, NULL) == (bytes >= 40));
    must(lpm_vfc_read_u64(iu, bytes, 24, &number, NULL) == (bytes >= 32));
    must(lpm_vfc_read_cancel(iu, bytes, &cancel, NULL) == (bytes >= 48));
    must(lpm_vfc_read_pass(iu, bytes, &pass, NULL) == (bytes >= 120));
    if (bytes >= LPM_VFC_IU_MAX) {
        lpm_vfc_write_port_login(iu, WWPN, number);
    }
    if (bytes >= 128) {
        lpm_vfc_write_process_login(iu);
    }
    if (bytes >= 52) {
        lpm_vfc_set_result(iu, 44, &result, 2);
    }
    lpm_vfc_set_mad_status(iu, LPM_VFC_MAD_FAILED);
    must(lpm_vfc_read_mad(iu, bytes, &again, NULL));
    must(again.tag == mad.tag && again.opcode == mad.opcode &&
         again.length == mad.length);
}

static void fuzz_login(const uint8_t *data, size_t size)
{
    g_autofree guint8 *buffer = copy_of(data, size, LPM_VFC_LOGIN_BYTES);
    g_autofree guint8 *other = g_malloc(LPM_VFC_LOGIN_BYTES);
    LpmVfcHost host = { .wwpn = WWPN };
    LpmVfcLogin login;

    must(lpm_vfc_read_login(data, size, &login, NULL) == (size >= 328));
    must(lpm_vfc_read_login(buffer, LPM_VFC_LOGIN_BYTES, &login, NULL));
    must(strlen(login.partition) <= 256);
    host.partition = host.device = host.location = login.partition;
    host.max_dma = login.max_dma;
    host.max_commands = login.max_commands;
    /* None of the request may be left over in the answer */
    memset(other, 0xff, LPM_VFC_LOGIN_BYTES);
    lpm_vfc_write_login(buffer, &host);
    lpm_vfc_write_login(other, &host);
    must(memcmp(buffer, other, LPM_VFC_LOGIN_BYTES) == 0);
}

static void fuzz_command(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *iu = copy_of(data, size, LPM_VFC_COMMAND_BYTES);
    g_autofree guint8 *response = g_malloc(LPM_VFC_RESPONSE_BYTES);
    LpmVfcOutcome outcome = { { 0, 0 } };
    LpmVfcCommand command, again;
    gboolean good = lpm_vfc_read_command(data, size, &command, &error);
    int lun;

    must(good == (error == NULL));
    must(!good || size >= 160);
    if (!lpm_vfc_read_command(iu, LPM_VFC_COMMAND_BYTES, &command, NULL)) {
        return;
    }
    lun = lpm_vfc_lun(command.lun);
    must(lun >= -1 && lun < 1 << 14);
    /* Any outcome: what the guest wrote makes one as well as anything. */
    outcome.scsi_status = command.cdb[0];
    outcome.residual = command.bytes;
    outcome.sense_bytes = command.cdb[1];
    memcpy(outcome.sense, command.cdb, sizeof(command.cdb));
    lpm_vfc_write_outcome(iu, response, &outcome);
    must(outcome.scsi_status == 0 || iu[25] == LPM_VFC_SCSI);
    must(response[11] == outcome.scsi_status);
    must(lpm_vfc_read_command(iu, LPM_VFC_COMMAND_BYTES, &again, NULL));
    must(again.tag == command.tag && again.flags == command.flags &&
         again.bytes == command.bytes &&
         memcmp(again.cdb, command.cdb, sizeof(again.cdb)) == 0);
}

static void fuzz_scatter(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) buffers = NULL;
    guint64 wanted, sum = 0;

    if (!lpm_vfc_read_u64(data, size, 0, &wanted, NULL)) {
        return;
    }
    buffers = lpm_vfc_read_scatter(data + 8, size - 8, wanted, &error);
    must((buffers == NULL) == (error != NULL));
    for (guint i = 0; buffers && i < buffers->len; i++) {
        guint32 bytes = g_array_index(buffers, LpmVfcBuffer, i).bytes;

        must(bytes > 0);
        sum += bytes;
    }
    must(!buffers || (sum == wanted && buffers->len <= LPM_VFC_SCATTER_MAX));
}

static void fuzz_pass(const uint8_t *data, size_t size)
{
    guint8 response[28];
    LpmVfcPass pass;

    must(lpm_vfc_read_pass(data, size, &pass, NULL) == (size >= 120));
    if (size >= 120) {
        lpm_vfc_write_adisc(response, pass.target_id, WWPN,
                            (guint32)pass.target_id & 0xffffff);
    }
}

/* Command lines are not the guest's, but texts all the same. */
static void fuzz_wwpn(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    guint64 wwpn, again;

    if (lpm_vfc_wwpn_parse(text, &wwpn)) {
        g_autofree char *plain = g_strdup_printf("%016" G_GINT64_MODIFIER
                                                 "x", wwpn);

        must(lpm_vfc_wwpn_parse(plain, &again) && again == wwpn);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(const uint8_t *data, size_t size) = {
        fuzz_mad, fuzz_login, fuzz_command, fuzz_scatter, fuzz_pass,
        fuzz_wwpn,
    };

    if (size > 0) {
        targets[data[0] % G_N_ELEMENTS(targets)](data + 1, size - 1);
    }
    return 0;
}
