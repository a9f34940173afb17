"""The real console on a backend in memory: `python -m tests.screens.fake_console [KIND]`: frozen, live, halted, ..."""

import os
import sys
from datetime import timedelta

from msgspec import Raw
from msgspec.structs import replace

from graveshift.wire.overview import Overview
from graveshift.wire.runs import RunState
from graveshift_tui.__main__ import ran
from graveshift_tui.app import ConsoleApp
from graveshift_tui.settings import Settings, Where
from tests.screens.fake_client import FakeClient
from tests.screens.hostile import HOSTILE

LONG = "abcdefghijklmnopqrstuvwxyz" * 12
"""Wider than any terminal, and any letter that is missing in it is missed."""


def settings() -> Settings:
    """As the command line would make them, without looking at this machine."""
    return Settings(where=Where("memory:"), mouse=False, interval_s=1.0, theme=os.environ.get("FAKE_THEME"))


class LiveClient(FakeClient):
    """Numbers change with every overview, as they do in a bad night."""

    async def overview(self) -> Overview:
        """The next second."""
        self.now += timedelta(seconds=1)
        tick = int(self.now.timestamp())
        self.queues = [
            replace(q, waiting=(q.waiting or 0) + tick % 7, oldest_age_s=(q.oldest_age_s or 0) + 1,
                    in_per_s=200.0 + tick % 40, out_per_s=100.0 + tick % 30, running=tick % 12)
            for q in self.queues
        ]  # fmt: skip
        live = [run for run in self.runs if run.state.is_live]
        self.runs = [replace(run, moved=min(run.total or 0, run.moved + 50)) for run in live]
        return await super().overview()


class BrokenClient(FakeClient):
    """A fault of ours: the overview holds what the screens cannot draw."""

    async def overview(self) -> Overview:
        """Raises when it is drawn, with a secret in a local variable there."""
        seen = await super().overview()
        return replace(seen, groups=[replace(seen.groups[0], **{"dead": "s3cr3t-" + "in-a-local"})])


def client(kind: str) -> FakeClient:
    """A night of the wanted kind."""
    made = {"live": LiveClient, "broken": BrokenClient}.get(kind, FakeClient)()
    if kind == "live":
        made.start("dlq.requeue", total=500_000, moved=3111)
    if kind == "halted":
        started = made.start("dlq.requeue", total=100, moved=20)
        made.runs = [replace(started, state=RunState.PAUSED, halt="paused by itself: 34% of 50 first attempts failed")]
    if kind == "hostile":
        made.letters = [
            replace(letter, error_type=text, error_message=text, queue=text, kind=text, traceback=text)
            for letter, text in zip(made.letters, HOSTILE, strict=False)
        ]
    if kind == "huge":
        text = b'{"to": "ana", "body": "' + b"lorem ipsum " * 250_000 + b'"}'
        made.letters = [replace(letter, payload=Raw(text)) for letter in made.letters]
    if kind == "long":
        made.letters = [replace(letter, error_message=LONG, traceback="\n" * 60) for letter in made.letters]
    return made


def main() -> int:
    """Run until left; the exit code."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "frozen"
    return ran(lambda: ConsoleApp(settings(), os.environ.get("FAKE_START"), connect=lambda where: client(kind)))


if __name__ == "__main__":
    sys.exit(main())
