"""How the sink speaks AWS SES's API v2: POST /v2/email/outbound-emails and GET /v2/email/account,
with the same rules and records as Resend's routes. A rule's "name" is the type of an error; "foreign"
makes an answer that is not of SES's shape, as a gateway's. Every request's signature (Version 4) is
checked from what arrived, by AWS's description and with no code of postroom's.

Settings of its own: "aws": {"secret", "token" (None: none may come), "skew_s": how far off its clock
is}, "account": what GetAccount tells ("SendQuota"'s members; None: the key may not ask), "standing":
what it tells besides, "identities": what GetEmailIdentity knows, name -> verified? (None as above),
"hasty": how many questions about identities come too soon (429).
"""
import base64
import binascii
import email
import email.policy
import hashlib
import hmac
import json
import re
import time
import urllib.parse

PATH = "/v2/email/outbound-emails"
ACCOUNT = "/v2/email/account"
IDENTITIES = "/v2/email/identities/"
SETTINGS = {
    "aws": {"secret": "canary/secret+7f21c0de", "token": None, "skew_s": 0},
    "identities": {"shop.example": True},
    "standing": {},
    "hasty": 0,
    "account": {"Max24HourSend": 50000.0, "MaxSendRate": 500.0, "SentLast24Hours": 0.0},
}
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/aws4_request, "
                           r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")
TAG = re.compile(r"^[A-Za-z0-9_-]{1,256}$")


class Wrong(Exception):
    def __init__(self, status, kind, message):
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


# -- the signature ------------------------------------------------------------------------------


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def canonical(method, path, headers, names, body):
    path, _, query = path.partition("?")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    query = "&".join(f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}" for k, v in pairs)
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in names]
    return "\n".join([method, urllib.parse.quote(path, safe="/-_.~"), query, *lines, "", ";".join(names),
                      hashlib.sha256(body).hexdigest()])


def check_signature(method, path, headers, body, settings):
    given = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not given:
        raise Wrong(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    key, day, region, service, names, signature = given.groups()
    names = names.split(";")
    aws, wanted = settings["aws"], settings["api_key"]
    if wanted and key != wanted or headers.get("x-amz-security-token") != aws.get("token"):
        raise Wrong(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    if service != "ses":
        raise Wrong(403, "InvalidSignatureException", f"Credential should be scoped to correct service: 'ses', not '{service}'.")
    need = {"host", "x-amz-date"} | {n for n in headers if n.startswith("x-amz-") or n == "content-type"}
    if names != sorted(names) or not need <= set(names) or not set(names) <= set(headers):
        raise Wrong(403, "IncompleteSignatureException", f"SignedHeaders {names}")
    stamp = headers["x-amz-date"]
    sent = time.mktime(time.strptime(stamp + "UTC", "%Y%m%dT%H%M%SZ%Z")) - time.timezone
    if abs(sent - time.time() - aws.get("skew_s", 0)) > 300 or not stamp.startswith(day):
        raise Wrong(403, "InvalidSignatureException", f"Signature expired: {stamp} is not now.")
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical(method, path, headers, names, body).encode()).hexdigest()
    signing = mac(mac(mac(mac(("AWS4" + aws["secret"]).encode(), day), region), service), "aws4_request")
    if mac(signing, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}").hex() != signature:
        raise Wrong(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")


# -- what a body must look like -----------------------------------------------------------------


def need(condition, message):
    if not condition:
        raise Wrong(400, "BadRequestException", message)


def only(value, *names):
    need(isinstance(value, dict), "an object is wanted")
    need(set(value) <= set(names), f"unknown members {sorted(set(value) - set(names))}")


def address(text):
    need(isinstance(text, str) and text.isascii() and text.isprintable(), f"not ASCII: {text!r}")
    need(re.search(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", text), f"no address: {text!r}")
    return str(email.policy.default.header_factory("To", text))


def content(value):
    only(value, "Data", "Charset")
    need(isinstance(value.get("Data"), str) and value.get("Charset") == "UTF-8", "Data in UTF-8")
    return value["Data"]


def simple(value):
    only(value, "Subject", "Body")
    only(value["Body"], "Text", "Html")
    need(value["Body"], "a body")
    return {"subject": content(value["Subject"]), "raw": False,
            **{name.lower(): content(value["Body"][name]) for name in value["Body"]}}


def raw(value):
    only(value, "Data")
    try:
        mail = email.message_from_bytes(base64.b64decode(value["Data"], validate=True), policy=email.policy.default)
    except binascii.Error:
        raise Wrong(400, "BadRequestException", "Data is not base64") from None
    need(not mail.defects and mail["From"] and mail["To"], f"defects {mail.defects}")
    bodies = {name: mail.get_body((name,)) for name in ("plain", "html")}
    files = [[part.get_filename(), part.get_content_type(), part.get_content_disposition(),
              (part["Content-ID"] or "").strip("<>") or None, hashlib.sha256(part.get_payload(decode=True)).hexdigest()]
             for part in mail.walk() if part.get_filename() is not None]
    return {"subject": mail["Subject"], "raw": True, "files": files,
            "headers": {name: str(value) for name, value in mail.items() if name.startswith("X-")},
            "text": bodies["plain"] and bodies["plain"].get_content(), "html": bodies["html"] and bodies["html"].get_content()}


def translate(body):
    only(body, "FromEmailAddress", "Destination", "ReplyToAddresses", "Content", "EmailTags")
    only(body["Destination"], "ToAddresses", "CcAddresses", "BccAddresses")
    only(body["Content"], "Simple", "Raw")
    need(len(body["Content"]) == 1, "one content")
    people = {name: [address(one) for one in body["Destination"].get(name + "Addresses", [])] for name in ("To", "Cc", "Bcc")}
    need(len(people["To"]) == 1 and sum(map(len, people.values())) <= 50, "recipients")
    for tag in body.get("EmailTags", []):
        only(tag, "Name", "Value")
        need(TAG.match(tag["Name"]) and TAG.match(tag["Value"]), f"tag {tag}")
    tags = {tag["Name"]: tag["Value"] for tag in body.get("EmailTags", [])}
    mail = simple(body["Content"]["Simple"]) if "Simple" in body["Content"] else raw(body["Content"]["Raw"])
    sender = address(body["FromEmailAddress"])
    return {"from": sender, "to": people["To"][0], **mail,
            "tags": [{"name": "postroom_id", "value": tags.pop("postroom_id", None)}],
            "more": {"from": sender, "cc": people["Cc"], "bcc": people["Bcc"], "args": tags, "raw": mail["raw"],
                     "reply": [address(one) for one in body.get("ReplyToAddresses", [])],
                     "files": mail.get("files", []), "headers": mail.get("headers", {})}}


def read(path, headers, body, settings):
    """(mail, None), the mail as Resend's API would have it, or (None, (status, type, message))."""
    try:
        check_signature("POST", path, headers, body, settings)
        need(headers.get("content-type") == "application/json", "content-type must be application/json")
        return translate(json.loads(body)), None
    except (ValueError, KeyError, TypeError) as error:
        return None, (400, "BadRequestException", repr(error))
    except Wrong as wrong:
        return None, (wrong.status, wrong.kind, wrong.message)


# -- answers ------------------------------------------------------------------------------------


def account(headers, settings):
    try:
        check_signature("GET", ACCOUNT, headers, b"", settings)
    except Wrong as wrong:
        return wrong.status, *refused(wrong.kind, wrong.message)
    if not settings["account"]:
        return 403, *refused("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized to perform: ses:GetAccount")
    return 200, {"SendQuota": settings["account"], "SendingEnabled": True, "ProductionAccessEnabled": True,
                 "EnforcementStatus": "HEALTHY", **settings["standing"]}, {}


def identity(path, headers, settings):
    name = urllib.parse.unquote(path.removeprefix(IDENTITIES))
    try:
        check_signature("GET", path, headers, b"", settings)
    except Wrong as wrong:
        return wrong.status, *refused(wrong.kind, wrong.message)
    if settings["hasty"] > 0:
        settings["hasty"] -= 1
        return 429, *refused("TooManyRequestsException", "Rate exceeded")
    if settings["identities"] is None:
        return 403, *refused("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized to perform: ses:GetEmailIdentity")
    if name not in settings["identities"]:
        return 404, *refused("NotFoundException", f"Email identity {name} does not exist.")
    kind = "EMAIL_ADDRESS" if "@" in name else "DOMAIN"
    return 200, {"IdentityType": kind, "VerifiedForSendingStatus": settings["identities"][name]}, {}


def accepted(answer, extra, garbage):
    return 200, garbage or {"MessageId": answer["id"]}, extra


def refused(kind, message):
    """(answer, headers)"""
    if kind == "foreign":
        return {"fault": message}, {}
    kind = {None: "InternalServiceErrorException", "rate_limit_exceeded": "TooManyRequestsException"}.get(kind, kind)
    return {"message": message}, {"x-amzn-errortype": kind + ":http://internal.amazon.com/coral/com.amazonaws.ses/"}


def headers(extra, _now):
    """SES tells no rate."""
    return {name: value for name, value in extra.items() if not name.startswith("ratelimit-") and name != "retry-after"}
