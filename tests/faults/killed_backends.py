"""F8: for some seconds PostgreSQL's own backends are terminated, three at a time."""

import asyncio
from time import monotonic

from tests.faults.scene import Scene, Stage, play

AT_ONCE, EVERY_S = 3, 0.15
KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '{name}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    ORDER BY md5(pid::text || '{salt}') LIMIT {count}
"""


async def killed_backends(stage: Stage) -> str:
    """AssertionError where a commit that was answered is not there, or a worker gave up."""

    async def inject(scene: Scene) -> None:
        until = monotonic() + (2 if stage.short else 6)
        name = stage.url.partition("?")[0].rpartition("/")[2]
        while monotonic() < until:
            storm = KILL.format(name=name, salt=scene.dice.random(), count=AT_ONCE)
            await asyncio.to_thread(stage.place.execute, storm)
            await asyncio.sleep(EVERY_S)

    return await play(Scene(stage), inject)
