"""The native queue: jobs in PostgreSQL, by all the ports."""

from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.jobs import PostgresJobs
from graveshift.drivers.postgres.letters import PostgresLetters
from graveshift.drivers.postgres.schedules import PostgresSlots
from graveshift.drivers.postgres.source import PostgresSource
from graveshift.drivers.postgres.trash import PostgresTrash
from graveshift.drivers.postgres.trials import PostgresTrials
from graveshift.drivers.postgres.upkeep import PostgresUpkeep
from graveshift.drivers.postgres.work import PostgresWork

__all__ = ["PostgresQueue"]


class PostgresQueue:
    """The ports over one engine; the engine belongs to the caller, who closes the queue before it."""

    def __init__(self, engine: AsyncEngine, system: str = "native") -> None:
        self.system = system
        self.source = PostgresSource(engine, system)
        self.letters = PostgresLetters(engine, system)
        self.trash = PostgresTrash(engine, system)
        self.trials = PostgresTrials(engine)
        self.jobs = PostgresJobs(engine, system)
        self.work = PostgresWork(engine)
        self.upkeep = PostgresUpkeep(engine)
        self.slots = PostgresSlots(engine)

    async def close(self) -> None:
        """Give back the connections that are held."""
        await self.work.close()
