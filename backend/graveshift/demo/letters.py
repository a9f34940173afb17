"""Dead letters by the thousand, made through the front door: enqueued, claimed and failed like any other."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from uuid import UUID, uuid4

import msgspec
from asyncpg import UniqueViolationError
from httpx import ConnectTimeout
from msgspec import Raw, Struct

from graveshift.demo.handlers import (
    DeliveryFailed,
    DeliveryRefused,
    ReportMalformed,
    booked,
    deliver,
    parse,
    render,
    resize,
)
from graveshift.demo.producer import HOSTS, MAKERS, QUEUES
from graveshift.demo.shop import Orders
from graveshift.fingerprint import fingerprint
from graveshift.wire.jobs import NewJob
from graveshift.work import Claimed, Failure, Work
from graveshift.worker.failures import name_of

CHUNK = 1000
FIRST_ORDER = 10**9
LEASE_S = 60.0
VERSION = "demo"


class Cause(Struct, frozen=True):
    """Why letters of one kind died, as a worker tells it; `place` raised it, and `weight` is its share.

    Where `customer` is named, it is this one's webhooks that died; else the message may say whose each was.
    """

    weight: int
    kind: str
    error: type[BaseException]
    message: str
    place: Callable[..., object]
    customer: str | None = None

    @property
    def origin(self) -> str:
        """As `graveshift.fingerprint.origin` says it of a real failure."""
        return f"{self.place.__module__}:{self.place.__qualname__}"


# What each handler raises in earnest, word for word, so that a cause stands once however its letters came about.
CAUSES: Sequence[Cause] = (
    Cause(600, "webhook.deliver", ConnectTimeout, "POST https://api.acme.example/hook after {n} ms", deliver, "acme"),
    Cause(120, "webhook.deliver", DeliveryRefused, "401 from customer 'partner-x'", deliver, "partner-x"),
    Cause(70, "webhook.deliver", DeliveryFailed, "500 from customer '{customer}'", deliver),
    Cause(60, "report.parse", KeyError, "'iban'", booked),
    Cause(40, "report.parse", ValueError, "could not convert string to float: 'row {n}'", booked),
    Cause(
        30,
        "report.parse",
        UnicodeDecodeError,
        "'utf-8' codec can't decode byte 0xfc in position {n}: invalid start byte",
        parse,
    ),
    Cause(10, "report.parse", ReportMalformed, "empty.csv has a heading and no rows", parse),
    Cause(
        25,
        "order.place",
        UniqueViolationError,
        'duplicate key value violates unique constraint "orders_pkey"\nDETAIL:  Key (number)=({n}) already exists.',
        Orders.insert,
    ),
    Cause(
        20, "order.place", ConnectionRefusedError, "[Errno 111] Connect call failed ('10.0.0.{n}', 5432)", Orders.insert
    ),
    Cause(15, "mail.render", KeyError, "'total'", render),
    Cause(6, "image.resize", ZeroDivisionError, "division by zero", resize),
    Cause(4, "image.resize", TypeError, "can't multiply sequence by non-int of type 'str'", resize),
)


async def plant(work: Work, wanted: int, seed: int, files: Sequence[str]) -> int:
    """Make `wanted` dead letters of a dozen causes; returns how many died. Their payloads are sound."""
    dice = random.Random(seed)  # noqa: S311 - a demo that repeats itself
    worker, died = uuid4(), 0
    await work.register(worker, "planter", 0, VERSION, sorted(set(QUEUES.values())))
    try:
        stream = _jobs(dice, files)
        while died < wanted:
            size = min(CHUNK, wanted - died)
            await work.enqueue(list(islice(stream, size)))
            died += await _kill(work, worker, dice, size)
    finally:
        await work.deregister(worker)
    return died


def _jobs(dice: random.Random, files: Sequence[str]) -> Iterator[NewJob]:
    weights = [cause.weight for cause in CAUSES]
    for number in count(FIRST_ORDER):
        which = dice.choices(range(len(CAUSES)), weights)[0]
        cause = CAUSES[which]
        payload = MAKERS[cause.kind](dice, number, files) | {"cause": which}
        if cause.customer:
            payload |= {"customer": cause.customer, "host": HOSTS[cause.customer]}
        yield NewJob(
            queue=QUEUES[cause.kind], kind=cause.kind, payload=Raw(msgspec.json.encode(payload)), max_attempts=1
        )


async def _kill(work: Work, worker: UUID, dice: random.Random, size: int) -> int:
    claimed = await work.claim(worker, [], sorted({cause.kind for cause in CAUSES}), size, LEASE_S)
    failures = [_failure(job, dice) for job in claimed]
    await work.fail(failures)
    return len(failures)


def _failure(job: Claimed, dice: random.Random) -> Failure:
    payload = msgspec.json.decode(job.payload)
    cause = CAUSES[payload["cause"]]
    kind = name_of(cause.error)
    message = cause.message.format(n=dice.randrange(1, 250), customer=payload.get("customer"))
    module, _, function = cause.origin.partition(":")
    return Failure(
        ticket=job.ticket,
        error_type=kind,
        error_message=message,
        traceback=f"Traceback (most recent call last):\n  {module}, in {function}\n{kind}: {message}\n",
        fingerprint=fingerprint(kind, message, cause.origin),
        retry_in_s=None,
        worker="planter",
        worker_version=VERSION,
    )
