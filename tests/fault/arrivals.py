#!/usr/bin/env python3
"""Counts requests over time, from times in order (seconds, one a line on stdin).

usage: arrivals.py LIMIT [NAME]
prints: requests, windows of one second with more than LIMIT, the worst of them, how much too early their last
request came (milliseconds), the rate over all and in the best five seconds.
"""
import bisect
import sys


def main(limit, name="requests"):
    limit, at = int(limit), sorted(float(line) for line in sys.stdin)
    in_window = [bisect.bisect_left(at, t + 1.0) - i for i, t in enumerate(at)]
    over = [n for n in in_window if n > limit]
    early = [1000 * (1.0 - (at[i + limit] - at[i])) for i in range(len(at) - limit) if at[i + limit] - at[i] < 1.0]
    best = max(((bisect.bisect(at, t + 5) - i) / 5 for i, t in enumerate(at) if t + 5 <= at[-1]), default=0)
    print(f"{name}: n={len(at)} over={len(over)} worst={max(in_window, default=0)} early_ms={max(early, default=0):.1f} "
          f"rate={(len(at) - 1) / max(at[-1] - at[0], 1e-9):.3f} best={best:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
