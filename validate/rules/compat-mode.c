/*
 * Rules: processor compatibility modes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a mode allows is decided in one place, compat/decide.h; here its
 * inputs are read from what a console tells.
 */
#include "compat/decide.h"
#include "rules/sets.h"

/*
 * A list as a console prints it.  A name that the catalogue does not have
 * (of a newer processor) says nothing about the modes that it has.
 */
static LpmModeSet set_of_list(const GPtrArray *names)
{
    LpmModeSet set = 0;

    for (guint i = 0; i < names->len; i++) {
        LpmMode mode;

        if (lpm_mode_parse(g_ptr_array_index(names, i), &mode)) {
            set |= LPM_MODE_BIT(mode);
        }
    }
    return set;
}

/* The mode tables know no POWER7+ server: it is one of type POWER7. */
static gboolean server_of(const char *processor, LpmServer *ret_server)
{
    return lpm_server_parse(g_str_equal(processor, "POWER7+") ? "POWER7" :
                            processor, ret_server);
}

/*
 * Facts @first to @first + 2 are the lists of one server, the one that is
 * asked for first, and its processor type.  Consoles print one list; the two
 * differ by the default and by POWER5 only, which no decision looks up.  A
 * server that lists nothing takes what its processor type takes.
 */
static gboolean read_modes(LpmEval *eval, guint first, gboolean preferred,
                           LpmModeSet *ret_set)
{
    const LpmModeSupport *support;
    const LpmValue *value = lpm_eval_fact(eval, first);
    g_autofree char *text = NULL;
    LpmServer server;

    if (value == NULL) {
        value = lpm_eval_fact(eval, first + 1);
    }
    if (value != NULL) {
        *ret_set = set_of_list(value->items);
        return TRUE;
    }
    value = lpm_eval_fact(eval, first + 2);
    if (value == NULL || !server_of(value->text, &server)) {
        return FALSE;
    }
    support = lpm_server_support(server);
    *ret_set = preferred ? support->preferred : support->current;
    text = lpm_mode_set_text(*ret_set);
    lpm_eval_see(eval, "%s servers take %s", lpm_server_name(server), text);
    return TRUE;
}

/* A mode that the catalogue lacks is allowed if it is listed literally. */
static LpmTruth is_listed(LpmEval *eval, const char *mode, guint list)
{
    const LpmValue *value = lpm_eval_fact(eval, list);

    for (guint i = 0; value != NULL && i < value->items->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(value->items, i),
                               mode) == 0) {
            return LPM_YES;
        }
    }
    lpm_eval_miss(eval, "'%s' is no mode that is known here", mode);
    return LPM_UNKNOWN;
}

static LpmTruth truth_of(const LpmModeDecision *decision)
{
    return decision->allowed ? LPM_YES : LPM_NO;
}

/* An inactive move looks at the preferred mode alone: so does this. */
static LpmTruth takes_preferred(LpmEval *eval)
{
    const LpmValue *mode = lpm_eval_fact(eval, 0);
    LpmModeDecision decision;
    LpmModeSupport support = { 0 };
    LpmMode preferred;

    if (mode == NULL || !read_modes(eval, 1, TRUE, &support.preferred)) {
        return LPM_UNKNOWN;
    }
    if (!lpm_mode_parse(mode->text, &preferred)) {
        return is_listed(eval, mode->text, 1);
    }
    decision = lpm_decide(LPM_MOVE_KIND_INACTIVE, preferred,
                          LPM_MODE_DEFAULT, &support);
    return truth_of(&decision);
}

/* The default as preferred mode stops no move: the current one is judged. */
static LpmTruth takes_current(LpmEval *eval)
{
    const LpmValue *mode = lpm_eval_fact(eval, 0);
    LpmModeDecision decision;
    LpmModeSupport support = { 0 };
    LpmMode current;

    if (mode == NULL || !read_modes(eval, 1, FALSE, &support.current)) {
        return LPM_UNKNOWN;
    }
    if (!lpm_mode_parse(mode->text, &current)) {
        return is_listed(eval, mode->text, 1);
    }
    decision = lpm_decide(LPM_MOVE_KIND_ACTIVE, LPM_MODE_DEFAULT, current,
                          &support);
    return truth_of(&decision);
}

/* IVM 1.5 shows one mode; either field of an inventory may hold it. */
static LpmTruth takes_single(LpmEval *eval)
{
    const LpmValue *mode = lpm_eval_fact(eval, 0);
    const LpmValue *processor = lpm_eval_fact(eval, 2);
    LpmModeDecision decision;
    LpmMode single;
    LpmServer server;

    if (mode == NULL) {
        mode = lpm_eval_fact(eval, 1);
    }
    if (mode == NULL || processor == NULL ||
        !lpm_mode_parse(mode->text, &single) ||
        !server_of(processor->text, &server)) {
        return LPM_UNKNOWN;
    }
    decision = lpm_decide_ivm_mixed(single, server);
    if (decision.allowed) {
        lpm_eval_see(eval, "arrives with the preferred mode %s",
                     lpm_mode_name(decision.preferred_after));
    }
    return truth_of(&decision);
}

/* POWER6+ counts as POWER6 here: the manual tells generations apart. */
static guint generation(LpmMode mode)
{
    return lpm_mode_level(mode) / 10;
}

/* Whether the processor has every feature of the mode, or emulates some. */
static LpmTruth has_all_features(LpmEval *eval)
{
    const LpmValue *name = lpm_eval_fact(eval, 0);
    const LpmValue *processor = lpm_eval_fact(eval, 1);
    const LpmModeSupport *support;
    LpmMode mode;
    LpmServer server;
    guint newest = 0;

    if (name == NULL || processor == NULL ||
        !lpm_mode_parse(name->text, &mode) ||
        !server_of(processor->text, &server)) {
        return LPM_UNKNOWN;
    }
    if (mode == LPM_MODE_DEFAULT) {
        return LPM_YES;     /* a ceiling, which is not reached yet */
    }
    support = lpm_server_support(server);
    for (LpmMode own = LPM_MODE_POWER5; own < LPM_MODE__COUNT; own++) {
        if (lpm_mode_set_has(support->current, own)) {
            newest = MAX(newest, generation(own));
        }
    }
    return generation(mode) >= newest ? LPM_YES : LPM_NO;
}

/* Modes are in the order of what they offer; the default is no ceiling. */
static LpmTruth is_within_preferred(LpmEval *eval)
{
    const LpmValue *preferred_name = lpm_eval_fact(eval, 0);
    const LpmValue *current_name = lpm_eval_fact(eval, 1);
    LpmMode preferred;
    LpmMode current;

    if (preferred_name == NULL || current_name == NULL ||
        !lpm_mode_parse(preferred_name->text, &preferred) ||
        !lpm_mode_parse(current_name->text, &current)) {
        return LPM_UNKNOWN;
    }
    return preferred == LPM_MODE_DEFAULT || current <= preferred ? LPM_YES :
                                                                   LPM_NO;
}

/* Every mode that one server may give at a restart, the other one runs. */
static gboolean goes_over(LpmMode preferred, const LpmModeSupport *from,
                          const LpmModeSupport *to)
{
    LpmModeDecision decision = lpm_decide(LPM_MOVE_KIND_INACTIVE, preferred,
                                          LPM_MODE_DEFAULT, from);
    LpmModeSet taken = to->current | LPM_MODE_BIT(LPM_MODE_POWER5);

    return decision.allowed &&
           (decision.current_after_restart & ~taken) == 0;
}

static LpmTruth goes_back_and_forth(LpmEval *eval)
{
    const LpmValue *mode = lpm_eval_fact(eval, 0);
    LpmModeSupport source;
    LpmModeSupport destination;
    LpmMode preferred;

    if (mode == NULL || !read_modes(eval, 1, FALSE, &source.current) ||
        !read_modes(eval, 4, FALSE, &destination.current) ||
        !lpm_mode_parse(mode->text, &preferred)) {
        return LPM_UNKNOWN;
    }
    source.preferred = source.current;
    destination.preferred = destination.current;
    return goes_over(preferred, &source, &destination) &&
           goes_over(preferred, &destination, &source) ? LPM_YES : LPM_NO;
}

/*
 * IVM 1.5 and earlier know one mode, which table 57 (2014: 58) is about.  No
 * HMC has so low a version, so that it alone tells.
 */
#define SINGLE_MODE  LT(SRC_CON(VERSION), VER("1.6"))
#define TWO_MODES    NOT(AND(KNOWN(SRC_CON(VERSION)), SINGLE_MODE))

static const LpmRule rows[] = {
    {
        .id = "compat-mode.back-and-forth",
        .covers = "PVM-PCM-015",
        .title = "after a restart on either server the partition can move "
                 "to the other one",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = CALL(goes_back_and_forth,
                     "every mode that a restart may give is one of both "
                     "servers", PART(PREFERRED_MODE), SRC(CURRENT_MODES),
                     SRC(PREFERRED_MODES), SRC(PROCESSOR),
                     DST(CURRENT_MODES), DST(PREFERRED_MODES),
                     DST(PROCESSOR)),
        .remedy = "set the preferred mode to the highest one that both "
                  "servers support, and restart the partition",
        .source = "PVM-PCM-015; D-16; 2013 lines 946-976, 3871-3875",
    },
    {
        .id = "compat-mode.current-supported",
        .covers = "PVM-PCM-002 PVM-PCM-004 PVM-PCM-006 PVM-PCM-007 "
                  "PVM-PCM-008 PVM-PCM-012 PVM-PCM-013",
        .title = "the destination supports the current processor "
                 "compatibility mode",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = TWO_MODES,
        .test = CALL(takes_current,
                     "the current mode is one that the destination runs",
                     PART(CURRENT_MODE), DST(CURRENT_MODES),
                     DST(PREFERRED_MODES), DST(PROCESSOR)),
        /* It cannot be changed while the partition runs: PVM-PCM-011. */
        .remedy = "restart the partition, which gives it a current mode "
                  "anew; if that does not fit either, lower the preferred "
                  "mode to one that the destination lists, shut the "
                  "partition down and start it again",
        .source = "PVM-PCM-002, 004, 006 to 008, 011 to 013; C-13; "
                  "compat-modes-2014 CM-R4 to CM-R9; 2013 lines 716, 2250-2258",
    },
    {
        .id = "compat-mode.current-within-preferred",
        .covers = "PVM-PCM-010",
        .title = "the current mode does not lie above the preferred mode",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = TWO_MODES,
        .test = CALL(is_within_preferred,
                     "the preferred mode is a ceiling",
                     PART(PREFERRED_MODE), PART(CURRENT_MODE)),
        .remedy = "restart the partition: the preferred mode was lowered "
                  "while it ran",
        .source = "PVM-PCM-010; 2013 lines 712, 3594-3596",
    },
    {
        .id = "compat-mode.emulation",
        .covers = "PVM-PCM-014",
        .title = "the destination's processor has all features of the "
                 "current mode",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = CALL(has_all_features,
                     "the mode is of the processor's own generation",
                     PART(CURRENT_MODE), DST(PROCESSOR)),
        .remedy = "accept that some features of the older mode, such as "
                  "performance monitoring, may be missing, or stay on a "
                  "server of its generation",
        .source = "PVM-PCM-014; 2013 lines 641, 3525",
    },
    {
        .id = "compat-mode.emulation-inactive",
        .covers = "PVM-PCM-014",
        .title = "the destination's processor has all features of the "
                 "preferred mode",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = CALL(has_all_features,
                     "the mode is of the processor's own generation",
                     PART(PREFERRED_MODE), DST(PROCESSOR)),
        .remedy = "accept that some features of the older mode, such as "
                  "performance monitoring, may be missing, or set the "
                  "preferred mode to default",
        .source = "PVM-PCM-014; 2013 lines 641, 3525",
    },
    {
        .id = "compat-mode.ivm-shows-preferred",
        .covers = "PVM-PCM-016",
        .title = "the source's IVM shows the preferred mode",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = GE(SRC_CON(VERSION), VER("2.1")),
        .wanted = "IVM 2.1 or later on the source",
        .remedy = "update the Integrated Virtualization Manager to 2.1 or "
                  "later; until then the one mode that it shows is judged "
                  "by the table for mixed versions",
        .source = "PVM-PCM-016; 2013 line 4348",
    },
    {
        .id = "compat-mode.ivm-single-mode",
        .covers = "PVM-PCM-017 PVM-PCM-018",
        .title = "the destination takes the only mode that an IVM 1.5 or "
                 "earlier knows",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = SINGLE_MODE,
        .test = CALL(takes_single,
                     "the table for mixed versions of IVM allows it",
                     PART(PREFERRED_MODE), PART(CURRENT_MODE),
                     DST(PROCESSOR)),
        .remedy = "set the mode to default and restart the partition, or "
                  "update the source's IVM: to 2.1.2 with fix pack 22 for "
                  "a POWER7 destination",
        .source = "PVM-PCM-017, 018; compat-modes-2014 CM-R13, CM-R14; "
                  "2013 lines 3821-3832",
    },
    {
        .id = "compat-mode.preferred-supported",
        .covers = "PVM-PCM-001 PVM-PCM-003 PVM-PCM-005 PVM-PCM-006 "
                  "PVM-PCM-007 PVM-PCM-008 PVM-PCM-009 PVM-PCM-012 "
                  "PVM-PCM-013",
        .title = "the destination supports the preferred processor "
                 "compatibility mode",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = TWO_MODES,
        .test = CALL(takes_preferred,
                     "the preferred mode is one that the destination takes",
                     PART(PREFERRED_MODE), DST(PREFERRED_MODES),
                     DST(CURRENT_MODES), DST(PROCESSOR)),
        .remedy = "set the preferred mode to one that lssyscfg -r sys -F "
                  "lpar_proc_compat_modes lists on the destination; never "
                  "to POWER5, which no partition can prefer",
        .source = "PVM-PCM-001, 003, 005 to 009, 012, 013; D-16; "
                  "compat-modes-2014 CM-R4 to CM-R9; 2013 lines 716-718, "
                  "2250-2253",
    },
};

LPM_RULE_SET(lpm_rules_compat_mode);
