#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Count the test cases of one or more meson runs.

usage: summary.py [--ci] [--allowed FILE] TESTLOG.json...

A TAP program counts case by case, any other counts as one.  A program that
failed without naming a case (crash, time-out, short plan) counts as one
failed.  With --ci a skip that no pattern in FILE covers is a failure.  The
last line is plain: "N passed, N failed, N skipped".
"""

import argparse
import fnmatch
import json
import re
import sys

REASON_MAX = 240    # characters of a failed case's own words
CASE = re.compile(r"^(not )?ok\b\s*(\d+)?\s*-?\s*([^#]*)(#\s*(.*))?$")


def reason_of(lines, index):
    """The comment after a failed case's line; TAP has no place of its own."""
    words = []
    for line in lines[index + 1:]:
        if not line.startswith("#") or len(" ".join(words)) > REASON_MAX:
            break
        words.append(line[1:].strip())
    return " ".join(words)[:REASON_MAX]


def cases_of(program):
    """Yield (name, verdict, reason) for one line of the log."""
    name = program["name"].split(" / ")[-1].split(":")[-1]
    result = program["result"]
    seen_failure = False
    seen_any = False
    lines = program.get("stdout", "").strip().splitlines()
    for index, line in enumerate(lines):
        match = CASE.match(line)
        if not match:
            continue
        directive = (match.group(5) or "").strip()
        case = "%s:%s" % (name, match.group(3).strip() or match.group(2))
        word = directive.upper()
        seen_any = True
        if word.startswith("SKIP"):
            yield case, "skipped", directive[4:].strip()
        elif match.group(1) and word.startswith("TODO"):
            yield case, "skipped", directive
        elif match.group(1):
            seen_failure = True
            yield case, "failed", directive or reason_of(lines, index)
        else:
            yield case, "passed", ""
    if result in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"):
        if not seen_failure:
            yield name, "failed", result.lower()
    elif result == "SKIP":
        if not seen_any:
            yield name, "skipped", lines[-1] if lines else "no reason given"
    elif not seen_any:
        yield name, "passed", ""


def patterns_of(path):
    try:
        with open(path, encoding="utf-8") as f:
            lines = [line.split("#")[0].strip() for line in f]
    except FileNotFoundError:
        lines = []
    return [line for line in lines if line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ci", action="store_true")
    parser.add_argument("--allowed", default="")
    parser.add_argument("logs", nargs="+")
    args = parser.parse_args()
    allowed = patterns_of(args.allowed) if args.allowed else []
    count = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    for log in args.logs:
        with open(log, encoding="utf-8") as f:
            programs = [json.loads(line) for line in f if line.strip()]
        for program in programs:
            for case, verdict, reason in cases_of(program):
                if verdict == "skipped" and args.ci and not any(
                        fnmatch.fnmatchcase(case, p) for p in allowed):
                    verdict = "failed"
                    reason = "skipped, and not in allowed-skips: " + reason
                count[verdict] += 1
                if verdict != "passed":
                    notes.append("%s %s%s" % (
                        {"failed": "FAILED", "skipped": "skipped"}[verdict],
                        case, " (%s)" % reason if reason else ""))
    for note in sorted(notes):
        print(note)
    if not sum(count.values()):
        print("FAILED: no test ran")
        count["failed"] = 1
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    sys.exit(1 if count["failed"] else 0)


main()
