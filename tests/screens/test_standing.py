"""What operators did to a queue is seen in every place, whole where there is room, and never lifted unseen."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from graveshift.wire.queues import Limit, Queue
from graveshift.wire.runs import Run, RunState
from graveshift_tui.operate import progress
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens import standing
from graveshift_tui.screens.queues import nodes, pane
from graveshift_tui.widgets.columns import At
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.screens.stock import queue
from tests.waiting import until

SINCE = START - timedelta(minutes=21)
WHY = "the bank answers nothing since half past two, their night shift was called and calls back by four: ticket 4711"
ALL = replace(
    queue("webhooks"), paused=True, paused_at=SINCE, paused_by="bob", paused_reason=WHY, draining=True,
    draining_at=SINCE - timedelta(days=3), draining_by="cleo", draining_reason="it moves to another region",
    limit=Limit(4, 10, 20, "dan", "slow bank", SINCE), held=40,
)  # fmt: skip
TOLD = (
    f'paused by bob since 02:51Z until resumed: "{WHY}"',
    'draining by cleo since 19 Nov 02:51Z: "it moves to another region"',
    'at most 4 at once, 10 a second after a burst of 20; 12 running, by dan since 02:51Z: "slow bank"',
    "40 jobs held, no end: until released",
)


def stood(one: Queue = ALL) -> FakeClient:
    client = FakeClient(letters=400)
    client.queues = [one, *client.queues[1:]]
    return client


def joined(text: str) -> str:
    """The text of a screen with its line ends as blanks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (60, "webhooks  PAUSED DRAINING MAX 4 10/s"),
        (29, "webhooks  PAUSED DRAINING MAX"),
        (19, "webhooks  PAUSED +2"),
        (18, "webhooks PAUSED +2"),
        (17, "webhooks  +3"),
        (12, "webhooks  +3"),
    ],
)
def test_a_row_names_what_stands_as_far_as_there_is_room_and_counts_the_rest(width: int, shown: str) -> None:
    found = standing.name(ALL, width)[0]
    assert found == shown
    assert cell_len(found) <= width


def test_marks_of_a_short_name_are_counted_where_they_would_be_cut() -> None:
    one = replace(ALL, name="st", paused=False)
    assert [standing.name(one, width)[0] for width in (18, 16, 15)] == [
        "st  DRAINING MAX", "st  DRAINING MAX", "st  DRAINING +1",
    ]  # fmt: skip


def test_a_name_that_is_longer_than_its_column_is_cut_and_what_stands_is_named() -> None:
    found = standing.name(replace(ALL, name="a-name-that-is-longer"), 19)[0]
    assert found.startswith("a-n")
    assert found.endswith("…  PAUSED +2")
    assert cell_len(found) <= 19


@pytest.mark.parametrize(("width", "has"), [(80, False), (100, True), (200, True)])
async def test_scheduled_jobs_are_listed_where_there_is_room_and_always_told_below(width: int, has: bool) -> None:
    async with console(stood(replace(ALL, scheduled=35)), size=(width, 30)) as person:
        await person.goes("4", "queues")
        await person.sees("35 jobs scheduled for later")
        await person.sees("40 jobs held")
        assert "HELD" in person.text
        assert ("SCHEDULED" in person.text) is has


def test_a_queue_with_nothing_for_later_says_nothing_of_it() -> None:
    assert "scheduled" not in str(pane(queue("mail"), At(80, START)))


async def test_the_next_step_tells_the_key_of_a_pause_only_on_the_queue_that_is_paused() -> None:
    client = stood()
    client.queues = [*client.queues[1:], replace(ALL, id="native:st", name="st")]
    async with console(client, size=(120, 40)) as person:
        await person.sees("go to the paused queue")
        assert "p resume" not in next_line(person)
        assert "4 go to the paused queue" in next_line(person)
        assert " R " not in next_line(person)
        for _ in range(20):
            await person.press("j")
            if "p resume the queue" in next_line(person):
                break
        [row] = person.app.screen.subject().rows if isinstance(person.app.screen, ConsoleScreen) else []
        assert isinstance(row, Queue)
        assert row.name == "st"


def next_line(person: Person) -> str:
    """The line of next steps."""
    return next((line for line in person.text.splitlines() if line.startswith(" NEXT")), "")


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (replace(ALL, paused=False), "DRAINING MAX 4 10/s"),
        (replace(ALL, draining=False), "PAUSED MAX 4 10/s"),
        (replace(ALL, paused=False, draining=False), "MAX 4 10/s"),
    ],
)
def test_neither_a_pause_nor_a_drain_hides_the_limit(one: Queue, shown: str) -> None:
    assert standing.name(one, 60) == (f"webhooks  {shown}", "mark")


def test_the_panel_says_everything_whole_at_80_cells() -> None:
    at = At(80, START)
    shown = ["".join(part for part, _ in row) for row in pane(ALL, at)]
    assert max(map(cell_len, shown)) <= 80
    for said in TOLD:
        assert said in joined("\n".join(shown))
    told = "\n".join("".join(part for part, _ in node.head) for node in nodes(ALL, at))
    for said in TOLD:
        assert said in told


def test_a_queue_on_which_nothing_stands_says_nothing_of_it() -> None:
    one = queue("mail")
    assert standing.name(one, 60) == "mail"
    assert standing.lines(one, START) == []
    assert "system native" in str(pane(one, At(80, START)))


@pytest.mark.parametrize(
    ("end", "said"),
    [(START + timedelta(minutes=28), "the last until 03:40Z"), (START + timedelta(days=2), "24 Nov 03:12Z")],
)
def test_held_jobs_say_when_the_last_hold_ends(end: datetime, said: str) -> None:
    assert said in standing.held(Queue("a", "b", "c", held=1, held_until=end), START)
    assert "1 job held" in standing.held(Queue("a", "b", "c", held=1, held_until=end), START)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_reason_of_a_pause_is_read_whole_on_the_queues_screen(size: tuple[int, int]) -> None:
    async with console(stood(), size=size) as person:
        await person.goes("4", "queues")
        await until(lambda: all(said in joined(person.text) for said in TOLD), what=person.text)
        assert "HELD" in person.text


async def test_the_cursor_stays_in_sight_when_the_panel_grows_and_what_is_cut_ends_in_dots() -> None:
    client = stood(replace(ALL, paused_reason="x " * 250, draining_reason="y " * 250))
    client.queues = [*(replace(queue(f"q{n:02}"), id=f"native:q{n:02}") for n in range(30)), client.queues[0]]
    async with console(client) as person:
        await person.goes("4", "queues")
        await person.press("G")
        await person.sees("paused by bob")
        await until(lambda: "›" in person.text and "…" in person.text.rpartition("x x x")[2], what=person.text)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_overview_has_a_line_for_each_pause_each_drain_and_each_queue_with_held_jobs(
    size: tuple[int, int],
) -> None:
    async with console(stood(), size=size) as person:
        for said in ("PAUSED   webhooks by bob since 02:51Z", "DRAINING webhooks by cleo since 19 Nov 02:51Z",
                     "HELD     webhooks 40 jobs held, no end"):  # fmt: skip
            await person.sees(said)
        await person.sees("…") if size[0] == 80 else None
        await person.press("end")
        await until(
            lambda: [line[:10].split() for line in person.text.splitlines() if line[:1] == "›"] == [["›", "HELD"]]
        )


async def test_many_of_them_leave_room_for_causes_and_queues_and_are_counted() -> None:
    client = FakeClient(letters=400)
    client.queues = [replace(ALL, id=f"native:q{n}", name=f"q{n}") for n in range(9)]
    async with console(client) as person:
        await person.sees("23 more that are paused, draining or held")
        await person.sees("ConnectTimeout")


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (ALL, "webhooks is paused and draining. Resume it"),
        (replace(ALL, paused=False), "webhooks is draining. Resume it"),
    ],
)
@pytest.mark.parametrize("place", ["overview", "queues"])
async def test_the_key_of_pauses_lifts_nothing_unasked_and_its_hint_says_so(one: Queue, asked: str, place: str) -> None:
    client = stood(one)
    async with console(client) as person:
        if place == "queues":
            await person.goes("4", "queues")
        await person.sees("p resume")
        await person.press("p")
        await person.sees(asked)
        await person.press("enter")
        await person.sees("lifts: draining by cleo: it moves to another region")
        await person.press("n")
        assert client.queues[0].draining
        assert not client.runs


async def test_the_hint_follows_the_cursor_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(stood()) as person:
        await person.goes("4", "queues")
        await person.sees("p resume")
        monkeypatch.setattr(person.listing, "beat", lambda: None)
        await person.press("j")
        await person.sees("p pause")
        await person.press("k")
        await person.sees("p resume")


async def test_a_paused_queue_gets_another_end_and_keeps_its_reason() -> None:
    client = stood()
    async with console(client) as person:
        await person.goes("4", "queues")
        await person.press("p")
        await person.sees("Resume it, or pause it anew?")
        await person.sees("resume now")
        await person.types("2h")
        await person.sees("for 2 hours")
        await person.press("enter")
        await until(lambda: client.queues[0].paused_until == START + timedelta(hours=2))
        assert (client.queues[0].paused_reason, client.queues[0].draining) == (WHY, True)
        await person.told("queue webhooks for 2 hours")


def test_a_purge_counts_jobs_and_a_pause_its_queue() -> None:
    run = Run(id="15", plan_id="p", operation="queue.purge", state=RunState.SUCCEEDED, total=40, moved=40, actor="ana")
    assert progress(run) == "100% of 40 jobs"
    assert progress(replace(run, operation="queue.pause", total=1, moved=1)) == "100% of 1 queue"


def test_times_are_those_of_the_backend_and_in_utc() -> None:
    one = Queue("a", "b", "c", paused=True, paused_until=datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    assert standing.paused(one, START) == "paused until 08:00Z"


async def test_a_queue_that_only_drains_is_not_offered_a_pause_anew() -> None:
    async with console(stood(replace(ALL, paused=False))) as person:
        await person.goes("4", "queues")
        await person.press("p")
        await person.sees("webhooks is draining. Resume it, or pause it?")
