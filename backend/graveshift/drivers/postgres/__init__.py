"""The native queue: jobs in PostgreSQL, by all the ports."""

from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.groups import Normal
from graveshift.drivers.postgres.jobs import PostgresJobs
from graveshift.drivers.postgres.letters import PostgresLetters
from graveshift.drivers.postgres.schedules import PostgresSlots
from graveshift.drivers.postgres.source import PostgresSource
from graveshift.drivers.postgres.trash import PostgresTrash
from graveshift.drivers.postgres.trials import PostgresTrials
from graveshift.drivers.postgres.upkeep import PostgresUpkeep
from graveshift.drivers.postgres.work import PostgresWork
from graveshift.fingerprint import normalise
from graveshift.veil import Veil

__all__ = ["PostgresQueue"]


class PostgresQueue:
    """The ports over one engine; the engine belongs to the caller, who closes the queue before it.

    `veil` compares secret values; without it filters that have one are refused. `normal` folds away what varies in
    messages, as the workers do.
    """

    def __init__(
        self, engine: AsyncEngine, system: str = "native", veil: Veil | None = None, *, normal: Normal = normalise
    ) -> None:
        self.system, self.veil = system, veil
        self.source = PostgresSource(engine, system)
        self.letters = PostgresLetters(engine, system, veil, normal)
        self.trash = PostgresTrash(engine, system, veil)
        self.trials = PostgresTrials(engine)
        self.jobs = PostgresJobs(engine, system, veil)
        self.work = PostgresWork(engine)
        self.upkeep = PostgresUpkeep(engine)
        self.slots = PostgresSlots(engine)

    async def close(self) -> None:
        """Give back the connections that are held."""
        await self.letters.close()
        await self.work.close()
