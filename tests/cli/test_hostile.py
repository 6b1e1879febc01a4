# lpm against sockets that are not there and peers that are not QEMU
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import socket
import time

from mockqmp import (CLOSE, HANG, Raw, Skip, environment, err, lpm, main,
                     recording, ret)

FAST = '--qmp-deadline=300'


def against(case, text, *options, **changes):
    """Validate with this source; it must end as unknown, saying text."""
    a, b = case.pair(source=changes)
    return lpm('validate', '-s', a.name, '-d', b.name, FAST,
               *options).expect(2, text, 'source qmp:' + a.path)


def absent(case):
    b = case.peer('b', 'lpm-destination')
    lpm('validate', '-s', 'qmp:' + case.path('none'), '-d', b.name).expect(
        2, 'no such socket', '-qmp unix:PATH', 'verdict: unknown')
    lpm('migrate', '-s', 'qmp:' + case.path('none'), '-d', b.name).expect(
        2, 'no such socket')
    assert 'migrate-incoming' not in b.order()


def not_a_socket(case):
    b = case.peer('b', 'lpm-destination')
    path = case.path('file')
    with open(path, 'w', encoding='utf-8'):
        pass
    lpm('validate', '-s', 'qmp:' + path, '-d', b.name).expect(
        2, 'not a socket, wanted')
    lpm('status', '-s', 'qmp:' + case.dir).expect(2, 'not a socket')


def stale_socket(case):
    path = case.path('stale')
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.close()
    lpm('status', '-s', 'qmp:' + path).expect(
        2, 'nobody listens on this socket')


def permission_denied(case):
    a = case.peer('a', 'lpm-source')
    os.chmod(a.path, 0)
    how = {}
    if os.geteuid() == 0:
        how['user'] = 65534
        os.chmod(case.dir, 0o755)
        try:
            lpm('--version', **how)
        except PermissionError as denied:
            raise Skip('lpm must be executable by user 65534') from denied
    lpm('status', '-s', a.name, **how).expect(2, 'permission denied',
                                              'run as the user')


def path_too_long(case):
    path = case.path('x' * 120)
    lpm('status', '-s', 'qmp:' + path).expect(2, 'wanted at most 107')


def silent_peer(case):
    begun = time.monotonic()
    against(case, 'no greeting within 300 ms', greeting=HANG)
    assert time.monotonic() - begun < 20


def hangs_at_a_command(case):
    against(case, 'no reply to query-uuid within 300 ms', query_uuid=HANG)


def hangs_inside_a_reply(case):
    against(case, 'no reply to query-uuid within 300 ms',
            query_uuid=Raw(b'{"return": {"UUID"', HANG))


def drips_events(case):
    """Each byte comes in time, the reply never: the deadline is for all."""
    event = Raw(b'{"event": "X"}\r\n')
    for _ in range(50):
        event = Raw(b'{"event": "X"}\r\n', event)
    against(case, 'no reply to query-uuid within 300 ms',
            query_uuid=Raw(b'', Raw(event.data, Raw(b' ', HANG))))


def closes_at_once(case):
    against(case, 'connection closed, wanted greeting', greeting=CLOSE)


def closes_at_a_command(case):
    against(case, 'connection closed, wanted reply to query-kvm',
            query_kvm=CLOSE)


def closes_inside_a_reply(case):
    against(case, 'connection closed, wanted reply to query-kvm',
            query_kvm=Raw(b'{"return": {"ena', CLOSE))


def other_greeting(case):
    against(case, 'no member QMP in it', greeting={'hello': 1})
    case.dir = os.path.join(case.dir, '2')
    os.mkdir(case.dir)
    against(case, 'is this a QMP socket?', greeting=Raw(b'SSH-2.0-x\r\n'))


def garbage(case):
    for number, data in enumerate((
            b'hello\n', b'\n', b'[]\n', b'5\n', b'{"return"\n',
            b'\xff\xfe\n', b'{"a":"\0"}\n', b'{"return": {}}\n',
            b'{"return": {}, "id": "1"}\n', b'{"return": {}, "id": 99}\n',
            b'null\n')):
        directory, case.dir = case.dir, case.path('g%d' % number)
        os.mkdir(case.dir)
        against(case, 'is this a QMP socket?', query_name=Raw(data, HANG))
        case.dir = directory


def deep(case):
    against(case, 'nests deeper than 64 levels',
            query_name=Raw(b'{"return": ' + b'[' * 100000 + b'\n', HANG))


def endless_line(case):
    against(case, 'longer than 33554432 bytes', '--qmp-deadline=30000',
            query_name=Raw(b'x' * (33 << 20), HANG))


def endless_events(case):
    against(case, '10000 events and no reply', '--qmp-deadline=30000',
            query_name=Raw(b'{"event": "STOP"}\r\n' * 10001, HANG))


def neither_return_nor_error(case):
    against(case, 'neither return nor error',
            query_name={'nothing': 1})


def error_without_desc(case):
    against(case, 'reply to query-name: /error/desc',
            query_name={'error': {'class': 'GenericError'}})


def huge_numbers(case):
    against(case, 'number out of range',
            query_memory_size_summary=ret({'base-memory': 1 << 63,
                                           'plugged-memory': -1}))


def events_between_replies(case):
    reply = recording('lpm-source')[1]['query-name']
    event = b'{"event": "RESUME", "timestamp": {"seconds": 1}}\r\n'
    a, b = case.pair(source={
        'query_name': Raw(event * 20, Raw(event, reply))})
    lpm('validate', '-s', a.name, '-d', b.name).expect(0)


def ill_typed_events(case):
    reply = recording('lpm-source')[1]['query-name']
    a, b = case.pair(source={
        'query_name': Raw(b'{"event": 5}\r\n{"event": "X", "data": 1}\r\n',
                          reply)})
    lpm('validate', '-s', a.name, '-d', b.name).expect(0)


def every_command_refused(case):
    names = recording('lpm-source')[1]
    refused = {name.replace('-', '_'): err('no') for name in names
               if name != 'qmp_capabilities'}
    a, b = case.pair(source=refused)
    # that there is no object is a fact; the rest is unknown
    lpm('validate', '-s', a.name, '-d', b.name).expect(
        1, 'lpm.object-source', 'UNKNOWN', 'state.source-running')


def every_command_hostile(case):
    """No reply of any type crashes a reader or passes a rule of its own."""
    for number, value in enumerate((None, True, 7, 1.5, 'x', [], [1], [[]],
                                    [None], [{}], {}, {'status': {}},
                                    [{'data': 5, 'type': 'dimm'}])):
        names = recording('lpm-source')[1]
        changes = {name.replace('-', '_'): ret(value) for name in names
                   if name != 'qmp_capabilities'}
        directory, case.dir = case.dir, case.path('h%d' % number)
        os.mkdir(case.dir)
        a, b = case.pair(source=changes)
        lpm('validate', '-s', a.name, '-d', b.name).expect(
            2, 'state.source-running')
        case.dir = directory


def libvirt_library_damaged(case):
    """It is loaded when asked for: what does not ask does not notice."""
    with open(case.path('libvirt.so.0'), 'wb') as file:
        file.write(b'no library')
    env = dict(environment(), LD_LIBRARY_PATH=case.dir)
    lpm('--version', env=env).expect(0)
    result = lpm('facts', '--source', 'test:///default', env=env)
    if 'built without libvirt' in result.err:
        raise Skip('this lpm was built without libvirt')
    result.expect(3, 'cannot use a library', 'libvirt.so.0',
                  'install libvirt0')


main([absent, not_a_socket, stale_socket, permission_denied, path_too_long,
      silent_peer, hangs_at_a_command, hangs_inside_a_reply, drips_events,
      closes_at_once, closes_at_a_command, closes_inside_a_reply,
      other_greeting, garbage, deep, endless_line, endless_events,
      neither_return_nor_error, error_without_desc, huge_numbers,
      events_between_replies, ill_typed_events, every_command_refused,
      every_command_hostile, libvirt_library_damaged])
