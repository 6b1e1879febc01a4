/*
 * What is kept of one move, and its words
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "records/move-record.h"

static const char *const directions[] = {
    [LPM_KEPT_INBOUND] = "inbound",
    [LPM_KEPT_OUTBOUND] = "outbound",
};
G_STATIC_ASSERT(G_N_ELEMENTS(directions) == LPM_KEPT_DIRECTION__MAX);

static const char *const kinds[] = {
    [LPM_KEPT_ACTIVE] = "active",
    [LPM_KEPT_INACTIVE] = "inactive",
    [LPM_KEPT_SUSPENDED] = "suspended",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == LPM_KEPT_KIND__MAX);

static const char *const outcomes[] = {
    [LPM_KEPT_RUNNING] = "running",
    [LPM_KEPT_DONE] = "done",
    [LPM_KEPT_REFUSED] = "refused",
    [LPM_KEPT_CANCELLED] = "cancelled",
    [LPM_KEPT_FAILED] = "failed",
    [LPM_KEPT_UNCLEAR] = "unclear",
    [LPM_KEPT_LOST] = "lost",
};
G_STATIC_ASSERT(G_N_ELEMENTS(outcomes) == LPM_KEPT_OUTCOME__MAX);

void lpm_move_record_free(LpmMoveRecord *record)
{
    if (record == NULL) {
        return;
    }
    g_free(record->name);
    g_free(record->uuid);
    g_free(record->peer);
    g_free(record->by);
    g_free(record->phase);
    g_free(record->text);
    g_free(record);
}

GPtrArray *lpm_move_records_new(void)
{
    return g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_move_record_free);
}

gboolean lpm_move_record_is(const LpmMoveRecord *record, const char *name,
                            const char *uuid)
{
    if (uuid != NULL && record->uuid != NULL) {
        return g_ascii_strcasecmp(uuid, record->uuid) == 0;
    }
    return name != NULL && g_str_equal(name, record->name);
}

static gboolean find_word(const char *const *words, guint n,
                          const char *name, guint *ret_index)
{
    for (guint i = 0; i < n; i++) {
        if (g_strcmp0(words[i], name) == 0) {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *lpm_kept_direction_name(LpmKeptDirection direction)
{
    return directions[direction];
}

const char *lpm_kept_kind_name(LpmKeptKind kind)
{
    return kinds[kind];
}

const char *lpm_kept_outcome_name(LpmKeptOutcome outcome)
{
    return outcomes[outcome];
}

gboolean lpm_kept_direction_find(const char *name,
                                   LpmKeptDirection *ret_direction)
{
    guint index = 0;
    gboolean found = find_word(directions, G_N_ELEMENTS(directions), name,
                               &index);

    *ret_direction = (LpmKeptDirection)index;
    return found;
}

gboolean lpm_kept_kind_find(const char *name, LpmKeptKind *ret_kind)
{
    guint index = 0;
    gboolean found = find_word(kinds, G_N_ELEMENTS(kinds), name, &index);

    *ret_kind = (LpmKeptKind)index;
    return found;
}

gboolean lpm_kept_outcome_find(const char *name,
                                 LpmKeptOutcome *ret_outcome)
{
    guint index = 0;
    gboolean found = find_word(outcomes, G_N_ELEMENTS(outcomes), name,
                               &index);

    *ret_outcome = (LpmKeptOutcome)index;
    return found;
}

char *lpm_kept_time(gint64 ms)
{
    g_autoptr(GDateTime) time = ms > 0 ?
        g_date_time_new_from_unix_local(ms / 1000) : NULL;

    return time != NULL ? g_date_time_format(time, "%F %T") : NULL;
}
