"""`worker.quiet`, `worker.resume`, `worker.drain`, `worker.stop`: what operators want of one worker."""

from typing import ClassVar

from msgspec import Struct

from graveshift.driver import Can, Source, Unit, Verdict
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.single import Single, worker_of
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.workers import Wish, Worker


class Quiet(Struct, frozen=True, forbid_unknown_fields=True):
    """`worker` is an id. It keeps what it runs and claims nothing more, until it is resumed or ends."""

    name: ClassVar[str] = "worker.quiet"
    title: ClassVar[str] = "Quiet worker"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.STEER

    worker: str

    async def plan(self, world: World) -> Draft:
        """A yes, because jobs wait longer for it."""
        return await _draft(world, self.worker, "claims nothing more until it is resumed; what it runs goes on")

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the worker."""
        await _tell(world, carrier, self.worker, Wish.QUIET)


class Wake(Struct, frozen=True, forbid_unknown_fields=True):
    """`worker` is an id. A worker that was told to end cannot be resumed."""

    name: ClassVar[str] = "worker.resume"
    title: ClassVar[str] = "Resume worker"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.STEER

    worker: str

    async def plan(self, world: World) -> Draft:
        """Nothing to confirm: it only lets work go on."""
        return await _draft(world, self.worker, "claims jobs again", Confirm.NONE)

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the worker."""
        await _tell(world, carrier, self.worker, Wish.RUN)


class Drain(Struct, frozen=True, forbid_unknown_fields=True):
    """`worker` is an id. Its process ends when its last job has, however long that takes."""

    name: ClassVar[str] = "worker.drain"
    title: ClassVar[str] = "Drain worker"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.STEER

    worker: str

    async def plan(self, world: World) -> Draft:
        """There is no way back but to start it again."""
        change = "finishes the jobs it runs, then its process ends; nothing here starts it again"
        return await _draft(world, self.worker, change)

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the worker."""
        await _tell(world, carrier, self.worker, Wish.DRAIN)


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    """`worker` is an id. As SIGTERM: what does not end within its grace is given back without burning an attempt."""

    name: ClassVar[str] = "worker.stop"
    title: ClassVar[str] = "Stop worker"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.STEER

    worker: str

    async def plan(self, world: World) -> Draft:
        """There is no way back but to start it again."""
        change = "ends within its grace; what does not finish goes back to its queue; nothing here starts it again"
        return await _draft(world, self.worker, change)

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the worker."""
        await _tell(world, carrier, self.worker, Wish.STOP)


async def _draft(world: World, id: str, change: str, confirm: Confirm = Confirm.YES) -> Draft:
    _, worker = await worker_of(world, id, Can.STEER)
    subject = f"worker {_named(worker)}, {worker.running or 0} under way"
    subjects = [f"{worker.id} was told to {worker.wish}"]
    return Draft(count=1, effects=[Effect(subject, change)], confirm=confirm, subjects=subjects)


async def _tell(world: World, carrier: Carrier, id: str, wish: Wish) -> None:
    async def tell(source: Source, unit: Unit, worker: str) -> Verdict:
        return await source.steer(unit, worker, wish, carrier.actor)

    await carrier.chunks(Single(world, id, tell, ""))


def _named(worker: Worker) -> str:
    return f"{worker.host}:{worker.pid}" if worker.host else worker.id
