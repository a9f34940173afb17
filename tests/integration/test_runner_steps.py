"""Runs of steps: in order, resumed at the step that was not done, stopped where that is safe."""

import asyncio
from typing import ClassVar

import pytest
from msgspec import Struct

from graveshift.errors import BackupFailed
from graveshift.notify import Notice
from graveshift.operation import Carrier, Draft, Step, World
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm
from graveshift.wire.runs import Item, Outcome, Run, RunState
from tests.front import ANN, Front, true
from tests.waiting import until


class Labour(Struct, frozen=True):
    """Three steps, of which the second does what it is told."""

    name: ClassVar[str] = "test.labour"
    title: ClassVar[str] = "Labour"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    done: ClassVar[list[str]] = []
    fails_with: ClassVar[Exception | None] = None
    hangs: ClassVar[bool] = False

    async def plan(self, world: World) -> Draft:
        return Draft(count=None, confirm=Confirm.NONE)

    async def run(self, world: World, carrier: Carrier) -> None:
        async def second() -> str | None:
            self.done.append("second")
            await carrier.note("second", "half way")
            if self.hangs:
                await asyncio.Event().wait()
            if self.fails_with:
                raise self.fails_with
            return "2"

        await carrier.steps([Step("first", self._first), Step("second", second, True), Step("third", self._third)])

    async def _first(self) -> str:
        self.done.append("first")
        return "1"

    async def _third(self) -> None:
        self.done.append("third")


@pytest.fixture
def labour(front: Front, monkeypatch: pytest.MonkeyPatch) -> type[Labour]:
    monkeypatch.setattr(Labour, "done", [])
    front.operations[Labour.name] = Labour
    return Labour


async def test_steps_are_items_in_their_order(front: Front, labour: type[Labour]) -> None:
    run = await front.order(labour.name, {})
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.total, run.moved) == (RunState.SUCCEEDED, 3, 3)
    assert [(item.id, item.detail) for item in reversed(await front.items(run))] == [
        ("first", "1"),
        ("second", "2"),
        ("third", None),
    ]


async def test_a_run_of_steps_goes_on_at_the_step_that_was_not_done(
    front: Front, labour: type[Labour], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labour, "hangs", True)
    run = await front.order(labour.name, {})
    async with front.running():
        await true(lambda: _noted(front, run, "half way"))
    monkeypatch.setattr(labour, "hangs", False)
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 3)
    assert labour.done == ["first", "second", "second", "third"]


async def test_an_interruptible_step_is_given_up_when_the_run_is_cancelled(
    front: Front, labour: type[Labour], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labour, "hangs", True)
    run = await front.order(labour.name, {})
    async with front.running():
        await true(lambda: _noted(front, run, "half way"))
        await front.desk.steer(run.id, "cancel", ANN)
        run = await front.ended(run)
    assert (run.state, run.moved, run.failed) == (RunState.CANCELLED, 1, 1)
    assert labour.done == ["first", "second"]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (BackupFailed("no pg_dump"), "the backup could not be made or proven: no pg_dump"),
        (RuntimeError("password=hunter2"), "unexpected: RuntimeError"),
    ],
)
async def test_a_step_that_raises_fails_the_run_in_words_that_give_nothing_away(
    front: Front, labour: type[Labour], monkeypatch: pytest.MonkeyPatch, failure: Exception, error: str
) -> None:
    monkeypatch.setattr(labour, "fails_with", failure)
    told: list[Notice] = []
    run = await front.order(labour.name, {})
    async with front.running(tell=told.append):
        run = await front.ended(run)
        await until(lambda: bool(told))
    assert [(one.event, one.run, one.words) for one in told] == [("run-stopped", run.id, error)]
    assert (run.state, run.error, run.moved, run.failed) == (RunState.FAILED, error, 1, 1)
    newest = (await front.items(run))[0]
    assert (newest.outcome, newest.detail) == (Outcome.FAILED, error)
    entry = (await front.record())[-1]
    assert (entry.outcome, entry.reason) == ("failed", error)


async def _noted(front: Front, run: Run, words: str) -> bool:
    items: list[Item] = await front.items(run)
    return any(item.detail == words for item in items)
