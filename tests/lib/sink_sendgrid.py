"""How the sink speaks SendGrid's v3 API: POST /v3/mail/send beside Resend's routes, with the same
rules and records. A rule's "name" is the field an error blames; "foreign" makes an error that is not
of SendGrid's shape, as a gateway's. What a request must look like is written down here after
SendGrid's OpenAPI document and error list, so that a body SendGrid would refuse is refused here.
"""
import base64
import binascii
import email.utils
import hashlib
import json
import re

PATH = "/v3/mail/send"
ADDRESS = re.compile(r"^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$")
RESERVED = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type",
            "content-transfer-encoding", "to", "from", "subject", "reply-to", "cc", "bcc"}


class Wrong(Exception):
    def __init__(self, field, message):
        super().__init__(message)
        self.field, self.message = field, message


def read(_path, headers, body, settings):
    """(mail, None), the mail as Resend's API would have it, or (None, (status, field, message))."""
    given, wanted_key = headers.get("authorization", ""), settings["api_key"]
    if not given.startswith("Bearer SG."):
        return None, (401, None, "authorization required")
    if wanted_key and given != "Bearer " + wanted_key:
        return None, (401, None, "The provided authorization grant is invalid, expired, or revoked")
    if headers.get("accept") != "application/json":
        return None, (406, None, "accept must be application/json")
    if headers.get("content-type") != "application/json":
        return None, (415, None, "content-type must be application/json")
    try:
        return translate(check(json.loads(body))), None
    except ValueError:
        return None, (400, None, "Bad Request")
    except Wrong as wrong:
        return None, (400, wrong.field, wrong.message)


# -- what a body must look like ---------------------------------------------------------------


def need(condition, field, message):
    if not condition:
        raise Wrong(field, message)


def only(value, field, *names):
    need(isinstance(value, dict), field, "Invalid type. Expected: object")
    for name in value:
        need(name in names, field, f"Additional property {name} is not allowed")


def text(value, field, least=1):
    need(isinstance(value, str) and len(value) >= least, field, "must be a string")


def person(value, field):
    only(value, field, "email", "name")
    need(ADDRESS.match(str(value.get("email"))), field + ".email", "Does not contain a valid address.")
    if "name" in value:
        text(value["name"], field + ".name", 0)


def people(value, field):
    need(isinstance(value, list) and 1 <= len(value) <= 1000, field, "1 to 1000 of them")
    for i, one in enumerate(value):
        person(one, f"{field}.{i}")


def personalization(value, field):
    only(value, field, "to", "cc", "bcc", "custom_args")
    need("to" in value, field + ".to", "The to array is required for all personalization objects")
    seen = set()
    for name in ("to", "cc", "bcc"):
        if name in value:
            people(value[name], f"{field}.{name}")
            for one in value[name]:
                need(one["email"].lower() not in seen, field,
                     "Each email address in the personalization block should be unique between to, "
                     f"cc, and bcc. We found the first duplicate instance of [{one['email']}]")
                seen.add(one["email"].lower())
    need(len(seen) <= 1000, "personalizations", "There is a limit of 1000 total recipients")
    args = value.get("custom_args", {})
    need(isinstance(args, dict) and all(isinstance(v, str) for v in args.values()),
         field + ".custom_args", "must be strings")
    need(len(json.dumps(args)) < 10000, field + ".custom_args", "may not exceed 10000 bytes")


def content(value):
    need(isinstance(value, list) and value, "content", "The content is required")
    for i, one in enumerate(value):
        only(one, f"content.{i}", "type", "value")
        text(one.get("type"), f"content.{i}.type")
        text(one.get("value"), f"content.{i}.value")
    types = [one["type"] for one in value]
    need(types in (["text/plain"], ["text/html"], ["text/plain", "text/html"]), "content",
         "text/plain must be first, followed by text/html")


def attachment(value, field):
    only(value, field, "content", "filename", "type", "disposition", "content_id")
    text(value.get("content"), field + ".content")
    text(value.get("filename"), field + ".filename", 0)
    try:
        base64.b64decode(value["content"], validate=True)
    except binascii.Error:
        raise Wrong(field + ".content", "The attachment content must be base64 encoded.") from None
    need(value.get("disposition", "attachment") in ("inline", "attachment"), field + ".disposition",
         "must be inline or attachment")
    if "type" in value:
        text(value["type"], field + ".type")
        need(not re.search(r"[;\r\n]", value["type"]), field + ".type",
             "The attachment type cannot contain ';', or CRLF characters.")


def check(body):
    only(body, None, "personalizations", "from", "reply_to", "reply_to_list", "subject", "content",
         "attachments", "headers")
    all_of_them = body.get("personalizations")
    need(isinstance(all_of_them, list) and len(all_of_them) == 1, "personalizations", "one, here")
    personalization(all_of_them[0], "personalizations.0")
    person(body.get("from"), "from")
    text(body.get("subject"), "subject")
    need(not ("reply_to" in body and "reply_to_list" in body), "reply_to", "only one of the two")
    if "reply_to" in body:
        person(body["reply_to"], "reply_to")
    if "reply_to_list" in body:
        people(body["reply_to_list"], "reply_to_list")
    content(body.get("content"))
    for i, one in enumerate(body.get("attachments", [])):
        attachment(one, f"attachments.{i}")
    for name, value in body.get("headers", {}).items():
        text(value, "headers", 0)
        need(name.lower() not in RESERVED, "headers", f"{name} is a reserved header")
        need(value.isascii(), "headers", "must be encoded")
    return body


# -- between the two APIs ---------------------------------------------------------------------


def mailbox(one):
    return f"{one['name']} <{one['email']}>" if one.get("name") else one["email"]


def translate(body):
    to = body["personalizations"][0]
    bodies = {one["type"]: one["value"] for one in body["content"]}
    args = to.get("custom_args", {})
    return {"from": mailbox(body["from"]), "to": mailbox(to["to"][0]), "subject": body["subject"],
            "text": bodies.get("text/plain"), "html": bodies.get("text/html"),
            "tags": [{"name": "postroom_id", "value": args.get("postroom_id")}],
            "more": {"from": mailbox(body["from"]), "args": args,
                     "cc": [one["email"] for one in to.get("cc", [])],
                     "bcc": [one["email"] for one in to.get("bcc", [])],
                     "files": [[one["filename"], one.get("type"), one["disposition"],
                                one.get("content_id"), digest(one["content"])]
                               for one in body.get("attachments", [])]}}


def digest(content):
    return hashlib.sha256(base64.b64decode(content)).hexdigest()


def accepted(answer, extra, garbage):
    """SendGrid says the id in a header, and nothing in the body."""
    return 202, garbage, {**extra, "x-message-id": answer["id"]}


def refused(field, message):
    """(answer, headers)"""
    if field == "foreign":
        return {"fault": message}, {}
    return {"errors": [{"message": message, "field": field, "help": None}]}, {}


def headers(extra, now):
    """Resend's rate headers as SendGrid's, whose reset is a time, by the clock that Date tells."""
    said = {"date": email.utils.formatdate(now, usegmt=True)}
    for name, value in extra.items():
        if name == "ratelimit-reset":
            said["x-ratelimit-reset"] = int(now) + 1 + value
        elif name in ("ratelimit-limit", "ratelimit-remaining"):
            said["x-" + name] = value
        elif name not in ("ratelimit-policy", "retry-after"):
            said[name] = value
    return said
