"""The API as a client meets it: resources, answers and refusals, over real HTTP on a real database."""

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from graveshift.api.server import listen
from graveshift.errors import CannotListen
from graveshift.settings import ApiSettings
from graveshift.wire.operations import Role
from tests.api_service import ROOT, Service, failing_letters, serving
from tests.waiting import until

RESOURCES = ("queues", "jobs", "dlq", "groups", "workers", "runs", "backups", "secrets", "schedules", "marks", "audit")
ODD_IDS = ("x", "native:", "native:none", "other:1", "native:%00", "%00", "native:99999999999999999999", "1-1", "-1",
           "01", "99999999999999999999", "9223372036854775807", "%25", "native:1%2F2", "native:%2525ff", "\u0663",
           "a" * 2000, "native:1-9223372036854775808", "native:99999999999999999-1")  # fmt: skip
JSON = {"content-type": "application/json"}


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path, body_limit_bytes=65_536) as service:
        yield service


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


async def test_every_resource_answers_with_a_page(admin: httpx.AsyncClient) -> None:
    for name in RESOURCES:
        answer = await admin.get(f"/v1/{name}")
        assert answer.status_code == 200, (name, answer.text)
        assert {"items", "as_of", "next_cursor", "total", "total_is_exact"} <= answer.json().keys()


async def test_enqueued_jobs_are_seen_in_queues_and_jobs(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/jobs", json={"jobs": [{"queue": "mail", "kind": "send"}] * 3})
    assert answer.status_code == 201
    ids = answer.json()["ids"]
    jobs = (await admin.get("/v1/jobs", params={"queue": "mail"})).json()
    assert sorted(job["id"] for job in jobs["items"]) == sorted(ids)
    one = (await admin.get(f"/v1/jobs/{quote(ids[0], safe='')}")).json()
    assert (one["id"], one["state"], one["payload"]) == (ids[0], "waiting", {})
    queue = (await admin.get(f"/v1/queues/{quote('native:mail', safe='')}")).json()
    assert queue["waiting"] == 3


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a" : 1 , "a":2.0e1}',
        b'{"lone": "\\ud800 and \\udc00\\ud800", "pair": "\\ud83d\\ude00", "not": "\\\\ud800"}',
        b'{"nul": "\\u0000"}',
        b'"just a text"',
        b"[1e400, 12345678901234567890123]",
    ],
)
async def test_a_payload_keeps_its_bytes(service: Service, admin: httpx.AsyncClient, payload: bytes) -> None:
    body = b'{"queue": "mail", "kind": "send", "payload": %s}' % payload
    answer = await admin.post("/v1/jobs", content=body, headers=JSON)
    assert answer.status_code == 201, answer.text
    id = answer.json()["ids"][0]
    kept = await service.rows("SELECT payload::text FROM graveshift.payloads")
    assert kept[0][0].encode() == payload
    shown = await admin.get(f"/v1/jobs/{quote(id, safe='')}")
    assert payload in shown.content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"queue": "a b", "kind": "k"}', "$.queue"),
        (b'{"queue": "a\\n", "kind": "k"}', "Expected 1 to 128 letters, digits and `. _ : -` - at `$.queue`"),
        (b'{"queue": "a"}', "kind"),
        (b'{"queue": "a", "kind": "k", "colour": 1}', "colour"),
        (b'{"queue": "a", "kind": "k", "trace_id": "\\u0000"}', "U+0000"),
        (b'{"queue": "a", "kind": "k", "trace_id": "\\ud800"}', "surrogate"),
        (b'{"queue": "a", "kind": "k", "run_at": "2026-01-01T00:00:00"}', "$.run_at"),
        (b'{"jobs": []}', "$.jobs"),
        (b'{"queue": "a", "kind": "k", "payload": %s}' % (b"[" * 20_000 + b"]" * 20_000), "deeply"),
        (b'{"queue": "a", "kind": "k", "payload": "\xff"}', "UTF-8"),
        (b"{", "truncated"),
    ],
)
async def test_a_bad_body_is_refused_by_name(admin: httpx.AsyncClient, body: bytes, field: str) -> None:
    answer = await admin.post("/v1/jobs", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert field in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    ["colour=red", "limit=0", "limit=1001", "limit=x", "cursor=%21", "cursor=e30", "queue=a&queue=b", "text=%00",
     "text=%ff", "state=dead", "sort=attempts", "died_after=yesterday", "died_after=2026-01-01T00:00:00"],
)  # fmt: skip
async def test_a_bad_query_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    answer = await admin.get(f"/v1/dlq?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text


async def test_a_malformed_or_unknown_id_is_not_found(admin: httpx.AsyncClient) -> None:
    paths = [f"/v1/{name}/{quote(id, safe=safe)}" for name in RESOURCES for id in ODD_IDS for safe in ("", "%")]
    for path in paths:
        answer = await admin.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("resource", ["runs", "backups", "secrets", "marks", "runbooks", "filters", "audit"])
async def test_a_list_without_conditions_says_so(admin: httpx.AsyncClient, resource: str) -> None:
    answer = await admin.get(f"/v1/{resource}", params={"q": "queue:mail"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "this list has no conditions" in answer.json()["detail"]


async def test_unknown_paths_and_methods_are_problems_too(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    answer = await admin.delete("/v1/dlq")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


async def test_pages_follow_each_other_to_the_end(service: Service, admin: httpx.AsyncClient) -> None:
    await service.rows(failing_letters(25))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        given = {"limit": "10", **({"cursor": cursor} if cursor else {})}
        page = (await admin.get("/v1/dlq", params=given)).json()
        seen += [letter["id"] for letter in page["items"]]
        assert page["total"] == 25
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, reverse=True)
    detail = (await admin.get(f"/v1/dlq/{quote(seen[0], safe='')}")).json()
    assert detail["payload"] == {"to": "ana@example.org"}


async def test_a_body_over_the_limit_is_refused_by_length_and_while_it_comes(admin: httpx.AsyncClient) -> None:
    big = json.dumps({"queue": "a", "kind": "k", "payload": "x" * 70_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 5_000):
            yield big[start : start + 5_000]

    for content in (big, chunks()):
        answer = await admin.post("/v1/jobs", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_only_json_is_taken(admin: httpx.AsyncClient) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await admin.post("/v1/jobs", content=b"{}", headers={"content-type": media_type})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_ten_runs_with_one_key_are_one_run(service: Service, admin: httpx.AsyncClient) -> None:
    await admin.post("/v1/jobs", json={"queue": "mail", "kind": "send"})
    args = {"queue": "native:mail", "until": None, "reason": None}
    plan = (await admin.post("/v1/plans", json={"operation": "queue.pause", "args": args})).json()
    body = {"phrase": plan["phrase"], "reason": "test"}
    sent = [admin.post(f"/v1/plans/{plan['id']}/run", json=body, headers={"Idempotency-Key": "k1"}) for _ in range(10)]
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {202}, answers[0].text
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await admin.get("/v1/runs")).json()["total"] == 1
    other = await admin.post(f"/v1/plans/{plan['id']}/run", json={"reason": "b"}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    none = await admin.post(f"/v1/plans/{plan['id']}/run", json=body)
    assert (none.status_code, none.json()["code"]) == (400, "key-missing")


async def test_a_run_is_steered_and_its_items_are_listed(admin: httpx.AsyncClient, service: Service) -> None:
    await service.rows(failing_letters(3))
    args = {"selection": {"all": True}, "rate": None}
    plan = (await admin.post("/v1/plans", json={"operation": "dlq.requeue", "args": args})).json()
    assert plan["count"] == 3, plan
    body = {"phrase": plan["phrase"]}
    run = (await admin.post(f"/v1/plans/{plan['id']}/run", json=body, headers={"Idempotency-Key": "k"})).json()
    path = f"/v1/runs/{run['id']}"
    assert (await admin.get(f"{path}/items")).json()["items"] == []
    rated = await admin.post(f"{path}/rate", json={"per_s": 7})
    assert (rated.status_code, rated.json()["rate"]) == (202, 7.0)
    bad = await admin.post(f"{path}/rate", json={"per_s": 0.009})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid")
    assert (await admin.post(f"{path}/pause")).status_code == 202
    cancelled = await admin.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert (await admin.get("/v1/runs/77/items")).status_code == 404


async def test_the_overview_puts_trouble_first(admin: httpx.AsyncClient, service: Service) -> None:
    await service.rows(failing_letters(3, "broken"))
    await admin.post("/v1/jobs", json={"queue": "alright", "kind": "k", "run_at": "2099-01-01T00:00:00Z"})
    seen = (await admin.get("/v1/overview")).json()
    assert [queue["name"] for queue in seen["queues"]] == ["broken", "alright"]
    assert (seen["totals"]["dead"], seen["totals"]["scheduled"]) == (3, 1)
    assert (seen["actor"], seen["role"]) == ("admin", "admin")


async def test_an_unforeseen_error_shows_nothing_of_our_insides(database: str, tmp_path: Path) -> None:
    class Broken:
        async def counters(self) -> object:
            raise RuntimeError("the password is swordfish")

    async with serving(database, tmp_path, rooms={"upkeep": Broken()}) as service, service.client() as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "swordfish" not in answer.text
    assert answer.json()["extra"]["id"]


async def test_a_request_that_takes_too_long_is_given_up(database: str, tmp_path: Path) -> None:
    class Slow:
        async def counters(self) -> object:
            return await asyncio.Event().wait()

    options = {"request_timeout_s": 0.2, "rooms": {"upkeep": Slow()}}
    async with serving(database, tmp_path, **options) as service, service.client() as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (503, "timed-out")


async def test_a_unix_socket_is_for_its_owner_and_group(database: str, tmp_path: Path) -> None:
    path = tmp_path / "run" / "api.sock"
    async with serving(database, tmp_path, socket=str(path)) as service:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o027 == 0
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://graveshift") as client:
            answer = await client.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        assert "server" not in answer.headers
        assert service.url == f"unix:{path}"
    assert not path.exists()


async def test_a_dead_socket_is_replaced_and_a_living_one_is_not(database: str, tmp_path: Path) -> None:
    path = tmp_path / "run" / "api.sock"
    async with serving(database, tmp_path, socket=str(path)):
        with pytest.raises(CannotListen, match="another process listens there"):
            listen(ApiSettings(socket=str(path)))
        assert path.is_socket()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with serving(database, tmp_path, socket=str(path)):
        pass


async def test_half_a_request_head_is_not_waited_for_long(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graveshift.api.protocol.HEAD_S", 0.2)
    host, port = service.url.removeprefix("http://").split(":")
    for first in (b"", b"GET /health HTTP/1.1\r\nHost: x\r\n"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(first)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_health_without_a_token_tells_the_status_alone(service: Service) -> None:
    async with service.client(None) as nobody, service.client(Role.VIEWER) as viewer:
        public = (await nobody.get("/health")).json()
        detail = (await viewer.get("/v1/health")).json()
    assert (public["status"], public["checks"]) == ("ok", [])
    assert [check["name"] for check in detail["checks"]] == ["database"]


@pytest.mark.parametrize(("path", "states"), [("jobs", "waiting, scheduled"), ("workers", "running, quiet")])
async def test_a_state_that_does_not_exist_is_refused_with_those_that_do(
    admin: httpx.AsyncClient, path: str, states: str
) -> None:
    answer = await admin.get(f"/v1/{path}", params={"state": "bogus"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert f"there is no state `bogus`; there are {states}" in answer.json()["detail"]
    assert (await admin.get(f"/v1/{path}", params={"state": "running"})).status_code == 200


async def test_a_revoked_token_stops_working_within_two_seconds(service: Service) -> None:
    async with service.client(Role.VIEWER) as viewer:
        assert (await viewer.get("/v1/dlq")).status_code == 200
        token = next(t for t in await service.tokens.list() if t.role is Role.VIEWER)
        await service.tokens.revoke(token.id, ROOT)

        async def refused() -> bool:
            return (await viewer.get("/v1/dlq")).status_code == 401

        await until(refused, within=2.0)
