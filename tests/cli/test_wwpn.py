# lpm wwpn: pairs that nobody uses, and who uses which
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import re

from mockqmp import (CLOSE, DATA, err, lpm, main, on_a_terminal, recording,
                     ret)
from schema import check_file

TOP = os.path.join(DATA, '..', '..')
PAIR = re.compile(r'^wwpn=([0-9a-f]{16}),wwpn2=([0-9a-f]{16})$')
FIRST, SECOND = 'c050760000000001', 'c050760000000002'


def made(out):
    pairs = []
    for line in out.splitlines():
        match = PAIR.match(line)
        assert match, line
        pairs.append(tuple(int(digits, 16) for digits in match.groups()))
    return pairs


def inventory(case, name, *systems):
    path = case.path(name)
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'version': 1, 'systems': systems}, file)
    return 'inventory:' + path


def partition(name, first, second, **more):
    return dict({'name': name, 'vfc-adapters': [
        {'slot': '4', 'wwpn': first, 'wwpn2': second}]}, **more)


def system(name, *partitions, **more):
    return dict({'name': name, 'partitions': list(partitions)}, **more)


def guest(case, socket, record='lpm-source', **changes):
    """A QEMU with the offer of the recording, and a changed one."""
    offer = recording(record)[1]['query-lpm-offer']['return']
    for key in ('name', 'uuid', 'wwpns'):
        if key in changes:
            offer[key] = changes.pop(key)
    return case.peer(socket, record, query_lpm_offer=ret(offer),
                     query_name=ret({'name': offer['name']}),
                     query_uuid=ret({'UUID': offer['uuid']}), **changes)


def listed(result):
    document = json.loads(result.out)
    check_file(document, os.path.join(TOP, 'docs/lpm-wwpns.schema.json'))
    return document


# new

def new_pairs(case):
    pairs = made(lpm('wwpn', 'new', '--count', '200').expect(0).out)
    assert len(pairs) == len(set(pairs)) == 200
    for first, second in pairs:
        assert first >> 40 == 0xc05076 and first % 2 == 0
        assert second == first + 1
    # random: neighbours would be a counter, and bits that never change a bug
    assert len({first >> 16 for first, _ in pairs}) > 190
    changing = 0
    for first, _ in pairs:
        changing |= first ^ pairs[0][0]
    assert changing == 0xfffffffffe, hex(changing)
    assert made(lpm('wwpn', 'new').expect(0).out) != \
        made(lpm('wwpn', 'new').expect(0).out)


def new_with_a_prefix(case):
    for prefix in ('5001a4a', 'C0507606D5A2', '3', '2abc001a4a',
                   '1000001a4a'):
        out = lpm('wwpn', 'new', '--count', '20', '--prefix', prefix) \
            .expect(0).out
        for first, second in made(out):
            assert ('%016x' % first).startswith(prefix.lower())
            assert first % 2 == 0 and second == first + 1


def new_as_table_and_json(case):
    out = lpm('wwpn', 'new', '--count', '2', '--format', 'table') \
        .expect(0).out.splitlines()
    assert out[0].split() == ['WWPN', 'WWPN2'] and len(out) == 3
    assert int(out[1].split()[0], 16) + 1 == int(out[1].split()[1], 16)
    document = json.loads(lpm('wwpn', 'new', '--count', '3', '-f', 'json')
                          .expect(0).out)
    assert document['version'] == 1 and len(document['pairs']) == 3
    for pair in document['pairs']:
        assert int(pair['wwpn'], 16) + 1 == int(pair['wwpn2'], 16)


def new_avoids_every_source(case):
    """Of 8 pairs all sources together leave one."""
    base = 'c0507606d5a2000'
    peer = guest(case, 'a', wwpns=[{'reg': 1, 'wwpn': base + '1',
                                    'wwpn2': base + '2', 'active': 1}])
    offer = lpm('offer', '--source', guest(
        case, 'b', wwpns=[{'reg': 1, 'wwpn': base + '4',
                           'wwpn2': base + '6', 'active': 1}]).name)
    with open(case.path('offer.json'), 'w', encoding='utf-8') as file:
        file.write(offer.expect(0).out)
    hosts = case.path('root')
    port = os.path.join(hosts, 'sys/class/fc_host/host5')
    os.makedirs(port)
    os.makedirs(os.path.join(hosts, 'proc'))
    with open(os.path.join(hosts, 'proc/meminfo'), 'w',
              encoding='utf-8') as file:
        file.write('MemTotal: 4096 kB\n')
    rport = os.path.join(hosts, 'sys/class/fc_remote_ports/rport-5:0-1')
    os.makedirs(rport)
    for name, text in (('port_name', '0x%s9' % base),
                       ('roles', 'FCP Target'), ('port_state', 'Online')):
        with open(os.path.join(rport, name), 'w', encoding='utf-8') as file:
            file.write(text + '\n')
    avoid = ['--avoid', peer.name, '--avoid',
             'offer:' + case.path('offer.json'), '--avoid', 'host:' + hosts,
             '--avoid', inventory(
                 case, 'i.json',
                 system('one', partition('p', '0x%sA' % base.upper(),
                                         base + 'd')),
                 system('two'))]
    new = ['wwpn', 'new', '--prefix', base, *avoid]
    for _ in range(3):
        out = lpm(*new).expect(0).out
        assert made(out) == [(int(base + 'e', 16), int(base + 'f', 16))], out
    result = lpm(*new, '--count', '2').expect(1, '1 are free, wanted 2')
    assert result.out == ''


def new_makes_none_if_a_source_is_not_read(case):
    nothing = case.path('nothing')
    for source, code in (('qmp:' + nothing, 2), ('inventory:' + nothing, 3),
                         ('offer:' + nothing, 3)):
        result = lpm('wwpn', 'new', '--avoid', source).expect(
            code, nothing, 'no pair is made')
        assert result.out == '', result.out
        # what cannot be read stays an error
        assert lpm('wwpn', 'new', '--allow-unknown', '--avoid',
                   source).expect(code).out == ''
    for reply in (err('no migration-lpm object'), CLOSE, ret({'wwpns': 5})):
        peer = case.peer('p%d' % id(reply), 'lpm-source',
                         query_lpm_offer=reply)
        result = lpm('wwpn', 'new', '--avoid', peer.name).expect(
            2, peer.name, 'no pair is made', '--allow-unknown')
        assert result.out == '', result.out


def new_makes_none_if_not_all_is_told(case):
    silent = inventory(case, 'i.json', system('a', {'name': 'p'}))
    new = ['wwpn', 'new', '--avoid', silent]
    result = lpm(*new).expect(2, 'partition p: vfc-adapters: not given',
                              'no pair is made', '--allow-unknown')
    assert result.out == ''
    assert len(made(lpm(*new, '--allow-unknown').expect(0).out)) == 1
    lpm('wwpn', 'new', '--avoid', inventory(case, 'j.json', {'name': 'a'})) \
        .expect(2, 'partitions and fc-ports: not given')


# list

def list_of_a_move(case):
    a, b = case.pair()
    result = lpm('wwpn', 'list', a.name, b.name).expect(0)
    lines = result.out.splitlines()
    assert lines[0].split() == ['WWPN', 'PAIR', 'ADAPTER', 'PARTITION',
                                'SYSTEM', 'LOGGED', 'IN', 'TOLD', 'BY']
    assert [line.split() for line in lines[1:]] == [
        [FIRST, SECOND, '0x30000000', 'guest1', '-', 'yes', a.name],
        [FIRST, SECOND, '0x30000000', 'guest1', '-', 'no', b.name],
        [SECOND, FIRST, '0x30000000', 'guest1', '-', 'no', a.name],
        [SECOND, FIRST, '0x30000000', 'guest1', '-', 'no', b.name]], result.out
    assert result.err == ''
    lpm('wwpn', 'list', a.name, '--verbose').expect(0, '(query-lpm-offer)')


def list_only_asks(case):
    a, b = case.pair()
    lpm('wwpn', 'list', a.name, b.name).expect(0)
    lpm('wwpn', 'new', '--avoid', a.name).expect(0)
    for name in a.order() + b.order():
        assert name == 'qmp_capabilities' or name.startswith('query-'), name


def list_finds_two_guests(case):
    a = guest(case, 'a')
    b = guest(case, 'b', name='guest2',
              uuid='5e3a0c4e-0000-4000-8000-000000000002')
    result = lpm('wwpn', 'list', a.name, b.name).expect(
        1, 'FAULT    %s: two partitions have it' % FIRST, 'guest1', 'guest2',
        'remedy: ', 'lpm wwpn new --avoid')
    assert sum(line.startswith('! ') for line in result.out.splitlines()) == 4
    assert lpm('wwpn', 'list', '--quiet', a.name,
               b.name).expect(1).out == ''


def list_finds_one_guest_twice(case):
    """The same partition, but both QEMUs are logged in."""
    a = guest(case, 'a')
    b = guest(case, 'b')
    document = listed(lpm('wwpn', 'list', a.name, b.name, '-f', 'json')
                      .expect(1))
    assert [f['wwpn'] for f in document['findings']] == [FIRST]
    finding = document['findings'][0]
    assert finding['status'] == 'fault' and 'two systems' in finding['what']
    assert [document['users'][i]['source'] for i in finding['users']] == \
        [a.name, b.name]


def list_of_inventories(case):
    lab = inventory(
        case, 'lab.json',
        system('p7-a', partition('web', 'c0507601d1a20010',
                                 'c0507601d1a20011'),
               **{'io-servers': [{'name': 'vios', 'fc-ports': [
                   {'name': 'fcs0', 'logged-in': ['c0507601d1a20010'],
                    'targets': ['5005076801401234']}]}]}),
        system('p7-b', partition('db', 'c0507601d1a20020',
                                 'C0:50:76:01:D1:A2:00:11')))
    result = lpm('wwpn', 'list', lab).expect(
        1, 'FAULT    c0507601d1a20011: two partitions have it: web at p7-a, '
        'adapter 4; db at p7-b, adapter 4', 'yes (fcs0)', '#p7-a', '#p7-b',
        absent=['5005076801401234', 'login'])
    assert result.out.count('c0507601d1a20020 ') == 2
    for name in ('p7-a', 'p7-b'):
        lpm('wwpn', 'list', '%s#%s' % (lab, name)).expect(0)
    lpm('wwpn', 'list', lab + '#p7-a', '--verbose').expect(
        0, '5005076801401234', 'target', 'login',
        'lab.json#/systems/0/partitions/0/vfc-adapters/0/wwpn')
    document = listed(lpm('wwpn', 'list', lab, '-f', 'json').expect(1))
    first = next(user for user in document['users']
                 if user['wwpn'] == 'c0507601d1a20010')
    assert first == {
        'wwpn': 'c0507601d1a20010', 'kind': 'adapter', 'which': 1,
        'pair': 'c0507601d1a20011', 'adapter': '4', 'partition': 'web',
        'system': 'p7-a', 'logged-in': True, 'port': 'fcs0',
        'source': lab + '#p7-a', 'origin': case.path('lab.json') +
        '#/systems/0/partitions/0/vfc-adapters/0/wwpn'}, first


def list_of_moving_partitions(case):
    uuid = {'uuid': '5e3a0c4e-0000-4000-8000-000000000009'}
    pair = 'c0507601d1a20010', 'c0507601d1a20011'
    rows = (({}, {}, {}, 2), (uuid, uuid, {}, 0), (uuid, {}, {}, 2),
            ({}, {}, {'moves': [{'partition': 'web'}]}, 0))
    for number, (left, right, moves, code) in enumerate(rows):
        lab = inventory(case, 'lab%d.json' % number,
                        system('a', partition('web', *pair, **left), **moves),
                        system('b', partition('web', *pair, **right)))
        result = lpm('wwpn', 'list', lab).expect(code)
        assert ('UNCLEAR' in result.out) == (code == 2), result.out


def list_says_what_it_cannot_know(case):
    a, _ = case.pair()
    gone = 'qmp:' + case.path('gone')
    result = lpm('wwpn', 'list', gone, a.name).expect(2, gone)
    assert FIRST in result.out, 'the other source is listed all the same'
    none = case.peer('c', 'vanilla-source')
    lpm('wwpn', 'list', none.name).expect(2, 'not known: ' + none.name,
                                          'no WWPNs')
    lpm('wwpn', 'list', '--allow-unknown', none.name).expect(0, 'not known')
    document = listed(lpm('wwpn', 'list', none.name, '-f', 'json').expect(2))
    assert document['users'] == [] and len(document['not-known']) == 1
    lpm('wwpn', 'list', a.name, 'inventory:' + case.path('gone')).expect(3)


def list_finds_names_of_no_port(case):
    lab = inventory(case, 'lab.json', system(
        'a', partition('p', '6005076801401234', 'c050760140123x')))
    lpm('wwpn', 'list', lab).expect(
        1, 'FAULT    6005076801401234: no port can have it: its first digit',
        'FAULT    c050760140123x: it is no WWPN', '16 hexadecimal digits')


def list_escapes_values(case):
    lab = inventory(case, 'lab.json', system(
        'a\033[31m', partition('p\n\033]0;x\a', 'c050760140123400',
                               'c05076\n\033[2J')))
    result = lpm('wwpn', 'list', lab).expect(1)
    out = on_a_terminal(['wwpn', 'list', lab])
    for text in (result.out, result.err, out):
        assert '\033' not in text and '\a' not in text, repr(text)


USAGE = [
    ('wwpn',), ('wwpn', 'old'), ('wwpn', 'new', 'x'), ('wwpn', 'list'),
    ('wwpn', 'list', 'x'), ('wwpn', 'list', 'qmp:'),
    ('wwpn', 'list', '--count', '2', 'host:'),
    ('wwpn', 'list', '--prefix', 'c05076', 'host:'),
    ('wwpn', 'list', '--avoid', 'host:', 'host:'),
    ('wwpn', 'new', '--count', '0'), ('wwpn', 'new', '--count', '-1'),
    ('wwpn', 'new', '--count', '4097'), ('wwpn', 'new', '--count', 'x'),
    ('wwpn', 'new', '--prefix', ''), ('wwpn', 'new', '--prefix', 'c0507'),
    ('wwpn', 'new', '--prefix', '6005076'),
    ('wwpn', 'new', '--prefix', '5111a4a'),
    ('wwpn', 'new', '--prefix', 'c0507606d5a20000'),
    ('wwpn', 'new', '--prefix', 'c0:50:76'),
    ('wwpn', 'new', '--avoid', 'x'), ('wwpn', 'new', '--quiet'),
    ('wwpn', 'new', '--source', 'host:'), ('wwpn', 'new', '-f', 'junit'),
    ('wwpn', 'new', '--uri', 'tcp:a:1'), ('status', '-f', 'table'),
]


def usage_errors(case):
    for arguments in USAGE:
        result = lpm(*arguments).expect(3)
        assert result.out == '' and result.err != '', arguments


def prefix_errors_say_what_was_wanted(case):
    lpm('wwpn', 'new', '--prefix', 'c0507').expect(
        3, "'c0507'", 'got 5 digits, wanted at least 6')
    lpm('wwpn', 'new', '--prefix', '5111a4a').expect(3, 'multicast')
    lpm('wwpn', 'new', '--prefix', 'xyz').expect(
        3, 'wanted 1 to 15 hexadecimal digits')


main([new_pairs, new_with_a_prefix, new_as_table_and_json,
      new_avoids_every_source, new_makes_none_if_a_source_is_not_read,
      new_makes_none_if_not_all_is_told, list_of_a_move, list_only_asks,
      list_finds_two_guests, list_finds_one_guest_twice, list_of_inventories,
      list_of_moving_partitions, list_says_what_it_cannot_know,
      list_finds_names_of_no_port, list_escapes_values, usage_errors,
      prefix_errors_say_what_was_wanted])
