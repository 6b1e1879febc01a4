/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The disk commands of the guest program.
 */
#ifndef LPM_DISK_H
#define LPM_DISK_H

/* One line on the console; of lpm-checker.c. */
void __attribute__((format(printf, 1, 2))) say(const char *format, ...);

/* The line behind "disk ", which is changed. */
void disk_obey(char *line);

/* For the host: the self-test's part.  Returns: 0 if all is well. */
int disk_self_test(const char *path);

#endif
