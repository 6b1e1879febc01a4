# lpm validate, offer and the command line
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

from mockqmp import DATA, err, lpm, main, on_a_terminal, recording, ret
from schema import check_file

TOP = os.path.join(DATA, '..', '..')


def both(a, b):
    return '--source', a.name, '--destination', b.name


def passes(case):
    a, b = case.pair()
    lpm('validate', *both(a, b)).expect(0, 'verdict: pass', '0 failed',
                                        '0 unknown', absent=['\033'])


def only_asks(case):
    a, b = case.pair()
    lpm('validate', *both(a, b)).expect(0)
    for name in a.order() + b.order():
        assert name == 'qmp_capabilities' or name.startswith('query-'), name


def check_verdict(document, verdict):
    check_file(document, os.path.join(TOP, 'docs/lpm-verdict.schema.json'))
    assert document['verdict'] == verdict
    ids = [result['id'] for result in document['results']]
    assert ids == sorted(ids) and len(ids) == len(set(ids))


def rules(**wanted):
    out = lpm('validate', '--list', '--format', 'json').expect(0).out
    return [rule for rule in json.loads(out)['rules']
            if all(value == rule[key] if isinstance(value, bool) else
                   value in rule[key] for key, value in wanted.items())]


def json_pass(case):
    a, b = case.pair()
    result = lpm('validate', *both(a, b), '--format', 'json').expect(0)
    document = json.loads(result.out)
    check_verdict(document, 'pass')
    assert document['profile'] == 'qemu' and document['move'] == 'active'
    assert [rule['id'] for rule in rules(profiles='qemu')
            if not rule['advice']] == [r['id'] for r in document['results']]
    facts = {r['id']: r.get('facts') for r in document['results']}
    assert facts['state.source-running'] == [
        {'path': 'source.qemu.live', 'value': 'yes', 'origin': 'qmp'},
        {'path': 'source.qemu.run-state', 'value': 'running',
         'origin': 'query-status'}], facts['state.source-running']


def json_fail_and_unknown(case):
    a, b = case.pair('vanilla')
    result = lpm('validate', *both(a, b), '-f', 'json').expect(1)
    document = json.loads(result.out)
    check_verdict(document, 'fail')
    status = {r['id']: r['status'] for r in document['results']}
    assert status['lpm.object-source'] == 'fail'
    assert status['cpu.count'] == 'unknown'
    assert status['memory.size-equal'] == 'pass'


def failure_has_both_values_and_remedy(case):
    offer = recording('lpm-destination')[1]['query-lpm-offer']['return']
    offer['cpu']['modes'] = ['power8']
    a, b = case.pair(destination={'query_lpm_offer': ret(offer)})
    result = lpm('validate', *both(a, b)).expect(
        1, 'FAIL', 'cpu-compat.current-supported', 'source: power9',
        'destination: power8', 'remedy', 'verdict: fail')
    assert result.out.startswith('FAIL')


def all_failures_at_once(case):
    a, b = case.pair(
        source={'query_status': ret({'status': 'guest-panicked',
                                     'running': False}),
                'query_migrate': ret({'blocked-reasons': ['reason one',
                                                          'reason two']})},
        destination={'query_status': ret({'status': 'running',
                                          'running': True}),
                     'query_memory_size_summary': ret({
                         'base-memory': 1 << 20, 'plugged-memory': 0})})
    lpm('validate', *both(a, b)).expect(
        1, 'state.source-running', 'guest-panicked',
        'state.destination-incoming', 'migration.blockers', 'reason one',
        'reason two', 'memory.size-equal')


def warning_alone_passes(case):
    a, b = case.pair(destination={'query_name': ret({'name': 'other'})})
    lpm('validate', *both(a, b)).expect(
        0, 'WARN', 'guest.name-equal', 'guest1', 'other', 'verdict: pass')


def missing_fact_is_unknown(case):
    a, b = case.pair(destination={
        'query_lpm_offer': err('no migration-lpm object')})
    lpm('validate', *both(a, b)).expect(
        2, 'UNKNOWN', 'no migration-lpm object', 'verdict: unknown')


def fail_wins_over_unknown(case):
    a, b = case.pair(
        source={'query_lpm_offer': err('no')},
        destination={'query_status': ret({'status': 'paused',
                                          'running': False})})
    lpm('validate', *both(a, b)).expect(1, 'verdict: fail')


def ill_typed_reply_is_unknown(case):
    a, b = case.pair(source={'query_status': ret([1, 2])},
                     destination={'query_uuid': ret({'UUID': 5})})
    lpm('validate', *both(a, b)).expect(
        2, 'reply to query-status', 'got an array, wanted an object',
        'state.source-running')


def offer_error_has_pointer(case):
    offer = recording('lpm-source')[1]['query-lpm-offer']['return']
    offer['memory'][0]['size'] = 'big'
    a, b = case.pair(source={'query_lpm_offer': ret(offer)})
    lpm('validate', *both(a, b)).expect(
        2, '/memory/0/size: got a string, wanted a number')


def one_rule_by_id(case):
    a, b = case.pair('vanilla')
    result = lpm('validate', *both(a, b), '--rule', 'memory.size-equal',
                 '-f', 'json').expect(0)
    assert [r['id'] for r in json.loads(result.out)['results']] == \
        ['memory.size-equal']


def rules_by_spec_id(case):
    a, b = case.pair()
    result = lpm('validate', *both(a, b), '--rule', 'PVM-STA-001',
                 '--rule', 'cpu.count', '-f', 'json').expect(0)
    assert [r['id'] for r in json.loads(result.out)['results']] == \
        ['cpu.count'] + [rule['id'] for rule in rules(covers='PVM-STA-001')]


def unknown_rule_is_usage(case):
    a, b = case.pair()
    lpm('validate', *both(a, b), '--rule', 'no.such').expect(
        3, 'no.such', '--list')
    lpm('validate', *both(a, b), '--rule', '').expect(3)


def explain_every_rule(case):
    for line in lpm('validate', '--list').expect(0).out.splitlines():
        ident = line.split()[0]
        out = lpm('validate', '--explain', ident).expect(0).out
        assert out.startswith(ident + '\n')
        for field in ('holds when', 'severity', 'party', 'needs', 'covers',
                      'remedy', 'source'):
            assert field in out, (ident, field)


def explain_by_spec_id(case):
    lpm('validate', '--explain', 'PVM-STA-001').expect(
        0, 'state.source-running', 'PVM-STA-003')
    lpm('validate', '--explain', 'PVM-STA').expect(3)


def storage_is_probed(case):
    """Each side looks at its LUNs; the destination hears which WWPNs the
    source uses."""
    a, b = case.pair()
    lpm('validate', *both(a, b)).expect(0)
    assert a.said('query-lpm-offer') == [{}, {'probe-storage': True}]
    first, second = b.said('query-lpm-offer')
    assert first == {} and second['probe-storage'] is True
    assert second['peer']['wwpns'][0]['active'] == 1


def other_luns_are_found_without_a_move(case):
    offer = recording('lpm-destination')[1]['query-lpm-offer']['return']
    del offer['luns'][1]
    a, b = case.pair(destination={'query_lpm_offer': ret(offer)})
    lpm('validate', *both(a, b)).expect(
        1, 'FAIL', 'vfc.luns', 'target 5005076801234567', 'LUN 1: absent')


def adapters(reply, logged_in, fenced=False):
    """What query-lpm tells of the adapters of the recorded offers."""
    offer = recording('lpm-source')[1]['query-lpm-offer']['return']
    info = recording(reply)[1]['query-lpm']['return']
    info['vfc'] = [{'id': 'vfc%d' % i, 'reg': pair['reg'],
                    'wwpn': pair['wwpn'], 'wwpn2': pair['wwpn2'],
                    'active': 1 if reply == 'lpm-source' else 2,
                    'logged-in': logged_in, 'fenced': fenced, 'targets': []}
                   for i, pair in enumerate(offer['wwpns'])]
    return {'query-lpm': ret(info)}


def logins_left_over_are_found(case):
    """A destination has no WWPN logged in before a move, and a source with
    the guest does not turn its commands away."""
    rule = ('--rule', 'vfc.standby-idle')
    pair = recording('lpm-source')[1]['query-lpm-offer']['return']['wwpns'][0]
    a, b = case.pair()
    # a QEMU that tells of none has none
    lpm('validate', *both(a, b), *rule, '--verbose').expect(0, 'N/A')
    for source, destination, code, texts in (
            ((True, False), (False, False), 0, ['PASS']),
            ((True, False), (True, False), 1,
             ['FAIL', 'destination.qemu.vfc-logins', pair['wwpn2']]),
            ((True, True), (False, False), 1,
             ['FAIL', 'source.qemu.vfc-fenced: vfc0'])):
        a.changes.update(adapters('lpm-source', *source))
        b.changes.update(adapters('lpm-destination', *destination))
        lpm('validate', *both(a, b), *rule, '--verbose').expect(code, *texts)
    a.changes.update(adapters('lpm-source', True))
    b.changes['query-lpm']['return']['vfc'][0]['wwpn'] = 'c05'
    lpm('validate', *both(a, b), *rule).expect(
        2, 'UNKNOWN', 'reply to query-lpm', '/0/wwpn')


def storage_tells_of_host_groups(case):
    """What both ends were shown decides, where an inventory names the
    partition; without a look nobody knows."""
    offer = recording('lpm-source')[1]['query-lpm-offer']['return']
    pair = offer['wwpns'][0]
    path = case.path('hosts.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'version': 1, 'systems': [
            {'name': 'here', 'partitions': [{
                'name': offer['name'], 'vfc-adapters': [{
                    'slot': '3', 'wwpn': pair['wwpn'],
                    'wwpn2': pair['wwpn2'], 'host-groups': ['one'],
                    'host-groups2': ['another']}]}]},
            {'name': 'there', 'partitions': []}]}, file)
    hosts = ('--source', 'inventory:' + path + '#here', '--destination',
             'inventory:' + path + '#there', '--rule', 'VTG-101',
             '--verbose')
    a, b = case.pair()
    lpm('validate', *both(a, b), *hosts).expect(
        0, 'PASS     vfc.host-groups', 'same-luns: yes')
    other = recording('lpm-destination')[1]['query-lpm-offer']['return']
    del other['luns'][1]
    b.changes['query-lpm-offer'] = ret(other)
    lpm('validate', *both(a, b), *hosts).expect(
        1, 'FAIL     vfc.host-groups', 'same-luns: no')
    other['looks'] = other['luns'] = []
    lpm('validate', *both(a, b), *hosts).expect(
        1, 'FAIL     vfc.host-groups', 'host-groups2: another')


def storage_is_left_alone(case):
    a, b = case.pair()
    lpm('validate', *both(a, b), '--no-probe-storage').expect(0)
    assert a.said('query-lpm-offer') == b.said('query-lpm-offer') == [{}]


def storage_of_a_guest_that_is_off(case):
    a, b = case.pair()
    lpm('validate', *both(a, b), '--inactive')
    assert a.said('query-lpm-offer') == b.said('query-lpm-offer') == [{}]


def storage_not_seen_is_unknown(case):
    offer = recording('lpm-destination')[1]['query-lpm-offer']['return']
    offer['looks'] = offer['luns'] = []
    a, b = case.pair(destination={'query_lpm_offer': ret(offer)})
    lpm('validate', *both(a, b)).expect(
        2, 'UNKNOWN', 'vfc.storage-seen', 'reg=0x30000000 not looked at')


def saved_offers(case):
    a, b = case.pair()
    files = []
    for option, peer in (('--source', a), ('--destination', b)):
        out = lpm('offer', option, peer.name).expect(0).out
        files.append(case.path('offer%d.json' % len(files)))
        with open(files[-1], 'w', encoding='utf-8') as file:
            file.write(out)
    lpm('validate', '--source', 'offer:' + files[0], '--destination',
        'offer:' + files[1]).expect(0, 'verdict: pass')
    # one side live, the other as saved
    lpm('validate', '--source', a.name, '--destination',
        'offer:' + files[1]).expect(0, 'verdict: pass')
    saved = json.load(open(files[1], encoding='utf-8'))
    saved['cpu']['modes'] = ['power8']
    json.dump(saved, open(files[1], 'w', encoding='utf-8'))
    lpm('validate', '--source', 'offer:' + files[0], '--destination',
        'offer:' + files[1]).expect(1, 'cpu-compat.current-supported')


def inactive_move_looks_at_preferred_only(case):
    offer = recording('lpm-source')[1]['query-lpm-offer']['return']
    offer['cpu'].update({'current-mode': 'power10',
                         'preferred-mode': 'power9'})
    other = recording('lpm-destination')[1]['query-lpm-offer']['return']
    other['cpu']['modes'] = ['power8', 'power9']
    a, b = case.pair(source={'query_lpm_offer': ret(offer)},
                     destination={'query_lpm_offer': ret(other)})
    lpm('validate', *both(a, b)).expect(1, 'cpu-compat.current-supported')
    lpm('validate', *both(a, b), '--inactive').expect(0)


def offer_without_object(case):
    a, _ = case.pair('vanilla')
    lpm('offer', '--source', a.name).expect(
        2, 'query-lpm-offer has not been found', '-object migration-lpm')


def bad_offer_files(case):
    a, _ = case.pair()
    good = case.path('good')
    with open(good, 'w', encoding='utf-8') as file:
        json.dump(recording('lpm-source')[1]['query-lpm-offer']['return'],
                  file)
    contents = {
        'empty': b'', 'text': b'hello', 'list': b'[]', 'object': b'{}',
        'binary': bytes(range(256)), 'deep': b'[' * 100000,
        'cut': open(good, 'rb').read()[:400],
    }
    for name, data in contents.items():
        path = case.path(name)
        with open(path, 'wb') as file:
            file.write(data)
        lpm('validate', '--source', a.name, '--destination',
            'offer:' + path).expect(3, 'offer:' + path)
    lpm('validate', '--source', a.name, '--destination',
        'offer:' + case.path('absent')).expect(3, 'No such file')
    lpm('validate', '--source', a.name, '--destination',
        'offer:' + case.dir).expect(3, 'not a file')
    lpm('validate', '--source', a.name, '--destination',
        'offer:/dev/zero').expect(3, 'not a file')


def quiet_and_verbose(case):
    a, b = case.pair()
    result = lpm('validate', *both(a, b), '--quiet').expect(0)
    assert result.out == '' and result.err == ''
    out = lpm('validate', *both(a, b), '--verbose').expect(0).out
    for rule in rules(profiles='qemu', advice=False):
        assert rule['id'] in out, rule['id']


def colour_only_on_a_terminal(case):
    a, b = case.pair('vanilla')
    arguments = ['validate', *both(a, b)]
    assert '\033[31m' in on_a_terminal(arguments)
    assert '\033' not in on_a_terminal(arguments, NO_COLOR='1')
    assert '\033[31m' in on_a_terminal(arguments, NO_COLOR='')
    assert '\033' not in lpm(*arguments).out


def values_are_escaped(case):
    evil = 'x\033[2Jy\nFAIL z\u202e'
    a, b = case.pair(destination={'query_name': ret({'name': evil})})
    lpm('validate', *both(a, b)).expect(
        0, '\\x1b[2Jy\\x0aFAIL z\\u202e', absent=['\033', '\u202e'])


def uri_rules(case):
    a, b = case.pair()
    lpm('validate', *both(a, b), '--uri', 'file:/tmp/x').expect(
        1, 'migration.return-path')
    lpm('validate', *both(a, b), '--uri', 'tcp:192.0.2.1:4444').expect(
        0, 'security.plain-network')
    lpm('validate', *both(a, b), '--uri', 'unix:/tmp/x').expect(
        0, absent=['security.plain-network'])


COMMANDS = ('validate', 'migrate', 'status', 'cancel', 'offer', 'facts',
            'wwpn', 'vfc', 'define', 'doctor', 'recover')
VIRT = ['migrate', '-s', 'test:///default', '-d', 'test:///default',
        '-p', 'x']
USAGE = [
    [], ['nonsense'], ['validate'], ['validate', '--source', 'qmp:/x'],
    ['validate', '--source', 'qmp:', '--destination', 'qmp:/y'],
    ['validate', '--source', '/x', '--destination', 'qmp:/y'],
    ['validate', '--nonsense'], ['validate', '--list', 'extra'],
    ['validate', '-s', 'qmp:/x', '-d', 'qmp:/y', '-f', 'xml'],
    ['validate', '-s', 'qmp:/x', '-d', 'qmp:/y', '-q', '-v'],
    ['validate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--qmp-deadline', '0'],
    ['validate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--channels', '2'],
    ['migrate', '-s', 'offer:/x', '-d', 'qmp:/y'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--channels', '256'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--channels', '-2'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--compression', 'lzma'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--channels', '0',
     '--compression', 'lpm'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--bandwidth', '0'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--bandwidth', 'nan'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--bandwidth', '-5M'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--bandwidth', '1e30'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--bandwidth', '5X'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--bandwidth', '5MB'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--timeout', 'soon'],
    ['migrate', '-s', 'qmp:/x', '-d', 'test:///default', '-p', 'x'],
    ['migrate', '-s', 'test:///default', '-d', 'test:///default'],
    ['migrate', '-s', 'inventory:/x', '-d', 'test:///default', '-p', 'x'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--persistent'],
    ['migrate', '-s', 'qmp:/x', '-d', 'qmp:/y', '--peer-uri', 'a://b'],
    VIRT + ['--direct', '--peer-uri', 'a://b'], VIRT + ['--offline'],
    VIRT + ['--offline', '--persistent', '--channels', '1'],
    VIRT + ['--start'], VIRT + ['--channels', '-1'],
    VIRT + ['--on-stall', 'postcopy'],
    ['status', '-s', 'test:///default'], ['cancel', '-s', 'test:///default'],
    ['status', '-s', 'inventory:/x', '-p', 'x'],
    ['offer', '-s', 'test:///default'],
    ['status', '-s', 'qmp:/x', '-d', 'qmp:/y'],
    ['cancel', '-d', 'qmp:/y'], ['offer'],
]


def usage_errors(case):
    for arguments in USAGE:
        result = lpm(*arguments)
        result.expect(3)
        assert result.out == '' and result.err != '', arguments


def help_and_version(case):
    lpm('--help').expect(0, 'validate', 'migrate', 'status', 'cancel')
    lpm('--version').expect(0, 'lpm ')
    for command in COMMANDS:
        lpm(command, '--help').expect(
            0, {'wwpn': '--avoid', 'doctor': '--check',
                'define': '--host-conf'}.get(command,
                                                           '--source'))
        lpm(command, '--version').expect(0, 'lpm ')


def manual_text():
    path = os.path.join(TOP, 'docs/lpm.1')
    with open(path, encoding='utf-8') as file:
        return file.read().replace('\\-', '-')


def manual_has_the_same_options(case):
    helps = set()
    for command in COMMANDS:
        out = lpm(command, '--help').expect(0).out
        helps |= set(re.findall(r'^ +(?:-\w, )?(--[a-z-]+)', out, re.M))
    section = manual_text().split('.SH OPTIONS')[1].split('.SH EXIT')[0]
    manual = set(re.findall(r'\\fB(--[a-z-]+)\\fR', section))
    assert helps == manual, helps ^ manual


def manual_has_the_same_short_options(case):
    helps = set()
    for command in COMMANDS:
        out = lpm(command, '--help').expect(0).out
        helps |= set(re.findall(r'^ +(-\w), (--[a-z-]+)', out, re.M))
    section = manual_text().split('.SH OPTIONS')[1].split('.SH EXIT')[0]
    manual = set(re.findall(r'\\fB(-\w)\\fR, \\fB(--[a-z-]+)\\fR', section))
    assert helps == manual, helps ^ manual


def list_has_all_columns(case):
    lines = lpm('validate', '--list').expect(0).out.splitlines()
    for line, rule in zip(lines, rules(), strict=True):
        ident, severity, profiles, moves, title = line.split(None, 4)
        assert ident == rule['id'] and title == rule['title'], line
        assert severity.rstrip('+') == rule['severity'], line
        assert profiles.split(',') == rule['profiles'], line
        assert moves.split(',') == rule['moves'], line


def manual_has_the_same_rules(case):
    out = lpm('validate', '--list', '--format', 'json').expect(0).out
    made = subprocess.run(
        [sys.executable, os.path.join(TOP, 'docs/rules-manual.py'), '-'],
        input=out, capture_output=True, text=True, check=True).stdout
    with open(os.path.join(TOP, 'docs/lpm-rules.7'),
              encoding='utf-8') as file:
        kept = file.read()
    assert made == kept, 'out of date: docs/rules-manual.py makes it'
    listed = {(rule['id'], rule['severity']) for rule in rules()}
    manual = set(re.findall(r'^\.B (\S+)\n.* \((error|warning)[^)]*\)$',
                            kept.replace('\\-', '-'), re.M))
    assert listed == manual and manual, listed ^ manual


def conditions_are_in_words(case):
    by_id = {rule['id']: rule for rule in rules()}
    rule = by_id['memory.contiguous']
    assert rule['when'] == 'partition.memory-mode = dedicated'
    assert rule['condition'] == ('destination.contiguous-memory-mib >= '
                                 'partition.memory-mib')
    assert [fact['fact'] for fact in rule['facts']] == [
        'partition.memory-mode', 'destination.contiguous-memory-mib',
        'partition.memory-mib']
    for rule in by_id.values():
        for text in (rule.get('when'), rule.get('condition')):
            assert text is None or (text and '  ' not in text), rule
            assert text is None or text.count('(') == text.count(')'), text


def explained_facts_have_sources(case):
    lpm('validate', '--explain', 'memory.contiguous').expect(
        0, 'largest contiguous piece of the available memory', 'inventory',
        'destination.contiguous-memory-mib >= partition.memory-mib',
        'PVM-MEM-005')
    lpm('validate', '--explain', 'state.source-running').expect(
        0, 'source.qemu.run-state', 'from qmp')


def every_subject_is_explained(case):
    done = set()
    for rule in rules():
        subject = rule['id'].split('.')[0]
        if subject not in done:
            done.add(subject)
            out = lpm('validate', '--explain', rule['id']).expect(0).out
            assert '\n  why ' in out, subject


def junit(result):
    root = xml.etree.ElementTree.fromstring(result.out.encode())
    assert root.tag == 'testsuites'
    for suite in root:
        for count, tag in (('tests', 'testcase'), ('failures', 'failure'),
                           ('errors', 'error'), ('skipped', 'skipped')):
            assert int(suite.get(count)) == len(list(suite.iter(tag))), count
    return root


def junit_has_every_rule(case):
    a, b = case.pair('vanilla')
    root = junit(lpm('validate', *both(a, b), '-f', 'junit').expect(1))
    cases = {one.get('name').split(':')[0]: one
             for one in root.iter('testcase')}
    assert list(cases) == [rule['id'] for rule in rules(profiles='qemu')
                           if not rule['advice']]
    assert cases['lpm.object-source'].find('failure') is not None
    assert cases['cpu.count'].find('error') is not None
    assert len(cases['memory.size-equal']) == 0
    assert cases['memory.lmb-size-equal'].find('skipped') is not None \
        if 'memory.lmb-size-equal' in cases else True


def junit_of_hostile_values(case):
    evil = 'a\x01\x0b\x7f]]>&<"\'\ufffe\uffff\u2028\u202e\U0001fffe\n'
    a, b = case.pair(
        source={'query_migrate': ret({'blocked-reasons': [evil]})},
        destination={'query_name': ret({'name': evil})})
    root = junit(lpm('validate', *both(a, b), '-f', 'junit').expect(1))
    failure = next(one for one in root.iter('testcase')
                   if one.get('name').startswith('migration.blockers'))
    assert ']]>&<"\'' in failure.find('failure').get('message')


def gaps_say_what_could_tell(case):
    a, b = case.pair(source={'query_status': err('no')})
    lpm('validate', *both(a, b)).expect(
        2, 'UNKNOWN  state.source-running', 'missing ', 'told by   qmp')


def rows_about_hosts_are_counted(case):
    a, b = case.pair()
    out = lpm('validate', *both(a, b), '--format', 'json').expect(0).out
    results = json.loads(out)['results']
    applied = [r for r in results if r['status'] != 'not-applicable']
    text = lpm('validate', *both(a, b)).expect(
        0, 'rules about hosts were not judged', 'inventory:FILE',
        'judged: active move, profile qemu').out
    # those of the QEMUs themselves were
    count = int(re.search(r'^(\d+) rules about hosts', text, re.M).group(1))
    assert 0 < count <= len(results) - len(applied), count


def a_pipe_gets_whole_lines(case):
    a, b = case.pair('vanilla')
    out = lpm('validate', *both(a, b)).expect(1).out
    findings = out.split('\nsubject ')[0].split('\n\n')
    for finding in findings:
        lines = finding.strip().splitlines()
        assert lines[0].split()[0] in ('FAIL', 'WARN', 'UNKNOWN'), lines[0]
        for line in lines[1:]:
            assert re.match(r' {9}[a-z]', line), line
    statuses = [finding.split()[0] for finding in findings]
    assert 'FAIL' in statuses and 'UNKNOWN' in statuses


def a_terminal_keeps_its_width(case):
    a, b = case.pair('vanilla', destination={
        'query_name': ret({'name': 'n' * 300})})
    out = on_a_terminal(['validate', *both(a, b)])
    out = re.sub('\033\\[[0-9;]*m', '', out).replace('\r', '')
    assert max(len(line) for line in out.splitlines()
               if not line.startswith('verdict')) < 80
    assert re.search(r'^lpm$', out, re.M), 'no heading'


def manual_has_the_same_commands(case):
    out = lpm('--help').expect(0).out
    commands = set(re.findall(r'^  (\w+) +[A-Z]',
                              out.split('Commands:')[1], re.M))
    section = manual_text().split('.SH COMMANDS')[1].split('.SH ')[0]
    manual = set(re.findall(r'^\.TP\n\.B (\w+)$', section, re.M))
    assert commands == manual and commands, commands ^ manual


main([passes, only_asks, json_pass, json_fail_and_unknown,
      failure_has_both_values_and_remedy, all_failures_at_once,
      warning_alone_passes, missing_fact_is_unknown, fail_wins_over_unknown,
      ill_typed_reply_is_unknown, offer_error_has_pointer, one_rule_by_id,
      rules_by_spec_id, unknown_rule_is_usage, explain_every_rule,
      explain_by_spec_id, storage_is_probed,
      other_luns_are_found_without_a_move, logins_left_over_are_found,
      storage_tells_of_host_groups, storage_is_left_alone,
      storage_of_a_guest_that_is_off, storage_not_seen_is_unknown,
      saved_offers,
      inactive_move_looks_at_preferred_only, offer_without_object, bad_offer_files, quiet_and_verbose,
      colour_only_on_a_terminal, values_are_escaped, uri_rules, usage_errors,
      help_and_version, manual_has_the_same_options,
      manual_has_the_same_short_options, manual_has_the_same_rules,
      list_has_all_columns, conditions_are_in_words,
      explained_facts_have_sources, every_subject_is_explained,
      junit_has_every_rule, junit_of_hostile_values,
      gaps_say_what_could_tell, rows_about_hosts_are_counted,
      a_pipe_gets_whole_lines, a_terminal_keeps_its_width,
      manual_has_the_same_commands])
