#!/usr/bin/env python3
"""Clients of an HTTP server that dawdle, and one that does not. They share no code with postroom.

  drip.py drip PORT CLIENTS                       that many clients, each a byte a second, for ever;
                                                  prints "dripping" when all have begun
  drip.py asks PORT PATH SECONDS                  asks again and again, over a new connection each
                                                  time; the usual (median) and the longest answer in
                                                  ms, "failed" where one takes ten seconds or none comes
"""
import socket
import sys
import time


def dial(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    return client


def drip(port, count):
    """Half of them drip a header, half a body; who is cut comes again at once."""
    openings = [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ",
                b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"]
    clients = [None] * count
    said = False
    while True:
        for i in range(count):
            try:
                if clients[i] is None:
                    clients[i] = dial(port)
                    clients[i].send(openings[i % 2])
                else:
                    clients[i].send(b"x")
            except OSError:
                clients[i] = None
        if not said:
            print("dripping", flush=True)
            said = True
        time.sleep(1)


def answers(port, path):
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while chunk := client.recv(4096):
        answer += chunk
    client.close()
    return answer.startswith(b"HTTP/1.1 200 ")


def asks(port, path, seconds):
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        try:
            good = answers(port, path)
        except OSError:
            good = False
        if not good:
            print("failed")
            return
        took.append(time.monotonic() - begin)
        time.sleep(0.02)
    took.sort()
    print(round(took[len(took) // 2] * 1000), round(took[-1] * 1000))


def main(what, port, *rest):
    if what == "drip":
        drip(int(port), int(rest[0]))
    elif what == "asks":
        asks(int(port), rest[0], float(rest[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
