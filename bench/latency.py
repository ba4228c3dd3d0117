"""From an INSERT to the request at the sink, in an idle worker."""
import subprocess
import time

from place import Failed, Worker
from report import percentile


def latency(place, report, sizes):
    started = [report.row(f"INSERT begun -> request at the sink, {p}", "ms") for p in ("p50", "p99")]
    committed = [report.row("INSERT -> request at the sink, p50", "ms", target="<= 4", most=4),
                 report.row("INSERT -> request at the sink, p99", "ms", target="<= 15", most=15)]
    for _ in range(sizes["ROUNDS"]):
        begun, done = measure(place, sizes["LATENCY"])
        for rows, figures in ((started, begun), (committed, done)):
            for row, share in zip(rows, (0.50, 0.99)):
                row.add(percentile(figures, share))


def measure(place, count):
    """One after the other, each when the queue is idle again: milliseconds from before and from
    after the INSERT, as one client on one connection sees it."""
    database = place.database()
    worker = Worker(place, database, "noted")
    wait_until(lambda: database.sql("SELECT count(*) FROM postroom.workers WHERE state = 'idle'") == "1")
    place.sink.noted()
    writer = subprocess.Popen(["psql", "-XqAt", database.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              bufsize=1)
    times = []
    for i in range(count):
        before = time.time()
        writer.stdin.write(f"INSERT INTO email_messages (to_email, subject, html) SELECT 'a{i}@mail.example', 'x', html"
                           f" FROM bench_pool WHERE n = {i % 500} RETURNING 1;\n")
        writer.stdin.flush()
        writer.stdout.readline()
        times.append((before, time.time()))
        wait_until(lambda: place.sink.count() > i, step=0.01)
        time.sleep(0.02 + 0.0007 * (i % 13))  # it must be idle again, and at no fixed beat
    wait_until(lambda: int(database.sql("SELECT count(*) FROM email_messages WHERE status = 'sent'")) == count)
    writer.stdin.close()
    writer.wait()
    worker.finish()
    database.drop()
    seen = place.sink.noted()
    if len(seen) != count:
        raise Failed(f"{len(seen)} requests for {count} messages: they did not come one by one")
    return ([(at - before) * 1e3 for at, (before, _) in zip(seen, times)],
            [(at - after) * 1e3 for at, (_, after) in zip(seen, times)])


def wait_until(true, seconds=60, step=0.05):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Failed("waited too long")
        time.sleep(step)
