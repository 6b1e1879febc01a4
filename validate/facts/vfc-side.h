/*
 * Who is logged in to the SAN: the adapters of each side of a move
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_SIDE_H
#define LPM_VFC_SIDE_H

#include <json-glib/json-glib.h>

#include "facts/facts.h"

/*
 * Theory of operation
 *
 * Each adapter has a pair of WWPNs.  Outside of a move the side with the
 * guest has one of them logged in, and nobody the other one.  During a move
 * the other one logs in from the destination; when the guest runs there, the
 * first one is logged out.  What a failure may leave:
 *
 *   wwpn-twice      the same WWPN logged in twice: never allowed
 *   pair-logged-in  both WWPNs of a pair, and no move is under way
 *   pair-waits      both, the source says that the move is over, and the
 *                   destination still waits: it may not have noticed yet
 *   runs-twice      the guest runs on both sides
 *   runs-fenced     the guest runs where its commands are turned away
 *   not-logged-in   the guest is on a side whose adapter is not logged in
 *   not-started     the move is complete, and nobody let the guest go on
 *
 * A move is under way while its source says so.  Two sides that have no WWPN
 * in common are no sides of one move; nothing is said of them together.
 * Sides are asked one after the other, so what is found in the middle of a
 * change may be gone at the next look: the caller looks twice.
 */

typedef struct LpmVfcTarget {
    char *wwpn;                 /* as told */
    char *name;
    gboolean logged_in;
} LpmVfcTarget;

typedef struct LpmVfcAdapter {
    char *id;
    guint32 reg;
    guint64 wwpn[2];
    guint active;               /* 1 or 2: of wwpn, the one in use here */
    gboolean logged_in;         /* to the fabric, or to any target */
    gboolean fenced;            /* the guest's commands are turned away */
    GPtrArray *targets;         /* LpmVfcTarget * */
} LpmVfcAdapter;

typedef struct LpmVfcSide {
    LpmSide side;
    char *where;                /* as the user named it: "qmp:/run/a.qmp" */
    char *run_state;
    gboolean runs;
    char *phase;                /* of the move, QMP's LpmPhase */
    char *role;                 /* in it, QMP's LpmRole */
    GPtrArray *adapters;        /* LpmVfcAdapter * */
} LpmVfcSide;

/* What may be wrong; a row in vfc-side.c. */
typedef struct LpmVfcProblem {
    const char *id;
    gboolean is_fault;          /* else it is not clear whether it is one */
} LpmVfcProblem;

typedef struct LpmVfcFinding {
    const LpmVfcProblem *problem;
    guint64 wwpn[2];            /* that it is about; 0: none */
    char *what;                 /* of ids that QEMU told: not escaped */
    char *remedy;
} LpmVfcFinding;

/**
 * lpm_vfc_side_new:
 * @where: copied
 * @status, @lpm: replies to query-status and query-lpm, untrusted
 *
 * Returns: (transfer full) (nullable).
 * Errors: MALFORMED, LIMIT; UNSUPPORTED: this QEMU tells of no adapters.
 * Threads: any.
 */
LpmVfcSide *lpm_vfc_side_new(LpmSide side, const char *where,
                             JsonNode *status, JsonNode *lpm,
                             GError **error);

/** lpm_vfc_side_free: @side: (nullable). */
void lpm_vfc_side_free(LpmVfcSide *side);

/** lpm_vfc_side_sends: whether a move away from @side is under way. */
gboolean lpm_vfc_side_sends(const LpmVfcSide *side);

/** lpm_vfc_side_find: (nullable): the first adapter with that @id. */
const LpmVfcAdapter *lpm_vfc_side_find(const LpmVfcSide *side,
                                       const char *id);

/** lpm_vfc_adapter_wwpn: the one that is in use here. */
guint64 lpm_vfc_adapter_wwpn(const LpmVfcAdapter *adapter);

/** lpm_vfc_adapter_standby: the other one. */
guint64 lpm_vfc_adapter_standby(const LpmVfcAdapter *adapter);

/**
 * lpm_vfc_check:
 * @sides: LpmVfcSide *, one or two; must outlive what is returned
 *
 * Returns: (transfer full): LpmVfcFinding *, in the order of the list above.
 * Threads: any.
 */
GPtrArray *lpm_vfc_check(const GPtrArray *sides);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmVfcSide, lpm_vfc_side_free)

#endif /* LPM_VFC_SIDE_H */
