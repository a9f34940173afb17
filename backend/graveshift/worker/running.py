"""One attempt under way: its handler, its clock, and the single end that it reports."""

import asyncio
from collections.abc import Callable, Coroutine
from inspect import isawaitable
from types import FrameType
from typing import Any

import structlog

from graveshift.work import Claimed, Failure
from graveshift.worker.failures import Teller, frames_of_coroutine, frames_of_thread
from graveshift.worker.handlers import Handler
from graveshift.worker.job import Cancelled, Exited, Job, job_of
from graveshift.worker.outbox import Outbox
from graveshift.worker.threads import Call, Threads

# Seconds that a handler whose time is up or whose lease is lost has to end, before it counts as abandoned.
LEAVE_S = 1.0

_log = structlog.get_logger("graveshift.worker")


class Running:
    """Reports exactly one end to the outbox, or none once the job is somebody else's. `ended` is called at the last."""

    def __init__(
        self, claimed: Claimed, handler: Handler, teller: Teller, outbox: Outbox, ended: Callable[["Running"], None]
    ) -> None:
        self.claimed = claimed
        self.job = job_of(claimed)
        self.reported = False
        self.abandoned = False
        self._asked = False
        self._giving_back = False
        self._handler = handler
        self._teller = teller
        self._outbox = outbox
        self._ended = ended
        self._task: asyncio.Task[object] | None = None
        self._call: Call | None = None
        self._coroutine: Coroutine[Any, Any, object] | None = None
        self._clock: asyncio.TimerHandle | None = None

    def start(self, threads: Threads, time_limit_s: float) -> None:
        """Begin, on the loop or in a thread."""
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(time_limit_s, self._overdue, time_limit_s)
        done: asyncio.Future[object]
        if self._handler.is_async:
            self._coroutine = _awaited(self._handler, self.job)
            done = self._task = asyncio.create_task(self._coroutine, name=f"job-{self.job.id}")
        else:
            self._call = threads.start(self._handler.run, self.job)
            done = self._call.done
        done.add_done_callback(self._done)

    def cancel(self) -> None:
        """An operator asked: what ends because of it is `cancelled`, what ends well all the same is done."""
        if not self._asked:
            self._asked = True
            _log.info("job_cancelling", **self._names())
            self._halt()

    def fence(self) -> None:
        """The claim is lost: whatever the handler does from here on is not reported."""
        if not self.reported:
            self.reported = True
            _log.warning("job_fenced", **self._names())
            self._leave()

    def give_back(self) -> None:
        """The worker stops: ask the handler to end; what does not end well by itself is released."""
        self._giving_back = True
        self._halt()

    def release(self) -> None:
        """Give the job back now, wherever the handler is."""
        if not self.reported:
            self.reported = True
            _log.info("job_released", **self._names())
            self._outbox.released([self.claimed.ticket])

    def _halt(self) -> None:
        self.job.cancelled.set()
        if self._task is not None:
            self._task.cancel()

    def _leave(self) -> None:
        self._halt()
        asyncio.get_running_loop().call_later(LEAVE_S, self._abandon)

    def _abandon(self) -> None:
        if not self.is_over:
            self.abandoned = True
            _log.error("job_abandoned", **self._names())
            self._ended(self)

    def _overdue(self, limit_s: float) -> None:
        if not self.reported and not self.is_over:
            self._fail(self._teller.overdue(self.claimed, self._handler, limit_s, self._frames()))
            self._leave()

    def _done(self, done: asyncio.Future[object]) -> None:
        if self._clock is not None:
            self._clock.cancel()
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if not self.reported:
            self._report(error, None if error else done.result())
        self._coroutine = None
        self._ended(self)

    def _report(self, error: BaseException | None, result: object) -> None:
        if error is None and asyncio.iscoroutine(result):
            result.close()
            error = TypeError("the handler is a plain function that returned a coroutine; make it `async def`")
        if error is None:
            self.reported = True
            self._outbox.finished(self.claimed.ticket)
        elif self._giving_back:
            self.release()
        elif self._asked and isinstance(error, (asyncio.CancelledError, Cancelled)):
            self._stopped()
        else:
            self._fail(self._teller.failed(self.claimed, self._handler, error))

    def _stopped(self) -> None:
        self.reported = True
        _log.info("job_cancelled", **self._names())
        self._outbox.cancelled(self.claimed.ticket)

    def _fail(self, failure: Failure) -> None:
        self.reported = True
        last = self.claimed.ticket.attempt >= self.claimed.max_attempts
        retry_in_s = None if last else failure.retry_in_s
        said = {"error_type": failure.error_type, "fingerprint": failure.fingerprint, "retry_in_s": retry_in_s}
        _log.warning("job_failed", **self._names(), **said)
        self._outbox.failed(failure)

    @property
    def is_over(self) -> bool:
        """The handler has ended."""
        done = self._task if self._call is None else self._call.done
        return done is None or done.done()

    def _frames(self) -> list[FrameType]:
        if self._call is not None:
            return frames_of_thread(self._call.ident) if self._call.ident is not None else []
        return frames_of_coroutine(self._coroutine)

    def _names(self) -> dict[str, object]:
        job = self.job
        return {"job": job.id, "queue": job.queue, "kind": job.kind, "attempt": job.attempt, "trace_id": job.trace_id}


async def _awaited(handler: Handler, job: Job) -> object:
    """The handler's coroutine, kept from taking the worker's process with it."""
    try:
        result = handler.run(job)
        return await result if isawaitable(result) else result
    except (SystemExit, KeyboardInterrupt) as leaving:
        raise Exited(repr(leaving)) from leaving
