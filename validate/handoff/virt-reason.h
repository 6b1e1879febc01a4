/*
 * Why a move over libvirt failed, out of libvirt's error text
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VIRT_REASON_H
#define LPM_VIRT_REASON_H

#include "compat/answer.h"

typedef enum LpmVirtWhy {
    LPM_VIRT_WHY_LIBVIRT,       /* as libvirt has it */
    LPM_VIRT_WHY_HOOK,          /* a hook of the destination refused */
    LPM_VIRT_WHY_REFUSED,       /* the two migration-lpm did not agree */
    LPM_VIRT_WHY_QEMU,          /* QEMU gave up the stream */
} LpmVirtWhy;

typedef struct LpmVirtReason {
    LpmVirtWhy why;
    char *text;                 /* one or more lines */
    LpmAnswer *answer;          /* the reasons of REFUSED, or NULL */
} LpmVirtReason;

/**
 * lpm_virt_reason:
 * @message: of a migrate call that failed, untrusted
 *
 * Takes off what libvirt wraps around the text of a hook (its environment
 * and command line) or of QEMU.  libvirt 9 has the source's text alone, 11
 * that of both sides.
 *
 * Returns: (transfer full): never NULL; a message of no known form is the
 * text as it is.
 * Threads: any.  Source: libvirt src/util/vircommand.c
 * (virCommandRun), src/qemu/qemu_migration.c (qemuMigrationJobCheckStatus).
 */
LpmVirtReason *lpm_virt_reason(const char *message);

/** lpm_virt_reason_free: @reason: (nullable). */
void lpm_virt_reason_free(LpmVirtReason *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmVirtReason, lpm_virt_reason_free)

#endif /* LPM_VIRT_REASON_H */
