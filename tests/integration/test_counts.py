"""Counts that differ from answer to answer say why: of which moment they are, and where counting stopped."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api_service import Service, failing_letters, serving

MANY, LATER = 10_100, 10_050
COMMON = "attempts:>3"


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        await service.rows(failing_letters(MANY))
        yield service


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


async def read(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def planned(client: httpx.AsyncClient, query: str) -> str:
    asked = {"operation": "dlq.discard", "args": {"selection": {"query": query}}}
    return str((await client.post("/v1/plans", json=asked)).json()["id"])


async def clock(service: Service) -> datetime:
    return datetime.fromisoformat((await service.rows("SELECT clock_timestamp()"))[0][0].isoformat())


async def test_every_answer_that_counts_says_of_which_moment_it_is(service: Service, admin: httpx.AsyncClient) -> None:
    for path in ("overview", "groups", "dlq", "queues", "jobs", "trash", "runs"):
        before = await clock(service)
        answer = await read(admin, f"/v1/{path}")
        assert before <= datetime.fromisoformat(answer["as_of"]) <= await clock(service), path


async def test_overview_groups_and_queues_count_exactly_and_alike(admin: httpx.AsyncClient) -> None:
    seen, groups = await read(admin, "/v1/overview"), await read(admin, "/v1/groups")
    assert (groups["total"], groups["total_is_exact"], seen["totals"]["groups"]) == (5, True, 5)
    dead = [group["dead"] for group in groups["items"]]
    assert sum(dead) == sum(group["dead"] for group in seen["groups"]) == seen["totals"]["dead"] == MANY
    assert [queue["dead"] for queue in seen["queues"] if queue["name"] == "mail"] == [MANY]
    for group in groups["items"]:
        page = await read(admin, "/v1/dlq", q=f"group:{group['id']}", limit=1)
        assert (page["total"], page["total_is_exact"]) == (group["dead"], True)


async def test_a_list_that_is_not_counted_to_the_end_says_so_and_is_right_about_the_least(
    admin: httpx.AsyncClient,
) -> None:
    for params, least in (({"q": COMMON}, 100), ({"q": "route"}, 100), ({"died_after": "2020-01-01T00:00:00Z"}, 9_999)):
        page = await read(admin, "/v1/dlq", limit=100, **params)
        assert (page["total_is_exact"], least <= page["total"] <= 10_000) == (False, True), (params, page["total"])
    for params in ({}, {"queue": "mail"}, {"kind": "mail.send"}):
        page = await read(admin, "/v1/dlq", limit=1, **params)
        assert (page["total"], page["total_is_exact"]) == (MANY, True)
    jobs = await read(admin, "/v1/jobs")
    assert (jobs["total"], jobs["total_is_exact"]) == (0, True) or jobs["total"] is None


async def test_a_plan_says_where_counting_stopped_of_what_matched_and_of_what_came_since(
    service: Service, admin: httpx.AsyncClient
) -> None:
    wanted = {COMMON: (10_000, False), "queue:mail": (MANY, True)}
    plans = {query: await planned(admin, query) for query in wanted}
    for more, since in ((0, (0, True)), (3, (3, True)), (LATER, (10_000, False))):
        if more:
            await service.rows(failing_letters(more))
        for query, count in wanted.items():
            plan = await read(admin, f"/v1/plans/{plans[query]}")
            assert (plan["count"], plan["count_is_exact"]) == count
            assert (plan["arrived_since"], plan["arrived_is_exact"]) == since
