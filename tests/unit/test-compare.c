/*
 * The comparison of two offers, row by row
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "compat/compare.h"
#include "offers.h"

/*
 * A case begins with two offers that fit each other and changes them.  What
 * lpm_compare() then says has exactly these ids, in the table's order.
 */
typedef struct Case {
    const char *name;
    void (*change)(LpmOffer *s, LpmOffer *d);
    const char *errors;     /* ids, separated by commas */
    const char *warnings;
    const char *remedy;     /* part of the first reason's remedy, or NULL */
    const char *source;     /* likewise its values */
    const char *destination;
} Case;

/* Either end, with its storage seen by its WWPN of each pair. */
static LpmOffer *end_of_move(guint mine)
{
    LpmOffer *offer = full_offer();

    add_storage(offer, mine);
    return offer;
}

#define CHANGE(name) static void name(LpmOffer *s, LpmOffer *d)

static LpmOfferBlock *block(LpmOffer *offer, guint i)
{
    return &g_array_index(offer->blocks, LpmOfferBlock, i);
}

static LpmOfferDevice *device(LpmOffer *offer, guint i)
{
    return &g_array_index(offer->devices, LpmOfferDevice, i);
}

static LpmOfferCap *cap(LpmOffer *offer, guint i)
{
    return &g_array_index(offer->caps, LpmOfferCap, i);
}

static LpmOfferWwpn *pair(LpmOffer *offer, guint i)
{
    return &g_array_index(offer->wwpns, LpmOfferWwpn, i);
}

static LpmOfferLook *look(LpmOffer *offer, guint i)
{
    return &g_array_index(offer->looks, LpmOfferLook, i);
}

static LpmOfferLun *lun(LpmOffer *offer, guint i)
{
    return &g_array_index(offer->luns, LpmOfferLun, i);
}

static void set_modes(GPtrArray *modes, const char *list)
{
    g_ptr_array_set_size(modes, 0);
    add_strings(modes, list);
}

CHANGE(same)
{
    (void)s;
    (void)d;
}

/* ---- machine and guest ---- */

CHANGE(other_arch)
{
    (void)s;
    set_string(&d->arch, "sparc64");
    set_string(&d->machine, "sun4u");
}

CHANGE(other_machine)
{
    (void)s;
    set_string(&d->machine, "pseries-9.2");
}

/* Vanilla's prefix compare takes this one. */
CHANGE(machine_prefix)
{
    set_string(&s->machine, "pseries-2.12");
    set_string(&d->machine, "pseries-2.12-sxxm");
}

CHANGE(machine_prefix_reverse)
{
    set_string(&s->machine, "pseries-2.12-sxxm");
    set_string(&d->machine, "pseries-2.12");
}

CHANGE(older_qemu)
{
    (void)s;
    set_string(&d->qemu_version, "10.0.2");
}

CHANGE(newer_qemu)
{
    set_string(&s->qemu_version, "9.2.4");
    set_string(&d->qemu_version, "10.0.2 (Debian 1:10.0.2+ds-2)");
}

CHANGE(odd_qemu_version)
{
    set_string(&s->qemu_version, "git-1f64df25");
    set_string(&d->qemu_version, "10.0");
}

CHANGE(uuid_validated)
{
    set_string(&d->uuid, "11111111-7a0c-4c3e-9a0b-6d1f6c3b2a10");
    add_strings(s->migration_caps, "validate-uuid");
    add_strings(d->migration_caps, "validate-uuid");
}

CHANGE(uuid_validated_here)
{
    set_string(&d->uuid, "11111111-7a0c-4c3e-9a0b-6d1f6c3b2a10");
    add_strings(s->migration_caps, "validate-uuid");
}

CHANGE(uuid_validated_there)
{
    set_string(&d->uuid, "11111111-7a0c-4c3e-9a0b-6d1f6c3b2a10");
    (void)s;
    add_strings(d->migration_caps, "validate-uuid");
}

CHANGE(uuid_validated_case)
{
    set_string(&d->uuid, "0F0D5D2E-7A0C-4C3E-9A0B-6D1F6C3B2A10");
    add_strings(s->migration_caps, "validate-uuid");
    add_strings(d->migration_caps, "validate-uuid");
}

CHANGE(uuid_validated_none)
{
    set_string(&s->uuid, NULL);
    set_string(&d->uuid, NULL);
    add_strings(s->migration_caps, "validate-uuid");
    add_strings(d->migration_caps, "validate-uuid");
}

CHANGE(uuid_validated_unknown)
{
    set_string(&d->uuid, NULL);
    add_strings(s->migration_caps, "validate-uuid");
    add_strings(d->migration_caps, "validate-uuid");
}

CHANGE(uuid_differs)
{
    (void)s;
    set_string(&d->uuid, "11111111-7a0c-4c3e-9a0b-6d1f6c3b2a10");
}

CHANGE(uuid_differs_plain)
{
    uuid_differs(s, d);
    s->multifd = d->multifd = FALSE;
}

CHANGE(uuid_only_here)
{
    (void)s;
    set_string(&d->uuid, NULL);
}

CHANGE(uuid_only_there)
{
    (void)d;
    set_string(&s->uuid, NULL);
}

CHANGE(uuid_nowhere)
{
    set_string(&s->uuid, NULL);
    set_string(&d->uuid, NULL);
}

CHANGE(people_only)
{
    (void)s;
    set_string(&d->name, "other");
    set_string(&d->run_state, "inmigrate");
    set_string(&d->qemu_version, NULL);
    set_string(&d->cpu_model, "power11_v2.0");
    set_string(&d->ic_current, NULL);
    d->pvr = 0x00821200;
}

/* ---- processor ---- */

CHANGE(to_power8)
{
    (void)s;
    set_modes(d->modes, "power6,power7,power8");
}

CHANGE(lacks_preferred)
{
    set_string(&s->preferred_mode, "power10");
    set_string(&d->preferred_mode, "default");
    set_modes(d->modes, "power6,power7,power8,power9");
}

CHANGE(lacks_current)
{
    set_string(&s->preferred_mode, "default");
    set_string(&s->current_mode, "power10");
    set_string(&d->preferred_mode, "default");
    set_modes(d->modes, "power6,power7,power8,power9");
}

CHANGE(mode_of_the_future)
{
    set_string(&s->preferred_mode, "default");
    set_string(&d->preferred_mode, "default");
    set_string(&s->current_mode, "power13");
    set_modes(d->modes, "power10,power13");
}

CHANGE(lacks_mode_of_the_future)
{
    set_string(&s->preferred_mode, "default");
    set_string(&d->preferred_mode, "default");
    set_string(&s->current_mode, "power13");
}

/* QEMU runs no POWER5; the rule holds all the same. */
CHANGE(power5_current)
{
    set_string(&s->current_mode, "power5");
    (void)d;
}

CHANGE(preferred_power5)
{
    set_string(&s->preferred_mode, "power5");
    set_string(&d->preferred_mode, "default");
}

CHANGE(enhanced)
{
    set_string(&s->preferred_mode, "power6-enhanced");
    set_string(&d->preferred_mode, "default");
    set_string(&s->current_mode, "power6-enhanced");
}

/* A remedy names only what max-cpu-compat takes. */
CHANGE(no_qemu_mode_in_common)
{
    set_string(&s->preferred_mode, "power8");
    set_string(&d->preferred_mode, "default");
    set_string(&s->current_mode, "power6+");
    set_modes(s->modes, "power6,power6+,power8");
    set_modes(d->modes, "power6,power6+");
}

CHANGE(preferred_lowered)
{
    set_string(&s->preferred_mode, "power8");
    set_string(&d->preferred_mode, "power8");
}

CHANGE(preferred_differs)
{
    (void)s;
    set_string(&d->preferred_mode, "power10");
}

CHANGE(preferred_spelled_otherwise)
{
    (void)s;
    set_string(&d->preferred_mode, "POWER9");
}

/* A manual's name of it, which no comparison of letters would take. */
CHANGE(preferred_by_the_manual)
{
    set_string(&s->preferred_mode, "power6-enhanced");
    set_string(&d->preferred_mode, "POWER6 enhanced");
    set_modes(d->modes, "power6,power6-enhanced,power7,power8,power9");
}

CHANGE(preferred_both_default)
{
    set_string(&s->preferred_mode, "default");
    set_string(&d->preferred_mode, "default");
}

CHANGE(preferred_taken_over)
{
    (void)s;
    set_string(&d->preferred_mode, "default");
}

CHANGE(preferred_only_there)
{
    set_string(&s->preferred_mode, "default");
    (void)d;
}

CHANGE(no_preferred)
{
    set_string(&s->preferred_mode, NULL);
    (void)d;
}

CHANGE(no_current)
{
    set_string(&s->current_mode, NULL);
    (void)d;
}

CHANGE(no_modes)
{
    (void)s;
    set_modes(d->modes, "");
}

CHANGE(raw_same)
{
    set_string(&s->preferred_mode, "default");
    set_string(&d->preferred_mode, "default");
    set_string(&s->current_mode, "raw");
    d->pvr = 0x00801300;
}

CHANGE(raw_differs)
{
    raw_same(s, d);
    d->pvr = 0x004e1202;
    set_string(&d->cpu_model, "power9_v2.2");
}

CHANGE(raw_no_model)
{
    raw_differs(s, d);
    set_string(&s->cpu_model, NULL);
    set_string(&d->cpu_model, NULL);
}

CHANGE(raw_no_common_mode)
{
    raw_differs(s, d);
    set_modes(s->modes, "");
}

CHANGE(raw_no_common_mode_or_model)
{
    raw_no_common_mode(s, d);
    set_string(&s->cpu_model, NULL);
}

CHANGE(raw_stricter_mask)
{
    raw_same(s, d);
    d->pvr_mask = 0xffffff00;
}

CHANGE(raw_no_pvr)
{
    raw_same(s, d);
    d->pvr = 0;
}

CHANGE(raw_no_mask)
{
    raw_same(s, d);
    s->pvr_mask = d->pvr_mask = 0;
}

CHANGE(cpus)
{
    (void)s;
    d->cpus = 2;
}

CHANGE(max_cpus)
{
    (void)s;
    d->max_cpus = 16;
}

CHANGE(threads)
{
    (void)s;
    d->cores = 8;
    d->threads = 1;
}

CHANGE(sockets_only)
{
    (void)s;
    d->sockets = 2;
}

CHANGE(cores_only)
{
    (void)s;
    d->cores = 2;
}

CHANGE(threads_only)
{
    (void)s;
    d->threads = 4;
}

CHANGE(vsmt)
{
    (void)s;
    d->vsmt = 4;
}

CHANGE(cpu_unknown)
{
    s->cpus = 0;
    d->max_cpus = 0;
    d->sockets = 0;
    s->vsmt = 0;
}

/* ---- capabilities ---- */

CHANGE(cap_lower_there)
{
    (void)s;
    cap(d, 1)->level = 0;
    set_string(&cap(d, 1)->value, "broken");
}

CHANGE(cap_higher_there)
{
    (void)s;
    cap(d, 1)->level = 2;
    set_string(&cap(d, 1)->value, "fixed");
}

CHANGE(cap_both_ways)
{
    cap(s, 0)->level = 1;
    set_string(&cap(s, 0)->value, "on");
    cap(d, 2)->level = 24;
}

CHANGE(cap_only_here)
{
    lpm_offer_add_cap(s, "cap-dexcr", 0, "off");
    (void)d;
}

CHANGE(cap_only_there)
{
    (void)s;
    lpm_offer_add_cap(d, "cap-dexcr", 1, "on");
}

CHANGE(cap_only_there_off)
{
    (void)s;
    lpm_offer_add_cap(d, "cap-dexcr", 0, "off");
}

CHANGE(caps_unknown_here)
{
    g_array_set_size(s->caps, 0);
    (void)d;
}

CHANGE(caps_unknown)
{
    g_array_set_size(d->caps, 0);
    (void)s;
}

CHANGE(many_caps)
{
    for (guint i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("cap-x%02u", i);

        lpm_offer_add_cap(s, name, 1, "on");
        lpm_offer_add_cap(d, name, 0, "off");
    }
}

/* ---- interrupts and memory management ---- */

CHANGE(ic_here_dual)
{
    (void)s;
    set_string(&d->ic_mode, "xics");
}

CHANGE(ic_there_dual)
{
    set_string(&s->ic_mode, "xics");
    set_string(&s->ic_current, "xics");
    (void)d;
}

CHANGE(ic_no_xive_there)
{
    set_string(&s->preferred_mode, "power8");
    set_string(&d->preferred_mode, "power8");
    set_string(&s->current_mode, "power8");
    set_string(&s->ic_current, "xics");
    set_string(&s->mmu_current, "hash");
    set_modes(d->modes, "power6,power7,power8");
    set_string(&d->ic_mode, "xics");
    set_modes(d->mmu_modes, "hash");
}

CHANGE(ic_unknown)
{
    (void)s;
    set_string(&d->ic_mode, NULL);
}

CHANGE(mmu_radix)
{
    (void)s;
    set_modes(d->mmu_modes, "hash");
}

CHANGE(mmu_hash)
{
    set_string(&s->mmu_current, "hash");
    set_modes(d->mmu_modes, "radix");
}

CHANGE(mmu_unknown)
{
    set_string(&s->mmu_current, NULL);
    (void)d;
}

CHANGE(page_size_missing)
{
    add_page_size(s, 16 << 20);
    (void)d;
}

CHANGE(page_size_more)
{
    (void)s;
    add_page_size(d, 16 << 20);
}

CHANGE(page_sizes_unknown)
{
    (void)s;
    g_array_set_size(d->page_sizes, 0);
}

CHANGE(target_page_size)
{
    (void)s;
    d->target_page_size = 65536;
}

CHANGE(target_page_size_unknown)
{
    s->target_page_size = 0;
    (void)d;
}

/* ---- memory ---- */

CHANGE(block_size)
{
    (void)s;
    block(d, 0)->size = block(d, 0)->max_size = (guint64)1 << 30;
}

CHANGE(block_grows)
{
    (void)s;
    block(d, 1)->size = 128 << 10;
    block(d, 1)->max_size = 1 << 20;
}

CHANGE(block_grows_just_enough)
{
    block(s, 1)->size = block(s, 1)->max_size = 1 << 20;
    block(d, 1)->max_size = 1 << 20;
}

CHANGE(block_grows_too_little)
{
    block(s, 1)->size = block(s, 1)->max_size = 2 << 20;
    block(d, 1)->max_size = 1 << 20;
}

CHANGE(block_shrinks)
{
    (void)s;
    block(d, 1)->size = block(d, 1)->max_size = 128 << 10;
}

CHANGE(block_missing)
{
    (void)s;
    g_array_remove_index(d->blocks, 1);
}

CHANGE(block_extra)
{
    (void)s;
    lpm_offer_add_block(d, "dimm0", 1 << 30, 1 << 30, 4096);
}

CHANGE(blocks_unknown)
{
    g_array_set_size(s->blocks, 0);
    g_array_set_size(d->blocks, 0);
}

CHANGE(blocks_absurd)
{
    block(s, 0)->size = G_MAXUINT64;
    block(s, 1)->size = G_MAXUINT64;
    block(d, 0)->size = G_MAXUINT64 - 1;
    block(d, 0)->max_size = G_MAXUINT64 - 1;
}

CHANGE(host_pages_precopy)
{
    (void)s;
    block(d, 0)->page_size = 2 << 20;
}

CHANGE(host_pages_postcopy)
{
    block(d, 0)->page_size = 2 << 20;
    add_strings(s->migration_caps, "postcopy-ram");
    add_strings(d->migration_caps, "postcopy-ram");
}

CHANGE(host_pages_same)
{
    add_strings(s->migration_caps, "postcopy-ram");
    add_strings(d->migration_caps, "postcopy-ram");
}

/* ---- devices ---- */

CHANGE(device_missing)
{
    (void)s;
    g_array_remove_index(d->devices, 1);
}

CHANGE(devices_missing)
{
    device_missing(s, d);
    g_array_remove_index(d->devices, 0);
}

CHANGE(device_without_id)
{
    g_clear_pointer(&device(s, 0)->id, g_free);
    g_clear_pointer(&device(d, 0)->id, g_free);
}

CHANGE(device_other_instance)
{
    (void)s;
    device(d, 3)->instance = 3;
}

CHANGE(device_newer_here)
{
    device(s, 0)->version = 4;
    (void)d;
}

CHANGE(device_too_old_here)
{
    device(s, 2)->version = 4;
    (void)d;
}

CHANGE(device_old_enough)
{
    device(s, 0)->version = 1;
    (void)d;
}

CHANGE(device_extra)
{
    (void)s;
    lpm_offer_add_device(d, "0000:00:02.0/virtio-blk", 0, 2, 2);
}

CHANGE(devices_unknown)
{
    (void)s;
    g_array_set_size(d->devices, 0);
}

CHANGE(many_devices)
{
    for (guint i = 0; i < 100; i++) {
        lpm_offer_add_device(s, "cpu", 100 + i, 5, 5);
    }
    (void)d;
}

/* ---- virtual Fibre Channel ---- */

CHANGE(pair_missing)
{
    (void)s;
    g_array_remove_index(d->wwpns, 1);
}

CHANGE(pair_differs)
{
    (void)s;
    pair(d, 0)->wwpn[1] ^= 0x10;
}

CHANGE(pair_swapped)
{
    guint64 first = pair(s, 0)->wwpn[0];

    pair(d, 0)->wwpn[0] = pair(d, 0)->wwpn[1];
    pair(d, 0)->wwpn[1] = first;
}

CHANGE(pair_extra)
{
    (void)s;
    add_wwpn(d, 0x30000003, 1, 2, 0);
}

/* The source's log-in state is not the destination's. */
CHANGE(pair_active)
{
    (void)s;
    pair(d, 0)->active = 0;
    pair(d, 1)->active = 1;
}

CHANGE(no_pairs)
{
    g_array_set_size(s->wwpns, 0);
    g_array_set_size(s->looks, 0);
    g_array_set_size(s->luns, 0);
    g_array_set_size(d->wwpns, 0);
    g_array_set_size(d->looks, 0);
    g_array_set_size(d->luns, 0);
}

CHANGE(not_looked)
{
    (void)s;
    g_array_remove_index(d->looks, 1);
}

CHANGE(source_not_looked)
{
    (void)d;
    g_array_remove_index(s->looks, 0);
}

CHANGE(source_look_failed)
{
    (void)d;
    look(s, 0)->failure = g_strdup("not logged in");
}

CHANGE(look_failed)
{
    (void)s;
    look(d, 0)->failure = g_strdup("portal 192.0.2.1:3260: no answer");
}

/* Nothing is compared with what is not complete. */
CHANGE(look_failed_halfway)
{
    (void)s;
    look(d, 0)->failure = g_strdup("target a: no answer");
    g_array_remove_index(d->luns, 1);
    set_string(&lun(d, 0)->identity, "naa.5000000000000001");
}

CHANGE(lun_missing)
{
    (void)s;
    g_array_remove_index(d->luns, 1);
}

CHANGE(lun_extra)
{
    (void)d;
    g_array_remove_index(s->luns, 2);
}

CHANGE(lun_at_other_target)
{
    (void)s;
    lun(d, 2)->target++;
}

CHANGE(other_unit)
{
    (void)s;
    set_string(&lun(d, 2)->identity, "naa.600507680c8081d5a000000000000143");
}

CHANGE(no_identity)
{
    set_string(&lun(s, 0)->identity, NULL);
    set_string(&lun(d, 0)->identity, NULL);
}

CHANGE(other_blocks)
{
    (void)s;
    lun(d, 0)->blocks--;
}

CHANGE(other_block_bytes)
{
    (void)s;
    lun(d, 0)->block_bytes = 4096;
}

CHANGE(adapter_takes_less)
{
    (void)s;
    look(d, 1)->max_transfer = 512 << 10;
}

CHANGE(adapter_takes_more)
{
    (void)s;
    look(d, 1)->max_transfer = 2 << 20;
}

CHANGE(lun_takes_less)
{
    (void)s;
    lun(d, 1)->max_transfer = 64 << 10;     /* the source: no limit */
}

CHANGE(lun_takes_more)
{
    (void)s;
    lun(d, 0)->max_transfer = 0;
}

CHANGE(reserved)
{
    lun(s, 0)->reserved = g_strdup("reserved (write exclusive) with key 0x1");
    /* Of the other WWPN, which is nobody's yet: not the guest's */
    lun(d, 2)->reserved = g_strdup("registered key 0x2");
}

/* ---- the stream ---- */

CHANGE(multifd_here)
{
    (void)s;
    d->multifd = FALSE;
    d->channels = 0;
    set_modes(d->migration_caps, "events,return-path");
}

CHANGE(multifd_there)
{
    multifd_here(d, s);
}

CHANGE(multifd_nowhere)
{
    s->multifd = d->multifd = FALSE;
    s->channels = 2;
    d->channels = 0;
    set_string(&d->compression, NULL);
}

CHANGE(channels)
{
    (void)s;
    d->channels = 2;
}

CHANGE(channels_unknown)
{
    s->channels = 0;
    (void)d;
}

CHANGE(compression)
{
    (void)s;
    set_string(&d->compression, "zstd");
}

CHANGE(compression_unknown)
{
    (void)s;
    set_string(&d->compression, NULL);
}

CHANGE(codec_version)
{
    (void)s;
    d->codec_version = 2;
}

CHANGE(codec_absent)
{
    (void)s;
    d->codec_version = 0;
}

CHANGE(codec_unused)
{
    set_string(&s->compression, "zstd");
    set_string(&d->compression, "zstd");
    d->codec_version = 0;
    d->codec_frame_bytes = 0;
}

CHANGE(codec_frame_too_large)
{
    (void)s;
    d->codec_frame_bytes = 65536;
}

CHANGE(codec_frame_larger_there)
{
    (void)s;
    d->codec_frame_bytes *= 2;
}

CHANGE(caps_local)
{
    add_strings(s->migration_caps, "auto-converge,release-ram,zero-copy-send,"
                "pause-before-switchover,dirty-limit,zero-blocks");
    set_modes(d->migration_caps, "multifd,late-block-activate,"
              "postcopy-blocktime");
}

CHANGE(caps_on_here)
{
    add_strings(s->migration_caps, "x-ignore-shared,switchover-ack");
    (void)d;
}

CHANGE(caps_on_there)
{
    (void)s;
    add_strings(d->migration_caps, "postcopy-ram");
}

CHANGE(caps_of_the_future)
{
    add_strings(s->migration_caps, "x-warp");
    (void)d;
}

/* ---- SPARC ---- */

CHANGE(sparc)
{
    make_sparc(s);
    make_sparc(d);
}

CHANGE(sparc_cpu)
{
    sparc(s, d);
    set_string(&d->cpu_model, "Fujitsu-Sparc64");
}

CHANGE(sparc_cpu_unknown)
{
    sparc(s, d);
    set_string(&s->cpu_model, NULL);
}

/* What the guest sees of a class is the same on another model. */
CHANGE(sparc_class)
{
    sparc_cpu(s, d);
    set_string(&s->cpu_arch, "generic");
    set_string(&d->cpu_arch, "generic");
    s->cpu_version = d->cpu_version = 0x0017001000000507;
}

CHANGE(sparc_class_there)
{
    sparc(s, d);
    set_string(&d->cpu_arch, "generic");
}

CHANGE(sparc_class_unknown)
{
    sparc(s, d);
    set_string(&s->cpu_arch, NULL);
}

CHANGE(sparc_class1)
{
    sparc_class(s, d);
    set_string(&s->cpu_arch, "migration-class1");
    set_string(&d->cpu_arch, "migration-class1");
    add_strings(s->cpu_features, "vis3,fmaf,ima,hypv");
    add_strings(d->cpu_features, "vis3,fmaf,ima,hypv");
}

CHANGE(sparc_features)
{
    sparc(s, d);
    add_strings(s->cpu_features, "vis3,fmaf");
    add_strings(d->cpu_features, "vis4,fmaf");
}

CHANGE(sparc_no_features)
{
    sparc(s, d);
    g_ptr_array_set_size(d->cpu_features, 0);
}

CHANGE(sparc_features_unknown)
{
    sparc(s, d);
    set_string(&s->cpu_arch, NULL);
    set_string(&d->cpu_arch, NULL);
    g_ptr_array_set_size(d->cpu_features, 0);
}

CHANGE(sparc_version)
{
    sparc(s, d);
    d->cpu_version = 0x0017001191000507;
}

CHANGE(sparc_windows)
{
    sparc(s, d);
    d->nwindows = 4;
    d->cpu_version = 0x0017001291000503;
}

CHANGE(sparc_mmu)
{
    sparc(s, d);
    d->mmu_version.value = 3;
}

CHANGE(sparc_mmu_odd)
{
    sparc(s, d);
    s->mmu_version.value = 7;
}

CHANGE(sparc_mmu_unknown)
{
    sparc(s, d);
    d->mmu_version.known = FALSE;
}

CHANGE(sparc_trap_levels)
{
    sparc(s, d);
    d->max_trap_level = 6;
    d->cpu_version = 0x0017001291000607;
}

CHANGE(sparc_firmware)
{
    sparc(s, d);
    set_string(&s->guest_state, LPM_GUEST_OPENBOOT);
}

CHANGE(sparc_state_unknown)
{
    sparc(s, d);
    set_string(&s->guest_state, NULL);
}

CHANGE(sparc_crypto)
{
    sparc(s, d);
    lpm_offer_add_device(s, "0000:01:01.0/virtio-crypto", 0, 1, 1);
    lpm_offer_add_device(d, "0000:01:01.0/virtio-crypto", 0, 1, 1);
}

CHANGE(sparc_devices_unknown)
{
    sparc(s, d);
    g_array_set_size(s->devices, 0);
}

CHANGE(sparc_class_windows)
{
    sparc_class(s, d);
    d->nwindows = 4;
}

CHANGE(sparc_class1_lacking)
{
    sparc_class1(s, d);
    g_ptr_array_set_size(d->cpu_features, 4);
}

CHANGE(sparc_extra_no_model)
{
    sparc(s, d);
    set_string(&d->cpu_model, NULL);
    add_strings(d->cpu_features, "vis4");
}

/* A mode that only its name is known of. */
CHANGE(mode_of_tomorrow)
{
    LpmOffer *offers[] = { s, d };

    for (guint i = 0; i < 2; i++) {
        set_string(&offers[i]->preferred_mode, "power99");
        set_string(&offers[i]->current_mode, "power99");
        add_strings(offers[i]->modes, "power99");
    }
}

CHANGE(modes_of_tomorrow)
{
    mode_of_tomorrow(s, d);
    set_string(&d->preferred_mode, "power98");
}

CHANGE(everything_unknown)
{
    LpmOffer *offers[] = { s, d };

    for (guint i = 0; i < 2; i++) {
        LpmOffer *o = offers[i];

        set_string(&o->arch, NULL);
        set_string(&o->machine, NULL);
        set_string(&o->cpu_model, NULL);
        set_string(&o->preferred_mode, NULL);
        set_string(&o->current_mode, NULL);
        set_string(&o->uuid, NULL);
        set_string(&o->ic_mode, NULL);
        set_string(&o->mmu_current, NULL);
        set_string(&o->compression, NULL);
        set_modes(o->modes, "");
        set_modes(o->mmu_modes, "");
        g_array_set_size(o->caps, 0);
        g_array_set_size(o->page_sizes, 0);
        g_array_set_size(o->blocks, 0);
        g_array_set_size(o->devices, 0);
        o->cpus = o->max_cpus = o->sockets = o->vsmt = 0;
        o->target_page_size = 0;
        o->channels = 0;
    }
}

static const Case cases[] = {
    { "same", same, "", "" },
    { "people-only", people_only, "", "" },

    { "arch/other", other_arch, "machine.arch", "", "qemu-system-ppc64",
      "ppc64", "sparc64" },
    { "machine/other", other_machine, "machine.type", "",
      "-machine pseries-10.0", "pseries-10.0", "pseries-9.2" },
    { "machine/prefix", machine_prefix, "machine.type", "" },
    { "machine/prefix-reverse", machine_prefix_reverse, "machine.type", "" },
    { "qemu/older", older_qemu, "", "machine.qemu-version", "update QEMU" },
    { "qemu/newer", newer_qemu, "", "" },
    { "qemu/odd", odd_qemu_version, "", "" },
    { "uuid/validated", uuid_validated, "guest.uuid", "", "-uuid 0f0d5d2e" },
    { "uuid/validated-here", uuid_validated_here,
      "guest.uuid,stream.capabilities", "" },
    { "uuid/validated-there", uuid_validated_there,
      "guest.uuid,stream.capabilities", "" },
    { "uuid/validated-case", uuid_validated_case, "", "" },
    { "uuid/validated-none", uuid_validated_none, "", "" },
    { "uuid/validated-unknown", uuid_validated_unknown, "guest.uuid", "" },
    { "uuid/differs", uuid_differs, "stream.channel-uuid",
      "guest.uuid-same" },
    { "uuid/differs-plain", uuid_differs_plain, "", "guest.uuid-same" },
    { "uuid/only-here", uuid_only_here, "stream.channel-uuid", "",
      "-uuid 0f0d5d2e", "0f0d5d2e", "none" },
    { "uuid/only-there", uuid_only_there, "stream.channel-uuid", "",
      "without -uuid", "none" },
    { "uuid/nowhere", uuid_nowhere, "", "" },

    { "cpu-compat/lacks-both", to_power8,
      "cpu-compat.preferred-supported,cpu-compat.current-supported", "",
      "-machine max-cpu-compat=power8", "power9", "power8" },
    { "cpu-compat/lacks-preferred", lacks_preferred,
      "cpu-compat.preferred-supported", "",
      "-machine max-cpu-compat=power9", "power10" },
    { "cpu-compat/lacks-current", lacks_current,
      "cpu-compat.current-supported", "", "max-cpu-compat=power9",
      "power10", "power6, power7, power8, power9" },
    { "cpu-compat/future", mode_of_the_future, "", "" },
    { "cpu-compat/lacks-future", lacks_mode_of_the_future,
      "cpu-compat.current-supported", "" },
    { "cpu-compat/power5-current", power5_current, "", "" },
    { "cpu-compat/power5-preferred", preferred_power5,
      "cpu-compat.preferred-supported", "" },
    { "cpu-compat/enhanced", enhanced,
      "cpu-compat.preferred-supported,cpu-compat.current-supported", "" },
    { "cpu-compat/no-qemu-mode", no_qemu_mode_in_common,
      "cpu-compat.preferred-supported", "",
      "-machine max-cpu-compat=power6" },
    { "cpu-compat/preferred-lowered", preferred_lowered, "", "" },
    { "cpu-compat/preferred-differs", preferred_differs,
      "cpu-compat.preferred-equal", "", "-machine max-cpu-compat=power9" },
    { "cpu-compat/preferred-spelled", preferred_spelled_otherwise, "", "" },
    { "cpu-compat/preferred-by-the-manual", preferred_by_the_manual, "",
      "" },
    { "cpu-compat/preferred-both-default", preferred_both_default, "", "" },
    { "cpu-compat/preferred-taken-over", preferred_taken_over, "", "" },
    { "cpu-compat/preferred-only-there", preferred_only_there, "",
      "cpu-compat.preferred-kept", "without -machine max-cpu-compat" },
    { "cpu-compat/no-preferred", no_preferred,
      "cpu-compat.preferred-supported,cpu-compat.preferred-equal", "" },
    { "cpu-compat/no-current", no_current, "cpu-compat.current-supported",
      "" },
    { "cpu-compat/no-modes", no_modes,
      "cpu-compat.preferred-supported,cpu-compat.current-supported", "" },
    { "cpu/raw-same", raw_same, "", "" },
    { "cpu/raw-differs", raw_differs, "cpu.pvr", "",
      "-machine max-cpu-compat=power10", "PVR 0x00801200", "PVR 0x004e1202" },
    { "cpu/raw-stricter-mask", raw_stricter_mask, "cpu.pvr", "" },
    { "cpu/raw-no-pvr", raw_no_pvr, "cpu.pvr", "" },
    { "cpu/raw-no-mask", raw_no_mask, "cpu.pvr", "" },
    { "cpu/count", cpus, "cpu.count", "", "-smp 4", "4", "2" },
    { "cpu/max-count", max_cpus, "cpu.max-count", "", "maxcpus=8" },
    { "cpu/topology", threads, "cpu.topology", "",
      "-smp sockets=1,cores=4,threads=2" },
    { "cpu/sockets", sockets_only, "cpu.topology", "" },
    { "cpu/cores", cores_only, "cpu.topology", "" },
    { "cpu/threads", threads_only, "cpu.topology", "" },
    { "cpu/vsmt", vsmt, "cpu.vsmt", "", "-machine vsmt=8" },
    { "cpu/unknown", cpu_unknown,
      "cpu.count,cpu.max-count,cpu.topology,cpu.vsmt", "" },

    { "caps/lower-there", cap_lower_there, "machine.capabilities", "",
      "-machine cap-cfpc=workaround", "cap-cfpc=workaround",
      "cap-cfpc=broken" },
    { "caps/higher-there", cap_higher_there, "", "machine.capabilities-same",
      "-machine cap-cfpc=workaround" },
    { "caps/both-ways", cap_both_ways, "machine.capabilities",
      "machine.capabilities-same" },
    { "caps/only-here", cap_only_here, "machine.capabilities", "",
      "cap-dexcr=off", "cap-dexcr=off", "cap-dexcr=absent" },
    { "caps/only-there", cap_only_there, "", "machine.capabilities-same" },
    { "caps/only-there-off", cap_only_there_off, "", "" },
    { "caps/unknown", caps_unknown, "machine.capabilities", "" },
    { "caps/many", many_caps, "machine.capabilities", "", "cap-x00=on",
      "cap-x15=on and 24 more", "cap-x15=off and 24 more" },

    { "ic/here-dual", ic_here_dual, "machine.interrupt-mode", "",
      "destination with -machine ic-mode=dual", "dual (the guest uses xive)",
      "xics" },
    { "ic/there-dual", ic_there_dual, "machine.interrupt-mode", "",
      "destination with -machine ic-mode=xics" },
    { "ic/no-xive-there", ic_no_xive_there, "machine.interrupt-mode", "",
      "the source with -machine ic-mode=xics" },
    { "ic/unknown", ic_unknown, "machine.interrupt-mode", "" },
    { "mmu/radix", mmu_radix, "machine.mmu-mode", "", "-cpu power9", "radix",
      "hash" },
    { "mmu/hash", mmu_hash, "machine.mmu-mode", "", "-accel tcg" },
    { "mmu/unknown", mmu_unknown, "machine.mmu-mode", "" },
    { "page-size/missing", page_size_missing, "machine.page-sizes", "",
      "cap-hpt-max-page-size=16M", "16M", "absent" },
    { "page-size/more", page_size_more, "", "" },
    { "page-size/unknown", page_sizes_unknown, "machine.page-sizes", "" },
    { "page-size/target", target_page_size, "machine.target-page-size", "" },
    { "page-size/target-unknown", target_page_size_unknown,
      "machine.target-page-size", "" },

    { "memory/size", block_size, "memory.blocks", "", "-m",
      "ppc_spapr.ram 512M", "ppc_spapr.ram 1G" },
    { "memory/grows", block_grows, "", "" },
    { "memory/grows-just-enough", block_grows_just_enough, "", "" },
    { "memory/grows-too-little", block_grows_too_little, "memory.blocks", "",
      NULL, "2M", "256K (may grow to 1M)" },
    { "memory/shrinks", block_shrinks, "memory.blocks", "" },
    { "memory/missing", block_missing, "memory.blocks", "",
      "(all blocks: 524544K on the source, 512M on the destination)",
      "virtio-net-pci.rom 256K", "virtio-net-pci.rom absent" },
    { "memory/extra", block_extra, "", "memory.blocks-same", NULL,
      "dimm0 absent", "dimm0 1G" },
    { "memory/unknown", blocks_unknown, "memory.blocks", "" },
    { "memory/absurd", blocks_absurd, "memory.blocks", "" },
    { "memory/host-pages-precopy", host_pages_precopy, "", "" },
    { "memory/host-pages-same", host_pages_same, "", "" },
    { "memory/host-pages-postcopy", host_pages_postcopy,
      "memory.host-page-size", "", "memory-backend", "4K", "2M" },

    { "device/missing", device_missing, "device.present", "", "-device",
      "xive-source/0", "xive-source/0 absent" },
    { "device/other-instance", device_other_instance, "device.present",
      "device.present-same", NULL, "cpu/2" },
    { "device/newer", device_newer_here, "device.version", "", "-machine",
      "spapr/0 version 4", "spapr/0 versions 1 to 3" },
    { "device/too-old", device_too_old_here, "device.version", "" },
    { "device/old-enough", device_old_enough, "", "" },
    { "device/without-id", device_without_id, "", "" },
    { "device/extra", device_extra, "", "device.present-same", "-device",
      "virtio-blk/0 absent", "virtio-blk/0" },
    { "device/unknown", devices_unknown, "device.present,device.version",
      "" },
    { "device/many", many_devices, "device.present", "", "-device",
      "cpu/115 and 84 more" },

    { "vfc/missing", pair_missing, "vfc.wwpn-pairs", "",
      "-device spapr-vfc,reg=0x30000002,wwpn=c050760a1b2c0002",
      "reg=0x30000002", "reg=0x30000002 absent" },
    { "vfc/differs", pair_differs, "vfc.wwpn-pairs", "",
      "wwpn2=c050760a1b2c0001", "c050760a1b2c0001", "c050760a1b2c0011" },
    { "vfc/swapped", pair_swapped, "vfc.wwpn-pairs", "" },
    { "vfc/extra", pair_extra, "vfc.wwpn-pairs", "" },
    { "vfc/active", pair_active, "", "" },
    { "vfc/none", no_pairs, "", "" },
    { "vfc/not-looked", not_looked, "vfc.storage-seen", "", NULL,
      "reg=0x30000002 by WWPN c050760a1b2c0002: seen",
      "reg=0x30000002 not looked at" },
    { "vfc/look-failed", look_failed, "vfc.storage-seen", "", "zone",
      "reg=0x30000001 by WWPN c050760a1b2c0000: seen",
      "by WWPN c050760a1b2c0001: portal 192.0.2.1:3260: no answer" },
    { "vfc/source-not-looked", source_not_looked, "vfc.storage-seen", "",
      "query-lpm-offer", "reg=0x30000001 not looked at",
      "reg=0x30000001 by WWPN c050760a1b2c0001: seen" },
    { "vfc/source-look-failed", source_look_failed, "vfc.storage-seen", "",
      "access list", "not logged in", "seen" },
    { "vfc/look-failed-halfway", look_failed_halfway, "vfc.storage-seen",
      "" },
    { "vfc/lun-missing", lun_missing, "vfc.luns", "", "both WWPNs",
      "reg=0x30000001 target 5005076801234567 LUN 1", "LUN 1: absent" },
    { "vfc/lun-extra", lun_extra, "vfc.luns", "", NULL,
      "(iqn.2026-11.test:a) LUN 0: absent", "LUN 0" },
    { "vfc/lun-at-other-target", lun_at_other_target, "vfc.luns", "" },
    { "vfc/other-unit", other_unit, "vfc.lun-identity", "", NULL,
      "LUN 0: naa.600507680c8081d5a000000000000142",
      "LUN 0: naa.600507680c8081d5a000000000000143" },
    { "vfc/no-identity", no_identity, "vfc.lun-identity", "", NULL,
      "has no identity", "has no identity" },
    { "vfc/other-blocks", other_blocks, "vfc.lun-size", "", NULL,
      "131072 blocks of 512 bytes", "131071 blocks of 512 bytes" },
    { "vfc/other-block-bytes", other_block_bytes, "vfc.lun-size", "" },
    { "vfc/adapter-takes-less", adapter_takes_less, "vfc.max-transfer", "",
      "max-transfer=", "reg=0x30000002: 1M", "reg=0x30000002: 512K" },
    { "vfc/adapter-takes-more", adapter_takes_more, "", "" },
    { "vfc/lun-takes-less", lun_takes_less, "vfc.max-transfer", "", NULL,
      "LUN 1: no limit", "LUN 1: 64K" },
    { "vfc/lun-takes-more", lun_takes_more, "", "" },
    { "vfc/reserved", reserved, "vfc.reservations", "", "release",
      "LUN 0: reserved (write exclusive) with key 0x1",
      "is not carried over" },

    { "stream/multifd-here", multifd_here, "stream.multifd", "",
      "migrate-set-capabilities", "on", "off" },
    { "stream/multifd-nowhere", multifd_nowhere, "", "" },
    { "stream/channels", channels, "stream.channels", "",
      "migrate-set-parameters", "4", "2" },
    { "stream/channels-unknown", channels_unknown, "stream.channels", "" },
    { "stream/compression", compression, "stream.compression", "",
      "multifd-compression to lpm", "lpm", "zstd" },
    { "stream/compression-unknown", compression_unknown,
      "stream.compression", "" },
    { "stream/codec-version", codec_version, "stream.codec", "" },
    { "stream/codec-absent", codec_absent, "stream.codec", "" },
    { "stream/codec-unused", codec_unused, "", "" },
    { "stream/codec-frame-too-large", codec_frame_too_large,
      "stream.codec-frame", "", "migrate-set-parameters" },
    { "stream/codec-frame-larger-there", codec_frame_larger_there, "", "" },
    { "stream/caps-local", caps_local, "", "" },
    { "stream/caps-on-here", caps_on_here, "stream.capabilities", "",
      "x-ignore-shared on, switchover-ack on",
      "x-ignore-shared on", "x-ignore-shared off" },
    { "stream/caps-on-there", caps_on_there, "stream.capabilities", "",
      "postcopy-ram off", "postcopy-ram off", "postcopy-ram on" },
    { "stream/caps-of-the-future", caps_of_the_future, "stream.capabilities",
      "" },

    { "preferred/of-tomorrow", mode_of_tomorrow, "", "" },
    { "preferred/others-of-tomorrow", modes_of_tomorrow,
      "cpu-compat.preferred-equal", "", NULL, "power99", "power98" },

    { "sparc/same", sparc, "", "guest.debugger", "leave the debugger",
      "running", "would look the same" },
    { "sparc/cpu", sparc_cpu, "cpu.model", "guest.debugger",
      "-cpu TI-UltraSparc-IIi", "TI-UltraSparc-IIi", "Fujitsu-Sparc64" },
    { "sparc/cpu-unknown", sparc_cpu_unknown, "cpu.model",
      "guest.debugger" },
    { "sparc/class", sparc_class, "", "cpu-arch.provided,guest.debugger",
      "do not run with any -cpu", "generic", "not provided: asi_blk_init" },
    { "sparc/class-there", sparc_class_there, "cpu-arch.same",
      "guest.debugger", "-cpu TI-UltraSparc-IIi,cpu-arch=native", "native",
      "generic" },
    { "sparc/class-unknown", sparc_class_unknown, "cpu-arch.same",
      "guest.debugger", NULL, "unknown", "native" },
    { "sparc/class1", sparc_class1, "", "cpu-arch.provided,guest.debugger",
      NULL, "migration-class1", "not provided: crc32c cbcond pause mont mpmul"
      " sha512 sha256 sha1 md5 camellia des aes" },
    { "sparc/features", sparc_features, "cpu.features",
      "cpu.features-same,guest.debugger",
      "-cpu TI-UltraSparc-IIi,+vis3,cpu-arch=native", "vis1 vis2 vis3 fmaf",
      "vis1 vis2 vis4 fmaf" },
    { "sparc/no-features", sparc_no_features, "cpu.features",
      "guest.debugger", ",+vis1,+vis2", "vis1 vis2", "none" },
    { "sparc/features-unknown", sparc_features_unknown,
      "cpu-arch.same,cpu.features", "guest.debugger" },
    { "sparc/version", sparc_version, "cpu.version", "guest.debugger",
      "iu-version", "0x0017001291000507", "0x0017001191000507" },
    { "sparc/windows", sparc_windows, "cpu.windows", "guest.debugger",
      "-cpu TI-UltraSparc-IIi", "8", "4" },
    { "sparc/mmu", sparc_mmu, "cpu.mmu-version", "guest.debugger",
      "-cpu TI-UltraSparc-IIi", "0 (UltraSPARC I, II)", "3 (sun4v)" },
    { "sparc/mmu-odd", sparc_mmu_odd, "cpu.mmu-version", "guest.debugger",
      NULL, "7", "0 (UltraSPARC I, II)" },
    { "sparc/mmu-unknown", sparc_mmu_unknown, "cpu.mmu-version",
      "guest.debugger", NULL, "0 (UltraSPARC I, II)", "unknown" },
    { "sparc/trap-levels", sparc_trap_levels, "cpu.trap-levels",
      "guest.debugger", "-cpu TI-UltraSparc-IIi", "5", "6" },
    { "sparc/firmware", sparc_firmware, "guest.firmware", "",
      "type boot at the ok prompt", "openboot-running", "running" },
    { "sparc/state-unknown", sparc_state_unknown, "guest.firmware",
      "guest.debugger", NULL, "unknown", "running" },
    { "sparc/crypto", sparc_crypto, "device.crypto", "guest.debugger",
      "device_del", "0000:01:01.0/virtio-crypto", "comes without it" },
    { "sparc/devices-unknown", sparc_devices_unknown,
      "device.crypto,device.present,device.version", "guest.debugger" },
};

static char *ids(const LpmAnswer *answer, LpmSeverity severity)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);

        if (reason->severity == severity) {
            g_string_append_printf(text, "%s%s", text->len ? "," : "",
                                   reason->id);
        }
    }
    return g_string_free(text, FALSE);
}

static void assert_part(const char *text, const char *part)
{
    if (part && !strstr(text, part)) {
        g_test_message("wanted \"%s\" in \"%s\"", part, text);
        g_assert_cmpstr(text, ==, part);
    }
}

static LpmAnswer *run(const Case *c)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);

    c->change(source, destination);
    return lpm_compare(source, destination);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(LpmAnswer) answer = run(c);
    g_autofree char *errors = ids(answer, LPM_SEVERITY_ERROR);
    g_autofree char *warnings = ids(answer, LPM_SEVERITY_WARNING);
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(errors, ==, c->errors);
    g_assert_cmpstr(warnings, ==, c->warnings);
    g_assert_cmpint(answer->accepted, ==, *c->errors == '\0');
    for (guint i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);

        g_assert_cmpstr(reason->title, !=, "");
        g_assert_cmpstr(reason->source, !=, "");
        g_assert_cmpstr(reason->destination, !=, "");
        g_assert_cmpstr(reason->remedy, !=, "");
        if (i == 0) {
            assert_part(reason->remedy, c->remedy);
            assert_part(reason->source, c->source);
            assert_part(reason->destination, c->destination);
        }
    }
    bytes = lpm_answer_encode(answer, &error);
    g_assert_no_error(error);
}

/* How lists and sizes are written, to the letter. */
static void test_list_text(void)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);
    g_autoptr(LpmAnswer) answer = NULL;
    const LpmReason *reason;

    block(source, 0)->size = block(source, 0)->max_size = (guint64)3 << 40;
    block(source, 1)->size = block(source, 1)->max_size = 1000;
    answer = lpm_compare(source, destination);
    g_assert_cmpuint(answer->reasons->len, ==, 1);
    reason = g_ptr_array_index(answer->reasons, 0);
    g_assert_cmpstr(reason->source, ==, "ppc_spapr.ram 3T, "
                    "0000:00:01.0/virtio-net-pci.rom 1000B");
    g_assert_cmpstr(reason->destination, ==, "ppc_spapr.ram 512M, "
                    "0000:00:01.0/virtio-net-pci.rom 256K");
}

/* What one row says of a case, to the letter. */
typedef struct Said {
    const char *id;
    void (*change)(LpmOffer *s, LpmOffer *d);
    const char *source;         /* NULL: it does not matter here */
    const char *destination;
    const char *remedy;
} Said;

static const Said said[] = {
    { "cpu.pvr", raw_differs, "power10_v2.0 (PVR 0x00801200)",
      "power9_v2.2 (PVR 0x004e1202)",
      "restart the guest on the source with -machine max-cpu-compat=power10,"
      " or start the destination with -cpu power10_v2.0" },
    { "cpu.pvr", raw_no_model, "unknown (PVR 0x00801200)",
      "unknown (PVR 0x004e1202)",
      "restart the guest on the source with -machine max-cpu-compat=power10,"
      " or start the destination with -cpu MODEL" },
    { "cpu.pvr", raw_no_common_mode, NULL, NULL,
      "start the destination with -cpu power10_v2.0" },
    { "cpu.pvr", raw_no_common_mode_or_model, NULL, NULL,
      "start the destination with the source's -cpu MODEL, or both with"
      " -machine max-cpu-compat=MODE" },
    { "machine.capabilities", caps_unknown, "known", "unknown", NULL },
    { "machine.capabilities", caps_unknown_here, "unknown", "known", NULL },
    { "machine.interrupt-mode", ic_here_dual, NULL, NULL,
      "start the destination with -machine ic-mode=dual (a max-cpu-compat"
      " below power9 makes it xics again)" },
    { "machine.interrupt-mode", ic_there_dual, NULL, NULL,
      "start the destination with -machine ic-mode=xics" },
    { "machine.mmu-mode", mmu_radix, "radix", "hash", NULL },
    { "device.present", same, "4 devices", "4 devices",
      "start the destination with the source's -device options" },
    { "device.present-same", same, "4 devices", "4 devices",
      "start the destination with the source's -device options" },
    { "device.present", devices_missing, "spapr/0, xive-source/0",
      "spapr/0 absent, xive-source/0 absent",
      "start the destination with the -device and -machine options that make"
      " spapr/0, xive-source/0" },
    { "device.present-same", devices_missing, "4 devices", "2 devices",
      NULL },
    { "device.present", device_extra, "4 devices", "5 devices", NULL },
    { "device.present-same", device_extra,
      "0000:00:02.0/virtio-blk/0 absent", "0000:00:02.0/virtio-blk/0",
      "start the destination without the -device options that make"
      " 0000:00:02.0/virtio-blk/0; they would begin as new" },
    { "device.present", many_devices, NULL, NULL,
      "start the destination with the -device and -machine options that make"
      " cpu/100, cpu/101, cpu/102, cpu/103, cpu/104, cpu/105, cpu/106,"
      " cpu/107, cpu/108, cpu/109, cpu/110, cpu/111, cpu/112, cpu/113,"
      " cpu/114, cpu/115" },
    { "cpu.windows", sparc_class_windows, "8", "4", "start the destination"
      " with -cpu TI-UltraSparc-IIi,cpu-arch=generic" },
    { "cpu-arch.same", sparc_class_windows, NULL, NULL, "start the"
      " destination with -cpu Fujitsu-Sparc64,cpu-arch=generic" },
    { "cpu.features", sparc_class1_lacking, NULL, NULL, "start the"
      " destination with -cpu Fujitsu-Sparc64,+ima,+hypv,"
      "cpu-arch=migration-class1" },
    { "cpu.features-same", sparc_extra_no_model, "vis1 vis2",
      "vis1 vis2 vis4", "start the destination with -cpu MODEL,-vis4" },
    { "stream.multifd", multifd_here, "on", "off",
      "set multifd on on the destination with migrate-set-capabilities" },
    { "stream.multifd", multifd_there, "off", "on",
      "set multifd off on the destination with migrate-set-capabilities" },
};

static void assert_said(const char *text, const char *wanted)
{
    if (wanted) {
        g_assert_cmpstr(text, ==, wanted);
    }
}

static void test_said(void)
{
    gsize n;
    const LpmCheck *checks = lpm_checks(&n);

    for (guint i = 0; i < G_N_ELEMENTS(said); i++) {
        g_autoptr(LpmOffer) source = end_of_move(0);
        g_autoptr(LpmOffer) destination = end_of_move(1);
        g_autofree char *from = NULL;
        g_autofree char *to = NULL;
        g_autofree char *remedy = NULL;
        gsize k = 0;

        while (k < n && !g_str_equal(checks[k].id, said[i].id)) {
            k++;
        }
        g_assert_cmpuint(k, <, n);
        said[i].change(source, destination);
        lpm_check_run(&checks[k], source, destination, &from, &to, &remedy);
        g_test_message("%u: %s", i, said[i].id);
        assert_said(from, said[i].source);
        assert_said(to, said[i].destination);
        assert_said(remedy, said[i].remedy);
    }
}

static void test_qemu_mode_in_remedy(void)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);
    g_autoptr(LpmAnswer) answer = NULL;
    const LpmReason *reason;

    no_qemu_mode_in_common(source, destination);
    answer = lpm_compare(source, destination);
    g_assert_cmpuint(answer->reasons->len, ==, 1);
    reason = g_ptr_array_index(answer->reasons, 0);
    /* Not power6+, which both can run and QEMU cannot be told. */
    g_assert_true(g_str_has_suffix(reason->remedy, "max-cpu-compat=power6"));
}

static void test_taken_over(void)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);
    g_autoptr(LpmAnswer) both = lpm_compare(source, destination);
    g_autoptr(LpmAnswer) taken = NULL;
    g_autoptr(LpmAnswer) refused = NULL;
    g_autoptr(LpmAnswer) none = NULL;

    g_assert_null(both->preferred_mode);
    set_string(&destination->preferred_mode, "default");
    taken = lpm_compare(source, destination);
    g_assert_true(taken->accepted);
    g_assert_cmpstr(taken->preferred_mode, ==, "power9");
    destination->cpus = 1;
    refused = lpm_compare(source, destination);
    g_assert_false(refused->accepted);
    g_assert_null(refused->preferred_mode);
    destination->cpus = source->cpus;
    set_string(&source->preferred_mode, "default");
    none = lpm_compare(source, destination);
    g_assert_true(none->accepted);
    g_assert_null(none->preferred_mode);
}

/* All that is absent is named; nothing passes for want of a fact. */
static void test_unknown(void)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);
    g_autoptr(LpmAnswer) answer = NULL;
    g_autofree char *errors = NULL;

    everything_unknown(source, destination);
    /* Without an architecture the machine may be a pseries. */
    set_string(&source->arch, "ppc64");
    answer = lpm_compare(source, destination);
    errors = ids(answer, LPM_SEVERITY_ERROR);
    g_assert_cmpstr(errors, ==,
                    "machine.arch,machine.type,"
                    "cpu-compat.preferred-supported,"
                    "cpu-compat.current-supported,cpu-compat.preferred-equal,"
                    "cpu.count,cpu.max-count,cpu.topology,cpu.vsmt,"
                    "machine.capabilities,machine.interrupt-mode,"
                    "machine.mmu-mode,machine.page-sizes,"
                    "machine.target-page-size,memory.blocks,device.present,"
                    "device.version,stream.channels,stream.compression");
}

/* Page sizes that only come with radix are no matter of hash page tables. */
static void test_radix_page_sizes(void)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);
    g_autoptr(LpmAnswer) answer = NULL;
    const LpmReason *reason;

    mmu_radix(source, destination);
    page_size_missing(source, destination);
    answer = lpm_compare(source, destination);
    g_assert_cmpuint(answer->reasons->len, ==, 2);
    reason = g_ptr_array_index(answer->reasons, 1);
    g_assert_cmpstr(reason->id, ==, "machine.page-sizes");
    g_assert_nonnull(strstr(reason->remedy, "MMU mode radix"));
    g_assert_null(strstr(reason->remedy, "cap-hpt-max-page-size"));
}

/* A required fact, how one end loses it, and the row that must not pass. */
typedef struct Fact {
    const char *id;
    void (*lose)(LpmOffer *o);
} Fact;

#define LOSE(name) static void lose_##name(LpmOffer *o)

LOSE(arch) { set_string(&o->arch, NULL); }
LOSE(machine) { set_string(&o->machine, NULL); }
LOSE(preferred) { set_string(&o->preferred_mode, NULL); }
LOSE(cpus) { o->cpus = 0; }
LOSE(max_cpus) { o->max_cpus = 0; }
LOSE(sockets) { o->sockets = 0; }
LOSE(cores) { o->cores = 0; }
LOSE(threads) { o->threads = 0; }
LOSE(vsmt) { o->vsmt = 0; }
LOSE(caps) { g_array_set_size(o->caps, 0); }
LOSE(ic_mode) { set_string(&o->ic_mode, NULL); }
LOSE(page_sizes) { g_array_set_size(o->page_sizes, 0); }
LOSE(target_page_size) { o->target_page_size = 0; }
LOSE(blocks) { g_array_set_size(o->blocks, 0); }
LOSE(devices) { g_array_set_size(o->devices, 0); }
LOSE(channels) { o->channels = 0; }
LOSE(compression) { set_string(&o->compression, NULL); }
LOSE(codec_version) { o->codec_version = 0; }
LOSE(codec_frame) { o->codec_frame_bytes = 0; }

static const Fact facts[] = {
    { "machine.arch", lose_arch },
    { "machine.type", lose_machine },
    { "cpu-compat.preferred-equal", lose_preferred },
    { "cpu.count", lose_cpus },
    { "cpu.max-count", lose_max_cpus },
    { "cpu.topology", lose_sockets },
    { "cpu.topology", lose_cores },
    { "cpu.topology", lose_threads },
    { "cpu.vsmt", lose_vsmt },
    { "machine.capabilities", lose_caps },
    { "machine.interrupt-mode", lose_ic_mode },
    { "machine.page-sizes", lose_page_sizes },
    { "machine.target-page-size", lose_target_page_size },
    { "memory.blocks", lose_blocks },
    { "device.present", lose_devices },
    { "device.version", lose_devices },
    { "stream.channels", lose_channels },
    { "stream.compression", lose_compression },
    { "stream.codec", lose_codec_version },
    { "stream.codec-frame", lose_codec_frame },
};

/* Rows that need a fact of one end only. */
static void lose_modes(LpmOffer *o) { set_modes(o->modes, ""); }
static void lose_mmu_modes(LpmOffer *o) { set_modes(o->mmu_modes, ""); }
static void lose_current(LpmOffer *o) { set_string(&o->current_mode, NULL); }
static void lose_mmu(LpmOffer *o) { set_string(&o->mmu_current, NULL); }

static const Fact facts_of_source[] = {
    { "cpu-compat.preferred-supported", lose_preferred },
    { "cpu-compat.current-supported", lose_current },
    { "machine.mmu-mode", lose_mmu },
};
static const Fact facts_of_destination[] = {
    { "cpu-compat.preferred-supported", lose_modes },
    { "cpu-compat.current-supported", lose_modes },
    { "machine.mmu-mode", lose_mmu_modes },
};

static void assert_unknown(const Fact *fact, gboolean on_source,
                           gboolean on_destination)
{
    g_autoptr(LpmOffer) source = end_of_move(0);
    g_autoptr(LpmOffer) destination = end_of_move(1);
    g_autoptr(LpmAnswer) answer = NULL;
    gboolean found = FALSE;

    if (on_source) {
        fact->lose(source);
    }
    if (on_destination) {
        fact->lose(destination);
    }
    answer = lpm_compare(source, destination);
    g_test_message("%s", fact->id);
    g_assert_false(answer->accepted);
    for (guint i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = g_ptr_array_index(answer->reasons, i);

        if (g_str_equal(reason->id, fact->id)) {
            g_assert_true(g_str_has_prefix(reason->title, "cannot tell"));
            found = TRUE;
        }
    }
    g_assert_true(found);
}

static void test_absent_facts(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(facts); i++) {
        assert_unknown(&facts[i], TRUE, FALSE);
        assert_unknown(&facts[i], FALSE, TRUE);
        assert_unknown(&facts[i], TRUE, TRUE);
    }
    for (guint i = 0; i < G_N_ELEMENTS(facts_of_source); i++) {
        assert_unknown(&facts_of_source[i], TRUE, FALSE);
    }
    for (guint i = 0; i < G_N_ELEMENTS(facts_of_destination); i++) {
        assert_unknown(&facts_of_destination[i], FALSE, TRUE);
    }
}

static void test_absent_pvr(void)
{
    for (guint side = 0; side < 2; side++) {
        g_autoptr(LpmOffer) source = end_of_move(0);
        g_autoptr(LpmOffer) destination = end_of_move(1);
        g_autoptr(LpmAnswer) answer = NULL;
        const LpmReason *reason;

        raw_same(source, destination);
        (side ? source : destination)->pvr = 0;
        answer = lpm_compare(source, destination);
        g_assert_cmpuint(answer->reasons->len, ==, 1);
        reason = g_ptr_array_index(answer->reasons, 0);
        g_assert_cmpstr(reason->id, ==, "cpu.pvr");
        g_assert_true(g_str_has_prefix(reason->title, "cannot tell"));
    }
}

static void test_two_empty_offers(void)
{
    g_autoptr(LpmOffer) source = lpm_offer_new();
    g_autoptr(LpmOffer) destination = lpm_offer_new();
    g_autoptr(LpmAnswer) answer = lpm_compare(source, destination);

    g_assert_false(answer->accepted);
}

static void test_table(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    static const char *const names[] = {
        "-machine", "-cpu", "-smp", "-m ", "-device", "-object", "-uuid",
        "migrate-set-parameters", "migrate-set-capabilities", "qemu-system-",
        /* or what of the SAN, or in the guest */
        "WWPN", "target", "key", "of the guest",
    };
    gsize n;
    const LpmCheck *checks = lpm_checks(&n);

    g_assert_cmpuint(n, >, 30);
    for (gsize i = 0; i < n; i++) {
        gboolean named = FALSE;

        g_test_message("%s", checks[i].id);
        g_assert_true(g_hash_table_add(seen, (gpointer)checks[i].id));
        g_assert_true(g_regex_match_simple("^[a-z]+(-[a-z]+)*\\."
                                           "[a-z]+(-[a-z]+)*$",
                                           checks[i].id, 0, 0));
        g_assert_cmpuint(strlen(checks[i].id), <=, LPM_ANSWER_ID_MAX);
        g_assert_cmpstr(checks[i].title, !=, "");
        g_assert_cmpstr(checks[i].failure, !=, "");
        g_assert_nonnull(checks[i].covers);
        g_assert_cmpstr(checks[i].remedy, !=, "");
        g_assert_cmpstr(checks[i].spec, !=, "");
        g_assert_true(checks[i].party & LPM_PARTY_BOTH);
        g_assert_nonnull(checks[i].holds);
        for (gsize k = 0; k < G_N_ELEMENTS(names); k++) {
            named |= strstr(checks[i].remedy, names[k]) != NULL;
        }
        g_assert_true(named);
    }
}

/* Each row fails in some case for what it found, not for want of a fact. */
static void test_every_row_can_fail(void)
{
    gsize n;
    const LpmCheck *checks = lpm_checks(&n);

    for (gsize i = 0; i < n; i++) {
        gboolean failed = FALSE, held = FALSE;

        for (gsize k = 0; k < G_N_ELEMENTS(cases); k++) {
            g_autoptr(LpmOffer) source = end_of_move(0);
            g_autoptr(LpmOffer) destination = end_of_move(1);
            g_autofree char *from = NULL;
            g_autofree char *to = NULL;
            g_autofree char *remedy = NULL;
            LpmCheckVerdict verdict;

            cases[k].change(source, destination);
            verdict = lpm_check_run(&checks[i], source, destination, &from,
                                    &to, &remedy);
            failed |= verdict == LPM_CHECK_FAILS;
            held |= verdict == LPM_CHECK_HOLDS;
            if (verdict == LPM_CHECK_NOT_APPLICABLE) {
                g_assert_cmpstr(from, ==, "");
                g_assert_cmpstr(to, ==, "");
                g_assert_cmpstr(remedy, ==, "");
            } else {
                g_assert_cmpstr(from, !=, "");
                g_assert_cmpstr(to, !=, "");
                g_assert_cmpstr(remedy, !=, "");
            }
        }
        g_test_message("%s", checks[i].id);
        g_assert_true(failed);
        g_assert_true(held);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/compat/compare/%s",
                                                cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/lpm/compat/compare/list-text", test_list_text);
    g_test_add_func("/lpm/compat/compare/said", test_said);
    g_test_add_func("/lpm/compat/compare/qemu-mode-in-remedy",
                    test_qemu_mode_in_remedy);
    g_test_add_func("/lpm/compat/compare/taken-over", test_taken_over);
    g_test_add_func("/lpm/compat/compare/all-unknown", test_unknown);
    g_test_add_func("/lpm/compat/compare/radix-page-sizes",
                    test_radix_page_sizes);
    g_test_add_func("/lpm/compat/compare/absent-facts", test_absent_facts);
    g_test_add_func("/lpm/compat/compare/absent-pvr", test_absent_pvr);
    g_test_add_func("/lpm/compat/compare/two-empty-offers",
                    test_two_empty_offers);
    g_test_add_func("/lpm/compat/compare/table", test_table);
    g_test_add_func("/lpm/compat/compare/every-row-can-fail",
                    test_every_row_can_fail);
    return g_test_run();
}
