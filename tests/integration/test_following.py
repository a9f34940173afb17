"""What became of what a run moved: told with the run, and of a canary's letters with each."""

from pathlib import Path
from typing import Any

import httpx
from msgspec import json

from graveshift.driver import Verdict
from graveshift.store.engine import open_unit
from graveshift.store.items import ItemBook
from graveshift.wire.operations import Role
from graveshift.wire.runs import Outcome
from graveshift.wire.trials import Canary, CanaryState, Then
from tests.api_service import Service, serving
from tests.contract.bench import ALL, Bench, PostgresUnits, failure, native


async def begun(client: httpx.AsyncClient) -> str:
    """A requeue of everything that nobody carries out."""
    asked = {"operation": "dlq.requeue", "args": {"selection": {"all": True}}}
    plan = (await client.post("/v1/plans", json=asked)).json()
    answer = await client.post(f"/v1/plans/{plan['id']}/run", json={}, headers={"Idempotency-Key": "k"})
    return str(answer.json()["id"])


async def moved(service: Service, bench: Bench, run: str) -> list[str]:
    """All letters, by this run; their public ids."""
    letters = [letter.id for letter in (await bench.letters.page(ALL, None, 10)).items]
    verdicts = await bench.move([native(id) for id in letters], run=int(run))
    async with open_unit(service.engine) as unit:
        told = [Verdict(letter, Outcome.MOVED, None, v.job_id) for letter, v in zip(letters, verdicts, strict=True)]
        await ItemBook(service.engine).enter(unit, int(run), told)
        await unit.commit()
    return letters


async def try_these(service: Service, run: str, letters: list[str], state: CanaryState) -> None:
    canary = Canary(asked=len(letters), then=Then.ASK, state=state, jobs=len(letters))
    await service.rows(
        "UPDATE graveshift_ledger.runs SET canary = CAST(:canary AS json), sample = CAST(:sample AS json) "
        "WHERE id = :id",
        canary=json.encode(canary).decode(), sample=json.encode(letters).decode(), id=int(run),
    )  # fmt: skip


async def test_a_run_says_how_what_it_moved_has_ended(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        bench = Bench(service.queue, PostgresUnits(service.engine))
        await bench.dead(5)
        run = await begun(client)
        await moved(service, bench, run)
        claimed = await bench.take(4)
        await bench.kill(*claimed[:1])
        await bench.work.finish([job.ticket for job in claimed[1:3]], "w")
        ends = {"done": 2, "died": 1, "cancelled": 0, "recalled": 0, "waiting": 2}
        assert (await client.get(f"/v1/runs/{run}")).json()["became"] == ends
        assert (await client.get("/v1/runs")).json()["items"][0]["became"] == ends
        assert (await client.get("/v1/overview")).json()["runs"][0]["became"] == ends


async def test_a_run_at_work_says_how_fast_it_is_and_for_how_long_yet(database: str, tmp_path: Path) -> None:
    set_at_work = "UPDATE graveshift_ledger.runs SET state = 'running', total = 10000, rate = 500, {} WHERE id = :id"
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        run = await begun(client)
        for more, pace, least, most in (
            ("pace = NULL", None, 28, 29),
            ("pace = 50", 50, 24, 25),
            ("pace = 500", 500, 20, 20),
            ("slowed = 250", 500, 40, 40),
        ):
            await service.rows(set_at_work.format(more), id=int(run))
            seen = (await client.get(f"/v1/runs/{run}")).json()
            assert seen["pace"] == pace
            assert least <= seen["eta_s"] <= most, f"by the ramp from {pace}/s"
            assert (await client.get("/v1/overview")).json()["runs"][0]["eta_s"] == seen["eta_s"]
        await service.rows("UPDATE graveshift_ledger.runs SET state = 'paused' WHERE id = :id", id=int(run))
        assert (await client.get(f"/v1/runs/{run}")).json()["eta_s"] is None, "it does not run"


async def test_the_items_of_a_canary_say_what_their_verdict_is(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        bench = Bench(service.queue, PostgresUnits(service.engine))
        await bench.dead(5)
        run = await begun(client)
        letters = await moved(service, bench, run)
        done, failed, running = await bench.take(3)
        await bench.work.finish([done.ticket], "w")
        await bench.work.fail([failure(failed.ticket, retry_in_s=60.0)])
        jobs = {f"native:{claimed.ticket.id}": fate for claimed, fate in
                ((done, "done"), (failed, "failed"), (running, "running"))}  # fmt: skip
        tried = [letter for letter in letters if f"native:{letter.rpartition('-')[2]}" in jobs]
        await try_these(service, run, tried, CanaryState.TRYING)
        items = await items_of(client, run)
        assert {job: fate for job, fate in items.items() if fate} == jobs
        assert len(items) == 5
        await try_these(service, run, tried, CanaryState.LATE)
        late = await items_of(client, run)
        assert late[f"native:{running.ticket.id}"] == "late"
        assert late[f"native:{done.ticket.id}"] == "done"


async def items_of(client: httpx.AsyncClient, run: str) -> dict[str, Any]:
    found = (await client.get(f"/v1/runs/{run}/items")).json()["items"]
    return {item["job_id"]: item["fate"] for item in found}
