"""When jobs ran, in a worker's own process: kept in memory, written at its end; imports nothing of anybody."""

import atexit
import json
import os
import time
from pathlib import Path
from typing import Any

FOLDER = "GRAVESHIFT_BENCH_MARKS"

_ran: list[float] = []
_latency: list[float] = []


def ran(sent_at: float | None = None) -> None:
    """A job runs now; `sent_at` is the sender's monotonic clock, which all processes of a machine share."""
    now = time.monotonic()
    _ran.append(now)
    if sent_at:
        _latency.append(now - sent_at)


def _write() -> None:
    folder = os.environ.get(FOLDER)
    if folder and _ran:
        Path(folder, f"{os.getpid()}.json").write_text(json.dumps({"ran": _ran, "latency": _latency}))


def collect(folder: Path) -> list[dict[str, Any]]:
    """What the processes that ran jobs have written."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


atexit.register(_write)
