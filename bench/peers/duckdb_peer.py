"""DuckDB: the rules as SQL over its own tables, in memory."""

import os
import sys
import time

import duckdb

import common

# What the answers are written from.
RESULTS = {
    "tally": "FROM tally",
    "members": "SELECT account, measure, name, now, base, unrated FROM members JOIN (SELECT DISTINCT same, name FROM named) USING (same)",
    "points": "FROM points",
    "totals": "FROM totals",
    "areas": "FROM areas",
}


def main():
    args = common.arguments(__doc__)
    db = duckdb.connect()
    db.execute(f"SET threads = {args.threads}")
    db.execute("SET preserve_insertion_order = false")
    start = time.perf_counter()
    for name, path in common.tables(args.data):
        db.execute(f"CREATE TABLE {name} AS FROM read_parquet('{path}')")
    load = time.perf_counter() - start
    text = list(common.statements(args.sql))

    def ask():
        for statement in text:
            c, t = common.cpu(), time.perf_counter()
            db.execute(statement)
            if args.statements:
                first = next(line for line in statement.splitlines() if line and not line.startswith("--"))
                print(f"{time.perf_counter() - t:7.3f} {common.cpu() - c:7.3f}  {first[:100]}", file=sys.stderr)

    wall, used = common.measure(args.reps, ask)
    if args.out:
        for name, query in RESULTS.items():
            db.execute(f"COPY ({query}) TO '{os.path.join(args.out, name)}.csv' (HEADER)")
    common.report("DuckDB", duckdb.__version__, load, wall, used, common.peak())


main()
