#!/usr/bin/env python3
"""How long after it left its worker the sink noted a request: the jitter of the sink's own clock.

usage: delays.py sent.log requests.jsonl
"""
import collections
import json
import sys


def main(sent, requests):
    left = collections.defaultdict(list)  # a request may be made again
    for line in open(sent, encoding="ascii"):
        at, key = line.split()
        left[key].append(float(at))
    late = []
    for r in map(json.loads, open(requests, encoding="ascii")):
        late += [1000 * (r["time"] - max(at)) for at in [[t for t in left[r["key"]] if t <= r["time"]]] if at]
    late.sort()
    print(f"from worker to sink: n={len(late)} median_ms={late[len(late) // 2]:.1f} p99_ms={late[len(late) * 99 // 100]:.1f} max_ms={late[-1]:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
