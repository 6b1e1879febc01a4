/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest program: rewrites and verifies its memory all the time, measures how
 * long its clock stood still, and tells so on the console.
 *
 * Theory of operation.  Memory is an array of 4 KiB pages.  Each begins with
 * a PageHeader; the rest is filled as lpm.fill says.  A writer thread owns
 * every page whose number modulo the number of threads is its own.  It picks
 * one of them, verifies it, changes lpm.touch bytes of it, and stamps it.  Two
 * kinds of damage are found: a page that does not match its own checksum, and
 * a whole page that is intact but old, by its sequence number, which also
 * stands in a table elsewhere.
 *
 * Kernel command line (defaults): lpm.mem=MiB (half of what is free),
 * lpm.rate=pages/s or max (2000), lpm.fill=db|text|random|zero (db),
 * lpm.threads=N (2), lpm.touch=bytes of a page or all (64), lpm.ws=MiB that
 * are written (all of lpm.mem), lpm.interval=ms between lines (100).
 *
 * Commands, a line each: stat, reset (gap_max), check, cpu, rate N, quiet,
 * talk, sh COMMAND, disk ... (lpm-disk.c), quit, reboot.
 */
#include "lpm-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define PAGE_WORDS (PAGE_BYTES / sizeof(uint64_t))
#define PAGE_MAGIC UINT64_C(0x4c504d2070616765)
#define THREADS_MAX 16
#define BAD_LINES_MAX 20

typedef struct PageHeader {
    uint64_t checksum;      /* of all words of the page but this one */
    uint64_t magic;
    uint64_t number;
    uint64_t sequence;
    uint64_t stamp_ms;      /* guest's monotonic clock at the last write */
    uint64_t previous_ms;   /* and at the one before */
    uint64_t writer;
    uint64_t reserved;
} PageHeader;

typedef union Page {
    PageHeader h;
    uint64_t words[PAGE_WORDS];
    uint8_t bytes[PAGE_BYTES];
} Page;

typedef enum Fill { FILL_DB, FILL_TEXT, FILL_RANDOM, FILL_ZERO } Fill;
static const char *const fill_names[] = { "db", "text", "random", "zero" };

typedef struct Writer {
    pthread_mutex_t lock;   /* held while this thread's pages change */
    uint64_t index;
    uint64_t seed;
    atomic_uint_fast64_t writes;
    atomic_uint_fast64_t verified;
} Writer;

static Page *pages;
static uint32_t *sequences;     /* what each page's sequence must be */
static uint64_t page_count;
static uint64_t hot_count;      /* the first so many are written */
static uint64_t touch_bytes = 64;
static Fill fill = FILL_DB;
static unsigned writer_count = 2;
static Writer writers[THREADS_MAX];
static atomic_int_fast64_t rate = 2000;     /* pages/s of all; < 0: max */
static atomic_uint_fast64_t bad_pages;
static atomic_uint_fast64_t gap_reset_ns;   /* longest since `reset` */
static atomic_uint_fast64_t gap_line_ns;    /* longest since the last line */
static atomic_bool quiet;
static bool on_host;
static char cpu_text[96] = "unknown";
static pthread_mutex_t console_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t now_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static uint64_t now_ms(void)
{
    return now_ns(CLOCK_MONOTONIC) / 1000000;
}

static void sleep_ns(uint64_t ns)
{
    struct timespec ts = { ns / 1000000000, ns % 1000000000 };

    nanosleep(&ts, NULL);
}

/* One write() per line, so that lines of two threads never mix. */
void say(const char *format, ...)
{
    char line[512] = "# ";
    size_t done = on_host ? 0 : 2;  /* to a host's eye it is a comment */
    va_list ap;
    int len;

    va_start(ap, format);
    len = 2 + vsnprintf(line + 2, sizeof(line) - 3, format, ap);
    va_end(ap);
    if (len > (int)sizeof(line) - 2) {
        len = sizeof(line) - 2;
    }
    line[len++] = '\n';
    pthread_mutex_lock(&console_lock);
    while (done < (size_t)len) {
        ssize_t n = write(STDOUT_FILENO, line + done, len - done);

        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            break;
        }
        done += n > 0 ? n : 0;
    }
    pthread_mutex_unlock(&console_lock);
}

/* splitmix64: any seed will do, and it is quick under emulation. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/*
 * A sum of words, each times an odd constant of its own: one wrong word is
 * always found, swapped words are, too, and a changed word is put in by its
 * difference alone.
 */
static uint64_t word_weight(size_t i)
{
    return i * UINT64_C(0x9e3779b97f4a7c16) + 1;
}

static uint64_t page_checksum(const Page *page)
{
    uint64_t sum = 0;
    uint64_t weight = word_weight(1);

    for (size_t i = 1; i < PAGE_WORDS; i++) {
        sum += page->words[i] * weight;
        weight += UINT64_C(0x9e3779b97f4a7c16);
    }
    return sum;
}

static const char words[32][8] = {
    "account ", "balance ", "carrier ", "deliver ", "express ", "freight ",
    "general ", "handled ", "invoice ", "journal ", "keyword ", "ledgers ",
    "monthly ", "network ", "ordered ", "payment ", "quality ", "receipt ",
    "storage ", "tracked ", "updated ", "voucher ", "waiting ", "express ",
    "annual  ", "zones   ", "pending ", "shipped ", "closed  ", "open    ",
    "return  ", "partner ",
};

/* A row as a database keeps it: keys, an amount, flags, names, padding. */
typedef struct Row {
    uint32_t id;
    uint32_t customer;
    uint64_t changed_us;
    uint32_t amount;
    uint16_t status;
    uint16_t branch;
    char name[16];
    char text[24];
} Row;

static void fill_row(Row *row, uint64_t id, uint64_t *random)
{
    uint64_t r = next_random(random);
    uint64_t q = next_random(random);

    row->id = id;
    row->customer = r & 0xfff;
    row->changed_us = UINT64_C(1700000000000000) + id * 1024 + (q & 0x7f);
    row->amount = (r >> 20) & 0xfff;
    row->status = (r >> 36) & 3;
    row->branch = (r >> 38) & 15;
    memcpy(row->name, words[(r >> 46) & 31], 8);
    memset(row->name + 8, ' ', 8);
    memcpy(row->text, words[(r >> 56) & 31], 8);
    memcpy(row->text + 8, words[(q >> 16) & 31], 8);
    memset(row->text + 16, ' ', 8);
    /* A number in digits, as references are. */
    for (int i = 0; i < 2; i++) {
        row->text[22 + i] = "0123456789abcdef"[(q >> (26 + 4 * i)) & 15];
    }
}

/* Fill @len bytes (a multiple of 8) at @offset behind the header. */
static void fill_bytes(Page *page, size_t offset, size_t len,
                       uint64_t *random)
{
    uint64_t *to = (uint64_t *)(page->bytes + sizeof(PageHeader) + offset);
    size_t count = len / sizeof(uint64_t);
    size_t i;

    switch (fill) {
    case FILL_DB:
        for (i = 0; i + 8 <= count; i += 8) {
            Row row;

            fill_row(&row, page->h.number * 63 + (offset / 8 + i) / 8,
                     random);
            memcpy(to + i, &row, sizeof(row));
        }
        for (; i < count; i++) {
            to[i] = next_random(random) & 0xffff;
        }
        break;
    case FILL_TEXT:
        for (i = 0; i < count; i++) {
            memcpy(to + i, words[next_random(random) & 31], 8);
        }
        break;
    case FILL_RANDOM:
        for (i = 0; i < count; i++) {
            to[i] = next_random(random);
        }
        break;
    case FILL_ZERO:
        memset(to, 0, len);
        break;
    }
}

static void page_init(Page *page, uint64_t number, uint64_t writer,
                      uint64_t *random)
{
    memset(&page->h, 0, sizeof(page->h));
    page->h.magic = PAGE_MAGIC;
    page->h.number = number;
    page->h.sequence = sequences[number];
    page->h.stamp_ms = now_ms();
    page->h.previous_ms = page->h.stamp_ms;
    page->h.writer = writer;
    fill_bytes(page, 0, PAGE_BYTES - sizeof(PageHeader), random);
    page->h.checksum = page_checksum(page);
}

static bool page_is_good(const Page *page, uint64_t number)
{
    return page->h.magic == PAGE_MAGIC && page->h.number == number &&
           page->h.sequence == sequences[number] &&
           page->h.checksum == page_checksum(page);
}

/* Count it, describe it, and make it whole so that it counts once. */
static void report_bad(Page *page, uint64_t number, uint64_t *random)
{
    if (atomic_fetch_add(&bad_pages, 1) < BAD_LINES_MAX) {
        say("BAD page=%" PRIu64 " at=%p number=%" PRIu64 " seq=%" PRIu64
            " want_seq=%" PRIu32 " sum=%016" PRIx64 " want_sum=%016" PRIx64
            " stamp=%" PRIu64 " previous=%" PRIu64 " now=%" PRIu64,
            number, (void *)page, page->h.number, page->h.sequence,
            sequences[number], page_checksum(page), page->h.checksum,
            page->h.stamp_ms, page->h.previous_ms, now_ms());
    }
    page_init(page, number, number % writer_count, random);
}

static void page_update(Writer *w, uint64_t number)
{
    Page *page = &pages[number];
    uint64_t room = PAGE_BYTES - sizeof(PageHeader);

    if (!page_is_good(page, number)) {
        report_bad(page, number, &w->seed);
    }
    page->h.sequence = ++sequences[number];
    page->h.previous_ms = page->h.stamp_ms;
    page->h.stamp_ms = now_ms();
    if (touch_bytes >= room) {
        fill_bytes(page, 0, room, &w->seed);
    } else {
        size_t at = next_random(&w->seed) % (room / touch_bytes);

        fill_bytes(page, at * touch_bytes, touch_bytes, &w->seed);
    }
    page->h.checksum = page_checksum(page);
    atomic_fetch_add(&w->verified, 1);
    atomic_fetch_add(&w->writes, 1);
}

static void *writer_main(void *opaque)
{
    Writer *w = opaque;
    uint64_t own = (hot_count - w->index + writer_count - 1) / writer_count;
    uint64_t next_ns = now_ns(CLOCK_MONOTONIC);

    for (;;) {
        const uint64_t slice_ns = 10 * 1000000;
        int64_t per_second = atomic_load(&rate);
        uint64_t batch = per_second < 0 ? 64
            : (per_second * slice_ns / 1000000000 + writer_count - 1
               - w->index) / writer_count;
        uint64_t now;

        pthread_mutex_lock(&w->lock);
        for (uint64_t i = 0; i < batch && own; i++) {
            uint64_t pick = next_random(&w->seed) % own;

            page_update(w, pick * writer_count + w->index);
        }
        pthread_mutex_unlock(&w->lock);
        if (per_second < 0) {
            continue;
        }
        next_ns += slice_ns;
        now = now_ns(CLOCK_MONOTONIC);
        if (next_ns > now) {
            sleep_ns(next_ns - now);
        } else if (now - next_ns > 10 * slice_ns) {
            next_ns = now;      /* we stood still; do not catch up */
        }
    }
    return NULL;
}

static void raise_to(atomic_uint_fast64_t *value, uint64_t to)
{
    uint64_t seen = atomic_load(value);

    while (seen < to && !atomic_compare_exchange_weak(value, &seen, to)) {
    }
}

static void *gap_main(void *opaque)
{
    struct sched_param param = { .sched_priority = 50 };
    uint64_t last = now_ns(CLOCK_MONOTONIC);

    /* The guest's own load must not look like a pause of the guest. */
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
    for (;;) {
        uint64_t now;

        sleep_ns(1000000);
        now = now_ns(CLOCK_MONOTONIC);
        raise_to(&gap_line_ns, now - last);
        raise_to(&gap_reset_ns, now - last);
        last = now;
    }
    return opaque;
}

static void read_cpu(void)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[160];

    while (f && fgets(line, sizeof(line), f)) {
        char *value = strchr(line, ':');

        if (value && !strncmp(line, "cpu", 3)) {
            line[strcspn(line, "\n")] = 0;
            snprintf(cpu_text, sizeof(cpu_text), "%s",
                     value + 1 + (value[1] == ' '));
            if (strncmp(line, "cpu family", 10)) {
                break;
            }
        }
    }
    if (f) {
        fclose(f);
    }
}

static void status_line(void)
{
    uint64_t writes = 0;
    uint64_t verified = 0;

    for (unsigned i = 0; i < writer_count; i++) {
        writes += atomic_load(&writers[i].writes);
        verified += atomic_load(&writers[i].verified);
    }
    say("LPM t=%" PRIu64 " real=%" PRIu64 " up=%.2f writes=%" PRIu64
        " verified=%" PRIu64 " bad=%" PRIu64 " gap=%" PRIu64 " gap_max=%"
        PRIu64 " cpu=%s", now_ms(), now_ns(CLOCK_REALTIME) / 1000000,
        now_ns(CLOCK_BOOTTIME) / 1e9, writes, verified,
        (uint64_t)atomic_load(&bad_pages),
        (uint64_t)atomic_exchange(&gap_line_ns, 0) / 1000000,
        (uint64_t)atomic_load(&gap_reset_ns) / 1000000, cpu_text);
}

static void *line_main(void *opaque)
{
    uint64_t interval_ms = *(uint64_t *)opaque;

    for (;;) {
        sleep_ns(interval_ms * 1000000);
        if (!atomic_load(&quiet)) {
            status_line();
        }
    }
    return NULL;
}

static void check_all(void)
{
    uint64_t before = atomic_load(&bad_pages);
    uint64_t seed = now_ms();

    for (unsigned t = 0; t < writer_count; t++) {
        for (uint64_t i = t; i < page_count;) {
            /* A slice at a time: the writers go on in between. */
            pthread_mutex_lock(&writers[t].lock);
            for (int n = 0; n < 64 && i < page_count; n++) {
                if (!page_is_good(&pages[i], i)) {
                    report_bad(&pages[i], i, &seed);
                }
                i += writer_count;
            }
            pthread_mutex_unlock(&writers[t].lock);
        }
    }
    say("CHECK pages=%" PRIu64 " bad=%" PRIu64, page_count,
        (uint64_t)atomic_load(&bad_pages) - before);
}

static void set_rate(const char *text)
{
    atomic_store(&rate, strcmp(text, "max") ? strtoll(text, NULL, 10) : -1);
}

static void run_shell(const char *command)
{
    FILE *f = popen(command, "r");
    char line[400];
    int status;

    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        say("SH %s", line);
    }
    status = f ? pclose(f) : -1;
    say("SH exit=%d", status < 0 ? -1 : status >> 8 | (status & 0x7f));
}

static void obey(char *line)
{
    line[strcspn(line, "\r\n")] = 0;
    if (!strcmp(line, "stat")) {
        status_line();
    } else if (!strcmp(line, "reset")) {
        atomic_store(&gap_line_ns, 0);
        atomic_store(&gap_reset_ns, 0);
        say("RESET");
    } else if (!strcmp(line, "check")) {
        check_all();
    } else if (!strcmp(line, "cpu")) {
        read_cpu();
        say("CPU %s", cpu_text);
    } else if (!strncmp(line, "rate ", 5)) {
        set_rate(line + 5);
        say("RATE %" PRId64, (int64_t)atomic_load(&rate));
    } else if (!strcmp(line, "quiet") || !strcmp(line, "talk")) {
        atomic_store(&quiet, line[0] == 'q');
        say("%s", line[0] == 'q' ? "QUIET" : "TALK");
    } else if (!strncmp(line, "sh ", 3)) {
        run_shell(line + 3);
    } else if (!strncmp(line, "disk ", 5)) {
        disk_obey(line + 5);
    } else if (!strcmp(line, "quit")) {
        say("QUIT");
        tcdrain(STDOUT_FILENO);
        reboot(RB_POWER_OFF);
    } else if (!strcmp(line, "reboot")) {
        say("REBOOT");
        tcdrain(STDOUT_FILENO);
        reboot(RB_AUTOBOOT);
    } else if (line[0]) {
        say("UNKNOWN %s", line);
    }
}

/* The value of lpm.@name= on the kernel's command line, or @otherwise. */
static const char *option(const char *name, const char *otherwise)
{
    static char line[4096];
    static char value[64];
    size_t len = strlen(name);

    if (!line[0]) {
        int fd = open("/proc/cmdline", O_RDONLY);
        ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

        line[n > 0 ? n : 0] = 0;
        if (fd >= 0) {
            close(fd);
        }
    }
    for (const char *at = line; (at = strstr(at, "lpm.")); at++) {
        if ((at == line || at[-1] == ' ') && !strncmp(at + 4, name, len) &&
            at[4 + len] == '=') {
            snprintf(value, sizeof(value), "%.*s",
                     (int)strcspn(at + 5 + len, " \n"), at + 5 + len);
            return value;
        }
    }
    return otherwise;
}

static bool set_fill(const char *name)
{
    for (size_t i = 0; i < sizeof(fill_names) / sizeof(*fill_names); i++) {
        if (!strcmp(name, fill_names[i])) {
            fill = i;
            return true;
        }
    }
    return false;
}

static void allocate(uint64_t count)
{
    page_count = count;
    hot_count = count;
    pages = mmap(NULL, count * PAGE_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sequences = calloc(count, sizeof(*sequences));
    if (pages == MAP_FAILED || !sequences) {
        say("FATAL no memory for %" PRIu64 " pages", count);
        exit(1);
    }
}

/* On a file of this folder; O_DIRECT is not for every file system. */
static int test_disk(void)
{
    char name[] = "lpm-disk-XXXXXX";
    int fd = mkstemp(name);
    int faults = fd < 0 || ftruncate(fd, 1 << 20) < 0;

    if (!faults) {
        faults = disk_self_test(name);
    }
    if (fd >= 0) {
        close(fd);
        unlink(name);
    }
    return faults;
}

/*
 * lpm-checker --dump FILL COUNT: write pages to stdout, to see on the host
 * how well they compress.  lpm-checker --self-test: damage is found.
 */
static int host_main(int argc, char **argv)
{
    uint64_t seed = 1;

    if (argc == 4 && !strcmp(argv[1], "--dump") && set_fill(argv[2])) {
        allocate(strtoull(argv[3], NULL, 10));
        for (uint64_t i = 0; i < page_count; i++) {
            page_init(&pages[i], i, 0, &seed);
        }
        return fwrite(pages, PAGE_BYTES, page_count, stdout) == page_count
               ? 0 : 1;
    }
    if (argc == 2 && !strcmp(argv[1], "--self-test")) {
        Page old;

        allocate(4);
        for (uint64_t i = 0; i < page_count; i++) {
            page_init(&pages[i], i, 0, &seed);
        }
        old = pages[1];
        for (int i = 0; i < 100; i++) {
            page_update(&writers[0], 1);
        }
        printf("TAP version 13\n1..5\n");
        printf("%sok 1 - intact pages are good\n",
               atomic_load(&bad_pages) == 0 && page_is_good(&pages[1], 1)
               ? "" : "not ");
        pages[1].bytes[4095] ^= 1;
        printf("%sok 2 - one flipped bit is found\n",
               page_is_good(&pages[1], 1) ? "not " : "");
        pages[1] = old;
        printf("%sok 3 - an old page is found\n",
               page_is_good(&pages[1], 1) ? "not " : "");
        printf("%sok 4 - a page in the place of another is found\n",
               page_is_good(&pages[2], 3) ? "not " : "");
        fflush(stdout);
        on_host = true;
        printf("%sok 5 - damaged, old and moved records are found\n",
               test_disk() ? "not " : "");
        return 0;
    }
    fprintf(stderr, "usage: %s --dump db|text|random|zero COUNT\n"
            "       %s --self-test\n", argv[0], argv[0]);
    return 2;
}

int main(int argc, char **argv)
{
    static uint64_t interval_ms;
    const char *text;
    struct termios tio;
    pthread_t thread;
    uint64_t count;
    uint64_t seed = 1;
    char line[512];

    if (argc > 1) {
        return host_main(argc, argv);
    }
    if (tcgetattr(STDIN_FILENO, &tio) == 0) {
        tio.c_lflag &= ~(ECHO | ISIG);
        tio.c_lflag |= ICANON;
        tcsetattr(STDIN_FILENO, TCSANOW, &tio);
    }
    read_cpu();
    count = strtoull(option("mem", "0"), NULL, 10) << 8;
    if (!count) {
        count = (uint64_t)sysconf(_SC_AVPHYS_PAGES) *
                sysconf(_SC_PAGESIZE) / PAGE_BYTES / 2;
    }
    allocate(count);
    set_rate(option("rate", "2000"));
    text = option("fill", "db");
    if (!set_fill(text)) {
        say("FATAL lpm.fill=%s: want db, text, random or zero", text);
    }
    text = option("touch", "64");
    touch_bytes = strcmp(text, "all") ? strtoull(text, NULL, 10) & ~7ull
                                      : PAGE_BYTES;
    if (touch_bytes < 8) {
        touch_bytes = 8;
    }
    writer_count = strtoul(option("threads", "2"), NULL, 10);
    if (writer_count < 1 || writer_count > THREADS_MAX) {
        writer_count = 1;
    }
    count = strtoull(option("ws", "0"), NULL, 10) << 8;
    if (count && count < page_count) {
        hot_count = count;
    }
    interval_ms = strtoull(option("interval", "100"), NULL, 10);
    if (!interval_ms) {
        interval_ms = 100;
    }
    for (uint64_t i = 0; i < page_count; i++) {
        page_init(&pages[i], i, i % writer_count, &seed);
    }
    for (unsigned i = 0; i < writer_count; i++) {
        writers[i].index = i;
        writers[i].seed = i + 2;
        pthread_mutex_init(&writers[i].lock, NULL);
    }
    say("LPM ready pages=%" PRIu64 " fill=%s threads=%u rate=%" PRId64
        " touch=%" PRIu64 " ws=%" PRIu64, page_count, fill_names[fill],
        writer_count, (int64_t)atomic_load(&rate), touch_bytes, hot_count);
    for (unsigned i = 0; i < writer_count; i++) {
        pthread_create(&thread, NULL, writer_main, &writers[i]);
    }
    pthread_create(&thread, NULL, gap_main, NULL);
    pthread_create(&thread, NULL, line_main, &interval_ms);
    for (;;) {
        if (fgets(line, sizeof(line), stdin)) {
            obey(line);
        } else {
            /* No console to listen on, or a hang-up: go on alone. */
            clearerr(stdin);
            sleep_ns(100 * 1000000);
        }
    }
}
