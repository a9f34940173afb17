"""One cause explained: lines about what it hits, what was done about it, and who is on it."""

from collections.abc import Sequence
from typing import Final

from graveshift.wire.groups import Facet, Group, GroupDetail, Requeued
from graveshift_tui import format as f
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import Line, width_of

LABEL: Final = 13
"""Cells before what is said."""


def told(group: Group, at: At) -> list[Line]:
    """The most telling first; facets and what was done where the whole of the cause is known."""
    lines: list[Line] = []
    if isinstance(group, GroupDetail):
        lines += _facets(group.facets, at)
        lines += _before(group.requeues, at)
    if group.may_have_arrived:
        said = f"{group.may_have_arrived}; the same job id is sent again"
        lines.append(_said("delivery", (("MAY HAVE ARRIVED", "bold warn"), (f": {said}", "text")), at))
    lines.append(_owner(group, at))
    if group.note:
        words = f"{group.note.text}  ({group.note.by}, {f.ago(group.note.at, at.now)} ago)"
        lines.append(_said("note", ((words, "text"),), at))
    if isinstance(group, GroupDetail):
        lines += _sample(group, at)
        lines += _plan(group, at)
    return lines


def owner_word(group: Group) -> str:
    """`ben is on it`, `nobody on it`."""
    return f"{group.claim.by} is on it" if group.claim else "nobody on it"


def again(group: Group) -> str:
    """`2x`: the highest number of requeues that a letter died after; `0`, and unknown."""
    return f.UNKNOWN if group.again is None else f"{group.again}x" if group.again else "0"


def _facets(facets: Sequence[Facet], at: At) -> list[Line]:
    """A line for each, with as many values as fit whole."""
    lines = []
    for facet in facets:
        line: Line = ((f" {f.fit('by ' + facet.by.rpartition('.')[2], LABEL - 1)}", "muted"),)
        left = sum(value.n for value in facet.values)
        for value in facet.values:
            more: Line = (
                (f"{f.fit(value.value, min(len(value.value), 40))} ", "text"),
                (_percent(value.share), "bold"),
            )
            if width_of((*line, *more)) + 12 > at.width:
                break
            line, left = (*line, *more, ("   ", "text")), left - value.n
        rest = facet.more + (1 if left else 0)
        lines.append((*line, (f"{facet.more} more", "muted")) if rest and facet.more else line)
    return lines


def _before(requeues: Sequence[Requeued] | None, at: At) -> list[Line]:
    if requeues is None:
        return []
    if not requeues:
        return [_said("before", (("never requeued", "muted"),), at)]
    last = requeues[0]
    ended = last.done + last.died + last.cancelled
    who = f" by {last.by}" if last.by else ""
    words = f"{f.count(last.moved)} requeued {f.ago(last.at, at.now)} ago{who}"
    tone = "text"
    if ended:
        part = last.died / ended
        words += f", {_percent(part)} died again"
        tone = "bold crit" if part >= 0.5 else "bold warn" if part > 0 else "ok"
    if last.waiting:
        words += f", {f.count(last.waiting)} not ended yet"
    return [_said("before", ((words, tone),), at)]


def _owner(group: Group, at: At) -> Line:
    claim = group.claim
    who: Line = (("nobody", "muted"), ("   n to claim", "faint"))
    if claim:
        until = f" until {f.moment(claim.until)}" if claim.until else ""
        who = ((claim.by, "bold accent"), (f" for {f.ago(claim.since, at.now)}{until}", "text"))
    if group.runbook:
        book: Line = (("   runbook ", "muted"), (group.runbook.title, "text"), (" (o)", "faint"))
        who = (*who, *book) if LABEL + width_of((*who, *book)) <= at.width else who
    return _said("owner", who, at)


def _sample(group: GroupDetail, at: At) -> list[Line]:
    if not group.samples:
        return []
    first, lines = group.samples[0], []
    if first.payload:
        lines.append(_said("sample", ((first.payload, "text"),), at))
    if first.place:
        lines.append(_said("", ((first.place, "muted"),), at))
    return lines


def _plan(group: GroupDetail, at: At) -> list[Line]:
    """How long a requeue of all of it takes at the rate that it would have."""
    if not group.dead or not group.rate_per_s:
        return []
    words = f"{f.count(group.dead)} at {f.rate(group.rate_per_s)}/s = {f.age(group.dead / group.rate_per_s)}"
    return [_said("requeue (R)", ((words, "text"),), at)]


def _said(label: str, words: Line, at: At) -> Line:
    """The label and what fits beside it, cut at its end with a mark."""
    room, line = at.width - LABEL - 1, []
    for text, tone in words:
        if room <= 0:
            break
        shown = text if len(text) <= room else f.fit(text, room)
        line.append((shown, tone))
        room -= len(shown)
    return ((f" {label.ljust(LABEL - 1)}", "muted"), *line)


def _percent(part: float) -> str:
    return f"{100 * part:.0f}%"
