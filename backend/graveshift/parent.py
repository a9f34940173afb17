"""The process that started us: who was asked to end with it hears it go, however it went."""

import asyncio
import os
import sys
from collections.abc import Callable


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` once standard input closes, which the end of the process that holds its other end does."""
    loop, pipe = asyncio.get_running_loop(), sys.stdin.fileno()

    def hear() -> None:
        if not os.read(pipe, 1024):
            loop.remove_reader(pipe)
            stop()

    loop.add_reader(pipe, hear)
