"""A page of any resource: keyset pagination, newest first where nothing else is asked for."""

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

T = TypeVar("T")


class Sort(StrEnum):
    """The orders that an index keeps, of letters by death, of jobs by id: in them any page is as quick as the first.

    A cursor says a place, from which a page may go on either way.
    """

    NEWEST = "newest"
    OLDEST = "oldest"


class Page(Struct, Generic[T], frozen=True):
    """`total` is None where the system cannot say; `total_is_exact` is False then and where counting stopped at 10,000.

    `next_cursor` is opaque and None on the last page. `as_of` is the database's clock.
    """

    items: list[T]
    as_of: datetime
    next_cursor: str | None = None
    total: int | None = None
    total_is_exact: bool = True

    def __post_init__(self) -> None:
        """What is not known is not exact."""
        if self.total is None:
            force_setattr(self, "total_is_exact", False)
