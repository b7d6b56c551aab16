"""Spark on this machine: the rules as SQL over cached tables, one process."""

import os
import shutil
import tempfile
import time

from pyspark.sql import SparkSession
from pyspark import __version__

import common

SPELLING = [
    (r"CREATE OR REPLACE TEMP TABLE (\w+) AS", r"CREATE OR REPLACE TEMP VIEW \1 AS"),
    (r"CREATE OR REPLACE TEMP TABLE (\w+) (\(.*\))", r"CREATE OR REPLACE TABLE \1 \2 USING parquet"),
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
        spark.sql(f"CACHE TABLE {name}")
    load = time.perf_counter() - start
    text = [common.respell(s, SPELLING) for s in common.statements(args.sql)]

    def run(statement):
        made = common.re.search(r"CREATE OR REPLACE TEMP VIEW (\w+) AS", statement)
        new = common.re.search(r"CREATE OR REPLACE TABLE (\w+) ", statement)
        if made:
            spark.sql(f"UNCACHE TABLE IF EXISTS {made[1]}")
        if new:
            spark.sql(f"DROP TABLE IF EXISTS {new[1]}")
            shutil.rmtree(os.path.join(home, new[1]), ignore_errors=True)
            statement = statement.replace("CREATE OR REPLACE", "CREATE")
        spark.sql(statement)
        if made:
            spark.sql(f"CACHE TABLE {made[1]}")

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
