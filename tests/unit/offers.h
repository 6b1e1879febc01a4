/*
 * Offers for tests: one with every field set
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_TEST_OFFERS_H
#define LPM_TEST_OFFERS_H

#include <glib.h>

#include "compat/offer.h"

static inline void add_strings(GPtrArray *array, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);

    for (guint i = 0; names[i]; i++) {
        if (*names[i]) {
            g_ptr_array_add(array, g_strdup(names[i]));
        }
    }
}

static inline void set_string(char **member, const char *value)
{
    g_free(*member);
    *member = g_strdup(value);
}

static inline void add_wwpn(LpmOffer *offer, guint32 reg, guint64 first,
                            guint64 second, guint32 active)
{
    LpmOfferWwpn pair = {
        .wwpn = { first, second },
        .reg = reg,
        .active = active,
    };

    g_array_append_val(offer->wwpns, pair);
}

static inline void add_page_size(LpmOffer *offer, guint64 size)
{
    g_array_append_val(offer->page_sizes, size);
}

/* A pseries guest that fits itself; both ends of most tests. */
static inline LpmOffer *full_offer(void)
{
    LpmOffer *offer = lpm_offer_new();

    offer->arch = g_strdup("ppc64");
    offer->qemu_version = g_strdup("10.0.13");
    offer->machine = g_strdup("pseries-10.0");
    offer->name = g_strdup("lpar \xc3\xa4 1");
    offer->uuid = g_strdup("0f0d5d2e-7a0c-4c3e-9a0b-6d1f6c3b2a10");
    offer->run_state = g_strdup("running");
    offer->cpu_model = g_strdup("power10_v2.0");
    offer->pvr = 0x00801200;
    offer->pvr_mask = 0xffff0000;
    offer->preferred_mode = g_strdup("power9");
    offer->current_mode = g_strdup("power9");
    add_strings(offer->modes, "power6,power7,power8,power9,power10");
    offer->cpus = 4;
    offer->max_cpus = 8;
    offer->sockets = 1;
    offer->cores = 4;
    offer->threads = 2;
    offer->vsmt = 8;
    lpm_offer_add_cap(offer, "cap-htm", 0, "off");
    lpm_offer_add_cap(offer, "cap-cfpc", 1, "workaround");
    lpm_offer_add_cap(offer, "cap-hpt-max-page-size", 16, NULL);
    offer->ic_mode = g_strdup("dual");
    offer->ic_current = g_strdup("xive");
    offer->mmu_current = g_strdup("radix");
    add_strings(offer->mmu_modes, "hash,radix");
    add_page_size(offer, 4096);
    add_page_size(offer, 65536);
    offer->target_page_size = 4096;
    lpm_offer_add_block(offer, "ppc_spapr.ram", 512 << 20, 512 << 20, 4096);
    lpm_offer_add_block(offer, "0000:00:01.0/virtio-net-pci.rom", 256 << 10,
                        256 << 10, 4096);
    lpm_offer_add_device(offer, "spapr", 0, 3, 1);
    lpm_offer_add_device(offer, "xive-source", 0, 1, 1);
    lpm_offer_add_device(offer, "cpu", 0, 5, 5);
    lpm_offer_add_device(offer, "cpu", 2, 5, 5);
    add_wwpn(offer, 0x30000001, 0xc050760a1b2c0000, 0xc050760a1b2c0001, 1);
    add_wwpn(offer, 0x30000002, 0xc050760a1b2c0002, 0xc050760a1b2c0003, 2);
    offer->multifd = TRUE;
    offer->channels = 4;
    offer->compression = g_strdup("lpm");
    add_strings(offer->migration_caps, "events,multifd,return-path");
    offer->codec_version = 1;
    offer->codec_frame_bytes = 524320;
    return offer;
}

/* Makes a sun4u guest of it, which fits itself as well. */
static inline void make_sparc(LpmOffer *offer)
{
    set_string(&offer->arch, "sparc64");
    set_string(&offer->machine, "sun4u");
    set_string(&offer->cpu_model, "TI-UltraSparc-IIi");
    offer->pvr = offer->pvr_mask = 0;
    set_string(&offer->preferred_mode, NULL);
    set_string(&offer->current_mode, NULL);
    g_ptr_array_set_size(offer->modes, 0);
    offer->vsmt = 0;
    g_array_set_size(offer->caps, 0);
    set_string(&offer->ic_mode, NULL);
    set_string(&offer->ic_current, NULL);
    set_string(&offer->mmu_current, NULL);
    g_ptr_array_set_size(offer->mmu_modes, 0);
    g_array_set_size(offer->page_sizes, 0);
    g_array_set_size(offer->wwpns, 0);
    g_array_set_size(offer->looks, 0);
    g_array_set_size(offer->luns, 0);
    offer->target_page_size = 8192;
    g_array_set_size(offer->blocks, 0);
    lpm_offer_add_block(offer, "sun4u.prom", 4 << 20, 4 << 20, 4096);
    lpm_offer_add_block(offer, "sun4u.ram", 512 << 20, 512 << 20, 4096);
    set_string(&offer->cpu_arch, "native");
    g_ptr_array_set_size(offer->cpu_features, 0);
    add_strings(offer->cpu_features, "vis1,vis2");
    offer->cpu_version = 0x0017001291000507;
    offer->nwindows = 8;
    offer->mmu_version.known = TRUE;
    offer->mmu_version.value = 0;
    offer->max_trap_level = 5;
    set_string(&offer->guest_state, LPM_GUEST_RUNNING);
}

/* A sun4u guest in a class, with what no other offer has. */
static inline LpmOffer *sparc_offer(void)
{
    LpmOffer *offer = full_offer();

    make_sparc(offer);
    set_string(&offer->cpu_arch, "migration-class1");
    add_strings(offer->cpu_features, "fmaf,vis3,ima");
    offer->cpu_version = 0x0017001000000507;
    return offer;
}

/* The same with storage that was looked at; @mine: which of the pair did. */
static inline void add_storage(LpmOffer *offer, guint mine)
{
    LpmOfferLun disk = {
        .target = 0x5005076801234567,
        .blocks = 0x20000,
        .max_transfer = 1 << 20,
        .reg = 0x30000001,
        .block_bytes = 512,
        .name = (char *)"iqn.2026-11.test:a",
        .identity = (char *)"naa.600507680c8081d5a000000000000142",
    };
    LpmOfferLun changer = {
        .target = 0x5005076801234567,
        .reg = 0x30000001,
        .lun = 1,
        .identity = (char *)"t10.CHANGER+sn.7",
    };

    lpm_offer_add_look(offer, 0x30000001, 0xc050760a1b2c0000 + mine, 1 << 20,
                       NULL);
    lpm_offer_add_look(offer, 0x30000002, 0xc050760a1b2c0002 + mine, 1 << 20,
                       NULL);
    lpm_offer_add_lun(offer, &disk);
    lpm_offer_add_lun(offer, &changer);
    disk.reg = 0x30000002;
    lpm_offer_add_lun(offer, &disk);
}

static inline LpmOffer *storage_offer(void)
{
    LpmOffer *offer = full_offer();

    add_storage(offer, 0);
    lpm_offer_add_look(offer, 0x30000003, 0xc050760a1b2c0004, 1 << 20,
                       "portal 192.0.2.1:3260: refused");
    g_array_index(offer->luns, LpmOfferLun, 2).reserved =
        g_strdup("registered key 0x1");
    return offer;
}

#endif /* LPM_TEST_OFFERS_H */
