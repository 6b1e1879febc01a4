/*
 * A look at JSON before the parser: bounds, grammar, names that come twice
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_JSON_SCAN_H
#define LPM_JSON_SCAN_H

#include <glib.h>

/*
 * Theory of operation
 *
 * json-glib recurses per level, builds a tree before anybody has counted
 * what comes, keeps the last of two members with one name without a word,
 * takes more than RFC 8259 allows, and cuts a string at a NUL.  So text from
 * files passes this scan first.  It needs memory for the names of the
 * objects that are open, and time that grows as the text does.
 */

/* Refused above these; 0: no bound. */
typedef struct LpmJsonBounds {
    guint values;           /* scalars, arrays and objects */
    guint objects;          /* each costs some hundred bytes in the tree */
} LpmJsonBounds;

/**
 * lpm_json_scan:
 * @text: @len bytes, untrusted
 * @what: names the document in errors; a place in it is WHAT:LINE:COLUMN,
 *   both from 1, columns in characters
 *
 * One JSON value (RFC 8259) of at most LPM_JSON_DEPTH_MAX levels, without
 * NUL in strings, with names that are unique in their object and integers
 * that fit 63 bits.
 *
 * Errors: MALFORMED, TRUNCATED (the text ends too early), LIMIT.
 * Threads: any.
 */
gboolean lpm_json_scan(const char *text, gsize len, const char *what,
                       const LpmJsonBounds *bounds, GError **error);

#endif /* LPM_JSON_SCAN_H */
