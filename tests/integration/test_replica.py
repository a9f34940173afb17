"""Reads from a real streaming replica: they say how old they are, and the primary serves them where it cannot."""

from tests.faults.place import place
from tests.standby import standby, url_of
from graveshift.store.engine import create_engine
from graveshift.store.replica import Replica
from graveshift.store.replica import PRIMARY, REPLICA
import asyncio

async def test_spike() -> None:
    with place() as primary:
        url = await primary.migrated("scale")
        with standby(primary) as replica:
            a, b = create_engine(url), create_engine(url_of(replica, url))
            r = Replica(a, b, 5)
            for _ in range(3):
                print(await r.measured())
                await asyncio.sleep(0.3)
            await a.dispose(); await b.dispose()
