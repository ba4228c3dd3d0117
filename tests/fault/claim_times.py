#!/usr/bin/env python3
"""How long claims took, from the log of a PostgreSQL that logs every duration.

usage: claim_times.py LOG FROM TO    times in ms since 1970; prints NUMBER P50 P99 (ms)
A claim is parsed and planned once, then bound and executed: durations of one session, added up.
"""
import datetime
import re
import sys

LINE = re.compile(r"^(\S+ \S+) UTC \[(\d+)\] .*duration: ([\d.]+) ms +(parse|bind|execute) \S+: (.*)")


def claims(path):
    part = {}
    for line in open(path, errors="replace"):
        m = LINE.match(line)
        if not m:
            continue
        at, pid, ms, step, text = m.groups()
        if "AS MATERIALIZED" not in text or " ranks AS (" not in text:
            continue
        part[pid] = (part.get(pid, 0.0) if step != "parse" else 0.0) + float(ms)
        if step == "execute":
            when = datetime.datetime.strptime(at, "%Y-%m-%d %H:%M:%S.%f")
            yield when.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000, part.pop(pid)


def main(path, start, end):
    took = sorted(ms for at, ms in claims(path) if float(start) <= at <= float(end))
    if not took:
        sys.exit("no claim in that time")
    print(len(took), round(took[len(took) // 2], 2), round(took[int(len(took) * 0.99)], 2))


main(*sys.argv[1:])
