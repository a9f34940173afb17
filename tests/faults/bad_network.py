"""F10 to F13: the way to PostgreSQL goes silent, is reset, loses an answer, takes two seconds, or goes by the byte."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from tests.faults.posting import POSTERS, posting
from tests.faults.proxy import Proxy, proxy
from tests.faults.scene import Scene, Stage, play

# One way; there and back are two seconds, give or take one.
LATENCY_S = (0.5, 1.5)
# Messages come in many pieces, and seldom end where a piece does.
SLICE_BYTES, FEWEST_SLICES = 48, 200

Harm = Callable[[Scene, Proxy], Awaitable[None]]


async def half_open(stage: Stage) -> str:
    """AssertionError where somebody waits on a connection that no longer leads anywhere."""

    async def harm(scene: Scene, door: Proxy) -> None:
        async with posting(scene) as posts:
            await scene.until("jobs are posted", lambda: posts.reach(10 * POSTERS))
            door.refuses = True
            assert door.silence() > 0
            await asyncio.sleep(1 if stage.short else stage.lease_s)
            door.refuses = False
            healed = scene.healed = monotonic()
            taken, within = posts.taken + POSTERS, stage.bound_s
            await scene.until("callers are answered", lambda: posts.are_well_since(healed, taken), within=within)

    return await _through_the_door(stage, harm)


async def reset_connections(stage: Stage) -> str:
    """AssertionError where a reset lost anything."""

    async def harm(scene: Scene, door: Proxy) -> None:
        for _ in range(5 if stage.short else 20):
            door.reset()
            await asyncio.sleep(scene.dice.uniform(0.05, 0.5))

    return await _through_the_door(stage, harm)


async def cut_answers(stage: Stage) -> str:
    """AssertionError where a commit whose answer was cut off happened twice, or half."""

    async def harm(scene: Scene, door: Proxy) -> None:
        for _ in range(6 if stage.short else 25):
            door.cut(1)
            await asyncio.sleep(scene.dice.uniform(0.05, 0.3))

        async def cut() -> bool:
            return door.cuts_made > 2

        await scene.until("some answers are cut", cut)

    return await _through_the_door(stage, harm)


async def slow_network(stage: Stage) -> str:
    """AssertionError where slowness, which breaks leases, breaks more than that."""

    async def harm(scene: Scene, door: Proxy) -> None:
        door.delay_s = LATENCY_S
        await asyncio.sleep(2 * stage.lease_s if stage.short else 4 * stage.lease_s)
        door.delay_s = None
        door.slice_bytes = SLICE_BYTES
        await asyncio.sleep(stage.lease_s if stage.short else 2 * stage.lease_s)
        assert door.slices_made > FEWEST_SLICES, door.slices_made
        door.slice_bytes = None

    return await _through_the_door(stage, harm)


async def _through_the_door(stage: Stage, harm: Harm) -> str:
    target = stage.place.server.socket_dir / ".s.PGSQL.5432"
    async with proxy(target, stage.dice) as door:

        async def inject(scene: Scene) -> None:
            await harm(scene, door)

        return await play(Scene(stage, url=door.url(stage.url)), inject)
