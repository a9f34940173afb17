"""`run.undo`: what a requeue moved and no worker has started, or a discard left in the trash, is a letter again."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct, field

from graveshift.driver import Can, Fates, Unit, Verdict
from graveshift.errors import Invalid, NotFound
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import natives
from graveshift.store.runs import number
from graveshift.wire.ids import decode
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.runs import Outcome, Run

REQUEUE, DISCARD = "dlq.requeue", "dlq.discard"


class Undo(Struct, frozen=True, forbid_unknown_fields=True):
    """`run` is the id of a requeue or a discard that has ended."""

    name: ClassVar[str] = "run.undo"
    title: ClassVar[str] = "Undo run"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.RECALL

    run_id: str = field(name="run")

    async def plan(self, world: World) -> Draft:
        """Says how many are still waiting and how many are too late.

        Raises NotFound, and Invalid for other runs and for one that is undone already: there is nothing to ask.
        """
        run = await self._undoable(world)
        await _check_not_undone(world, run)
        able = Can.TRASH if run.operation == DISCARD else self.needs
        fates = [await source.fates(int(run.id)) for source in world.sources.values() if able in source.can]
        return Draft(
            count=_recallable(run, fates),
            walked=run.moved,
            effects=_restored(run, fates) if run.operation == DISCARD else _effects(run, fates),
            confirm=Confirm.YES,
            subjects=[f"run {run.id} is {run.state}"],
        )

    async def run(self, world: World, carrier: Carrier) -> None:
        """Recall every letter that the run moved; the items are those letters."""
        run = await self._undoable(world)
        able = Can.TRASH if run.operation == DISCARD else self.needs
        await carrier.chunks(Recalls(world, int(run.id), able, carrier.run_id))

    async def _undoable(self, world: World) -> Run:
        id = number(self.run_id)
        run = None if id is None else await world.runs.one(id)
        if run is None:
            raise NotFound(f"run {self.run_id}")
        if run.operation not in (REQUEUE, DISCARD):
            said = f"only {REQUEUE} and {DISCARD} can be undone, and run {run.id} is {run.operation}"
            raise Invalid(f"{said} - at `$.run`")
        if run.state.is_live:
            raise Invalid(f"run {run.id} is {run.state}; cancel it first - at `$.run`")
        return run


async def _check_not_undone(world: World, run: Run) -> None:
    undo = await world.runs.undone_by(int(run.id))
    if undo is None:
        return
    whose = f"run {undo.id} of {undo.actor}"
    said = f"is being undone by {whose}" if undo.state.is_live else f"is undone already, by {whose}"
    raise Invalid(f"run {run.id} {said} - at `$.run`")


class Recalls:
    """The letters that a run moved, brought back system by system; see `graveshift.operation.Chunks`."""

    def __init__(self, world: World, undone: int, able: Can, run_id: int) -> None:
        self._world = world
        self._undone = undone
        self._able = able
        self._run_id = run_id

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """In the order of their ids."""
        ids = await self._world.runs.items.moved(self._undone, after, limit)
        first = f"{_system(ids[0])}:" if ids else ""
        return [id for id in ids if id.startswith(first)]

    def transacts(self, ids: Sequence[str]) -> bool:
        """As their system can."""
        source = self._world.sources.get(_system(ids[0]))
        return source is None or Can.TRANSACT in source.can

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """What has started, or ended, or is in no system any more, is told by its verdict."""
        source = self._world.sources.get(_system(ids[0]))
        if source is None or self._able not in source.can:
            return [Verdict(id, Outcome.FAILED, "this system cannot bring it back") for id in ids]
        if self._able is Can.TRASH:
            return await source.restore(unit, natives(ids), self._run_id, self._undone)
        return await source.recall(unit, natives(ids), self._undone)


def _recallable(run: Run, told: Sequence[Fates | None]) -> int:
    """What no worker has started; at most all of it where a system cannot say."""
    known = [fate.discarded if run.operation == DISCARD else fate.waiting for fate in told if fate is not None]
    return sum(known) if known and len(known) == len(told) else run.moved


def _effects(run: Run, told: Sequence[Fates | None]) -> list[Effect]:
    fates = [fate for fate in told if fate is not None]
    if not fates:
        unknown = f"those of the {run.moved:,} jobs that run {run.id} moved which no worker has started"
        return [Effect(unknown, "back to the dead letter queue")]
    waiting = sum(fate.waiting for fate in fates)
    begun = {
        "running": sum(fate.running for fate in fates),
        "retrying": sum(fate.retrying for fate in fates),
        "done": sum(fate.done for fate in fates),
        "dead again": sum(fate.dead for fate in fates),
    }
    back = Effect(f"{waiting:,} of the {run.moved:,} jobs that run {run.id} moved", "back to the dead letter queue")
    return [back] + [Effect(f"{n:,} {state}", "left as they are: too late") for state, n in begun.items() if n]


def _restored(run: Run, told: Sequence[Fates | None]) -> list[Effect]:
    left = _recallable(run, told)
    whose = f"of the {run.moved:,} letters that run {run.id} discarded"
    late = Effect(f"{run.moved - left:,} {whose}", "left as they are: too late, they are not in the trash any more")
    return [Effect(f"{left:,} {whose}", "back to the dead letter queue"), *([late] if left < run.moved else [])]


def _system(id: str) -> str:
    decoded = decode(id)
    return decoded[0] if decoded else ""
