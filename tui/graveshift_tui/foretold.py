"""What a plan foresees, in lines for people: parts, warnings, what an edit changes, and what the run will take."""

from typing import Final

from graveshift.wire.plans import Breakdown, Caution, Change, Plan, Share
from graveshift_tui.format import age, count, drip, size, total
from graveshift_tui.sanitize import clean

OF_THESE: Final = ("delivery", "key-taken", "requeued-before")
"""Warnings whose words go on after a number of letters."""
SHOWN: Final = 60
TOLD: Final = 1_000_000
"""Bytes of disk that are worth a line."""


def warning_lines(plan: Plan) -> list[str]:
    """`2 of these hold a unique key ...`; of a sample it says that it is one, and of how many."""
    return [clean(_warning(one, plan), 600) for one in plan.warnings]


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
    """`by queue  parse 30,000, hooks 10,000 and 3 more`; where all are of one, that is said only where it is news."""
    of = f" (of {_sample(plan.parts_of, plan)})" if plan.parts_of is not None else ""
    known = " ".join(effect.subject for effect in plan.effects)
    lines, alone = [], []
    for part in plan.parts or ():
        one = part.top[0] if len(part.top) == 1 and not part.more else None
        if one is None:
            lines += [clean(f"by {part.by}{of}  {_shares(part)}", 300)] if part.top else []
        elif plan.parts_of is not None or not _said(one, known):
            alone.append(f"{part.by} {one.label or one.name}")
    return [*([clean(f"all{of} of {', '.join(alone)}", 300)] if alone else []), *lines]


def forecast_lines(plan: Plan, cancels: str = "u") -> list[str]:
    """How fast and for how long, at what it slows itself down and stops, then the disk; trifles are not told."""
    return [line for line in (pace_line(plan, cancels), brake_line(plan), disk_line(plan)) if line]


def brake_line(plan: Plan) -> str:
    """`10% failed first attempts or 1m wait slow it, 30% or 15m stop it`; empty where it is not foretold."""
    return clean(plan.forecast.brakes or "", 300) if plan.forecast else ""


def pace_line(plan: Plan, cancels: str = "u") -> str:
    """`begins after 10s, in which u cancels it; takes about 1h40m at 50/s`; empty where nothing is foretold."""
    told, said = plan.forecast, list[str]()
    if told is None:
        return ""
    if told.undo_window_s:
        said.append(f"begins after {told.undo_window_s:g}s, in which {cancels} cancels it")
    if told.duration_s is not None and told.duration_s >= 1 and told.rate is not None:
        said.append(f"takes about {age(told.duration_s)} at {drip(told.first_rate, told.rate)}")
    return "; ".join(said)


def disk_line(plan: Plan) -> str:
    """`disk: log 42.2 MB, rows 15.2 MB of 41.0 GB free`; empty where that is a trifle."""
    told = plan.forecast
    if told is None or told.wal_bytes is None or told.disk_bytes is None or told.wal_bytes + told.disk_bytes < TOLD:
        return ""
    free = "" if told.free_bytes is None else f" of {size(told.free_bytes)} free"
    return f"disk: log {size(told.wal_bytes)}, rows {size(told.disk_bytes)}{free}"


def _warning(one: Caution, plan: Plan) -> str:
    if one.n is None:
        return one.words
    many = "all" if one.n == one.of else count(one.n)
    whose = f"{many} of {_sample(one.of, plan)}" if one.of is not None else f"{many} of these"
    if one.code not in OF_THESE:
        return f"{one.words} ({whose})"
    return f"{whose}{'' if one.of is None else ','} {one.words}"


def _sample(of: int, plan: Plan) -> str:
    """`a sample, the oldest 2,000 of 4,112`."""
    whole = "" if plan.count is None else f" of {total(plan.count, exact=plan.count_is_exact)}"
    return f"a sample, the oldest {count(of)}{whole}"


def _said(share: Share, known: str) -> bool:
    """True where the name, or the error that a group's label begins with, stands there already."""
    return share.name in known or (share.label != "" and share.label.partition(":")[0] in known)


def _change(change: Change) -> str:
    before, after = change.before or "nothing", change.after or "nothing"
    return f"  {change.path}  {before[:SHOWN]} -> {after[:SHOWN]}"


def _shares(part: Breakdown) -> str:
    named = ", ".join(f"{share.label or share.name} {count(share.n)}" for share in part.top)
    return f"{named} and {count(part.more)} more" if part.more else named
