"""Failures in memory: retry, death, cancellation and crash."""

import re
from datetime import datetime, timedelta

from msgspec.structs import replace

from graveshift.drivers.memory.state import Body, Entry, State, Tried, copied
from graveshift.wire.dlq import Attempt
from graveshift.work import Failure


def fail(state: State, job: Entry, failure: Failure, now: datetime) -> None:
    """What becomes of a running job that failed."""
    if job.cancel_requested:
        state.end(job, "cancelled", failure.worker)
        return
    final = failure.retry_in_s is None or job.attempt >= job.max_attempts
    record(state, job, failure, now, final=final)
    if final:
        bury(state, job, failure, now)
        return
    job.state, job.owner, job.begun, job.crashes = "retrying", None, False, 0
    job.fingerprint, job.worker_version = failure.fingerprint, failure.worker_version
    job.run_at = now + timedelta(seconds=failure.retry_in_s or 0.0)


def record(state: State, job: Entry, failure: Failure, now: datetime, *, final: bool) -> None:
    """Keep what happened in this attempt."""
    error_type, message = readable(failure.error_type), readable(failure.error_message)
    told = Attempt(job.attempt, job.started_at, now, readable(failure.worker), error_type, message)
    cause = (job.queue, job.kind, failure.fingerprint)
    version, again = readable(failure.worker_version) or None, job.requeue_count > 0
    first_of = job.run_id if job.fingerprint is None else None
    tried = Tried(job=job.id, cause=cause, told=told, version=version, final=final, again=again, first_of=first_of)
    split = None if failure.split is None else readable(failure.split)
    state.tried.append(replace(tried, requeues=job.requeue_count, split=split))
    state.note(job.queue, "failed")


def bury(state: State, job: Entry, failure: Failure, now: datetime) -> None:
    """The job becomes a letter."""
    job.worker, job.worker_version = failure.worker, failure.worker_version
    body = Body(
        job=copied(job),
        died_at=now,
        fingerprint=failure.fingerprint,
        error_type=readable(failure.error_type),
        error_message=readable(failure.error_message),
        traceback=readable(failure.traceback) or None,
        worker_version=failure.worker_version or None,
        born=state.next_tick(),
    )
    body.job.state, body.job.owner = "dead", None
    state.bury(job, body)


def readable(text: str) -> str:
    """As PostgreSQL would give it back: NUL escaped, lone surrogates replaced."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text).replace("\0", "\\x00")
