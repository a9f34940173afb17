"""A connection that leads nowhere and was never closed keeps nobody waiting for long."""

import asyncio
import random

from graveshift import embedded
from graveshift.store.engine import answers, create_engine
from tests.faults.proxy import proxy


async def test_connections_that_went_silent_are_replaced_before_they_are_used(
    server: embedded.Server, database: str
) -> None:
    async with proxy(server.socket_dir / ".s.PGSQL.5432", random.Random(1)) as door:
        engine = create_engine(door.url(database))
        await asyncio.gather(*(answers(engine) for _ in range(4)))
        assert door.silence() > 0
        async with asyncio.timeout(60):  # the limit of a statement is longer
            await answers(engine)
        await engine.dispose()
