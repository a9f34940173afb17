"""Marks: a pipeline's deploy is kept, and a worker's new version is marked once."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from graveshift.store.deploys import MarkBook
from graveshift.wire.operations import Role
from tests.api_service import serving


async def test_a_pipeline_marks_a_deploy_and_it_is_listed_latest_first(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        body = {"title": "shop v142", "version": "v142", "link": "https://ci.example/1", "at": "2026-11-25T10:00:00Z"}
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
