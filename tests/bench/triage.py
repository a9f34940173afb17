"""A million letters: pages, groups, keys and the whole way back, each beside its floor in the same run."""

import asyncio
import os

from tests.bench.million.looking import looked
from tests.bench.million.served import served
from tests.bench.report import Figure

LETTERS, QUICK_LETTERS = 1_000_000, 50_000


def measure(*, quick: bool) -> list[Figure]:
    """Budgets are the promises of docs/speed.md; the load average says how calm the machine was."""
    return asyncio.run(_measured(quick=quick))


async def _measured(*, quick: bool) -> list[Figure]:
    async with served(QUICK_LETTERS if quick else LETTERS) as on:
        figures = await looked(on, quick=quick)
    return [*figures, Figure("load average", os.getloadavg()[0], "")]
