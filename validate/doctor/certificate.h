/*
 * How long a certificate is valid
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_CERTIFICATE_H
#define LPM_CERTIFICATE_H

#include <glib.h>

/**
 * lpm_certificate_times:
 * @text: @len bytes, untrusted: PEM; the first certificate of it counts
 * @ret_from, @ret_to: (out): seconds since 1970
 *
 * Reads X.509 as far as its times and no further, so that no library of TLS
 * is needed for it.
 *
 * Returns: FALSE: it is no such certificate.  Threads: any; pure.
 */
gboolean lpm_certificate_times(const char *text, gsize len, gint64 *ret_from,
                               gint64 *ret_to);

#endif /* LPM_CERTIFICATE_H */
