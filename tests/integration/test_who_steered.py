"""Who paused, resumed, cancelled a run or set its rate stands in the run itself, and not on the record alone."""

from pathlib import Path

from graveshift.operation import Actor
from graveshift.wire.operations import Role
from graveshift.wire.runs import Run, RunState, Steer
from tests.api_service import serving
from tests.front import ALL, ANN, Front

BO = Actor("bo", Role.OPERATOR)
CY = Actor("cy", Role.OPERATOR)


def acts(run: Run) -> list[tuple[Steer, str]]:
    return [(one.act, one.by) for one in run.steered]


async def queued(front: Front) -> Run:
    await front.letters(40)
    return await front.order("dlq.requeue", {**ALL, "rate": 4})


async def test_a_run_nobody_steered_says_so(front: Front) -> None:
    assert (await queued(front)).steered == []


async def test_the_last_word_and_the_rate_are_kept_with_their_names_and_times(front: Front) -> None:
    run = await queued(front)
    assert acts(await front.desk.steer(run.id, "pause", BO)) == [(Steer.PAUSED, "bo")]
    faster = await front.desk.rate(run.id, 500, CY)
    assert acts(faster) == [(Steer.RATE, "cy"), (Steer.PAUSED, "bo")]
    assert faster.steered[0].at >= faster.steered[1].at
    resumed = await front.desk.steer(run.id, "resume", ANN)
    assert acts(resumed) == [(Steer.RESUMED, "ann"), (Steer.RATE, "cy")]
    assert acts(await front.desk.steer(run.id, "cancel", BO)) == [(Steer.CANCELLED, "bo"), (Steer.RATE, "cy")]


async def test_of_two_who_pause_it_is_the_first_and_who_resumes_what_runs_did_nothing(front: Front) -> None:
    run = await queued(front)
    assert acts(await front.desk.steer(run.id, "resume", CY)) == []
    await front.desk.steer(run.id, "pause", BO)
    assert acts(await front.desk.steer(run.id, "pause", CY)) == [(Steer.PAUSED, "bo")]
    await front.desk.steer(run.id, "cancel", BO)
    assert acts(await front.desk.steer(run.id, "cancel", CY)) == [(Steer.CANCELLED, "bo")]


async def test_a_pause_of_a_running_run_is_told_before_and_after_it_takes_hold(front: Front) -> None:
    run = await queued(front)
    async with front.running():
        await front.becomes(run, RunState.RUNNING)
        assert acts(await front.desk.steer(run.id, "pause", BO)) == [(Steer.PAUSED, "bo")]
        assert acts(await front.desk.steer(run.id, "pause", CY)) == [(Steer.PAUSED, "bo")]
        assert acts(await front.becomes(run, RunState.PAUSED)) == [(Steer.PAUSED, "bo")]


async def test_who_looks_for_a_cancelled_run_finds_it_however_many_ended_since(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        asked = {"operation": "dlq.requeue", "args": {"selection": {"all": True}}}
        for number in range(30):
            plan = (await client.post("/v1/plans", json=asked)).json()
            key = {"Idempotency-Key": f"k{number}"}
            first = (await client.post(f"/v1/plans/{plan['id']}/run", json={}, headers=key)).json()["id"]
            if number:
                over = "UPDATE graveshift_ledger.runs SET state = 'succeeded', finished_at = now() WHERE id = :id"
                await service.rows(over, id=int(first))
        oldest = (await client.get("/v1/overview")).json()["runs"][0]["id"]
        await client.post(f"/v1/runs/{oldest}/cancel")
        runs = (await client.get("/v1/overview")).json()["runs"]
        (told,) = [run for run in runs if run["id"] == oldest]
        assert [(one["act"], one["by"] != "") for one in told["steered"]] == [("cancelled", True)]
        assert (await client.get(f"/v1/runs/{oldest}")).json()["steered"] == told["steered"]
        aged = "UPDATE graveshift_ledger.runs SET finished_at = now() - interval '6 minutes' WHERE id = :id"
        await service.rows(aged, id=int(oldest))
        assert oldest not in [run["id"] for run in (await client.get("/v1/overview")).json()["runs"]]
