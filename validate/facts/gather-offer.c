/*
 * Gatherer: facts from a saved offer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "error/lpm-error.h"
#include "facts/gather.h"
#include "facts/json-read.h"
#include "facts/offer-json.h"
#include "facts/read-file.h"

#define FILE_MAX_BYTES  (8u * 1024 * 1024)

static void set_if(LpmFacts *facts, LpmSide side, LpmField fact,
                   const char *value)
{
    if (value != NULL) {
        lpm_facts_set_string(facts, side, fact, value, "offer");
    } else {
        lpm_facts_set_absent(facts, side, fact, "not in the offer");
    }
}

gboolean lpm_gather_offer_file(LpmFacts *facts, LpmSide side,
                               const char *path, GError **error)
{
    g_autofree char *what = g_strdup_printf("%s offer:%s",
                                            lpm_side_name(side), path);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(LpmOffer) offer = NULL;
    g_autoptr(GError) err = NULL;
    GString *text = lpm_read_file(path, FILE_MAX_BYTES, "what \"lpm offer\" "
                                  "printed", &err);

    if (text == NULL) {
        g_set_error(error, LPM_ERROR, err->code, "%s: %s", what,
                    err->message);
        return FALSE;
    }
    node = lpm_json_parse(text->str, text->len, what, error);
    g_string_free(text, TRUE);
    if (node == NULL) {
        return FALSE;
    }
    offer = lpm_offer_from_json(node, &err);
    if (offer == NULL) {
        g_set_error(error, LPM_ERROR, err->code, "%s: %s", what,
                    err->message);
        return FALSE;
    }
    lpm_facts_set_bool(facts, side, LPM_QEMU_LIVE, FALSE, "offer");
    set_if(facts, side, LPM_QEMU_NAME, offer->name);
    set_if(facts, side, LPM_QEMU_UUID, offer->uuid);
    set_if(facts, side, LPM_QEMU_TARGET, offer->arch);
    lpm_facts_set_offer(facts, side, g_steal_pointer(&offer), path);
    return TRUE;
}
