"""A letter is edited from the keyboard, a cause is patched, and a run that waits is cancelled with one key."""

import json
import time
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Raw
from msgspec.structs import replace
from textual.widgets import TextArea

from graveshift.wire.plans import Caution, Plan
from graveshift.wire.runs import Run, RunState
from graveshift_tui.client import ApiError
from graveshift_tui.pretty import pretty
from graveshift_tui.screens.paces import starts
from graveshift_tui.screens.patches import Inexpressible, patch_of
from graveshift_tui.widgets.editpane import EditPane, in_editor, no_patch
from graveshift_tui.widgets.question import question
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until


async def area(person: Person) -> TextArea:
    """The pane's text, once it is open."""
    await until(lambda: isinstance(person.app.screen, EditPane) and bool(person.app.screen.query(TextArea)))
    return person.app.screen.query_one(TextArea)


async def test_a_letter_is_edited_and_only_what_changed_is_sent() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("e")
        field = await area(person)
        value = json.loads(field.text)
        name = next(iter(value))
        field.text = json.dumps({**value, name: "changed"})
        await person.press("ctrl+s")
        await person.sees("Edit and requeue this letter")
        (plan,) = person.client.plans.values()
        assert plan.args["patch"] == {name: "changed"}


async def test_broken_json_stays_with_the_place_where_it_breaks_and_nothing_is_asked() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("e")
        field = await area(person)
        field.text = "{"
        await person.press("ctrl+s")
        await person.sees("no JSON: Expecting property name")
        await person.press("escape")
        await person.sees("esc again throws that away")
        assert field.text == "{"
        await person.press("escape")
        await until(lambda: not isinstance(person.app.screen, EditPane))
        assert person.client.plans == {}


async def test_what_was_edited_is_there_again_when_the_question_was_declined() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("e")
        field = await area(person)
        was, field.text = field.text, '{"to": "changed"}'
        await person.press("ctrl+s")
        await person.sees("Edit and requeue this letter")
        await person.press("n", "e")
        field = await area(person)
        assert json.loads(field.text) == {"to": "changed"}
        await person.sees("as you had it last")
        await person.press("escape")
        await person.sees("esc again throws that away")
        await person.press("escape")
        await until(lambda: not isinstance(person.app.screen, EditPane))
        await person.press("e")
        assert (await area(person)).text == was


async def test_what_the_backend_refuses_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(operation: str, args: object) -> Plan:
        raise ApiError("too-large", 413, "the request is too large")

    async with console() as person:
        monkeypatch.setattr(person.client, "plan", refuse)
        await person.goes("2", "groups")
        await person.press("e")
        (await area(person)).text = '{"retries": 0}'
        await person.press("ctrl+s")
        await person.told("the request is too large")
        await person.press("e")
        assert (await area(person)).text == '{"retries": 0}'


def carrying(payload: object) -> FakeClient:
    client = FakeClient(letters=3)
    raw = Raw(json.dumps(payload).encode())
    client.letters = [replace(letter, payload=raw) for letter in client.letters]
    return client


@pytest.mark.parametrize("payload", [{"body": "lorem ipsum " * 250_000}, {f"key{n}": n for n in range(150_000)}])
async def test_what_is_too_long_to_be_typed_in_says_so_at_once_and_no_key_waits(payload: object) -> None:
    async with console(carrying(payload)) as person:
        await person.goes("3", "dlq")
        await person.press("e")
        await person.sees("too long to be typed")
        assert not person.app.screen.query_one(TextArea).display
        spent = time.process_time()
        await person.press(*"abc", "down", "end", "pagedown", "ctrl+s")
        await person.told("nothing was edited")
        assert time.process_time() - spent < 1.5


async def test_a_text_that_the_editor_made_short_can_be_typed_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(carrying({"to": "ana", "body": "x" * 200_000})) as person:
        await person.goes("3", "dlq")
        await person.press("e")
        await person.sees("200,0")
        pane = person.app.screen
        assert isinstance(pane, EditPane)
        monkeypatch.setattr("graveshift_tui.widgets.editpane.in_editor", lambda text: text.replace("x" * 200_000, "y"))
        monkeypatch.setattr(type(person.app), "suspend", lambda self: nullcontext())
        await person.press("ctrl+o")
        await person.sees('"body": "y"')
        await person.press("ctrl+end", "ctrl+home")
        await person.press("ctrl+s")
        await person.sees("Edit and requeue this letter")
        (plan,) = person.client.plans.values()
        assert plan.args["patch"] == {"body": "y"}


@pytest.mark.parametrize(
    ("before", "after", "edit"),
    [
        ('{"a": -0.0}', '{"a": 0.0}', {"patch": {"a": 0.0}}),
        ('{"a": NaN}', '{ "a": NaN}', None),
        ('{"a": true}', '{"a": 1}', {"patch": {"a": 1}}),
        ('{"a": 1}', '{"a": 1.0}', {"patch": {"a": 1.0}}),
        ('{"a": {"b": [1, {"c": 2}], "d": 3}}', '{"a": {"d": 3, "b": [1, {"c": 2}]}}', None),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', {"patch": {"a": [2, 1]}}),
    ],
)
def test_only_what_means_something_else_is_an_edit(before: str, after: str, edit: object) -> None:
    assert patch_of(before, after) == edit


async def test_a_cause_is_patched() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await person.press("e")
        field = await area(person)
        field.text = '{"retries": 0}'
        await person.press("ctrl+s")
        await person.sees("Edit and requeue all")
        (plan,) = person.client.plans.values()
        assert (plan.args["patch"], "filter" in plan.args["selection"]) == ({"retries": 0}, True)


async def test_a_run_that_waits_says_when_it_begins_and_u_cancels_it() -> None:
    client = FakeClient(letters=10)
    run = Run(id="90", plan_id="p", operation="dlq.requeue", state=RunState.QUEUED, total=10, actor="ana",
              starts_at=START + timedelta(hours=9))  # fmt: skip
    client.runs.append(run)
    async with console(client) as person:
        await person.goes("7", "runs")
        await person.sees("u cancels")
        await person.press("u")
        await until(lambda: client.runs[-1].state is RunState.CANCELLED)
    assert starts(run, START + timedelta(hours=9, seconds=-8)) == "starts in 8s, u cancels"


async def test_warnings_are_in_the_question_before_what_it_takes() -> None:
    plan = await FakeClient(letters=3).plan("dlq.requeue", {"selection": {"all": True}})
    plan = replace(plan, warnings=[Caution(code="key-taken", n=2, words="hold a unique key: they stay letters")])
    lines = question("Requeue", "all", plan, 74, 17)
    assert (("    ! 2 of these hold a unique key: they stay letters", "warn"),) in lines


@pytest.mark.parametrize(
    ("before", "after", "edit"),
    [
        ('{"a": 1, "b": {"c": 2}}', '{"a": 1, "b": {"c": 3}}', {"patch": {"b": {"c": 3}}}),
        ('{"a": 1}', "{}", {"patch": {"a": None}}),
        ('{"a": 1}', '{"a":   1}', None),
        ('{"a": 1}', '{"a": true}', {"patch": {"a": True}}),
        ('{"a": 1}', '{"a": null}', {"payload": '{"a": null}'}),
        ("[1]", "[2]", {"payload": "[2]"}),
        ('{"a": 1.10}', '{"a":   1.1}', None),
        ('{"a": 1e999}', '{"a": 1e998}', {"payload": '{"a": 1e998}'}),
        ('{"a": 1.10, "b": 1}', '{"a": 1.10, "b": 2}', {"patch": {"b": 2}}),
        ('{"a": 1, "b": [null]}', '{"a": 1, "b": [null, 1.5]}', {"patch": {"b": [None, 1.5]}}),
        ('{"a": 1}', '{"a": 236.1900000000000001}', {"payload": '{"a": 236.1900000000000001}'}),
        ('{"a": 1}', '{"a": [12345678901234567890]}', {"payload": '{"a": [12345678901234567890]}'}),
        ('{"key": "***", "a": 1}', '{"key": "***", "a": 2}', {"patch": {"a": 2}}),
        ('{"key": "***", "a": 1}', '{"key": "new", "a": 1}', {"patch": {"key": "new"}}),
    ],
)
def test_an_edit_is_a_patch_where_a_patch_can_say_it(before: str, after: str, edit: object) -> None:
    assert patch_of(before, after) == edit


@pytest.mark.parametrize(
    "after", ['{"key": "***", "a": null}', '{"key": "***", "a": 1.0000000000000000001}', '{"other": "***"}']
)
def test_what_is_masked_is_never_written_back(after: str) -> None:
    with pytest.raises(Inexpressible):
        patch_of('{"key": "***", "a": 1}', after)


@pytest.mark.parametrize("value", [1, "a", [], {}, [[], {}, [1, {"a": []}]], {"a": {"b": [1, 2]}, "c": {}, "é": None}])
def test_a_payload_is_laid_out_to_be_edited(value: object) -> None:
    assert pretty(json.dumps(value).encode()) == json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def test_every_number_and_every_key_that_comes_twice_keeps_its_text_in_an_edit() -> None:
    raw = b'{"sum":236.1900000000000000,"big":[12345678901234567890123,1E+2,-0.0],"a":1,"a":2}'
    numbers = "\n    12345678901234567890123,\n    1E+2,\n    -0.0\n  "
    assert pretty(raw) == (f'{{\n  "sum": 236.1900000000000000,\n  "big": [{numbers}],\n  "a": 1,\n  "a": 2\n}}\n')


def test_a_string_has_its_letters_but_where_a_terminal_would_not_show_them() -> None:
    assert pretty(rb'{"to":"Ren\u00e9, {\"a\": [1]}\n"}') == '{\n  "to": "René, {\\"a\\": [1]}\\n"\n}\n'
    hostile = rb'["\u001b[2J", "\u202e", "\ud800", "\u009b"]'
    assert json.loads(pretty(hostile)) == json.loads(hostile)
    assert pretty(hostile).isascii()
    assert pretty(b"no json, {") == "no json, {"


def test_an_editor_that_fails_takes_nothing_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "ed.sh"
    script.write_text('#!/bin/sh\necho changed > "$1"\nexit ${ENDS:-0}\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    assert in_editor("before") == "changed\n"
    monkeypatch.setenv("ENDS", "3")
    with pytest.raises(OSError, match="ended with 3"):
        in_editor("before")
    monkeypatch.setenv("VISUAL", "/nowhere/at-all")
    with pytest.raises(OSError, match="No such file"):
        in_editor("before")


def test_a_patch_is_an_object_that_says_something() -> None:
    assert no_patch('{"a": 1}') is None
    assert all(no_patch(text) for text in ("{}", "[1]", "{", "1"))
