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
    tokens = TokenBook(engine, AuditBook(engine))
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            headers = {"Authorization": f"Bearer {await tokens.create(name, Role.ADMIN, ROOT)}"}
            transport = httpx.AsyncHTTPTransport(uds=str(process.socket))
            client = httpx.AsyncClient(
                transport=transport, base_url="http://faults", headers=headers, timeout=PATIENCE_S
            )
            found.append(Caller(await stack.enter_async_context(client)))

        async def answers() -> bool:
            assert process.is_alive, process.said
            try:
                return (await found[0].client.get("/health")).status_code == 200
            except httpx.TransportError:
                return False

        await true(answers, within=PATIENCE_S, what="the backend answers")
        yield found
