/*
 * Page frames: what encoder and decoder share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <time.h>

#include "codec/common.h"
#include "error/lpm-error.h"

/* Read and added as the counters that it consists of. */
G_STATIC_ASSERT(sizeof(LpmCodecStats) % sizeof(guint64) == 0);

guint64 lpm_codec_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (guint64)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

/*
 * One thread writes, any thread reads: no counter may tear, and there is no
 * order between counters to keep, so relaxed is enough.
 */
static void counter_add(guint64 *counter, guint64 n)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n,
                     __ATOMIC_RELAXED);
}

void lpm_codec_count(LpmCodecStats *stats, const LpmFrameHeader *h,
                     guint32 delta_pages, guint32 delta_bytes,
                     guint64 start_ns)
{
    counter_add(&stats->frames, 1);
    counter_add(&stats->raw_frames, h->payload_bytes == h->raw_bytes);
    counter_add(&stats->in_place_frames,
                h->method == LPM_FRAME_METHOD_IN_PLACE);
    counter_add(&stats->delta_frames, delta_pages != 0);
    counter_add(&stats->delta_pages, delta_pages);
    counter_add(&stats->delta_bytes, delta_bytes);
    counter_add(&stats->pages, h->n_pages);
    counter_add(&stats->raw_bytes, h->raw_bytes);
    counter_add(&stats->wire_bytes,
                LPM_FRAME_HEADER_BYTES + (guint64)h->payload_bytes);
    counter_add(&stats->time_ns, lpm_codec_now_ns() - start_ns);
}

void lpm_codec_read(const LpmCodecStats *stats, LpmCodecStats *ret_stats)
{
    const guint64 *from = (const guint64 *)stats;
    guint64 *to = (guint64 *)ret_stats;

    for (guint i = 0; i < sizeof(*stats) / sizeof(*from); i++) {
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    }
}

void lpm_codec_stats_add(LpmCodecStats *sum, const LpmCodecStats *one)
{
    const guint64 *from = (const guint64 *)one;
    guint64 *to = (guint64 *)sum;

    for (guint i = 0; i < sizeof(*one) / sizeof(*from); i++) {
        to[i] += from[i];
    }
}

static gboolean limit(GError **error, const char *what, guint64 value)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                "page frame: %s (%" G_GUINT64_FORMAT ")", what, value);
    return FALSE;
}

static gboolean check_shape(guint32 n_pages, guint32 page_size,
                            GError **error)
{
    if (page_size < LPM_FRAME_MIN_PAGE || page_size > LPM_FRAME_MAX_RAW ||
        (page_size & (page_size - 1)) != 0) {
        return limit(error, "page size is no power of two from 512 to 512 KiB",
                     page_size);
    }
    if (n_pages == 0 || n_pages > LPM_FRAME_MAX_RAW / page_size) {
        return limit(error, "page count is 0 or more than 512 KiB", n_pages);
    }
    return TRUE;
}

/* Returns: false if @offset is in the set already. */
static gboolean offset_set_add(LpmOffsetSet *set, guint64 offset)
{
    guint32 slot = (guint32)(offset * 0x9e3779b97f4a7c15u >> 32);

    for (;; slot++) {
        guint64 *entry = &set->slots[slot % LPM_OFFSET_SLOTS];

        if (*entry == 0) {
            *entry = offset + 1;
            return TRUE;
        }
        if (*entry == offset + 1) {
            return FALSE;
        }
    }
}

/*
 * Zero page detection reorders a packet, so offsets need not ascend; only
 * when they do not is the set needed to find one that comes twice.
 */
gboolean lpm_codec_check_pages(LpmOffsetSet *set, const guint64 *offsets,
                               guint32 n_pages, guint32 page_size,
                               guint64 block_bytes, GError **error)
{
    gboolean ascending = TRUE;

    if (!check_shape(n_pages, page_size, error)) {
        return FALSE;
    }

    for (guint32 i = 0; i < n_pages; i++) {
        if ((offsets[i] & (page_size - 1)) != 0) {
            return limit(error, "offset is not at a page's start",
                         offsets[i]);
        }
        if (block_bytes < page_size || offsets[i] > block_bytes - page_size) {
            return limit(error, "offset is outside of the block",
                         offsets[i]);
        }
        ascending = ascending && (i == 0 || offsets[i] > offsets[i - 1]);
    }
    if (ascending) {
        return TRUE;
    }

    memset(set, 0, sizeof(*set));
    for (guint32 i = 0; i < n_pages; i++) {
        if (!offset_set_add(set, offsets[i])) {
            return limit(error, "offset comes twice", offsets[i]);
        }
    }
    return TRUE;
}

/* Numbers in the byte order of the wire, some at a time. */
static void hash_numbers(XXH3_state_t *state, const guint64 *numbers,
                         gsize n)
{
    guint64 be[64];

    while (n > 0) {
        gsize some = MIN(n, G_N_ELEMENTS(be));

        for (gsize i = 0; i < some; i++) {
            be[i] = GUINT64_TO_BE(numbers[i]);
        }
        XXH3_64bits_update(state, be, some * sizeof(be[0]));
        numbers += some;
        n -= some;
    }
}

guint64 lpm_codec_checksum(const guint64 *digests, const LpmFrameHeader *h,
                           const guint8 *frame, const guint64 *offsets)
{
    gboolean in_place = h->method == LPM_FRAME_METHOD_IN_PLACE;
    gsize content = in_place || h->method == LPM_FRAME_METHOD_RAW ? 0 :
                    h->payload_bytes - h->map_bytes;
    XXH3_state_t state;

    XXH3_64bits_reset(&state);
    if (!in_place) {
        hash_numbers(&state, digests, h->raw_bytes / LPM_BLOCK_BYTES);
        /* What is not packed is in the digests already. */
        XXH3_64bits_update(&state, frame + LPM_FRAME_HEADER_BYTES,
                           h->map_bytes + content);
    }
    hash_numbers(&state, offsets, h->n_pages);
    XXH3_64bits_update(&state, frame, LPM_FRAME_HASHED_BYTES);
    return XXH3_64bits_digest(&state);
}
