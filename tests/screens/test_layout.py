"""What is drawn lines up, is never cut in the middle of a word, and uses the room there is."""

import re

import pytest
from msgspec.structs import replace

from graveshift.wire.runs import RunState
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

LONG = "a-very-long-queue-name-that-goes-on-and-on-for-ever.v2"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (81, 24), (120, 30), (200, 60)])
async def test_titles_of_queues_stand_above_their_numbers(size: tuple[int, int]) -> None:
    client = FakeClient(letters=400)
    first, second, *rest = client.queues
    client.queues = [replace(first, paused=True), replace(second, name=LONG, id="native:x", paused=True), *rest]
    async with console(client, size=size) as person:
        await person.goes("4", "queues")
        await person.sees("PAUSED")
        lines = person.text.splitlines()
        titles = next(line for line in lines if line.strip().startswith("QUEUE "))
        rows = [line for line in lines if " PAUSED " in line]
        assert len(rows) == 2
        assert all("PAUSED" in row[: titles.index("WAITING")] for row in rows)
        tails = [row.partition(" PAUSED ")[2].split() for row in rows]
        assert all(len(tail) == len(titles.split()) - 1 for tail in tails)
        ends = [found.end() for found in re.finditer(r"\S+", titles) if found[0] not in ("QUEUE", "SYSTEM")]
        assert all(row[end - 1] != " " and row[end : end + 1] in (" ", "") for row in rows for end in ends)


async def test_a_wide_screen_has_causes_and_queues_side_by_side_and_one_cursor_for_both() -> None:
    async with console(size=(200, 60)) as person:
        await person.sees("CAUSE")
        assert any("CAUSE " in line and "QUEUE " in line for line in person.text.splitlines())
        await person.press("tab")
        await until(lambda: "›!webhooks" in person.text)
        await person.press("enter")
        await person.sees("webhooks dlq")


@pytest.mark.parametrize("width", [60, 80, 100])
async def test_the_next_step_and_a_run_end_with_a_whole_word(width: int) -> None:
    client = FakeClient(letters=400)
    client.runs = [replace(client.start("dlq.requeue", total=500_000, moved=3), state=RunState.RUNNING)]
    client.queues = [replace(client.queues[0], paused=True), *client.queues[1:]]
    async with console(client, size=(width, 24)) as person:
        await person.sees("RUNS")
        lines = [line.rstrip() for line in person.text.splitlines()]
        [step] = [line for line in lines if line.startswith(" NEXT")]
        assert step.endswith(("cause", "runs", "queue", "overdue"))
        [run] = [line for line in lines if line.startswith("  RUNS")]
        assert run.endswith(("eta 2h46m", "ben", "letters"))
