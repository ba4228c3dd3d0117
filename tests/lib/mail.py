#!/usr/bin/env python3
"""Rows that become mails, and an independent reader (Python's own `email`) that says whether a mail
is what its row says.

    mail.py rows SEED COUNT >rows.sql   hand-made rows, then COUNT random ones; also rows.json
    mail.py check FOLDER                FOLDER/ID.eml against rows.json, for every row
"""
import base64
import email
import email.header
import email.policy
import email.utils
import json
import os
import random
import re
import sys
import uuid

SENDER = '"Shop, the" <hello@shop.example>'  # the configured one
CREATED = "2026-11-22 03:04:05.678+00"
DATE = "Sun, 22 Nov 2026 03:04:05 +0000"
COLUMNS = ["to_email", "from_email", "cc", "bcc", "reply_to", "subject", "html", "text", "headers",
           "attachments"]


# --- rows ---------------------------------------------------------------------------------------

def file(name, content, **more):
    return {"filename": name, "content": base64.b64encode(content).decode(), **more}


def by_hand():
    bytes_all = bytes(range(256)) * 7
    dots = ".\n..\n.\n\n.end\n"
    wide = "<p>" + "x" * 5000 + "</p>\n" + "<td>ü</td>" * 9000 + "\n" + "word " * 20000
    text = "plain"
    return [
        dict(subject="Hello", text="Hello\n"),
        dict(subject="", text="no line break at the end"),
        dict(subject=" blanks  around ", text="a \nb\t\n  c\n \n\n\n"),
        dict(subject="🎉 Grüße an alle 👩‍👩‍👧‍👦 " * 9, html="<p>🎉</p>"),
        dict(subject="日本語の件名" * 20, text="日本語の本文。\n" * 50),
        dict(subject="long ascii subject with words" + " and more of them" * 70, text=text),
        dict(subject="x" * 3000, text=text),
        dict(subject="a" * 70 + "   " + "b" * 80 + " " + "c" * 899 + " d", text=text),
        dict(subject="=?utf-8?q?not_what_it_seems?=", text=text),
        dict(subject="price =?b? and =?utf-8?x?y?=", text=text),
        dict(subject="line\u2028separator \u202e bidi \ufeff mark", text="a\u2028b\u2029c\u0085d\n"),
        dict(to_email='"Doe, John \\"Jo\\" \\\\ Esq." <john@mail.example>', text=text),
        dict(to_email="Müller, quoted? no <m@mail.example>".replace(",", ""), text=text),
        dict(to_email="J. R. (Bob) [x]: Smith <b@mail.example>", text=text),
        dict(to_email="=?utf-8?q?evil?= <b@mail.example>", text=text),
        dict(to_email='"  two  blanks " <b@mail.example>', text=text),
        dict(to_email='"" <b@mail.example>', text=text),
        dict(to_email="<b@mail.example>", text=text),
        dict(to_email='Ann "The Boss" Lee  <b@mail.example> ', text=text),
        dict(to_email="n" * 200 + " <b@mail.example>", text=text),
        dict(to_email="Łukasz Żółć 🦊 " * 12 + "<b@mail.example>", text=text),
        dict(to_email="name " * 60 + "<b@mail.example>", text=text),
        dict(to_email='"a b@c"@mail.example', text=text),
        dict(to_email="l" * 64 + "@" + ".".join(["d" * 60] * 4) + ".example"[:8], text=text),
        dict(from_email="Ünï <u@sender.example>", reply_to=["R, <r@mail.example>".replace(",", ""), "s@mail.example"],
             text=text),
        dict(cc=[f"Person Number {i} <p{i}@mail.example>" for i in range(60)],
             bcc=["Hidden <hidden1@secret.example>", "hidden2@secret.example"], text=text),
        dict(cc=[], bcc=[], reply_to=[], headers={}, attachments=[], text=text),
        dict(headers={
            "List-Unsubscribe": "<https://shop.example/u?" + "t=0123456789" * 20 + ">, <mailto:u@shop.example>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "X-Empty": "", "X-Ü".replace("Ü", "U"): "Grüße",
            "References": " ".join(f"<{i}.{'r' * 40}@shop.example>" for i in range(30)),
            "X-" + "L" * 70: "value of a header with a long name, long enough to be folded, too", "X-" + "M" * 74: "ü" * 99,
            "X-Blanks": "  a   b  ", "X-Query": "https://shop.example/?a=?b&c=d", "X-Long": "0" * 2000}, text=text),
        dict(html=wide, text="short"),
        dict(text=dots, html=dots),
        dict(text="From here\n>From there\nFrom \n" + "x" * 71 + "From x\n", html="From <b>"),
        dict(text="cr\rlf\ncrlf\r\ncrcrlf\r\r\nlfcr\n\rend\r", html="\n\n<p>\r\n\r"),
        dict(text="x" * 998 + "\n", html="x" * 999 + "\n"),
        dict(text="x" * 74 + " \n" + "y" * 75 + " \n" + "z" * 76 + "\t\n" + "=" * 200 + "\n" + "." * 300),
        dict(text="--=_boundary\n--=_\n-- \nsignature\n--\n", html="<!-- --=_ -->", attachments=[file("a.txt", b"--=_\r\n")]),
        dict(text="\x01\x1b[2J\x7f\x0c control\n"),
        dict(html="<p>x</p>", text="   \n"),
        dict(text="only text", attachments=[file("all.bin", bytes_all)]),
        dict(html="<p>x</p>", text="t", attachments=[
            file("empty", b""), file("résumé – 履歴書.pdf", b"%PDF", content_type="application/pdf"),
            file("🎉" * 60 + ".txt", b"party\r\n", content_type="text/plain; charset=utf-8"),
            file("n" * 300 + ".txt", b"long"), file('a "quoted" \\ name;x=y.txt', b"q"), file("=?utf-8?q?x?=.txt", b"e"),
            file("100% sure's.txt", b"p"), file(" blanks  .txt ", b"b"), file("plain name.txt", b"p"),
            file("x" * 60, b"1"), file("x" * 64, b"1"), file("x" * 65, b"1"), file("ü" * 9 + "x", b"1"), file("ü" * 10, b"1"),
            file("mail.eml", b"Subject: x\r\n\r\ny\r\n", content_type="message/rfc822"),
            file("odd", b"o", content_type='application/x-y; a="b c; d"; e=f')]),
        dict(html='<img src="cid:logo"><img src="cid:b@x">', text="t", attachments=[
            file("logo.png", bytes_all, content_type="image/png", content_id="logo"),
            file("doc.txt", b"doc", content_type="text/plain"),
            file("b.gif", b"GIF89a", content_type="image/gif", content_id="<b@x>")]),
        dict(html='<img src="cid:logo">', attachments=[file("logo.png", b"\0", content_type="image/png", content_id="logo")]),
        dict(text="no html", attachments=[file("logo.png", b"\0", content_type="image/png", content_id="logo")]),
        dict(text="wrapped", attachments=[{"filename": "w", "content": base64.encodebytes(bytes_all).decode()}]),
    ]


class Random:
    """Pieces that are often at a limit."""
    pieces = ["a", "word", " ", "  ", "ü", "é", "日本", "🎉", "👨‍👩‍👧", "=", "=?", "?=", "?q?", "_", "--", "--=_", ".", "From ",
              ",", ";", ":", "@", "<", ">", "(", ")", "[", "]", "'", "%", "%41", "&", "*", "\u2028", "\u00a0", "\u202e",
              "x" * 20, "x" * 76, "y" * 100]
    breaks = ["\n", "\r\n", "\r", "\n\n", "\n.\n", "\r\r\n", " \n", "\t\n", "\nFrom ", "\n..", "\x0c", "\x1b", "\t"]

    def __init__(self, seed):
        self.r = random.Random(seed)

    def text(self, most, extra=()):
        r = self.r
        common = r.choice(["word ", "Wörter ", "слово ", "x"])
        choices = self.pieces + list(extra)
        return "".join(common if r.random() < 0.5 else r.choice(choices) for _ in range(r.randint(0, most)))

    def body(self):
        text = self.text(self.r.choice([3, 30, 300, 3000]), self.breaks * 2)
        return text if text.strip() else text + "."

    def mailbox(self, domain="mail.example"):
        r = self.r
        address = f"{r.choice(['a', 'first.last', 'x+tag', 'l' * 64])}{r.randint(0, 99)}"[-64:] + "@" + domain
        kind = r.random()
        if kind < 0.3:
            return address
        name = self.text(r.choice([2, 6, 40]))
        if kind < 0.7:
            name = '"' + re.sub(r'([\\"])', r"\\\1", name + r.choice(["", '"', "\\", 'a "b" c'])) + '"'
        else:
            name = re.sub(r'[",;<>@]', "", name)
        return f"{name} <{address}>"

    def mailboxes(self, domain="mail.example"):
        return [self.mailbox(domain) for _ in range(self.r.choice([0, 1, 2, 9]))]

    def file(self):
        r = self.r
        more = {}
        if r.random() < 0.5:
            more["content_type"] = r.choice(["image/png", "text/plain", "text/csv; charset=utf-8", "message/rfc822"])
        if r.random() < 0.4:
            more["content_id"] = f"id{r.randint(0, 10**9)}"
        name = self.text(r.choice([3, 20])).strip()
        return file(name or "f", r.randbytes(r.choice([0, 1, 56, 57, 58, 1000])), **more)

    def row(self):
        r = self.r
        row = dict(to_email=self.mailbox(), subject=self.text(r.choice([3, 10, 100])))
        some = lambda p: r.random() < p
        if some(0.5):
            row["from_email"] = self.mailbox("sender.example")
        for column, domain in [("cc", "mail.example"), ("bcc", "secret.example"), ("reply_to", "mail.example")]:
            if some(0.3):
                row[column] = self.mailboxes(domain)
        bodies = r.choice([["html"], ["text"], ["html", "text"]])
        for column in bodies:
            row[column] = self.body()
        if some(0.4):
            row["headers"] = {f"X-{n}" + "n" * r.choice([0, 70]): self.text(r.choice([2, 9, 60])) for n in range(r.randint(0, 3))}
        if some(0.4):
            row["attachments"] = [self.file() for _ in range(r.randint(0, 3))]
        return row


def literal(column, value):
    if value is None:
        return "NULL"
    if column in ("headers", "attachments"):
        return literal("", json.dumps(value)) + "::jsonb"
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(literal("", v) for v in value) + "]::text[]"
    return "'" + value.replace("'", "''") + "'"


def make_rows(seed, count):
    source = Random(seed)
    rows = by_hand() + [source.row() for _ in range(count)]
    print("SET standard_conforming_strings = on;")
    for n, row in enumerate(rows):
        row["id"] = str(uuid.UUID(int=(seed << 64) + n))
        row.setdefault("to_email", "ann@mail.example")
        row.setdefault("subject", "s")
        values = [literal(c, row.get(c)) for c in COLUMNS]
        print(f"INSERT INTO email_messages (id, created_at, {', '.join(COLUMNS)})"
              f" VALUES ('{row['id']}', '{CREATED}', {', '.join(values)});")
    with open("rows.json", "w") as out:
        json.dump(rows, out)


# --- reading ------------------------------------------------------------------------------------

class Wrong(Exception):
    pass


def same(what, expected, got):
    if expected != got:
        raise Wrong(f"{what}:\n  expected {expected!r}\n  got      {got!r}")


def mailbox(text):
    """(name, address) of a row's mailbox."""
    text = text.strip(" ")
    found = re.fullmatch(r'((?:[^"<]|"(?:\\.|[^"\\])*")*)<([^<>]*)>', text, re.S)
    if not found:
        return "", text
    name = re.sub(r'"((?:\\.|[^"\\])*)"', lambda m: re.sub(r"\\(.)", r"\1", m[1]), found[1].strip(" "), flags=re.S)
    return name, found[2]


def canonical(text):
    """A body with one kind of line break, its last line ended."""
    text = re.sub("\r\n|\r|\n", "\r\n", text)
    return (text if text.endswith("\r\n") else text + "\r\n").encode()


def header_block(raw):
    """The header's lines, after what every mail must keep to."""
    if not raw.endswith(b"\r\n") or re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        raise Wrong("a line does not end with CRLF")
    loose = re.search(rb".{0,20}[^\t\r\n -~]", raw)
    if loose:
        raise Wrong(f"bytes that need encoding: {loose[0]!r}")
    longest = max(len(line) for line in raw.split(b"\r\n"))
    if longest > 998:
        raise Wrong(f"a line of {longest} bytes")
    return raw.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")


def check_folding(lines):
    for line in lines:
        if line.strip() == "":
            raise Wrong("a header line of blanks")
        inside = re.sub(r"^[^ :]+: ?| +", "", line, count=1)
        if len(line) > 78 and " " in inside:
            raise Wrong(f"not folded: {line!r}")


def names(lines):
    return [line.split(":")[0] for line in lines if line[0] != " "]


def expected_names(row, content):
    yield from ["Date", "From", "To"]
    if row.get("cc"):
        yield "Cc"
    if row.get("reply_to"):
        yield "Reply-To"
    yield from ["Subject", "Message-ID", *stored(row.get("headers") or {}), "MIME-Version", "Content-Type"]
    if not content.startswith("multipart/"):
        yield "Content-Transfer-Encoding"


def stored(headers):
    """As jsonb keeps its keys: shorter ones first."""
    return sorted(headers, key=lambda k: (len(k.encode()), k.encode()))


def addresses(header, line):
    """[(name, address)]. Names by the older half of `email`: the newer one leaves a blank between
    two encoded-words, against RFC 2047 6.2, and makes one blank of several."""
    pairs = email.utils.getaddresses([line])
    same("addresses", [a.addr_spec for a in header.addresses], [address for _, address in pairs])
    return [(str(email.header.make_header(email.header.decode_header(name))), address) for name, address in pairs]


def check_headers(row, message, lines):
    sender = row.get("from_email") or SENDER
    unfolded = dict(line.split(":", 1) for line in re.sub(r"\n(?= )", "", "\n".join(lines)).split("\n"))
    same("From", [mailbox(sender)], addresses(message["From"], unfolded["From"]))
    same("To", [mailbox(row["to_email"])], addresses(message["To"], unfolded["To"]))
    for column, name in [("cc", "Cc"), ("reply_to", "Reply-To")]:
        if row.get(column):
            same(name, [mailbox(m) for m in row[column]], addresses(message[name], unfolded[name]))
    same("Subject", row["subject"], str(message["Subject"]))
    if os.environ.get("MAIL_DATE") == "any":
        email.utils.parsedate_to_datetime(str(message["Date"]))
    else:
        same("Date", DATE, str(message["Date"]))
    name = re.sub(r"\.[0-9a-f]{12}@", "@", str(message["Message-ID"]))  # the database's own part
    same("Message-ID", f"<postroom.{row['id']}@{mailbox(sender)[1].rsplit('@')[-1]}>", name)
    for name, value in (row.get("headers") or {}).items():
        same(name, value, str(message[name]))


def level(kind, parts):
    return parts[0] if len(parts) == 1 else [kind, *parts]


def expected_tree(row):
    """Content types, nested as the parts are, each leaf with its file or body."""
    html, text = ((row.get(c) or "") for c in ("html", "text"))
    files = row.get("attachments") or []
    inline = [f for f in files if f.get("content_id") and html.strip()]
    bodies = []
    if text.strip():
        bodies.append(("text/plain", text))
    if html.strip():
        bodies.append(level("multipart/related", [("text/html", html), *inline]))
    return level("multipart/mixed", [level("multipart/alternative", bodies), *(f for f in files if f not in inline)])


def check_body(part, kind, text):
    same("type", kind, part.get_content_type())
    same("charset", "utf-8", part.get_content_charset())
    same(kind, canonical(text), part.get_payload(decode=True))
    same(f"{kind} as text", canonical(text).decode(), part.get_content())


def check_file(part, row, inline):
    kind = (row.get("content_type") or "application/octet-stream").split(";")[0]
    if kind.startswith("message/"):
        kind = "application/octet-stream"
    same("type of a file", kind, part.get_content_type())
    same("file name", row["filename"], part["Content-Disposition"].params["filename"])
    same("disposition", "inline" if inline else "attachment", part.get_content_disposition())
    same("content id", f"<{row['content_id'].strip('<>')}>" if row.get("content_id") else None, part["Content-ID"])
    same("content", base64.b64decode(row["content"]), part.get_payload(decode=True))
    same("encoding", "base64", part["Content-Transfer-Encoding"])


def check_tree(part, tree, inline=False):
    if part.defects:
        raise Wrong(f"defects: {part.defects}")
    for name, value in part.items():
        if value.defects:
            raise Wrong(f"defects of {name}: {value.defects} in {value!r}")
    if isinstance(tree, tuple):
        check_body(part, *tree)
    elif isinstance(tree, dict):
        check_file(part, tree, inline)
    else:
        same("type", tree[0], part.get_content_type())
        parts = part.get_payload()
        same(f"parts of {tree[0]}", len(tree) - 1, len(parts))
        for child, expected in zip(parts, tree[1:]):
            check_tree(child, expected, tree[0] == "multipart/related")


def check_mail(row, raw):
    lines = header_block(raw)
    check_folding(lines)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    same("headers", list(expected_names(row, message.get_content_type())), names(lines))
    if b"secret.example" in raw:
        raise Wrong("bcc is in it")
    check_headers(row, message, lines)
    check_tree(message, expected_tree(row))


def check_all(folder):
    with open("rows.json") as source:
        rows = json.load(source)
    bad = 0
    for row in rows:
        with open(f"{folder}/{row['id']}.eml", "rb") as mail:
            raw = mail.read()
        try:
            check_mail(row, raw)
        except Wrong as wrong:
            bad += 1
            print(f"{row['id']}: {str(wrong)[:2000]}")
    print(f"{len(rows) - bad} of {len(rows)} mails are what their rows say")
    return bad == 0


if __name__ == "__main__":
    if sys.argv[1] == "rows":
        make_rows(int(sys.argv[2]), int(sys.argv[3]))
    elif not check_all(sys.argv[2]):
        sys.exit(1)
