"""DuckDB: the rules as SQL over its own tables, in memory."""

import os
import time

import duckdb

import common


def main():
    args = common.arguments(__doc__)
    clock = common.Clock(args)
    db = duckdb.connect()
    db.execute(f"SET threads = {args.threads}")
    db.execute("SET preserve_insertion_order = false")
    start = time.perf_counter()
    for name, path in common.tables(args.data):
        db.execute(f"CREATE TABLE {name} AS FROM read_parquet('{path}')")
    load = time.perf_counter() - start
    text = list(common.statements(args.sql))

    def ask():
        clock.run(text, db.execute)

    wall, used = common.measure(args.reps, ask)
    if args.out:
        for name, query in common.RESULTS.items():
            db.execute(f"COPY ({query}) TO '{os.path.join(args.out, name)}.csv' (HEADER)")
    common.report("DuckDB", duckdb.__version__, load, wall, used, common.peak(), counted=clock.counted)


main()
