#!/usr/bin/env python3
# How long lpm validate takes for a server of a thousand partitions, and one
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: bench-validate.py [--write DIR] [--partitions N]

Every fact of the schema is given, so that no rule ends early at an unknown
one.  The whole program is timed, start to end, on one CPU: read the two
inventories, judge all partitions, print the verdicts.  One JSON line each.
LPM names the program; --write only writes the inventories.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
FIELD = re.compile(r'^FIELD\((\w+), (\w+), "([^"]+)", (\w+), (?:NULL|"([^"]*)"'
                   r'|(\w+)),', re.M)

# How many elements a list has; others have one.
LENGTHS = {'io-servers': 4, 'volumes': 600, 'fc-ports': 4, 'bridges': 4,
           'virtual-switches': 4, 'disks': 4, 'vscsi-adapters': 2,
           'vfc-adapters': 2, 'veth-adapters': 4, 'server-adapters': 8,
           'moves': 4}


# Most rules are to pass: who moves a server's partitions has prepared it.
NOT = {'on-battery', 'dpo-running', 'dlpar-running', 'internal', 'shared',
       'physical-required', 'smit-move', 'redundant-error-path',
       'tape-optical-jobs', 'opticonnect', 'profile-changes-pending',
       'user-defined-name', 'user-defined-id', 'ssp-storage', 'evacuate',
       'needs-pvr-support', 'lpm-trial', 'port-binding', 'vsi-profile',
       'shared-storage-pool', 'trusted-boot', 'suspend-capable', 'ame',
       'restricted-io', 'untrusted-network', 'kept-current-configuration',
       'override-vsi', 'override-storage-redundancy',
       'diskless-dlpar-default', 'persistent-reserve'}
VALUES = {'processor': 'POWER7', 'state': 'running', 'manager': 'hmc',
          'kind': 'physical', 'powervm-edition': 'enterprise',
          'preferred-mode': 'POWER7', 'current-mode': 'POWER7',
          'memory-mode': 'dedicated', 'destination-memory-mode': 'dedicated',
          'huge-pages': 0, 'bsr-arrays': 0, 'hea-ports': 0, 'sriov-ports': 0,
          'physical-adapters': [], 'tape-optical': [], 'errors': [],
          'unaware-applications': [], 'cache-tuned-applications': [],
          'workload-group': 'none', 'serial-slots': ['0', '1'],
          'security-profile': 'none', 'used-virtual-slots': [],
          'target-devices': [], 'moves': [], 'available-memory-mib': 1 << 20,
          'contiguous-memory-mib': 1 << 20, 'free-virtual-slots': 900,
          'available-processing-units': 60, 'os-version': '7.1',
          'supported-active-moves': 16, 'max-moves': 8,
          'load-percent': 10, 'link-mbps': 10000, 'vlans': ['100'],
          'virtual-switch': 'ETHERNET0', 'reserve-policy': 'no_reserve',
          'trusted-system-key': 'key', 'subnets': ['192.0.2.0/24'],
          'adapter-kinds': ['vscsi', 'vfc', 'veth', 'vserial'],
          'logged-in': [], 'profiles': []}
STATES = {'SYSTEM': 'operating', 'CONSOLE': 'hmc', 'RUNNING': 'active',
          'SERVER_ADAPTER': 'vscsi'}


class World:
    def __init__(self):
        with open(os.path.join(TOP, 'validate/facts/schema.def'),
                  encoding='utf-8') as file:
            rows = FIELD.findall(file.read())
        self.records = {}
        for record, *row in rows:
            self.records.setdefault(record, []).append(row)
        self.counter = 0

    def value(self, row, prefix):
        _, name, kind, words, sub = row
        if name in VALUES:
            return VALUES[name]
        if kind == 'BOOL':
            return name not in NOT
        if kind == 'UINT':
            return 1024 if name.endswith('-mib') else 2
        if kind == 'DECIMAL':
            return 0.5
        if kind == 'LEVEL':
            return 'AM780_034'
        if kind == 'VERSION':
            return '7.7.8.0'
        if kind == 'STRING':
            return '%s-%s' % (prefix, name)
        if kind == 'STRINGS':
            return ['default', 'POWER6', 'POWER7']
        if kind == 'ENUM':
            return words.split()[0]
        if kind == 'SUB':
            return self.record(sub, prefix)
        if kind == 'LIST':
            return [self.record(sub, '%s-%d' % (prefix, i))
                    for i in range(LENGTHS.get(name, 1))]
        return None

    def record(self, record, prefix, skip=()):
        out = {}
        for row in self.records[record]:
            # what only a live QEMU tells has no place in an inventory
            if row[2] != 'OFFER' and row[1] not in skip and \
                    row[1] not in ('partitions', 'qemu'):
                out[row[1]] = self.value(row, prefix)
        # the key of its list
        for name in ('state', 'kind'):
            if name in out and record in STATES:
                words = next(row[3] for row in self.records[record]
                             if row[1] == name)
                if STATES[record] in words.split():
                    out[name] = STATES[record]
        key = self.records[record][0][1]
        if isinstance(out.get(key), str) and \
                self.records[record][0][2] == 'STRING':
            out[key] = prefix
        return out

    def disks(self, partition, volumes, first):
        for k, disk in enumerate(partition['disks']):
            volume = volumes[(first + k) % len(volumes)]
            disk['volume'] = volume['name']
            disk['identity'] = volume['identity']


def systems(partitions):
    # A server of one partition has not the volumes of a thousand.
    LENGTHS['volumes'] = min(600, 8 * partitions)
    world = World()
    source = world.record('SYSTEM', 'source')
    destination = world.record('SYSTEM', 'destination')
    destination['partitions'] = []
    volumes = source['io-servers'][0]['volumes']
    # the destination sees the same volumes
    for here, there in zip(source['io-servers'], destination['io-servers']):
        for a, b in zip(here['volumes'], there['volumes']):
            b['identity'] = a['identity']
    source['partitions'] = []
    for i in range(partitions):
        name = 'lpar%04d' % i
        one = world.record('PARTITION', name)
        one['id'] = i + 10
        world.disks(one, volumes, i * 4)
        for k, disk in enumerate(one['disks']):
            disk['io-server'] = source['io-servers'][0]['name']
        source['partitions'].append(one)
    return source, destination


def write(folder, partitions):
    paths = []
    for system in systems(partitions):
        path = os.path.join(folder, '%s-%d.json' % (system['name'],
                                                    partitions))
        with open(path, 'w', encoding='utf-8') as file:
            json.dump({'version': 1, 'systems': [system]}, file)
        paths.append(path)
    return paths


def one_cpu():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run(command):
    """Seconds, peak KiB, exit code and CPU seconds of one run."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, preexec_fn=one_cpu)
    with child.stderr:
        said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begin
    if child.returncode not in (0, 1, 2):
        sys.exit('bench-validate: exit %d: %s' %
                 (child.returncode, said.decode(errors='replace')))
    return (seconds, usage.ru_maxrss, child.returncode,
            usage.ru_utime + usage.ru_stime)


def measure(name, command, repeats, partitions):
    run(command)
    runs = [run(command) for _ in range(repeats)]
    print(json.dumps({
        'bench': 'validate', 'case': name, 'partitions': partitions,
        'repeats': repeats,
        'seconds-median': round(statistics.median(r[0] for r in runs), 4),
        'seconds-min': round(min(r[0] for r in runs), 4),
        'seconds-max': round(max(r[0] for r in runs), 4),
        # what it would take on a machine with nothing else to do
        'cpu-seconds-median': round(statistics.median(r[3] for r in runs), 4),
        'peak-mib': round(max(r[1] for r in runs) / 1024, 1),
        'exit': runs[0][2], 'machine': platform.processor() or
        platform.machine(), 'load': os.getloadavg()[0],
    }), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--write', metavar='DIR')
    parser.add_argument('--partitions', type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write, arguments.partitions)
        return
    lpm = os.environ.get('LPM', 'lpm')
    with tempfile.TemporaryDirectory() as folder:
        for n, repeats in ((arguments.partitions, 5), (1, 15)):
            source, destination = write(folder, n)
            base = [lpm, 'validate', '--profile', 'powervm-hmc', '--advice',
                    '--source', 'inventory:' + source,
                    '--destination', 'inventory:' + destination]
            base += ['--all'] if n > 1 else []
            for form in ('quiet', 'text', 'json'):
                extra = ['--quiet'] if form == 'quiet' else \
                    ['--format', form]
                measure(form, base + extra, repeats, n)


if __name__ == '__main__':
    main()
