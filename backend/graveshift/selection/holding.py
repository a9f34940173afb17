"""What of a selection of jobs is held already, as a plan says it: how many, until when and why."""

from collections.abc import Sequence
from itertools import groupby

from msgspec import structs

from graveshift.driver import Jobs
from graveshift.selection import Aim, Frost, natives, system_of
from graveshift.selection.wording import NAMED, until
from graveshift.touch import Held
from graveshift.wire.jobs import JobState

# Held jobs that are looked at; beyond them a plan says `10,000+`.
LOOKED_AT = 10_000


async def standing_holds(aim: Aim[Jobs], frost: Frost) -> list[str]:
    """`2 of these are held until 2026-11-22 03:40:00Z: "the bank is down"`: the holds that most are under, first."""
    found: list[Held] = []
    more = ""
    for pool, ids in await _held(aim, frost):
        more = more or ("+" if len(ids) > LOOKED_AT else "")
        found += await pool.holds(ids[:LOOKED_AT])
    found.sort(key=lambda held: -held.n)
    said = [_said(held, more) for held in found[:NAMED]]
    if rest := found[NAMED:]:
        said.append(f"{sum(held.n for held in rest):,}{more} more under {len(rest):,} other holds")
    return said


async def _held(aim: Aim[Jobs], frost: Frost) -> list[tuple[Jobs, Sequence[str]]]:
    """By system, the jobs that may be held: all that are named, or those that a filter finds."""
    if aim.ids is not None:
        named = [(aim.pools.get(system), natives(list(ids))) for system, ids in groupby(aim.ids, key=system_of)]
        return [(pool, ids) for pool, ids in named if pool is not None]
    if aim.filter.state not in (None, JobState.HELD):
        return []
    chosen = structs.replace(aim.filter, state=JobState.HELD.value)
    known = [(pool, frost.systems[name]) for name, pool in aim.pools.items() if name in frost.systems]
    return [(pool, await pool.pick(chosen, frozen, None, LOOKED_AT + 1)) for pool, frozen in known]


def _said(held: Held, more: str) -> str:
    are = "is" if held.n == 1 and not more else "are"
    why = f': "{held.reason}"' if held.reason else ""
    return f"{held.n:,}{more} of these {are} held {until(held.until, 'released')}{why}"
