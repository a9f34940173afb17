"""Pauses and holds: until when, and why."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from graveshift.wire.queues import Queue
from graveshift_tui import moments
from graveshift_tui.operate import Ask
from graveshift_tui.screens import ending, verbs
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.settings import ConsoleError

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice

RESUMED: Final = "until somebody resumes it"
RELEASED: Final = "until they are released"


def pause(flow: Flow) -> None:
    """Pauses the queue under the cursor for a time; one that is paused or draining may be resumed instead."""
    flow.desk.ask(queue_here(flow), partial(_pause_or_resume, flow))


def hold(flow: Flow) -> None:
    """Holds the marked jobs, else the one under the cursor, for a time."""
    ask = verbs.of_jobs("job.hold", flow.subject)
    question = f"Hold {ask.scope.removeprefix('this job: ')} until when?"
    _until(flow, question, RELEASED, partial(verbs.ended, ask))


def pause_schedule(flow: Flow) -> None:
    """Pauses the schedule under the cursor for a time, or resumes it."""
    schedule = verbs.schedule_of(flow.subject)
    if schedule.paused:
        flow.desk.order(verbs.of_schedule("schedule.resume", "Resume", flow.subject))
        return
    ask = verbs.of_schedule("schedule.pause", "Pause", flow.subject)
    _until(flow, f"Pause {schedule.id} for how long?", RESUMED, partial(verbs.ended, ask))


def queue_here(flow: Flow) -> Awaitable[Queue]:
    """The queue under the cursor, read anew. Raises NotHere, and ConsoleError where there is no such queue."""
    given = verbs.queue_of(flow.subject)
    if given is None:
        raise verbs.NotHere("no queue is under the cursor")

    async def read() -> Queue:
        page = await flow.client.page("queues", given)
        found = [q for q in page.items if isinstance(q, Queue) and q.name == given.queue]
        if not found:
            raise ConsoleError(f"there is no queue {given.queue}")
        return found[0]

    return read()


def _pause_or_resume(flow: Flow, queue: Queue) -> None:
    ask = partial(verbs.pause, queue)
    if not queue.paused and not queue.draining:
        _until(flow, f"Pause {queue.name} for how long?", RESUMED, ask)
        return
    stands = " and ".join(word for word, holds in (("paused", queue.paused), ("draining", queue.draining)) if holds)
    anew = " anew" if queue.paused else ""
    first = ending.resume_now(), lambda: flow.desk.order(verbs.resume(queue))
    question = f"{queue.name} is {stands}. Resume it, or pause it{anew}?"
    _until(flow, question, RESUMED, ask, first=first, reason=queue.paused_reason)


def _until(
    flow: Flow,
    question: str,
    open_end: str,
    asked: Callable[[str | None, str | None, str], Ask],
    *,
    first: "tuple[Choice, Callable[[], None]] | None" = None,
    reason: str | None = None,
) -> None:
    """Asks until when, and orders what that makes; `first` is another way out, offered before all ends."""

    def then(chosen: tuple[str, str]) -> None:
        if first is not None and chosen[0] == first[0].value:
            first[1]()
            return
        at, words = moments.told(chosen[0], open_end, now)
        flow.desk.order(asked(at, chosen[1] or None, words))

    # An end is by the backend's clock, not by ours.
    now = flow.seen.as_of if flow.seen else datetime.now(UTC)
    flow.choose(ending.chooser(question, open_end, now, first and first[0], reason), then)
