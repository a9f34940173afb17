"""The letters that match, to the last one, as a stream: a page in memory at a time, no faster than it is taken."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Annotated, Literal

import msgspec
import structlog
from litestar.response import Stream
from msgspec import Meta, Raw, Struct, structs, to_builtins

from graveshift.api.endpoint import Call
from graveshift.api.hiding import hidden_query, hidden_words
from graveshift.api.queries import both
from graveshift.api.resources import RESOURCES, split
from graveshift.api.sheets import Commas, Lines, Row, Sheet, Told
from graveshift.api.veil import TEXTS
from graveshift.errors import GraveshiftError, Invalid, Unsupported
from graveshift.redaction import Redaction
from graveshift.store.audit import Deed
from graveshift.wire.dlq import Letter
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

OPERATION = "dlq.export"
PAGE = 1000
MOST_IDS = 1000
READMIT_S = 10.0
DLQ = next(one for one in RESOURCES if one.name == "dlq")
Wanted = Filter | list[str]
SAID = TEXTS & frozenset(Letter.__struct_fields__)
SHEETS: dict[str, type[Sheet]] = {"jsonl": Lines, "csv": Commas}
_UNDER_WAY: set[asyncio.Task[None]] = set()

log = structlog.get_logger(__name__)


class _Asked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ids` are of letters, with commas between them, instead of conditions."""

    format: Literal["jsonl", "csv"] = "jsonl"
    ids: Annotated[str, Meta(max_length=50_000)] | None = None
    q: Annotated[str, Meta(max_length=4096)] | None = None


EXPORT_QUERY = msgspec.defstruct(
    "ExportQuery",
    [(f.name, f.type, f.default) for f in structs.fields(Filter) if f.name in DLQ.fields],
    bases=(_Asked,),
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
)


async def export(call: Call) -> Stream:
    """Newest first, as of its first page: what dies later is not in it, what leaves meanwhile may be missing.

    What can be refused is refused before the first byte. The record says who took what, and how many it became.
    """
    sheet, wanted = SHEETS[call.query.format](), await _wanted(call)
    first = await _page(call, wanted, None)
    said = f"{call.query.format}, {_in_words(call, wanted)}"
    begun = Deed(operation=OPERATION, outcome="started", reason=said)
    await call.rooms.audit.record(call.actor.name, call.actor.source, begun)
    headers = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "Content-Disposition": f'attachment; filename="dead-letters.{call.query.format}"',
    }
    return Stream(_stream(call, sheet, wanted, first, said), media_type=sheet.media_type, headers=headers)


async def _stream(call: Call, sheet: Sheet, wanted: Wanted, page: Page[Letter], said: str) -> AsyncIterator[bytes]:
    """Ends with the tail, or is cut: the client has left, the service stops, the token or the database is gone."""
    as_of, written, outcome, looked = page.as_of, 0, "cut", monotonic()
    try:
        yield sheet.head()
        while True:
            rows = await _rows(call, page.items)
            written += len(rows)
            yield sheet.rows(rows)
            if page.next_cursor is None:
                break
            if call.closing.is_set():
                return
            if monotonic() - looked > READMIT_S:
                looked = monotonic()
                await call.readmit()
            page = await _page(call, wanted, page.next_cursor)
        yield sheet.tail(Told(True, written, as_of))
        outcome = "succeeded"
    except GraveshiftError as error:
        log.warning("export_cut", code=error.code, letters=written)
    finally:
        _remember(call, Deed(operation=OPERATION, outcome=outcome, reason=said, total=written))


async def _page(call: Call, wanted: Wanted, cursor: str | None) -> Page[Letter]:
    """The letters of `ids` all at once, else the next of those that match."""
    if isinstance(wanted, Filter):
        return await DLQ.page(call.rooms, wanted, cursor, PAGE, Sort.NEWEST)
    found = [await _one(call, id) for id in wanted]
    return Page([letter for letter in found if letter is not None], as_of=await call.rooms.now())


async def _one(call: Call, id: str) -> Letter | None:
    letter: Letter | None = await DLQ.one(call.rooms, id)
    return letter


async def _rows(call: Call, letters: Sequence[Letter]) -> list[Row]:
    """With what they carry, veiled; meanwhile the loop serves others."""
    natives: dict[str, list[str]] = defaultdict(list)
    for letter in letters:
        natives[letter.system].append(split(letter.id)[1])
    kept = {system: await _payloads(call, system, ids) for system, ids in natives.items()}
    return await asyncio.to_thread(_shown, letters, kept, call.rooms.redaction)


def _shown(letters: Sequence[Letter], kept: Mapping[str, Mapping[str, bytes]], redaction: Redaction) -> list[Row]:
    found = (kept[one.system].get(split(one.id)[1], b"null") for one in letters)
    return [_row(one, redaction.payload(raw), redaction) for one, raw in zip(letters, found, strict=True)]


async def _payloads(call: Call, system: str, natives: Sequence[str]) -> dict[str, bytes]:
    """By native id; nothing where the system keeps them to itself."""
    port = call.rooms.payloads.get(system)
    try:
        found = await port.payloads(natives) if port else {}
    except Unsupported:
        return {}
    return {native: payload.encode("utf-8", "surrogatepass") for native, payload in found.items()}


def _row(letter: Letter, payload: bytes, redaction: Redaction) -> Row:
    told = {name: redaction.text(getattr(letter, name)) for name in SAID}
    kept = {name: getattr(letter, name) for name in Letter.__struct_fields__}
    return Row(payload=Raw(payload), **(kept | told))


async def _wanted(call: Call) -> Wanted:
    """What was asked for: ids, or conditions. The text of a filter is read once, so what is `<2h` stays that."""
    given = {name: value for name in call.query.__struct_fields__ if (value := getattr(call.query, name)) is not None}
    given.pop("format")
    if "ids" in given:
        ids: list[str] = given.pop("ids").split(",")
        if given or len(ids) > MOST_IDS:
            raise Invalid("give `ids` or conditions, not both" if given else f"at most {MOST_IDS:,} ids")
        return ids
    text = given.pop("q", None)
    try:
        said = Filter(**given)
    except ValueError as error:
        raise Invalid(str(error)) from error
    return said if text is None else both(said, await call.rooms.interpreter.filter(text, DLQ.says, DLQ.name))


def _in_words(call: Call, wanted: Wanted) -> str:
    """For the record: what was typed, and no secret of it."""
    if isinstance(wanted, list):
        return f"{len(wanted)} by id"
    told = {name: getattr(call.query, name) for name in (*DLQ.fields, "q")}
    if told["q"] is not None:
        told["q"] = hidden_query(told["q"], call.rooms.redaction)
    said = " ".join(f"{name}={value}" for name, value in to_builtins(told).items() if value is not None)
    return hidden_words(said, call.rooms.redaction)[:1000] or "all"


def _remember(call: Call, deed: Deed) -> None:
    """A stream whose client has left is being cancelled; what is put on the record about it must not be."""
    task = asyncio.get_running_loop().create_task(_record(call, deed))
    _UNDER_WAY.add(task)
    task.add_done_callback(_UNDER_WAY.discard)


async def _record(call: Call, deed: Deed) -> None:
    try:
        await call.rooms.audit.record(call.actor.name, call.actor.source, deed)
    except (GraveshiftError, OSError) as error:
        log.error("export_not_recorded", error=type(error).__name__, letters=deed.total)
