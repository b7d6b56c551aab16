"""DuckDB, pandas and Polars read a directory of statements as they are, and say the
same of them: how many rows, whose, and their revenue to the millionth."""

import glob
import json
import sys

import duckdb
import pandas
import polars

files = sorted(glob.glob(sys.argv[1] + "/**/usage.parquet", recursive=True))
said = {}

rows, tenants, revenue, lines = duckdb.sql(
    f"SELECT count(*), count(DISTINCT tenant_id), sum(revenue), sum(source_rows) FROM read_parquet({files})"
).fetchall()[0]
said["DuckDB"] = [rows, tenants, str(revenue), int(lines)]

frame = pandas.concat(pandas.read_parquet(f) for f in files)
said["pandas"] = [len(frame), frame["tenant_id"].nunique(), str(frame["revenue"].sum()), int(frame["source_rows"].sum())]

frame = polars.read_parquet(files)
said["Polars"] = [frame.height, frame["tenant_id"].n_unique(), str(frame["revenue"].sum()), frame["source_rows"].sum()]

print(json.dumps(said))
