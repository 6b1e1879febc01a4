/*
 * Sub-queues: the hypercalls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/queue.h"
#include "hw/ppc/spapr.h"
#include "hw/ppc/spapr_irq.h"
#include "subcrq.h"

#define H_REG_SUB_CRQ   0x2dc
#define H_FREE_SUB_CRQ  0x2e0
#define H_SEND_SUB_CRQ  0x2e4
#define H_VIOCTL        0x2a8
#define VIOCTL_DISABLE  0x0b
#define VIOCTL_ENABLE   0x0c

/* Adapters of this process, to find one by its unit address. */
typedef struct Adapter {
    SpaprVioDevice *dev;
    VfcSubCrqs *queues;
    QLIST_ENTRY(Adapter) next;
} Adapter;

static QLIST_HEAD(, Adapter) adapters = QLIST_HEAD_INITIALIZER(adapters);

static VfcSubCrqs *find(target_ulong unit)
{
    Adapter *adapter;

    QLIST_FOREACH(adapter, &adapters, next) {
        if (adapter->dev->reg == unit) {
            return adapter->queues;
        }
    }
    return NULL;
}

static target_ulong reg_sub_crq(PowerPCCPU *cpu, SpaprMachineState *spapr,
                                target_ulong opcode, target_ulong *args)
{
    VfcSubCrqs *queues = find(args[0]);
    int irq, queue = 0;

    if (!queues || (args[1] & 0xfff) || args[2] < 0x1000) {
        return H_PARAMETER;
    }
    while (queue < VFC_SUB_CRQS_MAX && queues->irq[queue]) {
        queue++;
    }
    if (queue == VFC_SUB_CRQS_MAX) {
        return H_RESOURCE;
    }
    irq = spapr_irq_msi_alloc(spapr, 1, false, NULL);
    if (irq < 0 || spapr_irq_claim(spapr, irq, false, NULL) < 0) {
        return H_RESOURCE;
    }
    queues->irq[queue] = irq;
    args[0] = queue + 1;                    /* the cookie */
    args[1] = irq;
    return H_SUCCESS;
}

static void free_queue(VfcSubCrqs *queues, int queue)
{
    SpaprMachineState *spapr = SPAPR_MACHINE(qdev_get_machine());

    spapr_irq_free(spapr, queues->irq[queue], 1);
    spapr_irq_msi_free(spapr, queues->irq[queue], 1);
    queues->irq[queue] = 0;
}

static target_ulong free_sub_crq(PowerPCCPU *cpu, SpaprMachineState *spapr,
                                 target_ulong opcode, target_ulong *args)
{
    VfcSubCrqs *queues = find(args[0]);
    target_ulong cookie = args[1];

    if (!queues || cookie < 1 || cookie > VFC_SUB_CRQS_MAX ||
        !queues->irq[cookie - 1]) {
        return H_PARAMETER;
    }
    free_queue(queues, cookie - 1);
    return H_SUCCESS;
}

/* No login has offered channels: nobody may send over one. */
static target_ulong send_sub_crq(PowerPCCPU *cpu, SpaprMachineState *spapr,
                                 target_ulong opcode, target_ulong *args)
{
    return find(args[0]) ? H_CLOSED : H_PARAMETER;
}

static target_ulong vioctl(PowerPCCPU *cpu, SpaprMachineState *spapr,
                           target_ulong opcode, target_ulong *args)
{
    VfcSubCrqs *queues = find(args[0]);

    if (!queues) {
        return H_PARAMETER;
    }
    if (args[1] != VIOCTL_DISABLE && args[1] != VIOCTL_ENABLE) {
        return H_FUNCTION;
    }
    for (int i = 0; i < VFC_SUB_CRQS_MAX; i++) {
        if (args[2] && queues->irq[i] == args[2]) {
            return H_SUCCESS;
        }
    }
    return H_PARAMETER;
}

static void register_calls(void)
{
    static bool done;

    /* A second registration is an assertion */
    if (!done) {
        spapr_register_hypercall(H_REG_SUB_CRQ, reg_sub_crq);
        spapr_register_hypercall(H_FREE_SUB_CRQ, free_sub_crq);
        spapr_register_hypercall(H_SEND_SUB_CRQ, send_sub_crq);
        spapr_register_hypercall(H_VIOCTL, vioctl);
        done = true;
    }
}

void vfc_sub_crqs_init(VfcSubCrqs *queues, SpaprVioDevice *dev)
{
    Adapter *adapter = g_new0(Adapter, 1);

    adapter->dev = dev;
    adapter->queues = queues;
    QLIST_INSERT_HEAD(&adapters, adapter, next);
    register_calls();
}

void vfc_sub_crqs_fini(VfcSubCrqs *queues)
{
    Adapter *adapter, *after;

    vfc_sub_crqs_reset(queues);
    QLIST_FOREACH_SAFE(adapter, &adapters, next, after) {
        if (adapter->queues == queues) {
            QLIST_REMOVE(adapter, next);
            g_free(adapter);
        }
    }
}

void vfc_sub_crqs_reset(VfcSubCrqs *queues)
{
    for (int i = 0; i < VFC_SUB_CRQS_MAX; i++) {
        if (queues->irq[i]) {
            free_queue(queues, i);
        }
    }
}
