/*
 * Gatherer: facts from a saved offer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "facts/gather.h"
#include "facts/json-read.h"
#include "facts/offer-json.h"

#define FILE_MAX_BYTES  (8u * 1024 * 1024)

static gboolean io_error(LpmSide side, const char *path, const char *what,
                         GError **error)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "%s offer:%s: %s",
                lpm_side_name(side), path, what);
    return FALSE;
}

/* Bounded: the file may be a device or grow under us. */
static gboolean read_file(LpmSide side, const char *path, GString *text,
                          GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    gssize got = -1;

    if (fd < 0) {
        return io_error(side, path, g_strerror(errno), error);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return io_error(side, path, "not a file, wanted what \"lpm offer\" "
                        "printed", error);
    }
    do {
        char bytes[16384];

        got = read(fd, bytes, sizeof(bytes));
        if (got > 0) {
            g_string_append_len(text, bytes, got);
        }
    } while (text->len <= FILE_MAX_BYTES &&
             (got > 0 || (got < 0 && errno == EINTR)));
    if (got < 0) {
        io_error(side, path, g_strerror(errno), error);
    } else if (text->len > FILE_MAX_BYTES) {
        got = -1;
        io_error(side, path, "larger than 8 MiB, wanted what \"lpm offer\" "
                 "printed", error);
    }
    close(fd);
    return got >= 0;
}

static void set_if(LpmFacts *facts, LpmSide side, LpmField fact,
                   const char *value)
{
    if (value != NULL) {
        lpm_facts_set_string(facts, side, fact, value, "offer");
    } else {
        lpm_facts_set_absent(facts, side, fact, "not in the offer");
    }
}

gboolean lpm_gather_offer_file(LpmFacts *facts, LpmSide side,
                               const char *path, GError **error)
{
    g_autofree char *what = g_strdup_printf("%s offer:%s",
                                            lpm_side_name(side), path);
    GString *text = g_string_new(NULL);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(LpmOffer) offer = NULL;
    g_autoptr(GError) err = NULL;

    if (read_file(side, path, text, error)) {
        node = lpm_json_parse(text->str, text->len, what, error);
    }
    g_string_free(text, TRUE);
    if (node == NULL) {
        return FALSE;
    }
    offer = lpm_offer_from_json(node, &err);
    if (offer == NULL) {
        g_set_error(error, LPM_ERROR, err->code, "%s: %s", what,
                    err->message);
        return FALSE;
    }
    lpm_facts_set_bool(facts, side, LPM_QEMU_LIVE, FALSE, "offer");
    set_if(facts, side, LPM_QEMU_NAME, offer->name);
    set_if(facts, side, LPM_QEMU_UUID, offer->uuid);
    set_if(facts, side, LPM_QEMU_TARGET, offer->arch);
    lpm_facts_set_offer(facts, side, g_steal_pointer(&offer), path);
    return TRUE;
}
