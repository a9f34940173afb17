"""How long runs will take yet, and what became of what they moved: of each requeue, and of each letter of a canary."""

from collections.abc import Sequence

from msgspec import structs

from graveshift.api.ports import Rooms
from graveshift.drip import DripSettings
from graveshift.store.runs import number
from graveshift.wire.ids import decode
from graveshift.wire.runs import Became, Fate, Item, Run, RunState
from graveshift.wire.trials import CanaryState

REQUEUE = "dlq.requeue"
OPEN = (Fate.WAITING, Fate.RUNNING)


async def followed(rooms: Rooms, runs: Sequence[Run]) -> list[Run]:
    """The same runs; of those at work how long yet, of requeues what became of their jobs, over all that can say."""
    asked = [id for run in runs if run.operation == REQUEUE and (id := number(run.id))]
    told = [await trials.became(asked) for trials in rooms.trials.values()] if asked else []
    parts = [[of[id] for of in told if (id := number(run.id) or 0) in of] for run in runs]
    return [_with(_timed(rooms.drip, run), ended) for run, ended in zip(runs, parts, strict=True)]


def _timed(drip: DripSettings, run: Run) -> Run:
    """By what it drips now, as it gets faster until its rate, or what it slowed itself to, is reached."""
    left = (run.total or 0) - run.handled
    if run.state is not RunState.RUNNING or run.rate is None or left <= 0:
        return run
    rate = run.rate if run.slowed is None else min(run.rate, run.slowed)
    return structs.replace(run, eta_s=drip.seconds(left, rate, run.pace))


def _with(run: Run, parts: Sequence[Became]) -> Run:
    if not parts:
        return run
    names = Became.__struct_fields__
    return structs.replace(run, became=Became(**{name: sum(getattr(part, name) for part in parts) for name in names}))


async def tried(rooms: Rooms, run: Run, items: Sequence[Item]) -> list[Item]:
    """The same items; those of the run's canary with what became of their jobs."""
    birds = set(await rooms.runs.tried(number(run.id) or 0)) if run.canary else set()
    jobs = [item.job_id for item in items if item.id in birds and item.job_id]
    fates = await _fates(rooms, run, jobs)
    is_late = run.canary is not None and run.canary.state is CanaryState.LATE
    return [structs.replace(item, fate=_fate(fates.get(item.job_id or ""), is_late=is_late)) for item in items]


def _fate(fate: Fate | None, *, is_late: bool) -> Fate | None:
    return Fate.LATE if is_late and fate in OPEN else fate


async def _fates(rooms: Rooms, run: Run, jobs: Sequence[str]) -> dict[str, Fate]:
    """By public id, system by system."""
    places: dict[str, dict[str, str]] = {}
    for job in jobs:
        system, native = decode(job) or ("", "")
        places.setdefault(system, {})[native] = job
    found: dict[str, Fate] = {}
    for system, natives in places.items():
        if trials := rooms.trials.get(system):
            told = await trials.trials(list(natives), number(run.id) or 0)
            found |= {natives[trial.job]: trial.fate for trial in told}
    return found
