"""F9: every process of PostgreSQL stands still for longer than a lease."""

import asyncio
import signal

from tests.faults.scene import Scene, Stage, play


async def frozen_postgres(stage: Stage) -> str:
    """AssertionError where somebody waits on after it moves again."""

    async def inject(scene: Scene) -> None:
        await asyncio.to_thread(stage.place.signal, signal.SIGSTOP)
        try:
            await asyncio.sleep(stage.lease_s + scene.dice.uniform(0.5, 2))
        finally:
            await asyncio.to_thread(stage.place.signal, signal.SIGCONT)

    return await play(Scene(stage), inject)
