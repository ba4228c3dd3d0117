"""Where the measuring happens: a PostgreSQL of its own, with the disk waited for, and an nginx that
answers as Resend does. Nothing of the system's is touched; everything ends with the place."""
import json
import os
import pwd
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
POSTROOM = str(BUILD / "postroom")
PROGRAMS = BUILD / "bench"

# As a small server is set up: what is committed is on disk; checkpoints stay out of a run of minutes.
CONFIGURATION = """
listen_addresses = ''
max_connections = 100
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 1h
autovacuum_naptime = 10s
track_io_timing = off
log_line_prefix = '%m %p %a '
log_parameter_max_length = 0
"""

# Bodies of 2 KB that do not compress away: a pool of them, made once.
POOL = """CREATE UNLOGGED TABLE bench_pool AS SELECT n, '<p>' || (SELECT string_agg(
    encode(sha256((n || ' ' || i)::text::bytea), 'base64'), '') FROM generate_series(1, 46) i) || '</p>' AS html
    FROM generate_series(0, 499) n; CREATE INDEX ON bench_pool (n)"""

OWN_SESSION = {"start_new_session": True}  # Ctrl-C is for the bench alone, which ends them


class Failed(Exception):
    pass


def command(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))[:200]}: {done.stderr.strip()[-600:]}")
    return done.stdout


class Server:
    """PostgreSQL, reached by a socket in its own folder."""

    def __init__(self, folder):
        self.folder = folder / "pg"
        self.folder.mkdir()
        self.bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))[-1]
        self.user = {}
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            somebody = pwd.getpwnam("postgres")
            os.chown(self.folder, somebody.pw_uid, somebody.pw_gid)
            self.user = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": [], "cwd": "/"}
        data = self.folder / "data"
        command(self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8", **self.user)
        with open(data / "postgresql.conf", "a") as f:
            f.write(CONFIGURATION + f"unix_socket_directories = '{self.folder}'\n")
        command(self.bin / "pg_ctl", "-D", data, "-l", self.folder / "log", "-w", "start", **OWN_SESSION, **self.user)
        self.made = 0

    def stop(self):
        command(self.bin / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop", **self.user)

    def url(self, name):
        return f"postgresql:///{name}?host={self.folder}&user=postgres"

    def sql(self, text, name="postgres"):
        return command("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.url(name), "-c", text).strip()

    def log_size(self):
        return (self.folder / "log").stat().st_size

    def log_since(self, offset):
        with open(self.folder / "log", errors="replace") as f:
            f.seek(offset)
            return f.read()


class Database:
    """A fresh database with postroom's tables and, where asked for, messages that are due."""

    def __init__(self, server, messages=0):
        self.server = server
        if server.made == 0:
            server.sql("CREATE DATABASE bench_template")
            command(POSTROOM, "migrate", env={**os.environ, "DATABASE_URL": server.url("bench_template")})
            server.sql(POOL, "bench_template")
        server.made += 1
        self.name = f"bench_{server.made}"
        server.sql(f"CREATE DATABASE {self.name} TEMPLATE bench_template")
        self.url = server.url(self.name)
        if messages:
            self.insert(messages)

    def sql(self, text):
        return self.server.sql(text, self.name)

    def insert(self, messages):
        self.sql(f"""INSERT INTO email_messages (to_email, subject, html)
            SELECT 'a' || g || '@mail.example', 'Message ' || g, html
            FROM generate_series(1, {messages}) g JOIN bench_pool p ON p.n = g % 500""")
        self.sql("VACUUM ANALYZE email_messages")

    def wal(self):
        """Bytes of WAL written so far."""
        return int(self.sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").split(".")[0])

    def drop(self):
        self.server.sql(f"DROP DATABASE {self.name} WITH (FORCE)")


class Sink:
    """Debian's nginx with fixed answers: at once, after 50 ms, and at once with the times noted."""

    PORTS = {"0ms": 18301, "50ms": 18302, "noted": 18303}

    def __init__(self, folder):
        self.folder = folder / "sink"
        (self.folder / "tmp").mkdir(parents=True)
        program, module = find_nginx()
        config = self.folder / "nginx.conf"
        config.write_text(sink_config(self.folder, module))
        self.process = subprocess.Popen([program, "-p", self.folder, "-c", config, "-e", self.folder / "error.log"],
                                        **OWN_SESSION)
        for _ in range(100):
            if subprocess.run(["curl", "-sf", "-o", "/dev/null", "-d", "x", self.url("noted", "/emails")]).returncode == 0:
                break
            if self.process.poll() is not None:
                raise Failed("nginx does not start: " + (self.folder / "error.log").read_text()[-300:])
            time.sleep(0.05)
        self.noted()

    def url(self, port, path=""):
        return f"http://127.0.0.1:{self.PORTS[port]}{path}"

    def count(self):
        """How many requests of the noted port were answered since noted() was last called."""
        with open(self.folder / "noted.log", "rb") as f:
            return f.read().count(b"\n")

    def noted(self):
        """When each request of the noted port came, in seconds; forgets them."""
        log = self.folder / "noted.log"
        times = [float(line.split()[0]) - float(line.split()[1]) for line in log.read_text().splitlines()]
        os.truncate(log, 0)
        return times

    def stop(self):
        self.process.terminate()
        self.process.wait()


def find_nginx():
    """The system's nginx with the echo module (the 50 ms), else both unpacked into the build folder."""
    unpacked = PROGRAMS / "nginx"
    for root in (Path("/"), unpacked):
        program, module = root / "usr/sbin/nginx", root / "usr/lib/nginx/modules/ngx_http_echo_module.so"
        if program.exists() and module.exists():
            return program, module
    print("fetching Debian's nginx into", unpacked.relative_to(ROOT), flush=True)
    unpacked.mkdir(parents=True, exist_ok=True)
    command("apt-get", "-o", "APT::Sandbox::User=root", "download", "nginx", "libnginx-mod-http-echo", cwd=unpacked)
    for package in unpacked.glob("*.deb"):
        command("dpkg", "-x", package, unpacked)
    return find_nginx()


def sink_config(folder, module):
    def ids(low, high):
        return ",".join('{"id":"4ef9a417-02e9-4d39-ad75-%012d"}' % i for i in range(low, high))

    def server(port, single, batch, log="off"):
        return (f"server {{ listen 127.0.0.1:{port} backlog=1024; access_log {log};\n"
                f" set $a '{ids(0, 50)}'; set $b '{ids(50, 100)}';\n"
                f" location = /emails {{ {single} }}\n location = /emails/batch {{ {batch} }} }}\n")

    one, many = """'{"id":"4ef9a417-02e9-4d39-ad75-000000000000"}'""", """'{"data":[$a,$b]}'"""
    ports = Sink.PORTS
    return (
        f"load_module {module};\ndaemon off; master_process off; pid {folder}/pid;\n"
        "worker_rlimit_nofile 4096; events { worker_connections 2048; }\nhttp {\n"
        "default_type application/json; keepalive_requests 1000000000; keepalive_timeout 1h;\n"
        "client_max_body_size 200m; log_format at '$msec $request_time';\n"
        + "".join(f"{kind}_temp_path tmp;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        + server(ports["0ms"], f"return 200 {one};", f"return 200 {many};")
        + server(ports["50ms"], f"echo_sleep 0.05; echo -n {one};", f"echo_sleep 0.05; echo -n {many};")
        + server(ports["noted"], f"return 200 {one};", f"return 200 {many};", f"{folder}/noted.log at")
        + "}\n")


class Worker:
    """postroom run --no-ui. finish() ends it and tells what it used."""

    def __init__(self, place, database, port="0ms", name="w", **settings):
        self.log = open(place.folder / f"{name}.log", "w")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("POSTROOM_", "RESEND_", "PG"))}
        environment.update(DATABASE_URL=database.url, RESEND_API_KEY="re_bench_00000000",
                           RESEND_BASE_URL=place.sink.url(port), POSTROOM_FROM="Shop <hello@shop.example>",
                           POSTROOM_RATE="100000", POSTROOM_WORKER_NAME=name, HOME=str(place.folder),
                           XDG_STATE_HOME=str(place.folder / "state"))
        environment.update({"POSTROOM_" + k.upper(): str(v) for k, v in settings.items()})
        place.workers.append(self)
        self.process = subprocess.Popen([POSTROOM, "run", "--no-ui"], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT, **OWN_SESSION)

    def status(self, name):
        """A figure of /proc/PID/status, in MB."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        raise Failed("the worker has ended: " + open(self.log.name).read()[-300:])

    def cpu(self):
        """Seconds of CPU so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def finish(self):
        self.process.terminate()
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.log.close()
        if self.process.returncode != 0:
            raise Failed(f"the worker ended with {self.process.returncode}: " + open(self.log.name).read()[-300:])
        return {"cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss / 1024}


def yardstick(name, *words):
    """Runs one of the yardstick programs: messages per second, and CPU ms per 1,000 messages."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(command(PROGRAMS / name, *words))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told.update(rate=told["messages"] / told["seconds"], cpu=cpu * 1e6 / told["messages"])
    return told


class Place:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="postroom-bench."))
        os.chmod(self.folder, 0o755)
        self.server = self.sink = None
        self.workers = []

    def __enter__(self):
        try:
            self.server = Server(self.folder)
            self.sink = Sink(self.folder)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            if worker.process.poll() is None:  # a case failed before its end
                worker.process.kill()
                worker.process.wait()
        for part in (self.sink, self.server):
            if part:
                part.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, messages=0):
        return Database(self.server, messages)
