"""What is discarded lies in the trash as it was, until it is restored, erased or past keeping."""

from typing import Any

from msgspec.structs import asdict

from graveshift.driver import Can, Count, Fates, Move
from graveshift.wire.selection import Filter
from tests.contract.bench import ALL, Bench, native

HOSTILE = '{"a":"\\u0000","b":[1, 2]}'


async def trashed(bench: Bench, n: int = 1, run: int = 7, **fields: Any) -> list[str]:
    """Native ids of fresh letters that run `run` discarded."""
    letters = await bench.dead(n, **fields)
    assert {v.outcome for v in await bench.move(letters, Move.DISCARD, run)} == {"moved"}
    return letters


async def outcomes(bench: Bench, letters: list[str], run: int = 8, of_run: int | None = None) -> list[str]:
    return [str(verdict.outcome) for verdict in await bench.restore(letters, run, of_run)]


async def shown(bench: Bench, chosen: Filter = ALL) -> list[str]:
    return [native(letter.id) for letter in (await bench.trash.page(chosen, None, 100)).items]


async def test_it_has_a_trash(bench: Bench) -> None:
    assert Can.TRASH in bench.source.can
    assert bench.trash.system == "here"


async def test_a_restored_letter_is_the_letter_it_was(bench: Bench) -> None:
    await bench.put(HOSTILE, max_attempts=2, unique_key="k", trace_id="t")
    (job,) = await bench.take()
    await bench.kill(job, error_message="no such file: \x00", fingerprint="f7")
    (letter,) = (await bench.letters.page(ALL, None, 1)).items
    before = await bench.letters.one(native(letter.id))
    groups = (await bench.letters.groups(ALL, None, 9)).items
    await bench.move([native(letter.id)], Move.DISCARD)
    assert await bench.letters.one(native(letter.id)) is None
    assert await outcomes(bench, [native(letter.id)]) == ["moved"]
    after = await bench.letters.one(native(letter.id))
    assert before is not None
    assert after is not None
    assert {**asdict(after), "payload": bytes(after.payload)} == {**asdict(before), "payload": bytes(before.payload)}
    assert bytes(after.payload) == HOSTILE.encode()
    assert (await bench.letters.groups(ALL, None, 9)).items == groups
    await bench.upkeep.roll_up()
    assert (await bench.letters.groups(ALL, None, 9)).items == groups


async def test_discard_restore_and_requeue_give_the_job_with_its_payload_back(bench: Bench) -> None:
    await bench.put(HOSTILE)
    await bench.kill(*await bench.take())
    (letter,) = [native(letter.id) for letter in (await bench.letters.page(ALL, None, 1)).items]
    await bench.move([letter], Move.DISCARD)
    assert await bench.depth() == {"enqueued": 1, "failed": 1, "died": 1}
    await outcomes(bench, [letter])
    assert await bench.depth() == {"dead": 1, "enqueued": 1, "failed": 1, "died": 1}
    await bench.move([letter], run=9)
    (job,) = await bench.take()
    assert (letter.partition("-")[2], bytes(job.payload)) == (str(job.ticket.id), HOSTILE.encode())
    assert not await bench.work.finish([job.ticket], "w")


async def test_what_is_not_in_the_trash_cannot_be_restored(bench: Bench) -> None:
    (here,) = await bench.dead()
    (letter,) = await trashed(bench)
    assert await outcomes(bench, [here, "x", "1-1", "9" * 40 + "-1"]) == ["gone"] * 4
    assert await outcomes(bench, [letter]) == ["moved"]
    await bench.move([letter], run=9)
    assert await outcomes(bench, [letter], run=10) == ["gone"]
    assert (await bench.depth())["waiting"] == 1


async def test_only_the_named_runs_discards_come_back(bench: Bench) -> None:
    (first,) = await trashed(bench, run=7)
    (second,) = await trashed(bench, run=9)
    assert await bench.source.fates(7) == Fates(0, 0, 0, 0, 1)
    assert await outcomes(bench, [first, second], of_run=7) == ["moved", "gone"]
    assert await shown(bench) == [second]
    assert await bench.source.fates(7) == Fates(0, 0, 0, 0, 0)


async def test_the_trash_is_shown_newest_first_page_by_page(bench: Bench) -> None:
    letters = [(await trashed(bench, run=run, queue="mail" if run % 2 else "post"))[0] for run in range(1, 6)]
    page = await bench.trash.page(ALL, None, 2)
    found = page.items
    assert (page.total, page.total_is_exact) == (5, True)
    while page.next_cursor:
        page = await bench.trash.page(ALL, page.next_cursor, 2)
        found += page.items
    assert [native(letter.id) for letter in found] == letters[::-1]
    assert [letter.discarded_by for letter in found] == ["5", "4", "3", "2", "1"]
    assert all(letter.discarded_at >= letter.died_at for letter in found)
    assert await shown(bench, Filter(queue="post")) == [letters[3], letters[1]]
    assert await shown(bench, Filter(run_id="3")) == [letters[2]]
    assert await shown(bench, Filter(system="elsewhere")) == []
    assert await shown(bench, Filter(run_id="x")) == []
    one = await bench.trash.one(letters[0])
    assert one is not None
    assert (one.discarded_by, bytes(one.payload), len(one.history)) == ("1", b"{}", 1)
    assert [await bench.trash.one(text) for text in ("", "x", "1-1")] == [None] * 3
    assert await bench.trash.standing([letters[0], "1-1", "x"]) == [letters[0]]


async def test_a_frozen_trash_holds_what_was_there(bench: Bench) -> None:
    letters = await trashed(bench, 3)
    frozen = await bench.trash.freeze()
    (late,) = await trashed(bench)
    assert await bench.trash.count(ALL, frozen) == Count(3)
    assert await bench.trash.arrived(ALL, frozen) == Count(1)
    picked: list[str] = []
    while chunk := await bench.trash.pick(ALL, frozen, picked[-1] if picked else None, 2):
        picked += chunk
    assert sorted(picked) == sorted(letters)
    await outcomes(bench, [letters[0]])
    again = await bench.letters.freeze()
    assert await bench.letters.count(ALL, again) == Count(1)
    assert await bench.trash.count(Filter(fingerprint="f1")) == Count(3)
    assert late in await shown(bench)


async def test_a_restored_letter_is_new_to_a_selection_frozen_before(bench: Bench) -> None:
    (letter,) = await trashed(bench)
    frozen = await bench.letters.freeze()
    await outcomes(bench, [letter])
    assert await bench.letters.count(ALL, frozen) == Count(0)
    assert await bench.letters.pick(ALL, frozen, None, 9) == []


async def test_what_is_erased_never_comes_back(bench: Bench) -> None:
    letters = await trashed(bench, 2)
    assert [v.outcome for v in await bench.erase([*letters, "x"])] == ["moved", "moved", "gone"]
    assert await outcomes(bench, letters, run=10) == ["gone", "gone"]
    assert await shown(bench) == []
