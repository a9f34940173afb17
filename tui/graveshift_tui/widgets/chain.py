"""The rows of an endless list as far as they are known: read from its top, and from its end where that is wanted."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from graveshift.wire.page import Page
from graveshift_tui.widgets.side import KEEP, LEAP, PAGE, Side, Want

__all__ = ["KEEP", "LEAP", "PAGE", "Chain", "Fetch"]

R = TypeVar("R")


class Fetch(Struct, frozen=True):
    """One page to read: `index` among its side's in the chain that was current at `generation`.

    `from_end` is of a page that is read in the other order, so that its first row is the list's last.
    """

    generation: int
    index: int
    cursor: str | None
    limit: int
    from_end: bool = False


class Chain(Generic[R]):
    """Pages can only be reached one after the other (keyset cursors), but a seen one is read again directly.

    What was read from the top (`head`) and from the end (`tail`) are whole once they have met; between them lies a gap
    as wide as the total says, or a page wide where nobody can say.
    """

    def __init__(self, id_of: Callable[[R], str]) -> None:
        self._id_of = id_of
        self.generation = 0
        self.vanished: set[str] = set()
        """Rows that had gone when the list last began anew."""
        self.restart()

    def restart(self) -> None:
        """Forgets everything: another list begins."""
        self.generation += 1
        self.head: Side[R] = Side(self._id_of)
        self.tail: Side[R] = Side(self._id_of)
        self.met = False
        self.total: int | None = None
        self.total_is_exact = True
        self.arrived = 0

    @property
    def started(self) -> bool:
        """True once the first page is there."""
        return self.head.started

    @property
    def known(self) -> int:
        """Rows that were read."""
        return self.head.known + self.tail.known

    @property
    def complete(self) -> bool:
        """True where every page was seen."""
        return self.started and (self.met or self.head.next_cursor is None)

    @property
    def is_looking(self) -> bool:
        """True while every page so far was empty, and nobody knows whether any row comes."""
        return self.started and not self.complete and not self.known and not self.total

    @property
    def size(self) -> int:
        """Rows to leave room for: all of them where the total is told, else what is known and some more."""
        if not self.started or self.complete:
            return self.known
        return max(self.known + 1, self.total or 0) if self.total_is_exact else self.known + PAGE

    def row(self, index: int) -> R | None:
        """The row at a place, or None where it is not known, or not in memory."""
        if index < self.head.known:
            return self.head.row(index)
        return self.tail.row(self.size - 1 - index)

    def find(self, id: str) -> int | None:
        """The place of a row in memory, by its id."""
        if (at := self.head.find(id)) is not None:
            return at
        return None if (at := self.tail.find(id)) is None else self.size - 1 - at

    def wanted(self, first: int, last: int, *, leap: bool = False) -> Fetch | None:
        """The next page to read so that rows `first` to `last` show; None where they all do."""
        if not self.started:
            return self._of(Want(0, None, PAGE), from_end=False)
        if want := self.head.missing(first, last):
            return self._of(want, from_end=False)
        end = self.size - 1
        if want := self.tail.missing(end - last, end - first):
            return self._of(want, from_end=True)
        below = end - self.tail.known
        if self.complete or last < self.head.known or (self.tail.started and first > below):
            return None
        far, near_end = first - self.head.known, below - last
        if self.tail.started and near_end < far:
            return self._of(self.tail.further(near_end), from_end=True)
        return self._of(self.head.further(LEAP if leap else far), from_end=False)

    def last_page(self) -> Fetch | None:
        """The page that the list ends with, read from there; None where the end is known."""
        if not self.started or self.complete or self.tail.started:
            return None
        return self._of(Want(0, None, PAGE), from_end=True)

    def put(self, fetch: Fetch, page: Page[R]) -> bool:
        """Takes a page in; False where it belongs to a chain that is gone."""
        side = self.tail if fetch.from_end else self.head
        if fetch.generation != self.generation or fetch.index > len(side.parts):
            return False
        if fetch.index < len(side.parts):
            side.settle(fetch.index, page)
            side.lay(fetch.index)
        elif self.complete:
            return False
        else:
            side.add(Want(fetch.index, fetch.cursor, fetch.limit), page)
            self._join(side)
        if fetch.index == 0 and not fetch.from_end:
            self._count(page)
        self._count_known()
        return True

    def rereads(self, first: int, last: int) -> list[Fetch]:
        """The pages that keep the first page and the rows on show fresh."""
        end, head, tail = self.size - 1, self.head, self.tail
        above = [head.again(at) for at in head.shown(first, last) if at]
        below = [tail.again(at) for at in tail.shown(end - last, end - first)]
        wants = [(Want(0, None, PAGE), False), *((w, False) for w in above), *((w, True) for w in below)]
        return [Fetch(self.generation, w.index, w.cursor, w.limit, from_end) for w, from_end in wants]

    def renew(self, answers: Sequence[tuple[Fetch, Page[R]]], *, follow: bool) -> bool:
        """Takes re-read pages in. Where `follow`, the list starts anew from the top if its top has changed.

        Otherwise rows keep their places: known ones are updated, vanished ones go, new ones are only counted.
        """
        answers = [(fetch, page) for fetch, page in answers if fetch.generation == self.generation]
        if not answers:
            return False
        if not self.started:
            return self.put(*answers[0])
        first, self.vanished = answers[0][1], set()
        top = self.head.parts[0].rows or []
        if follow and self._ids(first.items) != self._ids(top):
            self.vanished = set(self._ids(top)) - set(self._ids(self.head.kept(top, first.items, first.next_cursor)))
            self.restart()
            return self.put(Fetch(self.generation, 0, None, PAGE), first)
        self._count(first)
        self.arrived = self._arrivals(first.items)
        for fetch, page in answers:
            side = self.tail if fetch.from_end else self.head
            if fetch.index < len(side.parts):
                side.settle(fetch.index, page)
                side.lay(fetch.index)
        self._count_known()
        return True

    def _join(self, side: Side[R]) -> None:
        """Where the new page has come upon the other side, what it repeats goes, and the list is whole.

        One that was read to the other side's end without meeting it has seen all of another list: that begins anew.
        """
        other = self.tail if side is self.head else self.head
        page, ids = side.parts[-1].rows or [], other.ids()
        met = next((self._id_of(row) for row in page if self._id_of(row) in ids), None)
        if met is not None:
            side.cut(met, inclusive=False)
            other.cut(met, inclusive=True)
            self.met = True
        elif side.next_cursor is None and side is self.head:
            self.tail = Side(self._id_of)
        elif side.next_cursor is None:
            self.restart()

    def _arrivals(self, fresh: Sequence[R]) -> int:
        """How many rows stand before the first one we know; in a list that is known whole, how many we do not know."""
        known = self.head.ids() | self.tail.ids()
        new = [self._id_of(row) not in known for row in fresh]
        if self.complete:
            return sum(new)
        return new.index(False) if False in new else len(new)

    def _of(self, want: Want | None, *, from_end: bool) -> Fetch | None:
        return Fetch(self.generation, want.index, want.cursor, want.limit, from_end) if want else None

    def _count(self, page: Page[R]) -> None:
        self.total, self.total_is_exact = page.total, page.total_is_exact

    def _count_known(self) -> None:
        """A count that stopped early is never less than what was read, and once all was read it is that."""
        if self.total is not None and not self.total_is_exact:
            self.total = self.known if self.complete else max(self.total, self.known)
            self.total_is_exact = self.complete

    def _ids(self, rows: Sequence[R]) -> list[str]:
        return [self._id_of(row) for row in rows]
