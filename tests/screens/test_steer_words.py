"""What a key says to a worker, and what a worker's page says of it."""

from datetime import UTC, datetime

import pytest

from graveshift.wire.workers import Wish, Worker
from graveshift_tui.screen import Subject
from graveshift_tui.screens.verbs import PLAIN, STEERS, NotHere
from graveshift_tui.screens.workers import nodes
from graveshift_tui.widgets.columns import At

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
