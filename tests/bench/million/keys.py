"""From a key to the frame it makes, in a real terminal, beside the least that Textual can do; and the memory of it."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench.million.served import Served
from tests.bench.report import Figure
from tests.pty.terminal import Terminal
from tests.waiting import until_now

FLOOR = (sys.executable, "-m", "tests.bench.million.floor_app")
SIZES = {(80, 24): 10.0, (200, 60): 20.0}
PLACEHOLDER_MS, RSS_MB = 50.0, 60.0
KEYS, QUICK_KEYS, JUMPS, QUICK_JUMPS, HELD = 100, 40, 20, 8, 300
ORDERS, ROW = ("oldest", "newest"), "Timeout"
QUIET_S, PATIENCE_S = 0.03, 5.0
PAGE_DOWN, PAGE_UP = "\x1b[6~", "\x1b[5~"


def pressed(on: Served, *, quick: bool) -> list[Figure]:
    """Milliseconds, p95 with a budget, and the console's memory after it was walked about in."""
    figures, keys = [], QUICK_KEYS if quick else KEYS
    for size, budget in SIZES.items():
        name = f"{size[0]}x{size[1]}"
        with Terminal(FLOOR, size=size) as floor:
            until_now(lambda: floor.shows("webhooks"), within=30, what="the floor's table")
            least, floor_cpu = _walked(floor, size[1], keys)
        with Terminal(_console(on), size=size, env={"HOME": str(on.folder)}) as console:
            _open(console)
            ours, cpu = _walked(console, size[1], keys)
            for what, seen in ours.items():
                figures += _figures(f"key to frame at {name}, a {what}", seen, least[what], budget)
            figures.append(Figure(f"CPU of a key at {name}, with reads", cpu, "ms"))
            figures.append(Figure(f"CPU of a key at {name}: bare table", floor_cpu, "ms"))
            jumps = _jump(console, QUICK_JUMPS if quick else JUMPS)
            figures.append(Figure(f"key to placeholder at {name}: p95", _p95(jumps), "ms", PLACEHOLDER_MS))
            figures.append(Figure(f"console's memory at {name}, walked about", _hold(console), "MB", RSS_MB))
    return figures


def _console(on: Served) -> tuple[str, ...]:
    token = on.folder / "token"
    token.write_text(on.token)
    token.chmod(0o600)
    return (sys.executable, "-m", "graveshift_tui", "--url", f"unix:{on.backend.socket}", "--token-file", str(token))


def _open(console: Terminal) -> None:
    until_now(lambda: console.shows("CAUSES"), within=30, what="the overview")
    console.send("3")
    until_now(lambda: console.shows("newest first"), within=10, what="the letters")
    _settle(console)


def _walked(terminal: Terminal, height: int, keys: int) -> tuple[dict[str, list[float]], float]:
    """Milliseconds by what moved, and of CPU for each key that was pressed on the way."""
    used = terminal.cpu_s()
    seen = {"row": _walk(terminal, height, keys), "page": _turn(terminal, keys)}
    return seen, 1000 * (terminal.cpu_s() - used) / (2 * height + 4 * keys)


def _walk(terminal: Terminal, height: int, keys: int) -> list[float]:
    """Down by rows from the bottom of the window on, over rows that were walked over before."""
    for key in "j" * (height + keys):
        _time(terminal, key)
    for key in "k" * keys:
        _time(terminal, key)
    return [_time(terminal, "k" if turn < height else "j") for turn in range(height + keys)][-keys:]


def _turn(terminal: Terminal, keys: int) -> list[float]:
    """Pages up and down over rows that were seen before."""
    return [_time(terminal, key) for key in (PAGE_DOWN, PAGE_UP) * (keys // 2)]


def _jump(console: Terminal, times: int) -> list[float]:
    """To the end of a list whose end nobody has read: what is there at once is a placeholder.

    Keys that come before a list has its first rows wait for them: those that the list was turned for must be there.
    """
    seen = []
    for turn in range(times):
        console.send("s")
        until_now(partial(_lists, console, f"{ORDERS[turn % 2]} first"), within=10, what="rows in the other order")
        _settle(console)
        seen.append(_time(console, "G"))
        _settle(console)
    return seen


def _lists(console: Terminal, order: str) -> bool:
    return console.shows(order) and console.shows(ROW)


def _hold(console: Terminal) -> float:
    """Megabytes after a page key was held down for ten seconds, and both ends were seen."""
    for _ in range(HELD):
        console.send(PAGE_UP)
        time.sleep(1 / 30)
    for key in "gGg":
        _time(console, key)
    _settle(console)
    status = Path(f"/proc/{console.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _time(terminal: Terminal, key: str) -> float:
    """Milliseconds until the first bytes of what a key changes; the next key waits until the line is quiet."""
    before, begun = len(terminal.arrived), time.monotonic()
    terminal.send(key)
    while len(terminal.arrived) == before and time.monotonic() - begun < PATIENCE_S:
        time.sleep(0.0002)
    came = terminal.arrived[before][0] if len(terminal.arrived) > before else time.monotonic()
    _settle(terminal)
    return 1000 * (came - begun)


def _settle(terminal: Terminal) -> None:
    """Until nothing has come for a while."""
    until_now(lambda: not terminal.bytes_since(time.monotonic() - QUIET_S), within=PATIENCE_S, what="a quiet line")


def _p95(seen: Sequence[float]) -> float:
    return sorted(seen)[len(seen) * 95 // 100]


def _figures(name: str, seen: Sequence[float], floor: Sequence[float], budget: float) -> list[Figure]:
    return [
        Figure(f"{name}: p95", _p95(seen), "ms", budget),
        Figure(f"{name}: p50", median(seen), "ms"),
        Figure(f"{name}: bare table, p95", _p95(floor), "ms"),
        Figure(f"{name}: bare table, p50", median(floor), "ms"),
    ]
