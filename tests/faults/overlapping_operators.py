"""F19: three operators act on selections that overlap, at the same time: each letter is moved once, by one of them."""

import asyncio
from typing import Any

from sqlalchemy import text

from graveshift.store.engine import create_engine
from tests.faults.backend import backend
from tests.faults.callers import Caller, callers
from tests.faults.scene import Stage
from tests.front import Front

SETTLED = text("""
    SELECT count(*) AS settled, count(DISTINCT (died_at, id)) AS letters,
           (SELECT count(*) FROM graveshift.settled) AS requeued,
           (SELECT count(*) FROM graveshift.dead) AS dead, (SELECT count(*) FROM graveshift.jobs) AS jobs,
           (SELECT count(*) FROM graveshift.jobs j JOIN graveshift.trash t USING (id)) AS risen
    FROM (SELECT died_at, id FROM graveshift.settled UNION ALL SELECT died_at, id FROM graveshift.trash) every
""")
ORDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ann": ("dlq.requeue", {"selection": {"filter": {"queue": "mail"}}, "rate": "unlimited"}),
    "bob": ("dlq.requeue", {"selection": {"filter": {"kind": "send"}}, "rate": "unlimited"}),
    "eve": ("dlq.discard", {"selection": {"filter": {"kind": "other"}}}),
}


async def overlapping_operators(stage: Stage) -> str:
    """AssertionError where a letter was moved twice, by nobody, or by a run that does not say so."""
    engine = create_engine(stage.url)
    front = Front(engine, stage.folder)
    share = stage.jobs // 4
    try:
        for queue in ("mail", "post"):
            for kind in ("send", "other"):
                await front.letters(share, queue=queue, kind=kind)
        async with backend(stage.url, stage.folder, chunk=50) as process, callers(engine, process, *ORDERS) as crowd:
            plans = [await who.plan(verb, **args) for who, (verb, args) in zip(crowd, ORDERS.values(), strict=True)]
            runs = await asyncio.gather(
                *(_carried_out(who, plan, stage.seed) for who, plan in zip(crowd, plans, strict=True))
            )
        async with engine.connect() as connection:
            row = (await connection.execute(SETTLED)).one()
    finally:
        await front.queue.close()
        await engine.dispose()
    assert (row.settled, row.letters, row.dead, row.risen) == (4 * share, 4 * share, 0, 0), row
    assert row.requeued == row.jobs, row
    assert sum(run["moved"] for run in runs) == 4 * share, runs
    assert all(run["moved"] + run["gone"] + run["conflict"] == run["total"] and not run["failed"] for run in runs), runs
    return ", ".join(
        f"{name} moved {run['moved']} and missed {run['gone']}" for name, run in zip(ORDERS, runs, strict=True)
    )


async def _carried_out(who: Caller, plan: dict[str, Any], seed: int) -> dict[str, Any]:
    answer = await who.run(plan, f"key-{seed}")
    assert answer.status_code == 202, answer.text
    return await who.ended(answer.json()["id"])
