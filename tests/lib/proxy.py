#!/usr/bin/env python3
"""A TCP proxy that misbehaves on demand, in front of a database or a provider.

It listens on 127.0.0.1 and passes bytes on to UPSTREAM: host:port, or the path of a unix socket.
`serve` prints two ports as its only line of output: its own and the control port. `set` merges a
JSON object into the settings, which hold at once, for connections that stand and new ones:

  mode        pass
              hang     connections stand and are taken, and nothing passes (a cable is cut); what
                       was said meanwhile arrives when it passes again
              drop     closes what stands and what comes
              reset    the same, by RST
              refuse   does not listen; what stands goes on
  forget      true: connections that stand now never pass a byte again, new ones do (a firewall
              that lost its table); done once
  latency_ms  before each chunk, both ways
  bandwidth   bytes per second and direction; 0: unlimited
  truncate    closes a connection after so many bytes of the server; 0: never
  cut_after   {"pattern": regular expression, "p": probability, "times": at most}: where the client
              said something that matches, the server hears it, and its answer is thrown away with
              the connection
  seed        of the probabilities

`stat` prints one of: connections (taken), open, cuts.

usage: proxy.py serve UPSTREAM [JSON settings] | stat CONTROL NAME | set CONTROL JSON
"""
import asyncio
import json
import random
import re
import socket
import struct
import sys

SETTINGS = {"mode": "pass", "latency_ms": 0, "bandwidth": 0, "truncate": 0, "cut_after": None,
            "seed": 0}
CHUNK = 64 * 1024
PATTERN_SPAN = 64  # a pattern split over two chunks is found if it is no longer than this


class Connection:
    """One client and its server; closed as a whole."""

    def __init__(self, proxy, reader, writer):
        self.proxy, self.client, self.to_client = proxy, reader, writer
        self.server = self.to_server = None
        self.forgotten = False
        self.cutting = False
        self.tail = b""

    async def run(self):
        try:
            if not await self.passing():
                return
            self.server, self.to_server = await self.proxy.connect()
            ways = [asyncio.create_task(self.pump(self.client, self.to_server, self.heard)),
                    asyncio.create_task(self.pump(self.server, self.to_client, self.answered))]
            _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in pending:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except (ConnectionError, OSError):
            pass
        finally:
            self.close(reset=self.proxy.settings["mode"] == "reset")

    async def passing(self):
        """Waits while nothing passes; false: the connection is to be closed."""
        while True:
            mode = self.proxy.settings["mode"]
            if mode in ("drop", "reset"):
                return False
            if mode != "hang" and not self.forgotten:
                return True
            await self.proxy.changed()

    async def pump(self, source, sink, look):
        sent = 0
        while data := await source.read(self.proxy.chunk()):
            settings = self.proxy.settings
            if settings["latency_ms"]:
                await asyncio.sleep(settings["latency_ms"] / 1000)
            if not await self.passing() or not look(data):
                return
            limit = settings["truncate"] if sink is self.to_client else 0
            data = data[:limit - sent] if limit else data
            sink.write(data)
            await sink.drain()
            sent += len(data)
            if limit and sent >= limit:
                return
            if settings["bandwidth"]:
                await asyncio.sleep(len(data) / settings["bandwidth"])

    def heard(self, data):
        """The client spoke. Whether to cut is decided once for each match."""
        cut = self.proxy.settings["cut_after"]
        if cut:
            seen = self.tail + data
            for match in re.finditer(cut["pattern"].encode(), seen):
                if match.end() > len(self.tail) and self.proxy.chance(cut):
                    self.cutting = True
            self.tail = seen[-PATTERN_SPAN:]
        return True

    def answered(self, _):
        """The server spoke: false where that is the answer to be lost."""
        if self.cutting:
            self.proxy.counts["cuts"] += 1
        return not self.cutting

    def close(self, reset=False):
        for writer in (self.to_client, self.to_server):
            if writer is None:
                continue
            if reset and (sock := writer.get_extra_info("socket")) and sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if reset else writer.close()


class Proxy:
    def __init__(self, upstream, settings):
        self.upstream = upstream
        self.settings = dict(SETTINGS, **settings)
        self.random = random.Random(self.settings["seed"])
        self.connections = set()
        self.counts = {"connections": 0, "cuts": 0}
        self.change = asyncio.Event()
        self.server, self.port = None, 0

    async def connect(self):
        if self.upstream.startswith("/"):
            return await asyncio.open_unix_connection(self.upstream)
        host, port = self.upstream.rsplit(":", 1)
        return await asyncio.open_connection(host, int(port))

    def chunk(self):
        slow = self.settings["bandwidth"]
        return max(1, min(CHUNK, slow // 10)) if slow else CHUNK

    def chance(self, cut):
        if cut.get("times") == 0 or self.random.random() >= cut.get("p", 1):
            return False
        if "times" in cut:
            cut["times"] -= 1
        return True

    async def changed(self):
        await self.change.wait()

    async def take(self, reader, writer):
        connection = Connection(self, reader, writer)
        self.counts["connections"] += 1
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    async def listen(self):
        self.server = await asyncio.start_server(self.take, "127.0.0.1", self.port, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]

    async def set(self, settings):
        forget = settings.pop("forget", False)
        self.settings.update(settings)
        if self.settings["mode"] == "refuse" and self.server:
            self.server.close()
            self.server = None
        elif self.settings["mode"] != "refuse" and not self.server:
            await self.listen()
        for connection in list(self.connections):
            connection.forgotten |= forget
            if self.settings["mode"] in ("drop", "reset"):
                connection.close(self.settings["mode"] == "reset")
        self.change.set()
        self.change.clear()

    async def control(self, reader, writer):
        order = json.loads(await reader.readline())
        if order is not None:
            await self.set(order)
        state = {**self.settings, **self.counts, "open": len(self.connections)}
        writer.write(json.dumps(state).encode() + b"\n")
        await writer.drain()
        writer.close()


async def serve(upstream, settings):
    proxy = Proxy(upstream, settings)
    control = await asyncio.start_server(proxy.control, "127.0.0.1", 0)
    await proxy.listen()
    if proxy.settings["mode"] != "pass":
        await proxy.set({})
    print(proxy.port, control.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def call(port, order):
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as conn:
        conn.sendall(json.dumps(order).encode() + b"\n")
        return json.loads(conn.makefile().readline())


def main(what, *rest):
    if what == "serve":
        asyncio.run(serve(rest[0], json.loads(rest[1]) if len(rest) > 1 else {}))
    elif what == "stat":
        print(call(rest[0], None)[rest[1]])
    elif what == "set":
        call(rest[0], json.loads(rest[1]))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
