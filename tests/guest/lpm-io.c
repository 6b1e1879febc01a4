/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest program: how fast a disk reads or writes blocks of one size.
 *
 * usage: lpm-io PATH read|write BYTES THREADS MILLISECONDS
 *
 * Each thread has one request under way, with O_DIRECT and at places that
 * follow from its number only, so that each disk is asked for the same.  What
 * ends in the first WARM_MS is not counted: under emulation code is
 * translated then.  Of the rest one line is printed.
 *
 * Speed is worth nothing if the data are wrong: every 4096 bytes of the disk
 * begin with their place (u64, little endian).  The host makes it so, writes
 * keep it, and reads look at the first and the last of theirs.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096u
#define BYTES_MAX (1u << 20)
#define THREADS_MAX 64
#define WARM_MS 250

typedef struct Samples {
    uint32_t *us;
    size_t count, room;
} Samples;

typedef struct Worker {
    pthread_t thread;
    uint64_t random;
    Samples samples;
    uint64_t all, errors, bad;
} Worker;

static int fd;
static bool writes;
static uint32_t bytes;
static uint64_t places;
static uint64_t from_ns, until_ns;

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void add(Samples *samples, uint32_t us)
{
    if (samples->count == samples->room) {
        samples->room = samples->room ? 2 * samples->room : 4096;
        samples->us = realloc(samples->us,
                              samples->room * sizeof(*samples->us));
        if (!samples->us) {
            abort();
        }
    }
    samples->us[samples->count++] = us;
}

static bool marked(const uint8_t *buffer, uint64_t at, uint32_t block)
{
    uint64_t mark;

    memcpy(&mark, buffer + block, sizeof(mark));
    return mark == htole64(at + block);
}

static void mark(uint8_t *buffer, uint64_t at)
{
    for (uint32_t block = 0; block < bytes; block += BLOCK) {
        uint64_t place = htole64(at + block);

        memcpy(buffer + block, &place, sizeof(place));
    }
}

static bool transfer(Worker *worker, uint8_t *buffer, uint64_t at)
{
    ssize_t n;

    if (writes) {
        n = pwrite(fd, buffer, bytes, (off_t)at);
    } else {
        n = pread(fd, buffer, bytes, (off_t)at);
        if (n == (ssize_t)bytes && !(marked(buffer, at, 0) &&
                                     marked(buffer, at, bytes - BLOCK))) {
            worker->bad++;
        }
    }
    worker->all++;
    worker->errors += n != (ssize_t)bytes;
    return n == (ssize_t)bytes;
}

static void *work(void *opaque)
{
    Worker *worker = opaque;
    void *buffer = NULL;
    bool good = true;
    uint64_t end = 0;

    if (posix_memalign(&buffer, 65536, bytes)) {
        abort();
    }
    memset(buffer, (int)worker->random, bytes);
    while (good && end < until_ns) {
        uint64_t start, at;

        worker->random = worker->random * UINT64_C(6364136223846793005) +
                         UINT64_C(1442695040888963407);
        at = (worker->random >> 33) % places * bytes;
        if (writes) {
            mark(buffer, at);
        }
        start = clock_ns();
        good = transfer(worker, buffer, at);
        end = clock_ns();
        if (good && end > from_ns && end <= until_ns) {
            add(&worker->samples, (uint32_t)((end - start) / 1000));
        }
    }
    free(buffer);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int report(Worker *workers, unsigned threads)
{
    Samples all = { 0 };
    uint64_t requests = 0, errors = 0, bad = 0;
    double seconds = (until_ns - from_ns) / 1e9;

    for (unsigned i = 0; i < threads; i++) {
        Samples *one = &workers[i].samples;

        for (size_t k = 0; k < one->count; k++) {
            add(&all, one->us[k]);
        }
        free(one->us);
        requests += workers[i].all;
        errors += workers[i].errors;
        bad += workers[i].bad;
    }
    if (!all.count) {
        printf("IO fault=nothing-ended errors=%" PRIu64 "\n", errors);
        return 1;
    }
    qsort(all.us, all.count, sizeof(*all.us), compare);
    printf("IO iops=%.2f mib_s=%.3f median_us=%u p99_us=%u max_us=%u "
           "count=%zu all=%" PRIu64 " errors=%" PRIu64 " bad=%" PRIu64 "\n",
           all.count / seconds, all.count / seconds * bytes / (1 << 20),
           all.us[all.count / 2], all.us[all.count * 99 / 100],
           all.us[all.count - 1], all.count, requests, errors, bad);
    free(all.us);
    return errors || bad;
}

static int fault(const char *what)
{
    printf("IO fault=%s\n", what);
    return 1;
}

int main(int argc, char **argv)
{
    static Worker workers[THREADS_MAX];
    unsigned threads;
    uint64_t ms;
    off_t end;

    if (argc != 6 || (strcmp(argv[2], "read") && strcmp(argv[2], "write"))) {
        return fault("usage");
    }
    writes = !strcmp(argv[2], "write");
    bytes = strtoul(argv[3], NULL, 10);
    threads = strtoul(argv[4], NULL, 10);
    ms = strtoull(argv[5], NULL, 10);
    if (bytes < BLOCK || bytes > BYTES_MAX || bytes % BLOCK || !threads ||
        threads > THREADS_MAX || !ms) {
        return fault("range");
    }
    fd = open(argv[1], (writes ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
    if (fd < 0) {
        return fault(strerror(errno));
    }
    end = lseek(fd, 0, SEEK_END);
    places = end > 0 ? (uint64_t)end / bytes : 0;
    if (!places) {
        return fault("size");
    }
    from_ns = clock_ns() + WARM_MS * UINT64_C(1000000);
    until_ns = from_ns + ms * UINT64_C(1000000);
    for (unsigned i = 0; i < threads; i++) {
        workers[i].random = i + 1;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            return fault("threads");
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    return report(workers, threads);
}
