#!/usr/bin/env python3
"""A provider that trusts what it gets and cannot be trusted itself. It shares no code with postroom.

Everything that arrives is taken and kept, so that whatever was smuggled in shows: heads.jsonl holds
the head of every request, byte by byte (as Latin-1), mails.jsonl every mail as it was read, with the
names that stood twice in an object. Its answers are set by POST /control {"mode": ..., ...}:

  take              200, with ids made of the tag postroom_id, so that a wrong mapping shows
  refuse            the same in a batch, but every third mail is refused with a hostile message
  lie               the first time a key is seen a hostile answer, the second time a good one;
                    in between good ones, so that no five in a row are failures
  status            {"status": N, "name", "message": hostile text}: the same to all

usage: liar.py serve FOLDER
"""
import asyncio
import json
import os
import random
import sys

import corpus

HEADERS = ["retry-after", "ratelimit-limit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "content-type",
           "x-resend-daily-quota", "x-resend-monthly-quota", "set-cookie", "location", "server", "content-encoding"]
NUMBERS = [b"-1", b"0", b"1e999", b"NaN", b"inf", b"0x7f", b"99999999999999999999", b"1,2", b"\x1b[31m5", b"5\x9b", b"", b"1;w=0", b"0;w=1",
           b"5;w=-1", b"\xff", b"1.5e300", b"+", b"--", b"5;" * 400, b";" * 900]
STATUS_LINES = [b"HTTP/1.1 200 \x1b]0;title\x07", b"HTTP/1.1 500 \x9b31m", b"HTTP/1.1 99999999999 x", b"HTTP/1.1 -200 OK", b"HTTP/1.1 2OO OK",
                b"HTTP/1.1 200", b"HTTP/1.1  200 OK", b"HTTP/9.9 200 OK", b"\x1b[2J", b"GARBAGE", b"", b"\x00", b"HTTP/1.1 000 x", b"HTTP/1.1 099 x",
                b"HTTP/1.1 600 x", b"HTTP/1.1 999 x", b"HTTP/1.1 503 \xe2\x80\xae", b"ICY 200 OK", b"HTTP/1.1 200 " + b"x" * 9000]


def head(status=b"HTTP/1.1 200 OK", **fields):
    lines = [status] + [name.replace("_", "-").encode() + b": " + value for name, value in fields.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def whole(body, status=b"HTTP/1.1 200 OK", **fields):
    return head(status, content_length=str(len(body)).encode(), **fields) + body


def string(value):
    """Bytes as a JSON string with nothing escaped but what would end it: broken JSON where it is that."""
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def lies(seed=corpus.SEED):
    """Hostile answers to a single mail, the same for the same seed."""
    pick, raw = random.Random(seed + 3), corpus.raw(seed)
    found = []
    for s in corpus.atom_list() + [t for t in corpus.texts(seed) if len(t) < 4000][-100:]:
        n = pick.randrange(7)
        message = json.dumps({"statusCode": 422, "name": pick.choice(["validation_error", s]), "message": s}).encode()
        if n < 2:
            found.append(whole(message, b"HTTP/1.1 422 Unprocessable"))
        elif n == 2:
            found.append(whole(message, pick.choice([b"HTTP/1.1 500 E", b"HTTP/1.1 503 E", b"HTTP/1.1 400 E", b"HTTP/1.1 418 E", b"HTTP/1.1 409 E"])))
        elif n == 3:
            found.append(whole(json.dumps({"id": pick.choice([s, [s], {s: s}])}).encode()))
        elif n == 4:
            found.append(whole(json.dumps({s: s, "id": "re_1", "data": s, "errors": s}, ensure_ascii=False).encode()))
        elif n == 5:
            found.append(whole(json.dumps({"name": "validation_error", "message": f"Invalid `{s}` field. {s}"}).encode(), b"HTTP/1.1 422 x"))
        else:
            found.append(whole(s.encode(), pick.choice([b"HTTP/1.1 200 OK", b"HTTP/1.1 502 E", b"HTTP/1.1 500 E"])))
    for s in raw[-160:] + raw[:200:7]:
        clean = s.replace(b"\n", b"").replace(b"\r", b"")
        found.append(pick.choice([
            whole(s), whole(b'{"id":' + string(s) + b"}"),
            whole(b'{"name":"validation_error","message":' + string(s) + b"}", b"HTTP/1.1 422 x"),
            whole(b'{"name":' + string(s) + b',"message":' + string(s) + b"}", b"HTTP/1.1 500 x"),
            whole(b'{"id":"re_1"}', **{pick.choice(HEADERS[:10]): clean}),
            whole(b'{"id":"re_1"}', b"HTTP/1.1 200 " + clean),
            s, b"HTTP/1.1 500 x\r\n" + s + b"\r\n\r\n"]))
    for number in NUMBERS:
        for name in pick.sample(HEADERS, 4):
            found.append(whole(b'{"id":"re_1"}', **{name: number}))
    for line in STATUS_LINES:
        found += [whole(b'{"id":"re_1"}', line), line]
    found += [
        head(content_length=b"-1"), head(content_length=b"99999999999999999999") + b"x", head(content_length=b"5") + b"x",
        head(content_length=b"1", Content_Length=b"2") + b"xx", head(transfer_encoding=b"chunked") + b"ZZZ\r\nx\r\n0\r\n\r\n",
        head(transfer_encoding=b"chunked") + b"ffffffffffffffff\r\nx", head(content_encoding=b"gzip") + b"\x1f\x8b garbage",
        whole(b"[" * 100000), whole(b'{"a":' * 50000), whole(b'{"id":' + b"9" * 100000 + b"}"), whole(b'{"id":"' + b"x" * 200000 + b'"}'),
        whole(b'{"id":"a","id":"b"}'), whole(b'\xef\xbb\xbf{"id":"bom"}'), whole(b'{"id":"x"} trailing'), whole(b'{"id":"\\ud800"}'), whole(b'{"id":"\\u0000x"}'),
        whole(b'{"id":1e999}'), whole(b'{"id":-0.0}'), whole(b'{"id":null}'), whole(b"null"), whole(b"[]"), whole(b"{}"), whole(b'{"data":[{"id":"x"}]}'),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + whole(b'{"id":"re_1"}'), whole(b'{"id":"re_1"}') + whole(b'{"id":"re_2"}'),
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: \x1b[31m\r\n" % i for i in range(500)) + b"content-length: 2\r\n\r\n{}",
    ]
    pick.shuffle(found)
    return found


class Liar:
    def __init__(self, folder):
        self.heads = open(os.path.join(folder, "heads.jsonl"), "a", encoding="ascii")
        self.mails = open(os.path.join(folder, "mails.jsonl"), "a", encoding="ascii")
        self.set = {"mode": "take"}
        self.lies = iter(lies())
        self.told, self.taken = set(), set()
        self.turn = 0
        self.words = corpus.texts()
        self.refused = 0

    def take(self, body):
        twice = []

        def pairs(items):
            names = [name for name, _ in items]
            twice.extend(name for name in names if names.count(name) > 1)
            return dict(items)

        mails = json.loads(body.decode("utf-8", "strict"), object_pairs_hook=pairs)
        return (mails if isinstance(mails, list) else [mails]), twice

    @staticmethod
    def ident(mail):
        return [t.get("value") for t in mail.get("tags", []) if t.get("name") == "postroom_id"]

    def keep(self, mails, twice, key):
        for mail in mails:
            note = {"id": self.ident(mail), "key": key, "again": key in self.taken, "twice": twice, "n": len(mails), "mail": mail}
            self.mails.write(json.dumps(note) + "\n")
        self.mails.flush()
        self.taken.add(key)

    def good(self, mails):
        ids = [{"id": "re-" + (self.ident(mail) or ["?"])[0]} for mail in mails]
        return ids[0] if len(mails) == 1 else {"data": ids}

    def refuse(self, mails):
        data, errors = [], []
        for i, mail in enumerate(mails):
            if i % 3:
                data.append({"id": "re-" + self.ident(mail)[0]})
                continue
            s = self.words[self.refused % len(self.words)][:3000]
            self.refused += 1
            errors.append({"index": i, "message": s, "name": s, s: s})
        return {"data": data, "errors": errors}

    def answer(self, path, key, body):
        mails, twice = self.take(body)
        mode, again = self.set["mode"], key in self.told
        if mode == "lie" and not again:
            self.told.add(key)
            self.turn += 1
            if self.turn % 2 and (lie := next(self.lies, None)) is not None:
                return lie
        self.keep(mails, twice, key)
        if mode == "status":
            body = json.dumps({"name": self.set["name"], "message": self.set["message"]}).encode()
            return whole(body, b"HTTP/1.1 %d x" % self.set["status"], retry_after=b"1")
        if mode == "refuse" and path.endswith("/batch"):
            return whole(json.dumps(self.refuse(mails)).encode())
        return whole(json.dumps(self.good(mails)).encode())

    async def serve(self, reader, writer):
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def one(self, reader, writer):
        first = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in first.split(b"\r\n")[1:] if b": " in line)
        fields = {name.lower(): value for name, value in fields.items()}
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
        path = first.split(b" ", 2)[1].decode()
        if path == "/control":
            self.set = json.loads(body)
            self.lies = iter(lies()) if self.set["mode"] == "lie" else self.lies
            writer.write(whole(b"{}"))
        else:
            self.heads.write(json.dumps(first.decode("latin-1")) + "\n")
            self.heads.flush()
            reply = self.answer(path, fields.get(b"idempotency-key", b"").decode(), body)
            writer.write(reply)
            if not reply.startswith(b"HTTP/1.1 ") or self.set["mode"] == "lie":
                await writer.drain()
                return False
        await writer.drain()
        return True


async def serve(folder):
    liar = Liar(folder)
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:2] == ["lies"]:
        print(len(lies()))
    else:
        asyncio.run(serve(sys.argv[2]))
