/*
 * Multifd compression method of checked page frames
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "exec/ramblock.h"
#include "exec/target_page.h"
#include "io/channel-socket.h"
#include "io/channel-tls.h"
#include "migration/migration.h"
#include "migration/multifd.h"
#include "migration/options.h"
#include "migration/ram.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef CONFIG_LINUX
#include <sys/ioctl.h>
#include <linux/sockios.h>
#endif

#include "codec/codec.h"
#include "codec/effort.h"
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
    struct iovec *iov;  /* multifd_ram_page_count() */
    unsigned index;     /* in channels.decoders */
} LpmRecv;

/* Of a window at least: fewer tell little about the compressor. */
#define WINDOW_FRAMES 4

/*
 * By default the store may have what all RAM needs, and its pieces' rest, but
 * the host must not run out of memory for it.
 */
#define BUDGET_SHARE 15
#define BUDGET_MIN   (4 * MiB)
#define BUDGET_MAX   (4 * GiB)

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
    unsigned n_receivers;

    /* of all sending channels */
    unsigned n_senders;
    LpmStore *store;
    uint64_t budget;
    LpmEffort effort;
    LpmEffortSample sample;     /* of the window that goes on */
    unsigned sample_frames;
    int64_t sample_start_ns;
    uint64_t backlog[LPM_CHANNELS_MAX];
    uint32_t made[LPM_CHANNELS_MAX];    /* the last frame: not given yet */
    LpmStreamStats last;        /* of a migration that has ended */
} channels = { .budget = LPM_BUDGET_AUTO };

static void get_stream_stats(LpmStreamStats *ret_stream)
{
    *ret_stream = channels.last;
    if (channels.store) {
        ret_stream->used = true;
        ret_stream->level = lpm_effort_level(channels.effort.step);
        ret_stream->link = channels.effort.link;
        lpm_store_stats(channels.store, &ret_stream->store);
    }
}

static void lpm_codec_get_stats(LpmCodecStats *ret_encode,
                                LpmCodecStats *ret_decode,
                                LpmStreamStats *ret_stream)
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
    get_stream_stats(ret_stream);
}

static void lpm_codec_set_budget(uint64_t bytes)
{
    QEMU_LOCK_GUARD(&channels.lock);
    channels.budget = bytes;
}

/* Set @errp from @gerr with the channel in front, and free @gerr. */
static void channel_error(Error **errp, GError **gerr, uint8_t id)
{
    g_autofree char *prefix = g_strdup_printf("multifd %u: ", id);

    lpm_error_to_qemu(errp, gerr, prefix);
}

/*
 * What zstd had on each channel, up to 16 MiB, would stay in the arenas of
 * threads that are no more.
 */
static void give_memory_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/* The first channel of a migration. */
static void stream_begin(void)
{
    uint64_t budget = channels.budget;

    if (budget == LPM_BUDGET_AUTO) {
        budget = MIN(ram_bytes_total() / BUDGET_SHARE + BUDGET_MIN,
                     BUDGET_MAX);
    }
    /* Zeros that leave by the main channel would not be known here. */
    if (migrate_zero_page_detection() == ZERO_PAGE_DETECTION_LEGACY) {
        budget = 0;
    }
    channels.store = lpm_store_new(budget);
    channels.encoded = (LpmCodecStats) { 0 };
    channels.last = (LpmStreamStats) { 0 };
    channels.sample = (LpmEffortSample) { 0 };
    channels.sample_frames = 0;
    channels.sample_start_ns = qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
    memset(channels.backlog, 0, sizeof(channels.backlog));
    memset(channels.made, 0, sizeof(channels.made));
    lpm_effort_init(&channels.effort);
}

/* The last channel of a migration. */
static void stream_end(void)
{
    get_stream_stats(&channels.last);
    g_clear_pointer(&channels.store, lpm_store_free);
    give_memory_back();
}

static int multifd_lpm_send_setup(MultiFDSendParams *p, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    LpmCodecParams params = { .level = 0 };
    LpmEncoder *encoder;

    QEMU_LOCK_GUARD(&channels.lock);
    if (channels.n_senders == 0) {
        stream_begin();
    }
    params.store = channels.store;
    encoder = lpm_encoder_new(&params, &gerr);
    if (!encoder) {
        channel_error(errp, &gerr, p->id);
        if (channels.n_senders == 0) {
            stream_end();
        }
        return -1;
    }
    channels.n_senders++;
    channels.encoders[p->id] = encoder;
    p->compress_data = encoder;
    /* The packet's header, the frame or its header, pages in place */
    p->iov = g_new0(struct iovec, 2 + multifd_ram_page_count());
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
        if (--channels.n_senders == 0) {
            stream_end();
        }
    }
    g_clear_pointer(&p->iov, g_free);
}

static bool is_tls(QIOChannel *ioc)
{
    return object_dynamic_cast(OBJECT(ioc), TYPE_QIO_CHANNEL_TLS);
}

/* What the link has not taken yet; false if nobody knows. */
static bool get_backlog(QIOChannel *ioc, uint64_t *ret_bytes)
{
    QIOChannel *below = is_tls(ioc) ? QIO_CHANNEL_TLS(ioc)->master : ioc;
    Object *sock = object_dynamic_cast(OBJECT(below),
                                       TYPE_QIO_CHANNEL_SOCKET);
#ifdef SIOCOUTQ
    int bytes;

    if (sock && ioctl(QIO_CHANNEL_SOCKET(sock)->fd, SIOCOUTQ, &bytes) == 0) {
        *ret_bytes = bytes;
        return true;
    }
#endif
    return false;
}

static uint64_t all_backlog(void)
{
    uint64_t backlog = 0;

    for (int i = 0; i < LPM_CHANNELS_MAX; i++) {
        backlog += channels.backlog[i];
    }
    return backlog;
}

/* With the lock held: one window is over. */
static void end_window(int64_t now_ns, uint64_t backlog)
{
    LpmEffortSample *s = &channels.sample;

    s->wall_ns = now_ns - channels.sample_start_ns;
    s->channels = channels.n_senders;
    s->backlog_after = backlog;
    s->limit = migrate_max_bandwidth();
    lpm_effort_next(&channels.effort, s);
    *s = (LpmEffortSample) { .backlog_before = backlog };
    channels.sample_frames = 0;
    channels.sample_start_ns = now_ns;
}

/*
 * Counts a frame, which is given to the link only after that.  Where nobody
 * knows what the link has not taken, a channel that does less than to encode
 * half of the time is taken to wait for it.
 */
static void count_frame(MultiFDSendParams *p, const LpmFrameWork *work)
{
    LpmEffortSample *s = &channels.sample;
    int64_t now_ns = qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
    int64_t wall_ns;
    uint64_t backlog;

    QEMU_LOCK_GUARD(&channels.lock);
    s->raw_bytes += work->raw_bytes;
    s->wire_bytes += work->wire_bytes;
    s->given_bytes += channels.made[p->id];
    channels.made[p->id] = work->wire_bytes;
    s->encode_ns += work->time_ns;
    s->packed_from += work->packed_from;
    s->packed_to += work->packed_to;
    s->packed_ns += work->packed_ns;
    channels.sample_frames++;
    wall_ns = now_ns - channels.sample_start_ns;
    if (!get_backlog(p->c, &channels.backlog[p->id])) {
        s->link_waits = s->encode_ns * 2 < wall_ns * channels.n_senders;
    }
    if (channels.sample_frames < WINDOW_FRAMES) {
        return;
    }
    backlog = all_backlog();
    if (wall_ns >= lpm_effort_window_ns(&channels.effort, backlog)) {
        end_window(now_ns, backlog);
    }
}

static void forget_zero_pages(const MultiFDPages_t *pages)
{
    if (pages->num > pages->normal_num) {
        lpm_store_forget(channels.store, pages->block->host,
                         pages->offset + pages->normal_num,
                         pages->num - pages->normal_num,
                         multifd_ram_page_size());
    }
}

static void add_iov(MultiFDSendParams *p, const void *bytes, size_t len)
{
    p->iov[p->iovs_num].iov_base = (void *)bytes;
    p->iov[p->iovs_num].iov_len = len;
    p->iovs_num++;
    p->next_packet_size += len;
}

/* Fills @iov with pages, those that follow each other as one. */
static unsigned place_pages(struct iovec *iov, uint8_t *host,
                            const ram_addr_t *offsets, unsigned n,
                            size_t page_size)
{
    unsigned used = 0;

    for (unsigned i = 0; i < n; i++) {
        if (i > 0 && offsets[i] == offsets[i - 1] + page_size) {
            iov[used - 1].iov_len += page_size;
        } else {
            iov[used].iov_base = host + offsets[i];
            iov[used++].iov_len = page_size;
        }
    }
    return used;
}

/*
 * A link for which nothing is compressed is one for which copies cost too
 * much, too.  But pages that are sent again may be most of what is to send,
 * on any link, and differences are what ends that; and TLS has to read all
 * bytes anyway, and likes them in a row.
 */
static bool sends_in_place(const MultiFDSendParams *p, int level)
{
    const MultiFDPages_t *pages = &p->data->u.ram;

    return level == LPM_LEVEL_NONE && !is_tls(p->c) &&
           !lpm_store_mark(channels.store, pages->block->host, pages->offset,
                           pages->normal_num, multifd_ram_page_size());
}

static bool send_in_place(MultiFDSendParams *p, GError **gerr)
{
    MultiFDPages_t *pages = &p->data->u.ram;
    size_t page_size = multifd_ram_page_size();
    const guint8 *header;

    if (!lpm_encoder_encode_in_place(p->compress_data, pages->block->host,
                                     pages->offset, pages->normal_num,
                                     page_size, &header, gerr)) {
        return false;
    }
    add_iov(p, header, LPM_FRAME_HEADER_BYTES);
    p->iovs_num += place_pages(p->iov + p->iovs_num, pages->block->host,
                               pages->offset, pages->normal_num, page_size);
    p->next_packet_size += pages->normal_num * page_size;
    return true;
}

static bool send_frame(MultiFDSendParams *p, int level, GError **gerr)
{
    MultiFDPages_t *pages = &p->data->u.ram;
    const guint8 *frame;
    gsize len;

    lpm_encoder_set_level(p->compress_data, level);
    if (!lpm_encoder_encode(p->compress_data, pages->block->host,
                            pages->offset, pages->normal_num,
                            multifd_ram_page_size(), &frame, &len, gerr)) {
        return false;
    }
    add_iov(p, frame, len);
    return true;
}

static int multifd_lpm_send_prepare(MultiFDSendParams *p, Error **errp)
{
    bool any = multifd_send_prepare_common(p);
    int level = lpm_effort_level(qatomic_read(&channels.effort.step));
    g_autoptr(GError) gerr = NULL;

    forget_zero_pages(&p->data->u.ram);
    if (any) {
        p->next_packet_size = 0;
        if (!(sends_in_place(p, level) ? send_in_place(p, &gerr)
                                       : send_frame(p, level, &gerr))) {
            channel_error(errp, &gerr, p->id);
            return -1;
        }
        count_frame(p, lpm_encoder_work(p->compress_data));
    }

    p->flags |= MULTIFD_FLAG_LPM;
    multifd_send_fill_packet(p);
    return 0;
}

static void recv_free(LpmRecv *recv)
{
    g_free(recv->frame);
    g_free(recv->iov);
    g_free(recv);
}

static int multifd_lpm_recv_setup(MultiFDRecvParams *p, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    LpmRecv *recv = g_new0(LpmRecv, 1);

    recv->index = p->id;
    recv->iov = g_new(struct iovec, multifd_ram_page_count());
    recv->frame = g_try_malloc(LPM_FRAME_MAX_BYTES);
    recv->decoder = recv->frame ? lpm_decoder_new(&gerr) : NULL;
    if (!recv->decoder) {
        if (gerr) {
            channel_error(errp, &gerr, p->id);
        } else {
            error_setg(errp, "multifd %u: out of memory for a frame", p->id);
        }
        recv_free(recv);
        return -1;
    }
    WITH_QEMU_LOCK_GUARD(&channels.lock) {
        if (p->id == 0) {
            channels.decoded = (LpmCodecStats) { 0 };
        }
        channels.decoders[p->id] = recv->decoder;
        channels.n_receivers++;
    }
    p->compress_data = recv;
    return 0;
}

static void multifd_lpm_recv_cleanup(MultiFDRecvParams *p)
{
    LpmRecv *recv = g_steal_pointer(&p->compress_data);
    LpmCodecStats one;
    bool is_last;

    if (!recv) {
        return;
    }
    WITH_QEMU_LOCK_GUARD(&channels.lock) {
        lpm_decoder_stats(recv->decoder, &one);
        lpm_codec_stats_add(&channels.decoded, &one);
        channels.decoders[recv->index] = NULL;
        lpm_decoder_free(recv->decoder);
        is_last = --channels.n_receivers == 0;
    }
    recv_free(recv);
    if (is_last) {
        give_memory_back();
    }
}

static int recv_in_place(MultiFDRecvParams *p, uint32_t len, Error **errp)
{
    LpmRecv *recv = p->compress_data;
    size_t page_size = multifd_ram_page_size();
    g_autoptr(GError) gerr = NULL;

    if (!lpm_decoder_accept_in_place(recv->decoder, recv->frame, len,
                                     p->block->used_length, p->normal,
                                     p->normal_num, page_size, &gerr)) {
        channel_error(errp, &gerr, p->id);
        return -1;
    }
    return qio_channel_readv_all(
        p->c, recv->iov, place_pages(recv->iov, p->host, p->normal,
                                     p->normal_num, page_size), errp);
}

/* A frame whose header is there. */
static int recv_frame(MultiFDRecvParams *p, uint32_t len, Error **errp)
{
    LpmRecv *recv = p->compress_data;
    g_autoptr(GError) gerr = NULL;

    if (qio_channel_read_all(p->c,
                             (char *)recv->frame + LPM_FRAME_HEADER_BYTES,
                             len - LPM_FRAME_HEADER_BYTES, errp) != 0) {
        return -1;
    }
    if (!lpm_decoder_decode(recv->decoder, recv->frame, len, p->host,
                            p->block->used_length, p->normal, p->normal_num,
                            multifd_ram_page_size(), &gerr)) {
        channel_error(errp, &gerr, p->id);
        return -1;
    }
    return 0;
}

static int multifd_lpm_recv(MultiFDRecvParams *p, Error **errp)
{
    LpmRecv *recv = p->compress_data;
    uint32_t flags = p->flags & MULTIFD_FLAG_COMPRESSION_MASK;
    uint32_t len = p->next_packet_size;
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

    if (len < LPM_FRAME_HEADER_BYTES) {
        error_setg(errp, "multifd %u: frame of %" PRIu32 " bytes, at least %u "
                   "expected", p->id, len, LPM_FRAME_HEADER_BYTES);
        return -1;
    }
    if (qio_channel_read_all(p->c, (char *)recv->frame,
                             LPM_FRAME_HEADER_BYTES, errp) != 0 ||
        (lpm_frame_is_in_place(recv->frame) ? recv_in_place(p, len, errp)
                                            : recv_frame(p, len, errp)) != 0) {
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
    .rate_in_pages = true,
};

static void multifd_lpm_register(void)
{
    multifd_register_ops(MULTIFD_COMPRESSION_LPM, &multifd_lpm_ops);
}
migration_init(multifd_lpm_register);

static void lpm_codec_class_init(ObjectClass *oc, void *data)
{
    LpmCodecClass *codec = LPM_CODEC_CLASS(oc);

    codec->get_stats = lpm_codec_get_stats;
    codec->set_budget = lpm_codec_set_budget;
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
