"""Draining: batched and one by one, one worker and several, beside PostgreSQL alone, curl alone and
the plain loop; and what a message costs in CPU and WAL."""
import subprocess
import threading
import time

from place import POSTROOM, PROGRAMS, Failed, Worker, command, yardstick  # noqa: F401

DONE = "SELECT coalesce(sum(messages), 0) FROM postroom.usage"
TOOK = """SELECT extract(epoch FROM (SELECT max(sent_at) FROM email_messages)
    - (SELECT min(started_at) FROM postroom.workers)), (SELECT count(*) FROM email_messages WHERE status = 'sent')"""


def drain(place, messages, workers=1, port="0ms", **settings):
    """Messages per second from the first worker's start to the last outcome on disk, and what the
    worker processes used per 1,000 messages."""
    database = place.database(messages)
    wal = database.wal()
    running = [Worker(place, database, port, f"w{i}", **settings) for i in range(workers)]
    while int(database.sql(DONE)) < messages:
        if any(w.process.poll() is not None for w in running):
            raise Failed("a worker has ended: " + open(running[0].log.name).read()[-300:])
        time.sleep(1)  # a look takes the machine's time, which no yardstick pays for
    seconds, sent = database.sql(TOOK).split("|")
    wal = database.wal() - wal
    used = [w.finish() for w in running]
    database.drop()
    if int(sent) != messages:
        raise Failed(f"{sent} of {messages} are sent")
    return {"rate": messages / float(seconds), "cpu": sum(u["cpu"] for u in used) * 1e6 / messages,
            "rss": max(u["rss"] for u in used), "wal": wal / messages}


def postgres_alone(place, messages, connections):
    database = place.database(messages)
    told = yardstick("postgres_alone", database.url, messages, 500, connections)
    database.drop()
    return told


def body_file(place, members):
    """A request's body as the worker would make it."""
    html = place.server.sql("SELECT html FROM bench_pool LIMIT 1", "bench_template").replace("\n", "\\n")
    one = ('{"from":"Shop <hello@shop.example>","to":["a123456@mail.example"],"subject":"Message 123456","html":"'
           + html + '","tags":[{"name":"postroom_id","value":"4ef9a417-02e9-4d39-ad75-000000000000"}]}')
    path = place.folder / f"body{members}"
    path.write_text(one if members == 1 else "[" + ",".join([one] * members) + "]")
    return path


def curl_alone(place, requests, members=1, port="0ms"):
    path = "/emails" if members == 1 else "/emails/batch"
    return yardstick("curl_alone", place.sink.url(port, path), body_file(place, members), requests, 64)


def both_at_once(place, messages):
    """What (a) and (b) allow together: both at once on this machine, until the slower has done all."""
    database = place.database(messages)
    told = []
    words = [("postgres_alone", database.url, messages, 500, 1),
             ("curl_alone", place.sink.url("0ms", "/emails"), body_file(place, 1), messages, 64)]
    threads = [threading.Thread(target=lambda w=w: told.append(yardstick(*w))) for w in words]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begin
    database.drop()
    if len(told) != 2:
        raise Failed("a yardstick failed")
    return {"rate": messages / took}


def batched(place, report, sizes):
    n, rounds = sizes["MESSAGES"], sizes["ROUNDS"]
    rate = report.row("batched drain, 1 worker, 0 ms", "msg/s", yardstick="(a) 1 connection", target="ratio >= 0.80",
                      least=0.80)
    two = report.row("(a) PostgreSQL alone, 2 connections", "msg/s", yardstick="(a) 1 connection")
    wire = report.row("(b) curl alone, batches of 100", "msg/s")
    cpu = report.row("CPU per 1,000 messages, batched", "ms", yardstick="(a) and (b) added",
                     target="14 for 10", most=1.4)
    wal = report.row("WAL per message, batched", "KB", target="<= 1.6", most=1.6)
    rss = report.row("resident, draining, batched", "MB", target="<= 40", most=40)
    for _ in range(rounds):
        a = postgres_alone(place, n, 1)
        mine = drain(place, n)
        b = curl_alone(place, max(1, n // 100), 100)
        rate.add(mine["rate"], a["rate"])
        two.add(postgres_alone(place, n, 2)["rate"], a["rate"])
        wire.add(b["rate"] * 100)
        cpu.add(mine["cpu"], a["cpu"] + b["cpu"] / 100)
        wal.add(mine["wal"] / 1024)
        rss.add(mine["rss"])


def singles(place, report, sizes):
    n, rounds = sizes["SINGLES"], sizes["ROUNDS"]
    rate = report.row("one by one, 1 worker, 0 ms", "msg/s", yardstick="(a) and (b) at once", target="ratio >= 0.80",
                      least=0.80)
    wire = report.row("(b) curl alone, one by one", "msg/s")
    loop = report.row("(c) the plain loop, 0 ms", "msg/s")
    cpu = report.row("CPU per 1,000 messages, one by one", "ms", yardstick="(a) and (b) added",
                     target="35 for 24", most=35 / 24)
    wal = report.row("WAL per message, one by one", "KB")
    rss = report.row("resident, draining, one by one", "MB", target="<= 40", most=40)
    for _ in range(rounds):
        allowed = both_at_once(place, n)["rate"]
        mine = drain(place, n, batch_size=1, concurrency=64)
        rate.add(mine["rate"], allowed)
        a, b = postgres_alone(place, n, 1), curl_alone(place, n)
        wire.add(b["rate"])
        loop.add(plain_loop(place, max(50, n // 10)))
        cpu.add(mine["cpu"], a["cpu"] + b["cpu"])
        wal.add(mine["wal"] / 1024)
        rss.add(mine["rss"])


def plain_loop(place, messages, port="0ms"):
    database = place.database(messages)
    told = yardstick("plain_loop", database.url, place.sink.url(port, "/emails"), messages)
    database.drop()
    return told["rate"]


def slow_sink(place, report, sizes):
    """At 50 ms the places decide: concurrency / latency, until the CPU is the limit."""
    for concurrency in (16, 64):
        row = report.row(f"one by one, 50 ms, concurrency {concurrency}", "msg/s", target="ratio >= 0.90", least=0.90,
                         yardstick="concurrency / latency")
        for _ in range(sizes["ROUNDS"]):
            n = min(sizes["SINGLES"], 320 * concurrency)
            row.add(drain(place, n, port="50ms", batch_size=1, concurrency=concurrency)["rate"], concurrency / 0.05)
    row = report.row("batched drain, 1 worker, 50 ms", "msg/s")
    loop = report.row("(c) the plain loop, 50 ms", "msg/s")
    for _ in range(sizes["ROUNDS"]):
        row.add(drain(place, sizes["MESSAGES"], port="50ms")["rate"])
        loop.add(plain_loop(place, 100, "50ms"))


def workers(place, report, sizes):
    for words, n, settings in (("batched", sizes["MESSAGES"], {}),
                               ("one by one", sizes["SINGLES"], {"batch_size": 1, "concurrency": 64})):
        counts = (1, 2, 4, 8)
        rows = [report.row(f"{words}, {count} worker{'s' if count > 1 else ''}", "msg/s", yardstick="1 worker")
                for count in counts]
        for _ in range(sizes["ROUNDS"]):
            one = None
            for count, row in zip(counts, rows):
                rate = drain(place, n, workers=count, **settings)["rate"]
                one = one or rate
                row.add(rate, one)
