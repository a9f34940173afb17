"""The headless demo as a process of ours: started in its own session, waited for, and gone when we are."""

import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic
from types import FrameType
from typing import IO, Final

import msgspec
from msgspec import Struct

from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError

READY_S: Final = 180.0
GONE_S: Final = 15.0
SAY_EACH_S: Final = 2.0
LINE_LIMIT: Final = 65_536
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NotReady(ConsoleError):
    """the demo did not start"""


class Stopped(Exception):
    """a signal ended the start"""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Ready(Struct, frozen=True):
    """The line that the headless demo prints when it is ready."""

    api: str
    token: str
    pid: int
    downstream: str


class Stage:
    """One headless demo. Its errors go to an unnamed file, so that a full pipe can never hold it up.

    Its standard input is a pipe that we hold open and never write to: it closes with us, however we end.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop
        self._process: subprocess.Popen[bytes] | None = None
        self._drain: Thread | None = None

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Signals raise Stopped in here, so that a half-started demo is cleared up too."""
        before = {number: signal.signal(number, _raise_stopped) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self) -> Ready:
        """The line it prints when it is ready; says on standard error that it is under way."""
        began = monotonic()
        _say("starting the demo: PostgreSQL, the backend, two workers, a producer, a downstream")
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        line = self._first_line(began)
        try:
            ready = msgspec.json.decode(line, type=Ready)
        except msgspec.DecodeError:
            raise NotReady(self._why()) from None
        _say(f"ready after {monotonic() - began:.1f} s")
        return ready

    def stop(self) -> None:
        """Ask it to end, wait until it is gone, and after 15 s end its whole session; signals wait meanwhile."""
        before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
        if self._process is not None:
            self._end(self._process)
        self._errors.close()
        for number, handler in before.items():
            signal.signal(number, handler)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            _say("stopping the demo")
            process.terminate()
            try:
                process.wait(GONE_S)
            except subprocess.TimeoutExpired:
                _say(f"it did not stop within {GONE_S:g} s and is killed")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.wait() > 0:
            _say(f"it stopped badly: {self._why()}")
        if self._drain is not None:
            self._drain.join(1)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _first_line(self, began: float) -> bytes:
        """The first line of its output, or what it said before it ended."""
        if self._process is None or self._process.stdout is None:
            raise NotReady("it was never started")
        output, line = self._process.stdout, b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while b"\n" not in line and len(line) < LINE_LIMIT:
                if monotonic() - began > READY_S:
                    raise NotReady(f"not ready within {READY_S:g} s; {self._why()}")
                if not selector.select(SAY_EACH_S):
                    _say(f"still starting, {monotonic() - began:.0f} s")
                elif part := os.read(output.fileno(), LINE_LIMIT):
                    line += part
                else:
                    break
        if b"\n" not in line:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GONE_S)
        self._drain = Thread(target=_drain, args=(output,), daemon=True)
        self._drain.start()
        return line.partition(b"\n")[0]

    def _why(self) -> str:
        """The last lines of what it complained about."""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4000))
        lines = self._errors.read().decode("utf-8", "replace").splitlines()[-12:]
        for line in lines[:-1]:
            _say(line)
        return lines[-1] if lines else "it ended without a word"


def _raise_stopped(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def _drain(output: IO[bytes]) -> None:
    with suppress(OSError):
        while os.read(output.fileno(), LINE_LIMIT):
            pass


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(f"graveshift: {clean(text, 500)}", file=sys.stderr, flush=True)
