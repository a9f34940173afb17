"""A TCP door to a Unix socket that can go bad: silent, slow, in slices, slammed, or shut just before the answer."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

CHUNK = 65_536
# Between two slices, so that they are not put together again on the way.
SLICED_S = 0.002


class Pair:
    """One client, and the connection we made for it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.silent = False
        self.cut = False

    def slam(self) -> None:
        """Both sides get a reset instead of a goodbye."""
        with suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self.client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        for side in (self.client, self.server):
            side.transport.abort()


class Proxy:
    """`port` is where clients come; what happens to them is decided for each connection, or for all."""

    def __init__(self, target: Path, dice: random.Random) -> None:
        self._target, self._dice = target, dice
        self._pairs: set[Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._cuts = 0
        self.delay_s: tuple[float, float] | None = None
        self.slice_bytes: int | None = None
        self.refuses = False
        self.cuts_made = 0
        self.slices_made = 0

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, direct: str) -> str:
        """The same database, through here."""
        head, _, _ = direct.partition("?")
        return head.replace("@/", f"@127.0.0.1:{self.port}/", 1)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def silence(self) -> int:
        """Connections that are open now stay open for ever, and nothing comes through; how many they are."""
        for pair in self._pairs:
            pair.silent = True
        return len(self._pairs)

    def reset(self) -> int:
        """Slam every connection; how many there were."""
        pairs = list(self._pairs)
        for pair in pairs:
            pair.slam()
        return len(pairs)

    def cut(self, answers: int) -> None:
        """The next answers, on whatever connections, are swallowed and their connections slammed."""
        self._cuts += answers

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_unix_connection(str(self._target))
        except OSError:
            writer.transport.abort()
            return
        pair = Pair(writer, forth)
        if self.refuses:
            pair.silent = True
        self._pairs.add(pair)
        for way in (self._pump(pair, reader, forth, asks=True), self._pump(pair, back, writer, asks=False)):
            task = asyncio.create_task(way)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, pair: Pair, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, asks: bool) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if pair.silent:
                    continue
                if self.delay_s:
                    await asyncio.sleep(self._dice.uniform(*self.delay_s))
                if asks and self._cuts and data[:1] in b"BEQ":  # Bind, Execute or a plain query
                    self._cuts -= 1
                    pair.cut = True
                elif not asks and pair.cut:
                    self.cuts_made += 1
                    pair.slam()
                    break
                await self._passed(data, sink)
        if pair.silent:
            return
        self._pairs.discard(pair)
        with suppress(OSError):
            sink.close()

    async def _passed(self, data: bytes, sink: asyncio.StreamWriter) -> None:
        """As it came, or cut in pieces of any length up to the limit."""
        while data and self.slice_bytes:
            size = self._dice.randint(1, self.slice_bytes)
            piece, data = data[:size], data[size:]
            self.slices_made += 1
            sink.write(piece)
            await sink.drain()
            await asyncio.sleep(self._dice.uniform(0, SLICED_S))
        sink.write(data)
        await sink.drain()


@asynccontextmanager
async def proxy(target: Path, dice: random.Random) -> AsyncIterator[Proxy]:
    """A door that is open as long as the block."""
    door = Proxy(target, dice)
    await door.open()
    try:
        yield door
    finally:
        await door.close()
