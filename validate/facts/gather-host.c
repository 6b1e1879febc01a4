/*
 * Gatherer: facts of the host that lpm runs on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "error/lpm-error.h"
#include "facts/disk-identity.h"
#include "facts/gather-host.h"

#define HOST        "host"
#define FILE_MAX    (1u << 20)
#define ENTRIES_MAX 16384u
#define DEPTH_MAX   4u          /* bond of VLANs of ... below a bridge */

typedef struct Host {
    const char *root;
    LpmNode *system;
    LpmNode *server;
} Host;

/* A path below the root; (transfer full). */
static char *at(const Host *h, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *at(const Host *h, const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = g_strdup_vprintf(format, args);
    va_end(args);
    return g_strconcat(h->root, path, NULL);
}

/*
 * The bytes of a file, with a NUL behind them; NULL if it is none, too
 * large, or cannot be read (the speed of a link that is down).
 */
static char *read_bytes(const char *path, gsize *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct stat info;
    gboolean good = FALSE;

    if (fd < 0) {
        return NULL;
    }
    /* sizes in sysfs and /proc say nothing: read until the end */
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        while (bytes->len <= FILE_MAX) {
            guint8 buffer[4096];
            ssize_t got = read(fd, buffer, sizeof(buffer));

            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                good = got == 0;
                break;
            }
            g_byte_array_append(bytes, buffer, (guint)got);
        }
    }
    close(fd);
    if (!good) {
        return NULL;
    }
    *ret_len = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

/* The text of a file, stripped; a NUL at the end as device-tree has it. */
static char *read_text(const char *path)
{
    gsize len = 0;
    g_autofree char *text = read_bytes(path, &len);

    if (text == NULL || !g_utf8_validate(text, -1, NULL) ||
        (strlen(text) != len && strlen(text) + 1 != len)) {
        return NULL;
    }
    return g_strstrip(g_steal_pointer(&text));
}

static gboolean read_uint(const char *path, guint64 *ret_value)
{
    g_autofree char *text = read_text(path);

    return text != NULL &&
           g_ascii_string_to_unsigned(text, 10, 0, (guint64)LPM_UINT_MAX,
                                      ret_value, NULL);
}

static gboolean exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted; NULL if there is none or it is too large. */
static GPtrArray *list_dir(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = NULL;
    const char *name;

    if (dir == NULL) {
        return NULL;
    }
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(dir)) != NULL &&
           names->len <= ENTRIES_MAX) {
        if (g_utf8_validate(name, -1, NULL)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_dir_close(dir);
    if (names->len > ENTRIES_MAX) {
        return NULL;
    }
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

/* Where a device really stands: ".../host5/rport-5:0-1/target.../sda". */
static char *place_of(const char *link)
{
    char *target = g_file_read_link(link, NULL);

    if (target != NULL && !g_utf8_validate(target, -1, NULL)) {
        g_clear_pointer(&target, g_free);
    }
    return target;
}

static void absent(LpmNode *node, LpmField field, const char *why)
{
    if (lpm_node_get(node, field) == NULL) {
        lpm_node_set_absent(node, field, why);
    }
}

/* Memory and processors */

/* "MemTotal:  24684084 kB" */
static gboolean meminfo(const char *text, const char *name,
                        guint64 *ret_kib)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 256);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *number = NULL;
        gsize len = strlen(name);

        if (strncmp(lines[i], name, len) != 0 || lines[i][len] != ':' ||
            !g_str_has_suffix(lines[i], " kB")) {
            continue;
        }
        number = g_strndup(lines[i] + len + 1,
                           strlen(lines[i]) - len - 1 - 3);
        return g_ascii_string_to_unsigned(g_strstrip(number), 10, 0,
                                          (guint64)LPM_UINT_MAX, ret_kib,
                                          NULL);
    }
    return FALSE;
}

static gboolean read_memory(Host *h, GError **error)
{
    static const struct {
        const char *name;
        LpmField field;
    } rows[] = {
        { "MemTotal", LPM_SYSTEM_MEM_TOTAL },
        /* with what caches would give up */
        { "MemAvailable", LPM_SYSTEM_MEM_FREE },
    };
    g_autofree char *path = at(h, "/proc/meminfo");
    g_autofree char *text = read_text(path);

    if (text == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "%s cannot be read: no facts of this host", path);
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint64 kib;

        if (meminfo(text, rows[i].name, &kib)) {
            g_autofree char *from = g_strconcat(path, " ", rows[i].name,
                                                NULL);

            lpm_node_set_number(h->system, rows[i].field,
                                (gint64)(kib >> 10), from);
        }
    }
    return TRUE;
}

/* As for libvirt: only "none" has a meaning without a size. */
static void read_huge_pages(Host *h)
{
    g_autofree char *path = at(h, "/sys/kernel/mm/hugepages");
    g_autoptr(GPtrArray) sizes = list_dir(path);
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean told = sizes != NULL;
    gboolean any = FALSE;

    for (guint i = 0; sizes != NULL && i < sizes->len; i++) {
        const char *size = g_ptr_array_index(sizes, i);
        g_autofree char *file = g_strconcat(path, "/", size,
                                            "/free_hugepages", NULL);
        guint64 pages;

        if (!read_uint(file, &pages)) {
            told = FALSE;
            continue;
        }
        any = any || pages > 0;
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " of %s",
                               text->len > 0 ? ", " : "", pages, size);
    }
    if (told && !any) {
        lpm_node_set_number(h->system, LPM_SYSTEM_HUGE_FREE, 0, path);
    } else if (any) {
        g_autofree char *why = g_strdup_printf(
            "%s: free are %s; which of them a guest could take is not "
            "known", path, text->str);

        absent(h->system, LPM_SYSTEM_HUGE_FREE, why);
    }
}

/*
 * buddyinfo counts free blocks of 2^n pages.  With a block of the largest
 * size there may be more of them in a row, which it does not tell; without,
 * the largest that there is, is the least that is surely in one piece.
 */
static void read_contiguous(Host *h)
{
    g_autofree char *path = at(h, "/proc/buddyinfo");
    g_autofree char *text = read_text(path);
    g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", 4096) : NULL;
    guint64 page = (guint64)sysconf(_SC_PAGESIZE);
    guint64 most = 0;
    gboolean top = FALSE;

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit_set(lines[i], " \t", 256);
        gint order = -1;
        gboolean zone = FALSE;
        gboolean last = FALSE;

        /* "Node 0, zone   Normal    224   2832 ..." */
        for (guint k = 0; words[k] != NULL; k++) {
            guint64 blocks;

            if (words[k][0] == '\0') {
                continue;
            }
            if (strcmp(words[k], "zone") == 0) {
                zone = TRUE;
            } else if (zone && g_ascii_string_to_unsigned(
                           words[k], 10, 0, G_MAXINT64, &blocks, NULL)) {
                order++;
                last = blocks > 0;
                if (blocks > 0 && order < 30) {
                    most = MAX(most, page << order);
                }
            }
        }
        top = top || last;
    }
    if (top) {
        absent(h->system, LPM_SYSTEM_MEM_CONTIGUOUS,
               "buddyinfo has free blocks of the largest size that it "
               "counts, and does not tell whether they stand in a row");
    } else if (most > 0) {
        lpm_node_set_number(h->system, LPM_SYSTEM_MEM_CONTIGUOUS,
                            (gint64)(most >> 20), path);
    }
}

/* "0-3,8" */
static gboolean count_cpus(const char *text, guint64 *ret_count)
{
    g_auto(GStrv) ranges = g_strsplit(text, ",", 4096);
    guint64 count = 0;

    for (guint i = 0; ranges[i] != NULL; i++) {
        g_auto(GStrv) ends = g_strsplit(ranges[i], "-", 3);
        guint64 first, last;

        if (ends[0] == NULL ||
            !g_ascii_string_to_unsigned(ends[0], 10, 0, G_MAXUINT16, &first,
                                        NULL)) {
            return FALSE;
        }
        last = first;
        if (ends[1] != NULL &&
            (ends[2] != NULL ||
             !g_ascii_string_to_unsigned(ends[1], 10, first, G_MAXUINT16,
                                         &last, NULL))) {
            return FALSE;
        }
        count += last - first + 1;
    }
    *ret_count = count;
    return count > 0;
}

/*
 * The processor version register, not the name: a logical partition shows
 * the name of the mode that it runs in.  POWER6 and POWER6+ share one.
 */
static const char *processor_of_pvr(guint64 version)
{
    switch (version) {
    case 0x003f:
        return "POWER7";
    case 0x004a:
        return "POWER7+";
    case 0x004b:
    case 0x004c:
    case 0x004d:
        return "POWER8";
    case 0x004e:
        return "POWER9";
    case 0x0080:
        return "POWER10";
    case 0x0082:
        return "POWER11";
    default:
        return NULL;
    }
}

static void read_processor(Host *h)
{
    g_autofree char *path = at(h, "/proc/cpuinfo");
    g_autofree char *text = read_text(path);
    const char *pvr = text != NULL ? strstr(text, "(pvr ") : NULL;
    const char *type = NULL;

    if (pvr != NULL) {
        g_autofree char *digits = g_strndup(pvr + strlen("(pvr "), 4);
        guint64 version;

        if (g_ascii_string_to_unsigned(digits, 16, 0, 0xffff, &version,
                                       NULL)) {
            type = processor_of_pvr(version);
        }
    } else if (text != NULL && (strstr(text, "vendor_id\t") != NULL ||
                                strstr(text, "CPU implementer\t") != NULL)) {
        type = "other";
    }
    if (type != NULL) {
        lpm_node_set_string(h->system, LPM_SYSTEM_PROCESSOR, type, path);
    } else {
        absent(h->system, LPM_SYSTEM_PROCESSOR,
               "/proc/cpuinfo has no processor version that is known");
    }
}

static void read_cpus(Host *h)
{
    g_autofree char *path = at(h, "/sys/devices/system/cpu/online");
    g_autofree char *text = read_text(path);
    guint64 count;

    if (text != NULL && count_cpus(text, &count)) {
        lpm_node_set_number(h->system, LPM_SYSTEM_CPUS, (gint64)count,
                            path);
    }
    read_processor(h);
}

/* The machine */

static gboolean only_of(const char *text, const char *pattern)
{
    return g_regex_match_simple(pattern, text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static void read_machine(Host *h)
{
    g_autofree char *name_path = at(h, "/proc/sys/kernel/hostname");
    g_autofree char *name = read_text(name_path);
    g_autofree char *model_path = at(h, "/proc/device-tree/model");
    g_autofree char *model = read_text(model_path);
    g_autofree char *serial_path = at(h, "/proc/device-tree/system-id");
    g_autofree char *serial = read_text(serial_path);
    const char *text;

    if (name != NULL && name[0] != '\0') {
        lpm_node_set_string(h->system, LPM_SYSTEM_NAME, name, name_path);
    }
    /* "IBM,8286-42A" of a partition, "8335-GTH" of bare metal */
    text = model != NULL && g_str_has_prefix(model, "IBM,") ? model + 4 :
           model;
    if (text != NULL && only_of(text, "^[0-9A-Z]{4}-[0-9A-Z]{3}$")) {
        lpm_node_set_string(h->system, LPM_SYSTEM_TYPE_MODEL, text,
                            model_path);
    }
    /* "IBM,0221C7EFT": two digits for the plant come first */
    text = serial;
    if (text != NULL && only_of(text, "^IBM,0[0-9][0-9A-Z]{7}$")) {
        text += strlen("IBM,0x");
    }
    if (text != NULL && only_of(text, "^[0-9A-Z]{7}$")) {
        lpm_node_set_string(h->system, LPM_SYSTEM_SERIAL, text,
                            serial_path);
    }
    lpm_node_set_string(h->system, LPM_SYSTEM_STATE, "operating",
                        name_path);
}

static void read_power(Host *h)
{
    g_autofree char *path = at(h, "/sys/class/power_supply");
    g_autoptr(GPtrArray) names = list_dir(path);
    guint mains = 0;
    guint on = 0;
    guint discharging = 0;
    gboolean odd = names == NULL;

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *base = g_strconcat(path, "/", name, NULL);
        g_autofree char *type_path = g_strconcat(base, "/type", NULL);
        g_autofree char *scope_path = g_strconcat(base, "/scope", NULL);
        g_autofree char *status_path = g_strconcat(base, "/status", NULL);
        g_autofree char *online_path = g_strconcat(base, "/online", NULL);
        g_autofree char *type = read_text(type_path);
        g_autofree char *scope = read_text(scope_path);
        g_autofree char *status = read_text(status_path);
        guint64 online;

        if (g_strcmp0(scope, "Device") == 0) {
            continue;       /* of a mouse */
        }
        if (g_strcmp0(type, "Mains") == 0) {
            if (read_uint(online_path, &online) && online <= 1) {
                mains++;
                on += online == 1;
            } else {
                odd = TRUE;
            }
        } else if (g_strcmp0(type, "Battery") == 0 ||
                   g_strcmp0(type, "UPS") == 0) {
            discharging += g_strcmp0(status, "Discharging") == 0;
        }
    }
    if (on > 0 && discharging == 0) {
        lpm_node_set_bool(h->system, LPM_SYSTEM_ON_BATTERY, FALSE, path);
    } else if (on == 0 && discharging > 0 && !odd) {
        lpm_node_set_bool(h->system, LPM_SYSTEM_ON_BATTERY, TRUE, path);
    } else {
        absent(h->system, LPM_SYSTEM_ON_BATTERY, mains + discharging == 0 ?
               "the kernel knows no power supply of this host" :
               "the power supplies of this host contradict each other");
    }
}

static void read_clock(Host *h)
{
    struct timex now = { 0 };
    int state;

    if (h->root[0] != '\0') {
        absent(h->server, LPM_IOSERVER_CLOCK_SYNCED,
               "not the host that runs");
        return;
    }
    state = adjtimex(&now);
    if (state >= 0) {
        lpm_node_set_bool(h->server, LPM_IOSERVER_CLOCK_SYNCED,
                          state != TIME_ERROR &&
                          (now.status & STA_UNSYNC) == 0, "adjtimex");
    } else {
        absent(h->server, LPM_IOSERVER_CLOCK_SYNCED,
               "adjtimex is not allowed");
    }
}

/* Links and bridges */

/* What is known of what is below a bridge. */
typedef struct Below {
    guint physical;
    guint carrier;
    guint unknown;          /* carrier or speed cannot be told */
    gboolean bond;
    guint64 speed;          /* the lowest; 0: none told */
    GPtrArray *vlans;       /* ids of VLAN interfaces */
    guint plain;            /* physical ones that are no VLAN interface */
} Below;

/* "eth0.5  VID: 5 ..." */
static char *vlan_id(const Host *h, const char *name)
{
    g_autofree char *path = at(h, "/proc/net/vlan/%s", name);
    g_autofree char *text = read_text(path);
    const char *vid = text != NULL ? strstr(text, "VID: ") : NULL;
    guint64 id;
    g_autofree char *digits = NULL;

    if (vid == NULL) {
        return NULL;
    }
    vid += strlen("VID: ");
    digits = g_strndup(vid, strspn(vid, "0123456789"));
    if (!g_ascii_string_to_unsigned(digits, 10, 0, 4095, &id, NULL)) {
        return NULL;
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT, id);
}

/* Whether @name leads to a wire; what it says goes to @below. */
static gboolean leads_out(const Host *h, const char *name, guint depth,
                          Below *below)
{
    g_autofree char *base = at(h, "/sys/class/net/%s", name);
    g_autofree char *device = g_strconcat(base, "/device", NULL);
    g_autofree char *bonding = g_strconcat(base, "/bonding", NULL);
    g_autoptr(GPtrArray) lower = NULL;
    gboolean out;

    if (exists(bonding)) {
        below->bond = TRUE;
        return TRUE;
    }
    if (exists(device)) {
        return TRUE;
    }
    out = FALSE;
    lower = depth < DEPTH_MAX ? list_dir(base) : NULL;
    for (guint i = 0; lower != NULL && i < lower->len; i++) {
        const char *entry = g_ptr_array_index(lower, i);

        if (g_str_has_prefix(entry, "lower_") &&
            leads_out(h, entry + strlen("lower_"), depth + 1, below)) {
            out = TRUE;
        }
    }
    return out;
}

static void read_member(const Host *h, const char *name, Below *below)
{
    g_autofree char *carrier_path = at(h, "/sys/class/net/%s/carrier",
                                       name);
    g_autofree char *speed_path = at(h, "/sys/class/net/%s/speed", name);
    g_autofree char *vlan = NULL;
    guint64 value;

    if (!leads_out(h, name, 0, below)) {
        return;
    }
    below->physical++;
    if (!read_uint(carrier_path, &value)) {
        below->unknown++;
    } else if (value == 1) {
        below->carrier++;
        if (read_uint(speed_path, &value) && value > 0) {
            below->speed = below->speed == 0 ? value :
                           MIN(below->speed, value);
        }
    }
    vlan = vlan_id(h, name);
    if (vlan != NULL) {
        g_ptr_array_add(below->vlans, g_steal_pointer(&vlan));
    } else {
        below->plain++;
    }
}

static void set_vlans(Host *h, LpmNode *bridge, const char *base,
                      Below *below)
{
    g_autofree char *path = g_strconcat(base, "/bridge/vlan_filtering",
                                        NULL);
    guint64 filtering;

    if (!read_uint(path, &filtering) || filtering != 0) {
        absent(bridge, LPM_BRIDGE_VLANS,
               "it filters VLANs; sysfs does not tell which");
    } else if (below->plain > 0 && below->vlans->len == 0) {
        g_ptr_array_add(below->vlans, g_strdup("*"));
        lpm_node_set_strings(bridge, LPM_BRIDGE_VLANS,
                             g_ptr_array_ref(below->vlans), path);
    } else if (below->plain == 0 && below->vlans->len > 0) {
        g_autofree char *from = at(h, "/proc/net/vlan");

        lpm_node_set_strings(bridge, LPM_BRIDGE_VLANS,
                             g_ptr_array_ref(below->vlans), from);
    } else {
        absent(bridge, LPM_BRIDGE_VLANS,
               "no way out, or one with and one without a VLAN");
    }
}

static void read_bridge(Host *h, const char *name, const char *base)
{
    g_autofree char *brif = g_strconcat(base, "/brif", NULL);
    g_autoptr(GPtrArray) members = list_dir(brif);
    g_autoptr(GPtrArray) vlans = g_ptr_array_new_with_free_func(g_free);
    Below below = { .vlans = vlans };
    LpmNode *bridge = lpm_node_item(h->server, LPM_IOSERVER_BRIDGES, name,
                                    base);

    if (members == NULL) {
        return;
    }
    for (guint i = 0; i < members->len; i++) {
        read_member(h, g_ptr_array_index(members, i), &below);
    }
    if (below.carrier > 0) {
        lpm_node_set_bool(bridge, LPM_BRIDGE_CONNECTED, TRUE, brif);
    } else if (below.unknown == 0) {
        lpm_node_set_bool(bridge, LPM_BRIDGE_CONNECTED, FALSE, brif);
    } else {
        absent(bridge, LPM_BRIDGE_CONNECTED,
               "a link below it does not tell whether it is up");
    }
    lpm_node_set_bool(bridge, LPM_BRIDGE_AGGREGATED, below.bond, brif);
    if (below.speed > 0) {
        lpm_node_set_number(bridge, LPM_BRIDGE_SPEED, (gint64)below.speed,
                            brif);
    }
    set_vlans(h, bridge, base, &below);
}

static void read_links(Host *h)
{
    g_autofree char *path = at(h, "/sys/class/net");
    g_autoptr(GPtrArray) names = list_dir(path);

    if (names == NULL) {
        return;
    }
    lpm_node_set_empty(h->server, LPM_IOSERVER_BRIDGES, path);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *base = g_strconcat(path, "/", name, NULL);
        g_autofree char *bridge = g_strconcat(base, "/bridge", NULL);

        if (exists(bridge)) {
            read_bridge(h, name, base);
        }
    }
    absent(h->server, LPM_IOSERVER_LINK_MBPS,
           "which link carries migrations, the kernel does not know");
}

/* Fibre Channel */

static char *read_wwn(const char *path)
{
    g_autofree char *text = read_text(path);

    if (text == NULL || !g_str_has_prefix(text, "0x") ||
        strlen(text) != 18 ||
        strspn(text + 2, "0123456789abcdefABCDEF") != 16) {
        return NULL;
    }
    return g_ascii_strdown(text + 2, -1);
}

/* "host5" of "../../devices/.../host5/vport-5:0-0/host6/fc_host/host6" */
static char *parent_port(const char *place)
{
    g_auto(GStrv) parts = g_strsplit(place, "/", 256);

    for (guint i = 1; parts[i] != NULL; i++) {
        if (g_str_has_prefix(parts[i], "vport-") &&
            g_str_has_prefix(parts[i - 1], "host")) {
            return g_strdup(parts[i - 1]);
        }
    }
    return NULL;
}

/* "0000:10:00.0" of ".../0000:10:00.0/host5/fc_host/host5" */
static char *adapter_of(const char *place, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(place, "/", 256);

    for (guint i = 1; parts[i] != NULL; i++) {
        if (strcmp(parts[i], name) == 0) {
            return g_strdup(parts[i - 1]);
        }
    }
    return NULL;
}

static GPtrArray *strings_of(LpmNode *node, LpmField field)
{
    const LpmValue *old = lpm_node_get(node, field);
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; old != NULL && i < old->items->len; i++) {
        g_ptr_array_add(all, g_strdup(g_ptr_array_index(old->items, i)));
    }
    return all;
}

static void add_string(LpmNode *node, LpmField field, char *text,
                       const char *from)
{
    GPtrArray *all = strings_of(node, field);

    g_ptr_array_add(all, text);
    lpm_node_set_strings(node, field, all, from);
}

/* As scsi_transport_fc has them; "Unknown" while the link is down. */
static void read_topology(LpmNode *port, const char *base)
{
    static const struct {
        const char *type;
        const char *topology;
    } rows[] = {
        { "NPort (fabric via point-to-point)", "fabric-point-to-point" },
        { "NLPort (fabric via loop)", "fabric-loop" },
        { "LPort (private loop)", "private-loop" },
        { "Point-To-Point (direct nport connection)", "direct" },
    };
    g_autofree char *path = g_strconcat(base, "/port_type", NULL);
    g_autofree char *type = read_text(path);

    for (gsize i = 0; type != NULL && i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(type, rows[i].type) == 0) {
            lpm_node_set_string(port, LPM_FCPORT_TOPOLOGY,
                                rows[i].topology, path);
        }
    }
    absent(port, LPM_FCPORT_TOPOLOGY,
           "port_type of the fc_host does not tell, or the link is down");
}

/* "host5" of "5:0-1" */
static char *host_of(const char *place)
{
    return g_strdup_printf("host%.*s", (int)strspn(place, "0123456789"),
                           place);
}

static void read_fc_port(Host *h, const char *name, const char *base)
{
    g_autofree char *place = place_of(base);
    g_autofree char *above = place != NULL ? parent_port(place) : NULL;
    g_autofree char *adapter = place != NULL ? adapter_of(place, name) :
                               NULL;
    g_autofree char *state_path = g_strconcat(base, "/port_state", NULL);
    g_autofree char *name_path = g_strconcat(base, "/port_name", NULL);
    g_autofree char *max_path = g_strconcat(base, "/max_npiv_vports", NULL);
    g_autofree char *used_path = g_strconcat(base, "/npiv_vports_inuse",
                                             NULL);
    g_autofree char *state = read_text(state_path);
    LpmNode *port;
    guint64 number;

    port = lpm_node_item(h->server, LPM_IOSERVER_FC_PORTS,
                         above != NULL ? above : name, base);
    if (lpm_node_get(port, LPM_FCPORT_LOGGED_IN) == NULL) {
        lpm_node_set_strings(port, LPM_FCPORT_LOGGED_IN,
                             strings_of(port, LPM_FCPORT_LOGGED_IN), base);
    }
    if (above != NULL) {
        /* a virtual port: what is logged in through the physical one */
        char *wwpn = read_wwn(name_path);

        if (wwpn != NULL) {
            add_string(port, LPM_FCPORT_LOGGED_IN, wwpn, name_path);
        }
        return;
    }
    if (adapter != NULL) {
        lpm_node_set_string(port, LPM_FCPORT_ADAPTER, adapter, base);
    }
    if (state != NULL) {
        lpm_node_set_bool(port, LPM_FCPORT_ONLINE,
                          strcmp(state, "Online") == 0, state_path);
    }
    if (read_uint(max_path, &number)) {
        lpm_node_set_number(port, LPM_FCPORT_PORTS_MAX, (gint64)number,
                            max_path);
        lpm_node_set_bool(port, LPM_FCPORT_NPIV, number > 0, max_path);
    } else if (!exists(max_path)) {
        /* drivers with NPIV have the file */
        lpm_node_set_bool(port, LPM_FCPORT_NPIV, FALSE, base);
    }
    if (read_uint(used_path, &number)) {
        lpm_node_set_number(port, LPM_FCPORT_PORTS_USED, (gint64)number,
                            used_path);
    }
    read_topology(port, base);
    absent(port, LPM_FCPORT_LINK_UNCHANGED,
           "sysfs does not tell when a link last changed; the log (dmesg) "
           "does");
}

/*
 * "vport-5:0-0" of host5: its login to the fabric is what tells whether the
 * switch takes more than one, and nothing else in sysfs does.
 */
static void read_vport(Host *h, const char *name, const char *base)
{
    g_autofree char *state_path = g_strconcat(base, "/vport_state", NULL);
    g_autofree char *state = read_text(state_path);
    g_autofree char *host = NULL;
    LpmNode *port;

    if (!g_str_has_prefix(name, "vport-") || state == NULL) {
        return;
    }
    host = host_of(name + strlen("vport-"));
    port = lpm_node_find(h->server, LPM_IOSERVER_FC_PORTS, host);
    if (port == NULL) {
        return;
    }
    if (strcmp(state, "Active") == 0) {
        lpm_node_set_bool(port, LPM_FCPORT_FABRIC, TRUE, state_path);
    } else if (strcmp(state, "No Fabric Support") == 0 &&
               lpm_node_get(port, LPM_FCPORT_FABRIC) == NULL) {
        lpm_node_set_bool(port, LPM_FCPORT_FABRIC, FALSE, state_path);
    }
}

/* "rport-5:0-1" of host5 */
static void read_remote_port(Host *h, const char *name, const char *base)
{
    g_autofree char *roles_path = g_strconcat(base, "/roles", NULL);
    g_autofree char *state_path = g_strconcat(base, "/port_state", NULL);
    g_autofree char *name_path = g_strconcat(base, "/port_name", NULL);
    g_autofree char *roles = read_text(roles_path);
    g_autofree char *state = read_text(state_path);
    g_autofree char *host = NULL;
    LpmNode *port;
    char *wwpn;

    if (!g_str_has_prefix(name, "rport-") || roles == NULL ||
        strstr(roles, "FCP Target") == NULL ||
        g_strcmp0(state, "Online") != 0) {
        return;
    }
    host = host_of(name + strlen("rport-"));
    port = lpm_node_find(h->server, LPM_IOSERVER_FC_PORTS, host);
    wwpn = port != NULL ? read_wwn(name_path) : NULL;
    if (wwpn != NULL) {
        add_string(port, LPM_FCPORT_TARGETS, wwpn, name_path);
    }
}

static void read_fc(Host *h)
{
    g_autofree char *base = at(h, "/sys/class");
    g_autofree char *path = at(h, "/sys/class/fc_host");
    g_autofree char *remote = at(h, "/sys/class/fc_remote_ports");
    g_autofree char *virtual = at(h, "/sys/class/fc_vports");
    g_autoptr(GPtrArray) names = list_dir(path);
    g_autoptr(GPtrArray) ports = list_dir(remote);
    g_autoptr(GPtrArray) vports = list_dir(virtual);

    if (names == NULL && !exists(base)) {
        return;
    }
    lpm_node_set_empty(h->server, LPM_IOSERVER_FC_PORTS, path);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *where = g_strconcat(path, "/", name, NULL);

        if (g_str_has_prefix(name, "host")) {
            read_fc_port(h, name, where);
        }
    }
    for (guint i = 0; ports != NULL && i < ports->len; i++) {
        const char *name = g_ptr_array_index(ports, i);
        g_autofree char *where = g_strconcat(remote, "/", name, NULL);

        read_remote_port(h, name, where);
    }
    for (guint i = 0; vports != NULL && i < vports->len; i++) {
        const char *name = g_ptr_array_index(vports, i);
        g_autofree char *where = g_strconcat(virtual, "/", name, NULL);

        read_vport(h, name, where);
    }
    for (guint i = 0; names != NULL && i < names->len; i++) {
        LpmNode *port = lpm_node_find(h->server, LPM_IOSERVER_FC_PORTS,
                                      g_ptr_array_index(names, i));

        if (port != NULL) {
            absent(port, LPM_FCPORT_FABRIC,
                   "sysfs tells whether the switch supports NPIV only once "
                   "a virtual port has logged in");
        }
    }
}

/* Disks */

static char *hex_of(const char *kind, const guint8 *bytes, guint len)
{
    GString *text = g_string_new(kind);
    g_autofree char *identity = NULL;

    for (guint i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    identity = g_string_free(text, FALSE);
    /* for its checks: not all zero, 8 or 16 bytes */
    return lpm_identity_from_wwid(identity);
}

/*
 * SPC-4 7.8.6: a header of 4 bytes, then designators: code set, type with
 * association, reserved, length.  NAA of the logical unit wins over EUI-64.
 */
static char *identity_of_page83(const guint8 *page, gsize len)
{
    g_autofree char *eui = NULL;
    gsize end, pos = 4;

    if (len < 4 || page[1] != 0x83) {
        return NULL;
    }
    end = MIN(len, 4 + ((gsize)page[2] << 8 | page[3]));
    while (pos + 4 <= end && pos + 4 + page[pos + 3] <= end) {
        const guint8 *d = page + pos;
        gboolean unit = (d[1] & 0x30) == 0;     /* not of a port */
        gboolean binary = (d[0] & 0x0f) == 1;

        if (unit && binary && (d[1] & 0x0f) == 3) {
            char *naa = hex_of("naa.", d + 4, d[3]);

            if (naa != NULL) {
                return naa;
            }
        }
        if (unit && binary && (d[1] & 0x0f) == 2 && eui == NULL) {
            eui = hex_of("eui.", d + 4, d[3]);
        }
        pos += 4 + d[3];
    }
    return g_steal_pointer(&eui);
}

static void set_identity(LpmNode *volume, const char *base,
                         const char *dm_uuid)
{
    static const char *const files[] = { "/wwid", "/device/wwid" };
    g_autofree char *identity = NULL;
    g_autofree char *from = NULL;

    if (dm_uuid != NULL && g_str_has_prefix(dm_uuid, "mpath-")) {
        identity = lpm_identity_from_scsi_id(dm_uuid + strlen("mpath-"));
        from = g_strconcat(base, "/dm/uuid", NULL);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(files) && identity == NULL; i++) {
        g_autofree char *wwid = NULL;

        g_free(from);
        from = g_strconcat(base, files[i], NULL);
        wwid = read_text(from);
        identity = wwid != NULL ? lpm_identity_from_wwid(wwid) : NULL;
    }
    if (identity == NULL) {
        g_autofree char *page = NULL;
        gsize len = 0;

        g_free(from);
        from = g_strconcat(base, "/device/vpd_pg83", NULL);
        page = read_bytes(from, &len);
        identity = page != NULL ?
                   identity_of_page83((const guint8 *)page, len) : NULL;
    }
    if (identity != NULL) {
        lpm_node_set_string(volume, LPM_VOLUME_IDENTITY, identity, from);
    } else {
        absent(volume, LPM_VOLUME_IDENTITY,
               "sysfs has no NAA, EUI-64 or UUID of it");
    }
}

/* How it is attached, if that says whether other hosts reach it. */
static void set_internal(LpmNode *volume, const char *base,
                         const char *place)
{
    g_autofree char *path = g_strconcat(base, "/device/transport", NULL);
    g_autofree char *transport = read_text(path);

    if (g_strcmp0(transport, "pcie") == 0) {
        lpm_node_set_bool(volume, LPM_VOLUME_INTERNAL, TRUE, path);
    } else if (g_strcmp0(transport, "tcp") == 0 ||
               g_strcmp0(transport, "rdma") == 0 ||
               g_strcmp0(transport, "fc") == 0) {
        lpm_node_set_bool(volume, LPM_VOLUME_INTERNAL, FALSE, path);
    } else if (place != NULL && (strstr(place, "/rport-") != NULL ||
                                 strstr(place, "/session") != NULL)) {
        lpm_node_set_bool(volume, LPM_VOLUME_INTERNAL, FALSE, base);
    } else if (place != NULL && (strstr(place, "/ata") != NULL ||
                                 strstr(place, "/usb") != NULL)) {
        lpm_node_set_bool(volume, LPM_VOLUME_INTERNAL, TRUE, base);
    } else {
        absent(volume, LPM_VOLUME_INTERNAL,
               "its bus does not tell whether other hosts reach it");
    }
}

static void read_disk(Host *h, const char *name, const char *base)
{
    g_autofree char *size_path = g_strconcat(base, "/size", NULL);
    g_autofree char *uuid_path = g_strconcat(base, "/dm/uuid", NULL);
    g_autofree char *dm_path = g_strconcat(base, "/dm/name", NULL);
    g_autofree char *max_path = g_strconcat(base, "/queue/max_sectors_kb",
                                            NULL);
    g_autofree char *slaves = g_strconcat(base, "/slaves", NULL);
    g_autofree char *dm_uuid = read_text(uuid_path);
    g_autofree char *dm_name = read_text(dm_path);
    g_autofree char *place = place_of(base);
    g_autofree char *device = NULL;
    gboolean mpath = dm_uuid != NULL && g_str_has_prefix(dm_uuid, "mpath-");
    guint64 sectors, max;
    LpmNode *volume;

    /* without a size there is no medium, or it is not set up */
    if (!read_uint(size_path, &sectors) || sectors == 0) {
        return;
    }
    device = dm_name != NULL && dm_name[0] != '\0' ?
             g_strconcat("/dev/mapper/", dm_name, NULL) :
             g_strconcat("/dev/", name, NULL);
    g_strdelimit(device, "!", '/');
    volume = lpm_node_item(h->server, LPM_IOSERVER_VOLUMES, device, base);
    lpm_node_set_number(volume, LPM_VOLUME_SIZE, (gint64)(sectors >> 11),
                        size_path);
    if (read_uint(max_path, &max)) {
        lpm_node_set_number(volume, LPM_VOLUME_MAX_TRANSFER, (gint64)max,
                            max_path);
    }
    set_identity(volume, base, dm_uuid);
    if (dm_uuid != NULL && g_str_has_prefix(dm_uuid, "LVM-")) {
        lpm_node_set_string(volume, LPM_VOLUME_KIND, "logical-volume",
                            uuid_path);
        absent(volume, LPM_VOLUME_INTERNAL, "that of its physical volumes");
    } else if (mpath) {
        g_autoptr(GPtrArray) paths = list_dir(slaves);

        lpm_node_set_string(volume, LPM_VOLUME_KIND, "physical", uuid_path);
        if (paths != NULL) {
            lpm_node_set_number(volume, LPM_VOLUME_PATHS, paths->len,
                                slaves);
        }
        absent(volume, LPM_VOLUME_INTERNAL, "that of its paths");
    } else if (dm_uuid == NULL && !g_str_has_prefix(name, "md")) {
        lpm_node_set_string(volume, LPM_VOLUME_KIND, "physical", base);
        set_internal(volume, base, place);
    }
}

static void read_disks(Host *h)
{
    static const char *const skipped[] = {
        "loop", "ram", "zram", "sr", "fd",
    };
    g_autofree char *path = at(h, "/sys/block");
    g_autoptr(GPtrArray) names = list_dir(path);

    if (names == NULL) {
        return;
    }
    lpm_node_set_empty(h->server, LPM_IOSERVER_VOLUMES, path);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *base = g_strconcat(path, "/", name, NULL);
        gboolean skip = FALSE;

        for (gsize k = 0; k < G_N_ELEMENTS(skipped); k++) {
            gsize len = strlen(skipped[k]);

            skip = skip || (strncmp(name, skipped[k], len) == 0 &&
                            g_ascii_isdigit(name[len]));
        }
        if (!skip) {
            read_disk(h, name, base);
        }
    }
}

gboolean lpm_gather_host(LpmFacts *facts, LpmSide side, const char *root,
                         GError **error)
{
    g_autoptr(LpmNode) system = lpm_node_new(LPM_RECORD_SYSTEM);
    g_autofree char *here = g_strconcat(root, "/proc", NULL);
    Host h = { .root = root, .system = system };

    if (!read_memory(&h, error)) {
        return FALSE;
    }
    h.server = lpm_node_append(system, LPM_SYSTEM_IOSERVERS, HOST, here);
    lpm_node_set_string(h.server, LPM_IOSERVER_STATE, "running", here);
    read_machine(&h);
    read_huge_pages(&h);
    read_contiguous(&h);
    read_cpus(&h);
    read_power(&h);
    read_clock(&h);
    read_links(&h);
    read_fc(&h);
    read_disks(&h);
    lpm_node_merge(lpm_facts_system(facts, side), system);
    return TRUE;
}
