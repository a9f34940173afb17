"""Leadership as rows: one owner a name until a time by the database's clock, and an epoch that only grows."""

from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.errors import Fenced
from graveshift.store.engine import METADATA, open_unit

LEASES = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("owner", Uuid, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    schema="graveshift_ledger",
)
TAKE = text("""
    INSERT INTO graveshift_ledger.leases AS l (name, owner, epoch, until)
    VALUES (:name, :owner, 1, now() + make_interval(secs => :lease_s))
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = l.epoch + 1, until = excluded.until
    WHERE l.until < now()
    RETURNING epoch
""")
RENEW = text("""
    UPDATE graveshift_ledger.leases SET until = now() + make_interval(secs => :lease_s)
    WHERE name = :name AND owner = :owner AND epoch = :epoch AND until >= now()
""")
# No lock: one that kept others from leading would keep the leader from renewing as well, for as long as a unit lasts.
CHECK = text("""
    SELECT 1 FROM graveshift_ledger.leases
    WHERE name = :name AND owner = :owner AND epoch = :epoch AND until >= now()
""")
GIVE_UP = text("""
    UPDATE graveshift_ledger.leases SET until = now() - interval '1 microsecond'
    WHERE name = :name AND owner = :owner AND epoch = :epoch
""")


class LeaseBook:
    """Leases for one owner, which is one process."""

    def __init__(self, engine: AsyncEngine, owner: UUID) -> None:
        self._engine = engine
        self._owner = owner

    async def take(self, name: str, lease_s: float) -> int | None:
        """Lead under a new epoch where nobody does; None where somebody does."""
        values = {"name": name, "owner": self._owner, "lease_s": lease_s}
        async with open_unit(self._engine) as unit:
            epoch: int | None = (await unit.execute(TAKE, values)).scalar_one_or_none()
            await unit.commit()
        return epoch

    async def renew(self, name: str, epoch: int, lease_s: float) -> bool:
        """Go on leading; False where the lease has run out, and then the epoch is over."""
        async with open_unit(self._engine) as unit:
            kept = (await unit.execute(RENEW, {**self._claim(name, epoch), "lease_s": lease_s})).rowcount == 1
            await unit.commit()
        return kept

    async def check(self, unit: Unit, name: str, epoch: int) -> None:
        """Raises Fenced where the lease is not ours as the unit begins.

        It is not held: a unit that outlasts the lease may commit beside another leader's, so every effect behind this
        must be one that two may have, as a row a slot, a claim on rows, or the deletion of what is old.
        """
        if (await unit.execute(CHECK, self._claim(name, epoch))).first() is None:
            raise Fenced(f"lease {name}")

    async def give_up(self, name: str, epoch: int) -> None:
        """Let another lead at once."""
        async with open_unit(self._engine) as unit:
            await unit.execute(GIVE_UP, self._claim(name, epoch))
            await unit.commit()

    def _claim(self, name: str, epoch: int) -> dict[str, object]:
        return {"name": name, "owner": self._owner, "epoch": epoch}
