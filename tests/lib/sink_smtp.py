"""How the sink speaks SMTP, by aiosmtpd (Debian's python3-aiosmtpd): the setting "smtp", an object at
start, opens one more port, written to FOLDER/smtp_port, with the same rules and records:

  "tls": none | starttls (asked for) | tls (at once); "cert", "key": PEM files
  "user", "password": AUTH is asked for; the setting "api_key" takes the password's place
  "utf8": false            SMTPUTF8 is not spoken

A mail that is taken is written to FOLDER/mails/ID.eml, without the dots that were doubled. A rule may
hold "at": connect | ehlo | mail | rcpt | data | body | dot (unless said otherwise) | quit and
  "reply": the line        in place of the good one
  "drop": before | after   the connection closes without a reply; at the dot: before or after the mail
                           was taken; at body: when its first lines have come
  "hold_ms", "late_ms"     before it is taken, before the reply
  "late_file": path        at the dot: the reply waits until that file is there
  "drip_ms": N             the reply goes out a byte every so often
  "signal"                 as in sink_faults.py: part (in the middle of the mail), complete (at the
                           dot), accepted
"match" is looked for in the recipient (before RCPT: in nothing).
"""
import asyncio
import hashlib
import os
import re
import ssl
import time
import uuid

from aiosmtpd.smtp import SMTP, AuthResult

import sink_faults


def part_of(rule):
    return rule.get("signal", {}).get("at") == "part"


def announced_size(envelope):
    return next((int(o[5:]) for o in envelope.options if o.upper().startswith("SIZE=")), None)


class Server(SMTP):
    """aiosmtpd's, with faults. Replies pass through push."""

    def __init__(self, sink, folder, **options):
        self.sink, self.folder, self.stage, self.number = sink, folder, "connect", 0
        super().__init__(Handler(), **options)

    def connection_made(self, transport):
        super().connection_made(transport)
        if not self.number:
            self.sink.count["connections"] += 1
            self.number = self.sink.count["connections"]

    def rule(self, stage, to=""):
        for rule in self.sink.settings["rules"]:
            if rule.get("times") == 0 or rule.get("at", "dot") != stage or part_of(rule) or not re.search(rule.get("match", ""), to):
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule
        return {}

    async def push(self, status):
        rule = self.rule("connect") if self.stage == "connect" else self.current
        self.stage, self.current = "on", {}
        if "drip_ms" not in rule and "reply" not in rule:
            return await super().push(status)
        for byte in rule.get("reply", status).encode() + b"\r\n":
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(rule.get("drip_ms", 0) / 1000)
        if rule.get("at") == "connect" and "reply" in rule:
            self.transport.close()

    current, got = {}, 0

    async def act(self, rule, good):
        """What a command of this rule is answered."""
        await asyncio.sleep(rule.get("hold_ms", 0) / 1000)
        if rule.get("drop"):
            self.transport.abort()
        self.current = rule
        return good

    async def note(self, status, envelope, **more):
        await self.sink.note(self.sink.requests, {
            "time": time.time(), "conn": self.number, "path": "smtp", "key": None, "n": len(envelope.rcpt_tos),
            "status": status, "to": envelope.rcpt_tos, **more})

    async def smtp_QUIT(self, arg):
        await asyncio.sleep(self.rule("quit").get("hold_ms", 0) / 1000)
        await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg):
        to = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        rule = self.rule("body", to) or self.rule_for_part()
        if not rule:
            return await super().smtp_DATA(arg)
        self.sink.count["begun"] += 1
        await super().push("354 go on")
        self.got = len(await self._reader.readline())
        sink_faults.send_signal(rule, "part")
        try:
            if "signal" in rule:
                await self.rest()
        finally:  # also where the other side's end cancels us
            await self.note(0, self.envelope, cut=[self.got, announced_size(self.envelope)])
            self.sink.count["noted"] += 1
        self.transport.abort()

    def rule_for_part(self):
        rule = next((r for r in self.sink.settings["rules"]
                     if part_of(r) and r.get("times") != 0), {})
        if rule:
            rule["times"] = rule.get("times", 0) - 1
        return rule

    async def rest(self):
        """Counts what comes until the other side is gone."""
        while piece := await self._reader.read(16384):
            self.got += len(piece)


class Handler:
    async def handle_EHLO(self, server, session, _envelope, hostname, responses):
        session.host_name = hostname
        rule = server.rule("ehlo")
        await server.act(rule, "")
        return [rule["reply"]] if "reply" in rule else responses

    async def handle_MAIL(self, server, _session, envelope, address, options):
        rule = server.rule("mail")
        server.sink.count["requests"] += 1
        envelope.mail_from, envelope.options = address, options
        if rule:
            await server.note(int(rule.get("reply", "000")[:3]), envelope)
        return await server.act(rule, "250 2.1.0 Ok")

    async def handle_RCPT(self, server, _session, envelope, address, _options):
        rule = server.rule("rcpt", address)
        if rule:
            await server.note(int(rule.get("reply", "000")[:3]), envelope)
        else:
            envelope.rcpt_tos.append(address)
        return await server.act(rule, "250 2.1.5 Ok")

    async def handle_DATA(self, server, session, envelope):
        server.sink.count["begun"] += 1
        try:
            return await self.dot(server, session, envelope)
        finally:  # cancelled, where the other side is gone
            server.sink.count["noted"] += 1

    async def dot(self, server, session, envelope):
        rule = server.rule("dot", envelope.rcpt_tos[0])
        good = not rule.get("reply") or rule["reply"][:1] not in "45"
        queued = uuid.uuid4().hex[:12].upper()
        sink_faults.send_signal(rule, "complete")
        if good and rule.get("drop") != "before":
            await asyncio.sleep(rule.pop("hold_ms", 0) / 1000)
            await self.take(server, session, envelope, queued)
            sink_faults.send_signal(rule, "accepted")
        await server.note(250 if good else int(rule["reply"][:3]), envelope)
        await asyncio.sleep(rule.get("late_ms", 0) / 1000)
        while "late_file" in rule and not os.path.exists(rule["late_file"]):
            await asyncio.sleep(0.02)
        return await server.act(rule, "250 2.0.0 Ok: queued as " + queued)

    async def take(self, server, session, envelope, queued):
        content = envelope.content
        head = content.split(b"\r\n\r\n")[0].decode()
        found = re.search(r"(?m)^Message-ID: <postroom\.(.*?)\.[0-9a-f]{12}@", head)
        ident = found and found.group(1)
        os.makedirs(os.path.join(server.folder, "mails"), exist_ok=True)
        with open(os.path.join(server.folder, "mails", f"{ident}.eml"), "wb") as mail:
            mail.write(content)
        subject = re.search(r"(?m)^Subject: (.*?)\r?$", head)
        server.sink.count["effects"] += 1
        server.sink.effects_of[ident] += 1
        await server.sink.note(server.sink.messages, {
            "kind": "effect", "id": ident, "to": envelope.rcpt_tos[0], "rcpt": envelope.rcpt_tos, "rcpts": len(envelope.rcpt_tos), "from": envelope.mail_from,
            "subject": subject and subject.group(1), "key": None, "sha256": hashlib.sha256(content).hexdigest(),
            "path": "smtp", "conn": server.number, "n": 1, "time": time.time(), "answer": queued,
            "options": envelope.options, "tls": session.ssl is not None or server.sink.settings["smtp"].get("tls") == "tls",
            "user": session.auth_data and session.auth_data[0].decode()})


def authenticator(sink):
    def check(server, _session, _envelope, _mechanism, data):
        wanted = (sink.settings["smtp"]["user"], sink.settings["api_key"] or sink.settings["smtp"]["password"])
        good = (data.login.decode(), data.password.decode()) == wanted
        if not good:
            sink.count["requests"] += 1
        return AuthResult(success=good, auth_data=(data.login,), handled=False,
                          message=None if good else "535 5.7.8 Authentication credentials invalid")
    return check


def context(wish):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(wish["cert"], wish["key"])
    if wish.get("version"):
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = getattr(ssl.TLSVersion, wish["version"])
        made.set_ciphers("ALL:@SECLEVEL=0")
    return made


async def serve(sink, folder):
    wish = sink.settings["smtp"]
    tls = wish.get("tls", "none")
    loop = asyncio.get_running_loop()
    options = {"enable_SMTPUTF8": wish.get("utf8", True), "loop": loop, "data_size_limit": 50 << 20, "hostname": "sink.example"}
    if tls == "starttls":
        options.update(tls_context=context(wish), require_starttls=True)
    if wish.get("user"):
        options.update(authenticator=authenticator(sink), auth_required=True, auth_require_tls=tls == "starttls")
    server = await loop.create_server(lambda: Server(sink, folder, **options), "127.0.0.1", wish.get("port", 0),
                                      ssl=context(wish) if tls == "tls" else None)
    if sink.settings["small_buffers"]:
        sink_faults.small_buffers(server)
    with open(os.path.join(folder, "smtp_port.new"), "w") as port:
        port.write(str(server.sockets[0].getsockname()[1]))
    os.rename(os.path.join(folder, "smtp_port.new"), os.path.join(folder, "smtp_port"))
    return server
