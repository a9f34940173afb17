"""A real pseudo-terminal with a program in it: keys go in, every byte that comes out is kept and drawn by pyte."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte
from ptyprocess import PtyProcess

ROOT = Path(__file__).parents[2]
FAKE = (sys.executable, "-m", "tests.screens.fake_console")


class Terminal:
    """Reads as fast as the program writes, from the moment it starts; what it wrote is drawn when it is looked at."""

    def __init__(
        self, argv: Sequence[str], *, size: tuple[int, int] = (80, 24), env: Mapping[str, str] | None = None
    ) -> None:
        columns, rows = size
        strange = ("TMUX", "SSH_", "GRAVESHIFT", "TEXTUAL", "COLUMNS", "LINES")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(strange)}
        places = os.pathsep.join(str(ROOT / name) for name in ("tui", "backend", "."))
        given = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": places, "LC_ALL": "C.UTF-8"}
        self.started = time.monotonic()
        self._process = PtyProcess.spawn(
            list(argv), dimensions=(rows, columns), env={**clean, **given, **(env or {})}, cwd=str(ROOT)
        )
        self.pid: int = self._process.pid
        self.raw = bytearray()
        self.arrived: list[tuple[float, int]] = []
        self._drawn = 0
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def text(self) -> str:
        """What a person sees."""
        with self._lock:
            self._stream.feed(bytes(self.raw[self._drawn :]))
            self._drawn = len(self.raw)
            return "\n".join(self._screen.display)

    def send(self, keys: str) -> None:
        """Types."""
        self._process.write(keys.encode())

    def shows(self, words: str) -> bool:
        """True while the words are on the screen."""
        return words in self.text

    def bytes_since(self, at: float) -> int:
        """How much was written after a moment of `time.monotonic`."""
        with self._lock:
            return sum(size for when, size in self.arrived if when >= at)

    def signal(self, number: int) -> None:
        """Sends a signal to the program alone."""
        os.kill(self.pid, number)

    def stall(self) -> None:
        """Reads no more, and keeps the terminal open: what the program writes fills the line and then blocks it."""
        self._gone.set()
        self._thread.join(timeout=2)

    @property
    def is_full(self) -> bool:
        """True while a write to the terminal would block, because nobody has read what is there."""
        line = os.open(f"/proc/{self.pid}/fd/1", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return not select.select([], [line], [], 0)[1]
        finally:
            os.close(line)

    def hang_up(self) -> None:
        """The terminal vanishes; a read under way would keep it open, so it ends first."""
        self._gone.set()
        self._thread.join(timeout=2)
        self._process.fileobj.close()

    @property
    def is_alive(self) -> bool:
        """True while the program runs."""
        return bool(self._process.isalive())

    @property
    def code(self) -> int | None:
        """The exit code, 128 + n for a signal; None while it runs."""
        if self.is_alive:
            return None
        died = self._process.signalstatus
        return 128 + died if died else int(self._process.exitstatus)

    def cpu_s(self) -> float:
        """CPU seconds that the program has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the program if it still runs."""
        if self.is_alive:
            os.kill(self.pid, signal.SIGKILL)
            self._process.wait()
        if not self._process.fileobj.closed:
            self._process.fileobj.close()
        self._thread.join(timeout=2)

    def _read(self) -> None:
        while not self._gone.is_set():
            try:
                if not select.select([self._process.fd], [], [], 0.05)[0]:
                    continue
                data = os.read(self._process.fd, 65536)
            except (OSError, ValueError):
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self.arrived.append((time.monotonic(), len(data)))
