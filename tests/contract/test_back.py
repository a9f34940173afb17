"""Letters come back otherwise than they were: elsewhere, later, edited; and an undo finds all of it."""

from datetime import timedelta
from typing import Any

from graveshift.driver import Move
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.jobs import JobDetail
from tests.contract.bench import ALL, Bench, native


async def job_of(bench: Bench, letter: str) -> JobDetail:
    """The job that a letter is of."""
    job = await bench.jobs.one(letter.partition("-")[2])
    assert job is not None
    return job


async def outcomes(bench: Bench, *letters: str, **back: Any) -> list[str]:
    """What became of each, asked for in this order."""
    return [verdict.outcome for verdict in await bench.move(letters, **back)]


async def letter_with(bench: Bench, payload: str, **fields: Any) -> str:
    """Native id of a fresh letter that carries this."""
    (number,) = await bench.put(payload, **fields)
    await bench.kill(*[job for job in await bench.take(1) if job.ticket.id == number])
    found = (await bench.letters.page(ALL, None, 1000)).items
    return next(native(letter.id) for letter in found if native(letter.job_id) == str(number))


async def test_a_letter_comes_back_to_another_queue_and_an_undo_finds_it_there(bench: Bench) -> None:
    (letter,) = await bench.dead()
    before = await bench.letters.one(letter)
    assert await outcomes(bench, letter, queue="slow") == ["moved"]
    assert ((await job_of(bench, letter)).queue, (await bench.depth("slow"))["waiting"]) == ("slow", 1)
    assert [v.outcome for v in await bench.recall([letter])] == ["moved"]
    assert await bench.letters.one(letter) == before
    assert "waiting" not in await bench.depth("slow")


async def test_a_letter_knows_its_earlier_lives_and_which_run_ended_each(bench: Bench) -> None:
    (first,) = await bench.dead(error_type="OSError", fingerprint="f1")
    assert (await shown(bench, first)).lives == []
    await bench.move([first], run=7)
    await bench.kill(*await bench.take(1), error_type="KeyError")
    (second,) = [native(letter.id) for letter in (await bench.letters.page(ALL, None, 10)).items]
    (life,) = (await shown(bench, second)).lives
    assert (life.run_id, life.error_type, life.fingerprint, life.by) == ("7", "OSError", "f1", None)
    assert life.died_at < life.back_at <= (await shown(bench, second)).died_at
    await bench.move([second], run=8)
    await bench.kill(*await bench.take(1))
    (third,) = [native(letter.id) for letter in (await bench.letters.page(ALL, None, 10)).items]
    assert [life.run_id for life in (await shown(bench, third)).lives] == ["7", "8"]


async def shown(bench: Bench, letter: str) -> LetterDetail:
    found = await bench.letters.one(letter)
    assert found is not None
    return found


async def test_a_key_is_looked_for_in_the_queue_that_it_comes_to(bench: Bench) -> None:
    (letter,) = await bench.dead(unique_key="k")
    await bench.put(unique_key="k", queue="slow")
    assert await outcomes(bench, letter, queue="slow") == ["conflict"]
    assert await outcomes(bench, letter) == ["moved"]


async def test_of_two_letters_with_one_key_from_two_queues_one_comes_to_the_third(bench: Bench) -> None:
    first, second = await bench.dead(unique_key="k"), await bench.dead(unique_key="k", queue="else")
    assert sorted(await outcomes(bench, *first, *second, queue="third")) == ["conflict", "moved"]


async def test_a_delay_makes_it_scheduled_and_an_undo_takes_it_back_all_the_same(bench: Bench) -> None:
    (letter,) = await bench.dead()
    before = await bench.letters.one(letter)
    assert await outcomes(bench, letter, delay_s=3600.0) == ["moved"]
    job = await job_of(bench, letter)
    assert job.state == "scheduled"
    assert job.run_at is not None
    assert before is not None
    assert timedelta(minutes=59) < job.run_at - before.died_at < timedelta(minutes=61)
    assert await bench.take() == []
    assert [v.outcome for v in await bench.recall([letter])] == ["moved"]
    assert await bench.letters.one(letter) == before


async def test_a_time_in_the_past_is_now(bench: Bench) -> None:
    (letter,) = await bench.dead()
    before = await bench.letters.one(letter)
    assert before is not None
    assert await outcomes(bench, letter, run_at=before.died_at - timedelta(days=1)) == ["moved"]
    assert (await job_of(bench, letter)).state == "waiting"
    assert len(await bench.take()) == 1


async def test_attempts_that_are_kept_are_those_that_were_left_and_at_least_one(bench: Bench) -> None:
    (spent,) = await bench.dead(max_attempts=1)
    (early,) = await bench.dead(max_attempts=5)
    assert await outcomes(bench, spent, early, keep_attempts=True) == ["moved"] * 2
    jobs = [await job_of(bench, letter) for letter in (spent, early)]
    assert [(job.attempt, job.max_attempts) for job in jobs] == [(1, 2), (1, 5)]


async def test_an_edited_letter_comes_back_with_the_new_payload_and_tells_the_old_one(bench: Bench) -> None:
    original = '{ "to":"a@b",  "n": 1.10 }'
    letter = await letter_with(bench, original)
    assert await bench.source.payloads([letter, "1-1", ""]) == {letter: original}
    assert await outcomes(bench, letter, edited={letter: '{"to": "c@d"}'}, by="ann") == ["moved"]
    job = await job_of(bench, letter)
    assert bytes(job.payload) == b'{"to": "c@d"}'
    assert [(e.run_id, e.by, bytes(e.original)) for e in job.edits] == [("7", "ann", original.encode())]
    (claimed,) = await bench.take()
    assert bytes(claimed.payload) == b'{"to": "c@d"}'
    await bench.kill(claimed)
    (again,) = (await bench.letters.page(ALL, None, 10)).items
    later = await bench.letters.one(native(again.id))
    assert later is not None
    assert (bytes(later.payload), later.edits) == (b'{"to": "c@d"}', job.edits)


async def test_an_undo_of_an_edit_brings_the_original_back_byte_for_byte(bench: Bench) -> None:
    original = '{ "to":"\\ud800\\u0000",  "n": 1.10, "n": 2e400 }'
    letter = await letter_with(bench, original)
    before = await bench.letters.one(letter)
    assert before is not None
    assert bytes(before.payload) == original.encode()
    assert await outcomes(bench, letter, edited={letter: "[]"}, by="ann") == ["moved"]
    assert [v.outcome for v in await bench.recall([letter])] == ["moved"]
    assert await bench.letters.one(letter) == before
    assert await bench.source.payloads([letter]) == {letter: original}


async def test_a_letter_that_stays_keeps_its_payload(bench: Bench) -> None:
    (letter,) = await bench.dead(unique_key="k")
    await bench.put(unique_key="k")
    assert await outcomes(bench, letter, edited={letter: "[]"}, by="ann") == ["conflict"]
    assert await bench.source.payloads([letter]) == {letter: "{}"}
    found = await bench.letters.one(letter)
    assert found is not None
    assert found.edits == []


async def test_an_edit_that_is_sent_twice_keeps_the_first_original(bench: Bench) -> None:
    (letter,) = await bench.dead()
    for _ in range(2):
        assert await outcomes(bench, letter, edited={letter: "[1]"}, by="ann") == ["moved"]
    job = await job_of(bench, letter)
    assert (bytes(job.payload), [bytes(e.original) for e in job.edits]) == (b"[1]", [b"{}"])


async def test_two_edits_are_told_oldest_first_and_one_undo_takes_back_one(bench: Bench) -> None:
    (letter,) = await bench.dead()
    await bench.move([letter], edited={letter: "[1]"}, by="ann")
    await bench.kill(*await bench.take())
    (again,) = [native(one.id) for one in (await bench.letters.page(ALL, None, 10)).items]
    await bench.move([again], run=8, edited={again: "[2]"}, by="ben")
    assert [(e.by, bytes(e.original)) for e in (await job_of(bench, again)).edits] == [("ann", b"{}"), ("ben", b"[1]")]
    assert [v.outcome for v in await bench.recall([again], run=8)] == ["moved"]
    found = await bench.letters.one(again)
    assert found is not None
    assert (bytes(found.payload), [e.by for e in found.edits]) == (b"[1]", ["ann"])


async def test_what_is_erased_from_the_trash_leaves_no_original_behind(bench: Bench) -> None:
    (letter,) = await bench.dead()
    await bench.move([letter], edited={letter: "[1]"}, by="ann")
    await bench.kill(*await bench.take())
    (again,) = [native(one.id) for one in (await bench.letters.page(ALL, None, 10)).items]
    await bench.move([again], Move.DISCARD, run=8)
    assert [v.outcome for v in await bench.erase([again], run=9)] == ["moved"]
    assert await bench.trash.one(again) is None
