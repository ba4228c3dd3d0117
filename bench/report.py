"""Rows of figures: every run kept, the median shown, with its yardstick and its target."""
import json
import os
import platform
import statistics
import subprocess


class Row:
    def __init__(self, name, unit, target=None, most=None, least=None, yardstick="", note=""):
        self.name, self.unit, self.target, self.note = name, unit, target, note
        self.most, self.least, self.yardstick = most, least, yardstick
        self.runs, self.beside = [], []

    def add(self, figure, beside=None):
        self.runs.append(figure)
        if beside is not None:
            self.beside.append(beside)

    @property
    def median(self):
        return statistics.median(self.runs)

    @property
    def ratio(self):
        """Of runs that followed each other, so that a machine that slows down slows both."""
        pairs = [a / b for a, b in zip(self.runs, self.beside) if b]
        return statistics.median(pairs) if pairs else None

    @property
    def holds(self):
        judged = self.ratio if self.beside else self.median
        if self.most is None and self.least is None:
            return None
        return (self.most is None or judged <= self.most) and (self.least is None or judged >= self.least)

    def as_dict(self):
        return {"figure": self.name, "unit": self.unit, "runs": self.runs, "median": self.median,
                "yardstick": self.yardstick, "yardstick_runs": self.beside, "ratio": self.ratio,
                "target": self.target, "holds": self.holds, "note": self.note}


class Report:
    def __init__(self):
        self.rows = []

    def row(self, *words, **more):
        row = Row(*words, **more)
        self.rows.append(row)
        return row

    def table(self):
        head = ["figure", "median", "min .. max", "yardstick", "ratio", "target", ""]
        lines = [head]
        for row in self.rows:
            if not row.runs:
                continue
            lines.append([
                row.name + (f" ({row.note})" if row.note else ""), f"{number(row.median)} {row.unit}",
                f"{number(min(row.runs))} .. {number(max(row.runs))}",
                f"{row.yardstick} {number(statistics.median(row.beside))}" if row.beside else "",
                f"{row.ratio:.2f}" if row.beside else "", row.target or "",
                {None: "", True: "holds", False: "MISSED"}[row.holds]])
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        lines.insert(1, ["-" * w for w in widths])
        return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |" for line in lines)

    def save(self, path, sizes):
        with open(path, "w") as f:
            json.dump({"machine": machine(), "sizes": sizes, "rows": [r.as_dict() for r in self.rows if r.runs]}, f,
                      indent=1)


def number(x):
    if abs(x) >= 100:
        return f"{x:,.0f}"
    return f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    psql = subprocess.run(["psql", "--version"], capture_output=True, text=True).stdout.strip()
    return {"cpu": model, "cores": os.cpu_count(), "load_before": os.getloadavg()[0],
            "kernel": platform.release(), "postgresql": psql}
