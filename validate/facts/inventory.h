/*
 * Inventory files: systems and their partitions, as JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_INVENTORY_H
#define LPM_INVENTORY_H

#include <json-glib/json-glib.h>

#include "facts/facts.h"

/*
 * {"version": 1, "systems": [{a system}, ...], "move": {what is asked for}}
 *
 * Members of systems and move are those of schema.def; see docs/inventory.md
 * and docs/lpm-inventory.schema.json.  "$schema" is taken, for editors.  The
 * bounds are far above what one server can have, and keep a hostile file
 * from taking more than some hundred MiB.
 */
#define LPM_INVENTORY_BYTES_MAX    (32u * 1024 * 1024)
#define LPM_INVENTORY_VALUES_MAX   1000000u
#define LPM_INVENTORY_OBJECTS_MAX  200000u

typedef struct LpmInventory {
    char *file;             /* as errors and origins name it */
    GPtrArray *systems;     /* LpmNode *, of record SYSTEM */
    LpmNode *move;
} LpmInventory;

/**
 * lpm_inventory_parse:
 * @text: @len bytes, untrusted
 * @file: names the document in errors and origins
 *
 * Several systems need names, which must differ; one may be without.
 *
 * Returns: (transfer full) (nullable).
 * Errors: MALFORMED, TRUNCATED, LIMIT, UNSUPPORTED (another version); with
 *   FILE:LINE:COLUMN where it is no JSON, else with a JSON pointer.
 * Threads: any.
 */
LpmInventory *lpm_inventory_parse(const char *text, gsize len,
                                  const char *file, GError **error);

/** lpm_inventory_read: as lpm_inventory_parse(), of a file; IO besides. */
LpmInventory *lpm_inventory_read(const char *path, GError **error);

/** lpm_inventory_free: @inventory: (nullable). */
void lpm_inventory_free(LpmInventory *inventory);

/**
 * lpm_inventory_system:
 * @name: (nullable): NULL: the only one
 *
 * Errors: MALFORMED: there is none, or several and no @name; the text lists
 *   them.
 */
const LpmNode *lpm_inventory_system(const LpmInventory *inventory,
                                    const char *name, GError **error);

/**
 * lpm_inventory_names:
 * @records: (array) (element-type LpmNode): (nullable)
 *
 * Returns: (transfer full): their keys for people, the first few of many.
 */
char *lpm_inventory_names(const GPtrArray *records);

/**
 * lpm_inventory_to_json:
 * @systems: @n of record SYSTEM
 * @move: (nullable)
 *
 * What an inventory cannot hold, an offer, is left out.
 *
 * Returns: (transfer full).
 */
JsonNode *lpm_inventory_to_json(const LpmNode *const *systems, guint n,
                                const LpmNode *move);

/**
 * lpm_inventory_save:
 *
 * Replaces the file in one step: after a failure the old one is whole.
 *
 * Errors: IO.
 */
gboolean lpm_inventory_save(const char *path, JsonNode *inventory,
                            GError **error);

/** lpm_inventory_schema: (transfer full): JSON Schema, from schema.def. */
JsonNode *lpm_inventory_schema(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmInventory, lpm_inventory_free)

#endif /* LPM_INVENTORY_H */
