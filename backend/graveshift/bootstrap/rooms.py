"""What the API stands on, of the parts."""

from graveshift import migrations
from graveshift.api.ports import Rooms
from graveshift.bootstrap.parts import Parts
from graveshift.delivery import delivery_of
from graveshift.desk import Desk
from graveshift.driver import Count
from graveshift.errors import DatabaseUnavailable
from graveshift.events import Hub, Watch
from graveshift.history import History, Prometheus, Samples
from graveshift.loops import Clockwork
from graveshift.lore import Lore
from graveshift.operation import World
from graveshift.runbooks import runbooks_of
from graveshift.selection.forecasting import forecast
from graveshift.settings import Settings
from graveshift.store.changes import marks, run_states
from graveshift.store.engine import answers
from graveshift.store.reconciliations import last
from graveshift.store.revealing import RevealBook
from graveshift.store.samples import SampleBook
from graveshift.wire.health import Check

OURS = "the private server is started again by itself, and the log says why where that fails"
THEIRS = "see that PostgreSQL runs, can be reached from here, and that `database.url` and `login_file` name it"


def rooms_of(parts: Parts, world: World, desk: Desk, clockwork: Clockwork) -> Rooms:
    """Lists come from the replica where there is one; Desk, runs and record from the primary."""
    engine, near, system = parts.engine, parts.near, parts.queue.source.system
    shown = near or parts.queue
    sources = {**world.sources, system: shown.source}

    async def database() -> Check:
        return await _database(parts)

    async def counters() -> Check:
        found = await last(engine)
        return Check("counters", ok=True, detail=found.words() if found else "not compared with what is there yet")

    return Rooms(
        api=parts.settings.api,
        environment=parts.environment,
        system=system,
        sources=sources,
        letters={**world.letters, system: shown.letters},
        trash=world.trash,
        jobs={**world.jobs, system: shown.jobs},
        work=parts.queue.work,
        upkeep=shown.upkeep,
        shown_at=near.replica.now if near else parts.runs.now,
        replica=lambda: near.replica.standing if near else None,
        desk=desk,
        runs=parts.runs,
        run_states=lambda: run_states(engine),
        audit=parts.audit,
        backups=world.backups,
        vault=parts.vault,
        interpreter=world.interpreter,
        tokens=parts.tokens,
        schedules=parts.timetable.infos,
        marks=parts.marks,
        claims=parts.claims,
        lore=lore_of(parts.settings, world),
        reconciled=lambda: last(engine),
        payloads=world.sources,
        reveals=RevealBook(engine, parts.audit),
        redaction=parts.redaction,
        tracing=parts.settings.tracing,
        trials=world.trials,
        drip=world.drip,
        history=_history(parts),
        hub=Hub(Watch(system, shown.upkeep, sources, lambda: marks(engine))),
        loops=clockwork.last_success,
        checks=[database, clockwork.check, counters, *([near.replica.check] if near else [])],
    )


def lore_of(settings: Settings, world: World) -> Lore:
    """What the settings say of causes. Raises SettingsError for a runbook that is not there."""
    rate = settings.desk.rate_per_s
    return Lore(
        delivery=delivery_of(settings.delivery.may_have_arrived),
        runbooks=runbooks_of(settings.runbooks),
        rate_per_s=rate,
        foretell=lambda dead: forecast(world, Count(dead), rate, world.undo_window_s),
    )


def _history(parts: Parts) -> History:
    prometheus, every_s = parts.settings.prometheus, parts.settings.loops.sample_s
    primary = Samples(SampleBook(parts.engine), every_s)
    own = parts.near.samples(primary, every_s) if parts.near else primary
    return History(Prometheus(prometheus), own) if prometheus.url else History(own)


async def _database(parts: Parts) -> Check:
    database = parts.database
    try:
        await answers(parts.engine)
    except DatabaseUnavailable:
        return Check("database", ok=False, detail=f"it does not answer; {OURS if database.server else THEIRS}")
    found = await migrations.current(database.url_now)
    return Check("database", ok=found == migrations.head(), detail=f"schema {found}")
