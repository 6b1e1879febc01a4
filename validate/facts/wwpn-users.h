/*
 * Who uses which WWPN, on systems that were told of
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_WWPN_USERS_H
#define LPM_WWPN_USERS_H

#include <glib.h>

#include "facts/node.h"
#include "vfc/wwpn.h"

/*
 * Theory of operation
 *
 * Three kinds of users are told of: virtual adapters, with a pair; logins at
 * physical ports, of which the host knows no partition; and targets, whose
 * WWPNs are names on the same fabric.  Sources overlap: one adapter may be
 * told of by libvirt, by its QEMU and as a login, and by two systems while
 * its partition moves.  So two users of one WWPN are
 *
 *   fine      when they are one: the same partition, the same pair, logged
 *             in at one system at most;
 *   a fault   when they cannot be: other partitions, other pairs, two
 *             adapters of one system, two logins, a target;
 *   unclear   when the sources do not tell.
 *
 * Partitions are the same by their UUID.  A name alone makes two of them one
 * only within a system, or while one of them moves: names are unique per
 * system, and a restored copy keeps its name, and the WWPNs.
 */
typedef enum LpmWwpnKind {
    LPM_WWPN_ADAPTER,
    LPM_WWPN_LOGIN,
    LPM_WWPN_TARGET,
} LpmWwpnKind;

typedef enum LpmWwpnLogin {
    LPM_WWPN_LOGIN_UNKNOWN,
    LPM_WWPN_LOGGED_OUT,
    LPM_WWPN_LOGGED_IN,
} LpmWwpnLogin;

/* Members may be NULL where nobody told. */
typedef struct LpmWwpnUser {
    LpmWwpnKind kind;
    guint64 wwpn;           /* 0: @text is none */
    char *text;             /* 16 digits, or what was told instead */
    guint which;            /* of an adapter's pair: 1 or 2; else 0 */
    char *pair;             /* the other one, as @text */
    char *adapter;          /* slot, reg or name */
    char *partition;
    char *uuid;
    char *system;
    char *source;           /* which source told it */
    char *origin;           /* where in there */
    char *port;             /* physical port of the login */
    guint report;           /* one per lpm_wwpn_users_add() */
    LpmWwpnLogin login;
    gboolean moves;         /* the partition does */
    gboolean joined;        /* a login that an adapter's user shows */
} LpmWwpnUser;

typedef struct LpmWwpnUsers LpmWwpnUsers;

/** lpm_wwpn_users_new: (transfer full): none yet. */
LpmWwpnUsers *lpm_wwpn_users_new(void);

/** lpm_wwpn_users_free: @users: (nullable). */
void lpm_wwpn_users_free(LpmWwpnUsers *users);

/**
 * lpm_wwpn_users_add:
 * @system: of record SYSTEM; only read
 * @source: copied: names it in reports
 */
void lpm_wwpn_users_add(LpmWwpnUsers *users, const LpmNode *system,
                        const char *source);

/** lpm_wwpn_users_settle: after the last one was added: sorts and joins. */
void lpm_wwpn_users_settle(LpmWwpnUsers *users);

/** lpm_wwpn_users_all: (transfer none): LpmWwpnUser *, by WWPN. */
const GPtrArray *lpm_wwpn_users_all(const LpmWwpnUsers *users);

/**
 * lpm_wwpn_users_gaps: (transfer none): char *: what the sources do not tell
 * although an adapter may be there.
 */
const GPtrArray *lpm_wwpn_users_gaps(const LpmWwpnUsers *users);

/** lpm_wwpn_users_has: whether any kind of user has it. */
gboolean lpm_wwpn_users_has(const LpmWwpnUsers *users, guint64 wwpn);

/* What two users, or the name of one, are found to be; static. */
typedef struct LpmWwpnProblem {
    gboolean is_fault;      /* else unclear */
    const char *what;
    const char *remedy;
} LpmWwpnProblem;

typedef struct LpmWwpnFinding {
    const LpmWwpnProblem *problem;
    const char *detail;     /* NULL, or more of what; static */
    const LpmWwpnUser *a;
    const LpmWwpnUser *b;   /* NULL: it is about @a alone */
} LpmWwpnFinding;

/**
 * lpm_wwpn_users_check:
 *
 * Duplicates, and names that no port can have.  Of a WWPN with hundreds of
 * users each is compared with those next to it in lpm_wwpn_users_all() only.
 *
 * Returns: (transfer full): LpmWwpnFinding *, whose users are @users'.
 */
GPtrArray *lpm_wwpn_users_check(const LpmWwpnUsers *users);

/**
 * LpmWwpnRandom:
 * @ret_number: 64 bits that nobody can foretell
 *
 * Returns: false with @error set.
 */
typedef gboolean (*LpmWwpnRandom)(gpointer opaque, guint64 *ret_number,
                                  GError **error);

/**
 * lpm_wwpn_choose:
 * @users: those to avoid
 * @count: pairs that are wanted, at least 1
 *
 * Each pair is a random one, or if that is used the next that is not.
 *
 * Returns: (transfer full) (nullable): guint64, the first WWPN of each pair;
 * the second is one above.
 * Errors: LIMIT (not so many are left), those of @random.
 */
GArray *lpm_wwpn_choose(const LpmWwpnUsers *users, const LpmVfcPrefix *prefix,
                        guint count, LpmWwpnRandom random, gpointer opaque,
                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmWwpnUsers, lpm_wwpn_users_free)

#endif /* LPM_WWPN_USERS_H */
