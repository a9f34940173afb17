"""`:export`: what the list shows or what is marked goes to a file, whatever says it, and nothing else."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

SAID = (
    '-queue:mail "reset by peer"',
    "payload.user=42 -group:1-abc",
    "payload.tags[]=x late",
    f"payload.key=hmac:{'0' * 16}-{'a' * 64}",
)


class Exporting(FakeClient):
    """Gives two letters, and keeps what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, str]] = []

    async def export(self, params: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        self.asked.append(dict(params))
        if params["format"] == "csv":
            yield b"id\r\na\r\nb\r\n# export complete: 2 letters as of 2026-11-22T03:00:00Z\r\n"
        else:
            yield b'{}\n{}\n{"export":{"complete":true,"letters":2,"as_of":"2026-11-22T03:00:00Z"}}\n'


async def exports(person: Person, file: Path) -> None:
    await person.press("colon")
    await until(lambda: isinstance(person.app.focused, Input), what="the line takes keys")
    await person.types(f"export {file}")
    await person.press("enter")


async def filters(person: Person, text: str) -> None:
    await person.press("slash")
    await until(lambda: isinstance(person.app.focused, Input), what="the line takes keys")
    await person.types(text)
    await person.press("enter")
    await until(lambda: person.listing.route.query == text and person.listing.table.chain.started)


async def test_the_list_is_exported_to_a_file_and_one_that_is_there_is_kept(tmp_path: Path) -> None:
    file, client = tmp_path / "out.csv", Exporting()
    async with console(client) as person:
        await person.goes("3", "dlq")
        for said in (f"2 letters exported to {file}", "this file is there already"):
            await exports(person, file)
            await person.told(said)
    assert client.asked == [{"format": "csv"}]


@pytest.mark.parametrize("text", SAID)
async def test_what_only_the_language_can_say_is_exported_as_it_was_typed(text: str, tmp_path: Path) -> None:
    client = Exporting()
    async with console(client) as person:
        await person.goes("3", "dlq")
        await filters(person, text)
        await exports(person, tmp_path / "out.jsonl")
        await person.told("2 letters exported")
    assert client.asked == [{"format": "jsonl", "q": text}]


async def test_marks_are_exported_and_not_what_the_filter_lets_through(tmp_path: Path) -> None:
    client = Exporting()
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("space")
        marked = list(person.listing.table.marks.ids)
        await filters(person, "queue:nowhere")
        await exports(person, tmp_path / "out.jsonl")
        await person.told("2 letters exported")
    assert client.asked == [{"format": "jsonl", "ids": ",".join(marked)}]
    assert len(marked) == 1


async def test_all_that_match_are_exported_by_their_filter(tmp_path: Path) -> None:
    client = Exporting()
    async with console(client) as person:
        await person.goes("3", "dlq")
        await filters(person, "-queue:nowhere")
        await person.press("asterisk", "asterisk")
        await exports(person, tmp_path / "out.jsonl")
        await person.told("2 letters exported")
    assert client.asked == [{"format": "jsonl", "q": "-queue:nowhere"}]


async def test_an_open_letter_is_exported_alone(tmp_path: Path) -> None:
    client = Exporting()
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("enter")
        await until(lambda: person.detail.thing is not None)
        await exports(person, tmp_path / "out.jsonl")
        await person.told("2 letters exported")
        assert client.asked == [{"format": "jsonl", "ids": person.detail.route.id}]
