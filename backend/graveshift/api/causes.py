"""Causes with all that is known of them beside their counts: what changed before, who is on it, what to read."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from graveshift.api.ports import Rooms
from graveshift.errors import NotFound
from graveshift.facets import facet_by, facets, samples
from graveshift.lore import Lore
from graveshift.store.claims import Known
from graveshift.store.position import job_number
from graveshift.store.sharing import on_one_connection
from graveshift.wire.groups import Faceted, Group, GroupDetail, Requeued

LAST = 3


async def told(rooms: Rooms, groups: Sequence[Group]) -> list[Group]:
    """The same in the same order; marks that come late, or with an earlier time, are in their place at once."""
    moments = [group.first_seen for group in groups if group.first_seen is not None]
    marks, known = await asyncio.gather(
        rooms.marks.before(moments) if moments else _nothing(), rooms.claims.of([group.id for group in groups])
    )
    found = iter(marks)
    marked = [group if group.first_seen is None else structs.replace(group, mark=next(found)) for group in groups]
    return [_lore(rooms.lore, group, known.get(group.id, Known())) for group in marked]


async def explained(rooms: Rooms, system: str, native: str) -> GroupDetail | None:
    """One in full; None where there is no such group."""
    letters = rooms.letters.get(system)
    if letters is None:
        return None
    async with on_one_connection():
        group, more, requeues = await asyncio.gather(
            letters.group(native), letters.explain(native), letters.requeues(native, LAST)
        )
        if group is None:
            return None
        (whole,) = await told(rooms, [group])
    lore, plain, hide = rooms.lore, structs.asdict(whole), rooms.redaction.payload
    seen = more.seen if more else ()
    return GroupDetail(
        **plain,
        queues=list(more.queues) if more else [],
        kinds=list(more.kinds) if more else [],
        facets=facets(seen, more.as_of, hide) if more else [],
        sampled=len(seen),
        sample=more.how if more else "",
        samples=samples(seen, group.error_type, hide),
        requeues=None if requeues is None else [await _by(rooms, one) for one in requeues],
        rate_per_s=lore.rate_per_s,
        forecast=lore.foretell(group.dead) if lore.foretell and group.dead > 0 else None,
    )


async def faceted(rooms: Rooms, system: str, native: str, by: str) -> Faceted:
    """One cause by one thing. Raises NotFound."""
    letters = rooms.letters.get(system)
    seen = await letters.explain(native) if letters and await letters.group(native) else None
    if seen is None:
        raise NotFound
    return Faceted(facet_by(by, seen.seen, seen.as_of, rooms.redaction.payload), len(seen.seen), seen.how)


def _lore(lore: Lore, group: Group, known: Known) -> Group:
    return structs.replace(
        group,
        claim=known.claim,
        note=known.note,
        runbook=lore.runbooks.of(group.error_type, group.message, group.queue, group.kind),
        may_have_arrived=lore.delivery.may_have_arrived(group.error_type, group.message),
    )


async def _by(rooms: Rooms, one: Requeued) -> Requeued:
    number = job_number(one.run_id)
    run = None if number is None else await rooms.runs.one(number)
    return structs.replace(one, by=run.actor) if run else one


async def _nothing() -> Sequence[Any]:
    return ()
