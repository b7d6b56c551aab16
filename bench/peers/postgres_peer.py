"""PostgreSQL: the rules as SQL over unlogged tables of a server of its own, which
lives in a temporary directory and listens on a socket there."""

import glob
import os
import shutil
import subprocess
import tempfile
import time

import psycopg
import pyarrow
import pyarrow.csv
import pyarrow.parquet

import common

SPELLING = [
    (r"CREATE OR REPLACE TEMP TABLE (\w+) ", r"DROP TABLE IF EXISTS \1;\nCREATE UNLOGGED TABLE \1 "),
    (r"\((abs\(money\))::HUGEINT", r"(\1"),  # no amount of Azure outgrows 64 bits here
    (r" // ", " / "),
    (r"\bHUGEINT\b", "NUMERIC"),
]
TYPES = {"int32": "integer", "int64": "bigint", "bool": "boolean", "string": "text"}
SETTINGS = {
    "listen_addresses": "''", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
    "shared_buffers": "2GB", "work_mem": "1GB", "hash_mem_multiplier": "2", "maintenance_work_mem": "1GB",
    "effective_cache_size": "8GB", "max_wal_size": "16GB", "jit": "off", "wal_level": "minimal", "max_wal_senders": "0",
}


class Server:
    """A server that lives as long as the peer."""

    def __init__(self, threads):
        self.bin = os.environ.get("PGBIN") or sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.dir = tempfile.mkdtemp(prefix="kizuna-postgres-")
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.dir, "postgres")
        data = os.path.join(self.dir, "data")
        self.run("initdb", "-D", data, "-U", "bench", "-A", "trust", "--no-sync")
        settings = dict(SETTINGS, unix_socket_directories=f"'{self.dir}'", max_parallel_workers_per_gather=str(threads - 1))
        options = " ".join(f"-c {k}={v}" for k, v in settings.items())
        self.run("pg_ctl", "-D", data, "-o", options, "-l", os.path.join(self.dir, "log"), "-w", "start")
        with open(os.path.join(data, "postmaster.pid"), encoding="utf-8") as f:
            self.pid = int(f.readline())

    def run(self, *command):
        command = [*self.user, os.path.join(self.bin, command[0]), *command[1:]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.dir)

    def stop(self):
        self.run("pg_ctl", "-D", os.path.join(self.dir, "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.dir, ignore_errors=True)


def load_table(db, name, path):
    file = pyarrow.parquet.ParquetFile(path)
    schema = file.schema_arrow
    columns = ", ".join(f"{f.name} {TYPES[str(f.type)]}" for f in schema)
    db.execute(f"CREATE UNLOGGED TABLE {name} ({columns})")
    with db.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        for batch in file.iter_batches(200_000):
            out = pyarrow.BufferOutputStream()
            pyarrow.csv.write_csv(batch, out, pyarrow.csv.WriteOptions(include_header=False))
            copy.write(out.getvalue().to_pybytes())
    db.execute(f"ANALYZE {name}")


def main():
    args = common.arguments(__doc__)
    clock = common.Clock(args)
    server = Server(args.threads)
    try:
        with psycopg.connect(host=server.dir, user="bench", dbname="postgres", autocommit=True) as db:
            start = time.perf_counter()
            for name, path in common.tables(args.data):
                load_table(db, name, path)
            load = time.perf_counter() - start
            text = [common.respell(s, SPELLING) for s in common.statements(args.sql)]

            def run(statement):
                db.execute(statement)
                made = common.re.search(r"CREATE UNLOGGED TABLE (\w+) AS", statement)
                if made:
                    db.execute(f"ANALYZE {made[1]}")

            def ask():
                clock.run(text, run)

            wall, used = common.measure(args.reps, ask, lambda: common.cpu_of(server.pid))
            if args.out:
                for name, query in common.RESULTS.items():
                    common.write(args.out, name, (list(row) for row in db.execute(query)))
            version = db.execute("SHOW server_version").fetchone()[0].split()[0]
            common.report("PostgreSQL", version, load, wall, used, common.peak_of(server.pid), counted=clock.counted)
    finally:
        server.stop()


main()
