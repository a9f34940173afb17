"""The real API on a real port over a real database, with a token of each role, for tests that speak HTTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import text

from graveshift.api.app import create_app
from graveshift.api.ports import Rooms
from graveshift.api.server import address, listen, serve
from graveshift.delivery import delivery_of
from graveshift.desk import Desk
from graveshift.drivers.postgres import PostgresQueue
from graveshift.events import Hub, Watch
from graveshift.history import History, Samples
from graveshift.lore import Lore
from graveshift.operation import Actor, Operation
from graveshift.operations import backup, cancel, claims, discard, pause, requeue, resume, reveal, rotate, undo
from graveshift.redaction import Redaction
from graveshift.rules import MAY_HAVE_ARRIVED, shipped_runbooks
from graveshift.runbooks import runbooks_of
from graveshift.seal import load_seal
from graveshift.settings import ApiSettings
from graveshift.store import changes
from graveshift.store.audit import AuditBook
from graveshift.store.backups import BackupBook
from graveshift.store.claims import ClaimBook
from graveshift.store.deploys import MarkBook
from graveshift.store.engine import answers, create_engine
from graveshift.store.plans import PlanBook
from graveshift.store.reconciliations import last
from graveshift.store.revealing import RevealBook
from graveshift.store.runs import RunBook
from graveshift.store.samples import SampleBook
from graveshift.store.tokens import TokenBook
from graveshift.wire.health import Check
from graveshift.wire.operations import Role
from graveshift.wire.overview import Environment
from graveshift.wire.schedules import ScheduleInfo
from tests.rooms import build_world

ROOT = Actor("tests", Role.ADMIN, "direct")


class Service:
    """What a test asks and looks at."""

    def __init__(self, database: str, folder: Path) -> None:
        self.engine = create_engine(database)
        self.queue = PostgresQueue(self.engine, veil=load_seal(folder / "key", make=True).veil)
        self.audit = AuditBook(self.engine)
        self.tokens = TokenBook(self.engine, self.audit)
        self.runs = RunBook(self.engine)
        self.folder = folder
        self.stop = asyncio.Event()
        self.url = ""
        self.secret: dict[Role, str] = {}
        self.hub = Hub(Watch("native", self.queue.upkeep, self.sources, partial(changes.marks, self.engine)))

    @property
    def sources(self) -> Mapping[str, Any]:
        return {"native": self.queue.source}

    def rooms(self, api: ApiSettings, **other: Any) -> Rooms:
        """Everything real; `other` replaces single rooms."""
        queue, runs = self.queue, self.runs
        ports = {"sources": self.sources, "letters": {"native": queue.letters}, "jobs": {"native": queue.jobs}}
        ports["trash"] = {"native": queue.trash}
        world = msgspec.structs.replace(build_world(self.engine, self.folder), **ports)
        given = {
            "api": api,
            "environment": Environment("TEST", "localhost", "grey", "0"),
            "system": "native",
            **ports,
            "work": queue.work,
            "upkeep": queue.upkeep,
            "shown_at": runs.now,
            "replica": lambda: None,
            "desk": Desk(world, verbs(), PlanBook(self.engine), runs, self.audit, expires_s=900),
            "runs": runs,
            "run_states": partial(changes.run_states, self.engine),
            "audit": self.audit,
            "backups": BackupBook(self.engine),
            "vault": world.vault,
            "interpreter": world.interpreter,
            "tokens": self.tokens,
            "history": History(Samples(SampleBook(self.engine), 10)),
            "hub": self.hub,
            "marks": MarkBook(self.engine),
            "claims": ClaimBook(self.engine),
            "lore": Lore(delivery_of(MAY_HAVE_ARRIVED), runbooks_of(shipped_runbooks()), 50),
            "reconciled": lambda: last(self.engine),
            "schedules": self._no_schedules,
            "payloads": self.sources,
            "reveals": RevealBook(self.engine, self.audit),
            "redaction": Redaction(),
            "trials": {"native": queue.trials},
            "loops": dict,
            "checks": [self._database],
            **other,
        }
        return Rooms(**given)

    def client(self, role: Role | None = Role.ADMIN, **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.secret[role]}"} if role else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False, **options)

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), parameters)
            return list(result.fetchall()) if result.returns_rows else []

    async def _no_schedules(self) -> list[ScheduleInfo]:
        return []

    async def _database(self) -> Check:
        await answers(self.engine)
        return Check("database", True, "it answers")


def verbs() -> dict[str, type[Operation]]:
    """Every operation there is, by its name."""
    kinds: list[type[Operation]] = [
        backup.CreateBackup,
        cancel.Cancel,
        claims.ClaimGroup,
        claims.NoteGroup,
        claims.ReleaseGroup,
        discard.Discard,
        pause.Pause,
        requeue.Requeue,
        resume.Resume,
        reveal.Reveal,
        rotate.RotateSecret,
        undo.Undo,
    ]
    return {kind.name: kind for kind in kinds}


@asynccontextmanager
async def serving(database: str, folder: Path, **options: Any) -> AsyncIterator[Service]:
    """A service that is up. `options` are ApiSettings' fields, and under `rooms` rooms to replace."""
    other = options.pop("rooms", {})
    service = Service(database, folder)
    api = ApiSettings(**{"port": 0, "graceful_s": 2, **options})
    for role in Role:
        service.secret[role] = await service.tokens.create(role.value, role, ROOT)
    listener = listen(api)
    service.url = address(listener)
    running = asyncio.create_task(serve(create_app(service.rooms(api, **other)), api, service.stop, listener))
    try:
        yield service
    finally:
        service.stop.set()
        await running
        await service.hub.close()
        await service.queue.close()
        await service.engine.dispose()


def failing_letters(count: int, queue: str = "mail", *, ago_s: float = 0) -> str:
    """SQL that puts `count` dead letters of five causes into `queue`, the newest `ago_s` old, a millisecond apart."""
    return f"""
        WITH new AS (
            INSERT INTO graveshift.dead (died_at, id, enqueued_at, attempt, max_attempts, budget, requeue_count,
                                         priority, queue, kind, fingerprint, error_type, worker)
            SELECT now() - interval '1 s' * {ago_s} - interval '1 ms' * n, nextval('graveshift.job_id'),
                   now() - interval '1 h', 5, 5, 5, 0, 0, '{queue}', 'mail.send', 'f' || n % 5, 'OSError', 'w1'
            FROM generate_series(1, {count}) n
            RETURNING died_at, id
        ), wide AS (
            INSERT INTO graveshift.dead_text (died_at, id, error_message, traceback, payload, search)
            SELECT died_at, id, 'no route to host ' || id, 'Traceback', '{{"to": "ana@example.org"}}',
                   to_tsvector('simple', 'no route to host')
            FROM new RETURNING id
        )
        INSERT INTO graveshift.payloads (id, payload) SELECT id, '{{"to": "ana@example.org"}}' FROM new
    """
