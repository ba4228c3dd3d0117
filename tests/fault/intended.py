#!/usr/bin/env python3
"""What a row meant, read independently of postroom, against what arrived and what the table says.

usage: intended.py TABLE.jsonl MAILS.jsonl HEADS.jsonl DEFAULT-SENDER

TABLE holds to_json of every row at the end. Checked:
  * nothing arrived that was not in the row: sender, recipients, headers, files, tags, as they stand there
  * every address that arrived is one mailbox to Python's own parser too
  * no control character in what becomes a header, no header that names recipients or structure
  * rows that must not go failed with a code that names the field; plain ones were sent
  * each row has an end, and the id of its own mail
"""
import collections
import email.utils
import inspect
import json
import re
import sys

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
STRUCTURE = {"to", "cc", "bcc", "from", "sender", "reply-to", "subject", "date", "message-id", "mime-version", "received", "return-path",
             "delivered-to", "apparently-to", "envelope-to", "x-envelope-to", "x-smtpapi", "dkim-signature", "resend-idempotency-key"}
REQUEST_HEADERS = {"host", "user-agent", "accept", "authorization", "content-type", "content-length", "idempotency-key", "x-batch-validation"}
PLAIN = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*\.[a-z]+"
LETTER = r"A-Za-z0-9\u00c0-\u024f\u0400-\u04ff\u4e00-\u9fff"
PLAIN_ADDRESS = re.compile(rf"{PLAIN}|[{LETTER}][{LETTER} .']* <{PLAIN}>")
CODES = {"from_email": "invalid_from", "to_email": "invalid_to", "cc": "invalid_cc", "bcc": "invalid_bcc", "reply_to": "invalid_reply_to",
         "subject": "invalid_subject", "headers": "invalid_headers", "attachments": "invalid_attachments", "tags": "invalid_tags"}
ADDRESSES = ("from_email", "to_email", "cc", "bcc", "reply_to")


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def bare(mailbox):
    """The address a careless receiver would take: what stands between the last < and >, or all of it."""
    inside = re.search(r"<([^<>]*)>\s*$", mailbox)
    return (inside.group(1) if inside else mailbox).strip()


def one_mailbox(mailbox):
    """Does Python's parser see one address in it, the one that it seems to be?"""
    lenient = {"strict": False} if "strict" in inspect.signature(email.utils.getaddresses).parameters else {}
    found = [a for _, a in email.utils.getaddresses([mailbox], **lenient) if "@" in a]
    return len(found) == 1 and found[0].replace(" ", "") == bare(mailbox).replace(" ", "")


def bound_texts(row):
    """(column, text) of everything that becomes a header, or a part's header."""
    for column in ADDRESSES + ("subject",):
        for text in listed(row[column]):
            yield column, text
    for column in ("headers", "tags"):
        if isinstance(row[column], dict):
            for name, value in row[column].items():
                yield column, name
                yield column, value
    if isinstance(row["attachments"], list):
        for file in row["attachments"]:
            if isinstance(file, dict):
                for field in ("filename", "content_type", "content_id"):
                    if file.get(field) is not None:
                        yield "attachments", file[field]


def must_fail(row):
    """Columns for which it may not go out, whatever else is in it."""
    found = set()
    for column, text in bound_texts(row):
        if not isinstance(text, str) or CONTROL.search(text):
            found.add(column)
    for column in ADDRESSES:
        if any(isinstance(t, str) and bare(t).count("@") == 0 for t in listed(row[column])):
            found.add(column)
    if isinstance(row["headers"], dict):
        for name in row["headers"]:
            if re.split(r"[\s:]", name.strip())[0].lower() in STRUCTURE or name.lower().startswith(("content-", "resent-")):
                found.add("headers")
    for column, kind in (("headers", dict), ("tags", dict), ("attachments", list)):
        if row[column] is not None and not isinstance(row[column], kind):
            found.add(column)
    return found


def must_go(row):
    """Plain enough that refusing it would be a fault."""
    texts = all(PLAIN_ADDRESS.fullmatch(t) and max(map(len, re.split("[@.]", t))) < 60 and len(t) < 200
                for c in ADDRESSES for t in listed(row[c]) if t is not None)
    return (texts and None not in listed(row["cc"]) + listed(row["bcc"]) + listed(row["reply_to"]) and not must_fail(row) and
            not row["headers"] and not row["attachments"] and not row["tags"] and ((row["html"] or "") + (row["text"] or "")).strip())


def intended(row, sender):
    """The mail a row means; names that are absent there are absent here."""
    mail = {"from": row["from_email"] if row["from_email"] is not None else sender, "to": [row["to_email"]], "subject": row["subject"]}
    for name in ("cc", "bcc", "reply_to", "html", "text", "headers"):
        if row[name] not in (None, [], {}):
            mail[name] = row[name]
    if row["attachments"]:
        mail["attachments"] = [{f: file[f] for f in ("filename", "content", "content_type", "content_id") if file.get(f) is not None}
                               for file in row["attachments"]]
    mail["tags"] = [{"name": "postroom_id", "value": row["id"]}] + [{"name": n, "value": v} for n, v in (row["tags"] or {}).items()]
    return mail


class Complaints:
    def __init__(self):
        self.count = collections.Counter()

    def add(self, what, *details):
        self.count[what] += 1
        if self.count[what] <= 5:
            print(f"{what}:", *(ascii(d)[:300] for d in details))


def check_mail(note, rows, sender, bad):
    mail, row = note["mail"], rows.get(note["id"][0] if len(note["id"]) == 1 else None)
    if row is None:
        return bad.add("a mail of no row", mail)
    if note["twice"]:
        bad.add("a name stands twice in an object", note["twice"], mail)
    if mail != intended(row, sender):
        bad.add("not what the row meant", mail, intended(row, sender))
    if row["status"] != "sent":
        bad.add("arrived, but is not sent in the table", row["status"], row["error_message"])
    if row["provider_message_id"] != "re-" + row["id"]:
        bad.add("another message's id", row["id"], row["provider_message_id"])
    for column in ADDRESSES:
        for text in listed(row[column]):
            if not one_mailbox(text):
                bad.add("not one mailbox", column, text, email.utils.getaddresses([text]))
    if must_fail(row):
        bad.add("went out though it must not", must_fail(row), mail)


def check_row(row, arrived, bad):
    if row["status"] == "sent":
        if arrived != 1:
            bad.add(f"sent, but arrived {arrived} times", row["id"])
        return
    if row["status"] != "failed" or row["next_attempt_at"] or not row["failed_at"] or not row["error_message"]:
        return bad.add("no end", row["status"], row["error_code"], row["error_message"])
    if not re.fullmatch(r"rejected:[a-z_]+", row["error_code"] or ""):
        bad.add("not a code of a rejected row", row["error_code"], row["error_message"])
    wrong = must_fail(row)
    if wrong and row["error_code"] not in {"rejected:" + CODES[c] for c in wrong}:
        bad.add("the code names another field", wrong, row["error_code"], row["error_message"])
    if must_go(row):
        bad.add("refused though it is plain", row["error_message"], {c: row[c] for c in ADDRESSES + ("subject", "html", "text", "kind")})


def check_head(head, bad):
    lines = head.split("\r\n")
    if not re.fullmatch(r"POST /emails(/batch)? HTTP/1\.1", lines[0]) or lines[-2:] != ["", ""]:
        bad.add("not the request line", head)
    for line in lines[1:-2]:
        if line.split(":")[0].lower() not in REQUEST_HEADERS or re.search(r"[^\x20-\x7e]", line):
            bad.add("a strange header", line)


def main(table, mails, heads, sender):
    bad = Complaints()
    rows = {row["id"]: row for row in map(json.loads, open(table, encoding="utf-8"))}
    arrived = collections.Counter()
    for note in map(json.loads, open(mails, encoding="ascii")):
        if not note["again"]:
            arrived.update(note["id"])
        check_mail(note, rows, sender, bad)
    for row in rows.values():
        check_row(row, arrived[row["id"]], bad)
    for head in open(heads, encoding="ascii"):
        check_head(json.loads(head), bad)
    ends = collections.Counter(row["error_code"] or row["status"] for row in rows.values())
    print(f"{len(rows)} rows:", ", ".join(f"{n} {what}" for what, n in ends.most_common()))
    if bad.count:
        sys.exit("FAILED: " + ", ".join(f"{n} times: {what}" for what, n in bad.count.items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
