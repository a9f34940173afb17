"""Several backends on one database: one leads, any of them serves, and what one begins another carries on."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text

from graveshift import embedded
from graveshift.store.engine import create_engine
from tests.api_service import failing_letters
from tests.faults.backend import Backend
from tests.faults.callers import Caller, caller, token
from tests.waiting import until

TAKEOVER_S = 10.0
# A slot each second: fired twice by two leaders it would be two jobs of one trace id.
TIMETABLE = "schedules: {tick: {cron: '* * * * * *', queue: ticks, kind: tick, missed: skip}}\n"
LEADER = text("SELECT epoch, until > now() AS holds FROM graveshift_ledger.leases WHERE name = 'loops'")
TICKS = text("SELECT count(*) AS n, count(DISTINCT trace_id) AS slots FROM graveshift.jobs WHERE queue = 'ticks'")


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a name short enough for sockets."""
    place = embedded.temporary_home("gs-several-")
    yield place
    shutil.rmtree(place)


class Several:
    """Backend processes with a caller each, all with the same token, and the database that they share."""

    def __init__(self, database: str) -> None:
        self.engine = create_engine(database)
        self.processes: list[Backend] = []
        self.callers: list[Caller] = []

    async def row(self, statement: Any) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(statement)).one()

    async def leaders(self, among: Mapping[int, Caller] | None = None) -> list[int]:
        """Who says of itself that it turns the loops."""
        asked = dict(enumerate(self.callers)) if among is None else among
        said = [(n, (await one.health())["loops"]) for n, one in asked.items()]
        return [n for n, check in said if check["ok"] and check["detail"] != "another backend leads"]

    async def leader(self, among: Mapping[int, Caller] | None = None, within: float = 30) -> int:
        """The only one, once there is one."""

        async def one() -> list[int]:
            found = await self.leaders(among)
            assert len(found) < 2, found
            return found

        return (await until(one, within=within, what="one leads"))[0]


@asynccontextmanager
async def several(database: str, folder: Path, count: int) -> AsyncIterator[Several]:
    found = Several(database)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(found.engine.dispose)
        secret = await token(found.engine, "ann")
        extra = {"GRAVESHIFT_STATE_DIR": str(folder), "GRAVESHIFT_DESK_RATE_PER_S": "200"}
        for n in range(count):
            (folder / str(n)).mkdir()
            process = Backend(database, folder / str(n), extra=extra)
            with (folder / str(n) / "graveshift.yaml").open("a") as config:
                config.write(TIMETABLE)
            await process.start()
            stack.push_async_callback(process.kill)
            found.processes.append(process)
        for process in found.processes:
            found.callers.append(await stack.enter_async_context(caller(process, secret)))
        yield found


async def test_another_leads_within_ten_seconds_when_the_leader_is_killed_or_stopped(
    database: str, folder: Path
) -> None:
    async with several(database, folder, 3) as house:
        first = await house.leader()
        left = {n: one for n, one in enumerate(house.callers) if n != first}
        os.kill(house.processes[first].pid, signal.SIGSTOP)
        second, took = await _taken_over(house, left)
        assert took < TAKEOVER_S
        epoch = (await house.row(LEADER)).epoch
        os.kill(house.processes[first].pid, signal.SIGCONT)
        await _does_nothing_as_leader(house, first)
        assert (await house.row(LEADER)).epoch == epoch, "who was stopped has taken nothing back"
        await house.processes[second].kill()
        left = {n: one for n, one in enumerate(house.callers) if n != second}
        _, took = await _taken_over(house, left)
        assert took < TAKEOVER_S
        ticks = await house.row(TICKS)
        assert ticks.n == ticks.slots > 0, "a slot was fired twice"


async def _taken_over(house: Several, left: Mapping[int, Caller]) -> tuple[int, float]:
    began = monotonic()
    return await house.leader(left, within=30), monotonic() - began


async def _does_nothing_as_leader(house: Several, stopped: int) -> None:
    """Continued, it finds its lease lost before its loops turn again, and says that another leads."""

    async def follows() -> bool:
        return str((await house.callers[stopped].health())["loops"]["detail"]) == "another backend leads"

    await until(follows, what="it follows")
    for _ in range(20):
        assert stopped not in await house.leaders()


async def test_a_run_begun_at_one_is_steered_and_followed_at_another_and_its_key_holds_at_both(
    database: str, folder: Path
) -> None:
    async with several(database, folder, 2) as house:
        ann, bob = house.callers
        async with house.engine.begin() as connection:
            await connection.execute(text(failing_letters(3000)))
        plan = await ann.plan("dlq.requeue", selection={"all": True}, rate=100)
        begun = await ann.run(plan, "one-key")
        again = await bob.run(plan, "one-key")
        assert (begun.status_code, again.status_code) == (202, 202)
        run = begun.json()["id"]
        assert again.json()["id"] == run
        assert (await bob.client.post(f"/v1/runs/{run}/pause")).status_code == 202

        async def paused() -> bool:
            return bool((await ann.get(f"/v1/runs/{run}"))["state"] == "paused")

        await until(paused)
        assert (await ann.client.post(f"/v1/runs/{run}/resume")).status_code == 202
        assert (await bob.client.post(f"/v1/runs/{run}/rate", json={"per_s": None})).status_code == 202
        ended = await ann.ended(run)
        assert (ended["state"], ended["moved"]) == ("succeeded", 3000)


async def test_hints_reach_who_listens_at_another_backend(database: str, folder: Path) -> None:
    async with several(database, folder, 2) as house:
        ann, bob = house.callers
        async with bob.client.stream("GET", "/v1/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == ": listening"
            sending = asyncio.create_task(_keeps_enqueueing(ann))
            try:
                async with asyncio.timeout(20):
                    async for line in lines:
                        if line.startswith("data: ") and '"queues"' in line:
                            break
            finally:
                sending.cancel()


async def _keeps_enqueueing(ann: Caller) -> None:
    """The hub takes its first look when somebody listens; what comes after it is news."""
    while True:
        await ann.client.post("/v1/jobs", json={"queue": "mail", "kind": "send"})
        await asyncio.sleep(0.2)


async def test_a_token_taken_back_stops_working_at_every_backend_within_a_second_or_two(
    database: str, folder: Path
) -> None:
    async with several(database, folder, 2) as house:
        assert all([await one.health() for one in house.callers])
        async with house.engine.begin() as connection:
            await connection.execute(text("UPDATE graveshift_ledger.tokens SET revoked_at = now()"))

        async def refused() -> bool:
            codes = [(await one.client.get("/v1/queues")).status_code for one in house.callers]
            return codes == [401, 401]

        await until(refused, within=5)
