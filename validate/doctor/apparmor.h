/*
 * Rules about files in AppArmor's profiles
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_APPARMOR_H
#define LPM_APPARMOR_H

#include <glib.h>

/** lpm_apparmor_rules_new: (transfer full): none yet. */
GPtrArray *lpm_apparmor_rules_new(void);

/**
 * lpm_apparmor_parse:
 * @text: @len bytes of a profile or an abstraction, untrusted
 * @rules: the file rules are added; those of profiles within are not
 *
 * Only a line that is a rule by itself counts, as all that libvirt has.
 *
 * Returns: (transfer full): char *: what it includes, as it is named.
 */
GPtrArray *lpm_apparmor_parse(const char *text, gsize len, GPtrArray *rules);

/**
 * lpm_apparmor_allows:
 * @access: letters, such as "x" or "mr", each of which must be allowed
 *
 * Variables in a pattern stand for any text.  A rule that denies wins.
 */
gboolean lpm_apparmor_allows(const GPtrArray *rules, const char *path,
                             const char *access);

#endif /* LPM_APPARMOR_H */
