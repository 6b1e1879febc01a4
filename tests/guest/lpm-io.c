/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest program: how fast a disk reads or writes blocks of one size.
 *
 * usage: lpm-io PATH read|write BYTES DEPTH MILLISECONDS
 *
 * DEPTH requests are under way, with O_DIRECT and at places that follow from
 * their number only, so that each disk is asked for the same.  They are the
 * kernel's asynchronous ones: threads would measure the emulated guest's
 * scheduler.  What ends in the first WARM_MS is not counted.  Of the rest one
 * line is printed.
 *
 * Speed is worth nothing if the data are wrong: every 4096 bytes of the disk
 * begin with their place (u64, little endian).  The host makes it so, writes
 * keep it, and reads look at the first and the last of theirs.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096u
#define BYTES_MAX (1u << 20)
#define DEPTH_MAX 128
#define WARM_MS 100

typedef struct Request {
    struct iocb cb;
    uint8_t *buffer;
    uint64_t start_ns;
} Request;

static int fd;
static bool writes;
static uint32_t bytes;
static uint64_t places;
static uint64_t state = 1;
static uint32_t *samples_us;
static size_t count, room;
static uint64_t requests, errors, bad;

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void add(uint64_t ns)
{
    if (count == room) {
        room = room ? 2 * room : 4096;
        samples_us = realloc(samples_us, room * sizeof(*samples_us));
        if (!samples_us) {
            abort();
        }
    }
    samples_us[count++] = (uint32_t)(ns / 1000);
}

static bool marked(const Request *req, uint32_t block)
{
    uint64_t place;

    memcpy(&place, req->buffer + block, sizeof(place));
    return le64toh(place) == (uint64_t)req->cb.aio_offset + block;
}

static void mark(Request *req)
{
    for (uint32_t block = 0; block < bytes; block += BLOCK) {
        uint64_t place = htole64((uint64_t)req->cb.aio_offset + block);

        memcpy(req->buffer + block, &place, sizeof(place));
    }
}

static void prepare(Request *req)
{
    state = state * UINT64_C(6364136223846793005) +
            UINT64_C(1442695040888963407);
    req->cb.aio_data = (uintptr_t)req;
    req->cb.aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
    req->cb.aio_fildes = fd;
    req->cb.aio_buf = (uintptr_t)req->buffer;
    req->cb.aio_nbytes = bytes;
    req->cb.aio_offset = (int64_t)((state >> 33) % places * bytes);
    if (writes) {
        mark(req);
    }
}

/* Returns: how many are under way now. */
static long submit(aio_context_t context, struct iocb **list, long n)
{
    long sent = 0;
    uint64_t now = clock_ns();

    for (long i = 0; i < n; i++) {
        ((Request *)(uintptr_t)list[i]->aio_data)->start_ns = now;
    }
    while (sent < n) {
        long ret = syscall(SYS_io_submit, context, n - sent, list + sent);

        if (ret <= 0) {
            errors += n - sent;
            return sent;
        }
        sent += ret;
    }
    return sent;
}

static void finished(const Request *req, int64_t result)
{
    requests++;
    if (result != (int64_t)bytes) {
        errors++;
    } else if (!writes && !(marked(req, 0) && marked(req, bytes - BLOCK))) {
        bad++;
    }
}

/* Returns: when it ended: later than @until_ns if nothing had by then. */
static uint64_t run(aio_context_t context, Request *all, long depth,
                    uint64_t from_ns, uint64_t until_ns)
{
    struct io_event events[DEPTH_MAX];
    struct iocb *list[DEPTH_MAX];
    long n = depth, busy = 0;

    for (long i = 0; i < depth; i++) {
        prepare(&all[i]);
        list[i] = &all[i].cb;
    }
    while ((busy += submit(context, list, n)) > 0) {
        long got = syscall(SYS_io_getevents, context, 1L, depth, events,
                           NULL);
        uint64_t now = clock_ns();

        if (!count && now > until_ns) {
            until_ns = now;
        }
        n = 0;
        for (long i = 0; i < got; i++) {
            Request *req = (Request *)(uintptr_t)events[i].data;

            busy--;
            finished(req, events[i].res);
            if (now > from_ns && now <= until_ns) {
                add(now - req->start_ns);
            }
            if (now < until_ns && !errors) {
                prepare(req);
                list[n++] = &req->cb;
            }
        }
    }
    return until_ns;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int fault(const char *what)
{
    printf("IO fault=%s errors=%" PRIu64 "\n", what, errors);
    return 1;
}

static int report(double seconds)
{
    if (!count) {
        return fault("nothing-ended");
    }
    qsort(samples_us, count, sizeof(*samples_us), compare);
    printf("IO iops=%.2f mib_s=%.3f median_us=%u p99_us=%u max_us=%u "
           "count=%zu all=%" PRIu64 " errors=%" PRIu64 " bad=%" PRIu64 "\n",
           count / seconds, count / seconds * bytes / (1 << 20),
           samples_us[count / 2], samples_us[count * 99 / 100],
           samples_us[count - 1], count, requests, errors, bad);
    return errors || bad;
}

int main(int argc, char **argv)
{
    static Request all[DEPTH_MAX];
    aio_context_t context = 0;
    uint64_t from_ns, ns;
    long depth;
    off_t end;

    if (argc != 6 || (strcmp(argv[2], "read") && strcmp(argv[2], "write"))) {
        return fault("usage");
    }
    writes = !strcmp(argv[2], "write");
    bytes = strtoul(argv[3], NULL, 10);
    depth = strtol(argv[4], NULL, 10);
    ns = strtoull(argv[5], NULL, 10) * 1000000;
    if (bytes < BLOCK || bytes > BYTES_MAX || bytes % BLOCK || depth < 1 ||
        depth > DEPTH_MAX || !ns) {
        return fault("range");
    }
    fd = open(argv[1], (writes ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
    if (fd < 0) {
        return fault(strerror(errno));
    }
    end = lseek(fd, 0, SEEK_END);
    places = end > 0 ? (uint64_t)end / bytes : 0;
    if (!places || syscall(SYS_io_setup, depth, &context) < 0) {
        return fault(places ? strerror(errno) : "size");
    }
    for (long i = 0; i < depth; i++) {
        void *buffer;

        if (posix_memalign(&buffer, 65536, bytes)) {
            abort();
        }
        all[i].buffer = memset(buffer, (int)i, bytes);
    }
    from_ns = clock_ns() + WARM_MS * UINT64_C(1000000);
    ns = run(context, all, depth, from_ns, from_ns + ns) - from_ns;
    return report(ns / 1e9);
}
