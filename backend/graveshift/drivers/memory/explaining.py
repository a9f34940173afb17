"""One cause explained, in memory: counted when asked."""

from collections import Counter

from msgspec.structs import asdict

from graveshift.drivers.memory.state import Body, Cause, Entry, State
from graveshift.seen import Explained, Seen
from graveshift.store.position import letter_id
from graveshift.wire.groups import Part, Requeued
from graveshift.wire.ids import encode

NEWEST = 100


def explain(state: State, native: str) -> Explained | None:
    """More about `queue/kind/fingerprint`."""
    cause = _cause(native)
    if cause is None:
        return None
    every = [_of(body) for body in state.dead.values()]
    every += [(j.queue, j.kind, j.fingerprint or "") for j in state.live.values() if j.state == "retrying"]
    same = [one for one in every if one[2] == cause[2]]
    letters = [_letter(state, body) for _, body in sorted(state.dead.items(), reverse=True) if _of(body) == cause]
    seen = letters[:NEWEST] or [_job(state, job) for job in reversed(state.live.values()) if _retries(job, cause)]
    what = f"the newest {len(seen)} letters" if letters else f"the newest {len(seen)} that are retrying"
    return Explained(
        _parts(Counter(one[0] for one in same)),
        _parts(Counter(one[1] for one in same)),
        seen,
        what if seen else "nothing is left to look at",
        state.now(),
    )


def requeues(state: State, native: str, limit: int) -> list[Requeued]:
    """The last runs that requeued letters of it."""
    cause = _cause(native)
    runs = {moved.run for moved in state.requeued if moved.cause == cause}
    return [_requeued(state, run, cause) for run in sorted(runs, reverse=True)[:limit] if cause]


def _requeued(state: State, run: int, cause: Cause) -> Requeued:
    moves = [moved for moved in state.requeued if moved.run == run]
    mine = sum(moved.cause == cause for moved in moves)
    at = max(moved.at for moved in moves)
    return Requeued(run_id=str(run), at=at, moved=mine, whole=len(moves), **asdict(state.became(run)))


def _cause(native: str) -> Cause | None:
    parts = native.split("/", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def _of(body: Body) -> Cause:
    return body.job.queue, body.job.kind, body.fingerprint


def _retries(job: Entry, cause: Cause) -> bool:
    return job.state == "retrying" and (job.queue, job.kind, job.fingerprint) == cause


def _parts(sums: Counter[str]) -> list[Part]:
    return [Part(name, n) for name, n in sorted(sums.items(), key=lambda part: (-part[1], part[0]))]


def _letter(state: State, body: Body) -> Seen:
    job = body.job
    return Seen(
        job_id=encode(state.system, str(job.id)),
        letter=encode(state.system, letter_id(body.died_at, job.id)),
        died_at=body.died_at,
        enqueued_at=job.enqueued_at,
        version=body.worker_version,
        trace_id=job.trace_id,
        payload=job.payload,
        traceback=body.traceback,
    )


def _job(state: State, job: Entry) -> Seen:
    return Seen(
        job_id=encode(state.system, str(job.id)),
        enqueued_at=job.enqueued_at,
        version=job.worker_version,
        trace_id=job.trace_id,
        payload=job.payload,
    )
