"""graveshift: a job queue on PostgreSQL, and the service behind its on-call console.

Job authors need nothing but what this module names; each name is loaded at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graveshift.library import connect, connect_sync, enqueue, enqueue_many, enqueue_sync
    from graveshift.producer import Producer, SyncProducer, new_job
    from graveshift.settings import Share
    from graveshift.worker import Cancelled, Dead, Handler, Job, Retry, Worker, handler

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Dead",
    "Handler",
    "Job",
    "Producer",
    "Retry",
    "Share",
    "SyncProducer",
    "Worker",
    "connect",
    "connect_sync",
    "enqueue",
    "enqueue_many",
    "enqueue_sync",
    "handler",
    "new_job",
]

_PLACES = {
    "graveshift.library": ("connect", "connect_sync", "enqueue", "enqueue_many", "enqueue_sync"),
    "graveshift.producer": ("Producer", "SyncProducer", "new_job"),
    "graveshift.settings": ("Share",),
    "graveshift.worker": ("Cancelled", "Dead", "Handler", "Job", "Retry", "Worker", "handler"),
}


def __getattr__(name: str) -> object:
    for place, names in _PLACES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(place), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
