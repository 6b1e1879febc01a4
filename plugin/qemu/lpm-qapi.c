/*
 * The core's types to and from those of the QMP schema
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/util.h"
#include "qemu/cutils.h"

#include "vfc/wwpn.h"
#include "lpm-qapi.h"

strList *lpm_strings_to_qapi(const GPtrArray *strings)
{
    strList *list = NULL;
    strList **tail = &list;
    guint i;

    for (i = 0; i < strings->len; i++) {
        QAPI_LIST_APPEND(tail, g_strdup(strings->pdata[i]));
    }
    return list;
}

static void strings_from_qapi(GPtrArray *strings, const strList *list)
{
    for (; list; list = list->next) {
        g_ptr_array_add(strings, g_strdup(list->value));
    }
}

static LpmOfferCpu *cpu_to_qapi(const LpmOffer *offer)
{
    LpmOfferCpu *cpu = g_new0(LpmOfferCpu, 1);

    cpu->model = g_strdup(offer->cpu_model);
    cpu->pvr = offer->pvr;
    cpu->pvr_mask = offer->pvr_mask;
    cpu->preferred_mode = g_strdup(offer->preferred_mode);
    cpu->current_mode = g_strdup(offer->current_mode);
    cpu->modes = lpm_strings_to_qapi(offer->modes);
    cpu->cpus = offer->cpus;
    cpu->max_cpus = offer->max_cpus;
    cpu->sockets = offer->sockets;
    cpu->cores = offer->cores;
    cpu->threads = offer->threads;
    cpu->vsmt = offer->vsmt;
    cpu->cpu_arch = g_strdup(offer->cpu_arch);
    cpu->has_cpu_features = offer->cpu_arch || offer->cpu_features->len > 0;
    cpu->cpu_features = lpm_strings_to_qapi(offer->cpu_features);
    cpu->has_cpu_version = offer->cpu_version != 0;
    cpu->cpu_version = offer->cpu_version;
    cpu->has_nwindows = offer->nwindows != 0;
    cpu->nwindows = offer->nwindows;
    cpu->has_mmu_version = offer->mmu_version.known;
    cpu->mmu_version = offer->mmu_version.value;
    cpu->has_max_trap_level = offer->max_trap_level != 0;
    cpu->max_trap_level = offer->max_trap_level;
    return cpu;
}

static LpmOfferCapabilityList *caps_to_qapi(const LpmOffer *offer)
{
    LpmOfferCapabilityList *list = NULL;
    LpmOfferCapabilityList **tail = &list;
    guint i;

    for (i = 0; i < offer->caps->len; i++) {
        const LpmOfferCap *cap = &g_array_index(offer->caps, LpmOfferCap, i);
        LpmOfferCapability *info = g_new0(LpmOfferCapability, 1);

        info->name = g_strdup(cap->name);
        info->level = cap->level;
        info->value = g_strdup(cap->value);
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static LpmOfferBlockInfoList *blocks_to_qapi(const LpmOffer *offer)
{
    LpmOfferBlockInfoList *list = NULL;
    LpmOfferBlockInfoList **tail = &list;
    guint i;

    for (i = 0; i < offer->blocks->len; i++) {
        const LpmOfferBlock *block = &g_array_index(offer->blocks,
                                                    LpmOfferBlock, i);
        LpmOfferBlockInfo *info = g_new0(LpmOfferBlockInfo, 1);

        info->name = g_strdup(block->name);
        info->size = block->size;
        info->max_size = block->max_size;
        info->page_size = block->page_size;
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static LpmOfferDeviceInfoList *devices_to_qapi(const LpmOffer *offer)
{
    LpmOfferDeviceInfoList *list = NULL;
    LpmOfferDeviceInfoList **tail = &list;
    guint i;

    for (i = 0; i < offer->devices->len; i++) {
        const LpmOfferDevice *device = &g_array_index(offer->devices,
                                                      LpmOfferDevice, i);
        LpmOfferDeviceInfo *info = g_new0(LpmOfferDeviceInfo, 1);

        info->id = g_strdup(device->id);
        info->instance = device->instance;
        info->version = device->version;
        info->min_version = device->min_version;
        info->has_optional = device->optional;
        info->optional = device->optional;
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static LpmOfferWwpnInfoList *wwpns_to_qapi(const LpmOffer *offer)
{
    LpmOfferWwpnInfoList *list = NULL;
    LpmOfferWwpnInfoList **tail = &list;
    guint i;

    for (i = 0; i < offer->wwpns->len; i++) {
        const LpmOfferWwpn *pair = &g_array_index(offer->wwpns,
                                                  LpmOfferWwpn, i);
        LpmOfferWwpnInfo *info = g_new0(LpmOfferWwpnInfo, 1);

        info->reg = pair->reg;
        info->wwpn = lpm_vfc_wwpn_text(pair->wwpn[0]);
        info->wwpn2 = lpm_vfc_wwpn_text(pair->wwpn[1]);
        info->active = pair->active;
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static LpmOfferLookInfoList *looks_to_qapi(const LpmOffer *offer)
{
    LpmOfferLookInfoList *list = NULL;
    LpmOfferLookInfoList **tail = &list;
    guint i;

    for (i = 0; i < offer->looks->len; i++) {
        const LpmOfferLook *look = &g_array_index(offer->looks, LpmOfferLook,
                                                  i);
        LpmOfferLookInfo *info = g_new0(LpmOfferLookInfo, 1);

        info->reg = look->reg;
        info->wwpn = lpm_vfc_wwpn_text(look->wwpn);
        info->max_transfer = look->max_transfer;
        info->failure = g_strdup(look->failure);
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static LpmOfferLunInfoList *luns_to_qapi(const LpmOffer *offer)
{
    LpmOfferLunInfoList *list = NULL;
    LpmOfferLunInfoList **tail = &list;
    guint i;

    for (i = 0; i < offer->luns->len; i++) {
        const LpmOfferLun *lun = &g_array_index(offer->luns, LpmOfferLun, i);
        LpmOfferLunInfo *info = g_new0(LpmOfferLunInfo, 1);

        info->reg = lun->reg;
        info->target = lpm_vfc_wwpn_text(lun->target);
        info->lun = lun->lun;
        info->blocks = lun->blocks;
        info->block_bytes = lun->block_bytes;
        info->max_transfer = lun->max_transfer;
        info->name = g_strdup(lun->name);
        info->identity = g_strdup(lun->identity);
        info->reserved = g_strdup(lun->reserved);
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

LpmOfferInfo *lpm_offer_to_qapi(const LpmOffer *offer)
{
    LpmOfferInfo *info = g_new0(LpmOfferInfo, 1);
    uint64List **tail = &info->page_sizes;
    guint i;

    info->version = offer->version;
    info->min_version = offer->min_version;
    info->arch = g_strdup(offer->arch);
    info->qemu_version = g_strdup(offer->qemu_version);
    info->machine = g_strdup(offer->machine);
    info->name = g_strdup(offer->name);
    info->uuid = g_strdup(offer->uuid);
    info->run_state = g_strdup(offer->run_state);
    info->guest_state = g_strdup(offer->guest_state);
    info->cpu = cpu_to_qapi(offer);
    info->capabilities = caps_to_qapi(offer);
    info->ic_mode = g_strdup(offer->ic_mode);
    info->ic_current = g_strdup(offer->ic_current);
    info->mmu_current = g_strdup(offer->mmu_current);
    info->mmu_modes = lpm_strings_to_qapi(offer->mmu_modes);
    for (i = 0; i < offer->page_sizes->len; i++) {
        QAPI_LIST_APPEND(tail, g_array_index(offer->page_sizes, guint64, i));
    }
    info->target_page_size = offer->target_page_size;
    info->memory = blocks_to_qapi(offer);
    info->devices = devices_to_qapi(offer);
    info->wwpns = wwpns_to_qapi(offer);
    info->has_looks = offer->looks->len > 0;
    info->looks = looks_to_qapi(offer);
    info->has_luns = info->has_looks;
    info->luns = luns_to_qapi(offer);
    info->stream = g_new0(LpmOfferStream, 1);
    info->stream->multifd = offer->multifd;
    info->stream->channels = offer->channels;
    info->stream->compression = g_strdup(offer->compression);
    info->stream->capabilities = lpm_strings_to_qapi(offer->migration_caps);
    info->stream->codec_version = offer->codec_version;
    info->stream->codec_frame_bytes = offer->codec_frame_bytes;
    return info;
}

static void cpu_from_qapi(LpmOffer *offer, const LpmOfferCpu *cpu)
{
    offer->cpu_model = g_strdup(cpu->model);
    offer->pvr = cpu->pvr;
    offer->pvr_mask = cpu->pvr_mask;
    offer->preferred_mode = g_strdup(cpu->preferred_mode);
    offer->current_mode = g_strdup(cpu->current_mode);
    strings_from_qapi(offer->modes, cpu->modes);
    offer->cpus = cpu->cpus;
    offer->max_cpus = cpu->max_cpus;
    offer->sockets = cpu->sockets;
    offer->cores = cpu->cores;
    offer->threads = cpu->threads;
    offer->vsmt = cpu->vsmt;
    offer->cpu_arch = g_strdup(cpu->cpu_arch);
    strings_from_qapi(offer->cpu_features, cpu->cpu_features);
    offer->cpu_version = cpu->cpu_version;
    offer->nwindows = cpu->nwindows;
    offer->mmu_version.known = cpu->has_mmu_version;
    offer->mmu_version.value = cpu->mmu_version;
    offer->max_trap_level = cpu->max_trap_level;
}

static bool wwpn_from_hex(const char *hex, guint64 *ret_wwpn, Error **errp)
{
    if (!lpm_vfc_wwpn_from_hex(hex, ret_wwpn)) {
        error_setg(errp, "WWPN '%s' is not 16 hexadecimal digits", hex);
        return false;
    }
    return true;
}

static bool wwpns_from_qapi(LpmOffer *offer, const LpmOfferWwpnInfoList *list,
                            Error **errp)
{
    for (; list; list = list->next) {
        LpmOfferWwpn pair = {
            .reg = list->value->reg,
            .active = list->value->active,
        };

        if (!wwpn_from_hex(list->value->wwpn, &pair.wwpn[0], errp) ||
            !wwpn_from_hex(list->value->wwpn2, &pair.wwpn[1], errp)) {
            return false;
        }
        g_array_append_val(offer->wwpns, pair);
    }
    return true;
}

static bool looks_from_qapi(LpmOffer *offer, const LpmOfferLookInfoList *list,
                            Error **errp)
{
    for (; list; list = list->next) {
        guint64 wwpn;

        if (!wwpn_from_hex(list->value->wwpn, &wwpn, errp)) {
            return false;
        }
        lpm_offer_add_look(offer, list->value->reg, wwpn,
                           list->value->max_transfer, list->value->failure);
    }
    return true;
}

static bool luns_from_qapi(LpmOffer *offer, const LpmOfferLunInfoList *list,
                           Error **errp)
{
    for (; list; list = list->next) {
        LpmOfferLun lun = {
            .blocks = list->value->blocks,
            .max_transfer = list->value->max_transfer,
            .reg = list->value->reg,
            .lun = list->value->lun,
            .block_bytes = list->value->block_bytes,
            .name = list->value->name,
            .identity = list->value->identity,
            .reserved = list->value->reserved,
        };

        if (!wwpn_from_hex(list->value->target, &lun.target, errp)) {
            return false;
        }
        lpm_offer_add_lun(offer, &lun);
    }
    return true;
}

LpmOffer *lpm_offer_from_qapi(const LpmOfferInfo *info, Error **errp)
{
    g_autoptr(LpmOffer) offer = lpm_offer_new();
    const LpmOfferCapabilityList *cap;
    const LpmOfferBlockInfoList *block;
    const LpmOfferDeviceInfoList *device;
    const uint64List *size;

    offer->version = info->version;
    offer->min_version = info->min_version;
    offer->arch = g_strdup(info->arch);
    offer->qemu_version = g_strdup(info->qemu_version);
    offer->machine = g_strdup(info->machine);
    offer->name = g_strdup(info->name);
    offer->uuid = g_strdup(info->uuid);
    offer->run_state = g_strdup(info->run_state);
    offer->guest_state = g_strdup(info->guest_state);
    cpu_from_qapi(offer, info->cpu);
    for (cap = info->capabilities; cap; cap = cap->next) {
        lpm_offer_add_cap(offer, cap->value->name, cap->value->level,
                          cap->value->value);
    }
    offer->ic_mode = g_strdup(info->ic_mode);
    offer->ic_current = g_strdup(info->ic_current);
    offer->mmu_current = g_strdup(info->mmu_current);
    strings_from_qapi(offer->mmu_modes, info->mmu_modes);
    for (size = info->page_sizes; size; size = size->next) {
        guint64 bytes = size->value;

        g_array_append_val(offer->page_sizes, bytes);
    }
    offer->target_page_size = info->target_page_size;
    for (block = info->memory; block; block = block->next) {
        lpm_offer_add_block(offer, block->value->name, block->value->size,
                            block->value->max_size, block->value->page_size);
    }
    for (device = info->devices; device; device = device->next) {
        lpm_offer_add_device(offer, device->value->id, device->value->instance,
                             device->value->version,
                             device->value->min_version);
        g_array_index(offer->devices, LpmOfferDevice,
                      offer->devices->len - 1).optional =
            device->value->has_optional && device->value->optional;
    }
    if (!wwpns_from_qapi(offer, info->wwpns, errp) ||
        !looks_from_qapi(offer, info->looks, errp) ||
        !luns_from_qapi(offer, info->luns, errp)) {
        return NULL;
    }
    offer->multifd = info->stream->multifd;
    offer->channels = info->stream->channels;
    offer->compression = g_strdup(info->stream->compression);
    strings_from_qapi(offer->migration_caps, info->stream->capabilities);
    offer->codec_version = info->stream->codec_version;
    offer->codec_frame_bytes = info->stream->codec_frame_bytes;
    return g_steal_pointer(&offer);
}

LpmAnswerInfo *lpm_answer_to_qapi(const LpmAnswer *answer)
{
    LpmAnswerInfo *info = g_new0(LpmAnswerInfo, 1);
    LpmReasonInfoList **tail = &info->reasons;
    guint i;

    info->accepted = answer->accepted;
    info->preferred_mode = g_strdup(answer->preferred_mode);
    for (i = 0; i < answer->reasons->len; i++) {
        const LpmReason *reason = answer->reasons->pdata[i];
        LpmReasonInfo *one = g_new0(LpmReasonInfo, 1);

        one->id = g_strdup(reason->id);
        one->severity = reason->severity == LPM_SEVERITY_ERROR ?
                        LPM_SEVERITY_INFO_ERROR : LPM_SEVERITY_INFO_WARNING;
        one->title = g_strdup(reason->title);
        one->source = g_strdup(reason->source);
        one->destination = g_strdup(reason->destination);
        one->remedy = g_strdup(reason->remedy);
        QAPI_LIST_APPEND(tail, one);
    }
    return info;
}

LpmCodecStatsInfo *lpm_codec_stats_to_qapi(const LpmCodecStats *stats)
{
    LpmCodecStatsInfo *info = g_new0(LpmCodecStatsInfo, 1);

    info->frames = stats->frames;
    info->raw_frames = stats->raw_frames;
    info->in_place_frames = stats->in_place_frames;
    info->delta_frames = stats->delta_frames;
    info->pages = stats->pages;
    info->delta_pages = stats->delta_pages;
    info->delta_bytes = stats->delta_bytes;
    info->raw_bytes = stats->raw_bytes;
    info->wire_bytes = stats->wire_bytes;
    info->time_ns = stats->time_ns;
    return info;
}

LpmStreamStatsInfo *lpm_stream_to_qapi(const LpmStreamStats *stats)
{
    LpmStreamStatsInfo *info = g_new0(LpmStreamStatsInfo, 1);

    info->has_level = stats->level != LPM_LEVEL_NONE;
    info->level = info->has_level ? stats->level : 0;
    info->has_link = stats->link != 0;
    info->link = stats->link;
    info->store_budget = stats->store.budget;
    info->store_used = stats->store.used;
    info->store_refused = stats->store.refused;
    return info;
}
