/*
 * Checks of what others know this host by: its clock, its name, its UUID
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <gio/gio.h>
#include <netdb.h>
#include <string.h>
#include <sys/timex.h>

#include "doctor/check.h"
#include "doctor/root.h"

/* Clock */

static int kernel_clock(void)
{
    struct timex now = { 0 };
    int state = adjtimex(&now);

    return state < 0 ? -1 :
           state != TIME_ERROR && (now.status & STA_UNSYNC) == 0;
}

void lpm_check_host_clock(LpmDoctor *doctor)
{
    int synced;

    if (!lpm_doctor_is_here(doctor) && doctor->options.clock == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "the root is not the file system's own");
        return;
    }
    synced = (doctor->options.clock != NULL ? doctor->options.clock :
                                              kernel_clock)();
    if (synced < 0) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL, "the kernel does not "
                       "tell: adjtimex is not allowed");
    } else if (synced == 0) {
        /* guests move all the same; times of two logs do not fit */
        lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "nothing keeps the "
                       "clock in time");
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "it is synchronised");
    }
}

/* Name */

/* What a name is the name of. */
typedef struct Addresses {
    GMutex mutex;
    GCond cond;
    guint refs;
    gboolean done;
    char *name;
    GPtrArray *found;       /* GInetAddress *; NULL: none */
    char *error;
} Addresses;

static void addresses_unref(Addresses *a)
{
    gboolean last;

    g_mutex_lock(&a->mutex);
    last = --a->refs == 0;
    g_mutex_unlock(&a->mutex);
    if (last) {
        g_mutex_clear(&a->mutex);
        g_cond_clear(&a->cond);
        g_clear_pointer(&a->found, g_ptr_array_unref);
        g_free(a->name);
        g_free(a->error);
        g_free(a);
    }
}

static GPtrArray *new_list(void)
{
    return g_ptr_array_new_with_free_func(g_object_unref);
}

static void add_address(GPtrArray *list, const struct sockaddr *raw,
                        gsize len)
{
    g_autoptr(GSocketAddress) address =
        g_socket_address_new_from_native((gpointer)raw, len);

    if (address != NULL && G_IS_INET_SOCKET_ADDRESS(address)) {
        g_ptr_array_add(list, g_object_ref(
            g_inet_socket_address_get_address(
                G_INET_SOCKET_ADDRESS(address))));
    }
}

/* Nobody can stop a resolver: it has a thread, which may stay behind. */
static gpointer resolve_thread(gpointer data)
{
    Addresses *a = data;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    GPtrArray *found = new_list();
    int code = getaddrinfo(a->name, NULL, &hints, &list);

    for (struct addrinfo *one = list; one != NULL; one = one->ai_next) {
        add_address(found, one->ai_addr, one->ai_addrlen);
    }
    if (list != NULL) {
        freeaddrinfo(list);
    }
    g_mutex_lock(&a->mutex);
    a->found = found;
    a->error = code != 0 ? g_strdup(gai_strerror(code)) : NULL;
    a->done = TRUE;
    g_cond_signal(&a->cond);
    g_mutex_unlock(&a->mutex);
    addresses_unref(a);
    return NULL;
}

/* (transfer full) (nullable): NULL: @ret_why */
static GPtrArray *resolve(const char *name, guint deadline_ms, char **ret_why)
{
    Addresses *a = g_new0(Addresses, 1);
    gint64 end = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
    GPtrArray *found = NULL;
    GThread *thread;

    g_mutex_init(&a->mutex);
    g_cond_init(&a->cond);
    a->refs = 2;
    a->name = g_strdup(name);
    thread = g_thread_new("resolver", resolve_thread, a);
    g_thread_unref(thread);
    g_mutex_lock(&a->mutex);
    while (!a->done && g_cond_wait_until(&a->cond, &a->mutex, end)) {
        continue;
    }
    if (!a->done) {
        *ret_why = g_strdup_printf("the resolver has not answered within %u "
                                   "ms", deadline_ms);
    } else if (a->error != NULL) {
        *ret_why = g_strdup(a->error);
    } else {
        found = g_steal_pointer(&a->found);
    }
    g_mutex_unlock(&a->mutex);
    addresses_unref(a);
    return found;
}

/* Of a tree that is not in use only its own table counts. */
static GPtrArray *look_up(const LpmDoctor *doctor, const char *name)
{
    g_autofree char *text = lpm_root_text(doctor->root, "/etc/hosts");
    g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;
    GPtrArray *found = new_list();

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_auto(GStrv) words = NULL;

        lines[i][strcspn(lines[i], "#")] = '\0';
        words = g_strsplit_set(lines[i], " \t\r", -1);
        for (guint k = 1; words[0] != NULL && words[k] != NULL; k++) {
            GInetAddress *address =
                g_ascii_strcasecmp(words[k], name) == 0 ?
                g_inet_address_new_from_string(words[0]) : NULL;

            if (address != NULL) {
                g_ptr_array_add(found, address);
            }
        }
    }
    return found;
}

static gboolean all_loopback(const GPtrArray *addresses)
{
    for (guint i = 0; i < addresses->len; i++) {
        if (!g_inet_address_get_is_loopback(
                g_ptr_array_index(addresses, i))) {
            return FALSE;
        }
    }
    return TRUE;
}

static char *addresses_text(const GPtrArray *addresses)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < addresses->len && i < 8; i++) {
        g_autofree char *one =
            g_inet_address_to_string(g_ptr_array_index(addresses, i));

        g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ", one);
    }
    return g_string_free(text, FALSE);
}

/* A name that was set, and one that the host has. */
static void judge_name(LpmDoctor *doctor, const char *what, const char *name,
                       gboolean is_set)
{
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(name);
    g_autoptr(GPtrArray) addresses = NULL;
    g_autofree char *why = NULL;
    g_autofree char *text = NULL;

    if (g_ascii_strncasecmp(name, "localhost", strlen("localhost")) == 0) {
        /* libvirt refuses such a name when a guest is to come */
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is %s", what, name);
        return;
    }
    if (literal != NULL) {
        addresses = new_list();
        g_ptr_array_add(addresses, g_object_ref(literal));
    } else if (lpm_doctor_is_here(doctor)) {
        addresses = resolve(name, doctor->options.deadline_ms, &why);
    } else {
        addresses = look_up(doctor, name);
        if (addresses->len == 0) {
            g_clear_pointer(&addresses, g_ptr_array_unref);
            why = g_strdup("it is not in /etc/hosts; nothing else was asked");
        }
    }
    if (addresses == NULL || addresses->len == 0) {
        lpm_doctor_say(doctor, lpm_doctor_is_here(doctor) ? LPM_RULE_FAIL :
                       LPM_RULE_UNKNOWN, "give the name an address in DNS, "
                       "or in /etc/hosts of each host, or set migration_host "
                       "in /etc/libvirt/qemu.conf to an address", "%s is %s, "
                       "which has no address: %s", what, name,
                       why != NULL ? why : "none is told");
        return;
    }
    text = addresses_text(addresses);
    if (all_loopback(addresses)) {
        /* other hosts may know better than this one's own table */
        lpm_doctor_say(doctor, is_set ? LPM_RULE_FAIL : LPM_RULE_WARN, NULL,
                       "%s is %s, which is %s here: a source that takes it "
                       "for that sends the guest to itself", what, name,
                       text);
    } else if (literal != NULL) {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s is %s", what, name);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s is %s, which is %s",
                       what, name, text);
    }
}

void lpm_check_host_name(LpmDoctor *doctor)
{
    const char *set = lpm_doctor_qemu_conf(doctor, "migration_host");
    g_autofree char *own = lpm_root_text(doctor->root,
                                         "/proc/sys/kernel/hostname");
    g_autofree char *bare = NULL;

    if (own == NULL) {
        own = lpm_root_text(doctor->root, "/etc/hostname");
    }
    if (set != NULL && set[0] != '\0') {
        gsize len = strlen(set);

        /* an IPv6 address stands in brackets there */
        bare = set[0] == '[' && set[len - 1] == ']' ?
               g_strndup(set + 1, len - 2) : g_strdup(set);
        judge_name(doctor, "migration_host", bare, TRUE);
    } else if (own != NULL && own[0] != '\0') {
        judge_name(doctor, "the host's name", own, FALSE);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, NULL, "neither "
                       "migration_host nor a name of this host is to be "
                       "found");
    }
}

/* UUID */

/* 32 digits in lower case; NULL: it is none. */
static char *uuid_digits(const char *text)
{
    g_autoptr(GString) digits = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        if (g_ascii_isxdigit(*text)) {
            g_string_append_c(digits, g_ascii_tolower(*text));
        } else if (*text != '-') {
            return NULL;
        }
    }
    return digits->len == 32 ? g_string_free(g_steal_pointer(&digits), FALSE) :
                               NULL;
}

/* Makers of boards leave these in many of them. */
static gboolean is_of_many(const char *digits)
{
    static const char *const known[] = {
        "03000200040005000006000700080009",
        "00020003000400050006000700080009",
        "00010203040506070809101112131415",
        "12345678123456789012345678901234",
        "123456781234567890abcddeefaabbcc",
        "4c4c454400002010802080c04f202020",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(digits, known[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* libvirt takes no UUID whose bytes are all the same. */
static gboolean is_one_byte(const char *digits)
{
    for (guint i = 2; i < 32; i += 2) {
        if (digits[i] != digits[0] || digits[i + 1] != digits[1]) {
            return FALSE;
        }
    }
    return TRUE;
}

static void judge_uuid(LpmDoctor *doctor, const char *from, const char *text,
                       gboolean is_set)
{
    g_autofree char *digits = uuid_digits(text);

    if (digits == NULL || is_one_byte(digits)) {
        /* a key that is wrong stops libvirtd; else it makes one up */
        lpm_doctor_say(doctor, is_set ? LPM_RULE_FAIL : LPM_RULE_WARN, NULL,
                       "%s is %s, which libvirt does not take%s", from, text,
                       is_set ? "" : ": it makes one up at each start");
    } else if (is_of_many(digits)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is %s, which many "
                       "boards have: libvirt refuses to move guests between "
                       "hosts with one UUID", from, text);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s is %s", from, text);
    }
}

void lpm_check_host_uuid(LpmDoctor *doctor)
{
    const char *set = lpm_doctor_daemon_conf(doctor, "host_uuid");
    const char *source = lpm_doctor_daemon_conf(doctor, "host_uuid_source");
    g_autofree char *text = NULL;

    if (set != NULL) {
        judge_uuid(doctor, "host_uuid", set, TRUE);
        return;
    }
    if (g_strcmp0(source, "machine-id") == 0) {
        text = lpm_root_text(doctor->root, "/etc/machine-id");
        judge_uuid(doctor, "/etc/machine-id", text != NULL ? text :
                   "not there", TRUE);
        return;
    }
    text = lpm_root_text(doctor->root,
                         "/sys/devices/virtual/dmi/id/product_uuid");
    if (text == NULL) {
        text = lpm_root_text(doctor->root, "/sys/class/dmi/id/product_uuid");
    }
    if (text != NULL) {
        judge_uuid(doctor, "that of SMBIOS", text, FALSE);
    } else if (lpm_root_is(doctor->root,
                           "/sys/class/dmi/id/product_uuid")) {
        lpm_doctor_say(doctor, LPM_RULE_UNKNOWN, "run lpm doctor as root",
                       "SMBIOS has one, which this user may not read");
    } else {
        lpm_doctor_say(doctor, LPM_RULE_WARN, NULL, "this host has no "
                       "SMBIOS, and libvirtd.conf no host_uuid: libvirt "
                       "makes one up at each start");
    }
}
