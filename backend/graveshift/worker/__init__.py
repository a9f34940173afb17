"""Run our own jobs: claim a batch, run each by its kind's handler, report every end under its fence."""

from graveshift.worker.handlers import Handler, handler, load
from graveshift.worker.job import Cancelled, Dead, Flag, Job, Retry, TimeLimitExceeded
from graveshift.worker.process import serve
from graveshift.worker.worker import Worker

__all__ = [
    "Cancelled",
    "Dead",
    "Flag",
    "Handler",
    "Job",
    "Retry",
    "TimeLimitExceeded",
    "Worker",
    "handler",
    "load",
    "serve",
]
