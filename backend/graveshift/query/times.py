"""Times of a filter: an age, a time of day that was last, a date, or RFC 3339; all in UTC where no zone is said."""

import re
from datetime import UTC, datetime, timedelta

from graveshift.wire.moments import FIRST_YEAR, LAST_YEAR

AGE = re.compile(r"(?:\d{1,6}[smhdw])+", re.ASCII)
PART = re.compile(r"(\d+)([smhdw])", re.ASCII)
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def is_age(text: str) -> bool:
    """True for `2h` or `1d12h`: `<` it is later than the moment it names, and `>` it is earlier."""
    return AGE.fullmatch(text) is not None


def needs_clock(text: str) -> bool:
    """True for what means another moment at another time."""
    return is_age(text) or CLOCK.fullmatch(text) is not None


def moment_of(text: str, now: datetime) -> datetime | None:
    """The moment; None for what is none, or in a year that not every part of us can hold."""
    try:
        found = _moment(text, now)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and FIRST_YEAR <= found.year <= LAST_YEAR else None


def _moment(text: str, now: datetime) -> datetime | None:
    if is_age(text):
        return now - timedelta(seconds=sum(int(n) * SECONDS[unit] for n, unit in PART.findall(text)))
    if clock := CLOCK.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        today = now.astimezone(UTC).replace(hour=hour, minute=minute, second=second, microsecond=0)
        return today if today <= now else today - timedelta(days=1)
    if not DATE.fullmatch(text):
        return None
    found = datetime.fromisoformat(text.upper())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
