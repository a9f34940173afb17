"""Better or worse, and how much is left of it: the first line in one sentence, and what to press next."""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from msgspec import Struct

from graveshift.wire.groups import Group
from graveshift.wire.overview import Overview
from graveshift.wire.secrets import SecretState
from graveshift_tui import format as f
from graveshift_tui.keymap import Keymap
from graveshift_tui.screens import level, standing
from graveshift_tui.screens.groups import after
from graveshift_tui.screens.slope import QUIET, Slope, slope
from graveshift_tui.widgets.paint import Line, width_of

LULL_S: Final = 10.0
MANY: Final = 20
"""So many failures that are missing tell that they have stopped."""
TURN: Final = 2.0
SURELY: Final = 6
"""Times as many a minute as tell a turn in some seconds."""
USUAL: Final = 30
"""Minutes that tell how much is enqueued as a rule."""
BUSY: Final = 10
TRICKLE: Final = 20
MOST: Final = 50
"""Percent of all failures from which on one cause is most of it."""
SOON: Final = timedelta(hours=1)


def lull(seen: Overview) -> float | None:
    """Seconds without a failure, where the last minute's pace had many in so long; None where nothing has stopped.

    The pace is that of a whole minute: it falls only slowly where all of a sudden nothing fails any more.
    """
    pace, causes = seen.totals.failing_per_min, seen.groups
    last = max((group.last_seen for group in causes if group.last_seen), default=None)
    others = seen.totals.groups > len(causes) and any((group.per_min or 0) > 0 for group in causes[-1:])
    if last is None or others or pace < QUIET:
        return None
    gap = (seen.as_of - last).total_seconds()
    return gap if gap >= max(LULL_S, MANY * 60 / pace) else None


def ceased(came: list[int]) -> str:
    """That jobs came in and hardly do any more: `nothing enqueued for 2m`; empty where they do, or never did.

    Measured against the third busiest of the minutes, so that one burst makes no usual; the last minute is not over.
    """
    usual = sorted(came)[-3] if len(came) >= 3 else 0
    quiet = list(takewhile(lambda n: n <= usual / TRICKLE, reversed(came)))
    if usual < BUSY or len(quiet) < 2:
        return ""
    return f"{'hardly anything' if any(quiet) else 'nothing'} enqueued for {len(quiet) - 1}m"


def headline(seen: Overview, width: int, lately: float | None = None) -> Line:
    """`WORSE  13,912 failures/min, was 3   1 cause = 99%   nobody on it`.

    Where hardly anything fails but dead letters wait, these come first: `57,000 DEAD WAIT  most since 02:51`. Where
    there is no room deaths go first, then the share; who is on the top cause goes last.
    """
    totals, silent = seen.totals, lull(seen)
    turned = lately is not None and _turned(lately, totals.failing_per_min)
    pace = lately if turned and lately is not None else totals.failing_per_min
    told = slope(0.0 if silent else pace, totals.trend, totals.minute or seen.as_of)
    first, dead, tone = _first(seen, told)
    is_idle = not dead and totals.dead > 0 and told.word != "WORSE"
    is_now = turned or (is_idle and told.since is None)
    left: Line = (*first, (f" {_pace(pace, told, silent, now=is_now)}", "bold text"), *dead)
    if width_of(left) > width:
        left = (*first, (f" {_pace(pace, Slope(told.word, tone), silent, now=is_now)}", "bold text"), *dead)
    deaths: Line = ((f"   {f.rate(totals.dead_per_min)} deaths/min", "text"),)
    share, owner = _top(seen, tone)
    trend: Line = (("   ", "text"), (f.spark(totals.trend[-USUAL:], 10), "spark")) if totals.trend else ()
    more: Line = () if silent or turned or is_idle else deaths
    tries = ((*more, *share, *owner, *trend), (*more, *share, *owner), (*share, *owner), owner)
    return next(((*left, *end) for end in tries if width_of((*left, *end)) <= width), left)


def _first(seen: Overview, told: Slope) -> tuple[Line, Line, str]:
    """The word for the slope, the dead that wait beside the pace, and a tone: all is well only where none waits.

    Where the slope has nothing to tell they are the first words instead, and not told again.
    """
    dead, silence = level.waiting(seen), ceased(seen.totals.in_trend[-USUAL:])
    word, tone = told.word, "warn" if dead and told.tone == "ok" else told.tone
    if silence and word == "BETTER":  # what does not come in does not fail either
        word, tone = "QUIET", "warn"
    since = (f" {silence}  ", "bold warn") if silence else ("", "text")
    if dead and word == "QUIET":
        most = level.most_since(seen)
        return (
            ((f" {dead.upper()} ", f"bold {tone}"), since if silence or not most else (f" {most}  ", "text")),
            (),
            tone,
        )
    beside: Line = ((f"   {dead}", f"bold {tone}"),) if dead and word != "WORSE" else ()
    return ((f" {word} ", f"bold {tone}"), since), beside, tone


def _turned(lately: float, pace: float) -> bool:
    """The last seconds go at quite another pace than the last minute, and are enough to tell."""
    return max(lately, pace) >= MANY * SURELY and not 1 / TURN < (lately + 1) / (pace + 1) < TURN


def _pace(pace: float, told: Slope, silent: float | None, *, now: bool) -> str:
    """`13,912 failures/min, was 3 until 02:51`; what has just stopped or turned says so at once."""
    if silent is not None:
        return f"no failure for {f.age(silent // 5 * 5)}, was {f.rate(told.was or pace)}/min"
    was = f", was {f.rate(told.was)} until {told.since:%H:%M}" if told.since else ""
    return f"{f.rate(pace)} failures/min{' now' if now else ''}{was}"


def _top(seen: Overview, tone: str) -> tuple[Line, Line]:
    """How much of all failures is of the cause that grows fastest, where that is half or more, and who is on it.

    Where hardly anything fails it is the cause that most of the dead died of, and its part of these.
    """
    total = max(sum(group.per_min or 0 for group in seen.groups), seen.totals.failing_per_min)
    top = max(seen.groups, key=lambda group: group.per_min or 0, default=None)
    if top is not None and (top.per_min or 0) >= QUIET:
        part = min(99, int(100 * (top.per_min or 0) / total))
    elif (most := level.heaviest(seen)) is not None:
        top, part = most[0], min(100, int(100 * most[1]))
    else:
        return (), ()
    owner = f"{f.phrase(top.claim.by, 20)} on it" if top.claim else "nobody on it"
    if part < MOST:
        return (), ((f"   top cause: {owner}", "text" if top.claim else "warn"),)
    return ((f"   1 cause = {part}%", tone),), ((f"   {owner}", "text" if top.claim else "warn"),)


def _lately(group: Group, now: datetime) -> str:
    """`, 3m after deploy v142`, while both are news and the cause came soon after."""
    mark, first = group.mark, group.first_seen
    if mark is None or first is None or first - mark.at > SOON or now - first > timedelta(days=1):
        return ""
    return f", {f.fit(after(group), 40).rstrip()}"


def next_step(seen: Overview, keymap: Keymap, width: int, here: tuple[Struct, ...] = ()) -> Line:
    """The most useful things to do now, as many as `width` holds whole.

    Keys are told that do so on `here`, the row under the cursor; else the key that leads to where it can be done.
    """
    on = here[0] if here else None
    steps: list[tuple[str, str]] = []
    growing = [group for group in seen.groups if (group.per_min or 0) >= QUIET]
    if growing:
        way = ("open", "look at the cause") if isinstance(on, Group) else ("goto.groups", "see the causes")
        steps.append((way[0], way[1] + (_lately(growing[0], seen.as_of) if on in (None, growing[0]) else "")))
    elif seen.groups:
        steps.append(("open", "look at the cause") if isinstance(on, Group) else ("goto.groups", "see the causes"))
    if any(run.state.is_live for run in seen.runs):
        steps.append(("goto.runs", "follow the runs"))
    elif seen.totals.dead and not growing and isinstance(on, Group):
        steps.append(("dlq.canary", "try a few of them first"))
    stands = "paused" if any(queue.paused for queue in seen.queues) else "draining"
    if standing.pause_word(here, seen):
        steps.append(("queue.pause", "resume the queue"))
    elif any(queue.paused or queue.draining for queue in seen.queues):
        steps.append(("goto.queues", f"go to the {stands} queue"))
    if any(secret.state is SecretState.OVERDUE for secret in seen.secrets):
        steps.append(("secret.rotate", "rotate what is overdue"))
    if not seen.backups:
        steps.append(("backup.create", "make the first backup"))
    spans: list[tuple[str, str]] = [(" NEXT ", "bold heading")]
    for action, words in steps[:3]:
        more = [(f"  {keymap.shown(action)}", "bold accent"), (f" {words}", "text")]
        if width_of((*spans, *more)) > width:
            break
        spans += more
    return tuple(spans) if steps else (*spans, ("  nothing needs you", "muted"))
