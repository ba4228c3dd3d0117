#!/usr/bin/env python3
"""What came to the sink while it answered 429: did anybody ask before the time that was named?

usage: storm.py REQUESTS.jsonl BEGUN OVER WIRE-MS PAUSE

WIRE-MS passes from a request to its answer, so a 429 counts from there on. For REACH_S after the first one requests
may come that had left before all had heard; later there are none but those that ask anew. PAUSE is what a 429 without
retry-after means.
prints: refused (429s), early (requests before their time), pauses, together (most requests at the end of one), resumed
(seconds from the end of the last pause to the first request that was taken)
"""
import json
import sys

REACH_S = 0.1


def main(path, begun, over, wire_ms, pause):
    begun, over, wire, pause = float(begun), float(over), float(wire_ms) / 1000, float(pause)
    rows = sorted((r for r in map(json.loads, open(path, encoding="ascii")) if r["time"] >= begun), key=lambda r: r["time"])
    told = [(r["time"] + wire, float(r["retry_after"] or pause)) for r in rows if r["status"] == 429]
    first = told[0][0] if told else over
    early, asked, resumed = [], [], None
    for r in rows:
        at = r["time"]
        closed_until = max((t + wait for t, wait in told if t <= at), default=0.0)
        if at < first + REACH_S:
            continue
        if at < closed_until - REACH_S:
            early.append((at - first, closed_until - at))
        elif r["status"] == 429:
            asked.append(closed_until)
        elif resumed is None:
            resumed = at - closed_until
    together = max((asked.count(end) for end in asked), default=0)
    print(f"refused={len(told)} early={len(early)} pauses={len(set(asked)) + 1} together={together} resumed={resumed:.2f}")
    for since, left in early[:5]:
        print(f"too early: {since:.3f} s after the first 429, {left:.3f} s before its time")


if __name__ == "__main__":
    main(*sys.argv[1:])
