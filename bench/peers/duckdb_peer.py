import argparse, glob, json, os, resource, time
import duckdb

def main():
    a = argparse.ArgumentParser()
    a.add_argument("--data", required=True); a.add_argument("--sql", required=True)
    a.add_argument("--threads", type=int, default=0); a.add_argument("--reps", type=int, default=1)
    a.add_argument("--out"); a.add_argument("--statements", action="store_true")
    a = a.parse_args()
    db = duckdb.connect()
    if a.threads: db.execute(f"SET threads={a.threads}")
    db.execute("SET preserve_insertion_order=false")
    t0=time.perf_counter()
    for f in sorted(glob.glob(os.path.join(a.data, "*.parquet"))):
        db.execute(f"CREATE TABLE {os.path.basename(f)[:-8]} AS FROM read_parquet('{f}')")
    print("load", time.perf_counter()-t0, duckdb.__version__)
    text=open(a.sql).read()
    for rep in range(a.reps):
        t0=time.perf_counter()
        for s in text.split(";\n"):
            if not s.strip(): continue
            t=time.perf_counter()
            try: db.execute(s)
            except Exception as e:
                print(s); raise
            if a.statements:
                d=time.perf_counter()-t
                if d>0.02: print(f"{d:.3f}", " ".join(s.split())[:110])
        print("run", time.perf_counter()-t0)
    for t in ["reach","hit","cover","revenue","snapshot","tally","members","points","totals"]:
        print(t, db.execute(f"select count(*) from {t}").fetchone())
    if a.out:
        for t in ["tally","points","totals","areas"]: db.execute(f"COPY {t} TO '{a.out}/{t}.csv' (HEADER)")
        db.execute(f"COPY (select account, measure, name, now, base, unrated from members join (select distinct same,name from named) using(same)) TO '{a.out}/members.csv' (HEADER)")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
main()
