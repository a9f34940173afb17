"""The client against a real server on a real port and a real Unix socket."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.hints import Hint
from graveshift.wire.selection import Filter
from graveshift_tui.client import ApiError, Client, Unreachable, backoff
from graveshift_tui.settings import SettingsError, Where
from tests.small_backend import TOKEN, SmallBackend
from tests.small_things import letter
from tests.waiting import until


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SmallBackend]:
    with SmallBackend(tmp_path).running() as backend:
        yield backend


@pytest.fixture(params=["http", "unix"])
async def client(request: pytest.FixtureRequest, backend: SmallBackend) -> AsyncIterator[Client]:
    client = Client(Where(backend.url if request.param == "http" else backend.unix_url, TOKEN))
    yield client
    await client.close()


async def test_a_page_holds_the_list_type_of_its_resource(client: Client) -> None:
    page = await client.page("dlq", limit=2)
    assert [type(item) for item in page.items] == [Letter, Letter]
    assert (page.total, page.next_cursor) == (3, "2")
    rest = await client.page("dlq", cursor=page.next_cursor)
    assert len(rest.items) == 1


async def test_a_filter_travels_as_query_parameters(client: Client, backend: SmallBackend) -> None:
    backend.things.letters.append(letter(9, queue="reports & more"))
    page = await client.page("dlq", Filter(queue="reports & more", died_after=letter(1).died_at))
    assert page.total == 1
    assert backend.queries[-1] == {
        "queue": "reports & more",
        "died_after": "2026-11-22T03:12:40Z",
        "limit": "100",
    }


async def test_an_id_is_one_segment_whatever_it_holds(client: Client, backend: SmallBackend) -> None:
    found = await client.one("dlq", "native:000001%2Fa")
    assert isinstance(found, LetterDetail)
    assert backend.asked[-1][1] == "/v1/dlq/native%3A000001%252Fa"
    with pytest.raises(ApiError) as refused:
        await client.one("dlq", "../dlq/x?y#z")
    assert (refused.value.code, refused.value.exit_code) == ("not-found", 4)


async def test_a_payload_keeps_its_bytes(client: Client) -> None:
    found = await client.one("dlq", "native:000001%2Fa")
    assert isinstance(found, LetterDetail)
    assert bytes(found.payload) == b'{"to": "a@example.org", "n": 1.50}'


async def test_a_wrong_token_is_told_apart_from_silence(backend: SmallBackend) -> None:
    client = Client(Where(backend.url, "gs_1_wrong"))
    with pytest.raises(ApiError) as refused:
        await client.operations()
    assert (refused.value.code, refused.value.status, refused.value.exit_code) == ("unauthenticated", 401, 3)
    await client.close()


@pytest.mark.parametrize("where", ["http://127.0.0.1:9", "unix:/nonexistent/graveshift.sock"])
async def test_nobody_there_is_unreachable_and_names_the_place(where: str) -> None:
    client = Client(Where(where))
    with pytest.raises(Unreachable, match=where):
        await client.overview()
    await client.close()


async def test_a_proxy_without_a_backend_is_unreachable(client: Client, backend: SmallBackend) -> None:
    backend.trouble = ["proxy"]
    with pytest.raises(Unreachable, match="502"):
        await client.operations()


async def test_an_answer_that_cannot_be_read_is_an_error_and_no_crash(client: Client, backend: SmallBackend) -> None:
    backend.trouble = ["garbage"]
    with pytest.raises(ApiError) as refused:
        await client.page("dlq")
    assert refused.value.code == "bad-answer"


def test_a_token_shows_in_no_repr() -> None:
    where = Where("http://127.0.0.1:1", TOKEN)
    assert TOKEN not in repr(where) + str(where) + repr(list(where.__rich_repr__()))


def test_an_address_that_is_none_is_a_settings_error() -> None:
    with pytest.raises(SettingsError):
        Client(Where("http://127.0.0.1:port"))


@pytest.mark.parametrize("trouble", ["lost answer", "unavailable", "proxy"])
async def test_a_run_whose_answer_was_lost_is_asked_for_again_with_the_same_key(
    client: Client, backend: SmallBackend, trouble: str
) -> None:
    plan = await client.plan("dlq.requeue", {"selection": {"all": True}})
    backend.trouble = [trouble, trouble]
    run = await client.run(plan.id, key="k1", phrase=None, reason="again")
    assert len(backend.things.runs) == 1
    assert (run.id, run.reason) == ("81", "again")
    assert [path for _, path in backend.asked].count(f"/v1/plans/{plan.id}/run") == 3


async def test_a_refused_run_is_not_repeated(client: Client, backend: SmallBackend) -> None:
    backend.things.phrase = "3"
    plan = await client.plan("dlq.requeue", {"selection": {"all": True}})
    with pytest.raises(ApiError) as refused:
        await client.run(plan.id, key="k1", phrase="4", reason=None)
    assert (refused.value.code, refused.value.exit_code) == ("phrase-mismatch", 7)
    assert len(backend.asked) == 2


async def test_a_plan_is_asked_again_and_a_run_is_steered(client: Client) -> None:
    plan = await client.plan("dlq.requeue", {"selection": {"all": True}})
    assert (await client.plan_again(plan.id)).arrived_since == 37
    run = await client.run(plan.id, key="k1", phrase=None, reason=None)
    assert (await client.steer(run.id, "pause")).state == "paused"
    assert (await client.set_rate(run.id, 7)).rate == 7
    assert (await client.items(run.id)).items[0].job_id == "native:j1"


async def test_hints_arrive_and_the_next_stream_goes_on_after_the_last_one(
    client: Client, backend: SmallBackend
) -> None:
    heard: list[Hint] = []

    async def listen() -> None:
        async with aclosing(client.hints()) as hints:
            async for hint in hints:
                heard.append(hint)

    first = asyncio.create_task(listen())
    await until(lambda: backend.listeners)
    backend.hint("dlq")
    await until(lambda: len(heard) == 2)
    backend.hang_up()
    await first
    second = asyncio.create_task(listen())
    await until(lambda: len(backend.last_event_ids) == 2)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert heard[:2] == [Hint("*"), Hint("dlq")]
    assert backend.last_event_ids == [None, "1"]


async def test_an_event_stream_nobody_may_open_is_an_error(backend: SmallBackend) -> None:
    client = Client(Where(backend.url, "gs_1_wrong"))
    with pytest.raises(ApiError):
        await anext(client.hints())
    await client.close()


def test_back_off_is_jittered_and_never_over_ten_seconds() -> None:
    pauses = [backoff(attempt) for attempt in range(200)]
    assert 5 < max(pauses) <= 10
    assert len(set(pauses)) > 190
    assert max(backoff(0) for _ in range(50)) <= 0.25


async def test_an_old_connection_that_the_server_closed_is_not_used_again(tmp_path: Path) -> None:
    backend: Any = SmallBackend(tmp_path)
    backend._server.config.timeout_keep_alive = 1
    with backend.running():
        client = Client(Where(backend.url, TOKEN))
        await client.operations()
        await asyncio.sleep(1.2)
        assert await client.operations()
        await client.close()


async def test_a_closed_client_is_unreachable_and_an_open_stream_ends(client: Client, backend: SmallBackend) -> None:
    hints = client.hints()
    await anext(hints)
    waiting = asyncio.ensure_future(anext(hints))
    await until(lambda: backend.listeners)
    await client.close()
    backend.hang_up()
    with pytest.raises((Unreachable, StopAsyncIteration)):
        await waiting
    with pytest.raises(Unreachable):
        await client.operations()
    with pytest.raises(Unreachable):
        await anext(client.hints())
