/*
 * Rules: the two servers, their models, licences and state
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/sets.h"

/*
 * The POWER7 models of the preparation tables, as the 2014 edition has them,
 * and the codes that the 2013 edition prints for the same machines.
 */
static const struct {
    const char *model;
    const char *code;       /* 2013; NULL: not in that edition */
    guint profiles;         /* whose table has it */
} models[] = {
    { "8202-E4B", "02E/4B", LPM_PROFILE_POWERVM },
    { "8202-E4C", "02E/4C", LPM_PROFILE_POWERVM },
    { "8202-E4D", "02E/4D", LPM_PROFILE_POWERVM },
    { "8205-E6B", "05F/6B", LPM_PROFILE_POWERVM },  /* so printed */
    { "8205-E6B", "05E/6B", LPM_PROFILE_POWERVM },
    { "8205-E6C", "05E/6C", LPM_PROFILE_POWERVM },
    { "8205-E6D", "05E/6D", LPM_PROFILE_POWERVM },
    { "8231-E2B", "31E/2B", LPM_PROFILE_POWERVM },
    { "8231-E1C", "31E/1C", LPM_PROFILE_POWERVM },
    { "8231-E1D", "31E/1D", LPM_PROFILE_POWERVM },
    { "8231-E2C", "31E/2C", LPM_PROFILE_POWERVM },
    { "8231-E2D", "31E/2D", LPM_PROFILE_POWERVM },
    { "8233-E8B", "33E/8B", LPM_PROFILE_POWERVM },
    { "8236-E8C", "36E/8C", LPM_PROFILE_HMC },
    { "8248-L4T", NULL, LPM_PROFILE_POWERVM },
    { "8268-E1D", NULL, LPM_PROFILE_POWERVM },
    { "8408-E8D", "08E/8D", LPM_PROFILE_POWERVM },
    { "8412-EAD", NULL, LPM_PROFILE_HMC },
    { "9109-RMD", "09R/MD", LPM_PROFILE_HMC },
    { "9117-MMB", "17M/MB", LPM_PROFILE_HMC },
    { "9117-MMC", "17M/MC", LPM_PROFILE_HMC },
    { "9117-MMD", "17M/MD", LPM_PROFILE_HMC },
    { "9119-FHB", "19F/HB", LPM_PROFILE_HMC },
    { "9179-MHB", "79M/HB", LPM_PROFILE_HMC },
    { "9179-MHC", "79M/HC", LPM_PROFILE_HMC },
    { "9179-MHD", "79M/HD", LPM_PROFILE_HMC },
    { "PS700", "PS/700", LPM_PROFILE_POWERVM },
    { "PS701", "PS/701", LPM_PROFILE_POWERVM },
    { "PS702", "PS/702", LPM_PROFILE_POWERVM },
    { "PS703", "PS/703", LPM_PROFILE_POWERVM },
    { "PS704", "PS/704", LPM_PROFILE_POWERVM },
};

/* "IBM BladeCenter PS700 Express" is PS700. */
static char *plain_model(const char *text)
{
    static const char *const before[] = { "IBM ", "BladeCenter " };
    static const char after[] = " Express";
    gsize len;

    for (gsize i = 0; i < G_N_ELEMENTS(before); i++) {
        if (g_ascii_strncasecmp(text, before[i], strlen(before[i])) == 0) {
            text += strlen(before[i]);
        }
    }
    len = strlen(text);
    if (len > strlen(after) &&
        g_ascii_strcasecmp(text + len - strlen(after), after) == 0) {
        len -= strlen(after);
    }
    return g_strndup(text, len);
}

static LpmTruth is_listed(LpmEval *eval, guint profile)
{
    const LpmValue *value = lpm_eval_fact(eval, 0);
    g_autofree char *model = NULL;

    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    model = plain_model(value->text);
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        if ((models[i].profiles & profile) != 0 &&
            (g_ascii_strcasecmp(model, models[i].model) == 0 ||
             (models[i].code != NULL &&
              g_ascii_strcasecmp(model, models[i].code) == 0))) {
            return LPM_YES;
        }
    }
    return LPM_NO;
}

static LpmTruth is_listed_hmc(LpmEval *eval)
{
    return is_listed(eval, LPM_PROFILE_HMC);
}

static LpmTruth is_listed_ivm(LpmEval *eval)
{
    return is_listed(eval, LPM_PROFILE_IVM);
}

#define POWER6      "POWER6 POWER6+"
#define POWER7_ON   "POWER7 POWER7+ POWER8 POWER9 POWER10 POWER11"

#define LISTED(side, list) \
    OR(IN(side(PROCESSOR), POWER6), \
       CALL(list, "the manual lists the model", side(TYPE_MODEL)))
#define TRIAL_FITS(side, console) \
    IF(IS(side(TRIAL)), \
       AND(IN(side(PROCESSOR), POWER7_ON), GE(side(FIRMWARE), NUM(730)), \
           GE(console(VERSION), VER("7.7.3.0"))))
/* Each virtual adapter takes one resource of the shell partition. */
#define ADAPTERS \
    ADD(LENGTH(PART(VSCSI)), ADD(LENGTH(PART(VFC)), LENGTH(PART(VETH))))

static const LpmRule rows[] = {
    {
        .id = "server.active-capable",
        .covers = "PVM-SRV-007",
        .title = "both servers take part in active moves",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(IS(SRC(ACTIVE_CAPABLE)), IS(DST(ACTIVE_CAPABLE))),
        .remedy = "look for active_lpar_mobility_capable in lssyscfg -r sys "
                  "-F capabilities; enter the activation code, or update",
        .source = "PVM-SRV-007; 2013 lines 520, 3427",
    },
    {
        .id = "server.adapter-resources",
        .covers = "PVM-SRV-011",
        .title = "the destination has I/O adapter resources for the "
                 "partition's virtual adapters",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = GE(DST(SLOTS_FREE), ADAPTERS),
        .remedy = "free adapters or slots on the destination",
        .source = "PVM-SRV-011; 2013 lines 534, 3437",
    },
    {
        .id = "server.edition",
        .covers = "PVM-SRV-004 PVM-SRV-005 PVM14-SRV-03",
        .title = "both servers have PowerVM Enterprise Edition or a trial "
                 "code for mobility",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(OR(EQ(SRC(EDITION), TXT("enterprise")), IS(SRC(TRIAL))),
                    OR(EQ(DST(EDITION), TXT("enterprise")), IS(DST(TRIAL)))),
        .remedy = "enter the activation code of PowerVM Enterprise Edition "
                  "or of Trial Live Partition Mobility (lsvet, chvet)",
        .source = "PVM-SRV-004, PVM-SRV-005, PVM14-SRV-03; 2013 lines "
                  "1483-1484; 2014 lines 1461-1462",
    },
    {
        .id = "server.edition-ivm",
        .covers = "PVM-SRV-004 PVM14-SRV-03",
        .title = "both servers have PowerVM Enterprise Edition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EQ(SRC(EDITION), TXT("enterprise")),
                    EQ(DST(EDITION), TXT("enterprise"))),
        .remedy = "enter the activation code of PowerVM Enterprise Edition "
                  "in the IVM",
        .source = "PVM-SRV-004, PVM14-SRV-03; 2013 line 4244; 2014 line 4039",
    },
    {
        .id = "server.entitled",
        .covers = "PVM-SRV-006 PVM14-SRV-03",
        .title = "the destination has the licences and maintenance contracts",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = IS(DST(ENTITLED)),
        .remedy = "see the Entitled Software Support site, and obtain what "
                  "is missing",
        .source = "PVM-SRV-006, PVM14-SRV-03; 2013 lines 1489, 4082; 2014 "
                  "line 1467",
    },
    {
        .id = "server.inactive-capable",
        .covers = "PVM-SRV-008",
        .title = "both servers take part in inactive moves",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(IS(SRC(INACTIVE_CAPABLE)), IS(DST(INACTIVE_CAPABLE))),
        .remedy = "look for inactive_lpar_mobility_capable in lssyscfg -r "
                  "sys -F capabilities; enter the activation code, or update",
        .source = "PVM-SRV-008; 2013 lines 520, 3427",
    },
    {
        .id = "server.model-listed",
        .covers = "PVM-SRV-002 PVM14-SRV-01",
        .title = "the manual lists both servers' models, or they are POWER6",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        /* The lists age, and leave out models that the text announces. */
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(LISTED(SRC, is_listed_hmc), LISTED(DST, is_listed_hmc)),
        .wanted = "a POWER6 server or one of the 30 models of the HMC's "
                  "table, 8202-E4B to 9179-MHD and PS700 to PS704",
        .remedy = "look up the server's documentation for Live Partition "
                  "Mobility, or use a listed model",
        .source = "PVM-SRV-002, PVM14-SRV-01; C-18; 2013 line 1489; 2014 "
                  "line 1467",
    },
    {
        .id = "server.model-listed-ivm",
        .covers = "PVM-SRV-003 PVM14-SRV-02",
        .title = "the manual lists both servers' models, or they are POWER6",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(LISTED(SRC, is_listed_ivm), LISTED(DST, is_listed_ivm)),
        .wanted = "a POWER6 server or one of the 20 models of the IVM's "
                  "table, 8202-E4B to 8408-E8D and PS700 to PS704",
        .remedy = "look up the server's documentation for Live Partition "
                  "Mobility, or use a listed model",
        .source = "PVM-SRV-003, PVM14-SRV-02; C-18; 2013 lines 4081-4082; "
                  "2014 line 3892",
    },
    {
        .id = "server.on-mains",
        .covers = "PVM-SRV-009",
        .title = "the destination does not run on battery power",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = NOT(IS(DST(ON_BATTERY))),
        .remedy = "return the destination to its regular power source first",
        .source = "PVM-SRV-009; 2013 line 1497; 2014 line 1475",
    },
    {
        .id = "server.operating",
        .covers = "PVM-SRV-010",
        .title = "both servers are in the Operating state",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EQ(SRC(STATE), TXT("operating")),
                    EQ(DST(STATE), TXT("operating"))),
        .remedy = "power on the server (chsysstate), or start the host's "
                  "libvirt daemon",
        .source = "PVM-SRV-010; 2013 lines 3063, 4756",
    },
    {
        .id = "server.power6-or-later",
        .covers = "PVM-SRV-001",
        .title = "both servers are POWER6 or later",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(IN(SRC(PROCESSOR), POWER6 " " POWER7_ON),
                    IN(DST(PROCESSOR), POWER6 " " POWER7_ON)),
        .remedy = "use another server (lssyscfg -r sys tells the model)",
        .source = "PVM-SRV-001; 2013 lines 1020, 3920",
    },
    {
        .id = "server.trial-level",
        .covers = "PVM-SRV-005 PVM14-SRV-03",
        .title = "a server with a trial code has what the trial needs",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(IS(SRC(TRIAL)), IS(DST(TRIAL))),
        .test = AND(TRIAL_FITS(SRC, SRC_CON), TRIAL_FITS(DST, DST_CON)),
        .wanted = "POWER7, firmware 7.3 or later and an HMC at V7R7.3 or "
                  "later",
        .remedy = "update firmware and HMC, or activate PowerVM Enterprise "
                  "Edition",
        .source = "PVM-SRV-005, PVM14-SRV-03; 2013 lines 364, 1484; 2014 "
                  "lines 354-355",
    },
};

LPM_RULE_SET(lpm_rules_server);
