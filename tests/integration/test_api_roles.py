"""Every path, asked by nobody, a stranger and each role: the API's own table says who is let in."""

from pathlib import Path
from typing import Any

import httpx

from graveshift.api.endpoint import Endpoint
from graveshift.api.table import endpoints
from graveshift.wire.operations import Role
from tests.api_service import serving


async def _none(call: Any) -> None:
    return None


TABLE = endpoints(_none, _none)
BODIES: dict[str, object] = {
    "/v1/plans": {"operation": "queue.pause", "args": {"queue": "native:mail", "until": None, "reason": None}},
    "/v1/plans/{id}/run": {},
    "/v1/runs/{id}/rate": {"per_s": 1},
    "/v1/jobs": {"queue": "mail", "kind": "send"},
    "/v1/marks": {"title": "shop v142"},
    "/v1/query/secret": {"value": "4711"},
}
OPEN = {"/health", "/metrics", "/schema/openapi.json"}
# The Desk refuses these to a viewer, and keeps the refusal on the record; what is not there is not found first.
BY_THE_DESK = {"/v1/plans", *(f"/v1/runs/{{id}}/{act}" for act in ("cancel", "pause", "resume", "rate"))}


async def ask(client: httpx.AsyncClient, endpoint: Endpoint) -> httpx.Response:
    query = {"name": "depth"} if endpoint.template == "/v1/series" else {}
    body = BODIES.get(endpoint.template)
    path = endpoint.template.replace("{id}", "7")
    async with client.stream(
        endpoint.method, path, params=query, json=body, headers={"Idempotency-Key": "k"}
    ) as answer:
        if not endpoint.endless:
            await answer.aread()
    return answer


async def test_only_who_may_is_let_in(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(None) as nobody, service.client(None) as stranger:
        stranger.headers["Authorization"] = "Bearer gs_000000000000_" + "0" * 64
        for endpoint in TABLE:
            public = endpoint.template in OPEN
            assert (endpoint.role is None) == public
            for client in (nobody, stranger):
                answer = await ask(client, endpoint)
                assert (answer.status_code == 401) == (not public), (endpoint.template, answer.status_code)
                if not public:
                    assert answer.headers["www-authenticate"] == "Bearer"
        for role in Role:
            async with service.client(role) as client:
                for endpoint in TABLE:
                    answer = await ask(client, endpoint)
                    wanted = Role.OPERATOR if endpoint.template in BY_THE_DESK else endpoint.role
                    refused = wanted is not None and not role.covers(wanted)
                    assert (answer.status_code == 403) == refused, (role, endpoint.template, answer.status_code)
                    assert answer.status_code not in (401, 405, 415, 500), (endpoint.template, answer.status_code)


async def test_a_viewer_cannot_run_or_steer_what_an_operator_planned(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service:
        async with service.client(Role.OPERATOR) as operator, service.client(Role.VIEWER) as viewer:
            await operator.post("/v1/jobs", json=BODIES["/v1/jobs"])
            plan = (await operator.post("/v1/plans", json=BODIES["/v1/plans"])).json()
            path, body = f"/v1/plans/{plan['id']}/run", {"phrase": plan["phrase"]}
            refused = await viewer.post(path, json=body, headers={"Idempotency-Key": "v"})
            assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
            run = (await operator.post(path, json=body, headers={"Idempotency-Key": "o"})).json()
            for act in ("cancel", "pause", "resume", "rate"):
                steered = await viewer.post(f"/v1/runs/{run['id']}/{act}", json={"per_s": 1})
                assert steered.status_code == 403, act
            record = (await operator.get("/v1/audit")).json()["items"]
        assert {"refused", "started"} <= {entry["outcome"] for entry in record}


async def test_a_malformed_header_is_no_token(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(None) as client:
        good = service.secret[Role.ADMIN]
        for header in (
            "",
            "Bearer",
            f"Basic {good}",
            good,
            f"Bearer {good}x",
            f"Bearer {good[:-1]}",
            "Bearer \xff",
        ):
            answer = await client.get("/v1/dlq", headers={b"Authorization": header.encode("latin-1")})
            assert answer.status_code == 401, header
        assert (await client.get("/v1/dlq", headers={"Authorization": f"bearer {good}"})).status_code == 200
