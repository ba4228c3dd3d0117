#!/usr/bin/env python3
"""A stand-in for Resend (and, at their own paths, for SendGrid and AWS SES) that records what it
accepts. It shares no code with postroom.

One thread, asyncio, HTTP/1.1 with keep-alive. Before it answers, it appends to its folder:

  messages.jsonl   a line per message taken: kind effect (a mail went out) or replay (same key,
                   same bytes: nothing went out again), id (tag postroom_id), to, subject, key,
                   sha256 of the body, path, conn, request, n (messages in it), time, answer (the
                   id it was given)
  requests.jsonl   a line per request, whatever came of it: status (0: none was given), key, n,
                   sha256, path, conn, time, retry_after (as told); cut: [bytes that came, Content-Length] where it broke off

Routes: POST /emails, POST /emails/batch; those of sink_sendgrid.py and sink_ses.py; GET /stats; POST
/control merges a JSON object into the settings (SETTINGS below). `serve` prints its port as its only
line of output. What it does wrong on purpose is in sink_faults.py.

usage: sink.py serve FOLDER [JSON settings] | stat PORT NAME | set PORT JSON
"""
import asyncio
import collections
import hashlib
import http.client
import json
import os
import re
import sys
import time
import uuid

sys.dont_write_bytecode = True
import sink_faults
from sink_faults import Drop
import sink_sendgrid
import sink_ses

SETTINGS = {
    "limit": 0,         # requests per sliding second; 0: none, and no ratelimit headers
    "latency_ms": 0,    # before each answer
    "api_key": None,    # the only key taken; None: any
    "asks": {},         # what GETs are answered: path -> [status, answer, headers]
    "garbage": None,    # what stands in the body of a good answer of SendGrid's or SES's
    "rules": [],        # scripted answers, the first that fits: see Sink.rule_for
    "chaos": None,      # faults by dice: see sink_faults.py
    "now_shift_s": 0,   # how far ahead the clock is by which keys are forgotten
    "small_buffers": False,  # at start only: what has not been read has not been written
    "smtp": None,       # at start only: see sink_smtp.py
    "host": None,       # at start only: another address at which it is heard, at the same port
    **sink_ses.SETTINGS,
}
# Other APIs than Resend's: no keys, shapes of their own.
DIALECTS = {sink_sendgrid.PATH: sink_sendgrid, sink_ses.PATH: sink_ses}
KEY_LIFE_S = 24 * 3600
REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           409: "Conflict", 413: "Too Large", 422: "Unprocessable Entity",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Unavailable"}
ADDRESS = re.compile(r"^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$|^[^<>\r\n]*<[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+>$")


class Refused(Exception):
    def __init__(self, status, name, message, headers=None):
        super().__init__(message)
        self.status, self.name, self.message = status, name, message
        self.headers = headers or {}


class Sink:
    def __init__(self, folder, settings):
        self.dice = None
        self.settings = dict(SETTINGS)
        self.configure(settings)
        self.messages = open(os.path.join(folder, "messages.jsonl"), "ab", buffering=0)
        self.requests = open(os.path.join(folder, "requests.jsonl"), "ab", buffering=0)
        self.keys = {}  # idempotency key -> [sha256, answer or None, when, (those taken, their ids)]
        self.window = collections.deque()    # times of requests let through, for the limit
        self.arrivals = collections.deque()  # times of all requests within a second
        self.effects_of = collections.Counter()
        self.count = collections.Counter()
        self.statuses = collections.Counter()
        self.peak = 0
        self.first = self.last = 0.0

    def configure(self, settings):
        self.settings.update(settings)
        if "chaos" in settings:
            chaos = settings["chaos"]
            self.dice = sink_faults.Dice(chaos) if chaos else None

    # -- what a request meets, in this order --------------------------------------------------

    async def answer(self, path, headers, body, conn):
        """(status, answer, headers, the rule that shapes it)"""
        now = time.time()
        self.count["requests"] += 1
        self.count["begun"] += 1
        number = self.count["requests"]
        self.first, self.last = self.first or now, now
        self.arrivals.append(now)
        while self.arrivals[0] <= now - 1.0:
            self.arrivals.popleft()
        self.peak = max(self.peak, len(self.arrivals))

        dialect = DIALECTS.get(path)
        key = None if dialect else headers.get("idempotency-key")
        extra, n, status, rule = {}, 0, 0, {}
        try:
            extra = self.take_token(now)
            if dialect:
                mails = self.parse_as(dialect, path, headers, body)
            else:
                self.check_caller(headers)
                mails = self.parse(path, body)
            n = len(mails)
            status, answer, rule = await self.deliver(path, headers, body, mails, key, conn, number)
            if dialect:
                status, answer, extra = dialect.accepted(answer, extra, self.settings["garbage"])
        except Refused as r:
            status, extra = r.status, {**extra, **r.headers}
            answer = {"statusCode": r.status, "name": r.name, "message": r.message}
            if dialect:
                answer, more = dialect.refused(r.name, r.message)
                extra = {**extra, **more}
        finally:
            self.statuses[status] += 1
            await self.note(self.requests, {"time": now, "request": number, "conn": conn, "path": path,
                                      "key": key, "n": n, "status": status, "retry_after": extra.get("retry-after"),
                                      "sha256": hashlib.sha256(body).hexdigest()})
            self.count["noted"] += 1
        if self.settings["latency_ms"]:
            await asyncio.sleep(self.settings["latency_ms"] / 1000)
        return status, answer, dialect.headers(extra, now) if dialect else extra, rule

    def take_token(self, now):
        limit = self.settings["limit"]
        if not limit:
            return {}
        while self.window and self.window[0] <= now - 1.0:
            self.window.popleft()
        told = {"ratelimit-limit": limit, "ratelimit-policy": f"{limit};w=1", "ratelimit-reset": 1}
        if len(self.window) >= limit:
            raise Refused(429, "rate_limit_exceeded", "Too many requests",
                          {**told, "ratelimit-remaining": 0, "retry-after": 1})
        self.window.append(now)
        return {**told, "ratelimit-remaining": limit - len(self.window)}

    def check_caller(self, headers):
        if not headers.get("user-agent"):
            raise Refused(403, "1010", "no User-Agent")
        given = headers.get("authorization", "")
        if not given.startswith("Bearer re_"):
            raise Refused(401, "missing_api_key", "Missing API key")
        wanted = self.settings["api_key"]
        if wanted and given != "Bearer " + wanted:
            raise Refused(403, "invalid_api_key", "API key is invalid")

    @staticmethod
    def parse(path, body):
        try:
            mails = json.loads(body)
        except ValueError:
            raise Refused(422, "validation_error", "not JSON") from None
        if path == "/emails":
            mails = [mails]
        if not isinstance(mails, list) or not mails or not all(isinstance(m, dict) for m in mails):
            raise Refused(422, "validation_error", "wrong shape")
        if len(mails) > 100:
            raise Refused(422, "validation_error", "more than 100 messages")
        return mails

    def parse_as(self, dialect, path, headers, body):
        mail, wrong = dialect.read(path, headers, body, self.settings)
        if wrong:
            raise Refused(*wrong)
        return [mail]

    async def deliver(self, path, headers, body, mails, key, conn, number):
        digest = hashlib.sha256(body).hexdigest()
        if key is not None and not 1 <= len(key) <= 256:
            raise Refused(400, "invalid_idempotency_key", "1 to 256 characters")
        known = self.known(key)
        if known and known[0] != digest:
            raise Refused(409, "invalid_idempotent_request", "same key, other payload")
        if known and known[1] is None:
            raise Refused(409, "concurrent_idempotent_requests", "still in flight")
        rule = self.rule_for(mails, known is not None)
        if known:
            await sink_faults.before(rule)
            await self.record("replay", path, mails, *known[3], key, digest, conn, number)
            await sink_faults.after(rule)
            return 200, known[1], rule

        slot = [digest, None, self.clock(), None]
        if key is not None:
            self.keys[key] = slot
        try:
            await sink_faults.before(rule)
            if rule.get("status", 200) != 200 and not rule.get("item"):
                name = None if path in DIALECTS else "application_error"
                raise Refused(rule["status"], rule.get("name", name),
                              rule.get("message", "scripted"), rule.get("headers"))
            wrong = self.wrong_ones(path, mails)
            if wrong and (path != "/emails/batch" or headers.get("x-batch-validation") != "permissive"):
                index, name, text = wrong[0]
                raise Refused(422, name, text)
        except BaseException:
            self.keys.pop(key, None)
            raise

        bad = {index for index, _, _ in wrong}
        good = [i for i in range(len(mails)) if i not in bad]
        given = [str(uuid.uuid4()) for _ in good]
        await self.record("effect", path, mails, good, given, key, digest, conn, number)
        answer = {"data": [{"id": i} for i in given]}
        if path != "/emails/batch":
            answer = answer["data"][0]
        elif wrong:
            answer["errors"] = [{"index": i, "message": text} for i, _, text in wrong]
        slot[1], slot[3] = answer, (good, given)
        await sink_faults.after(rule)
        return 200, answer, rule

    def clock(self):
        return time.time() + self.settings["now_shift_s"]

    def known(self, key):
        """What is remembered of a key; a key is forgotten after a day."""
        known = self.keys.get(key) if key is not None else None
        if known and self.clock() - known[2] > KEY_LIFE_S:
            del self.keys[key]
            return None
        return known

    def rule_for(self, mails, replay):
        """The first rule with uses left that matches a recipient, or what the dice say; {}: none.
        A rule: {"match": regex on to, "times": uses, "every": only each such one that fits,
        "status", "name", "message", "headers", "item": true (refuse only the matching message of a
        batch)} and sink_faults.py's."""
        for rule in self.settings["rules"]:
            if rule.get("times") == 0 or rule.get("item") or rule.get("replay", False) != replay:
                continue
            if rule.get("signal", {}).get("at") == "part":
                continue
            if any(re.search(rule.get("match", ""), self.recipient(m)) for m in mails):
                rule["met"] = rule.get("met", 0) + 1
                if rule["met"] % rule.get("every", 1):
                    continue
                if "times" in rule:
                    rule["times"] -= 1
                return rule
        return self.dice and self.dice.roll() or {}

    def wrong_ones(self, path, mails):
        """[(index, name, text)] of the messages Resend would not take."""
        wrong = []
        for i, mail in enumerate(mails):
            to = self.recipient(mail)
            scripted = next((r for r in self.settings["rules"]
                             if r.get("item") and re.search(r.get("match", ""), to)), None)
            if scripted:
                wrong.append((i, scripted.get("name", "validation_error"),
                              scripted.get("message", "scripted")))
            elif not ADDRESS.match(to):
                wrong.append((i, "validation_error", "Invalid `to` field"))
            elif not ADDRESS.match(str(mail.get("from", ""))):
                wrong.append((i, "invalid_from_address", "Invalid `from` field"))
            elif not mail.get("subject"):
                wrong.append((i, "missing_required_field", "Missing `subject` field"))
            elif not mail.get("html") and not mail.get("text"):
                wrong.append((i, "missing_required_field", "Missing `html` or `text` field"))
            elif path == "/emails/batch" and (mail.get("attachments") or mail.get("scheduled_at")):
                wrong.append((i, "invalid_attachment", "not supported in a batch"))
        return wrong

    # -- records ------------------------------------------------------------------------------

    @staticmethod
    def recipient(mail):
        to = mail.get("to", "")
        return str(to[0] if isinstance(to, list) and to else to)

    async def record(self, kind, path, mails, taken, ids, key, digest, conn, number):
        now, lines = time.time(), []
        for i, given in zip(taken, ids):
            mail = mails[i]
            ident = next((t.get("value") for t in mail.get("tags") or []
                          if t.get("name") == "postroom_id"), None)
            lines.append({"kind": kind, "id": ident, "to": self.recipient(mail),
                          "subject": mail.get("subject"), "key": key, "sha256": digest,
                          "path": path, "conn": conn, "request": number, "n": len(mails),
                          "time": now, "answer": given, **mail.get("more", {})})
            self.count["effects" if kind == "effect" else "replays"] += 1
            if kind == "effect":
                self.effects_of[ident] += 1
        await self.note(self.messages, *lines)

    @staticmethod
    async def note(file, *lines):
        """On disk when it returns; other requests are heard meanwhile."""
        if lines:
            file.write("".join(json.dumps(line) + "\n" for line in lines).encode())
            await asyncio.get_running_loop().run_in_executor(None, os.fdatasync, file.fileno())

    def stats(self):
        return {"requests": self.count["requests"], "asked": self.count["asked"], "effects": self.count["effects"],
                "busy": self.count["begun"] - self.count["noted"],
                "replays": self.count["replays"], "connections": self.count["connections"],
                "duplicates": sum(1 for n in self.effects_of.values() if n > 1),
                "without_id": self.effects_of.get(None, 0),
                "by_second_peak": self.peak, "seconds": round(self.last - self.first, 3),
                "statuses": {str(k): v for k, v in self.statuses.items()}}

    # -- HTTP ---------------------------------------------------------------------------------

    async def serve(self, reader, writer):
        self.count["connections"] += 1
        conn = self.count["connections"]
        try:
            while await self.turn(reader, writer, conn):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Drop as drop:
            if drop.reset:
                sink_faults.tear_down(writer)
        except sink_faults.Cut as cut:
            await self.note(self.requests, {"time": time.time(), "conn": conn, "status": 0,
                                            "cut": [cut.got, cut.length]})
        finally:
            writer.close()

    async def turn(self, reader, writer, conn):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {}
        for line in lines:
            if ":" in line:
                name, value = line.split(":", 1)
                headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await sink_faults.read_body(reader, int(headers.get("content-length", 0)),
                                           self.settings["rules"])

        extra, rule = {}, {}
        if method == "POST" and path in ("/emails", "/emails/batch", *DIALECTS):
            status, answer, extra, rule = await self.answer(path, headers, body, conn)
        elif method == "GET" and path == sink_ses.ACCOUNT:
            status, answer, extra = sink_ses.account(headers, self.settings)
            self.count["asked"] += 1
        elif method == "GET" and path.startswith(sink_ses.IDENTITIES):
            status, answer, extra = sink_ses.identity(path, headers, self.settings)
            self.count["asked"] += 1
        elif method == "GET" and path == "/stats":
            status, answer = 200, self.stats()
        elif method == "GET" and path.split("?")[0] in self.settings["asks"]:
            status, answer, *more = self.settings["asks"][path.split("?")[0]]
            extra = more[0] if more else {}
            self.count["asked"] += 1
            wanted = self.settings["api_key"]
            if not headers.get("user-agent") or body or (
                    wanted and headers.get("authorization") != "Bearer " + wanted):
                status, answer = 403, {"statusCode": 403, "name": "invalid_api_key", "message": "API key is invalid"}
        elif method == "POST" and path == "/control":
            self.configure(json.loads(body))
            status, answer = 200, self.settings
        else:
            status, answer = 404, {"statusCode": 404, "name": "not_found", "message": path}

        head = f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}\r\n"
        fields = {"content-type": "application/json", **extra}
        payload = json.dumps(answer).encode() if answer is not None else b""
        again = await sink_faults.write_answer(writer, head, fields, payload, rule)
        return again and headers.get("connection", "").lower() != "close"


async def serve(folder, settings):
    sink = Sink(folder, settings)
    small = sink.settings["small_buffers"]
    server = await asyncio.start_server(sink.serve, "127.0.0.1", settings.get("port", 0),
                                        limit=1 << 16 if small else 1 << 20)
    if small:
        sink_faults.small_buffers(server)
    if sink.settings["smtp"] is not None:
        import sink_smtp
        await sink_smtp.serve(sink, folder)
    port = server.sockets[0].getsockname()[1]
    if sink.settings["host"]:
        server.also = await asyncio.start_server(sink.serve, sink.settings["host"], port)
    print(port, flush=True)
    async with server:
        await server.serve_forever()


def call(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    connection.request(method, path, body)
    return json.loads(connection.getresponse().read())


def main(what, *rest):
    if what == "serve":
        asyncio.run(serve(rest[0], json.loads(rest[1]) if len(rest) > 1 else {}))
    elif what == "stat":
        value = call(rest[0], "GET", "/stats")
        for name in rest[1].split("."):
            value = value.get(name, 0) if isinstance(value, dict) else 0
        print(value)
    elif what == "set":
        call(rest[0], "POST", "/control", rest[1])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
