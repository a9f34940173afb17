"""Threads for handlers that are not async: as many as are needed, none of which can hold up the process's end."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from graveshift.worker.job import Exited, Job


class Call:
    """One call in a thread. `done` ends with the result or the error; `ident` is the thread's, once it has begun."""

    def __init__(self, run: Callable[[Job], object], job: Job) -> None:
        self.done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.ident: int | None = None
        self._run = run
        self._job = job
        self._context = contextvars.copy_context()

    def carry_out(self) -> None:
        """Called in the thread."""
        self.ident = threading.get_ident()
        result, error = None, None
        try:
            result = self._context.run(self._run, self._job)
        except BaseException as raised:
            error = raised
        self._tell(result, error)

    def _tell(self, result: object, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self.done.get_loop().call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: object, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(_contained(error))


def _contained(error: BaseException) -> Exception:
    """A future takes no StopIteration, and no handler's SystemExit may end the worker."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    exited = Exited(repr(error))
    exited.__cause__ = error
    return exited


class Threads:
    """Daemon threads that wait for calls. One is started whenever a call would have to wait for another to end."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def start(self, run: Callable[[Job], object], job: Job) -> Call:
        """Begin a call now."""
        call = Call(run, job)
        with self._lock:
            needed = self._idle <= 0
            self._idle -= 0 if needed else 1
        if needed:
            threading.Thread(target=self._work, args=(call,), name="graveshift-handler", daemon=True).start()
        else:
            self._calls.put(call)
        return call

    def _work(self, call: Call) -> None:
        while True:
            call.carry_out()
            del call
            with self._lock:
                self._idle += 1
            call = self._calls.get()
