"""Names and texts of strangers, however long or odd, leave every column and the band where they are."""

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from wcwidth import wcwidth

from graveshift.wire.groups import Group
from graveshift.wire.overview import Environment, Overview
from graveshift.wire.queues import Queue
from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.band import Pulse, band
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient

NAME = ("queue-" + "abcdefghij" * 13)[:128]
TEXTS = (
    "接続がタイムアウトしました：ホスト「api」に到達できません " * 6,
    "e\u0301a\u0308o\u0302n\u0303 combining " * 10,
    "שלום עולם مرحبا بالعالم \u202eevil\u202c " * 6,
    "👩\u200d👩\u200d👧\u200d👦 👍🏽 ❤\ufe0f 🏿 family " * 6,
    "x" * 10_000,
    "Z\u0351\u036b\u0343\u036a\u0302a\u0334l\u0335g\u0336o " * 20,
    "สวัสดี नमस्ते 안녕하세요 " * 8,
    "a\tb\rc\nd \x1b[31mred\x9b31m" * 5,
    "\u200b\u2060\ufeff\u00ad soft" * 10,
)


class Odd(FakeClient):
    """Everything that a stranger can name or say is one of these."""

    def __init__(self) -> None:
        super().__init__(letters=27)
        self.letters = [
            replace(x, queue=(NAME, TEXTS[i % 9])[i % 2], kind=TEXTS[i % 9], error_type=(TEXTS[i % 9], "E")[i % 2],
                    error_message=TEXTS[i % 9], worker_version=TEXTS[3], attempts=77, requeue_count=88)
            for i, x in enumerate(self.letters)
        ]  # fmt: skip
        self.queues = [replace(x, name=(NAME, *TEXTS)[i], running=66) for i, x in enumerate(self.queues)]

    def groups(self) -> list[Group]:
        """One of each kind."""
        base = Group(id="native:g", fingerprint="f", system="native", queue=NAME, kind=NAME, error_type="", message="",
                     dead=12345, retrying=55, per_min=930.0, first_seen=self.now, last_seen=self.now,
                     died_again=0, trend=[1] * 30)  # fmt: skip
        return [replace(base, id=f"native:g{i}", error_type=x, message=x) for i, x in enumerate(TEXTS)]

    def live_queues(self) -> list[Queue]:
        """As they are."""
        return self.queues

    async def overview(self) -> Overview:
        """With a band that is too wide for anything."""
        seen = await super().overview()
        return replace(seen, actor=TEXTS[0], environment=Environment(TEXTS[6], "h" * 300, "red", "0.1.0"))


def cells(line: str) -> list[str]:
    """What stands in each cell of a terminal that goes by wcwidth, character by character."""
    found: list[str] = []
    for char in line:
        if (width := wcwidth(char)) > 0:
            found += [char] + [""] * (width - 1)
    return found


def column(person: Person, word: str, numbers: str) -> int:
    """How many lines have the number at the right edge of the column of that heading, wherever else it stands."""
    lines = [cells(line) for line in person.text.splitlines()]
    ends = next(i + len(word) for line in lines for i in range(len(line)) if "".join(line[i:]).startswith(f"{word} "))
    return sum("".join(line[ends - len(numbers) : ends]) == numbers for line in lines)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_columns_stay_where_they_are_whatever_stands_in_them(size: tuple[int, int]) -> None:
    async with console(Odd(), size=size) as person:
        await person.sees("12,345")
        await person.sees(" RUN ")  # the queues come after the causes
        assert column(person, "RETRY", "55") >= 5
        assert column(person, "RUN", "66") == 4
        await person.goes("2", "groups")
        assert column(person, "RETRY", "55") == 9
        await person.goes("3", "dlq")
        assert column(person, "TRIES", "77") >= 18
        assert column(person, "AGAIN", "88") >= 18
        for line in person.text.splitlines():
            assert len(cells(line)) in (size[0], size[0] - 1), line


@pytest.mark.parametrize("width", [60, 80, 200])
async def test_the_band_always_says_how_old_the_data_is(width: int) -> None:
    seen = await Odd().overview()
    shown = "".join(clean(text) for text, _ in band(Pulse(overview=seen, age_s=754.0), width, ""))
    assert cell_len(shown) == width
    assert "12m34s old" in shown
    assert shown.rstrip().endswith("Z")
    assert "h…" in shown


async def test_a_name_that_has_room_is_whole_in_the_band_wide_letters_too() -> None:
    seen = replace(await FakeClient(letters=3).overview(), actor="田中さくら")
    assert "田中さくら" in "".join(text for text, _ in band(Pulse(overview=seen), 80, ""))


def test_an_emoji_is_shown_without_what_says_how_it_looks() -> None:
    assert clean("👍🏽 ❤\ufe0f 🏿") == "👍 ❤ "
