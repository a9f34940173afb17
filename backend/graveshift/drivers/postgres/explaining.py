"""One cause explained: where else it is, what became of what was requeued of it, and a sample of what it hit."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import text

from graveshift.drivers.postgres.connection import Ready
from graveshift.drivers.postgres.reading import NOW
from graveshift.drivers.postgres.text import raw
from graveshift.seen import Explained, Seen
from graveshift.store.position import letter_id
from graveshift.trial import became
from graveshift.wire.groups import Part, Requeued
from graveshift.wire.ids import encode

# Letters of a sample: the newest, and as many at points in time spread evenly over all of them. Of one queue and kind
# among many with the same cause only so many are looked at until the sample is what it is.
NEWEST, POINTS, AT_A_POINT, LOOKED_AT = 60, 5, 8, 2_000
# Letters whose tracebacks are read; payloads that take more than so many bytes to keep are left out.
SHOWN, LONGEST = 5, 16_384

# Where it is nowhere there is one row, that says as of when.
ELSEWHERE = text(f"""
SELECT clock.as_of, parts.* FROM ({NOW}) clock (as_of) LEFT JOIN (
    SELECT queue, kind, sum(n) AS n FROM (
        SELECT queue, kind, dead + retrying AS n FROM graveshift.groups WHERE fingerprint = :fingerprint
        UNION ALL
        SELECT queue, kind, n FROM graveshift.deltas
        WHERE fingerprint = :fingerprint AND what IN ('dead', 'retrying')
    ) every GROUP BY queue, kind HAVING sum(n) > 0
) parts ON true ORDER BY n DESC, queue, kind
""")

# Runs that requeued letters of one cause, and of each what became of all that it requeued.
REQUEUES = text("""
WITH every AS (
    SELECT run_id, what, queue, kind, fingerprint, n, at FROM graveshift.run_counts
    UNION ALL SELECT run_id, what, queue, kind, fingerprint, n, at FROM graveshift.run_deltas
), runs AS (
    SELECT run_id, sum(n) AS moved, max(at) AS at FROM every
    WHERE what = 'requeued' AND fingerprint = :fingerprint AND queue = :queue AND kind = :kind
    GROUP BY run_id ORDER BY run_id DESC LIMIT :limit
)
SELECT runs.run_id, runs.at, runs.moved,
       (SELECT json_object_agg(what, n) FROM (
            SELECT what, sum(n) AS n FROM every WHERE every.run_id = runs.run_id GROUP BY what) fates) AS fates
FROM runs ORDER BY runs.run_id DESC
""")

_COLUMNS = "fingerprint, died_at, id, enqueued_at, worker_version, trace_id, queue, kind"
_OF_CAUSE = "fingerprint = :fingerprint"
_HERE = "queue = :queue AND kind = :kind"
# As a range, in the order of the one index that begins with the cause: of what equals a value any index in the order of
# death will do, and one that knows nothing of causes reads all of a day for one that it has none of.
_OF_LETTERS = "fingerprint >= :fingerprint AND fingerprint <= :fingerprint"
_OLDEST, _LATEST = "fingerprint, died_at, id", "fingerprint DESC, died_at DESC, id DESC"
_POINT = f"low + (high - low) * (step / {POINTS}.0)"

SAMPLE = text(f"""
WITH newest AS MATERIALIZED (
    SELECT * FROM (SELECT {_COLUMNS} FROM graveshift.dead WHERE {_OF_LETTERS}
                   ORDER BY {_LATEST} LIMIT {LOOKED_AT}) late
    WHERE {_HERE} ORDER BY {_LATEST} LIMIT {NEWEST}
), ends AS MATERIALIZED (
    SELECT (SELECT died_at FROM graveshift.dead WHERE {_OF_LETTERS} ORDER BY {_OLDEST} LIMIT 1) AS low,
           (SELECT min(died_at) FROM newest) AS high
), spread AS (
    SELECT found.* FROM ends, generate_series(0, {POINTS - 1}) step,
    LATERAL (SELECT * FROM (SELECT {_COLUMNS} FROM graveshift.dead
                            WHERE (fingerprint, died_at) >= (:fingerprint, {_POINT}) AND fingerprint <= :fingerprint
                              AND died_at >= {_POINT}
                            ORDER BY {_OLDEST} LIMIT {LOOKED_AT // POINTS}) early
             WHERE {_HERE} LIMIT {AT_A_POINT}) found
    WHERE low < high
), chosen AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY died_at DESC, id DESC) AS place
    FROM (SELECT * FROM newest UNION SELECT * FROM spread) every
)
SELECT c.died_at, c.id, c.enqueued_at, c.worker_version, c.trace_id, t.payload,
       CASE WHEN c.place <= {SHOWN} THEN t.traceback END AS traceback
FROM chosen c LEFT JOIN LATERAL (
    SELECT traceback, CASE WHEN pg_column_size(payload) <= {LONGEST} THEN CAST(payload AS text) END AS payload
    FROM graveshift.dead_text t WHERE t.died_at = c.died_at AND t.id = c.id OFFSET 0
) t ON true
ORDER BY c.place
""")

RETRYING = text(f"""
SELECT j.id, j.enqueued_at, j.worker_version, j.trace_id, p.payload FROM (
    SELECT * FROM (SELECT * FROM graveshift.jobs
                   WHERE state = 'retrying' AND fingerprint IS NOT NULL AND {_OF_CAUSE}
                   ORDER BY id DESC LIMIT {LOOKED_AT}) late
    WHERE {_HERE} LIMIT {NEWEST}
) j LEFT JOIN LATERAL (
    SELECT CASE WHEN pg_column_size(payload) <= {LONGEST} THEN CAST(payload AS text) END AS payload
    FROM graveshift.payloads p WHERE p.id = j.id OFFSET 0
) p ON true
ORDER BY j.id DESC
""")


async def explain(ready: Ready, system: str, native: str) -> Explained | None:
    """What is known of `queue/kind/fingerprint`; None for what is no such id."""
    named = cause_of(native)
    if named is None:
        return None
    elsewhere = await ready.rows(ELSEWHERE, {"fingerprint": named["fingerprint"]})
    parts, as_of = [row for row in elsewhere if row.queue is not None], elsewhere[0].as_of
    seen = _letters(await ready.rows(SAMPLE, named), system)
    if not seen:
        seen = [_job(row, system) for row in await ready.rows(RETRYING, named)]
    return Explained(_parts(parts, "queue"), _parts(parts, "kind"), seen, _how(seen), as_of)


async def requeues(ready: Ready, native: str, limit: int) -> list[Requeued]:
    """The last runs that requeued letters of this cause, the newest first; whose they were is the ledger's to say."""
    named = cause_of(native)
    rows = await ready.rows(REQUEUES, {**named, "limit": limit}) if named else ()
    return [_requeued(row) for row in rows]


def cause_of(native: str) -> dict[str, str] | None:
    """Queue, kind and fingerprint of a native id; None where it is none."""
    parts = native.split("/", 2)
    return (
        None if len(parts) != 3 or "\0" in native else dict(zip(("queue", "kind", "fingerprint"), parts, strict=True))
    )


def _requeued(row: Any) -> Requeued:
    fates = {what: int(n) for what, n in row.fates.items()}
    whole, ended = fates.get("requeued", 0), asdict(became(fates))
    return Requeued(run_id=str(row.run_id), at=row.at, moved=int(row.moved), whole=whole, **ended)


def _parts(rows: Sequence[Any], by: str) -> list[Part]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[getattr(row, by)] = sums.get(getattr(row, by), 0) + int(row.n)
    return [Part(name, n) for name, n in sorted(sums.items(), key=lambda part: (-part[1], part[0]))]


def _letters(rows: Sequence[Any], system: str) -> list[Seen]:
    """By position, as there are many."""
    return [
        Seen(
            job_id=f"{system}:{job}",
            letter=f"{system}:{letter_id(died_at, job)}",
            died_at=died_at,
            enqueued_at=enqueued_at,
            version=version or None,
            trace_id=trace_id,
            payload=None if payload is None else bytes(raw(payload)),
            traceback=traceback,
        )
        for died_at, job, enqueued_at, version, trace_id, payload, traceback in rows
    ]


def _job(row: Any, system: str) -> Seen:
    return Seen(
        job_id=encode(system, str(row.id)),
        enqueued_at=row.enqueued_at,
        version=row.worker_version or None,
        trace_id=row.trace_id,
        payload=None if row.payload is None else bytes(raw(row.payload)),
    )


def _how(seen: Sequence[Seen]) -> str:
    if not seen:
        return "nothing is left to look at"
    if seen[0].letter is None:
        return f"the newest {len(seen)} that are retrying"
    if len(seen) <= NEWEST:
        return f"the newest {len(seen)} letters"
    return f"the newest {NEWEST} letters, and {len(seen) - NEWEST} spread over the time before"
