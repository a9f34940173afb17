"""One PostgreSQL database as a queue system; see `graveshift.driver.Source`."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.back import AS_IT_WAS, Back
from graveshift.driver import Can, Fates, Move, Scan, Unit, Verdict
from graveshift.drivers.postgres import controls, editing, moving, presence, queues, restoring, touching
from graveshift.drivers.postgres.connection import opened
from graveshift.drivers.postgres.fates import fates
from graveshift.drivers.postgres.reading import letter_detail, standing
from graveshift.store.position import letter_position
from graveshift.touch import Order
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.jobs import NAME
from graveshift.wire.queues import Limit, Queue
from graveshift.wire.workers import Wish, Worker


class PostgresSource:
    """Everything a system can do, and in the ledger's own transaction."""

    can = frozenset(Can)

    def __init__(self, engine: AsyncEngine, system: str) -> None:
        self.system = system
        self._engine = engine

    async def queues(self) -> Sequence[Queue]:
        return await queues.queues(self._engine, self.system)

    async def queue(self, native: str) -> Queue | None:
        if re.fullmatch(NAME, native) is None:
            return None
        found = await queues.queues(self._engine, self.system, native)
        return found[0] if found else None

    async def workers(self) -> Sequence[Worker]:
        return await presence.workers(self._engine, self.system)

    async def scan(self, mark: str | None, limit: int) -> Scan:
        """Nothing: these letters are read where they lie, and need no index of ours."""
        return Scan([], mark or "")

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        async with opened(self._engine) as connection:
            return await standing(connection, letters)

    async def fetch(self, native: str) -> LetterDetail | None:
        place = letter_position(native)
        if place is None:
            return None
        async with opened(self._engine) as connection:
            return await letter_detail(connection, place, self.system)

    async def payloads(self, letters: Sequence[str]) -> Mapping[str, str]:
        return await editing.payloads(self._engine, letters)

    async def move(
        self, unit: Unit, letters: Sequence[str], to: Move, run_id: int, *, back: Back = AS_IT_WAS
    ) -> Sequence[Verdict]:
        return await moving.move(unit, self.system, letters, to, run_id, back=back)

    async def recall(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        return await moving.recall(unit, self.system, letters, run_id)

    async def restore(
        self, unit: Unit, letters: Sequence[str], run_id: int, of_run: int | None = None
    ) -> Sequence[Verdict]:
        return await restoring.restore(unit, self.system, letters, of_run)

    async def erase(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        return await restoring.erase(unit, self.system, letters)

    async def fates(self, run_id: int) -> Fates:
        return await fates(self._engine, run_id)

    async def pause(self, unit: Unit, queue: str, until: datetime | None, reason: str | None, actor: str) -> None:
        await controls.pause(unit, queue, until, reason, actor)

    async def resume(self, unit: Unit, queue: str) -> None:
        await controls.resume(unit, queue)

    async def steer(self, unit: Unit, worker: str, wish: Wish, actor: str) -> Verdict:
        return await presence.steer(unit, self.system, worker, wish, actor)

    async def cancel(self, unit: Unit, jobs: Sequence[str], run_id: int) -> Sequence[Verdict]:
        return await controls.cancel(unit, self.system, jobs, run_id)

    async def touch(self, unit: Unit, jobs: Sequence[str], order: Order) -> Sequence[Verdict]:
        return await touching.touch(unit, self.system, jobs, order)

    async def drain(self, unit: Unit, queue: str, reason: str | None, actor: str) -> None:
        await controls.drain(unit, queue, reason, actor)

    async def limit(self, unit: Unit, queue: str, limit: Limit) -> None:
        await controls.limit(unit, queue, limit)
