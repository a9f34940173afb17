"""Operators whose selections overlap requeue, discard and undo the same letters while PostgreSQL crashes under them."""

import asyncio
import random
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from msgspec import Raw, Struct
from sqlalchemy import text

from graveshift.store.engine import create_engine
from graveshift.wire.jobs import NewJob
from tests.faults.backend import Backend, backend
from tests.faults.callers import Caller, caller, token
from tests.faults.place import Place
from tests.faults.reckoning import Tally, reckon
from tests.front import BATCH, Front, true

QUEUES = ("mail", "hooks", "parse", "bills")
KINDS = ("send", "other")
CAUSES = tuple(f"{name}Error" for name in ("Timeout", "Value", "Key", "Reset", "Schema", "Quota"))
KEYED = 10
"""One letter in so many has a unique key, which another letter or a live job may have too."""
OPERATORS = ("ann", "bob", "dan", "eve", "fay", "gus", "hal", "ivy")
SPREAD_S = 25.0
CALM_S = (0.2, 1.2)
ENDED = ("succeeded", "failed", "cancelled", "lost")
WITHIN_S = 300.0
LIVE = text("SELECT count(*) FROM graveshift_ledger.runs WHERE state IN ('queued', 'running')")
SOME = text("SELECT died_at, id FROM graveshift.dead ORDER BY id")


class Storm(Struct, frozen=True, kw_only=True):
    """`crashes` is how many at least come while runs are live; `patience` stretches waits on a busy machine."""

    place: Place
    folder: Path
    seed: int
    letters: int = 20_000
    crashes: int = 10
    patience: float = 1.0


async def weather(storm: Storm) -> Tally:
    """The whole drama with one seed. AssertionError where a letter was lost, moved twice, or told wrongly."""
    url = await storm.place.migrated(f"storm_{storm.seed}")
    engine, dice = create_engine(url), random.Random(storm.seed)
    front = Front(engine, storm.folder)
    try:
        await _seed(front, dice, storm.letters)
        async with AsyncExitStack() as stack:
            process = await stack.enter_async_context(backend(url, storm.folder, chunk=100, extra=_CALM))
            crowd = [
                Insistent(await stack.enter_async_context(caller(process, await token(engine, name))))
                for name in OPERATORS
            ]
            weather = Weather(storm, engine, process, dice)
            first = await _act(weather, crowd, await _orders(engine, dice), storm.crashes - storm.crashes // 4)
            tally = await reckon(engine, first)
            undone = [("run.undo", {"run": run["id"]}) for run in first if run["moved"]][: len(crowd) // 2]
            again: list[Order] = [*undone, ("dlq.requeue", {"selection": {"all": True}, "rate": _gentle(storm)})]
            second = await _act(weather, crowd, again, storm.crashes - weather.crashes)
            assert weather.crashes >= storm.crashes, f"{weather.crashes} crashes while runs were live"
            return (await reckon(engine, [*first, *second])).after(tally, weather.crashes)
    finally:
        await front.queue.close()
        await engine.dispose()


Order = tuple[str, dict[str, Any]]
_CALM: Mapping[str, str] = {"GRAVESHIFT_DESK_RATE_PER_S": "50"}


class Weather:
    """Crashes the server again and again while runs are live."""

    def __init__(self, storm: Storm, engine: Any, process: Backend, dice: random.Random) -> None:
        self._storm, self._engine, self._process, self._dice = storm, engine, process, dice
        self.crashes = 0

    async def strike(self, wanted: int) -> None:
        """So many more crashes, each while a run is live; ends early where none is any more."""
        for _ in range(max(wanted, 0)):
            await asyncio.sleep(self._dice.uniform(*CALM_S))
            if not await self._is_live():
                return
            await asyncio.to_thread(self._storm.place.stop, signal.SIGQUIT)
            await asyncio.sleep(self._dice.uniform(0, 0.5))
            await asyncio.to_thread(self._storm.place.start)
            self.crashes += 1

    async def _is_live(self) -> bool:
        async with self._engine.connect() as connection:
            return bool(await connection.scalar(LIVE))

    @property
    def patience(self) -> float:
        return self._storm.patience

    def check(self) -> None:
        assert self._process.is_alive, self._process.said


class Insistent:
    """An operator who asks again while the database is away, with the same key: an answer may have been lost."""

    def __init__(self, caller: Caller) -> None:
        self._client = caller.client

    async def begins(self, order: Order) -> str:
        """The id of the run."""
        operation, args = order
        plan = await self._sent("POST", "/v1/plans", {"operation": operation, "args": args})
        body = {"phrase": plan["phrase"], "reason": None}
        run = await self._sent("POST", f"/v1/plans/{plan['id']}/run", body, key=f"key-{plan['id']}")
        return str(run["id"])

    async def hurries(self, run: str) -> None:
        """As fast as it goes; a run that has ended, or has no rate, is as it is."""
        await self._sent("POST", f"/v1/runs/{run}/rate", {"per_s": None}, also=(409, 422))

    async def ended(self, run: str, within: float) -> dict[str, Any]:
        """The run once it has ended."""
        found: dict[str, Any] = {}

        async def over() -> bool:
            found.update(await self._sent("GET", f"/v1/runs/{run}"))
            return found["state"] in ENDED

        await true(over, within=within, what=f"run {run} ends")
        return found

    async def _sent(
        self, method: str, path: str, body: Any = None, key: str = "", also: Sequence[int] = ()
    ) -> dict[str, Any]:
        answer: list[httpx.Response] = []

        async def answered() -> bool:
            headers = {"Idempotency-Key": key} if key else {}
            answer[:] = [await self._client.request(method, path, json=body, headers=headers)]
            return answer[0].status_code not in (429, 500, 503)

        await true(answered, within=WITHIN_S, what=f"{method} {path} is answered")
        assert answer[0].is_success or answer[0].status_code in also, f"{method} {path}: {answer[0].text}"
        return dict(answer[0].json())


async def _act(weather: Weather, crowd: list[Insistent], orders: list[Order], crashes: int) -> list[dict[str, Any]]:
    """All orders at once, one an operator, and crashes meanwhile; then nobody holds back any more."""
    pairs = list(zip(crowd, orders, strict=False))
    runs = await asyncio.gather(*(who.begins(order) for who, order in pairs))
    await weather.strike(crashes)
    await asyncio.gather(*(who.hurries(run) for (who, _), run in zip(pairs, runs, strict=True)))
    within = WITHIN_S * weather.patience
    ended = await asyncio.gather(*(who.ended(run, within) for (who, _), run in zip(pairs, runs, strict=True)))
    weather.check()
    return list(ended)


def _gentle(storm: Storm) -> float:
    return max(5.0, storm.letters / len(OPERATORS) / SPREAD_S)


async def _orders(engine: Any, dice: random.Random) -> list[Order]:
    """What each operator wants: the same letters by queue, by kind, by cause, by name, and all of them."""
    async with engine.connect() as connection:
        rows = [(row.died_at, row.id) for row in await connection.execute(SOME)]
    named = [f"native:{round(died.timestamp() * 1_000_000)}-{id}" for died, id in dice.sample(rows, len(rows) // 10)]
    rate = max(5.0, len(rows) / len(OPERATORS) / SPREAD_S)
    queue, other, cause, kind = dice.choice(QUEUES), dice.choice(QUEUES), dice.choice(CAUSES), dice.choice(KINDS)
    requeues: list[dict[str, Any]] = [
        {"filter": {"queue": queue}},
        {"filter": {"kind": kind}},
        {"filter": {"error_type": cause}},
        {"all": True},
        {"ids": named},
        {"filter": {"queue": other, "kind": kind}},
    ]
    discards: list[dict[str, Any]] = [
        {"filter": {"queue": dice.choice(QUEUES), "error_type": dice.choice(CAUSES)}},
        {"ids": named[: len(named) // 2]},
    ]
    orders: list[Order] = [("dlq.requeue", {"selection": chosen, "rate": rate}) for chosen in requeues]
    orders += [("dlq.discard", {"selection": chosen}) for chosen in discards]
    dice.shuffle(orders)
    return orders


async def _seed(front: Front, dice: random.Random, letters: int) -> None:
    """Letters of every queue, kind and cause; some share their unique key with each other or with a live job."""
    work, made = front.queue.work, 0
    while made < letters:
        size = min(BATCH, letters - made)
        await work.enqueue([_job(dice, made + place) for place in range(size)])
        for claimed in _dealt(await front.bench.take(size)):
            cause = dice.choice(CAUSES)
            await front.bench.kill(*claimed, error_type=cause, fingerprint=f"f-{cause}", error_message=f"{cause}: no")
        made += size
    await work.enqueue([_keyed(queue, f"key-{number}") for queue in QUEUES for number in range(0, letters, KEYED * 7)])


def _dealt(claimed: Sequence[Any], hands: int = 8) -> list[list[Any]]:
    return [list(claimed[start::hands]) for start in range(hands)]


def _job(dice: random.Random, number: int) -> NewJob:
    key = f"key-{number}" if number % KEYED == 0 else None
    payload = Raw(f'{{"number": {number}, "host": "h{number % 5}"}}'.encode())
    return NewJob(payload=payload, queue=dice.choice(QUEUES), kind=dice.choice(KINDS), unique_key=key)


def _keyed(queue: str, key: str) -> NewJob:
    return NewJob(payload=Raw(b"{}"), queue=queue, kind="send", unique_key=key)
