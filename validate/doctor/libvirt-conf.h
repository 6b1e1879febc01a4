/*
 * libvirt's own configuration files: qemu.conf, libvirtd.conf
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_LIBVIRT_CONF_H
#define LPM_LIBVIRT_CONF_H

#include <glib.h>

/**
 * lpm_libvirt_conf_parse:
 * @text: @len bytes, untrusted
 *
 * "key = value" with a number, a string in quotes (one or three), or a list of
 * them in brackets, which comes out joined with commas.  A later key wins, as
 * in libvirt.
 *
 * Returns: (transfer full) (nullable): char * to char *.
 * Errors: MALFORMED, with the line.  Threads: any; pure.
 */
GHashTable *lpm_libvirt_conf_parse(const char *text, gsize len,
                                   GError **error);

#endif /* LPM_LIBVIRT_CONF_H */
