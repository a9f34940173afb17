"""How far a run is, how fast, for how long yet, and what became of it: the same words in rows, panels and heads."""

from collections.abc import Iterable
from datetime import datetime

from graveshift.wire.runs import Run, RunState
from graveshift_tui import format as f
from graveshift_tui.operate import portion, progress

BAR = 8


def drip(run: Run) -> str:
    """`50/s`, `10 → 50/s` while it begins gently; empty where it has no rate."""
    slowed = run.slowed if run.state.is_live else None
    return f.drip(run.pace, run.rate if slowed is None else min(slowed, run.rate)) if run.rate else ""


def speed(run: Run) -> str:
    """`50/s`, `10 → 50/s`, `25/s, slowed by itself from 50/s`; empty where it has no rate."""
    slowed = run.slowed is not None and run.state.is_live
    return f"{drip(run)}, slowed by itself from {f.rate(run.rate)}/s" if slowed else drip(run)


def eta(run: Run) -> str:
    """`eta 40s`, which knows that it gets faster at its beginning; empty where nobody can say."""
    return f"eta {f.age(run.eta_s)}" if run.eta_s is not None and run.state is RunState.RUNNING else ""


def starts(run: Run, now: datetime) -> str:
    """`starts in 8s, u cancels`, of a run that waits; empty for any other."""
    if run.state is not RunState.QUEUED or run.starts_at is None:
        return ""
    return f"starts in {f.age(max(0.0, (run.starts_at - now).total_seconds()))}, u cancels"


def meter(run: Run, width: int) -> str:
    """In a row: how far, how fast and until when while it runs, then what became of it; what has no room goes."""
    if run.state.is_live and run.total and not f.in_canary(run):
        part, whole = portion(run), f"{portion(run)} of {f.count(run.total)}"
        now = drip(run)
        bar = f.bar(run.handled / run.total, BAR)
        tries = ((bar, whole, now, eta(run)), (whole, now, eta(run)), (part, now, eta(run)), (whole, now), (part,))
        return _first(("  ".join(word for word in words if word) for words in tries), width)
    ends = f.became(run)
    return _first((f"{progress(run)}: {ends}", ends), width) if ends and not f.in_canary(run) else progress(run)


def told(run: Run, now: datetime, width: int) -> str:
    """In a line: `61% of 5,100 letters   50/s   eta 40s   3,100 done, 0 died again`; what has no room goes."""
    done, pace = starts(run, now) or progress(run), speed(run) if run.state.is_live else ""
    ends = "" if f.in_canary(run) else f.became(run)
    tries = ((done, pace, eta(run), ends), (done, eta(run), ends), (done, ends), (ends or done,))
    return _first(("   ".join(word for word in words if word) for words in tries), width)


def _first(tries: Iterable[str], width: int) -> str:
    """The first that fits, else the last."""
    said = list(tries)
    return next((words for words in said if len(words) <= width), said[-1])
