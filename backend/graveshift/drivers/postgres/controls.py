"""Pause, resume, drain and limit queues, and cancel jobs."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from graveshift.driver import Unit, Verdict
from graveshift.drivers.postgres.text import storable
from graveshift.store.position import job_number
from graveshift.wire.ids import encode
from graveshift.wire.queues import Limit
from graveshift.wire.runs import Outcome

PAUSE = text("""
INSERT INTO graveshift.queues (name, paused_at, paused_until, paused_by, paused_reason)
VALUES (:queue, now(), CAST(:until AS timestamptz), :actor, CAST(:reason AS text))
ON CONFLICT (name) DO UPDATE SET paused_at = now(), paused_until = excluded.paused_until,
    paused_by = excluded.paused_by, paused_reason = excluded.paused_reason
""")

RESUME = text("""
UPDATE graveshift.queues SET paused_at = NULL, paused_until = NULL, paused_by = NULL, paused_reason = NULL,
       draining_at = NULL, draining_by = NULL, draining_reason = NULL
WHERE name = :queue
""")

DRAIN = text("""
INSERT INTO graveshift.queues (name, draining_at, draining_by, draining_reason)
VALUES (:queue, now(), :actor, CAST(:reason AS text))
ON CONFLICT (name) DO UPDATE SET draining_at = coalesce(queues.draining_at, now()),
    draining_by = excluded.draining_by, draining_reason = excluded.draining_reason
""")

# What is spent stays spent, but is at most the new burst: a limit that is raised holds from the next claim on.
LIMIT = text("""
INSERT INTO graveshift.queues (name, concurrency, per_s, burst, limited_at, limited_by, limited_reason)
VALUES (:queue, CAST(:concurrency AS integer), CAST(:per_s AS double precision), CAST(:burst AS integer), now(),
        CAST(:by AS text), CAST(:reason AS text))
ON CONFLICT (name) DO UPDATE SET concurrency = excluded.concurrency, per_s = excluded.per_s, burst = excluded.burst,
    limited_at = excluded.limited_at, limited_by = excluded.limited_by, limited_reason = excluded.limited_reason,
    spent_until = CASE WHEN queues.spent_until > now()
        THEN least(queues.spent_until, now() + make_interval(secs => excluded.burst / excluded.per_s)) END
""")

CANCEL = text("""
WITH held AS MATERIALIZED (
    SELECT * FROM graveshift.jobs WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
), asked AS (
    UPDATE graveshift.jobs j SET cancel_requested = true FROM held WHERE j.id = held.id AND held.state = 'running'
), ended AS (
    DELETE FROM graveshift.jobs j USING held WHERE j.id = held.id AND held.state <> 'running'
), kept AS (
    INSERT INTO graveshift.done (id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority,
                                 queue, kind, state, unique_key, trace_id)
    SELECT id, enqueued_at, started_at, CAST(:run AS bigint), attempt, max_attempts, requeue_count,
           graveshift.own_priority(priority), queue, kind, 'cancelled', unique_key, trace_id
    FROM held WHERE state <> 'running'
)
SELECT id, state, false AS repeated FROM held
UNION ALL
SELECT id, state, state = 'cancelled' AND run_id = :run FROM graveshift.done WHERE id = ANY(CAST(:ids AS bigint[]))
UNION ALL
SELECT id, 'dead', false FROM graveshift.dead WHERE id = ANY(CAST(:ids AS bigint[]))
""")

ASKED_TO_STOP = "running: asked to stop"


async def pause(unit: Unit, queue: str, until: datetime | None, reason: str | None, actor: str) -> None:
    """Workers claim nothing from this queue; pausing again replaces end and reason."""
    named = {"until": until, "reason": reason and storable(reason), "actor": storable(actor)}
    await unit.execute(PAUSE, {"queue": queue, **named})


async def resume(unit: Unit, queue: str) -> None:
    """No pause and no drain any more; nothing happens to a queue that has none."""
    await unit.execute(RESUME, {"queue": queue})


async def drain(unit: Unit, queue: str, reason: str | None, actor: str) -> None:
    """The queue takes no new jobs until it is resumed; draining again replaces who and why."""
    await unit.execute(DRAIN, {"queue": queue, "reason": reason and storable(reason), "actor": storable(actor)})


async def limit(unit: Unit, queue: str, wanted: Limit) -> None:
    """This limit and no other; one of nothing lifts what there is."""
    numbers = {"concurrency": wanted.concurrency, "per_s": wanted.per_s, "burst": wanted.burst}
    words = {"by": wanted.by and storable(wanted.by), "reason": wanted.reason and storable(wanted.reason)}
    await unit.execute(LIMIT, {"queue": queue, **numbers, **words})


async def cancel(unit: Unit, system: str, natives: Sequence[str], run_id: int) -> list[Verdict]:
    """One verdict for each job."""
    numbers = {native: job_number(native) for native in natives}
    known = sorted(number for number in numbers.values() if number is not None)
    found: dict[int, tuple[str, bool]] = {}
    for row in (await unit.execute(CANCEL, {"ids": known, "run": run_id})).all():
        found[row.id] = (row.state, row.repeated)
    return [_verdict(encode(system, native), found.get(number or 0)) for native, number in numbers.items()]


def _verdict(public: str, found: tuple[str, bool] | None) -> Verdict:
    match found:
        case None:
            return Verdict(public, Outcome.GONE, "there is no such job", public)
        case ("running", _):
            return Verdict(public, Outcome.MOVED, ASKED_TO_STOP, public)
        case ("waiting" | "scheduled" | "retrying" | "held", _) | (_, True):
            return Verdict(public, Outcome.MOVED, None, public)
        case (state, _):
            return Verdict(public, Outcome.GONE, f"it is {state} already", public)
