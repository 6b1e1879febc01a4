/*
 * What facts there are: records, their fields, and the fields' types
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_SCHEMA_H
#define LPM_SCHEMA_H

#include <glib.h>

typedef enum LpmRecord {
#define RECORD(record, name, doc)  LPM_RECORD_##record,
#define FIELD(record, field, name, type, what, doc)
#include "facts/schema.def"
#undef RECORD
#undef FIELD
    LPM_RECORD__MAX,
} LpmRecord;

/* LPM_PARTITION_STATE and so on, of one record in a row, its key first. */
typedef enum LpmField {
#define RECORD(record, name, doc)
#define FIELD(record, field, name, type, what, doc)  LPM_##record##_##field,
#include "facts/schema.def"
#undef RECORD
#undef FIELD
    LPM_FIELD__MAX,
} LpmField;

typedef enum LpmType {
    LPM_TYPE_BOOL,
    LPM_TYPE_UINT,          /* 0..LPM_UINT_MAX */
    LPM_TYPE_DECIMAL,       /* kept in thousandths */
    LPM_TYPE_STRING,
    LPM_TYPE_ENUM,          /* one of LpmFieldInfo.words */
    LPM_TYPE_VERSION,       /* text that lpm_version_parse() takes */
    LPM_TYPE_LEVEL,         /* firmware level, kept as 340, 730, ... */
    LPM_TYPE_STRINGS,
    LPM_TYPE_LIST,          /* of records, told apart by their key */
    LPM_TYPE_SUB,           /* one record */
    LPM_TYPE_OFFER,         /* LpmOffer; not in inventory files */
} LpmType;

/* So that sums of thousandths of a few hundred values stay in 63 bits. */
#define LPM_UINT_MAX  (G_GINT64_CONSTANT(1) << 44)

typedef struct LpmFieldInfo {
    LpmField field;
    LpmRecord record;       /* that it is part of */
    const char *name;       /* as files and reports have it */
    LpmType type;
    const char *words;      /* ENUM: separated by spaces */
    LpmRecord sub;          /* LIST, SUB */
    const char *doc;
} LpmFieldInfo;

typedef struct LpmRecordInfo {
    const char *name;
    const char *doc;
    LpmField first;         /* the key, in lists */
    guint n_fields;
} LpmRecordInfo;

/** lpm_field_info: static.  Threads: any. */
const LpmFieldInfo *lpm_field_info(LpmField field);

/** lpm_record_info: static.  Threads: any. */
const LpmRecordInfo *lpm_record_info(LpmRecord record);

/** lpm_type_name: "bool", "uint", ..., static. */
const char *lpm_type_name(LpmType type);

/** lpm_field_find: Returns: false if @record has no field of that name. */
gboolean lpm_field_find(LpmRecord record, const char *name,
                        LpmField *ret_field);

/** lpm_field_takes_word: whether @word is one of an ENUM's words. */
gboolean lpm_field_takes_word(LpmField field, const char *word);

/*
 * A version as consoles and I/O servers tell it: "7.7.4.0", "V7R7.4.0 SP1",
 * "2.2.0.11 FP24 SP1", "7.1 TL2".  A missing part counts as 0.
 */
typedef struct LpmVersion {
    guint parts[6];
    guint fix[2];           /* fix pack, or technology level: FP22.1 */
    guint service;          /* service pack */
} LpmVersion;

/** lpm_version_parse: Returns: false if @text is no version. */
gboolean lpm_version_parse(const char *text, LpmVersion *ret_version);

/** lpm_version_compare: <0, 0, >0 as strcmp(). */
int lpm_version_compare(const LpmVersion *a, const LpmVersion *b);

/**
 * lpm_level_parse:
 *
 * A firmware level: "AM760_034", "760_034", "760" or "7.6" gives 760.
 *
 * Returns: false if @text is none.
 */
gboolean lpm_level_parse(const char *text, gint64 *ret_level);

#endif /* LPM_SCHEMA_H */
