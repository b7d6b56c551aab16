"""What all peers have in common: their arguments, the clock, and how they report.

A peer loads the tables, answers the question as often as it is asked to, and
prints one line of JSON. Loading is timed apart. Seconds are of the wall; CPU
seconds are those of the peer's processes, which another program that holds a core
does not change.
"""

import argparse
import glob
import json
import os
import resource
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
