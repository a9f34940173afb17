"""Where a thing stands in an order: opaque page cursors, and the native ids of letters."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import msgspec

from graveshift.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NATIVE_LETTER = re.compile(r"(0|[1-9]\d{0,16})-(0|[1-9]\d{0,18})", re.ASCII)
MAX_ID = 2**63 - 1


def cursor(*position: int | str) -> str:
    """The opaque text of a position in a page's order."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def cursor_position(text: str, kinds: tuple[type[int] | type[str], ...]) -> tuple[int | str, ...]:
    """The position that `cursor` was made of. Raises Invalid where the text is no cursor of ours."""
    try:
        position = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[int | str])
    except (ValueError, msgspec.DecodeError) as error:
        raise Invalid("the cursor is not one of ours") from error
    if len(position) != len(kinds) or not all(isinstance(*pair) for pair in zip(position, kinds, strict=True)):
        raise Invalid("the cursor is not one of ours")
    return tuple(position)


def numbers_of(text: str, length: int) -> tuple[int, ...]:
    """The `length` numbers of a cursor, each of which PostgreSQL can hold. Raises Invalid as above."""
    found = [n for n in cursor_position(text, (int,) * length) if isinstance(n, int) and 0 <= n <= MAX_ID]
    if len(found) != length:
        raise Invalid("the cursor is not one of ours")
    return tuple(found)


def letter_id(died_at: datetime, job: int) -> str:
    """A letter's native id: `<died_at in microseconds since 1970>-<job id>`."""
    return f"{microseconds(died_at)}-{job}"


def letter_position(native: str) -> tuple[datetime, int] | None:
    """What `letter_id` was made of; None where the text is no native id of a letter."""
    found = NATIVE_LETTER.fullmatch(native)
    if found is None or (job := int(found[2])) > MAX_ID:
        return None
    try:
        return moment(int(found[1])), job
    except OverflowError:
        return None


def job_number(native: str) -> int | None:
    """A job's native id as a number; None where the text is no such id."""
    if not (native.isascii() and native.isdigit() and len(native) <= 19):
        return None
    number = int(native)
    return number if str(number) == native and number <= MAX_ID else None


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def moment(us: int) -> datetime:
    """The time so many microseconds after 1970. Raises OverflowError beyond the year 9999."""
    return EPOCH + us * MICROSECOND
