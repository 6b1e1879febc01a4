/*
 * What the codecs are given: made pages, or those of a captured image
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench-memory.h"

#define AGAIN_PERCENT   15
#define UPDATE          64u
/* What a stream looks back at. */
#define PIECE_PAGES     (4u * 1024 * 1024 / BENCH_PAGE)

static BenchMemory *memory_new(const char *name, gsize pages)
{
    BenchMemory *memory = g_new0(BenchMemory, 1);

    memory->name = g_strdup(name);
    memory->bytes = pages * BENCH_PAGE;
    memory->now = g_malloc(memory->bytes);
    memory->first = g_malloc(memory->bytes);
    memory->second = g_malloc(memory->bytes);
    memory->before.offsets = g_new(guint64, pages);
    memory->once.offsets = g_new(guint64, pages);
    memory->again.offsets = g_new(guint64, pages);
    return memory;
}

void bench_memory_free(BenchMemory *memory)
{
    if (memory) {
        g_free(memory->name);
        g_free(memory->now);
        g_free(memory->first);
        g_free(memory->second);
        g_free(memory->before.offsets);
        g_free(memory->once.offsets);
        g_free(memory->again.offsets);
        g_free(memory);
    }
}

void bench_memory_rewind(BenchMemory *memory)
{
    memcpy(memory->now, memory->first, memory->bytes);
}

void bench_memory_advance(BenchMemory *memory)
{
    for (gsize i = 0; i < memory->again.n; i++) {
        guint64 at = memory->again.offsets[i];

        memcpy(memory->now + at, memory->second + at, BENCH_PAGE);
    }
}

static void add(BenchList *list, gsize page)
{
    list->offsets[list->n++] = page * BENCH_PAGE;
}

BenchMemory *bench_memory_made(PagesKind kind, gsize bytes)
{
    gsize pages = bytes / BENCH_PAGE;
    BenchMemory *memory = memory_new(pages_names[kind], pages);
    guint64 seed = 1;

    pages_fill(kind, memory->first, memory->bytes, &seed);
    memcpy(memory->second, memory->first, memory->bytes);
    for (gsize i = 0; i < pages; i++) {
        add(&memory->once, i);
        /* 37 is prime to 100: each hundred pages has all numbers once. */
        if (i * 37 % 100 < AGAIN_PERCENT) {
            gsize at = pages_next(&seed) % ((BENCH_PAGE - UPDATE) / 8 + 1) * 8;

            pages_fill_random(memory->second + i * BENCH_PAGE + at, UPDATE,
                              &seed);
            add(&memory->again, i);
        }
    }
    memory->used_pages = pages;
    memory->changed_pages = memory->again.n;
    return memory;
}

static gboolean is_zero(const guint8 *page)
{
    static const guint8 zeros[BENCH_PAGE];

    return memcmp(page, zeros, BENCH_PAGE) == 0;
}

static GMappedFile *map(const char *path, GError **error)
{
    GMappedFile *file = g_mapped_file_new(path, FALSE, error);
    gsize bytes = file ? g_mapped_file_get_length(file) : 0;

    if (file && (bytes == 0 || bytes % BENCH_PAGE != 0)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: %" G_GSIZE_FORMAT " bytes, which are no whole pages",
                    path, bytes);
        g_clear_pointer(&file, g_mapped_file_unref);
    }
    return file;
}

/* Which pages of an image are sent, by number. */
typedef struct Choice {
    const guint8 *first;
    const guint8 *second;   /* or the same as first */
    gsize pages;
    GArray *used;
    GArray *changed;
} Choice;

static void look(Choice *c)
{
    for (guint64 i = 0; i < c->pages; i++) {
        const guint8 *old = c->first + i * BENCH_PAGE;
        const guint8 *new = c->second + i * BENCH_PAGE;

        if (!is_zero(old)) {
            g_array_append_val(c->used, i);
        }
        if (old != new && memcmp(old, new, BENCH_PAGE) != 0 &&
            !is_zero(new)) {
            g_array_append_val(c->changed, i);
        }
    }
}

/* Leaves at most @most of the numbers, in pieces from everywhere. */
static void thin_out(GArray *numbers, gsize most)
{
    gsize piece = MIN(PIECE_PAGES, most);
    gsize pieces = most / MAX(piece, 1);
    gsize n = numbers->len;

    if (most == 0 || n <= most) {
        return;
    }
    for (gsize i = 0; i < pieces; i++) {
        guint64 *all = (guint64 *)numbers->data;

        memmove(all + i * piece, all + i * n / pieces,
                piece * sizeof(*all));
    }
    g_array_set_size(numbers, pieces * piece);
}

static gboolean take(const GArray *numbers, guint *at, guint64 page)
{
    if (*at < numbers->len && g_array_index(numbers, guint64, *at) == page) {
        (*at)++;
        return TRUE;
    }
    return FALSE;
}

/* How many pages are in any of both. */
static gsize count(const Choice *c)
{
    gsize n = 0;
    guint u = 0;
    guint a = 0;

    for (guint64 page = 0; page < c->pages; page++) {
        gboolean once = take(c->used, &u, page);
        gboolean again = take(c->changed, &a, page);

        n += once || again;
    }
    return n;
}

static void collect(BenchMemory *memory, const Choice *c)
{
    gsize to = 0;
    guint u = 0;
    guint a = 0;

    for (guint64 page = 0; page < c->pages; page++) {
        const guint8 *old = c->first + page * BENCH_PAGE;
        gboolean once = take(c->used, &u, page);
        gboolean again = take(c->changed, &a, page);

        if (!once && !again) {
            continue;
        }
        memcpy(memory->first + to * BENCH_PAGE, old, BENCH_PAGE);
        memcpy(memory->second + to * BENCH_PAGE,
               c->second + page * BENCH_PAGE, BENCH_PAGE);
        if (once) {
            add(&memory->once, to);
        } else if (!is_zero(old)) {
            add(&memory->before, to);
        }
        if (again) {
            add(&memory->again, to);
        }
        to++;
    }
}

static BenchMemory *choose(const char *path, Choice *c, gsize most,
                           GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    BenchMemory *memory;
    gsize used;
    gsize changed;

    look(c);
    used = c->used->len;
    changed = c->changed->len;
    if (used == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: all pages are zero, nothing to send", path);
        return NULL;
    }
    thin_out(c->used, most);
    thin_out(c->changed, most);
    memory = memory_new(name, count(c));
    memory->used_pages = used;
    memory->changed_pages = changed;
    collect(memory, c);
    return memory;
}

BenchMemory *bench_memory_read(const char *first, const char *second,
                               gsize most_bytes, GError **error)
{
    g_autoptr(GMappedFile) a = map(first, error);
    g_autoptr(GMappedFile) b = a ? map(second ? second : first, error) : NULL;
    g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GArray) changed = g_array_new(FALSE, FALSE, sizeof(guint64));
    Choice c = { .used = used, .changed = changed };

    if (!b) {
        return NULL;
    }
    if (g_mapped_file_get_length(a) != g_mapped_file_get_length(b)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s and %s are of different size", first, second);
        return NULL;
    }
    c.first = (const guint8 *)g_mapped_file_get_contents(a);
    c.second = second ? (const guint8 *)g_mapped_file_get_contents(b)
                      : c.first;
    c.pages = g_mapped_file_get_length(a) / BENCH_PAGE;
    return choose(first, &c, most_bytes / BENCH_PAGE, error);
}
