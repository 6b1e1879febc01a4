/*
 * The facts of a SPARC machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "cpu.h"
#include "hw/boards.h"

#include "lpm-gather.h"

/* Where OpenBIOS of sun4u runs: PROM_VADDR and its size in sun4u.c. */
#define PROM_VADDR  0xffd00000ull
#define PROM_BYTES  (4 * MiB)
/* The same before it has turned the MMU on. */
#define PROM_PADDR  0x1fff0000000ull

static bool is_in_firmware(uint64_t address)
{
    return (address >= PROM_VADDR && address - PROM_VADDR < PROM_BYTES) ||
           (address >= PROM_PADDR && address - PROM_PADDR < PROM_BYTES);
}

/*
 * An operating system that has come far enough has a trap table of its own.
 * One that calls the firmware, or goes back to it, may keep it there: then
 * the program counter tells.  A user's program may have any address; it is
 * not privileged.
 *
 * Seen with Linux 6.12: openboot-running at the ok prompt before the boot and
 * after a halt; both in turn while the kernel boots with the firmware's
 * console; running from then on, 5500 times of 5500.
 *
 * The vCPU may be running: its program counter is then that of a block of
 * code that it has just left or entered, which is as good.
 */
static char *guest_state(const CPUSPARCState *env)
{
    bool privileged = env->pstate & PS_PRIV;

    if (is_in_firmware(env->tbr) ||
        (privileged && is_in_firmware(env->pc))) {
        return g_strdup(LPM_GUEST_OPENBOOT);
    }
    return g_strdup(LPM_GUEST_RUNNING);
}

static void gather_cpu(LpmOffer *offer, SPARCCPU *cpu)
{
    const CPUSPARCState *env = &cpu->env;
    const char *name;
    unsigned int bit;

    offer->cpu_arch = g_strdup(sparc_cpu_arch_name(cpu->cpu_arch));
    for (bit = 0; bit < 32; bit++) {
        name = sparc_cpu_feature_name(bit);
        if (name && (env->def.features & (1u << bit))) {
            g_ptr_array_add(offer->cpu_features, g_strdup(name));
        }
    }
    offer->cpu_version = env->version;
    offer->nwindows = env->nwindows;
    offer->mmu_version.known = true;
    offer->mmu_version.value = env->mmu_version;
    offer->max_trap_level = env->maxtl;
}

void lpm_gather_target(LpmOffer *offer, bool incoming)
{
    MachineState *ms = MACHINE(qdev_get_machine());
    const char *machine = MACHINE_GET_CLASS(ms)->name;

    offer->cpu_model = cpu_model_from_type(ms->cpu_type);
    if (!first_cpu) {
        return;
    }
    gather_cpu(offer, SPARC_CPU(first_cpu));
    /* Of the other machines it is not known where their firmware is. */
    if (!incoming && g_str_equal(machine, "sun4u")) {
        offer->guest_state = guest_state(cpu_env(first_cpu));
    }
}
