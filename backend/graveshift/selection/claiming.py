"""Who is on the causes that a plan is about, in words that do not age."""

from collections.abc import Sequence

from graveshift.operation import World
from graveshift.selection.wording import moment, until
from graveshift.wire.groups import Claim
from graveshift.wire.plans import Effect


def claimed(claim: Claim) -> str:
    """`claimed by ben since 2026-11-22 03:10:00Z until it is released`."""
    return f"claimed by {claim.by} since {moment(claim.since)} {until(claim.until, 'it is released')}"


async def claims_on(world: World, groups: Sequence[str]) -> list[Effect]:
    """One effect for each of these groups (public ids) that somebody is on, with what he wrote."""
    known = await world.claims.of(groups)
    found = [(id, known[id]) for id in groups if id in known]
    return [
        Effect(f"group {id}", claimed(one.claim) + (f': "{one.note.text}"' if one.note else ""))
        for id, one in found
        if one.claim
    ]
