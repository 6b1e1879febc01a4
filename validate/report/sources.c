/*
 * Which sources can tell a fact
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "report/sources.h"

guint lpm_fact_sources(LpmField field)
{
    guint sources = lpm_fact_gatherers[field];

    /* An offer is a live QEMU's, or a file of its own kind. */
    return lpm_field_info(field)->type == LPM_TYPE_OFFER ?
           LPM_FROM_QMP | LPM_FROM_OFFER : sources | LPM_FROM_INVENTORY;
}

char *lpm_fact_sources_text(LpmField field)
{
    static const struct {
        LpmFactSource source;
        const char *name;
    } names[] = {
        { LPM_FROM_QMP, "qmp" },
        { LPM_FROM_LIBVIRT, "libvirt" },
        { LPM_FROM_HOST, "host" },
        { LPM_FROM_OFFER, "offer" },
        { LPM_FROM_INVENTORY, "inventory" },
    };
    guint sources = lpm_fact_sources(field);
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if ((sources & names[i].source) != 0) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                   names[i].name);
        }
    }
    return g_string_free(text, FALSE);
}
