#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare descriptions of saved state with those that were recorded.

usage: check-vmstate.py QEMU MACHINE CHECKER REFERENCE [--record SECTION...]

QEMU's own scripts/vmstate-static-checker.py (CHECKER) compares what
-dump-vmstate writes.  It sees only what the newer side lacks, so it is asked
both ways: a field that was added without a new version is found as well.
CPUs are not in the dump.  --record writes REFERENCE with these sections.
"""
import json
import os
import subprocess
import sys
import tempfile


def dump(qemu, machine, path):
    """All descriptions, of devices that MACHINE has and has not."""
    subprocess.run([qemu, '-M', machine, '-dump-vmstate', path], check=True)
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def write(path, sections):
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(sections, file, indent=1, sort_keys=True)
        file.write('\n')


def compare(checker, old, new):
    """What the checker has to say; None if there is nothing."""
    run = subprocess.run([sys.executable, checker, '-s', old, '-d', new],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    if run.returncode == 0 and not run.stdout.strip():
        return None
    return run.stdout.strip() or f'checker ended with {run.returncode}'


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    qemu, machine, checker, reference = sys.argv[1:5]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, 'new.json')
        found = dump(qemu, machine, path)
        if sys.argv[5:6] == ['--record']:
            write(reference, {name: found[name] for name in sys.argv[6:]})
            return 0
        with open(reference, encoding='utf-8') as file:
            wanted = json.load(file)
        lost = [name for name in wanted if name not in found]
        write(path, {name: found[name] for name in wanted if name in found})
        said = [f'section {name} has no description' for name in lost]
        said += filter(None, [compare(checker, reference, path),
                              compare(checker, path, reference)])
        for text in said:
            print(text)
        verdict = 'FAILED' if said else 'as recorded'
        print(f'check-vmstate: {machine}: {len(wanted)} sections: {verdict}')
        return 1 if said else 0


sys.exit(main())
