/*
 * A switch at every condition of some C files, for mutate-code
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_TEST_FLIP_H
#define LPM_TEST_FLIP_H

#include <glib.h>

/* A condition: "compare.c:120", and how it reads. */
typedef struct LpmFlip {
    const char *where;
    const char *reads;
} LpmFlip;

/* The conditions of one file; what mutable.py adds to it. */
typedef struct LpmFlipFile {
    const LpmFlip *flips;   /* ends with NULL */
    gint first;             /* number of the first one */
} LpmFlipFile;

#define LPM_FLIP_FILES_MAX  64

/* All files; ends with one without conditions. */
extern LpmFlipFile lpm_flip_files[LPM_FLIP_FILES_MAX + 1];

/* The condition that is exchanged now, or -1; $LPM_FLIP at the start. */
extern gint lpm_flip_number;

/** lpm_flip: @value, or the other one if @number is exchanged. */
gboolean lpm_flip(gint number, gboolean value);

/** lpm_flip_add: called before main() by each file. */
void lpm_flip_add(const LpmFlip *flips, gint first);

#endif /* LPM_TEST_FLIP_H */
