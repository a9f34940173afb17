"""Causes with the change before them: the last mark before each was first seen, looked up anew at every read."""

from collections.abc import Sequence

from msgspec.structs import replace

from graveshift.api.ports import Rooms
from graveshift.wire.groups import Group


async def marked(rooms: Rooms, groups: Sequence[Group]) -> list[Group]:
    """The same in the same order; marks that come late, or with an earlier time, are in their place at once."""
    moments = [group.first_seen for group in groups if group.first_seen is not None]
    if not moments:
        return list(groups)
    found = iter(await rooms.marks.before(moments))
    return [group if group.first_seen is None else replace(group, mark=next(found)) for group in groups]
