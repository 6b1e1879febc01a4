/*
 * An offer from JSON, as query-lpm-offer returns it, and back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_OFFER_JSON_H
#define LPM_OFFER_JSON_H

#include <json-glib/json-glib.h>

#include "compat/answer.h"
#include "compat/offer.h"

/**
 * lpm_offer_from_json:
 * @node: untrusted
 *
 * Members that we do not know are ignored: a newer QEMU may add some.  What
 * is absent from an optional member is an absent fact.
 *
 * Returns: (transfer full) (nullable).
 * Errors: MALFORMED, LIMIT with a JSON pointer; UNSUPPORTED (min-version
 * above ours).  Threads: any.
 */
LpmOffer *lpm_offer_from_json(JsonNode *node, GError **error);

/**
 * lpm_offer_to_json:
 *
 * Returns: (transfer full): what lpm_offer_from_json() reads.
 */
JsonNode *lpm_offer_to_json(const LpmOffer *offer);

/**
 * lpm_answer_from_json:
 * @node: an LpmAnswer of QMP, untrusted
 *
 * Returns: (transfer full) (nullable).
 * Errors: MALFORMED, LIMIT with a JSON pointer.  Threads: any.
 */
LpmAnswer *lpm_answer_from_json(JsonNode *node, GError **error);

#endif /* LPM_OFFER_JSON_H */
