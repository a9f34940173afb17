"""Times that no database can hold are refused at the border, wherever they come in."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api_service import Service, serving

LATE, EARLY = "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"
FAR = (LATE, EARLY, "9999-06-01T00:00:00Z", "1969-12-31T00:00:00Z")
NEAR = ("9998-12-31T23:59:59-12:00", "1970-01-01T00:00:00+14:00")


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        yield service


async def ask(client: httpx.AsyncClient, moment: str) -> dict[str, httpx.Response]:
    """A request to each place that takes a time."""
    chosen = {"selection": {"filter": {"died_after": moment}}}
    return {
        "died_after": await client.get("/v1/dlq", params={"died_after": moment}),
        "died_before": await client.get("/v1/dlq", params={"died_before": moment}),
        "run_at": await client.post("/v1/jobs", json={"queue": "mail", "kind": "send", "run_at": moment}),
        "died_after in a plan": await client.post("/v1/plans", json={"operation": "dlq.requeue", "args": chosen}),
    }


@pytest.mark.parametrize("moment", FAR)
async def test_a_time_out_of_range_is_refused_by_its_name(service: Service, moment: str) -> None:
    async with service.client() as client:
        answers = await ask(client, moment)
        pause = {"operation": "queue.pause", "args": {"queue": "native:mail", "until": moment}}
        answers["until"] = await client.post("/v1/plans", json=pause)
    for place, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (place, answer.text)
        assert f"`{place.partition(' ')[0]}` must be in the years" in answer.json()["detail"]


@pytest.mark.parametrize("moment", NEAR)
async def test_the_first_and_the_last_time_in_range_are_understood(service: Service, moment: str) -> None:
    async with service.client() as client:
        for place, answer in (await ask(client, moment)).items():
            assert answer.status_code < 300, (place, answer.text)
        pause = {"operation": "queue.pause", "args": {"queue": "native:mail", "until": NEAR[0]}}
        assert (await client.post("/v1/plans", json=pause)).status_code == 201
