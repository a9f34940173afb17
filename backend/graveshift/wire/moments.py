"""Moments: times with a zone that every part of us can hold, the database and its clock among them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

# PostgreSQL, Python and each zone's offset agree on all of these years.
FIRST_YEAR, LAST_YEAR = 1970, 9998

Moment = Annotated[datetime, Meta(tz=True, description=f"from the year {FIRST_YEAR} to {LAST_YEAR}")]


def check_moments(**moments: datetime | None) -> None:
    """Raises ValueError that names the first of these which is out of range; decoding tells it as its own error."""
    for name, moment in moments.items():
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError(f"`{name}` must be in the years {FIRST_YEAR} to {LAST_YEAR}")
