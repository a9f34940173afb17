"""Bytes to the terminal: a live overview at 1 Hz, and one on which nothing changes, at 80x24 and 200x60."""

import time

from tests.bench.report import Figure
from tests.pty.terminal import FAKE, Terminal
from tests.waiting import until_now

LIVE_BUDGET = 1536.0
WIDE_BUDGET = 3072.0


def measure(*, quick: bool) -> list[Figure]:
    """Bytes and CPU a second, after the screen has settled."""
    window = 8.0 if quick else 20.0
    live, cpu = _watch("live", (80, 24), window)
    wide, _ = _watch("live", (200, 60), window)
    still, _ = _watch("live", (80, 24), window, keys="0")
    idle, idle_cpu = _watch("frozen", (80, 24), window)
    return [
        Figure("live overview 80x24", live, "B/s", LIVE_BUDGET),
        Figure("live overview 200x60", wide, "B/s", WIDE_BUDGET),
        Figure("live overview, CPU with its reads", cpu, "%"),
        Figure("a list that stays, live system", still, "B/s", 0.0),
        Figure("nothing changes", idle, "B/s", 0.0),
        Figure("nothing changes, CPU with its reads", idle_cpu, "%"),
    ]


def _watch(kind: str, size: tuple[int, int], window: float, keys: str = "") -> tuple[float, float]:
    """Bytes and CPU percent a second, between two changes of the band's clock: it shows minutes, a second late."""
    with Terminal([*FAKE, kind], size=size) as terminal:
        until_now(lambda: terminal.shows("SAFETY"), within=30, what="the overview")
        terminal.send(keys)
        settled = time.monotonic() + 3
        until_now(lambda: time.monotonic() > settled and 3 < time.time() % 60 < 58 - window, within=80)
        since, used = time.monotonic(), terminal.cpu_s()
        until_now(lambda: time.monotonic() > since + window, within=window + 5)
        spent = time.monotonic() - since
        return terminal.bytes_since(since) / spent, 100 * (terminal.cpu_s() - used) / spent
