"""Times as they are typed: `15m`, `1h30m`, `03:40`, `2026-11-28 03:00`; ahead of now for an end, else behind it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from graveshift.wire.moments import FIRST_YEAR, LAST_YEAR
from graveshift_tui.format import things

UNITS: Final = {"days": "day", "hours": "hour", "minutes": "minute", "seconds": "second"}
LASTING: Final = re.compile(
    r"(?:(?P<days>\d{1,4})\s*d(?:ays?)?)?\s*(?:(?P<hours>\d{1,4})\s*h(?:(?:ou)?rs?)?)?\s*"
    r"(?:(?P<minutes>\d{1,4})\s*m(?:in(?:ute)?s?)?)?\s*(?:(?P<seconds>\d{1,4})\s*s(?:ec(?:ond)?s?)?)?"
)
CLOCK: Final = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)z?")
DATED: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[t\s]\s*(?P<time>\d\d:\d\d(?::\d\d)?)(?P<part>(?<=:\d\d:\d\d)\.\d{1,9})?\s*(?P<zone>z|[+-]\d\d:\d\d)?"
)
END_LOOKS: Final = "An end is 45m, 1h30m, 3d, 03:40 or 2026-11-28 03:00 (UTC)."
PAST_LOOKS: Final = "A time is 10m, 2h or 3d ago, 03:40 or 2026-11-28 03:00 (UTC)."


def end_of(text: str, now: datetime) -> datetime | None:
    """So long from now, the next time that the clock says so, or that very moment (UTC); None where it is no end."""
    said = _said(text)
    if lasting := _lasting(said):
        return now.replace(microsecond=0) + lasting
    if at := _today(said, now):
        return at if at > now else at + timedelta(days=1)
    return _dated(said)


def seconds(text: str) -> float | None:
    """How long `15m` is; None for what is no length."""
    lasting = _lasting(_said(text))
    return lasting.total_seconds() if lasting else None


def past_of(text: str, now: datetime) -> datetime | None:
    """So long ago, the last time that the clock said so, or that very moment (UTC); None where it is no time."""
    said = text.strip().lower().removesuffix(" ago")
    if lasting := _lasting(said):
        return now - lasting
    if at := _today(said, now):
        return at if at <= now else at - timedelta(days=1)
    return _dated(said)


def by_the_clock(text: str) -> bool:
    """True for what means another moment each time that it is said."""
    said = _said(text).removesuffix(" ago")
    return bool(_lasting(said) or CLOCK.fullmatch(said))


def words(text: str, now: datetime) -> str:
    """`for 1 hour 30 minutes`, `until 08:00Z`, `until 06:20Z tomorrow`; as typed where it is no end."""
    if _lasting(_said(text)) and (found := LASTING.fullmatch(_said(text))):
        parts = [things(int(many), UNITS[unit]) for unit, many in found.groupdict().items() if many and int(many)]
        return f"for {' '.join(parts)}"
    end = end_of(text, now)
    return f"until {_near(end, now)}" if end else text.strip()


def told(text: str, open_end: str, now: datetime) -> tuple[str | None, str]:
    """What was chosen as the backend takes it, and in words with the time that it comes to."""
    end = end_of(text, now)
    if end is None:
        return None, open_end
    said = words(text, now)
    return rfc3339(end), said if said.startswith("until") else f"{said}, until {_near(end, now)}"


def rfc3339(at: datetime) -> str:
    """`2026-11-22T03:40:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _said(text: str) -> str:
    return re.sub(r"^(?:for|until)\s+", "", text.strip().lower())


def _lasting(said: str) -> timedelta | None:
    """None where it says no length, or one of nothing."""
    found = LASTING.fullmatch(said)
    parts = {unit: int(many) for unit, many in found.groupdict().items() if many} if found else {}
    return timedelta(**parts) or None


def _today(said: str, now: datetime) -> datetime | None:
    found = CLOCK.fullmatch(said)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"])
    return now.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)


def _dated(said: str) -> datetime | None:
    found = DATED.fullmatch(said)
    if found is None:
        return None
    zone = "+00:00" if found["zone"] in (None, "z") else found["zone"]
    part = f"{found['part'][:7]:0<7}" if found["part"] else ""
    try:
        at = datetime.fromisoformat(f"{found['day']}T{found['time']}{part}{zone}")
    except ValueError:
        return None
    return at.astimezone(UTC) if FIRST_YEAR <= at.year <= LAST_YEAR else None


def _near(at: datetime, now: datetime) -> str:
    """`03:40Z` today, `03:40Z tomorrow`, else with its date."""
    at, days = at.astimezone(UTC), (at.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    clock = f"{at:%H:%MZ}"
    return {0: clock, 1: f"{clock} tomorrow"}.get(days, f"{at:%Y-%m-%d} {clock}")
