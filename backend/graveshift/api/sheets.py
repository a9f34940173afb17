"""How an export is written: JSON lines in plain ASCII, or CSV that no spreadsheet takes for a formula."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct

from graveshift.wire.dlq import Letter

COLUMNS = (*Letter.__struct_fields__, "payload")
# Importers that trim a cell, or take another separator, see what is behind: blanks and separators do not hide it.
FORMULA = re.compile(r"[\t\r]|[\s;；,，|]*[=+\-@＝＋－＠]")
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Row(Letter, frozen=True, kw_only=True):
    """A letter with its payload; null also where its system keeps none."""

    payload: Raw


class Told(Struct, frozen=True):
    """The last line of a whole export. `as_of` is the database's clock at its first letter."""

    complete: bool
    letters: int
    as_of: datetime


class Sheet(Protocol):
    """Bytes of one format; `media_type` is what it is called on the wire."""

    media_type: str

    def head(self) -> bytes:
        """What comes first."""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Some letters, in their order."""

    def tail(self, told: Told) -> bytes:
        """What comes last; without it an export was cut."""


class Lines:
    """An object a line; the last has only the key `export`."""

    media_type = "application/x-ndjson"

    def head(self) -> bytes:
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        return b"".join(_ascii(msgspec.json.encode(row)) + b"\n" for row in rows)

    def tail(self, told: Told) -> bytes:
        return msgspec.json.encode({"export": told}) + b"\n"


class Commas:
    """RFC 4180 with a header; the last record is one cell that begins with `# export`."""

    media_type = "text/csv"

    def head(self) -> bytes:
        return _records([COLUMNS])

    def rows(self, rows: Sequence[Row]) -> bytes:
        return _records([[cell(getattr(row, name)) for name in COLUMNS] for row in rows])

    def tail(self, told: Told) -> bytes:
        return _records([[f"# export complete: {told.letters} letters as of {_moment(told.as_of)}"]])


def cell(value: Any) -> str:
    """A value as CSV shows it: what a spreadsheet would run begins with `'`, what a terminal would obey is escaped."""
    match value:
        case None:
            return ""
        case datetime():
            return _moment(value)
        case Raw():
            text = bytes(value).decode("utf-8", "replace")
        case _:
            text = str(value)
    text = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"'{text}" if FORMULA.match(text) else text


def _moment(at: datetime) -> str:
    return msgspec.json.encode(at).decode().strip('"')


def _records(records: Sequence[Sequence[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(records)
    return written.getvalue().encode("utf-8", "replace")


def _ascii(line: bytes) -> bytes:
    """JSON with all that is not ASCII escaped: what is not, stands within strings."""
    if line.isascii():
        return line.translate(_ONE_LINE)
    escaped = _NOT_ASCII.sub(_escape, line.decode("utf-8", "replace"))
    return escaped.encode("ascii").translate(_ONE_LINE)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
