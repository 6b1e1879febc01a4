/*
 * Text laid out for a terminal's width, or in whole lines for a pipe
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_LAYOUT_H
#define LPM_LAYOUT_H

#include <glib.h>
#include <stdio.h>

/* Narrower terminals get lines of this width. */
#define LPM_COLUMNS_MIN  40

/**
 * lpm_columns: Returns: the width of the terminal that @out is; 80 if it does
 * not tell; 0 if @out is none, so that lines are not to be broken.
 */
guint lpm_columns(FILE *out);

/** lpm_text_width: columns that @text takes, valid UTF-8. */
guint lpm_text_width(const char *text);

/**
 * lpm_wrap:
 * @out: ends in a line of @indent columns
 * @text: valid UTF-8 without line breaks
 * @columns: 0 for one line
 *
 * Appends @text and a line break; broken at spaces, or within a word that
 * is wider than a line, and indented.
 */
void lpm_wrap(GString *out, const char *text, guint indent, guint columns);

/**
 * lpm_print_rows:
 * @rows: char **, each with @columns cells of valid UTF-8
 */
void lpm_print_rows(FILE *out, const GPtrArray *rows, guint columns);

#endif /* LPM_LAYOUT_H */
