"""What the backend in memory is filled with: letters by the thousand, and queues."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from msgspec import Raw
from msgspec.structs import replace

from graveshift.wire.dlq import Attempt, LetterDetail
from graveshift.wire.plans import Plan
from graveshift.wire.queues import Limit, Queue
from graveshift.wire.runs import Run, Steer, Steered
from graveshift_tui.client import ApiError
from tests.screens.night import CAUSES, START

ASKED = ("queue.resume", "queue.drain", "queue.purge")


def letter(i: int) -> LetterDetail:
    """The `i`th letter, the youngest first; causes take turns by their weights."""
    weights = sum(cause[4] for cause in CAUSES)
    at, cause = i * 37 % weights, 0
    while at >= CAUSES[cause][4]:
        at -= CAUSES[cause][4]
        cause += 1
    queue, kind, error, message, *_ = CAUSES[cause]
    died = START - timedelta(seconds=i * 7)
    tries = [
        Attempt(n, died - timedelta(minutes=9 - n * 3, seconds=2), died - timedelta(minutes=9 - n * 3),
                f"w{n}@host-a", error, message)
        for n in (1, 2, 3)
    ]  # fmt: skip
    payload = Raw(b'{"host": "api.acme.example", "event": "order.paid", "order": %d, "items": [{"sku": "A-1", '
                  b'"qty": 2}, {"sku": "B-7", "qty": 1}], "note": null, "amount": 19.90}' % (7000 + i))  # fmt: skip
    return LetterDetail(
        id=f"native:{int(died.timestamp() * 1e6)}-{i:08d}", job_id=f"native:{i:08d}", system="native", queue=queue,
        kind=kind, fingerprint=f"v1-{error.lower()}", error_type=error, error_message=message, attempts=3,
        max_attempts=3, enqueued_at=died - timedelta(minutes=12), died_at=died, requeue_count=0,
        worker_version="v142", trace_id=f"9f2c{i:04x}", payload=payload, history=tries,
        traceback=f'Traceback (most recent call last):\n  File "deliver.py", line 41, in post\n{error}: {message}',
    )  # fmt: skip


def queue(name: str) -> Queue:
    """A queue of this night, by its name."""
    return Queue(id=f"native:{name}", system="native", name=name, waiting=6310 if name == "webhooks" else 120,
                 retrying=41 if name == "webhooks" else 0, scheduled=0, running=12, dead=0, oldest_age_s=852.0 if
                 name == "webhooks" else 2.0, in_per_s=240.0, out_per_s=3.0 if name == "webhooks" else 239.0,
                 dead_per_min=930.0 if name == "webhooks" else 0.0, workers=8, paused=False)  # fmt: skip


def stands(queue: Queue) -> list[str]:
    """What a resume lifts."""
    return [*([f"paused by {queue.paused_by}: {queue.paused_reason}"] if queue.paused else []),
            *([f"draining by {queue.draining_by}: {queue.draining_reason}"] if queue.draining else [])]  # fmt: skip


def ordered(queue: Queue, plan: Plan, now: datetime, reason: str | None) -> Queue:
    """The queue once a verb was carried out on it."""
    args = plan.args
    match plan.operation:
        case "queue.pause":
            until = datetime.fromisoformat(args["until"]) if args.get("until") else None
            return replace(queue, paused=True, paused_at=now, paused_until=until, paused_by="ana",
                           paused_reason=args.get("reason"))  # fmt: skip
        case "queue.resume":
            return replace(queue, paused=False, paused_by=None, paused_reason=None, draining=False)
        case "queue.drain":
            return replace(queue, draining=True, draining_at=now, draining_by="ana", draining_reason=reason)
        case "queue.limit":
            limit = Limit(args["concurrency"], args["per_s"], args["burst"], "ana", args["reason"])
            return replace(queue, limit=limit)
    return queue


def live_first(runs: Sequence[Run]) -> list[Run]:
    """Newest first among the live, then among those that have ended."""
    newest = list(reversed(runs))
    return [run for run in newest if run.state.is_live] + [run for run in newest if not run.state.is_live]


def turned(run: Run, act: str, now: datetime) -> Run:
    """The run as ana has steered it; the last word and the last rate are kept."""
    done = {"cancel": Steer.CANCELLED, "pause": Steer.PAUSED, "resume": Steer.RESUMED, "rate": Steer.RATE}[act]
    kept = [one for one in run.steered if (one.act is Steer.RATE) != (done is Steer.RATE)]
    return replace(run, steered=[Steered(done, "ana", now), *kept])


def missing(what: str) -> NoReturn:
    """There is no such thing."""
    raise ApiError("not-found", 404, what)
