/*
 * The offer: what one side of a move is, in the terms both sides compare
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "../bytes/record.h"
#include "../error/lpm-error.h"
#include "offer.h"

#define WHAT "offer"

/* What this code writes, not what an offer was once read from. */
static const LpmRecordKind record_kind = {
    .what = WHAT,
    .magic = 0x4c504d4fu,   /* "LPMO" */
    .version = LPM_OFFER_VERSION,
    .min_version = LPM_OFFER_MIN_VERSION,
    .max_bytes = LPM_OFFER_MAX_BYTES,
};

/* FORMATS.md 1.  Numbers are never used twice. */
typedef enum Tag {
    TAG_ARCH = 0x0001,
    TAG_QEMU_VERSION = 0x0002,
    TAG_MACHINE = 0x0003,
    TAG_NAME = 0x0004,
    TAG_UUID = 0x0005,
    TAG_RUN_STATE = 0x0006,
    TAG_GUEST_STATE = 0x0007,

    TAG_CPU_MODEL = 0x0101,
    TAG_PVR = 0x0102,
    TAG_PVR_MASK = 0x0103,
    TAG_PREFERRED_MODE = 0x0104,
    TAG_CURRENT_MODE = 0x0105,
    TAG_MODES = 0x0106,
    TAG_CPUS = 0x0107,
    TAG_MAX_CPUS = 0x0108,
    TAG_SOCKETS = 0x0109,
    TAG_CORES = 0x010a,
    TAG_THREADS = 0x010b,
    TAG_VSMT = 0x010c,
    TAG_CAPS = 0x010d,
    TAG_CPU_ARCH = 0x0120,
    TAG_CPU_FEATURES = 0x0121,
    TAG_CPU_VERSION = 0x0122,
    TAG_NWINDOWS = 0x0123,
    TAG_MMU_VERSION = 0x0124,
    TAG_MAX_TRAP_LEVEL = 0x0125,

    TAG_IC_MODE = 0x0201,
    TAG_IC_CURRENT = 0x0202,
    TAG_MMU_CURRENT = 0x0203,
    TAG_MMU_MODES = 0x0204,
    TAG_PAGE_SIZES = 0x0205,
    TAG_TARGET_PAGE_SIZE = 0x0206,

    TAG_BLOCKS = 0x0301,
    TAG_DEVICES = 0x0302,
    TAG_WWPNS = 0x0303,
    TAG_LOOKS = 0x0304,
    TAG_LUNS = 0x0305,

    TAG_MULTIFD = 0x0401,
    TAG_CHANNELS = 0x0402,
    TAG_COMPRESSION = 0x0403,
    TAG_MIGRATION_CAPS = 0x0404,
    TAG_CODEC_VERSION = 0x0405,
    TAG_CODEC_FRAME_BYTES = 0x0406,
} Tag;

typedef enum Kind {
    KIND_STRING,        /* char * */
    KIND_U32,           /* guint32 */
    KIND_U64,           /* guint64 */
    KIND_NUMBER,        /* LpmOfferNumber */
    KIND_BOOL,          /* gboolean */
    KIND_STRINGS,       /* GPtrArray * of char * */
    KIND_SIZES,         /* GArray * of guint64 */
    KIND_CAPS,
    KIND_BLOCKS,
    KIND_DEVICES,
    KIND_WWPNS,
    KIND_LOOKS,
    KIND_LUNS,
} Kind;

/*
 * One row per field; both directions walk this table, so that they cannot
 * disagree.  In the order of the tags: records hold their fields ascending.
 */
typedef struct Field {
    Tag tag;
    Kind kind;
    gsize offset;
    guint32 max;            /* items of a list */
    guint16 flags;          /* for a reader that does not know the field */
} Field;

#define CRITICAL(t, k, member, m) \
    { TAG_##t, KIND_##k, G_STRUCT_OFFSET(LpmOffer, member), \
      m, LPM_RECORD_CRITICAL }
#define FOR_PEOPLE(t, k, member) \
    { TAG_##t, KIND_##k, G_STRUCT_OFFSET(LpmOffer, member), 0, 0 }

static const Field fields[] = {
    CRITICAL(ARCH, STRING, arch, 0),
    FOR_PEOPLE(QEMU_VERSION, STRING, qemu_version),
    CRITICAL(MACHINE, STRING, machine, 0),
    FOR_PEOPLE(NAME, STRING, name),
    FOR_PEOPLE(UUID, STRING, uuid),
    FOR_PEOPLE(RUN_STATE, STRING, run_state),
    CRITICAL(GUEST_STATE, STRING, guest_state, 0),
    CRITICAL(CPU_MODEL, STRING, cpu_model, 0),
    CRITICAL(PVR, U32, pvr, 0),
    CRITICAL(PVR_MASK, U32, pvr_mask, 0),
    CRITICAL(PREFERRED_MODE, STRING, preferred_mode, 0),
    CRITICAL(CURRENT_MODE, STRING, current_mode, 0),
    CRITICAL(MODES, STRINGS, modes, LPM_OFFER_MODES_MAX),
    CRITICAL(CPUS, U32, cpus, 0),
    CRITICAL(MAX_CPUS, U32, max_cpus, 0),
    CRITICAL(SOCKETS, U32, sockets, 0),
    CRITICAL(CORES, U32, cores, 0),
    CRITICAL(THREADS, U32, threads, 0),
    CRITICAL(VSMT, U32, vsmt, 0),
    CRITICAL(CAPS, CAPS, caps, LPM_OFFER_CAPS_MAX),
    CRITICAL(CPU_ARCH, STRING, cpu_arch, 0),
    CRITICAL(CPU_FEATURES, STRINGS, cpu_features, LPM_OFFER_FEATURES_MAX),
    CRITICAL(CPU_VERSION, U64, cpu_version, 0),
    CRITICAL(NWINDOWS, U32, nwindows, 0),
    CRITICAL(MMU_VERSION, NUMBER, mmu_version, 0),
    CRITICAL(MAX_TRAP_LEVEL, U32, max_trap_level, 0),
    CRITICAL(IC_MODE, STRING, ic_mode, 0),
    CRITICAL(IC_CURRENT, STRING, ic_current, 0),
    CRITICAL(MMU_CURRENT, STRING, mmu_current, 0),
    CRITICAL(MMU_MODES, STRINGS, mmu_modes, LPM_OFFER_MODES_MAX),
    CRITICAL(PAGE_SIZES, SIZES, page_sizes, LPM_OFFER_PAGE_SIZES_MAX),
    CRITICAL(TARGET_PAGE_SIZE, U32, target_page_size, 0),
    CRITICAL(BLOCKS, BLOCKS, blocks, LPM_OFFER_BLOCKS_MAX),
    CRITICAL(DEVICES, DEVICES, devices, LPM_OFFER_DEVICES_MAX),
    CRITICAL(WWPNS, WWPNS, wwpns, LPM_OFFER_WWPNS_MAX),
    CRITICAL(LOOKS, LOOKS, looks, LPM_OFFER_LOOKS_MAX),
    CRITICAL(LUNS, LUNS, luns, LPM_OFFER_LUNS_MAX),
    CRITICAL(MULTIFD, BOOL, multifd, 0),
    CRITICAL(CHANNELS, U32, channels, 0),
    CRITICAL(COMPRESSION, STRING, compression, 0),
    CRITICAL(MIGRATION_CAPS, STRINGS, migration_caps, LPM_OFFER_MIGCAPS_MAX),
    CRITICAL(CODEC_VERSION, U32, codec_version, 0),
    CRITICAL(CODEC_FRAME_BYTES, U32, codec_frame_bytes, 0),
};
#undef CRITICAL
#undef FOR_PEOPLE

static void clear_cap(gpointer item)
{
    LpmOfferCap *cap = item;

    g_free(cap->name);
    g_free(cap->value);
}

static void clear_block(gpointer item)
{
    g_free(((LpmOfferBlock *)item)->name);
}

static void clear_device(gpointer item)
{
    g_free(((LpmOfferDevice *)item)->id);
}

static void clear_look(gpointer item)
{
    g_free(((LpmOfferLook *)item)->failure);
}

static void clear_lun(gpointer item)
{
    LpmOfferLun *lun = item;

    g_free(lun->name);
    g_free(lun->identity);
    g_free(lun->reserved);
}

static GArray *new_array(gsize item_bytes, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, item_bytes);

    if (clear) {
        g_array_set_clear_func(array, clear);
    }
    return array;
}

LpmOffer *lpm_offer_new(void)
{
    LpmOffer *offer = g_new0(LpmOffer, 1);

    offer->version = LPM_OFFER_VERSION;
    offer->min_version = LPM_OFFER_MIN_VERSION;
    offer->modes = g_ptr_array_new_with_free_func(g_free);
    offer->caps = new_array(sizeof(LpmOfferCap), clear_cap);
    offer->cpu_features = g_ptr_array_new_with_free_func(g_free);
    offer->mmu_modes = g_ptr_array_new_with_free_func(g_free);
    offer->page_sizes = new_array(sizeof(guint64), NULL);
    offer->blocks = new_array(sizeof(LpmOfferBlock), clear_block);
    offer->devices = new_array(sizeof(LpmOfferDevice), clear_device);
    offer->wwpns = new_array(sizeof(LpmOfferWwpn), NULL);
    offer->looks = new_array(sizeof(LpmOfferLook), clear_look);
    offer->luns = new_array(sizeof(LpmOfferLun), clear_lun);
    offer->migration_caps = g_ptr_array_new_with_free_func(g_free);
    return offer;
}

void lpm_offer_free(LpmOffer *offer)
{
    if (!offer) {
        return;
    }
    g_free(offer->arch);
    g_free(offer->qemu_version);
    g_free(offer->machine);
    g_free(offer->name);
    g_free(offer->uuid);
    g_free(offer->run_state);
    g_free(offer->guest_state);
    g_free(offer->cpu_model);
    g_free(offer->preferred_mode);
    g_free(offer->current_mode);
    g_ptr_array_unref(offer->modes);
    g_array_unref(offer->caps);
    g_free(offer->cpu_arch);
    g_ptr_array_unref(offer->cpu_features);
    g_free(offer->ic_mode);
    g_free(offer->ic_current);
    g_free(offer->mmu_current);
    g_ptr_array_unref(offer->mmu_modes);
    g_array_unref(offer->page_sizes);
    g_array_unref(offer->blocks);
    g_array_unref(offer->devices);
    g_array_unref(offer->wwpns);
    g_array_unref(offer->looks);
    g_array_unref(offer->luns);
    g_free(offer->compression);
    g_ptr_array_unref(offer->migration_caps);
    g_free(offer);
}

void lpm_offer_add_cap(LpmOffer *offer, const char *name, guint64 level,
                       const char *value)
{
    LpmOfferCap cap = {
        .name = g_strdup(name),
        .value = g_strdup(value),
        .level = level,
    };

    g_array_append_val(offer->caps, cap);
}

void lpm_offer_add_block(LpmOffer *offer, const char *name, guint64 size,
                         guint64 max_size, guint64 page_size)
{
    LpmOfferBlock block = {
        .name = g_strdup(name),
        .size = size,
        .max_size = max_size,
        .page_size = page_size,
    };

    g_array_append_val(offer->blocks, block);
}

void lpm_offer_add_device(LpmOffer *offer, const char *id, guint32 instance,
                          guint32 version, guint32 min_version)
{
    LpmOfferDevice device = {
        .id = g_strdup(id),
        .instance = instance,
        .version = version,
        .min_version = min_version,
    };

    g_array_append_val(offer->devices, device);
}

void lpm_offer_add_look(LpmOffer *offer, guint32 reg, guint64 wwpn,
                        guint64 max_transfer, const char *failure)
{
    LpmOfferLook look = {
        .wwpn = wwpn,
        .max_transfer = max_transfer,
        .reg = reg,
        .failure = g_strdup(failure),
    };

    g_array_append_val(offer->looks, look);
}

void lpm_offer_add_lun(LpmOffer *offer, const LpmOfferLun *lun)
{
    LpmOfferLun copy = *lun;

    copy.name = g_strdup(lun->name);
    copy.identity = g_strdup(lun->identity);
    copy.reserved = g_strdup(lun->reserved);
    g_array_append_val(offer->luns, copy);
}

/* ---- items of lists ---- */

static gboolean check_string(const char *s, GError **error)
{
    gsize len = s ? strlen(s) : 0;

    if (len > LPM_OFFER_STRING_MAX) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    WHAT " has a string of %" G_GSIZE_FORMAT
                    " bytes, at most %u can be sent", len,
                    LPM_OFFER_STRING_MAX);
        return FALSE;
    }
    if (len == 0 || !lpm_string_is_plain(s, len)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    WHAT " has a name that is empty or not plain UTF-8 text");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_count(guint len, const Field *field, GError **error)
{
    if (len > field->max) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    WHAT " field 0x%04x has %u items, at most %u can be sent",
                    field->tag, len, field->max);
        return FALSE;
    }
    return TRUE;
}

static gsize field_begin(LpmWriter *writer, const Field *field)
{
    return lpm_record_field_begin(writer, field->tag, field->flags);
}

/* A text of a list item: length 0 is that there is none. */
static gboolean write_text(LpmWriter *writer, const char *text,
                           GError **error)
{
    gboolean there = text && *text;

    if (there && !check_string(text, error)) {
        return FALSE;
    }
    lpm_writer_string16(writer, there ? text : "");
    return TRUE;
}

static gboolean write_name(LpmWriter *writer, const char *name,
                           GError **error)
{
    if (!check_string(name, error)) {
        return FALSE;
    }
    lpm_writer_string16(writer, name);
    return TRUE;
}

static gboolean write_cap(LpmWriter *writer, const void *item, GError **error)
{
    const LpmOfferCap *cap = item;

    lpm_writer_u64(writer, cap->level);
    return write_name(writer, cap->name, error) &&
           write_text(writer, cap->value, error);
}

static gboolean write_block(LpmWriter *writer, const void *item,
                            GError **error)
{
    const LpmOfferBlock *block = item;

    lpm_writer_u64(writer, block->size);
    lpm_writer_u64(writer, block->max_size);
    lpm_writer_u64(writer, block->page_size);
    return write_name(writer, block->name, error);
}

static gboolean write_device(LpmWriter *writer, const void *item,
                             GError **error)
{
    const LpmOfferDevice *device = item;

    lpm_writer_u32(writer, device->instance);
    lpm_writer_u32(writer, device->version);
    lpm_writer_u32(writer, device->min_version);
    return write_name(writer, device->id, error);
}

static gboolean write_wwpn(LpmWriter *writer, const void *item,
                           GError **error)
{
    const LpmOfferWwpn *pair = item;

    (void)error;
    lpm_writer_u64(writer, pair->wwpn[0]);
    lpm_writer_u64(writer, pair->wwpn[1]);
    lpm_writer_u32(writer, pair->reg);
    lpm_writer_u32(writer, pair->active);
    return TRUE;
}

static gboolean write_look(LpmWriter *writer, const void *item,
                           GError **error)
{
    const LpmOfferLook *look = item;

    lpm_writer_u64(writer, look->wwpn);
    lpm_writer_u64(writer, look->max_transfer);
    lpm_writer_u32(writer, look->reg);
    return write_text(writer, look->failure, error);
}

static gboolean write_lun(LpmWriter *writer, const void *item, GError **error)
{
    const LpmOfferLun *lun = item;

    lpm_writer_u64(writer, lun->target);
    lpm_writer_u64(writer, lun->blocks);
    lpm_writer_u64(writer, lun->max_transfer);
    lpm_writer_u32(writer, lun->reg);
    lpm_writer_u32(writer, lun->lun);
    lpm_writer_u32(writer, lun->block_bytes);
    return write_text(writer, lun->name, error) &&
           write_text(writer, lun->identity, error) &&
           write_text(writer, lun->reserved, error);
}

static gboolean write_size(LpmWriter *writer, const void *item,
                           GError **error)
{
    (void)error;
    lpm_writer_u64(writer, *(const guint64 *)item);
    return TRUE;
}

/* Readers of one item: what they return is owned by it, also on failure. */

static gboolean read_name(LpmReader *in, char **ret, GError **error)
{
    return lpm_reader_string16(in, LPM_OFFER_STRING_MAX, ret, error);
}

/* NULL if it is empty. */
static gboolean read_text(LpmReader *in, char **ret, GError **error)
{
    if (!lpm_reader_text16(in, LPM_OFFER_STRING_MAX, ret, error)) {
        return FALSE;
    }
    if (**ret == '\0') {
        g_clear_pointer(ret, g_free);
    }
    return TRUE;
}

static gboolean read_size(LpmReader *in, void *ret_item, GError **error)
{
    return lpm_reader_u64(in, ret_item, error);
}

static gboolean read_cap(LpmReader *in, void *ret_item, GError **error)
{
    LpmOfferCap *cap = ret_item;

    return lpm_reader_u64(in, &cap->level, error) &&
           read_name(in, &cap->name, error) &&
           read_text(in, &cap->value, error);
}

static gboolean read_block(LpmReader *in, void *ret_item, GError **error)
{
    LpmOfferBlock *block = ret_item;

    return lpm_reader_u64(in, &block->size, error) &&
           lpm_reader_u64(in, &block->max_size, error) &&
           lpm_reader_u64(in, &block->page_size, error) &&
           read_name(in, &block->name, error);
}

static gboolean read_device(LpmReader *in, void *ret_item, GError **error)
{
    LpmOfferDevice *device = ret_item;

    return lpm_reader_u32(in, &device->instance, error) &&
           lpm_reader_u32(in, &device->version, error) &&
           lpm_reader_u32(in, &device->min_version, error) &&
           read_name(in, &device->id, error);
}

static gboolean read_wwpn(LpmReader *in, void *ret_item, GError **error)
{
    LpmOfferWwpn *pair = ret_item;

    if (!lpm_reader_u64(in, &pair->wwpn[0], error) ||
        !lpm_reader_u64(in, &pair->wwpn[1], error) ||
        !lpm_reader_u32(in, &pair->reg, error) ||
        !lpm_reader_u32(in, &pair->active, error)) {
        return FALSE;
    }
    if (pair->active > 2) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    WHAT " has active WWPN %" G_GUINT32_FORMAT
                    ", wanted 0, 1 or 2", pair->active);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_look(LpmReader *in, void *ret_item, GError **error)
{
    LpmOfferLook *look = ret_item;

    return lpm_reader_u64(in, &look->wwpn, error) &&
           lpm_reader_u64(in, &look->max_transfer, error) &&
           lpm_reader_u32(in, &look->reg, error) &&
           read_text(in, &look->failure, error);
}

static gboolean read_lun(LpmReader *in, void *ret_item, GError **error)
{
    LpmOfferLun *lun = ret_item;

    return lpm_reader_u64(in, &lun->target, error) &&
           lpm_reader_u64(in, &lun->blocks, error) &&
           lpm_reader_u64(in, &lun->max_transfer, error) &&
           lpm_reader_u32(in, &lun->reg, error) &&
           lpm_reader_u32(in, &lun->lun, error) &&
           lpm_reader_u32(in, &lun->block_bytes, error) &&
           read_text(in, &lun->name, error) &&
           read_text(in, &lun->identity, error) &&
           read_text(in, &lun->reserved, error);
}

/* Lists of numbers and structs: an item in either direction. */
static const struct {
    gsize bytes;            /* of the struct */
    guint32 least;          /* bytes of an item in a record */
    gboolean (*write)(LpmWriter *writer, const void *item, GError **error);
    gboolean (*read)(LpmReader *in, void *ret_item, GError **error);
} items[] = {
    [KIND_SIZES] = { sizeof(guint64), 8, write_size, read_size },
    [KIND_CAPS] = { sizeof(LpmOfferCap), 13, write_cap, read_cap },
    [KIND_BLOCKS] = { sizeof(LpmOfferBlock), 27, write_block, read_block },
    [KIND_DEVICES] = { sizeof(LpmOfferDevice), 15, write_device,
                       read_device },
    [KIND_WWPNS] = { sizeof(LpmOfferWwpn), 24, write_wwpn, read_wwpn },
    [KIND_LOOKS] = { sizeof(LpmOfferLook), 22, write_look, read_look },
    [KIND_LUNS] = { sizeof(LpmOfferLun), 42, write_lun, read_lun },
};

static gboolean write_items(LpmWriter *writer, const Field *field,
                            const void *member, GError **error)
{
    const GArray *array = *(GArray *const *)member;
    gsize at;

    if (array->len == 0) {
        return TRUE;
    }
    if (!check_count(array->len, field, error)) {
        return FALSE;
    }
    at = field_begin(writer, field);
    lpm_writer_u32(writer, array->len);
    for (guint i = 0; i < array->len; i++) {
        if (!items[field->kind].write(writer, array->data +
                                      i * items[field->kind].bytes, error)) {
            return FALSE;
        }
    }
    lpm_record_field_end(writer, at);
    return TRUE;
}

static gboolean write_strings(LpmWriter *writer, const Field *field,
                              const void *member, GError **error)
{
    const GPtrArray *strings = *(GPtrArray *const *)member;
    gsize at;

    if (strings->len == 0) {
        return TRUE;
    }
    if (!check_count(strings->len, field, error)) {
        return FALSE;
    }
    at = field_begin(writer, field);
    lpm_writer_u32(writer, strings->len);
    for (guint i = 0; i < strings->len; i++) {
        const char *s = g_ptr_array_index(strings, i);

        if (!check_string(s, error)) {
            return FALSE;
        }
        lpm_writer_string16(writer, s);
    }
    lpm_record_field_end(writer, at);
    return TRUE;
}

/* An absent fact is an absent field. */
static gboolean write_field(LpmWriter *writer, const Field *field,
                            const LpmOffer *offer, GError **error)
{
    const void *member = G_STRUCT_MEMBER_P(offer, field->offset);
    const LpmOfferNumber *optional;
    const char *s;
    guint64 large;
    guint32 number;
    gsize at;

    switch (field->kind) {
    case KIND_STRING:
        s = *(char *const *)member;
        if (!s || *s == '\0') {
            return TRUE;
        }
        if (!check_string(s, error)) {
            return FALSE;
        }
        at = field_begin(writer, field);
        lpm_writer_bytes(writer, s, strlen(s));
        lpm_record_field_end(writer, at);
        return TRUE;
    case KIND_U32:
        number = *(const guint32 *)member;
        if (number == 0) {
            return TRUE;
        }
        at = field_begin(writer, field);
        lpm_writer_u32(writer, number);
        lpm_record_field_end(writer, at);
        return TRUE;
    case KIND_U64:
        large = *(const guint64 *)member;
        if (large == 0) {
            return TRUE;
        }
        at = field_begin(writer, field);
        lpm_writer_u64(writer, large);
        lpm_record_field_end(writer, at);
        return TRUE;
    case KIND_NUMBER:
        optional = member;
        if (!optional->known) {
            return TRUE;
        }
        at = field_begin(writer, field);
        lpm_writer_u32(writer, optional->value);
        lpm_record_field_end(writer, at);
        return TRUE;
    case KIND_BOOL:
        at = field_begin(writer, field);
        lpm_writer_u8(writer, *(const gboolean *)member ? 1 : 0);
        lpm_record_field_end(writer, at);
        return TRUE;
    case KIND_STRINGS:
        return write_strings(writer, field, member, error);
    case KIND_SIZES:
    case KIND_CAPS:
    case KIND_BLOCKS:
    case KIND_DEVICES:
    case KIND_WWPNS:
    case KIND_LOOKS:
    case KIND_LUNS:
        return write_items(writer, field, member, error);
    }
    g_assert_not_reached();
}

GBytes *lpm_offer_encode(const LpmOffer *offer, GError **error)
{
    g_auto(LpmWriter) writer = { 0 };

    lpm_record_begin(&writer, &record_kind);
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!write_field(&writer, &fields[i], offer, error)) {
            return NULL;
        }
    }
    return lpm_record_finish(&writer, error);
}

/* ---- reading ---- */

static gboolean read_items(LpmReader *in, const Field *field, GArray *array,
                           GError **error)
{
    guint32 count;

    if (!lpm_reader_count(in, field->max, items[field->kind].least, &count,
                          error)) {
        return FALSE;
    }
    for (guint32 i = 0; i < count; i++) {
        g_array_set_size(array, i + 1);
        if (!items[field->kind].read(in, array->data +
                                     i * items[field->kind].bytes, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_strings(LpmReader *in, guint32 count, GPtrArray *array,
                             GError **error)
{
    for (guint32 i = 0; i < count; i++) {
        char *s;

        if (!lpm_reader_string16(in, LPM_OFFER_STRING_MAX, &s, error)) {
            return FALSE;
        }
        g_ptr_array_add(array, s);
    }
    return TRUE;
}

/* @in holds the field's value and nothing else. */
static gboolean read_field(LpmReader *in, const Field *field, LpmOffer *offer,
                           GError **error)
{
    void *member = G_STRUCT_MEMBER_P(offer, field->offset);
    guint32 count;
    guint8 flag;

    switch (field->kind) {
    case KIND_STRING:
        return lpm_reader_string(in, in->left, LPM_OFFER_STRING_MAX,
                                 (char **)member, error);
    case KIND_U32:
        return lpm_reader_u32(in, (guint32 *)member, error);
    case KIND_U64:
        return lpm_reader_u64(in, (guint64 *)member, error);
    case KIND_NUMBER:
        ((LpmOfferNumber *)member)->known = TRUE;
        return lpm_reader_u32(in, &((LpmOfferNumber *)member)->value, error);
    case KIND_BOOL:
        if (!lpm_reader_u8(in, &flag, error)) {
            return FALSE;
        }
        if (flag > 1) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        WHAT " field 0x%04x is %u, wanted 0 or 1",
                        field->tag, flag);
            return FALSE;
        }
        *(gboolean *)member = flag;
        return TRUE;
    case KIND_STRINGS:
        return lpm_reader_count(in, field->max, 3, &count, error) &&
               read_strings(in, count, *(GPtrArray **)member, error);
    case KIND_SIZES:
    case KIND_CAPS:
    case KIND_BLOCKS:
    case KIND_DEVICES:
    case KIND_WWPNS:
    case KIND_LOOKS:
    case KIND_LUNS:
        return read_items(in, field, *(GArray **)member, error);
    }
    g_assert_not_reached();
}

static const Field *find_field(guint16 tag)
{
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (fields[i].tag == tag) {
            return &fields[i];
        }
    }
    return NULL;
}

LpmOffer *lpm_offer_decode(const guint8 *buf, gsize len, GError **error)
{
    g_autoptr(LpmOffer) offer = lpm_offer_new();
    LpmRecordReader in;

    if (!lpm_record_open(&in, buf, len, &record_kind, error)) {
        return NULL;
    }
    offer->version = in.version;
    offer->min_version = in.min_version;
    while (!lpm_record_at_end(&in)) {
        const Field *field;
        LpmReader value;
        guint16 tag, flags;

        if (!lpm_record_next(&in, &tag, &flags, &value, error)) {
            return NULL;
        }
        field = find_field(tag);
        if (!field) {
            if (!lpm_record_skip(&in, tag, flags, error)) {
                return NULL;
            }
            continue;
        }
        if (!read_field(&value, field, offer, error) ||
            !lpm_reader_end(&value, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&offer);
}
