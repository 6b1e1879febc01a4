/*
 * JSON as text for files and people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_JSON_WRITE_H
#define LPM_JSON_WRITE_H

#include <glib.h>
#include <json-glib/json-glib.h>

/**
 * lpm_json_write:
 * @out: appended to
 * @indent: columns that the value's first line is indented by already;
 *   negative: all on one line
 *
 * As json_to_string(), but numbers are written as short as they can be read
 * back (0.1, where json-glib writes 0.10000000000000001), and arrays of
 * scalars stand on one line.  Strings must be UTF-8.
 */
void lpm_json_write(GString *out, JsonNode *node, int indent);

/** lpm_json_text: (transfer full): indented, with a newline at the end. */
char *lpm_json_text(JsonNode *node);

#endif /* LPM_JSON_WRITE_H */
