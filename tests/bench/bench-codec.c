/*
 * Page frames against QEMU's multifd zstd method, on the same made memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "stream" does what migration/multifd-zstd.c of QEMU 10.0 does: one zstd
 * stream for the channel, fed page by page from guest memory, flushed once
 * per packet; decoded page by page straight into guest memory.
 *
 * "frames" is our encoder at the level: a stream of 4 MiB to look back at
 * from level 1 on, frames that stand alone below.
 *
 * "encode" and "decode" are of memory that is sent once.  "again-encode" and
 * "again-decode" are of the 15 % of its pages that got an update of 64 bytes
 * since then: our encoder has a store, and vanilla sends whole pages.  Take
 * 16 MiB or more, four times what a stream looks back at.
 *
 * A channel is set up once for the whole move, so that is not timed.
 *
 * One JSON line per case, level, codec and operation.  Both codecs run in
 * turns, so what else runs on the machine meets both.  MB/s are page bytes by
 * the monotonic clock; cpu_mb_per_s and cpu_us_per_page by the thread's own
 * time are the ones to read when the machine is shared.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <zstd.h>

#include "../pages.h"
#include "codec/codec.h"

#define PAGE        4096u
#define PACKET      (512u * 1024)
#define PACKET_PAGES (PACKET / PAGE)
#define MAX_REPEATS 101
#define AGAIN_PERCENT 15
#define UPDATE      64u

/* One codec's two ends, and the memory of the receiving one. */
typedef struct Channel {
    LpmStore *store;
    LpmEncoder *encoder;
    LpmDecoder *decoder;
    ZSTD_CStream *zcs;
    ZSTD_DStream *zds;
    guint8 *packet;     /* of vanilla */
    gsize room;
    guint8 *dst;
    guint8 *wire;
    gsize *len;         /* of each packet */
    gsize total;
} Channel;

typedef struct Bench {
    guint8 *src;
    gsize bytes;
    guint64 *offsets;   /* of the pages to send, in order */
    gsize n_pages;
    int level;
} Bench;

typedef struct Clocks {
    double wall;
    double cpu;
} Clocks;

static double clock_s(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static Clocks clocks(void)
{
    return (Clocks) { clock_s(CLOCK_MONOTONIC),
                      clock_s(CLOCK_THREAD_CPUTIME_ID) };
}

static void not_timed(Clocks *idle, Clocks from)
{
    Clocks to = clocks();

    idle->wall += to.wall - from.wall;
    idle->cpu += to.cpu - from.cpu;
}

static gsize n_packets(const Bench *b)
{
    return (b->n_pages + PACKET_PAGES - 1) / PACKET_PAGES;
}

/* Returns: how many pages packet @i has. */
static guint32 packet_pages(const Bench *b, gsize i)
{
    return MIN(PACKET_PAGES, b->n_pages - i * PACKET_PAGES);
}

/* The packets leave by socket, so the bytes are copied out: not timed. */
static void keep(Channel *ch, gsize packet, const guint8 *bytes, gsize len,
                 Clocks *idle)
{
    Clocks from = clocks();

    memcpy(ch->wire + ch->total, bytes, len);
    ch->len[packet] = len;
    ch->total += len;
    not_timed(idle, from);
}

/* The store is for "again", where it knows all pages; else it is in the way. */
static void frames_open(const Bench *b, Channel *ch, gboolean again)
{
    LpmCodecParams params = { .level = b->level };

    if (again) {
        ch->store = params.store = lpm_store_new(b->bytes / 8);
    }
    ch->encoder = lpm_encoder_new(&params, NULL);
    ch->decoder = lpm_decoder_new(NULL);
    if (!ch->encoder || !ch->decoder) {
        g_error("frames: no memory");
    }
}

static void frames_close(Channel *ch)
{
    g_clear_pointer(&ch->encoder, lpm_encoder_free);
    g_clear_pointer(&ch->decoder, lpm_decoder_free);
    g_clear_pointer(&ch->store, lpm_store_free);
}

static void frames_encode(const Bench *b, Channel *ch, Clocks *idle)
{
    for (gsize i = 0; i < n_packets(b); i++) {
        const guint8 *frame;
        gsize len;

        if (!lpm_encoder_encode(ch->encoder, b->src,
                                b->offsets + i * PACKET_PAGES,
                                packet_pages(b, i), PAGE, &frame, &len,
                                NULL)) {
            g_error("encode");
        }
        keep(ch, i, frame, len, idle);
    }
}

static void frames_decode(const Bench *b, Channel *ch)
{
    gsize at = 0;

    for (gsize i = 0; i < n_packets(b); i++) {
        if (!lpm_decoder_decode(ch->decoder, ch->wire + at, ch->len[i],
                                ch->dst, b->bytes,
                                b->offsets + i * PACKET_PAGES,
                                packet_pages(b, i), PAGE, NULL)) {
            g_error("decode");
        }
        at += ch->len[i];
    }
}

static void stream_open(const Bench *b, Channel *ch,
                        gboolean again G_GNUC_UNUSED)
{
    ch->zcs = ZSTD_createCStream();
    ch->zds = ZSTD_createDStream();
    ch->room = ZSTD_compressBound(PACKET);
    ch->packet = g_malloc(ch->room);
    ZSTD_initCStream(ch->zcs, b->level);
    ZSTD_initDStream(ch->zds);
}

static void stream_close(Channel *ch)
{
    ZSTD_freeCStream(ch->zcs);
    ZSTD_freeDStream(ch->zds);
    g_clear_pointer(&ch->packet, g_free);
}

static void stream_encode(const Bench *b, Channel *ch, Clocks *idle)
{
    for (gsize i = 0; i < n_packets(b); i++) {
        ZSTD_outBuffer out = { ch->packet, ch->room, 0 };
        guint32 n = packet_pages(b, i);

        for (guint32 j = 0; j < n; j++) {
            ZSTD_inBuffer in = {
                b->src + b->offsets[i * PACKET_PAGES + j], PAGE, 0
            };
            ZSTD_EndDirective flush = j == n - 1 ? ZSTD_e_flush
                                                 : ZSTD_e_continue;
            gsize ret;

            do {
                ret = ZSTD_compressStream2(ch->zcs, &out, &in, flush);
            } while (!ZSTD_isError(ret) && ret > 0 && in.size > in.pos &&
                     out.size > out.pos);
            if (ZSTD_isError(ret)) {
                g_error("stream encode");
            }
        }
        keep(ch, i, ch->packet, out.pos, idle);
    }
}

static void stream_decode(const Bench *b, Channel *ch)
{
    gsize at = 0;

    for (gsize i = 0; i < n_packets(b); i++) {
        ZSTD_inBuffer in = { ch->wire + at, ch->len[i], 0 };

        for (guint32 j = 0; j < packet_pages(b, i); j++) {
            ZSTD_outBuffer out = {
                ch->dst + b->offsets[i * PACKET_PAGES + j], PAGE, 0
            };
            gsize ret;

            do {
                ret = ZSTD_decompressStream(ch->zds, &out, &in);
            } while (!ZSTD_isError(ret) && ret > 0 && in.size > in.pos &&
                     out.pos < PAGE);
            if (ZSTD_isError(ret) || out.pos != PAGE) {
                g_error("stream decode");
            }
        }
        at += ch->len[i];
    }
}

typedef struct Codec {
    const char *name;
    void (*open)(const Bench *b, Channel *ch, gboolean again);
    void (*encode)(const Bench *b, Channel *ch, Clocks *idle);
    void (*decode)(const Bench *b, Channel *ch);
    void (*close)(Channel *ch);
} Codec;

#define N_CODECS 2
static const Codec codecs[N_CODECS] = {
    { "frames", frames_open, frames_encode, frames_decode, frames_close },
    { "stream", stream_open, stream_encode, stream_decode, stream_close },
};

enum { ENCODE, DECODE, N_OPS };

/* Seconds of each repeat. */
typedef struct Times {
    double wall[MAX_REPEATS];
    double cpu[MAX_REPEATS];
} Times;

typedef struct Result {
    Times times[N_CODECS][N_OPS];
    gsize wire[N_CODECS];
    gsize pages;        /* of the last repeat */
} Result;

static void took(Times *times, guint repeat, Clocks from, Clocks idle)
{
    Clocks to = clocks();

    times->wall[repeat] = to.wall - from.wall - idle.wall;
    times->cpu[repeat] = to.cpu - from.cpu - idle.cpu;
}

/* All pages of the list, there and back. */
static void run(const Bench *b, const Codec *codec, Channel *ch,
                Times *times, guint repeat)
{
    Clocks idle = { 0, 0 };
    Clocks from = clocks();

    ch->total = 0;
    codec->encode(b, ch, &idle);
    took(&times[ENCODE], repeat, from, idle);

    from = clocks();
    codec->decode(b, ch);
    took(&times[DECODE], repeat, from, (Clocks) { 0, 0 });
    if (memcmp(b->src, ch->dst, b->bytes) != 0) {
        g_error("%s: wrong content", codec->name);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void print_end(guint repeats)
{
    const char *commit = g_getenv("LPM_COMMIT");
    struct utsname machine;

    uname(&machine);
    printf("\"repeats\": %u, \"machine\": \"%s\", \"compiler\": \"%s\", "
           "\"zstd\": \"%s\", \"commit\": \"%s\"}\n",
           repeats, machine.machine, __VERSION__, ZSTD_versionString(),
           commit ? commit : "unknown");
    fflush(stdout);
}

static void print_line(const char *kind, const Bench *b, const Result *r,
                       guint c, int op, gboolean again, guint repeats)
{
    const double *wall = r->times[c][op].wall;
    double median = wall[repeats / 2];
    double cpu = r->times[c][op].cpu[repeats / 2];
    double mb = r->pages * (double)PAGE / 1e6;
    double us = 1e6 / r->pages;

    printf("{\"bench\": \"codec\", \"data\": \"%s\", \"codec\": \"%s\", "
           "\"op\": \"%s%s\", \"level\": %d, ", kind, codecs[c].name,
           again ? "again-" : "", op == ENCODE ? "encode" : "decode",
           b->level);
    if (again) {
        printf("\"us_per_page\": %.2f, \"us_per_page_min\": %.2f, "
               "\"us_per_page_max\": %.2f, \"cpu_us_per_page\": %.2f, "
               "\"bytes_per_page\": %.0f, ", median * us, wall[0] * us,
               wall[repeats - 1] * us, cpu * us,
               (double)r->wire[c] / r->pages);
    } else {
        printf("\"mb_per_s\": %.0f, \"mb_per_s_min\": %.0f, "
               "\"mb_per_s_max\": %.0f, \"cpu_mb_per_s\": %.0f, "
               "\"ratio\": %.3f, ", mb / median, mb / wall[repeats - 1],
               mb / wall[0], mb / cpu, mb * 1e6 / r->wire[c]);
    }
    print_end(repeats);
}

static void print_result(const char *kind, const Bench *b, Result *r,
                         gboolean again, guint repeats)
{
    for (guint c = 0; c < N_CODECS; c++) {
        for (int op = 0; op < N_OPS; op++) {
            Times *times = &r->times[c][op];

            qsort(times->wall, repeats, sizeof(double), by_value);
            qsort(times->cpu, repeats, sizeof(double), by_value);
            print_line(kind, b, r, c, op, again, repeats);
        }
    }
}

static void choose_all(Bench *b)
{
    b->n_pages = b->bytes / PAGE;
    for (gsize i = 0; i < b->n_pages; i++) {
        b->offsets[i] = i * PAGE;
    }
}

/*
 * What a guest does between two rounds.  Other pages each time, all of them
 * in turn: a stream has long lost sight of the last time it sent them, as it
 * has with the RAM of a guest.  As many each time, but for one in a hundred.
 */
static void update_some(Bench *b, guint round, guint64 *seed)
{
    b->n_pages = 0;
    for (gsize i = 0; i < b->bytes / PAGE; i++) {
        /* 37 is prime to 100: each hundred pages has all numbers once. */
        if ((i * 37 + round * AGAIN_PERCENT) % 100 < AGAIN_PERCENT) {
            gsize at = pages_next(seed) % ((PAGE - UPDATE) / 8 + 1) * 8;

            pages_fill_random(b->src + i * PAGE + at, UPDATE, seed);
            b->offsets[b->n_pages++] = i * PAGE;
        }
    }
}

static void bench_once(const char *kind, Bench *b, Channel *channels,
                       guint repeats)
{
    static Result r;

    choose_all(b);
    r.pages = b->n_pages;
    for (guint i = 0; i < repeats; i++) {
        for (guint c = 0; c < N_CODECS; c++) {
            memset(channels[c].dst, 0xaa, b->bytes);
            codecs[c].open(b, &channels[c], FALSE);
            run(b, &codecs[c], &channels[c], r.times[c], i);
            codecs[c].close(&channels[c]);
            r.wire[c] = channels[c].total;
        }
    }
    print_result(kind, b, &r, FALSE, repeats);
}

static void bench_again(const char *kind, Bench *b, Channel *channels,
                        guint repeats)
{
    static Result r;
    guint64 seed = 2;

    choose_all(b);
    for (guint c = 0; c < N_CODECS; c++) {
        codecs[c].open(b, &channels[c], TRUE);
        run(b, &codecs[c], &channels[c], r.times[c], 0);
    }
    for (guint i = 0; i < repeats; i++) {
        update_some(b, i, &seed);
        r.pages = b->n_pages;
        for (guint c = 0; c < N_CODECS; c++) {
            run(b, &codecs[c], &channels[c], r.times[c], i);
            r.wire[c] = channels[c].total;
        }
    }
    for (guint c = 0; c < N_CODECS; c++) {
        codecs[c].close(&channels[c]);
    }
    print_result(kind, b, &r, TRUE, repeats);
}

static void bench_kind(PagesKind kind, Bench *b, Channel *channels,
                       guint repeats)
{
    guint64 seed = 1;

    pages_fill(kind, b->src, b->bytes, &seed);
    bench_once(pages_names[kind], b, channels, repeats);
    bench_again(pages_names[kind], b, channels, repeats);
}

static void bench_all(Bench *b, const int *levels, guint n_levels,
                      const char *only, guint repeats)
{
    Channel channels[N_CODECS] = { 0 };
    gsize n = b->bytes / PACKET;

    b->src = g_malloc0(b->bytes);
    b->offsets = g_new0(guint64, b->bytes / PAGE);
    for (guint c = 0; c < N_CODECS; c++) {
        channels[c].dst = g_malloc0(b->bytes);
        channels[c].wire = g_malloc0(n * (PACKET + PACKET / 16));
        channels[c].len = g_new0(gsize, n);
    }
    for (guint i = 0; i < n_levels; i++) {
        b->level = levels[i];
        for (int kind = 0; kind < PAGES_LAST; kind++) {
            if (!only || g_str_equal(only, pages_names[kind])) {
                bench_kind(kind, b, channels, repeats);
            }
        }
    }
    for (guint c = 0; c < N_CODECS; c++) {
        g_free(channels[c].dst);
        g_free(channels[c].wire);
        g_free(channels[c].len);
    }
    g_free(b->src);
    g_free(b->offsets);
}

int main(int argc, char **argv)
{
    static const int all_levels[] = { -5, 1, 3, 5, 9 };
    gint megabytes = 32;
    gint repeats = 5;
    gint level = 0;
    g_autofree gchar *only = NULL;
    const GOptionEntry entries[] = {
        { "megabytes", 'm', 0, G_OPTION_ARG_INT, &megabytes,
          "Guest memory of a case (32)", "N" },
        { "repeats", 'r', 0, G_OPTION_ARG_INT, &repeats,
          "Runs of a case, 1 to 101 (5)", "N" },
        { "level", 'l', 0, G_OPTION_ARG_INT, &level,
          "One zstd level only (-5, 1, 3, 5, 9)", "N" },
        { "data", 'd', 0, G_OPTION_ARG_STRING, &only, "One case only",
          "NAME" },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    Bench b = { 0 };

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) ||
        megabytes < 1 || repeats < 1 || repeats > MAX_REPEATS) {
        fprintf(stderr, "bench-codec: %s\n",
                error ? error->message : "number out of range");
        return 1;
    }

    b.bytes = (gsize)megabytes << 20;
    bench_all(&b, level ? &level : all_levels,
              level ? 1 : G_N_ELEMENTS(all_levels), only, repeats);
    return 0;
}
