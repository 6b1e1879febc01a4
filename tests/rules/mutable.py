#!/usr/bin/env python3
#
# Copies a C file with a switch at every condition, for mutate-code
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: mutable.py FIRST INPUT.c OUTPUT.c

The copy asks lpm_flip() for the value of each condition: of what `if`,
`while`, `?` and `return` of a gboolean function decide by, and of each operand
of && and ||.  Conditions of `for` stay: they end loops.  What production
compiles is not touched.

The conditions have numbers from FIRST on.  The copy ends in a table of them:
where they are and how they read.
"""
import json
import os
import re
import sys

TOKEN = re.compile(r'''
    (?P<space>\s+|//[^\n]*|/\*.*?\*/|\#(?:[^\n\\]|\\.)*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<number>\d[\w.]*)
  | (?P<sign>\|\||&&|->|<<=|>>=|<<|>>|[-+*/%&|^=!<>]=|\+\+|--|.)
''', re.VERBOSE | re.DOTALL)
OPEN = {'(': ')', '[': ']', '{': '}'}
COMPARES = {'==', '!=', '<', '>', '<=', '>='}
# What an expression cannot go beyond.
ENDS = {',', ';', '?', ':', '=', '|=', '+=', '{', '}', 'return', 'else',
        'do'}


class Mutable:
    def __init__(self, text, number):
        self.text = text
        self.number = number
        # (token, where it begins); what is between them does not matter
        self.tokens = [(m.group(), m.start()) for m in TOKEN.finditer(text)
                       if m.lastgroup != 'space']
        self.match = self.pairs()
        self.before = {}    # token: what to put before it
        self.after = {}
        self.sites = []

    def pairs(self):
        match, stack = {}, []
        for i, (token, _) in enumerate(self.tokens):
            if token in OPEN:
                stack.append(i)
            elif token in OPEN.values():
                first = stack.pop()
                assert OPEN[self.tokens[first][0]] == token
                match[first] = i
        assert not stack
        return match

    def word(self, i):
        return self.tokens[i][0]

    def flip(self, first, end):
        """The condition of the tokens from first to before end."""
        begin = self.tokens[first][1]
        last, at = self.tokens[end - 1]
        reads = ' '.join(self.text[begin:at + len(last)].split())
        line = self.text.count('\n', 0, begin) + 1
        self.before.setdefault(first, []).append(
            'lpm_flip(%d, !!(' % (self.number + len(self.sites)))
        self.sites.append((line, reads))
        self.after.setdefault(end - 1, []).insert(0, '))')

    def split(self, first, end, signs):
        """Ranges between the signs that stand in no brackets."""
        parts, start, i = [], first, first
        while i < end:
            if self.word(i) in signs:
                parts.append((start, i))
                start = i + 1
            i = self.match.get(i, i) + 1 if self.word(i) in '([' else i + 1
        return parts + [(start, end)]

    def condition(self, first, end):
        """A condition, and what it is made of."""
        if self.word(first) == '(' and self.match[first] == end - 1:
            self.condition(first + 1, end - 1)
            return
        if self.word(first) in ('TRUE', 'FALSE') and end == first + 1:
            return
        self.flip(first, end)
        self.operands(first, end)

    def operands(self, first, end):
        for sign in ('||', '&&'):
            parts = self.split(first, end, {sign})
            if len(parts) > 1:
                for part in parts:
                    self.condition(*part)
                return
        self.inside(first, end)

    def inside(self, first, end):
        """The brackets of an expression without && and ||."""
        i = first
        while i < end:
            if self.word(i) in ('(', '['):
                self.expressions(i + 1, self.match[i], False)
                i = self.match[i]
            i += 1

    def expression(self, first, end, decides):
        if first == end:
            return
        if decides:
            self.condition(first, end)
        elif len(self.split(first, end, {'||', '&&'})) > 1:
            self.condition(first, end)
        else:
            self.inside(first, end)

    def expressions(self, first, end, truth):
        """Those of a range; @truth: a return decides."""
        start = i = first
        while i < end:
            word = self.word(i)
            if word in ('if', 'while', 'switch', 'for') and \
                    self.word(i + 1) == '(':
                close = self.match[i + 1]
                if word in ('if', 'while'):
                    self.condition(i + 2, close)
                i = start = close + 1
                continue
            if word in ENDS:
                returns = start > first and self.word(start - 1) == 'return'
                self.expression(start, i, word == '?' or
                                (returns and truth and word == ';'))
                start = i + 1
            i = self.match[i] + 1 if word in '([' else i + 1
        self.expression(start, end, False)

    def functions(self):
        i = 0
        while i < len(self.tokens):
            if self.word(i) == '{':
                if self.word(i - 1) == ')':
                    self.expressions(i + 1, self.match[i], self.is_truth(i))
                i = self.match[i]
            i += 1

    def is_truth(self, body):
        """Whether the function of this body returns a gboolean."""
        i = body
        while i > 0 and self.word(i - 1) not in (';', '}'):
            i -= 1
        words = [self.word(k) for k in range(i, body)]
        return 'gboolean' in words[:words.index('(')]

    def result(self, name):
        out, done = [], 0
        for i, (token, at) in enumerate(self.tokens):
            out.append(self.text[done:at])
            out.extend(self.before.get(i, []))
            out.append(token)
            out.extend(self.after.get(i, []))
            done = at + len(token)
        out.append(self.text[done:])
        out.append('\nstatic const LpmFlip lpm_flips[] = {\n')
        for line, reads in self.sites:
            out.append('    { "%s:%d", %s },\n' % (name, line,
                                                   json.dumps(reads)))
        out.append('    { NULL, NULL },\n};\n\n'
                   '__attribute__((constructor))\n'
                   'static void lpm_flips_begin(void)\n{\n'
                   '    lpm_flip_add(lpm_flips, %d);\n}\n' % self.number)
        return ''.join(out)


def main(first, source, target):
    with open(source, encoding='utf-8') as file:
        mutable = Mutable(file.read(), int(first))
    mutable.functions()
    with open(target, 'w', encoding='utf-8') as file:
        file.write('#include "flip.h"\n#line 1 "%s"\n' % source)
        file.write(mutable.result(os.path.basename(source)))


if __name__ == '__main__':
    main(*sys.argv[1:])
