"""How dead letters are found, counted, frozen and grouped."""

from datetime import timedelta

import pytest

from graveshift.driver import Count
from graveshift.errors import Invalid
from graveshift.wire.dlq import Letter
from graveshift.wire.page import Sort
from graveshift.wire.selection import Filter
from tests.contract.bench import ALL, Bench, failure, native


async def paged(bench: Bench, chosen: Filter, limit: int, sort: Sort = Sort.NEWEST) -> list[Letter]:
    """Every page, one after the other."""
    found: list[Letter] = []
    cursor: str | None = None
    while True:
        page = await bench.letters.page(chosen, cursor, limit, sort)
        found += page.items
        assert len(page.items) <= limit
        if (cursor := page.next_cursor) is None:
            return found


async def matching(bench: Bench, chosen: Filter) -> list[str]:
    """Native ids, oldest first; the page, the count and the pick must agree."""
    page = await bench.letters.page(chosen, None, 100)
    ids = [native(letter.id) for letter in reversed(page.items)]
    frozen = await bench.letters.freeze()
    assert page.total == len(ids)
    assert list(await bench.letters.pick(chosen, frozen, None, 100)) == ids
    for count in (await bench.letters.count(chosen), await bench.letters.count(chosen, frozen)):
        assert count == Count(len(ids))
    return ids


async def test_an_empty_system_has_an_empty_page(bench: Bench) -> None:
    page = await bench.letters.page(ALL, None, 10)
    assert (page.items, page.next_cursor, page.total, page.total_is_exact) == ([], None, 0, True)


async def test_a_letter_tells_what_it_died_of(bench: Bench) -> None:
    (id,) = await bench.put('{"to":17}', priority=1, max_attempts=2, trace_id="t")
    for text in ("first", "second"):
        (job,) = await bench.take()
        await bench.work.fail([failure(job.ticket, error_message=text, worker_version="2.0")])
    (listed,) = (await bench.letters.page(ALL, None, 10)).items
    assert (listed.job_id, listed.system, listed.queue, listed.kind) == (f"here:{id}", "here", "mail", "send")
    assert (listed.error_type, listed.error_message, listed.fingerprint) == ("ValueError", "second", "f1")
    assert (listed.attempts, listed.max_attempts, listed.requeue_count, listed.run_id) == (2, 2, 0, None)
    assert (listed.worker_version, listed.trace_id) == ("2.0", "t")
    detail = await bench.letters.one(native(listed.id))
    assert detail is not None
    assert detail == await bench.source.fetch(native(listed.id))
    assert bytes(detail.payload or b"") == b'{"to":17}'
    assert detail.traceback == "Traceback ..."
    assert [(tried.attempt, tried.error_message, tried.worker) for tried in detail.history] == [
        (1, "first", "host:1"),
        (2, "second", "host:1"),
    ]
    assert detail.history[-1].finished_at <= listed.died_at
    assert detail.history[0].started_at is not None


async def test_pages_are_newest_first_and_meet_each_letter_once(bench: Bench) -> None:
    ids = [native for _ in range(3) for native in await bench.dead(4)]
    for limit in (1, 5, 12, 13):
        assert [native(letter.id) for letter in await paged(bench, ALL, limit)] == ids[::-1]


async def test_letters_that_died_at_one_moment_are_all_met(bench: Bench) -> None:
    ids = await bench.dead(9)
    assert len({letter.died_at for letter in (await bench.letters.page(ALL, None, 9)).items}) == 1
    assert [native(letter.id) for letter in await paged(bench, ALL, 2)] == ids[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "WzFd", "WyJhIiwxXQ", "WzEsLTFd", "\0", "é", "9" * 999])
async def test_a_cursor_that_is_not_ours_is_refused(bench: Bench, cursor: str) -> None:
    with pytest.raises(Invalid):
        await bench.letters.page(ALL, cursor, 10)
    with pytest.raises(Invalid):
        await bench.letters.groups(ALL, "WyJhIl0", 10)


@pytest.mark.parametrize("chosen", [ALL, Filter(queue="mail"), Filter(text="refused")])
async def test_a_list_is_the_same_from_either_end(bench: Bench, chosen: Filter) -> None:
    await bench.dead(3, queue="other")
    await bench.dead(7, error_message="connection refused")
    newest = [letter.id for letter in await paged(bench, chosen, 3)]
    oldest = [letter.id for letter in await paged(bench, chosen, 2, Sort.OLDEST)]
    assert oldest == newest[::-1]
    assert len(oldest) == (10 if chosen == ALL else 7)


async def test_a_place_in_a_list_leads_either_way(bench: Bench) -> None:
    await bench.dead(5)
    ids = [letter.id for letter in await paged(bench, ALL, 9)]
    cursor = (await bench.letters.page(ALL, None, 2)).next_cursor
    on = await bench.letters.page(ALL, cursor, 9)
    back = await bench.letters.page(ALL, cursor, 9, Sort.OLDEST)
    assert [letter.id for letter in on.items] == ids[2:]
    assert [letter.id for letter in back.items] == ids[:1]


async def test_each_filter_finds_its_letters(bench: Bench) -> None:
    (a,) = await bench.dead(queue="a", error_type="KeyError", fingerprint="f2", error_message="user 17 has no mail")
    (b,) = await bench.dead(kind="other", error_message="Connection refused by smtp")
    (c,) = await bench.dead(queue="a")
    await bench.move([c], run=5)
    await bench.kill(*await bench.take())
    page = await bench.letters.page(ALL, None, 10)
    c, died_at = native(page.items[0].id), {native(x.id): x.died_at for x in page.items}
    for chosen, found in (
        (Filter(queue="a"), [a, c]),
        (Filter(queue="a", kind="send"), [a, c]),
        (Filter(kind="other"), [b]),
        (Filter(fingerprint="f2"), [a]),
        (Filter(queue="mail", kind="other", fingerprint="f1"), [b]),
        (Filter(error_type="KeyError"), [a]),
        (Filter(run_id="5"), [c]),
        (Filter(run_id="no number"), []),
        (Filter(run_id="9" * 99), []),
        (Filter(text="refused connection"), [b]),
        (Filter(text="CONNECTION"), [b]),
        (Filter(text="nothing", queue="a"), []),
        (Filter(text="mail", queue="a"), [a]),
        (Filter(text="'; --"), []),
        (Filter(system="here"), [a, b, c]),
        (Filter(system="elsewhere"), []),
        (Filter(system="elsewhere", queue="a"), []),
        (Filter(died_after=died_at[a]), [b, c]),
        (Filter(died_before=died_at[c]), [a, b]),
        (Filter(died_after=died_at[a] - timedelta(days=400), died_before=died_at[b]), [a]),
        (Filter(queue="nowhere"), []),
        (Filter(fingerprint="unheard of"), []),
    ):
        assert await matching(bench, chosen) == found, chosen
    await bench.upkeep.roll_up()
    assert await matching(bench, Filter(queue="a", kind="send")) == [a, c]


async def test_a_pick_goes_on_after_a_letter_even_when_that_has_left(bench: Bench) -> None:
    ids = await bench.dead(5)
    frozen = await bench.letters.freeze()
    assert list(await bench.letters.pick(ALL, frozen, None, 2)) == ids[:2]
    await bench.move(ids[:2])
    assert list(await bench.letters.pick(ALL, frozen, ids[1], 2)) == ids[2:4]
    assert list(await bench.letters.pick(ALL, frozen, ids[4], 2)) == []
    with pytest.raises(Invalid):
        await bench.letters.pick(ALL, frozen, "x", 2)


async def test_frozen_is_frozen(bench: Bench) -> None:
    old = await bench.dead(2)
    frozen = await bench.letters.freeze()
    assert await bench.letters.arrived(ALL, frozen) == Count(0)
    new = await bench.dead(3, error_message="late comers")
    assert list(await bench.letters.pick(ALL, frozen, None, 10)) == old
    for chosen, before, since in ((ALL, 2, 3), (Filter(error_type="ValueError"), 2, 3), (Filter(text="late"), 0, 3)):
        assert await bench.letters.count(chosen, frozen) == Count(before)
        assert await bench.letters.arrived(chosen, frozen) == Count(since)
    await bench.move([old[0], new[0]])
    assert await bench.letters.count(ALL, frozen) == Count(1)
    assert await bench.letters.arrived(ALL, frozen) == Count(2)


async def test_a_job_that_dies_again_is_new(bench: Bench) -> None:
    (first,) = await bench.dead()
    frozen = await bench.letters.freeze()
    await bench.move([first])
    await bench.kill(*await bench.take())
    assert list(await bench.letters.pick(ALL, frozen, None, 10)) == []
    (again,) = (await bench.letters.page(ALL, None, 10)).items
    assert (native(again.id) != first, again.job_id, again.requeue_count, again.run_id) == (
        True,
        f"here:{first.partition('-')[2]}",
        1,
        "7",
    )
    detail = await bench.letters.one(native(again.id))
    assert detail is not None
    assert [tried.attempt for tried in detail.history] == [1, 2]


async def test_hostile_texts_come_back_readable(bench: Bench) -> None:
    (letter,) = await bench.dead(error_message="a\0b \ud800 [/red] \x1b]52;", error_type="E\0", traceback="t\0\udfff")
    detail = await bench.letters.one(letter)
    assert detail is not None
    assert detail.error_message == "a\\x00b \ufffd [/red] \x1b]52;"
    assert (detail.error_type, detail.traceback) == ("E\\x00", "t\\x00\ufffd")


async def test_failures_of_every_cause_are_added_up(bench: Bench) -> None:
    assert getattr(await bench.letters.failing(), "trend", None) == [0] * 60
    await bench.put(*"12345", max_attempts=2)
    for n, job in enumerate(await bench.take()):
        await bench.work.fail([failure(job.ticket, fingerprint=f"f{n}", retry_in_s=None if n else 60.0)])
    for _ in range(2):
        pace = await bench.letters.failing()
        assert pace is not None
        assert pace.per_min == 5
        assert (len(pace.trend), sum(pace.trend[-2:])) == (60, 5)
        assert (len(pace.came), sum(pace.came[-2:])) == (60, 5)
        await bench.upkeep.roll_up()


async def test_a_group_counts_dead_and_retrying_of_one_cause(bench: Bench) -> None:
    await bench.put("1", "2", "3", max_attempts=2)
    one, two, three = await bench.take()
    await bench.kill(one)
    await bench.work.fail([failure(two.ticket, retry_in_s=60.0), failure(three.ticket, fingerprint="f2")])
    first, second = (await bench.letters.groups(ALL, None, 10)).items
    assert (first.id, first.fingerprint, first.dead, first.retrying) == ("here:mail%2Fsend%2Ff1", "f1", 1, 1)
    assert (second.fingerprint, second.dead, second.retrying) == ("f2", 0, 1)
    assert (first.system, first.queue, first.kind, first.error_type) == ("here", "mail", "send", "ValueError")
    assert first.message == "no such address: <n>"
    assert first.per_min == 2
    assert first.trend is not None
    assert (len(first.trend), sum(first.trend[-2:]), sum(first.trend)) == (30, 2, 2)
    assert first.first_seen is not None
    assert first.last_seen is not None
    assert first.first_seen <= first.last_seen
    again = await bench.letters.group(native(first.id))
    assert again is not None
    assert (again.id, again.dead, again.retrying) == (first.id, 1, 1)


async def test_the_fastest_growing_group_is_first_then_the_largest(bench: Bench) -> None:
    for name, n in (("f1", 2), ("f2", 5), ("f3", 3)):
        await bench.dead(n, fingerprint=name)
    (retried,) = await bench.dead(1, fingerprint="f4")
    for _ in range(2):
        page = await bench.letters.groups(ALL, None, 10)
        assert [group.fingerprint for group in page.items] == ["f2", "f3", "f1", "f4"]
        assert page.total == 4
        await bench.upkeep.roll_up()
    await bench.move([retried])
    page = await bench.letters.groups(ALL, None, 2)
    assert [group.fingerprint for group in page.items] == ["f2", "f3"]
    page = await bench.letters.groups(ALL, page.next_cursor, 2)
    assert ([group.fingerprint for group in page.items], page.next_cursor) == (["f1"], None)


async def test_a_group_without_jobs_is_not_listed_but_still_known(bench: Bench) -> None:
    (letter,) = await bench.dead()
    (group,) = (await bench.letters.groups(ALL, None, 10)).items
    await bench.move([letter])
    assert (await bench.letters.groups(ALL, None, 10)).items == []
    found = await bench.letters.group(native(group.id))
    assert found is not None
    assert (found.dead, found.retrying, found.died_again) == (0, 0, 0)


async def test_a_group_remembers_that_requeued_jobs_died_again(bench: Bench) -> None:
    (letter,) = await bench.dead()
    (before,) = (await bench.letters.groups(ALL, None, 10)).items
    await bench.upkeep.roll_up()
    await bench.move([letter])
    await bench.kill(*await bench.take(), error_message="no such street: 9")
    for _ in range(2):
        (group,) = (await bench.letters.groups(ALL, None, 10)).items
        assert (group.dead, group.died_again, group.first_seen) == (1, 1, before.first_seen)
        assert group.message == "no such street: <n>"
        assert group.last_seen is not None
        assert before.last_seen is not None
        assert group.last_seen > before.last_seen
        await bench.upkeep.roll_up()


async def test_groups_are_filtered(bench: Bench) -> None:
    await bench.dead(queue="a", fingerprint="f2", error_type="KeyError")
    await bench.dead(kind="other", error_message="Connection refused")
    for chosen, found in (
        (Filter(queue="a"), ["f2"]),
        (Filter(kind="other"), ["f1"]),
        (Filter(fingerprint="f2"), ["f2"]),
        (Filter(error_type="KeyError"), ["f2"]),
        (Filter(text="connection"), ["f1"]),
        (Filter(system="elsewhere"), []),
    ):
        page = await bench.letters.groups(chosen, None, 10)
        assert ([group.fingerprint for group in page.items], page.total) == (found, len(found)), chosen


async def test_a_group_knows_the_worker_versions_of_its_first_and_of_its_last_failure(bench: Bench) -> None:
    said = (("", None, None), ("v1", "v1", "v1"), ("v3", "v1", "v3"), ("v2", "v1", "v2"), ("", "v1", "v2"))
    await bench.put(*["{}"] * len(said))
    for step, (version, first, last) in enumerate(said):
        (job,) = await bench.take(1)
        await bench.work.fail([failure(job.ticket, worker_version=version, retry_in_s=60.0)])
        if step % 2:
            await bench.upkeep.roll_up()
        (group,) = (await bench.letters.groups(ALL, None, 10)).items
        again = await bench.letters.group(native(group.id))
        assert again is not None
        for one in (group, again):
            assert (one.first_version, one.last_version) == (first, last), version
