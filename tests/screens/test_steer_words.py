"""What a key says to a worker, and what its row and its page say of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.workers import Wish, Worker, WorkerState
from graveshift_tui.card import Subject
from graveshift_tui.screens.verbs import PLAIN, STEERS, NotHere
from graveshift_tui.screens.workers import CARD, nodes, standing
from graveshift_tui.widgets.columns import At
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START

ONE = Worker(
    id="native:w1", host="host-a", pid=7, wish=Wish.QUIET, wished_by="ana", memory_bytes=48_000_000, jobs=["native:3"]
)


@pytest.mark.parametrize("action", STEERS)
def test_a_worker_is_told_by_its_id_and_named_by_its_host(action: str) -> None:
    ask = PLAIN[action](Subject("workers", (ONE,)))
    assert (ask.operation, ask.args, ask.scope) == (action, {"worker": "native:w1"}, "worker host-a:7")


def test_workers_are_told_one_at_a_time() -> None:
    with pytest.raises(NotHere, match="one worker at a time"):
        PLAIN["worker.stop"](Subject("workers", (ONE, ONE), marked=True))
    with pytest.raises(NotHere, match="no worker"):
        PLAIN["worker.stop"](Subject("workers"))


def test_its_page_says_what_it_was_told_by_whom_and_what_it_does() -> None:
    shown = "\n".join("".join(part for part, _ in node.head) for node in nodes(ONE, At(80, datetime.now(UTC))))
    for word in ("quiet, by ana", "48.0 MB", "native:3"):
        assert word in shown


SILENT = replace(ONE, state=WorkerState.SILENT, heartbeat_age_s=3 * 60 + 41)


class Quieter(FakeClient):
    """One of its workers has not been heard of."""

    def rows(self, resource: str) -> Sequence[Struct]:
        """The same, with that one at the end."""
        rows = super().rows(resource)
        return [*rows, SILENT] if resource == "workers" else rows


@pytest.mark.parametrize(
    ("worker", "cell"),
    [
        (replace(ONE, state=WorkerState.RUNNING), ("running", "")),
        (replace(ONE, state=WorkerState.QUIET), ("quiet", "mark")),
        (replace(ONE, state=WorkerState.STOPPING), ("stopping", "warn")),
        (SILENT, ("silent since 03:09", "crit")),
        (replace(SILENT, heartbeat_age_s=None), ("silent", "crit")),
        (ONE, "·"),
    ],
)
def test_a_worker_says_how_it_is_in_words_and_colour_and_since_when_it_is_silent(worker: Worker, cell: object) -> None:
    assert standing(worker, START) == cell
    assert CARD.tone(worker) == ("crit" if worker.state is WorkerState.SILENT else "text")


def test_the_page_of_a_silent_worker_says_so_loudly() -> None:
    [state] = [node.head for node in nodes(SILENT, At(80, START)) if node.path == "worker/state"]
    assert state[1] == ("silent since 2026-11-22 03:09:00Z", "crit")


async def test_jobs_that_run_are_one_number_and_one_word_beside_the_queues_and_the_workers() -> None:
    async with console(Quieter()) as person:
        await person.sees("4 of 5 alive   48 jobs running")
        assert "under way" not in person.text


def test_what_a_worker_says_of_its_jobs_is_as_old_as_its_heartbeat() -> None:
    told = replace(ONE, running=2, jobs=["native:81", "native:82"])
    [jobs] = [node.head for node in nodes(told, At(80, START)) if node.path == "worker/jobs"]
    assert jobs[1][0] == "2 ran at its last heartbeat, when it held native:81, native:82"
    assert "RUNNING" not in [column.title for column in CARD.columns], "that is what jobs are, in their queues"


@pytest.mark.parametrize("width", [80, 120])
async def test_silent_workers_are_seen_on_their_screen_and_on_the_overview(width: int) -> None:
    async with console(Quieter(), size=(width, 24)) as person:
        await person.sees("4 of 5 alive")
        await person.sees("1 silent, since 03:09")
        await person.goes("6", "workers")
        await person.sees("!host-a 7")
        await person.sees("silent since 03:09")
