"""Polars: the three Azure areas as expressions over data frames in memory.

What the rules say is read out of the program's SQL text, so that it is written down
once; how it is counted is written here in Polars' own words. Polars answers the
tallies and the people; the text's last part makes the points of them.
"""

import os
import re
import time


def main():
    import common

    args = common.arguments(__doc__)
    os.environ["POLARS_MAX_THREADS"] = str(args.threads)  # before Polars is loaded
    import polars as pl

    c = pl.col
    text = list(common.statements(args.sql))
    rules = Rules(text)
    start = time.perf_counter()
    tables = {name: pl.read_parquet(path) for name, path in common.tables(args.data)}
    load = time.perf_counter() - start
    answer = {}

    def both(f, t):  # the time in which two facts hold
        return pl.max_horizontal(f), pl.min_horizontal(t)

    def islands(frame, keys):
        """Joins intervals that touch."""
        frame = frame.sort(*keys, "f", "t")
        new = (c.f > c.t.cum_max().shift(1).over(keys)).fill_null(True)
        frame = frame.with_columns(island=new.cast(pl.Int32).cum_sum())
        return frame.group_by(*keys, "island").agg(c.f.min(), c.t.max()).drop("island")

    def reaches(here):
        day = rules.day
        csp = tables["csp"].filter(c.f < c.t, c.f <= day)
        running = (c.t > day).any().over("node")
        seller = csp.filter(pl.when(running).then(c.t > day).otherwise(c.t == c.t.max().over("node"))).drop("f", "t")
        sold = islands(csp.select("node", "f", "t"), ["node"])
        csp = seller.join(here, on="location").join(sold, on="node")
        dpor = tables["dpor"].join(here, on="location")
        roles = tables["roles"].filter(~c.name.str.to_lowercase().str.contains(rules.reader)).select(role="number")
        held = (
            tables["assignments"].join(roles, on="role")
            .join(tables["links"].join(here, on="location"), on="credential", suffix="_l")
            .with_columns(f=pl.max_horizontal("f", "f_l"), t=pl.min_horizontal("t", "t_l")).filter(c.f < c.t)
        )
        up = tables["placements"].filter(c.f < c.t)
        level = up.filter(~c.is_group).select("tenant", "node", "node_end", "parent", "f", "t")
        groups = up.filter(c.is_group).select("tenant", "parent", parent_2="parent", at="node", f_2="f", t_2="t").drop("parent")
        under = [level]
        for _ in range(2):
            level = (
                level.join(groups, left_on=["tenant", "parent"], right_on=["tenant", "at"])
                .select("tenant", "node", "node_end", parent="parent_2", f=pl.max_horizontal("f", "f_2"), t=pl.min_horizontal("t", "t_2"))
                .filter(c.f < c.t)
            )
            under.append(level)
        grouped = (
            held.filter(c.at_group).select("account", "tenant", parent="node", f_h="f", t_h="t")
            .join(pl.concat(under), on=["tenant", "parent"])
            .with_columns(f=pl.max_horizontal("f", "f_h"), t=pl.min_horizontal("t", "t_h")).filter(c.f < c.t)
        )
        columns = ["account", "tenant", "node", "node_end", "f", "t"]
        return (
            pl.concat([frame.select(columns) for frame in (csp, dpor, held.filter(~c.at_group), grouped)])
            .with_columns(f=c.f.clip(lower_bound=rules.begin), t=c.t.clip(upper_bound=rules.end)).filter(c.f < c.t)
        )

    def share(amount, covered, period):
        # no amount of Azure outgrows 64 bits here
        return pl.when(covered == period).then(amount).otherwise(amount.sign() * ((amount.abs() * covered + period // 2) // period))

    def ask():
        begin = time.perf_counter()
        here = tables["locations"].filter(c.f <= rules.day, rules.day < c.t).select("location", "account")
        names = tables["workloads"].select(workload="number", name=c.name.replace(rules.aliases))
        classes = tables["classes"].join(names, on="workload").filter(c.product == rules.product)
        azure = classes.select("class")
        leaves = tables["leaves"].join(azure, on="class", how="semi").select("tenant", "leaf", at="node")
        hit = (
            reaches(here).join(leaves, on="tenant").filter(c.at >= c.node, c.at <= c.node_end).select("leaf", "account", "f", "t")
        )
        cover = islands(hit, ["leaf", "account"]).with_columns(broken=pl.len().over("leaf", "account") > 1)
        pays = classes.filter(~c.offer.is_in(rules.offers)).select("class", "name")
        rows = (
            tables["facts"].filter(c.money != 0, c.month.is_between(rules.first, rules.last))
            .join(pays, on="class").select("leaf", "tenant", "name", "month", "money", p=c.day.cast(pl.Int64) * 86400, q=(c.day + c.days).cast(pl.Int64) * 86400)
            .join(cover, on="leaf").filter(c.f < c.q, c.t > c.p)
            .with_columns(seconds=pl.min_horizontal("t", "q") - pl.max_horizontal("f", "p"), period=c.q - c.p)
        )
        broken = rows.filter(c.broken).group_by("leaf", "account", "tenant", "name", "month", "p").agg(c.money.first(), c.seconds.sum(), c.period.first())
        columns = ["account", "tenant", "name", "month", "money", "seconds", "period"]
        credits = pl.concat([rows.filter(~c.broken).select(columns), broken.select(columns)]).with_columns(
            credited=share(c.money, c.seconds, c.period)
        )

        def over(first, last):
            return c.credited.filter(c.month.is_between(first, last)).sum()

        last = rules.last
        pairs = credits.group_by("account", "tenant", "name").agg(
            m1=over(last, last), m2=over(last - 1, last - 1), m13=over(last - 12, last - 12), m14=over(last - 13, last - 13),
            now=over(last - 11, last), base=over(last - 23, last - 12),
        )
        tenants = pairs.group_by("account", "tenant").agg(pl.all().exclude("name").sum())
        adds = tenants.group_by("account").agg(
            now=((c.m1 >= rules.adds) | (c.m2 >= rules.adds)).sum().cast(pl.Int64), base=((c.m13 >= rules.adds) | (c.m14 >= rules.adds)).sum().cast(pl.Int64)
        )
        growth = tenants.group_by("account").agg(c.now.sum(), c.base.sum())
        answer["tally"] = pl.concat([
            adds.select("account", pl.lit(0).alias("measure"), "now", "base"),
            growth.select("account", pl.lit(1).alias("measure"), "now", "base"),
        ])
        answer["members"] = (
            pairs.filter(c.name != "", ~c.name.is_in(rules.machines), c.now > 0).group_by("account", "name").agg(now=pl.len().cast(pl.Int64))
            .select("account", pl.lit(2).alias("measure"), "name", "now", pl.lit(0).alias("base"), pl.lit(0).alias("unrated"))
        )
        counted.append(time.perf_counter() - begin)
        points(here)

    def points(here):
        valid = (
            tables["certifications"].filter(c.earned <= rules.today, c.expires > rules.today)
            .join(tables["certificates"].rename({"number": "certificate"}), on="certificate").filter(c.name.is_in(rules.known))
        )
        linked = tables["profile_links"].filter(c.f <= rules.day, rules.day < c.t).join(here, on="location")
        person = (
            valid.join(tables["people"], on="profile").join(linked, on="profile").group_by("account", "person")
            .agg(**{f"p{i}": c.name.is_in(of).any() for i, of in enumerate(rules.lists)})
        )
        holders = person.group_by("account").agg(pl.all().exclude("person").sum().cast(pl.Int64))
        sums = [
            answer["tally"].filter(c.measure == m).select("account", c.now.alias(f"n{m}"), c.base.alias(f"b{m}")) for m in (0, 1)
        ]
        sets = answer["members"].group_by("account").agg(sn2=pl.len().cast(pl.Int64))
        wide = tables["locations"].select("account").unique()
        for frame in (*sums, sets, holders):
            wide = wide.join(frame, on="account", how="left")
        answer.update(rules.points(pl, wide.fill_null(0)))

    counted = []
    wall, used = common.measure(args.reps, ask)
    if args.out:
        for name in common.RESULTS:
            common.write(args.out, name, answer[name].rows())
    common.report("Polars", pl.__version__, load, wall, used, common.peak(), counted=counted)


class Rules:
    """What the text says."""

    def __init__(self, text):
        self.text = text

        def of(table):
            return next(s for s in text if f"TABLE {table} AS" in s)

        def one(pattern, table):
            return re.search(pattern, of(table), re.S)[1]

        def strings(quoted):
            return [s.replace("''", "'") for s in re.findall(r"'((?:[^']|'')*)'", quoted)]

        self.day = int(one(r"f <= (\d+)", "here"))
        self.today = self.day // 86400
        self.begin, self.end = int(one(r"greatest\(f, (\d+)\)::", "reach")), int(one(r"least\(t, (\d+)\)::", "reach"))
        self.reader = one(r"NOT LIKE '%(\w+)%'", "access")
        self.product = one(r"product = '([^']*)'", "feed")
        self.machines = strings(one(r"name NOT IN \(([^)]*)\)", "feed"))
        self.offers = strings(one(r"offer NOT IN \(([^)]*)\)", "taken"))
        self.aliases = dict(re.findall(r"'([^']*)' AS alias, '([^']*)' AS counts_as", of("named")))
        months = re.search(r"month BETWEEN (\d+) AND (\d+)", of("revenue"))
        self.first, self.last = int(months[1]), int(months[2])
        self.adds = int(re.search(r"INSERT INTO tally SELECT account, 0, .*?>= (\d+)", "\n".join(text))[1])
        self.known = strings(one(r"expires > \d+ AND name IN \(([^)]*)\)", "holders"))
        self.lists = [strings(s) for s in re.findall(r"bool_or\(name IN \(([^)]*)\)\)", of("holders"))]

    def points(self, pl, wide):
        """The points, by the text's own words: each column of a track is SQL over wide."""
        wide = wide.with_columns(pl.all().exclude("account").cast(pl.Int128))
        out = {"points": [], "totals": []}
        track = None
        for statement in self.text:
            body = statement.replace("::HUGEINT", "").replace("AS HUGEINT", "AS INT128")
            if "TABLE track AS" in statement:
                track = pl.SQLContext(wide=wide).execute(body.split(" AS\n", 1)[1], eager=True)
            elif "INSERT INTO points" in statement:
                for part in re.findall(r"SELECT account, ('.*?'), ('.*?'), ('.*?'), (num\d), (den\d)", statement):
                    area, name, metric, num, den = (p.strip("'") for p in part)
                    out["points"].append(track.select("account", area=pl.lit(area), track=pl.lit(name), metric=pl.lit(metric), num=num, den=den))
            elif "INSERT INTO totals" in statement:
                area, name = re.search(r"SELECT account, '(.*?)', '(.*?)'", statement).groups()
                insert = body.split("INSERT INTO totals\n", 1)[1]
                total = pl.SQLContext(track=track).execute(re.sub(r"SELECT account, '.*?', '.*?', num, den, (.*) FROM summed", r"SELECT account, num, den, (\1) AS passes FROM summed", insert), eager=True)
                out["totals"].append(total.select("account", pl.lit(area).alias("area"), pl.lit(name).alias("track"), "num", "den", "passes"))
        frames = {name: pl.concat(parts) for name, parts in out.items()}
        frames["areas"] = frames["totals"]
        return frames


main()
