"""The runner: carries runs out under a lease, several at once, and takes up what a silent backend left."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

import structlog
from msgspec import structs

from graveshift.driver import Unit
from graveshift.errors import AuditUnavailable, DatabaseUnavailable, Fenced, GraveshiftError
from graveshift.interpreter import meant
from graveshift.notify import Notice
from graveshift.operation import Operation, World, decoded
from graveshift.runner.carrying import Carrying, Stopped, told, wanted_state
from graveshift.runner.guard import Change
from graveshift.store.audit import AuditBook, Deed
from graveshift.store.carrying import CarryBook, Held
from graveshift.wire.runs import RunState

POLL_S = 0.5
AGAIN_S = 2.0
LET_GO_S = 2.0
# Who is on the record for what a run does by itself.
ITSELF = "graveshift"

log = structlog.get_logger("graveshift.runner")


class Runner:
    """One for each backend process. `book` holds the leases of this process, each `lease_s` long.

    `tell` is given what a run does by itself, and must return at once.
    """

    def __init__(
        self,
        world: World,
        operations: Mapping[str, type[Operation]],
        audit: AuditBook,
        book: CarryBook,
        *,
        lease_s: float,
        chunk: int = 1000,
        slots: int = 8,
        tell: Callable[[Notice], None] | None = None,
    ) -> None:
        self._world = world
        self._operations = operations
        self._audit = audit
        self._book = book
        self._lease_s = lease_s
        self._chunk = chunk
        self._slots = slots
        self._tell = tell
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Look for work now instead of at the next poll."""
        self._bell.set()

    async def run_forever(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is under way is let go at its last committed chunk, for any backend to take up."""
        renewing = asyncio.create_task(self._renew_forever())
        try:
            while not stop.is_set():
                self._bell.clear()
                if not await self._take_one():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await self._bell.wait()
        finally:
            tasks = [renewing, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_one(self) -> bool:
        """Take up one run where there is one and a slot for it. A database that does not answer has none."""
        if len(self._tasks) >= self._slots:
            return False
        try:
            held = await self._book.take(self._tasks)
        except DatabaseUnavailable as error:
            log.warning("runner_waits_for_database", error=str(error))
            return False
        except Exception:
            log.exception("run_not_taken_up")
            return False
        if held is None:
            return False
        task = asyncio.create_task(self._carry(held), name=f"run {held.id}")
        self._tasks[held.id] = task
        task.add_done_callback(lambda _: self._done(held.id))
        return True

    def _done(self, id: int) -> None:
        del self._tasks[id]
        self.ring()

    async def _carry(self, held: Held) -> None:
        """Carry one run out and let go of it, whatever happens; a lease that was lost is left alone."""
        log.info("run_taken_up", run=held.id, operation=held.operation, mark=held.mark)
        try:
            state, error = await self._outcome(held)
            await self._leave(held, state, error)
        except Fenced:
            log.warning("run_lease_lost", run=held.id)
        except (DatabaseUnavailable, AuditUnavailable) as error:
            log.warning("run_interrupted", run=held.id, error=str(error))
            await self._let_go(held, AGAIN_S)
        except asyncio.CancelledError:
            log.info("run_let_go", run=held.id)
            await self._let_go(held, 0)
            raise

    async def _outcome(self, held: Held) -> tuple[RunState, str | None]:
        """Carry the operation out: the state it leaves the run in, and what people are told of a failure."""
        kind = self._operations.get(held.operation)
        if kind is None:
            return RunState.LOST, f"this version knows no operation `{held.operation}`"
        carrying = Carrying(self._world, self._book, held, self._chunk, partial(self._braked, held))
        try:
            await decoded(kind, meant(held.args, held.draft.get("meant"))).run(self._world, carrying)
        except Stopped as stopped:
            return stopped.state, None
        except (Fenced, DatabaseUnavailable, AuditUnavailable):
            raise
        except GraveshiftError as error:
            return RunState.FAILED, told(error)
        except Exception as error:
            log.exception("run_failed_unexpectedly", run=held.id)
            return RunState.FAILED, told(error)
        return RunState.SUCCEEDED, None

    async def _leave(self, held: Held, state: RunState, error: str | None) -> None:
        """End or pause the run and put an end on the record, in one transaction."""
        halt = None
        async with self._world.runs.unit() as unit:
            if state in (RunState.PAUSED, RunState.CANCELLED):
                # An operator may have thought better of it since the carrier looked.
                orders = await self._book.hold(unit, held.id)
                state, halt = wanted_state(orders) or RunState.QUEUED, orders.halt
            handled = await self._book.leave(unit, held.id, state, error=error)
            if not state.is_live:
                deed = _deed(held, held.operation, state.value, error or halt or held.reason)
                await self._audit.write(unit, held.actor, held.source, structs.replace(deed, total=handled))
            elif halt is not None:
                await self._audit.write(unit, ITSELF, None, _deed(held, "run.pause", "done", halt))
            await unit.commit()
        log.info("run_left", run=held.id, state=state.value, handled=handled)
        if halt is not None:
            log.warning("run_stopped_itself", run=held.id, words=halt)
        if (why := halt or error) is not None:
            self._notice("run-stopped", held, why)

    async def _braked(self, held: Held, unit: Unit, change: Change) -> None:
        """A run that changes its speed by itself has it on the record, in the transaction of the change."""
        await self._audit.write(unit, ITSELF, None, _deed(held, "run.rate", "done", change.why))
        log.warning("run_changed_its_speed", run=held.id, words=change.why)
        if change.slowed is not None:
            self._notice("run-slowed", held, change.why)

    def _notice(self, event: str, held: Held, words: str) -> None:
        if self._tell is not None:
            named = {"run": str(held.id), "operation": held.operation, "actor": held.actor, "words": words}
            self._tell(Notice(event=event, environment=self._world.environment, **named))

    async def _let_go(self, held: Held, pause_s: float) -> None:
        """Give the lease back where the database answers; where it does not, the lease runs out by itself."""
        with suppress(GraveshiftError, TimeoutError):
            async with asyncio.timeout(LET_GO_S), self._world.runs.unit() as unit:
                await self._book.leave(unit, held.id, RunState.QUEUED, pause_s=pause_s)
                await unit.commit()

    async def _renew_forever(self) -> None:
        """Keep the leases; a run whose lease is another's, or may be by now, is dropped at once."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            await asyncio.sleep(self._lease_s / 3)
            held = list(self._tasks)
            try:
                kept = await self._book.renew(held) if held else set()
                renewed = loop.time()
            except Exception as error:
                log.warning("leases_not_renewed", error=str(error))
                kept = set(held) if loop.time() - renewed < self._lease_s else set()
            for id in set(held) - kept:
                if task := self._tasks.get(id):
                    task.cancel()


def _deed(held: Held, operation: str, outcome: str, reason: str | None) -> Deed:
    return Deed(operation=operation, outcome=outcome, plan_id=held.plan_id, run_id=held.id, reason=reason)
