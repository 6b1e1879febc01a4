/*
 * The core's types to and from those of the QMP schema
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_QAPI_H
#define LPM_QAPI_H

#include "qapi/qapi-types-lpm.h"

#include "lpm-codec-class.h"
#include "compat/answer.h"
#include "compat/offer.h"

/* All: nothing of the argument is kept; the result belongs to the caller. */
LpmOfferInfo *lpm_offer_to_qapi(const LpmOffer *offer);

/* Returns NULL with @errp set if a WWPN is not 16 hexadecimal digits. */
LpmOffer *lpm_offer_from_qapi(const LpmOfferInfo *info, Error **errp);
LpmAnswerInfo *lpm_answer_to_qapi(const LpmAnswer *answer);
LpmCodecStatsInfo *lpm_codec_stats_to_qapi(const LpmCodecStats *stats);
LpmStreamStatsInfo *lpm_stream_to_qapi(const LpmStreamStats *stats);

/* Strings of a GPtrArray as a QAPI list. */
strList *lpm_strings_to_qapi(const GPtrArray *strings);

#endif /* LPM_QAPI_H */
