/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's disk and its network. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest.h"

/*
 * Disk: record N goes to slot N % SLOTS, is read back, and so is an older
 * one.  What stands in a slot must be the last that was written there: an
 * older number is a lost write, or one that came twice and late.  The host
 * looks at the file for the same (tests/e2e/sparcguest.py).
 */
#define RECORD 4096
#define SLOTS 256
#define MAGIC 0x4c504d5245430001ull

typedef struct Record {
    uint64_t magic, number, slot, sum;
    uint64_t body[(RECORD - 32) / 8];
} Record;

static void record_make(Record *r, uint64_t number)
{
    r->magic = MAGIC;
    r->number = number;
    r->slot = number % SLOTS;
    for (unsigned i = 0; i < sizeof(r->body) / 8; i++) {
        r->body[i] = (number << 32 ^ i) * 0x9e3779b97f4a7c15ull;
    }
    r->sum = sum_of(r->body, sizeof(r->body));
}

static bool record_read(int fd, Record *r, const Record *wanted)
{
    memset(r, 0, sizeof(*r));
    counters->io++;
    return pread(fd, r, RECORD, wanted->slot * RECORD) == RECORD &&
           memcmp(r, wanted, RECORD) == 0;
}

void disk_worker(void)
{
    static const char *const names[] = { "/dev/vda", "/dev/sda" };
    long busy = option("lpm.diskload", 0);
    Record *w, *r;
    uint64_t number;
    int fd = -1;

    for (unsigned i = 0; i < 2 && fd < 0; i++) {
        fd = open(names[i], O_RDWR | O_DIRECT | O_SYNC);
    }
    if (fd < 0 || posix_memalign((void **)&w, 8192, RECORD) ||
        posix_memalign((void **)&r, 8192, RECORD)) {
        return;
    }
    counters->has_disk = true;
    counters->disk_ms = now_ms();
    for (number = 1; !counters->disk_stop; number++) {
        record_make(w, number);
        counters->io++;
        if (pwrite(fd, w, RECORD, w->slot * RECORD) != RECORD ||
            !record_read(fd, r, w)) {
            counters->err++;
        }
        if (number > SLOTS) {
            record_make(w, number - number * 7919 % SLOTS);
            if (!record_read(fd, r, w)) {
                counters->err++;
            }
        }
        counters->disk = number;
        counters->disk_ms = now_ms();
        if (!busy && number % 4 == 0) {
            pause_ms(10);
        }
    }
    report("DISK stopped records=%u slots=%u err=%u", counters->disk, SLOTS,
           counters->err);
}

/*
 * Network: numbered frames to a peer that sends each back.  No more than
 * WINDOW are under way, so no more echoes than that can be missing after a
 * move: the network may lose what arrives between two hosts, and nothing
 * else.  What the guest sent, the peer must have seen, each once.
 */
#define ETHER_TYPE 0x88b5       /* for local experiments */
#define WINDOW 8
#define PATIENCE_MS 300
#define FRAME_MIN 64
#define FRAME_MAX 1512

typedef struct Frame {
    uint8_t to[6], from[6];
    uint16_t type, echo;
    uint64_t number, sum, body[(FRAME_MAX - 32) / 8];
} __attribute__((packed, aligned(8))) Frame;

_Static_assert(sizeof(Frame) == FRAME_MAX, "no hole in a frame");

static unsigned frame_make(Frame *f, uint64_t number)
{
    unsigned words = 4 + number * 37 % ((FRAME_MAX - FRAME_MIN) / 8);

    memset(f->to, 0xff, 6);
    f->type = htons(ETHER_TYPE);
    f->echo = 0;
    f->number = number;
    for (unsigned i = 0; i < words; i++) {
        f->body[i] = (number << 24 ^ i) * 0x9e3779b97f4a7c15ull;
    }
    f->sum = sum_of(f->body, words * 8);
    return 32 + words * 8;
}

/* The socket, with the only interface up; negative without one. */
static int net_open(uint8_t address[6])
{
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETHER_TYPE));
    struct ifreq ifr = { .ifr_name = "eth0" };
    struct sockaddr_ll where = { .sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETHER_TYPE) };

    if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) < 0) {
        return -1;
    }
    memcpy(address, ifr.ifr_hwaddr.sa_data, 6);
    if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0) {
        return -1;
    }
    ifr.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ||
        ioctl(fd, SIOCGIFINDEX, &ifr) < 0) {
        return -1;
    }
    where.sll_ifindex = ifr.ifr_ifindex;
    return bind(fd, (struct sockaddr *)&where, sizeof(where)) ? -1 : fd;
}

/* Take echoes in; returns the number of the last one so far. */
static uint64_t net_receive(int fd, uint64_t last)
{
    static Frame got, wanted;
    ssize_t bytes;

    while ((bytes = recv(fd, &got, sizeof(got), MSG_DONTWAIT)) > 0) {
        unsigned want = frame_make(&wanted, got.number);

        if (!got.echo || got.number == 0) {
            continue;
        }
        if ((unsigned)bytes != want || got.sum != wanted.sum ||
            memcmp(got.body, wanted.body, want - 32) || got.number <= last) {
            counters->nerr++;
            continue;
        }
        counters->ngap += got.number - last - 1;
        counters->nrx++;
        counters->net_ms = now_ms();
        last = got.number;
    }
    return last;
}

/*
 * A card that has just been brought up may swallow frames until the kernel
 * has seen its link: ask with number 0, which nobody counts.
 */
static void net_wait(int fd, const uint8_t address[6])
{
    static Frame frame, got;
    unsigned bytes = frame_make(&frame, 0);
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    memcpy(frame.from, address, 6);
    do {
        if (send(fd, &frame, bytes, 0) < 0) {
            pause_ms(50);
        }
    } while (poll(&ready, 1, 200) <= 0 ||
             recv(fd, &got, sizeof(got), MSG_DONTWAIT) <= 0 || !got.echo);
}

void net_worker(void)
{
    long busy = option("lpm.netload", 0);
    static Frame frame;
    uint8_t address[6];
    uint64_t number = 1, last = 0, since;
    int fd = net_open(address);

    if (fd < 0) {
        return;
    }
    counters->has_net = true;
    net_wait(fd, address);
    counters->net_ms = since = now_ms();
    for (;;) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        unsigned bytes = frame_make(&frame, number);

        memcpy(frame.from, address, 6);
        if (number <= last + WINDOW || now_ms() > since + PATIENCE_MS) {
            if (send(fd, &frame, bytes, 0) == (ssize_t)bytes) {
                counters->net = number++;
                since = now_ms();
                if (!busy) {
                    pause_ms(10);
                }
            } else if (errno != ENOBUFS && errno != EAGAIN &&
                       errno != ENETDOWN) {
                counters->nerr++;
                pause_ms(100);
            } else {
                pause_ms(10);
            }
        } else {
            poll(&ready, 1, 50);
        }
        last = net_receive(fd, last);
    }
}
