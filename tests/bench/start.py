"""Cold start to the first frame, against a bare Textual app in alternating runs on the same machine."""

import sys
import tempfile
import time
from statistics import median

from tests.bench.report import Figure
from tests.pty.terminal import Terminal
from tests.waiting import until_now

BARE = (sys.executable, "-m", "tests.bench.bare_app")
OURS = (sys.executable, "-m", "graveshift_tui", "--url", "http://127.0.0.1:9")
BUDGET = 1.5


def measure(*, quick: bool) -> list[Figure]:
    """Medians of wall time, and of CPU until then, which a busy machine disturbs less."""
    bare, ours = [], []
    _first_frame(BARE)
    _first_frame(OURS)
    for _ in range(5 if quick else 15):
        bare.append(_first_frame(BARE))
        ours.append(_first_frame(OURS))
    wall = median(o[0] for o in ours) / median(b[0] for b in bare)
    cpu = median(o[1] for o in ours) / median(b[1] for b in bare)
    return [
        Figure("bare Textual app, first frame", 1000 * median(b[0] for b in bare), "ms"),
        Figure("console, first frame", 1000 * median(o[0] for o in ours), "ms"),
        Figure("console / bare, wall time", wall, "x", BUDGET),
        Figure("console / bare, CPU time", cpu, "x", BUDGET),
    ]


def _first_frame(argv: tuple[str, ...]) -> tuple[float, float]:
    """Seconds from exec to the word `connecting` on the terminal, and CPU seconds used until then."""
    with tempfile.TemporaryDirectory() as home, Terminal(argv, env={"HOME": home}) as terminal:
        until_now(lambda: b"connecting" in terminal.raw, within=30, what="a first frame")
        cpu = terminal.cpu_s()
        seen = 0
        for when, size in terminal.arrived:
            seen += size
            if b"connecting" in bytes(terminal.raw[:seen]):
                return when - terminal.started, cpu
        return time.monotonic() - terminal.started, cpu
