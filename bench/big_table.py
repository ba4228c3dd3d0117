"""Claims and the dashboard's statement on tables of ten thousand, a million and ten million rows, and
with a million pending: as the worker and `postroom status` themselves run them, timed by the server."""
import os
import re
import time

from place import POSTROOM, Failed, Worker, command
from report import percentile

SENT = """INSERT INTO email_messages (to_email, subject, html, status, created_at, updated_at, sent_at, claim_token,
    claimed_by, provider, provider_message_id) SELECT 'a' || g || '@mail.example', 'Message ' || g, '<p>Hello</p>',
    'sent', t, t, t, 1, 'host/1/0', 'resend', gen_random_uuid()::text
    FROM generate_series(1, {n}) g, LATERAL (SELECT now() - interval '400 days' + g * interval '3 s') x(t)"""
SCANS = "SELECT pg_stat_clear_snapshot(); SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'email_messages'"


RATE = 20  # claims a second while they are timed


def big_table(place, report, sizes):
    most = sizes["TABLE"]
    few = 20000 + sizes["ROUNDS"] * sizes["LOOKS"] * 200  # enough for all that is claimed meanwhile
    for rows in [n for n in (10000, 1000000, 10000000) if n < most] + [most]:
        measure(place, report, sizes, rows, few)
    if sizes["PENDING"] > few:
        measure(place, report, sizes, most, sizes["PENDING"])


def measure(place, report, sizes, rows, pending):
    database = place.database()
    database.sql("ALTER TABLE email_messages DISABLE TRIGGER postroom_notify")
    for first in range(0, rows, 1000000):
        database.sql(SENT.format(n=min(1000000, rows - first)))
    database.insert(pending)
    database.sql("ALTER TABLE email_messages ENABLE TRIGGER postroom_notify")
    database.server.sql("CHECKPOINT")
    words = f"{rows:,} rows, {pending:,} pending"
    strict = {"target": "<= 5", "most": 5} if pending >= sizes["PENDING"] and rows >= sizes["TABLE"] else {}
    claim50, claim99 = report.row(f"claim of 100, {words}, p50", "ms"), report.row(f"claim of 100, {words}, p99", "ms", **strict)
    doc50, doc99 = report.row(f"dashboard statement, {words}, p50", "ms"), report.row(f"dashboard statement, {words}, p99", "ms")
    scans = report.row(f"sequential scans, {words}", "", target="0", most=0)
    for _ in range(sizes["ROUNDS"]):
        before = int(database.sql(SCANS).splitlines()[-1])
        claims, looks = timed(place, database, sizes["LOOKS"])
        time.sleep(1.2)  # a backend tells its statistics a second after its last statement
        scans.add(int(database.sql(SCANS).splitlines()[-1]) - before)
        for row, figures, share in ((claim50, claims, 0.5), (claim99, claims, 0.99), (doc50, looks, 0.5), (doc99, looks, 0.99)):
            row.add(percentile(figures, share))
    database.drop()


def timed(place, database, looks):
    """Durations in ms, as the server's log has them, of claims of 100 and of the dashboard's document."""
    database.server.sql(f"ALTER DATABASE {database.name} SET log_min_duration_statement = 0")
    offset = place.server.log_size()
    worker = Worker(place, database, rate=RATE, claim_size=100)
    environment = {**os.environ, "DATABASE_URL": database.url, "RESEND_API_KEY": "re_bench_00000000"}
    end = time.monotonic() + looks / RATE + 60
    claims, documents = [], []
    while time.monotonic() < end and (len(claims) < looks or len(documents) < looks / 5):
        command(POSTROOM, "status", "--json", env=environment)
        claims, documents = durations(place.server.log_since(offset))
    worker.finish()
    database.server.sql(f"ALTER DATABASE {database.name} RESET log_min_duration_statement")
    if len(claims) < 10 or len(documents) < 5:
        raise Failed(f"only {len(claims)} claims and {len(documents)} documents were seen")
    return claims, documents


def durations(log):
    """A statement with parameters is parsed, bound (planned) and executed, each with a line of its own."""
    def of(pattern):
        figures, sum_ms = [], 0
        line = r"duration: ([\d.]+) ms +(parse|bind|execute|statement)[^\n:]*: [^\n]*?" + pattern
        for ms, step in re.findall(line, log):
            sum_ms += float(ms)
            if step in ("execute", "statement"):
                figures.append(sum_ms)
                sum_ms = 0
        return figures
    return of(r"unnest\(\$2::int\[\], \$3::timestamptz\[\]\)"), of(r"jsonb_build_object\('published_at'")
