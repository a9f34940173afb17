"""How jobs are found, live and ended."""

from datetime import UTC, datetime, timedelta

import pytest

from graveshift.driver import Count
from graveshift.errors import Invalid
from graveshift.wire.page import Sort
from graveshift.wire.selection import Filter
from tests.contract.bench import ALL, WORKER, Bench, failure, native


async def one_of_each(bench: Bench) -> dict[str, str]:
    """A job in every state, by state."""
    names = ("done", "dead", "cancelled", "retrying", "running")
    ids = await bench.put(*["{}"] * 5)
    done, dead, cancelled, retrying, _ = await bench.take()
    await bench.work.finish([done.ticket], "host:1")
    await bench.kill(dead)
    await bench.work.cancelled([cancelled.ticket], "host:1")
    await bench.work.fail([failure(retrying.ticket, retry_in_s=60.0)])
    (waiting,) = await bench.put()
    (scheduled,) = await bench.put(run_at=datetime.now(UTC) + timedelta(days=1))
    return dict(zip((*names, "waiting", "scheduled"), map(str, (*ids, waiting, scheduled)), strict=True))


async def test_a_page_holds_every_state_newest_first(bench: Bench) -> None:
    ids = await one_of_each(bench)
    page = await bench.jobs.page(ALL, None, 100)
    assert {job.state: native(job.id) for job in page.items} == ids
    assert [native(job.id) for job in page.items] == sorted(ids.values(), key=int, reverse=True)
    assert (page.total, page.next_cursor) == (None, None)


async def test_pages_meet_each_job_once(bench: Bench) -> None:
    ids = await one_of_each(bench)
    for limit in (1, 3, 7):
        found, cursor = [], None
        while True:
            page = await bench.jobs.page(ALL, cursor, limit)
            found += [native(job.id) for job in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert found == sorted(ids.values(), key=int, reverse=True)


async def test_the_oldest_jobs_come_first_where_that_is_asked_for(bench: Bench) -> None:
    made = [f"here:{id}" for id in await bench.put(*["{}"] * 5)]
    found: list[str] = []
    cursor = None
    while True:
        page = await bench.jobs.page(ALL, cursor, 2, Sort.OLDEST)
        found += [job.id for job in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert found == made
    second = (await bench.jobs.page(ALL, None, 2, Sort.OLDEST)).next_cursor
    assert [job.id for job in (await bench.jobs.page(ALL, second, 9)).items] == made[:1]


async def test_each_filter_finds_its_jobs(bench: Bench) -> None:
    ids = await one_of_each(bench)
    (other,) = await bench.put(queue="a", kind="other")
    (letter,) = await bench.dead(queue="b")
    await bench.move([letter], run=5)
    for state, id in ids.items():
        if state != "waiting":
            page = await bench.jobs.page(Filter(state=state), None, 10)
            assert [native(job.id) for job in page.items] == [id], state
    for chosen, found in (
        (Filter(queue="a"), [str(other)]),
        (Filter(kind="other"), [str(other)]),
        (Filter(run_id="5"), [letter.partition("-")[2]]),
        (Filter(run_id="x"), []),
        (Filter(state="unheard of"), []),
        (Filter(system="elsewhere"), []),
        (Filter(state="waiting", queue="mail"), [ids["waiting"]]),
    ):
        assert [native(job.id) for job in (await bench.jobs.page(chosen, None, 10)).items] == found, chosen
    assert (await bench.jobs.page(Filter(state="waiting"), None, 1)).total == 3


@pytest.mark.parametrize("cursor", ["", "x", "WzEsMV0", "WyJhIl0", "\0"])
async def test_a_cursor_that_is_not_ours_is_refused(bench: Bench, cursor: str) -> None:
    with pytest.raises(Invalid):
        await bench.jobs.page(ALL, cursor, 10)


async def test_a_job_is_told_in_full(bench: Bench) -> None:
    await bench.work.register(WORKER, "host", 42, "1.0", [])
    (id,) = await bench.put('{"a":1}', priority=2, unique_key="k", trace_id="t", max_attempts=4)
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.id, found.system, found.queue, found.kind) == (f"here:{id}", "here", "mail", "send")
    assert (found.state, found.priority, found.attempt, found.max_attempts) == ("waiting", 2, 0, 4)
    assert (found.unique_key, found.trace_id, found.requeue_count, found.worker) == ("k", "t", 0, None)
    assert bytes(found.payload or b"") == b'{"a":1}'
    assert found.run_at == found.enqueued_at
    await bench.take()
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.state, found.worker, found.attempt) == ("running", "host:42", 1)
    assert found.started_at is not None
    assert (await bench.jobs.page(ALL, None, 1)).items[0].worker == "host:42"


async def test_counts_and_picks_are_of_live_jobs(bench: Bench) -> None:
    ids = await one_of_each(bench)
    live = [ids[state] for state in ("retrying", "running", "waiting", "scheduled")]
    frozen = await bench.jobs.freeze()
    (late,) = await bench.put()
    assert await bench.jobs.count(ALL) == Count(5)
    assert await bench.jobs.count(ALL, frozen) == Count(4)
    assert await bench.jobs.arrived(ALL, frozen) == Count(1)
    assert await bench.jobs.count(Filter(state="waiting")) == Count(2)
    assert await bench.jobs.count(Filter(state="waiting"), frozen) == Count(1)
    assert await bench.jobs.count(Filter(state="dead")) == Count(0)
    assert await bench.jobs.count(Filter(kind="send", queue="mail")) == Count(5)
    assert await bench.jobs.count(Filter(system="elsewhere")) == Count(0)
    assert list(await bench.jobs.pick(ALL, frozen, None, 10)) == live
    assert list(await bench.jobs.pick(ALL, frozen, live[1], 1)) == [live[2]]
    assert list(await bench.jobs.pick(Filter(state="retrying"), frozen, None, 10)) == [ids["retrying"]]
    assert str(late) not in live
    with pytest.raises(Invalid):
        await bench.jobs.pick(ALL, frozen, "x", 1)


async def test_retries_have_a_place_among_the_live(bench: Bench) -> None:
    (id,) = await bench.put()
    for _ in range(3):
        (job,) = await bench.take()
        await bench.work.fail([failure(job.ticket)])
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.state, found.attempt) == ("retrying", 3)
