"""/metrics: what the whole service knows, read when asked, in Prometheus' text format."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from litestar import Response
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric

from graveshift.api.endpoint import Call
from graveshift.api.meter import Meter
from graveshift.api.ports import Rooms
from graveshift.api.resources import every_worker
from graveshift.store.reconciliations import Reconciliation
from graveshift.store.replica import Standing
from graveshift.wire.backups import Backup
from graveshift.wire.runs import RunState
from graveshift.wire.workers import Worker, WorkerState
from graveshift.work import Counters

EVENTS = {
    "enqueued": "Jobs enqueued.",
    "finished": "Jobs that ended well.",
    "cancelled": "Jobs that were cancelled.",
    "failed": "Attempts that failed.",
    "died": "Jobs that used up their attempts.",
    "requeued": "Dead letters put back into their queue.",
}
Samples = dict[tuple[str, ...], float]
STATES = ("waiting", "scheduled", "retrying", "running", "held")


class Reading(Struct, frozen=True):
    """One moment of the service."""

    counters: Counters
    workers: Sequence[Worker]
    runs: Mapping[str, int]
    backups: Sequence[Backup]
    loops: Mapping[str, float]
    replica: Standing | None
    reconciled: Reconciliation | None


class Metrics:
    """The endpoint's act; `meter` holds what this process counted itself."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    async def __call__(self, call: Call) -> Response[bytes]:
        registry = CollectorRegistry()
        registry.register(Snapshot(await read(call.rooms)))
        content = generate_latest(registry) + generate_latest(self._meter.registry)
        return Response(content, media_type=CONTENT_TYPE_LATEST)


async def read(rooms: Rooms) -> Reading:
    """From roll-ups and indexes only."""
    counters, workers, runs, backups, reconciled = await asyncio.gather(
        rooms.upkeep.counters(),
        every_worker(rooms),
        rooms.run_states(),
        rooms.backups.page(None, 100),
        rooms.reconciled(),
    )
    loops = {name: at.timestamp() for name, at in rooms.loops().items()}
    return Reading(counters, workers, runs, backups.items, loops, rooms.replica(), reconciled)


class Snapshot:
    """A collector for prometheus_client over one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Every family, also where it has no sample yet."""
        depth = self._reading.counters.depth
        yield from (_events(name, help, depth) for name, help in EVENTS.items())
        yield _gauge("graveshift_queue_depth", "Live jobs by state.", ("queue", "state"), _depths(depth))
        yield _gauge("graveshift_dlq_size", "Dead letters.", ("queue",), _of("dead", depth))
        yield _gauge("graveshift_queue_oldest_age_seconds", "Age of the oldest due job.", ("queue",), self._ages())
        yield _gauge("graveshift_workers", "Workers by state.", ("state",), self._workers())
        yield _gauge("graveshift_runs", "Runs by state.", ("state",), self._runs())
        yield self._verified()
        help = "When each loop last succeeded in this process, in seconds since 1970."
        loops: Samples = {(name,): at for name, at in self._reading.loops.items()}
        yield _gauge("graveshift_loop_last_success_timestamp_seconds", help, ("loop",), loops)
        yield from _replica(self._reading.replica)
        yield from _reconciled(self._reading.reconciled)

    def _ages(self) -> Samples:
        return {(queue,): age for queue, age in self._reading.counters.oldest_age_s.items()}

    def _workers(self) -> Samples:
        seen = Counter(worker.state for worker in self._reading.workers)
        return {(state.value,): seen[state] for state in WorkerState}

    def _runs(self) -> Samples:
        return {(state.value,): self._reading.runs.get(state.value, 0) for state in RunState}

    def _verified(self) -> GaugeMetricFamily:
        help = "When the newest proven backup was proven, in seconds since 1970."
        found = [backup.verified_at.timestamp() for backup in self._reading.backups if backup.verified_at]
        name = "graveshift_backup_last_verified_timestamp_seconds"
        return _gauge(name, help, (), {(): max(found)} if found else {})


def _replica(now: Standing | None) -> Iterator[Metric]:
    """No samples where there is no replica, and no lag where it cannot be told."""
    serves: Samples = {(): now.serves} if now else {}
    lag: Samples = {(): now.lag_s} if now and now.lag_s is not None else {}
    yield _gauge("graveshift_replica_serves", "Whether reads go to the replica.", (), serves)
    yield _gauge("graveshift_replica_lag_seconds", "How far the replica is behind the primary.", (), lag)
    failed = CounterMetricFamily("graveshift_replica_fallbacks", "Reads the replica failed and the primary served.")
    if now:
        failed.add_metric((), now.fallbacks)
    yield failed


def _reconciled(last: Reconciliation | None) -> Iterator[Metric]:
    """No samples before the first comparison."""
    help = "Jobs and letters that were counted wrong and set right."
    off = CounterMetricFamily("graveshift_rollup_off", help)
    if last:
        off.add_metric((), last.off_ever)
    yield off
    help = "When the counters were last compared with what is there, in seconds since 1970."
    at: Samples = {(): last.at.timestamp()} if last else {}
    yield _gauge("graveshift_rollup_reconciled_timestamp_seconds", help, (), at)


def _events(name: str, help: str, depth: Mapping[tuple[str, str], int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"graveshift_jobs_{name}", help, labels=("queue",))
    for labels, value in _of(name, depth).items():
        family.add_metric(labels, value)
    return family


def _gauge(name: str, help: str, labels: Sequence[str], samples: Samples) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=labels)
    for values, value in samples.items():
        family.add_metric(values, value)
    return family


def _of(what: str, depth: Mapping[tuple[str, str], int]) -> Samples:
    queues = sorted({queue for queue, _ in depth})
    return {(queue,): depth.get((queue, what), 0) for queue in queues}


def _depths(depth: Mapping[tuple[str, str], int]) -> Samples:
    queues = sorted({queue for queue, _ in depth})
    return {(queue, state): depth.get((queue, state), 0) for queue in queues for state in STATES}
