"""An export that was cut is known as such, wherever it was cut, and leaves no file."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import cast

import pytest

from graveshift_tui.client import Client
from graveshift_tui.saving import ExportCut, FileThere, copied, save

JSONL = b'{"id":"a"}\n{"id":"b"}\n{"export":{"complete":true,"letters":2,"as_of":"2026-11-22T03:00:00Z"}}\n'
CSV = b"id\r\na\r\n# export complete: 1 letters as of 2026-11-22T03:00:00Z\r\n"
FORGED = b'id,message\r\na,"x\r\n# export complete: 1 letters as of 2026\r\n'


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


class Exports:
    """Gives these bytes in parts of `size`."""

    def __init__(self, body: bytes, size: int) -> None:
        self.body = body
        self.size = size

    async def export(self, params: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        for at in range(0, len(self.body), self.size):
            yield self.body[at : at + self.size]


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_whole_export_is_written_without_its_last_line(size: int) -> None:
    for body, csv, letters in ((JSONL, False, 2), (CSV, True, 1)):
        written = bytearray()
        assert await copied(Exports(body, size).export({}), written.extend, lambda n: None, csv=csv) == letters
        assert written == body[: body.rindex(b"\n", 0, -1) + 1]


@pytest.mark.parametrize("csv", [False, True])
async def test_an_export_that_is_cut_anywhere_is_known_as_cut(csv: bool, tmp_path: Path) -> None:
    whole = CSV if csv else JSONL
    params = {"format": "csv" if csv else "jsonl"}
    for end in range(len(whole)):
        client = cast("Client", Exports(whole[:end], 1000))
        with pytest.raises(ExportCut):
            await save(client, params, tmp_path / "out", force=False, told=lambda n: None)
    assert names(tmp_path) == []


async def test_a_cell_that_looks_like_the_last_line_is_none() -> None:
    with pytest.raises(ExportCut):
        await copied(Exports(FORGED, 5).export({}), lambda part: None, lambda n: None, csv=True)


async def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out"

    def meanwhile(come: int) -> None:
        path.write_text("mine")

    with pytest.raises(FileThere):
        await save(cast("Client", Exports(JSONL, 1000)), {"format": "jsonl"}, path, force=False, told=meanwhile)
    assert names(tmp_path) == ["out"]
    assert path.read_text() == "mine"
