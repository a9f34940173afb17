"""Groups in memory: counted when asked."""

from datetime import datetime

from graveshift.drivers.memory.state import Cause, State, Tried
from graveshift.drivers.memory.words import says
from graveshift.fingerprint import normalise
from graveshift.matching import fits
from graveshift.seen import Pace
from graveshift.store.position import cursor as encoded
from graveshift.store.position import numbers_of
from graveshift.wire.groups import Group
from graveshift.wire.ids import encode
from graveshift.wire.page import Page
from graveshift.wire.selection import Filter

TREND = 30
HOUR = 60


def page(state: State, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
    """The fastest growing first; a cursor is a rank."""
    (rank,) = (0,) if cursor is None else numbers_of(cursor, 1)
    groups = [_group(state, cause, tries) for cause, tries in _by_cause(state).items()]
    found = [g for g in groups if g.dead + (g.retrying or 0) > 0 and _matches(state, chosen, g)]
    found.sort(key=lambda g: (-(g.per_min or 0), -(g.dead + (g.retrying or 0)), g.queue, g.kind, g.fingerprint))
    following = encoded(rank + limit) if rank + limit < len(found) else None
    return Page(found[rank : rank + limit], state.now(), following, len(found))


def failing(state: State) -> Pace:
    """Of every cause."""
    ages = _ages(state, state.tried)
    came = [_age(state, event.at) for event in state.events if event.what == "enqueued"]
    minute = state.now().replace(second=0, microsecond=0)
    return Pace(float(ages.count(0)), _trend(ages, HOUR), _trend(came, HOUR), minute)


def one(state: State, native: str) -> Group | None:
    """A group by `queue/kind/fingerprint`."""
    parts = tuple(native.split("/", 2))
    found = next(((cause, tries) for cause, tries in _by_cause(state).items() if cause == parts), None)
    return None if found is None else _group(state, *found)


def _by_cause(state: State) -> dict[Cause, list[Tried]]:
    causes: dict[Cause, list[Tried]] = {}
    for tried in state.tried:
        causes.setdefault(tried.cause, []).append(tried)
    for body in state.dead.values():
        causes.setdefault((body.job.queue, body.job.kind, body.fingerprint), [])
    return causes


def _group(state: State, cause: Cause, tries: list[Tried]) -> Group:
    queue, kind, fingerprint = cause
    bodies = [(body.job.queue, body.job.kind, body.fingerprint) for body in state.dead.values()]
    retrying = [(j.queue, j.kind, j.fingerprint) for j in state.live.values() if j.state == "retrying"]
    ages = _ages(state, tries)
    buried = [b for b in state.dead.values() if (b.job.queue, b.job.kind, b.fingerprint) == cause]
    named = [(t.told.error_type, t.told.error_message) for t in tries] or [
        (b.error_type, b.error_message) for b in buried
    ]
    seen = [t.told.finished_at for t in tries] or [b.died_at for b in buried]
    versions = [t.version for t in tries if t.version is not None]
    return Group(
        id=encode(state.system, "/".join(cause)),
        fingerprint=fingerprint,
        system=state.system,
        queue=queue,
        kind=kind,
        error_type=named[-1][0],
        message=normalise(named[-1][1]),
        dead=bodies.count(cause),
        retrying=retrying.count(cause),
        per_min=float(ages.count(0)),
        first_seen=seen[0],
        last_seen=seen[-1],
        died_again=sum(tried.final and tried.again for tried in tries),
        again=max([tried.requeues for tried in tries if tried.final], default=0),
        share=_share(bodies.count(cause) + retrying.count(cause), len(bodies) + len(retrying)),
        split=next((tried.split for tried in tries if tried.split), None),
        trend=_trend(ages),
        first_version=versions[0] if versions else None,
        last_version=versions[-1] if versions else None,
    )


def _share(n: int, whole: int) -> float | None:
    return round(n / whole, 4) if whole else None


def _ages(state: State, tries: list[Tried]) -> list[int]:
    """Whole minutes since each."""
    return [_age(state, tried.told.finished_at) for tried in tries]


def _age(state: State, at: datetime) -> int:
    return int((state.now() - at).total_seconds() // 60)


def _trend(ages: list[int], size: int = TREND) -> list[int]:
    return [ages.count(age) for age in range(size - 1, -1, -1)]


def _matches(state: State, chosen: Filter, group: Group) -> bool:
    names = ("queue", "kind", "fingerprint", "error_type", "system")
    has = (group.queue, group.kind, group.fingerprint, group.error_type, state.system)
    named = all(fits(value, getattr(chosen, name)) for name, value in zip(names, has, strict=True))
    excluded = any(_matches(state, one, group) for one in chosen.without)
    return named and says(chosen, group.error_type, group.message) and not excluded
