# lpm migrate, status and cancel against acted migrations
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import signal
import time

from mockqmp import (CLOSE, DIE, HANG, MIB, Move, await_true, err, finish,
                     lpm, main, on_a_terminal, ret, spawn)

PHASES = {'idle', 'preparing', 'transfer', 'stopped',
          'running-on-destination', 'cleanup', 'done', 'rejected',
          'cancelled', 'failed', 'validating', 'mapped', 'recovery'}


def sides(move):
    return '-s', move.source.name, '-d', move.destination.name


def migrate(move, *options, **how):
    return lpm('migrate', *sides(move), *options, **how)


def capabilities(peer):
    """The state that the peer was left in, by what it was told."""
    state = {}
    for args in peer.said('migrate-set-capabilities'):
        for cap in args['capabilities']:
            state[cap['capability']] = cap['state']
    return state


def parameters(peer):
    state = {}
    for args in peer.said('migrate-set-parameters'):
        state.update(args)
    return state


def put_back(peer):
    """All that was set has the value again that the recording has."""
    assert not any(capabilities(peer).values()), capabilities(peer)
    old = peer.replies['query-migrate-parameters']['return']
    for name, value in parameters(peer).items():
        assert old[name] == value, (name, value)


def untouched(move):
    for peer in (move.source, move.destination):
        for name in peer.order():
            assert name == 'qmp_capabilities' or name.startswith('query-'), \
                name


def done(case):
    move = case.move()
    migrate(move).expect(0, 'verdict: pass', 'guest: destination',
                         'total time', 'downtime 31 ms', 'setup 3 ms',
                         'negotiation 4.200 ms', 'ratio 2.00')
    for peer in (move.source, move.destination):
        assert capabilities(peer) == {'events': True, 'return-path': True,
                                      'multifd': True}
        assert parameters(peer) == {'multifd-channels': 4,
                                    'multifd-compression': 'lpm'}
    incoming, = move.destination.said('migrate-incoming')
    assert incoming['exit-on-error'] is False
    assert move.source.said('migrate') == [{'uri': incoming['uri']}]
    order = move.destination.order()
    assert order.index('migrate-set-parameters') < \
        order.index('migrate-incoming')
    assert not move.source.said('migrate_cancel')
    assert not move.destination.said('cont')


def private_socket_is_removed(case):
    move = case.move()
    migrate(move).expect(0)
    uri = move.source.said('migrate')[0]['uri']
    assert uri.startswith('unix:') and uri.endswith('/stream')
    assert not os.path.exists(os.path.dirname(uri[5:])), uri


def json_lines(case):
    move = case.move()
    result = migrate(move, '--format', 'json').expect(0)
    lines = [json.loads(line) for line in result.out.splitlines()]
    kinds = [line['type'] for line in lines]
    assert kinds[-1] == 'outcome' and 'verdict' in kinds
    progress = [line for line in lines if line['type'] == 'progress']
    phases = [line['phase'] for line in progress]
    assert set(phases) <= PHASES
    assert [p for i, p in enumerate(phases) if phases.index(p) == i] == \
        ['validating', 'mapped', 'transfer', 'stopped', 'done']
    for line in progress:
        assert 0 <= line['percent'] <= 100
    busy = [line for line in progress if line['phase'] == 'transfer'][0]
    assert busy['percent'] == 50 and busy['wire-bytes'] == 64 * MIB
    assert busy['rate-bytes'] == 100062500 and busy['remaining-ms'] > 0
    assert busy['dirty-bytes'] == 256 * 4096
    outcome = lines[-1]
    assert outcome['guest'] == 'destination' and outcome['exit'] == 0
    assert outcome['raw-bytes'] == 128 * MIB
    assert outcome['negotiation-us'] == 4200


def settings_from_options(case):
    move = case.move()
    migrate(move, '--channels', '8', '--compression', 'zstd', '--bandwidth',
            '1.5G', '--downtime-limit', '120').expect(0)
    assert parameters(move.source) == {
        'multifd-channels': 8, 'multifd-compression': 'zstd',
        'max-bandwidth': 3 << 29, 'downtime-limit': 120}
    assert parameters(move.destination) == {
        'multifd-channels': 8, 'multifd-compression': 'zstd'}


def no_channels(case):
    move = case.move()
    migrate(move, '--channels', '0').expect(0)
    assert 'multifd' not in capabilities(move.source)
    assert parameters(move.source) == {}


def settings_differ_before_but_not_after(case):
    """The rules judge what the move will set, not what is set now."""
    move = case.move()
    offer = move.destination.replies['query-lpm-offer']['return']
    offer['stream'].update({'channels': 2, 'compression': 'none'})
    lpm('validate', *sides(move)).expect(1, 'stream.channels')
    migrate(move).expect(0)


def vanilla_needs_no_validate(case):
    move = case.move('vanilla')
    migrate(move).expect(1, 'lpm.object-source', 'nothing was changed')
    untouched(move)
    migrate(move, '--no-validate').expect(0, 'guest: destination')
    assert 'multifd-compression' not in parameters(move.source)


def failing_rule_stops(case):
    move = case.move(destination={'query_status': ret(
        {'status': 'paused', 'running': False})})
    migrate(move).expect(1, 'state.destination-incoming')
    untouched(move)


def unknown_stops(case):
    move = case.move(source={'query_block_jobs': err('no')})
    migrate(move).expect(2, 'block.jobs-idle', '--allow-unknown')
    untouched(move)
    migrate(move, '--allow-unknown').expect(0)


def dry_run(case):
    move = case.move()
    migrate(move, '--dry-run').expect(0, 'would set', 'nothing moved')
    untouched(move)


def dry_run_of_an_unknown(case):
    """Exit codes are those of lpm validate, as with ldm migrate -n."""
    move = case.move(source={'query_block_jobs': err('no')})
    migrate(move, '-n').expect(2, 'block.jobs-idle')
    untouched(move)
    migrate(move, '-n', '--allow-unknown').expect(0, 'nothing moved')
    untouched(move)


def dry_run_of_a_failure(case):
    move = case.move(destination={'query_status': ret(
        {'status': 'paused', 'running': False})})
    migrate(move, '-n').expect(1, 'state.destination-incoming')
    untouched(move)


def tcp_port_as_resolved(case):
    move = case.move()
    migrate(move, '--uri', 'tcp:dst.example:0').expect(0)
    assert move.destination.said('migrate-incoming')[0]['uri'] == \
        'tcp:dst.example:0'
    assert move.source.said('migrate') == [{'uri': 'tcp:dst.example:43210'}]


def tcp_ipv6(case):
    move = case.move()
    migrate(move, '--uri', 'tcp:[::1]:0').expect(0)
    assert move.source.said('migrate') == [{'uri': 'tcp:[::1]:43210'}]


def parameter_refused(case):
    move = case.move(destination={'migrate_set_parameters': [
        err("multifd compression method 'lpm' is not available"),
        ret({})]})
    migrate(move).expect(1, 'is not available', 'guest: source')
    put_back(move.source)
    assert not any(capabilities(move.destination).values())
    assert not move.source.said('migrate')


def incoming_refused(case):
    move = case.move(destination={'migrate_incoming': err(
        'The incoming migration has already been started')})
    migrate(move).expect(1, 'already been started', 'guest: source')
    put_back(move.source)
    put_back(move.destination)
    assert not move.source.said('migrate')


def migrate_refused(case):
    move = case.move(source={'migrate': err('Migration is blocked: x')})
    migrate(move).expect(1, 'Migration is blocked: x', 'guest: source')
    put_back(move.source)


REASONS = {'accepted': False, 'reasons': [
    {'id': 'machine.arch', 'severity': 'error', 'title': 'other machine',
     'source': 'ppc64', 'destination': 'sparc64', 'remedy': 'start it'},
    {'id': 'cpu.count', 'severity': 'error', 'title': 'fewer vCPUs',
     'source': '2', 'destination': '1', 'remedy': 'start with -smp 2'}]}


def rejected(case):
    move = case.move(end='failed', error='destination refused: two reasons',
                     answer=REASONS)
    migrate(move).expect(1, 'rejected:', 'machine.arch',
                         'ppc64', 'sparc64', 'cpu.count', '-smp 2',
                         'guest: source')
    put_back(move.source)
    put_back(move.destination)


def second_attempt_after_a_refusal(case):
    """The same destination process takes the corrected move."""
    move = case.move(end='failed', error='refused', answer=REASONS)
    info = move.destination.replies['query-lpm']['return']

    def query_lpm(args):
        info['phase'] = 'rejected' if move.target_status == 'failed' \
            else 'idle'
        return ret(info)
    move.destination.changes['query-lpm'] = query_lpm
    migrate(move).expect(1, 'guest: source')
    move.steps[-1], move.looks = 'completed', 0
    migrate(move).expect(0, 'guest: destination')
    assert len(move.destination.said('migrate-incoming')) == 2


def rejected_json(case):
    move = case.move(end='failed', error='refused', answer=REASONS)
    result = migrate(move, '-f', 'json').expect(1)
    outcome = json.loads(result.out.splitlines()[-1])
    assert outcome['phase'] == 'rejected' and outcome['guest'] == 'source'
    assert outcome['reasons'] == REASONS['reasons']


def failed(case):
    move = case.move(end='failed', error='Unable to write to socket')
    migrate(move, '--bandwidth', '10M').expect(
        4, 'failed:', 'Unable to write to socket', 'guest: source')
    put_back(move.source)
    put_back(move.destination)


def failed_vanilla(case):
    move = case.move('vanilla', end='failed', error='Sibling indicated 1')
    migrate(move, '--no-validate').expect(4, 'Sibling indicated 1')
    put_back(move.source)


def failed_says_what_the_destination_knows(case):
    move = case.move('vanilla', end='failed', error='Sibling indicated 1')
    real = move.target_migrate

    def target(args):
        reply = real(args)
        if move.target_status == 'failed':
            reply['return']['error-desc'] = "Unknown section 'xive'"
        return reply
    move.destination.changes['query-migrate'] = target
    migrate(move, '--no-validate').expect(
        4, 'Sibling indicated 1', "the destination says: Unknown section")


def failed_keeps_the_figures(case):
    """QEMU tells none any more once the move has failed."""
    move = case.move(end='failed', error='x')
    result = migrate(move, '-f', 'json').expect(4)
    outcome = json.loads(result.out.splitlines()[-1])
    assert outcome['raw-bytes'] == 128 * MIB, outcome
    assert outcome['wire-bytes'] == 64 * MIB, outcome


def moving(move, *options):
    """A move that is under way until something stops it."""
    process = spawn('migrate', *sides(move), *options)
    await_true('the move is active', lambda: move.looks > 4 or
               process.poll() is not None)
    return process


def interrupt_cancels(case):
    for number, sig in enumerate((signal.SIGINT, signal.SIGTERM)):
        directory, case.dir = case.dir, case.path('s%d' % number)
        os.mkdir(case.dir)
        move = case.move(hold=True)
        process = moving(move)
        process.send_signal(sig)
        finish(process).expect(4, 'interrupted', 'cancelled:',
                               'running on the source', 'guest: source')
        assert len(move.source.said('migrate_cancel')) == 1
        put_back(move.source)
        case.dir = directory


def second_interrupt_leaves(case):
    move = case.move(hold=True, after_cancel='nothing')
    process = moving(move)
    process.send_signal(signal.SIGINT)
    await_true('cancel', lambda: move.source.said('migrate_cancel'))
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    finish(process).expect(5, 'left at once', 'lpm status')
    assert time.monotonic() - begun < 20


def cancel_comes_too_late(case):
    move = case.move(hold=True, after_cancel='completed')
    process = moving(move)
    process.send_signal(signal.SIGINT)
    finish(process).expect(0, 'guest: destination')


def timeout_cancels(case):
    move = case.move(hold=True)
    migrate(move, '--timeout', '1').expect(4, '--timeout has passed',
                                           'guest: source')
    assert move.source.said('migrate_cancel')


def await_looks(move, count):
    """There are at least 100 ms between two of them."""
    await_true('%d looks' % count, lambda: move.looks > count)


STALL = ('the move does not converge: the guest dirties 1024.0 MiB/s',
         'on the wire)', '128.0 MiB remain', 'takes about 0.1 s')


def stall_cancels(case):
    move = case.move(hold=True, stall=True)
    migrate(move, '--on-stall', 'cancel', '--stall-time', '1', '--bandwidth',
            '10M').expect(4, *STALL, 'cancelled: the move does not converge',
                          'running on the source', 'guest: source', 'next:',
                          '--bandwidth')
    assert len(move.source.said('migrate_cancel')) == 1
    put_back(move.source)
    put_back(move.destination)


def stall_cancels_json(case):
    move = case.move(hold=True, stall=True)
    result = migrate(move, '--on-stall', 'cancel', '--stall-time', '1', '-f',
                     'json').expect(4)
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines[-1]['phase'] == 'cancelled' and lines[-1]['exit'] == 4
    assert STALL[0] in lines[-1]['text'] and lines[-1]['advice']
    rounds = [line['rounds'] for line in lines
              if line['type'] == 'progress' and line['phase'] == 'transfer']
    assert rounds == sorted(rounds) and rounds[-1] > 4, rounds


def stall_cancel_comes_too_late(case):
    move = case.move(hold=True, stall=True, after_cancel='completed')
    migrate(move, '--on-stall', 'cancel', '--stall-time', '1').expect(
        0, *STALL, 'guest: destination')


def stall_suspends(case):
    move = case.move(hold=True, stall=True)
    migrate(move, '--on-stall', 'suspend', '--stall-time', '1',
            '--downtime-limit', '120').expect(
                0, *STALL, 'downtime-limit is 2000000 ms now',
                'guest: destination')
    assert [args['downtime-limit'] for args in
            move.source.said('migrate-set-parameters')] == [120, 2000000]
    assert parameters(move.destination).get('downtime-limit') is None
    assert not move.source.said('migrate_cancel')


def stall_suspends_then_fails(case):
    """The downtime limit has the value again that it had before the move."""
    move = case.move(hold=True, stall=True, end='failed', error='x')
    migrate(move, '--on-stall', 'suspend', '--stall-time', '1',
            '--downtime-limit', '120').expect(4, *STALL, 'guest: source')
    assert [args['downtime-limit'] for args in
            move.source.said('migrate-set-parameters')] == \
        [120, 2000000, 300]
    put_back(move.source)
    put_back(move.destination)


def stall_suspend_refused(case):
    """The move goes on, and can be cancelled as before."""
    move = case.move(hold=True, stall=True, source={
        'migrate_set_parameters': [ret({}), err('not now'), ret({})]})
    process = moving(move, '--on-stall', 'suspend', '--stall-time', '1')
    await_true('the limit is refused', lambda: len(
        move.source.said('migrate-set-parameters')) > 1)
    process.send_signal(signal.SIGINT)
    finish(process).expect(4, *STALL, 'was not raised', 'not now',
                           'interrupted', 'guest: source')


def stall_throttles(case):
    """Auto-converge is the source's, and on before the move begins."""
    move = case.move(hold=True, stall=True)
    process = moving(move, '--on-stall', 'throttle', '--stall-time', '1')
    order = move.source.order()
    assert order.index('migrate-set-capabilities') < order.index('migrate')
    assert capabilities(move.source)['auto-converge'] is True
    assert 'auto-converge' not in capabilities(move.destination)
    move.throttle = 20
    looks = move.looks
    await_true('20 % was seen', lambda: move.looks > looks + 2)
    move.throttle = 30
    await_looks(move, 40)
    move.throttle, move.hold = None, False
    result = finish(process).expect(
        0, 'return-path, auto-converge', 'begins to throttle the guest, by '
        '20 %', *STALL, 'throttles the guest by 30 %', 'throttled 30 %',
        'guest: destination')
    assert result.out.count('begins to throttle') == 1
    assert not move.source.said('migrate_cancel')


def stall_throttle_put_back(case):
    move = case.move(end='failed', error='x')
    migrate(move, '--on-stall', 'throttle').expect(4)
    assert 'auto-converge' in capabilities(move.source)
    put_back(move.source)
    put_back(move.destination)


def stall_throttle_refused(case):
    """As when the user has set dirty-limit."""
    move = case.move(source={'migrate_set_capabilities': [
        err('dirty-limit conflicts with auto-converge'), ret({})]})
    migrate(move, '--on-stall', 'throttle').expect(
        1, 'conflicts with auto-converge', '--on-stall', 'guest: source')
    assert not move.source.said('migrate')


def auto_converge_of_the_user(case):
    """What is on stays on when it is not asked for."""
    move = case.move()
    for cap in move.source.replies['query-migrate-capabilities']['return']:
        if cap['capability'] == 'auto-converge':
            cap['state'] = True
    migrate(move).expect(0, absent=['auto-converge'])
    assert 'auto-converge' not in capabilities(move.source)


def stall_waits(case):
    """By default it is said, once, and nothing is done."""
    for number, options in enumerate(((), ('--on-stall', 'wait'))):
        directory, case.dir = case.dir, case.path('s%d' % number)
        os.mkdir(case.dir)
        move = case.move(hold=True, stall=True)
        process = moving(move, '--stall-time', '1', *options)
        await_looks(move, 40)
        move.hold = False
        result = finish(process).expect(0, *STALL, 'see --on-stall',
                                        'guest: destination')
        assert result.out.count('does not converge') == 1, result.out
        for peer in (move.source, move.destination):
            assert parameters(peer) == {'multifd-channels': 4,
                                        'multifd-compression': 'lpm'}
        assert not move.source.said('migrate_cancel')
        case.dir = directory


def no_stall_within_the_time(case):
    move = case.move(hold=True, stall=True)
    process = moving(move, '--on-stall', 'cancel')
    await_looks(move, 30)
    move.hold = False
    finish(process).expect(0, absent=['converge'])


def on_stall_postcopy_is_refused(case):
    move = case.move()
    migrate(move, '--on-stall', 'postcopy').expect(
        3, 'no postcopy while multifd is on', 'throttle or suspend')
    migrate(move, '--on-stall', 'postcopy', '--channels', '0').expect(
        3, 'none without multifd')
    migrate(move, '--on-stall', 'panic').expect(
        3, '--on-stall panic: wanted cancel, throttle, suspend or wait')
    assert not move.source.order()


def stall_time_bounds(case):
    move = case.move()
    for seconds in ('0', '-1', '86401'):
        migrate(move, '--stall-time=' + seconds).expect(
            3, '--stall-time %s: wanted 1..86400' % seconds)
    migrate(move, '--stall-time', 'x').expect(3)
    assert not move.source.order()
    for seconds in ('1', '86400'):
        migrate(move, '--dry-run', '--stall-time', seconds).expect(0)


def cancelled_by_another(case):
    move = case.move(hold=True)
    process = moving(move)
    move.cancel({})
    finish(process).expect(4, 'by another client', 'guest: source')


def destination_dies(case):
    """Its monitor goes; the source finds its stream broken."""
    move = case.move(hold=True)
    process = moving(move, '--qmp-deadline', '1000')
    move.destination.changes['query-status'] = CLOSE
    move.hold, move.end, move.error = False, 'failed', 'Connection reset'
    move.steps[-1] = 'failed'
    finish(process).expect(4, 'Connection reset', 'guest: source')


def destination_silent_at_the_end(case):
    move = case.move(destination={'query_status': HANG})
    migrate(move, '--no-validate', '--qmp-deadline', '500').expect(
        5, 'not clear', 'source: postmigrate', 'within')


def source_monitor_falls_and_comes_back(case):
    move = case.move()
    real = move.query_migrate
    move.source.changes['query-migrate'] = [real, real, real, CLOSE, real]
    # the acted source goes on without us
    status = move.source.changes['query-status']

    def finished(args):
        if move.status not in ('none',):
            move.status, move.source_state = 'completed', 'postmigrate'
            move.target_state = 'running'
        return status(args)
    move.source.changes['query-status'] = finished
    migrate(move).expect(0, 'connection closed', 'guest: destination')


def source_monitor_falls_during_the_move(case):
    """The move goes on without us, and we with it."""
    move = case.move()
    real = move.query_migrate
    move.source.changes['query-migrate'] = [real, real, real, CLOSE, real]
    migrate(move).expect(0, 'connection closed', 'answers again',
                         'total time', 'guest: destination')


def interrupt_before_the_move(case):
    move = case.move()
    process = None

    def incoming(args):
        process.send_signal(signal.SIGINT)
        return move.incoming(args)
    move.destination.changes['migrate-incoming'] = incoming
    process = spawn('migrate', *sides(move))
    finish(process).expect(4, 'before the move began', 'guest: source')
    assert not move.source.said('migrate')
    put_back(move.source)
    put_back(move.destination)


def bar_on_a_terminal(case):
    move = case.move()
    out = on_a_terminal(['migrate', *sides(move)])
    assert '\r\033[K[' in out and '[####' in out, out
    assert 'guest: destination' in out


def dead_source(case, target_state):
    """A source process that ends at its second look at the move."""
    a = case.peer('a', 'lpm-source', fork=True, migrate=ret({}),
                  query_migrate=[ret({}), ret({}), ret({'status': 'active'}),
                                 DIE],
                  query_status=ret({'status': 'running', 'running': True}))
    b = case.peer('b', 'lpm-destination',
                  migrate_incoming=ret({}),
                  query_status=[ret({'status': 'inmigrate',
                                     'running': False}),
                                ret({'status': target_state,
                                     'running': target_state == 'running'})])
    return lpm('migrate', '-s', a.name, '-d', b.name, '--qmp-deadline',
               '1000')


def source_dies_after_the_move(case):
    dead_source(case, 'running').expect(0, "source's QEMU has ended",
                                        'guest: destination')


def source_dies_with_the_guest(case):
    dead_source(case, 'inmigrate').expect(5, 'its QEMU has ended',
                                          'inmigrate', 'guest: unclear')


def destination_never_gets_the_guest(case):
    """The source says completed; that alone is not done."""
    move = case.move(destination_state='inmigrate')
    migrate(move, '--qmp-deadline', '500').expect(
        5, 'source: postmigrate', 'destination: inmigrate', 'lpm status',
        'guest: unclear')


def both_run(case):
    move = case.move(end='failed', error='x', destination_state='running')
    real = move.advance

    def advance():
        real()
        if move.status == 'failed':
            move.target_state = 'running'
    move.advance = advance
    migrate(move, '--qmp-deadline', '500').expect(5, 'destination runs too')


def paused_guest_stays_paused(case):
    move = case.move(destination_state='paused')
    move.source_state = 'paused'
    migrate(move).expect(0, 'guest: destination')
    assert not move.destination.said('cont')


def destination_started_with_S_is_resumed(case):
    move = case.move(destination_state='paused')
    migrate(move).expect(0, 'resumed', 'guest: destination')
    assert len(move.destination.said('cont')) == 1


def failed_move_of_a_paused_guest(case):
    move = case.move(end='failed', error='x')
    move.source_state = 'paused'
    real = move.advance

    def advance():
        real()
        if move.status == 'failed':
            move.source_state = 'paused'
    move.advance = advance
    migrate(move).expect(4, 'paused on the source')


def one_line_per_second_in_a_pipe(case):
    move = case.move(hold=True)
    process = moving(move)
    await_true('many looks', lambda: move.looks > 25)
    process.send_signal(signal.SIGINT)
    out = finish(process).expect(4).out
    assert '\r' not in out and '\033' not in out
    lines = [line for line in out.splitlines()
             if line.startswith('transfer')]
    assert 2 <= len(lines) <= 10, out


def status_of_both_sides(case):
    move = case.move()
    lpm('status', '-s', move.source.name).expect(0, 'source: running',
                                                 'idle')
    migrate(move, '-q').expect(0)
    lpm('status', '-s', move.source.name).expect(0, 'postmigrate', 'done')
    result = lpm('status', '-d', move.destination.name, '-f', 'json')
    status = json.loads(result.expect(0).out)
    assert status['side'] == 'destination'
    assert status['run-state'] == 'running' and status['phase'] in PHASES


def cancel_command(case):
    move = case.move(hold=True)
    process = moving(move)
    lpm('cancel', '-s', move.source.name).expect(0, 'cancelled',
                                                 'guest: source')
    finish(process).expect(4)


def cancel_without_a_move(case):
    move = case.move()
    lpm('cancel', '-s', move.source.name).expect(1, 'no move to cancel')
    assert not move.source.said('migrate_cancel')
    migrate(move, '-q').expect(0)
    lpm('cancel', '-s', move.source.name).expect(1, 'guest: destination')


def cancel_too_late(case):
    move = case.move(hold=True, after_cancel='completed')
    move.migrate({})
    lpm('cancel', '-s', move.source.name).expect(5, 'guest: unclear')


def quiet(case):
    move = case.move()
    result = migrate(move, '--quiet').expect(0)
    assert result.out == '' and result.err == ''


def settings_unreadable(case):
    move = case.move(destination={'query_migrate_capabilities': ret(
        [{'capability': 5, 'state': True}])})
    migrate(move, '--no-validate').expect(
        2, '/0/capability: got a number', 'nothing was changed')
    untouched(move)


def ill_typed_progress(case):
    """One bad reply during the move is noted, and the move goes on."""
    move = case.move()
    real = move.query_migrate
    move.source.changes['query-migrate'] = [
        real, real, ret({'status': 5}), ret([]), real]
    migrate(move).expect(0, '/status: got a number', 'guest: destination')


main([done, private_socket_is_removed, json_lines, settings_from_options,
      no_channels, settings_differ_before_but_not_after,
      vanilla_needs_no_validate, failing_rule_stops, unknown_stops, dry_run,
      dry_run_of_an_unknown, dry_run_of_a_failure, tcp_port_as_resolved,
      tcp_ipv6, parameter_refused, incoming_refused,
      migrate_refused, rejected, second_attempt_after_a_refusal,
      rejected_json, failed, failed_vanilla,
      failed_says_what_the_destination_knows, failed_keeps_the_figures,
      interrupt_cancels, second_interrupt_leaves, cancel_comes_too_late,
      timeout_cancels, stall_cancels, stall_cancels_json,
      stall_cancel_comes_too_late, stall_suspends, stall_suspends_then_fails,
      stall_suspend_refused, stall_throttles, stall_throttle_put_back,
      stall_throttle_refused, auto_converge_of_the_user, stall_waits,
      no_stall_within_the_time, on_stall_postcopy_is_refused,
      stall_time_bounds, cancelled_by_another, destination_dies,
      destination_silent_at_the_end, source_monitor_falls_and_comes_back,
      source_monitor_falls_during_the_move, interrupt_before_the_move,
      bar_on_a_terminal,
      source_dies_after_the_move, source_dies_with_the_guest,
      destination_never_gets_the_guest, both_run, paused_guest_stays_paused,
      destination_started_with_S_is_resumed, failed_move_of_a_paused_guest,
      one_line_per_second_in_a_pipe, status_of_both_sides, cancel_command,
      cancel_without_a_move, cancel_too_late, quiet, settings_unreadable,
      ill_typed_progress])
