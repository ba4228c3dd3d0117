#!/usr/bin/env python3
"""A strict reader of Prometheus' text format (version 0.0.4): whatever the format or good custom does
not allow ends it with a line on stderr. It knows nothing of postroom.

  prometheus.py names <TEXT      the families, "name type", one a line
  prometheus.py samples <TEXT    the samples, "name{labels} value", one a line
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? (\S+)$")
VALUE = re.compile(r"^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$")


class Wrong(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Wrong(what)


class Page:
    def __init__(self, text):
        self.types, self.helps, self.samples, self.lines = {}, {}, {}, []
        self.current = None
        need(text.endswith("\n"), "the last line does not end")
        for line in text[:-1].split("\n"):
            self.line(line)
        for name, kind in self.types.items():
            if kind == "histogram":
                self.histogram(name)

    def line(self, line):
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            need(name not in self.helps and words, f"HELP twice or empty: {line}")
            self.helps[name] = words
            self.current = name
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            need(name == self.current and name not in self.types, f"TYPE out of place: {line}")
            need(kind in ("counter", "gauge", "histogram"), f"an unknown type: {line}")
            need((kind == "counter") == name.endswith("_total"), f"a counter ends in _total: {line}")
            self.types[name] = kind
        else:
            self.sample(line)

    def sample(self, line):
        match = SAMPLE.match(line)
        need(match, f"no sample: {line}")
        name, value = match.group(1), match.group(SAMPLE.groups)
        need(VALUE.match(value), f"no value: {line}")
        need(self.family(name) == self.current, f"outside its family: {line}")
        labels = re.findall(LABEL, match.group(2) or "")
        need(len({n for n, _ in labels}) == len(labels), f"a label twice: {line}")
        key = (name, tuple(sorted(labels)))
        need(key not in self.samples, f"a sample twice: {line}")
        self.samples[key] = float(value)
        self.lines.append(line)
        if self.types[self.current] != "gauge":
            need(float(value) >= 0, f"below zero: {line}")

    def family(self, name):
        for family, kind in self.types.items():
            if name == family and kind != "histogram":
                return family
            if kind == "histogram" and name in (family + "_bucket", family + "_sum",
                                                family + "_count"):
                return family
        return None

    def histogram(self, name):
        buckets = [(float(dict(labels)["le"].replace("Inf", "inf")), value)
                   for (n, labels), value in self.samples.items() if n == name + "_bucket"]
        if not buckets:
            return
        need(buckets == sorted(buckets), f"{name}: buckets go up, and so do their counts")
        need([v for _, v in buckets] == sorted(v for _, v in buckets), f"{name}: not cumulative")
        need(buckets[-1][0] == float("inf"), f"{name}: no bucket for +Inf")
        need(buckets[-1][1] == self.samples[(name + "_count", ())], f"{name}: count differs")
        need((name + "_sum", ()) in self.samples, f"{name}: no sum")


def main(what):
    page = Page(sys.stdin.read())
    if what == "names":
        for name, kind in page.types.items():
            print(name, kind)
    elif what == "samples":
        print("\n".join(page.lines))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Wrong as wrong:
        sys.exit(f"prometheus.py: {wrong}")
