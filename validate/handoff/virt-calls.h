/*
 * libvirt's functions that virt.c calls (see facts/library.h)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VIRT_CALLS_H
#define LPM_VIRT_CALLS_H

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* Their names without "vir". */
#define LPM_VIRT_CALLS(X) \
    X(Initialize) X(SetErrorFunc) X(GetLastError) \
    X(ConnectOpen) X(ConnectIsAlive) X(ConnectClose) \
    X(ConnectGetLibVersion) \
    X(DomainLookupByName) X(DomainFree) X(DomainGetUUIDString) \
    X(DomainGetState) X(DomainIsPersistent) X(DomainGetXMLDesc) \
    X(DomainGetJobStats) X(DomainAbortJob) X(DomainCreate) \
    X(DomainDestroy) X(DomainResume) \
    X(DomainMigrateGetMaxDowntime) X(DomainMigrateSetMaxDowntime) \
    X(DomainMigrate3) X(DomainMigrateToURI3) \
    X(TypedParamsAddInt) X(TypedParamsAddULLong) X(TypedParamsAddString) \
    X(TypedParamsGetInt) X(TypedParamsGetULLong) X(TypedParamsGetString) \
    X(TypedParamsFree)

typedef struct LpmVirtCalls {
#define LPM_VIRT_CALL(name) __typeof__(vir##name) *name;
    LPM_VIRT_CALLS(LPM_VIRT_CALL)
#undef LPM_VIRT_CALL
} LpmVirtCalls;

#endif /* LPM_VIRT_CALLS_H */
