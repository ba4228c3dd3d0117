"""Resident memory over a long drain, and with messages of 5 MB."""
import time

from drains import DONE
from place import Worker


def memory(place, report, sizes):
    n = sizes["LONG"]
    most = report.row(f"resident, draining {n:,}", "MB", target="<= 40", most=40)
    growth = report.row(f"resident, draining {n:,}: end over a tenth", "ratio", target="<= 1.1", most=1.1)
    for _ in range(1 if n > 200000 else sizes["ROUNDS"]):
        seen = watch_memory(place, place.database(n), n)
        most.add(max(rss for _, rss in seen))
        early = max(rss for done, rss in seen if done <= n * 0.15 or done == seen[0][0])
        growth.add(seen[-1][1] / early)
    big = report.row("resident, messages of 5 MB", "MB", note="bodies held at once: 32 MB at most")
    for _ in range(sizes["ROUNDS"]):
        database = place.database()
        database.sql(f"""INSERT INTO email_messages (to_email, subject, html, attachments)
            SELECT 'a@mail.example', 'Big', 'x', jsonb_build_array(jsonb_build_object('filename', 'a.bin', 'content',
            (SELECT string_agg(translate(encode(sha256((n || ' ' || i)::text::bytea), 'base64'), E'\\n=', 'AA'), '')
             FROM generate_series(1, 116000) i))) FROM generate_series(1, {sizes["BIG_BODIES"]}) n""")
        big.add(max(rss for _, rss in watch_memory(place, database, sizes["BIG_BODIES"])))


def watch_memory(place, database, messages):
    """(messages done, resident MB), again and again until all are done."""
    worker = Worker(place, database)
    seen = []
    while not seen or seen[-1][0] < messages:
        time.sleep(0.2)
        seen.append((int(database.sql(DONE)), worker.status("VmRSS")))
    seen.append((messages, worker.finish()["rss"]) if len(seen) < 3 else seen[-1])
    if worker.process.returncode is None:
        worker.finish()
    database.drop()
    return seen
