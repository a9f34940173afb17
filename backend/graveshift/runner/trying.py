"""The canary of a run: which letters it tries, how each of them stands, and what that says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from graveshift.drip import DripSettings
from graveshift.driver import Unit
from graveshift.trial import Trial, Trials
from graveshift.wire.ids import decode
from graveshift.wire.runs import Fate
from graveshift.wire.trials import Canary, CanaryState, Then

# A job that a worker gave back unstarted is put ahead again within so many looks.
LIFT_EVERY = 8


class Birds:
    """The jobs of one canary, system by system. `jobs` are public ids."""

    def __init__(self, trials: Mapping[str, Trials], run_id: int, jobs: Sequence[str]) -> None:
        self._trials = trials
        self._run_id = run_id
        self._jobs: dict[str, list[str]] = {}
        self._waiting: dict[str, list[str]] = {}
        self._looks = 0
        for job in jobs:
            system, native = decode(job) or ("", "")
            if system in trials:
                self._jobs.setdefault(system, []).append(native)

    async def look(self) -> list[Trial]:
        """Where each of them is now."""
        found: list[Trial] = []
        for system, natives in self._jobs.items():
            told = await self._trials[system].trials(natives, self._run_id)
            self._waiting[system] = [trial.job for trial in told if trial.fate is Fate.WAITING]
            found += told
        return found

    async def lift(self, unit: Unit) -> None:
        """At the first look and again after some: those that wait go ahead."""
        if self._looks % LIFT_EVERY == 0:
            await self._place(unit, self._waiting, ahead=True)
        self._looks += 1

    async def lower(self, unit: Unit) -> None:
        """What still waits is no canary any more, and goes behind live traffic like the rest."""
        await self._place(unit, self._jobs, ahead=False)

    async def _place(self, unit: Unit, jobs: Mapping[str, Sequence[str]], *, ahead: bool) -> None:
        for system, natives in jobs.items():
            if natives:
                await self._trials[system].lift(unit, natives, self._run_id, ahead=ahead)


def standing(canary: Canary, told: Sequence[Trial], drip: DripSettings, now: datetime) -> Canary:
    """The canary as it stands by these, and what that says of it."""
    counted = Counter(trial.fate for trial in told)
    until = canary.until or now + timedelta(seconds=drip.canary_s)
    seen = structs.replace(
        canary,
        jobs=len(told),
        done=counted[Fate.DONE],
        failed=counted[Fate.FAILED],
        running=counted[Fate.RUNNING],
        waiting=counted[Fate.WAITING],
        gone=counted[Fate.GONE],
        until=until,
    )
    return structs.replace(seen, state=_state(seen, drip.canary_red, now >= until))


def _state(canary: Canary, red: int, is_late: bool) -> CanaryState:
    """Red as soon as it can be; green only when every job is settled and some of them are done."""
    if not canary.jobs:
        return CanaryState.LATE
    if canary.failed >= min(red, canary.jobs):
        return CanaryState.RED
    if canary.running or canary.waiting:
        return CanaryState.LATE if is_late else CanaryState.TRYING
    return CanaryState.GREEN if canary.done else CanaryState.LATE


def halts(canary: Canary) -> bool:
    """True where it does not go on by itself."""
    return canary.state is not CanaryState.TRYING and (canary.state, canary.then) != (CanaryState.GREEN, Then.GO)


def ends(canary: Canary) -> bool:
    """True where the run is over with it."""
    return canary.then is Then.STOP


def said(canary: Canary) -> str:
    """`canary red: 2 of 6 first attempts failed`, and that it ends where it does."""
    settled = canary.done + canary.failed
    match canary.state:
        case CanaryState.RED:
            words = f"{canary.failed:,} of {settled:,} first attempts failed"
        case CanaryState.LATE:
            words = f"{canary.done:,} of {canary.jobs:,} done in time, {canary.waiting:,} not started"
        case _:
            words = f"{canary.done:,} of {canary.jobs:,} done"
    return f"canary {canary.state}: {words}{'; it ends with its canary' if ends(canary) else ''}"
