"""Jobs from Python: enqueue from a coroutine, or from anywhere else through one loop in a background thread."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime
from typing import Any, NoReturn, TypedDict, TypeVar, Unpack, cast

import msgspec
from msgspec import Raw, Struct

from graveshift.errors import Invalid
from graveshift.wire.jobs import NewJob
from graveshift.wire.refusals import refusal
from graveshift.work import Work

T = TypeVar("T")

# Opens what a producer needs of a queue system, and closes it again.
Opener = Callable[[], AbstractAsyncContextManager[Work]]


class Options(TypedDict, total=False):
    """What may be said of a job beside queue, kind and payload; see `NewJob`."""

    priority: int
    run_at: datetime | None
    max_attempts: int
    unique_key: str | None
    trace_id: str | None


def new_job(queue: str, kind: str, payload: object = b"{}", **options: Unpack[Options]) -> NewJob:
    """A job to enqueue. Bytes and text are taken as JSON and kept as they are; every other payload is encoded.

    Raises Invalid where anything is out of its range or the payload is not JSON.
    """
    said = {"queue": queue, "kind": kind, "payload": _raw(payload), **options}
    try:
        job = msgspec.convert(said, NewJob, builtin_types=(datetime,))
        f"{job.unique_key}{job.trace_id}".encode()
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise Invalid(refusal(error)) from error
    return job


class Producer:
    """Opened at the first use, or by `async with`; bound to the event loop that used it first."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._work: Work | None = None

    async def __aenter__(self) -> "Producer":
        await self._opened()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def enqueue(self, queue: str, kind: str, payload: object = b"{}", **options: Unpack[Options]) -> int:
        """Enqueue one job in a transaction of its own; returns its id. Options are those of `new_job`."""
        return (await self.enqueue_many([new_job(queue, kind, payload, **options)]))[0]

    async def enqueue_many(self, jobs: Iterable[NewJob]) -> list[int]:
        """Enqueue all of them or none; returns their ids in order. A live duplicate `unique_key` gives its job's id."""
        checked = _jobs(jobs)
        work = await self._opened()
        return list(await work.enqueue(checked))

    async def close(self) -> None:
        """Close its connections; the next use opens new ones."""
        async with self._opening:
            self._work = None
            await self._stack.aclose()

    async def _opened(self) -> Work:
        async with self._opening:
            if self._work is None:
                self._work = await self._stack.enter_async_context(self._opener())
            return self._work


class Line(Struct, frozen=True):
    """The background loop of one process, and the producer on it."""

    pid: int
    loop: asyncio.AbstractEventLoop
    producer: Producer
    thread: threading.Thread


class SyncProducer:
    """For code without an event loop, from any thread. A forked child gets a loop and connections of its own."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        # The parent's line is kept in a child: collecting it there would close sockets both processes hold.
        self._lines: list[Line] = []
        os.register_at_fork(after_in_child=self._forked)

    def __enter__(self) -> "SyncProducer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enqueue(self, queue: str, kind: str, payload: object = b"{}", **options: Unpack[Options]) -> int:
        """Enqueue one job in a transaction of its own; returns its id. Options are those of `new_job`."""
        return self.enqueue_many([new_job(queue, kind, payload, **options)])[0]

    def enqueue_many(self, jobs: Iterable[NewJob]) -> list[int]:
        """Enqueue all of them or none; returns their ids in order."""
        return self.submit(jobs).result()

    def submit(self, jobs: Iterable[NewJob]) -> Future[list[int]]:
        """Begin to enqueue them, without waiting. Raises Invalid here where they are not jobs."""
        checked = _jobs(jobs)
        line = self._line()
        return _call(line, line.producer.enqueue_many(checked))

    def close(self) -> None:
        """Close its connections and end its thread; the next use starts a new one."""
        with self._lock:
            mine = [line for line in self._lines if line.pid == os.getpid()]
            self._lines = [line for line in self._lines if line.pid != os.getpid()]
        for line in mine:
            _call(line, line.producer.close()).result()
            line.loop.call_soon_threadsafe(line.loop.stop)
            line.thread.join()
            line.loop.close()

    def _line(self) -> Line:
        with self._lock:
            for line in self._lines:
                if line.pid == os.getpid():
                    return line
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="graveshift-producer", daemon=True)
            thread.start()
            self._lines.append(Line(os.getpid(), loop, Producer(self._opener), thread))
            return self._lines[-1]

    def _forked(self) -> None:
        """Another thread may have held the lock when this process was forked; nobody here could ever free it."""
        self._lock = threading.Lock()


def _call(line: Line, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    if threading.current_thread() is line.thread:
        coroutine.close()
        raise RuntimeError("the producer's own thread cannot wait for itself")
    return asyncio.run_coroutine_threadsafe(coroutine, line.loop)


def _jobs(jobs: Iterable[NewJob]) -> Sequence[NewJob]:
    """Read once, here, where a mistake is still its maker's alone. Raises Invalid."""
    if isinstance(jobs, (NewJob, Mapping, str, bytes)) or not isinstance(jobs, Iterable):
        raise Invalid(f"many jobs are a list of them, not a {type(jobs).__name__}")
    read: list[NewJob] = []
    for one in cast("Iterable[object]", jobs):
        if not isinstance(one, NewJob):
            raise Invalid(f"a {type(one).__name__} is no job; `new_job(queue, kind, payload)` makes one")
        read.append(one)
    return read


def _raw(payload: object) -> Raw:
    if isinstance(payload, (bytes, bytearray, memoryview, Raw, str)):
        return Raw(_checked(payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else bytes(payload)))
    try:
        encoded = msgspec.json.encode(payload)
        if b"null" in encoded:  # which is what becomes of what is no number
            json.dumps(msgspec.to_builtins(payload), allow_nan=False)
        return Raw(encoded)
    except UnicodeEncodeError:
        return Raw(json.dumps(payload).encode())
    except RecursionError as error:
        raise Invalid("the payload is nested too deeply") from error
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise Invalid(f"the payload is not JSON: {error}") from error


def _checked(raw: bytes) -> bytes:
    """The same bytes. The strict decoder is quick; the other one knows lone surrogates, which JSON text may escape."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            json.loads(raw.decode(), parse_constant=_not_json)
        except ValueError as error:
            raise Invalid(f"the payload is not JSON: {error}") from error
    except RecursionError as error:
        raise Invalid("the payload is nested too deeply") from error
    return raw


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
