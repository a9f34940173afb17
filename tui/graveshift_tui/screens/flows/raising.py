"""What it means to raise a live run's rate by a lot: how many times as fast, and what its queues did of late."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from graveshift.wire.overview import Overview
from graveshift.wire.plans import Plan
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run
from graveshift_tui.client import Client
from graveshift_tui.format import phrase, rate
from graveshift_tui.settings import ConsoleError

MUCH: Final = 10
"""So many times as fast is a leap; less is what one does by the way."""
PATIENCE_S: Final = 1.0
NAMED: Final = 3


def leap(run: Run, per_s: float | None) -> str:
    """`100 times as fast`; empty for less than ten times, for slower, and where it had no limit anyhow."""
    now = run.rate if run.slowed is None else run.slowed
    if now is None:
        return ""
    if per_s is None:
        return "as fast as it can"
    return f"{per_s / now:,.0f} times as fast" if per_s / now >= MUCH else ""


async def outflow(client: Client, seen: Overview | None, run: Run) -> str:
    """`webhooks did 12 jobs a second of late`; empty where it is not known within a moment."""
    with suppress(ConsoleError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            names = filled(await client.plan_again(run.plan_id))
            return of_late([queue for queue in (seen.queues if seen else ()) if queue.name in names])
    return ""


def filled(plan: Plan) -> frozenset[str]:
    """The queues that a requeue fills, by name: the one it was sent to, else those that its letters are of."""
    if isinstance(to := plan.args.get("queue"), str):
        return frozenset([to])
    parts = {share.name for part in plan.parts or () if part.by == "queue" for share in part.top}
    return frozenset(parts or _chosen(plan.args.get("selection")))


def of_late(queues: Sequence[Queue]) -> str:
    """What the workers of these got done."""
    known = [queue for queue in queues if queue.out_per_s is not None]
    if not known:
        return ""
    names = ", ".join(sorted(queue.name for queue in known)[:NAMED]) + (" ..." if len(known) > NAMED else "")
    done = rate(sum(queue.out_per_s or 0 for queue in known))
    return f"{phrase(names, 40)} did {done} jobs a second of late"


def _chosen(selection: object) -> list[str]:
    chosen = selection.get("filter") if isinstance(selection, Mapping) else None
    queue = chosen.get("queue") if isinstance(chosen, Mapping) else None
    return [queue] if isinstance(queue, str) else []
