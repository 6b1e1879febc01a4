/*
 * Where facts come from: the values of --source and --destination
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "cli/cli.h"
#include "error/lpm-error.h"
#include "facts/gather-host.h"
#include "facts/gather-libvirt.h"
#include "facts/gather.h"
#include "facts/inventory.h"

/* What is gathered so far. */
struct LpmGathering {
    const LpmOptions *options;
    LpmFacts *facts;
    LpmQmp *const *qmp;
    char *const *why;
    GHashTable *files;      /* path -> LpmInventory *, each read once */
    /* of inventories: who it is, by which file; borrowed */
    const LpmNode *system[LPM_SIDE__MAX];
    const char *file[LPM_SIDE__MAX];
};

static gboolean gather_qmp(LpmGathering *gathering, const LpmEndpoint *end,
                           LpmSide side, GError **error)
{
    (void)end;
    (void)error;
    lpm_gather_qmp(gathering->facts, side, gathering->qmp[side],
                   gathering->why[side]);
    if (gathering->options->probe_storage && !gathering->options->inactive) {
        lpm_gather_storage_qmp(gathering->facts, side, gathering->qmp[side]);
    }
    return TRUE;
}

static gboolean gather_offer(LpmGathering *gathering, const LpmEndpoint *end,
                             LpmSide side, GError **error)
{
    return lpm_gather_offer_file(gathering->facts, side, end->where, error);
}

static const LpmInventory *read_once(LpmGathering *gathering,
                                     const char *path, GError **error)
{
    LpmInventory *inventory = g_hash_table_lookup(gathering->files, path);

    if (inventory == NULL) {
        inventory = lpm_inventory_read(path, error);
        if (inventory == NULL) {
            return NULL;
        }
        g_hash_table_insert(gathering->files, g_strdup(path), inventory);
        lpm_node_merge(lpm_facts_move(gathering->facts), inventory->move);
    }
    return inventory;
}

/* Two files that speak of one side speak of one system. */
static gboolean is_same_system(LpmGathering *gathering, const char *file,
                               const LpmNode *system, LpmSide side,
                               GError **error)
{
    const LpmNode *before = gathering->system[side];

    if (before != NULL && lpm_node_key(before) != NULL &&
        lpm_node_key(system) != NULL &&
        !g_str_equal(lpm_node_key(before), lpm_node_key(system))) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "two systems as one --%s: '%s' of %s and '%s' of %s",
                    lpm_side_name(side), lpm_node_key(before),
                    gathering->file[side], lpm_node_key(system), file);
        return FALSE;
    }
    if (lpm_node_key(system) != NULL || before == NULL) {
        gathering->system[side] = system;
        gathering->file[side] = file;
    }
    return TRUE;
}

static gboolean gather_inventory(LpmGathering *gathering,
                                 const LpmEndpoint *end, LpmSide side,
                                 GError **error)
{
    const LpmInventory *inventory = read_once(gathering, end->where, error);
    const LpmNode *system = inventory == NULL ? NULL :
        lpm_inventory_system(inventory, end->system, error);

    if (system == NULL || !is_same_system(gathering, end->where, system,
                                          side, error)) {
        return FALSE;
    }
    lpm_node_merge(lpm_facts_system(gathering->facts, side), system);
    return TRUE;
}

/* Of the source the domain must be there that is to move. */
static gboolean gather_libvirt(LpmGathering *gathering,
                               const LpmEndpoint *end, LpmSide side,
                               GError **error)
{
    return lpm_gather_libvirt(gathering->facts, side, end->where,
                              side == LPM_SIDE_SOURCE ?
                              gathering->options->partition : NULL, error);
}

/* "host:ROOT" reads another tree, a copy of /proc and /sys. */
static gboolean gather_host(LpmGathering *gathering, const LpmEndpoint *end,
                            LpmSide side, GError **error)
{
    return lpm_gather_host(gathering->facts, side, end->where, error);
}

/*
 * One row per kind.  A prefix is what a value begins with; one that ends
 * with "://" is in fact any URI.
 */
static const LpmEndpointKind kinds[] = {
    { "qmp:", "qmp:PATH", LPM_ENDPOINT_GUEST | LPM_ENDPOINT_LIVE,
      gather_qmp },
    { "offer:", "offer:FILE", LPM_ENDPOINT_GUEST, gather_offer },
    { "inventory:", "inventory:FILE[#SYSTEM]", LPM_ENDPOINT_SYSTEM,
      gather_inventory },
    { "host:", "host:[ROOT]", LPM_ENDPOINT_MAY_BE_BARE, gather_host },
    { "libvirt:", "libvirt:URI", LPM_ENDPOINT_LIVE, gather_libvirt },
    { "://", "a libvirt URI", LPM_ENDPOINT_LIVE, gather_libvirt },
};

/* "qemu+unix:///system": a scheme, then "://", and no kind of ours. */
static gboolean is_uri(const char *text)
{
    const char *end = strstr(text, "://");

    if (end == NULL || !g_ascii_isalpha(text[0])) {
        return FALSE;
    }
    for (const char *at = text; at < end; at++) {
        if (!g_ascii_isalnum(*at) && strchr("+-.", *at) == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean takes(const LpmEndpointKind *kind, const char *text,
                      const char **ret_where)
{
    if (g_str_has_suffix(kind->prefix, "://")) {
        *ret_where = text;
        return is_uri(text);
    }
    *ret_where = text + strlen(kind->prefix);
    return g_str_has_prefix(text, kind->prefix) &&
           (**ret_where != '\0' ||
            (kind->flags & LPM_ENDPOINT_MAY_BE_BARE) != 0);
}

char *lpm_endpoint_forms(void)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_string_append_printf(text, "%s%s", i == 0 ? "" :
                               i + 1 == G_N_ELEMENTS(kinds) ? " or " : ", ",
                               kinds[i].form);
    }
    return g_string_free(text, FALSE);
}

LpmEndpoint *lpm_endpoint_parse(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        LpmEndpoint *end;
        const char *where;
        char *mark;

        if (!takes(&kinds[i], text, &where)) {
            continue;
        }
        end = g_new0(LpmEndpoint, 1);
        end->kind = &kinds[i];
        end->text = g_strdup(text);
        end->where = g_strdup(where);
        mark = (kinds[i].flags & LPM_ENDPOINT_SYSTEM) != 0 ?
               strrchr(end->where, '#') : NULL;
        if (mark != NULL) {
            /* "FILE#": the file's own name may have a # */
            *mark = '\0';
            end->system = mark[1] != '\0' ? g_strdup(mark + 1) : NULL;
        }
        return end;
    }
    return NULL;
}

void lpm_endpoint_free(LpmEndpoint *end)
{
    if (end != NULL) {
        g_free(end->text);
        g_free(end->where);
        g_free(end->system);
        g_free(end);
    }
}

static gboolean is_guest_of_qmp(const LpmEndpoint *end)
{
    return end->kind->gather == gather_qmp;
}

const char *lpm_endpoints_qmp(const GPtrArray *ends)
{
    for (guint i = 0; i < ends->len; i++) {
        const LpmEndpoint *end = g_ptr_array_index(ends, i);

        if (is_guest_of_qmp(end)) {
            return end->where;
        }
    }
    return NULL;
}

const char *lpm_endpoints_libvirt(const GPtrArray *ends)
{
    const char *uri = NULL;

    for (guint i = 0; i < ends->len; i++) {
        const LpmEndpoint *end = g_ptr_array_index(ends, i);

        if (end->kind->gather == gather_libvirt) {
            uri = end->where;
        }
    }
    return uri;
}

gboolean lpm_over_libvirt(const LpmOptions *options)
{
    gboolean over = FALSE;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        if (lpm_endpoints_qmp(options->sides[i]) != NULL) {
            return FALSE;
        }
        over = over || lpm_endpoints_libvirt(options->sides[i]) != NULL;
    }
    return over;
}

/* A file for both sides, without a word on which system is which. */
static const LpmEndpoint *ambiguous(const GPtrArray *ends,
                                    const GPtrArray *others)
{
    for (guint i = 0; i < ends->len; i++) {
        const LpmEndpoint *end = g_ptr_array_index(ends, i);

        for (guint k = 0; k < others->len; k++) {
            const LpmEndpoint *other = g_ptr_array_index(others, k);

            if (end->kind == other->kind &&
                (end->kind->flags & LPM_ENDPOINT_SYSTEM) != 0 &&
                g_str_equal(end->where, other->where) &&
                (end->system == NULL || other->system == NULL)) {
                return end->system == NULL ? end : other;
            }
        }
    }
    return NULL;
}

gboolean lpm_endpoints_check(GPtrArray *const *sides, int *ret_exit)
{
    const LpmEndpoint *end;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        guint guests = 0;

        for (guint k = 0; k < sides[i]->len; k++) {
            end = g_ptr_array_index(sides[i], k);
            guests += (end->kind->flags & LPM_ENDPOINT_GUEST) != 0;
        }
        if (guests > 1) {
            *ret_exit = lpm_usage("--%s: one qmp: or offer: per side, not "
                                  "%u", lpm_side_name((LpmSide)i), guests);
            return FALSE;
        }
    }
    end = ambiguous(sides[LPM_SIDE_SOURCE], sides[LPM_SIDE_DESTINATION]);
    if (end != NULL) {
        *ret_exit = lpm_usage("%s is named for both sides: wanted "
                              "inventory:FILE#SYSTEM for each", end->text);
        return FALSE;
    }
    return TRUE;
}

/* What does not answer may tomorrow; all else is a matter of the call. */
static int exit_of_gathering(const LpmEndpoint *end, const GError *error)
{
    return (end->kind->flags & LPM_ENDPOINT_LIVE) == 0 ||
           g_error_matches(error, LPM_ERROR, LPM_ERROR_STATE) ||
           g_error_matches(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED) ?
           LPM_EXIT_USAGE : LPM_EXIT_UNKNOWN;
}

LpmFacts *lpm_gather(const LpmOptions *options, LpmQmp *const *qmp,
                     char *const *why, int *ret_exit)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GHashTable) files = g_hash_table_new_full(
        g_str_hash, g_str_equal, g_free,
        (GDestroyNotify)lpm_inventory_free);
    LpmGathering gathering = {
        .options = options, .facts = facts, .qmp = qmp, .why = why,
        .files = files,
    };

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        for (guint k = 0; k < options->sides[i]->len; k++) {
            const LpmEndpoint *end = g_ptr_array_index(options->sides[i], k);
            g_autoptr(GError) err = NULL;

            if (!end->kind->gather(&gathering, end, (LpmSide)i, &err)) {
                lpm_say("%s", err->message);
                *ret_exit = exit_of_gathering(end, err);
                return NULL;
            }
        }
    }
    lpm_gather_looks(facts);
    if (options->uri != NULL) {
        lpm_facts_set_string(facts, LPM_SIDE_DESTINATION, LPM_QEMU_URI,
                             options->uri, "--uri");
    }
    return g_steal_pointer(&facts);
}
