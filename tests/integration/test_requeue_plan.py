"""The plan of a requeue at fifty thousand letters: what it is made of, what stands in its way, and what it takes."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy import text

from graveshift.delivery import delivery_of
from graveshift.drivers.postgres.letters import PostgresLetters
from graveshift.folding import folding_of
from graveshift.rules import FingerprintSettings, Fold
from graveshift.selection import surveying
from graveshift.store.engine import open_unit
from graveshift.wire.plans import Caution, Confirm, Plan, Share
from graveshift.wire.runs import RunState
from graveshift.wire.selection import Filter
from tests.contract.bench import failure
from tests.front import ALL, ANN, Front

REQUEUE, DISCARD = "dlq.requeue", "dlq.discard"
FAST = {**ALL, "rate": "unlimited"}
# Three queues, four kinds and seven causes, of which one has half of all; every tenth has a key.
SEED = """
WITH born AS (
    SELECT nextval('graveshift.job_id') AS id, i, now() - (60000 - i) * interval '1 second' AS died_at
    FROM generate_series(1, :n) i
), carried AS (
    INSERT INTO graveshift.payloads (id, payload) SELECT id, CAST(json_build_object('i', i) AS json) FROM born
), worded AS (
    INSERT INTO graveshift.dead_text (died_at, id, error_message, payload, search)
    SELECT died_at, id, 'no answer from host ' || i, CAST(json_build_object('i', i) AS json),
           to_tsvector('simple', 'no answer') FROM born
), tried AS (
    INSERT INTO graveshift.attempts (finished_at, job_id, attempt, final, again, queue, kind, fingerprint, error_type,
                                     error_message)
    SELECT died_at, id, 1, true, false, CASE WHEN i % 5 = 0 THEN 'mail' WHEN i % 5 = 1 THEN 'hooks' ELSE 'parse' END,
           'k' || i % 4, CASE WHEN i % 2 = 0 THEN 'f0' ELSE 'f' || 1 + i % 6 END, 'ReadTimeout', 'no answer from host'
    FROM born
)
INSERT INTO graveshift.dead (died_at, id, enqueued_at, attempt, max_attempts, budget, requeue_count, priority, queue,
                             kind, fingerprint, error_type, unique_key)
SELECT died_at, id, died_at, 1, 1, 1, 0, 0,
       CASE WHEN i % 5 = 0 THEN 'mail' WHEN i % 5 = 1 THEN 'hooks' ELSE 'parse' END,
       'k' || i % 4, CASE WHEN i % 2 = 0 THEN 'f0' ELSE 'f' || 1 + i % 6 END, 'ReadTimeout',
       CASE WHEN i % 10 = 0 THEN 'key-' || i END FROM born
"""


async def seed(front: Front, n: int) -> None:
    """So many letters, the last of them new."""
    async with open_unit(front.engine) as unit:
        await unit.execute(text(SEED), {"n": n})
        await unit.commit()


def tops(plan: Plan) -> Mapping[str, list[tuple[str, int]]]:
    """Its parts as pairs."""
    assert plan.parts is not None
    return {part.by: [(share.name, share.n) for share in part.top] for part in plan.parts}


def told(plan: Plan, code: str) -> Caution:
    """The one warning of this kind."""
    (found,) = [warning for warning in plan.warnings if warning.code == code]
    return found


async def planned(front: Front, args: Mapping[str, Any], operation: str = REQUEUE) -> Plan:
    return await front.desk.plan(operation, args, ANN)


@pytest.mark.parametrize("operation", [REQUEUE, DISCARD])
async def test_fifty_thousand_are_broken_down_exactly_and_in_a_moment(front: Front, operation: str) -> None:
    await seed(front, 50_000)
    began = time.perf_counter()
    plan = await planned(front, ALL, operation)
    assert time.perf_counter() - began < 2
    assert (plan.count, plan.count_is_exact, plan.parts_of) == (50_000, True, None)
    assert tops(plan)["queue"] == [("parse", 30_000), ("hooks", 10_000), ("mail", 10_000)]
    assert tops(plan)["kind"] == [(f"k{i}", 12_500) for i in range(4)]
    assert tops(plan)["group"][0] == ("f0", 25_000)
    assert plan.parts is not None
    assert plan.parts[2].top[0].label.startswith("ReadTimeout: no answer from host")


async def test_more_causes_than_are_named_are_counted(front: Front) -> None:
    for i in range(8):
        await front.bench.dead(1, fingerprint=f"cause-{i}", error_type=f"E{i}", error_message="no")
    plan = await planned(front, ALL)
    assert plan.parts is not None
    assert (len(plan.parts[2].top), plan.parts[2].more) == (5, 3)
    assert plan.parts[0].top == [Share("mail", 8)]


@pytest.mark.parametrize("whole", [True, False], ids=["by the roll-up", "of a sample"])
async def test_causes_are_called_as_the_groups_call_them(front: Front, *, whole: bool) -> None:
    """Folded by one's own rules, and told apart by the field that splits them."""
    assert isinstance(front.bench.letters, PostgresLetters)
    rules = FingerprintSettings([Fold("shop [a-z]+", "shop <name>")])
    front.bench.letters.normal = lru_cache(folding_of(rules).normal)
    for customer in ("c1", "c2"):
        await front.bench.put(max_attempts=1)
        told = {"fingerprint": customer, "error_message": "shop acme is closed", "split": f"customer={customer}"}
        await front.bench.work.fail([failure(job.ticket, **told) for job in await front.bench.take()])
    await front.bench.upkeep.roll_up()
    plan = await planned(front, ALL if whole else {"selection": {"filter": {"attempts_min": 1}}})
    assert plan.parts is not None
    assert [share.label for share in plan.parts[2].top] == [
        "ValueError [customer=c1]: shop <name> is closed",
        "ValueError [customer=c2]: shop <name> is closed",
    ]


async def test_what_the_roll_up_cannot_tell_is_told_of_a_stated_sample(front: Front) -> None:
    await seed(front, 5_000)
    plan = await planned(front, {"selection": {"filter": {"error_type": "ReadTimeout"}}})
    assert (plan.count, plan.parts_of) == (5_000, surveying.SAMPLE)
    assert sum(n for _, n in tops(plan)["queue"]) == surveying.SAMPLE


async def test_what_cannot_be_had_in_time_is_left_out_and_the_plan_is_there(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed(front, 100)
    monkeypatch.setattr(surveying, "PATIENCE_S", 0.0)
    plan = await planned(front, ALL)
    assert (plan.count, plan.parts) == (100, None)


async def test_keys_that_are_taken_are_counted_and_become_conflicts(front: Front) -> None:
    await seed(front, 100)
    await front.bench.put(queue="mail", unique_key="key-10")
    await front.bench.put(queue="mail", unique_key="key-20")
    plan = await planned(front, FAST)
    assert (told(plan, "key-taken").n, told(plan, "key-taken").of) == (2, None)
    async with front.running():
        run = await front.ended(await front.begin(plan))
    assert (run.moved, run.conflict) == (98, 2)


async def test_of_two_letters_with_one_key_in_the_queue_they_come_to_one_is_foreseen_to_stay(front: Front) -> None:
    await front.bench.dead(unique_key="k")
    await front.bench.dead(unique_key="k", queue="else")
    assert not [w for w in (await planned(front, ALL)).warnings if w.code == "key-taken"]
    assert told(await planned(front, {**ALL, "queue": "third"}), "key-taken").n == 1


async def test_a_queue_that_nobody_serves_and_a_kind_that_nobody_knows_are_said(front: Front) -> None:
    await front.bench.dead(2)
    await front.bench.dead(1, kind="other")
    assert "no live worker serves queue mail" in told(await planned(front, ALL), "no-worker").words
    await front.queue.work.register(UUID(int=5), "host", 1, "1", ["mail"], kinds=["send"])
    plan = await planned(front, ALL)
    assert [w.code for w in plan.warnings] == ["unknown-kind"]
    assert (told(plan, "unknown-kind").n, "kind other" in told(plan, "unknown-kind").words) == (1, True)
    await front.queue.work.register(UUID(int=6), "host", 1, "1", [])
    assert (await planned(front, ALL)).warnings == []


async def test_drained_and_limited_queues_are_said_and_another_queue_is_the_one_that_counts(front: Front) -> None:
    await front.bench.dead()
    await front.queue.work.register(UUID(int=5), "host", 1, "1", [], kinds=["send"])
    async with front.bench.units.open() as unit:
        await front.queue.source.drain(unit, "mail", "it moves", "ann")
    await front.bench.limit(per_s=1.0, burst=1)
    plan = await planned(front, ALL)
    assert {w.code for w in plan.warnings} == {"draining", "limited"}
    assert {w.code for w in (await planned(front, {**ALL, "queue": "slow"})).warnings} == {"new-queue"}


async def test_what_may_have_arrived_is_said(front: Front) -> None:
    await seed(front, 10)
    front.world = structs.replace(front.world, delivery=delivery_of(["\\w*Timeout"]))
    said = told(await planned(front, ALL), "delivery")
    assert (said.n, said.words) == (10, "may have arrived (ReadTimeout): the same job id is sent again")


async def test_a_run_of_a_colleague_over_the_same_letters_is_said_and_one_over_others_is_not(front: Front) -> None:
    await seed(front, 100)
    run = await front.order(REQUEUE, {"selection": {"filter": {"queue": "mail"}}})
    assert f"run {run.id} by ann is requeueing letters like these" in told(await planned(front, ALL), "overlap").words
    other = await planned(front, {"selection": {"filter": {"queue": "parse"}}})
    assert [w for w in other.warnings if w.code == "overlap"] == []
    discard = await planned(front, {"selection": {"filter": {"queue": "mail"}}}, DISCARD)
    assert told(discard, "overlap").code == "overlap"


async def test_seconds_and_bytes_are_foretold_and_a_disk_that_is_too_small_is_said(front: Front) -> None:
    await seed(front, 1_000)
    front.world = structs.replace(front.world, free_bytes=lambda: 1_000_000, undo_window_s=10)
    plan = await planned(front, {**ALL, "rate": 50})
    assert plan.forecast is not None
    assert plan.forecast.duration_s is not None
    assert (20 < plan.forecast.duration_s < 60, plan.forecast.undo_window_s) == (True, 10)
    assert (plan.forecast.wal_bytes, plan.forecast.free_bytes) == (2_500_000, 1_000_000)
    assert plan.forecast.brakes == "10% failed first attempts or 1m wait slow it, 30% or 15m stop it"
    assert "of disk" in told(plan, "disk").words
    front.world = structs.replace(front.world, free_bytes=lambda: None)
    unlimited = await planned(front, FAST)
    assert unlimited.forecast is not None
    assert (unlimited.forecast.duration_s, unlimited.forecast.free_bytes) == (None, None)
    assert [w for w in unlimited.warnings if w.code == "disk"] == []
    own = {"stop_ratio": 0.5, "stop_age_s": "off"}
    guarded = await planned(front, {**FAST, "guard": own})
    assert guarded.forecast is not None
    assert guarded.forecast.brakes == "50% failed first attempts stop it"


async def die_again(front: Front, n: int, saved: int = 0) -> str:
    """Requeue all there is; all but `saved` die again. Returns the run."""
    async with front.running():
        run = await front.ended(await front.order(REQUEUE, {**FAST, "override": True}))
    jobs = await front.bench.take(n)
    await front.bench.work.finish([job.ticket for job in jobs[:saved]], "host")
    await front.bench.kill(*jobs[saved:])
    return run.id


async def test_a_cure_that_failed_asks_for_a_phrase_that_says_so_and_an_override_asks_for_none(front: Front) -> None:
    await front.letters(20)
    run = await die_again(front, 20, saved=2)
    plan = await planned(front, ALL)
    said = told(plan, "requeued-before")
    assert f"by run {run} of ann" in said.words
    assert "90% of these died again" in said.words
    assert (said.n, plan.confirm, plan.phrase) == (18, Confirm.PHRASE, "died again")
    assert (plan.because, (await planned(front, {**ALL, "override": True})).because) == (
        "most died again last time", None,
    )  # fmt: skip
    assert (await planned(front, {**ALL, "override": True})).confirm is Confirm.YES
    begun = await front.begin(plan)
    assert begun.state is RunState.QUEUED


async def test_a_cure_that_mostly_worked_and_a_few_letters_ask_for_nothing_more(front: Front) -> None:
    await front.letters(20)
    await die_again(front, 20, saved=12)
    plan = await planned(front, ALL)
    assert (told(plan, "requeued-before").n, plan.confirm) == (8, Confirm.YES)
    front.world = structs.replace(front.world, died_again_limit=0.1)
    assert (await planned(front, ALL)).confirm is Confirm.YES


async def test_a_few_that_died_again_are_told_also_where_only_the_oldest_are_looked_at(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    await front.letters(40)
    monkeypatch.setattr(surveying, "SAMPLE", 10)
    assert [one for one in (await planned(front, ALL)).warnings if one.code == "requeued-before"] == []
    newest = [letter.id for letter in (await front.bench.letters.page(Filter(), None, 15)).items]
    async with front.running():
        run = await front.ended(await front.order(REQUEUE, {"selection": {"ids": newest}, "rate": "unlimited"}))
    await front.bench.kill(*await front.bench.take(15))
    plan = await planned(front, ALL)
    said = told(plan, "requeued-before")
    assert (said.n, said.of, plan.confirm, plan.phrase) == (15, None, Confirm.PHRASE, "died again")
    assert f"by run {run.id} of ann" in said.words
