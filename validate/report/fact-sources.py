#!/usr/bin/env python3
# Makes the table of which gatherer tells which fact, from their code
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: fact-sources.py SCHEMA.DEF OUTPUT.C GATHERER.C...

A gatherer tells a field that its code names, except where it only reads it.
What it is called says which source it is.
"""
import os
import re
import sys

SOURCES = [('offer', 'OFFER'), ('qmp', 'QMP'), ('libvirt', 'LIBVIRT'),
           ('host', 'HOST')]
READS = re.compile(r'\blpm_(?:node|facts)_(?:get|why|origin|find|has|is|keys)'
                   r'\s*\([^;{]*?\bLPM_[A-Z0-9_]+\s*\)')
FIELD = re.compile(r'^FIELD\((\w+), (\w+),', re.M)


def main(schema, output, gatherers):
    with open(schema, encoding='utf-8') as file:
        fields = ['LPM_%s_%s' % pair for pair in FIELD.findall(file.read())]
    bits = {field: set() for field in fields}
    for path in gatherers:
        name = os.path.basename(path)
        source = next((s for word, s in SOURCES if word in name), None)
        if source is None or name == 'qmp.c':
            continue
        with open(path, encoding='utf-8') as file:
            code = READS.sub('', file.read())
        for token in re.findall(r'\bLPM_[A-Z0-9_]+\b', code):
            if token in bits:
                bits[token].add(source)
    with open(output, 'w', encoding='utf-8') as file:
        file.write('/* Made by report/fact-sources.py. */\n'
                   '#include "report/sources.h"\n\n'
                   'const guint8 lpm_fact_gatherers[LPM_FIELD__MAX] = {\n')
        for field in fields:
            if bits[field]:
                file.write('    [%s] = %s,\n' % (field, ' | '.join(
                    'LPM_FROM_' + s for s in sorted(bits[field]))))
        file.write('};\n')


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
