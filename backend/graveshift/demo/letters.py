"""Dead letters by the thousand, made through the front door: enqueued, claimed and failed like any other."""

import random
from collections.abc import Iterator, Sequence
from itertools import count, islice
from uuid import UUID, uuid4

import msgspec
from msgspec import Raw, Struct

from graveshift.demo.producer import MAKERS
from graveshift.driver import Claimed, Failure, Work
from graveshift.fingerprint import fingerprint
from graveshift.wire.jobs import NewJob

CHUNK = 1000
FIRST_ORDER = 10**9
LEASE_S = 60.0


class Cause(Struct, frozen=True):
    """Why letters of one kind died; `weight` is its share."""

    weight: int
    queue: str
    kind: str
    error_type: str
    message: str
    where: str


CAUSES: Sequence[Cause] = (
    Cause(
        600,
        "webhooks",
        "webhook.deliver",
        "httpx.ConnectTimeout",
        "POST https://api.acme.example/hook after {n} ms",
        "deliver",
    ),
    Cause(120, "webhooks", "webhook.deliver", "DeliveryRefused", "401 from customer 'partner-x'", "deliver"),
    Cause(70, "webhooks", "webhook.deliver", "DeliveryFailed", "500 from customer 'dune'", "deliver"),
    Cause(60, "reports", "report.parse", "KeyError", "'iban'", "parse"),
    Cause(40, "reports", "report.parse", "ValueError", "could not convert string to float: 'row {n}'", "parse"),
    Cause(
        30,
        "reports",
        "report.parse",
        "UnicodeDecodeError",
        "'utf-8' codec can't decode byte 0xfc in position {n}",
        "parse",
    ),
    Cause(
        25,
        "orders",
        "order.place",
        "UniqueViolationError",
        "duplicate key value: Key (number)=({n}) already exists",
        "place",
    ),
    Cause(20, "orders", "order.place", "ConnectionRefusedError", "connect call failed ('10.0.0.{n}', 5432)", "place"),
    Cause(15, "mail", "mail.render", "KeyError", "'total'", "render"),
    Cause(10, "mail", "mail.render", "TemplateNotFound", "invoice-{n}.txt", "render"),
    Cause(6, "images", "image.resize", "MemoryError", "cannot allocate {n} bytes", "resize"),
    Cause(4, "images", "image.resize", "OSError", "truncated file: {n} bytes are missing", "resize"),
)


async def plant(work: Work, wanted: int, seed: int, files: Sequence[str]) -> int:
    """Make `wanted` dead letters of a dozen causes; returns how many died. Their payloads are sound."""
    dice = random.Random(seed)  # noqa: S311 - a demo that repeats itself
    worker, died = uuid4(), 0
    await work.register(worker, "planter", 0, "demo", [cause.queue for cause in CAUSES])
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
        yield NewJob(queue=cause.queue, kind=cause.kind, payload=Raw(msgspec.json.encode(payload)), max_attempts=1)


async def _kill(work: Work, worker: UUID, dice: random.Random, size: int) -> int:
    claimed = await work.claim(worker, [], sorted({cause.kind for cause in CAUSES}), size, LEASE_S)
    failures = [_failure(job, dice) for job in claimed]
    await work.fail(failures)
    return len(failures)


def _failure(job: Claimed, dice: random.Random) -> Failure:
    cause = CAUSES[msgspec.json.decode(job.payload)["cause"]]
    message = cause.message.format(n=dice.randrange(1, 250))
    return Failure(
        ticket=job.ticket,
        error_type=cause.error_type,
        error_message=message,
        traceback=f'Traceback:\n  File "handlers.py", in {cause.where}\n{cause.error_type}: {message}\n',
        fingerprint=fingerprint(cause.error_type, message, cause.where),
        retry_in_s=None,
        worker="planter",
        worker_version="demo",
    )
