"""Runs over several systems, some of which cannot join the ledger's transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from graveshift.back import AS_IT_WAS, Alike, Back
from graveshift.driver import Can, Count, Frozen, Unit, Verdict
from graveshift.wire.groups import Group
from graveshift.wire.page import Page
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Outcome, RunState
from graveshift.wire.workers import Worker
from tests.front import ALL, Front, true

REQUEUE = "dlq.requeue"
FAST = {**ALL, "rate": "unlimited"}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Foreign:
    """A system apart: it cannot join a transaction, dies when told, and remembers who moved what."""

    system = "foreign"
    can = frozenset({Can.REQUEUE})

    def __init__(self, n: int) -> None:
        self.letters = [f"{place:04}" for place in range(n)]
        self.moved: dict[str, int] = {}
        self.acts = 0
        self.dies_at: int | None = None
        self.answers = True

    async def freeze(self) -> Frozen:
        return Frozen("", NOON)

    async def count(self, chosen: object, frozen: object = None) -> Count:
        return Count(len(self.letters))

    async def arrived(self, chosen: object, frozen: object) -> Count:
        return Count(0)

    async def pick(self, chosen: object, frozen: object, after: str | None, limit: int) -> Sequence[str]:
        return [letter for letter in self.letters if letter > (after or "") and letter not in self.moved][:limit]

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        return [letter for letter in letters if letter in self.letters and letter not in self.moved]

    async def survey(self, letters: Sequence[str], queue: str | None = None) -> Sequence[Alike]:
        standing = await self.standing(letters)
        return [Alike(queue="far", kind="send", fingerprint="f", error_type="Far", n=len(standing))] if standing else []

    async def groups(self, chosen: object, cursor: object, limit: int) -> Page[Group]:
        return Page([], NOON)

    async def queues(self) -> Sequence[Queue]:
        return []

    async def workers(self) -> Sequence[Worker]:
        return []

    async def fates(self, run_id: int) -> None:
        return None

    async def move(
        self, unit: Unit, letters: Sequence[str], to: object, run_id: int, *, back: Back = AS_IT_WAS
    ) -> Sequence[Verdict]:
        self.acts += 1
        for letter in letters:
            self.moved.setdefault(letter, run_id)
        if self.acts == self.dies_at:
            raise asyncio.CancelledError
        told = letters if self.answers else letters[1:]
        mine = [Outcome.MOVED if self.moved[letter] == run_id else Outcome.GONE for letter in told]
        return [Verdict(f"foreign:{letter}", outcome) for letter, outcome in zip(told, mine, strict=True)]


async def test_a_system_that_cannot_transact_is_resumed_at_its_open_intents(front: Front) -> None:
    foreign = _with_foreign(front, 10)
    foreign.dies_at = 2
    run = await front.order(REQUEUE, {"selection": {"filter": {"system": "foreign"}}, "rate": "unlimited"})
    async with front.running(chunk=4):
        await true(lambda: _acts(foreign, 2))
        run = await front.ended(run)
    assert (run.state, run.moved, run.total) == (RunState.SUCCEEDED, 10, 10)
    assert {item.outcome for item in await front.items(run)} == {Outcome.MOVED}
    assert sorted(foreign.moved) == foreign.letters
    assert foreign.acts == 4


async def test_what_a_system_leaves_unsaid_is_failed_not_forgotten(front: Front) -> None:
    foreign = _with_foreign(front, 3)
    foreign.answers = False
    run = await front.order(REQUEUE, {"selection": {"filter": {"system": "foreign"}}, "rate": "unlimited"})
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.moved, run.failed) == (RunState.SUCCEEDED, 2, 1)


async def test_a_filter_without_a_system_reaches_every_system_that_can(front: Front) -> None:
    await front.letters(5)
    _with_foreign(front, 5)
    run = await front.order(REQUEUE, FAST)
    async with front.running(chunk=3):
        run = await front.ended(run)
    assert (run.state, run.total, run.moved) == (RunState.SUCCEEDED, 10, 10)


async def test_ids_of_several_systems_are_moved_each_in_its_own(front: Front) -> None:
    native = await front.letters(3)
    _with_foreign(front, 3)
    ids = [native[0], "foreign:0001", native[1], "foreign:0002", "nowhere:1"]
    run = await front.order(REQUEUE, {"selection": {"ids": ids}, "rate": "unlimited"})
    async with front.running(chunk=2):
        run = await front.ended(run)
    assert (run.state, run.total, run.moved, run.gone) == (RunState.SUCCEEDED, 5, 4, 1)


async def _acts(foreign: Foreign, n: int) -> bool:
    return foreign.acts >= n


def _with_foreign(front: Front, n: int) -> Foreign:
    foreign = Foreign(n)
    sources: Mapping[str, Any] = {**front.world.sources, "foreign": foreign}
    letters: Mapping[str, Any] = {**front.world.letters, "foreign": foreign}
    front.world = structs.replace(front.world, sources=sources, letters=letters)
    return foreign
