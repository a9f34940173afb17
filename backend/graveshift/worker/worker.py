"""A worker's life: register, claim and run, stop in order, leave nothing behind."""

import asyncio
import math
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

import structlog

from graveshift.errors import DatabaseUnavailable
from graveshift.folding import Folding
from graveshift.settings import WorkerSettings
from graveshift.work import Work
from graveshift.worker.claims import Claims
from graveshift.worker.failures import Teller
from graveshift.worker.handlers import Run, by_kind, version_of
from graveshift.worker.heart import Heart
from graveshift.worker.orders import Orders
from graveshift.worker.outbox import FULL, Outbox
from graveshift.worker.patience import Losses, pause
from graveshift.worker.shift import Shift
from graveshift.worker.turns import Queues, turns

# Seconds: for handlers to notice that they shall end, for the last outcomes to be sent, and for all of it in a hurry.
NOTICE_S, LAST_POST_S, HURRY_S = 1.0, 5.0, 1.0

_log = structlog.get_logger("graveshift.worker")


class Worker:
    """Runs jobs of `queues` whose kinds have a handler. One `run()` per instance.

    Names of queues are asked together, a mapping to shares in turn, by `settings.order`; none: what the settings say,
    and where they name none either, every queue.
    """

    def __init__(
        self,
        work: Work,
        handlers: Mapping[str, Run],
        *,
        queues: Queues = (),
        settings: WorkerSettings | None = None,
        lease_s: float = 30.0,
        version: str | None = None,
        folding: Folding | None = None,
    ) -> None:
        self.id = uuid4()
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._work = work
        self._settings = settings or WorkerSettings()
        asked = turns(queues, self._settings)
        self._queues = asked.names
        kinds = by_kind(handlers)
        self._version = version or version_of(kinds)
        self._kinds = sorted(kinds)
        self._orders = Orders()
        self._outbox = Outbox(work, self.name, max(FULL, self._settings.batch))
        teller = Teller(self.name, self._version, self._settings, folding)
        self._shift = Shift(kinds, self._settings, teller, self._outbox)
        self._claims = Claims(work, self.id, turns=asked, kinds=self._kinds, settings=self._settings, lease_s=lease_s)
        self._heart = Heart(work, self.id, lease_s)

    @property
    def is_stuck(self) -> bool:
        """Handlers are still running that did not end when they were told to; only the process's end ends them."""
        return self._shift.running > 0

    @property
    def is_stopping(self) -> bool:
        """Told to stop, or stopping because too many handlers are stuck; one that only drains is not."""
        return self._orders.soon.is_set()

    def stop(self) -> None:
        """Claim no more, let running jobs finish within the grace period, give back the rest."""
        self._orders.end(soon=True)

    def drop(self) -> None:
        """Give everything back at once."""
        self._orders.end(soon=True, now=True)

    async def run(self) -> int:
        """Work until told to stop. Returns the exit code: 0 for a clean stop, 1 where jobs were dropped or stuck."""
        if not await self._register():
            return 0
        _log.info("worker_started", worker=str(self.id), version=self._version, queues=self._queues)
        async with asyncio.TaskGroup() as group:
            claims = group.create_task(self._claims.run(self._shift, self._outbox, self._orders))
            heart = group.create_task(self._heart.run(self._shift, self._outbox, self._orders))
            sender = group.create_task(self._outbox.run())
            ear = group.create_task(self._claims.listen())
            await self._orders.stop.wait()
            ear.cancel()
            await self._leave(claims)
            sent = await self._outbox.drain(HURRY_S if self._orders.now.is_set() else LAST_POST_S)
            heart.cancel()
            sender.cancel()
        await self._deregister()
        code = 1 if self._orders.now.is_set() or self._claims.worn_out or not sent else 0
        _log.info("worker_stopped", worker=str(self.id), code=code, unsent=len(self._outbox))
        return code

    async def _register(self) -> bool:
        """For as long as it takes; False where the worker was stopped first."""
        losses = Losses("register")
        while not self._orders.stop.is_set():
            try:
                await self._work.register(
                    self.id, socket.gethostname(), os.getpid(), self._version, self._queues, kinds=self._kinds
                )
            except DatabaseUnavailable as error:
                await pause(losses.next_s(error), self._orders.stop)
            else:
                losses.back()
                return True
        return False

    async def _leave(self, claims: asyncio.Task[None]) -> None:
        _log.info("worker_stopping", worker=str(self.id), running=self._shift.running)
        await asyncio.wait([claims], timeout=HURRY_S)
        claims.cancel()
        suspect, self._shift.suspect = self._shift.suspect, None
        if suspect is not None:
            self._outbox.released([suspect.ticket])
        await self._shift.empty(math.inf, self._orders.soon)
        now = self._orders.now
        if not await self._shift.empty(self._settings.grace_s, now):
            self._shift.give_back()
            if not now.is_set():
                await self._shift.empty(NOTICE_S, now)
            self._shift.release()

    async def _deregister(self) -> None:
        with suppress(DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(HURRY_S):
                await self._work.deregister(self.id)
