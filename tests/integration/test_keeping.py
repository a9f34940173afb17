"""What is past keeping goes by the day and by the row; what anything still needs stays, whoever comes in between."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Count, Move
from graveshift.drivers.postgres import pruning
from graveshift.errors import Fenced
from graveshift.store.engine import open_unit
from graveshift.work import Keeping
from tests.contract.bench import ALL, native
from tests.front import Front
from tests.house.pages import rows

ROOT = Path(__file__).parents[2]
OLD, NEXT = "2020-01-01", "2020-01-02"
TABLES = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname LIKE 'graveshift%' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


async def sql(engine: AsyncEngine, statement: str, **named: Any) -> list[Any]:
    async with engine.begin() as connection:
        result = await connection.execute(text(statement), named)
        return list(result.scalars()) if result.returns_rows else []


async def long_ago(engine: AsyncEngine, table: str, at: str, days: str = "true") -> None:
    """Rows of this table that are of a day long past, in a partition of their own."""
    await sql(engine, f"SELECT graveshift.open_partition('{table}', '{table}_20200101', '{at}', '{OLD}', '{NEXT}')")
    await sql(engine, f"UPDATE graveshift.{table} SET {at} = '{OLD} 12:00+00' WHERE {days}")


async def aged(front: Front) -> None:
    """Every letter, with its text, died long ago."""
    await long_ago(front.engine, "dead", "died_at")
    await long_ago(front.engine, "dead_text", "died_at")


async def partitions(engine: AsyncEngine, like: str) -> list[str]:
    return await sql(
        engine, f"SELECT relname FROM pg_class WHERE relname ~ '^{like}$' AND relkind = 'r' ORDER BY relname"
    )


async def counts_agree(front: Front) -> None:
    """Depth and groups, pending or folded, are what a count of the letters says."""
    for _ in range(2):
        counted = await sql(front.engine, "SELECT count(*) FROM graveshift.dead")
        depth = (await front.queue.upkeep.counters()).depth
        assert sum(n for (_, what), n in depth.items() if what == "dead") == counted[0]
        groups = (await front.queue.letters.groups(ALL, None, 100)).items
        assert sum(group.dead for group in groups) == counted[0]
        await front.queue.upkeep.roll_up()


async def test_each_table_of_both_schemas_says_when_it_is_pruned(front: Front) -> None:
    told = {row[0].strip("`") for row in rows(ROOT / "docs" / "states.md") if re.match(r"`graveshift\w*\.", row[0])}
    assert told == set(await sql(front.engine, TABLES))


async def test_a_day_of_letters_goes_with_its_texts_and_is_counted_out(front: Front) -> None:
    await front.letters(5)
    await aged(front)
    await front.letters(2, queue="else")
    await front.bench.prune(14)
    assert await partitions(front.engine, "dead(_text)?_20200101") == []
    assert await sql(front.engine, "SELECT count(*) FROM graveshift.dead_text") == [2]
    assert await front.queue.letters.count(ALL) == Count(2)
    await counts_agree(front)


async def test_ends_letters_and_trash_have_each_their_own_retention(front: Front) -> None:
    await front.bench.put("1")
    (job,) = await front.bench.take()
    await front.bench.work.finish([job.ticket], "w")
    ids = [native(id) for id in await front.letters(2)]
    await front.bench.move(ids[:1], Move.DISCARD)
    for table, at in (("done", "finished_at"), ("trash", "discarded_at"), ("dead", "died_at")):
        await long_ago(front.engine, table, at)
    await front.bench.prune(3650, done_days=1)
    assert await partitions(front.engine, "(done|trash|dead)_20200101") == ["dead_20200101", "trash_20200101"]
    await front.bench.prune(3650, trash_days=1)
    assert await partitions(front.engine, "(done|trash|dead)_20200101") == ["dead_20200101"]
    await front.bench.prune(3650, dead_days=1)
    assert await partitions(front.engine, "(done|trash|dead)_20200101") == []


async def test_texts_outlive_their_day_while_the_trash_needs_them(front: Front) -> None:
    await front.letters(2)
    await aged(front)
    ids = await front.bench.letters.pick(ALL, await front.bench.letters.freeze(), None, 9)
    await front.bench.move(ids[:1], Move.DISCARD)
    await front.bench.prune(14)
    assert await partitions(front.engine, "dead(_text)?_20200101") == ["dead_text_20200101"]
    assert [v.outcome for v in await front.bench.restore(ids)] == ["moved", "gone"]
    await counts_agree(front)
    await front.bench.prune(14)
    letter = await front.bench.letters.one(ids[0])
    assert letter is not None
    assert (letter.error_message, bytes(letter.payload)) == ("no such address: 17", b"{}")


async def test_a_day_that_a_letter_came_back_to_stays_as_long_as_a_fresh_one(front: Front) -> None:
    await front.letters(3)
    await aged(front)
    ids = await front.bench.letters.pick(ALL, await front.bench.letters.freeze(), None, 9)
    await front.bench.move(ids[:1], Move.DISCARD)
    await front.bench.restore(ids[:1])
    await front.bench.prune(14)
    assert await front.queue.letters.count(ALL) == Count(3)
    await sql(front.engine, "UPDATE graveshift.dead SET restored_at = now() - interval '15 days'")
    await front.bench.prune(14)
    assert await front.queue.letters.count(ALL) == Count(0)
    await counts_agree(front)


async def test_a_restore_that_comes_between_looking_and_dropping_loses_nothing(front: Front) -> None:
    """The day was chosen for dropping, and then a letter came back to it: the drop looks again under its lock."""
    await front.letters(3)
    await aged(front)
    ids = await front.bench.letters.pick(ALL, await front.bench.letters.freeze(), None, 9)
    await front.bench.move(ids[:1], Move.DISCARD)
    async with open_unit(front.engine) as unit:
        await front.queue.source.restore(unit, ids[:1], 8)
        dropping = asyncio.create_task(front.bench.prune(14))
        await asyncio.wait([dropping], timeout=0.5)
        assert not dropping.done()
        await unit.commit()
    await dropping
    assert await front.queue.letters.count(ALL) == Count(3)
    await counts_agree(front)


async def test_pruning_and_restoring_at_once_leave_each_letter_in_one_place_or_past_keeping(front: Front) -> None:
    await front.letters(200)
    await aged(front)
    ids = list(await front.bench.letters.pick(ALL, await front.bench.letters.freeze(), None, 200))
    await front.bench.move(ids, Move.DISCARD)

    async def restore() -> None:
        for start in range(0, 200, 10):
            await front.bench.restore(ids[start : start + 10])

    await asyncio.gather(restore(), front.bench.prune(14), front.bench.prune(14))
    assert await front.queue.letters.count(ALL) == Count(200)
    assert await sql(front.engine, "SELECT count(*) FROM graveshift.trash") == [0]
    assert await sql(
        front.engine, "SELECT count(*) FROM graveshift.dead JOIN graveshift.dead_text USING (died_at, id)"
    ) == [200]
    await counts_agree(front)


async def test_a_day_in_use_is_left_for_the_next_turn_and_traffic_goes_on(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAUSE_S", 0.01)
    await front.letters(3)
    await aged(front)
    async with front.engine.connect() as reader:
        await reader.execute(text("SELECT count(*) FROM graveshift.dead"))
        await front.bench.prune(14)
        assert await partitions(front.engine, "dead_20200101") == ["dead_20200101"]
        await front.letters(1)
        await reader.rollback()
    await front.bench.prune(14)
    assert await front.queue.letters.count(ALL) == Count(1)
    await counts_agree(front)


async def test_another_leader_fences_every_step(front: Front) -> None:
    await front.letters(2)
    await aged(front)

    async def fenced(unit: object) -> None:
        raise Fenced

    with pytest.raises(Fenced):
        await front.queue.upkeep.prune(Keeping(1, 1, 1), fenced)
    assert await front.queue.letters.count(ALL) == Count(2)


async def test_the_payload_of_an_old_letter_survives_its_ten_million(front: Front) -> None:
    await front.bench.put('{"a":"\\u0000"}')
    await front.bench.kill(*await front.bench.take())
    await front.bench.put("1", "2")
    for job in await front.bench.take():
        await front.bench.work.finish([job.ticket], "w")
    await sql(front.engine, "SELECT setval('graveshift.job_id', 30000001)")
    await front.bench.prune(14)
    assert await partitions(front.engine, "payloads_0") == []
    assert await sql(front.engine, "SELECT count(*) FROM graveshift.payloads_rest") == [3]
    await sql(front.engine, "DELETE FROM graveshift.done")
    await front.bench.prune(14)
    assert await sql(front.engine, "SELECT count(*) FROM graveshift.payloads_rest") == [1]
    ids = await front.bench.letters.pick(ALL, await front.bench.letters.freeze(), None, 9)
    await front.bench.move(ids, Move.DISCARD)
    await front.bench.prune(14)
    await front.bench.restore(ids)
    await front.bench.move(ids)
    (job,) = await front.bench.take()
    assert bytes(job.payload) == b'{"a":"\\u0000"}'


async def test_payloads_that_many_need_stay_where_they_are(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "FEW", 2)
    await front.bench.put("1", "2", "3")
    await sql(front.engine, "SELECT setval('graveshift.job_id', 30000001)")
    await front.bench.prune(14)
    assert await partitions(front.engine, "payloads_0") == ["payloads_0"]
    assert [bytes(job.payload) for job in await front.bench.take()] == [b"1", b"2", b"3"]


async def test_a_cause_is_forgotten_when_nothing_of_it_is_left(front: Front) -> None:
    ids = [native(id) for id in await front.letters(1)]
    await front.bench.move(ids, Move.DISCARD)
    await front.queue.upkeep.roll_up()
    await sql(front.engine, "UPDATE graveshift.groups SET last_seen = now() - interval '40 days'")
    await front.bench.prune(14)
    assert await sql(front.engine, "SELECT count(*) FROM graveshift.groups") == [1]
    await front.bench.restore(ids)
    (group,) = (await front.queue.letters.groups(ALL, None, 9)).items
    assert (group.dead, group.error_type) == (1, "ValueError")
    await front.bench.move(ids, Move.DISCARD)
    await front.bench.erase(ids)
    await front.queue.upkeep.roll_up()
    await front.bench.prune(14)
    assert await sql(front.engine, "SELECT count(*) FROM graveshift.groups") == [0]


async def test_a_cause_that_a_running_or_requeued_job_may_come_back_to_is_kept(front: Front) -> None:
    ids = [native(id) for id in await front.letters(1)]
    await front.bench.move(ids, run=7)
    await front.queue.upkeep.roll_up()
    await sql(front.engine, "UPDATE graveshift.groups SET last_seen = now() - interval '40 days'")
    await front.bench.prune(14)
    await front.bench.recall(ids, run=7)
    await front.queue.upkeep.roll_up()
    (group,) = (await front.queue.letters.groups(ALL, None, 9)).items
    assert (group.dead, group.error_type) == (1, "ValueError")


async def test_a_queue_that_was_empty_and_idle_for_long_is_forgotten_unless_somebody_stopped_it(front: Front) -> None:
    for queue in ("gone", "paused", "used"):
        await front.bench.put(queue=queue)
    await front.bench.cancel("1", "2")
    await front.bench.pause("paused")
    await front.queue.upkeep.roll_up()
    await front.bench.prune(14)
    assert len(await front.queue.source.queues()) == 3
    await sql(front.engine, "UPDATE graveshift.depth SET at = now() - interval '40 days'")
    await front.bench.prune(14)
    assert [queue.name for queue in await front.queue.source.queues()] == ["paused", "used"]
