"""The faults there are, by their number in the list of what a queue must bear."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from tests.faults.bad_network import cut_answers, half_open, reset_connections, slow_network
from tests.faults.broken_audit import broken_audit
from tests.faults.frozen_postgres import frozen_postgres
from tests.faults.frozen_worker import frozen_worker
from tests.faults.full_disk import full_disk
from tests.faults.full_pool import full_pool
from tests.faults.hostile_payloads import hostile_payloads
from tests.faults.killed_backend import killed_backend
from tests.faults.killed_backends import killed_backends
from tests.faults.killed_group import killed_group
from tests.faults.killed_worker import killed_worker
from tests.faults.overlapping_operators import overlapping_operators
from tests.faults.replayed_requests import replayed_requests
from tests.faults.restarted_postgres import crashed_postgres, restarted_postgres
from tests.faults.scene import Stage
from tests.faults.skewed_clocks import skewed_clocks
from tests.faults.stopped_worker import stopped_worker, twice_stopped_worker


class Fault(Struct, frozen=True):
    """`act` raises where it found a flaw, and returns what it counted. `jobs` is how many its short form takes."""

    title: str
    act: Callable[[Stage], Awaitable[str]]
    jobs: int = 200


FAULTS: dict[str, Fault] = {
    "F1": Fault("worker killed at each point of a handler", killed_worker),
    "F2": Fault("worker frozen past its lease, then awake again", frozen_worker, 200),
    "F3": Fault("SIGTERM during a long job", stopped_worker),
    "F4": Fault("SIGTERM twice", twice_stopped_worker),
    "F5": Fault("backend and workers killed at once", killed_group),
    "F6": Fault("PostgreSQL restarted without a goodbye", crashed_postgres),
    "F7": Fault("PostgreSQL restarted in order", restarted_postgres),
    "F8": Fault("storm of terminated database backends", killed_backends),
    "F9": Fault("PostgreSQL frozen past the lease", frozen_postgres),
    "F10": Fault("connections half-open", half_open),
    "F11": Fault("connections reset", reset_connections),
    "F12": Fault("answers to commits cut off", cut_answers),
    "F13": Fault("two seconds of latency, with jitter, then slices", slow_network),
    "F14": Fault("every database connection taken by strangers", full_pool),
    "F15": Fault("disk of the database full", full_disk),
    "F16": Fault("clocks an hour off, and jumping", skewed_clocks),
    "F17": Fault("backend killed in the middle of discard, restore and requeue", killed_backend, 1_000),
    "F18": Fault("each request ten times at once", replayed_requests, 1_000),
    "F19": Fault("operators on overlapping selections", overlapping_operators, 1_000),
    "F20": Fault("poison and hostile payloads", hostile_payloads),
    "F22": Fault("record that cannot be written", broken_audit, 1_000),
}
