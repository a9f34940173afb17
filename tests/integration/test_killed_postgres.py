"""The private server is killed under a running backend: it is started again, and everything goes on."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from graveshift import bootstrap, embedded
from graveshift.bootstrap.rooms import OURS
from graveshift.place import open_database
from graveshift.settings import ApiSettings, DeskSettings, LoopSettings, Settings
from graveshift.wire.operations import Role
from tests.api_service import failing_letters
from tests.waiting import until

LETTERS = 3000
ARGS: dict[str, Any] = {"selection": {"all": True}, "rate": 600}


@pytest.fixture
def home() -> Iterator[Path]:
    place = embedded.temporary_home("graveshift-killed-")
    yield place
    embedded.stop(place)
    shutil.rmtree(place, ignore_errors=True)


@asynccontextmanager
async def backend_in(home: Path) -> AsyncIterator[tuple[bootstrap.Backend, httpx.AsyncClient]]:
    """A whole backend on its private server, and a client of it with an admin's token."""
    settings = Settings(
        state_dir=str(home), api=ApiSettings(port=0), desk=DeskSettings(lease_s=3, chunk=250), loops=LoopSettings()
    )
    async with (
        open_database(settings) as database,
        bootstrap.running(settings, database) as backend,
        backend.serving() as url,
    ):
        token = await backend.issue_token("tests", Role.ADMIN)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
            yield backend, client


async def begin(client: httpx.AsyncClient, args: dict[str, Any] = ARGS) -> str:
    plan = (await client.post("/v1/plans", json={"operation": "dlq.requeue", "args": args})).json()
    body = {"phrase": plan["phrase"]}
    answer = await client.post(f"/v1/plans/{plan['id']}/run", json=body, headers={"Idempotency-Key": "k"})
    return str(answer.json()["id"])


def kill(home: Path) -> int:
    """kill -9 of the postmaster; returns its pid."""
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_a_killed_private_server_is_started_again_and_the_run_under_way_ends_well(home: Path) -> None:
    async with backend_in(home) as (backend, client):
        async with backend.engine.begin() as connection:
            await connection.execute(text(failing_letters(LETTERS)))
        run = await begin(client)

        async def seen() -> dict[str, object]:
            answer = await client.get(f"/v1/runs/{run}")
            return answer.json() if answer.status_code == 200 else {"moved": 0, "state": "unknown"}

        async def is_under_way() -> bool:
            return (await seen())["moved"] not in (0, LETTERS)

        async def is_healthy() -> bool:
            return (await client.get("/health")).status_code == 200

        async def has_succeeded() -> bool:
            return (await seen())["state"] == "succeeded"

        await until(is_healthy, within=60)
        await until(is_under_way, within=60)
        before = kill(home)
        await until(lambda: embedded.status(home).running, within=60)
        await until(is_healthy, within=60)
        assert embedded.status(home).pid != before
        await until(has_succeeded, within=60)
        assert (await seen())["moved"] == LETTERS
    assert not embedded.status(home).running


async def test_a_canary_outlives_a_killed_server_and_the_rest_waits_for_an_answer(home: Path) -> None:
    args = {**ARGS, "canary": 5, "guard": {"canary_s": 20}}
    async with backend_in(home) as (backend, client):
        async with backend.engine.begin() as connection:
            await connection.execute(text(failing_letters(LETTERS)))
        run = await begin(client, args)

        async def seen() -> dict[str, Any]:
            answer = await client.get(f"/v1/runs/{run}")
            return answer.json() if answer.status_code == 200 else {"moved": 0, "state": "unknown"}

        async def is_trying() -> bool:
            return ((await seen()).get("canary") or {}).get("waiting") == 5

        async def is_healthy() -> bool:
            return (await client.get("/health")).status_code == 200

        async def is_in(state: str) -> bool:
            return bool((await seen())["state"] == state)

        await until(is_trying, within=60)
        kill(home)
        await until(lambda: embedded.status(home).running, within=60)
        await until(is_healthy, within=60)
        await until(lambda: is_in("paused"), within=60)
        asks = await seen()
        assert (asks["moved"], asks["canary"]["state"]) == (5, "late")
        assert asks["halt"].startswith("canary late: 0 of 5 done in time, 5 not started")
        await client.post(f"/v1/runs/{run}/resume")
        await client.post(f"/v1/runs/{run}/rate", json={"per_s": None})
        await until(lambda: is_in("succeeded"), within=60)
        assert (await seen())["moved"] == LETTERS


async def test_health_says_what_fails_and_what_to_do_while_the_database_is_away(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pace in ("EVERY_S", "LONGEST_S"):
        monkeypatch.setattr(embedded.keeper, pace, 3600)
    async with backend_in(home) as (_, client):
        await asyncio.to_thread(embedded.stop, home)

        async def failing() -> bool:
            return (await client.get("/health")).status_code == 503

        await until(failing, within=60)
        fresh = {"Authorization": "Bearer gs_1_not-seen-before"}  # nobody can be recognised now
        for path in ("/health", "/v1/health"):
            answer = await client.get(path, headers=fresh)
            said = {check["name"]: check["detail"] for check in answer.json()["checks"]}
            assert (answer.status_code, answer.json()["status"]) == (503, "failing")
            assert said["database"] == f"it does not answer; {OURS}"
