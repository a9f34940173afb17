"""Reads from a real streaming replica: they say how old they are, and the primary serves them where it cannot."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from graveshift import bootstrap
from graveshift.place import Database
from graveshift.settings import ApiSettings, DatabaseSettings, Settings
from graveshift.store.engine import create_engine
from graveshift.store.replica import Replica
from graveshift.wire.operations import Role
from tests.api_service import failing_letters
from tests.faults.place import Place, place
from tests.standby import standby, url_of
from tests.waiting import until

JOB = {"queue": "mail", "kind": "send"}
LISTS = ("queues", "jobs", "dlq", "groups", "workers")
PAUSE, GO_ON = "SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()"
LAG_S = 2.0


class Watched:
    """A backend on a primary and a replica, and what it says of them."""

    def __init__(self, backend: bootstrap.Backend, client: httpx.AsyncClient) -> None:
        self.backend = backend
        self.client = client

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.client.get(f"/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def detail(self) -> str:
        """What health says of the replica; it never fails for it."""
        checks = {check["name"]: check for check in (await self.get("health"))["checks"]}
        assert checks["replica"]["ok"]
        return str(checks["replica"]["detail"])

    async def becomes(self, words: str) -> None:
        async def said() -> bool:
            return words in await self.detail()

        await until(said, within=20, what=words)

    async def metric(self, name: str) -> float:
        lines = (await self.client.get("/metrics")).text.splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(f"graveshift_replica_{name} ")))

    async def waiting(self) -> int:
        return int(sum(queue["waiting"] for queue in (await self.get("queues"))["items"]))


@asynccontextmanager
async def watched(url: str, replica_url: str, folder: Path) -> AsyncIterator[Watched]:
    given = DatabaseSettings(url=url, replica_url=replica_url, replica_lag_s=LAG_S)
    settings = Settings(state_dir=str(folder), database=given, api=ApiSettings(port=0))
    place = Database(url=url, replica_url=replica_url)
    async with bootstrap.running(settings, place) as backend, backend.serving() as address:
        headers = {"Authorization": f"Bearer {await backend.issue_token('ann', Role.ADMIN)}"}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30, trust_env=False) as client:
            yield Watched(backend, client)


async def test_the_replica_serves_reads_and_the_primary_takes_over_while_it_is_down_late_or_frozen(
    tmp_path: Path,
) -> None:
    with place() as primary:
        url = await primary.migrated("scale")
        with standby(primary) as replica:
            async with watched(url, url_of(replica, url), tmp_path) as seen:
                await seen.becomes("it serves reads")
                assert await seen.metric("serves") == 1
                await _reads_go_there(seen, replica)
                await _what_is_shown_says_how_old_it_is(seen, replica)
                await _late(seen, replica)
                await _down(seen, replica)
                await _frozen(seen, replica)
                assert await seen.metric("lag_seconds") < LAG_S


async def _reads_go_there(seen: Watched, replica: Place) -> None:
    """The replica's own count of transactions grows with each list."""
    for name in LISTS:
        before = _asked(replica)
        await seen.get(name)
        assert _asked(replica) > before, name
    assert (await seen.get("series", name="depth"))["source"] == "samples"
    assert (await seen.get("overview"))["totals"]["waiting"] == 0


def _asked(replica: Place) -> int:
    """Rows of its activity that reads of ours left: the latest start of a query in `scale`."""
    [(at,)] = replica.execute(
        "SELECT max(extract(epoch FROM query_start) * 1000000)::bigint FROM pg_stat_activity "
        "WHERE datname = 'scale' AND query NOT LIKE '%pg_last_wal_replay_lsn%' AND query <> 'SELECT 1'"
        " AND query <> ''"
    )
    return int(str(at or 0))


async def _what_is_shown_says_how_old_it_is(seen: Watched, replica: Place) -> None:
    """After an act the old world may be seen for a moment: `as_of` is then from before the act. Plans see the act."""
    await asyncio.to_thread(replica.execute, PAUSE)
    try:
        enqueued = await seen.client.post("/v1/jobs", json=JOB)
        assert enqueued.status_code == 201
        acted = await seen.backend.parts.runs.now()
        for name in ("queues", "jobs"):
            page = await seen.get(name)
            assert page["items"] == []
            assert datetime.fromisoformat(page["as_of"]) < acted
        body = {"operation": "job.cancel", "args": {"selection": {"filter": {"queue": "mail"}}}}
        assert (await seen.client.post("/v1/plans", json=body)).json()["count"] == 1
    finally:
        await asyncio.to_thread(replica.execute, GO_ON)
    await seen.becomes("it serves reads")

    async def there() -> bool:
        return await seen.waiting() == 1

    await until(there, what="the job is seen on the replica")


async def _late(seen: Watched, replica: Place) -> None:
    """Too far behind, it serves nothing; caught up, it serves again."""
    await asyncio.to_thread(replica.execute, PAUSE)
    await seen.becomes("s behind, 2 s is the most")
    assert (await seen.client.post("/v1/jobs", json=JOB)).status_code == 201
    assert await seen.waiting() == 2
    assert await seen.metric("serves") == 0
    await asyncio.to_thread(replica.execute, GO_ON)
    await seen.becomes("it serves reads")


async def _down(seen: Watched, replica: Place) -> None:
    """No read fails while it is shut down, and it serves again once it is back."""
    await asyncio.to_thread(replica.stop, signal.SIGQUIT)
    assert await seen.waiting() == 2
    await seen.becomes("it does not answer")
    await asyncio.to_thread(replica.start)
    await seen.becomes("it serves reads")


async def _frozen(seen: Watched, replica: Place) -> None:
    """A read that meets silence is answered by the primary in the end."""
    replica.signal(signal.SIGSTOP)
    assert await seen.waiting() == 2
    await seen.becomes("it does not answer")
    replica.signal(signal.SIGCONT)
    await seen.becomes("it serves reads")


async def test_a_read_that_recovery_cancels_is_made_again_on_the_primary() -> None:
    """A vacuum on the primary takes away the rows that a long read on the replica still looks at."""
    with place() as primary:
        url = await primary.migrated("scale")
        with standby(primary) as replica:
            own, near = create_engine(url), create_engine(url_of(replica, url))
            looked = Replica(own, near, 30)
            stop = asyncio.Event()
            looking = asyncio.create_task(looked.run_forever(stop))
            await until(lambda: looked.standing.serves, within=60)
            await asyncio.to_thread(primary.execute, failing_letters(1000), url)
            began = asyncio.Event()

            async def there() -> str:
                async with near.connect() as connection:
                    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
                    await connection.execute(text("SELECT count(*) FROM graveshift.dead_text"))
                    began.set()
                    await connection.execute(text("SELECT pg_sleep(30)"))
                return "the replica"

            async def here() -> str:
                return "the primary"

            reading = asyncio.create_task(looked.first(there, here))
            await began.wait()
            for act in ("DELETE FROM graveshift.dead_text", "VACUUM graveshift.dead_text"):
                await asyncio.to_thread(primary.execute, act, url)
            assert await asyncio.wait_for(reading, 25) == "the primary"
            assert looked.standing.fallbacks == 1
            assert looked.standing.serves, "a conflict is no reason to leave the replica"
            stop.set()
            await looking
            await own.dispose()
            await near.dispose()


async def test_another_database_is_no_replica(database: str) -> None:
    own, other = create_engine(database), create_engine(database)
    standing = await Replica(own, other, 5).measured()
    assert "no replica of this database" in standing.trouble
    await own.dispose()
    await other.dispose()
