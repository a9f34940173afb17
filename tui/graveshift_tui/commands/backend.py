"""Hands a command over to the backend's own program; nothing of the backend is imported here."""

import os
import sys
from typing import NoReturn


def main(name: str, rest: list[str]) -> NoReturn:
    """Become `python -m graveshift NAME ...`."""
    sys.stdout.flush()
    os.execv(sys.executable, command(name, rest))  # noqa: S606 - our own program, no shell wanted


def command(name: str, rest: list[str]) -> list[str]:
    """The backend's command line, run by the Python that runs us."""
    return [sys.executable, "-m", "graveshift", name, *rest]
