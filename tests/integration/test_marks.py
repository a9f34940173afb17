"""Marks: a pipeline's deploy is kept, and a worker's new version is marked once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest

from graveshift.store.deploys import MarkBook
from graveshift.store.position import cursor as cursor_of
from graveshift.wire.operations import Role
from tests.api_service import serving
from tests.contract.bench import WORKER, Bench, PostgresUnits, failure


def ago(**span: float) -> str:
    """A time of the past, as it comes back."""
    return (datetime.now(UTC).replace(microsecond=0) - timedelta(**span)).isoformat().replace("+00:00", "Z")


async def test_a_pipeline_marks_a_deploy_and_it_is_listed_latest_first(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        body = {"title": "shop v142", "version": "v142", "link": "https://ci.example/1", "at": ago(days=2)}
        body["note"] = "retries halved"
        first = await client.post("/v1/marks", json=body)
        second = await client.post("/v1/marks", json={"title": "less retries", "kind": "config"})
        assert (first.status_code, second.status_code) == (201, 201)
        page = (await client.get("/v1/marks", params={"limit": 1})).json()
        assert [mark["title"] for mark in page["items"]] == ["less retries"]
        rest = (await client.get("/v1/marks", params={"cursor": page["next_cursor"]})).json()
        assert [(mark["at"], mark["kind"], mark["source"]) for mark in rest["items"]] == [
            (body["at"], "deploy", "http")
        ]
        assert (await client.get(f"/v1/marks/{first.json()['id']}")).json()["version"] == "v142"
        assert rest["items"][0]["note"] == "retries halved"


async def test_marks_are_listed_by_the_time_they_have_page_by_page(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        at_once = ago(hours=5)
        said = {"late": ago(hours=9), "first": at_once, "second": at_once, "long ago": ago(days=3), "now": None}
        for title, at in said.items():
            body = {"title": title} if at is None else {"title": title, "at": at}
            assert (await client.post("/v1/marks", json=body)).status_code == 201
        titles: list[str] = []
        cursor = None
        while cursor or not titles:
            page = (await client.get("/v1/marks", params={"limit": 1, **({"cursor": cursor} if cursor else {})})).json()
            assert (page["total"], page["total_is_exact"]) == (5, True)
            titles += [mark["title"] for mark in page["items"]]
            cursor = page["next_cursor"]
        assert titles == ["now", "second", "first", "late", "long ago"]
        assert (await client.get("/v1/marks", params={"cursor": "WzFd"})).status_code == 422
        assert (await client.get("/v1/marks", params={"cursor": cursor_of(2**62, 1)})).status_code == 422


@pytest.mark.parametrize("at", [None, ago(hours=1)], ids=["now", "at a time"])
async def test_a_mark_that_is_sent_again_is_kept_once_also_in_a_race(
    database: str, tmp_path: Path, at: str | None
) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        body = {"title": "shop v142", "version": "v142", "note": "x"} | ({} if at is None else {"at": at})
        answers = await asyncio.gather(*(client.post("/v1/marks", json=body) for _ in range(12)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        again = await client.post("/v1/marks", json={**body, "note": "another word"})
        assert again.json() == answers[0].json()
        (kept,) = (await client.get("/v1/marks")).json()["items"]
        assert kept["note"] == "x"


async def test_a_mark_that_differs_is_another_one(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        body: dict[str, str | None] = {"title": "workers run v1", "version": "v1", "at": ago(hours=1)}
        others: list[dict[str, str | None]] = [{"title": "b"}, {"version": "v2"}, {"version": None}, {"kind": "other"}]
        others += [{"link": "http://ci"}, {"at": ago(hours=2)}, {"at": None}, {}]
        for other in others:
            said = {name: value for name, value in (body | other).items() if value is not None}
            assert (await client.post("/v1/marks", json=said)).status_code == 201
        assert len((await client.get("/v1/marks")).json()["items"]) == len(others)


async def test_without_a_time_the_same_mark_after_a_minute_is_another_one(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        first = (await client.post("/v1/marks", json={"title": "shop v142"})).json()
        await service.rows("UPDATE graveshift_ledger.deploys SET at = at - interval '61 seconds'")
        assert (await client.post("/v1/marks", json={"title": "shop v142"})).json() != first


async def test_what_a_worker_showed_by_itself_keeps_no_mark_out(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        await service.queue.work.register(uuid4(), "host", 1, "v1", [])
        await MarkBook(service.engine).notice()
        body = {"title": "workers run v1", "version": "v1"}
        assert (await client.post("/v1/marks", json=body)).status_code == 201
        assert len((await client.get("/v1/marks")).json()["items"]) == 2


async def test_a_mark_more_than_a_day_ahead_is_refused(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        refused = await client.post("/v1/marks", json={"title": "x", "at": ago(hours=-25)})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
        assert "`at` is more than a day in the future" in refused.json()["detail"]
        assert (await client.post("/v1/marks", json={"title": "x", "at": ago(hours=-23)})).status_code == 201
        assert len((await client.get("/v1/marks")).json()["items"]) == 1


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
        for version in ("v1", "v1", "v2", "unknown"):
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
