"""Everything works through PgBouncer in transaction mode, where each transaction may meet another server process."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from graveshift import embedded, library
from graveshift.store.engine import create_engine
from tests.faults.backend import backend
from tests.faults.callers import Caller, caller, token
from tests.faults.crew import Crew
from tests.pgbouncer import pgbouncer
from tests.waiting import until

# Fewer than those who want one, so that every transaction may meet another server process.
FEW = {"default_pool_size = 20": "default_pool_size = 4"}
ENDED = text("SELECT count(*) FROM graveshift.done")
FOLDED = text("""
    SELECT NOT EXISTS (SELECT FROM graveshift.deltas) AND EXISTS (SELECT FROM graveshift_ledger.samples)
""")
NAMED = text("SELECT count(*) FROM pg_prepared_statements")
LIMITS = text(
    "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('timezone')"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a name short enough for sockets."""
    place = embedded.temporary_home("gs-pooled-")
    yield place
    shutil.rmtree(place)


async def run_command(environment: Mapping[str, str], *words: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "graveshift", *words),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, said.decode()
    return said.decode()


@asynccontextmanager
async def two_backends(url: str, folder: Path, environment: Mapping[str, str]) -> AsyncIterator[list[Caller]]:
    """On one database and with one key; a caller of each, with the same token."""
    engine = create_engine(url, pooled=True)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        secret, found = await token(engine, "ann"), []
        for name in ("a", "b"):
            (folder / name).mkdir()
            process = await stack.enter_async_context(backend(url, folder / name, extra=environment))
            found.append(await stack.enter_async_context(caller(process, secret)))
        yield found


async def test_the_whole_service_works_behind_it(
    server: embedded.Server, empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pgbouncer(server, empty_database, FEW) as url:
        environment = {
            "GRAVESHIFT_DATABASE_URL": url,
            "GRAVESHIFT_DATABASE_POOLER": "transaction",
            "GRAVESHIFT_DATABASE_DIRECT_URL": empty_database,
            "GRAVESHIFT_STATE_DIR": str(folder),
        }
        await run_command(environment, "migrate")
        monkeypatch.setenv("GRAVESHIFT_DATABASE_POOLER", "transaction")
        crew = Crew(environment, folder)
        async with two_backends(url, folder, environment) as (one, other):
            await crew.hire(2)
            try:
                await _jobs_come_and_go(url, one)
                await _letters_are_requeued(one, other)
                await _secrets_are_rotated_and_backups_proven(one, other)
                await _the_loops_turn(url, one, other)
            finally:
                await crew.end()


async def _jobs_come_and_go(url: str, ann: Caller) -> None:
    """By every door: HTTP, one and many, Python with and without a loop, and SQL."""
    job = {"queue": "mail", "kind": "stride", "payload": {"nap": 0}}
    many = await ann.client.post("/v1/jobs", json={"jobs": [job] * 500})
    single = await asyncio.gather(*(ann.client.post("/v1/jobs", json=job) for _ in range(40)))
    unique = [await ann.client.post("/v1/jobs", json={**job, "unique_key": "u", "queue": "later"}) for _ in range(2)]
    assert {answer.status_code for answer in (many, *single, *unique)} == {201}
    async with library.connect(url) as producer:
        await asyncio.gather(*(producer.enqueue("mail", "stride", {"nap": 0}) for _ in range(40)))
    with psycopg.connect(url, prepare_threshold=None) as connection:
        for _ in range(20):
            connection.execute("SELECT graveshift.enqueue('mail', 'stride', '{\"nap\": 0}')")
    engine = create_engine(url, pooled=True)

    async def all_done() -> bool:
        async with engine.connect() as connection:
            return int((await connection.execute(ENDED)).scalar_one()) >= 601

    await until(all_done, within=60, what="every job is done")
    await engine.dispose()


async def _letters_are_requeued(ann: Caller, bob: Caller) -> None:
    """A run begun at one backend is seen to its end at another."""
    bad = {"queue": "bad", "kind": "stride", "payload": {}, "max_attempts": 1}
    assert (await ann.client.post("/v1/jobs", json={"jobs": [bad] * 30})).status_code == 201

    async def dead() -> bool:
        return bool((await bob.get("/v1/dlq", queue="bad"))["total"] == 30)

    await until(dead, within=30, what="thirty letters")
    run = await ann.act("dlq.requeue", selection={"filter": {"queue": "bad"}}, rate="unlimited")
    ended = await bob.ended(run)
    assert (ended["state"], ended["moved"]) == ("succeeded", 30)
    await until(dead, within=30, what="they die again")


async def _secrets_are_rotated_and_backups_proven(ann: Caller, bob: Caller) -> None:
    for verb, args in (("secret.rotate", {"secret": "webhook-signing-key"}), ("backup.create", {})):
        ended = await bob.ended(await ann.act(verb, **args))
        assert (ended["state"], ended["error"]) == ("succeeded", None)


async def _the_loops_turn(url: str, ann: Caller, bob: Caller) -> None:
    """One backend leads, and leaves nothing of itself behind in the server's sessions."""
    engine = create_engine(url, pooled=True)

    async def folded() -> bool:
        async with engine.connect() as connection:
            return bool((await connection.execute(FOLDED)).scalar_one())

    await until(folded, within=30, what="deltas are folded and samples taken")
    health = [await caller.health() for caller in (ann, bob)]
    assert all(check["ok"] for each in health for check in each.values()), health
    assert [each["loops"]["detail"] for each in health].count("another backend leads") == 1
    for _ in range(10):
        async with engine.connect() as connection:
            assert (await connection.execute(NAMED)).scalar_one() == 0
            assert tuple((await connection.execute(LIMITS)).one()) == ("1min", "5s", "UTC")
    await engine.dispose()
