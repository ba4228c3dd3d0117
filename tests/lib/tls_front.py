#!/usr/bin/env python3
"""TLS in front of a port of this machine: what comes in is deciphered and passed on, and what comes
back the other way. Prints its own port. Everything that got through a handshake is appended to LOG.

usage: tls_front.py CERT KEY TARGET_PORT LOG [TLSv1 | TLSv1_1 | TLSv1_2 | TLSv1_3 | none]
The version is the newest spoken; none: no TLS at all, a plain pipe.
"""
import asyncio
import ssl
import sys


async def pump(reader, writer, log=None):
    try:
        while data := await reader.read(65536):
            if log:
                log.write(data)
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def serve(cert, key, target, path, version="TLSv1_3"):
    context = None
    if version != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = getattr(ssl.TLSVersion, version)
    log = open(path, "ab", buffering=0)

    async def client(reader, writer):
        back, forth = await asyncio.open_connection("127.0.0.1", int(target))
        await asyncio.gather(pump(reader, forth, log), pump(back, writer))

    server = await asyncio.start_server(client, "localhost", 0, ssl=context, family=2)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
