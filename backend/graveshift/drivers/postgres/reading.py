"""Rows of letters as the wire knows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.driver import Frozen
from graveshift.drivers.postgres.connection import fetched
from graveshift.drivers.postgres.drafting import Draft, asked
from graveshift.drivers.postgres.editing import edits
from graveshift.drivers.postgres.text import raw
from graveshift.drivers.postgres.walking import Way, along, in_order
from graveshift.store.position import letter_id, letter_position
from graveshift.wire.dlq import Attempt, Letter, LetterDetail, Life
from graveshift.wire.ids import encode

# How much of a message a list shows; the letter itself has it all.
LISTED = 2_000

# What a list shows of a letter, in this order, and after it the message.
COLUMNS = (
    *("died_at", "id", "queue", "kind", "fingerprint", "error_type", "attempt", "max_attempts", "enqueued_at"),
    *("requeue_count", "run_id", "worker_version", "trace_id"),
)
_MESSAGE = f"left(coalesce(t.error_message, ''), {LISTED}) AS error_message"

LETTERS = text(f"""
SELECT {", ".join(f"d.{name}" for name in COLUMNS)}, {_MESSAGE}
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) WITH ORDINALITY AS u (died_at, id, place)
JOIN graveshift.dead d USING (died_at, id) LEFT JOIN graveshift.dead_text t USING (died_at, id)
ORDER BY u.place
""")

LETTER = text("""
SELECT d.*, coalesce(t.error_message, '') AS error_message, t.traceback, CAST(t.payload AS text) AS payload
FROM graveshift.dead d LEFT JOIN graveshift.dead_text t USING (died_at, id)
WHERE d.died_at = :died_at AND d.id = :id
""")

# Payloads to look through: what takes more to keep is not read, and what was packed and is longer is left out.
KEPT, LONGEST = 4_096, 8_192
PAYLOADS = text(f"""
SELECT t.payload FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id),
LATERAL (SELECT CASE WHEN pg_column_size(t.payload) <= {KEPT} THEN CAST(t.payload AS text) END AS payload
         FROM graveshift.dead_text t WHERE t.died_at = u.died_at AND t.id = u.id OFFSET 0) t
WHERE octet_length(t.payload) <= {LONGEST}
""")

# Of letters that one index leads to: their own rows in one go, and of each what it carries by key.
ALONG = f"""
SELECT d.*, {_MESSAGE} FROM ({{walked}}) d
LEFT JOIN LATERAL (
    SELECT error_message FROM graveshift.dead_text t WHERE t.died_at = d.died_at AND t.id = d.id OFFSET 0
) t ON true ORDER BY {{order}}
"""

HISTORY = text("""
SELECT attempt, started_at, finished_at, worker, error_type, error_message FROM graveshift.attempts
WHERE job_id = :id AND finished_at <= :died_at ORDER BY finished_at, attempt
""")

# A job dies when its last attempt ends: that is the key under which a requeue kept what it had died of.
LIVES = text("""
SELECT DISTINCT s.died_at, s.error_type, s.fingerprint, s.settled_by, s.settled_at
FROM (SELECT DISTINCT finished_at FROM graveshift.attempts
      WHERE job_id = :id AND finished_at < :died_at ORDER BY finished_at DESC LIMIT 200) a,
LATERAL (SELECT * FROM graveshift.settled s WHERE s.died_at = a.finished_at AND s.id = :id OFFSET 0) s
ORDER BY s.settled_at
""")

FREEZE = text("SELECT CAST(pg_current_snapshot() AS text) AS snapshot, now() AS cutoff")

STANDING = text("""
SELECT d.died_at, d.id FROM graveshift.dead d
JOIN unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id) USING (died_at, id)
""")

# What a replica shows is as old as the last transaction that reached it.
NOW = text("""
SELECT CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_xact_replay_timestamp(), 'epoch') ELSE now() END
""")


async def now(connection: AsyncConnection) -> datetime:
    """The database's clock; of a replica, how far it has come."""
    at: datetime = (await fetched(connection, NOW, {}))[0][0]
    return at


async def freeze(connection: AsyncConnection) -> Frozen:
    """This moment, for selections."""
    row = (await connection.execute(FREEZE)).one()
    return Frozen(row.snapshot, row.cutoff)


async def rows_at(connection: AsyncConnection, places: Sequence[Any]) -> Sequence[Any]:
    """The rows of letters at these places, in their order; those that have left meanwhile are left out."""
    named = {"died_ats": [p.died_at for p in places], "ids": [p.id for p in places]}
    return await fetched(connection, LETTERS, named) if places else ()


async def payloads_at(connection: AsyncConnection, places: Sequence[Any]) -> list[bytes]:
    """Of letters at these places, but for the long ones."""
    named = {"died_ats": [p.died_at for p in places], "ids": [p.id for p in places]}
    rows = await fetched(connection, PAYLOADS, named) if places else ()
    return [bytes(raw(payload)) for (payload,) in rows]


async def rows_along(connection: AsyncConnection, way: Way) -> Sequence[Any]:
    """The rows of letters on a way that is plain."""
    draft = Draft()
    walked = along(draft, way, COLUMNS)
    return await asked(connection, ALONG.format(walked=walked, order=in_order(way)), draft)


def listed(rows: Sequence[Any], system: str) -> list[Letter]:
    """By position: a page has many, and names looked up one by one cost more than the letter."""
    return [
        Letter(
            id=f"{system}:{letter_id(died_at, job)}",
            job_id=f"{system}:{job}",
            system=system,
            queue=queue,
            kind=kind,
            fingerprint=cause,
            error_type=error,
            error_message=said,
            attempts=tried,
            max_attempts=most,
            enqueued_at=enqueued_at,
            died_at=died_at,
            requeue_count=again,
            run_id=None if run is None else str(run),
            worker_version=version,
            trace_id=trace,
        )
        for died_at, job, queue, kind, cause, error, tried, most, enqueued_at, again, run, version, trace, said in rows
    ]


async def standing(connection: AsyncConnection, natives: Sequence[str]) -> list[str]:
    """Those of these native ids that are letters still."""
    places = {native: place for native in natives if (place := letter_position(native)) is not None}
    named = {"died_ats": [died_at for died_at, _ in places.values()], "ids": [job for _, job in places.values()]}
    found = {(row.died_at, row.id) for row in await connection.execute(STANDING, named)}
    return [native for native, place in places.items() if place in found]


async def letter_detail(connection: AsyncConnection, place: tuple[datetime, int], system: str) -> LetterDetail | None:
    """One letter with everything that is kept of it."""
    named = {"died_at": place[0], "id": place[1]}
    found = await fetched(connection, LETTER, named)
    if not found:
        return None
    row, history = found[0], [Attempt(*tried) for tried in await fetched(connection, HISTORY, named)]
    edited, payload = await edits(connection, row.id, row.died_at), raw(row.payload or "null")
    lives = [_life(life) for life in await fetched(connection, LIVES, named)]
    carried = {"payload": payload, "traceback": row.traceback, "history": history, "edits": edited, "lives": lives}
    return LetterDetail(**fields(row, system), **carried)


def _life(row: Any) -> Life:
    return Life(
        died_at=row.died_at,
        error_type=row.error_type,
        fingerprint=row.fingerprint,
        run_id=str(row.settled_by),
        back_at=row.settled_at,
    )


def fields(row: Any, system: str) -> dict[str, Any]:
    """What a letter of the wire is made of."""
    return {
        "id": encode(system, letter_id(row.died_at, row.id)),
        "job_id": encode(system, str(row.id)),
        "system": system,
        "queue": row.queue,
        "kind": row.kind,
        "fingerprint": row.fingerprint,
        "error_type": row.error_type,
        "error_message": row.error_message,
        "attempts": row.attempt,
        "max_attempts": row.max_attempts,
        "enqueued_at": row.enqueued_at,
        "died_at": row.died_at,
        "requeue_count": row.requeue_count,
        "run_id": None if row.run_id is None else str(row.run_id),
        "worker_version": row.worker_version,
        "trace_id": row.trace_id,
    }
