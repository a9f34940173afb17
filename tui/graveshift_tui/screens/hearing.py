"""What others did to runs: told once each, together where they did the same to several, louder to whose they are."""

from datetime import timedelta
from itertools import groupby
from typing import Final

from msgspec import Struct

from graveshift.wire.overview import Overview
from graveshift.wire.runs import Run, Steer, Steered
from graveshift_tui.format import phrase, things
from graveshift_tui.steered import words
from graveshift_tui.widgets.band import SEEN_FOR

TOGETHER: Final = timedelta(seconds=10)
DONE: Final = {
    Steer.PAUSED: "paused",
    Steer.RESUMED: "resumed",
    Steer.CANCELLED: "cancelled",
    Steer.RATE: "set the rate of",
}


class News(Struct, frozen=True):
    """`is_loud`: somebody stopped a run of the reader's own."""

    text: str
    about: str
    is_loud: bool


class Hearing:
    """Looks at every overview; what was told, and what the reader did, is not told again."""

    def __init__(self) -> None:
        self._heard: set[tuple[str, Steered]] | None = None

    def news(self, seen: Overview) -> list[News]:
        """Of what was done before the console began, only what concerns the reader's own runs is news."""
        deeds = [(run, one) for run in seen.runs for one in run.steered if _is_news(seen, one)]
        now = {(run.id, one) for run, one in deeds}
        if self._heard is None:
            deeds = [(run, one) for run, one in deeds if run.actor == seen.actor]
        fresh = [(run, one) for run, one in deeds if (run.id, one) not in (self._heard or ())]
        self._heard = now
        kinds = groupby(sorted(fresh, key=_alike), key=_alike)
        return [_told(seen, [deed for deed in deeds if _alike(deed) == kind], list(new)) for kind, new in kinds]


def _is_news(seen: Overview, one: Steered) -> bool:
    return one.by != seen.actor and seen.as_of - one.at < SEEN_FOR


def _alike(deed: tuple[Run, Steered]) -> tuple[str, str]:
    return deed[1].by, deed[1].act.value


def _told(seen: Overview, alike: list[tuple[Run, Steered]], new: list[tuple[Run, Steered]]) -> News:
    """With what the same one did moments before, whose news these take the place of."""
    last = max(one.at for _, one in new)
    those = {run.id: run for run, one in (*new, *alike) if last - one.at < TOGETHER}
    one, own = new[0][1], [run for run in those.values() if run.actor == seen.actor]
    is_loud = bool(own) and one.act in (Steer.PAUSED, Steer.CANCELLED)
    if len(those) == 1:
        (run,) = those.values()
        whose = ", yours" if own else f" of {run.actor}"
        return News(f"run {run.id}{whose}: {words(run, one)}", f"run {run.id}", is_loud)
    which = phrase(", ".join(sorted(those, key=int)), 40)
    mine = f", {len(own)} of them yours" if own else ""
    return News(f"{one.by} {DONE[one.act]} {things(len(those), 'run')}{mine}: {which}", f"{one.by} {one.act}", is_loud)
