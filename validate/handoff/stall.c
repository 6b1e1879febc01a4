/*
 * When a move does not converge: a rule over the looks at its source
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "handoff/stall.h"

#define MIB  (1024.0 * 1024)
/* QEMU works out dirty-pages-rate no oftener than that. */
#define MARK_EVERY_MS  1000

void lpm_stall_init(LpmStall *stall, gint64 limit_ms)
{
    memset(stall, 0, sizeof(*stall));
    stall->limit_ms = limit_ms;
}

static gboolean jumped_back(const LpmStallLook *last,
                            const LpmStallLook *look)
{
    return look->ms < last->ms || look->rounds < last->rounds ||
           look->page_bytes < last->page_bytes ||
           look->wire_bytes < last->wire_bytes;
}

/* Clearly less than @than, in floating point: it may be any 64 bits. */
static gboolean clearly_less(double value, double than)
{
    return value < than * (100 - LPM_STALL_CLEARLY_PERCENT) / 100;
}

static void add_mark(LpmStall *stall, const LpmStallMark *mark)
{
    if (stall->n_marks > 0 &&
        mark->look.ms - stall->marks[stall->n_marks - 1].look.ms <
        MARK_EVERY_MS) {
        return;
    }
    if (stall->n_marks == LPM_STALL_MARKS) {
        memmove(&stall->marks[0], &stall->marks[1],
                (LPM_STALL_MARKS - 1) * sizeof(stall->marks[0]));
        stall->n_marks--;
    }
    stall->marks[stall->n_marks++] = *mark;
}

static gboolean rates(const LpmStall *stall, const LpmStallMark *now,
                      LpmStallFigures *figures)
{
    const LpmStallMark *from = &stall->marks[0];
    double seconds = (double)(now->look.ms - from->look.ms) / 1000;

    if (now->look.ms - from->look.ms < MARK_EVERY_MS) {
        return FALSE;
    }
    figures->dirty_rate = (now->dirtied - from->dirtied) / seconds;
    figures->page_rate = (double)(now->look.page_bytes -
                                  from->look.page_bytes) / seconds;
    figures->wire_rate = (double)(now->look.wire_bytes -
                                  from->look.wire_bytes) / seconds;
    return TRUE;
}

/* The begin of a round, the second one or a later one. */
static gboolean new_round(LpmStall *stall, const LpmStallMark *now,
                          LpmStallFigures *ret_figures)
{
    const LpmStallLook *look = &now->look;
    const LpmStallLook *best = &stall->best.look;
    LpmStallFigures figures = { .remaining = look->remaining };
    /* less than a round ago, if not than at best: it may be on its way */
    gboolean shrinks = stall->n_marks > 0 && clearly_less(
        (double)look->remaining,
        (double)stall->marks[stall->n_marks - 1].look.remaining);

    add_mark(stall, now);
    if (!stall->has_best ||
        clearly_less((double)look->remaining, (double)best->remaining)) {
        stall->has_best = TRUE;
        stall->best = *now;
        stall->told = FALSE;
        return FALSE;
    }
    figures.rounds = look->rounds - best->rounds;
    if (stall->told || shrinks || look->remaining == 0 ||
        figures.rounds < LPM_STALL_ROUNDS ||
        look->ms - best->ms < stall->limit_ms ||
        look->page_bytes - best->page_bytes < best->remaining ||
        !rates(stall, now, &figures)) {
        return FALSE;
    }
    /* in balance the two are the same but for how they are measured */
    if (figures.page_rate <= 0 ||
        clearly_less(figures.dirty_rate, figures.page_rate)) {
        return FALSE;
    }
    figures.stop_ms = (gint64)MIN((double)figures.remaining * 1000 /
                                  figures.page_rate, 1e15);
    stall->told = TRUE;
    *ret_figures = figures;
    return TRUE;
}

gboolean lpm_stall_look(LpmStall *stall, const LpmStallLook *look,
                        LpmStallFigures *ret_figures)
{
    LpmStallMark now = { .look = *look };
    gboolean begins;

    if (stall->any && jumped_back(&stall->last.look, look)) {
        lpm_stall_init(stall, stall->limit_ms);
    }
    if (!stall->any) {
        /* this round has begun already, no one knows with how much */
        stall->any = TRUE;
        stall->last = now;
        return FALSE;
    }
    now.dirtied = stall->last.dirtied + (double)look->dirty_bytes *
                  (double)(look->ms - stall->last.look.ms) / 1000;
    begins = look->rounds > stall->last.look.rounds;
    stall->last = now;
    return begins && look->rounds >= 2 &&
           new_round(stall, &now, ret_figures);
}

char *lpm_stall_text(const LpmStallFigures *figures)
{
    return g_strdup_printf(
        "the move does not converge: the guest dirties %.1f MiB/s, %.1f "
        "MiB/s of pages leave (%.1f MiB/s on the wire), %" G_GUINT64_FORMAT
        " rounds without progress, %.1f MiB remain; to stop the guest now "
        "and send them takes about %.1f s",
        figures->dirty_rate / MIB, figures->page_rate / MIB,
        figures->wire_rate / MIB, figures->rounds,
        (double)figures->remaining / MIB, (double)figures->stop_ms / 1000);
}

void lpm_stall_watch_clear(LpmStallWatch *watch)
{
    g_clear_pointer(&watch->text, g_free);
}

static void note(const LpmMoveObserver *observer, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void note(const LpmMoveObserver *observer, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    observer->note(text, observer->opaque);
}

static LpmStallAct act(const LpmStallWatch *watch, const LpmLook *look,
                       const LpmMoveObserver *observer)
{
    switch (watch->on_stall) {
    case LPM_ON_STALL_CANCEL:
        return LPM_STALL_CANCEL;
    case LPM_ON_STALL_SUSPEND:
        note(observer, "%s", watch->text);
        return LPM_STALL_SUSPEND;
    case LPM_ON_STALL_WAIT:
        note(observer, "%s (see --on-stall)", watch->text);
        return LPM_STALL_GO_ON;
    case LPM_ON_STALL_THROTTLE:
        note(observer, "%s; QEMU throttles the guest by %" G_GUINT64_FORMAT
             " %%", watch->text, look->throttle_percent);
        return LPM_STALL_GO_ON;
    case LPM_ON_STALL__MAX:
        break;
    }
    g_assert_not_reached();
}

LpmStallAct lpm_stall_watch(LpmStallWatch *watch, const LpmLook *look,
                            const LpmMoveObserver *observer)
{
    const LpmStallLook now = {
        .ms = g_get_monotonic_time() / 1000,
        .rounds = look->rounds,
        .remaining = look->remaining,
        .dirty_bytes = look->dirty_bytes,
        .page_bytes = look->raw_bytes,
        .wire_bytes = look->wire_bytes,
    };
    LpmStallFigures figures;

    if (!look->has_ram || look->phase != LPM_MOVE_TRANSFER) {
        return LPM_STALL_GO_ON;
    }
    if (look->throttle_percent > 0 && !watch->throttled) {
        watch->throttled = TRUE;
        note(observer, "QEMU begins to throttle the guest, by %"
             G_GUINT64_FORMAT " %%", look->throttle_percent);
    }
    if (!lpm_stall_look(&watch->stall, &now, &figures)) {
        return LPM_STALL_GO_ON;
    }
    g_free(watch->text);
    watch->text = lpm_stall_text(&figures);
    return act(watch, look, observer);
}
