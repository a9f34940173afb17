"""Changes that need a question first: which secret, which run, how long a pause."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from graveshift.wire.overview import Overview
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run
from graveshift.wire.secrets import SecretInfo
from graveshift_tui import moments
from graveshift_tui.client import Client
from graveshift_tui.opening import Opening
from graveshift_tui.operate import Ask, progress
from graveshift_tui.screen import Subject
from graveshift_tui.screens import ending, limiting, verbs
from graveshift_tui.screens.undoing import last_undoable
from graveshift_tui.settings import ConsoleError

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

T = TypeVar("T")

RESUMED: Final = "until somebody resumes it"
RELEASED: Final = "until they are released"

Choose: TypeAlias = "Callable[[Chooser, Callable[[tuple[str, str]], None]], None]"
"""Asks for one of several."""


class Host(Protocol):
    """What these flows need of the console."""

    def look(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer."""

    def order(self, ask: Ask) -> None:
        """Plans, asks and runs."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""


class Asking:
    """The host for one verb: what is read for its question is known to be on its way."""

    def __init__(self, host: Host, opening: Opening, words: str) -> None:
        self.look = host.look
        self.order = host.order
        self.tell = host.tell
        self._opening = opening
        self._words = words

    def ask(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer to a question."""

        async def read() -> T:
            try:
                return await reading
            except BaseException:
                self._opening.end()
                raise

        def go_on(value: T) -> None:
            self._opening.end()
            then(value)

        self._opening.begin(self._words, is_planned=False)
        self.look(read(), go_on)


class Flows:
    """One method for each verb that asks; made anew for each press of a key."""

    def __init__(self, desk: Asking, choose: Choose, client: Client, seen: Overview | None, subject: Subject) -> None:
        self._desk = desk
        self._choose = choose
        self._client = client
        self._seen = seen
        self._subject = subject

    def pause(self) -> None:
        """Pauses the queue under the cursor for a time; one that is paused or draining may be resumed instead."""
        self._desk.ask(self._queue_here(), self._pause_or_resume)

    def hold(self) -> None:
        """Holds the marked jobs, else the one under the cursor, for a time."""
        ask = verbs.of_jobs("job.hold", self._subject)
        self._until(f"Hold {ask.scope.removeprefix('this job: ')} until when?", RELEASED, partial(verbs.ended, ask))

    def pause_schedule(self) -> None:
        """Pauses the schedule under the cursor for a time, or resumes it."""
        schedule = verbs.schedule_of(self._subject)
        if schedule.paused:
            self._desk.order(verbs.of_schedule("schedule.resume", "Resume", self._subject))
            return
        ask = verbs.of_schedule("schedule.pause", "Pause", self._subject)
        self._until(f"Pause {schedule.id} for how long?", RESUMED, partial(verbs.ended, ask))

    def _until(
        self,
        question: str,
        open_end: str,
        asked: Callable[[str | None, str | None, str], Ask],
        first: "tuple[Choice, Callable[[], None]] | None" = None,
        reason: str | None = None,
    ) -> None:
        """Asks until when, and orders what that makes; `first` is another way out, offered before all ends."""

        def then(chosen: tuple[str, str]) -> None:
            if first is not None and chosen[0] == first[0].value:
                first[1]()
                return
            at, words = moments.told(chosen[0], open_end, now)
            self._desk.order(asked(at, chosen[1] or None, words))

        now = self._seen.as_of if self._seen else datetime.now(UTC)  # an end is by the backend's clock, not by ours
        self._choose(ending.chooser(question, open_end, now, first and first[0], reason), then)

    def limit(self) -> None:
        """Limits the queue under the cursor."""

        def ask(queue: Queue) -> None:
            self._choose(limiting.chooser(queue), lambda chosen: self._desk.order(limiting.order(queue, *chosen)))

        self._desk.ask(self._queue_here(), ask)

    def _queue_here(self) -> Awaitable[Queue]:
        given = verbs.queue_of(self._subject)
        if given is None:
            raise verbs.NotHere("no queue is under the cursor")

        async def read() -> Queue:
            page = await self._client.page("queues", given)
            found = [q for q in page.items if isinstance(q, Queue) and q.name == given.queue]
            if not found:
                raise ConsoleError(f"there is no queue {given.queue}")
            return found[0]

        return read()

    def undo(self) -> None:
        """Undoes the run on show or under the cursor, else the operator's last that can be undone."""
        row = self._subject.row
        if isinstance(row, Run):
            self._desk.order(verbs.undo(row))
        elif self._subject.card == "items" and self._subject.within:
            self._desk.ask(self._client.look(self._subject.within), self._undo)
        else:
            actor = self._seen.actor if self._seen is not None else ""
            self._desk.ask(last_undoable(self._client, actor), self._undo)

    def _undo(self, run: Run) -> None:
        self._desk.order(verbs.undo(run))

    def rotate(self) -> None:
        """Rotates the secret under the cursor, else the one chosen."""
        if isinstance(self._subject.row, SecretInfo):
            self._desk.order(verbs.rotate(self._subject.row))
            return

        async def read() -> list[SecretInfo]:
            page = await self._client.page("secrets")
            return [secret for secret in page.items if isinstance(secret, SecretInfo)]

        self._desk.ask(read(), self._rotate_one)

    def stop(self) -> None:
        """Stops a live run at once; asks which where there are several."""
        if isinstance(self._subject.row, Run) and self._subject.row.state.is_live:
            self._stop(self._subject.row.id)
            return
        if self._subject.card == "items" and self._subject.within:
            self._desk.ask(self._client.look(self._subject.within), self._stop_live)
            return

        async def read() -> list[Run]:
            page = await self._client.page("runs")
            return [run for run in page.items if isinstance(run, Run) and run.state.is_live]

        self._desk.ask(read(), self._stop_one)

    def _pause_or_resume(self, queue: Queue) -> None:
        ask = partial(verbs.pause, queue)
        if not queue.paused and not queue.draining:
            self._until(f"Pause {queue.name} for how long?", RESUMED, ask)
            return
        stands = " and ".join(word for word, holds in (("paused", queue.paused), ("draining", queue.draining)) if holds)
        anew = " anew" if queue.paused else ""
        first = ending.resume_now(), lambda: self._desk.order(verbs.resume(queue))
        self._until(
            f"{queue.name} is {stands}. Resume it, or pause it{anew}?", RESUMED, ask, first, queue.paused_reason
        )

    def _rotate_one(self, secrets: list[SecretInfo]) -> None:
        from graveshift_tui.widgets.choose import Choice, Chooser

        if not secrets:
            self._desk.tell("no secrets are kept here", "warning")
            return
        options = [Choice(s.id, f"{s.name}  v{s.version} {s.state.value}", s.kind) for s in secrets]
        by_id: dict[str, SecretInfo] = {secret.id: secret for secret in secrets}
        self._choose(
            Chooser("Rotate which secret?", options), lambda chosen: self._desk.order(verbs.rotate(by_id[chosen[0]]))
        )

    def _stop_one(self, runs: list[Run]) -> None:
        from graveshift_tui.widgets.choose import Choice, Chooser

        if not runs:
            self._desk.tell("no run is live")
        elif len(runs) == 1:
            self._stop(runs[0].id)
        else:
            options = [Choice(r.id, f"run {r.id}  {r.operation} by {r.actor}", progress(r)) for r in runs]
            every = Choice("*", f"all {len(runs)} live runs")
            self._choose(
                Chooser("Stop which run? It stops at once.", [*options, every]),
                lambda chosen: self._stop_those([r.id for r in runs if chosen[0] in ("*", r.id)]),
            )

    def _stop_live(self, run: Run) -> None:
        if run.state.is_live:
            self._stop(run.id)
        else:
            self._desk.tell(f"run {run.id} is over: {run.state.value}, {progress(run)}")

    def _stop_those(self, run_ids: list[str]) -> None:
        for run_id in run_ids:
            self._stop(run_id)

    def _stop(self, run_id: str) -> None:
        def said(run: Struct) -> None:
            words = f"{run.state.value}, {progress(run)}" if isinstance(run, Run) else ""
            self._desk.tell(f"run {run_id}: stopping ({words})", "warning", f"run {run_id}")

        self._desk.look(self._client.steer(run_id, "cancel"), said)
