"""Which row the cursor was put on: only a move puts it on another, however the rows around it change."""

from collections.abc import Callable, Collection
from time import monotonic
from typing import Final, Generic, TypeVar

from graveshift_tui.widgets.chain import Chain

R = TypeVar("R")

UNSEEN_S: Final = 0.5
"""For so long nobody has seen yet that another row came under the cursor."""


class Spot(Generic[R]):
    """`gone` from when its row has left the list until the cursor is moved: meanwhile the cursor is on no row.

    What leaves by the reader's own act surprises nobody: the cursor is on the row that comes in its place.
    With `drifts`, of lists whose newest is first, a reader who has not moved watches their top: what comes there comes
    under the cursor, until he acts on a row.
    """

    def __init__(self, id_of: Callable[[R], str], *, drifts: bool = False) -> None:
        self._id_of = id_of
        self._may_drift = drifts
        self._is_pinned = False
        self._came_at = -UNSEEN_S
        self.id: str | None = None
        self.gone = False
        self._own: set[str] = set()

    def put(self, row: R | None) -> None:
        """The cursor was moved here; None where the row is not known yet."""
        self._keep(row)
        self._is_pinned, self._came_at = False, -UNSEEN_S
        self._own.discard(self.id or "")

    def seek(self, id: str) -> None:
        """The cursor begins on this row, where it is among the first that come; else on the first."""
        self.id = id
        self._own.add(id)

    def pin(self) -> None:
        """The reader acts on this row: from now on the cursor goes where it goes."""
        self._is_pinned, self._came_at = True, -UNSEEN_S

    @property
    def drifts(self) -> bool:
        """True where the cursor on the top takes whatever comes there."""
        return self._may_drift and not self._is_pinned

    @property
    def is_unseen(self) -> bool:
        """Another row has come under the cursor by itself, just now."""
        return monotonic() - self._came_at < UNSEEN_S

    def expect(self, ids: Collection[str]) -> None:
        """The reader has acted on these rows."""
        self._own.update(ids)

    def step(self, delta: int) -> int:
        """How far a move goes: one down from a row that is gone is the row that came in its place."""
        return delta - 1 if self.gone and delta > 0 else delta

    def is_at(self, chain: Chain[R], cursor: int) -> bool:
        """True where the row in that place is the one that the cursor was put on."""
        row = chain.row(cursor)
        return row is not None and self._id_of(row) == self.id

    def settle(self, chain: Chain[R], cursor: int, *, follow: bool) -> None:
        """The rows have changed. Where `follow`, the cursor stays in its place and takes what is pushed there."""
        row = chain.row(cursor)
        if self.id is None or self.is_at(chain, cursor):
            self._keep(row)
            return
        has_left = self.gone or self._has_left(chain, row, follow=follow)
        if has_left and self.id not in self._own:
            self.gone = True
        elif has_left or row is not None:
            if self.id not in self._own:
                self._came_at = monotonic()
            self._own.discard(self.id)
            self._keep(row)

    def _keep(self, row: R | None) -> None:
        self.id = self._id_of(row) if row is not None else None
        self.gone = False

    def _has_left(self, chain: Chain[R], row: R | None, *, follow: bool) -> bool:
        """A row that is not in memory may have been pushed off its page, or have been let go with it."""
        if follow:
            return self.id in chain.vanished
        return chain.find(self.id or "") is None and (row is not None or not chain.size)
