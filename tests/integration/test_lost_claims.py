"""A claim waits for no disk, but where a limit counts; where a crash of the server undid one, its job goes on."""

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
from graveshift.store.engine import open_unit
from graveshift.wire.queues import Limit
from graveshift.worker import Job
from tests.waiting import until
from tests.workshop import Workshop

# Each update and delete of jobs notes how its commit will be made.
NOTING = """
CREATE TABLE noted (id serial, how text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO noted (how) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER note AFTER UPDATE OR DELETE ON graveshift.jobs FOR EACH STATEMENT EXECUTE FUNCTION note()
"""


async def _last(shop: Workshop) -> object:
    return await shop.value("SELECT how FROM noted ORDER BY id DESC LIMIT 1")


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    """Commits wait for the disk here, as they do by default."""
    with connect(database.replace("+asyncpg", ""), autocommit=True) as connection:
        connection.execute(NOTING.encode())
        connection.execute(b"""DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$""")
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def test_a_claim_waits_for_no_disk_and_an_end_or_a_claim_under_a_limit_does(shop: Workshop) -> None:
    work, me = shop.queue.work, uuid4()
    for limit, how in ((None, "off"), (Limit(concurrency=5), "on"), (Limit(), "off")):
        if limit is not None:
            async with open_unit(shop.engine) as unit:
                await shop.queue.source.limit(unit, "q", limit)
                await unit.commit()
        await shop.put("k")
        (one,) = await work.claim(me, [], ["k"], 1, 30.0, begin=1)
        assert await _last(shop) == how, limit
        assert not await work.finish([one.ticket], "w")
        assert await _last(shop) == "on"


@pytest.fixture
def home() -> Iterator[Path]:
    place = embedded.temporary_home("graveshift-lost-")
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


async def test_a_job_whose_claim_a_crash_undid_is_claimed_anew_and_goes_on_where_it_runs(home: Path) -> None:
    wish = embedded.Wish(home=home, durable=True)
    server = await asyncio.to_thread(embedded.start, wish)
    await migrations.upgrade(server.url)
    shop, runs, go_on = Workshop(server.url), 0, asyncio.Event()

    async def slow(job: Job) -> None:
        nonlocal runs
        runs += 1
        await go_on.wait()

    async with shop.worker({"k": slow}):
        await until(lambda: shop.count("workers"), within=20)
        writer = await asyncio.to_thread(_stop_flushing, server)
        job = await shop.put("k")
        await until(lambda: runs)
        postmaster = embedded.status(home).pid
        assert postmaster is not None
        for pid in (postmaster, writer):
            os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(embedded.start, wish)
        await shop.reaches(job, "running", within=30)
        go_on.set()
        await shop.reaches(job, "done", within=30)
    attempt = await shop.value("SELECT attempt FROM graveshift.done WHERE id = :id", id=job)
    await shop.close()
    assert (runs, attempt) == (1, 1)
