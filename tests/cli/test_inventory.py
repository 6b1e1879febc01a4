# Inventory files: good, bad and hostile ones; lpm facts; --set and --all
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import resource
import subprocess
import time

import schema
from mockqmp import (DATA, LPM, Result, Skip, environment, lpm, main, ret)

TOP = os.path.join(DATA, '..', '..')
DOCS = os.path.join(TOP, 'docs')
EXAMPLE = os.path.join(DOCS, 'examples', 'power7-pair.json')
DOMAINS = os.path.join(DOCS, 'examples', 't4-t5-pair.json')
LMB = ('--rule', 'memory.lmb-size-equal')
HMC = ('--profile', 'powervm-hmc')
SECONDS = 20
MEMORY = 600 << 20


def sanitized():
    """The sanitizers take memory and time of their own."""
    with open(LPM, 'rb') as file:
        return b'__asan_init' in file.read()


def write(case, name, content):
    path = case.path(name)
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    with open(path, 'wb') as file:
        file.write(content)
    return path


def inventory(*systems, **more):
    return dict({'version': 1, 'systems': list(systems)}, **more)


def pair(source=None, destination=None, **more):
    return inventory(dict({'name': 'a', 'lmb-size-mib': 256}, **(source or {})),
                     dict({'name': 'b', 'lmb-size-mib': 128},
                          **(destination or {})), **more)


def sides(path):
    return ('--source', 'inventory:%s#a' % path,
            '--destination', 'inventory:%s#b' % path)


def facts(*arguments):
    """The document of lpm facts, checked, as {path: fact}."""
    result = lpm('facts', *arguments, '--format', 'json').expect(0)
    document = json.loads(result.out)
    schema.check_file(document, os.path.join(DOCS, 'lpm-facts.schema.json'))
    found = {fact['path']: fact for fact in document['facts']}
    assert len(found) == len(document['facts'])
    return found


def values(*arguments):
    return {path: fact['value'] for path, fact in facts(*arguments).items()
            if 'value' in fact}


def refused(case, content, *texts):
    path = write(case, 'bad.json', content)
    return lpm('facts', '--source', 'inventory:' + path).expect(
        3, 'lpm: ' + path + ':', *texts)


def at_place(case, text, line, column, *texts):
    refused(case, text, 'bad.json:%d:%d: ' % (line, column), *texts)


def measured(*arguments, seconds=8 * SECONDS):
    """Run lpm; give its result, seconds and largest size in bytes."""
    begun = time.monotonic()
    with subprocess.Popen([LPM, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment()) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    size = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    return (Result(process.returncode, out.decode(), err.decode()),
            time.monotonic() - begun, size)


def bounded(path, *texts, code=3):
    result, seconds, size = measured('facts', '-q', '--source',
                                     'inventory:' + path)
    result.expect(code, *texts)
    if not sanitized():
        assert seconds < SECONDS, seconds
        # the largest of all children so far: an upper bound of this one's
        assert size < MEMORY, size
    return size


# Good files

def facts_with_origins(case):
    path = write(case, 'x.json', pair(
        {'console': {'name': 'hmc1', 'version': 'V7R7.4.0 SP1'},
         'partitions': [{'name': 'p1', 'min-processing-units': 0.1,
                         'disks': [{'name': 'vda'}], 'vfc-adapters': []}]},
        move={'override-vsi': True}))
    found = facts(*sides(path))
    assert found['source.console.version'] == {
        'path': 'source.console.version', 'value': 'V7R7.4.0 SP1',
        'origin': path + '#/systems/0/console/version'}
    assert found['source.partitions[p1].min-processing-units']['value'] == 0.1
    assert found['source.partitions[p1].disks[vda].name']['origin'] == \
        path + '#/systems/0/partitions/0/disks/0/name'
    assert found['source.partitions[p1].vfc-adapters']['value'] == []
    assert found['destination.lmb-size-mib']['value'] == 128
    assert found['move.override-vsi']['value'] is True
    out = lpm('facts', *sides(path)).expect(0).out
    assert ['destination.lmb-size-mib', '128',
            path + '#/systems/1/lmb-size-mib'] in \
        [line.split() for line in out.splitlines()]


def null_is_unknown(case):
    path = write(case, 'x.json', pair({'lmb-size-mib': None}))
    found = facts(*sides(path))
    assert found['source.lmb-size-mib'] == {
        'path': 'source.lmb-size-mib', 'unknown': 'null in the inventory'}
    assert 'source.lmb-size-mib' not in lpm('facts', *sides(path)).out
    lpm('facts', '-v', *sides(path)).expect(0, 'null in the inventory')
    lpm('validate', *HMC, *LMB, *sides(path)).expect(2)


def every_fact_of_the_schema(case):
    """A value of each kind for each field, and back through --save."""
    with open(os.path.join(DOCS, 'lpm-inventory.schema.json'),
              encoding='utf-8') as file:
        root = json.load(file)

    def example(node, name):
        if '$ref' in node:
            node = schema.resolve(root, node['$ref'], '')[1]
            return {key: example(value, key)
                    for key, value in node['properties'].items()}
        if 'anyOf' in node:
            return example(node['anyOf'][0], name)
        if 'enum' in node:
            return node['enum'][0]
        kind = node['type'] if isinstance(node['type'], str) else \
            node['type'][0]
        if kind == 'string':
            return 'AM760_034' if 'firmware level' in node['description'] \
                else '7.7.4.0' if 'a version such' in node['description'] \
                else 'text "x" \\ \u00e4 ' + name
        if kind == 'array':
            return [example(node['items'], name)] if '$ref' in \
                node['items'] else ['one', 'two']
        return {'boolean': True, 'integer': 7, 'number': 0.05}[kind]

    system = example(root['properties']['systems']['items'], '')
    path = write(case, 'all.json', inventory(
        system, move=example(root['properties']['move'], '')))
    saved = case.path('saved.json')
    lpm('facts', '--source', 'inventory:' + path, '--save',
        saved).expect(0)
    before = values('--source', 'inventory:' + path)
    after = values('--source', 'inventory:' + saved)
    assert before.pop('source.qemu.live') is True
    assert after.pop('source.qemu.live') is False
    assert len(before) > 250, len(before)
    assert before == after
    with open(saved, encoding='utf-8') as file:
        document = json.load(file)
    schema.check(document, root)
    assert document['systems'][0]['partitions'][0]['processing-units'] == 0.05
    assert document['systems'][0]['firmware'] == 760


def schema_is_published(case):
    with open(os.path.join(DOCS, 'lpm-inventory.schema.json'),
              encoding='utf-8') as file:
        published = file.read()
    assert lpm('facts', '--schema').expect(0).out == published, \
        'renew it: lpm facts --schema > docs/lpm-inventory.schema.json'


def escapes_in_strings(case):
    text = '{"version":1,"systems":[{"\\u006eame":"\\ud83d\\ude00\\t\\"/\\/"}]}'
    path = write(case, 'x.json', text)
    assert values('--source', 'inventory:' + path) == {
        'source.name': '\U0001f600\t"//'}
    lpm('facts', '--source', 'inventory:' + path).expect(
        0, '\\x09', absent=['\t'])


# Systems and merging

def system_by_name(case):
    path = write(case, 'x.json', pair())
    lpm('validate', *HMC, '--source', 'inventory:' + path, '--destination',
        'inventory:%s#b' % path).expect(3, 'both sides', 'FILE#SYSTEM')
    lpm('facts', '--source', 'inventory:' + path).expect(
        3, '2 systems', 'a, b')
    lpm('facts', '--source', 'inventory:%s#c' % path).expect(
        3, "no system 'c'", 'a, b')
    one = write(case, 'one#two.json', inventory({'name': 'a#1'}))
    assert values('--source', 'inventory:%s#' % one) == {'source.name': 'a#1'}
    lpm('facts', '--source', 'inventory:' + one).expect(3, 'No such file')
    empty = write(case, 'empty.json', inventory())
    lpm('facts', '--source', 'inventory:' + empty).expect(3, '0 systems')


def later_files_win(case):
    first = write(case, '1.json', inventory(
        {'name': 'a', 'lmb-size-mib': 128, 'serial': '1', 'partitions': [
            {'name': 'p', 'id': 1, 'os': 'aix', 'disks': [{'name': 'x'}]},
            {'name': 'q'}]}, move={'partition': 'p'}))
    second = write(case, '2.json', inventory(
        {'name': 'a', 'lmb-size-mib': 256, 'serial': None, 'partitions': [
            {'name': 'p', 'id': 2, 'disks': [{'name': 'y', 'volume': 'v'}]},
            {'name': 'r'}]}))
    found = facts('-s', 'inventory:' + first, '-s', 'inventory:' + second)
    assert found['source.lmb-size-mib']['value'] == 256
    assert found['source.lmb-size-mib']['origin'] == \
        second + '#/systems/0/lmb-size-mib'
    assert found['source.serial']['value'] == '1'   # null is no news
    assert found['source.partitions[p].id']['value'] == 2
    assert found['source.partitions[p].os']['origin'].startswith(first)
    assert {path for path in found if path.endswith('.name')} == {
        'source.name', 'source.partitions[p].name',
        'source.partitions[q].name', 'source.partitions[r].name',
        'source.partitions[p].disks[x].name',
        'source.partitions[p].disks[y].name'}
    assert found['move.partition']['value'] == 'p'
    found = facts('-s', 'inventory:' + second, '-s', 'inventory:' + first)
    assert found['source.lmb-size-mib']['value'] == 128


def nameless_part_merges(case):
    first = write(case, '1.json', inventory({'name': 'a'}))
    second = write(case, '2.json', inventory({'lmb-size-mib': 64}))
    assert values('-s', 'inventory:' + first, '-s', 'inventory:' + second) \
        == {'source.name': 'a', 'source.lmb-size-mib': 64}


def two_systems_as_one_side(case):
    first = write(case, '1.json', inventory({'name': 'a'}))
    second = write(case, '2.json', inventory({'name': 'b'}))
    lpm('facts', '-s', 'inventory:' + first, '-s',
        'inventory:' + second).expect(3, 'two systems as one --source',
                                      "'a' of " + first, "'b' of " + second)


def beside_a_monitor(case):
    a, b = case.pair()
    path = write(case, 'x.json', pair())
    found = facts('-s', a.name, *sides(path), '-d', b.name)
    assert found['source.qemu.run-state']['origin'] == 'query-status'
    assert found['destination.lmb-size-mib']['value'] == 128
    lpm('validate', '-s', a.name, '-d', b.name, '-s', a.name).expect(
        3, 'one qmp: or offer: per side')
    lpm('migrate', *sides(path)).expect(3, 'qmp:PATH')
    lpm('status', '-s', 'inventory:' + path).expect(3)
    lpm('migrate', '-n', '-s', a.name, *sides(path), '-d', b.name).expect(
        2, 'hosts', absent=['rules about hosts were not judged'])


# Partitions and kinds of move

def partition_is_chosen(case):
    parts = {'partitions': [{'name': 'p1'}, {'name': 'p2'}]}
    path = write(case, 'x.json', pair(parts))
    lpm('validate', *HMC, *sides(path)).expect(
        3, '2 partitions', '--partition', 'p1, p2', '--all')
    lpm('validate', *HMC, *sides(path), '-p', 'p3').expect(
        3, "no partition 'p3'", 'p1, p2')
    lpm('validate', *HMC, *sides(path), '-p', 'p1', '--all').expect(3)
    out = lpm('validate', *HMC, *sides(path), '-p', 'p2', '-f',
              'json').out
    assert json.loads(out)['partition'] == 'p2'
    moved = write(case, 'y.json', pair(parts, move={'partition': 'p2'}))
    assert json.loads(lpm('validate', *HMC, *sides(moved), '-f',
                          'json').out)['partition'] == 'p2'
    assert json.loads(lpm('validate', *HMC, *sides(moved), '-f', 'json', '-p',
                          'p1').out)['partition'] == 'p1'
    wrong = write(case, 'z.json', pair(parts, move={'partition': 'p9'}))
    lpm('validate', *HMC, *sides(wrong)).expect(
        3, wrong + '#/move/partition', "no partition 'p9'")
    many = write(case, 'm.json', pair({'partitions': [
        {'name': 'p%d' % i} for i in range(1000)]}))
    result = lpm('validate', *HMC, *sides(many)).expect(
        3, 'and 980 more')
    assert len(result.err) < 1000


def partition_named_by_the_guest(case):
    a, b = case.pair()
    path = write(case, 'x.json', pair({'partitions': [
        {'name': 'other'}, {'name': 'guest1'}]}))
    out = lpm('validate', '-s', a.name, *sides(path), '-d', b.name, '-f',
              'json').out
    assert json.loads(out)['partition'] == 'guest1'


def not_activated_is_inactive(case):
    path = write(case, 'x.json', pair({'partitions': [
        {'name': 'p', 'state': 'not-activated'}]}))
    result = lpm('validate', *HMC, *sides(path), '-f', 'json')
    assert 'p is not activated: judged as an inactive move' in result.err
    assert json.loads(result.out)['move'] == 'inactive'
    assert lpm('validate', *HMC, *sides(path), '-q').err == ''
    result = lpm('validate', *HMC, *sides(path), '-f', 'json', '--inactive')
    assert result.err == ''
    path = write(case, 'x.json', pair({'partitions': [
        {'name': 'p', 'state': 'running'}]}))
    result = lpm('validate', *HMC, *sides(path), '-f', 'json')
    assert result.err == '' and json.loads(result.out)['move'] == 'active'


def profiles(case):
    path = write(case, 'x.json', pair())
    lpm('validate', '--profile', 'hmc', *sides(path)).expect(
        3, 'powervm-hmc, powervm-ivm, ldoms or qemu')
    seen = []
    for name in ('powervm-hmc', 'powervm-ivm', 'ldoms', 'qemu'):
        document = json.loads(lpm('validate', '--profile', name,
                                  *sides(path), '-f', 'json').out)
        assert document['profile'] == name
        seen.append({result['id'] for result in document['results']})
    assert all(a != b for i, a in enumerate(seen) for b in seen[:i])
    more = json.loads(lpm('validate', *HMC, '--advice', *sides(path), '-f',
                          'json').out)
    assert {result['id'] for result in more['results']} >= seen[0]


def all_partitions(case):
    path = write(case, 'x.json', pair({'partitions': [
        {'name': 'p1', 'state': 'running'},
        {'name': 'p2\x1b[2J', 'state': 'not-activated'}]}))
    # the rule holds for active moves only
    result = lpm('validate', *HMC, *LMB, *sides(path), '--all', '-f',
                 'json').expect(1)
    document = json.loads(result.out)
    schema.check_file(document, os.path.join(DOCS,
                                             'lpm-verdicts.schema.json'))
    assert document['verdict'] == 'fail'
    assert [(one['partition'], one['move'], one['verdict'])
            for one in document['partitions']] == [
                ('p1', 'active', 'fail'),
                ('p2\x1b[2J', 'inactive', 'pass')]
    lpm('validate', *HMC, *LMB, *sides(path), '--all').expect(
        1, '2 partitions: 1 pass, 1 fail, 0 unknown', absent=['\x1b'])
    lpm('validate', *HMC, *LMB, *sides(path), '--all', '-q').expect(1)
    lpm('validate', *HMC, *LMB, *sides(path), '--all', '--set',
        'destination.lmb-size-mib=256').expect(0, '2 pass')
    none = write(case, 'none.json', pair())
    lpm('validate', *HMC, *sides(none), '--all').expect(3, 'no partition')


# What if

def set_values(case):
    path = write(case, 'x.json', pair({'partitions': [
        {'name': 'p.[1]=\\', 'disks': [{'name': 'vda'}]}]}))
    sets = {
        'destination.lmb-size-mib': ('256', 256),
        'source.console.version': ('7.7.4', '7.7.4'),
        'partition.os': ('ibmi', 'ibmi'),
        'partition.disks[vda].io-server': ('vios1=x', 'vios1=x'),
        'partition.processing-units': ('0.05', 0.05),
        'partition.physical-adapters': ('a, b', ['a', 'b']),
        'partition.serial-slots': ('', []),
        'move.override-vsi': ('true', True),
        'source.firmware': ('AM760_034', 760),
        'source.partitions[p.[1\\]=\\\\].id': ('7', 7),
    }
    arguments = []
    for name, (text, _) in sets.items():
        arguments += ['--set', '%s=%s' % (name, text)]
    found = facts(*sides(path), '-p', 'p.[1]=\\', *arguments)
    for name, (_, value) in sets.items():
        full = name.replace('partition.',
                            'source.partitions[p.[1\\]=\\\\].', 1) \
            if name.startswith('partition.') else name
        assert found[full] == {'path': full, 'value': value,
                               'origin': '--set'}, found[full]


def set_changes_the_verdict(case):
    path = write(case, 'x.json', pair())
    lpm('validate', *HMC, *LMB, *sides(path)).expect(1)
    lpm('validate', *HMC, *LMB, *sides(path), '--set',
        'destination.lmb-size-mib=256').expect(0)
    # the last one holds
    lpm('validate', *HMC, *LMB, *sides(path), '--set',
        'destination.lmb-size-mib=256', '--set',
        'destination.lmb-size-mib=64').expect(1)


def set_refuses(case):
    path = write(case, 'x.json', pair({'partitions': [
        {'name': 'p', 'disks': [{'name': 'vda'}, {'name': 'vdb'}]}]}))
    for text, said in (
            ('lmb-size-mib=1', 'a path begins with source'),
            ('source.lmb=1', "a system has no fact 'lmb'"),
            ('source.lmb-size-mib=-1', "'-1' is not a number"),
            ('source.lmb-size-mib=', 'is not a number'),
            ('source.lmb-size-mib.x=1', 'nothing may follow'),
            ('source.console=hmc', 'names a record'),
            ('source=1', 'names a record'),
            ('source.partitions=p', 'is a list'),
            ('source.partitions[p=1', 'is a list'),
            ('source.partitions[p]x=1', 'names a record'),
            ('partition.disks.volume=v', 'is a list'),
            ('partition.disks[vdc].volume=v', "no disk 'vdc'; there are: "
             'vda, vdb'),
            ('partition.disks[vda].name=x', 'stays as it is'),
            ('partition.name=x', 'stays as it is'),
            ('partition.os=beos', 'one of: aix ibmi'),
            ('partition.os-version=new', 'a version'),
            ('source.qemu.offer=x', 'one value'),
            ('=1', 'wanted PATH=VALUE'), ('x', 'wanted PATH=VALUE'),
            ('', 'wanted PATH=VALUE')):
        lpm('validate', *HMC, *sides(path), '--set', text).expect(
            3, '--set', said)
    # no partition is chosen
    lpm('facts', '-d', 'inventory:%s#b' % path, '--set',
        'partition.id=1').expect(3, 'no partition is known')


# lpm facts --save

def save_and_read_back(case):
    a, b = case.pair()
    path = write(case, 'x.json', pair())
    saved = case.path('saved.json')
    lpm('facts', '-s', a.name, *sides(path), '-d', b.name, '--save',
        saved).expect(0)
    with open(saved, encoding='utf-8') as file:
        schema.check_file(json.load(file), os.path.join(
            DOCS, 'lpm-inventory.schema.json'))
    before = values('-s', a.name, *sides(path), '-d', b.name)
    after = values(*sides(saved))
    for side in ('source', 'destination'):
        assert before.pop(side + '.qemu.live') is True
        assert after.pop(side + '.qemu.live') is False
        assert before.pop(side + '.qemu.offer') is None
    assert before == after


def save_one_side_without_a_name(case):
    a, _ = case.pair()
    saved = case.path('saved.json')
    lpm('facts', '-s', a.name, '--save', saved).expect(0)
    assert values('-s', 'inventory:' + saved)['source.qemu.run-state'] == \
        'running'


def save_needs_names(case):
    a, b = case.pair()
    saved = case.path('saved.json')
    lpm('facts', '-s', a.name, '-d', b.name, '--save', saved).expect(
        3, 'names that differ')
    assert not os.path.exists(saved)
    lpm('facts', '-s', a.name, '-d', b.name, '--save', saved, '--set',
        'source.name=a', '--set', 'destination.name=b').expect(0)


def save_loses_nothing(case):
    a, _ = case.pair()
    saved = write(case, 'saved.json', 'precious')

    def still(*others):
        with open(saved, encoding='utf-8') as file:
            assert file.read() == 'precious'
        left = set(os.listdir(case.dir)) - {'a', 'b', 'saved.json', *others}
        assert not left, left

    # a monitor that is not there is not saved as an empty host
    lpm('facts', '-s', 'qmp:' + case.path('none'), '--save',
        saved).expect(2, 'no such socket')
    still()
    # a full disk
    result = subprocess.run(
        [LPM, 'facts', '-s', a.name, '--save', saved], capture_output=True,
        check=False, env=environment(), stdin=subprocess.DEVNULL,
        restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (100, 100)))
    assert result.returncode == 3, result
    still()
    # no file: it is not replaced by one
    fifo = case.path('fifo')
    os.mkfifo(fifo)
    for target in (fifo, '/dev/null', case.dir):
        lpm('facts', '-s', a.name, '--save', target).expect(3, 'not a file')
    assert not os.path.isfile('/dev/null')
    lpm('facts', '-s', a.name, '--save',
        case.path('none/saved.json')).expect(3, 'No such file')
    # a link stays one
    link = case.path('link')
    os.symlink('saved.json', link)
    still('fifo', 'link')
    lpm('facts', '-s', a.name, '--save', link).expect(0)
    assert os.path.islink(link)
    values('-s', 'inventory:' + saved)


def save_into_a_folder_that_is_read_only(case):
    if os.geteuid() == 0:
        raise Skip('root may write anywhere')
    a, _ = case.pair()
    os.chmod(case.dir, 0o500)
    try:
        lpm('facts', '-s', a.name, '--save',
            case.path('saved.json')).expect(3, 'Permission denied')
    finally:
        os.chmod(case.dir, 0o700)


# Bad files

def syntax_errors_have_a_place(case):
    at_place(case, '', 1, 1, 'nothing here')
    at_place(case, ' \n\n', 3, 1, 'nothing here')
    at_place(case, 'hello', 1, 1, "'h', wanted a value")
    at_place(case, '{"version": 1,\n "systems": [\n  {"name": "a"}', 3, 16,
             'ends inside the array that begins in line 2')
    at_place(case, '{"version": 1,\n"systems": []', 2, 14,
             'ends inside the object that begins in line 1')
    at_place(case, '{"version": 1,\n "systems: []}', 2, 15,
             'the string that begins in line 2 column 2')
    at_place(case, '{"version": 1,\n "syst\nems": []}', 2, 7,
             'the string that begins in line 2 column 2')
    at_place(case, '{"version": 1\n "systems": []}', 2, 2, "'\"'",
             'a comma or }')
    at_place(case, '{"version": 1, "systems": [],}', 1, 30,
             'a name in " behind the comma')
    at_place(case, '{"version": 1, "systems": [1,]}', 1, 30, "']'", 'a value')
    at_place(case, "{'version': 1}", 1, 2, 'a name in ", or }')
    at_place(case, '{version: 1}', 1, 2, 'a name in ", or }')
    at_place(case, '{"version" 1}', 1, 12, ': behind the name')
    at_place(case, '{"version": 1} {}', 1, 16, 'the end of the text')
    at_place(case, '{"version": 1 // text\n}', 1, 15, "'/'")
    at_place(case, '{"version": TRUE}', 1, 13, "'T'")
    at_place(case, '{"version": 01}', 1, 13, 'begins with 0')
    at_place(case, '{"version": 1.}', 1, 15, 'a digit')
    at_place(case, '{"version": +1}', 1, 13, "'+'")
    at_place(case, '{"version": 1e}', 1, 15, 'a digit')
    at_place(case, '{"version": -}', 1, 14, 'a digit')
    at_place(case, '{"version": NaN}', 1, 13, "'N'")
    at_place(case, '{"version": 1234567890123456789}', 1, 13, '18 digits')
    at_place(case, '["\\x"]', 1, 4, 'behind \\')
    at_place(case, '["\\u12g4"]', 1, 3, 'four hexadecimal digits')
    at_place(case, '["\\ud800x"]', 1, 3, 'surrogate')
    at_place(case, '["\\udc00"]', 1, 3, 'surrogate')
    at_place(case, '["\\u0000"]', 1, 3, 'a NUL')
    at_place(case, '["\u00e4\u20ac", \x07]', 1, 8, 'U+0007')
    at_place(case, b'\xef\xbb\xbf{}', 1, 1, 'U+FEFF')


def not_text(case):
    at_place(case, b'{\n"a\xff": 1}', 2, 3, 'no UTF-8')
    at_place(case, b'{"a": 1}\0', 1, 9, 'a NUL byte')
    at_place(case, b'\x1f\x8b\x08\x00', 1, 2, 'no UTF-8')
    at_place(case, '{"version": 1}'.encode('utf-16'), 1, 1, 'no UTF-8')


def each_prefix_of_a_good_file_is_refused(case):
    with open(EXAMPLE, 'rb') as file:
        text = file.read().rstrip()
    step = max(1, len(text) // 60)
    for length in range(0, len(text), step):
        refused(case, text[:length], 'bad.json:')


def duplicate_names(case):
    at_place(case, '{"version": 1,\n"systems": [],\n"version": 1}', 3, 1,
             '"version" comes twice', 'first in line 1')
    at_place(case, '{"version": 1, "systems": [{"name": "a",\n'
             '"lmb-size-mib": 1,\n"lmb-size-mi\\u0062": 2}]}', 3, 1,
             '"lmb-size-mib" comes twice', 'first in line 2')
    # the same name in another object is fine
    path = write(case, 'x.json', pair({'console': {'name': 'x'}}))
    values(*sides(path))
    refused(case, inventory({'name': 'a'}, {'name': 'a'}),
            "/systems/1: a system with the name 'a' came before")
    refused(case, inventory({'name': 'a', 'partitions': [
        {'name': 'p'}, {'name': 'q'}, {'name': 'p'}]}),
        "/systems/0/partitions/2: a partition with the name 'p' came before")


def bad_values_have_a_pointer(case):
    refused(case, [], '/: got an array, wanted an object')
    refused(case, {}, '/: no "version"')
    refused(case, {'version': 1}, '/: no "systems"')
    refused(case, {'version': 2, 'systems': [], 'new': 1},
            '/version: 2, wanted 1')
    refused(case, {'version': '1', 'systems': []}, '/version: not a number')
    refused(case, {'version': 1.0, 'systems': []}, '/version: not a number')
    refused(case, {'version': 1, 'systems': {}}, '/systems: got an object')
    refused(case, inventory(x=1), '/x: an inventory has version')
    refused(case, inventory('a'), '/systems/0: a string, wanted an object')
    refused(case, inventory(move=[]), '/move: an array, wanted an object')
    refused(case, inventory({'name': ''}), '/systems/0: no "name"')
    refused(case, inventory({'name': 'a'}, {}), '/systems/1: no "name"')
    for name, value, said in (
            ('colour', 1, 'a system has no such fact'),
            ('a/b~c', 1, '/systems/0/a~1b~0c: a system'),
            ('name', 1, '/systems/0/name: a number, wanted a string'),
            ('lmb-size-mib', '256', 'a string, wanted a whole number'),
            ('lmb-size-mib', 1.5, 'a number, wanted a whole number'),
            ('lmb-size-mib', -1, "'-1' is not a number"),
            ('lmb-size-mib', 10 ** 17, 'is not a number'),
            ('dpo-running', 1, 'a number, wanted true or false'),
            ('processor', 'POWER3', 'one of: POWER4'),
            ('processor', '', 'one of: POWER4'),
            ('processor', 'POWER4 POWER5', 'one of: POWER4'),
            ('firmware', 'new', 'a firmware level'),
            ('firmware', 7.6, 'a number, wanted a string'),
            ('available-processing-units', 0.0005, 'three places'),
            ('available-processing-units', 1e300, 'out of range'),
            ('available-processing-units', -0.5, 'a number from 0 on'),
            ('preferred-modes', 'POWER7', 'wanted an array of strings'),
            ('preferred-modes', [None], 'element 0 is null'),
            ('console', 'hmc1', 'a string, wanted an object'),
            ('console', {'version': 'x'}, '/systems/0/console/version'),
            ('partitions', {}, 'an object, wanted an array of objects'),
            ('partitions', ['p'], '/systems/0/partitions/0: a string'),
            ('partitions', [{}], '/partitions/0: no "name"'),
            ('partitions', [{'name': 'p', 'disks': [{'name': 'x',
                                                     'size': 1}]}],
             '/systems/0/partitions/0/disks/0/size: a disk has no such'),
            ('serial', 'x' * 5000, '4096 bytes'),
            ('preferred-modes', ['x' * 5000], 'element 0'),
            ('qemu', {'offer': {}}, '/systems/0/qemu/offer')):
        refused(case, inventory({**{'name': 'a'}, name: value}), said)


def values_of_files_are_escaped(case):
    refused(case, inventory({'name': 'a\x1b[2J', 'processor': '\x1b]0;x\x07'})
            ).expect(3, '\\x1b]0;x', absent=['\x1b', '\x07'])
    path = write(case, 'x.json', inventory({'name': 'a\x1b[2J\u202e'}))
    lpm('facts', '-s', 'inventory:' + path).expect(
        0, 'a\\x1b[2J\\u202e', absent=['\x1b', '\u202e'])
    lpm('facts', '-s', 'inventory:' + path + '#b').expect(
        3, absent=['\x1b', '\u202e'])


# Hostile files

def no_files(case):
    fifo = case.path('fifo')
    os.mkfifo(fifo)
    for path in (fifo, '/dev/zero', '/dev/tty', case.dir):
        if os.path.exists(path):
            bounded(path, path)
    bounded(case.path('none'), 'No such file')
    loop = case.path('loop')
    os.symlink('loop', loop)
    bounded(loop, 'Too many levels')


def large_files(case):
    path = case.path('large')
    with open(path, 'wb') as file:
        file.truncate(200 << 20)
    size = bounded(path, 'larger than 32 MiB')
    assert size < 100 << 20 or sanitized(), size
    with open(path, 'wb') as file:
        file.write(b' ' * (32 << 20) + b'x')
    bounded(path, 'larger than 32 MiB')
    with open(path, 'wb') as file:
        file.write(b' ' * (32 << 20))
    bounded(path, 'nothing here')


def deep_files(case):
    for text in (b'[' * (1 << 20), b'{"a":' * (1 << 20),
                 b'[' * 65 + b']' * 65):
        bounded(write(case, 'deep', text), 'nests deeper than 64 levels')
    bounded(write(case, 'deep', b'[' * 64 + b']' * 64), '/: got an array')


def many_values(case):
    bounded(write(case, 'many', b'[' + b'1,' * (16 << 20 >> 1) + b'1]'),
            'more than 1000000 values')
    bounded(write(case, 'many', b'[' + b'[],' * (16 << 20 >> 2) + b'[]]'),
            'more than 200000 objects and arrays')
    bounded(write(case, 'many', b'"' + b'x' * (30 << 20) + b'"'),
            'got a string, wanted an object')
    names = b','.join(b'"n%d":1' % i for i in range(400000))
    bounded(write(case, 'many', b'{' + names + b'}'), '/: no "version"')
    # as many records as there may be
    parts = b','.join(b'{"name":"%d"}' % i for i in range(65000))
    bounded(write(case, 'many', b'{"version":1,"systems":[{"name":"a",'
                  b'"partitions":[' + parts + b']}]}'), code=0)
    parts += b',' + parts.replace(b'{"name":"', b'{"name":"x')
    bounded(write(case, 'many', b'{"version":1,"systems":[{"name":"a",'
                  b'"partitions":[' + parts + b']}]}'),
            '/systems/0/partitions: more than 65536 elements')


def thousand_partitions(case):
    """Loaded in well under a second, on a machine that does nothing else."""
    parts = [dict({'name': 'p%d' % i, 'state': 'running', 'id': i,
                   'os': 'aix', 'memory-mib': 4096},
                  **{'disks': [{'name': 'd%d' % d, 'io-server': 'vios1',
                                'volume': 'hdisk%d' % (i * 4 + d)}
                               for d in range(4)],
                     'veth-adapters': [{'slot': str(s), 'mac': 'x',
                                        'vlans': ['1', '2']}
                                       for s in range(2)]})
             for i in range(1000)]
    volumes = [{'name': 'hdisk%d' % i, 'identity': 'id%d' % i,
                'reserve-policy': 'no_reserve'} for i in range(4000)]
    path = write(case, 'x.json', pair(
        {'partitions': parts,
         'io-servers': [{'name': 'vios1', 'volumes': volumes}]}))
    best = min(measured('validate', *HMC, *LMB, *sides(path), '-p',
                        'p500')[1] for _ in range(3))
    print('# %d partitions: %.3f s' % (len(parts), best))
    assert best < 5 or sanitized(), best
    result, _, _ = measured('validate', *HMC, *LMB, *sides(path), '--all',
                            '-f', 'json')
    document = json.loads(result.expect(1).out)
    assert len(document['partitions']) == 1000


# The example of docs/inventory.md

def example_fits_the_schema(case):
    for path in (EXAMPLE, DOMAINS):
        with open(path, encoding='utf-8') as file:
            schema.check_file(json.load(file), os.path.join(
                DOCS, 'lpm-inventory.schema.json'))


def example_is_judged(case):
    both = ('--source', 'inventory:%s#p7-a' % EXAMPLE,
            '--destination', 'inventory:%s#p7-b' % EXAMPLE)
    lpm('validate', *HMC, *both).expect(
        1, 'active move of web1', 'FAIL', 'memory.lmb-size-equal',
        'source.lmb-size-mib: 256; destination.lmb-size-mib: 128',
        '1 failed')
    lpm('validate', *HMC, *both, '--set',
        'destination.lmb-size-mib=256').expect(2, '0 failed')
    lpm('validate', *HMC, *both, '--partition', 'batch1').expect(
        2, 'batch1 is not activated', 'inactive move of batch1')
    lpm('facts', *both).expect(0, 'move.partition')


def domain(*more):
    return lpm('validate', '--profile', 'ldoms',
               '--source', 'inventory:%s#t4-a' % DOMAINS,
               '--destination', 'inventory:%s#t5-b' % DOMAINS, *more)


def example_of_domains_is_judged(case):
    for more in ((), ('--advice',)):
        result = domain(*more).expect(
            0, 'active move of ldg1, profile ldoms', 'verdict: pass',
            '0 failed, 0 warnings, 0 unknown')
        assert 'FAIL' not in result.out
    domain('--set', 'partition.cpu-arch=native').expect(
        1, 'FAIL', 'cpu-arch.native-same-type', 'ldm set-domain cpu-arch=',
        'destination.processor: SPARC-T5', '1 failed')


def domain_in_a_state_that_ldm_refuses(case):
    """The guide's two messages, by their states."""
    result = domain('--partition', 'ldg2').expect(
        1, 'active move of ldg2', 'state.not-in-openboot',
        "domain ldg2 is in the 'OpenBoot Running' state")
    assert 'state.not-debugged' not in result.out, result.out
    result = domain('--set', 'partition.software-state=Solaris debugging')
    result.expect(1, 'state.not-debugged', '1 failed',
                  "domain ldg1 is in the 'Solaris debugging' state")
    assert 'state.not-in-openboot' not in result.out, result.out


def domain_that_is_not_active_is_unknown(case):
    for state, word in (('bound', 'bound'), ('not-activated', 'inactive')):
        domain('--set', 'partition.state=' + state).expect(
            2, 'inactive move of ldg1', 'state.domain-active',
            'the domain is ' + word, '0 failed, 0 warnings, 1 unknown')
    domain('--set', 'partition.state=bound').expect(
        2, 'ldg1 is bound: judged as an inactive move')
    # not a pass for want of rules
    domain('--inactive').expect(3, 'about active domains only')


def rows_about_domains_name_no_hmc(case):
    """They speak of domains and ldm, as the guide does."""
    rules = json.loads(lpm('validate', '--list', '--format',
                           'json').out)['rules']
    own = [rule for rule in rules if 'ldoms' in rule['profiles']]
    assert len(own) > 25, len(own)
    for rule in own:
        assert rule['profiles'] == ['ldoms'], rule
        text = rule['title'] + ' ' + rule['remedy']
        for word in ('partition', 'HMC', 'chhwres', 'virsh', 'guest'):
            assert word not in text, (rule['id'], word, text)


main([facts_with_origins, null_is_unknown, every_fact_of_the_schema,
      schema_is_published, escapes_in_strings, system_by_name,
      later_files_win, nameless_part_merges, two_systems_as_one_side,
      beside_a_monitor, partition_is_chosen, partition_named_by_the_guest,
      not_activated_is_inactive, profiles, all_partitions, set_values,
      set_changes_the_verdict, set_refuses, save_and_read_back,
      save_one_side_without_a_name, save_needs_names, save_loses_nothing,
      save_into_a_folder_that_is_read_only, syntax_errors_have_a_place,
      not_text, each_prefix_of_a_good_file_is_refused, duplicate_names,
      bad_values_have_a_pointer, values_of_files_are_escaped, no_files,
      large_files, deep_files, many_values, thousand_partitions,
      example_fits_the_schema, example_is_judged,
      example_of_domains_is_judged, domain_in_a_state_that_ldm_refuses,
      domain_that_is_not_active_is_unknown, rows_about_domains_name_no_hmc])
