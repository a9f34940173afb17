"""Workers are listed as they are needed: who claims comes first, the silent last, page by page."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from graveshift.drivers.postgres import PostgresQueue
from graveshift.wire.workers import WorkerState
from graveshift.work import Condition
from tests.api_service import serving
from tests.contract.bench import Bench, PostgresUnits

STATES = (WorkerState.STOPPING, WorkerState.RUNNING, WorkerState.QUIET, WorkerState.RUNNING, WorkerState.RUNNING)
HUSH = text("UPDATE graveshift.workers SET heartbeat_at = heartbeat_at - interval '1 minute' WHERE id = :id")


async def test_live_workers_come_first_and_every_page_goes_on_where_the_last_ended(
    database: str, tmp_path: Path
) -> None:
    async with serving(database, tmp_path) as service, service.client() as admin:
        queue = PostgresQueue(service.engine)
        work = Bench(queue, PostgresUnits(service.engine)).work
        for number, state in enumerate(STATES):
            await work.register(UUID(int=number), "host", number, "1.0", [])
            await work.beat(UUID(int=number), [], 30, Condition(state))
        async with service.engine.begin() as connection:
            await connection.execute(HUSH, {"id": UUID(int=1)})
        await queue.close()
        for limit in (1, 2, 3, 5):
            seen, cursor = [], None
            while True:
                at = f"&cursor={cursor}" if cursor else ""
                page = (await admin.get(f"/v1/workers?limit={limit}{at}")).json()
                assert page["total"] == len(STATES)
                seen += [(worker["pid"], worker["state"]) for worker in page["items"]]
                if (cursor := page.get("next_cursor")) is None:
                    break
            assert seen == [(3, "running"), (4, "running"), (2, "quiet"), (0, "stopping"), (1, "silent")]
