/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the workers of the SPARC test guest share. */
#ifndef LPM_SPARC_GUEST_H
#define LPM_SPARC_GUEST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Theory of operation.  The first process prints a line of counters five
 * times a second through /dev/kmsg: the kernel writes it by polling, so that
 * it comes even when no interrupt does.  Everything else is a process of its
 * own, which may hang without the others: memory, windows, floating point,
 * VIS 3, disk, network, and both directions of the terminal.  Each counts
 * here what it did and what it found wrong; wrong counts never go down.
 */
typedef struct Counters {
    uint32_t mem, merr;         /* passes over all pages; damaged or old */
    uint32_t win, werr;         /* descents through the register windows */
    uint32_t fp, ferr;          /* rounds in floating point */
    uint32_t vis, verr, sigill; /* rounds of VIS 3; wrong; refused by the CPU */
    uint32_t isa;               /* ISA_* that this CPU executes now */
    uint32_t disk, err, io;     /* records verified; wrong; calls begun */
    uint64_t disk_ms;           /* when the last of them was verified */
    uint32_t net, nrx, nerr;    /* frames sent; echoes; wrong or twice */
    uint32_t ngap;              /* echoes that never came */
    uint64_t net_ms;            /* when the last echo came */
    uint32_t keys;              /* lines read from the terminal */
    bool has_disk, has_net;
    bool disk_stop;             /* asked for by the key "diskstop" */
    bool spoil;                 /* by "spoil": memory is to be damaged once */
} Counters;

enum {
    ISA_VIS1 = 0x1, ISA_VIS2 = 0x2, ISA_VIS3 = 0x4, ISA_VIS4 = 0x8,
    ISA_FMAF = 0x10, ISA_IMA = 0x20, ISA_POPC = 0x40,
};

extern volatile Counters *counters;

/* The number behind "NAME=" on the kernel's command line, or @otherwise. */
long option(const char *name, long otherwise);

/* One line for the console, by polling: whole, and without interrupts. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t now_ms(void);
void pause_ms(unsigned ms);

/* A checksum (FNV-1a over words; @bytes is a multiple of 8). */
uint64_t sum_of(const void *data, unsigned bytes);

/* Workers; they do not return unless they have nothing to work on. */
void memory_worker(void);
void window_worker(void);
void float_worker(void);
void vis_worker(void);
void disk_worker(void);
void net_worker(void);

/* Which of ISA_* run without an illegal instruction. */
uint32_t probe_isa(void);

#endif
