"""A streaming replica beside the primary: how far it is behind, and whether it serves reads or the primary does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import structlog
from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql import Executable

from graveshift.errors import DatabaseUnavailable
from graveshift.store.engine import translated
from graveshift.wire.health import Check

EVERY_S = 1.0
# A replica that gives no answer for so long has none: the primary is asked instead.
PATIENCE_S = 3.0
# What recovery, or whoever ended a statement, did to it: the replica is as good as before.
CONFLICTS = ("40001", "40P01", "57014")

# What was committed when this is asked is flushed, but for claims that are on their way there.
PRIMARY = text("""
    SELECT now() AS at, CAST(pg_current_wal_flush_lsn() AS text) AS place,
           (SELECT system_identifier FROM pg_control_system()) AS cluster, current_database() AS name
""")
# `replayed` is when the last transaction that arrived was committed: on an idle primary, however long ago. A replica
# that has come to `place` holds all that the primary held when it was there.
REPLICA = text("""
    SELECT pg_is_in_recovery() AS follows, pg_last_xact_replay_timestamp() AS replayed,
           coalesce(pg_last_wal_replay_lsn() >= CAST(CAST(:place AS text) AS pg_lsn), false) AS there,
           (SELECT system_identifier FROM pg_control_system()) AS cluster, current_database() AS name
""")
REPLAYED = text("SELECT pg_last_xact_replay_timestamp()")
NOW = text("SELECT now()")

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Standing(Struct, frozen=True):
    """`trouble` is why it serves nothing, empty where it serves; `lag_s` is None where it cannot be told.

    `as_of` is a time by the primary's clock up to which the replica is known to hold everything.
    """

    trouble: str
    as_of: datetime | None = None
    lag_s: float | None = None
    fallbacks: int = 0

    @property
    def serves(self) -> bool:
        """Whether reads go there."""
        return not self.trouble


class Replica:
    """Measured each second; serves while it follows the primary and is no more than `lag_s` behind."""

    def __init__(self, primary: AsyncEngine, replica: AsyncEngine, lag_s: float) -> None:
        self._primary = primary
        self._replica = replica
        self._lag_s = lag_s
        self._standing = Standing("it was not looked at yet")
        self._fallbacks = 0

    @property
    def standing(self) -> Standing:
        """As it was seen last, with how many reads it could not serve although it should have."""
        now = self._standing
        return Standing(now.trouble, now.as_of, now.lag_s, self._fallbacks)

    async def run_forever(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self._stands(await self.measured())
            try:
                async with asyncio.timeout(EVERY_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def measured(self) -> Standing:
        """One look at both."""
        try:
            primary = await self._asked(self._primary, PRIMARY)
        except (DatabaseUnavailable, DBAPIError):
            return Standing("the primary does not answer")
        try:
            found = await self._asked(self._replica, REPLICA, place=primary.place)
        except (DatabaseUnavailable, DBAPIError) as error:
            return Standing(f"it does not answer ({_first_line(error)})")
        if (found.cluster, found.name) != (primary.cluster, primary.name) or not found.follows:
            return Standing("what answers at `database.replica_url` is no replica of this database")
        as_of = primary.at if found.there else found.replayed
        if as_of is None:
            return Standing("nothing has reached it yet")
        lag_s = max(0.0, (primary.at - as_of).total_seconds())
        late = f"it is {lag_s:.1f} s behind, {self._lag_s:g} s is the most" if lag_s > self._lag_s else ""
        return Standing(late, as_of, lag_s)

    async def first(self, near: Callable[[], Awaitable[T]], primary: Callable[[], Awaitable[T]]) -> T:
        """What the replica answers while it serves, else what the primary does; a read that fails there is made again.

        A user's mistake is the same in both, so it is not asked about twice.
        """
        if self._standing.serves:
            try:
                return await near()
            except (DatabaseUnavailable, DBAPIError) as error:
                self._failed(error)
        return await primary()

    async def now(self) -> datetime:
        """The time that reads begun now tell of: the primary's clock, or how far the replica has come.

        A replica that fails meanwhile may have answered a moment ago, so what was known of it is told.
        """
        known = self._standing.as_of
        if not self._standing.serves or known is None:
            at: datetime = (await self._asked(self._primary, NOW))[0]
            return at
        try:
            return self.at_least((await self._asked(self._replica, REPLAYED))[0])
        except (DatabaseUnavailable, DBAPIError) as error:
            self._failed(error)
            return known

    def at_least(self, as_of: datetime | None) -> datetime:
        """The later of a replay time and what is known: nothing is replayed while the primary is idle."""
        return max(filter(None, (as_of, self._standing.as_of)))

    async def check(self) -> Check:
        """Sound either way, as reads fall back by themselves; the detail says who serves them."""
        now = self._standing
        if now.serves:
            return Check("replica", True, f"it serves reads, {now.lag_s or 0:.1f} s behind")
        return Check("replica", True, f"the primary serves reads: {now.trouble}")

    def _failed(self, error: DatabaseUnavailable | DBAPIError) -> None:
        self._fallbacks += 1
        conflict = _sqlstate(error) in CONFLICTS
        log.warning("replica_read_failed", conflict=conflict, error=_first_line(error))
        if not conflict:
            self._stands(Standing(f"it does not answer ({_first_line(error)})"))

    def _stands(self, now: Standing) -> None:
        if now.serves and not self._standing.serves:
            log.info("replica_serves", lag_s=now.lag_s)
        elif self._standing.serves and not now.serves:
            log.warning("replica_left", trouble=now.trouble, lag_s=now.lag_s)
        self._standing = now

    async def _asked(self, engine: AsyncEngine, statement: Executable, **named: object) -> Row[Any]:
        async with translated(), asyncio.timeout(PATIENCE_S), engine.connect() as connection:
            return (await connection.execute(statement, named)).one()


def _sqlstate(error: DatabaseUnavailable | DBAPIError) -> str | None:
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    return getattr(getattr(cause, "orig", None), "sqlstate", None)


def _first_line(error: Exception) -> str:
    said = error.detail if isinstance(error, DatabaseUnavailable) else str(getattr(error, "orig", error))
    return (said.splitlines() or [type(error).__name__])[0]
