"""Worker processes as a supervisor keeps them, and what they said."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.handlers import FOLDER_VARIABLE

ROOT = Path(__file__).parents[2]


class Hand:
    """One `graveshift worker`, in a session of its own; its log is a file."""

    def __init__(self, child: asyncio.subprocess.Process, log: Path) -> None:
        self.child, self.log = child, log
        self.awaited = False

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def is_alive(self) -> bool:
        return self.child.returncode is None

    @property
    def id(self) -> str | None:
        """Its name in the fleet, once it has one."""
        return next((str(line["worker"]) for line in self.said("worker_started")), None)

    def send(self, wanted: signal.Signals) -> None:
        """To its whole group, where it still is."""
        if self.is_alive:
            with suppress(ProcessLookupError):  # it may have ended, and we not know it yet
                os.killpg(self.pid, wanted)

    def said(self, event: str) -> list[dict[str, Any]]:
        """Lines with this event."""
        return [
            line for line in map(_parsed, self.log.read_text(errors="replace").splitlines()) if line["event"] == event
        ]

    @property
    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]


class Crew:
    """`replaces` starts another worker for each that ends, as systemd would; else an end is a flaw."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *, replaces: bool = False) -> None:
        self.replaces = replaces
        self.all: list[Hand] = []
        self.gone: list[Hand] = []
        self._folder = folder
        self._environment = {
            **os.environ,
            **environment,
            FOLDER_VARIABLE: str(folder),
            "PYTHONPATH": _path(environment),
        }
        self._watches: set[asyncio.Task[None]] = set()

    @property
    def hands(self) -> list[Hand]:
        """Those that live."""
        return [hand for hand in self.all if hand.is_alive]

    async def hire(self, count: int = 1) -> None:
        for _ in range(count):
            path = self._folder / f"worker-{len(self.all)}.log"
            with path.open("wb") as log:
                child = await asyncio.create_subprocess_exec(
                    *(
                        sys.executable,
                        "-P",
                        "-m",
                        "graveshift",
                        "worker",
                        "--handlers",
                        "tests.faults.handlers:HANDLERS",
                    ),
                    env=self._environment,
                    cwd=ROOT,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            hand = Hand(child, path)
            self.all.append(hand)
            watch = asyncio.create_task(self._watch(hand))
            self._watches.add(watch)
            watch.add_done_callback(self._watches.discard)

    def owner(self) -> dict[int, str]:
        """pid -> id, of all there ever were."""
        return {hand.pid: hand.id for hand in self.all if hand.id}

    async def end(self) -> None:
        self.replaces = False
        for watch in list(self._watches):
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)  # one may be hiring
        for hand in self.hands:
            hand.send(signal.SIGKILL)
        for hand in self.all:
            await hand.child.wait()

    async def _watch(self, hand: Hand) -> None:
        await hand.child.wait()
        self.gone.append(hand)
        if self.replaces:
            await self.hire()


def _path(environment: Mapping[str, str]) -> str:
    given = environment.get("PYTHONPATH")
    return os.pathsep.join([given, str(ROOT)] if given else [str(ROOT)])


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {"event": "not_json"}
    return found if isinstance(found, dict) and "event" in found else {"event": "not_json"}
