"""The filter language over HTTP and in plans: one text in lists and selections, read once and meant for good."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs
from sqlalchemy import text

from graveshift.errors import Invalid, SelectionEmpty, Unreadable
from tests.api_service import Service, failing_letters, serving
from tests.front import ANN, Front

REQUEUE = "dlq.requeue"


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        await service.rows(failing_letters(10))
        await service.rows(failing_letters(5, "parse"))
        yield service


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


async def total(client: httpx.AsyncClient, resource: str, q: str, **params: str) -> int:
    answer = await client.get(f"/v1/{resource}", params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


async def test_a_list_takes_a_text(admin: httpx.AsyncClient) -> None:
    assert await total(admin, "dlq", "queue:mail") == 10
    assert await total(admin, "dlq", "-queue:mail group:f1") == 1
    assert await total(admin, "dlq", 'payload.to="ana@example.org" queue:p* attempts:>3') == 5
    assert await total(admin, "dlq", "payload.to=nobody") == 0
    assert await total(admin, "dlq", '"no route" died:<1h') == 15
    assert await total(admin, "dlq", "died:>1h") == 0
    assert await total(admin, "dlq", "group:f1", queue="mail") == 2
    assert await total(admin, "trash", "queue:mail") == 0
    assert await total(admin, "queues", "-queue:m*") == 1
    assert await total(admin, "workers", "state:running") == 0


async def test_a_text_that_cannot_be_read_is_refused_with_its_place(admin: httpx.AsyncClient) -> None:
    for resource, q, offset, length in (
        ("dlq", "queue:mail quue:x", 11, 5),
        ("groups", "queue:mail version:1", 11, 9),
        ("jobs", "error:X", 0, 7),
        ("workers", "word", 0, 4),
    ):
        answer = await admin.get(f"/v1/{resource}", params={"q": q})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "query-unreadable"), problem
        assert problem["extra"] == {"offset": offset, "length": length}
        assert problem["detail"]


async def test_a_parameter_and_a_text_that_contradict_each_other_are_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/dlq", params={"q": "queue:mail", "queue": "parse"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "`queue`" in answer.json()["detail"]


async def test_a_list_without_conditions_takes_no_text(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/v1/runs", params={"q": "x"})).status_code == 422


def selected(query: str, **more: Any) -> dict[str, Any]:
    return {"selection": {"query": query, **more}}


async def test_a_plan_keeps_the_text_and_acts_on_what_it_meant(front: Front) -> None:
    old, new = reversed(await front.letters(2, queue="mail"))
    await front.letters(1, queue="web")
    early = "UPDATE graveshift.{} SET died_at = died_at - interval '3 hours' WHERE id = {}"
    async with front.engine.begin() as connection:
        for table in ("dead", "dead_text"):
            await connection.execute(text(early.format(table, old.partition("-")[2])))
    args = selected("queue:m* died:<2h")
    plan = await front.desk.plan(REQUEUE, args, ANN)
    assert (plan.count, plan.args) == (1, args)
    kept = await front.plans.one(int(plan.id))
    assert kept is not None
    assert kept.draft["meant"]["queue"] == "m*"
    later = structs.replace(front.world, interpreter=Late(front.world.interpreter))
    front.world = later
    assert (await front.desk.again(plan.id)).arrived_since == 0
    async with front.running():
        run = await front.ended(await front.begin(plan))
        assert [(item.id, item.outcome) for item in await front.items(run)] == [(new, "moved")]


class Late:
    """Understands nothing any more: a plan that was made does not ask again."""

    def __init__(self, interpreter: Any) -> None:
        self.filters = interpreter.filters

    async def filter(self, text: str) -> None:
        raise AssertionError(f"{text} was understood already")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (selected("queue:"), Unreadable),
        (selected("queue:a", all=True), Invalid),
        (selected("queue:a", filter={"queue": "a"}), Invalid),
        (selected(""), SelectionEmpty),
        (selected("state:held"), Invalid),
        (selected("saved:nothing"), Unreadable),
        ({"selection": {"query": 7}}, Invalid),
    ],
)
async def test_a_selection_that_cannot_be_is_refused(
    front: Front, args: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await front.desk.plan(REQUEUE, args, ANN)


async def test_a_relative_time_is_of_the_databases_clock(front: Front) -> None:
    now = await front.runs.now()
    meant = await front.world.interpreter.filter("died:<2h")
    assert meant.died_after is not None
    assert timedelta(0) <= meant.died_after - (now - timedelta(hours=2)) < timedelta(minutes=1)


async def test_an_export_takes_a_text(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/dlq/export", params={"q": "queue:mail group:f1"})
    assert answer.status_code == 200
    assert answer.text.count('"fingerprint":"f1"') == 2
    refused = await admin.get("/v1/dlq/export", params={"q": "quue:mail"})
    assert (refused.status_code, refused.json()["code"]) == (422, "query-unreadable")
