"""The index of letters that other systems keep: what a scan found, searchable as our own letters are."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.back import Alike
from graveshift.driver import Count, Frozen, Source
from graveshift.seen import Explained, Seen
from graveshift.store.engine import open_unit
from graveshift.store.foreign import matched
from graveshift.store.position import cursor, letter_position, microseconds, moment, numbers_of
from graveshift.wire import ids
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.groups import Group, Part
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

COUNT_LIMIT = 10_000
LOOKED_AT = 500

SEEN = " AND pg_visible_in_snapshot(xid, CAST(CAST(:snapshot AS text) AS pg_snapshot))"
UNSEEN = " AND NOT pg_visible_in_snapshot(xid, CAST(CAST(:snapshot AS text) AS pg_snapshot))"

PAGE = "SELECT *, now() AS as_of FROM graveshift_ledger.letters WHERE {match}"
PAGES = {
    sort: f"{PAGE} AND (CAST(:at AS timestamptz) IS NULL OR (died_at, id) {beyond} (:at, :id))"
    f" ORDER BY died_at {way}, id {way} LIMIT :limit"
    for sort, beyond, way in ((Sort.NEWEST, "<", "DESC"), (Sort.OLDEST, ">", "ASC"))
}
PICK = (
    "SELECT id FROM graveshift_ledger.letters WHERE {match}"
    + SEEN
    + " AND (CAST(:at AS timestamptz) IS NULL OR (died_at, id) > (:at, :id)) ORDER BY died_at, id LIMIT :limit"
)
CAPPED = "SELECT count(*) AS n FROM (SELECT 1 FROM graveshift_ledger.letters WHERE {match}"
COUNT = CAPPED + " LIMIT :limit) capped"
COUNT_SEEN = CAPPED + SEEN + " LIMIT :limit) capped"
COUNT_UNSEEN = CAPPED + UNSEEN + " LIMIT :limit) capped"

GROUPS = """
    SELECT queue, kind, fingerprint, max(error_type) AS error_type, max(error_message) AS message, count(*) AS dead,
           min(died_at) AS first_seen, max(died_at) AS last_seen,
           count(*) FILTER (WHERE died_at > now() - interval '1 minute') AS per_min,
           count(*) FILTER (WHERE requeue_count > 0) AS died_again, max(requeue_count) AS again,
           CAST(count(*) AS double precision) / (SELECT count(*) FROM graveshift_ledger.letters WHERE system = :here)
               AS share, now() AS as_of, count(*) OVER () AS every
    FROM graveshift_ledger.letters WHERE {match}
    GROUP BY queue, kind, fingerprint ORDER BY per_min DESC, dead DESC, queue, kind, fingerprint LIMIT :limit
"""
SURVEY = text("""
    SELECT queue, kind, fingerprint, max(error_type) AS error_type, max(error_message) AS message, count(*) AS n,
           run_id::text AS run_id
    FROM graveshift_ledger.letters WHERE system = :system AND id = ANY (CAST(:ids AS text[]))
    GROUP BY queue, kind, fingerprint, run_id ORDER BY n DESC, queue, kind, fingerprint
""")
NOW = text("SELECT now() AS at, pg_current_snapshot()::text AS snapshot")


class ForeignLetters:
    """See `graveshift.driver.Letters`, for the letters of one other system; details come from the system itself."""

    def __init__(self, engine: AsyncEngine, source: Source) -> None:
        self.system = source.system
        self._engine = engine
        self._source = source

    async def page(self, chosen: Filter, cursor_text: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Letter]:
        """By the time of death, either way."""
        at, letter = (None, None) if cursor_text is None else numbers_of(cursor_text, 2)
        position = {"at": None if at is None else moment(at), "id": None if at is None else f"{at}-{letter}"}
        rows = await self._rows(PAGES[sort], chosen, {**position, "limit": limit + 1})
        counted = await self.count(chosen)
        shown = [self._letter(row) for row in rows[:limit]]
        return Page(
            items=shown,
            as_of=rows[0].as_of if rows else (await self.freeze()).cutoff,
            next_cursor=_cursor(rows[limit - 1]) if len(rows) > limit else None,
            total=counted.n,
            total_is_exact=counted.exact,
        )

    async def one(self, native: str) -> LetterDetail | None:
        """From the system, never from the index."""
        return await self._source.fetch(native)

    async def failing(self) -> None:
        """Another system's attempts are not counted here."""

    async def carried(self, chosen: Filter, limit: int) -> Sequence[bytes]:
        """The index knows no payloads."""
        return ()

    async def groups(self, chosen: Filter, cursor_text: str | None, limit: int) -> Page[Group]:
        """All on one page, as another system's causes are few; the total is of all, where there is no room for them."""
        rows = await self._rows(GROUPS, chosen, {"limit": limit})
        as_of = rows[0].as_of if rows else (await self.freeze()).cutoff
        return Page(items=[self._group(row) for row in rows], as_of=as_of, total=rows[0].every if rows else 0)

    async def group(self, native: str) -> Group | None:
        """By its native id `queue/kind/fingerprint`, read from the right: queues elsewhere may hold slashes."""
        parts = native.rsplit("/", 2)
        if len(parts) != 3:
            return None
        rows = await self._rows(GROUPS, Filter(queue=parts[0], kind=parts[1], fingerprint=parts[2]), {"limit": 1})
        return self._group(rows[0]) if rows else None

    async def explain(self, native: str) -> Explained | None:
        """From the index, which has no payloads: how old they are is all that can be told apart."""
        parts = native.rsplit("/", 2)
        if len(parts) != 3 or "\0" in native:
            return None
        chosen = Filter(queue=parts[0], kind=parts[1], fingerprint=parts[2])
        elsewhere = await self._rows(GROUPS, Filter(fingerprint=parts[2]), {"limit": LOOKED_AT})
        seen = [
            self._seen(row)
            for row in await self._rows(PAGES[Sort.NEWEST], chosen, {"at": None, "id": None, "limit": LOOKED_AT})
        ]
        queues = [Part(row.queue, row.dead) for row in elsewhere]
        kinds = [Part(row.kind, row.dead) for row in elsewhere]
        as_of = elsewhere[0].as_of if elsewhere else (await self.freeze()).cutoff
        return Explained(queues, kinds, seen, f"the newest {len(seen)} letters", as_of)

    async def requeues(self, native: str, limit: int) -> None:
        """What became of another system's jobs is not known here."""

    async def freeze(self) -> Frozen:
        """The snapshot of the ledger's database: the index is what a selection is frozen in."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(NOW)).one()
        return Frozen(snapshot=row.snapshot, cutoff=row.at)

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        """Counted, up to 10,000."""
        more = {"snapshot": frozen.snapshot} if frozen else {}
        return await self._counted(COUNT_SEEN if frozen else COUNT, chosen, more)

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        """What was indexed since."""
        return await self._counted(COUNT_UNSEEN, chosen, {"snapshot": frozen.snapshot})

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        """Oldest first."""
        position = letter_position(after) if after else None
        bounds = {"at": position[0] if position else None, "id": after}
        rows = await self._rows(PICK, chosen, {**bounds, "snapshot": frozen.snapshot, "limit": limit})
        return [row.id for row in rows]

    async def survey(self, letters: Sequence[str], queue: str | None = None) -> Sequence[Alike]:
        """From the index, which knows no keys."""
        async with open_unit(self._engine) as unit:
            rows = (await unit.execute(SURVEY, {"system": self.system, "ids": list(letters)})).mappings()
            return [Alike(**row) for row in rows]

    async def _counted(self, statement: str, chosen: Filter, more: Mapping[str, Any]) -> Count:
        rows = await self._rows(statement, chosen, {**more, "limit": COUNT_LIMIT + 1})
        found = int(rows[0].n)
        return Count(min(found, COUNT_LIMIT), exact=found <= COUNT_LIMIT)

    async def _rows(self, statement: str, chosen: Filter, more: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Raises Invalid for conditions that nothing is known about here."""
        match, parameters = matched(chosen, self.system)
        async with open_unit(self._engine) as unit:
            return (await unit.execute(text(statement.format(match=match)), {**parameters, **more})).all()

    def _seen(self, row: Row[Any]) -> Seen:
        letter, job = ids.encode(self.system, row.id), ids.encode(self.system, row.job_id)
        return Seen(job_id=job, letter=letter, died_at=row.died_at, enqueued_at=row.enqueued_at)

    def _letter(self, row: Row[Any]) -> Letter:
        same = ("queue", "kind", "fingerprint", "error_type", "error_message", "attempts", "max_attempts")
        return Letter(
            id=ids.encode(self.system, row.id),
            job_id=ids.encode(self.system, row.job_id),
            system=self.system,
            enqueued_at=row.enqueued_at,
            died_at=row.died_at,
            requeue_count=row.requeue_count,
            **{name: getattr(row, name) for name in same},
        )

    def _group(self, row: Row[Any]) -> Group:
        same = (
            "queue",
            "kind",
            "fingerprint",
            "error_type",
            "message",
            "dead",
            "first_seen",
            "last_seen",
            "died_again",
            "again",
            "share",
        )
        return Group(
            id=ids.group_id(self.system, row.queue, row.kind, row.fingerprint),
            system=self.system,
            per_min=float(row.per_min),
            **{name: getattr(row, name) for name in same},
        )


def _cursor(row: Row[Any]) -> str:
    return cursor(microseconds(row.died_at), int(row.id.rpartition("-")[2]))
