"""What goes wrong at the sink on purpose. A rule is a JSON object; besides what sink.py itself
reads in it (match, times, item, status ...) it may hold:

  "hold_ms": N             before it is taken; meanwhile its key is in flight
  "hold_until": path       the same until that file is there
  "late_ms": N             after it was taken, before its answer
  "late_file": path        the same, until that file is there
  "drop", "reset": before | after
                           the connection closes without an answer, or is torn down (RST), before
                           or after the mail was taken
  "shape": a word          what is wrong with a good answer: truncated (half a JSON), garbage (no
                           JSON), empty, short (Content-Length promises more than comes), long
                           (... less), drip (drip_bytes every drip_ms, one by default)
  "signal": {"pid": N or "file": path, "at": part | complete | accepted, "sig": KILL | STOP | ...}
                           to the worker: while a part of the request has come (and the rule's
                           match stands in that part), when all of it has, or when it was taken
  "replay": true           the rule is for repetitions of a known key, not for fresh requests

The setting "chaos" rolls dice for every request, fresh or not: {"seed": N, NAME: share, ...} with
names of CHAOS.
"""
import asyncio
import os
import random
import re
import signal
import socket
import struct

CHAOS = {
    "lost": {"drop": "after"},
    "cut": {"drop": "before"},
    "reset": {"reset": "after"},
    "late": {"late_ms": 3000},
    "refused": {"status": 500},
    "busy": {"status": 429, "name": "rate_limit_exceeded", "headers": {"retry-after": 1}},
    "garbage": {"shape": "garbage"},
    "short": {"shape": "short"},
}


class Drop(Exception):
    """Close the connection without an answer."""

    def __init__(self, reset=False):
        super().__init__("dropped")
        self.reset = reset


class Dice:
    def __init__(self, chaos):
        self.shares = {name: chaos[name] for name in CHAOS if name in chaos}
        self.random = random.Random(chaos.get("seed", 0))

    def roll(self):
        """A rule, or None."""
        x = self.random.random()
        for name, share in self.shares.items():
            if x < share:
                return CHAOS[name]
            x -= share
        return None


# -- before and after the mail is taken ---------------------------------------------------------


async def before(rule):
    send_signal(rule, "complete")
    await asyncio.sleep(rule.get("hold_ms", 0) / 1000)
    while "hold_until" in rule and not os.path.exists(rule["hold_until"]):
        await asyncio.sleep(0.02)
    drop(rule, "before")


async def after(rule):
    send_signal(rule, "accepted")
    await asyncio.sleep(rule.get("late_ms", 0) / 1000)
    while "late_file" in rule and not os.path.exists(rule["late_file"]):
        await asyncio.sleep(0.02)
    drop(rule, "after")


def drop(rule, when):
    if rule.get("drop") == when or rule.get("reset") == when:
        raise Drop(reset=rule.get("reset") == when)


def tear_down(writer):
    """Ends the connection by RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                               struct.pack("ii", 1, 0))
    writer.transport.abort()


# -- signals ------------------------------------------------------------------------------------


def send_signal(rule, moment):
    wish = rule.get("signal", {})
    if wish.get("at") != moment:
        return
    pid = wish.get("pid") or int(open(wish["file"]).read())
    try:
        with open(f"/proc/{pid}/comm") as comm:
            if not comm.read().startswith("postroom"):
                return  # the number is somebody else's by now
        os.kill(pid, getattr(signal, "SIG" + wish.get("sig", "KILL")))
    except (FileNotFoundError, ProcessLookupError):
        pass


class Cut(Exception):
    """The request ended before it was whole."""

    def __init__(self, got, length):
        super().__init__(f"{got} of {length} bytes")
        self.got, self.length = got, length


async def read_body(reader, length, rules):
    """All of the body. A rule for a part strikes when its match has come and there is more to come."""
    body = bytearray()
    while len(body) < length:
        piece = await reader.read(min(length - len(body), 16384))
        if not piece:
            raise Cut(len(body), length)
        seen = bytes(body[-200:]) + piece
        body += piece
        for rule in rules:
            if (rule.get("signal", {}).get("at") == "part" and rule.get("times") != 0
                    and len(body) < length and re.search(rule.get("match", "").encode(), seen)):
                rule["times"] = rule.get("times", 0) - 1
                send_signal(rule, "part")
    return bytes(body)


def small_buffers(server):
    """So that a worker stopped in the middle of a big body has really not written the rest."""
    for sock in server.sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)


# -- answers that are not as they should be -------------------------------------------------------


async def write_answer(writer, head, fields, payload, rule):
    """head: the status line. True: the connection may be used again."""
    shape = rule.get("shape")
    if shape == "truncated":
        payload = payload[:len(payload) // 2]
    elif shape == "garbage":
        payload = b"<html>all went well</html>"
    elif shape == "empty":
        payload = b""
    length = len(payload) + {"short": 20, "long": -10}.get(shape, 0)
    fields = {**fields, "content-length": length}
    whole = head + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    whole = whole.encode() + payload
    step = rule.get("drip_bytes", 1) if shape == "drip" else len(whole)
    for start in range(0, len(whole), step):
        writer.write(whole[start:start + step])
        await writer.drain()
        if shape == "drip":
            await asyncio.sleep(rule.get("drip_ms", 50) / 1000)
    return shape not in ("short", "long")
