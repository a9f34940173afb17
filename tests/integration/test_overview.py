"""What the first screen is told, beyond what it can list."""

from pathlib import Path

from graveshift.drivers.postgres import PostgresQueue
from tests.api_service import Service, serving
from tests.contract.bench import Bench, PostgresUnits, failure


async def fail_of(causes: int, service: Service) -> None:
    """One failed attempt of each cause."""
    queue = PostgresQueue(service.engine)
    bench = Bench(queue, PostgresUnits(service.engine))
    await bench.put(*["{}"] * causes)
    jobs = await bench.take(causes)
    await bench.work.fail([failure(job.ticket, fingerprint=f"f{n}") for n, job in enumerate(jobs)])
    await queue.close()


async def test_the_totals_count_failures_of_causes_that_are_not_shown(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as admin:
        await fail_of(25, service)
        seen = (await admin.get("/v1/overview")).json()
    assert len(seen["groups"]) == 20
    assert seen["totals"]["failing_per_min"] > 20
    assert sum(seen["totals"]["trend"]) == 25
