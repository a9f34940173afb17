"""Runs that stop or slow themselves: told once each, with a bell, and in the terminal's title while they wait."""

from typing import Protocol

from graveshift.wire.overview import Overview
from graveshift.wire.runs import Run, RunState
from graveshift_tui.format import rate
from graveshift_tui.widgets.title import Title


class Host(Protocol):
    """What the alarm needs of the app."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""

    def bell(self) -> None:
        """Rings."""


class Alarm:
    """Looks at every overview; what it has told it does not tell again."""

    def __init__(self, host: Host, title: Title) -> None:
        self._host = host
        self._title = title
        self._told: dict[str, str] = {}

    def heed(self, seen: Overview | None) -> None:
        """Tells what is new of the live runs."""
        if seen is None:
            return
        words = {run.id: said for run in seen.runs if run.state.is_live and (said := _said(run))}
        new = {run: said for run, said in words.items() if self._told.get(run) != said}
        for run, said in new.items():
            self._host.tell(f"run {run}: {said}", "warning", f"run {run}")
        if new:
            self._host.bell()
        self._told = words
        halted = [run for run in seen.runs if run.state.is_live and run.halt]
        name = seen.environment.name
        self._title.show(f"graveshift {name}: run {halted[0].id} {halted[0].halt}" if halted else "")


def asks(run: Run, answer: str = "p answers it") -> str:
    """Why it stopped by itself, and the keys that answer it while it waits; empty for one that an operator paused."""
    return f"{run.halt}; {answer}, X ends it" if run.halt and run.state is RunState.PAUSED else run.halt or ""


def _said(run: Run) -> str:
    if run.halt:
        return asks(run, "7 and then p answer it")
    return f"slowed itself to {rate(run.slowed)}/s" if run.slowed is not None else ""
