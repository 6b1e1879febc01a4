/*
 * Offers on the wire
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "compat/offer.h"
#include "error/lpm-error.h"
#include "offers.h"
#include "vectors.h"

static LpmOffer *decode(GBytes *bytes, GError **error)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    return lpm_offer_decode(data, len, error);
}

static void assert_bytes(GBytes *got, GBytes *wanted)
{
    g_assert_cmpmem(g_bytes_get_data(got, NULL), g_bytes_get_size(got),
                    g_bytes_get_data(wanted, NULL), g_bytes_get_size(wanted));
}

static void assert_strings(const GPtrArray *got, const GPtrArray *wanted)
{
    g_assert_cmpuint(got->len, ==, wanted->len);
    for (guint i = 0; i < got->len; i++) {
        g_assert_cmpstr(g_ptr_array_index(got, i), ==,
                        g_ptr_array_index(wanted, i));
    }
}

/* Field by field, so that a field that is never written does not pass. */
static void assert_same(const LpmOffer *got, const LpmOffer *wanted)
{
    g_assert_cmpuint(got->version, ==, 1);
    g_assert_cmpuint(got->min_version, ==, 1);
    g_assert_cmpstr(got->arch, ==, wanted->arch);
    g_assert_cmpstr(got->qemu_version, ==, wanted->qemu_version);
    g_assert_cmpstr(got->machine, ==, wanted->machine);
    g_assert_cmpstr(got->name, ==, wanted->name);
    g_assert_cmpstr(got->uuid, ==, wanted->uuid);
    g_assert_cmpstr(got->run_state, ==, wanted->run_state);
    g_assert_cmpstr(got->cpu_model, ==, wanted->cpu_model);
    g_assert_cmphex(got->pvr, ==, wanted->pvr);
    g_assert_cmphex(got->pvr_mask, ==, wanted->pvr_mask);
    g_assert_cmpstr(got->preferred_mode, ==, wanted->preferred_mode);
    g_assert_cmpstr(got->current_mode, ==, wanted->current_mode);
    assert_strings(got->modes, wanted->modes);
    g_assert_cmpstr(got->guest_state, ==, wanted->guest_state);
    g_assert_cmpstr(got->cpu_arch, ==, wanted->cpu_arch);
    assert_strings(got->cpu_features, wanted->cpu_features);
    g_assert_cmphex(got->cpu_version, ==, wanted->cpu_version);
    g_assert_cmpuint(got->nwindows, ==, wanted->nwindows);
    g_assert_cmpint(got->mmu_version.known, ==, wanted->mmu_version.known);
    g_assert_cmpuint(got->mmu_version.value, ==, wanted->mmu_version.value);
    g_assert_cmpuint(got->max_trap_level, ==, wanted->max_trap_level);
    g_assert_cmpuint(got->cpus, ==, wanted->cpus);
    g_assert_cmpuint(got->max_cpus, ==, wanted->max_cpus);
    g_assert_cmpuint(got->sockets, ==, wanted->sockets);
    g_assert_cmpuint(got->cores, ==, wanted->cores);
    g_assert_cmpuint(got->threads, ==, wanted->threads);
    g_assert_cmpuint(got->vsmt, ==, wanted->vsmt);
    g_assert_cmpuint(got->caps->len, ==, wanted->caps->len);
    for (guint i = 0; i < got->caps->len; i++) {
        LpmOfferCap *a = &g_array_index(got->caps, LpmOfferCap, i);
        LpmOfferCap *b = &g_array_index(wanted->caps, LpmOfferCap, i);

        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_cmpstr(a->value, ==, b->value);
        g_assert_cmpuint(a->level, ==, b->level);
    }
    g_assert_cmpstr(got->ic_mode, ==, wanted->ic_mode);
    g_assert_cmpstr(got->ic_current, ==, wanted->ic_current);
    g_assert_cmpstr(got->mmu_current, ==, wanted->mmu_current);
    assert_strings(got->mmu_modes, wanted->mmu_modes);
    g_assert_cmpmem(got->page_sizes->data, got->page_sizes->len * 8,
                    wanted->page_sizes->data, wanted->page_sizes->len * 8);
    g_assert_cmpuint(got->target_page_size, ==, wanted->target_page_size);
    g_assert_cmpuint(got->blocks->len, ==, wanted->blocks->len);
    for (guint i = 0; i < got->blocks->len; i++) {
        LpmOfferBlock *a = &g_array_index(got->blocks, LpmOfferBlock, i);
        LpmOfferBlock *b = &g_array_index(wanted->blocks, LpmOfferBlock, i);

        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_cmpuint(a->size, ==, b->size);
        g_assert_cmpuint(a->max_size, ==, b->max_size);
        g_assert_cmpuint(a->page_size, ==, b->page_size);
    }
    g_assert_cmpuint(got->devices->len, ==, wanted->devices->len);
    for (guint i = 0; i < got->devices->len; i++) {
        LpmOfferDevice *a = &g_array_index(got->devices, LpmOfferDevice, i);
        LpmOfferDevice *b = &g_array_index(wanted->devices, LpmOfferDevice, i);

        g_assert_cmpstr(a->id, ==, b->id);
        g_assert_cmpuint(a->instance, ==, b->instance);
        g_assert_cmpuint(a->version, ==, b->version);
        g_assert_cmpuint(a->min_version, ==, b->min_version);
    }
    g_assert_cmpuint(got->wwpns->len, ==, wanted->wwpns->len);
    for (guint i = 0; i < got->wwpns->len; i++) {
        LpmOfferWwpn *a = &g_array_index(got->wwpns, LpmOfferWwpn, i);
        LpmOfferWwpn *b = &g_array_index(wanted->wwpns, LpmOfferWwpn, i);

        g_assert_cmphex(a->wwpn[0], ==, b->wwpn[0]);
        g_assert_cmphex(a->wwpn[1], ==, b->wwpn[1]);
        g_assert_cmphex(a->reg, ==, b->reg);
        g_assert_cmpuint(a->active, ==, b->active);
    }
    g_assert_cmpuint(got->looks->len, ==, wanted->looks->len);
    for (guint i = 0; i < got->looks->len; i++) {
        LpmOfferLook *a = &g_array_index(got->looks, LpmOfferLook, i);
        LpmOfferLook *b = &g_array_index(wanted->looks, LpmOfferLook, i);

        g_assert_cmphex(a->reg, ==, b->reg);
        g_assert_cmphex(a->wwpn, ==, b->wwpn);
        g_assert_cmpuint(a->max_transfer, ==, b->max_transfer);
        g_assert_cmpstr(a->failure, ==, b->failure);
    }
    g_assert_cmpuint(got->luns->len, ==, wanted->luns->len);
    for (guint i = 0; i < got->luns->len; i++) {
        LpmOfferLun *a = &g_array_index(got->luns, LpmOfferLun, i);
        LpmOfferLun *b = &g_array_index(wanted->luns, LpmOfferLun, i);

        g_assert_cmphex(a->target, ==, b->target);
        g_assert_cmpuint(a->blocks, ==, b->blocks);
        g_assert_cmpuint(a->max_transfer, ==, b->max_transfer);
        g_assert_cmphex(a->reg, ==, b->reg);
        g_assert_cmpuint(a->lun, ==, b->lun);
        g_assert_cmpuint(a->block_bytes, ==, b->block_bytes);
        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_cmpstr(a->identity, ==, b->identity);
        g_assert_cmpstr(a->reserved, ==, b->reserved);
    }
    g_assert_true(got->multifd);
    g_assert_cmpuint(got->channels, ==, wanted->channels);
    g_assert_cmpstr(got->compression, ==, wanted->compression);
    assert_strings(got->migration_caps, wanted->migration_caps);
    g_assert_cmpuint(got->codec_version, ==, wanted->codec_version);
    g_assert_cmpuint(got->codec_frame_bytes, ==, wanted->codec_frame_bytes);
}

/* Of the offers below, one with all that POWER has and one of SPARC. */
typedef LpmOffer *MakeOffer(void);

static MakeOffer *const makers[] = { storage_offer, sparc_offer };

static LpmOffer *make_offer(gconstpointer data)
{
    return (*(MakeOffer *const *)data)();
}

static void test_round_trip(gconstpointer data)
{
    g_autoptr(LpmOffer) offer = make_offer(data);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = lpm_offer_encode(offer, &error);
    g_autoptr(LpmOffer) back = NULL;
    g_autoptr(GBytes) again = NULL;

    g_assert_no_error(error);
    back = decode(bytes, &error);
    g_assert_no_error(error);
    assert_same(back, offer);
    again = lpm_offer_encode(back, &error);
    g_assert_no_error(error);
    assert_bytes(again, bytes);
}

static void assert_golden(const char *name, const LpmOffer *offer)
{
    g_autoptr(GBytes) golden = vector_bytes(name);
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmOffer) back = decode(golden, &error);
    g_autoptr(GBytes) ours = lpm_offer_encode(offer, NULL);

    g_assert_no_error(error);
    assert_same(back, offer);
    assert_bytes(ours, golden);
}

/* Recorded once, never again: what an older release sent must be read. */
static void test_golden(void)
{
    g_autoptr(LpmOffer) offer = full_offer();
    g_autoptr(LpmOffer) storage = storage_offer();
    g_autoptr(LpmOffer) sparc = sparc_offer();

    assert_golden("wire/offer-v1.bin", offer);
    assert_golden("wire/offer-v1-luns.bin", storage);
    assert_golden("wire/offer-v1-sparc.bin", sparc);
}

static void test_empty(void)
{
    g_autoptr(LpmOffer) offer = lpm_offer_new();
    g_autoptr(GBytes) bytes = lpm_offer_encode(offer, NULL);
    g_autoptr(LpmOffer) back = decode(bytes, NULL);
    static const guint8 wanted[] = {
        'L', 'P', 'M', 'O', 0, 1, 0, 1, 0, 0, 0, 21,
        0x04, 0x01, 0, 1, 0, 0, 0, 1, 0,
    };

    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                    wanted, sizeof(wanted));
    g_assert_null(back->arch);
    g_assert_false(back->multifd);
    g_assert_cmpuint(back->blocks->len, ==, 0);
}

/* An empty string is no fact. */
static void test_empty_string(void)
{
    g_autoptr(LpmOffer) offer = lpm_offer_new();
    g_autoptr(LpmOffer) plain = lpm_offer_new();
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) plain_bytes = lpm_offer_encode(plain, NULL);

    offer->name = g_strdup("");
    bytes = lpm_offer_encode(offer, NULL);
    assert_bytes(bytes, plain_bytes);
}

static void test_truncated_everywhere(gconstpointer which)
{
    g_autoptr(LpmOffer) offer = make_offer(which);
    g_autoptr(GBytes) bytes = lpm_offer_encode(offer, NULL);
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    for (gsize cut = 0; cut < len; cut++) {
        /* A copy of its own, so that a sanitizer sees the end. */
        g_autofree guint8 *part = g_memdup2(data, cut);
        g_autoptr(GError) error = NULL;

        g_assert_null(lpm_offer_decode(part, cut, &error));
        g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
    }
}

/* As above, with a header that agrees: each field is cut in turn. */
static void test_shortened_everywhere(gconstpointer which)
{
    g_autoptr(LpmOffer) offer = make_offer(which);
    g_autoptr(GBytes) bytes = lpm_offer_encode(offer, NULL);
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);

    for (gsize cut = 12; cut < len; cut++) {
        g_autofree guint8 *part = g_memdup2(data, cut);
        g_autoptr(LpmOffer) back = NULL;
        g_autoptr(GError) error = NULL;

        part[8] = 0;
        part[9] = cut >> 16;
        part[10] = cut >> 8;
        part[11] = cut;
        back = lpm_offer_decode(part, cut, &error);
        if (!back) {
            g_assert_error(error, LPM_ERROR, LPM_ERROR_TRUNCATED);
        } else {
            /* Only between two fields: then all that is left is whole. */
            g_autoptr(GBytes) again = lpm_offer_encode(back, NULL);

            g_assert_cmpuint(g_bytes_get_size(again), >=, cut);
        }
    }
}

static void test_bit_flips(gconstpointer which)
{
    g_autoptr(LpmOffer) offer = make_offer(which);
    g_autoptr(GBytes) bytes = lpm_offer_encode(offer, NULL);
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    guint refused = 0;

    for (gsize bit = 0; bit < len * 8; bit++) {
        g_autofree guint8 *copy = g_memdup2(data, len);
        g_autoptr(LpmOffer) back = NULL;
        g_autoptr(GError) error = NULL;

        copy[bit / 8] ^= 1 << bit % 8;
        back = lpm_offer_decode(copy, len, &error);
        g_assert_true((back == NULL) == (error != NULL));
        if (back) {
            g_autoptr(GBytes) again = lpm_offer_encode(back, &error);

            g_assert_no_error(error);
            g_assert_nonnull(again);
        } else {
            refused++;
        }
    }
    /* All of the header's: magic, version, length. */
    g_assert_cmpuint(refused, >, 12 * 8 - 32);
}

/* ---- records made by hand ---- */

typedef struct Record {
    const char *name;
    const char *bytes;
    gsize len;
    int code;               /* -1: decodes */
} Record;

#define HEADER(total) "LPMO\0\1\0\1\0\0\0" total
#define RECORD(name, bytes, code) { name, bytes, sizeof(bytes) - 1, code }

static const Record records[] = {
    RECORD("no-fields", HEADER("\14"), -1),
    RECORD("bad-magic", "LPMA\0\1\0\1\0\0\0\14", LPM_ERROR_MALFORMED),
    RECORD("trailing-byte", HEADER("\14") "x", LPM_ERROR_MALFORMED),
    RECORD("length-too-large", HEADER("\15"), LPM_ERROR_TRUNCATED),
    RECORD("length-too-small", HEADER("\13"), LPM_ERROR_MALFORMED),
    RECORD("length-over-limit", "LPMO\0\1\0\1\0\4\0\1", LPM_ERROR_LIMIT),
    RECORD("length-huge", "LPMO\0\1\0\1\377\377\377\377", LPM_ERROR_LIMIT),
    RECORD("version-0", "LPMO\0\0\0\0\0\0\0\14", LPM_ERROR_MALFORMED),
    RECORD("min-version-0", "LPMO\0\1\0\0\0\0\0\14", LPM_ERROR_MALFORMED),
    RECORD("min-above-version", "LPMO\0\1\0\2\0\0\0\14", LPM_ERROR_MALFORMED),
    RECORD("newer-for-newer", "LPMO\0\2\0\2\0\0\0\14", LPM_ERROR_UNSUPPORTED),
    RECORD("newer-for-us", "LPMO\0\7\0\1\0\0\0\14", -1),
    RECORD("unknown-ignorable", HEADER("\27") "\7\1\0\0\0\0\0\3abc", -1),
    RECORD("unknown-critical", HEADER("\27") "\7\1\0\1\0\0\0\3abc",
           LPM_ERROR_UNSUPPORTED),
    RECORD("unknown-flag", HEADER("\27") "\7\1\0\2\0\0\0\3abc",
           LPM_ERROR_UNSUPPORTED),
    RECORD("unknown-too-long", HEADER("\27") "\7\1\0\0\0\0\0\4abc",
           LPM_ERROR_TRUNCATED),
    RECORD("length-wraps", HEADER("\27") "\7\1\0\0\377\377\377\377abc",
           LPM_ERROR_TRUNCATED),
    RECORD("tag-0", HEADER("\27") "\0\0\0\0\0\0\0\3abc", LPM_ERROR_MALFORMED),
    RECORD("arch", HEADER("\27") "\0\1\0\1\0\0\0\3abc", -1),
    RECORD("duplicate", HEADER("\42") "\0\1\0\1\0\0\0\3abc"
           "\0\1\0\1\0\0\0\3abc", LPM_ERROR_MALFORMED),
    RECORD("duplicate-unknown", HEADER("\42") "\7\1\0\0\0\0\0\3abc"
           "\7\1\0\0\0\0\0\3abc", LPM_ERROR_MALFORMED),
    RECORD("descending", HEADER("\42") "\0\3\0\1\0\0\0\3abc"
           "\0\1\0\1\0\0\0\3abc", LPM_ERROR_MALFORMED),
    RECORD("string-empty", HEADER("\24") "\0\1\0\1\0\0\0\0",
           LPM_ERROR_MALFORMED),
    RECORD("string-nul", HEADER("\27") "\0\1\0\1\0\0\0\3a\0c",
           LPM_ERROR_MALFORMED),
    RECORD("string-escape", HEADER("\27") "\0\1\0\1\0\0\0\3a\33c",
           LPM_ERROR_MALFORMED),
    RECORD("string-not-utf8", HEADER("\27") "\0\1\0\1\0\0\0\3a\377c",
           LPM_ERROR_MALFORMED),
    RECORD("number-short", HEADER("\27") "\1\2\0\1\0\0\0\3abc",
           LPM_ERROR_TRUNCATED),
    RECORD("number-long", HEADER("\31") "\1\2\0\1\0\0\0\5abcde",
           LPM_ERROR_MALFORMED),
    RECORD("long-number", HEADER("\34") "\1\42\0\1\0\0\0\10"
           "\0\27\20\0\0\0\5\7", -1),
    RECORD("long-number-short", HEADER("\30") "\1\42\0\1\0\0\0\4\0\27\20\0",
           LPM_ERROR_TRUNCATED),
    RECORD("mmu-version", HEADER("\30") "\1\44\0\1\0\0\0\4\0\0\0\0", -1),
    RECORD("mmu-version-short", HEADER("\27") "\1\44\0\1\0\0\0\3\0\0\0",
           LPM_ERROR_TRUNCATED),
    RECORD("features-too-many", HEADER("\30") "\1\41\0\1\0\0\0\4\0\0\0\201",
           LPM_ERROR_LIMIT),
    RECORD("guest-state-empty", HEADER("\24") "\0\7\0\1\0\0\0\0",
           LPM_ERROR_MALFORMED),
    RECORD("bool-2", HEADER("\25") "\4\1\0\1\0\0\0\1\2",
           LPM_ERROR_MALFORMED),
    RECORD("list-empty", HEADER("\30") "\1\6\0\1\0\0\0\4\0\0\0\0", -1),
    RECORD("list-too-many", HEADER("\30") "\1\6\0\1\0\0\0\4\0\0\0\101",
           LPM_ERROR_LIMIT),
    RECORD("list-huge", HEADER("\30") "\3\2\0\1\0\0\0\4\377\377\377\377",
           LPM_ERROR_LIMIT),
    RECORD("list-cut", HEADER("\30") "\3\2\0\1\0\0\0\4\0\0\20\0",
           LPM_ERROR_TRUNCATED),
    RECORD("list-trailing", HEADER("\31") "\1\6\0\1\0\0\0\5\0\0\0\0x",
           LPM_ERROR_MALFORMED),
    RECORD("cap-without-name", HEADER("\44")
           "\1\15\0\1\0\0\0\20\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0",
           LPM_ERROR_TRUNCATED),
    RECORD("cap-no-value", HEADER("\45")
           "\1\15\0\1\0\0\0\21\0\0\0\1\0\0\0\0\0\0\0\1\0\1c\0\0", -1),
    RECORD("cap-empty-name", HEADER("\45")
           "\1\15\0\1\0\0\0\21\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1c",
           LPM_ERROR_MALFORMED),
    RECORD("wwpn-active-3", HEADER("\60")
           "\3\3\0\1\0\0\0\34\0\0\0\1aaaaaaaabbbbbbbb\0\0\0\1\0\0\0\3",
           LPM_ERROR_MALFORMED),
    RECORD("wwpn", HEADER("\60")
           "\3\3\0\1\0\0\0\34\0\0\0\1aaaaaaaabbbbbbbb\0\0\0\1\0\0\0\2", -1),
};

static void test_record(gconstpointer data)
{
    const Record *record = data;
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *copy = g_memdup2(record->bytes, record->len);
    g_autoptr(LpmOffer) offer = lpm_offer_decode(copy, record->len, &error);

    if (record->code < 0) {
        g_assert_no_error(error);
        g_assert_nonnull(offer);
    } else {
        g_assert_null(offer);
        g_assert_error(error, LPM_ERROR, record->code);
    }
}

/* ---- bounds of the encoder ---- */

static void assert_encode(const LpmOffer *offer, int code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = lpm_offer_encode(offer, &error);

    if (code < 0) {
        g_autoptr(LpmOffer) back = NULL;

        g_assert_no_error(error);
        back = decode(bytes, &error);
        g_assert_no_error(error);
    } else {
        g_assert_null(bytes);
        g_assert_error(error, LPM_ERROR, code);
    }
}

static void test_string_bound(void)
{
    g_autoptr(LpmOffer) offer = lpm_offer_new();

    offer->name = g_strnfill(LPM_OFFER_STRING_MAX, 'a');
    assert_encode(offer, -1);
    g_free(offer->name);
    offer->name = g_strnfill(LPM_OFFER_STRING_MAX + 1, 'a');
    assert_encode(offer, LPM_ERROR_LIMIT);
    set_string(&offer->name, "a\nb");
    assert_encode(offer, LPM_ERROR_MALFORMED);
    set_string(&offer->name, "\xff");
    assert_encode(offer, LPM_ERROR_MALFORMED);
}

static void test_list_bounds(void)
{
    for (guint over = 0; over < 2; over++) {
        int code = over ? LPM_ERROR_LIMIT : -1;
        g_autoptr(LpmOffer) modes = lpm_offer_new();
        g_autoptr(LpmOffer) mmu_modes = lpm_offer_new();
        g_autoptr(LpmOffer) features = lpm_offer_new();
        g_autoptr(LpmOffer) migration_caps = lpm_offer_new();
        g_autoptr(LpmOffer) caps = lpm_offer_new();
        g_autoptr(LpmOffer) sizes = lpm_offer_new();
        g_autoptr(LpmOffer) blocks = lpm_offer_new();
        g_autoptr(LpmOffer) devices = lpm_offer_new();
        g_autoptr(LpmOffer) wwpns = lpm_offer_new();
        g_autoptr(LpmOffer) looks = lpm_offer_new();
        g_autoptr(LpmOffer) luns = lpm_offer_new();

        for (guint i = 0; i < LPM_OFFER_MODES_MAX + over; i++) {
            g_ptr_array_add(modes->modes, g_strdup("m"));
            g_ptr_array_add(mmu_modes->mmu_modes, g_strdup("m"));
        }
        for (guint i = 0; i < LPM_OFFER_FEATURES_MAX + over; i++) {
            g_ptr_array_add(features->cpu_features, g_strdup("f"));
        }
        for (guint i = 0; i < LPM_OFFER_MIGCAPS_MAX + over; i++) {
            g_ptr_array_add(migration_caps->migration_caps, g_strdup("m"));
        }
        for (guint i = 0; i < LPM_OFFER_CAPS_MAX + over; i++) {
            lpm_offer_add_cap(caps, "c", i, i % 2 ? "v" : NULL);
        }
        for (guint i = 0; i < LPM_OFFER_PAGE_SIZES_MAX + over; i++) {
            add_page_size(sizes, i);
        }
        for (guint i = 0; i < LPM_OFFER_BLOCKS_MAX + over; i++) {
            lpm_offer_add_block(blocks, "b", i, i, i);
        }
        for (guint i = 0; i < LPM_OFFER_DEVICES_MAX + over; i++) {
            lpm_offer_add_device(devices, "d", i, i, i);
        }
        for (guint i = 0; i < LPM_OFFER_WWPNS_MAX + over; i++) {
            add_wwpn(wwpns, i, i, i, i % 3);
        }
        for (guint i = 0; i < LPM_OFFER_LOOKS_MAX + over; i++) {
            lpm_offer_add_look(looks, i, i, i, i % 2 ? "no" : NULL);
        }
        for (guint i = 0; i < LPM_OFFER_LUNS_MAX + over; i++) {
            LpmOfferLun lun = { .lun = i };

            lpm_offer_add_lun(luns, &lun);
        }
        assert_encode(modes, code);
        assert_encode(mmu_modes, code);
        assert_encode(features, code);
        assert_encode(migration_caps, code);
        assert_encode(caps, code);
        assert_encode(sizes, code);
        assert_encode(blocks, code);
        assert_encode(devices, code);
        assert_encode(wwpns, code);
        assert_encode(looks, code);
        assert_encode(luns, code);
    }
}

static void test_record_bound(void)
{
    g_autoptr(LpmOffer) offer = lpm_offer_new();
    g_autofree char *id = g_strnfill(LPM_OFFER_STRING_MAX, 'd');

    for (guint i = 0; i < 1024; i++) {
        lpm_offer_add_device(offer, id, i, 1, 1);
    }
    assert_encode(offer, LPM_ERROR_LIMIT);
}

static void test_item_names(void)
{
    g_autoptr(LpmOffer) cap = lpm_offer_new();
    g_autoptr(LpmOffer) block = lpm_offer_new();
    g_autoptr(LpmOffer) device = lpm_offer_new();
    g_autoptr(LpmOffer) mode = lpm_offer_new();

    lpm_offer_add_cap(cap, NULL, 1, NULL);
    assert_encode(cap, LPM_ERROR_MALFORMED);
    lpm_offer_add_block(block, "", 1, 1, 1);
    assert_encode(block, LPM_ERROR_MALFORMED);
    lpm_offer_add_device(device, "a\tb", 1, 1, 1);
    assert_encode(device, LPM_ERROR_MALFORMED);
    g_ptr_array_add(mode->modes, g_strdup(""));
    assert_encode(mode, LPM_ERROR_MALFORMED);
}

static void test_free_null(void)
{
    lpm_offer_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/compat/offer/golden", test_golden);
    g_test_add_func("/lpm/compat/offer/empty", test_empty);
    g_test_add_func("/lpm/compat/offer/empty-string", test_empty_string);
    for (guint i = 0; i < G_N_ELEMENTS(makers); i++) {
        static const struct {
            const char *name;
            GTestDataFunc run;
        } all[] = {
            { "round-trip", test_round_trip },
            { "truncated-everywhere", test_truncated_everywhere },
            { "shortened-everywhere", test_shortened_everywhere },
            { "bit-flips", test_bit_flips },
        };

        for (guint k = 0; k < G_N_ELEMENTS(all); k++) {
            g_autofree char *path = g_strdup_printf(
                "/lpm/compat/offer/%s%s", all[k].name, i ? "-sparc" : "");

            g_test_add_data_func(path, &makers[i], all[k].run);
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(records); i++) {
        g_autofree char *path = g_strdup_printf("/lpm/compat/offer/record/%s",
                                                records[i].name);

        g_test_add_data_func(path, &records[i], test_record);
    }
    g_test_add_func("/lpm/compat/offer/bound/string", test_string_bound);
    g_test_add_func("/lpm/compat/offer/bound/lists", test_list_bounds);
    g_test_add_func("/lpm/compat/offer/bound/record", test_record_bound);
    g_test_add_func("/lpm/compat/offer/item-names", test_item_names);
    g_test_add_func("/lpm/compat/offer/free-null", test_free_null);
    return g_test_run();
}
