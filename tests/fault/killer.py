#!/usr/bin/env python3
"""Keeps N workers alive and kills a random one with -9 every 0 .. INTERVAL seconds, soon after new
messages came, and starts it again; ends after KILLS kills with the workers still running.

Whom it kills, when, and what each worker is started with follow from the seed. Every hundred kills
it tells how far it is and asks the oracle for what never may be. The workers end with it. The
environment is that of the workers; their words go to killer-N.log.

With --backlog so many messages are due at any time, and the workers write their outcomes beside; it
tells at how many of its kills a worker had a session for that.

usage: killer.py BINARY DATABASE_URL SINK_FOLDER --kills N --seed N [--workers N] [--interval S]
                 [--rows-per-kill N | --backlog N] [--sizes N,N,...]
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from psql import Psql

INSERT = """
INSERT INTO email_messages (to_email, subject, html, priority)
SELECT 'a' || n || '@mail.example', 'Message ' || n, '<p>Hello ' || n || '</p>', {priority}
FROM generate_series({start}, {end}) n"""
ORACLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle.py")


class Killer:
    def __init__(self, options):
        self.options = options
        self.dice = random.Random(options.seed)
        self.workers = [None] * options.workers
        self.sql = Psql(options.url)
        self.inserted = 0
        self.beside = 0
        self.started = time.monotonic()

    def start(self, number):
        environment = dict(os.environ, POSTROOM_WORKER_NAME=f"killed-{number}",
                           POSTROOM_BATCH_SIZE=str(self.dice.choice(self.options.sizes)))
        with open(f"killer-{number}.log", "ab") as log:
            self.workers[number] = subprocess.Popen(
                [self.options.binary, "run", "--no-ui"], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def kill(self, number):
        worker = self.workers[number]
        if worker.poll() is not None:
            sys.exit(f"worker {number} ended by itself with {worker.returncode}: see killer-{number}.log")
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def insert(self, count):
        """In statements of various sizes and priorities, so that batches and single ones alternate."""
        while count > 0:
            n = min(count, self.dice.choice((1, 7, 30, 100)))
            self.sql(INSERT.format(priority=self.dice.randrange(10), start=self.inserted + 1,
                                                end=self.inserted + n))
            self.inserted += n
            count -= n

    def keep_up(self):
        [[due]] = self.sql("SELECT count(*) FROM email_messages WHERE status = 'pending'")
        self.insert(self.options.backlog - int(due))

    def look_beside(self):
        """Each worker has two sessions, and a third one to write outcomes beside."""
        [[sessions]] = self.sql("SELECT count(*) FROM pg_stat_activity"
                                " WHERE application_name = 'postroom' AND datname = current_database()")
        self.beside += int(sessions) > 2 * len(self.workers)

    def judge(self):
        keyless = ["--keyless"] if os.environ.get("POSTROOM_PROVIDER") == "sendgrid" else []
        sweep = str(5 * int(os.environ.get("TEST_PATIENCE", 1)))  # a loaded machine's workers die before they look
        subprocess.run([ORACLE, self.options.url, self.options.folder, "--running", "--timeouts", "--sweep", sweep,
                        *keyless], check=True)

    def tell(self, kills):
        [[sent]] = self.sql("SELECT count(*) FROM email_messages WHERE status = 'sent'")
        print(f"{time.monotonic() - self.started:7.0f}s  {kills} of {self.options.kills} kills, "
              f"{self.inserted} messages, {sent} sent, {self.beside} kills beside", flush=True)

    def run(self):
        for number in range(len(self.workers)):
            self.start(number)
        for kills in range(1, self.options.kills + 1):
            time.sleep(self.dice.uniform(0, self.options.interval))
            if self.options.backlog:
                self.keep_up()
            else:
                self.insert(self.options.rows_per_kill)
            time.sleep(self.dice.uniform(0, 0.2))  # while they are under way, most often
            number = self.dice.randrange(len(self.workers))
            self.look_beside()
            self.kill(number)
            self.start(number)
            if kills % 100 == 0:
                self.tell(kills)
                self.judge()
        self.tell(self.options.kills)

    def drain(self):
        """Until every message has come to its end."""
        query = ("SELECT count(*) FROM email_messages WHERE status IN ('pending', 'processing')"
                 " OR next_attempt_at IS NOT NULL")
        left, since = None, time.monotonic()
        while (now := self.sql(query)[0][0]) != "0":
            if now != left:
                left, since = now, time.monotonic()
            if time.monotonic() - since > self.options.patience:
                sys.exit(f"{now} messages come to no end")
            time.sleep(0.2)

    def end(self):
        for worker in self.workers:
            if worker and worker.poll() is None:
                worker.kill()
                worker.wait()


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("binary")
    parser.add_argument("url")
    parser.add_argument("folder")
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--rows-per-kill", type=int, default=100)
    parser.add_argument("--backlog", type=int, default=0)
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], default=[1, 10, 30, 100])
    parser.add_argument("--patience", type=float, default=30)
    options = parser.parse_args()
    killer = Killer(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        killer.run()
        killer.drain()
    finally:
        killer.end()


if __name__ == "__main__":
    main()
