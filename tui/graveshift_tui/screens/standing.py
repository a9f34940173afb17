"""What operators have done to a queue, as rows, panels and hints say it: who, since when, until when and why."""

from datetime import datetime
from textwrap import wrap
from typing import Final

from msgspec import Struct
from rich.cells import cell_len

from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Group
from graveshift.wire.jobs import Job
from graveshift.wire.overview import Overview
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run, RunState
from graveshift_tui import format as f
from graveshift_tui.sanitize import clean
from graveshift_tui.screens import limiting
from graveshift_tui.widgets.columns import Cell

NAMED: Final = 4
"""Cells that are left of a name too long to stand beside anything."""


def name(queue: Queue, width: int) -> Cell:
    """The name, with PAUSED, DRAINING and its limit beside it; what there is no room for is counted: `PAUSED +2`, `+3`.

    The name is whole wherever it can be.
    """
    limit = limiting.mark(queue)
    words = [word for word, holds in (("PAUSED", queue.paused), ("DRAINING", queue.draining)) if holds]
    if not words and not limit:
        return queue.name
    all_of = [*words, *([limit] if limit else [])]
    short = [*words, *(["MAX"] if limit else [])]
    first, more = (words or [limit])[0], len(all_of) - 1
    tries = [" ".join(all_of), " ".join(short), f"{first} +{more}" if more else first]
    room = width - cell_len(clean(queue.name))
    beside = [*(f"  {text}" for text in tries), f" {tries[-1]}", f"  +{len(all_of)}"]
    if said := next((text for text in beside if len(text) <= room), ""):
        return f"{queue.name}{said}", "mark"
    return f"{f.fit(queue.name, max(NAMED, width - len(tries[-1]) - 2))}  {tries[-1]}", "mark"


def paused(queue: Queue, now: datetime) -> str:
    """`paused by ana since 02:51Z until 03:40Z: "bad files"`; empty where it is not."""
    if not queue.paused:
        return ""
    until = f" until {_time(queue.paused_until, now)}" if queue.paused_until else " until resumed"
    return f"paused{_known(queue.paused_by, queue.paused_at, now)}{until}{_why(queue.paused_reason)}"


def draining(queue: Queue, now: datetime) -> str:
    """`draining by bob since 02:51Z: "it moves"`; empty where it is not."""
    if not queue.draining:
        return ""
    return f"draining{_known(queue.draining_by, queue.draining_at, now)}{_why(queue.draining_reason)}"


def limited(queue: Queue, now: datetime) -> str:
    """The limit, how much of it is used, who set it when and why; empty without one."""
    if queue.limit is None:
        return ""
    known = _known(queue.limit.by, queue.limit.at, now)
    running = f"{f.count(queue.running)} running"
    return f"{limiting.words(queue.limit)}; {running}{',' if known else ''}{known}{_why(queue.limit.reason)}"


def held(queue: Queue, now: datetime) -> str:
    """`40 jobs held, the last until 03:40Z`, or that a hold has no end; empty where nothing is held."""
    if not queue.held:
        return ""
    until = f"the last until {_time(queue.held_until, now)}" if queue.held_until else "no end: until released"
    return f"{f.things(queue.held, 'job')} held, {until}"


def lines(queue: Queue, now: datetime) -> list[str]:
    """Everything that stands, each whole."""
    return [said for said in (tell(queue, now) for tell in (paused, draining, limited, held)) if said]


def folded(text: str, width: int) -> list[str]:
    """The text whole, in lines that break between words."""
    return wrap(clean(text, 2000), max(10, width)) or [""]


def word(action: str, rows: tuple[Struct, ...], seen: Overview | None) -> str | None:
    """What the key of an action does to the first row, where that depends on how it stands."""
    if action == "run.pause" and rows and isinstance(run := rows[0], Run) and run.state is RunState.PAUSED:
        return "answer" if run.halt else "resume"
    return pause_word(rows, seen) if action == "queue.pause" else None


def pause_word(rows: tuple[Struct, ...], seen: Overview | None) -> str | None:
    """What the key of pauses does to the queue of the first row, where it is not to pause it."""
    row = rows[0] if rows else None
    if isinstance(row, Queue):
        queue: Queue | None = row
    elif isinstance(row, Letter | Group | Job) and seen is not None:
        queue = next((q for q in seen.queues if (q.system, q.name) == (row.system, row.queue)), None)
    else:
        queue = None
    return "resume" if queue is not None and (queue.paused or queue.draining) else None


def _known(by: str | None, at: datetime | None, now: datetime) -> str:
    return (f" by {by}" if by else "") + (f" since {_time(at, now)}" if at else "")


def _why(reason: str | None) -> str:
    return f': "{reason}"' if reason else ""


def _time(at: datetime, now: datetime) -> str:
    """Today's by the clock, any other with its day."""
    return at.strftime("%H:%MZ" if at.date() == now.date() else "%d %b %H:%MZ")
