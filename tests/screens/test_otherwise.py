"""A requeue to another queue, later, with the attempts that were left, at another rate: chosen before the question."""

from datetime import UTC, datetime

import pytest
from textual.widgets import Input

from graveshift_tui.screens.flows.guarding import LOOKS, OFFERED, why_not
from graveshift_tui.screens.flows.otherwise import Ways, _at, _due, _guard, _per_s
from graveshift_tui.thresholds import NAMES, guard_of
from graveshift_tui.widgets.choose import Chooser
from tests.screens.console import Person, console
from tests.screens.test_one_question import sends
from tests.waiting import until

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


async def picks(person: Person, question: str, *keys: str) -> None:
    """Types into the chooser that asks so, and takes what it offers then."""
    await until(lambda: isinstance(person.app.screen, Chooser) and question in person.app.screen.question)
    await until(lambda: person.app.screen.query(Input))
    await person.press(*keys, "enter")


async def test_every_way_is_chosen_and_sent_and_esc_leaves_all() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await until(lambda: person.listing.table.row is not None)
        await person.press("O")
        await picks(person, "how?", *"queue")
        await picks(person, "Back to which queue?", *"mai")
        await picks(person, "how?", *"when")
        await picks(person, "Due when?", *"15m")
        await picks(person, "how?", *"attempts")
        await picks(person, "how?", *"rate")
        await picks(person, "At what rate?", *"unlimited")
        await picks(person, "how?", *"guard")
        await picks(person, "At which thresholds", *"stop_ratio=10%,slow_age=2m")
        await until(lambda: isinstance(person.app.screen, Chooser))
        for words in (
            "stop_ratio=10% slow_age=2m",
            "mail",
            "15 minutes after each has moved",
            "only those that were left",
            "no limit",
        ):
            await person.sees(words)
        await picks(person, "how?")
        await until(lambda: person.client.plans)
        (plan,) = person.client.plans.values()
        chosen = {name: plan.args[name] for name in ("queue", "delay_s", "at", "attempts", "rate", "guard")}
        assert chosen == {"queue": "mail", "delay_s": 900.0, "at": None, "attempts": "keep", "rate": "unlimited",
                          "guard": {"stop_ratio": 0.1, "slow_age_s": 120.0}}  # fmt: skip
        assert "filter" in plan.args["selection"]


async def test_all_of_it_may_be_typed_ahead() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "Oqueue\nmail\nwhen\n15m\nrate\n500\n\n")
        await until(lambda: person.client.plans)
        (plan,) = person.client.plans.values()
        assert [plan.args[name] for name in ("queue", "delay_s", "rate")] == ["mail", 900.0, 500.0]


async def test_a_queue_that_is_not_there_yet_is_said_to_be_new() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        await person.press("O")
        await picks(person, "how?", *"queue")
        await until(lambda: isinstance(person.app.screen, Chooser) and "which queue" in person.app.screen.question)
        await until(lambda: person.app.screen.query(Input))
        await person.press(*"quarantine")
        await person.sees("quarantine, a new queue")
        await person.press("escape")
        await until(lambda: not isinstance(person.app.screen, Chooser))
        assert not person.client.plans


@pytest.mark.parametrize(
    ("text", "args", "words"),
    [
        ("15m", {"delay_s": 900.0, "at": None}, "15 minutes after each has moved"),
        ("03:40", {"delay_s": None, "at": "2026-11-22T03:40:00Z"}, "at 03:40Z"),
        ("03:00", {"delay_s": None, "at": "2026-11-23T03:00:00Z"}, "at 03:00Z tomorrow"),
        ("", {"delay_s": None, "at": None}, "at once"),
    ],
)
def test_a_length_is_a_delay_and_a_clock_is_a_time(text: str, args: dict[str, object], words: str) -> None:
    ways = _at(NOW, Ways(), text)
    assert (ways.args, ways.words["when"]) == (args, words)
    assert not text or _due(text, NOW) == words


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("stop_ratio=10%", {"stop_ratio": 0.1}),
        ("slow_ratio=0.05 stop_ratio=off", {"slow_ratio": 0.05, "stop_ratio": "off"}),
        ("slow_age=90s, stop_age_s=600", {"slow_age_s": 90.0, "stop_age_s": 600}),
        ("stop_depth=5000 minimum=10 probe=partner", {"stop_depth": 5000, "minimum": 10, "probe": "partner"}),
    ],
)
def test_thresholds_are_typed_by_the_names_of_their_settings(text: str, guard: dict[str, object]) -> None:
    assert guard_of(text) == guard


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Thresholds are typed by name: stop_ratio=10% slow_age=2m stop_depth=5000 probe=NAME."),
        ("10%", "probe=NAME. `10%` is none."),
        ("stop_ratio=200%", "`stop_ratio=200%`: A part is 5% or 0.05, of up to 100%, or off."),
        ("stop_ratio=fast", "A part is 5% or 0.05"),
        ("slow_age=2", "`slow_age=2`: A time has its unit: 45s, 15m or 1h30m, up to 1d, or off."),
        ("settle=nan", "A time has its unit: 45s, 15m or 1h30m, up to 1d."),
        ("stop_depth=0.5", "A depth is a number of jobs: 500 or 5,000, or off."),
        ("minimum=0", "It is a number from 1 to 1,000."),
        ("slow_rato=5%", "No threshold is called `slow_rato` (did you mean `slow_ratio`?)."),
        ("probe=a probe=b", "`probe` is given twice."),
        ("slow_ratio=50% stop_ratio=10%", "slow_ratio 0.5 is above stop_ratio 0.1"),
        ("canary_red=2", "No threshold is called `canary_red`"),
    ],
)
def test_what_is_no_threshold_is_not_taken_and_says_what_one_is(text: str, why: str) -> None:
    assert why in why_not(text)


def test_what_is_offered_is_taken_and_every_name_is_told() -> None:
    assert [why_not(offer) for offer in OFFERED] == [""] * len(OFFERED)
    assert all(f"{name.removesuffix('_s')}" in LOOKS for name in NAMES)
    assert guard_of("stop_depth=5,000,slow_age=2m") == {"stop_depth": 5000, "slow_age_s": 120.0}


async def test_a_time_without_its_unit_is_refused_where_it_is_typed() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await until(lambda: person.listing.table.row is not None)
        await person.press("O")
        await picks(person, "how?", *"guard")
        await until(lambda: isinstance(person.app.screen, Chooser) and "thresholds" in person.app.screen.question)
        await until(lambda: person.app.screen.query(Input))
        await person.press(*"slow_age=2")
        await person.sees("A time has its unit: 45s, 15m or 1h30m")


def test_the_configured_thresholds_are_those_of_no_argument() -> None:
    assert _guard(Ways(), "").args == {"guard": None}


def test_a_rate_is_a_number_and_unlimited_is_said() -> None:
    assert _per_s(Ways(), "0.5").args == {"rate": 0.5}
    assert _per_s(Ways(), "unlimited").args == {"rate": "unlimited"}
    assert _per_s(Ways(), "").args == {"rate": None}
