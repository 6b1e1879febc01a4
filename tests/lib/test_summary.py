#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""summary.py counts what programs said, and fails when it must (TAP)."""

import json
import os
import subprocess
import sys
import tempfile

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "summary.py")


def entry(name, result, stdout=""):
    return {"name": "unit / " + name, "result": result, "stdout": stdout}


# what, programs, allowed skips, --ci, the last lines, exit code
ROWS = [
    ("cases of a TAP program",
     [entry("a", "OK", "1..2\nok 1 /x\nok 2 /y\n")], "", False,
     "2 passed, 0 failed, 0 skipped", 0),
    ("a program without TAP is one",
     [entry("a", "OK", "hello\n")], "", False,
     "1 passed, 0 failed, 0 skipped", 0),
    ("a failed case",
     [entry("a", "FAIL", "ok 1 /x\nnot ok 2 /y\n")], "", False,
     "FAILED a:/y\n1 passed, 1 failed, 0 skipped", 1),
    ("a failed case and its reason",
     [entry("a", "FAIL", "not ok 1 /x\n# want 2,\n# got 3\nok 2 /y\n# z\n")],
     "", False,
     "FAILED a:/x (want 2, got 3)\n1 passed, 1 failed, 0 skipped", 1),
    ("a reason without end",
     [entry("a", "FAIL", "not ok 1 /x\n" + 99 * "# 12345678\n")], "", False,
     "FAILED a:/x (%s)\n0 passed, 1 failed, 0 skipped" %
     (99 * "12345678 ")[:240], 1),
    ("a crash after passing cases",
     [entry("a", "ERROR", "1..9\nok 1 /x\n")], "", False,
     "1 passed, 1 failed, 0 skipped", 1),
    ("a time-out", [entry("a", "TIMEOUT")], "", False,
     "0 passed, 1 failed, 0 skipped", 1),
    ("a skipped case is no failure at home",
     [entry("a", "OK", "ok 1 /x\nok 2 /y # SKIP no qemu\n")], "", False,
     "1 passed, 0 failed, 1 skipped", 0),
    ("but it is one in CI",
     [entry("a", "OK", "ok 1 /x\nok 2 /y # SKIP no qemu\n")], "", True,
     "1 passed, 1 failed, 0 skipped", 1),
    ("unless it is allowed",
     [entry("a", "OK", "ok 1 /x\nok 2 /y # SKIP no HBA\n")],
     "# why\na:/y  # no HBA\n", True,
     "1 passed, 0 failed, 1 skipped", 0),
    ("a program that skips as a whole",
     [entry("a", "OK"), entry("b", "SKIP", "want tgt\n")], "other*\n", True,
     "1 passed, 1 failed, 0 skipped", 1),
    ("nothing ran", [], "", False, "0 passed, 1 failed, 0 skipped", 1),
]


def main():
    failed = 0
    print("TAP version 13\n1..%d" % len(ROWS))
    for number, (what, programs, allowed, ci, last, code) in enumerate(ROWS,
                                                                       1):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "testlog.json")
            with open(log, "w", encoding="utf-8") as f:
                f.writelines(json.dumps(p) + "\n" for p in programs)
            skips = os.path.join(folder, "allowed")
            with open(skips, "w", encoding="utf-8") as f:
                f.write(allowed)
            run = subprocess.run(
                [sys.executable, SUMMARY, "--allowed", skips, log] +
                (["--ci"] if ci else []), stdout=subprocess.PIPE, text=True,
                check=False)
        lines = run.stdout.splitlines()
        got = ("\n".join(lines[-1 - last.count("\n"):]), run.returncode)
        if got != (last, code):
            failed += 1
            print("# want %r, got %r" % ((last, code), got))
        print("%sok %d - %s" % ("" if got == (last, code) else "not ",
                                number, what))
    sys.exit(1 if failed else 0)


main()
