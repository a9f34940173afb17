"""How far a run is, how fast, for how long yet, and what became of it: the same words in rows, panels and heads."""

from collections.abc import Iterable
from datetime import datetime

from graveshift.wire.runs import Run, RunState
from graveshift_tui import format as f
from graveshift_tui.conduct import in_vain
from graveshift_tui.operate import noun, odd, progress

BAR = 8
BARRED, TOTALLED = 72, 56
"""Cells from which on a row has a bar, and says of how many."""


def drip(run: Run) -> str:
    """`50/s`, `10 → 50/s` while it begins gently; empty where it has no rate."""
    slowed = run.slowed if run.state.is_live else None
    return f.drip(run.pace, run.rate if slowed is None else min(slowed, run.rate)) if run.rate else ""


def speed(run: Run) -> str:
    """`50/s`, `10 → 50/s`, `25/s, slowed by itself from 50/s`; empty where it has no rate."""
    slowed = run.slowed is not None and run.state.is_live
    return f"{drip(run)}, slowed by itself from {f.speed(run.rate)}/s" if slowed else drip(run)


def eta(run: Run) -> str:
    """`eta 40s`, which knows that it gets faster at its beginning; empty where nobody can say."""
    return f"eta {f.age(run.eta_s)}" if run.eta_s is not None and run.state is RunState.RUNNING else ""


def starts(run: Run, now: datetime) -> str:
    """`starts in 8s, u cancels`, of a run that waits; empty for any other."""
    if run.state is not RunState.QUEUED or run.starts_at is None:
        return ""
    return f"starts in {f.age(max(0.0, (run.starts_at - now).total_seconds()))}, u cancels"


def due(run: Run) -> str:
    """`each due 15m after it moved`, `due at 2026-11-22 03:40:00Z`; empty where what it moves is due at once."""
    if run.due_at is not None:
        return f"due at {f.moment(run.due_at)}"
    return f"each due {f.age(run.delay_s)} after it moved" if run.delay_s else ""


def meter(run: Run, width: int, now: datetime) -> str:
    """In a row, in every state in one form: what part of it is done, then what tells most now; what has no room goes.

    `<1%  canary 14 done`, ` 61%  50/s  eta 40s`, `100%  17 done, 2 died again`. Where there is room the part has its
    bar and says of how many; where nothing more is to tell it says that anyhow.
    """
    part, tails = f"{_part(run):>4}", _tails(run, now)
    whole = f"{part} of {f.things(run.total, noun(run))}" if run.total else part
    barred = f"{f.bar(run.handled / (run.total or 1), BAR)}  {whole}"
    head = barred if width >= BARRED else whole if width >= TOTALLED or not tails else part
    return _first((f"{head}  {tail}" for tail in tails), width) if tails else _first((head, part), width)


def _part(run: Run) -> str:
    """`61%`, `<1%`; `·` where nobody knows of how many."""
    return "<1%" if run.total and 0 < run.handled * 100 < run.total else f.share(run.handled, run.total)


def _tails(run: Run, now: datetime) -> list[str]:
    """The same in ever fewer words."""
    if waits := starts(run, now):
        return [waits, waits.partition(",")[0]]
    odds = [", ".join(odd(run))] if odd(run) else []
    if vain := in_vain(run):
        return [vain, *odds]
    if f.in_canary(run):
        return list(f.trying(run))
    ends, speed = f.became(run), [word for word in (drip(run), eta(run)) if word]
    if run.state is RunState.RUNNING and speed:
        return ["  ".join(words) for words in (*([*speed, end] for end in ends if "died" in end), speed, speed[:1])]
    done = [] if run.total or not run.handled else [f"{f.count(run.handled)} done"]
    return [*(", ".join([end, *odds]) for end in ends), *ends, *odds, *done]


def told(run: Run, now: datetime, width: int) -> str:
    """In a line: `61% of 5,100 letters   50/s   eta 40s   3,100 done, 0 died again`; what has no room goes.

    While it runs that is what became of its jobs, after it how far it was.
    """
    done, pace = starts(run, now) or progress(run), speed(run) if run.state.is_live else ""
    ends = () if f.in_canary(run) else f.became(run)
    if run.state.is_live:
        tries = [*((done, pace, eta(run), words) for words in (*ends, "")), (done, eta(run))]
    else:
        tries = [*((done, words) for words in ends[:1]), *((words,) for words in ends)]
    return _first(("   ".join(word for word in words if word) for words in (*tries, (done,))), width)


def _first(tries: Iterable[str], width: int) -> str:
    """The first that fits, else the last."""
    said = list(tries)
    return next((words for words in said if len(words) <= width), said[-1])
