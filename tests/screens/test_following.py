"""The cursor goes where its row goes, and no verb acts on a row that came under it unseen."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.workers import Worker, WorkerState
from graveshift_tui.screens.verbs import steer
from graveshift_tui.widgets import spot
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until


class Crew(FakeClient):
    """Workers that change their places."""

    def __init__(self) -> None:
        super().__init__(letters=30)
        self.crew = [worker(name) for name in ("a", "b")]

    def rows(self, resource: str) -> Sequence[Struct]:
        """Those of the crew."""
        return self.crew if resource == "workers" else super().rows(resource)


def worker(name: str) -> Worker:
    return Worker(id=f"native:{name}", host=f"host-{name}", pid=1, version="v1", queues=["mail"], running=1,
                  started_at=START - timedelta(hours=1), heartbeat_age_s=1.0, state=WorkerState.RUNNING)  # fmt: skip


def under(person: Person) -> str | None:
    row = person.listing.table.row
    return row.id if isinstance(row, Worker) else None


async def test_a_worker_that_sorts_below_keeps_the_cursor_and_the_next_verb() -> None:
    client = Crew()
    async with console(client) as person:
        await person.goes("6", "workers")
        await until(lambda: under(person) == "native:a")
        first, second = client.crew
        client.crew = [second, replace(first, state=WorkerState.QUIET)]
        await until(lambda: person.listing.table.chain.row(0) == second, what="another order")
        assert under(person) == "native:a"
        assert steer("worker.drain", person.listing.subject()).args == {"worker": "native:a"}


async def test_a_worker_that_joins_above_takes_the_cursor_from_nobody_and_stays_in_sight() -> None:
    client = Crew()
    client.crew = [worker(f"m{n:02}") for n in range(60)]
    async with console(client) as person:
        await person.goes("6", "workers")
        await until(lambda: under(person) == "native:m00")
        client.crew = [worker("a"), *client.crew]
        await person.sees("host-a")
        assert under(person) == "native:m00"
        assert person.listing.table.cursor == 1


async def test_a_letter_that_came_under_the_cursor_just_now_is_not_acted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot, "UNSEEN_S", 3600.0)
    async with console() as person:
        await person.goes("3", "dlq")
        young = replace(person.client.letters[0], id=f"native:9{1:020}")
        person.client.letters = [young, *person.client.letters]
        await until(lambda: person.listing.table.row == young)
        await person.press("r")
        await person.told("another row has just come under the cursor; nothing was done")
        assert not person.client.plans
        person.client.letters = [replace(young, id=f"native:9{2:020}"), *person.client.letters]
        await until(lambda: person.listing.table.cursor == 1)
        await person.press("r")
        await person.sees("Requeue this letter")
        [plan] = person.client.plans.values()
        assert plan.args["selection"] == {"ids": [young.id]}
