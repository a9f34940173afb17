"""The whole demo in one process and two workers: PostgreSQL, backend, downstream, producer; and the clearing up."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct, structs

from graveshift import bootstrap
from graveshift.demo import homes, shop
from graveshift.demo.crew import Crew
from graveshift.demo.downstream import Downstream, Mode, serve
from graveshift.demo.letters import plant
from graveshift.demo.producer import jobs, produce
from graveshift.demo.reports import write_reports
from graveshift.parent import stop_with_parent
from graveshift.place import open_database
from graveshift.schedule import Schedule
from graveshift.settings import (
    ApiSettings,
    EnvironmentSettings,
    LoopSettings,
    QueueSettings,
    Settings,
    WorkerSettings,
)
from graveshift.wire.operations import Role

WORKERS = 2
MINUTELY = Schedule(cron="* * * * *", queue="images", kind="image.resize", payload={"width": 640, "height": 480})


class Options(Struct, frozen=True, kw_only=True):
    """What the command line asked for; `rate` is jobs per second, `letters` how many dead ones to start with."""

    port: int = 0
    data_dir: Path | None = None
    keep: bool = False
    rate: float = 20.0
    seed: int = 1
    letters: int = 0
    with_parent: bool = False


async def perform(options: Options) -> None:
    """Run the demo until SIGTERM, SIGINT or SIGHUP, or until its parent is gone; prints one JSON line when ready."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if options.with_parent:
        stop_with_parent(stop.set)
    await asyncio.to_thread(homes.sweep)
    async with AsyncExitStack() as stack:
        home = stack.enter_context(homes.home_for(options.data_dir, keep=options.keep))
        settings = settings_for(options, home)
        database = await stack.enter_async_context(open_database(settings))
        backend = await stack.enter_async_context(bootstrap.running(settings, database, demo=True))
        if not stop.is_set():
            await _play(options, backend, home, stop)


async def _play(options: Options, backend: bootstrap.Backend, home: Path, stop: asyncio.Event) -> None:
    files, first = write_reports(home / "reports", options.seed), await open_shop(backend.database.url)
    work = backend.queue.work
    planted = home / "planted"
    if options.letters and not planted.exists():
        await plant(work, options.letters, options.seed, files)
        planted.touch()
    downstream = Downstream(lambda: backend.vault.valid(bootstrap.SIGNING_KEY), Mode.ERROR)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(_listening(downstream))
        log = os.open(home / "workers.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        stack.callback(os.close, log)
        environ = worker_environ(backend.settings, backend.database.url, home, address)
        api = await stack.enter_async_context(backend.serving())
        await stack.enter_async_context(_background(Crew(WORKERS, environ, log).work()))
        stream = jobs(options.seed, first, files)
        await stack.enter_async_context(_background(produce(work, stream, options.rate)))
        token = await backend.issue_token("demo", Role.ADMIN)
        line = {"api": api, "token": token, "pid": os.getpid(), "downstream": address}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await stop.wait()


async def open_shop(url: str) -> int:
    """Make the orders table; returns the number of the next order."""
    async with shop.connected(url) as orders:
        return await orders.open()


def settings_for(options: Options, home: Path) -> Settings:
    """Short leases and quick retries, so that a newcomer sees everything happen within a minute."""
    return Settings(
        state_dir=str(home),
        environment=EnvironmentSettings(name="DEMO", colour="amber"),
        api=ApiSettings(port=options.port),
        queue=QueueSettings(lease_s=5),
        loops=LoopSettings(sweep_s=1),
        worker=WorkerSettings(backoff_s=1, backoff_max_s=10, grace_s=3, time_limit_s=20),
        schedules={"thumbnail-every-minute": MINUTELY},
    )


def worker_environ(settings: Settings, url: str, home: Path, downstream: str) -> dict[str, str]:
    """What the demo's workers must know, as variables."""
    set_here = {name: value for name, value in structs.asdict(settings.worker).items() if name != "queues"}
    own = {f"GRAVESHIFT_WORKER_{name.upper()}": str(value) for name, value in set_here.items()}
    return own | {
        "GRAVESHIFT_DATABASE_URL": url,
        "GRAVESHIFT_DATABASE_LOGIN_FILE": str(home / "password"),
        "GRAVESHIFT_QUEUE_LEASE_S": str(settings.queue.lease_s),
        "GRAVESHIFT_DEMO_DOWNSTREAM": downstream,
        "GRAVESHIFT_DEMO_DIR": str(home),
        "GRAVESHIFT_WORKER_VERSION": "demo-1",
    }


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _listening(downstream: Downstream) -> AsyncIterator[str]:
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with _background(serve(downstream, ready)):
        yield f"http://127.0.0.1:{await ready}"
