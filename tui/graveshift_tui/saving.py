"""An export on its way into a file: whole or not at all, for its owner only, and never over what is there."""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from msgspec import Struct, to_builtins

from graveshift.wire.selection import Filter
from graveshift_tui.client import Client
from graveshift_tui.settings import ConsoleError

LAST: Final = re.compile(rb'\{"export":\{"complete":true,"letters":(\d+),|# export complete: (\d+) letters ')
FORMATS: Final = ("jsonl", "csv")


class ExportCut(ConsoleError):
    """the export was cut before its end"""


class FileThere(ConsoleError):
    """this file is there already"""

    exit_code = 2


class CannotSave(ConsoleError):
    """the file cannot be written"""


class Whole(Struct):
    """Lets an export pass but for its last line, and says at the end whether that came. `letters` None: not yet.

    A line that only looks like the last one, within a cell of a CSV, is none: there quotes are open.
    """

    held: bytes = b""
    quotes: int = 0
    letters: int | None = None

    def passed(self, chunk: bytes) -> bytes:
        """What of the export is sure not to be its last line."""
        lines = self.held + chunk
        cut = lines.rfind(b"\n", 0, len(lines) - 1) + 1
        self.held = lines[cut:]
        self.quotes += lines.count(b'"', 0, cut)
        return lines[:cut]

    def end(self, *, csv: bool) -> int:
        """How many letters there were. Raises ExportCut where the last line did not come."""
        found = LAST.match(self.held)
        if found is None or not self.held.endswith(b"\n") or (csv and self.quotes % 2):
            raise ExportCut
        return int(found[1] or found[2])


def export_params(chosen: Filter | None) -> dict[str, str]:
    """The query parameters of a filter."""
    return {name: str(value) for name, value in to_builtins(chosen).items()} if chosen is not None else {}


async def save(
    client: Client, params: Mapping[str, str], path: Path, *, force: bool, told: Callable[[int], None]
) -> int:
    """How many letters are in the file now; `told` hears how many bytes have come, after each part.

    Raises FileThere unless `force`, CannotSave, ExportCut, and what the client raises; then there is no new file.
    """
    _check_free(path, force=force)
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            letters = await copied(client.export(params), file.write, told, csv=params["format"] == "csv")
            file.flush()
            os.fsync(file.fileno())
        _put(part, path, force=force)
    except OSError as error:
        raise CannotSave(f"{path}: {error.strerror}") from None
    finally:
        _clear(part)
    return letters


async def copied(
    chunks: AsyncIterator[bytes], write: Callable[[bytes], object], told: Callable[[int], None], *, csv: bool
) -> int:
    """Writes an export but for its last line; how many letters that was. Raises ExportCut."""
    whole, come = Whole(), 0
    async for chunk in chunks:
        write(whole.passed(chunk))
        come += len(chunk)
        told(come)
    return whole.end(csv=csv)


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise FileThere(f"{path}; choose another")


def _clear(part: Path) -> None:
    with suppress(OSError):
        part.unlink()


def _put(part: Path, path: Path, *, force: bool) -> None:
    if force:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise FileThere(f"{path}; it came meanwhile") from None
