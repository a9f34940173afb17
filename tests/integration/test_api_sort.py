"""Lists are read from either end, in the orders that an index keeps and in no other."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api_service import serving


@pytest.fixture
async def admin(database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(database, tmp_path) as service, service.client() as client:
        yield client


async def test_an_order_that_no_index_keeps_is_refused_with_those_that_are(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/jobs?sort=attempts")
    assert "no index keeps the order `attempts`; there are newest, oldest" in answer.json()["detail"]
    assert (await admin.get("/v1/groups?sort=newest")).status_code == 422


async def test_letters_and_jobs_are_listed_from_either_end(admin: httpx.AsyncClient) -> None:
    await admin.post("/v1/jobs", json={"jobs": [{"queue": "a", "kind": "k"}] * 3})
    for path in ("/v1/jobs", "/v1/dlq"):
        newest = [one["id"] for one in (await admin.get(path)).json()["items"]]
        assert [one["id"] for one in (await admin.get(f"{path}?sort=oldest")).json()["items"]] == newest[::-1]
    params, seen = {"sort": "oldest", "limit": "2"}, []
    while True:
        page = (await admin.get("/v1/jobs", params=params)).json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert len(set(seen)) == 3
