/*
 * What has to be done when a guest has come, by a process that waits for it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_HOOK_SETTLE_H
#define LPM_HOOK_SETTLE_H

/**
 * lpm_settle_begin:
 * @xml: of the domain whose QEMU has started
 *
 * Returns at once; a process of its own goes on, which asks libvirtd about
 * the domain until it runs or is gone.  If it runs and is persistent, its
 * persistent definition is made as the running one is: libvirt takes that
 * over from the source as it was there, past every hook.
 */
void lpm_settle_begin(const char *xml);

#endif /* LPM_HOOK_SETTLE_H */
