/*
 * The facts of a pseries machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "cpu-models.h"
#include "mmu-book3s-v3.h"
#include "mmu-hash64.h"
#include "qapi/error.h"
#include "qapi/util.h"
#include "hw/boards.h"
#include "hw/ppc/spapr.h"
#include "hw/ppc/spapr_vio.h"
#include "hw/ppc/spapr_xive.h"

#include "compat/mode.h"
#include "vfc/wwpn.h"
#include "lpm-gather.h"
#include "lpm-storage-class.h"

/*
 * Raw mode compares the family of the processor, from POWER9 on also its
 * design level: ppc_pvr_match_power9() and its neighbours in cpu_init.c.
 */
#define PVR_MASK_FAMILY 0xffff0000
#define PVR_MASK_LEVEL  0xffff0f00

static void gather_modes(LpmOffer *offer, SpaprMachineState *spapr,
                         PowerPCCPU *cpu)
{
    LpmMode mode;

    offer->pvr = cpu->env.spr[SPR_PVR];
    offer->pvr_mask = ppc_check_compat(cpu, CPU_POWERPC_LOGICAL_3_00, 0, 0) ?
                      PVR_MASK_LEVEL : PVR_MASK_FAMILY;

    for (mode = LPM_MODE_POWER6; mode < LPM_MODE__COUNT; mode++) {
        uint32_t pvr = lpm_mode_logical_pvr(mode);

        if (pvr && ppc_check_compat(cpu, pvr, 0, 0)) {
            g_ptr_array_add(offer->modes, g_strdup(lpm_mode_name(mode)));
        }
    }

    mode = LPM_MODE_DEFAULT;
    if (!spapr->max_compat_pvr ||
        lpm_mode_from_logical_pvr(spapr->max_compat_pvr, &mode)) {
        offer->preferred_mode = g_strdup(lpm_mode_name(mode));
    }
    if (!cpu->compat_pvr) {
        offer->current_mode = g_strdup("raw");
    } else if (lpm_mode_from_logical_pvr(cpu->compat_pvr, &mode)) {
        offer->current_mode = g_strdup(lpm_mode_name(mode));
    }
}

static void gather_caps(LpmOffer *offer, SpaprMachineState *spapr)
{
    ObjectPropertyIterator iter;
    ObjectProperty *prop;
    int i;

    /*
     * The names are those of the machine's properties; the order of the
     * levels is known to spapr_get_cap() alone, by number.
     */
    static const char *const names[SPAPR_CAP_NUM] = {
        [SPAPR_CAP_HTM] = "cap-htm",
        [SPAPR_CAP_VSX] = "cap-vsx",
        [SPAPR_CAP_DFP] = "cap-dfp",
        [SPAPR_CAP_CFPC] = "cap-cfpc",
        [SPAPR_CAP_SBBC] = "cap-sbbc",
        [SPAPR_CAP_IBS] = "cap-ibs",
        [SPAPR_CAP_HPT_MAXPAGESIZE] = "cap-hpt-max-page-size",
        [SPAPR_CAP_NESTED_KVM_HV] = "cap-nested-hv",
        [SPAPR_CAP_LARGE_DECREMENTER] = "cap-large-decr",
        [SPAPR_CAP_CCF_ASSIST] = "cap-ccf-assist",
        [SPAPR_CAP_FWNMI] = "cap-fwnmi",
        [SPAPR_CAP_RPT_INVALIDATE] = "cap-rpt-invalidate",
        [SPAPR_CAP_AIL_MODE_3] = "cap-ail-mode-3",
        [SPAPR_CAP_NESTED_PAPR] = "cap-nested-papr",
        [SPAPR_CAP_DAWR1] = "cap-dawr1",
    };

    for (i = 0; i < SPAPR_CAP_NUM; i++) {
        g_autofree char *value = NULL;

        if (!names[i]) {
            continue;
        }
        value = object_property_print(OBJECT(spapr), names[i], false, NULL);
        if (value) {
            g_strstrip(g_strdelimit(value, "\"", ' '));
        }
        lpm_offer_add_cap(offer, names[i], spapr_get_cap(spapr, i), value);
    }

    /* A capability that is newer than this list is still compared */
    object_property_iter_init(&iter, OBJECT(spapr));
    while ((prop = object_property_iter_next(&iter))) {
        bool known = !g_str_has_prefix(prop->name, "cap-");

        for (i = 0; i < SPAPR_CAP_NUM && !known; i++) {
            known = !g_strcmp0(names[i], prop->name);
        }
        if (!known) {
            lpm_offer_add_cap(offer, prop->name, 0, "unknown to migration-lpm");
        }
    }
}

static void gather_interrupts(LpmOffer *offer, SpaprMachineState *spapr)
{
    offer->ic_mode = object_property_get_str(OBJECT(spapr), "ic-mode", NULL);
    if (spapr->active_intc) {
        offer->ic_current = g_strdup(
            spapr->xive &&
            spapr->active_intc == SPAPR_INTC(spapr->xive) ? "xive" : "xics");
    }
}

static void add_page_size(LpmOffer *offer, unsigned int shift)
{
    guint64 size = 1ull << shift;
    guint i;

    for (i = 0; i < offer->page_sizes->len; i++) {
        if (g_array_index(offer->page_sizes, guint64, i) == size) {
            return;
        }
    }
    g_array_append_val(offer->page_sizes, size);
}

static void gather_mmu(LpmOffer *offer, SpaprMachineState *spapr,
                       PowerPCCPU *cpu, bool incoming)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);
    bool radix = spapr->patb_entry & PATE1_GR;
    int i;

    /* A guest that comes may use either; one that runs uses one of them */
    offer->mmu_current = g_strdup(radix ? "radix" : "hash");
    g_ptr_array_add(offer->mmu_modes, g_strdup("hash"));
    if (ppc_check_compat(cpu, CPU_POWERPC_LOGICAL_3_00, 0,
                         spapr->max_compat_pvr)) {
        g_ptr_array_add(offer->mmu_modes, g_strdup("radix"));
    }

    if ((incoming || !radix) && cpu->hash64_opts) {
        for (i = 0; i < ARRAY_SIZE(cpu->hash64_opts->sps); i++) {
            unsigned int shift = cpu->hash64_opts->sps[i].page_shift;

            if (shift && shift <= spapr_get_cap(spapr,
                                                SPAPR_CAP_HPT_MAXPAGESIZE)) {
                add_page_size(offer, shift);
            }
        }
    }
    if ((incoming || radix) && pcc->radix_page_info) {
        for (i = 0; i < pcc->radix_page_info->count; i++) {
            add_page_size(offer, pcc->radix_page_info->entries[i] &
                                 0x1fffffff);
        }
    }
}

static SpaprMachineState *this_pseries(void)
{
    return (SpaprMachineState *)object_dynamic_cast(qdev_get_machine(),
                                                    TYPE_SPAPR_MACHINE);
}

/*
 * Virtual Fibre Channel adapters; none on another machine than pseries.
 * Returns: (transfer container): Object *.
 */
static GPtrArray *all_adapters(void)
{
    SpaprMachineState *spapr = this_pseries();
    GPtrArray *all = g_ptr_array_new();
    BusChild *kid;

    if (!spapr) {
        return all;
    }
    QTAILQ_FOREACH(kid, &spapr->vio_bus->bus.children, sibling) {
        if (object_dynamic_cast(OBJECT(kid->child), TYPE_SPAPR_VFC)) {
            g_ptr_array_add(all, kid->child);
        }
    }
    return all;
}

static SpaprVfcClass *class_of(Object *adapter)
{
    return (SpaprVfcClass *)object_get_class(adapter);
}

static bool get_wwpn(Object *adapter, const char *name, guint64 *ret_wwpn)
{
    g_autofree char *text = object_property_get_str(adapter, name, NULL);

    return text && lpm_vfc_wwpn_parse(text, ret_wwpn);
}

/* The adapters are of another module: they tell by their properties. */
static void gather_wwpns(LpmOffer *offer, bool incoming)
{
    g_autoptr(GPtrArray) all = all_adapters();

    for (guint i = 0; i < all->len; i++) {
        Object *adapter = g_ptr_array_index(all, i);
        LpmOfferWwpn pair = { .reg = 0 };

        if (!get_wwpn(adapter, "wwpn", &pair.wwpn[0]) ||
            !get_wwpn(adapter, "wwpn2", &pair.wwpn[1])) {
            continue;
        }
        pair.reg = object_property_get_uint(adapter, "reg", NULL);
        /* A destination logs in when it has the guest */
        pair.active = incoming ? 0 :
            object_property_get_uint(adapter, "active", NULL);
        g_array_append_val(offer->wwpns, pair);
    }
}

static Object *find_adapter(uint32_t reg)
{
    g_autoptr(GPtrArray) all = all_adapters();

    for (guint i = 0; i < all->len; i++) {
        Object *adapter = g_ptr_array_index(all, i);

        if (object_property_get_uint(adapter, "reg", NULL) == reg) {
            return adapter;
        }
    }
    return NULL;
}

/*
 * The WWPN that an adapter of ours may use: its own, or that of its pair
 * which @peer does not use; 0: neither, never the same one twice.
 */
static uint8_t usable_wwpn(const LpmOfferWwpn *ours, const LpmOffer *peer)
{
    if (ours->active) {
        return ours->active;
    }
    for (guint i = 0; peer && i < peer->wwpns->len; i++) {
        const LpmOfferWwpn *theirs = &g_array_index(peer->wwpns,
                                                    LpmOfferWwpn, i);

        if (theirs->reg == ours->reg && theirs->active &&
            theirs->wwpn[0] == ours->wwpn[0] &&
            theirs->wwpn[1] == ours->wwpn[1]) {
            return 3 - theirs->active;
        }
    }
    return 0;
}

void coroutine_fn lpm_look_at_storage(LpmOffer *offer, const LpmOffer *peer)
{
    for (guint i = 0; i < offer->wwpns->len; i++) {
        const LpmOfferWwpn *pair = &g_array_index(offer->wwpns, LpmOfferWwpn,
                                                  i);
        /* By reg: it may be unplugged while another one looks */
        Object *adapter = find_adapter(pair->reg);
        uint8_t active = usable_wwpn(pair, peer);

        if (adapter && active) {
            object_ref(adapter);
            class_of(adapter)->look(adapter, active, offer);
            object_unref(adapter);
        }
    }
}

void lpm_log_out_storage(void)
{
    g_autoptr(GPtrArray) all = all_adapters();

    for (guint i = 0; i < all->len; i++) {
        Object *adapter = g_ptr_array_index(all, i);

        class_of(adapter)->log_out(adapter);
    }
}

bool lpm_log_out_adapter(const char *id, Error **errp)
{
    g_autoptr(GPtrArray) all = all_adapters();

    for (guint i = 0; i < all->len; i++) {
        Object *adapter = g_ptr_array_index(all, i);

        if (!strcmp(object_get_canonical_path_component(adapter), id)) {
            class_of(adapter)->log_out(adapter);
            return true;
        }
    }
    error_setg(errp, "there is no virtual Fibre Channel adapter '%s'", id);
    return false;
}

LpmVfcInfoList *lpm_query_adapters(void)
{
    g_autoptr(GPtrArray) all = all_adapters();
    LpmVfcInfoList *list = NULL;
    LpmVfcInfoList **tail = &list;

    for (guint i = 0; i < all->len; i++) {
        Object *adapter = g_ptr_array_index(all, i);

        QAPI_LIST_APPEND(tail, class_of(adapter)->query(adapter));
    }
    return list;
}

void lpm_gather_target(LpmOffer *offer, bool incoming)
{
    MachineState *ms = MACHINE(qdev_get_machine());
    g_autofree char *model = cpu_model_from_type(ms->cpu_type);
    SpaprMachineState *spapr = this_pseries();

    offer->cpu_model = g_steal_pointer(&model);
    if (!spapr || !first_cpu) {
        return;
    }
    offer->vsmt = spapr->vsmt;
    gather_modes(offer, spapr, POWERPC_CPU(first_cpu));
    gather_caps(offer, spapr);
    gather_interrupts(offer, spapr);
    gather_mmu(offer, spapr, POWERPC_CPU(first_cpu), incoming);
    gather_wwpns(offer, incoming);
}
