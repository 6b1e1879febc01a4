/*
 * libvirt's functions that gather-libvirt.c calls (see library.h)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libvirt brings some forty libraries; linked to lpm they were half of the
 * time of judging one partition from a file, which calls none of them.
 */
#ifndef LPM_LIBVIRT_CALLS_H
#define LPM_LIBVIRT_CALLS_H

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* Their names without "vir". */
#define LPM_LIBVIRT_CALLS(X) \
    X(Initialize) X(SetErrorFunc) \
    X(GetLastErrorCode) X(GetLastErrorMessage) \
    X(ConnectOpen) X(ConnectOpenReadOnly) X(ConnectIsAlive) X(ConnectClose) \
    X(ConnectGetHostname) X(ConnectGetCapabilities) \
    X(ConnectGetDomainCapabilities) \
    X(NodeGetInfo) X(NodeGetFreePages) X(NodeGetFreeMemory) \
    X(ConnectListAllDomains) X(DomainFree) X(DomainGetName) \
    X(DomainGetXMLDesc) X(DomainGetState) X(DomainIsPersistent) \
    X(DomainHasManagedSaveImage) X(DomainGetJobStats) \
    X(TypedParamsGetInt) X(TypedParamsFree) \
    X(ConnectListAllNetworks) X(NetworkFree) X(NetworkGetName) \
    X(NetworkGetXMLDesc) X(NetworkIsActive) \
    X(ConnectListAllInterfaces) X(InterfaceFree) X(InterfaceGetName) \
    X(InterfaceGetXMLDesc) \
    X(ConnectListAllStoragePools) X(StoragePoolFree) X(StoragePoolGetName) \
    X(StoragePoolGetXMLDesc) X(StoragePoolListAllVolumes) \
    X(StorageVolFree) X(StorageVolGetXMLDesc) \
    X(ConnectListAllNodeDevices) X(NodeDeviceFree) X(NodeDeviceGetName) \
    X(NodeDeviceGetXMLDesc)

typedef struct LpmLibvirtCalls {
#define LPM_LIBVIRT_CALL(name) __typeof__(vir##name) *name;
    LPM_LIBVIRT_CALLS(LPM_LIBVIRT_CALL)
#undef LPM_LIBVIRT_CALL
} LpmLibvirtCalls;

#endif /* LPM_LIBVIRT_CALLS_H */
