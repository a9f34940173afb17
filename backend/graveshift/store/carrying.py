"""What carrying a run out does to the ledger: take it under a lease, account for a chunk, end it; all fenced."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit, Verdict
from graveshift.errors import Fenced
from graveshift.store.engine import open_unit
from graveshift.store.items import storable
from graveshift.wire.runs import Outcome, RunState
from graveshift.wire.trials import Canary

TAKE = text("""
    UPDATE graveshift_ledger.runs AS r
    SET state = 'running', lease_owner = :owner, lease_until = now() + make_interval(secs => :lease_s),
        started_at = coalesce(r.started_at, now())
    FROM graveshift_ledger.plans AS p
    WHERE p.id = r.plan_id AND r.id = (
        SELECT id FROM graveshift_ledger.runs
        WHERE state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < now())
          AND (starts_at IS NULL OR starts_at <= now()) AND id <> ALL (CAST(:held AS bigint[]))
        ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING r.id, r.operation, r.actor, r.source, r.reason, r.mark #>> '{}' AS mark, r.rate, r.plan_id,
              r.wanted, r.moved + r.conflict + r.gone + r.failed AS handled, p.args, p.draft,
              r.canary, r.sample, r.slowed, r.halt
""")
RENEW = text("""
    UPDATE graveshift_ledger.runs SET lease_until = now() + make_interval(secs => :lease_s)
    WHERE id = ANY (CAST(:ids AS bigint[])) AND lease_owner = :owner AND state = 'running'
    RETURNING id
""")
HOLD = text("""
    SELECT wanted, rate, moved + conflict + gone + failed AS handled, slowed, halt FROM graveshift_ledger.runs
    WHERE id = :id AND lease_owner = :owner AND state = 'running' FOR NO KEY UPDATE
""")
PEEK = text("""
    SELECT wanted, rate, moved + conflict + gone + failed AS handled, slowed, halt FROM graveshift_ledger.runs
    WHERE id = :id AND lease_owner = :owner AND state = 'running'
""")
ACCOUNT = text("""
    UPDATE graveshift_ledger.runs
    SET moved = moved + :moved, conflict = conflict + :conflict, gone = gone + :gone, failed = failed + :failed,
        mark = coalesce(to_json(CAST(:mark AS text)), mark), pace = coalesce(CAST(:pace AS double precision), pace),
        lease_until = now() + make_interval(secs => :lease_s)
    WHERE id = :id AND lease_owner = :owner AND state = 'running'
    RETURNING wanted, rate, moved + conflict + gone + failed AS handled, slowed, halt
""")
# What the plan counted and no chunk found had left the selection: another was quicker. Twice is the same as once.
MISSED = text("""
    UPDATE graveshift_ledger.runs
    SET gone = gone + greatest(CAST(:planned AS bigint) - (moved + conflict + gone + failed), 0)
    WHERE id = :id AND lease_owner = :owner AND state = 'running'
    RETURNING wanted, rate, moved + conflict + gone + failed AS handled, slowed, halt
""")
TOTAL = text("""
    UPDATE graveshift_ledger.runs SET total = :total WHERE id = :id AND lease_owner = :owner AND state = 'running'
""")
# A run that ended well dealt with exactly what there was. One that another takes up keeps what is wanted of it.
LEAVE = text("""
    UPDATE graveshift_ledger.runs
    SET state = CAST(:state AS text), error = :error, lease_owner = NULL, pace = NULL,
        wanted = CASE WHEN CAST(:state AS text) = 'queued' THEN wanted END,
        lease_until = CASE WHEN :pause_s > 0 THEN now() + make_interval(secs => :pause_s) END,
        finished_at = CASE WHEN :ended THEN now() END,
        total = CASE WHEN CAST(:state AS text) = 'succeeded' THEN moved + conflict + gone + failed ELSE total END
    WHERE id = :id AND lease_owner = :owner AND state = 'running'
    RETURNING moved + conflict + gone + failed AS handled
""")
TRIED = text("""
    UPDATE graveshift_ledger.runs
    SET canary = CAST(:canary AS json), sample = coalesce(CAST(:sample AS json), sample), halt = :halt,
        wanted = CASE WHEN CAST(:ends AS boolean) THEN 'cancel' ELSE wanted END
    WHERE id = :id AND lease_owner = :owner AND state = 'running'
    RETURNING wanted, rate, moved + conflict + gone + failed AS handled, slowed, halt
""")
BRAKED = text("""
    UPDATE graveshift_ledger.runs SET slowed = :slowed, halt = :halt
    WHERE id = :id AND lease_owner = :owner AND state = 'running'
    RETURNING wanted, rate, moved + conflict + gone + failed AS handled, slowed, halt
""")
NOTE = text("""
    UPDATE graveshift_ledger.items SET detail = :detail
    WHERE run_id = :id AND id = :item AND outcome IS NULL AND EXISTS (
        SELECT FROM graveshift_ledger.runs WHERE runs.id = :id AND state = 'running' AND lease_owner = :owner)
""")


class Held(Struct, frozen=True, kw_only=True):
    """A run under our lease, with its plan. `mark` is the last id of the last committed chunk.

    `sample` is the letters that its canary tries; None until they are chosen.
    """

    id: int
    plan_id: int
    operation: str
    actor: str
    source: str | None
    reason: str | None
    mark: str | None
    wanted: str | None
    rate: float | None
    handled: int
    args: Mapping[str, Any]
    draft: Mapping[str, Any]
    canary: Mapping[str, Any] | None = None
    sample: Sequence[str] | None = None
    slowed: float | None = None
    halt: str | None = None


class Orders(Struct, frozen=True):
    """What the ledger says of a run right now: steering, rate, and how many items have an outcome.

    `slowed` is the rate it slowed itself down to, and `halt` why it pauses or ends by itself; None where it does not.
    """

    wanted: str | None
    rate: float | None
    handled: int
    slowed: float | None = None
    halt: str | None = None


class CarryBook:
    """The runner's side of the ledger for one owner. Every method raises Fenced once the lease is another's."""

    def __init__(self, engine: AsyncEngine, owner: UUID, lease_s: float) -> None:
        self._engine = engine
        self._owner = owner
        self._lease_s = lease_s

    async def take(self, held: Collection[int]) -> Held | None:
        """The oldest run that is queued or whose carrier fell silent, unless it is one of `held`."""
        values = {"owner": self._owner, "lease_s": self._lease_s, "held": list(held)}
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(TAKE, values)).mappings().first()
            await unit.commit()
        return Held(**row) if row else None

    async def renew(self, ids: Collection[int]) -> set[int]:
        """Lengthen these leases; returns the ids that are still ours."""
        values = {"owner": self._owner, "lease_s": self._lease_s, "ids": list(ids)}
        async with open_unit(self._engine) as unit:
            kept = set((await unit.execute(RENEW, values)).scalars().all())
            await unit.commit()
        return kept

    async def hold(self, unit: Unit, id: int) -> Orders:
        """Lock the run for the rest of the unit: whatever it commits, it commits as the run's only carrier."""
        return self._orders((await unit.execute(HOLD, self._fence(id))).mappings().first())

    async def peek(self, id: int) -> Orders:
        """The orders, without a lock."""
        async with open_unit(self._engine) as unit:
            return self._orders((await unit.execute(PEEK, self._fence(id))).mappings().first())

    async def account(
        self, unit: Unit, id: int, verdicts: Sequence[Verdict], mark: str | None, pace: float | None = None
    ) -> Orders:
        """Add a chunk's outcomes to the counts; None keeps mark and pace. Returns the orders as they are now."""
        counted = Counter(verdict.outcome for verdict in verdicts)
        values: dict[str, object] = {outcome.value: counted[outcome] for outcome in Outcome}
        values |= {"mark": mark, "pace": pace, "lease_s": self._lease_s}
        return self._orders((await unit.execute(ACCOUNT, values | self._fence(id))).mappings().first())

    async def tried(
        self, unit: Unit, id: int, canary: Canary, *, sample: Sequence[str] | None = None, halt: str | None, ends: bool
    ) -> Orders:
        """How its canary stands; a sample is kept once. With `halt` the run pauses itself, and ends where it `ends`."""
        told = {"canary": msgspec.json.encode(canary).decode(), "halt": halt, "ends": ends}
        values = {**told, "sample": None if sample is None else msgspec.json.encode(sample).decode()}
        return self._orders((await unit.execute(TRIED, values | self._fence(id))).mappings().first())

    async def brake(self, unit: Unit, id: int, slowed: float | None, halt: str | None) -> Orders:
        """The rate it slows itself down to, None for its own again; with `halt` it pauses itself."""
        values = {"slowed": slowed, "halt": halt, **self._fence(id)}
        return self._orders((await unit.execute(BRAKED, values)).mappings().first())

    async def missed(self, unit: Unit, id: int, planned: int) -> Orders:
        """Count what has no outcome of `planned` things as gone, when there is nothing more to pick."""
        return self._orders((await unit.execute(MISSED, {"planned": planned, **self._fence(id)})).mappings().first())

    async def set_total(self, unit: Unit, id: int, total: int) -> None:
        """How many items there will be."""
        if (await unit.execute(TOTAL, {"total": total, **self._fence(id)})).rowcount != 1:
            raise Fenced(f"run {id}")

    async def note(self, id: int, item: str, detail: str) -> None:
        """Put words to an item under way."""
        async with open_unit(self._engine) as unit:
            await unit.execute(NOTE, {"item": item, "detail": storable(detail), **self._fence(id)})
            await unit.commit()

    async def leave(self, unit: Unit, id: int, state: RunState, *, error: str | None = None, pause_s: float = 0) -> int:
        """Let go of the run in this state; `pause_s` keeps other carriers away that long. Returns items handled."""
        ended = not state.is_live
        values = {"state": state.value, "error": storable(error) if error else None, "ended": ended}
        row = (await unit.execute(LEAVE, {**values, "pause_s": pause_s, **self._fence(id)})).first()
        if row is None:
            raise Fenced(f"run {id}")
        handled: int = row.handled
        return handled

    def _fence(self, id: int) -> dict[str, object]:
        return {"id": id, "owner": self._owner}

    def _orders(self, row: RowMapping | None) -> Orders:
        if row is None:
            raise Fenced("this run is carried out by another backend")
        return Orders(**row)
