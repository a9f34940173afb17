"""What the first line, the pane and a list say of a cause that goes on growing, and of who is on it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from textual.widgets import Static

from graveshift.wire.groups import Claim, Group
from graveshift.wire.runbooks import Runbook
from graveshift_tui.screens.causes import counted
from graveshift_tui.screens.explaining import Explaining
from graveshift_tui.screens.groups import pane
from graveshift_tui.screens.runbooks import nodes
from graveshift_tui.widgets.columns import At
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.screens.test_cause_words import CAUSE
from tests.waiting import until


class Claimed(FakeClient):
    """Its causes may be somebody's, and are so many more than their letters."""

    by: str | None = None
    more = 0

    def groups(self) -> list[Group]:
        """With the claim that holds now."""
        claim = Claim(self.by, START) if self.by else None
        return [replace(group, claim=claim, dead=group.dead + self.more) for group in super().groups()]


@pytest.mark.parametrize(("by", "said"), [(None, "nobody on it"), ("ben", "ben on it")])
async def test_the_first_line_says_whether_anybody_is_on_the_top_cause(by: str | None, said: str) -> None:
    client = Claimed(letters=400)
    client.by = by
    async with console(client) as person:
        await until(lambda: said in person.text.splitlines()[1])
        assert ("@ben" in person.text) is (by is not None)


async def test_a_list_that_counts_otherwise_than_the_row_it_was_opened_from_says_both() -> None:
    client = Claimed(letters=400)
    client.more = 7
    async with console(client) as person:
        await person.goes("2", "groups")
        await until(lambda: "first seen" in person.text)
        await person.press("enter")
        await until(lambda: "when opened, now" in person.text)


async def test_a_note_is_typed_and_sent() -> None:
    async with console(FakeClient(letters=400)) as person:
        await person.goes("2", "groups")
        await until(lambda: "first seen" in person.text)
        await person.press("N")
        await until(lambda: "What should others know" in person.text)
        await person.press(*"calling")
        await until(lambda: "write: calling" in person.text)


def test_what_came_since_the_cursor_came_or_left_last_is_counted() -> None:
    looking = Explaining(Static(), "groups", lambda: None)
    assert [looking.gained("a", n) for n in (10, 10, 14)] == [0, 0, 4]
    assert looking.gained("b", 5) == 0
    assert [looking.gained("a", n) for n in (20, 22)] == [6, 8]
    assert looking.gained("a", 4) == -10


def test_the_pane_says_it_with_its_sign_and_nothing_of_what_stayed() -> None:
    def said(gained: int) -> str:
        return "\n".join("".join(text for text, _ in line) for line in pane(CAUSE, At(80, START, gained)))

    assert "+231 since you looked" in said(231)
    assert "-9 since you looked" in said(-9)
    assert "since you looked" not in said(0)


def test_a_cause_of_many_says_that_they_are_counted_together() -> None:
    other = replace(CAUSE, fingerprint="other")
    assert "of many causes together" in counted(other, At(80, START))
    assert any("of many causes" in text for line in pane(other, At(80, START)) for text, _ in line)
    assert "many causes" not in counted(CAUSE, At(80, START))


def test_a_runbook_is_read_in_paragraphs_without_its_marks() -> None:
    text = "# A\n\n1. **Which one.** The pane\n   says it: [limit](../a.md#x).\n2. Next\n\n   | a | b |\n   | c | d |\n"
    lines = [
        "".join(part for part, _ in node.head).rstrip() for node in nodes(Runbook("a", "a", "A", text), At(80, START))
    ]
    assert any(line.endswith("1. Which one. The pane says it: limit.") for line in lines)
    assert any(line.endswith("| a | b |") for line in lines)
    assert any(line.endswith("2. Next") for line in lines)


def test_an_end_within_a_day_is_a_time_and_a_later_one_has_its_date() -> None:
    def said(hours: int) -> str:
        claim = Claim("ben", START, START + timedelta(hours=hours))
        return "\n".join("".join(text for text, _ in line) for line in pane(replace(CAUSE, claim=claim), At(80, START)))

    assert f"until {START + timedelta(hours=1):%H:%M}Z" in said(1)
    assert f"until {START + timedelta(hours=30):%Y-%m-%d}" in said(30)
