/*
 * Records from JSON objects, as inventory files and vectors write them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RECORD_JSON_H
#define LPM_RECORD_JSON_H

#include <json-glib/json-glib.h>

#include "facts/node.h"

/**
 * lpm_record_from_json:
 * @node: record to fill; what @json does not name stays as it is
 * @json: an object whose members are fields of the record
 * @file: where it comes from, for origins
 * @pointer: JSON pointer of @json in there, "" for the whole
 *
 * Members of a LIST are arrays of objects that have the record's key; a key
 * that comes twice is an error.  null is an absent fact: nobody knows.
 *
 * Errors: MALFORMED (unknown member, wrong type, bad value), LIMIT (more
 * than 65,536 elements); the text begins with the JSON pointer.
 */
gboolean lpm_record_from_json(LpmNode *node, JsonNode *json,
                              const char *file, const char *pointer,
                              GError **error);

/**
 * lpm_value_to_json: Returns: (transfer full) (nullable): a present value;
 * NULL: an offer.
 */
JsonNode *lpm_value_to_json(LpmField field, const LpmValue *value);

/**
 * lpm_record_to_json:
 *
 * Returns: (transfer full): every present field but offers.
 */
JsonNode *lpm_record_to_json(const LpmNode *node);

#endif /* LPM_RECORD_JSON_H */
