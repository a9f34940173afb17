"""What producers and workers can count on."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec import Raw

from graveshift.errors import Invalid
from graveshift.wire.jobs import NewJob
from graveshift.wire.workers import WorkerState
from graveshift.work import Condition, Ticket
from tests.contract.bench import ALL, WORKER, Bench, failure, native, stranger


async def test_ids_come_in_the_order_given(bench: Bench) -> None:
    ids = await bench.put("1", "2", "3")
    assert ids == sorted(set(ids))
    assert [(job.ticket.id, bytes(job.payload)) for job in await bench.take()] == list(
        zip(ids, [b"1", b"2", b"3"], strict=True)
    )


async def test_nothing_enqueued_gives_no_ids(bench: Bench) -> None:
    assert list(await bench.work.enqueue([])) == []


async def test_a_payload_keeps_its_bytes(bench: Bench) -> None:
    sent = b' { "a" : 1.0 , "b":"\\u0000\\ud800 \xc3\xa9", "a": 2 }\n'
    await bench.work.enqueue([NewJob(queue="mail", kind="send", payload=Raw(sent))])
    (job,) = await bench.take()
    assert bytes(job.payload) == sent


async def test_what_is_no_json_is_refused_and_nothing_is_enqueued(bench: Bench) -> None:
    good = NewJob(queue="mail", kind="send")
    for bad in (b"{", b"", b'"\xed\xa0\x80"', b'"\x00"'):
        with pytest.raises(Invalid):
            await bench.work.enqueue([good, NewJob(queue="mail", kind="send", payload=Raw(bad))])
    assert await bench.take() == []


async def test_a_name_outside_the_alphabet_is_refused(bench: Bench) -> None:
    for queue, kind in (("a/b", "send"), ("mail", ""), ("x" * 129, "send")):
        with pytest.raises(Invalid):
            await bench.work.enqueue([NewJob(queue=queue, kind=kind)])


async def test_a_live_job_with_the_same_key_gives_its_id(bench: Bench) -> None:
    first, other, again = await bench.put("1", "2", "3", unique_key="k")
    assert (first, first) == (other, again)
    assert await bench.put("4", unique_key="k") == [first]
    assert await bench.put("5", unique_key="k", queue="else") != [first]
    assert [bytes(job.payload) for job in await bench.take(queues=["mail"])] == [b"1"]


async def test_a_key_is_free_again_when_its_job_has_ended(bench: Bench) -> None:
    (first,) = await bench.put(unique_key="k")
    (job,) = await bench.take()
    assert await bench.put(unique_key="k") == [first]
    await bench.work.finish([job.ticket], "host:1")
    assert await bench.put(unique_key="k") != [first]


async def test_higher_priority_goes_first_then_the_earlier(bench: Bench) -> None:
    low = await bench.put("1", "2", priority=-1)
    high = await bench.put("3", queue="else", priority=5)
    assert [job.ticket.id for job in await bench.take(2)] == [*high, low[0]]
    assert [job.ticket.id for job in await bench.take(2)] == [low[1]]


async def test_only_named_queues_and_known_kinds_are_claimed(bench: Bench) -> None:
    await bench.put(queue="a")
    (wanted,) = await bench.put(queue="b")
    await bench.put(queue="b", kind="unknown")
    assert [job.ticket.id for job in await bench.take(queues=["b", "empty"])] == [wanted]
    assert await bench.take(kinds=[]) == []


async def test_a_job_of_tomorrow_waits(bench: Bench) -> None:
    await bench.put(run_at=datetime.now(UTC) + timedelta(days=1))
    await bench.put(run_at=datetime.now(UTC) - timedelta(days=1))
    assert len(await bench.take()) == 1
    assert await bench.depth() == {"scheduled": 1, "running": 1, "enqueued": 2}


async def test_a_claim_counts_the_attempt_and_tells_all(bench: Bench) -> None:
    (id,) = await bench.put('{"a":1}', priority=3, max_attempts=2, trace_id="t")
    (job,) = await bench.take()
    assert (job.ticket, job.queue, job.kind) == (Ticket(id, 1, WORKER), "mail", "send")
    assert (job.priority, job.max_attempts, job.trace_id, job.alone, job.run_id) == (3, 2, "t", False, None)
    assert job.enqueued_at <= job.started_at
    assert await bench.take() == []


async def test_racing_claims_give_each_job_once(bench: Bench) -> None:
    await bench.put(*["{}"] * 200)
    batches = await asyncio.gather(*(bench.take(9, worker=UUID(int=n)) for n in range(30)))
    while len(more := await bench.take(50)):
        batches.append(more)
    ids = [job.ticket.id for batch in batches for job in batch]
    assert len(ids) == len(set(ids)) == 200


async def test_finished_is_done(bench: Bench) -> None:
    (id,) = await bench.put(unique_key="k")
    (job,) = await bench.take()
    assert list(await bench.work.finish([job.ticket], "host:1")) == []
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.state, found.worker, found.attempt, found.unique_key) == ("done", "host:1", 1, "k")
    assert found.finished_at is not None
    assert await bench.depth() == {"enqueued": 1, "finished": 1}


async def test_a_stale_ticket_changes_nothing(bench: Bench) -> None:
    (id,) = await bench.put()
    (job,) = await bench.take()
    for stale in (stranger(job.ticket), Ticket(id, 2, WORKER), Ticket(id, 0, WORKER), Ticket(id + 1, 1, WORKER)):
        assert list(await bench.work.finish([stale], "w")) == [stale]
        assert list(await bench.work.fail([failure(stale)])) == [stale]
        assert list(await bench.work.cancelled([stale], "w")) == [stale]
        assert list(await bench.work.release([stale])) == [stale]
        assert list(await bench.work.begin([stale])) == [stale]
        assert (await bench.work.beat(WORKER, [stale], 60.0, Condition(running=1))).lost == [stale]
    assert await bench.depth() == {"running": 1, "enqueued": 1}
    assert list(await bench.work.finish([job.ticket], "w")) == []
    assert (await bench.depth())["finished"] == 1


async def test_an_ended_claim_cannot_end_again(bench: Bench) -> None:
    await bench.put("1", "2")
    first, second = await bench.take()
    await bench.work.finish([first.ticket], "w")
    await bench.work.fail([failure(second.ticket)])
    assert list(await bench.work.finish([first.ticket, second.ticket], "w")) == [first.ticket, second.ticket]
    assert list(await bench.work.fail([failure(first.ticket)])) == [first.ticket]


async def test_a_failure_is_tried_again_later(bench: Bench) -> None:
    (id,) = await bench.put()
    (job,) = await bench.take()
    assert list(await bench.work.fail([failure(job.ticket, retry_in_s=3600.0)])) == []
    assert await bench.take() == []
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert found.run_at is not None
    assert (found.state, found.attempt) == ("retrying", 1)
    assert 3500 < (found.run_at - datetime.now(UTC)).total_seconds() < 3700
    assert await bench.depth() == {"retrying": 1, "enqueued": 1, "failed": 1}


async def test_a_retry_is_claimed_with_the_next_attempt(bench: Bench) -> None:
    await bench.put()
    (job,) = await bench.take()
    await bench.work.fail([failure(job.ticket)])
    (again,) = await bench.take()
    assert again.ticket == Ticket(job.ticket.id, 2, WORKER)
    assert not again.alone


async def test_the_last_attempt_dies(bench: Bench) -> None:
    await bench.put(max_attempts=2)
    for _ in range(2):
        (job,) = await bench.take()
        await bench.work.fail([failure(job.ticket)])
    assert await bench.take() == []
    assert await bench.depth() == {"dead": 1, "enqueued": 1, "failed": 2, "died": 1}
    (letter,) = (await bench.letters.page(ALL, None, 10)).items
    assert (letter.attempts, letter.max_attempts) == (2, 2)


async def test_no_retry_worth_making_dies_at_once(bench: Bench) -> None:
    (id,) = await bench.put()
    await bench.kill(*await bench.take())
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert found.state == "dead"


async def test_a_release_burns_no_attempt_and_keeps_the_place(bench: Bench) -> None:
    first, second = await bench.put("1", "2", max_attempts=1)
    claimed = await bench.take(1)
    assert list(await bench.work.release([job.ticket for job in claimed])) == []
    assert await bench.depth() == {"waiting": 2, "enqueued": 2}
    one, two = await bench.take()
    assert (one.ticket.id, two.ticket.id) == (first, second)
    assert (one.ticket.attempt, one.max_attempts) == (2, 2)
    await bench.work.fail([failure(one.ticket)])
    assert (await bench.depth())["dead"] == 1


async def test_a_released_retry_is_retrying_again(bench: Bench) -> None:
    await bench.put()
    (job,) = await bench.take()
    await bench.work.fail([failure(job.ticket)])
    (job,) = await bench.take()
    await bench.work.release([job.ticket])
    assert (await bench.depth())["retrying"] == 1


async def test_a_paused_queue_gives_nothing_until_resumed(bench: Bench) -> None:
    await bench.put()
    await bench.pause("mail")
    assert await bench.take() == []
    assert await bench.take(queues=["mail"]) == []
    await bench.resume("mail")
    assert len(await bench.take()) == 1


async def test_a_pause_that_has_ended_is_no_pause(bench: Bench) -> None:
    await bench.put()
    await bench.pause("mail", until=datetime.now(UTC) - timedelta(seconds=5))
    assert len(await bench.take()) == 1


async def test_a_beat_lengthens_leases_and_tells_what_is_asked(bench: Bench) -> None:
    await bench.work.register(WORKER, "host", 1, "1.0", ["mail"])
    await bench.put("1", "2")
    one, two = await bench.take(lease_s=0.0)
    await bench.cancel(str(two.ticket.id))
    pulse = await bench.work.beat(WORKER, [one.ticket, two.ticket], 60.0, Condition(WorkerState.STOPPING, 2))
    assert (list(pulse.lost), list(pulse.cancelled)) == ([], [two.ticket])
    assert await bench.upkeep.sweep(3) == 0
    (worker,) = await bench.source.workers()
    assert (worker.state, worker.running) == ("stopping", 2)


async def test_attempts_are_counted_anew_after_a_requeue(bench: Bench) -> None:
    await bench.put(max_attempts=2)
    (first,) = await bench.take()
    await bench.work.fail([failure(first.ticket)])
    (second,) = await bench.take()
    await bench.work.release([second.ticket])
    (again,) = await bench.take()
    assert [(job.ticket.attempt, job.tried) for job in (first, second, again)] == [(1, 1), (2, 2), (3, 2)]
    await bench.kill(again)
    (letter,) = (await bench.letters.page(ALL, None, 10)).items
    await bench.move([native(letter.id)])
    (fresh,) = await bench.take()
    assert (fresh.ticket.attempt, fresh.tried) == (4, 1)


async def test_a_cancelled_job_that_fails_is_cancelled(bench: Bench) -> None:
    (id,) = await bench.put()
    (job,) = await bench.take()
    await bench.cancel(str(id))
    await bench.work.fail([failure(job.ticket)])
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert found.state == "cancelled"
    assert await bench.depth() == {"enqueued": 1, "cancelled": 1}


async def test_a_cancelled_job_that_is_released_is_cancelled(bench: Bench) -> None:
    (id,) = await bench.put()
    (job,) = await bench.take()
    await bench.cancel(str(id))
    await bench.work.release([job.ticket])
    assert await bench.depth() == {"enqueued": 1, "cancelled": 1}


async def test_a_job_that_stopped_when_asked_is_cancelled(bench: Bench) -> None:
    (id,) = await bench.put()
    (job,) = await bench.take()
    await bench.cancel(str(id))
    assert list(await bench.work.cancelled([job.ticket], "host:1")) == []
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.state, found.worker) == ("cancelled", "host:1")


async def test_a_worker_is_there_from_registering_to_leaving(bench: Bench) -> None:
    worker = uuid4()
    await bench.work.register(worker, "host", 42, "1.0", ["mail"])
    (found,) = await bench.source.workers()
    assert (found.id, found.host, found.pid, found.queues) == (f"here:{worker}", "host", 42, ["mail"])
    assert found.state == "running"
    assert found.heartbeat_age_s is not None
    assert 0 <= found.heartbeat_age_s < 5
    await bench.work.deregister(worker)
    assert await bench.source.workers() == []


async def test_an_enqueue_is_heard_by_whoever_listens(bench: Bench) -> None:
    async with asyncio.timeout(10):
        await bench.put("1")
        await bench.work.rung()
        await bench.put("2")
        await bench.work.rung()
