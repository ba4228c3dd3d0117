"""What it costs when nothing is to be done: a worker, and a window that watches."""
import os
import pty
import select
import time

from latency import wait_until
from place import POSTROOM, Worker


def idle(place, report, sizes):
    cpu = report.row("idle worker, CPU", "%", target="<= 0.2", most=0.2)
    rss = report.row("idle worker, resident", "MB", target="<= 16", most=16)
    watch_cpu = report.row("idle `watch`, CPU", "%")
    watch_rss = report.row("idle `watch`, resident", "MB")
    for _ in range(sizes["ROUNDS"]):
        database = place.database(1000)
        worker = Worker(place, database)
        wait_until(lambda: database.sql("SELECT count(*) FROM postroom.workers WHERE state = 'idle'") == "1"
                   and database.sql("SELECT count(*) FROM email_messages WHERE status = 'sent'") == "1000")
        begin = worker.cpu()
        time.sleep(sizes["IDLE_SECONDS"])
        cpu.add((worker.cpu() - begin) * 100 / sizes["IDLE_SECONDS"])
        rss.add(worker.status("VmRSS"))
        used, resident = watch(database, sizes["IDLE_SECONDS"])
        watch_cpu.add(used)
        watch_rss.add(resident)
        worker.finish()
        database.drop()


def watch(database, seconds):
    """The dashboard on a terminal of 120 x 40 whose every byte is read."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40", DATABASE_URL=database.url,
                          LC_ALL="C.UTF-8", RESEND_API_KEY="re_bench_00000000")
        os.execv(POSTROOM, ["postroom", "watch"])
    ticks = []
    for wait in (3, seconds):
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                os.read(terminal, 65536)
        fields = open(f"/proc/{child}/stat").read().rsplit(")", 1)[1].split()
        ticks.append(int(fields[11]) + int(fields[12]))
    resident = next(int(line.split()[1]) / 1024 for line in open(f"/proc/{child}/status") if line.startswith("VmRSS"))
    os.kill(child, 15)
    os.waitpid(child, 0)
    os.close(terminal)
    return (ticks[1] - ticks[0]) * 100 / os.sysconf("SC_CLK_TCK") / seconds, resident
