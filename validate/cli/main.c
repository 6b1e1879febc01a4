/*
 * lpm: validate and carry out live partition moves between QEMUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "config.h"

static const LpmCommand commands[] = {
    { "validate", "Judge whether a guest may move; nothing is changed.",
      lpm_cmd_validate },
    { "migrate", "Validate, then move the guest and see it through.",
      lpm_cmd_migrate },
    { "status", "Say how far a move is, or list the moves of this host.",
      lpm_cmd_status },
    { "cancel", "Cancel a running move; the guest stays on the source.",
      lpm_cmd_cancel },
    { "recover", "Find out who has the guest after a failure; settle it.",
      lpm_cmd_recover },
    { "facts", "Print all that is known of both sides, with its origin.",
      lpm_cmd_facts },
    { "offer", "Print what one side says of itself, for offer:FILE.",
      lpm_cmd_offer },
    { "wwpn", "Make pairs of WWPNs, or list who uses which.", lpm_cmd_wwpn },
#ifdef LPM_HAVE_LIBVIRT
    { "define", "Make QEMU's arguments from a domain's metadata.", NULL,
      lpm_cmd_define },
#endif
    { "vfc", "Say who is logged in to the SAN, or log one side out.",
      lpm_cmd_vfc },
    { "doctor", "Say what of this host keeps guests from moving.",
      .run_args = lpm_cmd_doctor },
};

static void print_help(FILE *out)
{
    fputs("Usage:\n  lpm COMMAND [OPTION...]\n  lpm --help | --version\n\n"
          "Commands:\n", out);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nSee 'lpm COMMAND --help' and lpm(1).\n", out);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    /* numbers are read and written for programs as well as for people */
    setlocale(LC_NUMERIC, "C");
    signal(SIGPIPE, SIG_IGN);

    if (argc < 2) {
        print_help(stderr);
        return LPM_EXIT_USAGE;
    }
    if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h")) {
        print_help(stdout);
        return LPM_EXIT_PASS;
    }
    if (g_str_equal(argv[1], "--version") || g_str_equal(argv[1], "-V")) {
        puts("lpm " LPM_VERSION);
        return LPM_EXIT_PASS;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(argv[1], commands[i].name)) {
            LpmOptions options = { 0 };
            int code = LPM_EXIT_USAGE;

            if (commands[i].run_args != NULL) {
                return commands[i].run_args(&commands[i], argc - 1,
                                            argv + 1);
            }
            if (lpm_options_parse(&options, commands[i].name,
                                  commands[i].summary, argc - 1, argv + 1,
                                  &code)) {
                code = commands[i].run(&options);
            }
            lpm_options_clear(&options);
            return code;
        }
    }
    return lpm_usage("'%s' is no command", argv[1]);
}
