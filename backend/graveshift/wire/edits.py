"""What operators changed in a payload on its way back to work."""

from datetime import datetime

from msgspec import Raw, Struct


class Edit(Struct, frozen=True, kw_only=True):
    """One edit: by whom, in which run, when, and the payload as it was before it, raw JSON as it was sent."""

    run_id: str
    by: str
    at: datetime
    original: Raw
