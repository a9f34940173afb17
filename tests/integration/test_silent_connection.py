"""A connection that leads nowhere and was never closed keeps nobody waiting for long."""

import asyncio
import random

from graveshift import embedded
from graveshift.store.engine import answers, create_engine
from tests.faults.proxy import proxy


async def test_a_connection_that_went_silent_is_replaced_before_it_is_used(
    server: embedded.Server, database: str
) -> None:
    async with proxy(server.socket_dir / ".s.PGSQL.5432", random.Random(1)) as door:
        engine = create_engine(door.url(database))
        await answers(engine)
        assert door.silence() == 1
        async with asyncio.timeout(60):  # the limit of a statement is longer
            await answers(engine)
        await engine.dispose()
