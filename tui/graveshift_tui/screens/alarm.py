"""Runs that stop or slow themselves, or that others steer: told once, with a bell where somebody must look."""

from datetime import datetime
from typing import Protocol

from graveshift.wire.overview import Overview
from graveshift.wire.runs import Run, RunState
from graveshift_tui.format import speed
from graveshift_tui.screens.hearing import Hearing
from graveshift_tui.widgets.band import ended_itself
from graveshift_tui.widgets.title import Title


class Host(Protocol):
    """What the alarm needs of the app."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""

    def bell(self) -> None:
        """Rings."""


class Alarm:
    """Looks at every overview; what it has told it does not tell again. A run that waits is in the terminal's title."""

    def __init__(self, host: Host, title: Title) -> None:
        self._host = host
        self._title = title
        self._told: dict[str, str] = {}
        self._hearing = Hearing()

    def heed(self, seen: Overview | None) -> None:
        """Tells what is new of the runs."""
        if seen is None:
            return
        words = {run.id: said for run in seen.runs if (said := _said(run, seen.as_of))}
        new = {run: said for run, said in words.items() if self._told.get(run) != said}
        for run, said in new.items():
            self._host.tell(f"run {run}: {said}", "warning", f"run {run}")
        news = self._hearing.news(seen)
        for one in news:
            self._host.tell(one.text, "warning" if one.is_loud else "information", one.about)
        if new or any(one.is_loud for one in news):
            self._host.bell()
        self._told = words
        told = [f"run {run.id} {run.halt}" for run in seen.runs if run.state.is_live and run.halt]
        told += [f"run {run.id} {why}" for run in seen.runs if (why := ended_itself(run, seen.as_of))]
        self._title.show(f"graveshift {seen.environment.name}: {told[0]}" if told else "")


def asks(run: Run, answer: str = "p answers it") -> str:
    """Why it stopped by itself, and the keys that answer it while it waits; empty for one that an operator paused."""
    return f"{run.halt}; {answer}, X ends it" if run.halt and run.state is RunState.PAUSED else run.halt or ""


def _said(run: Run, now: datetime) -> str:
    if not run.state.is_live:
        return ended_itself(run, now)
    if run.halt:
        return asks(run, "7 and then p answer it")
    return f"slowed itself to {speed(run.slowed)}/s" if run.slowed is not None else ""
