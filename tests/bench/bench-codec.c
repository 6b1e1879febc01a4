/*
 * Page frames against QEMU's multifd zstd method, on the same made memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "stream" does what migration/multifd-zstd.c of QEMU 10.0 does: one zstd
 * stream for the channel, fed page by page from guest memory, flushed once
 * per packet; decoded page by page straight into guest memory.
 *
 * A channel is set up once for the whole move, so that is not timed.
 *
 * One JSON line per case and operation.  Both codecs run in turns, so what
 * else runs on the machine meets both.  MB/s are page bytes by the monotonic
 * clock; cpu_mb_per_s by the thread's own time is the one to read when the
 * machine is shared.
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

typedef struct Wire {
    guint8 *bytes;
    gsize *len;         /* of each packet */
    gsize total;
} Wire;

typedef struct Bench {
    guint8 *src;
    guint8 *dst;
    gsize n_packets;
    Wire wire;
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

static void packet_offsets(gsize packet, guint64 *offsets)
{
    for (guint i = 0; i < PACKET_PAGES; i++) {
        offsets[i] = packet * PACKET + i * PAGE;
    }
}

static void not_timed(Clocks *idle, Clocks from)
{
    Clocks to = clocks();

    idle->wall += to.wall - from.wall;
    idle->cpu += to.cpu - from.cpu;
}

/* The packets leave by socket, so the bytes are copied out: not timed. */
static void keep(Bench *b, gsize packet, const guint8 *bytes, gsize len,
                 Clocks *idle)
{
    Clocks from = clocks();

    memcpy(b->wire.bytes + b->wire.total, bytes, len);
    b->wire.len[packet] = len;
    b->wire.total += len;
    not_timed(idle, from);
}

static void frames_encode(Bench *b, Clocks *idle)
{
    Clocks from = clocks();
    LpmCodecParams params = { .level = b->level };
    g_autoptr(LpmEncoder) encoder = lpm_encoder_new(&params, NULL);
    guint64 offsets[PACKET_PAGES];

    not_timed(idle, from);
    for (gsize i = 0; i < b->n_packets; i++) {
        const guint8 *frame;
        gsize len;

        packet_offsets(i, offsets);
        if (!lpm_encoder_encode(encoder, b->src, offsets, PACKET_PAGES, PAGE,
                                &frame, &len, NULL)) {
            g_error("encode");
        }
        keep(b, i, frame, len, idle);
    }
}

static void frames_decode(Bench *b, Clocks *idle)
{
    Clocks from = clocks();
    g_autoptr(LpmDecoder) decoder = lpm_decoder_new(NULL);
    guint64 offsets[PACKET_PAGES];
    gsize at = 0;

    not_timed(idle, from);
    for (gsize i = 0; i < b->n_packets; i++) {
        packet_offsets(i, offsets);
        if (!lpm_decoder_decode(decoder, b->wire.bytes + at, b->wire.len[i],
                                b->dst, b->n_packets * PACKET, offsets,
                                PACKET_PAGES, PAGE, NULL)) {
            g_error("decode");
        }
        at += b->wire.len[i];
    }
}

static void stream_encode(Bench *b, Clocks *idle)
{
    Clocks from = clocks();
    ZSTD_CStream *zcs = ZSTD_createCStream();
    gsize room = ZSTD_compressBound(PACKET);
    g_autofree guint8 *out_bytes = g_malloc(room);

    ZSTD_initCStream(zcs, b->level);
    not_timed(idle, from);
    for (gsize i = 0; i < b->n_packets; i++) {
        ZSTD_outBuffer out = { out_bytes, room, 0 };

        for (guint j = 0; j < PACKET_PAGES; j++) {
            ZSTD_inBuffer in = { b->src + i * PACKET + j * PAGE, PAGE, 0 };
            ZSTD_EndDirective flush = j == PACKET_PAGES - 1
                                      ? ZSTD_e_flush : ZSTD_e_continue;
            gsize ret;

            do {
                ret = ZSTD_compressStream2(zcs, &out, &in, flush);
            } while (!ZSTD_isError(ret) && ret > 0 && in.size > in.pos &&
                     out.size > out.pos);
            if (ZSTD_isError(ret)) {
                g_error("stream encode");
            }
        }
        keep(b, i, out_bytes, out.pos, idle);
    }
    ZSTD_freeCStream(zcs);
}

static void stream_decode(Bench *b, Clocks *idle)
{
    Clocks from = clocks();
    ZSTD_DStream *zds = ZSTD_createDStream();
    gsize at = 0;

    ZSTD_initDStream(zds);
    not_timed(idle, from);
    for (gsize i = 0; i < b->n_packets; i++) {
        ZSTD_inBuffer in = { b->wire.bytes + at, b->wire.len[i], 0 };

        for (guint j = 0; j < PACKET_PAGES; j++) {
            ZSTD_outBuffer out = { b->dst + i * PACKET + j * PAGE, PAGE, 0 };
            gsize ret;

            do {
                ret = ZSTD_decompressStream(zds, &out, &in);
            } while (!ZSTD_isError(ret) && ret > 0 && in.size > in.pos &&
                     out.pos < PAGE);
            if (ZSTD_isError(ret) || out.pos != PAGE) {
                g_error("stream decode");
            }
        }
        at += b->wire.len[i];
    }
    ZSTD_freeDStream(zds);
}

typedef struct Codec {
    const char *name;
    void (*encode)(Bench *b, Clocks *idle);
    void (*decode)(Bench *b, Clocks *idle);
} Codec;

static const Codec codecs[] = {
    { "frames", frames_encode, frames_decode },
    { "stream", stream_encode, stream_decode },
};

enum { ENCODE, DECODE, N_OPS };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void run(void (*op)(Bench *, Clocks *), Bench *b, double *ret_wall,
                double *ret_cpu)
{
    double mb = b->n_packets * (double)PACKET / 1e6;
    Clocks idle = { 0, 0 };
    Clocks from = clocks();
    Clocks to;

    op(b, &idle);
    to = clocks();
    *ret_wall = mb / (to.wall - from.wall - idle.wall);
    *ret_cpu = mb / (to.cpu - from.cpu - idle.cpu);
}

static void print_line(const char *kind, const Codec *codec, int op,
                       const Bench *b, gsize wire, double *wall, double *cpu,
                       guint repeats)
{
    const char *commit = g_getenv("LPM_COMMIT");
    struct utsname machine;

    uname(&machine);
    qsort(wall, repeats, sizeof(*wall), by_value);
    qsort(cpu, repeats, sizeof(*cpu), by_value);
    printf("{\"bench\": \"codec\", \"data\": \"%s\", \"codec\": \"%s\", "
           "\"op\": \"%s\", \"level\": %d, \"mb_per_s\": %.0f, "
           "\"mb_per_s_min\": %.0f, \"mb_per_s_max\": %.0f, "
           "\"cpu_mb_per_s\": %.0f, \"ratio\": %.3f, \"repeats\": %u, "
           "\"machine\": \"%s\", \"compiler\": \"%s\", \"zstd\": \"%s\", "
           "\"commit\": \"%s\"}\n",
           kind, codec->name, op == ENCODE ? "encode" : "decode", b->level,
           wall[repeats / 2], wall[0], wall[repeats - 1], cpu[repeats / 2],
           b->n_packets * (double)PACKET / wire, repeats, machine.machine,
           __VERSION__, ZSTD_versionString(), commit ? commit : "unknown");
    fflush(stdout);
}

static void bench_kind(PagesKind kind, Bench *b, guint repeats)
{
    static double wall[G_N_ELEMENTS(codecs)][N_OPS][MAX_REPEATS];
    static double cpu[G_N_ELEMENTS(codecs)][N_OPS][MAX_REPEATS];
    gsize wire[G_N_ELEMENTS(codecs)];
    gsize len = b->n_packets * PACKET;
    guint64 seed = 1;

    pages_fill(kind, b->src, len, &seed);
    for (guint r = 0; r < repeats; r++) {
        for (guint c = 0; c < G_N_ELEMENTS(codecs); c++) {
            b->wire.total = 0;
            run(codecs[c].encode, b, &wall[c][ENCODE][r], &cpu[c][ENCODE][r]);
            wire[c] = b->wire.total;
            memset(b->dst, 0xaa, len);
            run(codecs[c].decode, b, &wall[c][DECODE][r], &cpu[c][DECODE][r]);
            if (memcmp(b->src, b->dst, len) != 0) {
                g_error("%s: wrong content", codecs[c].name);
            }
        }
    }
    for (guint c = 0; c < G_N_ELEMENTS(codecs); c++) {
        for (int op = 0; op < N_OPS; op++) {
            print_line(pages_names[kind], &codecs[c], op, b, wire[c],
                       wall[c][op], cpu[c][op], repeats);
        }
    }
}

int main(int argc, char **argv)
{
    gint megabytes = 32;
    gint repeats = 5;
    gint level = 1;
    g_autofree gchar *only = NULL;
    const GOptionEntry entries[] = {
        { "megabytes", 'm', 0, G_OPTION_ARG_INT, &megabytes,
          "Guest memory of a case (32)", "N" },
        { "repeats", 'r', 0, G_OPTION_ARG_INT, &repeats,
          "Runs of a case, 1 to 101 (5)", "N" },
        { "level", 'l', 0, G_OPTION_ARG_INT, &level, "zstd level (1)", "N" },
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

    b.level = level;
    b.n_packets = (gsize)megabytes * 2;
    b.src = g_malloc0(b.n_packets * PACKET);
    b.dst = g_malloc0(b.n_packets * PACKET);
    b.wire.bytes = g_malloc0(b.n_packets * (PACKET + PACKET / 16));
    b.wire.len = g_new0(gsize, b.n_packets);
    for (int kind = 0; kind < PAGES_LAST; kind++) {
        if (!only || g_str_equal(only, pages_names[kind])) {
            bench_kind(kind, &b, repeats);
        }
    }
    g_free(b.src);
    g_free(b.dst);
    g_free(b.wire.bytes);
    g_free(b.wire.len);
    return 0;
}
