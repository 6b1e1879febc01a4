/*
 * The value of one of QEMU's options: "driver,key=value,..." or JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_DOMAIN_OPTS_H
#define LPM_DOMAIN_OPTS_H

#include <glib.h>

typedef struct LpmOpts LpmOpts;

/**
 * lpm_opts_parse:
 * @text: as on a command line; a doubled comma is one in a value
 *
 * Returns: (transfer full) (nullable): NULL: it is JSON, which we leave as it
 * is, or has odd keys, or more than 64.  Free with lpm_opts_free().
 */
LpmOpts *lpm_opts_parse(const char *text);

/** lpm_opts_new: @first: what stands in front, "spapr-vfc". */
LpmOpts *lpm_opts_new(const char *first);

/** lpm_opts_free: @opts: (nullable). */
void lpm_opts_free(LpmOpts *opts);

/** lpm_opts_first: what stands in front without a key, or "". */
const char *lpm_opts_first(const LpmOpts *opts);

/** lpm_opts_get: (nullable): the last of that key, as in QEMU. */
const char *lpm_opts_get(const LpmOpts *opts, const char *key);

/** lpm_opts_set: @value: (nullable): NULL takes the key away. */
void lpm_opts_set(LpmOpts *opts, const char *key, const char *value);

/** lpm_opts_other: (nullable): a key that is none of @known. */
const char *lpm_opts_other(const LpmOpts *opts, const char *const *known);

/** lpm_opts_text: (transfer full): as on a command line. */
char *lpm_opts_text(const LpmOpts *opts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmOpts, lpm_opts_free)

#endif /* LPM_DOMAIN_OPTS_H */
