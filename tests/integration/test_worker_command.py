"""`graveshift worker` is the worker: it finds its handlers by name and its database in the environment."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tests.workshop import Process, Workshop

HANDLERS = "tests.worker_process:HANDLERS"


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def _start(shop: Workshop, *arguments: str) -> Process:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "graveshift", "worker", *arguments),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "GRAVESHIFT_DATABASE_URL": shop.url, "GRAVESHIFT_WORKER_VERSION": "shop 7"},
    )
    return Process(child)


async def test_it_runs_jobs_of_its_queues_until_it_is_told_to_stop(shop: Workshop, tmp_path: Path) -> None:
    payload = {"log": str(tmp_path / "log"), "go": str(tmp_path)}
    other = await shop.put("nap", payload, queue="other")
    mine = await shop.put("nap", payload, queue="mine")
    process = await _start(shop, "--handlers", HANDLERS, "--queues", "mine", "--concurrency", "2")
    try:
        await shop.reaches(mine, "done", within=30)
        row = (await shop.rows("SELECT * FROM graveshift.workers"))[0]
        assert (row.pid, row.version, row.queues) == (process.pid, "shop 7", ["mine"])
        process.send(signal.SIGTERM)
        assert await process.exits() == 0
        await until(lambda: process.said("worker_stopped"))
    finally:
        await process.end()
    assert await shop.state(other) == "waiting"
    assert not process.said("not_json")


async def test_handlers_that_are_not_there_are_one_line_and_a_usage_mistake(shop: Workshop) -> None:
    process = await _start(shop, "--handlers", "tests.worker_process:HANDLER")
    try:
        assert await process.exits(30) == 2
    finally:
        await process.end()
    assert [line["line"] for line in process.said("not_json")] == [
        "graveshift: the settings cannot be used: module 'tests.worker_process' has no 'HANDLER'; "
        "did you mean 'HANDLERS'?\n"
    ]


async def test_handlers_that_import_what_is_not_installed_are_one_line_and_a_usage_mistake(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop_handlers.py"
    file.write_text("import json\n\nimport stripe_of_nowhere\n\nHANDLERS = {}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = await _start(shop, "--handlers", "shop_handlers:HANDLERS")
    try:
        assert await process.exits(30) == 2
    finally:
        await process.end()
    assert [line["line"] for line in process.said("not_json")] == [
        f"graveshift: the settings cannot be used: {file}:3: there is no module 'stripe_of_nowhere', "
        f"which is imported there; is it installed in {sys.prefix}?\n"
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--queues", "mine=much"], "--queues: mine=much: Expected `float`, got `str` - at `$.weight`"),
        (["--queues", "a;b"], "--queues: `a;b` is no queue; one is 1 to 128 letters, digits and `. _ : -`"),
        (["--queues", "=3"], "--queues: `` is no queue; one is 1 to 128 letters, digits and `. _ : -`"),
        (["--order", "strict"], "--order is among queues, and neither --queues nor worker.queues names any"),
    ],
)
async def test_shares_that_are_none_are_one_line_and_a_usage_mistake(
    shop: Workshop, typed: list[str], said: str
) -> None:
    process = await _start(shop, "--handlers", HANDLERS, *typed)
    try:
        assert await process.exits(30) == 2
    finally:
        await process.end()
    assert [line["line"] for line in process.said("not_json")] == [f"graveshift: the settings cannot be used: {said}\n"]


async def test_queues_may_be_typed_with_weights_and_worked_in_strict_order(shop: Workshop, tmp_path: Path) -> None:
    payload = {"log": str(tmp_path / "log"), "go": str(tmp_path)}
    last = [await shop.put("nap", payload, queue="last") for _ in range(2)]
    first = [await shop.put("nap", payload, queue="first") for _ in range(2)]
    process = await _start(
        shop, "--handlers", HANDLERS, "--queues", "first=2,last", "--order", "strict", "--concurrency", "1"
    )
    try:
        await shop.reaches(last[-1], "done", within=30)
        row = (await shop.rows("SELECT * FROM graveshift.workers"))[0]
        assert row.queues == ["first", "last"]
    finally:
        await process.end()
    began = [int(line.split()[2]) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("began")]
    assert began == [*first, *last]
