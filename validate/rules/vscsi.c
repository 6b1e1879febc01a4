/*
 * Rules: virtual disks, the volumes behind them, and SCSI reservations
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/lookup.h"
#include "rules/sets.h"

/*
 * A volume has a name per I/O server and one identity everywhere.  A disk
 * names its I/O server and the volume's name there; every I/O server of
 * either side that lists a volume of that identity has a copy of the
 * volume's attributes, since each keeps its own.
 */

/* The volume of a disk where the disk's own I/O server has it. */
static LpmTruth find_volume(LpmEval *eval, const LpmNode *disk,
                            LpmPlace *ret_place)
{
    const LpmValue *server = lpm_node_get(disk, LPM_DISK_IOSERVER);
    const LpmValue *volume = lpm_node_get(disk, LPM_DISK_VOLUME);

    if (server == NULL || volume == NULL) {
        lpm_eval_miss(eval, "partition.disks[%s].%s: not given",
                      lpm_node_key(disk), server == NULL ? "io-server" :
                                                           "volume");
        return LPM_UNKNOWN;
    }
    return lpm_place_find(eval, LPM_SIDE_SOURCE, server->text,
                          LPM_IOSERVER_VOLUMES, volume->text, ret_place);
}

/* As find_volume(), for what reads an attribute of the volume. */
static gboolean volume_of(LpmEval *eval, const LpmNode *disk,
                          LpmPlace *ret_place)
{
    LpmTruth found = find_volume(eval, disk, ret_place);

    if (found == LPM_NO) {
        lpm_eval_miss(eval, "partition.disks[%s].volume: its I/O server "
                      "lists no such volume", lpm_node_key(disk));
    }
    return found == LPM_YES;
}

/* Of the disk at hand. */
static gboolean own_volume(LpmEval *eval, LpmPlace *ret_place)
{
    return volume_of(eval, lpm_eval_element(eval), ret_place);
}

/* NULL: absent, and said. */
static const char *identity_of_disk(LpmEval *eval, const LpmNode *disk)
{
    const LpmValue *own = lpm_node_get(disk, LPM_DISK_IDENTITY);
    const LpmValue *value = own;
    LpmPlace volume;

    if (own == NULL && volume_of(eval, disk, &volume)) {
        value = lpm_place_value(eval, &volume, LPM_VOLUME_IDENTITY);
    }
    return value != NULL ? value->text : NULL;
}

static const char *identity_of(LpmEval *eval)
{
    return identity_of_disk(eval, lpm_eval_element(eval));
}

/* Whether the volume at hand is the one of @identity; "" is nobody's. */
static LpmTruth is_copy(LpmPlaces *places, const char *identity)
{
    const LpmValue *value = lpm_place_value(places->eval, &places->at,
                                            LPM_VOLUME_IDENTITY);

    if (value == NULL) {
        places->complete = FALSE;
        return LPM_UNKNOWN;
    }
    return identity[0] != '\0' && g_str_equal(value->text, identity) ?
           LPM_YES : LPM_NO;
}

static LpmTruth has_volume(LpmEval *eval)
{
    LpmPlace place;
    LpmTruth found = find_volume(eval, lpm_eval_element(eval), &place);

    if (found == LPM_YES) {
        lpm_place_show(eval, &place, LPM_VOLUME_IDENTITY);
    } else if (found == LPM_NO) {
        lpm_eval_see(eval, "the I/O server of %s does not list its volume",
                     lpm_node_key(lpm_eval_element(eval)));
    }
    return found;
}

static LpmTruth has_identity(LpmEval *eval)
{
    const char *identity = identity_of(eval);

    if (identity == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "%s: identity %s", lpm_node_key(
                     lpm_eval_element(eval)),
                 identity[0] != '\0' ? identity : "(none)");
    return identity[0] != '\0' ? LPM_YES : LPM_NO;
}

/* Files and network volumes are reached by other ways than a SAN's list. */
static gboolean is_listed_kind(LpmEval *eval)
{
    LpmPlace volume;
    const LpmValue *kind;

    if (find_volume(eval, lpm_eval_element(eval), &volume) != LPM_YES) {
        return TRUE;
    }
    kind = lpm_node_get(volume.node, LPM_VOLUME_KIND);
    return kind == NULL || (!g_str_equal(kind->text, "file") &&
                            !g_str_equal(kind->text, "network"));
}

static LpmTruth is_reached(LpmEval *eval)
{
    const char *name = lpm_node_key(lpm_eval_element(eval));
    const char *identity = identity_of(eval);
    LpmPlaces places;

    if (identity == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_places_begin_with(&places, eval, LPM_SIDE_DESTINATION,
                          LPM_IOSERVER_VOLUMES, LPM_VOLUME_IDENTITY,
                          identity);
    while (lpm_places_next(&places)) {
        if (is_copy(&places, identity) == LPM_YES) {
            lpm_eval_see(eval, "%s: %s is %s of %s at the destination", name,
                         identity, lpm_node_key(places.at.node),
                         lpm_node_key(places.at.server));
            return LPM_YES;
        }
    }
    if (!places.complete) {
        return LPM_UNKNOWN;
    }
    if (!is_listed_kind(eval)) {
        lpm_eval_miss(eval, "%s: nothing tells whether the destination "
                      "reaches %s, a file or network volume", name,
                      identity);
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "%s: no I/O server of the destination has %s", name,
                 identity[0] != '\0' ? identity : "a volume without identity");
    return LPM_NO;
}

/* How two values of a field must be. */
typedef enum Relation {
    SAME,
    DIFFERENT,
} Relation;

/* Compares @field of every copy on @side with the disk's own volume. */
static LpmTruth compare_copies(LpmEval *eval, LpmSide side,
                               const LpmPlace *own, LpmField field,
                               Relation relation, guint *n_copies)
{
    const char *identity = identity_of(eval);
    const LpmValue *mine = lpm_place_value(eval, own, field);
    LpmTruth result = LPM_YES;
    LpmPlaces places;

    if (identity == NULL || mine == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_places_begin_with(&places, eval, side, LPM_IOSERVER_VOLUMES,
                          LPM_VOLUME_IDENTITY, identity);
    while (lpm_places_next(&places)) {
        const LpmValue *value;

        if (places.at.node == own->node ||
            is_copy(&places, identity) != LPM_YES) {
            continue;
        }
        (*n_copies)++;
        value = lpm_place_value(eval, &places.at, field);
        if (value == NULL) {
            result = LPM_UNKNOWN;
        } else if ((g_strcmp0(value->text, mine->text) == 0 &&
                    value->number == mine->number) != (relation == SAME)) {
            lpm_place_show(eval, own, field);
            lpm_place_show(eval, &places.at, field);
            return LPM_NO;
        }
    }
    return result;
}

static LpmTruth compare_destination(LpmEval *eval, const LpmPlace *own,
                                    LpmField field, Relation relation)
{
    guint n_copies = 0;
    LpmTruth result = compare_copies(eval, LPM_SIDE_DESTINATION, own, field,
                                     relation, &n_copies);

    if (n_copies == 0) {
        /* That it is not there is the finding of vscsi.volume-reached. */
        lpm_eval_miss(eval, "%s: the destination has no such volume",
                      lpm_node_key(lpm_eval_element(eval)));
        return LPM_UNKNOWN;
    }
    if (result == LPM_YES) {
        lpm_place_show(eval, own, field);
    }
    return result;
}

/* On every I/O server of either side that has the volume. */
static LpmTruth equal_everywhere(LpmEval *eval, LpmField field)
{
    guint n_copies = 0;
    LpmPlace own;
    LpmTruth source;
    LpmTruth destination;

    if (!own_volume(eval, &own)) {
        return LPM_UNKNOWN;
    }
    source = compare_copies(eval, LPM_SIDE_SOURCE, &own, field, SAME,
                            &n_copies);
    if (source == LPM_NO) {
        return LPM_NO;
    }
    destination = compare_destination(eval, &own, field, SAME);
    return source == LPM_YES || destination == LPM_NO ? destination :
                                                        LPM_UNKNOWN;
}

static LpmTruth reserve_is_equal(LpmEval *eval)
{
    return equal_everywhere(eval, LPM_VOLUME_RESERVE);
}

static LpmTruth transfer_is_equal(LpmEval *eval)
{
    return equal_everywhere(eval, LPM_VOLUME_MAX_TRANSFER);
}

static LpmTruth size_is_equal(LpmEval *eval)
{
    return equal_everywhere(eval, LPM_VOLUME_SIZE);
}

static LpmTruth keys_differ(LpmEval *eval)
{
    LpmPlace own;

    return own_volume(eval, &own) ?
           compare_destination(eval, &own, LPM_VOLUME_PR_KEY, DIFFERENT) :
           LPM_UNKNOWN;
}

/* Whether a word of the volume of the disk at hand is among @words. */
static LpmTruth volume_is(LpmEval *eval, LpmField field,
                          const char *const *words)
{
    const LpmValue *value = NULL;
    LpmPlace own;

    if (own_volume(eval, &own)) {
        value = lpm_place_value(eval, &own, field);
    }
    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_place_show(eval, &own, field);
    return g_strv_contains(words, value->text) ? LPM_YES : LPM_NO;
}

static LpmTruth reserve_may_move(LpmEval *eval)
{
    static const char *const words[] = { "no_reserve", "pr_shared", NULL };

    return volume_is(eval, LPM_VOLUME_RESERVE, words);
}

static LpmTruth is_not_reserved(LpmEval *eval)
{
    static const char *const words[] = { "no_reserve", NULL };

    return volume_is(eval, LPM_VOLUME_RESERVE, words);
}

static LpmTruth is_persistent(LpmEval *eval)
{
    static const char *const words[] = { "pr_shared", "pr_exclusive", NULL };

    return volume_is(eval, LPM_VOLUME_RESERVE, words);
}

static LpmTruth is_whole(LpmEval *eval)
{
    static const char *const words[] = {
        "physical", "ssp-logical-unit", "network", NULL,
    };

    return volume_is(eval, LPM_VOLUME_KIND, words);
}

static LpmTruth volume_flag(LpmEval *eval, LpmField field)
{
    const LpmValue *value = NULL;
    LpmPlace own;

    if (own_volume(eval, &own)) {
        value = lpm_place_value(eval, &own, field);
    }
    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_place_show(eval, &own, field);
    return value->number != 0 ? LPM_YES : LPM_NO;
}

static LpmTruth is_internal(LpmEval *eval)
{
    return volume_flag(eval, LPM_VOLUME_INTERNAL);
}

static LpmTruth is_exportable(LpmEval *eval)
{
    return volume_flag(eval, LPM_VOLUME_EXPORTABLE);
}

/* Its adapter here, and those of the destination that has the volume. */
static LpmTruth takes_reserves(LpmEval *eval)
{
    LpmTruth own = volume_flag(eval, LPM_VOLUME_PR_CAPABLE);
    LpmPlace place;

    if (own != LPM_YES || !own_volume(eval, &place)) {
        return own;
    }
    return compare_destination(eval, &place, LPM_VOLUME_PR_CAPABLE, SAME);
}

/* Client multipath: another disk of the partition has the same volume. */
static LpmTruth has_second_path(LpmEval *eval)
{
    const LpmNode *disk = lpm_eval_element(eval);
    const LpmNode *partition = lpm_facts_partition(lpm_eval_facts(eval));
    const LpmValue *disks = lpm_node_get(partition, LPM_PARTITION_DISKS);
    const char *identity = identity_of(eval);
    LpmTruth result = LPM_NO;

    for (guint i = 0; identity != NULL && i < disks->items->len; i++) {
        const LpmNode *other = g_ptr_array_index(disks->items, i);
        const char *its = other != disk ? identity_of_disk(eval, other) : "";

        if (its == NULL) {
            result = LPM_UNKNOWN;
        } else if (its[0] != '\0' && g_str_equal(its, identity)) {
            lpm_eval_see(eval, "%s and %s are two paths to %s",
                         lpm_node_key(disk), lpm_node_key(other), identity);
            return LPM_YES;
        }
    }
    if (identity != NULL && result == LPM_NO) {
        lpm_eval_see(eval, "%s is the one path to %s", lpm_node_key(disk),
                     identity[0] != '\0' ? identity : "its volume");
    }
    return identity != NULL ? result : LPM_UNKNOWN;
}

/* The server adapter that the client adapter at hand names, if it is one. */
static LpmTruth find_server_adapter(LpmEval *eval, LpmPlace *ret_place)
{
    const LpmValue *server = lpm_eval_fact(eval, 0);
    const LpmValue *slot = lpm_eval_fact(eval, 1);

    if (server == NULL || slot == NULL) {
        return LPM_UNKNOWN;
    }
    return lpm_place_find(eval, LPM_SIDE_SOURCE, server->text,
                          LPM_IOSERVER_SERVER_ADAPTERS, slot->text,
                          ret_place);
}

static LpmTruth text_is(const LpmValue *value, const char *a, const char *b)
{
    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    return g_str_equal(value->text, a) || g_str_equal(value->text, b) ?
           LPM_YES : LPM_NO;
}

static LpmTruth is_connected(LpmEval *eval)
{
    const LpmValue *client = lpm_eval_fact(eval, 2);
    const char *slot = lpm_node_key(lpm_eval_element(eval));
    LpmTruth all[3];
    LpmPlace at;
    LpmTruth found = find_server_adapter(eval, &at);

    if (found != LPM_YES || client == NULL) {
        return found == LPM_NO ? LPM_NO : LPM_UNKNOWN;
    }
    lpm_place_show(eval, &at, LPM_SERVER_ADAPTER_CLIENT);
    lpm_place_show(eval, &at, LPM_SERVER_ADAPTER_CLIENT_SLOT);
    all[0] = text_is(lpm_place_value(eval, &at, LPM_SERVER_ADAPTER_KIND),
                     "vscsi", "vscsi");
    all[1] = text_is(lpm_place_value(eval, &at, LPM_SERVER_ADAPTER_CLIENT),
                     client->text, "any");
    all[2] = text_is(lpm_place_value(eval, &at,
                                     LPM_SERVER_ADAPTER_CLIENT_SLOT),
                     slot, "any");
    if (all[0] == LPM_NO || all[1] == LPM_NO || all[2] == LPM_NO) {
        return LPM_NO;
    }
    return all[0] == LPM_YES && all[1] == LPM_YES && all[2] == LPM_YES ?
           LPM_YES : LPM_UNKNOWN;
}

/* What the functions above read, for --explain. */
#define ON_DISK(function, says) \
    CALL(function, says, IT(DISK, IOSERVER), IT(DISK, VOLUME), \
         IT(DISK, IDENTITY), SRC(IOSERVERS), DST(IOSERVERS))
#define EACH_DISK(function, says) \
    EACH(PART(DISKS), ON_DISK(function, says))
#define PERSISTENT \
    SOME(PART(DISKS), ON_DISK(is_persistent, \
                              "its reservation policy is persistent"))

static const LpmRule rows[] = {
    {
        .id = "vscsi.adapters-connected",
        .covers = "PVM-SCSI-014 PVM-SCSI-016",
        .title = "every virtual SCSI client adapter and its server adapter "
                 "point at each other",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VSCSI),
                     CALL(is_connected, "the server adapter names the "
                          "partition and this slot, or any",
                          IT(VSCSI, IOSERVER), IT(VSCSI, SERVER_SLOT),
                          PART(NAME), SRC(IOSERVERS))),
        .remedy = "correct connecting partition and connecting adapter in "
                  "the profiles of partition and I/O server (chhwres, "
                  "chsyscfg), and activate them",
        .source = "PVM-SCSI-014, PVM-SCSI-016; D-26, C-20; 2013 lines 2633, "
                  "2689, 2705-2735, 2752",
    },
    {
        .id = "vscsi.adapters-not-all-open",
        .covers = "PVM-SCSI-015",
        .title = "not every virtual SCSI server adapter of the I/O server is "
                 "open to any partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(SRC(IOSERVERS),
                     IF(SOME(PART(VSCSI), EQ(IT(VSCSI, IOSERVER),
                                             UP(IOSERVER, NAME))),
                        SOME(IT(IOSERVER, SERVER_ADAPTERS),
                             AND(EQ(IT(SERVER_ADAPTER, KIND), TXT("vscsi")),
                                 NE(IT(SERVER_ADAPTER, CLIENT),
                                    TXT("any")))))),
        .remedy = "create a server adapter that only the partition may use, "
                  "or restrict one to it",
        .source = "PVM-SCSI-015; 2013 lines 2738-2740, 2959-2961",
    },
    {
        .id = "vscsi.errors-none",
        .covers = "PVM-SCSI-020 PVM-SCSI-021",
        .title = "no I/O server reports private storage (80) or incompatible "
                 "backing devices (90)",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EACH(SRC(IOSERVERS),
                         NOT(OR(HAS(IT(IOSERVER, ERRORS), TXT("80")),
                                HAS(IT(IOSERVER, ERRORS), TXT("90"))))),
                    EACH(DST(IOSERVERS),
                         NOT(OR(HAS(IT(IOSERVER, ERRORS), TXT("80")),
                                HAS(IT(IOSERVER, ERRORS), TXT("90")))))),
        .remedy = "use storage that every I/O server reaches; give the "
                  "volume one max_transfer and reserve_policy on all of them "
                  "with chdev",
        .source = "PVM-SCSI-020, PVM-SCSI-021; 2013 lines 3337, 3351",
    },
    {
        .id = "vscsi.no-virtual-disk",
        .covers = "PVM-SCSI-018",
        .title = "the partition owns no virtual disk of a storage pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(VIRTUAL_DISK), NUM(0)),
        .remedy = "move the data to whole physical volumes and remove the "
                  "virtual disks from the partition",
        .source = "PVM-SCSI-018; 2013 line 4593",
    },
    {
        .id = "vscsi.pr-keys-differ",
        .covers = "PVM14-STG-04",
        .title = "source and destination use different persistent reserve "
                 "keys",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = PERSISTENT,
        /* A volume that nobody reserves uses no key. */
        .test = EACH(PART(DISKS),
                     IF(ON_DISK(is_persistent,
                                "its reservation policy is persistent"),
                        ON_DISK(keys_differ,
                                "PR_key_value differs between both sides"))),
        .remedy = "set distinct keys: chdev -dev hdiskX -attr "
                  "PR_key_value=...",
        .source = "PVM14-STG-04; 2014 lines 2592, 4351",
    },
    {
        .id = "vscsi.pr-shared-levels",
        .covers = "PVM-SCSI-008 PVM14-STG-02",
        .title = "consoles and I/O servers take the reservation policy "
                 "pr_shared",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = PERSISTENT,
        .test = AND(GE(SRC_CON(VERSION), VER("7.3.5.0")),
                    GE(DST_CON(VERSION), VER("7.3.5.0")),
                    EACH(SRC(IOSERVERS),
                         GE(IT(IOSERVER, VERSION), VER("2.1.2.0"))),
                    EACH(DST(IOSERVERS),
                         GE(IT(IOSERVER, VERSION), VER("2.1.2.0")))),
        .wanted = "HMC V7R3.5.0 or later, Virtual I/O Servers 2.1.2.0 or "
                  "later",
        .remedy = "update, or use reserve_policy=no_reserve on every I/O "
                  "server",
        .source = "PVM-SCSI-008; 2013 line 2659; 2014 line 2550",
    },
    {
        .id = "vscsi.pr-shared-levels-ivm",
        .covers = "PVM-SCSI-009 PVM14-STG-02",
        .title = "both Integrated Virtualization Managers take the "
                 "reservation policy pr_shared",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = PERSISTENT,
        .test = AND(GE(SRC_CON(VERSION), VER("2.1.2.0")),
                    GE(DST_CON(VERSION), VER("2.1.2.0"))),
        .wanted = "IVM 2.1.2.0 or later",
        .remedy = "update, or use reserve_policy=no_reserve on both "
                  "management partitions",
        .source = "PVM-SCSI-009; 2013 line 4550; 2014 lines 3235, 4310",
    },
    {
        .id = "vscsi.pr-supported",
        .covers = "PVM-SCSI-008 PVM-SCSI-009 PVM14-STG-02",
        .title = "the adapters to persistently reserved volumes take SCSI-3 "
                 "persistent reserves",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = PERSISTENT,
        .test = EACH(PART(DISKS),
                     IF(ON_DISK(is_persistent,
                                "its reservation policy is persistent"),
                        ON_DISK(takes_reserves,
                                "its adapters take persistent reserves"))),
        .remedy = "use adapters with SCSI-3 persistent reserves (sg_persist "
                  "-c tells on Linux), or set reserve_policy=no_reserve",
        .source = "PVM-SCSI-008, PVM-SCSI-009; 2013 lines 2659, 4550",
    },
    {
        .id = "vscsi.reserve-allowed",
        .covers = "PVM-SCSI-007 PVM14-STG-02 PVM14-STG-03",
        .title = "every volume has a reservation policy that may move",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(reserve_may_move,
                          "reserve_policy is no_reserve or pr_shared"),
        .wanted = "no_reserve or pr_shared, never single_path or "
                  "pr_exclusive",
        .remedy = "chdev -dev hdiskX -attr reserve_policy=no_reserve (or "
                  "pr_shared); on a QEMU host drop the reservation or use "
                  "the pr-helper",
        .source = "PVM-SCSI-007, PVM14-STG-03; 2013 lines 2659, 2681, 4550; "
                  "2014 lines 2550, 2591, 4350",
    },
    {
        .id = "vscsi.reserve-equal",
        .covers = "PVM-SCSI-006 PVM-SCSI-011 PVM-SCSI-020 PVM14-STG-02",
        .title = "every I/O server that has a volume has the same "
                 "reservation policy for it",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(reserve_is_equal,
                          "reserve_policy is equal on all I/O servers"),
        .remedy = "chdev -dev hdiskX -attr reserve_policy=... on every I/O "
                  "server: each keeps its own copy of the attribute",
        .source = "PVM-SCSI-006, PVM-SCSI-011; 2013 lines 555, 2631, "
                  "2682-2687, 3351, 4573; 2014 line 549",
    },
    {
        .id = "vscsi.reserve-none-multipath",
        .covers = "PVM-SCSI-010 PVM14-STG-02",
        .title = "a volume that the partition reaches by two I/O servers is "
                 "not reserved",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(DISKS),
                     IF(ON_DISK(has_second_path,
                                "another disk has the same volume"),
                        ON_DISK(is_not_reserved,
                                "reserve_policy is no_reserve"))),
        .wanted = "no_reserve for client multipath",
        .remedy = "chdev -dev hdiskX -attr reserve_policy=no_reserve on "
                  "every I/O server",
        .source = "PVM-SCSI-010; 2013 lines 2659, 4550; 2014 line 2550",
    },
    {
        .id = "vscsi.san-adapters",
        .covers = "PVM-SCSI-005",
        .title = "each side has a physical adapter on the SAN",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = NOT(EMPTY(PART(DISKS))),
        .test = AND(SOME(SRC(IOSERVERS),
                         GE(IT(IOSERVER, SAN_ADAPTERS), NUM(1))),
                    SOME(DST(IOSERVERS),
                         GE(IT(IOSERVER, SAN_ADAPTERS), NUM(1)))),
        .remedy = "connect an adapter of an I/O server to the SAN",
        .source = "PVM-SCSI-005; 2013 lines 1407, 4015",
    },
    {
        .id = "vscsi.transfer-size-equal",
        .covers = "PVM-SCSI-020",
        .title = "every I/O server that has a volume has the same maximum "
                 "transfer size for it",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(transfer_is_equal,
                          "max_transfer is equal on all I/O servers"),
        .remedy = "align them: chdev -dev hdiskX -attr max_transfer=...; on "
                  "Linux queue/max_sectors_kb",
        .source = "PVM-SCSI-020; 2013 line 3351",
    },
    {
        .id = "vscsi.volume-exportable",
        .covers = "PVM-SCSI-019 PVM-SCSI-013",
        .title = "the partition's physical volumes are exportable",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(is_exportable, "it is an exportable disk"),
        .remedy = "use disks with a unique identity, IEEE volume attribute "
                  "or physical identity (oem_setup_env, chkdev)",
        .source = "PVM-SCSI-019; 2013 lines 4529, 4594",
    },
    {
        .id = "vscsi.volume-identity",
        .covers = "PVM-SCSI-013 LDM-042",
        .title = "every disk has an identity that holds on both sides",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(has_identity, "its volume has an identity"),
        .remedy = "use volumes with a unique identifier, physical identifier "
                  "or IEEE volume attribute (SCSI page 0x83)",
        .source = "PVM-SCSI-013; 2013 lines 2632, 4529",
    },
    {
        .id = "vscsi.volume-listed",
        .covers = "PVM-SCSI-004 PVM-SCSI-016",
        .title = "every disk's volume is assigned to its I/O server of the "
                 "source",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(has_volume, "its I/O server has the volume"),
        .remedy = "map the volume to the I/O server and repair the path to "
                  "the SAN (lsmap -all, lspath)",
        .source = "PVM-SCSI-004, PVM-SCSI-016; 2013 lines 2630, 2635, "
                  "2752-2756, 4523",
    },
    {
        .id = "vscsi.volume-not-internal",
        .covers = "PVM-SCSI-002 PVM-SCSI-021",
        .title = "no disk is on a device of the source alone",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(DISKS), NOT(ON_DISK(is_internal,
                                              "its volume is internal"))),
        .remedy = "move the data to the SAN; on a QEMU host to storage that "
                  "both hosts reach",
        .source = "PVM-SCSI-002, PVM-SCSI-021; 2013 lines 553, 1401, 3337, "
                  "3451",
    },
    {
        .id = "vscsi.volume-reached",
        .covers = "PVM-SCSI-003 PVM-SCSI-004 PVM-SCSI-013 PVM-SCSI-017 "
                  "PVM-SCSI-021 LDM-041",
        .title = "the destination reaches every volume, by its identity",
        /* The table has it for inactive moves, preparation for both. */
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(is_reached, "an I/O server of the destination has "
                          "a volume of that identity"),
        .remedy = "zone and map the volume to an I/O server of the "
                  "destination (cfgdev there); on Linux rescan the SCSI bus",
        .source = "PVM-SCSI-003, PVM-SCSI-004, PVM-SCSI-017; C-08; 2013 "
                  "lines 554, 2630, 2632, 2635, 2762, 3452, 4523",
    },
    {
        .id = "vscsi.volume-size-equal",
        .covers = "PVM-SCSI-013",
        .title = "every volume has the same size wherever it is seen",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(size_is_equal, "both sides see one size"),
        .remedy = "rescan the volume on the side that has the old size, or "
                  "check that it is the same volume",
        .source = "PVM-SCSI-013: one volume, seen from both sides",
    },
    {
        .id = "vscsi.volume-whole",
        .covers = "PVM-SCSI-001",
        .title = "no virtual SCSI disk is backed by a logical volume",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH_DISK(is_whole, "its volume is a whole one"),
        .remedy = "move the data to a whole physical volume",
        .source = "PVM-SCSI-001; 2013 lines 553, 3451",
    },
};

LPM_RULE_SET(lpm_rules_vscsi);
