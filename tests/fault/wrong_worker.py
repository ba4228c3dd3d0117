#!/usr/bin/env python3
"""A small worker that drains the same table into the same sink, one message a request, and sins where
a recipient asks for it (zombie1@...), so that the oracle can show that it sees each sin. With any
other recipient it does right; held@ is sent without a key, and rightly held where no answer came.

usage: wrong_worker.py DATABASE_URL SINK_PORT
"""
import http.client
import json
import re
import sys
import uuid

sys.dont_write_bytecode = True
from psql import Psql

SINS = {
    "twice": "sends without a key, and once more where no answer came",
    "newkey": "takes a new key where no answer came",
    "oldkey": "uses a key again after it was forgotten",
    "early": "writes `sent` first, and dies before it sends",
    "forget": "leaves it behind in processing, without a request",
    "lose": "forgets to write down that it was released",
    "burn": "counts a 429 as an attempt",
    "zombie": "comes back after its lease and writes by id alone",
    "giveup": "fails for good what may have gone out",
    "leftover": "leaves the error of an attempt on a message that is sent",
    "swap": "writes the ids of two messages the wrong way round",
    "litter": "never closes its request",
}


class Lost(Exception):
    """No answer came."""


class Worker:
    def __init__(self, url, port):
        self.port = port
        self.swapped = []
        self.sql = Psql(url)

    # -- the steps of a send --------------------------------------------------------------------

    def claim(self):
        return self.sql("""
            UPDATE email_messages SET status = 'processing', claimed_by = 'wrong',
              claim_token = coalesce(claim_token, 0) + 1,
              lease_expires_at = clock_timestamp() + interval '60 s'
            WHERE id IN (SELECT id FROM email_messages WHERE status = 'pending'
              LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING id, claim_token, to_email""")

    def store(self, ident):
        key = str(uuid.uuid4())
        self.sql("""INSERT INTO postroom.requests (id, lane, worker, members, hash, key, sender, batch)
            VALUES (:'key', 'resend', 'wrong', ARRAY[:'id'], '', :'key', '', false)""",
                 key=key, id=ident)
        return key

    def close(self, key):
        self.sql("DELETE FROM postroom.requests WHERE id = :'key'", key=key)

    def post(self, ident, to, key):
        """(status, answer)"""
        mail = {"from": "w@mail.example", "to": [to], "subject": "s", "text": "t",
                "tags": [{"name": "postroom_id", "value": ident}]}
        headers = {"Authorization": "Bearer re_x", "User-Agent": "wrong"}
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("POST", "/emails", json.dumps(mail), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as e:
            raise Lost from e
        finally:
            connection.close()

    def update(self, ident, token, change, **values):
        fence = "" if token is None else f"AND claim_token = {token}"
        self.sql(f"UPDATE email_messages SET {change} WHERE id = :'id' {fence}", id=ident, **values)

    def sent(self, ident, token, given, clean=True):
        self.update(ident, token, "status = 'sent', sent_at = now(), failed_at = NULL,"
                    " provider_message_id = :'given', lease_expires_at = NULL" +
                    (", error_code = NULL, error_message = NULL" if clean else ""), given=given)

    def failed(self, ident, token, code):
        self.update(ident, token, "status = 'failed', failed_at = now(), error_code = :'code',"
                    " error_message = :'code', lease_expires_at = NULL", code=code)

    def released(self, ident, token):
        self.update(ident, token, "status = 'pending', claimed_by = NULL, lease_expires_at = NULL")

    # -- where they go wrong ---------------------------------------------------------------------

    def send(self, ident, token, to):
        sin = re.match("[a-z]*", to).group()
        if sin == "early":
            return self.sent(ident, token, "guessed")
        if sin == "forget":
            return self.expire(ident)
        key = None if sin in ("twice", "held") else self.store(ident)
        while True:
            try:
                status, answer = self.post(ident, to, key)
                break
            except Lost:
                self.update(ident, token, "error_code = 'lost', error_message = 'lost'")
                if sin == "oldkey":
                    self.a_day_passes()
                if sin in ("newkey", "giveup"):
                    self.close(key)
                if sin == "held":
                    return self.failed(ident, token, "uncertain")
                if sin == "giveup":
                    return self.failed(ident, token, "lost")
                if sin == "newkey":
                    key = self.store(ident)
        if status == 429:
            self.held_back(sin, ident, token)
        elif sin == "zombie":
            self.taken_over(ident, token, answer["id"])
        elif sin == "swap":
            self.swapped.append((ident, token, answer["id"]))
        else:
            self.sent(ident, token, answer["id"], clean=sin != "leftover")
        if key and sin != "litter":
            self.close(key)

    def expire(self, ident):
        self.update(ident, None, "lease_expires_at = now() - interval '1 h'")

    def held_back(self, sin, ident, token):
        if sin == "burn":
            self.update(ident, token, "retry_count = retry_count + 1, last_retry_at = now()")
        if sin == "lose":
            return self.expire(ident)
        self.released(ident, token)

    def taken_over(self, ident, token, given):
        """Another has claimed the message and settled it; now this one writes what it has."""
        self.update(ident, token, "claim_token = claim_token + 1")
        self.sent(ident, int(token) + 1, given)
        self.failed(ident, None, "timeout")

    def a_day_passes(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/control", json.dumps({"now_shift_s": 90000}))
        connection.getresponse().read()

    def drain(self):
        while rows := self.claim():
            for row in rows:
                self.send(*row)
        for (ident, token, _), (_, _, other) in zip(self.swapped, self.swapped[::-1]):
            self.sent(ident, token, other)


if __name__ == "__main__":
    Worker(sys.argv[1], int(sys.argv[2])).drain()
