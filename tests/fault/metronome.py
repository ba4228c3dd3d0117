#!/usr/bin/env python3
"""Tells when this machine stood still: wakes every 10 ms, and prints a line (when, how long) each time that
took longer than 60 ms. Where it says something, figures that measure time are no verdict on what was measured."""
import time

last = time.time(), time.monotonic()
while True:
    time.sleep(0.01)
    now = time.time(), time.monotonic()
    gap = max(now[0] - last[0], now[1] - last[1])
    if gap > 0.06:
        print(f"{now[0]:.3f} {gap:.3f}", flush=True)
    last = now
