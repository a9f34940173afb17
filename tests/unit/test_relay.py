"""Chunks overlap, end in their order, and nothing of a chunk happens after the one before it failed."""

import asyncio
from collections.abc import Sequence

import pytest

from graveshift.runner.relay import Ahead, Baton, Relay


class Chunk:
    """Acts, and writes once it is told to."""

    def __init__(self, name: str, seen: list[str], *, fails: bool = False) -> None:
        self.name = name
        self.seen = seen
        self.fails = fails
        self.may_act, self.may_write = asyncio.Event(), asyncio.Event()
        self.is_ready, self.has_acted = asyncio.Event(), asyncio.Event()
        self.may_act.set()

    async def __call__(self, baton: Baton) -> None:
        self.is_ready.set()
        await baton.turn()
        await self.may_act.wait()
        self.seen.append(f"{self.name} acts{' first' if baton.first else ''}")
        self.has_acted.set()
        await baton.acted()
        await self.may_write.wait()
        if self.fails:
            raise ValueError(self.name)
        self.seen.append(f"{self.name} ends")


async def test_one_acts_while_the_one_before_is_written_and_they_end_in_order() -> None:
    seen: list[str] = []
    one, two = Chunk("one", seen), Chunk("two", seen)
    async with Relay() as relay:
        await relay.run(one)
        two.may_write.set()
        second = asyncio.create_task(relay.run(two))
        await two.has_acted.wait()
        assert seen == ["one acts first", "two acts"]
        one.may_write.set()
        await second
        await relay.end()
    assert seen == ["one acts first", "two acts", "one ends", "two ends"]


async def test_one_gets_ready_and_does_not_act_before_the_one_before_has() -> None:
    seen: list[str] = []
    one, two = Chunk("one", seen), Chunk("two", seen)
    one.may_act.clear()
    async with Relay() as relay:
        await relay.run(one)
        second = asyncio.create_task(relay.run(two))
        await two.is_ready.wait()
        assert seen == []
        for event in (one.may_act, one.may_write, two.may_write):
            event.set()
        await second
        await relay.end()
    assert seen.index("one acts first") < seen.index("two acts")


async def test_what_follows_a_failure_never_ends() -> None:
    seen: list[str] = []
    one, two = Chunk("one", seen, fails=True), Chunk("two", seen)
    two.may_write.set()
    async with Relay() as relay:
        await relay.run(one)
        one.may_write.set()
        with pytest.raises(ValueError, match="one"):
            await relay.run(two)
    assert "two ends" not in seen


async def test_the_failure_of_the_last_one_is_told_at_the_end() -> None:
    async def fails(_: Baton) -> None:
        raise ValueError("at once")

    async with Relay() as relay:
        await relay.run(fails)
        with pytest.raises(ValueError, match="at once"):
            await relay.end()


async def test_a_relay_that_is_left_gives_up_what_is_under_way() -> None:
    seen: list[str] = []
    one = Chunk("one", seen)
    async with Relay() as relay:
        await relay.run(one)
        await one.has_acted.wait()
    assert seen == ["one acts first"]


async def test_after_an_end_nobody_else_is_at_work() -> None:
    seen: list[str] = []
    one, two = Chunk("one", seen), Chunk("two", seen)
    one.may_write.set()
    async with Relay() as relay:
        await relay.run(one)
        await relay.end()
        await relay.run(two)
        await two.has_acted.wait()
    assert seen == ["one acts first", "one ends", "two acts first"]


async def test_what_was_picked_ahead_is_cut_where_fewer_are_asked_for_and_picked_anew_elsewhere() -> None:
    asked: list[str | None] = []

    async def pick(after: str | None, limit: int) -> Sequence[str]:
        asked.append(after)
        return [f"{after}{n}" for n in range(limit)]

    ahead = Ahead(pick)
    ahead.look("a", 3)
    assert await ahead.take("a", 2) == ["a0", "a1"]
    ahead.look("a1", 3)
    assert await ahead.take("b", 1) == ["b0"]
    assert asked == ["a", "a1", "b"]
