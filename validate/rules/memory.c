/*
 * Rules: memory of the partition, of the destination and of its pool
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define DEDICATED  EQ(PART(MEM_MODE), TXT("dedicated"))
#define IS_SHARED  EQ(PART(MEM_MODE), TXT("shared"))
#define WITH_AME        IS(PART(AME))

/* A partition's memory is in whole blocks; what is not, takes one more. */
#define BLOCKS_OF(memory) \
    DIV(ADD(memory, SUB(DST(LMB), NUM(1))), DST(LMB))

static const LpmRule rows[] = {
    {
        .id = "memory.ame-capable",
        .covers = "PVM-AME-001",
        .title = "the destination is capable of Active Memory Expansion",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_AME,
        .test = IS(DST(AME_CAPABLE)),
        .wanted = "Active Memory Expansion Capable is True on the "
                  "destination",
        .remedy = "configure the partition without Active Memory Expansion, "
                  "or move it to a server that is capable of it",
        .source = "PVM-AME-001; 2013 lines 537, 1503, 1675-1688",
    },
    {
        .id = "memory.ame-supported",
        .covers = "PVM-AME-002",
        .title = "partition, server and HMC are of those that have Active "
                 "Memory Expansion",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_AME,
        .test = AND(EQ(PART(OS), TXT("aix")),
                    IN(DST(PROCESSOR), "POWER7 POWER7+ POWER8 POWER9 POWER10 "
                                       "POWER11"),
                    GE(DST_CON(VERSION), VER("7.7.1.0"))),
        .wanted = "AIX, a POWER7 server or later, HMC 7.7.1.0 or later",
        .remedy = "update the destination's HMC, move to a POWER7 server or "
                  "later, or turn Active Memory Expansion off",
        .source = "PVM-AME-002; 2013 lines 437, 1675",
    },
    {
        .id = "memory.available",
        .covers = "PVM-MEM-001 PVM-MEM-002 PVM-MEM-008",
        .title = "the destination has enough memory available for the "
                 "partition",
        /* Preparation asks for it when active, validation always: C-10. */
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = DEDICATED,
        .test = GE(DST(MEM_FREE), PART(MEM)),
        .remedy = "remove memory from dedicated-memory partitions of the "
                  "destination, first from those that are shut down, with "
                  "chhwres -r mem -m SERVER -o r -p PARTITION -q MEMORY; "
                  "shrink its shared memory pool; or move elsewhere",
        .source = "PVM-MEM-001, 002, 008 (HSCL3656); C-10; 2013 lines 533, "
                  "1499, 1580-1599, 3272",
    },
    {
        .id = "memory.available-blocks",
        .covers = "PVM-MEM-004 PVM-MEM-009",
        .title = "the destination has enough whole memory blocks available "
                 "for the partition and one for the hypervisor",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = DEDICATED,
        .test = GE(DIV(DST(MEM_FREE), DST(LMB)),
                   ADD(BLOCKS_OF(PART(MEM)), NUM(1))),
        .remedy = "remove memory with chhwres -r mem -o r: from inactive "
                  "dedicated-memory partitions of the destination, then "
                  "from active ones, then from the partition itself; or "
                  "shut partitions down, or move it inactively",
        .source = "PVM-MEM-004, 009 (HSCL03EC); 2013 lines 3277, 3282",
    },
    {
        .id = "memory.available-host",
        .covers = "PVM-MEM-001 PVM-MEM-002 LDM-020",
        .title = "the destination host has as much memory available as the "
                 "guest has",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* Huge pages are set aside: config.huge-pages-free. */
        .when = NOT(AND(KNOWN(PART(HUGE_PAGES)),
                        GT(PART(HUGE_PAGES), NUM(0)))),
        .test = GE(DST(MEM_FREE), PART(MEM)),
        .remedy = "free memory on the destination host (virsh nodememstats "
                  "shows it): stop guests or shrink them with virsh setmem",
        .source = "PVM-MEM-001, 002",
    },
    {
        .id = "memory.available-with-overhead",
        .covers = "PVM-MEM-003",
        .title = "the destination has enough memory available for the "
                 "partition and for the firmware to manage it",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = DEDICATED,
        .test = GE(DST(MEM_FREE), ADD(PART(MEM), DST(MEM_OVERHEAD))),
        .remedy = "remove memory from dedicated-memory partitions of the "
                  "destination (View/Modify Partitions), or from its shared "
                  "memory pool",
        .source = "PVM-MEM-003; C-10; 2013 lines 4090, 4148-4164",
    },
    {
        .id = "memory.contiguous",
        .covers = "PVM-MEM-005",
        .title = "the destination's free memory is in one piece that is "
                 "large enough",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = DEDICATED,
        .test = GE(DST(MEM_CONTIGUOUS), PART(MEM)),
        .remedy = "free contiguous memory on the destination, or move "
                  "elsewhere: more memory in pieces does not help",
        .source = "PVM-MEM-005; 2013 lines 3290, 3315",
    },
    {
        .id = "memory.io-entitled-manual",
        .covers = "PVM-SHM-006",
        .title = "the I/O entitled memory does not change at the next "
                 "restart",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = IS_SHARED,
        .test = NOT(IS(PART(IO_ENTITLED_AUTO))),
        .remedy = "nothing for this move; before the partition moves back, "
                  "look again whether the pool of the old source has enough "
                  "memory: in mode auto the value is worked out anew when "
                  "the partition restarts on the destination",
        .source = "PVM-SHM-006; 2013 lines 1644, 4197",
    },
    {
        .id = "memory.lmb-size-equal",
        .covers = "PVM-MEM-006",
        .title = "both servers have the same logical memory block size",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(SRC(LMB), DST(LMB)),
        .remedy = "change the logical memory block size of one server; that "
                  "takes a restart of the server",
        .source = "PVM-MEM-006; C-06; 2013 lines 536, 3439",
    },
    {
        .id = "memory.lmb-size-equal-inactive",
        .covers = "PVM-MEM-007",
        .title = "both servers have the same logical memory block size",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        /* The check runs for active moves only; preparation asks for both. */
        .severity = LPM_SEVERITY_WARNING,
        .test = EQ(SRC(LMB), DST(LMB)),
        .remedy = "change the logical memory block size of one server; that "
                  "takes a restart of the server",
        .source = "PVM-MEM-007; C-06; 2013 lines 1496, 4084",
    },
    {
        .id = "memory.mode-kept",
        .covers = "PVM-MEM-010",
        .title = "the memory mode is the same on the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* Nothing is switched by who plans nothing. */
        .when = KNOWN(PART(MEM_MODE_DST)),
        .test = EQ(PART(MEM_MODE_DST), PART(MEM_MODE)),
        .remedy = "keep the memory mode, dedicated or shared, during the "
                  "move; change it before or afterwards",
        .source = "PVM-MEM-010; 2013 lines 1040, 3924",
    },
    {
        .id = "memory.pool-available",
        .covers = "PVM-SHM-003 PVM-SHM-004",
        .title = "the destination's shared memory pool has the I/O entitled "
                 "memory available",
        /* Preparation: HMC when active, IVM always; C-10: always. */
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        /* As much as is needed is enough, but see the next row. */
        .test = GE(DST_POOL(FREE), PART(IO_ENTITLED)),
        .remedy = "add memory to the destination's shared memory pool, take "
                  "other partitions out of it by switching them to "
                  "dedicated memory, or remove I/O adapters from the "
                  "partition",
        .source = "PVM-SHM-003, 004; C-10; 2013 lines 533, 1628-1639, "
                  "4181-4191",
    },
    {
        .id = "memory.pool-exists",
        .covers = "PVM-SHM-001 PVM-SHM-002",
        .title = "the destination has a shared memory pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SHARED,
        .test = IS(DST_POOL(EXISTS)),
        .remedy = "create a shared memory pool on the destination (Shared "
                  "Memory Pool Management)",
        .source = "PVM-SHM-001, 002; 2013 lines 533, 1040, 1498, 4085",
    },
    {
        .id = "memory.pool-overcommitted",
        .covers = "PVM-SHM-005",
        .title = "the destination's shared memory pool has clearly more "
                 "memory available than the I/O entitled memory",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = IS_SHARED,
        /* "equal, or almost equal" warns; that a tenth is clear is ours. */
        .test = GE(MUL(DST_POOL(FREE), NUM(10)),
                   MUL(PART(IO_ENTITLED), NUM(11))),
        .wanted = "110 % of the I/O entitled memory or more available",
        .remedy = "add memory to the destination's shared memory pool: it "
                  "is probably heavily overcommitted, which makes it slow",
        .source = "PVM-SHM-005; 2013 lines 1640, 4193",
    },
};

LPM_RULE_SET(lpm_rules_memory);
