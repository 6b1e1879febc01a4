#!/usr/bin/env python3
#
# What the folders may know of each other, checked by machine
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: check.py headers|includes|symbols|selftest ROOT CC...

headers   every header under plugin/core and validate compiles alone
includes  no QEMU header outside plugin/qemu; inside plugin/core no folder
          but bytes and error is used by another; no JSON or I/O library
symbols   plugin/core calls nothing that prints, exits or aborts, only codec
          calls zstd, and only vfc/npiv-sysfs.c uses files
selftest  a tree with one fault of each kind: all of them must be found
"""
import os
import re
import subprocess
import sys
import tempfile

QEMU_INCLUDE = re.compile(
    r'#\s*include\s*[<"](qemu/|qapi/|qom/|hw/|migration/|exec/|system/|sysemu/'
    r'|target/|io/|block/|net/|monitor/|trace|hw-|osdep|kvm_ppc|cpu\.h'
    r'|config-(host|target))')
INCLUDE = re.compile(r'#\s*include\s*"([^"]+)"')

# Arrows of plugin/core: who may include whom.
CORE_ARROWS = {
    'error': {'error'},
    'bytes': {'bytes', 'error'},
    'compat': {'compat', 'bytes', 'error'},
    'codec': {'codec', 'bytes', 'error'},
    'vfc': {'vfc', 'bytes', 'error'},
}

# What the pure code may ask of anybody else.
ALLOWED = re.compile(
    r'^(g_\w+'
    r'|mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr|rchr|str)|bcmp'
    r'|__(mem|str)\w+_chk|__stack_chk_fail'
    r'|_GLOBAL_OFFSET_TABLE_'
    r'|__(a|u|t)san_\w+|__ubsan_\w+|__sanitizer_\w+|__gcov_\w+|__gcc_\w+'
    r'|__(start|stop)___sancov_\w+|llvm_gcov_\w+|mcount|_mcount)$')
# glib functions that print, exit, or touch the world.
FORBIDDEN = re.compile(
    r'^(g_(print|printerr|error|abort|on_error|spawn|file_|getenv|setenv'
    r'|get_current|get_monotonic|get_real|thread_|usleep|main_|timeout|idle'
    r'|io_|log(_|$)|logv|warning|critical|message|test_|mkdir|open|fopen|chdir'
    r'|random_|unlink|rename)\w*)$')
# g_return_if_fail() and friends end in these; they are asserts of ours.
ASSERTS = {'g_assertion_message_expr', 'g_assertion_message',
           'g_return_if_fail_warning', 'g_assertion_message_cmpnum',
           'g_assertion_message_cmpstr'}
CODEC_ONLY = re.compile(r'^(ZSTD_\w+|ZDICT_\w+|XXH\w+|clock_gettime'
                        r'|g_get_monotonic_time)$')
# The one file of the pure code that looks at the world: at a tree that it is
# given, since validator and adapter read the same one.
FILES_ONLY = {os.path.join('vfc', 'npiv-sysfs.c')}
FILES = re.compile(r'^(open|close|read|write|access|opendir|readdir|closedir'
                   r'|strstr|__errno_location|__(open|read)\w*|\w+64(_2)?)$')


def files(top, suffixes):
    found = []
    for folder, _, names in os.walk(top):
        found += [os.path.join(folder, name) for name in names
                  if name.endswith(suffixes)]
    return sorted(found)


def sources(root):
    """Ours outside of plugin/qemu: pure code, program, tests."""
    found = []
    for top in ('plugin', 'validate', 'tests'):
        found += files(os.path.join(root, top), ('.c', '.h'))
    glue = os.path.join(root, 'plugin', 'qemu') + os.sep
    guest = os.path.join(root, 'tests', 'guest') + os.sep
    qtest = os.path.join(root, 'tests', 'qtest') + os.sep
    return [path for path in found
            if not path.startswith((glue, guest, qtest))]


def compile_one(cc, path, flags, output):
    return subprocess.run(cc + flags + ['-c', path, '-o', output],
                          capture_output=True, text=True, check=False)


def library_flags():
    done = subprocess.run(['pkg-config', '--cflags', 'gio-unix-2.0',
                           'json-glib-1.0', 'libxml-2.0'], text=True,
                          check=True, capture_output=True)
    return done.stdout.split()


def base_flags(root, flags):
    return ['-std=gnu11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror',
            '-Wno-missing-field-initializers',
            '-I' + os.path.join(root, 'plugin', 'core'),
            '-I' + os.path.join(root, 'validate')] + flags


def check_headers(root, cc, flags):
    results = []
    headers = files(os.path.join(root, 'plugin', 'core'), ('.h',)) + \
        files(os.path.join(root, 'validate'), ('.h',))
    with tempfile.TemporaryDirectory() as folder:
        for header in headers:
            unit = os.path.join(folder, 'unit.c')
            with open(unit, 'w', encoding='utf-8') as f:
                # Twice: the guard is part of the header.
                f.write('#include "%s"\n' % header * 2)
            done = subprocess.run(cc + base_flags(root, flags) +
                                  ['-fsyntax-only', unit], text=True,
                                  capture_output=True, check=False)
            results.append((os.path.relpath(header, root),
                            done.stderr if done.returncode else ''))
    return results


def check_includes(root, _cc, _flags):
    results = []
    core = os.path.join(root, 'plugin', 'core')
    for path in sources(root):
        with open(path, encoding='utf-8') as f:
            lines = f.read().splitlines()
        faults = []
        for number, line in enumerate(lines, 1):
            if QEMU_INCLUDE.match(line.strip()):
                faults.append('%d: QEMU header: %s' % (number, line))
            match = INCLUDE.match(line.strip())
            if match and path.startswith(core + os.sep):
                faults += core_faults(core, path, match.group(1), number)
            if path.startswith(core + os.sep) and \
                    os.path.relpath(path, core) not in FILES_ONLY and \
                    re.search(r'<(json-glib|gio|stdio|stdlib|unistd|sys/)',
                              line):
                faults.append('%d: the world outside: %s' % (number, line))
        results.append((os.path.relpath(path, root), '\n'.join(faults)))
    return results


def core_faults(core, path, name, number):
    here = os.path.dirname(path)
    target = os.path.normpath(os.path.join(here, name))
    if not os.path.exists(target):
        target = os.path.normpath(os.path.join(core, name))
    if not target.startswith(core + os.sep):
        return ['%d: leaves plugin/core: %s' % (number, name)]
    mine = os.path.relpath(path, core).split(os.sep)[0]
    theirs = os.path.relpath(target, core).split(os.sep)[0]
    if theirs not in CORE_ARROWS.get(mine, {mine}):
        return ['%d: %s may not know %s: %s' % (number, mine, theirs, name)]
    return []


def check_symbols(root, cc, flags):
    results = []
    core = os.path.join(root, 'plugin', 'core')
    units = files(core, ('.c',))
    defined, undefined = set(), {}
    with tempfile.TemporaryDirectory() as folder:
        for unit in units:
            output = os.path.join(folder, 'unit.o')
            done = compile_one(cc, unit,
                               base_flags(root, flags) + ['-O2', '-fPIC'],
                               output)
            if done.returncode:
                results.append((os.path.relpath(unit, root), done.stderr))
                continue
            table = subprocess.run(['nm', '-P', output], text=True, check=True,
                                   capture_output=True).stdout
            undefined[unit] = set()
            for line in table.splitlines():
                name, kind = line.split()[:2]
                (undefined[unit] if kind == 'U' else defined).add(name)
    for unit, names in undefined.items():
        codec = unit.startswith(os.path.join(core, 'codec') + os.sep)
        bad = []
        for name in sorted(names - defined - ASSERTS):
            if codec and CODEC_ONLY.match(name):
                continue
            if os.path.relpath(unit, core) in FILES_ONLY and \
                    FILES.match(name):
                continue
            if FORBIDDEN.match(name) or not ALLOWED.match(name):
                bad.append(name)
        results.append((os.path.relpath(unit, root),
                        'calls ' + ', '.join(bad) if bad else ''))
    return results


FAULTS = {
    'plugin/core/compat/alone.h': 'gsize needs_glib(void);\n',
    'plugin/core/compat/fine.h': 'int lpm_fine(void);\n',
    'plugin/core/compat/qemu.c': '#include "qemu/osdep.h"\n',
    'plugin/core/compat/arrow.c': '#include "../codec/codec.h"\n',
    'plugin/core/compat/world.c': '#include <stdio.h>\n',
    'plugin/core/compat/calls.c':
        'void lpm_calls(void);\nvoid exit(int);\n'
        'void lpm_calls(void)\n{\n    exit(1);\n}\n',
    'plugin/core/vfc/file.c':
        'int open(const char *, int, ...);\nint lpm_file(void);\n'
        'int lpm_file(void)\n{\n    return open("/sys", 0);\n}\n',
    'plugin/core/bytes/zstd.c':
        'void ZSTD_x(void);\nvoid lpm_zstd(void);\n'
        'void lpm_zstd(void)\n{\n    ZSTD_x();\n}\n',
    'plugin/core/codec/codec.h': 'int lpm_codec(void);\n',
    'plugin/qemu/glue.c': '#include "qemu/osdep.h"\n',
    'validate/facts/qemu.h': '#include "hw/boards.h"\n',
}
WANTED = {
    'headers': {'plugin/core/compat/alone.h', 'validate/facts/qemu.h'},
    'includes': {'plugin/core/compat/qemu.c', 'plugin/core/compat/arrow.c',
                 'plugin/core/compat/world.c', 'validate/facts/qemu.h'},
    # qemu.c does not compile at all.
    'symbols': {'plugin/core/compat/calls.c', 'plugin/core/bytes/zstd.c',
                'plugin/core/vfc/file.c',
                'plugin/core/compat/qemu.c'},
}


def check_selftest(_root, cc, flags):
    results = []
    checks = {'headers': check_headers, 'includes': check_includes,
              'symbols': check_symbols}
    with tempfile.TemporaryDirectory() as tree:
        for name, text in FAULTS.items():
            path = os.path.join(tree, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
        for kind, check in checks.items():
            found = {name for name, fault in check(tree, cc, flags) if fault}
            results.append((kind, '' if found == WANTED[kind] else
                            'found %s, wanted %s' % (sorted(found),
                                                     sorted(WANTED[kind]))))
    return results


def main():
    checks = {'headers': check_headers, 'includes': check_includes,
              'symbols': check_symbols, 'selftest': check_selftest}
    if len(sys.argv) < 4 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    root = os.path.abspath(sys.argv[2])
    results = checks[sys.argv[1]](root, sys.argv[3:], library_flags())
    print('1..%d' % max(len(results), 1))
    if not results:
        print('not ok 1 nothing found to check')
    for number, (name, fault) in enumerate(results, 1):
        print('%s %d %s' % ('not ok' if fault else 'ok', number, name))
        for line in fault.splitlines():
            print('# ' + line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
