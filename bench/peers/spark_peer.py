"""Spark on this machine: the rules as SQL, one process. What statements make are
Parquet tables in a temporary directory: as cached views they took several times as long."""

import os
import shutil
import tempfile
import time

from pyspark.sql import SparkSession
from pyspark import __version__

import common

SPELLING = [
    (r"CREATE OR REPLACE TEMP TABLE (\w+) AS", r"CREATE TABLE \1 USING parquet AS"),
    (r"CREATE OR REPLACE TEMP TABLE (\w+) (\(.*\))", r"CREATE TABLE \1 \2 USING parquet"),
    (r" // ", " DIV "),
    (r"\bHUGEINT\b", "DECIMAL(38, 0)"),
    (r"\bVARCHAR\b", "STRING"),
]


def main():
    args = common.arguments(__doc__)
    clock = common.Clock(args)
    home = tempfile.mkdtemp(prefix="kizuna-spark-")
    spark = (
        SparkSession.builder.master(f"local[{args.threads}]")
        .config("spark.driver.memory", os.environ.get("SPARK_MEMORY", "8g"))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", str(2 * args.threads))
        .config("spark.sql.ansi.enabled", "false")
        .config("spark.sql.warehouse.dir", home)
        .config("spark.local.dir", home)
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    java = spark.sparkContext._gateway.proc.pid
    start = time.perf_counter()
    for name, path in common.tables(args.data):
        spark.read.parquet(path).createOrReplaceTempView(name)
    load = time.perf_counter() - start
    text = [common.respell(s, SPELLING) for s in common.statements(args.sql)]

    def run(statement):
        made = common.re.search(r"CREATE TABLE (\w+) ", statement)
        if made:
            spark.sql(f"DROP TABLE IF EXISTS {made[1]}")
            shutil.rmtree(os.path.join(home, made[1]), ignore_errors=True)
        spark.sql(statement)

    def ask():
        clock.run(text, run)

    wall, used = common.measure(args.reps, ask, lambda: common.cpu_of(java))
    peak = common.peak_of(java)
    if args.out:
        for name, query in common.RESULTS.items():
            common.write(args.out, name, (list(row) for row in spark.sql(query).collect()))
    common.report("Spark (local)", __version__, load, wall, used, peak, counted=clock.counted)
    spark.stop()
    shutil.rmtree(home, ignore_errors=True)


main()
