#!/usr/bin/env python3
"""How fast postroom is, beside what PostgreSQL and libcurl can do alone on the same machine, in the
same minutes. Prints one table of medians and ratios; build/bench/result.json has every run.
usage: make bench [MESSAGES=100000] [SINGLES=100000] [ROUNDS=3] [CASES=word,word] ... (see SIZES)"""
import os
import signal
import sys
import time
import traceback

from place import PROGRAMS, Place
from report import Report
import big_table
import drains
import enqueue
import idle
import latency
import memory

# What may be set in the environment, or after `make bench`.
SIZES = {
    "MESSAGES": 100000,    # drained in batches
    "SINGLES": 100000,     # drained one by one
    "ROUNDS": 3,           # of each case, in turn with its yardstick
    "LATENCY": 1000,       # inserts into an idle queue
    "ENQUEUE_SECONDS": 5,  # of inserting, for each number of writers
    "TABLE": 10000000,     # rows of the biggest table
    "PENDING": 1000000,    # of them pending
    "LOOKS": 200,          # claims timed; a tenth as many dashboard statements
    "IDLE_SECONDS": 60,
    "LONG": 1000000,       # messages drained while memory is watched
    "BIG_BODIES": 40,      # messages of 5 MB
}
CASES = {
    "batched": drains.batched,
    "singles": drains.singles,
    "slow_sink": drains.slow_sink,
    "workers": drains.workers,
    "latency": latency.latency,
    "enqueue": enqueue.enqueue,
    "idle": idle.idle,
    "memory": memory.memory,
    "big_table": big_table.big_table,
}


def main():
    sizes = {name: int(os.environ.get(name) or value) for name, value in SIZES.items()}
    chosen = [c for c in (os.environ.get("CASES") or ",".join(CASES)).split(",") if c]
    unknown = [c for c in chosen if c not in CASES]
    if unknown:
        sys.exit(f"CASES: there is no {unknown[0]}; there are: {' '.join(CASES)}")
    report, failed = Report(), []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Place() as place:
        for name in chosen:
            begin = time.monotonic()
            print(f"{name} ...", end=" ", flush=True)
            try:
                CASES[name](place, report, sizes)
                print(f"{time.monotonic() - begin:.0f} s", flush=True)
            except Exception as error:  # the other cases are worth having all the same
                failed.append(name)
                print(f"FAILED: {error}", flush=True)
                traceback.print_exc()
            except KeyboardInterrupt:  # what was measured until then is shown
                failed.append(name)
                print("interrupted", flush=True)
                break
    print("\n" + report.table())
    report.save(PROGRAMS / "result.json", sizes)
    missed = [row.name for row in report.rows if row.runs and row.holds is False]
    print(f"\n{len(missed)} target{'' if len(missed) == 1 else 's'} missed; every run: {PROGRAMS / 'result.json'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
