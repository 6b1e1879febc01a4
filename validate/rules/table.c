/*
 * The rows about what only the validator sees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/rules.h"

#define SRC  LPM_SIDE_SOURCE
#define DST  LPM_SIDE_DESTINATION

static void add_fact(GString *text, const LpmFacts *facts, LpmSide side,
                     LpmField fact)
{
    g_autofree char *value = lpm_facts_text(facts, side, fact);

    g_string_append_printf(text, "%s: %s", lpm_side_name(side), value);
}

/* The usual pair of texts for a fact that both sides must share. */
static void both_values(LpmFinding *finding, const LpmFacts *facts,
                        LpmField fact)
{
    add_fact(finding->expected, facts, SRC, fact);
    add_fact(finding->actual, facts, DST, fact);
}

static gboolean equal_strings(const LpmFacts *facts, LpmField fact,
                              LpmFinding *finding)
{
    both_values(finding, facts, fact);
    return g_str_equal(lpm_facts_string(facts, SRC, fact),
                       lpm_facts_string(facts, DST, fact));
}

static gboolean equal_lists(const LpmFacts *facts, LpmField fact,
                            LpmFinding *finding)
{
    const GPtrArray *source = lpm_facts_strings(facts, SRC, fact);
    const GPtrArray *destination = lpm_facts_strings(facts, DST, fact);

    both_values(finding, facts, fact);
    if (source->len != destination->len) {
        return FALSE;
    }
    for (guint i = 0; i < source->len; i++) {
        if (!g_str_equal(g_ptr_array_index(source, i),
                         g_ptr_array_index(destination, i))) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean empty_list(const LpmFacts *facts, LpmSide side, LpmField fact,
                           LpmFinding *finding)
{
    g_string_append(finding->expected, "none");
    add_fact(finding->actual, facts, side, fact);
    return lpm_facts_strings(facts, side, fact)->len == 0;
}

static gboolean holds_accelerator(const LpmFacts *facts, LpmFinding *finding)
{
    return equal_strings(facts, LPM_QEMU_ACCELERATOR, finding);
}

static gboolean bitmaps_matter(const LpmFacts *facts)
{
    const GPtrArray *caps;

    if (!lpm_facts_has(facts, SRC, LPM_QEMU_MIGRATION_CAPS)) {
        return TRUE;
    }
    caps = lpm_facts_strings(facts, SRC, LPM_QEMU_MIGRATION_CAPS);
    for (guint i = 0; i < caps->len; i++) {
        if (g_str_equal(g_ptr_array_index(caps, i), "dirty-bitmaps")) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean holds_bitmaps(const LpmFacts *facts, LpmFinding *finding)
{
    return empty_list(facts, SRC, LPM_QEMU_DIRTY_BITMAPS, finding);
}

static gboolean holds_jobs(const LpmFacts *facts, LpmFinding *finding)
{
    return empty_list(facts, SRC, LPM_QEMU_BLOCK_JOBS, finding);
}

static gboolean holds_optical(const LpmFacts *facts, LpmFinding *finding)
{
    return empty_list(facts, SRC, LPM_QEMU_OPTICAL_MEDIA, finding);
}

static gboolean holds_snapshots(const LpmFacts *facts, LpmFinding *finding)
{
    return empty_list(facts, SRC, LPM_QEMU_SNAPSHOTS, finding);
}

static gboolean holds_name(const LpmFacts *facts, LpmFinding *finding)
{
    return equal_strings(facts, LPM_QEMU_NAME, finding);
}

/*
 * A side without the object is right only if the other side says that it
 * takes a peer that does not negotiate.
 */
static gboolean holds_object(const LpmFacts *facts, LpmSide side,
                             LpmFinding *finding)
{
    LpmSide other = side == SRC ? DST : SRC;
    gboolean allowed =
        lpm_facts_has(facts, other, LPM_QEMU_LPM_PEER) &&
        g_str_equal(lpm_facts_string(facts, other, LPM_QEMU_LPM_PEER),
                    "allow");

    g_string_append(finding->expected,
                    allowed ? "any: the other side has peer=allow" : "yes");
    add_fact(finding->actual, facts, side, LPM_QEMU_LPM_OBJECT);
    return allowed || lpm_facts_bool(facts, side, LPM_QEMU_LPM_OBJECT);
}

static gboolean holds_object_source(const LpmFacts *facts,
                                    LpmFinding *finding)
{
    return holds_object(facts, SRC, finding);
}

static gboolean holds_object_destination(const LpmFacts *facts,
                                         LpmFinding *finding)
{
    return holds_object(facts, DST, finding);
}

static gboolean holds_balloon(const LpmFacts *facts, LpmFinding *finding)
{
    both_values(finding, facts, LPM_QEMU_BALLOON);
    return lpm_facts_bool(facts, SRC, LPM_QEMU_BALLOON) ==
           lpm_facts_bool(facts, DST, LPM_QEMU_BALLOON);
}

static gboolean holds_memory_devices(const LpmFacts *facts,
                                     LpmFinding *finding)
{
    return equal_lists(facts, LPM_QEMU_MEMORY_DEVICES, finding);
}

static void memory_text(GString *text, const LpmFacts *facts, LpmSide side)
{
    g_string_append_printf(
        text, "%s: %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
        " of them plugged", lpm_side_name(side),
        lpm_facts_uint(facts, side, LPM_QEMU_MEMORY_BASE) +
        lpm_facts_uint(facts, side, LPM_QEMU_MEMORY_PLUGGED),
        lpm_facts_uint(facts, side, LPM_QEMU_MEMORY_PLUGGED));
}

static gboolean holds_memory_size(const LpmFacts *facts, LpmFinding *finding)
{
    memory_text(finding->expected, facts, SRC);
    memory_text(finding->actual, facts, DST);
    return lpm_facts_uint(facts, SRC, LPM_QEMU_MEMORY_BASE) ==
           lpm_facts_uint(facts, DST, LPM_QEMU_MEMORY_BASE) &&
           lpm_facts_uint(facts, SRC, LPM_QEMU_MEMORY_PLUGGED) ==
           lpm_facts_uint(facts, DST, LPM_QEMU_MEMORY_PLUGGED);
}

static gboolean holds_blockers(const LpmFacts *facts, LpmFinding *finding)
{
    return empty_list(facts, SRC, LPM_QEMU_MIGRATION_BLOCKERS, finding);
}

/* A destination that refused an offer has loaded nothing: it may be used. */
static gboolean holds_destination_unused(const LpmFacts *facts,
                                         LpmFinding *finding)
{
    const char *status = lpm_facts_string(facts, DST,
                                          LPM_QEMU_MIGRATION_STATUS);
    const char *phase = lpm_facts_string(facts, DST, LPM_QEMU_LPM_PHASE);

    g_string_append(finding->expected, "none, or failed and rejected");
    add_fact(finding->actual, facts, DST, LPM_QEMU_MIGRATION_STATUS);
    g_string_append_printf(finding->actual, " (lpm phase: %s)", phase);
    return g_str_equal(status, "none") ||
           (g_str_equal(status, "failed") && g_str_equal(phase, "rejected"));
}

static gboolean one_of(const char *value, const char *const *list)
{
    return g_strv_contains(list, value);
}

static gboolean holds_source_idle(const LpmFacts *facts, LpmFinding *finding)
{
    static const char *const idle[] = {
        "none", "completed", "failed", "cancelled", NULL,
    };

    g_string_append(finding->expected, "none, cancelled or failed");
    add_fact(finding->actual, facts, SRC, LPM_QEMU_MIGRATION_STATUS);
    /* "completed" with the guest here: a snapshot, or taken back by cont */
    return one_of(lpm_facts_string(facts, SRC, LPM_QEMU_MIGRATION_STATUS),
                  idle);
}

static gboolean has_uri(const LpmFacts *facts)
{
    return lpm_facts_has(facts, DST, LPM_QEMU_URI);
}

static gboolean holds_return_path(const LpmFacts *facts, LpmFinding *finding)
{
    const char *uri = lpm_facts_string(facts, DST, LPM_QEMU_URI);

    g_string_append(finding->expected, "tcp:, unix:, vsock: or fd:");
    g_string_append(finding->actual, uri);
    return g_str_has_prefix(uri, "tcp:") || g_str_has_prefix(uri, "unix:") ||
           g_str_has_prefix(uri, "vsock:") || g_str_has_prefix(uri, "fd:");
}

static gboolean holds_macs(const LpmFacts *facts, LpmFinding *finding)
{
    return equal_lists(facts, LPM_QEMU_MACS, finding);
}

static gboolean uri_is_tcp(const LpmFacts *facts)
{
    return has_uri(facts) &&
           g_str_has_prefix(lpm_facts_string(facts, DST, LPM_QEMU_URI),
                            "tcp:");
}

static gboolean holds_plain(const LpmFacts *facts, LpmFinding *finding)
{
    const char *uri = lpm_facts_string(facts, DST, LPM_QEMU_URI);
    gboolean tls = lpm_facts_string(facts, SRC, LPM_QEMU_TLS_CREDS)[0] !=
                   '\0';
    gboolean local = g_str_has_prefix(uri, "tcp:127.") ||
                     g_str_has_prefix(uri, "tcp:localhost:") ||
                     g_str_has_prefix(uri, "tcp:[::1]:");

    g_string_append(finding->expected, "TLS, or an address of this host");
    g_string_append_printf(finding->actual, "%s, %s", uri,
                           tls ? "TLS" : "no TLS");
    return tls || local;
}

static gboolean holds_tls(const LpmFacts *facts, LpmFinding *finding)
{
    both_values(finding, facts, LPM_QEMU_TLS_CREDS);
    /* the ids of the two objects may differ: only on or off must agree */
    return (lpm_facts_string(facts, SRC, LPM_QEMU_TLS_CREDS)[0] != '\0') ==
           (lpm_facts_string(facts, DST, LPM_QEMU_TLS_CREDS)[0] != '\0');
}

static gboolean holds_run_destination(const LpmFacts *facts,
                                      LpmFinding *finding)
{
    g_string_append(finding->expected, "inmigrate");
    add_fact(finding->actual, facts, DST, LPM_QEMU_RUN_STATE);
    return g_str_equal(lpm_facts_string(facts, DST, LPM_QEMU_RUN_STATE),
                       "inmigrate");
}

static gboolean holds_run_source(const LpmFacts *facts, LpmFinding *finding)
{
    const char *state = lpm_facts_string(facts, SRC, LPM_QEMU_RUN_STATE);

    g_string_append(finding->expected, "running or paused");
    add_fact(finding->actual, facts, SRC, LPM_QEMU_RUN_STATE);
    return g_str_equal(state, "running") || g_str_equal(state, "paused");
}

#define BOTH_NEED(fact)  { LPM_SRC(fact), LPM_DST(fact) }

static const LpmRule rows[] = {
    {
        .id = "accelerator.equal",
        .covers = "",
        .title = "both sides use the same accelerator",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_BOTH,
        .needs = BOTH_NEED(LPM_QEMU_ACCELERATOR),
        .holds = holds_accelerator,
        .remedy = "start both QEMUs with the same -accel; a guest moved "
                  "between KVM and TCG may meet other processor features",
        .source = "QEMU qapi/misc.json query-kvm",
    },
    {
        .id = "block.dirty-bitmaps",
        .covers = "",
        .title = "no dirty bitmap is lost by the move",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_DIRTY_BITMAPS),
                   LPM_SRC(LPM_QEMU_MIGRATION_CAPS) },
        .applies = bitmaps_matter,
        .holds = holds_bitmaps,
        .remedy = "turn on the migration capability dirty-bitmaps on both "
                  "sides, or take a full backup after the move",
        .source = "QEMU qapi/migration.json MigrationCapability "
                  "dirty-bitmaps",
    },
    {
        .id = "block.jobs-idle",
        .covers = "",
        .title = "no block job runs on the source",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_BLOCK_JOBS) },
        .holds = holds_jobs,
        .remedy = "wait for the job, or end it with block-job-cancel",
        .source = "QEMU qapi/block-core.json query-block-jobs",
    },
    {
        .id = "block.optical-media",
        .covers = "PVM-CFG-013",
        .title = "no removable medium is in a drive of the source",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_OPTICAL_MEDIA) },
        .holds = holds_optical,
        .remedy = "eject it, or make the same medium readable on the "
                  "destination",
        .source = "PVM-CFG-013",
    },
    {
        .id = "block.snapshots",
        .covers = "",
        .title = "no internal snapshot is tied to the source",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_SNAPSHOTS) },
        .holds = holds_snapshots,
        .remedy = "delete it with delvm; its machine state may not load on "
                  "the destination",
        .source = "QEMU qapi/block-core.json ImageInfo snapshots",
    },
    {
        .id = "guest.name-equal",
        .covers = "PVM-NAM-001",
        .title = "the destination was started for this guest, by its name",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .needs = BOTH_NEED(LPM_QEMU_NAME),
        .holds = holds_name,
        .remedy = "start the destination with the same -name, or see "
                  "whether it is the right one",
        .source = "PVM-NAM-001",
    },
    {
        .id = "lpm.object-destination",
        .covers = "PVM-SRV-007 PVM-MSP-002",
        .title = "the destination negotiates moves",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_DESTINATION,
        .needs = { LPM_DST(LPM_QEMU_LPM_OBJECT) },
        .holds = holds_object_destination,
        .remedy = "start the destination with -object migration-lpm,id=lpm0",
        .source = "PVM-MSP-002; QMP query-lpm",
    },
    {
        .id = "lpm.object-source",
        .covers = "PVM-SRV-007 PVM-MSP-001",
        .title = "the source negotiates moves",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_LPM_OBJECT) },
        .holds = holds_object_source,
        .remedy = "add it while the guest runs: object-add "
                  "qom-type=migration-lpm id=lpm0",
        .source = "PVM-MSP-001; QMP query-lpm",
    },
    {
        .id = "memory.balloon-equal",
        .covers = "",
        .title = "both sides have a balloon device, or neither",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_BOTH,
        .needs = BOTH_NEED(LPM_QEMU_BALLOON),
        .holds = holds_balloon,
        .remedy = "give the destination the source's -device "
                  "virtio-balloon-pci",
        .source = "QEMU qapi/machine.json query-balloon",
    },
    {
        .id = "memory.devices-equal",
        .covers = "PVM-CPU-010 PVM-CFG-015",
        .title = "both sides have the same memory devices plugged",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_BOTH,
        .needs = BOTH_NEED(LPM_QEMU_MEMORY_DEVICES),
        .holds = holds_memory_devices,
        .remedy = "start the destination with the -device pc-dimm of the "
                  "source, with their id and addr",
        .source = "QEMU qapi/machine.json query-memory-devices",
    },
    {
        .id = "memory.size-equal",
        .covers = "PVM-MEM-001 PVM-MEM-002",
        .title = "both sides give the guest the same memory",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_BOTH,
        .needs = { LPM_SRC(LPM_QEMU_MEMORY_BASE),
                   LPM_SRC(LPM_QEMU_MEMORY_PLUGGED),
                   LPM_DST(LPM_QEMU_MEMORY_BASE),
                   LPM_DST(LPM_QEMU_MEMORY_PLUGGED) },
        .holds = holds_memory_size,
        .remedy = "start the destination with the source's -m",
        .source = "QEMU qapi/machine.json query-memory-size-summary",
    },
    {
        .id = "migration.blockers",
        .covers = "PVM-CFG-010 PVM-CFG-011 PVM14-SRIOV-01",
        .title = "no device of the source blocks migration",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_MIGRATION_BLOCKERS) },
        .holds = holds_blockers,
        .remedy = "unplug what the reason names with device_del, or undo "
                  "the operation that it names",
        .source = "QEMU qapi/migration.json query-migrate blocked-reasons",
    },
    {
        .id = "migration.destination-unused",
        .covers = "PVM-CON-001",
        .title = "the destination has not begun to load a guest",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_DESTINATION,
        .needs = { LPM_DST(LPM_QEMU_MIGRATION_STATUS),
                   LPM_DST(LPM_QEMU_LPM_PHASE) },
        .holds = holds_destination_unused,
        .remedy = "start a new destination with -incoming defer; \"setup\" "
                  "means that it was started with another -incoming or that "
                  "migrate-incoming was already given",
        .source = "QEMU qapi/migration.json migrate-incoming",
    },
    {
        .id = "migration.return-path",
        .covers = "PVM-MSP-004",
        .title = "the stream's transport has a way back",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .needs = { LPM_DST(LPM_QEMU_URI) },
        .applies = has_uri,
        .holds = holds_return_path,
        .remedy = "give --uri tcp:HOST:PORT or unix:PATH: the answer to the "
                  "offer comes on the return path",
        .source = "QEMU qapi/migration.json MigrationCapability return-path",
    },
    {
        .id = "migration.source-idle",
        .covers = "PVM-CON-001 PVM-SRV-012",
        .title = "no migration runs on the source",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_MIGRATION_STATUS) },
        .holds = holds_source_idle,
        .remedy = "wait for it, or stop it with: lpm cancel --source "
                  "qmp:PATH",
        .source = "PVM-CON-001; QEMU qapi/migration.json MigrationStatus",
    },
    {
        .id = "network.macs-equal",
        .covers = "PVM-NAM-002",
        .title = "both sides give the guest the same MAC addresses",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_BOTH,
        .needs = BOTH_NEED(LPM_QEMU_MACS),
        .holds = holds_macs,
        .remedy = "start the destination with the mac= of the source's "
                  "network devices",
        .source = "PVM-NAM-002; QEMU qapi/net.json query-rx-filter",
    },
    {
        .id = "security.plain-network",
        .covers = "PVM-SEC-006",
        .title = "guest memory does not cross a network in the clear",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_DST(LPM_QEMU_URI), LPM_SRC(LPM_QEMU_TLS_CREDS) },
        .applies = uri_is_tcp,
        .holds = holds_plain,
        .remedy = "add -object tls-creds-x509 and set the migration "
                  "parameter tls-creds on both sides",
        .source = "PVM-SEC-006",
    },
    {
        .id = "security.tls-equal",
        .covers = "PVM-SEC-004",
        .title = "both sides use TLS for the stream, or neither",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_BOTH,
        .needs = BOTH_NEED(LPM_QEMU_TLS_CREDS),
        .holds = holds_tls,
        .remedy = "set the migration parameter tls-creds on both sides with "
                  "migrate-set-parameters",
        .source = "PVM-SEC-004; QEMU qapi/migration.json "
                  "MigrationParameters",
    },
    {
        .id = "state.destination-incoming",
        .covers = "PVM-STA-002",
        .title = "the destination waits for a guest",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_DESTINATION,
        .needs = { LPM_DST(LPM_QEMU_RUN_STATE) },
        .holds = holds_run_destination,
        .remedy = "start the destination with -incoming defer",
        .source = "QEMU qapi/run-state.json RunState inmigrate",
    },
    {
        .id = "state.source-running",
        .covers = "PVM-STA-001 PVM-STA-003",
        .title = "the guest runs or is paused on the source",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .live = LPM_PARTY_SOURCE,
        .needs = { LPM_SRC(LPM_QEMU_RUN_STATE) },
        .holds = holds_run_source,
        .remedy = "bring the guest back first: cont, system_reset, or a new "
                  "start",
        .source = "PVM-STA-001, PVM-STA-003; QEMU qapi/run-state.json "
                  "RunState",
    },
};

const LpmRule *lpm_rules_own(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(rows);
    return rows;
}
