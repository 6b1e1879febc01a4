/*
 * Files that somebody names: bounded, and nothing but files
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "facts/read-file.h"

static void no_file(GError **error, const char *why)
{
    g_set_error_literal(error, LPM_ERROR, LPM_ERROR_IO, why);
}

static void too_large(GError **error, gsize max_bytes, const char *wanted)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                "larger than %" G_GSIZE_FORMAT " MiB, wanted %s",
                max_bytes >> 20, wanted);
}

/* Bounded: the file may grow under us, and files of /proc have no size. */
static gboolean read_all(int fd, gsize max_bytes, GString *text)
{
    gssize got;

    do {
        char bytes[65536];

        got = read(fd, bytes, sizeof(bytes));
        if (got > 0) {
            g_string_append_len(text, bytes, got);
        }
    } while (text->len <= max_bytes &&
             (got > 0 || (got < 0 && errno == EINTR)));
    return got >= 0;
}

GString *lpm_read_stream(int fd, gsize max_bytes, const char *wanted,
                         GError **error)
{
    GString *text = g_string_new(NULL);

    if (!read_all(fd, max_bytes, text)) {
        no_file(error, g_strerror(errno));
    } else if (text->len > max_bytes) {
        too_large(error, max_bytes, wanted);
    } else {
        return text;
    }
    g_string_free(text, TRUE);
    return NULL;
}

GString *lpm_read_file(const char *path, gsize max_bytes, const char *wanted,
                       GError **error)
{
    /* without O_NONBLOCK the open of a FIFO waits for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    GString *text;

    if (fd < 0) {
        no_file(error, g_strerror(errno));
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "not a file, wanted %s",
                    wanted);
        return NULL;
    }
    if (st.st_size > 0 && (guint64)st.st_size > max_bytes) {
        close(fd);
        too_large(error, max_bytes, wanted);
        return NULL;
    }
    text = lpm_read_stream(fd, max_bytes, wanted, error);
    close(fd);
    return text;
}
