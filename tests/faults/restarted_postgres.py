"""F6, F7: PostgreSQL is restarted, without and with a goodbye: everybody comes back by themselves."""

import asyncio
import signal

from tests.faults.scene import Inject, Scene, Stage, play


async def crashed_postgres(stage: Stage) -> str:
    """`pg_ctl -m immediate`. AssertionError where an acknowledged job was lost or a worker did not come back."""
    return await play(Scene(stage), _restarts(signal.SIGQUIT))


async def restarted_postgres(stage: Stage) -> str:
    """`pg_ctl -m fast`."""
    return await play(Scene(stage), _restarts(signal.SIGINT))


def _restarts(how: signal.Signals) -> Inject:
    async def inject(scene: Scene) -> None:
        place = scene.stage.place
        for share in [0.3] if scene.stage.short else sorted(scene.dice.uniform(0.15, 0.7) for _ in range(3)):
            await scene.reaches(share)
            await asyncio.to_thread(place.stop, how)
            await asyncio.sleep(scene.dice.uniform(0, 1))
            await asyncio.to_thread(place.start)

    return inject
