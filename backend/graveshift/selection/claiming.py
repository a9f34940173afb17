"""Who is on the causes that a plan is about, in words that do not age."""

import asyncio

from graveshift.errors import GraveshiftError
from graveshift.operation import World
from graveshift.selection.surveying import PATIENCE_S, Surveyed
from graveshift.selection.wording import moment, until
from graveshift.store.claims import Known
from graveshift.wire.groups import Claim
from graveshift.wire.plans import Caution

SAID = 5


def claimed(claim: Claim) -> str:
    """`claimed by ben since 2026-11-22 03:10:00Z until it is released`."""
    return f"claimed by {claim.by} since {moment(claim.since)} {until(claim.until, 'it is released')}"


async def claims_of_others(world: World, found: Surveyed) -> list[Caution]:
    """One for each of these causes that somebody else than the planner is on. Never longer than a moment."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            known = await world.claims.of(list(found.causes))
    except (TimeoutError, GraveshiftError):
        return []
    said = []
    for id, (error, n) in sorted(found.causes.items(), key=lambda one: -one[1][1]):
        one = known.get(id, Known())
        if one.claim is not None and one.claim.by != world.actor:
            what = "it" if len(found.causes) == 1 else error.rpartition(".")[2]
            words = f"{one.claim.by} is on {what} since {moment(one.claim.since)}{_noted(one)}"
            said.append(Caution(code="claimed", n=n, of=found.parts_of, words=words))
    return said[:SAID]


def _noted(known: Known) -> str:
    """What is written on the cause, and by whom where that is another."""
    note, claim = known.note, known.claim
    if note is None or claim is None:
        return ""
    return f': "{note.text}"' if note.by == claim.by else f'; {note.by} wrote "{note.text}"'
