/*
 * Flips every condition of rules that are C code: a test must notice
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * usage: mutate-code PROGRAM...
 *
 * Linked, as the programs are, with copies of C files that mutable.py made:
 * the core's comparison, and what CALL() in conditions of rows calls.  First
 * the vectors of rows are asked, then the programs, each in a process of its
 * own: with a condition flipped the code may read what is not there, or never
 * end.  That is noticed, too.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flip.h"
#include "world.h"

#define SECONDS_MAX  20

/* Nobody reads what dies of a flip. */
static void be_silent(void)
{
    int null = open("/dev/null", O_RDWR);
    const struct rlimit no_core = { 0, 0 };

    setrlimit(RLIMIT_CORE, &no_core);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    alarm(SECONDS_MAX);
}

static G_NORETURN void ask_vectors(const GPtrArray *cases)
{
    for (guint i = 0; i < cases->len; i++) {
        if (world_is_noticed(g_ptr_array_index(cases, i))) {
            _exit(1);
        }
    }
    _exit(0);
}

/* Whether the vectors or, if @program is not NULL, that test fails. */
static gboolean fails(const GPtrArray *cases, const char *program,
                      gint number)
{
    g_autofree char *text = g_strdup_printf("%d", number);
    int status = 0;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        be_silent();
        if (program == NULL) {
            lpm_flip_number = number;
            ask_vectors(cases);
        }
        setenv("LPM_FLIP", text, 1);
        execl(program, program, NULL);
        _exit(0);   /* which is not to be taken for noticed */
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status != 0;
}

static gboolean is_noticed(const GPtrArray *cases, char **programs,
                           gint number)
{
    gboolean noticed = fails(cases, NULL, number);

    for (gsize i = 0; !noticed && programs[i] != NULL; i++) {
        noticed = fails(cases, programs[i], number);
    }
    return noticed;
}

static guint flip_file(const GPtrArray *cases, char **programs,
                       const LpmFlipFile *file, guint *n)
{
    guint survivors = 0;

    for (gint i = 0; file->flips[i].where != NULL; i++) {
        const LpmFlip *flip = &file->flips[i];

        (*n)++;
        if (!is_noticed(cases, programs, file->first + i)) {
            g_print("# survived: %s: %s\n", flip->where, flip->reads);
            survivors++;
        }
    }
    return survivors;
}

int main(int argc, char **argv)
{
    GPtrArray *cases = world_load();
    guint n = 0;
    guint survivors = 0;

    (void)argc;
    /* Else all would be noticed */
    if (is_noticed(cases, argv + 1, -1)) {
        g_print("1..1\nnot ok 1 mutate-code\n# fails with nothing flipped\n");
        return 1;
    }
    for (gsize i = 0; lpm_flip_files[i].flips != NULL; i++) {
        survivors += flip_file(cases, argv + 1, &lpm_flip_files[i], &n);
    }
    g_print("1..1\n%s 1 mutate-code\n"
            "# %u conditions in C flipped, %u survived\n",
            survivors == 0 ? "ok" : "not ok", n, survivors);
    return survivors == 0 ? 0 : 1;
}
