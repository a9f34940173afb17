"""Out of the trash: back to the dead letter queue as the letter that it was, or gone for good."""

from collections.abc import Sequence

from sqlalchemy import TextClause, text

from graveshift.driver import Unit, Verdict
from graveshift.drivers.postgres.moving import BY_ROW, arrays, by_place, verdicts
from graveshift.store.position import letter_position
from graveshift.wire.runs import Outcome

# As for a requeue: locked first, in one order, and only what was locked is moved. A letter is discarded after it died;
# the day's grace is for a clock that was set.
CHOSEN = """
    SELECT t.* FROM (SELECT * FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
                     ORDER BY id) u,
    LATERAL (SELECT t.* FROM graveshift.trash t
             WHERE t.id = u.id AND t.died_at = u.died_at
               AND t.discarded_at BETWEEN CAST(:low AS timestamptz) - interval '1 day' AND now() + interval '1 day'
               AND (CAST(:of_run AS bigint) IS NULL OR t.discarded_by = :of_run) FOR UPDATE) t
"""

RESTORE = text(f"""
WITH chosen AS MATERIALIZED ({CHOSEN}), back AS (
    INSERT INTO graveshift.dead (died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count,
                                 priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version,
                                 trace_id, restored_at)
    SELECT died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           fingerprint, error_type, unique_key, worker, worker_version, trace_id, now()
    FROM chosen ON CONFLICT DO NOTHING RETURNING id
), stuck AS (
    SELECT id FROM chosen EXCEPT SELECT id FROM back
), left_behind AS (
    DELETE FROM graveshift.trash t USING chosen
    WHERE t.discarded_at = chosen.discarded_at AND t.id = chosen.id AND chosen.id NOT IN (SELECT id FROM stuck)
)
SELECT died_at, id, id IN (SELECT id FROM stuck) AS stuck
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
WHERE (died_at, id) NOT IN (SELECT died_at, id FROM chosen) OR id IN (SELECT id FROM stuck)
""")

# What failed attempts said goes with its day.
ERASE = text(f"""
WITH chosen AS MATERIALIZED ({CHOSEN}), gone AS (
    DELETE FROM graveshift.trash t USING chosen WHERE t.discarded_at = chosen.discarded_at AND t.id = chosen.id
), texts AS (
    DELETE FROM graveshift.dead_text x USING chosen WHERE x.died_at = chosen.died_at AND x.id = chosen.id
), carried AS (
    DELETE FROM graveshift.payloads WHERE id = ANY(ARRAY(SELECT id FROM chosen))
), edits AS (
    DELETE FROM graveshift.edits WHERE id = ANY(ARRAY(SELECT id FROM chosen))
)
SELECT died_at, id, false AS stuck
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
WHERE (died_at, id) NOT IN (SELECT died_at, id FROM chosen)
""")

NOT_THERE = "it is not in the trash: restored, emptied or past keeping"
THERE_AGAIN = (Outcome.CONFLICT, "a letter with this id is in the dead letter queue already")


async def restore(unit: Unit, system: str, natives: Sequence[str], of_run: int | None) -> list[Verdict]:
    """One verdict a letter; `of_run` names the only run whose discards are meant."""
    return await _acted(unit, system, natives, RESTORE, of_run)


async def erase(unit: Unit, system: str, natives: Sequence[str]) -> list[Verdict]:
    """One verdict a letter."""
    return await _acted(unit, system, natives, ERASE, None)


async def _acted(
    unit: Unit, system: str, natives: Sequence[str], statement: TextClause, of_run: int | None
) -> list[Verdict]:
    places = {native: letter_position(native) for native in natives}
    named = {name: value for name, value in arrays(places).items() if name != "high"}
    await unit.prepare(BY_ROW)
    left = by_place((await unit.execute(statement, {**named, "of_run": of_run})).all())
    return verdicts(system, places, left, gone=NOT_THERE, stuck=THERE_AGAIN)
