"""Operators who speak HTTP to a backend of the bench."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.operation import Actor
from graveshift.store.audit import AuditBook
from graveshift.store.tokens import TokenBook
from graveshift.wire.operations import Role
from tests.faults.backend import Backend
from tests.front import true

ROOT = Actor("faults", Role.ADMIN, "direct")
PATIENCE_S = 300.0


class Caller:
    """One operator, with a token of their own."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def plan(self, operation: str, **args: Any) -> dict[str, Any]:
        answer = await self.client.post("/v1/plans", json={"operation": operation, "args": args})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def run(self, plan: Mapping[str, Any], key: str, reason: str | None = None) -> httpx.Response:
        body = {"phrase": plan["phrase"], "reason": reason}
        return await self.client.post(f"/v1/plans/{plan['id']}/run", json=body, headers={"Idempotency-Key": key})

    async def act(self, operation: str, **args: Any) -> str:
        """Plan and begin it; the id of the run."""
        plan = await self.plan(operation, **args)
        answer = await self.run(plan, f"key-{plan['id']}")
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """What is there; AssertionError where the answer is no 200."""
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def health(self) -> dict[str, dict[str, Any]]:
        """Each check by its name, whether all of them hold or not."""
        return {check["name"]: check for check in (await self.client.get("/v1/health")).json()["checks"]}

    async def ended(self, run: str) -> dict[str, Any]:
        """The run once it has ended."""
        found: dict[str, Any] = {}

        async def over() -> bool:
            found.update((await self.client.get(f"/v1/runs/{run}")).json())
            return found["state"] not in ("queued", "running", "paused")

        await true(over, within=PATIENCE_S, what=f"run {run} ends")
        return found


@asynccontextmanager
async def callers(engine: AsyncEngine, process: Backend, *names: str) -> AsyncIterator[list[Caller]]:
    """One for each name, once the backend answers."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(caller(process, await token(engine, name))) for name in names]


async def token(engine: AsyncEngine, name: str) -> str:
    """An admin's token."""
    return await TokenBook(engine, AuditBook(engine)).create(name, Role.ADMIN, ROOT)


@asynccontextmanager
async def caller(process: Backend, token: str) -> AsyncIterator[Caller]:
    """One with this token, once the backend answers."""
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.AsyncHTTPTransport(uds=str(process.socket))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://faults", headers=headers, timeout=PATIENCE_S
    ) as client:

        async def answers() -> bool:
            assert process.is_alive, process.said
            try:
                return (await client.get("/health")).status_code == 200
            except httpx.TransportError:
                return False

        await true(answers, within=PATIENCE_S, what="the backend answers")
        yield Caller(client)
