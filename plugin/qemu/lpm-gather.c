/*
 * The facts of this QEMU as an offer: what all targets have
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/uuid.h"
#include "exec/cpu-common.h"
#include "exec/target_page.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "migration/migration.h"
#include "migration/multifd.h"
#include "migration/options.h"
#include "migration/register.h"
#include "qapi/qapi-types-run-state.h"
#include "system/runstate.h"
#include "system/system.h"

#include "codec/codec.h"
#include "lpm-gather.h"
#include "lpm-object.h"

static int add_block(RAMBlock *rb, void *opaque)
{
    if (qemu_ram_is_migratable(rb)) {
        lpm_offer_add_block(opaque, qemu_ram_get_idstr(rb),
                            qemu_ram_get_used_length(rb),
                            qemu_ram_get_max_length(rb),
                            qemu_ram_pagesize(rb));
    }
    return 0;
}

static void add_device(LpmOffer *offer, const SaveVMSection *section,
                       uint32_t instance_id)
{
    lpm_offer_add_device(offer, section->idstr, instance_id,
                         section->version_id, section->minimum_version_id);
    g_array_index(offer->devices, LpmOfferDevice,
                  offer->devices->len - 1).optional = !section->needed;
}

/* The carrier of the offer is not a device. */
static bool is_carrier(const SaveVMSection *section)
{
    return !strcmp(section->idstr, LPM_SECTION_NAME);
}

static void add_section_to_send(const SaveVMSection *section, void *opaque)
{
    if (section->needed && !is_carrier(section)) {
        add_device(opaque, section, section->instance_id);
    }
}

static void add_section_to_load(const SaveVMSection *section, void *opaque)
{
    if (is_carrier(section)) {
        return;
    }
    add_device(opaque, section, section->instance_id);
    if (section->alias_id != -1 &&
        (uint32_t)section->alias_id != section->instance_id) {
        SaveVMSection alias = *section;

        alias.needed = false;
        add_device(opaque, &alias, section->alias_id);
    }
}

static void gather_machine(LpmOffer *offer)
{
    MachineState *ms = MACHINE(qdev_get_machine());
    CPUState *cs;

    offer->arch = g_strdup(TARGET_NAME);
    offer->qemu_version = g_strdup(QEMU_VERSION);
    offer->machine = g_strdup(MACHINE_GET_CLASS(ms)->name);
    offer->name = g_strdup(qemu_get_vm_name());
    if (qemu_uuid_set) {
        offer->uuid = qemu_uuid_unparse_strdup(&qemu_uuid);
    }
    offer->run_state = g_strdup(RunState_str(runstate_get()));
    offer->sockets = ms->smp.sockets;
    offer->cores = ms->smp.cores;
    offer->threads = ms->smp.threads;
    offer->max_cpus = ms->smp.max_cpus;
    CPU_FOREACH(cs) {
        offer->cpus++;
    }
    offer->target_page_size = qemu_target_page_size();
}

static void gather_stream(LpmOffer *offer)
{
    MigrationState *s = migrate_get_current();
    int i;

    offer->multifd = migrate_multifd();
    offer->channels = offer->multifd ? migrate_multifd_channels() : 0;
    offer->compression = g_strdup(
        MultiFDCompression_str(migrate_multifd_compression()));
    for (i = 0; i < MIGRATION_CAPABILITY__MAX; i++) {
        if (s->capabilities[i]) {
            g_ptr_array_add(offer->migration_caps,
                            g_strdup(MigrationCapability_str(i)));
        }
    }
    if (multifd_method_available(MULTIFD_COMPRESSION_LPM, NULL)) {
        offer->codec_version = LPM_FRAME_VERSION;
        offer->codec_frame_bytes = LPM_FRAME_MAX_BYTES;
    }
}

LpmOffer *lpm_gather(void)
{
    LpmOffer *offer = lpm_offer_new();
    bool incoming = runstate_check(RUN_STATE_INMIGRATE);

    gather_machine(offer);
    lpm_gather_target(offer, incoming);
    foreach_not_ignored_block(add_block, offer);
    qemu_savevm_foreach_section(incoming ? add_section_to_load :
                                           add_section_to_send, offer);
    gather_stream(offer);
    return offer;
}
