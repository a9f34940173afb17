"""No secret leaves by the API, whatever path is asked, except by a reveal: once, to who asked, on the record."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from graveshift.api.hiding import hidden_plan
from graveshift.operations.filters import DropFilter, SaveFilter
from graveshift.redaction import Redaction
from graveshift.wire.operations import Role
from tests.api_service import Service, serving
from tests.front import ANN, Front, true

SECRET = "hunter2hunter2"
PAYLOAD = f'{{"n": 1.10, "big": 12345678901234567890, "password": "{SECRET}", "url": "redis://:{SECRET}@cache"}}'
BLAME = {"error_message": f"login failed: token={SECRET}", "traceback": f"Traceback\n  login(token='{SECRET}')\n"}


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        yield service


async def dead(front: Front, n: int = 1, **blame: Any) -> list[str]:
    await front.bench.put(*[PAYLOAD] * n)
    await front.bench.kill(*await front.bench.take(n), **{**BLAME, **blame})
    return await front.letters(0)


def path_of(resource: str, id: str) -> str:
    return f"/v1/{resource}/{quote(id, safe='')}"


async def reveal(client: httpx.AsyncClient, letter: str, reason: str = "case 4711") -> str:
    args = {"letter": letter, "reason": reason}
    plan = (await client.post("/v1/plans", json={"operation": "dlq.reveal", "args": args})).json()
    body = {"phrase": None, "reason": None}
    headers = {"Idempotency-Key": uuid4().hex}
    run: dict[str, Any] = (await client.post(f"/v1/plans/{plan['id']}/run", json=body, headers=headers)).json()
    id = str(run["id"])

    async def has_ended() -> bool:
        return bool((await client.get(f"/v1/runs/{id}")).json()["finished_at"])

    await true(has_ended, what="the reveal ends")
    return id


async def test_no_answer_holds_a_secret_of_a_payload_or_an_error(service: Service, front: Front) -> None:
    letter, *_ = await dead(front)
    await front.bench.put(PAYLOAD)
    async with service.client(Role.ADMIN) as client:
        live = (await client.get("/v1/jobs?state=waiting")).json()["items"][0]["id"]
        job = (await client.get(path_of("dlq", letter))).json()["job_id"]
        paths = ["/v1/dlq", "/v1/groups", "/v1/overview", "/v1/jobs", "/v1/dlq/export", "/v1/dlq/export?format=csv"]
        paths += [path_of("dlq", letter), path_of("jobs", live), path_of("jobs", job)]
        answers = [await client.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    assert not [path for path, answer in zip(paths, answers, strict=True) if SECRET in answer.text]
    assert '"n":1.10' in answers[6].text.replace(" ", "")
    assert '"big":12345678901234567890' in answers[6].text.replace(" ", "")
    assert "login failed: token=***" in answers[0].text
    detail = answers[6].json()
    assert (detail["payload"]["password"], detail["payload"]["url"]) == ("***", "redis://:***@cache")
    assert detail["history"][0]["error_message"] == "login failed: token=***"


async def test_a_discarded_letter_hides_its_secrets_too(service: Service, front: Front) -> None:
    await dead(front)
    async with front.running():
        await front.ended(await front.order("dlq.discard", {"selection": {"all": True}}))
    async with service.client(Role.VIEWER) as client:
        listed = await client.get("/v1/trash")
        one = await client.get(path_of("trash", listed.json()["items"][0]["id"]))
    assert (listed.status_code, one.status_code) == (200, 200)
    assert SECRET not in listed.text + one.text


async def test_where_redaction_is_off_everything_is_shown(database: str, tmp_path: Path, front: Front) -> None:
    letter, *_ = await dead(front)
    off = {"redaction": Redaction(enabled=False)}
    async with serving(database, tmp_path, rooms=off) as service, service.client(Role.VIEWER) as client:
        assert (await client.get(path_of("dlq", letter))).json()["payload"]["password"] == SECRET


async def test_a_reveal_shows_the_letter_once_to_who_asked_and_is_on_the_record(service: Service, front: Front) -> None:
    letter, *_ = await dead(front)
    async with front.running(), service.client(Role.OPERATOR) as client, service.client(Role.ADMIN) as other:
        run = await reveal(client, letter)
        assert (await other.get(f"/v1/runs/{run}/revealed")).json()["code"] == "reveal-over"
        shown = await client.get(f"/v1/runs/{run}/revealed")
        again = await client.get(f"/v1/runs/{run}/revealed")
    assert shown.json()["payload"]["password"] == SECRET
    assert shown.json()["error_message"] == BLAME["error_message"]
    assert shown.headers["cache-control"] == "no-store"
    assert (again.status_code, again.json()["code"]) == (410, "reveal-over")
    record = [(entry.actor, entry.outcome, entry.reason) for entry in await front.record() if entry.run_id == run]
    assert record == [("operator", one, "case 4711") for one in ("started", "succeeded", "shown")]
    items = (await front.runs.items.page(int(run), None, 10)).items
    assert [(item.id, item.detail) for item in items] == [(letter, "shown")]


async def test_a_revealed_letter_keeps_its_siblings_and_its_earlier_lives(service: Service, front: Front) -> None:
    first, *_ = await dead(front, 2)
    async with front.running(), service.client(Role.OPERATOR) as client:
        await front.ended(await front.order("dlq.requeue", {"selection": {"ids": [first]}}))
        await front.bench.kill(*await front.bench.take(1), **BLAME)
        letter, *_ = await front.letters(0)
        page = (await client.get(path_of("dlq", letter))).json()
        shown = (await client.get(f"/v1/runs/{await reveal(client, letter)}/revealed")).json()
    assert (page["siblings"], [life["by"] for life in page["lives"]]) == (2, ["ann"])
    assert (shown["siblings"], shown["lives"]) == (page["siblings"], page["lives"])


async def test_after_a_minute_a_reveal_shows_nothing(service: Service, front: Front) -> None:
    letter, *_ = await dead(front)
    async with front.running(), service.client(Role.OPERATOR) as client:
        run = await reveal(client, letter)
        await service.rows("UPDATE graveshift_ledger.runs SET finished_at = finished_at - interval '61 s'")
        assert (await client.get(f"/v1/runs/{run}/revealed")).status_code == 410


async def test_the_ledger_never_holds_what_was_revealed(service: Service, front: Front) -> None:
    letter, *_ = await dead(front)
    async with front.running(), service.client(Role.OPERATOR) as client:
        run = await reveal(client, letter)
        assert SECRET in (await client.get(f"/v1/runs/{run}/revealed")).text
    tables = "plans", "runs", "items", "audit"
    for table in tables:
        rows = await service.rows(f"SELECT t::text FROM graveshift_ledger.{table} t")
        assert rows
        assert SECRET not in repr(rows)


async def test_a_viewer_reveals_nothing_and_nobody_without_a_reason(service: Service, front: Front) -> None:
    letter, *_ = await dead(front)
    ask = {"operation": "dlq.reveal", "args": {"letter": letter, "reason": "why"}}
    async with service.client(Role.VIEWER) as viewer, service.client(Role.OPERATOR) as operator:
        assert (await viewer.post("/v1/plans", json=ask)).status_code == 403
        assert (await viewer.get("/v1/runs/1/revealed")).status_code == 403
        for reason in ("", "  ", None):
            ask["args"] = {"letter": letter, "reason": reason}
            assert (await operator.post("/v1/plans", json=ask)).status_code == 422
        ask["args"] = {"letter": "native:1-1", "reason": "why"}
        assert (await operator.post("/v1/plans", json=ask)).status_code == 404
    assert [(entry.actor, entry.outcome) for entry in await front.record() if entry.operation == "dlq.reveal"] == [
        ("viewer", "refused")
    ]


CONDITIONS = [
    {"filter": {"payload": f'{{"password": "{SECRET}"}}'}},
    {"filter": {"contains": [[f'{{"auth": {{"user": "{SECRET}"}}}}']]}},
    {"filter": {"queue": "q", "without": [{"payload": f'{{"password": "{SECRET}"}}'}]}},
    {"query": f"queue:q payload.password={SECRET}"},
    {"query": f'-payload.auth.user="{SECRET}" queue:q'},
]


@pytest.mark.parametrize("selection", CONDITIONS)
async def test_a_plan_shows_no_secret_that_its_selection_looks_for(
    service: Service, front: Front, selection: dict[str, Any]
) -> None:
    await dead(front)
    async with service.client(Role.OPERATOR) as client, service.client(Role.VIEWER) as other:
        asked = {"operation": "dlq.requeue", "args": {"selection": selection}}
        made = await client.post("/v1/plans", json=asked)
        seen = await other.get(f"/v1/plans/{made.json()['id']}")
        begun = await client.post(
            f"/v1/plans/{made.json()['id']}/run", json={}, headers={"Idempotency-Key": uuid4().hex}
        )
    assert (made.status_code, seen.status_code, begun.status_code) == (201, 200, 202)
    assert SECRET not in made.text + seen.text + begun.text
    assert "***" in str(seen.json()["args"])
    assert "***" in str(seen.json()["effects"])


async def test_the_record_of_an_export_has_no_secret_that_it_looked_for(service: Service, front: Front) -> None:
    await dead(front)
    secret = f'payload.auth.user="{SECRET}"'
    ways = {"q": secret}, {"payload": f'{{"auth": {{"user": "{SECRET}"}}}}'}
    async with service.client(Role.OPERATOR) as client:
        for way in ways:
            assert (await client.get("/v1/dlq/export", params=way)).status_code == 200
    record = str([entry for entry in await front.record() if entry.operation == "dlq.export"])
    assert SECRET not in record
    assert "***" in record


async def test_a_saved_filter_shows_no_secret_and_finds_it_all_the_same(service: Service, front: Front) -> None:
    letter, *_ = await dead(front)
    front.operations |= {SaveFilter.name: SaveFilter, DropFilter.name: DropFilter}
    args = {"name": "pins", "query": f"payload.password={SECRET}"}
    async with front.running():
        plan = await front.desk.plan("filter.save", args, ANN)
        await front.ended(await front.begin(plan))
    drop = await front.desk.plan("filter.drop", {"name": "pins"}, ANN)
    async with service.client(Role.VIEWER) as client:
        listed = await client.get("/v1/filters")
        found = (await client.get("/v1/dlq", params={"q": "saved:pins"})).json()["items"]
    assert [one["query"] for one in listed.json()["items"]] == ["payload.password=***"]
    assert [one["id"] for one in found] == [letter]
    assert SECRET not in str(drop.effects) + str(hidden_plan(plan, Redaction()))
