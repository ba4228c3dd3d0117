"""What the trigger that wakes workers costs those who INSERT: pgbench, a message per transaction,
with and without it, in turn. A worker listens meanwhile, paused, so that it takes no CPU away."""
import re

from latency import wait_until
from place import Failed, Worker, command


def enqueue(place, report, sizes):
    script = place.folder / "insert.sql"
    script.write_text("INSERT INTO email_messages (to_email, subject, html) VALUES "
                      "('a@mail.example', 'Message', repeat('<p>Hello</p>', 170));\n")
    for writers in (1, 8, 32):
        row = report.row(f"enqueue without / with NOTIFY, {writers} writer{'s' if writers > 1 else ''}", "tx/s",
                         yardstick="with NOTIFY", target="ratio <= 1.3" if writers == 32 else None,
                         most=1.3 if writers == 32 else None)
        for _ in range(sizes["ROUNDS"]):
            notified = inserts(place, script, writers, sizes["ENQUEUE_SECONDS"], True)
            row.add(inserts(place, script, writers, sizes["ENQUEUE_SECONDS"], False), notified)


def inserts(place, script, writers, seconds, notify):
    database = place.database()
    if not notify:
        database.sql("DROP TRIGGER postroom_notify ON email_messages")
    database.sql("UPDATE postroom.control SET paused_at = now(), paused_by = 'bench', paused_reason = ''")
    worker = Worker(place, database)
    wait_until(lambda: database.sql("SELECT count(*) FROM postroom.workers WHERE state = 'idle'") == "1")
    told = command(place.server.bin / "pgbench", "-n", "-M", "prepared", "-c", writers, "-j", 2, "-T", seconds, "-f",
                   script, database.url)
    worker.finish()
    database.drop()
    found = re.search(r"tps = ([\d.]+)", told)
    if not found:
        raise Failed("pgbench tells no figure: " + told[-200:])
    return float(found.group(1))
