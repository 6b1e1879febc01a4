/*
 * Offers: any bytes as a record from the peer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What decodes must encode, decode again and encode to the same bytes; the
 * comparison and its answer must cope with whatever it says.
 */
#include <stdint.h>

#include "compat/compare.h"
#include "compat/offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static void compare(const LpmOffer *source, const LpmOffer *destination)
{
    g_autoptr(LpmAnswer) answer = lpm_compare(source, destination);
    g_autofree char *text = lpm_answer_text(answer);
    g_autoptr(GBytes) bytes = lpm_answer_encode(answer, NULL);
    g_autoptr(LpmAnswer) back = NULL;

    must(text != NULL && bytes != NULL);
    back = lpm_answer_decode(g_bytes_get_data(bytes, NULL),
                             g_bytes_get_size(bytes), NULL);
    must(back != NULL && back->accepted == answer->accepted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmOffer) offer = lpm_offer_decode(data, size, &error);
    g_autoptr(LpmOffer) empty = lpm_offer_new();
    g_autoptr(LpmOffer) again = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) bytes_again = NULL;

    must((offer == NULL) == (error != NULL));
    if (!offer) {
        return 0;
    }
    bytes = lpm_offer_encode(offer, NULL);
    must(bytes != NULL);
    again = lpm_offer_decode(g_bytes_get_data(bytes, NULL),
                             g_bytes_get_size(bytes), NULL);
    must(again != NULL);
    bytes_again = lpm_offer_encode(again, NULL);
    must(bytes_again != NULL && g_bytes_equal(bytes, bytes_again));
    compare(offer, again);
    compare(offer, empty);
    compare(empty, offer);
    return 0;
}
