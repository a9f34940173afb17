"""The producer of the demo: a seeded stream of jobs, most sound, some that will fail."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count

import msgspec
import structlog
from msgspec import Raw

from graveshift.demo.reports import BROKEN
from graveshift.errors import DatabaseUnavailable, QueueDraining
from graveshift.wire.jobs import NewJob
from graveshift.work import Work

TICK_S = 0.25
CUSTOMERS = ("acme", "bolt", "corax", "dune", "partner-x")
WEIGHTS = (40, 25, 20, 14, 6)
HOSTS = {name: f"hooks.{name}.example" for name in CUSTOMERS} | {"acme": "api.acme.example"}
Payload = dict[str, object]

log = structlog.get_logger("graveshift.demo")


def _webhook(dice: random.Random, number: int, _: Sequence[str]) -> Payload:
    event = {"type": "order.paid", "order": number, "cents": dice.randrange(100, 90_000)}
    customer = dice.choices(CUSTOMERS, WEIGHTS)[0]
    return {"customer": customer, "host": HOSTS[customer], "event": event}


def _report(dice: random.Random, number: int, files: Sequence[str]) -> Payload:
    return {"file": dice.choice(files), "batch": number}


def _order(dice: random.Random, number: int, _: Sequence[str]) -> Payload:
    return {"number": number, "customer": dice.choice(CUSTOMERS), "cents": dice.randrange(90_000)}


def _mail(dice: random.Random, number: int, _: Sequence[str]) -> Payload:
    return {"name": dice.choice(CUSTOMERS), "order": number, "total": f"{dice.uniform(1, 900):.2f}"}


def _image(dice: random.Random, _number: int, _: Sequence[str]) -> Payload:
    return {"width": dice.randrange(200, 4000), "height": dice.randrange(200, 4000)}


MAKERS: Mapping[str, Callable[[random.Random, int, Sequence[str]], Payload]] = {
    "webhook.deliver": _webhook,
    "report.parse": _report,
    "order.place": _order,
    "mail.render": _mail,
    "image.resize": _image,
}
QUEUES = {
    "webhook.deliver": "webhooks",
    "report.parse": "reports",
    "order.place": "orders",
    "mail.render": "mail",
    "image.resize": "images",
}
SHARES = (40, 20, 15, 15, 10)
BOMB = NewJob(queue="images", kind="image.resize", payload=Raw(b'{"width":100000,"height":100000}'), max_attempts=5)


def jobs(seed: int, first: int, files: Sequence[str]) -> Iterator[NewJob]:
    """The endless stream for this seed; order numbers start at `first`. The tenth job kills its worker."""
    dice = random.Random(seed)  # noqa: S311 - a demo that repeats itself
    for number in count(first):
        if number == first + 10:
            yield BOMB
        kind = dice.choices(list(MAKERS), SHARES)[0]
        payload = _spoil(dice, kind, MAKERS[kind](dice, number, files))
        yield NewJob(queue=QUEUES[kind], kind=kind, payload=Raw(msgspec.json.encode(payload)), max_attempts=2)


def _spoil(dice: random.Random, kind: str, payload: Payload) -> Payload:
    """Now and then a producer sends what no handler can work with."""
    match kind:
        case "report.parse" if dice.random() < 0.15:
            return payload | {"file": dice.choice(list(BROKEN))}
        case "order.place" if dice.random() < 0.1:
            return payload | {"number": 1}
        case "mail.render" if dice.random() < 0.08:
            return {key: value for key, value in payload.items() if key != "total"}
        case _:
            return payload


async def produce(work: Work, stream: Iterator[NewJob], rate: float) -> None:
    """Enqueue `rate` jobs a second, a quarter second's worth at a time, until cancelled; outages are waited out."""
    loop = asyncio.get_running_loop()
    started, sent = loop.time(), 0
    refusing: set[str] = set()
    while True:
        due = int((loop.time() - started) * rate) - sent
        batch = [next(stream) for _ in range(min(due, 1000))]
        sent += len(batch)
        for queue, jobs in _by_queue(batch).items():
            await _send(work, queue, jobs, refusing)
        await asyncio.sleep(TICK_S)


def _by_queue(batch: Sequence[NewJob]) -> Mapping[str, list[NewJob]]:
    """One batch a queue: a batch is refused whole where one of its queues takes nothing."""
    queues: dict[str, list[NewJob]] = {}
    for job in batch:
        queues.setdefault(job.queue, []).append(job)
    return queues


async def _send(work: Work, queue: str, jobs: Sequence[NewJob], refusing: set[str]) -> None:
    """Jobs for a draining queue are dropped, which is said once when it begins and once when it is over."""
    while True:
        try:
            await work.enqueue(jobs)
        except DatabaseUnavailable:
            await asyncio.sleep(1)
            continue
        except QueueDraining:
            if queue not in refusing:
                log.warning("producer_refused", queue=queue)
            refusing.add(queue)
            return
        if queue in refusing:
            log.info("producer_goes_on", queue=queue)
        refusing.discard(queue)
        return
