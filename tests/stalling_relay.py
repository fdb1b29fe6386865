#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A line that dies without a word: relays TCP connections, and stops for good in the middle of the first large one.

    tests/stalling_relay.py ADDRESS PORT TARGET_PORT BYTES

Both ends of the connection that has carried so many bytes to the target stay open and silent, as behind a firewall that
forgot it. Later connections are relayed whole. It says "up" when it listens and "stalled" when it has stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

BUFFER = 1 << 16


class Relay:
    def __init__(self, address: str, target: int, most: int) -> None:
        self.address, self.target, self.most = address, target, most
        self.stalled = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(self.address, self.target)
        line = Line(self)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(line.pump(reader, there[1], True), line.pump(there[0], writer, False))
        for end in (writer, there[1]):
            end.close()


class Line:
    """One connection, both ways."""

    def __init__(self, relay: Relay) -> None:
        self.relay, self.carried, self.dead = relay, 0, False

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, counts: bool) -> None:
        while data := await source.read(BUFFER):
            self.carried += len(data) if counts else 0
            if not self.relay.stalled and self.carried > self.relay.most:
                self.relay.stalled = self.dead = True
                print("stalled", flush=True)
            if self.dead:
                await asyncio.Event().wait()
            sink.write(data)
            await sink.drain()
        sink.close()


async def main() -> None:
    address, port, target, most = sys.argv[1], *map(int, sys.argv[2:])
    server = await asyncio.start_server(Relay(address, target, most).serve, address, port, limit=BUFFER)
    print("up", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
