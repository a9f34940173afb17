"""A letter as it is, for who had it revealed: the one answer that no veil is laid upon."""

import msgspec
from litestar import Response

from graveshift.api.endpoint import Call
from graveshift.api.linking import linked
from graveshift.api.lives import placed
from graveshift.api.resources import number, split
from graveshift.errors import RevealOver
from graveshift.store.sharing import on_one_connection
from graveshift.wire.dlq import LetterDetail


async def revealed(call: Call) -> Response[bytes]:
    """Raises RevealOver where there is nothing to show, or nothing any more."""

    async def read(id: str) -> LetterDetail | None:
        system, native = split(id)
        letters = call.rooms.letters.get(system)
        return await letters.one(native) if letters else None

    letter = await call.rooms.reveals.open(number(call.id), call.actor, read)
    if letter is None:
        raise RevealOver
    async with on_one_connection():
        shown = linked(call.rooms, await placed(call.rooms, letter))
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(shown), media_type="application/json", headers=headers)
