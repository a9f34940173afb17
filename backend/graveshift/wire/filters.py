"""Saved filters, and what a filter's text is made of."""

from datetime import datetime

from msgspec import Struct

SAVED_NAME = r"^[A-Za-z0-9._-]{1,64}$"


class SavedFilter(Struct, frozen=True):
    """Said as `saved:name` in a filter's text; `id` is its name."""

    id: str
    name: str
    query: str
    saved_by: str
    saved_at: datetime
