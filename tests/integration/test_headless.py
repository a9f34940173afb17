"""The headless half of the console against the real API over a real database: every resource, plan, run, hint."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from graveshift.wire.dlq import LetterDetail
from graveshift.wire.hints import Hint
from graveshift.wire.operations import Role
from graveshift.wire.runs import RunState
from graveshift_tui.client import RESOURCES, ApiError, Client
from graveshift_tui.conduct import Conduct
from graveshift_tui.settings import Where
from tests.api_service import Service, failing_letters, serving
from tests.waiting import until


@pytest.fixture
async def service(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> AsyncIterator[Service]:
    options = {"socket": str(tmp_path / "api.sock")} if getattr(request, "param", "socket") == "socket" else {}
    async with serving(database, tmp_path, **options) as service:
        await service.rows(failing_letters(150))
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    client = Client(Where(service.url, service.secret[Role.ADMIN]))
    yield client
    await client.close()


async def graveshift(service: Service, *argv: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    env = {**os.environ, "GRAVESHIFT_URL": service.url, "GRAVESHIFT_TOKEN": service.secret[Role.ADMIN]}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "graveshift_tui", *argv),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.parametrize("service", ["port", "socket"], indirect=True)
async def test_every_read_of_the_client_fits_the_real_answers(client: Client) -> None:
    for resource, (kind, _) in RESOURCES.items():
        page = await client.page(resource)
        assert all(isinstance(item, kind) for item in page.items)
    assert (await client.overview()).environment.name == "TEST"
    assert (await client.series("dead")).name == "dead"
    assert "dlq.requeue" in {operation.name for operation in await client.operations()}


async def test_pages_lead_to_letters_and_letters_to_their_payload(client: Client) -> None:
    first = await client.page("dlq", limit=100)
    rest = await client.page("dlq", cursor=first.next_cursor, limit=100)
    ids = [getattr(item, "id", "") for item in (*first.items, *rest.items)]
    assert (len(ids), len(set(ids))) == (150, 150)
    letter = await client.one("dlq", ids[0])
    assert isinstance(letter, LetterDetail)
    assert json.loads(bytes(letter.payload)) == {"to": "ana@example.org"}


async def test_a_plan_becomes_a_run_that_can_be_stopped(client: Client) -> None:
    conduct = Conduct(client)
    plan = await conduct.plan("dlq.requeue", {"selection": {"filter": {"queue": "mail"}}})
    assert plan.count == 150
    run = await conduct.confirm(plan, phrase=plan.phrase, reason="healed")
    assert (await conduct.confirm(plan, phrase=plan.phrase, reason="healed")).id == run.id
    stopped = await client.steer(run.id, "cancel")
    assert stopped.state in (RunState.CANCELLED, RunState.QUEUED, RunState.RUNNING)
    assert (await client.look(run.id)).reason == "healed"


async def test_hints_of_the_real_stream_reach_the_client(client: Client, service: Service) -> None:
    heard: list[Hint] = []

    async def listen() -> None:
        async with aclosing(client.hints()) as hints:
            async for hint in hints:
                heard.append(hint)

    task = asyncio.create_task(listen())
    await until(lambda: heard)
    service.hub.publish(Hint("dlq"))
    await until(lambda: Hint("dlq") in heard)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_get_prints_every_resource(service: Service) -> None:
    for resource in (*RESOURCES, "overview", "operations", "health"):
        code, out, err = await graveshift(service, "get", resource, "-o", "json")
        assert (code, err) == (0, "")
        assert json.loads(out) is not None
        assert (await graveshift(service, "get", resource))[0] == 0


async def test_do_plans_and_asks_for_what_the_desk_asks(service: Service) -> None:
    code, out, _ = await graveshift(service, "do", "dlq.discard", "--all", "--dry-run", "-o", "json")
    plan = json.loads(out)
    assert (code, plan["confirm"]) == (0, "phrase")
    code, _, err = await graveshift(service, "do", "dlq.discard", "--all", "--phrase", "wrong")
    assert (code, plan["phrase"] in err) == (7, True)
    code, out, _ = await graveshift(service, "do", "dlq.discard", "--all", "--phrase", plan["phrase"])
    assert (code, "goes on in the backend" in out) == (0, True)


@pytest.mark.parametrize("service", ["port"], indirect=True)
async def test_the_record_says_which_program_asked(service: Service, client: Client) -> None:
    async def source() -> str:
        entry = (await client.page("audit", limit=1)).items[0]
        return str(getattr(entry, "source", ""))

    pause: dict[str, object] = {"queue": "native:mail"}
    conduct = Conduct(client)
    await conduct.confirm(await conduct.plan("queue.pause", pause))
    assert await source() == "console"
    assert (await graveshift(service, "do", "queue.pause", "--arg", "queue=native:mail", "--yes"))[0] == 0
    assert await source() == "cli"
    async with service.client() as other:
        plan = (await other.post("/v1/plans", json={"operation": "queue.pause", "args": pause})).json()
        await other.post(f"/v1/plans/{plan['id']}/run", json={}, headers={"Idempotency-Key": "k"})
    assert await source() == "http"


async def test_a_viewer_may_look_and_not_touch(service: Service) -> None:
    viewer = Client(Where(service.url, service.secret[Role.VIEWER]))
    assert (await viewer.page("dlq")).total == 150
    with pytest.raises(ApiError) as refused:
        await viewer.plan("dlq.requeue", {"selection": {"all": True}})
    assert refused.value.exit_code == 3
    await viewer.close()
