/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory, register windows, floating point and instruction sets. */
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define PAGE 8192
#define WORDS (PAGE / 8)

/*
 * Memory: each page holds a pattern of its number and of how often it was
 * written; that count is kept elsewhere, so that an old page shows as well
 * as a damaged one.
 */
static uint64_t word_of(uint64_t page, uint64_t count, uint64_t i)
{
    return (page << 40 ^ count << 16 ^ i) * 0x9e3779b97f4a7c15ull;
}

static bool page_is(const uint64_t *at, uint64_t page, uint64_t count)
{
    for (unsigned i = 0; i < WORDS; i++) {
        if (at[i] != word_of(page, count, i)) {
            return false;
        }
    }
    return true;
}

static void page_write(uint64_t *at, uint64_t page, uint64_t count)
{
    for (unsigned i = 0; i < WORDS; i++) {
        at[i] = word_of(page, count, i);
    }
}

void memory_worker(void)
{
    size_t pages = option("lpm.mem", 32) * (1048576 / PAGE);
    unsigned batch = option("lpm.rate", 4000) / 50;
    uint64_t *base = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t *count = calloc(pages, sizeof(*count));

    if (base == MAP_FAILED || !count || !batch) {
        report("INIT no memory for the pattern");
        counters->merr++;
        return;
    }
    for (size_t page = 0; page < pages; page++) {
        page_write(base + page * WORDS, page, 0);
    }
    counters->mem = 1;
    for (;;) {
        if (counters->spoil) {
            counters->spoil = false;
            base[pages / 2 * WORDS + 5] ^= 1;
        }
        for (size_t page = 0; page < pages; page++) {
            if (!page_is(base + page * WORDS, page, count[page])) {
                counters->merr++;
            }
            page_write(base + page * WORDS, page, ++count[page]);
            if (page % batch == 0) {
                pause_ms(20);
            }
        }
        counters->mem++;
    }
}

/*
 * Windows: deeper than any CPU has them, so that each descent spills and
 * each way back fills; locals stay in registers across the call.
 */
static __attribute__((noinline)) uint64_t descend(uint64_t seed, int depth)
{
    register uint64_t a = seed * 3, b = seed ^ 0x5555, c = seed + depth;
    register uint64_t d = seed << 7 | depth, e = ~seed, f = seed - depth;
    uint64_t below = 1;

    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e),
                     "+r"(f));
    if (depth) {
        below = descend(seed + 1, depth - 1);
    } else {
        /* Long enough for a timer to come while all windows are in use. */
        for (volatile int i = 0; i < 2000; i++) {
        }
    }
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e),
                     "+r"(f));
    if (a != seed * 3 || b != (seed ^ 0x5555) || c != seed + depth ||
        d != (seed << 7 | depth) || e != ~seed || f != seed - depth) {
        return 0;
    }
    return below;
}

void window_worker(void)
{
    for (uint64_t seed = 1;; seed++) {
        for (int depth = 1; depth < 40; depth++) {
            if (!descend(seed * 977 + depth, depth)) {
                counters->werr++;
            }
            if (depth % 5 == 0) {
                __asm__ volatile("flushw" ::: "memory");
            }
        }
        counters->win++;
        pause_ms(20);
    }
}

/*
 * Floating point: eight sums at once, too many for the compiler to keep out
 * of registers, rounded upwards so that FSR counts, too.  The same bits must
 * come out each time.
 */
static __attribute__((noinline)) uint64_t float_round(double step)
{
    double s[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    uint64_t bits[8];

    for (int i = 1; i < 20000; i++) {
        for (int k = 0; k < 8; k++) {
            s[k] = s[k] * 0.999 + step / (i + k);
        }
    }
    memcpy(bits, s, sizeof(bits));
    return sum_of(bits, sizeof(bits));
}

void float_worker(void)
{
    volatile double step = 1.1;
    uint64_t nearest = float_round(step), upward;

    fesetround(FE_UPWARD);
    upward = float_round(step);
    if (nearest == upward) {
        counters->ferr++;       /* the rounding mode is not in force */
    }
    for (;;) {
        if (float_round(step) != upward || fegetround() != FE_UPWARD) {
            counters->ferr++;
        }
        counters->fp++;
        pause_ms(20);
    }
}

/*
 * Instruction sets.  The assembler is told to take all of them; nothing but
 * these functions uses any.
 */
static uint64_t use_vis1(uint64_t a, uint64_t b)
{
    __asm__ volatile("edge8 %1, %2, %0" : "=r"(a) : "r"(a), "r"(b) : "cc");
    return a;
}

static uint64_t use_vis2(uint64_t a, uint64_t b)
{
    __asm__ volatile("bmask %1, %2, %0" : "=r"(a) : "r"(a), "r"(b));
    return a;
}

static uint64_t use_vis3(uint64_t a, uint64_t b)
{
    uint64_t high, zeros;

    __asm__ volatile("umulxhi %1, %2, %0" : "=r"(high) : "r"(a), "r"(b));
    __asm__ volatile("lzcnt %1, %0" : "=r"(zeros) : "r"(b));
    return high + zeros;
}

static uint64_t use_vis4(uint64_t a, uint64_t b)
{
    double x, y, z;

    memcpy(&x, &a, 8);
    memcpy(&y, &b, 8);
    __asm__ volatile("fpadd8 %1, %2, %0" : "=e"(z) : "e"(x), "e"(y));
    memcpy(&a, &z, 8);
    return a;
}

static uint64_t use_fmaf(uint64_t a, uint64_t b)
{
    double x = a, y = b, z;

    __asm__ volatile("fmaddd %1, %2, %1, %0" : "=e"(z) : "e"(x), "e"(y));
    return (uint64_t)z;
}

static uint64_t use_ima(uint64_t a, uint64_t b)
{
    double x, y, z;

    memcpy(&x, &a, 8);
    memcpy(&y, &b, 8);
    __asm__ volatile("fpmaddx %1, %2, %1, %0" : "=e"(z) : "e"(x), "e"(y));
    memcpy(&a, &z, 8);
    return a;
}

static uint64_t use_popc(uint64_t a, uint64_t b)
{
    __asm__ volatile("popc %1, %0" : "=r"(a) : "r"(a ^ b));
    return a;
}

static const struct {
    uint32_t bit;
    uint64_t (*use)(uint64_t a, uint64_t b);
} sets[] = {
    { ISA_VIS1, use_vis1 }, { ISA_VIS2, use_vis2 }, { ISA_VIS3, use_vis3 },
    { ISA_VIS4, use_vis4 }, { ISA_FMAF, use_fmaf }, { ISA_IMA, use_ima },
    { ISA_POPC, use_popc },
};

static sigjmp_buf illegal;

static void on_illegal(int number)
{
    siglongjmp(illegal, number);
}

uint32_t probe_isa(void)
{
    volatile uint32_t isa = 0;

    signal(SIGILL, on_illegal);
    for (volatile unsigned i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
        if (sigsetjmp(illegal, 1) == 0) {
            sets[i].use(3, 5);
            isa |= sets[i].bit;
        }
    }
    signal(SIGILL, SIG_DFL);
    return isa;
}

/* What umulxhi and lzcnt give, worked out without them. */
static uint64_t plain_vis3(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 64) + __builtin_clzll(b);
}

/*
 * A program that took its choice of instructions at its start, as a C library
 * does, and uses them from then on.
 */
void vis_worker(void)
{
    volatile uint64_t a = 0x123456789abcdefull, b = 0xfedcba987654321ull;

    if (!(probe_isa() & ISA_VIS3)) {
        return;
    }
    signal(SIGILL, on_illegal);
    nice(10);
    for (;;) {
        if (sigsetjmp(illegal, 1)) {
            counters->sigill++;
            pause_ms(100);
            continue;
        }
        for (int i = 0; i < 10000; i++) {
            if (use_vis3(a, b) != plain_vis3(a, b)) {
                counters->verr++;
            }
            a = a * 6364136223846793005ull + 1;
            b = (b ^ a) | 1;
        }
        counters->vis++;
    }
}
