"""Plain tables and pages of fields for people; every text is cleaned before it is printed."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Raw, Struct
from rich.cells import cell_len, set_cell_size

from graveshift.wire.runs import Run
from graveshift.wire.workers import Worker
from graveshift_tui.commands.columns import COLUMNS
from graveshift_tui.format import UNKNOWN, age, moment, percent, rate, speed
from graveshift_tui.pretty import pretty
from graveshift_tui.sanitize import clean, clean_lines
from graveshift_tui.steered import state_of

CELL: Final = 500
SET: Final = frozenset({"rate", "per_s", "rate_per_s"})
"""Rates that were set, not measured."""
PLAIN: Final = frozenset({"pid", "seq", "version"})


def table(fields: Sequence[str], rows: Sequence[Struct], width: int | None) -> Iterator[str]:
    """A line of titles, then one for each row; `width` cuts lines, None leaves them whole."""
    cells = [[_title(field) for field in fields]]
    cells += [[_of(row, field) for field in fields] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (set_cell_size(cell, size) for cell, size in zip(line, widths, strict=True))
        text = "  ".join(padded).rstrip()
        yield text if width is None or cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def page_of(thing: Struct) -> Iterator[str]:
    """One field a line, then under titles of their own what needs more than a line: payloads, tracebacks, lists."""
    fields = thing.__struct_fields__
    short = [field for field in fields if not _is_long(field, getattr(thing, field))]
    room = max(len(_title(field)) for field in short)
    for field in short:
        yield f"{_title(field):<{room}}  {_of(thing, field)}"
    for field in fields:
        if field not in short:
            yield from ("", _title(field))
            yield from (f"  {line}" for line in _long(field, getattr(thing, field)))


def _is_long(field: str, value: object) -> bool:
    listed = isinstance(value, list) and bool(value) and isinstance(value[0], Struct)
    return listed or isinstance(value, Struct | Raw) or (field == "traceback" and bool(value))


def _of(thing: Struct, field: str) -> str:
    """A worker that names no queues serves all of them; a run says that it asks, or who stopped it."""
    value = getattr(thing, field)
    if isinstance(thing, Run) and field == "state":
        return clean(state_of(thing), CELL)
    return "all" if isinstance(thing, Worker) and field == "queues" and not value else shown(field, value)


def shown(field: str, value: object) -> str:
    """One value on one harmless line, never shortened: the console's screens round, scripts and pasted ids must not."""
    if isinstance(value, str):
        return clean(value, CELL)
    if isinstance(value, list | tuple):
        return clean(", ".join(_part(one) for one in value), CELL)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Raw):
        return clean(bytes(value).decode("utf-8", "backslashreplace"), CELL)
    return "yes" if value is True else "no" if value is False else _number(field, value)


def _part(value: object) -> str:
    """One of several in a cell: the parts of a thing stand beside each other (`api.acme.com 352 88%`)."""
    if not isinstance(value, Struct):
        return str(value)
    return " ".join(shown(name, getattr(value, name)) for name in value.__struct_fields__)


def _number(field: str, value: object) -> str:
    match value:
        case int() | float() if field.endswith("age_s"):
            return age(value)
        case float():
            return percent(value) if field == "share" else speed(value) if field in SET else rate(value)
        case int():
            return str(value) if field in PLAIN else f"{value:,}"
        case None:
            return UNKNOWN
        case Struct():
            parts = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return ", ".join(f"{name} {shown(name, part)}" for name, part in parts if part is not None)
        case _:
            return clean(str(value), CELL)


def _title(field: str) -> str:
    named = field.removesuffix("_s") if field.endswith("age_s") else field
    return named.replace("_per_", "/").replace("_", " ").upper()


def _long(field: str, value: object) -> Iterable[str]:
    if isinstance(value, Raw):
        return clean_lines(pretty(bytes(value)).removesuffix("\n"))
    if isinstance(value, Struct):
        return page_of(value)
    if isinstance(value, list):
        own = value[0].__struct_fields__
        chosen = COLUMNS.get(field, own)  # a part may be called as a resource is, and be none
        return table(chosen if set(chosen) <= set(own) else own, value, None)
    return clean_lines(str(value).rstrip("\n"))
