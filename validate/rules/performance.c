/*
 * Rules: sizing and tuning of movers; advice
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define EACH_MOVER(side, cond) \
    EACH(side(IOSERVERS), IF(IS(IT(IOSERVER, MOVER)), cond))
#define EACH_MOVER_OF_BOTH(cond) \
    AND(EACH_MOVER(SRC, cond), EACH_MOVER(DST, cond))

#define TEN_GIGABIT  10000

/* "at its peak (about 100 %)": the figure is ours */
#define PEAK_PERCENT  95

/*
 * Processing units that a mover has on top of what its virtual devices need,
 * with an adapter of 10 Gbit/s; 2014 table 26 (lines 1877-1884).  POWER6 has
 * what the 2013 edition asks of any processor, POWER8 the newest row.
 */
static const struct {
    const char *processor;
    guint one_move;
    guint more_moves;       /* up to 16 */
} units[] = {
    { "POWER6",  1, 2 },
    { "POWER6+", 1, 2 },
    { "POWER7",  3, 4 },
    { "POWER7+", 2, 3 },
    { "POWER8",  2, 3 },
};

/* The least and the most that it can be, as far as facts are there. */
typedef struct Range {
    gint64 least;
    gint64 most;
} Range;

static gboolean units_for(const LpmValue *processor, const LpmValue *moves,
                          Range *ret_range)
{
    for (gsize i = 0; processor != NULL && i < G_N_ELEMENTS(units); i++) {
        if (g_str_equal(units[i].processor, processor->text)) {
            gboolean more = moves == NULL || moves->number > 1;
            gboolean one = moves == NULL || moves->number <= 1;

            ret_range->least = one ? units[i].one_move : units[i].more_moves;
            ret_range->most = more ? units[i].more_moves : units[i].one_move;
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * One unit on top for a slow adapter, or a fast one at its peak: the literal
 * reading of D-07.
 */
static Range units_for_link(const LpmValue *link, const LpmValue *busy)
{
    if (link != NULL && link->number < TEN_GIGABIT) {
        return (Range) { 1, 1 };
    }
    if (busy != NULL && busy->number >= PEAK_PERCENT) {
        return (Range) { 1, 1 };
    }
    return link != NULL && busy != NULL ? (Range) { 0, 0 } : (Range) { 0, 1 };
}

/* Arguments: of the I/O server at hand; the last of the move. */
static LpmTruth has_units(LpmEval *eval)
{
    const LpmValue *processor = lpm_eval_fact(eval, 0);
    const LpmValue *there = lpm_eval_fact(eval, 1);
    const LpmValue *needed = lpm_eval_fact(eval, 2);
    Range link = units_for_link(lpm_eval_fact(eval, 3),
                                lpm_eval_fact(eval, 4));
    Range extra;

    if (there == NULL || needed == NULL ||
        !units_for(processor, lpm_eval_fact(eval, 5), &extra)) {
        return LPM_UNKNOWN;
    }
    if (there->number >= needed->number +
                         (extra.most + link.most) * 1000) {
        return LPM_YES;
    }
    if (there->number >= needed->number +
                         (extra.least + link.least) * 1000) {
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "wanted at least %" G_GINT64_FORMAT " more than its "
                 "virtual devices need", extra.least + link.least);
    return LPM_NO;
}

static const LpmRule rows[] = {
    {
        .id = "performance.aix-level",
        .covers = "PVM14-PERF-06",
        .title = "AIX is at a level that transfers its state efficiently",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = EQ(PART(OS), TXT("aix")),
        .test = OR(GE(PART(OS_VERSION), VER("7.1 TL2")),
                   AND(GE(PART(OS_VERSION), VER("6.1 TL8")),
                       LT(PART(OS_VERSION), VER("7.1")))),
        .wanted = "6.1 TL8 or 7.1 TL2, or later; 6.1 TL4 at the least",
        .remedy = "update AIX",
        .source = "PVM14-PERF-06; 2014 lines 1896-1901",
    },
    {
        .id = "performance.jumbo-frames",
        .covers = "PVM14-PERF-05",
        .title = "movers use jumbo frames",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH_MOVER_OF_BOTH(IS(IT(IOSERVER, JUMBO))),
        .remedy = "set jumbo frames where all switches in between take them "
                  "(chdev -dev ent0 -attr jumbo_frames=yes)",
        .source = "PVM14-PERF-05; 2014 line 1894",
    },
    {
        .id = "performance.memory",
        .covers = "PVM14-PERF-04",
        .title = "movers with a 10 Gbit/s adapter have 1 GiB of memory to "
                 "spare",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH_MOVER_OF_BOTH(
            IF(GE(IT(IOSERVER, LINK_MBPS), NUM(TEN_GIGABIT)),
               GE(IT(IOSERVER, MEMORY_FREE), NUM(1024)))),
        .wanted = "1024 MiB free",
        .remedy = "give the I/O server 1 GiB more (chhwres -r mem)",
        .source = "PVM14-PERF-04; D-13; 2014 line 1888",
    },
    {
        .id = "performance.newest-levels",
        .covers = "PVM14-PERF-01",
        .title = "firmware, consoles and movers are at their newest levels",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(IS(SRC(NEWEST)), IS(DST(NEWEST)),
                    IS(SRC_CON(NEWEST)), IS(DST_CON(NEWEST)),
                    EACH_MOVER_OF_BOTH(IS(IT(IOSERVER, NEWEST)))),
        .remedy = "update firmware, HMC and Virtual I/O Servers",
        .source = "PVM14-PERF-01; 2014 line 1875",
    },
    {
        .id = "performance.offload",
        .covers = "PVM14-PERF-05",
        .title = "large send and large receive offload are on for movers",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH_MOVER_OF_BOTH(IS(IT(IOSERVER, OFFLOAD))),
        .remedy = "chdev -dev ent0 -attr large_send=yes large_receive=yes, "
                  "of every network device on the way",
        .source = "PVM14-PERF-05; 2014 line 1892",
    },
    {
        .id = "performance.processors",
        .covers = "PVM-MSP-008 PVM14-PERF-02 PVM14-PERF-03",
        .title = "movers have the processing units that moves take, on top "
                 "of what virtual devices need",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH_MOVER_OF_BOTH(
            CALL(has_units, "processing units by table",
                 IT(IOSERVER, PROCESSOR), IT(IOSERVER, PROCESSORS),
                 IT(IOSERVER, PROCESSORS_NEEDED), IT(IOSERVER, LINK_MBPS),
                 IT(IOSERVER, LINK_BUSY), MOVE(CONCURRENT))),
        .wanted = "POWER7 3 more for one move and 4 for several, POWER7+ 2 "
                  "and 3; one on top at 1 Gbit/s or at the link's peak",
        .remedy = "add processors, or processing units and entitlement, to "
                  "the mover (chhwres -r proc)",
        .source = "PVM-MSP-008; PVM14-PERF-02, PVM14-PERF-03; D-07; 2013 "
                  "line 1284; 2014 lines 1877-1886",
    },
    {
        .id = "performance.tcp-buffers",
        .covers = "PVM14-PERF-05",
        .title = "tcp_sendspace and tcp_recvspace of movers are 524288",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH_MOVER_OF_BOTH(GE(IT(IOSERVER, TCP_BUFFERS),
                                      NUM(524288))),
        .wanted = "524288 bytes or more",
        .remedy = "no -o tcp_sendspace=524288 -o tcp_recvspace=524288",
        .source = "PVM14-PERF-05; 2014 line 1893",
    },
};

LPM_RULE_SET(lpm_rules_performance);
