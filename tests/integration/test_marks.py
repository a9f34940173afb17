"""Marks: a pipeline's deploy is kept, and a worker's new version is marked once."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest

from graveshift.store.deploys import MarkBook
from graveshift.wire.operations import Role
from tests.api_service import serving
from tests.contract.bench import WORKER, Bench, PostgresUnits, failure


async def test_a_pipeline_marks_a_deploy_and_it_is_listed_latest_first(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        body = {"title": "shop v142", "version": "v142", "link": "https://ci.example/1", "at": "2026-11-25T10:00:00Z"}
        body["note"] = "retries halved"
        first = await client.post("/v1/marks", json=body)
        second = await client.post("/v1/marks", json={"title": "less retries", "kind": "config"})
        assert (first.status_code, second.status_code) == (201, 201)
        page = (await client.get("/v1/marks", params={"limit": 1})).json()
        assert [mark["title"] for mark in page["items"]] == ["less retries"]
        rest = (await client.get("/v1/marks", params={"cursor": page["next_cursor"]})).json()
        assert [(mark["at"], mark["kind"], mark["source"]) for mark in rest["items"]] == [
            ("2026-11-25T10:00:00Z", "deploy", "http")
        ]
        assert (await client.get(f"/v1/marks/{first.json()['id']}")).json()["version"] == "v142"
        assert rest["items"][0]["note"] == "retries halved"


@pytest.mark.parametrize(
    "body", [{}, {"title": ""}, {"title": "x", "kind": "party"}, {"title": "x", "link": "javascript:x"}], ids=str
)
async def test_a_bad_mark_is_refused(database: str, tmp_path: Path, body: dict[str, str]) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        assert (await client.post("/v1/marks", json=body)).status_code == 422


async def test_a_viewer_may_not_mark(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.VIEWER) as client:
        assert (await client.post("/v1/marks", json={"title": "x"})).status_code == 403


async def test_each_version_is_marked_once_whoever_looks(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service:
        book = MarkBook(service.engine)
        for version in ("v1", "v1", "v2"):
            await service.queue.work.register(uuid4(), "host", 1, version, [])
        found = await asyncio.gather(*(book.notice() for _ in range(5)))
        assert sum(found) == 2
        marks = (await book.page(None, 10)).items
        assert sorted((mark.version, mark.source) for mark in marks) == [("v1", "fleet"), ("v2", "fleet")]
        await service.rows("UPDATE graveshift_ledger.deploys SET at = now() - interval '500 days'")
        assert await book.prune() == 0
        await service.rows("DELETE FROM graveshift.workers WHERE version = 'v1'")
        assert await book.prune() == 1


async def test_a_cause_says_which_mark_came_last_before_it_also_when_that_comes_late(
    database: str, tmp_path: Path
) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        bench = Bench(service.queue, PostgresUnits(service.engine))
        await bench.put()
        (job,) = await bench.take()
        await bench.work.fail([failure(job.ticket, worker_version="v142")])
        (cause,) = (await client.get("/v1/groups")).json()["items"]
        seen = datetime.fromisoformat(cause["first_seen"])
        assert (cause["mark"], cause["first_version"], cause["last_version"]) == (None, "v142", "v142")

        async def mark(title: str, minutes: float) -> str | None:
            """What the cause says once this is marked, everywhere it is shown."""
            body = {"title": title, "at": (seen + timedelta(minutes=minutes)).isoformat()}
            assert (await client.post("/v1/marks", json=body)).status_code == 201
            one = (await client.get(f"/v1/groups/{quote(cause['id'], safe='')}")).json()
            (listed,) = (await client.get("/v1/groups")).json()["items"]
            (first,) = (await client.get("/v1/overview")).json()["groups"]
            assert one["mark"] == listed["mark"] == first["mark"]
            return None if one["mark"] is None else one["mark"]["title"]

        assert await mark("after it", 1) is None
        assert await mark("long before", -500) == "long before"
        assert await mark("just before", -3) == "just before"
        assert await mark("between", -10) == "just before"
        assert await mark("at once", 0) == "at once"
        assert await mark("recorded last", 0) == "recorded last"


async def test_the_version_that_failed_first_is_marked_before_its_cause_by_itself(
    database: str, tmp_path: Path
) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        bench = Bench(service.queue, PostgresUnits(service.engine))
        await bench.work.register(WORKER, "host", 1, "v142", [])
        await bench.put()
        (job,) = await bench.take()
        await bench.work.fail([failure(job.ticket, worker_version="v142")])
        assert await MarkBook(service.engine).notice() == 1
        (cause,) = (await client.get("/v1/groups")).json()["items"]
        assert (cause["mark"]["version"], cause["mark"]["source"]) == (cause["first_version"], "fleet")
