/*
 * Gatherer: facts from a QEMU by QMP
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/gather.h"
#include "facts/json-read.h"
#include "facts/offer-json.h"
#include "vfc/wwpn.h"

/* Logins and questions to a thousand LUNs, with time to spare. */
#define STORAGE_DEADLINE_MS  60000u

#define LIST_MAX    4096u
#define TEXT_MAX    65536u

#define OPT  LPM_JSON_OPTIONAL
#define REQ  LPM_JSON_REQUIRED

/* One command and what it tells. */
typedef struct Query {
    const char *command;
    LpmField tells[6];
    guint n_tells;
    /* Reads the reply; sets facts only on success. */
    gboolean (*read)(LpmFacts *facts, LpmSide side, JsonNode *reply,
                     GError **error);
    /* Optional: what it means that QEMU answered with an error. */
    void (*refused)(LpmFacts *facts, LpmSide side);
} Query;

/*
 * "member" of a reply that is an object, as a string fact.  An absent
 * optional member is the empty string: QEMU left it out because it is unset.
 */
static gboolean string_fact(LpmFacts *facts, LpmSide side, LpmField fact,
                            JsonNode *reply, const char *member,
                            LpmJsonNeed need, const char *unset,
                            const char *origin, GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);
    g_autofree char *value = NULL;

    if (object == NULL ||
        !lpm_json_get_string(object, NULL, member, need, TEXT_MAX, &value,
                             error)) {
        return FALSE;
    }
    lpm_facts_set_string(facts, side, fact, value != NULL ? value : unset,
                         origin);
    return TRUE;
}

static gboolean read_status(LpmFacts *facts, LpmSide side, JsonNode *reply,
                            GError **error)
{
    return string_fact(facts, side, LPM_QEMU_RUN_STATE, reply, "status", REQ,
                       NULL, "query-status", error);
}

static gboolean read_target(LpmFacts *facts, LpmSide side, JsonNode *reply,
                            GError **error)
{
    return string_fact(facts, side, LPM_QEMU_TARGET, reply, "arch", REQ,
                       NULL, "query-target", error);
}

static gboolean read_name(LpmFacts *facts, LpmSide side, JsonNode *reply,
                          GError **error)
{
    return string_fact(facts, side, LPM_QEMU_NAME, reply, "name", OPT, "",
                       "query-name", error);
}

static gboolean read_uuid(LpmFacts *facts, LpmSide side, JsonNode *reply,
                          GError **error)
{
    return string_fact(facts, side, LPM_QEMU_UUID, reply, "UUID", REQ, NULL,
                       "query-uuid", error);
}

static gboolean read_kvm(LpmFacts *facts, LpmSide side, JsonNode *reply,
                         GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);
    gboolean enabled = FALSE;

    if (object == NULL ||
        !lpm_json_get_bool(object, NULL, "enabled", REQ, &enabled, error)) {
        return FALSE;
    }
    lpm_facts_set_string(facts, side, LPM_QEMU_ACCELERATOR,
                         enabled ? "kvm" : "other", "query-kvm");
    return TRUE;
}

static gboolean read_migrate(LpmFacts *facts, LpmSide side, JsonNode *reply,
                             GError **error)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    JsonObject *object = lpm_json_object(reply, NULL, error);

    if (object == NULL ||
        !lpm_json_get_strings(object, NULL, "blocked-reasons", OPT,
                              LIST_MAX, TEXT_MAX, reasons, error) ||
        !string_fact(facts, side, LPM_QEMU_MIGRATION_STATUS, reply,
                     "status", OPT, "none", "query-migrate", error)) {
        return FALSE;
    }
    lpm_facts_set_strings(facts, side, LPM_QEMU_MIGRATION_BLOCKERS,
                          g_steal_pointer(&reasons), "query-migrate");
    return TRUE;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean strings_fact(LpmFacts *facts, LpmSide side, LpmField fact,
                             JsonNode *reply, LpmJsonEach each,
                             const char *origin,
                             GError **error)
{
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);

    if (!lpm_json_each(reply, LIST_MAX, each, strings, error)) {
        return FALSE;
    }
    g_ptr_array_sort(strings, compare_strings);
    lpm_facts_set_strings(facts, side, fact, g_steal_pointer(&strings),
                          origin);
    return TRUE;
}

static gboolean each_capability(JsonObject *object, const LpmJsonPath *path,
                                gpointer strings, GError **error)
{
    g_autofree char *name = NULL;
    gboolean state = FALSE;

    if (!lpm_json_get_string(object, path, "capability", REQ, 255, &name,
                             error) ||
        !lpm_json_get_bool(object, path, "state", REQ, &state, error)) {
        return FALSE;
    }
    if (state) {
        g_ptr_array_add(strings, g_steal_pointer(&name));
    }
    return TRUE;
}

static gboolean read_capabilities(LpmFacts *facts, LpmSide side,
                                  JsonNode *reply, GError **error)
{
    return strings_fact(facts, side, LPM_QEMU_MIGRATION_CAPS, reply,
                        each_capability, "query-migrate-capabilities",
                        error);
}

static gboolean read_parameters(LpmFacts *facts, LpmSide side,
                                JsonNode *reply, GError **error)
{
    return string_fact(facts, side, LPM_QEMU_TLS_CREDS, reply, "tls-creds",
                       OPT, "", "query-migrate-parameters", error);
}

static gboolean read_memory(LpmFacts *facts, LpmSide side, JsonNode *reply,
                            GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);
    guint64 base = 0;
    guint64 plugged = 0;

    if (object == NULL ||
        !lpm_json_get_uint(object, NULL, "base-memory", REQ, G_MAXINT64,
                           &base, error) ||
        !lpm_json_get_uint(object, NULL, "plugged-memory", OPT, G_MAXINT64,
                           &plugged, error)) {
        return FALSE;
    }
    lpm_facts_set_uint(facts, side, LPM_QEMU_MEMORY_BASE, base,
                       "query-memory-size-summary");
    lpm_facts_set_uint(facts, side, LPM_QEMU_MEMORY_PLUGGED, plugged,
                       "query-memory-size-summary");
    return TRUE;
}

static gboolean each_memory_device(JsonObject *object,
                                   const LpmJsonPath *path,
                                   gpointer strings, GError **error)
{
    LpmJsonPath data_path = { .up = path, .key = "data" };
    g_autofree char *type = NULL;
    g_autofree char *id = NULL;
    JsonObject *data = NULL;
    guint64 addr = 0;
    guint64 size = 0;

    /* virtio-mem and sgx tell other sizes; id and address suffice there */
    if (!lpm_json_get_string(object, path, "type", REQ, 255, &type, error) ||
        !lpm_json_get_object(object, path, "data", REQ, &data, error) ||
        !lpm_json_get_string(data, &data_path, "id", OPT, 255, &id, error) ||
        !lpm_json_get_uint(data, &data_path, "addr", OPT, G_MAXINT64, &addr,
                           error) ||
        !lpm_json_get_uint(data, &data_path, "size", OPT, G_MAXINT64, &size,
                           error)) {
        return FALSE;
    }
    g_ptr_array_add(strings, g_strdup_printf(
        "%s %s: %" G_GUINT64_FORMAT " bytes at 0x%" G_GINT64_MODIFIER "x",
        type, id != NULL ? id : "(no id)", size, addr));
    return TRUE;
}

static gboolean read_memory_devices(LpmFacts *facts, LpmSide side,
                                    JsonNode *reply, GError **error)
{
    return strings_fact(facts, side, LPM_QEMU_MEMORY_DEVICES, reply,
                        each_memory_device, "query-memory-devices", error);
}

static gboolean read_balloon(LpmFacts *facts, LpmSide side, JsonNode *reply,
                             GError **error)
{
    if (lpm_json_object(reply, NULL, error) == NULL) {
        return FALSE;
    }
    lpm_facts_set_bool(facts, side, LPM_QEMU_BALLOON, TRUE, "query-balloon");
    return TRUE;
}

static void no_balloon(LpmFacts *facts, LpmSide side)
{
    lpm_facts_set_bool(facts, side, LPM_QEMU_BALLOON, FALSE,
                       "query-balloon");
}

static gboolean node_list(JsonObject *object, const LpmJsonPath *path,
                          const char *list, const char *node,
                          GPtrArray *strings, GError **error)
{
    LpmJsonPath list_path = { .up = path, .key = list };
    JsonArray *array = NULL;

    if (!lpm_json_get_array(object, path, list, OPT, LIST_MAX, &array,
                            error)) {
        return FALSE;
    }
    for (guint i = 0; array != NULL && i < json_array_get_length(array);
         i++) {
        LpmJsonPath at = { .up = &list_path, .index = i };
        JsonObject *entry =
            lpm_json_object(json_array_get_element(array, i), &at, error);
        g_autofree char *name = NULL;

        if (entry == NULL ||
            !lpm_json_get_string(entry, &at, "name", OPT, TEXT_MAX, &name,
                                 error)) {
            return FALSE;
        }
        /* a bitmap without a name belongs to a running job */
        if (name != NULL && name[0] != '\0') {
            g_ptr_array_add(strings, g_strconcat(node, "/", name, NULL));
        }
    }
    return TRUE;
}

static gboolean each_bitmap(JsonObject *object, const LpmJsonPath *path,
                            gpointer strings, GError **error)
{
    g_autofree char *node = g_strdup("(no node name)");

    return lpm_json_get_string(object, path, "node-name", OPT, 255, &node,
                               error) &&
           node_list(object, path, "dirty-bitmaps", node, strings, error);
}

static gboolean each_snapshot(JsonObject *object, const LpmJsonPath *path,
                              gpointer strings, GError **error)
{
    LpmJsonPath image_path = { .up = path, .key = "image" };
    g_autofree char *node = g_strdup("(no node name)");
    JsonObject *image = NULL;

    if (!lpm_json_get_string(object, path, "node-name", OPT, 255, &node,
                             error) ||
        !lpm_json_get_object(object, path, "image", OPT, &image, error)) {
        return FALSE;
    }
    return image == NULL ||
           node_list(image, &image_path, "snapshots", node, strings, error);
}

static gboolean read_nodes(LpmFacts *facts, LpmSide side, JsonNode *reply,
                           GError **error)
{
    return strings_fact(facts, side, LPM_QEMU_DIRTY_BITMAPS, reply,
                        each_bitmap, "query-named-block-nodes", error) &&
           strings_fact(facts, side, LPM_QEMU_SNAPSHOTS, reply,
                        each_snapshot, "query-named-block-nodes", error);
}

static gboolean each_optical(JsonObject *object, const LpmJsonPath *path,
                             gpointer strings, GError **error)
{
    g_autofree char *device = g_strdup("");
    g_autofree char *qdev = NULL;
    gboolean removable = FALSE;
    JsonObject *inserted = NULL;

    if (!lpm_json_get_string(object, path, "device", OPT, TEXT_MAX, &device,
                             error) ||
        !lpm_json_get_string(object, path, "qdev", OPT, TEXT_MAX, &qdev,
                             error) ||
        !lpm_json_get_bool(object, path, "removable", REQ, &removable,
                           error) ||
        !lpm_json_get_object(object, path, "inserted", OPT, &inserted,
                             error)) {
        return FALSE;
    }
    if (removable && inserted != NULL) {
        g_ptr_array_add(strings, g_strdup(device[0] != '\0' ? device :
                                          qdev != NULL ? qdev :
                                          "(no name)"));
    }
    return TRUE;
}

static gboolean read_block(LpmFacts *facts, LpmSide side, JsonNode *reply,
                           GError **error)
{
    return strings_fact(facts, side, LPM_QEMU_OPTICAL_MEDIA, reply,
                        each_optical, "query-block", error);
}

static gboolean each_job(JsonObject *object, const LpmJsonPath *path,
                         gpointer strings, GError **error)
{
    g_autofree char *type = NULL;
    g_autofree char *device = NULL;

    if (!lpm_json_get_string(object, path, "type", REQ, 255, &type, error) ||
        !lpm_json_get_string(object, path, "device", REQ, TEXT_MAX, &device,
                             error)) {
        return FALSE;
    }
    g_ptr_array_add(strings, g_strconcat(type, " ", device, NULL));
    return TRUE;
}

static gboolean read_jobs(LpmFacts *facts, LpmSide side, JsonNode *reply,
                          GError **error)
{
    return strings_fact(facts, side, LPM_QEMU_BLOCK_JOBS, reply, each_job,
                        "query-block-jobs", error);
}

static gboolean each_mac(JsonObject *object, const LpmJsonPath *path,
                         gpointer strings, GError **error)
{
    g_autofree char *mac = NULL;

    if (!lpm_json_get_string(object, path, "main-mac", REQ, 255, &mac,
                             error)) {
        return FALSE;
    }
    g_ptr_array_add(strings, g_steal_pointer(&mac));
    return TRUE;
}

static gboolean read_macs(LpmFacts *facts, LpmSide side, JsonNode *reply,
                          GError **error)
{
    return strings_fact(facts, side, LPM_QEMU_MACS, reply, each_mac,
                        "query-rx-filter", error);
}

/* What query-lpm tells of adapters. */
typedef struct Adapters {
    GPtrArray *wwpns;
    GPtrArray *logins;
    GPtrArray *fenced;
} Adapters;

static gboolean each_adapter(JsonObject *object, const LpmJsonPath *path,
                             gpointer opaque, GError **error)
{
    Adapters *adapters = opaque;
    g_autofree char *id = NULL;
    guint64 wwpn[2];
    guint32 active = 0;
    gboolean logged_in = FALSE;
    gboolean fenced = FALSE;

    if (!lpm_json_get_string(object, path, "id", REQ, TEXT_MAX, &id,
                             error) ||
        !lpm_json_get_wwpn(object, path, "wwpn", &wwpn[0], error) ||
        !lpm_json_get_wwpn(object, path, "wwpn2", &wwpn[1], error) ||
        !lpm_json_get_u32(object, path, "active", REQ, &active, error) ||
        !lpm_json_get_bool(object, path, "logged-in", REQ, &logged_in,
                           error) ||
        !lpm_json_get_bool(object, path, "fenced", REQ, &fenced, error)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(wwpn); i++) {
        g_ptr_array_add(adapters->wwpns, lpm_vfc_wwpn_text(wwpn[i]));
    }
    if (logged_in) {
        g_ptr_array_add(adapters->logins,
                        lpm_vfc_wwpn_text(wwpn[active == 2 ? 1 : 0]));
    }
    if (fenced) {
        g_ptr_array_add(adapters->fenced, g_steal_pointer(&id));
    }
    return TRUE;
}

static gboolean read_adapters(LpmFacts *facts, LpmSide side,
                              JsonObject *reply, GError **error)
{
    g_autoptr(GPtrArray) wwpns = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) logins = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) fenced = g_ptr_array_new_with_free_func(g_free);
    Adapters adapters = { wwpns, logins, fenced };

    if (!json_object_has_member(reply, "vfc")) {
        /* one without the device: what it tells of them is absent */
        return TRUE;
    }
    if (!lpm_json_each(json_object_get_member(reply, "vfc"), LIST_MAX,
                       each_adapter, &adapters, error)) {
        return FALSE;
    }
    lpm_facts_set_strings(facts, side, LPM_QEMU_VFC_WWPNS,
                          g_steal_pointer(&wwpns), "query-lpm");
    lpm_facts_set_strings(facts, side, LPM_QEMU_VFC_LOGINS,
                          g_steal_pointer(&logins), "query-lpm");
    lpm_facts_set_strings(facts, side, LPM_QEMU_VFC_FENCED,
                          g_steal_pointer(&fenced), "query-lpm");
    return TRUE;
}

static gboolean read_lpm(LpmFacts *facts, LpmSide side, JsonNode *reply,
                         GError **error)
{
    JsonObject *object = lpm_json_object(reply, NULL, error);

    if (object == NULL || !read_adapters(facts, side, object, error) ||
        !string_fact(facts, side, LPM_QEMU_LPM_PHASE, reply, "phase", REQ,
                     NULL, "query-lpm", error) ||
        !string_fact(facts, side, LPM_QEMU_LPM_PEER, reply, "peer", REQ,
                     NULL, "query-lpm", error)) {
        return FALSE;
    }
    lpm_facts_set_bool(facts, side, LPM_QEMU_LPM_OBJECT, TRUE, "query-lpm");
    return TRUE;
}

static void no_lpm(LpmFacts *facts, LpmSide side)
{
    lpm_facts_set_bool(facts, side, LPM_QEMU_LPM_OBJECT, FALSE,
                       "query-lpm");
    lpm_facts_set_string(facts, side, LPM_QEMU_LPM_PHASE, "none",
                         "query-lpm");
}

static gboolean read_offer(LpmFacts *facts, LpmSide side, JsonNode *reply,
                           GError **error)
{
    LpmOffer *offer = lpm_offer_from_json(reply, error);

    if (offer == NULL) {
        return FALSE;
    }
    lpm_facts_set_offer(facts, side, offer, "query-lpm-offer");
    return TRUE;
}

static const Query queries[] = {
    { "query-status", { LPM_QEMU_RUN_STATE }, 1, read_status, NULL },
    { "query-target", { LPM_QEMU_TARGET }, 1, read_target, NULL },
    { "query-name", { LPM_QEMU_NAME }, 1, read_name, NULL },
    { "query-uuid", { LPM_QEMU_UUID }, 1, read_uuid, NULL },
    { "query-kvm", { LPM_QEMU_ACCELERATOR }, 1, read_kvm, NULL },
    { "query-migrate",
      { LPM_QEMU_MIGRATION_STATUS, LPM_QEMU_MIGRATION_BLOCKERS }, 2,
      read_migrate, NULL },
    { "query-migrate-capabilities", { LPM_QEMU_MIGRATION_CAPS }, 1,
      read_capabilities, NULL },
    { "query-migrate-parameters", { LPM_QEMU_TLS_CREDS }, 1,
      read_parameters, NULL },
    { "query-memory-size-summary",
      { LPM_QEMU_MEMORY_BASE, LPM_QEMU_MEMORY_PLUGGED }, 2, read_memory,
      NULL },
    { "query-memory-devices", { LPM_QEMU_MEMORY_DEVICES }, 1,
      read_memory_devices, NULL },
    { "query-balloon", { LPM_QEMU_BALLOON }, 1, read_balloon, no_balloon },
    { "query-named-block-nodes",
      { LPM_QEMU_DIRTY_BITMAPS, LPM_QEMU_SNAPSHOTS }, 2, read_nodes, NULL },
    { "query-block", { LPM_QEMU_OPTICAL_MEDIA }, 1, read_block, NULL },
    { "query-block-jobs", { LPM_QEMU_BLOCK_JOBS }, 1, read_jobs, NULL },
    { "query-rx-filter", { LPM_QEMU_MACS }, 1, read_macs, NULL },
    { "query-lpm",
      { LPM_QEMU_LPM_OBJECT, LPM_QEMU_LPM_PEER, LPM_QEMU_LPM_PHASE,
        LPM_QEMU_VFC_FENCED, LPM_QEMU_VFC_LOGINS, LPM_QEMU_VFC_WWPNS }, 6,
      read_lpm, no_lpm },
    { "query-lpm-offer", { LPM_QEMU_OFFER }, 1, read_offer, NULL },
};

static void set_absent(LpmFacts *facts, LpmSide side, const Query *query,
                       const char *why)
{
    for (guint i = 0; i < query->n_tells; i++) {
        if (!lpm_facts_has(facts, side, query->tells[i])) {
            lpm_facts_set_absent(facts, side, query->tells[i], why);
        }
    }
}

void lpm_gather_qmp(LpmFacts *facts, LpmSide side, LpmQmp *qmp,
                    const char *why)
{
    g_autofree char *broken = g_strdup(why);

    lpm_facts_set_bool(facts, side, LPM_QEMU_LIVE, TRUE, "qmp");
    for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
        const Query *query = &queries[i];
        g_autoptr(GError) err = NULL;
        g_autoptr(JsonNode) reply = NULL;

        if (broken != NULL) {
            set_absent(facts, side, query, broken);
            continue;
        }
        reply = lpm_qmp_execute(qmp, query->command, NULL, &err);
        if (reply == NULL) {
            if (!lpm_qmp_usable(qmp)) {
                broken = g_strdup(err->message);
            } else if (query->refused != NULL) {
                query->refused(facts, side);
            }
            set_absent(facts, side, query, err->message);
        } else if (!query->read(facts, side, reply, &err)) {
            g_autofree char *text = g_strdup_printf(
                "%s qmp:%s: reply to %s: %s", lpm_qmp_side(qmp),
                lpm_qmp_path(qmp), query->command, err->message);

            set_absent(facts, side, query, text);
        }
    }
}

/* NULL: there is none. */
static const LpmOffer *offer_of(const LpmFacts *facts, LpmSide side)
{
    return lpm_facts_has(facts, side, LPM_QEMU_OFFER) ?
           lpm_facts_offer(facts, side) : NULL;
}

void lpm_gather_storage_qmp(LpmFacts *facts, LpmSide side, LpmQmp *qmp)
{
    const LpmOffer *ours = offer_of(facts, side);
    const LpmOffer *peer = side == LPM_SIDE_SOURCE ? NULL :
        offer_of(facts, LPM_SIDE_SOURCE);
    JsonObject *arguments;
    g_autoptr(JsonNode) reply = NULL;

    if (qmp == NULL || !lpm_qmp_usable(qmp) || ours == NULL ||
        ours->wwpns->len == 0 ||
        (side == LPM_SIDE_DESTINATION && peer == NULL)) {
        return;
    }
    arguments = json_object_new();
    json_object_set_boolean_member(arguments, "probe-storage", TRUE);
    if (peer != NULL) {
        json_object_set_member(arguments, "peer", lpm_offer_to_json(peer));
    }
    reply = lpm_qmp_execute_within(qmp, "query-lpm-offer", arguments,
                                   STORAGE_DEADLINE_MS, NULL);
    if (reply != NULL) {
        read_offer(facts, side, reply, NULL);
    }
}
