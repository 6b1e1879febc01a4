/*
 * The answer to an offer: accepted, or refused with every reason
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_COMPAT_ANSWER_H
#define LPM_COMPAT_ANSWER_H

#include <glib.h>

#define LPM_ANSWER_VERSION      1u
#define LPM_ANSWER_MIN_VERSION  1u
#define LPM_ANSWER_MAX_BYTES    (60u * 1024)
#define LPM_ANSWER_REASONS_MAX  256u
#define LPM_ANSWER_ID_MAX       64u
#define LPM_ANSWER_TEXT_MAX     4096u   /* of any other string of a reason */

typedef enum LpmSeverity {
    LPM_SEVERITY_WARNING,   /* the move goes on */
    LPM_SEVERITY_ERROR,     /* the move is refused */
} LpmSeverity;

/* One finding, complete in itself: what, both values, what to do. */
typedef struct LpmReason {
    char *id;               /* stable slug: "cpu-compat.current-supported" */
    LpmSeverity severity;
    char *title;            /* one phrase: what was wrong */
    char *source;           /* the source's value */
    char *destination;      /* the destination's value */
    char *remedy;           /* names an option or a command */
} LpmReason;

typedef struct LpmAnswer {
    guint32 version;
    gboolean accepted;      /* true iff no reason has severity ERROR */
    GPtrArray *reasons;     /* LpmReason *, owned, in the table's order */
    /*
     * Settled by the destination on accepting; NULL = nothing to settle.
     * The mode that the destination takes as its preferred mode from now on.
     */
    char *preferred_mode;
} LpmAnswer;

/** lpm_answer_new: Returns: (transfer full): accepted, without reasons. */
LpmAnswer *lpm_answer_new(void);

/** lpm_answer_free: @answer: (nullable). */
void lpm_answer_free(LpmAnswer *answer);

/**
 * lpm_answer_add:
 * @answer: gets the reason; an ERROR makes it a refusal
 * @id: copied; a slug of 1..LPM_ANSWER_ID_MAX bytes
 * @title, @source, @destination, @remedy: copied, not NULL; control
 *   characters and broken UTF-8 are replaced and what is too long is cut, so
 *   that a peer's text can go to a terminal or a log as it is
 */
void lpm_answer_add(LpmAnswer *answer, LpmSeverity severity, const char *id,
                    const char *title, const char *source,
                    const char *destination, const char *remedy);

/**
 * lpm_answer_encode:
 *
 * Returns: (transfer full) (nullable): one record of at most
 * LPM_ANSWER_MAX_BYTES, big endian.  Reasons that do not fit are left out
 * and counted in a last reason of id "answer.truncated": a refusal never
 * fails for its own length.
 * Errors: LIMIT, MALFORMED (@accepted contradicts the reasons).
 * Threads: any.  Source: FORMATS.md 2.
 */
GBytes *lpm_answer_encode(const LpmAnswer *answer, GError **error);

/**
 * lpm_answer_decode:
 * @buf: @len bytes from the peer, untrusted
 *
 * Returns: (transfer full) (nullable): the answer.
 * Errors: TRUNCATED, MALFORMED (also: accepted with an ERROR reason, refused
 * without one), LIMIT, UNSUPPORTED.  Threads: any.  Source: FORMATS.md 2.
 */
LpmAnswer *lpm_answer_decode(const guint8 *buf, gsize len, GError **error);

/**
 * lpm_answer_text:
 *
 * Returns: (transfer full): the refusal for people, on one line per reason:
 * "ID: TITLE (source: X, destination: Y); REMEDY".  For an accepted answer,
 * its warnings or "accepted".
 */
char *lpm_answer_text(const LpmAnswer *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmAnswer, lpm_answer_free)

#endif /* LPM_COMPAT_ANSWER_H */
