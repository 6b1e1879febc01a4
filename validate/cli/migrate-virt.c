/*
 * lpm migrate over libvirt: validate, let the daemons move, watch, report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cli/cli.h"
#include "cli/move-view.h"
#include "handoff/virt-move.h"

/*
 * From here on this host has a move.  The concurrency records of both hosts
 * belong around this call: refused before it, freed behind it.
 */
static LpmMoveReport *carry_out(const LpmVirtMoveOptions *move,
                                const LpmMoveObserver *observer,
                                int interrupt_fd)
{
    return lpm_virt_move_run(move, observer, interrupt_fd);
}

int lpm_migrate_over_libvirt(LpmOptions *options)
{
    const LpmVirtMoveOptions move = {
        .move = &options->move,
        .source = lpm_endpoints_libvirt(options->sides[LPM_SIDE_SOURCE]),
        .destination =
            lpm_endpoints_libvirt(options->sides[LPM_SIDE_DESTINATION]),
        .peer_uri = options->peer_uri,
        .partition = options->partition,
        .deadline_ms = options->qmp_deadline_ms,
        .direct = options->direct,
        .persistent = options->persistent,
        .undefine_source = options->undefine_source,
        .offline = options->offline,
        .start = options->start,
    };
    LpmMoveView view;
    LpmMoveObserver observer;
    int code = LPM_EXIT_UNKNOWN;
    int interrupt_fd;

    lpm_move_view_init(&view, options);
    observer = lpm_move_view_observer(&view);
    if (!options->no_validate &&
        !lpm_validate_first(options, &view, (LpmQmp *[]) { NULL, NULL },
                            options->offline ? LPM_MOVE_INACTIVE :
                                               LPM_MOVE_ACTIVE, &code)) {
        return code;
    }
    interrupt_fd = lpm_catch_signals(options->direct ?
        "\nlpm: left at once; the source's daemon cancels the move, unless "
        "it was over: see lpm status with --source URI, and with "
        "--destination URI\n" :
        "\nlpm: left at once; the daemons go on with the move, unless it was "
        "cancelled: see lpm status with --source URI, and with --destination "
        "URI\n");
    return lpm_move_view_end(&view, carry_out(&move, &observer,
                                              interrupt_fd));
}
