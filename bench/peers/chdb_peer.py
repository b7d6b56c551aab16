"""ClickHouse in the process (chDB): the rules as SQL over tables in memory."""

import time

from chdb.session import Session

import common

SPELLING = [
    (r"CREATE OR REPLACE TEMP TABLE (\w+) AS", r"CREATE OR REPLACE TABLE \1 ENGINE = Memory AS"),
    (r"CREATE OR REPLACE TEMP TABLE (\w+) (\(.*\))", r"CREATE OR REPLACE TABLE \1 \2 ENGINE = Memory"),
    (r"bool_or\(", "max("),
    (r"k\.types & r\.type", "bitAnd(k.types, r.type)"),
    (r" // ", " DIV "),
    (r"\bHUGEINT\b", "Int128"),
    (r"\bVARCHAR\b", "String"),
]


def main():
    args = common.arguments(__doc__)
    clock = common.Clock(args)
    session = Session()
    session.query(f"SET max_threads = {args.threads}")
    session.query("SET join_use_nulls = 1")
    session.query("SET prefer_column_name_to_alias = 1")
    start = time.perf_counter()
    for name, path in common.tables(args.data):
        session.query(f"CREATE TABLE {name} ENGINE = Memory AS SELECT * FROM file('{path}', Parquet) SETTINGS schema_inference_make_columns_nullable = 0")
    load = time.perf_counter() - start
    text = [common.respell(s, SPELLING) for s in common.statements(args.sql)]

    def ask():
        clock.run(text, session.query)

    wall, used = common.measure(args.reps, ask)
    if args.out:
        for name, query in common.RESULTS.items():
            rows = str(session.query(query, "JSONCompactEachRow")).splitlines()
            common.write(args.out, name, (common.json.loads(row) for row in rows))
    version = str(session.query("SELECT version()", "TSV")).strip()
    common.report("ClickHouse (chDB)", version, load, wall, used, common.peak(), counted=clock.counted)


main()
