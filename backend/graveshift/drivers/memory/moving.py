"""Letters on the move in memory: requeued, discarded, recalled, restored, erased."""

from datetime import timedelta

from msgspec.structs import replace

from graveshift.back import AS_IT_WAS, Back
from graveshift.driver import Move, Verdict
from graveshift.drivers.memory.ending import readable
from graveshift.drivers.memory.state import Edited, Place, Requeue, Settled, State, copied
from graveshift.store.position import letter_position
from graveshift.wire.ids import encode
from graveshift.wire.runs import Outcome


def move(state: State, native: str, to: Move, run: int, back: Back = AS_IT_WAS) -> Verdict:
    """What becomes of one letter."""
    place, public = letter_position(native), encode(state.system, native)
    body = None if place is None else state.dead.get(place)
    if place is None or body is None:
        if place is None or not _moved_before(state, place, to, run):
            return Verdict(public, Outcome.GONE, "it is no letter any more")
        return Verdict(public, Outcome.MOVED, None, encode(state.system, str(place[1])))
    job = encode(state.system, str(place[1]))
    if to is Move.REQUEUE and state.holder(back.queue or body.job.queue, body.job.unique_key):
        return Verdict(public, Outcome.CONFLICT, "a live job holds its unique key", job)
    settled = Settled(run, state.now(), state.next_tick(), body)
    del state.dead[place]
    state.unfolded += 1
    if to is Move.DISCARD:
        state.trash[place] = settled
    else:
        state.settled.append(settled)
        cause = (body.job.queue, body.job.kind, body.fingerprint)
        state.requeued.append(Requeue(run, settled.at, cause))
        _requeue(state, place[1], run, back, back.edited.get(native))
    return Verdict(public, Outcome.MOVED, None, job)


def _moved_before(state: State, place: Place, to: Move, run: int) -> bool:
    """A repeated request: this very run did it already."""
    if to is Move.DISCARD:
        return place in state.trash and state.trash[place].run == run
    return any((s.run, (s.body.died_at, s.body.job.id)) == (run, place) for s in state.settled)


def _requeue(state: State, number: int, run: int, back: Back, edited: str | None) -> None:
    job = copied(state.settled[-1].body.job)
    now = state.now()
    due = back.run_at or now + timedelta(seconds=back.delay_s or 0)
    job.state, job.run_at = "scheduled" if due > now else "waiting", max(due, now)
    job.queue, job.run_id, job.born = back.queue or job.queue, run, state.next_tick()
    more = max(job.max_attempts - job.attempt, 1) if back.keep_attempts else job.budget
    job.requeue_count, job.max_attempts = job.requeue_count + 1, job.attempt + more
    job.crashes, job.begun, job.cancel_requested, job.fingerprint = 0, False, False, None
    job.lane = -1
    job.started_at, job.worker, job.worker_version = None, None, state.settled[-1].body.worker_version
    if edited is not None:
        state.edits.append(Edited(number, run, readable(back.by), now, job.payload))
        job.payload = edited.encode()
    state.live[number] = job
    state.note(job.queue, "requeued")


def recall(state: State, native: str, run: int) -> Verdict:
    """Take back what no worker has started."""
    place, public = letter_position(native), encode(state.system, native)
    settled = next((s for s in state.settled if (s.run, (s.body.died_at, s.body.job.id)) == (run, place)), None)
    if place is None or settled is None:
        return Verdict(public, Outcome.GONE, "this run did not requeue it, or it was recalled already")
    job, public_job = state.live.get(place[1]), encode(state.system, str(place[1]))
    unstarted = job and job.state in ("waiting", "scheduled", "held") and job.attempt == settled.body.job.attempt
    if not unstarted:
        return Verdict(public, Outcome.GONE, "already started", public_job)
    del state.live[place[1]]
    state.settled.remove(settled)
    state.run_ends[run, "recalled"] += 1
    state.edits = [edit for edit in state.edits if (edit.job, edit.run) != (place[1], run)]
    state.dead[place] = replace(settled.body, born=state.next_tick(), restored_at=state.now())
    state.unfolded += 1
    return Verdict(public, Outcome.MOVED, None, public_job)


def restore(state: State, native: str, run: int, of_run: int | None) -> Verdict:
    """From the trash to the letters."""
    verdict, settled = _out_of_trash(state, native, run, of_run)
    if settled is not None:
        body = replace(settled.body, born=state.next_tick(), restored_at=state.now())
        state.dead[body.died_at, body.job.id] = body
        state.unfolded += 1
    return verdict


def erase(state: State, native: str, run: int) -> Verdict:
    """From the trash to nowhere."""
    verdict, settled = _out_of_trash(state, native, run, None)
    if settled is not None:
        state.edits = [edit for edit in state.edits if edit.job != settled.body.job.id]
    return verdict


def _out_of_trash(state: State, native: str, run: int, of_run: int | None) -> tuple[Verdict, Settled | None]:
    place, public = letter_position(native), encode(state.system, native)
    settled = None if place is None else state.trash.get(place)
    if place is None or settled is None or of_run not in (None, settled.run):
        if place is None or (run, place) not in state.untrashed:
            return Verdict(public, Outcome.GONE, "it is not in the trash: restored, emptied or past keeping"), None
        return Verdict(public, Outcome.MOVED, None, encode(state.system, str(place[1]))), None
    del state.trash[place]
    state.untrashed.add((run, place))
    return Verdict(public, Outcome.MOVED, None, encode(state.system, str(place[1]))), settled
