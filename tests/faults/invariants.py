"""What must hold after any fault: each acknowledged job in one place, each end earned, each count true."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres import PostgresQueue
from graveshift.work import Ticket
from tests.faults.record import Record, Traces

PLACES = text("""
    SELECT id, trace_id, 'live' AS place, attempt, NULL AS worker FROM graveshift.jobs UNION ALL
    SELECT id, trace_id, state, attempt, worker FROM graveshift.done UNION ALL
    SELECT id, trace_id, 'dead', attempt, worker FROM graveshift.dead
""")
TWICE = text("""
    SELECT count(*) FROM (SELECT 1 FROM graveshift.jobs WHERE unique_key IS NOT NULL
                          GROUP BY queue, unique_key HAVING count(*) > 1) twice
""")
# The record of deeds has no holes and nothing after its head.
HOLES = text("""
    SELECT (SELECT seq FROM graveshift_ledger.audit_head) - count(*) AS missing,
           (SELECT count(*) FROM graveshift_ledger.runs r
            WHERE 1 <> (SELECT count(*) FROM graveshift_ledger.audit a WHERE a.run_id = r.id AND a.outcome = 'started'))
           AS unrecorded
    FROM graveshift_ledger.audit
""")
STATES = text("""
    SELECT queue, state, count(*) AS n FROM graveshift.jobs GROUP BY 1, 2 UNION ALL
    SELECT queue, 'dead', count(*) FROM graveshift.dead GROUP BY 1
""")


class Verdict(Struct, frozen=True):
    """`repeats` are attempts beyond the first: at-least-once is promised, not exactly-once."""

    acked: int
    unsure: int
    repeats: int
    lost: int
    ghosts: int
    doubles: int
    flaws: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{self.acked} acked, {self.unsure} unsure, {self.repeats} repeated"
        return f"{counts}, {self.lost} lost, {self.ghosts} ghosts, {self.doubles} doubles"


async def judge(engine: AsyncEngine, record: Record, traces: Traces, owners: Mapping[int, str]) -> Verdict:
    """Look at the drained queue. AssertionError where anything is wrong; the message says what."""
    rows = await _rows(engine, PLACES)
    places = Counter(row.id for row in rows)
    lost = sorted(set(record.acked) - places.keys())
    tags = Counter(row.trace_id for row in rows if row.trace_id)
    doubles = [id for id, n in places.items() if n > 1] + [tag for tag, n in tags.items() if n > 1]
    ghosts = [row.id for row in rows if row.place == "done" and not _is_earned(row, traces.effects())]
    flaws = [*_attempts(rows, traces), *await _ledger(engine), *await _counts(engine)]
    flaws += await _late_words(engine, traces, owners)
    flaws += [
        f"{name}: {some[:5]}" for name, some in (("lost", lost), ("ghosts", ghosts), ("doubles", doubles)) if some
    ]
    repeats = sum(traces.begun().values()) - len({job for job, _ in traces.begun()})
    verdict = Verdict(
        len(record.acked), len(record.unsure), repeats, len(lost), len(ghosts), len(doubles), tuple(flaws)
    )
    assert not flaws, f"{verdict}; {'; '.join(flaws)}"
    return verdict


async def twice_live(engine: AsyncEngine) -> int:
    """Unique keys that two live jobs hold."""
    return int((await _rows(engine, TWICE))[0][0])


def _is_earned(row: Any, effects: Mapping[tuple[int, int], list[int]]) -> bool:
    """The attempt that ended it is one whose work was done, once, by the worker that says so."""
    return [str(pid) for pid in effects.get((row.id, row.attempt), [])] == [str(row.worker).rpartition(":")[2]]


def _attempts(rows: list[Any], traces: Traces) -> Iterator[str]:
    begun = traces.begun()
    if again := [key for key, n in begun.items() if n > 1]:
        yield f"attempts begun twice: {again[:5]}"
    starts = Counter(job for job, _ in begun)
    works = Counter({key: len(pids) for key, pids in traces.effects().items()})
    done = Counter[int]()
    for (job, _), n in works.items():
        done[job] += n
    if beyond := [row.id for row in rows if not done[row.id] <= starts[row.id] <= row.attempt]:
        yield f"more effects than attempts: {beyond[:5]}"
    if live := [row.id for row in rows if row.place == "live"]:
        yield f"not drained: {live[:5]}"


async def _ledger(engine: AsyncEngine) -> Iterator[str]:
    row = (await _rows(engine, HOLES))[0]
    return iter([f"the audit misses {tuple(row)}"] if tuple(row) != (0, 0) else [])


async def _counts(engine: AsyncEngine) -> Iterator[str]:
    """What the console shows is what there is."""
    queue = PostgresQueue(engine)
    shown = {key: n for key, n in (await queue.upkeep.counters()).depth.items() if n and key[1] in _STATES}
    await queue.close()
    real = {(row.queue, row.state): row.n for row in await _rows(engine, STATES)}
    return iter([f"depth says {shown}, the tables {real}"] if shown != real else [])


_STATES = ("waiting", "scheduled", "retrying", "running", "dead")


async def _late_words(engine: AsyncEngine, traces: Traces, owners: Mapping[int, str]) -> list[str]:
    """Every attempt ever begun is finished once more by who began it: all are told that it is not theirs."""
    tickets = [
        Ticket(line.job, line.attempt, UUID(owners[line.pid]))
        for line in traces.lines
        if line.word == "began" and line.pid in owners
    ]
    before = await _rows(engine, PLACES)
    queue = PostgresQueue(engine)
    stale = [one for n in range(0, len(tickets), 500) for one in await queue.work.finish(tickets[n : n + 500], "late")]
    await queue.close()
    same = sorted(map(str, before)) == sorted(map(str, await _rows(engine, PLACES)))
    return [] if same and len(stale) == len(tickets) else [f"{len(tickets) - len(stale)} late words were believed"]


async def _rows(engine: AsyncEngine, statement: Any) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(statement)).fetchall())
