"""A letter or job in full gets the link to its trace."""

from typing import TypeVar

from msgspec.structs import replace

from graveshift.api.ports import Rooms
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.jobs import JobDetail

T = TypeVar("T", bound=LetterDetail | JobDetail)


def linked(rooms: Rooms, thing: T) -> T:
    """The same with where its trace is looked at, where that is known."""
    url = rooms.tracing.link(thing.trace_id)
    return replace(thing, trace_url=url) if url else thing
