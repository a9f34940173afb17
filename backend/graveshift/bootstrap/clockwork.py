"""The loops of a backend, of the parts."""

from functools import partial

from graveshift.bootstrap.parts import Parts
from graveshift.loops import Chores, Clockwork, Loop
from graveshift.operation import World
from graveshift.store.engine import open_unit
from graveshift.store.index import index
from graveshift.store.keeping import KeepingBook, LedgerDays
from graveshift.store.leases import LeaseBook
from graveshift.store.samples import SampleBook


def clockwork_of(parts: Parts, world: World) -> Clockwork:
    """Every loop, led by one backend at a time."""
    settings, engine = parts.settings, parts.engine
    days = LedgerDays(settings.desk.keep_days, settings.desk.keep_items_days, settings.desk.keep_audit_days)

    async def tidy_scratch() -> int:
        return await world.dumper.tidy(set(await world.backups.live_runs()))

    chores = Chores(
        unit=lambda: open_unit(engine),
        upkeep=parts.queue.upkeep,
        samples=SampleBook(engine),
        settings=settings.loops,
        queue=settings.queue,
        ledger=KeepingBook(engine, parts.audit, days),
        index=[partial(index, engine, source) for source in parts.foreign],
        tidy=[
            world.archive.tidy,
            tidy_scratch,
            world.backups.fail_abandoned,
            parts.vault.tidy,
            parts.marks.notice,
            parts.marks.prune,
            parts.claims.prune,
        ],
    )
    timed = Loop("schedules", settings.loops.schedules_s, parts.timetable.fire)
    return Clockwork([*chores.loops(), timed], LeaseBook(engine, parts.owner), lambda: open_unit(engine))
