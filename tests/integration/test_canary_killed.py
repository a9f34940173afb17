"""A canary is followed to its verdict whatever dies meanwhile: the backend, or its connections."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from graveshift.wire.runs import Run, RunState
from graveshift.wire.trials import CanaryState
from tests.drips import REQUEUE, TRY, Downstream, canary_of, moved, resume, working
from tests.front import Front, true


@pytest.fixture
def downstream() -> Downstream:
    return Downstream()


@pytest.mark.parametrize("moment", ["moved", "watched", "asked"])
async def test_a_backend_that_is_killed_in_its_canary_is_followed_by_another(
    front: Front, downstream: Downstream, database: str, tmp_path: Path, moment: str
) -> None:
    await front.letters(12)
    downstream.open.clear()
    run = await front.order(REQUEUE, {**TRY, "then": "ask"})
    async with working(front, downstream) if moment != "moved" else idle():
        async with killed_runner(database, tmp_path) as process:
            await true(lambda: moved(front, run, 5), within=20)
            if moment == "watched":
                await true(lambda: all_run(front, run))
            if moment == "asked":
                downstream.open.set()
                await front.becomes(run, RunState.PAUSED)
            process.kill()
        async with front.running(lease_s=1):
            if moment == "moved":
                async with working(front, downstream):
                    downstream.open.set()
                    await front.becomes(run, RunState.PAUSED)
            downstream.open.set()
            paused = await front.becomes(run, RunState.PAUSED)
            assert (paused.moved, (await canary_of(front, run)).state) == (5, CanaryState.GREEN)
            await resume(front, run)
            ended = await front.ended(run)
    assert (ended.state, ended.moved, ended.gone) == (RunState.SUCCEEDED, 12, 0)


async def all_run(front: Front, run: Run) -> bool:
    found = (await front.seen(run)).canary
    return found is not None and found.running == 5


@asynccontextmanager
async def idle() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def killed_runner(database: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A runner in a process of its own, killed at the latest when this is left."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.runner_process", database, str(folder), "1"
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_a_broken_connection_in_the_canary_costs_nothing(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    downstream.open.clear()
    run = await front.order(REQUEUE, {**TRY, "then": "go"})
    async with front.running(lease_s=1), working(front, downstream):
        await true(lambda: all_run(front, run))
        await front.break_connections()
        downstream.open.set()
        run = await front.ended(run, within=30)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 12)
