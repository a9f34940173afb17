"""Where the thing that a key would act on is gone, that is said; what came in its place is never acted on instead."""

from typing import Final, Protocol, runtime_checkable

from graveshift_tui.screen import ConsoleScreen

ROW: Final = "the row under the cursor is gone; nothing was done. A move puts the cursor on a row again."
THING: Final = "it is gone; nothing was done"
# Keys that mean something without a row, and the cards on which they would act on the row all the same.
WITHOUT_ROW: Final[dict[str, tuple[str, ...]]] = {
    "backup.create": (),
    "dlq.requeue.all": ("groups", "queues"),
    "run.undo": ("runs",),
    "run.stop": ("runs",),
    "secret.rotate": ("secrets",),
}


@runtime_checkable
class Losing(Protocol):
    """A screen on a thing, or a row, that may go meanwhile."""

    @property
    def is_lost(self) -> bool:
        """True from when it has gone until another one is chosen."""


def why_not(screen: ConsoleScreen, action: str) -> str | None:
    """Why a key has nothing to act on; None where it has, marked rows too."""
    if not isinstance(screen, Losing) or not screen.is_lost:
        return None
    subject = screen.subject()
    if subject.marked or subject.card not in WITHOUT_ROW.get(action, (subject.card,)):
        return None
    return THING if subject.alone else ROW
