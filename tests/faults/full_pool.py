"""F14: strangers hold every connection PostgreSQL has to give, and ours are cut: all come back when there is room."""

import asyncio
from contextlib import ExitStack

import psycopg

from tests.faults.scene import Scene, Stage, play

CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '{name}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
FEWEST = 300
FULL = ("too many clients", "connection slots are reserved")


async def full_pool(stage: Stage) -> str:
    """AssertionError where somebody does not come back by themselves."""

    async def inject(scene: Scene) -> None:
        with ExitStack() as idle:
            count = await asyncio.to_thread(_fill, stage, idle)
            name = stage.url.partition("?")[0].rpartition("/")[2]
            await asyncio.to_thread(stage.place.execute, CUT.format(name=name))
            count += await asyncio.to_thread(_fill, stage, idle)
            assert count >= FEWEST, f"only {count} connections could be had"
            await asyncio.sleep(stage.lease_s + scene.dice.uniform(0, 2))

    return await play(Scene(stage), inject)


def _fill(stage: Stage, idle: ExitStack) -> int:
    """Connections to another database until there are none left; how many they were."""
    count = 0
    while True:
        try:
            idle.enter_context(psycopg.connect(stage.place.server.dsn, connect_timeout=60))
        except psycopg.OperationalError as error:
            if not any(words in str(error) for words in FULL):
                raise
            return count
        count += 1
