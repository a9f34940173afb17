"""F22: the record cannot be written: what would not be on it is refused, and happens once it can."""

import asyncio
from typing import Any

from sqlalchemy import text

from graveshift.store.engine import create_engine
from tests.faults.backend import backend
from tests.faults.callers import Caller, callers
from tests.faults.killed_backend import check_moved
from tests.faults.scene import Stage
from tests.front import ALL, Front

BREAK = """
    CREATE FUNCTION graveshift_ledger.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no room on the disk of the record' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON graveshift_ledger.audit EXECUTE FUNCTION graveshift_ledger.no_room()
"""
HEAL = "DROP TRIGGER no_room ON graveshift_ledger.audit; DROP FUNCTION graveshift_ledger.no_room()"
DONE = text("""
    SELECT (SELECT count(*) FROM graveshift_ledger.runs) AS runs, (SELECT count(*) FROM graveshift.dead) AS dead,
           (SELECT count(*) FROM graveshift.queues WHERE paused_at IS NOT NULL) AS paused,
           (SELECT count(*) FROM graveshift_ledger.tokens) AS tokens
""")
PAUSE: dict[str, Any] = {"queue": "native:mail", "reason": "a fault"}


async def broken_audit(stage: Stage) -> str:
    """AssertionError where anything was done off the record."""
    engine = create_engine(stage.url)
    front = Front(engine, stage.folder)
    try:
        await front.letters(stage.jobs)
        async with backend(stage.url, stage.folder) as process, callers(engine, process, "ann") as (ann,):
            plans = [await ann.plan("dlq.requeue", **ALL, rate="unlimited"), await ann.plan("queue.pause", **PAUSE)]
            await asyncio.to_thread(stage.place.execute, BREAK, stage.url)
            await _refused(ann, plans)
            async with engine.connect() as connection:
                row = (await connection.execute(DONE)).one()
            assert tuple(row) == (0, stage.jobs, 0, 1), row
            await asyncio.to_thread(stage.place.execute, HEAL, stage.url)
            runs = [await ann.run(plan, f"key-{n}") for n, plan in enumerate(plans)]
            assert [answer.status_code for answer in runs] == [202, 202], [answer.text for answer in runs]
            ended = [await ann.ended(answer.json()["id"]) for answer in runs]
            await check_moved(front, ended[0]["id"], stage.jobs)
    finally:
        await front.queue.close()
        await engine.dispose()
    return f"{len(plans)} orders refused off the record, and carried out on it"


async def _refused(ann: Caller, plans: list[dict[str, Any]]) -> None:
    for number, plan in enumerate(plans):
        answer = await ann.run(plan, f"key-{number}")
        assert (answer.status_code, answer.json()["code"]) == (503, "audit-unavailable"), answer.text
