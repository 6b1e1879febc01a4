/*
 * Rules: how many moves at once, and in which directions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/*
 * Theory of operation
 *
 * A server's moves are those in flight and those that are asked for: this
 * one, or as many as concurrent-moves says.  Rows about levels ask what more
 * than 4, or more than 8, moves at once need; rows about movers ask whether
 * one of them, and for several moves all of them together, can take what is
 * asked for.  Where editions differ the one of 2014 counts: 16 moves need
 * firmware 7.6 (2013: 7.4), and IVM takes 8 per I/O server (2013: 10).
 */

/* A number of which perhaps only bounds are known. */
typedef struct Bounds {
    gint64 least;
    gint64 most;
} Bounds;

#define ENDLESS  G_MAXINT32

/* This move, or as many as are asked for. */
static gint64 asked_for(LpmEval *eval)
{
    const LpmValue *value = lpm_node_get(
        lpm_facts_move(lpm_eval_facts(eval)), LPM_MOVE_CONCURRENT);

    return value != NULL ? MIN(value->number, ENDLESS) : 1;
}

/* Of the moves in argument 0, those that a mover may have to do with. */
static Bounds count_moves(LpmEval *eval, gboolean movers_only)
{
    const LpmValue *moves = lpm_eval_fact(eval, 0);
    Bounds bounds = { 0, ENDLESS };

    if (moves == NULL) {
        return bounds;
    }
    bounds.most = 0;
    for (guint i = 0; i < moves->items->len; i++) {
        const LpmValue *kind = lpm_node_get(
            g_ptr_array_index(moves->items, i), LPM_RUNNING_KIND);
        gboolean inactive = kind != NULL &&
                            g_str_equal(kind->text, "inactive");

        if (!movers_only || kind == NULL || !inactive) {
            bounds.most++;
        }
        if (!movers_only || (kind != NULL && !inactive)) {
            bounds.least++;
        }
    }
    return bounds;
}

static LpmTruth is_more(LpmEval *eval, Bounds bounds, gint64 limit)
{
    gint64 asked = asked_for(eval);

    lpm_eval_see(eval, "asked for: %" G_GINT64_FORMAT, asked);
    if (bounds.least + asked > limit) {
        return LPM_YES;
    }
    return bounds.most + asked > limit ? LPM_UNKNOWN : LPM_NO;
}

static LpmTruth more_than_4(LpmEval *eval)
{
    return is_more(eval, count_moves(eval, FALSE), 4);
}

static LpmTruth more_than_8(LpmEval *eval)
{
    return is_more(eval, count_moves(eval, FALSE), 8);
}

static LpmTruth more_than_10(LpmEval *eval)
{
    return is_more(eval, count_moves(eval, FALSE), 10);
}

static LpmTruth more_than_16(LpmEval *eval)
{
    return is_more(eval, count_moves(eval, FALSE), 16);
}

/* Active ones and those of suspended partitions. */
static LpmTruth movers_get_16(LpmEval *eval)
{
    return is_more(eval, count_moves(eval, TRUE), 15);
}

#define MORE(side, n) \
    CALL(more_than_##n, "more than " #n " moves at once on the server", \
         side(MOVES), MOVE(CONCURRENT))
#define MOVERS_GET_16(side) \
    CALL(movers_get_16, "16 active moves at once on the server", \
         side(MOVES), MOVE(CONCURRENT))

/* Arguments of the function below. */
enum { SLOTS_MOVES, SLOTS_IOSERVERS, SLOTS_FIRMWARE, SLOTS_CONSOLE,
       SLOTS_CONSOLE_MAX };

static gboolean version_from(const LpmValue *value, const char *least)
{
    LpmVersion version;

    if (!lpm_version_parse(least, &version)) {
        g_assert_not_reached();
    }
    return lpm_version_compare(&value->version, &version) >= 0;
}

/* Whether the server's firmware and console let a mover take 8 moves. */
static LpmTruth server_takes_8(LpmEval *eval)
{
    const LpmValue *firmware = lpm_eval_fact(eval, SLOTS_FIRMWARE);
    const LpmValue *console = lpm_eval_fact(eval, SLOTS_CONSOLE);

    if ((firmware != NULL && firmware->number < 760) ||
        (console != NULL && !version_from(console, "7.7.6.0"))) {
        return LPM_NO;
    }
    return firmware != NULL && console != NULL ? LPM_YES : LPM_UNKNOWN;
}

static const LpmValue *mover_value(LpmEval *eval, const LpmNode *mover,
                                   LpmField field)
{
    const LpmValue *value = lpm_node_get(mover, field);

    if (value == NULL) {
        lpm_eval_miss(eval, "I/O server %s: %s: not given",
                      lpm_node_key(mover), lpm_field_info(field)->name);
    }
    return value;
}

static LpmTruth mover_takes_8(LpmEval *eval, const LpmNode *mover)
{
    const LpmValue *version = mover_value(eval, mover, LPM_IOSERVER_VERSION);
    const LpmValue *link = mover_value(eval, mover, LPM_IOSERVER_LINK_MBPS);

    if ((version != NULL && !version_from(version, "2.2.2.0")) ||
        (link != NULL && link->number < 10000)) {
        return LPM_NO;
    }
    return version != NULL && link != NULL ? LPM_YES : LPM_UNKNOWN;
}

static void cap(Bounds *bounds, const LpmValue *limit)
{
    if (limit == NULL) {
        bounds->least = 0;
        return;
    }
    bounds->least = MIN(bounds->least, limit->number);
    bounds->most = MIN(bounds->most, limit->number);
}

/* Before 2.2.2.0 there are no attributes that could be told. */
static gboolean has_attributes(const LpmNode *server)
{
    const LpmValue *version = lpm_node_get(server, LPM_IOSERVER_VERSION);

    return version == NULL || version_from(version, "2.2.2.0") ||
           lpm_node_get(server, LPM_IOSERVER_MAX_MOVES) != NULL;
}

/* The least of the limits that hold for an I/O server; 0: it is no mover. */
static Bounds mover_limit(LpmEval *eval, const LpmNode *server,
                          LpmTruth server_8, const LpmValue *console_max)
{
    const LpmValue *is_mover = mover_value(eval, server,
                                           LPM_IOSERVER_MOVER);
    LpmTruth mover_8;
    Bounds limit = { 4, 4 };

    if (is_mover != NULL && is_mover->number == 0) {
        return (Bounds) { 0, 0 };
    }
    mover_8 = mover_takes_8(eval, server);
    if (server_8 != LPM_NO && mover_8 != LPM_NO) {
        limit.most = 8;
    }
    if (server_8 == LPM_YES && mover_8 == LPM_YES) {
        limit.least = 8;
    }
    if (is_mover == NULL) {
        limit.least = 0;
    }
    if (has_attributes(server)) {
        cap(&limit, mover_value(eval, server, LPM_IOSERVER_MAX_MOVES));
    }
    cap(&limit, console_max);
    return limit;
}

/* Whether a server's movers have room for all moves at once. */
static LpmTruth movers_have_room(LpmEval *eval)
{
    Bounds moves = count_moves(eval, TRUE);
    const LpmValue *ioservers = lpm_eval_fact(eval, SLOTS_IOSERVERS);
    LpmTruth server_8 = server_takes_8(eval);
    const LpmValue *console_max = lpm_eval_fact(eval, SLOTS_CONSOLE_MAX);
    Bounds room = { 0, ioservers != NULL ? 0 : ENDLESS };
    gint64 asked = asked_for(eval);

    for (guint i = 0; ioservers != NULL && i < ioservers->items->len; i++) {
        Bounds limit = mover_limit(eval,
                                   g_ptr_array_index(ioservers->items, i),
                                   server_8, console_max);

        room.least += limit.least;
        room.most += limit.most;
    }
    lpm_eval_see(eval, "asked for: %" G_GINT64_FORMAT ", limit of the "
                 "movers: %" G_GINT64_FORMAT, asked, room.most);
    if (moves.most + asked <= room.least) {
        return LPM_YES;
    }
    return moves.least + asked > room.most ? LPM_NO : LPM_UNKNOWN;
}

#define MOVERS_HAVE_ROOM(side, console) \
    CALL(movers_have_room, "the movers have room for all moves", \
         side(MOVES), side(IOSERVERS), side(FIRMWARE), console(VERSION), \
         console(MAX_ACTIVE), MOVE(CONCURRENT))

/* The device vioslpm0 with the attributes of a mover is there. */
#define HAS_ATTRIBUTES  GE(IT(IOSERVER, VERSION), VER("2.2.2.0"))
/* Moves that the mover at hand carries. */
#define CARRIES(side) \
    COUNT(side(MOVES), EQ(IT(RUNNING, IOSERVER), UP(IOSERVER, NAME)))
/*
 * The limits of a mover: its own, the HMC's (whose default is smaller), the
 * VASI adapter's; and 4 where the levels or the network adapter want it so.
 */
#define A_MOVER_IS_FREE(side, console) \
    SOME(side(IOSERVERS), \
         AND(IS(IT(IOSERVER, MOVER)), \
             OR(AND(NOT(HAS_ATTRIBUTES), \
                    NOT(KNOWN(IT(IOSERVER, MAX_MOVES)))), \
                LT(CARRIES(side), IT(IOSERVER, MAX_MOVES))), \
             LT(CARRIES(side), console(MAX_ACTIVE)), \
             OR(LT(CARRIES(side), NUM(4)), \
                AND(GE(IT(IOSERVER, LINK_MBPS), NUM(10000)), \
                    HAS_ATTRIBUTES, GE(side(FIRMWARE), NUM(760)), \
                    GE(console(VERSION), VER("7.7.6.0")), \
                    LT(CARRIES(side), NUM(8))))))

/* Room for this move, and for all that are asked for at once. */
#define ROOM(side, kinds, limit) \
    AND(LT(COUNT(side(MOVES), IN(IT(RUNNING, KIND), kinds)), side(limit)), \
        IF(KNOWN(MOVE(CONCURRENT)), \
           LE(ADD(COUNT(side(MOVES), IN(IT(RUNNING, KIND), kinds)), \
                  MOVE(CONCURRENT)), side(limit))))

/* A fix that a service pack needs is in all later ones. */
#define HMC_FOR_8(console) \
    OR(GT(console(VERSION), VER("7.7.4.0 SP1")), \
       AND(GE(console(VERSION), VER("7.7.4.0 SP1")), \
           HAS(console(FIXES), TXT("MH01302"))))

#define IOSERVERS_AT(side, v) \
    EACH(side(IOSERVERS), GE(IT(IOSERVER, VERSION), VER(v)))

#define TWO_AT_2_2_2(side) \
    GE(COUNT(side(IOSERVERS), GE(IT(IOSERVER, VERSION), VER("2.2.2.0"))), \
       NUM(2))
#define TWO_MOVERS_OF_8(side) \
    GE(COUNT(side(IOSERVERS), \
             AND(IS(IT(IOSERVER, MOVER)), \
                 GE(IT(IOSERVER, MAX_MOVES), NUM(8)))), NUM(2))

#define LIMIT_FITS_ADAPTER(side) \
    EACH(side(IOSERVERS), \
         IF(AND(IS(IT(IOSERVER, MOVER)), HAS_ATTRIBUTES, \
                LT(IT(IOSERVER, LINK_MBPS), NUM(10000))), \
            LE(IT(IOSERVER, MAX_MOVES), NUM(4))))

#define LEVEL_3(side) \
    EACH(side(IOSERVERS), \
         IF(AND(IS(IT(IOSERVER, MOVER)), HAS_ATTRIBUTES), \
            EQ(IT(IOSERVER, CONCURRENCY), NUM(3))))

/* Two ports a move, and a few to spare: one move's, at least. */
#define PORTS_SUFFICE(side) \
    EACH(side(IOSERVERS), \
         IF(AND(IS(IT(IOSERVER, MOVER)), HAS_ATTRIBUTES), \
            OR(AND(EQ(IT(IOSERVER, PORT_LOW), NUM(0)), \
                   EQ(IT(IOSERVER, PORT_HIGH), NUM(0))), \
               GE(SUB(ADD(IT(IOSERVER, PORT_HIGH), NUM(1)), \
                      IT(IOSERVER, PORT_LOW)), \
                  MUL(NUM(2), ADD(IT(IOSERVER, MAX_MOVES), NUM(1)))))))

static const LpmRule rows[] = {
    {
        .id = "concurrency.above-4",
        .covers = "PVM-CON-003 PVM-CON-004 PVM14-CONC-02 PVM14-CONC-03",
        .title = "levels are high enough for more than 4 moves at once",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(MORE(SRC, 4), MORE(DST, 4)),
        .test = AND(IF(MORE(SRC, 4),
                       AND(HMC_FOR_8(SRC_CON),
                           IOSERVERS_AT(SRC, "2.2.0.11 FP24 SP1"))),
                    IF(MORE(DST, 4),
                       AND(HMC_FOR_8(DST_CON),
                           IOSERVERS_AT(DST, "2.2.0.11 FP24 SP1")))),
        .wanted = "at most 4 moves at once, or HMC V7R7.4.0 SP1 with MH01302 "
                  "or later and I/O servers at 2.2.0.11 FP24 SP1 or later",
        .remedy = "wait for moves to end (lslparmigr -r lpar), or update",
        .source = "PVM-CON-003, PVM-CON-004, PVM14-CONC-02, PVM14-CONC-03; "
                  "2013 lines 1550-1551; 2014 lines 1532-1533",
    },
    {
        .id = "concurrency.above-8",
        .covers = "PVM-CON-005 PVM-CON-006 PVM14-CONC-01 PVM14-CONC-04",
        .title = "levels are high enough for more than 8 moves at once",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(MORE(SRC, 8), MORE(DST, 8)),
        .test = AND(IF(MORE(SRC, 8),
                       AND(GE(SRC(FIRMWARE), NUM(760)),
                           GE(SRC_CON(VERSION), VER("7.7.6.0")),
                           IOSERVERS_AT(SRC, "2.2.2.0"))),
                    IF(MORE(DST, 8),
                       AND(GE(DST(FIRMWARE), NUM(760)),
                           GE(DST_CON(VERSION), VER("7.7.6.0")),
                           IOSERVERS_AT(DST, "2.2.2.0")))),
        .wanted = "at most 8 moves at once, or firmware 7.6, HMC V7R7.6.0 "
                  "and I/O servers at 2.2.2.0, each or later",
        .remedy = "wait for moves to end (lslparmigr -r lpar), or update",
        .source = "PVM-CON-005, PVM-CON-006, PVM14-CONC-01, PVM14-CONC-04; "
                  "2013 lines 1552, 1556; 2014 lines 1534, 1538",
    },
    {
        .id = "concurrency.active-supported",
        .covers = "PVM-CON-001 PVM14-CONC-13",
        .title = "both servers support one more active move",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(ROOM(SRC, "active suspended", MAX_ACTIVE),
                    ROOM(DST, "active suspended", MAX_ACTIVE)),
        .wanted = "fewer active moves in flight than the servers support",
        .remedy = "wait for moves to end (lslparmigr -r lpar); lslparmigr -r "
                  "sys has the numbers",
        .source = "PVM-CON-001, PVM14-CONC-13; 2013 lines 521, 3428; 2014 "
                  "lines 514, 3211",
    },
    {
        .id = "concurrency.adapter-limit-set",
        .covers = "PVM-CON-007",
        .title = "a mover with a 1 Gbit/s adapter is set to 4 moves at most",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(LIMIT_FITS_ADAPTER(SRC), LIMIT_FITS_ADAPTER(DST)),
        .wanted = "cfg_msp_lpm_ops 4 where the adapter is slower than 10 "
                  "Gbit/s",
        .remedy = "chdev -dev vioslpm0 -attr cfg_msp_lpm_ops=4, or use a 10 "
                  "Gbit/s adapter",
        .source = "PVM-CON-007; D-13; 2013 line 1204; 2014 line 1208",
    },
    {
        .id = "concurrency.at-most-16",
        .covers = "PVM-CON-005 PVM14-CONC-01",
        .title = "no more than 16 moves at once on a server",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(NOT(MORE(SRC, 16)), NOT(MORE(DST, 16))),
        .remedy = "wait for moves to end (lslparmigr -r lpar)",
        .source = "PVM-CON-005, PVM14-CONC-01; 2013 line 1552; 2014 line "
                  "1534",
    },
    {
        .id = "concurrency.inactive-supported",
        .covers = "PVM-CON-002 PVM14-CONC-13",
        .title = "both servers support one more inactive move",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(ROOM(SRC, "inactive", MAX_INACTIVE),
                    ROOM(DST, "inactive", MAX_INACTIVE)),
        .wanted = "fewer inactive moves in flight than the servers support",
        .remedy = "wait for moves to end (lslparmigr -r lpar); lslparmigr -r "
                  "sys has the numbers",
        .source = "PVM-CON-002, PVM14-CONC-13; 2013 lines 521, 3428; 2014 "
                  "lines 514, 3211",
    },
    {
        .id = "concurrency.ivm-above-4",
        .covers = "PVM-CON-010 PVM14-CONC-11 PVM14-CONC-03",
        .title = "levels are high enough for more than 4 moves at once under "
                 "IVM",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(MORE(SRC, 4), MORE(DST, 4)),
        .test = AND(IF(MORE(SRC, 4),
                       AND(GE(SRC(FIRMWARE), NUM(760)),
                           IOSERVERS_AT(SRC, "2.2.2.0"))),
                    IF(MORE(DST, 4),
                       AND(GE(DST(FIRMWARE), NUM(760)),
                           IOSERVERS_AT(DST, "2.2.2.0")))),
        .wanted = "at most 4 moves at once, or firmware 7.6 and I/O servers "
                  "at 2.2.2.0, each or later",
        .remedy = "wait for moves to end, or update",
        .source = "PVM-CON-010, PVM14-CONC-11; C-01; 2013 lines 1559, "
                  "4122-4123, 4128; 2014 lines 3937-3938, 3943",
    },
    {
        .id = "concurrency.ivm-above-8",
        .covers = "PVM-CON-010 PVM14-CONC-11",
        .title = "no more than 8 moves at once under IVM",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        /* 10 a system, but 8 an I/O server, and IVM has only one. */
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(NOT(MORE(SRC, 8)), NOT(MORE(DST, 8))),
        .remedy = "wait for moves to end; the table has 10 per system, but 8 "
                  "per I/O server",
        .source = "PVM-CON-010, PVM14-CONC-11; D-10; C-02; 2013 line 4123; "
                  "2014 line 3938",
    },
    {
        .id = "concurrency.ivm-at-most-10",
        .covers = "PVM-CON-010 PVM14-CONC-11",
        .title = "no more than 10 moves at once under IVM",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(NOT(MORE(SRC, 10)), NOT(MORE(DST, 10))),
        .remedy = "wait for moves to end",
        .source = "PVM-CON-010, PVM14-CONC-11; C-01; D-10; 2013 lines 1559, "
                  "4123; 2014 lines 1541, 3938, 3943",
    },
    {
        .id = "concurrency.ivm-one-pair",
        .covers = "PVM-SRV-013 PVM14-CONC-12",
        .title = "all moves in flight are between these two servers",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EACH(SRC(MOVES), EQ(IT(RUNNING, PEER), DST(NAME))),
                    EACH(DST(MOVES), EQ(IT(RUNNING, PEER), SRC(NAME)))),
        .remedy = "wait for the moves from or to other servers to end",
        .source = "PVM-SRV-013, PVM14-CONC-12; C-26; 2013 line 4127; 2014 "
                  "line 3942",
    },
    {
        .id = "concurrency.mover-free",
        .covers = "PVM-CON-003 PVM-CON-004 PVM-CON-005 PVM-CON-007 "
                  "PVM-CON-008 PVM-CON-011 PVM-CON-012 PVM-CON-013 "
                  "PVM14-CONC-01 PVM14-CONC-02 PVM14-CONC-03 PVM14-CONC-05 "
                  "PVM14-CONC-08 PVM14-PSD-01 PVM14-PSD-03",
        .title = "a mover of each server can take one more move",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(A_MOVER_IS_FREE(SRC, SRC_CON),
                    A_MOVER_IS_FREE(DST, DST_CON)),
        .wanted = "a mover that carries fewer moves than cfg_msp_lpm_ops and "
                  "num_active_migrations_configured; than 4, or 8 with a 10 "
                  "Gbit/s adapter, firmware 7.6, HMC V7R7.6.0 and I/O "
                  "server 2.2.2.0",
        .remedy = "wait for a move to end; raise cfg_msp_lpm_ops (chdev -dev "
                  "vioslpm0) and num_active_migrations_configured (migrlpar "
                  "-o set)",
        .source = "PVM-CON-003 to PVM-CON-008, PVM-CON-011 to PVM-CON-013, "
                  "PVM14-CONC-05, PVM14-CONC-08, PVM14-PSD-03; C-02; C-03; "
                  "D-01; D-13; D-15; 2013 lines 1204-1219, 1264-1270, 1557; "
                  "2014 lines 1208-1221, 1247-1277, 1539, 1543-1545",
    },
    {
        .id = "concurrency.movers-for-16",
        .covers = "PVM14-CONC-07",
        .title = "two movers that take 8 moves each are there for 16 at once",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(MOVERS_GET_16(SRC), MOVERS_GET_16(DST)),
        .test = AND(IF(MOVERS_GET_16(SRC), TWO_MOVERS_OF_8(SRC)),
                    IF(MOVERS_GET_16(DST), TWO_MOVERS_OF_8(DST))),
        .wanted = "two movers with cfg_msp_lpm_ops 8 on a server with 16 "
                  "active or suspended partitions in flight",
        .remedy = "make another I/O server a mover, and chdev -dev vioslpm0 "
                  "-attr cfg_msp_lpm_ops=8 on both",
        .source = "PVM14-CONC-07; 2014 line 1542",
    },
    {
        .id = "concurrency.movers-room",
        .covers = "PVM-CON-011 PVM-CON-013 PVM14-CONC-08 PVM14-CONC-09",
        .title = "the movers can take all moves that are asked for at once",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(KNOWN(MOVE(CONCURRENT)),
                    GT(MOVE(CONCURRENT), NUM(1))),
        .test = AND(MOVERS_HAVE_ROOM(SRC, SRC_CON),
                    MOVERS_HAVE_ROOM(DST, DST_CON)),
        .wanted = "as many free places on each server's movers as moves are "
                  "asked for",
        /* Not said is whether the list form lets the surplus wait. */
        .remedy = "ask for fewer at once, in the list form (migrlpar -p "
                  "NAME,NAME or --id ID,ID), and for the rest later",
        .source = "PVM14-CONC-08, PVM14-CONC-09; D-33; D-15; C-03; 2014 "
                  "lines 1543-1547",
    },
    {
        .id = "concurrency.one-direction",
        .covers = "PVM-SRV-012 PVM14-SCOPE-03",
        .title = "no move away from the destination or to the source is in "
                 "flight",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EACH(DST(MOVES), NE(IT(RUNNING, DIRECTION),
                                        TXT("outbound"))),
                    EACH(SRC(MOVES), NE(IT(RUNNING, DIRECTION),
                                        TXT("inbound")))),
        .remedy = "wait for the other move to end (lslparmigr -r lpar)",
        .source = "PVM-SRV-012, PVM14-SCOPE-03; C-26; 2013 lines 198-201; "
                  "2014 lines 178-181, 1549-1551, 3945-3947",
    },
    {
        .id = "concurrency.performance-level",
        .covers = "PVM-CON-014 PVM14-PSD-02 PVM14-PSD-03",
        .title = "movers and HMC keep the default performance level",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(EQ(SRC_CON(PERF_LEVEL), NUM(3)),
                    EQ(DST_CON(PERF_LEVEL), NUM(3)), LEVEL_3(SRC),
                    LEVEL_3(DST)),
        .wanted = "concurrency_lvl and concurr_migration_perf_level 3, of 1 "
                  "(fastest) to 5 (least resources)",
        .remedy = "chdev -dev vioslpm0 -attr concurrency_lvl=3, migrlpar -o "
                  "set -i concurr_migration_perf_level=3; 4 or 5 after a "
                  "failure for lack of memory only",
        .source = "PVM-CON-014, PVM14-PSD-02, PVM14-PSD-03; 2013 lines 1208, "
                  "1275-1278; 2014 lines 1209, 1218",
    },
    {
        .id = "concurrency.ports",
        .covers = "PVM-CON-015 PVM14-PSD-02",
        .title = "the movers' port ranges suffice for their moves",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(PORTS_SUFFICE(SRC), PORTS_SUFFICE(DST)),
        .wanted = "tcp_port_low and tcp_port_high 0, or two ports for each "
                  "of cfg_msp_lpm_ops moves and two to spare",
        .remedy = "chdev -dev vioslpm0 -attr tcp_port_low=0 tcp_port_high=0, "
                  "or widen the range",
        .source = "PVM-CON-015, PVM14-PSD-02; 2013 lines 1210, 1220-1221; "
                  "2014 lines 1212, 1222-1223",
    },
    {
        .id = "concurrency.suspend-operations",
        .covers = "PVM14-CONC-10",
        .title = "fewer than 4 suspend and resume operations are in flight",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        /* Who moves a suspended partition is going to resume it. */
        .when = EQ(PART(STATE), TXT("suspended")),
        .test = AND(LT(SRC(SUSPENDS), NUM(4)), LT(DST(SUSPENDS), NUM(4))),
        .remedy = "wait for a suspend or resume operation to end",
        .source = "PVM14-CONC-10; 2014 lines 1548, 3944",
    },
    {
        .id = "concurrency.two-pairs",
        .covers = "PVM-CON-009 PVM14-CONC-06",
        .title = "more than one pair of I/O servers is there for more than 8 "
                 "moves at once",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(MORE(SRC, 8), MORE(DST, 8)),
        .test = AND(IF(MORE(SRC, 8), TWO_AT_2_2_2(SRC)),
                    IF(MORE(DST, 8), TWO_AT_2_2_2(DST))),
        .wanted = "two I/O servers at 2.2.2.0 or later on a server with more "
                  "than 8 moves at once",
        .remedy = "add I/O servers, or run at most 8 moves at once",
        .source = "PVM-CON-009, PVM14-CONC-06; 2013 line 1558; 2014 line "
                  "1540",
    },
    {
        .id = "concurrency.vmcontrol-above-4",
        .covers = "PVM14-CONC-02",
        .title = "VMControl is recent enough for more than 4 moves at once",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(KNOWN(SRC_CON(VMCONTROL)), MORE(SRC, 4)),
        .test = GE(SRC_CON(VMCONTROL), VER("1.1.2")),
        .wanted = "VMControl 1.1.2 or later",
        .remedy = "update VMControl, or run at most 4 moves at once",
        .source = "PVM14-CONC-02; 2014 line 1533",
    },
    {
        .id = "concurrency.vmcontrol-above-8",
        .covers = "PVM14-CONC-01",
        .title = "VMControl is recent enough for more than 8 moves at once",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(KNOWN(SRC_CON(VMCONTROL)), MORE(SRC, 8)),
        .test = GE(SRC_CON(VMCONTROL), VER("2.4.2")),
        .wanted = "VMControl 2.4.2 or later",
        .remedy = "update VMControl, or run at most 8 moves at once",
        .source = "PVM14-CONC-01; 2014 line 1534",
    },
};

LPM_RULE_SET(lpm_rules_concurrency);
