/*
 * Rules of LDoms: devices and services of a domain
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Of the chapter about active domains in the guide of Oracle VM Server for
 * SPARC 3.3; lines are those of its page.
 */
#include "rules/lookup.h"
#include "rules/sets.h"

/*
 * A domain names what backs a virtual disk as VOLUME@SERVICE, and a service
 * belongs to one domain of its machine: so the whole name is unique there,
 * whichever service domain has it.
 */
static LpmTruth find_volume(LpmEval *eval, LpmSide side, const char *name,
                            LpmPlace *ret_place)
{
    LpmPlaces places;

    lpm_places_begin(&places, eval, side, LPM_IOSERVER_VOLUMES);
    while (lpm_places_next(&places)) {
        if (g_str_equal(lpm_node_key(places.at.node), name)) {
            *ret_place = places.at;
            return LPM_YES;
        }
    }
    return places.complete ? LPM_NO : LPM_UNKNOWN;
}

/* Argument: the volume of the disk at hand. */
static LpmTruth is_defined(LpmEval *eval)
{
    const LpmValue *volume = lpm_eval_fact(eval, 0);
    LpmPlace place;
    LpmTruth found;

    if (volume == NULL) {
        return LPM_UNKNOWN;
    }
    found = find_volume(eval, LPM_SIDE_DESTINATION, volume->text, &place);
    if (found == LPM_NO) {
        lpm_eval_see(eval, "the target defines no %s", volume->text);
    }
    return found;
}

/* NULL: absent; what is absent was said if the volume is there. */
static const LpmValue *identity_at(LpmEval *eval, LpmSide side,
                                   const char *volume)
{
    LpmPlace place;

    if (find_volume(eval, side, volume, &place) != LPM_YES) {
        return NULL;
    }
    return lpm_place_value(eval, &place, LPM_VOLUME_IDENTITY);
}

/* Argument: the volume of the disk at hand. */
static LpmTruth is_same_backend(LpmEval *eval)
{
    const LpmNode *disk = lpm_eval_element(eval);
    const LpmValue *volume = lpm_eval_fact(eval, 0);
    const LpmValue *own = lpm_node_get(disk, LPM_DISK_IDENTITY);
    const LpmValue *other;

    if (volume == NULL) {
        return LPM_UNKNOWN;
    }
    if (own == NULL) {
        own = identity_at(eval, LPM_SIDE_SOURCE, volume->text);
    }
    other = identity_at(eval, LPM_SIDE_DESTINATION, volume->text);
    if (own == NULL || other == NULL) {
        lpm_eval_miss(eval, "partition.disks[%s].identity: not given",
                      lpm_node_key(disk));
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "%s: %s leads to %s, on the target to %s",
                 lpm_node_key(disk), volume->text, own->text, other->text);
    /* What has no identity cannot be known again. */
    return own->text[0] != '\0' && g_str_equal(own->text, other->text) ?
           LPM_YES : LPM_NO;
}

#define DEFINED \
    CALL(is_defined, "the target defines its volume in its service", \
         IT(DISK, VOLUME))

static const LpmRule rows[] = {
    {
        .id = "config.niu-hybrid-domain",
        .covers = "LDM-033",
        .title = "the target has NIU resources for the domain's hybrid I/O",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = OR(EQ(PART(NIU), NUM(0)),
                   GE(DST(NIU_FREE), PART(NIU))),
        .remedy = "ldm set-vnet mode= of the network device, which ends "
                  "hybrid mode: without resources the constraint stays and "
                  "is never met; 3.3 is the last release with it",
        .source = "LDM-033; lines 148-150",
    },
    {
        .id = "config.pcie-none-domain",
        .covers = "LDM-030 LDM-031",
        .title = "the domain has no PCIe bus or endpoint device of its own",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EMPTY(PART(PHYSICAL_IO)),
        .remedy = "ldm remove-io of each device (ldm list-io shows them), "
                  "and give the domain virtual ones: an I/O domain cannot "
                  "move",
        .source = "LDM-030, LDM-031; lines 102, 136",
    },
    {
        .id = "config.sriov-none-domain",
        .covers = "LDM-030 LDM-032",
        .title = "the domain has no PCIe SR-IOV virtual function",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(SRIOV), NUM(0)),
        .remedy = "ldm remove-io of each virtual function (ldm list-io shows "
                  "them)",
        .source = "LDM-030, LDM-032; lines 102, 142",
    },
    {
        .id = "crypto.reconfigurable",
        .covers = "LDM-050 LDM-051",
        .title = "the domain's operating system can give up its crypto units",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = GT(PART(CRYPTO), NUM(0)),
        .test = IS(PART(CRYPTO_DR)),
        .wanted = "dynamic reconfiguration of crypto units: the move begins "
                  "with their removal, and ends with their return",
        .remedy = "update the operating system, or stop the domain and ldm "
                  "set-crypto 0",
        .source = "LDM-050, LDM-051; lines 154-156",
    },
    {
        .id = "crypto.units-free",
        .covers = "LDM-051 LDM-052",
        .title = "the target has as many crypto units free as the domain has",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = GT(PART(CRYPTO), NUM(0)),
        .test = GE(DST(CRYPTO_FREE), PART(CRYPTO)),
        .remedy = "ldm remove-crypto of other domains of the target; else "
                  "the domain has fewer afterwards: compare with ldm "
                  "list-domain -o crypto",
        .source = "LDM-051, LDM-052; lines 156, 159",
    },
    {
        .id = "network.pause-tolerated-domain",
        .covers = "LDM-072",
        .title = "no application of the domain is disturbed by a short pause "
                 "of its network",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = EMPTY(PART(PAUSE_SENSITIVE)),
        .remedy = "stop them for the move, RIP for one: the network "
                  "interface is made anew in the last phase; what sends "
                  "again, as TCP and NFS do, does not notice",
        .source = "LDM-072; line 21",
    },
    {
        .id = "network.reach-domain",
        .covers = "LDM-044",
        .title = "the target's physical network reaches what the domain "
                 "reaches now",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = IS(MOVE(SAME_LAN)),
        .remedy = "compare subnets, gateways, routers and firewalls of both "
                  "machines; --set move.same-lan=true says that they fit",
        .source = "LDM-044; lines 123-125",
    },
    {
        .id = "network.switches-domain",
        .covers = "LDM-040 LDM-043",
        .title = "the target has a virtual switch of the same name for each "
                 "virtual network device",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VETH),
                     SOME(DST(VSWITCHES), EQ(IT(VSWITCH, NAME),
                                             UP(VETH, VSWITCH)))),
        .remedy = "ldm add-vswitch of that name on the target (ldm "
                  "list-services shows those that are there)",
        .source = "LDM-040, LDM-043; lines 108, 118-120",
    },
    {
        .id = "vcc.constraints-none",
        .covers = "LDM-046",
        .title = "the domain's console has no constraints that the move "
                 "would drop",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = NOT(IS(PART(CONSOLE_SET))),
        .remedy = "look for the console under the domain's name, at any port "
                  "(ldm list-domain -o console), and ldm set-vcons anew "
                  "after the move",
        .source = "LDM-046; line 130",
    },
    {
        .id = "vcc.free-port",
        .covers = "LDM-040 LDM-046",
        .title = "a virtual console concentrator of the target has a free "
                 "port",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* Those of the control domain come first; any one will do. */
        .test = SOME(DST(VCCS), GT(IT(VCC, PORTS_FREE), NUM(0))),
        .remedy = "ldm add-vcc on the target, or ldm set-vcc port-range= "
                  "with more ports",
        .source = "LDM-040, LDM-046; lines 108, 130",
    },
    {
        .id = "vcc.group-unused",
        .covers = "LDM-046",
        .title = "no console group of the target has the domain's name",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(DST(VCCS), NOT(HAS(IT(VCC, GROUPS), PART(NAME)))),
        .remedy = "ldm set-vcons group= of the target's domain that has the "
                  "group: the name of the domain that arrives becomes its "
                  "group",
        .source = "LDM-046; line 130",
    },
    {
        .id = "vdisk.backend-same",
        .covers = "LDM-041 LDM-042",
        .title = "each virtual disk has the same backend on the target",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(DISKS),
                     IF(DEFINED, CALL(is_same_backend, "it is the same "
                                      "backend", IT(DISK, VOLUME)))),
        .wanted = "one identity on both machines: ldm does not look, and a "
                  "domain that finds other storage cannot go on",
        .remedy = "ldm remove-vdsdev and ldm add-vdsdev on the target with "
                  "the path that leads to the source's storage",
        .source = "LDM-041, LDM-042; lines 110-115",
    },
    {
        .id = "vdisk.volume-defined",
        .covers = "LDM-040 LDM-041",
        .title = "the target defines the backend of each virtual disk with "
                 "the same volume and service name",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(DISKS), DEFINED),
        .remedy = "ldm add-vds and ldm add-vdsdev PATH VOLUME@SERVICE on the "
                  "target; the path may be another one",
        .source = "LDM-040, LDM-041; lines 108-110",
    },
    {
        .id = "vsan.defined",
        .covers = "LDM-040 LDM-047",
        .title = "the target defines each virtual SAN of the domain",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = SUBSET(PART(VSANS), DST(VSANS)),
        .remedy = "ldm add-vsan of that name on the target",
        .source = "LDM-040, LDM-047; lines 108, 132",
    },
};

LPM_RULE_SET(lpm_rules_ldoms_io);
