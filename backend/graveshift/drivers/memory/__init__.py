"""A queue in this process's memory, by all the ports: for tests and trials; it keeps nothing when it ends."""

from graveshift.drivers.memory.jobs import MemoryJobs
from graveshift.drivers.memory.letters import MemoryLetters
from graveshift.drivers.memory.schedules import MemorySlots
from graveshift.drivers.memory.source import MemorySource
from graveshift.drivers.memory.state import Clock, State, utc_now
from graveshift.drivers.memory.trash import MemoryTrash
from graveshift.drivers.memory.trials import MemoryTrials
from graveshift.drivers.memory.upkeep import MemoryUpkeep
from graveshift.drivers.memory.work import MemoryWork
from graveshift.veil import Veil

__all__ = ["MemoryQueue"]


class MemoryQueue:
    """The ports over one state; `clock` stands in for the database's."""

    def __init__(self, system: str = "memory", clock: Clock = utc_now, veil: Veil | None = None) -> None:
        state = State(system, clock, veil)
        self.system = system
        self.source = MemorySource(state)
        self.letters = MemoryLetters(state)
        self.trash = MemoryTrash(state)
        self.trials = MemoryTrials(state)
        self.jobs = MemoryJobs(state)
        self.work = MemoryWork(state)
        self.slots = MemorySlots(state, self.work)
        self.upkeep = MemoryUpkeep(state)

    async def close(self) -> None:
        """There is nothing to give back."""
