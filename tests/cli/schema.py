# As much of JSON Schema as our schemas use
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import re

KINDS = {'object': dict, 'array': list, 'string': str, 'boolean': bool,
         'integer': int, 'number': (int, float), 'null': type(None)}
KNOWN = {'$schema', '$defs', '$ref', 'title', 'description', 'type', 'const',
         'enum', 'anyOf', 'required', 'properties', 'additionalProperties',
         'items', 'minimum', 'maximum', 'minLength', 'pattern'}


class Wrong(AssertionError):
    pass


def must(condition, at, text):
    if not condition:
        raise Wrong('%s: %s' % (at or '/', text))


def resolve(root, ref, folder):
    name, _, pointer = ref.partition('#')
    if name:
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            root = json.load(file)
    node = root
    for part in pointer.split('/')[1:]:
        node = node[part]
    return root, node


def is_kind(value, kind):
    if isinstance(value, bool) and kind != 'boolean':
        return False
    return isinstance(value, KINDS[kind])


def check_object(value, schema, root, folder, at):
    for name in schema.get('required', ()):
        must(name in value, at, 'no "%s"' % name)
    known = schema.get('properties', {})
    for name, member in value.items():
        if name in known:
            check(member, known[name], root, folder, '%s/%s' % (at, name))
        else:
            must(schema.get('additionalProperties', True), at,
                 '"%s" is unknown' % name)


def check(value, schema, root=None, folder='', at=''):
    """Raises Wrong; a keyword that this does not know is an error, too."""
    root = root or schema
    must(set(schema) <= KNOWN, at, 'keywords %s' % (set(schema) - KNOWN))
    if '$ref' in schema:
        other, target = resolve(root, schema['$ref'], folder)
        check(value, target, other, folder, at)
    kinds = schema.get('type', list(KINDS))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    must(any(is_kind(value, kind) for kind in kinds), at, 'no %s' % kinds)
    if 'enum' in schema:
        must(value in schema['enum'], at, '%r is no %s' % (value,
                                                           schema['enum']))
    if 'const' in schema:
        must(value == schema['const'], at, 'not %r' % schema['const'])
    if 'anyOf' in schema:
        faults = []
        for choice in schema['anyOf']:
            try:
                check(value, choice, root, folder, at)
                break
            except Wrong as wrong:
                faults.append(str(wrong))
        else:
            raise Wrong('; '.join(faults))
    if isinstance(value, dict):
        check_object(value, schema, root, folder, at)
    if isinstance(value, list):
        for index, item in enumerate(value):
            check(item, schema.get('items', {}), root, folder,
                  '%s/%d' % (at, index))
    if isinstance(value, str):
        must(len(value) >= schema.get('minLength', 0), at, 'too short')
        must(re.search(schema.get('pattern', ''), value), at, 'pattern')
    if is_kind(value, 'number'):
        must(value >= schema.get('minimum', value), at, 'too small')
        must(value <= schema.get('maximum', value), at, 'too large')


def check_file(value, path):
    with open(path, encoding='utf-8') as file:
        schema = json.load(file)
    check(value, schema, folder=os.path.dirname(path))
