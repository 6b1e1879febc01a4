# QMP peers for the tests of lpm, good and bad, and a runner with TAP output
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Peer answers from a recording; a Move makes two Peers act a migration."""

import copy
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

LPM = os.environ.get('LPM', 'lpm')
DATA = os.environ.get('LPM_TEST_DATA', os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '..', 'data'))
DEADLINE = 60

HANG = object()     # no reply, ever
CLOSE = object()    # close the connection
DIE = object()      # end the process (a forked peer only)


class Raw:
    """These bytes instead of a reply."""

    def __init__(self, data, then=None):
        self.data = data
        self.then = then


def ret(value):
    return {'return': value}


def err(desc, klass='GenericError'):
    return {'error': {'class': klass, 'desc': desc}}


def recording(name):
    """Greeting and replies of tests/data/qmp/NAME.reply."""
    greeting, replies, command = None, {}, None
    path = os.path.join(DATA, 'qmp', name + '.reply')
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            kind, message = line[:3], json.loads(line[3:])
            if kind == '-> ':
                command = message['execute']
            elif command is None:
                greeting = message
            else:
                replies[command] = message
    return greeting, replies


class Peer:
    """A QMP server on a socket of its own, one thread per connection."""

    def __init__(self, path, record, **changes):
        self.path = path
        self.greeting, self.replies = recording(record)
        self.greeting = changes.pop('greeting', self.greeting)
        self.changes = {k.replace('_', '-'): v for k, v in changes.items()}
        self.log = []
        self.lock = threading.Lock()
        self.pid = None
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)

    @property
    def name(self):
        return 'qmp:' + self.path

    def start(self):
        self.server.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def fork(self):
        """Serve in a process of its own, so that it can end."""
        ready, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                # the kernel names the process that called listen()
                self.server.listen(8)
                os.write(tell, b'1')
                self.accept()
            finally:
                os._exit(0)
        self.server.close()
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)
        return self

    def reap(self):
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.waitpid(self.pid, 0)

    def accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def said(self, command):
        """Arguments of each time that the command came."""
        with self.lock:
            return [args for name, args in self.log if name == command]

    def order(self):
        with self.lock:
            return [name for name, _ in self.log]

    def reply(self, command, args):
        if command in self.changes:
            change = self.changes[command]
            if isinstance(change, list):
                change = change.pop(0) if len(change) > 1 else change[0]
            return change(args) if callable(change) else change
        if command in self.replies:
            return self.replies[command]
        if command in ('migrate-set-capabilities', 'migrate-set-parameters',
                       'migrate_cancel', 'cont', 'qmp_capabilities'):
            return ret({})
        return err('The command %s has not been found' % command,
                   'CommandNotFound')

    def serve(self, connection):
        try:
            if self.send(connection, self.greeting, None):
                self.talk(connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def talk(self, connection):
        for line in connection.makefile('rb'):
            request = json.loads(line)
            args = request.get('arguments', {})
            with self.lock:
                self.log.append((request['execute'], args))
            answer = self.reply(request['execute'], args)
            if not self.send(connection, answer, request.get('id')):
                return

    def send(self, connection, answer, ident):
        if answer is HANG:
            threading.Event().wait()
        if answer is DIE:
            os._exit(0)
        if answer is CLOSE:
            return False
        if isinstance(answer, Raw):
            connection.sendall(answer.data)
            return self.send(connection, answer.then, ident) \
                if answer.then is not None else True
        answer = dict(answer)
        if ident is not None:
            answer['id'] = ident
        connection.sendall(json.dumps(answer).encode() + b'\r\n')
        return True


PHASES = {'setup': 'preparing', 'active': 'transfer', 'device': 'stopped',
          'completed': 'done', 'failed': 'failed', 'cancelled': 'cancelled',
          'none': 'idle', 'cancelling': 'transfer'}
MIB = 1 << 20


class Move:
    """Two peers that act a migration: each look goes one step on."""

    def __init__(self, source, destination, end='completed', error=None,
                 hold=False, answer=None, lpm=True, destination_state='running',
                 after_cancel='cancelled', stall=False):
        self.source, self.destination = source, destination
        self.steps = ['setup', 'active', 'active', 'device', end]
        self.end, self.error, self.hold = end, error, hold
        self.answer, self.lpm = answer, lpm
        self.after_cancel = after_cancel
        # rounds that all begin with the same, until downtime-limit is large
        self.stall, self.throttle = stall, None
        self.begun = time.monotonic()
        self.status = self.target_status = 'none'
        self.source_state = 'running'
        self.target_state = 'inmigrate'
        self.target_end = destination_state
        self.address = None
        self.looks = 0
        self.lock = threading.Lock()
        source.changes.setdefault('query-status', self.query_status)
        source.changes.setdefault('query-migrate', self.query_migrate)
        source.changes.setdefault('migrate', self.migrate)
        source.changes.setdefault('migrate_cancel', self.cancel)
        source.changes.setdefault('migrate-set-parameters',
                                  self.set_parameters)
        destination.changes.setdefault('query-status', self.target_query)
        destination.changes.setdefault('query-migrate', self.target_migrate)
        destination.changes.setdefault('migrate-incoming', self.incoming)
        destination.changes.setdefault('cont', self.cont)
        if lpm:
            source.changes.setdefault('query-lpm', self.query_lpm)

    def incoming(self, args):
        self.target_status = 'setup'
        uri = args['uri']
        if uri.startswith('unix:'):
            self.address = {'type': 'unix', 'path': uri[5:]}
        elif uri.startswith('tcp:'):
            host, port = uri[4:].rsplit(':', 1)
            self.address = {'type': 'inet', 'host': host,
                            'port': '43210' if port == '0' else port}
        return ret({})

    def migrate(self, args):
        self.status = 'setup'
        self.begun = time.monotonic()
        return ret({})

    def cancel(self, args):
        with self.lock:
            if self.after_cancel == 'cancelled':
                self.status = 'cancelled'
                self.source_state = 'running'
            elif self.after_cancel == 'completed':
                self.hold = False
        return ret({})

    def set_parameters(self, args):
        with self.lock:
            if args.get('downtime-limit', 0) >= 1000000:
                self.hold = False
        return ret({})

    def cont(self, args):
        self.target_state = 'running'
        return ret({})

    def query_status(self, args):
        state = self.source_state
        return ret({'status': state, 'running': state == 'running'})

    def target_query(self, args):
        state = self.target_state
        return ret({'status': state, 'running': state == 'running'})

    def target_migrate(self, args):
        if self.target_status == 'none':
            return ret({})
        reply = {'status': self.target_status}
        if self.address:
            reply['socket-address'] = [self.address]
        return ret(reply)

    def query_migrate(self, args):
        with self.lock:
            if self.status in ('setup', 'active', 'device'):
                self.advance()
            return ret(self.info())

    def advance(self):
        self.looks += 1
        if self.hold and self.looks > 2:
            self.status = 'active'
            return
        self.status = self.steps[min(self.looks, len(self.steps) - 1)]
        if self.status == 'device':
            self.source_state = 'finish-migrate'
        elif self.status == 'completed':
            self.source_state = 'postmigrate'
            self.target_state = self.target_end
            self.target_status = 'completed'
        elif self.status == 'failed':
            self.source_state = 'running'
            self.target_status = 'failed'

    def info(self):
        if self.status == 'none':
            return {}
        info = {'status': self.status}
        if self.status in ('active', 'device', 'completed'):
            left = 0 if self.status == 'completed' else 128 * MIB
            info.update({'total-time': 400 + self.looks, 'setup-time': 3,
                         'ram': {'total': 256 * MIB, 'remaining': left,
                                 'transferred': 64 * MIB, 'mbps': 800.5,
                                 'normal': 32768, 'duplicate': 0,
                                 'page-size': 4096,
                                 'dirty-pages-rate': 256}})
            if self.stall:
                # 1 GiB of pages a second, 8 rounds of 128 MiB
                ms = int((time.monotonic() - self.begun) * 1000)
                info['ram'].update({'dirty-sync-count': 1 + ms // 125,
                                    'normal': 262144 * ms // 1000,
                                    'transferred': MIB * ms // 4,
                                    'dirty-pages-rate': 262144})
            if self.throttle:
                info['cpu-throttle-percentage'] = self.throttle
        if self.status == 'completed':
            info['downtime'] = 31
        if self.status == 'failed' and self.error:
            info['error-desc'] = self.error
        return info

    def query_lpm(self, args):
        info = copy.deepcopy(self.source.replies['query-lpm'])
        value = info['return']
        value['phase'] = PHASES[self.status]
        if self.status == 'completed':
            value['negotiation-us'] = 4200
            value['encode'].update({'raw-bytes': 128 * MIB,
                                    'wire-bytes': 64 * MIB})
        if self.status == 'failed' and self.answer is not None:
            value['phase'] = 'rejected'
            value['answer'] = self.answer
        return info


class Result:
    def __init__(self, code, out, errors):
        self.code, self.out, self.err = code, out, errors

    def expect(self, code, *texts, absent=()):
        both = self.out + self.err
        assert self.code == code, \
            'exit %s, wanted %s\n%s' % (self.code, code, both)
        for text in texts:
            assert text in both, 'no %r in\n%s' % (text, both)
        for text in absent:
            assert text not in both, '%r in\n%s' % (text, both)
        assert 'Sanitizer' not in both and 'runtime error' not in both, both
        return self


def environment(**more):
    env = dict(os.environ, LC_ALL='C.UTF-8', G_DEBUG='fatal-warnings')
    env.pop('NO_COLOR', None)
    env.update(more)
    return env


def lpm(*args, env=None, **more):
    done = subprocess.run([LPM, *args], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE,
                          env=env or environment(), **more)
    return Result(done.returncode, done.stdout.decode(),
                  done.stderr.decode())


def spawn(*args):
    return subprocess.Popen([LPM, *args], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment())


def finish(process):
    try:
        out, errors = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Result(process.returncode, out.decode(), errors.decode())


def on_a_terminal(arguments, **env):
    """What lpm writes to a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([LPM, *arguments], stdout=follower,
                               stderr=follower, stdin=subprocess.DEVNULL,
                               env=environment(TERM='xterm', **env))
    os.close(follower)
    data = b''
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        ready, _, _ = select.select([leader], [], [], 1)
        if ready:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            data += chunk
    os.close(leader)
    process.wait(timeout=60)
    return data.decode()


def await_true(what, condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, 'waited in vain: ' + what
        time.sleep(0.01)


class Case:
    """What a test gets: a directory and peers in it."""

    def __init__(self, directory):
        self.dir = directory
        self.peers = []

    def path(self, name):
        return os.path.join(self.dir, name)

    def peer(self, name, record, fork=False, **changes):
        peer = Peer(self.path(name), record, **changes)
        if fork:
            self.peers.append(peer.fork())
        else:
            peer.start()
        return peer

    def pair(self, record='lpm', source=None, destination=None):
        return (self.peer('a', record + '-source', **(source or {})),
                self.peer('b', record + '-destination',
                          **(destination or {})))

    def move(self, record='lpm', source=None, destination=None, **how):
        a, b = self.pair(record, source, destination)
        return Move(a, b, lpm=record == 'lpm', **how)


class Skip(Exception):
    pass


def main(cases):
    """Each function is one TAP case; -l lists, names select."""
    wanted = sys.argv[1:]
    if wanted:
        cases = [case for case in cases if case.__name__ in wanted]
    print('1..%d' % len(cases), flush=True)
    bad = 0
    for number, case in enumerate(cases, 1):
        name = case.__name__.replace('_', '-')
        with tempfile.TemporaryDirectory(prefix='lpm-test-') as directory:
            given = Case(directory)
            # a program that is killed leaves its socket's directory here
            os.environ['TMPDIR'] = directory
            # nor does a test count as a move of this host
            os.environ['LPM_RECORDS'] = given.path('moves.db')
            try:
                case(given)
                print('ok %d %s' % (number, name), flush=True)
            except Skip as skip:
                print('ok %d %s # SKIP %s' % (number, name, skip),
                      flush=True)
            except Exception:     # a failing case must not stop the rest
                bad += 1
                for line in traceback.format_exc().splitlines():
                    print('# ' + line)
                print('not ok %d %s' % (number, name), flush=True)
            finally:
                for peer in given.peers:
                    peer.reap()
    sys.stdout.flush()
    os._exit(1 if bad else 0)
