/*
 * Rules: firmware levels of the two servers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/sets.h"

/*
 * The firmware support matrix of the 2014 edition, which has that of 2013 in
 * it: without 763, 773 and 780.  M is mobile, B blocked by code; N is "not
 * supported", which the legend explains but no cell uses (C-19).  The rows
 * that are printed short are filled with their last cell (D-21).
 */
static const gint64 columns[] = {
    350, 710, 720, 730, 740, 760, 763, 770, 773, 780,
};

static const struct {
    gint64 from;
    char cells[G_N_ELEMENTS(columns) + 1];
} matrix[] = {
    { 340, "MMMBBBBBBB" },
    { 350, "MMMMMMMMMM" },
    { 710, "MMMMMBBBBB" },
    { 720, "MMMMMMMBBB" },
    { 730, "MMMMMMMMMM" },
    { 740, "MMMMMMMMMM" },
    { 760, "MBMMMMMMMM" },
    { 763, "MBMMMMMMMM" },
    { 770, "MBBMMMMMMM" },
    { 773, "MBBMMMMMMM" },
    { 780, "MBBMMMMMMM" },
};

/* "340_039, or later" and "350_xxx, or later" stand for releases, too. */
static gint64 printed_level(gint64 level)
{
    if (level >= 340 && level < 350) {
        return 340;
    }
    if (level >= 350 && level < 400) {
        return 350;
    }
    return level;
}

/* The line of the matrix, or the number of lines. */
static gsize find_row(gint64 level)
{
    gsize i = 0;

    while (i < G_N_ELEMENTS(matrix) &&
           matrix[i].from != printed_level(level)) {
        i++;
    }
    return i;
}

static gsize find_column(gint64 level)
{
    gsize i = 0;

    while (i < G_N_ELEMENTS(columns) && columns[i] != printed_level(level)) {
        i++;
    }
    return i;
}

static LpmTruth from_listed(LpmEval *eval)
{
    const LpmValue *from = lpm_eval_fact(eval, 0);

    if (from == NULL) {
        return LPM_UNKNOWN;
    }
    return find_row(from->number) < G_N_ELEMENTS(matrix) ? LPM_YES : LPM_NO;
}

static LpmTruth to_listed(LpmEval *eval)
{
    const LpmValue *to = lpm_eval_fact(eval, 0);

    if (to == NULL) {
        return LPM_UNKNOWN;
    }
    return find_column(to->number) < G_N_ELEMENTS(columns) ? LPM_YES : LPM_NO;
}

static const char *cell_name(char cell)
{
    switch (cell) {
    case 'M':
        return "mobile";
    case 'B':
        return "blocked";
    default:
        return "not supported";
    }
}

/* Both levels are in the matrix: the row asks for it. */
static LpmTruth pair_is_mobile(LpmEval *eval)
{
    const LpmValue *from = lpm_eval_fact(eval, 0);
    const LpmValue *to = lpm_eval_fact(eval, 1);
    gsize row;
    gsize column;

    if (from == NULL || to == NULL) {
        return LPM_UNKNOWN;
    }
    row = find_row(from->number);
    column = find_column(to->number);
    if (row == G_N_ELEMENTS(matrix) || column == G_N_ELEMENTS(columns)) {
        return LPM_NO;
    }
    lpm_eval_see(eval, "the matrix has the pair as %s",
                 cell_name(matrix[row].cells[column]));
    return matrix[row].cells[column] == 'M' ? LPM_YES : LPM_NO;
}

#define FROM_LISTED \
    CALL(from_listed, "the matrix has a row for the level", SRC(FIRMWARE))
#define TO_LISTED \
    CALL(to_listed, "the matrix has a column for the level", DST(FIRMWARE))
#define POWER7_ON   "POWER7 POWER7+ POWER8 POWER9 POWER10 POWER11"

static const LpmRule rows[] = {
    {
        .id = "firmware.level-340-fix",
        .covers = "PVM-FW-001 PVM-FW-002 PVM14-FW-01",
        .title = "a source at firmware 340 is at 340_039 or later",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(GE(SRC(FIRMWARE), NUM(340)),
                    LT(SRC(FIRMWARE), NUM(350))),
        .test = GE(SRC(FIRMWARE_FIX), NUM(39)),
        .wanted = "340_039 or later",
        .remedy = "update the source's firmware (lslic tells the level)",
        .source = "PVM-FW-001, PVM14-FW-01; 2013 line 1536; 2014 line 1511",
    },
    {
        .id = "firmware.levels-listed",
        .covers = "PVM-FW-004",
        .title = "the firmware matrix has both levels",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(FROM_LISTED, TO_LISTED),
        .wanted = "from 340 (340_039), 350, 710, 720, 730, 740, 760, 763, "
                  "770, 773 or 780, and to one of these but 340",
        .remedy = "bring both servers to levels that the firmware support "
                  "matrix has (lslic tells the level)",
        .source = "PVM-FW-004; 2013 lines 1535-1536; 2014 lines 1506-1525",
    },
    {
        .id = "firmware.pair-mobile",
        .covers = "PVM-FW-001 PVM-FW-002 PVM14-FW-01 PVM14-FW-02",
        .title = "a move between these two firmware levels is not blocked",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(FROM_LISTED, TO_LISTED),
        .test = CALL(pair_is_mobile, "the matrix has the pair as mobile",
                     SRC(FIRMWARE), DST(FIRMWARE)),
        .wanted = "a pair of levels that the firmware matrix has as mobile",
        .remedy = "update the firmware of one server, or move by way of a "
                  "server at a level between (lslic tells the level)",
        .source = "PVM-FW-001, PVM-FW-002, PVM14-FW-01; D-21; C-19; 2013 "
                  "lines 1529-1543, 4101-4115; 2014 lines 1506-1525, "
                  "3915-3930",
    },
    {
        .id = "firmware.trusted-boot",
        .covers = "PVM-FW-003",
        .title = "both servers' firmware knows Trusted Boot",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS(PART(TRUSTED_BOOT)),
        .test = AND(IN(SRC(PROCESSOR), POWER7_ON),
                    IN(DST(PROCESSOR), POWER7_ON),
                    GE(SRC(FIRMWARE), NUM(740)),
                    GE(DST(FIRMWARE), NUM(740))),
        .wanted = "POWER7 servers with firmware 7.4 or later",
        .remedy = "update the firmware (lslic tells the level)",
        .source = "PVM-FW-003; 2013 line 295; 2014 line 338",
    },
};

LPM_RULE_SET(lpm_rules_firmware);
