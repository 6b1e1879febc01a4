/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First program of the SPARC test guest: workers, counters, terminal. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

volatile Counters *counters;

static char cmdline[1024];
static int kmsg = -1;

long option(const char *name, long otherwise)
{
    size_t length = strlen(name);

    for (const char *at = cmdline; (at = strstr(at, name)); at += length) {
        if ((at == cmdline || at[-1] == ' ') && at[length] == '=') {
            return strtol(at + length + 1, NULL, 0);
        }
    }
    return otherwise;
}

void report(const char *format, ...)
{
    char line[512];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (length > 0 && write(kmsg, line, length) != length) {
        /* Nobody left to tell. */
    }
}

uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000l };

    nanosleep(&t, NULL);
}

uint64_t sum_of(const void *data, unsigned bytes)
{
    const uint64_t *at = data;
    uint64_t sum = 0xcbf29ce484222325ull;

    for (unsigned i = 0; i < bytes / 8; i++) {
        sum = (sum ^ at[i]) * 0x100000001b3ull;
    }
    return sum;
}

static void start(void (*worker)(void))
{
    if (fork() == 0) {
        worker();
        _exit(0);
    }
}

/* TX of the terminal by interrupts: numbered lines without a hole. */
static void tty_writer(void)
{
    unsigned pause = option("lpm.tty", 200);

    for (unsigned n = 1;; n++) {
        printf("TTY %u %08x.\n", n, n * 2654435761u);
        fflush(stdout);
        pause_ms(pause);
    }
}

/* RX of the terminal.  The answer goes by polling: it must not need TX. */
static void tty_reader(void)
{
    char line[128];

    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        counters->keys++;
        report("KEY %s", line);
        if (strcmp(line, "diskstop") == 0) {
            counters->disk_stop = true;
        } else if (strcmp(line, "spoil") == 0) {
            counters->spoil = true;
        }
    }
    report("INIT terminal closed");
}

static void terminal(void)
{
    struct termios t;

    /* No echo: what the terminal sends is then the writer's alone. */
    tcgetattr(0, &t);
    t.c_lflag &= ~ECHO;
    tcsetattr(0, TCSANOW, &t);
}

static uint32_t age(uint64_t since, bool has)
{
    uint64_t now = now_ms();

    return has && since && now > since ? now - since : 0;
}

static void tick(unsigned n)
{
    volatile Counters *c = counters;

    report("TICK %u up=%llu mem=%u merr=%u win=%u werr=%u fp=%u ferr=%u "
           "isa=%x vis=%u verr=%u sigill=%u disk=%u err=%u io=%u age=%u "
           "net=%u nrx=%u nerr=%u ngap=%u nage=%u keys=%u.",
           n, (unsigned long long)now_ms(), c->mem, c->merr, c->win, c->werr,
           c->fp, c->ferr, c->isa, c->vis, c->verr, c->sigill, c->disk,
           c->err, c->io, age(c->disk_ms, c->has_disk), c->net, c->nrx,
           c->nerr, c->ngap, age(c->net_ms, c->has_net), c->keys);
}

static void prepare(void)
{
    int fd;

    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    fd = open("/proc/cmdline", O_RDONLY);
    if (fd >= 0) {
        ssize_t got = read(fd, cmdline, sizeof(cmdline) - 1);

        cmdline[got > 0 ? got : 0] = 0;
        close(fd);
    }
    fd = open("/dev/console", O_RDWR);
    if (fd >= 0) {
        dup2(fd, 0);
        dup2(fd, 1);
        dup2(fd, 2);
    }
    kmsg = open("/dev/kmsg", O_WRONLY);
    counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
    unsigned n = 0;

    prepare();
    terminal();
    counters->isa = probe_isa();
    start(memory_worker);
    start(window_worker);
    start(float_worker);
    if (option("lpm.vis3", 0)) {
        start(vis_worker);
    }
    start(disk_worker);
    start(net_worker);
    start(tty_reader);
    while (!counters->mem && !counters->merr) {
        pause_ms(10);
    }
    report("INIT ready isa=%x disk=%d net=%d", counters->isa,
           counters->has_disk, counters->has_net);
    start(tty_writer);
    for (;;) {
        counters->isa = probe_isa();
        tick(++n);
        pause_ms(200);
    }
}
