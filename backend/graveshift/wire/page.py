"""A page of any resource: keyset pagination, newest first."""

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """`total` is None where the system cannot say; `total_is_exact` is False where counting stopped at 10,000.

    `next_cursor` is opaque and None on the last page. `as_of` is the database's clock.
    """

    items: list[T]
    as_of: datetime
    next_cursor: str | None = None
    total: int | None = None
    total_is_exact: bool = True
