"""An end that the database does not take keeps no other end waiting, and is not lost where nobody foresaw why."""

from collections.abc import Sequence
from typing import cast
from uuid import uuid4

from structlog.testing import capture_logs

from graveshift.errors import DatabaseUnavailable, Invalid
from graveshift.work import Ticket, Work
from graveshift.worker.outbox import Outbox


class Books:
    """Takes every end but those of `odd`, for which, and for whatever is beside them, it raises `error`."""

    def __init__(self, odd: set[int], error: Exception) -> None:
        self.odd, self.error = odd, error
        self.taken: list[int] = []

    async def finish(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        ids = [ticket.id for ticket in tickets]
        if self.odd & set(ids):
            raise self.error
        self.taken += ids
        return []

    fail = cancelled = release = finish


def _outbox(books: Books, n: int) -> Outbox:
    outbox, owner = Outbox(cast("Work", books), "w", 100), uuid4()
    for id in range(n):
        outbox.finished(Ticket(id, 1, owner))
    return outbox


async def test_what_is_refused_is_dropped_alone() -> None:
    books = Books({3}, Invalid("no"))
    outbox = _outbox(books, 6)
    assert await outbox.drain(5)
    assert books.taken == [0, 1, 2, 4, 5]


async def test_an_error_that_nobody_foresaw_keeps_its_own_end_only() -> None:
    books = Books({1, 3}, RuntimeError("interval out of range"))
    outbox = _outbox(books, 6)
    assert not await outbox.drain(0.1)
    assert books.taken == [0, 2, 4, 5]
    assert [ticket.id for ticket in outbox.tickets()] == [1, 3]
    books.odd.clear()
    assert await outbox.drain(5)
    assert sorted(books.taken) == list(range(6))


async def test_a_database_that_is_away_is_not_asked_for_each_end() -> None:
    books = Books({0}, DatabaseUnavailable("gone"))
    outbox = _outbox(books, 50)
    assert not await outbox.drain(0.05)
    assert books.taken == []
    assert len(outbox) == 50


async def test_an_end_whose_answer_was_lost_is_not_told_as_fenced_when_it_is_sent_again() -> None:
    books = Books(set(), DatabaseUnavailable("cut off"))
    taken: set[int] = set()

    async def finish(tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        """The first of them is taken, and the answer is lost; who comes again is stale."""
        stale = [one for one in tickets if one.id in taken]
        taken.update(one.id for one in tickets if one.id < 2)
        if not stale:
            raise DatabaseUnavailable("cut off")
        return [*stale, *[one for one in tickets if one.id == 9]]

    books.finish = finish  # type: ignore[method-assign]
    outbox = _outbox(books, 2)
    assert not await outbox.drain(0)
    outbox.finished(Ticket(9, 1, uuid4()))
    with capture_logs() as told:
        assert await outbox.drain(5)
    assert [(one["event"], one["job"]) for one in told] == [
        ("outcome_repeated", 0),
        ("outcome_repeated", 1),
        ("job_fenced", 9),
    ]
