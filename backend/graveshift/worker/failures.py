"""How a failed attempt is told: type, message, traceback, cause, and when to try again."""

import random
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from graveshift.fingerprint import origin, origin_of
from graveshift.folding import Failed, Folding
from graveshift.settings import WorkerSettings
from graveshift.work import Claimed, Failure
from graveshift.worker.handlers import Handler
from graveshift.worker.job import Dead, Retry, TimeLimitExceeded, sane_delay_s

MESSAGE_LIMIT = 8 * 1024
TRACEBACK_LIMIT = 64 * 1024
OWN = "graveshift.worker"
_chance = random.SystemRandom()


class Teller:
    """Makes failures in the name of one worker."""

    def __init__(self, worker: str, version: str, settings: WorkerSettings, folding: Folding | None = None) -> None:
        self._worker = worker
        self._version = version
        self._settings = settings
        self._folding = folding or Folding()

    def failed(self, claimed: Claimed, handler: Handler, error: BaseException) -> Failure:
        """An attempt whose handler raised."""
        cause = _cause(error)
        text = "".join(_safely(error))
        return self._tell(claimed, cause, text, origin(cause.__traceback__), self._delay(claimed, handler, error))

    def overdue(self, claimed: Claimed, handler: Handler, limit_s: float, frames: Sequence[FrameType]) -> Failure:
        """An attempt whose time is up; `frames` tell where it was, outermost first."""
        error = TimeLimitExceeded(limit_s)
        stack = traceback.StackSummary.extract((frame, frame.f_lineno) for frame in _without_ours(frames))
        where = "".join(("Stack at the time limit (most recent call last):\n", *stack.format()))
        text = f"{where}{qualified(error)}: {error}\n"
        return self._tell(claimed, error, text, origin_of(frames), self._delay(claimed, handler, error))

    def _tell(self, claimed: Claimed, cause: BaseException, text: str, place: str, delay_s: float | None) -> Failure:
        kind, message = qualified(cause), message_of(cause)
        payload = bytes(claimed.payload)
        named = self._folding.cause(Failed(kind, message, place, claimed.queue, claimed.kind, payload))
        return Failure(
            ticket=claimed.ticket,
            error_type=plain(kind),
            error_message=shortened(plain(message), MESSAGE_LIMIT),
            traceback=shortened(plain(text), TRACEBACK_LIMIT),
            fingerprint=named.fingerprint,
            split=None if named.split is None else plain(named.split),
            retry_in_s=delay_s,
            worker=self._worker,
            worker_version=self._version,
        )

    def _delay(self, claimed: Claimed, handler: Handler, error: BaseException) -> float | None:
        if isinstance(error, Dead):
            return None
        if isinstance(error, Retry):
            return error.delay_s
        return sane_delay_s(backoff_s(claimed.tried, handler, self._settings))


def backoff_s(tried: int, handler: Handler, settings: WorkerSettings) -> float:
    """Twice as long after each attempt since the last requeue, up to a limit.

    Jittered down by at most half, so that a herd disperses.
    """
    base = settings.backoff_s if handler.backoff_s is None else handler.backoff_s
    limit = settings.backoff_max_s if handler.max_backoff_s is None else handler.max_backoff_s
    full = min(limit, base * 2.0 ** min(max(tried, 1) - 1, 60))
    return full * _chance.uniform(0.5, 1.0)


def qualified(error: BaseException) -> str:
    """The class with its module, which built-in errors go without."""
    return name_of(type(error))


def name_of(kind: type[BaseException]) -> str:
    """The same of the class itself."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def message_of(error: BaseException) -> str:
    """What the error says, even where saying it fails."""
    try:
        return str(error)
    except Exception as worse:
        return f"<{type(worse).__name__} while reading the message>"


def plain(text: str) -> str:
    """Text that PostgreSQL can hold: NUL and lone surrogates are written as escapes."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def shortened(text: str, limit: int) -> str:
    """At most about `limit` bytes: the head and the tail, and between them how much was left out."""
    whole = text.encode()
    if len(whole) <= limit:
        return text
    half = limit // 2 - 32
    head, tail = whole[:half].decode(errors="ignore"), whole[-half:].decode(errors="ignore")
    return f"{head}\n... {len(whole) - 2 * half} bytes left out ...\n{tail}"


def _cause(error: BaseException) -> BaseException:
    """The error on record: what a control error was raised from; the only one inside a group of one."""
    if isinstance(error, (Retry, Dead)) and error.__cause__ is not None:
        return _cause(error.__cause__)
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        return _cause(error.exceptions[0])
    return error


def _safely(error: BaseException) -> list[str]:
    """The chained traceback from the handler inwards; an error whose text cannot be made still has a type."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals.get("__name__", "").startswith(OWN) and step.tb_next:
        step = step.tb_next
    try:
        return traceback.format_exception(type(error), error, step)
    except Exception:
        return [*traceback.format_tb(step), f"{qualified(error)}: {message_of(error)}\n"]


def _without_ours(frames: Sequence[FrameType]) -> list[FrameType]:
    """From the handler inwards: what the worker and the thread did before it is nobody's concern."""
    ours = [n for n, frame in enumerate(frames) if frame.f_globals.get("__name__", "").startswith(OWN)]
    return list(frames[ours[-1] + 1 :] if ours and ours[-1] + 1 < len(frames) else frames)


def frames_of_thread(ident: int) -> list[FrameType]:
    """What a thread is doing right now, outermost first."""
    frames = []
    frame = sys._current_frames().get(ident)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def frames_of_coroutine(coroutine: object) -> list[FrameType]:
    """Where a suspended coroutine waits, through all it awaits, outermost first."""
    frames = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        frames.append(frame)
        coroutine = getattr(coroutine, "cr_await", None)
    return frames
