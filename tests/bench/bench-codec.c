/*
 * Page frames at each level of the effort ladder, next to QEMU's multifd zstd
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "copy" is memcpy(), "vanilla" what QEMU does with zstd, "lpm" our codec.
 *
 * "Once" is a round that sends all pages, "again" one that sends those that
 * have changed since: our encoder has a store, and vanilla sends whole pages.
 * Zero pages of an image are left out, as multifd leaves them to no codec.
 *
 * All lines of the table take turns in each repeat, forwards and backwards,
 * so that what else the machine does meets all of them; what is shown are
 * medians of the thread's own CPU time.  A channel is set up once for the
 * whole move, so that is not timed.  MB is a million bytes of pages.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "bench-channel.h"
#include "codec/effort.h"

#define MAX_REPEATS 101
#define MAX_LINES   32u


enum { ENCODE, DECODE, ENCODE_AGAIN, DECODE_AGAIN, N_OPS };

/* One line of the table, and what was measured. */
typedef struct Line {
    const BenchCodec *codec;
    int level;
    double seconds[N_OPS][MAX_REPEATS];
    gsize wire;
    gsize wire_again;
    guint64 store_bytes;
} Line;

typedef struct Options {
    gint megabytes;
    gint repeats;
    gint vanilla_level;
    char *made;             /* one kind of made pages only */
    char *json;
    GPtrArray *images;      /* char *: the first, */
    GPtrArray *later;       /* and for each the second, or "" */
    GArray *levels;         /* int; none: the ladder */
} Options;

static void send_and_receive(const BenchMemory *m, const BenchList *list,
                             Line *line, BenchChannel *ch, int op,
                             guint repeat)
{
    double from = bench_seconds();
    double between;

    ch->idle = 0;
    ch->total = 0;
    line->codec->encode(m->now, list, ch);
    between = bench_seconds();
    line->codec->decode(m->bytes, list, ch);
    line->seconds[op + DECODE][repeat] = bench_seconds() - between;
    line->seconds[op + ENCODE][repeat] = between - from - ch->idle;
}

/* Where nothing will arrive there are zeros, elsewhere what is wrong. */
static void prepare(const BenchMemory *m, BenchChannel *ch)
{
    memset(ch->dst, 0, m->bytes);
    for (gsize i = 0; i < m->before.n; i++) {
        memset(ch->dst + m->before.offsets[i], 0xaa, BENCH_PAGE);
    }
    for (gsize i = 0; i < m->once.n; i++) {
        memset(ch->dst + m->once.offsets[i], 0xaa, BENCH_PAGE);
    }
}

static void check(const BenchMemory *m, const Line *line,
                  const BenchChannel *ch)
{
    if (memcmp(m->now, ch->dst, m->bytes) != 0) {
        g_error("%s: wrong content", line->codec->name);
    }
}

static void run_line(BenchMemory *m, Line *line, BenchChannel *ch,
                     guint repeat)
{
    LpmStoreStats store = { 0 };

    bench_memory_rewind(m);
    prepare(m, ch);
    ch->level = line->level;
    line->codec->open(ch, m->bytes);
    /* Not timed: the next one takes its place. */
    send_and_receive(m, &m->before, line, ch, ENCODE, repeat);
    send_and_receive(m, &m->once, line, ch, ENCODE, repeat);
    check(m, line, ch);
    line->wire = ch->total;

    bench_memory_advance(m);
    send_and_receive(m, &m->again, line, ch, ENCODE_AGAIN, repeat);
    check(m, line, ch);
    line->wire_again = ch->total;
    if (ch->store) {
        lpm_store_stats(ch->store, &store);
    }
    line->store_bytes = store.used;
    line->codec->close(ch);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void run_lines(BenchMemory *m, Line *lines, guint n, guint repeats)
{
    BenchChannel *ch = bench_channel_new(m->bytes);

    for (guint repeat = 0; repeat < repeats; repeat++) {
        for (guint i = 0; i < n; i++) {
            run_line(m, &lines[repeat % 2 ? n - 1 - i : i], ch, repeat);
        }
    }
    bench_channel_free(ch);
    for (guint i = 0; i < n; i++) {
        for (int op = 0; op < N_OPS; op++) {
            qsort(lines[i].seconds[op], repeats, sizeof(double), by_value);
        }
    }
}

static guint make_lines(const Options *o, Line *lines)
{
    guint n_levels = o->levels->len ? o->levels->len : LPM_EFFORT_STEPS;
    guint n = 0;

    lines[n++].codec = &bench_copy;
    lines[n].level = o->vanilla_level;
    lines[n++].codec = &bench_vanilla;
    for (guint i = 0; i < n_levels && n < MAX_LINES; i++) {
        lines[n].level = o->levels->len ? g_array_index(o->levels, int, i)
                                        : lpm_effort_level(i);
        lines[n++].codec = &bench_lpm;
    }
    return n;
}

static double mb_per_s(const BenchList *list, double seconds)
{
    return list->n * (double)BENCH_PAGE / 1e6 / seconds;
}

static double us_per_page(const BenchList *list, double seconds)
{
    return list->n ? seconds * 1e6 / list->n : 0;
}

static double ratio(const BenchMemory *m, const Line *line)
{
    return m->once.n * (double)BENCH_PAGE / line->wire;
}

static double bytes_per_page(const BenchMemory *m, const Line *line)
{
    return m->again.n ? (double)line->wire_again / m->again.n : 0;
}

/* How often a codec does what vanilla does once in the same time. */
static double by_vanilla(const Line *lines, const Line *line, int op,
                         guint repeats)
{
    return lines[1].seconds[op][repeats / 2] / line->seconds[op][repeats / 2];
}

static const char *level_name(const Line *line, char *room, gsize bytes)
{
    if (line->codec == &bench_copy) {
        return "-";
    }
    if (line->level == LPM_LEVEL_NONE) {
        return "none";
    }
    g_snprintf(room, bytes, "%d", line->level);
    return room;
}

static void print_line(const BenchMemory *m, const Line *lines,
                       const Line *line, guint repeats)
{
    guint middle = repeats / 2;
    char level[16];

    printf("%-7s %5s %7.3f %7.0f %6.2fx %7.0f %6.2fx %7" G_GUINT64_FORMAT,
           line->codec->name, level_name(line, level, sizeof(level)),
           ratio(m, line), mb_per_s(&m->once, line->seconds[ENCODE][middle]),
           by_vanilla(lines, line, ENCODE, repeats),
           mb_per_s(&m->once, line->seconds[DECODE][middle]),
           by_vanilla(lines, line, DECODE, repeats), line->store_bytes >> 10);
    if (m->again.n) {
        printf(" %8.2f %7.2f %6.0f",
               us_per_page(&m->again, line->seconds[ENCODE_AGAIN][middle]),
               us_per_page(&m->again, line->seconds[DECODE_AGAIN][middle]),
               bytes_per_page(m, line));
    }
    printf("\n");
}

static void print_table(const BenchMemory *m, const Line *lines, guint n,
                        guint repeats)
{
    printf("%s: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " pages once, %"
           G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " that changed again; "
           "medians of %u\n", m->name, m->once.n, m->used_pages, m->again.n,
           m->changed_pages, repeats);
    printf("%-7s %5s %7s %7s %7s %7s %7s %7s", "codec", "level", "ratio",
           "enc", "by", "dec", "by", "store");
    printf("%s\n%-7s %5s %7s %7s %7s %7s %7s %7s%s\n",
           m->again.n ? "   again:  enc     dec   size" : "", "", "", "",
           "MB/s", "vanilla", "MB/s", "vanilla", "KiB",
           m->again.n ? "  us/page us/page B/page" : "");
    for (guint i = 0; i < n; i++) {
        print_line(m, lines, &lines[i], repeats);
    }
    printf("\n");
    fflush(stdout);
}

static void put_number(JsonBuilder *b, const char *name, double value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_double_value(b, value);
}

static void put_count(JsonBuilder *b, const char *name, guint64 value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

static void put_text(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_string_value(b, value);
}

/* An object of median, least and most of @value(list, seconds). */
static void put_spread(JsonBuilder *b, const char *name,
                       double (*value)(const BenchList *, double),
                       const BenchList *list, const double *seconds,
                       guint repeats)
{
    double one = value(list, seconds[0]);
    double other = value(list, seconds[repeats - 1]);

    json_builder_set_member_name(b, name);
    json_builder_begin_object(b);
    put_number(b, "median", value(list, seconds[repeats / 2]));
    put_number(b, "min", MIN(one, other));
    put_number(b, "max", MAX(one, other));
    json_builder_end_object(b);
}

static void put_line(JsonBuilder *b, const BenchMemory *m, const Line *lines,
                     const Line *line, guint repeats)
{
    char level[16];

    json_builder_begin_object(b);
    put_text(b, "codec", line->codec->name);
    put_text(b, "level", level_name(line, level, sizeof(level)));
    put_number(b, "ratio", ratio(m, line));
    put_count(b, "wire_bytes", line->wire);
    put_count(b, "store_bytes", line->store_bytes);
    put_spread(b, "encode_mb_per_s", mb_per_s, &m->once,
               line->seconds[ENCODE], repeats);
    put_spread(b, "decode_mb_per_s", mb_per_s, &m->once,
               line->seconds[DECODE], repeats);
    put_number(b, "encode_by_vanilla",
               by_vanilla(lines, line, ENCODE, repeats));
    put_number(b, "decode_by_vanilla",
               by_vanilla(lines, line, DECODE, repeats));
    if (m->again.n) {
        put_spread(b, "again_encode_us_per_page", us_per_page, &m->again,
                   line->seconds[ENCODE_AGAIN], repeats);
        put_spread(b, "again_decode_us_per_page", us_per_page, &m->again,
                   line->seconds[DECODE_AGAIN], repeats);
        put_number(b, "again_bytes_per_page", bytes_per_page(m, line));
    }
    json_builder_end_object(b);
}

static void put_memory(JsonBuilder *b, const BenchMemory *m,
                       const Line *lines, guint n, guint repeats)
{
    json_builder_begin_object(b);
    put_text(b, "name", m->name);
    put_count(b, "used_pages", m->used_pages);
    put_count(b, "once_pages", m->once.n);
    put_count(b, "changed_pages", m->changed_pages);
    put_count(b, "again_pages", m->again.n);
    json_builder_set_member_name(b, "lines");
    json_builder_begin_array(b);
    for (guint i = 0; i < n; i++) {
        put_line(b, m, lines, &lines[i], repeats);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
}

static void put_head(JsonBuilder *b, const Options *o)
{
    const char *commit = g_getenv("LPM_COMMIT");
    struct utsname machine;

    uname(&machine);
    json_builder_begin_object(b);
    put_text(b, "bench", "codec");
    put_text(b, "machine", machine.machine);
    put_text(b, "compiler", __VERSION__);
    put_text(b, "zstd", ZSTD_versionString());
    put_text(b, "commit", commit ? commit : "unknown");
    put_count(b, "page_bytes", BENCH_PAGE);
    put_count(b, "packet_bytes", BENCH_PACKET);
    put_count(b, "repeats", o->repeats);
    json_builder_set_member_name(b, "memories");
    json_builder_begin_array(b);
}

static gboolean write_json(JsonBuilder *b, const char *path, GError **error)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_end_array(b);
    json_builder_end_object(b);
    root = json_builder_get_root(b);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    return json_generator_to_file(generator, path, error);
}

static void bench_memory(BenchMemory *m, const Options *o, JsonBuilder *b)
{
    g_autofree Line *lines = g_new0(Line, MAX_LINES);
    guint n = make_lines(o, lines);

    run_lines(m, lines, n, o->repeats);
    print_table(m, lines, n, o->repeats);
    put_memory(b, m, lines, n, o->repeats);
    bench_memory_free(m);
}

static void bench_made(const Options *o, JsonBuilder *b)
{
    for (int kind = 0; kind < PAGES_LAST; kind++) {
        if (!o->made || g_str_equal(o->made, pages_names[kind])) {
            bench_memory(bench_memory_made(kind, (gsize)o->megabytes << 20),
                         o, b);
        }
    }
}

static gboolean bench_images(const Options *o, JsonBuilder *b,
                             GError **error)
{
    for (guint i = 0; i < o->images->len; i++) {
        const char *second = o->later->pdata[i];
        BenchMemory *m = bench_memory_read(o->images->pdata[i],
                                           *second ? second : NULL,
                                           (gsize)o->megabytes << 20, error);

        if (!m) {
            return FALSE;
        }
        bench_memory(m, o, b);
    }
    return TRUE;
}

static gboolean bad_option(GError **error, const char *option,
                           const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %s",
                option, why);
    return FALSE;
}

static gboolean option_image(const char *option G_GNUC_UNUSED,
                             const char *value, gpointer data,
                             GError **error G_GNUC_UNUSED)
{
    Options *o = data;

    g_ptr_array_add(o->images, g_strdup(value));
    g_ptr_array_add(o->later, g_strdup(""));
    return TRUE;
}

static gboolean option_again(const char *option, const char *value,
                             gpointer data, GError **error)
{
    Options *o = data;
    guint n = o->later->len;

    if (n == 0 || *(char *)o->later->pdata[n - 1]) {
        return bad_option(error, option, "follows its --image, once");
    }
    g_free(o->later->pdata[n - 1]);
    o->later->pdata[n - 1] = g_strdup(value);
    return TRUE;
}

static gboolean option_level(const char *option, const char *value,
                             gpointer data, GError **error)
{
    Options *o = data;
    int level = LPM_LEVEL_NONE;

    if (!g_str_equal(value, "none")) {
        char *end;
        gint64 given = g_ascii_strtoll(value, &end, 10);

        if (end == value || *end || given == 0 || given < ZSTD_minCLevel() ||
            given > ZSTD_maxCLevel()) {
            return bad_option(error, option, "takes a level of zstd, or none");
        }
        level = given;
    }
    if (o->levels->len == MAX_LINES - 2) {
        return bad_option(error, option, "is given too often");
    }
    g_array_append_val(o->levels, level);
    return TRUE;
}

static gboolean check_options(const Options *o, GError **error)
{
    gboolean known = !o->made;

    if (o->repeats < 1 || o->repeats > MAX_REPEATS) {
        return bad_option(error, "--repeats", "is out of range");
    }
    if (o->megabytes < (o->images->len ? 0 : 1)) {
        return bad_option(error, "--megabytes", "is out of range");
    }
    if (o->vanilla_level == 0 || o->vanilla_level < ZSTD_minCLevel() ||
        o->vanilla_level > ZSTD_maxCLevel()) {
        return bad_option(error, "--vanilla", "takes a level of zstd");
    }
    if (o->made && o->images->len) {
        return bad_option(error, "--data", "is of made pages, not of images");
    }
    for (int kind = 0; kind < PAGES_LAST && !known; kind++) {
        known = g_str_equal(o->made, pages_names[kind]);
    }
    return known || bad_option(error, "--data", "names no made pages");
}

static gboolean parse(Options *o, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "image", 'i', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK,
          option_image, "RAM of a guest instead of made pages", "FIRST" },
        { "again", 'a', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK,
          option_again, "The same RAM later, behind its --image", "SECOND" },
        { "megabytes", 'm', 0, G_OPTION_ARG_INT, &o->megabytes,
          "Pages once and again, each at most; 0: all of an image (32)",
          "N" },
        { "repeats", 'r', 0, G_OPTION_ARG_INT, &o->repeats,
          "Of each line, 1 to 101 (5)", "N" },
        { "level", 'l', 0, G_OPTION_ARG_CALLBACK, option_level,
          "Of our codec: none, or as zstd has; can be repeated (the ladder)",
          "LEVEL" },
        { "vanilla", 'v', 0, G_OPTION_ARG_INT, &o->vanilla_level,
          "Level of vanilla's codec (1)", "LEVEL" },
        { "data", 'd', 0, G_OPTION_ARG_STRING, &o->made,
          "One kind of made pages only", "NAME" },
        { "json", 'j', 0, G_OPTION_ARG_FILENAME, &o->json,
          "Write the figures there, too", "FILE" },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new("bench-codec", "", "", o, NULL);

    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    g_option_context_set_summary(
        context, "Our codec next to QEMU's, one thread, CPU time.");
    if (!g_option_context_parse(context, argc, argv, error)) {
        return FALSE;
    }
    if (*argc > 1) {
        return bad_option(error, (*argv)[1], "is no option");
    }
    return check_options(o, error);
}

static gboolean bench(const Options *o, GError **error)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    put_head(b, o);
    if (o->images->len == 0) {
        bench_made(o, b);
    } else if (!bench_images(o, b, error)) {
        return FALSE;
    }
    return !o->json || write_json(b, o->json, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) later = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GError) error = NULL;
    Options o = {
        .megabytes = 32, .repeats = 5, .vanilla_level = 1,
        .images = images, .later = later, .levels = levels,
    };
    gboolean good = parse(&o, &argc, &argv, &error) && bench(&o, &error);

    if (!good) {
        fprintf(stderr, "bench-codec: %s\n", error->message);
    }
    g_free(o.made);
    g_free(o.json);
    return good ? 0 : 1;
}
