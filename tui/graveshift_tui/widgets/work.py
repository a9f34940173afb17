"""Starts work beside the screen; what breaks in it never ends the app."""

from collections.abc import Callable, Coroutine

from textual.dom import DOMNode
from textual.worker import Worker


def spawn(
    node: DOMNode, work: Callable[[], Coroutine[None, None, None]], group: str, *, exclusive: bool = False
) -> None:
    """Runs `work` until it ends or `node` goes; `exclusive` ends what ran in the group before."""
    started: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)
    del started
