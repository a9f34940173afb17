"""Jobs in memory; see `graveshift.driver.Jobs`."""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import structs

from graveshift.driver import Count, Frozen
from graveshift.drivers.memory.letters import between, within
from graveshift.drivers.memory.showing import job, job_detail
from graveshift.drivers.memory.state import Entry, State
from graveshift.errors import Invalid
from graveshift.matching import carries, fits
from graveshift.store.position import cursor as encoded
from graveshift.store.position import job_number, numbers_of
from graveshift.touch import Held
from graveshift.veil import Veil
from graveshift.wire.jobs import Job, JobDetail
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

LIVE = ("waiting", "scheduled", "retrying", "running", "held")


class MemoryJobs:
    """Pages newest first or oldest first, picks oldest first, all by id."""

    def __init__(self, state: State) -> None:
        self.system = state.system
        self._state = state

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Job]:
        (after,) = (None,) if cursor is None else numbers_of(cursor, 1)
        newest = sort is Sort.NEWEST
        found = sorted(self._matching(chosen, self._state.jobs()), key=lambda entry: entry.id, reverse=newest)
        found = [e for e in found if after is None or (e.id < after if newest else e.id > after)]
        following = encoded(found[limit - 1].id) if len(found) > limit else None
        total = (await self.count(chosen)).n if chosen.state in LIVE else None
        return Page([job(self._state, entry) for entry in found[:limit]], self._state.now(), following, total)

    async def one(self, native: str) -> JobDetail | None:
        number = job_number(native)
        found = next((entry for entry in self._state.jobs() if entry.id == number), None)
        return None if found is None else job_detail(self._state, found)

    async def freeze(self) -> Frozen:
        return self._state.freeze()

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        seen = [e for e in self._live(chosen) if frozen is None or e.born <= int(frozen.snapshot)]
        return Count(len(seen))

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        return Count(sum(entry.born > int(frozen.snapshot) for entry in self._live(chosen)))

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        last = 0 if after is None else job_number(after)
        if last is None:
            raise Invalid("this is no job to go on after")
        ids = sorted(e.id for e in self._live(chosen) if e.born <= int(frozen.snapshot) and e.id > last)
        return [str(id) for id in ids[:limit]]

    async def holds(self, jobs: Sequence[str]) -> Sequence[Held]:
        found = [self._state.live[n] for n in map(job_number, jobs) if n in self._state.live]
        alike = Counter((entry.held_until, entry.held_reason) for entry in found if entry.state == "held")
        return [Held(n, *how) for how, n in alike.most_common()]

    def _live(self, chosen: Filter) -> Iterator[Entry]:
        return self._matching(chosen, iter(self._state.live.values()))

    def _matching(self, chosen: Filter, entries: Iterator[Entry]) -> Iterator[Entry]:
        return (entry for entry in entries if _matches(chosen, entry, self.system, self._state.veil))


def _matches(chosen: Filter, entry: Entry, system: str, veil: Veil | None) -> bool:
    ended_well = entry.state in ("done", "cancelled")
    has = (entry.queue, entry.kind, entry.state, system)
    failed = (None, None) if ended_well else (entry.fingerprint, entry.worker_version)
    names = ("queue", "kind", "state", "system", "fingerprint", "version")
    return (
        all(fits(value, getattr(chosen, name)) for name, value in zip(names, (*has, *failed), strict=True))
        and chosen.run_id in (None, str(entry.run_id))
        and between(entry.enqueued_at, chosen.enqueued_after, chosen.enqueued_before)
        and within(entry.attempt, chosen.attempts_min, chosen.attempts_max)
        and within(entry.requeue_count, chosen.requeued_min, chosen.requeued_max)
        and carries(entry.payload, structs.replace(chosen, without=[]), veil)
        and not any(_matches(excluded, entry, system, veil) for excluded in chosen.without)
    )
