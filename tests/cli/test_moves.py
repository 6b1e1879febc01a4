# lpm status without sides, and the record that lpm migrate makes
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import signal
import sqlite3

from mockqmp import (DATA, Skip, await_true, environment, err, finish, lpm,
                     main, ret, spawn)
from schema import check_file

TOP = os.path.join(DATA, '..', '..')


def sides(move):
    return '-s', move.source.name, '-d', move.destination.name


def a_move(case, **how):
    """Another one in the place of that before."""
    for peer in ('a', 'b'):
        if os.path.exists(case.path(peer)):
            os.unlink(case.path(peer))
    return case.move(**how)


def listed(*options, code=0):
    document = json.loads(lpm('status', '-f', 'json', *options)
                          .expect(code).out)
    check_file(document, os.path.join(TOP, 'docs/lpm-moves.schema.json'))
    return document['running'], document['ended']


def file_of(case):
    return case.path('moves.db')


def change(case, sql, *values):
    db = sqlite3.connect(file_of(case))
    with db:
        db.execute(sql, values)
    db.close()


def record(case, name, direction='outbound', **more):
    """A move that this process holds."""
    if not os.path.exists(file_of(case)):
        move = a_move(case)
        lpm('migrate', *sides(move), '-q').expect(0)
        change(case, 'DELETE FROM move')
    with open('/proc/self/stat', encoding='utf-8') as file:
        start = int(file.read().rsplit(')', 1)[1].split()[19])
    with open('/proc/sys/kernel/random/boot_id', encoding='utf-8') as file:
        boot = file.read().strip()
    row = dict({'name': name, 'direction': direction, 'kind': 'active',
                'told_by': 'virsh', 'pid': os.getpid(), 'pid_start': start,
                'phase': 'transfer', 'begun_ms': 1795387565526,
                'outcome': 'running', 'boot': boot, 'touched_ms': 0,
                'seen': 0}, **more)
    change(case, 'INSERT INTO move (%s) VALUES (%s)' % (
        ', '.join(row), ', '.join('?' * len(row))), *row.values())


def none(case):
    lpm('status').expect(0, 'no moves')
    assert listed() == ([], [])
    assert not os.path.exists(file_of(case))
    assert lpm('status', '-q').expect(0).out == ''


def while_it_runs_and_after(case):
    move = a_move(case, hold=True)
    process = spawn('migrate', *sides(move), '--uri', 'tcp:kvm2:4444')
    await_true('transfer', lambda: any(
        m['phase'] == 'transfer' for m in listed()[0]))
    (one,), ended = listed()
    assert ended == []
    offer = move.source.replies
    assert one['partition'] == offer['query-name']['return']['name']
    assert one.get('uuid', '').strip('0-') == \
        offer['query-uuid']['return']['UUID'].strip('0-')
    assert one['direction'] == 'outbound' and one['told-by'] == 'lpm'
    assert one['pid'] == process.pid and one['peer'] == 'kvm2'
    assert one['outcome'] == 'running' and 'ended-ms' not in one
    out = lpm('status').expect(0, 'PARTITION', 'outbound', 'transfer').out
    assert len(out.splitlines()) == 2, out
    move.hold = False
    finish(process).expect(0)
    running, (one,) = listed()
    assert running == []
    assert one['outcome'] == 'done' and one['phase'] == 'done'
    assert one['ended-ms'] >= one['begun-ms'] > 0 and one['text']
    lpm('status').expect(0, 'done', absent=[one['text']])
    lpm('status', '-v').expect(0, ', done: ')


def outcomes(case):
    move = a_move(case, end='failed', error='no room')
    lpm('migrate', *sides(move)).expect(4)
    assert listed()[1][0]['outcome'] == 'failed'
    move = a_move(case, hold=True)
    process = spawn('migrate', *sides(move))
    await_true('transfer', lambda: any(
        m['phase'] == 'transfer' for m in listed()[0]))
    process.send_signal(signal.SIGINT)
    finish(process).expect(4)
    assert listed()[1][0]['outcome'] == 'cancelled'
    lpm('status').expect(0, ', cancelled: ', ', failed: ')


def a_dry_run_and_a_failed_rule_leave_nothing(case):
    move = a_move(case, destination={'query_status': ret(
        {'status': 'paused', 'running': False})})
    lpm('migrate', *sides(move)).expect(1)
    lpm('migrate', *sides(move), '--no-validate', '--dry-run')
    assert listed() == ([], [])


def killed(case):
    """Its place is free at once, and the list says what is known."""
    move = a_move(case, hold=True)
    process = spawn('migrate', *sides(move))
    await_true('transfer', lambda: listed()[0] and
               listed()[0][0]['phase'] == 'transfer')
    process.send_signal(signal.SIGKILL)
    finish(process)
    running, (one,) = listed()
    assert running == [] and one['outcome'] == 'lost'
    lpm('status').expect(0, 'ended without a word')


def refused(case, *texts):
    move = a_move(case)
    result = lpm('migrate', *sides(move)).expect(1, *texts)
    assert 'nothing was changed, the guest stays' in result.err
    for peer in (move.source, move.destination):
        for name in peer.order():
            assert name == 'qmp_capabilities' or name.startswith('query-'), \
                name


def limit_reached(case):
    for number in range(4):
        record(case, 'g%d' % number, peer='kvm2')
    refused(case, 'active moves of this host: 4, at most 4', 'g0 (outbound '
            'to kvm2, since 2026-11-', 'g3', 'lpm status',
            'max-outbound in host.conf')
    assert len(listed()[0]) == 4
    change(case, 'DELETE FROM move WHERE name = ?', 'g2')
    lpm('migrate', *sides(a_move(case))).expect(0)


def opposite_direction(case):
    record(case, 'g0', 'inbound')
    refused(case, 'may not move out now: g0 (inbound')


def same_guest(case):
    name = a_move(case).source.replies['query-name']['return']['name']
    record(case, name)
    refused(case, name + ' moves already')


def damaged(case):
    with open(file_of(case), 'w', encoding='utf-8') as file:
        file.write('no database\n' * 400)
    lpm('status').expect(2, file_of(case), 'no record of moves')
    move = a_move(case)
    lpm('migrate', *sides(move)).expect(2, file_of(case), 'move it away',
                                        'nothing was changed')
    with open(file_of(case), encoding='utf-8') as file:
        assert file.read() == 'no database\n' * 400
    # another file will do
    lpm('migrate', *sides(move), '--records', case.path('other.db')) \
        .expect(0)
    assert len(listed('--records', case.path('other.db'))[1]) == 1


def cannot_be_written(case):
    """The move goes on, and says so where somebody may mend it."""
    os.environ['LPM_RECORDS'] = case.path('no/such/folder.db')
    move = a_move(case)
    result = lpm('migrate', *sides(move), '--verbose') \
        .expect(0, 'the move is not recorded')
    assert result.err.count('not recorded') == 1


def user_may_not_write(case):
    """Neither a word of it, nor an error."""
    if os.geteuid() != 0:
        raise Skip('only root can become another user')
    record(case, 'g0')
    os.chmod(case.dir, 0o755)
    os.chmod(file_of(case), 0o600)
    move = a_move(case)
    for path in (move.source.path, move.destination.path):
        os.chmod(path, 0o777)
    user = {'user': 65534, 'env': environment(TMPDIR='/tmp')}
    result = lpm('migrate', *sides(move), **user).expect(0)
    assert 'record' not in result.err, result.err
    lpm('status', **user).expect(2, 'cannot be used')
    # one who may read does not write
    os.chmod(file_of(case), 0o644)
    with open(file_of(case), 'rb') as file:
        before = file.read()
    lpm('status', **user).expect(0, 'g0')
    with open(file_of(case), 'rb') as file:
        assert file.read() == before


def limit_of_the_list(case):
    for number in range(30):
        record(case, 'g%d' % number, ended_ms=1000 + number, outcome='done')
    assert [m['partition'] for m in listed()[1]] == \
        ['g%d' % number for number in range(29, 19, -1)]
    assert listed('--limit', '0') == ([], [])
    assert len(listed('--limit', '1000')[1]) == 30
    for limit in ('-1', '1001', 'x'):
        lpm('status', '--limit', limit).expect(3)


def values_are_escaped(case):
    evil = 'x\033[2Jy\n'
    record(case, evil, peer=evil, text=evil, outcome='failed', ended_ms=5)
    lpm('status').expect(0, 'x\\x1b[2Jy\\x0a', absent=['\033'])
    assert listed()[1][0]['partition'] == evil


def no_name_and_no_uuid(case):
    move = a_move(case, source={
        'query_name': ret({}), 'query_uuid': ret(
            {'UUID': '00000000-0000-0000-0000-000000000000'})})
    lpm('migrate', *sides(move), '--no-validate').expect(0)
    one = listed()[1][0]
    assert one['partition'] == move.source.path and 'uuid' not in one
    move = a_move(case, source={'query_name': err('no'),
                             'query_uuid': ret([])})
    lpm('migrate', *sides(move), '--no-validate').expect(0)


main([none, while_it_runs_and_after, outcomes,
      a_dry_run_and_a_failed_rule_leave_nothing, killed, limit_reached,
      opposite_direction, same_guest, damaged, cannot_be_written,
      user_may_not_write, limit_of_the_list, values_are_escaped,
      no_name_and_no_uuid])
