"""Letters on the move in memory: requeued, discarded, recalled."""

from graveshift.driver import Move, Verdict
from graveshift.drivers.memory.state import Settled, State, copied
from graveshift.store.position import letter_position
from graveshift.wire.ids import encode
from graveshift.wire.runs import Outcome


def move(state: State, native: str, to: Move, run: int) -> Verdict:
    """What becomes of one letter."""
    how = "requeued" if to is Move.REQUEUE else "discarded"
    place, public = letter_position(native), encode(state.system, native)
    body = None if place is None else state.dead.get(place)
    if place is None or body is None:
        again = any((s.run, s.how, (s.body.died_at, s.body.job.id)) == (run, how, place) for s in state.settled)
        if place is None or not again:
            return Verdict(public, Outcome.GONE, "it is no letter any more")
        return Verdict(public, Outcome.MOVED, None, encode(state.system, str(place[1])))
    job = encode(state.system, str(place[1]))
    if to is Move.REQUEUE and state.holder(body.job.queue, body.job.unique_key):
        return Verdict(public, Outcome.CONFLICT, "a live job holds its unique key", job)
    state.settled.append(Settled(run, how, body))
    del state.dead[place]
    state.unfolded += 1
    if to is Move.REQUEUE:
        _requeue(state, place[1], run)
    return Verdict(public, Outcome.MOVED, None, job)


def _requeue(state: State, number: int, run: int) -> None:
    job = copied(state.settled[-1].body.job)
    job.state, job.run_at, job.run_id, job.born = "waiting", state.now(), run, state.next_tick()
    job.requeue_count, job.max_attempts = job.requeue_count + 1, job.attempt + job.budget
    job.crashes, job.begun, job.cancel_requested, job.fingerprint = 0, False, False, None
    job.started_at, job.worker, job.worker_version = None, None, state.settled[-1].body.worker_version
    state.live[number] = job
    state.note(job.queue, "requeued")


def recall(state: State, native: str, run: int) -> Verdict:
    """Take back what no worker has started."""
    place, public = letter_position(native), encode(state.system, native)
    settled = next(
        (s for s in state.settled if (s.run, s.how, (s.body.died_at, s.body.job.id)) == (run, "requeued", place)), None
    )
    if place is None or settled is None:
        return Verdict(public, Outcome.GONE, "this run did not requeue it, or it was recalled already")
    job, public_job = state.live.get(place[1]), encode(state.system, str(place[1]))
    unstarted = job and job.state in ("waiting", "scheduled", "held") and job.attempt == settled.body.job.attempt
    if not unstarted:
        return Verdict(public, Outcome.GONE, "already started", public_job)
    del state.live[place[1]]
    state.settled.remove(settled)
    state.dead[place] = settled.body
    state.unfolded += 1
    return Verdict(public, Outcome.MOVED, None, public_job)
