"""What all peers have in common: their arguments, the clock, and how they report.

A peer loads the tables, answers the question as often as it is asked to, and
prints one line of JSON. Loading is timed apart. Seconds are of the wall; CPU
seconds are those of the peer's processes, which another program that holds a core
does not change.
"""

import argparse
import csv
import glob
import json
import os
import re
import resource
import sys
import time


def arguments(doc):
    a = argparse.ArgumentParser(description=doc)
    a.add_argument("--data", required=True, help="the directory of the Parquet tables")
    a.add_argument("--sql", help="the rules as SQL")
    a.add_argument("--threads", type=int, default=os.cpu_count())
    a.add_argument("--reps", type=int, default=1)
    a.add_argument("--out", help="the directory that the answers are written to")
    a.add_argument("--statements", action="store_true", help="tell how long each statement takes")
    return a.parse_args()


def tables(directory):
    """The names of the tables with their files."""
    for path in sorted(glob.glob(os.path.join(directory, "*.parquet"))):
        yield os.path.basename(path)[: -len(".parquet")], path


def statements(path):
    """The statements of a text; each ends in a semicolon at the end of a line."""
    with open(path, encoding="utf-8") as f:
        for statement in f.read().split(";\n"):
            if statement.strip():
                yield statement


def cpu():
    """CPU seconds of this process and of the children that it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peak():
    """Peak resident memory in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(reps, ask, cpu=cpu):
    """Asks as often as wanted; returns wall and CPU seconds of each time."""
    wall, used = [], []
    for _ in range(reps):
        c, t = cpu(), time.perf_counter()
        ask()
        wall.append(time.perf_counter() - t)
        used.append(cpu() - c)
    return wall, used


def report(engine, version, load, wall, used, peak_bytes, **more):
    print(json.dumps({"engine": engine, "version": version, "load": load, "wall": wall, "cpu": used, "peak": peak_bytes, **more}))


# What the answers are written from: five tables that the text leaves behind.
RESULTS = {
    "tally": "SELECT account, measure, now, base FROM tally",
    "members": "SELECT account, measure, name, now, base, unrated FROM members JOIN (SELECT DISTINCT same, name FROM named) AS n USING (same)",
    "points": "SELECT account, area, track, metric, num, den FROM points",
    "totals": "SELECT account, area, track, num, den, passes FROM totals",
    "areas": "SELECT account, area, track, num, den, qualified FROM areas",
}

MADE = re.compile(r"CREATE OR REPLACE TEMP TABLE (\w+) (AS\b|\()")


def respell(statement, spelling):
    """Spells a statement as an engine wants it: pairs of a pattern and what replaces it."""
    for pattern, replacement in spelling:
        statement = re.sub(pattern, replacement, statement)
    return statement


def write(directory, name, rows):
    """Writes an answer as CSV; truth is spelled true and false."""
    with open(os.path.join(directory, name + ".csv"), "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["header"])
        for row in rows:
            out.writerow([str(v).lower() if isinstance(v, bool) else v for v in row])


class Clock:
    """Runs a text's statements; notes when all tallies were known, and tells of each
    statement how long it took if it is asked to."""

    def __init__(self, args):
        self.tell = args.statements
        self.counted = []

    def run(self, text, run):
        start = time.perf_counter()
        for statement in text:
            if " holders " in statement and "TABLE" in statement and len(self.counted) == self.asked:
                self.counted.append(time.perf_counter() - start)
            self.one(statement, run)
        self.asked += 1

    asked = 0

    def one(self, statement, run):
        c, t = cpu(), time.perf_counter()
        try:
            run(statement)
        except Exception:
            print(statement, file=sys.stderr)
            raise
        if self.tell:
            first = next(line for line in statement.splitlines() if line and not line.startswith("--"))
            print(f"{time.perf_counter() - t:7.3f} {cpu() - c:7.3f}  {first[:100]}", file=sys.stderr)


def family(pid):
    """A process and all that came from it and still run."""
    found = [pid]
    for parent in found:
        for task in glob.glob(f"/proc/{parent}/task/*/children"):
            try:
                with open(task, encoding="utf-8") as f:
                    found += [int(child) for child in f.read().split()]
            except OSError:
                pass
    return found


def cpu_of(pid):
    """CPU seconds of another process, its children, and those that it has waited for."""
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/stat", encoding="utf-8") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(n) for n in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    """Peak resident memory of another process and its children, in bytes. Pages that they share count each time."""
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/status", encoding="utf-8") as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))
        except OSError:
            continue
    return total
