/*
 * An offer from JSON, as query-lpm-offer returns it, and back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/offer-json.h"
#include "vfc/wwpn.h"

#define STRING_MAX_BYTES  LPM_OFFER_STRING_MAX
#define TEXT_MAX_BYTES    4096u

#define OPT  LPM_JSON_OPTIONAL
#define REQ  LPM_JSON_REQUIRED

static gboolean get_name(JsonObject *object, const LpmJsonPath *path,
                         const char *member, LpmJsonNeed need,
                         char **ret_value, GError **error)
{
    return lpm_json_get_string(object, path, member, need, STRING_MAX_BYTES,
                               ret_value, error);
}

/* Reads one element of an array of objects into the offer. */
typedef gboolean (*ReadElement)(LpmOffer *offer, JsonObject *object,
                                const LpmJsonPath *path, GError **error);

static gboolean read_list(LpmOffer *offer, JsonObject *object,
                          const char *member, LpmJsonNeed need, guint max,
                          ReadElement read, GError **error)
{
    LpmJsonPath path = { .key = member };
    JsonArray *array = NULL;

    if (!lpm_json_get_array(object, NULL, member, need, max, &array, error)) {
        return FALSE;
    }
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        LpmJsonPath at = { .up = &path, .index = i };
        JsonObject *element =
            lpm_json_object(json_array_get_element(array, i), &at, error);

        if (element == NULL || !read(offer, element, &at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_cap(LpmOffer *offer, JsonObject *object,
                         const LpmJsonPath *path, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *value = NULL;
    guint64 level = 0;

    if (!get_name(object, path, "name", REQ, &name, error) ||
        !get_name(object, path, "value", OPT, &value, error) ||
        !lpm_json_get_uint(object, path, "level", REQ, G_MAXINT64, &level,
                           error)) {
        return FALSE;
    }
    lpm_offer_add_cap(offer, name, level, value);
    return TRUE;
}

static gboolean read_block(LpmOffer *offer, JsonObject *object,
                           const LpmJsonPath *path, GError **error)
{
    g_autofree char *name = NULL;
    guint64 size = 0;
    guint64 max_size = 0;
    guint64 page_size = 0;

    if (!get_name(object, path, "name", REQ, &name, error) ||
        !lpm_json_get_uint(object, path, "size", REQ, G_MAXINT64, &size,
                           error) ||
        !lpm_json_get_uint(object, path, "max-size", REQ, G_MAXINT64,
                           &max_size, error) ||
        !lpm_json_get_uint(object, path, "page-size", REQ, G_MAXINT64,
                           &page_size, error)) {
        return FALSE;
    }
    lpm_offer_add_block(offer, name, size, max_size, page_size);
    return TRUE;
}

static gboolean read_device(LpmOffer *offer, JsonObject *object,
                            const LpmJsonPath *path, GError **error)
{
    g_autofree char *id = NULL;
    guint32 instance = 0;
    guint32 version = 0;
    guint32 min_version = 0;
    gboolean optional = FALSE;

    if (!get_name(object, path, "id", REQ, &id, error) ||
        !lpm_json_get_u32(object, path, "instance", REQ, &instance, error) ||
        !lpm_json_get_u32(object, path, "version", REQ, &version, error) ||
        !lpm_json_get_u32(object, path, "min-version", REQ, &min_version,
                          error) ||
        !lpm_json_get_bool(object, path, "optional", OPT, &optional, error)) {
        return FALSE;
    }
    lpm_offer_add_device(offer, id, instance, version, min_version);
    g_array_index(offer->devices, LpmOfferDevice,
                  offer->devices->len - 1).optional = optional;
    return TRUE;
}

static gboolean read_adapter(LpmOffer *offer, JsonObject *object,
                             const LpmJsonPath *path, GError **error)
{
    LpmOfferWwpn pair = { 0 };
    guint64 active = 0;

    if (!lpm_json_get_u32(object, path, "reg", REQ, &pair.reg, error) ||
        !lpm_json_get_wwpn(object, path, "wwpn", &pair.wwpn[0], error) ||
        !lpm_json_get_wwpn(object, path, "wwpn2", &pair.wwpn[1], error) ||
        !lpm_json_get_uint(object, path, "active", REQ, 2, &active, error)) {
        return FALSE;
    }
    pair.active = (guint32)active;
    g_array_append_val(offer->wwpns, pair);
    return TRUE;
}

static gboolean read_look(LpmOffer *offer, JsonObject *object,
                          const LpmJsonPath *path, GError **error)
{
    g_autofree char *failure = NULL;
    guint32 reg = 0;
    guint64 wwpn = 0;
    guint64 max_transfer = 0;

    if (!lpm_json_get_u32(object, path, "reg", REQ, &reg, error) ||
        !lpm_json_get_wwpn(object, path, "wwpn", &wwpn, error) ||
        !lpm_json_get_uint(object, path, "max-transfer", REQ, G_MAXINT64,
                           &max_transfer, error) ||
        !get_name(object, path, "failure", OPT, &failure, error)) {
        return FALSE;
    }
    lpm_offer_add_look(offer, reg, wwpn, max_transfer, failure);
    return TRUE;
}

static gboolean read_lun(LpmOffer *offer, JsonObject *object,
                         const LpmJsonPath *path, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *identity = NULL;
    g_autofree char *reserved = NULL;
    LpmOfferLun lun = { 0 };

    if (!lpm_json_get_u32(object, path, "reg", REQ, &lun.reg, error) ||
        !lpm_json_get_wwpn(object, path, "target", &lun.target, error) ||
        !lpm_json_get_u32(object, path, "lun", REQ, &lun.lun, error) ||
        !lpm_json_get_uint(object, path, "blocks", REQ, G_MAXINT64,
                           &lun.blocks, error) ||
        !lpm_json_get_u32(object, path, "block-bytes", REQ,
                          &lun.block_bytes, error) ||
        !lpm_json_get_uint(object, path, "max-transfer", REQ, G_MAXINT64,
                           &lun.max_transfer, error) ||
        !get_name(object, path, "name", OPT, &name, error) ||
        !get_name(object, path, "identity", OPT, &identity, error) ||
        !get_name(object, path, "reserved", OPT, &reserved, error)) {
        return FALSE;
    }
    lun.name = name;
    lun.identity = identity;
    lun.reserved = reserved;
    lpm_offer_add_lun(offer, &lun);
    return TRUE;
}

/* The members that SPARC has. */
static gboolean read_sparc_cpu(LpmOffer *offer, JsonObject *object,
                               const LpmJsonPath *path, GError **error)
{
    LpmOfferNumber *mmu = &offer->mmu_version;

    mmu->known = json_object_has_member(object, "mmu-version") &&
                 !json_object_get_null_member(object, "mmu-version");
    return get_name(object, path, "cpu-arch", OPT, &offer->cpu_arch,
                    error) &&
           lpm_json_get_strings(object, path, "cpu-features", OPT,
                                LPM_OFFER_FEATURES_MAX, STRING_MAX_BYTES,
                                offer->cpu_features, error) &&
           lpm_json_get_uint(object, path, "cpu-version", OPT, G_MAXINT64,
                             &offer->cpu_version, error) &&
           lpm_json_get_u32(object, path, "nwindows", OPT, &offer->nwindows,
                            error) &&
           lpm_json_get_u32(object, path, "mmu-version", OPT, &mmu->value,
                            error) &&
           lpm_json_get_u32(object, path, "max-trap-level", OPT,
                            &offer->max_trap_level, error);
}

static gboolean read_cpu(LpmOffer *offer, JsonObject *object,
                         const LpmJsonPath *path, GError **error)
{
    return get_name(object, path, "model", OPT, &offer->cpu_model, error) &&
           lpm_json_get_u32(object, path, "pvr", REQ, &offer->pvr, error) &&
           lpm_json_get_u32(object, path, "pvr-mask", REQ, &offer->pvr_mask,
                            error) &&
           get_name(object, path, "preferred-mode", OPT,
                    &offer->preferred_mode, error) &&
           get_name(object, path, "current-mode", OPT, &offer->current_mode,
                    error) &&
           lpm_json_get_strings(object, path, "modes", REQ,
                                LPM_OFFER_MODES_MAX, STRING_MAX_BYTES,
                                offer->modes, error) &&
           lpm_json_get_u32(object, path, "cpus", REQ, &offer->cpus,
                            error) &&
           lpm_json_get_u32(object, path, "max-cpus", REQ, &offer->max_cpus,
                            error) &&
           lpm_json_get_u32(object, path, "sockets", REQ, &offer->sockets,
                            error) &&
           lpm_json_get_u32(object, path, "cores", REQ, &offer->cores,
                            error) &&
           lpm_json_get_u32(object, path, "threads", REQ, &offer->threads,
                            error) &&
           lpm_json_get_u32(object, path, "vsmt", REQ, &offer->vsmt,
                            error) &&
           read_sparc_cpu(offer, object, path, error);
}

static gboolean read_stream(LpmOffer *offer, JsonObject *object,
                            const LpmJsonPath *path, GError **error)
{
    return lpm_json_get_bool(object, path, "multifd", REQ, &offer->multifd,
                             error) &&
           lpm_json_get_u32(object, path, "channels", REQ, &offer->channels,
                            error) &&
           get_name(object, path, "compression", OPT, &offer->compression,
                    error) &&
           lpm_json_get_strings(object, path, "capabilities", REQ,
                                LPM_OFFER_MIGCAPS_MAX, STRING_MAX_BYTES,
                                offer->migration_caps, error) &&
           lpm_json_get_u32(object, path, "codec-version", REQ,
                            &offer->codec_version, error) &&
           lpm_json_get_u32(object, path, "codec-frame-bytes", REQ,
                            &offer->codec_frame_bytes, error);
}

static gboolean read_page_sizes(LpmOffer *offer, JsonObject *object,
                                GError **error)
{
    LpmJsonPath path = { .key = "page-sizes" };
    JsonArray *array = NULL;

    if (!lpm_json_get_array(object, NULL, "page-sizes", REQ,
                            LPM_OFFER_PAGE_SIZES_MAX, &array, error)) {
        return FALSE;
    }
    for (guint i = 0; i < json_array_get_length(array); i++) {
        LpmJsonPath at = { .up = &path, .index = i };
        JsonNode *node = json_array_get_element(array, i);
        guint64 size;

        if (!JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_INT64 ||
            json_node_get_int(node) <= 0) {
            g_autofree char *pointer = lpm_json_pointer(&at, NULL);

            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        "%s: wanted a number of bytes", pointer);
            return FALSE;
        }
        size = (guint64)json_node_get_int(node);
        g_array_append_val(offer->page_sizes, size);
    }
    return TRUE;
}

LpmOffer *lpm_offer_from_json(JsonNode *node, GError **error)
{
    static const LpmJsonPath cpu_path = { .key = "cpu" };
    static const LpmJsonPath stream_path = { .key = "stream" };
    g_autoptr(LpmOffer) offer = lpm_offer_new();
    JsonObject *object = lpm_json_object(node, NULL, error);
    JsonObject *cpu = NULL;
    JsonObject *stream = NULL;

    if (object == NULL ||
        !lpm_json_get_u32(object, NULL, "version", REQ, &offer->version,
                          error) ||
        !lpm_json_get_u32(object, NULL, "min-version", REQ,
                          &offer->min_version, error)) {
        return NULL;
    }
    if (offer->min_version > LPM_OFFER_VERSION) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "/min-version: got %u, wanted at most %u",
                    offer->min_version, LPM_OFFER_VERSION);
        return NULL;
    }
    if (!get_name(object, NULL, "arch", OPT, &offer->arch, error) ||
        !get_name(object, NULL, "qemu-version", OPT, &offer->qemu_version,
                  error) ||
        !get_name(object, NULL, "machine", OPT, &offer->machine, error) ||
        !get_name(object, NULL, "name", OPT, &offer->name, error) ||
        !get_name(object, NULL, "uuid", OPT, &offer->uuid, error) ||
        !get_name(object, NULL, "run-state", OPT, &offer->run_state,
                  error) ||
        !get_name(object, NULL, "guest-state", OPT, &offer->guest_state,
                  error) ||
        !lpm_json_get_object(object, NULL, "cpu", REQ, &cpu, error) ||
        !read_cpu(offer, cpu, &cpu_path, error) ||
        !read_list(offer, object, "capabilities", REQ, LPM_OFFER_CAPS_MAX,
                   read_cap, error) ||
        !get_name(object, NULL, "ic-mode", OPT, &offer->ic_mode, error) ||
        !get_name(object, NULL, "ic-current", OPT, &offer->ic_current,
                  error) ||
        !get_name(object, NULL, "mmu-current", OPT, &offer->mmu_current,
                  error) ||
        !lpm_json_get_strings(object, NULL, "mmu-modes", REQ,
                              LPM_OFFER_MODES_MAX, STRING_MAX_BYTES,
                              offer->mmu_modes, error) ||
        !read_page_sizes(offer, object, error) ||
        !lpm_json_get_u32(object, NULL, "target-page-size", REQ,
                          &offer->target_page_size, error) ||
        !read_list(offer, object, "memory", REQ, LPM_OFFER_BLOCKS_MAX,
                   read_block, error) ||
        !read_list(offer, object, "devices", REQ, LPM_OFFER_DEVICES_MAX,
                   read_device, error) ||
        !read_list(offer, object, "wwpns", REQ, LPM_OFFER_WWPNS_MAX,
                   read_adapter, error) ||
        !read_list(offer, object, "looks", OPT, LPM_OFFER_LOOKS_MAX,
                   read_look, error) ||
        !read_list(offer, object, "luns", OPT, LPM_OFFER_LUNS_MAX, read_lun,
                   error) ||
        !lpm_json_get_object(object, NULL, "stream", REQ, &stream, error) ||
        !read_stream(offer, stream, &stream_path, error)) {
        return NULL;
    }
    return g_steal_pointer(&offer);
}

static void put_string(JsonObject *object, const char *member,
                       const char *value)
{
    if (value != NULL) {
        json_object_set_string_member(object, member, value);
    }
}

static void put_number(JsonObject *object, const char *member, guint64 value)
{
    if (value != 0) {
        json_object_set_int_member(object, member, (gint64)value);
    }
}

static void put_wwpn(JsonObject *object, const char *member, guint64 wwpn)
{
    g_autofree char *text = lpm_vfc_wwpn_text(wwpn);

    json_object_set_string_member(object, member, text);
}

static JsonArray *looks_to_json(const LpmOffer *offer)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < offer->looks->len; i++) {
        const LpmOfferLook *look =
            &g_array_index(offer->looks, LpmOfferLook, i);
        JsonObject *o = json_object_new();

        json_object_set_int_member(o, "reg", look->reg);
        put_wwpn(o, "wwpn", look->wwpn);
        json_object_set_int_member(o, "max-transfer",
                                   (gint64)look->max_transfer);
        put_string(o, "failure", look->failure);
        json_array_add_object_element(array, o);
    }
    return array;
}

static JsonArray *luns_to_json(const LpmOffer *offer)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < offer->luns->len; i++) {
        const LpmOfferLun *lun = &g_array_index(offer->luns, LpmOfferLun, i);
        JsonObject *o = json_object_new();

        json_object_set_int_member(o, "reg", lun->reg);
        put_wwpn(o, "target", lun->target);
        json_object_set_int_member(o, "lun", lun->lun);
        json_object_set_int_member(o, "blocks", (gint64)lun->blocks);
        json_object_set_int_member(o, "block-bytes", lun->block_bytes);
        json_object_set_int_member(o, "max-transfer",
                                   (gint64)lun->max_transfer);
        put_string(o, "name", lun->name);
        put_string(o, "identity", lun->identity);
        put_string(o, "reserved", lun->reserved);
        json_array_add_object_element(array, o);
    }
    return array;
}

static JsonArray *strings_to_json(const GPtrArray *strings)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < strings->len; i++) {
        json_array_add_string_element(array, g_ptr_array_index(strings, i));
    }
    return array;
}

static JsonObject *cpu_to_json(const LpmOffer *offer)
{
    JsonObject *cpu = json_object_new();

    put_string(cpu, "model", offer->cpu_model);
    json_object_set_int_member(cpu, "pvr", offer->pvr);
    json_object_set_int_member(cpu, "pvr-mask", offer->pvr_mask);
    put_string(cpu, "preferred-mode", offer->preferred_mode);
    put_string(cpu, "current-mode", offer->current_mode);
    json_object_set_array_member(cpu, "modes",
                                 strings_to_json(offer->modes));
    json_object_set_int_member(cpu, "cpus", offer->cpus);
    json_object_set_int_member(cpu, "max-cpus", offer->max_cpus);
    json_object_set_int_member(cpu, "sockets", offer->sockets);
    json_object_set_int_member(cpu, "cores", offer->cores);
    json_object_set_int_member(cpu, "threads", offer->threads);
    json_object_set_int_member(cpu, "vsmt", offer->vsmt);
    put_string(cpu, "cpu-arch", offer->cpu_arch);
    if (offer->cpu_arch != NULL || offer->cpu_features->len > 0) {
        json_object_set_array_member(cpu, "cpu-features",
                                     strings_to_json(offer->cpu_features));
    }
    put_number(cpu, "cpu-version", offer->cpu_version);
    put_number(cpu, "nwindows", offer->nwindows);
    if (offer->mmu_version.known) {
        json_object_set_int_member(cpu, "mmu-version",
                                   offer->mmu_version.value);
    }
    put_number(cpu, "max-trap-level", offer->max_trap_level);
    return cpu;
}

static JsonObject *stream_to_json(const LpmOffer *offer)
{
    JsonObject *stream = json_object_new();

    json_object_set_boolean_member(stream, "multifd", offer->multifd);
    json_object_set_int_member(stream, "channels", offer->channels);
    put_string(stream, "compression", offer->compression);
    json_object_set_array_member(stream, "capabilities",
                                 strings_to_json(offer->migration_caps));
    json_object_set_int_member(stream, "codec-version",
                               offer->codec_version);
    json_object_set_int_member(stream, "codec-frame-bytes",
                               offer->codec_frame_bytes);
    return stream;
}

static void lists_to_json(const LpmOffer *offer, JsonObject *object)
{
    JsonArray *caps = json_array_new();
    JsonArray *sizes = json_array_new();
    JsonArray *memory = json_array_new();
    JsonArray *devices = json_array_new();
    JsonArray *wwpns = json_array_new();

    for (guint i = 0; i < offer->caps->len; i++) {
        const LpmOfferCap *cap =
            &g_array_index(offer->caps, LpmOfferCap, i);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", cap->name);
        json_object_set_int_member(o, "level", (gint64)cap->level);
        put_string(o, "value", cap->value);
        json_array_add_object_element(caps, o);
    }
    for (guint i = 0; i < offer->page_sizes->len; i++) {
        json_array_add_int_element(
            sizes, (gint64)g_array_index(offer->page_sizes, guint64, i));
    }
    for (guint i = 0; i < offer->blocks->len; i++) {
        const LpmOfferBlock *block =
            &g_array_index(offer->blocks, LpmOfferBlock, i);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", block->name);
        json_object_set_int_member(o, "size", (gint64)block->size);
        json_object_set_int_member(o, "max-size", (gint64)block->max_size);
        json_object_set_int_member(o, "page-size",
                                   (gint64)block->page_size);
        json_array_add_object_element(memory, o);
    }
    for (guint i = 0; i < offer->devices->len; i++) {
        const LpmOfferDevice *device =
            &g_array_index(offer->devices, LpmOfferDevice, i);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "id", device->id);
        json_object_set_int_member(o, "instance", device->instance);
        json_object_set_int_member(o, "version", device->version);
        json_object_set_int_member(o, "min-version", device->min_version);
        if (device->optional) {
            json_object_set_boolean_member(o, "optional", TRUE);
        }
        json_array_add_object_element(devices, o);
    }
    for (guint i = 0; i < offer->wwpns->len; i++) {
        const LpmOfferWwpn *pair =
            &g_array_index(offer->wwpns, LpmOfferWwpn, i);
        JsonObject *o = json_object_new();

        json_object_set_int_member(o, "reg", pair->reg);
        put_wwpn(o, "wwpn", pair->wwpn[0]);
        put_wwpn(o, "wwpn2", pair->wwpn[1]);
        json_object_set_int_member(o, "active", pair->active);
        json_array_add_object_element(wwpns, o);
    }
    json_object_set_array_member(object, "capabilities", caps);
    json_object_set_array_member(object, "page-sizes", sizes);
    json_object_set_array_member(object, "memory", memory);
    json_object_set_array_member(object, "devices", devices);
    json_object_set_array_member(object, "wwpns", wwpns);
    if (offer->looks->len > 0) {
        json_object_set_array_member(object, "looks", looks_to_json(offer));
        json_object_set_array_member(object, "luns", luns_to_json(offer));
    }
}

JsonNode *lpm_offer_to_json(const LpmOffer *offer)
{
    JsonObject *object = json_object_new();
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);

    json_object_set_int_member(object, "version", offer->version);
    json_object_set_int_member(object, "min-version", offer->min_version);
    put_string(object, "arch", offer->arch);
    put_string(object, "qemu-version", offer->qemu_version);
    put_string(object, "machine", offer->machine);
    put_string(object, "name", offer->name);
    put_string(object, "uuid", offer->uuid);
    put_string(object, "run-state", offer->run_state);
    put_string(object, "guest-state", offer->guest_state);
    json_object_set_object_member(object, "cpu", cpu_to_json(offer));
    put_string(object, "ic-mode", offer->ic_mode);
    put_string(object, "ic-current", offer->ic_current);
    put_string(object, "mmu-current", offer->mmu_current);
    json_object_set_array_member(object, "mmu-modes",
                                 strings_to_json(offer->mmu_modes));
    json_object_set_int_member(object, "target-page-size",
                               offer->target_page_size);
    lists_to_json(offer, object);
    json_object_set_object_member(object, "stream", stream_to_json(offer));
    json_node_take_object(node, object);
    return node;
}

static gboolean read_reason(LpmAnswer *answer, JsonObject *object,
                            const LpmJsonPath *path, GError **error)
{
    static const char *const members[] = {
        "id", "title", "source", "destination", "remedy", "severity",
    };
    char *text[G_N_ELEMENTS(members)] = { NULL };
    gboolean ok = TRUE;

    for (gsize i = 0; ok && i < G_N_ELEMENTS(members); i++) {
        ok = lpm_json_get_string(object, path, members[i], REQ,
                                 TEXT_MAX_BYTES, &text[i], error);
    }
    if (ok && !g_str_equal(text[5], "error") &&
        !g_str_equal(text[5], "warning")) {
        g_autofree char *pointer = lpm_json_pointer(path, "severity");

        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s: got '%s', wanted error or warning", pointer,
                    text[5]);
        ok = FALSE;
    }
    if (ok) {
        lpm_answer_add(answer, g_str_equal(text[5], "error") ?
                       LPM_SEVERITY_ERROR : LPM_SEVERITY_WARNING,
                       text[0], text[1], text[2], text[3], text[4]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_free(text[i]);
    }
    return ok;
}

LpmAnswer *lpm_answer_from_json(JsonNode *node, GError **error)
{
    static const LpmJsonPath reasons_path = { .key = "reasons" };
    g_autoptr(LpmAnswer) answer = lpm_answer_new();
    JsonObject *object = lpm_json_object(node, NULL, error);
    JsonArray *reasons = NULL;
    gboolean accepted = FALSE;

    if (object == NULL ||
        !lpm_json_get_bool(object, NULL, "accepted", REQ, &accepted,
                           error) ||
        !get_name(object, NULL, "preferred-mode", OPT,
                  &answer->preferred_mode, error) ||
        !lpm_json_get_array(object, NULL, "reasons", REQ,
                            LPM_ANSWER_REASONS_MAX, &reasons, error)) {
        return NULL;
    }
    for (guint i = 0; i < json_array_get_length(reasons); i++) {
        LpmJsonPath at = { .up = &reasons_path, .index = i };
        JsonObject *reason =
            lpm_json_object(json_array_get_element(reasons, i), &at, error);

        if (reason == NULL || !read_reason(answer, reason, &at, error)) {
            return NULL;
        }
    }
    answer->accepted = accepted;
    return g_steal_pointer(&answer);
}
