"""Where the thing that a key would act on is gone, that is said; what came in its place is never acted on instead."""

from typing import Final, Protocol, runtime_checkable

from graveshift_tui.screen import ConsoleScreen

ROW: Final = "the row under the cursor is gone; nothing was done. A move puts the cursor on a row again."
THING: Final = "it is gone; nothing was done"
UNSEEN: Final = "another row has just come under the cursor; nothing was done. The cursor stays with it: press again."
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


@runtime_checkable
class Drifting(Protocol):
    """A screen on which another row may come under the cursor by itself."""

    @property
    def is_unseen(self) -> bool:
        """True when that has happened just now."""

    def pin(self) -> None:
        """The cursor stays with its row from now on."""


def why_not(screen: ConsoleScreen, action: str) -> str | None:
    """Why a key has nothing to act on; None where it has. From now on the cursor stays with its row."""
    subject = screen.subject()
    if subject.marked or subject.card not in WITHOUT_ROW.get(action, (subject.card,)):
        return None
    unseen = isinstance(screen, Drifting) and screen.is_unseen
    if isinstance(screen, Drifting):
        screen.pin()
    if isinstance(screen, Losing) and screen.is_lost:
        return THING if subject.alone else ROW
    return UNSEEN if unseen else None
