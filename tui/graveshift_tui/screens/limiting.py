"""Limits of queues as they are typed, offered and told: `4`, `10/s`, `4 10/s`, `10/s burst 50`."""

import re
from typing import TYPE_CHECKING, Final

from graveshift.wire.queues import Limit, Queue
from graveshift_tui import format as f
from graveshift_tui.operate import Ask

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

# Jobs at once, starts a second and the burst before that holds; any of the first two may be missing.
TYPED: Final = re.compile(
    r"(?P<concurrency>\d{1,7})?(?:(?:^|\s+)(?P<per_s>\d{1,7}(?:\.\d+)?)/s(?:\s+burst\s+(?P<burst>\d{1,7}))?)?"
)
OFFERED: Final = ("1", "2", "5", "10", "20", "50", "1/s", "10/s", "100/s")
LIFTED: Final = "none"
LOOKS: Final = "A limit is 4 (at once), 10/s, 4 10/s, 10/s burst 50, or none."


def limit_of(text: str) -> Limit | None:
    """What was typed; None where it is no limit."""
    said = text.strip().lower()
    if said == LIFTED:
        return Limit()
    found = TYPED.fullmatch(said)
    given = [number for number in found.groups() if number] if found else []
    if found is None or not given or not all(map(float, given)):
        return None
    concurrency, per_s, burst = found["concurrency"], found["per_s"], found["burst"]
    return Limit(
        int(concurrency) if concurrency else None, float(per_s) if per_s else None, int(burst) if burst else None
    )


def words(limit: Limit | None) -> str:
    """`at most 4 at once, 10 a second`, or `no limit`."""
    parts = [f"{f.count(limit.concurrency)} at once"] if limit and limit.concurrency else []
    if limit and limit.per_s:
        burst = f" after a burst of {f.count(limit.burst)}" if limit.burst else ""
        parts.append(f"{limit.per_s:,.10g} a second{burst}")
    return f"at most {', '.join(parts)}" if parts else "no limit"


def mark(queue: Queue) -> str:
    """`MAX 4 10/s` beside the name; empty without a limit."""
    limit = queue.limit or Limit()
    parts = [f.count(limit.concurrency)] if limit.concurrency else []
    parts += [f"{f.speed(limit.per_s)}/s"] if limit.per_s else []
    return f"MAX {' '.join(parts)}" if parts else ""


def chooser(queue: Queue) -> "Chooser":
    """Asks for a limit: one of a few, or whatever is typed."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    def offer(text: str) -> "Choice | None":
        wanted = limit_of(text)
        return Choice(text.strip(), words(wanted)) if wanted else None

    offered = [Choice(LIFTED, "no limit", LIFTED), *(Choice(text, words(limit_of(text)), text) for text in OFFERED)]
    return Chooser(
        f"Limit {queue.name} to what? It has {words(queue.limit)}.",
        offered,
        typed=offer,
        looks=LOOKS,
        note="reason, for those who wonder (optional)",
        placeholder="jobs at once, starts a second: 4 10/s",
    )


def order(queue: Queue, text: str, reason: str) -> Ask:
    """What was chosen, for the Desk."""
    wanted = limit_of(text) or Limit()
    args = {"concurrency": wanted.concurrency, "per_s": wanted.per_s, "burst": wanted.burst, "reason": reason or None}
    return Ask("queue.limit", {"queue": queue.id, **args}, "Limit", f"queue {queue.name}: {words(wanted)}")
