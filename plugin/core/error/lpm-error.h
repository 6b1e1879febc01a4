/*
 * The one GError domain of the pure code
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_ERROR_H
#define LPM_ERROR_H

#include <glib.h>

#define LPM_ERROR (lpm_error_quark())

/*
 * LpmErrorCode: what the caller can do about it, not where it happened.
 *
 * @LPM_ERROR_TRUNCATED:   fewer bytes than the format needs; more may help
 * @LPM_ERROR_MALFORMED:   bytes that no version of the format allows
 * @LPM_ERROR_UNSUPPORTED: well formed, but of a version we do not speak
 * @LPM_ERROR_LIMIT:       a bound of ours was met (size, count, output room)
 * @LPM_ERROR_STATE:       the call does not fit the object's state
 * @LPM_ERROR_CRYPTO:      an integrity check failed (checksum, digest)
 * @LPM_ERROR_IO:          the world outside failed (socket, file, library)
 */
typedef enum LpmErrorCode {
    LPM_ERROR_TRUNCATED,
    LPM_ERROR_MALFORMED,
    LPM_ERROR_UNSUPPORTED,
    LPM_ERROR_LIMIT,
    LPM_ERROR_STATE,
    LPM_ERROR_CRYPTO,
    LPM_ERROR_IO,
} LpmErrorCode;

/**
 * lpm_error_quark:
 *
 * Returns: the domain of all errors that plugin/core sets.
 * Threads: any.
 */
GQuark lpm_error_quark(void);

#endif /* LPM_ERROR_H */
