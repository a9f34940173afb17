"""Where am I, who am I, and is this true: the coloured band on top, and the banner when the backend is away."""

from datetime import UTC, datetime, timedelta
from textwrap import wrap
from typing import Final

from msgspec import Struct
from rich.cells import cell_len

from graveshift.wire.overview import Overview
from graveshift.wire.runs import Run
from graveshift.wire.trials import CanaryState
from graveshift_tui.format import age, fit
from graveshift_tui.sanitize import clean
from graveshift_tui.steered import by_whom
from graveshift_tui.widgets.paint import Line, spread, width_of

NAMES: Final = ((24, 24, 20), (24, 16, 12), (16, 12, 10), (12, 10, 8), (10, 8, 0))
"""Cells for environment, host and actor, the widest first: how old the data is makes room for none of them."""
AMBER: Final = 2.0
RED: Final = 5.0
SEEN_FOR: Final = timedelta(minutes=5)
"""How long it stays that a run has ended by itself: nobody answers it, as one that asks."""
COLOURS: Final = frozenset({"red", "amber", "green", "blue", "grey"})


class Pulse(Struct, frozen=True):
    """What is known of the backend: its last overview, how old that is, and what the last try met.

    `failing_lately` is failures a minute in the last seconds, None where they have not been watched.
    """

    overview: Overview | None = None
    age_s: float = 0.0
    interval_s: float = 1.0
    error: str | None = None
    attempt: int = 0
    retry_in_s: float | None = None
    read_only: bool = False
    failing_lately: float | None = None


def tone_of(age_s: float, interval_s: float) -> str:
    """`ok` while data is fresh, `stale` from twice the interval on, `crit` from five times."""
    if age_s >= RED * interval_s:
        return "crit"
    return "stale" if age_s >= AMBER * interval_s else "ok"


def freshness(age_s: float, interval_s: float) -> str:
    """`live`, or how old the data is; fresh data has no seconds, so that an idle screen writes nothing."""
    return "live" if tone_of(age_s, interval_s) == "ok" else f"{age(age_s)} old"


def band(pulse: Pulse, width: int, where: str, runs_key: str = "") -> Line:
    """One line; the environment is a word, never only a colour. `runs_key` is the key that leads to the runs."""
    seen = pulse.overview
    if seen is None:
        return spread(((" graveshift ", "bold band_text on band_grey"), (f" {where}", "muted on panel")), (), width)
    tone = tone_of(pulse.age_s, pulse.interval_s)
    right: Line = (
        (freshness(pulse.age_s, pulse.interval_s), f"{'muted' if tone == 'ok' else 'bold ' + tone} on panel"),
        (datetime.now(UTC).strftime("  %H:%MZ "), "text on panel"),
    )
    halted, room = stopped(seen, runs_key), width - width_of(right) - 1
    lefts = [(*_who(seen, rooms, pulse.read_only), *halted) for rooms in NAMES]
    return spread(next((one for one in lefts if width_of(one) <= room), lefts[-1]), right, width)


def _who(seen: Overview, rooms: tuple[int, int, int], read_only: bool) -> Line:
    """Environment and host, who looks, and as what, in so many cells each; an actor of 0 is not told."""
    environment, (whole, host, actor) = seen.environment, rooms
    colour = environment.colour if environment.colour in COLOURS else "grey"
    word = "DEMO" if environment.demo else environment.name.upper()
    name = "" if word.lower() == environment.host.lower() else f" {_short(environment.host, host)}"
    named: Line = ((f"  {_short(seen.actor, actor)} ", "bold text on panel"),) if actor else ()
    role = f"{seen.role if actor else ''}{'  READ-ONLY' if read_only else ''}"
    return ((f" {_short(word, whole)}{name} ", f"bold band_text on band_{colour}"), *named, (role, "muted on panel"))


def _short(name: str, cells: int) -> str:
    """As wide as it is, and so many cells at most."""
    shown = clean(name, 4 * cells)
    return fit(shown, min(cell_len(shown), cells))


def stopped(seen: Overview, key: str = "") -> Line:
    """Runs that stopped or slowed themselves, or that another than the reader, whose they are, stopped.

    They wait for or were to be seen by somebody; `key` leads there. What is of the reader's own runs comes first.
    """
    halted = [run.id for run in seen.runs if run.state.is_live and run.halt]
    over = [run.id for run in seen.runs if ended_itself(run, seen.as_of)]
    slowed = [run.id for run in seen.runs if run.state.is_live and run.slowed is not None and not run.halt]
    others = [run for run in seen.runs if run.actor == seen.actor and _stopped_lately(run, seen.as_of)]
    own = [run.id for run in seen.runs if run.actor == seen.actor and run.id in halted]
    turned = [run.id for run in others]
    word = _by_another(others[0]) if others else ""
    tells = ((own, "ASKS"), (turned, word), (halted, "ASKS"), (over, "STOPPED ITSELF"), (slowed, "SLOWED ITSELF"))
    which, word = next(((ids, word) for ids, word in tells if ids), ([], ""))
    if not which:
        return ()
    more = (f" +{len(which) - 1}" if len(which) > 1 else "") + (f" ({key})" if key else "")
    return (
        ("  ", "text on panel"),
        (f" run {fit(which[0], min(len(which[0]), 8))} {word}{more} ", "bold band_text on band_amber"),
    )


def _stopped_lately(run: Run, now: datetime) -> bool:
    """By another than who began it: as long as it stands, and some minutes where it has ended."""
    is_seen = run.finished_at is None or now - run.finished_at <= SEEN_FOR
    return bool(by_whom(run)) and is_seen


def _by_another(run: Run) -> str:
    by = by_whom(run).removeprefix(" by ")
    return f"{run.state.value.upper()} BY {fit(by, min(len(by), 12)).rstrip()}"


def ended_itself(run: Run, now: datetime) -> str:
    """Why it ended before its time, by its own rule or on an error, in the last minutes; empty where it did not."""
    is_green = run.canary is not None and run.canary.state is CanaryState.GREEN
    why = run.error or ("" if is_green else run.halt or "")
    if run.state.is_live or run.finished_at is None or now - run.finished_at > SEEN_FOR:
        return ""
    return why


def banner(pulse: Pulse, key: str, width: int) -> list[Line]:
    """Nothing while all is well; else why the backend does not answer and when it is asked again."""
    if pulse.error is None:
        return []
    wait = f"next try in {age(pulse.retry_in_s)}" if pulse.retry_in_s else "trying"
    first = "OFFLINE" if pulse.overview else "NO ANSWER"
    why = wrap(clean(pulse.error, 400), max(20, width - len(first) - 4)) or [""]
    told = f"   try {pulse.attempt}, {wait}; {key} tries now. Runs do not need this screen."
    indent = " " * (len(first) + 2)
    return [
        ((f" {first} ", "bold band_text on band_red"), (f" {why[0]}", "crit")),
        *[((f"{indent} {more}", "crit"),) for more in why[1:3]],
        ((told, "muted"),),
    ]
