"""The console finds its backend whatever was typed before its first frame."""

from collections.abc import Callable
from typing import Any

import pytest

from graveshift_tui.app import ConsoleApp
from tests.screens.console import console


async def test_a_first_frame_that_never_comes_does_not_keep_the_backend_away(monkeypatch: pytest.MonkeyPatch) -> None:
    after_refresh, lost = ConsoleApp.call_after_refresh, []

    def gone(app: ConsoleApp, callback: Callable[..., Any], *given: Any, **named: Any) -> bool:
        if getattr(callback, "__self__", None) is app:
            lost.append(callback)
            return True
        return after_refresh(app, callback, *given, **named)

    monkeypatch.setattr(ConsoleApp, "call_after_refresh", gone)
    async with console() as person:
        await person.sees("CAUSE")
        await person.goes("3", "dlq")
    assert len(lost) == 1
