/*
 * A digest of all RAM, compared before the guest may run elsewhere
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_CHECK_RAM_H
#define LPM_CHECK_RAM_H

/*
 * A section of its own, the first after RAM: the source writes a digest of
 * each block when the guest has stopped and all pages are sent, the
 * destination compares before any device is loaded.  A difference fails the
 * move; the guest goes on at the source.  Both sides are stopped meanwhile:
 * about 0.1 to 0.2 s for a GiB.
 */

/* @needed: asked on the source when the section is due. */
void lpm_check_ram_register(bool (*needed)(void *opaque), void *opaque);
void lpm_check_ram_unregister(void);

/*
 * Source, with the BQL: whether all of RAM will be sent.  It is not when a
 * balloon with free-page-hint=on tells which pages are free: @errp names it.
 */
bool lpm_check_ram_possible(Error **errp);

#endif /* LPM_CHECK_RAM_H */
