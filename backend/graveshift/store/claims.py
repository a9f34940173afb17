"""Who is on a cause and what was written about it: one row a group, kept in the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.store.engine import open_look, open_unit
from graveshift.wire.groups import Claim, Note

# A claim whose end has passed is none.
_COLUMNS = """group_id, note, noted_by, noted_at, until, since,
       CASE WHEN until IS NULL OR until > now() THEN owner END AS owner"""
OF = text(f"SELECT {_COLUMNS} FROM graveshift_ledger.claims WHERE group_id = ANY(CAST(:groups AS text[]))")

# Whoever claims says whom he means to take it from: of two that claim at once, the second sees that he is late.
CLAIM = text("""
    INSERT INTO graveshift_ledger.claims AS c (group_id, owner, since, until) VALUES (:group, :actor, now(), :until)
    ON CONFLICT (group_id) DO UPDATE SET
        owner = excluded.owner, until = excluded.until,
        since = CASE WHEN c.owner = excluded.owner AND (c.until IS NULL OR c.until > now()) THEN c.since ELSE now() END
    WHERE c.owner IS NULL OR c.until <= now() OR c.owner IN (excluded.owner, CAST(:from AS text))
    RETURNING owner
""")
RELEASE = text("""
    UPDATE graveshift_ledger.claims SET owner = NULL, since = NULL, until = NULL
    WHERE group_id = :group AND owner = :actor
    RETURNING group_id
""")
NOTE = text("""
    INSERT INTO graveshift_ledger.claims (group_id, note, noted_by, noted_at)
    VALUES (:group, CAST(:note AS text), :actor, now())
    ON CONFLICT (group_id) DO UPDATE SET note = excluded.note, noted_by = excluded.noted_by,
                                         noted_at = excluded.noted_at
""")
# A note outlives the claim beside it, which leaves the row when its end has passed.
END = text("UPDATE graveshift_ledger.claims SET owner = NULL, since = NULL, until = NULL WHERE until <= now()")
FORGET = text("""
    DELETE FROM graveshift_ledger.claims
    WHERE owner IS NULL AND (note IS NULL OR noted_at < now() - make_interval(days => :keep_days))
""")
KEEP_DAYS = 400


class Known(Struct, frozen=True):
    """What people have said of one group; None where nobody has."""

    claim: Claim | None = None
    note: Note | None = None


class ClaimBook:
    """Groups by their public ids."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, groups: Sequence[str]) -> Mapping[str, Known]:
        """By group, of those that something is known of."""
        if not groups:
            return {}
        async with open_look(self._engine) as unit:
            rows = (await unit.execute(OF, {"groups": list(groups)})).mappings().all()
        return {row["group_id"]: _known(row) for row in rows}

    async def one(self, group: str) -> Known:
        """Of one; there is always an answer."""
        return (await self.of([group])).get(group, Known())

    async def claim(self, unit: Unit, group: str, actor: str, until: datetime | None, taken_from: str | None) -> bool:
        """Make it the actor's: from nobody, from himself, or from whom he means to take it. False: another has it."""
        named = {"group": group, "actor": actor, "until": until, "from": taken_from}
        return (await unit.execute(CLAIM, named)).first() is not None

    async def release(self, unit: Unit, group: str, actor: str) -> bool:
        """Nobody is on it any more; False where the actor was not."""
        return (await unit.execute(RELEASE, {"group": group, "actor": actor})).first() is not None

    async def write(self, unit: Unit, group: str, actor: str, note: str | None) -> None:
        """The note, instead of the one before; None takes it away."""
        await unit.execute(NOTE, {"group": group, "actor": actor, "note": note})

    async def prune(self) -> int:
        """Forget what says nothing any more, claims that have ended first of all; how many."""
        async with open_unit(self._engine) as unit:
            ended: int = (await unit.execute(END)).rowcount
            gone: int = (await unit.execute(FORGET, {"keep_days": KEEP_DAYS})).rowcount
            await unit.commit()
        return ended + gone


def _known(row: RowMapping) -> Known:
    claim = Claim(row["owner"], row["since"], row["until"]) if row["owner"] else None
    return Known(claim, Note(row["note"], row["noted_by"], row["noted_at"]) if row["note"] else None)
