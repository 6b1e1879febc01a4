#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: docs/put-section.py NAME FILE

Replace what stands in README.md between <!-- NAME:begin --> and
<!-- NAME:end --> by FILE, which a test or a benchmark has written.
"""
import os
import sys

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                      "README.md")


def main():
    if len(sys.argv) != 3:
        print(__doc__, end="", file=sys.stderr)
        return 2
    begin, end = ("<!-- %s:%s -->" % (sys.argv[1], edge)
                  for edge in ("begin", "end"))
    with open(README) as f:
        text = f.read()
    if text.count(begin) != 1 or text.count(end) != 1:
        print("README.md has not one %s and one %s" % (begin, end),
              file=sys.stderr)
        return 1
    with open(sys.argv[2]) as f:
        section = f.read().strip("\n")
    if not section:
        print("%s is empty" % sys.argv[2], file=sys.stderr)
        return 1
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    with open(README, "w") as f:
        f.write("%s%s\n%s\n%s%s" % (head, begin, section, end, tail))
    return 0


if __name__ == "__main__":
    sys.exit(main())
