"""A verb acts on what the screen says, and on nothing else: whole filters, whole causes, one run."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.page import Page, Sort
from graveshift.wire.runs import RunState
from graveshift.wire.selection import Filter
from graveshift_tui.card import Subject
from graveshift_tui.screens.verbs import matching
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until


class Unsure(FakeClient):
    """Cannot say how many there are, and has no causes to show."""

    async def page(
        self,
        resource: str,
        filter: Filter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:
        """The same, with less."""
        page = await super().page(resource, filter, cursor=cursor, limit=limit, sort=sort)
        items: Sequence[Struct] = [] if resource == "groups" else page.items
        return replace(page, items=list(items), total=None)


async def test_requeue_all_acts_on_the_filter_of_a_list_that_shows_no_row() -> None:
    async with console(Unsure(letters=400)) as person:
        await person.goes("2", "groups")
        await person.press("R")
        await person.told("nothing is under the cursor")
        await person.press("slash")
        await person.types("queue:parse")
        await person.press("enter")
        await person.sees("/in queue parse")
        await person.press("R")
        await person.sees("Requeue all 60 letters with queue:parse")
        [plan] = person.client.plans.values()
        assert plan.args["selection"] == {"query": "queue:parse"}


async def test_requeue_all_acts_on_the_filter_where_nobody_can_say_how_many_there_are() -> None:
    async with console(Unsure(letters=400)) as person:
        await person.goes("3", "dlq")
        await until(lambda: person.listing.table.row is not None)
        await person.press("R")
        await person.sees("Requeue all 400 dead letters of every queue")
        [plan] = person.client.plans.values()
        assert plan.args["selection"] == {"all": True}


async def test_requeue_all_on_one_letter_takes_its_cause() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("enter")
        await until(lambda: person.detail.thing is not None)
        await person.press("R")
        await person.sees("all 295 letters of the cause ConnectTimeout in")


def test_one_letter_is_no_letters() -> None:
    one = Subject("dlq", total=1, query="queue:mail")
    assert matching(one).scope == "all 1 letter with queue:mail"


async def requeued(person: Person) -> None:
    before = len(person.client.runs)
    await person.press("r")
    await person.sees("Requeue this letter")
    await person.press("y")
    await until(lambda: len(person.client.runs) > before)


async def undone(person: Person, words: str) -> None:
    before = len(person.client.runs)
    await person.press("u")
    await person.sees(words)
    await person.press("y")
    await until(lambda: len(person.client.runs) > before)


async def test_undo_goes_back_run_by_run_and_never_twice() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await requeued(person)
        await requeued(person)
        await undone(person, "Undo run 82, dlq.requeue by ana")
        await undone(person, "Undo run 81, dlq.requeue by ana")
        await person.press("u")
        await person.told("all you have requeued or discarded is undone")


async def test_on_the_items_of_a_run_undo_and_stop_mean_that_run() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await requeued(person)
        await requeued(person)
        person.client.start("dlq.requeue", total=9)
        await person.goes("7", "runs")
        await person.press("G", "enter")
        await person.sees("run 81")
        await person.press("X")
        await person.told("run 81 is over")
        await undone(person, "Undo run 81, dlq.requeue by ana")
        await person.press("u")
        await person.told("run 81 is undone already")


async def test_a_run_that_is_typed_by_its_whole_number_comes_before_those_that_hold_it() -> None:
    client = FakeClient(letters=10)
    for _ in range(2):
        client.start("dlq.requeue", total=1000)
    client.runs[0] = replace(client.runs[0], id="8")
    async with console(client) as person:
        await person.press("X")
        await person.sees("Stop which run?")
        await person.types("8")
        await person.press("enter")
        await until(lambda: client.runs[0].state is RunState.CANCELLED)
        assert client.runs[1].state is RunState.RUNNING


async def test_causes_of_one_name_are_told_apart_by_their_kind() -> None:
    client = FakeClient(letters=400)
    one = replace(client.groups()[0], error_type="KeyError", message="<str>", kind="report.build")
    both = [one, replace(one, id="native:two", kind="file.parse")]
    setattr(client, "groups", lambda: both)  # noqa: B010 - as an attribute of this one
    async with console(client) as person:
        await person.goes("2", "groups")
        await person.sees("KeyError <str> · report.bu…")
        await person.sees("KeyError <str> · file.parse")
