"""One question at a time: what is pressed while one is on its way goes into that, or nowhere."""

import asyncio
from collections.abc import Mapping
from time import monotonic

import pytest
from msgspec import Struct
from textual.events import Key
from textual.widgets import Input

from graveshift.wire.page import Page, Sort
from graveshift.wire.plans import Confirm, Plan
from graveshift.wire.runs import Run, RunState
from graveshift.wire.selection import Filter
from graveshift_tui import opening
from graveshift_tui.client import ApiError
from graveshift_tui.opening import HASTE_S, Opening
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens.listing import ListScreen
from graveshift_tui.widgets.choose import Chooser
from graveshift_tui.widgets.confirm import ConfirmDialog
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

OVER = Run(id="81", plan_id="p", operation="dlq.requeue", state=RunState.SUCCEEDED, total=10, actor="ana")


class Slow(FakeClient):
    """Plans and reads of queues take their time."""

    gate_s = 0.15

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """The same, later."""
        await asyncio.sleep(self.gate_s)
        return await super().plan(operation, args)

    async def page(
        self,
        resource: str,
        filter: Filter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:
        """The same, later where one queue is asked for."""
        await asyncio.sleep(self.gate_s if resource == "queues" and filter is not None else 0)
        return await super().page(resource, filter, cursor=cursor, limit=limit, sort=sort)


class Forgetful(Slow):
    """Its runs are not there any more when one is looked at."""

    async def look(self, run_id: str) -> Run:
        """None."""
        raise ApiError("not-found", 404, "no such run")


class Quick(Slow):
    """Whose answers are there at once."""

    gate_s = 0


async def sends(person: Person, text: str) -> None:
    """Keys in one go, as a terminal hands on what was typed ahead."""
    for char in text:
        person.app.post_message(Key("enter" if char == "\n" else char, None if char == "\n" else char))
    await person.pilot.pause()


def questions(person: Person) -> list[object]:
    return [screen for screen in person.app.screen_stack if not isinstance(screen, ConsoleScreen)]


@pytest.mark.parametrize("client", [Slow, Quick])
async def test_a_second_verb_is_refused_and_the_field_of_the_first_stays_empty(client: type[FakeClient]) -> None:
    async with console(client()) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "drR")
        await until(lambda: isinstance(person.app.screen, ConfirmDialog))
        await person.told("one question at a time")
        await person.pilot.pause(0.5)
        [question] = questions(person)
        assert isinstance(question, ConfirmDialog)
        assert question.plan.confirm is Confirm.PHRASE
        assert question.query_one("#phrase", Input).value == ""
        assert len(person.client.plans) == 1
        assert sum("one question" in toast for toast in person.on_show) <= 1


@pytest.mark.parametrize("client", [Slow, Quick])
@pytest.mark.parametrize("keys", ["pp", "pl", "lp"])
async def test_what_follows_a_verb_that_asks_for_a_value_is_typed_into_its_field(
    client: type[FakeClient], keys: str
) -> None:
    async with console(client()) as person:
        await person.goes("4", "queues")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, keys)
        await until(lambda: isinstance(person.app.screen, Chooser))
        await until(lambda: [field.value for field in person.app.screen.query(Input)[:1]] == [keys[1:]])
        await person.pilot.pause(0.5)
        assert len(questions(person)) == 1


@pytest.mark.parametrize("client", [Slow, Quick])
async def test_a_pause_and_a_yes_may_be_typed_ahead(client: type[FakeClient]) -> None:
    async with console(client()) as person:
        await person.goes("4", "queues")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "p15m\n")
        await until(lambda: person.client.queues[0].paused, what="a pause")
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "ry")
        await person.told("succeeded")


async def late(person: Person, client: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question has been on its way for long."""
    monkeypatch.setattr(opening, "AHEAD_S", 0.1)
    await person.goes("3", "dlq")
    await until(lambda: person.listing.table.row is not None)
    client.gate_s = 3600.0
    await person.press("R")
    await until(lambda: person.app.actions.gate.opening.is_late(monotonic()))


async def test_keys_do_nothing_on_the_screen_below_while_a_question_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Slow()
    async with console(client) as person:
        await late(person, client, monkeypatch)
        await sends(person, "jd7y")
        await person.told("keys do nothing until it is there, esc gives it up")
        await until(lambda: not person.app.screen.query("#prompt"))
        assert person.listing.route.card == "dlq"
        assert person.listing.table.cursor == 0
        assert not questions(person)
        assert not client.runs


async def test_what_was_typed_for_a_question_waits_for_it_however_long_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Slow()
    client.gate_s = 1.0
    async with console(client) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        monkeypatch.setattr(opening, "AHEAD_S", 0.5)
        await sends(person, "ry")
        await person.told("succeeded")


async def test_a_question_that_takes_long_is_given_up_by_escape_and_runs_are_stopped_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Slow()
    client.start("dlq.requeue", total=1000)
    async with console(client) as person:
        await late(person, client, monkeypatch)
        await person.press("X")
        await person.told("run 81: stopping")
        await person.press("escape")
        await person.told("given up; nothing was done")
        assert person.listing.route.card == "dlq"
        client.gate_s = 0
        await person.press("j", "r")
        await until(lambda: isinstance(person.app.screen, ConfirmDialog))


async def test_what_is_typed_ahead_for_a_field_may_begin_with_any_letter() -> None:
    async with console(Slow()) as person:
        await person.goes("4", "queues")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "pqX")
        await until(lambda: isinstance(person.app.screen, Chooser))
        await until(lambda: [field.value for field in person.app.screen.query(Input)[:1]] == ["qX"])


async def test_after_a_refused_plan_the_next_verb_is_taken() -> None:
    async with console(Slow()) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        person.client.offline = True
        await person.press("r")
        await person.told("refused")
        person.client.offline = False
        await person.press("r")
        await person.sees("Requeue this letter")


async def test_what_is_typed_for_a_question_that_is_none_acts_on_nothing_and_is_said() -> None:
    client = Forgetful()
    client.runs.append(OVER)
    async with console(client) as person:
        await person.goes("7", "runs")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "=500\n")
        await person.told("no such run")
        await person.told("what was typed for it is dropped")
        await person.pilot.pause(0.2)
        assert isinstance(person.app.screen, ListScreen)
        assert (person.app.screen.route.card, questions(person)) == ("runs", [])
        await person.press("3")
        await until(lambda: person.listing.route.card == "dlq", what="enter ends what is dropped")


async def test_a_value_goes_nowhere_where_there_is_nothing_to_ask_about_from_the_start() -> None:
    async with console(FakeClient()) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "=50")
        await person.told("you have no run that is live")
        await person.pilot.pause(0.2)
        assert person.listing.route.card == "dlq"


async def test_a_phrase_typed_ahead_of_a_plan_that_is_refused_acts_on_nothing() -> None:
    async with console(Slow()) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        person.client.offline = True
        await sends(person, "d15\n")
        await person.told("refused")
        await person.pilot.pause(0.2)
        assert (person.listing.route.card, questions(person)) == ("dlq", [])


async def test_stopping_and_leaving_are_never_dropped() -> None:
    async with console(FakeClient()) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        await sends(person, "=X")
        await person.told("no run is live")


def test_after_a_pause_a_key_is_for_the_screen_again() -> None:
    opening = Opening()
    opening.begin("Rate of a run", is_planned=False)
    opening.call_off()
    now = monotonic()
    assert opening.swallows(now, last=False)
    assert opening.swallows(now + HASTE_S * 0.9, last=False)
    assert not opening.swallows(now + HASTE_S * 3, last=False)
    assert not opening.is_void
    opening.begin("Requeue", is_planned=True)
    opening.call_off()
    assert not opening.swallows(monotonic(), last=False)
