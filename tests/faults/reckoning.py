"""After a storm: each letter is in one place, each run adds up, and what stayed behind says why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres import PostgresQueue
from tests.faults.invariants import HOLES, STATES, TWICE

# Where each job is: a letter, a job that was requeued, or in the trash; jobs that were never letters have no requeue.
PLACES = text("""
    SELECT id, 'dead' AS place, requeue_count FROM graveshift.dead UNION ALL
    SELECT id, 'live', requeue_count FROM graveshift.jobs UNION ALL
    SELECT id, 'trash', requeue_count FROM graveshift.trash
""")
ITEMS = text("""
    SELECT run_id, id, outcome, detail FROM graveshift_ledger.items WHERE run_id = ANY(:runs)
""")
ORDER = text("SELECT id, operation, plan_id FROM graveshift_ledger.runs WHERE id = ANY(:runs) ORDER BY id")
DEEDS = text("SELECT run_id, outcome FROM graveshift_ledger.audit WHERE run_id = ANY(:runs) ORDER BY seq")
KEYS = text("SELECT id FROM graveshift.dead WHERE unique_key IS NOT NULL")
OUTCOMES = ("moved", "conflict", "gone", "failed")
INTO = {"dlq.requeue": "live", "dlq.discard": "trash", "run.undo": "dead"}


class Tally(Struct, frozen=True):
    """What was counted: letters by place, outcomes of all runs, and how often the server crashed."""

    letters: int
    runs: int
    moved: int
    conflict: int
    gone: int
    crashes: int = 0

    def after(self, first: "Tally", crashes: int) -> "Tally":
        """The same, where nothing was lost since the first count. AssertionError otherwise."""
        assert self.letters == first.letters, f"{first.letters} letters before, {self.letters} after"
        return structs.replace(self, crashes=crashes)

    def __str__(self) -> str:
        runs = f"{self.runs} runs: {self.moved} moved, {self.conflict} in conflict, {self.gone} gone"
        return f"{self.letters} letters, {self.crashes} crashes, {runs}; 0 lost, 0 doubled"


async def reckon(engine: AsyncEngine, runs: Sequence[Mapping[str, Any]]) -> Tally:
    """AssertionError that says what is wrong, else what was counted."""
    ids = [int(run["id"]) for run in runs]
    places = await _rows(engine, PLACES)
    items = await _rows(engine, ITEMS, runs=ids)
    flaws = [*_twice(places), *_sums(runs, items), *_ends(items, places, await _rows(engine, ORDER, runs=ids))]
    flaws += [*await _keys(engine, items), *await _record(engine, ids), *await _depth(engine)]
    assert not flaws, "; ".join(flaws[:8])
    total = Counter({outcome: sum(int(run[outcome]) for run in runs) for outcome in OUTCOMES})
    letters = {row.id for row in places} - {row.id for row in places if row.place == "live" and not row.requeue_count}
    return Tally(len(letters), len(runs), total["moved"], total["conflict"], total["gone"])


def _twice(places: Sequence[Any]) -> list[str]:
    doubled = [id for id, n in Counter(row.id for row in places).items() if n > 1]
    return [f"in two places: {doubled[:5]}"] if doubled else []


def _sums(runs: Sequence[Mapping[str, Any]], items: Sequence[Any]) -> list[str]:
    """Each run succeeded, its counts are its total, and its items are those counts but for what was never found."""
    flaws = []
    counted = Counter((str(row.run_id), row.outcome) for row in items)
    twice = [key for key, n in Counter((row.run_id, row.id) for row in items).items() if n > 1]
    if twice:
        flaws.append(f"items twice on the record: {twice[:5]}")
    for run in runs:
        told = {outcome: int(run[outcome]) for outcome in OUTCOMES}
        if run["state"] != "succeeded" or told["failed"]:
            flaws.append(f"run {run['id']} is {run['state']} with {told}: {run['error']}")
        if run["total"] is not None and sum(told.values()) != run["total"]:
            flaws.append(f"run {run['id']} of {run['total']} has {told}")
        flaws += [
            f"run {run['id']} says {n} {outcome}, its items {counted[run['id'], outcome]}"
            for outcome, n in told.items()
            if (counted[run["id"], outcome] > n if outcome == "gone" else counted[run["id"], outcome] != n)
        ]
    return flaws


def _ends(items: Sequence[Any], places: Sequence[Any], order: Sequence[Any]) -> list[str]:
    """A letter that moved once is where that run put it; one that moved more often was taken back in between."""
    verbs = {row.id: row.operation for row in order}
    at = {row.id: row.place for row in places}
    moves: dict[int, list[str]] = {}
    for row in sorted(items, key=lambda row: row.run_id):
        if row.outcome == "moved":
            moves.setdefault(int(row.id.rpartition("-")[2]), []).append(verbs[row.run_id])
    flaws = [f"letter {job} is nowhere after {done}" for job, done in moves.items() if job not in at]
    return flaws + [
        f"letter {job} is {at.get(job)} after {done}" for job, done in moves.items() if not _fits(at.get(job), done)
    ]


def _fits(place: str | None, done: Sequence[str]) -> bool:
    """Whether a letter that these verbs moved, in this order, may be there."""
    back = sum(verb == "run.undo" for verb in done)
    away = len(done) - back
    if place == "dead":
        return away == back
    return away == back + 1 and (back > 0 or place == INTO[done[-1]])


async def _keys(engine: AsyncEngine, items: Sequence[Any]) -> list[str]:
    """No key is held twice, and what conflicted says why."""
    twice = (await _rows(engine, TWICE))[0][0]
    flaws = [f"{twice} unique keys are held twice"] if twice else []
    mute = [row.id for row in items if row.outcome == "conflict" and "unique key" not in (row.detail or "")]
    return flaws + ([f"conflicts without a word: {mute[:5]}"] if mute else [])


async def _record(engine: AsyncEngine, ids: Sequence[int]) -> list[str]:
    holes = tuple((await _rows(engine, HOLES))[0])
    flaws = [f"the audit misses {holes}"] if holes != (0, 0) else []
    deeds: dict[int, list[str]] = {}
    for row in await _rows(engine, DEEDS, runs=list(ids)):
        deeds.setdefault(row.run_id, []).append(row.outcome)
    for id in ids:
        told = [outcome for outcome in deeds.get(id, []) if outcome in ("started", "succeeded")]
        if told != ["started", "succeeded"]:
            flaws.append(f"run {id} is on the record as {deeds.get(id)}")
    return flaws


async def _depth(engine: AsyncEngine) -> list[str]:
    """What the console shows is what there is."""
    queue = PostgresQueue(engine)
    states = ("waiting", "scheduled", "retrying", "running", "dead")
    shown = {key: n for key, n in (await queue.upkeep.counters()).depth.items() if n and key[1] in states}
    await queue.close()
    real = {(row.queue, row.state): row.n for row in await _rows(engine, STATES)}
    return [f"depth says {shown}, the tables {real}"] if shown != real else []


async def _rows(engine: AsyncEngine, statement: Any, **named: Any) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(statement, named)).fetchall())
