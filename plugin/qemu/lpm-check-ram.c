/*
 * A digest of all RAM, compared before the guest may run elsewhere
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/rcu.h"
#include "qom/object.h"
#include "exec/ramblock.h"
#include "exec/ramlist.h"
#include "migration/migration.h"
#include "migration/ram.h"
#include "migration/vmstate.h"

#include "codec/ram-digest.h"
#include "lpm-check-ram.h"

/* A line a block: more than any machine has of them. */
#define REPORT_MAX (64 * 1024)

typedef struct CheckRam {
    bool (*needed)(void *opaque);
    void *opaque;
    char *report;           /* of the source */
    uint32_t bytes;
} CheckRam;

static CheckRam check_ram;

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char * const *)a, *(char * const *)b);
}

/* One line a block, "NAME BYTES DIGEST", in the order of their names. */
static char *make_report(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    RAMBlock *block;

    RCU_READ_LOCK_GUARD();
    RAMBLOCK_FOREACH_NOT_IGNORED(block) {
        g_ptr_array_add(lines, g_strdup_printf(
            "%s %" PRIu64 " %016" PRIx64, block->idstr,
            (uint64_t)block->used_length,
            lpm_ram_digest(block->host, block->used_length)));
    }
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

static int check_ram_pre_save(void *opaque)
{
    CheckRam *check = opaque;

    g_free(check->report);
    check->report = make_report();
    check->bytes = strlen(check->report);
    return check->bytes <= REPORT_MAX ? 0 : -E2BIG;
}

static int check_ram_pre_load(void *opaque)
{
    CheckRam *check = opaque;

    g_clear_pointer(&check->report, g_free);
    return 0;
}

static bool check_ram_bytes_valid(void *opaque, int version_id)
{
    CheckRam *check = opaque;

    return check->bytes > 0 && check->bytes <= REPORT_MAX;
}

/* Says which block differs: one line of each report that do. */
static int check_ram_post_load(void *opaque, int version_id)
{
    CheckRam *check = opaque;
    g_autofree char *theirs = g_strndup(check->report, check->bytes);
    g_autofree char *ours = make_report();
    g_auto(GStrv) their_lines = g_strsplit(theirs, "\n", -1);
    g_auto(GStrv) our_lines = g_strsplit(ours, "\n", -1);
    int i;

    g_clear_pointer(&check->report, g_free);
    if (!strcmp(theirs, ours)) {
        return 0;
    }
    for (i = 0; their_lines[i] && our_lines[i] &&
                !strcmp(their_lines[i], our_lines[i]); i++) {
        continue;
    }
    error_report("RAM differs: '%s' here, '%s' at the source; the guest must "
                 "not run here", our_lines[i] ? our_lines[i] : "nothing",
                 their_lines[i] ? their_lines[i] : "nothing");
    return -EBADMSG;
}

static bool check_ram_needed(void *opaque)
{
    CheckRam *check = opaque;

    return check->needed(check->opaque);
}

static const VMStateDescription vmstate_check_ram = {
    .name = "migration-lpm-ram",
    .version_id = 1,
    .minimum_version_id = 1,
    /* Before devices, which may write to RAM when they are loaded */
    .priority = MIG_PRI_MAX,
    .needed = check_ram_needed,
    .pre_save = check_ram_pre_save,
    .pre_load = check_ram_pre_load,
    .post_load = check_ram_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(bytes, CheckRam),
        VMSTATE_VALIDATE("length of the report", check_ram_bytes_valid),
        VMSTATE_VBUFFER_ALLOC_UINT32(report, CheckRam, 0, NULL, bytes),
        VMSTATE_END_OF_LIST()
    }
};

/* A balloon that tells free pages: they are not sent, and differ after that. */
static int has_free_page_hints(Object *obj, void *opaque)
{
    char **ret_path = opaque;

    if (!object_dynamic_cast(obj, "virtio-balloon-device") ||
        !object_property_get_bool(obj, "free-page-hint", NULL)) {
        return 0;
    }
    *ret_path = object_get_canonical_path(obj);
    return 1;
}

bool lpm_check_ram_possible(Error **errp)
{
    g_autofree char *balloon = NULL;

    object_child_foreach_recursive(object_get_root(), has_free_page_hints,
                                   &balloon);
    if (balloon) {
        error_setg(errp, "check-ram=on compares all RAM, and free-page-hint=on "
                   "of %s leaves free pages out of the stream", balloon);
        error_append_hint(errp, "Set check-ram of the object migration-lpm to "
                          "off, or start the guest without free-page-hint\n");
        return false;
    }
    return true;
}

void lpm_check_ram_register(bool (*needed)(void *opaque), void *opaque)
{
    check_ram = (CheckRam) { .needed = needed, .opaque = opaque };
    vmstate_register(NULL, 0, &vmstate_check_ram, &check_ram);
}

void lpm_check_ram_unregister(void)
{
    vmstate_unregister(NULL, &vmstate_check_ram, &check_ram);
    g_clear_pointer(&check_ram.report, g_free);
}
