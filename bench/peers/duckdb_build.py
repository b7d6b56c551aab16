"""DuckDB: from a bill to Parquet, on one thread: all columns, those that a statement
keeps, and these sorted as a statement is."""

import argparse
import json
import os
import time

import duckdb

import common

COLUMNS = """SubAccountId, ResourceId, ServiceName, x_CustomerId, BillingCurrency,
    ChargeCategory, ProviderName, CAST(ChargePeriodStart AS DATE) AS day,
    CAST(EffectiveCost AS DECIMAL(38, 15)) AS revenue"""


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("--bill", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--reps", type=int, default=3)
    args = a.parse_args()
    db = duckdb.connect()
    db.execute("SET threads = 1")
    stages = []
    for name, columns, order in [
        ("DuckDB, all columns", "*", ""),
        ("DuckDB, those of use", COLUMNS, ""),
        ("DuckDB, these sorted", COLUMNS, "ORDER BY x_CustomerId, ResourceId, ServiceName, day"),
    ]:
        path = os.path.join(args.out, "duckdb.parquet")
        best = None
        for _ in range(args.reps):
            start, used = time.perf_counter(), common.cpu()
            db.execute(f"COPY (SELECT {columns} FROM read_csv('{args.bill}', header = true) {order}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            wall, cpu = time.perf_counter() - start, common.cpu() - used
            if best is None or cpu < best[1]:
                best = (wall, cpu)
        rows = db.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchone()[0]
        stages.append({"name": name, "rows": rows, "seconds": best[0], "cpu_seconds": best[1]})
    print(json.dumps(stages))


main()
