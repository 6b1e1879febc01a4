/*
 * lpm recover: settle what a move over libvirt has left
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cli/cli.h"
#include "cli/move-view.h"
#include "handoff/virt-recover.h"

int lpm_cmd_recover(LpmOptions *options)
{
    const LpmVirtRecoverOptions recover = {
        .source = lpm_endpoints_libvirt(options->sides[LPM_SIDE_SOURCE]),
        .destination =
            lpm_endpoints_libvirt(options->sides[LPM_SIDE_DESTINATION]),
        .partition = options->partition,
        .deadline_ms = options->qmp_deadline_ms,
        .dry_run = options->move.dry_run,
    };
    LpmMoveView view;
    LpmMoveObserver observer;

    lpm_move_view_init(&view, options);
    observer = lpm_move_view_observer(&view);
    return lpm_move_view_end(&view, lpm_virt_recover(&recover, &observer));
}
