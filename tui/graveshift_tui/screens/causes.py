"""One cause explained: what it hits, what was done about it, who is on it, and what a requeue would take."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from graveshift.wire.groups import Facet, Group, GroupDetail, Requeued
from graveshift_tui import format as f
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import Line, width_of

LABEL: Final = 13
"""Cells before what is said."""
OTHER: Final = "other"
"""The fingerprint of all causes that a queue has no more room for."""
HOSTS: Final = ("host", "hostname")
REST: Final = 12
"""Cells kept free beside facets, for how many more there are."""


def told(group: Group, at: At) -> list[Line]:
    """As one decides: where, may it be sent twice, what was done, who is on it, what R would do; then a sample."""
    first, later = _facets(group, at)
    lines = first
    if group.may_have_arrived:
        said = f"{group.may_have_arrived}; the same job id is sent again"
        lines.append(_said("delivery", (("MAY HAVE ARRIVED", "bold warn"), (f": {said}", "text")), at))
    if isinstance(group, GroupDetail):
        lines += _before(group, at)
    lines.append(_owner(group, at))
    if group.note:
        words = f"{group.note.text}  ({group.note.by}, {f.ago(group.note.at, at.now)} ago)"
        lines.append(_said("note", ((words, "text"),), at))
    if group.fingerprint == OTHER:
        lines.append(_said("counts", ((counted(group, at), "warn"),), at))
    if isinstance(group, GroupDetail):
        lines += _plan(group, at)
        lines += _sample(group, at)
    return lines + later


def in_full(group: GroupDetail, at: At) -> list[Line]:
    """What the pane has no room for: facets in which all are alike, where else it is, the rest of the sample."""
    alike = [facet for facet in group.facets if len(facet.values) == 1 and facet.by != "version"]
    lines = [_facet(facet, at) for facet in alike if _name(facet) not in HOSTS]
    for label, parts in (("queues", group.queues), ("kinds", group.kinds)):
        if len(parts) > 1:
            words = ", ".join(f"{part.name} {f.count(part.n)}" for part in parts)
            lines.append(_said(label, ((words, "text"),), at))
    if group.sampled:
        lines.append(_said("sampled", ((f"{f.count(group.sampled)}: {group.sample}", "muted"),), at))
    for sample in group.samples[1:]:
        lines.append(_said("", ((sample.payload or sample.job_id, "text"),), at))
    return lines


def owner_word(group: Group) -> str:
    """`ben is on it`, `nobody on it`."""
    return f"{group.claim.by} is on it" if group.claim else "nobody on it"


def counted(group: Group, at: At) -> str:
    """As of when the numbers are, and what makes them other than those of another screen."""
    folded = (
        "; of many causes together: this queue has no room to keep more apart" if group.fingerprint == OTHER else ""
    )
    rest = "" if group.retrying is not None else "; this system cannot say how many are retried"
    return f"as of {f.clock(at.now)}{folded}{rest}"


def again(group: Group) -> str:
    """`2x`: the highest number of requeues that a letter died after; `0`, and unknown."""
    return f.UNKNOWN if group.again is None else f"{group.again}x" if group.again else "0"


def _facets(group: Group, at: At) -> tuple[list[Line], list[Line]]:
    """By host, which tells whose fault it is; and by what else differs in the sample, and the version."""
    facets = group.facets if isinstance(group, GroupDetail) else ()
    hosts = [facet for facet in facets if _name(facet) in HOSTS]
    others = [facet for facet in facets if facet not in hosts and (len(facet.values) > 1 or facet.by == "version")]
    others.sort(key=lambda facet: facet.by != "version")
    return [_facet(facet, at) for facet in hosts], [_facet(facet, at) for facet in others]


def _facet(facet: Facet, at: At) -> Line:
    """As many values as fit whole, and how many more there are."""
    line: Line = ((f" {f.fit('by ' + _name(facet), LABEL - 2)} ", "muted"),)
    shown = 0
    for value in facet.values:
        more: Line = ((f"{f.phrase(value.value, 40)} ", "text"), (f.percent(value.share), "bold"))
        if width_of((*line, *more)) + REST > at.width:
            break
        line, shown = (*line, *more, ("   ", "text")), shown + 1
    rest = facet.more + len(facet.values) - shown
    return (*line, (f"{rest} more", "muted")) if rest else line


def _name(facet: Facet) -> str:
    return facet.by.rpartition(".")[2]


def _before(group: GroupDetail, at: At) -> list[Line]:
    requeues: Sequence[Requeued] | None = group.requeues
    if requeues is None:
        return []
    if not requeues:
        never = "never requeued as this cause" if group.died_again else "never requeued"
        return [_said("before", ((never, "muted"),), at)]
    last = requeues[0]
    ended = last.done + last.died + last.cancelled
    who = f" by {last.by}" if last.by else ""
    words = f"{f.count(last.moved)} requeued {f.ago(last.at, at.now)} ago{who}"
    tone = "text"
    if ended:
        part = last.died / ended
        words += f", {f.percent(part)} died again"
        tone = "bold crit" if part >= 0.5 else "bold warn" if part > 0 else "ok"
    if last.waiting:
        words += f", {f.count(last.waiting)} not ended yet"
    return [_said("before", ((words, tone),), at)]


def _owner(group: Group, at: At) -> Line:
    claim = group.claim
    who: Line = (("nobody", "muted"), ("   n to claim", "faint"))
    if claim:
        until = f" until {_end(claim.until, at.now)}" if claim.until else ""
        who = ((claim.by, "bold accent"), (f" for {f.ago(claim.since, at.now)}{until}", "text"))
    if group.runbook:
        book: Line = (("   runbook ", "muted"), (group.runbook.title, "text"), (" (o)", "faint"))
        who = (*who, *book) if LABEL + width_of((*who, *book)) < at.width else who
    return _said("owner", who, at)


def _end(until: datetime, now: datetime) -> str:
    """`03:40Z`, with its date where that is a day away or more."""
    return f"{until.astimezone(UTC):%H:%M}Z" if until - now < timedelta(days=1) else f.moment(until)


def _plan(group: GroupDetail, at: At) -> list[Line]:
    """What a requeue of all of it would take at the rate that it would have."""
    if group.dead <= 0 or not group.rate_per_s:
        return []
    told = group.forecast
    takes = told.duration_s if told and told.duration_s is not None else group.dead / group.rate_per_s
    words = [f"{f.count(group.dead)} at {f.speed(group.rate_per_s)}/s = {f.age(takes)}"]
    if told and told.wal_bytes is not None:
        free = "" if told.free_bytes is None else f" of {f.size(told.free_bytes)} free"
        words.append(f"log {f.size(told.wal_bytes)}{free}")
    if told and told.undo_window_s:
        words.append(f"undo {f.age(told.undo_window_s)}")
    while len(words) > 1 and LABEL + len("   ".join(words)) > at.width - 1:
        del words[1]
    return [_said("PLAN R", (("   ".join(words), "text"),), at)]


def _sample(group: GroupDetail, at: At) -> list[Line]:
    """The newest of those that were looked at; and the line of code that raised it."""
    if not group.samples:
        return []
    first, lines = group.samples[0], []
    if first.payload:
        lines.append(_said("sample", ((first.payload, "text"),), at))
    if first.place:
        lines.append(_said("" if lines else "sample", ((first.place, "muted"),), at))
    return lines


def _said(label: str, words: Line, at: At) -> Line:
    """The label and what fits beside it, cut where a word ends."""
    room, line = at.width - LABEL - 1, []
    for text, tone in words:
        if room <= 0:
            break
        shown = f.phrase(text, room)
        line.append((shown, tone))
        room -= width_of(((shown, tone),))
    return ((f" {label.ljust(LABEL - 1)}", "muted"), *line)
