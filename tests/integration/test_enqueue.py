"""What producers promise: jobs arrive as they were sent, all or none, from coroutines, threads and forked children."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Raw
from sqlalchemy import make_url

import graveshift
from graveshift.errors import DatabaseBehind, DatabaseUnavailable, Invalid, SettingsError
from tests.waiting import until
from tests.workshop import Workshop


@pytest.fixture
async def shop(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workshop]:
    monkeypatch.setenv("GRAVESHIFT_DATABASE_URL", database)
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def _payload(shop: Workshop, job: int) -> str:
    return str(await shop.value("SELECT CAST(payload AS text) FROM graveshift.payloads WHERE id = :id", id=job))


async def test_a_job_arrives_with_all_that_was_said_of_it(shop: Workshop) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    async with graveshift.connect(shop.url) as producer:
        job = await producer.enqueue(
            "mail", "mail.send", {"to": "ann"}, priority=7, run_at=at, max_attempts=2, unique_key="u", trace_id="t"
        )
        again = await producer.enqueue("mail", "mail.send", {"to": "bob"}, unique_key="u")
    row = (await shop.rows("SELECT * FROM graveshift.jobs"))[0]
    assert again == job == row.id
    assert (row.queue, row.kind, row.state, row.priority, row.run_at) == ("mail", "mail.send", "scheduled", 7, at)
    assert (row.max_attempts, row.unique_key, row.trace_id) == (2, "u", "t")
    assert json.loads(await _payload(shop, job)) == {"to": "ann"}


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        (b'{"b": 1,  "a": [1.0, 1e3]}', '{"b": 1,  "a": [1.0, 1e3]}'),
        ('{"nul": "\\u0000", "lone": "\\ud800"}', '{"nul": "\\u0000", "lone": "\\ud800"}'),
        (Raw(b" [1, 2] "), " [1, 2] "),
        ({"a": [1, "é", None, True]}, '{"a":[1,"é",null,true]}'),
        (None, "null"),
        (17, "17"),
        ({"lone": "\ud800"}, '{"lone": "\\ud800"}'),
    ],
)
async def test_payloads_are_kept_to_the_byte(shop: Workshop, payload: object, stored: str) -> None:
    async with graveshift.connect(shop.url) as producer:
        assert await _payload(shop, await producer.enqueue("q", "k", payload)) == stored


async def test_without_a_payload_it_is_an_empty_object(shop: Workshop) -> None:
    async with graveshift.connect(shop.url) as producer:
        assert await _payload(shop, await producer.enqueue("q", "k")) == "{}"


def test_what_cannot_be_enqueued_is_refused_before_it_is_sent() -> None:
    wrong: list[tuple[tuple[object, ...], dict[str, object]]] = [
        (("bad queue", "k"), {}),
        (("q", "k\n"), {}),
        (("q", "k", b"{"), {}),
        (("q", "k", "plain text"), {}),
        (("q", "k", b"NaN"), {}),
        (("q", "k", b"\xff"), {}),
        (("q", "k", b"[" * 100_000), {}),
        (("q", "k", b'"\xff"'), {}),
        (("q", "k", object()), {}),
        (("q", "k", {"a": [float("nan")]}), {}),
        (("q", "k", float("inf")), {}),
        (("q", "k", _nested(100_000)), {}),
        (("q", "k"), {"priority": 101}),
        (("q", "k"), {"max_attempts": 0}),
        (("q", "k"), {"unique_key": ""}),
        (("q", "k"), {"run_at": datetime(2030, 1, 1)}),
        (("q", "k"), {"run_at": "2030-01-01T00:00:00Z"}),
        (("q", "k"), {"run_at": 5}),
        (("q", "k"), {"run_at": datetime(9999, 1, 1, tzinfo=UTC)}),
    ]
    for arguments, options in wrong:
        with pytest.raises(Invalid):
            graveshift.new_job(*arguments, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["bad queue", "", "q" * 129, "k\n"])
def test_a_bad_name_is_refused_in_words(name: str) -> None:
    for place, said in (("queue", (name, "k")), ("kind", ("q", name))):
        with pytest.raises(Invalid) as refused:
            graveshift.new_job(*said)
        assert f"Expected 1 to 128 letters, digits and `. _ : -` - at `$.{place}`" in str(refused.value)


def _nested(depth: int) -> object:
    inner: list[object] = []
    for _ in range(depth):
        inner = [inner]
    return inner


async def test_null_and_what_is_made_by_encoding_are_no_nan(shop: Workshop) -> None:
    payload = {"at": datetime(2030, 1, 1, tzinfo=UTC), "none": None}
    async with graveshift.connect(shop.url) as producer:
        stored = await _payload(shop, await producer.enqueue("q", "k", payload))
    assert stored == '{"at":"2030-01-01T00:00:00Z","none":null}'


def test_what_is_no_list_of_jobs_is_refused_and_breaks_no_producer(shop: Workshop) -> None:
    wrong: list[object] = [None, {}, "q", graveshift.new_job("q", "k"), [{"queue": "q", "kind": "k"}], [None]]
    with graveshift.connect_sync(shop.url) as producer:
        for jobs in wrong:
            with pytest.raises(Invalid):
                producer.enqueue_many(jobs)  # type: ignore[arg-type]
        assert len(producer.enqueue_many(graveshift.new_job("q", "k") for _ in range(3))) == 3
        assert producer.submit([graveshift.new_job("q", "k")]).result(30)


async def test_many_jobs_arrive_in_order_or_not_at_all(shop: Workshop) -> None:
    async with graveshift.connect(shop.url) as producer:
        ids = await producer.enqueue_many([graveshift.new_job("q", "k", n) for n in range(1000)])
        assert ids == sorted(set(ids))
        assert [await _payload(shop, ids[n]) for n in (0, 999)] == ["0", "999"]
        poisoned = [graveshift.new_job("q", "k"), graveshift.new_job("q", "k", trace_id="\0")]
        with pytest.raises(Invalid):
            await producer.enqueue_many(poisoned)
    assert await shop.count("jobs") == 1000


async def test_the_shared_producer_serves_coroutines_of_any_loop_and_plain_code(shop: Workshop) -> None:
    first = await graveshift.enqueue("q", "k", 1)
    second = await asyncio.to_thread(graveshift.enqueue_sync, "q", "k", 2)
    third = await asyncio.to_thread(lambda: asyncio.run(graveshift.enqueue("q", "k", 3)))
    assert [await _payload(shop, job) for job in (first, second, third)] == ["1", "2", "3"]


async def test_enqueue_stays_a_function_whatever_is_imported(shop: Workshop) -> None:
    import graveshift.producer
    import graveshift.worker

    assert callable(graveshift.enqueue)
    assert callable(graveshift.enqueue_sync)
    assert all(getattr(graveshift, name) for name in graveshift.__all__)


async def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'enqeue'"):
        _ = graveshift.enqeue


def test_without_a_database_it_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAVESHIFT_DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match="GRAVESHIFT_DATABASE_URL"):
        graveshift.enqueue_sync("q", "k")


async def test_a_database_that_is_none_of_ours_is_named_with_what_to_do(shop: Workshop) -> None:
    for name, error, words in (
        ("postgres", DatabaseBehind, "graveshift migrate"),
        ("nowhere", DatabaseUnavailable, '"nowhere" does not exist'),
    ):
        url = make_url(shop.url).set(database=name).render_as_string(hide_password=False)
        async with graveshift.connect(url) as producer:
            with pytest.raises(error, match=words):
                await producer.enqueue("q", "k")
            with pytest.raises(error, match=words):
                await producer.enqueue("q", "k", unique_key="a")


async def test_a_sync_producer_is_shared_by_threads(shop: Workshop) -> None:
    with graveshift.connect_sync(shop.url) as producer:
        ids: list[int] = []
        threads = [threading.Thread(target=lambda: ids.append(producer.enqueue("q", "k"))) for _ in range(20)]
        for one in threads:
            one.start()
        for one in threads:
            await asyncio.to_thread(one.join)
    assert len(set(ids)) == 20
    assert await shop.count("jobs") == 20


async def test_a_closed_producer_opens_again_at_its_next_use(shop: Workshop) -> None:
    producer = graveshift.connect_sync(shop.url)
    first = await asyncio.to_thread(producer.enqueue, "q", "k")
    await asyncio.to_thread(producer.close)
    second = await asyncio.to_thread(producer.enqueue, "q", "k")
    await asyncio.to_thread(producer.close)
    assert first < second


FORKING = """
import os, sys, graveshift
before = graveshift.enqueue_sync("q", "parent")
pid = os.fork()
if pid == 0:
    graveshift.enqueue_sync("q", "child")
    os._exit(0)
_, status = os.waitpid(pid, 0)
after = graveshift.enqueue_sync("q", "parent")
print(status, before < after)
"""


async def test_a_forked_child_and_its_parent_both_enqueue(shop: Workshop) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", FORKING],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ.copy(),
    )
    assert (done.stdout.strip(), done.returncode) == ("0 True", 0), done.stderr
    kinds = [row.kind for row in await shop.rows("SELECT kind FROM graveshift.jobs ORDER BY id")]
    assert kinds == ["parent", "child", "parent"]


async def test_a_producer_survives_its_connections(shop: Workshop) -> None:
    async with graveshift.connect(shop.url) as producer:
        await producer.enqueue("q", "k")
        await shop.break_connections()

        async def taken() -> bool:
            with suppress(DatabaseUnavailable):  # sent before its end was seen: whether it was done cannot be known
                return bool(await producer.enqueue("q", "k"))
            return False

        await until(taken)
    assert await shop.count("jobs") == 2
