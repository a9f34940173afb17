"""One end of an endless list as far as it was read: pages chained by cursor, few of them kept in memory."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

from graveshift.wire.page import Page

R = TypeVar("R")

PAGE: Final = 100
LEAP: Final = 1000
KEEP: Final = 2400
"""Rows of one side that are kept; those that were used longest ago go first."""


class Want(Struct, frozen=True):
    """One page of a side to read: its place among the pages, where it begins, and how many rows it has at most."""

    index: int
    cursor: str | None
    limit: int


class Part(Generic[R]):
    """One page: how to read it again, how many rows it stands for, and the rows while they are kept."""

    def __init__(self, cursor: str | None, limit: int, rows: list[R]) -> None:
        self.cursor = cursor
        self.limit = limit
        self.size = len(rows)
        self.rows: list[R] | None = rows


class Side(Generic[R]):
    """Rows in the order they are read in, from their end of the list on: pages follow each other by cursor only."""

    def __init__(self, id_of: Callable[[R], str]) -> None:
        self._id_of = id_of
        self.parts: list[Part[R]] = []
        self._starts: list[int] = []
        self._used: list[int] = []
        self.known = 0
        self.next_cursor: str | None = None
        self.started = False
        self._is_cut = False

    def row(self, offset: int) -> R | None:
        """The row at a place, or None where it is not known, or not in memory."""
        if not 0 <= offset < self.known:
            return None
        at = self._part_at(offset)
        rows = self.parts[at].rows
        return rows[offset - self._starts[at]] if rows is not None else None

    def find(self, id: str) -> int | None:
        """The place of a row in memory, by its id."""
        for start, part in zip(self._starts, self.parts, strict=True):
            for offset, row in enumerate(part.rows or ()):
                if self._id_of(row) == id:
                    return start + offset
        return None

    def ids(self) -> set[str]:
        """Of every row in memory."""
        return {self._id_of(row) for part in self.parts for row in part.rows or ()}

    def missing(self, first: int, last: int) -> Want | None:
        """The first page among rows `first` to `last` that was let go."""
        for at in self._parts_in(first, last):
            if self.parts[at].rows is None:
                return self.again(at)
        return None

    def further(self, far: int) -> Want | None:
        """The next page, a large one where what is wanted lies so many rows on; None at the end."""
        if self.started and self.next_cursor is None:
            return None
        return Want(len(self.parts), self.next_cursor, LEAP if far > LEAP // 2 else PAGE)

    def again(self, at: int) -> Want:
        """A page that was read already."""
        return Want(at, self.parts[at].cursor, self.parts[at].limit)

    def shown(self, first: int, last: int) -> list[int]:
        """The pages in memory among these rows."""
        return [at for at in self._parts_in(first, last) if self.parts[at].rows is not None]

    def add(self, want: Want, page: Page[R]) -> None:
        """Takes the next page in; a row that moved on from the page before is not there twice."""
        seen = {self._id_of(row) for part in self.parts[-1:] for row in part.rows or ()}
        rows = [row for row in page.items if self._id_of(row) not in seen]
        self.parts.append(Part(want.cursor, want.limit, rows))
        self.next_cursor, self.started = page.next_cursor, True
        self.lay(want.index)

    def settle(self, at: int, page: Page[R]) -> None:
        """Updates one page in place: what is gone goes, and only at the end of the last one new rows come in."""
        part = self.parts[at]
        part.rows = list(page.items) if part.rows is None else self.kept(part.rows, page.items, page.next_cursor)
        ids = [self._id_of(row) for row in page.items]
        last = self._id_of(part.rows[-1]) if part.rows else None
        if at == len(self.parts) - 1 and last is not None and last in ids and not self._is_cut:
            part.rows += page.items[ids.index(last) + 1 :]
            self.next_cursor = page.next_cursor
        part.size = len(part.rows)

    def kept(self, rows: Sequence[R], fresh: Sequence[R], following: str | None) -> list[R]:
        """The rows as they are now; those that new ones pushed past the fresh page's end are kept, the rest is gone."""
        by_id = {self._id_of(row): row for row in fresh}
        seen = [i for i, row in enumerate(rows) if self._id_of(row) in by_id]
        old = {self._id_of(row) for row in rows}
        pushed = following is not None and (not seen or self._id_of(fresh[-1]) in old)
        last = seen[-1] if seen else -1
        return [
            by_id.get(self._id_of(row), row)
            for i, row in enumerate(rows)
            if self._id_of(row) in by_id or (pushed and i > last)
        ]

    def cut(self, id: str, *, inclusive: bool) -> None:
        """The list goes on elsewhere: nothing is read beyond this row, which stays where it is `inclusive`."""
        place = self.find(id)
        if place is not None:
            at = self._part_at(place)
            part, here = self.parts[at], place - self._starts[at] + inclusive
            part.rows = (part.rows or [])[:here]
            part.size = len(part.rows)
            del self.parts[at + 1 :]
        self.next_cursor, self._is_cut = None, True
        self.lay(len(self.parts) - 1)

    def lay(self, used: int) -> None:
        """Counts the rows anew and lets pages go; the ends of what was read stay, for they tell what comes there."""
        self._starts, self.known = [], 0
        for part in self.parts:
            self._starts.append(self.known)
            self.known += part.size
        last = len(self.parts) - 1
        self._used = [at for at in self._used if at != used and at <= last] + [used]
        kept = sum(part.size for part in self.parts if part.rows is not None)
        for at in list(self._used):
            if kept <= KEEP:
                break
            if at not in (0, used, last):
                kept -= self.parts[at].size
                self.parts[at].rows = None
                self._used.remove(at)

    def _part_at(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _parts_in(self, first: int, last: int) -> range:
        if not self.parts or first >= self.known or last < 0:
            return range(0)
        return range(self._part_at(max(first, 0)), self._part_at(min(last, self.known - 1)) + 1)
