# lpm doctor: a tree in which all is right, and one fault after the other
# SPDX-License-Identifier: GPL-2.0-or-later

import base64
import json
import os
import re
import signal
import socket
import struct
import threading
import time

from mockqmp import DATA, Skip, await_true, lpm, main, on_a_terminal
from schema import check_file

SCHEMA = os.path.join(DATA, '..', '..', 'docs', 'lpm-doctor.schema.json')
PREFIX = '/usr/lib/qemu-lpm'
EMULATOR = PREFIX + '/bin/qemu-system-ppc64'
MODULES = PREFIX + '/lib/qemu/'
HOOK = '/etc/libvirt/hooks/qemu.d/qemu-lpm'
PROGRAM = '/usr/libexec/qemu-lpm/libvirt-hook'
CONF = '/etc/lpm/host.conf'
PORT = '/sys/class/fc_host/host3/'
STAMP = b'qemu_stamp_' + b'0123456789' * 4
OTHER_STAMP = b'qemu_stamp_' + b'9876543210' * 4
ANSWER, DEAF = 'answer', 'deaf'
HERTZ = os.sysconf('SC_CLK_TCK')
STRANGER = 12345        # neither root nor the owner of the tree


def pack(*numbers):
    return struct.pack('>%dI' % len(numbers), *numbers)


class Daemon:
    """Enough of libvirt's protocol: it has a QEMU driver, or has none."""

    def __init__(self, path, how=ANSWER, refusal=None, backlog=8):
        self.refusal, self.calls = refusal, []
        self.socket = socket.socket(socket.AF_UNIX)
        folder = os.open(os.path.dirname(path), os.O_PATH)
        self.socket.bind('/proc/self/fd/%d/%s' % (folder,
                                                 os.path.basename(path)))
        os.close(folder)
        self.socket.listen(backlog)
        if how == ANSWER:
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            with peer:
                try:
                    self.talk(peer)
                except OSError:
                    pass        # it has not waited

    def talk(self, peer):
        while True:
            head = peer.recv(28, socket.MSG_WAITALL)
            if len(head) < 28:
                return
            size, _, _, call, _, serial, _ = struct.unpack('>7I', head)
            self.calls.append(call)
            if size > 28:
                peer.recv(size - 28, socket.MSG_WAITALL)
            status, body = 0, {66: pack(1, 0), 157: pack(0, 9000000)}.get(
                call, b'')
            if call == 1 and self.refusal:
                text = self.refusal.encode()
                status, body = 1, pack(1, 0, 1, len(text)) + text
            peer.sendall(pack(28 + len(body), 0x20008086, 1, call, 1, serial,
                              status) + body)

    def close(self):
        # a close alone leaves accept() of the other thread as it is
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Listener:
    """A portal."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.socket.listen(8)
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class Tree:
    """A host that lacks nothing."""

    def __init__(self, case, name='root', how=ANSWER):
        self.root = case.path(name)
        self.portal = Listener()
        self.daemon = None
        os.mkdir(self.root, 0o755)
        self.files()
        if how:
            self.start(how)

    def path(self, path):
        return self.root + path

    def put(self, path, data='', mode=0o644):
        full = self.path(path)
        os.makedirs(os.path.dirname(full), 0o755, exist_ok=True)
        if os.path.lexists(full):
            os.unlink(full)
        with open(full, 'wb') as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(full, mode)

    def link(self, path, target):
        full = self.path(path)
        os.makedirs(os.path.dirname(full), 0o755, exist_ok=True)
        if os.path.lexists(full):
            os.unlink(full)
        os.symlink(target, full)

    def remove(self, path):
        os.unlink(self.path(path))

    def start_time(self, when):
        """Of the daemon, process 77."""
        boot = 1500000000
        ticks = int((when - boot) * HERTZ)
        self.put('/proc/stat', 'cpu  1 2 3\nbtime %d\n' % boot)
        self.put('/proc/77/stat', '77 (lib) virt d) S ' + ' '.join(
            ['0'] * 18 + [str(ticks)] + ['0'] * 20))

    def conf(self, portal=None, **changes):
        values = {'cpu-model': 'POWER9', 'fabric': 'iscsi',
                  'portal': portal or '127.0.0.1:%d' % self.portal.port,
                  'parent': 'host3', 'more': ''}
        values.update(changes)
        self.put(CONF, '# moves\n[host]\ncpu-model=%(cpu-model)s\n'
                 'max-inbound=4\n%(more)s\n[fabric san0]\nfabric=%(fabric)s\n'
                 'portal=%(portal)s\n[fabric san1]\nfabric=npiv\n'
                 'parent=%(parent)s\n' % values)

    def files(self):
        self.put(EMULATOR, b'\177ELF' + b'x' * (3 << 20) + b'migration-lpm\0'
                 + STAMP + b'\0', 0o755)
        for name in ('migration-lpm-ppc64', 'migration-multifd-lpm',
                     'hw-ppc-spapr-vfc-ppc64'):
            self.put(MODULES + name + '.so', b'\177ELF' + STAMP + b'\0')
        self.put('/usr/share/qemu/slof.bin', 'slof')
        self.put(PROGRAM, '#!/bin/sh\n', 0o755)
        self.link(HOOK, PROGRAM)
        self.put('/etc/libvirt/qemu.conf',
                 'user = "root"\n# a comment\nnamespaces = [ ]\n'
                 'cgroup_controllers = [ "cpu",\n  "memory" ]\n')
        self.put('/etc/libvirt/libvirtd.conf', 'host_uuid = '
                 '"5d7ac4b1-0f0f-4d5e-9a51-6ab0f2f4f5a1"\n')
        self.put('/etc/passwd', 'root:x:0:0::/:/bin/sh\n'
                 'libvirt-qemu:x:64055:64055::/:/bin/false\n')
        self.put('/etc/group', 'root:x:0:\nsan:x:500:libvirt-qemu\n')
        self.put('/etc/hosts', '127.0.0.1 localhost\n10.1.2.3 hosta\n')
        self.put('/proc/sys/kernel/hostname', 'hosta\n')
        self.put('/proc/net/tcp', '  sl  local_address rem_address   st\n'
                 '   0: 00000000:C000 00000000:0000 0A 0 0\n')
        self.put('/proc/77/comm', 'libvirtd\n')
        self.put('/run/libvirtd.pid', '77\n')
        self.start_time(time.time() + 1000)
        for name, text in {'port_name': '0x10000000c9a2b3c4',
                           'node_name': '0x20000000c9a2b3c4',
                           'port_id': '0x010200', 'port_state': 'Online',
                           'port_type': 'NPort (fabric via point-to-point)',
                           'max_npiv_vports': '255',
                           'npiv_vports_inuse': '3',
                           'vport_create': ''}.items():
            self.put(PORT + name, text + '\n')
        self.conf()
        self.put('/var/lib/lpm/moves.db', b'SQLite format 3\0\x10\0' +
                 bytes(4096 - 18))
        for name in ('ca-cert', 'server-cert', 'client-cert'):
            self.put('/etc/pki/qemu/%s.pem' % name, certificate())
        for name in ('server-key', 'client-key'):
            self.put('/etc/pki/qemu/%s.pem' % name, 'secret', 0o640)
        self.put('/sys/module/apparmor/parameters/enabled', 'Y\n')
        self.put('/etc/apparmor.d/abstractions/libvirt-qemu',
                 '  #include <abstractions/base>\n'
                 '  /usr/bin/qemu-system-ppc64 rmix,\n'
                 '  include if exists <abstractions/libvirt-qemu.d>\n')
        self.put('/etc/apparmor.d/abstractions/libvirt-qemu.d/qemu-lpm',
                 PREFIX + '/bin/qemu-system-* rmix,\n' +
                 PREFIX + '/lib/{qemu,other}/*.so mr,\n')
        self.put('/etc/apparmor.d/usr.sbin.libvirtd',
                 'profile libvirtd /usr/sbin/libvirtd {\n'
                 '  /** rwmkl,\n  /usr/bin/* PUx,\n'
                 '  profile child {\n    /** rwmkx,\n  }\n'
                 '  #include <local/usr.sbin.libvirtd>\n}\n')
        self.put('/etc/apparmor.d/local/usr.sbin.libvirtd',
                 EMULATOR + ' PUx,\n  /usr/libexec/qemu-lpm/* PUx,\n')

    def socket_path(self, name='libvirt-sock'):
        full = self.path('/run/libvirt/' + name)
        os.makedirs(os.path.dirname(full), 0o755, exist_ok=True)
        if os.path.lexists(full):
            os.unlink(full)
        return full

    def start(self, how=ANSWER, **more):
        self.stop()
        self.daemon = Daemon(self.socket_path(), how, **more)

    def stop(self):
        if self.daemon:
            self.daemon.close()
            self.daemon = None

    def close(self):
        self.stop()
        self.portal.close()

    def run(self, *args):
        # built for another prefix: packages are made for /usr
        args = ['--root', self.root, '--emulator', EMULATOR, *args] \
            if '--emulator' not in args else ['--root', self.root, *args]
        return lpm('doctor', *args)

    def look(self, *args):
        """{id: [finding]}, and the exit code fits."""
        result = self.run('--format', 'json', *args)
        document = json.loads(result.out)
        check_file(document, SCHEMA)
        statuses = [f['status'] for f in document['findings']]
        code = 1 if 'fail' in statuses else 2 if 'unknown' in statuses else 0
        assert result.code == code, (result.code, statuses)
        assert document['verdict'] == ['pass', 'fail', 'unknown'][code]
        assert result.err == '', result.err
        ids = [f['id'] for f in document['findings']]
        assert ids == sorted(ids)
        found = {}
        for finding in document['findings']:
            bad = finding['status'] in ('fail', 'warn', 'unknown')
            assert bad == ('remedy' in finding), finding
            found.setdefault(finding['id'], []).append(finding)
        return found

    def faults(self, *args):
        """{id: worst status} of what is not as it should be."""
        worst = {}
        for name, findings in self.look(*args).items():
            for status in ('fail', 'unknown', 'warn'):
                if status in [f['status'] for f in findings]:
                    worst.setdefault(name, status)
        return worst


def certificate(days_from=-10, days_to=300, year=None):
    """As far as its times: nobody checks the rest."""
    def der(tag, body):
        size = bytes([len(body)]) if len(body) < 128 else \
            b'\x82' + struct.pack('>H', len(body))
        return bytes([tag]) + size + body

    def when(days):
        at = time.gmtime(time.time() + days * 86400)
        if year:
            return der(24, ('%d0101000000Z' % year).encode())
        return der(23, time.strftime('%y%m%d%H%M%SZ', at).encode())

    body = der(0xa0, der(2, b'\2')) + der(2, b'\1') + der(48, b'') + \
        der(48, b'x' * 200) + der(48, when(days_from) + when(days_to)) + \
        der(48, b'')
    text = base64.encodebytes(der(48, der(48, body))).decode()
    return '-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n' % text


CHECKS = ['daemon.answers', 'daemon.config', 'emulator.build',
          'emulator.file', 'emulator.firmware', 'emulator.loads',
          'emulator.modules', 'emulator.series', 'fabric.complete',
          'fabric.iscsi', 'fabric.npiv', 'hook.called', 'hook.executable',
          'hook.installed', 'hook.safe', 'host.clock', 'host.name',
          'host.uuid', 'network.ports', 'network.tls', 'policy.cpu-model',
          'policy.file', 'records.database', 'records.folder',
          'security.apparmor', 'security.selinux']
# Of a tree the first two cannot be known; the third is another system's.
NOT_HERE = {'emulator.loads', 'host.clock', 'security.selinux'}


def all_is_right(case):
    tree = Tree(case)
    found = tree.look()
    assert sorted(found) == CHECKS
    for name, findings in found.items():
        for finding in findings:
            wanted = 'not-applicable' if name in NOT_HERE else 'pass'
            assert finding['status'] == wanted, finding
    tree.run().expect(0, 'this host: pass (0 failed', absent=['PASS'])
    tree.run('-v').expect(0, 'PASS', 'firewall', 'libvirtd (process 77) '
                          '9.0.0 answers')
    assert 2 in tree.daemon.calls, 'it has left without a word'
    tree.close()


def qemu_conf(text):
    def plant(tree):
        tree.put('/etc/libvirt/qemu.conf', 'user = "root"\n' + text + '\n')
    return plant


def libvirtd_conf(text):
    return lambda tree: tree.put('/etc/libvirt/libvirtd.conf', text + '\n')


def conf(**changes):
    return lambda tree: tree.conf(**changes)


def remove(path):
    return lambda tree: tree.remove(path)


def mode(path, bits):
    return lambda tree: os.chmod(tree.path(path), bits)


def put(path, data, bits=0o644):
    return lambda tree: tree.put(path, data, bits)


def link(path, target):
    return lambda tree: tree.link(path, target)


def fifo(path):
    def plant(tree):
        tree.remove(path)
        os.mkfifo(tree.path(path))
    return plant


def folder(path):
    def plant(tree):
        tree.remove(path)
        os.mkdir(tree.path(path))
    return plant


def both(*plants):
    def plant(tree):
        for one in plants:
            one(tree)
    return plant


def taken(first, last):
    """All of these ports have a listener."""
    return put('/proc/net/tcp', 'sl\n' + ''.join(
        ' %d: 00000000:%04X 00000000:0000 0A 0\n' % (n, n)
        for n in range(first, last + 1)))


def port(name, text):
    return put(PORT + name, text + '\n')


TLS = '/etc/pki/qemu/'
LOCAL = '/etc/apparmor.d/local/usr.sbin.libvirtd'
GUESTS = '/etc/apparmor.d/abstractions/libvirt-qemu.d/qemu-lpm'
# name: check, status, fault, what is said of it, and checks that then have
# nothing to look at
FAULTS = {
    'no-emulator': ('emulator.file', 'fail', remove(EMULATOR), 'not there'),
    'emulator-not-executable': ('emulator.file', 'fail',
                                mode(EMULATOR, 0o644), 'chmod 755'),
    'emulator-of-everybody': ('emulator.file', 'fail', mode(EMULATOR, 0o777),
                              'writable by everybody'),
    'emulator-is-a-folder': ('emulator.file', 'fail', folder(EMULATOR),
                             'not a file'),
    'emulator-is-a-fifo': ('emulator.file', 'fail', fifo(EMULATOR),
                           'not a file'),
    'vanilla': ('emulator.series', 'fail',
                put(EMULATOR, b'\177ELF' + STAMP, 0o755),
                'without the series'),
    'no-codec': ('emulator.modules', 'fail',
                 remove(MODULES + 'migration-multifd-lpm.so'),
                 'lacks migration-multifd-lpm.so'),
    'no-adapter': ('emulator.modules', 'fail',
                   remove(MODULES + 'hw-ppc-spapr-vfc-ppc64.so'),
                   'lacks hw-ppc-spapr-vfc-ppc64.so'),
    'other-build': ('emulator.build', 'fail',
                    put(MODULES + 'migration-lpm-ppc64.so',
                        b'\177ELF' + OTHER_STAMP), 'of another build'),
    'no-module-at-all': ('emulator.build', 'fail',
                         put(MODULES + 'migration-lpm-ppc64.so', b'\177ELF'),
                         'has no stamp'),
    'no-firmware': ('emulator.firmware', 'fail',
                    remove('/usr/share/qemu/slof.bin'),
                    'qemu-system-data'),
    'empty-firmware': ('emulator.firmware', 'fail',
                       put('/usr/share/qemu/slof.bin', ''), 'no slof.bin'),
    'no-hook': ('hook.installed', 'fail', remove(HOOK), 'ln -s'),
    'hook-not-executable': ('hook.executable', 'fail', mode(PROGRAM, 0o644),
                            'chmod 755 ' + PROGRAM),
    'hook-leads-nowhere': ('hook.executable', 'fail', remove(PROGRAM),
                           'leads nowhere'),
    'hook-in-a-circle': ('hook.executable', 'fail', link(PROGRAM, HOOK),
                         'links in a circle'),
    'hook-is-a-fifo': ('hook.executable', 'fail', fifo(PROGRAM),
                       'is not a file'),
    'hook-of-everybody': ('hook.safe', 'fail', mode(PROGRAM, 0o777),
                          PROGRAM + ' is writable by everybody'),
    'hooks-of-everybody': ('hook.safe', 'fail',
                           mode(os.path.dirname(HOOK), 0o777),
                           'qemu.d is writable by everybody'),
    'hook-too-late': ('hook.called', 'fail',
                      lambda tree: tree.start_time(time.time() - 1000),
                      'systemctl restart libvirtd'),
    'no-daemon': ('daemon.answers', 'fail',
                  both(Tree.stop, remove('/run/libvirt/libvirt-sock'),
                       remove('/proc/77/comm')), 'neither libvirtd nor'),
    'no-socket': ('daemon.answers', 'fail',
                  both(Tree.stop, remove('/run/libvirt/libvirt-sock')),
                  'has no socket'),
    'dead-socket': ('daemon.answers', 'fail', Tree.stop,
                    'nobody listens'),
    'no-qemu-driver': ('daemon.answers', 'fail', lambda tree: tree.start(
        refusal='no connection driver available'),
        'no connection driver available'),
    'qemu-conf-broken': ('daemon.config', 'fail', qemu_conf('nonsense'),
                         'line 2'),
    'qemu-conf-open-string': ('daemon.config', 'fail', qemu_conf('a = "x'),
                              'line 2'),
    'qemu-conf-in-a-circle': ('daemon.config', 'fail',
                              link('/etc/libvirt/qemu.conf', 'qemu.conf'),
                              'links in a circle'),
    'qemu-conf-is-a-fifo': ('daemon.config', 'fail',
                            fifo('/etc/libvirt/qemu.conf'), 'not a file'),
    'conf-unknown-key': ('policy.file', 'fail', conf(more='max-inbund=3'),
                         "'max-inbund'"),
    'conf-unknown-group': ('policy.file', 'fail', conf(more='[fabrics]'),
                           '[fabrics]'),
    'conf-no-number': ('policy.file', 'fail', conf(more='max-outbound=lots'),
                       "'lots'"),
    'conf-key-twice': ('policy.file', 'fail', conf(more='max-inbound=5'),
                       'wanted it once'),
    'conf-no-syntax': ('policy.file', 'fail', put(CONF, 'cpu-model=x\n'), ''),
    'conf-is-a-fifo': ('policy.file', 'fail', fifo(CONF), 'not a file'),
    'conf-is-huge': ('policy.file', 'fail', put(CONF, b'#' * (1 << 20)),
                     'larger than'),
    'conf-in-a-circle': ('policy.file', 'fail', link(CONF, 'host.conf'),
                         'links in a circle'),
    'conf-of-everybody': ('policy.file', 'fail', mode(CONF, 0o666),
                          'writable by everybody'),
    'unknown-model': ('policy.cpu-model', 'fail', conf(**{'cpu-model':
                                                          'POWER12'}),
                      "'POWER12'"),
    'unknown-fabric': ('fabric.complete', 'fail', conf(fabric='fcoe'),
                       "'fcoe'"),
    'portal-without-port': ('fabric.complete', 'fail',
                            conf(portal='10.1.2.3'), 'ADDRESS:PORT'),
    'portal-with-a-name': ('fabric.complete', 'fail',
                           conf(portal='san:3260'), 'ADDRESS:PORT'),
    'parent-is-no-host': ('fabric.complete', 'fail', conf(parent='../host3'),
                          'hostN'),
    'no-secret': ('fabric.complete', 'fail', conf(
        fabric='iscsi\nchap-user=me\nchap-secret-file=/etc/lpm/secret'),
        'mode 600'),
    'secret-for-all': ('fabric.complete', 'fail', both(
        put('/etc/lpm/secret', 'x'), conf(
            fabric='iscsi\nchap-user=me\nchap-secret-file=/etc/lpm/secret')),
        'chmod o-r'),
    'silent-portal': ('fabric.iscsi', 'fail',
                      lambda tree: tree.portal.close(), 'refused'),
    'no-such-parent': ('fabric.npiv', 'fail', conf(parent='host9'),
                       'host9'),
    'port-offline': ('fabric.npiv', 'fail', port('port_state', 'Linkdown'),
                     'Linkdown'),
    'port-full': ('fabric.npiv', 'fail', port('npiv_vports_inuse', '255'),
                  '255 of 255'),
    'port-without-npiv': ('fabric.npiv', 'fail',
                          remove(PORT + 'vport_create'), 'vport_create'),
    'port-not-writable': ('fabric.npiv', 'fail',
                          mode(PORT + 'vport_create', 0o444),
                          'cannot be written'),
    'port-not-for-qemu': ('fabric.npiv', 'fail',
                          put('/etc/libvirt/qemu.conf',
                              'user = "libvirt-qemu"\n'),
                          'chown libvirt-qemu'),
    'qemu-user-unknown': ('fabric.npiv', 'unknown',
                          put('/etc/libvirt/qemu.conf', 'user = "nobody9"\n'),
                          "'nobody9'"),
    'no-records': ('records.folder', 'fail',
                   both(remove('/var/lib/lpm/moves.db'),
                        lambda tree: os.rmdir(tree.path('/var/lib/lpm'))),
                   'install -d'),
    'records-of-everybody': ('records.folder', 'fail',
                             mode('/var/lib/lpm', 0o777),
                             'writable by everybody'),
    'records-are-text': ('records.database', 'fail',
                         put('/var/lib/lpm/moves.db', 'x' * 4096),
                         'no SQLite database'),
    'records-cut-off': ('records.database', 'fail',
                        put('/var/lib/lpm/moves.db', b'SQLite format 3\0'
                            b'\x10\0' + bytes(5000)), 'cut off'),
    'records-are-a-fifo': ('records.database', 'fail',
                           fifo('/var/lib/lpm/moves.db'), 'not a file'),
    'name-is-loopback': ('host.name', 'warn',
                         put('/etc/hosts', '127.0.1.1 hosta\n'),
                         '127.0.1.1'),
    'name-is-localhost': ('host.name', 'fail',
                          put('/proc/sys/kernel/hostname',
                              'localhost.localdomain\n'), 'localhost'),
    'name-is-unknown': ('host.name', 'unknown',
                        put('/etc/hosts', '10.1.2.3 hostb # hosta\n'),
                        'not in /etc/hosts'),
    'migration-host-is-loopback': ('host.name', 'fail',
                                   qemu_conf('migration_host = "[::1]"'),
                                   '::1'),
    'uuid-all-equal': ('host.uuid', 'fail', libvirtd_conf(
        "host_uuid = '00000000-0000-0000-0000-000000000000'"),
        'does not take'),
    'uuid-of-many': ('host.uuid', 'fail', libvirtd_conf(
        'host_uuid = "03000200-0400-0500-0006-000700080009"'), 'many boards'),
    'uuid-temporary': ('host.uuid', 'warn', libvirtd_conf('#'),
                       'makes one up'),
    'uuid-of-smbios': ('host.uuid', 'warn', both(libvirtd_conf('#'), put(
        '/sys/class/dmi/id/product_uuid',
        'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n')), 'makes one up'),
    'no-machine-id': ('host.uuid', 'fail', libvirtd_conf(
        'host_uuid_source = "machine-id"'), '/etc/machine-id'),
    'all-ports-taken': ('network.ports', 'fail', taken(49152, 49215),
                        'are taken'),
    'few-ports-left': ('network.ports', 'warn', taken(49152, 49213),
                       '2 of 49152'),
    'ports-upside-down': ('network.ports', 'fail',
                          qemu_conf('migration_port_min = 50000'), 'above'),
    'ports-of-no-range': ('network.ports', 'fail',
                          qemu_conf('migration_port_max = 70000'), '70000'),
    'tls-in-part': ('network.tls', 'warn', remove(TLS + 'client-key.pem'),
                    'lacks client-key.pem'),
    'tls-expired': ('network.tls', 'warn',
                    put(TLS + 'server-cert.pem', certificate(-20, -10)),
                    'expired'),
    'tls-expires-soon': ('network.tls', 'warn',
                         put(TLS + 'client-cert.pem', certificate(-20, 3)),
                         'expires'),
    'tls-not-yet': ('network.tls', 'warn',
                    put(TLS + 'ca-cert.pem', certificate(year=2150)),
                    '2150-01-01'),
    'tls-no-certificate': ('network.tls', 'warn',
                           put(TLS + 'ca-cert.pem', 'what?'),
                           'no certificate'),
    'tls-key-for-all': ('network.tls', 'warn',
                        mode(TLS + 'server-key.pem', 0o644),
                        'chmod o-r'),
    'apparmor-no-emulator': ('security.apparmor', 'fail', put(GUESTS, ''),
                             EMULATOR + ' rmix,'),
    'apparmor-no-modules': ('security.apparmor', 'fail',
                            put(GUESTS, EMULATOR + ' rmix,\n'),
                            'spapr-vfc-ppc64.so mr,'),
    'apparmor-no-hook': ('security.apparmor', 'fail',
                         put(LOCAL, EMULATOR + ' PUx,\n'),
                         PROGRAM + ' PUx,'),
    'apparmor-denies': ('security.apparmor', 'fail', put(
        LOCAL, '/usr/l*/** PUx,\ndeny /usr/lib/qemu-lpm/** x,\n'),
        EMULATOR + ' PUx,'),
}


def each_fault_alone(case):
    for name, row in FAULTS.items():
        check, status, plant, text = row
        tree = Tree(case, name)
        plant(tree)
        begin = time.monotonic()
        faults = tree.faults()
        assert time.monotonic() - begin < 5, name
        assert faults == {check: status}, (name, faults)
        said = json.dumps(tree.look('--check', check), ensure_ascii=False)
        assert text in said, (name, text, said)
        tree.close()
    planted = {row[0] for row in FAULTS.values()}
    assert planted == set(CHECKS) - NOT_HERE, planted ^ set(CHECKS)


def a_daemon_that_hangs(case):
    """Stopped as by SIGSTOP: the kernel takes connections, nobody answers."""
    tree = Tree(case, how=None)
    path = tree.socket_path()
    child = os.fork()
    if child == 0:
        try:
            Daemon(path, DEAF).serve()
        finally:
            os._exit(0)
    try:
        await_true('the socket', lambda: os.path.exists(path))
        await_true('an answer', lambda: tree.faults() == {})
        os.kill(child, signal.SIGSTOP)
        await_true('the stop', lambda: open(
            '/proc/%d/stat' % child).read().rsplit(')', 1)[1].split()[0]
            == 'T')
        begin = time.monotonic()
        found = tree.look()
        assert time.monotonic() - begin < 6
        daemon = found['daemon.answers'][0]
        assert daemon['status'] == 'fail', daemon
        assert 'has not answered within' in daemon['got'], daemon
        assert {name for name, f in found.items()
                if f[0]['status'] == 'fail'} == {'daemon.answers'}
        os.kill(child, signal.SIGCONT)
        await_true('an answer again', lambda: tree.faults() == {})
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    tree.close()


def a_daemon_with_a_queue(case):
    """Its backlog is full: not even connect() comes back."""
    tree = Tree(case, how=None)
    daemon = Daemon(tree.socket_path(), DEAF, backlog=0)
    waiting = []
    for _ in range(3):
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        waiting.append(one)
        try:
            one.connect(tree.path('/run/libvirt/libvirt-sock'))
        except BlockingIOError:
            break
    begin = time.monotonic()
    faults = tree.look('--check', 'daemon.answers')['daemon.answers']
    assert time.monotonic() - begin < 5
    assert faults[0]['status'] == 'fail', faults
    assert 'has not answered' in faults[0]['got'], faults
    for one in waiting:
        one.close()
    daemon.close()
    tree.close()


def talk(data):
    """A daemon that says this to whoever comes."""
    class Talker(Daemon):
        def talk(self, peer):
            peer.recv(28)
            peer.sendall(data)
    return Talker


def daemons_that_babble(case):
    head = [0x20008086, 1, 66, 1, 66, 0]
    for number, data in enumerate((
            b'', b'HTTP/1.1 400 Bad Request\r\n\r\n  ',
            pack(0xffffffff, *head), pack(27, *head), pack(0, *head),
            pack(40, 1, 1, 66, 1, 66, 0), pack(28 + 4, *head) + b'xx',
            pack(28 + 8, *head) + pack(0xffffffff, 0),
            pack(28, 0x20008086, 1, 66, 1, 66, 1), os.urandom(4096))):
        tree = Tree(case, str(number), how=None)
        tree.daemon = talk(data)(tree.socket_path())
        found = tree.look('--check', 'daemon.answers')['daemon.answers'][0]
        # an error for an answer is one, too
        assert found['status'] == ('pass' if number == 8 else 'fail'), found
        tree.close()


def virtqemud(case):
    tree = Tree(case, how=None)
    tree.daemon = Daemon(tree.socket_path('virtqemud-sock'))
    tree.remove('/run/libvirtd.pid')
    tree.put('/run/virtqemud.pid', '77')
    tree.put('/proc/77/comm', 'virtqemud')
    for old, new in (('/etc/libvirt/libvirtd.conf',
                      '/etc/libvirt/virtqemud.conf'),
                     ('/etc/apparmor.d/usr.sbin.libvirtd',
                      '/etc/apparmor.d/usr.sbin.virtqemud')):
        os.rename(tree.path(old), tree.path(new))
    assert tree.faults() == {}
    # where libvirt is in parts, virtproxyd has the other socket
    proxy = Daemon(tree.socket_path(), refusal='not me')
    assert tree.faults() == {}
    proxy.close()
    tree.put('/etc/libvirt/virtqemud.conf', '')
    assert tree.faults() == {'host.uuid': 'warn'}
    tree.close()


def hooks_by_age(case):
    """What is certain fails or passes; what may be is a warning."""
    tree = Tree(case)
    tree.start_time(time.time() - 1000)
    assert tree.faults() == {'hook.called': 'fail'}
    # changed about when it started; there may have been one before
    tree.start_time(time.time() + 1)
    assert tree.faults() == {'hook.called': 'warn'}
    tree.remove('/proc/77/stat')
    assert tree.faults() == {'hook.called': 'unknown'}
    # not running: it will see it
    tree.stop()
    tree.remove('/run/libvirt/libvirt-sock')
    tree.remove('/proc/77/comm')
    found = tree.look('--check', 'hook.called')['hook.called'][0]
    assert found['status'] == 'not-applicable', found
    tree.close()


def hook_in_another_form(case):
    """A file instead of a link, and a daemon known by a search."""
    tree = Tree(case)
    tree.put(HOOK, '#!/bin/sh\n', 0o755)
    tree.put(LOCAL, EMULATOR + ' PUx,\n' + HOOK + ' rmix,\n')
    assert tree.faults() == {}
    tree.remove('/run/libvirtd.pid')
    assert tree.faults() == {}
    # two of that name: which one it is nobody knows
    tree.put('/proc/78/comm', 'libvirtd\n')
    assert tree.faults() == {'hook.called': 'unknown'}
    tree.close()


def links_stay_below_the_root(case):
    tree = Tree(case)
    outside = case.path('outside')
    with open(outside, 'w', encoding='utf-8') as file:
        file.write('#!/bin/sh\n')
    os.chmod(outside, 0o755)
    for target in (outside, '../' * 20 + outside[1:]):
        tree.link(HOOK, target)
        assert tree.faults() == {'hook.executable': 'fail'}, target
    # and ".." at the top is the top
    tree.link(HOOK, '../' * 20 + PROGRAM[1:])
    assert tree.faults() == {}
    tree.close()


def emulators_of_guests(case):
    tree = Tree(case)
    guest = ('<domain type="kvm"><os><type arch="%s" machine="pseries">hvm'
             '</type></os>%s<devices><emulator>%s</emulator></devices>'
             '</domain>\n')
    ours = '<metadata><p:partition xmlns:p="https://qemu-lpm.org/xmlns/' \
        'partition/1"/></metadata>'
    vanilla = '/usr/bin/qemu-system-ppc64'
    tree.put(vanilla, b'\177ELF', 0o755)
    where = '/etc/libvirt/qemu/'
    tree.put(where + 'a.xml', guest % ('ppc64le', ours, EMULATOR))
    tree.put(where + 'b.xml', guest % ('ppc64', ours, ' /opt/other '))
    tree.put(where + 'c.xml', guest % ('x86_64', ours, '/not/for/us'))
    tree.put(where + 'd.xml', guest % ('ppc64', '', vanilla))
    tree.put(where + 'e.xml', '<domain><os>' * 1000)
    tree.put(where + 'f.xml', b'\xff\xfe\0<')
    os.mkfifo(tree.path(where + 'g.xml'))

    def run():
        result = lpm('doctor', '--root', tree.root, '-f', 'json', '--check',
                     'emulator.file')
        return {f['about']: f['status']
                for f in json.loads(result.out)['findings']}
    assert run() == {EMULATOR: 'pass', '/opt/other': 'fail'}
    # a guest of ours whose <emulator> is Debian's
    tree.put(where + 'a.xml', guest % ('ppc64le', ours, vanilla))
    tree.remove(where + 'b.xml')
    assert run() == {vanilla: 'pass'}
    result = lpm('doctor', '--root', tree.root, '--check', 'emulator.series')
    result.expect(1, 'without the series', vanilla)
    tree.close()


def an_emulator_that_is_a_script(case):
    tree = Tree(case)
    tree.put(EMULATOR, '#!/bin/sh\nexec false\n', 0o755)
    faults = tree.faults()
    assert faults == {'emulator.build': 'unknown',
                      'emulator.modules': 'unknown',
                      'emulator.series': 'unknown'}, faults
    tree.close()


def script(case, name, text):
    path = case.path(name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#!/bin/sh\n' + text)
    os.chmod(path, 0o755)
    return path


GOOD = '''for i in 1 2 3 4 5; do read line && echo '{"return": {}}'; done\n'''


def emulators_that_are_run(case):
    """On the host itself, with programs that say what a QEMU would."""
    if os.getuid() and os.stat(case.dir).st_uid not in (0, os.getuid()):
        raise Skip('the folder for temporary files is a stranger\'s')
    rows = {
        'good': (GOOD, 'pass', 'it has loaded'),
        'vanilla': ('echo \'{"return": {}}\'; echo \'{"error": {"class": '
                    '"GenericError", "desc": "Parameter qom-type"}}\'\n',
                    'fail', '-object migration-lpm: Parameter qom-type'),
        'no-library': ('echo "error while loading libiscsi.so.7" >&2; '
                       'exit 127\n', 'fail', 'libiscsi.so.7'),
        'silent': ('exit 0\n', 'fail', 'it printed nothing'),
        'dies': (GOOD + 'kill -9 $$\n', 'fail', 'it ended before'),
        'no-interpreter': (None, 'fail', 'it does not start'),
    }
    for name, (text, status, said) in rows.items():
        path = script(case, name, text or '')
        if text is None:
            with open(path, 'w', encoding='utf-8') as file:
                file.write('#!/nowhere/sh\n')
        result = lpm('doctor', '--emulator', path, '-f', 'json', '--check',
                     'emulator.loads')
        finding, = json.loads(result.out)['findings']
        if os.getuid():         # not root's, so root would not run it
            assert finding['status'] in (status, 'not-applicable'), finding
            continue
        assert finding['status'] == status, (name, finding)
        assert said in finding['got'], (name, finding)


def is_gone(pid):
    try:
        with open('/proc/%d/stat' % pid, encoding='utf-8') as file:
            return file.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


def emulator_that_never_ends(case):
    """It has ten seconds; what it has started goes with it."""
    if os.getuid():
        raise Skip('run as root: programs of others are not run')
    mark = case.path('pid')
    # the program itself ends, and leaves somebody with its output
    path = script(case, 'hang', 'sleep 1000 & echo $! > %s\n' % mark)
    begin = time.monotonic()
    result = lpm('doctor', '--emulator', path, '--check', 'emulator.loads',
                 '--check', 'emulator.firmware')
    result.expect(1, 'has not ended within')
    assert time.monotonic() - begin < 20, 'it was run twice'
    with open(mark, encoding='utf-8') as file:
        pid = int(file.read())
    await_true('its child to be gone', lambda: is_gone(pid))


def portals(case):
    tree = Tree(case)
    good = '127.0.0.1:%d' % tree.portal.port
    closed = Listener()
    dead = '127.0.0.1:%d' % closed.port
    closed.close()
    tree.conf(portal=good + '+' + dead)
    assert tree.faults() == {'fabric.iscsi': 'warn'}
    tree.conf(portal=dead + '+' + dead)
    assert tree.faults() == {'fabric.iscsi': 'fail'}
    # nobody takes the connection, and nobody refuses it
    full = socket.socket()
    full.bind(('127.0.0.1', 0))
    full.listen(0)
    waiting = []
    for _ in range(8):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(full.getsockname())
        waiting.append(one)
    tree.conf(portal='127.0.0.1:%d' % full.getsockname()[1])
    begin = time.monotonic()
    found = tree.look('--check', 'fabric.iscsi')['fabric.iscsi'][0]
    assert found['status'] == 'fail' and 'imed out' in found['got'], found
    assert time.monotonic() - begin < 5
    for one in [*waiting, full]:
        one.close()
    tree.close()


def rights_of_groups(case):
    tree = Tree(case)
    tree.put('/etc/libvirt/qemu.conf', 'user = "libvirt-qemu"\n')
    create = tree.path(PORT + 'vport_create')
    if os.getuid():
        raise Skip('run as root: files are given away')
    assert tree.faults() == {'fabric.npiv': 'fail'}
    os.chown(create, 0, 500)
    assert tree.faults() == {'fabric.npiv': 'fail'}
    os.chmod(create, 0o664)
    assert tree.faults() == {}
    os.chown(create, 64055, 0)
    os.chmod(create, 0o200)
    assert tree.faults() == {}
    tree.put('/etc/libvirt/qemu.conf', 'user = "+64055"\n')
    assert tree.faults() == {}
    # without the key it is Debian's user, or Fedora's
    tree.put('/etc/libvirt/qemu.conf', '')
    assert tree.faults() == {}
    tree.close()


def owned_by_strangers(case):
    if os.getuid():
        raise Skip('run as root: files are given away')
    for path, check in ((PROGRAM, 'hook.safe'), (EMULATOR, 'emulator.file'),
                        (CONF, 'policy.file'),
                        ('/var/lib/lpm', 'records.folder'),
                        ('/var/lib/lpm/moves.db', 'records.database')):
        tree = Tree(case, os.path.basename(path))
        os.chown(tree.path(path), STRANGER, 0)
        assert tree.faults() == {check: 'fail'}, path
        result = tree.run('--check', check)
        result.expect(1, 'owned by user %d' % STRANGER)
        # and of a group
        os.chown(tree.path(path), 0, STRANGER)
        os.chmod(tree.path(path), 0o775)
        assert tree.faults() == {check: 'fail'}, path
        tree.close()


def files_without_an_end(case):
    tree = Tree(case)
    with open(tree.path(EMULATOR), 'r+b') as file:
        file.truncate(1 << 40)
    with open(tree.path('/var/lib/lpm/moves.db'), 'r+b') as file:
        file.truncate(1 << 40)
    tree.link('/etc/apparmor.d/local/usr.sbin.libvirtd', '/dev/zero')
    tree.link(MODULES + 'migration-lpm-ppc64.so', '/dev/zero')
    tree.link('/proc/net/tcp', '/dev/zero')
    os.mkdir(tree.path('/dev'))
    # no device without rights: a FIFO is as endless
    os.mkfifo(tree.path('/dev/zero'))
    begin = time.monotonic()
    assert tree.faults() == {'emulator.modules': 'fail',
                             'network.ports': 'unknown',
                             'security.apparmor': 'fail'}, tree.faults()
    assert time.monotonic() - begin < 30
    tree.close()


def nothing_at_all(case):
    os.mkdir(case.path('empty'))
    result = lpm('doctor', '--root', case.path('empty'))
    result.expect(1, 'FAIL', 'daemon.answers', 'emulator.file',
                  'hook.installed', 'records.folder', 'UNKNOWN')


def hostile_names(case):
    """What is printed is text, and nothing for a terminal."""
    tree = Tree(case)
    tree.put(CONF, b'[host]\n\x1b[31mkey=1\n[fabric a\x1b]0;b]\nfabric=iscsi'
             b'\nportal=\x1b[2J\n')
    tree.run().expect(1, 'policy.file', absent=['\x1b'])
    tree.put(CONF, b'[fabric \xff\xfe]\nfabric=\xff\n')
    tree.run('-f', 'json').expect(1)
    for data in (b'', b'\0', b'[', b'[host]', b'[host]\n' * 20000,
                 b'\n'.join(b'[fabric f%d]' % n for n in range(5000)),
                 b'[fabric a]\nfabric=iscsi\nportal=' + b'1.1.1.1:1+' * 99,
                 b'[fabric ]\nfabric=npiv\nparent=host99999999999\n',
                 b'\xef\xbb\xbf[host]\n', os.urandom(65536)):
        tree.put(CONF, data)
        assert set(tree.faults()) <= {'policy.file', 'fabric.complete'}, data
    for data in (b'', b'=' * 1000, b'a = [' * 5000, b'a = """' + b'"' * 9999,
                 b'a = [ "x" "y" ]', b'a = 1 2', b'\0', b"a='\n'",
                 os.urandom(65536)):
        tree.conf()
        tree.put('/etc/libvirt/qemu.conf', data)
        assert tree.faults('--check', 'daemon.config', '--check',
                           'network.ports').keys() <= {'daemon.config'}, data
    tree.close()


def unreadable(case):
    if not os.getuid():
        raise Skip('root reads all')
    tree = Tree(case)
    os.chmod(tree.path(CONF), 0)
    assert tree.faults() == {'policy.file': 'fail'}
    os.chmod(tree.path('/run/libvirt/libvirt-sock'), 0)
    assert tree.faults() == {'policy.file': 'fail',
                             'daemon.answers': 'unknown'}
    tree.close()


def this_host(case):
    """Whatever it is: no crash, in time, and the code is that of the doc."""
    begin = time.monotonic()
    result = lpm('doctor', '--format', 'json')
    document = json.loads(result.out)
    check_file(document, SCHEMA)
    assert result.code == {'pass': 0, 'fail': 1, 'unknown': 2}[
        document['verdict']]
    assert time.monotonic() - begin < 40
    assert sorted({f['id'] for f in document['findings']}) == CHECKS
    assert lpm('doctor', '--root', '/', '-q').out == ''
    lpm('doctor', '-v').expect(result.code, 'this host: ')


def checks_by_name(case):
    tree = Tree(case)
    found = tree.look('--check', 'host.uuid', '--check', 'hook.safe')
    assert sorted(found) == ['hook.safe', 'host.uuid']
    lpm('doctor', '--check', 'host').expect(3, 'no such check')
    listed = [line.split()[0] for line in
              lpm('doctor', '--list').expect(0).out.splitlines()]
    assert listed == CHECKS
    document = json.loads(lpm('doctor', '--list', '-f', 'json').out)
    assert [row['id'] for row in document['checks']] == CHECKS
    for row in document['checks']:
        assert row['title'] and row['wanted'] and row['remedy']
        tree.look('--check', row['id'])
    tree.close()


def manual_has_the_same_checks(case):
    path = os.path.join(DATA, '..', '..', 'docs', 'lpm.1')
    with open(path, encoding='utf-8') as file:
        text = file.read().replace('\\-', '-')
    section = text.split('.SH DOCTOR')[1].split('\n.SH ')[0]
    assert re.findall(r'^\.TP\n\.B (\S+)$', section, re.M) == CHECKS


def a_terminal(case):
    tree = Tree(case)
    tree.remove(HOOK)
    out = on_a_terminal(['doctor', '--root', tree.root, '--emulator',
                         EMULATOR])
    assert '\033[31mFAIL' in out
    out = re.sub('\033\\[[0-9;]*m', '', out).replace('\r', '')
    assert max(len(line) for line in out.splitlines()
               if not line.startswith('this host')) < 80
    tree.close()


USAGE = [
    ('x',), ('--root',), ('--root', '/nowhere'), ('--root', '/etc/passwd'),
    ('--emulator', 'qemu'), ('--format', 'junit'), ('-q', '-v'),
    ('--check', ''), ('--check', 'hook'), ('--list', '--check', 'hook.safe'),
    ('--list', '-q'), ('--nonsense',),
]


def usage_errors(case):
    for arguments in USAGE:
        result = lpm('doctor', *arguments).expect(3)
        assert result.out == '' and result.err != '', arguments


main([all_is_right, each_fault_alone, a_daemon_that_hangs,
      a_daemon_with_a_queue, daemons_that_babble, virtqemud, hooks_by_age,
      hook_in_another_form, links_stay_below_the_root, emulators_of_guests,
      an_emulator_that_is_a_script, emulators_that_are_run,
      emulator_that_never_ends, portals, rights_of_groups,
      owned_by_strangers, files_without_an_end, nothing_at_all,
      hostile_names, unreadable, this_host, checks_by_name,
      manual_has_the_same_checks, a_terminal, usage_errors])
