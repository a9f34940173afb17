"""What is remembered, as the wire knows it."""

from datetime import datetime
from typing import Any

from msgspec import Raw

from graveshift.drivers.memory.state import Body, Entry, Settled, State
from graveshift.store.position import letter_id, letter_position
from graveshift.wire.dlq import Letter, LetterDetail, Life
from graveshift.wire.edits import Edit
from graveshift.wire.ids import encode
from graveshift.wire.jobs import Job, JobDetail, JobState
from graveshift.wire.trash import Discarded, DiscardedDetail


def letter(state: State, body: Body) -> Letter:
    """A letter for a list."""
    return Letter(**_letter_fields(state, body))


def detail(state: State, native: str) -> LetterDetail | None:
    """One letter with everything."""
    place = letter_position(native)
    body = None if place is None else state.dead.get(place)
    if body is None:
        return None
    return LetterDetail(**_letter_fields(state, body), **_carried(state, body), lives=_lives(state, body))


def discarded(state: State, settled: Settled) -> Discarded:
    """A letter in the trash, for a list."""
    return Discarded(**_letter_fields(state, settled.body), **_when(settled))


def discarded_detail(state: State, settled: Settled) -> DiscardedDetail:
    """The same with everything."""
    body = settled.body
    return DiscardedDetail(**_letter_fields(state, body), **_carried(state, body), **_when(settled))


def job(state: State, entry: Entry) -> Job:
    """A job for a list."""
    return Job(**_job_fields(state, entry))


def job_detail(state: State, entry: Entry) -> JobDetail:
    """One job with everything."""
    died_at = next((body.died_at for body in state.dead.values() if body.job is entry), None)
    return JobDetail(
        **_job_fields(state, entry),
        payload=Raw(entry.payload),
        finished_at=entry.finished_at or died_at,
        trace_id=entry.trace_id,
        run_id=None if entry.run_id is None else str(entry.run_id),
        requeue_count=entry.requeue_count,
        cancel_requested=entry.cancel_requested,
        held_reason=entry.held_reason,
        edits=_edits(state, entry.id),
    )


def _when(settled: Settled) -> dict[str, Any]:
    return {"discarded_at": settled.at, "discarded_by": str(settled.run)}


def _carried(state: State, body: Body) -> dict[str, Any]:
    told = [tried.told for tried in state.tried if tried.job == body.job.id]
    history = [attempt for attempt in told if attempt.finished_at <= body.died_at]
    edits = _edits(state, body.job.id, body.died_at)
    return {"payload": Raw(body.job.payload), "traceback": body.traceback, "history": history, "edits": edits}


def _lives(state: State, body: Body) -> list[Life]:
    """Requeued, each, with what it had died of."""
    earlier = [s for s in state.settled if s.body.job.id == body.job.id and s.body.died_at < body.died_at]
    return [
        Life(
            died_at=settled.body.died_at,
            error_type=settled.body.error_type,
            fingerprint=settled.body.fingerprint,
            run_id=str(settled.run),
            back_at=settled.at,
        )
        for settled in sorted(earlier, key=lambda settled: settled.at)
    ]


def _edits(state: State, job: int, before: datetime | None = None) -> list[Edit]:
    known = [edit for edit in state.edits if edit.job == job and (before is None or edit.at <= before)]
    return [Edit(run_id=str(e.run), by=e.by, at=e.at, original=Raw(e.original)) for e in known]


def _letter_fields(state: State, body: Body) -> dict[str, Any]:
    return {
        "id": encode(state.system, letter_id(body.died_at, body.job.id)),
        "job_id": encode(state.system, str(body.job.id)),
        "system": state.system,
        "queue": body.job.queue,
        "kind": body.job.kind,
        "fingerprint": body.fingerprint,
        "error_type": body.error_type,
        "error_message": body.error_message,
        "attempts": body.job.attempt,
        "max_attempts": body.job.max_attempts,
        "enqueued_at": body.job.enqueued_at,
        "died_at": body.died_at,
        "requeue_count": body.job.requeue_count,
        "run_id": None if body.job.run_id is None else str(body.job.run_id),
        "worker_version": body.worker_version,
        "trace_id": body.job.trace_id,
    }


def _job_fields(state: State, entry: Entry) -> dict[str, Any]:
    running = entry.owner and state.workers.get(entry.owner)
    is_live = entry.id in state.live
    return {
        "id": encode(state.system, str(entry.id)),
        "system": state.system,
        "queue": entry.queue,
        "kind": entry.kind,
        "state": JobState(entry.state),
        "priority": entry.priority,
        "attempt": entry.attempt,
        "max_attempts": entry.max_attempts,
        "run_at": entry.run_at if is_live else None,
        "enqueued_at": entry.enqueued_at,
        "started_at": entry.started_at,
        "worker": f"{running.host}:{running.pid}" if running else (None if is_live else entry.worker),
        "unique_key": entry.unique_key,
        "held_until": entry.held_until,
    }
