"""Claims and the dashboard's statement on tables of ten thousand, a million and ten million rows, and
with a million pending: as the worker and `postroom watch` themselves run them, timed by the server."""
import os
import re
import subprocess
import time

from latency import wait_until
from place import POSTROOM, Worker
from report import percentile

SENT = """INSERT INTO email_messages (to_email, subject, html, status, created_at, updated_at, sent_at, claim_token,
    claimed_by, provider, provider_message_id) SELECT 'a' || g || '@mail.example', 'Message ' || g, '<p>Hello</p>',
    'sent', t, t, t, 1, 'host/1/0', 'resend', gen_random_uuid()::text
    FROM generate_series(1, {n}) g, LATERAL (SELECT now() - interval '400 days' + g * interval '3 s') x(t)"""
SCANS = "SELECT pg_stat_clear_snapshot(); SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'email_messages'"
PENDING = "SELECT count(*) FROM email_messages WHERE status = 'pending'"

RATE = 20  # claims a second while they are timed

# Two ways of asking the server for times: of whole statements, until the client has the last byte of
# the rows' bodies; and of their execution alone, until the rows are marked and on their way.
WHOLE = {"log_min_duration_statement": "0"}
EXECUTION = {"session_preload_libraries": "auto_explain", '"auto_explain.log_min_duration"': "0"}
CLAIM = r"unnest\(\$2::int\[\], \$3::timestamptz\[\]\)"
DOCUMENT = r"jsonb_build_object\('published_at'"


def big_table(place, report, sizes):
    claimed = sizes["ROUNDS"] * sizes["LOOKS"] * 300  # more than what is taken while claims are timed
    for rows in [n for n in (10000, 1000000, 10000000) if n < sizes["TABLE"]] + [sizes["TABLE"]]:
        database = place.database()
        with_pending(database, rows, claimed)
        measure(report, place, database, sizes, f"{rows:,} rows, {claimed:,} pending")
        if rows == sizes["TABLE"]:
            with_pending(database, 0, sizes["PENDING"] + claimed)
            measure(report, place, database, sizes, f"{rows:,} rows, {sizes['PENDING']:,} pending", judged=True)
        database.drop()


def with_pending(database, sent, pending):
    """So many sent messages more, and so many in all that wait."""
    database.sql("ALTER TABLE email_messages DISABLE TRIGGER postroom_notify")
    for first in range(0, sent, 1000000):
        database.sql(SENT.format(n=min(1000000, sent - first)))
    database.insert(max(0, pending - int(database.sql(PENDING))))
    database.sql("ALTER TABLE email_messages ENABLE TRIGGER postroom_notify")
    database.server.sql("CHECKPOINT")


def measure(report, place, database, sizes, words, judged=False):
    strict = {"target": "<= 5", "most": 5} if judged else {}
    rows = [report.row(f"{what}, {words}, {p}", "ms", **(strict if what == "claim of 100" and p == "p99" else {}))
            for what in ("claim of 100", "its execution alone", "dashboard statement") for p in ("p50", "p99")]
    scans = report.row(f"sequential scans, {words}", "", target="0", most=0)
    for _ in range(sizes["ROUNDS"]):
        before = int(database.sql(SCANS).splitlines()[-1])
        times = [claims(place, database, sizes["LOOKS"], WHOLE), claims(place, database, sizes["LOOKS"], EXECUTION),
                 documents(database, sizes["LOOKS"] // 10)]
        for row, (figures, share) in zip(rows, [(t, share) for t in times for share in (0.5, 0.99)]):
            row.add(percentile(figures, share))
        time.sleep(1.2)  # a backend tells its statistics a second after its last statement
        scans.add(int(database.sql(SCANS).splitlines()[-1]) - before)


class Timed:
    """Sessions that begin in here have their statements timed in the server's log."""

    def __init__(self, database, settings):
        self.database, self.settings = database, settings

    def __enter__(self):
        for name, value in self.settings.items():
            self.database.server.sql(f"ALTER DATABASE {self.database.name} SET {name} = {value}")
        self.offset = self.database.server.log_size()
        return self

    def __exit__(self, *_):
        self.database.server.sql(f"ALTER DATABASE {self.database.name} RESET ALL")

    def durations(self, pattern):
        """Milliseconds of each statement like this. One with parameters is parsed, bound (planned) and
        executed, each with a line of its own; its execution alone has its text on the next."""
        figures, sum_ms = [], 0
        line = r"duration: ([\d.]+) ms +(parse|bind|execute|statement|plan:\n\tQuery Text)[^\n:]*: [^\n]*?" + pattern
        for ms, step in re.findall(line, self.database.server.log_since(self.offset)):
            sum_ms += float(ms)
            if step not in ("parse", "bind"):
                figures.append(sum_ms)
                sum_ms = 0
        return figures


def claims(place, database, count, settings):
    with Timed(database, settings) as timed:
        worker = Worker(place, database, rate=RATE, claim_size=100)
        wait_until(lambda: len(timed.durations(CLAIM)) >= count, seconds=count / RATE + 60, step=1)
        worker.finish()
        return timed.durations(CLAIM)


def documents(database, count):
    """As a window has it computed, once a second; the first one, for which a session reads the catalogue, not counted."""
    environment = {**os.environ, "DATABASE_URL": database.url, "RESEND_API_KEY": "re_bench_00000000"}
    with Timed(database, WHOLE) as timed:
        window = subprocess.Popen([POSTROOM, "watch"], env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: len(timed.durations(DOCUMENT)) > count, seconds=count * 2 + 60, step=1)
        finally:
            window.terminate()
            window.wait()
        return timed.durations(DOCUMENT)[1:]
