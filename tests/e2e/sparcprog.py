# SPDX-License-Identifier: GPL-2.0-or-later
"""A program for sun4u that needs no firmware and no kernel.

It is the firmware image itself (-bios): copies itself to RAM, sets a trap
table there as an operating system would, and counts, with an instruction of
each CPU feature in each round.  An instruction that the CPU does not have is
counted, too, and skipped.  Runs on every CPU model, a tenth of a second after
QEMU was started.

The counters stand in RAM at COUNTERS: rounds, illegal instructions, and the
last other trap.
"""

import struct

TABLE = 0x8000          # tba's low 15 bits are 0
CODE = 0x10000          # the table is 32 KiB
COUNTERS = 0x12000
IMAGE = 0x100           # where table and code stand in the firmware
ILLEGAL_INSTRUCTION = 0x10
NOP = 0x01000000
DONE = 0x81f00000

# Format 3, op 2
ADD, OR, WRPR, WR_ASR, RD_ASR, SUBCC, JMPL = (0x00, 0x02, 0x32, 0x30, 0x28,
                                              0x14, 0x38)
# Format 3, op 3
LDUW, STW, LDX, STX = 0x00, 0x04, 0x0b, 0x0e
PR_TBA, PR_PSTATE, PR_TL = 5, 6, 7
FPRS, PC = 6, 5
PSTATE_PEF_PRIV = 0x14
BA, BNE = 8, 9

# One instruction of each feature (qemu target/sparc/insns.decode).
FEATURES = {
    "vis1": 0x81b00000 | 4 << 25 | 0x050 << 5 | 2,      # fpadd16 f0,f2,f4
    "vis2": 0x81b00000 | 6 << 25 | 0x019 << 5,          # bmask g0,g0,g6
    "vis3": 0x81b00000 | 6 << 25 | 0x017 << 5 | 3,      # lzcnt g3,g6
    "vis4": 0x81b00000 | 4 << 25 | 0x124 << 5 | 2,      # fpadd8 f0,f2,f4
    "fmaf": 0x81b80000 | 4 << 25 | 2 << 9 | 2 << 5,     # fmaddd f0,f0,f2,f4
    "ima": 0x81b80000 | 4 << 25 | 2 << 9,               # fpmaddx f0,f0,f2,f4
}


def imm(op, op3, rs1, value, rd):
    return (op << 30 | rd << 25 | op3 << 19 | rs1 << 14 | 1 << 13 |
            value & 0x1fff)


def sethi(value, rd):
    return rd << 25 | 4 << 22 | value >> 10


def branch(condition, words):
    return condition << 25 | 2 << 22 | words & 0x3fffff


def trap_table():
    """A handler of 8 instructions for each of 512 traps, twice: for TL."""
    words = []
    for number in range(1024):
        kind = number % 512
        if kind == ILLEGAL_INSTRUCTION:
            handler = [sethi(COUNTERS, 1), imm(3, LDX, 1, 8, 2),
                       imm(2, ADD, 2, 1, 2), imm(3, STX, 1, 8, 2), DONE]
        else:
            handler = [sethi(COUNTERS, 1), imm(2, OR, 0, kind, 2),
                       imm(3, STX, 1, 16, 2), branch(BA, 0), NOP]
        words += handler + [NOP] * (8 - len(handler))
    return words


def firmware(features, booted=True):
    """The image; BOOTED: it goes to RAM, else it stays where OpenBoot is."""
    main = [sethi(TABLE, 1), imm(2, WRPR, 1, 0, PR_TBA)] if booted else []
    main += [imm(2, WR_ASR, 0, 4, FPRS), sethi(COUNTERS, 5),
             imm(3, STX, 5, 0, 0), imm(3, STX, 5, 8, 0),
             imm(3, STX, 5, 16, 0), imm(2, OR, 0, 0, 3)]
    loop = [FEATURES[name] for name in features]
    loop += [imm(2, ADD, 3, 1, 3), imm(3, STX, 5, 0, 3)]
    main += loop + [branch(BA, -len(loop)), NOP]
    start = [imm(2, WRPR, 0, 0, PR_TL),
             imm(2, WRPR, 0, PSTATE_PEF_PRIV, PR_PSTATE)]
    if not booted:
        return struct.pack(">8I", *[NOP] * 8) + struct.pack(
            ">%dI" % len(start + main), *(start + main))
    words = trap_table() + main
    start += [0x81400000 | 1 << 25 | PC << 14,          # rd %pc,%g1
              imm(2, ADD, 1, IMAGE - 0x28, 1), sethi(TABLE, 2),
              sethi(0x8400, 3),
              imm(3, LDUW, 1, 0, 4), imm(3, STW, 2, 0, 4),
              imm(2, ADD, 1, 4, 1), imm(2, ADD, 2, 4, 2),
              imm(2, SUBCC, 3, 4, 3), branch(BNE, -5), NOP,
              sethi(CODE, 2), imm(2, JMPL, 2, 0, 0), NOP]
    image = struct.pack(">8I", *[NOP] * 8)
    image += struct.pack(">%dI" % len(start), *start)
    image = image.ljust(IMAGE, b"\0") + struct.pack(">%dI" % len(words),
                                                    *words)
    return image.ljust(IMAGE + 0x8400, b"\0")


def counters(vm):
    """Rounds, illegal instructions, and the number of another trap."""
    text = vm.cmd("human-monitor-command",
                  command_line="xp /3gx 0x%x" % COUNTERS)
    return [int(word, 16) for line in text.splitlines()
            for word in line.split(":", 1)[1].split()]
