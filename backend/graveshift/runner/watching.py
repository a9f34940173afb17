"""What is seen of a run while it moves jobs: first attempts, the queues it fills, its probe; read beside the chunks."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from graveshift.drip import DripSettings, ProbeSettings
from graveshift.driver import Source, Verdict
from graveshift.errors import GraveshiftError
from graveshift.runner.guard import Change, Filled, Guard, Seen
from graveshift.runner.probing import Probe, probes
from graveshift.runner.traffic import Traffic
from graveshift.store.runs import RunBook
from graveshift.trial import Firsts, Trials
from graveshift.wire.ids import decode
from graveshift.wire.queues import Queue

LOOK_S = 1.0
# Jobs that are asked which queue they are in, and how many queues are looked at.
NEWEST, QUEUES = 20, 10

log = structlog.get_logger("graveshift.runner")


class Watch:
    """For one run. `change` is asked between chunks and costs nothing; the reading goes on beside them."""

    def __init__(
        self,
        runs: RunBook,
        sources: Mapping[str, Source],
        trials: Mapping[str, Trials],
        run_id: int,
        drip: DripSettings,
    ) -> None:
        self._runs = runs
        self._sources = sources
        self._trials = trials
        self._run_id = run_id
        self._drip = drip
        self._guard = Guard(drip, time.monotonic)
        self._newest: deque[str] = deque(maxlen=NEWEST)
        self._filled: dict[tuple[str, str], Filled] = {}
        self._seen: Seen | None = None
        self.traffic = Traffic(time.monotonic)

    def moved(self, verdicts: Sequence[Verdict]) -> None:
        """What the run moved last; its queues are looked at from then on."""
        self._newest.extend(verdict.job_id for verdict in verdicts[-NEWEST:] if verdict.job_id)

    def change(self, rate: float | None, slowed: float | None) -> Change | None:
        """What the newest reading asks for; each is judged once."""
        seen, self._seen = self._seen, None
        return self._guard.judge(seen, rate, slowed) if seen else None

    @asynccontextmanager
    async def looking(self, known: Mapping[str, ProbeSettings]) -> AsyncIterator[None]:
        """Reads once a second until it is left."""
        self._guard.begin()
        asked = probes(known, self._drip.probe)
        tasks = [asyncio.create_task(probe.ask_forever()) for probe in asked]
        tasks.append(asyncio.create_task(self._look_forever(asked)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_forever(self, asked: Sequence[Probe]) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self._seen = await self._look(asked)
            except GraveshiftError as error:
                log.warning("run_not_watched", run=self._run_id, error=str(error))
            except Exception:
                log.exception("run_not_watched", run=self._run_id)

    async def _look(self, asked: Sequence[Probe]) -> Seen:
        await self.traffic.look(self._trials.values())
        back_s = min(self._drip.window_s, time.monotonic() - self._guard.since)
        since = await self._runs.now() - timedelta(seconds=back_s)
        told = [await trials.firsts(self._run_id, self._drip.window, since) for trials in self._trials.values()]
        firsts = Firsts(sum(one.tried for one in told), sum(one.failed for one in told))
        return Seen(firsts, await self._queues(), asked[0].asked if asked else None)

    async def _queues(self) -> Sequence[Filled]:
        """The queues it fills, as they are now. One that is paused waits by somebody's wish, and says nothing."""
        places = await self._places()
        now = {system: await self._by_name(system) for system in {system for system, _ in places}}
        for system, name in places:
            if (system, name) in self._filled or len(self._filled) < QUEUES:
                self._fill(system, name, now[system].get(name))
        return list(self._filled.values())

    async def _by_name(self, system: str) -> Mapping[str, Queue]:
        return {queue.name: queue for queue in await self._sources[system].queues()}

    def _fill(self, system: str, name: str, queue: Queue | None) -> None:
        if queue is None or queue.paused:
            self._filled.pop((system, name), None)
            return
        oldest_s, waiting = queue.oldest_age_s or 0.0, queue.waiting or 0
        before = self._filled.get((system, name))
        firsts = (before.first_oldest_s, before.first_waiting) if before else (oldest_s, waiting)
        self._filled[system, name] = Filled(name, oldest_s, waiting, *firsts)

    async def _places(self) -> list[tuple[str, str]]:
        found = dict.fromkeys(self._filled)
        newest = [decoded for job in self._newest if (decoded := decode(job))]
        for system, trials in self._trials.items():
            told = await trials.trials([native for name, native in newest if name == system], self._run_id)
            found |= dict.fromkeys((system, trial.queue) for trial in told if trial.queue)
        return list(found)
