"""A claim holds no lock while it waits for the disk, and nothing of it begins before the disk has it."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import connect

from graveshift import embedded, migrations
from graveshift.drivers.postgres.disk import Disk
from graveshift.errors import DatabaseUnavailable
from graveshift.work import ClaimUnsure
from graveshift.worker import Job
from tests.waiting import until
from tests.workshop import Workshop

# Each update and delete of jobs notes how its commit will be made.
NOTING = """
CREATE TABLE noted (id serial, how text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO noted (how) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER note AFTER UPDATE OR DELETE ON graveshift.jobs FOR EACH STATEMENT EXECUTE FUNCTION note();
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$
"""


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    """Commits wait for the disk here, as they do by default."""
    with connect(database.replace("+asyncpg", ""), autocommit=True) as connection:
        connection.execute(NOTING.encode())
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def _last(shop: Workshop) -> object:
    return await shop.value("SELECT how FROM noted ORDER BY id DESC LIMIT 1")


async def test_a_claim_commits_before_the_disk_has_it_and_an_end_does_not(shop: Workshop) -> None:
    await shop.put("k")
    (one,) = await shop.queue.work.claim(uuid4(), [], ["k"], 1, 30.0, begin=1)
    assert await _last(shop) == "off"
    assert not await shop.queue.work.finish([one.ticket], "w")
    assert await _last(shop) == "on"


async def test_while_one_claim_waits_for_the_disk_others_take_what_is_behind_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, waiting, truly = asyncio.Event(), 0, Disk.has_all

    async def slow(disk: Disk) -> None:
        nonlocal waiting
        waiting += 1
        await may_go.wait()
        await truly(disk)

    monkeypatch.setattr(Disk, "has_all", slow)
    for _ in range(4):
        await shop.put("k")
    claims = [asyncio.create_task(shop.queue.work.claim(uuid4(), [], ["k"], 1, 30.0, begin=1)) for _ in range(4)]
    await until(lambda: waiting == 4)
    assert not any(claim.done() for claim in claims)
    may_go.set()
    assert len({claimed.ticket.id for claim in claims for claimed in await claim}) == 4


async def test_a_claim_that_may_be_undone_is_released_and_burns_no_attempt(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly, lost = Disk.has_all, 0

    async def away(disk: Disk) -> None:
        nonlocal lost
        lost += 1
        if lost == 1:
            raise DatabaseUnavailable("cut off")
        await truly(disk)

    monkeypatch.setattr(Disk, "has_all", away)
    ran: list[tuple[int, int]] = []

    async def note(job: Job) -> None:
        ran.append((job.attempt, job.max_attempts))

    job = await shop.put("k")
    async with shop.worker({"k": note}):
        await shop.reaches(job, "done")
    assert len(ran) == 1
    assert (await shop.rows("SELECT max_attempts - attempt FROM graveshift.done"))[0][0] == 4


async def test_claims_that_meet_a_lost_disk_each_name_their_own_jobs(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(disk: Disk) -> None:
        raise DatabaseUnavailable("cut off")

    monkeypatch.setattr(Disk, "has_all", away)
    jobs = {await shop.put("k") for _ in range(2)}
    found = await asyncio.gather(
        *(shop.queue.work.claim(uuid4(), [], ["k"], 1, 30.0, begin=1) for _ in jobs), return_exceptions=True
    )
    assert {ticket.id for error in found if isinstance(error, ClaimUnsure) for ticket in error.tickets} == jobs


@pytest.fixture
def home() -> Iterator[Path]:
    place = embedded.temporary_home("graveshift-disk-")
    yield place
    embedded.stop(place)
    shutil.rmtree(place, ignore_errors=True)


def _stop_flushing(server: embedded.Server) -> int:
    """From here on nothing reaches the disk but with a commit that waits for it; the pid that was stopped."""
    with connect(server.superuser_dsn) as connection:
        row = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'").fetchone()
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    return int(row[0])


async def test_what_runs_is_still_claimed_after_a_crash_of_the_server(home: Path) -> None:
    """Nobody but the claim itself has waited for the disk since the job came."""
    wish = embedded.Wish(home=home, durable=True)
    server = await asyncio.to_thread(embedded.start, wish)
    await migrations.upgrade(server.url)
    shop, runs, go_on = Workshop(server.url), 0, asyncio.Event()

    async def slow(job: Job) -> None:
        nonlocal runs
        runs += 1
        await go_on.wait()

    async with shop.worker({"k": slow}) as worker:
        await until(lambda: shop.count("workers"), within=20)
        writer = await asyncio.to_thread(_stop_flushing, server)
        job = await shop.put("k")
        await until(lambda: runs)
        postmaster = embedded.status(home).pid
        assert postmaster is not None
        for pid in (postmaster, writer):
            os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(embedded.start, wish)
        (row,) = await shop.rows("SELECT state, attempt, lease_owner FROM graveshift.jobs")
        assert (row.state, row.attempt, row.lease_owner) == ("running", 1, worker.id)
        go_on.set()
        await shop.reaches(job, "done", within=30)
    await shop.close()
    assert runs == 1
