"""A carrier that remembers which steps are done, and can be made to die before or after any of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.operation import Care, Chunks, Step

NEW_RUN = text("""
    WITH plan AS (
        INSERT INTO graveshift_ledger.plans (operation, args, draft, actor, cutoff, expires_at)
        VALUES ('backup.create', '{}', '{}', 'ann', now(), now() + interval '1 hour') RETURNING id)
    INSERT INTO graveshift_ledger.runs (plan_id, operation, state, actor, idempotency_key, body)
    SELECT id, 'backup.create', 'running', 'ann', 'key-' || id, '{}' FROM plan RETURNING id
""")
END_RUN = text("UPDATE graveshift_ledger.runs SET state = 'failed' WHERE id = :id")


class Died(BaseException):
    """The process was killed here: nothing in the package may catch it."""


class StepCarrier:
    """Carries steps. `done` is what the ledger would hold; hand it to the next carrier to resume.

    Dies before the step named `before`, or after the step named `after` was carried out and before that was written.
    """

    def __init__(
        self, run_id: int, done: dict[str, str | None] | None = None, *, before: str = "", after: str = ""
    ) -> None:
        self.run_id = run_id
        self.frozen: Mapping[str, Any] = {}
        self.actor = "ann"
        self.reason: str | None = None
        self.done: dict[str, str | None] = {} if done is None else done
        self.notes: list[tuple[str, str]] = []
        self._before = before
        self._after = after

    async def chunks(self, work: Chunks, care: Care | None = None) -> None:
        raise AssertionError(f"no chunks in step work: {work}")

    async def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.name in self.done:
                continue
            if step.name == self._before:
                raise Died
            said = await step.act()
            if step.name == self._after:
                raise Died
            self.done[step.name] = said

    async def note(self, step: str, detail: str) -> None:
        self.notes.append((step, detail))


async def new_run(engine: AsyncEngine) -> int:
    """The number of a run that lives in the ledger."""
    async with engine.begin() as connection:
        number: int = (await connection.execute(NEW_RUN)).scalar_one()
    return number


async def end_run(engine: AsyncEngine, run_id: int) -> None:
    """The run has failed."""
    async with engine.begin() as connection:
        await connection.execute(END_RUN, {"id": run_id})
