/*
 * Checks of the emulator: it is ours, and its modules are its own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Theory of operation: QEMU loads a module only if that has a symbol
 * qemu_stamp_HASH, whose name the program holds as text; both are made by one
 * build.  So reading the files tells whether they fit, on any host and for a
 * tree that is not in use.  Where the root is the file system's own, the
 * program is run as well: what it links may be missing, and a script (a
 * wrapper) tells nothing when it is read.
 * Source: qemu util/module.c, module_load_dso()
 */
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "doctor/check.h"
#include "doctor/root.h"
#include "error/lpm-error.h"

#define PROGRAM_NAME   "qemu-system-ppc64"
#define STAMP          "qemu_stamp_"
#define STAMP_DIGITS   40u
#define SERIES_WORD    "migration-lpm"
#define CHUNK_BYTES    (1u << 20)
#define FILE_BYTES_MAX ((guint64)1 << 30)
#define GUEST_MAX      (4u << 20)
#define OUTPUT_MAX     65536u
#define RUN_MS         10000    /* a QEMU that is not in the page cache yet */
/* Where packages put it, beside Debian's own; and meson install. */
#define PACKAGED       LPM_PREFIX "/lib/qemu-lpm/bin/" PROGRAM_NAME
#define INSTALLED      LPM_PREFIX "/bin/" PROGRAM_NAME
#define DAEMON_PATH    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
                       "/sbin:/bin"

static const char *const modules[] = {
    "migration-lpm-ppc64.so", "migration-multifd-lpm.so",
    "hw-ppc-spapr-vfc-ppc64.so",
};

void lpm_doctor_emulator_free(gpointer data)
{
    LpmDoctorEmulator *emulator = data;

    g_free(emulator->path);
    g_free(emulator->found);
    g_free(emulator->fault);
    g_free(emulator->remedy);
    g_free(emulator);
}

/* Reading programs */

/*
 * Looks for @word; (transfer full) (nullable): it and @more bytes behind it.
 * Reads in pieces: a program has 70 MB, and may be replaced meanwhile.
 */
static char *find_word(const char *full, const char *word, gsize more)
{
    gsize len = strlen(word);
    gsize keep = len + more;
    g_autofree char *buffer = g_malloc(CHUNK_BYTES + keep);
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    guint64 total = 0;
    gsize have = 0;
    char *result = NULL;
    struct stat info;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return NULL;
    }
    while (result == NULL && total < FILE_BYTES_MAX) {
        ssize_t got = read(fd, buffer + have, CHUNK_BYTES);
        const char *at = buffer;

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        have += (gsize)got;
        total += (guint64)got;
        while (result == NULL && at != NULL) {
            at = memmem(at, (gsize)(buffer + have - at), word, len);
            if (at != NULL && (gsize)(buffer + have - at) >= keep) {
                result = g_strndup(at, keep);
            } else if (at != NULL) {
                break;      /* the rest comes with the next piece */
            }
        }
        if (have > keep) {
            memmove(buffer, buffer + have - keep, keep);
            have = keep;
        }
    }
    close(fd);
    return result;
}

/* A script begins with "#!". */
static gboolean is_elf(const char *full)
{
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char magic[4] = "";
    gboolean is = fd >= 0 && read(fd, magic, 4) == 4 &&
                  memcmp(magic, "\177ELF", 4) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return is;
}

/* (transfer full) (nullable): "qemu_stamp_..." of a module. */
static char *stamp_of(const char *full)
{
    g_autofree char *stamp = find_word(full, STAMP, STAMP_DIGITS);

    if (stamp == NULL ||
        strspn(stamp + strlen(STAMP), "0123456789abcdef") != STAMP_DIGITS) {
        return NULL;
    }
    return g_steal_pointer(&stamp);
}

static gboolean has_word(const char *full, const char *word)
{
    g_autofree char *found = find_word(full, word, 0);

    return found != NULL;
}

/* Which emulators */

/* What of a guest's definition is looked for. */
typedef struct Guest {
    GString *emulator;
    gboolean in_emulator;
    gboolean is_ppc64;
    gboolean is_ours;
} Guest;

static void on_start(GMarkupParseContext *context, const char *name,
                     const char **names, const char **values, gpointer data,
                     GError **error)
{
    Guest *guest = data;

    (void)context;
    (void)error;
    guest->in_emulator = g_str_equal(name, "emulator");
    for (guint i = 0; names[i] != NULL; i++) {
        if (g_str_equal(name, "type") && g_str_equal(names[i], "arch")) {
            guest->is_ppc64 = g_str_has_prefix(values[i], "ppc64");
        }
        /* metadata of ours, or an argument that somebody wrote */
        if (strstr(values[i], "https://qemu-lpm.org/xmlns/") != NULL ||
            strstr(values[i], "migration-lpm") != NULL ||
            strstr(values[i], "spapr-vfc") != NULL) {
            guest->is_ours = TRUE;
        }
    }
}

static void on_end(GMarkupParseContext *context, const char *name,
                   gpointer data, GError **error)
{
    Guest *guest = data;

    (void)context;
    (void)name;
    (void)error;
    guest->in_emulator = FALSE;
}

static void on_text(GMarkupParseContext *context, const char *text,
                    gsize len, gpointer data, GError **error)
{
    Guest *guest = data;

    (void)context;
    (void)error;
    if (guest->in_emulator && guest->emulator->len < PATH_MAX) {
        g_string_append_len(guest->emulator, text, (gssize)len);
    }
}

static gboolean is_among(const GPtrArray *emulators, const char *path)
{
    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        if (g_str_equal(one->path, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void look_at_file(const LpmDoctor *doctor, LpmDoctorEmulator *one)
{
    g_autoptr(GError) error = NULL;
    struct stat info;
    g_autofree char *full = NULL;
    g_autofree char *who = NULL;

    one->found = one->path[0] == '/' ?
        lpm_root_find(doctor->root, one->path, TRUE, &info, &error) : NULL;
    if (one->found == NULL) {
        one->fault = error == NULL ?
            g_strdup("it is no path from the root on") :
            lpm_doctor_lacks(error) ? g_strdup("it is not there") :
            g_strdup(error->message);
        return;
    }
    full = lpm_root_full(doctor->root, one->found);
    who = lpm_doctor_unsafe(doctor, &info);
    if (!S_ISREG(info.st_mode)) {
        one->fault = g_strdup("it is not a file");
    } else if ((info.st_mode & S_IXUSR) == 0) {
        one->fault = g_strdup_printf("it cannot be run (mode %03o)",
                                     (guint)info.st_mode & 07777);
        one->remedy = g_strdup_printf("chmod 755 %s", one->found);
    } else if (who != NULL) {
        one->fault = g_strdup_printf("it is %s", who);
        one->remedy = g_strdup_printf("chown root:root %s && chmod go-w %s",
                                      one->found, one->found);
    } else {
        one->is_program = is_elf(full);
        one->knows_us = one->is_program && has_word(full, SERIES_WORD);
    }
}

static void add(const LpmDoctor *doctor, GPtrArray *emulators,
                const char *path)
{
    LpmDoctorEmulator *one;

    if (is_among(emulators, path)) {
        return;
    }
    one = g_new0(LpmDoctorEmulator, 1);
    one->path = g_strdup(path);
    look_at_file(doctor, one);
    g_ptr_array_add(emulators, one);
}

/* Those that guests of ours name. */
static void add_guests(const LpmDoctor *doctor, GPtrArray *emulators)
{
    static const GMarkupParser parser = {
        .start_element = on_start, .end_element = on_end, .text = on_text,
    };
    g_autoptr(GPtrArray) names = lpm_root_list(doctor->root,
                                               "/etc/libvirt/qemu", NULL);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_strconcat("/etc/libvirt/qemu/", name, NULL);
        g_autoptr(GString) emulator = g_string_new(NULL);
        g_autoptr(GString) text = NULL;
        g_autoptr(GMarkupParseContext) context = NULL;
        Guest guest = { .emulator = emulator };

        if (!g_str_has_suffix(name, ".xml")) {
            continue;
        }
        text = lpm_root_read(doctor->root, path, GUEST_MAX, "a guest", NULL);
        context = g_markup_parse_context_new(&parser, 0, &guest, NULL);
        if (text != NULL &&
            g_markup_parse_context_parse(context, text->str,
                                         (gssize)text->len, NULL) &&
            guest.is_ppc64 && guest.is_ours && emulator->len > 0) {
            add(doctor, emulators, g_strstrip(emulator->str));
        }
    }
}

/* (transfer full): PATH of the daemon: it looks for emulators there. */
static char *daemon_path(LpmDoctor *doctor)
{
    const LpmDoctorDaemon *daemon = lpm_doctor_daemon(doctor);
    g_autofree char *path = g_strdup_printf("/proc/%u/environ", daemon->pid);
    g_autoptr(GString) text = daemon->pid == 0 ? NULL :
        lpm_root_read(doctor->root, path, 1u << 20, "variables", NULL);

    for (gsize at = 0; text != NULL && at < text->len;
         at += strlen(text->str + at) + 1) {
        if (g_str_has_prefix(text->str + at, "PATH=")) {
            return g_strdup(text->str + at + strlen("PATH="));
        }
    }
    return g_strdup(DAEMON_PATH);
}

/* (transfer full) (nullable): the one that libvirt takes by itself. */
static char *find_on_path(LpmDoctor *doctor)
{
    g_autofree char *text = daemon_path(doctor);
    g_auto(GStrv) folders = g_strsplit(text, ":", 256);

    for (guint i = 0; folders[i] != NULL; i++) {
        g_autofree char *path = g_strconcat(folders[i], "/" PROGRAM_NAME,
                                            NULL);

        if (folders[i][0] == '/' && lpm_root_is(doctor->root, path)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

/* (transfer full) (nullable): as in a build folder. */
static char *find_beside_us(const LpmDoctor *doctor)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self != NULL ? g_path_get_dirname(self) : NULL;
    g_autofree char *path = folder != NULL ?
        g_build_filename(folder, PROGRAM_NAME, NULL) : NULL;

    return path != NULL && lpm_doctor_is_here(doctor) &&
           lpm_root_is(doctor->root, path) ? g_steal_pointer(&path) : NULL;
}

const GPtrArray *lpm_doctor_emulators(LpmDoctor *doctor)
{
    if (doctor->emulators != NULL) {
        return doctor->emulators;
    }
    doctor->emulators =
        g_ptr_array_new_with_free_func(lpm_doctor_emulator_free);
    if (doctor->options.emulator != NULL) {
        add(doctor, doctor->emulators, doctor->options.emulator);
        return doctor->emulators;
    }
    add_guests(doctor, doctor->emulators);
    if (doctor->emulators->len == 0) {
        g_autofree char *beside = find_beside_us(doctor);
        g_autofree char *on_path = find_on_path(doctor);

        add(doctor, doctor->emulators,
            lpm_root_is(doctor->root, PACKAGED) ? PACKAGED :
            beside != NULL ? beside :
            lpm_root_is(doctor->root, INSTALLED) ? INSTALLED :
            on_path != NULL ? on_path : PACKAGED);
    }
    return doctor->emulators;
}

/* A file that is no emulator: emulator.file says so. */
static gboolean is_of_use(LpmDoctor *doctor, const LpmDoctorEmulator *one)
{
    doctor->about = one->path;
    if (one->fault == NULL) {
        return TRUE;
    }
    lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                   "there is no emulator that can be run");
    return FALSE;
}

/* A script that cannot be read for what it runs. */
static gboolean is_read(LpmDoctor *doctor, const LpmDoctorEmulator *one)
{
    if (!is_of_use(doctor, one)) {
        return FALSE;
    }
    if (!one->is_program) {
        /* where it is run, that tells more */
        lpm_doctor_say(doctor, lpm_doctor_is_here(doctor) ?
                       LPM_RULE_NOT_APPLICABLE : LPM_RULE_UNKNOWN,
                       "name the program itself with --emulator", "it is a "
                       "script: what it runs cannot be read from it");
        return FALSE;
    }
    if (!one->knows_us) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "it is a QEMU without the series");
        return FALSE;
    }
    return TRUE;
}

void lpm_check_emulator_file(LpmDoctor *doctor)
{
    const GPtrArray *emulators = lpm_doctor_emulators(doctor);

    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        doctor->about = one->path;
        if (one->fault != NULL) {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, one->remedy, "%s",
                           one->fault);
        } else {
            lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s", one->found);
        }
    }
}

void lpm_check_emulator_series(LpmDoctor *doctor)
{
    const GPtrArray *emulators = lpm_doctor_emulators(doctor);

    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        doctor->about = one->path;
        if (one->fault == NULL && one->is_program && !one->knows_us) {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "it is a QEMU "
                           "without the series: it knows no " SERIES_WORD);
        } else if (is_read(doctor, one)) {
            lpm_doctor_say(doctor, LPM_RULE_PASS, NULL,
                           "it knows " SERIES_WORD);
        }
    }
}

/* Modules */

static gboolean has_modules(const LpmDoctor *doctor, const char *folder)
{
    for (gsize i = 0; i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *path = g_build_filename(folder, modules[i], NULL);

        if (lpm_root_is(doctor->root, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* (transfer full) (nullable): of @lib: .../lib/qemu, lib/ARCH/qemu. */
static char *folder_below(const LpmDoctor *doctor, const char *lib)
{
    g_autofree char *plain = g_build_filename(lib, "qemu", NULL);
    g_autofree char *wide = g_strconcat(lib, "64/qemu", NULL);
    g_autoptr(GPtrArray) names = NULL;

    if (has_modules(doctor, plain)) {
        return g_steal_pointer(&plain);
    }
    if (has_modules(doctor, wide)) {
        return g_steal_pointer(&wide);
    }
    names = lpm_root_list(doctor->root, lib, NULL);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *folder = g_build_filename(lib, name, "qemu", NULL);

        if (strstr(name, "-linux-") != NULL && has_modules(doctor, folder)) {
            return g_steal_pointer(&folder);
        }
    }
    return NULL;
}

/*
 * QEMU finds its folder from where it stands: what its build called libdir,
 * seen from bindir.  Debian has a folder for each architecture in between;
 * a program that was built and not installed has qemu-bundle beside it.
 */
char *lpm_doctor_module_folder(const LpmDoctor *doctor,
                               const LpmDoctorEmulator *emulator)
{
    g_autofree char *bin = g_path_get_dirname(emulator->found);
    g_autofree char *up = g_path_get_dirname(bin);
    g_autofree char *lib = g_build_filename(up, "lib", NULL);
    g_autofree char *bundle = g_build_filename(
        bin, "qemu-bundle/usr/local/lib", NULL);
    g_autofree char *plain = g_build_filename(lib, "qemu", NULL);
    char *folder = folder_below(doctor, lib);

    if (folder == NULL) {
        folder = folder_below(doctor, bundle);
    }
    return folder != NULL ? folder :
           lpm_root_is(doctor->root, plain) ? g_steal_pointer(&plain) : NULL;
}

static void look_at_modules(LpmDoctor *doctor, const LpmDoctorEmulator *one)
{
    g_autofree char *folder = lpm_doctor_module_folder(doctor, one);
    g_autoptr(GString) lacks = g_string_new(NULL);

    for (gsize i = 0; folder != NULL && i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *path = g_build_filename(folder, modules[i], NULL);
        struct stat info;
        g_autofree char *found = lpm_root_find(doctor->root, path, TRUE,
                                               &info, NULL);

        if (found == NULL || !S_ISREG(info.st_mode)) {
            g_string_append_printf(lacks, "%s%s", lacks->len > 0 ? ", " : "",
                                   modules[i]);
        }
    }
    if (folder == NULL) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "there is no folder "
                       "lib/qemu beside the one that it is in");
    } else if (lacks->len > 0) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s lacks %s", folder,
                       lacks->str);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "all are in %s", folder);
    }
}

void lpm_check_emulator_modules(LpmDoctor *doctor)
{
    const GPtrArray *emulators = lpm_doctor_emulators(doctor);

    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        if (is_read(doctor, one)) {
            look_at_modules(doctor, one);
        }
    }
}

static void look_at_build(LpmDoctor *doctor, const LpmDoctorEmulator *one)
{
    g_autofree char *folder = lpm_doctor_module_folder(doctor, one);
    g_autofree char *program = lpm_root_full(doctor->root, one->found);
    guint good = 0;

    for (gsize i = 0; folder != NULL && i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *path = g_build_filename(folder, modules[i], NULL);
        struct stat info;
        g_autofree char *found = lpm_root_find(doctor->root, path, TRUE,
                                               &info, NULL);
        g_autofree char *full = found != NULL ?
            lpm_root_full(doctor->root, found) : NULL;
        g_autofree char *stamp = full != NULL ? stamp_of(full) : NULL;

        if (full == NULL || !S_ISREG(info.st_mode)) {
            continue;           /* emulator.modules says so */
        }
        if (stamp == NULL) {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is no module of "
                           "QEMU: it has no stamp", found);
            return;
        }
        if (!has_word(program, stamp)) {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "%s is of another "
                           "build: its stamp is %.8s..., which the program "
                           "does not have", found, stamp + strlen(STAMP));
            return;
        }
        good++;
    }
    if (good == 0) {
        lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                       "there are no modules");
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%u modules have the "
                       "program's stamp", good);
    }
}

void lpm_check_emulator_build(LpmDoctor *doctor)
{
    const GPtrArray *emulators = lpm_doctor_emulators(doctor);

    for (guint i = 0; i < emulators->len; i++) {
        const LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        if (is_read(doctor, one)) {
            look_at_build(doctor, one);
        }
    }
}

/* Running it */

/* What came of a program that was run. */
typedef struct Ran {
    gboolean started;
    gboolean in_time;
    int status;             /* of waitpid() */
    GString *output;        /* both of its outputs, cut */
} Ran;

static void collect(int fd, GString *output, gint64 end, gboolean *ret_done)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    gint64 left = (end - g_get_monotonic_time()) / 1000;
    char bytes[4096];
    ssize_t got;

    if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0) {
        return;
    }
    got = read(fd, bytes, sizeof(bytes));
    *ret_done = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
    if (got > 0 && output->len < OUTPUT_MAX) {
        g_string_append_len(output, bytes, got);
    }
}

/* A pipe holds it, so nobody waits for the program to read. */
static gboolean make_input(const char *text, int fds[2])
{
    gsize len = strlen(text);

    if (pipe2(fds, O_CLOEXEC) != 0) {
        return FALSE;
    }
    if (len <= PIPE_BUF && write(fds[1], text, len) == (ssize_t)len) {
        return TRUE;
    }
    close(fds[0]);
    close(fds[1]);
    return FALSE;
}

/*
 * Runs it as libvirt does, with hardly any variables, and in a group of its
 * own: what is not done in time is killed, with what it has started.
 * @input: for it to read; then comes the end
 */
static void run(const char *const *argv, const char *input, Ran *ran)
{
    static char *const variables[] = {
        (char *)"PATH=" DAEMON_PATH, (char *)"LC_ALL=C", (char *)"HOME=/",
        NULL,
    };
    gint64 end = g_get_monotonic_time() + (gint64)RUN_MS * 1000;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    gboolean done = FALSE;
    int in[2], out[2];
    pid_t pid;

    ran->output = g_string_new(NULL);
    if (!make_input(input, in)) {
        return;
    }
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ran->started = posix_spawn(&pid, argv[0], &actions, &attributes,
                               (char *const *)argv, variables) == 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(in[1]);
    close(out[1]);
    while (ran->started && !done && g_get_monotonic_time() < end) {
        collect(out[0], ran->output, end, &done);
    }
    close(out[0]);
    if (!ran->started) {
        return;
    }
    /* it may have closed its outputs and stay */
    while (done && waitpid(pid, &ran->status, WNOHANG) == 0) {
        done = g_get_monotonic_time() < end;
        g_usleep(2000);
    }
    ran->in_time = done;
    if (!done) {
        /* not waited for yet: the number is still its own */
        kill(-pid, SIGKILL);
        waitpid(pid, &ran->status, 0);
    }
}

static gboolean ended_well(const Ran *ran)
{
    return ran->started && ran->in_time && WIFEXITED(ran->status) &&
           WEXITSTATUS(ran->status) == 0;
}

/*
 * Each of these loads a module, in a QEMU without a machine that ends at
 * once; "help" for an object loads nothing.
 */
static const struct {
    const char *what;
    const char *command;
} loads[] = {
    { "-qmp", "{\"execute\": \"qmp_capabilities\"}" },
    { "-object migration-lpm",
      "{\"execute\": \"object-add\", \"arguments\": "
      "{\"qom-type\": \"migration-lpm\", \"id\": \"lpm0\"}}" },
    { "-device spapr-vfc",
      "{\"execute\": \"device-list-properties\", \"arguments\": "
      "{\"typename\": \"spapr-vfc\"}}" },
    { "multifd-compression=lpm",
      "{\"execute\": \"migrate-set-parameters\", \"arguments\": "
      "{\"multifd-compression\": \"lpm\"}}" },
    { "quit", "{\"execute\": \"quit\"}" },
};

/* The last line that is no QMP; (transfer full). */
static char *last_words(char *const *lines)
{
    guint n = g_strv_length((char **)lines);

    while (n > 0 && (lines[n - 1][0] == '\0' || lines[n - 1][0] == '{')) {
        n--;
    }
    return g_strdup(n > 0 ? lines[n - 1] : "it printed nothing");
}

/* (transfer full) (nullable): the text of an error; NULL: it is none. */
static char *error_of(const char *line)
{
    g_autoptr(JsonNode) node = line[0] == '{' ? json_from_string(line, NULL) :
                                                NULL;
    JsonObject *reply = node != NULL && JSON_NODE_HOLDS_OBJECT(node) ?
                        json_node_get_object(node) : NULL;
    JsonNode *member = reply != NULL ? json_object_get_member(reply, "error") :
                                       NULL;
    JsonObject *error = member != NULL && JSON_NODE_HOLDS_OBJECT(member) ?
                        json_node_get_object(member) : NULL;
    JsonNode *text = error != NULL ? json_object_get_member(error, "desc") :
                                     NULL;

    return text != NULL && json_node_get_value_type(text) == G_TYPE_STRING ?
           g_strdup(json_node_get_string(text)) :
           member != NULL ? g_strdup(line) : NULL;
}

/*
 * Which of the loads failed, and why; the number of replies if none.
 * @ret_why: (transfer full): set if one did
 */
static guint first_failure(char *const *lines, char **ret_why)
{
    guint n = 0;

    for (guint i = 0; lines[i] != NULL && *ret_why == NULL; i++) {
        *ret_why = error_of(lines[i]);
        n += g_str_has_prefix(lines[i], "{\"return\": ");
    }
    return n;
}

static void look_at_loads(LpmDoctor *doctor, LpmDoctorEmulator *one)
{
    const char *argv[] = {
        one->found, "-machine", "none", "-nodefaults", "-no-user-config",
        "-display", "none", "-S", "-qmp", "stdio", NULL,
    };
    g_autoptr(GString) input = g_string_new(NULL);
    g_autofree char *remedy = NULL;
    g_autofree char *text = NULL;
    g_autofree char *why = NULL;
    g_auto(GStrv) lines = NULL;
    Ran ran = { 0 };
    guint n;

    for (gsize i = 0; i < G_N_ELEMENTS(loads); i++) {
        g_string_append_printf(input, "%s\n", loads[i].command);
    }
    if (one->hangs) {
        /* once is enough */
        ran.started = TRUE;
        ran.output = g_string_new(NULL);
    } else {
        run(argv, input->str, &ran);
    }
    text = g_utf8_make_valid(ran.output->str, -1);
    g_string_free(ran.output, TRUE);
    lines = g_strsplit_set(text, "\r\n", -1);
    n = first_failure(lines, &why);
    remedy = g_strdup_printf("%s -machine none -object migration-lpm,id=lpm0 "
                             "says it, too; install what it lacks",
                             one->path);
    if (!ran.started) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "it does not start");
    } else if (!ran.in_time) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s has not ended "
                       "within %d ms", one->found, RUN_MS);
    } else if (why != NULL && n < G_N_ELEMENTS(loads)) {
        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "%s: %s",
                       loads[n].what, why);
    } else if (n != G_N_ELEMENTS(loads) || !ended_well(&ran)) {
        g_autofree char *last = last_words(lines);

        lpm_doctor_say(doctor, LPM_RULE_FAIL, remedy, "it ended before it "
                       "had answered: %s", last);
    } else {
        lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "it has loaded "
                       "migration-lpm, spapr-vfc and the codec");
    }
}

void lpm_check_emulator_loads(LpmDoctor *doctor)
{
    const GPtrArray *emulators = lpm_doctor_emulators(doctor);

    for (guint i = 0; i < emulators->len; i++) {
        LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);

        if (!is_of_use(doctor, one)) {
            continue;
        }
        if (!lpm_doctor_is_here(doctor)) {
            lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL, "it is "
                           "not run: the root is not the file system's own");
        } else if (one->is_program && !one->knows_us) {
            lpm_doctor_say(doctor, LPM_RULE_NOT_APPLICABLE, NULL,
                           "it is a QEMU without the series");
        } else {
            look_at_loads(doctor, one);
        }
    }
}

/* Firmware */

static gboolean has_slof(const LpmDoctor *doctor, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "slof.bin", NULL);
    struct stat info;
    g_autofree char *found = lpm_root_find(doctor->root, path, TRUE, &info,
                                           NULL);

    return found != NULL && S_ISREG(info.st_mode) && info.st_size > 0;
}

/*
 * (transfer full): where it looks.  It says so itself, where it is run; else
 * what Debian's QEMU and ours have.
 */
static char **data_folders(const LpmDoctor *doctor, LpmDoctorEmulator *one)
{
    const char *argv[] = { one->found, "-L", "help", NULL };
    g_autofree char *bin = g_path_get_dirname(one->found);
    g_autofree char *up = g_path_get_dirname(bin);
    char **folders = NULL;
    Ran ran = { 0 };

    if (lpm_doctor_is_here(doctor)) {
        run(argv, "", &ran);
        one->hangs = ran.started && !ran.in_time;
        if (ended_well(&ran)) {
            folders = g_strsplit(g_strstrip(ran.output->str), "\n", 64);
        }
        g_string_free(ran.output, TRUE);
    }
    if (folders == NULL) {
        folders = g_new0(char *, 5);
        folders[0] = g_build_filename(up, "share/qemu", NULL);
        folders[1] = g_strdup("/usr/share/qemu");
        folders[2] = g_strdup("/usr/share/slof");
        folders[3] = g_build_filename(bin, "qemu-bundle/usr/local/share/qemu",
                                      NULL);
    }
    return folders;
}

void lpm_check_emulator_firmware(LpmDoctor *doctor)
{
    const GPtrArray *emulators = lpm_doctor_emulators(doctor);

    for (guint i = 0; i < emulators->len; i++) {
        LpmDoctorEmulator *one = g_ptr_array_index(emulators, i);
        g_auto(GStrv) folders = NULL;
        g_autofree char *text = NULL;
        guint k = 0;

        if (!is_of_use(doctor, one)) {
            continue;
        }
        folders = data_folders(doctor, one);
        while (folders[k] != NULL &&
               (folders[k][0] != '/' || !has_slof(doctor, folders[k]))) {
            k++;
        }
        text = g_strjoinv(", ", folders);
        if (folders[k] != NULL) {
            lpm_doctor_say(doctor, LPM_RULE_PASS, NULL, "%s/slof.bin",
                           folders[k]);
        } else {
            lpm_doctor_say(doctor, LPM_RULE_FAIL, NULL, "there is no "
                           "slof.bin in %s", text);
        }
    }
}
