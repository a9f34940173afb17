"""Which rows are marked: some, by their ids, wherever they are now; or all that match."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

R = TypeVar("R")


class Marked(Generic[R]):
    """Marks outlive scrolling, refreshing and other filters. `whole` is every row of the list, seen or not.

    `outside` is how many of the marked rows the list's filter does not let through; None where nobody can say.
    """

    def __init__(self, id_of: Callable[[R], str]) -> None:
        self._id_of = id_of
        self._rows: dict[str, R] = {}
        self.whole = False
        self.outside: int | None = 0

    def __bool__(self) -> bool:
        return self.whole or bool(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> Sequence[R]:
        """Those marked one by one, as they were when they were."""
        return tuple(self._rows.values())

    @property
    def ids(self) -> Sequence[str]:
        """Of these."""
        return tuple(self._rows)

    def has(self, row: R) -> bool:
        """True for a row that a verb would act on."""
        return self.whole or self._id_of(row) in self._rows

    def toggle(self, row: R) -> None:
        """Marks a row, or takes its mark off; out of all that match no single one is taken: then none is marked."""
        if self.whole:
            self.clear()
        elif self._rows.pop(self._id_of(row), None) is None:
            self._rows[self._id_of(row)] = row

    def extend(self, rows: Iterable[R], *, beyond: bool) -> None:
        """Marks these; where all of them are marked already and it may go `beyond` them, all that match."""
        fresh = [row for row in rows if self._id_of(row) not in self._rows]
        self.whole = beyond and not fresh and bool(self._rows)
        self._rows |= {self._id_of(row): row for row in fresh}

    def clear(self) -> None:
        """Takes every mark off."""
        self._rows.clear()
        self.whole, self.outside = False, 0
