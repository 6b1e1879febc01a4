/*
 * An instance of a record: values that are present or absent, with origin
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_NODE_H
#define LPM_NODE_H

#include <glib.h>

#include "compat/offer.h"
#include "facts/schema.h"

/*
 * Nodes make a tree: a LIST or SUB field owns the nodes below it.  A value
 * is present, with where it comes from; or absent, perhaps with why.  What
 * was never set is absent.  One thread at a time.
 */
typedef struct LpmNode LpmNode;

/* A present value; which member counts follows from the field's type. */
typedef struct LpmValue {
    gint64 number;      /* BOOL 0/1, UINT, DECIMAL in thousandths, LEVEL */
    char *text;         /* STRING, ENUM, VERSION */
    LpmVersion version; /* VERSION */
    GPtrArray *items;   /* STRINGS: char *; LIST: LpmNode * */
    LpmNode *sub;       /* SUB */
    LpmOffer *offer;    /* OFFER */
} LpmValue;

/** lpm_node_new: Returns: (transfer full): every field absent. */
LpmNode *lpm_node_new(LpmRecord record);

/** lpm_node_free: @node: (nullable), with all below it. */
void lpm_node_free(LpmNode *node);

LpmRecord lpm_node_record(const LpmNode *node);

/**
 * lpm_node_get: Returns: (nullable) (transfer none): the value of @field, a
 * field of the node's record (an assertion); NULL when absent.
 */
const LpmValue *lpm_node_get(const LpmNode *node, LpmField field);

/**
 * lpm_node_items: Returns: (nullable) (transfer none): the items of a field
 * that is a list; NULL when absent.
 */
const GPtrArray *lpm_node_items(const LpmNode *node, LpmField field);

/** lpm_node_origin: (nullable): where a present value comes from. */
const char *lpm_node_origin(const LpmNode *node, LpmField field);

/** lpm_node_why: (nullable): why an absent value is absent. */
const char *lpm_node_why(const LpmNode *node, LpmField field);

/** lpm_node_key: (nullable): the text of the key of a node in a list. */
const char *lpm_node_key(const LpmNode *node);

/*
 * Setters.  The field must be of the node's record and of the type (an
 * assertion: our own bug); a value set before is replaced.  @origin is
 * copied.
 */
void lpm_node_set_bool(LpmNode *node, LpmField field, gboolean value,
                       const char *origin);
/* UINT, DECIMAL in thousandths, LEVEL */
void lpm_node_set_number(LpmNode *node, LpmField field, gint64 value,
                         const char *origin);
void lpm_node_set_string(LpmNode *node, LpmField field, const char *value,
                         const char *origin);
/* @value: (transfer full): char *, with g_free as its free function */
void lpm_node_set_strings(LpmNode *node, LpmField field, GPtrArray *value,
                          const char *origin);
/* @value: (transfer full) */
void lpm_node_set_offer(LpmNode *node, LpmField field, LpmOffer *value,
                        const char *origin);
/* An empty list is present, and not the same as an absent one. */
void lpm_node_set_empty(LpmNode *node, LpmField field, const char *origin);

/** lpm_node_set_absent: @why: (nullable), copied. */
void lpm_node_set_absent(LpmNode *node, LpmField field, const char *why);

/**
 * lpm_node_set_text:
 *
 * From text that somebody wrote: a scalar of any type ("true", "4096",
 * "0.05", "V7R7.4.0 SP1"), or STRINGS separated by commas.
 *
 * Errors: LPM_ERROR_MALFORMED: what was wanted and what came.
 */
gboolean lpm_node_set_text(LpmNode *node, LpmField field, const char *text,
                           const char *origin, GError **error);

/** lpm_node_sub: (transfer none): the record of a SUB field, made if new. */
LpmNode *lpm_node_sub(LpmNode *node, LpmField field, const char *origin);

/**
 * lpm_node_item:
 *
 * Returns: (transfer none): the node of a LIST field with that key; it is
 * appended, with its key set, if there is none.
 */
LpmNode *lpm_node_item(LpmNode *node, LpmField field, const char *key,
                       const char *origin);

/**
 * lpm_node_append: as lpm_node_item() for a key that is known to be new;
 * does not search the list.
 */
LpmNode *lpm_node_append(LpmNode *node, LpmField field, const char *key,
                         const char *origin);

/**
 * lpm_node_keys: Returns: (transfer container): the nodes of a LIST field by
 * key, for many searches.
 */
GHashTable *lpm_node_keys(const LpmNode *node, LpmField field);

/** lpm_node_find: as lpm_node_item(); NULL if there is none. */
LpmNode *lpm_node_find(const LpmNode *node, LpmField field,
                       const char *key);

/**
 * lpm_node_candidates:
 * @list: a LIST field of @node
 * @field: a STRING field of its elements
 *
 * Elements among which are all whose @field is @text, or absent: few of a
 * long list in a tree that does not change, else all.
 *
 * Returns: (transfer none) (nullable): LpmNode *, until the tree changes;
 * NULL when the list is absent.
 */
const GPtrArray *lpm_node_candidates(const LpmNode *node, LpmField list,
                                     LpmField field, const char *text);

/**
 * lpm_node_merge: what @from has, @into has afterwards: records are merged
 * field by field, lists by key; the values of @from win.  An offer, which
 * only a live QEMU has, stays behind.
 */
void lpm_node_merge(LpmNode *into, const LpmNode *from);

/** lpm_value_text: (transfer full): of a present scalar or STRINGS. */
char *lpm_value_text(LpmField field, const LpmValue *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmNode, lpm_node_free)

#endif /* LPM_NODE_H */
