"""The rows of an endless list as far as they are known: pages chained by cursor, few of them kept in memory."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

from graveshift.wire.page import Page

R = TypeVar("R")

PAGE: Final = 100
LEAP: Final = 1000
KEEP: Final = 64


class Fetch(Struct, frozen=True):
    """One page to read: `index` in the chain that was current at `generation`."""

    generation: int
    index: int
    cursor: str | None
    limit: int


class _Part(Generic[R]):
    """One page: how to read it again, how many rows it stands for, and the rows while they are kept."""

    def __init__(self, cursor: str | None, limit: int, rows: list[R]) -> None:
        self.cursor = cursor
        self.limit = limit
        self.size = len(rows)
        self.rows: list[R] | None = rows


class Chain(Generic[R]):
    """Pages can only be reached one after the other (keyset cursors), but a seen one is read again directly."""

    def __init__(self, id_of: Callable[[R], str]) -> None:
        self._id_of = id_of
        self.generation = 0
        self.vanished: set[str] = set()
        """Rows that had gone when the list last began anew."""
        self.restart()

    def restart(self) -> None:
        """Forgets everything: another list begins."""
        self.generation += 1
        self._parts: list[_Part[R]] = []
        self._starts: list[int] = []
        self._used: list[int] = []
        self.known = 0
        self.next_cursor: str | None = None
        self.started = False
        self.total: int | None = None
        self.total_is_exact = True
        self.arrived = 0

    @property
    def complete(self) -> bool:
        """True where every page was seen."""
        return self.started and self.next_cursor is None

    @property
    def size(self) -> int:
        """Rows to leave room for: all of them where the total is told, else what is known and some more."""
        if not self.started or self.complete:
            return self.known
        return max(self.known + 1, self.total or 0) if self.total_is_exact else self.known + PAGE

    def row(self, index: int) -> R | None:
        """The row at a place, or None where it is not known, or not in memory."""
        if not 0 <= index < self.known:
            return None
        at = self._part_at(index)
        rows = self._parts[at].rows
        return rows[index - self._starts[at]] if rows is not None else None

    def find(self, id: str) -> int | None:
        """The place of a row in memory, by its id."""
        for start, part in zip(self._starts, self._parts, strict=True):
            for offset, row in enumerate(part.rows or ()):
                if self._id_of(row) == id:
                    return start + offset
        return None

    def wanted(self, first: int, last: int, *, leap: bool = False) -> Fetch | None:
        """The next page to read so that rows `first` to `last` show; None where they all do."""
        if not self.started:
            return Fetch(self.generation, 0, None, PAGE)
        for at in self._parts_in(first, last):
            part = self._parts[at]
            if part.rows is None:
                return Fetch(self.generation, at, part.cursor, part.limit)
        if last >= self.known and self.next_cursor is not None:
            return Fetch(self.generation, len(self._parts), self.next_cursor, LEAP if leap else PAGE)
        return None

    def put(self, fetch: Fetch, page: Page[R]) -> bool:
        """Takes a page in; False where it belongs to a chain that is gone."""
        if fetch.generation != self.generation or fetch.index > len(self._parts):
            return False
        if fetch.index < len(self._parts):
            self._settle(fetch.index, page)
        else:
            seen = {self._id_of(row) for part in self._parts[-1:] for row in part.rows or ()}
            rows = [row for row in page.items if self._id_of(row) not in seen]
            self._parts.append(_Part(fetch.cursor, fetch.limit, rows))
            self.next_cursor = page.next_cursor
            self.started = True
        if fetch.index == 0:
            self._count(page)
        self._lay(fetch.index)
        return True

    def rereads(self, first: int, last: int) -> list[Fetch]:
        """The pages that keep the first page and the rows on show fresh."""
        shown = [at for at in self._parts_in(first, last) if at and self._parts[at].rows is not None]
        heads = [Fetch(self.generation, 0, None, PAGE)]
        return heads + [Fetch(self.generation, at, self._parts[at].cursor, self._parts[at].limit) for at in shown]

    def renew(self, answers: Sequence[tuple[Fetch, Page[R]]], *, follow: bool) -> bool:
        """Takes re-read pages in. Where `follow`, the list starts anew from the top if its top has changed.

        Otherwise rows keep their places: known ones are updated, vanished ones go, new ones are only counted.
        """
        answers = [(fetch, page) for fetch, page in answers if fetch.generation == self.generation]
        if not answers:
            return False
        if not self.started:
            return self.put(*answers[0])
        head, self.vanished = answers[0][1], set()
        top = self._parts[0].rows or []
        if follow and self._ids(head.items) != self._ids(top):
            self.vanished = set(self._ids(top)) - set(self._ids(self._kept(top, head.items, head.next_cursor)))
            self.restart()
            return self.put(Fetch(self.generation, 0, None, PAGE), head)
        self._count(head)
        self.arrived = self._arrivals(head.items)
        for fetch, page in answers:
            self._settle(fetch.index, page)
        self._lay(answers[-1][0].index)
        return True

    def _settle(self, at: int, page: Page[R]) -> None:
        """Updates one page in place."""
        part = self._parts[at]
        part.rows = list(page.items) if part.rows is None else self._kept(part.rows, page.items, page.next_cursor)
        part.size = len(part.rows)

    def _kept(self, rows: Sequence[R], fresh: Sequence[R], following: str | None) -> list[R]:
        """The rows as they are now; those that new ones pushed past the fresh page's end are kept, the rest is gone."""
        by_id = {self._id_of(row): row for row in fresh}
        seen = [i for i, row in enumerate(rows) if self._id_of(row) in by_id]
        old = set(self._ids(rows))
        pushed = following is not None and (not seen or self._id_of(fresh[-1]) in old)
        last = seen[-1] if seen else -1
        return [
            by_id.get(self._id_of(row), row)
            for i, row in enumerate(rows)
            if self._id_of(row) in by_id or (pushed and i > last)
        ]

    def _arrivals(self, fresh: Sequence[R]) -> int:
        """How many rows stand before the first one we know; in a list that is known whole, how many we do not know."""
        known = {self._id_of(row) for part in self._parts for row in part.rows or ()}
        new = [self._id_of(row) not in known for row in fresh]
        if self.complete:
            return sum(new)
        return new.index(False) if False in new else len(new)

    def _count(self, page: Page[R]) -> None:
        self.total, self.total_is_exact = page.total, page.total_is_exact

    def _ids(self, rows: Sequence[R]) -> list[str]:
        return [self._id_of(row) for row in rows]

    def _part_at(self, index: int) -> int:
        return bisect_right(self._starts, index) - 1

    def _parts_in(self, first: int, last: int) -> range:
        if not self._parts or first >= self.known:
            return range(0)
        return range(self._part_at(max(first, 0)), self._part_at(min(last, self.known - 1)) + 1)

    def _lay(self, used: int) -> None:
        """Counts the rows anew and lets go of the page that was used longest ago."""
        self._starts, self.known = [], 0
        for part in self._parts:
            self._starts.append(self.known)
            self.known += part.size
        self._used = [at for at in self._used if at not in (used, 0)] + [used]
        while len(self._used) > KEEP:
            self._parts[self._used.pop(0)].rows = None
