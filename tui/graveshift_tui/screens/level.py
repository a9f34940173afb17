"""How much lies there: the dead letters that wait, whether or not it goes on, and since when most of them do."""

from datetime import UTC, datetime, timedelta

from graveshift.wire.groups import Group
from graveshift.wire.overview import Overview
from graveshift_tui import format as f

HALF = 0.5
DAY = timedelta(days=1)


def waiting(seen: Overview) -> str:
    """`57,000 dead wait`; empty where none does."""
    dead = seen.totals.dead
    return f"{f.count(dead)} dead {'waits' if dead == 1 else 'wait'}" if dead else ""


def most_since(seen: Overview) -> str:
    """`since 02:51`, `most since 23 Nov`: the causes that more than half of them died of were first seen then or later.

    Empty where the causes that are shown are not so many, or nobody can say when they were.
    """
    times: list[datetime] = []
    for group, so_far in _largest(seen):
        if group.first_seen is None:
            return ""
        times.append(group.first_seen)
        if so_far > seen.totals.dead * HALF:
            first, part = min(times), "" if so_far >= seen.totals.dead else "most "
            is_recent = seen.as_of - first < DAY
            return f"{part}since {f.since(first, seen.as_of) if is_recent else first.astimezone(UTC).strftime('%d %b')}"
    return ""


def heaviest(seen: Overview) -> tuple[Group, float] | None:
    """The cause that most of them died of, and its part of all that are dead."""
    if not seen.totals.dead or not seen.groups:
        return None
    group = max(seen.groups, key=lambda one: one.dead)
    return (group, group.dead / seen.totals.dead) if group.dead else None


def _largest(seen: Overview) -> list[tuple[Group, int]]:
    """The causes that are shown, the most dead first, each with how many it and those before it have."""
    found, so_far = [], 0
    for group in sorted(seen.groups, key=lambda one: -one.dead):
        so_far += group.dead
        found.append((group, so_far))
    return found
