/*
 * Typed reading of JSON: every member's type is checked where it is read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_JSON_READ_H
#define LPM_JSON_READ_H

#include <glib.h>
#include <json-glib/json-glib.h>

/* Deepest nesting of arrays and objects that we let the parser see. */
#define LPM_JSON_DEPTH_MAX  64u

/*
 * Where a value stands; lives on the caller's stack and becomes a JSON
 * pointer (RFC 6901) only when an error names it.
 */
typedef struct LpmJsonPath {
    const struct LpmJsonPath *up;   /* NULL: the document */
    const char *key;                /* member name, or NULL: @index */
    guint index;
} LpmJsonPath;

typedef enum LpmJsonNeed {
    LPM_JSON_OPTIONAL,      /* absent or null leaves the result untouched */
    LPM_JSON_REQUIRED,
} LpmJsonNeed;

/**
 * lpm_json_parse:
 * @text: @len bytes, untrusted
 * @what: names the document in errors: "reply to query-lpm"
 *
 * Refuse what is not UTF-8, holds a NUL, or nests deeper than
 * LPM_JSON_DEPTH_MAX before a parser sees it (the parser recurses).
 *
 * Returns: (transfer full) (nullable): the root.
 * Errors: MALFORMED, LIMIT.  Threads: any.
 */
JsonNode *lpm_json_parse(const char *text, gsize len, const char *what,
                         GError **error);

/**
 * lpm_json_pointer:
 * @path: (nullable): NULL is the document
 * @key: (nullable): a member below @path
 *
 * Returns: (transfer full): an RFC 6901 pointer, "/" for the document.
 */
char *lpm_json_pointer(const LpmJsonPath *path, const char *key);

/** lpm_json_pointer_key: appends @key as a pointer writes it (~0, ~1). */
void lpm_json_pointer_key(GString *out, const char *key);

/**
 * lpm_json_object: @node as an object, owned by @node.
 *
 * Returns: (transfer none) (nullable).  Errors: MALFORMED.
 */
JsonObject *lpm_json_object(JsonNode *node, const LpmJsonPath *path,
                            GError **error);

/** lpm_json_array: as lpm_json_object(), at most @max elements (LIMIT). */
JsonArray *lpm_json_array(JsonNode *node, const LpmJsonPath *path, guint max,
                          GError **error);

/**
 * lpm_json_get_string:
 * @object: at @path
 * @max_bytes: longest string that is allowed
 * @ret_value: (inout) (transfer full): replaced on success; the old value
 *   is freed
 *
 * Returns: true on success, also when an optional member is absent.
 * Errors: MALFORMED (absent, type), LIMIT.
 */
gboolean lpm_json_get_string(JsonObject *object, const LpmJsonPath *path,
                             const char *member, LpmJsonNeed need,
                             gsize max_bytes, char **ret_value,
                             GError **error);

/** lpm_json_get_uint: a number 0..@max without fraction; else LIMIT. */
gboolean lpm_json_get_uint(JsonObject *object, const LpmJsonPath *path,
                           const char *member, LpmJsonNeed need, guint64 max,
                           guint64 *ret_value, GError **error);

/** lpm_json_get_u32: as lpm_json_get_uint() with the bound of the type. */
gboolean lpm_json_get_u32(JsonObject *object, const LpmJsonPath *path,
                          const char *member, LpmJsonNeed need,
                          guint32 *ret_value, GError **error);

/** lpm_json_get_bool: true or false, nothing else. */
gboolean lpm_json_get_bool(JsonObject *object, const LpmJsonPath *path,
                           const char *member, LpmJsonNeed need,
                           gboolean *ret_value, GError **error);

/**
 * lpm_json_get_array:
 * @ret_array: set to NULL when an optional member is absent
 *
 * Errors: MALFORMED, LIMIT (more than @max elements).
 */
gboolean lpm_json_get_array(JsonObject *object, const LpmJsonPath *path,
                            const char *member, LpmJsonNeed need, guint max,
                            JsonArray **ret_array, GError **error);

/**
 * lpm_json_get_wwpn: a required string of 16 hexadecimal digits, which are
 * not all 0.  Errors: MALFORMED, LIMIT.
 */
gboolean lpm_json_get_wwpn(JsonObject *object, const LpmJsonPath *path,
                           const char *member, guint64 *ret_wwpn,
                           GError **error);

/** lpm_json_get_object: as lpm_json_get_array(), for an object. */
gboolean lpm_json_get_object(JsonObject *object, const LpmJsonPath *path,
                             const char *member, LpmJsonNeed need,
                             JsonObject **ret_object, GError **error);

/** lpm_json_get_strings: an array of strings, appended to @strings. */
gboolean lpm_json_get_strings(JsonObject *object, const LpmJsonPath *path,
                              const char *member, LpmJsonNeed need,
                              guint max, gsize max_bytes, GPtrArray *strings,
                              GError **error);

/** LpmJsonEach: one object of an array, with its place in @path. */
typedef gboolean (*LpmJsonEach)(JsonObject *object, const LpmJsonPath *path,
                                gpointer opaque, GError **error);

/**
 * lpm_json_each: call @each for every object of the array @node, until one
 * fails.  Errors: MALFORMED, LIMIT (more than @max), and what @each sets.
 */
gboolean lpm_json_each(JsonNode *node, guint max, LpmJsonEach each,
                       gpointer opaque, GError **error);

#endif /* LPM_JSON_READ_H */
