"""`:demo`: tells the demo's downstream how to behave."""

import shlex
from collections.abc import Awaitable, Callable
from typing import Final

from graveshift_tui.screens.typed import Unclear
from graveshift_tui.settings import ConsoleError

MODES: Final = {"break": "500", "heal": "ok", "reset": "ok"}


def drive(word: str, downstream: str | None) -> tuple[Awaitable[int], Callable[[int], tuple[str, str]]]:
    """The order for the downstream, and what to say, and how loudly, of the status it answers with.

    Raises Unclear for a word that is no mode, and where there is no downstream.
    """
    if word not in MODES:
        raise Unclear(f"`:demo {word}` is no command; there are {', '.join(f':demo {m}' for m in MODES)}")
    if downstream is None:
        raise Unclear("this is not the demo: there is no downstream to drive")

    def said(status: int) -> tuple[str, str]:
        well = 200 <= status < 300
        return f"the downstream is told to {word} ({status})", "information" if well else "error"

    return _put(downstream, MODES[word]), said


async def _put(downstream: str, mode: str) -> int:
    import httpx

    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            return (await http.put(f"{downstream}/mode", json={"mode": mode})).status_code
    except httpx.HTTPError as error:
        raise ConsoleError(f"the downstream does not answer: {shlex.quote(str(error))}") from None
