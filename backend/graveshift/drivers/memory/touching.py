"""Live jobs that no worker has, in memory: held, released, buried, made due, purged."""

from datetime import datetime

from graveshift.driver import Verdict
from graveshift.drivers.memory.ending import readable
from graveshift.drivers.memory.state import Body, Entry, State, copied
from graveshift.fingerprint import fingerprint
from graveshift.judging import BURIED, NO_REASON, judge
from graveshift.touch import Order, Touch
from graveshift.wire.ids import encode

ENDS = {Touch.BURY: "dead", Touch.PURGE: "cancelled"}


def touch(state: State, native: str, number: int, order: Order) -> Verdict:
    """What becomes of one job."""
    job = next((job for job in state.jobs() if job.id == number), None)
    was = None if job is None else job.state
    repeated = job is not None and (was, job.run_id) == (ENDS.get(order.touch), order.run_id)
    if job is not None and job.id in state.live and was != "running":
        _act(state, job, order)
    return judge(encode(state.system, native), order.touch, was, repeated)


def release_held(state: State, now: datetime) -> None:
    """Holds whose end has passed are over."""
    for job in state.live.values():
        if job.state == "held" and job.held_until is not None and job.held_until <= now:
            _open(job, now)


def _act(state: State, job: Entry, order: Order) -> None:
    state.unfolded += 1
    match order.touch:
        case Touch.HOLD:
            reason = order.reason and readable(order.reason)
            job.state, job.held_until, job.held_reason = "held", order.until, reason
        case Touch.RELEASE:
            if job.state == "held":
                _open(job, state.now())
        case Touch.RETRY:
            job.run_at = min(job.run_at, state.now())
            _open(job, state.now())
        case Touch.PURGE:
            job.run_id = order.run_id
            state.end(job, "cancelled", None)
        case Touch.BURY:
            _bury(state, job, order)


def _open(job: Entry, now: datetime) -> None:
    job.held_until = job.held_reason = None
    job.state = "scheduled" if job.run_at > now else "waiting"
    if job.fingerprint is not None:
        job.state = "retrying"


def _bury(state: State, job: Entry, order: Order) -> None:
    """A letter, and no failed attempt: nothing is noted as having died."""
    words = readable(order.reason or "") or NO_REASON
    del state.live[job.id]
    job.state, job.run_id, job.held_until, job.held_reason = "dead", order.run_id, None, None
    body = Body(
        job=copied(job),
        died_at=state.now(),
        fingerprint=fingerprint(BURIED, words),
        error_type=BURIED,
        error_message=words,
        traceback=None,
        worker_version=job.worker_version,
        born=state.next_tick(),
    )
    state.dead[body.died_at, job.id] = body
