/*
 * Facts by their path: "partition.disks[vda].io-server"
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_FACT_PATH_H
#define LPM_FACT_PATH_H

#include "facts/facts.h"

/*
 * A path begins with source, destination, partition (the source's partition
 * that is to move) or move; names of fields follow, and behind a list's name
 * the key of an element in brackets, with a backslash before each ] and
 * backslash of it.
 */

/**
 * lpm_facts_set_path:
 * @path: names a value, no list and no record, of something that is there
 * @value: as lpm_node_set_text() takes it
 *
 * Records on the way that are not lists' elements are made if new.
 *
 * Errors: MALFORMED: no such path, or a bad value.
 */
gboolean lpm_facts_set_path(LpmFacts *facts, const char *path,
                            const char *value, const char *origin,
                            GError **error);

/**
 * lpm_facts_set_assignment: "PATH=VALUE", split at the first = outside
 * brackets.
 */
gboolean lpm_facts_set_assignment(LpmFacts *facts, const char *assignment,
                                  const char *origin, GError **error);

/**
 * LpmFactVisit:
 * @path: only during the call
 * @node: that has the fact; its value, or why it is absent, is there
 */
typedef void (*LpmFactVisit)(const char *path, const LpmNode *node,
                             LpmField field, gpointer opaque);

/**
 * lpm_facts_visit:
 * @path: of @node: "source"
 *
 * Every fact below @node that is present, or absent with a reason, in the
 * order of the schema: values, and lists without elements.
 */
void lpm_facts_visit(const LpmNode *node, const char *path,
                     LpmFactVisit visit, gpointer opaque);

#endif /* LPM_FACT_PATH_H */
