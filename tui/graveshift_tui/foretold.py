"""What a plan foresees, in lines for people: parts, warnings, what an edit changes, and what the run will take."""

from typing import Final

from graveshift.wire.plans import Breakdown, Caution, Change, Plan
from graveshift_tui.format import age, count, rate, size
from graveshift_tui.sanitize import clean

OF_THESE: Final = ("delivery", "key-taken", "requeued-before")
"""Warnings whose words go on after a number of letters."""
SHOWN: Final = 60


def warning_lines(plan: Plan) -> list[str]:
    """`2 of these hold a unique key ...`; of a sample it says of how many."""
    return [clean(_warning(one), 600) for one in plan.warnings]


def sample_lines(plan: Plan) -> list[str]:
    """Per letter its id, then each value that changes: `to  "a" -> "b"`."""
    lines: list[str] = []
    for sample in plan.samples:
        lines.append(clean(sample.id, 100))
        if sample.refused is not None:
            lines.append(clean(f"  stays as it is: {sample.refused}", 300))
        elif not sample.changes:
            lines.append("  nothing in it changes")
        lines += [clean(_change(change), 200) for change in sample.changes]
    return lines


def part_lines(plan: Plan) -> list[str]:
    """`queue  parse 30,000, hooks 10,000 and 3 more`; a single one is said only where that is news."""
    if plan.parts is None:
        return []
    of = f" (of the oldest {count(plan.parts_of)})" if plan.parts_of is not None else ""
    return [clean(f"by {part.by}{of}  {_shares(part)}", 300) for part in plan.parts if part.top]


def forecast_line(plan: Plan) -> str | None:
    """`takes 1h40 at 50/s; log 0.9 GB, 41 GB free; begins 10s after the yes`; None where nothing can be said."""
    told = plan.forecast
    if told is None:
        return None
    said = []
    if told.duration_s is not None:
        said.append(f"takes about {age(told.duration_s)} at {rate(told.rate)}/s")
    if told.wal_bytes is not None and told.disk_bytes is not None:
        free = "" if told.free_bytes is None else f" of {size(told.free_bytes)} free"
        said.append(f"log {size(told.wal_bytes)}, rows {size(told.disk_bytes)}{free}")
    if told.undo_window_s:
        said.append(f"begins after {told.undo_window_s:g}s, in which u cancels it")
    return "; ".join(said) or None


def _warning(one: Caution) -> str:
    if one.n is None:
        return one.words
    whose = f"{count(one.n)} of the oldest {count(one.of)}" if one.of is not None else f"{count(one.n)} of these"
    return f"{whose} {one.words}" if one.code in OF_THESE else f"{one.words} ({whose})"


def _change(change: Change) -> str:
    before, after = change.before or "nothing", change.after or "nothing"
    return f"  {change.path}  {before[:SHOWN]} -> {after[:SHOWN]}"


def _shares(part: Breakdown) -> str:
    named = ", ".join(f"{share.label or share.name} {count(share.n)}" for share in part.top)
    return f"{named} and {count(part.more)} more" if part.more else named
