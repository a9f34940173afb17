"""A held job says who holds it and since when: the ledger knows it of the run that held it last."""

from pathlib import Path
from typing import Any

from graveshift.operation import Actor
from graveshift.wire.operations import Role
from graveshift.wire.plans import RunPlan
from tests.api_service import serving
from tests.front import Front

BOB = Actor("bob", Role.OPERATOR)


async def test_a_held_job_says_who_held_it_last_and_since_when(front: Front, database: str, tmp_path: Path) -> None:
    held, free = await front.bench.put("1", "2")
    only = {"selection": {"ids": [f"native:{held}"]}}
    async with serving(database, tmp_path) as service, service.client() as client, front.running():

        async def one(id: int) -> dict[str, Any]:
            found: dict[str, Any] = (await client.get(f"/v1/jobs/native%3A{id}")).json()
            return found

        await front.ended(await front.order("job.hold", only, reason="bank"))
        first = await one(held)
        assert (first["held_by"], first["held_reason"]) == ("ann", "bank")
        plan = await front.desk.plan("job.hold", only, BOB)
        await front.ended(await front.desk.run(plan.id, BOB, "again", RunPlan(plan.phrase, None)))
        again = await one(held)
        assert again["held_by"] == "bob"
        assert again["held_at"] > first["held_at"]
        assert (await one(free))["held_by"] is None
        await front.ended(await front.order("job.release", only))
        assert ((await one(held))["held_by"], (await one(held))["held_at"]) == (None, None)
