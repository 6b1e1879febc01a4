/*
 * The hook's part in the records of this host's moves
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <syslog.h>

#include "config.h"
#include "error/lpm-error.h"
#include "hook/slots.h"

static LpmRecords *open_records(const LpmDomain *domain, GError **error)
{
    g_autoptr(GError) err = NULL;
    LpmRecords *records = lpm_records_open(lpm_records_path(NULL), "",
                                           LPM_RECORDS_WRITE, &err);

    if (records == NULL) {
        syslog(LOG_ERR, "%s: %s", lpm_domain_name(domain), err->message);
        g_propagate_error(error, g_steal_pointer(&err));
    }
    return records;
}

/* What stops a move, and not only its record. */
static gboolean is_refusal(const GError *error)
{
    return !g_error_matches(error, LPM_ERROR, LPM_ERROR_IO);
}

gboolean lpm_slots_begin(const LpmDomain *domain, const LpmPolicy *policy,
                         GError **error)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(LpmRecords) records = open_records(domain, &err);
    LpmMoveLimits limits = LPM_MOVE_LIMITS_DEFAULT;
    const LpmMoveRecord move = {
        .name = (char *)lpm_domain_name(domain),
        .uuid = (char *)lpm_domain_uuid(domain),
        .direction = LPM_KEPT_INBOUND,
        .kind = LPM_KEPT_ACTIVE,
        .by = (char *)"virsh",
        .phase = (char *)"validating",
    };
    gint64 id;

    lpm_limits_set(&limits, policy->max_inbound, policy->max_outbound);
    if ((records == NULL ||
         !lpm_records_begin(records, &move, &limits, &id, &err)) &&
        is_refusal(err)) {
        g_propagate_error(error, g_steal_pointer(&err));
        return FALSE;
    }
    return TRUE;
}

static gboolean find(LpmRecords *records, const LpmDomain *domain,
                     gint64 *ret_id)
{
    return lpm_records_find(records, lpm_domain_name(domain),
                            lpm_domain_uuid(domain), ret_id, NULL) &&
           *ret_id != 0;
}

void lpm_slots_phase(const LpmDomain *domain, const char *phase)
{
    g_autoptr(LpmRecords) records = open_records(domain, NULL);
    gint64 id;

    if (records != NULL && find(records, domain, &id)) {
        lpm_records_set_phase(records, id, phase, NULL);
    }
}

void lpm_slots_end(const LpmDomain *domain, LpmKeptOutcome outcome,
                   const char *text)
{
    g_autoptr(LpmRecords) records = open_records(domain, NULL);
    gint64 id;

    if (records != NULL && find(records, domain, &id)) {
        lpm_records_end(records, id, outcome, text, NULL);
    }
}
