"""The one door to the backend: every call of the API, with wire types going in and coming out."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from random import uniform
from secrets import token_hex
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from graveshift.wire.audit import AuditEntry
from graveshift.wire.backups import Backup
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.filters import NewSecret, QueryHelp, SavedFilter, Token
from graveshift.wire.groups import Group, GroupDetail
from graveshift.wire.hints import Hint
from graveshift.wire.jobs import Job, JobDetail
from graveshift.wire.marks import Mark, NewMark
from graveshift.wire.operations import OperationInfo
from graveshift.wire.overview import Overview
from graveshift.wire.page import Page, Sort
from graveshift.wire.plans import NewPlan, Plan, RunPlan
from graveshift.wire.queues import Queue
from graveshift.wire.runbooks import Runbook
from graveshift.wire.runs import Item, Rate, Run
from graveshift.wire.schedules import ScheduleInfo
from graveshift.wire.secrets import SecretInfo
from graveshift.wire.selection import Filter
from graveshift.wire.series import Series
from graveshift.wire.trash import Discarded, DiscardedDetail
from graveshift.wire.workers import Worker
from graveshift_tui.link import ApiError, Link, Unreachable
from graveshift_tui.settings import Where

__all__ = ["MAX_LIMIT", "RESOURCES", "ApiError", "Client", "Unreachable", "backoff", "decode", "params_of", "path_of"]

T = TypeVar("T")

RESOURCES: Final[dict[str, tuple[type[Struct], type[Struct]]]] = {
    "queues": (Queue, Queue),
    "jobs": (Job, JobDetail),
    "dlq": (Letter, LetterDetail),
    "trash": (Discarded, DiscardedDetail),
    "groups": (Group, GroupDetail),
    "workers": (Worker, Worker),
    "runs": (Run, Run),
    "backups": (Backup, Backup),
    "secrets": (SecretInfo, SecretInfo),
    "schedules": (ScheduleInfo, ScheduleInfo),
    "marks": (Mark, Mark),
    "filters": (SavedFilter, SavedFilter),
    "runbooks": (Runbook, Runbook),
    "audit": (AuditEntry, AuditEntry),
}
MAX_LIMIT: Final = 1000
CAP_S: Final = 10.0
SEND_TIMES: Final = 6
ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
"""Escapes in JSON; the group holds one that is half of a surrogate pair."""


class Carried(Struct, frozen=True):
    """Of a job or a letter only what it carries."""

    payload: Raw = Raw(b"null")


class Client:
    """One per process; owns one pool. Strings in what it returns are raw: clean them before they are shown.

    `program` (`console` or `cli`) is what it calls itself on the record.
    """

    def __init__(self, where: Where, program: str = "console") -> None:
        self.where = where
        self._link = Link(where, program)
        self._last_event: str | None = None

    async def fetch(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """The body of a GET exactly as it came, for those who print it; `path` is percent-encoded."""
        return await self._link.send("GET", path, params=params)

    async def page(
        self,
        resource: str,
        filter: Filter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:
        """Newest first unless it is sorted; the items are of the first type that RESOURCES gives for `resource`."""
        return await self._page(resource, params_of(filter, cursor, limit, sort))

    async def matching(
        self,
        resource: str,
        query: str,
        within: Filter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:
        """The same of what the text of a filter means, `within` what another lets through."""
        return await self._page(resource, params_of(within, cursor, limit, sort) | {"q": query})

    async def _page(self, resource: str, params: Mapping[str, str]) -> Page[Struct]:
        raw = decode(await self.fetch(f"/v1/{resource}", params), Page[Raw])
        kind = RESOURCES[resource][0]
        items = [decode(bytes(item), kind) for item in raw.items]
        return Page(items, raw.as_of, raw.next_cursor, raw.total, raw.total_is_exact)

    async def one(self, resource: str, id: str) -> Struct:
        """One thing with its detail: the second type that RESOURCES gives for `resource`."""
        return decode(await self.fetch(path_of(resource, id)), RESOURCES[resource][1])

    async def overview(self) -> Overview:
        """Everything the first screen needs."""
        return decode(await self.fetch("/v1/overview"), Overview)

    async def query_help(self, text: str, resource: str, cursor: int | None = None) -> QueryHelp:
        """What the word under the cursor may become, and what the text means or what is wrong with it."""
        at = {} if cursor is None else {"cursor": str(cursor)}
        return decode(await self.fetch("/v1/query", {"text": text, "resource": resource, **at}), QueryHelp)

    async def hide(self, value: str) -> str:
        """What stands for a secret value in a filter's text."""
        body = msgspec.json.encode(NewSecret(value))
        return decode(await self._link.send("POST", "/v1/query/secret", body=body), Token).token

    async def clock(self) -> datetime:
        """The time by the backend's clock."""
        return (await self.page("runs", limit=1)).as_of

    async def series(self, name: str, queue: str | None = None, *, range_s: int = 1800, step_s: int = 60) -> Series:
        """`name` over the last `range_s` seconds; without a queue over all of them."""
        params = {"name": name, "range": str(range_s), "step": str(step_s)}
        return decode(await self.fetch("/v1/series", params | ({"queue": queue} if queue else {})), Series)

    async def operations(self) -> list[OperationInfo]:
        """What this token may do here."""
        return decode(await self.fetch("/v1/operations"), list[OperationInfo])

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """What the operation would do; changes nothing."""
        body = msgspec.json.encode(NewPlan(operation, dict(args)))
        return decode(await self._link.send("POST", "/v1/plans", body=body), Plan)

    async def plan_again(self, plan_id: str) -> Plan:
        """The same plan, with `arrived_since` counted anew."""
        return decode(await self.fetch(path_of("plans", plan_id)), Plan)

    async def run(self, plan_id: str, *, key: str, phrase: str | None, reason: str | None) -> Run:
        """Carries the plan out. While the outcome is unknown the same request is sent again with the same key."""
        path, body = f"{path_of('plans', plan_id)}/run", msgspec.json.encode(RunPlan(phrase, reason))
        for attempt in range(SEND_TIMES):
            try:
                answer = await self._link.send("POST", path, body=body, headers={"Idempotency-Key": key})
                return decode(answer, Run)
            except (Unreachable, ApiError) as error:
                unknown = isinstance(error, Unreachable) or error.status in (502, 503, 504)
                if not unknown or attempt == SEND_TIMES - 1:
                    raise
                await asyncio.sleep(backoff(attempt))
        raise AssertionError("unreachable")

    async def mark(self, new: NewMark) -> bytes:
        """Keeps a mark; what the backend says, as it came. Sent once: what is sent twice is kept twice."""
        return await self._link.send("POST", "/v1/marks", body=msgspec.json.encode(new))

    async def look(self, run_id: str) -> Run:
        """How far a run is."""
        return decode(await self.fetch(path_of("runs", run_id)), Run)

    async def steer(self, run_id: str, act: str) -> Run:
        """`act` is cancel, pause or resume; it works at once and needs no plan."""
        return decode(await self._link.send("POST", f"{path_of('runs', run_id)}/{act}"), Run)

    async def set_rate(self, run_id: str, per_s: float | None) -> Run:
        """Items per second from now on; None for unlimited."""
        body = msgspec.json.encode(Rate(per_s))
        return decode(await self._link.send("POST", f"{path_of('runs', run_id)}/rate", body=body), Run)

    async def items(self, run_id: str, *, cursor: str | None = None, limit: int = 100) -> Page[Item]:
        """What became of each thing the run acts on."""
        path = f"{path_of('runs', run_id)}/items"
        return decode(await self.fetch(path, params_of(None, cursor, limit)), Page[Item])

    async def revealed(self, run_id: str) -> bytes:
        """The letter that this reveal opened, as it is; the backend gives it once."""
        return await self.fetch(f"{path_of('runs', run_id)}/revealed")

    async def export(self, params: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """An export as it comes, never more than a part in memory; it may be cut without an error."""
        async with self._link.stream("/v1/dlq/export", params) as parts:
            async for part in parts:
                yield part

    async def hints(self) -> AsyncGenerator[Hint, None]:
        """One event stream. The first hint is `*`, when it stands: what came before may have been missed.

        It ends or raises Unreachable when it breaks, and the next call goes on after the last event seen.
        """
        headers = {"Last-Event-ID": self._last_event} if self._last_event else {}
        async with self._link.events("/v1/events", headers) as source:
            yield Hint("*")
            async with aclosing(source.aiter_sse()) as events:
                async for event in events:
                    if event.id.isascii() and event.id.isalnum():
                        self._last_event = event.id
                    if event.event in ("hint", "resync"):
                        yield decode(event.data.encode(), Hint)

    async def close(self) -> None:
        """Closes every connection."""
        await self._link.close()


def path_of(resource: str, id: str) -> str:
    """The path of one thing: its id is one segment, whatever it holds."""
    return f"/v1/{resource}/{quote(id, safe='')}"


def params_of(filter: Filter | None, cursor: str | None, limit: int, sort: Sort | None = None) -> dict[str, str]:
    """The query parameters of one page; `sort` is for letters and jobs."""
    given = msgspec.to_builtins(filter) if filter is not None else {}
    params = {name: str(value) for name, value in given.items()}
    ordered = {"sort": sort.value} if sort else {}
    return params | {"limit": str(limit)} | ordered | ({"cursor": cursor} if cursor else {})


def decode(body: bytes, kind: type[T]) -> T:
    """`body` as a wire type; what does not fit is a bad answer, not a crash."""
    try:
        return _decode(body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError("bad-answer", 200, f"the backend sent what this console cannot read: {error}") from None


def _decode(body: bytes, kind: type[T]) -> T:
    """JSON may hold halves of surrogate pairs, which our decoder refuses: they read as U+FFFD, but not in payloads."""
    if b"\\ud" not in body.lower() or not any(found[1] for found in ESCAPE.finditer(body)):
        return msgspec.json.decode(body, type=kind)
    whole = ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)
    value = msgspec.json.decode(whole, type=kind)
    if not isinstance(value, LetterDetail | JobDetail):
        return value
    mask = token_hex(16).encode()
    masked = ESCAPE.sub(lambda found: mask + found[1] if found[1] else found[0], body)
    carried = msgspec.json.decode(masked, type=Carried).payload
    return msgspec.structs.replace(value, payload=Raw(bytes(carried).replace(mask, b"\\")))


def backoff(attempt: int) -> float:
    """Seconds to wait after failure number `attempt` (from 0): full jitter, never over 10 s."""
    return uniform(0.0, min(CAP_S, 0.25 * 2.0 ** min(attempt, 10)))  # noqa: S311 - spreads load, hides nothing
