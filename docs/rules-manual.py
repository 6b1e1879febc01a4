#!/usr/bin/env python3
# Makes lpm-rules(7) of what `lpm validate --list --format json` prints
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: rules-manual.py LPM-PROGRAM > docs/lpm-rules.7, or - for stdin"""
import json
import subprocess
import sys

HEAD = r""".\" SPDX-License-Identifier: GPL-2.0-or-later
.\" lpm-rules(7): made by docs/rules-manual.py; tests/cli keeps it up to date
.TH LPM-RULES 7 "" "qemu-lpm" "Rules of lpm validate"
.SH NAME
lpm\-rules \- the rules that lpm validate judges a move by
.SH DESCRIPTION
Each rule has an id, whose part before the dot is its subject; the profiles
that it is run in; and the kinds of move that it is about.  A rule of severity
warning never fails.  Rules marked as advice are run with
.B \-\-advice
only.
.PP
Some conditions only matter where another one holds: it stands before the
arrow.
"""


def escape(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\\&' + text if text[:1] in ("'", '.') else text


def main(program):
    if program == '-':
        document = json.load(sys.stdin)
    else:
        document = json.loads(subprocess.run(
            [program, 'validate', '--list', '--format', 'json'], check=True,
            capture_output=True).stdout)
    out, subject = [HEAD], None
    for rule in document['rules']:
        if rule['id'].split('.')[0] != subject:
            subject = rule['id'].split('.')[0]
            out.append('.SH %s\n' % escape(subject.upper()))
        out.append('.TP\n.B %s\n' % escape(rule['id']))
        out.append('%s (%s%s)\n' % (escape(rule['title']), rule['severity'],
                                    ', advice' if rule['advice'] else ''))
        out.append('.br\n%s; %s\n' % (escape(', '.join(rule['profiles'])),
                                      ', '.join(rule['moves'])))
        if 'condition' in rule:
            when = [rule['when'], '->'] if 'when' in rule else []
            out.append('.br\n%s\n' % escape(' '.join(when +
                                                     [rule['condition']])))
        if rule['covers']:
            out.append('.br\n%s\n' % escape(' '.join(rule['covers'])))
    out.append('.SH SEE ALSO\n.BR lpm (1)\n')
    sys.stdout.write(''.join(out))


if __name__ == '__main__':
    main(*sys.argv[1:])
