"""Finds the cheapest plans of instances with HiGHS.

Reads instances (advice/plan, as JSON, one a line) and prints for each a line of JSON:
its cost, the bound that was proven, and the seconds. The model is written out here
anew from what an instance means. A percentage is the product of points with
a sum over bundles; each bundle is taken or not, so the product is linear in one more
variable for each bundle, and nothing is approximated but by HiGHS's own tolerances.
"""

import argparse
import json
import resource
import sys
import time
from fractions import Fraction

import highspy
import numpy as np


class Model:
    """Columns and rows for HiGHS."""

    def __init__(self):
        self.lo, self.hi, self.cost, self.whole = [], [], [], []
        self.rows = []

    def column(self, lo, hi, cost=0.0, whole=False):
        self.lo.append(lo)
        self.hi.append(hi)
        self.cost.append(cost)
        self.whole.append(whole)
        return len(self.lo) - 1

    def at_least(self, terms, rhs):
        """sum(terms) >= rhs, scaled so that the largest coefficient is 1."""
        most = max((abs(c) for c in terms.values()), default=0)
        if most == 0:
            if rhs > 0:
                terms, most = {self.column(0, 0): 1}, 1
            else:
                return
        self.rows.append(({v: float(Fraction(c) / Fraction(most)) for v, c in terms.items() if c}, float(Fraction(rhs) / Fraction(most))))

    def solve(self, limit, threads):
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.lo), len(self.rows)
        lp.col_cost_ = np.array(self.cost, dtype=float)
        lp.col_lower_ = np.array(self.lo, dtype=float)
        lp.col_upper_ = np.array(self.hi, dtype=float)
        lp.row_lower_ = np.array([rhs for _, rhs in self.rows], dtype=float)
        lp.row_upper_ = np.full(len(self.rows), highspy.kHighsInf)
        start, index, value = [0], [], []
        for terms, _ in self.rows:
            index += terms.keys()
            value += terms.values()
            start.append(len(index))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(start, dtype=np.int32)
        lp.a_matrix_.index_ = np.array(index, dtype=np.int32)
        lp.a_matrix_.value_ = np.array(value, dtype=float)
        lp.integrality_ = [highspy.HighsVarType.kInteger if w else highspy.HighsVarType.kContinuous for w in self.whole]
        h = highspy.Highs()
        h.silent()
        for name, to in (("output_flag", False), ("time_limit", float(limit)), ("threads", threads), ("mip_rel_gap", 0.0),
                         ("mip_abs_gap", 0.999), ("mip_feasibility_tolerance", 1e-9), ("primal_feasibility_tolerance", 1e-9)):
            h.setOptionValue(name, to)
        h.passModel(lp)
        h.run()
        return h


def fraction(x):
    return Fraction(x if isinstance(x, int) else str(x))


class Planner:
    def __init__(self, instance):
        self.i, self.m = instance, Model()
        self.x = []
        for unit in instance["units"]:
            self.x.append([self.m.column(0, 0 if b.get("barred") else 1, b["cost"], True) for b in unit["bundles"]])
            self.m.at_least({x: -1 for x in self.x[-1]}, -1)
            if unit.get("must"):
                self.m.at_least({x: 1 for x in self.x[-1]}, 1)
        self.unit_of = {x: u for u, xs in enumerate(self.x) for x in xs}
        for u, unit in enumerate(instance["units"]):
            for b, bundle in enumerate(unit["bundles"]):
                for any_of in bundle.get("needs", []):
                    terms = {self.x[c["unit"]][c["bundle"]]: 1 for c in any_of}
                    terms[self.x[u][b]] = terms.get(self.x[u][b], 0) - 1
                    self.m.at_least(terms, 0)
        for c in instance.get("limits", []):
            self.m.at_least(*self.condition(c, None))
        for failure in [None] + instance.get("failures", []):
            self.members = {}
            for area in instance["areas"]:
                self.area(area, failure)

    def counter(self, c, failure):
        """A counter as (constant, {column: coefficient})."""
        constant, terms = self.i["counters"][c]["base"], {}
        for u, unit in enumerate(self.i["units"]):
            if failure and u in failure["units"]:
                continue
            for b, bundle in enumerate(unit["bundles"]):
                for add in bundle["adds"]:
                    if add["counter"] == c and add["by"]:
                        terms[self.x[u][b]] = terms.get(self.x[u][b], 0) + add["by"]
        for add in (failure or {}).get("lost", []):
            if add["counter"] == c:
                constant += add["by"]
        return constant, terms

    def sum(self, terms, failure):
        constant, out = 0, {}
        for t in terms:
            q, times = t["quantity"], t["times"]
            if q < len(self.i["counters"]):
                parts = [self.counter(q, failure)]
            else:
                parts = [(0, {self.held(c, failure): 1}) for c in self.i["sets"][q - len(self.i["counters"])]["members"]]
            for k, more in parts:
                constant += times * k
                for v, by in more.items():
                    out[v] = out.get(v, 0) + times * by
        return constant, out

    def held(self, c, failure):
        if c not in self.members:
            z = self.m.column(0, 1, whole=True)
            k, terms = self.counter(c, failure)
            _, most = self.bounds((k, terms))
            self.m.at_least({**terms, z: -1}, -k)
            self.m.at_least({**{v: -by for v, by in terms.items()}, z: max(most, 0)}, k)
            self.members[c] = z
        return self.members[c]

    def bounds(self, form):
        """The least and the greatest value: at most one bundle of each unit."""
        constant, terms = form
        lo = hi = constant
        units = {}
        for v, by in terms.items():
            if v in self.unit_of:
                least, most = units.get(self.unit_of[v], (0, 0))
                units[self.unit_of[v]] = min(least, by), max(most, by)
            else:
                lo, hi = lo + min(0, by), hi + max(0, by)
        return lo + sum(l for l, _ in units.values()), hi + sum(h for _, h in units.values())

    def condition(self, c, failure):
        constant, terms = self.sum(c["terms"], failure)
        return terms, c["at_least"] - constant

    def implied(self, literal, form, least):
        """literal -> form >= least"""
        constant, terms = form
        lo, _ = self.bounds(form)
        if least > lo:
            self.m.at_least({**terms, literal: -(least - lo)}, lo - constant)

    def area(self, area, failure):
        ways = []
        for way in area["ways"]:
            t = self.m.column(0, 1, whole=True)
            ways.append(t)
            for c in way.get("when", []):
                self.implied(t, self.sum(c["terms"], failure), c["at_least"])
            total = {t: -fraction(area["pass"])}
            for metric in way["metrics"]:
                total[self.metric(metric, t, failure)] = 1
            self.m.at_least(total, 0)
        self.m.at_least({t: 1 for t in ways}, 1)

    def metric(self, metric, t, failure):
        if metric.get("whole") or metric.get("gate_inclusive") or fraction(metric["gate"]) != 0:
            raise NotImplementedError("whole points and gates")
        q = self.m.column(0, float(fraction(metric["max"])))
        points, active, options = {q: -1}, {t: -1}, {t: 1}
        for option in metric["options"]:
            o = self.m.column(0, 1, whole=True)
            options[o] = -1
            for part in option["parts"]:
                a = self.m.column(0, 1, whole=True)
                self.m.at_least({o: 1, a: -1}, 0)
                points[self.part(part, a, failure)] = 1
                active[a] = 1
        self.m.at_least(points, 0)
        self.m.at_least(active, 0)
        self.m.at_least(options, 0)
        return q

    def part(self, part, a, failure):
        if part.get("signed") or fraction(part["step"]) != 0:
            raise NotImplementedError("losses and steps")
        most = fraction(part["max"])
        p = self.m.column(0, float(most))
        self.m.at_least({a: most, p: -1}, 0)
        for c in part.get("when", []):
            self.implied(a, self.sum(c["terms"], failure), c["at_least"])
        if not part.get("gain"):
            return p
        rate = fraction(part["rate"])
        gain = self.sum(part["gain"], failure)
        self.implied(a, gain, 1)
        slack = rate * max(-self.bounds(gain)[0], 0)
        row = {v: rate * by for v, by in gain[1].items()}
        row[a] = -slack
        rhs = -slack - rate * gain[0]
        if not part.get("over"):
            row[p] = -1
            self.m.at_least(row, rhs)
            return p
        over = self.sum(part["over"], failure)
        self.implied(a, over, 1)
        row[p] = -over[0]
        for v, by in over[1].items():
            if by < 0:
                raise NotImplementedError("bundles that lower a baseline")
            w = self.m.column(0, float(most))  # p if the bundle is taken, else 0
            self.m.at_least({w: 1, p: -1, v: -most}, -most)
            row[w] = -by
        self.m.at_least(row, rhs)
        return p


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("--instances", required=True, help="a file with an instance on every line")
    a.add_argument("--limit", type=float, default=10, help="seconds for each")
    a.add_argument("--threads", type=int, default=1)
    a = a.parse_args()
    with open(a.instances, encoding="utf-8") as lines:
        for line in lines:
            planner = Planner(json.loads(line))
            begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
            h = planner.m.solve(a.limit, a.threads)
            seconds, used = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_utime - used
            info, status = h.getInfo(), h.getModelStatus()
            found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
            out = {
                "cost": round(info.objective_function_value) if found else None,
                "bound": info.mip_dual_bound,
                "proven": status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible),
                "infeasible": status == highspy.HighsModelStatus.kInfeasible,
                "seconds": seconds,
                "cpu": used,
                "nodes": info.mip_node_count,
            }
            if abs(out["bound"]) > 1e300:
                out["bound"] = None
            print(json.dumps(out), flush=True)


if __name__ == "__main__":
    sys.exit(main())
