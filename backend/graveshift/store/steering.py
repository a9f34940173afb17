"""Who steered a run last, kept in its row: the record has every act, and this is what whoever looks at the run sees."""

from sqlalchemy import RowMapping, text

from graveshift.driver import Unit
from graveshift.wire.runs import Steer, Steered

# Only what changes something is told: of two who pause a run it is the first, and a cancel is the last word.
TURN = text("""
    UPDATE graveshift_ledger.runs SET turned = CAST(:act AS text), turned_by = :by, turned_at = now()
    WHERE id = :id AND CASE CAST(:act AS text)
        WHEN 'cancelled' THEN wanted IS DISTINCT FROM 'cancel'
        WHEN 'paused' THEN state = 'queued' OR (state = 'running' AND wanted IS NULL)
        ELSE state = 'paused' OR (state = 'running' AND (wanted = 'pause' OR (wanted IS NULL AND halt IS NOT NULL)))
    END
""")
RATE = text("UPDATE graveshift_ledger.runs SET rated_by = :by, rated_at = now() WHERE id = :id")


async def write_steer(unit: Unit, id: int, act: Steer, by: str) -> None:
    """Of a run that is held and still as it was before the act."""
    if act is Steer.RATE:
        await unit.execute(RATE, {"id": id, "by": by})
    else:
        await unit.execute(TURN, {"id": id, "act": act.value, "by": by})


def steered_of(row: RowMapping) -> list[Steered]:
    """The last act of either kind, the newest first."""
    acts = []
    if row["turned"] is not None:
        acts.append(Steered(Steer(row["turned"]), row["turned_by"], row["turned_at"]))
    if row["rated_by"] is not None:
        acts.append(Steered(Steer.RATE, row["rated_by"], row["rated_at"]))
    return sorted(acts, key=lambda steered: steered.at, reverse=True)
