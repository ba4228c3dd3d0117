#!/usr/bin/env python3
"""Signs webhooks as Resend, SendGrid and Amazon SNS do, by Python's hmac and the openssl program, and
posts them to the HTTP door. The body comes from standard input; status and answer go to standard
output.

usage: webhook.py resend   PORT SECRET[,SECRET]  [OPTION...]
       webhook.py sendgrid PORT KEY.pem          [OPTION...]
       webhook.py ses      PORT KEY.pem TOPIC    [OPTION...]
       webhook.py key KEY.pem                    the public key as SendGrid shows it
options: --id ID --at SECONDS (of the signature, from now) --spoil (the signature) --bare (unsigned)
         --times N (the same again) --each (a line is a body, with an id of its own)
         --type T --version V --url URL --other-topic ARN (SNS; the last one in the header only)"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import time
import uuid


def sign(key, digest, data):
    command = ["openssl", "dgst", "-" + digest, "-sign", key]
    return base64.b64encode(subprocess.run(command, input=data, capture_output=True, check=True).stdout)


def svix(options, body, id):
    stamp = str(int(time.time() + options.at))
    signatures = []
    for secret in options.secret.split(","):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
        signatures.append("v1," + base64.b64encode(mac).decode())
    if options.spoil:
        signatures = [spoil(s) for s in signatures]
    return body, {"svix-id": id, "svix-timestamp": stamp, "svix-signature": " ".join(signatures)}


def sendgrid(options, body, id):
    stamp = str(int(time.time() + options.at))
    signature = sign(options.secret, "sha256", stamp.encode() + body).decode()
    name = "X-Twilio-Email-Event-Webhook-"
    return body, {name + "Signature": spoil(signature) if options.spoil else signature, name + "Timestamp": stamp}


def sns(options, body, id):
    envelope = {
        "Type": options.type, "MessageId": id, "TopicArn": options.topic, "Message": body.decode(),
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + options.at)),
        "SignatureVersion": options.version,
        "SigningCertURL": options.url or "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    }
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if options.type == "SubscriptionConfirmation":
        envelope |= {"Token": "t" * 64, "SubscribeURL": "https://sns.no-such-region.amazonaws.com/?Action=ConfirmSubscription"}
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    content = "".join(f"{n}\n{envelope[n]}\n" for n in names if n in envelope)
    digest = "sha256" if options.version == "2" else "sha1"
    signature = sign(options.secret, digest, content.encode()).decode()
    envelope["Signature"] = spoil(signature) if options.spoil else signature
    headers = {"x-amz-sns-message-type": options.type, "x-amz-sns-topic-arn": options.other_topic or options.topic}
    return json.dumps(envelope).encode(), headers | {"Content-Type": "text/plain; charset=UTF-8"}


def spoil(signature):
    return signature[:-3] + ("A" if signature[-3] != "A" else "B") + signature[-2:]


def main():
    if sys.argv[1] == "key":
        der = subprocess.run(["openssl", "pkey", "-in", sys.argv[2], "-pubout", "-outform", "DER"],
                             capture_output=True, check=True).stdout
        print(base64.b64encode(der).decode())
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("provider")
    parser.add_argument("port", type=int)
    parser.add_argument("secret")
    parser.add_argument("topic", nargs="?")
    parser.add_argument("--id")
    parser.add_argument("--at", type=float, default=0)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--type", default="Notification")
    parser.add_argument("--version", default="1")
    parser.add_argument("--url")
    parser.add_argument("--other-topic")
    for switch in ("--spoil", "--bare", "--each"):
        parser.add_argument(switch, action="store_true")
    options = parser.parse_args()
    signer = {"resend": svix, "sendgrid": sendgrid, "ses": sns}[options.provider]
    body = sys.stdin.buffer.read()
    answers = {}
    connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=60)
    for part in body.splitlines() if options.each else [body]:
        data, headers = signer(options, part, options.id or str(uuid.uuid4()))
        headers = {"Content-Type": "application/json"} | ({} if options.bare else headers)
        for _ in range(options.times):
            connection.request("POST", "/webhooks/" + options.provider, data, headers)
            answer = connection.getresponse()
            text = f"{answer.status} {answer.read().decode()}"
            answers[text] = answers.get(text, 0) + 1
    for text, count in answers.items():
        print(text if count == 1 else f"{count} x {text}")


main()
