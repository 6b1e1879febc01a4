# lpm vfc: who is logged in to the SAN, and a side that has to be logged out
# SPDX-License-Identifier: GPL-2.0-or-later

import copy
import json
import os

from mockqmp import (CLOSE, DATA, HANG, Raw, err, lpm, main, on_a_terminal,
                     recording, ret)
from schema import check_file

DOCS = os.path.join(DATA, '..', '..', 'docs')
ONE, TWO = 'c0507606d5a20000', 'c0507606d5a20001'
TARGET = '3000000000000001'


def adapter(ident='vfc0', number=0, active=1, logged_in=True, fenced=False,
            targets=True):
    pair = ['%016x' % (int(ONE, 16) + 2 * number + k) for k in range(2)]
    return {'id': ident, 'reg': 0x71000010 + number, 'wwpn': pair[0],
            'wwpn2': pair[1], 'active': active, 'logged-in': logged_in,
            'fenced': fenced, 'targets': [
                {'wwpn': TARGET, 'name': 'naa.' + TARGET,
                 'logged-in': logged_in}] if targets else []}


class Guest:
    """What one QEMU says of itself; a logout changes it."""

    def __init__(self, state, phase, *adapters, role='none', lazy=0):
        self.state, self.phase, self.role = state, phase, role
        self.adapters = list(adapters)
        self.lazy = lazy            # looks until a logout shows
        self.gone = []

    def status(self, _args):
        return ret({'status': self.state, 'running': self.state == 'running'})

    def lpm(self, _args):
        if self.gone and self.lazy > 0:
            self.lazy -= 1
        elif self.gone:
            for one in self.adapters:
                if one['id'] in self.gone:
                    one['logged-in'] = False
                    one['targets'] = []
        reply = copy.deepcopy(recording('lpm-source')[1]['query-lpm'])
        reply['return'].update({'phase': self.phase, 'role': self.role,
                                'vfc': self.adapters})
        return reply

    def logout(self, args):
        self.gone.append(args['id'])
        return ret({})


def peer(case, name, guest, **changes):
    changes = dict({'query_status': guest.status, 'query_lpm': guest.lpm,
                    'lpm_vfc_logout': guest.logout}, **changes)
    return case.peer(name, 'lpm-source', **changes)


def at_home(**more):
    return Guest('running', 'idle', adapter(**more))


def never_told_cont():
    """It came, but the guest goes on at the source."""
    return Guest('paused', 'done', adapter(active=2, fenced=True),
                 role='destination')


def sides(case, source, destination):
    a, b = peer(case, 'a', source), peer(case, 'b', destination)
    return ['--source', a.name, '--destination', b.name], a, b


def status(*args):
    return lpm('vfc', 'status', *args)


def document(result, kind):
    value = json.loads(result.out)
    check_file(value, os.path.join(DOCS, 'lpm-vfc-%s.schema.json' % kind))
    return value


# status

def status_of_one_side(case):
    a = peer(case, 'a', at_home())
    result = status('--source', a.name).expect(0)
    lines = [line.split() for line in result.out.splitlines()]
    assert lines == [
        ['SIDE', 'GUEST', 'MOVE', 'ADAPTER', 'REG', 'WWPN', 'STANDBY',
         'LOGGED', 'IN', 'FENCED'],
        ['source', 'running', 'idle', 'vfc0', '0x71000010', ONE, TWO, 'yes',
         'no'], [],
        ['SIDE', 'ADAPTER', 'TARGET', 'SESSION', 'NAME'],
        ['source', 'vfc0', TARGET, 'yes', 'naa.' + TARGET]], result.out
    assert result.err == ''
    assert status('-s', a.name, '-q').expect(0).out == ''
    status('-s', a.name, '-v').expect(0, 'nothing is wrong')
    for name in a.order():
        assert name == 'qmp_capabilities' or name.startswith('query-'), name


def status_of_both_sides(case):
    both, _, _ = sides(case, Guest('postmigrate', 'done', adapter(
        logged_in=False, fenced=True, targets=False), role='source'),
        Guest('running', 'done', adapter(active=2), role='destination'))
    result = status(*both).expect(0, absent=['FAULT', 'UNCLEAR'])
    rows = [line.split() for line in result.out.splitlines()[1:3]]
    assert rows == [
        ['source', 'postmigrate', 'done', 'vfc0', '0x71000010', ONE, TWO,
         'no', 'yes'],
        ['destination', 'running', 'done', 'vfc0', '0x71000010', TWO, ONE,
         'yes', 'no']], rows


def status_finds_a_standby_that_stayed(case):
    both, _, b = sides(case, Guest('running', 'done', adapter(),
                                   role='source'), never_told_cont())
    remedy = 'lpm vfc logout --destination ' + b.name
    status(*both).expect(1, 'FAULT    pair-logged-in: ', ONE, TWO,
                         'no move is under way', 'remedy: ' + remedy)
    value = document(status(*both, '-f', 'json').expect(1), 'status')
    assert value['not-known'] == []
    assert value['findings'] == [
        {'status': 'fault', 'id': 'pair-logged-in', 'wwpns': [ONE, TWO],
         'what': value['findings'][0]['what'], 'remedy': remedy}]
    assert value['sides'][1] == {
        'side': 'destination', 'where': b.name, 'run-state': 'paused',
        'runs': False, 'phase': 'done', 'role': 'destination', 'adapters': [
            {'id': 'vfc0', 'reg': 0x71000010, 'wwpn': TWO, 'standby': ONE,
             'which': 2, 'logged-in': True, 'fenced': True, 'targets': [
                 {'wwpn': TARGET, 'name': 'naa.' + TARGET,
                  'logged-in': True}]}]}, value
    assert status(*both, '--quiet').expect(1).out == ''
    # and the remedy is one
    lpm(*remedy.split()[1:]).expect(0, 'vfc0: %s logged out' % TWO)
    status(*both).expect(0)


def status_knows_a_move(case):
    both, _, _ = sides(case, Guest('running', 'transfer', adapter(),
                                   role='source'),
                       Guest('inmigrate', 'transfer', adapter(active=2),
                             role='destination'))
    status(*both).expect(0, 'transfer', absent=['FAULT', 'UNCLEAR'])


def status_finds_what_is_wrong(case):
    rows = (
        ('wwpn-twice', 1, at_home(), Guest('paused', 'done', adapter())),
        ('runs-twice', 1, at_home(), at_home(active=2)),
        ('not-logged-in', 1, at_home(logged_in=False),
         Guest('inmigrate', 'idle', adapter(logged_in=False))),
        ('runs-fenced', 1, at_home(fenced=True),
         Guest('inmigrate', 'idle', adapter(logged_in=False))),
        ('not-started', 1, Guest('postmigrate', 'done', adapter(
            logged_in=False, fenced=True), role='source'), never_told_cont()),
        ('pair-waits', 2, Guest('running', 'cancelled', adapter(),
                                role='source'),
         Guest('inmigrate', 'transfer', adapter(active=2),
               role='destination')),
    )
    for number, (ident, code, source, destination) in enumerate(rows):
        directory, case.dir = case.dir, case.path('r%d' % number)
        os.mkdir(case.dir)
        both, _, _ = sides(case, source, destination)
        status(*both).expect(code, 'UNCLEAR  ' if code == 2 else 'FAULT    ',
                             ident + ': ', 'remedy: ')
        value = document(status(*both, '-f', 'json').expect(code), 'status')
        assert ident in [f['id'] for f in value['findings']], value
        case.dir = directory


def status_looks_twice(case):
    """In the middle of a change the sides may not fit; soon after they do."""
    guest = at_home()
    never = never_told_cont()
    gone = Guest('inmigrate', 'idle', adapter(logged_in=False))
    a = peer(case, 'a', guest)
    b = peer(case, 'b', never, query_lpm=[never.lpm(None), gone.lpm(None)],
             query_status=[never.status(None), gone.status(None)])
    status('-s', a.name, '-d', b.name).expect(0, absent=['FAULT'])
    assert len(b.said('query-lpm')) == 2


def status_says_what_it_cannot_know(case):
    a = peer(case, 'a', at_home())
    gone = 'qmp:' + case.path('gone')
    result = status('-s', a.name, '-d', gone).expect(2, gone)
    assert ONE in result.out, 'the other side is shown all the same'
    value = document(status('-s', a.name, '-d', gone, '-f', 'json').expect(2),
                     'status')
    assert len(value['sides']) == len(value['not-known']) == 1
    old = case.peer('old', 'vanilla-source')
    status('-s', old.name).expect(2, 'query-lpm', old.path)
    older = case.peer('older', 'lpm-source')
    status('-s', older.name).expect(2, "no member 'vfc'", older.path)
    bad = peer(case, 'bad', at_home(logged_in=False))
    status('-s', bad.name, '-d', gone).expect(1, 'not-logged-in', gone)


def status_without_adapters(case):
    a = peer(case, 'a', Guest('running', 'idle'))
    result = status('-s', a.name).expect(0)
    assert result.out.splitlines()[1].split() == \
        ['source', 'running', 'idle', 'none', '-', '-', '-', '-', '-']


def status_of_hostile_peers(case):
    long = adapter(ident='x' * 5000)
    deep = Raw(b'{"return": ' + b'[' * 100000 + b'\n', HANG)
    for number, reply in enumerate((
            ret([]), ret({}), ret({'phase': 5}), CLOSE, HANG, deep,
            ret({'phase': 'idle', 'role': 'none', 'vfc': {}}),
            ret({'phase': 'idle', 'role': 'none', 'vfc': [long]}),
            ret({'phase': 'idle', 'role': 'none', 'vfc': [
                dict(adapter(), active=7)]}),
            ret({'phase': 'idle', 'role': 'none', 'vfc': [
                adapter()] * 2000}),
            ret({'phase': 'idle', 'role': 'none', 'vfc': [
                dict(adapter(), wwpn='nonsense')]}))):
        a = peer(case, 'p%d' % number, at_home(), query_lpm=reply)
        for verb in ('status', 'logout'):
            result = lpm('vfc', verb, '-s', a.name, '--qmp-deadline=300')
            result.expect(2, a.path)
            assert result.out == '', result.out


def values_are_escaped(case):
    evil = '\033[31m\n\a\u202e'
    one = adapter(ident='id' + evil, logged_in=False)
    one['targets'] = [{'wwpn': evil, 'name': 'n' + evil, 'logged-in': False}]
    a = peer(case, 'a', Guest('running' + evil, 'idle' + evil, one))
    # "running" is what is told beside the word
    a.changes['query-status'] = ret({'status': 'r' + evil, 'running': True})
    result = status('-s', a.name).expect(1, 'not-logged-in')
    terminal = on_a_terminal(['vfc', 'status', '-s', a.name])
    refused = lpm('vfc', 'logout', '-s', a.name).expect(1)
    a.changes['query-status'] = ret({'status': 'p' + evil, 'running': False})
    done = lpm('vfc', 'logout', '-s', a.name).expect(0, 'was not logged in')
    one['logged-in'] = True
    a.changes['lpm-vfc-logout'] = err('no' + evil)
    failed = lpm('vfc', 'logout', '-s', a.name).expect(1, 'refused')
    for text in (result.out, result.err, terminal, refused.err, done.out,
                 failed.out, failed.err):
        assert not set(text) & set('\033\a\u202e'), repr(text)


# logout

def logout_of_all(case):
    guest = Guest('paused', 'done', adapter(active=2, fenced=True),
                  adapter('vfc1', 1, logged_in=False, targets=False),
                  adapter('vfc2', 2), role='destination')
    b = peer(case, 'b', guest)
    result = lpm('vfc', 'logout', '--destination', b.name).expect(0)
    assert result.out.splitlines() == [
        'vfc0: %s logged out' % TWO,
        'vfc1: c0507606d5a20002 was not logged in',
        'vfc2: c0507606d5a20004 logged out'], result.out
    assert b.said('lpm-vfc-logout') == [{'id': 'vfc0'}, {'id': 'vfc2'}]
    again = lpm('vfc', 'logout', '--destination', b.name).expect(0)
    assert again.out.count('was not logged in') == 3
    assert len(b.said('lpm-vfc-logout')) == 2


def logout_of_one(case):
    b = peer(case, 'b', Guest('inmigrate', 'failed', adapter(),
                              adapter('vfc1', 1), role='destination'))
    logout = ['vfc', 'logout', '-d', b.name, '--adapter']
    assert lpm(*logout, 'vfc1').expect(0).out == \
        'vfc1: c0507606d5a20002 logged out\n'
    assert b.said('lpm-vfc-logout') == [{'id': 'vfc1'}]
    lpm(*logout, 'vfc7').expect(3, "--adapter vfc7", 'it has: vfc0, vfc1')
    assert len(b.said('lpm-vfc-logout')) == 1


def logout_not_where_the_guest_runs(case):
    for number, guest in enumerate((
            at_home(), Guest('paused', 'transfer', adapter(), role='source'),
            Guest('finish-migrate', 'stopped', adapter(), role='source'))):
        a = peer(case, 'a%d' % number, guest)
        result = lpm('vfc', 'logout', '-s', a.name).expect(
            1, 'nothing was done')
        assert result.out == ''
        assert a.said('lpm-vfc-logout') == []
    # QEMU's "running" counts, whatever the word
    a = peer(case, 'b', at_home(), query_status=ret(
        {'status': 'debug', 'running': True}))
    lpm('vfc', 'logout', '-s', a.name).expect(1, 'the guest runs')
    assert a.said('lpm-vfc-logout') == []


def logout_dry_run(case):
    b = peer(case, 'b', never_told_cont())
    lpm('vfc', 'logout', '-d', b.name, '-n').expect(
        0, 'vfc0: %s would be logged out' % TWO)
    value = document(lpm('vfc', 'logout', '-d', b.name, '--dry-run',
                         '-f', 'json').expect(0), 'logout')
    assert value['dry-run'] is True
    assert [one['done'] for one in value['adapters']] == ['would-log-out']
    assert b.said('lpm-vfc-logout') == []


def logout_as_json(case):
    refused = 'a guest is on its way: its storage is in use'
    guest = Guest('paused', 'done', adapter(), adapter('vfc1', 1),
                  adapter('vfc2', 2, logged_in=False, targets=False))

    def logout(args):
        return guest.logout(args) if args['id'] == 'vfc1' else err(refused)

    b = peer(case, 'b', guest, lpm_vfc_logout=logout)
    result = lpm('vfc', 'logout', '-d', b.name, '-f', 'json').expect(1)
    value = document(result, 'logout')
    assert [one['done'] for one in value['adapters']] == \
        ['refused', 'logged-out', 'was-out'], value
    assert refused in value['adapters'][0]['error']
    assert value['side'] == 'destination' and value['where'] == b.name
    quiet = lpm('vfc', 'logout', '-d', b.name, '-q').expect(1, refused)
    assert quiet.out == ''


def logout_that_takes_a_while(case):
    guest = never_told_cont()
    guest.lazy = 5
    b = peer(case, 'b', guest)
    lpm('vfc', 'logout', '-d', b.name).expect(0, 'logged out')
    assert guest.lazy == 0
    guest = never_told_cont()
    guest.lazy = 1 << 30
    c = peer(case, 'c', guest)
    lpm('vfc', 'logout', '-d', c.name, '--qmp-deadline=300').expect(
        1, 'still logged in')


def logout_of_a_qemu_that_cannot(case):
    missing = err('The command lpm-vfc-logout has not been found',
                  'CommandNotFound')
    for number, (reply, text) in enumerate((
            (missing, 'lpm-vfc-logout'), (CLOSE, 'connection closed'),
            (HANG, 'no reply to lpm-vfc-logout'))):
        guest = Guest('paused', 'done', adapter(), adapter('vfc1', 1))
        b = peer(case, 'b%d' % number, guest, lpm_vfc_logout=reply)
        result = lpm('vfc', 'logout', '-d', b.name, '--qmp-deadline=300') \
            .expect(2, 'vfc0: %s not known: ' % ONE, text)
        assert result.out.count('not known') == 2, result.out
    # a refusal counts more than what is not known
    guest = Guest('paused', 'done', adapter(), adapter('vfc1', 1))
    c = peer(case, 'c', guest, lpm_vfc_logout=[err('no'), CLOSE])
    lpm('vfc', 'logout', '-d', c.name).expect(1, 'refused: ', 'not known: ')
    gone = 'qmp:' + case.path('gone')
    assert lpm('vfc', 'logout', '-d', gone).expect(2, gone).out == ''


def logout_without_adapters(case):
    b = peer(case, 'b', Guest('inmigrate', 'idle'))
    lpm('vfc', 'logout', '-d', b.name).expect(0, 'no adapters')
    lpm('vfc', 'logout', '-d', b.name, '--adapter', 'vfc0').expect(
        3, 'it has: none')


USAGE = [
    (), ('old', '-s', 'qmp:/x'), ('status',), ('status', 'x', '-s', 'qmp:/x'),
    ('status', '-s', 'offer:/x'), ('status', '-s', 'qmp:'),
    ('status', '-s', 'qmp:/x', '-d', 'qmp:/x'),
    ('status', '-s', 'qmp:/x', '-s', 'host:'),
    ('status', '-s', 'qmp:/x', '--adapter', 'a'),
    ('status', '-s', 'qmp:/x', '--dry-run'),
    ('status', '-s', 'qmp:/x', '-f', 'junit'),
    ('status', '-s', 'qmp:/x', '-f', 'table'),
    ('status', '-s', 'qmp:/x', '--avoid', 'host:'),
    ('logout',), ('logout', '-s', 'qmp:/x', '-d', 'qmp:/y'),
    ('logout', 'vfc0', '-s', 'qmp:/x'), ('logout', '-s', 'inventory:/x'),
    ('logout', '-s', 'qmp:/x', '--adapter'),
]


def usage_errors(case):
    for arguments in USAGE:
        result = lpm('vfc', *arguments).expect(3)
        assert result.out == '' and result.err != '', arguments
    lpm('vfc').expect(3, 'wanted status or logout')
    lpm('vfc', 'old').expect(3, "'old' is neither status nor logout")


main([status_of_one_side, status_of_both_sides,
      status_finds_a_standby_that_stayed, status_knows_a_move,
      status_finds_what_is_wrong, status_looks_twice,
      status_says_what_it_cannot_know, status_without_adapters,
      status_of_hostile_peers, values_are_escaped, logout_of_all,
      logout_of_one, logout_not_where_the_guest_runs, logout_dry_run,
      logout_as_json, logout_that_takes_a_while,
      logout_of_a_qemu_that_cannot, logout_without_adapters, usage_errors])
