# The worked examples of the manuals: inventory in, report out
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines are those of the 2013 edition.  An example's steps are values of
--set, so that each step is one run of the program over the same inventory.
"""

import itertools
import json
import os

from mockqmp import DATA, lpm, main
from schema import check_file

SCHEMA = os.path.join(DATA, '..', '..', 'docs', 'lpm-verdict.schema.json')


def report(name, source, destination, rules, *more, profile='powervm-hmc',
           **values):
    """{rule: result} of the rules that are named."""
    path = os.path.join(DATA, 'inventories', name + '.json')
    arguments = ['--source', 'inventory:%s#%s' % (path, source),
                 '--destination', 'inventory:%s#%s' % (path, destination),
                 '--profile', profile, '--format', 'json', *more]
    for rule in rules:
        arguments += ['--rule', rule]
    for key, value in values.items():
        arguments += ['--set', '%s=%s' % (key.replace('__', '.').replace(
            '_', '-'), value)]
    result = lpm('validate', *arguments)
    document = json.loads(result.out)
    check_file(document, SCHEMA)
    assert document['partition'] == 'mobile'
    found = {one['id']: one for one in document['results']}
    assert set(found) == set(rules), (rules, list(found))
    statuses = {one['status'] for one in found.values()}
    result.expect(1 if 'fail' in statuses else 2 if 'unknown' in statuses
                  else 0)
    return found


def statuses(*given, **values):
    return [one['status'] for one in report(*given, **values).values()]


MODES = ['compat-mode.current-supported', 'compat-mode.preferred-supported']


def modes(source, destination, preferred, current, *more):
    return statuses('modes', source, destination, MODES, *more,
                    partition__preferred_mode=preferred,
                    partition__current_mode=current)


def power6_to_power7_with_default(case):
    """944-952: default preferred; POWER6 until the restart."""
    assert modes('p6', 'p7', 'default', 'POWER6') == ['pass', 'pass']


def back_to_power6_needs_a_restart(case):
    """954-963: from POWER7 back: preferred POWER6 first, then a restart."""
    assert modes('p7', 'p6', 'default', 'POWER7') == ['fail', 'pass']
    assert modes('p7', 'p6', 'POWER6', 'POWER7') == ['fail', 'pass']
    assert modes('p7', 'p6', 'POWER6', 'POWER6') == ['pass', 'pass']
    found = report('modes', 'p7', 'p6', MODES,
                   partition__preferred_mode='default',
                   partition__current_mode='POWER7')[MODES[0]]
    assert 'POWER7' in found['actual'], found
    assert {fact['path'] for fact in found['facts']} >= {
        'partition.current-mode', 'destination.current-modes'}, found


def both_ways_without_changes(case):
    """965-976: preferred POWER6 on both, restarted or not."""
    for source, destination in (('p6', 'p7'), ('p7', 'p6')):
        assert modes(source, destination, 'POWER6', 'POWER6') == \
            ['pass', 'pass']
    advice = ['compat-mode.back-and-forth']
    assert statuses('modes', 'p6', 'p7', advice,
                    partition__preferred_mode='POWER6') == ['pass']
    assert statuses('modes', 'p6', 'p7', advice,
                    partition__preferred_mode='default') == ['warn']


def an_inactive_move_asks_for_the_preferred_mode(case):
    """978-980: the current mode is chosen when it is activated."""
    assert modes('p7', 'p6', 'default', 'POWER7', '--inactive') == \
        ['not-applicable', 'pass']
    assert modes('p7', 'p6', 'POWER7', 'POWER7', '--inactive') == \
        ['not-applicable', 'fail']


def paging_io_servers(case):
    """1131-1157, the table of redundancy options, every cell."""
    rules = ['paging.device', 'paging.redundancy-preference']
    for used in (1, 2):
        for offered in (1, 2):
            for preference in ('unset', 'not-redundant', 'if-possible'):
                refused = (used, offered, preference) == (2, 1, 'unset')
                found = statuses('paging', 'from', 'to%d' % offered, rules,
                                 partition__paging_io_servers=used,
                                 move__paging_redundancy=preference)
                assert found == ['pass', 'fail' if refused else 'pass'], \
                    (used, offered, preference, found)


def paging_device_has_the_size(case):
    assert statuses('paging', 'from', 'to2', ['paging.device'],
                    partition__max_memory_mib=16385) == ['fail']


REDUNDANCY = ['redundancy.adapters', 'redundancy.io-servers',
              'redundancy.path-left']


def redundancy(source, destination, override):
    return statuses('redundancy', source, destination, REDUNDANCY,
                    move__override_storage_redundancy=override)


def redundancy_is_kept(case):
    for override in ('true', 'false'):
        assert redundancy('two', 'two-of-two', override) == ['pass'] * 3


def paths_through_one_io_server(case):
    """1443: two I/O servers, then both adapters in one."""
    assert redundancy('two', 'one-of-two', 'false') == \
        ['pass', 'fail', 'pass']
    assert redundancy('two', 'one-of-two', 'true') == \
        ['pass', 'warn', 'pass']


def one_path_of_two_io_servers(case):
    """1444: one path is left, the other one fails."""
    assert redundancy('two', 'one-of-one', 'false') == \
        ['fail', 'fail', 'pass']
    assert redundancy('two', 'one-of-one', 'true') == \
        ['warn', 'warn', 'pass']


def one_path_of_two_adapters(case):
    """1448: one I/O server each; two adapters, then one."""
    assert redundancy('one', 'one-of-one', 'false') == \
        ['fail', 'pass', 'pass']
    assert redundancy('one', 'one-of-one', 'true') == \
        ['warn', 'pass', 'pass']


def no_path_is_refused(case):
    for override in ('true', 'false'):
        assert redundancy('one', 'none', override)[2] == 'fail'


ADAPTERS = ['vscsi.adapters-connected', 'vscsi.adapters-not-all-open']
SERVER = 'source.io-servers[VIOS1].server-adapters[%s].%s'


def adapters(**changes):
    return statuses('adapters', 'from', 'to', ADAPTERS, **changes)


def virtual_adapter_connections(case):
    """2709-2735: 2 to 11 and back, 4 to 12, which takes any slot."""
    assert adapters() == ['pass', 'pass']


def a_server_adapter_that_points_elsewhere(case):
    assert adapters(**{SERVER % ('11', 'client-slot'): '3'}) == \
        ['fail', 'pass']
    assert adapters(**{SERVER % ('11', 'client-partition'): 'other'}) == \
        ['fail', 'pass']
    assert adapters(**{'partition.vscsi-adapters[2].server-slot': '13'}) == \
        ['fail', 'pass']


def server_adapters_that_are_all_open(case):
    """2738-2740: one must be kept for the partition."""
    assert adapters(**{SERVER % ('11', 'client-partition'): 'any',
                       SERVER % ('12', 'client-partition'): 'any'})[1] == \
        'fail'
    assert adapters(**{SERVER % ('12', 'client-partition'): 'any'})[1] == \
        'pass'


# Oracle VM Server for SPARC: which class may move between which servers
SPARC = ('t2', 't2plus', 't3', 't4', 't5', 't5-too', 'm7', 'm10', 'm10-plus')
CLASSES = {
    'native': ('cpu-arch.native-same-type',
               lambda a, b: {a, b} == {'t5', 't5-too'}),
    'generic': ('cpu-arch.generic-servers', lambda a, b: True),
    'migration-class1': (
        'cpu-arch.class1-servers',
        lambda a, b: {a, b} <= {'t4', 't5', 't5-too', 'm7'}),
    'sparc64-class1': (
        'cpu-arch.sparc64-class1-servers',
        lambda a, b: {a, b} <= {'m10', 'm10-plus'}),
}


def classes_of_sparc_servers(case):
    """Every class, every pair, both directions."""
    rules = [rule for rule, _ in CLASSES.values()]
    for source, destination in itertools.permutations(SPARC, 2):
        for name, (rule, moves) in CLASSES.items():
            found = report('ldoms', source, destination, rules,
                           profile='ldoms', partition__cpu_arch=name)
            for one, result in found.items():
                wanted = 'not-applicable' if one != rule else \
                    'pass' if moves(source, destination) else 'fail'
                assert result['status'] == wanted, \
                    (source, destination, name, result)


main([power6_to_power7_with_default, back_to_power6_needs_a_restart,
      both_ways_without_changes,
      an_inactive_move_asks_for_the_preferred_mode, paging_io_servers,
      paging_device_has_the_size, redundancy_is_kept,
      paths_through_one_io_server, one_path_of_two_io_servers,
      one_path_of_two_adapters, no_path_is_refused,
      virtual_adapter_connections, a_server_adapter_that_points_elsewhere,
      server_adapters_that_are_all_open, classes_of_sparc_servers])
