"""What a system with every ability promises: queues, moves, recalls, pauses and cancellations."""

from datetime import UTC, datetime, timedelta

import pytest

from graveshift.driver import Can, Move
from tests.contract.bench import WORKER, Bench, failure, native


async def test_it_can_do_everything(bench: Bench) -> None:
    assert {Can.REQUEUE, Can.RECALL, Can.DISCARD, Can.PAUSE, Can.CANCEL, Can.WORKERS} <= bench.source.can
    assert bench.source.system == bench.letters.system == bench.jobs.system == "here"


async def test_a_queue_is_seen_with_its_first_job(bench: Bench) -> None:
    assert list(await bench.source.queues()) == []
    assert await bench.source.queue("mail") is None
    await bench.put()
    (found,) = await bench.source.queues()
    assert (found.id, found.system, found.name) == ("here:mail", "here", "mail")


async def test_a_queue_counts_each_state(bench: Bench) -> None:
    await bench.dead(2)
    await bench.put("1", "2", "3")
    await bench.put(run_at=datetime.now(UTC) + timedelta(days=1))
    await bench.take(1)
    found = await bench.source.queue("mail")
    assert found is not None
    assert (found.waiting, found.scheduled, found.retrying, found.running, found.dead) == (2, 1, 0, 1, 2)


async def test_rates_speak_of_what_just_happened(bench: Bench) -> None:
    await bench.put(*["{}"] * 60)
    await bench.work.finish([job.ticket for job in await bench.take(30)], "w")
    await bench.kill(*await bench.take(6))
    for _ in range(2):
        found = await bench.source.queue("mail")
        assert found is not None
        assert found.in_per_s is not None
        assert found.out_per_s is not None
        assert found.dead_per_min is not None
        assert 60 / 36 <= found.in_per_s <= 60 / 29
        assert 30 / 36 <= found.out_per_s <= 30 / 29
        assert 6 * 60 / 36 <= found.dead_per_min <= 6 * 60 / 29
        await bench.upkeep.roll_up()


async def test_what_is_requeued_is_no_arrival(bench: Bench) -> None:
    await bench.move(await bench.dead(20))
    for _ in range(2):
        found = await bench.source.queue("mail")
        assert found is not None
        assert found.in_per_s is not None
        assert 20 / 36 <= found.in_per_s <= 20 / 29
        await bench.upkeep.roll_up()


async def test_a_queue_knows_its_workers(bench: Bench) -> None:
    await bench.put()
    await bench.put(queue="else")
    await bench.work.register(WORKER, "host", 1, "1.0", ["mail"])
    assert [(q.name, q.workers) for q in await bench.source.queues()] == [("else", 0), ("mail", 1)]


async def test_ids_that_mean_nothing_are_not_there(bench: Bench) -> None:
    await bench.put()
    for text in ("", "x/y", "a\0b", "\ud800", "é", "'; --", "9" * 400):
        assert await bench.source.queue(text) is None
        assert await bench.source.fetch(text) is None
        assert await bench.letters.one(text) is None
        assert await bench.letters.group(text) is None
        assert await bench.jobs.one(text) is None
    assert await bench.jobs.one("01") is None
    assert await bench.letters.one("1-1") is None
    outcomes = [verdict.outcome for verdict in await bench.move(["", "x", "1-1", "-1-1", "9" * 40 + "-1"])]
    assert outcomes == ["gone"] * 5
    assert [verdict.outcome for verdict in await bench.cancel("x", "0", "9" * 40)] == ["gone"] * 3


async def test_a_requeued_letter_is_its_job_again(bench: Bench) -> None:
    (letter,) = await bench.dead(max_attempts=3, priority=4, unique_key="k", trace_id="t")
    before = await bench.letters.one(letter)
    (verdict,) = await bench.move([letter])
    assert before is not None
    assert (verdict.id, verdict.outcome, verdict.job_id) == (f"here:{letter}", "moved", before.job_id)
    assert await bench.letters.one(letter) is None
    job = await bench.jobs.one(native(before.job_id))
    assert job is not None
    assert (job.state, job.attempt, job.max_attempts, job.requeue_count, job.run_id) == ("waiting", 1, 4, 1, "7")
    assert (job.priority, job.unique_key, job.trace_id, job.enqueued_at) == (4, "k", "t", before.enqueued_at)


async def test_a_requeued_job_goes_behind_live_traffic(bench: Bench) -> None:
    (letter,) = await bench.dead()
    (live,) = await bench.put()
    await bench.move([letter])
    first, second = await bench.take()
    assert first.ticket.id == live
    assert (second.ticket.attempt, second.run_id) == (2, 7)


async def test_a_key_that_a_live_job_holds_is_a_conflict_and_the_letter_stays(bench: Bench) -> None:
    (letter,) = await bench.dead(unique_key="k")
    await bench.put(unique_key="k")
    (verdict,) = await bench.move([letter])
    assert verdict.outcome == "conflict"
    assert verdict.detail
    assert await bench.letters.one(letter) is not None
    assert await bench.depth() == {"dead": 1, "waiting": 1, "enqueued": 2, "failed": 1, "died": 1}


async def test_of_two_letters_with_one_key_one_moves(bench: Bench) -> None:
    first = await bench.dead(unique_key="k")
    second = await bench.dead(unique_key="k")
    outcomes = sorted(verdict.outcome for verdict in await bench.move([*first, *second]))
    assert outcomes == ["conflict", "moved"]


async def test_what_this_run_moved_is_moved_again_and_what_another_moved_is_gone(bench: Bench) -> None:
    (letter,) = await bench.dead()
    for _ in range(2):
        assert [(v.outcome, bool(v.job_id)) for v in await bench.move([letter], run=7)] == [("moved", True)]
    assert [v.outcome for v in await bench.move([letter], run=8)] == ["gone"]
    assert [v.outcome for v in await bench.move([letter], Move.DISCARD, run=7)] == ["gone"]
    assert (await bench.depth())["requeued"] == 1


async def test_a_discarded_letter_is_no_letter_any_more(bench: Bench) -> None:
    letters = await bench.dead(2)
    for _ in range(2):
        assert [v.outcome for v in await bench.move(letters[:1], Move.DISCARD)] == ["moved"]
    assert [v.outcome for v in await bench.move(letters, Move.REQUEUE)] == ["gone", "moved"]
    assert await bench.depth() == {"waiting": 1, "enqueued": 2, "failed": 2, "died": 2, "requeued": 1}


async def test_a_key_is_free_when_its_letter_was_discarded(bench: Bench) -> None:
    (letter,) = await bench.dead(unique_key="k")
    await bench.move([letter], Move.DISCARD)
    (id,) = await bench.put(unique_key="k")
    assert [job.ticket.id for job in await bench.take()] == [id]


async def test_a_recalled_letter_is_what_it_was(bench: Bench) -> None:
    (letter,) = await bench.dead()
    before = await bench.letters.one(letter)
    await bench.move([letter])
    assert [v.outcome for v in await bench.recall([letter])] == ["moved"]
    assert await bench.letters.one(letter) == before
    assert await bench.take() == []
    assert [v.outcome for v in await bench.recall([letter])] == ["gone"]
    assert [v.outcome for v in await bench.move([letter], run=8)] == ["moved"]


async def test_what_a_worker_has_started_is_not_recalled(bench: Bench) -> None:
    letters = await bench.dead(4)
    await bench.move(letters)
    running, released, died = await bench.take(3)
    await bench.work.release([released.ticket])
    await bench.kill(died)
    verdicts = await bench.recall(letters)
    assert [v.outcome for v in verdicts] == ["gone", "gone", "gone", "moved"]
    assert {v.detail for v in verdicts[:3]} == {"already started"}
    assert list(await bench.work.finish([running.ticket], "w")) == []


async def test_another_runs_requeue_is_not_recalled(bench: Bench) -> None:
    (letter,) = await bench.dead()
    await bench.move([letter], run=7)
    assert [v.outcome for v in await bench.recall([letter], run=8)] == ["gone"]
    await bench.move(await bench.dead(), Move.DISCARD, run=9)
    assert [v.outcome for v in await bench.recall([letter], run=9)] == ["gone"]


async def test_what_is_tried_again_is_told_apart_from_what_no_worker_has_started(bench: Bench) -> None:
    letters = await bench.dead(3)
    await bench.move(letters)
    (tried,) = await bench.take(1)
    await bench.work.fail([failure(tried.ticket, retry_in_s=60.0)])
    fates = await bench.source.fates(7)
    assert fates is not None
    assert (fates.waiting, fates.retrying, fates.running) == (2, 1, 0)
    assert sorted(v.outcome for v in await bench.recall(letters)) == ["gone", "moved", "moved"]


async def test_fates_tell_what_became_of_a_runs_jobs(bench: Bench) -> None:
    letters = await bench.dead(4)
    await bench.move(letters)
    _, finished, died = await bench.take(3)
    await bench.work.finish([finished.ticket], "w")
    await bench.kill(died)
    fates = await bench.source.fates(7)
    assert fates is not None
    assert (fates.waiting, fates.running, fates.done, fates.dead) == (1, 1, 1, 1)
    told = (await bench.trials.became([7]))[7]
    assert (told.waiting, told.done, told.died) == (2, 1, 1), "the run says the same, and that two have not ended"
    fates = await bench.source.fates(8)
    assert fates is not None
    assert (fates.waiting, fates.running, fates.done, fates.dead) == (0, 0, 0, 0)


async def test_a_pause_tells_who_why_and_until_when(bench: Bench) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    await bench.pause("mail", until, "too\0many")
    found = await bench.source.queue("mail")
    assert found is not None
    assert (found.paused, found.paused_until, found.paused_by) == (True, until, "ann")
    assert found.paused_reason
    assert found.paused_at is not None
    assert "\0" not in found.paused_reason
    for _ in range(2):
        await bench.resume("mail")
        found = await bench.source.queue("mail")
        assert found is not None
        assert (found.paused, found.paused_until, found.paused_by, found.paused_reason) == (False, None, None, None)
        assert found.paused_at is None
    await bench.resume("never.heard.of")


async def test_a_pause_in_the_past_is_none(bench: Bench) -> None:
    await bench.pause("mail", datetime.now(UTC) - timedelta(seconds=9), "why")
    for _ in range(2):
        found = await bench.source.queue("mail")
        assert found is not None
        assert (found.paused, found.paused_reason) == (False, None)
        await bench.upkeep.sweep(3)


async def test_pausing_again_replaces_the_pause(bench: Bench) -> None:
    await bench.pause("mail", datetime.now(UTC) + timedelta(seconds=9), "why")
    await bench.pause("mail")
    found = await bench.source.queue("mail")
    assert found is not None
    assert (found.paused, found.paused_until, found.paused_reason) == (True, None, None)


@pytest.mark.parametrize("at", [None, datetime(2999, 1, 1, tzinfo=UTC)])
async def test_an_unstarted_job_is_cancelled_at_once(bench: Bench, at: datetime | None) -> None:
    (id,) = await bench.put(run_at=at, unique_key="k")
    for _ in range(2):
        assert [v.outcome for v in await bench.cancel(str(id))] == ["moved"]
    assert [v.outcome for v in await bench.cancel(str(id), run=10)] == ["gone"]
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.state, found.run_id) == ("cancelled", "9")
    assert await bench.depth() == {"enqueued": 1, "cancelled": 1}
    assert await bench.put(unique_key="k") != [id]


async def test_a_running_job_is_asked_to_stop(bench: Bench) -> None:
    (id,) = await bench.put()
    await bench.take()
    (verdict,) = await bench.cancel(str(id))
    assert verdict.outcome == "moved"
    assert verdict.detail == "running: asked to stop"
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.state, found.cancel_requested) == ("running", True)


async def test_what_has_ended_cannot_be_cancelled(bench: Bench) -> None:
    (dead,) = await bench.dead()
    (id,) = await bench.put()
    await bench.work.finish([job.ticket for job in await bench.take()], "w")
    verdicts = await bench.cancel(str(id), dead.partition("-")[2], str(id + 1))
    assert [verdict.outcome for verdict in verdicts] == ["gone"] * 3


async def test_it_says_which_letters_still_stand(bench: Bench) -> None:
    letters = await bench.dead(3)
    await bench.move(letters[:1])
    assert list(await bench.source.standing([*letters, "x", "1-1"])) == letters[1:]


async def test_there_is_nothing_to_scan(bench: Bench) -> None:
    await bench.dead()
    scan = await bench.source.scan(None, 10)
    assert (list(scan.letters), scan.more) == ([], False)
