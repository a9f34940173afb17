"""Counters are right through all that letters can go through, and what was broken is found and set right."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from graveshift.driver import Move
from graveshift.drivers.postgres import rollup
from graveshift.store.reconciliations import last
from tests.contract.bench import ALL, Bench, failure, native
from tests.front import Front
from tests.waiting import until


async def say(front: Front, statement: str, **named: Any) -> None:
    async with front.engine.begin() as connection:
        await connection.execute(text(statement), named)


async def counted(bench: Bench) -> Mapping[str, tuple[int, int | None]]:
    return {g.fingerprint: (g.dead, g.retrying) for g in (await bench.letters.groups(ALL, None, 100)).items}


async def right(bench: Bench) -> bool:
    done = await bench.upkeep.reconcile()
    assert done is not None
    return done.off == 0


async def test_counters_are_right_after_every_way_a_letter_can_go(front: Front) -> None:
    bench = front.bench
    letters = await bench.dead(8, fingerprint="f1")
    await bench.put("1", "2")
    await bench.work.fail([failure(job.ticket, retry_in_s=60.0, fingerprint="f2") for job in await bench.take(2)])
    steps = (
        bench.move(letters[:3], run=21),
        bench.recall(letters[:1], run=21),
        bench.move(letters[3:6], Move.DISCARD, run=22),
        bench.restore(letters[3:4]),
        bench.erase(letters[4:5]),
    )
    for step in steps:
        await step
        assert await right(bench)
    assert await counted(bench) == {"f1": (4, 0), "f2": (0, 2)}
    await bench.upkeep.roll_up()
    assert await right(bench)
    assert await counted(bench) == {"f1": (4, 0), "f2": (0, 2)}


async def test_counters_are_right_after_a_day_of_letters_was_dropped(front: Front) -> None:
    bench = front.bench
    await say(front, "SELECT graveshift.open_partition('dead', 'dead_20200101', 'died_at', '2020-01-01', '2020-01-02')")
    await bench.dead(3)
    await say(front, "UPDATE graveshift.dead SET died_at = '2020-01-01 12:00Z'")
    await bench.upkeep.roll_up()
    assert (await counted(bench))["f1"] == (3, 0)
    await bench.prune()
    assert await counted(bench) == {}
    assert await right(bench)


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "pending"])
async def test_a_broken_counter_is_found_and_set_right(front: Front, folded: bool) -> None:
    bench = front.bench
    await bench.dead(5)
    await bench.put(*["{}"] * 4, queue="quiet")
    await bench.upkeep.roll_up()
    await say(front, "UPDATE graveshift.groups SET dead = dead + 7")
    await say(front, "UPDATE graveshift.depth SET n = n - 2 WHERE queue = 'quiet' AND what = 'waiting'")
    await say(front, "INSERT INTO graveshift.depth (queue, what, n) VALUES ('ghost', 'running', 3)")
    assert (await counted(bench))["f1"] == (12, 0)
    done = await bench.upkeep.reconcile()
    assert done is not None
    found = {(one.queue, one.what, one.fingerprint): one.n for one in done.differences}
    assert found == {
        ("mail", "dead", "f1"): -7,
        ("mail", "dead", ""): 7,
        ("quiet", "waiting", ""): 2,
        ("ghost", "running", ""): -3,
    }
    assert (done.off, done.looked) == (19, 9)
    if folded:
        await bench.upkeep.roll_up()
    assert (await counted(bench))["f1"] == (5, 0)
    assert (await bench.depth())["dead"] == 5
    assert (await bench.depth("quiet"))["waiting"] == 4
    assert "running" not in await bench.depth("ghost")
    assert await right(bench)
    kept = await last(front.engine)
    assert kept is not None
    assert (kept.off, kept.off_ever, kept.looked) == (0, 19, 9)
    assert "all of 9 counted right" in kept.words()


async def test_a_cause_that_lost_its_row_has_it_again_with_its_name(front: Front) -> None:
    bench = front.bench
    await bench.dead(2, error_type="KeyError", error_message="no iban 17")
    await bench.upkeep.roll_up()
    await say(front, "DELETE FROM graveshift.groups")
    assert await counted(bench) == {}
    done = await bench.upkeep.reconcile()
    assert done is not None
    await bench.upkeep.roll_up()
    (group,) = (await bench.letters.groups(ALL, None, 10)).items
    assert (group.dead, group.error_type, group.message) == (2, "KeyError", "no iban <n>")
    assert await right(bench)


async def test_causes_that_were_folded_into_other_are_no_difference(front: Front) -> None:
    bench = front.bench
    for name in ("f1", "f2", "f3"):
        await bench.dead(2, fingerprint=name)
        await rollup.roll_up(front.engine, room=1)
    assert await counted(bench) == {"f1": (2, 0), "other": (4, 0)}
    assert await right(bench)
    await say(front, "UPDATE graveshift.groups SET dead = 1 WHERE fingerprint = 'other'")
    await bench.upkeep.reconcile()
    assert await counted(bench) == {"f1": (2, 0), "other": (4, 0)}


async def test_what_happens_while_it_looks_is_neither_lost_nor_counted_twice(front: Front) -> None:
    bench = front.bench
    await bench.put(*["{}"] * 200)
    busy = asyncio.create_task(_work(bench))
    looks = 0
    while not busy.done():
        done = await bench.upkeep.reconcile()
        assert done is None or done.off == 0
        looks += done is not None
        await bench.upkeep.roll_up()
    await busy
    assert looks
    assert await right(bench)


async def _work(bench: Bench) -> None:
    for round in range(10):
        claimed = await bench.take(20)
        await bench.work.fail([failure(job.ticket, retry_in_s=None, fingerprint=f"f{round % 3}") for job in claimed])
        newest = (await bench.letters.page(ALL, None, 10)).items
        await bench.move([native(letter.id) for letter in newest], run=30 + round)


async def test_two_that_look_at_once_set_right_once(front: Front) -> None:
    bench = front.bench
    await bench.dead(3)
    await bench.upkeep.roll_up()
    await say(front, "UPDATE graveshift.groups SET dead = 9")
    await asyncio.gather(*(bench.upkeep.reconcile() for _ in range(6)))

    async def mended() -> bool:
        await bench.upkeep.reconcile()
        return await counted(bench) == {"f1": (3, 0)}

    await until(mended)
    assert await right(bench)
