#!/usr/bin/env python3
"""Judges a queue after whatever was done to it: the table and what the sink took must tell one story.

Prints one line of counts and exits 1 naming examples where anything of these is not 0:

  lost             no final state after the drain; or sent, and the sink never took it
  dup_row          more mails went out for a message than may
  dup_key          more than one request under one key had an effect
  failed_effect    failed for good, cancelled or pending, and yet a mail went out
  stuck            processing, its lease over for longer than anybody may take to notice
  wrong_columns    times, error, lease or attempts do not fit the status
  wrong_id         the provider's id in the table is not the one that mail was given
  open_requests    requests nobody will answer any more
  attempts_spent   retry_count of faults that were not the message's: more than 0, or than the attempts
                   that the table shows as failed (--failures), or as failed by time alone (--timeouts)

  uncertain, timeouts   (figures, not faults) held as maybe sent; retried because no answer came in time

Without keys an uncertain message may have had one effect, and with --on-uncertain retry a message
one more for each attempt that the table shows as uncertain. With --unread a sent message need not
have an id: its answer may have been unreadable.

usage: oracle.py DATABASE_URL SINK_FOLDER [--keyless] [--on-uncertain retry] [--running]
                 [--failures | --timeouts] [--unread] [--sweep SECONDS]
"""
import argparse
import collections
import json
import sys

sys.dont_write_bytecode = True
from psql import Psql

# One row per message. An attempt that ended without an answer may have had an effect.
QUERY = """
SELECT m.id, m.status, coalesce(m.retry_count, 0), m.error_code, m.provider_message_id,
  m.status = 'processing' AND m.lease_expires_at < clock_timestamp() - {sweep} * interval '1 s',
  m.next_attempt_at IS NOT NULL,
  coalesce(CASE m.status
    WHEN 'sent' THEN m.sent_at IS NOT NULL AND m.failed_at IS NULL AND m.error_code IS NULL
      AND m.error_message IS NULL AND m.next_attempt_at IS NULL AND m.lease_expires_at IS NULL
    WHEN 'failed' THEN m.failed_at IS NOT NULL AND m.error_code IS NOT NULL
      AND m.error_message IS NOT NULL AND m.lease_expires_at IS NULL AND m.sent_at IS NULL
    WHEN 'pending' THEN m.lease_expires_at IS NULL AND m.sent_at IS NULL
    WHEN 'processing' THEN m.lease_expires_at IS NOT NULL AND m.claimed_by IS NOT NULL
      AND m.claim_token > 0 AND m.sent_at IS NULL
    ELSE m.sent_at IS NULL END, false)
    AND (coalesce(m.retry_count, 0) > 0) = (m.last_retry_at IS NOT NULL),
  coalesce(a.failures, 0), coalesce(a.timeouts, 0),
  coalesce(a.maybe, 0)
 FROM email_messages m LEFT JOIN (SELECT message_id, count(*) AS failures,
   count(*) FILTER (WHERE error_code = 'timeout') AS timeouts,
   count(*) FILTER (WHERE error_code IN ('uncertain', 'lost', 'timeout')) AS maybe
   FROM postroom.attempts WHERE outcome = 'failed' GROUP BY message_id) a ON a.message_id = m.id::text"""
FIELDS = "id status retry_count code given stuck again columns failures timeouts maybe"
Row = collections.namedtuple("Row", FIELDS)


def read_rows(sql, sweep):
    for r in sql(QUERY.format(sweep=sweep)):
        yield Row(r[0], r[1], int(r[2]), r[3], r[4], r[5] == "t", r[6] == "t", r[7] == "t",
                  int(r[8]), int(r[9]), int(r[10]))


def read_effects(folder):
    """{id: [ids given]}, {key: requests with an effect}"""
    given, keys = collections.defaultdict(list), collections.defaultdict(set)
    with open(folder + "/messages.jsonl") as file:
        for line in file:
            if not line.endswith("\n"):
                break  # the sink is writing it
            taken = json.loads(line)
            if taken["kind"] == "effect":
                given[taken["id"]].append(taken.get("answer"))
                keys[taken["key"]].add(taken.get("request"))
    keys.pop(None, None)
    return given, keys


class Verdict:
    FAULTS = ("lost dup_row dup_key failed_effect stuck wrong_columns wrong_id open_requests "
              "attempts_spent").split()

    def __init__(self):
        self.count = collections.Counter()
        self.examples = {}

    def blame(self, fault, what):
        self.count[fault] += 1
        self.examples.setdefault(fault, []).append(what)

    def line(self):
        words = ["rows", "sent", "failed", "effects", "uncertain", "timeouts"] + self.FAULTS
        return " ".join(f"{word}={self.count[word]}" for word in words)

    def guilty(self):
        return [fault for fault in self.FAULTS if self.count[fault]]


def may_have(row, options):
    """How many mails may have gone out for this row."""
    if not options.keyless:
        return 1
    return 1 + (row.maybe if options.on_uncertain == "retry" else 0)


def may_spend(row, options):
    return row.failures if options.failures else row.timeouts if options.timeouts else 0


def judge(row, given, options, verdict):
    effects = len(given)
    final = row.status in ("sent", "cancelled") or (row.status == "failed" and not row.again)
    uncertain = row.status == "failed" and row.code == "uncertain"
    tell = f"{row.id} {row.status} {row.code} retry_count={row.retry_count} effects={effects}"
    verdict.count["rows"] += 1
    verdict.count["uncertain"] += uncertain
    verdict.count["timeouts"] += row.timeouts > 0
    if row.status in ("sent", "failed"):
        verdict.count[row.status] += 1
    if (not final and not options.running) or (row.status == "sent" and effects == 0):
        verdict.blame("lost", tell)
    if effects > may_have(row, options):
        verdict.blame("dup_row", tell)
    maybe = uncertain or (options.keyless and options.on_uncertain == "retry")
    if effects and final and row.status != "sent" and not maybe:
        verdict.blame("failed_effect", tell)
    if effects and row.status == "pending" and not options.running:
        verdict.blame("failed_effect", tell)
    if row.stuck:
        verdict.blame("stuck", tell)
    if not row.columns:
        verdict.blame("wrong_columns", tell)
    if row.status == "sent" and given and row.given not in given + [""] * options.unread:
        verdict.blame("wrong_id", f"{tell} id={row.given} given={given[0]}")
    if row.retry_count > may_spend(row, options):
        verdict.blame("attempts_spent", tell)


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("url")
    parser.add_argument("folder")
    parser.add_argument("--keyless", action="store_true")
    parser.add_argument("--on-uncertain", choices=("hold", "retry"), default="hold")
    parser.add_argument("--running", action="store_true", help="not drained: what never may be")
    parser.add_argument("--failures", action="store_true", help="failed attempts may count")
    parser.add_argument("--timeouts", action="store_true", help="attempts ended by time may count")
    parser.add_argument("--unread", action="store_true", help="ids may be unknown")
    parser.add_argument("--sweep", type=float, default=5)
    options = parser.parse_args()

    verdict = Verdict()
    sql = Psql(options.url)
    rows = list(read_rows(sql, options.sweep))
    given, keys = read_effects(options.folder)
    verdict.count["effects"] = sum(len(taken) for taken in given.values())
    for row in rows:
        judge(row, given.pop(row.id, []), options, verdict)
    for ident, taken in given.items():
        if not options.running:  # it may have come after the rows were read
            verdict.blame("dup_row", f"{ident}: no such message, effects={len(taken)}")
    for key, requests in keys.items():
        if len(requests) > 1:
            verdict.blame("dup_key", f"{key}: {len(requests)} requests had an effect")
    if not options.running:
        for left in sql("SELECT id FROM postroom.requests WHERE state = 'open'"):
            verdict.blame("open_requests", left[0])
    print(verdict.line())
    for fault in verdict.guilty():
        print(f"{fault}: " + "; ".join(verdict.examples[fault][:3]), file=sys.stderr)
    return 1 if verdict.guilty() else 0


if __name__ == "__main__":
    sys.exit(main())
