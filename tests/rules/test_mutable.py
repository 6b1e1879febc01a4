#!/usr/bin/env python3
#
# Which conditions mutable.py finds in a C file
#
# SPDX-License-Identifier: GPL-2.0-or-later
import sys

import mutable

CODE = r'''
#define SKIPPED(a) ((a) && 1)
static const int table[] = { 1 && 1 };  /* no function: a && b */
static int plain(int a, int b)
{
    const char *text = a ? "x ? y" : "if (z)";

    if (a == 1 || (b && !a)) {
        return a;
    }
    for (int i = 0; i < a && b; i++) {
        b += f(a && g(b), '?') ? 1 : 2;
    }
    while (b > 2) {
        b--;
    }
    return a == b ? a < b : 3;
}
static gboolean truth(int a)
{
    gboolean x = a > 1 && a < 5;

    if (!x) {
        return FALSE;
    }
    return h(a);
}
'''
WANTED = [
    'a',
    'a == 1 || (b && !a)', 'a == 1', 'b && !a', 'b', '!a',
    "f(a && g(b), '?')", 'a && g(b)', 'a', 'g(b)',
    'b > 2',
    'a == b',
    'a > 1 && a < 5', 'a > 1', 'a < 5',
    '!x', 'h(a)',
]


def main():
    made = mutable.Mutable(CODE, 100)
    made.functions()
    found = [reads for _, reads in made.sites]
    text = made.result('code.c')
    cases = [
        ('conditions', found == WANTED, found),
        ('lines stay', CODE.count('\n') ==
         text.count('\n', 0, text.index('\nstatic const LpmFlip')) and
         text.startswith('\n#define SKIPPED(a) ((a) && 1)\n'), text),
        ('numbers are in use', all(
            'lpm_flip(%d,' % (100 + i) in text for i in range(len(WANTED))),
         text),
        ('wrapped from outside in',
         'if (lpm_flip(101, !!(lpm_flip(102, !!(a == 1)) || '
         '(lpm_flip(103, !!(lpm_flip(104, !!(b)) && '
         'lpm_flip(105, !!(!a)))))))) {' in text, text),
    ]
    print('1..%d' % len(cases))
    for number, (name, held, shown) in enumerate(cases, 1):
        print('%s %d %s' % ('ok' if held else 'not ok', number, name))
        if not held:
            print('\n'.join('# ' + line for line in
                            str(shown).splitlines()))
    return 0 if all(held for _, held, _ in cases) else 1


if __name__ == '__main__':
    sys.exit(main())
