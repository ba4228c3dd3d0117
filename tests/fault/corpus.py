#!/usr/bin/env python3
"""Hostile strings and rows made of them, the same ones for the same seed.

  texts(seed)   what a PostgreSQL text can hold: no NUL, no surrogates; over 5,000
  raw(seed)     bytes, for where nothing refuses them: NUL, overlong and broken UTF-8 as well
  rows(seed)    messages, each with one hostile column; as JSON objects of email_messages' columns

  shown(seed)   rows as somebody else might leave them: every text that is shown is hostile

  ids(seed)     plain messages whose ids are hostile

usage: corpus.py count | rows >FILE.csv | shown >FILE.csv | ids >FILE.csv   (one column of JSON, for COPY ... CSV)
"""
import csv
import json
import random
import sys
import uuid

SEED = 20260922
ESC, BEL, ST, CSI, OSC = "\x1b", "\x07", "\x1b\\", "\x9b", "\x9d"

TERMINAL = [
    ESC, ESC + "[2J", ESC + "[31mred", ESC + "[1;1H", ESC + "[?1049h", ESC + "[6n", ESC + "[c", ESC + "c",
    ESC + "[8;1;1t", ESC + "[20t", ESC + "[=5n", ESC + "[>c", ESC + "[3J" + ESC + "[H", ESC + "#8", ESC + "(0lqk",
    ESC + "]0;title" + BEL, ESC + "]2;title" + ST, ESC + "]8;;https://evil.example" + ST + "click" + ESC + "]8;;" + ST,
    ESC + "]52;c;ZXZpbA==" + BEL, ESC + "]1337;File=:AAAA" + BEL, ESC + "]4;1;?" + BEL, ESC + "]777;notify;a;b" + BEL,
    ESC + "P1$r0m" + ST, ESC + "P+q544e" + ST, ESC + "_apc" + ST, ESC + "^pm" + ST, ESC + "X sos" + ST, ESC + "k name" + ST,
    CSI + "2J", CSI + "31m", OSC + "0;title" + BEL, OSC + "52;c;ZXZpbA==\x9c", "\x90q#0\x9c", "\x9e\x9f\x98\x85\x8d",
    "\x0e\x0f", "\x05", "\x7f", "\x7f" * 40, "\b" * 40, "\a\a\a", "\r", "\rFROM: evil", "\x1a", "\x18", "\f\v", "\t\t\t",
]
LINES = [
    "\n", "\r\n", "\n\n", "\r\n\r\n", "\r\nBcc: evil@evil.example", "\nBcc: evil@evil.example", "\rBcc: evil@evil.example",
    "\r\nTo: evil@evil.example\r\n\r\nbody", "\r\nContent-Type: text/html\r\n\r\n<b>x</b>", "\r\n.\r\nMAIL FROM:<e@evil.example>",
    "\r\nAuthorization: Bearer re_evil", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /emails HTTP/1.1\r\n",
    "\r\nIdempotency-Key: x", "%0d%0aBcc: evil@evil.example", "=0D=0ABcc: evil@evil.example", "\\r\\nBcc: evil@evil.example",
    "=?utf-8?q?=0D=0ABcc:_evil=40evil.example?=", "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=", "\u2028Bcc: evil@evil.example",
    "\u2029Bcc: evil@evil.example", "\x85Bcc: evil@evil.example", "\x0bBcc: evil@evil.example", "\u560d\u560aBcc: evil@evil.example",
]
UNICODE = [
    "\u202e\u202dgnp.exe", "\u2066\u2067\u2068\u2069", "\u200e\u200f\u061c", "\u202a\u202b\u202c", "a\u202eb\u202cc",
    "\u200b\u200c\u200d", "\u2060\u2061\u2062\u2063\u2064", "\ufeff", "a\ufeffb", "\u00ad", "soft\u00adhyphen", "\u034f", "\u115f\u1160\u3164\uffa0",
    "\u17b4\u17b5", "\u180b\u180c\u180d\u180e\u180f", "\ufe0e\ufe0f", "\u2764\ufe0f", "\U000e0100\U000e01ef", "\u845b\U000e0100",
    "\U000e0001\U000e0041\U000e007f", "\ufff9a\ufffab\ufffb", "\ufffc\ufffd", "e" + "\u0301" * 60, "\u0300" * 200, "Z" + "\u0488\u0353\u0331" * 30,
    "\U0001f469\u200d\U0001f4bb", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd",
    "1\ufe0f\u20e3", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\ue000\uf8ff", "\U000f0000\U0010fffd",
    "\u0378\u0530\u2fe0", "\ufdd0\ufdef", "\uffff\ufffe", "\U0001ffff\U0010ffff", "\u3042\u5bbd\uff21\uac00", "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd",
    "\u1e9e\u0130\u0131\u017f\u212a", "\ufb01\ufb03", "\u0e33\u0eb3", "\U0001d173\U0001d17a", "\u0600\u06dd\u070f\u08e2", "\u2800\u3000\u00a0\u2003\u202f\u205f",
    "\U00011c00\U0001e900", "\u0b95\u0bcd\u0bb7", "\u0f40\u0fb5", "\ua9c0\ua9b4", "\u20dd\u20e0", "admin\u0435xample", "\uff1c\uff1e\uff0c\uff1b\uff20",
]
ADDRESSES = [
    "a@mail.example, evil@evil.example", "a@mail.example; evil@evil.example", "a@mail.example evil@evil.example", "a@mail.example,evil@evil.example",
    "<a@mail.example>,<evil@evil.example>", "A <a@mail.example>, E <evil@evil.example>", "A <evil@evil.example> <a@mail.example>",
    "evil@evil.example <a@mail.example>", "\"evil@evil.example\" <a@mail.example>", "\"A\" <a@mail.example> evil@evil.example",
    "\"A, B\" <a@mail.example>", "\"A\\\" <evil@evil.example>, \\\"\" <a@mail.example>", "\"A\" \"B\" <a@mail.example>", "\"unclosed <a@mail.example>",
    "\"a@evil.example\"@mail.example", "\"a b\"@mail.example", "\"<evil@evil.example>\"@mail.example", "\"a\\\"@evil.example,b\"@mail.example",
    "(evil@evil.example) a@mail.example", "a(comment)@mail.example", "a@mail.example(comment)", "a@(evil.example)mail.example", "(a <evil@evil.example>) <a@mail.example>",
    "group: evil@evil.example, a@mail.example;", "undisclosed-recipients:;", "<@evil.example:a@mail.example>", "evil%evil.example@mail.example", "evil!a@mail.example",
    "a@mail.example>", "<a@mail.example", "<<a@mail.example>>", "<>", "<a@mail.example><evil@evil.example>", "a@@mail.example", "@mail.example", "a@", "@", "a@b@mail.example",
    "a@mail..example", ".a@mail.example", "a.@mail.example", "a..b@mail.example", "a@-mail.example", "a@mail-.example", "a@.mail.example", "a@mail.example.", "a@[127.0.0.1]",
    "a@[IPv6:::1]", "a@[evil]", "a@[127.0.0.1", "a@localhost", "a@mail.example:25", "a@mail.example/x", "a@mail.example?cc=evil@evil.example", "mailto:a@mail.example",
    "a@mail.example\u200b", "a\u202e@mail.example", "a@m\u0430il.example", "\u00fc@m\u00fcll.example", "a@xn--mll-hoa.example", "a b@mail.example", "a@mail example",
    " a@mail.example", "a@mail.example ", "\u00a0a@mail.example", "a@mail.example\u3000", "a" * 65 + "@mail.example", "a@" + "b" * 64 + ".example", "a@" + "b.c" * 90 + ".example",
    "-f@mail.example", "|/bin/sh@mail.example", "`id`@mail.example", "$(id)@mail.example", "/etc/passwd", "../../x@mail.example", "a@mail.example\\", "\\a@mail.example",
    "A\\, <a@mail.example>", "A: <a@mail.example>", "=?utf-8?q?A_=3Cevil=40evil.example=3E?= <a@mail.example>", "'a@mail.example'", "a'b@mail.example", "null", "NULL", "\\N", "{}", "{a@mail.example}",
]
HEADERS = [
    "To", "to", "TO", "tO", "bcc", "Bcc", "bcc ", " bcc", "Cc", "CC:", "From", "from:", "Sender", "Reply-To", "reply-to", "Subject", "Date", "Message-ID", "message-id",
    "MIME-Version", "Content-Type", "content-type", "Content-Transfer-Encoding", "CONTENT-DISPOSITION", "Content-", "Received", "Return-Path", "Delivered-To", "Resent-To",
    "resent-bcc", "ARC-Seal", "DKIM-Signature", "Apparently-To", "X-Envelope-To", "Envelope-To", "X-SMTPAPI", "Resend-Idempotency-Key", "resend-idempotency-key", "Authorization",
    "X: y", "X:", ":X", "X:y\r\nBcc", "X Y", "X\tY", "", " ", "X-" + "a" * 80, "X-" + "a" * 900, "To\u200b", "\uff34o", "B\u0441c", "X-\u00fc", "X\x00"[:1], "X-A\x7f", "X-A\x9b", "()<>@,;:\\\"/[]?={}",
    "__proto__", "constructor", "postroom_id", "hex-", "List-Unsubscribe", "X-Priority", "Precedence", "Auto-Submitted", "Bcc\u00a0", "Bcc\u2028", "\u0042cc", "Bcc=",
]
QUOTING = [
    "'", "''", "\"", "\\", "\\\\", "\\'", "'; DROP TABLE email_messages; --", "' OR '1'='1", "$$", "$1", "${id}", "${messages}", "%s", "%n%n%n%n", "%s%s%s%s%s%s", "%99999999d", "%1$*2$x", "%.1000000f", "{0}", "{{7*7}}",
    "E'\\x00'", "\\x00", "\\u0000", "\\u001b[31m", "\\n", "\\r\\nBcc: x", "\\", "\"}", "\"]}", "\",\"bcc\":[\"evil@evil.example\"],\"x\":\"", "\"}],\"to\":[\"evil@evil.example\"]", "{\"$gt\":\"\"}",
    "},{\"to\":[\"evil@evil.example\"]},{", "]", "[", "{", "}", "null", "true", "-1", "1e400", "0x41414141", "NaN", "Infinity", "9" * 400, "1" + "0" * 4000, "{\"a\":" * 100, "[" * 5000,
    "<script>alert(1)</script>", "<!--", "]]>", "&#13;&#10;", "&lt;", "../../../../etc/passwd", "/dev/null", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "javascript:alert(1)", "data:text/html,x",
    "|id", ";id", "`id`", "$(id)", "&& id", "> /tmp/x", "-rf", "--", "--help", "-e", "#", "//", "/*", "*/", "COPY t FROM PROGRAM 'id'", "\\copy", "\\!", "\\.", "NUL", "CON", "=cmd|' /C calc'!A0",
]
BASE64 = [
    "aGFsbG8=", "aGFsbG8", "aGFs bG8=", "aGFsbG8=\n", "aGFs\r\nbG8=", "====", "=", "a===", "!!!!", "aGFsbG8=aGFsbG8=", "aGFsbG8-_w==", "data:;base64,aGFsbG8=", "\u0430GFsbG8=", "AAAA" * 5000, "A", "AA", "AAA",
]


def texts(seed=SEED, n=5200):
    """At least n different strings: what is listed here, then combinations of it."""
    pick = random.Random(seed)
    atoms = atom_list()
    found = dict.fromkeys(atoms)
    words = ["", "a", "Hello", "Message 7 ", "x@mail.example", "Name <", "<p>", "\u00fc", "\U0001f600", " "]
    while len(found) < n:
        parts = [pick.choice(words)]
        for _ in range(pick.randint(1, 4)):
            parts += [pick.choice(atoms)[:200], pick.choice(words)]
        if pick.random() < 0.2:
            parts.insert(1, chr(pick.choice([*range(1, 0x20), *range(0x7f, 0xa0), *range(0x2000, 0x2070), *range(0xfe00, 0xfe10)])))
        found["".join(parts)] = None
    found["S" * (1 << 20)] = None
    found["\u00e9\x1b" * (1 << 18)] = None
    return list(found)


def atom_list():
    singles = [chr(c) for c in [*range(1, 0x20), *range(0x7f, 0xa1)]]
    return list(dict.fromkeys(TERMINAL + LINES + UNICODE + ADDRESSES + HEADERS + QUOTING + BASE64 + singles))


def raw(seed=SEED):
    """The same and worse, as bytes."""
    pick = random.Random(seed + 1)
    broken = [b"\x00", b"a\x00b", b"\xff\xfe", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xc0\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\xe2\x82",
              b"\xf0\x9f\x98", b"\x80\x80\x80", b"\xfe\xff", b"\x9b31m", b"\x9d0;t\x07", b"a\xc3(", b"\xe2\x80", b"\xf8\x88\x80\x80\x80", b"\x1b[31m\xff", b"\r\n\xff"]
    found = [t.encode() for t in atom_list()] + broken
    for _ in range(500):
        found.append(bytes(pick.choices(range(256), k=pick.randint(1, 60))))
        found.append(pick.choice(found)[:100] + pick.choice(broken) + pick.choice(found)[:100])
    return found


def deep(levels, kind):
    value = "x"
    for _ in range(levels):
        value = [value] if kind == "array" else {"a": value}
    return value


# Documents that are JSON, and not what the column should hold.
SHAPES = [0, 1, -1, 1e308, 10 ** 300, True, False, "text", "", [], {}, [[]], [{}], [1, "a", None], {"a": 1}, {"a": None}, {"a": []}, {"a": {"b": "c"}}, deep(60, "array"), deep(70, "array"), deep(900, "array"),
          deep(60, "object"), deep(900, "object"), {str(i): "v" for i in range(3000)}, ["x"] * 3000, {"filename": "a", "content": "aGk="}, [None], {"": "v"}, {"X-A": True},
          [{"filename": "a"}], [{"content": "aGk="}], [{"filename": 1, "content": "aGk="}], [{"filename": "a", "content": 1}], [{"filename": "a", "content": None}], [{"filename": "a", "content": "aGk=", "content_type": 1}],
          [{"filename": "a", "content": "aGk=", "content_id": []}], [{"filename": "a", "content": "aGk=", "path": "http://169.254.169.254/"}], [{"filename": "a", "path": "file:///etc/passwd"}],
          [{"filename": "a", "content": "aGk=", "to": "evil@evil.example", "content_type": "text/html"}]]

ADDRESS = ("from_email", "to_email", "cc", "bcc", "reply_to")
FORMS = {  # how a hostile string stands in an address
    "whole": lambda s: s, "name": lambda s: f"{s} <a@mail.example>", "quoted": lambda s: f"\"{s}\" <a@mail.example>",
    "local": lambda s: f"a{s}b@mail.example", "domain": lambda s: f"a@mail.example{s}", "inner": lambda s: f"Name <a{s}@mail.example>",
}


def places():
    """Every way in by its kind: functions that put a string into a row."""
    def address(column, form):
        def put(row, s):
            value = FORMS[form](s)
            row[column] = value if column in ("from_email", "to_email") else ["ok@mail.example", value]
        return put

    def column(name):
        return lambda row, s: row.update({name: s})

    def attachment(field):
        def put(row, s):
            row["attachments"] = [{"filename": "a.txt", "content": "aGFsbG8=", "content_type": "text/plain", field: s}]
        return put

    return {
        "address": [address(c, "whole") for c in ADDRESS],
        "part of an address": [address(c, f) for c in ADDRESS for f in FORMS if f != "whole"],
        "column": [column(c) for c in ("subject", "html", "text", "kind", "dedupe_key")],
        "header name": [lambda row, s: row.update(headers={s: "value"}), lambda row, s: row.update(headers={"X-A": "1", s: s, "X-B": "2"})],
        "header value": [lambda row, s: row.update(headers={"X-Name": s})],
        "attachment": [attachment(f) for f in ("filename", "content", "content_type", "content_id", "path", "bcc")],
        "tag": [lambda row, s: row.update(tags={s: "value"}), lambda row, s: row.update(tags={"name": s})],
    }


# What is made for one place goes there whole; everything else is drawn by lot.
MADE_FOR = [(HEADERS, "header name"), (ADDRESSES, "address"), (LINES, "address"), (LINES, "part of an address"), (LINES, "column"),
            (LINES, "header name"), (LINES, "header value"), (LINES, "attachment"), (BASE64, "attachment")]


def rows(seed=SEED):
    pick = random.Random(seed + 2)
    kinds, made = places(), []
    ways = [put for puts in kinds.values() for put in puts]

    def add(put, s):
        row = {"id": str(uuid.UUID(int=pick.getrandbits(128), version=4)), "to_email": f"r{len(made)}@mail.example",
               "subject": f"Message {len(made)}", "html": "<p>x</p>"}
        put(row, s)
        if "dedupe_key" in row:  # unique, and short enough for an index
            row["dedupe_key"] = f"{len(made)}-{row['dedupe_key']}"[:600]
        made.append(row)

    for strings, kind in MADE_FOR:
        for s in strings:
            for put in kinds[kind]:
                add(put, s)
    for s in atom_list():
        for put in ways:
            if pick.random() < 0.2:
                add(put, s)
    for s in texts(seed):
        add(pick.choice(ways), s)
    for shape in SHAPES:
        for name in ("headers", "attachments", "tags"):
            add(lambda row, s, name=name: row.update({name: s}), shape)
    add(lambda row, s: row.update(subject=s), "S" * (1 << 20))
    for name in ("cc", "bcc", "reply_to"):
        add(lambda row, s, name=name: row.update({name: s}), [])
        add(lambda row, s, name=name: row.update({name: s}), ["ok@mail.example", None])
        add(lambda row, s, name=name: row.update({name: s}), ["ok@mail.example"] * 60)
    pick.shuffle(made)
    return made


def shown(seed=SEED):
    pick, made = random.Random(seed + 4), []
    for s in atom_list() + texts(seed)[-300:]:
        s, at = s[:2000], len(made)
        status = ("failed", "pending", "cancelled", "failed")[at % 4]
        row = {"id": str(uuid.UUID(int=pick.getrandbits(128), version=4)), "status": status, "to_email": f"{s}<{at}@mail.example>",
               "subject": f"\u00a6{s}", "html": s, "headers": {s: s}, "tags": {s: s}, "attachments": [{"filename": s, "content": s}],
               "kind": s, "dedupe_key": f"{at}{s}"[:600], "from_email": s, "cc": [s], "bcc": [s], "reply_to": [s]}
        if status == "failed":
            row.update(error_code=s[:200], error_message=f"{s}{at}", provider=s[:500], provider_message_id=s[:500], claimed_by=s[:500],
                       provider_response={s: s}, failed_at="now", updated_at="now")
        if status == "pending":
            row["scheduled_at"] = "tomorrow"
        made.append(row)
    return made


def ids(seed=SEED):
    different = [s for s in dict.fromkeys(atom_list() + texts(seed)[-1200:]) if 0 < len(s.encode()) <= 126]  # a tag holds no more
    return [{"id": s, "to_email": f"r{n}@mail.example", "subject": f"Message {n}", "html": "<p>x</p>"} for n, s in enumerate(different)]


def main(what):
    if what == "count":
        print(len(texts()))
    else:
        out = csv.writer(sys.stdout)
        for row in {"rows": rows, "shown": shown, "ids": ids}[what]():
            out.writerow([json.dumps(row)])


if __name__ == "__main__":
    main(*sys.argv[1:])
