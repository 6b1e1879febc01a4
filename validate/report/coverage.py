#!/usr/bin/env python3
# Makes a C table of tests/data/rule-coverage.csv, for --explain
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: coverage.py OUTPUT.C [RULE-COVERAGE.CSV]"""
import csv
import sys


def c_string(text):
    """In ASCII: other bytes in octal, which ends after three digits."""
    out = ''
    for byte in text.encode():
        plain = 32 <= byte < 127 and chr(byte) not in '"\\?'
        out += chr(byte) if plain else '\\%03o' % byte
    return '"%s"' % out


def main(output, table=None):
    rows = []
    if table is not None:
        with open(table, encoding='utf-8', newline='') as file:
            for line in csv.DictReader(file):
                rows.append([(line[key] or '').strip()
                             for key in ('id', 'row', 'reason')])
    with open(output, 'w', encoding='utf-8') as file:
        file.write('/* Made by report/coverage.py. */\n'
                   '#include "report/sources.h"\n\n'
                   'const LpmCoverage lpm_coverage[] = {\n')
        for row in sorted(rows):
            file.write('    { %s },\n' % ', '.join(map(c_string, row)))
        file.write('    { NULL, NULL, NULL },\n};\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
