/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest program: numbered, checksummed records on disks, read back.
 *
 * Theory of operation.  A disk is an array of slots of one record each.
 * Threads share the slots by their number modulo the number of threads, and
 * write them with O_DIRECT one at a time, so that no two writes to a slot
 * are ever under way.  A number that counts up for the whole disk stands in
 * each record; a table in memory has the number that was last acknowledged
 * for the slot.  What is read must then be exactly that record: a smaller
 * number is a write that was lost, or an earlier one that was applied after
 * it.  A write that ends in an error may or may not have been applied: until
 * the slot's next good write the numbers of both are right.
 *
 * Commands, a line each; PATH is a device or a file:
 *   start PATH [bytes=4096] [slots=N] [threads=4] [reads=PERCENT]
 *              [rate=PER-SECOND] [seed=N]
 *   stat [PATH], reset [PATH] (longest gap and latency)
 *   stop PATH     end, read all back: the last line has end=1
 *   run PATH COUNT [as start]    start, COUNT requests, stop
 *   sg PATH CDB [BYTES|=DATA]    a SCSI command in hexadecimal digits, that
 *                                reads as many bytes, or writes these
 *
 * A record, all numbers little endian: "LPMDISK1", u64 seed, u64 slot, u64
 * number, u64 nanoseconds, u32 bytes of the record, u32 CRC-32 of the record
 * with these four bytes as zeros, then words that follow from the number.
 * tests/e2e/disk.py reads them on the host.
 */
#include "lpm-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <scsi/sg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DISKS_MAX 64
#define DISK_THREADS_MAX 32
#define BYTES_MIN 512
#define BYTES_MAX (1u << 20)
#define ALIGN 4096
#define BAD_LINES_MAX 10
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

typedef struct Record {
    char magic[8];
    uint64_t seed;
    uint64_t slot;
    uint64_t number;
    uint64_t time_ns;
    uint32_t bytes;
    uint32_t crc;
    uint64_t fill[];
} Record;

typedef struct Slot {
    uint64_t number;        /* acknowledged; 0: never written */
    uint64_t maybe;         /* of a write that failed; 0: none */
} Slot;

typedef struct Disk Disk;

typedef struct Worker {
    Disk *disk;
    unsigned index;
    pthread_t thread;
} Worker;

struct Disk {
    char path[64];
    bool used;
    int fd;
    uint32_t bytes;
    uint64_t slot_count;
    unsigned threads;
    unsigned read_percent;
    uint64_t rate;          /* requests per second of all; 0: as they can */
    uint64_t seed;
    uint64_t limit;         /* requests of all; 0: until stop */
    Slot *slots;
    Worker workers[DISK_THREADS_MAX];
    atomic_bool stop;
    atomic_uint_fast64_t begun, number;
    atomic_uint_fast64_t writes, reads, errors, bad, lost;
    atomic_uint_fast64_t last_ns, gap_ns, latency_ns;
};

static Disk disks[DISKS_MAX];
static uint32_t crc_table[256];

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void wait_ns(uint64_t ns)
{
    struct timespec ts = { ns / 1000000000, ns % 1000000000 };

    nanosleep(&ts, NULL);
}

static void crc_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int k = 0; k < 8; k++) {
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        }
        crc_table[i] = c;
    }
}

/* CRC-32 as in zlib, so that Python has it. */
static uint32_t crc32(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t c = 0xffffffffu;

    while (len--) {
        c = crc_table[(c ^ *p++) & 0xff] ^ c >> 8;
    }
    return ~c;
}

static void record_make(const Disk *disk, Record *record, uint64_t slot,
                        uint64_t number)
{
    size_t words = (disk->bytes - sizeof(*record)) / sizeof(uint64_t);
    uint64_t word = number * UINT64_C(0x9e3779b97f4a7c15) + slot;

    memcpy(record->magic, "LPMDISK1", 8);
    record->seed = disk->seed;
    record->slot = slot;
    record->number = number;
    record->time_ns = clock_ns();
    record->bytes = disk->bytes;
    record->crc = 0;
    for (size_t i = 0; i < words; i++) {
        record->fill[i] = word += UINT64_C(0x9e3779b97f4a7c15);
    }
    record->crc = crc32(record, disk->bytes);
}

static bool record_whole(const Disk *disk, Record *record)
{
    uint32_t crc = record->crc;
    bool whole;

    record->crc = 0;
    whole = !memcmp(record->magic, "LPMDISK1", 8) &&
            record->bytes == disk->bytes && crc32(record, disk->bytes) == crc;
    record->crc = crc;
    return whole;
}

static void tell_bad(Disk *disk, uint64_t slot, const Record *record,
                     const char *what)
{
    if (atomic_load(&disk->bad) + atomic_load(&disk->lost) <= BAD_LINES_MAX) {
        say("DISK bad %s slot=%" PRIu64 " wanted=%" PRIu64 " maybe=%" PRIu64
            " found=%" PRIu64 " %s", disk->path, slot,
            disk->slots[slot].number, disk->slots[slot].maybe,
            record->number, what);
    }
}

/* Is it what the slot must hold? */
static void record_judge(Disk *disk, uint64_t slot, Record *record)
{
    const Slot *must = &disk->slots[slot];

    if (!must->number && !must->maybe) {
        return;
    }
    if (record_whole(disk, record) && record->slot == slot &&
        record->seed == disk->seed) {
        /* Of several writes that failed any may have been applied */
        if (record->number == must->number ||
            (record->number > must->number &&
             record->number <= must->maybe)) {
            return;
        }
        atomic_fetch_add(&disk->lost, 1);
        tell_bad(disk, slot, record, "lost or out of order");
        return;
    }
    if (!must->number) {
        return;             /* the one write there was has failed */
    }
    atomic_fetch_add(&disk->bad, 1);
    tell_bad(disk, slot, record, "damaged");
}

static void raise_to(atomic_uint_fast64_t *max, uint64_t value)
{
    uint64_t old = atomic_load(max);

    while (value > old && !atomic_compare_exchange_weak(max, &old, value)) {
    }
}

/* A request that was begun at @start has come back. */
static void completed(Disk *disk, uint64_t start)
{
    uint64_t now = clock_ns();
    uint64_t last = atomic_exchange(&disk->last_ns, now);

    raise_to(&disk->latency_ns, now - start);
    if (now > last) {
        raise_to(&disk->gap_ns, now - last);
    }
}

static bool transfer(Disk *disk, uint64_t slot, Record *record, bool write)
{
    uint64_t start = clock_ns();
    off_t at = (off_t)(slot * disk->bytes);
    ssize_t n = write ? pwrite(disk->fd, record, disk->bytes, at)
                      : pread(disk->fd, record, disk->bytes, at);
    int error = n < 0 ? errno : 0;

    completed(disk, start);
    if (n == (ssize_t)disk->bytes) {
        return true;
    }
    if (atomic_fetch_add(&disk->errors, 1) < BAD_LINES_MAX) {
        say("DISK error %s %s slot=%" PRIu64 " got=%zd %s", disk->path,
            write ? "write" : "read", slot, n, strerror(error));
    }
    return false;
}

static void one_write(Disk *disk, uint64_t slot, Record *record)
{
    uint64_t number = atomic_fetch_add(&disk->number, 1) + 1;

    record_make(disk, record, slot, number);
    disk->slots[slot].maybe = number;
    if (transfer(disk, slot, record, true)) {
        disk->slots[slot] = (Slot){ .number = number };
        atomic_fetch_add(&disk->writes, 1);
    }
}

static void one_read(Disk *disk, uint64_t slot, Record *record)
{
    if (transfer(disk, slot, record, false)) {
        record_judge(disk, slot, record);
        atomic_fetch_add(&disk->reads, 1);
    }
}

static void *buffer_new(const Disk *disk)
{
    void *buffer = NULL;

    return posix_memalign(&buffer, ALIGN, disk->bytes) == 0 ? buffer : NULL;
}

static void *worker_main(void *opaque)
{
    Worker *worker = opaque;
    Disk *disk = worker->disk;
    uint64_t state = disk->seed + worker->index;
    uint64_t mine = disk->slot_count / disk->threads;
    uint64_t step = disk->rate ? 1000000000ull * disk->threads / disk->rate
                               : 0;
    uint64_t next = clock_ns();
    Record *record = buffer_new(disk);

    while (record && !atomic_load(&disk->stop)) {
        uint64_t slot, now;

        if (disk->limit &&
            atomic_fetch_add(&disk->begun, 1) >= disk->limit) {
            break;
        }
        state = state * UINT64_C(6364136223846793005) +
                UINT64_C(1442695040888963407);
        slot = (state >> 33) % mine * disk->threads + worker->index;
        if ((state >> 20) % 100 < disk->read_percent) {
            one_read(disk, slot, record);
        } else {
            one_write(disk, slot, record);
        }
        /* Late, it does not hurry: a gap is not made up for by a burst. */
        now = clock_ns();
        next = next + step > now ? next + step : now;
        if (next > now) {
            wait_ns(next - now);
        }
    }
    free(record);
    return NULL;
}

static uint64_t option_of(const char *line, const char *name,
                          uint64_t otherwise)
{
    size_t len = strlen(name);

    for (const char *at = line; (at = strstr(at, name)); at += len) {
        if (at > line && at[-1] == ' ' && at[len] == '=') {
            return strtoull(at + len + 1, NULL, 10);
        }
    }
    return otherwise;
}

static Disk *disk_find(const char *path)
{
    for (int i = 0; i < DISKS_MAX; i++) {
        if (disks[i].used && !strcmp(disks[i].path, path)) {
            return &disks[i];
        }
    }
    return NULL;
}

static const char *disk_open(Disk *disk, const char *path, const char *line)
{
    uint64_t room;
    off_t end;

    disk->bytes = option_of(line, "bytes", 4096);
    disk->threads = option_of(line, "threads", 4);
    disk->read_percent = option_of(line, "reads", 30);
    disk->rate = option_of(line, "rate", 0);
    disk->seed = option_of(line, "seed", clock_ns());
    if (disk->bytes < BYTES_MIN || disk->bytes > BYTES_MAX ||
        disk->bytes % BYTES_MIN || !disk->threads ||
        disk->threads > DISK_THREADS_MAX || disk->read_percent > 100) {
        return "bytes, threads or reads out of range";
    }
    snprintf(disk->path, sizeof(disk->path), "%s", path);
    disk->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    if (disk->fd < 0) {
        return strerror(errno);
    }
    end = lseek(disk->fd, 0, SEEK_END);
    room = end > 0 ? (uint64_t)end / disk->bytes : 0;
    disk->slot_count = option_of(line, "slots", room);
    if (disk->slot_count > room || disk->slot_count < disk->threads) {
        close(disk->fd);
        return "no room for the slots";
    }
    disk->slots = calloc(disk->slot_count, sizeof(Slot));
    if (!disk->slots) {
        close(disk->fd);
        return "no memory";
    }
    return NULL;
}

/* Returns: NULL if it was told that it does not begin. */
static Disk *disk_start(const char *path, const char *line, uint64_t limit)
{
    Disk *disk = NULL;
    const char *fault = "too many disks, or twice the same";

    for (int i = 0; i < DISKS_MAX && !disk_find(path); i++) {
        if (!disks[i].used) {
            disk = &disks[i];
            memset(disk, 0, sizeof(*disk));
            fault = disk_open(disk, path, line);
            break;
        }
    }
    if (fault) {
        say("DISK fault %s %s", path, fault);
        return NULL;
    }
    disk->used = true;
    disk->limit = limit;
    atomic_store(&disk->last_ns, clock_ns());
    say("DISK start %s bytes=%u slots=%" PRIu64 " threads=%u seed=%" PRIu64,
        path, disk->bytes, disk->slot_count, disk->threads, disk->seed);
    for (unsigned i = 0; i < disk->threads; i++) {
        disk->workers[i].disk = disk;
        disk->workers[i].index = i;
        pthread_create(&disk->workers[i].thread, NULL, worker_main,
                       &disk->workers[i]);
    }
    return disk;
}

/*
 * @end: with the digest: FNV-1a over the numbers of all slots, by which the
 * host finds that its file has what the guest was told of.
 */
static void disk_line(Disk *disk, bool end)
{
    uint64_t now = clock_ns();
    uint64_t last = atomic_load(&disk->last_ns);
    uint64_t gap = atomic_load(&disk->gap_ns);
    uint64_t digest = FNV_BASIS, unsure = 0;

    if (!end && now > last && now - last > gap) {
        gap = now - last;       /* one that goes on */
    }
    for (uint64_t i = 0; end && i < disk->slot_count; i++) {
        unsure += disk->slots[i].maybe != 0;
        for (int k = 0; k < 64; k += 8) {
            digest = (digest ^ (disk->slots[i].number >> k & 0xff)) *
                     FNV_PRIME;
        }
    }
    say("DISK stat %s writes=%" PRIu64 " reads=%" PRIu64 " errors=%" PRIu64
        " bad=%" PRIu64 " lost=%" PRIu64 " gap_ms=%" PRIu64
        " latency_ms=%" PRIu64 " t=%" PRIu64 " seed=%" PRIu64 " unsure=%"
        PRIu64 " digest=%016" PRIx64 " end=%d", disk->path,
        (uint64_t)atomic_load(&disk->writes),
        (uint64_t)atomic_load(&disk->reads),
        (uint64_t)atomic_load(&disk->errors),
        (uint64_t)atomic_load(&disk->bad),
        (uint64_t)atomic_load(&disk->lost), gap / 1000000,
        (uint64_t)atomic_load(&disk->latency_ns) / 1000000, now / 1000000,
        disk->seed, unsure, digest, end);
}

/* @wait: for the count of requests that it was started with. */
static void disk_stop(Disk *disk, bool wait)
{
    uint64_t gap, latency;
    Record *record;

    atomic_store(&disk->stop, !wait);
    for (unsigned i = 0; i < disk->threads; i++) {
        pthread_join(disk->workers[i].thread, NULL);
    }
    gap = atomic_load(&disk->gap_ns);
    latency = atomic_load(&disk->latency_ns);
    record = buffer_new(disk);
    for (uint64_t i = 0; record && i < disk->slot_count; i++) {
        if (disk->slots[i].number || disk->slots[i].maybe) {
            one_read(disk, i, record);
        }
    }
    free(record);
    close(disk->fd);
    /* Of the load, not of the reading back */
    atomic_store(&disk->gap_ns, gap);
    atomic_store(&disk->latency_ns, latency);
    disk_line(disk, true);
    free(disk->slots);
    disk->used = false;
}

static void disk_reset(Disk *disk)
{
    atomic_store(&disk->last_ns, clock_ns());
    atomic_store(&disk->gap_ns, 0);
    atomic_store(&disk->latency_ns, 0);
}

/* SCSI commands as they are */

static size_t hex_to_bytes(const char *text, uint8_t *bytes, size_t max)
{
    size_t n = 0;
    unsigned byte;

    while (n < max && sscanf(text + 2 * n, "%2x", &byte) == 1) {
        bytes[n++] = byte;
    }
    return n;
}

static void bytes_to_hex(const uint8_t *bytes, size_t len, char *text)
{
    text[0] = 0;
    for (size_t i = 0; i < len; i++) {
        sprintf(text + 2 * i, "%02x", bytes[i]);
    }
}

/* @what: how many bytes to read, "=" and the ones to write, or NULL */
static void disk_sg(const char *path, const char *cdb_text, const char *what)
{
    bool out = what && what[0] == '=';
    size_t bytes = out ? strlen(what + 1) / 2 :
                   what ? strtoul(what, NULL, 10) & 0xfffff : 0;
    uint8_t cdb[16], sense[64] = { 0 };
    char sense_text[2 * sizeof(sense) + 1], data_text[2 * 96 + 1];
    uint8_t *data = calloc(1, bytes + 1);
    struct sg_io_hdr io = {
        .interface_id = 'S',
        .dxfer_direction = !bytes ? SG_DXFER_NONE :
                           out ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV,
        .cmd_len = hex_to_bytes(cdb_text, cdb, sizeof(cdb)),
        .mx_sb_len = sizeof(sense),
        .dxfer_len = bytes,
        .dxferp = data,
        .cmdp = cdb,
        .sbp = sense,
        .timeout = 30000,
    };
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (data && out) {
        hex_to_bytes(what + 1, data, bytes);
    }
    if (fd < 0 || !data || ioctl(fd, SG_IO, &io) < 0) {
        say("DISK sg %s fault=%s", path, strerror(errno));
    } else {
        size_t got = bytes - (io.resid > 0 ? (size_t)io.resid : 0);

        bytes_to_hex(sense, io.sb_len_wr, sense_text);
        bytes_to_hex(data, out ? 0 : got < 96 ? got : 96, data_text);
        say("DISK sg %s status=%02x host=%02x driver=%02x resid=%d ms=%u "
            "sense=%s data=%s", path, io.status, io.host_status,
            io.driver_status, io.resid, io.duration, sense_text, data_text);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(data);
}

static void for_each(const char *path, void (*what)(Disk *disk))
{
    bool found = false;

    for (int i = 0; i < DISKS_MAX; i++) {
        if (disks[i].used && (!path || !strcmp(path, disks[i].path))) {
            what(&disks[i]);
            found = true;
        }
    }
    if (!found) {
        say("DISK fault %s is not started", path ? path : "any");
    }
}

static void disk_stat(Disk *disk)
{
    disk_line(disk, false);
}

static void disk_stop_now(Disk *disk)
{
    disk_stop(disk, false);
}

void disk_obey(char *line)
{
    char whole[256];
    char *save = NULL;
    const char *verb, *path, *third;
    Disk *disk;

    if (!crc_table[1]) {
        crc_init();
    }
    snprintf(whole, sizeof(whole), "%s", line);
    verb = strtok_r(line, " ", &save);
    path = strtok_r(NULL, " ", &save);
    third = strtok_r(NULL, " ", &save);
    if (!verb) {
        say("DISK fault no command");
    } else if (!strcmp(verb, "stat")) {
        for_each(path, disk_stat);
    } else if (!strcmp(verb, "reset")) {
        for_each(path, disk_reset);
        say("DISK reset");
    } else if (path && !strcmp(verb, "start")) {
        disk_start(path, whole, 0);
    } else if (path && !strcmp(verb, "stop")) {
        for_each(path, disk_stop_now);
    } else if (third && !strcmp(verb, "run")) {
        disk = disk_start(path, whole, strtoull(third, NULL, 10));
        if (disk) {
            disk_stop(disk, true);
        }
    } else if (third && !strcmp(verb, "sg")) {
        path = strtok_r(NULL, " ", &save);
        disk_sg(strtok(whole + 3, " "), third, path);
    } else {
        say("DISK fault unknown command %s", whole);
    }
}

/*
 * On the host: damage of each kind must be found, and nothing else.  @path
 * is a file that O_DIRECT works on.
 */
int disk_self_test(const char *path)
{
    char line[256];
    Record *record, *older;
    Disk *disk;
    int faults = 0;

    crc_init();
    snprintf(line, sizeof(line), "x %s slots=16 threads=2 seed=7 reads=0",
             path);
    disk = disk_start(path, line, 400);
    if (!disk) {
        return 1;
    }
    for (unsigned i = 0; i < disk->threads; i++) {
        pthread_join(disk->workers[i].thread, NULL);
    }
    record = buffer_new(disk);
    older = buffer_new(disk);
    for (uint64_t i = 0; i < disk->slot_count; i++) {
        one_read(disk, i, record);
    }
    faults += disk->bad || disk->lost || disk->errors;
    /* A whole record that is older, one of another slot, one bit, an error */
    record_make(disk, older, 3, 1);
    faults += pwrite(disk->fd, older, disk->bytes, 3 * disk->bytes) < 0;
    one_read(disk, 3, record);
    faults += disk->lost != 1 || disk->bad != 0;
    one_read(disk, 4, record);
    faults += pwrite(disk->fd, record, disk->bytes, 5 * disk->bytes) < 0;
    one_read(disk, 5, record);
    faults += disk->lost != 1 || disk->bad != 1;
    one_read(disk, 6, record);
    ((uint8_t *)record)[disk->bytes - 1] ^= 0x10;
    faults += pwrite(disk->fd, record, disk->bytes, 6 * disk->bytes) < 0;
    one_read(disk, 6, record);
    faults += disk->lost != 1 || disk->bad != 2;
    /* After a failed write the older and the newer are both right */
    disk->slots[3] = (Slot){ .number = 0, .maybe = 1 };
    one_read(disk, 3, record);
    faults += disk->lost != 1 || disk->bad != 2;
    disk->slots[3] = (Slot){ .number = 900, .maybe = 901 };
    one_read(disk, 3, record);
    faults += disk->lost != 2;
    free(record);
    free(older);
    close(disk->fd);
    free(disk->slots);
    disk->used = false;
    return faults;
}
