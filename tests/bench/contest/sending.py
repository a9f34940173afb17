"""Send jobs the three ways, whoever takes them; prints jobs a second. Imports nothing of anybody."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

One = Callable[[str], Awaitable[object]]
Many = Callable[[Sequence[str]], Awaitable[object]]

WRITERS, BULK, WARM = 10, 1000, 20


async def send(one: One, many: Many, words: Sequence[str]) -> None:
    """`words` are the way and a number of jobs; for `paced` jobs a second, and how many."""
    way, n = words[0], int(words[-1])
    if way != "bulk":
        for _ in range(WARM):
            await one("{}")
    begun = time.monotonic()
    match way:
        case "single":
            for _ in range(n):
                await one("{}")
        case "concurrent":
            await asyncio.gather(*(_some(one, n // WRITERS) for _ in range(WRITERS)))
        case "bulk":
            for _ in range(n // BULK):
                await many(["{}"] * BULK)
        case _:
            await _paced(one, float(words[1]), int(words[2]))
    json.dump({"per_s": n / (time.monotonic() - begun)}, sys.stdout)


async def _some(one: One, n: int) -> None:
    for _ in range(n):
        await one("{}")


async def _paced(one: One, per_s: float, n: int) -> None:
    """Each when its time has come, whether or not the one before was answered."""
    begun = time.monotonic()
    sent: list[asyncio.Task[None]] = []
    for place in range(n):
        await asyncio.sleep(max(0.0, begun + place / per_s - time.monotonic()))
        sent.append(asyncio.create_task(_stamped(one)))
    await asyncio.gather(*sent)


async def _stamped(one: One) -> None:
    await one(json.dumps({"t": time.monotonic()}))
