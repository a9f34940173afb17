"""Groups: failures by cause, and the one under the cursor explained."""

from datetime import timedelta

from graveshift.wire.groups import Group, GroupDetail
from graveshift.wire.marks import MarkKind
from graveshift.wire.selection import GROUP_FIELDS, Filter, parameters
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens import causes
from graveshift_tui.screens.facts import facts
from graveshift_tui.screens.slope import slope
from graveshift_tui.widgets.columns import At, Cell, Column, pair, solo
from graveshift_tui.widgets.paint import Line, width_of
from graveshift_tui.widgets.tree import Node

GROWING = 1.0
NAME = 60
"""Cells of a cause's name in a sentence."""
EACH = "each attempt that failed, retries too: a job that fails five times is five failures, and one letter"
SHORT = 12
"""Cells in which a mark's name says nothing."""


def cause(group: Group) -> str:
    """The error, the field that parts it from others of its kind, and its message: `ConnectTimeout POST /hook`."""
    return _cause(group, group.split)


def _cause(group: Group, split: str | None) -> str:
    parted = f" [{split}]" if split else ""
    return f"{short(group.error_type)}{parted} {group.message}".strip()


def named(group: Group) -> str:
    """The same where a sentence names it: short, and cut where a word ends."""
    return f.phrase(cause(group), NAME)


def told_apart(group: Group) -> str:
    """Who is on it, the cause, then the kind of job, which is cut first: two causes may have one name.

    Of the field that splits it there is room for the value, which tells it from its neighbours.
    """
    mine = f"@{group.claim.by} " if group.claim else ""
    split = (group.split or "").partition("=")[2]
    return f"{mine}{_cause(group, split)} · {group.kind}"


def short(error_type: str) -> str:
    """The name without its module: `ConnectTimeout` of `httpx.ConnectTimeout`."""
    return error_type.rpartition(".")[2] or error_type


def scope_of(group: Group) -> Filter:
    """The letters of a group."""
    return Filter(system=group.system, queue=group.queue, kind=group.kind, fingerprint=group.fingerprint)


def letters_of(group: Group) -> Route:
    """Where its letters are."""
    return Route("dlq", scope_of(group), crumb=cause(group)[:40], promised=group.dead)


def speed(group: Group) -> str:
    """Failures a minute, retries too, with a sign where there are any."""
    return f.UNKNOWN if group.per_min is None else "0" if group.per_min < 0.05 else f"+{f.rate(group.per_min)}"


def after(group: Group) -> str:
    """What changed before it was first seen: `3m after deploy v142`; empty where nothing is known of that."""
    if group.mark is None or group.first_seen is None:
        return ""
    gap = int((group.first_seen - group.mark.at).total_seconds())
    kind = "" if group.mark.kind is MarkKind.OTHER else f"{group.mark.kind.value} "
    return f"{f.age(gap if gap < 60 else gap // 60 * 60)} after {kind}{group.mark.version or group.mark.title}"


def tone(group: Group) -> str:
    """A cause that grows is loud, one that rests is quiet."""
    rate = group.per_min or 0
    return "crit" if rate >= 60 else "warn" if rate >= GROWING else "text"


def trend(group: Group, width: int) -> Cell:
    """Failures per minute over half an hour."""
    return f.spark(group.trend, width), "spark" if tone(group) == "text" else tone(group)


def pane(group: Group, at: At) -> list[Line]:
    """What is known of one cause, as it is needed: what, since when after what, how fast, where, and so on."""
    part = f"   {100 * group.share:.0f}% of all failures here" if group.share and group.share >= 0.005 else ""
    where = f"   {group.kind} in queue {group.queue} of {group.system}"
    lines: list[Line] = [
        ((f" {f.phrase(cause(group), at.width - 2)}", "bold bright"),),
        ((f.phrase(where + (part if len(where + part) < at.width else ""), at.width - 1), "muted"),),
        _since(group, at),
        _speed(group, at),
        *causes.told(group, at),
    ]
    if group.trend:
        shown = f.spark(group.trend, min(60, at.width - 24))
        lines.append(((f" {'30 min'.ljust(12)}", "muted"), (shown, "spark"), (f" {max(group.trend):,} max", "muted")))
    return lines


def _since(group: Group, at: At) -> Line:
    """`first seen 02:51, 3m after deploy v142   last 1s ago   +231 since you looked`; what has no room is left out."""
    seen = f.since(group.first_seen, at.now)
    last = f"{f.ago(group.last_seen, at.now)} ago" if group.last_seen else f.UNKNOWN
    gained = f"   {at.gained:+,} since you looked" if at.gained else ""
    room = at.width - 1 - len(f"   first seen {seen}   last {last}")
    changed = f.phrase(f", {after(group)}", room) if after(group) and room > SHORT else ""
    line: Line = (
        ("   first seen ", "muted"),
        (seen, "text"),
        (changed, "bold text"),
        ("   last ", "muted"),
        (last, "text"),
    )
    return (*line, (gained, "bold warn" if at.gained > 0 else "ok")) if len(changed) + len(gained) <= room else line


def _speed(group: Group, at: At) -> Line:
    """`dead 300,412   retrying 41,877   failures/min +13.9k`, and how many died again where there is room."""
    again: Line = ()
    if group.died_again is not None:
        said = f"{f.count(group.died_again)} died again" if group.died_again else "none died again"
        again = ((f"   {said}", "warn" if group.died_again else "muted"),)
    head: Line = (
        ("   dead ", "muted"),
        (f.count(group.dead), "bold crit" if group.dead else "text"),
        ("   retrying ", "muted"),
        (f.count(group.retrying), "text"),
    )
    pace = (f"{speed(group)}{_rise(group, at)}", tone(group))
    long, short = ((*head, (f"   {word} ", "muted"), pace) for word in ("failures/min", "a minute"))
    return next((line for line in ((*long, *again), (*short, *again)) if width_of(line) < at.width), long)


def _rise(group: Group, at: At) -> str:
    """` since 20:17`, of a cause that was there before and comes faster since; empty for any other."""
    if group.per_min is None or not group.trend or group.first_seen is None:
        return ""
    told = slope(group.per_min, group.trend, at.now)
    is_later = told.since is not None and told.since - group.first_seen >= timedelta(minutes=1)
    return f" since {told.since:%H:%M}" if told.since and told.word == "WORSE" and is_later else ""


def nodes(group: Group, at: At) -> list[Node]:
    """The same, in full."""
    told = [*pane(group, at), *(causes.in_full(group, at) if isinstance(group, GroupDetail) else ())]
    lines = [Node(f"group/{i}", line) for i, line in enumerate(told)]
    mark = group.mark
    more = facts(
        "group",
        ("   failures", EACH),
        ("   counts", causes.counted(group, at)),
        ("   fingerprint", group.fingerprint),
        ("   first failed", f"in version {group.first_version}" if group.first_version else None),
        ("   last failed", f"in version {group.last_version}" if group.last_version else None),
        ("   mark before", f"{f.moment(mark.at)}  {mark.title}, by {mark.actor}" if mark else None),
        ("   its note", mark.note if mark else None),
    )
    return [*lines, *more]


CARD = Card(
    name="groups",
    title="groups",
    columns=(
        Column("CAUSE", pair(Group, lambda g, at: f.phrase(told_apart(g), at.width))),
        Column("QUEUE", pair(Group, lambda g, at: (g.queue, "muted")), width=12, from_width=100),
        Column("DEAD", pair(Group, lambda g, at: f.count(g.dead)), width=9, right=True),
        Column("RETRY", pair(Group, lambda g, at: f.count(g.retrying)), width=7, right=True, from_width=70),
        Column("/MIN", pair(Group, lambda g, at: speed(g)), width=7, right=True),
        Column("30 MIN", pair(Group, lambda g, at: trend(g, at.width)), width=10, from_width=64),
        Column("FIRST", pair(Group, lambda g, at: f.since(g.first_seen, at.now)), width=5, right=True),
        Column("AFTER", pair(Group, lambda g, at: (after(g), "muted")), width=22, from_width=110),
        Column("AGAIN", pair(Group, lambda g, at: causes.again(g)), width=5, right=True, from_width=76),
    ),
    id_of=solo(Group, lambda g: g.id),
    tone=solo(Group, tone),
    empty="No causes: nothing is failing, and nothing has died.",
    opens=solo(Group, letters_of),
    words={"open": "letters"},
    pane=pair(Group, pane),
    pane_height=5,
    pane_most=18,
    explains=True,
    number=solo(Group, lambda g: g.dead + (g.retrying or 0)),
    nodes=pair(Group, nodes),
    verbs=(
        "dlq.canary",
        "dlq.requeue.all",
        "group.claim",
        "runbook",
        "dlq.discard",
        "dlq.edit",
        "dlq.requeue.otherwise",
        "group.note",
        "cause.letters",
        "queue.pause",
        "queue.letters",
        "queue.jobs",
    ),
    hints=("dlq", "jobs"),
    fields=parameters(GROUP_FIELDS),
)
