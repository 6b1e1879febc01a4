/*
 * Multifd compression method of checked page frames
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/thread.h"
#include "qapi/error.h"
#include "exec/ramblock.h"
#include "exec/target_page.h"
#include "migration/migration.h"
#include "migration/multifd.h"
#include "migration/options.h"
#include "migration/ram.h"

#include "codec/codec.h"
#include "lpm-codec-class.h"
#include "lpm-error-glue.h"

/*
 * The five bits of MULTIFD_FLAG_COMPRESSION_MASK are taken one by one, but
 * every method compares the whole field, so two of them together are free.
 */
#define MULTIFD_FLAG_LPM (3 << 1)
QEMU_BUILD_BUG_ON(MULTIFD_FLAG_LPM & ~MULTIFD_FLAG_COMPRESSION_MASK);

/* The codec takes offsets as they stand in MultiFDPages_t */
QEMU_BUILD_BUG_ON(sizeof(ram_addr_t) != sizeof(guint64));

QEMU_BUILD_BUG_ON(MULTIFD_PACKET_SIZE > LPM_FRAME_MAX_RAW);

typedef struct LpmRecv {
    LpmDecoder *decoder;
    uint8_t *frame;     /* LPM_FRAME_MAX_BYTES */
    unsigned index;     /* in channels.decoders */
} LpmRecv;

/*
 * The coders of the migration that runs, so that their counters can be read
 * meanwhile, and the sum of those that have ended. Multifd has 255 channels
 * at most.
 */
#define LPM_CHANNELS_MAX 256

static struct {
    QemuMutex lock;
    LpmEncoder *encoders[LPM_CHANNELS_MAX];
    LpmDecoder *decoders[LPM_CHANNELS_MAX];
    LpmCodecStats encoded;
    LpmCodecStats decoded;
} channels;

static void lpm_codec_get_stats(LpmCodecStats *ret_encode,
                                LpmCodecStats *ret_decode)
{
    LpmCodecStats one;
    int i;

    QEMU_LOCK_GUARD(&channels.lock);
    *ret_encode = channels.encoded;
    *ret_decode = channels.decoded;
    for (i = 0; i < LPM_CHANNELS_MAX; i++) {
        if (channels.encoders[i]) {
            lpm_encoder_stats(channels.encoders[i], &one);
            lpm_codec_stats_add(ret_encode, &one);
        }
        if (channels.decoders[i]) {
            lpm_decoder_stats(channels.decoders[i], &one);
            lpm_codec_stats_add(ret_decode, &one);
        }
    }
}

/* Set @errp from @gerr with the channel in front, and free @gerr. */
static void channel_error(Error **errp, GError **gerr, uint8_t id)
{
    g_autofree char *prefix = g_strdup_printf("multifd %u: ", id);

    lpm_error_to_qemu(errp, gerr, prefix);
}

static int multifd_lpm_send_setup(MultiFDSendParams *p, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    LpmCodecParams params = { .level = 0 };
    LpmEncoder *encoder = lpm_encoder_new(&params, &gerr);

    if (!encoder) {
        channel_error(errp, &gerr, p->id);
        return -1;
    }
    WITH_QEMU_LOCK_GUARD(&channels.lock) {
        if (p->id == 0) {
            channels.encoded = (LpmCodecStats) { 0 };
        }
        channels.encoders[p->id] = encoder;
    }
    p->compress_data = encoder;
    /* One for the packet header and one for the frame */
    p->iov = g_new0(struct iovec, 2);
    return 0;
}

static void multifd_lpm_send_cleanup(MultiFDSendParams *p, Error **errp)
{
    LpmEncoder *encoder = g_steal_pointer(&p->compress_data);
    LpmCodecStats one;

    if (encoder) {
        QEMU_LOCK_GUARD(&channels.lock);
        lpm_encoder_stats(encoder, &one);
        lpm_codec_stats_add(&channels.encoded, &one);
        channels.encoders[p->id] = NULL;
        lpm_encoder_free(encoder);
    }
    g_clear_pointer(&p->iov, g_free);
}

static int multifd_lpm_send_prepare(MultiFDSendParams *p, Error **errp)
{
    MultiFDPages_t *pages = &p->data->u.ram;
    g_autoptr(GError) gerr = NULL;
    const guint8 *frame;
    gsize len;

    if (multifd_send_prepare_common(p)) {
        if (!lpm_encoder_encode(p->compress_data, pages->block->host,
                                pages->offset, pages->normal_num,
                                multifd_ram_page_size(), &frame, &len,
                                &gerr)) {
            channel_error(errp, &gerr, p->id);
            return -1;
        }
        p->iov[p->iovs_num].iov_base = (void *)frame;
        p->iov[p->iovs_num].iov_len = len;
        p->iovs_num++;
        p->next_packet_size = len;
    }

    p->flags |= MULTIFD_FLAG_LPM;
    multifd_send_fill_packet(p);
    return 0;
}

static int multifd_lpm_recv_setup(MultiFDRecvParams *p, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    LpmRecv *recv = g_new0(LpmRecv, 1);

    recv->index = p->id;
    recv->frame = g_try_malloc(LPM_FRAME_MAX_BYTES);
    recv->decoder = recv->frame ? lpm_decoder_new(&gerr) : NULL;
    if (!recv->decoder) {
        if (gerr) {
            channel_error(errp, &gerr, p->id);
        } else {
            error_setg(errp, "multifd %u: out of memory for a frame", p->id);
        }
        g_free(recv->frame);
        g_free(recv);
        return -1;
    }
    WITH_QEMU_LOCK_GUARD(&channels.lock) {
        if (p->id == 0) {
            channels.decoded = (LpmCodecStats) { 0 };
        }
        channels.decoders[p->id] = recv->decoder;
    }
    p->compress_data = recv;
    return 0;
}

static void multifd_lpm_recv_cleanup(MultiFDRecvParams *p)
{
    LpmRecv *recv = g_steal_pointer(&p->compress_data);
    LpmCodecStats one;

    if (!recv) {
        return;
    }
    WITH_QEMU_LOCK_GUARD(&channels.lock) {
        lpm_decoder_stats(recv->decoder, &one);
        lpm_codec_stats_add(&channels.decoded, &one);
        channels.decoders[recv->index] = NULL;
        lpm_decoder_free(recv->decoder);
    }
    g_free(recv->frame);
    g_free(recv);
}

static int multifd_lpm_recv(MultiFDRecvParams *p, Error **errp)
{
    LpmRecv *recv = p->compress_data;
    uint32_t flags = p->flags & MULTIFD_FLAG_COMPRESSION_MASK;
    uint32_t len = p->next_packet_size;
    g_autoptr(GError) gerr = NULL;
    uint32_t i;

    if (flags != MULTIFD_FLAG_LPM) {
        error_setg(errp, "multifd %u: flags received %x flags expected %x",
                   p->id, flags, MULTIFD_FLAG_LPM);
        return -1;
    }
    if (len > LPM_FRAME_MAX_BYTES) {
        error_setg(errp, "multifd %u: frame of %" PRIu32 " bytes, at most %u "
                   "expected", p->id, len, LPM_FRAME_MAX_BYTES);
        return -1;
    }

    multifd_recv_zero_page_process(p);
    if (!p->normal_num) {
        if (len) {
            error_setg(errp, "multifd %u: frame of %" PRIu32 " bytes without "
                       "pages", p->id, len);
            return -1;
        }
        return 0;
    }

    if (qio_channel_read_all(p->c, (char *)recv->frame, len, errp) != 0) {
        return -1;
    }
    if (!lpm_decoder_decode(recv->decoder, recv->frame, len, p->host,
                            p->block->used_length, p->normal, p->normal_num,
                            multifd_ram_page_size(), &gerr)) {
        channel_error(errp, &gerr, p->id);
        return -1;
    }
    for (i = 0; i < p->normal_num; i++) {
        ramblock_recv_bitmap_set_offset(p->block, p->normal[i]);
    }
    return 0;
}

static const MultiFDMethods multifd_lpm_ops = {
    .send_setup = multifd_lpm_send_setup,
    .send_cleanup = multifd_lpm_send_cleanup,
    .send_prepare = multifd_lpm_send_prepare,
    .recv_setup = multifd_lpm_recv_setup,
    .recv_cleanup = multifd_lpm_recv_cleanup,
    .recv = multifd_lpm_recv,
};

static void multifd_lpm_register(void)
{
    multifd_register_ops(MULTIFD_COMPRESSION_LPM, &multifd_lpm_ops);
}
migration_init(multifd_lpm_register);

static void lpm_codec_class_init(ObjectClass *oc, void *data)
{
    LPM_CODEC_CLASS(oc)->get_stats = lpm_codec_get_stats;
}

static const TypeInfo lpm_codec_info = {
    .name = TYPE_LPM_CODEC,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(LpmCodec),
    .class_size = sizeof(LpmCodecClass),
    .class_init = lpm_codec_class_init,
    .abstract = true,
};
module_obj(TYPE_LPM_CODEC);

static void lpm_codec_register_types(void)
{
    qemu_mutex_init(&channels.lock);
    type_register_static(&lpm_codec_info);
}
type_init(lpm_codec_register_types);
