/*
 * How many moves at once, and in which directions: what one host allows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "error/lpm-error.h"
#include "records/limits.h"

/* Of those in the way so many are named. */
#define NAMED_MAX  4u

typedef gboolean (*Choose)(const LpmMoveRecord *move,
                           const LpmMoveRecord *asked);

static gboolean is_same_guest(const LpmMoveRecord *move,
                              const LpmMoveRecord *asked)
{
    return lpm_move_record_is(move, asked->name, asked->uuid);
}

static gboolean is_opposite(const LpmMoveRecord *move,
                            const LpmMoveRecord *asked)
{
    return move->direction != asked->direction;
}

static gboolean is_same_group(const LpmMoveRecord *move,
                              const LpmMoveRecord *asked)
{
    return (move->kind == LPM_KEPT_INACTIVE) ==
           (asked->kind == LPM_KEPT_INACTIVE);
}

static gboolean needs_mover(const LpmMoveRecord *move,
                            const LpmMoveRecord *asked)
{
    return move->kind != LPM_KEPT_INACTIVE &&
           asked->kind != LPM_KEPT_INACTIVE;
}

static gboolean is_suspended(const LpmMoveRecord *move,
                             const LpmMoveRecord *asked)
{
    return move->kind == LPM_KEPT_SUSPENDED &&
           asked->kind == LPM_KEPT_SUSPENDED;
}

static gboolean is_any(const LpmMoveRecord *move, const LpmMoveRecord *asked)
{
    return move != NULL && asked != NULL;
}

static guint count(const GPtrArray *running, const LpmMoveRecord *asked,
                   Choose choose)
{
    guint n = 0;

    for (guint i = 0; i < running->len; i++) {
        n += choose(g_ptr_array_index(running, i), asked);
    }
    return n;
}

/* "lpar1 (inbound from kvm2, since 2026-11-22 22:45:10)" and more of them. */
static char *holders(const GPtrArray *running, const LpmMoveRecord *asked,
                     Choose choose)
{
    GString *text = g_string_new(NULL);
    guint n = 0;

    for (guint i = 0; i < running->len; i++) {
        const LpmMoveRecord *move = g_ptr_array_index(running, i);
        g_autofree char *since = lpm_kept_time(move->begun_ms);

        if (!choose(move, asked) || n++ >= NAMED_MAX) {
            continue;
        }
        g_string_append_printf(
            text, "%s%s (%s%s%s%s%s)", n > 1 ? ", " : "", move->name,
            lpm_kept_direction_name(move->direction),
            move->peer == NULL ? "" :
            move->direction == LPM_KEPT_INBOUND ? " from " : " to ",
            move->peer != NULL ? move->peer : "",
            since != NULL ? ", since " : "", since != NULL ? since : "");
    }
    if (n > NAMED_MAX) {
        g_string_append_printf(text, " and %u more", n - NAMED_MAX);
    }
    return g_string_free(text, FALSE);
}

static gboolean refuse_guest(const GPtrArray *running,
                             const LpmMoveRecord *asked, GError **error)
{
    g_autofree char *who = holders(running, asked, is_same_guest);

    g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                "%s moves already: %s; a guest moves once at a time: wait "
                "for that move to end (lpm status), or cancel it",
                asked->name, who);
    return FALSE;
}

static gboolean refuse_direction(const GPtrArray *running,
                                 const LpmMoveRecord *asked, GError **error)
{
    g_autofree char *who = holders(running, asked, is_opposite);

    g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                "%s may not move %s now: %s; a host does not take guests in "
                "and send others away at the same time: wait for that to end "
                "(lpm status)", asked->name,
                asked->direction == LPM_KEPT_INBOUND ? "in" : "out", who);
    return FALSE;
}

/* One row of the table of counts. */
typedef struct Count {
    const char *what;
    const char *knob;       /* what raises the limit, or NULL: nothing */
    Choose choose;
    guint limit;
    guint besides;          /* of what is no move */
} Count;

static gboolean refuse_count(const GPtrArray *running,
                             const LpmMoveRecord *asked, const Count *row,
                             guint n, GError **error)
{
    g_autofree char *who = holders(running, asked, row->choose);

    g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                "%s may not move %s now: %s: %u, at most %u%s%s; wait for "
                "one to end (lpm status)%s%s", asked->name,
                asked->direction == LPM_KEPT_INBOUND ? "in" : "out",
                row->what, n, row->limit, who[0] != '\0' ? ": " : "", who,
                row->knob != NULL ? ", or raise " : "",
                row->knob != NULL ? row->knob : "");
    return FALSE;
}

void lpm_limits_set(LpmMoveLimits *limits, guint max_inbound,
                    guint max_outbound)
{
    if (max_inbound != 0) {
        limits->moves[LPM_KEPT_INBOUND] = max_inbound;
    }
    if (max_outbound != 0) {
        limits->moves[LPM_KEPT_OUTBOUND] = max_outbound;
    }
}

gboolean lpm_limits_allow(const GPtrArray *running, guint saves,
                          const LpmMoveRecord *asked,
                          const LpmMoveLimits *limits, GError **error)
{
    gboolean in = asked->direction == LPM_KEPT_INBOUND;
    guint limit = MIN(limits->moves[asked->direction], LPM_LIMIT_MOVES_MAX);
    /* what is not said to be more than a limit is that limit's own cause */
    const Count rows[] = {
        { asked->kind == LPM_KEPT_INACTIVE ?
          "inactive moves of this host" : "active moves of this host",
          limit == LPM_LIMIT_MOVES_MAX ? NULL :
          in ? "max-inbound in host.conf" : "max-outbound in host.conf",
          is_same_group, limit, 0 },
        { "moves through this host's mover", NULL, needs_mover,
          asked->kind == LPM_KEPT_INACTIVE ? G_MAXUINT : limits->mover,
          0 },
        { "moves of this host", NULL, is_any, LPM_LIMIT_MOVES_MAX, 0 },
        { "guests of this host that are suspended or resumed", NULL,
          is_suspended,
          asked->kind == LPM_KEPT_SUSPENDED ? limits->suspends :
                                                G_MAXUINT,
          saves },
    };

    if (count(running, asked, is_same_guest) > 0) {
        return refuse_guest(running, asked, error);
    }
    if (count(running, asked, is_opposite) > 0) {
        return refuse_direction(running, asked, error);
    }
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint n = count(running, asked, rows[i].choose) + rows[i].besides;

        if (n >= rows[i].limit) {
            return refuse_count(running, asked, &rows[i], n, error);
        }
    }
    return TRUE;
}
