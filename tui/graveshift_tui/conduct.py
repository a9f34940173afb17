"""The headless flow of every change: plan, confirm, run, follow; the console and the command line share it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final
from uuid import uuid4

from graveshift.wire.plans import Plan
from graveshift.wire.runs import Run, RunState
from graveshift_tui.client import ApiError, Client, Unreachable, backoff
from graveshift_tui.settings import ConsoleError

SOONEST_S: Final = 0.1
SLOWEST_S: Final = 1.0


DONE: Final = {
    "dlq.requeue": "requeued",
    "dlq.discard": "discarded",
    "dlq.restore": "restored",
    "trash.empty": "erased",
    "job.hold": "held",
    "job.release": "released",
    "job.bury": "buried",
    "job.retry": "made due",
    "job.cancel": "cancelled",
    "queue.purge": "cancelled",
    "run.undo": "undone",
}
"""What is said of things that a verb has dealt with."""


def in_vain(run: Run) -> str:
    """`nothing was held: 3 were gone`, of a run that succeeded and moved nothing; empty for any other."""
    if run.state is not RunState.SUCCEEDED or run.moved:
        return ""
    odd = (
        (run.failed, "failed", "failed"),
        (run.conflict, "was a conflict", "were conflicts"),
        (run.gone, f"was {missed(run)}", f"were {missed(run)}"),
    )
    why = ", ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in odd if n)
    return f"nothing was {DONE.get(run.operation, 'done')}: {why or 'nothing matched'}"


def missed(run: Run) -> str:
    """What is said of things that were not where the run looked for them: an undo is too late for them."""
    return "too late" if run.operation == "run.undo" else "gone"


class NotRevealed(ConsoleError):
    """nothing was revealed"""


class Conduct:
    """Keeps one key for each plan, so that confirming it again after a lost answer can never run it twice."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._keys: dict[str, str] = {}

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """What it would do; nothing is changed."""
        return await self._client.plan(operation, args)

    async def again(self, plan: Plan) -> Plan:
        """The same plan, with what has arrived since counted anew."""
        return await self._client.plan_again(plan.id)

    async def confirm(self, plan: Plan, *, phrase: str | None = None, reason: str | None = None) -> Run:
        """Carries the plan out; after Unreachable the outcome is unknown and the same call may be repeated."""
        key = self._keys.setdefault(plan.id, str(uuid4()))
        return await self._client.run(plan.id, key=key, phrase=phrase, reason=reason)

    async def reveal(self, letter: str, reason: str) -> bytes:
        """A letter as it is, as the backend sends it, once. Raises NotRevealed, and what the client raises."""
        run = await self.confirm(await self.plan("dlq.reveal", {"letter": letter, "reason": reason}))
        async with aclosing(self.follow(run.id)) as states:
            async for seen in states:
                run = seen
        if run.state is not RunState.SUCCEEDED or not run.moved:
            raise NotRevealed(run.error or "the letter is gone")
        return await self._client.revealed(run.id)

    async def follow(self, run_id: str) -> AsyncGenerator[Run, None]:
        """Each new state of the run until it has ended; a backend that is away is waited for, for ever."""
        last: Run | None = None
        failures, pause = 0, SOONEST_S
        while last is None or last.state.is_live:
            try:
                seen = await self._client.look(run_id)
            except (Unreachable, ApiError) as error:
                if isinstance(error, ApiError) and error.status < 500:
                    raise
                await asyncio.sleep(backoff(failures))
                failures += 1
                continue
            failures = 0
            if seen != last:
                last, pause = seen, SOONEST_S
                yield seen
            if last.state.is_live:
                await asyncio.sleep(pause)
                pause = min(pause * 2, SLOWEST_S)
