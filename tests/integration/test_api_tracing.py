"""A letter and a job in full say where their trace is looked at, also in the trash and when it is revealed."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from graveshift.tracing import TracingSettings
from graveshift.wire.operations import Role
from tests.api_service import Service, serving
from tests.front import Front

ROOMS = {"tracing": TracingSettings("https://traces.example/t/{trace_id}")}


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path, rooms=ROOMS) as service:
        yield service


async def test_letters_and_jobs_in_full_have_the_link_to_their_trace(service: Service, front: Front) -> None:
    body = {"queue": "mail", "kind": "send", "trace_id": "9f/2c"}
    async with service.client(Role.OPERATOR) as client:
        (job,) = (await client.post("/v1/jobs", json=body)).json()["ids"]
        plain = (await client.post("/v1/jobs", json={"queue": "other", "kind": "send"})).json()["ids"][0]
        found = (await client.get(f"/v1/jobs/{quote(job, safe='')}")).json()
        assert found["trace_url"] == "https://traces.example/t/9f%2F2c"
        assert (await client.get(f"/v1/jobs/{quote(plain, safe='')}")).json()["trace_url"] is None
        await front.bench.kill(*await front.bench.take(2))
        letters = {one["queue"]: one for one in (await client.get("/v1/dlq")).json()["items"]}
        dead = (await client.get(f"/v1/dlq/{quote(letters['mail']['id'], safe='')}")).json()
        assert (dead["trace_id"], dead["trace_url"]) == ("9f/2c", "https://traces.example/t/9f%2F2c")
