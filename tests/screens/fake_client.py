"""A backend in memory: the client's methods over wire structs, with thousands of letters that can be worked."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from itertools import count

from msgspec import Raw, Struct
from msgspec.structs import asdict, replace

from graveshift.api.queries import both
from graveshift.wire.audit import AuditEntry
from graveshift.wire.backups import Backup, BackupState
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.filters import QueryHelp
from graveshift.wire.groups import Group
from graveshift.wire.hints import Hint
from graveshift.wire.jobs import Job, JobDetail, JobState
from graveshift.wire.operations import OperationInfo
from graveshift.wire.overview import Environment, Overview, Totals
from graveshift.wire.page import Page, Sort
from graveshift.wire.plans import Confirm, Effect, Plan
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Item, Outcome, Run, RunState
from graveshift.wire.secrets import SecretInfo, SecretState
from graveshift.wire.selection import Filter
from graveshift.wire.series import Series
from graveshift.wire.workers import Worker, WorkerState
from graveshift_tui.client import ApiError, Client, Unreachable
from graveshift_tui.settings import Where
from tests.screens import stock
from tests.screens.fake_querying import BLANK, help_with, meaning
from tests.screens.night import CAUSES, OPERATIONS, START, after, discarded, id_of, matches, place_after


class FakeClient(Client):
    """Truth is in the attributes; tests change them and see what the screen makes of it."""

    def __init__(self, where: Where | None = None, *, letters: int = 3000) -> None:
        self.where = where or Where("memory:")
        self.now = START
        self.letters: list[LetterDetail] = [stock.letter(i) for i in range(letters)]
        self.queues = [stock.queue(name) for name in ("webhooks", "mail", "parse", "orders")]
        self.runs: list[Run] = []
        self.run_items: dict[str, list[Item]] = {}
        self.backups: list[Backup] = []
        self.secrets = [
            SecretInfo(id="native:webhook", name="webhook-signing", kind="webhook", state=SecretState.CURRENT,
                       version=3, age_s=86400.0 * 4, max_age_s=86400.0 * 30, last_rotated_at=START - timedelta(days=4)),
            SecretInfo(id="native:db", name="database", kind="postgres-role", state=SecretState.OVERDUE,
                       version=1, age_s=86400.0 * 91, max_age_s=86400.0 * 90),
        ]  # fmt: skip
        self.audit: list[AuditEntry] = []
        self.plans: dict[str, Plan] = {}
        self.done: dict[str, Run] = {}
        self.trash: list[LetterDetail] = []
        self.denied: set[str] = set()
        self.offline = False
        self.reads = 0
        self.hinted: asyncio.Queue[Hint] = asyncio.Queue()
        self.hidden: list[str] = []
        self._ids = count(81)

    def groups(self) -> list[Group]:
        """Causes, the fastest growing first."""
        found = []
        for queue, kind, error, message, _, rate in CAUSES:
            dead = sum(letter.error_type == error for letter in self.letters)
            if dead:
                trend = [int(rate * (n / 30) ** 3) for n in range(30)]
                found.append(Group(id=f"native:{error}", fingerprint=f"v1-{error.lower()}", system="native",
                                   queue=queue, kind=kind, error_type=error, message=message, dead=dead,
                                   retrying=int(rate / 20),
                                   per_min=rate, first_seen=START - timedelta(minutes=21), last_seen=self.now,
                                   died_again=2 if error == "KeyError" else 0, trend=trend))  # fmt: skip
        return sorted(found, key=lambda group: -(group.per_min or 0))

    def rows(self, resource: str) -> Sequence[Struct]:
        """Everything of a resource, in the order the API gives it."""
        jobs = [
            Job(id=f"native:j{i}", system="native", queue="webhooks", kind="webhook.deliver",
                state=JobState.RUNNING if i < 4 else JobState.WAITING, priority=0, attempt=1, max_attempts=3,
                enqueued_at=self.now, started_at=self.now if i < 4 else None, worker="host-a:11" if i < 4 else None)
            for i in range(200)
        ]  # fmt: skip
        workers = [
            Worker(id=f"native:w{i}", host="host-a", pid=100 + i, version="v142", queues=["webhooks", "mail"],
                   running=4, started_at=START - timedelta(hours=5), heartbeat_age_s=1.0, state=WorkerState.RUNNING)
            for i in range(4)
        ]  # fmt: skip
        known: dict[str, Sequence[Struct]] = {
            "dlq": self.letters, "queues": self.live_queues(), "groups": self.groups(), "jobs": jobs,
            "workers": workers, "runs": self.runs[::-1],
            "backups": self.backups[::-1], "secrets": self.secrets, "schedules": [], "marks": [], "filters": [],
            "trash": [discarded(x, self.now) for x in self.trash],
            "audit": self.audit[::-1],
        }  # fmt: skip
        return known[resource]

    def live_queues(self) -> list[Queue]:
        """Queues with their dead letters counted."""
        return [replace(q, dead=sum(x.queue == q.name for x in self.letters)) for q in self.queues]

    async def page(
        self,
        resource: str,
        filter: Filter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:
        """One page; the cursor is the last id seen."""
        self._reach()
        rows = [row for row in self.rows(resource) if matches(row, filter)]
        rows = rows[::-1] if sort is Sort.OLDEST else rows
        ids = [id_of(row) for row in rows]
        gone_on = place_after(ids, cursor or "", oldest_first=sort is Sort.OLDEST)
        first = 0 if cursor is None else next((i + 1 for i, id in enumerate(ids) if id == cursor), gone_on)
        items = rows[first : first + limit]
        more = id_of(items[-1]) if first + limit < len(rows) else None
        return Page(items, self.now, more, min(len(rows), 10_000), len(rows) <= 10_000)

    async def matching(
        self, resource: str, query: str, within: Filter | None = None, *, cursor: str | None = None,
        limit: int = 100, sort: Sort | None = None,
    ) -> Page[Struct]:  # fmt: skip
        """As the backend understands it."""
        chosen = both(meaning(query, self.now), within or Filter())
        return await self.page(resource, chosen, cursor=cursor, limit=limit, sort=sort)

    async def query_help(self, text: str, resource: str, cursor: int | None = None) -> QueryHelp:
        """As the backend gives it, but for values."""
        self._reach()
        return help_with(text, cursor, self.now)

    async def hide(self, value: str) -> str:
        """A token that tells nothing."""
        self.hidden.append(value)
        return BLANK

    async def one(self, resource: str, id: str) -> Struct:
        """One thing."""
        self._reach()
        found = next((row for row in self.rows(resource) if id_of(row) == id), None)
        if found is None:
            raise ApiError("not-found", 404, "there is no such thing here (any more)")
        if isinstance(found, Job):
            return JobDetail(**asdict(found), payload=Raw(b'{"host": "api.acme.example"}'))
        return found

    async def overview(self) -> Overview:
        """The first screen."""
        self._reach()
        groups = self.groups()
        failing = sum(group.per_min or 0 for group in groups)
        totals = Totals(waiting=6670, retrying=51, scheduled=0, running=48, dead=len(self.letters), groups=len(groups),
                        in_per_s=240.0, out_per_s=246.0, dead_per_min=failing * 0.9, failing_per_min=failing,
                        trend=[3] * 20 + [int(failing)] * 10)  # fmt: skip
        environment = Environment("PROD", "acme-eu", "red", "0.1.0")
        workers = [row for row in self.rows("workers") if isinstance(row, Worker)]
        return Overview(self.now, environment, "ana", "operator", totals, self.live_queues(), groups[:10],
                        stock.live_first(self.runs), workers, self.backups[::-1], list(self.secrets))  # fmt: skip

    async def series(self, name: str, queue: str | None = None, *, range_s: int = 1800, step_s: int = 60) -> Series:
        """An empty one."""
        return Series(name, queue, "samples", step_s, [])

    async def operations(self) -> list[OperationInfo]:
        """All, but what is denied."""
        self._reach()
        return [OperationInfo(name, title, danger, name not in self.denied, {}) for name, title, danger in OPERATIONS]

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """What it would do."""
        self._reach()
        chosen = self.chosen(args)
        if "selection" in args and args["selection"] == {"filter": {}}:
            raise ApiError("selection-empty", 422, "the filter is empty")
        confirm = (
            Confirm.YES
            if operation in ("dlq.requeue", "dlq.restore", "run.undo", "job.cancel", "secret.rotate", *stock.ASKED)
            else Confirm.NONE
        )
        phrase = None
        if operation == "dlq.discard":
            confirm, phrase = Confirm.PHRASE, f"discard {len(chosen)} in PROD"
        if operation == "run.undo" and any(plan.args == dict(args) for plan in self.plans.values()):
            raise ApiError("invalid", 422, f"run {args['run']} is undone already")
        effects = [Effect(f"{len(chosen)} letters", "go back to their queues")] if chosen else [
            Effect(str(next(iter(args.values()), "the queue")), operation)]  # fmt: skip
        if operation == "queue.resume":
            effects += [Effect("lifts", x) for q in self.queues if q.id == args["queue"] for x in stock.stands(q)]
        plan = Plan(id=f"plan-{len(self.plans) + 1}", operation=operation, args=dict(args), count=len(chosen) or 1,
                    count_is_exact=True, arrived_since=37 if len(chosen) > 100 else 0, cutoff=self.now, effects=effects,
                    confirm=confirm, phrase=phrase, expires_at=self.now + timedelta(minutes=5))  # fmt: skip
        self.plans[plan.id] = plan
        return plan

    async def plan_again(self, plan_id: str) -> Plan:
        """The same."""
        return self.plans.get(plan_id) or stock.missing(f"plan {plan_id}")

    async def run(self, plan_id: str, *, key: str, phrase: str | None, reason: str | None) -> Run:
        """Carries it out at once; the same key gives the same run."""
        self._reach()
        if key in self.done:
            return self.done[key]
        plan = self.plans[plan_id]
        if plan.confirm is Confirm.PHRASE and phrase != plan.phrase:
            raise ApiError("phrase-mismatch", 422, "that is not the phrase")
        run = self._carry_out(plan, reason)
        self.done[key] = run
        self.runs.append(run)
        self.audit.append(AuditEntry(seq=len(self.audit) + 1, at=self.now, actor="ana", operation=plan.operation,
                                     outcome="started", run_id=run.id, reason=reason, total=run.total))  # fmt: skip
        self.hinted.put_nowait(Hint("*"))
        return run

    def chosen(self, args: Mapping[str, object]) -> list[LetterDetail]:
        """The letters of a selection."""
        selection = args.get("selection")
        if not isinstance(selection, dict):
            return []
        if "ids" in selection:
            return [letter for letter in (*self.letters, *self.trash) if letter.id in set(selection["ids"])]
        text = selection.get("query")
        given = meaning(text, self.now) if text else Filter(**selection.get("filter", {}))
        return [letter for letter in self.letters if matches(letter, given)]

    def start(self, operation: str, *, total: int, moved: int = 0, rate: float = 50.0) -> Run:
        """A live run, as a colleague's."""
        run = Run(id=str(next(self._ids)), plan_id="p", operation=operation, state=RunState.RUNNING, total=total,
                  moved=moved, rate=rate, eta_s=(total - moved) / rate, actor="ben", started_at=self.now)  # fmt: skip
        self.runs.append(run)
        return run

    async def look(self, run_id: str) -> Run:
        """How far a run is."""
        self._reach()
        found = next((run for run in self.runs if run.id == run_id), None)
        if found is None:
            raise ApiError("not-found", 404, "no such run")
        return found

    async def steer(self, run_id: str, act: str) -> Run:
        """Cancels at once; what an operator says takes the place of what it said."""
        run = await self.look(run_id)
        states = {"cancel": RunState.CANCELLED, "pause": RunState.PAUSED, "resume": RunState.RUNNING}
        ended = self.now if act == "cancel" else None
        changed = replace(stock.turned(run, act, self.now), state=states[act], halt=None, finished_at=ended)
        self.runs[self.runs.index(run)] = changed
        return changed

    async def set_rate(self, run_id: str, per_s: float | None) -> Run:
        """Another rate."""
        run = await self.look(run_id)
        self.runs[self.runs.index(run)] = replace(stock.turned(run, "rate", self.now), rate=per_s)
        return await self.look(run_id)

    async def items(self, run_id: str, *, cursor: str | None = None, limit: int = 100) -> Page[Item]:
        """What became of each."""
        self._reach()
        items = self.run_items.get(run_id, [])
        first = int(cursor or 0)
        more = str(first + limit) if first + limit < len(items) else None
        return Page(items[first : first + limit], self.now, more, len(items))

    async def hints(self) -> AsyncGenerator[Hint, None]:
        """What was put into `hinted`."""
        self._reach()
        yield Hint("*")
        while True:
            yield await self.hinted.get()

    async def close(self) -> None:
        """Nothing is open."""

    def _carry_out(self, plan: Plan, reason: str | None) -> Run:
        chosen = self.chosen(plan.args)
        id = str(next(self._ids))
        if plan.operation.startswith("dlq."):
            self.letters, self.trash = after(plan.operation, chosen, self.letters, self.trash)
        if plan.operation.startswith("queue."):
            self.queues = [stock.ordered(q, plan, self.now, reason) if q.id == plan.args["queue"] else q
                           for q in self.queues]  # fmt: skip
        if plan.operation == "backup.create":
            self.backups.append(Backup(id=f"native:b{id}", state=BackupState.VERIFIED, created_at=self.now,
                                       verified_at=self.now, size_bytes=4_200_000, sha256="ab" * 32, run_id=id,
                                       location="/var/lib/graveshift/backups/1.dump"))  # fmt: skip
        steps = ["create", "set", "test", "finish"] if plan.operation == "secret.rotate" else [x.id for x in chosen]
        self.run_items[id] = [Item(step, Outcome.MOVED) for step in steps]
        total = len(steps) or 1
        return Run(id=id, plan_id=plan.id, operation=plan.operation, state=RunState.SUCCEEDED, total=total, moved=total,
                   actor="ana", reason=reason, started_at=self.now, finished_at=self.now)  # fmt: skip

    def _reach(self) -> None:
        self.reads += 1
        if self.offline:
            raise Unreachable("http://127.0.0.1:8470: connection refused")
