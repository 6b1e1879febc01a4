/*
 * Who still lives: processes and boots, from /proc
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_PROCESS_H
#define LPM_PROCESS_H

#include <glib.h>

/**
 * lpm_process_start:
 * @root: before /proc, "" for the host
 *
 * With its pid this names a process for as long as the host is up: pids are
 * used again.  A zombie does nothing any more, so it counts as none.
 *
 * Returns: when @pid began, in ticks since boot; 0: there is none.
 * Threads: any.  Source: proc(5), /proc/PID/stat, fields 3 and 22.
 */
guint64 lpm_process_start(const char *root, gint64 pid);

/**
 * lpm_boot_id:
 * @root: before /proc, "" for the host
 *
 * Returns: (transfer full): what differs after each boot; "" if not told.
 * Threads: any.  Source: proc(5), /proc/sys/kernel/random/boot_id.
 */
char *lpm_boot_id(const char *root);

#endif /* LPM_PROCESS_H */
